package main

import (
	"encoding/binary"
	"fmt"
	"testing"
	"time"

	"iptvdc/protocol"
)

func boxName(i int) string { return fmt.Sprintf("bench%016d", i) }

// stream seals batches of page views of this moment, as one box.
type stream struct {
	epoch, no, seq uint64
	chain          protocol.Chain
	enc            protocol.Encoder
	events         []protocol.Event
}

// booted is when the benchmark's boxes were switched on.
var booted = time.Now().Add(-time.Hour)

func (s *stream) packet(b *testing.B, n int, page string) []byte {
	b.Helper()
	up := uint64(time.Since(booted).Milliseconds())
	s.events = s.events[:0]
	for i := range n {
		s.events = append(s.events, protocol.Event{Kind: protocol.PageView, Boot: 1, MonoMs: up - uint64(n-1-i), Page: page})
	}
	codec, body, err := s.enc.Body(s.events)
	if err != nil {
		b.Fatal(err)
	}
	sealed := protocol.Sealed{Epoch: s.epoch, No: s.no + 1, First: s.seq + 1, N: uint32(n), Prev: s.chain, Codec: codec, Body: body}
	binary.BigEndian.PutUint64(sealed.UID[:8], s.epoch)
	binary.BigEndian.PutUint64(sealed.UID[8:], sealed.No)
	s.no, s.seq, s.chain = sealed.No, sealed.Last(), sealed.Chain()
	return protocol.AppendBatch(nil, &sealed, &protocol.Envelope{Floor: sealed.No, Boot: 1, UpMs: up, WallMs: uint64(time.Now().UnixMilli())})
}
