package duckdb

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"iptvdc/aggregator"
	"iptvdc/aggregator/store"
)

// Insert implements store.Store. The block id goes into the same transaction
// as its rows, so a repeat after a crash finds it [S7].
func (s *Store) Insert(ctx context.Context, b *store.Block) (bool, error) {
	s.writing.Lock()
	defer s.writing.Unlock()
	if err := ctx.Err(); err != nil {
		return false, err
	}
	var known int
	if err := s.db.QueryRowContext(ctx, "SELECT count(*) FROM block WHERE id = ?", b.ID[:]).Scan(&known); err != nil {
		return false, fmt.Errorf("store: block: %w", err)
	}
	if known > 0 {
		return false, nil
	}
	touched := map[store.Cell]struct{}{}
	var last [256][4]aggregator.Hour // most rows touch the cells their province touched before
	touch := func(c store.Cell) {
		if held := &last[c.Province][uint32(c.Hour)%4]; *held != c.Hour || c.Hour == 0 {
			touched[c] = struct{}{}
			*held = c.Hour
		}
	}
	store.Touched(b, &s.edit, touch)
	retimes := effective(b.Retimes)
	moving, err := s.retimed(ctx, retimes, touch)
	if err != nil {
		return false, fmt.Errorf("store: retime: %w", err)
	}
	w := s.bulk
	if err := w.exec("BEGIN"); err != nil {
		return false, fmt.Errorf("store: begin: %w", err)
	}
	mark := s.mark + 1
	err = s.write(b, retimes, moving, touched, mark)
	if err == nil {
		err = w.exec("COMMIT")
	}
	if err != nil {
		_ = w.exec("ROLLBACK") // fails if the failed COMMIT already did
		return false, fmt.Errorf("store: insert: %w", err)
	}
	s.mark = mark // memory follows the commit
	return true, nil
}

// write does all of a block's work inside the open transaction.
func (s *Store) write(b *store.Block, retimes []store.Retime, moving map[string]bool, touched map[store.Cell]struct{}, mark int64) error {
	w := s.bulk
	for part := range slices.Chunk(retimes, retimeChunk) {
		for _, t := range eventTables {
			if !moving[t.name] {
				continue
			}
			if err := w.exec(retimeKeep(t.name, part, mark)); err != nil {
				return err
			}
			if err := w.exec(retimeUpdate(t.name, part, mark)); err != nil {
				return err
			}
		}
	}
	if err := woken(w, b.Powers, mark); err != nil {
		return err
	}
	if err := appendEvents(w, b, mark); err != nil {
		return err
	}
	if err := appendTold(w, b, mark); err != nil {
		return err
	}
	cells := make([]store.Cell, 0, len(touched))
	for c := range touched {
		cells = append(cells, c)
	}
	if err := w.append("dirt", len(cells), []column{
		fixed(cells, func(c *store.Cell) int32 { return int32(c.Hour) }),
		fixed(cells, func(c *store.Cell) uint8 { return uint8(c.Province) }),
		same(mark), same(false),
	}); err != nil {
		return err
	}
	ids := [][16]byte{b.ID}
	return w.append("block", 1, []column{
		text(ids, func(id *[16]byte) []byte { return id[:] }), same(mark), same(int64(b.Rows())),
	})
}

var onReach = fmt.Sprint(store.OnReachMs)

// eventTables lists the tables of events; reach is how far before its at_ms a
// row changes facts, ahead how far after it, as store.Touched has it. $demand_cap is
// EditRules.DemandMs.
var eventTables = []struct{ name, reach, ahead string }{
	{"power", onReach, "0"},
	{"page_view", onReach, "0"},
	{"click", fmt.Sprint(store.ClickReachMs), "0"},
	{"viewing", fmt.Sprintf("greatest(e.duration_ms + %d, %s)", store.StartReachMs, onReach),
		fmt.Sprintf("CASE WHEN e.part = 0 AND e.mode IN (2, 3, 4) AND e.idle_ms > 0 AND e.idle_ms >= e.duration_ms THEN greatest(%[1]d, $demand_cap - e.idle_ms) ELSE %[1]d END", store.ViewAheadMs)},
	{"orders", onReach, "0"},
	{"impression", "0", "0"},
	{"order_page", "0", "0"},
	{"playback", "0", "0"},
	{"health", "0", "0"},
	{"running", "0", "0"},
	{"notice", "0", "0"},
	{"tally", "0", "0"}, // no event, but timed like one
}

