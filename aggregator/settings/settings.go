// Package settings keeps who may see what: people, their roles and what was given to
// them, API tokens, one-time sign-in links, sessions, the audit log, rules of alerts
// with how they stand, boards with their revisions, and reports with what was sent. It is one SQLite file beside
// the ledger; several processes may have it open, so a token can be made while the
// aggregator runs, and what one changes the other sees with the next request.
//
// Secrets are 256 random bits and leave this package once, when they are made;
// the file holds their SHA-256 only. That is enough for random secrets: there
// is nothing to guess from. Passwords, which people choose, are kept by argon2id. The
// secrets of second factors must be kept as they are: a code is computed from them.
package settings

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	_ "embed"
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	_ "modernc.org/sqlite" // registers the driver

	"iptvdc/aggregator"
)

const (
	// LinkLife is how long a one-time link may wait for its use.
	LinkLife = 24 * time.Hour
	// IdleLife is how long a session lives without a request. The page of a
	// wall screen asks every few seconds; twelve hours let it come back by
	// itself after a night without network.
	IdleLife = 12 * time.Hour
	// SessionLife is how long a session lives at most.
	SessionLife = 30 * 24 * time.Hour

	// touchEvery bounds how often a session's last use is written.
	touchEvery = time.Minute
)

// ErrUnknown says that a secret is not, or no longer, valid.
var ErrUnknown = errors.New("settings: unknown or expired secret")

// Principal is who asks. The zero Principal sees nothing and may nothing.
type Principal struct {
	// Name is a person's, or a token's. What a name owns belongs to whoever has it.
	Name string
	// Grants and Powers are what they may see and do, Pass and PassPowers what of that
	// they may pass on to others.
	Grants     aggregator.Grants
	Powers     Powers
	Pass       aggregator.Grants
	PassPowers Powers

	// Token names the token that asks, "": none does. It opens nothing.
	Token string
	// ReadOnly: whatever is asked changes nothing.
	ReadOnly bool

	// The rest is of people who signed in, not of tokens.

	Person     int64  // 0: a token
	Display    string // what they are called
	Language   string
	Department string
	Roles      []string // that open something now
	Session    string   // names the session, opens nothing
	// Needs is what must be done before anything else, "" mostly.
	Needs string
	// By is who looks through this person's eyes, "" mostly. They change nothing.
	By string
	// Place is the address from which they ask; the caller sets it, for the log.
	Place string
}

// Settings is safe for concurrent use, also by several processes. After a crash
// it holds exactly what was returned, and possibly one call more.
type Settings struct {
	db     *sql.DB
	now    func() time.Time
	hasher *hasher
	known  struct {
		mu        sync.Mutex
		directory *directory // nil: none read yet
		doorKey   []byte     // nil: as well
	}
}

//go:embed schema.sql
var schema string

//go:embed alerts.sql
var alertsSchema string

//go:embed boards.sql
var boardsSchema string

//go:embed people.sql
var peopleSchema string

//go:embed post.sql
var postSchema string

//go:embed doors.sql
var doorsSchema string

//go:embed sources.sql
var sourcesSchema string

//go:embed pictures.sql
var picturesSchema string

//go:embed bound.sql
var boundSchema string

// schemas are applied one after the other; the file carries how many it has as
// user_version.
var schemas = []string{schema, alertsSchema, boardsSchema, peopleSchema, postSchema, doorsSchema, sourcesSchema, picturesSchema, boundSchema}

// trailSchema is the first with the chained audit log.
const trailSchema = 4

// Open opens or creates the file, readable by its owner only.
func Open(ctx context.Context, path string, now func() time.Time) (*Settings, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("settings: %w", err)
	}
	if err := f.Close(); err != nil {
		return nil, fmt.Errorf("settings: %w", err)
	}
	dsn := url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath(), RawQuery: url.Values{
		"_pragma": {"busy_timeout(5000)", "journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(1)"},
		"_txlock": {"immediate"},
	}.Encode()}
	db, err := sql.Open("sqlite", dsn.String())
	if err != nil {
		return nil, fmt.Errorf("settings: %w", err)
	}
	db.SetMaxOpenConns(4)
	s := &Settings{db: db, now: now, hasher: newHasher()}
	if err := s.migrate(ctx); err != nil {
		_ = db.Close()
		return nil, fmt.Errorf("settings %s: %w", path, err)
	}
	return s, nil
}

