package indicator

import (
	"slices"
	"strings"
)

// ValueOf and OverOf, put behind an indicator's id, name the sums that it is
// made of: Scale × value, or Scale × value ÷ over. Both are whole numbers and may
// be asked for like indicators. Who explains or tests a ratio needs them.
const (
	ValueOf = ":value"
	OverOf  = ":over"
)

// Quotient reports whether the indicator is one sum divided by another.
func (i *Indicator) Quotient() bool { return len(i.over) > 0 }

// Scale is the factor that brings the value, or the value divided by over, into
// the unit.
func (i *Indicator) Scale() float64 { return float64(i.times) / float64(i.by) }

// Distinct reports whether boxes are counted, each once: the numbers of groups
// may then add up to more than the number of all of them together.
func (i *Indicator) Distinct() bool {
	return slices.ContainsFunc(slices.Concat(i.value, i.over), func(p part) bool { return p.value.DistinctBoxes })
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
	n := slices.IndexFunc(catalogue, func(i Indicator) bool { return i.ID == base })
	if n < 0 || !isValue && !catalogue[n].Quotient() {
		return Indicator{}, false
	}
	i := catalogue[n]
	if !isValue {
		i.value = i.over
	}
	i.ID, i.Unit, i.over, i.times, i.by = id, Count, nil, 1, 1
	return i, true
}
