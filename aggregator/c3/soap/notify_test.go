package soap

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"iptvdc/aggregator/c3/fetch"
)

// outbox keeps notices in memory.
type outbox struct {
	mu      sync.Mutex
	waiting map[string]*waiting
	done    []string
	lost    map[string]string
	fail    error
}

type waiting struct {
	Notice
	next time.Time
	why  string
}

func (o *outbox) put(n Notice) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.waiting[n.CorrelateID] = &waiting{Notice: n, next: n.Since}
}

func (o *outbox) Due(_ context.Context, now time.Time, limit int) (due []Notice, next time.Time, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.fail != nil {
		return nil, next, o.fail
	}
	for _, w := range o.waiting {
		switch {
		case !w.next.After(now) && len(due) < limit:
			due = append(due, w.Notice)
		case next.IsZero() || w.next.Before(next):
			next = w.next
		}
	}
	slices.SortFunc(due, func(a, b Notice) int { return strings.Compare(a.CorrelateID, b.CorrelateID) })
	return due, next, nil
}

func (o *outbox) MarkDone(_ context.Context, n Notice) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	delete(o.waiting, n.CorrelateID)
	o.done = append(o.done, n.CorrelateID)
	return nil
}

func (o *outbox) MarkTried(_ context.Context, n Notice, next time.Time, why string) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	w := o.waiting[n.CorrelateID]
	w.Tries, w.next, w.why = w.Tries+1, next, why
	return nil
}

func (o *outbox) MarkGivenUp(_ context.Context, n Notice, why string) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	delete(o.waiting, n.CorrelateID)
	o.lost[n.CorrelateID] = why
	return nil
}

func newOutbox() *outbox {
	return &outbox{waiting: map[string]*waiting{}, lost: map[string]string{}}
}

var start = time.Date(2026, 5, 3, 8, 0, 0, 0, time.UTC)

