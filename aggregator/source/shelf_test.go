package source

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"iptvdc/aggregator"
	"iptvdc/aggregator/indicator"
	"iptvdc/aggregator/settings"
	"iptvdc/aggregator/store/storetest"
)

// shelf is a Shelf over real settings, at a time that tests set.
type shelf struct {
	*Shelf
	t    *testing.T
	dir  string
	book *settings.Settings
	now  atomic.Int64
	// moved are the names told since somebody looked.
	moved []string
}

func newShelf(t *testing.T, allow ...string) *shelf {
	t.Helper()
	s := &shelf{t: t, dir: t.TempDir()}
	s.now.Store(time.Date(2026, 5, 10, 8, 0, 0, 0, aggregator.Shanghai).UnixMilli())
	var err error
	if s.book, err = settings.Open(t.Context(), filepath.Join(s.dir, "settings.sqlite"), s.clock); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.book.Close() })
	t.Cleanup(func() { indicator.UseSources(nil) })
	s.Shelf = s.another(allow...)
	return s
}

func (s *shelf) clock() time.Time { return time.UnixMilli(s.now.Load()) }

func (s *shelf) pass(d time.Duration) { s.now.Add(d.Milliseconds()) }

// another is the Shelf of another process with the same files.
func (s *shelf) another(allow ...string) *Shelf {
	s.t.Helper()
	o, err := Open(s.t.Context(), Config{Dir: filepath.Join(s.dir, "sources"), Key: filepath.Join(s.dir, "key"), Book: s.book, Now: s.clock, Log: slog.New(slog.DiscardHandler),
		Changed: func(names []string) { s.moved = append(s.moved, names...) },
		Reach:   Reach{Allow: allow, Folder: s.dir}})
	if err != nil {
		s.t.Fatal(err)
	}
	return o
}

