package indicator

import (
	"cmp"
	"encoding/json"
	"math"
	"slices"
	"strconv"
	"time"

	"iptvdc/aggregator"
	"iptvdc/aggregator/store"
)

// Answer is what a Request gets. Completeness is left to the caller, who knows
// what never arrived.
type Answer struct {
	Columns []Column `json:"columns"`
	Rows    []Row    `json:"rows"`
	// Others, with Top, are what all groups that are not in Rows make together, and
	// Totals what all groups do: a row a period, without cells.
	Others []Row `json:"others,omitempty"`
	Totals []Row `json:"totals,omitempty"`
	// Labels names cells by dimension and cell, where the name differs.
	Labels map[store.Column]map[string]Text `json:"labels"`
	// Airings tells of each broadcast among the cells what it was and when, as far as
	// schedules say.
	Airings map[string]Airing `json:"airings,omitempty"`
	// LeftOut is what does not count in columns of LikeForLike and in projected
	// figures, at most MaxLeftOut of it; LeftOutMore is how much more there is.
	LeftOut     []LeftOut `json:"left_out,omitempty"`
	LeftOutMore int       `json:"left_out_more,omitempty"`

	// AsOf is the latest event in the figures; nothing older is missing but
	// what has not arrived.
	AsOf        Moment `json:"as_of"`
	RuleVersion string `json:"rule_version"`
	// Edit says whether the figures of viewing are edited or raw; "": there are
	// none.
	Edit Edit `json:"edit,omitempty"`
	// EditVersions names the edit rules by which the facts in the answer were made,
	// of edited figures: several while what changed rules changed is closed again.
	EditVersions []string `json:"edit_versions,omitempty"`
	// Sources are the own data sources in the answer, and how old each is.
	Sources []SourceState `json:"sources,omitempty"`
	// Completeness is received / (received + known lost) of all events of the
	// reader's provinces, 0..1; none if no event was ever sent.
	Completeness Number `json:"completeness"`
}

// Airing is a broadcast as a schedule has it.
type Airing struct {
	Name string `json:"name"` // of its programme; "": not told
	From Moment `json:"from"`
	To   Moment `json:"to"` // not included
}

// Column says what stands in a place of every row.
type Column struct {
	ID   string `json:"id"`
	Type string `json:"type"` // period, dimension or indicator
	Unit Unit   `json:"unit,omitempty"`
}

// Behind an indicator's id, these mark the columns beside its own: the standard
// error of a projected one; with Compare the value of the earlier time (and its
// error) and the change from it, 100 × (now − earlier) ÷ |earlier|, none if the
// earlier one is none or 0; with LikeForLike the same three of what has data in
// both times.
const (
	errorSuffix        = ":error"
	compareSuffix      = ":compare"
	compareErrorSuffix = ":compare_error"
	changeSuffix       = ":change"
	likeSuffix         = ":like"
	likeCompareSuffix  = ":like_compare"
	likeChangeSuffix   = ":like_change"
)

// MaxLeftOut is the greatest number of things left out that an answer names.
const MaxLeftOut = 1_000

// LeftOut is something that does not count in a figure.
type LeftOut struct {
	Indicator string `json:"indicator"`
	// Cells name it: a province, or what of it.
	Cells map[store.Column]string `json:"cells"`
	// Why is one of the Why constants.
	Why Why `json:"why"`
	// Periods are those in which it does not count.
	Periods []string `json:"periods"`
}

// Why says why something was left out.
type Why string

const (
	// NoDataNow and NoDataBefore: it has data in the other time alone.
	NoDataNow    Why = "no_data"
	NoDataBefore Why = "no_data_before"
	// LowCoverage: too few of its accounts' boxes report to project from them.
	LowCoverage       Why = "low_coverage"
	LowCoverageBefore Why = "low_coverage_before"
)

// Whys lists every Why.
func Whys() []Why { return []Why{NoDataNow, NoDataBefore, LowCoverage, LowCoverageBefore} }

// Change is by how many percent a figure differs from the earlier one.
func Change(now, earlier Number) Number {
	if !now.Valid() || !earlier.Valid() || earlier == 0 {
		return None()
	}
	return 100 * (now - earlier) / Number(math.Abs(float64(earlier)))
}

// Row is one line: its period, a cell a dimension, the numbers of an indicator's
// columns. As JSON it is one array in that order.
type Row struct {
	Period string
	Cells  []string
	Values []Number
}

// MarshalJSON writes the row as one array.
func (r Row) MarshalJSON() ([]byte, error) {
	out := append([]byte{'['}, strconv.Quote(r.Period)...) // ASCII without escapes
	for _, c := range r.Cells {
		text, err := json.Marshal(c)
		if err != nil {
			return nil, err
		}
		out = append(append(out, ','), text...)
	}
	for _, v := range r.Values {
		out = v.append(append(out, ','))
	}
	return append(out, ']'), nil
}

// UnmarshalJSON reads what MarshalJSON writes: texts are the period and the cells,
// numbers and null the values.
func (r *Row) UnmarshalJSON(b []byte) error {
	var fields []json.RawMessage
	if err := json.Unmarshal(b, &fields); err != nil {
		return err
	}
	*r = Row{}
	for n, f := range fields {
		if len(f) > 0 && f[0] == '"' && len(r.Values) == 0 {
			var text string
			if err := json.Unmarshal(f, &text); err != nil {
				return err
			}
			if n == 0 {
				r.Period = text
			} else {
				r.Cells = append(r.Cells, text)
			}
			continue
		}
		var v Number
		if err := json.Unmarshal(f, &v); err != nil {
			return err
		}
		r.Values = append(r.Values, v)
	}
	return nil
}

