package update

import (
	"os"
	"strings"
	"testing"
	"time"

	"iptvdc/protocol"
)

func TestUpdate(t *testing.T) {
	m := newMirror(t, 1, 2, 3)
	b := newBox(t, m).start()
	if len(b.told) != 1 || b.told[0].State != protocol.AgentRuns || b.told[0].Version != 0 || b.told[0].Why != "1.0.0 arm7 E900V22C" {
		t.Fatalf("told %+v", b.told)
	}
	b.want(0, "")
	if b.up.Look(t.Context()) {
		t.Fatal("it ended for nothing")
	}
	if m.asked != "box=0123456789abcdef&build=arm7&model=E900V22C&province=33&version=0" {
		t.Error(m.asked)
	}
	b.update(1)
	if len(m.ranges) != 3 || m.ranges[1] != "bytes=65536-131071" || m.ranges[2] != "bytes=131072-149999" {
		t.Errorf("asked for %v", m.ranges)
	}
	b.want(1, "offered; downloaded")
	if b.up.Look(t.Context()) || !strings.Contains(b.up.Stats().Last, "on trial") || !b.up.Stats().Trial {
		t.Errorf("%+v", b.up.Stats())
	}
	b.getsWell().up.Start(t.Context())
	b.start().want(1, "good")
	b.start().want(1, "") // and nothing is told again
	b.start().update(2).getsWell().start().want(2, "offered; downloaded; good")
	b.update(3).getsWell().start().want(3, "offered; downloaded; good")
	b.up.Report()
	b.up.tellAgent(t.Context(), true)
	if n := len(b.told); n != 1 || b.told[0].Why != "1.3.0 arm7 E900V22C" || b.told[0].Version != 3 {
		t.Errorf("a report told %+v", b.told)
	}
}

// TestGoingBack: what may happen to a program that is no good.
func TestGoingBack(t *testing.T) {
	m := newMirror(t, 1, 2, 3, 4, 5, 6, 7)
	b := newBox(t, m).start().update(1).getsWell().start()
	b.says()

	// It crashes at every start, first thing.
	b.update(2)
	for range MaxStarts - 1 {
		b.start()
		if b.version() != 2 {
			t.Fatal("given up too early")
		}
	}
	b.start().want(1, "offered; downloaded; rolled_back started 3 times and never got well")
	b.getsWell()
	if b.up.Look(t.Context()) || b.says() != "" {
		t.Error("a version that failed was tried again")
	}

	// It never has contact, the one before has it in time.
	b.update(3).want(3, "offered; downloaded")
	if b.up.Health(14*time.Minute) || !b.up.Health(16*time.Minute) {
		t.Fatal("its time is 15 minutes")
	}
	b.start().want(1, "")
	b.getsWell().up.tellNotes(t.Context())
	b.want(1, "rolled_back no contact with the centre; the version before had it in time")
	if b.ended != "" {
		t.Error(b.ended)
	}

	// An outage: neither has contact, then both have.
	b.update(4)
	b.up.Health(time.Hour)
	b.start().want(1, "offered; downloaded")
	if b.up.Health(time.Hour) {
		t.Fatal("the one before ended too")
	}
	b.acked = true
	if !b.up.Health(2 * time.Hour) {
		t.Fatal("after the outage it gets no second chance")
	}
	b.start().want(4, "")
	b.getsWell().up.Start(t.Context())
	b.start().want(4, "good")

	// Always out of reach when the new one has its turn.
	b.update(5)
	for range MaxTries {
		if !b.up.Health(time.Hour) {
			t.Fatal("not given up")
		}
		b.start()
		b.acked = true
		if b.up.Health(time.Hour) {
			b.start()
		}
	}
	b.start().want(4, "offered; downloaded; rolled_back no contact with the centre, 3 times")

	// Its program rots, and the one that ran before is there.
	b.update(6).getsWell().start().want(6, "offered; downloaded; good")
	path := b.choice.Program
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	text[1000] ^= 1
	if err := os.WriteFile(path, text, 0o700); err != nil {
		t.Fatal(err)
	}
	b.start()
	b.version()
	if got := b.says(); !strings.HasPrefix(got, "rolled_back sha256: the program's is") || b.version() != 4 {
		t.Errorf("%d runs, told %s", b.version(), got)
	}

	// It worked, and does not get well any more: the image's is left.
	for range MaxGoodStarts {
		b.start()
	}
	b.start().want(0, "rolled_back started 10 times and did not get well again")

	// It cannot be executed.
	b.update(7)
	c, err := b.launcher().Broken(b.choice, os.ErrPermission)
	if err != nil {
		t.Fatal(err)
	}
	b.run(c).want(0, "offered; downloaded; rolled_back permission denied")
}

