package duckdb

import (
	"cmp"
	_ "embed"
	"fmt"
	"slices"

	"iptvdc/aggregator"
	"iptvdc/aggregator/c3"
	"iptvdc/aggregator/store"
)

//go:embed sql/full.sql
var fullSQL string

//go:embed sql/link.sql
var linkSQL string

// full takes in a full file: sightings, the numbers it shows to have changed, and
// the books of whom it touches.
func (a *applying) full() error {
	w, p, day := a.w, a.file.Province, a.file.Day
	if err := w.exec("CREATE OR REPLACE TEMP TABLE touched_account (account UBIGINT)"); err != nil {
		return err
	}
	if len(a.days) == 0 {
		if err := w.exec(fmt.Sprintf(`INSERT INTO sighting
SELECT %d, account, %d, %d, state, reason, city, open_ms, suspend_ms, cancel_ms, product, stb, net FROM staged`, p, day, store.Lasting)); err != nil {
			return err
		}
	} else {
		before, after, middle := day, day, day
		if a.prev != noDay {
			before = a.prev
		}
		if a.next != store.Lasting {
			after = a.next
		} else {
			middle = store.Lasting
		}
		if err := w.runScript(fullSQL, map[string]any{"p": uint8(p), "day": int32(day), "prev": int32(a.prev), "next": int32(a.next),
			"before": int32(before), "after": int32(after), "mid_to": int32(middle), "has_next": a.next != store.Lasting}); err != nil {
			return err
		}
	}
	if err := w.exec("DROP TABLE staged"); err != nil { // 10 million rows are room that folding can use
		return err
	}
	if err := w.exec(fmt.Sprintf("DELETE FROM full_day WHERE province = %d AND day = %d", p, day)); err != nil {
		return err
	}
	if err := w.exec(fmt.Sprintf("INSERT INTO full_day VALUES (%d, %d, %d, %s, %d)", p, day, a.file.VersionMs, blob(a.file.ID[:]), a.accounts)); err != nil {
		return err
	}
	if !a.known {
		a.days = append(a.days, day)
		slices.Sort(a.days)
		if err := a.touchBeside(); err != nil {
			return err
		}
	}
	moved, err := a.links()
	if err != nil {
		return err
	}
	return a.fold(moved)
}

// touchBeside marks those whose book asks the files beside a new day: who has
// changes that another file is now the first to hold against, and who begins or
// is missed in the next one.
func (a *applying) touchBeside() error {
	p := a.file.Province
	until := a.file.Day
	if a.next != store.Lasting {
		until = a.next
		if err := a.touch(fmt.Sprintf("SELECT account FROM sighting WHERE province = %d AND (from_day = %d OR to_day = %d)", p, a.next, a.prev)); err != nil {
			return err
		}
	}
	since := "true"
	if a.prev != noDay {
		since = fmt.Sprintf("at_ms >= %d", endOf(a.prev))
	}
	return a.touch(fmt.Sprintf("SELECT account FROM account_change WHERE province = %d AND %s AND at_ms < %d", p, since, endOf(until)))
}

// touch marks accounts whose book is to be folded anew.
func (a *applying) touch(query string) error {
	if err := a.w.exec("CREATE TEMP TABLE IF NOT EXISTS touched_account (account UBIGINT)"); err != nil {
		return err
	}
	return a.w.exec("INSERT INTO touched_account " + query)
}

// endOf is the first millisecond after a day.
func endOf(d aggregator.Day) int64 { return (d + 1).Start() }

// links derives anew which numbers changed between this file and those beside
// it, and reports whether that is other than it was.
func (a *applying) links() (changed bool, err error) {
	w, p := a.w, a.file.Province
	days := []aggregator.Day{a.file.Day}
	if a.next != store.Lasting {
		days = append(days, a.next)
	}
	which := fmt.Sprintf("province = %d AND day IN (%s)", p, joinDays(days))
	if err := w.exec("CREATE OR REPLACE TEMP TABLE old_link AS SELECT old, new, day FROM number_link WHERE " + which); err != nil {
		return false, err
	}
	if err := w.exec("DELETE FROM number_link WHERE " + which); err != nil {
		return false, err
	}
	from := a.prev
	for _, d := range days {
		if from != noDay {
			if err := w.runScript(linkSQL, map[string]any{"p": uint8(p), "a": int32(from), "b": int32(d)}); err != nil {
				return false, err
			}
		}
		from = d
	}
	n, err := w.number(fmt.Sprintf(`SELECT count(*) FROM (
	(FROM old_link EXCEPT SELECT old, new, day FROM number_link WHERE %[1]s)
	UNION ALL (SELECT old, new, day FROM number_link WHERE %[1]s EXCEPT FROM old_link))`, which))
	return n > 0, err
}

