package store

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"iptvdc/aggregator"
	"iptvdc/aggregator/c3"
)

// TestBook runs testdata/book/*.txt: one subscriber each, what the province's
// files say of it and the book that follows. The first of them explains the
// words.
func TestBook(t *testing.T) {
	files, err := filepath.Glob("testdata/book/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("no scripts", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			s := parseScript(t, string(text))
			spans, flows := Fold(s.days, s.seen, s.changes)
			got := append(s.writeSpans(spans), s.writeFlows(flows)...)
			if !slices.Equal(got, s.want) {
				t.Errorf("the book is\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(s.want, "\n"))
			}
			if err := balanced(spans, flows); err != nil {
				t.Error(err)
			}
		})
	}
}

// script is a book's input and what is wanted, in canonical lines.
type script struct {
	days    []aggregator.Day
	seen    []Sighting
	changes []ChangeRow
	want    []string
	names   []string // of numbers, boxes and products; the key is the index + 1
}

var (
	stateWords  = []string{"gone", "pre", "active", "suspended", "cancelled"}
	reasonWords = []string{"", "arrears", "voluntary", "admin"}
	opWords     = []string{"", "open", "suspend", "resume", "cancel", "number", "move-in", "move-out", "box", "plan", "city"}
	flowWords   = []string{"none", "opening", "new", "resumed", "moved-in", "suspended", "cancelled", "moved-out",
		"suspended-cancelled", "suspended-moved-out", "suspended-moved-in", "relocated-out", "relocated-in"}
)

func parseScript(t *testing.T, text string) *script {
	t.Helper()
	s := &script{}
	for line := range strings.Lines(text) {
		line, _, _ = strings.Cut(line, "#")
		word, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		f := strings.Fields(rest)
		switch word {
		case "":
		case "full":
			s.full(t, f)
		case "change":
			s.changes = append(s.changes, s.change(t, f))
		case "stands", "flow":
			s.want = append(s.want, word+" "+strings.Join(f, " "))
		default:
			t.Fatalf("what is %q?", line)
		}
	}
	return s
}

func (s *script) key(name string) uint64 {
	if name == "" {
		return 0
	}
	i := slices.Index(s.names, name)
	if i < 0 {
		s.names, i = append(s.names, name), len(s.names)
	}
	return uint64(i + 1)
}

func (s *script) name(key uint64) string {
	if key == 0 {
		return ""
	}
	return s.names[key-1]
}

func ms(t *testing.T, text string) int64 {
	t.Helper()
	if text == "" {
		return 0
	}
	for _, layout := range []string{"2006-01-02", "2006-01-02/15:04", "2006-01-02/15:04:05.000"} {
		if at, err := time.ParseInLocation(layout, text, aggregator.Shanghai); err == nil {
			return at.UnixMilli()
		}
	}
	t.Fatalf("%q is no time", text)
	return 0
}

func moment(ms int64) string {
	if ms == Forever {
		return "..."
	}
	at := time.UnixMilli(ms).In(aggregator.Shanghai)
	if ms%60_000 == 0 {
		return at.Format("2006-01-02/15:04")
	}
	return at.Format("2006-01-02/15:04:05.000")
}

// values reads a=1 b=2.
func values(f []string) func(string) string {
	return func(name string) string {
		for _, w := range f {
			if v, ok := strings.CutPrefix(w, name+"="); ok {
				return v
			}
		}
		return ""
	}
}

func city(t *testing.T, text string) aggregator.City {
	t.Helper()
	var c aggregator.City
	if _, err := fmt.Sscanf(text, "%d", &c); text != "" && err != nil {
		t.Fatalf("%q is no city", text)
	}
	return c
}