// TestImage: another image wins over what was there.
func TestImage(t *testing.T) {
	m := newMirror(t, 1, 2, 3)
	b := newBox(t, m).start().update(1).getsWell().start()
	b.says()
	b.image.Agent = "2.0.0"
	b.start().want(0, "update_refused the box has another image")
	if names, err := os.ReadDir(b.dir + "/" + FolderName); err != nil || len(names) != 3 { // state, the one before it, lock
		t.Errorf("%v, %v", names, err)
	}
	b.update(2).want(2, "offered; downloaded")
	b.image.Agent = "1.2.0" // that of version 2
	b.start().want(0, "update_refused the box has another image")
	if b.up.Look(t.Context()) {
		t.Error("what came before the image was taken again")
	}
	b.image.Agent, b.image.Release = "0.9.0", 1 // an old one, which says so
	b.start().update(3).getsWell().start().want(3, "offered; downloaded; good")
	b.image.Agent, b.image.Release = "1.2.1", 3
	b.start().want(0, "update_refused the box has another image")
	if b.up.Look(t.Context()) || !strings.HasSuffix(m.asked, "version=3") {
		t.Errorf("taken again: %s", m.asked)
	}
}

// TestDownload: cut off, spoiled, refused and slow places.
func TestDownload(t *testing.T) {
	m := newMirror(t, 1, 2, 3)
	b := newBox(t, m).start()

	// The place fails after a piece; the next look goes on there.
	m.offer = sign(t, manifestOf(1), 1, release)
	m.fail = func(n int) int {
		if n >= 2 {
			return 503
		}
		return 0
	}
	if b.up.Look(t.Context()) || !strings.Contains(b.up.Stats().Last, "503") {
		t.Fatalf("%+v", b.up.Stats())
	}
	m.fail, m.ranges = nil, nil
	b.start()
	if !b.up.Look(t.Context()) || len(m.ranges) != 2 || m.ranges[0] != "bytes=65536-131071" {
		t.Fatalf("%v: %+v", m.ranges, b.up.Stats())
	}
	b.start().getsWell().start().want(1, "offered; downloaded; good")

	// One that knows no parts, and then one that does.
	m.noRange = true
	m.offer = sign(t, manifestOf(2), 1, release)
	if b.up.Look(t.Context()) || !strings.Contains(b.up.Stats().Last, "no part of a file") {
		t.Fatalf("%+v", b.up.Stats())
	}
	man := manifestOf(2)
	other := newMirror(t, 2)
	man.URLs = []string{other.URL + "/other"}
	m.offer = sign(t, man, 1, release)
	if !b.up.Look(t.Context()) || len(other.ranges) != 3 {
		t.Fatalf("%+v", b.up.Stats())
	}
	b.start().getsWell().start().want(2, "offered; downloaded; good")

	// A program that is not the manifest's.
	m.noRange = false
	m.files[manifestOf(3).SHA256] = append([]byte("x"), program(3)[1:]...)
	m.offer = sign(t, manifestOf(3), 1, release)
	for range MaxSpoiled + 1 {
		if b.up.Look(t.Context()) {
			t.Fatal("taken")
		}
	}
	b.want(2, "offered; update_refused sha256: the program's is "+got12(m.files[manifestOf(3).SHA256])+", the manifest's "+manifestOf(3).SHA256[:12]+", 3 times")
}

// TestHalted: what is not offered any more does not start.
func TestHalted(t *testing.T) {
	m := newMirror(t, 1)
	b := newBox(t, m).start()
	m.offer, m.once = sign(t, manifestOf(1), 1, release), true
	if b.up.Look(t.Context()) || !strings.Contains(b.up.Stats().Last, "not offered any more") {
		t.Fatalf("%+v", b.up.Stats())
	}
	b.start().want(0, "offered; downloaded")
	m.once, m.ranges = false, nil
	m.offer = sign(t, manifestOf(1), 1, release)
	if !b.up.Look(t.Context()) || m.ranges != nil {
		t.Fatalf("fetched again: %v, %+v", m.ranges, b.up.Stats())
	}
	b.start().want(1, "")
}

// TestHours: outside them nothing is asked; without a time neither.
func TestHours(t *testing.T) {
	m := newMirror(t, 1)
	b := newBox(t, m)
	b.hours = &protocol.Span{From: "02:00", To: "05:00"}
	b.start()
	m.offer = sign(t, manifestOf(1), 1, release)
	at := func(hour int) uint64 {
		return uint64(time.Date(2027, 1, 5, hour-8, 30, 0, 0, time.UTC).UnixMilli())
	}
	for _, now := range []uint64{0, at(20), at(5)} {
		b.now = now
		if b.up.Look(t.Context()) || m.asked != "" || b.up.Stats().Last != errHours.Error() {
			t.Errorf("at %d: %q, %+v", now, m.asked, b.up.Stats())
		}
	}
	b.now = at(2)
	m.fail = func(n int) int {
		if n == 2 {
			b.now = at(5) // they are over in the middle
		}
		return 0
	}
	if b.up.Look(t.Context()) || b.up.Stats().Last != errHours.Error() || len(m.ranges) != 2 {
		t.Errorf("%v, %+v", m.ranges, b.up.Stats())
	}
	b.now = at(3)
	if !b.up.Look(t.Context()) || len(m.ranges) != 3 {
		t.Errorf("%v, %+v", m.ranges, b.up.Stats())
	}
}

// TestUntold: what could not be recorded is told later.
func TestUntold(t *testing.T) {
	m := newMirror(t, 1)
	b := newBox(t, m).start()
	b.says()
	b.tellErr = os.ErrClosed
	b.update(1)
	b.tellErr = nil
	b.start()
	if got := b.says(); got != "offered; downloaded" {
		t.Error(got)
	}
}
