package sim

import (
	"cmp"
	"fmt"
	"math/rand/v2"

	"iptvdc/agent/outbox"
	"iptvdc/aggregator"
	"iptvdc/protocol"
)

// The size of a world.
const (
	province    = 33
	boxes       = 2
	aggregators = 2
	steps       = 250
	maxActors   = 6    // boxes and clones of them
	maxBlock    = 20   // events the loader loads at once
	maxBytes    = 4096 // of an outbox: about 15 batches
	rounds      = 600  // of draining
)

// place is where a batch was sealed, and what it holds.
type place struct {
	epoch, no, first uint64
	chain            protocol.Chain
}

func placeOf(s *protocol.Sealed) place { return place{s.Epoch, s.No, s.First, s.Chain()} }

// down is an ack on its way to a box.
type down struct {
	topic   string
	payload []byte
}

// World is one run. It is made by Run.
type World struct {
	Tally Tally

	seed     uint64
	setting  Setting
	faults   Faults
	rules    Rules
	rnd      *rand.Rand
	maxBytes int64
	codec    *outbox.Codec
	dec      protocol.Decoder
	fillers  []string

	nowMs    int64  // the centre's clock: the truth
	foreign  bool   // the broker is another program, which hears PUBACK also for what was not stored
	outlaw   string // the box that is not admitted
	outlawed int    // for so many steps

	outage int // steps for which the centre takes nothing
	actors []*box
	up     []message
	acks   []down
	centre *centre
	open   func() (Place, error) // nil: the reference ledger

	sealed    map[place]bool
	ids       map[protocol.UID][]uint32
	arrived   []uint8 // by event id: how often the ledger took it
	owner     []string
	promised  []bool // Append said stored
	aside     []bool // in a poisoned batch that the ledger has
	trueMs    []int64
	poison    map[protocol.UID]*poison
	syncs     []told
	mixed     map[uint64]bool // boxes with clones, by key
	secrets   aggregator.Secrets
	forgiven  []bool // evicted, or on a flash that was lost
	evicted   []bool
	deleted   []uint32
	dropped   uint64 // events that went from a flash unacknowledged, in this call
	violation string
	noCommit  bool                             // the reference ledger keeps nothing
	log       func(format string, args ...any) // nil: silent
}

// Result is how a run ended.
type Result struct {
	Tally     Tally
	Violation string // "" if every promise held
}

// Arena keeps what runs can share, one run after the other.
type Arena struct {
	// Log, if set, is told what happens.
	Log func(format string, args ...any)
	// Open, if set, gives each run the place of its ledger; nil: the reference
	// ledger, the only one for which Rules may bend what the centre decides.
	Open    func() (Place, error)
	codec   outbox.Codec
	fillers []string
	secrets aggregator.Secrets
}

// Run plays one seed in a setting under rules. Not safe for concurrent use of
// one arena.
func (a *Arena) Run(seed uint64, setting Setting, rules Rules) Result {
	if a.fillers == nil {
		rnd := rand.New(rand.NewPCG(1, 1))
		for range 64 {
			noise := make([]byte, 140)
			for i := range noise {
				noise[i] = byte(' ' + rnd.IntN(95))
			}
			a.fillers = append(a.fillers, string(noise))
		}
		var err error
		if a.secrets, err = secrets(); err != nil {
			return Result{Violation: err.Error()}
		}
	}
	w := &World{seed: seed, setting: setting, faults: setting.Faults, rules: rules, maxBytes: maxBytes,
		rnd: rand.New(rand.NewPCG(seed, 0x6970747664)), codec: &a.codec, fillers: a.fillers, log: a.Log, open: a.Open,
		sealed: map[place]bool{}, ids: map[protocol.UID][]uint32{}, arrived: make([]uint8, 1, 256), owner: make([]string, 1, 256),
		promised: make([]bool, 1, 256), aside: make([]bool, 1, 256), trueMs: make([]int64, 1, 256),
		nowMs: beganMs, foreign: seed%2 == 1, poison: map[protocol.UID]*poison{}, mixed: map[uint64]bool{}, secrets: a.secrets, forgiven: make([]bool, 1, 256), evicted: make([]bool, 1, 256)}
	w.centre = newCentre(w)
	if w.violation != "" {
		return Result{w.Tally, w.violation}
	}
	for i := range boxes {
		b := newBox(w, fmt.Sprintf("box%013d", i))
		w.actors = append(w.actors, b)
		b.start()
	}
	for range steps {
		if w.step(); w.violation != "" {
			break
		}
	}
	if w.violation == "" {
		w.drain()
	}
	if w.violation == "" {
		w.check()
	}
	w.centre.close()
	w.Tally.Events = len(w.arrived) - 1
	return Result{w.Tally, w.violation}
}

