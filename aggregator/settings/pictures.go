package settings

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
	"time"

	"iptvdc/aggregator"
)

const (
	// MaxPictures is how many pictures of pages are kept.
	MaxPictures = 300
	// PictureGrace is for how long a picture that is on no board stays all the same: a
	// board with it may not have been saved yet.
	PictureGrace = 7 * 24 * time.Hour
)

// AddPicture keeps a picture, which was checked, and returns its name, by which boards have
// it. The same picture has the same name. Are there MaxPictures, those go that no kept state
// of a board shows and that were brought longer ago than PictureGrace; are there none, the
// fault is of code too_many_pictures.
func (s *Settings) AddPicture(ctx context.Context, p Principal, body []byte) (id string, err error) {
	sum := sha256.Sum256(body)
	id = hex.EncodeToString(sum[:12])
	err = s.update(ctx, func(tx *sql.Tx) error {
		now := s.now()
		again, err := tx.ExecContext(ctx, "UPDATE picture SET at_ms = ? WHERE id = ?", now.UnixMilli(), id)
		if err != nil {
			return err
		}
		if n, err := again.RowsAffected(); err != nil || n > 0 {
			return err
		}
		have, err := countPictures(ctx, tx)
		if err != nil {
			return err
		}
		if have >= MaxPictures {
			if err := dropPictures(ctx, tx, now.Add(-PictureGrace)); err != nil {
				return err
			}
			if have, err = countPictures(ctx, tx); err != nil {
				return err
			}
		}
		if have >= MaxPictures {
			return faultf("too_many_pictures", "There are %d pictures of pages and there may be no more; delete boards, or take pictures off them, that nobody needs.", have)
		}
		if _, err := tx.ExecContext(ctx, "INSERT INTO picture (id, by, at_ms, body) VALUES (?, ?, ?, ?)", id, p.Name, now.UnixMilli(), body); err != nil {
			return err
		}
		return s.record(ctx, tx, p, "picture_added", "", fmt.Sprintf("picture=%s bytes=%d", id, len(body)))
	})
	return id, wrap("add picture", err)
}

func countPictures(ctx context.Context, tx *sql.Tx) (n int, err error) {
	err = tx.QueryRowContext(ctx, "SELECT count(*) FROM picture").Scan(&n)
	return n, err
}

// shownPicture finds pictures in a board's body.
var shownPicture = regexp.MustCompile(`"picture":"([^"]*)"`)

// dropPictures removes pictures that are on no kept state of a board and were brought
// before a moment.
func dropPictures(ctx context.Context, tx *sql.Tx, before time.Time) error {
	shown := map[string]bool{}
	err := eachText(ctx, tx, "SELECT body FROM board_revision", nil, func(body string) {
		for _, m := range shownPicture.FindAllStringSubmatch(body, -1) {
			shown[m[1]] = true
		}
	})
	if err != nil {
		return err
	}
	var old []string
	if err := eachText(ctx, tx, "SELECT id FROM picture WHERE at_ms < ?", []any{before.UnixMilli()}, func(id string) { old = append(old, id) }); err != nil {
		return err
	}
	for _, id := range old {
		if shown[id] {
			continue
		}
		if _, err := tx.ExecContext(ctx, "DELETE FROM picture WHERE id = ?", id); err != nil {
			return err
		}
	}
	return nil
}

// eachText calls f with the one column of each row.
func eachText(ctx context.Context, tx *sql.Tx, query string, args []any, f func(string)) error {
	rows, err := tx.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			return err
		}
		f(text)
	}
	return rows.Err()
}

// Picture returns a picture.
func (s *Settings) Picture(ctx context.Context, id string) ([]byte, error) {
	var body []byte
	err := s.db.QueryRowContext(ctx, "SELECT body FROM picture WHERE id = ?", id).Scan(&body)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, &aggregator.Error{Code: "not_found", Message: "There is no such picture, or no more; bring it anew."}
	}
	return body, wrap("picture", err)
}
