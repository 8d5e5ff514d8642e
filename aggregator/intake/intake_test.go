package intake_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"iptvdc/aggregator/intake"
	"iptvdc/aggregator/ledger"
	"iptvdc/aggregator/ledger/ledgertest"
	"iptvdc/protocol"
)

const now = 1_790_000_000_000

// packet encodes a batch as a box sends it.
func packet(r ledger.Received) (topic string, payload []byte) {
	return protocol.UpTopic(r.Route.Province, r.Route.Box), protocol.AppendBatch(nil, &r.Batch.Sealed, &r.Batch.Envelope)
}

func start(t testing.TB, l intake.Committer, c intake.Config) *intake.Intake {
	t.Helper()
	c.NowMs = func() int64 { return now }
	in := intake.New(l, c)
	t.Cleanup(func() {
		if err := in.Close(); err != nil {
			t.Error(err)
		}
	})
	return in
}

// receive expects an ack and decodes it.
func receive(t *testing.T, in *intake.Intake, topic string, payload []byte) (protocol.Ack, error) {
	t.Helper()
	ackTopic, bytes, err := in.Receive(context.Background(), topic, payload, now)
	if ackTopic == "" {
		t.Fatalf("no ack (error %v)", err)
	}
	if want := "a1" + topic[2:5] + topic[8:]; ackTopic != want {
		t.Fatalf("ack on %s, want %s", ackTopic, want)
	}
	ack, decodeErr := new(protocol.Decoder).Ack(bytes)
	if decodeErr != nil {
		t.Fatal(decodeErr)
	}
	if ack.ServerMs != now {
		t.Fatalf("ack carries time %d", ack.ServerMs)
	}
	return ack, err
}

func TestAcks(t *testing.T) {
	l := ledger.NewMemory()
	in := start(t, l, intake.Config{})
	st := ledgertest.NewStream(ledgertest.BoxID(1), 33, 77)
	first, second, third := st.Next(3), st.Next(4), st.Next(5)
	f := func(r ledger.Received, code protocol.AckCode, through uint64, chain protocol.Chain) {
		t.Helper()
		topic, payload := packet(r)
		ack, err := receive(t, in, topic, payload)
		if err != nil {
			t.Fatal(err)
		}
		want := protocol.Ack{Version: protocol.Version, Epoch: 77, Through: through, Chain: chain, Code: code, ServerMs: now}
		if ack != want {
			t.Fatalf("ack %+v, want %+v", ack, want)
		}
	}
	f(second, protocol.AckGap, 0, protocol.Chain{})
	f(first, protocol.AckOK, 1, first.Batch.Sealed.Chain())
	f(first, protocol.AckOK, 1, first.Batch.Sealed.Chain())
	f(third, protocol.AckGap, 1, first.Batch.Sealed.Chain())
	f(second, protocol.AckOK, 2, second.Batch.Sealed.Chain())
	poison := third
	poison.Batch.Codec = 9
	f(poison, protocol.AckQuarantined, 3, third.Batch.Sealed.Chain())
	huge := st.Next(protocol.MaxBatchEvents + 1)
	f(huge, protocol.AckQuarantined, 4, st.Prev)

	if got := in.Stats().Events.Load(); got != 7 {
		t.Errorf("%d events stored, want 7", got)
	}
	if got := in.Stats().NewStreams.Load(); got != 1 {
		t.Errorf("%d new streams, want 1", got)
	}
	if got := in.Stats().Refused[intake.Quarantined].Load(); got != 2 {
		t.Errorf("%d quarantined, want 2", got)
	}
	if p := &in.Stats().ByProvince[33]; p.Batches.Load() != 2 || p.Events.Load() != 7 || p.Repeated.Load() != 1 {
		t.Errorf("province 33: %d batches, %d events, %d repeated", p.Batches.Load(), p.Events.Load(), p.Repeated.Load())
	}
	kept, err := l.Quarantine(context.Background(), 5)
	if err != nil || len(kept) != 2 || !strings.Contains(kept[1].Why, "codec: 9, allowed 0 and 1") {
		t.Errorf("quarantined: %+v, %v", kept, err)
	}
}

