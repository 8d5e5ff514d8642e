// Package inbox takes provinces' files from a folder into the store and answers
// each with a receipt. A file is taken whole or not at all, once, and what a
// crash interrupts goes on at the next start as if nothing had been. DESIGN.md
// says how, and what lies where.
package inbox

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"iptvdc/aggregator"
	"iptvdc/aggregator/c3"
	"iptvdc/aggregator/durable"
	"iptvdc/aggregator/store"
)

// Config is what an Inbox needs. Zero values take the defaults named.
type Config struct {
	// Folder has a folder a province, named by its two digits, and dialects/.
	// What is missing is made.
	Folder string
	Store  store.Feeds
	// Secrets turn accounts and STBIDs into pseudonyms.
	Secrets aggregator.Secrets
	// Meaning says what an object of a catalogue means by the dictionaries; nil:
	// nothing is known.
	Meaning Meaning

	// Settle is how long a file without a manifest must not have changed; zero:
	// 5 seconds. ManifestGrace is how long a manifest may come after its file;
	// zero: 15 minutes.
	Settle, ManifestGrace time.Duration
	// Every is how often folders are looked at; zero: 1 second.
	Every time.Duration
	// MaxBytes is the largest file, also once unpacked; zero: 8 GiB.
	MaxBytes int64
	// AtOnce is how many provinces are worked on at once; zero: 2.
	AtOnce int

	// Taken is called after a file was judged and its receipt written; nil: no.
	// It must not wait.
	Taken func(c3.Receipt)
	// Now is the clock; nil: the real one.
	Now func() time.Time
	// Came is when a file came, as Moved; it is late or not by that, and never later
	// than it is taken. nil: when it is taken, so that what came while nothing ran
	// would be late.
	Came func(fs.FileInfo) time.Time
	Log  *slog.Logger
}

// Meaning says what objects of a catalogue mean.
type Meaning interface {
	// Normal returns what an object means, and codes with those behind its keys
	// appended. It keeps neither codes nor the object.
	Normal(codes []store.Code, p aggregator.Province, o *c3.Object) (store.Normal, []store.Code)
}

// maxRetry is the longest wait between tries of a file that could not be taken
// for a reason of ours.
const maxRetry = 10 * time.Minute

// Inbox takes files in. Safe for concurrent use.
type Inbox struct {
	cfg   Config
	disk  disk
	slots chan struct{} // a token each for AtOnce provinces
	since time.Time     // when it was made
	stats stats

	mu       sync.Mutex
	dialects dialects
	desks    map[aggregator.Province]*desk
}

// disk is what is written to the file system, so that tests can stop at any step.
type disk interface {
	Rename(from, to string) error
	WriteFile(path string, b []byte) error
}

type realDisk struct{}

func (realDisk) Rename(from, to string) error          { return os.Rename(from, to) }
func (realDisk) WriteFile(path string, b []byte) error { return durable.WriteFile(path, b) }

// New makes the folders and reads the dialects. A dialect that cannot be read
// holds its province's files back until it can: see Stats.
func New(ctx context.Context, c Config) (*Inbox, error) {
	if c.Folder == "" || c.Store == nil {
		return nil, errors.New("inbox: a folder and a store are needed")
	}
	def := func(d *time.Duration, v time.Duration) {
		if *d <= 0 {
			*d = v
		}
	}
	def(&c.Settle, 5*time.Second)
	def(&c.ManifestGrace, 15*time.Minute)
	def(&c.Every, time.Second)
	if c.MaxBytes <= 0 {
		c.MaxBytes = 8 << 30
	}
	if c.AtOnce <= 0 {
		c.AtOnce = 2
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	i := &Inbox{cfg: c, disk: realDisk{}, slots: make(chan struct{}, c.AtOnce), since: c.Now(), desks: map[aggregator.Province]*desk{}}
	for _, r := range aggregator.Regions() {
		if len(r.Code) != 2 {
			continue
		}
		if err := os.MkdirAll(filepath.Join(c.Folder, r.Code, inDir), 0o700); err != nil {
			return nil, fmt.Errorf("inbox: %w", err)
		}
		i.desks[r.Province()] = newDesk(i, r.Province())
	}
	if err := os.MkdirAll(filepath.Join(c.Folder, dialectsDir), 0o700); err != nil {
		return nil, fmt.Errorf("inbox: %w", err)
	}
	i.refresh()
	return i, i.recall(ctx)
}

// Run looks at all folders again and again until ctx ends, whose error it
// returns. A file that is being taken then is given up, and begun again at the
// next start.
func (i *Inbox) Run(ctx context.Context) error {
	tick := time.NewTicker(i.cfg.Every)
	defer tick.Stop()
	var working sync.WaitGroup
	defer working.Wait()
	for {
		i.refresh()
		for _, d := range i.all() {
			if !d.busy.CompareAndSwap(false, true) {
				continue
			}
			working.Go(func() {
				defer d.busy.Store(false)
				select {
				case i.slots <- struct{}{}:
					d.pass(ctx)
					<-i.slots
				case <-ctx.Done():
				}
			})
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Pass looks at every folder once and takes what is complete.
func (i *Inbox) Pass(ctx context.Context) {
	i.refresh()
	for _, d := range i.all() {
		d.pass(ctx)
	}
}

// all are the desks in the order of their provinces.
func (i *Inbox) all() []*desk {
	i.mu.Lock()
	defer i.mu.Unlock()
	all := make([]*desk, 0, len(i.desks))
	for _, d := range i.desks {
		all = append(all, d)
	}
	slices.SortFunc(all, func(a, b *desk) int { return int(a.province) - int(b.province) })
	return all
}

// Take takes one file that lies in a province's in folder, at once and without
// waiting that it settles. An error is one of ours: the file stays and is tried
// again.
func (i *Inbox) Take(ctx context.Context, p aggregator.Province, path string) (c3.Receipt, error) {
	d, err := i.desk(p)
	if err != nil {
		return c3.Receipt{}, err
	}
	i.refresh()
	d.mu.Lock()
	defer d.mu.Unlock()
	dia, err := i.dialect(p)
	if err != nil {
		return c3.Receipt{}, err
	}
	info, err := os.Lstat(path)
	if err != nil {
		return c3.Receipt{}, err
	}
	d.manifests = d.findManifests(dia)
	return d.receive(ctx, dia, found{path: path, info: info}, true)
}

// Release lets in a file that waits for an operator, whatever is missing from it.
// An *aggregator.Error says that there is no such file.
func (i *Inbox) Release(ctx context.Context, p aggregator.Province, id [16]byte) (c3.Receipt, error) {
	return i.decide(ctx, p, id, true)
}

// Reject refuses a file that waits for an operator.
func (i *Inbox) Reject(ctx context.Context, p aggregator.Province, id [16]byte) (c3.Receipt, error) {
	return i.decide(ctx, p, id, false)
}

func (i *Inbox) desk(p aggregator.Province) (*desk, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	d, ok := i.desks[p]
	if !ok {
		return nil, &aggregator.Error{Code: "bad_province", Message: p.String() + " is not a province."}
	}
	return d, nil
}

// In is the folder into which a province's files come.
func (i *Inbox) In(p aggregator.Province) string {
	return filepath.Join(i.cfg.Folder, p.String(), inDir)
}
