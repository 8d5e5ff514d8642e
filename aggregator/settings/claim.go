package settings

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"

	"iptvdc/aggregator"
)

// Unclaimed reports whether nobody has ever signed in and nobody can by a password: the
// platform's first start, and those after it until somebody does.
func (s *Settings) Unclaimed(ctx context.Context) (bool, error) {
	free, err := unclaimed(ctx, s.db)
	return free, wrap("first start", err)
}

func unclaimed(ctx context.Context, q interface {
	QueryRowContext(context.Context, string, ...any) *sql.Row
}) (free bool, err error) {
	err = q.QueryRowContext(ctx, `SELECT NOT EXISTS (SELECT 1 FROM person WHERE password <> '')
		AND NOT EXISTS (SELECT 1 FROM session) AND NOT EXISTS (SELECT 1 FROM trail WHERE what IN ('link_used', 'signed_in', 'claimed'))`).Scan(&free)
	return free, err
}

var errClaimed = &aggregator.Error{Code: "conflict", Message: "The platform has its administrator already; sign in, or ask them for a link."}

// Claim makes the platform's first administrator, signs them in and returns the session's
// secret. It works once, while the platform is Unclaimed: of several calls at a time one
// succeeds. Name administrator is the built-in one, any other a new person.
func (s *Settings) Claim(ctx context.Context, name, display, password string, from Visitor) (string, error) {
	name = AccountName(name)
	profile := Profile{Display: display}
	if !goodName.MatchString(name) {
		return "", errBadName("name", name)
	}
	if err := errors.Join(profile.check(), checkPassword(name, password)); err != nil {
		return "", err
	}
	kept, err := s.hasher.hash(ctx, password)
	if err != nil {
		return "", wrap("first start", err)
	}
	var session string
	err = s.update(ctx, func(tx *sql.Tx) error {
		free, err := unclaimed(ctx, tx)
		if err != nil {
			return err
		}
		if !free {
			return errClaimed
		}
		one, err := readAccount(ctx, tx, "name = ?", name)
		if errors.Is(err, sql.ErrNoRows) {
			done, err := tx.ExecContext(ctx, "INSERT INTO person (name, display, language, department, made_by, made_ms) VALUES (?, ?, '', '', ?, ?)", name, display, root, s.now().UnixMilli())
			if err != nil {
				return err
			}
			if one.id, err = done.LastInsertId(); err != nil {
				return err
			}
			everything := []Permit{{Role: RoleAdministrator, Scope: aggregator.Scope{All: true}}}
			if err := s.replacePermits(ctx, tx, OfMachine(), &Person{ID: one.id, Name: name, MadeBy: root}, everything); err != nil {
				return err
			}
		} else if err != nil {
			return err
		} else if one.id != root {
			return faultf("name_taken", "There is somebody of the name %s; take another.", name)
		}
		if _, err := tx.ExecContext(ctx, "UPDATE person SET password = ?, display = ? WHERE id = ?", kept, display, one.id); err != nil {
			return err
		}
		if session, err = s.insertSession(ctx, tx, one.id, viaPassword, "", from); err != nil {
			return err
		}
		return s.record(ctx, tx, Principal{Name: name, Place: from.Place}, "claimed", name, "")
	})
	return session, wrap("first start", err)
}

// Taking returns the provinces that take part, as an administrator said; none: nobody
// has said so yet.
func (s *Settings) Taking(ctx context.Context) (aggregator.Scope, error) {
	d, err := s.directory(ctx)
	if err != nil {
		return aggregator.Scope{}, wrap("provinces", err)
	}
	text, ok := d.settings["provinces"]
	if !ok {
		return aggregator.Scope{}, nil
	}
	var codes []string
	if err := json.Unmarshal([]byte(text), &codes); err != nil {
		return aggregator.Scope{}, wrap("provinces", err)
	}
	var scope aggregator.Scope
	for _, c := range codes {
		p, err := aggregator.ParseProvince(c)
		if err != nil {
			return aggregator.Scope{}, wrap("provinces", err)
		}
		scope.Provinces = append(scope.Provinces, p)
	}
	return scope, nil
}

// SetTaking says which provinces take part.
func (s *Settings) SetTaking(ctx context.Context, p Principal, provinces []aggregator.Province) error {
	if !p.Powers.Has(Administer) || p.By != "" {
		return errNoAdministrator
	}
	codes := []string{}
	for _, one := range provinces {
		codes = append(codes, one.String())
	}
	b, err := json.Marshal(codes)
	if err != nil {
		return err
	}
	return wrap("provinces", s.update(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, "INSERT INTO setting (name, value) VALUES ('provinces', ?) ON CONFLICT DO UPDATE SET value = excluded.value", string(b)); err != nil {
			return err
		}
		return s.record(ctx, tx, p, "provinces_set", "", string(b))
	}))
}