func (w *World) chance(p float64) bool { return w.rnd.Float64() < p }

// filler is a text that hardly packs, so that an outbox is full after about 15
// batches.
func (w *World) filler() string { return w.fillers[w.seed%uint64(len(w.fillers))] }

// note tells what happens, for who plays one seed.
func (w *World) note(format string, args ...any) {
	if w.log != nil {
		w.log(format, args...)
	}
}

// fail notes the first promise that was broken.
func (w *World) fail(promise, format string, args ...any) {
	if w.violation == "" {
		w.violation = fmt.Sprintf("%s broken in setting %s, seed %d: %s", promise, w.setting.Name, w.seed, fmt.Sprintf(format, args...))
	}
}

func (w *World) newEvent(box string) uint32 {
	id := uint32(len(w.arrived))
	w.arrived = append(w.arrived, 0)
	w.owner = append(w.owner, box)
	w.promised = append(w.promised, false)
	w.aside = append(w.aside, false)
	w.trueMs = append(w.trueMs, w.nowMs)
	w.forgiven = append(w.forgiven, false)
	w.evicted = append(w.evicted, false)
	return id
}

func (w *World) stored(id uint32) { w.promised[id] = true }

// evict notes that what was just deleted went for lack of space.
func (w *World) evict() {
	for _, id := range w.deleted {
		w.evicted[id] = true
		w.forgive(id)
	}
	w.deleted, w.dropped = w.deleted[:0], 0
}

func (w *World) forgive(id uint32) { w.forgiven[id] = true }

// idsOf lists the events of a batch; its uid stands for its body.
func (w *World) idsOf(s *protocol.Sealed) []uint32 {
	ids, ok := w.ids[s.UID]
	if !ok {
		ids = w.decode(s)
		w.ids[s.UID] = ids
	}
	return ids
}

// decode lists the events of a body.
func (w *World) decode(s *protocol.Sealed) []uint32 {
	events, err := w.dec.Events(s)
	if err != nil {
		w.fail("I5", "batch %d does not decode: %v", s.No, err)
		return nil
	}
	ids := make([]uint32, len(events))
	for i := range events {
		ids[i] = eventID(&events[i])
	}
	return ids
}

// eventID is what the world calls an event.
func eventID(e *protocol.Event) uint32 { return cmp.Or(e.Trace, e.Serial) }

// step lets one thing happen at each end, and perhaps a fault.
func (w *World) step() {
	w.nowMs += int64(1 + w.rnd.IntN(stepMs))
	w.disaster()
	b := w.actors[w.rnd.IntN(len(w.actors))]
	if w.chance(0.31) {
		b.record(1 + w.rnd.IntN(3))
	}
	if w.chance(0.25) {
		b.seal()
	}
	if w.chance(0.5) {
		b.send(1 + w.rnd.IntN(protocol.MaxWindow))
	}
	if w.chance(0.1) {
		b.after = 0 // a timeout: everything unacknowledged is unsent
	}
	if w.chance(0.02) {
		b.keepImage()
	}
	if w.outage > 0 {
		w.outage--
	} else if w.chance(w.faults.Outage) {
		w.Tally.Outage++
		w.outage = 20 + w.rnd.IntN(80)
	} else if w.chance(0.6) {
		w.centre.take(1+w.rnd.IntN(maxTaken), true)
	}
	for range w.rnd.IntN(3) {
		w.deliver(true)
	}
	if w.chance(0.1) {
		w.centre.load(true)
	}
}

