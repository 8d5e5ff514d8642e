package crash

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"syscall"

	"iptvdc/agent/outbox"
	"iptvdc/protocol"
	"iptvdc/testbench/crashfs"
)

// kind is a way of life of an outbox.
type kind struct {
	name     string
	maxBytes int64
	// strangers: the centre's history gets batches that the box never sent, as
	// a clone's, so that the outbox has to begin a new epoch.
	strangers bool
	// damaged: once in its life a byte of the file is changed.
	damaged bool
}

var kinds = []kind{
	{name: "steady"},
	{name: "tight", maxBytes: 4 << 10},
	{name: "diverging", strangers: true},
	{name: "damaged", damaged: true},
}

// batchEvents is small, so that much happens at few changes.
const batchEvents = 8

// promise is what holds at one moment of a life.
type promise struct {
	told   uint32 // events 1..told were answered as stored
	trying uint32 // events up to here were being stored
	// evicted is how many the outbox may have dropped, the step under way
	// included.
	evicted uint64
	sent    int // entries of the centre's log
	damage  bool
}

// life is one outbox on one folder, and the centre it reports to.
type life struct {
	kind   kind
	dir    string
	seed   uint64
	rnd    *rand.Rand
	out    *outbox.Outbox
	centre *centre
	boot   uint32
	now    promise
	past   uint64 // evicted by outboxes of earlier starts
	note   func(*promise)
	failed int // steps that were answered with an error
	faulty func() bool
}

func newLife(k kind, dir string, seed uint64, j *crashfs.Journal) *life {
	return &life{kind: k, dir: dir, seed: seed, rnd: rand.New(rand.NewPCG(seed, 1)), centre: newCentre(),
		note: func(p *promise) { j.Note(p) }}
}

func (l *life) options() outbox.Options {
	return outbox.Options{MaxBytes: l.kind.maxBytes, BatchEvents: batchEvents, Rand: chacha(l.seed, uint64(l.boot))}
}

func chacha(a, b uint64) *rand.ChaCha8 {
	var seed [32]byte
	for i := range 8 {
		seed[i], seed[8+i] = byte(a>>(8*i)), byte(b>>(8*i))
	}
	return rand.NewChaCha8(seed)
}

// eventOf is event number id, wherever it is made.
func eventOf(id uint32) protocol.Event {
	mix := rand.New(rand.NewPCG(uint64(id), 7))
	e := protocol.Event{Kind: protocol.Click, Boot: 1, MonoMs: uint64(id), Trace: id, Page: fmt.Sprintf("epg/%0*d", 1+mix.IntN(90), id)}
	if mix.IntN(7) == 0 {
		e = protocol.Event{Kind: protocol.Order, Boot: 1, MonoMs: uint64(id), Trace: id, OrderID: fmt.Sprint("o", id), Product: "p", Result: protocol.ResultPaid}
	}
	return e
}

// step does do, with notes of what holds before and after; on an error the
// outbox is opened anew, as the agent does when it goes on failing, and do is
// called again: that is the contract of Append.
func (l *life) step(do func() error) error {
	during := l.now
	l.note(&during)
	const tries = 8
	for try := 0; ; try++ {
		err := do()
		if l.out != nil {
			l.now.evicted = l.past + l.out.Stats().Evicted
		}
		during.evicted = max(during.evicted, l.now.evicted)
		if err == nil {
			break
		}
		l.failed++
		if !l.met(err) && (l.faulty == nil || !l.faulty()) || try == tries {
			return err
		}
	}
	after := l.now
	l.note(&after)
	return nil
}

// met reports whether err is the damage done to the file, met only now: the
// outbox has salvaged what it could and goes on.
func (l *life) met(err error) bool { return l.kind.damaged && errors.Is(err, outbox.ErrDamaged) }

func (l *life) start() error {
	return l.step(func() error {
		l.boot++
		out, err := outbox.New(outbox.NewSQLite(l.dir), l.options())
		if err != nil {
			return err
		}
		l.out = out
		return nil
	})
}

func (l *life) stop() error {
	return l.step(func() error {
		if l.out == nil {
			return nil
		}
		l.past += l.out.Stats().Evicted
		err := l.out.Close()
		l.out = nil
		return err
	})
}

