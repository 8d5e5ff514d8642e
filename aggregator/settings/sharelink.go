package settings

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"iptvdc/aggregator"
	"iptvdc/aggregator/board"
	"iptvdc/aggregator/indicator"
)

// LinkLifeDefault is how long a share link lives if nobody says.
const LinkLifeDefault = 7 * 24 * time.Hour

// MinLinkPassword is how many letters a link's password has at least: it is tried five
// times a minute, while the link lives.
const MinLinkPassword = 6

// MaxLinks is how many links of a board hold at a time.
const MaxLinks = 100

// LinkPolicy is what holds for all share links.
type LinkPolicy struct {
	// Forbidden: none are made, and none opens.
	Forbidden bool
	// Password: none is made without one, nor opens.
	Password bool
	// Max is how long one lives at most; 0: LinkLifeMost.
	Max time.Duration
}

// LinkLifeMost is how long a share link lives at most if nobody says.
const LinkLifeMost = 30 * 24 * time.Hour

// Most is how long one lives at most.
func (p LinkPolicy) Most() time.Duration { return cmp.Or(p.Max, LinkLifeMost) }

// LinkWish is a share link to be made.
type LinkWish struct {
	Board string
	Name  string // for whoever made it; may be empty
	// Filters are fixed; a filter by provinces narrows the link to them.
	Filters board.Filters
	// Provinces narrow the link further; none: to nothing more.
	Provinces []aggregator.Province
	Password  string        // "": none
	Life      time.Duration // 0: LinkLifeDefault, or policy's if that is less
}

// LinkInfo is a share link as who made it sees it.
type LinkInfo struct {
	ID, Name, Board string
	Title           indicator.Text // of the board
	Maker           string
	Filters         board.Filters
	Opens           aggregator.Grants // now
	Password        bool
	Created         time.Time
	Expires         time.Time
	Revoked         time.Time // zero: it holds
	Used            time.Time // last; zero: not yet
	Uses            int64
	// Text is what stands in the address.
	Text string
}

type keptLink struct {
	LinkInfo
	maker    int64
	made     aggregator.Grants
	password string
}

const linkColumns = "SELECT l.id, l.name, l.board, l.maker, l.filters, l.grants, l.password, l.created_ms, l.expires_ms, l.revoked_ms, l.used_ms, l.uses, b.title_zh, b.title_en FROM share_link l JOIN board b ON b.id = l.board"

func scanLink(row scanner) (keptLink, error) {
	var l keptLink
	var created, expires int64
	var revoked, used sql.NullInt64
	var filters, grants string
	err := row.Scan(&l.ID, &l.Name, &l.Board, &l.maker, &filters, &grants, &l.password, &created, &expires, &revoked, &used, &l.Uses, &l.Title.ZH, &l.Title.EN)
	if err != nil {
		return l, err
	}
	l.Created, l.Expires, l.Revoked, l.Used, l.Password = time.UnixMilli(created).UTC(), time.UnixMilli(expires).UTC(), timeOf(revoked), timeOf(used), l.password != ""
	if err := json.Unmarshal([]byte(filters), &l.Filters); err != nil {
		return l, fmt.Errorf("settings: filters of link %s: %w", l.ID, err)
	}
	l.made, err = parseGrants(grants)
	return l, err
}

// linkText is what stands in a link's address: its name, when it ends, and the proof
// that both were written here.
func (s *Settings) linkText(ctx context.Context, id string, expires time.Time) (string, error) {
	return s.sealed(ctx, sealLink, id+"."+strconv.FormatInt(expires.UnixMilli(), 36))
}

var errLinksForbidden = &aggregator.Error{Code: "links_forbidden", Message: "Links to boards are switched off on this platform."}

// errMayNotLink is told to who may share boards, but not by links.
var errMayNotLink = &aggregator.Error{Code: "forbidden", Message: "You may not make links that open a board to whoever has them (share_links). Whoever manages your account can let you."}

