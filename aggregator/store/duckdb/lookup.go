package duckdb

import (
	"context"
	"database/sql"
	"fmt"
	"strings"

	"iptvdc/aggregator/store"
	"iptvdc/protocol"
)

// Lacking implements store.Store.
func (s *Store) Lacking(ctx context.Context, ids [][16]byte) ([][16]byte, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	args := make([]any, len(ids))
	for i := range ids {
		args[i] = ids[i][:]
	}
	held := make(map[[16]byte]bool, len(ids))
	err := s.each(ctx, "SELECT id FROM block WHERE id IN (?"+strings.Repeat(",?", len(ids)-1)+")", func(rows *sql.Rows) error {
		var id []byte
		err := rows.Scan(&id)
		if err == nil && len(id) == 16 {
			held[[16]byte(id)] = true
		}
		return err
	}, args...)
	var lacking [][16]byte
	for _, id := range ids {
		if !held[id] {
			lacking = append(lacking, id)
		}
	}
	return lacking, wrap("blocks", err)
}

// Codes implements store.Store.
func (s *Store) Codes(ctx context.Context, keys []uint64) (map[uint64]string, error) {
	found := make(map[uint64]string, len(keys))
	if len(keys) == 0 {
		return found, nil
	}
	err := s.each(ctx, "SELECT key, text FROM code WHERE key IN ("+join(keys)+")", func(rows *sql.Rows) error {
		var key uint64
		var text string
		err := rows.Scan(&key, &text)
		found[key] = text
		return err
	})
	return found, wrap("codes", err)
}

// Labels implements store.Store.
func (s *Store) Labels(ctx context.Context, c store.Column, keys []uint64) (map[uint64]store.Label, error) {
	found := make(map[uint64]store.Label, len(keys))
	if len(keys) == 0 {
		return found, nil
	}
	err := s.each(ctx, "SELECT key, zh, en FROM label WHERE dimension = ? AND key IN ("+join(keys)+")", func(rows *sql.Rows) error {
		l := store.Label{Column: c}
		err := rows.Scan(&l.Key, &l.ZH, &l.EN)
		found[l.Key] = l
		return err
	}, string(c))
	return found, wrap("labels", err)
}

// Identities implements store.Store.
func (s *Store) Identities(ctx context.Context, keys []store.IdentityKey) (map[store.IdentityKey]store.Identity, error) {
	found := make(map[store.IdentityKey]store.Identity, len(keys))
	if len(keys) == 0 {
		return found, nil
	}
	boxes, serials := make([]uint64, len(keys)), make([]uint32, len(keys))
	for i, k := range keys {
		boxes[i], serials[i] = k.Box, k.Serial
	}
	err := s.each(ctx, `
SELECT box, serial, province, city, account, model, firmware
FROM identity SEMI JOIN (SELECT unnest(?::UBIGINT[]) AS box, unnest(?::UINTEGER[]) AS serial) USING (box, serial)`, func(rows *sql.Rows) error {
		var k store.IdentityKey
		var id store.Identity
		err := rows.Scan(&k.Box, &k.Serial, &id.Province, &id.City, &id.Account, &id.Model, &id.Firmware)
		found[k] = id
		return err
	}, boxes, serials)
	return found, wrap("identities", err)
}

// Clocks implements store.Store.
func (s *Store) Clocks(ctx context.Context, keys []store.ClockKey) (map[store.ClockKey]store.Clock, error) {
	found := make(map[store.ClockKey]store.Clock, len(keys))
	if len(keys) == 0 {
		return found, nil
	}
	boxes, boots := make([]uint64, len(keys)), make([]uint32, len(keys))
	for i, k := range keys {
		boxes[i], boots[i] = k.Box, k.Boot
	}
	err := s.each(ctx, `
SELECT box, boot, arg_max(offset_ms, mark), arg_max(quality, mark)
FROM clock SEMI JOIN (SELECT unnest(?::UBIGINT[]) AS box, unnest(?::UINTEGER[]) AS boot) USING (box, boot)
GROUP BY box, boot`, func(rows *sql.Rows) error {
		var k store.ClockKey
		var c store.Clock
		err := rows.Scan(&k.Box, &k.Boot, &c.OffsetMs, &c.Quality)
		found[k] = c
		return err
	}, boxes, boots)
	return found, wrap("clocks", err)
}

