package duckdb

import (
	"context"
	"fmt"
	"math"

	"iptvdc/aggregator"
	"iptvdc/aggregator/store"
)

// How long a box was in standby counts where it leaves it, up to a day later: a
// power that comes late, or moves, marks the cell of the power-on that it lies
// before. See store.Woken.

// passed is a power, or where one was.
type passed struct {
	province aggregator.Province
	box      uint64
	atMs     int64
}

// woken marks the cells of power-ons before which a block's powers come. Those of
// the block itself mark their own. Boxes tell in order, so there are next to none,
// and none but the latest rows of power are read.
func woken(w *bulk, powers []store.Power, mark int64) error {
	all := make([]passed, len(powers))
	for i := range powers {
		all[i] = passed{powers[i].Province, powers[i].Box, powers[i].AtMs}
	}
	return w.eachWoken(all, fmt.Sprintf("INSERT INTO dirt SELECT DISTINCT hour, province, %d, false FROM", mark), nil)
}

// retimedPowers touches the cells of power-ons that powers which move leave or come
// before.
func (s *Store) retimedPowers(ctx context.Context, retimes []store.Retime, touch func(store.Cell)) error {
	values, best := retimeValues(retimes)
	rows, err := s.db.QueryContext(ctx, fmt.Sprintf(`SELECT e.province, e.box, e.at_ms, e.mono_ms + r.offset_ms
FROM power e JOIN (VALUES %s) r(box, boot, offset_ms, quality) ON e.box = r.box AND e.boot = r.boot
WHERE e.clock < %d AND e.clock < r.quality`, values, best))
	if err != nil {
		return err
	}
	defer rows.Close()
	var all []passed
	for rows.Next() {
		var from passed
		var toMs int64
		if err := rows.Scan(&from.province, &from.box, &from.atMs, &toMs); err != nil {
			return err
		}
		all = append(all, from, passed{from.province, from.box, toMs})
	}
	if err := rows.Err(); err != nil {
		return err
	}
	return s.bulk.eachWoken(all, "SELECT DISTINCT hour, province FROM", func(pg page) error {
		hours, provinces := values32(pg)
		for i := range hours {
			touch(store.Cell{Hour: aggregator.Hour(hours[i]), Province: aggregator.Province(provinces[i])})
		}
		return nil
	})
}

func values32(pg page) ([]int32, []uint8) { return values[int32](pg, 0), values[uint8](pg, 1) }

// eachWoken runs a statement over (hour, province) of the power-ons of which one of
// all may say how the box was before.
func (w *bulk) eachWoken(all []passed, statement string, f func(page) error) error {
	if len(all) == 0 {
		return nil
	}
	first, last := int64(math.MaxInt64), int64(math.MinInt64)
	for _, p := range all {
		first, last = min(first, p.atMs), max(last, p.atMs)
	}
	if err := w.exec("CREATE OR REPLACE TEMP TABLE passed (province UTINYINT, box UBIGINT, at_ms BIGINT)"); err != nil {
		return err
	}
	if err := w.append("passed", len(all), []column{
		fixed(all, func(p *passed) uint8 { return uint8(p.province) }),
		fixed(all, func(p *passed) uint64 { return p.box }),
		fixed(all, func(p *passed) int64 { return p.atMs }),
	}); err != nil {
		return err
	}
	return w.query(fmt.Sprintf(`%s (SELECT hour_of(o.at_ms) AS hour, o.province
FROM (FROM power WHERE switched_on AND at_ms >= %d AND at_ms <= %d) o JOIN passed p ON p.province = o.province AND p.box = o.box
	AND o.at_ms >= p.at_ms AND o.at_ms - p.at_ms <= %d)`, statement, first, last+store.StandbyMs, store.StandbyMs), f)
}
