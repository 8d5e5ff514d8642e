package settings

import (
	"context"
	"database/sql"
	"errors"
	"strings"

	"iptvdc/aggregator"
)

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
