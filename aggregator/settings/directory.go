package settings

import (
	"context"
	"database/sql"
	"slices"
	"strings"
	"time"

	"iptvdc/aggregator"
)

// directory is everybody with what they hold, at one version of the settings.
type directory struct {
	version  int64
	people   map[int64]*Person
	byName   map[string]int64
	roles    map[string]Role
	holdings map[int64]*holding
	settings map[string]string
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

// find returns a person by name, of those whom somebody sees.
func (d *directory) find(p Principal, name string) (*Person, error) {
	one := d.people[d.byName[name]]
	if one == nil || !d.sees(p, one) {
		return nil, errNobody(name)
	}
	return one, nil
}

func (d *directory) roleNames() []string {
	var names []string
	for name := range d.roles {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
