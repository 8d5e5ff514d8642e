package oracle

import (
	"iter"
	"runtime"
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
	catalogue *Catalogue
	words     lexicon // complete once made
	families  map[string]*family
	of        [measures]*family
	rows      [measures][]row
	presence  []presence
	heard     map[numberOf]map[string]seen // by day
	base      int64                        // the hour from which rows count theirs
	from, to  string                       // first and last day
	boxes     int
}

// presence is the days on which a box told anything from one place.
type presence struct {
	box            uint32
	province, city string
	model          string
	days           map[string]bool
	on             map[string]bool // days on which it was switched on
}

// beforeHours is how long before the first event something may count.
const beforeHours = 40 * 24

// New prepares to answer questions about t.
func New(t *Truth) *Oracle { return NewWith(t, nil) }

// NewWith prepares to answer questions about t and what the catalogue makes of it.
// The catalogue may be nil: then contents are unknown and nothing was broadcast.
func NewWith(t *Truth, c *Catalogue) *Oracle {
	o := &Oracle{catalogue: c, families: make(map[string]*family), heard: make(map[numberOf]map[string]seen), boxes: len(t.Boxes()), base: hourStart(t.firstMs)/hourMs - beforeHours}
	if first := c.firstTold(); first != "" {
		o.base = min(o.base, midnight(first)/hourMs)
	}
	for m := range measures {
		dims := plain(splits[m])
		name := strings.Join(splits[m], " ")
		if o.families[name] == nil {
			o.families[name] = &family{dims: dims, numbers: make(map[combination]uint32)}
		}
		o.of[m] = o.families[name]
	}
	firstHour := int64(-1)
	for n, b := range understood(t, c) {
		o.attend(uint32(n), b.history)
		var mine [measures][]row
		for _, d := range b.deeds {
			box := uint32(0)
			if counted[d.what] {
				box = uint32(n)
			}
			hour := d.hourMs/hourMs - o.base
			if d.about.airing == nil && (firstHour < 0 || hour < firstHour) {
				firstHour = hour // views, and boxes that are on, begin before they tell it
			}
			mine[d.what] = append(mine[d.what], row{keyOf(hour, o.of[d.what].number(o, &d), box), d.n})
		}
		for m, rows := range mine {
			o.rows[m] = append(o.rows[m], merged(measure(m), rows)...)
		}
	}
	o.broadcast()
	o.live()
	for m, rows := range o.rows {
		o.rows[m] = slices.Clip(merged(measure(m), rows))
		if f := o.of[m]; f.columns == nil {
			f.complete(o, splits[m])
		}
	}
	o.know()
	if firstHour >= 0 {
		o.from = min(o.from, dayOf((firstHour+o.base)*hourMs))
	}
	return o
}

// boxDeeds is a box's history and what of it counts.
type boxDeeds struct {
	history *history
	deeds   []deed
}

// understood are the deeds of one box after the other, in the order of t.Boxes. Some
// boxes ahead are being worked out meanwhile.
func understood(t *Truth, c *Catalogue) iter.Seq2[int, boxDeeds] {
	return func(yield func(int, boxDeeds) bool) {
		boxes := t.Boxes()
		ahead := make([]chan boxDeeds, min(len(boxes), 2*runtime.NumCPU()))
		begin := func(n int) {
			if n >= len(boxes) {
				return
			}
			one := make(chan boxDeeds, 1)
			ahead[n%len(ahead)] = one
			go func() {
				h := &history{t.Of(boxes[n])}
				h.identify()
				one <- boxDeeds{h, h.deeds(c)}
			}()
		}
		for n := range ahead {
			begin(n)
		}
		for n := range boxes {
			b := <-ahead[n%len(ahead)]
			begin(n + len(ahead))
			if !yield(n, b) {
				return
			}
		}
	}
}

// know adds the words that stand in cells and in no combination.
func (o *Oracle) know() {
	for hour := range int64(7 * 24) {
		for _, d := range byTime {
			o.words.number(timeOf(hour, d))
		}
	}
	for _, part := range partNames {
		o.words.number(part)
	}
	for _, p := range o.presence {
		o.words.number(p.province)
		o.words.number(p.city)
		o.words.number(p.model)
	}
	if o.catalogue == nil {
		return
	}
	for province, days := range o.catalogue.active {
		o.words.number(province)
		for _, day := range days {
			for city := range day.Cities {
				o.words.number(city)
			}
		}
	}
}

// word is the number of a word that is known.
func (o *Oracle) word(s string) uint32 {
	n, known := o.words.numbers[s]
	if !known {
		panic("oracle: the word " + s + " is new")
	}
	return n
}

