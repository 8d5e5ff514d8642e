package localapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"iptvdc/agent"
	"iptvdc/protocol"
)

// Recorder is where events go; *agent.Recorder is one.
type Recorder interface {
	Record(ctx context.Context, stored bool, events ...protocol.Event) error
	Drop(k protocol.Kind, why protocol.Reason, n uint64)
}

// Config of the endpoint. Zero limits are the defaults.
type Config struct {
	Recorder Recorder
	Clock    agent.Clock
	// Boot returns the boot counter, 0 while it is unknown.
	Boot func() uint32
	// Status returns what GET /v1/status shows.
	Status func() any
	// Signals takes what pages (page is true) and programs saw happen, all or
	// none of a call; nil: signals are not taken here. agent.ErrFull says that
	// there is no room, another error what is wrong with them. Safe for
	// concurrent use.
	Signals func(ctx context.Context, page bool, signals []agent.Signal) error
	// Origins lists the origins of pages that may post, as http://10.1.2.3:8080;
	// empty: no page may. null stands for pages that hide theirs.
	Origins []string
	// Hosts lists further names this endpoint is called by; 127.0.0.1,
	// localhost and ::1 always hold. Another Host is refused: a page of a
	// foreign site could have had its name rebound to this address.
	Hosts []string
	// PageRate and NativeRate limit requests a second; 0: 20 and 1,000.
	PageRate, NativeRate int
	// NativeBytes limits a native caller's body; 0: 64 KiB. A page's limit is
	// protocol.MaxLocalRequest.
	NativeBytes int
	// StoreWait is how long an answer may wait for the flash; 0: 10 s.
	StoreWait time.Duration
}

const (
	maxRate  = 1_000_000
	maxBytes = protocol.MaxJSON
)

// Validate explains what is wrong with c.
func (c *Config) Validate() error {
	if c.Recorder == nil || c.Clock == nil || c.Boot == nil || c.Status == nil {
		return errors.New("localapi: Recorder, Clock, Boot and Status must be set")
	}
	for _, o := range c.Origins {
		u, err := url.Parse(o)
		if o != "null" && (err != nil || u.Scheme == "" || u.Host == "" || u.Path != "") {
			return fmt.Errorf("origin: %q is none; write http://host or http://host:port", o)
		}
	}
	if c.PageRate < 0 || c.PageRate > maxRate || c.NativeRate < 0 || c.NativeRate > maxRate {
		return fmt.Errorf("rate: allowed 1..%d requests a second", maxRate)
	}
	if c.NativeBytes < 0 || c.NativeBytes > maxBytes {
		return fmt.Errorf("native-bytes: %d, allowed 1..%d", c.NativeBytes, maxBytes)
	}
	return nil
}

// Stats counts requests and events since the start.
type Stats struct {
	Requests, Events       uint64
	BadEvents              uint64 // requests refused for what was in them
	BadHost, BadOrigin     uint64
	TooLarge, TooMany      uint64
	NotStored, Full, Other uint64
	Signals                uint64 // taken
}

// API is the http.Handler. Safe for concurrent use.
type API struct {
	cfg    Config
	allow  atomic.Pointer[[]string] // origins
	pages  bucket
	native bucket

	requests, events, badEvents, badHost, badOrigin atomic.Uint64
	tooLarge, tooMany, notStored, full, other       atomic.Uint64
	taken                                           atomic.Uint64
}

// New checks cfg and returns the handler.
func New(cfg Config) (*API, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	if cfg.PageRate == 0 {
		cfg.PageRate = 20
	}
	if cfg.NativeRate == 0 {
		cfg.NativeRate = 1000
	}
	if cfg.NativeBytes == 0 {
		cfg.NativeBytes = 64 << 10
	}
	if cfg.StoreWait == 0 {
		cfg.StoreWait = 10 * time.Second
	}
	a := &API{cfg: cfg, pages: newBucket(cfg.PageRate), native: newBucket(cfg.NativeRate)}
	a.SetOrigins(cfg.Origins)
	return a, nil
}

// SetOrigins replaces Config.Origins from the next request on; the list is not
// to be changed afterwards. Safe for concurrent use.
func (a *API) SetOrigins(origins []string) { a.allow.Store(&origins) }

// Stats returns the counters.
func (a *API) Stats() Stats {
	return Stats{a.requests.Load(), a.events.Load(), a.badEvents.Load(), a.badHost.Load(), a.badOrigin.Load(),
		a.tooLarge.Load(), a.tooMany.Load(), a.notStored.Load(), a.full.Load(), a.other.Load(), a.taken.Load()}
}