// [S0] what fails at the door is counted, shown, and gets no ack; nothing of
// it reaches the ledger.
func TestDoor(t *testing.T) {
	l := ledger.NewMemory()
	in := start(t, l, intake.Config{KeepRefused: 3})
	st := ledgertest.NewStream(ledgertest.BoxID(1), 33, 77)
	good := st.Next(3)
	topic, payload := packet(good)
	f := func(topic string, payload []byte, reason intake.Reason, why string) {
		t.Helper()
		before := in.Stats().Refused[reason].Load()
		ackTopic, _, err := in.Receive(context.Background(), topic, payload, 5)
		if ackTopic != "" || err != nil {
			t.Fatalf("%s: answered on %q, %v; want nothing", reason, ackTopic, err)
		}
		if got := in.Stats().Refused[reason].Load(); got != before+1 {
			t.Errorf("%s was not counted", reason)
		}
		newest := in.Refused()[0]
		if newest.Reason != reason || !strings.Contains(newest.Why, why) || newest.Size != len(payload) || newest.AtMs != 5 {
			t.Errorf("%s: kept %+v, want why %q", reason, newest, why)
		}
		if !bytes.HasPrefix(payload, newest.Head) || !strings.HasPrefix(topic, newest.Topic) {
			t.Errorf("%s: kept other bytes", reason)
		}
	}
	other := protocol.UpTopic(33, ledgertest.BoxID(2))
	f("u1/33/00/x", payload, intake.BadTopic, "box")
	f("u1/3x/00/"+ledgertest.BoxID(1), payload, intake.BadTopic, "province")
	f(topic[:6]+other[6:8]+topic[8:], payload, intake.BadTopic, "shard")
	f(topic+"/more", payload, intake.BadTopic, "topic")
	f(strings.Repeat("u", 70_000), payload, intake.BadTopic, "topic")
	f(topic, make([]byte, protocol.MaxPacketUp+1), intake.Oversized, "64 KiB")
	f(topic, nil, intake.Malformed, "")
	f(topic, []byte("{}"), intake.Malformed, "batch")
	f(topic, payload[:len(payload)-1], intake.Malformed, "crc")
	f(topic, append(bytes.Clone(payload), 0), intake.Malformed, "after the CRC")
	flipped := bytes.Clone(payload)
	flipped[len(flipped)-9] ^= 1
	f(topic, flipped, intake.BadCRC, "crc")
	deep := bytes.Repeat([]byte{0x91}, 100)
	f(topic, deep, intake.Malformed, "")
	f(topic, []byte{0xdd, 0xff, 0xff, 0xff, 0xff}, intake.Malformed, "batch")
	zero := good
	zero.Batch.Epoch = 0
	_, zeroed := packet(zero)
	f(topic, zeroed, intake.Malformed, "epoch")

	if got := len(in.Refused()); got != 3 {
		t.Errorf("%d refused packets kept, want 3", got)
	}
	if m, _ := l.Mark(context.Background(), st.Route.Box, 77); m != (ledger.Mark{}) {
		t.Errorf("something got through: %+v", m)
	}
	if ack, err := receive(t, in, topic, payload); err != nil || ack.Code != protocol.AckOK {
		t.Errorf("the good batch after all that: %+v, %v", ack, err)
	}
}

type only string

func (o only) Admits(box string, province uint8) bool { return box == string(o) && province == 33 }

