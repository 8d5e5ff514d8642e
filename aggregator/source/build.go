package source

import (
	"errors"
	"math"
	"slices"
	"strings"

	"iptvdc/aggregator"
	"iptvdc/aggregator/indicator"
)

// RowFault says why a row was refused.
type RowFault struct {
	// Row counts from 1, the row of names included; Column is the field's name.
	Row    int64  `json:"row"`
	Column string `json:"column,omitempty"`
	Value  string `json:"value,omitempty"`
	Code   string `json:"code"`
	Text   string `json:"text"`
}

// Read is what became of reading a source once.
type Read struct {
	Rows     int64            `json:"rows"`
	Rejected int64            `json:"rejected"`
	Counts   map[string]int64 `json:"counts"` // refused rows by code
	Faults   []RowFault       `json:"faults"` // the first MaxFaults
}

// StoredColumn is a column as a version holds it.
type StoredColumn struct {
	Column
	// Decimals of a number: its values are whole numbers, by 10 to the Decimals.
	Decimals int `json:"decimals,omitempty"`
}

func (c *StoredColumn) by() int64 { return powers[c.Decimals] }

// derivedProvince is the column of provinces that a column of cities tells.
const derivedProvince = "province_of_city"

// builder makes typed columns of rows of fields. Not safe for concurrent use.
type builder struct {
	columns []StoredColumn
	at      []int // of each column its place in the rows; -1: derived
	width   int   // of the rows
	serial  bool  // days may be numbers of a spreadsheet
	values  [][]int64
	texts   map[uint64]string
	row     []int64
	city    int   // place of the column of cities; -1: there is none
	order   []int // columns in which order they are read: provinces before cities
	read    Read
}

// newBuilder reads what the columns say. names are the fields of the source in the order
// of its rows; a field that columns name and names lack is an *aggregator.Error.
func newBuilder(columns []Column, names []string, serial bool) (*builder, error) {
	b := &builder{width: len(names), serial: serial, city: -1, texts: map[uint64]string{}}
	b.read.Counts, b.read.Faults = map[string]int64{}, []RowFault{}
	if len(names) > MaxColumns {
		return nil, faultf("bad_file", "It has %d columns, allowed %d; leave some out.", len(names), MaxColumns)
	}
	for n, name := range names {
		if strings.TrimSpace(name) == "" {
			return nil, faultf("bad_file", "Column %d has no name in the first row; give every column one.", n+1)
		}
		if slices.Contains(names[:n], name) {
			return nil, faultf("bad_file", "Two columns are called %q; give each a name of its own.", clip(name))
		}
	}
	var missing []string
	city, province := false, false
	for _, c := range used(columns) {
		at := slices.Index(names, c.Field)
		if at < 0 {
			missing = append(missing, `"`+clip(c.Field)+`"`)
		}
		b.columns, b.at = append(b.columns, StoredColumn{Column: c}), append(b.at, at)
		city, province = city || c.Type == TypeCity, province || c.Type == TypeProvince
	}
	if len(missing) > 0 {
		return nil, faultf("bad_file", "It lacks the columns %s; it has: %s. Put them back, or change the columns of the source.", strings.Join(missing, ", "), clip(strings.Join(names, ", ")))
	}
	if city && !province {
		b.columns, b.at = append(b.columns, StoredColumn{Column: Column{Field: derivedProvince, Name: derivedProvince, Type: TypeProvince}}), append(b.at, -1)
	}
	for n, c := range b.columns {
		if c.Type == TypeCity {
			b.city = n
		}
		if c.Type == TypeProvince {
			b.order = append([]int{n}, b.order...)
		} else {
			b.order = append(b.order, n)
		}
	}
	b.values, b.row = make([][]int64, len(b.columns)), make([]int64, len(b.columns))
	return b, nil
}

// add reads one row; an error ends the reading, a row that is wrong is noted and left
// out. Empty rows are passed over.
func (b *builder) add(row int64, fields []string) error {
	if !slices.ContainsFunc(fields, func(f string) bool { return f != "" }) {
		return nil
	}
	for len(fields) > b.width && fields[len(fields)-1] == "" { // spreadsheets leave them behind
		fields = fields[:len(fields)-1]
	}
	switch {
	case b.read.Rows+b.read.Rejected >= MaxRows:
		return faultf("too_large", "It has more than %d rows; take fewer, or add them up before.", MaxRows)
	case (b.read.Rows+1)*int64(len(b.columns)) > MaxCells:
		return faultf("too_large", "It has more than %d cells in the columns that are used; skip some.", MaxCells)
	}
	switch {
	case len(fields) > b.width:
		b.refuse(row, "", "", &badCell{badWidth, "The row has more fields than there are names in the first row."})
		return nil
	case len(fields) < b.width && !b.serial: // spreadsheets leave empty ones out
		b.refuse(row, "", "", &badCell{badWidth, "The row has fewer fields than there are names in the first row."})
		return nil
	}
	var province aggregator.Province
	for _, n := range b.order {
		c, text := &b.columns[n], ""
		if at := b.at[n]; at >= 0 && at < len(fields) {
			text = fields[at]
		}
		if b.at[n] < 0 {
			continue
		}
		if text == `\N` { // as databases write what is missing
			text = ""
		}
		v, err := b.cell(n, c, text, province)
		if err != nil {
			b.refuse(row, c.Field, text, err)
			return nil
		}
		b.row[n] = v
		if c.Type == TypeProvince {
			province = aggregator.Province(v)
		}
	}
	for n := range b.columns {
		if city := b.city; city >= 0 && b.columns[n].Type == TypeProvince && (b.at[n] < 0 || b.row[n] == 0) {
			b.row[n] = b.row[city] / 100 // a city tells its province
		}
		b.values[n] = append(b.values[n], b.row[n])
	}
	b.read.Rows++
	return nil
}

