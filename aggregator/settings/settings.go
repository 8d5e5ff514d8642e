// Package settings keeps who may see what: API tokens, one-time sign-in links,
// sessions, the record of who was given what, rules of alerts with how they
// stand, and boards with their revisions. It is one SQLite file beside the ledger; several processes may have it open, so a token can be made while
// the aggregator runs.
//
// Secrets are 256 random bits and leave this package once, when they are made;
// the file holds their SHA-256 only. That is enough for random secrets: there
// is nothing to guess from.
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

// Principal is who asks.
type Principal struct {
	Name  string
	Scope aggregator.Scope
	// Admin may look at single boxes. It opens no province by itself.
	Admin bool
}

// Settings is safe for concurrent use, also by several processes. After a crash
// it holds exactly what was returned, and possibly one call more.
type Settings struct {
	db  *sql.DB
	now func() time.Time
}

//go:embed schema.sql
var schema string

//go:embed alerts.sql
var alertsSchema string

//go:embed boards.sql
var boardsSchema string

// schemas are applied one after the other; the file carries how many it has as
// user_version.
var schemas = []string{schema, alertsSchema, boardsSchema}

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
	s := &Settings{db: db, now: now}
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
// again. The zero scope is refused: such a token could see nothing.
func (s *Settings) NewToken(ctx context.Context, p Principal) (string, error) {
	if !p.Scope.All && len(p.Scope.Provinces) == 0 {
		return "", &aggregator.Error{Code: "bad_scope", Message: "A token needs at least one province."}
	}
	if p.Name == "" || len(p.Name) > 100 {
		return "", &aggregator.Error{Code: "bad_name", Message: "A token's name has 1 to 100 bytes."}
	}
	secret := newSecret("iptv_")
	err := s.update(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, "INSERT INTO token (hash, name, scope, admin, created_ms) VALUES (?, ?, ?, ?, ?)",
			hash(secret), p.Name, scopeText(p.Scope), p.Admin, s.now().UnixMilli()); err != nil {
			return err
		}
		return s.record(ctx, tx, "token_created", fmt.Sprintf("name=%q scope=%s admin=%t", p.Name, scopeText(p.Scope), p.Admin))
	})
	if err != nil {
		return "", fmt.Errorf("settings: new token: %w", err)
	}
	return secret, nil
}

// ByToken returns who holds an API token, or ErrUnknown.
func (s *Settings) ByToken(ctx context.Context, secret string) (Principal, error) {
	var p Principal
	var scope string
	err := s.db.QueryRowContext(ctx, "SELECT name, scope, admin FROM token WHERE hash = ?", hash(secret)).Scan(&p.Name, &scope, &p.Admin)
	if errors.Is(err, sql.ErrNoRows) {
		return Principal{}, ErrUnknown
	}
	if err != nil {
		return Principal{}, fmt.Errorf("settings: token: %w", err)
	}
	p.Scope, err = parseScope(scope)
	return p, err
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

func scopeText(s aggregator.Scope) string {
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
