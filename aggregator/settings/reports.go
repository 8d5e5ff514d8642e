package settings

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"iptvdc/aggregator/post"
	"iptvdc/aggregator/report"
)

// MaxPlaces is the greatest number of places to which one person has things sent.
const MaxPlaces = 20

// Reader returns who a person is when something is computed for them: what they hold
// now. Somebody who is not there or disabled is a fault of code no_person; they see
// nothing.
func (s *Settings) Reader(ctx context.Context, name string) (Principal, error) {
	d, err := s.directory(ctx)
	if err != nil {
		return Principal{}, wrap("reader", err)
	}
	one := d.people[d.byName[name]]
	if one == nil || one.Disabled {
		return Principal{}, faultf("no_person", "There is no person %q who may sign in.", clip(name))
	}
	return d.principal(one), nil
}

// checkReceivers refuses receivers who are nobody, and others than oneself of somebody
// who may not share.
func (d *directory) checkReceivers(p Principal, names []string) error {
	for _, name := range names {
		if name == p.Name {
			continue
		}
		if !p.Powers.Has(ShareBoards) {
			return faultf("forbidden", "Sending to others takes what you may not do: %s.", ShareBoards)
		}
		if one := d.people[d.byName[name]]; one == nil || one.Disabled {
			return faultf("bad_receivers", "receivers: there is no person %q who may sign in.", clip(name))
		}
	}
	return nil
}

var errToken = faultf("forbidden", "This is a person's: sign in, or use the command line on the machine; a token has none.")

// Places lists where somebody has things sent, the oldest first.
func (s *Settings) Places(ctx context.Context, p Principal) ([]report.Place, error) {
	rows, err := s.db.QueryContext(ctx, "SELECT id, label, kind, address, secret, reports, alerts, made_ms FROM way WHERE person = ? ORDER BY id", p.Person)
	if err != nil {
		return nil, wrap("places", err)
	}
	defer func() { _ = rows.Close() }()
	all := []report.Place{}
	for rows.Next() {
		var w report.Place
		if err := rows.Scan(&w.ID, &w.Label, &w.Way.Kind, &w.Way.Address, &w.Way.Secret, &w.Reports, &w.Alerts, &w.MadeMs); err != nil {
			return nil, wrap("places", err)
		}
		all = append(all, w)
	}
	return all, wrap("places", rows.Err())
}

// Place returns one of somebody's.
func (s *Settings) Place(ctx context.Context, p Principal, id int64) (report.Place, error) {
	all, err := s.Places(ctx, p)
	if err != nil {
		return report.Place{}, err
	}
	if n := slices.IndexFunc(all, func(w report.Place) bool { return w.ID == id }); n >= 0 {
		return all[n], nil
	}
	return report.Place{}, faultf("not_found", "You have no place %d.", id)
}

// AddPlace keeps a place that was checked. A place is a person's own: whoever could set
// another's would have that person's figures sent to themselves.
func (s *Settings) AddPlace(ctx context.Context, p Principal, w report.Place) (report.Place, error) {
	if p.Person == 0 || p.By != "" {
		return w, errToken
	}
	w.MadeMs = s.now().UnixMilli()
	return w, wrap("place", s.update(ctx, func(tx *sql.Tx) error {
		var have int
		if err := tx.QueryRowContext(ctx, "SELECT count(*) FROM way WHERE person = ?", p.Person).Scan(&have); err != nil {
			return err
		}
		if have >= MaxPlaces {
			return faultf("too_many_places", "You have %d places, and there may be no more; remove one first.", have)
		}
		done, err := tx.ExecContext(ctx, "INSERT INTO way (person, label, kind, address, secret, reports, alerts, made_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
			p.Person, w.Label, string(w.Way.Kind), w.Way.Address, w.Way.Secret, w.Reports, w.Alerts, w.MadeMs)
		if err != nil {
			return err
		}
		if w.ID, err = done.LastInsertId(); err != nil {
			return err
		}
		return s.record(ctx, tx, p, "place_added", "", fmt.Sprintf("place=%d kind=%s to=%q", w.ID, w.Way.Kind, w.Way.Masked()))
	}))
}

// RemovePlace takes one of somebody's away; what waits for it is not sent.
func (s *Settings) RemovePlace(ctx context.Context, p Principal, id int64) error {
	return wrap("place", s.update(ctx, func(tx *sql.Tx) error {
		done, err := tx.ExecContext(ctx, "DELETE FROM way WHERE id = ? AND person = ?", id, p.Person)
		if err != nil {
			return err
		}
		if n, err := done.RowsAffected(); err != nil || n == 0 {
			return errors.Join(err, faultf("not_found", "You have no place %d.", id))
		}
		return s.record(ctx, tx, p, "place_removed", "", fmt.Sprintf("place=%d", id))
	}))
}

