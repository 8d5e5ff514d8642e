package duckdb

import (
	"context"
	"database/sql"
	_ "embed"
	"fmt"

	"iptvdc/aggregator"
	"iptvdc/aggregator/c3"
	"iptvdc/aggregator/store"
)

//go:embed sql/broadcast.sql
var broadcastSQL string

// schedules makes the province's broadcasts anew if the file speaks of any, and
// marks the cells whose facts follow from what differs.
func (a *applying) schedules() error {
	w := a.w
	n, err := w.number(fmt.Sprintf(`SELECT (SELECT count(*) FROM staged WHERE element IN (%[1]d, %[2]d, %[3]d, %[4]d))
	+ (SELECT count(*) FROM staged_mapping WHERE parent = %[1]d AND child IN (%[2]d, %[3]d))`,
		c3.ElementChannel, c3.ElementPhysicalChannel, c3.ElementSchedule, c3.ElementScheduleRecord))
	if err != nil || n == 0 {
		return err
	}
	if err := w.exec(fmt.Sprintf("CREATE OR REPLACE TEMP TABLE spoken AS SELECT DISTINCT element, code FROM staged WHERE element IN (%d, %d)",
		c3.ElementSchedule, c3.ElementScheduleRecord)); err != nil {
		return err
	}
	if err := w.airings(a.file.Province); err != nil {
		return err
	}
	return w.runScript(broadcastSQL, map[string]any{"p": uint8(a.file.Province), "mark": a.mark})
}

// airingRow is a schedule with the place of what told it.
type airingRow struct {
	store.AiringRow
	line, versionMs int64
	file            string
}

// airingPart is how many schedules are read at a time: their properties are in
// memory.
const airingPart = 20_000

// airings reads the times of the schedules and records of which the temporary table
// spoken has element and code.
func (w *bulk) airings(p aggregator.Province) error {
	n, err := w.number("SELECT count(*) FROM spoken")
	if err != nil || n == 0 {
		return err
	}
	if err := w.exec(fmt.Sprintf("DELETE FROM airing WHERE province = %d AND (element, code) IN (FROM spoken)", p)); err != nil {
		return err
	}
	parts := n/airingPart + 1
	for part := range parts {
		var rows []airingRow
		if err := w.query(fmt.Sprintf(`SELECT element, code, properties, line, version_ms, file
FROM object SEMI JOIN spoken USING (element, code) WHERE province = %d AND NOT deleted AND code %% %d = %d`, p, parts, part), func(pg page) error {
			elements, codes, lines, versions := values[uint8](pg, 0), values[uint64](pg, 1), values[int64](pg, 3), values[int64](pg, 4)
			properties, files := texts(pg, 2), texts(pg, 5)
			for i := range elements {
				all, err := unpackProperties(properties[i])
				if err != nil {
					return err
				}
				if row, ok := store.Airing(c3.Element(elements[i]), codes[i], all); ok {
					rows = append(rows, airingRow{row, lines[i], versions[i], files[i]})
				}
			}
			return nil
		}); err != nil {
			return err
		}
		if err := w.append("airing", len(rows), []column{
			same(uint8(p)),
			fixed(rows, func(r *airingRow) uint8 { return uint8(r.Element) }), fixed(rows, func(r *airingRow) uint64 { return r.Code }),
			fixed(rows, func(r *airingRow) uint64 { return r.Channel }), fixed(rows, func(r *airingRow) uint64 { return r.Physical }),
			fixed(rows, func(r *airingRow) uint64 { return r.Programme }), fixed(rows, func(r *airingRow) int64 { return r.StartMs }),
			fixed(rows, func(r *airingRow) int64 { return r.DurationMs }), fixed(rows, func(r *airingRow) int64 { return r.line }),
			fixed(rows, func(r *airingRow) int64 { return r.versionMs }), text(rows, func(r *airingRow) []byte { return []byte(r.file) }),
		}); err != nil {
			return err
		}
	}
	return nil
}

