package storetest

import (
	"context"
	"testing"

	"iptvdc/aggregator"
	"iptvdc/aggregator/store"
	"iptvdc/protocol"
)

// Which profile boxes run.

const (
	applied  = uint8(protocol.ProfileApplied)
	refused  = uint8(protocol.ProfileRefused)
	expired  = uint8(protocol.ProfileExpired)
	answered = uint8(protocol.ProfileAnswered)
)

// tells is a block of running events, with the texts they need.
type tells struct{ store.Block }

func (b *tells) add(s store.Stamp, state uint8, version uint64, why string) {
	key := aggregator.TextKey(why)
	b.Runnings = append(b.Runnings, store.Running{Stamp: s, Version: version, State: state, Why: key})
	if why != "" {
		b.Codes = append(b.Codes, store.Code{Key: key, Text: why})
	}
}

var everywhere = store.RunningQuery{AllProvinces: true}

func (b *bench) running(q store.RunningQuery, want ...store.RunningCount) {
	b.Helper()
	got, err := b.Running(context.Background(), q)
	if err != nil {
		b.Fatalf("Running: %v", err)
	}
	b.same("running", got, want)
}

func (b *bench) runningBoxes(q store.RunningQuery, want ...store.RunningBox) {
	b.Helper()
	got, err := b.RunningBoxes(context.Background(), q)
	if err != nil {
		b.Fatalf("RunningBoxes: %v", err)
	}
	b.same("running boxes", got, want)
}

func runs(version uint64) store.Runs { return store.Runs{Version: version} }

func refuses(r store.Runs, version uint64, why string) store.Runs {
	r.Refused, r.Refusal = true, store.Refusal{Version: version, Why: why}
	return r
}

// counted has boxes of a province, whatever their city.
func counted(p aggregator.Province, r store.Runs, boxes int64) store.RunningCount {
	return store.RunningCount{Province: p, Runs: r, Boxes: boxes}
}

// testRunning: several provinces, versions and refusals; scope and filters.
func testRunning(t *testing.T, b *bench) {
	b.running(everywhere)
	b.runningBoxes(everywhere)
	var blk tells
	blk.add(at(1, now), applied, 6, "")
	blk.add(at(1, now+minute), applied, 7, "")
	blk.add(at(2, now), applied, 7, "")
	blk.add(at(3, now), applied, 6, "")
	blk.add(at(3, now+hour), refused, 7, "quiet: 25:00 is no time") // 6 stays
	blk.add(at(4, now), refused, 0, "signature")                    // the first thing it ever told
	blk.add(in43(at(5, now)), applied, 7, "")
	other := in43(at(6, now))
	other.City = 4302
	blk.add(other, expired, 2, "")
	b.put(blk.Block)
	six, none := refuses(runs(6), 7, "quiet: 25:00 is no time"), refuses(runs(0), 0, "signature")
	over := store.Runs{Expired: 2}
	b.running(everywhere, counted(33, none, 1), counted(33, six, 1), counted(33, runs(7), 2), counted(43, over, 1), counted(43, runs(7), 1))
	box := func(s store.Stamp, r store.Runs) store.RunningBox {
		return store.RunningBox{Province: s.Province, City: s.City, Box: s.Box, AtMs: s.AtMs, Runs: r}
	}
	rows := []store.RunningBox{box(at(1, now+minute), runs(7)), box(at(2, now), runs(7)), box(at(3, now+hour), six), box(at(4, now), none),
		box(in43(at(5, now)), runs(7)), box(other, over)}
	b.runningBoxes(everywhere, rows...)

	// The scope, and filters beside it.
	b.running(store.RunningQuery{})
	b.runningBoxes(store.RunningQuery{})
	b.running(store.RunningQuery{Province: 33})
	hunan := store.RunningQuery{Provinces: []aggregator.Province{43, 11}}
	b.running(hunan, counted(43, over, 1), counted(43, runs(7), 1))
	b.runningBoxes(hunan, rows[4:]...)
	hunan.Province = 33
	b.running(hunan)
	b.runningBoxes(hunan)
	b.running(store.RunningQuery{AllProvinces: true, Province: 43}, counted(43, over, 1), counted(43, runs(7), 1))
	seven, zero, eight := uint64(7), uint64(0), uint64(8)
	b.runningBoxes(store.RunningQuery{AllProvinces: true, Version: &seven, Province: 33}, rows[:2]...)
	b.runningBoxes(store.RunningQuery{AllProvinces: true, Version: &zero}, rows[3], rows[5])
	b.runningBoxes(store.RunningQuery{AllProvinces: true, Version: &eight})
	b.runningBoxes(store.RunningQuery{AllProvinces: true, Refused: true}, rows[2:4]...)
	b.running(store.RunningQuery{AllProvinces: true, Refused: true, Version: &zero}, counted(33, none, 1))

	// Cities and limits.
	inCity := func(c store.RunningCount, city aggregator.City) store.RunningCount { c.City = city; return c }
	b.running(store.RunningQuery{AllProvinces: true, Province: 43, Cities: true},
		inCity(counted(43, runs(7), 1), 4301), inCity(counted(43, over, 1), 4302))
	b.running(store.RunningQuery{AllProvinces: true, Limit: 1}, counted(33, runs(7), 2))
	b.running(store.RunningQuery{AllProvinces: true, Limit: 2}, counted(33, none, 1), counted(33, runs(7), 2))
	b.runningBoxes(store.RunningQuery{AllProvinces: true, Limit: 3}, rows[:3]...)
}