// refusal is an error with its answer.
type refusal struct {
	status  int
	Code    string `json:"code"`
	Field   string `json:"field,omitempty"`
	Event   *int   `json:"event,omitempty"` // place in the array, from 0
	Message string `json:"message"`
	count   *atomic.Uint64
}

func (a *API) refuse(w http.ResponseWriter, r *refusal) {
	r.count.Add(1)
	if _, ok := w.(imageOnly); ok {
		w.Header().Set("X-Refused", r.Code+": "+r.Message)
		servePixel(w, r.status)
		return
	}
	answer(w, r.status, map[string]*refusal{"error": r})
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // the caller is gone; nothing to do
}

// routes are the paths that are served, each with its method.
var routes = map[string]string{"/v1/events": "POST", "/v1/status": "GET", "/e": "POST", gifPath: "GET", "/epg.js": "GET"}

// ServeHTTP answers the routes, and nobody whose Host or Origin is not allowed.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.requests.Add(1)
	if r.URL.Path == gifPath {
		w = imageOnly{w}
	}
	if !a.hostAllowed(r) {
		a.refuse(w, &refusal{status: 403, Code: "bad_host", Field: "Host", count: &a.badHost,
			Message: fmt.Sprintf("%.80q is not a name of this endpoint; call it by 127.0.0.1", r.Host)})
		return
	}
	origin, page := pageOrigin(r)
	if allowed := *a.allow.Load(); page && !slices.Contains(allowed, origin) {
		a.refuse(w, &refusal{status: 403, Code: "bad_origin", Field: "Origin", count: &a.badOrigin,
			Message: fmt.Sprintf("pages of %.80q may not post here; allowed: %s", origin, list(allowed))})
		return
	}
	if page {
		w.Header().Set("Access-Control-Allow-Origin", origin)
		w.Header().Set("Vary", "Origin")
	}
	switch want := routes[r.URL.Path]; {
	case want == "":
		a.refuse(w, &refusal{status: 404, Code: "no_such_path", Field: "path", count: &a.other,
			Message: fmt.Sprintf("%.80q is not served; allowed: POST /v1/events, GET /v1/status, POST /e, GET /e.gif, GET /epg.js", r.URL.Path)})
	case page && r.Method == http.MethodOptions:
		w.Header().Set("Access-Control-Allow-Methods", want)
		w.Header().Set("Access-Control-Allow-Headers", "Content-Type")
		w.Header().Set("Access-Control-Allow-Private-Network", "true")
		w.Header().Set("Access-Control-Max-Age", "86400")
		w.WriteHeader(http.StatusNoContent)
	case r.Method != want:
		w.Header().Set("Allow", want)
		a.refuse(w, &refusal{status: 405, Code: "bad_method", Field: "method", count: &a.other,
			Message: fmt.Sprintf("%.20s; allowed: %s", r.Method, want)})
	case r.URL.Path == "/v1/status":
		answer(w, 200, a.cfg.Status())
	case r.URL.Path == "/epg.js":
		serveScript(w, r)
	case r.URL.Path == "/v1/events":
		a.post(w, r, page)
	default:
		a.signals(w, r, page)
	}
}

func list(allowed []string) string {
	if len(allowed) == 0 {
		return "none (start the agent with -origin)"
	}
	return strings.Join(allowed, ", ")
}

func (a *API) post(w http.ResponseWriter, r *http.Request, page bool) {
	if !a.take(w, r, page) {
		return
	}
	stored := false
	switch v := r.URL.Query().Get("wait"); v {
	case "", "accepted":
	case "stored":
		stored = true
	default:
		a.refuse(w, &refusal{status: 400, Code: "bad_wait", Field: "wait", count: &a.badEvents,
			Message: fmt.Sprintf("%.40q; allowed: accepted, stored", v)})
		return
	}
	body, ok := a.body(w, r, page)
	if !ok {
		return
	}
	events, err := protocol.ParseEvents(body)
	if err == nil {
		err = a.stamp(events, page)
	}
	if err != nil {
		a.refuse(w, a.badEvent(err))
		return
	}
	a.record(w, r, stored, events)
}

