package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"sync/atomic"
	"time"

	"iptvdc/aggregator"
	"iptvdc/aggregator/intake"
)

// feed hands packets to the intake in order, many under way at a time.
type feed struct {
	ctx    context.Context
	to     *intake.Intake
	flying chan func() (string, []byte, error)
	done   chan struct{}
	failed atomic.Pointer[error]
}

// feedAtOnce is how many packets are under way: several groups of commits.
const feedAtOnce = 2000

func newFeed(ctx context.Context, to *intake.Intake) *feed {
	f := &feed{ctx: ctx, to: to, flying: make(chan func() (string, []byte, error), feedAtOnce), done: make(chan struct{})}
	go func() {
		defer close(f.done)
		for wait := range f.flying {
			if _, _, err := wait(); err != nil {
				f.failed.CompareAndSwap(nil, &err)
			}
		}
	}()
	return f
}

// deliver takes one packet, which the caller may use again. An error is that of
// an earlier packet.
func (f *feed) deliver(topic string, packet []byte, atMs int64) error {
	if err := f.failed.Load(); err != nil {
		return *err
	}
	f.flying <- f.to.Submit(f.ctx, topic, append([]byte(nil), packet...), atMs)
	return nil
}

// close waits until everything delivered is in the ledger.
func (f *feed) close() error {
	close(f.flying)
	<-f.done
	if err := f.failed.Load(); err != nil {
		return *err
	}
	return nil
}

// progress prints how far the history has come, on one line of a terminal, or
// now and then elsewhere.
type progress struct {
	out   io.Writer
	words words
	what  string
	days  int
	first aggregator.Day
	last  time.Time
	every time.Duration
	end   string // of a line
}

func newProgress(out io.Writer, what string, first aggregator.Day, days int) *progress {
	pr := &progress{out: out, words: wordsFor(os.Getenv), what: what, first: first, days: days, last: time.Now(), every: 5 * time.Second, end: "\n"}
	if isTerminal(out) {
		pr.every, pr.end = 200*time.Millisecond, "\r"
	}
	return pr
}

// at notes that the history has come to a moment.
func (pr *progress) at(ms int64) {
	if ms <= pr.first.Start() || time.Since(pr.last) < pr.every { // not of the nights before
		return
	}
	pr.last = time.Now()
	_, _ = fmt.Fprintf(pr.out, "%s  "+pr.words.told+pr.end, pr.what, int(aggregator.DayOf(ms-1)-pr.first)+1, pr.days)
}

func (pr *progress) done() {
	_, _ = fmt.Fprintf(pr.out, "%s  "+pr.words.told+"\n", pr.what, pr.days, pr.days)
}