func (s *shelf) ok(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

func (s *shelf) refused(err error, code, text string) {
	s.t.Helper()
	var fault *aggregator.Error
	if !errors.As(err, &fault) || fault.Code != code || !strings.Contains(fault.Message, text) {
		s.t.Errorf("%v, want %s with %q", err, code, text)
	}
}

// sum asks for the sum of amount of a source over all time.
func (s *shelf) sum(o *Shelf, name string) string {
	s.t.Helper()
	a, err := indicator.Evaluate(s.t.Context(), indicator.Joined(storetest.Memory(), o), aggregator.Scope{All: true},
		&indicator.Request{Indicators: []string{"src." + name + ".amount.sum"}, From: "2026-05-01", To: "2026-05-31"})
	if err != nil {
		return err.Error()
	}
	return fmt.Sprint(a.Rows[0].Values[0], " failing:", a.Sources[0].Failing, " at ", a.Sources[0].At)
}

var (
	root = settings.OfMachine()
	two  = []Column{{Field: "day", Name: "day", Type: TypeDate}, {Field: "amount", Name: "amount", Type: TypeNumber}}
)

func (s *shelf) details(name string) *Details {
	s.t.Helper()
	d, err := s.Details(s.t.Context(), root, name)
	s.ok(err)
	return d
}

// What a service answers is read by schedule; what it answers wrongly leaves the version
// before, says why, and is tried again; the last versions are kept.
func TestSchedule(t *testing.T) {
	body, status, asked, auth := `{"data":{"items":[{"day":"2026-05-03","amount":7}]}}`, 200, 0, ""
	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked++
		auth = r.Header.Get("Authorization")
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}))
	defer service.Close()
	s := newShelf(t, "127.0.0.1")
	d := &Definition{Name: "svc", Title: indicator.Text{EN: "Service"}, Kind: KindHTTP, Address: service.URL, Path: "data.items", EveryMinutes: 15, Keep: 2, Columns: two}
	s.ok(s.Add(t.Context(), root, d, "s3cret-token", ""))
	if auth != "Bearer s3cret-token" {
		t.Errorf("asked with %q", auth)
	}
	want := func(text string) {
		t.Helper()
		if got := s.sum(s.Shelf, "svc"); got != text {
			t.Errorf("%s, want %s", got, text)
		}
	}
	want("7 failing:false at 2026-05-10T08:00:00+08:00")
	s.ok(s.Step(t.Context()))
	if asked != 1 {
		t.Errorf("asked %d times before it was due", asked)
	}

	s.pass(15 * time.Minute)
	body = `{"data":{"items":[{"day":"2026-05-03","amount":8}]}}`
	s.ok(s.Step(t.Context()))
	want("8 failing:false at 2026-05-10T08:15:00+08:00")
	if got := strings.Join(s.moved, " "); got != "svc svc" { // made, and read once more
		t.Errorf("told of %q", got)
	}
	s.moved = nil

	for bad, why := range map[string]string{
		`{"data":{}}`: `has no "items"`, `{"data":{"items":{}}}`: "no JSON list", `{"data":{"items":[]}}`: "is empty", `nonsense`: "has no",
		`{"data":{"items":[{"date":"2026-05-03"}]}}`: `lacks the columns "day", "amount"`, `{"data":{"items":[{"day":"tomorrow","amount":1}]}}`: `1 of 1 rows are wrong`,
	} {
		s.pass(15 * time.Minute)
		body = bad
		before := asked
		s.ok(s.Step(t.Context()))
		want("8 failing:true at 2026-05-10T08:15:00+08:00")
		if got := s.details("svc"); !strings.Contains(got.View.Fault, why) || asked != before+1 {
			t.Errorf("%s: %q, want %q", bad, got.View.Fault, why)
		}
	}
	if s.moved != nil {
		t.Errorf("told of %q, although the version before holds", s.moved)
	}
	s.pass(15 * time.Minute)
	status, body = 503, "busy\nbusy"
	s.ok(s.Step(t.Context()))
	if got := s.details("svc").View.Fault; got != "It answered 503 Service Unavailable: busy busy" {
		t.Errorf("%q", got)
	}
	if got := s.Stats(); got.Failing != 1 || got.Failures != 7 || got.Refreshes != 2 || got.Sources != 1 {
		t.Errorf("%+v", got)
	}

	status = 200
	for n := range 3 {
		s.pass(15 * time.Minute)
		body = fmt.Sprintf(`{"data":{"items":[["day","amount"],["2026-05-03","%d"]]}}`, 20+n)
		s.ok(s.Step(t.Context()))
	}
	got := s.details("svc")
	if len(got.Versions) != 2 || got.Versions[0].Read.Rows != 1 || !got.Versions[0].Holds || got.View.Fault != "" {
		t.Errorf("%+v", got)
	}
	files, err := filepath.Glob(filepath.Join(s.dir, "sources", "svc", "*.src"))
	if err != nil || len(files) != 2 {
		t.Errorf("%v, %v", files, err)
	}

	// What another process does is seen, with the next Sync.
	other := s.another("127.0.0.1")
	s.ok(other.Restore(t.Context(), root, "svc", got.Versions[1].Version))
	s.ok(s.Sync(t.Context()))
	want("21 failing:false at " + got.Versions[1].At.String())
	s.ok(other.Remove(t.Context(), root, "svc"))
	s.ok(s.Sync(t.Context()))
	if got := s.sum(s.Shelf, "svc"); !strings.Contains(got, "there is no") {
		t.Error(got)
	}
}