// full adds a full file: its day, and what it shows.
func (s *script) full(t *testing.T, f []string) {
	t.Helper()
	day := aggregator.DayOf(ms(t, f[0]))
	var prev aggregator.Day
	if len(s.days) > 0 {
		prev = s.days[len(s.days)-1]
	}
	s.days = append(s.days, day)
	v := values(f)
	var row SubscriberRow
	if shows := len(f) > 1; shows {
		state := slices.Index(stateWords, f[1])
		if state < 0 {
			t.Fatalf("what is %q?", f[1])
		}
		row = SubscriberRow{Account: s.key(v("number")), State: c3.State(state), Reason: c3.Reason(slices.Index(reasonWords, v("why"))), City: city(t, v("city")),
			OpenMs: ms(t, v("opened")), SuspendMs: ms(t, v("suspended")), CancelMs: ms(t, v("cancelled")),
			Product: s.key(v("product")), STB: s.key(v("box")), Net: s.key(v("net"))}
	}
	// What it shows goes on, or another sighting begins.
	goesOn := false
	for i := range s.seen {
		x := &s.seen[i]
		switch {
		case x.To != Lasting:
		case len(f) > 1 && x.SubscriberRow == row:
			goesOn = true
		default:
			x.To = prev
		}
	}
	if len(f) > 1 && !goesOn {
		s.seen = append(s.seen, Sighting{From: day, To: Lasting, Rank: int(row.Account), SubscriberRow: row})
	}
}

func (s *script) change(t *testing.T, f []string) ChangeRow {
	t.Helper()
	v := values(f)
	op := slices.Index(opWords, f[1])
	if op <= 0 {
		t.Fatalf("what is %q?", f[1])
	}
	return ChangeRow{AtMs: ms(t, f[0]), Op: c3.Op(op), Account: s.key(v("number")), Reason: c3.Reason(slices.Index(reasonWords, v("why"))),
		City: city(t, v("city")), Old: s.key(v("old")), New: s.key(v("new"))}
}

func (s *script) writeSpans(spans []Standing) (lines []string) {
	for i, x := range spans {
		line := "stands " + moment(x.FromMs) + " " + stateWords[x.State]
		for _, w := range []struct{ name, value string }{{"why", reasonWords[x.Reason]}, {"city", ""}, {"product", s.name(x.Product)}, {"box", s.name(x.STB)}, {"net", s.name(x.Net)}} {
			if w.name == "city" && x.City != 0 {
				w.value = fmt.Sprint(x.City)
			}
			if w.value != "" {
				line += " " + w.name + "=" + w.value
			}
		}
		lines = append(lines, line)
		if x.ToMs != Forever && (i+1 == len(spans) || spans[i+1].FromMs != x.ToMs) {
			lines = append(lines, "stands "+moment(x.ToMs)+" gone")
		}
	}
	return lines
}

func (s *script) writeFlows(flows []Flow) (lines []string) {
	for _, x := range flows {
		line := "flow " + moment(x.AtMs) + " " + flowWords[x.Kind]
		if x.City != 0 {
			line += fmt.Sprintf(" city=%d", x.City)
		}
		if x.Shown {
			line += " shown"
		}
		lines = append(lines, line)
	}
	return lines
}

// balanced checks what every book must keep.
func balanced(spans []Standing, flows []Flow) error {
	for i, s := range spans {
		if s.FromMs >= s.ToMs || i > 0 && s.FromMs < spans[i-1].ToMs {
			return fmt.Errorf("standing %d is %+v, after %+v", i, s, spans[max(0, i-1)])
		}
		if s.State == c3.StateUnknown {
			return fmt.Errorf("standing %d says nothing: %+v", i, s)
		}
	}
	if !slices.IsSortedFunc(flows, func(a, b Flow) int { return int(max(-1, min(1, a.AtMs-b.AtMs))) }) {
		return fmt.Errorf("flows are not by time: %+v", flows)
	}
	var moments []int64
	for _, s := range spans {
		moments = append(moments, s.FromMs-1, s.FromMs, s.ToMs-1)
		if s.ToMs != Forever {
			moments = append(moments, s.ToMs)
		}
	}
	for _, f := range flows {
		moments = append(moments, f.AtMs-1, f.AtMs)
	}
	for _, at := range moments {
		active, sum := 0, 0
		for _, s := range spans {
			if s.State == c3.StateActive && s.FromMs <= at && at < s.ToMs {
				active++
			}
		}
		for _, f := range flows {
			if f.AtMs > at {
				continue
			}
			switch f.Kind {
			case FlowOpening, FlowNew, FlowResumed, FlowMovedIn, FlowRelocatedIn:
				sum++
			case FlowSuspended, FlowCancelled, FlowMovedOut, FlowRelocatedOut:
				sum--
			}
		}
		if active != sum {
			return fmt.Errorf("at %s %d are active, flows say %d\n%+v\n%+v", moment(at), active, sum, spans, flows)
		}
	}
	return nil
}