func allowing(t *testing.T) *fetch.Fetcher {
	t.Helper()
	f, err := fetch.New(fetch.Config{Allow: []string{"127.0.0.0/8"}})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func mustURL(t *testing.T, text string) fetch.URL {
	t.Helper()
	u, err := fetch.ParseURL(text)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// TestLoop: a command goes in, is kept, and its result comes back to a sender
// that does not answer at first.
func TestLoop(t *testing.T) {
	srv, k := newServer(t, io.Discard)
	s := httptest.NewServer(srv)
	defer s.Close()
	if got, err := (&Client{Endpoint: s.URL}).ExecCmd(t.Context(), "CSP1", "LSP1", "1", "ftp://u:p@10.1.2.3/a.xml"); err != nil || got.Result != 0 {
		t.Fatalf("%+v, %v", got, err)
	}

	answers := []func(w http.ResponseWriter) bool{ // in turn; true: taken
		func(w http.ResponseWriter) bool { http.Error(w, "later", http.StatusBadGateway); return false },
		func(w http.ResponseWriter) bool {
			w.Header().Set("Retry-After", "60")
			w.WriteHeader(http.StatusServiceUnavailable)
			return false
		},
		func(w http.ResponseWriter) bool {
			answer(w, http.StatusInternalServerError, fault("Server", "broken"))
			return false
		},
		func(w http.ResponseWriter) bool { return true },
	}
	result := 7 // of the first that is taken
	var got []Notice
	take := Results(func(n Notice) (int, string) {
		got = append(got, n)
		r := result
		result = 0
		return r, "not now"
	})
	callback := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if len(answers) > 1 {
			next := answers[0]
			answers = answers[1:]
			next(w)
			return
		}
		take.ServeHTTP(w, r)
	}))
	defer callback.Close()

	out := newOutbox()
	now := start
	var waits []time.Duration
	n, err := NewNotifier(NotifierConfig{
		Outbox: out, Poster: allowing(t),
		Callback: func(csp, lsp string) fetch.URL {
			return mustURL(t, strings.Replace(callback.URL, "://", "://cb:s3cret@", 1)+"/"+csp+"/"+lsp)
		},
		Now: func() time.Time { return now },
		Random: func(below time.Duration) time.Duration {
			waits = append(waits, below)
			return below - 1
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	c := k.commands[[3]string{"CSP1", "LSP1", "1"}]
	want := Notice{CSPID: c.CSPID, LSPID: c.LSPID, CorrelateID: c.CorrelateID, CmdResult: -1, ResultFileURL: "http://127.0.0.1/receipts/1.xml?a&b"}
	kept := want
	kept.Since = start
	out.put(kept)
	for range 5 {
		next, err := n.Pass(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if next.IsZero() {
			break
		}
		if w := out.waiting["1"]; strings.Contains(w.why, "s3cret") || w.why == "" {
			t.Errorf("why: %q", w.why)
		}
		now = next
	}
	if len(got) != 2 || got[1] != want {
		t.Errorf("told %+v, want twice %+v", got, want)
	}
	if want := []time.Duration{5 * time.Second, 10 * time.Second, 20 * time.Second, 40 * time.Second}; !slices.Equal(waits, want) {
		t.Errorf("waits below %v, want %v", waits, want)
	}
	// 5 s, then Retry-After instead of 10 s, 20 s and 40 s, each less a nanosecond.
	if d := now.Sub(start); d != 125*time.Second-3 {
		t.Errorf("told after %v", d)
	}
	if len(out.waiting) != 0 || n.Stats() != (NotifierStats{Told: 1, Tries: 4}) {
		t.Errorf("%+v %+v", out.waiting, n.Stats())
	}
}

func TestNotifierGivesUp(t *testing.T) {
	f := func(change func(*NotifierConfig), tries int, within time.Duration) {
		t.Helper()
		out := newOutbox()
		now := start
		c := NotifierConfig{
			Outbox: out, Poster: allowing(t), Now: func() time.Time { return now },
			// Not allowed: no request is made at all.
			Callback: func(string, string) fetch.URL { return mustURL(t, "http://cb:s3cret@169.254.169.254/x") },
			Random:   func(below time.Duration) time.Duration { return below - 1 },
		}
		change(&c)
		n, err := NewNotifier(c)
		if err != nil {
			t.Fatal(err)
		}
		out.put(Notice{CSPID: "a", LSPID: "b", CorrelateID: "1", Since: start})
		for range 10_000 {
			next, err := n.Pass(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if next.IsZero() {
				break
			}
			now = next
		}
		why := out.lost["1"]
		if !strings.Contains(why, "not in the list of allowed addresses") || strings.Contains(why, "s3cret") {
			t.Errorf("given up: %q", why)
		}
		if st := n.Stats(); int(st.Tries) != tries && tries > 0 || st.GivenUp != 1 || now.Sub(start) > within {
			t.Errorf("%+v after %v", st, now.Sub(start))
		}
	}
	f(func(c *NotifierConfig) { c.MaxTries = 3 }, 3, time.Hour)
	f(func(c *NotifierConfig) { c.MaxAge = time.Hour; c.MaxTries = 1000 }, 0, time.Hour)
}

func TestNotifierWithoutCallback(t *testing.T) {
	out := newOutbox()
	n, err := NewNotifier(NotifierConfig{Outbox: out, Poster: allowing(t), Callback: func(string, string) fetch.URL { return fetch.URL{} }})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 250 {
		out.put(Notice{CorrelateID: fmt.Sprint(i), Since: start})
	}
	if _, err := n.Pass(t.Context()); err != nil || len(out.done) != 250 {
		t.Errorf("%d done, %v", len(out.done), err)
	}
}

// TestNotifierRuns: woken, by the clock, and after an outbox that fails.
func TestNotifierRuns(t *testing.T) {
	told := make(chan Notice, 10)
	callback := httptest.NewServer(Results(func(n Notice) (int, string) { told <- n; return 0, "" }))
	defer callback.Close()
	out := newOutbox()
	ticks := make(chan time.Time)
	waits := make(chan time.Duration)
	n, err := NewNotifier(NotifierConfig{
		Outbox: out, Poster: allowing(t), Callback: func(string, string) fetch.URL { return mustURL(t, callback.URL+"/x") },
		Now:    func() time.Time { return start },
		After:  func(d time.Duration) <-chan time.Time { waits <- d; return ticks },
		Random: func(below time.Duration) time.Duration { return below - 1 },
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- n.Run(ctx) }()
	if d := <-waits; d != 10*time.Minute {
		t.Errorf("with nothing to do it waits %v", d)
	}
	out.put(Notice{CorrelateID: "1", Since: start})
	out.put(Notice{CorrelateID: "2", Since: start.Add(time.Minute)})
	n.Wake()
	if got := <-told; got.CorrelateID != "1" {
		t.Errorf("%+v", got)
	}
	if d := <-waits; d != time.Minute {
		t.Errorf("it waits %v for the next", d)
	}
	out.mu.Lock()
	out.fail = errors.New("disk")
	out.mu.Unlock()
	ticks <- start
	if d := <-waits; d != 5*time.Second-1 {
		t.Errorf("after a failure it waits %v", d)
	}
	ticks <- start
	if d := <-waits; d != 10*time.Second-1 {
		t.Errorf("after two failures it waits %v", d)
	}
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}
