package dialect

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"iptvdc/aggregator"
	"iptvdc/aggregator/c3"
)

// Explain describes a dialect to a person who knows the province and not the
// profile.
func Explain(d *Dialect) string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	where := "to start from (no province)"
	if r, ok := aggregator.LookUp(d.Province.String()); ok {
		where = fmt.Sprintf("%s %s %s", r.Code, r.EN, r.ZH)
	}
	line("%s, revision %d: %s", where, d.Revision, d.Title)
	if d.Notes != "" {
		line("%s", strings.TrimSpace(d.Notes))
	}
	for _, f := range d.Feeds {
		line("")
		f.explain(line)
	}
	return b.String()
}

func (f *Feed) explain(line func(string, ...any)) {
	s := &f.spec
	also := ""
	if f.Also != c3.FeedNone {
		also = ", and " + feedWords[f.Also]
	}
	line("%s%s (%s), files %s", feedWords[f.Kind], also, s.Content, s.Name)
	for _, key := range slices.Sorted(mapKeys(s.Parts)) {
		line("  of which %s is %s", key, s.Parts[key])
	}
	if f.Expect.Every != "" {
		line("  due       %s, grace %v", f.Expect, f.Expect.Grace)
	}
	if s.Day.From != "none" {
		line("  day       from the %s%s", s.Day.From, map[bool]string{true: fmt.Sprintf(", %+d days", s.Day.Shift)}[s.Day.Shift != 0])
	}
	cut := "fields end with " + strconv.Quote(s.Delimiter)
	if len(s.Widths) > 0 {
		cut = fmt.Sprintf("columns %v %s wide", s.Widths, s.WidthUnit)
	}
	if s.Quoting == "csv" {
		cut += ", quotes as in CSV"
	}
	end := "lines"
	if s.End != "" {
		end = "records end with " + strconv.Quote(s.End)
	}
	line("  text      %s, %s, %s, byte order mark %s", s.Charset, cut, end, s.BOM)
	switch h := s.Header; {
	case h.kind == "skip" || h.kind == "skip names":
		line("  header    %d lines to pass over%s", h.skip, map[bool]string{true: ", then the names of the columns"}[h.kind == "skip names"])
	case f.header != nil:
		line("  header    %q%s", h.line, map[bool]string{true: ", then the names of the columns"}[h.kind == "line names"])
	case h.kind == "names":
		line("  header    the names of the columns")
	default:
		line("  header    none, %d fields", f.count)
	}
	if f.trailer != nil {
		line("  trailer   %q", s.Trailer)
	}
	if len(s.Time.Formats) > 0 {
		z := map[string]string{"local": ", a Z is local time", "utc": ", a Z is UTC"}[s.Time.Z]
		line("  times     %s, %s%s", strings.Join(s.Time.Formats, " or "), s.Time.Zone, z)
	}
	if s.Money.Unit != "" {
		line("  money     in %s%s", s.Money.Unit, map[bool]string{true: ", refunds may be negative"}[s.Money.NegativeRefund])
	}
	if f.cities != nil {
		line("  cities    by %s; unknown: %s", strings.Join(s.City.By, ", "), s.City.Unknown)
	}
	if a := s.Account; a.Case != "keep" || a.Add != "" || len(a.Strip) > 0 {
		line("  accounts  case %s, without %q, with %q", a.Case, a.Strip, a.Add)
	}
	if len(s.Empty) > 0 {
		line("  empty     also if %q", s.Empty)
	}
	for _, t := range f.takers {
		line("  a record of %s has", feedWords[t.feed])
		for _, fd := range t.order {
			line("    %-9s %s", fieldNames[fd], f.from(t, fd))
		}
	}
	g := f.Guards
	line("  guards    at most %g %% bad, at least %d rows%s", g.MaxBad, g.MinRows, map[bool]string{true: fmt.Sprintf(", at most %g %% fewer than before", g.MaxShrink)}[f.Full])
	if f.Manifest != "" {
		line("  manifest  %s, lines %q", s.Manifest.Name, s.Manifest.Line)
	}
	if f.Receipt != "" {
		line("  receipt   %s, %s", f.Receipt, f.receipt.text)
	}
}

func mapKeys(m map[string]string) func(func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

// from describes where a field comes from and what its codes mean.
func (f *Feed) from(t *taker, fd field) string {
	c := t.columns[fd]
	var text string
	switch {
	case c.Const != nil:
		text = "always " + strconv.Quote(*c.Const)
	case c.Join != nil:
		text = "columns " + strings.Join(c.Join, " and ") + " together"
	default:
		text = "column " + strings.Join(c.From, " or ")
	}
	if c.Default != nil {
		text += ", if empty " + strconv.Quote(*c.Default)
	}
	if words := vocabulary(t.feed, fd); words != "" {
		var all []string
		for _, p := range f.spec.Codes[words] {
			all = append(all, fmt.Sprintf("%s = %s", p.code, p.word))
		}
		text += " (" + strings.Join(all, ", ") + ")"
	}
	return text
}
