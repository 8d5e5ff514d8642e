package duckdb

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"

	"iptvdc/aggregator"
	"iptvdc/aggregator/store"
)

// Query implements store.Store.
func (s *Store) Query(ctx context.Context, q store.Query) ([]store.Row, error) {
	if err := q.Check(); err != nil {
		return nil, err
	}
	if !q.AllProvinces && len(q.Provinces) == 0 {
		return nil, nil // empty means none, never all
	}
	spans := slices.DeleteFunc(slices.Clone(q.Spans), func(p store.Span) bool { return p.From >= p.To })
	if len(spans) == 0 {
		return nil, nil
	}
	tx, err := s.db.BeginTx(ctx, nil) // one view of settled and of the facts
	if err != nil {
		return nil, fmt.Errorf("store: query: %w", err)
	}
	defer tx.Rollback()
	settled := noDay
	if !q.Hourly && q.Fact < store.EventFacts {
		if settled, err = settledDay(ctx, tx); err != nil {
			return nil, fmt.Errorf("store: query: %w", err)
		}
	}
	if q.Fact == store.FactPresence || q.Fact == store.FactCohort {
		table, err := s.workedOut(ctx, tx, &q)
		if err != nil {
			return nil, fmt.Errorf("store: query: %w", err)
		}
		if table == "" {
			return nil, nil
		}
		return ask(ctx, tx, &q, "WITH "+table+",\n"+strings.TrimPrefix(querySQL(&q, settled), "WITH "))
	}
	if readsFolded(&q) {
		return ask(ctx, tx, &q, sightSQL(&q, settled))
	}
	called, rest := apartByRolls(&q)
	if called == nil {
		return ask(ctx, tx, &q, querySQL(&q, settled))
	}
	boxes, err := callRolls(ctx, tx, called, settled)
	if err != nil {
		return nil, err
	}
	var others []store.Row
	if rest != nil {
		if others, err = ask(ctx, tx, rest, querySQL(rest, settled)); err != nil {
			return nil, err
		}
	}
	return together(&q, boxes, others), nil
}

// ask answers q by one statement.
func ask(ctx context.Context, tx *sql.Tx, q *store.Query, statement string) ([]store.Row, error) {
	rows, err := tx.QueryContext(ctx, statement)
	if err != nil {
		return nil, fmt.Errorf("store: query: %w", err)
	}
	defer rows.Close()
	return scanRows(rows, len(q.GroupBy), len(q.Values))
}

func scanRows(rows *sql.Rows, groups, values int) ([]store.Row, error) {
	var out []store.Row
	into := make([]any, 1+groups+values)
	for rows.Next() {
		r := store.Row{Group: make([]uint64, groups), Values: make([]int64, values)}
		into[0] = &r.Span
		for i := range r.Group {
			into[1+i] = &r.Group[i]
		}
		for i := range r.Values {
			into[1+groups+i] = &r.Values[i]
		}
		if err := rows.Scan(into...); err != nil {
			return nil, fmt.Errorf("store: query: %w", err)
		}
		out = append(out, r)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("store: query: %w", err)
	}
	return out, nil
}

// querySQL is the statement that answers q. Everything from outside is a
// number or one of this program's own words, so there is nothing to quote.
//
//	source   the rows of all spans that scope and filters let through, of the
//	         narrowest table that has the sums
//	seen     the same of the table that has the boxes or accounts, if they are asked
//	         for one by one
//	span     which periods belong to which span; not if there is but one span
//	sums     the sums, by span and group
//	last     with Latest, the last day with rows of each span and province
//	boxes    the counts of boxes, by span and group: see countSQL
//	squares  the sums of squares over boxes, by span and group
//	grouped  both side by side
func querySQL(q *store.Query, settled aggregator.Day) string {
	var ctes []string
	with := func(name, sql string) { ctes = append(ctes, name+" AS ("+sql+")") }
	var parts []string
	sums := slices.ContainsFunc(q.Values, addsUp)
	counts := slices.ContainsFunc(q.Values, countsBoxes)
	squares := slices.ContainsFunc(q.Values, func(v store.Value) bool { return v.Squares > 0 })
	byRows := counts && !masksFit(q)
	if sums {
		with("source", sourceSQL(q, settled, false))
	}
	if squares || counts {
		with("seen", sourceSQL(q, settled, true))
	}
	if _, one := oneSpan(q); !one && (sums || squares || byRows) {
		source := "source"
		if !sums {
			source = "seen"
		}
		with("span", spanSQL(q, source))
	}
	if sums {
		if q.Latest {
			with("last", fmt.Sprintf("SELECT span, province, max(period) AS period FROM %s_day JOIN span USING (period) GROUP BY ALL", store.ShapeOf(q.Fact).Name))
		}
		with("sums", sumSQL(q))
		parts = append(parts, "FROM sums")
	}
	if counts {
		ctes = append(ctes, countSQL(q))
		parts = append(parts, "FROM boxes")
	}
	if squares {
		ctes = append(ctes, squareSQL(q))
		parts = append(parts, "FROM squares")
	}
	for i, v := range q.Values {
		if v.Count != 0 {
			ctes = append(ctes, countingSQL(q, i, settled))
			parts = append(parts, fmt.Sprintf("FROM counted%d", i))
		}
	}
	return answerSQL(q, ctes, parts)
}

