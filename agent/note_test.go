package agent

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"iptvdc/protocol"
)

// notingKeeper notes what was committed with which note.
type notingKeeper struct {
	keeper
	said []string
}

func (k *notingKeeper) AppendNoted(note []byte, events ...protocol.Event) error {
	if err := k.Append(events...); err != nil {
		return err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.said = append(k.said, fmt.Sprint(string(note), " with ", len(events)))
	return nil
}

// TestNotes: a note goes with its events, the last of a group holds, alone it
// makes a commit of its own, and a failure keeps it with its group.
func TestNotes(t *testing.T) {
	k := &notingKeeper{}
	record(t, &k.keeper, func(c *RecorderConfig) { c.Open = func() (Keeper, error) { return k, nil } }, func(t *testing.T, r *Recorder) {
		add := func(note string, n int) Ticket {
			t.Helper()
			var events []protocol.Event
			for i := range n {
				events = append(events, click(i))
			}
			ticket, err := r.Enqueue(false, []byte(note), events...)
			if err != nil {
				t.Fatal(err)
			}
			return ticket
		}
		add("a", 2)
		b := add("b", 1)
		if b.Durable() || !(Ticket{}).Durable() {
			t.Error("durable before its commit")
		}
		time.Sleep(time.Second)
		if err := b.Wait(t.Context()); err != nil || !b.Durable() {
			t.Error("not durable after its commit")
		}
		add("alone", 0)
		time.Sleep(time.Second)
		k.set(true, false)
		add("held", 1)
		time.Sleep(time.Second)
		add("later", 0)
		k.set(false, false)
		time.Sleep(10 * time.Second)
		add("at the end", 0)
		synctest.Wait()
		if s := r.Stats(); s.Accepted != 4 || s.Stored != 4 {
			t.Errorf("%+v", s)
		}
	})
	want := "[b with 3 alone with 0 held with 1 later with 0 at the end with 0]"
	if got := fmt.Sprint(k.said); got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
}

// TestNoteOfDropped: what is dropped from memory leaves its note, so that a
// note never runs ahead of what was taken in before it.
func TestNoteOfDropped(t *testing.T) {
	k := &notingKeeper{}
	record(t, &k.keeper, func(c *RecorderConfig) {
		c.Open = func() (Keeper, error) { return k, nil }
		c.MaxPending = 3
	}, func(t *testing.T, r *Recorder) {
		k.set(true, false)
		if _, err := r.Enqueue(false, nil, click(0)); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second) // under way
		for i := 1; i <= 5; i++ {
			note := []byte(fmt.Sprint("n", i))
			if i > 3 {
				note = nil
			}
			if _, err := r.Enqueue(false, note, click(i)); err != nil {
				t.Fatal(err)
			}
		}
		k.set(false, false)
		time.Sleep(time.Minute)
	})
	if len(k.said) != 1 || k.said[0] != "n3 with 4" { // three clicks and the report of two drops
		t.Errorf("%q", k.said)
	}
}
