package console

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"iptvdc/aggregator"
	"iptvdc/aggregator/rollout"
	"iptvdc/aggregator/store"
	"iptvdc/protocol"
)

// bundleOf is a program behind the manifest of signed.
func bundleOf(t *testing.T, version uint64, program string, key uint64, signed string) string {
	t.Helper()
	sum := sha256.Sum256([]byte(signed))
	payload, err := json.Marshal(protocol.Manifest{Version: version, Agent: "1.4.3", Build: "arm7", Size: uint64(len(signed)), SHA256: hex.EncodeToString(sum[:]), Outbox: 2, OutboxMin: 1})
	if err != nil {
		t.Fatal(err)
	}
	packet, err := protocol.AppendManifest(nil, key, payload, ed25519.NewKeyFromSeed(make([]byte, 32)))
	if err != nil {
		t.Fatal(err)
	}
	line, err := json.Marshal(rollout.Signed{Packet: packet})
	if err != nil {
		t.Fatal(err)
	}
	return string(line) + "\n" + program
}

// publishUpdate publishes version 27.
func (b *bench) publishUpdate() *rollout.Folder {
	b.t.Helper()
	f := b.console.Releases.(*rollout.Folder)
	stage := rollout.Stage{PerMille: 25, Provinces: []aggregator.Province{33, 43}}
	if _, _, err := f.Take(strings.NewReader(bundleOf(b.t, 27, "program", 1, "program")), stage, time.UnixMilli(1_795_000_000_000)); err != nil {
		b.t.Fatal(err)
	}
	return f
}

