package provision

import (
	"context"
	"crypto/rand"
	"crypto/x509"
	"database/sql"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"time"

	"iptvdc/protocol"
)

// BoxState is a box as the registry has it.
type BoxState struct {
	Box, Serial, Claim string
	Province           int
	Key                string // first digits of the SHA-256 of its public key
	Made, Claimed      time.Time
	Revoked            time.Time // zero: it is not
	Why                string    // it was
	Allowed            time.Time // one claim with another key is, since; zero: none is
	Renewing           bool      // a renewal was given that the box has not come with yet
	Certificates       []Certificate
	Refusals           []Refusal
	Suspects           []Suspect
}

// Certificate is one that was given to a box.
type Certificate struct {
	Number      string
	How         string
	From, Until time.Time
	Current     bool // of the key that counts
}

// Refusal is a claim that was refused, with how often.
type Refusal struct {
	Box, Serial, Claim, Reason, Detail, Place string
	N                                         int
	First, Last                               time.Time
}

// Suspect is a sign that there may be two boxes of one id.
type Suspect struct {
	Box, Kind, Detail string
	N                 int
	First, Last       time.Time
}

func noBox(box string) error {
	return faultf("no_box", "The registry does not know the box %.40q; aggregator box list shows those it does.", box)
}

// Box returns all that is known of a box, found by its id or its serial. One that has
// no certificate is an error, unless claims of it were refused.
func (r *Registry) Box(ctx context.Context, name string) (BoxState, error) {
	b, err := findBox(ctx, r.db, "box", name)
	if err == nil && b == nil {
		b, err = findBox(ctx, r.db, "serial", name)
	}
	if err != nil {
		return BoxState{}, wrap("box", err)
	}
	s := BoxState{Box: name}
	if b != nil {
		s = b.state()
	}
	if s.Refusals, err = r.refusals(ctx, "WHERE ?1 IN (box, serial) ORDER BY last_ms DESC", name); err != nil {
		return s, wrap("box", err)
	}
	if s.Suspects, err = r.suspects(ctx, "WHERE box = ?1 ORDER BY last_ms DESC", s.Box); err != nil {
		return s, wrap("box", err)
	}
	if b == nil && len(s.Refusals)+len(s.Suspects) == 0 {
		return s, noBox(name)
	}
	s.Certificates, err = r.certificates(ctx, s.Box, b)
	return s, wrap("box", err)
}

func (b *boxRow) state() BoxState {
	return BoxState{Box: b.box, Serial: b.serial.String, Claim: b.claim, Province: b.province, Key: fmt.Sprintf("%x", b.key[:8]),
		Made: time.UnixMilli(b.madeMs), Claimed: time.UnixMilli(b.claimedMs), Revoked: at(b.revokedMs), Why: b.why, Allowed: at(b.allowedMs), Renewing: b.next != nil}
}

func (r *Registry) certificates(ctx context.Context, box string, b *boxRow) ([]Certificate, error) {
	rows, err := r.db.QueryContext(ctx, "SELECT number, how, from_ms, until_ms, key FROM certificate WHERE box = ? ORDER BY from_ms DESC", box)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var all []Certificate
	for rows.Next() {
		var c Certificate
		var from, until int64
		var key []byte
		if err := rows.Scan(&c.Number, &c.How, &from, &until, &key); err != nil {
			return nil, err
		}
		c.From, c.Until, c.Current = time.UnixMilli(from), time.UnixMilli(until), b != nil && same(b.key, key)
		all = append(all, c)
	}
	return all, rows.Err()
}

// BoxQuery says which boxes are wanted.
type BoxQuery struct {
	Claim   string // only of this credential
	Revoked bool   // only revoked ones
	Limit   int
}

// Boxes lists boxes that have a certificate, those that claimed last first.
func (r *Registry) Boxes(ctx context.Context, q BoxQuery) ([]BoxState, error) {
	rows, err := r.db.QueryContext(ctx, boxColumns+" WHERE (?1 = '' OR claim = ?1) AND (?2 = 0 OR revoked_ms IS NOT NULL) ORDER BY claimed_ms DESC, box LIMIT ?3", q.Claim, q.Revoked, q.Limit)
	if err != nil {
		return nil, wrap("boxes", err)
	}
	defer func() { _ = rows.Close() }()
	all := []BoxState{}
	for rows.Next() {
		var b boxRow
		if err := b.scan(rows); err != nil {
			return nil, wrap("boxes", err)
		}
		all = append(all, b.state())
	}
	return all, wrap("boxes", rows.Err())
}

// Refusals lists claims that were refused, the latest first.
func (r *Registry) Refusals(ctx context.Context, limit int) ([]Refusal, error) {
	all, err := r.refusals(ctx, "ORDER BY last_ms DESC LIMIT ?1", limit)
	return all, wrap("refusals", err)
}

func (r *Registry) refusals(ctx context.Context, where string, arg any) ([]Refusal, error) {
	rows, err := r.db.QueryContext(ctx, "SELECT box, serial, claim, reason, detail, place, n, first_ms, last_ms FROM refusal "+where, arg)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	all := []Refusal{}
	for rows.Next() {
		var f Refusal
		var first, last int64
		if err := rows.Scan(&f.Box, &f.Serial, &f.Claim, &f.Reason, &f.Detail, &f.Place, &f.N, &first, &last); err != nil {
			return nil, err
		}
		f.First, f.Last = time.UnixMilli(first), time.UnixMilli(last)
		all = append(all, f)
	}
	return all, rows.Err()
}

