package settings

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"iptvdc/aggregator"
	"iptvdc/aggregator/indicator"
	"iptvdc/aggregator/insight"
	"iptvdc/aggregator/post"
	"iptvdc/aggregator/report"
)

// sendingLife is how long it is kept what was sent.
const sendingLife = 400 * 24 * time.Hour

// Begin implements report.Book.
func (s *Settings) Begin(ctx context.Context, r *report.Run) (begun bool, err error) {
	err = s.update(ctx, func(tx *sql.Tx) error {
		now := s.now().UnixMilli()
		var id int64
		body := []byte("{}")
		if r.Report != nil {
			id = r.Report.ID
			var err error
			if body, err = json.Marshal(r.Report); err != nil {
				return err
			}
			var there int
			if err := tx.QueryRowContext(ctx, "SELECT count(*) FROM report WHERE id = ?", id).Scan(&there); err != nil || there == 0 {
				return err // nil: removed meanwhile
			}
		}
		done, err := tx.ExecContext(ctx, "INSERT INTO post_run (report, notice, owner, title, body, due_ms, begun_ms, late, by, missed) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
			id, r.Notice, r.Owner, r.Title, string(body), r.Due.UnixMilli(), now, r.Late, r.By, r.Missed)
		if err != nil {
			return err
		}
		if n, err := done.RowsAffected(); err != nil || n == 0 {
			return err
		}
		begun = true
		run, err := done.LastInsertId()
		if err != nil {
			return err
		}
		if r.By == "" && r.Notice == 0 {
			if _, err := tx.ExecContext(ctx, "UPDATE report SET done_ms = max(done_ms, ?) WHERE id = ?", r.Due.UnixMilli(), id); err != nil {
				return err
			}
		}
		seen := map[string]bool{}
		for _, name := range r.To {
			if seen[name] {
				continue
			}
			seen[name] = true
			if err := addSendings(ctx, tx, run, name, r.Notice > 0, now); err != nil {
				return err
			}
		}
		_, err = tx.ExecContext(ctx, "DELETE FROM post_run WHERE begun_ms < ?", s.now().Add(-sendingLife).UnixMilli())
		return err
	})
	return begun, wrap("begin", err)
}

// addSendings adds one for each place of a person, or one that says why there is none.
// Who has no place for alerts reads them in the list: of those nothing is said.
func addSendings(ctx context.Context, tx *sql.Tx, run int64, name string, alert bool, now int64) error {
	const insert = "INSERT INTO post_sending (run, person, way, kind, place, state, attempts, next_ms, code, detail, at_ms) VALUES (?, ?, ?, ?, ?, ?, 0, ?, ?, '', ?)"
	var person int64
	err := tx.QueryRowContext(ctx, "SELECT id FROM person WHERE name = ? AND disabled_ms IS NULL", name).Scan(&person)
	if errors.Is(err, sql.ErrNoRows) {
		if alert {
			return nil
		}
		_, err := tx.ExecContext(ctx, insert, run, name, 0, "", "", string(report.Refused), 0, "no_person", now)
		return err
	}
	if err != nil {
		return err
	}
	type place struct {
		id                    int64
		kind, address, secret string
	}
	var places []place
	err = each(ctx, tx, fmt.Sprintf("SELECT id, kind, address, secret FROM way WHERE person = %d AND CASE WHEN %t THEN alerts ELSE reports END ORDER BY id", person, alert), func(rows *sql.Rows) error {
		var p place
		err := rows.Scan(&p.id, &p.kind, &p.address, &p.secret)
		places = append(places, p)
		return err
	})
	if err != nil {
		return err
	}
	if len(places) == 0 && !alert {
		_, err := tx.ExecContext(ctx, insert, run, name, 0, "", "", string(report.Refused), 0, "no_place", now)
		return err
	}
	for _, p := range places {
		w := wayOf(p.kind, p.address, p.secret)
		if _, err := tx.ExecContext(ctx, insert, run, name, p.id, p.kind, w.Masked(), string(report.Waiting), now, "", now); err != nil {
			return err
		}
	}
	return nil
}

