package backfill

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	_ "github.com/duckdb/duckdb-go/v2" // the file is written by a connection of its own

	"iptvdc/aggregator/store"
	"iptvdc/aggregator/store/duckdb"
)

// Closing the events of a million boxes takes hours, closing those of ten thousand
// minutes. A clone of a box is another box that did the same: what closing makes of
// it is known without its events. So a store of a hundred times the boxes is made of
// the facts of the small one, by SQL, and is row for row what closing the clones'
// events would have left.

// CloneOptions say how a store is multiplied.
type CloneOptions struct {
	// Clones is how many boxes each box becomes, itself among them.
	Clones int
	// Leave names facts by box, as fact_visit, whose rows shall be in it for no box
	// at all, because the disk has no room for them: questions of them find nothing.
	Leave []string
	// Store is how the store is opened that makes what is derived from facts.
	Store duckdb.Options
	// Report is told after each table; nil: nobody.
	Report func(CloneProgress)
}

// CloneProgress is a table that was written.
type CloneProgress struct {
	Table   string // "" : what the store derives from facts by itself
	Rows    int64
	Elapsed time.Duration // since the beginning
}

// maxClones is as many as an hour's sums of a city can surely take.
const maxClones = 10_000

// CloneKey is the key of clone k of what has a key; clone 0 is the thing itself. No
// key, 0, stays none. Two keys meet as seldom as any two hashes.
func CloneKey(key uint64, k int) uint64 {
	if key == 0 {
		return 0
	}
	return key ^ cloneMask(k)
}

func cloneMask(k int) uint64 {
	if k == 0 {
		return 0
	}
	return mix(0xc1043 ^ mix(uint64(k)))
}

// Clone makes, of the store in file from, the one in file to that closing would have
// made of every box's clones: events that are there, boxes' facts and what is told of
// boxes once a clone, with box, account and order under CloneKey; measures of all
// other facts times as many; what belongs to the provinces, as schedules, as it is.
// Both stores must be shut. A store with files of subscribers, with listed boxes or
// with clones is refused: what its clones would be nobody says. After an error or a
// kill there is no file to.
func Clone(ctx context.Context, from, to string, o CloneOptions) (err error) {
	if o.Clones < 2 || o.Clones > maxClones {
		return fmt.Errorf("clones: %d, allowed 2..%d", o.Clones, maxClones)
	}
	for _, name := range o.Leave {
		if !slices.ContainsFunc(factsByBox(), func(s store.Shape) bool { return s.Name == name }) {
			return fmt.Errorf("%q is no fact by box that can be left out; such are %s", name, strings.Join(namesByBox(), ", "))
		}
	}
	for _, path := range []string{from, filepath.Dir(to)} {
		if _, err := os.Stat(path); err != nil {
			return fmt.Errorf("clones: %w", err)
		}
	}
	if _, err := os.Stat(to); err == nil {
		return fmt.Errorf("clones: %s is there; take it away first", to)
	}
	fresh := to + ".clones"
	for _, leftover := range []string{fresh, fresh + ".wal", fresh + ".tmp"} { // of a run that was killed
		if err := os.RemoveAll(leftover); err != nil {
			return fmt.Errorf("clones: %w", err)
		}
	}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("clones: %w", err), os.RemoveAll(fresh), os.RemoveAll(fresh+".wal"))
		}
	}()
	c := cloner{CloneOptions: o, began: time.Now()}
	if err := c.reopen(fresh); err != nil { // an empty one
		return err
	}
	if err := c.fill(ctx, from, fresh); err != nil {
		return err
	}
	if err := c.reopen(fresh); err != nil { // makes what is derived
		return err
	}
	c.report("", 0)
	return os.Rename(fresh, to)
}

