package settings

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
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

// directory is everybody with what they hold, at one version of the settings.
type directory struct {
	version  int64
	people   map[int64]*Person
	byName   map[string]int64
	roles    map[string]Role
	holdings map[int64]*holding
	settings map[string]string
}

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

func (s *Settings) readDirectory(ctx context.Context) (*directory, error) {
	tx, err := s.db.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return nil, err
	}
	defer func() { _ = tx.Rollback() }()
	return loadDirectory(ctx, tx)
}

// loadDirectory reads it inside a transaction: all of one moment.
func loadDirectory(ctx context.Context, tx *sql.Tx) (*directory, error) {
	d := &directory{people: map[int64]*Person{}, byName: map[string]int64{}, roles: map[string]Role{}, settings: map[string]string{}}
	if err := tx.QueryRowContext(ctx, "SELECT n FROM people_version").Scan(&d.version); err != nil {
		return nil, err
	}
	for _, r := range builtIn {
		d.roles[r.Name] = r
	}
	err := each(ctx, tx, "SELECT name, title_zh, title_en, data, powers FROM role", func(rows *sql.Rows) error {
		var r Role
		var data, powers string
		if err := rows.Scan(&r.Name, &r.Title.ZH, &r.Title.EN, &data, &powers); err != nil {
			return err
		}
		var err error
		if r.Data, err = parseData(data); err != nil {
			return err
		}
		if r.Powers, err = ParsePowers(words(powers)); err != nil {
			return err
		}
		d.roles[r.Name] = r
		return nil
	})
	if err != nil {
		return nil, err
	}
	err = each(ctx, tx, "SELECT id, name, display, language, department, password <> '', totp_ms IS NOT NULL, made_by, made_ms, disabled_ms IS NOT NULL, EXISTS (SELECT 1 FROM identity i WHERE i.person = person.id) FROM person", func(rows *sql.Rows) error {
		p := &Person{}
		var ms int64
		if err := rows.Scan(&p.ID, &p.Name, &p.Display, &p.Language, &p.Department, &p.Password, &p.TOTP, &p.MadeBy, &ms, &p.Disabled, &p.SignOn); err != nil {
			return err
		}
		p.Made = time.UnixMilli(ms).UTC()
		d.people[p.ID], d.byName[p.Name] = p, p.ID
		return nil
	})
	if err != nil {
		return nil, err
	}
	permits := map[int64][]Permit{}
	err = each(ctx, tx, "SELECT person, role, data, scope, by FROM permit ORDER BY person, role, data, by", func(rows *sql.Rows) error {
		var id int64
		var p Permit
		var scope string
		if err := rows.Scan(&id, &p.Role, &p.Data, &scope, &p.By); err != nil {
			return err
		}
		var err error
		if p.Scope, err = parseScope(scope); err != nil {
			return err
		}
		permits[id] = append(permits[id], p)
		return nil
	})
	if err != nil {
		return nil, err
	}
	err = each(ctx, tx, "SELECT person, role, scope FROM mapped ORDER BY person, role, scope", func(rows *sql.Rows) error {
		var id int64
		var scope string
		p := Permit{By: root, Mapped: true}
		if err := rows.Scan(&id, &p.Role, &scope); err != nil {
			return err
		}
		var err error
		if p.Scope, err = parseScope(scope); err != nil {
			return err
		}
		permits[id] = append(permits[id], p)
		return nil
	})
	if err != nil {
		return nil, err
	}
	for id, p := range d.people {
		p.Permits = permits[id]
		if permits[id] == nil {
			permits[id] = []Permit{}
		}
	}
	err = each(ctx, tx, "SELECT name, value FROM setting", func(rows *sql.Rows) error {
		var name, value string
		err := rows.Scan(&name, &value)
		d.settings[name] = value
		return err
	})
	if err != nil {
		return nil, err
	}
	// Of a role from which links were taken nobody has them, by whomever it was given.
	for _, name := range d.options().NoLinks {
		if r, ok := d.roles[name]; ok {
			r.Powers &^= ShareLinks
			d.roles[name] = r
		}
	}
	d.holdings = hold(permits, d.roles)
	return d, nil
}

