package outbox

import (
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"sort"
	"sync"

	"iptvdc/protocol"
)

// Options of an Outbox. The zero value is a box's defaults.
type Options struct {
	// MaxBytes is what sealed and open rows may take, row overhead estimated;
	// 0: DefaultMaxBytes. One commit may stand above it until the next.
	MaxBytes int64
	// BatchEvents seals as soon as so many events are open; 0:
	// DefaultBatchEvents, at most protocol.MaxBatchEvents.
	BatchEvents int
	// Rand gives epochs and uids; nil: crypto/rand.
	Rand io.Reader
	// Hardware is a hash of the board's identity [D7]; zero: not checked.
	Hardware [8]byte
	// Codec may be shared by many outboxes; nil: one of its own.
	Codec *Codec
	// Recorded, if set, is told of events once they are durable, in their order,
	// each once. It is called under the outbox's lock: it must be quick, call
	// nothing of the outbox and not keep the slice.
	Recorded func(events []protocol.Event)
}

const (
	// DefaultMaxBytes keeps the SQLite file and its WAL together below 8 MB.
	DefaultMaxBytes = 7 << 20
	// DefaultBatchEvents costs about 10 bytes an event on the wire.
	DefaultBatchEvents = 200
	// minBytes is the smallest outbox that can hold two full packets.
	minBytes = 4 << 10
)

// Validate explains what is wrong with o.
func (o *Options) Validate() error {
	if o.MaxBytes != 0 && o.MaxBytes < minBytes {
		return fmt.Errorf("outbox: MaxBytes is %d, at least %d (0: %d)", o.MaxBytes, minBytes, DefaultMaxBytes)
	}
	if o.BatchEvents < 0 || o.BatchEvents > protocol.MaxBatchEvents {
		return fmt.Errorf("outbox: BatchEvents is %d, allowed 1..%d (0: %d)", o.BatchEvents, protocol.MaxBatchEvents, DefaultBatchEvents)
	}
	return nil
}

// Outbox holds events until the centre has them. Safe for concurrent use.
type Outbox struct {
	o Options

	mu      sync.Mutex
	disk    Disk
	meta    Meta
	note    []byte
	list    []entry // held batches by number, the newest always among them
	holes   []Hole
	open    []OpenRow
	openN   int
	nextNo  uint64
	nextSeq uint64
	chain   protocol.Chain // after batch nextNo-1
	acked   uint64         // batches up to this are acknowledged; their rows go with the next commit
	reached uint64         // no batch from this number on was ever sent
	dirty   bool           // meta differs from what is kept
	bytes   int64
	eager   bool
	ride    bool
	doubt   *doubt
	skip    int // leading events of the next Append are on disk already
	stats   Stats
	changed chan struct{}
}

// entry is a held batch.
type entry struct {
	no, first uint64
	n, cost   uint32
	prev      protocol.Chain
	class     Class
}

func (e *entry) last() uint64 { return e.first + uint64(e.n) - 1 }

// doubt is a commit whose outcome is unknown.
type doubt struct {
	epoch, seq, no uint64 // what a success would have left
	events         int    // how many events of an Append it held
	evicted, maybe uint64 // as in plan
}

// Stats tells how an outbox stands. Counters run since New.
type Stats struct {
	Batches, Events int    // sealed and not acknowledged
	Open            int    // events not sealed yet
	Bytes           int64  // estimate of what rows take
	Lost            uint64 // events to be reported by outbox_lost, see Append

	Evicted     uint64 // events dropped for lack of space
	EvictedSent uint64 // of these, in batches that were sent and not acknowledged: they may have arrived
	Acked       uint64 // events the centre has confirmed
	Quarantined uint64 // acks with code quarantined
	Diverged    uint64 // new epochs because the centre's history was another
	Salvaged    uint64 // new epochs because of damage
	Moved       uint64 // new epochs because the flash sits in another board
}

