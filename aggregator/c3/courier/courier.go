// Package courier keeps what catalogue and order systems say by SOAP, and sees it
// through: a catalogue is fetched, taken in like any file, and its sender told;
// order relations are gathered for a second and taken in as one. What was answered
// with success is on disk, and a crash anywhere is gone on from. DESIGN.md says
// how, and that of package soap what comes before.
package courier

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"iptvdc/aggregator"
	"iptvdc/aggregator/c3"
	"iptvdc/aggregator/c3/fetch"
	"iptvdc/aggregator/c3/inbox"
	"iptvdc/aggregator/durable"
)

// importer takes files and messages in; inbox.Inbox is one.
type importer interface {
	// Take takes the file at path, wherever it lies on the inbox's disk, and
	// moves it away.
	Take(ctx context.Context, p aggregator.Province, path string) (c3.Receipt, error)
	TakeMessages(ctx context.Context, m inbox.Messages) (c3.Receipt, error)
}

// fetcher gets files; fetch.Fetcher is one.
type fetcher interface {
	Fetch(ctx context.Context, u fetch.URL, w io.Writer) (fetch.Info, error)
}

// Config is what a Courier needs. Zero values take the defaults named.
type Config struct {
	// Folder is the courier's own, on the same disk as the inbox's.
	Folder  string
	Inbox   importer
	Fetcher fetcher
	// ResultURL is where senders find results: the id and .xml follow it; "": they
	// are told none.
	ResultURL string
	// GiveUp is how long a file is tried to be fetched; zero: 24 hours. Base and
	// Cap bound the doubling waits between tries; zero: 5 seconds and 10 minutes.
	GiveUp, Base, Cap time.Duration
	// Keep is for how long it is remembered what came, once it is dealt with, and
	// results can be had; zero: 7 days. Days are whole ones of Shanghai.
	Keep time.Duration
	// Told is called when there is something for a sender; nil: no. It must not
	// wait.
	Told func()
	Now  func() time.Time // nil: the real one
	Log  *slog.Logger
}

// Courier is safe for concurrent use.
type Courier struct {
	cfg       Config
	wake      chan struct{}
	stats     *counters
	relations *journal

	mu      sync.Mutex // of the folders of commands
	waiting map[string]*command
}

// What lies in the folder.
const (
	commandsDir  = "commands"  // a file a command
	fetchedDir   = "fetched"   // catalogues on their way
	resultsDir   = "results"   // answers for senders to get
	relationsDir = "relations" // relations that are not in yet, a file a group
	takenDir     = "taken"     // ids of relations that are in, a file a day
)

// States of a command.
const (
	stateNew   = "accepted" // to be fetched and taken in
	stateDone  = "done"     // its sender is to be told
	stateTold  = "told"
	stateGiven = "given_up" // its sender could not be told
)

// command is a command as it is kept. URL holds credentials: files are for their
// owner only, and it goes when it is no longer needed.
type command struct {
	Province  string `json:"province"`
	CSPID     string `json:"cspid"`
	LSPID     string `json:"lspid"`
	Correlate string `json:"correlate_id"`
	URL       string `json:"url,omitempty"`
	State     string `json:"state"`
	SinceMs   int64  `json:"since_ms"`
	NextMs    int64  `json:"next_ms"` // the next try, of fetching or telling
	EndedMs   int64  `json:"ended_ms,omitempty"`
	Tries     int    `json:"tries"`
	Why       string `json:"why,omitempty"` // why the last try failed
	Result    int    `json:"result"`
	File      bool   `json:"file"` // there is a result to get

	id string
}

