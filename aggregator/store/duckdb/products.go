package duckdb

import (
	"context"
	"database/sql"

	"iptvdc/aggregator"
	"iptvdc/aggregator/store"
)

// Products implements store.Feeds.
func (s *Store) Products(ctx context.Context, scope aggregator.Scope, codes []uint64) ([]store.ProductName, error) {
	if len(codes) == 0 || !scope.All && len(scope.Provinces) == 0 {
		return nil, nil // empty means none, never all
	}
	where := "code IN (" + join(codes) + ")"
	if !scope.All {
		where += " AND province IN (" + join(scope.Provinces) + ")"
	}
	var all []store.ProductName
	err := s.each(ctx, `SELECT province, code, arg_min(text, packed) FROM (
	SELECT p.province, p.code, n.text, false AS packed FROM product p JOIN code n ON n.key = p.name WHERE `+where+`
	UNION ALL SELECT o.province, o.code, n.text, true FROM object o JOIN code n ON n.key = o.name WHERE o.element = 9 AND NOT o.deleted AND `+where+`)
WHERE text <> '' GROUP BY province, code ORDER BY province, code`, func(rows *sql.Rows) error {
		var r store.ProductName
		err := rows.Scan(&r.Province, &r.Code, &r.Name)
		all = append(all, r)
		return err
	})
	return all, wrap("products", err)
}
