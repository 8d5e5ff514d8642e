package settings

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"iptvdc/aggregator"
)

// What a session still needs before it may do anything but that.
const (
	// NeedsCode is the second factor, which comes after password or link.
	NeedsCode = "code"
	// NeedsTOTP is a second factor to be set up, as administrators must if so set.
	NeedsTOTP = "totp"
)

// viaMachine, viaLink and viaPassword are how a session came about.
const (
	viaMachine  = "machine"
	viaLink     = "link"
	viaPassword = "password"

	// resetLife is how long after a link a password may be set without the old one.
	resetLife = time.Hour
)

// NewLink makes the key of a one-time sign-in link for the built-in administrator, as
// only who may read the data folder can. It holds for LinkLife and for one use.
func (s *Settings) NewLink(ctx context.Context) (string, error) {
	key := newSecret("")
	err := s.update(ctx, func(tx *sql.Tx) error {
		if err := s.insertLink(ctx, tx, key, root, true); err != nil {
			return err
		}
		return s.record(ctx, tx, Principal{}, "link_created", "administrator", "")
	})
	if err != nil {
		return "", fmt.Errorf("settings: new link: %w", err)
	}
	return key, nil
}

// Redeem turns a link's key into a new session and returns the session's
// secret. A key works once: of several calls at a time one succeeds, the others
// get ErrUnknown. From is where it came from.
func (s *Settings) Redeem(ctx context.Context, key string, from Visitor) (string, error) {
	var session string
	now := s.now()
	err := s.update(ctx, func(tx *sql.Tx) error {
		var id int64
		var machine bool
		err := tx.QueryRowContext(ctx, "UPDATE link SET used_ms = ? WHERE hash = ? AND used_ms IS NULL AND created_ms >= ? RETURNING person, machine",
			now.UnixMilli(), hash(key), now.Add(-LinkLife).UnixMilli()).Scan(&id, &machine)
		if errors.Is(err, sql.ErrNoRows) {
			return ErrUnknown
		}
		if err != nil {
			return err
		}
		one, err := readAccount(ctx, tx, "id = ?", id)
		if err != nil {
			return err
		}
		if one.disabled {
			return ErrUnknown
		}
		via, needs := viaLink, one.needs()
		if machine {
			via, needs = viaMachine, "" // whoever reads the data folder needs no leave
		}
		if session, err = s.insertSession(ctx, tx, id, via, needs, from); err != nil {
			return err
		}
		return s.record(ctx, tx, Principal{Name: one.name, Place: from.Place}, "link_used", one.name, "")
	})
	if err != nil {
		return "", fmt.Errorf("settings: redeem: %w", err)
	}
	return session, nil
}

// Visitor is where a request came from.
type Visitor struct{ Place, Agent string }

func (s *Settings) insertSession(ctx context.Context, tx *sql.Tx, person int64, via, needs string, from Visitor) (string, error) {
	now := s.now()
	if _, err := tx.ExecContext(ctx, "DELETE FROM session WHERE created_ms < ? OR seen_ms < ?",
		now.Add(-SessionLife).UnixMilli(), now.Add(-IdleLife).UnixMilli()); err != nil {
		return "", err
	}
	secret := newSecret("")
	_, err := tx.ExecContext(ctx, "INSERT INTO session (hash, created_ms, seen_ms, person, id, via, needs, place, agent) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
		hash(secret), now.UnixMilli(), now.UnixMilli(), person, newID(), via, needs, clipTo(from.Place, 60), clipTo(from.Agent, 200))
	return secret, err
}

func clipTo(s string, n int) string {
	if len(s) > n {
		s = s[:n]
	}
	return strings.ToValidUTF8(s, "")
}

