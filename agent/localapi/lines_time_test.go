package localapi

import (
	"bufio"
	"context"
	"errors"
	"net"
	"os"
	"testing"
	"testing/synctest"
	"time"
)

// TestLineTimes: who is silent, slow or deaf is let go after its time, and the
// agent's end lets everybody go.
func TestLineTimes(t *testing.T) {
	f := func(what string, wantAfter time.Duration, program func(conn net.Conn, end context.CancelFunc)) {
		t.Helper()
		synctest.Test(t, func(t *testing.T) {
			a, err := New(Config{Recorder: &lineTaker{}, Clock: clock(nowMs), Boot: func() uint32 { return 7 }, Status: func() any { return nil }})
			if err != nil {
				t.Fatal(err)
			}
			near, far := net.Pipe()
			defer near.Close()
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			c := &lineConn{s: NewLines(a, Peers{}), ctx: ctx, conn: far, r: bufio.NewReader(far)}
			stop := context.AfterFunc(ctx, func() { _ = far.SetReadDeadline(longAgo) })
			defer stop()
			start := time.Now()
			done := make(chan struct{})
			go func() { defer close(done); program(near, cancel) }()
			err = c.run()
			if took := time.Since(start); !errors.Is(err, os.ErrDeadlineExceeded) || took != wantAfter {
				t.Errorf("%s: let go after %v with %v, want %v", what, took, err, wantAfter)
			}
			far.Close()
			<-done
		})
	}
	say := func(conn net.Conn, text string) { _, _ = conn.Write([]byte(text)) }
	f("silent", idleTime, func(net.Conn, context.CancelFunc) {})
	f("half a line", lineTime, func(conn net.Conn, _ context.CancelFunc) { say(conn, `{"kind":`) })
	f("a byte now and then", lineTime, func(conn net.Conn, _ context.CancelFunc) {
		for range 100 {
			say(conn, "x")
			time.Sleep(time.Second) // of the bubble: no time passes
		}
	})
	f("deaf", answerTime, func(conn net.Conn, _ context.CancelFunc) { say(conn, "hello\n") })
	f("the agent ends", time.Minute, func(_ net.Conn, end context.CancelFunc) {
		time.Sleep(time.Minute)
		end()
	})
}
