package oracle

import (
	"cmp"
	"math/bits"
	"slices"
)

// What viewers do is neither a sum of rows nor a count of boxes with any: each of
// these numbers is made of the rows of another measure by a walk of its own.

const (
	// wholeContent is how many parts a content watched once is told in.
	wholeContent = 1_000_000
	// returnDays is within how many days who comes back has returned.
	returnDays = 7
	// bingeEpisodes are a binge, completeParts the whole of an asset.
	bingeEpisodes = 3
	completeParts = 18
	// tvDayHours is how much later than a day a TV day begins.
	tvDayHours = 2
	// placed marks, beside the parts that it passed through, that a view told where
	// in its asset it was.
	placed = 1 << assetParts
)

// made are the measures that are made of others, each group of them by one walk.
var made = []struct {
	of    measure
	make  []measure
	daily bool // known by day alone
	walk  func(w *walk)
}{
	{viewingMs, []measure{fullViews}, false, (*walk).lengths},
	{reach60, []measure{viewerDays, returns}, true, (*walk).days},
	{reach60, []measure{followers, episodes, bingers}, true, (*walk).series},
	{passed, []measure{assetViewers, partsSeen, complete}, false, (*walk).assets},
}

// walk looks at the rows of a measure for a sheet.
type walk struct {
	*seeker
	m    measure
	rows []row
	f    *family
}

// make counts what is wanted of the made measures.
func (s *Sheet) make(wanted func(measure) bool, kindsOf func(*family) *kinds, first int64, in [][]uint32) {
	for _, group := range made {
		some := slices.DeleteFunc(slices.Clone(group.make), func(m measure) bool {
			return !wanted(m) || !covers(splits[m], withoutTime(s.dims))
		})
		if len(some) == 0 || group.daily && s.hourly() {
			continue
		}
		s.has = append(s.has, some...)
		f := s.o.of[group.of]
		group.walk(&walk{s.seeker(kindsOf(f), first, in), group.of, s.o.rows[group.of], f})
	}
}

// add adds to a made measure of a cell.
func (s *Sheet) add(m measure, n int32, by int64) {
	for int(n) >= len(s.sum[m]) {
		s.sum[m] = append(s.sum[m], make([]int64, max(64, len(s.sum[m])))...)
	}
	s.sum[m][n] += by
}

// each calls f for each row with each cell that it is in, as if it had been so many
// hours earlier.
func (w *walk) each(earlier int64, f func(n int32, r *row)) {
	for i := range w.rows {
		r := &w.rows[i]
		h := r.hour() + w.s.o.base - earlier - w.first
		if h < 0 || h >= int64(len(w.in)) {
			continue
		}
		for _, span := range w.in[h] {
			f(w.cell(span, w.kinds.of[r.combo()], h), r)
		}
	}
}

// lengths counts how many whole contents were watched: of each province's content
// the time by its length.
func (w *walk) lengths() {
	type content struct {
		n              int32
		province, code uint32
		lengthMs       int64
	}
	provinces, contents := w.f.columns["province"], w.f.columns["content"]
	sums := make(map[content]int64)
	w.each(0, func(n int32, r *row) {
		if length := w.f.lengthMs[r.combo()]; length > 0 {
			sums[content{n, provinces[r.combo()], contents[r.combo()], length}] += r.n
		}
	})
	for k, ms := range sums {
		w.s.add(fullViews, k.n, (ms*wholeContent+k.lengthMs/2)/k.lengthMs)
	}
}

// days counts the days on which boxes watched a group, and those after which they
// did so again within a week, whatever was asked for.
func (w *walk) days() {
	const dayBits, boxShift = 16, 16
	dayOf := func(hour int64) int64 { return (hour + 8) / 24 } // of the civil calendar
	var all []uint64                                           // kind, box and day
	for i := range w.rows {
		r := &w.rows[i]
		all = append(all, uint64(w.kinds.of[r.combo()])<<(boxBits+boxShift)|uint64(r.box())<<boxShift|uint64(dayOf(r.hour()+w.s.o.base)))
	}
	slices.Sort(all)
	all = slices.Compact(all)
	for i, k := range all {
		day := int64(k & (1<<dayBits - 1))
		h := day*24 - 8 - w.first // its first hour
		if h < 0 || h >= int64(len(w.in)) {
			continue
		}
		again := i+1 < len(all) && all[i+1]>>boxShift == k>>boxShift && int64(all[i+1]&(1<<dayBits-1))-day <= returnDays
		for _, span := range w.in[h] {
			n := w.cell(span, uint32(k>>(boxBits+boxShift)), h)
			w.s.add(viewerDays, n, 1)
			if again {
				w.s.add(returns, n, 1)
			}
		}
	}
}

// series counts who watched episodes, how many different ones, and who watched some
// of one series on one TV day.
func (w *walk) series() {
	type sight struct {
		n           int32
		box, series uint32
		tvDay       int64
		content     uint32
	}
	series, contents := w.f.columns["series"], w.f.columns["content"]
	var all []sight
	w.each(tvDayHours, func(n int32, r *row) {
		if s, c := series[r.combo()], contents[r.combo()]; s != 0 && s != c {
			all = append(all, sight{n, r.box(), s, tvDay((r.hour() + w.s.o.base) * hourMs), c})
		}
	})
	order := func(a, b sight) int {
		return cmp.Or(cmp.Compare(a.n, b.n), cmp.Compare(a.box, b.box), cmp.Compare(a.series, b.series), cmp.Compare(a.tvDay, b.tvDay), cmp.Compare(a.content, b.content))
	}
	slices.SortFunc(all, order)
	all = slices.Compact(all)
	type viewer struct {
		n   int32
		box uint32
	}
	type watched struct {
		viewer
		content uint32
	}
	seen, several := make(map[watched]bool), make(map[viewer]bool)
	running := 0 // episodes of one series on one TV day
	for i, s := range all {
		v := viewer{s.n, s.box}
		if _, known := several[v]; !known {
			several[v] = false
			w.s.add(followers, s.n, 1)
		}
		if k := (watched{v, s.content}); !seen[k] {
			seen[k] = true
			w.s.add(episodes, s.n, 1)
		}
		running++
		if i == 0 || all[i-1].n != s.n || all[i-1].box != s.box || all[i-1].series != s.series || all[i-1].tvDay != s.tvDay {
			running = 1
		}
		if running == bingeEpisodes && !several[v] {
			several[v] = true
			w.s.add(bingers, s.n, 1)
		}
	}
}

// assets counts who watched an asset at a known place, which parts all of them saw,
// and who saw nearly all.
func (w *walk) assets() {
	type viewer struct {
		n            int32
		box, content uint32
	}
	contents := w.f.columns["content"]
	saw := make(map[viewer]uint64)
	at := slices.Index(w.s.dims, "part")
	w.each(0, func(n int32, r *row) { saw[viewer{n, r.box(), contents[r.combo()]}] |= uint64(r.n) })
	for v, bitsSeen := range saw {
		parts := bits.OnesCount64(bitsSeen &^ placed)
		if at < 0 {
			w.s.add(assetViewers, v.n, 1)
			w.s.add(partsSeen, v.n, int64(parts))
			if parts >= completeParts {
				w.s.add(complete, v.n, 1)
			}
			continue
		}
		for part := range assetParts {
			if bitsSeen>>part&1 == 0 {
				continue
			}
			k := w.s.keys[v.n]
			word := w.s.o.word(partNames[part])
			if at == 0 {
				k.a = word
			} else {
				k.b = word
			}
			w.s.add(partsSeen, w.s.cell(k), 1)
		}
	}
}