// Number is a figure; NaN is none, as of a ratio over nothing, and null in
// JSON. Whole numbers up to 2^53 are exact.
type Number float64

// None is the Number that says there is none.
func None() Number { return Number(math.NaN()) }

// Valid reports whether there is a number.
func (n Number) Valid() bool { return !math.IsNaN(float64(n)) }

// MarshalJSON writes whole numbers without fraction and none as null.
func (n Number) MarshalJSON() ([]byte, error) { return n.append(nil), nil }

// UnmarshalJSON reads what MarshalJSON writes.
func (n *Number) UnmarshalJSON(b []byte) error {
	if string(b) == "null" {
		*n = None()
		return nil
	}
	return json.Unmarshal(b, (*float64)(n))
}

func (n Number) append(b []byte) []byte {
	if !n.Valid() {
		return append(b, "null"...)
	}
	return strconv.AppendFloat(b, float64(n), 'f', -1, 64)
}

// Moment is a time in UTC milliseconds; 0 is none.
type Moment int64

// String writes the moment in Asia/Shanghai to the second; "" for none.
func (m Moment) String() string {
	if m == 0 {
		return ""
	}
	return time.UnixMilli(int64(m)).In(aggregator.Shanghai).Format(time.RFC3339)
}

// MarshalJSON writes none as null.
func (m Moment) MarshalJSON() ([]byte, error) {
	if m == 0 {
		return []byte("null"), nil
	}
	return strconv.AppendQuote(nil, m.String()), nil
}

// UnmarshalJSON reads what MarshalJSON writes.
func (m *Moment) UnmarshalJSON(b []byte) error {
	var text *string
	if err := json.Unmarshal(b, &text); err != nil {
		return err
	}
	*m = 0
	if text == nil {
		return nil
	}
	t, err := time.Parse(time.RFC3339, *text)
	if err != nil {
		return err
	}
	*m = Moment(t.UnixMilli())
	return nil
}

func (q *question) allColumns() []Column {
	columns := []Column{{ID: "period", Type: "period"}}
	for _, d := range q.dimensions {
		columns = append(columns, Column{ID: string(d), Type: "dimension"})
	}
	for _, i := range q.indicators {
		add := func(suffix string, u Unit) {
			columns = append(columns, Column{ID: i.ID + suffix, Type: "indicator", Unit: u})
		}
		add("", i.Unit)
		if i.Projected() {
			add(errorSuffix, i.Unit)
		}
		if q.compare != NoCompare {
			add(compareSuffix, i.Unit)
			if i.Projected() {
				add(compareErrorSuffix, i.Unit)
			}
			add(changeSuffix, Percent)
		}
		if q.like {
			add(likeSuffix, i.Unit)
			add(likeCompareSuffix, i.Unit)
			add(likeChangeSuffix, Percent)
		}
	}
	return columns
}

// line is a row on its way: still with keys instead of texts.
type line struct {
	key    groupKey
	cells  []string // filled when texts are known
	values []Number
}

// byKey orders lines by period and keys: the order in which the store breaks
// ties.
func byKey(a, b *line) int {
	return cmp.Or(cmp.Compare(a.key.period, b.key.period), slices.Compare(a.key.group[:], b.key.group[:]))
}

// sort puts lines into the question's order.
func (q *question) sort(lines []*line) {
	slices.SortFunc(lines, func(a, b *line) int {
		if q.order < 0 {
			return cmp.Or(q.byCells(a, b), byKey(a, b))
		}
		return cmp.Or(q.byColumn(a, b), byKey(a, b))
	})
}

// byText reports whether the order needs the texts of codes.
func (q *question) byText() bool {
	if q.order < 0 {
		return slices.ContainsFunc(q.dimensions, coded)
	}
	d := q.order - 1
	return d >= 0 && d < len(q.dimensions) && coded(q.dimensions[d])
}

func (q *question) byCells(a, b *line) int {
	if c := cmp.Compare(a.key.period, b.key.period); c != 0 {
		return c
	}
	for d := range q.dimensions {
		if c := q.byDimension(d, a, b); c != 0 {
			return c
		}
	}
	return 0
}

func (q *question) byDimension(d int, a, b *line) int {
	if coded(q.dimensions[d]) {
		return cmp.Compare(a.cells[d], b.cells[d])
	}
	return cmp.Compare(a.key.group[d], b.key.group[d])
}

func (q *question) byColumn(a, b *line) int {
	var c int
	switch n := q.order - 1; {
	case n < 0:
		c = cmp.Compare(a.key.period, b.key.period)
	case n < len(q.dimensions):
		c = q.byDimension(n, a, b)
	default:
		x, y := a.values[n-len(q.dimensions)], b.values[n-len(q.dimensions)]
		if !x.Valid() || !y.Valid() {
			return cmp.Compare(truth(y.Valid()), truth(x.Valid())) // none comes last either way
		}
		c = cmp.Compare(x, y)
	}
	if q.descending {
		return -c
	}
	return c
}

func truth(b bool) int {
	if b {
		return 1
	}
	return 0
}