// Broadcasts implements store.Feeds.
func (s *Store) Broadcasts(ctx context.Context, scope aggregator.Scope, codes []uint64) ([]store.BroadcastRow, error) {
	if len(codes) == 0 || !scope.All && len(scope.Provinces) == 0 {
		return nil, nil // empty means none, never all
	}
	where := "b.code IN (" + join(codes) + ")"
	if !scope.All {
		where += " AND b.province IN (" + join(scope.Provinces) + ")"
	}
	var all []store.BroadcastRow
	err := s.each(ctx, `SELECT b.province, b.code, b.channel, b.start_ms, b.end_ms, coalesce(n.text, '')
FROM broadcast b LEFT JOIN code n ON n.key = b.name WHERE `+where+" ORDER BY b.province, b.code", func(rows *sql.Rows) error {
		var r store.BroadcastRow
		err := rows.Scan(&r.Province, &r.Code, &r.Channel, &r.StartMs, &r.EndMs, &r.Name)
		all = append(all, r)
		return err
	})
	return all, wrap("broadcasts", err)
}

// factRules numbers the rules by which closing makes facts. A store that was closed
// by others is closed again.
const factRules = 9

// catchUp brings a store that an older version wrote up to what this one knows:
// its schedules are read, accounts are counted anew, and what follows from new rules
// is to be closed again.
func (s *Store) catchUp() error {
	w := s.bulk
	rules, err := w.number("SELECT coalesce(max(number), 0) FROM fact_rules")
	if err != nil || rules == factRules {
		return err
	}
	mark := s.mark + 1
	err = w.transaction(func() error {
		var provinces []uint8
		if err := w.query(fmt.Sprintf("SELECT DISTINCT province FROM object WHERE element IN (%d, %d) ORDER BY province", c3.ElementSchedule, c3.ElementScheduleRecord), func(pg page) error {
			provinces = append(provinces, values[uint8](pg, 0)...)
			return nil
		}); err != nil {
			return err
		}
		for _, p := range provinces {
			if err := w.exec(fmt.Sprintf("CREATE OR REPLACE TEMP TABLE spoken AS SELECT element, code FROM object WHERE province = %d AND element IN (%d, %d)",
				p, c3.ElementSchedule, c3.ElementScheduleRecord)); err != nil {
				return err
			}
			if err := w.airings(aggregator.Province(p)); err != nil {
				return err
			}
			if err := w.runScript(broadcastSQL, map[string]any{"p": p, "mark": mark}); err != nil {
				return err
			}
		}
		if err := w.recount(); err != nil {
			return err
		}
		if err := w.nameAgents(); err != nil {
			return err
		}
		for _, statement := range []string{
			fmt.Sprintf("INSERT INTO dirt SELECT DISTINCT hour, province, %d, true FROM closed", mark),
			"DELETE FROM fact_rules",
			fmt.Sprintf("INSERT INTO fact_rules VALUES (%d)", factRules),
		} {
			if err := w.exec(statement); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil {
		s.mark = mark
	}
	return err
}

// recount makes the accounts of all days that files speak of anew.
func (w *bulk) recount() error {
	type told struct {
		province    uint8
		first, last int32
	}
	var all []told
	if err := w.query(fmt.Sprintf("SELECT province, min(day)::INTEGER, max(day)::INTEGER FROM feed_file WHERE feed IN (%d, %d) AND outcome IN (%d, %d) GROUP BY province ORDER BY province",
		c3.FeedSubscribers, c3.FeedChanges, c3.OutcomeAccepted, c3.OutcomePartly), func(pg page) error {
		provinces, firsts, lasts := values[uint8](pg, 0), values[int32](pg, 1), values[int32](pg, 2)
		for i := range provinces {
			all = append(all, told{provinces[i], firsts[i], lasts[i]})
		}
		return nil
	}); err != nil {
		return err
	}
	for _, t := range all {
		if err := w.runScript(factAccountsSQL, map[string]any{"p": t.province, "from": t.first, "to": t.last}); err != nil {
			return err
		}
	}
	return nil
}

// nextMark is a mark for dirt of a file.
func (s *Store) nextMark() int64 {
	s.writing.Lock()
	defer s.writing.Unlock()
	s.mark++
	return s.mark
}