// testRunningLatest: what comes late, ties, boots counted anew, and repaired
// times.
func testRunningLatest(t *testing.T, b *bench) {
	ask := func(box uint64, want store.Runs) {
		t.Helper()
		got, err := b.RunningBoxes(context.Background(), everywhere)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range got {
			if r.Box == box {
				b.same("box", r.Runs, want)
				return
			}
		}
		t.Fatalf("box %d is not there", box)
	}
	put := func(s store.Stamp, state uint8, version uint64, why string) {
		t.Helper()
		var blk tells
		blk.add(s, state, version, why)
		b.put(blk.Block)
	}
	put(at(1, now), applied, 7, "")
	put(at(1, now-hour), applied, 6, "") // comes later, is earlier
	ask(1, runs(7))
	put(at(1, now-minute), refused, 7, "signature") // of before it was applied
	ask(1, runs(7))

	// At one moment: the boot, then the clock of the boot, then the version.
	tie := func(box uint64, boot uint32, mono int64) store.Stamp {
		s := at(box, now)
		s.Boot, s.MonoMs = boot, mono
		return s
	}
	put(tie(2, 2, 5), applied, 3, "")
	put(tie(2, 1, 9), applied, 9, "")
	ask(2, runs(3))
	put(tie(2, 2, 4), applied, 8, "")
	ask(2, runs(3))
	put(tie(2, 2, 5), applied, 4, "")
	ask(2, runs(4))
	put(tie(2, 2, 5), expired, 4, "") // the greater state
	ask(2, store.Runs{Expired: 4})
	put(tie(2, 2, 5), applied, 4, "")
	ask(2, store.Runs{Expired: 4})

	// A box flashed anew counts its boots from 1 again.
	old := at(3, now)
	old.Boot = 900
	put(old, applied, 1, "")
	put(at(3, now+second), applied, 2, "")
	ask(3, runs(2))

	// A boot whose time is repaired moves.
	slow := at(4, now+10*hour)
	slow.Boot, slow.Clock = 1, 1
	put(slow, applied, 5, "")
	good := at(4, now)
	good.Boot = 2
	put(good, applied, 6, "")
	ask(4, runs(5))
	b.put(store.Block{Retimes: []store.Retime{{ClockKey: store.ClockKey{Box: 4, Boot: 1}, Clock: store.Clock{OffsetMs: now - hour - slow.MonoMs, Quality: 3}}}})
	ask(4, runs(6))
}

