package settings

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"iptvdc/aggregator"
	"iptvdc/aggregator/indicator"
	"iptvdc/aggregator/insight"
)

// noticeLife is how long notices are kept.
const noticeLife = 400 * 24 * time.Hour

// AddRule keeps a rule that was checked and returns it with its ID. An owner has
// at most insight.MaxRules.
func (s *Settings) AddRule(ctx context.Context, p Principal, r insight.Rule) (insight.Rule, error) {
	r.Owner = p.Name
	r.SetMs = s.now().UnixMilli()
	d, err := s.directory(ctx)
	if err != nil {
		return r, fmt.Errorf("settings: add rule: %w", err)
	}
	if err := d.checkReceivers(p, r.Receivers); err != nil {
		return r, err
	}
	err = s.update(ctx, func(tx *sql.Tx) error {
		var have int
		if err := tx.QueryRowContext(ctx, "SELECT count(*) FROM alert_rule WHERE owner = ?", r.Owner).Scan(&have); err != nil {
			return err
		}
		if have >= insight.MaxRules {
			return &aggregator.Error{Code: "too_many_rules", Message: fmt.Sprintf("You have %d rules, and there may be no more; remove one first.", have)}
		}
		done, err := tx.ExecContext(ctx, "INSERT INTO alert_rule (owner, scope, name, indicator, provinces, grain, kind, level, hold, set_ms, receivers) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
			r.Owner, ScopeText(r.Scope), r.Name, r.Indicator, strings.Join(r.Provinces, ","), string(r.Grain), string(r.Kind), r.Level, r.Hold, r.SetMs, strings.Join(r.Receivers, ","))
		if err != nil {
			return err
		}
		if r.ID, err = done.LastInsertId(); err != nil {
			return err
		}
		return s.record(ctx, tx, p, "rule_added", "", fmt.Sprintf("rule=%d indicator=%s kind=%s", r.ID, r.Indicator, r.Kind))
	})
	if err != nil {
		return r, fmt.Errorf("settings: add rule: %w", err)
	}
	return r, nil
}

// RemoveRule removes a rule of an owner; its notices stay. An unknown one is an
// *aggregator.Error of code not_found.
func (s *Settings) RemoveRule(ctx context.Context, p Principal, id int64) error {
	err := s.update(ctx, func(tx *sql.Tx) error {
		done, err := tx.ExecContext(ctx, "DELETE FROM alert_rule WHERE id = ? AND owner = ?", id, p.Name)
		if err != nil {
			return err
		}
		if n, err := done.RowsAffected(); err != nil || n == 0 {
			return errors.Join(err, &aggregator.Error{Code: "not_found", Message: fmt.Sprintf("You have no rule %d.", id)})
		}
		return s.record(ctx, tx, p, "rule_removed", "", fmt.Sprintf("rule=%d", id))
	})
	if err != nil {
		return fmt.Errorf("settings: remove rule: %w", err)
	}
	return nil
}

// Rules implements insight.Book. A rule's Scope is what its owner could see when it was
// made, and can see now: what was taken from a person is taken from their rules. That
// of a token, whom nobody can look up by name, stays what it was.
func (s *Settings) Rules(ctx context.Context) ([]insight.Rule, error) {
	d, err := s.directory(ctx)
	if err != nil {
		return nil, fmt.Errorf("settings: rules: %w", err)
	}
	rows, err := s.db.QueryContext(ctx, "SELECT id, owner, scope, name, indicator, provinces, grain, kind, level, hold, set_ms, receivers FROM alert_rule ORDER BY id")
	if err != nil {
		return nil, fmt.Errorf("settings: rules: %w", err)
	}
	defer func() { _ = rows.Close() }()
	all := []insight.Rule{}
	for rows.Next() {
		var r insight.Rule
		var scope, provinces, receivers string
		if err := rows.Scan(&r.ID, &r.Owner, &scope, &r.Name, &r.Indicator, &provinces, &r.Grain, &r.Kind, &r.Level, &r.Hold, &r.SetMs, &receivers); err != nil {
			return nil, fmt.Errorf("settings: rules: %w", err)
		}
		if r.Scope, err = parseScope(scope); err != nil {
			return nil, err
		}
		if owner := d.people[d.byName[r.Owner]]; owner != nil {
			r.Scope = r.Scope.And(d.open(owner, r.Indicator))
		}
		r.Provinces, r.Receivers = []string{}, words(receivers)
		if provinces != "" {
			r.Provinces = strings.Split(provinces, ",")
		}
		all = append(all, r)
	}
	return all, rows.Err()
}

// open is where a person sees an indicator now.
func (d *directory) open(one *Person, id string) aggregator.Scope {
	i, ok := indicator.Find(id)
	if !ok || one.Disabled || d.holdings[one.ID] == nil {
		return aggregator.Scope{}
	}
	return d.holdings[one.ID].grants.In(i.DataSets()...)
}

