// Package ledger keeps what the centre has received: for every box how far its
// stream has come (the mark), and the sealed batches themselves until they are
// loaded into the columnar store and their archive time is over.
//
// Judge is the one place where a batch is judged; every implementation calls it
// inside its transaction, and ledgertest.Run is what all of them must pass.
package ledger

import (
	"context"
	"errors"

	"iptvdc/aggregator"
	"iptvdc/protocol"
)

// Received is one batch as it came through the door: topic, size, CRC and
// header have been checked, nothing has been inflated.
type Received struct {
	Route protocol.Route
	// AtMs is when it arrived, UTC milliseconds.
	AtMs  int64
	Batch protocol.Batch // Body must stay unchanged until Commit returns
	// Quarantine is why the body may not be loaded, "" if it may: an unknown
	// codec or a limit exceeded under a good CRC [S5].
	Quarantine string
}

// Mark is how far a stream, one (box, epoch), has come. The zero Mark stands
// before batch 1.
type Mark struct {
	Through uint64         // every batch up to this number is committed or known lost
	Seq     uint64         // seq of the last event of batch Through
	Chain   protocol.Chain // chain at Through
	Lost    uint64         // events between 1 and Seq that will never come
}

// MaxSeq is the greatest number of an event, so that every engine can keep it
// as a signed number. No box that counts from 1 reaches it.
const MaxSeq = 1<<63 - 1

// Outcome is what Judge decided.
type Outcome uint8

const (
	Stored      Outcome = iota // a new batch: kept, mark advanced
	Known                      // its uid was stored under another number or epoch: mark advanced only
	Repeated                   // at or below the mark: nothing changed
	Gap                        // beyond the mark, or another history: nothing changed
	Quarantined                // kept raw, never loaded, mark advanced
)

var outcomeWords = [...]string{"stored", "known", "repeated", "gap", "quarantined"}

func (o Outcome) String() string { return outcomeWords[o] }

// Verdict is the answer to one Received.
type Verdict struct {
	Outcome Outcome
	Mark    Mark // the mark as it stands after the commit
	// NewStream says that this commit created the box's epoch.
	NewStream bool
}

// Code is the ack code that tells the verdict to the box.
func (v Verdict) Code() protocol.AckCode {
	switch v.Outcome {
	case Gap:
		return protocol.AckGap
	case Quarantined:
		return protocol.AckQuarantined
	}
	return protocol.AckOK
}

// Judge decides what batch b does to mark m [S2, S3, S4, S5]. uidKnown reports
// whether the box already has b's uid in any epoch; it is called only when b
// would advance the mark. Judge returns the new mark; the caller moves it by
// compare-and-swap on (Through, Chain) in the transaction that keeps the batch.
//
// Each number between 1 and Seq is accounted for once: as an event of a stored
// or quarantined batch, in Lost, or (Known) under the number where its uid was
// first kept. So a tombstone of a batch that had arrived whole loses nothing,
// and one that came first keeps its loss when the batch turns up again.
func Judge(m Mark, b *protocol.Batch, quarantine bool, uidKnown func() (bool, error)) (Mark, Outcome, error) {
	return JudgeChained(m, b, b.Sealed.Chain, quarantine, uidKnown)
}

// JudgeChained is Judge for who has computed b's chain before; chain must
// return what b.Sealed.Chain does. It is called only if b advances the mark.
func JudgeChained(m Mark, b *protocol.Batch, chain func() protocol.Chain, quarantine bool, uidKnown func() (bool, error)) (Mark, Outcome, error) {
	if b.No <= m.Through {
		return m, Repeated, nil
	}
	next := m
	jumps := b.Floor > m.Through+1 && b.No == b.Floor
	if jumps {
		next.Through, next.Chain = b.Floor-1, b.Prev // batches below were evicted
	}
	// A clone may have told of more events under lower numbers than the box
	// that jumps. To refuse it would stop it for ever: an ack from below its
	// floor is stale to it [I6]. Its events are new; only the count is not exact.
	if b.No != next.Through+1 || !continues(next.Chain, b) || b.First <= m.Seq && !jumps || b.Last() > MaxSeq {
		return m, Gap, nil
	}
	known, err := uidKnown()
	if err != nil {
		return m, Gap, err
	}
	if b.First > m.Seq {
		next.Lost += b.First - m.Seq - 1
	}
	next.Through, next.Seq, next.Chain = b.No, b.Last(), chain()
	if b.Flags&protocol.FlagTombstone != 0 && !known && !quarantine {
		next.Lost += uint64(b.N)
	}
	switch {
	case known:
		return next, Known, nil
	case quarantine:
		return next, Quarantined, nil
	}
	return next, Stored, nil
}

// BlockID names a block of batches that is inserted into the store exactly
// once. It is random and never used again, also not after a restore [S7].
type BlockID [16]byte

