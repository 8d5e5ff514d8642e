package report

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"time"

	"iptvdc/aggregator"
	"iptvdc/aggregator/insight"
	"iptvdc/aggregator/post"
	"iptvdc/aggregator/sheets"
)

// Book keeps reports and what became of them; settings.Settings is one.
type Book interface {
	// AllReports returns everybody's reports.
	AllReports(ctx context.Context) ([]Report, error)
	// Begin keeps a run with a sending for each place of each receiver, all or nothing.
	// A receiver who is not there, or has no place, has a sending that is Refused. It
	// returns false and changes nothing if the report was begun for the same Due, or the
	// notice at all: nothing is begun twice, whatever crashes.
	Begin(ctx context.Context, r *Run) (begun bool, err error)
	// Pending returns sendings that wait and whose time has come, run by run and person
	// by person, at most limit.
	Pending(ctx context.Context, now time.Time, limit int) ([]Sending, error)
	// Hand marks a sending that waits as being handed over and returns its way. False:
	// it no longer waits, or its place is no more.
	Hand(ctx context.Context, id int64) (w post.Way, ok bool, err error)
	// Settle keeps what became of a sending; with Waiting it is tried again at next.
	Settle(ctx context.Context, id int64, s State, code, detail string, next time.Time) error
	// Interrupted makes Unsure what a crash left being handed over.
	Interrupted(ctx context.Context) (int, error)
}

// Composer makes what is sent, each in the scope of who gets it. Its faults that are an
// *aggregator.Error are for good: the receiver may not have it.
type Composer interface {
	// Report makes the document of a report for a person, as seen on a day.
	Report(ctx context.Context, person string, r *Report, day aggregator.Day) (*sheets.Document, error)
	// Notice returns an alert if it is open to a person, in their language.
	Notice(ctx context.Context, person string, id int64) (*insight.Notice, sheets.Lang, error)
}

// Sender carries messages; post.Post is one. Its errors are *post.Error.
type Sender interface {
	Send(ctx context.Context, w post.Way, m *post.Message) error
}

const (
	// attempts is how often a sending is tried, over some five hours.
	attempts = 10
	// firstPause is how long after the first failure, doubled each time up to maxPause.
	firstPause = time.Minute
	maxPause   = time.Hour
	// pendingAtOnce bounds what is read for one round: more than wait for one mail server,
	// so that chats do not wait behind them.
	pendingAtOnce = 5_000
)

// Config is what a Desk needs. All fields but Link must be set.
type Config struct {
	Book     Book
	Composer Composer
	Sender   Sender
	// Fresh says why a day is not complete, "" if it is.
	Fresh func(ctx context.Context, day aggregator.Day) (why string, err error)
	// Link is the page as readers reach it, for alerts; "": none.
	Link string
	Now  func() time.Time
	Log  *slog.Logger
}

// Desk sends what is due. Round must not be called twice at a time; the rest is safe at
// any time.
type Desk struct {
	Config
	counts counts
	woken  chan struct{}
}

// New makes a Desk.
func New(c Config) *Desk { return &Desk{Config: c, woken: make(chan struct{}, 1)} }

// Wake tells Run that there may be something to send. It never waits.
func (d *Desk) Wake() {
	select {
	case d.woken <- struct{}{}:
	default:
	}
}

// Run makes a Round every so often, and whenever woken, until ctx ends. What a crash
// left being handed over it first marks as unsure.
func (d *Desk) Run(ctx context.Context, every time.Duration) {
	if n, err := d.Book.Interrupted(ctx); err != nil {
		d.Log.Error("what was being sent could not be looked up", "error", err)
	} else if n > 0 {
		d.counts.add("", Unsure, n)
		d.Log.Warn("some messages were being handed over when the server stopped; they may have arrived, and are not sent again", "messages", n)
	}
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		if err := d.Round(ctx); err != nil && ctx.Err() == nil {
			d.Log.Error("reports could not be sent; they are tried again", "error", err)
		}
		select {
		case <-tick.C:
		case <-d.woken:
		case <-ctx.Done():
			return
		}
	}
}

// Round begins what is due and sends what waits. A crash at any point leaves what the
// next Round goes on with, and nothing that it sends twice.
func (d *Desk) Round(ctx context.Context) error {
	return errors.Join(d.begin(ctx), d.send(ctx))
}

// begin begins the reports that are due.
func (d *Desk) begin(ctx context.Context) error {
	reports, err := d.Book.AllReports(ctx)
	if err != nil {
		return err
	}
	now := d.Now()
	var all []error
	for n := range reports {
		r := &reports[n]
		if r.Paused {
			continue
		}
		dues := r.When.Dues(time.UnixMilli(max(r.SetMs, r.DoneMs)), now)
		if len(dues) == 0 {
			continue
		}
		if err := d.due(ctx, r, dues, now); err != nil {
			all = append(all, fmt.Errorf("report %d: %w", r.ID, err))
		}
	}
	return errors.Join(all...)
}

// due begins a report for the last of its dues, once the day before is complete or it
// has waited long enough. Those before were missed: figures of every day that the server
// was down would be no news.
func (d *Desk) due(ctx context.Context, r *Report, dues []time.Time, now time.Time) error {
	last := dues[len(dues)-1]
	why, err := d.Fresh(ctx, aggregator.DayOf(last.UnixMilli())-1)
	if err != nil {
		return err
	}
	if why != "" && now.Before(last.Add(time.Duration(r.When.WaitMinutes)*time.Minute)) {
		d.counts.waits.Add(1)
		return nil
	}
	for _, at := range dues[:len(dues)-1] {
		if begun, err := d.Book.Begin(ctx, &Run{Report: r, Title: r.Name, Owner: r.Owner, Due: at, Missed: true}); err != nil {
			return err
		} else if begun {
			d.counts.missed.Add(1)
		}
	}
	begun, err := d.Book.Begin(ctx, &Run{Report: r, Title: r.Name, Owner: r.Owner, Due: last, Late: why, To: r.Receivers})
	if begun {
		d.counts.begun.Add(1)
		if why != "" {
			d.counts.late.Add(1)
		}
	}
	return err
}

