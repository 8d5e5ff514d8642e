package crash

import (
	"context"
	"errors"
	"fmt"

	"iptvdc/aggregator/ledger"
	"iptvdc/protocol"
)

const (
	box      = "0123456789abcdef"
	province = 33
	// strangers' events have ids from here on.
	strangerIDs = 1 << 24
)

// centre is the ledger that decides in production, on the reference engine, and
// what went into it.
type centre struct {
	l       *ledger.Memory
	log     []ledger.Received
	strange uint32
	dec     protocol.Decoder
	enc     protocol.Encoder
}

func newCentre() *centre { return &centre{l: ledger.NewMemory()} }

// take is a batch on its way over the wire, into the ledger, and its ack.
func (c *centre) take(s *protocol.Sealed, floor uint64) (protocol.Ack, error) {
	packet := protocol.AppendBatch(nil, s, &protocol.Envelope{Floor: floor, Boot: 1, UpMs: 1})
	b, err := c.dec.Batch(packet)
	if err != nil {
		return protocol.Ack{}, fmt.Errorf("the box sends what is refused: %w", err)
	}
	return c.commit(ledger.Received{Route: protocol.Route{Box: box, Province: province, Shard: protocol.ShardOf(box)}, Batch: b})
}

func (c *centre) commit(r ledger.Received) (protocol.Ack, error) {
	v, err := c.l.Commit(context.Background(), []ledger.Received{r})
	if err != nil {
		return protocol.Ack{}, err
	}
	if v[0].Outcome == ledger.Quarantined {
		return protocol.Ack{}, errors.New("a good batch was quarantined")
	}
	c.log = append(c.log, r)
	return protocol.Ack{Version: protocol.Version, Epoch: r.Batch.Epoch, Through: v[0].Mark.Through, Chain: v[0].Mark.Chain, Code: v[0].Code(), ServerMs: 1}, nil
}

// replay is a centre as it stood after n entries of c's log.
func (c *centre) replay(n int) (*centre, error) {
	r := newCentre()
	for i := range c.log[:n] {
		if _, err := r.commit(c.log[i]); err != nil {
			return nil, err
		}
	}
	return r, nil
}

// stranger lets another box with the same name and epoch report.
func (c *centre) stranger(epoch uint64) error {
	mark, err := c.l.Mark(context.Background(), box, epoch)
	if err != nil {
		return err
	}
	c.strange++
	events := []protocol.Event{eventOf(strangerIDs + c.strange)}
	uid := protocol.UID{15: byte(c.strange), 14: byte(c.strange >> 8), 0: 0xee}
	s := protocol.Sealed{Epoch: epoch, No: mark.Through + 1, First: mark.Seq + 1, N: 1, Prev: mark.Chain, UID: uid}
	if s.Codec, s.Body, err = c.enc.Body(events); err != nil {
		return err
	}
	_, err = c.take(&s, s.No)
	return err
}

// arrivals is what a centre has.
type arrivals struct {
	times   map[uint32]int // by event id
	told    uint64         // as lost, by outbox_lost events
	counted uint64         // as lost, by the ledger
}

// arrived reads the ledger as its loader does.
func (c *centre) arrived() (a arrivals, err error) {
	ctx := context.Background()
	a.times = map[uint32]int{}
	for {
		block, err := c.l.Bind(ctx, 10_000)
		if errors.Is(err, ledger.ErrNoWork) {
			break
		}
		if err != nil {
			return a, err
		}
		for i := range block.Batches {
			events, err := c.dec.Events(&block.Batches[i].Batch.Sealed)
			if err != nil {
				return a, fmt.Errorf("batch %d: %w", block.Batches[i].Batch.No, err)
			}
			for j := range events {
				e := &events[j]
				if e.Kind == protocol.OutboxLost {
					a.told += e.Count
					continue
				}
				if want := eventOf(e.Trace); *e != want {
					return a, fmt.Errorf("event %d arrived as %+v, was %+v", e.Trace, *e, want)
				}
				a.times[e.Trace]++
			}
		}
		if err := c.l.Loaded(ctx, block.ID, nil); err != nil {
			return a, err
		}
	}
	gaps, err := c.l.Gaps(ctx)
	for _, g := range gaps {
		a.counted += g.Lost
	}
	return a, err
}
