// Package duckdb is the embedded engine of store.Store: one DuckDB file.
package duckdb

import (
	"context"
	"crypto/sha256"
	"database/sql"
	_ "embed"
	"encoding/hex"
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
	// Step is told each statement of a closing once it has run, by the closing's own
	// goroutine: a bench adds up what each takes. nil: nobody is.
	Step func(statement string)
}

// Store is a store.Store in one DuckDB file.
type Store struct {
	db     *sql.DB // readers
	o      Options
	damage Damage

	// writing guards bulk and what follows its commits.
	writing sync.Mutex
	bulk    *bulk
	mark    int64 // the last that a block or dirt was given

	closing sync.Mutex
	closer  *sql.Conn

	// edit are the rules in force and editing their number: read under writing or
	// closing, changed under both.
	edit    store.EditRules
	editing int64

	// feeding lets one file after the other change what files say. Nothing else
	// writes those tables; code alone is written by blocks too, under writing.
	feeding  sync.Mutex
	path     string
	settings map[string]string
	lining   lining
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
	s := &Store{db: db, o: o, damage: damage, path: path, settings: settings, lining: usualLining, foldPart: 25_000}
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
	if err := writeBlank(fresh, settings); err != nil {
		return err
	}
	if err := os.Rename(fresh, path); err != nil {
		return err
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

// blank is the file of an empty store of this version, once one was made: a
// process that makes many stores pays for a hundred tables once.
var blank struct {
	sync.Mutex
	file []byte
}

// writeBlank writes an empty store with all its tables to a path where nothing is.
func writeBlank(path string, settings map[string]string) error {
	blank.Lock()
	defer blank.Unlock()
	if blank.file == nil {
		db, err := openFile(path, settings)
		if err != nil {
			return err
		}
		if err := errors.Join(schema(context.Background(), db), db.Close()); err != nil {
			return err
		}
		if blank.file, err = os.ReadFile(path); err != nil {
			return err
		}
	} else if err := os.WriteFile(path, blank.file, 0o644); err != nil {
		return err
	}
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

func (o *Options) settings(path string) map[string]string {
	set := map[string]string{
		"threads":                  fmt.Sprint(o.Threads),
		"temp_directory":           path + ".tmp",
		"checkpoint_threshold":     fmt.Sprintf("%dB", o.CheckpointBytes),
		"preserve_insertion_order": "false",
		// An ASOF join of what looks like few rows would walk all of the other side for
		// each of them; in a closing of few boxes it looks like few when it is many.
		"asof_loop_join_threshold":     "0",
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
	if err := schema(ctx, s.db); err != nil {
		return fmt.Errorf("schema: %w", err)
	}
	if err := s.db.QueryRowContext(ctx, "SELECT coalesce(max(mark), 0) FROM (SELECT mark FROM block UNION ALL SELECT mark FROM dirt)").Scan(&s.mark); err != nil {
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
	if err := s.readEdit(ctx); err != nil {
		return err
	}
	return s.catchUp()
}

// schema makes the tables that are not there yet, all or none: a commit is a
// sync of the disk, and there are a hundred statements. A store that was made or
// opened by this version has them all, and says so.
func schema(ctx context.Context, db *sql.DB) error {
	script := schemaSQL + feedSchemaSQL + factSchema() + foldedViews() + factViewsSQL
	sum := sha256.New()
	sum.Write([]byte(script))
	for _, d := range allDerived() {
		sum.Write([]byte(d.create + d.fill))
	}
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if err := makeTables(ctx, tx, script, hex.EncodeToString(sum.Sum(nil))); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	return tx.Commit()
}

// makeTables runs the script and fills what is derived, unless the store says that
// it was made by what has this hash.
func makeTables(ctx context.Context, tx *sql.Tx, script, hash string) error {
	if _, err := tx.ExecContext(ctx, "CREATE TABLE IF NOT EXISTS schema_made (hash VARCHAR NOT NULL)"); err != nil {
		return err
	}
	var made int
	if err := tx.QueryRowContext(ctx, "SELECT count(*) FROM schema_made WHERE hash = ?", hash).Scan(&made); err != nil || made > 0 {
		return err
	}
	for _, statement := range statements(script) {
		if _, err := tx.ExecContext(ctx, statement); err != nil {
			return err
		}
	}
	if err := widen(ctx, tx); err != nil {
		return err
	}
	if err := derive(ctx, tx); err != nil {
		return err
	}
	_, err := tx.ExecContext(ctx, "DELETE FROM schema_made; INSERT INTO schema_made VALUES ('"+hash+"')")
	return err
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
	store.ColWhy:     "UTINYINT",
	store.ColMinute:  "USMALLINT", store.ColAired: "INTEGER", store.ColLag: "UTINYINT",
	store.ColTenure: "UTINYINT",
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
	store.MeasureEditedMs: "BIGINT", store.MeasureEditedAudience: "BIGINT", store.MeasureEditedTVMs: "BIGINT",
	store.MeasureFoundMs: "BIGINT", store.MeasureBrowseMs: "BIGINT", store.MeasureStandbyMs: "BIGINT", store.MeasureOffMs: "BIGINT",
	store.MeasurePlacedMs: "BIGINT",
}

// asked are the facts that are worked out when somebody asks, by the views of
// fact_views.sql (they join few rows, and what they join comes from different
// sides at different times) or for the days asked about, see presence.go.
var asked = map[store.Fact]bool{store.FactRenewal: true, store.FactReconcile: true, store.FactPresence: true, store.FactCohort: true}

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
