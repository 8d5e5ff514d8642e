package console

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"

	"iptvdc/aggregator"
	"iptvdc/aggregator/c3"
	"iptvdc/aggregator/settings"
	"iptvdc/aggregator/store"
)

// riskDay is a day that tellRisk tells of.
const riskDay = "2024-09-20"

// tellRisk has eighty accounts of Hangzhou since June, 40 of which are not used since
// August and 15 of which are cancelled in September.
func (b *bench) tellRisk() {
	b.t.Helper()
	day := func(text string) aggregator.Day {
		d, err := aggregator.ParseDay(text)
		if err != nil {
			b.t.Fatal(err)
		}
		return d
	}
	first, last := day("2024-06-10"), day(riskDay)
	full := store.FeedRows{}
	for account := range uint64(80) {
		full.Subscribers = append(full.Subscribers, store.SubscriberRow{Line: int64(account + 1), Account: account + 1, State: c3.StateActive, City: 3301})
	}
	changes := store.FeedRows{}
	for account := range uint64(15) {
		changes.Changes = append(changes.Changes, store.ChangeRow{Line: int64(account + 1), Account: 10 + account, Op: c3.OpCancel, AtMs: day("2024-09-10").Start(), City: 3301})
	}
	for n, f := range []store.File{{Feed: c3.FeedSubscribers, Day: first}, {Feed: c3.FeedChanges, Day: last}} {
		f.ID, f.Province, f.VersionMs, f.Bytes = [16]byte{0xaa, byte(n)}, 33, int64(n+1), 1
		st, err := b.store.Stage(b.t.Context(), f)
		if err != nil {
			b.t.Fatal(err)
		}
		if err := st.Add(b.t.Context(), []*store.FeedRows{&full, &changes}[n]); err != nil {
			b.t.Fatal(err)
		}
		if row, err := st.Commit(b.t.Context(), store.Verdict{Records: 80, MaxShrink: 100}); err != nil || !row.In() {
			b.t.Fatal(row, err)
		}
	}
	block := &store.Block{ID: [16]byte{0xab}}
	for d := first; d <= last+1; d++ {
		for account := range uint64(70) { // 71 to 80 were never heard of
			if account < 40 && d >= day("2024-08-10") {
				continue
			}
			s := store.Stamp{Province: 33, City: 3301, Box: account + 1, Account: account + 1, Boot: 1, AtMs: d.Start() + 12*aggregator.HourMs, Clock: 3}
			s.MonoMs = s.AtMs
			block.Powers = append(block.Powers, store.Power{Stamp: s, On: true})
		}
	}
	if _, err := b.store.Insert(b.t.Context(), block); err != nil {
		b.t.Fatal(err)
	}
	s, err := b.store.Dirty(b.t.Context(), 100_000)
	if err != nil {
		b.t.Fatal(err)
	}
	if err := b.store.Close(b.t.Context(), s); err != nil {
		b.t.Fatal(err)
	}
}

func TestRisk(t *testing.T) {
	b := newBench(t)
	b.tellRisk()
	var lines bytes.Buffer
	b.console.Log = slog.New(slog.NewTextHandler(&lines, nil))
	hunan := b.token(settings.Principal{Name: "hn", Scope: aggregator.Scope{Provinces: []aggregator.Province{43}}, Admin: true})
	f := func(token, query, says string) {
		t.Helper()
		r := b.do("GET", "/api/v1/insights/"+query, token, "")
		if r.status != 200 || !strings.Contains(r.body, says) {
			t.Errorf("%s: %d %s\nlacks %s", query, r.status, r.body, says)
		}
	}
	f(b.zhejiang, "risk?day="+riskDay, `55 of 65 active accounts are observed`)
	f(b.zhejiang, "risk?level=city&day="+riskDay, `"place":{"code":"3301"`)
	f(hunan, "risk?day="+riskDay, `Nobody to judge`)
	f(b.zhejiang, "departures?from=2024-09-01&to="+riskDay, `15 accounts left`)
	f(b.zhejiang, "departures?from=2024-09-01&before=1&to="+riskDay, `"before":1`)
	list := "risk/accounts?day=" + riskDay
	if lines.Len() != 0 {
		t.Errorf("counts were logged: %s", &lines)
	}
	f(b.admin, list+"&limit=1", `"rows":[{"account":"0000000000000001","place":{"code":"3301","name":{"zh":"杭州","en":"Hangzhou"}},"day":"2024-09-20","score":70,"class":"high"`)
	for _, part := range []string{`msg="accounts at risk were listed" by=admin accounts=1`, "day=2024-09-20"} {
		if !strings.Contains(lines.String(), part) {
			t.Errorf("the log lacks %s: %s", part, &lines)
		}
	}
	f(b.admin, list+"&limit=2&skip=23&city=3301&sign=silent,fall&class=high", `"more":false,"rows":[{"account":"0000000000000027"`)
	f(b.admin, list+"&class=middle&province=33", `"rows":[]`)
	f(hunan, list, `"rows":[]`)
	lines.Reset()
	b.wantError(b.do("GET", "/api/v1/insights/"+list, b.zhejiang, ""), 403, "forbidden", "Only administrators")
	b.wantError(b.do("GET", "/api/v1/insights/"+list, b.all, ""), 403, "forbidden", "Only administrators")
	b.wantError(b.do("GET", "/api/v1/insights/"+list, "", ""), 401, "unauthorized", "Sign in")
	bad := func(query, code, says string) {
		t.Helper()
		b.wantError(b.do("GET", "/api/v1/insights/"+query, b.admin, ""), 400, code, says)
	}
	bad("risk", "bad_parameter", "day: is missing")
	bad("departures?to="+riskDay, "bad_parameter", "from: is missing")
	bad("departures?from=2024-09-01&before=0&to="+riskDay, "bad_parameter", "1 to 90")
	bad("risk/accounts", "bad_parameter", "day: is missing")
	bad(list+"&city=33", "bad_parameter", "four digits")
	bad(list+"&class=all", "bad_class", "high, middle, low")
	bad(list+"&sign=moon", "bad_sign", "fall, silent")
	bad(list+"&limit=0", "bad_parameter", "whole number")
	bad(list+"&limit=501", "bad_limit", "1 to 500")
	bad(list+"&skip=-1", "bad_skip", "0 to 1000000")
	if lines.Len() != 0 {
		t.Errorf("refusals were logged as lists: %s", &lines)
	}
}