// A secret is in no file as it is, goes to nobody but where it was given for, and is
// never answered.
func TestSecrets(t *testing.T) {
	const secret = "correct horse battery"
	heard := ""
	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		heard = r.Header.Get("Authorization")
		_, _ = w.Write([]byte(`[{"day":"2026-05-03","amount":1}]`))
	}))
	defer service.Close()
	s := newShelf(t, "127.0.0.1")
	d := &Definition{Name: "svc", Title: indicator.Text{EN: "Service"}, Kind: KindHTTP, Address: service.URL, Columns: two}
	s.ok(s.Add(t.Context(), root, d, secret, ""))
	text, err := json.Marshal(s.details("svc"))
	s.ok(err)
	if strings.Contains(string(text), secret) || !strings.Contains(string(text), `"has_secret":true`) {
		t.Errorf("%s", text)
	}
	err = filepath.WalkDir(s.dir, func(path string, e os.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		if bytes.Contains(b, []byte(secret)) {
			t.Errorf("%s holds the secret", path)
		}
		if info, err := e.Info(); err == nil && info.Mode().Perm()&0o077 != 0 && !strings.Contains(path, "settings.sqlite-") {
			t.Errorf("%s is readable to others: %v", path, info.Mode())
		}
		return err
	})
	s.ok(err)
	s.ok(s.Change(t.Context(), root, d, nil, ""))
	if heard != "Bearer "+secret {
		t.Errorf("%q", heard)
	}
	elsewhere := *d
	elsewhere.Address = service.URL + "/elsewhere"
	if _, err := s.Try(t.Context(), root, &elsewhere, ""); err != nil || heard != "" {
		t.Errorf("the secret goes elsewhere: %q, %v", heard, err)
	}
	s.ok(s.Change(t.Context(), root, &elsewhere, nil, ""))
	if heard != "" || s.details("svc").HasSecret {
		t.Errorf("the secret stays where the address does not: %q", heard)
	}
	// Sealed for one source it opens for no other, and not with another key.
	k := keyFile(filepath.Join(s.dir, "key"))
	sealed, err := k.seal("a", "x")
	s.ok(err)
	if _, err := k.open("b", sealed); err == nil {
		t.Error("a secret of another source")
	}
	if _, err := keyFile(filepath.Join(s.dir, "none")).open("a", sealed); err == nil {
		t.Error("a secret without the key")
	}
	s.ok(os.WriteFile(filepath.Join(s.dir, "other"), []byte(strings.Repeat("ab", 32)), 0o600))
	_, err = keyFile(filepath.Join(s.dir, "other")).open("a", sealed)
	s.refused(err, "secret_lost", "give it again")
}

// Addresses that are not public are refused unless they are allowed, by redirection and
// by name too.
func TestReach(t *testing.T) {
	inside := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(`[{"day":"2026-05-03","amount":1}]`))
	}))
	defer inside.Close()
	s := newShelf(t)
	d := &Definition{Kind: KindHTTP, Address: inside.URL, Columns: two}
	_, err := s.Try(t.Context(), root, d, "")
	s.refused(err, "forbidden_address", "127.0.0.1 is no public address")
	_, port, _ := strings.Cut(strings.TrimPrefix(inside.URL, "http://"), ":")
	for _, host := range []string{"localhost", "[::1]", "0.0.0.0", "[::ffff:127.0.0.1]"} {
		d.Address = "http://" + host + ":" + port
		if _, err := s.Try(t.Context(), root, d, ""); err == nil {
			t.Errorf("%s was asked", host)
		}
	}
	for _, kind := range []Kind{KindPostgres, KindMySQL} {
		_, err := s.Try(t.Context(), root, &Definition{Kind: kind, Address: "127.0.0.1:" + port, Database: "d", User: "u", Query: "SELECT 1"}, "")
		s.refused(err, "forbidden_address", "no public address")
	}
	// 127.0.0.1 is allowed, but what it leads to is not.
	hop := httptest.NewServer(http.RedirectHandler("http://127.0.0.2:"+port, http.StatusFound))
	defer hop.Close()
	s.Shelf = s.another("127.0.0.1")
	d.Address = hop.URL
	_, err = s.Try(t.Context(), root, d, "")
	s.refused(err, "forbidden_address", "127.0.0.2")
	loop := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/", http.StatusFound) }))
	defer loop.Close()
	d.Address = loop.URL
	_, err = s.Try(t.Context(), root, d, "")
	s.refused(err, "fetch_failed", "redirects more than 3 times")
	for _, bad := range []string{"ftp://x/", "http://", "http://u:p@x/", "x", "http://x/#a"} {
		d.Address = bad
		_, err = s.Try(t.Context(), root, d, "")
		s.refused(err, "bad_source", "address")
	}
	for _, bad := range []string{"", "http://x", "10.0.0.0/99", "a b"} {
		if (Reach{Allow: []string{bad}}).Check() == nil {
			t.Errorf("allow %q", bad)
		}
	}
	for address, want := range map[string]bool{"8.8.8.8": true, "2400:3200::1": true, "10.0.0.1": false, "172.16.0.1": false, "192.168.1.1": false, "169.254.169.254": false, "100.100.100.200": false, "fd00::1": false, "fe80::1": false, "224.0.0.1": false, "64:ff9b::a00:1": false} {
		if got := public(mustAddr(t, address)); got != want {
			t.Errorf("%s: public %v", address, got)
		}
	}
}

