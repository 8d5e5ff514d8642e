package loader

import (
	"context"
	"crypto/sha256"

	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"iptvdc/aggregator"
	"iptvdc/aggregator/ledger"
	"iptvdc/aggregator/store"
	"iptvdc/aggregator/store/storetest"
	"iptvdc/protocol"
)

// now is when batches arrive in these tests: 2026-05-03 20:00 in Shanghai.
const now = int64(1777809600000)

const (
	second = int64(1000)
	hour   = aggregator.HourMs
	minute = hour / 60
)

var secrets = aggregator.NewSecrets()

// centre is a ledger, a store and a loader between them.
type centre struct {
	testing.TB
	ledger *ledger.Memory
	store  store.Store
	*Loader
}

func newCentre(t testing.TB) *centre {
	c := &centre{TB: t, ledger: ledger.NewMemory(), store: storetest.Memory()}
	c.restart()
	return c
}

// restart forgets what only memory had.
func (c *centre) restart() {
	c.Loader = New(Config{Source: c.ledger, Target: c.store, Secrets: secrets, Workers: 2})
}

// load loads all there is.
func (c *centre) load() {
	c.Helper()
	for {
		more, err := c.Step(c.Context())
		if err != nil {
			c.Fatal(err)
		}
		if !more {
			return
		}
	}
}

// box seals batches as a box does.
type box struct {
	c     *centre
	name  string
	epoch uint64
	no    uint64
	first uint64
	chain protocol.Chain
	enc   protocol.Encoder
}

func (c *centre) box(n int) *box { return &box{c: c, name: fmt.Sprintf("box0%012d", n), epoch: 1} }

func (b *box) key() uint64 { return secrets.BoxKey(b.name) }

// sent is the envelope of a batch and when it arrived.
type sent struct {
	at   int64
	boot uint32
	up   int64
}

func (b *box) send(s sent, events ...protocol.Event) {
	b.c.Helper()
	b.commit(b.seal(s, events))
}

func (b *box) seal(s sent, events []protocol.Event) ledger.Received {
	b.c.Helper()
	codec, body, err := b.enc.Body(events)
	if err != nil {
		b.c.Fatal(err)
	}
	b.no++
	sealed := protocol.Sealed{Epoch: b.epoch, No: b.no, First: b.first + 1, N: uint32(len(events)), Prev: b.chain, Codec: codec, Body: slices.Clone(body)}
	id := sha256.Sum256(fmt.Appendf(nil, "%s %d %d", b.name, b.epoch, b.no))
	copy(sealed.UID[:], id[:])
	b.first, b.chain = sealed.Last(), sealed.Chain()
	return ledger.Received{
		Route: protocol.Route{Province: 33, Shard: protocol.ShardOf(b.name), Box: b.name}, AtMs: s.at,
		Batch: protocol.Batch{Version: 1, Sealed: sealed, Envelope: protocol.Envelope{Floor: 1, Boot: s.boot, UpMs: uint64(s.up), WallMs: 86_400_000}},
	}
}

func (b *box) commit(r ledger.Received) {
	b.c.Helper()
	v, err := b.c.ledger.Commit(b.c.Context(), []ledger.Received{r})
	if err != nil || v[0].Outcome != ledger.Stored {
		b.c.Fatalf("Commit = %v, %v", v, err)
	}
}

func page(boot uint32, mono int64, name string) protocol.Event {
	return protocol.Event{Kind: protocol.PageView, Boot: boot, MonoMs: uint64(mono), Page: name}
}

func clockSync(boot uint32, mono, wall int64, q protocol.Clock) protocol.Event {
	return protocol.Event{Kind: protocol.ClockSync, Boot: boot, MonoMs: uint64(mono), WallMs: uint64(wall), Clock: q}
}

func identity(boot uint32, mono int64, account string, province, city uint32) protocol.Event {
	e := protocol.Event{Kind: protocol.Identity, Boot: boot, MonoMs: uint64(mono), Account: account, Province: province, City: city, Model: "E900V22C", Firmware: "3.1"}
	e.Serial = protocol.IdentitySerial(&e)
	return e
}

func under(serial uint32, e protocol.Event) protocol.Event {
	e.Serial = serial
	return e
}

// spy lets a test see the rows that reach the store.
type spy struct {
	store.Store
	rows store.Block
}

