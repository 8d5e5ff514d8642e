package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"

	"iptvdc/aggregator"
	"iptvdc/aggregator/console"
	"iptvdc/aggregator/profiles"
	"iptvdc/protocol"
)

// spread is how boxes of one province and group stand to what is published for
// them.
type spread struct {
	province, group string
	entry           profiles.Entry // zero: never published
	rows            []console.RunningRow
	refusals        []console.RunningRow // about a profile of this group
}

// spreads brings rows and publications together, by province and group, all
// first.
func spreads(entries []profiles.Entry, rows []console.RunningRow) []*spread {
	type key struct{ province, group string }
	found := map[key]*spread{}
	get := func(province, group string) *spread {
		k := key{province, group}
		if found[k] == nil {
			found[k] = &spread{province: province, group: group}
		}
		return found[k]
	}
	for _, e := range entries {
		if to, err := protocol.ParseSignedTopic(e.Topic); err == nil && to.Box == "" {
			get(fmt.Sprintf("%02d", to.Province), to.Group).entry = e
		}
	}
	for _, r := range rows {
		s := get(r.Province, r.Group)
		s.rows = append(s.rows, r)
		if r.Refused {
			s = get(r.Province, r.RefusedGroup)
			s.refusals = append(s.refusals, r)
		}
	}
	all := slices.Collect(maps.Values(found))
	slices.SortFunc(all, func(a, b *spread) int {
		return cmp.Or(cmp.Compare(a.province, b.province), -compareAll(a.group, b.group), cmp.Compare(a.group, b.group))
	})
	return all
}

// byProvince cuts what is in order by province.
func byProvince(all []*spread) [][]*spread {
	var cut [][]*spread
	for i, s := range all {
		if i == 0 || all[i-1].province != s.province {
			cut = append(cut, nil)
		}
		cut[len(cut)-1] = append(cut[len(cut)-1], s)
	}
	return cut
}

func compareAll(a, b string) int {
	isAll := func(g string) int {
		if g == protocol.GroupAll {
			return 1
		}
		return 0
	}
	return cmp.Compare(isAll(a), isAll(b))
}

// sentence says it in one line: published 7: 1,203 boxes run it, 40 still run 6,
// 2 refused it: signature.
func (s *spread) sentence(now time.Time) string {
	live := len(s.entry.Packet) > 0
	head := "nothing published"
	h, err := s.entry.Head()
	switch {
	case live && err == nil && h.ExpiresMs <= uint64(now.UnixMilli()):
		head = fmt.Sprintf("published %d, which has expired", s.entry.Version)
	case live:
		head = fmt.Sprintf("published %d", s.entry.Version)
	case s.entry.Version > 0:
		head = fmt.Sprintf("%d withdrawn", s.entry.Version)
	}
	runs, expired := map[uint64]int64{}, map[uint64]int64{}
	for _, r := range s.rows {
		runs[r.Version] += r.Boxes
		if r.Expired > 0 {
			expired[r.Expired] += r.Boxes
		}
	}
	var parts []string
	count := func(n int64, format string, args ...any) {
		boxes := ""
		if len(parts) == 0 {
			boxes = " box"
			if n != 1 {
				boxes = " boxes"
			}
		}
		verb := "run"
		if n == 1 {
			verb = "runs"
		}
		parts = append(parts, thousands(n)+boxes+" "+fmt.Sprintf(strings.Replace(format, "run", verb, 1), args...))
	}
	if n := runs[s.entry.Version]; s.entry.Version > 0 && live {
		count(n, "run it")
	} else if s.entry.Version > 0 && n > 0 {
		count(n, "run it until it expires")
	}
	for _, v := range slices.Backward(slices.Sorted(maps.Keys(runs))) {
		switch {
		case v == 0 || v == s.entry.Version:
		case live && v < s.entry.Version:
			count(runs[v], "still run %d", v)
		default:
			count(runs[v], "run %d", v)
		}
	}
	if n := runs[0]; n > 0 {
		count(n, "run what is built in")
		for _, v := range slices.Backward(slices.Sorted(maps.Keys(expired))) {
			parts[len(parts)-1] += fmt.Sprintf(" (%d expired on %s)", v, thousands(expired[v]))
		}
	}
	parts = append(parts, s.refused()...)
	if len(parts) == 0 {
		return head
	}
	return head + ": " + strings.Join(parts, ", ")
}