func (s *Settings) migrate(ctx context.Context) error {
	return s.update(ctx, func(tx *sql.Tx) error {
		var have int
		if err := tx.QueryRowContext(ctx, "PRAGMA user_version").Scan(&have); err != nil {
			return err
		}
		switch {
		case have > len(schemas):
			return fmt.Errorf("written by a newer release (schema %d, this one knows %d); start that release", have, len(schemas))
		case have == len(schemas):
			return nil
		}
		for _, step := range schemas[have:] {
			if _, err := tx.ExecContext(ctx, step); err != nil {
				return err
			}
		}
		if have < trailSchema {
			if err := moveRecords(ctx, tx); err != nil {
				return err
			}
		}
		_, err := tx.ExecContext(ctx, fmt.Sprintf("PRAGMA user_version = %d", len(schemas)))
		return err
	})
}

// Close closes the file.
func (s *Settings) Close() error { return s.db.Close() }

// update runs f in a transaction that is committed if f returns nil.
func (s *Settings) update(ctx context.Context, f func(tx *sql.Tx) error) error {
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if err := f(tx); err != nil {
		_ = tx.Rollback()
		return err
	}
	return tx.Commit()
}

// NewToken makes an API token and returns its secret, which can not be had
// again. It opens what p's Grants do, the same provinces in each of its data sets;
// Powers but Administer are every token's. A token that could see nothing is refused,
// and one that administers a part.
func (s *Settings) NewToken(ctx context.Context, p Principal) (string, error) {
	scope := p.Grants.Anywhere()
	sets := p.Grants.Sets()
	admin := p.Powers.Has(Administer)
	switch {
	case scope.Empty():
		return "", &aggregator.Error{Code: "bad_scope", Message: "A token needs at least one province and one data set."}
	case !p.Grants.Equal(aggregator.GrantsOf(scope, sets...)):
		return "", &aggregator.Error{Code: "bad_scope", Message: "A token opens the same provinces in all of its data sets; make one for each."}
	case admin && !p.Grants.All():
		return "", &aggregator.Error{Code: "bad_scope", Message: "A token administers all provinces and data sets, or none."}
	case p.Name == "" || len(p.Name) > 100:
		return "", &aggregator.Error{Code: "bad_name", Message: "A token's name has 1 to 100 bytes."}
	}
	data := everything
	if !aggregator.Everything().Within(aggregator.GrantsOf(aggregator.Scope{All: true}, sets...)) {
		data = dataText(sets)
	}
	secret, id := newSecret("iptv_"), newID()
	err := s.update(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, "INSERT INTO token (hash, name, scope, data, admin, created_ms, id) VALUES (?, ?, ?, ?, ?, ?, ?)",
			hash(secret), p.Name, ScopeText(scope), data, admin, s.now().UnixMilli(), id); err != nil {
			return err
		}
		return s.record(ctx, tx, Principal{}, "token_created", "", fmt.Sprintf("token=%s name=%q provinces=%s data=%s admin=%t", id, p.Name, ScopeText(scope), data, admin))
	})
	if err != nil {
		return "", fmt.Errorf("settings: new token: %w", err)
	}
	return secret, nil
}

// newSecret draws a secret that survives URLs, headers and double clicks.
func newSecret(prefix string) string {
	var b [32]byte
	_, _ = rand.Read(b[:]) // never fails: it ends the program instead
	return prefix + base64.RawURLEncoding.EncodeToString(b[:])
}

// newID draws a name of a thing that is no secret.
func newID() string { return strings.ToLower(rand.Text()[:12]) }

func hash(secret string) []byte {
	sum := sha256.Sum256([]byte(secret))
	return sum[:]
}

// everything is the text of a scope that sees all provinces.
const everything = "*"

// ScopeText writes provinces as 33,43, all of them as *, none as nothing.
func ScopeText(s aggregator.Scope) string {
	if s.All {
		return everything
	}
	codes := make([]string, len(s.Provinces))
	for i, p := range s.Provinces {
		codes[i] = p.String()
	}
	slices.Sort(codes)
	return strings.Join(slices.Compact(codes), ",")
}

func parseScope(text string) (aggregator.Scope, error) {
	if text == everything {
		return aggregator.Scope{All: true}, nil
	}
	var s aggregator.Scope
	for code := range strings.SplitSeq(text, ",") {
		p, err := aggregator.ParseProvince(code)
		if err != nil {
			return aggregator.Scope{}, fmt.Errorf("settings: scope %q: %w", text, err)
		}
		s.Provinces = append(s.Provinces, p)
	}
	return s, nil
}
