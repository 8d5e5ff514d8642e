package indicator

import (
	"slices"
	"strings"

	"iptvdc/aggregator/store"
)

// ValueOf and OverOf, put behind an indicator's id, name the sums that it is
// made of: Scale × value, or Scale × value ÷ over, which may be a product. Both are
// whole numbers and may be asked for like indicators; what is the same for groups
// (see Divides) has no groups of its own, so ask for it beside the value. Who
// explains or tests a ratio needs them.
const (
	ValueOf = ":value"
	OverOf  = ":over"
)

// Quotient reports whether the indicator is one sum divided by another.
func (i *Indicator) Quotient() bool { return len(i.over) > 0 }

// Scale is the factor that brings the value, or the value divided by over, into
// the unit.
func (i *Indicator) Scale() float64 { return float64(i.times) / float64(i.by) }

// Curved reports whether the figure is no multiple of its quotient: its parts do not
// make up its changes.
func (i *Indicator) Curved() bool { return i.curve != nil }

// Distinct reports whether boxes, or what they do, are counted, each once: the numbers of groups
// may then add up to more than the number of all of them together. So do the least and
// the greatest of an own data source.
func (i *Indicator) Distinct() bool {
	for _, p := range i.value {
		if h, _ := HowOf(p.value.Measure); p.source != "" && (h == HowDistinct || h == HowLeast || h == HowGreatest) {
			return true
		}
	}
	return slices.ContainsFunc(slices.Concat(i.amounts()...), func(p part) bool { return p.value.DistinctBoxes || p.value.Count > store.CountLengths })
}

// Divides reports whether what the figure is divided by is told apart by d; else
// it is the same for all groups: the length of the period, the boxes of the place.
func (i *Indicator) Divides(d store.Column) bool {
	return slices.ContainsFunc(slices.Concat(i.over, i.beside), func(p part) bool { return p.follows(d) })
}

// findPart returns one of the sums of an indicator.
func findPart(id string) (Indicator, bool) {
	base, isValue := strings.CutSuffix(id, ValueOf)
	if !isValue {
		var isOver bool
		if base, isOver = strings.CutSuffix(id, OverOf); !isOver {
			return Indicator{}, false
		}
	}
	i, ok := findWhole(base)
	if !ok || !isValue && !i.Quotient() {
		return Indicator{}, false
	}
	if isValue {
		i.beside = nil
	} else {
		i.value = i.over // times beside
	}
	i.ID, i.Unit, i.over, i.times, i.by, i.curve = id, Count, nil, 1, 1, nil
	return i, true
}