// answerSQL puts the parts of the answer side by side: rows of common tables, each with
// span, groups and all values.
func answerSQL(q *store.Query, ctes, parts []string) string {
	names := []string{"span"}
	for i := range q.GroupBy {
		names = append(names, fmt.Sprintf("g%d", i))
	}
	values, some := make([]string, len(q.Values)), make([]string, len(q.Values))
	for i := range q.Values {
		values[i] = fmt.Sprintf("sum(v%d)::BIGINT AS v%d", i, i)
		some[i] = fmt.Sprintf("v%d <> 0", i)
	}
	ctes = append(ctes, fmt.Sprintf("grouped AS (SELECT %s, %s FROM (%s) GROUP BY ALL HAVING %s)",
		joinWith(names, ", "), joinWith(values, ", "), joinWith(parts, " UNION ALL "), joinWith(some, " OR ")))
	var b strings.Builder
	b.WriteString("WITH " + joinWith(ctes, ",\n") + "\n")
	order := joinWith(names, ", ")
	if q.Limit > 0 {
		best := joinWith(append(append([]string{"v0 DESC"}, names[1:]...), "span"), ", ")
		fmt.Fprintf(&b, "FROM (FROM grouped ORDER BY %s LIMIT %d) ORDER BY %s", best, q.Limit, order)
	} else {
		fmt.Fprintf(&b, "FROM grouped ORDER BY %s", order)
	}
	return b.String()
}

// sumSQL is the part of the answer that adds up.
func sumSQL(q *store.Query) string {
	columns := append([]string{"span"}, groupColumns(q)...)
	for i, v := range q.Values {
		if !addsUp(v) {
			columns = append(columns, fmt.Sprintf("0 AS v%d", i))
			continue
		}
		columns = append(columns, fmt.Sprintf("sum(%s) AS v%d", v.Measure, i))
	}
	from := spanned(q, "source")
	if q.Latest {
		from += " JOIN last USING (span, province, period)"
	}
	return "SELECT " + joinWith(columns, ", ") + " FROM " + from + " GROUP BY ALL"
}

// spanned are the rows of source, each in every span that holds it.
func spanned(q *store.Query, source string) string {
	if n, one := oneSpan(q); one { // there are no others in source
		return fmt.Sprintf("(SELECT %d AS span, * FROM %s)", n, source)
	}
	return source + " JOIN span USING (period)"
}

// oneSpan returns the only span that is not empty, if there is but one. A stock
// needs its periods all the same.
func oneSpan(q *store.Query) (n int, one bool) {
	for i, p := range q.Spans {
		if p.From < p.To {
			if one {
				return 0, false
			}
			n, one = i, true
		}
	}
	return n, one && !q.Latest
}

func addsUp(v store.Value) bool { return !v.ByBox() && v.Count == 0 }

func countsBoxes(v store.Value) bool { return v.DistinctBoxes }

func isTime(c store.Column) bool { return slices.Contains(store.TimeColumns, c) }