func (b *builder) refuse(row int64, column, value string, err error) {
	var bad *badCell
	if !errors.As(err, &bad) {
		bad = &badCell{"unreadable", err.Error()}
	}
	b.read.Rejected++
	b.read.Counts[bad.code]++
	if len(b.read.Faults) < MaxFaults {
		b.read.Faults = append(b.read.Faults, RowFault{Row: row, Column: column, Value: clip(strings.ToValidUTF8(value, "?")), Code: bad.code, Text: bad.text})
	}
}

// lines makes one line of several.
var lines = strings.NewReplacer("\r\n", " ", "\n", " ", "\r", " ")

func (b *builder) cell(n int, c *StoredColumn, text string, province aggregator.Province) (int64, error) {
	if len(text) > MaxField {
		return 0, &badCell{badText, "The field is longer than 64 KiB; is a quote missing?"}
	}
	switch c.Type {
	case TypeDate:
		if strings.TrimSpace(text) == "" {
			return 0, &badCell{badDate, "The row has no day, so it is in no period."}
		}
		d, err := parseDay(text, b.serial)
		return int64(d), err
	case TypeProvince:
		p, err := parseProvince(text)
		return int64(p), err
	case TypeCity:
		p, err := parseCity(text, province)
		return int64(p), err
	case TypeText, TypeProduct, TypeProvider:
		text = strings.TrimSpace(lines.Replace(text))
		if err := checkText(text); err != nil {
			return 0, err
		}
		key := aggregator.TextKey(text)
		if text != "" {
			b.texts[key] = text
		}
		return int64(key), nil
	}
	if strings.TrimSpace(text) == "" {
		return none, nil
	}
	if c.Type != TypeNumber {
		return parseMoney(text, c.Type == TypeYuan)
	}
	d, err := parseNumber(text, c.Unit == indicator.Percent)
	if err != nil {
		return 0, err
	}
	return b.scale(n, c, d)
}

// scale brings a number to the decimals of its column, or the column to the number's.
func (b *builder) scale(n int, c *StoredColumn, d decimal) (int64, error) {
	if d.decimals > c.Decimals {
		up := powers[d.decimals-c.Decimals]
		for _, v := range b.values[n] {
			if v != none && (v > maxValue/up || v < -maxValue/up) {
				return 0, &badCell{badNumber, "The column has numbers too large for so many decimals; round them."}
			}
		}
		for i, v := range b.values[n] {
			if v != none {
				b.values[n][i] = v * up
			}
		}
		c.Decimals = d.decimals
	}
	up := powers[c.Decimals-d.decimals]
	if d.mantissa > maxValue/up || d.mantissa < -maxValue/up {
		return 0, &badCell{badNumber, "The number is too large beside the column's decimals; round the column."}
	}
	return d.mantissa * up, nil
}

// maxValue bounds a number as it is kept.
const maxValue = 1 << 60

// finish ends the reading: a source of which more than half is wrong is not read, nor
// one whose sums would be wrong.
func (b *builder) finish() error {
	if b.read.Rejected > b.read.Rows {
		f := "no row at all"
		if len(b.read.Faults) > 0 {
			first := b.read.Faults[0]
			f = "the first in row " + itoa(first.Row)
			if first.Column != "" {
				f += `, column "` + clip(first.Column) + `", value "` + first.Value + `"`
			}
			f += ": " + first.Text
		}
		return faultf("bad_file", "%d of %d rows are wrong, %s Put the file right, or the types of the columns.", b.read.Rejected, b.read.Rejected+b.read.Rows, f)
	}
	if b.read.Rows == 0 {
		return faultf("bad_file", "It has no rows below the names of the columns.")
	}
	for n, c := range b.columns {
		if !c.Type.number() {
			continue
		}
		var sum float64
		for _, v := range b.values[n] {
			if v != none {
				sum += math.Abs(float64(v))
			}
		}
		if sum >= 1<<62 {
			return faultf("bad_file", "The sum of column %q is too large to be told exactly; take a larger unit.", clip(c.Field))
		}
	}
	return nil
}
