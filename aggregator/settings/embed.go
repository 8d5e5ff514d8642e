package settings

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"iptvdc/aggregator"
	"iptvdc/aggregator/board"
)

// Limits of embedding.
const (
	// EmbedTokenLife is how far ahead a partner's token may end at most.
	EmbedTokenLife = time.Hour
	// EmbedLife is how long a page that was embedded goes on showing.
	EmbedLife = time.Hour
	// MaxEmbedKeys is how many keys one person has at a time.
	MaxEmbedKeys = 20

	embedPowers = ShareLinks | ManagePeople
)

// EmbedWish is a key of embedding to be made.
type EmbedWish struct {
	Name string
	// Origins are the pages that may frame what it opens, as https://tv.example.com.
	Origins []string
	Boards  []string
	Narrowing
}

// EmbedInfo is a key of embedding without its secret.
type EmbedInfo struct {
	ID, Name, Maker string
	Origins, Boards []string
	Opens           aggregator.Grants // now
	Created         time.Time
	Revoked         time.Time // zero: it holds
	Used            time.Time
	Uses            int64
}

type keptEmbedKey struct {
	EmbedInfo
	maker int64
	made  aggregator.Grants
}

const embedColumns = "SELECT id, maker, name, origins, boards, grants, created_ms, revoked_ms, used_ms, uses FROM embed_key"

func scanEmbedKey(row scanner) (keptEmbedKey, error) {
	var k keptEmbedKey
	var origins, boards, grants string
	var created int64
	var revoked, used sql.NullInt64
	err := row.Scan(&k.ID, &k.maker, &k.Name, &origins, &boards, &grants, &created, &revoked, &used, &k.Uses)
	if err != nil {
		return k, err
	}
	k.Origins, k.Boards = strings.Fields(origins), words(boards)
	k.Created, k.Revoked, k.Used = time.UnixMilli(created).UTC(), timeOf(revoked), timeOf(used)
	k.made, err = parseGrants(grants)
	return k, err
}

// embedSecret is the secret of a key: whoever has it signs what is embedded.
func (s *Settings) embedSecret(ctx context.Context, id string) (string, error) {
	key, err := s.doorKey(ctx)
	if err != nil {
		return "", err
	}
	return "embed_" + b64.EncodeToString(seal(key, sealEmbed, id)), nil
}

// CheckOrigin refuses what no page is at. An origin is a scheme, a host and a port if it
// is not the scheme's own.
func CheckOrigin(text string) error {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Hostname() == "" || u.User != nil || text != u.Scheme+"://"+u.Host || strings.ContainsAny(u.Host, "*;, '\"") {
		return faultf("bad_origin", "%q is not where a page is; write https://host or https://host:port, without a path.", clip(text))
	}
	return nil
}

