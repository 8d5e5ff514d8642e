package settings

import (
	"cmp"
	"context"
	"crypto/subtle"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"iptvdc/aggregator"
)

// signOnLife is how long somebody may take at the provider.
const signOnLife = 10 * time.Minute

// SignOnSession is how long a session lives for which a provider vouched: who lost a
// group there, or all access, is not let in on its word of last month.
const SignOnSession = 24 * time.Hour

// viaSignOn is how a session came about that a provider vouched for.
const viaSignOn = "signon"

// SignOnTry is what is kept of who was sent to a provider, until they come back.
type SignOnTry struct {
	State, Nonce, Verifier string
	// Person is who binds their account; 0: somebody who signs in.
	Person int64
}

// BeginSignOn keeps a try and returns the secret that binds it to a browser.
func (s *Settings) BeginSignOn(ctx context.Context, t SignOnTry) (string, error) {
	secret := newSecret("")
	now := s.now()
	return secret, wrap("begin sign-on", s.update(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, "DELETE FROM signon_try WHERE until_ms < ?", now.UnixMilli()); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, "INSERT INTO signon_try (hash, state, nonce, verifier, person, until_ms) VALUES (?, ?, ?, ?, ?, ?)",
			hash(secret), t.State, t.Nonce, t.Verifier, t.Person, now.Add(signOnLife).UnixMilli())
		return err
	}))
}

var errNoTry = &aggregator.Error{Code: "signon_ended", Message: "This sign-in was finished before, took too long or was begun in another browser; begin again."}

// TakeSignOn returns a try for who came back with its state, once: it is used up whether
// the state is right or not.
func (s *Settings) TakeSignOn(ctx context.Context, secret, state string) (SignOnTry, error) {
	var t SignOnTry
	err := s.db.QueryRowContext(ctx, "DELETE FROM signon_try WHERE hash = ? AND until_ms >= ? RETURNING state, nonce, verifier, person", hash(secret), s.now().UnixMilli()).
		Scan(&t.State, &t.Nonce, &t.Verifier, &t.Person)
	if errors.Is(err, sql.ErrNoRows) || err == nil && subtle.ConstantTimeCompare([]byte(t.State), []byte(state)) != 1 {
		return SignOnTry{}, errNoTry
	}
	return t, wrap("sign-on", err)
}

// SignedOn is who a provider says somebody is. Issuer and Subject name them for good.
type SignedOn struct {
	Issuer, Subject, Username, Display string
	// Roles are what follows from it here, instead of before.
	Roles []Permit
	// Create makes a person, who holds nothing, of somebody unknown without roles; else
	// they are refused.
	Create bool
}

var (
	errNoRole = &aggregator.Error{Code: "signon_no_role", Message: "The provider knows you, but nothing here is open to you: none of your groups there stands for a role. Ask an administrator."}
	errOff    = &aggregator.Error{Code: "signon_disabled", Message: "Your account here is disabled. Ask whoever manages it."}
)

// SignOn makes a session of who somebody is by a provider. Somebody unknown becomes a
// person; one who was bound stays the same person whatever they are called now. Roles that
// the provider said before and no longer says are gone at once, for all that came of them.
func (s *Settings) SignOn(ctx context.Context, w SignedOn, from Visitor) (string, error) {
	var session string
	var refused error
	err := s.update(ctx, func(tx *sql.Tx) error {
		d, err := loadDirectory(ctx, tx)
		if err != nil {
			return err
		}
		for _, g := range w.Roles {
			if err := d.checkPermit(&g); err != nil {
				return fmt.Errorf("the mapping of roles (sign_on.roles): %w", err)
			}
		}
		stranger := Principal{Name: Stranger, Place: from.Place}
		var id int64
		err = tx.QueryRowContext(ctx, "UPDATE identity SET seen_ms = ?, username = ? WHERE issuer = ? AND subject = ? RETURNING person", s.now().UnixMilli(), clipTo(w.Username, 100), w.Issuer, w.Subject).Scan(&id)
		unknown := errors.Is(err, sql.ErrNoRows)
		if err != nil && !unknown {
			return err
		}
		if unknown && len(w.Roles) == 0 && !w.Create {
			refused = errNoRole
			return s.record(ctx, tx, stranger, "sign_on_refused", "", fmt.Sprintf("no role: subject=%q username=%q", clipTo(w.Subject, 60), clipTo(w.Username, 60)))
		}
		if unknown {
			if id, err = s.personOf(ctx, tx, d, &w); err != nil {
				return err
			}
		}
		name, err := s.remap(ctx, tx, id, w.Roles)
		if err != nil {
			return err
		}
		a, err := readAccount(ctx, tx, "id = ?", id)
		if err != nil {
			return err
		}
		if !unknown && !w.Create && !a.disabled {
			var given int
			if err := tx.QueryRowContext(ctx, "SELECT (SELECT count(*) FROM permit WHERE person = ?1) + (SELECT count(*) FROM mapped WHERE person = ?1)", id).Scan(&given); err != nil {
				return err
			}
			if given == 0 {
				refused = errNoRole
				return s.record(ctx, tx, stranger, "sign_on_refused", name, "no role any more")
			}
		}
		if a.disabled {
			refused = errOff
			return s.record(ctx, tx, stranger, "sign_on_refused", name, "disabled")
		}
		if session, err = s.insertSession(ctx, tx, id, viaSignOn, a.needs(), from); err != nil {
			return err
		}
		return s.record(ctx, tx, Principal{Name: name, Place: from.Place}, "signed_in", name, "sign-on "+clipTo(w.Issuer, 100))
	})
	if err == nil {
		err = refused
	}
	if err != nil {
		return "", wrap("sign-on", err)
	}
	return session, nil
}

