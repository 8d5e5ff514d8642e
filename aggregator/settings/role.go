package settings

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"

	"iptvdc/aggregator"
)

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

func errBadName(what, name string) error {
	return faultf("bad_name", "%s: %q; a name has 2 to 40 of a-z, 0-9, dot, dash and underscore, and begins with a letter or digit.", what, clip(name))
}