func (s *spy) Insert(ctx context.Context, b *store.Block) (bool, error) {
	s.rows.PageViews = append(s.rows.PageViews, b.PageViews...)
	s.rows.Powers, s.rows.Runnings = append(s.rows.Powers, b.Powers...), append(s.rows.Runnings, b.Runnings...)
	s.rows.Codes = append(s.rows.Codes, b.Codes...)
	s.rows.Identities = append(s.rows.Identities, b.Identities...)
	s.rows.Clocks = append(s.rows.Clocks, b.Clocks...)
	s.rows.Retimes = append(s.rows.Retimes, b.Retimes...)
	return s.Store.Insert(ctx, b)
}

func (c *centre) spy() *spy {
	s := &spy{Store: c.store}
	c.store = s
	c.restart()
	return s
}

// times are the pages' times relative to now, with their quality.
func (s *spy) times() (ms []int64, quality []uint8) {
	for _, p := range s.rows.PageViews {
		ms, quality = append(ms, p.AtMs-now), append(quality, p.Clock)
	}
	return ms, quality
}

func (c *centre) wantTimes(s *spy, ms []int64, quality []uint8) {
	c.Helper()
	gotMs, gotQuality := s.times()
	if !slices.Equal(gotMs, ms) || !slices.Equal(gotQuality, quality) {
		c.Fatalf("times %v of quality %v, want %v of %v", gotMs, gotQuality, ms, quality)
	}
}

func TestClockFromSyncInTheSameBatch(t *testing.T) {
	c := newCentre(t)
	s := c.spy()
	// [S10] the wall clock at start was 1970; only the sync counts
	c.box(1).send(sent{now, 7, 100_000}, page(7, 1000, "a"), clockSync(7, 5000, now-50_000, protocol.ClockNTP), page(7, 6000, "b"))
	c.load()
	c.wantTimes(s, []int64{-54_000, -49_000}, []uint8{2, 2})
}

func TestClockBestQualityThenNearest(t *testing.T) {
	c := newCentre(t)
	s := c.spy()
	c.box(1).send(sent{now, 1, 200_000},
		clockSync(1, 1000, now-9_000_000, protocol.ClockBox), // worst: ignored while there is better
		page(1, 1000, "a"),
		clockSync(1, 10_000, now-100_000, protocol.ClockServer),
		page(1, 14_000, "b"),
		page(1, 16_000, "c"),
		clockSync(1, 20_000, now-85_000, protocol.ClockServer), // the clock ran 5 s fast meanwhile
		page(1, 30_000, "d"))
	c.load()
	c.wantTimes(s, []int64{-109_000, -96_000, -89_000, -75_000}, []uint8{3, 3, 3, 3})
}

func TestClockKnownFromEarlierBlock(t *testing.T) {
	for _, restart := range []bool{false, true} {
		c := newCentre(t)
		s := c.spy()
		b := c.box(1)
		b.send(sent{now, 3, 50_000}, clockSync(3, 0, now-50_000, protocol.ClockServer), page(3, 10_000, "a"))
		c.load()
		if restart {
			c.restart()
		}
		b.send(sent{now + hour, 3, 999_999_999}, page(3, 20_000, "b")) // this envelope would say something else
		c.load()
		c.wantTimes(s, []int64{-40_000, -30_000}, []uint8{3, 3})
		if n := len(s.rows.Clocks); n != 1 {
			t.Errorf("restart %v: %d clock rows, want 1", restart, n)
		}
	}
}

func TestClockFromArrival(t *testing.T) {
	c := newCentre(t)
	s := c.spy()
	b := c.box(1)
	b.send(sent{now, 3, 50_000}, page(3, 40_000, "a"))
	b.send(sent{now + 30_000, 3, 79_000}, page(3, 60_000, "b")) // a second longer on its way
	c.load()
	c.wantTimes(s, []int64{-10_000, 10_000}, []uint8{1, 1})
}

func TestOlderBootStandsBeforeTheNext(t *testing.T) {
	c := newCentre(t)
	s := c.spy()
	// boots 4 and 5 never synced, all is sent in boot 6
	c.box(1).send(sent{now, 6, 60_000},
		page(4, 1000, "a"), page(4, 3000, "b"), page(5, 500, "c"), clockSync(6, 10_000, now-50_000, protocol.ClockNTP), page(6, 20_000, "d"))
	c.load()
	c.wantTimes(s, []int64{-62_502, -60_502, -60_001, -40_000}, []uint8{0, 0, 0, 2})
}

