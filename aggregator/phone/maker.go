package phone

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"sync"
	"time"

	"iptvdc/aggregator"
	"iptvdc/aggregator/durable"
)

// Kind is what is made of an app.
type Kind string

const (
	Android Kind = "android"
	IOS     Kind = "ios"
)

// Build is one that was made.
type Build struct {
	File     string    `json:"file"`
	Kind     Kind      `json:"kind"`
	Revision int64     `json:"revision"`
	Bytes    int64     `json:"bytes"`
	Made     time.Time `json:"made"`
}

// Job is what is being made, or was made last. The zero Job is none yet.
type Job struct {
	App     string `json:"app"`
	Kind    Kind   `json:"kind"`
	Step    int    `json:"step"` // of Steps, from 1
	Steps   int    `json:"steps"`
	Doing   string `json:"doing"`
	Running bool   `json:"running"`
	// Problem is why it failed, File what it made.
	Problem string `json:"problem"`
	File    string `json:"file"`
}

//go:embed icon.png
var defaultIcon []byte

// patience is how long one build may take.
const patience = 3 * time.Minute

// Maker keeps apps in a folder and makes packages of them, one at a time. Safe for
// concurrent use within one process; a second process may list and read, and what both
// change at the same time is whole, of one of them. A crash leaves apps and builds whole;
// what was being made is not there.
type Maker struct {
	folder string
	log    *slog.Logger
	ctx    context.Context
	end    context.CancelFunc

	mu   sync.Mutex // of files, and of the two below
	job  Job
	over chan struct{} // closed when job is done; nil: there was none
}

// Open opens the apps in a folder, which it makes.
func Open(folder string, log *slog.Logger) (*Maker, error) {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, fmt.Errorf("apps: %w", err)
	}
	m := &Maker{folder: folder, log: log}
	m.ctx, m.end = context.WithCancel(context.Background())
	return m, nil
}

// Close ends what is being made and waits for it.
func (m *Maker) Close() error {
	m.end()
	m.wait()
	return nil
}

// wait returns when what is being made is done.
func (m *Maker) wait() {
	m.mu.Lock()
	over := m.over
	m.mu.Unlock()
	if over != nil {
		<-over
	}
}

var errNoServer = &aggregator.Error{Code: "bad_app", Message: "Say first under which address phones reach the server (server: https://data.example)."}

func errNoApp(name string) error { return faultf("not_found", "There is no app %q.", name) }

func (m *Maker) path(name string, more ...string) string {
	return filepath.Join(append([]string{m.folder, name}, more...)...)
}

// Apps returns all of them, by name.
func (m *Maker) Apps() ([]App, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.apps()
}

func (m *Maker) apps() ([]App, error) {
	entries, err := os.ReadDir(m.folder)
	if err != nil {
		return nil, err
	}
	all := []App{}
	for _, e := range entries {
		if !e.IsDir() || !goodName.MatchString(e.Name()) {
			continue
		}
		a, err := m.app(e.Name())
		if err == nil {
			all = append(all, a)
		} else if fault := (*aggregator.Error)(nil); !errors.As(err, &fault) {
			return nil, err
		}
	}
	return all, nil
}

// App returns one; an *aggregator.Error of code not_found says that it is not there.
func (m *Maker) App(name string) (App, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.app(name)
}

func (m *Maker) app(name string) (App, error) {
	var a App
	if !goodName.MatchString(name) {
		return a, errNoApp(name)
	}
	b, err := os.ReadFile(m.path(name, "app.json"))
	if errors.Is(err, fs.ErrNotExist) {
		return a, errNoApp(name)
	}
	if err != nil {
		return a, err
	}
	if err := json.Unmarshal(b, &a); err != nil {
		return a, fmt.Errorf("%s: %w", m.path(name, "app.json"), err)
	}
	return a, a.Check()
}

