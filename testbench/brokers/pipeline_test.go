package brokers

import (
	"context"
	"errors"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"iptvdc/aggregator/broker"
	"iptvdc/aggregator/intake"
	"iptvdc/aggregator/ledger"
	"iptvdc/aggregator/ledger/sqlite"
)

// door is what an aggregator has at its front, run by the test itself: a real
// ledger in a data folder, an intake, and any number of consumers of a broker.
// When it is shut, an aggregator can be started on the folder.
type door struct {
	ledger    *sqlite.Ledger
	intake    *intake.Intake
	consumers []*broker.Consumer
	shut      func(*testing.T)
}

// openDoor opens one consumer for each set of shards.
func openDoor(t *testing.T, data, addr string, wrap func(intake.Committer) intake.Committer, shards ...[]broker.ShardRange) *door {
	t.Helper()
	l, err := sqlite.Open(filepath.Join(data, "ledger"))
	if err != nil {
		t.Fatal(err)
	}
	d := &door{ledger: l}
	var to intake.Committer = l
	if wrap != nil {
		to = wrap(l)
	}
	d.intake = intake.New(to, intake.Config{RetryBusy: time.Second})
	var once sync.Once
	d.shut = func(t *testing.T) {
		once.Do(func() {
			for _, k := range d.consumers {
				if err := k.Close(); err != nil {
					t.Error(err)
				}
			}
			if err := errors.Join(d.intake.Close(), d.ledger.Close()); err != nil {
				t.Error(err)
			}
		})
	}
	t.Cleanup(func() { d.shut(t) })
	for i, s := range shards {
		k, err := broker.Consume(broker.ConsumerConfig{URL: "tcp://" + addr, ClientID: "centre-" + string(rune('a'+i)),
			User: centreUser, Password: centrePassword, Shards: s}, d.intake)
		if err != nil {
			t.Fatal(err)
		}
		d.consumers = append(d.consumers, k)
	}
	eventually(t, "all consumers are ready", func() bool {
		for _, k := range d.consumers {
			if !k.Ready() {
				return false
			}
		}
		return true
	})
	return d
}

// outcome is how many packets the ledger judged so.
func (d *door) outcome(o ledger.Outcome) uint64 { return d.intake.Stats().Outcome[o].Load() }

// errFull is what a ledger says whose disk is full.
var errFull = errors.New("no space left on device")

// sickFor is how many groups it takes until then.
const sickFor = 200

// failing is a ledger that refuses every second group until the disk, say, has
// room again.
type failing struct {
	to       intake.Committer
	calls    atomic.Uint64
	failures atomic.Uint64
}

func (f *failing) Commit(ctx context.Context, batches []ledger.Received) ([]ledger.Verdict, error) {
	if n := f.calls.Add(1); n <= sickFor && n%2 != 0 {
		f.failures.Add(1)
		return nil, errFull
	}
	return f.to.Commit(ctx, batches)
}