func TestLaterSyncMovesRows(t *testing.T) {
	c := newCentre(t)
	s := c.spy()
	b := c.box(1)
	b.send(sent{now, 3, 50_000}, page(3, 40_000, "a")) // by arrival: now-10 s
	c.load()
	b.send(sent{now + hour, 3, 3_650_000}, clockSync(3, 3_640_000, now+hour-20_000, protocol.ClockServer))
	c.load()
	want := []store.Retime{{ClockKey: store.ClockKey{Box: b.key(), Boot: 3}, Clock: store.Clock{OffsetMs: now + hour - 20_000 - 3_640_000, Quality: 3}}}
	if diff := cmp.Diff(want, s.rows.Retimes); diff != "" {
		t.Fatalf("retimes (-want +got):\n%s", diff)
	}
	b.send(sent{now + hour, 3, 3_650_000}, clockSync(3, 3_645_000, now+hour-15_100, protocol.ClockServer)) // 100 ms off
	c.load()
	if len(s.rows.Retimes) != 1 || c.Stats().Retimes != 1 {
		t.Fatalf("retimes after a small difference: %v", s.rows.Retimes)
	}
}

// A batch of an older boot that comes after one of a newer, when memory has lost
// the box in between, does not make the newer boot new again.
func TestOlderBootAfterNewer(t *testing.T) {
	c := newCentre(t)
	s := c.spy()
	b := c.box(1)
	b.send(sent{now, 5, 50_000}, page(5, 40_000, "a")) // by arrival
	c.load()
	c.restart() // as if others had pushed the box out of memory
	b.send(sent{now, 5, 51_000}, page(4, 40_000, "carried over"))
	c.load()
	b.send(sent{now + hour, 5, 3_650_000}, clockSync(5, 3_640_000, now+hour-20_000, protocol.ClockServer))
	c.load()
	want := []store.Retime{{ClockKey: store.ClockKey{Box: b.key(), Boot: 5}, Clock: store.Clock{OffsetMs: now + hour - 20_000 - 3_640_000, Quality: 3}}}
	if diff := cmp.Diff(want, s.rows.Retimes); diff != "" {
		t.Fatalf("retimes (-want +got):\n%s", diff)
	}
}

func TestAbsurdTimes(t *testing.T) {
	c := newCentre(t)
	s := c.spy()
	c.box(1).send(sent{now, 1, 5000}, clockSync(1, 0, now+25*hour, protocol.ClockNTP), page(1, 1000, "a"))
	c.box(2).send(sent{now, 1, 5000}, clockSync(1, 0, now-10*hour, protocol.ClockNTP), page(1, 40*hour, "b"))  // 30 h ahead
	c.box(3).send(sent{now, 1, 5000}, clockSync(1, 1000, now+9*minute, protocol.ClockNTP), page(1, 2000, "c")) // allowed
	c.load()
	c.wantTimes(s, []int64{-4000, 0, 9*minute + 1000}, []uint8{1, 0, 2})
	if st := c.Stats(); st.IgnoredSyncs != 1 || st.AbsurdTimes != 1 {
		t.Errorf("stats %+v, want one sync ignored and one time absurd", st)
	}
}

// TestAgents: the version of an agent becomes a code of its own; what can be none is not
// told, and counted.
func TestAgents(t *testing.T) {
	c := newCentre(t)
	s := c.spy()
	on := func(mono uint64, agent string) protocol.Event {
		return protocol.Event{Kind: protocol.PowerOn, Boot: 1, MonoMs: mono, Cause: protocol.CauseWake, Agent: agent}
	}
	runs := func(mono uint64, state protocol.ProfileState, why string) protocol.Event {
		return protocol.Event{Kind: protocol.Running, Boot: 1, MonoMs: mono, State: state, Version: 27, Why: why}
	}
	c.box(1).send(sent{now, 1, 9000},
		on(1000, "1.4.2"), on(2000, ""), on(3000, "-"), on(4000, "1.4.2 beta"), on(5000, strings.Repeat("9", 65)), on(6000, "版本"),
		runs(7000, protocol.AgentRuns, "1.4.3 arm7 E900"), runs(7100, protocol.AgentRuns, "- arm7 -"), runs(7200, protocol.AgentRuns, ""),
		runs(7300, protocol.AgentRuns, "版本 arm7 E900"), runs(7400, protocol.ProfileRefused, "1.4.3 arm7 E900"))
	c.load()
	old, newer := aggregator.TextKey("1.4.2"), aggregator.TextKey("1.4.3")
	var got []uint64
	for _, p := range s.rows.Powers {
		got = append(got, p.Agent)
	}
	for _, r := range s.rows.Runnings {
		got = append(got, r.Agent)
	}
	if want := []uint64{old, 0, 0, 0, 0, 0, newer, 0, 0, 0, 0}; !slices.Equal(got, want) {
		t.Errorf("agents %v, want %v", got, want)
	}
	if names, err := c.store.Codes(t.Context(), []uint64{old, newer}); err != nil || names[old] != "1.4.2" || names[newer] != "1.4.3" {
		t.Errorf("%v, %v", names, err)
	}
	if st := c.Stats(); st.IgnoredAgents != 4 {
		t.Errorf("%d versions ignored, want 4", st.IgnoredAgents)
	}
}

