package duckdb

import (
	"cmp"
	"context"
	"database/sql"
	_ "embed"
	"fmt"
	"slices"
	"strings"

	"iptvdc/aggregator"
	"iptvdc/aggregator/c3"
	"iptvdc/aggregator/store"
)

//go:embed sql/risk.sql
var riskSQL string

// riskMaxList is how long a list is if nobody says.
const riskMaxList = 1000

// Risk implements store.Store.
func (s *Store) Risk(ctx context.Context, q store.RiskQuery) ([]store.RiskCount, error) {
	var out []store.RiskCount
	err := s.atRisk(ctx, &q, "SELECT province, city, day, observed, l0, l1, l2, l3, count(*) FROM levelled GROUP BY ALL ORDER BY ALL", func(rows *sql.Rows) error {
		var c store.RiskCount
		err := rows.Scan(&c.Province, &c.City, &c.Day, &c.Observed, &c.Levels[0], &c.Levels[1], &c.Levels[2], &c.Levels[3], &c.Accounts)
		out = append(out, c)
		return err
	})
	return out, wrap("risk", err)
}

// RiskAccounts implements store.Store.
func (s *Store) RiskAccounts(ctx context.Context, q store.RiskQuery) ([]store.RiskAccount, error) {
	where := fmt.Sprintf("observed AND score >= %d AND score <= %d", q.Least, q.Most)
	if q.City != 0 {
		where += fmt.Sprintf(" AND city = %d", q.City)
	}
	for _, sign := range q.With {
		where += fmt.Sprintf(" AND l%d > 0", sign)
	}
	// Few are left before their numbers are looked up.
	list := fmt.Sprintf(`, scored AS (SELECT *, (%s)::INTEGER AS score FROM levelled),
numbered AS (
	SELECT s.*, coalesce(c.account, s.root) AS account
	FROM (FROM scored WHERE %s) s LEFT JOIN (SELECT province, root, arg_max(account, rank) AS account FROM chain GROUP BY ALL) c USING (province, root))
SELECT province, city, day, account, score, l0, l1, l2, l3, used_now, clear_now, used_before, clear_before, silent, longer, failed, plays, expired, fall, faults, all_failed, all_plays
FROM numbered ORDER BY score DESC, province, account LIMIT %d OFFSET %d`, scoreSQL(&q.Rules), where, cmp.Or(q.Limit, riskMaxList), q.Skip)
	var out []store.RiskAccount
	err := s.atRisk(ctx, &q, list, func(rows *sql.Rows) error {
		var a store.RiskAccount
		err := rows.Scan(&a.Province, &a.City, &a.Day, &a.Account, &a.Score, &a.Levels[0], &a.Levels[1], &a.Levels[2], &a.Levels[3],
			&a.Used, &a.Clear, &a.UsedBefore, &a.ClearBefore, &a.Silent, &a.Longer, &a.Failed, &a.Plays, &a.Expired, &a.Fall, &a.Faults, &a.OrdinaryFailed, &a.OrdinaryPlays)
		out = append(out, a)
		return err
	})
	return out, wrap("accounts at risk", err)
}

// atRisk asks for what ends a statement about the accounts of a day.
func (s *Store) atRisk(ctx context.Context, q *store.RiskQuery, ask string, scan func(*sql.Rows) error) error {
	if err := q.Check(); err != nil {
		return err
	}
	return s.judged(ctx, q.AllProvinces, q.Provinces, q.Province, q.Day-store.RiskBackDays, q.Day, func(tx *sql.Tx, days []toldDay) error {
		first, last := days[0].day, days[0].day
		targets := make([]string, len(days))
		for i, d := range days {
			first, last = min(first, d.day), max(last, d.day)
			targets[i] = fmt.Sprintf("(%d, %d)", d.province, d.day)
		}
		subject := fmt.Sprintf(`target (province, day) AS (VALUES %s),
subject AS MATERIALIZED (
	SELECT s.province, s.root, s.city, 0 AS fate, t.day, s.start
	FROM spell s JOIN target t ON t.province = s.province AND s.from_ms <= shown_at(t.day) AND s.to_ms > shown_at(t.day))`, joinWith(targets, ", "))
		return eachIn(ctx, tx, riskStatement(days, first, last, subject, &q.Rules)+ask, scan)
	})
}

