package console

import (
	"bytes"
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

// publishUpdate publishes version 27.
func (b *bench) publishUpdate() *rollout.Folder {
	b.t.Helper()
	sum := sha256.Sum256([]byte("program"))
	payload, err := json.Marshal(protocol.Manifest{Version: 27, Agent: "1.4.3", Build: "arm7", Size: 7, SHA256: hex.EncodeToString(sum[:]), Outbox: 2, OutboxMin: 1})
	if err != nil {
		b.t.Fatal(err)
	}
	packet, err := protocol.AppendManifest(nil, 1, payload, ed25519.NewKeyFromSeed(make([]byte, 32)))
	if err != nil {
		b.t.Fatal(err)
	}
	f := b.console.Releases.(*rollout.Folder)
	stage := rollout.Stage{PerMille: 25, Provinces: []aggregator.Province{33, 43}}
	if _, err := f.Publish(packet, bytes.NewReader([]byte("program")), stage, nil, time.UnixMilli(1_795_000_000_000)); err != nil {
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
		{Stamp: at(3, 43, 0), State: runs, Why: 7},
	}, Codes: []store.Code{{Key: 7, Text: "1.4.2 arm7 E900"}, {Key: 8, Text: "1.4.3 arm7 E900"}, {Key: 9, Text: "started 3 times"}}}
	if _, err := b.store.Insert(t.Context(), block); err != nil {
		t.Fatal(err)
	}
	folder := b.publishUpdate()
	const (
		head = `{"releases":[{"version":27,"agent":"1.4.3","builds":["arm7"],"percent":2.5,"provinces":["33","43"],"models":[],"halted":false,"published":"2026-11-18T19:06:40+08:00","counted":true,"sum":`
		zj   = `{"province":"33","model":"E900","offered":0,"downloaded":0,"good":1,"rolled_back":1,"refused":0,"others":0,"whys":[{"why":"started 3 times","boxes":1}]}`
		hn   = `{"province":"43","model":"E900","offered":0,"downloaded":0,"good":0,"rolled_back":0,"refused":0,"others":1,"whys":[]}`
		zjs  = `{"province":"33","agent":"1.4.2","build":"arm7","model":"E900","version":0,"boxes":1},{"province":"33","agent":"1.4.3","build":"arm7","model":"E900","version":27,"boxes":1}`
		hns  = `{"province":"43","agent":"1.4.2","build":"arm7","model":"E900","version":0,"boxes":1}`
	)
	f(b.all, "", head+`{"offered":0,"downloaded":0,"good":1,"rolled_back":1,"refused":0,"others":1},"rows":[`+zj+`,`+hn+`]}],"running":[`+zjs+`,`+hns+`],"more":false}`)
	f(b.zhejiang, "", head+`{"offered":0,"downloaded":0,"good":1,"rolled_back":1,"refused":0,"others":0},"rows":[`+zj+`]}],"running":[`+zjs+`],"more":false}`)
	f(b.all, "?province=43", head+`{"offered":0,"downloaded":0,"good":0,"rolled_back":0,"refused":0,"others":1},"rows":[`+hn+`]}],"running":[`+hns+`],"more":false}`)

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
	do(b.admin, "POST", "27/resume", "", 200, "true")
	do(b.admin, "PUT", "27/stage", `{"percent":101}`, 400, "0 to 100")
	do(b.admin, "PUT", "27/stage", `{"percent":50.5,"provinces":["43"],"models":["E900"]}`, 200, "true")
	do(b.admin, "PUT", "27/stage", `{"percent":5,"provinces":["4"]}`, 400, "province")
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
