package profiles

import (
	"crypto/ed25519"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"iptvdc/protocol"
)

const topic = "p1/33/all"

func testKey(t testing.TB) Key {
	t.Helper()
	k, err := NewKey(1)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// packet is a signed profile that holds for d.
func packet(t testing.TB, k Key, on string, version uint64, d time.Duration) []byte {
	t.Helper()
	payload, err := Compose([]byte("window_ms: 1000"), version, time.Now().Add(d))
	if err != nil {
		t.Fatal(err)
	}
	p, err := k.Sign(on, payload)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// retained is a broker.
type retained struct {
	has  map[string]string
	sent int
	down bool
	life uint64
}

func (r *retained) Publish(topic string, packet []byte, retain bool) error {
	if r.down || !retain {
		return errors.New("down")
	}
	r.sent++
	if len(packet) == 0 {
		delete(r.has, topic)
		return nil
	}
	r.has[topic] = string(packet)
	return nil
}

// TestFolder: versions rise for ever, over withdrawals too.
func TestFolder(t *testing.T) {
	f, k := In(filepath.Join(t.TempDir(), "profiles")), testKey(t)
	now := time.Now()
	if e, err := f.Get(topic); err != nil || e.Version != 0 {
		t.Errorf("%+v, %v", e, err)
	}
	if err := f.Withdraw(topic, now); err == nil || !strings.Contains(err.Error(), "nothing is published") {
		t.Error(err)
	}
	if err := f.Put(topic, packet(t, k, topic, 3, time.Hour), now); err != nil {
		t.Fatal(err)
	}
	f2 := func(version uint64, says string) {
		t.Helper()
		if err := f.Put(topic, packet(t, k, topic, version, time.Hour), now); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("version %d: %v, want %q", version, err, says)
		}
	}
	f2(3, "sign it as version 4")
	f2(2, "has seen version 3")
	if err := f.Withdraw(topic, now); err != nil {
		t.Fatal(err)
	}
	f2(3, "has seen version 3")
	if err := f.Put(topic, packet(t, k, topic, 4, time.Minute), now.Add(time.Hour)); err == nil || !strings.Contains(err.Error(), "it expired") {
		t.Error(err)
	}
	if err := f.Put(topic, []byte("nonsense"), now); err == nil {
		t.Error("nonsense was published")
	}
	if err := f.Put("a1/33/x", packet(t, k, topic, 9, time.Hour), now); err == nil {
		t.Error("published on a topic of acks")
	}
	if err := os.WriteFile(filepath.Join(f.dir, "p1_43_all.json"), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	all, err := f.List()
	if len(all) != 1 || all[0].Version != 3 || len(all[0].Packet) != 0 || err == nil || !strings.Contains(err.Error(), "p1_43_all") {
		t.Errorf("%+v, %v", all, err)
	}
}

// TestRetainer: the broker has what the folder has, also after it was away, has
// forgotten everything, or time has passed.
func TestRetainer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(time.Date(2026, 11, 25, 0, 0, 0, 0, time.UTC))) // simulated
		f, k := In(t.TempDir()), testKey(t)
		b := &retained{has: map[string]string{}}
		r := Retainer{Folder: f, Broker: b, Life: func() uint64 { return b.life }}
		want := func(sent int, topics map[string][]byte) {
			t.Helper()
			err := r.Look()
			if (err != nil) != b.down {
				t.Error(err)
			}
			have := map[string]string{}
			for on, p := range topics {
				have[on] = string(p)
			}
			if b.sent != sent || !maps.Equal(b.has, have) {
				t.Errorf("%d sent, want %d; %d retained, want %d", b.sent, sent, len(b.has), len(have))
			}
		}
		want(0, nil)
		put := func(on string, version uint64, d time.Duration) []byte {
			p := packet(t, k, on, version, d)
			if err := f.Put(on, p, time.Now()); err != nil {
				t.Fatal(err)
			}
			return p
		}
		one := put(topic, 1, time.Hour)
		two := put("p1/43/trial", 1, 2*time.Hour)
		want(2, map[string][]byte{topic: one, "p1/43/trial": two})
		want(2, map[string][]byte{topic: one, "p1/43/trial": two})
		b.down = true
		three := put(topic, 2, time.Hour)
		want(2, map[string][]byte{topic: one, "p1/43/trial": two})
		b.down = false
		want(3, map[string][]byte{topic: three, "p1/43/trial": two})
		b.has, b.life = map[string]string{}, 1
		want(5, map[string][]byte{topic: three, "p1/43/trial": two})
		if err := f.Withdraw("p1/43/trial", time.Now()); err != nil {
			t.Fatal(err)
		}
		want(6, map[string][]byte{topic: three})
		time.Sleep(time.Hour)
		want(7, nil)
		want(7, nil)
	})
}

