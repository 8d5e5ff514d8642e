package settings

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"iptvdc/aggregator"
)

// Limits of tokens that people make for themselves.
const (
	// MaxTokens is how many one person has at a time.
	MaxTokens = 50
	// MaxTokenLife is how long one lives at most, TokenLife if nobody says.
	MaxTokenLife = 366 * 24 * time.Hour
	TokenLife    = 90 * 24 * time.Hour
)

// tokenPowers are what a token of a person may do, of what its owner may.
const tokenPowers = SeeBoards | Export

// Narrowing says which part of what somebody holds a thing of theirs is to open. The
// zero Narrowing is all of it, as it is now.
type Narrowing struct {
	Provinces []aggregator.Province // none: all that are open
	Data      []aggregator.DataSet  // none: all that are open
}

// of is the part, or says what of it is not there. It is never more than g.
func (n *Narrowing) of(g aggregator.Grants) (aggregator.Grants, error) {
	sets, scope := n.Data, aggregator.Scope{Provinces: n.Provinces}
	if len(sets) == 0 {
		sets = aggregator.DataSets()
	}
	if len(n.Provinces) == 0 {
		scope.All = true
	}
	part := g.And(aggregator.GrantsOf(scope, sets...))
	for _, d := range n.Data {
		if part[d].Empty() {
			return nil, faultf("not_granted", "The data set %s is not open to you in these provinces.", d)
		}
	}
	for _, p := range n.Provinces {
		if !part.Anywhere().Sees(p) {
			return nil, faultf("not_granted", "In province %s none of these data sets is open to you.", p)
		}
	}
	if part.Empty() {
		return nil, faultf("not_granted", "Nothing of this is open to you.")
	}
	return part, nil
}

// GrantsText writes grants as epg=33,43;orders=*, none as nothing.
func GrantsText(g aggregator.Grants) string {
	var parts []string
	for _, d := range aggregator.DataSets() {
		if s := g[d]; !s.Empty() {
			parts = append(parts, string(d)+"="+ScopeText(s))
		}
	}
	return strings.Join(parts, ";")
}

func parseGrants(text string) (aggregator.Grants, error) {
	g := aggregator.Grants{}
	if text == "" {
		return g, nil
	}
	for part := range strings.SplitSeq(text, ";") {
		name, where, _ := strings.Cut(part, "=")
		d, err := aggregator.ParseDataSet(name)
		if err != nil {
			return nil, fmt.Errorf("settings: grants %q: %w", text, err)
		}
		s, err := parseScope(where)
		if err != nil {
			return nil, err
		}
		g = g.Or(aggregator.GrantsOf(s, d))
	}
	return g, nil
}

// TokenInfo is a token without its secret.
type TokenInfo struct {
	ID, Name string
	// Owner is the name of whose it is; "": made on the machine.
	Owner string
	// Opens is what it opens now: no more than its owner holds.
	Opens   aggregator.Grants
	Admin   bool
	Created time.Time
	Expires time.Time // zero: never
	Used    time.Time // to a minute; zero: not yet
	Mine    bool
}

// TokenWish is a token to be made.
type TokenWish struct {
	Name string
	Narrowing
	Life time.Duration // 0: TokenLife
}

var errNoExport = &aggregator.Error{Code: "forbidden", Message: "A token takes figures out of the page, which you may not (export). Whoever manages your account can let you."}

