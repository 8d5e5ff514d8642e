package duckdb

import (
	"cmp"
	"context"
	"database/sql"
	_ "embed"
	"fmt"

	"iptvdc/aggregator"
	"iptvdc/aggregator/c3"
	"iptvdc/aggregator/store"
)

//go:embed sql/title.sql
var titleSQL string

// packedSQL fills packed for the provinces that $which selects.
//
//go:embed sql/packed.sql
var packedSQL string

// retitle makes the titles of a province anew, and what is in its packages.
func (w *bulk) retitle(p uint8) error {
	if err := w.runScript(titleSQL, map[string]any{"p": p}); err != nil {
		return err
	}
	return w.repack(p)
}

// repack makes anew what is in the packages of a province.
func (w *bulk) repack(p uint8) error {
	which := fmt.Sprintf("province = %d", p)
	if err := w.exec("DELETE FROM packed WHERE " + which); err != nil {
		return err
	}
	return w.runScript(packedSQL, map[string]any{"which": which})
}

// catalogue takes in things and what joins them, and makes the province's titles
// anew.
func (a *applying) catalogue() (repeated int64, err error) {
	w, p := a.w, uint8(a.file.Province)
	version := fmt.Sprintf("%d, %s", a.file.VersionMs, blob(a.file.ID[:]))
	for _, statement := range []string{
		// What the file deletes, also if it brings it back in a later line.
		"CREATE OR REPLACE TEMP TABLE gone AS SELECT element, code, max(line) AS line FROM staged WHERE deleted GROUP BY ALL",
		fmt.Sprintf(`CREATE OR REPLACE TEMP TABLE gone_later AS SELECT element, code FROM gone g JOIN (FROM object_gone WHERE province = %d) o USING (element, code)
WHERE (o.version_ms, o.file, o.line) > (%s, g.line)`, p, version),
		fmt.Sprintf("DELETE FROM object_gone WHERE province = %d AND (element, code) IN (SELECT element, code FROM gone ANTI JOIN gone_later USING (element, code))", p),
		fmt.Sprintf("INSERT INTO object_gone SELECT %d, element, code, line, %s FROM gone ANTI JOIN gone_later USING (element, code)", p, version),
	} {
		if err := w.exec(statement); err != nil {
			return 0, fmt.Errorf("%w, in %.60s", err, statement)
		}
	}
	for _, k := range []keyed{
		{table: "object", staged: "staged", key: []string{"element", "code"}, says: []string{"name", "parent", "deleted", "properties"},
			means: []string{"genre", "sub_genre", "place", "provider", "definition", "duration_s", "dictionary"}, lines: true},
		{table: "mapping", staged: "staged_mapping", key: []string{"parent", "parent_code", "child", "child_code"}, says: []string{"deleted", "properties"}, lines: true},
	} {
		outdone, err := a.lastLines(k)
		if err != nil {
			return 0, err
		}
		n, err := a.merge(k)
		if err != nil {
			return 0, err
		}
		repeated += outdone + n
	}
	// A week of schedules says nothing of titles.
	n, err := w.number(fmt.Sprintf("SELECT (SELECT count(*) FROM staged WHERE element IN (%[1]d, %[2]d, %[3]d)) + (SELECT count(*) FROM staged_mapping WHERE parent = %[2]d AND child = %[1]d)",
		c3.ElementProgram, c3.ElementSeries, c3.ElementChannel))
	if err != nil {
		return 0, err
	}
	packages, err := w.number(fmt.Sprintf("SELECT (SELECT count(*) FROM staged WHERE element = %[1]d) + (SELECT count(*) FROM staged_mapping WHERE parent = %[1]d)", c3.ElementPackage))
	switch {
	case err != nil:
	case n > 0:
		err = w.retitle(p)
	case packages > 0:
		err = w.repack(p)
	}
	if err != nil {
		return 0, err
	}
	return repeated, a.schedules()
}

