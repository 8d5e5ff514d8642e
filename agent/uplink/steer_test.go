package uplink

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	mochi "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/packets"

	"iptvdc/agent/outbox"
	"iptvdc/protocol"
)

// soon is a box that connects at once and listens to profiles and commands.
func soon(cfg *Config) {
	cfg.Timing = DefaultTiming()
	cfg.Timing.FirstSpread = 0
	cfg.Topics = []string{"p1/33/all", "c1/33/" + testBox}
	cfg.Down = func(string, []byte, uint64) {}
}

func order(t *testing.T, b *box) {
	t.Helper()
	if err := b.out.Append(protocol.Event{Kind: protocol.Order, OrderID: "o", Product: "p", Result: protocol.ResultPaid, Boot: 7}); err != nil {
		t.Fatal(err)
	}
}

// TestDown: retained packets come at the connect, others when they are sent,
// with the centre's time once an ack has told it.
func TestDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCentre(t)
		defer c.close()
		// Before the box is there: who subscribes in that very moment may hear it twice.
		if err := c.server.Publish("p1/33/all", []byte("one"), true, 1); err != nil {
			t.Fatal(err)
		}
		var mu sync.Mutex
		var got []string
		b := newBox(t, c, 1, func(cfg *Config) {
			soon(cfg)
			cfg.Down = func(topic string, packet []byte, serverMs uint64) {
				mu.Lock()
				defer mu.Unlock()
				got = append(got, fmt.Sprint(topic, " ", string(packet), " ", serverMs > 0))
			}
		})
		time.Sleep(time.Second)
		order(t, b)
		time.Sleep(time.Second)
		for _, topic := range []string{"c1/33/" + testBox, "p1/33/trial"} {
			if err := c.server.Publish(topic, []byte("two"), false, 1); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(time.Second)
		mu.Lock()
		if want := []string{"p1/33/all one false", "c1/33/" + testBox + " two true"}; !slices.Equal(got, want) {
			t.Errorf("%q, want %q", got, want)
		}
		mu.Unlock()
		if s := b.Stats(); s.AcksBad != 0 || s.DownRefused != 0 || s.Connects != 1 {
			t.Errorf("%+v", s)
		}
		b.stop()
	})
}

// grumpy is a broker that refuses profiles, or hangs up on who asks for them.
type grumpy struct {
	mochi.HookBase
	hangUp bool
}

func (*grumpy) ID() string           { return "grumpy" }
func (*grumpy) Provides(b byte) bool { return b == mochi.OnSubscribe }
func (g *grumpy) OnSubscribe(cl *mochi.Client, pk packets.Packet) packets.Packet {
	for i := range pk.Filters {
		if f := pk.Filters[i].Filter; strings.HasPrefix(f, "p1/") || strings.HasPrefix(f, "c1/") {
			if g.hangUp {
				cl.Net.Conn.Close()
			}
			pk.Filters[i].Filter = "" // no filter: refused
		}
	}
	return pk
}

// TestUnheard: a broker that refuses the topics of profiles, even by hanging up,
// does not keep the box from its work.
func TestUnheard(t *testing.T) {
	f := func(hangUp bool, connects uint64) {
		synctest.Test(t, func(t *testing.T) {
			c := newCentre(t)
			defer c.close()
			if err := c.server.AddHook(&grumpy{hangUp: hangUp}, nil); err != nil {
				t.Fatal(err)
			}
			b := newBox(t, c, 1, soon)
			order(t, b)
			time.Sleep(10 * time.Minute)
			s := b.Stats()
			if s.State != Connected || s.Connects != connects || s.DownRefused == 0 != hangUp {
				t.Errorf("hanging up %v: %+v", hangUp, s)
			}
			exactlyOnce(t, c, 1)
			b.stop()
		})
	}
	f(false, 1)
	f(true, maxUnanswered+1)
}

// TestQuietHours: clicks wait, orders go with what stands before them, and at
// the end everything goes [P-8.5].
func TestQuietHours(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCentre(t)
		defer c.close()
		b := newBox(t, c, 1, soon)
		quiet := b.cfg.settings()
		quiet.Quiet = true
		b.Set(quiet)
		pages := func(n int) []string {
			var names []string
			for range n {
				names = append(names, fmt.Sprint("p", len(names), "-", time.Now().UnixNano()))
			}
			return names
		}
		acked := func(want uint64, open int) {
			t.Helper()
			time.Sleep(2 * time.Minute)
			if s := b.out.Stats(); s.Acked != want || s.Open != open {
				t.Errorf("%d acknowledged, %d open, want %d, %d", s.Acked, s.Open, want, open)
			}
		}
		b.click(t, pages(25)...) // sealed: more than a batch
		acked(0, 0)
		b.click(t, pages(3)...)
		acked(0, 3) // not sealed by age
		order(t, b)
		acked(29, 0)
		b.click(t, pages(12)...)
		acked(29, 0)
		c.cut() // nor does another connection change it
		acked(29, 0)
		b.click(t, pages(1)...)
		b.SendNow()
		acked(42, 0)
		b.click(t, pages(4)...)
		acked(42, 4) // it was for once
		b.Set(b.cfg.settings())
		acked(46, 0)
		b.stop()
		if c.lost != 0 || c.batches > 9 {
			t.Errorf("%d lost, %d batches came", c.lost, c.batches)
		}
	})
}

// TestSet: another age at once; keep-alive, window and brokers with the next
// connection; those built in when the new ones fail.
func TestSet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCentre(t)
		defer c.close()
		b := newBox(t, c, 1, soon)
		time.Sleep(time.Second)
		s := b.cfg.settings()
		s.SealAge = 2 * time.Second
		b.Set(s)
		b.click(t, "a")
		time.Sleep(3 * time.Second)
		if st := b.out.Stats(); st.Acked != 1 {
			t.Errorf("not sent by the new age: %+v", st)
		}
		b.stop()
	})
	out, err := outbox.New(outbox.NewMemory(), outbox.Options{})
	if err != nil {
		t.Fatal(err)
	}
	u, err := New(Config{Brokers: []string{"tcp://built"}, Box: testBox, Province: 33, Outbox: out, Clock: boxClock{}, Boot: func() uint32 { return 1 }})
	if err != nil {
		t.Fatal(err)
	}
	s := u.cfg.settings()
	s.Brokers = []string{"tcp://a", "nonsense", "tls://b"}
	u.Set(s)
	var tried []string
	for attempt := range 9 {
		at, err := u.broker(attempt, attempt)
		if err != nil {
			t.Fatal(err)
		}
		tried = append(tried, at.Hostname())
	}
	if got := strings.Join(tried, " "); got != "a b a b b built a b built" {
		t.Errorf("tried %s", got)
	}
	s.Brokers = []string{"nonsense"}
	u.Set(s)
	if at, err := u.broker(0, 0); err != nil || at.Host != "built:1883" {
		t.Errorf("%v, %v", at, err)
	}
	if got := pings(100*time.Second, 0); got != 80*time.Second {
		t.Errorf("keep-alive %v", got)
	}
}
