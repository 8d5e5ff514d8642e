package source

import (
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"iptvdc/aggregator"
)

// What may be wrong with a cell, as codes; the texts say what to do.
const (
	badNumber   = "number"
	badMoney    = "money"
	badDate     = "date"
	badProvince = "province"
	badCity     = "city"
	badText     = "text"
	badFormula  = "formula"
	badWidth    = "width" // too few or too many fields in the row
	badQuote    = "quote"
)

// badCell is why a cell is refused.
type badCell struct{ code, text string }

func (b *badCell) Error() string { return b.text }

// maxDecimals is how many decimals of a number are kept; further ones are rounded.
const maxDecimals = 6

// none is a column's value where a number is missing.
const none = math.MinInt64

// decimal is mantissa ÷ 10^decimals.
type decimal struct {
	mantissa int64
	decimals int
}

var powers = [...]int64{1, 10, 100, 1_000, 10_000, 100_000, 1_000_000}

// formulaLike reports whether a text would be a formula to a spreadsheet that opens it.
func formulaLike(s string) bool {
	switch {
	case s == "":
		return false
	case s[0] == '=' || s[0] == '@':
		return true
	case s[0] == '+' || s[0] == '-':
		_, err := parseDecimal(s)
		return err != nil && len(s) > 1
	}
	return false
}

var wide = strings.NewReplacer("，", ",", "．", ".", "－", "-", "＋", "+", "％", "%", "￥", "¥", "\u00a0", " ", "\u3000", " ",
	"０", "0", "１", "1", "２", "2", "３", "3", "４", "4", "５", "5", "６", "6", "７", "7", "８", "8", "９", "9")

// parseDecimal reads 1234.5, 1,234.5, -3, 1.2E+05. Digits beyond maxDecimals are
// rounded half away from 0.
func parseDecimal(s string) (decimal, error) {
	bad := &badCell{badNumber, "It is no number; write digits as 1234.5."}
	digits := s
	if strings.Contains(s, ",") {
		whole, rest, dotted := strings.Cut(s, ".")
		groups := strings.Split(strings.TrimLeft(whole, "+-"), ",")
		for n, g := range groups {
			if n > 0 && len(g) != 3 || len(g) == 0 || len(g) > 3 {
				return decimal{}, bad
			}
		}
		digits = strings.ReplaceAll(whole, ",", "")
		if dotted {
			digits += "." + rest
		}
	}
	if strings.ContainsAny(digits, "eE") {
		f, err := strconv.ParseFloat(digits, 64)
		if err != nil || strings.ContainsAny(digits, "xX_pP") {
			return decimal{}, bad
		}
		digits = strconv.FormatFloat(f, 'f', -1, 64)
	}
	minus := strings.HasPrefix(digits, "-")
	digits = strings.TrimPrefix(strings.TrimPrefix(digits, "-"), "+")
	whole, part, _ := strings.Cut(digits, ".")
	if whole == "" && part == "" {
		return decimal{}, bad
	}
	up := false
	if len(part) > maxDecimals {
		for _, c := range part[maxDecimals:] {
			if c < '0' || c > '9' {
				return decimal{}, bad
			}
		}
		up = part[maxDecimals] >= '5'
		part = part[:maxDecimals]
	}
	if !up {
		part = strings.TrimRight(part, "0")
	}
	var m int64
	for _, c := range []byte(whole + part) {
		if c < '0' || c > '9' {
			return decimal{}, bad
		}
		if m > (math.MaxInt64>>1)/10 {
			return decimal{}, &badCell{badNumber, "The number has too many digits; 18 are kept."}
		}
		m = m*10 + int64(c-'0')
	}
	if up {
		m++
	}
	if minus {
		m = -m
	}
	return decimal{m, len(part)}, nil
}

func parseNumber(s string, percent bool) (decimal, error) {
	s = strings.TrimSpace(wide.Replace(s))
	if percent {
		s = strings.TrimSpace(strings.TrimSuffix(s, "%"))
	}
	if formulaText(s) {
		return decimal{}, &badCell{badFormula, "It is a formula; save values instead of formulas."}
	}
	return parseDecimal(s)
}

