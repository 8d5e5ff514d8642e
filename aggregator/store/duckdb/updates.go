package duckdb

import (
	"context"
	"database/sql"
	_ "embed"
	"fmt"
	"strings"

	"iptvdc/aggregator/store"
)

//go:embed sql/updates.sql
var updatesSQL string

// Updates implements store.Store.
func (s *Store) Updates(ctx context.Context, q store.UpdateQuery) ([]store.UpdateCount, error) {
	if !q.AllProvinces && len(q.Provinces) == 0 {
		return nil, nil // empty means none, never all
	}
	scope, filter := "true", "true"
	if !q.AllProvinces {
		scope = "province IN (" + join(q.Provinces) + ")"
	}
	if q.Province != 0 {
		filter = fmt.Sprintf("province = %d", q.Province)
	}
	// Everything from outside is a number.
	query := strings.NewReplacer("{scope} AND", scope+" AND", "WHERE {filter}", "WHERE "+filter, "= {version})", fmt.Sprintf("= %d)", q.Version)).Replace(updatesSQL)
	const order = "province, agent, runs, state, why"
	if q.Limit > 0 {
		query += fmt.Sprintf("FROM (FROM named ORDER BY boxes DESC, %s LIMIT %d) ORDER BY %s", order, q.Limit, order)
	} else {
		query += "FROM named ORDER BY " + order
	}
	var out []store.UpdateCount
	err := s.each(ctx, query, func(rows *sql.Rows) error {
		var c store.UpdateCount
		err := rows.Scan(&c.Province, &c.Agent, &c.Runs, &c.State, &c.Why, &c.Boxes)
		out = append(out, c)
		return err
	})
	return out, wrap("updates", err)
}