// NewLinkTo makes a share link of a board that somebody owns. It opens, of the data sets
// that the board shows now, the part that they hold now; and of that at each use what
// they hold then.
func (s *Settings) NewLinkTo(ctx context.Context, p Principal, w LinkWish, policy LinkPolicy) (LinkInfo, error) {
	if err := errors.Join(ownAccount(p), w.Filters.Check()); err != nil {
		return LinkInfo{}, err
	}
	life := w.Life
	if life == 0 {
		life = min(LinkLifeDefault, policy.Most())
	}
	switch {
	case policy.Forbidden:
		return LinkInfo{}, errLinksForbidden
	case !p.Powers.Has(ShareLinks):
		return LinkInfo{}, errMayNotLink
	case w.Name != "" && !goodLabel(w.Name):
		return LinkInfo{}, errBadLabel("A link's name")
	case life < time.Hour || life > policy.Most():
		return LinkInfo{}, faultf("bad_expiry", "A link lives at most %d days here.", int(policy.Most().Hours()/24))
	case policy.Password && w.Password == "":
		return LinkInfo{}, faultf("bad_password", "A link needs a password here.")
	}
	kept := ""
	if w.Password != "" {
		if !utf8.ValidString(w.Password) || utf8.RuneCountInString(w.Password) < MinLinkPassword || len(w.Password) > MaxPassword {
			return LinkInfo{}, faultf("bad_password", "A link's password has at least %d letters and at most %d bytes.", MinLinkPassword, MaxPassword)
		}
		var err error
		if kept, err = s.hasher.hash(ctx, w.Password); err != nil {
			return LinkInfo{}, wrap("link", err)
		}
	}
	info, b, err := s.Board(ctx, p, w.Board, 0)
	if err != nil {
		return LinkInfo{}, err
	}
	if !info.Owns || info.Deleted {
		return LinkInfo{}, faultf("forbidden", "Only %s may open this board to others, while it is not in the bin; save a copy of your own.", info.Owner)
	}
	made, err := ofBoards(p, Narrowing{Provinces: w.Provinces}, b)
	if err != nil {
		return LinkInfo{}, err
	}
	if places := w.Filters.Provinces(); len(places) > 0 && !made.Empty() {
		if made = made.And(aggregator.GrantsOf(aggregator.Scope{Provinces: places}, aggregator.DataSets()...)); made.Empty() {
			return LinkInfo{}, faultf("not_granted", "Nothing of this board is open to you in the provinces to which it is filtered.")
		}
	}
	filters, err := json.Marshal(w.Filters)
	if err != nil {
		return LinkInfo{}, wrap("link", err)
	}
	now := s.now()
	l := LinkInfo{ID: newID(), Name: w.Name, Board: w.Board, Title: info.Title, Maker: p.Name, Filters: w.Filters, Opens: made, Password: kept != "", Created: now.UTC(), Expires: now.Add(life).UTC().Truncate(time.Millisecond)}
	if l.Text, err = s.linkText(ctx, l.ID, l.Expires); err != nil {
		return LinkInfo{}, wrap("link", err)
	}
	return l, wrap("link", s.update(ctx, func(tx *sql.Tx) error {
		var have int
		if err := tx.QueryRowContext(ctx, "SELECT count(*) FROM share_link WHERE board = ? AND revoked_ms IS NULL AND expires_ms > ?", w.Board, now.UnixMilli()).Scan(&have); err != nil {
			return err
		}
		if have >= MaxLinks {
			return faultf("too_many_links", "This board has %d links, and there may be no more; revoke one first.", have)
		}
		if _, err := tx.ExecContext(ctx, "INSERT INTO share_link (id, board, maker, name, filters, grants, password, created_ms, expires_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
			l.ID, w.Board, p.Person, w.Name, string(filters), GrantsText(made), kept, now.UnixMilli(), l.Expires.UnixMilli()); err != nil {
			return err
		}
		return s.record(ctx, tx, p, "board_link_made", p.Name, fmt.Sprintf("link=%s board=%s opens=%s until=%s password=%t", l.ID, w.Board, GrantsText(made), l.Expires.Format(time.DateOnly), l.Password))
	}))
}

// ofBoards is the part of what somebody holds that boards show. Boards without figures
// show nothing of it.
func ofBoards(p Principal, n Narrowing, boards ...*board.Board) (aggregator.Grants, error) {
	var sets []aggregator.DataSet
	for _, b := range boards {
		sets = append(sets, b.DataSets()...)
	}
	if len(sets) == 0 {
		return aggregator.Grants{}, nil
	}
	return n.of(p.Grants.And(aggregator.GrantsOf(aggregator.Scope{All: true}, sets...)))
}

func (s *Settings) readLink(ctx context.Context, id string) (keptLink, error) {
	l, err := scanLink(s.db.QueryRowContext(ctx, linkColumns+" WHERE l.id = ?", id))
	if errors.Is(err, sql.ErrNoRows) {
		return l, errDead // it was made here, but its board is gone
	}
	return l, wrap("link", err)
}

// behind is what a link still opens.
func (s *Settings) behind(ctx context.Context, l *keptLink, policy LinkPolicy) (Shared, error) {
	switch {
	case policy.Forbidden:
		return Shared{}, errLinksForbidden
	case !l.Revoked.IsZero():
		return Shared{}, faultf("link_revoked", "This link was revoked; ask who sent it for another.")
	case !s.now().Before(l.Expires):
		return Shared{}, errLinkExpired(l.Expires)
	case policy.Password && l.password == "":
		return Shared{}, faultf("link_dead", "Links need a password now, and this one has none; ask who sent it for another.")
	}
	d, err := s.shown(ctx, l.maker, ShareLinks, l.Board, l.made)
	d.Door, d.ID, d.Filters, d.Until = DoorLink, l.ID, l.Filters, l.Expires
	return d, err
}

func errLinkExpired(at time.Time) error {
	return faultf("link_expired", "This link ended on %s; ask who sent it for another.", at.In(aggregator.Shanghai).Format("2006-01-02 15:04"))
}

