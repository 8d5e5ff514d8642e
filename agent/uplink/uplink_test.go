package uplink

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"iptvdc/protocol"
)

// exactlyOnce checks that every event came, and none twice [I1, I2].
func exactlyOnce(t *testing.T, c *centre, n int) {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.pages) != n {
		t.Errorf("%d different events came, %d were recorded", len(c.pages), n)
	}
	for page, times := range c.pages {
		if times != 1 {
			t.Errorf("%s came %d times", page, times)
		}
	}
	if c.lost != 0 {
		t.Errorf("the centre counts %d lost", c.lost)
	}
}

func TestDelivers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCentre(t)
		defer c.close()
		start := time.Now()
		b := newBox(t, c, 1, nil)
		b.click(t, "early")
		time.Sleep(120 * time.Second) // simulated
		for i := range 95 {
			b.click(t, fmt.Sprint("p", i))
		}
		time.Sleep(2 * time.Second)
		if s := b.out.Stats(); s.Batches != 0 || s.Open != 5 {
			t.Errorf("after 2 s: %+v; nine batches should be acknowledged, 5 events open", s)
		}
		time.Sleep(DefaultTiming().SealAge)
		exactlyOnce(t, c, 96)
		if s := b.out.Stats(); s.Batches != 0 || s.Open != 0 || s.Acked != 96 {
			t.Errorf("outbox %+v, want everything acknowledged", s)
		}
		if s := b.Stats(); s.Resent != 0 || s.Connects != 1 || s.State != Connected {
			t.Errorf("uplink %+v, want one connection and nothing sent twice", s)
		}
		if d := c.dials[0].Sub(start); d <= 0 || d > 120*time.Second {
			t.Errorf("first connect after %v, want random(0, 120 s)", d)
		}
		b.stop()
	})
}

// TestBacklogIsPaced: the first batches of a backlog go as fast as they are
// acknowledged, the others in step, and what is new comes with them.
func TestBacklogIsPaced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCentre(t)
		defer c.close()
		b := newBox(t, c, 1, func(cfg *Config) { cfg.Timing = DefaultTiming(); cfg.Timing.FirstSpread = time.Minute })
		for i := range 40 * 10 { // 40 batches before it connects
			b.click(t, fmt.Sprint("p", i))
		}
		if err := b.out.Seal(); err != nil {
			t.Fatal(err)
		}
		for b.Stats().Connects == 0 {
			time.Sleep(10 * time.Millisecond)
		}
		time.Sleep(200 * time.Millisecond)
		if s := b.out.Stats(); s.Batches != 40-paceBurst {
			t.Errorf("at once %d of 40 batches went, want %d", 40-s.Batches, paceBurst)
		}
		b.click(t, "new")
		if err := b.out.Seal(); err != nil {
			t.Fatal(err)
		}
		time.Sleep((40 - paceBurst) * 250 * time.Millisecond / 2)
		if s := b.out.Stats(); s.Batches < 14 || s.Batches > 19 {
			t.Errorf("half way %d batches wait, want about 17", s.Batches)
		}
		time.Sleep((40-paceBurst)*250*time.Millisecond/2 + time.Second)
		exactlyOnce(t, c, 401)
		if s := b.Stats(); s.Resent != 0 {
			t.Errorf("%d batches were sent twice", s.Resent)
		}
		b.stop()
	})
}

// TestOrdersGoAtOnce: an order is sealed by the commit that records it, and a
// commit soon after SealRide takes what is open along.
func TestOrdersGoAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCentre(t)
		defer c.close()
		b := newBox(t, c, 1, func(cfg *Config) { cfg.Timing = DefaultTiming(); cfg.Timing.FirstSpread = 0 })
		time.Sleep(time.Second)
		b.click(t, "before")
		if err := b.out.Append(protocol.Event{Kind: protocol.Order, OrderID: "o", Product: "p", Result: protocol.ResultPaid, Boot: 7}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		if s := b.out.Stats(); s.Acked != 2 {
			t.Errorf("after 1 s %d of 2 events acknowledged", s.Acked)
		}
		b.click(t, "first")
		time.Sleep(11 * time.Second)
		b.click(t, "rider")
		time.Sleep(time.Second)
		if s := b.out.Stats(); s.Acked != 4 {
			t.Errorf("the rider did not take what was open along: %+v", s)
		}
		b.stop()
	})
}