// BySession returns who signed in, or ErrUnknown. It notes the use, so that the
// session lives on. What somebody holds is looked up each time: what was taken from
// them is gone with the next request.
func (s *Settings) BySession(ctx context.Context, secret string) (Principal, error) {
	now := s.now()
	var createdMs, seenMs, id, viewing int64
	var session, via, needs string
	err := s.db.QueryRowContext(ctx, "SELECT created_ms, seen_ms, person, id, via, needs, viewing FROM session WHERE hash = ? AND created_ms >= ? AND seen_ms >= ?",
		hash(secret), now.Add(-SessionLife).UnixMilli(), now.Add(-IdleLife).UnixMilli()).Scan(&createdMs, &seenMs, &id, &session, &via, &needs, &viewing)
	if errors.Is(err, sql.ErrNoRows) {
		return Principal{}, ErrUnknown
	}
	if err != nil {
		return Principal{}, fmt.Errorf("settings: session: %w", err)
	}
	d, err := s.directory(ctx)
	if err != nil {
		return Principal{}, fmt.Errorf("settings: session: %w", err)
	}
	one := d.people[id]
	if one == nil || one.Disabled || via == viaSignOn && now.Sub(time.UnixMilli(createdMs)) >= SignOnSession {
		return Principal{}, ErrUnknown
	}
	if now.Sub(time.UnixMilli(seenMs)) >= touchEvery {
		if _, err := s.db.ExecContext(ctx, "UPDATE session SET seen_ms = ? WHERE hash = ?", now.UnixMilli(), hash(secret)); err != nil {
			return Principal{}, fmt.Errorf("settings: session: %w", err)
		}
	}
	p := d.principal(one)
	p.Session, p.Needs = session, needs
	if needs == "" && via != viaMachine && d.options().AdminTOTP && p.Powers.Has(Administer) && !one.TOTP {
		p.Needs = NeedsTOTP
	}
	if other := d.people[viewing]; other != nil && p.Needs == "" && p.Powers.Has(Administer) {
		seen := d.principal(other)
		seen.By, seen.Session = p.Name, p.Session
		return seen, nil
	}
	return p, nil
}

// ViewAs lets an administrator see everything as a person does, and change nothing,
// until it ends; the empty name ends it.
func (s *Settings) ViewAs(ctx context.Context, p Principal, name string) error {
	return wrap("view as", s.update(ctx, func(tx *sql.Tx) error {
		d, err := loadDirectory(ctx, tx)
		if err != nil {
			return err
		}
		who, what, whom, id := p, "view_as_ended", "", int64(0)
		if p.By != "" {
			who, whom = Principal{Name: p.By, Place: p.Place}, p.Name
		}
		if name != "" {
			one := d.people[d.byName[name]]
			switch {
			case p.By != "":
				return faultf("forbidden", "You look through the eyes of %s already; end that first.", p.Name)
			case p.Session == "":
				return faultf("forbidden", "Only somebody who signed in on the page can look through others' eyes; a token sees what it sees.")
			case !p.Powers.Has(Administer):
				return errNoAdministrator
			case one == nil:
				return errNobody(name)
			}
			what, whom, id = "view_as", one.Name, one.ID
		} else if p.By == "" {
			return nil
		}
		if _, err := tx.ExecContext(ctx, "UPDATE session SET viewing = ? WHERE id = ?", id, p.Session); err != nil {
			return err
		}
		return s.record(ctx, tx, who, what, whom, "")
	}))
}

// EndSession signs out; an unknown session is none. It reports whether a sign-on
// provider had vouched for it, where one then signs out too.
func (s *Settings) EndSession(ctx context.Context, secret string) (signOn bool, err error) {
	var via string
	err = s.db.QueryRowContext(ctx, "DELETE FROM session WHERE hash = ? RETURNING via", hash(secret)).Scan(&via)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return false, fmt.Errorf("settings: end session: %w", err)
	}
	return via == viaSignOn, nil
}

// SessionInfo is a session as its person sees it.
type SessionInfo struct {
	ID      string
	Created time.Time
	Seen    time.Time
	Place   string
	Agent   string
	Here    bool // it is the one that asks
}

// Sessions lists a person's own, the last used first.
func (s *Settings) Sessions(ctx context.Context, p Principal) ([]SessionInfo, error) {
	now := s.now()
	rows, err := s.db.QueryContext(ctx, "SELECT id, created_ms, seen_ms, place, agent FROM session WHERE person = ? AND created_ms >= ? AND seen_ms >= ? ORDER BY seen_ms DESC, id",
		p.Person, now.Add(-SessionLife).UnixMilli(), now.Add(-IdleLife).UnixMilli())
	if err != nil {
		return nil, wrap("sessions", err)
	}
	defer func() { _ = rows.Close() }()
	all := []SessionInfo{}
	for rows.Next() {
		var one SessionInfo
		var created, seen int64
		if err := rows.Scan(&one.ID, &created, &seen, &one.Place, &one.Agent); err != nil {
			return nil, wrap("sessions", err)
		}
		one.Created, one.Seen, one.Here = time.UnixMilli(created).UTC(), time.UnixMilli(seen).UTC(), one.ID == p.Session
		all = append(all, one)
	}
	return all, wrap("sessions", rows.Err())
}