func TestIdentity(t *testing.T) {
	for _, restart := range []bool{false, true} {
		c := newCentre(t)
		s := c.spy()
		b := c.box(1)
		home, moved := identity(1, 0, "u1", 33, 3301), identity(1, 5000, "u2", 43, 4301)
		b.send(sent{now, 1, 9000}, page(1, 0, "before"), home, under(home.Serial, page(1, 1000, "home")), moved, under(moved.Serial, page(1, 6000, "moved")))
		c.load()
		if restart {
			c.restart()
		}
		b.epoch, b.no, b.first, b.chain = 2, 0, 0, protocol.Chain{} // the outbox is new, the names hold
		b.send(sent{now + 60_000, 1, 69_000}, under(home.Serial, page(1, 61_000, "home again")), under(77, page(1, 62_000, "never told")))
		c.load()
		type who struct {
			province aggregator.Province
			city     aggregator.City
			account  uint64
		}
		var got []who
		for _, p := range s.rows.PageViews {
			got = append(got, who{p.Province, p.City, p.Account})
		}
		u1, u2 := secrets.AccountKey(33, "u1"), secrets.AccountKey(43, "u2")
		want := []who{{33, 0, 0}, {33, 3301, u1}, {43, 4301, u2}, {33, 3301, u1}, {33, 0, 0}}
		if !slices.Equal(got, want) {
			t.Errorf("restart %v: %v, want %v", restart, got, want)
		}
		if n := c.Stats().Unidentified; !restart && n != 2 {
			t.Errorf("%d events unidentified, want 2", n)
		}
	}
}

func TestCodesAreToldOnce(t *testing.T) {
	c := newCentre(t)
	s := c.spy()
	b := c.box(1)
	b.send(sent{now, 1, 9000}, page(1, 0, "page.home"))
	c.load()
	b.send(sent{now, 1, 9000}, page(1, 2, "page.home"), page(1, 3, "page.vod"))
	c.load()
	want := []store.Code{
		{Key: aggregator.TextKey("page.home"), Text: "page.home"},
		{Key: aggregator.TextKey("page.vod"), Text: "page.vod"},
	}
	if diff := cmp.Diff(want, s.rows.Codes); diff != "" {
		t.Fatalf("codes (-want +got):\n%s", diff)
	}
}

func TestPoisonAmongGood(t *testing.T) {
	c := newCentre(t)
	good, bad := c.box(1), c.box(2)
	good.send(sent{now, 1, 9000}, page(1, 1, "a"))
	r := bad.seal(sent{now, 1, 9000}, []protocol.Event{page(1, 1, "x"), page(1, 2, "y")})
	r.Batch.Body = []byte{0xc1, 0xc1}
	bad.commit(r)
	good.send(sent{now, 1, 9000}, page(1, 2, "b"))
	c.load()
	if st := c.Stats(); st.Events != 2 || st.Unreadable != 1 || st.UnreadableEvents != 2 {
		t.Errorf("stats %+v, want 2 events and 1 batch of 2 unreadable", st)
	}
	poison, err := c.ledger.Quarantine(t.Context(), 10)
	if err != nil || len(poison) != 1 || poison[0].Route.Box != bad.name || poison[0].Why == "" {
		t.Errorf("Quarantine = %v, %v; want the bad batch with its reason", poison, err)
	}
}

func TestRowsKeepTheirTexts(t *testing.T) { // buffers are reused between batches and blocks
	c := newCentre(t)
	s := c.spy()
	b := c.box(1)
	for i := range 50 {
		b.send(sent{now, 1, 9000}, page(1, int64(i), fmt.Sprint("page.", i)))
		if i%7 == 0 {
			c.load()
		}
	}
	c.load()
	for i, p := range s.rows.PageViews {
		if p.Page != aggregator.TextKey(fmt.Sprint("page.", i)) || p.MonoMs != int64(i) {
			t.Fatalf("row %d is page %x at %d", i, p.Page, p.MonoMs)
		}
	}
	if len(s.rows.PageViews) != 50 {
		t.Fatalf("%d rows, want 50", len(s.rows.PageViews))
	}
}
