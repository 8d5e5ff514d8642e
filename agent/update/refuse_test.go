package update

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"iptvdc/protocol"
)

// TestRefused: what a box does not take, why, and that it tells once.
func TestRefused(t *testing.T) {
	m := newMirror(t, 1, 2, 3, 4, 5)
	b := newBox(t, m).start().update(3).getsWell().start()
	b.now = 1_800_000_000_000
	b.says()
	f := func(packet []byte, says string) {
		t.Helper()
		m.offer = packet
		asked := len(m.ranges)
		for range 2 {
			if b.up.Look(t.Context()) {
				t.Fatalf("taken: want %s", says)
			}
		}
		b.want(3, says)
		if len(m.ranges) != asked {
			t.Error("it was fetched all the same")
		}
	}
	with := func(version uint64, change func(*protocol.Manifest)) []byte {
		man := manifestOf(version)
		change(&man)
		return sign(t, man, 1, release)
	}
	good := sign(t, manifestOf(4), 1, release)
	flipped := bytes.Clone(good)
	flipped[20] ^= 1
	f(flipped, "update_refused signature: key 1 did not sign this payload for m1")
	f(sign(t, manifestOf(4), 1, spare), "") // for the same reason: that was told
	f(sign(t, manifestOf(4), 7, spare), "update_refused key: 7 is none of the keys that this box has")
	f([]byte("<html>"), "update_refused packet: byte 0x3c, must be an array")
	f(sign(t, manifestOf(2), 1, release), "update_refused version: 2, but 3 has been here")
	f(with(3, func(m *protocol.Manifest) { m.SHA256 = manifestOf(4).SHA256 }), "update_refused version: 3 has been here with another program")
	f(with(4, func(m *protocol.Manifest) { m.Build = "arm5" }), "update_refused build: arm5, this box runs arm7")
	f(with(4, func(m *protocol.Manifest) { m.Models = []string{"B860", "B760"} }), `update_refused models: "E900V22C" is none of the 2 it is for`)
	f(with(4, func(m *protocol.Manifest) { m.ExpiresMs = 1_799_999_999_999 }), "update_refused expires_ms: it is over")
	f(with(4, func(m *protocol.Manifest) { m.Outbox, m.OutboxMin = 3, 3 }), "update_refused outbox: format 3 is not read by 1.3.0, which knows format 2: going back would lose events")
}