// Whatever comes, a book is in order, is balanced, and is the same in whatever
// order its parts come.
func TestBookHolds(t *testing.T) {
	day := aggregator.Day(20_600)
	rapid.Check(t, func(t *rapid.T) {
		var days []aggregator.Day
		for d := range aggregator.Day(8) {
			if rapid.Bool().Draw(t, "full") {
				days = append(days, day+d)
			}
		}
		at := rapid.Custom(func(t *rapid.T) int64 {
			d := day + aggregator.Day(rapid.IntRange(-2, 9).Draw(t, "day"))
			return d.Start() + rapid.SampledFrom([]int64{0, 1, 3600_000, aggregator.DayMs - 1}).Draw(t, "ms")
		})
		key := rapid.Uint64Range(0, 2)
		cities := rapid.SampledFrom([]aggregator.City{0, 3301, 3302})
		var seen []Sighting
		for account := range rapid.IntRange(0, 2).Draw(t, "numbers") {
			for i := 0; i < len(days); {
				to := rapid.IntRange(i, len(days)-1).Draw(t, "to")
				if rapid.Bool().Draw(t, "shown") {
					last := days[to]
					if to == len(days)-1 {
						last = Lasting
					}
					seen = append(seen, Sighting{From: days[i], To: last, Rank: account, SubscriberRow: SubscriberRow{Account: uint64(account + 1),
						State: c3.State(rapid.IntRange(1, 4).Draw(t, "state")), Reason: c3.Reason(rapid.IntRange(0, 2).Draw(t, "why")), City: cities.Draw(t, "city"),
						OpenMs: at.Draw(t, "open"), SuspendMs: at.Draw(t, "suspend"), CancelMs: at.Draw(t, "cancel"),
						Product: key.Draw(t, "product"), STB: key.Draw(t, "box")}})
				}
				i = to + 1
			}
		}
		changes := rapid.SliceOfNDistinct(rapid.Custom(func(t *rapid.T) ChangeRow {
			return ChangeRow{Account: key.Draw(t, "number"), Op: c3.Op(rapid.IntRange(1, 10).Draw(t, "op")), AtMs: at.Draw(t, "at"),
				Reason: c3.Reason(rapid.IntRange(0, 2).Draw(t, "why")), City: cities.Draw(t, "city"), New: key.Draw(t, "new")}
		}), 0, 6, func(c ChangeRow) ChangeRow { c.Reason, c.City = 0, 0; return c }).Draw(t, "changes")

		spans, flows := Fold(days, seen, changes)
		if err := balanced(spans, flows); err != nil {
			t.Fatal(err)
		}
		mixed, told := slices.Clone(seen), slices.Clone(changes)
		slices.Reverse(mixed)
		slices.Reverse(told)
		again, flowsAgain := Fold(days, mixed, told)
		if !slices.Equal(again, spans) || !slices.Equal(flowsAgain, flows) {
			t.Fatalf("in another order\n%+v\n%+v, before\n%+v\n%+v", again, flowsAgain, spans, flows)
		}
		for _, d := range days { // a full file is right at the end of its day
			f := fold{days: days, seen: seen}
			want, got := c3.StateUnknown, c3.StateUnknown
			if s := f.shown(d); s != nil {
				want = s.State
			}
			for _, s := range spans {
				if s.FromMs < endOf(d) && endOf(d) <= s.ToMs {
					got = s.State
				}
			}
			if got != want && !(want == c3.StateUnknown && got == c3.StateCancelled) {
				t.Fatalf("at the end of %v the state is %v, the file says %v\n%+v\n%+v", d, got, want, seen, spans)
			}
		}
	})
}
