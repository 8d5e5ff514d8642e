package main

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"text/tabwriter"
	"time"
)

// steps adds up what the statements of closings take. A statement that runs for
// several hours or tables is one: its numbers are left out. nil adds up nothing.
type steps struct {
	clock time.Time
	cpu   time.Duration
	all   map[string]*step
}

type step struct {
	statement  string
	n          int
	clock, cpu time.Duration
}

// begin forgets what was, and starts counting.
func (s *steps) begin() {
	if s != nil {
		*s = steps{time.Now(), cpuTime(), map[string]*step{}}
	}
}

var (
	space   = regexp.MustCompile(`\s+`)
	numbers = regexp.MustCompile(`\b\d{4,}\b`)
)

const shownStatement = 110 // bytes

// told is duckdb.Options.Step.
func (s *steps) told(statement string) {
	now, cpu := time.Now(), cpuTime()
	name := numbers.ReplaceAllString(space.ReplaceAllString(statement, " "), "N")
	name = name[:min(len(name), shownStatement)]
	if s.all == nil { // of what was closed before anybody began
		s.all = map[string]*step{}
	}
	one := s.all[name]
	if one == nil {
		one = &step{statement: name}
		s.all[name] = one
	}
	one.n++
	one.clock += now.Sub(s.clock)
	one.cpu += cpu - s.cpu
	s.clock, s.cpu = now, cpu
}

// text tells what a closing's statements took, each as the mean of so many rounds, the
// dearest first.
func (s *steps) text(out io.Writer, what string, rounds int) {
	if s == nil {
		return
	}
	all := slices.SortedFunc(maps.Values(s.all), func(a, b *step) int {
		return cmp.Or(cmp.Compare(b.cpu, a.cpu), cmp.Compare(a.statement, b.statement))
	})
	fmt.Fprintf(out, "\n%s, mean of %d, milliseconds\n", what, rounds)
	tw := tabwriter.NewWriter(out, 2, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(tw, "cpu\tclock\ttimes\t\tstatement")
	for _, one := range all {
		fmt.Fprintf(tw, "%.1f\t%.1f\t%d\t\t%s\n", float64(one.cpu.Microseconds())/1000/float64(rounds), float64(one.clock.Microseconds())/1000/float64(rounds), one.n/rounds, one.statement)
	}
	_ = tw.Flush() // the terminal's own affair
}
