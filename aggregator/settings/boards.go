package settings

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"iptvdc/aggregator"
	"iptvdc/aggregator/board"
	"iptvdc/aggregator/indicator"
)

// Limits of what one person keeps, and of what is kept of a board.
const (
	MaxBoards    = 500
	MaxRevisions = 200
	// BinLife is how long a deleted board can be brought back.
	BinLife = 30 * 24 * time.Hour
	maxNote = 200
)

// Everybody is with whom a board is shared that all may open who may sign in.
const Everybody = "*"

// BoardInfo is a board without its body.
type BoardInfo struct {
	ID       string         `json:"id"`
	Owner    string         `json:"owner"`
	Revision int64          `json:"revision"`
	Title    indicator.Text `json:"title"`
	Changed  time.Time      `json:"changed"`
	By       string         `json:"by"` // who changed it last
	// Mine: it belongs to whoever asks. Owns: they may share and delete it, as its owner
	// and administrators may. Edits: they may change it. Deleted: it is in the bin.
	Mine    bool `json:"mine"`
	Owns    bool `json:"owns"`
	Edits   bool `json:"edits"`
	Deleted bool `json:"deleted,omitempty"`
}

// BoardRevision is one saved state of a board.
type BoardRevision struct {
	Revision int64     `json:"revision"`
	By       string    `json:"by"`
	At       time.Time `json:"at"`
	Note     string    `json:"note"`
}

// Share is with whom a board is shared: a name, a role (role:content), a department
// (department:sales) or Everybody.
type Share struct {
	Who   string `json:"who"`
	Edits bool   `json:"edits"`
}

// readable is the condition on a board b that a person may open it: their own, those
// shared with them, a role of theirs, their department or everybody, and for an
// administrator all. Its first parameter is the person's name, its second whether they
// administer, its third what they are shared with as, see sharedAs.
const readable = `(b.owner = ?1 OR ?2 OR EXISTS (SELECT 1 FROM board_share s WHERE s.board = b.id AND s.who IN (SELECT value FROM json_each(?3))))`

// editable is the same of changing it.
const editable = `(b.owner = ?1 OR ?2 OR EXISTS (SELECT 1 FROM board_share s WHERE s.board = b.id AND s.who IN (SELECT value FROM json_each(?3)) AND s.edits))`

const boardColumns = `b.id, b.owner, b.revision, b.title_zh, b.title_en, r.at_ms, r.by, ` + editable + `, b.deleted_ms IS NOT NULL
FROM board b JOIN board_revision r ON r.board = b.id AND r.revision = b.revision WHERE ` + readable

// overall reports whether a principal may do with boards what their owners may.
func overall(p Principal) bool { return p.Powers.Has(Administer) }

// WithRole and WithDepartment, before a role's or department's name, are with whom a
// board is shared if not with one person or Everybody.
const (
	WithRole       = "role:"
	WithDepartment = "department:"
)

// sharedAs lists as JSON all as which a board may be shared with somebody.
func sharedAs(p Principal) string {
	all := []string{p.Name, Everybody}
	for _, r := range p.Roles {
		all = append(all, WithRole+r)
	}
	if p.Department != "" {
		all = append(all, WithDepartment+p.Department)
	}
	b, err := json.Marshal(all)
	if err != nil { // texts always marshal
		panic("settings: " + err.Error())
	}
	return string(b)
}

type scanner interface{ Scan(into ...any) error }

func scanBoard(row scanner, p Principal) (BoardInfo, error) {
	var b BoardInfo
	var ms int64
	err := row.Scan(&b.ID, &b.Owner, &b.Revision, &b.Title.ZH, &b.Title.EN, &ms, &b.By, &b.Edits, &b.Deleted)
	b.Changed = time.UnixMilli(ms).UTC()
	b.Mine = b.Owner == p.Name
	b.Owns = b.Mine || overall(p)
	return b, err
}

// Boards lists the boards that a person may open, the latest changed first; with
// deleted those in the bin.
func (s *Settings) Boards(ctx context.Context, p Principal, deleted bool) ([]BoardInfo, error) {
	rows, err := s.db.QueryContext(ctx, "SELECT "+boardColumns+" AND (b.deleted_ms IS NOT NULL) = ?4 ORDER BY r.at_ms DESC, b.id", p.Name, overall(p), sharedAs(p), deleted)
	if err != nil {
		return nil, fmt.Errorf("settings: boards: %w", err)
	}
	defer func() { _ = rows.Close() }()
	all := []BoardInfo{}
	for rows.Next() {
		b, err := scanBoard(rows, p)
		if err != nil {
			return nil, fmt.Errorf("settings: boards: %w", err)
		}
		all = append(all, b)
	}
	return all, rows.Err()
}