// personOf makes a person of somebody whom nobody has bound yet. That there is somebody
// of their name says nothing: they get another.
func (s *Settings) personOf(ctx context.Context, tx *sql.Tx, d *directory, w *SignedOn) (int64, error) {
	display := w.Display
	if (&Profile{Display: display}).check() != nil {
		display = ""
	}
	name, err := freeName(ctx, tx, d, w.Username)
	if err != nil {
		return 0, err
	}
	now := s.now().UnixMilli()
	done, err := tx.ExecContext(ctx, "INSERT INTO person (name, display, language, department, made_by, made_ms) VALUES (?, ?, '', '', ?, ?)", name, display, root, now)
	if err != nil {
		return 0, err
	}
	id, err := done.LastInsertId()
	if err != nil {
		return 0, err
	}
	if err := s.record(ctx, tx, Principal{Name: signOnName}, "person_added", name, fmt.Sprintf("sign-on subject=%q", clipTo(w.Subject, 100))); err != nil {
		return 0, err
	}
	return id, s.bind(ctx, tx, Principal{Name: signOnName}, id, name, w)
}

// signOnName is who the log names for what a provider's word has done. No person can
// have this name.
const signOnName = "(sign-on)"

// freeName is a name of a person that nobody has and to which nothing belongs, as like
// what the provider calls them as can be.
func freeName(ctx context.Context, tx *sql.Tx, d *directory, username string) (string, error) {
	begin, _, _ := strings.Cut(strings.ToLower(username), "@")
	begin = strings.Trim(strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '.' || r == '-' || r == '_' {
			return r
		}
		return '-'
	}, begin), ".-_")
	begin = cmp.Or(clipTo(begin, 30), "person")
	for n := 1; n < 10_000; n++ {
		name := begin
		if n > 1 {
			name = fmt.Sprintf("%s-%d", begin, n)
		}
		var others int
		if err := tx.QueryRowContext(ctx, "SELECT (SELECT count(*) FROM token WHERE name = ?1 AND owner = 0) + (SELECT count(*) FROM board WHERE owner = ?1) + (SELECT count(*) FROM alert_rule WHERE owner = ?1)", name).Scan(&others); err != nil {
			return "", err
		}
		if goodName.MatchString(name) && d.byName[name] == 0 && others == 0 {
			return name, nil
		}
	}
	return "", faultf("name_taken", "There are ten thousand people of the name %s.", begin)
}

func (s *Settings) bind(ctx context.Context, tx *sql.Tx, by Principal, id int64, name string, w *SignedOn) error {
	now := s.now().UnixMilli()
	if _, err := tx.ExecContext(ctx, "INSERT INTO identity (issuer, subject, person, username, bound_ms, seen_ms) VALUES (?, ?, ?, ?, ?, ?)", w.Issuer, w.Subject, id, clipTo(w.Username, 100), now, now); err != nil {
		return err
	}
	return s.record(ctx, tx, by, "identity_bound", name, fmt.Sprintf("issuer=%s subject=%q", clipTo(w.Issuer, 100), clipTo(w.Subject, 100)))
}