// New opens d. A new disk gets its epoch at once; a damaged or moved one gets
// a new epoch with everything good carried over [D6, D7].
func New(d Disk, o Options) (*Outbox, error) {
	if err := o.Validate(); err != nil {
		return nil, err
	}
	if o.MaxBytes == 0 {
		o.MaxBytes = DefaultMaxBytes
	}
	if o.BatchEvents == 0 {
		o.BatchEvents = DefaultBatchEvents
	}
	if o.Rand == nil {
		o.Rand = rand.Reader
	}
	if o.Codec == nil {
		o.Codec = new(Codec)
	}
	b := &Outbox{o: o, disk: d, changed: make(chan struct{}, 1)}
	img, err := d.Load()
	if err != nil {
		return nil, err
	}
	if err := b.adopt(img); err != nil {
		return nil, err
	}
	if b.meta.Hardware != o.Hardware && o.Hardware != [8]byte{} {
		if b.meta.Hardware != [8]byte{} {
			b.stats.Moved++
			b.meta.Hardware = o.Hardware
			if err := b.newEpoch(); err != nil {
				return nil, err
			}
			return b, nil
		}
		b.meta.Hardware, b.dirty = o.Hardware, true
	}
	return b, nil
}

// adopt takes over what a disk holds, giving it an epoch where it has none.
func (o *Outbox) adopt(img Image) error {
	if img.Damaged || len(img.Salvaged)+len(img.SalvagedOpen) > 0 {
		return o.carryOver(img)
	}
	if img.Meta.Epoch == 0 {
		img.Meta.Hardware = o.o.Hardware
		if err := o.random(&img.Meta.Epoch, 0); err != nil {
			return err
		}
		if err := o.disk.Commit(Change{Meta: &img.Meta}); err != nil {
			return err
		}
	}
	o.restore(img)
	return nil
}

// restore rebuilds memory from an image of one epoch.
func (o *Outbox) restore(img Image) {
	o.meta, o.note, o.dirty = img.Meta, img.Note, false
	o.list, o.bytes = o.list[:0], 0
	o.nextNo, o.nextSeq, o.chain = 1, 1, protocol.Chain{}
	for i := range img.Batches {
		h := &img.Batches[i]
		o.push(entry{h.No, h.First, h.N, rowCost(h.Bytes), h.Prev, h.Class})
		o.nextNo, o.nextSeq = h.No+1, h.First+uint64(h.N)
	}
	if len(img.Batches) > 0 {
		o.chain = img.Last
	}
	o.reached = o.nextNo // an earlier start may have sent any of them
	o.holes = img.Holes
	o.open, o.openN = nil, 0
	for _, r := range img.Open {
		o.pushOpen(r)
	}
	o.acked = min(o.acked, o.nextNo-1)
}

func (o *Outbox) push(e entry) {
	o.list = append(o.list, e)
	o.bytes += int64(e.cost)
}

func (o *Outbox) pushOpen(r OpenRow) {
	o.open = append(o.open, r)
	o.openN += int(r.N)
	o.bytes += int64(rowCost(len(r.Data)))
	o.nextSeq = r.Seq + uint64(r.N)
}

// rowCost estimates what a row with a body of n bytes takes in a file of
// 1,024-byte pages: bodies above a fifth of a page spill to pages of their own.
func rowCost(n int) uint32 {
	n += 90
	if n > 900 {
		n = (n + 1023 + 64) &^ 1023
	}
	return uint32(n)
}

func (o *Outbox) random(v *uint64, not uint64) error {
	var b [8]byte
	for *v == 0 || *v == not {
		if _, err := io.ReadFull(o.o.Rand, b[:]); err != nil {
			return fmt.Errorf("outbox: random epoch: %w", err)
		}
		*v = binary.BigEndian.Uint64(b[:])
	}
	return nil
}

