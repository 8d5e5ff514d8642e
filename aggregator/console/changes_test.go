package console

import (
	"bufio"
	"context"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"iptvdc/aggregator"
	"iptvdc/aggregator/settings"
)

// recorder is a ResponseWriter that notes lines and when they came.
type recorder struct {
	mu    sync.Mutex
	start time.Time
	lines []string
}

func (r *recorder) Header() http.Header { return http.Header{} }
func (r *recorder) WriteHeader(int)     {}
func (r *recorder) Flush()              {}
func (r *recorder) Write(b []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for line := range strings.SplitSeq(strings.TrimSpace(string(b)), "\n") {
		r.lines = append(r.lines, time.Since(r.start).String()+" "+line)
	}
	return len(b), nil
}

// constant is an identity that stays, while lost is nil.
type constant struct {
	Identities
	p    settings.Principal
	lost *atomic.Bool
}

func (c constant) BySession(context.Context, string) (settings.Principal, error) {
	if c.lost != nil && c.lost.Load() {
		return settings.Principal{}, settings.ErrUnknown
	}
	return c.p, nil
}

// A stream of who has signed out meanwhile ends with the next change, untold.
func TestStreamEndsWithTheSession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newChanges()
		who := constant{p: settings.Principal{Grants: aggregator.Everything()}, lost: &atomic.Bool{}}
		r := &recorder{start: time.Now()}
		req := httptest.NewRequestWithContext(context.WithValue(t.Context(), principalKey{}, who.p), "GET", "/api/v1/changes", nil)
		req.AddCookie(&http.Cookie{Name: SessionCookie, Value: "x"})
		go func() {
			if err := (&Console{Config: Config{Identities: who}, changes: c}).stream(r, req); err != nil {
				t.Error(err)
			}
		}()
		synctest.Wait()
		c.tell(Change{Provinces: []string{"33"}})
		synctest.Wait()
		who.lost.Store(true)
		c.tell(Change{Provinces: []string{"43"}})
		time.Sleep(2 * changeEvery)
		synctest.Wait()
		if c.count() != 0 || len(r.lines) != 3 {
			t.Errorf("%d listeners, heard %q", c.count(), r.lines)
		}
	})
}

// listenAs runs a stream for a scope inside a bubble until stop is called.
func listenAs(t *testing.T, c *changes, scope aggregator.Scope) (r *recorder, stop func()) {
	return listenWith(t, c, aggregator.GrantsOf(scope, aggregator.DataEPG))
}

func listenWith(t *testing.T, c *changes, g aggregator.Grants) (r *recorder, stop func()) {
	ctx, cancel := context.WithCancel(t.Context())
	who := settings.Principal{Grants: g}
	r = &recorder{start: time.Now()}
	req := httptest.NewRequestWithContext(context.WithValue(ctx, principalKey{}, who), "GET", "/api/v1/changes", nil)
	req.AddCookie(&http.Cookie{Name: SessionCookie, Value: "x"})
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := (&Console{Config: Config{Identities: constant{p: who}}, changes: c}).stream(r, req); err != nil {
			t.Error(err)
		}
	}()
	synctest.Wait()
	return r, func() { cancel(); <-done }
}

func TestStreamMergesToOneASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newChanges()
		r, stop := listenAs(t, c, aggregator.Scope{All: true})
		c.tell(Change{AsOf: 1000, Hours: []string{"2026-11-22T19"}, Provinces: []string{"33"}})
		synctest.Wait()
		for range 5 { // inside the second
			time.Sleep(100 * time.Millisecond)
			c.tell(Change{AsOf: 3000, Hours: []string{"2026-11-22T18"}, Provinces: []string{"43"}})
			c.tell(Change{AsOf: 2000, Hours: []string{"2026-11-22T19"}, Provinces: []string{"33"}})
		}
		time.Sleep(20 * time.Second)
		stop()
		want := []string{
			"0s : hello",
			"0s event: changed", `0s data: {"as_of":"1970-01-01T08:00:01+08:00","hours":["2026-11-22T19"],"provinces":["33"]}`,
			"1s event: changed", `1s data: {"as_of":"1970-01-01T08:00:03+08:00","hours":["2026-11-22T18","2026-11-22T19"],"provinces":["33","43"]}`,
			"15s : still here",
		}
		if diff := cmp.Diff(want, r.lines); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
		if c.count() != 0 {
			t.Errorf("%d listeners left", c.count())
		}
	})
}

