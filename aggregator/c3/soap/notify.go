package soap

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"iptvdc/aggregator/c3/fetch"
)

// Notice is the result of a command, to be told to its sender.
type Notice struct {
	CSPID, LSPID, CorrelateID string
	CmdResult                 int    // 0: all is in
	ResultFileURL             string // where the receipt lies; "": there is none
	Tries                     int    // so far
	Since                     time.Time
}

// Outbox keeps notices until they are told or given up. Its methods are called
// by one Notifier, at times concurrently for different notices. What a crash
// loses of marks is told again: senders know notices by CorrelateID.
type Outbox interface {
	// Due returns at most limit notices whose next try is not after now, those
	// that wait longest first, and when the next one after now is due; the zero
	// time if there is none.
	Due(ctx context.Context, now time.Time, limit int) (due []Notice, next time.Time, err error)
	// MarkDone removes n: its sender knows.
	MarkDone(ctx context.Context, n Notice) error
	// MarkTried counts a try that failed, and why; the next is at next.
	MarkTried(ctx context.Context, n Notice, next time.Time, why string) error
	// MarkGivenUp says that n is not tried again, and why.
	MarkGivenUp(ctx context.Context, n Notice, why string) error
}

// poster sends a message; fetch.Fetcher is one, and brings its allow-list.
type poster interface {
	// Post sends body and returns whatever was answered. Its errors hold no
	// credentials.
	Post(ctx context.Context, u fetch.URL, header http.Header, body []byte) (fetch.Answer, error)
}

// NotifierConfig is what a Notifier needs. Zero values take the defaults named.
type NotifierConfig struct {
	Outbox Outbox
	Poster poster
	// Callback returns where a sender takes results; the zero URL: it wants none.
	Callback func(cspID, lspID string) fetch.URL
	// The n-th wait is random up to Base<<n, at most Cap; zero: 5 s and 10 min.
	// Retry-After lengthens it, at most to MaxAge.
	Base, Cap time.Duration
	// A notice is given up after MaxTries or MaxAge; zero: 50 and 3 days.
	MaxTries int
	MaxAge   time.Duration
	// Parallel is how many are told at once; zero: 4.
	Parallel int

	// Now, After and Random are the clock and chance; nil: the real ones.
	Now    func() time.Time
	After  func(time.Duration) <-chan time.Time
	Random func(below time.Duration) time.Duration // 0 <= it < below
	Log    *slog.Logger
}

// NotifierStats counts since NewNotifier.
type NotifierStats struct {
	Told    uint64
	Tries   uint64 // that failed
	GivenUp uint64
}

// Notifier tells senders what became of their commands.
type Notifier struct {
	cfg   NotifierConfig
	wake  chan struct{}
	stats struct{ told, tries, givenUp atomic.Uint64 }
}