// lastLines leaves the last row of each key and counts the others.
func (a *applying) lastLines(k keyed) (int64, error) {
	key := joinWith(k.key, ", ")
	for _, statement := range []string{
		fmt.Sprintf("CREATE OR REPLACE TEMP TABLE doubled AS SELECT %[2]s FROM %[1]s GROUP BY %[2]s HAVING count(*) > 1", k.staged, key),
		fmt.Sprintf(`CREATE OR REPLACE TEMP TABLE earlier AS SELECT rid FROM (
	SELECT rowid AS rid, row_number() OVER (PARTITION BY %[2]s ORDER BY line DESC, rowid) AS n FROM %[1]s SEMI JOIN doubled USING (%[2]s))
WHERE n > 1`, k.staged, key),
		fmt.Sprintf("DELETE FROM %s WHERE rowid IN (SELECT rid FROM earlier)", k.staged),
	} {
		if err := a.w.exec(statement); err != nil {
			return 0, fmt.Errorf("%w, in %.60s", err, statement)
		}
	}
	return a.w.number("SELECT count(*) FROM earlier")
}

// Titles implements store.Feeds.
func (s *Store) Titles(ctx context.Context, scope aggregator.Scope, f func(store.TitleRow) error) error {
	where := "true"
	if !scope.All {
		if len(scope.Provinces) == 0 {
			return nil // empty means none, never all
		}
		where = "t.province IN (" + join(scope.Provinces) + ")"
	}
	var refused error // the caller's own error goes back as it is
	err := s.each(ctx, `
SELECT t.province, t.element, coalesce(c.text, ''), coalesce(n.text, ''), coalesce(p.text, ''),
	t.genre, t.sub_genre, t.place, t.provider, t.definition, t.duration_s, t.dictionary, o.properties
FROM title t
	JOIN object o ON o.province = t.province AND o.element = t.element AND o.code = t.content
	LEFT JOIN code c ON c.key = t.content LEFT JOIN code n ON n.key = t.name LEFT JOIN code p ON p.key = t.series
WHERE `+where, func(rows *sql.Rows) error {
		var r store.TitleRow
		var properties string
		err := rows.Scan(&r.Province, &r.Element, &r.Code, &r.Name, &r.Series,
			&r.Genre, &r.SubGenre, &r.Place, &r.Provider, &r.Definition, &r.DurationS, &r.Version, &properties)
		if err == nil {
			r.Properties, err = unpackProperties(properties)
		}
		if err == nil {
			refused = f(r)
			err = refused
		}
		return err
	})
	return cmp.Or(refused, wrap("titles", err))
}

// renormalPart is how many things are given new values at a time: their
// properties are in memory.
const renormalPart = 20_000

// Renormalise implements store.Feeds.
func (s *Store) Renormalise(ctx context.Context, f meaning) error {
	s.feeding.Lock()
	defer s.feeding.Unlock()
	w, err := s.connect()
	if err != nil {
		return err
	}
	defer w.close()
	defer w.endWith(ctx)()
	told := map[uint64]string{}
	if err := w.transaction(func() error {
		var provinces []uint8
		if err := w.query("SELECT DISTINCT province FROM object ORDER BY province", func(pg page) error {
			provinces = append(provinces, values[uint8](pg, 0)...)
			return nil
		}); err != nil {
			return err
		}
		for _, p := range provinces {
			if err := w.renormalise(ctx, aggregator.Province(p), f, told); err != nil {
				return err
			}
			if err := w.runScript(titleSQL, map[string]any{"p": p}); err != nil { // what is in packages stays
				return err
			}
			if err := w.runScript(broadcastSQL, map[string]any{"p": p, "mark": 0}); err != nil { // no time changes, so nothing is marked
				return err
			}
		}
		// Codes are told before anything that has them can be seen. They do not go
		// into this transaction: see Commit.
		return s.tell(told)
	}); err != nil {
		return wrap("renormalise", err)
	}
	return nil
}

// meaning says what an object means, and appends the codes behind its keys.
type meaning = func(codes []store.Code, p aggregator.Province, o *c3.Object) (store.Normal, []store.Code)

// tell adds the codes that are new, over a connection of its own.
func (s *Store) tell(codes map[uint64]string) error {
	w, err := s.connect()
	if err != nil {
		return err
	}
	defer w.close()
	all := make([]store.Code, 0, len(codes))
	for key, text := range codes {
		all = append(all, store.Code{Key: key, Text: text})
	}
	if err := w.exec(stagedCode); err != nil {
		return err
	}
	if err := w.stageCodes(all); err != nil {
		return err
	}
	return s.tellStaged(w)
}

