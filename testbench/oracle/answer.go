package oracle

import (
	"slices"
	"strings"
)

// Cell is one row of an answer: a period and a value for each dimension.
type Cell struct {
	Period string
	A, B   string // the first and second dimension; "" if there are fewer
}

// Value is a figure; without Known there is none, as nothing can be divided by
// zero.
type Value struct {
	Number float64
	Known  bool
}

// Answer holds the figures of one question by indicator and cell. A cell that
// is missing is zero, or not known if it is a quotient.
type Answer map[string]map[Cell]Value

// Oracle answers questions about one truth. Safe for concurrent use.
type Oracle struct {
	deeds    []deed
	presence []presence
	from, to string // first and last day
	boxes    int
}

// presence is the days on which a box told anything from one place.
type presence struct {
	of   *Record
	days map[string]bool
	on   map[string]bool // days on which it was switched on
}

// New prepares to answer questions about t.
func New(t *Truth) *Oracle {
	o := &Oracle{deeds: t.deeds()}
	type place struct{ box, province, city string }
	at := make(map[place]int)
	names := make(map[string]bool)
	for i := range t.Records {
		r := &t.Records[i]
		names[r.Box] = true
		day := dayOf(r.AtMs)
		if o.from == "" || day < o.from {
			o.from = day
		}
		o.to = max(o.to, day)
		p := place{r.Box, r.Province, r.City}
		n, ok := at[p]
		if !ok {
			n = len(o.presence)
			at[p] = n
			o.presence = append(o.presence, presence{r, make(map[string]bool), make(map[string]bool)})
		}
		o.presence[n].days[day] = true
		if r.Event.Kind == "power_on" {
			o.presence[n].on[day] = true
		}
	}
	for i := range o.deeds { // views, and boxes that are on, begin before they tell it
		o.from = min(o.from, dayOf(o.deeds[i].hourMs))
	}
	o.boxes = len(names)
	return o
}

// Days returns the first and the last day on which anything happened.
func (o *Oracle) Days() (from, to string) { return o.from, o.to }

// Ask answers with every indicator that can be split by all the dimensions, at
// most two, and is known by the grain, over all days of the truth.
func (o *Oracle) Ask(grain string, dimensions ...string) Answer {
	cells := o.count(grain, dimensions)
	a := make(Answer)
	for _, ind := range Indicators() {
		if !covers(ind.Dimensions, dimensions) || grain == "hour" && ind.daily() {
			continue
		}
		figures := make(map[Cell]Value)
		for cell, c := range cells {
			v, known := ind.value(c)
			figures[cell] = Value{v, known}
		}
		a[ind.ID] = figures
	}
	return a
}

func covers(all, wanted []string) bool {
	for _, d := range wanted {
		if !slices.Contains(all, d) {
			return false
		}
	}
	return true
}

func (o *Oracle) count(grain string, dimensions []string) map[Cell]*count {
	cells := make(map[Cell]*count)
	cell := func(period string, r *Record) *count {
		k := Cell{Period: period}
		if len(dimensions) > 0 {
			k.A = cellOf(r, dimensions[0])
		}
		if len(dimensions) > 1 {
			k.B = cellOf(r, dimensions[1])
		}
		if cells[k] == nil {
			cells[k] = &count{}
		}
		return cells[k]
	}
	periods := make(map[int64]string) // by hour
	var counted [measures]bool
	for m := range measures {
		counted[m] = covers(splits[m], dimensions)
	}
	for i := range o.deeds {
		d := &o.deeds[i]
		if !counted[d.what] {
			continue
		}
		period, ok := periods[d.hourMs]
		if !ok {
			period = periodOf(grain, d.hourMs)
			periods[d.hourMs] = period
		}
		c := cell(period, d.of)
		c.sum[d.what] += d.n
		switch d.what {
		case powerOns, onMs, pageViews, plays, livePlays, vodPlays:
			if c.boxes[d.what] == nil {
				c.boxes[d.what] = make(map[string]bool)
			}
			c.boxes[d.what][d.of.Box] = true
		case placedMs, passed:
			if c.boxes[d.what] == nil {
				c.boxes[d.what] = make(map[string]bool)
			}
			c.boxes[d.what][d.sight()] = true
		}
	}
	if covers(byPlace, dimensions) {
		o.report(grain, cell)
	}
	return cells
}

// report counts the boxes that told anything in the 30 days which end with the
// last day of each period, and those that were switched on in the last 1, 7 and
// 30 days.
func (o *Oracle) report(grain string, cell func(string, *Record) *count) {
	last := make(map[string]string) // period: its last day
	for _, day := range DaysBetween(o.from, o.to) {
		for hour := range int64(24) {
			last[periodOf(grain, midnight(day)+hour*hourMs)] = day
		}
	}
	type seat struct {
		c   *count
		box string
	}
	for period, day := range last {
		for n, days := range []int{1, 7, 30} {
			window := DaysBetween(before(day, days-1), day)
			counted := make(map[seat]bool)
			for _, p := range o.presence {
				if !slices.ContainsFunc(window, func(d string) bool { return p.on[d] }) {
					continue
				}
				if s := (seat{cell(period, p.of), p.of.Box}); !counted[s] {
					counted[s] = true
					s.c.active[n]++
				}
			}
		}
		window := DaysBetween(before(day, 29), day)
		counted := make(map[seat]bool) // a box that moved counts once in a cell
		for _, p := range o.presence {
			if !slices.ContainsFunc(window, func(d string) bool { return p.days[d] }) {
				continue
			}
			s := seat{cell(period, p.of), p.of.Box}
			if !counted[s] {
				counted[s] = true
				s.c.reporting++
			}
		}
	}
}

// Groups names a set of dimensions that some indicator can be split by.
func Groups() [][]string {
	groups := [][]string{nil}
	seen := make(map[string]bool)
	for _, ind := range Indicators() {
		for _, d := range ind.Dimensions {
			for _, g := range [][]string{{d}, {"province", d}} {
				if name := strings.Join(g, " "); !seen[name] && name != "province province" {
					seen[name] = true
					groups = append(groups, g)
				}
			}
		}
	}
	return groups
}
