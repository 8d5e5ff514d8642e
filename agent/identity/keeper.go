package identity

import (
	"context"
	"crypto/ecdsa"
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	mrand "math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"iptvdc/protocol"
)

// Question is put to the centre over a connection of its own.
type Question struct {
	// User, Password and Client are those of MQTT.
	User, Password, Client string
	// Certificate to show; nil: none.
	Certificate *tls.Certificate
	// Packet is published on Topic; the answer comes on Answer. Mine reports whether
	// a packet there is the answer to this question.
	Topic, Answer string
	Packet        []byte
	Mine          func(packet []byte) bool
}

// Config of a Keeper.
type Config struct {
	Disk     Disk
	Box      string
	Serial   string // of the board
	Province uint8
	// Claim is the credential of the image; zero: none, what is held is kept and
	// renewed.
	Claim protocol.Credential
	// Token is the MQTT password that goes with the box's own name, if any.
	Token string
	// Ask puts a question to a broker, over TLS.
	Ask func(context.Context, Question) (answer []byte, err error)
	// MonoMs is time since the box started.
	MonoMs func() uint64
	// BackoffMin and BackoffMax bound the wait after the n-th failure in a row:
	// random(0, min(BackoffMax, BackoffMin x 2^n)).
	BackoffMin, BackoffMax time.Duration
	// Replaced, if set, is told when there is another certificate.
	Replaced func()
	Rand     *mrand.Rand  // nil: seeded by the system
	Log      *slog.Logger // nil: silent
}

// Stats is how a Keeper stands.
type Stats struct {
	// State is "none" (no key yet), "claiming", "held", or "refused": the centre does
	// not let the box in, and said why.
	State   string
	UntilMs int64  // end of the certificate held, UTC; 0: none
	Claims  uint64 // asked
	Renewed uint64 // certificates that followed another
	Failed  uint64 // questions without an answer
	Refused uint64 // answers that were refusals
	Why     string // of the last refusal or failure, "" since it went well
}

// Keeper keeps one box's identity. Certificate, Refused, Heard and Stats are safe for
// concurrent use; Ready and Run may go on at once.
type Keeper struct {
	c    Config
	cert atomic.Pointer[tls.Certificate]
	wake chan struct{}

	step sync.Mutex // one step at a time; guards what follows
	held *held
	next *ecdsa.PrivateKey
	n    int    // failures in a row
	rest uint64 // the centre wants no question before this, of MonoMs

	mu      sync.Mutex // guards what follows
	stats   Stats
	refused bool   // the broker turned the certificate down
	wall    uint64 // the centre's clock in ms when mono was
	mono    uint64
	dueMs   uint64 // when what is held is to be renewed; 0: not, or Run was told
}

// Open reads what is held. What is damaged is as good as not there: a key that can be
// read without its certificate is asked with again.
func Open(c Config) (*Keeper, error) {
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Rand == nil {
		c.Rand = mrand.New(mrand.NewPCG(mrand.Uint64(), mrand.Uint64()))
	}
	if err := protocol.CheckSerial(c.Serial); err != nil {
		return nil, err
	}
	k := &Keeper{c: c, wake: make(chan struct{}, 1)}
	k.stats.State = "none"
	key, certs := k.read(heldFile)
	if key != nil {
		h, err := certify(key, c.Box, certs)
		switch {
		case err == nil:
			k.hold(h)
		case len(certs) == 0 || h == nil && !foreign(certs, c.Box):
			k.next = key
		}
		if err != nil {
			c.Log.Error("the certificate on flash is not this box's; another is claimed", "error", err)
		}
	}
	if key, _ := k.read(nextFile); key != nil && (k.held == nil || !key.Equal(k.held.key)) {
		k.next = key
	}
	if k.held == nil && k.next != nil {
		k.stats.State = "claiming"
	}
	return k, nil
}

// foreign reports whether certificates are another box's: its key is not asked with.
func foreign(der []byte, box string) bool {
	name, err := firstName(der)
	return err == nil && name != box
}

