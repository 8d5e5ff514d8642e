package provision

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"iptvdc/protocol"
)

// Batch is what a claim credential is for.
type Batch struct {
	// Name is what people call it, as a model or a delivery.
	Name string
	// Province, if not 0, is the only one that boxes may come from.
	Province uint8
	// Most is how many new boxes may come of it; 0: any number.
	Most int
	// Serials, if not nil, are the only ones that may.
	Serials []string
	// Expires ends it for new boxes; zero: never.
	Expires time.Time
}

// ClaimState is a credential as it stands; its secret is not known here.
type ClaimState struct {
	ID    string
	Batch // without Serials
	// Listed is on how many serials it is bound; -1: it is not.
	Listed  int
	Made    time.Time
	Revoked time.Time // zero: it is not
	Boxes   int       // that came of it
}

// claimRow is what judging needs of a credential.
type claimRow struct {
	ID        string
	key       []byte
	province  int
	most      int
	listed    bool
	expiresMs sql.NullInt64
	revoked   bool
	boxes     int
}

// findClaim looks for a credential; nil: there is none.
func findClaim(ctx context.Context, q querier, id string) (*claimRow, error) {
	k := claimRow{ID: id}
	err := q.QueryRowContext(ctx, "SELECT key, province, most, listed, expires_ms, revoked_ms IS NOT NULL, boxes FROM claim WHERE id = ?", id).
		Scan(&k.key, &k.province, &k.most, &k.listed, &k.expiresMs, &k.revoked, &k.boxes)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	return &k, err
}

// bounds says whether a new box may come of the credential; no word: it may.
func (k *claimRow) bounds(ctx context.Context, tx *sql.Tx, province uint8, serial string, now time.Time) (verdict, error) {
	switch {
	case k.expiresMs.Valid && now.UnixMilli() >= k.expiresMs.Int64:
		return refused(ReasonClaimExpired, "the credential %s takes no new boxes since %s", k.ID, time.UnixMilli(k.expiresMs.Int64).UTC().Format(time.DateOnly)), nil
	case k.most > 0 && k.boxes >= k.most:
		return refused(ReasonClaimFull, "of the credential %s all %d boxes have come", k.ID, k.most), nil
	case k.province != 0 && k.province != int(province):
		return refused(ReasonProvince, "the credential %s is for province %d, not %d", k.ID, k.province, province), nil
	case !k.listed:
		return verdict{}, nil
	}
	var n int
	if err := tx.QueryRowContext(ctx, "SELECT count(*) FROM claim_serial WHERE claim = ? AND serial = ?", k.ID, serial).Scan(&n); err != nil {
		return verdict{}, err
	}
	if n == 0 {
		return refused(ReasonUnlisted, "the serial %s is not on the list of the credential %s", serial, k.ID), nil
	}
	return verdict{}, nil
}

// maxSerials is more than any delivery has.
const maxSerials = 1_000_000

// NewClaim makes a credential. Its secret is in what is returned, and nowhere else.
func (r *Registry) NewClaim(ctx context.Context, b Batch) (protocol.Credential, error) {
	switch {
	case len(b.Name) > 100:
		return protocol.Credential{}, faultf("bad_name", "The name has %d bytes; allowed are 100.", len(b.Name))
	case b.Province != 0 && (b.Province < 10 || b.Province > 99):
		return protocol.Credential{}, faultf("bad_province", "Province %d; write the two digits of its code, as 33 for Zhejiang.", b.Province)
	case b.Most < 0:
		return protocol.Credential{}, faultf("bad_number", "%d boxes; allowed are 0 (any number) and more.", b.Most)
	case !b.Expires.IsZero() && !b.Expires.After(r.config.Now()):
		return protocol.Credential{}, faultf("expired", "%s is over; give a time to come.", b.Expires.Format(time.DateOnly))
	case b.Serials != nil && len(b.Serials) == 0, len(b.Serials) > maxSerials:
		return protocol.Credential{}, faultf("bad_serials", "The list has %d serials; allowed are 1 to %d.", len(b.Serials), maxSerials)
	}
	for n, s := range b.Serials {
		if err := protocol.CheckSerial(s); err != nil {
			return protocol.Credential{}, faultf("bad_serials", "Serial %d of the list, %.80q: %v.", n+1, s, err)
		}
	}
	c, err := newCredential()
	if err != nil {
		return c, wrap("claim", err)
	}
	key := c.Key()
	var expires any
	if !b.Expires.IsZero() {
		expires = b.Expires.UnixMilli()
	}
	return c, wrap("claim", r.update(ctx, func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, "INSERT INTO claim (id, key, name, province, most, listed, made_ms, expires_ms, boxes) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0)",
			c.ID, key[:], b.Name, b.Province, b.Most, b.Serials != nil, r.config.Now().UnixMilli(), expires)
		for _, s := range b.Serials {
			if err == nil {
				_, err = tx.ExecContext(ctx, "INSERT INTO claim_serial VALUES (?, ?) ON CONFLICT DO NOTHING", c.ID, s)
			}
		}
		return err
	}))
}

