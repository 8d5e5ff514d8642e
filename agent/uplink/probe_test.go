package uplink

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

// TestProbe: it connects and subscribes, sends nothing of what there is, and the
// agent that runs for the same box keeps its connection.
func TestProbe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCentre(t)
		defer c.close()
		b := newBox(t, c, 9, nil)
		time.Sleep(121 * time.Second) // simulated: it is connected
		other := newBox(t, c, 10, func(cfg *Config) { cfg.Timing = DefaultTiming(); cfg.Timing.FirstSpread = 1000 * time.Hour })
		other.click(t, "not to be sent")
		if err := other.out.Seal(); err != nil {
			t.Fatal(err)
		}
		if err := Probe(t.Context(), other.cfg); err != nil {
			t.Errorf("Probe: %v", err)
		}
		c.set(func() { c.refuse = true })
		if err := Probe(t.Context(), other.cfg); !errors.Is(err, errRefused) {
			t.Errorf("refused: %v", err)
		}
		c.set(func() { c.refuse, c.down = false, true })
		if err := Probe(t.Context(), other.cfg); err == nil {
			t.Error("a broker that is down was reached")
		}
		time.Sleep(time.Minute)
		if s := b.Stats(); s.Connects != 1 || s.Losses != 0 || s.State != Connected {
			t.Errorf("the running agent: %+v", s)
		}
		c.set(func() {
			if c.batches != 0 || len(c.clients) != 3 || c.clients[0] == c.clients[1] {
				t.Errorf("%d batches came, from %v", c.batches, c.clients)
			}
		})
		if err := Probe(t.Context(), Config{}); err == nil {
			t.Error("no broker, no error")
		}
		other.stop()
		b.stop()
	})
}
