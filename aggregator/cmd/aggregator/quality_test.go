package main

import (
	"context"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"iptvdc/aggregator"
	"iptvdc/aggregator/c3"
	"iptvdc/aggregator/monitoring"
	"iptvdc/aggregator/store"
)

// Every alert is about a metric that is told.
func TestAlertsNameMetrics(t *testing.T) {
	var told []string
	for _, p := range parts {
		told = append(told, p.name)
	}
	names := regexp.MustCompile(`\biptv_[a-z0-9_]+`).FindAllString(monitoring.Alerts, -1)
	if len(names) < 8 {
		t.Fatalf("only %d metrics in the alerts", len(names))
	}
	for _, name := range names {
		if !slices.Contains(told, name) {
			t.Errorf("there is no %s", name)
		}
	}
}

// What a file leaves is in the metrics and in the API of the real program.
func TestQualityOfAFile(t *testing.T) {
	g := start(t, filepath.Join(t.TempDir(), "data"))
	day := aggregator.DayOf(time.Now().UnixMilli()) - 1
	ctx := context.Background()
	st, err := g.p.store.Stage(ctx, store.File{ID: [16]byte{1}, Province: 33, Feed: c3.FeedSubscribers, Name: "users.txt", Day: day, VersionMs: 1, ReceivedMs: (day + 1).Start(), Bytes: 9})
	if err != nil {
		t.Fatal(err)
	}
	if err := st.Add(ctx, &store.FeedRows{Subscribers: []store.SubscriberRow{{Line: 1, Account: 1, State: c3.StateActive, City: 3301}}}); err != nil {
		t.Fatal(err)
	}
	bad := c3.Fault{Line: 2, Code: c3.FaultTime}
	if _, err := st.Commit(ctx, store.Verdict{Records: 2, Faults: []c3.Fault{bad}, Counts: map[string]int64{bad.Code: 1}, MaxShrink: 100}); err != nil {
		t.Fatal(err)
	}
	stamp := store.Stamp{Province: 33, City: 3301, Box: 1, Boot: 1, AtMs: day.Start() + 1, Clock: 3}
	guess := stamp
	guess.Clock = 0
	if _, err := g.p.store.Insert(ctx, &store.Block{ID: [16]byte{1}, Powers: []store.Power{{Stamp: stamp}, {Stamp: stamp}, {Stamp: stamp}, {Stamp: guess}},
		Tallies: []store.Tally{{Stamp: stamp, Lost: 12, Repeated: 5}}}); err != nil {
		t.Fatal(err)
	}
	dirty, err := g.p.store.Dirty(ctx, 100)
	if err == nil {
		err = g.p.store.Close(ctx, dirty)
	}
	if err != nil {
		t.Fatal(err)
	}
	answer := g.ask("GET", "/api/v1/quality?from="+day.String()+"&to="+day.String(), "", nil)
	for _, want := range []string{`"province":"33"`, `"code":"records_rejected"`, `"opening":1`,
		`"events":{"told":true,"events":4,"clock_synced":75,"clock_unsynced":25,"lost":12,"loss_rate":75,"repeated_batches":5}`} {
		if !strings.Contains(answer, want) {
			t.Errorf("%s lacks %s", answer, want)
		}
	}
	text := g.ask("GET", "/metrics", "", nil)
	for _, want := range []string{
		`iptv_feed_overdue{feed="subscribers",province="33"} 0`,
		`iptv_feed_last_records{feed="subscribers",province="33"} 2`,
		`iptv_feed_last_rejected_records{feed="subscribers",province="33"} 1`,
		`iptv_feed_balance_error_accounts{province="33"} 0`,
		`iptv_feed_last_day_age_seconds{feed="subscribers",province="33"} `,
		`iptv_day_lost_events{province="33"} 12`,
		`iptv_day_loss_ratio{province="33"} 0.75`,
		`iptv_day_clock_synced_ratio{province="33"} 0.75`,
		`iptv_day_clock_unsynced_ratio{province="33"} 0.25`,
		`iptv_day_repeated_batches{province="33"} 5`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the metrics lack %s", want)
		}
	}
	if problems, err := testutil.GatherAndLint(g.p.metrics.registry); err != nil || len(problems) > 0 {
		t.Errorf("%v %v", problems, err)
	}
}
