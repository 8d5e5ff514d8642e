package settings

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"
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