// expression is what a column is called, or how it is made of a period in hours
// or days. DuckDB's remainders have the sign of the number.
func expression(c store.Column, period string, hours bool) string {
	switch {
	case c == store.ColHourOfDay:
		return fmt.Sprintf("((%s %% 24 + 24) %% 24)", period)
	case c == store.ColWeekday && hours: // 1970 began on a Thursday
		return fmt.Sprintf("(((%s + 72) %% 168 + 168) %% 168 // 24)", period)
	case c == store.ColWeekday:
		return fmt.Sprintf("(((%s + 3) %% 7 + 7) %% 7)", period)
	}
	return string(c)
}

// conditions are the scope and the filters, each begun with AND, over a table
// whose periods are hours or days.
func conditions(q *store.Query, period string, hours bool) string {
	var b strings.Builder
	if !q.AllProvinces {
		fmt.Fprintf(&b, " AND province IN (%s)", join(q.Provinces))
	}
	for _, f := range q.Filters {
		switch {
		case len(f.In) > 0 && f.Column == store.ColPackage:
			b.WriteString(" AND " + packaged(q, f))
		case len(f.In) > 0:
			fmt.Fprintf(&b, " AND %s %s (%s)", expression(f.Column, period, hours), isIn(f.Not), join(f.In))
		case !f.Not:
			b.WriteString(" AND false")
		}
	}
	if len(q.Among.Columns) == 0 {
		return b.String()
	}
	if len(q.Among.In) == 0 {
		if !q.Among.Not {
			b.WriteString(" AND false")
		}
		return b.String()
	}
	columns := make([]string, len(q.Among.Columns))
	for i, c := range q.Among.Columns {
		columns[i] = expression(c, period, hours) + "::UBIGINT"
	}
	fmt.Fprintf(&b, " AND (%s) %s (", joinWith(columns, ", "), isIn(q.Among.Not))
	for i, t := range q.Among.In {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, "(%s)", joinWith(t, "::UBIGINT,")+"::UBIGINT")
	}
	b.WriteByte(')')
	return b.String()
}

// packaged is the condition that a row is in one of the packages of a filter, or in
// none of them.
func packaged(q *store.Query, f store.Filter) string {
	within := fmt.Sprintf("SELECT province, code FROM packed WHERE package IN (%s)", join(f.In))
	condition := fmt.Sprintf("(province, content) IN (%s)", within)
	if hasChannel(q) {
		condition += fmt.Sprintf(" OR (province, channel) IN (%s AND element = 4)", within)
	}
	if f.Not {
		return "NOT (" + condition + ")"
	}
	return "(" + condition + ")"
}

// hasChannel reports whether q's fact knows channels beside contents.
func hasChannel(q *store.Query) bool {
	return slices.Contains(store.ShapeOf(q.Fact).Dimensions, store.ColChannel)
}

func isIn(not bool) string {
	if not {
		return "NOT IN"
	}
	return "IN"
}

// maxListed is how many (period, span) pairs are listed outright.
const maxListed = 20_000

// spanSQL lists (period, span) pairs, so that overlapping spans each get their
// rows by an equality join.
func spanSQL(q *store.Query, source string) string {
	var b strings.Builder
	listed := int64(0)
	for i, p := range q.Spans {
		if p.From < p.To {
			fmt.Fprintf(&b, "%s(%d,%d,%d)", comma(b.Len()), i, p.From, p.To)
			listed += int64(p.To) - int64(p.From)
		}
	}
	spans := "(VALUES " + b.String() + ") v(span, since, until)"
	if listed <= maxListed {
		return "SELECT unnest(range(since, until))::INTEGER AS period, span FROM " + spans
	}
	// Longer ones than any data: list only the periods that have facts.
	return "SELECT period, span FROM (SELECT DISTINCT period FROM " + source + ") JOIN " + spans + " ON period >= since AND period < until"
}

func groupColumns(q *store.Query) []string {
	out := make([]string, len(q.GroupBy))
	for i, c := range q.GroupBy {
		out[i] = fmt.Sprintf("%s::UBIGINT AS g%d", expression(c, "period", q.Hourly), i)
	}
	return out
}

func join[T any](values []T) string { return joinWith(values, ",") }

func joinWith[T any](values []T, by string) string {
	var b strings.Builder
	for i, v := range values {
		if i > 0 {
			b.WriteString(by)
		}
		fmt.Fprint(&b, v)
	}
	return b.String()
}