// A SQLite file is asked by one SELECT that can change nothing, and never outside of its
// folder.
func TestSQLite(t *testing.T) {
	s := newShelf(t)
	path := filepath.Join(s.dir, "shop.db")
	db, err := sql.Open("sqlite", path)
	s.ok(err)
	defer func() { _ = db.Close() }()
	for _, q := range []string{"CREATE TABLE sale (day TEXT, province TEXT, amount REAL)", "INSERT INTO sale VALUES ('2026-05-03', '浙江', 10.25), ('2026-05-04', '33', NULL), ('2026-05-04', '43', 3), ('never', '43', 3)"} {
		_, err := db.Exec(q)
		s.ok(err)
	}
	d := &Definition{Name: "shop", Title: indicator.Text{EN: "Shop"}, Kind: KindSQLite, Address: "shop.db", Query: "SELECT day, province, amount FROM sale -- all; of them\n;",
		Columns: append([]Column{{Field: "province", Name: "province", Type: TypeProvince}}, two...)}
	p, err := s.Try(t.Context(), root, d, "")
	s.ok(err)
	if len(p.Rows) != 4 || p.Columns[0].Type != TypeDate || p.Columns[1].Type != TypeProvince {
		t.Errorf("%+v", p)
	}
	s.ok(s.Add(t.Context(), root, d, "", ""))
	if got := s.details("shop"); got.View.Rows != 3 || got.View.Rejected != 1 || got.Versions[0].Read.Faults[0].Value != "never" {
		t.Errorf("%+v", got)
	}
	if got := s.sum(s.Shelf, "shop"); !strings.HasPrefix(got, "13.25 ") {
		t.Error(got)
	}
	for _, q := range []string{"DELETE FROM sale", "SELECT 1; DELETE FROM sale", "WITH x AS (SELECT 1) DELETE FROM sale", "PRAGMA writable_schema = 1", "ATTACH 'x' AS y", ""} {
		bad := *d
		bad.Query = q
		if err := s.Change(t.Context(), root, &bad, nil, ""); err == nil {
			t.Errorf("%q was run", q)
		}
	}
	var rows int
	s.ok(db.QueryRow("SELECT count(*) FROM sale").Scan(&rows))
	if rows != 4 {
		t.Errorf("%d rows are left", rows)
	}
	for _, name := range []string{"../settings.sqlite", "/etc/passwd", ".hidden", "none.db", ".."} {
		bad := *d
		bad.Address = name
		if _, err := s.Try(t.Context(), root, &bad, ""); err == nil {
			t.Errorf("%q was opened", name)
		}
	}
	s.ok(os.Symlink(filepath.Join(s.dir, "settings.sqlite"), filepath.Join(s.dir, "link.db")))
	bad := *d
	bad.Address = "link.db"
	_, err = s.Try(t.Context(), root, &bad, "")
	s.refused(err, "fetch_failed", "no file")
}

