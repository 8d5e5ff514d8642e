package c3

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"iptvdc/aggregator"
)

// Airing is what a Schedule says of a broadcast, or a ScheduleRecord of the
// recording of one.
type Airing struct {
	// Channel is the code of the channel, Physical that of the physical channel
	// of a record; "": a mapping must tell.
	Channel, Physical string
	// Programme is the code of what is broadcast; "": not told.
	Programme string
	StartMs   int64 // UTC milliseconds, whole seconds
	// DurationMs is at most MaxAiringMs and whole seconds; 0: not told.
	DurationMs int64
}

// MaxAiringMs is the longest broadcast.
const MaxAiringMs = aggregator.DayMs

var errStart = errors.New("no StartDate with StartTime, and no BeginTime, that is a time of the years 2000 to 2100")

// ParseAiring reads the properties of a Schedule or a ScheduleRecord. Times are
// those of Asia/Shanghai, also if they end with Z or an offset: senders mean the
// local time. A start is StartDate and StartTime (yyyyMMdd, HHmmss), or BeginTime
// alone, with or without separators; hours up to 29 are those after midnight. A
// length is Duration (HHmmss, HHmmssff, H:mm:ss), else what lies up to EndTime;
// one that cannot be read, or is longer than MaxAiringMs, is not told. The error is
// that there is no start.
func ParseAiring(all []Property) (Airing, error) {
	a := Airing{
		Channel: either(all, "ChannelCode", "ChannelID"), Physical: Get(all, "PhysicalChannelID"),
		Programme: either(all, "ObjectCode", "ProgramCode", "ProgramID"),
	}
	day := digits(Get(all, "StartDate"), 8)
	start, ok := moment(day, Get(all, "StartTime"))
	if !ok {
		start, ok = moment(day, Get(all, "BeginTime"))
	}
	if !ok {
		return Airing{}, errStart
	}
	a.StartMs = start
	a.DurationMs, ok = length(Get(all, "Duration"))
	if !ok {
		if day = digits(Get(all, "EndDate"), 8); day == "" {
			day = time.UnixMilli(start).In(aggregator.Shanghai).Format("20060102")
		}
		if end, told := moment(day, Get(all, "EndTime")); told {
			if end <= start {
				end += aggregator.DayMs
			}
			a.DurationMs = end - start
		}
	}
	if a.DurationMs < 0 || a.DurationMs > MaxAiringMs {
		a.DurationMs = 0
	}
	return a, nil
}

func either(all []Property, names ...string) string {
	for _, name := range names {
		if v := strings.TrimSpace(Get(all, name)); v != "" {
			return v
		}
	}
	return ""
}

// digits returns the first n digits of a text without its separators; "" if it
// has fewer.
func digits(text string, n int) string {
	var b strings.Builder
	for _, r := range text {
		if r >= '0' && r <= '9' && b.Len() < n {
			b.WriteRune(r)
		}
	}
	if b.Len() < n {
		return ""
	}
	return b.String()
}

// moment reads a time of the day (six digits, four without seconds), or a date
// and a time in one, whose date then holds.
func moment(day, text string) (ms int64, ok bool) {
	text = strings.TrimSpace(text)
	clock := ""
	switch n := count(text); {
	case n >= 12:
		day = digits(text, 8)
		clock = digits(text, min(n, 14))[8:]
	case n == 6 || n == 4:
		clock = digits(text, n)
	case n == 5 || n == 3: // 8:05, or a leading zero that a spreadsheet took
		clock = "0" + digits(text, n)
	}
	if len(clock) < 6 && clock != "" {
		clock = (clock + "00")[:6]
	}
	var year, month, date, h, m, s int
	if len(day) != 8 || len(clock) != 6 {
		return 0, false
	}
	if _, err := fmt.Sscanf(day+clock, "%4d%2d%2d%2d%2d%2d", &year, &month, &date, &h, &m, &s); err != nil {
		return 0, false
	}
	at := time.Date(year, time.Month(month), date, 0, 0, 0, 0, aggregator.Shanghai)
	if year < 2000 || year > 2100 || at.Day() != date || int(at.Month()) != month || h > 29 || m > 59 || s > 59 {
		return 0, false
	}
	return at.Add(time.Duration(h)*time.Hour + time.Duration(m)*time.Minute + time.Duration(s)*time.Second).UnixMilli(), true
}

// count is how many digits a time has before its zone or its fraction.
func count(text string) (n int) {
	for i, r := range text {
		switch {
		case r >= '0' && r <= '9':
			n++
		case r == '.' || r == '+' || r == '-' && i > 10:
			return n
		}
	}
	return n
}

func length(text string) (ms int64, ok bool) {
	text = strings.TrimSpace(text)
	d := ""
	switch n := count(text); n {
	case 6, 8:
		d = digits(text, n)[:6]
	case 5: // 1:05:00, or without its leading zero
		d = "0" + digits(text, n)
	}
	var h, m, s int64
	if _, err := fmt.Sscanf(d, "%2d%2d%2d", &h, &m, &s); err != nil || m > 59 || s > 59 {
		return 0, false
	}
	ms = (h*3600 + m*60 + s) * 1000
	return ms, ms > 0
}
