package fault

import (
	"context"
	"errors"
	"net"
	"testing"
	"time"
)

func TestLink(t *testing.T) {
	addr := echo(t)
	l := new(Link)
	l.Record(1)
	dial := l.Through((&net.Dialer{}).DialContext)
	call := func() net.Conn {
		t.Helper()
		c, err := dial(context.Background(), "tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		return c
	}
	say := func(c net.Conn) (time.Duration, error) {
		t.Helper()
		_, took, err := ask(t, c, "hello", 5*time.Second)
		return took, err
	}
	a, b := call(), call()
	for _, c := range []net.Conn{a, b} {
		if _, err := say(c); err != nil {
			t.Fatal(err)
		}
	}
	if s := l.Stats(); s.Open != 2 || s.Accepted != 2 || s.Up != 10 || s.Down != 10 {
		t.Errorf("stats %+v", s)
	}

	l.Latency(30 * time.Millisecond)
	if took, err := say(a); err != nil || took < 60*time.Millisecond {
		t.Errorf("with a latency: %v, %v", took, err)
	}
	l.Latency(0)
	l.Bandwidth(100)
	if took, err := say(a); err != nil || took < 100*time.Millisecond {
		t.Errorf("5 bytes each way at 100 a second: %v, %v", took, err)
	}
	l.Bandwidth(0)

	l.BlackHole(true)
	answered := make(chan error, 1)
	go func() { _, err := say(a); answered <- err }()
	before := l.Stats().Down
	select {
	case err := <-answered:
		t.Errorf("an answer out of a black hole: %v", err)
	case <-time.After(50 * time.Millisecond):
	}
	if l.Stats().Down != before {
		t.Error("bytes came out of a black hole")
	}
	l.BlackHole(false)
	if err := <-answered; err != nil {
		t.Errorf("after the black hole: %v", err)
	}

	l.BlackHole(true)
	go func() { _, err := say(a); answered <- err }()
	l.Refuse(true)
	if n := l.Cut(); n != 2 {
		t.Errorf("%d connections cut, want 2", n)
	}
	if err := <-answered; err == nil {
		t.Error("a cut connection answers")
	}
	l.BlackHole(false)
	if _, err := say(b); err == nil {
		t.Error("a cut connection answers")
	}
	if _, err := dial(context.Background(), "tcp", addr); !errors.Is(err, ErrRefused) {
		t.Errorf("refused: %v", err)
	}
	l.Refuse(false)
	if _, err := say(call()); err != nil {
		t.Errorf("after the cut: %v", err)
	}
	if n, sent, err := l.Replay(t.Context(), 50*time.Millisecond); err != nil || n != 1 || sent < 15 {
		t.Errorf("Replay = %d, %d, %v", n, sent, err)
	}
	if s := l.Stats(); s.Cut != 2 || s.Refused != 1 || s.Open != 1 {
		t.Errorf("stats %+v", s)
	}
}
