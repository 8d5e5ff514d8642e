package oracle

import "time"

// Earlier are the times with which spans are compared, of a question over so many
// days: previous, month or year, by the same date, or with align weekday by the same
// day of the week. They have the labels of the spans that they go with.
func Earlier(spans []Span, compare, align string, days int) []Span {
	all := make([]Span, len(spans))
	for i, s := range spans {
		first, last := dayOf(s.fromHour*hourMs), s.lastDay
		var from, to string
		switch {
		case compare == "previous":
			from, to = before(first, days), before(last, days)
		case align == "weekday" && compare == "month":
			from, to = before(first, 28), before(last, 28)
		case align == "weekday":
			from, to = before(first, 364), before(last, 364)
		case compare == "month" && first[8:] == "01" && before(last, -1)[8:] == "01" && s.hours() >= 24:
			from, to = monthBefore(first), before(last[:8]+"01", 1) // whole months go with whole ones
		case compare == "month":
			from, to = monthBefore(first), monthBefore(last)
		default:
			from, to = yearBefore(first), yearBefore(last)
		}
		all[i] = Span{Label: s.Label, fromHour: midnight(from) / hourMs, toHour: midnight(to)/hourMs + 24, lastDay: to}
		if s.hours() == 1 {
			all[i].fromHour += s.fromHour - midnight(first)/hourMs
			all[i].toHour = all[i].fromHour + 1
		}
	}
	return all
}

func (s *Span) hours() int64 { return s.toHour - s.fromHour }

// monthBefore is the same day of the month before, or that one's last.
func monthBefore(day string) string {
	last := before(day[:8]+"01", 1)
	if same := last[:8] + day[8:]; same < last {
		return same
	}
	return last
}

// yearBefore is the same date a year before, 28 February for the 29th.
func yearBefore(day string) string {
	t := moment(midnight(day))
	if t.Month() == time.February && t.Day() == 29 {
		t = t.AddDate(0, 0, -1)
	}
	return t.AddDate(-1, 0, 0).Format("2006-01-02")
}

// Add is the place of a cell in Cells, made if nothing counts in it; ok is false if
// it names what the truth does not know.
func (s *Sheet) Add(c Cell) (n int, ok bool) {
	span, known := s.labels[c.Period]
	a, knownA := s.o.words.numbers[c.A]
	b, knownB := s.o.words.numbers[c.B]
	if !known || !knownA || !knownB {
		return 0, false
	}
	return int(s.cell(cellKey{span, a, b})), true
}

// Change is by how many percent of what was a figure differs from it.
func Change(now, was Value) Value {
	if !now.Known || !was.Known || was.Number == 0 {
		return Value{}
	}
	size := was.Number
	if size < 0 {
		size = -size
	}
	return Value{100 * (now.Number - was.Number) / size, true}
}