// remap replaces the roles that follow from what a provider says, and returns the
// person's name. What stays is left alone.
func (s *Settings) remap(ctx context.Context, tx *sql.Tx, id int64, roles []Permit) (string, error) {
	d, err := loadDirectory(ctx, tx)
	if err != nil {
		return "", err
	}
	one := d.people[id]
	if one == nil {
		return "", ErrUnknown
	}
	wanted := map[[2]string]bool{}
	for _, g := range roles {
		wanted[[2]string{g.Role, ScopeText(g.Scope)}] = true
	}
	by := Principal{Name: signOnName}
	for _, g := range one.Permits {
		key := [2]string{g.Role, ScopeText(g.Scope)}
		if !g.Mapped || wanted[key] {
			if g.Mapped {
				delete(wanted, key)
			}
			continue
		}
		if _, err := tx.ExecContext(ctx, "DELETE FROM mapped WHERE person = ? AND role = ? AND scope = ?", id, key[0], key[1]); err != nil {
			return "", err
		}
		if err := s.record(ctx, tx, by, "revoked", one.Name, g.text()); err != nil {
			return "", err
		}
	}
	for _, g := range roles {
		key := [2]string{g.Role, ScopeText(g.Scope)}
		if !wanted[key] {
			continue
		}
		delete(wanted, key)
		if _, err := tx.ExecContext(ctx, "INSERT INTO mapped (person, role, scope) VALUES (?, ?, ?)", id, key[0], key[1]); err != nil {
			return "", err
		}
		if err := s.record(ctx, tx, by, "granted", one.Name, g.text()); err != nil {
			return "", err
		}
	}
	return one.Name, nil
}

// Identity is who a person is at a provider.
type Identity struct {
	Issuer, Username string
	Bound, Seen      time.Time
}

// Identities lists a person's own.
func (s *Settings) Identities(ctx context.Context, p Principal) ([]Identity, error) {
	rows, err := s.db.QueryContext(ctx, "SELECT issuer, username, bound_ms, seen_ms FROM identity WHERE person = ? AND person <> 0 ORDER BY bound_ms, subject", p.Person)
	if err != nil {
		return nil, wrap("identities", err)
	}
	defer func() { _ = rows.Close() }()
	all := []Identity{}
	for rows.Next() {
		var one Identity
		var bound, seen int64
		if err := rows.Scan(&one.Issuer, &one.Username, &bound, &seen); err != nil {
			return nil, wrap("identities", err)
		}
		one.Bound, one.Seen = time.UnixMilli(bound).UTC(), time.UnixMilli(seen).UTC()
		all = append(all, one)
	}
	return all, wrap("identities", rows.Err())
}

// BindSignOn binds who somebody is at a provider to their own account, so that they sign
// in by it. Whoever is bound to another account stays there.
func (s *Settings) BindSignOn(ctx context.Context, p Principal, w SignedOn) error {
	if err := ownAccount(p); err != nil {
		return err
	}
	if p.Person == root {
		return faultf("forbidden", "%s is the built-in administrator, whom the machine alone signs in; bind a person's account.", p.Name)
	}
	return wrap("bind", s.update(ctx, func(tx *sql.Tx) error {
		var whose int64
		err := tx.QueryRowContext(ctx, "SELECT person FROM identity WHERE issuer = ? AND subject = ?", w.Issuer, w.Subject).Scan(&whose)
		switch {
		case err == nil && whose == p.Person:
			return nil
		case err == nil:
			return faultf("conflict", "You are bound to another account here already; end that first, from there.")
		case !errors.Is(err, sql.ErrNoRows):
			return err
		}
		return s.bind(ctx, tx, p, p.Person, p.Name, &w)
	}))
}

// Unbind ends that a person signs in by a provider, and takes the roles that followed
// from it: one's own by the empty name, or a managed person's.
func (s *Settings) Unbind(ctx context.Context, p Principal, name string) error {
	unbind := func(tx *sql.Tx, id int64) error {
		if _, err := tx.ExecContext(ctx, "DELETE FROM identity WHERE person = ?", id); err != nil {
			return err
		}
		_, err := s.remap(ctx, tx, id, nil)
		return err
	}
	if name != "" {
		return s.changePerson(ctx, p, name, "identity_unbound", "", func(tx *sql.Tx, one *Person) error { return unbind(tx, one.ID) })
	}
	if err := ownAccount(p); err != nil {
		return err
	}
	return wrap("unbind", s.update(ctx, func(tx *sql.Tx) error {
		if err := unbind(tx, p.Person); err != nil {
			return err
		}
		return s.record(ctx, tx, p, "identity_unbound", p.Name, "")
	}))
}
