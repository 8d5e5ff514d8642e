package fault

import (
	"io"
	"net"
	"testing"
	"time"
)

// TestReplay: what a recorded client sent comes to the target once more, what
// an unrecorded one sent does not.
func TestReplay(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	heard := make(chan string, 10)
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				all, _ := io.ReadAll(conn) // a reset ends it as well
				heard <- string(all)
			}()
		}
	}()
	p, err := Listen("127.0.0.1:0", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	p.Record(1)
	for _, text := range []string{"first", "second"} {
		conn, err := net.Dial("tcp", p.Addr())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(conn, text); err != nil {
			t.Fatal(err)
		}
		conn.Close()
		if got := <-heard; got != text {
			t.Fatalf("heard %q, want %q", got, text)
		}
	}
	n, sent, err := p.Replay(t.Context(), 50*time.Millisecond)
	if err != nil || n != 1 || sent != 5 {
		t.Fatalf("Replay = %d, %d, %v", n, sent, err)
	}
	if got := <-heard; got != "first" {
		t.Errorf("heard %q again, want first", got)
	}
}