// Suspects lists signs of clones, the latest first.
func (r *Registry) Suspects(ctx context.Context, limit int) ([]Suspect, error) {
	all, err := r.suspects(ctx, "ORDER BY last_ms DESC LIMIT ?1", limit)
	return all, wrap("suspects", err)
}

func (r *Registry) suspects(ctx context.Context, where string, arg any) ([]Suspect, error) {
	rows, err := r.db.QueryContext(ctx, "SELECT box, kind, detail, n, first_ms, last_ms FROM suspect "+where, arg)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	all := []Suspect{}
	for rows.Next() {
		var s Suspect
		var first, last int64
		if err := rows.Scan(&s.Box, &s.Kind, &s.Detail, &s.N, &first, &last); err != nil {
			return nil, err
		}
		s.First, s.Last = time.UnixMilli(first), time.UnixMilli(last)
		all = append(all, s)
	}
	return all, rows.Err()
}

// ClearSuspect takes the signs of a clone of a box off the list: somebody looked.
func (r *Registry) ClearSuspect(ctx context.Context, box string) error {
	done, err := r.db.ExecContext(ctx, "DELETE FROM suspect WHERE box = ?", box)
	if err != nil {
		return wrap("suspects", err)
	}
	if n, err := done.RowsAffected(); err != nil || n == 0 {
		return errors.Join(err, faultf("no_suspect", "The box %.40q is not on the list.", box))
	}
	return nil
}

// RevokeBox lets a box in no more: its certificates are void, a claim is refused. One
// that the registry does not know is revoked too, should it ever come.
func (r *Registry) RevokeBox(ctx context.Context, box, why string) error {
	if err := protocol.CheckBox(box); err != nil {
		return faultf("bad_box", "%.40q is no box id: %v.", box, err)
	}
	if len(why) > 200 {
		return faultf("bad_reason", "The reason has %d bytes; allowed are 200.", len(why))
	}
	now := r.config.Now().UnixMilli()
	err := r.update(ctx, func(ctx context.Context, tx *sql.Tx) error {
		turn, err := nextTurn(ctx, tx)
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO box (box, claim, province, key, public, made_ms, claimed_ms, revoked_ms, why, turn) VALUES (?1, '', 0, ?2, x'', ?3, ?3, ?3, ?4, ?5)
			ON CONFLICT (box) DO UPDATE SET revoked_ms = coalesce(revoked_ms, ?3), why = ?4, allowed_ms = NULL, turn = ?5`,
			box, make([]byte, 32), now, why, turn)
		return err
	})
	if err == nil {
		err = r.Refresh(ctx)
	}
	return wrap("revoke", err)
}

// AllowBox lets a box claim once more, with another key: after a factory reset or a
// repair, or to have a revoked one back. The keys before hold until it does, unless
// the box is revoked. One that never had a certificate is let in again as it came
// before.
func (r *Registry) AllowBox(ctx context.Context, box string) error {
	err := r.update(ctx, func(ctx context.Context, tx *sql.Tx) error {
		b, err := findBox(ctx, tx, "box", box)
		if err != nil || b == nil {
			return errors.Join(err, noBox(box))
		}
		if len(b.public) > 0 {
			_, err = tx.ExecContext(ctx, "UPDATE box SET allowed_ms = ? WHERE box = ?", r.config.Now().UnixMilli(), box)
			return err
		}
		turn, err := nextTurn(ctx, tx)
		if err == nil {
			_, err = tx.ExecContext(ctx, "UPDATE box SET revoked_ms = NULL, why = '', turn = ? WHERE box = ?", turn, box)
		}
		return err
	})
	if err == nil {
		err = r.Refresh(ctx)
	}
	return wrap("allow", err)
}

// crlLife is how long brokers believe a list of revoked certificates.
const crlLife = 7 * 24 * time.Hour

// CRL is the list of certificates that are void though their time is not over, signed,
// in PEM: for brokers that stand elsewhere. It holds those of revoked boxes and of
// keys that were replaced.
func (r *Registry) CRL(ctx context.Context) ([]byte, error) {
	a := r.config.Authority
	if a == nil {
		return nil, errors.New("provision: no authority to sign with")
	}
	now := r.config.Now()
	rows, err := r.db.QueryContext(ctx, `SELECT c.number, coalesce(b.revoked_ms, b.claimed_ms) FROM certificate c JOIN box b USING (box)
		WHERE c.until_ms > ? AND (b.revoked_ms IS NOT NULL OR c.key <> b.key AND (b.next IS NULL OR c.key <> b.next)) ORDER BY c.number`, now.UnixMilli())
	if err != nil {
		return nil, wrap("crl", err)
	}
	defer func() { _ = rows.Close() }()
	list := &x509.RevocationList{Number: big.NewInt(now.UnixMilli()), ThisUpdate: now.Add(-backdate), NextUpdate: now.Add(crlLife)}
	for rows.Next() {
		var number string
		var since int64
		if err := rows.Scan(&number, &since); err != nil {
			return nil, wrap("crl", err)
		}
		serial, ok := new(big.Int).SetString(number, 16)
		if !ok {
			return nil, fmt.Errorf("provision: crl: certificate number %q", number)
		}
		list.RevokedCertificateEntries = append(list.RevokedCertificateEntries, x509.RevocationListEntry{SerialNumber: serial, RevocationTime: time.UnixMilli(since)})
	}
	if err := rows.Err(); err != nil {
		return nil, wrap("crl", err)
	}
	der, err := x509.CreateRevocationList(rand.Reader, list, a.cert, a.key)
	if err != nil {
		return nil, fmt.Errorf("provision: the authority cannot sign the list: %w", err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "X509 CRL", Bytes: der}), nil
}