func TestCompose(t *testing.T) {
	at := time.UnixMilli(1798761600000)
	got, err := Compose([]byte("sample: {impression: 100}\nquiet:\n  - {from: \"19:30\", to: 22:00}\norigins: []\n"), 7, at)
	want := `{"version":7,"expires_ms":1798761600000,"sample":{"impression":100},"quiet":[{"from":"19:30","to":"22:00"}],"origins":[]}`
	if err != nil || string(got) != want {
		t.Errorf("%s, %v; want %s", got, err, want)
	}
	if got, err := Compose(nil, 7, at); err != nil || string(got) != `{"version":7,"expires_ms":1798761600000}` {
		t.Errorf("an empty file: %s, %v", got, err)
	}
	f := func(text, says string) {
		t.Helper()
		if _, err := Compose([]byte(text), 7, at); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: %v, want %q", text, err, says)
		}
	}
	f("colour: red", "colour: not a field")
	f("window_ms: fast", "window_ms: string, must be a whole number")
	f("window_ms: 5", "allowed 50..60000")
	f("window_ms: 100\nwindow_ms: 200", "already defined")
	f("version: 3", "leave it out")
	f("a: 1\n---\nb: 1", "more than one document")
	f("- a", "cannot unmarshal")
	f("origins: ["+strings.Repeat("http://a.example.com,", 20)+"]", "allowed 1..16")
}

func TestKeys(t *testing.T) {
	path := filepath.Join(t.TempDir(), "key")
	k := testKey(t)
	if err := k.Save(path); err != nil {
		t.Fatal(err)
	}
	if err := k.Save(path); err == nil || !strings.Contains(err.Error(), "never overwritten") {
		t.Error(err)
	}
	again, err := LoadKey(path)
	if err != nil || again.ID != 1 || !again.Private.Equal(k.Private) {
		t.Errorf("%v, %v", again.ID, err)
	}
	p := packet(t, again, topic, 1, time.Hour)
	if _, err := protocol.OpenSigned(topic, p, protocol.Keys{1: k.Private.Public().(ed25519.PublicKey)}); err != nil {
		t.Error(err)
	}
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := LoadKey(path); err == nil || !strings.Contains(err.Error(), "chmod 600") {
		t.Error(err)
	}
	if err := os.WriteFile(path, []byte("# nothing\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := LoadKey(filepath.Join(t.TempDir(), "none")); err == nil {
		t.Error("a key out of nothing")
	}
}

func TestExplain(t *testing.T) {
	payload, err := Compose([]byte(`{"sample":{"impression":125},"health_s":0,"privacy":"anonymous","origins":[],"quiet":[{"from":"19:30","to":"22:00"}],
		"triggers":[{"errors":3,"within_s":600,"for_s":3600,"sample":{},"health_s":30}]}`), 1, time.UnixMilli(1798761600000))
	if err != nil {
		t.Fatal(err)
	}
	p, err := protocol.ParseProfile(payload)
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Join(Explain(&p), "\n")
	for _, want := range []string{"impression is recorded by 12.5 % of boxes", "no health events", "stay on the box", "no page may report",
		"19:30 to 22:00", "after 3 playback errors in 600 s", "every kind is recorded", "every 30 s"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in:\n%s", want, text)
		}
	}
	if lines := Explain(&protocol.Profile{}); len(lines) != 1 || !strings.Contains(lines[0], "as they are built") {
		t.Errorf("%q", lines)
	}
}