func TestStreamKeepsToTheScope(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newChanges()
		r, stop := listenAs(t, c, aggregator.Scope{Provinces: []aggregator.Province{33}})
		nobody, stopNobody := listenAs(t, c, aggregator.Scope{})
		c.tell(Change{Provinces: []string{"43"}})
		c.tell(Change{Provinces: []string{"33", "43"}})
		synctest.Wait()
		stop()
		stopNobody()
		if n := len(r.lines); n != 3 || !strings.Contains(r.lines[2], `"provinces":["33"]`) {
			t.Errorf("a reader of 33 heard %q", r.lines)
		}
		if len(nobody.lines) != 1 {
			t.Errorf("a reader of nothing heard %q", nobody.lines)
		}
	})
}

// Of own data sources somebody hears whose rows they may see, also where no province moved.
func TestStreamTellsOfSources(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newChanges()
		g := aggregator.GrantsOf(aggregator.Scope{Provinces: []aggregator.Province{33}}, aggregator.DataOfSource("shops"))
		shops, stop := listenWith(t, c, g)
		other, stopOther := listenAs(t, c, aggregator.Scope{All: true})
		c.tell(Change{Sources: []string{"budget"}})
		c.tell(Change{Sources: []string{"shops", "budget"}})
		synctest.Wait()
		stop()
		stopOther()
		if want := []string{"0s : hello", "0s event: changed", `0s data: {"as_of":null,"hours":[],"provinces":[],"sources":["shops"]}`}; !slices.Equal(shops.lines, want) {
			t.Errorf("%q, want %q", shops.lines, want)
		}
		if len(other.lines) != 1 {
			t.Errorf("a reader of EPG pages heard %q", other.lines)
		}
	})
}

func TestStreamEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newChanges()
		r, stop := listenAs(t, c, aggregator.Scope{All: true})
		time.Sleep(2 * streamLife)
		if c.count() != 0 {
			t.Error("the stream outlives streamLife")
		}
		stop()
		last := r.lines[len(r.lines)-1]
		if !strings.HasPrefix(last, "59m45s ") && !strings.HasPrefix(last, "1h0m0s ") {
			t.Errorf("last line %q", last)
		}
		_, stop = listenAs(t, c, aggregator.Scope{All: true})
		c.close()
		c.close()
		synctest.Wait()
		if c.count() != 0 {
			t.Error("the stream outlives the program")
		}
		stop()
	})
}

// Over a real connection, the way a browser hears it.
func TestStreamOverHTTP(t *testing.T) {
	b := newBench(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, "GET", b.server.URL+"/api/v1/changes", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+b.zhejiang)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if got := resp.Header.Get("Content-Type"); got != "text/event-stream" {
		t.Fatalf("content type %q", got)
	}
	lines := bufio.NewScanner(resp.Body)
	next := func() string {
		t.Helper()
		for lines.Scan() {
			if lines.Text() != "" {
				return lines.Text()
			}
		}
		t.Fatal(lines.Err())
		return ""
	}
	if got := next(); got != ": hello" {
		t.Fatal(got)
	}
	b.console.Changed(ChangeOf(1_795_000_000_000, []aggregator.Hour{aggregator.HourOf(1_795_000_000_000)}, []aggregator.Province{33}))
	if a, d := next(), next(); a != "event: changed" || d != `data: {"as_of":"2026-11-18T19:06:40+08:00","hours":["2026-11-18T19"],"provinces":["33"]}` {
		t.Errorf("%s\n%s", a, d)
	}
}

func TestChangeNamesTheNewestHours(t *testing.T) {
	var hours []aggregator.Hour
	for h := range aggregator.Hour(2 * maxHours) {
		hours = append(hours, 480_000+h)
	}
	c := ChangeOf(1, hours, []aggregator.Province{33})
	if len(c.Hours) != maxHours || !slices.IsSorted(c.Hours) {
		t.Errorf("%d hours", len(c.Hours))
	}
	if last := ChangeOf(1, hours[len(hours)-1:], nil).Hours[0]; c.Hours[len(c.Hours)-1] != last {
		t.Errorf("the newest is %s, want %s", c.Hours[len(c.Hours)-1], last)
	}
}
