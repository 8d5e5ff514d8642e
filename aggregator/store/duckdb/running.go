package duckdb

import (
	"context"
	"database/sql"
	_ "embed"
	"fmt"
	"strings"

	"iptvdc/aggregator/store"
)

//go:embed sql/running.sql
var runningSQL string

const runsColumns = "version, grp, expired, refused, no_version, no_group, no_why"

func runsInto(r *store.Runs) []any {
	return []any{&r.Version, &r.Group, &r.Expired, &r.Refused, &r.Refusal.Version, &r.Refusal.Group, &r.Refusal.Why}
}

// Running implements store.Store.
func (s *Store) Running(ctx context.Context, q store.RunningQuery) ([]store.RunningCount, error) {
	if !q.AllProvinces && len(q.Provinces) == 0 {
		return nil, nil // empty means none, never all
	}
	city := "0"
	if q.Cities {
		city = "city"
	}
	const order = "province, place, grp, version, expired, refused, no_group, no_version, no_why"
	query := runsSQL(&q) + ",\ncounted AS (SELECT province, " + city + "::USMALLINT AS place, " + runsColumns +
		", count(*) AS boxes FROM runs" + runsFilter(&q) + " GROUP BY ALL)\n"
	if q.Limit > 0 {
		query += fmt.Sprintf("FROM (FROM counted ORDER BY boxes DESC, %s LIMIT %d) ORDER BY %s", order, q.Limit, order)
	} else {
		query += "FROM counted ORDER BY " + order
	}
	var out []store.RunningCount
	err := s.each(ctx, query, func(rows *sql.Rows) error {
		var c store.RunningCount
		into := append([]any{&c.Province, &c.City}, runsInto(&c.Runs)...)
		err := rows.Scan(append(into, &c.Boxes)...)
		out = append(out, c)
		return err
	})
	return out, wrap("running", err)
}

// RunningBoxes implements store.Store.
func (s *Store) RunningBoxes(ctx context.Context, q store.RunningQuery) ([]store.RunningBox, error) {
	if !q.AllProvinces && len(q.Provinces) == 0 {
		return nil, nil // empty means none, never all
	}
	query := runsSQL(&q) + "SELECT province, city, box, at_ms, " + runsColumns + " FROM runs" + runsFilter(&q) + " ORDER BY province, box"
	if q.Limit > 0 {
		query += fmt.Sprintf(" LIMIT %d", q.Limit)
	}
	var out []store.RunningBox
	err := s.each(ctx, query, func(rows *sql.Rows) error {
		var b store.RunningBox
		err := rows.Scan(append([]any{&b.Province, &b.City, &b.Box, &b.AtMs}, runsInto(&b.Runs)...)...)
		out = append(out, b)
		return err
	})
	return out, wrap("running boxes", err)
}

// runsSQL has the scope decide which events are looked at. Everything from
// outside is a number.
func runsSQL(q *store.RunningQuery) string {
	scope := "true"
	if !q.AllProvinces {
		scope = "province IN (" + join(q.Provinces) + ")"
	}
	return strings.Replace(runningSQL, "{scope} AND", scope+" AND", 1)
}

// runsFilter chooses among boxes.
func runsFilter(q *store.RunningQuery) string {
	var all []string
	if q.Province != 0 {
		all = append(all, fmt.Sprintf("province = %d", q.Province))
	}
	if q.Version != nil {
		all = append(all, fmt.Sprintf("version = %d", *q.Version))
	}
	if q.Refused {
		all = append(all, "refused")
	}
	if all == nil {
		return ""
	}
	return " WHERE " + strings.Join(all, " AND ")
}
