package settings

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"iptvdc/aggregator"
)

// NewLink makes the key of a one-time sign-in link for the administrator. It
// holds for LinkLife and for one use.
func (s *Settings) NewLink(ctx context.Context) (string, error) {
	key := newSecret("")
	now := s.now()
	err := s.update(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, "DELETE FROM link WHERE created_ms < ?", now.Add(-LinkLife).UnixMilli()); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, "INSERT INTO link (hash, created_ms) VALUES (?, ?)", hash(key), now.UnixMilli()); err != nil {
			return err
		}
		return s.record(ctx, tx, "link_created", "")
	})
	if err != nil {
		return "", fmt.Errorf("settings: new link: %w", err)
	}
	return key, nil
}

// Redeem turns a link's key into a new session and returns the session's
// secret. A key works once: of several calls at a time one succeeds, the others
// get ErrUnknown.
func (s *Settings) Redeem(ctx context.Context, key string) (string, error) {
	session := newSecret("")
	now := s.now()
	err := s.update(ctx, func(tx *sql.Tx) error {
		done, err := tx.ExecContext(ctx, "UPDATE link SET used_ms = ? WHERE hash = ? AND used_ms IS NULL AND created_ms >= ?",
			now.UnixMilli(), hash(key), now.Add(-LinkLife).UnixMilli())
		if err != nil {
			return err
		}
		if n, err := done.RowsAffected(); err != nil || n == 0 {
			return errors.Join(err, ErrUnknown)
		}
		if _, err := tx.ExecContext(ctx, "DELETE FROM session WHERE created_ms < ? OR seen_ms < ?",
			now.Add(-SessionLife).UnixMilli(), now.Add(-IdleLife).UnixMilli()); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, "INSERT INTO session (hash, created_ms, seen_ms) VALUES (?, ?, ?)", hash(session), now.UnixMilli(), now.UnixMilli()); err != nil {
			return err
		}
		return s.record(ctx, tx, "link_used", "")
	})
	if err != nil {
		return "", fmt.Errorf("settings: redeem: %w", err)
	}
	return session, nil
}

// BySession returns who signed in, or ErrUnknown. It notes the use, so that the
// session lives on.
func (s *Settings) BySession(ctx context.Context, secret string) (Principal, error) {
	now := s.now()
	var seenMs int64
	err := s.db.QueryRowContext(ctx, "SELECT seen_ms FROM session WHERE hash = ? AND created_ms >= ? AND seen_ms >= ?",
		hash(secret), now.Add(-SessionLife).UnixMilli(), now.Add(-IdleLife).UnixMilli()).Scan(&seenMs)
	if errors.Is(err, sql.ErrNoRows) {
		return Principal{}, ErrUnknown
	}
	if err != nil {
		return Principal{}, fmt.Errorf("settings: session: %w", err)
	}
	if now.Sub(time.UnixMilli(seenMs)) >= touchEvery {
		if _, err := s.db.ExecContext(ctx, "UPDATE session SET seen_ms = ? WHERE hash = ?", now.UnixMilli(), hash(secret)); err != nil {
			return Principal{}, fmt.Errorf("settings: session: %w", err)
		}
	}
	return Principal{Name: "administrator", Scope: aggregator.Scope{All: true}, Admin: true}, nil
}

// EndSession signs out; an unknown session is none.
func (s *Settings) EndSession(ctx context.Context, secret string) error {
	if _, err := s.db.ExecContext(ctx, "DELETE FROM session WHERE hash = ?", hash(secret)); err != nil {
		return fmt.Errorf("settings: end session: %w", err)
	}
	return nil
}

// Record is one line of who was given what.
type Record struct {
	At     time.Time
	What   string // token_created, link_created, link_used
	Detail string
}

// record appends to the audit record inside the transaction of what it tells.
func (s *Settings) record(ctx context.Context, tx *sql.Tx, what, detail string) error {
	_, err := tx.ExecContext(ctx, "INSERT INTO audit (at_ms, what, detail) VALUES (?, ?, ?)", s.now().UnixMilli(), what, detail)
	return err
}

// Records returns up to limit lines of the audit record, newest first.
func (s *Settings) Records(ctx context.Context, limit int) ([]Record, error) {
	rows, err := s.db.QueryContext(ctx, "SELECT at_ms, what, detail FROM audit ORDER BY id DESC LIMIT ?", limit)
	if err != nil {
		return nil, fmt.Errorf("settings: records: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var all []Record
	for rows.Next() {
		var r Record
		var ms int64
		if err := rows.Scan(&ms, &r.What, &r.Detail); err != nil {
			return nil, fmt.Errorf("settings: records: %w", err)
		}
		r.At = time.UnixMilli(ms)
		all = append(all, r)
	}
	return all, rows.Err()
}
