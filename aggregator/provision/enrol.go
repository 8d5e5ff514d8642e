package provision

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"iptvdc/protocol"
)

// verdict is what becomes of a claim.
type verdict struct {
	code   protocol.IssueCode
	word   string // how a certificate was given, or why none was
	detail string // for the box's log and the operator's list
	chain  []byte
	retry  time.Duration

	box, serial, claim string
	changed            bool // connections may have to end
	note               string
}

// unsaid are details that name another box: for the operator's list, not for whoever
// asks.
var unsaid = map[string]string{
	ReasonSerialTaken: "the serial is another box's", ReasonBoxTaken: "the box id is another serial's", ReasonKeyTaken: "the key is another box's",
}

// How certificates are given.
const (
	claimed = "claimed"
	again   = "again" // the same key asked once more
	renewed = "renewed"
	rekey   = "rekey" // none: the box is to make another key
)

const (
	retryBusy    = 30 * time.Second
	retryRefused = 30 * time.Minute
)

// Enrol judges a claim or renewal that came on topic, and returns what to answer;
// no answerTopic: nothing is to be said. What it grants is durable when it returns.
// The same claim again has the same answer.
//
// user is who it came from as the broker knows it, a credential's id or a box; "": a
// broker that stands elsewhere does not tell. place is the address, "": not known.
func (r *Registry) Enrol(ctx context.Context, topic string, packet []byte, user, place string) (answerTopic string, answer []byte) {
	province, box, err := protocol.ParseClaimTopic(topic)
	if err != nil {
		r.stats.Claims.add(ReasonMalformed)
		return "", nil
	}
	c, err := protocol.ParseClaim(packet)
	if err != nil {
		r.stats.Claims.add(ReasonMalformed)
		r.config.Log.Debug("no claim", "box", box, "place", place, "error", err)
		return "", nil
	}
	v := r.judge(ctx, topic, province, box, &c, user, place)
	r.stats.Claims.add(v.word)
	now := r.config.Now()
	i := protocol.Issue{Code: v.code, For: protocol.IssueFor(c.CSR), RetryS: uint32(v.retry / time.Second), ServerMs: uint64(now.UnixMilli()), Chain: v.chain}
	if v.code != protocol.IssueGranted {
		i.Why = v.word + ": " + cmp.Or(unsaid[v.word], v.detail)
	}
	answer, err = protocol.AppendIssue(nil, &i)
	if err != nil {
		r.stats.Failures.Add(1)
		r.config.Log.Error("an answer does not fit; shorten the chain of the authority's certificates", "box", box, "error", err)
		return "", nil
	}
	return protocol.IssueTopic(province, box), answer
}

// judge decides, notes what is refused, and tells of changes.
func (r *Registry) judge(ctx context.Context, topic string, province uint8, box string, c *protocol.Claim, user, place string) verdict {
	now := r.config.Now()
	v := verdict{code: protocol.IssueBusy, word: ReasonBusy, detail: "too many ask at once", retry: retryBusy}
	if !r.eager.may(box, now) || !r.limit.AllowN(now, 1) {
		return v
	}
	err := r.update(ctx, func(ctx context.Context, tx *sql.Tx) (err error) {
		if v, err = r.decide(ctx, tx, topic, province, box, c, user); err != nil {
			return err
		}
		v.box, v.serial, v.claim = box, c.Serial, c.Credential
		return r.keepRefusal(ctx, tx, &v, place, now)
	})
	if err != nil {
		r.stats.Failures.Add(1)
		r.config.Log.Error("a claim could not be judged; the box asks again", "box", box, "error", err)
		return verdict{code: protocol.IssueBusy, word: ReasonBusy, detail: "the registry does not answer", retry: retryBusy}
	}
	if v.changed {
		if err := r.Refresh(ctx); err != nil {
			r.stats.Failures.Add(1)
			r.config.Log.Error("connections of a replaced key stay until the registry is read again", "box", box, "error", err)
		}
	}
	if v.note != "" && r.config.Noted != nil {
		r.config.Noted(v.note, box, v.detail)
	}
	return v
}

func refused(reason, format string, args ...any) verdict {
	return verdict{code: protocol.IssueRefused, word: reason, detail: fmt.Sprintf(format, args...), retry: retryRefused}
}

