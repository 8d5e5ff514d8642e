package session

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"testing"
	"time"

	"iptvdc/agent"
	"iptvdc/agent/outbox"
	"iptvdc/protocol"
)

// handClock goes when a test says so. The wall clock is wherever it likes.
type handClock struct{ mono, wall, asleep uint64 }

func (c *handClock) MonoMs() uint64  { return c.mono }
func (c *handClock) AwakeMs() uint64 { return c.mono - c.asleep }
func (c *handClock) WallMs() uint64  { return c.wall }

// box is a box on which a test lives: the real machine, session and outbox over
// flash in memory.
type box struct {
	t     testing.TB
	clock handClock
	every time.Duration

	flash *outbox.Memory
	mark  *memoryFile // the file of alive marks
	told  []protocol.Event

	out  *outbox.Outbox
	sess *Session
	mach *Machine
	id   string // the kernel's id of the boot

	// cut is asked at every write to flash; true: the power fails there.
	cut     func(what string) bool
	forgets bool // what was not synced is gone then
	off     bool
}

var errDark = errors.New("no power")

func newBox(t testing.TB) *box {
	return &box{t: t, flash: outbox.NewMemory(), mark: &memoryFile{}, every: time.Minute}
}

// start starts the agent in boot id.
func (b *box) start(id string) {
	b.t.Helper()
	b.id, b.off = id, false
	var err error
	if b.out, err = outbox.New(b.flash, outbox.Options{Rand: rand.NewChaCha8([32]byte{1})}); err != nil {
		b.t.Fatal(err)
	}
	b.sess, err = New(Config{BootID: id, Clock: &b.clock, Rand: rand.NewChaCha8([32]byte{3}), Identity: protocol.Event{Province: 33, City: 3301, Account: "a"}})
	if err != nil {
		b.t.Fatal(err)
	}
	if b.mach, err = NewMachine(MachineConfig{Recorder: b, Session: b.sess, Clock: &b.clock, BootID: id, Alive: b.every}); err != nil {
		b.t.Fatal(err)
	}
	b.mark.box = b
	b.mach.alive = &alive{open: b.openMark, sync: b.syncMark}
	if b.mach.mark, err = b.mach.alive.load(); err != nil {
		b.t.Fatal(err)
	}
	if err := b.sess.Begin(tap{b.out, b}); err != nil && !b.off {
		b.t.Fatal(err)
	}
}

func (b *box) openMark(create bool) (aliveFile, error) {
	if !create && b.mark.data == nil {
		return nil, fs.ErrNotExist
	}
	if b.mark.data == nil {
		b.mark.data = make([]byte, 2*slotBytes)
	}
	return b.mark, nil
}

// syncMark makes what was written to the mark durable; if the power goes first,
// it may be gone again.
func (b *box) syncMark(aliveFile) error {
	if err := b.write("sync"); err != nil {
		if b.forgets && b.mark.before != nil {
			b.mark.data = b.mark.before
		}
		return err
	}
	b.mark.before = nil
	return b.write("after a mark")
}

// write is one write to flash; an error: the power went before it was done.
func (b *box) write(what string) error {
	if !b.off && b.cut != nil && b.cut(what) {
		b.off = true
	}
	if b.off {
		return errDark
	}
	return nil
}

// Enqueue implements Recorder, with every call in a commit of its own.
func (b *box) Enqueue(_ bool, note []byte, events ...protocol.Event) (agent.Ticket, error) {
	if b.off {
		return agent.Ticket{}, errDark
	}
	for i := range events {
		b.sess.Stamp(&events[i])
	}
	return agent.Ticket{}, tap{b.out, b}.AppendNoted(note, events...)
}

// Drop implements Recorder.
func (b *box) Drop(k protocol.Kind, why protocol.Reason, n uint64) {
	b.t.Errorf("dropped %d %v: %v", n, k, why)
}

// tap is an outbox that tells what is recorded.
type tap struct {
	*outbox.Outbox
	b *box
}

func (t tap) commit(events []protocol.Event, do func() error) error {
	if err := t.b.write("commit"); err != nil {
		return err
	}
	if err := do(); err != nil {
		return err
	}
	t.b.told = append(t.b.told, events...)
	return t.b.write("after a commit")
}

func (t tap) Append(events ...protocol.Event) error {
	return t.commit(events, func() error { return t.Outbox.Append(events...) })
}

func (t tap) AppendNoted(note []byte, events ...protocol.Event) error {
	return t.commit(events, func() error { return t.Outbox.AppendNoted(note, events...) })
}

func (t tap) AppendBoot(boot uint32, id string, note []byte, events ...protocol.Event) error {
	return t.commit(events, func() error { return t.Outbox.AppendBoot(boot, id, note, events...) })
}

// memoryFile is a file of alive marks; a cut in the middle of a write leaves its
// first part.
type memoryFile struct {
	box    *box
	data   []byte
	before []byte // as it was before what is not synced
	writes int
	bytes  int
}

func (f *memoryFile) Close() error { return nil }

func (f *memoryFile) ReadAt(p []byte, off int64) (int, error) { return copy(p, f.data[off:]), nil }

func (f *memoryFile) WriteAt(p []byte, off int64) (int, error) {
	half := len(p) / 2
	if err := f.box.write("mark"); err != nil {
		return 0, err
	}
	f.before = append([]byte(nil), f.data...)
	copy(f.data[off:], p[:half])
	if err := f.box.write("half a mark"); err != nil {
		return half, err
	}
	copy(f.data[off:], p)
	f.writes++
	f.bytes += len(p)
	return len(p), nil
}

// until lets time pass, with everything that falls due.
func (b *box) until(ms uint64) {
	b.t.Helper()
	for !b.off {
		next := b.clock.mono + uint64(b.mach.tick().Milliseconds())
		if next > ms || b.off {
			break
		}
		b.clock.mono = next
	}
	if !b.off {
		b.clock.mono = max(b.clock.mono, ms)
	}
}

// signal reports.
func (b *box) signal(page bool, signals ...agent.Signal) error {
	return b.mach.Signals(b.t.Context(), page, signals)
}

// restart starts the agent anew in the same boot: in good order, or killed.
func (b *box) restart(killed bool) {
	b.t.Helper()
	b.mach.end(killed)
	b.start(b.id)
}

// boot starts the next boot, after a cut or an orderly stop of the agent.
func (b *box) boot(orderly bool) {
	b.t.Helper()
	if orderly {
		b.mach.end(false)
	}
	b.clock.mono, b.clock.asleep = 0, 0
	var n int
	fmt.Sscanf(b.id, "boot %d", &n)
	b.start(fmt.Sprint("boot ", n+1))
}
