package verify

import (
	"context"
	"slices"

	"iptvdc/testbench/oracle"
)

// comparison is a way to compare with an earlier time.
type comparison struct{ compare, align string }

// comparisons are those whose earlier time follows from the calendar. Which day goes
// with one of a public holiday is decreed each year: a list that indicator's tests
// hold.
var comparisons = []comparison{{"previous", ""}, {"month", ""}, {"month", "weekday"}, {"year", ""}, {"year", "weekday"}}

// compareEarlier compares all figures with those of earlier times: of the later half
// of the days, so that of previous ones something is known.
func (v *verifier) compareEarlier(ctx context.Context, o *oracle.Oracle) error {
	type question struct {
		comparison
		grain      string
		dimensions []string
		days       []string
		over       bool
	}
	var all []question
	for _, c := range comparisons {
		for _, grain := range []string{"day", "week", "month", "total"} {
			for _, dimensions := range [][]string{nil, {"province"}, {"mode"}, {"province", "product"}} {
				for _, over := range []bool{false, true} {
					days := oracle.DaysBetween(v.report.From, v.report.To)
					if over {
						days = v.overDays()
					}
					if days = days[len(days)/2:]; len(days) > 0 {
						all = append(all, question{c, grain, dimensions, days, over})
					}
				}
			}
		}
		days := oracle.DaysBetween(v.report.From, v.report.To)
		all = append(all, question{c, "hour", []string{"province"}, days[len(days)/2:], false})
	}
	all = share(v, all, func(*question) bool { return false })
	err := each(ctx, all, func(ctx context.Context, w *question) error {
		from, to := w.days[0], w.days[len(w.days)-1]
		if w.grain == "hour" {
			to = from // one day has hours enough
		}
		t := task{w.dimensions, w.grain, from, to, w.over}
		have := slices.DeleteFunc(t.of(o), func(i oracle.Indicator) bool { return i.ID == "events_lost" || i.ID == "loss_rate" })
		if len(have) == 0 {
			return nil
		}
		spans := oracle.Spans(w.grain, from, to)
		now := o.Sheet(spans, w.dimensions...)
		was := o.Sheet(oracle.Earlier(spans, w.compare, w.align, len(oracle.DaysBetween(from, to))), w.dimensions...)
		for some := range chunks(maxIndicators, byEdit(have)...) {
			q := query{Dimensions: w.dimensions, From: from, To: to, Grain: w.grain, Compare: w.compare, Align: w.align}
			q.ask(some)
			if err := v.late(&q, v.compareWith(ctx, &q, some, now, was)); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil {
		v.say("comparisons with earlier times compared")
	}
	return err
}

// compareWith asks a question and compares figures, earlier figures and changes.
func (v *verifier) compareWith(ctx context.Context, q *query, some []oracle.Indicator, now, was *oracle.Sheet) error {
	got, err := v.estimates(ctx, q)
	if err != nil {
		return err
	}
	cells := make(map[oracle.Cell]bool)
	a, b := make([]oracle.Value, len(some)), make([]oracle.Value, len(some))
	for _, s := range []*oracle.Sheet{now, was} {
		for n, c := range s.Cells {
			s.Values(some, n, a)
			if slices.ContainsFunc(a, func(f oracle.Value) bool { return f.Known && f.Number != 0 }) {
				cells[c] = true
			}
		}
	}
	for c := range got {
		cells[c] = true
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	for c := range cells {
		clear(a)
		clear(b)
		if n, ok := now.Add(c); ok {
			now.Values(some, n, a)
		}
		if n, ok := was.Add(c); ok {
			was.Values(some, n, b)
		}
		for i := range some {
			line, id := v.feedLine(some[i].ID+", compared"), q.Indicators[i]
			v.judge(line, q, c, a[i], got[c][id])
			v.judge(line, q, c, b[i], got[c][id+":compare"])
			v.judge(line, q, c, oracle.Change(a[i], b[i]), got[c][id+":change"])
		}
	}
	return nil
}
