package duckdb

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"iptvdc/aggregator"
	"iptvdc/aggregator/store"
)

// closeFiles are the closing's statements, files in the order of their names: facts
// of the cells in the temporary table cell, all of hours $from..$to-1, which begin at
// $lo_ms and end before $hi_ms, where there are none of these cells yet. Their
// definitions stand in aggregator/store/fact.go; in them 60000 is store.LedMs, 5400000
// store.OnReachMs, 1800000 store.VisitMs and 86400000 the longest View.
//
// A file that says "-- of: a, b & c" is left out where nothing lies near the cells in
// a and b, or nothing in c: planning statements that find nothing is most of what a
// small closing costs. Its temporary tables are read by itself alone, or by files that
// need the same.
//
//go:embed sql/close
var closeFiles embed.FS

// closeFile is one of them.
type closeFile struct {
	of         [][]string // one of each must have something; empty: always run
	statements []string
}

// closeScript are all of them, in order.
var closeScript = func() (all []closeFile) {
	files, _ := closeFiles.ReadDir("sql/close") // embedded: always there, by name
	for _, f := range files {
		text, _ := closeFiles.ReadFile("sql/close/" + f.Name())
		file := closeFile{statements: statements(string(text))}
		first, _, _ := strings.Cut(string(text), "\n")
		if of, ok := strings.CutPrefix(first, "-- of: "); ok {
			for group := range strings.SplitSeq(of, " & ") {
				file.of = append(file.of, strings.Split(group, ", "))
			}
		}
		all = append(all, file)
	}
	return all
}()

// sources are the tables that files of closeScript name.
var sources = func() (all []string) {
	for _, f := range closeScript {
		all = append(all, slices.Concat(f.of...)...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}()

// near tells which of sources have rows that may count in hours from..to-1: those of a
// day before and after, broadcasts that can be watched then.
func near(ctx context.Context, tx steps, from, to aggregator.Hour) (map[string]bool, error) {
	const day = 24 * aggregator.HourMs
	lo, hi := from.Start(), to.Start()
	parts := make([]string, len(sources))
	for i, name := range sources {
		where := fmt.Sprintf("at_ms >= %d AND at_ms < %d", lo-2*day, hi+2*day)
		if name == "broadcast" {
			where = fmt.Sprintf("start_ms < %d AND end_ms > %d", hi, lo-(store.MaxLag+2)*day)
		}
		parts[i] = fmt.Sprintf("(SELECT '%s' FROM %[1]s WHERE %s LIMIT 1)", name, where)
	}
	rows, err := tx.QueryContext(ctx, joinWith(parts, " UNION ALL "))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	there := map[string]bool{}
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return nil, err
		}
		there[name] = true
	}
	return there, rows.Err()
}

// needed reports whether a file has to run, there being rows in some tables.
func (f *closeFile) needed(there map[string]bool) bool {
	return !slices.ContainsFunc(f.of, func(group []string) bool {
		return !slices.ContainsFunc(group, func(name string) bool { return there[name] })
	})
}

// changed are the facts, by the names of their tables, whose hours a closing took rows
// from, and those that it gave some: what is derived from others stands as it is.
type changed struct{ gone, made map[string]bool }

func newChanged() changed { return changed{map[string]bool{}, map[string]bool{}} }

func (c changed) any(table string) bool { return c.gone[table] || c.made[table] }

func (c changed) add(other changed) {
	for name := range other.gone {
		c.gone[name] = true
	}
	for name := range other.made {
		c.made[name] = true
	}
}

// intoHour is a statement that gives rows to the hours of a fact.
var intoHour = regexp.MustCompile(`^\s*INSERT INTO (\w+)_hour\s`)

// unmake takes away the facts of the cells in the table cell, all of hours from..to-1.
func unmake(ctx context.Context, tx steps, from, to aggregator.Hour, c changed) error {
	var held bool // never closed cells have no facts
	if err := tx.QueryRowContext(ctx, "SELECT EXISTS (FROM closed SEMI JOIN cell USING (hour, province))").Scan(&held); err != nil || !held {
		return err
	}
	cells := cellsOf(int64(from), int64(to))
	for f := range store.Fact(store.EventFacts) {
		name := tableOf(f).Name
		n, err := rowsOf(tx.ExecContext(ctx, fmt.Sprintf("DELETE FROM %s_hour WHERE %s", name, cells)))
		if err != nil {
			return err
		}
		c.gone[name] = n > 0
	}
	return nil
}

// makeFacts makes the facts of the cells of a run, which the table cell holds, and all
// that is derived from their hours. It tells which changed.
func (s *Store) makeFacts(ctx context.Context, tx steps, run []store.Cell) (changed, error) {
	c := newChanged()
	from, to := run[0].Hour, run[len(run)-1].Hour+1
	there, err := near(ctx, tx, from, to)
	if err != nil {
		return c, err
	}
	if err := unmake(ctx, tx, from, to, c); err != nil {
		return c, err
	}
	set := s.placeholders(from, to)
	for _, file := range closeScript {
		if !file.needed(there) {
			continue
		}
		for _, statement := range file.statements {
			statement = set.Replace(statement)
			n, err := rowsOf(tx.ExecContext(ctx, statement))
			if err != nil {
				return c, fmt.Errorf("%w, in %.60s", err, strings.TrimSpace(statement))
			}
			if m := intoHour.FindStringSubmatch(statement); m != nil && n > 0 {
				c.made[m[1]] = true
			}
		}
	}
	return c, execAll(ctx, tx, derivedHours(int64(from), int64(to), c)...)
}

// derivedHours brings narrow tables and rolls in line with the hours from..to-1 of the
// cells in the table cell.
func derivedHours(from, to int64, c changed) (all []string) {
	cells := cellsOf(from, to)
	for _, n := range narrows {
		all = append(all, renarrow(n, "hour", cells, c)...)
	}
	var tables []string
	for _, shape := range rolled {
		if c.made[shape.Name] {
			tables = append(tables, shape.Name+"_hour")
		}
	}
	if len(tables) > 0 {
		all = append(append(all, present(cells, tables...)), statements(seatSQL)...)
	}
	for _, shape := range rolled {
		all = append(all, reroll(shape, "hour", "seated", cells, c)...)
	}
	return all
}

// rowsOf is how many rows a statement touched.
func rowsOf(r sql.Result, err error) (int64, error) {
	if err != nil {
		return 0, err
	}
	return r.RowsAffected()
}

// placeholders are what statements of a closing of hours from..to-1 leave open.
func (s *Store) placeholders(from, to aggregator.Hour) *strings.Replacer {
	r := &s.edit
	return strings.NewReplacer(
		"$from", fmt.Sprint(from), "$to", fmt.Sprint(to),
		"$lo_ms", fmt.Sprint(from.Start()), "$hi_ms", fmt.Sprint(to.Start()),
		"$edit", fmt.Sprint(s.editing), "$hot_records", fmt.Sprint(min(r.MinuteRecords, r.DayRecords/24)),
		"$live_cap", fmt.Sprint(r.LiveMs), "$night_cap", fmt.Sprint(r.NightLiveMs), "$demand_cap", fmt.Sprint(r.DemandMs),
		"$least_cap", fmt.Sprint(min(r.LiveMs, r.NightLiveMs, r.DemandMs)),
		"$night_from", fmt.Sprint(r.NightFrom), "$night_hours", fmt.Sprint(r.NightHours()), "$episodes", fmt.Sprint(r.Episodes),
	)
}
