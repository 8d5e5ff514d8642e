// Package intake takes packets from boxes, checks them at the door, commits
// them to the ledger in shared groups and says what to answer.
//
// A box hears "ok" only for what the ledger has on disk [S6]. Nothing that a
// box sends can stop the others: what cannot be read is counted and kept for a
// look, what can be read but not loaded is quarantined by the ledger [S5].
package intake

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"iptvdc/aggregator/ledger"
	"iptvdc/protocol"
)

// Committer is the part of the ledger that intake needs: all batches of a call
// in one durable transaction, or none; verdicts in the order of the batches.
type Committer interface {
	Commit(ctx context.Context, batches []ledger.Received) ([]ledger.Verdict, error)
}

// Admission decides which boxes may deliver. It is asked for every packet, by
// many goroutines, and must answer from memory.
type Admission interface {
	// Admits reports whether box is registered, in province, and not revoked.
	Admits(box string, province uint8) bool
}

// Open admits every box.
type Open struct{}

// Admits implements Admission.
func (Open) Admits(string, uint8) bool { return true }

// Config of an Intake. Zero values mean the defaults.
type Config struct {
	Admission Admission // default: Open
	// MaxGroup is how many packets share a commit at most; default 500.
	MaxGroup int
	// MaxWait is how long a packet may wait for others to share its commit;
	// default 5 ms. A packet that comes after a pause does not wait.
	MaxWait time.Duration
	// CommitTimeout bounds one commit; default 10 s. It must be well below a
	// box's ping timeout, because an embedded broker's read loop waits so long.
	CommitTimeout time.Duration
	// Retry is what boxes are told to wait after busy (default 5 s), unknown
	// (10 min) and version (1 h).
	RetryBusy, RetryUnknown, RetryVersion time.Duration
	// KeepRefused is how many refused packets are kept for a look; default 100.
	KeepRefused int
	// Committed, if set, is told of every group after its commit: its size and
	// how long the ledger took. It must return at once.
	Committed func(packets int, took time.Duration)
	// NowMs is the clock of acks, UTC milliseconds; default the system's.
	NowMs  func() int64
	Logger *slog.Logger // default: discard
}