// Codes 4 and 5 tell the box to keep what it has and when to ask again.
func TestNotYet(t *testing.T) {
	l := ledger.NewMemory()
	known := ledgertest.NewStream(ledgertest.BoxID(1), 33, 1)
	in := start(t, l, intake.Config{Admission: only(known.Route.Box), RetryUnknown: 90 * time.Second, RetryVersion: 1500 * time.Millisecond})
	f := func(r ledger.Received, patch func([]byte) []byte, code protocol.AckCode, retry uint32) {
		t.Helper()
		topic, payload := packet(r)
		ack, err := receive(t, in, topic, patch(payload))
		if err != nil || ack.Code != code || ack.RetryS != retry || ack.Epoch != r.Batch.Epoch || ack.Through != 0 {
			t.Fatalf("ack %+v, %v; want code %v, retry %d", ack, err, code, retry)
		}
	}
	same := func(b []byte) []byte { return b }
	stranger := ledgertest.NewStream(ledgertest.BoxID(2), 33, 9)
	f(stranger.Next(1), same, protocol.AckUnknown, 90)
	moved := ledgertest.NewStream(known.Route.Box, 43, 9)
	f(moved.Next(1), same, protocol.AckUnknown, 90)
	f(known.Next(1), future, protocol.AckVersion, 2)
	if got := in.Stats().Refused[intake.FutureVersion].Load() + 10*in.Stats().Refused[intake.UnknownBox].Load(); got != 21 {
		t.Errorf("counted %d", got)
	}
	if g, _ := l.Gaps(context.Background()); len(g) != 0 {
		t.Errorf("stored: %+v", g)
	}
}

// future turns a packet into one of version 2 with a good CRC.
func future(b []byte) []byte {
	b = bytes.Clone(b)
	b[1] = protocol.Version + 1
	head := len(b) - 5 // a CRC-32C is a msgpack uint32 here
	crc := protocol.CRC(b[:head])
	return append(b[:head], 0xce, byte(crc>>24), byte(crc>>16), byte(crc>>8), byte(crc))
}

// faulty fails while told to.
type faulty struct {
	*ledger.Memory
	mu  sync.Mutex
	err error
}

func (f *faulty) set(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.err = err
}

func (f *faulty) Commit(ctx context.Context, b []ledger.Received) ([]ledger.Verdict, error) {
	f.mu.Lock()
	err := f.err
	f.mu.Unlock()
	if err != nil {
		return nil, err
	}
	return f.Memory.Commit(ctx, b)
}

// [S6] a ledger that fails stores nothing and is reported as busy; when it
// works again so does everything.
func TestBusy(t *testing.T) {
	l := &faulty{Memory: ledger.NewMemory()}
	in := start(t, l, intake.Config{RetryBusy: 7 * time.Second})
	st := ledgertest.NewStream(ledgertest.BoxID(1), 33, 77)
	topic, payload := packet(st.Next(3))
	l.set(fmt.Errorf("commit: %w", ledger.ErrFull))
	for range 3 {
		ack, err := receive(t, in, topic, payload)
		if !errors.Is(err, ledger.ErrFull) || ack.Code != protocol.AckBusy || ack.RetryS != 7 || ack.Epoch != 77 {
			t.Fatalf("ack %+v, %v", ack, err)
		}
	}
	l.set(nil)
	if ack, err := receive(t, in, topic, payload); err != nil || ack.Code != protocol.AckOK || ack.Through != 1 {
		t.Fatalf("ack %+v, %v", ack, err)
	}
	if in.Stats().CommitErrors.Load() != 3 || in.Stats().Refused[intake.Busy].Load() != 3 {
		t.Errorf("%d errors, %d busy; want 3, 3", in.Stats().CommitErrors.Load(), in.Stats().Refused[intake.Busy].Load())
	}
}

// held lets the test see and release each commit.
type held struct {
	*ledger.Memory
	groups chan int
	gate   chan struct{}
}

func (h *held) Commit(ctx context.Context, b []ledger.Received) ([]ledger.Verdict, error) {
	h.groups <- len(b)
	<-h.gate
	return h.Memory.Commit(ctx, b)
}

