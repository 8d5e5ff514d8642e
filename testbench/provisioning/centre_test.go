package provisioning

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"log/slog"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"iptvdc/agent/daemon"
	"iptvdc/agent/uplink"
	"iptvdc/aggregator/broker"
	"iptvdc/aggregator/intake"
	"iptvdc/aggregator/ledger"
	"iptvdc/aggregator/provision"
	"iptvdc/protocol"
)

// centre is what boxes come to, with a clock of its own.
type centre struct {
	registry  *provision.Registry
	authority *provision.Authority
	dir       string
	ledger    *ledger.Memory
	broker    *broker.Embedded // nil before open

	mu sync.Mutex
	at time.Time
}

func newCentre(t *testing.T) *centre {
	t.Helper()
	c := &centre{dir: filepath.Join(t.TempDir(), "provision"), at: time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC)}
	c.registry = c.open(t, func(boxes []string) {
		if c.broker != nil {
			c.broker.Recheck(boxes)
		}
	})
	return c
}

// open opens the registry, as another process would.
func (c *centre) open(t *testing.T, changed func([]string)) *provision.Registry {
	t.Helper()
	config := provision.Config{Dir: c.dir, Now: c.now, Life: 100 * time.Hour, PerSecond: 1e6, Every: 5 * time.Millisecond, Changed: changed}
	first, err := provision.Open(t.Context(), config) // makes the folder
	if err != nil {
		t.Fatal(err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	if c.authority, err = provision.OwnAuthority(c.dir, c.now()); err != nil {
		t.Fatal(err)
	}
	config.Authority = c.authority
	r, err := provision.Open(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
	return r
}

func (c *centre) now() time.Time { c.mu.Lock(); defer c.mu.Unlock(); return c.at }

func (c *centre) pass(d time.Duration) { c.mu.Lock(); defer c.mu.Unlock(); c.at = c.at.Add(d) }

func (c *centre) nowMs() int64 { return c.now().UnixMilli() }

func (c *centre) credential(t *testing.T, b provision.Batch) protocol.Credential {
	t.Helper()
	k, err := c.registry.NewClaim(t.Context(), b)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// serve opens the doors, a plain one and one with TLS, and watches the registry.
func (c *centre) serve(t *testing.T) {
	t.Helper()
	secure, err := c.authority.ServerTLS(nil, []string{"127.0.0.1"}, c.now)
	if err != nil {
		t.Fatal(err)
	}
	secure.Time = c.now
	c.ledger = ledger.NewMemory()
	in := intake.New(c.ledger, intake.Config{Admission: c.registry, NowMs: c.nowMs, RetryUnknown: time.Second})
	t.Cleanup(func() {
		if err := in.Close(); err != nil {
			t.Error(err)
		}
	})
	c.broker, err = broker.New(broker.Config{Listen: "127.0.0.1:0", ListenTLS: "127.0.0.1:0", TLS: secure, Registry: c.registry, NowMs: c.nowMs}, in)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	var watching sync.WaitGroup
	watching.Go(func() { c.registry.Run(ctx) })
	t.Cleanup(func() {
		stop()
		watching.Wait()
		if err := c.broker.Close(); err != nil {
			t.Error(err)
		}
	})
}

// boxClock is a box's: it stands in 1970 until somebody sets it.
type boxClock struct{ start time.Time }

func (c boxClock) MonoMs() uint64 { return uint64(time.Since(c.start).Milliseconds()) }
func (c boxClock) WallMs() uint64 { return c.MonoMs() }

// box is an agent as it runs on a box.
type box struct {
	*daemon.Daemon
	stop func()
}

// start starts an agent in a folder; built is when its program was.
func (c *centre) start(t *testing.T, dir, id, serial string, claim string, brokers ...string) *box {
	t.Helper()
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(c.authority.PEM()) {
		t.Fatal("the authority's certificate cannot be read")
	}
	timing := uplink.DefaultTiming()
	timing.FirstSpread, timing.BackoffMin, timing.BackoffMax = 0, time.Millisecond, 20*time.Millisecond
	timing.SealAge, timing.SealRide = 5*time.Millisecond, time.Millisecond
	d, err := daemon.New(daemon.Config{
		Dir: dir, Box: id, Serial: serial, Claim: claim, Province: 33, Identity: protocol.Event{City: 3301}, Brokers: brokers,
		TLS: &tls.Config{RootCAs: pool}, Timing: timing, Clock: boxClock{time.Now()}, Group: time.Millisecond,
		NotBefore: c.now().Add(-365 * 24 * time.Hour), // long before the broker's certificate
		Log:       slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- d.Run(ctx) }()
	end := sync.OnceFunc(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(end)
	return &box{d, end}
}

// patience bounds every wait; it is never used up when the tests pass.
const patience = time.Minute

// eventually polls until cond holds.
func eventually(t *testing.T, what string, cond func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for !cond() {
		select {
		case <-ctx.Done():
			t.Fatalf("not within %v: %s", patience, what)
		case <-tick.C:
		}
	}
}
