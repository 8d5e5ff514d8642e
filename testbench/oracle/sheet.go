package oracle

import (
	"slices"
	"sort"
)

// Span is a period of a question: whole hours, and how the answer names it.
type Span struct {
	Label    string
	fromHour int64 // local hours since 1970 in UTC, hourStart / hourMs
	toHour   int64 // exclusive
	lastDay  string
}

// Spans cuts the days from..to, both inside, into periods. A week or month that
// reaches beyond them is cut; its name stays.
func Spans(grain, from, to string) []Span {
	var all []Span
	for _, day := range DaysBetween(from, to) {
		for hour := range int64(24) {
			at := midnight(day) + hour*hourMs
			if label := periodOf(grain, at); len(all) == 0 || all[len(all)-1].Label != label {
				all = append(all, Span{Label: label, fromHour: at / hourMs})
			}
			all[len(all)-1].toHour, all[len(all)-1].lastDay = at/hourMs+1, day
		}
	}
	return all
}

// cellKey names a cell by the place of its span and the numbers of its words.
type cellKey struct{ span, a, b uint32 }

// timeKey names the time of cells: a span and what dimensions of time say.
type timeKey struct {
	span uint32
	a, b string
}

// Sheet is the counts of a question: of some periods, split by some dimensions.
type Sheet struct {
	Cells []Cell

	o     *Oracle
	spans []Span
	dims  []string
	keys  []cellKey
	index map[cellKey]int32
	words *lexicon // of this sheet: the oracle's do not grow any more

	has       []measure // those that are counted
	scratch   count
	sum       [measures][]int64 // by cell
	boxes     [measures][]int64
	reporting []int64
	accounts  []int64
	active    [3][]int64

	labels  map[string]uint32 // of the spans
	lengths map[timeKey]int64

	// What figures are set against: of the cells' time and place, of their place
	// alone, and of what was broadcast whatever the city.
	inPlace, universe, onAir *Sheet
}

// Find is the place of a cell in Cells.
func (s *Sheet) Find(c Cell) (int, bool) {
	span, known := s.labels[c.Period]
	a, knownA := s.words.numbers[c.A]
	b, knownB := s.words.numbers[c.B]
	n, there := s.index[cellKey{span, a, b}]
	return int(n), known && knownA && knownB && there
}

// Sheet counts everything that can be split by all the dimensions, at most two.
func (o *Oracle) Sheet(spans []Span, dimensions ...string) *Sheet {
	s := o.sheet(spans, dimensions, func(m measure) bool { return true })
	keep := func(names ...string) (some []string) {
		for _, d := range dimensions {
			if slices.Contains(names, d) {
				some = append(some, d)
			}
		}
		return some
	}
	s.inPlace = o.sheet(spans, keep("province", "city", "minute", "weekday", "hour_of_day"), func(m measure) bool { return m == viewingMs || m == minuteMs })
	s.universe = o.sheet(spans, keep("province", "city"), func(measure) bool { return false })
	s.universe.stand()
	s.universe.report()
	s.onAir = o.sheet(spans, slices.DeleteFunc(slices.Clone(dimensions), func(d string) bool { return d == "city" }), func(m measure) bool { return m == airings })
	if len(s.universe.dims) == len(dimensions) { // boxes report where nothing else is counted
		for n, c := range s.universe.Cells {
			if s.universe.reporting[n] > 0 {
				k := s.universe.keys[n]
				s.cell(cellKey{k.span, s.words.number(c.A), s.words.number(c.B)})
			}
		}
	}
	return s
}

// MostRows is about how many rows a question over these spans has to look at.
func (o *Oracle) MostRows(dimensions ...string) int {
	most := 0
	for m := range measures {
		if m != minuteMs && covers(splits[m], withoutTime(dimensions)) {
			most = max(most, len(o.rows[m]))
		}
	}
	return most
}

func withoutTime(dimensions []string) []string {
	return slices.DeleteFunc(slices.Clone(dimensions), func(d string) bool { return slices.Contains(byTime, d) })
}

// sheet counts the measures that are wanted and can be split so.
func (o *Oracle) sheet(spans []Span, dimensions []string, wanted func(measure) bool) *Sheet {
	s := &Sheet{o: o, spans: spans, dims: dimensions, index: make(map[cellKey]int32), words: &lexicon{}, labels: make(map[string]uint32), lengths: make(map[timeKey]int64)}
	for n, p := range spans {
		s.labels[p.Label] = uint32(n)
	}
	if len(spans) == 0 {
		return s
	}
	first, end := spans[0].fromHour, spans[0].toHour
	for _, p := range spans {
		first, end = min(first, p.fromHour), max(end, p.toHour)
	}
	in := make([][]uint32, end-first) // the spans that hold an hour
	for n, p := range spans {
		for h := p.fromHour; h < p.toHour; h++ {
			in[h-first] = append(in[h-first], uint32(n))
		}
	}
	values := make(map[*family][2][]uint32)
	for m := range measures {
		if !wanted(m) || !covers(splits[m], withoutTime(dimensions)) {
			continue
		}
		f := o.of[m]
		if _, known := values[f]; !known {
			values[f] = s.values(f)
		}
		s.has = append(s.has, m)
		s.count(m, values[f], first, in)
	}
	return s
}