func newCredential() (protocol.Credential, error) {
	b := make([]byte, 8)
	if _, err := rand.Read(b); err != nil {
		return protocol.Credential{}, err
	}
	// 36^8 ids; of two that are the same the second is refused by the file.
	id := strconv.FormatUint(binary.BigEndian.Uint64(b)%2821109907456, 36)
	return protocol.Credential{ID: "claim-" + strings.Repeat("0", 8-len(id)) + id, Secret: rand.Text()}, nil
}

// Claims lists all credentials, the newest first.
func (r *Registry) Claims(ctx context.Context) ([]ClaimState, error) {
	rows, err := r.db.QueryContext(ctx, `SELECT id, name, province, most, expires_ms, made_ms, revoked_ms, boxes,
		CASE WHEN listed = 1 THEN (SELECT count(*) FROM claim_serial WHERE claim = id) ELSE -1 END FROM claim ORDER BY made_ms DESC, id`)
	if err != nil {
		return nil, wrap("claims", err)
	}
	defer func() { _ = rows.Close() }()
	all := []ClaimState{}
	for rows.Next() {
		var k ClaimState
		var made int64
		var expires, revoked sql.NullInt64
		if err := rows.Scan(&k.ID, &k.Name, &k.Province, &k.Most, &expires, &made, &revoked, &k.Boxes, &k.Listed); err != nil {
			return nil, wrap("claims", err)
		}
		k.Made, k.Expires, k.Revoked = time.UnixMilli(made), at(expires), at(revoked)
		all = append(all, k)
	}
	return all, wrap("claims", rows.Err())
}

// at is a time, zero of none.
func at(ms sql.NullInt64) time.Time {
	if !ms.Valid {
		return time.Time{}
	}
	return time.UnixMilli(ms.Int64)
}

// RevokeClaim ends a credential for good. withBoxes also revokes all boxes that came
// of it; it returns how many these are. Once more does no harm: boxes that came of a
// credential can be revoked after it.
func (r *Registry) RevokeClaim(ctx context.Context, id string, withBoxes bool) (boxes int, err error) {
	now := r.config.Now().UnixMilli()
	err = r.update(ctx, func(ctx context.Context, tx *sql.Tx) error {
		done, err := tx.ExecContext(ctx, "UPDATE claim SET revoked_ms = coalesce(revoked_ms, ?) WHERE id = ?", now, id)
		if err != nil {
			return err
		}
		if n, err := done.RowsAffected(); err != nil || n == 0 {
			return errors.Join(err, noClaim(id))
		}
		if !withBoxes {
			return nil
		}
		turn, err := nextTurn(ctx, tx)
		if err != nil {
			return err
		}
		done, err = tx.ExecContext(ctx, "UPDATE box SET revoked_ms = ?, why = ?, allowed_ms = NULL, turn = ? WHERE claim = ? AND revoked_ms IS NULL",
			now, "the credential "+id+" was revoked", turn, id)
		if err != nil {
			return err
		}
		n, err := done.RowsAffected()
		boxes = int(n)
		return err
	})
	if err == nil {
		err = r.Refresh(ctx)
	}
	return boxes, wrap(fmt.Sprintf("revoke %s", id), err)
}

func noClaim(id string) error {
	return faultf("no_claim", "There is no credential %.40q; aggregator claim list shows them.", id)
}
