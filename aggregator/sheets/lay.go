package sheets

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"iptvdc/aggregator"
	"iptvdc/aggregator/board"
	"iptvdc/aggregator/indicator"
	"iptvdc/aggregator/store"
)

// Answered is the laid answer to a question of a widget.
type Answered struct {
	Part    board.Part
	Request indicator.Request
	Answer  *indicator.Answer
}

// besides names the columns beside a figure's own, by what stands behind its id.
var besides = []struct{ suffix, word string }{
	{":error", "error"}, {":compare", "before"}, {":compare_error", "before_err"}, {":change", "change"},
	{":like", "like"}, {":like_compare", "like_before"}, {":like_change", "like_change"},
}

// Lay makes the table of an answer, with the figures' names, money in yuan, and rows in
// the order in which the page shows them. Hours that have not begun are left out: they
// are no zeros.
func Lay(w *board.Widget, a *Answered, l Lang) Table {
	t := Table{Part: a.Part, Timed: a.Request.Grain != "" && a.Request.Grain != indicator.Total}
	cells := 0 // dimensions
	if t.Timed {
		t.Columns = append(t.Columns, Column{ID: "period", Title: l.Say("time"), Kind: Moments, Figure: -1})
	}
	var dims []store.Column
	for _, c := range a.Answer.Columns {
		switch c.Type {
		case "dimension":
			dims = append(dims, store.Column(c.ID))
			t.Columns = append(t.Columns, Column{ID: c.ID, Title: DimensionTitle(store.Column(c.ID), l), Figure: -1})
			cells++
		case "indicator":
			t.Columns = append(t.Columns, figureColumn(w, &c, l))
		}
	}
	head := len(t.Columns) - valuesOf(a.Answer)
	row := func(r *indicator.Row, name string) []Cell {
		out := make([]Cell, 0, len(t.Columns))
		if t.Timed {
			out = append(out, momentOf(r.Period))
		}
		for n, d := range dims {
			if n < len(r.Cells) {
				out = append(out, CellName(a.Answer.Labels, d, r.Cells[n], l))
			} else {
				out = append(out, "")
			}
		}
		if name != "" {
			if t.Timed {
				name += " " + r.Period
			}
			if head == 0 {
				return nil // a single line of figures is its own total
			}
			out[0] = name
		}
		for n, v := range r.Values {
			switch c := &t.Columns[head+n]; {
			case !v.Valid():
				out = append(out, nil)
			case c.Money():
				out = append(out, float64(v)/100)
			default:
				out = append(out, float64(v))
			}
		}
		return out
	}
	begun := begunBy(a.Answer.AsOf)
	rows := inOrder(w, a.Answer, dims, t.Timed || a.Part == board.PartProgrammes) // those lie as they were on
	for _, r := range rows {
		if begun(r.Period) {
			t.Rows = append(t.Rows, row(r, ""))
		}
	}
	for n := range a.Answer.Others {
		if r := row(&a.Answer.Others[n], l.Say("others")); r != nil && begun(a.Answer.Others[n].Period) {
			t.Foot, t.OtherPeriods = append(t.Foot, r), append(t.OtherPeriods, a.Answer.Others[n].Period)
		}
	}
	t.Others = len(t.Foot)
	for n := range a.Answer.Totals {
		if r := row(&a.Answer.Totals[n], l.Say("total")); r != nil && begun(a.Answer.Totals[n].Period) {
			t.Foot = append(t.Foot, r)
		}
	}
	return t
}

func valuesOf(a *indicator.Answer) int {
	n := 0
	for _, c := range a.Columns {
		if c.Type == "indicator" {
			n++
		}
	}
	return n
}