func TestUpdates(t *testing.T) {
	b := newBench(t)
	f := func(token, query, want string) {
		t.Helper()
		b.console.Changed(Change{})
		if r := b.do("GET", "/api/v1/updates"+query, token, ""); r.status != 200 || strings.TrimSpace(r.body) != want {
			t.Errorf("%s: %d\n%s\nwant\n%s", query, r.status, r.body, want)
		}
	}
	f(b.all, "", `{"releases":[],"running":[],"more":false}`)
	const ms = 1_795_000_000_000
	at := func(box uint64, p aggregator.Province, after int64) store.Stamp {
		return store.Stamp{Province: p, City: aggregator.City(p)*100 + 1, Box: box, Boot: 1, MonoMs: after, AtMs: ms + after, Clock: 3}
	}
	runs, good, back := uint8(protocol.AgentRuns), uint8(protocol.UpdateGood), uint8(protocol.UpdateRolledBack)
	block := &store.Block{ID: [16]byte{1, 2, 3}, Runnings: []store.Running{
		{Stamp: at(1, 33, 0), Version: 27, State: runs, Why: 8}, {Stamp: at(1, 33, 1), Version: 27, State: good},
		{Stamp: at(2, 33, 0), State: runs, Why: 7}, {Stamp: at(2, 33, 1), Version: 27, State: back, Why: 9},
		{Stamp: at(3, 43, 0), State: runs, Why: 7}, {Stamp: at(4, 43, 0), Version: 27, State: uint8(protocol.UpdateDownloaded)}, {Stamp: at(4, 43, 1), Version: 27, State: runs, Why: 8},
	}, Codes: []store.Code{{Key: 7, Text: "1.4.2 arm7 E900"}, {Key: 8, Text: "1.4.3 arm7 E900"}, {Key: 9, Text: "started 3 times"}}}
	if _, err := b.store.Insert(t.Context(), block); err != nil {
		t.Fatal(err)
	}
	folder := b.publishUpdate()
	const (
		head = `{"releases":[{"version":27,"state":"running","agent":"1.4.3","builds":["arm7"],"percent":2.5,"provinces":["33","43"],"models":[],"halted":false,"published":"2026-11-18T19:06:40+08:00","moved":"2026-11-18T19:06:40+08:00","counted":true,"sum":`
		zj   = `{"province":"33","model":"E900","offered":0,"downloaded":0,"trying":0,"good":1,"rolled_back":1,"refused":0,"others":0,"whys":[{"why":"started 3 times","boxes":1}]}`
		hn   = `{"province":"43","model":"E900","offered":0,"downloaded":0,"trying":1,"good":0,"rolled_back":0,"refused":0,"others":1,"whys":[]}`
		zjs  = `{"province":"33","agent":"1.4.2","build":"arm7","model":"E900","version":0,"boxes":1},{"province":"33","agent":"1.4.3","build":"arm7","model":"E900","version":27,"boxes":1}`
		hns  = `{"province":"43","agent":"1.4.2","build":"arm7","model":"E900","version":0,"boxes":1},{"province":"43","agent":"1.4.3","build":"arm7","model":"E900","version":27,"boxes":1}`
	)
	f(b.all, "", head+`{"offered":0,"downloaded":0,"trying":1,"good":1,"rolled_back":1,"refused":0,"others":1},"rows":[`+zj+`,`+hn+`]}],"running":[`+zjs+`,`+hns+`],"more":false}`)
	// Of the provinces that it is for, theirs alone.
	f(b.zhejiang, "", strings.Replace(head, `"33","43"`, `"33"`, 1)+`{"offered":0,"downloaded":0,"trying":0,"good":1,"rolled_back":1,"refused":0,"others":0},"rows":[`+zj+`]}],"running":[`+zjs+`],"more":false}`)
	f(b.all, "?province=43", head+`{"offered":0,"downloaded":0,"trying":1,"good":0,"rolled_back":0,"refused":0,"others":1},"rows":[`+hn+`]}],"running":[`+hns+`],"more":false}`)

	do := func(token, method, path, body string, status int, says string) {
		t.Helper()
		if r := b.do(method, "/api/v1/updates/"+path, token, body); r.status != status || !strings.Contains(r.body, says) {
			t.Errorf("%s %s: %d %s, want %d %q", path, body, r.status, r.body, status, says)
		}
	}
	do(b.all, "POST", "27/halt", `{"why":"x"}`, 403, "forbidden")
	do(b.admin, "POST", "27/halt", `{"why":""}`, 400, "Say why")
	do(b.admin, "POST", "28/halt", `{"why":"x"}`, 404, "No update of version 28")
	do(b.admin, "POST", "x/halt", `{"why":"x"}`, 400, "the number of an update")
	do(b.admin, "POST", "27/resume", "", 400, "not halted")
	do(b.admin, "POST", "27/halt", `{"why":"black screens"}`, 200, "true")
	do(b.admin, "POST", "27/halt", `{"why":"again"}`, 400, "black screens")
	if r := b.do("GET", "/api/v1/updates", b.zhejiang, ""); !strings.Contains(r.body, `"state":"halted"`) || !strings.Contains(r.body, `"why":"black screens","by":"admin"`) {
		t.Errorf("what a person halted: %s", r.body)
	}
	do(b.admin, "POST", "27/resume", "", 200, "true")
	// What halted by itself tells readers of one province no numbers of the others.
	if _, err := folder.Halt(27, rollout.ByItself, "9 of 12 boxes went back", time.UnixMilli(ms)); err != nil {
		t.Fatal(err)
	}
	for token, says := range map[string]string{b.all: `"why":"9 of 12 boxes went back","by":"(itself)"`, b.zhejiang: `"halted":true,"by":"(itself)"`} {
		if r := b.do("GET", "/api/v1/updates", token, ""); !strings.Contains(r.body, says) {
			t.Errorf("%s, want %s", r.body, says)
		}
	}
	do(b.admin, "POST", "27/resume", "", 200, "true")
	do(b.admin, "PUT", "27/stage", `{"percent":101}`, 400, "0 to 100")
	do(b.admin, "PUT", "27/stage", `{"percent":50.5,"provinces":["43"],"models":["E900"]}`, 200, "true")
	do(b.admin, "PUT", "27/stage", `{"percent":5,"provinces":["4"]}`, 400, "province")
	if r := b.do("GET", "/api/v1/updates", b.zhejiang, ""); !strings.Contains(r.body, `"state":"prepared"`) || strings.Contains(r.body, `"43"`) {
		t.Errorf("a release of another province: %s", r.body)
	}
	r, err := folder.Get(27)
	if err != nil || r.Stage.PerMille != 505 || r.Stage.Provinces[0] != 43 || r.Trusted != 1 {
		t.Errorf("%+v, %v", r, err)
	}
	trail := b.do("GET", "/api/v1/trail", b.admin, "")
	for _, want := range []string{"update_halted", "update_resumed", "update_staged", "black screens"} {
		if !strings.Contains(trail.body, want) {
			t.Errorf("no %s in the audit log", want)
		}
	}
}

