package sim

import (
	"errors"
	"math/rand/v2"

	"iptvdc/agent/outbox"
	"iptvdc/protocol"
)

// errCut is a commit during which the power failed.
var errCut = errors.New("sim: power cut")

// errIO is a commit that failed, nobody knows how far it got.
var errIO = errors.New("sim: input/output error")

// flash is a box's disk. What is committed survives a power cut; everything
// else a box knows does not.
type flash struct {
	w        *World
	live     *outbox.Memory
	synced   *outbox.Memory // LateSync: what a power cut leaves
	cutNext  bool           // the next commit meets a power cut
	failNext bool           // the next commit fails
	dead     bool           // the power is off: nothing is written any more
	watch    func(c *outbox.Change)
}

// Load implements outbox.Disk.
func (f *flash) Load() (outbox.Image, error) { return f.live.Load() }

// Batch implements outbox.Disk.
func (f *flash) Batch(no uint64) (protocol.Sealed, error) { return f.live.Batch(no) }

// Close implements outbox.Disk.
func (f *flash) Close() error { return nil }

// Commit implements outbox.Disk: all of c or nothing, also when it fails.
func (f *flash) Commit(c outbox.Change) error {
	if f.dead {
		return errCut
	}
	cut, fail := f.cutNext, f.failNext
	f.cutNext, f.failNext = false, false
	if cut {
		f.dead = true
		f.w.Tally.CutInCommit++
	}
	if fail {
		f.w.Tally.DiskError++
	}
	if (cut || fail) && f.w.rnd.IntN(2) == 0 {
		return failure(cut)
	}
	f.watch(&c)
	if err := f.live.Commit(c); err != nil {
		return err
	}
	if f.w.rules.LateSync && f.w.rnd.IntN(4) == 0 {
		if img, err := f.live.Load(); err == nil && len(img.Open) == 0 { // see box.image
			f.synced = f.live.Clone()
		}
	}
	if cut || fail {
		return failure(cut)
	}
	return nil
}

func failure(cut bool) error {
	if cut {
		return errCut
	}
	return errIO
}

// source gives epochs and uids from the world's generator.
type source struct {
	rnd   *rand.Rand
	fixed bool // epochs are always the same
	used  bool
}

// Read implements io.Reader.
func (s *source) Read(p []byte) (int, error) {
	if s.fixed && len(p) == 8 {
		clear(p)
		p[7] = 1
		if s.used { // asked again: the first would not do
			p[6] = byte(s.rnd.Uint32())
		}
		s.used = true
		return len(p), nil
	}
	for i := range p {
		p[i] = byte(s.rnd.Uint32())
	}
	return len(p), nil
}
