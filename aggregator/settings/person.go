package settings

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"iptvdc/aggregator"
)

// Person is somebody who may sign in.
type Person struct {
	ID         int64
	Name       string // under which they sign in
	Display    string // what they are called; "": Name
	Language   string // zh, en or "": what the browser asks for
	Department string
	Disabled   bool
	// Password and TOTP say whether there is one, not which.
	Password bool
	TOTP     bool
	SignOn   bool // they are bound to somebody at a sign-on provider
	MadeBy   int64
	Made     time.Time
	Permits  []Permit // as they were given, whatever they are worth now
}

// called is what a person is called on pages and exports.
func (p *Person) called() string { return cmp.Or(p.Display, p.Name) }

// directory returns who holds what now. It reads one number; only if anything has
// changed since, by whatever process, it reads all.
func (s *Settings) directory(ctx context.Context) (*directory, error) {
	var version int64
	if err := s.db.QueryRowContext(ctx, "SELECT n FROM people_version").Scan(&version); err != nil {
		return nil, err
	}
	s.known.mu.Lock()
	defer s.known.mu.Unlock()
	if d := s.known.directory; d != nil && d.version == version {
		return d, nil
	}
	d, err := s.readDirectory(ctx)
	if err != nil {
		return nil, err
	}
	s.known.directory = d
	return d, nil
}

// Seen is a person as somebody who manages people sees them.
type Seen struct {
	Person
	// Holds and Powers are what they have now, of all that was given.
	Holds  aggregator.Grants
	Powers Powers
	// Managed: whoever asks may change the account.
	Managed bool
	// Givers are the names of Permits' givers, Worth whether each opens anything now.
	Givers []string
	Worth  []bool
}

func (d *directory) seen(p Principal, one *Person) Seen {
	out := Seen{Person: *one, Managed: d.manages(p, one)}
	if h := d.holdings[one.ID]; h != nil {
		out.Holds, out.Powers = h.grants, h.powers
	}
	for _, g := range one.Permits {
		name := ""
		if by := d.people[g.By]; by != nil {
			name = by.Name
		}
		out.Givers, out.Worth = append(out.Givers, name), append(out.Worth, d.worth(g))
	}
	return out
}

// People lists whom somebody may see, by name.
func (s *Settings) People(ctx context.Context, p Principal) ([]Seen, error) {
	d, err := s.directory(ctx)
	if err != nil {
		return nil, wrap("people", err)
	}
	all := []Seen{}
	for _, one := range d.people {
		if d.sees(p, one) {
			all = append(all, d.seen(p, one))
		}
	}
	slices.SortFunc(all, func(a, b Seen) int { return strings.Compare(a.Name, b.Name) })
	return all, nil
}

// errNobody is told alike of people who are not there and of those who are somebody
// else's business.
func errNobody(name string) error {
	return faultf("not_found", "There is no person %q whom you manage.", clip(name))
}

// OnePerson returns a person whom somebody may see.
func (s *Settings) OnePerson(ctx context.Context, p Principal, name string) (Seen, error) {
	d, err := s.directory(ctx)
	if err != nil {
		return Seen{}, wrap("person", err)
	}
	one, err := d.find(p, name)
	if err != nil {
		return Seen{}, err
	}
	return d.seen(p, one), nil
}