// TestPublishUpdate: a bundle is taken if it is whole and rightly signed, by administrators.
func TestPublishUpdate(t *testing.T) {
	b := newBench(t)
	private := ed25519.NewKeyFromSeed(make([]byte, 32))
	bundle := func(version uint64, program string, key uint64, signed string) string {
		return bundleOf(t, version, program, key, signed)
	}
	b.console.Releases = b.console.Releases.(*rollout.Folder).Believing(protocol.Keys{1: private.Public().(ed25519.PublicKey)})
	do := func(token, query, body string, status int, says string) {
		t.Helper()
		if r := b.do("POST", "/api/v1/updates"+query, token, body); r.status != status || !strings.Contains(r.body, says) {
			t.Errorf("%s: %d %s, want %d %q", query, r.status, r.body, status, says)
		}
	}
	right := bundle(3, "three", 1, "three")
	do(b.all, "", right, 403, "forbidden")
	do(b.admin, "?percent=101", right, 400, "0 to 100")
	do(b.admin, "?percent=x", right, 400, "0 to 100")
	do(b.admin, "?provinces=3", right, 400, "province")
	do(b.admin, "", "", 400, "aggregator update sign prints")
	do(b.admin, "", "{}\nthree", 400, "aggregator update sign prints")
	do(b.admin, "", strings.Repeat("x", 1<<20), 400, "aggregator update sign prints")
	do(b.admin, "", bundle(3, "thre", 1, "three"), 400, "not the one")
	do(b.admin, "", bundle(3, "three and more", 1, "three"), 400, "not the one")
	do(b.admin, "", bundle(3, "three", 2, "three"), 400, "none of the keys")
	do(b.admin, "?percent=1.5&provinces=33,43&models=E900", right, 200, `{"version":3,"agent":"1.4.3","build":"arm7"}`)
	do(b.admin, "", bundle(2, "two", 1, "two"), 400, "sign it as version 4")
	if r := b.do("GET", "/api/v1/updates", b.admin, ""); !strings.Contains(r.body, `"version":3,"state":"running","agent":"1.4.3","builds":["arm7"],"percent":1.5,"provinces":["33","43"],"models":["E900"]`) {
		t.Error(r.body)
	}
	if r := b.do("GET", "/api/v1/trail", b.admin, ""); !strings.Contains(r.body, "version=3 agent=1.4.3 build=arm7 percent=1.5 provinces=33,43 models=E900") {
		t.Error("not in the audit log")
	}
}

// TestUpdateState: a release is finished once nothing of its boxes is open.
func TestUpdateState(t *testing.T) {
	f := func(want UpdateState, percent float64, provinces, models []string, rows ...UpdateRow) {
		t.Helper()
		u := UpdateRelease{Percent: percent, Provinces: provinces, Models: models, Rows: rows}
		for _, r := range rows {
			u.Sum.Good += r.Good
		}
		if got := stateOf(&u); got != want {
			t.Errorf("%g of %v %v with %+v: %s, want %s", percent, provinces, models, rows, got, want)
		}
	}
	row := func(province, model string, p rollout.Progress) UpdateRow {
		return UpdateRow{Province: province, Model: model, Progress: p}
	}
	good := row("33", "E900", rollout.Progress{Good: 5, RolledBack: 1, Refused: 1})
	f(ReleasePrepared, 0, nil, nil, good)
	f(ReleaseUnderWay, 99.9, nil, nil, good)
	f(ReleaseUnderWay, 100, nil, nil)
	f(ReleaseFinished, 100, nil, nil, good)
	f(ReleaseUnderWay, 100, nil, nil, good, row("43", "E900", rollout.Progress{Others: 1}))
	f(ReleaseFinished, 100, []string{"33"}, nil, good, row("43", "E900", rollout.Progress{Others: 1}))
	f(ReleaseFinished, 100, nil, []string{"E900"}, good, row("33", "B860", rollout.Progress{Others: 1}))
	f(ReleaseUnderWay, 100, []string{"33"}, nil, good, row("43", "E900", rollout.Progress{Trying: 1}))
	u := UpdateRelease{Percent: 100, Halted: true}
	if stateOf(&u) != ReleaseHalted {
		t.Error("halted")
	}
}
