package feeds

import (
	"bytes"
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"iptvdc/aggregator"
	"iptvdc/aggregator/c3"
	"iptvdc/aggregator/c3/inbox"
	"iptvdc/aggregator/store"
	"iptvdc/aggregator/store/duckdb"
	"iptvdc/aggregator/store/storetest"
)

// TestDirt: files late, twice, cut, shrunk, shifted, forged, mistaken and
// overtaken go through the inbox into both stores; every receipt and every figure
// is the truth's.
func TestDirt(t *testing.T) {
	from, err := aggregator.ParseDay("2026-10-28")
	if err != nil {
		t.Fatal(err)
	}
	c := Config{Boxes: 60, Seed: 7, From: from, To: from + 2, Folder: "in", Dirt: 80, Provinces: []aggregator.Province{33, 34}}
	engines := []string{"memory"}
	if !testing.Short() {
		engines = append(engines, "duckdb")
	}
	for _, engine := range engines {
		t.Run(engine, func(t *testing.T) {
			st := store.Store(storetest.Memory())
			if engine == "duckdb" {
				if st, err = duckdb.Open(filepath.Join(t.TempDir(), "store"), duckdb.Options{Threads: 1}); err != nil {
					t.Fatal(err)
				}
			}
			dir := t.TempDir()
			var truth bytes.Buffer
			if err := Write(c, dir, &truth, nil); err != nil {
				t.Fatal(err)
			}
			got := takeRounds(t, st, &c, dir)
			want := receipts(t, truth.Bytes())
			slices.Sort(got)
			slices.Sort(want)
			for _, r := range minus(want, got) {
				t.Errorf("no receipt %s", r)
			}
			for _, r := range minus(got, want) {
				t.Errorf("receipt    %s", r)
			}
			t.Logf("%d receipts", len(got))
			compare(t, st, truth.Bytes())
			if err := st.Shutdown(); err != nil {
				t.Error(err)
			}
		})
	}
}

// takeRounds lets an inbox take what comes, round by round, and returns its
// receipts.
func takeRounds(t *testing.T, st store.Store, c *Config, dir string) (all []string) {
	t.Helper()
	now := (c.To + 2).Time()
	round := 1
	var mu sync.Mutex
	in, err := inbox.New(t.Context(), inbox.Config{Folder: dir, Store: st, Secrets: aggregator.NewSecrets(), Now: func() time.Time { return now },
		Taken: func(r c3.Receipt) {
			mu.Lock()
			defer mu.Unlock()
			why := ""
			if r.Outcome == c3.OutcomeRefused || r.Outcome == c3.OutcomeWaiting {
				why = r.Faults[0].Code
			}
			all = append(all, fmt.Sprintf("%d %s %s %s %d %d %s", round, r.Province, r.File, r.Outcome.Word(), r.Records, r.Rejected, why))
		}})
	if err != nil {
		t.Fatal(err)
	}
	for ; round <= Rounds; round++ {
		if round > 1 {
			if _, err := Bring(dir, c.Folder, round); err != nil {
				t.Fatal(err)
			}
		}
		for range 3 { // seen, settled, and manifests put away
			in.Pass(t.Context())
			now = now.Add(6 * time.Second)
		}
		if n, err := lying(dir, c.Folder); n > 0 || err != nil {
			t.Errorf("round %d: %d files were not taken, %v", round, n, err)
		}
	}
	return all
}

// receipts are those that a truth expects. Every kind of dirt must be among them.
func receipts(t *testing.T, truth []byte) (all []string) {
	t.Helper()
	seen := map[string]int{}
	for _, line := range bytes.Split(bytes.TrimSpace(truth), []byte("\n"))[1:] {
		var l Line
		if err := json.Unmarshal(line, &l); err != nil {
			t.Fatal(err)
		}
		if f := l.File; f != nil {
			seen[f.Dirt]++
			all = append(all, fmt.Sprintf("%d %s %s %s %d %d %s", f.Round, f.Province, f.Name, f.Outcome, f.Records, f.Rejected, f.Why))
		}
	}
	for _, k := range kinds {
		if seen[k.name] == 0 {
			t.Errorf("no file is %s", k.name)
		}
	}
	t.Log(strings.TrimPrefix(fmt.Sprint(seen), "map"))
	return all
}

// minus is what is in a and not in b, both sorted.
func minus(a, b []string) (rest []string) {
	left := slices.Clone(b)
	for _, x := range a {
		if i, there := slices.BinarySearch(left, x); there {
			left = slices.Delete(left, i, i+1)
			continue
		}
		rest = append(rest, x)
	}
	return rest
}