// LatestBoots implements store.Store.
func (s *Store) LatestBoots(ctx context.Context, boxes []uint64) (map[uint64]uint32, error) {
	found := make(map[uint64]uint32, len(boxes))
	if len(boxes) == 0 {
		return found, nil
	}
	err := s.each(ctx, `
SELECT box, max(boot) FROM clock SEMI JOIN (SELECT unnest(?::UBIGINT[]) AS box) USING (box) GROUP BY box`, func(rows *sql.Rows) error {
		var box uint64
		var boot uint32
		err := rows.Scan(&box, &boot)
		found[box] = boot
		return err
	}, boxes)
	return found, wrap("latest boots", err)
}

// kindOf says which protocol.Kind the rows of each event table are, in SQL.
var kindOf = []struct{ table, kind string }{
	{"power", fmt.Sprintf("(CASE WHEN switched_on THEN %s ELSE %s END)", number(protocol.PowerOn), number(protocol.PowerOff))},
	{"page_view", number(protocol.PageView)},
	{"click", number(protocol.Click)},
	{"viewing", number(protocol.View)},
	{"orders", number(protocol.Order)},
	{"impression", number(protocol.Impression)},
	{"order_page", number(protocol.OrderPage)},
	{"playback", number(protocol.Playback)},
	{"health", number(protocol.Health)},
	{"running", number(protocol.Running)},
	{"notice", "kind"},
}

func number(k protocol.Kind) string { return fmt.Sprintf("%d", uint8(k)) }

// eventsOf selects every event row of the boxes as (box, boot, mono_ms, kind).
func eventsOf(boxes []uint64) string {
	listed := join(boxes)
	all := make([]string, len(kindOf))
	for i, t := range kindOf {
		all[i] = fmt.Sprintf("SELECT box, boot, mono_ms, %s::UTINYINT AS kind FROM %s WHERE box IN (%s)", t.kind, t.table, listed)
	}
	return strings.Join(all, "\nUNION ALL ")
}

// Audit implements store.Store.
func (s *Store) Audit(ctx context.Context, boxes []uint64) ([]store.AuditRow, error) {
	if len(boxes) == 0 {
		return nil, nil
	}
	var out []store.AuditRow
	err := s.each(ctx, `
SELECT box, kind, count(*), sum(mono_ms)::BIGINT
FROM (`+eventsOf(boxes)+`) GROUP BY ALL ORDER BY box, kind`, func(rows *sql.Rows) error {
		var r store.AuditRow
		err := rows.Scan(&r.Box, &r.Kind, &r.Events, &r.MonoSum)
		out = append(out, r)
		return err
	})
	return out, wrap("audit", err)
}

// Events implements store.Store.
func (s *Store) Events(ctx context.Context, box uint64) ([]store.EventRef, error) {
	var out []store.EventRef
	err := s.each(ctx, `
SELECT boot, mono_ms, kind FROM (`+eventsOf([]uint64{box})+`) ORDER BY boot, mono_ms, kind`, func(rows *sql.Rows) error {
		var r store.EventRef
		err := rows.Scan(&r.Boot, &r.MonoMs, &r.Kind)
		out = append(out, r)
		return err
	})
	return out, wrap("events", err)
}

// each calls scan for every row of a query.
func (s *Store) each(ctx context.Context, query string, scan func(*sql.Rows) error, args ...any) error {
	rows, err := s.db.QueryContext(ctx, query, args...)
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

func wrap(what string, err error) error {
	if err != nil {
		return fmt.Errorf("store: %s: %w", what, err)
	}
	return nil
}

func comma(i int) string {
	if i > 0 {
		return ","
	}
	return ""
}
