package inbox

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"iptvdc/aggregator"
	"iptvdc/aggregator/c3"
	"iptvdc/aggregator/store"
	"iptvdc/aggregator/store/duckdb"
	"iptvdc/aggregator/store/storetest"
)

// engines are the stores that every test runs on.
var engines = map[string]func(testing.TB) store.Store{
	"memory": func(testing.TB) store.Store { return storetest.Memory() },
	"duckdb": func(t testing.TB) store.Store {
		s, err := duckdb.Open(filepath.Join(t.TempDir(), "store.duckdb"), duckdb.Options{MemoryBytes: 1 << 30})
		if err != nil {
			t.Fatal(err)
		}
		return s
	},
}

// onEach runs a test on every engine; a short run leaves DuckDB to storetest,
// which shows that engines are alike.
func onEach(t *testing.T, f func(t *testing.T, b *bench)) {
	for name, open := range engines {
		if testing.Short() && name == "duckdb" {
			continue
		}
		t.Run(name, func(t *testing.T) {
			s := open(t)
			t.Cleanup(func() {
				if err := s.Shutdown(); err != nil {
					t.Error(err)
				}
			})
			f(t, newBench(t, s))
		})
	}
}

// bench is an inbox over a folder, with a clock that tests move.
type bench struct {
	testing.TB
	store    store.Feeds
	folder   string
	now      time.Time
	inbox    *Inbox
	receipts []c3.Receipt
	change   func(*Config)
}

// secrets are the same in all tests, so that keys can be compared.
var secrets = aggregator.NewSecrets()

// today is the day tests are built around; its files come at 08:00.
var today = func() aggregator.Day {
	d, err := aggregator.ParseDay("2026-05-03")
	if err != nil {
		panic(err)
	}
	return d
}()

func newBench(t testing.TB, s store.Feeds) *bench {
	t.Helper()
	b := &bench{TB: t, store: s, folder: t.TempDir(), now: time.UnixMilli(today.Start() + 8*aggregator.HourMs)}
	b.open()
	return b
}

// open makes the inbox, as a program that starts does.
func (b *bench) open() {
	b.Helper()
	c := Config{
		Folder: b.folder, Store: b.store, Secrets: secrets, Now: func() time.Time { return b.now },
		Taken: func(r c3.Receipt) { b.receipts = append(b.receipts, r) },
	}
	if b.change != nil {
		b.change(&c)
	}
	var err error
	if b.inbox, err = New(b.Context(), c); err != nil {
		b.Fatal(err)
	}
}

func (b *bench) path(parts ...string) string {
	return filepath.Join(append([]string{b.folder}, parts...)...)
}

// put lays a file into a province's in folder.
func (b *bench) put(province, name, text string) string {
	b.Helper()
	path := b.path(province, inDir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		b.Fatal(err)
	}
	onItsWay := filepath.Join(filepath.Dir(path), "."+filepath.Base(path)) // an inbox may be running
	if err := os.WriteFile(onItsWay, []byte(text), 0o600); err != nil {
		b.Fatal(err)
	}
	if err := os.Chtimes(onItsWay, b.now, b.now); err != nil {
		b.Fatal(err)
	}
	if err := os.Rename(onItsWay, path); err != nil {
		b.Fatal(err)
	}
	return path
}

// settle looks at the folder, lets the time pass after which files have settled,
// and looks again. It returns the receipts since the last settle.
func (b *bench) settle() []c3.Receipt {
	b.Helper()
	b.receipts = nil
	b.inbox.Pass(b.Context())
	b.now = b.now.Add(b.inbox.cfg.Settle)
	b.inbox.Pass(b.Context())
	return b.receipts
}

// wait lets the grace of manifests pass.
func (b *bench) wait() []c3.Receipt {
	b.Helper()
	b.settle()
	b.now = b.now.Add(b.inbox.cfg.ManifestGrace)
	b.inbox.Pass(b.Context())
	return b.receipts
}

// one expects a single receipt.
func (b *bench) one(all []c3.Receipt) c3.Receipt {
	b.Helper()
	if len(all) != 1 {
		b.Fatalf("%d receipts: %s; what lies there:\n%s", len(all), lines(all), b.tree())
	}
	return all[0]
}

