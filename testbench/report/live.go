package report

import (
	"fmt"
	"io"
	"math"
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/term"
)

const (
	redraw      = 250 * time.Millisecond // at most 4 times a second
	mostHistory = 256
)

// Live shows a run while it plays. On a terminal it draws a few lines in place;
// elsewhere it writes one line for each call, as
//
//	12s  2026-11-23 18:05:11  boxes 195/200  events 1234  acked 1200  pending 34  ack p99 120 ms  faults: cut
//
// with the phase after pending unless it is "playing", faults only while there
// are any, and "trouble: ..." at the end when it is new. NO_COLOR and
// TERM=dumb are respected. Safe for concurrent use. Errors of writing are not
// reported: a terminal that is gone must not end the run.
type Live struct {
	title string
	color bool
	size  func() (width, height int) // nil: plain lines

	mu      sync.Mutex
	out     io.Writer
	last    Sample
	shown   bool
	history []Sample // about one a second
	faults  []Fault
	trouble string // the last that was said

	drawn   []int // columns of the lines on the screen
	drawnAt time.Time
	pending *time.Timer // draws what came too soon after the last drawing
	closed  bool
}

// NewLive begins to show; out is a terminal or anything else.
func NewLive(out io.Writer, title string) *Live {
	l := &Live{out: out, title: clean(title), color: os.Getenv("NO_COLOR") == ""}
	if f, ok := out.(*os.File); ok && term.IsTerminal(int(f.Fd())) && os.Getenv("TERM") != "dumb" {
		l.size = func() (int, int) {
			width, height, err := term.GetSize(int(f.Fd()))
			if err != nil || width <= 0 || height <= 0 {
				return 80, 24
			}
			return width, height
		}
	}
	return l
}

// Show shows how the run stands. Nothing is shown after Close.
func (l *Live) Show(s Sample) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return
	}
	l.last, l.shown = s, true
	if n := len(l.history); n == 0 || s.AtMs-l.history[n-1].AtMs >= 950 {
		if n == mostHistory {
			l.history = append(l.history[:0], l.history[1:]...)
		}
		l.history = append(l.history, s)
	}
	if l.size != nil {
		l.drawSoon()
		return
	}
	fresh := s.Trouble != "" && s.Trouble != l.trouble
	l.trouble = s.Trouble
	fmt.Fprintln(l.out, plainLine(&s, fresh))
}

// Fault shows a fault: once when it begins, and again, with the same kind and
// beginning, when its proof is known.
func (l *Live) Fault(f Fault) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return
	}
	if l.size == nil {
		fmt.Fprintln(l.out, faultLine(&f))
		return
	}
	for i := range l.faults {
		if l.faults[i].Kind == f.Kind && l.faults[i].FromMs == f.FromMs {
			l.faults = append(l.faults[:i], l.faults[i+1:]...)
			break
		}
	}
	l.faults = append(l.faults, f)
	l.drawSoon()
}

// Close draws the last state and gives the terminal back: the cursor is seen,
// below the last line. A second Close does nothing.
func (l *Live) Close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return
	}
	l.closed = true
	if l.pending != nil {
		l.pending.Stop()
	}
	if l.size != nil && (l.shown || len(l.faults) > 0) {
		l.draw()
		io.WriteString(l.out, "\x1b[?25h")
	}
}

func plainLine(s *Sample, trouble bool) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%7s  %s  boxes %d/%d  events %d  acked %d  pending %d",
		seconds(s.AtMs), simulated(s.SimulatedMs), s.Connected, s.Boxes, s.Recorded, s.Acked, s.Pending)
	if s.Phase != "" && s.Phase != "playing" {
		fmt.Fprintf(&b, "  %s", clean(s.Phase))
	}
	fmt.Fprintf(&b, "  ack p99 %s ms", digits(math.Round(s.AckP99Ms*10)/10))
	if len(s.InForce) > 0 {
		fmt.Fprintf(&b, "  faults: %s", clean(strings.Join(s.InForce, ", ")))
	}
	if trouble {
		fmt.Fprintf(&b, "  trouble: %s", clean(s.Trouble))
	}
	return b.String()
}

func faultLine(f *Fault) string {
	line := fmt.Sprintf("%7s  fault %s", seconds(f.FromMs), clean(f.Kind))
	if f.ToMs > f.FromMs {
		line += fmt.Sprintf("  until %s", seconds(f.ToMs))
	}
	if f.Proof != "" {
		line += "  proof: " + clean(f.Proof)
	}
	return line
}

// drawSoon draws now or when redraw has passed since the last time.
func (l *Live) drawSoon() {
	wait := redraw - time.Since(l.drawnAt)
	switch {
	case wait <= 0:
		l.draw()
	case l.pending == nil:
		l.pending = time.AfterFunc(wait, func() {
			l.mu.Lock()
			defer l.mu.Unlock()
			l.pending = nil
			if !l.closed {
				l.draw()
			}
		})
	}
}

// draw replaces what stands on the screen. A line never reaches the last
// column, so that none wraps; if the window became narrower since, the lines of
// the last time have wrapped and take more rows.
func (l *Live) draw() {
	width, height := l.size()
	lines := l.picture(max(width-1, 1))
	lines = lines[:min(len(lines), max(height-1, 1))]
	var b strings.Builder
	b.WriteString("\x1b[?25l\r")
	up := 0
	for _, columns := range l.drawn {
		up += max((columns+width-1)/width, 1)
	}
	if up = min(up, height-1); up > 0 {
		fmt.Fprintf(&b, "\x1b[%dA", up)
	}
	b.WriteString("\x1b[J")
	l.drawn = l.drawn[:0]
	for _, line := range lines {
		b.WriteString(line.paint(l.color))
		b.WriteString("\r\n")
		l.drawn = append(l.drawn, line.width())
	}
	l.drawnAt = time.Now()
	io.WriteString(l.out, b.String())
}
