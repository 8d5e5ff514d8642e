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
	whole                    *Sheet                           // nil: the cells are of no part
	fleet                    *Sheet                           // of the cells whatever the agent
	rolling                  [2]struct{ left, before *Sheet } // nil: figures are not split so
}

// Find is the place of a cell in Cells.
func (s *Sheet) Find(c Cell) (int, bool) {
	span, known := s.labels[c.Period]
	a, knownA := s.o.words.numbers[c.A]
	b, knownB := s.o.words.numbers[c.B]
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
	s.inPlace = o.sheet(spans, keep("province", "city", "minute", "weekday", "hour_of_day"), func(m measure) bool { return m == viewingMs || m == minuteMs || m == plays })
	if slices.Contains(dimensions, "part") {
		s.whole = o.sheet(spans, slices.DeleteFunc(slices.Clone(dimensions), func(d string) bool { return d == "part" }), func(m measure) bool { return m == leaves || m == assetViewers })
	}
	s.fleet = o.sheet(spans, slices.DeleteFunc(slices.Clone(dimensions), func(d string) bool { return d == "agent_version" }), func(m measure) bool { return m == ran })
	s.roll()
	s.universe = o.sheet(spans, keep("province", "city", "model"), func(measure) bool { return false })
	s.universe.stand()
	s.universe.report()
	s.onAir = o.sheet(spans, slices.DeleteFunc(slices.Clone(dimensions), func(d string) bool { return d == "city" }), func(m measure) bool { return m == airings })
	if len(s.universe.dims) == len(dimensions) { // boxes report where nothing else is counted
		for n := range s.universe.Cells {
			if s.universe.reporting[n] > 0 {
				s.cell(s.universe.keys[n])
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
	s := &Sheet{o: o, spans: spans, dims: dimensions, index: make(map[cellKey]int32), labels: make(map[string]uint32), lengths: make(map[timeKey]int64)}
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
	known := make(map[*family]*kinds)
	kindsOf := func(f *family) *kinds {
		if known[f] == nil {
			known[f] = s.kindsOf(f)
		}
		return known[f]
	}
	for m := range fullViews {
		if m != passed && !slices.Contains(stocks, m) && wanted(m) && covers(splits[m], withoutTime(dimensions)) {
			s.has = append(s.has, m)
			s.count(m, kindsOf(o.of[m]), first, in)
		}
	}
	s.make(wanted, kindsOf, first, in)
	s.takeStock(wanted, kindsOf, first, in)
	return s
}

// cell finds or makes a cell.
func (s *Sheet) cell(k cellKey) int32 {
	n, known := s.index[k]
	if !known {
		n = int32(len(s.Cells))
		s.index[k] = n
		s.keys = append(s.keys, k)
		s.Cells = append(s.Cells, Cell{s.spans[k.span].Label, s.o.words.text(k.a), s.o.words.text(k.b)})
	}
	return n
}

// kinds are the combinations of a family as a sheet tells them apart: each has the
// number of a pair of words, but for dimensions of time.
type kinds struct {
	of    []uint32 // by combination
	pairs [][2]uint32
}

// kindsOf finds them.
func (s *Sheet) kindsOf(f *family) *kinds {
	k := &kinds{}
	var columns [2][]uint32
	for i, d := range s.dims {
		columns[i] = f.columns[d] // nil: of time
	}
	if columns[0] == nil && columns[1] == nil {
		k.of, k.pairs = make([]uint32, f.size), [][2]uint32{{}}
		return k
	}
	numbers := make(map[[2]uint32]uint32)
	k.of = make([]uint32, f.size)
	for n := range k.of {
		var pair [2]uint32
		for i, c := range columns {
			if c != nil {
				pair[i] = c[n]
			}
		}
		number, known := numbers[pair]
		if !known {
			number = uint32(len(k.pairs))
			numbers[pair] = number
			k.pairs = append(k.pairs, pair)
		}
		k.of[n] = number
	}
	return k
}

// mostSlots is how many cells a table may have room for; beyond it is a map.
const mostSlots = 8 << 20

// seeker finds the cells of rows of one family.
type seeker struct {
	s      *Sheet
	kinds  *kinds
	first  int64      // hour
	in     [][]uint32 // spans by hour, from the first
	times  [][2]uint32
	hourly []uint8
	// What of a cell is known so far: its place, plus one.
	table  []int32
	sparse map[int]int32
}

func (s *Sheet) seeker(kinds *kinds, first int64, in [][]uint32) *seeker {
	k := &seeker{s: s, kinds: kinds, first: first, in: in}
	k.times, k.hourly = s.times(first, len(in))
	if size := len(s.spans) * len(k.times) * len(kinds.pairs); size <= mostSlots {
		k.table = make([]int32, size)
	} else {
		k.sparse = make(map[int]int32)
	}
	return k
}

// cell is that of a kind in a span and the h-th hour.
func (k *seeker) cell(span, kind uint32, h int64) int32 {
	time := k.hourly[h]
	slot := (int(span)*len(k.times)+int(time))*len(k.kinds.pairs) + int(kind)
	n := int32(0)
	if k.table != nil {
		n = k.table[slot]
	} else {
		n = k.sparse[slot]
	}
	if n == 0 {
		pair := k.kinds.pairs[kind]
		if n = k.s.cell(cellKey{span, pair[0] + k.times[time][0], pair[1] + k.times[time][1]}) + 1; k.table != nil {
			k.table[slot] = n
		} else {
			k.sparse[slot] = n
		}
	}
	return n - 1
}

// count adds up the rows of a measure, and where boxes matter how many had any.
func (s *Sheet) count(m measure, kinds *kinds, first int64, in [][]uint32) {
	rows := s.o.rows[m]
	at := func(hour int64) int {
		return sort.Search(len(rows), func(i int) bool { return rows[i].hour()+s.o.base >= hour })
	}
	rows = rows[at(first):at(first+int64(len(in)))]
	seek := s.seeker(kinds, first, in)
	sums := s.sum[m]
	var seen []uint64 // cell and box
	for i := range rows {
		r := &rows[i]
		h := r.hour() + s.o.base - first
		for _, span := range in[h] {
			n := seek.cell(span, kinds.of[r.combo()], h)
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

// times are the pairs of words that the sheet's dimensions of time have, and which
// of them each hour has; a dimension that is none has 0.
func (s *Sheet) times(first int64, hours int) (pairs [][2]uint32, hourly []uint8) {
	hourly = make([]uint8, hours)
	for h := range hourly {
		var pair [2]uint32
		for i, d := range s.dims {
			if slices.Contains(byTime, d) {
				pair[i] = s.o.word(timeOf(first+int64(h), d))
			}
		}
		n := slices.Index(pairs, pair)
		if n < 0 {
			n = len(pairs)
			pairs = append(pairs, pair)
		}
		hourly[h] = uint8(n)
	}
	return pairs, hourly
}

// report counts the boxes that told anything in the 30 days which end with the
// last day of each period, and those that were switched on in the last 1, 7 and
// 30 days.
func (s *Sheet) report() {
	var byDay = make(map[string][]uint32) // the spans that end with a day
	for n, p := range s.spans {
		byDay[p.lastDay] = append(byDay[p.lastDay], uint32(n))
	}
	say := func(p *presence, i int) uint32 {
		switch {
		case i >= len(s.dims):
			return 0
		case s.dims[i] == "province":
			return s.o.word(p.province)
		case s.dims[i] == "model":
			return s.o.word(p.model)
		}
		return s.o.word(p.city)
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
	c.reporting, c.accounts, c.active, c.airings, c.anyAgent = 0, 0, [3]int64{}, 0, 0
	if i, ok := s.beside(s.fleet, n); ok && i < len(s.fleet.boxes[ran]) {
		c.anyAgent = s.fleet.boxes[ran][i]
	}
	if i, ok := s.beside(s.universe, n); ok {
		c.reporting, c.accounts = s.universe.reporting[i], s.universe.accounts[i]
		for k := range c.active {
			c.active[k] = s.universe.active[k][i]
		}
	}
	place, ok := s.beside(s.inPlace, n)
	for _, m := range s.inPlace.has {
		c.inPlace[m], c.inPlaceBoxes[m] = 0, 0
		if ok && place < len(s.inPlace.sum[m]) {
			c.inPlace[m] = s.inPlace.sum[m][place]
		}
		if ok && place < len(s.inPlace.boxes[m]) {
			c.inPlaceBoxes[m] = s.inPlace.boxes[m][place]
		}
	}
	for _, m := range []measure{leaves, assetViewers} {
		c.whole[m] = c.sum[m]
		if s.whole == nil {
			continue
		}
		c.whole[m] = s.sumBeside(s.whole, m, n)
	}
	if i, ok := s.beside(s.onAir, n); ok && i < len(s.onAir.boxes[airings]) {
		c.airings = s.onAir.boxes[airings][i]
	}
	c.lengthMs = s.length(n)
	for i, r := range s.rolling {
		if r.left != nil {
			c.rolling[i].left, c.rolling[i].before = s.sumBeside(r.left, leftAccounts, n), s.sumBeside(r.before, baseAccounts, n)
		}
	}
}

// sumBeside is what another sheet has of a measure in a cell of this one.
func (s *Sheet) sumBeside(other *Sheet, m measure, n int) int64 {
	if at, ok := s.beside(other, n); ok && at < len(other.sum[m]) {
		return other.sum[m][at]
	}
	return 0
}

// beside finds the cell of another sheet that holds a cell of this one.
func (s *Sheet) beside(other *Sheet, n int) (int, bool) {
	k := cellKey{span: s.keys[n].span}
	for i, d := range other.dims {
		word := s.Cells[n].A
		if slices.Index(s.dims, d) == 1 {
			word = s.Cells[n].B
		}
		number, known := s.o.words.numbers[word]
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