// errNoBoard is told alike of boards that are not there and of those that a person
// may not open: whether a board exists is nobody else's business.
func errNoBoard(id string) error {
	return &aggregator.Error{Code: "not_found", Message: "There is no board " + fmt.Sprintf("%q", clip(id)) + " that you may open."}
}

func clip(s string) string {
	if len(s) > 40 {
		return strings.ToValidUTF8(s[:40], "") + "…"
	}
	return s
}

func (s *Settings) boardInfo(ctx context.Context, q interface {
	QueryRowContext(context.Context, string, ...any) *sql.Row
}, p Principal, id string) (BoardInfo, error) {
	b, err := scanBoard(q.QueryRowContext(ctx, "SELECT "+boardColumns+" AND b.id = ?4", p.Name, overall(p), sharedAs(p), id), p)
	if errors.Is(err, sql.ErrNoRows) {
		return b, errNoBoard(id)
	}
	return b, err
}

// Board returns a board that a person may open; revision 0 is the latest.
func (s *Settings) Board(ctx context.Context, p Principal, id string, revision int64) (BoardInfo, *board.Board, error) {
	info, err := s.boardInfo(ctx, s.db, p, id)
	if err != nil {
		return info, nil, fmt.Errorf("settings: board: %w", err)
	}
	if revision == 0 {
		revision = info.Revision
	}
	var body []byte
	err = s.db.QueryRowContext(ctx, "SELECT body FROM board_revision WHERE board = ? AND revision = ?", id, revision).Scan(&body)
	if errors.Is(err, sql.ErrNoRows) {
		return info, nil, &aggregator.Error{Code: "not_found", Message: fmt.Sprintf("The board has no revision %d, or no more.", revision)}
	}
	if err != nil {
		return info, nil, fmt.Errorf("settings: board: %w", err)
	}
	// What was saved was checked by the release that saved it. A figure may be gone
	// since; the board opens all the same and its widget says so.
	b := new(board.Board)
	if err := json.Unmarshal(body, b); err != nil {
		return info, nil, fmt.Errorf("settings: board %s revision %d: %w", id, revision, err)
	}
	return info, b, nil
}

// AddBoard keeps a new board, which is checked here, and returns it with its id.
func (s *Settings) AddBoard(ctx context.Context, p Principal, b *board.Board, note string) (BoardInfo, error) {
	body, err := encodeBoard(b, note)
	if err != nil {
		return BoardInfo{}, err
	}
	id := newID()
	var info BoardInfo
	err = s.update(ctx, func(tx *sql.Tx) error {
		now := s.now()
		if _, err := tx.ExecContext(ctx, "DELETE FROM board WHERE deleted_ms < ?", now.Add(-BinLife).UnixMilli()); err != nil {
			return err
		}
		var have int
		if err := tx.QueryRowContext(ctx, "SELECT count(*) FROM board WHERE owner = ?", p.Name).Scan(&have); err != nil {
			return err
		}
		if have >= MaxBoards {
			return &aggregator.Error{Code: "too_many_boards", Message: fmt.Sprintf("You have %d boards, those in the bin counted, and there may be no more; remove one first.", have)}
		}
		if _, err := tx.ExecContext(ctx, "INSERT INTO board (id, owner, revision, title_zh, title_en, created_ms) VALUES (?, ?, 1, ?, ?, ?)",
			id, p.Name, b.Title.ZH, b.Title.EN, now.UnixMilli()); err != nil {
			return err
		}
		if err := s.addRevision(ctx, tx, id, 1, p.Name, note, body); err != nil {
			return err
		}
		if err := s.record(ctx, tx, p, "board_added", "", "board="+id); err != nil {
			return err
		}
		info, err = s.boardInfo(ctx, tx, p, id)
		return err
	})
	return info, wrap("add board", err)
}

