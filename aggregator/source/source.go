// Package source is the data that people bring: files they upload, and tables, queries
// and JSON that are fetched by hand or by schedule. It says what such a source is, reads
// it into typed columns, keeps the last versions as files, and answers questions over
// them as facts are asked for, so that indicator treats its measures as figures.
package source

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"iptvdc/aggregator"
	"iptvdc/aggregator/indicator"
	"iptvdc/aggregator/store"
)

// Limits of a source. What is beyond them is refused, never cut.
const (
	MaxSources = 100
	MaxRows    = 1_000_000
	MaxColumns = 200
	MaxBytes   = 100 << 20
	// MaxCells bounds rows by columns that are used, MaxField a field in bytes, MaxCellText
	// a text that is kept.
	MaxCells    = 20_000_000
	MaxField    = 64 << 10
	MaxCellText = 200
	// MaxVersions is how many versions may be kept, DefaultVersions how many are if
	// nobody says.
	MaxVersions     = 20
	DefaultVersions = 5
	// MaxFaults is how many refused rows are kept to be looked at.
	MaxFaults = 200
	// LeastEvery is the shortest schedule.
	LeastEvery = 5 * time.Minute
)

// Kind is where a source comes from.
type Kind string

const (
	KindUpload     Kind = "upload" // CSV or XLSX, by hand
	KindHTTP       Kind = "http"   // JSON
	KindPostgres   Kind = "postgres"
	KindMySQL      Kind = "mysql"
	KindClickHouse Kind = "clickhouse" // by its HTTP interface
	KindSQLite     Kind = "sqlite"     // a file on this machine
)

// Kinds lists every kind.
func Kinds() []Kind {
	return []Kind{KindUpload, KindHTTP, KindPostgres, KindMySQL, KindClickHouse, KindSQLite}
}

// sql reports whether a kind is asked by a query.
func (k Kind) sql() bool {
	return k == KindPostgres || k == KindMySQL || k == KindClickHouse || k == KindSQLite
}

// Type is what the fields of a column are.
type Type string

const (
	TypeSkip     Type = "skip" // not read
	TypeNumber   Type = "number"
	TypeYuan     Type = "yuan" // money, kept in fen
	TypeFen      Type = "fen"
	TypeText     Type = "text"
	TypeDate     Type = "date"
	TypeProvince Type = "province" // code or name
	TypeCity     Type = "city"     // code or name
	TypeProduct  Type = "product"  // code, as in orders
	TypeProvider Type = "provider" // CP: code, as in orders
)

// Types lists every type.
func Types() []Type {
	return []Type{TypeSkip, TypeNumber, TypeYuan, TypeFen, TypeText, TypeDate, TypeProvince, TypeCity, TypeProduct, TypeProvider}
}

// number reports whether fields are numbers, once whether a source has one such column
// at most.
func (t Type) number() bool { return t == TypeNumber || t == TypeYuan || t == TypeFen }
func (t Type) once() bool   { return t == TypeDate || t.dimension() != "" }

// dimension is the catalogue's that a column of the type is, "" if none.
func (t Type) dimension() store.Column {
	switch t {
	case TypeProvince:
		return store.ColProvince
	case TypeCity:
		return store.ColCity
	case TypeProduct:
		return store.ColProduct
	case TypeProvider:
		return store.ColProvider
	}
	return ""
}

// Column says what a field of the source is.
type Column struct {
	// Field is its name in the source; Name what it is called in ids of figures: small
	// letters, digits and underscores.
	Field string         `json:"field"`
	Name  string         `json:"name"`
	Title indicator.Text `json:"title"`
	Type  Type           `json:"type"`
	// Unit is that of a TypeNumber; "": times.
	Unit indicator.Unit `json:"unit,omitempty"`
}

// Definition is what a source is and how it is read.
type Definition struct {
	// Name is that of machines: its data set is src.NAME, its figures begin with it.
	Name    string         `json:"name"`
	Title   indicator.Text `json:"title"`
	Kind    Kind           `json:"kind"`
	Columns []Column       `json:"columns"`
	// Address is a URL (HTTP, ClickHouse), host:port (PostgreSQL, MySQL) or the name of
	// a file in the folder of SQLite files. Passwords and tokens are no part of it.
	Address  string `json:"address,omitempty"`
	Database string `json:"database,omitempty"`
	User     string `json:"user,omitempty"`
	// TLS has PostgreSQL and MySQL asked over TLS, their certificate checked.
	TLS bool `json:"tls,omitempty"`
	// Query is the one SELECT that is asked.
	Query string `json:"query,omitempty"`
	// Path leads to the list of records in a JSON answer: names with dots between them.
	Path string `json:"path,omitempty"`
	// Sheet of an XLSX file; "": the first.
	Sheet string `json:"sheet,omitempty"`
	// EveryMinutes is how often it is read again; 0: by hand alone.
	EveryMinutes int `json:"every_minutes,omitempty"`
	// Keep is how many versions are kept; 0: DefaultVersions.
	Keep int `json:"keep,omitempty"`
}

