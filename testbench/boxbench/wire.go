package main

import (
	"io"
	"net"
	"sync"
	"sync/atomic"
)

// wire passes connections on and counts their payload bytes, both ways.
type wire struct {
	l     net.Listener
	bytes atomic.Int64
	wg    sync.WaitGroup
}

func newWire(to string) (*wire, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	w := &wire{l: l}
	go func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return // closed
			}
			out, err := net.Dial("tcp", to)
			if err != nil {
				in.Close()
				continue
			}
			w.wg.Go(func() { w.pass(in, out) })
			w.wg.Go(func() { w.pass(out, in) })
		}
	}()
	return w, nil
}

func (w *wire) pass(from, to net.Conn) {
	defer from.Close()
	defer to.Close()
	_, _ = io.Copy(to, io.TeeReader(from, counter{&w.bytes})) // ends with the connection
}

type counter struct{ n *atomic.Int64 }

func (c counter) Write(b []byte) (int, error) {
	c.n.Add(int64(len(b)))
	return len(b), nil
}

func (w *wire) addr() string { return w.l.Addr().String() }

func (w *wire) close() {
	w.l.Close()
	w.wg.Wait()
}