// NewOwnToken makes a token of a person who signed in, and returns its secret, which
// can not be had again. It reads and changes nothing, opens the part of what they hold
// now that is wished, and of that at each use what they hold then: it narrows and dies
// with them.
func (s *Settings) NewOwnToken(ctx context.Context, p Principal, w TokenWish) (string, TokenInfo, error) {
	if err := ownAccount(p); err != nil {
		return "", TokenInfo{}, err
	}
	if w.Life == 0 {
		w.Life = TokenLife
	}
	switch {
	case !p.Powers.Has(Export):
		return "", TokenInfo{}, errNoExport
	case !goodLabel(w.Name):
		return "", TokenInfo{}, errBadLabel("A token's name")
	case w.Life < time.Hour || w.Life > MaxTokenLife:
		return "", TokenInfo{}, faultf("bad_expiry", "A token lives 1 to %d days.", int(MaxTokenLife.Hours()/24))
	}
	part, err := w.of(p.Grants)
	if err != nil {
		return "", TokenInfo{}, err
	}
	now := s.now()
	info := TokenInfo{ID: newID(), Name: w.Name, Owner: p.Name, Opens: part, Created: now.UTC(), Expires: now.Add(w.Life).UTC(), Mine: true}
	secret := newSecret("iptv_")
	return secret, info, wrap("new token", s.update(ctx, func(tx *sql.Tx) error {
		// What ended long ago is nobody's business any more; the log still has it.
		if _, err := tx.ExecContext(ctx, "DELETE FROM token WHERE expires_ms < ?", now.Add(-BinLife).UnixMilli()); err != nil {
			return err
		}
		var have int
		if err := tx.QueryRowContext(ctx, "SELECT count(*) FROM token WHERE owner = ? AND expires_ms >= ?", p.Person, now.UnixMilli()).Scan(&have); err != nil {
			return err
		}
		if have >= MaxTokens {
			return faultf("too_many_tokens", "You have %d tokens, and there may be no more; revoke one first.", have)
		}
		if _, err := tx.ExecContext(ctx, "INSERT INTO token (hash, name, scope, data, admin, created_ms, id, owner, grants, expires_ms) VALUES (?, ?, '', '', 0, ?, ?, ?, ?, ?)",
			hash(secret), w.Name, now.UnixMilli(), info.ID, p.Person, GrantsText(part), info.Expires.UnixMilli()); err != nil {
			return err
		}
		return s.record(ctx, tx, p, "token_created", p.Name, fmt.Sprintf("token=%s name=%q opens=%s until=%s", info.ID, w.Name, GrantsText(part), info.Expires.Format(time.DateOnly)))
	}))
}

// goodLabel reports whether a text can be what a thing is called.
func goodLabel(text string) bool {
	return strings.TrimSpace(text) != "" && len(text) <= 100 && utf8.ValidString(text) && !strings.ContainsFunc(text, func(r rune) bool { return r < ' ' })
}

func errBadLabel(what string) error {
	return faultf("bad_name", "%s has 1 to 100 bytes of text.", what)
}

// ByToken returns who holds an API token, or ErrUnknown. It notes the use. A token whose
// time is over is told so.
func (s *Settings) ByToken(ctx context.Context, secret string) (Principal, error) {
	sum := hash(secret)
	t, err := scanToken(s.db.QueryRowContext(ctx, tokenColumns+" WHERE hash = ?", sum))
	if errors.Is(err, sql.ErrNoRows) {
		return Principal{}, ErrUnknown
	}
	if err != nil {
		return Principal{}, fmt.Errorf("settings: token: %w", err)
	}
	d, err := s.directory(ctx)
	if err != nil {
		return Principal{}, fmt.Errorf("settings: token: %w", err)
	}
	now := s.now()
	p, err := d.tokenHolder(&t, now)
	if err != nil {
		return Principal{}, err
	}
	if now.Sub(t.Used) >= touchEvery {
		if _, err := s.db.ExecContext(ctx, "UPDATE token SET used_ms = ? WHERE hash = ?", now.UnixMilli(), sum); err != nil {
			return Principal{}, fmt.Errorf("settings: token: %w", err)
		}
	}
	return p, nil
}

// keptToken is a token's row.
type keptToken struct {
	TokenInfo
	owner             int64
	scope, data, text string
}

const tokenColumns = "SELECT id, name, scope, data, admin, created_ms, owner, grants, expires_ms, used_ms FROM token"

func scanToken(row scanner) (keptToken, error) {
	var t keptToken
	var created int64
	var expires, used sql.NullInt64
	err := row.Scan(&t.ID, &t.Name, &t.scope, &t.data, &t.Admin, &created, &t.owner, &t.text, &expires, &used)
	t.Created, t.Expires, t.Used = time.UnixMilli(created).UTC(), timeOf(expires), timeOf(used)
	return t, err
}

// timeOf is the zero Time of what is not.
func timeOf(ms sql.NullInt64) time.Time {
	if !ms.Valid {
		return time.Time{}
	}
	return time.UnixMilli(ms.Int64).UTC()
}

