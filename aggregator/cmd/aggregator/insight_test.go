package main

import (
	"bytes"
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"iptvdc/aggregator"
	"iptvdc/aggregator/insight"
	"iptvdc/aggregator/store"
)

// The commands of insight, against the real program: a question, a rule made,
// judged, told of and removed.
func TestInsightCommands(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	g := start(t, data)
	today := aggregator.DayOf(time.Now().UnixMilli())
	block := &store.Block{ID: [16]byte{1}}
	for days, times := range map[int]int{0: 1, 2: 30, 9: 60} {
		for n := range times {
			at := (today - aggregator.Day(days)).Start() + int64(n)
			block.Powers = append(block.Powers, store.Power{On: true, Stamp: store.Stamp{Province: 33, City: 3301, Box: 1, Boot: 1, MonoMs: int64(1000*days + n), Clock: 3, AtMs: at}})
		}
	}
	if _, err := g.p.store.Insert(t.Context(), block); err != nil {
		t.Fatal(err)
	}
	until(t, "closed", func() bool {
		ms, dirty, err := g.p.store.AsOf(context.Background())
		return err == nil && ms > 0 && dirty == 0
	})
	run := func(args ...string) (string, error) {
		t.Helper()
		var out, logs bytes.Buffer
		root := newRoot(&out, &logs)
		root.SetArgs(append([]string{"insight"}, args...))
		err := root.ExecuteContext(t.Context())
		return out.String(), err
	}
	f := func(says string, args ...string) {
		t.Helper()
		out, err := run(append(args, "--data", data, "--url", g.p.PageURL())...)
		if err != nil || !strings.Contains(out, says) {
			t.Errorf("%q: %q %v, lacks %q", args, out, err, says)
		}
	}
	day := (today - 2).String()
	f("Power-ons fell from 60 to 30", "movers", "--indicator", "power_ons", "--from", day, "--to", day, "--lang", "en")
	f("开机次数由 60 降至 30", "movers", "--indicator", "power_ons", "--from", day, "--to", day, "--lang", "zh")
	f(`"indicator":"power_ons"`, "movers", "--indicator", "power_ons", "--json")
	f("Nothing to compare", "posters", "--lang", "en")
	f("0 contents", "positions", "--lang", "en")
	f("Nothing to compare", "taste", "--by", "channel", "--lang", "en")
	f("Nothing to compare", "offer", "--lang", "en")
	f("figures of provinces judged", "anomalies", "--lang", "en")
	f("Nobody to judge", "risk", "--lang", "en")
	f(`"classes":`, "risk", "--level", "city", "--json")
	f("No such account", "risk", "--list", "--class", "high", "--lang", "en")
	f("没有符合条件的用户", "risk", "--list", "--lang", "zh")
	f("Fewer than ten accounts", "risk", "--departures", "--before", "14", "--lang", "en")
	f("There are no rules", "alerts")
	f("rule 1", "rule", "--indicator", "power_ons", "--kind", "below", "--level", "40")
	// Judged as if it were seven in the morning of the day after.
	w := &insight.Watcher{Figures: g.p.store, Book: g.p.settings, Log: g.p.log, Now: func() time.Time { return (today - 1).Time().Add(7 * time.Hour) }}
	if err := w.Round(t.Context()); err != nil {
		t.Fatal(err)
	}
	f("fires in 33", "alerts")
	f(fmt.Sprintf("%s  rule 1  Zhejiang, %s", day, day), "alerts", "--lang", "en")
	if text := g.ask("GET", "/metrics", "", nil); !strings.Contains(text, "iptv_insight_firing ") || !strings.Contains(text, "iptv_insight_failures_total 0") {
		t.Error("the metrics do not tell of alerts")
	}
	f("removed", "unrule", "1")
	f("There are no rules", "alerts")

	g2 := func(says string, args ...string) {
		t.Helper()
		if out, err := run(args...); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: %q %v, want %q", args, out, err, says)
		}
	}
	g2("--class does not go with this question; it takes --day", "risk", "--class", "high", "--data", data)
	g2("none of the others can be", "risk", "--list", "--departures", "--data", data)
	g2(`there is no "all"`, "risk", "--list", "--class", "all", "--data", data, "--url", g.p.PageURL())
	g2("is not the number of a rule", "unrule", "x", "--data", data)
	g2("no rule 1", "unrule", "1", "--data", data, "--url", g.p.PageURL())
	g2(`there is no "moons"`, "movers", "--indicator", "moons", "--data", data, "--url", g.p.PageURL())
	g2("92 days", "posters", "--from", "2020-01-01", "--data", data, "--url", g.p.PageURL())
	g2("no aggregator has been started", "posters", "--data", t.TempDir())
}
