package source

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"time"

	"iptvdc/aggregator"
	"iptvdc/aggregator/indicator"
	"iptvdc/aggregator/settings"
	"iptvdc/aggregator/store"
)

// Book keeps what sources are; settings.Settings does.
type Book interface {
	Sources(ctx context.Context) ([]settings.Source, error)
	Source(ctx context.Context, name string) (settings.Source, error)
	SourceChange(ctx context.Context) (int64, error)
	SourceVersions(ctx context.Context, name string) ([]settings.SourceVersion, error)
	AddSource(ctx context.Context, p settings.Principal, one settings.Source, most int) error
	ChangeSource(ctx context.Context, p settings.Principal, one settings.Source) error
	RemoveSource(ctx context.Context, p settings.Principal, name string) error
	NextSourceVersion(ctx context.Context, name string) (int64, error)
	SourceRead(ctx context.Context, p settings.Principal, name string, v settings.SourceVersion, due time.Time, keep int, noted bool) ([]int64, error)
	SourceFailed(ctx context.Context, p settings.Principal, name, fault string, told []byte, due time.Time, noted bool) error
	UseSourceVersion(ctx context.Context, p settings.Principal, name string, version int64) error
}

// Config is what a Shelf needs. Changed may be nil.
type Config struct {
	// Dir holds a folder a source with its versions; Key is the file of the key that
	// seals secrets.
	Dir   string
	Key   string
	Book  Book
	Reach Reach
	Now   func() time.Time
	// Changed is called when sources are others than before, also by another process, with
	// the names of those of which other rows hold. It must not wait.
	Changed func(names []string)
	Log     *slog.Logger
}

// Shelf holds all own data sources: it reads them, keeps their versions, declares their
// figures to indicator, and answers questions over them. Safe for concurrent use; what
// another process does with the same folder and book it sees at the next Sync.
//
// A version is one file that is written whole before the book tells of it; a crash
// leaves the version before, and at most a file that nobody knows, which the next
// reading of the source removes.
type Shelf struct {
	c Config

	mu      sync.Mutex
	change  int64            // of the book, as seen last
	holds   map[string]int64 // versions by source
	reading map[string]bool
	stats   Stats
}

// Stats count since the start.
type Stats struct {
	Refreshes, Failures int64 // readings that gave a version, and that did not
	Rejected            int64 // rows
	Sources, Failing    int   // now; of the latter the latest reading failed
	// OldestMs is when what the stalest source with a schedule holds was read; 0: there
	// is none.
	OldestMs int64
}

// Open makes the folder and declares what is there.
func Open(ctx context.Context, c Config) (*Shelf, error) {
	if err := c.Reach.Check(); err != nil {
		return nil, fmt.Errorf("sources.allow: %w", err)
	}
	if err := os.MkdirAll(filepath.Join(c.Dir, staged), 0o700); err != nil {
		return nil, fmt.Errorf("source: %w", err)
	}
	s := &Shelf{c: c, change: -1, holds: map[string]int64{}, reading: map[string]bool{}}
	return s, s.Sync(ctx)
}

// Stats returns the counts.
func (s *Shelf) Stats() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.stats
}

func (s *Shelf) file(name string, version int64) string {
	return filepath.Join(s.c.Dir, name, strconv.FormatInt(version, 10)+".src")
}