func (k *Keeper) read(name string) (*ecdsa.PrivateKey, []byte) {
	text, err := k.c.Disk.Read(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var key *ecdsa.PrivateKey
	var certs []byte
	if err == nil {
		key, certs, err = decode(text)
	}
	if err != nil {
		k.c.Log.Error("a file of the box's identity is damaged", "file", name, "error", err)
	}
	return key, certs
}

func (k *Keeper) hold(h *held) {
	k.held = h
	k.cert.Store(h.tls())
	k.mu.Lock()
	k.stats.State, k.stats.UntilMs, k.stats.Why, k.refused = "held", h.leaf.NotAfter.UnixMilli(), "", false
	k.dueMs = uint64(max(0, h.due(protocol.ShardOf(k.c.Box)).UnixMilli()))
	k.mu.Unlock()
}

// Certificate is what the box shows; nil: it has none yet. It is not to be changed.
func (k *Keeper) Certificate() *tls.Certificate { return k.cert.Load() }

// Stats returns how it stands.
func (k *Keeper) Stats() Stats { k.mu.Lock(); defer k.mu.Unlock(); return k.stats }

// Refused is called when a broker turned the box away: the centre is asked why, by
// the claim credential, and what to do.
func (k *Keeper) Refused() {
	k.mu.Lock()
	k.refused, k.stats.State = true, "refused"
	k.mu.Unlock()
	k.poke()
}

// Heard is told what the centre's clock was (UTC ms) at a moment of this boot's. Nothing
// else decides when a certificate is to be renewed [P-11.6].
func (k *Keeper) Heard(serverMs, monoMs uint64) {
	k.mu.Lock()
	k.wall, k.mono = serverMs, monoMs
	due := k.dueMs > 0 && serverMs >= k.dueMs
	if due {
		k.dueMs = 0 // once: what fails has a wait of its own
	}
	k.mu.Unlock()
	if due {
		k.poke()
	}
}

func (k *Keeper) poke() {
	select {
	case k.wake <- struct{}{}:
	default:
	}
}

// now is the centre's time; false: not known.
func (k *Keeper) now() (time.Time, bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.wall == 0 {
		return time.Time{}, false
	}
	return time.UnixMilli(int64(k.wall + k.c.MonoMs() - k.mono)), true
}

// Ready waits until the box has a certificate, and claims one until it does; without
// a credential there is nothing to wait for. false: ctx is done.
func (k *Keeper) Ready(ctx context.Context) bool {
	for k.c.Claim != (protocol.Credential{}) && k.Certificate() == nil {
		wait := k.Step(ctx)
		if k.Certificate() == nil && !sleep(ctx, wait, nil) {
			return false
		}
	}
	return ctx.Err() == nil
}

// looks is how often it is looked whether the certificate is due.
const looks = time.Hour

// Run renews the certificate and sees to refusals until ctx is done.
func (k *Keeper) Run(ctx context.Context) {
	for wait := looks; sleep(ctx, wait, k.wake); {
		if wait = looks; k.Certificate() != nil {
			wait = k.Step(ctx)
		}
	}
}

// sleep waits for d, or until wake is told; false: ctx is done.
func sleep(ctx context.Context, d time.Duration, wake <-chan struct{}) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-wake:
	case <-ctx.Done():
	}
	return ctx.Err() == nil
}

// Step does what is due, one question at the most, and returns when to look again.
func (k *Keeper) Step(ctx context.Context) time.Duration {
	k.step.Lock()
	defer k.step.Unlock()
	if now := k.c.MonoMs(); now < k.rest { // also if a broker turns the box away once more
		return time.Duration(k.rest-now) * time.Millisecond
	}
	wait, err := k.act(ctx)
	if err == nil {
		k.n = 0
		return wait
	}
	if ctx.Err() == nil {
		k.mu.Lock()
		k.stats.Failed++
		k.stats.Why = err.Error()
		k.mu.Unlock()
		k.c.Log.Warn("no certificate", "error", err)
	}
	d := k.c.BackoffMin
	for n := k.n; n > 0 && d < k.c.BackoffMax; n-- {
		d *= 2
	}
	k.n++
	return k.upTo(min(d, k.c.BackoffMax))
}

func (k *Keeper) upTo(d time.Duration) time.Duration {
	if d <= 0 {
		return 0
	}
	return time.Duration(k.c.Rand.Int64N(int64(d)))
}

func (k *Keeper) act(ctx context.Context) (time.Duration, error) {
	k.mu.Lock()
	refused := k.refused
	k.mu.Unlock()
	claim := k.c.Claim != (protocol.Credential{})
	now, known := k.now()
	switch {
	case k.held == nil && !claim:
		return looks, nil
	case k.held == nil:
		if err := k.prepare(); err != nil {
			return 0, err
		}
		return k.ask(ctx, k.next, true)
	case claim && (refused || known && !now.Before(k.held.leaf.NotAfter)):
		return k.ask(ctx, k.held.key, true) // the centre says what is to be done
	case known && !now.Before(k.held.due(protocol.ShardOf(k.c.Box))):
		if err := k.prepare(); err != nil {
			return 0, err
		}
		return k.ask(ctx, k.next, false)
	}
	return looks, nil
}

// prepare has a key on flash that is not certified yet.
func (k *Keeper) prepare() error {
	if k.next != nil && (k.held == nil || !k.next.Equal(k.held.key)) {
		return nil
	}
	return k.another()
}

// another makes a new key, durable before anybody hears of it.
func (k *Keeper) another() error {
	key, err := newKey()
	if err != nil {
		return err
	}
	text, err := encode(key, nil)
	if err == nil {
		err = k.c.Disk.Replace(nextFile, text)
	}
	if err != nil {
		return fmt.Errorf("the key cannot be kept, so nothing is asked: %w", err)
	}
	k.next = key
	k.mu.Lock()
	if k.held == nil {
		k.stats.State = "claiming"
	}
	k.mu.Unlock()
	return nil
}
