package adi

import (
	"strings"
	"time"

	"iptvdc/aggregator"
)

// moments are the forms of a moment, after T became a space and what stands
// behind seconds was cut off.
var moments = []string{"20060102150405", "2006-01-02 15:04:05", "20060102", "2006-01-02"}

// ParseMoment reads a moment as catalogues write it, and returns UTC
// milliseconds: yyyyMMddHHmmss, yyyyMMdd (its first moment), or ISO. It is always
// local time in Shanghai, also with a Z behind it, which a newer variant of
// senders writes without meaning it; only an offset such as +09:00 is believed.
// Fractions of a second are cut off.
func ParseMoment(s string) (ms int64, ok bool) {
	s = strings.TrimSpace(s)
	if len(s) > len("2006-01-02T15:04:05") {
		if t, err := time.Parse(time.RFC3339, s); err == nil && !strings.HasSuffix(s, "Z") {
			return t.Truncate(time.Second).UnixMilli(), true
		}
	}
	s = strings.TrimSuffix(s, "Z")
	if whole, fraction, found := strings.Cut(s, "."); found && strings.Contains(whole, ":") && digits(fraction) {
		s = whole
	}
	if len(s) > 10 && s[10] == 'T' {
		s = s[:10] + " " + s[11:]
	}
	for _, form := range moments {
		if len(s) == len(form) {
			if t, err := time.ParseInLocation(form, s, aggregator.Shanghai); err == nil {
				return t.UnixMilli(), true
			}
		}
	}
	return 0, false
}

// ParseDay reads the day of a moment in any of its forms.
func ParseDay(s string) (aggregator.Day, bool) {
	ms, ok := ParseMoment(s)
	if !ok {
		return 0, false
	}
	return aggregator.DayOf(ms), true
}

// ParseClock reads a time of day, HHmmss or HHmm, with colons or without, and
// returns the time since midnight.
func ParseClock(s string) (time.Duration, bool) {
	s = strings.ReplaceAll(strings.TrimSpace(s), ":", "")
	if len(s) == 4 {
		s += "00"
	}
	d, ok := hms(s)
	return d, ok && d < 24*time.Hour
}

// ParseDuration reads a length, HHmmss with colons or without ("005100" is 51
// minutes), or HHmmssff, whose last two digits are less than a second and are
// cut off. A bare number of another length may be minutes or seconds: nobody can
// tell, so it is none.
func ParseDuration(s string) (time.Duration, bool) {
	s = strings.ReplaceAll(strings.TrimSpace(s), ":", "")
	if len(s) == 8 && digits(s) {
		s = s[:6]
	}
	return hms(s)
}

// hms reads six digits, hours up to 99.
func hms(s string) (time.Duration, bool) {
	if len(s) != 6 || !digits(s) {
		return 0, false
	}
	two := func(i int) time.Duration { return time.Duration(s[i]-'0')*10 + time.Duration(s[i+1]-'0') }
	h, m, sec := two(0), two(2), two(4)
	return h*time.Hour + m*time.Minute + sec*time.Second, m < 60 && sec < 60
}

func digits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}
