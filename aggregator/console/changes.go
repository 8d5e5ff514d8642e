package console

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"iptvdc/aggregator"
	"iptvdc/aggregator/indicator"
)

const (
	// changeEvery is the shortest time between two changes told to a reader.
	changeEvery = time.Second
	// commentEvery is how often a silent stream shows that it lives.
	commentEvery = 15 * time.Second
	// streamLife is how long a stream lives; the reader then asks again and
	// shows anew who it is.
	streamLife = time.Hour
	// streamPatience is how long a reader may take to take a line.
	streamPatience = 10 * time.Second
	// maxHours is the greatest number of hours named in a change, the newest.
	maxHours = 1000
)

// Change says which figures have moved.
type Change struct {
	AsOf      indicator.Moment `json:"as_of"`
	Hours     []string         `json:"hours"`     // as 2026-11-22T19
	Provinces []string         `json:"provinces"` // codes
	// Sources are own data sources of which other rows hold, by name.
	Sources []string `json:"sources,omitempty"`
}

// ChangeOf says that figures of these hours and provinces have moved.
func ChangeOf(asOfMs int64, hours []aggregator.Hour, provinces []aggregator.Province) Change {
	c := Change{AsOf: indicator.Moment(asOfMs)}
	for _, p := range provinces {
		c.Provinces = append(c.Provinces, p.String())
	}
	for _, h := range hours {
		c.Hours = append(c.Hours, fmt.Sprintf("%sT%02d", h.Day(), h-h.Day().FirstHour()))
	}
	c.normalize()
	return c
}

// merge adds what o says.
func (c *Change) merge(o Change) {
	c.AsOf = max(c.AsOf, o.AsOf)
	c.Hours = append(c.Hours, o.Hours...)
	c.Provinces = append(c.Provinces, o.Provinces...)
	c.Sources = append(c.Sources, o.Sources...)
	c.normalize()
}

func (c *Change) normalize() {
	c.Hours = slices.Compact(slices.Sorted(slices.Values(c.Hours)))
	c.Hours = c.Hours[max(0, len(c.Hours)-maxHours):]
	c.Provinces = slices.Compact(slices.Sorted(slices.Values(c.Provinces)))
	c.Sources = slices.Compact(slices.Sorted(slices.Values(c.Sources)))
}

// within leaves what somebody's grants open; ok is false if nothing is left.
func (c Change) within(g aggregator.Grants) (Change, bool) {
	scope := g.Anywhere()
	c.Sources = slices.DeleteFunc(slices.Clone(c.Sources), func(name string) bool { return g.Of(aggregator.DataOfSource(name)).Empty() })
	c.Hours = orEmpty(c.Hours)
	c.Provinces = slices.DeleteFunc(slices.Clone(orEmpty(c.Provinces)), func(code string) bool {
		p, err := aggregator.ParseProvince(code)
		return !scope.All && (err != nil || !scope.Sees(p))
	})
	return c, len(c.Provinces)+len(c.Sources) > 0
}

// changes passes what was told on to all listeners. Safe for concurrent use.
type changes struct {
	mu        sync.Mutex
	listeners map[*listener]struct{}
	closed    bool
	done      chan struct{} // closed by close
}

// listener collects changes until its stream takes them.
type listener struct {
	grants  aggregator.Grants
	wake    chan struct{} // holds one signal
	mu      sync.Mutex
	pending Change
	some    bool
}

func newChanges() *changes {
	return &changes{listeners: map[*listener]struct{}{}, done: make(chan struct{})}
}

func (c *changes) count() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.listeners)
}

func (c *changes) listen(g aggregator.Grants) *listener {
	l := &listener{grants: g, wake: make(chan struct{}, 1)}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.listeners[l] = struct{}{}
	return l
}

func (c *changes) leave(l *listener) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.listeners, l)
}

// tell never waits: a slow reader finds several changes merged into one.
func (c *changes) tell(change Change) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for l := range c.listeners {
		visible, ok := change.within(l.grants)
		if !ok {
			continue
		}
		l.mu.Lock()
		l.pending.merge(visible)
		l.some = true
		l.mu.Unlock()
		select {
		case l.wake <- struct{}{}:
		default:
		}
	}
}

func (c *changes) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.closed {
		c.closed = true
		close(c.done)
	}
}

func (l *listener) take() (Change, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	change, some := l.pending, l.some
	l.pending, l.some = Change{}, false
	return change, some
}

// stream answers with server-sent events until the reader or the program ends.
func (s *Console) stream(w http.ResponseWriter, r *http.Request) error {
	l := s.changes.listen(principal(r).Grants)
	defer s.changes.leave(l)
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no") // a proxy in between must not collect lines
	out := http.NewResponseController(w)
	send := func(text string) bool {
		// Writers without deadlines have nobody slow behind them.
		_ = out.SetWriteDeadline(time.Now().Add(streamPatience))
		if _, err := fmt.Fprint(w, text); err != nil {
			return false
		}
		return out.Flush() == nil
	}
	if !send(": hello\n\n") {
		return nil
	}
	comments := time.NewTicker(commentEvery)
	defer comments.Stop()
	end := time.NewTimer(streamLife)
	defer end.Stop()
	for {
		select {
		case <-r.Context().Done():
			return nil
		case <-s.changes.done:
			return nil
		case <-end.C:
			return nil
		case <-comments.C:
			if !send(": still here\n\n") {
				return nil
			}
			continue
		case <-l.wake:
		}
		if change, some := l.take(); some {
			// Who signed out meanwhile hears no more, and of what was taken nothing.
			now, err := s.holder(r)
			if err != nil {
				return nil
			}
			if change, some = change.within(now.Grants); !some {
				continue
			}
			b, err := json.Marshal(change)
			if err != nil {
				return err
			}
			if !send("event: changed\ndata: " + string(b) + "\n\n") {
				return nil
			}
		}
		select { // at most one a changeEvery; meanwhile they merge
		case <-time.After(changeEvery):
		case <-r.Context().Done():
			return nil
		case <-s.changes.done:
			return nil
		}
	}
}
