package settings

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"iptvdc/aggregator"
)

// clock is a time that tests move.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

func open(t *testing.T, path string, c *clock) *Settings {
	t.Helper()
	s, err := Open(t.Context(), path, c.Now)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func newClock() *clock { return &clock{now: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)} }

func TestTokens(t *testing.T) {
	path := filepath.Join(t.TempDir(), "settings db?.sqlite") // a path with letters that mean something in URLs
	s := open(t, path, newClock())
	f := func(want Principal) {
		t.Helper()
		secret, err := s.NewToken(t.Context(), want)
		if err != nil {
			t.Fatal(err)
		}
		got, err := s.ByToken(t.Context(), secret)
		if got.Token == "" {
			t.Errorf("a token without a name: %+v", got)
		}
		got.Token = ""
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%v; -want +got:\n%s", err, diff)
		}
		if _, err := s.BySession(t.Context(), secret); !errors.Is(err, ErrUnknown) {
			t.Errorf("a token is taken for a session: %v", err)
		}
		all, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		wal, err := os.ReadFile(path + "-wal")
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(append(all, wal...), []byte(secret)) {
			t.Error("the file holds the secret itself")
		}
	}
	all := readerPowers | ShareBoards | ManagePeople | Administer | MakeSources
	f(Principal{Name: "all", Display: "all", Grants: aggregator.Everything(), Powers: all, Pass: aggregator.Everything(), PassPowers: all})
	some := aggregator.Scope{Provinces: []aggregator.Province{33, 43}}
	f(Principal{Name: "some", Display: "some", Grants: aggregator.GrantsOf(some, aggregator.DataSets()...), Powers: readerPowers | ShareBoards})
	f(Principal{Name: "few", Display: "few", Grants: aggregator.GrantsOf(some, aggregator.DataEPG, aggregator.DataOrders), Powers: readerPowers | ShareBoards})

	for _, secret := range []string{"", "iptv_", strings.Repeat("x", 1000)} {
		if p, err := s.ByToken(t.Context(), secret); !errors.Is(err, ErrUnknown) || !p.Grants.Empty() || p.Powers != 0 {
			t.Errorf("ByToken(%.10q) = %+v, %v", secret, p, err)
		}
	}
	for _, bad := range []Principal{
		{Name: "none"}, {Grants: aggregator.Everything()}, {Name: strings.Repeat("x", 101), Grants: aggregator.Everything()},
		{Name: "admin of some", Grants: aggregator.GrantsOf(some, aggregator.DataSets()...), Powers: Administer},
		{Name: "here this, there that", Grants: aggregator.GrantsOf(some, aggregator.DataEPG).Or(aggregator.GrantsOf(aggregator.Scope{All: true}, aggregator.DataVOD))},
	} {
		if _, err := s.NewToken(t.Context(), bad); err == nil {
			t.Errorf("NewToken(%+v) was accepted", bad)
		}
	}

	records, err := s.Trail(t.Context(), OfMachine(), TrailQuery{Limit: 10})
	if err != nil || len(records) != 3 || records[0].What != "token_created" || records[0].Who != Machine || !strings.HasSuffix(records[0].Detail, ` name="few" provinces=33,43 data=epg,orders admin=false`) {
		t.Errorf("records %+v, %v", records, err)
	}
	for _, statement := range []string{"UPDATE trail SET detail = ''", "DELETE FROM trail"} {
		if _, err := s.db.Exec(statement); err == nil || !strings.Contains(err.Error(), "append-only") {
			t.Errorf("%s: %v", statement, err)
		}
	}
}

func TestFileIsPrivate(t *testing.T) {
	path := filepath.Join(t.TempDir(), "settings.sqlite")
	s := open(t, path, newClock())
	if _, err := s.NewLink(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{path, path + "-wal", path + "-shm"} {
		info, err := os.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v", filepath.Base(name), info.Mode())
		}
	}
}

func TestLinkWorksOnce(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "settings.sqlite"), newClock())
	key, err := s.NewLink(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	const tries = 8
	results := make(chan error, tries)
	for range tries {
		go func() {
			_, err := s.Redeem(context.WithoutCancel(t.Context()), key, Visitor{})
			results <- err
		}()
	}
	worked := 0
	for range tries {
		switch err := <-results; {
		case err == nil:
			worked++
		case !errors.Is(err, ErrUnknown):
			t.Error(err)
		}
	}
	if worked != 1 {
		t.Errorf("the link worked %d times", worked)
	}
	if _, err := s.Redeem(t.Context(), "guess", Visitor{}); !errors.Is(err, ErrUnknown) {
		t.Errorf("guess: %v", err)
	}
}

func TestLives(t *testing.T) {
	c := newClock()
	s := open(t, filepath.Join(t.TempDir(), "settings.sqlite"), c)
	link := func() string {
		t.Helper()
		key, err := s.NewLink(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return key
	}
	signIn := func() string {
		t.Helper()
		session, err := s.Redeem(t.Context(), link(), Visitor{})
		if err != nil {
			t.Fatal(err)
		}
		return session
	}
	valid := func(session string, want bool) {
		t.Helper()
		p, err := s.BySession(t.Context(), session)
		if want && (err != nil || !p.Grants.All() || !p.Powers.Has(Administer) || p.Name != "administrator") || !want && !errors.Is(err, ErrUnknown) {
			t.Errorf("BySession = %+v, %v; want valid %v", p, err, want)
		}
	}

	late := link()
	c.pass(LinkLife + time.Second)
	if _, err := s.Redeem(t.Context(), late, Visitor{}); !errors.Is(err, ErrUnknown) {
		t.Errorf("a late link: %v", err)
	}

	session := signIn()
	c.pass(IdleLife - time.Second)
	valid(session, true) // and lives on from here
	c.pass(IdleLife - time.Second)
	valid(session, true)
	c.pass(IdleLife + time.Second)
	valid(session, false)

	session = signIn()
	for range int(SessionLife/IdleLife) * 2 {
		valid(session, true)
		c.pass(IdleLife / 2)
	}
	c.pass(time.Second)
	valid(session, false)

	session = signIn()
	if _, err := s.EndSession(t.Context(), session); err != nil {
		t.Fatal(err)
	}
	valid(session, false)
}

// Two processes may have the file open: what one makes the other sees.
func TestTwoOpen(t *testing.T) {
	path := filepath.Join(t.TempDir(), "settings.sqlite")
	a, b := open(t, path, newClock()), open(t, path, newClock())
	secret, err := a.NewToken(t.Context(), Principal{Name: "x", Grants: aggregator.Everything()})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.ByToken(t.Context(), secret); err != nil {
		t.Error(err)
	}
}

func TestNewerSchemaIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "settings.sqlite")
	s := open(t, path, newClock())
	if _, err := s.db.Exec("PRAGMA user_version = 99"); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), path, time.Now); err == nil || !strings.Contains(err.Error(), "newer release") {
		t.Errorf("got %v", err)
	}
}
