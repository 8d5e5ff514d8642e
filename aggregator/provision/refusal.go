package provision

import (
	"context"
	"database/sql"
	"time"

	"iptvdc/protocol"
)

// cloneSigns are the refusals that may come of two boxes where there should be one.
var cloneSigns = map[string]bool{ReasonTaken: true, ReasonSerialTaken: true, ReasonBoxTaken: true, ReasonKeyTaken: true}

// maxRefusals bounds the list that operators see; the oldest go first.
const maxRefusals = 10_000

// keepRefusal notes a refusal, and of what may be a clone a sign.
func (r *Registry) keepRefusal(ctx context.Context, tx *sql.Tx, v *verdict, place string, now time.Time) error {
	// What proves nothing may come from anybody: counted, not kept.
	if v.code != protocol.IssueRefused && v.word != ReasonKeyTaken || v.word == ReasonProof || v.word == ReasonCredential {
		return nil
	}
	ms := now.UnixMilli()
	if _, err := tx.ExecContext(ctx, `INSERT INTO refusal VALUES (?, ?, ?, ?, ?, ?, 1, ?, ?)
		ON CONFLICT DO UPDATE SET n = n + 1, last_ms = excluded.last_ms, detail = excluded.detail, place = excluded.place`,
		v.box, v.serial, v.claim, v.word, v.detail, place, ms, ms); err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, `DELETE FROM refusal WHERE (box, serial, claim, reason) IN
		(SELECT box, serial, claim, reason FROM refusal ORDER BY last_ms DESC LIMIT -1 OFFSET ?)`, maxRefusals); err != nil {
		return err
	}
	if !cloneSigns[v.word] {
		return nil
	}
	return r.suspect(ctx, tx, v.box, v.word, v.detail+", from "+place, now)
}

// suspect notes a sign of a clone.
func (r *Registry) suspect(ctx context.Context, tx *sql.Tx, box, kind, detail string, now time.Time) error {
	r.stats.Suspects.add(kind)
	ms := now.UnixMilli()
	_, err := tx.ExecContext(ctx, `INSERT INTO suspect VALUES (?, ?, ?, 1, ?, ?)
		ON CONFLICT DO UPDATE SET n = n + 1, last_ms = excluded.last_ms, detail = excluded.detail`, box, kind, detail, ms, ms)
	return err
}