// each runs a query and hands on its rows.
func each(ctx context.Context, tx *sql.Tx, query string, f func(*sql.Rows) error) error {
	rows, err := tx.QueryContext(ctx, query)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		if err := f(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

func words(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(text, ",")
}

// parseData reads data sets; * is all of them, also those of later releases.
func parseData(text string) ([]aggregator.DataSet, error) {
	if text == everything {
		return aggregator.DataSets(), nil
	}
	var all []aggregator.DataSet
	for _, name := range words(text) {
		d, err := aggregator.ParseDataSet(name)
		if err != nil {
			return nil, err
		}
		all = append(all, d)
	}
	return all, nil
}

func dataText(sets []aggregator.DataSet) string {
	names := make([]string, len(sets))
	for n, d := range sets {
		names[n] = string(d)
	}
	return strings.Join(names, ",")
}

// given is all that was ever given to a person and not taken back, whatever it is
// worth now. The power to make share links is no part of what was given by somebody
// who has not got it: roles bring it only from who has, see receive.
func (d *directory) given(p *Person) (aggregator.Grants, Powers) {
	grants, powers := aggregator.Grants{}, Powers(0)
	for n := range p.Permits {
		g, w := p.Permits[n].meaning(d.roles)
		if by := d.holdings[p.Permits[n].By]; by == nil || !by.passPowers.Has(ShareLinks) {
			w &^= ShareLinks
		}
		grants, powers = grants.Or(g), powers|w
	}
	return grants, powers
}

// manages reports whether somebody may change a person's account: sign them in by a
// link, disable them, change what they hold. All that was given to that person must be
// theirs to give: a link for somebody who has more would be more. Who has nothing yet
// is their maker's.
func (d *directory) manages(p Principal, one *Person) bool {
	switch {
	case p.By != "" || !p.Powers.Has(ManagePeople) || one.ID == p.Person:
		return false
	case p.Powers.Has(Administer):
		return true
	case one.ID == root:
		return false
	}
	h := d.holdings[p.Person]
	if h == nil {
		return false
	}
	grants, powers := d.given(one)
	if len(one.Permits) == 0 {
		return one.MadeBy == p.Person
	}
	return h.mayGive(grants, powers)
}

// sees reports whether somebody has a person in their list: whom they manage, and to
// whom they gave something.
func (d *directory) sees(p Principal, one *Person) bool {
	return d.manages(p, one) || p.Powers.Has(Administer) ||
		p.Powers.Has(ManagePeople) && p.By == "" && slices.ContainsFunc(one.Permits, func(g Permit) bool { return g.By == p.Person })
}

// principal is who a person is when they ask.
func (d *directory) principal(one *Person) Principal {
	h := d.holdings[one.ID]
	if h == nil {
		h = &holding{}
	}
	p := Principal{Name: one.Name, Display: one.called(), Person: one.ID, Language: one.Language, Department: one.Department, Grants: h.grants, Powers: h.powers, Pass: h.pass, PassPowers: h.passPowers}
	for n := range one.Permits {
		if r := one.Permits[n].Role; r != "" && !slices.Contains(p.Roles, r) && d.worth(one.Permits[n]) {
			p.Roles = append(p.Roles, r)
		}
	}
	return p
}

// worth reports whether a permit opens anything now.
func (d *directory) worth(g Permit) bool {
	giver := d.holdings[g.By]
	if giver == nil {
		return false
	}
	var h holding
	grants, powers := g.meaning(d.roles)
	h.receive(giver, grants, powers)
	return !h.grants.Empty()
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

// find returns a person by name, of those whom somebody sees.
func (d *directory) find(p Principal, name string) (*Person, error) {
	one := d.people[d.byName[name]]
	if one == nil || !d.sees(p, one) {
		return nil, errNobody(name)
	}
	return one, nil
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

// Roles lists all roles, the built-in ones first.
func (s *Settings) Roles(ctx context.Context) ([]Role, error) {
	d, err := s.directory(ctx)
	if err != nil {
		return nil, wrap("roles", err)
	}
	var all, own []Role
	for _, r := range builtIn {
		all = append(all, d.roles[r.Name])
	}
	for _, r := range d.roles {
		if !r.BuiltIn {
			own = append(own, r)
		}
	}
	slices.SortFunc(own, func(a, b Role) int { return strings.Compare(a.Name, b.Name) })
	return append(all, own...), nil
}

// SetRole makes a role or changes one that is not built in. What people have by it
// changes with it.
func (s *Settings) SetRole(ctx context.Context, p Principal, r Role) error {
	if !p.Powers.Has(Administer) {
		return errNoAdministrator
	}
	switch {
	case !goodName.MatchString(r.Name):
		return errBadName("role", r.Name)
	case slices.ContainsFunc(builtIn, func(b Role) bool { return b.Name == r.Name }):
		return faultf("bad_role", "%s is built in and stays as it is; make one of another name.", r.Name)
	case len(r.Data) == 0:
		return faultf("bad_role", "A role has at least one data set.")
	case r.Powers.Has(Administer):
		return faultf("bad_role", "Only the built-in role %s administers.", RoleAdministrator)
	case len(r.Title.ZH) > 100 || len(r.Title.EN) > 100:
		return faultf("bad_role", "A title has at most 100 bytes.")
	}
	for _, d := range r.Data {
		if _, err := aggregator.ParseDataSet(string(d)); err != nil {
			return err
		}
	}
	r.Title.EN, r.Title.ZH = cmp.Or(r.Title.EN, r.Title.ZH, r.Name), cmp.Or(r.Title.ZH, r.Title.EN, r.Name)
	return wrap("role", s.update(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, "INSERT INTO role (name, title_zh, title_en, data, powers) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET title_zh = excluded.title_zh, title_en = excluded.title_en, data = excluded.data, powers = excluded.powers",
			r.Name, r.Title.ZH, r.Title.EN, dataText(r.Data), r.Powers.String())
		if err != nil {
			return err
		}
		return s.record(ctx, tx, p, "role_set", "", fmt.Sprintf("role=%s data=%s powers=%s", r.Name, dataText(r.Data), r.Powers))
	}))
}

// RemoveRole removes a role that is not built in, and takes it from whoever has it.
func (s *Settings) RemoveRole(ctx context.Context, p Principal, name string) error {
	if !p.Powers.Has(Administer) {
		return errNoAdministrator
	}
	return wrap("role", s.update(ctx, func(tx *sql.Tx) error {
		done, err := tx.ExecContext(ctx, "DELETE FROM role WHERE name = ?", name)
		if err != nil {
			return err
		}
		if n, err := done.RowsAffected(); err != nil || n == 0 {
			return errors.Join(err, faultf("not_found", "There is no role %q that can be removed.", clip(name)))
		}
		if _, err := tx.ExecContext(ctx, "DELETE FROM permit WHERE role = ?", name); err != nil {
			return err
		}
		return s.record(ctx, tx, p, "role_removed", "", "role="+name)
	}))
}

var (
	errNoAdministrator = &aggregator.Error{Code: "forbidden", Message: "Only an administrator may do this."}
	errNoManager       = &aggregator.Error{Code: "forbidden", Message: "You may not manage people; ask an administrator or the manager of your province."}

	goodName = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{1,39}$`)
)

func errBadName(what, name string) error {
	return faultf("bad_name", "%s: %q; a name has 2 to 40 of a-z, 0-9, dot, dash and underscore, and begins with a letter or digit.", what, clip(name))
}

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

// SetPermits says what a person is to hold, instead of before. What stays as it was
// keeps its giver; what is new must be whoever's to give who asks; what goes holds no
// longer with the next request. To whom a person has passed something on, they had it
// of them: it goes with it. Who no longer manages a person, as others have given them
// more, may only take back what they gave.
func (s *Settings) SetPermits(ctx context.Context, p Principal, name string, want []Permit) error {
	return wrap("permits", s.update(ctx, func(tx *sql.Tx) error {
		d, err := loadDirectory(ctx, tx)
		if err != nil {
			return err
		}
		one, err := d.find(p, name)
		if err != nil {
			return err
		}
		if one.ID == root {
			return faultf("forbidden", "%s holds everything and always will: whoever reads the data folder does.", one.Name)
		}
		return s.replacePermits(ctx, tx, p, one, want)
	}))
}

func (s *Settings) replacePermits(ctx context.Context, tx *sql.Tx, p Principal, one *Person, want []Permit) error {
	d, err := loadDirectory(ctx, tx)
	if err != nil {
		return err
	}
	if len(want) > 100 {
		return faultf("bad_grant", "%d grants, allowed 100; take roles.", len(want))
	}
	same := func(a, b *Permit) bool {
		return a.Role == b.Role && a.Data == b.Data && ScopeText(a.Scope) == ScopeText(b.Scope)
	}
	var added, gone []Permit
	for n := range want {
		w := &want[n]
		if err := d.checkPermit(w); err != nil {
			return err
		}
		if !slices.ContainsFunc(one.Permits, func(o Permit) bool { return same(w, &o) }) {
			added = append(added, *w)
		}
	}
	for _, o := range one.Permits {
		if !slices.ContainsFunc(want, func(w Permit) bool { return same(&w, &o) }) {
			if o.Mapped {
				return faultf("forbidden", "%s has the role %s from the sign-on provider; take it there, or end that they sign in by it.", one.Name, o.Role)
			}
			gone = append(gone, o)
		}
	}
	me := max(p.Person, root)
	giver := d.holdings[me]
	if giver == nil {
		giver = &holding{}
	}
	fresh := len(one.Permits) == 0 && one.MadeBy == me
	if !fresh && !d.manages(p, one) && (len(added) > 0 || slices.ContainsFunc(gone, func(g Permit) bool { return g.By != me })) {
		return faultf("forbidden", "%s holds more than you may give; you may only take back what you gave. Ask an administrator.", one.Name)
	}
	for n := range added {
		grants, powers := added[n].meaning(d.roles)
		if !giver.mayGive(grants, powers&^ShareLinks) { // who lacks that power gives the role without it
			return faultf("forbidden", "You may not give what is not yours to pass on: %s.", giver.beyond(grants, powers))
		}
	}
	for _, g := range gone {
		if _, err := tx.ExecContext(ctx, "DELETE FROM permit WHERE person = ? AND role = ? AND data = ? AND by = ?", one.ID, g.Role, string(g.Data), g.By); err != nil {
			return err
		}
		if err := s.record(ctx, tx, p, "revoked", one.Name, g.text()); err != nil {
			return err
		}
	}
	for _, g := range added {
		if _, err := tx.ExecContext(ctx, "INSERT INTO permit (person, role, data, scope, by, at_ms) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET scope = excluded.scope, at_ms = excluded.at_ms",
			one.ID, g.Role, string(g.Data), ScopeText(g.Scope), me, s.now().UnixMilli()); err != nil {
			return err
		}
		if err := s.record(ctx, tx, p, "granted", one.Name, g.text()); err != nil {
			return err
		}
	}
	return nil
}

func (p *Permit) text() string {
	if p.Role != "" {
		return "role=" + p.Role + " provinces=" + ScopeText(p.Scope)
	}
	return "data=" + string(p.Data) + " provinces=" + ScopeText(p.Scope)
}

// checkPermit refuses what means nothing.
func (d *directory) checkPermit(g *Permit) error {
	switch {
	case g.Scope.Empty():
		return faultf("bad_grant", "A grant opens at least one province, or all.")
	case (g.Role == "") == (g.Data == ""):
		return faultf("bad_grant", "A grant names either a role or a data set.")
	case g.Role == "":
		_, err := aggregator.ParseDataSet(string(g.Data))
		return err
	case d.roles[g.Role].Name == "":
		return faultf("bad_role", "There is no role %q; allowed: %s.", clip(g.Role), strings.Join(d.roleNames(), ", "))
	case g.Role == RoleAdministrator && !g.Scope.All:
		return faultf("bad_role", "An administrator is one of all provinces; for some of them there is province_manager.")
	}
	return nil
}

func (d *directory) roleNames() []string {
	var names []string
	for name := range d.roles {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
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

// Options of the whole platform, changed by administrators.
type Options struct {
	// Watermark writes the reader's name on every page and export.
	Watermark bool `json:"watermark"`
	// TOTP must be set up by administrators before they may do anything else.
	AdminTOTP bool `json:"admin_totp"`
	// NoLinks are roles that do not bring the power to make share links, whatever they
	// say: what such links show is gone with the next request.
	NoLinks []string `json:"no_links"`
}

func (d *directory) options() Options {
	return Options{Watermark: d.settings["watermark"] == "true", AdminTOTP: d.settings["admin_totp"] == "true", NoLinks: append([]string{}, words(d.settings["no_links"])...)}
}

// Options returns them as they are.
func (s *Settings) Options(ctx context.Context) (Options, error) {
	d, err := s.directory(ctx)
	if err != nil {
		return Options{}, wrap("options", err)
	}
	return d.options(), nil
}

// SetOptions changes them.
func (s *Settings) SetOptions(ctx context.Context, p Principal, o Options) error {
	if !p.Powers.Has(Administer) {
		return errNoAdministrator
	}
	return wrap("options", s.update(ctx, func(tx *sql.Tx) error {
		d, err := loadDirectory(ctx, tx)
		if err != nil {
			return err
		}
		for _, name := range o.NoLinks {
			if d.roles[name].Name == "" {
				return faultf("bad_role", "There is no role %q; allowed: %s.", clip(name), strings.Join(d.roleNames(), ", "))
			}
		}
		roles := strings.Join(o.NoLinks, ",")
		for name, value := range map[string]string{"watermark": fmt.Sprint(o.Watermark), "admin_totp": fmt.Sprint(o.AdminTOTP), "no_links": roles} {
			if _, err := tx.ExecContext(ctx, "INSERT INTO setting (name, value) VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value", name, value); err != nil {
				return err
			}
		}
		return s.record(ctx, tx, p, "options_set", "", fmt.Sprintf("watermark=%t admin_totp=%t no_links=%s", o.Watermark, o.AdminTOTP, roles))
	}))
}

func faultf(code, format string, args ...any) error {
	return &aggregator.Error{Code: code, Message: fmt.Sprintf(format, args...)}
}
