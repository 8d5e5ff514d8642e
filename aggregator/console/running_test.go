package console

import (
	"context"
	"errors"
	"strings"
	"testing"

	"iptvdc/aggregator"
	"iptvdc/aggregator/store"
	"iptvdc/protocol"
)

// tellRunning loads what boxes 1 and 2 of Zhejiang and 3 of Hunan run.
func (b *bench) tellRunning() {
	b.t.Helper()
	const ms = 1_795_000_000_000
	at := func(box uint64, p aggregator.Province, city aggregator.City, after int64) store.Stamp {
		return store.Stamp{Province: p, City: city, Box: box, Boot: 1, MonoMs: after, AtMs: ms + after, Clock: 3}
	}
	applied, refused := uint8(protocol.ProfileApplied), uint8(protocol.ProfileRefused)
	block := &store.Block{ID: [16]byte{1, 2, 3}, Runnings: []store.Running{
		{Stamp: at(1, 33, 3301, 0), Version: 6, State: applied},
		{Stamp: at(1, 33, 3301, 1000), Version: 7, State: refused, Why: 9},
		{Stamp: at(2, 33, 3302, 0), Version: 7, State: applied},
		{Stamp: at(3, 43, 4301, 0), Version: 2, State: applied, Why: 8},
		{Stamp: at(4, 43, 4301, 0), Version: 5, State: uint8(protocol.ProfileExpired)},
	}, Codes: []store.Code{{Key: 8, Text: "group trial"}, {Key: 9, Text: "signature"}}}
	if _, err := b.store.Insert(b.t.Context(), block); err != nil {
		b.t.Fatal(err)
	}
}

func TestRunning(t *testing.T) {
	b := newBench(t)
	f := func(token, query, want string) {
		t.Helper()
		if r := b.do("GET", "/api/v1/profiles/running"+query, token, ""); r.status != 200 || strings.TrimSpace(r.body) != want {
			t.Errorf("%s: %d\n%s\nwant\n%s", query, r.status, r.body, want)
		}
	}
	const zj, hn = `{"code":"33","boxes":3}`, `{"code":"43","boxes":1}`
	f(b.zhejiang, "", `{"provinces":[`+zj+`],"rows":[],"more":false}`)
	b.tellRunning()
	b.console.Changed(Change{})
	const (
		six   = `{"province":"33","version":6,"group":"all","refused":true,"refused_version":7,"refused_group":"all","why":"signature","boxes":1}`
		seven = `{"province":"33","version":7,"group":"all","refused":false,"boxes":1}`
		over  = `{"province":"43","version":0,"group":"all","expired":5,"refused":false,"boxes":1}`
		trial = `{"province":"43","version":2,"group":"trial","refused":false,"boxes":1}`
	)
	f(b.all, "", `{"provinces":[`+zj+`,`+hn+`],"rows":[`+six+`,`+seven+`,`+over+`,`+trial+`],"more":false}`)
	f(b.zhejiang, "", `{"provinces":[`+zj+`],"rows":[`+six+`,`+seven+`],"more":false}`)
	f(b.zhejiang, "?province=43", `{"provinces":[],"rows":[],"more":false}`)
	f(b.all, "?province=43", `{"provinces":[`+hn+`],"rows":[`+over+`,`+trial+`],"more":false}`)
	f(b.all, "?version=7", `{"provinces":[`+zj+`,`+hn+`],"rows":[`+seven+`],"more":false}`)
	f(b.all, "?refused=true&by=city", `{"provinces":[`+zj+`,`+hn+`],"rows":[`+strings.Replace(six, `"33",`, `"33","city":"3301",`, 1)+`],"more":false}`)
	f(b.all, "?version=0&refused=false", `{"provinces":[`+zj+`,`+hn+`],"rows":[`+over+`],"more":false}`)

	bad := func(query, says string) {
		t.Helper()
		b.wantError(b.do("GET", "/api/v1/profiles/running"+query, b.all, ""), 400, "bad_parameter", says)
	}
	bad("?versions=7", "no parameter versions; allowed: province, version, refused, by")
	bad("?limit=7", "no parameter limit")
	bad("?version=-1", "version: -1 does not fit; must be a whole number")
	bad("?version=", "version: give one value")
	bad("?version=1&version=2", "version: give one value")
	bad("?refused=yes", "must be true or false")
	bad("?by=province", "must be city")
	b.wantError(b.do("GET", "/api/v1/profiles/running?province=99", b.all, ""), 400, "bad_province", "is not a province")
}

func TestRunningBoxes(t *testing.T) {
	b := newBench(t)
	b.tellRunning()
	f := func(query, want string) {
		t.Helper()
		if r := b.do("GET", "/api/v1/profiles/running/boxes"+query, b.admin, ""); r.status != 200 || strings.TrimSpace(r.body) != want {
			t.Errorf("%s: %d\n%s\nwant\n%s", query, r.status, r.body, want)
		}
	}
	const (
		one = `{"province":"33","city":"3301","box":"0000000000000001","at":"2026-11-18T19:06:41+08:00","version":6,"group":"all","refused":true,"refused_version":7,"refused_group":"all","why":"signature"}`
		two = `{"province":"33","city":"3302","box":"0000000000000002","at":"2026-11-18T19:06:40+08:00","version":7,"group":"all","refused":false}`
	)
	f("?province=33", `{"boxes":[`+one+`,`+two+`],"more":false}`)
	f("?limit=1", `{"boxes":[`+one+`],"more":true}`)
	f("?province=33&limit=2", `{"boxes":[`+one+`,`+two+`],"more":false}`)
	f("?version=7", `{"boxes":[`+two+`],"more":false}`)
	f("?version=9", `{"boxes":[],"more":false}`)
	for _, limit := range []string{"0", "10001", "x"} {
		b.wantError(b.do("GET", "/api/v1/profiles/running/boxes?limit="+limit, b.admin, ""), 400, "bad_parameter", "must be 1 to 10000")
	}
}

// manyRuns has more rows than fit.
type manyRuns struct {
	Profiles
	fail bool
}

func (m manyRuns) Running(_ context.Context, q store.RunningQuery) ([]store.RunningCount, error) {
	if m.fail {
		return nil, errors.New("disk on fire at /secret/path")
	}
	return make([]store.RunningCount, q.Limit), nil
}

func TestRunningHasBounds(t *testing.T) {
	b := newBench(t)
	b.console.Profiles = manyRuns{fail: true}
	r := b.do("GET", "/api/v1/profiles/running", b.all, "")
	b.wantError(r, 500, "internal", "Internal error")
	if strings.Contains(r.body, "secret") {
		t.Errorf("the cause came out: %s", r.body)
	}
	b.console.Profiles = manyRuns{}
	r = b.do("GET", "/api/v1/profiles/running", b.all, "")
	if n := strings.Count(r.body, `"version"`); r.status != 200 || n != MaxRunning || !strings.Contains(r.body, `"more":true`) {
		t.Errorf("%d: %d rows", r.status, n)
	}
}
