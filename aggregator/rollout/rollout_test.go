package rollout

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"iptvdc/aggregator"
	"iptvdc/aggregator/store"
	"iptvdc/aggregator/store/storetest"
	"iptvdc/protocol"
)

var (
	private = ed25519.NewKeyFromSeed(bytes.Repeat([]byte{1}, 32))
	keys    = protocol.Keys{1: private.Public().(ed25519.PublicKey)}
	now     = time.UnixMilli(1_800_000_000_000)
	all     = Stage{PerMille: 1000}
)

func packet(t *testing.T, version uint64, build, program string, change ...func(*protocol.Manifest)) []byte {
	t.Helper()
	sum := sha256.Sum256([]byte(program))
	m := protocol.Manifest{Version: version, Agent: fmt.Sprintf("1.%d", version), Build: build, Size: uint64(len(program)), SHA256: hex.EncodeToString(sum[:]), Outbox: 2, OutboxMin: 1}
	for _, c := range change {
		c(&m)
	}
	payload, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	p, err := protocol.AppendManifest(nil, 1, payload, private)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func publish(t *testing.T, f *Folder, version uint64, build, program string, stage Stage, says string) {
	t.Helper()
	_, err := f.Publish(packet(t, version, build, program), strings.NewReader(program), stage, keys, now)
	if says == "" && err != nil || says != "" && (err == nil || !strings.Contains(err.Error(), says)) {
		t.Fatalf("publish %d for %s: %v, want %q", version, build, err, says)
	}
}

func TestPublish(t *testing.T) {
	f := In(t.TempDir())
	publish(t, f, 5, "arm7", "five", Stage{PerMille: 10}, "")
	publish(t, f, 5, "arm64", "five64", Stage{PerMille: 20}, "")
	publish(t, f, 5, "arm7", "another", all, "another program; boxes that took it refuse this one, sign it as version 6")
	publish(t, f, 4, "arm7", "four", all, "version 5 was published before; boxes refuse what is not above it, sign it as version 6")
	publish(t, f, 7, "arm7", "seven", Stage{PerMille: 1001}, "0 to 100 percent")
	publish(t, f, 7, "arm7", "seven", all, "")
	publish(t, f, 5, "arm5", "five5", Stage{PerMille: 30}, "") // another build of what is there
	if _, err := f.Publish(packet(t, 8, "arm7", "eight"), strings.NewReader("eighT"), all, keys, now); err == nil || !strings.Contains(err.Error(), "not the one") {
		t.Errorf("another program: %v", err)
	}
	if _, err := f.Publish(packet(t, 8, "arm7", "eight"), strings.NewReader("eight"), all, protocol.Keys{1: keys[1], 9: make([]byte, 32)}, now); err != nil {
		t.Error(err)
	}
	if _, err := f.Publish(packet(t, 9, "arm7", "x"), strings.NewReader("x"), all, protocol.Keys{2: keys[1]}, now); err == nil || !strings.Contains(err.Error(), "none of the keys") {
		t.Errorf("a key that is not trusted: %v", err)
	}
	late := packet(t, 9, "arm7", "x", func(m *protocol.Manifest) { m.ExpiresMs = uint64(now.UnixMilli()) })
	if _, err := f.Publish(late, strings.NewReader("x"), all, nil, now); err == nil || !strings.Contains(err.Error(), "sign it anew") {
		t.Errorf("expired: %v", err)
	}
	list, err := f.List()
	if err != nil || len(list) != 3 || list[0].Version != 8 || list[2].Version != 5 || len(list[2].Packets) != 3 || list[2].Stage.PerMille != 30 || list[2].Agent() != "1.5" {
		t.Errorf("%+v, %v", list, err)
	}
	if err := f.Remove(8); err == nil || !strings.Contains(err.Error(), "newest") {
		t.Error(err)
	}
	if err := f.Remove(5); err != nil {
		t.Error(err)
	}
	if files, err := os.ReadDir(f.dir + "/files"); err != nil || len(files) != 2 {
		t.Errorf("%v, %v: want two programs", files, err)
	}
	if err := os.WriteFile(f.file(6), []byte(`{"version":6,"packets":{"arm7":"AA=="}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if list, err := f.List(); err == nil || len(list) != 2 {
		t.Errorf("a file that is none: %v, %v", list, err)
	}
}

func TestHaltResume(t *testing.T) {
	f := In(t.TempDir())
	publish(t, f, 5, "arm7", "five", all, "")
	g := func(_ Release, err error, says string) {
		t.Helper()
		if says == "" && err != nil || says != "" && (err == nil || !strings.Contains(err.Error(), says)) {
			t.Errorf("%v, want %q", err, says)
		}
	}
	do := func(r Release, err error) func(string) { return func(says string) { t.Helper(); g(r, err, says) } }
	do(f.Resume(5, 0, now))("not halted")
	do(f.Halt(5, "li", "black screens", now))("")
	do(f.Halt(5, "li", "again", now))("halted already: black screens")
	do(f.Resume(5, 3, now))("")
	do(f.Halt(6, "li", "", now))("not_found")
	do(f.Restage(5, Stage{PerMille: 2000}, now))("percent")
	do(f.Restage(5, Stage{PerMille: 500, Models: []string{"A"}, Provinces: []aggregator.Province{43}}, now))("")
	r, err := f.Get(5)
	if err != nil || r.Halted || r.Trusted != 3 || r.Stage.PerMille != 500 {
		t.Errorf("%+v, %v", r, err)
	}
}

// TestTurn: stages hold about as many boxes as they say, and each the ones of the
// smaller; another release begins with others.
func TestTurn(t *testing.T) {
	const boxes = 20_000
	first, both := 0, 0
	for n := range boxes {
		box := fmt.Sprintf("%016x", n)
		if turn(box, 1) < 50 {
			first++
			if turn(box, 2) < 50 {
				both++
			}
		}
	}
	if first < 900 || first > 1100 || both < 20 || both > 90 {
		t.Errorf("5 percent of %d are %d; %d of them are first again", boxes, first, both)
	}
}

func TestDoor(t *testing.T) {
	f := In(t.TempDir())
	publish(t, f, 5, "arm7", "five", all, "")
	publish(t, f, 6, "arm7", "six", Stage{PerMille: 1000, Provinces: []aggregator.Province{43}, Models: []string{"E900"}}, "")
	d := NewDoor(f, slog.New(slog.DiscardHandler))
	clock := now
	d.now = func() time.Time { return clock }
	server := httptest.NewServer(d)
	defer server.Close()
	get := func(path, span string) (int, string) {
		t.Helper()
		req, err := http.NewRequest(http.MethodGet, server.URL+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		if span != "" {
			req.Header.Set("Range", span)
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		b, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return resp.StatusCode, string(b)
	}
	ask := func(query string, version uint64) {
		t.Helper()
		code, body := get("/update/v1/offer?"+query, "")
		m, _, err := protocol.ReadManifest([]byte(body))
		switch {
		case version == 0 && code != http.StatusNoContent, version > 0 && (err != nil || m.Version != version):
			t.Errorf("%s: %d, version %d, %v; want %d", query, code, m.Version, err, version)
		}
	}
	const box = "box=0123456789abcdef&build=arm7"
	ask(box+"&province=33&version=0&model=E900", 5)
	ask(box+"&province=43&version=0&model=E900", 6)
	ask(box+"&province=43&version=0&model=B860", 5)
	ask(box+"&province=43&version=6&model=E900", 0)
	ask(box+"&province=43&version=5&model=B860", 0)
	ask("box=0123456789abcdef&build=arm5&province=33&version=0", 0)
	for _, bad := range []string{"", box, box + "&province=9&version=1", box + "&province=33&version=-1", "box=../../x&build=arm7&province=33&version=0",
		"box=0123456789abcdef&build=mips&province=33&version=0", box + "&province=33&version=0&model=" + strings.Repeat("x", 65)} {
		if code, _ := get("/update/v1/offer?"+bad, ""); code != http.StatusBadRequest {
			t.Errorf("%q: %d", bad, code)
		}
	}
	if _, err := f.Halt(6, "li", "", now); err != nil {
		t.Fatal(err)
	}
	clock = clock.Add(lookEvery)
	ask(box+"&province=43&version=0&model=E900", 5)
	if n := d.Stats.Offered.Load(); n != 4 {
		t.Errorf("%d offers counted", n)
	}

	sum := sha256.Sum256([]byte("five"))
	five := "/update/v1/files/" + hex.EncodeToString(sum[:])
	if code, body := get(five, ""); code != 200 || body != "five" {
		t.Errorf("%d %s", code, body)
	}
	if code, body := get(five, "bytes=1-2"); code != http.StatusPartialContent || body != "iv" {
		t.Errorf("%d %s", code, body)
	}
	for _, none := range []string{"/update/v1/files/..%2f5.json", "/update/v1/files/lock", "/update/v1/files/" + strings.Repeat("0", 64), "/", "/5.json"} {
		if code, _ := get(none, ""); code != http.StatusNotFound {
			t.Errorf("%s: %d", none, code)
		}
	}
	if n := d.Stats.Bytes.Load(); n != 6 {
		t.Errorf("%d bytes counted", n)
	}
	for range MaxStreams {
		d.streams <- struct{}{}
	}
	if code, _ := get(five, ""); code != http.StatusServiceUnavailable || d.Stats.Busy.Load() != 1 {
		t.Errorf("with %d streams: %d", MaxStreams, code)
	}
}

// TestWatch: it halts when enough boxes went back, once, and not again for those that
// somebody has looked at.
func TestWatch(t *testing.T) {
	f := In(t.TempDir())
	publish(t, f, 5, "arm7", "five", all, "")
	mem := storetest.Memory()
	told, block := int64(0), byte(0)
	tell := func(state protocol.ProfileState, boxes int) {
		t.Helper()
		block++
		b := &store.Block{ID: [16]byte{block}}
		for range boxes {
			told++
			b.Runnings = append(b.Runnings, store.Running{Stamp: store.Stamp{Province: 33, City: 3301, Box: uint64(told), AtMs: now.UnixMilli() + told, Boot: 1, MonoMs: told}, Version: 5, State: uint8(state)})
		}
		if _, err := mem.Insert(t.Context(), b); err != nil {
			t.Fatal(err)
		}
	}
	var halts []string
	w := &Watcher{Folder: f, Outcomes: mem, Limits: Limits{Percent: 10, Least: 3}, Log: slog.New(slog.DiscardHandler),
		Halted: func(_ context.Context, version uint64, why string) error {
			halts = append(halts, fmt.Sprint(version, ": ", why))
			return nil
		}}
	look := func(want ...string) {
		t.Helper()
		halts = nil
		if err := w.Look(t.Context()); err != nil {
			t.Fatal(err)
		}
		if strings.Join(halts, ";") != strings.Join(want, ";") {
			t.Errorf("halts %q, want %q", halts, want)
		}
	}
	tell(protocol.UpdateRolledBack, 2)
	look() // too few to say anything
	tell(protocol.UpdateGood, 40)
	tell(protocol.UpdateRolledBack, 1)
	tell(protocol.UpdateRefused, 20)
	look() // 3 of 43
	tell(protocol.UpdateRolledBack, 2)
	look("5: 5 of 45 boxes went back; halted by itself at 10 percent")
	look()
	version, by, halted := w.Latest()
	if want := (Progress{Good: 40, RolledBack: 5, Refused: 20}); version != 5 || by[33] != want || halted != 1 {
		t.Errorf("%d, %+v, %d", version, by, halted)
	}
	back, err := Back(t.Context(), mem, 5)
	if err != nil || back != 5 {
		t.Fatalf("%d, %v", back, err)
	}
	if _, err := f.Resume(5, back, now); err != nil {
		t.Fatal(err)
	}
	look()
	tell(protocol.UpdateRolledBack, 5)
	look("5: 5 of 45 boxes went back; halted by itself at 10 percent")
}

func TestSignRefuses(t *testing.T) {
	m := protocol.Manifest{Version: 1, Agent: "1", Outbox: 2, OutboxMin: 1}
	f := func(program, says string) {
		t.Helper()
		if _, err := Sign(m, program, false, 1, private); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v, want %q", program, err, says)
		}
	}
	f("rollout_test.go", "no program for Linux")
	f("/bin/sh", "linked to libraries")
	f("/none", "no program")
}
