package intake

import (
	"sync/atomic"

	"iptvdc/aggregator/ledger"
)

// Reason says why a packet was not stored as it came.
type Reason uint8

const (
	BadTopic      Reason = iota // not u1/<province>/<shard>/<box>, or another box's shard
	Oversized                   // more than 64 KiB
	Malformed                   // not what the protocol describes
	BadCRC                      // changed on the way
	FutureVersion               // a version this centre cannot read: code 5
	UnknownBox                  // not admitted: code 4
	Quarantined                 // kept raw, never loaded: code 3
	Busy                        // the ledger did not take it: code 2

	// Reasons is how many there are.
	Reasons
)

var reasonWords = [Reasons]string{"topic", "oversized", "malformed", "crc", "version", "unknown_box", "quarantined", "busy"}

func (r Reason) String() string { return reasonWords[r] }

// Outcomes is how many outcomes the ledger knows.
const Outcomes = int(ledger.Quarantined) + 1

// Provinces is one more than the greatest code of a province.
const Provinces = 100

// Stats counts since the start; all counters only rise. Packets is the sum of
// all Outcome and all Refused but Quarantined, plus what is under way.
type Stats struct {
	Packets      atomic.Uint64
	Bytes        atomic.Uint64           // of payloads
	Refused      [Reasons]atomic.Uint64  // packets by Reason
	Outcome      [Outcomes]atomic.Uint64 // packets by ledger.Outcome
	Events       atomic.Uint64           // events in batches stored for the first time
	NewStreams   atomic.Uint64           // epochs heard of for the first time
	Commits      atomic.Uint64
	CommitErrors atomic.Uint64
	CommitNanos  atomic.Uint64 // time spent in commits

	// ByProvince splits what was stored by the province of the topic.
	ByProvince [Provinces]ProvinceStats
}

// ProvinceStats counts one province.
type ProvinceStats struct {
	Batches, Events atomic.Uint64
	Repeated        atomic.Uint64 // batches that had come before
}

func (s *Stats) count(v *ledger.Verdict, r *ledger.Received) {
	s.Outcome[v.Outcome].Add(1)
	if v.NewStream {
		s.NewStreams.Add(1)
	}
	p := &s.ByProvince[r.Route.Province%Provinces]
	switch v.Outcome {
	case ledger.Known, ledger.Repeated:
		p.Repeated.Add(1)
	case ledger.Stored:
		s.Events.Add(uint64(r.Batch.N))
		p.Batches.Add(1)
		p.Events.Add(uint64(r.Batch.N))
	}
}
