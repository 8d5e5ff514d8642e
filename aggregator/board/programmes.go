package board

import (
	"cmp"
	"slices"

	"iptvdc/aggregator"
	"iptvdc/aggregator/indicator"
	"iptvdc/aggregator/store"
)

// maxProgrammes is how many broadcasts are asked for beside a curve: those of a channel on
// two days are some 200, and provinces may tell each its own.
const maxProgrammes = 3_000

// programmes is the question for what was on beside a minute curve: there is one where the
// curve is of one day, for only then has a minute one programme, and where each of its lines
// is of one channel, watched live among other ways. What began on the day before may run
// into this one, so it is asked for as well; broadcasts are, so that what nobody watched is
// there too.
func (w *Widget) programmes(where []indicator.Filter, from, to aggregator.Day) (*indicator.Request, bool) {
	if w.Kind != KindMinute || from != to {
		return nil, false
	}
	q := &indicator.Request{Indicators: []string{"programme_ama", "broadcasts"}, Dimensions: []store.Column{store.ColChannel, store.ColBroadcast},
		From: (from - 1).String(), To: to.String(), Order: "-programme_ama", Limit: maxProgrammes}
	told := slices.Contains(w.Ask.By, store.ColChannel)
	for _, f := range where {
		switch f.Dimension {
		case store.ColMode:
			if f.Not != slices.Contains(f.In, "live") {
				continue
			}
			return nil, false
		case store.ColChannel:
			told = told || len(f.In) == 1 && !f.Not
		case store.ColProvince:
		default:
			continue // the curve follows it, or says that it does not; what was on does not depend on it
		}
		q.Filters = append(q.Filters, f)
	}
	return q, told
}

// LayProgrammes turns the answer to a curve's question for programmes into what was on, on
// the day: by channel, then by beginning, with the audience of all provinces that broadcast
// the same. Broadcasts whose times or names are not known are left out.
func LayProgrammes(q *indicator.Request, a *indicator.Answer) (*indicator.Answer, error) {
	day, err := aggregator.ParseDay(q.To)
	if err != nil {
		return nil, err
	}
	type on struct {
		channel  string
		from, to indicator.Moment
		name     string
	}
	of := func(r *indicator.Row) on {
		air := a.Airings[r.Cells[1]]
		return on{r.Cells[0], air.From, air.To, air.Name}
	}
	out := *a
	out.Columns, out.Rows = slices.Clone(a.Columns[:len(a.Columns)-1]), []indicator.Row{} // without broadcasts
	at := map[on]int{}
	for _, r := range a.Rows { // the most watched first: it gives the code
		o := of(&r)
		if o.name == "" || int64(o.to) <= day.Start() || int64(o.from) >= (day+1).Start() {
			continue
		}
		if n, ok := at[o]; ok {
			if v := r.Values[0]; v.Valid() {
				out.Rows[n].Values[0] += v
			}
			continue
		}
		at[o] = len(out.Rows)
		audience := r.Values[0]
		if !audience.Valid() {
			audience = 0
		}
		out.Rows = append(out.Rows, indicator.Row{Period: r.Period, Cells: r.Cells, Values: []indicator.Number{audience}})
	}
	slices.SortStableFunc(out.Rows, func(x, y indicator.Row) int {
		a, b := of(&x), of(&y)
		return cmp.Or(cmp.Compare(a.channel, b.channel), cmp.Compare(a.from, b.from))
	})
	return &out, nil
}