func (c *Config) fill() {
	def := func(d *time.Duration, v time.Duration) {
		if *d <= 0 {
			*d = v
		}
	}
	if c.Admission == nil {
		c.Admission = Open{}
	}
	if c.MaxGroup <= 0 {
		c.MaxGroup = 500
	}
	def(&c.MaxWait, 5*time.Millisecond)
	def(&c.CommitTimeout, 10*time.Second)
	def(&c.RetryBusy, 5*time.Second)
	def(&c.RetryUnknown, 10*time.Minute)
	def(&c.RetryVersion, time.Hour)
	if c.KeepRefused <= 0 {
		c.KeepRefused = 100
	}
	if c.NowMs == nil {
		c.NowMs = func() int64 { return time.Now().UnixMilli() }
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
}

// ErrClosed says that the intake takes nothing more.
var ErrClosed = errors.New("intake: closed")

// Intake is safe for concurrent use.
type Intake struct {
	config  Config
	ledger  Committer
	stats   Stats
	refused refusals

	queue    chan *pending
	decoders sync.Pool
	pendings sync.Pool
	stopped  chan struct{} // closed when the committer has ended

	mu     sync.RWMutex // held for reading while something is put into queue
	closed bool
}

// New starts an intake on a ledger. Close it before the ledger.
func New(l Committer, config Config) *Intake {
	config.fill()
	in := &Intake{
		config:  config,
		ledger:  l,
		queue:   make(chan *pending, 2*config.MaxGroup),
		stopped: make(chan struct{}),
	}
	in.refused.init(config.KeepRefused)
	in.decoders.New = func() any { return new(protocol.Decoder) }
	in.pendings.New = func() any { return &pending{done: make(chan struct{}, 1)} }
	go in.commitLoop()
	return in
}

// Stats returns the live counters.
func (in *Intake) Stats() *Stats { return &in.stats }

// Refused returns the newest refused packets, the newest first.
func (in *Intake) Refused() []Refusal { return in.refused.list() }

// answer is what to tell the box: an encoded ack on a topic. No topic: nothing.
type answer struct {
	topic  string
	packet []byte
}

// Receive takes one packet that arrived at atMs (UTC milliseconds) and returns
// when its fate is durable. A nil error means that the broker may forget the
// packet: its batch is in the ledger, was there, or will never be wanted; an
// error means that nothing was stored. Either may come with an ack to publish;
// an empty ackTopic means that nothing is to be said [S6].
//
// payload must stay unchanged until Receive returns. ctx bounds the wait for a
// place in the queue; a packet in the queue is seen through.
func (in *Intake) Receive(ctx context.Context, topic string, payload []byte, atMs int64) (ackTopic string, ack []byte, err error) {
	t := in.submit(ctx, topic, payload, atMs)
	return t.wait()
}

// Submit is Receive in two steps, for one goroutine that has many packets
// under way: packets are committed in the order of their submission. wait must
// be called once and returns what Receive returns; payload must stay unchanged
// until then.
func (in *Intake) Submit(ctx context.Context, topic string, payload []byte, atMs int64) (wait func() (ackTopic string, ack []byte, err error)) {
	t := in.submit(ctx, topic, payload, atMs)
	return t.wait
}

// ticket stands for a packet that was submitted.
type ticket struct {
	in     *Intake
	p      *pending // nil: answer and err stand
	answer answer
	err    error
}

func (in *Intake) submit(ctx context.Context, topic string, payload []byte, atMs int64) ticket {
	in.stats.Packets.Add(1)
	in.stats.Bytes.Add(uint64(len(payload)))
	p := in.pendings.Get().(*pending)
	entered, answer := in.door(p, topic, payload, atMs)
	if !entered {
		in.release(p)
		return ticket{answer: answer}
	}
	if err := in.enqueue(ctx, p); err != nil {
		in.stats.Refused[Busy].Add(1)
		answer := in.busy(&p.received)
		in.release(p)
		return ticket{answer: answer, err: err}
	}
	return ticket{in: in, p: p}
}

func (t *ticket) wait() (ackTopic string, ack []byte, err error) {
	if t.p == nil {
		return t.answer.topic, t.answer.packet, t.err
	}
	<-t.p.done
	answer, err := t.p.answer, t.p.err
	t.in.release(t.p)
	return answer.topic, answer.packet, err
}

// release makes p ready for the next packet; it holds no payload.
func (in *Intake) release(p *pending) {
	p.received, p.answer, p.err = ledger.Received{}, answer{}, nil
	in.pendings.Put(p)
}

func (in *Intake) enqueue(ctx context.Context, p *pending) error {
	in.mu.RLock()
	defer in.mu.RUnlock()
	if in.closed {
		return ErrClosed
	}
	select {
	case in.queue <- p:
		return nil
	default:
	}
	select {
	case in.queue <- p:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("intake: no place in the queue: %w", ctx.Err())
	}
}

// Close commits what is queued, answers it and stops. Packets that come later
// are refused as busy.
func (in *Intake) Close() error {
	in.mu.Lock()
	if !in.closed {
		in.closed = true
		close(in.queue)
	}
	in.mu.Unlock()
	<-in.stopped
	return nil
}

// ack encodes an answer for the box behind r.
func (in *Intake) ack(r *ledger.Received, a protocol.Ack) answer {
	a.Epoch, a.ServerMs = r.Batch.Epoch, uint64(in.config.NowMs())
	return answer{
		topic:  protocol.AckTopic(r.Route.Province, r.Route.Box),
		packet: protocol.AppendAck(make([]byte, 0, 48), &a),
	}
}

func (in *Intake) busy(r *ledger.Received) answer {
	return in.ack(r, protocol.Ack{Code: protocol.AckBusy, RetryS: seconds(in.config.RetryBusy)})
}

// seconds rounds up: a box told 0 would choose by itself.
func seconds(d time.Duration) uint32 { return uint32((d + time.Second - 1) / time.Second) }
