package update

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"iptvdc/protocol"
)

// Defaults of a Config.
const (
	DefaultRate  = 64 << 10 // bytes a second
	DefaultEvery = time.Hour
	DefaultGood  = 15 * time.Minute
)

// Config of an Updater. Dir, Keys, URLs, Box, Place, Self, Acked, Tell and Restart
// must be set.
type Config struct {
	Dir      string // the agent's folder
	Keys     protocol.Keys
	URLs     []string // bases where offers and programs are
	Box      string
	Province uint8
	Model    string
	Place    Place
	Self     Program

	Rate  int            // bytes a second while fetching; 0: no bound
	Hours *protocol.Span // in which it asks, fetches and starts programs; nil: always
	Every time.Duration  // between two looks, +-50 %; 0: DefaultEvery
	// Good is how long a program may take until a batch of its is acknowledged; 0:
	// DefaultGood. Spread is how long the first connect may wait; it is added.
	Good   time.Duration
	Spread func() time.Duration

	// Centre is the centre's time in UTC ms, 0 while it is not known; nil: never.
	Centre func() uint64
	// Acked reports whether a batch was acknowledged since the program started.
	Acked func() bool
	// Tell records a running event; it is on flash when Tell returns nil.
	Tell func(ctx context.Context, e protocol.Event) error
	// SendNow has what is recorded sent at once.
	SendNow func()
	// Restart ends the program, so that init starts the launcher again.
	Restart func(why string)
	Client  *http.Client // nil: a client of its own
	Log     *slog.Logger // nil: silent

	sleep func(ctx context.Context, d time.Duration) error // nil: the clock's
	step  func(what, path string) error                    // see disk
}

// Stats of an Updater.
type Stats struct {
	Slot    string `json:"slot"`    // a, b; "": the image's program
	Version uint64 `json:"version"` // that runs; 0: the image's
	Seen    uint64 `json:"seen"`    // highest taken
	Failed  uint64 `json:"failed,omitempty"`
	Trial   bool   `json:"trial"` // has to get well yet
	Doubt   uint64 `json:"doubt,omitempty"`
	Bytes   uint64 `json:"bytes"` // fetched since the start
	Looks   uint64 `json:"looks"`
	Last    string `json:"last,omitempty"` // what the last look ended with
}

// Updater is the part of it in the agent that runs. Run, or Start, Health and
// Look from one goroutine; Stats and Report from anywhere.
type Updater struct {
	cfg    Config
	disk   disk
	client *http.Client
	log    *slog.Logger
	first  int // base that answered last
	place  int // place that gave last
	well   bool
	quiet  bool // silence was dealt with
	bytes  atomic.Uint64
	report chan struct{}

	mu    sync.Mutex
	stats Stats
}

// New prepares an Updater.
func New(cfg Config) *Updater {
	if cfg.Every == 0 {
		cfg.Every = DefaultEvery
	}
	if cfg.Good == 0 {
		cfg.Good = DefaultGood
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.sleep == nil {
		cfg.sleep = sleep
	}
	u := &Updater{cfg: cfg, client: cfg.Client, log: cfg.Log, report: make(chan struct{}, 1),
		disk: disk{dir: filepath.Join(cfg.Dir, FolderName), step: cfg.step}}
	if u.client == nil {
		u.client = &http.Client{}
	}
	return u
}

func sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Stats tells how it stands.
func (u *Updater) Stats() Stats {
	u.mu.Lock()
	defer u.mu.Unlock()
	s := u.stats
	s.Bytes = u.bytes.Load()
	return s
}

// Report has it told again which agent runs.
func (u *Updater) Report() {
	select {
	case u.report <- struct{}{}:
	default:
	}
}

// pulse is how often a program that has to get well looks whether it did.
const pulse = 500 * time.Millisecond

// Run works until ctx is done, or until Restart was called.
func (u *Updater) Run(ctx context.Context) {
	if !u.cfg.Place.Launched {
		u.log.Warn("update: the agent was not started by stbagent launch; it does not update itself")
		return
	}
	began := time.Now()
	u.Start(ctx)
	health := time.NewTicker(min(pulse, u.cfg.Good/4+1))
	defer health.Stop()
	look := time.NewTimer(rand.N(u.cfg.Every))
	defer look.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-u.report:
			u.tellAgent(ctx, true)
		case <-health.C:
			if u.Health(time.Since(began)) {
				return
			}
			u.tellNotes(ctx)
			if u.well {
				health.Stop()
			}
		case <-look.C:
			if u.Look(ctx) {
				return
			}
			look.Reset(u.cfg.Every/2 + rand.N(u.cfg.Every))
		}
	}
}