// CheckQuery reads comments and quotes.
func TestCheckQuery(t *testing.T) {
	for query, want := range map[string]bool{
		"SELECT 1": true, " select ';' ": true, "/* DROP; */ WITH a AS (SELECT 1) SELECT * FROM a;": true, "(SELECT 1)": true, "SELECT `a;b`, \"c;d\" -- ;": true,
		"": false, "DROP TABLE x": false, "SELECT 1; SELECT 2": false, "/* SELECT": false, "SELECT '''; ' ; DROP TABLE x": false, "INSERT INTO x SELECT 1": false,
		"SELECT * FROM x INTO OUTFILE '/tmp/x'": false, "SELECT 'into', `into` FROM intoxicated": true,
	} {
		if got := CheckQuery(query) == nil; got != want {
			t.Errorf("%q: %v", query, got)
		}
	}
}

// What a definition may not be is said by name.
func TestDefinitions(t *testing.T) {
	f := func(change func(*Definition), text string) {
		t.Helper()
		d := &Definition{Name: "svc", Title: indicator.Text{EN: "S"}, Kind: KindHTTP, Address: "https://x/y", Columns: append([]Column(nil), two...)}
		change(d)
		var fault *aggregator.Error
		if err := d.Check(); text == "" && err != nil || text != "" && (!errors.As(err, &fault) || !strings.Contains(fault.Message, text)) {
			t.Errorf("%v, want %q", err, text)
		}
	}
	f(func(*Definition) {}, "")
	f(func(d *Definition) { d.Name = "Sales" }, "name:")
	f(func(d *Definition) { d.Title = indicator.Text{} }, "title:")
	f(func(d *Definition) { d.Kind = "fax" }, "kind:")
	f(func(d *Definition) { d.EveryMinutes = 1 }, "every_minutes: 1")
	f(func(d *Definition) { d.Keep = 99 }, "keep:")
	f(func(d *Definition) { d.Query = "SELECT 1" }, "query: a http source has none")
	f(func(d *Definition) { d.Kind = KindPostgres }, "database: a postgres source needs one")
	f(func(d *Definition) { d.TLS = true }, "tls:")
	f(func(d *Definition) { d.Columns = nil }, "columns: 0")
	f(func(d *Definition) { d.Columns[0].Type = TypeSkip; d.Columns[1].Type = TypeSkip }, "all are skipped")
	f(func(d *Definition) { d.Columns[1].Type = TypeDate }, "one column of type date")
	f(func(d *Definition) { d.Columns[1].Name = "day" }, `name "day"`)
	f(func(d *Definition) { d.Columns[1].Name = "a.b" }, `name "a.b"`)
	f(func(d *Definition) { d.Columns[1].Unit = indicator.Fen }, "unit")
	f(func(d *Definition) { d.Columns[1].Field = "day" }, "stands twice")
}

// A reading that is cancelled leaves the version before, and is told.
func TestCancelled(t *testing.T) {
	hold := make(chan struct{})
	var slow atomic.Bool
	began := make(chan struct{}, 1)
	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if slow.Load() {
			began <- struct{}{}
			select {
			case <-hold:
			case <-r.Context().Done():
			}
			return
		}
		_, _ = w.Write([]byte(`[{"day":"2026-05-03","amount":1}]`))
	}))
	defer service.Close()
	defer close(hold)
	s := newShelf(t, "127.0.0.1")
	s.ok(s.Add(t.Context(), root, &Definition{Name: "svc", Title: indicator.Text{EN: "S"}, Kind: KindHTTP, Address: service.URL, Columns: two}, "", ""))
	slow.Store(true)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- s.Refresh(ctx, root, "svc", "") }()
	<-began
	s.refused(s.Refresh(t.Context(), root, "svc", ""), "busy", "being read already")
	cancel()
	if err := <-done; err == nil {
		t.Error("a cancelled reading succeeds")
	}
	if got := s.sum(s.Shelf, "svc"); !strings.HasPrefix(got, "1 failing:true") {
		t.Error(got)
	}
}