func joinDays(days []aggregator.Day) string {
	numbers := make([]int32, len(days))
	for i, d := range days {
		numbers[i] = int32(d)
	}
	return join(numbers)
}

// number of an account in its subscriber's chain.
type place struct {
	root uint64
	rank int32
}

// chains makes the chains anew of all links there are and writes what is other
// than before; their roots, old and new, go into other_root. There are few links
// beside accounts, so all of them are read.
func (a *applying) chains() error {
	w, p := a.w, a.file.Province
	became := map[uint64]int64{} // when a number was taken last
	near := map[uint64][]uint64{}
	if err := w.query(fmt.Sprintf(`SELECT old, account, at_ms FROM account_change WHERE province = %[1]d AND op = %[2]d AND old <> 0 AND old <> account
UNION ALL SELECT old, new, day::BIGINT * 86400000 + 86400000 - 28800001 FROM number_link WHERE province = %[1]d`, p, c3.OpChangeNo), func(pg page) error {
		olds, news, times := values[uint64](pg, 0), values[uint64](pg, 1), values[int64](pg, 2)
		for i := range olds {
			near[olds[i]], near[news[i]] = append(near[olds[i]], news[i]), append(near[news[i]], olds[i])
			became[news[i]] = max(became[news[i]], times[i])
		}
		return nil
	}); err != nil {
		return err
	}
	now := map[uint64]place{}
	for first := range near {
		if _, done := now[first]; done {
			continue
		}
		members := []uint64{first}
		now[first] = place{}
		for i := 0; i < len(members); i++ {
			for _, other := range near[members[i]] {
				if _, done := now[other]; !done {
					now[other] = place{}
					members = append(members, other)
				}
			}
		}
		root := slices.Min(members)
		slices.SortFunc(members, func(a, b uint64) int { return cmp.Or(cmp.Compare(became[a], became[b]), cmp.Compare(a, b)) })
		for rank, m := range members {
			now[m] = place{root, int32(rank)}
		}
	}
	return a.writeChains(now)
}

func (a *applying) writeChains(now map[uint64]place) error {
	w, p := a.w, a.file.Province
	type row struct {
		account uint64
		place
	}
	var roots []uint64
	var gone []uint64
	if err := w.query(fmt.Sprintf("SELECT account, root, rank FROM chain WHERE province = %d", p), func(pg page) error {
		accounts, olds, ranks := values[uint64](pg, 0), values[uint64](pg, 1), values[int32](pg, 2)
		for i := range accounts {
			was := place{olds[i], ranks[i]}
			if now[accounts[i]] == was {
				delete(now, accounts[i]) // as it was
				continue
			}
			gone = append(gone, accounts[i])
			roots = append(roots, was.root, accounts[i])
		}
		return nil
	}); err != nil {
		return err
	}
	var rows []row
	for account, pl := range now {
		rows = append(rows, row{account, pl})
		roots = append(roots, pl.root, account) // it may have been its own root
	}
	changed := slices.Clone(gone)
	for _, r := range rows {
		changed = append(changed, r.account)
	}
	if err := w.append("renumbered", len(changed), []column{fixed(changed, func(k *uint64) uint64 { return *k })}); err != nil {
		return err
	}
	if err := w.exec(fmt.Sprintf("DELETE FROM chain WHERE province = %d AND account IN (SELECT account FROM renumbered)", p)); err != nil {
		return err
	}
	if err := w.append("chain", len(rows), []column{same(uint8(p)),
		fixed(rows, func(r *row) uint64 { return r.account }), fixed(rows, func(r *row) uint64 { return r.root }), fixed(rows, func(r *row) int32 { return r.rank }),
	}); err != nil {
		return err
	}
	return w.append("other_root", len(roots), []column{fixed(roots, func(k *uint64) uint64 { return *k })})
}