// Block is a set of consecutive committed batches, bound before its first
// insert and unchanged until it is loaded.
type Block struct {
	ID      BlockID
	Batches []Kept
	// Tallies is what Commit learnt beside the block's batches, by hour, then
	// province. It is as exactly once as they are: whoever sums Kept.Lost and
	// Tallies over all loaded blocks has every loss and repeat once.
	Tallies []Tally
}

// Kept is a batch as the ledger holds it.
type Kept struct {
	ID    uint64 // the ledger's own number, rising in the order of commits
	Route protocol.Route
	AtMs  int64 // when it arrived
	Batch protocol.Batch
	// Lost is how many events just before it will never come: those numbered
	// between it and what came before [S9]. At most LostMost.
	Lost uint64
}

// Tally counts what no batch of its block can tell, by province of the topic and
// hour of arrival.
type Tally struct {
	Hour     aggregator.Hour
	Province uint8
	// Lost is events that will never come, as shown by what is never loaded:
	// tombstones, quarantined and known batches, and those whose bodies are gone.
	// Of each at most LostMost.
	Lost uint64
	// Repeated is batches that had come before: Repeated and Known.
	Repeated uint64
}

// LostMost bounds what one batch can show to be lost: more than a box makes in a
// decade, so that sums of what hostile boxes claim stay numbers. Mark.Lost and
// Gaps have it all.
const LostMost = 1 << 32

// Gaps is what is known to be missing, by province of the last batch that moved
// the stream's mark [S9].
type Gaps struct {
	Province   aggregator.Province
	Streams    uint64 // epochs seen
	Boxes      uint64 // boxes seen
	Received   uint64 // events in stored batches, without tombstones
	Lost       uint64 // events that will never come: evicted, damaged
	Quarantine uint64 // events in quarantined batches
}

var (
	// ErrNoWork says that Bind found nothing to load.
	ErrNoWork = errors.New("ledger: nothing to load")
	// ErrFull says that the disk has no room: nothing was stored, and the call
	// may be made again when there is.
	ErrFull = errors.New("ledger: no room on the disk")
	// ErrClosed says that the ledger was closed.
	ErrClosed = errors.New("ledger: closed")
)

// Ledger is safe for concurrent use. After a crash it holds exactly the
// commits whose call returned nil, and possibly one whose call did not return.
type Ledger interface {
	// Commit judges the batches in order and keeps what is new, all in one
	// durable transaction; verdicts come in the same order. On an error nothing
	// has changed and nothing may be acknowledged. Several batches of one
	// stream in a call are judged one after the other.
	Commit(ctx context.Context, batches []Received) ([]Verdict, error)

	// Mark returns how far a stream has come; the zero Mark if it is unknown.
	Mark(ctx context.Context, box string, epoch uint64) (Mark, error)

	// Bind returns the oldest block that is bound and not yet loaded, or binds
	// the oldest unbound batches (in the order of their commits, whole batches,
	// until they hold maxEvents events or no more are there) to a new one, or
	// returns ErrNoWork. Quarantined batches and tombstones are never bound, but
	// what they show to be lost is, as a Tally. Losses and repeats of a Commit
	// that kept nothing wait for the next batch that is kept, whoever sends it.
	// The batches' bodies are the caller's. One loader at a time calls it.
	Bind(ctx context.Context, maxEvents int) (Block, error)

	// Loaded marks a block as inserted. unreadable lists batches that proved
	// undecodable, each with the reason: they are quarantined; Bind returned
	// them but the store got no row of them. A second call changes nothing; a
	// block that was never bound, or a batch that is not in it, is an error.
	Loaded(ctx context.Context, id BlockID, unreadable map[uint64]string) error

	// LoadedBlocks returns the ids of up to limit loaded blocks, the one bound
	// last first, leaving out the first skip of them.
	LoadedBlocks(ctx context.Context, skip, limit int) ([]BlockID, error)

	// Reload makes a loaded block, and all that were bound after it, work again,
	// for a store that has lost them: Bind returns them once more, in their
	// order and before anything new, without the batches that proved unreadable
	// or whose bodies Prune has emptied. It returns how many events will come
	// again and how many will not because their bodies are gone. A block that is
	// not loaded is an error.
	Reload(ctx context.Context, from BlockID) (again, gone uint64, err error)

	// Quarantine lists up to limit quarantined batches, the one committed last
	// first, for a person to look at.
	Quarantine(ctx context.Context, limit int) ([]Poison, error)

	// Gaps returns the account of losses, one row a province with any stream.
	Gaps(ctx context.Context) ([]Gaps, error)

	// Backlog returns how many events are committed and not yet loaded.
	Backlog(ctx context.Context) (uint64, error)

	// Prune forgets bodies of loaded and of quarantined batches that arrived
	// before ms; header rows stay [S8]. Of loaded ones it leaves those that were
	// committed after one that is not. It returns how many it emptied.
	Prune(ctx context.Context, beforeMs int64) (int, error)

	Close() error
}

// Poison is a quarantined batch and why it is one.
type Poison struct {
	Kept
	Why string
}