// Set makes or changes an app, whose Revision it sets; what is the same as before keeps
// its own.
func (m *Maker) Set(a App) (App, error) {
	if a.Starts == nil {
		a.Starts = []Start{}
	}
	if err := a.Check(); err != nil {
		return a, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	before, err := m.app(a.Name)
	fault := (*aggregator.Error)(nil)
	switch {
	case err == nil:
		a.Revision = before.Revision
		if same(&a, &before) {
			return before, nil
		}
	case errors.As(err, &fault):
		all, err := m.apps()
		if err != nil {
			return a, err
		}
		if len(all) >= MaxApps {
			return a, faultf("too_many", "There are %d apps; remove one first.", len(all))
		}
	default:
		return a, err
	}
	a.Revision = before.Revision + 1
	return a, m.write(&a)
}

func same(a, b *App) bool {
	return a.Name == b.Name && a.Title == b.Title && a.Server == b.Server && a.Theme == b.Theme && a.Background == b.Background && slices.Equal(a.Starts, b.Starts)
}

func (m *Maker) write(a *App) error {
	b, err := json.MarshalIndent(a, "", " ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(m.path(a.Name, "builds"), 0o700); err != nil {
		return err
	}
	return durable.WriteFile(m.path(a.Name, "app.json"), b)
}

// SetIcon gives an app its icon, a PNG as of ReadIcon.
func (m *Maker) SetIcon(name string, b []byte) (App, error) {
	if _, err := ReadIcon(b); err != nil {
		return App{}, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	a, err := m.app(name)
	if err != nil {
		return a, err
	}
	if before, err := os.ReadFile(m.path(name, "icon.png")); err == nil && bytes.Equal(before, b) {
		return a, nil
	}
	if err := durable.WriteFile(m.path(name, "icon.png"), b); err != nil {
		return a, err
	}
	a.Revision++
	return a, m.write(&a)
}

func (m *Maker) icon(name string) (*image.NRGBA, error) {
	b, err := os.ReadFile(m.path(name, "icon.png"))
	if errors.Is(err, fs.ErrNotExist) {
		b, err = defaultIcon, nil
	}
	if err != nil {
		return nil, err
	}
	return ReadIcon(b)
}

// Remove takes an app away with its builds, once what is being made is done; its key,
// which is all apps', stays.
func (m *Maker) Remove(name string) error {
	m.wait()
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, err := m.app(name); err != nil {
		return err
	}
	if m.job.Running && m.job.App == name {
		return errBusy
	}
	return os.RemoveAll(m.path(name))
}

// WebIcon returns one of an app's icons for browsers: icon-192.png, icon-512.png,
// icon-maskable.png, icon-touch.png.
func (m *Maker) WebIcon(name, file string) ([]byte, error) {
	draw := webIcons[file]
	m.mu.Lock()
	a, err := m.app(name)
	m.mu.Unlock()
	if err != nil || draw == nil {
		return nil, errors.Join(err, faultf("not_found", "There is no %s.", file))
	}
	icon, err := m.icon(name)
	if err != nil {
		return nil, err
	}
	return encode(draw(icon, &a))
}

// Manifest is the app's web manifest.
func (m *Maker) Manifest(name string) ([]byte, error) {
	a, err := m.App(name)
	if err != nil {
		return nil, err
	}
	icon := func(file, size, purpose string) map[string]string {
		return map[string]string{"src": a.Address() + file, "sizes": size, "type": "image/png", "purpose": purpose}
	}
	return json.Marshal(map[string]any{
		"id": a.Address(), "name": a.Title.ZH + " " + a.Title.EN, "short_name": a.Title.ZH, "lang": "zh-CN", "start_url": a.Address(), "scope": "/", "display": "standalone",
		"theme_color": a.Theme, "background_color": a.Background,
		"icons": []any{icon("icon-192.png", "192x192", "any"), icon("icon-512.png", "512x512", "any"), icon("icon-maskable.png", "512x512", "maskable")},
	})
}

var errBusy = &aggregator.Error{Code: "busy", Message: "Something is being made; wait until it is done."}

// Begin begins to make a package and returns at once; Job tells how it goes.
func (m *Maker) Begin(name string, kind Kind) (Job, error) {
	steps := map[Kind][]string{Android: androidSteps, IOS: iosSteps}[kind]
	if steps == nil {
		return Job{}, faultf("bad_kind", "kind: %q; allowed: android, ios.", string(kind))
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.job.Running {
		return m.job, errBusy
	}
	a, err := m.app(name)
	if err != nil {
		return Job{}, err
	}
	if a.Server == "" {
		return Job{}, errNoServer
	}
	if kind == Android {
		if missing := Missing(); len(missing) > 0 {
			return Job{}, errMissing(missing)
		}
	}
	icon, err := m.icon(name)
	if err != nil {
		return Job{}, err
	}
	m.job = Job{App: name, Kind: kind, Steps: len(steps), Step: 1, Doing: steps[0], Running: true}
	over := make(chan struct{})
	m.over = over
	go func() {
		defer close(over)
		ctx, cancel := context.WithTimeout(m.ctx, patience)
		defer cancel()
		file, err := m.make(ctx, &a, icon, kind, func(n int) {
			m.mu.Lock()
			defer m.mu.Unlock()
			m.job.Step, m.job.Doing = n+1, steps[n]
		})
		m.mu.Lock()
		defer m.mu.Unlock()
		m.job.Running, m.job.File = false, file
		if err != nil {
			m.log.Error("an app was not made", "app", name, "kind", kind, "error", err)
			m.job.Problem = err.Error()
		}
	}()
	return m.job, nil
}

// Job returns what is being made, or was made last since the start.
func (m *Maker) Job() Job {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.job
}

// Make makes a package and returns its file; for programs that wait. Whoever ends ctx
// ends all of m.
func (m *Maker) Make(ctx context.Context, name string, kind Kind) (string, error) {
	if _, err := m.Begin(name, kind); err != nil {
		return "", err
	}
	stop := context.AfterFunc(ctx, m.end)
	defer stop()
	m.wait()
	job := m.Job()
	if job.Problem != "" {
		return "", errors.New(job.Problem)
	}
	return m.path(name, "builds", job.File), nil
}

func (m *Maker) make(ctx context.Context, a *App, icon *image.NRGBA, kind Kind, step func(int)) (string, error) {
	var b []byte
	var err error
	end := ".zip"
	switch kind {
	case IOS:
		b, err = ios(a, icon)
		step(1)
	case Android:
		end = ".apk"
		var k key
		if k, err = openKey(ctx, m.folder); err != nil {
			return "", err
		}
		folder, err2 := os.MkdirTemp(m.folder, ".make-")
		if err2 != nil {
			return "", err2
		}
		defer func() { _ = os.RemoveAll(folder) }() // nothing in it is used again
		b, err = android(ctx, a, icon, k, folder, step)
	}
	if err != nil {
		return "", err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	before, err := m.builds(a.Name)
	if err != nil {
		return "", err
	}
	no := 1
	for _, one := range before {
		n, _ := strconv.Atoi(one.File[:4]) // as of buildFile
		no = max(no, n+1)
	}
	file := fmt.Sprintf("%04d-%s-%s-r%d%s", no%10000, a.Name, kind, a.Revision, end)
	if err := durable.WriteFile(m.path(a.Name, "builds", file), b); err != nil {
		return "", err
	}
	kept := 1
	for _, one := range before { // the newest first
		if one.Kind != kind {
			continue
		}
		if kept++; kept > KeptBuilds {
			if err := os.Remove(m.path(a.Name, "builds", one.File)); err != nil {
				return "", err
			}
		}
	}
	return file, nil
}

// buildFile is how builds are called: number, app, kind, revision.
var buildFile = regexp.MustCompile(`^\d{4}-[a-z][a-z0-9-]*-(android|ios)-r(\d+)\.(apk|zip)$`)

// Builds lists an app's, the newest first.
func (m *Maker) Builds(name string) ([]Build, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, err := m.app(name); err != nil {
		return nil, err
	}
	return m.builds(name)
}

func (m *Maker) builds(name string) ([]Build, error) {
	entries, err := os.ReadDir(m.path(name, "builds"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	all := []Build{}
	for _, e := range slices.Backward(entries) {
		found := buildFile.FindStringSubmatch(e.Name())
		if found == nil {
			continue
		}
		info, err := e.Info()
		if err != nil {
			return nil, err
		}
		revision, err := strconv.ParseInt(found[2], 10, 64)
		if err != nil {
			continue
		}
		all = append(all, Build{e.Name(), Kind(found[1]), revision, info.Size(), info.ModTime()})
	}
	return all, nil
}

// File returns a build.
func (m *Maker) File(name, file string) ([]byte, error) {
	if !goodName.MatchString(name) || !buildFile.MatchString(file) {
		return nil, faultf("not_found", "There is no such file.")
	}
	b, err := os.ReadFile(m.path(name, "builds", file))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, faultf("not_found", "There is no such file; only the last %d of each kind are kept.", KeptBuilds)
	}
	return b, err
}

// Key returns the operator's key and its password as a zip archive, to be kept
// elsewhere. There is none before the first Android package.
func (m *Maker) Key() ([]byte, error) {
	k := key{filepath.Join(m.folder, keyFile), filepath.Join(m.folder, passwordFile)}
	b, err := k.export()
	if errors.Is(err, fs.ErrNotExist) {
		return nil, faultf("not_found", "There is no key yet; it is made with the first Android package.")
	}
	return b, err
}

func sorted(files map[string][]byte) []string { return slices.Sorted(maps.Keys(files)) }
