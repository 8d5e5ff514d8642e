package duckdb

import (
	"context"
	"database/sql"
	"fmt"

	"iptvdc/aggregator"
	"iptvdc/aggregator/store"
)

// Products implements store.Feeds.
func (s *Store) Products(ctx context.Context, scope aggregator.Scope, codes []uint64) ([]store.ProductInfo, error) {
	if len(codes) == 0 || !scope.All && len(scope.Provinces) == 0 {
		return nil, nil // empty means none, never all
	}
	scoped := ""
	if !scope.All {
		scoped = " AND province IN (" + join(scope.Provinces) + ")"
	}
	var all []store.ProductInfo
	err := s.each(ctx, fmt.Sprintf(`SELECT province, code, coalesce(arg_min(text, rank) FILTER (text <> ''), '') AS called, max(type)::UTINYINT, max(contents) AS contents FROM (
	SELECT p.province, p.code, n.text, 0 AS rank, p.type, 0 AS contents FROM (FROM product WHERE code IN (%[1]s)%[2]s) p LEFT JOIN code n ON n.key = p.name
	UNION ALL SELECT o.province, o.code, n.text, 1, 0, 0 FROM (FROM object WHERE element = 9 AND NOT deleted AND code IN (%[1]s)%[2]s) o LEFT JOIN code n ON n.key = o.name
	UNION ALL SELECT province, package, '', 2, 0, count(*) FROM packed WHERE element IN (1, 4) AND package IN (%[1]s)%[2]s GROUP BY province, package)
GROUP BY province, code HAVING called <> '' OR contents > 0 ORDER BY province, code`, join(codes), scoped), func(rows *sql.Rows) error {
		var r store.ProductInfo
		err := rows.Scan(&r.Province, &r.Code, &r.Name, &r.Type, &r.Contents)
		all = append(all, r)
		return err
	})
	return all, wrap("products", err)
}
