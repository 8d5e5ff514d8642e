package pipe

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"io"
	"log/slog"
	"maps"
	"path/filepath"
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

// pipe is a broker that boxes reach through a proxy, and a ledger.
type pipe struct {
	*forgetful
	addr   string
	proxy  *fault.Proxy
	dir    string
	ledger *sqlite.Ledger
}

func newPipe(t *testing.T) *pipe {
	t.Helper()
	p := &pipe{forgetful: new(forgetful), dir: t.TempDir()}
	closes := func(close func() error) {
		t.Cleanup(func() {
			if err := close(); err != nil {
				t.Error(err)
			}
		})
	}
	server := mochi.New(&mochi.Options{Logger: slog.New(slog.NewTextHandler(io.Discard, nil))})
	if err := server.AddHook(p.forgetful, nil); err != nil {
		t.Fatal(err)
	}
	listener := listeners.NewTCP(listeners.Config{ID: "tcp", Address: "127.0.0.1:0"})
	if err := server.AddListener(listener); err != nil {
		t.Fatal(err)
	}
	if err := server.Serve(); err != nil {
		t.Fatal(err)
	}
	closes(server.Close)
	p.addr = listener.Address()
	var err error
	if p.proxy, err = fault.Listen("127.0.0.1:0", p.addr); err != nil {
		t.Fatal(err)
	}
	closes(p.proxy.Close)
	if p.ledger, err = sqlite.Open(p.dir); err != nil {
		t.Fatal(err)
	}
	closes(p.ledger.Close)
	return p
}

// arrive starts the aggregator and returns its intake.
func (p *pipe) arrive(t *testing.T) *intake.Intake {
	t.Helper()
	in := intake.New(p.ledger, intake.Config{RetryBusy: time.Second})
	consumer, err := broker.Consume(broker.ConsumerConfig{URL: "tcp://" + p.addr}, in)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(consumer.Close(), in.Close()); err != nil {
			t.Error(err)
		}
	})
	await(t, "the aggregator consumes", consumer.Ready)
	return in
}

const boxes = 40

// play runs a short evening of the boxes and returns what they recorded.
func (p *pipe) play(t *testing.T, report func(fleet.Progress)) *oracle.Truth {
	t.Helper()
	var file bytes.Buffer
	_, err := fleet.Run(t.Context(), fleet.Config{
		Boxes: boxes, Seed: 11, Start: time.Date(2026, 11, 23, 19, 0, 0, 0, time.FixedZone("", 8*3600)), Duration: 40 * time.Minute, Speed: 3600,
		Broker: "tcp://" + p.proxy.Addr(), BatchAge: 100 * time.Millisecond, Truth: &file, Drain: patience,
		Report: report, ReportEvery: 50 * time.Millisecond,
	})
	if err != nil {
		t.Fatal(err)
	}
	truth := new(oracle.Truth)
	if err := truth.Read(&file); err != nil {
		t.Fatal(err)
	}
	return truth
}

// compare demands that the ledger holds what the boxes recorded, each event
// once, and knows of no loss.
func (p *pipe) compare(t *testing.T, truth *oracle.Truth) {
	t.Helper()
	want, got := truth.Tallies(), tallies(t, p.ledger)
	missing, extra := apart(want, got), apart(got, want)
	if missing+extra > 0 {
		t.Errorf("%d events that boxes recorded never reached the ledger, %d are there too often; of %d true ones", missing, extra, truth.Len())
	}
	if !maps.EqualFunc(want, got, maps.Equal[map[string]oracle.Tally]) && missing+extra == 0 {
		t.Error("as many events of each kind, but others")
	}
	gaps, err := p.ledger.Gaps(t.Context())
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
}

// TestBrokerForgets: for a while nobody consumes, so that the broker takes what
// boxes send, confirms it and drops it. Then the aggregator comes, and all
// connections are cut once.
func TestBrokerForgets(t *testing.T) {
	p := newPipe(t)
	forgotten, cut := int64(0), 0
	truth := p.play(t, func(pr fleet.Progress) {
		if cut == 0 && pr.Draining && p.batches.Load() >= boxes/2 {
			forgotten = p.batches.Load()
			p.arrive(t)
			cut = p.proxy.Cut()
		}
	})
	if cut == 0 || forgotten == 0 {
		t.Fatalf("%d batches forgotten, %d connections cut: nothing was tried", forgotten, cut)
	}
	p.compare(t, truth)
	t.Logf("%d batches confirmed and forgotten, %d connections cut, %d events", forgotten, cut, truth.Len())
}

// TestCommitsFail: for a while the ledger's commits fail inside their
// transactions. Nothing is acknowledged then, and all comes again [S6].
func TestCommitsFail(t *testing.T) {
	p := newPipe(t)
	db, err := sql.Open("sqlite", filepath.Join(p.dir, "ledger.db")+"?_pragma=busy_timeout(10000)")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	do := func(query string) {
		t.Helper()
		if _, err := db.Exec(query); err != nil {
			t.Fatal(err)
		}
	}
	do(`CREATE TRIGGER outage BEFORE INSERT ON batch BEGIN SELECT RAISE(ABORT, 'an outage that the test made'); END`)
	in := p.arrive(t)
	failed := uint64(0)
	truth := p.play(t, func(pr fleet.Progress) {
		if failed == 0 && pr.Draining {
			if failed = in.Stats().CommitErrors.Load(); failed > 0 {
				do(`DROP TRIGGER outage`)
			}
		}
	})
	if failed == 0 {
		t.Fatal("no commit failed: nothing was tried")
	}
	p.compare(t, truth)
	t.Logf("%d commits failed, %d events", failed, truth.Len())
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