// EndOne ends one of a person's own sessions.
func (s *Settings) EndOne(ctx context.Context, p Principal, id string) error {
	return wrap("end session", s.update(ctx, func(tx *sql.Tx) error {
		done, err := tx.ExecContext(ctx, "DELETE FROM session WHERE id = ? AND person = ?", id, p.Person)
		if err != nil {
			return err
		}
		if n, err := done.RowsAffected(); err != nil || n == 0 {
			return errors.Join(err, faultf("not_found", "You have no session %q.", clip(id)))
		}
		return s.record(ctx, tx, p, "session_ended", p.Name, "session="+id)
	}))
}

// account is what signing in needs of a person.
type account struct {
	id             int64
	name, password string
	disabled       bool
	secret         []byte // of the second factor
	asked          bool   // it is set up
	step           int64
}

func (a *account) needs() string {
	if a.asked {
		return NeedsCode
	}
	return ""
}

func readAccount(ctx context.Context, q interface {
	QueryRowContext(context.Context, string, ...any) *sql.Row
}, where string, arg any) (account, error) {
	var a account
	err := q.QueryRowContext(ctx, "SELECT id, name, password, disabled_ms IS NOT NULL, totp, totp_ms IS NOT NULL, totp_step FROM person WHERE "+where, arg).
		Scan(&a.id, &a.name, &a.password, &a.disabled, &a.secret, &a.asked, &a.step)
	return a, err
}

// errRefused is told of whatever was wrong with a sign-in: a name that is not there, a
// person without a password, a wrong one, a disabled account.
var errRefused = &aggregator.Error{Code: "sign_in_refused", Message: "Name and password do not fit together. Whoever forgot the password asks the one who manages their account for a link."}

// AccountName is a name as it was meant: people write capitals and spaces.
func AccountName(name string) string {
	return clipTo(strings.ToLower(strings.TrimSpace(name)), 40)
}

// Account returns who somebody is: their own account, or that of the person through
// whose eyes they look.
func (s *Settings) Account(ctx context.Context, p Principal) (Person, error) {
	d, err := s.directory(ctx)
	if err != nil {
		return Person{}, wrap("account", err)
	}
	one := d.people[p.Person]
	if one == nil {
		return Person{}, ErrUnknown
	}
	return *one, nil
}

// SignIn makes a session of a name and a password and returns its secret. Whatever is
// wrong, the answer and the time it takes are the same, and the log has it. The session
// may still need a code, see Principal.Needs.
func (s *Settings) SignIn(ctx context.Context, name, password string, from Visitor) (string, error) {
	name = AccountName(name)
	a, err := readAccount(ctx, s.db, "name = ?", name)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return "", wrap("sign in", err)
	}
	ok := false
	if len(password) <= MaxPassword {
		if ok, err = s.hasher.matches(ctx, password, a.password); err != nil {
			return "", wrap("sign in", err)
		}
	}
	var session string
	err = s.update(ctx, func(tx *sql.Tx) error {
		// Again, inside: it may have been disabled while the password was compared.
		now, err := readAccount(ctx, tx, "id = ?", a.id)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		if !ok || now.disabled || now.id == 0 || now.password != a.password {
			return s.record(ctx, tx, Principal{Name: Stranger, Place: from.Place}, "sign_in_refused", a.name, why(&a))
		}
		if session, err = s.insertSession(ctx, tx, a.id, viaPassword, now.needs(), from); err != nil {
			return err
		}
		return s.record(ctx, tx, Principal{Name: a.name, Place: from.Place}, "signed_in", a.name, "")
	})
	if err == nil && session == "" {
		err = errRefused
	}
	return session, err
}

// why says for the log what the person is not told. A name that is not there is not
// written down: people type passwords into the wrong field.
func why(a *account) string {
	switch {
	case a.id == 0:
		return "no such name"
	case a.disabled:
		return "disabled"
	case a.password == "":
		return "no password"
	}
	return "password"
}