const retimeChunk = 1000

// effective leaves one retime a boot: of several the best quality wins, among
// equals the first, which is what applying them in order comes to.
func effective(retimes []store.Retime) []store.Retime {
	at := map[store.ClockKey]int{}
	var out []store.Retime
	for _, r := range retimes {
		i, seen := at[r.ClockKey]
		switch {
		case !seen:
			at[r.ClockKey] = len(out)
			out = append(out, r)
		case r.Quality > out[i].Quality:
			out[i] = r
		}
	}
	return out
}

// retimed touches the cells that rows leave and enter, and tells of which tables
// these are.
func (s *Store) retimed(ctx context.Context, retimes []store.Retime, touch func(store.Cell)) (moving map[string]bool, err error) {
	moving = map[string]bool{}
	for part := range slices.Chunk(retimes, retimeChunk) {
		if err := s.retimedPowers(ctx, part, touch); err != nil {
			return nil, err
		}
		for _, t := range eventTables {
			rows, err := s.db.QueryContext(ctx, retimeCells(t.name, t.reach, strings.ReplaceAll(t.ahead, "$demand_cap", fmt.Sprint(s.edit.DemandMs)), part))
			if err != nil {
				return nil, err
			}
			for rows.Next() {
				moving[t.name] = true
				var p aggregator.Province
				var oldFrom, oldTo, newFrom, newTo int32
				if err := rows.Scan(&p, &oldFrom, &oldTo, &newFrom, &newTo); err != nil {
					return nil, err
				}
				touchHours(p, oldFrom, oldTo, touch)
				touchHours(p, newFrom, newTo, touch)
			}
			if err := rows.Close(); err != nil {
				return nil, err
			}
			if err := rows.Err(); err != nil {
				return nil, err
			}
		}
	}
	return moving, nil
}

func touchHours(p aggregator.Province, from, to int32, touch func(store.Cell)) {
	for h := from; h <= to; h++ {
		touch(store.Cell{Hour: aggregator.Hour(h), Province: p})
	}
}

// retimeCells asks for the hours that rows of an event table would leave and
// enter. The plain bound on clock lets whole row groups be skipped: nearly all
// rows carry the best quality.
func retimeCells(table, reach, ahead string, retimes []store.Retime) string {
	values, best := retimeValues(retimes)
	return fmt.Sprintf(`SELECT DISTINCT e.province,
	hour_of(e.at_ms - (%[2]s)), hour_of(e.at_ms + (%[5]s)), hour_of(e.mono_ms + r.offset_ms - (%[2]s)), hour_of(e.mono_ms + r.offset_ms + (%[5]s))
FROM %[1]s e JOIN (VALUES %[3]s) r(box, boot, offset_ms, quality) ON e.box = r.box AND e.boot = r.boot
WHERE e.clock < %[4]d AND e.clock < r.quality`, table, reach, values, best, ahead)
}

func retimeUpdate(table string, retimes []store.Retime, mark int64) string {
	values, best := retimeValues(retimes)
	return fmt.Sprintf(`UPDATE %[1]s AS e SET at_ms = e.mono_ms + r.offset_ms, clock = r.quality, mark = %[4]d
FROM (VALUES %[2]s) r(box, boot, offset_ms, quality)
WHERE e.box = r.box AND e.boot = r.boot AND e.clock < %[3]d AND e.clock < r.quality`, table, values, best, mark)
}

// retimeKeep keeps the rows that retimeUpdate moves as they are before, for closings
// to take away what they counted of them.
func retimeKeep(table string, retimes []store.Retime, mark int64) string {
	values, best := retimeValues(retimes)
	return fmt.Sprintf(`INSERT INTO %[1]s_was BY NAME SELECT e.*, %[4]d AS until
FROM %[1]s e JOIN (VALUES %[2]s) r(box, boot, offset_ms, quality) ON e.box = r.box AND e.boot = r.boot
WHERE e.clock < %[3]d AND e.clock < r.quality`, table, values, best, mark)
}

func retimeValues(retimes []store.Retime) (values string, best uint8) {
	var b strings.Builder
	for i, r := range retimes {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, "(%d::UBIGINT,%d::UINTEGER,%d::BIGINT,%d::UTINYINT)", r.Box, r.Boot, r.OffsetMs, r.Quality)
		best = max(best, r.Quality)
	}
	return b.String(), best
}