// line is a receipt in short.
func line(r c3.Receipt) string {
	s := fmt.Sprintf("%s %s %s: %d = %d + %d + %d", r.File, r.Feed.Word(), r.Outcome.Word(), r.Records, r.Accepted, r.Rejected, r.Repeated)
	var codes []string
	for c, n := range r.Counts {
		codes = append(codes, fmt.Sprintf("%s=%d", c, n))
	}
	slices.Sort(codes)
	return strings.TrimSpace(s + " " + strings.Join(codes, " "))
}

func lines(all []c3.Receipt) string {
	var out []string
	for _, r := range all {
		out = append(out, line(r))
	}
	slices.Sort(out)
	return strings.Join(out, "\n")
}

// expect compares receipts, in any order.
func (b *bench) expect(got []c3.Receipt, want ...string) {
	b.Helper()
	slices.Sort(want)
	if got := lines(got); got != strings.Join(want, "\n") {
		b.Errorf("receipts:\n%s\nwant\n%s", got, strings.Join(want, "\n"))
	}
}

// tree lists every file below the folder but empty folders.
func (b *bench) tree() string {
	b.Helper()
	var all []string
	err := filepath.WalkDir(b.folder, func(path string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			rel, _ := filepath.Rel(b.folder, path)
			all = append(all, rel)
		}
		return err
	})
	if err != nil {
		b.Fatal(err)
	}
	return strings.Join(all, "\n")
}

func (b *bench) expectTree(want ...string) {
	b.Helper()
	slices.Sort(want)
	got := strings.Split(b.tree(), "\n")
	slices.Sort(got)
	if !slices.Equal(got, want) {
		b.Errorf("what lies there:\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func (b *bench) read(parts ...string) string {
	b.Helper()
	text, err := os.ReadFile(b.path(parts...))
	if err != nil {
		b.Fatal(err)
	}
	return string(text)
}

// files are what the store says of all files, latest first.
func (b *bench) files() []store.FileRow {
	b.Helper()
	rows, err := b.store.Files(b.Context(), store.FileQuery{Scope: aggregator.Scope{All: true}})
	if err != nil {
		b.Fatal(err)
	}
	return rows
}

// zj writes a full file of Zhejiang's subscribers with so many accounts, and its
// manifest.
func (b *bench) zj(day aggregator.Day, accounts int) string {
	b.Helper()
	name := "ZJ_IPTV_USER_" + day.Time().Format("20060102") + ".txt"
	b.announced("33", name, zjText(accounts))
	return name
}

func zjText(accounts int) string {
	return zjHeader + zjLines(0, accounts)
}

const zjHeader = "USER_ID|STATUS|AREA_CODE|OPEN_TIME|STOP_TIME|CANCEL_TIME|PROD_ID|STB_ID|MAC|ACCESS\n"

// zjLines are accounts from up to to, to not included.
func zjLines(from, to int) string {
	var text bytes.Buffer
	for n := from; n < to; n++ {
		fmt.Fprintf(&text, "0571%08d|1|0571|20240131120000|||JC001|004003FF0003204018C400%010d|00:1A:2B:3C:4D:5E|ftth\n", n, n)
	}
	return text.String()
}

// announced lays a file with its manifest.
func (b *bench) announced(province, name, text string) {
	b.Helper()
	b.put(province, name, text)
	b.manifest(province, name, text)
}

var errStop = errors.New("the program stops here")

// stopping is a disk that fails at its n-th write, and ever after: the program is
// dead. 0 never fails.
type stopping struct {
	disk
	left *int
}

func (s stopping) step() error {
	if *s.left--; *s.left < 0 {
		return errStop
	}
	return nil
}

func (s stopping) Rename(from, to string) error {
	if err := s.step(); err != nil {
		return err
	}
	return s.disk.Rename(from, to)
}

func (s stopping) WriteFile(path string, text []byte) error {
	if err := s.step(); err != nil {
		return err
	}
	return s.disk.WriteFile(path, text)
}