// figureColumn finds to which of the widget's figures a column belongs.
func figureColumn(w *board.Widget, c *indicator.Column, l Lang) Column {
	out := Column{ID: c.ID, Title: c.ID, Kind: Numbers, Unit: c.Unit, Decimals: w.Show.Decimals, Figure: -1}
	for n, f := range w.Ask.Figures {
		id := f.Indicator
		if f.Formula != "" {
			id = board.FormulaID(n)
		}
		rest, ok := strings.CutPrefix(c.ID, id)
		if !ok || rest != "" && rest[0] != ':' {
			continue
		}
		if rest == "" {
			out.Title, out.Figure = figureTitle(&f, l), n
			break
		}
		for _, b := range besides {
			if rest == b.suffix {
				out.Title, out.Figure, out.Beside = figureTitle(&f, l)+" · "+l.Say(b.word), n, true
			}
		}
	}
	if i, ok := indicator.Find(c.ID); ok && out.Figure < 0 { // beside the widget's own
		out.Title = l.Of(i.Title)
	}
	if strings.HasSuffix(c.ID, "change") {
		out.Decimals = nil
	}
	switch {
	case out.Money():
		out.Title += " (¥)"
	case out.Unit == indicator.Percent:
		out.Title += " (%)"
	}
	return out
}

func figureTitle(f *board.Figure, l Lang) string {
	if own := l.Of(f.Title); own != "" {
		return own
	}
	if f.Formula != "" {
		return f.Formula
	}
	if i, ok := indicator.Find(f.Indicator); ok {
		return l.Of(i.Title)
	}
	return f.Indicator
}

// TitleOf is what a widget is called: its own title, or its figures'.
func TitleOf(w *board.Widget, l Lang) string {
	if own := l.Of(w.Title); own != "" {
		return own
	}
	names := make([]string, len(w.Ask.Figures))
	for n := range w.Ask.Figures {
		names[n] = figureTitle(&w.Ask.Figures[n], l)
	}
	return cmp.Or(strings.Join(names, " · "), string(w.Kind))
}

// DimensionTitle is what a dimension is called.
func DimensionTitle(c store.Column, l Lang) string {
	if d, ok := indicator.FindDimension(c); ok {
		return l.Of(d.Title)
	}
	return string(c)
}

// CellName is what a value of a dimension is called.
func CellName(labels map[store.Column]map[string]indicator.Text, c store.Column, cell string, l Lang) string {
	if t, ok := labels[c][cell]; ok {
		return l.Of(t)
	}
	if cell == "" {
		return l.Say("unknown")
	}
	if c == store.ColProvince || c == store.ColCity {
		if r, ok := aggregator.LookUp(cell); ok {
			return l.Of(indicator.Text{ZH: r.ZH, EN: r.EN})
		}
	}
	return cell
}

// begunBy tells of hours whether they had begun when the figures ended.
func begunBy(asOf indicator.Moment) func(period string) bool {
	now := asOf.String()
	if len(now) < 13 {
		return func(string) bool { return true }
	}
	return func(period string) bool { return len(period) != 13 || period[10] != 'T' || period <= now[:13] }
}

// ordered are dimensions with an order of their own; others go by size.
var ordered = []store.Column{store.ColWeekday, store.ColHourOfDay, store.ColMinute, store.ColLag, store.ColSlot, store.ColAge, store.ColCohort}

var weekdays = []string{"monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"}

