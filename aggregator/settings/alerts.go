package settings

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"iptvdc/aggregator"
	"iptvdc/aggregator/insight"
)

// noticeLife is how long notices are kept.
const noticeLife = 400 * 24 * time.Hour

// AddRule keeps a rule that was checked and returns it with its ID. An owner has
// at most insight.MaxRules.
func (s *Settings) AddRule(ctx context.Context, r insight.Rule) (insight.Rule, error) {
	r.SetMs = s.now().UnixMilli()
	err := s.update(ctx, func(tx *sql.Tx) error {
		var have int
		if err := tx.QueryRowContext(ctx, "SELECT count(*) FROM alert_rule WHERE owner = ?", r.Owner).Scan(&have); err != nil {
			return err
		}
		if have >= insight.MaxRules {
			return &aggregator.Error{Code: "too_many_rules", Message: fmt.Sprintf("You have %d rules, and there may be no more; remove one first.", have)}
		}
		done, err := tx.ExecContext(ctx, "INSERT INTO alert_rule (owner, scope, name, indicator, provinces, grain, kind, level, hold, set_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
			r.Owner, scopeText(r.Scope), r.Name, r.Indicator, strings.Join(r.Provinces, ","), string(r.Grain), string(r.Kind), r.Level, r.Hold, r.SetMs)
		if err != nil {
			return err
		}
		if r.ID, err = done.LastInsertId(); err != nil {
			return err
		}
		return s.record(ctx, tx, "rule_added", fmt.Sprintf("rule=%d owner=%q indicator=%s kind=%s", r.ID, r.Owner, r.Indicator, r.Kind))
	})
	if err != nil {
		return r, fmt.Errorf("settings: add rule: %w", err)
	}
	return r, nil
}

// RemoveRule removes a rule of an owner; its notices stay. An unknown one is an
// *aggregator.Error of code not_found.
func (s *Settings) RemoveRule(ctx context.Context, owner string, id int64) error {
	err := s.update(ctx, func(tx *sql.Tx) error {
		done, err := tx.ExecContext(ctx, "DELETE FROM alert_rule WHERE id = ? AND owner = ?", id, owner)
		if err != nil {
			return err
		}
		if n, err := done.RowsAffected(); err != nil || n == 0 {
			return errors.Join(err, &aggregator.Error{Code: "not_found", Message: fmt.Sprintf("You have no rule %d.", id)})
		}
		return s.record(ctx, tx, "rule_removed", fmt.Sprintf("rule=%d owner=%q", id, owner))
	})
	if err != nil {
		return fmt.Errorf("settings: remove rule: %w", err)
	}
	return nil
}

// Rules implements insight.Book.
func (s *Settings) Rules(ctx context.Context) ([]insight.Rule, error) {
	rows, err := s.db.QueryContext(ctx, "SELECT id, owner, scope, name, indicator, provinces, grain, kind, level, hold, set_ms FROM alert_rule ORDER BY id")
	if err != nil {
		return nil, fmt.Errorf("settings: rules: %w", err)
	}
	defer func() { _ = rows.Close() }()
	all := []insight.Rule{}
	for rows.Next() {
		var r insight.Rule
		var scope, provinces string
		if err := rows.Scan(&r.ID, &r.Owner, &scope, &r.Name, &r.Indicator, &provinces, &r.Grain, &r.Kind, &r.Level, &r.Hold, &r.SetMs); err != nil {
			return nil, fmt.Errorf("settings: rules: %w", err)
		}
		if r.Scope, err = parseScope(scope); err != nil {
			return nil, err
		}
		r.Provinces = []string{}
		if provinces != "" {
			r.Provinces = strings.Split(provinces, ",")
		}
		all = append(all, r)
	}
	return all, rows.Err()
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
			_, err := tx.ExecContext(ctx, "INSERT INTO alert_notice (rule, owner, name, province, firing, period, since, value, zh, en, at_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
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

// Notices returns an owner's newest notices of provinces in scope, at most limit.
func (s *Settings) Notices(ctx context.Context, owner string, scope aggregator.Scope, limit int) ([]insight.Notice, error) {
	where, args := "owner = ?", []any{owner}
	if !scope.All {
		if len(scope.Provinces) == 0 {
			return []insight.Notice{}, nil // empty means none, never all
		}
		where += " AND province IN (?" + strings.Repeat(", ?", len(scope.Provinces)-1) + ")"
		for _, p := range scope.Provinces {
			args = append(args, p.String())
		}
	}
	return s.notices(ctx, where+" ORDER BY id DESC LIMIT ?", append(args, limit)...)
}

// Undelivered implements insight.Book.
func (s *Settings) Undelivered(ctx context.Context, limit int) ([]insight.Notice, error) {
	return s.notices(ctx, "delivered = 0 ORDER BY id LIMIT ?", limit)
}

func (s *Settings) notices(ctx context.Context, where string, args ...any) ([]insight.Notice, error) {
	rows, err := s.db.QueryContext(ctx, "SELECT id, rule, owner, name, province, firing, period, since, value, zh, en, at_ms FROM alert_notice WHERE "+where, args...)
	if err != nil {
		return nil, fmt.Errorf("settings: notices: %w", err)
	}
	defer func() { _ = rows.Close() }()
	all := []insight.Notice{}
	for rows.Next() {
		var n insight.Notice
		if err := rows.Scan(&n.ID, &n.Rule, &n.Owner, &n.Name, &n.Province, &n.Firing, &n.Period, &n.Since, &n.Value, &n.Text.ZH, &n.Text.EN, &n.AtMs); err != nil {
			return nil, fmt.Errorf("settings: notices: %w", err)
		}
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
