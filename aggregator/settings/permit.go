package settings

import (
	"context"
	"database/sql"
	"slices"
	"strings"

	"iptvdc/aggregator"
)

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
