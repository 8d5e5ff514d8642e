// Package provision gives boxes their certificates and takes them back: claim
// credentials, the authority that signs, which box has which key, what was refused,
// and boxes of which there may be two [P-11].
//
// The registry is one SQLite file beside the ledger. Several processes may have it
// open: what a command changes, the running aggregator sees within Config.Every.
package provision

import (
	"context"
	"crypto/sha256"
	"database/sql"
	_ "embed"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	_ "modernc.org/sqlite" // registers the driver

	"golang.org/x/time/rate"

	"iptvdc/aggregator"
)

// Config of a Registry.
type Config struct {
	// Dir is the registry's folder; it is made, for its owner only.
	Dir string
	// Authority signs; nil: nothing can be issued or checked, which is enough for
	// commands.
	Authority *Authority
	// Life is how long a box's certificate holds; 0: a year.
	Life time.Duration
	// Required refuses boxes without a certificate. Else only those are refused that
	// have one and come without.
	Required bool
	// PerSecond bounds claims and renewals of all boxes together; 0: 50.
	PerSecond float64
	// Every is how often changes by other processes are looked for; 0: 2 s.
	Every time.Duration
	// Changed, if set, is told of boxes that Admit may refuse now. It may take its
	// time, and must be safe for concurrent use.
	Changed func(boxes []string)
	// Noted, if set, is told what an operator should find in the audit log.
	Noted func(what, box, detail string)
	Now   func() time.Time // nil: the system's
	Log   *slog.Logger     // nil: silent
}

// Registry is safe for concurrent use. After a crash it holds exactly what was
// answered, and possibly one change more.
type Registry struct {
	config  Config
	db      *sql.DB
	stats   Stats
	limit   *rate.Limiter
	eager   eager
	present presence

	signs *rate.Limiter // of clones, written down
	known atomic.Bool   // there are boxes in it: none has to be looked for while not

	mu      sync.RWMutex // guards what follows
	revoked map[string]struct{}
	turn    int64 // up to which revoked is right
	looking sync.Mutex
}

// Authority is the one that signs; nil: nothing can be issued.
func (r *Registry) Authority() *Authority { return r.config.Authority }

const registryFile = "registry.sqlite"

//go:embed schema.sql
var schema string

//go:embed schema2.sql
var schema2 string

// schemas make a registry, each out of the one before.
var schemas = []string{schema, schema2}

// Open opens or makes the registry.
func Open(ctx context.Context, c Config) (*Registry, error) {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Life <= 0 {
		c.Life = 365 * 24 * time.Hour
	}
	if c.PerSecond <= 0 {
		c.PerSecond = 50
	}
	if c.Every <= 0 {
		c.Every = 2 * time.Second
	}
	if err := os.MkdirAll(c.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("provision: %w", err)
	}
	path := filepath.Join(c.Dir, registryFile)
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("provision: %w", err)
	}
	if err := f.Close(); err != nil {
		return nil, fmt.Errorf("provision: %w", err)
	}
	dsn := url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath(), RawQuery: url.Values{
		"_pragma": {"busy_timeout(5000)", "journal_mode(WAL)", "synchronous(FULL)"}, "_txlock": {"immediate"},
	}.Encode()}
	db, err := sql.Open("sqlite", dsn.String())
	if err != nil {
		return nil, fmt.Errorf("provision: %w", err)
	}
	db.SetMaxOpenConns(4)
	r := &Registry{config: c, db: db, revoked: map[string]struct{}{},
		limit: rate.NewLimiter(rate.Limit(c.PerSecond), int(4*c.PerSecond)+1), signs: rate.NewLimiter(signsPerSecond, 5*signsPerSecond)}
	r.present.init()
	err = r.update(ctx, migrate)
	if err == nil {
		err = r.load(ctx)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("provision: %s: %w", path, err), db.Close())
	}
	return r, nil
}

func migrate(ctx context.Context, tx *sql.Tx) error {
	var have int
	if err := tx.QueryRowContext(ctx, "PRAGMA user_version").Scan(&have); err != nil {
		return err
	}
	if have > len(schemas) {
		return fmt.Errorf("written by a newer release (schema %d, this one knows %d); start that release", have, len(schemas))
	}
	for n, text := range schemas[have:] {
		if _, err := tx.ExecContext(ctx, fmt.Sprintf("%s PRAGMA user_version = %d;", text, have+n+1)); err != nil {
			return err
		}
	}
	return nil
}

// Close closes the file.
func (r *Registry) Close() error { return r.db.Close() }