// CloneBytes estimates how long the file will be that Clone makes of a store that is
// shut: what rows of boxes take in it, once a clone, and all else as it is.
func CloneBytes(ctx context.Context, from string, o CloneOptions) (bytes int64, err error) {
	c := cloner{CloneOptions: o}
	db, err := sql.Open("duckdb", "")
	if err != nil {
		return 0, fmt.Errorf("clones: %w", err)
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if c.conn, err = db.Conn(ctx); err != nil {
		return 0, fmt.Errorf("clones: %w", err)
	}
	defer func() { err = errors.Join(err, c.conn.Close()) }()
	if err := c.exec(ctx, attach(from)); err != nil {
		return 0, fmt.Errorf("clones: %w", err)
	}
	tables, err := c.tables(ctx)
	if err != nil {
		return 0, fmt.Errorf("clones: %w", err)
	}
	for _, t := range tables {
		var held int64
		if err := c.conn.QueryRowContext(ctx, fmt.Sprintf("SELECT count(DISTINCT block_id) * 262144 FROM pragma_storage_info('base.%s')", t.name)).Scan(&held); err != nil {
			return 0, fmt.Errorf("clones: %w", err)
		}
		switch {
		case c.kind(&t) == perClone:
			bytes += held * int64(c.Clones)
		case strings.Contains(t.name, "_roll_"): // a bit a box, but of many the place is told once
			bytes += held * int64(c.Clones) / 2
		case c.kind(&t) != ours || t.derived():
			bytes += held
		}
	}
	return bytes, nil
}

func attach(path string) string {
	return fmt.Sprintf("ATTACH '%s' AS base (READ_ONLY)", strings.ReplaceAll(path, "'", "''"))
}

type cloner struct {
	CloneOptions
	began time.Time
	conn  *sql.Conn // to the new store; the old one is called base
}

func (c *cloner) report(table string, rows int64) {
	if c.Report != nil {
		c.Report(CloneProgress{table, rows, time.Since(c.began)})
	}
}

// reopen lets the store itself open the file and shut it.
func (c *cloner) reopen(path string) error {
	s, err := duckdb.Open(path, c.Store)
	if err != nil {
		return err
	}
	return s.Shutdown()
}

// fill copies and multiplies every table of the old store.
func (c *cloner) fill(ctx context.Context, from, fresh string) (err error) {
	db, err := sql.Open("duckdb", fresh)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if c.conn, err = db.Conn(ctx); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.conn.Close()) }()
	masks := make([]string, c.Clones)
	for k := range masks {
		masks[k] = fmt.Sprintf("(%d::UBIGINT)", cloneMask(k))
	}
	steps := []string{
		attach(from),
		"SET preserve_insertion_order = false",
		fmt.Sprintf("SET temp_directory = '%s'", strings.ReplaceAll(fresh+".tmp", "'", "''")),
		"CREATE TEMP TABLE clone (mask UBIGINT)",
		"INSERT INTO clone VALUES " + strings.Join(masks, ", "),
	}
	if c.Store.MemoryBytes > 0 {
		steps = append(steps, fmt.Sprintf("SET memory_limit = '%dB'", c.Store.MemoryBytes))
	}
	if c.Store.Threads > 0 {
		steps = append(steps, fmt.Sprintf("SET threads = %d", c.Store.Threads))
	}
	if err := c.exec(ctx, steps...); err != nil {
		return err
	}
	tables, err := c.tables(ctx)
	if err != nil {
		return err
	}
	if err := c.check(ctx, tables); err != nil {
		return err
	}
	for _, t := range tables {
		if err := c.table(ctx, t); err != nil {
			return fmt.Errorf("%s: %w", t.name, err)
		}
	}
	return c.exec(ctx,
		"DELETE FROM schema_made", // the store makes the tables that are not there
		"CREATE TABLE cloned (clones INTEGER, leaves VARCHAR)",
		fmt.Sprintf("INSERT INTO cloned VALUES (%d, '%s')", c.Clones, strings.Join(c.Leave, " ")),
		"CHECKPOINT")
}

func (c *cloner) exec(ctx context.Context, statements ...string) error {
	for _, s := range statements {
		if _, err := c.conn.ExecContext(ctx, s); err != nil {
			return fmt.Errorf("%w, in %.80s", err, s)
		}
	}
	return nil
}

// table is one of the old store.
type table struct {
	name    string
	columns []string
	rows    int64
}

func (t *table) has(column string) bool { return slices.Contains(t.columns, column) }

// fact is a fact's name, if the table is one's: its own without the grain.
func (t *table) fact() string {
	name := strings.TrimSuffix(strings.TrimSuffix(t.name, "_hour"), "_day")
	if name == "asset" { // where FactAsset lies, folded
		return "fact_asset"
	}
	return name
}

