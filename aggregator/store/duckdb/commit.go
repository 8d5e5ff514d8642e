package duckdb

import (
	"context"
	"fmt"

	"iptvdc/aggregator"
	"iptvdc/aggregator/c3"
	"iptvdc/aggregator/store"
)

// Commit implements store.Stage. Judging only reads what no other commit can
// change meanwhile; all that is written, but codes, is one transaction.
func (st *stage) Commit(ctx context.Context, v store.Verdict) (store.FileRow, error) {
	if st.w == nil {
		return store.FileRow{}, errOver
	}
	s := st.s
	s.feeding.Lock()
	defer s.feeding.Unlock()
	defer st.Discard()
	if err := ctx.Err(); err != nil {
		return store.FileRow{}, err
	}
	defer st.w.endWith(ctx)()
	row, err := st.commit(ctx, v)
	if err != nil && ctx.Err() != nil {
		err = ctx.Err()
	}
	return row, wrap("commit", err)
}

func (st *stage) commit(ctx context.Context, v store.Verdict) (store.FileRow, error) {
	was, err := st.s.Taken(ctx, [][16]byte{st.file.ID})
	if err != nil {
		return store.FileRow{}, err
	}
	if len(was) > 0 && was[0].In() {
		was[0].Outcome = c3.OutcomeRepeated
		return was[0], nil
	}
	j := store.Judgement{File: st.file, Verdict: v, Staged: st.rows}
	if err := j.Check(); err != nil {
		return store.FileRow{}, err
	}
	if err := st.single(&j); err != nil {
		return store.FileRow{}, err
	}
	a := &applying{w: st.w, file: st.file, part: st.s.foldPart, accounts: j.Staged - j.Doubled, mark: st.s.nextMark()}
	if err := a.look(); err != nil {
		return store.FileRow{}, err
	}
	if out, why := a.judge(&j); out != c3.OutcomeNone {
		row, faults := j.Out(out, why)
		return row, st.w.transaction(func() error { return st.w.putFile(row, faults) })
	}
	if err := st.s.tellStaged(st.w); err != nil {
		return store.FileRow{}, err
	}
	var row store.FileRow
	err = st.w.transaction(func() error {
		repeated, err := a.apply()
		if err != nil {
			return err
		}
		var faults []c3.Fault
		row, faults = j.Row(repeated)
		if err := st.w.putFile(row, faults); err != nil {
			return err
		}
		return a.facts()
	})
	return row, err
}

// keys are the columns by which a feed's rows are known.
var keys = map[c3.Feed]string{
	c3.FeedSubscribers: "account", c3.FeedChanges: "account, op, at_ms, old, new", c3.FeedOrders: "id, op", c3.FeedProducts: "code",
}

// single leaves the first row of each key, by line, and keeps the rest as faults.
func (st *stage) single(j *store.Judgement) error {
	key, once := keys[st.file.Feed]
	if !once {
		return nil
	}
	w := st.w
	if err := w.exec(fmt.Sprintf("CREATE OR REPLACE TEMP TABLE doubled AS SELECT %[1]s FROM staged GROUP BY %[1]s HAVING count(*) > 1", key)); err != nil {
		return err
	}
	if n, err := w.number("SELECT count(*) FROM doubled"); err != nil || n == 0 {
		return err
	}
	if err := w.exec(fmt.Sprintf(`CREATE OR REPLACE TEMP TABLE later AS
SELECT rid, line, first FROM (
	SELECT rowid AS rid, line, min(line) OVER (PARTITION BY %[1]s) AS first, row_number() OVER (PARTITION BY %[1]s ORDER BY line, rowid) AS n
	FROM staged SEMI JOIN doubled USING (%[1]s))
WHERE n > 1`, key)); err != nil {
		return err
	}
	var err error
	if j.Doubled, err = w.number("SELECT count(*) FROM later"); err != nil {
		return err
	}
	if err := w.query(fmt.Sprintf("SELECT line, first FROM later ORDER BY line, rid LIMIT %d", c3.MaxFaults), func(p page) error {
		lines, firsts := values[int64](p, 0), values[int64](p, 1)
		for i := range lines {
			j.Duplicates = append(j.Duplicates, store.Duplicate(lines[i], firsts[i]))
		}
		return nil
	}); err != nil {
		return err
	}
	return w.exec("DELETE FROM staged WHERE rowid IN (SELECT rid FROM later)")
}