// record hands checked events over and answers.
func (a *API) record(w http.ResponseWriter, r *http.Request, stored bool, events []protocol.Event) {
	ctx, cancel := context.WithTimeout(r.Context(), a.cfg.StoreWait)
	defer cancel()
	err := a.cfg.Recorder.Record(ctx, stored, events...)
	for i := range events {
		stored = stored || agent.AtOnce(events[i].Kind)
	}
	switch {
	case errors.Is(err, agent.ErrNotStored):
		a.notStored.Add(1)
		a.events.Add(uint64(len(events)))
		answer(w, 202, map[string]int{"accepted": len(events)})
	case err != nil:
		w.Header().Set("Retry-After", "5")
		a.refuse(w, &refusal{status: 503, Code: "full", Field: "body", count: &a.full, Message: err.Error()})
	case stored:
		a.events.Add(uint64(len(events)))
		answer(w, 200, map[string]int{"stored": len(events)})
	default:
		a.events.Add(uint64(len(events)))
		answer(w, 202, map[string]int{"accepted": len(events)})
	}
}

// badEvent turns a parser's or checker's error into an answer.
func (a *API) badEvent(err error) *refusal {
	ref := &refusal{status: 400, Code: "bad_event", count: &a.badEvents, Message: err.Error()}
	var pe *protocol.Error
	if !errors.As(err, &pe) {
		return ref
	}
	ref.Field, ref.Message = pe.Field, pe.Field+": "+pe.Why
	if at, name, ok := strings.Cut(strings.TrimPrefix(pe.Field, "["), "]."); ok {
		if i, err := strconv.Atoi(at); err == nil {
			ref.Event, ref.Field = &i, name
		}
	}
	return ref
}

// stamp sets what the reporter may not set, and checks every event.
func (a *API) stamp(events []protocol.Event, page bool) error {
	if len(events) == 0 {
		return &protocol.Error{Fault: protocol.Malformed, Field: "json", Why: "no event; send one, or an array of at least one"}
	}
	now := a.cfg.Clock.MonoMs()
	for i := range events {
		e := &events[i]
		if err := a.stampOne(e, page, now); err != nil {
			var pe *protocol.Error
			if errors.As(err, &pe) && len(events) > 1 {
				return &protocol.Error{Fault: pe.Fault, Field: fmt.Sprintf("[%d].%s", i, pe.Field), Why: pe.Why}
			}
			return err
		}
	}
	return nil
}

func (a *API) stampOne(e *protocol.Event, page bool, now uint64) error {
	wrong := func(field, format string, args ...any) error {
		return &protocol.Error{Fault: protocol.BadLimit, Field: field, Why: fmt.Sprintf(format, args...)}
	}
	source := protocol.SourceMiddleware
	if page {
		source = protocol.SourcePage
	}
	switch {
	case e.Serial != 0:
		return wrong("serial", "the agent sets it; leave it out")
	case e.Source != 0 && e.Source != source:
		return wrong("source", "the agent sets it; leave it out")
	case e.Boot != 0 && e.Boot != a.cfg.Boot():
		return wrong("boot", "%d, this boot is %d; the agent sets it; leave it out", e.Boot, a.cfg.Boot())
	case e.MonoMs != 0 && page:
		return wrong("mono_ms", "the agent sets it for pages; leave it out")
	case e.MonoMs > now:
		return wrong("mono_ms", "%d lies ahead, this boot is %d ms old; allowed 0..%d", e.MonoMs, now, now)
	case e.Agent != "":
		return wrong("agent", "the agent sets it; leave it out")
	case e.Kind == protocol.Dropped || e.Kind == protocol.OutboxLost || e.Kind == protocol.Running:
		return wrong("kind", "%s is the agent's own; allowed: %s", e.Kind, kinds(page))
	case page && !slices.Contains(pageKinds, e.Kind):
		return wrong("kind", "a page may not report %s; allowed: %s", e.Kind, kinds(page))
	case e.Kind == protocol.ClockSync && e.Clock == protocol.ClockServer:
		return wrong("clock", "server syncs come from the centre; allowed: box, ntp")
	}
	if e.MonoMs == 0 {
		e.MonoMs = now
	}
	e.Source = source
	return e.Check()
}

var (
	pageKinds = []protocol.Kind{protocol.PageView, protocol.Click, protocol.View, protocol.Order,
		protocol.Impression, protocol.OrderPage, protocol.Playback}
	nativeKinds = append([]protocol.Kind{protocol.PowerOn, protocol.PowerOff, protocol.Identity, protocol.ClockSync, protocol.Health}, pageKinds...)
)

func kinds(page bool) string {
	allowed := nativeKinds
	if page {
		allowed = pageKinds
	}
	words := make([]string, len(allowed))
	for i, k := range allowed {
		words[i] = k.String()
	}
	return strings.Join(words, ", ")
}
