package indicator

import (
	"bytes"
	_ "embed"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"

	"iptvdc/aggregator"
	"iptvdc/aggregator/store"
)

// Holidays is a list of public holidays, by year. It does not change.
type Holidays struct {
	all   []holiday
	years map[int]bool
}

// holiday is the free days of one holiday in one year.
type holiday struct {
	year               int
	id                 string
	title              Text
	first, feast, last aggregator.Day
}

// BuiltInHolidays is the text of the list that is in force unless UseHolidays
// puts another in its place: what ParseHolidays reads.
//
//go:embed holidays.csv
var BuiltInHolidays string

// holidays is the list in force.
var holidays = func() *atomic.Pointer[Holidays] {
	h, err := ParseHolidays(strings.NewReader(BuiltInHolidays))
	if err != nil {
		panic("indicator: holidays.csv: " + err.Error()) // one of the build, which the tests find
	}
	p := &atomic.Pointer[Holidays]{}
	p.Store(h)
	return p
}()

// UseHolidays puts a list in force, from the next question on. Safe for
// concurrent use.
func UseHolidays(h *Holidays) { holidays.Store(h) }

// HolidayOf names the holiday that a day lies in, by the list in force.
func HolidayOf(d aggregator.Day) (Text, bool) {
	h, ok := holidays.Load().of(d)
	return h.title, ok
}

// ParseHolidays reads CSV: a line of names, then a line a holiday and year with
// year, holiday, its names in Chinese and English, and its first free day, its
// feast and its last free day as 2026-02-17. The year is that of the feast. A day
// in two holidays of a year belongs to the one that comes first. Errors name the
// line and what is allowed.
func ParseHolidays(r io.Reader) (*Holidays, error) {
	text, err := io.ReadAll(r)
	if err != nil {
		return nil, err
	}
	rows := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(text, []byte("\xef\xbb\xbf")))) // spreadsheets write the mark
	rows.FieldsPerRecord = 7
	h := &Holidays{years: map[int]bool{}}
	for n := 0; ; n++ {
		row, err := rows.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("holidays: %w; a line has year, holiday, zh, en, first, feast and last", err)
		}
		if n == 0 {
			continue
		}
		line, _ := rows.FieldPos(0)
		day, err := parseHoliday(row)
		if err == nil && slices.ContainsFunc(h.all, func(o holiday) bool { return o.year == day.year && o.id == day.id }) {
			err = fmt.Errorf("%s of %d stands twice; each may stand once", day.id, day.year)
		}
		if err != nil {
			return nil, fmt.Errorf("holidays: line %d: %w", line, err)
		}
		h.all = append(h.all, day)
		h.years[day.year] = true
	}
	if len(h.all) == 0 {
		return nil, errors.New("holidays: there is none; a line has year, holiday, zh, en, first, feast and last")
	}
	return h, nil
}

// maxHolidayDays bounds a holiday: longer ones are slips of the pen.
const maxHolidayDays = 31

func parseHoliday(row []string) (holiday, error) {
	year, err := strconv.Atoi(row[0])
	if err != nil {
		return holiday{}, fmt.Errorf("%q is not a year", clip(row[0]))
	}
	h := holiday{year: year, id: strings.TrimSpace(row[1]), title: Text{strings.TrimSpace(row[2]), strings.TrimSpace(row[3])}}
	if h.id == "" {
		return holiday{}, errors.New("the holiday has no name")
	}
	for n, into := range []*aggregator.Day{&h.first, &h.feast, &h.last} {
		if *into, err = parseDay([]string{"first", "feast", "last"}[n], strings.TrimSpace(row[4+n])); err != nil {
			return holiday{}, err
		}
	}
	switch {
	case h.feast.Time().Year() != year:
		return holiday{}, fmt.Errorf("the feast of %s, %s, is not in %d", h.id, h.feast, year)
	case h.first > h.feast || h.feast > h.last || h.last-h.first >= maxHolidayDays:
		return holiday{}, fmt.Errorf("%s goes from %s over %s to %s; these must follow each other within %d days", h.id, h.first, h.feast, h.last, maxHolidayDays)
	}
	return h, nil
}

// of is the holiday that a day lies in.
func (h *Holidays) of(d aggregator.Day) (holiday, bool) {
	i := slices.IndexFunc(h.all, func(o holiday) bool { return d >= o.first && d <= o.last })
	if i < 0 {
		return holiday{}, false
	}
	return h.all[i], true
}

// before is the day a year earlier that d is compared with.
func (h *Holidays) before(d aggregator.Day) (aggregator.Day, error) {
	for _, year := range []int{d.Time().Year(), d.Time().Year() - 1} {
		if !h.years[year] {
			return 0, faultf("bad_align", "align: the list of holidays has none of %d; add that year to the file that the key holidays of the config names, or take align weekday", year)
		}
	}
	if now, ok := h.of(d); ok {
		i := slices.IndexFunc(h.all, func(o holiday) bool { return o.year == now.year-1 && o.id == now.id })
		if i < 0 {
			return 0, faultf("bad_align", "align: the list of holidays has no %s of %d; add it to the file that the key holidays of the config names, or take align weekday", now.id, now.year-1)
		}
		return h.all[i].feast + d - now.feast, nil
	}
	ordinary := d - yearOfWeeks
	for {
		if _, ok := h.of(ordinary); !ok {
			return ordinary, nil
		}
		ordinary -= 7
	}
}

// earlier is the days that first..last are compared with. They must lie together:
// a figure over days that do not, and count boxes once, is none.
func (h *Holidays) earlier(first, last aggregator.Day) (store.Span, error) {
	var s store.Span
	for d := first; d <= last; d++ {
		before, err := h.before(d)
		switch {
		case err != nil:
			return store.Span{}, err
		case d == first:
			s = store.Span{From: int32(before), To: int32(before) + 1}
		case int32(before) != s.To:
			return store.Span{}, faultf("bad_align", "align: with holidays, %s goes with %s but the day before it with %s, which do not lie together; ask by day, or for days of one holiday", d, before, aggregator.Day(s.To-1))
		default:
			s.To++
		}
	}
	return s, nil
}