// SetLabels implements store.Feeds.
func (s *Store) SetLabels(ctx context.Context, all []store.Label) error {
	s.feeding.Lock()
	defer s.feeding.Unlock()
	w, err := s.connect()
	if err != nil {
		return err
	}
	defer w.close()
	defer w.endWith(ctx)()
	all = store.LastLabels(all)
	return wrap("labels", w.transaction(func() error {
		if err := w.exec("DELETE FROM label"); err != nil {
			return err
		}
		return w.append("label", len(all), []column{
			text(all, func(l *store.Label) []byte { return view(string(l.Column)) }), fixed(all, func(l *store.Label) uint64 { return l.Key }),
			text(all, func(l *store.Label) []byte { return view(l.ZH) }), text(all, func(l *store.Label) []byte { return view(l.EN) }),
		})
	}))
}

// renormalised is what a thing means now.
type renormalised struct {
	element uint8
	code    uint64
	store.Normal
}

// renormalise gives a province's objects new values and adds to told the codes
// behind them: at most a text an object, mostly a few hundred in all.
func (w *bulk) renormalise(ctx context.Context, p aggregator.Province, f meaning, told map[uint64]string) error {
	if err := w.exec(`CREATE OR REPLACE TEMP TABLE normal (element UTINYINT, code UBIGINT, genre UBIGINT, sub_genre UBIGINT, place UBIGINT, provider UBIGINT,
	definition UTINYINT, duration_s INTEGER, dictionary UBIGINT)`); err != nil {
		return err
	}
	n, err := w.number(fmt.Sprintf("SELECT count(*) FROM object WHERE province = %d", p))
	if err != nil {
		return err
	}
	parts := n/renormalPart + 1
	var codes []store.Code
	for part := range parts {
		if err := ctx.Err(); err != nil {
			return err
		}
		var rows []renormalised
		if err := w.query(fmt.Sprintf(`SELECT o.element, o.code, coalesce(c.text, ''), coalesce(u.text, ''), o.properties
FROM object o LEFT JOIN code c ON c.key = o.code LEFT JOIN code u ON u.key = o.parent
WHERE o.province = %d AND NOT o.deleted AND o.code %% %d = %d`, p, parts, part), func(pg page) error {
			elements, keys := values[uint8](pg, 0), values[uint64](pg, 1)
			names, parents, properties := texts(pg, 2), texts(pg, 3), texts(pg, 4)
			for i := range elements {
				all, err := unpackProperties(properties[i])
				if err != nil {
					return err
				}
				r := renormalised{element: elements[i], code: keys[i]}
				r.Normal, codes = f(codes[:0], p, &c3.Object{Element: c3.Element(elements[i]), Code: names[i],
					ParentCode: parents[i], Verb: c3.VerbRegister, Properties: all})
				rows = append(rows, r)
				for _, c := range codes {
					told[c.Key] = c.Text
				}
			}
			return nil
		}); err != nil {
			return err
		}
		if err := w.append("normal", len(rows), []column{
			fixed(rows, func(r *renormalised) uint8 { return r.element }), fixed(rows, func(r *renormalised) uint64 { return r.code }),
			fixed(rows, func(r *renormalised) uint64 { return r.Genre }), fixed(rows, func(r *renormalised) uint64 { return r.SubGenre }),
			fixed(rows, func(r *renormalised) uint64 { return r.Place }), fixed(rows, func(r *renormalised) uint64 { return r.Provider }),
			fixed(rows, func(r *renormalised) uint8 { return r.Definition }), fixed(rows, func(r *renormalised) int32 { return r.DurationS }),
			fixed(rows, func(r *renormalised) uint64 { return r.Version }),
		}); err != nil {
			return err
		}
	}
	return w.exec(fmt.Sprintf(`UPDATE object AS o SET genre = n.genre, sub_genre = n.sub_genre, place = n.place, provider = n.provider,
	definition = n.definition, duration_s = n.duration_s, dictionary = n.dictionary
FROM normal n WHERE o.province = %d AND o.element = n.element AND o.code = n.code`, p))
}
