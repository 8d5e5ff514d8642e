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

// near tells which of sources have rows on a side that may count in hours from..to-1:
// those of a day before and after, broadcasts that can be watched then.
func near(ctx context.Context, tx steps, d side, from, to aggregator.Hour) (map[string]bool, error) {
	const day = 24 * aggregator.HourMs
	lo, hi := from.Start(), to.Start()
	parts := make([]string, len(sources))
	for i, name := range sources {
		where := fmt.Sprintf("at_ms >= %d AND at_ms < %d", lo-2*day, hi+2*day)
		table := string(d) + name
		if name == "broadcast" {
			table = name
			where = fmt.Sprintf("start_ms < %d AND end_ms > %d", hi, lo-(store.MaxLag+2)*day)
		}
		parts[i] = fmt.Sprintf("(SELECT '%s' FROM %s WHERE %s LIMIT 1)", name, table, where)
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

// makeFacts makes the facts of a portion, whose cells the table cell holds, or brings
// them in line, and all that is derived from their hours. It tells which changed.
func (s *Store) makeFacts(ctx context.Context, tx steps, p *portion) (changed, error) {
	c := newChanged()
	from, to := p.hours()
	if p.whole {
		if err := unmake(ctx, tx, from, to, c); err != nil {
			return c, err
		}
		if err := s.runScript(ctx, tx, p, allRows, func(table, statement, _ string) error {
			n, err := rowsOf(tx.ExecContext(ctx, statement))
			if table != "" && n > 0 {
				c.made[table] = true
			}
			return err
		}); err != nil {
			return c, err
		}
		return c, execAll(ctx, tx, derivedHours(int64(from), int64(to), c)...)
	}
	begun := map[string]bool{}
	for _, d := range []side{nowRows, thenRows} {
		if err := s.runScript(ctx, tx, p, d, func(table, statement, body string) error {
			if table != "" {
				statement = difference(body, tableNamed(table), d == thenRows, !begun[table])
				begun[table] = true
			}
			_, err := tx.ExecContext(ctx, statement)
			return err
		}); err != nil {
			return c, err
		}
	}
	cells := cellsOf(int64(from), int64(to))
	for f := range store.Fact(store.EventFacts) {
		shape := tableOf(f)
		if !begun[shape.Name] {
			continue
		}
		if err := bringInLine(ctx, tx, shape, cells, c); err != nil {
			return c, fmt.Errorf("%s: %w", shape.Name, err)
		}
	}
	return c, nil
}

// bringInLine adds a fact's differences to the hours of the cells in the table cell, and
// to what is derived from them.
func bringInLine(ctx context.Context, tx steps, shape store.Shape, cells string, c changed) error {
	gone, made, err := merge(ctx, tx, shape.Name+"_hour", shape.Dimensions, shape.Measures, "FROM delta_"+shape.Name, cells)
	if err != nil || gone+made == 0 {
		return err
	}
	c.gone[shape.Name], c.made[shape.Name] = gone > 0, made > 0
	if slices.ContainsFunc(rolled, func(r store.Shape) bool { return r.Name == shape.Name }) {
		if err := execAll(ctx, tx, slices.Concat(
			[]string{present("true", "merged")}, statements(seatSQL),
			rebit(shape, "hour", "merged", cells))...); err != nil {
			return err
		}
	}
	for _, n := range narrows {
		if store.ShapeOf(n.fact).Name != shape.Name {
			continue
		}
		added := fmt.Sprintf("SELECT period, %s, %s FROM delta_%s", joinWith(n.dimensions, ", "), joinWith(shape.Measures, ", "), shape.Name)
		if _, _, err := merge(ctx, tx, n.name()+"_hour", n.dimensions, shape.Measures, added, cells); err != nil {
			return err
		}
	}
	return nil
}

// runScript gives the statements of closeScript over one side's rows to do, those that
// give rows to a fact's hours with the table's name (without _hour) and what they
// select.
func (s *Store) runScript(ctx context.Context, tx steps, p *portion, d side, do func(table, statement, body string) error) error {
	from, to := p.hours()
	there, err := near(ctx, tx, d, from, to)
	if err != nil {
		return err
	}
	set := s.placeholders(p, d)
	for _, file := range closeScript {
		if !file.needed(there) {
			continue
		}
		for _, statement := range file.statements {
			statement = set.Replace(statement)
			table, body := "", ""
			if m := intoHour.FindStringSubmatch(statement); m != nil {
				table, body = m[1], statement[len(m[0]):]
			}
			if err := do(table, statement, body); err != nil {
				return fmt.Errorf("%w, in %.60s", err, strings.TrimSpace(statement))
			}
		}
	}
	return nil
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

// placeholders are what statements of a closing leave open: the
// tables they read in braces, numbers behind a dollar.
func (s *Store) placeholders(p *portion, d side) *strings.Replacer {
	r := &s.edit
	from, to := p.hours()
	return strings.NewReplacer(append(p.tables(d),
		"$from", fmt.Sprint(from), "$to", fmt.Sprint(to),
		"$lo_ms", fmt.Sprint(from.Start()), "$hi_ms", fmt.Sprint(to.Start()),
		"$edit", fmt.Sprint(s.editing),
		"$live_cap", fmt.Sprint(r.LiveMs), "$night_cap", fmt.Sprint(r.NightLiveMs), "$demand_cap", fmt.Sprint(r.DemandMs),
		"$least_cap", fmt.Sprint(min(r.LiveMs, r.NightLiveMs, r.DemandMs)),
		"$night_from", fmt.Sprint(r.NightFrom), "$night_hours", fmt.Sprint(r.NightHours()), "$episodes", fmt.Sprint(r.Episodes),
	)...)
}
