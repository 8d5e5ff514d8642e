package session

import (
	"errors"
	"fmt"
	"testing"

	"iptvdc/agent"
	"iptvdc/agent/outbox"
	"iptvdc/protocol"
)

// faultyDisk fails the commits that faults names: true: it took effect all the
// same.
type faultyDisk struct {
	*outbox.Memory
	faults []bool
}

func (d *faultyDisk) Commit(c outbox.Change) error {
	if len(d.faults) == 0 {
		return d.Memory.Commit(c)
	}
	took := d.faults[0]
	d.faults = d.faults[1:]
	if took {
		if err := d.Memory.Commit(c); err != nil {
			return err
		}
	}
	return errors.New("input/output error")
}

// TestBeginInDoubt: a boot whose commit fails, having taken effect or not, is
// begun again until it is recorded, and then once; the power cut before it too.
func TestBeginInDoubt(t *testing.T) {
	for pattern := range 1 << 4 {
		var faults []bool
		for n := pattern; n > 1; n >>= 1 {
			faults = append(faults, n&1 == 1)
		}
		b := newBox(t)
		b.start("boot 1")
		if err := b.signal(false, agent.Signal{Signal: "play", Mode: "vod", Content: "film"}); err != nil {
			t.Fatal(err)
		}
		b.until(100_000)
		disk := &faultyDisk{Memory: b.flash}
		o, err := outbox.New(disk, outbox.Options{})
		if err != nil {
			t.Fatal(err)
		}
		mark, err := b.mach.alive.load()
		if err != nil {
			t.Fatal(err)
		}
		b.clock.mono = 5000
		s, err := New(Config{BootID: "boot 2", Clock: &b.clock, Rand: noRand{}, Identity: protocol.Event{Province: 33}})
		if err != nil {
			t.Fatal(err)
		}
		m, err := NewMachine(MachineConfig{Recorder: b, Session: s, Clock: &b.clock, BootID: "boot 2"})
		if err != nil {
			t.Fatal(err)
		}
		m.mark = mark
		disk.faults = faults
		for tries := 0; ; tries++ {
			if err = s.Begin(o); err == nil {
				break
			}
			if tries > 10 {
				t.Fatalf("faults %v: it never begins: %v", faults, err)
			}
		}
		if err := o.Append(protocol.Event{Kind: protocol.Click, Page: "p", Boot: s.Boot()}); err != nil {
			t.Fatalf("faults %v: and then: %v", faults, err)
		}
		got := ""
		for _, e := range held(t, o) {
			got += fmt.Sprint(e.Kind, " ", e.MonoMs, ", ")
		}
		if want := "identity 0, power_on 0, view 60001, power_off 60001, identity 0, power_on 0, click 0, "; got != want {
			t.Errorf("faults %v: %s\nwant %s", faults, got, want)
		}
	}
}

// noRand gives no numbers: the boot before is known.
type noRand struct{}

func (noRand) Read([]byte) (int, error) { return 0, errors.New("not asked for") }
