package provision

import (
	"context"
	"database/sql"
	"encoding/json"
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

// holdersSQL is all but what {where} says, ordered by {order}. The end is that of the key
// in use: the same key may have got its certificate again.
const holdersSQL = `SELECT b.box, b.serial, b.claim, b.province, b.key, b.public, b.next, b.next_public, b.made_ms, b.claimed_ms, b.revoked_ms, b.why, b.allowed_ms,
	(SELECT max(c.until_ms) FROM certificate c WHERE c.key = b.key AND c.box = b.box) AS until_ms
	FROM box b WHERE {where} ORDER BY {order} LIMIT ?`

// Holders lists boxes: the latest claimed first, of those that end soon the soonest.
func (r *Registry) Holders(ctx context.Context, q HolderQuery) ([]Holder, error) {
	if q.Scope.Empty() {
		return []Holder{}, nil // empty means none, never all
	}
	where, order, args := []string{"true"}, "b.claimed_ms DESC, b.box", []any{}
	and := func(text string, values ...any) { where, args = append(where, text), append(args, values...) }
	if !q.Scope.All {
		provinces, err := json.Marshal(numbers(q.Scope.Provinces))
		if err != nil {
			return nil, wrap("holders", err)
		}
		and("b.province IN (SELECT value FROM json_each(?))", string(provinces))
	}
	if q.Search != "" {
		end := q.Search + "\x7f" // ids and serials are printable ASCII
		and("(b.box >= ? AND b.box < ? OR b.serial >= ? AND b.serial < ?)", q.Search, end, q.Search, end)
	}
	switch q.State {
	case HoldersGood:
		and("b.revoked_ms IS NULL")
	case HoldersRevoked:
		and("b.revoked_ms IS NOT NULL")
	case HoldersSuspect:
		and("b.box IN (SELECT box FROM suspect)")
	case HoldersEnding:
		soon := r.config.Now().Add(EndsSoon).UnixMilli()
		and("b.revoked_ms IS NULL AND b.box IN (SELECT box FROM certificate WHERE until_ms < ?) AND until_ms < ?", soon, soon)
		order = "until_ms, b.box"
	}
	rows, err := r.db.QueryContext(ctx, strings.NewReplacer("{where}", strings.Join(where, " AND "), "{order}", order).Replace(holdersSQL), append(args, q.Limit)...)
	if err != nil {
		return nil, wrap("holders", err)
	}
	defer func() { _ = rows.Close() }()
	all, place := []Holder{}, map[string]int{}
	for rows.Next() {
		var b boxRow
		var until sql.NullInt64
		if err := b.scan(beside{rows, &until}); err != nil {
			return nil, wrap("holders", err)
		}
		place[b.box] = len(all)
		all = append(all, Holder{BoxState: b.state(), Until: at(until)})
	}
	if err := rows.Err(); err != nil {
		return nil, wrap("holders", err)
	}
	return all, wrap("holders", r.signsOf(ctx, all, place))
}

// signsOf tells of each box what gave it away.
func (r *Registry) signsOf(ctx context.Context, all []Holder, at map[string]int) error {
	names := make([]string, 0, len(at))
	for box := range at {
		names = append(names, box)
	}
	list, err := json.Marshal(names)
	if err != nil {
		return err
	}
	suspects, err := r.suspects(ctx, "WHERE box IN (SELECT value FROM json_each(?1)) ORDER BY last_ms DESC", string(list))
	for _, s := range suspects {
		n := at[s.Box]
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

func numbers(all []aggregator.Province) []int {
	out := make([]int, len(all))
	for n, p := range all {
		out[n] = int(p)
	}
	return out
}
