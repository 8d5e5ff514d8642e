package dialect

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"iptvdc/aggregator"
)

// clock is one way of writing a moment, as yyyyMMddHHmmss.
//
//	yyyy MM dd HH mm ss SSS   digits, as many as letters
//	M d H m s                 one digit or two
//	XXX                       an offset, as +08:00, or Z
//	Z T - / : . space         themselves; also anything in '...'
//	unix, unix_ms             seconds or milliseconds since 1970
//
// Z means what the profile says it does: many senders put it behind local time.
type clock struct {
	text   string
	steps  []clockStep
	length int   // 0: it varies
	zone   int64 // milliseconds to take off
	unix   int64 // of unix and unix_ms: milliseconds of a unit; 0: neither
}

type clockStep struct {
	kind byte // y M d H m s S X, or 0 for a literal
	n    int  // digits; 0: one or two
	lit  byte
}

// parseClock reads a notation. zone is that of times without an offset, z what
// a Z means: "", local or utc.
func parseClock(text string, zone int64, z string) (*clock, error) {
	c := &clock{text: text, zone: zone}
	switch text {
	case "unix":
		c.unix = 1000
		return c, nil
	case "unix_ms":
		c.unix = 1
		return c, nil
	}
	fixed := true
	seen := map[byte]bool{}
	for i := 0; i < len(text); {
		b := text[i]
		n := 1
		for i+n < len(text) && text[i+n] == b {
			n++
		}
		run := text[i : i+n]
		switch {
		case run == "yyyy" || run == "MM" || run == "dd" || run == "HH" || run == "mm" || run == "ss" || run == "SSS":
			c.steps = append(c.steps, clockStep{kind: b, n: n})
		case run == "M" || run == "d" || run == "H" || run == "m" || run == "s":
			c.steps = append(c.steps, clockStep{kind: b})
			fixed = false
		case run == "XXX":
			c.steps = append(c.steps, clockStep{kind: 'X'})
			fixed = false
		case b == '\'':
			end := strings.IndexByte(text[i+1:], '\'')
			if end < 0 {
				return nil, fmt.Errorf("%q: a ' is not closed", text)
			}
			for _, lit := range []byte(text[i+1 : i+1+end]) {
				c.steps = append(c.steps, clockStep{lit: lit})
			}
			i += end + 2
			continue
		case b == 'Z' && n == 1:
			switch z {
			case "utc":
				c.zone = 0
			case "local":
			default:
				return nil, fmt.Errorf("%q: say beside the formats what the Z means, z: utc or z: local (many senders put a Z behind local time)", text)
			}
			c.steps = append(c.steps, clockStep{lit: 'Z'})
		case strings.IndexByte("T-/:., ", b) >= 0:
			for range n {
				c.steps = append(c.steps, clockStep{lit: b})
			}
			n = len(run)
		default:
			return nil, fmt.Errorf("%q: %q is no part of a time; allowed yyyy MM dd HH mm ss SSS, M d H m s for one digit or two, XXX for +08:00, Z, T - / : . and space, others between ', or unix, unix_ms alone", text, run)
		}
		if s := c.steps[len(c.steps)-1]; s.kind != 0 {
			if seen[s.kind] {
				return nil, fmt.Errorf("%q: %q comes twice", text, run)
			}
			seen[s.kind] = true
		}
		i += n
	}
	for _, need := range "yMd" {
		if !seen[byte(need)] {
			return nil, fmt.Errorf("%q: a time needs at least yyyy, MM and dd", text)
		}
	}
	if fixed {
		for _, s := range c.steps {
			c.length += max(s.n, 1)
		}
	}
	return c, nil
}

// parse reads a moment, UTC milliseconds. It must exist: no 30 February, no
// hour 24 but 24:00:00, which ends the day; years 1970 to 9999.
func (c *clock) parse(b []byte) (int64, bool) {
	if c.unix > 0 {
		n, ok := digits(b, 18)
		if !ok || n > maxMs/c.unix {
			return 0, false
		}
		return n * c.unix, true
	}
	if c.length > 0 && len(b) != c.length {
		return 0, false
	}
	var year, month, day, hour, minute, second, milli int64
	zone := c.zone
	for _, s := range c.steps {
		if s.kind == 0 {
			if len(b) == 0 || b[0] != s.lit {
				return 0, false
			}
			b = b[1:]
			continue
		}
		if s.kind == 'X' {
			n, offset := parseOffset(b)
			if n == 0 {
				return 0, false
			}
			zone, b = offset, b[n:]
			continue
		}
		n := s.n
		if n == 0 {
			n = 1
			if len(b) > 1 && b[1]-'0' < 10 {
				n = 2
			}
		}
		if len(b) < n {
			return 0, false
		}
		v := int64(0)
		for _, d := range b[:n] {
			if d -= '0'; d > 9 {
				return 0, false
			}
			v = v*10 + int64(d)
		}
		b = b[n:]
		switch s.kind {
		case 'y':
			year = v
		case 'M':
			month = v
		case 'd':
			day = v
		case 'H':
			hour = v
		case 'm':
			minute = v
		case 's':
			second = v
		case 'S':
			milli = v
		}
	}
	if len(b) > 0 || year < 1970 || month < 1 || month > 12 || day < 1 || day > daysIn(year, month) ||
		hour > 24 || minute > 59 || second > 59 || hour == 24 && (minute|second|int64(milli)) != 0 {
		return 0, false
	}
	ms := civil(year, month, day)*aggregator.DayMs + hour*3600_000 + minute*60_000 + second*1000 + milli - zone
	return ms, ms >= 0
}