// Stranger is who the log names where nobody is known. No person can have this name.
const Stranger = "(stranger)"

// Confirm gives a session the code that it needs, of an authenticator or a recovery
// code, and returns the new secret that stands for it from now on. No code works twice.
func (s *Settings) Confirm(ctx context.Context, secret, code string, from Visitor) (string, error) {
	refused := errors.New("refused")
	var session string
	var name string
	err := s.update(ctx, func(tx *sql.Tx) error {
		var id int64
		var via string
		now := s.now()
		err := tx.QueryRowContext(ctx, "SELECT person, via FROM session WHERE hash = ? AND needs = ? AND created_ms >= ?", hash(secret), NeedsCode, now.Add(-resetLife).UnixMilli()).Scan(&id, &via)
		if errors.Is(err, sql.ErrNoRows) {
			return ErrUnknown
		}
		if err != nil {
			return err
		}
		a, err := readAccount(ctx, tx, "id = ?", id)
		if err != nil {
			return err
		}
		name = a.name
		how, ok, err := s.spendCode(ctx, tx, &a, code)
		if err != nil {
			return err
		}
		if !ok || a.disabled {
			return refused
		}
		if _, err := tx.ExecContext(ctx, "DELETE FROM session WHERE hash = ?", hash(secret)); err != nil {
			return err
		}
		if session, err = s.insertSession(ctx, tx, id, via, "", from); err != nil {
			return err
		}
		return s.record(ctx, tx, Principal{Name: a.name, Place: from.Place}, "code_accepted", a.name, how)
	})
	if errors.Is(err, refused) {
		err = errors.Join(s.Note(ctx, Principal{Name: Stranger, Place: from.Place}, "code_refused", name, ""))
		if err == nil {
			err = errCode
		}
	}
	if errors.Is(err, ErrUnknown) || errors.Is(err, errCode) {
		return "", err
	}
	return session, wrap("confirm", err)
}

var errCode = &aggregator.Error{Code: "code_refused", Message: "This code does not fit, or was used before. Wait for the next one; the clock of your device must be right. A recovery code works too."}

// spendCode takes a code if it fits and notes that it was used.
func (s *Settings) spendCode(ctx context.Context, tx *sql.Tx, a *account, code string) (how string, ok bool, err error) {
	code = plainCode(code)
	if step, ok := totpMatch(a.secret, code, s.now(), a.step); ok && a.asked {
		_, err := tx.ExecContext(ctx, "UPDATE person SET totp_step = ? WHERE id = ?", step, a.id)
		return "totp", err == nil, err
	}
	done, err := tx.ExecContext(ctx, "UPDATE recovery SET used_ms = ? WHERE person = ? AND hash = ? AND used_ms IS NULL", s.now().UnixMilli(), a.id, hash(code))
	if err != nil {
		return "", false, err
	}
	n, err := done.RowsAffected()
	return "recovery", err == nil && n == 1, err
}

// SetPassword changes a person's own. The old one is needed unless there is none, or
// the session came by a link within the last hour, which is how one is reset. All
// their other sessions end.
func (s *Settings) SetPassword(ctx context.Context, p Principal, old, new string) error {
	if err := ownAccount(p); err != nil {
		return err
	}
	if err := checkPassword(p.Name, new); err != nil {
		return err
	}
	a, err := readAccount(ctx, s.db, "id = ?", p.Person)
	if err != nil {
		return wrap("password", err)
	}
	var via string
	var created int64
	if err := s.db.QueryRowContext(ctx, "SELECT via, created_ms FROM session WHERE id = ? AND person = ?", p.Session, p.Person).Scan(&via, &created); err != nil {
		return wrap("password", err)
	}
	if fresh := (via == viaLink || via == viaMachine) && s.now().Sub(time.UnixMilli(created)) < resetLife; a.password != "" && !fresh {
		ok, err := s.hasher.matches(ctx, clipTo(old, MaxPassword+1), a.password)
		if err != nil {
			return wrap("password", err)
		}
		if !ok {
			return errors.Join(faultf("bad_password", "This is not your password as it was."), s.Note(ctx, p, "password_refused", p.Name, ""))
		}
	}
	kept, err := s.hasher.hash(ctx, new)
	if err != nil {
		return wrap("password", err)
	}
	return wrap("password", s.update(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, "UPDATE person SET password = ? WHERE id = ?", kept, p.Person); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, "DELETE FROM session WHERE person = ? AND id <> ?", p.Person, p.Session); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, "DELETE FROM link WHERE person = ?", p.Person); err != nil {
			return err
		}
		return s.record(ctx, tx, p, "password_set", p.Name, "")
	}))
}

