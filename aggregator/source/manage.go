package source

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"iptvdc/aggregator"
	"iptvdc/aggregator/indicator"
	"iptvdc/aggregator/settings"
	"iptvdc/aggregator/store"
)

// staged is the folder of uploads that nobody has made a source of yet, uploaded the
// name of the file that a source was read from.
const (
	staged    = ".staged"
	uploaded  = "upload"
	stageLife = time.Hour
	maxStaged = 10
)

// View is a source as somebody sees it.
type View struct {
	Name    string         `json:"name"`
	Title   indicator.Text `json:"title"`
	Kind    Kind           `json:"kind"`
	Owner   string         `json:"owner"`
	Version int64          `json:"version"` // that holds; 0: none yet
	// Rows of it; 0 to who neither manages it nor sees all provinces.
	Rows int64 `json:"rows"`
	// Rejected rows of the version that holds.
	Rejected int64            `json:"rejected"`
	At       indicator.Moment `json:"at"` // when it was read
	Tried    indicator.Moment `json:"tried"`
	Due      indicator.Moment `json:"due"`
	// Fault is why the latest reading failed; "": it did not. Only who manages it is told
	// more than that.
	Fault string `json:"fault"`
	// Dated, Placed and Dimensions are as in indicator.SourceInfo, Scope where whoever asks sees
	// its rows.
	Dated      bool           `json:"dated"`
	Placed     bool           `json:"placed"`
	Dimensions []store.Column `json:"dimensions"`
	Figures    []string       `json:"figures"`
	Provinces  []string       `json:"provinces"`
	All        bool           `json:"all"`
	// Manages: whoever asks may change, read and remove it.
	Manages bool `json:"manages"`
}

// Version is one that is kept.
type Version struct {
	Version int64            `json:"version"`
	At      indicator.Moment `json:"at"`
	By      string           `json:"by"`
	Bytes   int64            `json:"bytes"`
	Holds   bool             `json:"holds"`
	Read    Read             `json:"read"`
}

// Details are what its managers see of a source beside the View: fields of rows may
// stand in faults, whatever province they are of.
type Details struct {
	View       View       `json:"view"`
	Definition Definition `json:"definition"`
	HasSecret  bool       `json:"has_secret"`
	Versions   []Version  `json:"versions"`
	// Failed is what the latest reading said of rows, if it failed.
	Failed *Read `json:"failed,omitempty"`
}

// manages reports whether somebody may do with a source what its owner may. Who looks
// through others' eyes changes nothing.
func manages(p settings.Principal, one *settings.Source) bool {
	return p.Powers.Has(settings.MakeSources) && p.By == "" && (one.Owner == p.Name || p.Powers.Has(settings.Administer))
}

// find returns a source that somebody manages; of others it is told as of those that
// are not there.
func (s *Shelf) find(ctx context.Context, p settings.Principal, name string) (settings.Source, error) {
	one, err := s.c.Book.Source(ctx, name)
	if err == nil && !manages(p, &one) {
		err = faultf("not_found", "There is no data source %q that you may manage.", clip(name))
	}
	return one, err
}

func moment(t time.Time) indicator.Moment {
	if t.IsZero() {
		return 0
	}
	return indicator.Moment(t.UnixMilli())
}