// NewEmbedKey makes a key with which somebody's server signs what its pages show of
// boards that who asks owns, and returns its secret. It opens, of the data sets that the
// boards show now, the part that is wished of what its maker holds, and of that at each
// use what they hold then.
func (s *Settings) NewEmbedKey(ctx context.Context, p Principal, w EmbedWish) (string, EmbedInfo, error) {
	if err := ownAccount(p); err != nil {
		return "", EmbedInfo{}, err
	}
	switch {
	case !p.Powers.Has(embedPowers):
		return "", EmbedInfo{}, faultf("forbidden", "Keys for embedding are made by who may share boards by links and manages people.")
	case !goodLabel(w.Name):
		return "", EmbedInfo{}, errBadLabel("A key's name")
	case len(w.Origins) == 0 || len(w.Origins) > 20:
		return "", EmbedInfo{}, faultf("bad_origin", "A key names 1 to 20 origins, whose pages may frame what it opens.")
	case len(w.Boards) == 0 || len(w.Boards) > 50:
		return "", EmbedInfo{}, faultf("bad_board", "A key names 1 to 50 boards.")
	}
	for _, o := range w.Origins {
		if err := CheckOrigin(o); err != nil {
			return "", EmbedInfo{}, err
		}
	}
	var boards []*board.Board
	for _, id := range w.Boards {
		info, b, err := s.Board(ctx, p, id, 0)
		if err != nil {
			return "", EmbedInfo{}, err
		}
		if !info.Owns || info.Deleted {
			return "", EmbedInfo{}, faultf("forbidden", "Only %s may have the board %s embedded, while it is not in the bin.", info.Owner, id)
		}
		boards = append(boards, b)
	}
	made, err := ofBoards(p, w.Narrowing, boards...)
	if err != nil {
		return "", EmbedInfo{}, err
	}
	k := EmbedInfo{ID: newID(), Name: w.Name, Maker: p.Name, Origins: w.Origins, Boards: w.Boards, Opens: made, Created: s.now().UTC()}
	secret, err := s.embedSecret(ctx, k.ID)
	if err != nil {
		return "", EmbedInfo{}, wrap("embed key", err)
	}
	return secret, k, wrap("embed key", s.update(ctx, func(tx *sql.Tx) error {
		var have int
		if err := tx.QueryRowContext(ctx, "SELECT count(*) FROM embed_key WHERE maker = ? AND revoked_ms IS NULL", p.Person).Scan(&have); err != nil {
			return err
		}
		if have >= MaxEmbedKeys {
			return faultf("too_many_keys", "You have %d keys, and there may be no more; revoke one first.", have)
		}
		if _, err := tx.ExecContext(ctx, "INSERT INTO embed_key (id, maker, name, origins, boards, grants, created_ms) VALUES (?, ?, ?, ?, ?, ?, ?)",
			k.ID, p.Person, w.Name, strings.Join(w.Origins, " "), strings.Join(w.Boards, ","), GrantsText(made), k.Created.UnixMilli()); err != nil {
			return err
		}
		return s.record(ctx, tx, p, "embed_key_made", p.Name, fmt.Sprintf("key=%s name=%q boards=%s origins=%s opens=%s", k.ID, w.Name, strings.Join(w.Boards, ","), strings.Join(w.Origins, ","), GrantsText(made)))
	}))
}

// EmbedKeys lists somebody's own keys, the latest first; with all, which administrators
// may ask, everybody's.
func (s *Settings) EmbedKeys(ctx context.Context, p Principal, all bool) ([]EmbedInfo, error) {
	if all && !p.Powers.Has(Administer) {
		return nil, errNoAdministrator
	}
	d, err := s.directory(ctx)
	if err != nil {
		return nil, wrap("embed keys", err)
	}
	rows, err := s.db.QueryContext(ctx, embedColumns+" WHERE ?1 OR maker = ?2 ORDER BY created_ms DESC, id", all, p.Person)
	if err != nil {
		return nil, wrap("embed keys", err)
	}
	defer func() { _ = rows.Close() }()
	list := []EmbedInfo{}
	for rows.Next() {
		k, err := scanEmbedKey(rows)
		if err != nil {
			return nil, wrap("embed keys", err)
		}
		if one := d.people[k.maker]; one != nil {
			k.Maker = one.Name
			if holds := d.principal(one); !one.Disabled && holds.Powers.Has(embedPowers) {
				k.Opens = k.made.And(holds.Grants)
			}
		}
		list = append(list, k.EmbedInfo)
	}
	return list, wrap("embed keys", rows.Err())
}

// RevokeEmbedKey ends a key for good, and what is shown by it: its maker may, and
// administrators.
func (s *Settings) RevokeEmbedKey(ctx context.Context, p Principal, id string) error {
	if p.By != "" {
		return errNoAdministrator
	}
	return wrap("revoke embed key", s.update(ctx, func(tx *sql.Tx) error {
		var maker string
		err := tx.QueryRowContext(ctx, "SELECT m.name FROM embed_key k JOIN person m ON m.id = k.maker WHERE k.id = ?", id).Scan(&maker)
		if errors.Is(err, sql.ErrNoRows) || err == nil && maker != p.Name && !p.Powers.Has(Administer) {
			return faultf("not_found", "You have no key %q.", clip(id))
		}
		if err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, "UPDATE embed_key SET revoked_ms = coalesce(revoked_ms, ?) WHERE id = ?", s.now().UnixMilli(), id); err != nil {
			return err
		}
		return s.record(ctx, tx, p, "embed_key_revoked", maker, "key="+id)
	}))
}

