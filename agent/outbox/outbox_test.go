package outbox

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"iptvdc/protocol"

	"pgregory.net/rapid"
)

// centre is the model of the other end: S2 to S4 in their plainest form.
type centre struct {
	marks map[uint64]*mark
	uids  map[protocol.UID]bool
	got   map[string]int // events by name
	lost  map[uint64]uint64
}

type mark struct {
	through, seq uint64
	chain        protocol.Chain
}

func newCentre() *centre {
	return &centre{map[uint64]*mark{}, map[protocol.UID]bool{}, map[string]int{}, map[uint64]uint64{}}
}

func (c *centre) receive(t testing.TB, b sent) protocol.Ack {
	m := c.marks[b.s.Epoch]
	if m == nil {
		m = new(mark)
		c.marks[b.s.Epoch] = m
	}
	code := protocol.AckOK
	next := *m
	if b.floor > m.through+1 && b.s.No == b.floor {
		next.through, next.chain = b.floor-1, b.s.Prev
	}
	switch {
	case b.s.No <= m.through:
	case b.s.No != next.through+1 || b.s.Prev != next.chain || b.s.First <= m.seq:
		code = protocol.AckGap
	default:
		c.lost[b.s.Epoch] += b.s.First - m.seq - 1
		m.through, m.seq, m.chain = b.s.No, b.s.Last(), b.s.Chain()
		if c.uids[b.s.UID] {
			break
		}
		c.uids[b.s.UID] = true
		if b.s.Flags&protocol.FlagTombstone != 0 {
			c.lost[b.s.Epoch] += uint64(b.s.N)
		}
		events, err := new(protocol.Decoder).Events(&b.s)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range events {
			c.got[name(&e)]++
		}
	}
	return protocol.Ack{Epoch: b.s.Epoch, Through: m.through, Chain: m.chain, Code: code}
}

type sent struct {
	s     protocol.Sealed
	floor uint64
}

func name(e *protocol.Event) string { return e.Page + e.OrderID + e.Account }

// moody is a Memory whose commits can fail, before or after they took effect.
type moody struct {
	*Memory
	fail, after bool
}

var errMoody = errors.New("the disk is moody")

func (m *moody) Commit(c Change) error {
	if m.fail {
		m.fail = false
		if m.after {
			if err := m.Memory.Commit(c); err != nil {
				return err
			}
		}
		return errMoody
	}
	return m.Memory.Commit(c)
}

// TestModel drives an Outbox against the model of the centre over a network
// that doubles, reorders and loses, with power cuts, failing commits and a
// flash that is far too small [D1, D2, D3, D4, D5].
func TestModel(t *testing.T) {
	seen := map[string]int{}
	rapid.Check(t, func(rt *rapid.T) {
		disk := &moody{Memory: NewMemory()}
		rnd := rand.NewChaCha8([32]byte{byte(rapid.Uint8().Draw(rt, "seed"))})
		open := func() *Outbox {
			o, err := New(disk, Options{MaxBytes: minBytes, BatchEvents: 5, Rand: rnd})
			if err != nil {
				rt.Fatal(err)
			}
			return o
		}
		o := open()
		c := newCentre()
		var (
			n       int
			stored  = map[string]protocol.Kind{}
			retry   []protocol.Event
			batches []sent
			acks    []protocol.Ack
			after   uint64
			evicted uint64
			blind   bool // a cut hid what a commit in doubt evicted
		)
		cut := func() {
			evicted += o.Stats().Evicted
			blind = blind || o.doubt != nil
			o, after = open(), 0
			if len(retry) > 0 {
				// A box that lost power does not repeat; whether the group was
				// kept shows at the centre.
				for i := range retry {
					stored[name(&retry[i])] = 0
				}
				retry = nil
			}
		}
		send := func(rt *rapid.T) {
			s, ok, err := o.Next(after)
			if err != nil {
				rt.Fatal(err)
			}
			if ok {
				s.Body = append([]byte(nil), s.Body...)
				batches = append(batches, sent{s, o.Floor()})
				after = s.No
			}
		}
		deliver := func(i int) { acks = append(acks, c.receive(t, batches[i])) }
		take := func(rt *rapid.T, i int) {
			v, err := o.Ack(acks[i])
			if errors.Is(err, errMoody) {
				return
			}
			if err != nil {
				rt.Fatal(err)
			}
			if v.Resend {
				after = v.From - 1
			}
			if v.Action == Diverged {
				rt.Fatalf("diverged from %+v without a clone", acks[i])
			}
		}
		rt.Repeat(map[string]func(*rapid.T){
			"append": func(rt *rapid.T) {
				group := retry
				if group == nil {
					for range rapid.IntRange(1, 7).Draw(rt, "events") {
						n++
						e := protocol.Event{Kind: protocol.Click, Page: fmt.Sprintf("page-%d", n), MonoMs: uint64(n)}
						switch rapid.IntRange(0, 7).Draw(rt, "kind") {
						case 0:
							e = protocol.Event{Kind: protocol.Order, OrderID: fmt.Sprintf("order-%d", n), Product: "p", Result: protocol.ResultPaid}
						case 1:
							e = protocol.Event{Kind: protocol.Identity, Account: fmt.Sprintf("id-%d", n), Province: 33}
						case 2:
							e.Page += filler(n)
						}
						group = append(group, e)
					}
				}
				before := o.Stats().Evicted
				if err := o.Append(group...); err != nil {
					if !errors.Is(err, errMoody) {
						rt.Fatal(err)
					}
					seen["failed commit"]++
					retry = group
					return
				}
				retry = nil
				for i := range group {
					stored[name(&group[i])] = group[i].Kind
				}
				if o.Stats().Evicted > before {
					seen["eviction"]++
				}
				if b := o.Stats().Bytes; b > minBytes+7*1200 {
					rt.Fatalf("%d bytes held, limit %d", b, minBytes)
				}
			},
			"seal": func(rt *rapid.T) {
				if err := o.Seal(); err != nil && !errors.Is(err, errMoody) {
					rt.Fatal(err)
				}
			},
			"soon":    func(*rapid.T) { o.SealSoon() },
			"eager":   func(rt *rapid.T) { o.SetEager(rapid.Bool().Draw(rt, "eager")) },
			"send":    send,
			"connect": func(*rapid.T) { after = 0 },
			"deliver": func(rt *rapid.T) {
				if len(batches) > 0 {
					deliver(rapid.IntRange(0, len(batches)-1).Draw(rt, "batch"))
				}
			},
			"ack": func(rt *rapid.T) {
				if len(acks) > 0 {
					take(rt, rapid.IntRange(max(0, len(acks)-4), len(acks)-1).Draw(rt, "ack"))
				}
			},
			"moody": func(rt *rapid.T) { disk.fail, disk.after = true, rapid.Bool().Draw(rt, "took effect") },
			"cut": func(rt *rapid.T) {
				disk.fail = false
				cut()
			},
		})
		// Peace: what is left must come.
		disk.fail = false
		if len(retry) > 0 {
			if err := o.Append(retry...); err != nil {
				rt.Fatal(err)
			}
			for i := range retry {
				stored[name(&retry[i])] = retry[i].Kind
			}
		}
		if err := o.Seal(); err != nil {
			rt.Fatal(err)
		}
		after = 0
		for i := 0; o.Stats().Batches > 0; i++ {
			if i > 10_000 {
				rt.Fatalf("does not drain: %+v floor %d", o.Stats(), o.Floor())
			}
			send(rt)
			deliver(len(batches) - 1)
			take(rt, len(acks)-1)
			after = 0
		}
		for _, h := range o.holes { // the next commit drops those below the floor
			if h.No > o.acked {
				rt.Fatalf("a hole at %d is remembered above the mark %d", h.No, o.acked)
			}
		}
		var received, missing, doubtful uint64
		for name, times := range c.got {
			if times > 1 {
				rt.Fatalf("%s came %d times [I1]", name, times)
			}
			if _, ok := stored[name]; !ok {
				rt.Fatalf("%s was never recorded [I5]", name)
			}
			received++
		}
		for name, kind := range stored {
			switch {
			case c.got[name] > 0:
			case kind == 0:
				doubtful++
			default:
				missing++
			}
		}
		lost := c.lost[o.Epoch()]
		if lost < missing || lost > missing+doubtful {
			rt.Fatalf("the centre counts %d lost, truly %d (and %d in doubt) [I3]", lost, missing, doubtful)
		}
		if evicted += o.Stats().Evicted; missing > evicted && !blind {
			rt.Fatalf("%d missing, %d evicted [I2]", missing, evicted)
		}
		if missing > 0 {
			seen["counted loss"]++
		}
	})
	for _, must := range []string{"eviction", "failed commit", "counted loss"} {
		if seen[must] == 0 && !testing.Short() { // short histories seldom fill the flash
			t.Errorf("the fault %q never happened", must)
		}
	}
}