func (c *cloner) tables(ctx context.Context) (all []table, err error) {
	rows, err := c.conn.QueryContext(ctx, `SELECT table_name, string_agg(column_name, ' ' ORDER BY column_index)
FROM duckdb_columns() JOIN duckdb_tables() USING (database_name, schema_name, table_name)
WHERE database_name = 'base' GROUP BY table_name ORDER BY table_name`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var t table
		var columns string
		if err := rows.Scan(&t.name, &columns); err != nil {
			return nil, err
		}
		t.columns = strings.Fields(columns)
		all = append(all, t)
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	for i := range all {
		if err := c.conn.QueryRowContext(ctx, "SELECT count(*) FROM base."+all[i].name).Scan(&all[i].rows); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// check refuses what has no clones.
func (c *cloner) check(ctx context.Context, tables []table) error {
	for _, t := range tables {
		switch {
		case t.name == "cloned":
			return errors.New("the store is made of clones; clone the one it was made of")
		case c.kind(&t) == unknown && t.rows > 0:
			return fmt.Errorf("the store has %d rows of %s, and nobody says what those of clones are; take a store that backfill made", t.rows, t.name)
		}
	}
	var text string
	err := c.conn.QueryRowContext(ctx, "SELECT rules FROM base.edit_rules ORDER BY number DESC LIMIT 1").Scan(&text)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	var rules store.EditRules
	if err == nil {
		err = json.Unmarshal([]byte(text), &rules)
	}
	if err == nil && len(rules.Boxes)+len(rules.Accounts) > 0 {
		err = errors.New("the edit rules list boxes or accounts, and their clones are not listed; take them out and close again first")
	}
	return err
}

// carried are the tables that are the same however many boxes there are.
var carried = []string{"closed", "code", "dirt", "dropped", "edit_rules", "fact_rules", "settled", "label",
	"feed_file", "feed_fault", "object", "object_gone", "mapping", "title", "product", "airing", "broadcast", "recording"}

// perBroadcast are the measures that a broadcast has once, whoever watches.
var perBroadcast = []string{string(store.MeasureAirings), string(store.MeasureAirMs)}

// kind is what becomes of a table's rows.
type kind int

const (
	unknown    kind = iota // nobody says
	ours                   // the store makes them itself, or they are left out
	perClone               // each once a clone
	multiplied             // measures times the clones
	carriedOn              // as they are
)

func (c *cloner) kind(t *table) kind {
	fact, isFact := factNamed(t.fact())
	switch {
	case t.name == "schema_made" || t.derived() || isFact && slices.Contains(c.Leave, fact.Name):
		return ours
	case t.has("box") || isFact && slices.Contains(fact.Dimensions, store.ColAccount):
		return perClone
	case isFact || t.name == "block":
		return multiplied
	case slices.Contains(carried, t.name):
		return carriedOn
	}
	return unknown
}

// selected is a SELECT list and what it is of.
func (c *cloner) selected(t *table) string {
	switch c.kind(t) {
	case perClone:
		return c.each(t, func(column string) string {
			if column == "box" || column == "account" || column == "order_id" {
				return fmt.Sprintf("CASE %[1]s WHEN 0 THEN 0 ELSE xor(%[1]s, mask) END", column)
			}
			return column
		}) + ", clone"
	case multiplied:
		fact, _ := factNamed(t.fact())
		return c.each(t, func(column string) string {
			if t.name == "block" && column == "events" || slices.Contains(fact.Measures, store.Measure(column)) && !slices.Contains(perBroadcast, column) {
				return fmt.Sprintf("%s * %d", column, c.Clones)
			}
			return column
		})
	}
	return c.each(t, func(column string) string { return column })
}

func (c *cloner) each(t *table, expression func(column string) string) string {
	columns := make([]string, len(t.columns))
	for i, column := range t.columns {
		columns[i] = expression(column) + " AS " + column
	}
	return strings.Join(columns, ", ") + " FROM base." + t.name
}

// derived reports whether the store makes the table of facts when it opens without
// it.
func (t *table) derived() bool {
	return t.name == "seat" || strings.Contains(t.name, "_by_") || strings.Contains(t.name, "_roll_") || strings.HasSuffix(t.name, "_marks")
}

// table writes one table of the new store.
func (c *cloner) table(ctx context.Context, t table) error {
	if t.derived() && t.name != "seat" {
		return c.exec(ctx, "DROP TABLE IF EXISTS "+t.name)
	}
	if k := c.kind(&t); k == unknown || k == ours {
		return nil
	}
	if err := c.exec(ctx, "DELETE FROM "+t.name); err != nil { // what an empty store has
		return err
	}
	result, err := c.conn.ExecContext(ctx, fmt.Sprintf("INSERT INTO %s BY NAME SELECT %s", t.name, c.selected(&t)))
	if err != nil {
		return err
	}
	n, err := result.RowsAffected()
	if err != nil {
		return err
	}
	c.report(t.name, n)
	return nil
}

// factsByBox are the shapes of event facts whose rows tell boxes or accounts apart.
func factsByBox() (all []store.Shape) {
	for f := range store.Fact(store.EventFacts) {
		if shape := store.ShapeOf(f); shape.Counted() != "" && f != store.FactAir {
			all = append(all, shape)
		}
	}
	return all
}

func namesByBox() (all []string) {
	for _, s := range factsByBox() {
		all = append(all, s.Name)
	}
	return all
}

func factNamed(name string) (store.Shape, bool) {
	for f := range store.Fact(store.EventFacts) {
		if shape := store.ShapeOf(f); shape.Name == name {
			return shape, true
		}
	}
	return store.Shape{}, false
}
