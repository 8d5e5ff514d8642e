package aggregator

import (
	"bytes"
	_ "embed"
	"encoding/csv"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// Region is a province or one of its prefecture-level cities.
type Region struct {
	// Code is the administrative code after GB/T 2260: two digits for a
	// province, four for a city.
	Code   string
	ZH, EN string // short names, 浙江 and Zhejiang
}

// Province returns the province that the region is or lies in.
func (r Region) Province() Province { return Province(leading(r.Code, 2)) }

// City returns the city that the region is, 0 for a province.
func (r Region) City() City {
	if len(r.Code) != 4 {
		return 0
	}
	return City(leading(r.Code, 4))
}

// String is the province's code, two digits.
func (p Province) String() string { return fmt.Sprintf("%02d", uint8(p)) }

// String is the city's code, four digits.
func (c City) String() string { return fmt.Sprintf("%04d", uint16(c)) }

// Province returns the province in which the city lies.
func (c City) Province() Province { return Province(c / 100) }

// ParseProvince reads a province's code, two digits of a province that exists.
func ParseProvince(code string) (Province, error) {
	if r, ok := LookUp(code); ok && len(code) == 2 {
		return r.Province(), nil
	}
	return 0, &Error{Code: "bad_province", Message: quote(code) + " is not a province; a province is written as the first two digits of its administrative code, as 33 for Zhejiang."}
}

// LookUp returns the region with that code.
func LookUp(code string) (Region, bool) {
	all := regions()
	i, found := slices.BinarySearchFunc(all, code, func(r Region, code string) int { return strings.Compare(r.Code, code) })
	if !found {
		return Region{}, false
	}
	return all[i], true
}

// Regions returns all provinces and cities in the order of their codes, each
// province before its cities. The slice is the caller's.
func Regions() []Region { return slices.Clone(regions()) }

//go:embed regions.csv
var regionsCSV []byte

// regions is the parsed table, sorted by code as text, which puts 33 before
// 3301. A fault in it is one of the build, which the
// tests find; it cannot depend on input.
var regions = sync.OnceValue(func() []Region {
	rows, err := csv.NewReader(bytes.NewReader(regionsCSV)).ReadAll()
	if err != nil {
		panic("aggregator: regions.csv: " + err.Error())
	}
	all := make([]Region, 0, len(rows))
	for _, row := range rows[1:] { // the first names the columns
		all = append(all, Region{Code: row[0], ZH: row[1], EN: row[2]})
	}
	slices.SortFunc(all, func(a, b Region) int { return strings.Compare(a.Code, b.Code) })
	return all
})

// leading is the number that the first n digits of a code make; 0 if they are
// none.
func leading(code string, n int) uint16 {
	if len(code) < n {
		return 0
	}
	v, err := strconv.ParseUint(code[:n], 10, 16)
	if err != nil {
		return 0
	}
	return uint16(v)
}
