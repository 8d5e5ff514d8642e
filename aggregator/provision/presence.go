package provision

import (
	"context"
	"database/sql"
	"fmt"
	"hash/maphash"
	"sync"
	"time"

	"iptvdc/protocol"
)

// Signs of clones that connections and batches give. Those that claims give are the
// reasons of their refusal.
const (
	SignPlaces = "two_places" // addresses take turns while both are connected
	SignBoot   = "boot_back"  // a boot before one that was heard of, in the same epoch
	SignEpoch  = "epoch_back" // an epoch that another had replaced
)

const (
	// placesTimes is how often a box must have come back to an address that it had
	// left, while its other connection stood, within placesWithin: once is a cable
	// that was moved and moved back.
	placesTimes  = 3
	placesWithin = 24 * time.Hour
	// tellEvery bounds how often one sign of a box is written; all are counted.
	tellEvery = time.Minute
	// signsPerSecond bounds how many signs of all boxes are written in a second; all
	// are counted.
	signsPerSecond = 20
	// maxPresent bounds the memory of signs; who is connected does not matter beyond.
	maxPresent = 2_000_000
)

// presence is what is remembered of boxes that were heard of since the start: some
// hundred bytes a box.
type presence struct {
	mu    sync.Mutex
	seed  maphash.Seed
	boxes map[string]*seen
}

type seen struct {
	epoch, before uint64 // the epoch that sends, and the one it took over from
	boot          uint32
	open          int32  // connections that stand
	last, earlier uint64 // hashes of addresses
	backs         uint16
	since         int64 // of the first of backs, ms
	told          [3]int64
}

func (p *presence) init() { p.seed, p.boxes = maphash.MakeSeed(), map[string]*seen{} }

func (p *presence) of(box string) *seen {
	s := p.boxes[box]
	if s == nil && len(p.boxes) < maxPresent {
		s = &seen{}
		p.boxes[box] = s
	}
	return s
}

// Came is told of a connection of a box from an address.
func (r *Registry) Came(box, host string) {
	now := r.config.Now()
	if r.present.came(box, host, now.UnixMilli()) {
		r.tell(box, SignPlaces, "its connections take turns between addresses while both stand, now "+host, now)
	}
}

func (p *presence) came(box, host string, ms int64) (sign bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := p.of(box)
	if s == nil {
		return false
	}
	s.open++
	h := maphash.String(p.seed, host)
	if h == s.last {
		return false
	}
	back := h == s.earlier && s.open > 1
	s.last, s.earlier = h, s.last
	if !back {
		return false
	}
	if ms-s.since > placesWithin.Milliseconds() {
		s.since, s.backs = ms, 0
	}
	s.backs++
	return s.backs >= placesTimes
}

// Went is told when a connection that Came was told of has ended.
func (r *Registry) Went(box string) {
	r.present.mu.Lock()
	defer r.present.mu.Unlock()
	if s := r.present.boxes[box]; s != nil && s.open > 0 {
		s.open--
	}
}

// Sent is told of a batch of a box that was taken.
func (r *Registry) Sent(box string, packet []byte) {
	epoch, boot, ok := protocol.PeekBatch(packet)
	if !ok {
		return
	}
	switch sign, detail := r.present.sent(box, epoch, boot); sign {
	case "":
	default:
		r.tell(box, sign, detail, r.config.Now())
	}
}

func (p *presence) sent(box string, epoch uint64, boot uint32) (sign, detail string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := p.of(box)
	switch {
	case s == nil:
	case epoch == s.epoch:
		if boot < s.boot {
			sign, detail = SignBoot, fmt.Sprintf("boot %d after boot %d of epoch %016x", boot, s.boot, epoch)
		}
		s.boot = boot
	case epoch == s.before && s.before != 0:
		sign, detail = SignEpoch, fmt.Sprintf("epoch %016x after epoch %016x had replaced it", epoch, s.epoch)
		s.epoch, s.before, s.boot = epoch, s.epoch, boot
	default:
		s.epoch, s.before, s.boot = epoch, s.epoch, boot
	}
	return sign, detail
}

// tell writes a sign down, unless it was just written.
func (r *Registry) tell(box, sign, detail string, now time.Time) {
	kind := map[string]int{SignPlaces: 0, SignBoot: 1, SignEpoch: 2}[sign]
	r.present.mu.Lock()
	s := r.present.boxes[box]
	early := s == nil || !r.signs.AllowN(now, 1) || s.told[kind] > 0 && now.UnixMilli()-s.told[kind] < tellEvery.Milliseconds()
	if !early {
		s.told[kind] = now.UnixMilli()
	}
	r.present.mu.Unlock()
	if early {
		r.stats.Suspects.add(sign)
		return
	}
	err := r.update(context.Background(), func(ctx context.Context, tx *sql.Tx) error {
		return r.suspect(ctx, tx, box, sign, detail, now)
	})
	if err != nil {
		r.stats.Failures.Add(1)
		r.config.Log.Error("a sign of a clone could not be written down", "box", box, "sign", sign, "error", err)
		return
	}
	r.config.Log.Warn("there may be two boxes of one id", "box", box, "sign", sign, "detail", detail, "do", "aggregator box suspects")
}

// eager bounds how often one box may ask.
type eager struct {
	mu    sync.Mutex
	boxes map[string]*tries
	swept int64
}

type tries struct {
	from int64
	n    int
}

const (
	eagerMost   = 10 // of one box
	eagerWithin = time.Minute
	eagerBoxes  = 50_000 // that are remembered at once; beyond, nobody is let through
)

func (e *eager) may(box string, now time.Time) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	ms := now.UnixMilli()
	if e.boxes == nil || ms-e.swept >= eagerWithin.Milliseconds() {
		e.sweep(ms)
	}
	t := e.boxes[box]
	if t == nil || ms-t.from >= eagerWithin.Milliseconds() {
		if t == nil && len(e.boxes) >= eagerBoxes {
			return false
		}
		e.boxes[box] = &tries{ms, 1}
		return true
	}
	t.n++
	return t.n <= eagerMost
}

func (e *eager) sweep(ms int64) {
	kept := map[string]*tries{}
	for box, t := range e.boxes {
		if ms-t.from < eagerWithin.Milliseconds() {
			kept[box] = t
		}
	}
	e.boxes, e.swept = kept, ms
}
