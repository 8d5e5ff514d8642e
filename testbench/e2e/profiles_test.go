package e2e

import (
	"context"
	"crypto/ed25519"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"iptvdc/agent/daemon"
	"iptvdc/agent/uplink"
	"iptvdc/aggregator"
	"iptvdc/aggregator/broker"
	"iptvdc/aggregator/intake"
	"iptvdc/aggregator/ledger"
	"iptvdc/aggregator/loader"
	"iptvdc/aggregator/profiles"
	"iptvdc/aggregator/store"
	"iptvdc/aggregator/store/duckdb"
	"iptvdc/protocol"
)

const (
	steeredBox = "0123456789abcdef"
	epgPage    = "http://epg.example.com"
)

// arrivals is a ledger that reads what it keeps.
type arrivals struct {
	*ledger.Memory
	mu     sync.Mutex
	seen   map[string]bool
	events []protocol.Event
}

func (a *arrivals) Commit(ctx context.Context, batches []ledger.Received) ([]ledger.Verdict, error) {
	verdicts, err := a.Memory.Commit(ctx, batches)
	if err != nil {
		return nil, err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, b := range batches {
		id := fmt.Sprint(b.Route.Box, " ", b.Batch.Epoch, " ", b.Batch.No)
		if a.seen[id] {
			continue
		}
		a.seen[id] = true
		events, err := new(protocol.Decoder).Events(&b.Batch.Sealed)
		if err != nil {
			return nil, err
		}
		a.events = append(a.events, events...)
	}
	return verdicts, nil
}

// find returns the last event that fits.
func (a *arrivals) find(fits func(*protocol.Event) bool) (protocol.Event, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for i := len(a.events) - 1; i >= 0; i-- {
		if fits(&a.events[i]) {
			return a.events[i], true
		}
	}
	return protocol.Event{}, false
}

// count is how many events of a kind arrived.
func (a *arrivals) count(k protocol.Kind) (n int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for i := range a.events {
		if a.events[i].Kind == k {
			n++
		}
	}
	return n
}

// steering is a centre in this process: broker, ledger, loader and store, and a
// folder of profiles that is looked into after each change.
type steering struct {
	t      *testing.T
	got    *arrivals
	broker *broker.Embedded
	folder *profiles.Folder
	retain *profiles.Retainer
	key    profiles.Key
	store  *duckdb.Store
	boxKey uint64
}

func newSteering(t *testing.T) *steering {
	t.Helper()
	s := &steering{t: t, got: &arrivals{Memory: ledger.NewMemory(), seen: map[string]bool{}}, folder: profiles.In(t.TempDir())}
	in := intake.New(s.got, intake.Config{})
	t.Cleanup(func() { _ = in.Close() })
	var err error
	if s.broker, err = broker.New(broker.Config{Listen: "127.0.0.1:0"}, in); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.broker.Close() })
	s.load()
	s.retain = &profiles.Retainer{Folder: s.folder, Broker: s.broker}
	if s.key, err = profiles.NewKey(1); err != nil {
		t.Fatal(err)
	}
	return s
}

// load brings what arrives into the store.
func (s *steering) load() {
	s.t.Helper()
	var err error
	if s.store, err = duckdb.Open(filepath.Join(s.t.TempDir(), "store.duckdb"), duckdb.Options{}); err != nil {
		s.t.Fatal(err)
	}
	secrets := aggregator.NewSecrets()
	s.boxKey = secrets.BoxKey(steeredBox)
	l := loader.New(loader.Config{Source: s.got, Target: s.store, Secrets: secrets, MaxAge: 10 * time.Millisecond})
	ctx, cancel := context.WithCancel(s.t.Context())
	done := make(chan error, 1)
	go func() { done <- l.Run(ctx) }()
	s.t.Cleanup(func() {
		cancel()
		<-done // it ends only with ctx
		if err := s.store.Shutdown(); err != nil {
			s.t.Error(err)
		}
	})
}

// shown waits until the centre says that the box runs this; of a refusal, Why
// need only begin so.
func (s *steering) shown(want store.Runs) {
	s.t.Helper()
	var got []store.RunningBox
	defer func() {
		if s.t.Failed() {
			s.t.Logf("the centre shows %+v, want %+v", got, want)
		}
	}()
	soon(s.t, fmt.Sprintf("the centre shows %+v", want), func() bool {
		var err error
		if got, err = s.store.RunningBoxes(s.t.Context(), store.RunningQuery{Provinces: []aggregator.Province{33}}); err != nil {
			s.t.Fatal(err)
		}
		if len(got) != 1 || got[0].Box != s.boxKey || got[0].City != 3301 || !strings.HasPrefix(got[0].Refusal.Why, want.Refusal.Why) {
			return false
		}
		runs := got[0].Runs
		runs.Refusal.Why = want.Refusal.Why
		return runs == want
	})
}