// SendNow begins a report at once, by hand, as of now.
func (d *Desk) SendNow(ctx context.Context, r *Report, by string) error {
	why, err := d.Fresh(ctx, aggregator.DayOf(d.Now().UnixMilli())-1)
	if err != nil {
		return err
	}
	if _, err := d.Book.Begin(ctx, &Run{Report: r, Title: r.Name, Owner: r.Owner, Due: d.Now(), By: by, Late: why, To: r.Receivers}); err != nil {
		return err
	}
	d.counts.begun.Add(1)
	d.Wake()
	return nil
}

// Deliver implements insight.Courier: the notice goes to whoever the rule names, and is
// where it should be once that is kept.
func (d *Desk) Deliver(ctx context.Context, n insight.Notice) error {
	to := append([]string{n.Owner}, n.Receivers...)
	if _, err := d.Book.Begin(ctx, &Run{Notice: n.ID, Title: n.Name, Owner: n.Owner, Due: time.UnixMilli(n.AtMs), To: to}); err != nil {
		return err
	}
	d.Wake()
	return nil
}

// made is a document of the round, for the places of one person.
type made struct {
	run    int64
	person string
	doc    *sheets.Document
	err    error
}

// send sends what waits. A mail server that cannot be reached is not tried again in the
// same round.
func (d *Desk) send(ctx context.Context) error {
	pending, err := d.Book.Pending(ctx, d.Now(), pendingAtOnce)
	if err != nil {
		return err
	}
	var all []error
	var last made
	noMail := false
	for n := range pending {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		s := &pending[n]
		if s.Kind == post.Mail && noMail {
			continue
		}
		e, err := d.one(ctx, s, &last)
		if err != nil {
			all = append(all, fmt.Errorf("sending %d: %w", s.ID, err))
		}
		noMail = noMail || e != nil && (e.Code == "smtp_connect" || e.Code == "smtp_auth" || e.Code == "smtp_tls")
	}
	return errors.Join(all...)
}

// one makes and sends one message. The error is one of the Book; what became of the
// message is kept there.
func (d *Desk) one(ctx context.Context, s *Sending, last *made) (*post.Error, error) {
	m, err := d.message(ctx, s, last)
	if err != nil {
		var fault *aggregator.Error
		switch {
		case ctx.Err() != nil:
			return nil, nil // the server stops; it waits
		case errors.As(err, &fault):
			return nil, d.settle(ctx, s, Refused, fault.Code, fault.Message)
		}
		d.Log.Error("a report could not be made", "sending", s.ID, "person", s.Person, "error", err)
		return nil, d.again(ctx, s, "compose", "")
	}
	w, ok, err := d.Book.Hand(ctx, s.ID)
	if err != nil || !ok {
		return nil, err
	}
	// The server may stop meanwhile: a message that is on its way gets a moment to arrive,
	// else nobody would know whether it has.
	lasting, done := lasting(ctx)
	defer done()
	err = d.Sender.Send(lasting, w, m)
	if err == nil {
		return nil, d.settle(ctx, s, Sent, "", "")
	}
	var e *post.Error
	if !errors.As(err, &e) {
		e = &post.Error{Fate: post.Unsure, Code: "hook_unsure"}
	}
	switch e.Fate {
	case post.Later:
		return e, d.again(ctx, s, e.Code, e.Detail)
	case post.Unsure:
		return e, d.settle(ctx, s, Unsure, e.Code, e.Detail)
	}
	return e, d.settle(ctx, s, Failed, e.Code, e.Detail)
}

// grace is how long a message on its way outlasts the server's stop.
const grace = 5 * time.Second

// lasting is a context that ends grace after ctx.
func lasting(ctx context.Context) (context.Context, context.CancelFunc) {
	longer, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(grace, cancel) })
	return longer, func() { stop(); cancel() }
}

// settle keeps what became of a sending, also while the server stops: what was sent must
// not be forgotten.
func (d *Desk) settle(ctx context.Context, s *Sending, to State, code, detail string) error {
	d.counts.add(s.Kind, to, 1)
	if to != Sent {
		d.Log.Warn("a message was not sent", "sending", s.ID, "title", s.Title, "person", s.Person, "kind", s.Kind, "state", to, "code", code, "detail", detail)
	}
	return d.Book.Settle(context.WithoutCancel(ctx), s.ID, to, code, detail, time.Time{})
}

// again has it tried later, or gives up.
func (d *Desk) again(ctx context.Context, s *Sending, code, detail string) error {
	if s.Attempts+1 >= attempts {
		return d.settle(ctx, s, Failed, code, detail)
	}
	d.counts.retries.Add(1)
	return d.Book.Settle(context.WithoutCancel(ctx), s.ID, Waiting, code, detail, d.Now().Add(pause(s.Attempts)))
}

// pause is how long after so many attempts, a fifth more or less, so that not all who
// failed together come back together.
func pause(before int) time.Duration {
	p := min(firstPause<<min(before, 10), maxPause)
	return p - p/5 + rand.N(2*p/5)
}
