package profile

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"iptvdc/agent"
	"iptvdc/protocol"
)

// runs with the simulated time.
type clock struct{ start time.Time }

func (c clock) MonoMs() uint64 { return uint64(time.Since(c.start).Milliseconds()) }
func (c clock) WallMs() uint64 { return 0 }

// steered is a Policy that runs, and what it set off.
type steered struct {
	*Policy
	mu      sync.Mutex
	told    []string
	applied []Settings
	reports int
	stop    func()
}

var built = Settings{Window: 250 * time.Millisecond, BatchEvents: 200, BatchAge: 30 * time.Second, Brokers: []string{"tcp://a"},
	FirstSpread: 2 * time.Minute, ReconnectMin: 5 * time.Second, ReconnectMax: 15 * time.Minute, KeepAlive: 4 * time.Minute, InFlight: 4,
	Origins: []string{"http://epg"}}

func run(t *testing.T, dir string, k protocol.Keys) *steered {
	t.Helper()
	s := &steered{}
	var err error
	s.Policy, err = Open(Config{Dir: dir, Keys: k, Box: testBox, Province: 33, Group: "E900V22C", Clock: clock{time.Now()}, Built: built})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.Run(ctx, Hooks{
			Apply: func(v Settings) { s.mu.Lock(); defer s.mu.Unlock(); s.applied = append(s.applied, v) },
			Tell: func(e protocol.Event) {
				if err := e.Check(); err != nil || e.Kind != protocol.Running {
					t.Errorf("%+v: %v", e, err)
				}
				s.mu.Lock()
				defer s.mu.Unlock()
				s.told = append(s.told, strings.TrimSpace(fmt.Sprint(e.State, " ", e.Version, " ", e.Why)))
			},
			Report: func() { s.mu.Lock(); defer s.mu.Unlock(); s.reports++ },
		})
	}()
	s.stop = func() { cancel(); <-done }
	synctest.Wait()
	return s
}

func (s *steered) send(topic string, packet []byte) {
	s.Down(topic, packet, 0)
	synctest.Wait()
}

// sync tells that it is a time in Asia/Shanghai at the centre, on 25 November
// 2026.
func (s *steered) sync(hour, minute int) time.Time {
	at := time.Date(2026, 11, 25, hour, minute, 0, 0, time.FixedZone("", 8*3600))
	s.Synced(uint64(at.UnixMilli()), s.cfg.Clock.MonoMs())
	synctest.Wait()
	return at
}

func (s *steered) wantTold(t *testing.T, want ...string) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if got := strings.Join(s.told, "; "); got != strings.Join(want, "; ") {
		t.Errorf("told %q, want %q", got, want)
	}
	s.told = nil
}

// TestSettings: what a profile says holds, what it leaves out is as built in.
func TestSettings(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := run(t, t.TempDir(), keys(1))
		defer s.stop()
		if got := s.Settings(); !got.equal(&built) {
			t.Errorf("%+v", s.Settings())
		}
		s.send(toAll, signed(t, toAll, 1, 5, year, `"window_ms":1000,"batch_events":50,"batch_age_s":60,"health_s":900,"privacy":"anonymous",`+
			`"brokers":["tls://b:8883"],"first_spread_s":0,"reconnect_min_s":1200,"keepalive_s":60,"in_flight":2,"origins":[]`))
		want := Settings{Version: 5, Window: time.Second, BatchEvents: 50, BatchAge: time.Minute, Health: 15 * time.Minute, Anonymous: true,
			Brokers: []string{"tls://b:8883"}, ReconnectMin: 20 * time.Minute, ReconnectMax: 20 * time.Minute, KeepAlive: time.Minute, InFlight: 2,
			Origins: []string{}}
		if got := s.Settings(); !got.equal(&want) || !s.Anonymous() {
			t.Errorf("got %+v, want %+v", got, want)
		}
		s.send(toAll, signed(t, toAll, 1, 6, year, `"batch_age_s":1`))
		want = built
		want.Version, want.BatchAge = 6, time.Second
		if got := s.Settings(); !got.equal(&want) {
			t.Errorf("got %+v, want %+v", got, want)
		}
		s.wantTold(t, "applied 5", "applied 6")
		if len(s.applied) != 3 {
			t.Errorf("applied %d times, want at the start and twice", len(s.applied))
		}
	})
}

// TestRefusedAndExpiry: a bad packet changes nothing; expiry needs the centre's
// time and holds over a restart.
func TestRefusedAndExpiry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		s := run(t, dir, keys(1))
		expires := time.Date(2026, 11, 25, 12, 0, 30, 0, time.FixedZone("", 8*3600))
		s.send(toAll, signed(t, toAll, 1, 5, uint64(expires.UnixMilli()), `"window_ms":1000`))
		s.send(toAll, signed(t, toAll, 2, 6, year, `"window_ms":2000`))
		time.Sleep(48 * time.Hour) // nobody knows the time: it does not expire
		synctest.Wait()
		if s.Settings().Window != time.Second {
			t.Errorf("window %v", s.Settings().Window)
		}
		s.wantTold(t, "applied 5", "refused 0 key: 2 is none of the keys that this box has")
		s.sync(12, 0)
		time.Sleep(29 * time.Second)
		synctest.Wait()
		s.wantTold(t)
		time.Sleep(2 * time.Second)
		synctest.Wait()
		s.wantTold(t, "expired 5")
		if got := s.Settings(); !got.equal(&built) {
			t.Errorf("after expiry: %+v", got)
		}
		s.stop()
		s = run(t, dir, keys(1))
		defer s.stop()
		if got := s.Settings(); !got.equal(&built) {
			t.Errorf("after a restart: %+v", got)
		}
		if st := s.Stats(); st.Keys != 1 || st.Version != 0 {
			t.Errorf("%+v", st)
		}
	})
}

