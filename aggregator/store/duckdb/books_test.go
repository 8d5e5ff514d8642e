package duckdb

import (
	"database/sql"
	"fmt"
	"testing"

	"iptvdc/aggregator"
	"iptvdc/aggregator/store"
	"iptvdc/aggregator/store/storetest"
)

// books reads all subscribers of a province out of the tables.
func books(t testing.TB, any store.Store, p aggregator.Province) []storetest.Book {
	t.Helper()
	s := any.(*Store)
	found := map[uint64]*storetest.Book{}
	of := func(root uint64) *storetest.Book {
		if found[root] == nil {
			found[root] = &storetest.Book{Root: root}
		}
		return found[root]
	}
	each := func(query string, scan func(*sql.Rows) error) {
		t.Helper()
		if err := s.each(t.Context(), fmt.Sprintf(query, p), scan); err != nil {
			t.Fatal(err)
		}
	}
	each(`SELECT root, account FROM (
	SELECT root, account, rank FROM chain WHERE province = %[1]d
	UNION ALL
	SELECT account, account, 0 FROM (
		SELECT account FROM sighting WHERE province = %[1]d UNION SELECT account FROM account_change WHERE province = %[1]d)
	WHERE account NOT IN (SELECT account FROM chain WHERE province = %[1]d)) ORDER BY rank`, func(rows *sql.Rows) error {
		var root, account uint64
		err := rows.Scan(&root, &account)
		of(root).Numbers = append(of(root).Numbers, account)
		return err
	})
	each(`SELECT coalesce(c.root, s.account), coalesce(c.rank, 0), s.account, from_day, to_day, state, reason, city, open_ms, suspend_ms, cancel_ms, product, stb, net
	FROM sighting s LEFT JOIN (FROM chain WHERE province = %[1]d) c
		ON c.account = s.account AND shown_at(s.from_day) >= c.since_ms AND shown_at(s.from_day) < c.until_ms
	WHERE s.province = %[1]d`, func(rows *sql.Rows) error {
		var root uint64
		var x store.Sighting
		err := rows.Scan(&root, &x.Rank, &x.Account, &x.From, &x.To, &x.State, &x.Reason, &x.City, &x.OpenMs, &x.SuspendMs, &x.CancelMs, &x.Product, &x.STB, &x.Net)
		of(root).Seen = append(of(root).Seen, x)
		return err
	})
	each("SELECT root, from_ms, to_ms, state, reason, city, product, stb, net, open_ms FROM standing WHERE province = %d", func(rows *sql.Rows) error {
		var root uint64
		var x store.Standing
		err := rows.Scan(&root, &x.FromMs, &x.ToMs, &x.State, &x.Reason, &x.City, &x.Product, &x.STB, &x.Net, &x.OpenMs)
		of(root).Standings = append(of(root).Standings, x)
		return err
	})
	each("SELECT root, at_ms, kind, city, from_state, to_state, shown FROM flow WHERE province = %d", func(rows *sql.Rows) error {
		var root uint64
		var x store.Flow
		err := rows.Scan(&root, &x.AtMs, &x.Kind, &x.City, &x.From, &x.To, &x.Shown)
		of(root).Flows = append(of(root).Flows, x)
		return err
	})
	var all []storetest.Book
	for _, b := range found {
		all = append(all, *b)
	}
	return all
}