// disaster draws the rare faults.
func (w *World) disaster() {
	b := w.actors[w.rnd.IntN(len(w.actors))]
	if w.chance(w.faults.PowerCut) {
		if w.rnd.IntN(2) == 0 {
			b.flash.cutNext = true
		} else {
			b.cut()
		}
	}
	if w.chance(w.faults.BrokerLoss) {
		w.Tally.BrokerLoss++
		w.up, w.acks = w.up[:0], w.acks[:0]
	}
	if w.outlawed > 0 {
		w.outlawed--
	} else if w.chance(w.faults.Outlaw) {
		w.Tally.Outlaw++
		w.outlaw, w.outlawed = b.id, 10+w.rnd.IntN(40)
	}
	if w.chance(w.faults.Wipe) {
		w.Tally.Wipe++
		b.replace(outbox.NewMemory())
	}
	if w.chance(w.faults.Clone) && len(w.actors) < maxActors {
		if img := b.image(); img != nil {
			w.clone(b, img)
		}
	}
	if w.chance(w.faults.OldImage) && len(b.images) > 0 {
		w.Tally.OldImage++
		b.replace(b.images[w.rnd.IntN(len(b.images))].Clone())
	}
}

// clone starts a second box with the identity of b on a copy of its flash.
func (w *World) clone(b *box, img *outbox.Memory) {
	w.Tally.Clone++
	w.mixed[b.key] = true
	c := newBox(w, b.id)
	c.flash.live = img
	c.boot = b.boot
	if w.rnd.IntN(2) == 0 {
		c.board[1] = byte(len(w.actors)) // the copy sits in another box
	}
	w.actors = append(w.actors, c)
	c.start()
}

// image copies the flash. What is open has no uid yet and would be sealed
// twice, under two; DESIGN.md says what that means. So it is sealed first; nil
// if that did not work out.
func (b *box) image() *outbox.Memory {
	b.seal()
	if b.out.Open() > 0 {
		return nil
	}
	return b.flash.live.Clone()
}

// keepImage keeps a copy of the flash for later.
func (b *box) keepImage() {
	if img := b.image(); img != nil {
		b.images = append(b.images, img)
	}
}

// deliver gives one ack to whoever listens for it.
func (w *World) deliver(faulty bool) {
	if len(w.acks) == 0 {
		return
	}
	at := 0
	if faulty && w.chance(w.faults.Disorder) {
		at = w.rnd.IntN(len(w.acks))
	}
	d := w.acks[at]
	again := faulty && w.chance(w.faults.AckTwice)
	if again {
		w.Tally.AckTwice++
	} else {
		w.acks = append(w.acks[:at], w.acks[at+1:]...)
	}
	if faulty && w.chance(w.faults.AckLost) {
		w.Tally.AckLost++
		return
	}
	a, err := w.dec.Ack(d.payload)
	if err != nil {
		w.fail("I6", "ack: %v", err)
		return
	}
	for _, b := range w.actors {
		if b.acks == d.topic {
			b.ack(a)
		}
	}
}

// drain heals everything and waits until all queues are empty [I6].
func (w *World) drain() {
	w.faults = Faults{}
	w.outlawed = 0
	for _, b := range w.actors {
		b.flash.cutNext, b.flash.failNext = false, false
	}
	for range rounds {
		w.nowMs += stepMs
		left := len(w.up) + len(w.acks)
		for _, b := range w.actors {
			if len(b.pending)+len(b.syncs) > 0 {
				b.record(0)
			}
			b.seal()
			b.after = 0
			b.send(protocol.MaxWindow)
			s := b.out.Stats()
			left += s.Batches + s.Open + len(b.pending) + len(b.syncs)
		}
		for len(w.up) > 0 && w.violation == "" {
			w.centre.take(maxTaken, false)
		}
		for len(w.acks) > 0 && w.violation == "" {
			w.deliver(false)
		}
		if w.violation != "" {
			return
		}
		if left == 0 {
			w.centre.load(false)
			return
		}
	}
	stuck := ""
	for _, b := range w.actors {
		s := b.out.Stats()
		stuck += fmt.Sprintf(" %s holds %d batches, floor %d, ledger at %d;", b, s.Batches, b.out.Floor(), w.centre.mark(b.id, b.out.Epoch()).Through)
	}
	w.fail("I6", "nothing moves any more:%s", stuck)
}