// New makes the folders and reads what was left undone.
func New(c Config) (*Courier, error) {
	if c.Folder == "" || c.Inbox == nil || c.Fetcher == nil {
		return nil, errors.New("courier: a folder, an inbox and a fetcher are needed")
	}
	def := func(d *time.Duration, v time.Duration) {
		if *d <= 0 {
			*d = v
		}
	}
	def(&c.GiveUp, 24*time.Hour)
	def(&c.Base, 5*time.Second)
	def(&c.Cap, 10*time.Minute)
	def(&c.Keep, 7*24*time.Hour)
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	k := &Courier{cfg: c, wake: make(chan struct{}, 1), stats: newCounters(), waiting: map[string]*command{}}
	for _, dir := range []string{commandsDir, fetchedDir, resultsDir} {
		if err := os.MkdirAll(k.path(dir), 0o700); err != nil {
			return nil, fmt.Errorf("courier: %w", err)
		}
	}
	var err error
	if k.relations, err = openJournal(k.path(relationsDir), k.path(takenDir), k.stats); err != nil {
		return nil, fmt.Errorf("courier: %w", err)
	}
	files, err := os.ReadDir(k.path(commandsDir))
	if err != nil {
		return nil, fmt.Errorf("courier: %w", err)
	}
	for _, f := range files {
		id, ours := strings.CutSuffix(f.Name(), ".json")
		if !ours {
			continue
		}
		cmd, err := k.read(id)
		if err != nil {
			c.Log.Error("a command cannot be read and is left alone", "file", f.Name(), "error", err)
			continue
		}
		if cmd.State == stateNew || cmd.State == stateDone {
			k.waiting[id] = cmd
		}
	}
	return k, nil
}

func (k *Courier) path(parts ...string) string {
	return filepath.Join(append([]string{k.cfg.Folder}, parts...)...)
}

// idOf names a command, or a relation.
func idOf(parts ...string) string {
	sum := sha256.New()
	for _, p := range parts {
		fmt.Fprintf(sum, "%d:%s", len(p), p)
	}
	return hex.EncodeToString(sum.Sum(nil)[:16])
}

func (k *Courier) read(id string) (*command, error) {
	b, err := os.ReadFile(k.path(commandsDir, id+".json"))
	if err != nil {
		return nil, err
	}
	cmd := &command{id: id}
	return cmd, json.Unmarshal(b, cmd)
}

// keepLocked writes a command; k.mu is held. Memory follows the disk.
func (k *Courier) keepLocked(cmd *command) error {
	b, err := json.MarshalIndent(cmd, "", " ")
	if err != nil {
		return err
	}
	if err := durable.WriteFile(k.path(commandsDir, cmd.id+".json"), b); err != nil {
		return err
	}
	if cmd.State == stateNew || cmd.State == stateDone {
		k.waiting[cmd.id] = cmd
	} else {
		delete(k.waiting, cmd.id)
	}
	return nil
}

// Wake says that there may be something to do. It never waits.
func (k *Courier) Wake() {
	select {
	case k.wake <- struct{}{}:
	default:
	}
}

const (
	// gatherFor is how long relations are gathered before they are taken in.
	gatherFor = time.Second
	// pruneEvery is how often what is over is forgotten.
	pruneEvery = time.Hour
)

// Run sees everything through until ctx ends, whose error it returns.
func (k *Courier) Run(ctx context.Context) error {
	tick := time.NewTicker(gatherFor)
	defer tick.Stop()
	var working sync.WaitGroup
	defer working.Wait()
	working.Go(func() {
		for k.relay(ctx, tick.C) {
			if err := k.TakeRelations(ctx); err != nil && ctx.Err() == nil {
				k.cfg.Log.Error("relations could not be taken in and are tried again", "error", err)
			}
		}
	})
	working.Go(func() { k.prune(ctx) })
	every := time.NewTicker(k.cfg.Base)
	defer every.Stop()
	for {
		k.Pass(ctx)
		select {
		case <-k.wake:
		case <-every.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// prune prunes now and again until ctx ends.
func (k *Courier) prune(ctx context.Context) {
	tick := time.NewTicker(pruneEvery)
	defer tick.Stop()
	for {
		commands, relations, err := k.Prune()
		if err != nil {
			k.cfg.Log.Error("what is over could not be forgotten; it is tried again in an hour", "error", err)
		}
		if commands+relations > 0 {
			k.cfg.Log.Info("what is over is forgotten", "commands", commands, "relations", relations)
		}
		if !k.relay(ctx, tick.C) {
			return
		}
	}
}

func (k *Courier) relay(ctx context.Context, tick <-chan time.Time) bool {
	select {
	case <-tick:
		return true
	case <-ctx.Done():
		return false
	}
}

// Results is the file with the answer to a command; fs.ErrNotExist if there is
// none of that id.
func (k *Courier) Results(id string) (*os.File, error) {
	if b, err := hex.DecodeString(id); err != nil || len(b) != 16 || strings.ToLower(id) != id {
		return nil, fs.ErrNotExist
	}
	return os.Open(k.path(resultsDir, id+".xml"))
}
