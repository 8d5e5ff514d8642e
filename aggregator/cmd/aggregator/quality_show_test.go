package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"iptvdc/aggregator"
	"iptvdc/aggregator/store"
)

// TestQualityInWords holds what an operator reads.
func TestQualityInWords(t *testing.T) {
	var a shownQuality
	if err := json.Unmarshal([]byte(`{"rows":[
		{"province":"33","day":"2026-11-20","verdict":"bad","reasons":[{"text":{"zh":"60 个事件丢失","en":"60 events lost (19.9%)"}},{"text":{"zh":"晚到","en":"came\u001b[2J late"}}],
		 "events":{"told":true,"events":12410,"clock_synced":74.66,"clock_unsynced":12.9,"lost":60,"loss_rate":0.5,"repeated_batches":2}},
		{"province":"33","day":"2026-11-21","verdict":"good","reasons":[],"events":{"told":false,"clock_synced":null,"clock_unsynced":null}}]}`), &a); err != nil {
		t.Fatal(err)
	}
	f := func(a shownQuality, trouble, inChinese bool, want string) {
		t.Helper()
		var out bytes.Buffer
		if err := writeQuality(&out, a, trouble, inChinese); err != nil || out.String() != want {
			t.Errorf("%v\n%s\nwant\n%s", err, out.String(), want)
		}
	}
	const head = "PROVINCE  DAY         VERDICT  EVENTS  LOST  SYNCED  UNSYNCED  AGAIN  WHY\n"
	const bad = "33        2026-11-20  bad      12,410  60    74.7%   12.9%     2      "
	f(a, false, false, head+bad+"60 events lost (19.9%); came?[2J late\n"+"33        2026-11-21  good     -       -     -       -         -      \n")
	f(a, true, true, head+bad+"60 个事件丢失; 晚到\n")
	a.Rows = a.Rows[1:]
	f(a, true, false, "Nothing is wrong.\n")
	f(a, true, true, "没有发现问题。\n")
	f(shownQuality{}, false, false, "There is nothing to judge yet.\n")
	f(shownQuality{}, false, true, "还没有可评价的数据。\n")
}

// The command asks a running aggregator and signs in by its folder.
func TestQualityCommand(t *testing.T) {
	t.Setenv("LC_ALL", "C")
	data := filepath.Join(t.TempDir(), "data")
	g := start(t, data)
	day := aggregator.DayOf(time.Now().UnixMilli()) - 1
	stamp := store.Stamp{Province: 33, Box: 1, Boot: 1, AtMs: day.Start() + 1}
	if _, err := g.p.store.Insert(t.Context(), &store.Block{ID: [16]byte{1}, Powers: []store.Power{{Stamp: stamp}}}); err != nil {
		t.Fatal(err)
	}
	dirty, err := g.p.store.Dirty(t.Context(), 9)
	if err == nil {
		err = g.p.store.Close(t.Context(), dirty)
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(data, pageFile), []byte(g.p.PageURL()), 0o600); err != nil {
		t.Fatal(err)
	}
	run := func(args ...string) (string, error) {
		var out, logs bytes.Buffer
		cmd := newRoot(&out, &logs)
		cmd.SetArgs(append([]string{"quality", "--data", data}, args...))
		err := cmd.ExecuteContext(t.Context())
		return out.String(), err
	}
	if out, err := run("--days", "2", "--trouble"); err != nil || !strings.Contains(out, day.String()+"  bad      1       0     0.0%    100.0%    0      the time of 100% of the events is a guess") {
		t.Errorf("%v\n%s", err, out)
	}
	if out, err := run("--province", "43"); err != nil || out != "There is nothing to judge yet.\n" {
		t.Errorf("%v\n%s", err, out)
	}
	if _, err := run("--days", "63"); err == nil || !strings.Contains(err.Error(), "give 1 to 62") {
		t.Errorf("63 days: %v", err)
	}
	if _, err := run("--province", "99"); err == nil || !strings.Contains(err.Error(), "not a province") {
		t.Errorf("province 99: %v", err)
	}
}
