package outbox

import (
	"errors"

	"iptvdc/protocol"
)

// Disk keeps rows. Not safe for concurrent use; an Outbox calls it under its
// own lock.
type Disk interface {
	// Load returns what is kept. It may be called again after a Commit failed:
	// then it re-opens and reports what truly is there.
	Load() (Image, error)

	// Commit applies c as one transaction. On nil it survives a power cut. On
	// an error nobody knows whether it was applied: the caller loads again
	// before it decides anything.
	Commit(c Change) error

	// Batch reads one sealed batch. ErrDamaged says that what was read is not
	// what was written. The Body stays as it is and must not be changed.
	Batch(no uint64) (protocol.Sealed, error)

	Close() error
}

// Salvager is a Disk that can put a damaged file aside [D6].
type Salvager interface {
	// Salvage puts what is there aside, starts empty, and returns the good rows
	// as Image.Salvaged. The next Commit must carry them over.
	Salvage() (Image, error)
}

// ErrDamaged says that a row is not what was written.
var ErrDamaged = errors.New("outbox: damaged row")

// Meta is the one row that says whose outbox this is.
type Meta struct {
	Epoch    uint64  // random, never 0: the life of this numbering
	Hardware [8]byte // hash of the board's identity [D7]; zero: not known
	Boot     uint32  // boot counter of the last start; 0: never started
	BootID   string  // the kernel's boot id at that start
	// Front is how many events were evicted right before the floor and are not
	// covered by an ack yet; Lost how many the centre must still be told of by
	// outbox_lost events, because their epoch is gone [D10].
	Front, Lost uint64
}

// Header is a sealed batch without its body.
type Header struct {
	No, First uint64
	N         uint32
	Prev      protocol.Chain
	Class     Class
	Bytes     int // length of the body
}

// Row is a batch as it is kept.
type Row struct {
	protocol.Sealed
	Class Class
}

// OpenRow is a commit group that is not sealed yet: N events from seq Seq on,
// packed by protocol.Encoder.Plain.
type OpenRow struct {
	Seq  uint64
	N    uint32
	Data []byte
}

// Hole is the memory of a batch that was evicted from between others while it
// might have been on its way: an ack may still name it.
type Hole struct {
	No    uint64
	Last  uint64 // seq of its last event
	Chain protocol.Chain
}

// Image is all that a Disk holds, bodies left out.
type Image struct {
	Meta    Meta     // Epoch 0: there is nothing, the disk is new
	Batches []Header // by number
	Last    protocol.Chain
	Open    []OpenRow // by seq
	Holes   []Hole
	// Note is what Change.Note left last; nil: none, or it was damaged.
	Note []byte
	// Salvaged is what could be read of a damaged outbox, by (No), with
	// Batches, Open and Holes empty; damaged bodies come as tombstones. Damaged
	// says that there was damage, also if nothing could be salvaged.
	Salvaged     []Row
	SalvagedOpen []OpenRow
	Damaged      bool
}

// Move renumbers one batch.
type Move struct {
	From  uint64 // its number until now
	No    uint64 // never greater than From; moves come by rising From
	First uint64
	Prev  protocol.Chain
	Flags protocol.Flags
}

// Change is one transaction. Its parts apply in the order of its fields.
type Change struct {
	Meta          *Meta    // replaces the row
	Note          []byte   // replaces the note; nil: it stays
	DeleteThrough uint64   // batches and holes with No <= this go
	Delete        []uint64 // and these batches
	Holes         []Hole   // added
	ClearHoles    bool     // all holes go, before Holes are added
	Move          []Move   // renumbers batches
	ClearOpen     bool     // all open rows go
	Open          []OpenRow
	Seal          []Row
}