const sendingColumns = "SELECT s.id, s.run, r.report, r.notice, r.title, r.owner, r.body, r.due_ms, r.by, r.late, s.person, s.way, s.kind, s.place, s.state, s.attempts, s.code, s.detail, s.at_ms FROM post_sending s JOIN post_run r ON r.id = s.run WHERE "

func (s *Settings) sendings(ctx context.Context, where string, args ...any) ([]report.Sending, error) {
	rows, err := s.db.QueryContext(ctx, sendingColumns+where, args...)
	if err != nil {
		return nil, wrap("sendings", err)
	}
	defer func() { _ = rows.Close() }()
	all := []report.Sending{}
	for rows.Next() {
		var one report.Sending
		var id, due, at int64
		var body string
		if err := rows.Scan(&one.ID, &one.Run, &id, &one.Notice, &one.Title, &one.Owner, &body, &due, &one.By, &one.Late, &one.Person, &one.Way, &one.Kind, &one.Place, &one.State, &one.Attempts, &one.Code, &one.Detail, &at); err != nil {
			return nil, wrap("sendings", err)
		}
		one.Due, one.At = time.UnixMilli(due), time.UnixMilli(at)
		if one.Notice == 0 {
			one.Report = new(report.Report)
			if err := json.Unmarshal([]byte(body), one.Report); err != nil {
				return nil, wrap("sendings", err)
			}
			one.Report.ID, one.Report.Owner = id, one.Owner
		}
		all = append(all, one)
	}
	return all, wrap("sendings", rows.Err())
}

// Pending implements report.Book.
func (s *Settings) Pending(ctx context.Context, now time.Time, limit int) ([]report.Sending, error) {
	return s.sendings(ctx, "s.state = 'waiting' AND s.next_ms <= ? ORDER BY s.run, s.person, s.id LIMIT ?", now.UnixMilli(), limit)
}

// Hand implements report.Book.
func (s *Settings) Hand(ctx context.Context, id int64) (w post.Way, ok bool, err error) {
	err = s.update(ctx, func(tx *sql.Tx) error {
		now := s.now().UnixMilli()
		var kind, address, secret string
		err := tx.QueryRowContext(ctx, "SELECT w.kind, w.address, w.secret FROM post_sending s JOIN way w ON w.id = s.way WHERE s.id = ? AND s.state = 'waiting'", id).Scan(&kind, &address, &secret)
		if errors.Is(err, sql.ErrNoRows) {
			_, err := tx.ExecContext(ctx, "UPDATE post_sending SET state = ?, code = 'no_place', at_ms = ? WHERE id = ? AND state = 'waiting'", string(report.Refused), now, id)
			return err
		}
		if err != nil {
			return err
		}
		w, ok = wayOf(kind, address, secret), true
		_, err = tx.ExecContext(ctx, "UPDATE post_sending SET state = ?, at_ms = ? WHERE id = ?", string(report.Handing), now, id)
		return err
	})
	return w, ok && err == nil, wrap("hand", err)
}

// Settle implements report.Book. What ended is in the audit log.
func (s *Settings) Settle(ctx context.Context, id int64, to report.State, code, detail string, next time.Time) error {
	return wrap("settle", s.update(ctx, func(tx *sql.Tx) error {
		nextMs := int64(0)
		if to == report.Waiting {
			nextMs = next.UnixMilli()
		}
		if _, err := tx.ExecContext(ctx, "UPDATE post_sending SET state = ?, attempts = attempts + 1, code = ?, detail = ?, next_ms = ?, at_ms = ? WHERE id = ?", string(to), code, detail, nextMs, s.now().UnixMilli(), id); err != nil || to == report.Waiting {
			return err
		}
		var owner, person, kind, place string
		var of, notice int64
		if err := tx.QueryRowContext(ctx, "SELECT r.owner, s.person, s.kind, s.place, r.report, r.notice FROM post_sending s JOIN post_run r ON r.id = s.run WHERE s.id = ?", id).Scan(&owner, &person, &kind, &place, &of, &notice); err != nil {
			return err
		}
		what := fmt.Sprintf("report=%d", of)
		if notice > 0 {
			what = fmt.Sprintf("notice=%d", notice)
		}
		return s.record(ctx, tx, Principal{Name: owner}, "post_"+string(to), person, fmt.Sprintf("%s sending=%d kind=%s to=%q code=%s", what, id, kind, place, code))
	}))
}