func (s *steering) keys() protocol.Keys {
	return protocol.Keys{1: s.key.Private.Public().(ed25519.PublicKey)}
}

// publish signs what compose makes as a version and has the broker retain it.
func (s *steering) publish(topic string, payload []byte, err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
	packet, err := s.key.Sign(topic, payload)
	if err == nil {
		err = s.folder.Put(topic, packet, time.Now())
	}
	if err == nil {
		err = s.retain.Look()
	}
	if err != nil {
		s.t.Fatal(err)
	}
}

func (s *steering) profile(version uint64, holds time.Duration, yaml string) {
	s.t.Helper()
	payload, err := profiles.Compose([]byte(yaml), version, time.Now().Add(holds))
	s.publish(protocol.ProfileTopic(33, protocol.GroupAll), payload, err)
}

// told waits for a running event.
func (s *steering) told(state protocol.ProfileState, version uint64, why string) {
	s.t.Helper()
	s.arrives(fmt.Sprint("running ", state, " ", version, " ", why), func(e *protocol.Event) bool {
		return e.Kind == protocol.Running && e.State == state && e.Version == version && strings.Contains(e.Why, why)
	})
}

func (s *steering) arrives(what string, fits func(*protocol.Event) bool) protocol.Event {
	s.t.Helper()
	var found protocol.Event
	soon(s.t, what, func() (ok bool) {
		found, ok = s.got.find(fits)
		return ok
	})
	return found
}

// soon asks again and again until done says so.
func soon(t *testing.T, what string, done func() bool) {
	t.Helper()
	deadline := time.NewTimer(time.Minute)
	defer deadline.Stop()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for !done() {
		select {
		case <-tick.C:
		case <-deadline.C:
			t.Fatalf("not in time: %s", what)
		}
	}
}

