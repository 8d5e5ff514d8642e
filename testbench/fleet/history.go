package fleet

import (
	"context"
	"encoding/binary"
	"fmt"

	"iptvdc/aggregator"
	"iptvdc/protocol"
)

// HistoryConfig says what lies behind a platform.
type HistoryConfig struct {
	Boxes     int
	Skip      int // households, see TownConfig
	Seed      uint64
	EndMs     int64 // true time at which history ends, UTC milliseconds
	Provinces []aggregator.Province
	Ways      Ways
	Chapter   uint64 // of the town; two histories of one seed are two stories
	Renewed   int    // nights before the first day in which boxes were renewed, see TownConfig
	Truth     *Truth // nil: not written down
	// BatchEvents is how many events fill a batch; 0: 200. A box also sends
	// what it has at the end of each day.
	BatchEvents int
}

// Deliver takes one packet for a topic, as it would come over MQTT. atMs is
// when it would have come. The packet is valid until Deliver returns; on nil
// the receiver has kept it for good.
type Deliver func(topic string, packet []byte, atMs int64) error

// History makes the last days of a fleet: for each day, box after box, all its
// batches, sealed and chained as a box does it. The events are those of the
// town of the same seed that starts where the first day does; what boxes
// told in nights before comes before them. It stops at the first error of deliver.
func History(ctx context.Context, c HistoryConfig, days int, deliver Deliver) (events int64, err error) {
	if days < 1 || days > 800 {
		return 0, fmt.Errorf("days: %d, allowed 1..800", days)
	}
	if c.BatchEvents < 0 || c.BatchEvents > protocol.MaxBatchEvents {
		return 0, fmt.Errorf("batch events: %d, allowed 1..%d", c.BatchEvents, protocol.MaxBatchEvents)
	}
	if c.BatchEvents == 0 {
		c.BatchEvents = 200
	}
	// Whole days, and of the last one what lies before the end.
	startMs := (aggregator.DayOf(c.EndMs-1) - aggregator.Day(days-1)).Start()
	town, err := NewTown(TownConfig{Boxes: c.Boxes, Skip: c.Skip, Seed: c.Seed, StartMs: startMs, Provinces: c.Provinces, Ways: c.Ways, Chapter: c.Chapter, Renewed: c.Renewed})
	if err != nil {
		return 0, err
	}
	h := historian{HistoryConfig: c, deliver: deliver}
	h.posts = make([]post, town.Len())
	for from := firstNight(startMs, c.Renewed); from < c.EndMs; from += aggregator.DayMs {
		until := min(from+aggregator.DayMs, c.EndMs)
		for i := range town.homes {
			if i%64 == 0 && ctx.Err() != nil {
				return h.count, ctx.Err()
			}
			if err := h.day(town, i, until, until == c.EndMs); err != nil {
				return h.count, err
			}
		}
	}
	return h.count, c.Truth.Flush()
}

// historian seals and sends what boxes record.
type historian struct {
	HistoryConfig
	deliver Deliver
	posts   []post
	open    []protocol.Event
	enc     protocol.Encoder
	packet  []byte
	count   int64
}

// post is how far a box's stream has come.
type post struct {
	topic string
	epoch uint64
	no    uint64 // of the last batch
	seq   uint64 // of the last event
	chain protocol.Chain
}

// day lets one household live until a moment and sends all it recorded.
func (h *historian) day(t *Town, i int, until int64, last bool) error {
	home := t.Home(i)
	house := &t.homes[i]
	var m Moment
	record := func() error {
		if err := h.Truth.Moment(&home, &m); err != nil {
			return err
		}
		h.open = append(h.open, m.Events...)
		if len(h.open) < h.BatchEvents {
			return nil
		}
		return h.seal(i, &home, &m)
	}
	for house.next < until {
		house.step(&m)
		if len(m.Events) == 0 {
			continue
		}
		if err := record(); err != nil {
			return err
		}
	}
	if last && t.Finish(until, i, &m) && m.Box == i {
		if err := record(); err != nil {
			return err
		}
	}
	if len(h.open) == 0 {
		return nil
	}
	m.NowMs = until
	return h.seal(i, &home, &m)
}

// seal sends the open events as one batch. m is the box's clock.
func (h *historian) seal(i int, home *Home, m *Moment) error {
	p := &h.posts[i]
	if p.epoch == 0 {
		p.topic = protocol.UpTopic(uint8(home.Province), home.Box)
		p.epoch = max(1, mix(h.Seed^mix(uint64(h.EndMs))^uint64(i)))
	}
	if err := h.Truth.Flush(); err != nil { // the truth comes first
		return err
	}
	for len(h.open) > 0 {
		n := min(len(h.open), h.BatchEvents)
		codec, body, err := h.enc.Body(h.open[:n])
		if err != nil {
			return fmt.Errorf("box %s: %w", home.Box, err)
		}
		s := protocol.Sealed{Epoch: p.epoch, No: p.no + 1, First: p.seq + 1, N: uint32(n), Prev: p.chain, Codec: codec, Body: body}
		binary.BigEndian.PutUint64(s.UID[:8], mix(p.epoch^s.No))
		binary.BigEndian.PutUint64(s.UID[8:], mix(p.epoch+s.No))
		// Nothing was evicted: the floor stays where the epoch began.
		e := protocol.Envelope{Floor: 1, Boot: m.Boot, UpMs: uint64(max(0, m.NowMs-m.BootMs)), WallMs: uint64(m.NowMs), ClockUnset: m.ClockUnset}
		if m.ClockUnset {
			e.WallMs = e.UpMs
		}
		h.packet = protocol.AppendBatch(h.packet[:0], &s, &e)
		if err := h.deliver(p.topic, h.packet, m.NowMs); err != nil {
			return fmt.Errorf("box %s batch %d: %w", home.Box, s.No, err)
		}
		p.no, p.seq, p.chain = s.No, s.Last(), s.Chain()
		h.count += int64(n)
		h.open = h.open[:copy(h.open, h.open[n:])]
	}
	return nil
}
