package report

import (
	"fmt"
	"math"
	"strings"
)

// piece is text of one look; look is an SGR code, empty for none.
type piece struct{ look, text string }

const (
	bold   = "1"
	dim    = "2"
	green  = "32"
	yellow = "33"
	alarm  = "1;7;31"
)

// row is one line of the screen.
type row []piece

func (r row) width() int {
	n := 0
	for _, p := range r {
		n += widthOf(p.text)
	}
	return n
}

func (r row) paint(color bool) string {
	var b strings.Builder
	for _, p := range r {
		if !color || p.look == "" || p.text == "" {
			b.WriteString(p.text)
			continue
		}
		fmt.Fprintf(&b, "\x1b[%sm%s\x1b[0m", p.look, p.text)
	}
	return b.String()
}

// fit cuts a row to so many columns.
func (r row) fit(width int) row {
	for i := range r {
		r[i].text = cut(r[i].text, width)
		width -= widthOf(r[i].text)
	}
	return r
}

// picture is the run in rows of at most so many columns, what matters first.
func (l *Live) picture(width int) []row {
	s := &l.last
	look := green
	if s.Phase != "playing" {
		look = yellow
	}
	rows := []row{{{bold, l.title}, {"", "  "}, {look, clean(s.Phase)}}}
	if l.shown {
		base := l.base()
		rows = append(rows,
			row{{"", simulated(s.SimulatedMs)}, {dim, " simulated  "}, {"", seconds(s.AtMs).String()}, {dim, " real"}},
			boxesRow(s, width),
			row{{dim, "events    "}, {"", fmt.Sprintf("recorded %s (%s/s)  acked %s (%s/s)  pending %s", grouped(s.Recorded), rate(s.Recorded, base.Recorded, s, base),
				grouped(s.Acked), rate(s.Acked, base.Acked, s, base), grouped(s.Pending))}},
			row{{dim, "batches   "}, {"", fmt.Sprintf("%s (%s/s)  %s bytes/event  connections lost %s  evicted %s", grouped(s.Sent), rate(s.Sent, base.Sent, s, base),
				orNone(s.perEvent(), digits), grouped(s.Losses), grouped(s.Evicted))}},
			row{{dim, "ack       "}, {"", fmt.Sprintf("p50 %s  p99 %s  max %s", orNone(known(s.AckP50Ms), latency), orNone(known(s.AckP99Ms), latency), orNone(known(s.AckMaxMs), latency))}},
			row{{dim, "memory    "}, {"", fmt.Sprintf("fleet %s  aggregator %s", orNone(known(float64(s.FleetBytes)), bytesText), orNone(known(float64(s.CentreBytes)), bytesText))}},
			l.sparkRow(width),
		)
	}
	rows = append(rows, l.faultRows()...)
	if s.Trouble != "" {
		rows = append(rows, row{{dim, "trouble   "}, {yellow, clean(s.Trouble)}})
	}
	for i := range rows {
		rows[i] = rows[i].fit(width)
	}
	return rows
}

func orNone(v float64, text func(float64) string) string {
	if !finite(v) {
		return "–"
	}
	return text(v)
}

// base is the latest sample that is at least a second older than the last.
func (l *Live) base() *Sample {
	for i := len(l.history) - 1; i >= 0; i-- {
		if l.last.AtMs-l.history[i].AtMs >= 950 {
			return &l.history[i]
		}
	}
	return &l.last
}

// rate is how fast a counter rose from one sample to the next.
func rate(now, then uint64, s, base *Sample) string {
	dt := s.AtMs - base.AtMs
	if dt <= 0 || now < then {
		return "–"
	}
	return short(math.Round(float64(now-then) / float64(dt) * 1000))
}

// boxesRow is a bar of the boxes: connected, waiting.
func boxesRow(s *Sample, width int) row {
	text := fmt.Sprintf(" %d/%d connected, %d waiting", s.Connected, s.Boxes, max(s.Boxes-s.Connected, 0))
	if s.Agents > 0 {
		text += fmt.Sprintf(" (%d agents)", s.Agents)
	}
	room := min(max(width-10-len(text), 0), 40)
	full := 0
	if s.Boxes > 0 {
		full = int(float64(room) * min(max(float64(s.Connected)/float64(s.Boxes), 0), 1))
	}
	return row{{dim, "boxes     "}, {green, strings.Repeat("█", full)}, {yellow, strings.Repeat("░", room-full)}, {"", text}}
}

// sparkRow shows acked events a second, the latest at the right.
func (l *Live) sparkRow(width int) row {
	const marks = "▁▂▃▄▅▆▇█"
	var rates []float64
	most := 0.0
	for i := 1; i < len(l.history); i++ {
		a, b := &l.history[i-1], &l.history[i]
		v := 0.0
		if b.Acked > a.Acked && b.AtMs > a.AtMs {
			v = float64(b.Acked-a.Acked) / float64(b.AtMs-a.AtMs) * 1000
		}
		rates = append(rates, v)
	}
	rates = rates[max(len(rates)-max(min(width-24, 60), 0), 0):]
	for _, v := range rates {
		most = max(most, v)
	}
	var b strings.Builder
	for _, v := range rates {
		level := 0
		if most > 0 {
			level = int(v / most * 7)
		}
		b.WriteString(string([]rune(marks)[level]))
	}
	return row{{dim, "acked/s   "}, {green, b.String()}, {dim, " max " + short(math.Round(most))}}
}

// faultRows names the faults in force and the last three with their proof.
func (l *Live) faultRows() []row {
	var rows []row
	if len(l.last.InForce) > 0 {
		r := row{{dim, "in force  "}}
		for _, kind := range l.last.InForce {
			r = append(r, piece{alarm, " " + clean(kind) + " "}, piece{"", " "})
		}
		rows = append(rows, r)
	}
	for _, f := range l.faults[max(len(l.faults)-3, 0):] {
		rows = append(rows, row{{dim, "fault     "}, {"", strings.TrimSpace(strings.Replace(faultLine(&f), "fault ", "", 1))}})
	}
	return rows
}