func formulaText(s string) bool { return strings.HasPrefix(s, "=") || strings.HasPrefix(s, "@") }

// parseMoney reads yuan or fen and returns whole fen.
func parseMoney(s string, yuan bool) (int64, error) {
	s = strings.TrimSpace(wide.Replace(s))
	if formulaText(s) {
		return 0, &badCell{badFormula, "It is a formula; save values instead of formulas."}
	}
	sign := ""
	if strings.HasPrefix(s, "-") {
		sign, s = "-", s[1:]
	}
	s = strings.TrimSpace(strings.TrimPrefix(s, "¥"))
	unit := "分"
	if yuan {
		unit = "元"
	}
	d, err := parseDecimal(sign + strings.TrimSpace(strings.TrimSuffix(s, unit)))
	if err != nil {
		return 0, &badCell{badMoney, "It is no amount of money; write it as 19.90."}
	}
	most := 0
	if yuan {
		most = 2
	}
	switch {
	case d.decimals > most && yuan:
		return 0, &badCell{badMoney, "It has parts of a fen; an amount in yuan has at most two decimals."}
	case d.decimals > most:
		return 0, &badCell{badMoney, "It has parts of a fen; is the column in yuan?"}
	case d.mantissa > math.MaxInt64/1000 || d.mantissa < -math.MaxInt64/1000:
		return 0, &badCell{badMoney, "The amount is too large."}
	}
	return d.mantissa * powers[most-d.decimals], nil
}

// layouts are how days are written, with what may follow.
var layouts = []string{"2006-1-2", "2006/1/2", "2006.1.2", "20060102", "2006年1月2日", "2006-1", "2006/1", "2006年1月"}

// serialFrom and serialTo bound days as spreadsheets count them: 2000 to 2100.
const serialFrom, serialTo = 36_526, 73_050

// parseDay reads a civil day. A time behind it is left out, one with an offset is
// brought to Asia/Shanghai; a month is its first day; serial lets days be numbers of a
// spreadsheet.
func parseDay(s string, serial bool) (aggregator.Day, error) {
	s = strings.TrimSpace(s)
	bad := &badCell{badDate, "It is no day; write it as 2026-05-03."}
	if t, err := time.Parse(time.RFC3339Nano, s); err == nil {
		return boundDay(t.In(aggregator.Shanghai))
	}
	if serial {
		if f, err := strconv.ParseFloat(s, 64); err == nil && f >= serialFrom && f < serialTo {
			return boundDay(time.Date(1899, 12, 30, 0, 0, 0, 0, aggregator.Shanghai).AddDate(0, 0, int(f)))
		}
	}
	day, rest, _ := strings.Cut(strings.Replace(s, "T", " ", 1), " ")
	if rest != "" {
		ok := false
		for _, l := range []string{"15:04", "15:04:05", "15:04:05.999999999"} {
			if _, err := time.Parse(l, rest); err == nil {
				ok = true
			}
		}
		if !ok {
			return 0, bad
		}
	}
	for _, l := range layouts {
		if t, err := time.ParseInLocation(l, day, aggregator.Shanghai); err == nil {
			return boundDay(t)
		}
	}
	return 0, bad
}

func boundDay(t time.Time) (aggregator.Day, error) {
	if t.Year() < 1990 || t.Year() > 2200 {
		return 0, &badCell{badDate, "The year is none of 1990 to 2200."}
	}
	return aggregator.DayOf(t.UnixMilli()), nil
}

// checkText refuses what is not kept as text.
func checkText(s string) error {
	switch {
	case len(s) > MaxCellText:
		return &badCell{badText, "The text is longer than " + strconv.Itoa(MaxCellText) + " bytes; skip the column if nobody groups or counts by it."}
	case !utf8.ValidString(s) || strings.ContainsFunc(s, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f || r == 0x1a }):
		return &badCell{badText, "It is no text in the file's character set."}
	case formulaLike(s):
		return &badCell{badFormula, "The text would be a formula to whoever opens an export of it; write it without the leading sign."}
	}
	return nil
}