func (s *Settings) addRevision(ctx context.Context, tx *sql.Tx, id string, revision int64, by, note string, body []byte) error {
	_, err := tx.ExecContext(ctx, "INSERT INTO board_revision (board, revision, by, at_ms, note, body) VALUES (?, ?, ?, ?, ?, ?)",
		id, revision, by, s.now().UnixMilli(), note, body)
	return err
}

// SaveBoard keeps a new state of a board that was opened at revision from. If
// somebody else has saved since, nothing is changed and the fault, of code conflict,
// says who and when; whoever saves then opens theirs and merges.
func (s *Settings) SaveBoard(ctx context.Context, p Principal, id string, from int64, b *board.Board, note string) (BoardInfo, error) {
	body, err := encodeBoard(b, note)
	if err != nil {
		return BoardInfo{}, err
	}
	return s.changeBoard(ctx, p, id, func(tx *sql.Tx, info BoardInfo) error {
		if info.Revision != from {
			return &aggregator.Error{Code: "conflict", Message: fmt.Sprintf("%s saved revision %d at %s, you began from %d; open it and merge, or save yours as a copy.",
				info.By, info.Revision, info.Changed.In(aggregator.Shanghai).Format("2006-01-02 15:04:05"), from)}
		}
		return s.saveRevision(ctx, tx, info, p, note, b.Title, body)
	})
}

func (s *Settings) saveRevision(ctx context.Context, tx *sql.Tx, info BoardInfo, p Principal, note string, title indicator.Text, body []byte) error {
	next := info.Revision + 1
	if err := s.addRevision(ctx, tx, info.ID, next, p.Name, note, body); err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, "UPDATE board SET revision = ?, title_zh = ?, title_en = ? WHERE id = ?", next, title.ZH, title.EN, info.ID); err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, "DELETE FROM board_revision WHERE board = ? AND revision <= ?", info.ID, next-MaxRevisions); err != nil {
		return err
	}
	return s.record(ctx, tx, p, "board_saved", "", fmt.Sprintf("board=%s revision=%d", info.ID, next))
}

// RestoreBoard saves an older revision as the newest one; nothing in between is lost.
func (s *Settings) RestoreBoard(ctx context.Context, p Principal, id string, revision int64) (BoardInfo, error) {
	return s.changeBoard(ctx, p, id, func(tx *sql.Tx, info BoardInfo) error {
		var body []byte
		err := tx.QueryRowContext(ctx, "SELECT body FROM board_revision WHERE board = ? AND revision = ?", id, revision).Scan(&body)
		if errors.Is(err, sql.ErrNoRows) {
			return &aggregator.Error{Code: "not_found", Message: fmt.Sprintf("The board has no revision %d, or no more.", revision)}
		}
		if err != nil {
			return err
		}
		var was struct{ Title indicator.Text }
		if err := json.Unmarshal(body, &was); err != nil {
			return err
		}
		return s.saveRevision(ctx, tx, info, p, fmt.Sprintf("= %d", revision), was.Title, body)
	})
}

// DeleteBoard puts a board into the bin, or takes it out again. Its owner and
// administrators may.
func (s *Settings) DeleteBoard(ctx context.Context, p Principal, id string, deleted bool) (BoardInfo, error) {
	return s.changeBoard(ctx, p, id, func(tx *sql.Tx, info BoardInfo) error {
		if err := owns(info); err != nil {
			return err
		}
		what, at := "board_restored", sql.NullInt64{}
		if deleted {
			what, at = "board_deleted", sql.NullInt64{Int64: s.now().UnixMilli(), Valid: true}
		}
		if _, err := tx.ExecContext(ctx, "UPDATE board SET deleted_ms = ? WHERE id = ?", at, id); err != nil {
			return err
		}
		return s.record(ctx, tx, p, what, "", "board="+id)
	})
}

