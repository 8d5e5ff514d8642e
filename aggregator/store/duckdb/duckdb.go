// Package duckdb is the embedded engine of store.Store: one DuckDB file.
package duckdb

import (
	"context"
	"database/sql"
	_ "embed"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"time"

	"iptvdc/aggregator/store"
)

// Options sets how much of the machine the store may take. The zero Options
// are good for a machine that has nothing but the aggregator.
type Options struct {
	// Threads is how many threads work on one statement, its caller's among
	// them; 0: half as many as there are cores, at least 1. More make one
	// statement faster on an idle machine and all together dearer: while one
	// thread ends a statement the others spin.
	Threads int
	// MemoryBytes bounds DuckDB's memory; 0: 80 % of the machine's. Beyond it
	// DuckDB works on disk, in a folder beside the database.
	MemoryBytes int64
	// CheckpointBytes is how long the write-ahead log grows before it is folded
	// into the database file; 0: 256 MiB.
	CheckpointBytes int64
	// Readers is how many queries run at a time; 0: 4.
	Readers int
	// Now is the wall clock; nil: time.Now. It only decides which days are kept
	// ready as daily facts, never an answer.
	Now func() time.Time
}

// Store is a store.Store in one DuckDB file.
type Store struct {
	db     *sql.DB // readers
	o      Options
	damage Damage

	// writing guards bulk and what follows its commits.
	writing sync.Mutex
	bulk    *bulk
	mark    int64 // of the last committed block

	closing sync.Mutex
	closer  *sql.Conn

	// feeding lets one file after the other change what files say. Nothing else
	// writes those tables; code alone is written by blocks too, under writing.
	feeding  sync.Mutex
	path     string
	settings map[string]string
	foldPart int64 // how many subscribers are folded at a time, all in memory
}

var _ store.Store = (*Store)(nil)

//go:embed sql/schema.sql
var schemaSQL string