// maxMs is the last millisecond of the year 9999.
const maxMs = 253402300799999

// format writes a moment; what the notation cannot hold is cut off.
func (c *clock) format(b []byte, ms int64) []byte {
	if c.unix > 0 {
		return strconv.AppendInt(b, ms/c.unix, 10)
	}
	t := time.UnixMilli(ms + c.zone).UTC()
	for _, s := range c.steps {
		var v int
		switch s.kind {
		case 0:
			b = append(b, s.lit)
			continue
		case 'X':
			b = appendOffset(b, c.zone)
			continue
		case 'y':
			v = t.Year()
		case 'M':
			v = int(t.Month())
		case 'd':
			v = t.Day()
		case 'H':
			v = t.Hour()
		case 'm':
			v = t.Minute()
		case 's':
			v = t.Second()
		case 'S':
			v = t.Nanosecond() / 1e6
		}
		text := strconv.Itoa(v)
		for range s.n - len(text) {
			b = append(b, '0')
		}
		b = append(b, text...)
	}
	return b
}

// unit is the smallest step the notation can hold.
func (c *clock) unit() time.Duration {
	if c.unix > 0 {
		return time.Duration(c.unix) * time.Millisecond
	}
	unit := 24 * time.Hour
	for _, s := range c.steps {
		switch s.kind {
		case 'S':
			unit = min(unit, time.Millisecond)
		case 's':
			unit = min(unit, time.Second)
		case 'm':
			unit = min(unit, time.Minute)
		case 'H':
			unit = min(unit, time.Hour)
		}
	}
	return unit
}

func parseOffset(b []byte) (n int, ms int64) {
	if len(b) > 0 && b[0] == 'Z' {
		return 1, 0
	}
	if len(b) < 6 || b[3] != ':' || b[0] != '+' && b[0] != '-' {
		return 0, 0
	}
	h, ok1 := digits(b[1:3], 2)
	m, ok2 := digits(b[4:6], 2)
	if !ok1 || !ok2 || h > 14 || m > 59 {
		return 0, 0
	}
	ms = h*3600_000 + m*60_000
	if b[0] == '-' {
		ms = -ms
	}
	return 6, ms
}

func appendOffset(b []byte, ms int64) []byte {
	sign := byte('+')
	if ms < 0 {
		sign, ms = '-', -ms
	}
	return fmt.Appendf(b, "%c%02d:%02d", sign, ms/3600_000, ms/60_000%60)
}

// parseZone reads a zone: Asia/Shanghai, UTC or an offset. Others are refused:
// with summer time a moment could be two.
func parseZone(s string) (int64, error) {
	switch s {
	case "Asia/Shanghai":
		return 8 * aggregator.HourMs, nil
	case "UTC":
		return 0, nil
	}
	if n, ms := parseOffset([]byte(s)); n == len(s) && n > 1 {
		return ms, nil
	}
	return 0, errors.New(strconv.Quote(s) + " is no zone; allowed Asia/Shanghai, UTC, or an offset as +08:00")
}

// civil is the number of days from 1970-01-01 (Gregorian) to a date.
func civil(year, month, day int64) int64 {
	if month <= 2 {
		year--
		month += 12
	}
	return 365*year + year/4 - year/100 + year/400 + (153*(month-3)+2)/5 + day - 1 - 719468
}

func daysIn(year, month int64) int64 {
	switch month {
	case 4, 6, 9, 11:
		return 30
	case 2:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	}
	return 31
}

// digits reads a whole number of at most n digits.
func digits(b []byte, n int) (int64, bool) {
	if len(b) == 0 || len(b) > n {
		return 0, false
	}
	v := int64(0)
	for _, d := range b {
		if d -= '0'; d > 9 {
			return 0, false
		}
		v = v*10 + int64(d)
	}
	return v, true
}