// TestOutboxOfImage: the image's program must read it too, not only the one that
// runs.
func TestOutboxOfImage(t *testing.T) {
	f := func(self, image Program, outbox, lowest uint64, want string) {
		t.Helper()
		man := manifestOf(1)
		man.Outbox, man.OutboxMin = outbox, lowest
		s := State{}
		_, _, err := s.judge(sign(t, man, 1, release), keys, 0, &self, &image, "", 0)
		if want == "" && err != nil || want != "" && (err == nil || !strings.HasPrefix(err.Error(), want)) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	knows := func(format, lowest uint64) Program {
		return Program{Agent: "x", Build: "arm7", Outbox: format, OutboxMin: lowest}
	}
	f(knows(2, 1), knows(2, 1), 2, 1, "")
	f(knows(2, 1), knows(1, 1), 2, 1, "") // the first passes over what the second added
	f(knows(2, 1), knows(1, 1), 2, 2, "outbox: format 2 is not read by x, which knows format 1")
	f(knows(3, 2), knows(2, 1), 1, 1, "outbox: format 3 is not read by 1.1.0, which knows format 1")
	f(knows(3, 2), knows(2, 1), 2, 1, "")
	f(knows(3, 3), knows(3, 3), 5, 4, "outbox: format 5 is not read by x, which knows format 3")
}

// TestRetired: the spare key takes the other out of use, for good.
func TestRetired(t *testing.T) {
	m := newMirror(t, 1, 2, 3)
	b := newBox(t, m).start().update(1).getsWell().start()
	man := manifestOf(2)
	man.Retires = []uint64{1}
	m.offer = sign(t, man, 2, spare)
	if !b.up.Look(t.Context()) {
		t.Fatal(b.up.Stats().Last)
	}
	for range MaxStarts + 1 { // what the key had signed before still starts
		b.start()
	}
	b.want(1, "offered; downloaded; good; offered; downloaded; rolled_back started 3 times and never got well")
	m.offer = sign(t, manifestOf(3), 1, release)
	b.getsWell().up.Look(t.Context())
	b.want(1, "update_refused key: 1 was retired")
	m.offer = sign(t, manifestOf(3), 2, spare)
	if !b.up.Look(t.Context()) {
		t.Fatal(b.up.Stats().Last)
	}
	b.start().want(3, "offered; downloaded")
}

// TestWithoutKeysOrFlash: the image's program starts whatever there is.
func TestWithoutKeysOrFlash(t *testing.T) {
	m := newMirror(t, 1)
	b := newBox(t, m).start().update(1).getsWell()
	l := b.launcher()
	l.Keys = nil
	if c, err := l.Choose(); err != nil || c.Program != "" {
		t.Errorf("without keys: %+v, %v", c, err)
	}
	l = b.launcher()
	l.Keys = protocol.Keys{2: keys[2]} // the image does not believe key 1
	if c, err := l.Choose(); err != nil || c.Program != "" {
		t.Errorf("a program by an unknown key: %+v, %v", c, err)
	}
	l = b.launcher()
	l.Dir = "/proc/none" // takes nothing
	if c, err := l.Choose(); err == nil || c.Program != "" {
		t.Errorf("without flash: %+v, %v", c, err)
	}
	for _, text := range []string{"x", "1.0 2 1", "1.0 a b c", "1.0 2 1 -"} {
		if _, err := PlaceOf(func(string) string { return text }); err == nil {
			t.Errorf("%q was a place", text)
		}
	}
	if p, err := PlaceOf(func(string) string { return "" }); err != nil || p.Launched {
		t.Errorf("%+v, %v", p, err)
	}
}

// TestDamage: a state that rots leaves the one before, or the image's.
func TestDamage(t *testing.T) {
	m := newMirror(t, 1)
	b := newBox(t, m).start().update(1).getsWell().start()
	b.says()
	rot := func(name string) {
		t.Helper()
		path := b.dir + "/" + FolderName + "/" + name
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		text[len(text)/2] ^= 4
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	rot(stateName)
	c, err := b.launcher().Choose()
	if err == nil || !strings.Contains(err.Error(), "checksum") {
		t.Errorf("no word of the damage: %v", err)
	}
	b.run(c)
	if got := b.says(); b.version() != 1 || !strings.Contains(got, "update_refused state: ") {
		t.Errorf("%d runs, told %s", b.version(), got)
	}
	b.start()
	rot(stateName)
	rot(stateName + ".old")
	if c, _ = b.launcher().Choose(); c.Program != "" {
		t.Errorf("%+v", c)
	}
	b.run(c)
	b.start().update(1).getsWell().start() // and all over again
	if b.version() != 1 {
		t.Error(b.version())
	}
}

// FuzzState: whatever stands in the file, the launcher starts the image's program
// or one that the keys have signed.
func FuzzState(f *testing.F) {
	dir := f.TempDir()
	l := Launcher{Dir: dir, Keys: keys, Image: image, ImageText: "1.0.0"}
	good := State{Image: "1.0.0", Seen: 1, Run: slotA, A: sign(f, manifestOf(1), 1, release)}
	if text, err := good.encode(); err == nil {
		f.Add(text[9:], program(1)[:100])
	}
	f.Add([]byte(`{"run":"../x","trial":{"slot":"a"}}`), []byte("x"))
	f.Add([]byte(`{"run":"a","before":"a","trial":{"slot":"","starts":-5}}`), []byte("x"))
	d := disk{dir: dir + "/" + FolderName}
	if err := os.MkdirAll(d.dir, 0o700); err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, body, program []byte) {
		if err := os.Remove(d.path(stateName + ".old")); err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
		if err := os.WriteFile(d.path(stateName), sealed(body), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(d.program(slotA), program, 0o700); err != nil {
			t.Fatal(err)
		}
		if c, _ := l.Choose(); c.Program != "" {
			t.Fatalf("%s starts", c.Program)
		}
	})
}