// filler is 192 characters that hardly pack, so that batches fill the outbox.
func filler(n int) string {
	text := ""
	for i := range 3 {
		text += fmt.Sprintf("%x", sha256.Sum256([]byte{byte(n), byte(n >> 8), byte(i)}))
	}
	return text
}

// A box that starts again does not know how far it had sent: acks may have
// moved the floor without a commit. A batch evicted from between others may
// then be named by an ack though it lies beyond the window of the old floor;
// taking that for another history would lose the account of what is missing.
func TestEvictedBeyondWindowAfterStart(t *testing.T) {
	disk := NewMemory()
	options := Options{MaxBytes: minBytes, BatchEvents: 1}
	open := func() *Outbox {
		t.Helper()
		o, err := New(disk, options)
		if err != nil {
			t.Fatal(err)
		}
		return o
	}
	o := open()
	big := strings.Repeat("0123456789abcdefghijklmnopqrstuvwxyz", 7)
	record := func(n int, kind protocol.Kind) {
		t.Helper()
		for i := range n {
			e := protocol.Event{Kind: kind, MonoMs: uint64(i), Page: big, Product: "p", OrderID: "1", Result: protocol.ResultPaid}
			if err := o.Append(e); err != nil {
				t.Fatal(err)
			}
		}
	}
	record(1, protocol.Order)
	record(9, protocol.Click)
	var chain protocol.Chain
	for no := uint64(1); no <= 9; no++ { // sent and acknowledged, one by one
		b, ok, err := o.Next(no - 1)
		if err != nil || !ok {
			t.Fatalf("batch %d: %v, %v", no, ok, err)
		}
		chain = b.Chain()
		if v, err := o.Ack(protocol.Ack{Epoch: b.Epoch, Through: no, Chain: chain}); err != nil || v.Action != Deleted {
			t.Fatalf("batch %d: %+v, %v", no, v, err)
		}
	}
	o = open() // a power cut: no commit had taken the acks along
	if o.Floor() != 1 {
		t.Fatalf("floor %d", o.Floor())
	}
	for o.Stats().Evicted < 9 {
		record(1, protocol.Order)
	}
	epoch := o.Epoch()
	v, err := o.Ack(protocol.Ack{Epoch: epoch, Through: 9, Chain: chain})
	if err != nil || v.Action != Deleted || o.Epoch() != epoch {
		t.Fatalf("the ack of a batch evicted meanwhile: %+v, %v", v, err)
	}
}