// embedded is what a partner's token asks for.
type embedded struct {
	Board     string                `json:"board"`
	Filters   board.Filters         `json:"filters"`
	Provinces []aggregator.Province `json:"provinces"` // none: all that the key opens
	Reader    string                `json:"reader,omitempty"`
}

// embedClaims are a token's claims as partners write them.
type embedClaims struct {
	Board     string        `json:"board"`
	Filters   board.Filters `json:"filters"`
	Provinces []string      `json:"provinces"`
	Exp       int64         `json:"exp"`
	Nbf       int64         `json:"nbf"`
	Iat       int64         `json:"iat"` // not looked at, as iss
	Iss       string        `json:"iss"`
	Jti       string        `json:"jti"` // good once, if there is one
	Sub       string        `json:"sub"` // who reads, for log and watermark
}

func errBadEmbed(format string, args ...any) error {
	return faultf("bad_embed_token", "embed token: "+format, args...)
}

// readEmbedToken checks a token, a JWT signed by HS256 with a key's secret, and returns
// the key and the claims. A token that has ended comes with its key all the same: the
// page that frames it may be told so.
func (s *Settings) readEmbedToken(ctx context.Context, token string) (*keptEmbedKey, *embedClaims, error) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 || len(token) > maxSealed {
		return nil, nil, errBadEmbed("not a JWT of three parts")
	}
	var header struct {
		Alg, Kid string
	}
	b, err := b64.DecodeString(parts[0])
	if err != nil || json.Unmarshal(b, &header) != nil {
		return nil, nil, errBadEmbed("its header cannot be read")
	}
	if header.Alg != "HS256" {
		return nil, nil, errBadEmbed("alg is %q, must be HS256", clip(header.Alg))
	}
	k, err := s.readEmbedKey(ctx, header.Kid)
	if err != nil {
		return nil, nil, err
	}
	secret, err := s.embedSecret(ctx, k.ID)
	if err != nil {
		return nil, nil, wrap("embed token", err)
	}
	h := hmac.New(sha256.New, []byte(secret))
	h.Write([]byte(parts[0] + "." + parts[1]))
	proof, err := b64.DecodeString(parts[2])
	if err != nil || !hmac.Equal(proof, h.Sum(nil)) {
		return nil, nil, errBadEmbed("the signature is not that of key %s: it was changed, or signed with another secret", k.ID)
	}
	if b, err = b64.DecodeString(parts[1]); err != nil {
		return &k, nil, errBadEmbed("its claims cannot be read")
	}
	var c embedClaims
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(&c); err != nil {
		return &k, nil, errBadEmbed("claims: %s; allowed: board, filters, provinces, exp, nbf, iat, iss, jti, sub", strings.TrimPrefix(err.Error(), "json: "))
	}
	now := s.now()
	switch exp := time.Unix(c.Exp, 0); {
	case c.Exp == 0:
		return &k, nil, errBadEmbed("exp is missing: when it ends, in seconds since 1970")
	case !now.Before(exp):
		return &k, nil, faultf("embed_token_expired", "This view has ended (%s); load the page anew.", exp.In(aggregator.Shanghai).Format(time.DateTime))
	case exp.Sub(now) > EmbedTokenLife:
		return &k, nil, errBadEmbed("exp lies %d s ahead, allowed %d: sign one each time the page is shown", int64(exp.Sub(now)/time.Second), int64(EmbedTokenLife/time.Second))
	case now.Before(time.Unix(c.Nbf, 0)):
		return &k, nil, errBadEmbed("nbf lies ahead; does the clock of who signs go right?")
	case len(c.Jti) > 100 || len(c.Sub) > 100:
		return &k, nil, errBadEmbed("jti and sub have at most 100 bytes")
	case !slices.Contains(k.Boards, c.Board):
		return &k, nil, errBadEmbed("board %q is not among those of key %s", clip(c.Board), k.ID)
	}
	return &k, &c, nil
}