// Interrupted implements report.Book.
func (s *Settings) Interrupted(ctx context.Context) (int, error) {
	done, err := s.db.ExecContext(ctx, "UPDATE post_sending SET state = ?, code = 'interrupted', at_ms = ? WHERE state = ?", string(report.Unsure), s.now().UnixMilli(), string(report.Handing))
	if err != nil {
		return 0, wrap("interrupted", err)
	}
	n, err := done.RowsAffected()
	return int(n), wrap("interrupted", err)
}

// MissedRun is one at which nothing was sent.
type MissedRun struct {
	Report int64
	Title  string
	Due    time.Time
}

// Sendings lists what was sent and what was not, the newest first: what goes to somebody
// or goes out for them, and for an administrator all. Of one report with a number.
func (s *Settings) Sendings(ctx context.Context, p Principal, of int64, limit int) ([]report.Sending, error) {
	return s.sendings(ctx, "(r.owner = ?1 OR s.person = ?1 OR ?2) AND (?3 = 0 OR r.report = ?3 AND r.notice = 0) ORDER BY s.id DESC LIMIT ?4", p.Name, overall(p), of, limit)
}

// MissedRuns lists when somebody's reports were due while the server was down.
func (s *Settings) MissedRuns(ctx context.Context, p Principal, of int64, limit int) ([]MissedRun, error) {
	rows, err := s.db.QueryContext(ctx, "SELECT report, title, due_ms FROM post_run WHERE missed AND (owner = ?1 OR ?2) AND (?3 = 0 OR report = ?3) ORDER BY due_ms DESC LIMIT ?4", p.Name, overall(p), of, limit)
	if err != nil {
		return nil, wrap("missed", err)
	}
	defer func() { _ = rows.Close() }()
	all := []MissedRun{}
	for rows.Next() {
		var m MissedRun
		var due int64
		if err := rows.Scan(&m.Report, &m.Title, &due); err != nil {
			return nil, wrap("missed", err)
		}
		m.Due = time.UnixMilli(due)
		all = append(all, m)
	}
	return all, wrap("missed", rows.Err())
}

// WaitingSendings counts what waits to be sent.
func (s *Settings) WaitingSendings(ctx context.Context) (n int, err error) {
	err = s.db.QueryRowContext(ctx, "SELECT count(*) FROM post_sending WHERE state = 'waiting'").Scan(&n)
	return n, wrap("waiting", err)
}

// NoticeFor returns a notice if its figure is open to a person in its province now.
func (s *Settings) NoticeFor(ctx context.Context, p Principal, id int64) (*insight.Notice, error) {
	all, err := s.notices(ctx, "id = ?", id)
	if err != nil {
		return nil, err
	}
	var of string
	if len(all) > 0 {
		if err := s.db.QueryRowContext(ctx, "SELECT indicator FROM alert_notice WHERE id = ?", id).Scan(&of); err != nil {
			return nil, wrap("notice", err)
		}
	}
	i, ok := indicator.Find(of)
	if !ok {
		return nil, faultf("not_found", "There is no such notice, or its figure is no more.")
	}
	if province, err := aggregator.ParseProvince(all[0].Province); err != nil || !p.Grants.In(i.DataSets()...).Sees(province) {
		return nil, faultf("not_granted", "What the alert is about is not open to the receiver.")
	}
	return &all[0], nil
}