// attend notes where and when a box told anything.
func (o *Oracle) attend(box uint32, h *history) {
	type place struct{ province, city string }
	at := make(map[place]int)
	for i := range h.Records {
		r := &h.Records[i]
		day := dayOf(r.AtMs)
		if o.from == "" || day < o.from {
			o.from = day
		}
		o.to = max(o.to, day)
		p := place{r.Province, r.City}
		n, ok := at[p]
		if !ok {
			n = len(o.presence)
			at[p] = n
			o.presence = append(o.presence, presence{box, r.Province, r.City, r.model, make(map[string]bool), make(map[string]bool)})
		}
		o.presence[n].days[day] = true
		if r.account != "" {
			k := numberOf{r.Province, r.account}
			if o.heard[k] == nil {
				o.heard[k] = make(map[string]seen)
			}
			o.heard[k][day] = seen{any: true, on: o.heard[k][day].on || r.Event.Kind == "power_on"}
		}
		if r.Event.Kind == "power_on" {
			o.presence[n].on[day] = true
		}
	}
}

// broadcast counts what was broadcast: one channel and beginning is one, in however
// many provinces. Which it is stands where a row has its box.
func (o *Oracle) broadcast() {
	if o.catalogue == nil {
		return
	}
	type airing struct {
		channel string
		startMs int64
	}
	numbers := make(map[airing]uint32)
	for province, all := range o.catalogue.airings {
		for _, a := range all {
			hour := hourStart(a.StartMs)/hourMs - o.base
			if hour < 0 {
				continue // long before anything happened
			}
			k := airing{a.Channel, a.StartMs}
			n, known := numbers[k]
			if !known {
				n = uint32(len(numbers))
				numbers[k] = n
			}
			d := deed{what: airings, n: 1, of: &Record{Province: province}, about: about{airing: a}}
			o.rows[airings] = append(o.rows[airings], row{keyOf(hour, o.of[airings].number(o, &d), n), 1})
		}
	}
}

// number is that of the combination which a deed says.
func (f *family) number(o *Oracle, d *deed) uint32 {
	var c combination
	for i, dimension := range f.dims {
		c[i] = o.words.number(d.say(dimension))
	}
	return f.numbered(c)
}

// numbered finds or makes the number of a combination.
func (f *family) numbered(c combination) uint32 {
	n, known := f.numbers[c]
	if !known {
		n = uint32(len(f.combinations))
		f.numbers[c] = n
		f.combinations = append(f.combinations, c)
	}
	return n
}

// Days returns the first and the last day on which anything happened.
func (o *Oracle) Days() (from, to string) { return o.from, o.to }

// Indicators lists what the oracle can know of its truth: without a catalogue
// nothing of broadcasts.
func (o *Oracle) Indicators() []Indicator { return Known(o.catalogue) }

// Known lists what can be known with a catalogue, or without: nil.
func Known(c *Catalogue) []Indicator {
	return slices.DeleteFunc(Indicators(), func(i Indicator) bool { return c == nil && needsCatalogue(&i) })
}

// Has reports whether the figure can be split by all the dimensions.
func (i *Indicator) Has(dimensions ...string) bool { return covers(i.Dimensions, dimensions) }

// Ask answers with every indicator that can be split by all the dimensions, at
// most two, and is known by the grain, over all days of the truth.
func (o *Oracle) Ask(grain string, dimensions ...string) Answer {
	a := make(Answer)
	if o.from == "" {
		return a
	}
	s := o.Sheet(Spans(grain, o.from, o.to), dimensions...)
	have := slices.DeleteFunc(o.Indicators(), func(i Indicator) bool { return !i.Has(dimensions...) || grain == "hour" && i.Daily() })
	for _, i := range have {
		a[i.ID] = make(map[Cell]Value)
	}
	values := make([]Value, len(have))
	for n, cell := range s.Cells {
		s.Values(have, n, values)
		for i := range have {
			a[have[i].ID][cell] = values[i]
		}
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

// Groups names the sets of dimensions that some indicator can be split by.
func Groups() [][]string { return groups(Indicators(), true) }

// Groups are those by which any of some indicators can be told: without a catalogue
// not what it says of contents.
func (o *Oracle) Groups(of []Indicator) [][]string { return groups(of, o.catalogue != nil) }

func groups(all []Indicator, contents bool) [][]string {
	groups := [][]string{nil}
	seen := make(map[string]bool)
	for _, ind := range all {
		for _, d := range ind.Dimensions {
			if !contents && slices.Contains(meanings, d) {
				continue
			}
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
