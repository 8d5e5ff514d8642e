package console

import (
	"context"
	"encoding/hex"
	"strings"
	"testing"

	"iptvdc/aggregator"
	"iptvdc/aggregator/c3"
	"iptvdc/aggregator/store"
)

// fakeDecisions lets everything in and refuses everything.
type fakeDecisions struct{}

func (fakeDecisions) Release(context.Context, aggregator.Province, [16]byte) (c3.Receipt, error) {
	return c3.Receipt{Outcome: c3.OutcomeAccepted, Records: 3, Accepted: 3}, nil
}

func (fakeDecisions) Reject(_ context.Context, p aggregator.Province, _ [16]byte) (c3.Receipt, error) {
	if p == 43 {
		return c3.Receipt{}, &aggregator.Error{Code: "not_found", Message: "No file of that id waits for a decision."}
	}
	return c3.Receipt{Outcome: c3.OutcomeRefused}, nil
}

// fileID is a file of Zhejiang, otherID one of Hunan.
var fileID, otherID = strings.Repeat("01", 16), strings.Repeat("02", 16)

// tellFiles keeps a refused file of Zhejiang and a later one of Hunan.
func (b *bench) tellFiles() {
	b.t.Helper()
	for i, id := range []string{fileID, otherID} {
		raw, _ := hex.DecodeString(id)
		f := store.File{ID: [16]byte(raw), Province: []aggregator.Province{33, 43}[i], Feed: c3.FeedSubscribers, Name: "users.txt", Day: 20_000 + aggregator.Day(i), ReceivedMs: 1_795_000_000_000 + int64(i), Bytes: 9}
		r := c3.Receipt{Outcome: c3.OutcomeRefused, Records: 2, Rejected: 2, Counts: map[string]int64{c3.FaultTime: 2}, Faults: []c3.Fault{
			{Code: c3.FaultMostlyBad, Text: "2 of 2 records are bad"}, {Line: 1, Field: "OPEN", Code: c3.FaultTime, Text: "no time", Raw: "1|x"}, {Line: 2, Code: c3.FaultTime},
		}}
		if err := b.store.Note(b.t.Context(), f, r); err != nil {
			b.t.Fatal(err)
		}
	}
}

func TestFeedFiles(t *testing.T) {
	b := newBench(t)
	b.tellFiles()
	f := func(token, query, want string) {
		t.Helper()
		if r := b.do("GET", "/api/v1/feeds/files"+query, token, ""); r.status != 200 || strings.TrimSpace(r.body) != want {
			t.Errorf("%s: %d\n%s\nwant\n%s", query, r.status, r.body, want)
		}
	}
	const rest = `"outcome":"refused","records":2,"accepted":0,"rejected":2,"repeated":0,"why":"mostly_bad","counts":{"bad_time":2},"bytes":9,"received":"2026-11-18T19:06:40+08:00","done":"2026-11-18T19:06:40+08:00"}`
	zj := `{"id":"` + fileID + `","province":"33","feed":"subscribers","name":"users.txt","day":"2024-10-04",` + rest
	hn := `{"id":"` + otherID + `","province":"43","feed":"subscribers","name":"users.txt","day":"2024-10-05",` + rest
	f(b.all, "", `{"files":[`+hn+`,`+zj+`],"more":false}`)
	f(b.all, "?limit=1", `{"files":[`+hn+`],"more":true}`)
	f(b.zhejiang, "", `{"files":[`+zj+`],"more":false}`)
	f(b.zhejiang, "?province=43", `{"files":[],"more":false}`)
	f(b.all, "?province=43&feed=subscribers&outcome=waiting,refused", `{"files":[`+hn+`],"more":false}`)
	f(b.all, "?feed=orders", `{"files":[],"more":false}`)
	f(b.all, "?to=2024-10-04", `{"files":[`+zj+`],"more":false}`)
	f(b.all, "?from=2024-10-05", `{"files":[`+hn+`],"more":false}`)
	f(b.zhejiang, "/"+fileID, zj)
	bad := func(query, says string) {
		t.Helper()
		b.wantError(b.do("GET", "/api/v1/feeds/files"+query, b.all, ""), 400, "bad_parameter", says)
	}
	bad("?feed=users", "feed: users does not fit; must be one of catalogue, subscribers")
	bad("?outcome=good", "must be one of accepted, partly")
	bad("?from=2024-10-05&to=2024-10-04", "not before from")
	bad("?limit=0", "1 to 10000")
	b.wantError(b.do("GET", "/api/v1/feeds/files/"+otherID, b.zhejiang, ""), 404, "not_found", "There is no file")
	b.wantError(b.do("GET", "/api/v1/feeds/files/xyz", b.all, ""), 404, "not_found", "There is no file xyz")
}

func TestFeedFaults(t *testing.T) {
	b := newBench(t)
	b.tellFiles()
	path := "/api/v1/feeds/files/" + fileID + "/faults"
	f := func(query, want string) {
		t.Helper()
		if r := b.do("GET", path+query, b.admin, ""); r.status != 200 || strings.TrimSpace(r.body) != want {
			t.Errorf("%s: %d\n%s\nwant\n%s", query, r.status, r.body, want)
		}
	}
	const one = `{"line":1,"field":"OPEN","code":"bad_time","text":"no time","raw":"1|x"}`
	f("?skip=1&limit=1", `{"faults":[`+one+`],"more":true}`)
	f("?skip=2", `{"faults":[{"line":2,"field":"","code":"bad_time","text":"","raw":""}],"more":false}`)
	// The lines name people.
	b.wantError(b.do("GET", path, b.zhejiang, ""), 403, "forbidden", "administrator")
	b.wantError(b.do("GET", path, b.all, ""), 403, "forbidden", "administrator")
	b.wantError(b.do("GET", path+"?skip=-1", b.admin, ""), 400, "bad_parameter", "0 or more")
}

func TestFeedDecisions(t *testing.T) {
	b := newBench(t)
	b.tellFiles()
	path := "/api/v1/feeds/files/" + fileID
	if r := b.do("POST", path+"/release", b.admin, ""); r.status != 200 || !strings.Contains(r.body, `"outcome":"accepted","records":3`) {
		t.Errorf("%d %s", r.status, r.body)
	}
	b.wantError(b.do("POST", path+"/reject", b.zhejiang, ""), 403, "forbidden", "administrator")
	b.wantError(b.do("POST", "/api/v1/feeds/files/"+otherID+"/reject", b.admin, ""), 404, "not_found", "waits")
}