// Open opens or makes the store in file path. Its folder must be there; one
// process at a time has it open. A log that a power cut left unreadable at its
// end is cut there: see Damage.
func Open(path string, o Options) (*Store, error) {
	if o.Threads <= 0 {
		o.Threads = max(1, runtime.NumCPU()/2)
	}
	if o.Readers == 0 {
		o.Readers = 4
	}
	if o.CheckpointBytes == 0 {
		o.CheckpointBytes = 256 << 20
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	if _, err := os.Stat(filepath.Dir(path)); err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	settings := o.settings(path)
	if err := create(path, settings); err != nil {
		return nil, fmt.Errorf("store: make %s: %w", path, err)
	}
	db, damage, err := openWhole(path, settings)
	if err != nil {
		return nil, fmt.Errorf("store: open %s: %w", path, err)
	}
	s := &Store{db: db, o: o, damage: damage, path: path, settings: settings, foldPart: 25_000}
	db.SetMaxOpenConns(o.Readers + 1)
	db.SetMaxIdleConns(o.Readers + 1)
	if err := s.start(path, settings); err != nil {
		return nil, errors.Join(fmt.Errorf("store: open %s: %w", path, err), s.Shutdown())
	}
	return s, nil
}

// openFile opens the file for real: what is wrong with it is the error.
func openFile(path string, settings map[string]string) (*sql.DB, error) {
	query := url.Values{}
	for name, v := range settings {
		query.Set(name, v)
	}
	db, err := sql.Open("duckdb", path+"?"+query.Encode())
	if err != nil {
		return nil, err
	}
	if err := db.Ping(); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

// create makes an empty store if there is none, beside its place and renamed:
// DuckDB cannot open a file whose first three pages it did not get to write, so
// who was killed at its very first start would never start again.
func create(path string, settings map[string]string) error {
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		return err
	}
	fresh := path + ".new"
	for _, name := range []string{fresh, fresh + ".wal"} { // of a start that was cut short
		if err := os.Remove(name); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	db, err := openFile(fresh, settings)
	if err != nil {
		return err
	}
	if err := db.Close(); err != nil {
		return err
	}
	f, err := os.Open(fresh)
	if err != nil {
		return err
	}
	if err := errors.Join(f.Sync(), f.Close(), os.Rename(fresh, path)); err != nil {
		return err
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

func (o *Options) settings(path string) map[string]string {
	set := map[string]string{
		"threads":                      fmt.Sprint(o.Threads),
		"temp_directory":               path + ".tmp",
		"checkpoint_threshold":         fmt.Sprintf("%dB", o.CheckpointBytes),
		"preserve_insertion_order":     "false",
		"autoinstall_known_extensions": "false",
		"autoload_known_extensions":    "false",
	}
	if o.MemoryBytes > 0 {
		set["memory_limit"] = fmt.Sprintf("%dB", o.MemoryBytes)
	}
	return set
}

func (s *Store) start(path string, settings map[string]string) error {
	ctx := context.Background()
	if err := s.schema(ctx); err != nil {
		return fmt.Errorf("schema: %w", err)
	}
	if err := s.db.QueryRowContext(ctx, "SELECT coalesce(max(mark), 0) FROM block").Scan(&s.mark); err != nil {
		return err
	}
	var err error
	if s.closer, err = s.db.Conn(ctx); err != nil {
		return err
	}
	if _, err := s.closer.ExecContext(ctx, "CREATE TEMP TABLE cell (hour INTEGER, province UTINYINT)"); err != nil {
		return err
	}
	if s.bulk, err = openBulk(path, settings); err != nil {
		return err
	}
	return s.catchUp()
}

// schema makes the tables that are not there yet, all or none: a commit is a
// sync of the disk, and there are a hundred statements.
func (s *Store) schema(ctx context.Context) error {
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	for _, statement := range statements(schemaSQL + feedSchemaSQL + factSchema() + foldedViews() + factViewsSQL) {
		if err == nil {
			_, err = tx.ExecContext(ctx, statement)
		}
	}
	if err == nil {
		err = derive(ctx, tx)
	}
	if err != nil {
		return errors.Join(err, tx.Rollback())
	}
	return tx.Commit()
}

// Shutdown closes the file; what is in the write-ahead log goes into it.
func (s *Store) Shutdown() error {
	if s.bulk != nil {
		s.bulk.close()
	}
	var err error
	if s.closer != nil {
		err = s.closer.Close()
	}
	return errors.Join(err, s.db.Close())
}

// statements cuts a script at its semicolons, without its comments.
func statements(script string) []string {
	var plain strings.Builder
	for line := range strings.Lines(script) {
		code, _, _ := strings.Cut(line, "--")
		plain.WriteString(strings.TrimRight(code, "\n") + "\n")
	}
	var out []string
	for part := range strings.SplitSeq(plain.String(), ";") {
		if strings.TrimSpace(part) != "" {
			out = append(out, part)
		}
	}
	return out
}

// columnTypes are the types of the facts' dimensions; measures are INTEGER
// unless they can outgrow it.
var columnTypes = map[store.Column]string{
	store.ColProvince: "UTINYINT", store.ColCity: "USMALLINT", store.ColMode: "UTINYINT", store.ColSlot: "UINTEGER",
	store.ColState: "UTINYINT", store.ColFlow: "UTINYINT", store.ColPay: "UTINYINT", store.ColOp: "UTINYINT",
	store.ColVerdict: "UTINYINT",
	store.ColMinute:  "USMALLINT", store.ColAired: "INTEGER", store.ColLag: "UTINYINT",
	store.ColOrigin: "UTINYINT", store.ColPart: "UTINYINT",
}

var measureTypes = map[store.Measure]string{
	store.MeasureViewingMs: "BIGINT", store.MeasureFen: "BIGINT",
	store.MeasureStartMs: "BIGINT", store.MeasureStalls: "BIGINT", store.MeasureStallMs: "BIGINT", store.MeasureErrors: "BIGINT",
	store.MeasureBillFen: "BIGINT", store.MeasureShareFen: "BIGINT", store.MeasureOnMs: "BIGINT",
	store.MeasureDwellMs: "BIGINT",
	// Of all boxes of a province.
	store.MeasureKept: "BIGINT", store.MeasureSynced: "BIGINT", store.MeasureUnsynced: "BIGINT",
	store.MeasureGaps: "BIGINT", store.MeasureToldLost: "BIGINT", store.MeasureThrown: "BIGINT", store.MeasureRepeats: "BIGINT",
	store.MeasureAudience: "BIGINT", store.MeasureTVMs: "BIGINT", store.MeasureAirMs: "BIGINT",
	store.MeasureFoundMs: "BIGINT", store.MeasureBrowseMs: "BIGINT", store.MeasureStandbyMs: "BIGINT", store.MeasureOffMs: "BIGINT",
	store.MeasurePlacedMs: "BIGINT",
}

// asked are the facts that are worked out when somebody asks, by the views of
// fact_views.sql: they join few rows, and what they join comes from different
// sides at different times.
var asked = map[store.Fact]bool{store.FactRenewal: true, store.FactReconcile: true}

//go:embed sql/fact_views.sql
var factViewsSQL string

// factSchema is the schema of the fact tables, made from their shapes.
func factSchema() string {
	var b strings.Builder
	for f := range store.Fact(store.Facts) {
		shape, types := tableOf(f), measureTypes
		if asked[f] {
			continue
		}
		if _, is := folded[f]; is {
			types = foldedTypes()
		}
		grains := []string{"hour", "day"}
		if f >= store.EventFacts {
			grains = grains[1:]
		}
		for _, grain := range grains {
			name := shape.Name + "_" + grain
			b.WriteString(factTable("IF NOT EXISTS "+name, shape.Dimensions, shape.Measures, types) + ";\n")
		}
	}
	return b.String()
}

// factTable makes a table of sums; measures of which types says nothing are
// INTEGER.
func factTable(name string, dimensions []store.Column, measures []store.Measure, types map[store.Measure]string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "CREATE TABLE %s (period INTEGER NOT NULL", name)
	for _, c := range dimensions {
		fmt.Fprintf(&b, ", %s %s NOT NULL", c, typeOr(columnTypes[c], "UBIGINT"))
	}
	for _, m := range measures {
		fmt.Fprintf(&b, ", %s %s NOT NULL", m, typeOr(types[m], "INTEGER"))
	}
	b.WriteString(")")
	return b.String()
}

func typeOr(t, otherwise string) string {
	if t != "" {
		return t
	}
	return otherwise
}
