package store

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"iptvdc/aggregator"
	"iptvdc/aggregator/c3"
)

// TestLives: who had which number when. Numbers are letters; days are those of the
// month, a moment is day.hour, and * is from ever or for ever.
func TestLives(t *testing.T) {
	const allDays = "1 2 3 4 5 6 7 8 9"
	for _, c := range []struct {
		name, days string
		changes    string // old>new@moment
		shown      string // number:from-to
		begun      string // number@moment: opened
		want       string // subscribers, each its lives number:from-to in the order in which it took them
	}{
		{name: "a change", days: allDays, changes: "a>b@3.10", shown: "a:1-2 b:3-9", want: "a:*-* b:*-*"},
		{name: "told and shown", days: allDays, changes: "a>b@3.10 a>b@3.24", shown: "a:1-2 b:3-9", want: "a:*-* b:*-*"},
		{name: "given again, shown", days: allDays, changes: "a>b@3.24", shown: "a:1-2 b:3-9 a:6-9", want: "a:*-6.24 b:*-* | a:6.24-*"},
		{name: "given again, opened", days: allDays, changes: "a>b@3.10", begun: "a@5.8 a@7.8", want: "a:*-5.8 b:*-* | a:5.8-*"},
		{name: "opened at the very moment", days: allDays, changes: "a>b@3.10", begun: "a@3.10", want: "a:*-* b:*-*"},
		{name: "shown on, as by a file of yesterday's data", days: allDays, changes: "a>b@3.10", shown: "a:1-3 a:4-5 b:6-9", want: "a:*-* b:*-*"},
		{name: "shown again after a gap of files", days: "1 2 8 9", changes: "a>b@2.10", shown: "a:1-1 a:8-9 b:2-9", want: "a:*-8.24 b:*-* | a:8.24-*"},
		{name: "shown on over a gap of files", days: "1 2 8 9", changes: "a>b@2.10", shown: "a:1-2 a:8-9 b:8-9", want: "a:*-* b:*-*"},
		{name: "there and back", days: allDays, changes: "a>b@3.10 b>a@5.10", shown: "a:1-2 b:3-4 a:5-9", want: "a:*-5.10 b:*-* a:5.10-*"},
		{name: "two that change", days: allDays, changes: "a>b@3.10 b>a@3.10", want: "a:*-* b:*-*"},
		{name: "two lives, both changed", days: allDays, changes: "a>b@2.10 a>c@6.10", begun: "a@4.8", want: "a:*-4.8 b:*-* | a:4.8-* c:*-*"},
		{name: "a number taken from one that had it again", days: allDays, changes: "a>b@2.10 c>a@4.10 a>d@6.10", want: "a:*-4.10 b:*-* | c:*-* a:4.10-* d:*-*"},
	} {
		t.Run(c.name, func(t *testing.T) {
			first, err := aggregator.ParseDay("2026-05-01")
			if err != nil {
				t.Fatal(err)
			}
			start := first - 1
			day := func(s string) aggregator.Day {
				var n int
				fmt.Sscan(s, &n)
				return start + aggregator.Day(n)
			}
			moment := func(s string) int64 {
				d, h, _ := strings.Cut(s, ".")
				var n int64
				fmt.Sscan(h, &n)
				at := day(d).Start() + n*3_600_000
				if n == 24 {
					at-- // its last millisecond
				}
				return at
			}
			var days []aggregator.Day
			for _, d := range strings.Fields(c.days) {
				days = append(days, day(d))
			}
			var changes []NumberChange
			for _, s := range strings.Fields(c.changes) {
				changes = append(changes, NumberChange{Old: uint64(s[0]), New: uint64(s[2]), AtMs: moment(s[4:])})
			}
			var seen []Sighting
			for _, s := range strings.Fields(c.shown) {
				from, to, _ := strings.Cut(s[2:], "-")
				seen = append(seen, Sighting{From: day(from), To: day(to), SubscriberRow: SubscriberRow{Account: uint64(s[0])}})
			}
			var told []ChangeRow
			for _, s := range strings.Fields(c.begun) {
				told = append(told, ChangeRow{Account: uint64(s[0]), Op: c3.OpOpen, AtMs: moment(s[2:])})
			}
			name := func(ms int64) string {
				if ms < 0 || ms == Forever {
					return "*"
				}
				at := ms - start.Start()
				if (at+1)%86_400_000 == 0 {
					return fmt.Sprintf("%d.24", at/86_400_000)
				}
				return fmt.Sprintf("%d.%d", at/86_400_000, at%86_400_000/3_600_000)
			}
			write := func() string {
				lives := Lives(days, changes, seen, told)
				slices.SortStableFunc(lives, func(a, b Life) int { return a.Rank - b.Rank })
				of := map[uint64][]string{}
				for _, l := range lives {
					of[l.Root] = append(of[l.Root], fmt.Sprintf("%c:%s-%s", rune(l.Account), name(l.FromMs), name(l.ToMs)))
				}
				var all []string
				for _, of := range of {
					all = append(all, strings.Join(of, " "))
				}
				slices.Sort(all)
				return strings.Join(all, " | ")
			}
			want := strings.Split(c.want, " | ")
			slices.Sort(want)
			if got := write(); got != strings.Join(want, " | ") {
				t.Errorf("lives are %s, want %s", got, c.want)
			}
			slices.Reverse(changes)
			slices.Reverse(seen)
			if got := write(); got != strings.Join(want, " | ") {
				t.Errorf("in another order lives are %s, want %s", got, c.want)
			}
		})
	}
}