// box runs an agent on dir; broker "" is one where nobody answers.
func (s *steering) box(dir, url string) (d *daemon.Daemon, stop func()) {
	s.t.Helper()
	timing := uplink.DefaultTiming()
	timing.FirstSpread, timing.BackoffMin, timing.SealAge, timing.SealRide = 0, 10*time.Millisecond, 50*time.Millisecond, 0
	if url == "" {
		url, timing.FirstSpread = "tcp://127.0.0.1:1", time.Hour
	}
	d, err := daemon.New(daemon.Config{
		Dir: dir, Brokers: []string{url}, Box: steeredBox, Province: 33, Listen: "127.0.0.1:0", Timing: timing, ProfileKeys: s.keys(), BootID: "this boot",
		Identity: protocol.Event{City: 3301, Account: "account", STBID: "stbid", MAC: "00:11:22:33:44:55", Model: "E900V22C"},
	})
	if err != nil {
		s.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(s.t.Context())
	done := make(chan error, 1)
	go func() { done <- d.Run(ctx) }()
	return d, func() {
		s.t.Helper()
		cancel()
		if err := <-done; err != nil {
			s.t.Error(err)
		}
	}
}

// post reports an event as a page of an origin, "" as a program.
func post(t *testing.T, d *daemon.Daemon, origin, event string) int {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+d.Addr().String()+"/v1/events", strings.NewReader(event))
	if err != nil {
		t.Fatal(err)
	}
	if origin != "" {
		req.Header.Set("Origin", origin)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	return resp.StatusCode
}

// TestProfiles steers a real agent through the embedded broker: applied, obeyed
// without a restart, a forgery refused, kept over a restart, asked for a report,
// expired. Everything is told by events that arrive, and the centre shows what
// the box runs [P-8].
func TestProfiles(t *testing.T) {
	if testing.Short() {
		t.Skip("waits until a profile expires")
	}
	s := newSteering(t)
	dir, url := t.TempDir(), "tcp://"+s.broker.Addr()
	const click, view = `{"kind":"click","page":"home","area":"banner"}`, `{"kind":"page_view","page":"home"}`
	d, stop := s.box(dir, url)
	who := s.arrives("an identity", func(e *protocol.Event) bool { return e.Kind == protocol.Identity })
	if who.Account != "account" || who.STBID == "" || who.MAC == "" {
		t.Errorf("as built, an identity tells who the box is: %+v", who)
	}
	if got := post(t, d, epgPage, view); got != http.StatusForbidden {
		t.Errorf("a page may post before any profile says so: %d", got)
	}

	s.profile(1, time.Hour, "sample: {click: 0}\nprivacy: anonymous\nwindow_ms: 50\nhealth_s: 60\norigins: ["+epgPage+"]\n")
	s.told(protocol.ProfileApplied, 1, "")
	s.shown(store.Runs{Version: 1})
	if got := d.HealthEvery(); got != time.Minute {
		t.Errorf("health every %v", got)
	}
	who = s.arrives("an anonymous identity", func(e *protocol.Event) bool { return e.Kind == protocol.Identity && e.Account == "" })
	if who.STBID != "" || who.MAC != "" || who.Model != "E900V22C" || who.Serial != protocol.IdentitySerial(&who) {
		t.Errorf("%+v", who)
	}
	for range 3 {
		if got := post(t, d, epgPage, click); got != http.StatusAccepted {
			t.Errorf("a page of an allowed origin: %d", got)
		}
	}
	if got := post(t, d, epgPage, view); got != http.StatusAccepted {
		t.Errorf("a page of an allowed origin: %d", got)
	}
	seen := s.arrives("a page view", func(e *protocol.Event) bool { return e.Kind == protocol.PageView })
	if seen.Serial != who.Serial {
		t.Errorf("the page view is told under serial %d, the anonymous identity is %d", seen.Serial, who.Serial)
	}
	dropped := s.arrives("what was sampled out", func(e *protocol.Event) bool { return e.Kind == protocol.Dropped })
	if dropped.OfKind != protocol.Click || dropped.Reason != protocol.ReasonSampling || dropped.Count != 3 {
		t.Errorf("%+v", dropped)
	}
	if e, ok := s.got.find(func(e *protocol.Event) bool { return e.Kind == protocol.Click }); ok {
		t.Errorf("a click of a box that is not in the sample: %+v", e)
	}

	forger, err := profiles.NewKey(1)
	if err != nil {
		t.Fatal(err)
	}
	payload, err := profiles.Compose([]byte("privacy: full"), 9, time.Now().Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	topic := protocol.ProfileTopic(33, "E900V22C") // the box's model is its group
	forged, err := forger.Sign(topic, payload)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.broker.Publish(topic, forged, true); err != nil {
		t.Fatal(err)
	}
	s.told(protocol.ProfileRefused, 0, "signature")
	forgery := store.Refusal{Group: "E900V22C", Why: "signature"}
	s.shown(store.Runs{Version: 1, Refused: true, Refusal: forgery})
	if st := d.Status().Profile; st.Version != 1 || st.Refused != 1 {
		t.Errorf("after a forgery: %+v", st)
	}
	stop()

	d, stop = s.box(dir, "") // no broker in reach
	if st := d.Status().Profile; st.Version != 1 || !st.Sampling {
		t.Errorf("after a restart: %+v", st)
	}
	if got := post(t, d, epgPage, view); got != http.StatusAccepted {
		t.Errorf("after a restart a page of the allowed origin: %d", got)
	}
	stop()

	d, stop = s.box(dir, url)
	defer func() { stop() }()
	command, err := profiles.Command(protocol.DoReport, 1, time.Now().Add(time.Hour))
	s.publish(protocol.CommandTopic(33, steeredBox), command, err)
	s.told(protocol.ProfileAnswered, 1, "command 1")
	s.arrives("the health that was asked for", func(e *protocol.Event) bool { return e.Kind == protocol.Health && e.AgentKB > 0 })

	s.profile(2, 4*time.Second, "health_s: 30")
	s.told(protocol.ProfileApplied, 2, "")
	s.told(protocol.ProfileExpired, 2, "")
	s.shown(store.Runs{Expired: 2, Refused: true, Refusal: forgery}) // the forgery is still there
	if st := d.Status().Profile; st.Version != 0 || d.HealthEvery() != 0 {
		t.Errorf("after expiry: %+v", st)
	}
	if got := post(t, d, epgPage, view); got != http.StatusForbidden {
		t.Errorf("after expiry a page may still post: %d", got)
	}
	if n := s.got.count(protocol.Health); n != 1 {
		t.Errorf("the command was carried out %d times", n)
	}
}
