package oracle

import "slices"

// stocks are the measures that count accounts at the end of a day: of a time those of
// the last day told of each province.
var stocks = []measure{present, presentActive, presentReporting, silent7, silent30, silent90, unseen, softChurn, onDay, onWeek, onMonth, baseAccounts}

// hourly reports whether the sheet is of hours, of which nobody knows accounts.
func (s *Sheet) hourly() bool { return len(s.spans) > 0 && s.spans[0].hours() == 1 }

// takeStock counts the stocks that are wanted. Which day is the last, the measure with
// all accounts says.
func (s *Sheet) takeStock(wanted func(measure) bool, kindsOf func(*family) *kinds, first int64, in [][]uint32) {
	for _, m := range stocks {
		if s.hourly() || !wanted(m) || !covers(splits[m], withoutTime(s.dims)) {
			continue
		}
		s.has = append(s.has, m)
		all := present
		if m == baseAccounts {
			all = baseAccounts
		}
		last := s.lastDays(all, first, in)
		f := s.o.of[m]
		provinces := f.columns["province"]
		seek := s.seeker(kindsOf(f), first, in)
		for i := range s.o.rows[m] {
			r := &s.o.rows[m][i]
			h := r.hour() + s.o.base - first
			if h < 0 || h >= int64(len(in)) {
				continue
			}
			for _, span := range in[h] {
				if last[spanOf{span, provinces[r.combo()]}] == h {
					s.add(m, seek.cell(span, seek.kinds.of[r.combo()], h), r.n)
				}
			}
		}
	}
}

// spanOf is a span of a province.
type spanOf struct{ span, province uint32 }

// lastDays is the last day told in each span, by its first hour.
func (s *Sheet) lastDays(all measure, first int64, in [][]uint32) map[spanOf]int64 {
	last := make(map[spanOf]int64)
	provinces := s.o.of[all].columns["province"]
	for i := range s.o.rows[all] {
		r := &s.o.rows[all][i]
		if h := r.hour() + s.o.base - first; h >= 0 && h < int64(len(in)) {
			for _, span := range in[h] {
				last[spanOf{span, provinces[r.combo()]}] = h // rows are in the order of time
			}
		}
	}
	return last
}

// staleDays is how many days before a time its accounts may have been told last.
const staleDays = 31

// roll counts who left in the 30 days and the 12 months that end with each span, and
// the accounts before these.
func (s *Sheet) roll() {
	if s.hourly() {
		return
	}
	for _, d := range s.dims {
		if !slices.Contains(byPlace, d) {
			return
		}
	}
	for n := range s.rolling {
		var within, earlier []Span
		for _, p := range s.spans {
			first := before(p.lastDay, 29)
			if n == 1 {
				first = before(monthsAfter(p.lastDay, -12), -1)
			}
			within = append(within, stretch(p.Label, first, p.lastDay))
			earlier = append(earlier, stretch(p.Label, before(first, staleDays), before(first, 1)))
		}
		s.rolling[n].left = s.o.sheet(within, s.dims, func(m measure) bool { return m == leftAccounts })
		s.rolling[n].before = s.o.sheet(earlier, s.dims, func(m measure) bool { return m == baseAccounts })
	}
}

// stretch is the time from one day to another, both inside.
func stretch(label, first, last string) Span {
	return Span{Label: label, fromHour: midnight(first) / hourMs, toHour: midnight(last)/hourMs + 24, lastDay: last}
}