// decide is the whole of the rules [P-11.4], inside the transaction of what follows.
func (r *Registry) decide(ctx context.Context, tx *sql.Tx, topic string, province uint8, box string, c *protocol.Claim, user string) (verdict, error) {
	if protocol.IsCredential(user) && user != c.Credential || user == box && c.Credential != "" {
		return refused(ReasonProof, "the claim is not of the credential that the connection was made with"), nil
	}
	csr, err := readCSR(c.CSR, box)
	if err != nil {
		return refused(ReasonCSR, "%v", err), nil
	}
	b, err := findBox(ctx, tx, "box", box)
	if err != nil {
		return verdict{}, err
	}
	if c.Credential == "" {
		return r.renew(ctx, tx, topic, b, c, csr)
	}
	k, err := findClaim(ctx, tx, c.Credential)
	switch {
	case err != nil:
		return verdict{}, err
	case k == nil:
		return refused(ReasonCredential, "there is no credential %s", c.Credential), nil
	case !c.ProvedBy(topic, [32]byte(k.key)):
		return refused(ReasonProof, "the proof was not made with the secret of %s", k.ID), nil
	case k.revoked:
		return refused(ReasonClaimRevoked, "the credential %s was revoked", k.ID), nil
	}
	if v, err := r.others(ctx, tx, box, c.Serial, csr.key); err != nil || v.word != "" {
		return v, err
	}
	if b == nil || len(b.public) == 0 && !b.revoked {
		return r.first(ctx, tx, k, box, province, c.Serial, csr)
	}
	return r.again(ctx, tx, k, b, c.Serial, csr)
}

// others looks whether serial or key are another box's.
func (r *Registry) others(ctx context.Context, tx *sql.Tx, box, serial string, key []byte) (v verdict, err error) {
	other, err := findBox(ctx, tx, "serial", serial)
	if err != nil {
		return v, err
	}
	if other != nil && other.box != box {
		return refused(ReasonSerialTaken, "the serial %s is that of box %s", serial, other.box), nil
	}
	var owner string
	err = tx.QueryRowContext(ctx, "SELECT box FROM certificate WHERE key = ? AND box <> ? LIMIT 1", key, box).Scan(&owner)
	if errors.Is(err, sql.ErrNoRows) {
		return v, nil
	}
	// Boxes draw alike keys if their kernel has no randomness yet: another is welcome.
	return verdict{code: protocol.IssueRekey, word: ReasonKeyTaken, detail: "the key is that of box " + owner}, err
}

// first gives a box that is not known its first certificate.
func (r *Registry) first(ctx context.Context, tx *sql.Tx, k *claimRow, box string, province uint8, serial string, csr request) (verdict, error) {
	if v, err := k.bounds(ctx, tx, province, serial, r.config.Now()); err != nil || v.word != "" {
		return v, err
	}
	now := r.config.Now().UnixMilli()
	r.known.Store(true) // before it is committed: who looks in vain loses nothing
	if _, err := tx.ExecContext(ctx, "INSERT INTO box (box, serial, claim, province, key, public, made_ms, claimed_ms, why, turn) VALUES (?, ?, ?, ?, ?, ?, ?, ?, '', 0)"+
		" ON CONFLICT (box) DO UPDATE SET serial = excluded.serial, claim = excluded.claim, province = excluded.province, key = excluded.key, public = excluded.public, claimed_ms = excluded.claimed_ms",
		box, serial, k.ID, province, csr.key, csr.raw, now, now); err != nil {
		return verdict{}, err
	}
	if _, err := tx.ExecContext(ctx, "UPDATE claim SET boxes = boxes + 1 WHERE id = ?", k.ID); err != nil {
		return verdict{}, err
	}
	return r.grant(ctx, tx, box, csr, claimed)
}

// again answers a box that is known.
func (r *Registry) again(ctx context.Context, tx *sql.Tx, k *claimRow, b *boxRow, serial string, csr request) (verdict, error) {
	known := same(b.key, csr.key) || same(b.next, csr.key)
	if !known {
		var n int
		if err := tx.QueryRowContext(ctx, "SELECT count(*) FROM certificate WHERE box = ? AND key = ?", b.box, csr.key).Scan(&n); err != nil {
			return verdict{}, err
		}
		known = n > 0
	}
	current := same(b.key, csr.key) || same(b.next, csr.key)
	switch {
	case known && (b.allowed || !current && !b.revoked):
		return verdict{code: protocol.IssueRekey, word: rekey, detail: "this key is void; make another"}, nil
	case b.allowed:
		return r.replace(ctx, tx, k, b, serial, csr)
	case b.revoked:
		return refused(ReasonRevoked, "the box was revoked; an operator may allow it again"), nil
	case b.serial.Valid && b.serial.String != serial:
		return refused(ReasonBoxTaken, "the box id is that of serial %s", b.serial.String), nil
	case current:
		if !b.serial.Valid {
			if _, err := tx.ExecContext(ctx, "UPDATE box SET serial = ? WHERE box = ?", serial, b.box); err != nil {
				return verdict{}, err
			}
		}
		return r.repeat(ctx, tx, b, csr, again)
	}
	return refused(ReasonTaken, "the box has a certificate of another key; an operator may allow one more claim"), nil
}