// TestFaults runs hours with lost acks, doubled acks, cuts and outages [I1, I2, I6].
func TestFaults(t *testing.T) {
	for seed := range uint64(2) {
		synctest.Test(t, func(t *testing.T) {
			c := newCentre(t)
			defer c.close()
			n, lostAcks, lostBatches := 0, 0, 0
			c.answer = func(*protocol.Ack) bool { n++; lostAcks += n % 5 / 4; return n%5 != 4 }
			c.swallow = func(b *protocol.Batch) bool {
				gone := (b.No*7+uint64(n))%11 == 3
				if gone {
					lostBatches++
					n++
				}
				return gone
			}
			b := newBox(t, c, seed, nil)
			recorded := 0
			for slot := range 40 { // of 10 minutes
				c.set(func() { c.down = slot%20 >= 8 && slot%20 < 17 })
				if slot%20 == 8 || slot%7 == 0 {
					c.cut()
				}
				for range 6 {
					recorded++
					b.click(t, fmt.Sprint("p", recorded), fmt.Sprint("q", recorded))
					time.Sleep(100 * time.Second)
				}
			}
			c.set(func() { c.down, c.answer, c.swallow = false, nil, nil })
			time.Sleep(time.Hour)
			exactlyOnce(t, c, 2*recorded)
			if s := b.out.Stats(); s.Batches != 0 || s.Diverged != 0 {
				t.Errorf("outbox %+v, want empty and never diverged", s)
			}
			s := b.Stats()
			if lostAcks == 0 || lostBatches == 0 || s.Losses == 0 || s.Resent == 0 || s.Failures == 0 {
				t.Errorf("a fault never happened: %d acks, %d batches, %+v", lostAcks, lostBatches, s)
			}
			if s.Failures > 2*40 {
				t.Errorf("%d attempts in two outages of 90 minutes", s.Failures)
			}
			b.stop()
		})
	}
}

// TestPauses: busy, unknown and version keep everything and wait what the
// centre asks for.
func TestPauses(t *testing.T) {
	f := func(code protocol.AckCode, count func(Stats) uint64) {
		t.Helper()
		synctest.Test(t, func(t *testing.T) {
			c := newCentre(t)
			defer c.close()
			c.answer = func(a *protocol.Ack) bool {
				*a = protocol.Ack{Epoch: a.Epoch, Code: code, RetryS: 600, ServerMs: a.ServerMs}
				return true
			}
			c.swallow = func(*protocol.Batch) bool { return false }
			b := newBox(t, c, 3, func(cfg *Config) { cfg.Timing = DefaultTiming(); cfg.Timing.FirstSpread = 0 })
			b.click(t, "p")
			time.Sleep(time.Minute)
			if s := b.Stats(); s.State != Held || count(s) != 1 || s.Sent != 1 {
				t.Errorf("%v: %+v, want held after one batch", code, s)
			}
			time.Sleep(8 * time.Minute)
			b.click(t, "q")
			if s := b.Stats(); s.Sent != 1 {
				t.Errorf("%v: sent %d batches within the pause", code, s.Sent)
			}
			c.set(func() { c.answer = nil })
			time.Sleep(12 * time.Minute)
			if s := b.out.Stats(); s.Acked != 2 {
				t.Errorf("%v: %d of 2 events acknowledged after the pause", code, s.Acked)
			}
			b.stop()
		})
	}
	f(protocol.AckBusy, func(s Stats) uint64 { return s.Busy })
	f(protocol.AckUnknown, func(s Stats) uint64 { return s.Unknown })
	f(protocol.AckVersion, func(s Stats) uint64 { return s.Version })
}

// TestDivergenceReconnects: another history at the centre gives a new epoch, a
// new client id, and everything comes once [D4].
func TestDivergenceReconnects(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCentre(t)
		defer c.close()
		b := newBox(t, c, 5, func(cfg *Config) { cfg.Timing = DefaultTiming(); cfg.Timing.FirstSpread = 0 })
		b.click(t, "a")
		time.Sleep(time.Minute)
		first := b.out.Epoch()
		c.set(func() {
			c.marks[first] = &mark{9, 99, protocol.Chain{1}} // a clone was here
		})
		b.click(t, "b")
		time.Sleep(2 * time.Minute)
		if b.out.Epoch() == first {
			t.Fatal("no new epoch")
		}
		if s := b.out.Stats(); s.Batches != 0 || s.Diverged != 1 {
			t.Errorf("outbox %+v, want one divergence and everything acknowledged", s)
		}
		c.set(func() {
			if n := len(c.clients); n != 2 || c.clients[0] != protocol.ClientID(testBox, first) ||
				c.clients[1] != protocol.ClientID(testBox, b.out.Epoch()) {
				t.Errorf("client ids %v", c.clients)
			}
		})
		exactlyOnce(t, c, 2)
		b.stop()
	})
}