// TestQuiet: quiet hours need a known time and end by themselves.
func TestQuiet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := run(t, "", keys(1))
		defer s.stop()
		s.send(toAll, signed(t, toAll, 1, 5, year, `"quiet":[{"from":"19:30","to":"22:00"},{"from":"23:30","to":"00:30"}]`))
		quiet := func(want bool) {
			t.Helper()
			synctest.Wait()
			if s.Settings().Quiet != want || s.Stats().Quiet != want {
				t.Errorf("at %v: quiet %v", time.UnixMilli(int64(s.CentreMs())).UTC(), !want)
			}
		}
		quiet(false)
		s.sync(21, 58)
		quiet(true)
		time.Sleep(2*time.Minute + time.Second)
		quiet(false)
		time.Sleep(90 * time.Minute) // 23:30
		quiet(true)
		time.Sleep(time.Hour)
		quiet(false)
		if !s.Records(protocol.Click) {
			t.Error("quiet hours drop events")
		}
	})
}

// TestSamplingAndTriggers: 0 per mille record no clicks until playback fails
// often enough; then another sample and interval hold for a while.
func TestSamplingAndTriggers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := run(t, "", keys(1))
		defer s.stop()
		s.send(toAll, signed(t, toAll, 1, 5, year, `"sample":{"click":0,"playback":0},"health_s":900,`+
			`"triggers":[{"errors":3,"within_s":60,"for_s":600,"sample":{"page_view":0},"health_s":30},{"errors":5,"within_s":3600,"for_s":7200,"health_s":60}]`))
		want := func(clicks, pages bool, health time.Duration) {
			t.Helper()
			synctest.Wait()
			if s.Records(protocol.Click) != clicks || s.Records(protocol.PageView) != pages || s.Settings().Health != health || !s.Records(protocol.Order) {
				t.Errorf("clicks %v, pages %v, health %v", s.Records(protocol.Click), s.Records(protocol.PageView), s.Settings().Health)
			}
		}
		fail := func(n uint32) bool { return s.Admit(&protocol.Event{Kind: protocol.Playback, Errors: n}) }
		want(false, true, 15*time.Minute)
		if fail(2) {
			t.Error("a playback is recorded that is sampled out")
		}
		s.Admit(&protocol.Event{Kind: protocol.Playback})
		time.Sleep(61 * time.Second)
		fail(2)
		want(false, true, 15*time.Minute) // two in a minute
		if !fail(1) {
			t.Error("the play that pulls the trigger is not recorded under its sample")
		}
		want(true, false, 30*time.Second) // and the second trigger holds behind it
		time.Sleep(10*time.Minute + time.Second)
		want(false, true, time.Minute)
		time.Sleep(2 * time.Hour)
		want(false, true, 15*time.Minute)
		fail(3)
		want(true, false, 30*time.Second)
		s.send(toAll, signed(t, toAll, 1, 6, year, `"triggers":[{"errors":3,"within_s":60,"for_s":600,"health_s":30}]`))
		want(true, true, 0) // another profile begins anew
	})
}

// TestReport: a command waits for the time, and is carried out once.
func TestReport(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		s := run(t, dir, keys(1))
		s.send(toAll, signed(t, toAll, 1, 5, year, ""))
		packet := signed(t, toBox, 1, 9, year, `"do":"report"`)
		s.send(toBox, packet)
		s.wantTold(t, "applied 5")
		s.stop()
		s = run(t, dir, keys(1))
		s.send(toBox, packet)
		if s.reports != 0 {
			t.Error("carried out without a time")
		}
		s.sync(12, 0)
		s.send(toBox, packet)
		s.wantTold(t, "answered 5 command 9")
		if s.reports != 1 {
			t.Errorf("%d reports", s.reports)
		}
		s.stop()
	})
}

// TestNoKeys: without keys nothing is heard, kept or lost.
func TestNoKeys(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		s := run(t, dir, keys(1))
		s.send(toAll, signed(t, toAll, 1, 5, year, `"window_ms":1000`))
		s.stop()
		s = run(t, dir, nil)
		if got := s.Settings(); !got.equal(&built) || s.Topics() != nil || s.Stats().Keys != 0 {
			t.Errorf("%+v, %v", got, s.Topics())
		}
		s.stop()
		s = run(t, dir, keys(1))
		if s.Settings().Version != 5 || len(s.Topics()) != 3 {
			t.Errorf("%+v, %v", s.Settings(), s.Topics())
		}
		s.stop()
	})
}

// TestFlood: a broker gone wild fills neither memory nor flash.
func TestFlood(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := run(t, "", keys(1))
		defer s.stop()
		for i := range uint64(100) {
			s.send(toAll, signed(t, toAll, 2, i+1, year, ""))
		}
		if st := s.Stats(); st.Refused != 100 || len(s.told) != maxRefusals || st.Why == "" {
			t.Errorf("%+v, %d told", st, len(s.told))
		}
		time.Sleep(time.Hour)
		s.send(toAll, signed(t, toAll, 2, 200, year, ""))
		if len(s.told) != maxRefusals+1 {
			t.Errorf("%d told", len(s.told))
		}
	})
}

var _ agent.Filter = (*Policy)(nil)
