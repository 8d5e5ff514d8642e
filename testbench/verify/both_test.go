package verify

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"iptvdc/aggregator"
	"iptvdc/aggregator/c3/inbox"
	"iptvdc/aggregator/c3/normal"
	"iptvdc/aggregator/intake"
	"iptvdc/aggregator/ledger"
	"iptvdc/aggregator/store/duckdb"
	"iptvdc/testbench/feeds"
	"iptvdc/testbench/fleet"
	"iptvdc/testbench/oracle"
)

// TestBoth sends days of a small town and the files of its province through the real
// inbox, intake, loader, store and console, and compares what is made of both: who is
// silent or came back, series, lengths, programmes. TestEngines has boxes alone, of
// all provinces; make verify everything.
func TestBoth(t *testing.T) {
	if testing.Short() {
		t.Skip("takes files in and asks a real engine some hundred questions")
	}
	const boxes, seed, days = 12, 5, 9
	provinces := []aggregator.Province{33}
	end := time.Date(2026, 11, 3, 21, 30, 0, 0, aggregator.Shanghai)
	after := func() time.Time { return end.Add(72 * time.Hour) }
	s, err := duckdb.Open(filepath.Join(t.TempDir(), "events.duckdb"), duckdb.Options{Now: after})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Shutdown(); err != nil {
			t.Error(err)
		}
	})
	secrets := aggregator.NewSecrets()

	kept, told := ledger.NewMemory(), bytes.Buffer{}
	door := intake.New(kept, intake.Config{})
	truth := fleet.NewTruth(&told, fleet.TruthHead{Seed: seed})
	if _, err := fleet.History(t.Context(), fleet.HistoryConfig{Boxes: boxes, Seed: seed, EndMs: end.UnixMilli(), Provinces: provinces, Truth: truth, Renewed: 3}, days,
		func(topic string, packet []byte, atMs int64) error {
			_, _, err := door.Receive(t.Context(), topic, packet, atMs)
			return err
		}); err != nil {
		t.Fatal(err)
	}
	if err := truth.Flush(); err != nil {
		t.Fatal(err)
	}
	if err := door.Close(); err != nil {
		t.Fatal(err)
	}
	dir, sent := t.TempDir(), bytes.Buffer{}
	last := aggregator.DayOf(end.UnixMilli())
	if err := feeds.Write(feeds.Config{Boxes: boxes, Seed: seed, Provinces: provinces, From: last - days + 1, To: last, Folder: "in"}, dir, &sent, nil); err != nil {
		t.Fatal(err)
	}
	take(t, s, secrets, dir, after())
	load(t, kept, s, secrets) // schedules have cells closed anew

	url, token := page(t, kept, s, secrets)
	did, catalogue := new(oracle.Truth), (*oracle.Catalogue)(nil)
	if err := did.Read(&told); err != nil {
		t.Fatal(err)
	}
	if catalogue, err = oracle.ReadCatalogue(&sent); err != nil {
		t.Fatal(err)
	}
	r, err := Run(t.Context(), did, Config{URL: url, Token: token, Catalogue: catalogue, OneOf: 12})
	if err != nil {
		t.Fatal(err)
	}
	cells := 0
	for _, l := range r.Lines {
		if cells += l.Cells; l.Cells == 0 {
			t.Errorf("%s was not compared", l.Indicator)
		}
	}
	t.Logf("%d events, %d figures compared in %d questions", did.Len(), cells, r.Queries)
	total := oracle.NewWith(did, catalogue).Ask("total")
	for _, id := range []string{"silent_7", "unseen_accounts", "daily_active_accounts", "cohort_members", "full_views", "returning_viewer_days", "bingers", "complete_viewers"} {
		if v := total[id][oracle.Cell{Period: "total"}]; v.Number == 0 {
			t.Errorf("%s is 0 everywhere, the comparison is of nothing", id)
		}
	}
	if !r.Equal {
		if err := r.Print(os.Stderr); err != nil {
			t.Error(err)
		}
	}
}

// take lets an inbox take all files in.
func take(t *testing.T, s *duckdb.Store, secrets aggregator.Secrets, dir string, now time.Time) {
	t.Helper()
	in, err := inbox.New(t.Context(), inbox.Config{Folder: dir, Store: s, Secrets: secrets, Meaning: inbox.NewDictionary(normal.Default()), Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	for range 3 { // seen, settled, and manifests put away
		in.Pass(t.Context())
		now = now.Add(6 * time.Second)
	}
	left, err := filepath.Glob(filepath.Join(dir, "33", "in", "*"))
	if err != nil || len(left) > 0 {
		t.Fatalf("files are left: %s, %v", strings.Join(left, ", "), err)
	}
}
