package aggregator

import "slices"

// Province is the first two digits of a province's administrative code, 33 for
// Zhejiang; 0 is unknown.
type Province uint8

// City is the first four digits of a city's administrative code, 3301 for
// Hangzhou; 0 is unknown.
type City uint16

// Scope is what a reader may see. The zero Scope sees nothing.
type Scope struct {
	// All opens every province, also ones that report later.
	All       bool
	Provinces []Province
}

// Sees reports whether p is open.
func (s Scope) Sees(p Province) bool { return s.All || slices.Contains(s.Provinces, p) }