// What comes while a commit runs shares the next one, up to MaxGroup.
func TestGroups(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &held{Memory: ledger.NewMemory(), groups: make(chan int), gate: make(chan struct{})}
		in := start(t, l, intake.Config{MaxGroup: 8})
		var wg sync.WaitGroup
		send := func(box int) {
			topic, payload := packet(ledgertest.NewStream(ledgertest.BoxID(box), 33, 1).Next(1))
			wg.Go(func() {
				if _, _, err := in.Receive(context.Background(), topic, payload, now); err != nil {
					t.Error(err)
				}
			})
		}
		began := time.Now()
		send(0)
		if got := <-l.groups; got != 1 || time.Since(began) != 0 {
			t.Fatalf("after a pause: group of %d after %v, want 1 at once", got, time.Since(began))
		}
		for box := range 11 {
			send(1 + box)
		}
		synctest.Wait()
		l.gate <- struct{}{}
		if got := <-l.groups; got != 8 {
			t.Fatalf("group of %d, want the greatest, 8", got)
		}
		l.gate <- struct{}{}
		began = time.Now()
		if got := <-l.groups; got != 3 {
			t.Fatalf("group of %d, want 3", got)
		}
		if waited := time.Since(began); waited > 5*time.Millisecond {
			t.Errorf("waited %v for company, want at most 5 ms", waited)
		}
		l.gate <- struct{}{}
		wg.Wait()
	})
}

type ticket = func() (string, []byte, error)

// Packets of one sender are committed in the order they were submitted.
func TestSubmitKeepsOrder(t *testing.T) {
	in := start(t, ledger.NewMemory(), intake.Config{MaxGroup: 7})
	st := ledgertest.NewStream(ledgertest.BoxID(1), 33, 1)
	var tickets []ticket
	for range 14 {
		topic, payload := packet(st.Next(1))
		tickets = append(tickets, in.Submit(context.Background(), topic, payload, now))
	}
	for i, wait := range tickets {
		_, packet, err := wait()
		if err != nil {
			t.Fatal(err)
		}
		if ack, err := new(protocol.Decoder).Ack(packet); err != nil || ack.Through != uint64(i+1) || ack.Code != protocol.AckOK {
			t.Fatalf("ticket %d: %+v, %v", i, ack, err)
		}
	}
}

// A full queue gives up with the caller's context; Close sees through what was
// taken and refuses the rest.
func TestFullQueueAndClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &held{Memory: ledger.NewMemory(), groups: make(chan int, 100), gate: make(chan struct{})}
		in := intake.New(l, intake.Config{MaxGroup: 2})
		st := ledgertest.NewStream(ledgertest.BoxID(1), 33, 1)
		submit := func(ctx context.Context) ticket {
			topic, payload := packet(st.Next(1))
			return in.Submit(ctx, topic, payload, now)
		}
		var taken []ticket
		taken = append(taken, submit(context.Background()))
		synctest.Wait() // its commit is under way
		for range 4 {   // the queue's length
			taken = append(taken, submit(context.Background()))
		}
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		ackTopic, _, err := submit(ctx)()
		if !errors.Is(err, context.DeadlineExceeded) || ackTopic == "" {
			t.Fatalf("full queue: ack on %q, %v", ackTopic, err)
		}
		go func() {
			for {
				select {
				case l.gate <- struct{}{}:
				case <-t.Context().Done():
					return
				}
			}
		}()
		if err := in.Close(); err != nil {
			t.Fatal(err)
		}
		for i, wait := range taken {
			if _, _, err := wait(); err != nil {
				t.Errorf("ticket %d: %v", i, err)
			}
		}
		if _, _, err := submit(context.Background())(); !errors.Is(err, intake.ErrClosed) {
			t.Errorf("after Close: %v", err)
		}
		if m, _ := l.Mark(context.Background(), st.Route.Box, 1); m.Through != 5 {
			t.Errorf("through %d, want 5", m.Through)
		}
	})
}
