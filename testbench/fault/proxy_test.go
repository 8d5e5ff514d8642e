package fault

import (
	"io"
	"net"
	"testing"
	"time"
)

// echo is a server that sends back what it hears.
func echo(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				_, _ = io.Copy(c, c) // ends with the connection
			}()
		}
	}()
	return l.Addr().String()
}

func proxy(t *testing.T) *Proxy {
	t.Helper()
	p, err := Listen("127.0.0.1:0", echo(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return p
}

func dial(t *testing.T, p *Proxy) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", p.Addr())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// refused asks on a connection of its own and returns what came back, "" if the
// connection was reset, perhaps before dial returned.
func refused(t *testing.T, p *Proxy) string {
	t.Helper()
	c, err := net.Dial("tcp", p.Addr())
	if err != nil {
		return ""
	}
	defer c.Close()
	got, _, err := ask(t, c, "hello", 5*time.Second)
	if err != nil {
		return ""
	}
	return got
}

// ask sends a word and returns what came back within a time, and how long it
// took.
func ask(t *testing.T, c net.Conn, word string, within time.Duration) (string, time.Duration, error) {
	t.Helper()
	start := time.Now()
	if _, err := c.Write([]byte(word)); err != nil {
		return "", 0, err
	}
	if err := c.SetReadDeadline(start.Add(within)); err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, len(word))
	n, err := io.ReadFull(c, buf)
	return string(buf[:n]), time.Since(start), err
}

func TestPass(t *testing.T) {
	p := proxy(t)
	c := dial(t, p)
	if got, _, err := ask(t, c, "hello", 5*time.Second); got != "hello" || err != nil {
		t.Fatalf("got %q, %v", got, err)
	}
	s := p.Stats() // bytes count when they have been passed on: the client may be faster
	for deadline := time.Now().Add(time.Minute); s.Down != 5 && time.Now().Before(deadline); s = p.Stats() {
		time.Sleep(time.Millisecond)
	}
	if s.Open != 1 || s.Accepted != 1 || s.Up != 5 || s.Down != 5 {
		t.Errorf("stats %+v", s)
	}
}

func TestCut(t *testing.T) {
	p := proxy(t)
	a, b := dial(t, p), dial(t, p)
	for _, c := range []net.Conn{a, b} {
		if _, _, err := ask(t, c, "hello", 5*time.Second); err != nil {
			t.Fatal(err)
		}
	}
	if n := p.Cut(); n != 2 {
		t.Errorf("cut %d connections, want 2", n)
	}
	for _, c := range []net.Conn{a, b} {
		if got, _, err := ask(t, c, "hello", 5*time.Second); err == nil {
			t.Errorf("a cut connection answered %q", got)
		}
	}
	if got, _, err := ask(t, dial(t, p), "again", 5*time.Second); got != "again" {
		t.Errorf("after a cut: %q, %v", got, err)
	}
}

func TestRefuse(t *testing.T) {
	p := proxy(t)
	p.Refuse(true)
	if got := refused(t, p); got != "" {
		t.Errorf("a refused connection answered %q", got)
	}
	p.Refuse(false)
	if got, _, err := ask(t, dial(t, p), "again", 5*time.Second); got != "again" {
		t.Errorf("%q, %v", got, err)
	}
	if s := p.Stats(); s.Refused != 1 {
		t.Errorf("stats %+v", s)
	}
}

func TestBlackHole(t *testing.T) {
	p := proxy(t)
	c := dial(t, p)
	if _, _, err := ask(t, c, "hello", 5*time.Second); err != nil {
		t.Fatal(err)
	}
	p.BlackHole(true)
	if got, _, err := ask(t, c, "one", 100*time.Millisecond); err == nil {
		t.Fatalf("a black hole answered %q", got)
	}
	p.BlackHole(false)
	if got, _, err := ask(t, c, "two", 5*time.Second); got != "one" || err != nil {
		t.Errorf("after the black hole: %q, %v; what was sent into it must come", got, err)
	}
}

func TestSlow(t *testing.T) {
	p := proxy(t)
	c := dial(t, p)
	p.Latency(60 * time.Millisecond)
	if got, took, err := ask(t, c, "hello", 5*time.Second); got != "hello" || took < 120*time.Millisecond {
		t.Errorf("latency: %q after %v, %v", got, took, err)
	}
	p.Latency(0)
	p.Bandwidth(1000)
	if got, took, err := ask(t, c, string(make([]byte, 100)), 5*time.Second); len(got) != 100 || took < 100*time.Millisecond {
		t.Errorf("bandwidth: %d bytes after %v, %v", len(got), took, err)
	}
}

func TestTargetAway(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	p, err := Listen("127.0.0.1:0", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	if got := refused(t, p); got != "" {
		t.Errorf("answered %q", got)
	}
	if s := p.Stats(); s.Refused != 1 {
		t.Errorf("stats %+v", s)
	}
}