// Sync declares what the book says, if it has changed since.
func (s *Shelf) Sync(ctx context.Context) error {
	change, err := s.c.Book.SourceChange(ctx)
	if err != nil {
		return err
	}
	s.mu.Lock()
	if s.change == change {
		s.mu.Unlock()
		return nil
	}
	defer s.mu.Unlock()
	all, err := s.c.Book.Sources(ctx)
	if err != nil {
		return err
	}
	var infos []indicator.SourceInfo
	holds := map[string]int64{}
	s.stats.Sources, s.stats.Failing, s.stats.OldestMs = len(all), 0, 0
	for _, one := range all {
		if one.Fault != "" {
			s.stats.Failing++
		}
		if one.Version == 0 {
			continue
		}
		info, err := s.declare(ctx, &one)
		if err != nil { // the others go on to be answered
			s.stats.Failing++
			s.c.Log.Error("a data source cannot be read; go back to another version of it, or read it again", "source", one.Name, "why", err)
			continue
		}
		if !one.Due.IsZero() && (s.stats.OldestMs == 0 || info.AtMs < s.stats.OldestMs) {
			s.stats.OldestMs = info.AtMs
		}
		infos, holds[one.Name] = append(infos, info), one.Version
	}
	indicator.UseSources(infos)
	var names []string
	for name := range holds {
		if s.holds[name] != holds[name] {
			names = append(names, name)
		}
	}
	for name := range s.holds {
		if _, still := holds[name]; !still {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	s.change, s.holds = change, holds
	if s.c.Changed != nil {
		s.c.Changed(names)
	}
	return nil
}

func (s *Shelf) declare(ctx context.Context, one *settings.Source) (indicator.SourceInfo, error) {
	d, err := definition(one)
	if err != nil {
		return indicator.SourceInfo{}, err
	}
	t, err := OpenTable(s.file(one.Name, one.Version))
	if err != nil {
		return indicator.SourceInfo{}, err
	}
	defer func() { _ = t.Close() }()
	info := Info(d, t.Columns())
	info.Rows, info.Fault = t.Rows(), one.Fault
	versions, err := s.c.Book.SourceVersions(ctx, one.Name)
	for _, v := range versions {
		if v.Version == one.Version {
			info.AtMs = v.At.UnixMilli()
		}
	}
	return info, err
}

func definition(one *settings.Source) (*Definition, error) {
	d := new(Definition)
	if err := json.Unmarshal(one.Definition, d); err != nil {
		return nil, fmt.Errorf("source %s: %w", one.Name, err)
	}
	return d, nil
}

// QuerySource implements indicator.OwnSources.
func (s *Shelf) QuerySource(ctx context.Context, name string, q store.Query) ([]store.Row, error) {
	s.mu.Lock()
	version, ok := s.holds[name]
	s.mu.Unlock()
	if !ok {
		return nil, faultf("bad_indicator", "There is no data source %s any more.", clip(name))
	}
	t, err := OpenTable(s.file(name, version))
	if err != nil {
		return nil, err
	}
	defer func() { _ = t.Close() }()
	return t.Query(ctx, q)
}

// SourceTexts implements indicator.OwnSources.
func (s *Shelf) SourceTexts(_ context.Context, keys []uint64) (map[uint64]string, error) {
	texts := map[uint64]string{}
	s.mu.Lock()
	files := make([]string, 0, len(s.holds))
	for name, version := range s.holds {
		files = append(files, s.file(name, version))
	}
	s.mu.Unlock()
	for _, path := range files {
		t, err := OpenTable(path)
		if err != nil {
			return nil, err
		}
		err = t.texts(keys, texts)
		if err := errors.Join(err, t.Close()); err != nil {
			return nil, err
		}
		if len(texts) == len(keys) {
			break
		}
	}
	return texts, nil
}

// begin takes the turn to read a source; a second reader is told so.
func (s *Shelf) begin(name string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.reading[name] {
		return faultf("busy", "The data source is being read already; wait for it.")
	}
	s.reading[name] = true
	return nil
}

func (s *Shelf) end(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.reading, name)
}

// tick is how often the schedule is looked at.
const tick = 5 * time.Second

// Run reads what is due, and sees what other processes change, until ctx ends.
func (s *Shelf) Run(ctx context.Context) {
	t := time.NewTicker(tick)
	defer t.Stop()
	for {
		if err := s.Step(ctx); err != nil && ctx.Err() == nil {
			s.c.Log.Error("data sources", "why", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
	}
}

// Step is one round of Run.
func (s *Shelf) Step(ctx context.Context) error {
	all, err := s.c.Book.Sources(ctx)
	if err != nil {
		return err
	}
	now := s.c.Now()
	for _, one := range all {
		if one.Due.IsZero() || one.Due.After(now) || ctx.Err() != nil {
			continue
		}
		// What failed is in the book, for people to see; the next is read all the same.
		if err := s.refresh(ctx, settings.Principal{}, one.Name, "", false); err != nil {
			s.c.Log.Warn("a data source could not be read; the version before stands", "source", one.Name, "why", err)
		}
	}
	return s.Sync(ctx)
}

// due is when a source is to be read again.
func (s *Shelf) due(d *Definition) time.Time {
	if d.EveryMinutes == 0 {
		return time.Time{}
	}
	return s.c.Now().Add(time.Duration(d.EveryMinutes) * time.Minute)
}

// open finds the rows of a source. upload names a staged file, "": the one kept.
func (s *Shelf) open(ctx context.Context, d *Definition, secret, upload string) (r records, serial bool, done func() error, err error) {
	done = func() error { return nil }
	switch {
	case d.Kind.sql():
		r, err = s.c.Reach.ask(ctx, d, secret)
	case d.Kind == KindHTTP:
		r, err = s.c.Reach.http(ctx, d, secret)
	default:
		path := filepath.Join(s.c.Dir, d.Name, uploaded)
		if upload != "" {
			if path, err = s.stagedFile(upload); err != nil {
				return nil, false, done, err
			}
		}
		f, openErr := os.Open(path)
		if openErr != nil {
			return nil, false, done, faultf("bad_upload", "The file is not here any more; upload it again.")
		}
		done = f.Close
		info, statErr := f.Stat()
		if statErr != nil {
			return nil, false, done, errors.Join(statErr, f.Close())
		}
		r, serial, err = openFile(f, info.Size(), d.Sheet)
	}
	return r, serial, done, err
}

// read reads a source into columns; what was read before a fault is returned with it.
func (s *Shelf) read(ctx context.Context, d *Definition, secret, upload string) (b *builder, err error) {
	r, serial, done, err := s.open(ctx, d, secret, upload)
	if err != nil {
		return nil, errors.Join(err, done())
	}
	defer func() { err = errors.Join(err, done()) }()
	n := 0
	err = r(func(row int64, fields []string, wrong error) error {
		if n++; n%10_000 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		if b == nil {
			var err error
			b, err = newBuilder(d.Columns, slices.Clone(fields), serial)
			return err
		}
		if wrong != nil {
			if b.read.Rows+b.read.Rejected >= MaxRows {
				return faultf("too_large", "It has more than %d rows; take fewer, or add them up before.", MaxRows)
			}
			b.refuse(row, "", "", wrong)
			return nil
		}
		return b.add(row, fields)
	})
	if err != nil {
		return b, err
	}
	return b, b.finish()
}

// refresh reads a source again and has the new version hold. noted writes into the audit
// log.
func (s *Shelf) refresh(ctx context.Context, p settings.Principal, name, upload string, noted bool) error {
	if err := s.begin(name); err != nil {
		return err
	}
	defer s.end(name)
	one, err := s.c.Book.Source(ctx, name)
	if err != nil {
		return err
	}
	d, err := definition(&one)
	if err != nil {
		return err
	}
	var b *builder
	secret, err := s.key().open(name, one.Secret)
	if err == nil {
		b, err = s.read(ctx, d, secret, upload)
	}
	if err == nil {
		err = s.keep(ctx, p, d, b, upload, noted)
	}
	if err != nil {
		// A cancelled request must not leave the schedule as it was.
		return errors.Join(err, s.fail(context.WithoutCancel(ctx), p, d, b, err, noted))
	}
	return s.Sync(ctx)
}

// fail notes that a reading failed.
func (s *Shelf) fail(ctx context.Context, p settings.Principal, d *Definition, b *builder, why error, noted bool) error {
	text := "Something went wrong inside of the aggregator; its log says what."
	var told *aggregator.Error
	if errors.As(why, &told) {
		text = told.Message
	} else {
		s.c.Log.Error("a data source could not be read", "source", d.Name, "why", why)
	}
	var body []byte
	if b != nil {
		var err error
		if body, err = json.Marshal(b.read); err != nil {
			return err
		}
	}
	s.mu.Lock()
	s.stats.Failures++
	s.mu.Unlock()
	if err := s.c.Book.SourceFailed(ctx, p, d.Name, text, body, s.due(d), noted); err != nil {
		return err
	}
	return s.Sync(ctx)
}

// keep writes what was read and has it hold.
func (s *Shelf) keep(ctx context.Context, p settings.Principal, d *Definition, b *builder, upload string, noted bool) (err error) {
	n, err := s.c.Book.NextSourceVersion(ctx, d.Name)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Join(s.c.Dir, d.Name), 0o700); err != nil {
		return fmt.Errorf("source: %w", err)
	}
	path := s.file(d.Name, n)
	size, err := b.write(path)
	if err != nil {
		return fmt.Errorf("source: %w", err)
	}
	if upload != "" {
		// The file that is kept is at least as new as the version that holds.
		from, err := s.stagedFile(upload)
		if err != nil {
			return err
		}
		if err := os.Rename(from, filepath.Join(s.c.Dir, d.Name, uploaded)); err != nil {
			return fmt.Errorf("source: %w", err)
		}
	}
	told, err := json.Marshal(b.read)
	if err != nil {
		return err
	}
	kept, err := s.c.Book.SourceRead(ctx, p, d.Name, settings.SourceVersion{Version: n, At: s.c.Now(), By: p.Name, Rows: b.read.Rows, Rejected: b.read.Rejected, Bytes: size, Told: told}, s.due(d), d.keep(), noted)
	if err != nil {
		return errors.Join(err, os.Remove(path))
	}
	s.mu.Lock()
	s.stats.Refreshes++
	s.stats.Rejected += b.read.Rejected
	s.mu.Unlock()
	return s.prune(d.Name, n, kept)
}

// prune removes the files of versions that are not kept, and of those that a crash left.
func (s *Shelf) prune(name string, newest int64, kept []int64) error {
	files, err := filepath.Glob(filepath.Join(s.c.Dir, name, "*.src"))
	if err != nil {
		return err
	}
	for _, path := range files {
		base := filepath.Base(path)
		n, err := strconv.ParseInt(base[:len(base)-len(".src")], 10, 64)
		if err == nil && n < newest && !slices.Contains(kept, n) {
			if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
				return fmt.Errorf("source: %w", err)
			}
		}
	}
	return nil
}

func (s *Shelf) key() keyFile { return keyFile(s.c.Key) }