// OpenLink opens a share link by what stands in its address and returns a ticket for
// what is behind it. Each opening is counted, and is a line of the log, as is each wrong
// password.
func (s *Settings) OpenLink(ctx context.Context, text, password string, policy LinkPolicy, from Visitor) (string, Shared, error) {
	inner, ok, err := s.unsealed(ctx, sealLink, text)
	if err != nil {
		return "", Shared{}, wrap("open link", err)
	}
	id, end, _ := strings.Cut(inner, ".")
	ms, err := strconv.ParseInt(end, 36, 64)
	if !ok || err != nil {
		return "", Shared{}, faultf("bad_link", "This link is not whole, or was changed: copy all of it, or ask who sent it.")
	}
	if at := time.UnixMilli(ms); !s.now().Before(at) {
		return "", Shared{}, errLinkExpired(at)
	}
	l, err := s.readLink(ctx, id)
	if err != nil {
		return "", Shared{}, err
	}
	d, err := s.behind(ctx, &l, policy)
	if err != nil {
		return "", Shared{}, err
	}
	stranger := Principal{Name: Stranger, Place: from.Place}
	if l.password != "" {
		if password == "" {
			return "", Shared{}, faultf("link_needs_password", "This link needs a password; who sent it knows it.")
		}
		ok, err := s.hasher.matches(ctx, clipTo(password, MaxPassword+1), l.password)
		if err != nil {
			return "", Shared{}, wrap("open link", err)
		}
		if !ok {
			return "", Shared{}, errors.Join(faultf("link_password_refused", "This is not the password of the link."), s.Note(ctx, stranger, "board_link_refused", d.Maker, "link="+l.ID))
		}
	}
	opened, err := s.issue(ctx, ticket{Door: DoorLink, ID: l.ID, UntilMs: l.Expires.UnixMilli()})
	if err != nil {
		return "", Shared{}, wrap("open link", err)
	}
	err = s.update(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, "UPDATE share_link SET uses = uses + 1, used_ms = ? WHERE id = ?", s.now().UnixMilli(), l.ID); err != nil {
			return err
		}
		return s.record(ctx, tx, stranger, "board_link_opened", d.Maker, "link="+l.ID)
	})
	if err != nil {
		return "", Shared{}, wrap("open link", err)
	}
	return opened, d, nil
}

// Links lists share links, the latest first: of one board, those that who asks made, or
// all if the board is theirs; without a board all that they made, and with all, which
// administrators may ask, everybody's.
func (s *Settings) Links(ctx context.Context, p Principal, boardID string, all bool) ([]LinkInfo, error) {
	if all && !p.Powers.Has(Administer) {
		return nil, errNoAdministrator
	}
	if boardID != "" {
		info, _, err := s.Board(ctx, p, boardID, 0)
		if err != nil {
			return nil, err
		}
		all = info.Owns
	}
	d, err := s.directory(ctx)
	if err != nil {
		return nil, wrap("links", err)
	}
	rows, err := s.db.QueryContext(ctx, linkColumns+" WHERE (?1 = '' OR l.board = ?1) AND (?2 OR l.maker = ?3) ORDER BY l.created_ms DESC, l.id", boardID, all, p.Person)
	if err != nil {
		return nil, wrap("links", err)
	}
	defer func() { _ = rows.Close() }()
	list := []LinkInfo{}
	for rows.Next() {
		l, err := scanLink(rows)
		if err != nil {
			return nil, wrap("links", err)
		}
		if one := d.people[l.maker]; one != nil {
			l.Maker = one.Name
			if holds := d.principal(one); !one.Disabled && holds.Powers.Has(ShareLinks) {
				l.Opens = l.made.And(holds.Grants)
			}
		}
		if l.Text, err = s.linkText(ctx, l.ID, l.Expires); err != nil {
			return nil, wrap("links", err)
		}
		list = append(list, l.LinkInfo)
	}
	return list, wrap("links", rows.Err())
}

// RevokeLink ends a share link for good: who made it may, who owns the board, and
// administrators.
func (s *Settings) RevokeLink(ctx context.Context, p Principal, id string) error {
	if p.By != "" {
		return errNoAdministrator
	}
	return wrap("revoke link", s.update(ctx, func(tx *sql.Tx) error {
		var owner, maker string
		err := tx.QueryRowContext(ctx, "SELECT b.owner, m.name FROM share_link l JOIN board b ON b.id = l.board JOIN person m ON m.id = l.maker WHERE l.id = ?", id).Scan(&owner, &maker)
		if errors.Is(err, sql.ErrNoRows) || err == nil && owner != p.Name && maker != p.Name && !p.Powers.Has(Administer) {
			return faultf("not_found", "You have no link %q.", clip(id))
		}
		if err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, "UPDATE share_link SET revoked_ms = coalesce(revoked_ms, ?) WHERE id = ?", s.now().UnixMilli(), id); err != nil {
			return err
		}
		return s.record(ctx, tx, p, "board_link_revoked", maker, "link="+id)
	}))
}