// opens is what a token opens now, of what it was made for.
func (d *directory) opens(t *keptToken) (aggregator.Grants, error) {
	if t.owner != 0 {
		g, err := parseGrants(t.text)
		one := d.people[t.owner]
		if err != nil || one == nil || one.Disabled || !d.principal(one).Powers.Has(Export) {
			return nil, err
		}
		return g.And(d.principal(one).Grants), nil
	}
	where, err := parseScope(t.scope)
	if err != nil {
		return nil, err
	}
	sets, err := parseData(t.data)
	return aggregator.GrantsOf(where, sets...), err
}

// tokenHolder is who a token is when it asks.
func (d *directory) tokenHolder(t *keptToken, now time.Time) (Principal, error) {
	g, err := d.opens(t)
	if err != nil {
		return Principal{}, err
	}
	if !t.Expires.IsZero() && !now.Before(t.Expires) {
		return Principal{}, faultf("token_expired", "This token ended on %s; make another on the page (account).", t.Expires.In(aggregator.Shanghai).Format("2006-01-02 15:04"))
	}
	if t.owner != 0 {
		one := d.people[t.owner]
		if one == nil || one.Disabled {
			return Principal{}, ErrUnknown
		}
		p := d.principal(one)
		return Principal{Name: p.Name, Display: t.Name, Language: p.Language, Department: p.Department, Roles: p.Roles, Grants: g, Powers: p.Powers & tokenPowers, Token: t.ID, ReadOnly: true}, nil
	}
	p := Principal{Name: t.Name, Display: t.Name, Grants: g, Powers: readerPowers | ShareBoards, Token: t.ID}
	if t.Admin && g.All() { // of some provinces it never opened what administrators see
		p.Powers |= Administer | ManagePeople | MakeSources
		p.Pass, p.PassPowers = p.Grants, p.Powers
	}
	return p, nil
}

// Tokens lists a person's own, the latest first; with all, which administrators may
// ask, everybody's and those made on the machine.
func (s *Settings) Tokens(ctx context.Context, p Principal, all bool) ([]TokenInfo, error) {
	if all && !p.Powers.Has(Administer) {
		return nil, errNoAdministrator
	}
	d, err := s.directory(ctx)
	if err != nil {
		return nil, wrap("tokens", err)
	}
	rows, err := s.db.QueryContext(ctx, tokenColumns+" WHERE ?1 OR owner = ?2 AND owner <> 0 ORDER BY created_ms DESC, id", all, p.Person)
	if err != nil {
		return nil, wrap("tokens", err)
	}
	defer func() { _ = rows.Close() }()
	list := []TokenInfo{}
	for rows.Next() {
		t, err := scanToken(rows)
		if err == nil {
			t.Opens, err = d.opens(&t)
		}
		if err != nil {
			return nil, wrap("tokens", err)
		}
		t.Mine = t.owner != 0 && t.owner == p.Person
		if one := d.people[t.owner]; one != nil {
			t.Owner = one.Name
		}
		list = append(list, t.TokenInfo)
	}
	return list, wrap("tokens", rows.Err())
}

// RevokeToken ends a token for good: its owner may, and administrators.
func (s *Settings) RevokeToken(ctx context.Context, p Principal, id string) error {
	return wrap("revoke token", s.update(ctx, func(tx *sql.Tx) error {
		d, err := loadDirectory(ctx, tx)
		if err != nil {
			return err
		}
		t, err := scanToken(tx.QueryRowContext(ctx, tokenColumns+" WHERE id = ?", id))
		mine := t.owner != 0 && t.owner == p.Person && p.By == ""
		if errors.Is(err, sql.ErrNoRows) || err == nil && !mine && !p.Powers.Has(Administer) {
			return faultf("not_found", "You have no token %q.", clip(id))
		}
		if err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, "DELETE FROM token WHERE id = ?", id); err != nil {
			return err
		}
		whose := ""
		if one := d.people[t.owner]; one != nil {
			whose = one.Name
		}
		return s.record(ctx, tx, p, "token_revoked", whose, fmt.Sprintf("token=%s name=%q", id, t.Name))
	}))
}