// AddReport keeps a report that was checked, of a board that its owner may open.
func (s *Settings) AddReport(ctx context.Context, p Principal, r report.Report) (report.Report, error) {
	if p.Person == 0 || p.By != "" {
		return r, errToken
	}
	if err := s.checkReport(ctx, p, &r); err != nil {
		return r, err
	}
	return r, wrap("report", s.update(ctx, func(tx *sql.Tx) error {
		var have int
		if err := tx.QueryRowContext(ctx, "SELECT count(*) FROM report WHERE owner = ?", p.Name).Scan(&have); err != nil {
			return err
		}
		if have >= report.MaxReports {
			return faultf("too_many_reports", "You have %d reports, and there may be no more; remove one first.", have)
		}
		body, err := json.Marshal(r)
		if err != nil {
			return err
		}
		done, err := tx.ExecContext(ctx, "INSERT INTO report (owner, body, paused, set_ms, done_ms) VALUES (?, ?, ?, ?, 0)", p.Name, string(body), r.Paused, r.SetMs)
		if err != nil {
			return err
		}
		if r.ID, err = done.LastInsertId(); err != nil {
			return err
		}
		return s.record(ctx, tx, p, "report_added", "", reportDetail(&r))
	}))
}

// checkReport fills in whose it is and since when, and refuses what its owner may not.
func (s *Settings) checkReport(ctx context.Context, p Principal, r *report.Report) error {
	r.Owner, r.SetMs, r.DoneMs = p.Name, s.now().UnixMilli(), 0
	if err := r.Check(); err != nil {
		return err
	}
	if _, _, err := s.Board(ctx, p, r.Board, 0); err != nil {
		return err
	}
	d, err := s.directory(ctx)
	if err != nil {
		return err
	}
	return d.checkReceivers(p, r.Receivers)
}

func reportDetail(r *report.Report) string {
	return fmt.Sprintf("report=%d board=%s form=%s every=%s at=%s to=%s", r.ID, r.Board, r.Form, r.When.Every, r.When.At, strings.Join(r.Receivers, ","))
}

// SetReport changes a report of somebody's; administrators may stop any, and change
// nothing else of others'. What was due before the change is not sent.
func (s *Settings) SetReport(ctx context.Context, p Principal, r report.Report) (report.Report, error) {
	had, err := s.Report(ctx, p, r.ID)
	if err != nil {
		return r, err
	}
	if had.Owner != p.Name {
		stop := had
		stop.Paused = r.Paused
		r, r.SetMs = stop, s.now().UnixMilli()
	} else if err := s.checkReport(ctx, p, &r); err != nil {
		return r, err
	}
	return r, wrap("report", s.update(ctx, func(tx *sql.Tx) error {
		body, err := json.Marshal(r)
		if err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, "UPDATE report SET body = ?, paused = ?, set_ms = ? WHERE id = ?", string(body), r.Paused, r.SetMs, r.ID); err != nil {
			return err
		}
		return s.record(ctx, tx, p, "report_changed", "", fmt.Sprintf("%s paused=%t", reportDetail(&r), r.Paused))
	}))
}

// RemoveReport takes a report of somebody's away, an administrator any. What it sent
// stays in the list; what waits is not sent.
func (s *Settings) RemoveReport(ctx context.Context, p Principal, id int64) error {
	had, err := s.Report(ctx, p, id)
	if err != nil {
		return err
	}
	return wrap("report", s.update(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, "DELETE FROM report WHERE id = ?", id); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, "UPDATE post_sending SET state = ?, code = 'removed', at_ms = ? WHERE state = ? AND run IN (SELECT id FROM post_run WHERE report = ? AND notice = 0)",
			string(report.Refused), s.now().UnixMilli(), string(report.Waiting), id); err != nil {
			return err
		}
		return s.record(ctx, tx, p, "report_removed", "", reportDetail(&had))
	}))
}

// Reports lists somebody's reports, an administrator's list is everybody's.
func (s *Settings) Reports(ctx context.Context, p Principal) ([]report.Report, error) {
	return s.reports(ctx, "owner = ? OR ?", p.Name, overall(p))
}

// Report returns one of them.
func (s *Settings) Report(ctx context.Context, p Principal, id int64) (report.Report, error) {
	all, err := s.reports(ctx, "(owner = ? OR ?) AND id = ?", p.Name, overall(p), id)
	if err != nil {
		return report.Report{}, err
	}
	if len(all) == 0 {
		return report.Report{}, faultf("not_found", "You have no report %d.", id)
	}
	return all[0], nil
}

// AllReports implements report.Book.
func (s *Settings) AllReports(ctx context.Context) ([]report.Report, error) {
	return s.reports(ctx, "1 = 1")
}

func (s *Settings) reports(ctx context.Context, where string, args ...any) ([]report.Report, error) {
	rows, err := s.db.QueryContext(ctx, "SELECT id, owner, body, paused, set_ms, done_ms FROM report WHERE "+where+" ORDER BY id", args...)
	if err != nil {
		return nil, wrap("reports", err)
	}
	defer func() { _ = rows.Close() }()
	all := []report.Report{}
	for rows.Next() {
		var r, own report.Report
		var body string
		if err := rows.Scan(&own.ID, &own.Owner, &body, &own.Paused, &own.SetMs, &own.DoneMs); err != nil {
			return nil, wrap("reports", err)
		}
		if err := json.Unmarshal([]byte(body), &r); err != nil {
			return nil, wrap(fmt.Sprintf("report %d", own.ID), err)
		}
		r.ID, r.Owner, r.Paused, r.SetMs, r.DoneMs = own.ID, own.Owner, own.Paused, own.SetMs, own.DoneMs
		all = append(all, r)
	}
	return all, wrap("reports", rows.Err())
}

// wayOf is a way as it stands in a row.
func wayOf(kind, address, secret string) post.Way {
	return post.Way{Kind: post.Kind(kind), Address: address, Secret: secret}
}