// Append records events, in their order, as one commit group: on nil all of
// them survive a power cut. It seals inside the same commit if BatchEvents are
// open then, or if SetEager or SealSoon ask for it, and it takes the deletion
// of acknowledged batches along. Events must have passed Event.Check.
//
// After an error nobody knows whether the group is on disk; the next Append
// must begin with the same events, and records them only if they are not.
// An outbox_lost event lowers Stats.Lost by its count.
func (o *Outbox) Append(events ...protocol.Event) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.append(events, nil, nil)
}

// AppendNoted is Append that replaces the note in the same commit: what it says
// of events is true exactly if they are recorded. Events may be none. The note
// outlives epochs; it is lost with a damaged file.
func (o *Outbox) AppendNoted(note []byte, events ...protocol.Event) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.append(events, note, nil)
}

// Note returns what AppendNoted noted last; nil: nothing. It must not be
// changed.
func (o *Outbox) Note() []byte {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.note
}

// AppendBoot is AppendNoted that keeps in the same commit which boot it is:
// power-on is recorded exactly when the boot is.
func (o *Outbox) AppendBoot(boot uint32, id string, note []byte, events ...protocol.Event) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.append(events, note, func(m *Meta) { m.Boot, m.BootID = boot, id })
}

func (o *Outbox) append(events []protocol.Event, note []byte, boot func(*Meta)) error {
	if err := o.settle(); err != nil {
		return err
	}
	if o.skip > len(events) {
		return fmt.Errorf("outbox: %d events were in doubt, repeat them first", o.skip)
	}
	all := events
	events = events[o.skip:]
	if len(events) == 0 && note == nil && boot == nil {
		o.skip = 0
		o.recorded(all)
		return nil
	}
	p := o.plan()
	seal := o.ride
	for i := range events {
		seal = seal || o.eager && urgent(events[i].Kind)
		if events[i].Kind == protocol.OutboxLost {
			p.meta.Lost -= min(p.meta.Lost, events[i].Count)
			p.metaDirty = true
		}
	}
	if boot != nil {
		boot(&p.meta)
		p.metaDirty = true
	}
	p.c.Note = note
	p.events = len(events)
	x := o.o.Codec.get()
	defer o.o.Codec.put(x)
	if seal || o.openN+len(events) >= o.o.BatchEvents {
		if err := p.seal(x, events); err != nil {
			return err
		}
	} else if err := p.group(x, events); err != nil {
		return err
	}
	if err := o.commit(p); err != nil {
		return err
	}
	o.skip = 0
	o.recorded(all)
	return nil
}

func (o *Outbox) recorded(events []protocol.Event) {
	if o.o.Recorded != nil && len(events) > 0 {
		o.o.Recorded(events)
	}
}

// urgent kinds are sealed with their own commit while the centre is in reach.
func urgent(k protocol.Kind) bool {
	return ClassOf(k) > ClassUse && k != protocol.ClockSync
}

// Seal seals what is open; it does nothing if nothing is.
func (o *Outbox) Seal() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if err := o.settle(); err != nil {
		return err
	}
	if o.openN == 0 {
		return nil
	}
	p := o.plan()
	x := o.o.Codec.get()
	defer o.o.Codec.put(x)
	if err := p.seal(x, nil); err != nil {
		return err
	}
	return o.commit(p)
}

// SetEager says whether the centre is in reach: then orders, power events and
// notices are sealed by the commit that records them.
func (o *Outbox) SetEager(on bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.eager = on
}

// SealSoon makes the next Append seal what is open: a seal that rides in a
// commit that happens anyway costs no flash of its own.
func (o *Outbox) SealSoon() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.ride = o.openN > 0
}