// ShareBoard says with whom a board is shared, instead of before. Its owner and
// administrators may.
func (s *Settings) ShareBoard(ctx context.Context, p Principal, id string, shares []Share) (BoardInfo, error) {
	if len(shares) > 200 {
		return BoardInfo{}, &aggregator.Error{Code: "bad_share", Message: fmt.Sprintf("%d shares, allowed 200; share with everybody.", len(shares))}
	}
	return s.changeBoard(ctx, p, id, func(tx *sql.Tx, info BoardInfo) error {
		if err := owns(info); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, "DELETE FROM board_share WHERE board = ?", id); err != nil {
			return err
		}
		for _, share := range shares {
			if share.Who == "" || len(share.Who) > 100 {
				return &aggregator.Error{Code: "bad_share", Message: "A board is shared with a name of 1 to 100 bytes, or with *."}
			}
			if _, err := tx.ExecContext(ctx, "INSERT INTO board_share (board, who, edits) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET edits = excluded.edits", id, share.Who, share.Edits); err != nil {
				return err
			}
		}
		text, err := json.Marshal(shares)
		if err != nil {
			return err
		}
		return s.record(ctx, tx, p, "board_shared", "", fmt.Sprintf("board=%s with=%s", id, text))
	})
}

// Shares returns with whom a board that a person may open is shared.
func (s *Settings) Shares(ctx context.Context, p Principal, id string) ([]Share, error) {
	if _, err := s.boardInfo(ctx, s.db, p, id); err != nil {
		return nil, fmt.Errorf("settings: shares: %w", err)
	}
	rows, err := s.db.QueryContext(ctx, "SELECT who, edits FROM board_share WHERE board = ? ORDER BY who", id)
	if err != nil {
		return nil, fmt.Errorf("settings: shares: %w", err)
	}
	defer func() { _ = rows.Close() }()
	all := []Share{}
	for rows.Next() {
		var share Share
		if err := rows.Scan(&share.Who, &share.Edits); err != nil {
			return nil, fmt.Errorf("settings: shares: %w", err)
		}
		all = append(all, share)
	}
	return all, rows.Err()
}

// Revisions lists what is kept of a board that a person may open, the newest first.
func (s *Settings) Revisions(ctx context.Context, p Principal, id string) ([]BoardRevision, error) {
	if _, err := s.boardInfo(ctx, s.db, p, id); err != nil {
		return nil, fmt.Errorf("settings: revisions: %w", err)
	}
	rows, err := s.db.QueryContext(ctx, "SELECT revision, by, at_ms, note FROM board_revision WHERE board = ? ORDER BY revision DESC", id)
	if err != nil {
		return nil, fmt.Errorf("settings: revisions: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var all []BoardRevision
	for rows.Next() {
		var r BoardRevision
		var ms int64
		if err := rows.Scan(&r.Revision, &r.By, &ms, &r.Note); err != nil {
			return nil, fmt.Errorf("settings: revisions: %w", err)
		}
		r.At = time.UnixMilli(ms).UTC()
		all = append(all, r)
	}
	return all, rows.Err()
}

// changeBoard runs a change of a board that a person may edit, and returns it.
func (s *Settings) changeBoard(ctx context.Context, p Principal, id string, change func(tx *sql.Tx, info BoardInfo) error) (BoardInfo, error) {
	var info BoardInfo
	err := s.update(ctx, func(tx *sql.Tx) error {
		var err error
		if info, err = s.boardInfo(ctx, tx, p, id); err != nil {
			return err
		}
		if !info.Edits {
			return &aggregator.Error{Code: "forbidden", Message: info.Owner + " lets you see this board, not change it; save a copy of your own."}
		}
		if err := change(tx, info); err != nil {
			return err
		}
		info, err = s.boardInfo(ctx, tx, p, id)
		return err
	})
	return info, wrap("board", err)
}

// owns refuses whoever is neither the owner nor an administrator of everything.
func owns(info BoardInfo) error {
	if info.Owns {
		return nil
	}
	return &aggregator.Error{Code: "forbidden", Message: "Only " + info.Owner + " may delete this board or share it."}
}

// encodeBoard checks a board and its note and writes it as it is kept.
func encodeBoard(b *board.Board, note string) ([]byte, error) {
	if err := b.Check(); err != nil {
		return nil, err
	}
	if len(note) > maxNote {
		return nil, &aggregator.Error{Code: "bad_note", Message: fmt.Sprintf("The note has %d bytes, allowed %d.", len(note), maxNote)}
	}
	body, err := json.Marshal(b)
	if err == nil && len(body) > board.MaxBytes {
		err = &aggregator.Error{Code: "bad_board", Message: fmt.Sprintf("The board has %d bytes, allowed %d; split it.", len(body), board.MaxBytes)}
	}
	return body, err
}

func wrap(what string, err error) error {
	if err != nil {
		return fmt.Errorf("settings: %s: %w", what, err)
	}
	return nil
}