var columnName = regexp.MustCompile(`^[a-z][a-z0-9_]{0,39}$`)

func faultf(code, format string, args ...any) *aggregator.Error {
	return &aggregator.Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// clip shows text from outside, cut to a readable length.
func clip(s string) string {
	if len(s) > 60 {
		s = strings.ToValidUTF8(s[:60], "") + "…"
	}
	return s
}

// Check reports what is wrong with a definition, as an *aggregator.Error that names the
// field and what is allowed.
func (d *Definition) Check() error {
	if !aggregator.IsSourceName(d.Name) {
		return faultf("bad_source", "name: %q; a source's name is a small letter, then at most 29 small letters, digits and underscores.", clip(d.Name))
	}
	if d.Title.ZH == "" && d.Title.EN == "" || len(d.Title.ZH) > 200 || len(d.Title.EN) > 200 {
		return faultf("bad_source", "title: write one in Chinese or English, of at most 200 bytes.")
	}
	if !slices.Contains(Kinds(), d.Kind) {
		return faultf("bad_source", "kind: there is no %q; allowed: %v.", clip(string(d.Kind)), Kinds())
	}
	if d.EveryMinutes != 0 && (d.EveryMinutes < int(LeastEvery/time.Minute) || d.EveryMinutes > 31*24*60) {
		return faultf("bad_source", "every_minutes: %d, allowed %d to 44640, or 0 for by hand alone.", d.EveryMinutes, LeastEvery/time.Minute)
	}
	if d.EveryMinutes != 0 && d.Kind == KindUpload {
		return faultf("bad_source", "every_minutes: an upload is read again when somebody uploads again; leave it out.")
	}
	if d.Keep < 0 || d.Keep > MaxVersions {
		return faultf("bad_source", "keep: %d versions, allowed 1 to %d.", d.Keep, MaxVersions)
	}
	if err := d.checkOrigin(); err != nil {
		return err
	}
	return d.checkColumns()
}

func (d *Definition) checkOrigin() error {
	for _, f := range []struct {
		name, text string
		most       int
		needs      bool
		may        bool
	}{
		{"address", d.Address, 2000, d.Kind != KindUpload, d.Kind != KindUpload},
		{"database", d.Database, 200, d.Kind == KindPostgres || d.Kind == KindMySQL, d.Kind == KindPostgres || d.Kind == KindMySQL || d.Kind == KindClickHouse},
		{"user", d.User, 200, d.Kind == KindPostgres || d.Kind == KindMySQL, d.Kind != KindUpload && d.Kind != KindSQLite},
		{"query", d.Query, 20_000, d.Kind.sql(), d.Kind.sql()},
		{"path", d.Path, 200, false, d.Kind == KindHTTP},
		{"sheet", d.Sheet, 200, false, d.Kind == KindUpload},
	} {
		switch {
		case f.text == "" && f.needs:
			return faultf("bad_source", "%s: a %s source needs one.", f.name, d.Kind)
		case f.text != "" && !f.may:
			return faultf("bad_source", "%s: a %s source has none.", f.name, d.Kind)
		case len(f.text) > f.most || !utf8.ValidString(f.text):
			return faultf("bad_source", "%s: at most %d bytes of text.", f.name, f.most)
		}
	}
	switch {
	case d.TLS && d.Kind != KindPostgres && d.Kind != KindMySQL:
		return faultf("bad_source", "tls: for PostgreSQL and MySQL; of the others the address says it.")
	case d.Kind == KindHTTP || d.Kind == KindClickHouse:
		return checkURL(d.Address)
	case d.Kind == KindSQLite:
		if d.Address != cleanName(d.Address) {
			return faultf("bad_source", "address: %q is no name of a file in the folder of SQLite files; write it without slashes.", clip(d.Address))
		}
	}
	if d.Kind.sql() {
		return CheckQuery(d.Query)
	}
	return nil
}

func (d *Definition) checkColumns() error {
	if len(d.Columns) == 0 || len(d.Columns) > MaxColumns {
		return faultf("bad_source", "columns: %d, allowed 1 to %d.", len(d.Columns), MaxColumns)
	}
	fields, names, types, used := map[string]bool{}, map[string]bool{}, map[Type]string{}, 0
	for n, c := range d.Columns {
		where := fmt.Sprintf("column %d (%s)", n+1, clip(c.Field))
		switch {
		case c.Field == "" || len(c.Field) > MaxCellText || !utf8.ValidString(c.Field):
			return faultf("bad_source", "%s: a field has a name of at most %d bytes.", where, MaxCellText)
		case fields[c.Field]:
			return faultf("bad_source", "%s: the field stands twice.", where)
		case !slices.Contains(Types(), c.Type):
			return faultf("bad_source", "%s: there is no type %q; allowed: %v.", where, clip(string(c.Type)), Types())
		}
		fields[c.Field] = true
		if c.Type == TypeSkip {
			continue
		}
		used++
		switch {
		case !columnName.MatchString(c.Name) || names[c.Name]:
			return faultf("bad_source", "%s: name %q; each column has one of its own: a small letter, then small letters, digits and underscores, 40 at most.", where, clip(c.Name))
		case len(c.Title.ZH) > 200 || len(c.Title.EN) > 200:
			return faultf("bad_source", "%s: a title has at most 200 bytes.", where)
		case c.Type.once() && types[c.Type] != "":
			return faultf("bad_source", "%s: a source has one column of type %s, and %s is one; make one of them text, or skip it.", where, c.Type, clip(types[c.Type]))
		case c.Unit != "" && (c.Type != TypeNumber || !slices.ContainsFunc(indicator.Units(), func(u indicator.UnitTitle) bool { return u.ID == c.Unit && u.ID != indicator.Fen })):
			return faultf("bad_source", "%s: unit %q does not fit; numbers have one of the catalogue's, money has a type of its own.", where, clip(string(c.Unit)))
		}
		names[c.Name], types[c.Type] = true, c.Field
	}
	if used == 0 {
		return faultf("bad_source", "columns: all are skipped; use at least one.")
	}
	return nil
}

// keep is how many versions are kept.
func (d *Definition) keep() int {
	if d.Keep == 0 {
		return DefaultVersions
	}
	return d.Keep
}

// used are the columns that are read.
func used(columns []Column) []Column {
	return slices.DeleteFunc(slices.Clone(columns), func(c Column) bool { return c.Type == TypeSkip })
}

// unit is that of a column's numbers.
func (c *Column) unit() indicator.Unit {
	switch {
	case c.Type != TypeNumber:
		return indicator.Fen
	case c.Unit == "":
		return indicator.Count
	}
	return c.Unit
}

// title is what a column is called, in both languages.
func (c *Column) title() indicator.Text {
	t := c.Title
	if t.ZH == "" {
		t.ZH = c.Field
		if t.EN != "" {
			t.ZH = t.EN
		}
	}
	if t.EN == "" {
		t.EN = t.ZH
	}
	return t
}

// Info declares a version of a source to indicator. What is added up of percentages and
// ratios means nothing, so they have averages and extremes alone.
func Info(d *Definition, columns []StoredColumn) indicator.SourceInfo {
	s := indicator.SourceInfo{Name: d.Name, Title: d.Title}
	if s.Title.ZH == "" {
		s.Title.ZH = s.Title.EN
	}
	if s.Title.EN == "" {
		s.Title.EN = s.Title.ZH
	}
	s.Measures = append(s.Measures, indicator.SourceMeasure{How: indicator.HowRows})
	for _, c := range columns {
		if dim := c.Type.dimension(); dim != "" {
			s.Dimensions = append(s.Dimensions, dim)
		}
		switch {
		case c.Type == TypeDate:
			s.Dated = true
			continue
		case c.Type == TypeProvince:
			s.Placed = true
			continue
		case !c.Type.number():
			if c.Type == TypeText && c.Name != string(indicator.HowRows) { // src.sales.rows is a figure
				t := c.title()
				s.Texts = append(s.Texts, indicator.Dimension{ID: indicator.TextColumn(d.Name, c.Name), Title: indicator.Text{ZH: s.Title.ZH + " · " + t.ZH, EN: s.Title.EN + " · " + t.EN}})
			}
			s.Measures = append(s.Measures, indicator.SourceMeasure{How: indicator.HowDistinct, Column: c.Name, Title: c.title()})
			continue
		}
		hows := []indicator.How{indicator.HowSum, indicator.HowAverage, indicator.HowLeast, indicator.HowGreatest}
		if u := c.unit(); u == indicator.Percent || u == indicator.Ratio {
			hows = hows[1:]
		}
		for _, h := range hows {
			s.Measures = append(s.Measures, indicator.SourceMeasure{How: h, Column: c.Name, Title: c.title(), Unit: c.unit(), By: c.by()})
		}
	}
	if s.Dated {
		s.Dimensions = append(s.Dimensions, store.ColWeekday)
	}
	return s
}