// values numbers the words that each combination of a family has for the
// dimensions; those of time are the hour's.
func (s *Sheet) values(f *family) (all [2][]uint32) {
	for i, d := range s.dims {
		all[i] = make([]uint32, len(f.combinations))
		if slices.Contains(byTime, d) {
			continue
		}
		for n := range f.combinations {
			all[i][n] = s.words.number(f.is(s.o, uint32(n), d))
		}
	}
	return all
}

// is what a combination is by a dimension, itself or by the catalogue.
func (f *family) is(o *Oracle, n uint32, dimension string) string {
	says := func(d string) string { return o.words.text(f.combinations[n][slices.Index(f.dims, d)]) }
	if slices.Contains(f.dims, dimension) {
		return says(dimension)
	}
	if slices.Contains(f.dims, "broadcast") {
		return o.catalogue.airs(says("province"), says("broadcast"), dimension)
	}
	return o.catalogue.meaning(says("province"), says("content"), dimension)
}

// cell finds or makes a cell.
func (s *Sheet) cell(k cellKey) int32 {
	n, known := s.index[k]
	if !known {
		n = int32(len(s.Cells))
		s.index[k] = n
		s.keys = append(s.keys, k)
		s.Cells = append(s.Cells, Cell{s.spans[k.span].Label, s.words.text(k.a), s.words.text(k.b)})
	}
	return n
}

// count adds up the rows of a measure, and where boxes matter how many had any.
func (s *Sheet) count(m measure, values [2][]uint32, first int64, in [][]uint32) {
	rows := s.o.rows[m]
	at := func(hour int64) int {
		return sort.Search(len(rows), func(i int) bool { return rows[i].hour()+s.o.base >= hour })
	}
	var times [2][]uint32 // by hour, of the dimensions of time
	for i, d := range s.dims {
		if slices.Contains(byTime, d) {
			times[i] = make([]uint32, len(in))
			for h := range in {
				times[i][h] = s.words.number(timeOf(first+int64(h), d))
			}
		}
	}
	word := func(i int, r *row, h int64) uint32 {
		switch {
		case i >= len(s.dims):
			return 0
		case times[i] != nil:
			return times[i][h]
		}
		return values[i][r.combo()]
	}
	s.words.number("") // whose number is 0
	sums := s.sum[m]
	var seen []uint64 // cell and box
	for i := at(first); i < at(first+int64(len(in))); i++ {
		r := &rows[i]
		h := r.hour() + s.o.base - first
		for _, span := range in[h] {
			n := s.cell(cellKey{span, word(0, r, h), word(1, r, h)})
			for int(n) >= len(sums) {
				sums = append(sums, make([]int64, max(64, len(sums)))...)
			}
			sums[n] += r.n
			if counted[m] && r.n > 0 {
				seen = append(seen, uint64(n)<<boxBits|uint64(r.box()))
			}
		}
	}
	s.sum[m] = sums
	if !counted[m] {
		return
	}
	boxes := make([]int64, len(sums))
	slices.Sort(seen)
	for _, k := range slices.Compact(seen) {
		boxes[k>>boxBits]++
	}
	s.boxes[m] = boxes
}