// NewNotifier makes a Notifier.
func NewNotifier(c NotifierConfig) (*Notifier, error) {
	if c.Outbox == nil || c.Poster == nil || c.Callback == nil {
		return nil, errors.New("soap: a notifier needs an outbox, a poster and callbacks")
	}
	def := func(d *time.Duration, v time.Duration) {
		if *d <= 0 {
			*d = v
		}
	}
	def(&c.Base, 5*time.Second)
	def(&c.Cap, 10*time.Minute)
	def(&c.MaxAge, 72*time.Hour)
	if c.MaxTries <= 0 {
		c.MaxTries = 50
	}
	if c.Parallel <= 0 {
		c.Parallel = 4
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.After == nil {
		c.After = time.After
	}
	if c.Random == nil {
		c.Random = rand.N[time.Duration]
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return &Notifier{cfg: c, wake: make(chan struct{}, 1)}, nil
}

// Stats returns the counters.
func (n *Notifier) Stats() NotifierStats {
	return NotifierStats{n.stats.told.Load(), n.stats.tries.Load(), n.stats.givenUp.Load()}
}

// Wake says that there may be something due. It never waits.
func (n *Notifier) Wake() {
	select {
	case n.wake <- struct{}{}:
	default:
	}
}

// Run tells what is due until ctx ends, whose error it returns. Errors of the
// outbox are logged and tried again.
func (n *Notifier) Run(ctx context.Context) error {
	failures := 0
	for {
		next, err := n.Pass(ctx)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		wait := n.cfg.Cap
		switch {
		case err != nil:
			n.cfg.Log.Error("soap: the outbox of results", "error", err)
			wait = n.jitter(failures)
			failures++
		case !next.IsZero():
			wait = min(max(next.Sub(n.cfg.Now()), 0), n.cfg.Cap)
			failures = 0
		default:
			failures = 0
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-n.wake:
		case <-n.cfg.After(wait):
		}
	}
}

// Pass tries everything that is due once, and returns when the next is due; the
// zero time if nothing waits. A notice that fails is no error.
func (n *Notifier) Pass(ctx context.Context) (next time.Time, err error) {
	const limit = 100
	for {
		due, next, err := n.cfg.Outbox.Due(ctx, n.cfg.Now(), limit)
		if err != nil || len(due) == 0 {
			return next, err
		}
		var wg sync.WaitGroup
		slots := make(chan struct{}, n.cfg.Parallel)
		errs := make([]error, len(due))
		for i, notice := range due {
			slots <- struct{}{}
			wg.Go(func() {
				defer func() { <-slots }()
				errs[i] = n.tell(ctx, notice)
			})
		}
		wg.Wait()
		if err := errors.Join(errs...); err != nil {
			return time.Time{}, err
		}
		if ctx.Err() != nil {
			return time.Time{}, ctx.Err()
		}
	}
}

// tell tries one notice and marks what came of it. Its error is the outbox's.
func (n *Notifier) tell(ctx context.Context, notice Notice) error {
	u := n.cfg.Callback(notice.CSPID, notice.LSPID)
	if u.IsZero() {
		return n.cfg.Outbox.MarkDone(ctx, notice)
	}
	retryAfter, err := n.post(ctx, u, notice)
	if err == nil {
		n.stats.told.Add(1)
		return n.cfg.Outbox.MarkDone(ctx, notice) // a failure here tells it twice, never not at all
	}
	if ctx.Err() != nil {
		return nil // we are stopping: it was no try
	}
	n.stats.tries.Add(1)
	now := n.cfg.Now()
	next := now.Add(min(max(n.jitter(notice.Tries), retryAfter), n.cfg.MaxAge))
	if notice.Tries+1 >= n.cfg.MaxTries || next.Sub(notice.Since) > n.cfg.MaxAge {
		n.stats.givenUp.Add(1)
		n.cfg.Log.Error("soap: a result is not told any more", "csp", notice.CSPID, "lsp", notice.LSPID, "correlate", notice.CorrelateID, "tries", notice.Tries+1, "error", err)
		return n.cfg.Outbox.MarkGivenUp(ctx, notice, err.Error())
	}
	return n.cfg.Outbox.MarkTried(ctx, notice, next, err.Error())
}

// jitter is the wait after that many failures before.
func (n *Notifier) jitter(before int) time.Duration {
	most := n.cfg.Cap
	if before < 30 && n.cfg.Base<<before > 0 {
		most = min(most, n.cfg.Base<<before)
	}
	return n.cfg.Random(most)
}

// post sends one ResultNotify. Success is a 2xx whose answer, if it is one, has
// neither a fault nor a result that is not 0; some systems answer nothing.
func (n *Notifier) post(ctx context.Context, u fetch.URL, notice Notice) (retryAfter time.Duration, err error) {
	a, err := n.cfg.Poster.Post(ctx, u, header, resultNotify(notice))
	if err != nil {
		return 0, err
	}
	m, unread := Parse(a.Body, "")
	switch {
	case a.Status < 200 || a.Status > 299:
		err = fmt.Errorf("%v answers %d %s", u, a.Status, http.StatusText(a.Status))
		if unread == nil && m.Is("Fault") {
			err = fmt.Errorf("%w: %s", err, clip(m.Get("faultstring")))
		}
		return a.RetryAfter, err
	case unread != nil:
		return 0, nil
	case m.Is("Fault"):
		return 0, fmt.Errorf("%v answers a fault: %s", u, clip(m.Get("faultstring")))
	}
	if result := m.Get("Result"); result != "" && result != "0" {
		return 0, fmt.Errorf("%v answers result %s: %s", u, clip(result), clip(m.Get("ErrorDescription")))
	}
	return 0, nil
}

// header of a SOAP 1.1 message. The action is present and empty.
var header = http.Header{"Content-Type": {"text/xml; charset=utf-8"}, "Soapaction": {`""`}}

func resultNotify(n Notice) []byte {
	return rpc(namespace, "ResultNotify", "", "",
		text("CSPID", n.CSPID), text("LSPID", n.LSPID), text("CorrelateID", n.CorrelateID),
		value{"CmdResult", "xsd:int", strconv.Itoa(n.CmdResult)}, text("ResultFileURL", n.ResultFileURL))
}