// Start tells which agent runs, and what there is to tell, and tidies up.
func (u *Updater) Start(ctx context.Context) {
	u.tellAgent(ctx, false)
	s, err := u.disk.load()
	if err != nil {
		u.log.Error("update: the state is damaged", "error", err)
	}
	if err := u.disk.tidy(&s); err != nil {
		u.log.Warn("update: not everything is tidied up", "error", err)
	}
}

// running is the version of the program that runs.
func (u *Updater) running(s *State) uint64 { return s.version(u.cfg.Place.Slot) }

// tellAgent tells which agent runs, if another was told last or anyway; and what
// else is to be told.
func (u *Updater) tellAgent(ctx context.Context, anyway bool) {
	text := protocol.AgentText(u.cfg.Self.Agent, u.cfg.Self.Build, u.cfg.Model)
	err := u.disk.change(func(s *State) bool {
		version := u.running(s)
		told := fmt.Sprintf("%d %s", version, text)
		if s.Told == told && !anyway {
			return false
		}
		s.Told = told
		s.note(protocol.AgentRuns, version, text)
		return true
	})
	if err != nil {
		u.log.Error("update: the state cannot be kept", "error", err)
	}
	if u.tellNotes(ctx) > 0 && u.cfg.SendNow != nil {
		u.cfg.SendNow()
	}
}

// tellNotes tells what waits and forgets it then, in this order: a crash between
// tells it twice.
func (u *Updater) tellNotes(ctx context.Context) (told int) {
	s, _ := u.disk.load() // the launcher told of damage
	u.look(&s)
	if len(s.Notes) == 0 {
		return 0
	}
	for _, n := range s.Notes {
		if err := u.cfg.Tell(ctx, protocol.Event{Kind: protocol.Running, Version: n.Version, State: n.State, Why: n.Why}); err != nil {
			u.log.Warn("update: what became of it is told later", "error", err)
			break
		}
		told++
	}
	if told > 0 {
		done := s.Notes[:told]
		if err := u.disk.change(func(s *State) bool {
			s.Notes = slices.DeleteFunc(s.Notes, func(n Note) bool { return slices.Contains(done, n) })
			return true
		}); err != nil {
			u.log.Error("update: what was told may be told again", "error", err)
		}
	}
	return told
}

// look keeps what Stats says of the state.
func (u *Updater) look(s *State) {
	u.mu.Lock()
	defer u.mu.Unlock()
	st := &u.stats
	st.Slot, st.Version, st.Seen, st.Failed = u.cfg.Place.Slot, u.running(s), s.Seen, s.Failed
	st.Trial = s.Trial != nil && s.Trial.Slot == u.cfg.Place.Slot && !s.Trial.Doubt
	st.Doubt = 0
	if s.Trial != nil && s.Trial.Doubt {
		st.Doubt = s.Trial.Version
	}
}

// Health looks whether the program that runs does its work, elapsed after its
// start; true: it was told to end.
func (u *Updater) Health(elapsed time.Duration) (ended bool) {
	limit := u.cfg.Good
	if u.cfg.Spread != nil {
		limit += u.cfg.Spread()
	}
	var again bool
	var err error
	switch {
	case u.well:
		return false
	case u.cfg.Acked():
		err = u.disk.change(func(s *State) (changed bool) {
			changed, again = s.well(u.cfg.Place.Slot, elapsed > limit)
			return changed
		})
		u.well = err == nil
	case elapsed > limit && !u.quiet:
		err = u.disk.change(func(s *State) (changed bool) {
			changed, again = s.silent(u.cfg.Place.Slot)
			return changed
		})
		u.quiet = err == nil
	}
	if err != nil {
		u.log.Error("update: the state cannot be kept", "error", err)
		return false
	}
	if again {
		u.cfg.Restart("update: another version takes its turn")
	}
	return again
}