// tellStaged adds the texts of staged_code that are new. Blocks add codes too,
// under the same lock.
func (s *Store) tellStaged(w *bulk) error {
	s.writing.Lock()
	defer s.writing.Unlock()
	// Few are told twice. Grouping all texts to find those cost more than the rest
	// of a catalogue's commit.
	for _, statement := range []string{
		"CREATE OR REPLACE TEMP TABLE retold AS SELECT key, min(rowid) AS first FROM staged_code GROUP BY key HAVING count(*) > 1",
		"DELETE FROM staged_code USING retold WHERE staged_code.key = retold.key AND staged_code.rowid > retold.first",
		"INSERT INTO code SELECT key, text FROM staged_code ANTI JOIN code USING (key)",
	} {
		if err := w.exec(statement); err != nil {
			return err
		}
	}
	return nil
}

// applying is a file on its way into the tables.
type applying struct {
	w        *bulk
	file     store.File
	part     int64 // how many subscribers are folded at a time
	accounts int64 // of a full file
	mark     int64 // of the dirt that the file leaves

	// Of a full file: the version taken of its day, and the days with one.
	known bool
	newer bool // the known one is
	days  []aggregator.Day
	prev  aggregator.Day // noDay: none
	next  aggregator.Day // store.Lasting: none
	// before is how many accounts the full file of prev has.
	before int64

	// sinceMs is the first moment at which a standing or flow changed; Forever:
	// none did.
	sinceMs int64
	// toldFirst and toldLast are the days files spoke of before; any: some did.
	toldFirst, toldLast aggregator.Day
	told                bool
}

