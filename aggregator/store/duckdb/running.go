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

// heldColumns are those of store.Runs before its texts are looked up.
const heldColumns = "version, group_why, expired, refused, no_version, no_why"

const runsColumns = "version, grp, expired, refused, no_version, no_group, no_reason"

func runsInto(r *store.Runs) []any {
	return []any{&r.Version, &r.Group, &r.Expired, &r.Refused, &r.Refusal.Version, &r.Refusal.Group, &r.Refusal.Why}
}

// Running implements store.Store.
func (s *Store) Running(ctx context.Context, q store.RunningQuery) ([]store.RunningCount, error) {
	if !q.AllProvinces && len(q.Provinces) == 0 {
		return nil, nil // empty means none, never all
	}
	city := "0::USMALLINT"
	if q.Cities {
		city = "city"
	}
	// Few rows are left once boxes are counted: only these get their texts,
	// which may make equal ones of different keys.
	chosen := "SELECT province, " + city + " AS place, " + heldColumns + ", count(*) AS n FROM held" + runsFilter(&q) + " GROUP BY ALL"
	const order = "province, place, grp, version, expired, refused, no_group, no_version, no_reason"
	query := runsSQL(&q, chosen) + ", counted AS (SELECT province, place, " + runsColumns + ", sum(n)::BIGINT AS boxes FROM runs GROUP BY ALL)\n"
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
	const order = " ORDER BY province, box"
	chosen := "SELECT province, city, box, at_ms, " + heldColumns + " FROM held" + runsFilter(&q)
	if q.Limit > 0 {
		chosen += fmt.Sprintf("%s LIMIT %d", order, q.Limit)
	}
	query := runsSQL(&q, chosen) + "SELECT province, city, box, at_ms, " + runsColumns + " FROM runs" + order
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
func runsSQL(q *store.RunningQuery, chosen string) string {
	scope := "true"
	if !q.AllProvinces {
		scope = "province IN (" + join(q.Provinces) + ")"
	}
	return strings.NewReplacer("{scope} AND", scope+" AND", "({chosen})", "("+chosen+")").Replace(runningSQL)
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
