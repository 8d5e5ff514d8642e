package duckdb

import (
	_ "embed"
	"fmt"
	"maps"
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

// span names a life: a number, and since when.
type span struct {
	account uint64
	fromMs  int64
}

// givenSQL are the numbers that somebody gave up, told or shown.
func (a *applying) givenSQL() string {
	return fmt.Sprintf(`SELECT old, account AS new, at_ms FROM account_change WHERE province = %[1]d AND op = %[2]d AND old <> 0 AND old <> account
UNION ALL SELECT old, new, shown_at(day) FROM number_link WHERE province = %[1]d`, a.file.Province, c3.OpChangeNo)
}

// givenUp reports whether the file says anything of a number that somebody gave
// up: it may be another one's now.
func (a *applying) givenUp(opening bool) (bool, error) {
	which := "WHERE old IN (SELECT account FROM touched_account)"
	if opening {
		which = "" // its accounts are not listed yet
	}
	n, err := a.w.number("SELECT count(*) FROM (" + a.givenSQL() + ") " + which)
	return n > 0, err
}

// chains asks anew whose the numbers are that changed and writes what is other
// than before; their roots, old and new, go into other_root. There are few such
// numbers beside accounts, so all of them are read.
func (a *applying) chains() error {
	w, p := a.w, a.file.Province
	var changes []store.NumberChange
	if err := w.query(a.givenSQL(), func(pg page) error {
		olds, news, times := values[uint64](pg, 0), values[uint64](pg, 1), values[int64](pg, 2)
		for i := range olds {
			changes = append(changes, store.NumberChange{Old: olds[i], New: news[i], AtMs: times[i]})
		}
		return nil
	}); err != nil {
		return err
	}
	var seen []store.Sighting
	if err := w.query(fmt.Sprintf("SELECT account, from_day, to_day FROM sighting WHERE province = %d AND account IN (SELECT old FROM (%s))", p, a.givenSQL()), func(pg page) error {
		accounts, from, to := values[uint64](pg, 0), values[int32](pg, 1), values[int32](pg, 2)
		for i := range accounts {
			seen = append(seen, sightingOf(from[i], to[i], 0, store.SubscriberRow{Account: accounts[i]}))
		}
		return nil
	}); err != nil {
		return err
	}
	var told []store.ChangeRow
	if err := w.query(fmt.Sprintf("SELECT account, op, at_ms FROM account_change WHERE province = %d AND op IN (%d, %d) AND account IN (SELECT old FROM (%s))",
		p, c3.OpOpen, c3.OpMoveIn, a.givenSQL()), func(pg page) error {
		accounts, op, at := values[uint64](pg, 0), values[uint8](pg, 1), values[int64](pg, 2)
		for i := range accounts {
			told = append(told, store.ChangeRow{Account: accounts[i], Op: c3.Op(op[i]), AtMs: at[i]})
		}
		return nil
	}); err != nil {
		return err
	}
	now := map[span]store.Life{}
	for _, l := range store.Lives(a.days, changes, seen, told) {
		now[span{l.Account, l.FromMs}] = l
	}
	return a.writeChains(now)
}

// writeChains replaces the lives of numbers of which any is other than before.
func (a *applying) writeChains(now map[span]store.Life) error {
	w, p := a.w, a.file.Province
	was := map[span]store.Life{}
	if err := w.query(fmt.Sprintf("SELECT account, root, rank, since_ms, until_ms FROM chain WHERE province = %d", p), func(pg page) error {
		accounts, roots, ranks, since, until := values[uint64](pg, 0), values[uint64](pg, 1), values[int32](pg, 2), values[int64](pg, 3), values[int64](pg, 4)
		for i := range accounts {
			was[span{accounts[i], since[i]}] = store.Life{Account: accounts[i], FromMs: since[i], ToMs: until[i], Root: roots[i], Rank: int(ranks[i])}
		}
		return nil
	}); err != nil {
		return err
	}
	other := map[uint64]bool{}
	for k, l := range now {
		if was[k] != l {
			other[k.account] = true
		}
	}
	for k, l := range was {
		if now[k] != l {
			other[k.account] = true
		}
	}
	var rows []store.Life
	var roots []uint64
	for account := range other {
		roots = append(roots, account) // it may have been its own root, or become it
	}
	for _, lives := range []map[span]store.Life{was, now} {
		for k, l := range lives {
			if other[k.account] {
				roots = append(roots, l.Root)
			}
		}
	}
	for k, l := range now {
		if other[k.account] {
			rows = append(rows, l)
		}
	}
	changed := slices.Collect(maps.Keys(other))
	if err := w.append("renumbered", len(changed), []column{fixed(changed, func(k *uint64) uint64 { return *k })}); err != nil {
		return err
	}
	if err := w.exec(fmt.Sprintf("DELETE FROM chain WHERE province = %d AND account IN (SELECT account FROM renumbered)", p)); err != nil {
		return err
	}
	if err := w.append("chain", len(rows), []column{same(uint8(p)),
		fixed(rows, func(l *store.Life) uint64 { return l.Account }), fixed(rows, func(l *store.Life) uint64 { return l.Root }), fixed(rows, func(l *store.Life) int32 { return int32(l.Rank) }),
		fixed(rows, func(l *store.Life) int64 { return l.FromMs }), fixed(rows, func(l *store.Life) int64 { return l.ToMs }),
	}); err != nil {
		return err
	}
	return w.append("other_root", len(roots), []column{fixed(roots, func(k *uint64) uint64 { return *k })})
}