// testRunningTopics: all's profile, the group's, commands, answers.
func testRunningTopics(t *testing.T, b *bench) {
	box := uint64(0)
	f := func(want store.Runs, events ...any) {
		t.Helper()
		box++
		var blk tells
		for i := 0; i < len(events); i += 3 {
			blk.add(at(box, now+int64(i)), events[i].(uint8), uint64(events[i+1].(int)), events[i+2].(string))
		}
		b.put(blk.Block)
		got, err := b.RunningBoxes(context.Background(), everywhere)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range got {
			if r.Box == box {
				b.same("box", r.Runs, want)
				return
			}
		}
		t.Fatalf("box %d is not there", box)
	}
	grouped := func(version uint64, group string) store.Runs { return store.Runs{Version: version, Group: group} }

	// The group's goes before all's, and all's holds again when it expires.
	f(grouped(2, "E900"), applied, 7, "", applied, 2, "group E900")
	f(grouped(2, "E900"), applied, 2, "group E900", applied, 7, "the group's profile holds")
	f(grouped(2, "E900"), applied, 2, "group E900", applied, 7, "the group's profile holds", expired, 7, "")
	f(grouped(2, "E900"), applied, 2, "group E900: not on flash: read-only")
	f(runs(7), applied, 2, "group E900", applied, 7, "the group's profile holds", expired, 2, "group E900")
	f(store.Runs{Expired: 2}, applied, 2, "group E900", expired, 2, "group E900")
	f(store.Runs{Expired: 7}, applied, 2, "group E900", expired, 2, "group E900", applied, 7, "", expired, 7, "not on flash: full")
	f(runs(8), expired, 7, "", applied, 8, "")

	// Refusals stand until a profile of the topic is applied.
	f(refuses(store.Runs{Expired: 6}, 7, "signature"), applied, 6, "", refused, 7, "signature", expired, 6, "")
	f(runs(8), applied, 6, "", refused, 7, "signature", applied, 8, "")
	f(refuses(runs(8), 7, "version: 7, but 8 has been here"), applied, 8, "", refused, 7, "version: 7, but 8 has been here")
	f(refuses(runs(0), 9, "b"), refused, 8, "a", refused, 9, "b")
	no := runs(7)
	no.Refused, no.Refusal = true, store.Refusal{Version: 3, Group: "E900", Why: "window: 0"}
	f(no, refused, 3, "group E900: window: 0", applied, 7, "")
	f(no, refused, 9, "all: earlier", applied, 7, "", refused, 3, "group E900: window: 0")
	f(refuses(runs(7), 9, "x"), refused, 3, "group E900: window: 0", applied, 7, "", refused, 9, "x")
	no.Refusal = store.Refusal{Group: "E900"}
	f(no, applied, 7, "", refused, 0, "group E900")

	// Commands are no profiles; an answer names what holds.
	f(runs(7), applied, 7, "", refused, 9, "command: signature", expired, 8, "command")
	f(runs(7), applied, 7, "", answered, 7, "command 3")
	f(grouped(2, "E900"), applied, 2, "group E900", answered, 2, "command 3")
	f(runs(5), applied, 2, "group E900", answered, 5, "command 3") // what was told between is lost
	f(runs(0), applied, 7, "", answered, 0, "command 3")
	f(grouped(2, "E900"), applied, 2, "group E900", answered, 5, "command 3", answered, 2, "command 4")
	f(runs(8), applied, 7, "", answered, 5, "command 3", applied, 8, "")
	f(runs(5), answered, 5, "command 3")
	f(refuses(runs(6), 7, "signature"), applied, 6, "", refused, 7, "signature", answered, 6, "command 1")
	f(runs(7), applied, 7, "", uint8(0), 8, "", uint8(99), 9, "") // states of another version

	var blk tells // said nothing about profiles: does not count
	blk.add(at(1000, now), refused, 9, "command: signature")
	blk.add(at(1001, now), 77, 9, "")
	b.put(blk.Block)
	got, err := b.RunningBoxes(context.Background(), everywhere)
	if err != nil || len(got) != int(box) {
		t.Fatalf("%d boxes, %v; want %d", len(got), err, box)
	}
}

// testRunningMoved: a box is where it was last, and what is closed to a reader
// changes nothing for them.
func testRunningMoved(t *testing.T, b *bench) {
	var blk tells
	blk.add(at(1, now), applied, 7, "")
	blk.add(at(1, now+1), refused, 8, "signature")
	blk.add(in43(at(1, now+hour)), applied, 2, "")
	blk.add(in43(at(2, now)), applied, 1, "")
	blk.add(at(2, now+hour), answered, 0, "command 1")
	b.put(blk.Block)
	b.running(everywhere, counted(33, runs(0), 1), counted(43, runs(2), 1))
	b.running(store.RunningQuery{AllProvinces: true, Province: 33}, counted(33, runs(0), 1))
	b.running(store.RunningQuery{Provinces: []aggregator.Province{33}},
		counted(33, runs(0), 1), counted(33, refuses(runs(7), 8, "signature"), 1))
	b.running(store.RunningQuery{Provinces: []aggregator.Province{43}}, counted(43, runs(1), 1), counted(43, runs(2), 1))
	b.running(store.RunningQuery{Provinces: []aggregator.Province{33, 43}}, counted(33, runs(0), 1), counted(43, runs(2), 1))
}
