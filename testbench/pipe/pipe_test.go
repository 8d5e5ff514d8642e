package pipe

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"maps"
	"sync/atomic"
	"testing"
	"time"

	mochi "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/listeners"
	"github.com/mochi-mqtt/server/v2/packets"

	"iptvdc/aggregator/broker"
	"iptvdc/aggregator/intake"
	"iptvdc/aggregator/ledger"
	"iptvdc/aggregator/ledger/sqlite"
	"iptvdc/protocol"
	"iptvdc/testbench/fault"
	"iptvdc/testbench/fleet"
	"iptvdc/testbench/oracle"
)

// patience bounds every wait; it is never used up when the test passes.
const patience = time.Minute

// forgetful is a broker that lets everybody do everything, keeps nothing for
// those who are not there, and counts what it confirms to boxes.
type forgetful struct {
	mochi.HookBase
	batches atomic.Int64
}

func (*forgetful) ID() string { return "forgetful" }

func (*forgetful) Provides(b byte) bool {
	return b == mochi.OnConnectAuthenticate || b == mochi.OnACLCheck || b == mochi.OnPublished
}

func (*forgetful) OnConnectAuthenticate(*mochi.Client, packets.Packet) bool { return true }

func (*forgetful) OnACLCheck(*mochi.Client, string, bool) bool { return true }

func (f *forgetful) OnPublished(_ *mochi.Client, pk packets.Packet) {
	if pk.TopicName[0] == 'u' {
		f.batches.Add(1)
	}
}

// TestBrokerForgets: for a while nobody consumes, so that the broker takes what
// boxes send, confirms it and drops it. Then the aggregator comes, and all
// connections are cut once. What the boxes recorded must be in the ledger, each
// event once, and the ledger must know of no loss.
func TestBrokerForgets(t *testing.T) {
	hook := new(forgetful)
	server := mochi.New(&mochi.Options{Logger: slog.New(slog.NewTextHandler(io.Discard, nil))})
	if err := server.AddHook(hook, nil); err != nil {
		t.Fatal(err)
	}
	listener := listeners.NewTCP(listeners.Config{ID: "tcp", Address: "127.0.0.1:0"})
	if err := server.AddListener(listener); err != nil {
		t.Fatal(err)
	}
	if err := server.Serve(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	proxy, err := fault.Listen("127.0.0.1:0", listener.Address())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := proxy.Close(); err != nil {
			t.Error(err)
		}
	})
	kept, err := sqlite.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := kept.Close(); err != nil {
			t.Error(err)
		}
	})

	var file bytes.Buffer
	const boxes = 40
	forgotten, cut := int64(0), 0
	arrive := func() { // the aggregator comes
		forgotten = hook.batches.Load()
		in := intake.New(kept, intake.Config{})
		consumer, err := broker.Consume(broker.ConsumerConfig{URL: "tcp://" + listener.Address()}, in)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := errors.Join(consumer.Close(), in.Close()); err != nil {
				t.Error(err)
			}
		})
		await(t, "the aggregator consumes", consumer.Ready)
		cut = proxy.Cut()
	}
	_, err = fleet.Run(t.Context(), fleet.Config{
		Boxes: boxes, Seed: 11, Start: time.Date(2026, 11, 23, 19, 0, 0, 0, time.FixedZone("", 8*3600)), Duration: 40 * time.Minute, Speed: 3600,
		Broker: "tcp://" + proxy.Addr(), BatchAge: 100 * time.Millisecond, Truth: &file, Drain: patience,
		ReportEvery: 50 * time.Millisecond,
		Report: func(p fleet.Progress) {
			if cut == 0 && p.Draining && hook.batches.Load() >= boxes/2 {
				arrive()
			}
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	if cut == 0 || forgotten == 0 {
		t.Fatalf("%d batches forgotten, %d connections cut: nothing was tried", forgotten, cut)
	}
	truth := new(oracle.Truth)
	if err := truth.Read(&file); err != nil {
		t.Fatal(err)
	}
	want, got := truth.Tallies(), tallies(t, kept)
	missing, extra := apart(want, got), apart(got, want)
	if missing+extra > 0 {
		t.Errorf("%d events that boxes recorded never reached the ledger, %d are there too often; of %d true ones", missing, extra, len(truth.Records))
	}
	if !maps.EqualFunc(want, got, maps.Equal[map[string]oracle.Tally]) && missing+extra == 0 {
		t.Error("as many events of each kind, but others")
	}
	gaps, err := kept.Gaps(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	lost := uint64(0)
	for _, g := range gaps {
		lost += g.Lost
	}
	if lost > 0 {
		t.Errorf("the ledger counts %d events lost", lost)
	}
	t.Logf("%d batches confirmed and forgotten, %d connections cut, %d events", forgotten, cut, len(truth.Records))
}

// await polls until ok.
func await(t *testing.T, what string, ok func() bool) {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), patience)
	defer stop()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-ctx.Done():
			t.Fatalf("not within %v: %s", patience, what)
		case <-tick.C:
		}
	}
}

// tallies reads the ledger to its end.
func tallies(t *testing.T, l ledger.Ledger) map[string]map[string]oracle.Tally {
	t.Helper()
	all := map[string]map[string]oracle.Tally{}
	var dec protocol.Decoder
	for {
		block, err := l.Bind(t.Context(), 10_000)
		if errors.Is(err, ledger.ErrNoWork) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		for i := range block.Batches {
			k := &block.Batches[i]
			events, err := dec.Events(&k.Batch.Sealed)
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range events {
				if all[k.Route.Box] == nil {
					all[k.Route.Box] = map[string]oracle.Tally{}
				}
				n := all[k.Route.Box][e.Kind.String()]
				all[k.Route.Box][e.Kind.String()] = oracle.Tally{Events: n.Events + 1, MonoSum: n.MonoSum + int64(e.MonoMs)}
			}
		}
		if err := l.Loaded(t.Context(), block.ID, nil); err != nil {
			t.Fatal(err)
		}
	}
}

// apart counts the events of a that b lacks, by box and kind.
func apart(a, b map[string]map[string]oracle.Tally) (n int64) {
	for box, kinds := range a {
		for kind, tally := range kinds {
			n += max(0, tally.Events-b[box][kind].Events)
		}
	}
	return n
}