// replace gives a box that an operator allowed to come anew a certificate for another
// key; the keys before it are void.
func (r *Registry) replace(ctx context.Context, tx *sql.Tx, k *claimRow, b *boxRow, serial string, csr request) (verdict, error) {
	turn, err := nextTurn(ctx, tx)
	if err != nil {
		return verdict{}, err
	}
	_, err = tx.ExecContext(ctx, `UPDATE box SET serial = ?, claim = ?, key = ?, public = ?, next = NULL, next_public = NULL, claimed_ms = ?,
		revoked_ms = NULL, why = '', allowed_ms = NULL, turn = ? WHERE box = ?`, serial, k.ID, csr.key, csr.raw, r.config.Now().UnixMilli(), turn, b.box)
	if err != nil {
		return verdict{}, err
	}
	v, err := r.grant(ctx, tx, b.box, csr, claimed)
	v.changed, v.note, v.detail = true, "box_reclaimed", "claim="+k.ID+" serial="+serial
	return v, err
}

// renew answers a box that has a certificate and asks for the next.
func (r *Registry) renew(ctx context.Context, tx *sql.Tx, topic string, b *boxRow, c *protocol.Claim, csr request) (verdict, error) {
	switch {
	case b == nil:
		return refused(ReasonUnknown, "the box has no certificate to renew; it is to claim one"), nil
	case b.revoked:
		return refused(ReasonRevoked, "the box was revoked; an operator may allow it again"), nil
	case !signedBy(topic, c, b.public) && !signedBy(topic, c, b.nextPublic):
		return refused(ReasonProof, "not signed by the key of the box's certificate"), nil
	}
	if v, err := r.others(ctx, tx, b.box, c.Serial, csr.key); err != nil || v.word != "" {
		return v, err
	}
	if same(b.key, csr.key) || same(b.next, csr.key) {
		return r.repeat(ctx, tx, b, csr, renewed)
	}
	var n int
	if err := tx.QueryRowContext(ctx, "SELECT count(*) FROM certificate WHERE box = ? AND key = ?", b.box, csr.key).Scan(&n); err != nil {
		return verdict{}, err
	}
	if n > 0 { // an older packet again, or a box that does not make keys
		return verdict{code: protocol.IssueRekey, word: rekey, detail: "this key is void; make another"}, nil
	}
	if _, err := tx.ExecContext(ctx, "UPDATE box SET next = ?, next_public = ? WHERE box = ?", csr.key, csr.raw, b.box); err != nil {
		return verdict{}, err
	}
	return r.grant(ctx, tx, b.box, csr, renewed)
}

// repeat gives the certificate of a key once more: the one there is while it has most
// of its life before it, else another for the same key.
func (r *Registry) repeat(ctx context.Context, tx *sql.Tx, b *boxRow, csr request, how string) (verdict, error) {
	var der []byte
	var from, until int64
	err := tx.QueryRowContext(ctx, "SELECT der, from_ms, until_ms FROM certificate WHERE box = ? AND key = ? ORDER BY until_ms DESC LIMIT 1", b.box, csr.key).Scan(&der, &from, &until)
	switch {
	case errors.Is(err, sql.ErrNoRows):
	case err != nil:
		return verdict{}, err
	case r.config.Now().UnixMilli() < from+(until-from)/2:
		return verdict{word: again, chain: r.config.Authority.chain(der)}, nil
	}
	return r.grant(ctx, tx, b.box, csr, how)
}

// grant signs a certificate and keeps it.
func (r *Registry) grant(ctx context.Context, tx *sql.Tx, box string, csr request, how string) (verdict, error) {
	if r.config.Authority == nil {
		return verdict{}, errors.New("no authority to sign with")
	}
	made, err := r.config.Authority.issue(box, csr.public, r.config.Now(), r.config.Life)
	if err != nil {
		return verdict{}, err
	}
	_, err = tx.ExecContext(ctx, "INSERT INTO certificate VALUES (?, ?, ?, ?, ?, ?, ?)",
		made.number, box, csr.key, how, made.from.UnixMilli(), made.until.UnixMilli(), made.der)
	if err == nil {
		err = setUntil(ctx, tx, box)
	}
	return verdict{word: how, chain: r.config.Authority.chain(made.der)}, err
}

// setUntil keeps with a box when the certificate of the key that counts ends.
func setUntil(ctx context.Context, tx *sql.Tx, box string) error {
	_, err := tx.ExecContext(ctx, "UPDATE box SET until_ms = (SELECT max(c.until_ms) FROM certificate c WHERE c.key = box.key AND c.box = box.box) WHERE box = ?", box)
	return err
}
