package duckdb

import (
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

//go:embed sql/presence.sql
var presenceSQL string

//go:embed sql/heard.sql
var heardSQL string

//go:embed sql/cohort.sql
var cohortSQL string

// toldDay is a day of which files of a province speak.
type toldDay struct {
	day      aggregator.Day
	province aggregator.Province
}

// workedOut returns the rows of a fact that is worked out for the days asked for,
// as the definition of a common table of the fact's name; "": there are none.
func (s *Store) workedOut(ctx context.Context, tx *sql.Tx, q *store.Query) (string, error) {
	settled, err := settledDay(ctx, tx)
	if err != nil {
		return "", err
	}
	var rows string
	switch q.Fact {
	case store.FactPresence:
		days, err := toldDays(ctx, tx, q, fmt.Sprintf("SELECT DISTINCT period, province FROM fact_accounts_day WHERE state IN (%d, %d) AND period <= %d", c3.StateActive, c3.StateSuspended, settled))
		if err != nil {
			return "", err
		}
		rows = presenceRows(days)
	case store.FactCohort:
		days, err := toldDays(ctx, tx, q, fmt.Sprintf(`SELECT DISTINCT last_day(DATE '1970-01-01' + day)::DATE - DATE '1970-01-01' AS period, province
FROM (SELECT province, unnest(range(min(day), max(day) + 1))::INTEGER AS day, max(day) AS latest
	FROM feed_file WHERE feed IN (%d, %d) AND outcome IN (%d, %d) GROUP BY province)
WHERE last_day(DATE '1970-01-01' + day)::DATE - DATE '1970-01-01' <= latest`,
			c3.FeedSubscribers, c3.FeedChanges, c3.OutcomeAccepted, c3.OutcomePartly))
		if err != nil {
			return "", err
		}
		rows = cohortRows(days, settled)
	}
	if rows == "" {
		return "", nil
	}
	return store.ShapeOf(q.Fact).Name + "_day AS (" + rows + ")", nil
}

// toldDays are the days of a SELECT of (period, province) that q asks for: of each
// span, or with Latest of each the last one of each province.
func toldDays(ctx context.Context, tx *sql.Tx, q *store.Query, which string) ([]toldDay, error) {
	first, last := bounds(q)
	scope := ""
	if !q.AllProvinces {
		scope = " AND province IN (" + join(q.Provinces) + ")"
	}
	rows, err := tx.QueryContext(ctx, fmt.Sprintf("SELECT period::INTEGER, province FROM (%s) WHERE period >= %d AND period < %d%s ORDER BY period, province", which, first, last, scope))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []toldDay
	for rows.Next() {
		var d toldDay
		if err := rows.Scan(&d.day, &d.province); err != nil {
			return nil, err
		}
		all = append(all, d)
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	asked := map[toldDay]bool{}
	for _, span := range q.Spans {
		latest := map[aggregator.Province]toldDay{}
		for _, d := range all {
			switch {
			case int32(d.day) < span.From || int32(d.day) >= span.To:
			case q.Latest:
				latest[d.province] = d
			default:
				asked[d] = true
			}
		}
		for _, d := range latest {
			asked[d] = true
		}
	}
	return slices.DeleteFunc(all, func(d toldDay) bool { return !asked[d] }), nil
}

// presenceDays is how many days, from one where a row of marks begins, are judged
// together: their bits are one number.
const presenceDays = 3 * markDays

// silentMost is the longest silence that is told apart.
const silentMost = 90

// presenceRows selects FactPresence of days, which come in order.
func presenceRows(days []toldDay) string {
	var parts []string
	for len(days) > 0 {
		base := days[0].day >> markShift << markShift
		n := len(days)
		if i := slices.IndexFunc(days, func(d toldDay) bool { return d.day >= base+presenceDays }); i > 0 {
			n = i
		}
		parts = append(parts, "("+presencePart(base, days[:n])+")")
		days = days[n:]
	}
	return joinWith(parts, "\nUNION ALL ")
}

func presencePart(base aggregator.Day, days []toldDay) string {
	first, last := days[0].day, days[len(days)-1].day
	judged, provinces := make([]string, len(days)), map[aggregator.Province]bool{}
	for i, d := range days {
		provinces[d.province] = true
		upTo := func(day, n aggregator.Day) int64 { // bits of the n days that end with day
			from, to := max(day-n+1, base), day+1
			if from >= to {
				return 0
			}
			return 1<<(to-base) - 1<<(from-base)
		}
		judged[i] = fmt.Sprintf("(%d, %d, %d::BIGINT, %d::BIGINT, %d::BIGINT, %d::BIGINT, %d::BIGINT)",
			d.day, d.province, upTo(d.day, 1), upTo(d.day, 7), upTo(d.day, store.SilentDays), upTo(d.day, silentMost), upTo(d.day-1, store.SilentDays))
	}
	where := "m.province IN (" + joinKeys(provinces) + ")"
	b0, w := int32(base>>markShift), int32((first-silentMost)>>markShift)
	recent := heardRows(fmt.Sprintf("%s AND m.period >= %d AND m.period < %d", where, w, b0+presenceDays/markDays))
	return strings.NewReplacer(
		"$judged", joinWith(judged, ", "), "$provinces", joinKeys(provinces), "$b0", fmt.Sprint(b0), "$w", fmt.Sprint(w),
		"$first", fmt.Sprint(int32(first)), "$last", fmt.Sprint(int32(last)), "$recent", recent, "$old", heardRows(fmt.Sprintf("%s AND m.period < %d", where, w)),
	).Replace(bare(presenceSQL))
}

func heardRows(where string) string { return strings.ReplaceAll(bare(heardSQL), "$where", where) }

// cohortRows selects FactCohort of days, each the last of a month.
func cohortRows(days []toldDay, settled aggregator.Day) string {
	if len(days) == 0 {
		return ""
	}
	judged, provinces := make([]string, len(days)), map[aggregator.Province]bool{}
	var parts []string
	months := map[aggregator.Day]bool{}
	for i, d := range days {
		judged[i] = fmt.Sprintf("(%d, %d, %d, %t)", d.day, d.province, store.MonthOf(d.day), d.day <= settled)
		provinces[d.province] = true
		if months[d.day] {
			continue
		}
		months[d.day] = true
		bits := map[aggregator.Day]int{}
		for day := d.day.Month(); day <= d.day; day++ {
			bits[day>>markShift] |= 1 << (day & (markDays - 1))
		}
		for period, b := range bits {
			parts = append(parts, fmt.Sprintf("(%d, %d, %d)", period, store.MonthOf(d.day), b))
		}
	}
	first, last := days[0].day.Month()>>markShift, days[len(days)-1].day>>markShift
	heard := heardRows(fmt.Sprintf("m.province IN (%s) AND m.period >= %d AND m.period <= %d", joinKeys(provinces), first, last))
	return strings.NewReplacer("$judged", joinWith(judged, ", "), "$parts", joinWith(parts, ", "), "$provinces", joinKeys(provinces), "$heard", heard).Replace(bare(cohortSQL))
}

// bare is a script of one statement without comments.
func bare(script string) string { return strings.TrimSpace(statements(script)[0]) }

func joinKeys(provinces map[aggregator.Province]bool) string {
	var all []aggregator.Province
	for p := range provinces {
		all = append(all, p)
	}
	slices.Sort(all)
	return join(all)
}