// refused says who refused what, each reason once, the most boxes first.
func (s *spread) refused() []string {
	type what struct {
		version uint64
		why     string
	}
	boxes := map[what]int64{}
	for _, r := range s.refusals {
		boxes[what{r.RefusedVersion, r.Why}] += r.Boxes
	}
	all := slices.SortedFunc(maps.Keys(boxes), func(a, b what) int {
		return cmp.Or(cmp.Compare(boxes[b], boxes[a]), cmp.Compare(b.version, a.version), cmp.Compare(a.why, b.why))
	})
	var parts []string
	const most = 3
	for i, w := range all {
		if i == most {
			parts = append(parts, fmt.Sprintf("%d more reasons below", len(all)-most))
			break
		}
		text := fmt.Sprintf("%s refused %s", thousands(boxes[w]), refusedName(w.version, s.entry))
		if w.why != "" {
			text += ": " + plain(w.why)
		}
		parts = append(parts, text)
	}
	return parts
}

func refusedName(version uint64, published profiles.Entry) string {
	switch {
	case version == 0:
		return "one" // it could not be read
	case version == published.Version && len(published.Packet) > 0:
		return "it"
	}
	return strconv.FormatUint(version, 10)
}

// writeRunning prints, province by province, how boxes stand to what is
// published, and the table behind it. A token may open some provinces only.
func writeRunning(out io.Writer, entries []profiles.Entry, a console.RunningAnswer, byToken bool) error {
	now := time.Now()
	known := map[string]uint64{}
	for _, p := range a.Provinces {
		known[p.Code] = p.Boxes
	}
	told := map[string]int64{}
	for _, r := range a.Rows {
		told[r.Province] += r.Boxes
	}
	for _, here := range byProvince(spreads(entries, a.Rows)) {
		code := here[0].province
		fmt.Fprintf(out, "\n%s: %s\n", provinceName(code), boxesOf(known[code], told[code], byToken))
		w := tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)
		for _, s := range here {
			fmt.Fprintf(w, "  %s\t%s\n", plain(s.group), s.sentence(now))
		}
		if err := errors.Join(w.Flush(), writeRows(out, code, a.Rows)); err != nil {
			return err
		}
	}
	if a.More {
		fmt.Fprintf(out, "\nThe %s rows of most boxes are shown; there are more.\n", thousands(int64(len(a.Rows))))
	}
	if len(a.Rows) == 0 {
		_, err := fmt.Fprintln(out, "\nNo box has told yet which profile it runs. A box tells when it takes or refuses one; for that it needs the public key (stbagent run -profile-keys FILE).")
		return err
	}
	return nil
}

// boxesOf says how many boxes there are, and how many told of profiles.
func boxesOf(known uint64, told int64, byToken bool) string {
	switch {
	case known == 0 && told == 0 && byToken:
		return "no box was ever heard here, or the token does not open it"
	case known == 0 && told == 0:
		return "no box was ever heard here"
	case told == 0:
		return fmt.Sprintf("%s boxes, none of which told of a profile: they run what is built in", thousands(int64(known)))
	case told == 1 && known <= 1:
		return "1 box, which told which profile it runs"
	case told < int64(known):
		return fmt.Sprintf("%s of %s boxes told which profile they run; the others run what is built in", thousands(told), thousands(int64(known)))
	}
	return fmt.Sprintf("%s boxes, all of which told which profile they run", thousands(told))
}

func writeRows(out io.Writer, province string, rows []console.RunningRow) error {
	w := tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)
	head := false
	for _, r := range rows {
		if r.Province != province {
			continue
		}
		if !head {
			fmt.Fprintln(w, "\n  GROUP\tRUNS\tBOXES\tREFUSED")
			head = true
		}
		runs := strconv.FormatUint(r.Version, 10)
		if r.Version == 0 {
			runs = "built in"
			if r.Expired > 0 {
				runs += fmt.Sprintf(", %d expired", r.Expired)
			}
		}
		refused := "-"
		if r.Refused {
			refused = refusedName(r.RefusedVersion, profiles.Entry{})
			if r.RefusedGroup != r.Group {
				refused += " of " + plain(r.RefusedGroup)
			}
			if r.Why != "" {
				refused += ": " + plain(r.Why)
			}
		}
		fmt.Fprintf(w, "  %s\t%s\t%s\t%s\n", plain(r.Group), runs, thousands(r.Boxes), refused)
	}
	return w.Flush()
}

func provinceName(code string) string {
	if r, ok := aggregator.LookUp(code); ok {
		return code + " " + r.EN
	}
	return code
}

// plain takes away what steers a terminal: boxes write these texts.
func plain(s string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return '?'
		}
		return r
	}, s)
}

// thousands writes 1203 as 1,203.
func thousands(n int64) string {
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
