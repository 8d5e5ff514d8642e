package console

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"iptvdc/aggregator"
	"iptvdc/aggregator/c3"
	"iptvdc/aggregator/c3/dialect"
	"iptvdc/aggregator/quality"
	"iptvdc/aggregator/store"
	"iptvdc/aggregator/store/duckdb"
	"iptvdc/aggregator/store/storetest"
)

// board expects a full file of subscribers of Zhejiang and Hunan every day; it is
// noon of 6 October 2024.
func qualityBoard(st store.Store) *quality.Board {
	daily := []quality.Promise{{Feed: c3.FeedSubscribers, Due: dialect.Expect{Every: "day", Minute: 390, Grace: time.Hour}}}
	return &quality.Board{
		Figures: st, Files: st,
		Promises: func() map[aggregator.Province][]quality.Promise {
			return map[aggregator.Province][]quality.Promise{33: daily, 43: daily}
		},
		Now: func() time.Time { return time.Date(2024, 10, 6, 12, 0, 0, 0, aggregator.Shanghai) },
	}
}

// tellAccounts takes in a full file of Zhejiang's three subscribers of 3 October,
// in which a record was bad, and came late.
func (b *bench) tellAccounts() {
	b.t.Helper()
	day, err := aggregator.ParseDay("2024-10-03")
	if err != nil {
		b.t.Fatal(err)
	}
	came := (day + 1).Start() + 9*aggregator.HourMs
	st, err := b.store.Stage(b.t.Context(), store.File{ID: [16]byte{7}, Province: 33, Feed: c3.FeedSubscribers, Name: "users-03.txt", Day: day, VersionMs: came, ReceivedMs: came, Bytes: 9})
	if err != nil {
		b.t.Fatal(err)
	}
	rows := &store.FeedRows{}
	for a := range uint64(3) {
		rows.Subscribers = append(rows.Subscribers, store.SubscriberRow{Line: int64(a) + 1, Account: a + 1, State: c3.StateActive, City: 3301})
	}
	if err := st.Add(b.t.Context(), rows); err != nil {
		b.t.Fatal(err)
	}
	bad := c3.Fault{Line: 4, Field: "OPEN", Code: c3.FaultTime, Text: "no time", Raw: "4|x"}
	if _, err := st.Commit(b.t.Context(), store.Verdict{Records: 4, Faults: []c3.Fault{bad}, Counts: map[string]int64{bad.Code: 1}, MaxShrink: 100, DoneMs: came}); err != nil {
		b.t.Fatal(err)
	}
}

