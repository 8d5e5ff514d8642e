package oracle

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
)

// What counts is kept as rows: so much of a measure in an hour, of a box, of one
// combination of what the measure may be split by. Deeds that agree in all of these
// are one row, so a row says no less than they.

// combination is a value for each of a family's plain dimensions, by number.
type combination [10]uint32

// family is the measures that may be split by the same dimensions.
type family struct {
	dims         []string // those that a deed says itself
	numbers      map[combination]uint32
	combinations []combination

	// columns are what each combination is by each dimension but those of time, by
	// number of the word.
	columns map[string][]uint32
	size    int // how many combinations

	lengthMs []int64 // of each combination's content, where they have one
}

// complete finds what each combination is by every dimension.
func (f *family) complete(o *Oracle, dimensions []string) {
	f.columns = make(map[string][]uint32)
	for _, d := range withoutTime(dimensions) {
		column := make([]uint32, len(f.combinations))
		at := slices.Index(f.dims, d)
		for n := range f.combinations {
			if at >= 0 {
				column[n] = f.combinations[n][at]
			} else {
				column[n] = o.words.number(f.means(o, n, d))
			}
		}
		f.columns[d] = column
	}
	if slices.Contains(f.dims, "content") {
		f.lengthMs = make([]int64, len(f.combinations))
		for n := range f.lengthMs {
			f.lengthMs[n] = o.catalogue.lengthMs(o.words.text(f.columns["province"][n]), o.words.text(f.columns["content"][n]))
		}
	}
	f.size, f.numbers, f.combinations = len(f.combinations), nil, nil
}

// means is what the catalogue makes of a combination by a dimension.
func (f *family) means(o *Oracle, n int, dimension string) string {
	says := func(d string) string { return o.words.text(f.combinations[n][slices.Index(f.dims, d)]) }
	if slices.Contains(f.dims, "broadcast") {
		return o.catalogue.airs(says("province"), says("broadcast"), dimension)
	}
	return o.catalogue.meaning(says("province"), says("content"), dimension)
}

// row is what counts of one measure. The key is the hour, the number of the
// combination and that of the box, so rows in their order are in that of time.
type row struct {
	key uint64
	n   int64
}

const (
	boxBits   = 20
	comboBits = 26
	hourBits  = 64 - comboBits - boxBits
)

func keyOf(hour int64, combo, box uint32) uint64 {
	if hour < 0 || hour >= 1<<hourBits || combo >= 1<<comboBits || box >= 1<<boxBits {
		panic(fmt.Sprintf("oracle: hour %d, combination %d or box %d is beyond what a row can name", hour, combo, box))
	}
	return uint64(hour)<<(comboBits+boxBits) | uint64(combo)<<boxBits | uint64(box)
}

func (r *row) hour() int64   { return int64(r.key >> (comboBits + boxBits)) }
func (r *row) combo() uint32 { return uint32(r.key>>boxBits) & (1<<comboBits - 1) }
func (r *row) box() uint32   { return uint32(r.key) & (1<<boxBits - 1) }

// merged sorts rows and makes one of those with one key: their sum, or what all of
// them passed through.
func merged(m measure, rows []row) []row {
	slices.SortFunc(rows, func(a, b row) int { return cmp.Compare(a.key, b.key) })
	out := rows[:0]
	for _, r := range rows {
		if len(out) > 0 && out[len(out)-1].key == r.key {
			if last := &out[len(out)-1]; m == passed {
				last.n |= r.n
			} else {
				last.n += r.n
			}
			continue
		}
		out = append(out, r)
	}
	return out
}

// plain are the dimensions that a deed says itself: the others are made of them, or
// of the hour.
func plain(dimensions []string) []string {
	return slices.DeleteFunc(slices.Clone(dimensions), func(d string) bool {
		return slices.Contains(meanings, d) || slices.Contains(byTime, d) || d == "programme"
	})
}

// say returns what a deed says of a plain dimension.
func (d *deed) say(dimension string) string {
	e := &d.of.Event
	a := d.about.airing
	switch dimension {
	case "province":
		return d.of.Province
	case "city":
		return d.of.City
	case "page":
		return e.Page
	case "from_page":
		return e.From
	case "area":
		return e.Area
	case "slot":
		return strconv.FormatInt(e.Slot, 10)
	case "content":
		return e.Content
	case "mode":
		return e.Mode
	case "channel":
		if a != nil {
			return a.Channel
		}
		return e.Channel
	case "product":
		return e.Product
	case "provider":
		return e.Provider
	case "template":
		return e.Template
	case "origin":
		return d.of.origin
	case "model":
		return d.of.model
	case "agent_version":
		return e.Agent
	case "release":
		return strconv.FormatInt(e.Version, 10)
	case "why":
		return d.of.why
	case "part":
		return partNames[d.of.part-1]
	case "minute":
		return minutes[d.about.minute]
	case "broadcast":
		return a.Code
	case "lag":
		return strconv.Itoa(d.about.lag)
	}
	panic("oracle: no dimension " + dimension)
}

// minutes are the names of the minutes of the day.
var minutes = func() (all [24 * 60]string) {
	for m := range all {
		all[m] = fmt.Sprintf("%02d:%02d", m/60, m%60)
	}
	return all
}()

// weekdays are their names, from Sunday, as time.Weekday counts.
var weekdays = [...]string{"sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"}

// timeOf returns what an hour is by a dimension of time.
func timeOf(hour int64, dimension string) string {
	t := moment(hour * hourMs)
	if dimension == "weekday" {
		return weekdays[t.Weekday()]
	}
	return minutes[t.Hour()*60][:2]
}