// TestRefused: bad credentials wait the longest, and recording goes on.
func TestRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCentre(t)
		defer c.close()
		c.refuse = true
		b := newBox(t, c, 5, nil)
		b.click(t, "a")
		time.Sleep(4 * time.Hour)
		if s := b.Stats(); s.Connects != 0 || s.Failures < 4*4 || s.Failures > 4*20 {
			t.Errorf("%+v: want about one attempt in 7.5 minutes", s)
		}
		c.set(func() { c.refuse = false })
		time.Sleep(time.Hour)
		exactlyOnce(t, c, 1)
		b.stop()
	})
}

// TestSilence: a broker that takes the connection and never answers is left.
func TestSilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCentre(t)
		defer c.close()
		mute := func() { c.answer = func(*protocol.Ack) bool { return false } }
		mute()
		b := newBox(t, c, 9, func(cfg *Config) { cfg.Timing = DefaultTiming(); cfg.Timing.FirstSpread = 0 })
		b.click(t, "a")
		time.Sleep(2 * time.Hour)
		// 30 s doubling to 10 min: 15-30, 30-60, 60-120, ... then 5-10 min each.
		if s := b.Stats(); s.Sent < 10 || s.Sent > 32 || s.Connects != 1 {
			t.Errorf("%+v: want a batch repeated with doubling waits", s)
		}
		c.set(func() { c.answer = nil })
		time.Sleep(10 * time.Minute)
		exactlyOnce(t, c, 1)
		b.stop()
	})
}

// TestSync: the centre's clock comes with half the round trip taken off [D8].
func TestSync(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCentre(t)
		defer c.close()
		var server, mono uint64
		b := newBox(t, c, 2, func(cfg *Config) {
			cfg.Timing = DefaultTiming()
			cfg.Timing.FirstSpread = 0
			cfg.Clock = boxClock{time.Now(), 0} // 1970
			cfg.Synced = func(s, m uint64) { server, mono = s, m }
		})
		start := time.Now()
		b.click(t, "a")
		time.Sleep(time.Minute)
		synctest.Wait()
		if want := uint64(start.UnixMilli()) + mono; server == 0 || server != want {
			t.Errorf("synced to %d at %d ms, want %d", server, mono, want)
		}
		if got := b.now(); time.Since(got) > 2*time.Minute {
			t.Errorf("certificates would be checked at %v", got)
		}
		b.stop()
	})
}

func TestBackoff(t *testing.T) {
	f := func(n int, want time.Duration) {
		t.Helper()
		if got := backoff(5*time.Second, 15*time.Minute, n); got != want {
			t.Errorf("backoff(%d) = %v, want %v", n, got, want)
		}
	}
	f(0, 5*time.Second)
	f(1, 10*time.Second)
	f(7, 640*time.Second)
	f(8, 15*time.Minute)
	f(1000, 15*time.Minute)
}

func TestValidate(t *testing.T) {
	f := func(broker, want string) {
		t.Helper()
		if _, err := ParseBroker(broker); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("ParseBroker(%q) = %v, want %q in it", broker, err, want)
		}
	}
	f("http://x", "allowed: tcp://, tls://")
	f("tcp://", "no host")
	f("10.0.0.1:1883", "tcp://host:1883")
	f("tcp://x/y", "only host and port")
	if u, err := ParseBroker("tls://x"); err != nil || u.Host != "x:8883" {
		t.Errorf("ParseBroker(tls://x) = %v, %v", u, err)
	}
}

func TestLimited(t *testing.T) {
	f := func(want bool, chunks ...[]byte) {
		t.Helper()
		l := &limited{}
		ok := true
		for _, c := range chunks {
			ok = ok && l.watch(c)
		}
		if ok != want {
			t.Errorf("watch(%x) = %v, want %v", chunks, ok, want)
		}
	}
	f(true, []byte{0x20, 2, 0, 0, 0xd0, 0})
	f(true, []byte{0x30, 0x80}, []byte{0x40}, make([]byte, 8192), []byte{0xd0, 0})
	f(false, []byte{0x30, 0x81, 0x40})             // 8,193 bytes
	f(false, []byte{0x30, 0xff, 0xff, 0xff, 0x7f}) // 256 MB
	f(false, []byte{0x30, 0xff, 0xff, 0xff, 0xff, 1})
	f(false, []byte{0x30, 2, 0, 0, 0x30, 0xff}, []byte{0xff, 0xff, 0x7f})
}