// ownAccount refuses tokens, which have none, and who looks through others' eyes.
func ownAccount(p Principal) error {
	if p.Person == 0 || p.Session == "" || p.By != "" {
		return faultf("forbidden", "Only somebody who signed in on the page has an account of their own to change.")
	}
	return nil
}

// SetOwn changes what a person is called and which language they read.
func (s *Settings) SetOwn(ctx context.Context, p Principal, display, language string) error {
	profile := Profile{Display: display, Language: language}
	if err := errors.Join(ownAccount(p), profile.check()); err != nil {
		return err
	}
	return wrap("account", s.update(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, "UPDATE person SET display = ?, language = ? WHERE id = ?", display, language, p.Person); err != nil {
			return err
		}
		return s.record(ctx, tx, p, "person_changed", p.Name, "")
	}))
}

// NewTOTP draws the secret of a second factor for a person. It is asked for only once
// ConfirmTOTP has seen a code of it. Who has one already gives it up first.
func (s *Settings) NewTOTP(ctx context.Context, p Principal) (secret, uri string, err error) {
	if err := ownAccount(p); err != nil {
		return "", "", err
	}
	b := newTOTP()
	err = s.update(ctx, func(tx *sql.Tx) error {
		a, err := readAccount(ctx, tx, "id = ?", p.Person)
		if err != nil {
			return err
		}
		if a.asked {
			return faultf("conflict", "You have a second factor; end it first.")
		}
		_, err = tx.ExecContext(ctx, "UPDATE person SET totp = ?, totp_step = 0 WHERE id = ?", b, p.Person)
		return err
	})
	return base32Text.EncodeToString(b), totpURI(p.Name, b), wrap("totp", err)
}

// ConfirmTOTP begins to ask for the second factor once a code of it fits, and returns
// recovery codes, each good once. They cannot be had again. All other sessions end.
func (s *Settings) ConfirmTOTP(ctx context.Context, p Principal, code string) ([]string, error) {
	if err := ownAccount(p); err != nil {
		return nil, err
	}
	codes := newRecovery()
	err := s.update(ctx, func(tx *sql.Tx) error {
		a, err := readAccount(ctx, tx, "id = ?", p.Person)
		if err != nil {
			return err
		}
		if a.asked || len(a.secret) == 0 {
			return faultf("conflict", "No second factor waits to be confirmed; begin anew.")
		}
		step, ok := totpMatch(a.secret, plainCode(code), s.now(), a.step)
		if !ok {
			return errCode
		}
		if _, err := tx.ExecContext(ctx, "UPDATE person SET totp_ms = ?, totp_step = ? WHERE id = ?", s.now().UnixMilli(), step, p.Person); err != nil {
			return err
		}
		for _, c := range codes {
			if _, err := tx.ExecContext(ctx, "INSERT INTO recovery (person, hash) VALUES (?, ?)", p.Person, hash(plainCode(c))); err != nil {
				return err
			}
		}
		if _, err := tx.ExecContext(ctx, "DELETE FROM session WHERE person = ? AND id <> ?", p.Person, p.Session); err != nil {
			return err
		}
		return s.record(ctx, tx, p, "totp_set", p.Name, "")
	})
	if err != nil {
		return nil, wrap("totp", err)
	}
	return codes, nil
}

// EndTOTP gives the second factor up; a code of it is needed.
func (s *Settings) EndTOTP(ctx context.Context, p Principal, code string) error {
	if err := ownAccount(p); err != nil {
		return err
	}
	return wrap("totp", s.update(ctx, func(tx *sql.Tx) error {
		a, err := readAccount(ctx, tx, "id = ?", p.Person)
		if err != nil {
			return err
		}
		_, ok, err := s.spendCode(ctx, tx, &a, code)
		if err != nil {
			return err
		}
		if !ok {
			return errCode
		}
		if err := clearTOTP(ctx, tx, p.Person); err != nil {
			return err
		}
		return s.record(ctx, tx, p, "totp_ended", p.Name, "")
	}))
}
