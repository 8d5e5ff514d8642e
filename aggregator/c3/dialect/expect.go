package dialect

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"iptvdc/aggregator"
)

// Expect is when a feed's files are due. The zero Expect: never, or nobody knows.
type Expect struct {
	Every  string // "", once, hour, day or month
	Day    int    // of the month, 1 to 28
	Minute int    // of the hour or day
	Grace  time.Duration
}

const expectForms = "allowed: daily 06:30, hourly, hourly :10, monthly 1 06:00, once (the first full file only)"

func parseExpect(text, grace string) (e Expect, err error) {
	if e.Grace, err = time.ParseDuration(grace); err != nil || e.Grace < 0 {
		return e, fmt.Errorf("grace %q is no span of time; write it as 90m or 2h", grace)
	}
	words := strings.Fields(text)
	clock := func(s string) bool {
		t, err := time.Parse("15:04", s)
		e.Minute = t.Hour()*60 + t.Minute()
		return err == nil
	}
	switch {
	case text == "":
		return e, nil
	case text == "once":
		e.Every = "once"
		return e, nil
	case len(words) == 2 && words[0] == "daily" && clock(words[1]):
		e.Every = "day"
		return e, nil
	case len(words) == 1 && words[0] == "hourly":
		e.Every = "hour"
		return e, nil
	case len(words) == 2 && words[0] == "hourly" && len(words[1]) == 3 && words[1][0] == ':' && clock("00"+words[1]):
		e.Every = "hour"
		return e, nil
	case len(words) == 3 && words[0] == "monthly" && clock(words[2]):
		e.Every = "month"
		if e.Day, err = strconv.Atoi(words[1]); err == nil && e.Day >= 1 && e.Day <= 28 {
			return e, nil
		}
	}
	return e, fmt.Errorf("%q; %s", text, expectForms)
}

// Next is the first moment after t at which a file is due, before Grace; the
// zero time if none ever is. Times are those of Shanghai.
func (e Expect) Next(t time.Time) time.Time {
	t = t.In(aggregator.Shanghai)
	y, m, d := t.Date()
	at := func(day, hour int) time.Time {
		return time.Date(y, m, day, hour, e.Minute, 0, 0, aggregator.Shanghai)
	}
	var next time.Time
	switch e.Every {
	case "hour":
		if next = at(d, t.Hour()); !next.After(t) {
			next = at(d, t.Hour()+1)
		}
	case "day":
		if next = at(d, 0); !next.After(t) {
			next = at(d+1, 0)
		}
	case "month":
		if next = at(e.Day, 0); !next.After(t) {
			m++
			next = at(e.Day, 0)
		}
	}
	return next
}

// String is the form that a profile has.
func (e Expect) String() string {
	switch e.Every {
	case "hour":
		return fmt.Sprintf("hourly :%02d", e.Minute)
	case "day":
		return fmt.Sprintf("daily %02d:%02d", e.Minute/60, e.Minute%60)
	case "month":
		return fmt.Sprintf("monthly %d %02d:%02d", e.Day, e.Minute/60, e.Minute%60)
	}
	return e.Every
}