// update runs f in a transaction that is committed if f returns nil.
func (r *Registry) update(ctx context.Context, f func(context.Context, *sql.Tx) error) error {
	tx, err := r.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if err := f(ctx, tx); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	return tx.Commit()
}

// nextTurn is the number of a change that may end connections.
func nextTurn(ctx context.Context, tx *sql.Tx) (n int64, err error) {
	err = tx.QueryRowContext(ctx, "UPDATE turn SET n = n + 1 RETURNING n").Scan(&n)
	return n, err
}

// load reads who is revoked.
func (r *Registry) load(ctx context.Context) error {
	var known bool
	// The number first: what changes meanwhile is looked at again.
	err := r.db.QueryRowContext(ctx, "SELECT n, EXISTS (SELECT 1 FROM box) FROM turn").Scan(&r.turn, &known)
	if err != nil {
		return err
	}
	r.known.Store(known)
	rows, err := r.db.QueryContext(ctx, "SELECT box FROM box WHERE revoked_ms IS NOT NULL")
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var box string
		if err := rows.Scan(&box); err != nil {
			return err
		}
		r.revoked[box] = struct{}{}
	}
	return rows.Err()
}

// Refresh takes in what changed since, here or by another process, and tells
// Config.Changed of it.
func (r *Registry) Refresh(ctx context.Context) error {
	r.looking.Lock()
	defer r.looking.Unlock()
	r.mu.RLock()
	from := r.turn
	r.mu.RUnlock()
	rows, err := r.db.QueryContext(ctx, "SELECT box, revoked_ms IS NOT NULL, turn FROM box WHERE turn > ?", from)
	if err != nil {
		return err
	}
	var changed []string
	out, turn := map[string]bool{}, from
	for rows.Next() {
		var box string
		var revoked bool
		var at int64
		if err := rows.Scan(&box, &revoked, &at); err != nil {
			return errors.Join(err, rows.Close())
		}
		changed, out[box], turn = append(changed, box), revoked, max(turn, at)
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return err
	}
	r.mu.Lock()
	for box, revoked := range out {
		if revoked {
			r.revoked[box] = struct{}{}
		} else {
			delete(r.revoked, box)
		}
	}
	r.turn = turn
	r.mu.Unlock()
	if len(changed) == 0 {
		return nil
	}
	r.known.Store(true)
	if r.config.Changed != nil {
		r.config.Changed(changed)
	}
	return nil
}

// Run looks for changes by other processes until ctx ends.
func (r *Registry) Run(ctx context.Context) {
	tick := time.NewTicker(r.config.Every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if err := r.Refresh(ctx); err != nil && ctx.Err() == nil {
			r.stats.Failures.Add(1)
			r.config.Log.Error("revocations cannot be read; it is tried again", "error", err)
		}
	}
}

func fingerprint(public []byte) []byte {
	sum := sha256.Sum256(public)
	return sum[:]
}

func same(a, b []byte) bool { return len(a) > 0 && string(a) == string(b) }

// boxRow is what the registry has of a box.
type boxRow struct {
	box, claim, why      string
	serial               sql.NullString
	province             int
	key, public          []byte
	next, nextPublic     []byte
	madeMs, claimedMs    int64
	revokedMs, allowedMs sql.NullInt64
	revoked, allowed     bool
}

const boxColumns = "SELECT box, serial, claim, province, key, public, next, next_public, made_ms, claimed_ms, revoked_ms, why, allowed_ms FROM box"

func (b *boxRow) scan(row interface{ Scan(...any) error }) error {
	err := row.Scan(&b.box, &b.serial, &b.claim, &b.province, &b.key, &b.public, &b.next, &b.nextPublic, &b.madeMs, &b.claimedMs, &b.revokedMs, &b.why, &b.allowedMs)
	b.revoked, b.allowed = b.revokedMs.Valid, b.allowedMs.Valid
	return err
}

type querier interface {
	QueryRowContext(context.Context, string, ...any) *sql.Row
	QueryContext(context.Context, string, ...any) (*sql.Rows, error)
}

// findBox looks for a box by "box" or "serial"; nil: there is none.
func findBox(ctx context.Context, q querier, column, value string) (*boxRow, error) {
	var b boxRow
	err := b.scan(q.QueryRowContext(ctx, boxColumns+" WHERE "+column+" = ?", value))
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	return &b, err
}

func faultf(code, format string, args ...any) error {
	return &aggregator.Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

func wrap(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("provision: %s: %w", what, err)
}
