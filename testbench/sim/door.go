package sim

import (
	"context"
	"errors"

	"iptvdc/aggregator/intake"
	"iptvdc/aggregator/ledger"
)

// maxTaken is how many messages an aggregator takes in a step.
const maxTaken = 4

// door is an aggregator's intake, and the ledger as that sees it.
//
// The intake's committer is a goroutine of its own. Here it is held inside the
// first commit of a step until all packets of the step are queued, and the step
// waits for it: only one of the two runs, and a seed gives the same groups for
// ever.
type door struct {
	c     *centre
	which int
	in    *intake.Intake
	waits []func() (ackTopic string, ack []byte, err error)

	hold    bool // the next commit waits
	holding chan struct{}
	release chan struct{}
	group   int // packets in the largest commit of the step
}

func newDoor(c *centre, which int) *door {
	d := &door{c: c, which: which, holding: make(chan struct{}), release: make(chan struct{})}
	d.in = intake.New(d, intake.Config{
		Admission: c.w, MaxGroup: maxTaken, MaxWait: 1, KeepRefused: 1, NowMs: func() int64 { return c.w.nowMs },
	})
	return d
}

// Commit implements intake.Committer. The first commit of a step has one
// packet, as after a pause; the next has all that came meanwhile.
func (d *door) Commit(ctx context.Context, group []ledger.Received) ([]ledger.Verdict, error) {
	if d.hold {
		d.hold = false
		d.holding <- struct{}{}
		<-d.release
	}
	d.group = max(d.group, len(group))
	return d.c.commit(ctx, d.which, group)
}

// Admits implements intake.Admission.
func (w *World) Admits(box string, in uint8) bool {
	return in == province && box != stranger && (w.outlawed == 0 || box != w.outlaw)
}

// answer is what the door said to a message.
type answer struct {
	topic  string
	packet []byte
	err    error
}

// receive gives messages to the door in one step.
func (d *door) receive(messages []message) []answer {
	d.hold, d.group, d.waits = true, 0, d.waits[:0]
	queued := 0
	for i := range messages {
		before := d.refused()
		d.waits = append(d.waits, d.in.Submit(d.c.ctx, messages[i].topic, messages[i].payload, d.c.w.nowMs))
		if d.judge(&messages[i], before, d.refused()) {
			if queued++; queued == 1 {
				<-d.holding
			}
		}
	}
	d.hold = false
	if queued > 0 {
		d.release <- struct{}{}
	}
	answers := make([]answer, len(messages))
	for i, wait := range d.waits {
		answers[i].topic, answers[i].packet, answers[i].err = wait()
	}
	if d.group > 1 {
		d.c.w.Tally.Grouped++
	}
	return answers
}

// refused counts what the door itself turned away, by reason.
func (d *door) refused() (n [intake.UnknownBox + 1]uint64) {
	for reason := range n {
		n[reason] = d.in.Stats().Refused[reason].Load()
	}
	return n
}

// judge holds what the door did with m, by its counters, against what it must
// do [S0]; true if m was let in.
func (d *door) judge(m *message, before, after [intake.UnknownBox + 1]uint64) bool {
	w := d.c.w
	if after == before {
		if m.harm.refused() {
			w.fail("S0", "the door let in a packet with %s", m.harm)
		}
		return true
	}
	for reason := range after {
		if after[reason] == before[reason] {
			continue
		}
		reason := intake.Reason(reason)
		if ok := m.harm.reason(reason) || reason == intake.UnknownBox && w.outlawed > 0; !ok {
			w.fail("S0", "the door refused a packet with %s: %s, %+v", m.harm, reason, d.in.Refused()[0])
		}
		w.note("the door refuses a packet with %s: %s", m.harm, reason)
		w.Tally.Refused++
	}
	return false
}

// close ends the intake and holds its books against themselves: each packet is
// in one counter.
func (d *door) close() error {
	err := d.in.Close()
	s := d.in.Stats()
	var sum uint64
	for o := range s.Outcome {
		sum += s.Outcome[o].Load()
	}
	for reason := range intake.Reasons {
		if reason != intake.Quarantined {
			sum += s.Refused[reason].Load()
		}
	}
	if n := s.Packets.Load(); n != sum {
		err = errors.Join(err, errors.New("a packet is in no counter of the intake, or in two"))
		d.c.w.note("%d packets, %d counted", n, sum)
	}
	return err
}