// States implements insight.Book.
func (s *Settings) States(ctx context.Context, rule int64) ([]insight.State, error) {
	rows, err := s.db.QueryContext(ctx, "SELECT province, through, run, since, firing FROM alert_state WHERE rule = ? ORDER BY province", rule)
	if err != nil {
		return nil, fmt.Errorf("settings: states: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var all []insight.State
	for rows.Next() {
		var st insight.State
		if err := rows.Scan(&st.Province, &st.Through, &st.Run, &st.Since, &st.Firing); err != nil {
			return nil, fmt.Errorf("settings: states: %w", err)
		}
		all = append(all, st)
	}
	return all, rows.Err()
}

// Judged implements insight.Book.
func (s *Settings) Judged(ctx context.Context, rule int64, states []insight.State, notices []insight.Notice) error {
	err := s.update(ctx, func(tx *sql.Tx) error {
		var there int
		if err := tx.QueryRowContext(ctx, "SELECT count(*) FROM alert_rule WHERE id = ?", rule).Scan(&there); err != nil || there == 0 {
			return err // nil: removed while it was judged
		}
		for _, st := range states {
			_, err := tx.ExecContext(ctx, "INSERT INTO alert_state (rule, province, through, run, since, firing) VALUES (?, ?, ?, ?, ?, ?) "+
				"ON CONFLICT DO UPDATE SET through = excluded.through, run = excluded.run, since = excluded.since, firing = excluded.firing",
				rule, st.Province, st.Through, st.Run, st.Since, st.Firing)
			if err != nil {
				return err
			}
		}
		for _, n := range notices {
			_, err := tx.ExecContext(ctx, "INSERT INTO alert_notice (rule, indicator, owner, name, province, firing, period, since, value, zh, en, at_ms) VALUES (?1, (SELECT indicator FROM alert_rule WHERE id = ?1), ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11) ON CONFLICT DO NOTHING",
				rule, n.Owner, n.Name, n.Province, n.Firing, n.Period, n.Since, n.Value, n.Text.ZH, n.Text.EN, n.AtMs)
			if err != nil {
				return err
			}
		}
		_, err := tx.ExecContext(ctx, "DELETE FROM alert_notice WHERE at_ms < ?", s.now().Add(-noticeLife).UnixMilli())
		return err
	})
	if err != nil {
		return fmt.Errorf("settings: judged: %w", err)
	}
	return nil
}

// Notices returns an owner's newest notices, at most limit, of indicators and provinces
// that they see now.
func (s *Settings) Notices(ctx context.Context, p Principal, limit int) ([]insight.Notice, error) {
	where, args := []string{}, []any{p.Name, limit}
	rows, err := s.db.QueryContext(ctx, "SELECT DISTINCT indicator FROM alert_notice WHERE owner = ?", p.Name)
	if err != nil {
		return nil, fmt.Errorf("settings: notices: %w", err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			return nil, fmt.Errorf("settings: notices: %w", err)
		}
		scope := p.Grants.In(aggregator.DataSets()...) // of a figure that is no more: who sees all
		if i, ok := indicator.Find(id); ok {
			scope = p.Grants.In(i.DataSets()...)
		}
		if scope.Empty() {
			continue // empty means none, never all
		}
		args = append(args, id)
		one := fmt.Sprintf("indicator = ?%d", len(args))
		if !scope.All {
			marks := make([]string, len(scope.Provinces))
			for n, province := range scope.Provinces {
				args = append(args, province.String())
				marks[n] = fmt.Sprintf("?%d", len(args))
			}
			one += " AND province IN (" + strings.Join(marks, ", ") + ")"
		}
		where = append(where, "("+one+")")
	}
	if err := rows.Err(); err != nil || len(where) == 0 {
		return []insight.Notice{}, wrap("notices", err)
	}
	return s.notices(ctx, "owner = ?1 AND ("+strings.Join(where, " OR ")+") ORDER BY id DESC LIMIT ?2", args...)
}

// Undelivered implements insight.Book.
func (s *Settings) Undelivered(ctx context.Context, limit int) ([]insight.Notice, error) {
	return s.notices(ctx, "delivered = 0 ORDER BY id LIMIT ?", limit)
}

func (s *Settings) notices(ctx context.Context, where string, args ...any) ([]insight.Notice, error) {
	rows, err := s.db.QueryContext(ctx, "SELECT id, rule, owner, name, province, firing, period, since, value, zh, en, at_ms, coalesce((SELECT r.receivers FROM alert_rule r WHERE r.id = alert_notice.rule), '') FROM alert_notice WHERE "+where, args...)
	if err != nil {
		return nil, fmt.Errorf("settings: notices: %w", err)
	}
	defer func() { _ = rows.Close() }()
	all := []insight.Notice{}
	for rows.Next() {
		var n insight.Notice
		var receivers string
		if err := rows.Scan(&n.ID, &n.Rule, &n.Owner, &n.Name, &n.Province, &n.Firing, &n.Period, &n.Since, &n.Value, &n.Text.ZH, &n.Text.EN, &n.AtMs, &receivers); err != nil {
			return nil, fmt.Errorf("settings: notices: %w", err)
		}
		n.Receivers = words(receivers)
		all = append(all, n)
	}
	return all, rows.Err()
}

// Delivered implements insight.Book.
func (s *Settings) Delivered(ctx context.Context, id int64) error {
	if _, err := s.db.ExecContext(ctx, "UPDATE alert_notice SET delivered = 1 WHERE id = ?", id); err != nil {
		return fmt.Errorf("settings: delivered: %w", err)
	}
	return nil
}