func (s *Settings) readEmbedKey(ctx context.Context, id string) (keptEmbedKey, error) {
	k, err := scanEmbedKey(s.db.QueryRowContext(ctx, embedColumns+" WHERE id = ?", id))
	if errors.Is(err, sql.ErrNoRows) {
		return k, errBadEmbed("there is no key %q; name it as kid in the header", clip(id))
	}
	return k, wrap("embed key", err)
}

// embed is what a key still opens of what a token asks for.
func (s *Settings) embed(ctx context.Context, k *keptEmbedKey, e *embedded, until time.Time) (Shared, error) {
	if !k.Revoked.IsZero() {
		return Shared{}, faultf("link_revoked", "The key by which this page shows the board was revoked.")
	}
	d, err := s.shown(ctx, k.maker, embedPowers, e.Board, k.made)
	if len(e.Provinces) > 0 {
		d.Grants = d.Grants.And(aggregator.GrantsOf(aggregator.Scope{Provinces: e.Provinces}, aggregator.DataSets()...))
	}
	d.Door, d.ID, d.Filters, d.Reader, d.Until = DoorEmbed, k.ID, e.Filters, e.Reader, until
	return d, err
}

// EmbedOrigins returns whose pages may frame what a token opens. A token that its key
// signed and that opens nothing, as it has ended, is an error beside them.
func (s *Settings) EmbedOrigins(ctx context.Context, token string) ([]string, error) {
	k, _, err := s.readEmbedToken(ctx, token)
	if k == nil {
		return nil, err
	}
	return k.Origins, err
}

// OpenEmbed opens what a partner's token asks for and returns a ticket for it. Each
// opening is counted and is a line of the log. A token with a jti opens once.
func (s *Settings) OpenEmbed(ctx context.Context, token string, from Visitor) (string, Shared, error) {
	k, c, err := s.readEmbedToken(ctx, token)
	if err != nil {
		return "", Shared{}, err
	}
	e := &embedded{Board: c.Board, Filters: c.Filters, Reader: strings.ToValidUTF8(c.Sub, "")}
	if err := c.Filters.Check(); err != nil {
		return "", Shared{}, err
	}
	for _, code := range c.Provinces {
		p, err := aggregator.ParseProvince(code)
		if err != nil {
			return "", Shared{}, err
		}
		if !k.made.Empty() && !k.made.Anywhere().Sees(p) {
			return "", Shared{}, errBadEmbed("province %s was not opened to key %s", p, k.ID)
		}
		e.Provinces = append(e.Provinces, p)
	}
	now := s.now()
	until := now.Add(EmbedLife)
	d, err := s.embed(ctx, k, e, until)
	if err != nil {
		return "", Shared{}, err
	}
	opened, err := s.issue(ctx, ticket{Door: DoorEmbed, ID: k.ID, UntilMs: until.UnixMilli(), Embed: e})
	if err != nil {
		return "", Shared{}, wrap("open embed", err)
	}
	err = s.update(ctx, func(tx *sql.Tx) error {
		if c.Jti != "" {
			if _, err := tx.ExecContext(ctx, "DELETE FROM embed_seen WHERE until_ms < ?", now.UnixMilli()); err != nil {
				return err
			}
			done, err := tx.ExecContext(ctx, "INSERT INTO embed_seen (key, jti, until_ms) VALUES (?, ?, ?) ON CONFLICT DO NOTHING", k.ID, c.Jti, c.Exp*1000)
			if err != nil {
				return err
			}
			if n, err := done.RowsAffected(); err != nil || n == 0 {
				return errors.Join(err, faultf("embed_token_used", "This token was used before (jti); load the page anew."))
			}
		}
		if _, err := tx.ExecContext(ctx, "UPDATE embed_key SET uses = uses + 1, used_ms = ? WHERE id = ?", now.UnixMilli(), k.ID); err != nil {
			return err
		}
		return s.record(ctx, tx, Principal{Name: Stranger, Place: from.Place}, "board_embedded", d.Maker, fmt.Sprintf("key=%s board=%s reader=%q", k.ID, c.Board, e.Reader))
	})
	if err != nil {
		return "", Shared{}, wrap("open embed", err)
	}
	return opened, d, nil
}