// look reads what the file is judged by.
func (a *applying) look() error {
	a.prev, a.next, a.sinceMs = noDay, store.Lasting, store.Forever
	p, day := a.file.Province, a.file.Day
	err := a.w.query(fmt.Sprintf(`SELECT day, accounts, coalesce((version_ms, file) > (%d, %s), false) FROM full_day WHERE province = %d ORDER BY day`,
		a.file.VersionMs, blob(a.file.ID[:]), p), func(pg page) error {
		days, accounts, newer := values[int32](pg, 0), values[int64](pg, 1), values[bool](pg, 2)
		for i := range days {
			d := aggregator.Day(days[i])
			a.days = append(a.days, d)
			switch {
			case d < day:
				a.prev, a.before = d, accounts[i]
			case d == day:
				a.known, a.newer = true, newer[i]
			case a.next == store.Lasting:
				a.next = d
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return a.w.query(fmt.Sprintf(`SELECT coalesce(min(day), 0)::INTEGER, coalesce(max(day), 0)::INTEGER, count(*) > 0
FROM feed_file WHERE province = %d AND feed IN (%d, %d) AND outcome IN (%d, %d)`,
		p, c3.FeedSubscribers, c3.FeedChanges, c3.OutcomeAccepted, c3.OutcomePartly), func(pg page) error {
		a.toldFirst, a.toldLast = aggregator.Day(values[int32](pg, 0)[0]), aggregator.Day(values[int32](pg, 1)[0])
		a.told = values[bool](pg, 2)[0]
		return nil
	})
}

// judge says whether a full file is too old or too short.
func (a *applying) judge(j *store.Judgement) (c3.Outcome, c3.Fault) {
	if a.file.Feed != c3.FeedSubscribers {
		return c3.OutcomeNone, c3.Fault{}
	}
	if a.known && a.newer {
		return c3.OutcomeRefused, store.Older()
	}
	if a.prev != noDay {
		if why, shrunk := j.Shrunk(a.before); shrunk {
			return c3.OutcomeWaiting, why
		}
	}
	return c3.OutcomeNone, c3.Fault{}
}

// apply takes the rows in and counts those that say nothing new.
func (a *applying) apply() (repeated int64, err error) {
	switch a.file.Feed {
	case c3.FeedSubscribers:
		return 0, a.full()
	case c3.FeedChanges:
		return a.changes()
	case c3.FeedOrders:
		return a.orders()
	case c3.FeedProducts:
		return a.products()
	case c3.FeedCatalogue:
		return a.catalogue()
	}
	return 0, fmt.Errorf("nobody takes in feed %d", a.file.Feed)
}

// keyed is a table whose rows are known by a key, and the columns that a row of
// it says.
type keyed struct {
	table, staged string
	key           []string
	says          []string // compared
	means         []string // not compared
	lines         bool     // versions go down to the line
	// outdone are the columns that the temporary table outdone keeps of rows
	// that say something else now; "": none are asked for.
	outdone string
}

// merge takes the staged rows in, each unless a later version is there, and
// leaves in the temporary table news the places of those that say something new.
func (a *applying) merge(k keyed) (repeated int64, err error) {
	lines, held, fresh := "", "k.version_ms, k.file", fmt.Sprintf("%d, %s", a.file.VersionMs, blob(a.file.ID[:]))
	if k.lines {
		lines, held, fresh = "line, ", held+", k.line", fresh+", s.line"
	}
	same := "true"
	for _, c := range k.says {
		same += fmt.Sprintf(" AND k.%[1]s = s.%[1]s", c)
	}
	on := ""
	for _, c := range k.key {
		on += fmt.Sprintf(" AND k.%[1]s = s.%[1]s", c)
	}
	columns := joinWith(append(append(append([]string{}, k.key...), k.says...), k.means...), ", ")
	steps := []string{
		fmt.Sprintf(`CREATE OR REPLACE TEMP TABLE held AS SELECT k.rowid AS rid, s.rowid AS sid, (%s) < (%s) AS outdone, %s AS alike
FROM %s k JOIN %s s ON k.province = %d%s`, held, fresh, same, k.table, k.staged, a.file.Province, on),
		"CREATE OR REPLACE TEMP TABLE news AS SELECT rowid AS sid FROM " + k.staged + " WHERE rowid NOT IN (SELECT sid FROM held WHERE alike OR NOT outdone)",
	}
	if k.outdone != "" {
		steps = append(steps, fmt.Sprintf("CREATE OR REPLACE TEMP TABLE outdone AS SELECT %s FROM %s WHERE province = %d AND rowid IN (SELECT rid FROM held WHERE outdone AND NOT alike)",
			k.outdone, k.table, a.file.Province))
	}
	steps = append(steps, "DELETE FROM "+k.table+" WHERE rowid IN (SELECT rid FROM held WHERE outdone)",
		fmt.Sprintf("INSERT INTO %s SELECT %d, %s, %s%d, %s FROM %s WHERE rowid NOT IN (SELECT sid FROM held WHERE NOT outdone)",
			k.table, a.file.Province, columns, lines, a.file.VersionMs, blob(a.file.ID[:]), k.staged))
	for _, statement := range steps {
		if err := a.w.exec(statement); err != nil {
			return 0, fmt.Errorf("%w, in %.60s", err, statement)
		}
	}
	return a.w.number("SELECT count(*) FROM held WHERE alike OR NOT outdone")
}

func (a *applying) changes() (int64, error) {
	repeated, err := a.merge(keyed{table: "account_change", staged: "staged",
		key: []string{"account", "op", "at_ms", "old", "new"}, says: []string{"reason", "city"}})
	if err != nil {
		return 0, err
	}
	renumbers, err := a.w.number(fmt.Sprintf("SELECT count(*) FROM staged WHERE rowid IN (SELECT sid FROM news) AND op = %d", c3.OpChangeNo))
	if err != nil {
		return 0, err
	}
	if err := a.touch("SELECT account FROM staged WHERE rowid IN (SELECT sid FROM news)"); err != nil {
		return 0, err
	}
	return repeated, a.fold(renumbers > 0)
}

func (a *applying) orders() (int64, error) {
	repeated, err := a.merge(keyed{table: "bill", staged: "staged", key: []string{"id", "op"},
		says: []string{"account", "product", "content", "provider", "at_ms", "from_ms", "to_ms", "fen", "pay", "trace"}, outdone: "at_ms"})
	if err != nil {
		return 0, err
	}
	return repeated, a.w.exec(`CREATE OR REPLACE TEMP TABLE bill_day AS
SELECT day_of(at_ms) AS day FROM staged WHERE rowid IN (SELECT sid FROM news) UNION SELECT day_of(at_ms) FROM outdone`)
}

func (a *applying) products() (int64, error) {
	repeated, err := a.merge(keyed{table: "product", staged: "staged", key: []string{"code"},
		says: []string{"name", "type", "fen", "provider", "share_bp", "from_ms", "to_ms"}, outdone: "code, provider, share_bp, fen"})
	if err != nil {
		return 0, err
	}
	// The days of orders that take their provider, its share or their amount from
	// these products.
	return repeated, a.w.exec(fmt.Sprintf(`CREATE OR REPLACE TEMP TABLE bill_day AS
SELECT DISTINCT day_of(b.at_ms) AS day
FROM bill b JOIN (
	SELECT s.code, s.provider <> coalesce(o.provider, 0) AS provider, s.share_bp <> coalesce(o.share_bp, 0) AS share, s.fen <> coalesce(o.fen, 0) AS price
	FROM staged s LEFT JOIN outdone o USING (code)
	WHERE s.rowid IN (SELECT sid FROM news)) n ON n.code = b.product
WHERE b.province = %d AND (b.provider = 0 AND n.provider OR n.share OR b.fen = %d AND n.price)`, a.file.Province, c3.AtPrice))
}
