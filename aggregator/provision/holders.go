package provision

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"iptvdc/aggregator"
)

// HolderState narrows a list of boxes.
type HolderState string

// What boxes may be asked for.
const (
	HoldersAll     HolderState = ""
	HoldersGood    HolderState = "good"    // not revoked
	HoldersEnding  HolderState = "ending"  // whose certificate ends within EndsSoon, or has ended; not revoked
	HoldersRevoked HolderState = "revoked" //
	HoldersSuspect HolderState = "suspect" // of which there may be two
)

// HolderStates lists them, but for HoldersAll.
func HolderStates() []HolderState {
	return []HolderState{HoldersGood, HoldersEnding, HoldersRevoked, HoldersSuspect}
}

// EndsSoon is how long before its end a certificate is worth a look: a box that works
// renews it when a third of its life is left, which is 120 days of a year.
const EndsSoon = 30 * 24 * time.Hour

// HolderQuery says which boxes are wanted, by whom. Boxes whose province is not known
// (put back from a backup, revoked before they came) are for readers of all provinces.
type HolderQuery struct {
	// Scope is the reader's; an empty one has nothing.
	Scope aggregator.Scope
	// Search begins a serial or the id of a box; "": any.
	Search string
	State  HolderState
	Limit  int // > 0
}

// Holder is a box with what matters of its certificate.
type Holder struct {
	BoxState           // without Certificates, Refusals and Suspects
	Until    time.Time // of the certificate that counts; zero: it has none
	Signs    []Suspect // that there may be two of it, the latest first
}

// holdersSQL is all but what {where} says, ordered by {order}.
const holdersSQL = `SELECT b.box, b.serial, b.claim, b.province, b.key, b.public, b.next, b.next_public, b.made_ms, b.claimed_ms, b.revoked_ms, b.why, b.allowed_ms, b.until_ms
	FROM box b WHERE {where} ORDER BY {order} LIMIT ?`

// Holders lists boxes: the latest claimed first, of those that end soon the soonest.
func (r *Registry) Holders(ctx context.Context, q HolderQuery) ([]Holder, error) {
	all := []Holder{}
	if q.Scope.All {
		got, err := r.holders(ctx, q, 0)
		if err != nil {
			return nil, wrap("holders", err)
		}
		all = got
	}
	for _, p := range q.Scope.Provinces { // each in the order of an index, however few boxes it has
		if q.Scope.All {
			break
		}
		got, err := r.holders(ctx, q, p)
		if err != nil {
			return nil, wrap("holders", err)
		}
		all = append(all, got...)
	}
	slices.SortStableFunc(all, func(a, b Holder) int {
		if q.State == HoldersEnding {
			return cmp.Or(a.Until.Compare(b.Until), cmp.Compare(a.Box, b.Box))
		}
		return cmp.Or(b.Claimed.Compare(a.Claimed), cmp.Compare(a.Box, b.Box))
	})
	all = all[:min(len(all), q.Limit)]
	return all, wrap("holders", r.signsOf(ctx, all))
}

// holders lists those of one province, 0: of all. A + keeps SQLite from an index: what
// bounds the boxes most is to be looked up first, and the order made of what is left.
func (r *Registry) holders(ctx context.Context, q HolderQuery, p aggregator.Province) ([]Holder, error) {
	where, order, args := []string{"true"}, "+b.claimed_ms DESC, b.box", []any{}
	and := func(text string, values ...any) { where, args = append(where, text), append(args, values...) }
	if q.Search != "" {
		end := q.Search + "\x7f" // ids and serials are printable ASCII
		and("(b.box >= ? AND b.box < ? OR b.serial >= ? AND b.serial < ?)", q.Search, end, q.Search, end)
	}
	few := q.Search != "" // an index finds few boxes; the rest is looked at one by one
	switch q.State {
	case HoldersGood:
		and("+b.revoked_ms IS NULL")
	case HoldersRevoked:
		and("b.box IN (SELECT box FROM box WHERE revoked_ms IS NOT NULL)")
		few = true
	case HoldersSuspect:
		and("b.box IN (SELECT box FROM suspect)")
		few = true
	case HoldersEnding:
		and("b.revoked_ms IS NULL AND b.until_ms < ?", r.config.Now().Add(EndsSoon).UnixMilli())
		few, order = true, "b.until_ms, b.box"
	}
	if p != 0 {
		text := "b.province = ?"
		if few {
			text = "+" + text
		}
		and(text, int(p))
	}
	if !few {
		order = "b.claimed_ms DESC, b.box" // of an index
	}
	rows, err := r.db.QueryContext(ctx, strings.NewReplacer("{where}", strings.Join(where, " AND "), "{order}", order).Replace(holdersSQL), append(args, q.Limit)...)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var all []Holder
	for rows.Next() {
		var b boxRow
		var until sql.NullInt64
		if err := b.scan(beside{rows, &until}); err != nil {
			return nil, err
		}
		all = append(all, Holder{BoxState: b.state(), Until: at(until)})
	}
	return all, rows.Err()
}

// Ending counts the boxes whose certificate ends within EndsSoon and has not ended: a
// box that works has renewed it long before, so these are switched off or fail to. It
// reads one stretch of an index.
func (r *Registry) Ending(ctx context.Context) (n int, err error) {
	now := r.config.Now()
	err = r.db.QueryRowContext(ctx, "SELECT count(*) FROM box WHERE revoked_ms IS NULL AND until_ms >= ? AND until_ms < ?",
		now.UnixMilli(), now.Add(EndsSoon).UnixMilli()).Scan(&n)
	if err != nil {
		r.stats.Failures.Add(1)
	}
	return n, wrap("ending", err)
}

// signsOf tells of each box what gave it away.
func (r *Registry) signsOf(ctx context.Context, all []Holder) error {
	names, place := make([]string, len(all)), map[string]int{}
	for n := range all {
		names[n], place[all[n].Box] = all[n].Box, n
	}
	list, err := json.Marshal(names)
	if err != nil {
		return err
	}
	suspects, err := r.suspects(ctx, "WHERE box IN (SELECT value FROM json_each(?1)) ORDER BY last_ms DESC", string(list))
	for _, s := range suspects {
		n := place[s.Box]
		all[n].Signs = append(all[n].Signs, s)
	}
	return err
}

// beside scans what stands behind the columns that a row knows of.
type beside struct {
	rows *sql.Rows
	more any
}

func (b beside) Scan(to ...any) error { return b.rows.Scan(append(to, b.more)...) }