// RiskDepartures implements store.Store.
func (s *Store) RiskDepartures(ctx context.Context, q store.DeparturesQuery) ([]store.RiskDeparture, error) {
	if err := q.Check(); err != nil {
		return nil, err
	}
	var out []store.RiskDeparture
	err := s.judged(ctx, q.AllProvinces, q.Provinces, q.Province, q.To, q.To, func(tx *sql.Tx, days []toldDay) error {
		gone := strings.NewReplacer("$provinces", provincesOf(days), "$from", fmt.Sprint(q.From.Start()), "$end", fmt.Sprint((q.To + 1).Start()), "$before", fmt.Sprint(q.Before)).Replace(goneSQL)
		first, last := q.From, q.From
		err := eachIn(ctx, tx, fmt.Sprintf("WITH %s\nSELECT coalesce(min(day), %[2]d), coalesce(max(day), %[2]d) FROM gone", gone, q.From), func(rows *sql.Rows) error {
			return rows.Scan(&first, &last)
		})
		if err != nil {
			return err
		}
		subject := fmt.Sprintf(`%s,
target AS (
	SELECT province, root, %d AS fate, day FROM gone
	UNION ALL
	SELECT s.province, s.root, %d, g.day
	FROM (SELECT s.province, s.root, s.root %% n.n AS nth FROM staying s JOIN (SELECT province, count(*)::UBIGINT AS n FROM gone GROUP BY ALL) n USING (province)) s
		JOIN (SELECT province, day, (row_number() OVER (PARTITION BY province ORDER BY day) - 1)::UBIGINT AS nth FROM gone) g USING (province, nth)),
subject AS MATERIALIZED (
	SELECT s.province, s.root, s.city, t.fate, t.day, s.start
	FROM spell s JOIN target t ON t.province = s.province AND t.root = s.root AND s.from_ms <= shown_at(t.day) AND s.to_ms > shown_at(t.day))`, gone, store.FateLeft, store.FateStayed)
		ask := fmt.Sprintf(`
SELECT province, fate, observed, l0, l1, l2, l3, count(*) AS accounts FROM levelled GROUP BY ALL
UNION ALL
SELECT province, %d, false, 0, 0, 0, 0, count(*) FROM gone ANTI JOIN (FROM subject WHERE fate = %d) USING (province, root) GROUP BY ALL
ORDER BY ALL`, store.FateLeftUnjudged, store.FateLeft)
		return eachIn(ctx, tx, riskStatement(days, first, last, subject, &q.Rules)+ask, func(rows *sql.Rows) error {
			var d store.RiskDeparture
			err := rows.Scan(&d.Province, &d.Fate, &d.Observed, &d.Levels[0], &d.Levels[1], &d.Levels[2], &d.Levels[3], &d.Accounts)
			out = append(out, d)
			return err
		})
	})
	return out, wrap("departures", err)
}

// goneSQL are those who left, each with the day on which it is looked at. Flows: 5
// suspended, 6 cancelled, 7 moved out, 8 and 9 the same while suspended.
const goneSQL = `leaving AS (
	SELECT province, root, max({ms: at_ms, kind: kind}) AS last
	FROM flow WHERE kind IN (6, 7, 8, 9) AND province IN ($provinces) AND at_ms >= $from AND at_ms < $end GROUP BY ALL),
staying AS (SELECT province, root FROM standing WHERE province IN ($provinces) AND state = 2 AND from_ms < $end AND to_ms >= $end),
gone AS (
	SELECT l.province, l.root, day_of(CASE WHEN any_value(l.last.kind) IN (8, 9) THEN coalesce(max(f.at_ms), any_value(l.last.ms)) ELSE any_value(l.last.ms) END) - $before AS day
	FROM (FROM leaving ANTI JOIN staying USING (province, root)) l
		LEFT JOIN (FROM flow WHERE kind = 5) f ON f.province = l.province AND f.root = l.root AND f.at_ms <= l.last.ms
	GROUP BY ALL)`