// append records a group. Its ids are the next ones.
func (l *life) append(n int) error {
	group := make([]protocol.Event, n)
	for i := range group {
		group[i] = eventOf(l.now.told + 1 + uint32(i))
	}
	l.now.trying = l.now.told + uint32(n)
	return l.step(func() error {
		if err := l.out.Append(group...); err != nil {
			return err
		}
		l.now.told = l.now.trying
		return nil
	})
}

// exchange sends up to n batches and hears the acks.
func (l *life) exchange(n int) error {
	var after uint64
	for range n {
		s, ok, err := l.out.Next(after)
		if err != nil && (l.faulty != nil && l.faulty() || l.met(err)) {
			l.failed++
			return nil // another time
		}
		if err != nil || !ok {
			return err
		}
		ack, err := l.centre.take(&s, l.out.Floor())
		if err != nil {
			return err
		}
		after = s.No
		l.now.sent = len(l.centre.log)
		if err := l.step(func() error {
			_, err := l.out.Ack(ack)
			return err
		}); err != nil {
			return err
		}
	}
	return nil
}

// live plays steps steps, after an opening and before a last look.
func (l *life) live(steps int) error {
	if err := l.start(); err != nil {
		return err
	}
	damageAt := -1
	if l.kind.damaged {
		damageAt = steps/3 + l.rnd.IntN(steps/3)
	}
	for i := range steps {
		if i == damageAt {
			if err := l.damage(); err != nil {
				return fmt.Errorf("damage: %w", err)
			}
		}
		if err := l.act(); err != nil {
			return fmt.Errorf("step %d: %w", i, err)
		}
	}
	return l.stop()
}

func (l *life) act() error {
	switch at := l.rnd.IntN(100); {
	case at < 60:
		return l.append(1 + l.rnd.IntN(5))
	case at < 70:
		return l.step(l.out.Seal)
	case at < 73:
		l.out.SealSoon()
		return nil
	case at < 75:
		l.out.SetEager(l.rnd.IntN(2) == 0)
		return nil
	case at < 78:
		if err := l.stop(); err != nil {
			return err
		}
		return l.start()
	case at < 80 && l.kind.strangers:
		return l.centre.stranger(l.out.Epoch())
	case l.kind.maxBytes > 0 && at < 95:
		return nil // rarely in reach: flash fills up
	}
	return l.exchange(1 + l.rnd.IntN(6))
}

// damage changes one byte of the file between two starts.
func (l *life) damage() error {
	if err := l.stop(); err != nil {
		return err
	}
	l.now.damage = true
	path := filepath.Join(l.dir, "outbox.db")
	fi, err := os.Stat(path)
	if err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	at, b := l.rnd.Int64N(fi.Size()), make([]byte, 1)
	_, rerr := f.ReadAt(b, at)
	b[0] ^= 1 << l.rnd.IntN(8)
	before := l.now
	l.note(&before)
	_, werr := f.WriteAt(b, at)
	if err := errors.Join(rerr, werr, f.Sync(), f.Close()); err != nil {
		return err
	}
	return l.start()
}

// recorded is a life on a recording file system.
type recorded struct {
	*life
	changes []crashfs.Change
}

// play lives a life of so many steps on a mount of its own. refuse, if there
// is one, is asked before each change.
func play(k kind, seed uint64, steps int, refuse func(crashfs.Change) syscall.Errno, faulty func() bool) (r *recorded, err error) {
	work, err := scratch()
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(work)) }()
	mount, backing := filepath.Join(work, "mount"), filepath.Join(work, "backing")
	if err := errors.Join(os.Mkdir(mount, 0o700), os.Mkdir(backing, 0o700)); err != nil {
		return nil, err
	}
	fs, err := crashfs.Mount(mount, backing)
	if err != nil {
		return nil, err
	}
	fs.Hook(refuse)
	l := newLife(k, mount, seed, fs.Journal())
	l.faulty = faulty
	lerr := l.live(steps)
	fs.Hook(nil)
	if l.out != nil {
		lerr = errors.Join(lerr, l.out.Close())
	}
	if err := fs.Unmount(); err != nil {
		return nil, errors.Join(lerr, err)
	}
	return &recorded{l, fs.Journal().Changes()}, lerr
}

// scratch is a new folder, in memory where there is such a place: what is kept
// there is synced by the thousand.
func scratch() (string, error) {
	if fi, err := os.Stat("/dev/shm"); err == nil && fi.IsDir() {
		return os.MkdirTemp("/dev/shm", "crash")
	}
	return os.MkdirTemp("", "crash")
}