// List lists the sources that somebody sees or manages, by name.
func (s *Shelf) List(ctx context.Context, p settings.Principal) ([]View, error) {
	all, err := s.c.Book.Sources(ctx)
	if err != nil {
		return nil, err
	}
	out := []View{}
	for _, one := range all {
		if !manages(p, &one) && p.Grants.Of(aggregator.DataOfSource(one.Name)).Empty() {
			continue
		}
		v, err := s.view(ctx, p, &one)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, nil
}

func (s *Shelf) view(ctx context.Context, p settings.Principal, one *settings.Source) (View, error) {
	d, err := definition(one)
	if err != nil {
		return View{}, err
	}
	scope := p.Grants.Of(aggregator.DataOfSource(one.Name))
	v := View{Name: one.Name, Title: d.Title, Kind: d.Kind, Owner: one.Owner, Version: one.Version, Tried: moment(one.Tried), Due: moment(one.Due),
		Fault: one.Fault, Manages: manages(p, one), All: scope.All, Provinces: []string{}, Dimensions: []store.Column{}, Figures: []string{}}
	for _, province := range scope.Provinces {
		v.Provinces = append(v.Provinces, province.String())
	}
	versions, err := s.c.Book.SourceVersions(ctx, one.Name)
	if err != nil {
		return v, err
	}
	for _, o := range versions {
		if o.Version == one.Version {
			v.At, v.Rows, v.Rejected = moment(o.At), o.Rows, o.Rejected
		}
	}
	if !v.Manages && !v.All { // of other provinces' rows not even how many they are
		v.Rows, v.Rejected = 0, 0
	}
	if !v.Manages && v.Fault != "" { // it may quote a row
		v.Fault = "It could not be read the last time."
	}
	for _, info := range indicator.Sources() {
		if info.Name != one.Name {
			continue
		}
		v.Dated, v.Placed = info.Dated, info.Placed
		v.Dimensions = append(v.Dimensions, info.Dimensions...)
		for _, m := range info.Measures {
			v.Figures = append(v.Figures, info.IDOf(m))
		}
	}
	return v, nil
}

// Details returns all of a source that somebody manages. Its secret is never among it.
func (s *Shelf) Details(ctx context.Context, p settings.Principal, name string) (*Details, error) {
	one, err := s.find(ctx, p, name)
	if err != nil {
		return nil, err
	}
	d, err := definition(&one)
	if err != nil {
		return nil, err
	}
	out := &Details{Definition: *d, HasSecret: len(one.Secret) > 0, Versions: []Version{}}
	if out.View, err = s.view(ctx, p, &one); err != nil {
		return nil, err
	}
	versions, err := s.c.Book.SourceVersions(ctx, name)
	if err != nil {
		return nil, err
	}
	for _, v := range versions {
		w := Version{Version: v.Version, At: moment(v.At), By: v.By, Bytes: v.Bytes, Holds: v.Version == one.Version}
		if err := json.Unmarshal(v.Told, &w.Read); err != nil {
			return nil, fmt.Errorf("source %s: %w", name, err)
		}
		out.Versions = append(out.Versions, w)
	}
	if len(one.Told) > 0 {
		out.Failed = new(Read)
		if err := json.Unmarshal(one.Told, out.Failed); err != nil {
			return nil, fmt.Errorf("source %s: %w", name, err)
		}
	}
	return out, nil
}

var errNoMaker = faultf("forbidden", "You may not bring data sources; whoever manages your account can give you the power.")

func maker(p settings.Principal) error {
	if !p.Powers.Has(settings.MakeSources) || p.By != "" {
		return errNoMaker
	}
	return nil
}

var stageName = regexp.MustCompile(`^[a-z0-9]{26}$`)

func (s *Shelf) stagedFile(upload string) (string, error) {
	if !stageName.MatchString(upload) {
		return "", faultf("bad_upload", "upload: %q is none; upload the file first.", clip(upload))
	}
	return filepath.Join(s.c.Dir, staged, upload), nil
}

// Stage keeps a file for an hour, for a source to be made or read again of it, and says
// what it seems to hold. Its name opens it to whoever makes sources.
func (s *Shelf) Stage(ctx context.Context, p settings.Principal, body io.Reader, sheet string) (upload string, _ *Preview, err error) {
	if err := maker(p); err != nil {
		return "", nil, err
	}
	if err := s.tidy(); err != nil {
		return "", nil, err
	}
	upload = strings.ToLower(rand.Text())
	path, err := s.stagedFile(upload)
	if err != nil {
		return "", nil, err
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if err != nil {
		return "", nil, fmt.Errorf("source: %w", err)
	}
	defer func() {
		closed := f.Close()
		if err != nil {
			err = errors.Join(err, os.Remove(path))
		} else {
			err = closed
		}
	}()
	n, err := io.Copy(f, io.LimitReader(body, MaxBytes+1))
	if err != nil {
		return "", nil, unreadable(err)
	}
	if n > MaxBytes {
		return "", nil, faultf("too_large", "The file has more than %d MB; leave columns or rows out.", MaxBytes>>20)
	}
	r, serial, err := openFile(f, n, sheet)
	if err != nil {
		return "", nil, err
	}
	seen, err := preview(r, serial)
	return upload, seen, err
}

// tidy removes uploads of which nothing was made, and the oldest where there are many.
func (s *Shelf) tidy() error {
	files, err := os.ReadDir(filepath.Join(s.c.Dir, staged))
	if err != nil {
		return fmt.Errorf("source: %w", err)
	}
	type old struct {
		name string
		at   time.Time
	}
	var all []old
	for _, f := range files {
		if info, err := f.Info(); err == nil {
			all = append(all, old{f.Name(), info.ModTime()})
		}
	}
	slices.SortFunc(all, func(a, b old) int { return b.at.Compare(a.at) })
	for n, f := range all {
		if n >= maxStaged-1 || time.Since(f.at) > stageLife {
			if err := os.Remove(filepath.Join(s.c.Dir, staged, f.name)); err != nil && !errors.Is(err, os.ErrNotExist) {
				return fmt.Errorf("source: %w", err)
			}
		}
	}
	return nil
}

// Try asks a source that is no upload and says what it seems to hold; nothing is kept.
// Without a secret that of the source of this name is used, if it is asked at the same
// place: a secret goes nowhere but where it was given for.
func (s *Shelf) Try(ctx context.Context, p settings.Principal, d *Definition, secret string) (*Preview, error) {
	if err := maker(p); err != nil {
		return nil, err
	}
	if d.Kind == KindUpload {
		return nil, faultf("bad_source", "kind: an upload is looked at when it is uploaded.")
	}
	if !slices.Contains(Kinds(), d.Kind) {
		return nil, faultf("bad_source", "kind: there is no %q; allowed: %v.", clip(string(d.Kind)), Kinds())
	}
	if err := d.checkOrigin(); err != nil {
		return nil, err
	}
	if secret == "" && d.Name != "" {
		if one, err := s.find(ctx, p, d.Name); err == nil {
			if secret, err = s.secretFor(&one, d); err != nil {
				return nil, err
			}
		}
	}
	r, serial, done, err := s.open(ctx, d, secret, "")
	if err != nil {
		return nil, errors.Join(err, done())
	}
	seen, err := preview(r, serial)
	return seen, errors.Join(err, done())
}

// secretFor is the secret that is kept, if d is asked where it was given for.
func (s *Shelf) secretFor(one *settings.Source, d *Definition) (string, error) {
	was, err := definition(one)
	if err != nil {
		return "", err
	}
	if was.Kind != d.Kind || was.Address != d.Address || was.User != d.User || was.Database != d.Database || was.TLS != d.TLS {
		return "", nil
	}
	return s.key().open(one.Name, one.Secret)
}

// Add makes a source, reads it, and has it hold; if it cannot be read there is none.
func (s *Shelf) Add(ctx context.Context, p settings.Principal, d *Definition, secret, upload string) error {
	if err := maker(p); err != nil {
		return err
	}
	if err := d.Check(); err != nil {
		return err
	}
	if (d.Kind == KindUpload) != (upload != "") {
		return faultf("bad_upload", "upload: an upload, and no other kind, is made of a file that was uploaded.")
	}
	if err := s.begin(d.Name); err != nil {
		return err
	}
	defer s.end(d.Name)
	b, err := s.read(ctx, d, secret, upload)
	if err != nil {
		return err
	}
	one := settings.Source{Name: d.Name, Due: s.due(d)}
	if one.Definition, err = json.Marshal(d); err != nil {
		return err
	}
	if one.Secret, err = s.key().seal(d.Name, secret); err != nil {
		return err
	}
	if err := s.c.Book.AddSource(ctx, p, one, MaxSources); err != nil {
		return err
	}
	if err := s.keep(ctx, p, d, b, upload, true); err != nil {
		return errors.Join(err, s.fail(context.WithoutCancel(ctx), p, d, b, err, true))
	}
	return s.Sync(ctx)
}

// Change says anew what a source is, and reads it again. secret nil leaves the secret as
// it is, unless the source is asked elsewhere from now on: then there is none. If it
// cannot be read, the version before goes on to hold and the fault is the source's.
func (s *Shelf) Change(ctx context.Context, p settings.Principal, d *Definition, secret *string, upload string) error {
	one, err := s.find(ctx, p, d.Name)
	if err != nil {
		return err
	}
	if err := d.Check(); err != nil {
		return err
	}
	was, err := definition(&one)
	if err != nil {
		return err
	}
	switch {
	case was.Kind != d.Kind:
		return faultf("bad_source", "kind: a source stays what it is; make another one.")
	case upload != "" && d.Kind != KindUpload:
		return faultf("bad_upload", "upload: a %s source has no file.", d.Kind)
	}
	if secret == nil {
		kept, err := s.secretFor(&one, d) // by what it was until now
		if err != nil {
			return err
		}
		secret = &kept
	}
	if one.Definition, err = json.Marshal(d); err != nil {
		return err
	}
	if one.Secret, err = s.key().seal(d.Name, *secret); err != nil {
		return err
	}
	one.Due = s.due(d)
	if err := s.c.Book.ChangeSource(ctx, p, one); err != nil {
		return err
	}
	return s.refresh(ctx, p, d.Name, upload, true)
}

// Refresh reads a source again, an upload of another file.
func (s *Shelf) Refresh(ctx context.Context, p settings.Principal, name, upload string) error {
	one, err := s.find(ctx, p, name)
	if err != nil {
		return err
	}
	d, err := definition(&one)
	if err != nil {
		return err
	}
	if d.Kind != KindUpload && upload != "" {
		return faultf("bad_upload", "upload: a %s source has no file.", d.Kind)
	}
	return s.refresh(ctx, p, name, upload, true)
}

// Restore has a version hold that is kept.
func (s *Shelf) Restore(ctx context.Context, p settings.Principal, name string, version int64) error {
	if _, err := s.find(ctx, p, name); err != nil {
		return err
	}
	t, err := OpenTable(s.file(name, version))
	if errors.Is(err, os.ErrNotExist) {
		return faultf("not_found", "The data source has no version %d, or no more.", version)
	}
	if err != nil {
		return faultf("bad_version", "Version %d is damaged; take another.", version)
	}
	if err := t.Close(); err != nil {
		return err
	}
	if err := s.c.Book.UseSourceVersion(ctx, p, name, version); err != nil {
		return err
	}
	return s.Sync(ctx)
}

// Remove removes a source, its versions, its file and its secret.
func (s *Shelf) Remove(ctx context.Context, p settings.Principal, name string) error {
	if _, err := s.find(ctx, p, name); err != nil {
		return err
	}
	if err := s.begin(name); err != nil {
		return err
	}
	defer s.end(name)
	if err := s.c.Book.RemoveSource(ctx, p, name); err != nil {
		return err
	}
	if err := s.Sync(ctx); err != nil {
		return err
	}
	if err := os.RemoveAll(filepath.Join(s.c.Dir, name)); err != nil {
		return fmt.Errorf("source: %w", err)
	}
	return nil
}

// Infos lists the declared sources that somebody sees, by name.
func Infos(g aggregator.Grants) []indicator.SourceInfo {
	all := slices.DeleteFunc(indicator.Sources(), func(i indicator.SourceInfo) bool {
		scope := g.Of(aggregator.DataOfSource(i.Name))
		return scope.Empty() || !i.Placed && !scope.All
	})
	slices.SortFunc(all, func(a, b indicator.SourceInfo) int { return cmp.Compare(a.Name, b.Name) })
	return all
}