var (
	errNoAdministrator = &aggregator.Error{Code: "forbidden", Message: "Only an administrator may do this."}
	errNoManager       = &aggregator.Error{Code: "forbidden", Message: "You may not manage people; ask an administrator or the manager of your province."}

	goodName = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{1,39}$`)
)

// Profile is what a person is called and where they belong.
type Profile struct {
	Display    string
	Language   string
	Department string
}

func (p *Profile) check() error {
	switch {
	case len(p.Display) > 100 || !utf8.ValidString(p.Display) || strings.ContainsFunc(p.Display, func(r rune) bool { return r < ' ' }):
		return faultf("bad_name", "display: at most 100 bytes of text.")
	case p.Language != "" && p.Language != "zh" && p.Language != "en":
		return faultf("bad_language", "language: %q; allowed: zh, en, or none.", clip(p.Language))
	case p.Department != "" && !goodName.MatchString(p.Department):
		return errBadName("department", p.Department)
	}
	return nil
}

// AddPerson makes a person with what they are to hold. They sign in by a link first,
// see LinkFor.
func (s *Settings) AddPerson(ctx context.Context, p Principal, name string, profile Profile, give []Permit) error {
	if !p.Powers.Has(ManagePeople) || p.By != "" {
		return errNoManager
	}
	if !goodName.MatchString(name) {
		return errBadName("name", name)
	}
	if err := profile.check(); err != nil {
		return err
	}
	return wrap("person", s.update(ctx, func(tx *sql.Tx) error {
		// What is owned, is owned by name: nobody comes by boards and rules of another, be
		// it of a token, by taking their name.
		var people, others int
		if err := tx.QueryRowContext(ctx, "SELECT (SELECT count(*) FROM person WHERE name = ?1), (SELECT count(*) FROM token WHERE name = ?1 AND owner = 0) + (SELECT count(*) FROM board WHERE owner = ?1) + (SELECT count(*) FROM alert_rule WHERE owner = ?1)", name).Scan(&people, &others); err != nil {
			return err
		}
		if people > 0 {
			return faultf("name_taken", "There is somebody of the name %s; take another.", name)
		}
		if others > 0 && !p.Powers.Has(Administer) {
			return faultf("name_taken", "The name %s is a token's, or boards or rules belong to it; take another.", name)
		}
		by := max(p.Person, root)
		done, err := tx.ExecContext(ctx, "INSERT INTO person (name, display, language, department, made_by, made_ms) VALUES (?, ?, ?, ?, ?, ?)",
			name, profile.Display, profile.Language, profile.Department, by, s.now().UnixMilli())
		if err != nil {
			return err
		}
		id, err := done.LastInsertId()
		if err != nil {
			return err
		}
		if err := s.record(ctx, tx, p, "person_added", name, fmt.Sprintf("department=%s", profile.Department)); err != nil {
			return err
		}
		return s.replacePermits(ctx, tx, p, &Person{ID: id, Name: name, MadeBy: by}, give)
	}))
}

// changePerson runs a change of a person whom somebody manages. The machine manages
// everybody, whom others only if they are not the built-in administrator.
func (s *Settings) changePerson(ctx context.Context, p Principal, name, what, detail string, change func(tx *sql.Tx, one *Person) error) error {
	return wrap(what, s.update(ctx, func(tx *sql.Tx) error {
		d, err := loadDirectory(ctx, tx)
		if err != nil {
			return err
		}
		one, err := d.find(p, name)
		if err != nil {
			return err
		}
		if !d.manages(p, one) {
			return faultf("forbidden", "%s holds more than you may give, so their account is not yours to change; ask an administrator.", one.Name)
		}
		if err := change(tx, one); err != nil {
			return err
		}
		return s.record(ctx, tx, p, what, one.Name, detail)
	}))
}

// SetProfile changes what a managed person is called and where they belong.
func (s *Settings) SetProfile(ctx context.Context, p Principal, name string, profile Profile) error {
	if err := profile.check(); err != nil {
		return err
	}
	return s.changePerson(ctx, p, name, "person_changed", "department="+profile.Department, func(tx *sql.Tx, one *Person) error {
		_, err := tx.ExecContext(ctx, "UPDATE person SET display = ?, language = ?, department = ? WHERE id = ?", profile.Display, profile.Language, profile.Department, one.ID)
		return err
	})
}

// Disable ends a person's sessions and lets them sign in no more, or lets them again.
// What they have passed on stays: a manager who leaves takes nobody along.
func (s *Settings) Disable(ctx context.Context, p Principal, name string, disabled bool) error {
	what, at := "person_enabled", sql.NullInt64{}
	if disabled {
		what, at = "person_disabled", sql.NullInt64{Int64: s.now().UnixMilli(), Valid: true}
	}
	return s.changePerson(ctx, p, name, what, "", func(tx *sql.Tx, one *Person) error {
		if one.ID == root {
			return faultf("forbidden", "%s is built in and cannot be disabled.", one.Name)
		}
		if _, err := tx.ExecContext(ctx, "UPDATE person SET disabled_ms = ? WHERE id = ?", at, one.ID); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, "DELETE FROM link WHERE person = ?", one.ID); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, "DELETE FROM session WHERE person = ?", one.ID)
		return err
	})
}

// ResetTOTP takes a managed person's second factor away, so that they can set up
// another.
func (s *Settings) ResetTOTP(ctx context.Context, p Principal, name string) error {
	return s.changePerson(ctx, p, name, "totp_reset", "", func(tx *sql.Tx, one *Person) error {
		return clearTOTP(ctx, tx, one.ID)
	})
}

func clearTOTP(ctx context.Context, tx *sql.Tx, id int64) error {
	if _, err := tx.ExecContext(ctx, "UPDATE person SET totp = NULL, totp_ms = NULL, totp_step = 0 WHERE id = ?", id); err != nil {
		return err
	}
	_, err := tx.ExecContext(ctx, "DELETE FROM recovery WHERE person = ?", id)
	return err
}

// LinkFor makes the key of a one-time link that signs a managed person in: an
// invitation, or the way back for who forgot a password. A second factor that was set
// up is still asked for.
func (s *Settings) LinkFor(ctx context.Context, p Principal, name string) (string, error) {
	key := newSecret("")
	err := s.changePerson(ctx, p, name, "link_created", "", func(tx *sql.Tx, one *Person) error {
		if one.Disabled {
			return faultf("forbidden", "%s is disabled; enable them first.", one.Name)
		}
		return s.insertLink(ctx, tx, key, one.ID, p.Name == "")
	})
	if err != nil {
		return "", err
	}
	return key, nil
}

func (s *Settings) insertLink(ctx context.Context, tx *sql.Tx, key string, person int64, machine bool) error {
	now := s.now()
	if _, err := tx.ExecContext(ctx, "DELETE FROM link WHERE created_ms < ?", now.Add(-LinkLife).UnixMilli()); err != nil {
		return err
	}
	_, err := tx.ExecContext(ctx, "INSERT INTO link (hash, created_ms, person, machine) VALUES (?, ?, ?, ?)", hash(key), now.UnixMilli(), person, machine)
	return err
}

// OfMachine is who works on the machine itself and may read the data folder: they may
// do everything. It has no name.
func OfMachine() Principal {
	h := rootHolding()
	return Principal{Grants: h.grants, Powers: h.powers, Pass: h.pass, PassPowers: h.passPowers}
}

// Options returns them as they are.
func (s *Settings) Options(ctx context.Context) (Options, error) {
	d, err := s.directory(ctx)
	if err != nil {
		return Options{}, wrap("options", err)
	}
	return d.options(), nil
}

func faultf(code, format string, args ...any) error {
	return &aggregator.Error{Code: code, Message: fmt.Sprintf(format, args...)}
}