// inOrder is the order of the page: time as it goes, dimensions of their own order in
// it, all others by their first figure, the greatest first, unless a table says how.
func inOrder(w *board.Widget, a *indicator.Answer, dims []store.Column, timed bool) []*indicator.Row {
	rows := make([]*indicator.Row, len(a.Rows))
	for n := range a.Rows {
		rows[n] = &a.Rows[n]
	}
	if timed || len(dims) == 0 || w.Ask.Order != "" || valuesOf(a) == 0 {
		return rows
	}
	if slices.Contains(ordered, dims[0]) {
		slices.SortStableFunc(rows, func(x, y *indicator.Row) int { return byRank(dims[0], x.Cells[0], y.Cells[0]) })
		return rows
	}
	slices.SortStableFunc(rows, func(x, y *indicator.Row) int {
		a, b := x.Values[0], y.Values[0]
		switch {
		case !a.Valid() || !b.Valid():
			return cmp.Compare(btoi(!a.Valid()), btoi(!b.Valid()))
		}
		return cmp.Compare(b, a)
	})
	return rows
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

func byRank(c store.Column, a, b string) int {
	if c == store.ColWeekday {
		return cmp.Compare(slices.Index(weekdays, a), slices.Index(weekdays, b))
	}
	x, errX := strconv.ParseFloat(a, 64)
	y, errY := strconv.ParseFloat(b, 64)
	if errX == nil && errY == nil {
		return cmp.Compare(x, y)
	}
	return cmp.Compare(a, b)
}

// ScopeText names what a reader sees.
func ScopeText(s aggregator.Scope, l Lang) string {
	if s.All {
		return l.Say("country")
	}
	names := make([]string, len(s.Provinces))
	for n, p := range s.Provinces {
		names[n] = CellName(nil, store.ColProvince, p.String(), l)
	}
	slices.Sort(names)
	return strings.Join(names, l.Say("list"))
}

// FilterFacts says what filters hold, each as a line.
func FilterFacts(f []indicator.Filter, l Lang, name func(store.Column, string) (indicator.Text, bool)) []Fact {
	var all []Fact
	for _, one := range f {
		values := make([]string, 0, len(one.In))
		for _, v := range one.In {
			if len(values) == 20 {
				values = append(values, fmt.Sprintf("… (%d)", len(one.In)))
				break
			}
			text := CellName(nil, one.Dimension, v, l)
			if t, ok := name(one.Dimension, v); ok {
				text = l.Of(t)
			}
			values = append(values, text)
		}
		value := strings.Join(values, l.Say("list"))
		if one.Not {
			value = l.Say("not") + " " + value
		}
		all = append(all, Fact{l.Say("filter") + l.Say("colon") + DimensionTitle(one.Dimension, l), value})
	}
	return all
}

// AnswerFacts says under what an answer holds.
func AnswerFacts(a *Answered, scope aggregator.Scope, ignored []store.Column, l Lang, name func(store.Column, string) (indicator.Text, bool)) []Fact {
	q := &a.Request
	period := q.From
	if q.To != q.From {
		period += l.Say("to") + q.To
	}
	facts := []Fact{{l.Say("period"), period}}
	if q.Compare != indicator.NoCompare {
		facts = append(facts, Fact{l.Say("compare"), l.Say(string(q.Compare))})
	}
	filters := FilterFacts(q.Filters, l, name)
	if len(filters) == 0 {
		filters = []Fact{{l.Say("filter"), l.Say("no_filter")}}
	}
	facts = append(facts, filters...)
	if len(ignored) > 0 {
		titles := make([]string, len(ignored))
		for n, c := range ignored {
			titles[n] = DimensionTitle(c, l)
		}
		facts = append(facts, Fact{l.Say("ignored"), strings.Join(titles, l.Say("list"))})
	}
	facts = append(facts, Fact{l.Say("scope"), ScopeText(scope, l)})
	if asOf := a.Answer.AsOf.String(); asOf != "" {
		facts = append(facts, Fact{l.Say("as_of"), strings.Replace(asOf[:19], "T", " ", 1)})
	}
	facts = append(facts, Fact{l.Say("rules"), strings.Join(append([]string{a.Answer.RuleVersion}, a.Answer.EditVersions...), l.Say("list"))})
	if a.Answer.Edit != "" {
		facts = append(facts, Fact{l.Say("edit"), l.Say(string(a.Answer.Edit))})
	}
	if c := a.Answer.Completeness; c.Valid() {
		facts = append(facts, Fact{l.Say("complete"), strconv.FormatFloat(100*float64(c), 'f', 2, 64) + "%"})
	}
	return facts
}
