package crash

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"iptvdc/agent/outbox"
	"iptvdc/protocol"
	"iptvdc/testbench/crashfs"
)

// afterwards is an event recorded after the crash: life goes on.
const afterwards = strangerIDs - 1

// check opens what a crash left and lets the box report everything to the
// centre as it stood then. What arrives must be what the box had promised.
func (r *recorded) check(img crashfs.Image, p *promise) (err error) {
	dir, err := scratch()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	if err := img.WriteTo(dir); err != nil {
		return err
	}
	o := r.options()
	o.Rand = chacha(r.seed, 1<<40)
	out, err := outbox.New(outbox.NewSQLite(dir), o)
	if err != nil {
		return fmt.Errorf("the outbox does not open: %w", err)
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	if st := out.Stats(); st.Salvaged > 0 && !p.damage {
		return errors.New("the outbox found itself damaged")
	}
	if left, err := os.ReadDir(dir); err != nil || !p.damage && len(left) > 2 {
		return fmt.Errorf("%d files in the folder, %w", len(left), err)
	}
	centre, err := r.centre.replay(p.sent)
	if err != nil {
		return err
	}
	if err := out.Append(eventOf(afterwards)); err != nil {
		return fmt.Errorf("append afterwards: %w", err)
	}
	if err := drain(out, centre); err != nil {
		return err
	}
	a, err := centre.arrived()
	if err != nil {
		return err
	}
	all := *p
	all.evicted += out.Stats().Evicted // by what was recorded afterwards
	return r.kind.judge(&a, &all)
}

// drain sends until nothing is left.
func drain(out *outbox.Outbox, centre *centre) error {
	var after uint64
	for range 3000 {
		if lost := out.Lost(); lost > 0 {
			if err := out.Append(protocol.Event{Kind: protocol.OutboxLost, Boot: 1, Count: lost}); err != nil {
				return err
			}
		}
		if out.Open() > 0 {
			if err := out.Seal(); err != nil {
				return err
			}
		}
		s, ok, err := out.Next(after)
		if err != nil && !errors.Is(err, outbox.ErrDamaged) {
			return err
		}
		if err != nil || !ok {
			if st := out.Stats(); err == nil && st.Events == 0 && st.Open == 0 && st.Lost == 0 {
				return nil
			}
			after = 0
			continue
		}
		after = s.No
		ack, err := centre.take(&s, out.Floor())
		if err != nil {
			return err
		}
		v, err := out.Ack(ack)
		if err != nil {
			return err
		}
		if v.Resend || v.Action == outbox.Diverged {
			after = 0
		}
	}
	return fmt.Errorf("the outbox does not drain: %+v", out.Stats())
}

// judge compares what arrived with what was promised.
func (k kind) judge(a *arrivals, p *promise) error {
	for id, n := range a.times {
		switch {
		case n > 1:
			return fmt.Errorf("event %d arrived %d times", id, n)
		case id > p.trying && id < afterwards:
			return fmt.Errorf("event %d arrived and was not recorded yet", id)
		}
	}
	if a.times[afterwards] != 1 {
		return errors.New("what was recorded after the crash did not arrive")
	}
	var missing, tried, orders uint64
	var which []uint32
	for id := uint32(1); id <= p.told; id++ {
		if a.times[id] == 0 {
			missing++
			which = append(which, id)
			if eventOf(id).Kind == protocol.Order {
				orders++
			}
		}
	}
	for id := p.told + 1; id <= p.trying; id++ {
		if a.times[id] == 0 {
			tried++
		}
	}
	reported := a.counted + a.told
	switch whole := tried == 0 || tried == uint64(p.trying-p.told); {
	case p.damage:
		// One byte harms at most a page: two batches [D6].
		if missing > 2*batchEvents {
			return fmt.Errorf("%d events were lost to one damaged byte", missing)
		}
		return nil
	case missing > p.evicted:
		return fmt.Errorf("events %v were called stored and did not arrive; %d were evicted", which, p.evicted)
	case orders > 0:
		return fmt.Errorf("%d orders were evicted, and there were clicks", orders)
	case p.evicted == 0 && !whole:
		return fmt.Errorf("of %d events recorded together %d are missing", p.trying-p.told, tried)
	case reported < missing || reported > missing+tried:
		return fmt.Errorf("%d events are missing (and %d of those being recorded), %d are counted as lost", missing, tried, reported)
	case p.evicted == 0 && reported > 0:
		return fmt.Errorf("%d events are counted as lost, none was evicted", reported)
	}
	return nil
}

// keepImage leaves a failed image for a person to look at.
func keepImage(img crashfs.Image, name string) (string, error) {
	dir := filepath.Join(os.TempDir(), "crash-"+name)
	if err := errors.Join(os.RemoveAll(dir), os.Mkdir(dir, 0o700)); err != nil {
		return "", err
	}
	return dir, img.WriteTo(dir)
}