// Next returns the oldest sealed, unacknowledged batch with a number above
// after. It never reaches further than protocol.MaxWindow batches from the
// floor, and never past an evicted batch before everything up to that one is
// acknowledged: then the floor jumps over it, and the centre counts exactly
// what is missing. The Body stays valid and must not be changed.
//
// A damaged row is set aside here [D6]: the error then is an ErrDamaged and
// the epoch a new one.
func (o *Outbox) Next(after uint64) (protocol.Sealed, bool, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if err := o.settle(); err != nil {
		return protocol.Sealed{}, false, err
	}
	floor, at := o.floor(), o.floorAt()
	no := max(after+1, floor)
	if no >= floor+protocol.MaxWindow {
		return protocol.Sealed{}, false, nil
	}
	if i, ok := o.find(no); !ok || uint64(i-at) != no-floor {
		return protocol.Sealed{}, false, nil // nothing, or a gap before it
	}
	s, err := o.disk.Batch(no)
	if errors.Is(err, ErrDamaged) {
		if serr := o.salvage(); serr != nil {
			return protocol.Sealed{}, false, fmt.Errorf("%w; salvage: %w", err, serr)
		}
	}
	if err != nil {
		return protocol.Sealed{}, false, fmt.Errorf("read batch %d: %w", no, err)
	}
	o.reached = max(o.reached, no+1)
	return s, true, nil
}

// find returns where batch no stands in the list.
func (o *Outbox) find(no uint64) (int, bool) {
	i := sort.Search(len(o.list), func(i int) bool { return o.list[i].no >= no })
	return i, i < len(o.list) && o.list[i].no == no
}

// floorAt is the index of the oldest unacknowledged batch; len(list): none.
func (o *Outbox) floorAt() int {
	return sort.Search(len(o.list), func(i int) bool { return o.list[i].no > o.acked })
}

func (o *Outbox) floor() uint64 {
	if i := o.floorAt(); i < len(o.list) {
		return o.list[i].no
	}
	return o.nextNo
}

// Floor is the lowest number of a batch that is held and not acknowledged; if
// there is none, the number the next batch will get.
func (o *Outbox) Floor() uint64 {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.floor()
}

// Pressing is the highest number of a batch that is held, not acknowledged and
// above ClassUse: in quiet hours nothing behind it is sent [P-8.5]. 0: none.
func (o *Outbox) Pressing() uint64 {
	o.mu.Lock()
	defer o.mu.Unlock()
	for i := len(o.list) - 1; i >= o.floorAt(); i-- {
		if o.list[i].class > ClassUse {
			return o.list[i].no
		}
	}
	return 0
}

// SetBatchEvents replaces Options.BatchEvents from the next Append on; outside
// its limits, or 0, it is DefaultBatchEvents.
func (o *Outbox) SetBatchEvents(n int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if n < 1 || n > protocol.MaxBatchEvents {
		n = DefaultBatchEvents
	}
	o.o.BatchEvents = n
}

// Epoch is the present epoch. It changes with divergence and salvage.
func (o *Outbox) Epoch() uint64 {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.meta.Epoch
}

// Open returns how many events are recorded and not sealed.
func (o *Outbox) Open() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.openN
}

// Lost returns how many events the centre must still be told of by outbox_lost
// events, see Append.
func (o *Outbox) Lost() uint64 {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.meta.Lost
}

// Boot returns what AppendBoot noted last; 0 and "" if it never did.
func (o *Outbox) Boot() (boot uint32, id string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.meta.Boot, o.meta.BootID
}

// Changed delivers a value after events or batches came in; values coalesce.
// One reader.
func (o *Outbox) Changed() <-chan struct{} { return o.changed }

// Stats returns how the outbox stands.
func (o *Outbox) Stats() Stats {
	o.mu.Lock()
	defer o.mu.Unlock()
	s := o.stats
	for i := o.floorAt(); i < len(o.list); i++ {
		s.Batches++
		s.Events += int(o.list[i].n)
	}
	s.Open, s.Bytes, s.Lost = o.openN, o.bytes, o.meta.Lost
	return s
}

// Close closes the disk; what is open stays open on it.
func (o *Outbox) Close() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.disk.Close()
}
