package outbox

import (
	"slices"
	"testing"

	"iptvdc/protocol"
)

// TestRecorded: each event is told of once, when it is durable, also when a
// commit failed before or after it took effect.
func TestRecorded(t *testing.T) {
	disk := &moody{Memory: NewMemory()}
	var told []string
	o, err := New(disk, Options{BatchEvents: 3, Recorded: func(events []protocol.Event) {
		for i := range events {
			told = append(told, events[i].Page)
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	page := func(names ...string) (events []protocol.Event) {
		for _, n := range names {
			events = append(events, protocol.Event{Kind: protocol.PageView, Page: n})
		}
		return events
	}
	f := func(fail, after bool, names ...string) {
		t.Helper()
		disk.fail, disk.after = fail, after
		if err := o.Append(page(names...)...); (err != nil) != fail {
			t.Errorf("Append(%v) = %v", names, err)
		}
	}
	f(false, false, "a", "b")
	f(true, false, "c")
	f(false, false, "c", "d")
	f(true, true, "e")
	f(false, false, "e") // is there already
	f(true, true, "f")
	f(false, false, "f", "g")
	if err := o.AppendBoot(1, "boot", nil, page("h")...); err != nil {
		t.Error(err)
	}
	if want := []string{"a", "b", "c", "d", "e", "f", "g", "h"}; !slices.Equal(told, want) {
		t.Errorf("told of %v, want %v", told, want)
	}
}
