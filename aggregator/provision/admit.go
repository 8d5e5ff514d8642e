package provision

import (
	"context"
	"crypto/subtle"
	"crypto/x509"
	"database/sql"
	"fmt"

	"iptvdc/protocol"
)

// Admits reports whether a box may deliver: it is not revoked. It answers from
// memory, as intake wants it.
func (r *Registry) Admits(box string, _ uint8) bool {
	r.mu.RLock()
	defer r.mu.RUnlock()
	_, gone := r.revoked[box]
	return !gone
}

// Revoked is how many boxes are revoked.
func (r *Registry) Revoked() int {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return len(r.revoked)
}

// Admit says why a box may not come in with the certificates it showed, the first of
// them its own; none: without. "" lets it in. A box that comes with the key of a
// renewal for the first time ends the key before.
func (r *Registry) Admit(ctx context.Context, box string, shown []*x509.Certificate) (reason string) {
	reason, err := r.admit(ctx, box, shown)
	if err != nil {
		r.stats.Failures.Add(1)
		r.config.Log.Error("the registry does not answer; the box is to come again", "box", box, "error", err)
		reason = ReasonBusy
	}
	if reason != "" {
		r.stats.Turned.add(reason)
	}
	return reason
}

func (r *Registry) admit(ctx context.Context, box string, shown []*x509.Certificate) (string, error) {
	if !r.Admits(box, 0) {
		return ReasonRevoked, nil
	}
	if len(shown) == 0 && !r.config.Required && !r.known.Load() {
		return "", nil
	}
	known, err := findBox(ctx, r.db, "box", box)
	if err != nil {
		return "", err
	}
	if known != nil && len(known.public) == 0 {
		known = nil // was revoked once, and has come back; it never had a certificate
	}
	if len(shown) == 0 {
		if known != nil || r.config.Required {
			return ReasonBare, nil
		}
		return "", nil
	}
	if r.config.Authority == nil {
		return ReasonForeign, nil
	}
	if why := r.config.Authority.verify(shown, r.config.Now()); why != "" {
		return why, nil
	}
	if shown[0].Subject.CommonName != box {
		return ReasonName, nil
	}
	key := fingerprint(shown[0].RawSubjectPublicKeyInfo)
	switch {
	case known == nil:
		return "", r.adopt(ctx, box, shown[0])
	case known.revoked:
		return ReasonRevoked, nil
	case same(known.next, key):
		return "", r.promote(ctx, box, key)
	case !same(known.key, key):
		return ReasonVoid, nil
	}
	return "", nil
}

// adopt notes a box whose certificate is good and that is not known: the registry was
// put back from a backup that is older.
func (r *Registry) adopt(ctx context.Context, box string, c *x509.Certificate) error {
	r.config.Log.Warn("a certificate of ours that the registry does not have; it is taken in", "box", box)
	now := r.config.Now().UnixMilli()
	key := fingerprint(c.RawSubjectPublicKeyInfo)
	r.known.Store(true)
	return r.update(ctx, func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, "INSERT INTO box (box, claim, province, key, public, made_ms, claimed_ms, why, turn) VALUES (?, '', 0, ?, ?, ?, ?, '', 0) ON CONFLICT DO NOTHING",
			box, key, c.RawSubjectPublicKeyInfo, now, now)
		if err == nil {
			_, err = tx.ExecContext(ctx, "INSERT INTO certificate VALUES (?, ?, ?, 'found', ?, ?, ?) ON CONFLICT DO NOTHING",
				fmt.Sprintf("%x", c.SerialNumber.Bytes()), box, key, c.NotBefore.UnixMilli(), c.NotAfter.UnixMilli(), c.Raw)
		}
		if err == nil {
			err = setUntil(ctx, tx, box)
		}
		return err
	})
}

// promote makes the key of a renewal the one that counts.
func (r *Registry) promote(ctx context.Context, box string, key []byte) error {
	err := r.update(ctx, func(ctx context.Context, tx *sql.Tx) error {
		turn, err := nextTurn(ctx, tx)
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, "UPDATE box SET key = next, public = next_public, claimed_ms = ?, next = NULL, next_public = NULL, turn = ? WHERE box = ? AND next = ?",
			r.config.Now().UnixMilli(), turn, box, key)
		if err == nil {
			err = setUntil(ctx, tx, box)
		}
		return err
	})
	if err != nil {
		return err
	}
	return r.Refresh(ctx)
}

// AdmitClaim says why a connection may not come in by a claim credential; "" lets it
// in.
func (r *Registry) AdmitClaim(ctx context.Context, id, secret string) (reason string) {
	reason = ReasonBusy
	k, err := findClaim(ctx, r.db, id)
	given := protocol.Credential{ID: id, Secret: secret}.Key()
	switch {
	case err != nil:
		r.stats.Failures.Add(1)
		r.config.Log.Error("the registry does not answer", "claim", id, "error", err)
	case k == nil || subtle.ConstantTimeCompare(k.key, given[:]) != 1:
		reason = ReasonCredential
	case k.revoked:
		reason = ReasonClaimRevoked
	default:
		return ""
	}
	r.stats.Turned.add(reason)
	return reason
}
