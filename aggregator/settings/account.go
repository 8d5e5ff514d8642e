package settings

import (
	"context"
	"database/sql"
	"errors"
	"time"
)

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