// report counts the boxes that told anything in the 30 days which end with the
// last day of each period, and those that were switched on in the last 1, 7 and
// 30 days.
func (s *Sheet) report() {
	s.words.number("")
	type seat struct {
		cell int32
		box  uint32
	}
	var byDay = make(map[string][]uint32) // the spans that end with a day
	for n, p := range s.spans {
		byDay[p.lastDay] = append(byDay[p.lastDay], uint32(n))
	}
	say := func(p *presence, i int) uint32 {
		switch {
		case i >= len(s.dims):
			return 0
		case s.dims[i] == "province":
			return s.words.number(p.province)
		}
		return s.words.number(p.city)
	}
	add := func(to *[]int64, spans []uint32, groups [][2]uint32) {
		for _, g := range groups {
			for _, span := range spans {
				n := s.cell(cellKey{span, g[0], g[1]})
				for int(n) >= len(*to) {
					*to = append(*to, 0)
				}
				(*to)[n]++
			}
		}
	}
	for day, spans := range byDay {
		window := DaysBetween(before(day, 29), day)
		for n, days := range []int{30, 1, 7, 30} {
			to := &s.reporting
			if n > 0 {
				to = &s.active[n-1]
			}
			type member struct {
				group [2]uint32
				box   uint32
			}
			counted := make(map[member]bool) // a box that moved counts once in a cell
			var groups [][2]uint32
			for i := range s.o.presence {
				p := &s.o.presence[i]
				told := p.days
				if n > 0 {
					told = p.on
				}
				if !slices.ContainsFunc(window[30-days:], func(d string) bool { return told[d] }) {
					continue
				}
				k := member{[2]uint32{say(p, 0), say(p, 1)}, p.box}
				if !counted[k] {
					counted[k] = true
					groups = append(groups, k.group)
				}
			}
			add(to, spans, groups)
		}
	}
	for _, all := range []*[]int64{&s.reporting, &s.accounts, &s.active[0], &s.active[1], &s.active[2]} {
		for len(*all) < len(s.Cells) {
			*all = append(*all, 0)
		}
	}
}

// Value is a figure of a cell, by the cell's place in Cells.
func (s *Sheet) Value(i *Indicator, n int) Value {
	var v [1]Value
	s.Values([]Indicator{*i}, n, v[:])
	return v[0]
}

// Values are the figures of a cell, one for each indicator. Not safe for concurrent
// use.
func (s *Sheet) Values(all []Indicator, n int, into []Value) {
	s.fill(n)
	for i := range all {
		v, known := all[i].value(&s.scratch)
		into[i] = Value{v, known}
	}
}

// fill gathers the counts of a cell in scratch, where those of another cell may
// stand.
func (s *Sheet) fill(n int) {
	c := &s.scratch
	for _, m := range s.has {
		c.sum[m], c.boxes[m] = 0, 0
		if n < len(s.sum[m]) {
			c.sum[m] = s.sum[m][n]
		}
		if n < len(s.boxes[m]) {
			c.boxes[m] = s.boxes[m][n]
		}
	}
	c.reporting, c.accounts, c.active, c.airings = 0, 0, [3]int64{}, 0
	if i, ok := s.beside(s.universe, n); ok {
		c.reporting, c.accounts = s.universe.reporting[i], s.universe.accounts[i]
		for k := range c.active {
			c.active[k] = s.universe.active[k][i]
		}
	}
	place, ok := s.beside(s.inPlace, n)
	for _, m := range s.inPlace.has {
		c.inPlace[m] = 0
		if ok && place < len(s.inPlace.sum[m]) {
			c.inPlace[m] = s.inPlace.sum[m][place]
		}
	}
	if i, ok := s.beside(s.onAir, n); ok && i < len(s.onAir.boxes[airings]) {
		c.airings = s.onAir.boxes[airings][i]
	}
	c.lengthMs = s.length(n)
}

// beside finds the cell of another sheet that holds a cell of this one.
func (s *Sheet) beside(other *Sheet, n int) (int, bool) {
	k := cellKey{span: s.keys[n].span}
	for i, d := range other.dims {
		word := s.Cells[n].A
		if slices.Index(s.dims, d) == 1 {
			word = s.Cells[n].B
		}
		number, known := other.words.numbers[word]
		if !known {
			return 0, false
		}
		if i == 0 {
			k.a = number
		} else {
			k.b = number
		}
	}
	at, ok := other.index[k]
	return int(at), ok
}

// length is how long the time of a cell is: of the hours and minutes of its span
// those that its values of time name.
func (s *Sheet) length(n int) int64 {
	k := timeKey{span: s.keys[n].span}
	for i, d := range s.dims {
		switch {
		case !slices.Contains(byTime, d) && d != "minute":
		case i == 0:
			k.a = s.Cells[n].A
		default:
			k.b = s.Cells[n].B
		}
	}
	ms, known := s.lengths[k]
	if !known {
		for hour := s.spans[k.span].fromHour; hour < s.spans[k.span].toHour; hour++ {
			ms += s.share(hour, [2]string{k.a, k.b})
		}
		s.lengths[k] = ms
	}
	return ms
}

// share is how much of an hour belongs to a cell with these values of time.
func (s *Sheet) share(hour int64, values [2]string) int64 {
	ms := int64(hourMs)
	for i, d := range s.dims {
		switch {
		case slices.Contains(byTime, d):
			if timeOf(hour, d) != values[i] {
				return 0
			}
		case d == "minute":
			if timeOf(hour, "hour_of_day") != values[i][:2] {
				return 0
			}
			ms = 60_000
		}
	}
	return ms
}
