package tail

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"iptvdc/protocol"
)

type clock struct{ wall, mono uint64 }

func (c clock) MonoMs() uint64 { return c.mono }
func (c clock) WallMs() uint64 { return c.wall }

func click(slot uint32) protocol.Event {
	return protocol.Event{Kind: protocol.Click, MonoMs: 4000, Page: "home", Slot: slot, Source: protocol.SourcePage}
}

func TestRing(t *testing.T) {
	r := NewRing(clock{1_700_000_005_000, 5000}, 3)
	f := func(no uint64, lost uint64, slots ...uint32) {
		t.Helper()
		got, l, more := r.From(no, nil)
		ok := l == lost && len(got) == len(slots) && (more != nil) == (len(got) == 0)
		for i := range min(len(got), len(slots)) {
			ok = ok && got[i].Event.Slot == slots[i] && got[i].WallMs == 1_700_000_004_000 && got[i].No == max(no, 1)+lost+uint64(i)
		}
		if !ok {
			t.Errorf("From(%d) = %+v, lost %d; want slots %v, lost %d", no, got, l, slots, lost)
		}
	}
	f(1, 0)
	r.Add()
	r.Add(click(1), click(2))
	f(0, 0, 1, 2)
	f(2, 0, 2)
	f(3, 0)
	f(99, 0)
	r.Add(click(3), click(4), click(5), click(6))
	f(1, 3, 4, 5, 6)
	f(6, 0, 6)
	_, _, more := r.From(7, nil)
	select {
	case <-more:
		t.Error("woken with nothing there")
	default:
	}
	r.Add(click(7))
	<-more
	if e := NewRing(clock{3, 5000}, 0); e != nil { // 1970
		e.Add(click(1))
		if got, _, _ := e.From(1, nil); len(got) != 1 || got[0].WallMs != 3-min(3, 1000) && got[0].WallMs != 0 {
			t.Errorf("%+v", got)
		}
	}
}

// server streams ring until the test ends.
func server(t *testing.T, ring *Ring) (url string, stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	srv := httptest.NewServer(Stream(ctx, ring))
	t.Cleanup(func() { cancel(); srv.Close() })
	return srv.URL, cancel
}

func get(t *testing.T, url string) *http.Response {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { resp.Body.Close() })
	return resp
}

func TestStream(t *testing.T) {
	ring := NewRing(clock{1_700_000_005_000, 5000}, 0)
	ring.Add(click(1), click(2), click(3))
	url, stop := server(t, ring)
	resp := get(t, url+"?n=2&follow=0")
	b, err := io.ReadAll(resp.Body)
	const want = `{"no":2,"wall_ms":1700000004000,"event":{"kind":"click","boot":0,"mono_ms":4000,"source":"page","page":"home","slot":2}}` + "\n"
	if err != nil || !strings.HasPrefix(string(b), want) || strings.Count(string(b), "\n") != 2 {
		t.Errorf("%s, %v", b, err)
	}
	var slots []string
	followed := get(t, url+"?n=0")
	ring.Add(click(4))
	enough := errors.New("enough")
	err = Read(followed.Body, func(raw []byte, l Line) error {
		slots = append(slots, Text(l, time.UTC))
		if len(slots) == 1 {
			ring.Add(click(5))
			return nil
		}
		return enough
	})
	if !errors.Is(err, enough) || slots[0] != "22:13:24.000  click       page=home slot=4 (page)" || !strings.Contains(slots[1], "slot=5") {
		t.Errorf("%q, %v", slots, err)
	}
	last := get(t, url)
	stop()
	if err := Read(last.Body, func([]byte, Line) error { return nil }); err != nil {
		t.Errorf("the agent's end: %v", err)
	}
	f := func(query string, status int) {
		t.Helper()
		if resp := get(t, url+query); resp.StatusCode != status {
			t.Errorf("%s: %s", query, resp.Status)
		}
	}
	f("?n=x", 400)
	f("?n=-1", 400)
	f("?follow=2", 400)
}

// slow is a reader that takes a line only when the test lets it.
type slow struct {
	http.ResponseWriter
	mu   sync.Mutex
	text strings.Builder
	gate chan struct{}
	// wrote tells of writes; it has room for all there can be.
	wrote chan struct{}
}

func (s *slow) Write(b []byte) (int, error) {
	<-s.gate
	s.mu.Lock()
	defer s.mu.Unlock()
	s.wrote <- struct{}{}
	return s.text.Write(b)
}

func (s *slow) Flush()                           {}
func (s *slow) SetWriteDeadline(time.Time) error { return nil }

// TestSlowTail: who does not read loses lines and is told how many; adding never
// waits.
func TestSlowTail(t *testing.T) {
	ring := NewRing(clock{0, 5000}, 10)
	ring.Add(click(1))
	w := &slow{ResponseWriter: httptest.NewRecorder(), gate: make(chan struct{}), wrote: make(chan struct{}, 2000)}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		Stream(ctx, ring).ServeHTTP(w, httptest.NewRequestWithContext(ctx, http.MethodGet, "/?n=1", nil))
	}()
	w.gate <- struct{}{} // the first line is out
	for range 1000 {     // the reader stands still meanwhile
		ring.Add(click(2))
	}
	close(w.gate) // and reads on
	count := func() (lost, shown uint64, err error) {
		w.mu.Lock()
		text := w.text.String()
		w.mu.Unlock()
		err = Read(strings.NewReader(text), func(_ []byte, l Line) error {
			if l.Event == nil {
				lost += l.Lost
				if got := Text(l, time.UTC); !strings.Contains(got, "events are not shown") {
					t.Error(got)
				}
				return nil
			}
			shown++
			return nil
		})
		return lost, shown, err
	}
	lost, shown, err := count()
	for err == nil && lost+shown < 1001 {
		<-w.wrote
		lost, shown, err = count()
	}
	cancel()
	<-done
	if err != nil || lost == 0 || lost+shown != 1001 {
		t.Errorf("shown %d, lost %d of 1001, %v", shown, lost, err)
	}
}

func TestText(t *testing.T) {
	f := func(event, want string) {
		t.Helper()
		if got := Text(Line{Event: []byte(event)}, time.UTC); got != "--:--:--.---  "+want {
			t.Errorf("%s -> %q, want %q", event, got, want)
		}
	}
	f(`{"kind":"standby"}`, "standby")
	f(`{"kind":"order","boot":1,"source":"middleware","serial":4,"order_id":"a b","fen":1990}`, `order       order_id="a b" fen=1990 (middleware)`)
	f(`{"kind":"click","content":"\u001b[2J电影"}`, `click       content="\x1b[2J电影"`)
	f(`[]`, "?")
	if err := Read(strings.NewReader("hello\n"), nil); err == nil {
		t.Error("hello is a line")
	}
}
