package source

import (
	"errors"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"iptvdc/aggregator/indicator"
)

// Preview is what somebody sees of a source before it is read.
type Preview struct {
	// Columns are what the fields seem to be; Rows are the first, as they stand.
	Columns []Column   `json:"columns"`
	Rows    [][]string `json:"rows"`
}

const (
	previewRows = 20
	guessRows   = 500
	previewText = 200 // bytes of a field
)

// preview reads the first rows of r and guesses.
func preview(r records, serial bool) (*Preview, error) {
	p := &Preview{Rows: [][]string{}}
	var names []string
	var samples [][]string
	err := r(func(_ int64, fields []string, wrong error) error {
		switch {
		case wrong != nil:
			return nil
		case names == nil:
			if names = slices.Clone(fields); len(names) > MaxColumns {
				return faultf("bad_file", "It has %d columns, allowed %d; leave some out.", len(names), MaxColumns)
			}
			return nil
		}
		samples = append(samples, slices.Clone(fields))
		if len(samples) <= previewRows {
			row := make([]string, len(names))
			for n := range row {
				if n < len(fields) {
					if row[n] = strings.ToValidUTF8(fields[n], "?"); len(row[n]) > previewText {
						row[n] = strings.ToValidUTF8(row[n][:previewText], "") + "…"
					}
				}
			}
			p.Rows = append(p.Rows, row)
		}
		if len(samples) == guessRows {
			return errEnough
		}
		return nil
	})
	if err != nil && !errors.Is(err, errEnough) {
		return nil, err
	}
	// Names must do before types are guessed: the builder says what is wrong with them.
	if _, err := newBuilder(nil, names, serial); err != nil {
		return nil, err
	}
	p.Columns = guess(names, samples, serial)
	return p, nil
}

var (
	dateWords     = regexp.MustCompile(`(?i)date|^day$|日期|时间|^日$|月份|^month$|^time$`)
	provinceWords = regexp.MustCompile(`(?i)province|省`)
	cityWords     = regexp.MustCompile(`(?i)city|地市|城市`)
	productWords  = regexp.MustCompile(`(?i)product.?(code|id)?$|产品(编码|代码|ID)?$`)
	providerWords = regexp.MustCompile(`(?i)^(cp|sp)([ _]?(id|code))?$|provider|内容提供商|合作方(编码|代码)?$|^CP`)
	moneyWords    = regexp.MustCompile(`(?i)amount|revenue|price|fee|cost|budget|money|yuan|元|金额|收入|费用|预算|价`)
	fenWords      = regexp.MustCompile(`(?i)fen\b|（分）|\(分\)|分$`)
	percentWords  = regexp.MustCompile(`(?i)percent|rate|ratio|%|率|占比`)
	codeWords     = regexp.MustCompile(`(?i)\bid\b|_id$|code|编码|编号|电话|手机|账号`)
)

// guess says what columns seem to be, by their names and by what stands in them. The
// first column that fits is the one of its type.
func guess(names []string, rows [][]string, serial bool) []Column {
	columns := make([]Column, len(names))
	taken := map[Type]bool{}
	for n, name := range names {
		var values []string
		for _, r := range rows {
			if n < len(r) && strings.TrimSpace(r[n]) != "" {
				values = append(values, r[n])
			}
		}
		c := &columns[n]
		c.Field, c.Title = name, indicator.Text{ZH: name, EN: name}
		c.Type, c.Unit = guessType(name, values, serial)
		if c.Type.once() && taken[c.Type] {
			c.Type = TypeText
		}
		taken[c.Type] = true
		c.Name = slug(name, n, columns[:n])
	}
	return columns
}

func guessType(name string, values []string, serial bool) (Type, indicator.Unit) {
	// all reports whether what is there reads; a quarter may be wrong. Where the name
	// says the type half of it may be.
	share := func(least int, read func(string) error) bool {
		bad := 0
		for _, v := range values {
			if read(v) != nil {
				bad++
			}
		}
		return len(values) > 0 && bad*least <= len(values)
	}
	all := func(read func(string) error) bool { return share(4, read) }
	most := func(read func(string) error) bool { return share(2, read) }
	day := func(s string) error { _, err := parseDay(s, serial); return err }
	province := func(s string) error { _, err := parseProvince(s); return err }
	city := func(s string) error { _, err := parseCity(s, 0); return err }
	number := func(s string) error { _, err := parseNumber(s, true); return err }
	yuan := func(s string) error { _, err := parseMoney(s, true); return err }
	isNumber := all(number) || moneyWords.MatchString(name) && most(yuan)
	switch {
	case dateWords.MatchString(name) && most(day), !isNumber && all(day):
		return TypeDate, ""
	case provinceWords.MatchString(name) && most(province), !isNumber && all(province) && !cityWords.MatchString(name):
		return TypeProvince, ""
	case cityWords.MatchString(name) && (most(city) || !isNumber), !isNumber && all(city):
		return TypeCity, ""
	case productWords.MatchString(name):
		return TypeProduct, ""
	case providerWords.MatchString(name) && !isNumber:
		return TypeProvider, ""
	case !isNumber || codeWords.MatchString(name):
		return TypeText, ""
	case percentWords.MatchString(name) || all(func(s string) error {
		if strings.HasSuffix(strings.TrimSpace(s), "%") {
			return nil
		}
		return errEnough
	}):
		return TypeNumber, indicator.Percent
	case fenWords.MatchString(name): // a guess of yuan would be a hundred times too much
		return TypeFen, ""
	case moneyWords.MatchString(name) && most(yuan):
		return TypeYuan, ""
	}
	return TypeNumber, indicator.Count
}

// slug is a name for ids, another than those before it: that of the field if it has
// letters, else c and the column's number.
func slug(name string, n int, before []Column) string {
	var out []byte
	for _, c := range []byte(strings.ToLower(name)) {
		switch {
		case c >= 'a' && c <= 'z', c >= '0' && c <= '9' && len(out) > 0:
			out = append(out, c)
		case len(out) > 0 && out[len(out)-1] != '_':
			out = append(out, '_')
		}
	}
	base := strings.Trim(string(out), "_")
	if len(base) > 30 {
		base = strings.Trim(base[:30], "_")
	}
	if base == "" {
		base = "c" + strconv.Itoa(n+1)
	}
	for name, k := base, 2; ; name, k = base+"_"+strconv.Itoa(k), k+1 {
		if !slices.ContainsFunc(before, func(c Column) bool { return c.Name == name }) {
			return name
		}
	}
}