func TestQuality(t *testing.T) {
	for name, open := range map[string]func() store.Store{
		"memory": storetest.Memory,
		"duckdb": func() store.Store {
			st, err := duckdb.Open(filepath.Join(t.TempDir(), "store.duckdb"), duckdb.Options{Threads: 2, MemoryBytes: 256 << 20})
			if err != nil {
				t.Fatal(err)
			}
			return st
		},
	} {
		t.Run(name, func(t *testing.T) {
			st := open()
			b := newBenchOver(t, st)
			t.Cleanup(func() {
				if err := st.Shutdown(); err != nil {
					t.Error(err)
				}
			})
			b.tellAccounts()
			b.tellFiles() // refused ones, of the 4th of Zhejiang and the 5th of Hunan
			f := func(token, query string, provinces, rows []string) {
				t.Helper()
				r := b.do("GET", "/api/v1/quality?from=2024-10-03&to=2024-10-06"+query, token, "")
				var a struct {
					Provinces []struct{ Code, Verdict string }
					Rows      []struct{ Province, Day, Verdict string }
				}
				if err := json.Unmarshal([]byte(r.body), &a); err != nil || r.status != 200 {
					t.Fatalf("%s: %d %s %v", query, r.status, r.body, err)
				}
				var gotProvinces, gotRows []string
				for _, p := range a.Provinces {
					gotProvinces = append(gotProvinces, p.Code+" "+p.Verdict)
				}
				for _, row := range a.Rows {
					gotRows = append(gotRows, row.Province+" "+row.Day+" "+row.Verdict)
				}
				if strings.Join(gotProvinces, ",") != strings.Join(provinces, ",") || strings.Join(gotRows, ",") != strings.Join(rows, ",") {
					t.Errorf("%s: got %q %q, want %q %q", query, gotProvinces, gotRows, provinces, rows)
				}
			}
			zhejiang := []string{"33 2024-10-03 bad", "33 2024-10-04 bad", "33 2024-10-05 bad", "33 2024-10-06 none"}
			hunan := []string{"43 2024-10-05 bad"}
			f(b.all, "", []string{"33 bad", "43 good"}, append(zhejiang, hunan...))
			f(b.all, "&province=43", []string{"43 good"}, hunan)
			f(b.zhejiang, "", []string{"33 bad"}, zhejiang)
			f(b.zhejiang, "&province=43", nil, nil)

			const row = `{"province":"33","day":"2024-10-03","verdict":"bad","reasons":[` +
				`{"verdict":"bad","code":"records_rejected","feed":"subscribers","text":{"zh":"用户全量：4 条记录中 1 条被拒（25%）","en":"Subscribers: 1 of 4 records rejected (25%)"}},` +
				`{"verdict":"attention","code":"file_late","feed":"subscribers","text":{"zh":"用户全量：文件晚到","en":"Subscribers: came late"}}],` +
				`"feeds":[{"feed":"subscribers","state":"late","due":1,"lacking":0,"due_at":"2024-10-04T06:30:00+08:00","files":1,"refused":0,"waiting":0,"records":4,"rejected":1,"outcome":"partly","why":"","received":"2024-10-04T09:00:00+08:00"}],` +
				`"balance":{"told":true,"before":0,"opening":3,"new":0,"resumed":0,"moved_in":0,"suspended":0,"cancelled":0,"moved_out":0,"after":3,"error":0},` +
				`"untold":null,"genre_unknown":null,"place_unknown":null,"box_coverage":0,` +
				`"events":{"told":false,"events":0,"clock_synced":null,"clock_unsynced":null,"lost":0,"loss_rate":null,"repeated_batches":0}}`
			if r := b.do("GET", "/api/v1/quality?from=2024-10-03&to=2024-10-03", b.zhejiang, ""); !strings.Contains(r.body, `"rows":[`+row+`]}`) {
				t.Errorf("%s\nlacks\n%s", r.body, row)
			}
		})
	}
}

func TestBadQualityQuestions(t *testing.T) {
	b := newBench(t)
	f := func(query, code, says string) {
		t.Helper()
		b.wantError(b.do("GET", "/api/v1/quality"+query, b.all, ""), 400, code, says)
	}
	f("", "bad_parameter", "is missing")
	f("?from=2024-10-03", "bad_parameter", "to: is missing")
	f("?from=today&to=2024-10-03", "bad_day", "2026-05-03")
	f("?from=2024-10-03&to=2024-10-02", "bad_parameter", "not before from")
	f("?from=2024-10-01&to=2024-12-02", "bad_parameter", "at most 62 days")
	f("?from=2024-10-01&to=2024-10-02&province=99", "bad_province", "not a province")
	f("?from=2024-10-01&to=2024-10-02&limit=3", "bad_parameter", "allowed: from, to, province")
}

// An answer about quality is kept although figures move.
func TestQualityIsKept(t *testing.T) {
	b := newBench(t)
	const path = "/api/v1/quality?from=2024-10-03&to=2024-10-06"
	first := b.do("GET", path, b.all, "").body
	b.tellAccounts()
	b.console.Changed(Change{})
	if again := b.do("GET", path, b.all, "").body; again != first {
		t.Errorf("%s\nthen\n%s", first, again)
	}
	if other := b.do("GET", path, b.zhejiang, "").body; other == first {
		t.Error("a reader got another scope's answer")
	}
}