// judged calls f with the last day of each province in scope, of from to to, that its
// files speak of and that is over, by province; if there is none, it does not.
func (s *Store) judged(ctx context.Context, all bool, scope []aggregator.Province, one aggregator.Province, from, to aggregator.Day, f func(tx *sql.Tx, days []toldDay) error) error {
	if !all && len(scope) == 0 {
		return nil // empty means none, never all
	}
	tx, err := s.db.BeginTx(ctx, nil) // one view of what is settled and of the rest
	if err != nil {
		return err
	}
	defer tx.Rollback()
	settled, err := settledDay(ctx, tx)
	if err != nil {
		return err
	}
	where := ""
	if !all {
		where = " AND province IN (" + join(scope) + ")"
	}
	if one != 0 {
		where += fmt.Sprintf(" AND province = %d", one)
	}
	var days []toldDay
	err = eachIn(ctx, tx, fmt.Sprintf("SELECT max(period)::INTEGER, province FROM fact_accounts_day WHERE state IN (%d, %d) AND period >= %d AND period <= %d%s GROUP BY province ORDER BY province",
		c3.StateActive, c3.StateSuspended, from, min(to, settled), where), func(rows *sql.Rows) error {
		var d toldDay
		err := rows.Scan(&d.day, &d.province)
		days = append(days, d)
		return err
	})
	if err != nil || len(days) == 0 {
		return err
	}
	return f(tx, days)
}

// riskStatement are the common tables up to levelled, of subjects that are looked at
// on days from first to last.
func riskStatement(days []toldDay, first, last aggregator.Day, subject string, rules *store.RiskRules) string {
	provinces := provincesOf(days)
	w, v := int32((first-2*store.RiskDays+1)>>markShift), int32(last>>markShift)
	within := "m.province IN (" + provinces + ")"
	return strings.NewReplacer(
		"$subject", subject, "$provinces", provinces, "$w", fmt.Sprint(w), "$v", fmt.Sprint(v), "$first", fmt.Sprint(int32(first)), "$last", fmt.Sprint(int32(last)),
		"$recent", heardRows(fmt.Sprintf("%s AND m.period >= %d AND m.period <= %d", within, w, v)),
		"$old", heardRows(fmt.Sprintf("%s AND m.period <= %d", within, v)),
		"$term_ms", fmt.Sprint(store.RiskTermDays*aggregator.DayMs), "$least_used", fmt.Sprint(store.RiskLeastUsed), "$least_clear", fmt.Sprint(store.RiskLeastClear),
		"$least_plays", fmt.Sprint(store.RiskLeastPlays), "$least_failed", fmt.Sprint(store.RiskLeastFailed), "$faults_most", fmt.Sprint(store.RiskFaultsMost),
		"$levels", levelsSQL(rules),
	).Replace(bare(riskSQL)) + "\n"
}

// levelsSQL are the columns l0 to l3: how many bands each sign has reached.
func levelsSQL(rules *store.RiskRules) string {
	columns := make([]string, store.Signs)
	for sign, value := range []string{"fall", "silent", "faults", "expired"} {
		steps := []string{"0"}
		for _, b := range rules.Bands[sign] {
			steps = append(steps, fmt.Sprintf("(%s >= %d)::INTEGER", value, b.From))
		}
		columns[sign] = fmt.Sprintf("(%s)::UTINYINT AS l%d", joinWith(steps, " + "), sign)
	}
	return joinWith(columns, ", ")
}

// scoreSQL adds up the points of levels.
func scoreSQL(rules *store.RiskRules) string {
	var steps []string
	for sign := range store.Sign(store.Signs) {
		for level := range rules.Bands[sign] {
			steps = append(steps, fmt.Sprintf("CASE WHEN l%d = %d THEN %d ELSE 0 END", sign, level+1, rules.Points(sign, uint8(level+1))))
		}
	}
	return joinWith(append(steps, "0"), " + ")
}

func provincesOf(days []toldDay) string {
	all := make([]aggregator.Province, len(days))
	for i, d := range days {
		all[i] = d.province
	}
	slices.Sort(all)
	return join(all)
}

// eachIn is each within a transaction.
func eachIn(ctx context.Context, tx *sql.Tx, query string, scan func(*sql.Rows) error) error {
	rows, err := tx.QueryContext(ctx, query)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}
