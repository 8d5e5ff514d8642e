package duckdb

import (
	"cmp"
	_ "embed"
	"fmt"
	"slices"

	"iptvdc/aggregator"
	"iptvdc/aggregator/c3"
	"iptvdc/aggregator/store"
)

//go:embed sql/fold.sql
var foldSQL string

//go:embed sql/stock.sql
var stockSQL string

//go:embed sql/moved.sql
var movedSQL string

// fold makes the books of the touched subscribers anew. What the opening stock
// stands like, SQL says; every other book store.Fold makes.
func (a *applying) fold(renumbered bool) error {
	w, p := a.w, a.file.Province
	for _, table := range []string{"other_root (root UBIGINT)", "renumbered (account UBIGINT)"} {
		if err := w.exec("CREATE OR REPLACE TEMP TABLE " + table); err != nil {
			return err
		}
	}
	if err := w.exec("CREATE TEMP TABLE IF NOT EXISTS touched_account (account UBIGINT)"); err != nil {
		return err
	}
	opening := a.file.Feed == c3.FeedSubscribers && a.prev == noDay
	if !renumbered {
		var err error
		if renumbered, err = a.givenUp(opening); err != nil {
			return fmt.Errorf("numbers: %w", err)
		}
	}
	if renumbered {
		if err := a.chains(); err != nil {
			return fmt.Errorf("numbers: %w", err)
		}
	}
	if opening {
		if err := a.openStock(); err != nil {
			return fmt.Errorf("opening stock: %w", err)
		}
	}
	if err := w.runScript(foldSQL, map[string]any{"p": uint8(p)}); err != nil {
		return err
	}
	n, err := w.number("SELECT count(*) FROM touched")
	if err != nil {
		return err
	}
	parts := n/a.part + 1
	for part := range parts {
		if err := a.foldPart(fmt.Sprintf("root %% %d = %d", parts, part)); err != nil {
			return err
		}
	}
	return w.runScript(movedSQL, map[string]any{"p": uint8(p), "all": opening})
}

// openStock writes the standings and flows of the opening stock, and leaves the
// others to be folded. Who is in it and stood otherwise before did so because
// this full file came later than the one of the day after it.
func (a *applying) openStock() error {
	start := a.file.Day.Start()
	if err := a.w.runScript(stockSQL, map[string]any{"p": uint8(a.file.Province), "day": int32(a.file.Day), "start": start, "end": endOf(a.file.Day)}); err != nil {
		return err
	}
	since, err := a.w.number(fmt.Sprintf("SELECT coalesce(min(from_ms), %d) FROM stock WHERE plain", store.Forever))
	a.sinceMs = min(a.sinceMs, since)
	return err
}

// book is what is known of a subscriber, and how it stood before.
type book struct {
	seen      []store.Sighting
	changes   []store.ChangeRow
	standings []store.Standing
	flows     []store.Flow
}

// foldPart folds the subscribers that a condition on root chooses.
func (a *applying) foldPart(which string) error {
	w, p := a.w, a.file.Province
	books := map[uint64]*book{}
	of := func(root uint64) *book {
		b := books[root]
		if b == nil {
			b = &book{}
			books[root] = b
		}
		return b
	}
	if err := a.readKnown(which, of); err != nil {
		return err
	}
	if err := a.readBefore(which, of); err != nil {
		return err
	}
	type rooted[T any] struct {
		root uint64
		is   T
	}
	var standings []rooted[store.Standing]
	var flows []rooted[store.Flow]
	var moved []rooted[int64]
	for root, b := range books {
		spans, moves := store.Fold(a.days, b.seen, b.changes)
		if since := firstChange(b, spans, moves); since != store.Forever {
			moved = append(moved, rooted[int64]{root, since})
			a.sinceMs = min(a.sinceMs, since)
		}
		for _, s := range spans {
			standings = append(standings, rooted[store.Standing]{root, s})
		}
		for _, f := range moves {
			flows = append(flows, rooted[store.Flow]{root, f})
		}
	}
	if err := w.append("moved", len(moved), []column{
		fixed(moved, func(r *rooted[int64]) uint64 { return r.root }), fixed(moved, func(r *rooted[int64]) int64 { return r.is }),
	}); err != nil {
		return err
	}
	if err := w.append("standing", len(standings), []column{same(uint8(p)),
		fixed(standings, func(r *rooted[store.Standing]) uint64 { return r.root }),
		fixed(standings, func(r *rooted[store.Standing]) int64 { return r.is.FromMs }),
		fixed(standings, func(r *rooted[store.Standing]) int64 { return r.is.ToMs }),
		fixed(standings, func(r *rooted[store.Standing]) uint8 { return uint8(r.is.State) }),
		fixed(standings, func(r *rooted[store.Standing]) uint8 { return uint8(r.is.Reason) }),
		fixed(standings, func(r *rooted[store.Standing]) uint16 { return uint16(r.is.City) }),
		fixed(standings, func(r *rooted[store.Standing]) uint64 { return r.is.Product }),
		fixed(standings, func(r *rooted[store.Standing]) uint64 { return r.is.STB }),
		fixed(standings, func(r *rooted[store.Standing]) uint64 { return r.is.Net }),
		fixed(standings, func(r *rooted[store.Standing]) int64 { return r.is.OpenMs }),
	}); err != nil {
		return err
	}
	return w.append("flow", len(flows), []column{same(uint8(p)),
		fixed(flows, func(r *rooted[store.Flow]) uint64 { return r.root }),
		fixed(flows, func(r *rooted[store.Flow]) int64 { return r.is.AtMs }),
		fixed(flows, func(r *rooted[store.Flow]) uint8 { return uint8(r.is.Kind) }),
		fixed(flows, func(r *rooted[store.Flow]) uint16 { return uint16(r.is.City) }),
		fixed(flows, func(r *rooted[store.Flow]) uint8 { return uint8(r.is.From) }),
		fixed(flows, func(r *rooted[store.Flow]) uint8 { return uint8(r.is.To) }),
		fixed(flows, func(r *rooted[store.Flow]) bool { return r.is.Shown }),
	})
}

// readKnown reads sightings and changes.
func (a *applying) readKnown(which string, of func(uint64) *book) error {
	err := a.w.query("FROM known WHERE "+which, func(pg page) error {
		root, rank, account, from, to := values[uint64](pg, 0), values[int32](pg, 1), values[uint64](pg, 2), values[int32](pg, 3), values[int32](pg, 4)
		state, reason, city := values[uint8](pg, 5), values[uint8](pg, 6), values[uint16](pg, 7)
		open, suspend, cancel := values[int64](pg, 8), values[int64](pg, 9), values[int64](pg, 10)
		product, stb, net := values[uint64](pg, 11), values[uint64](pg, 12), values[uint64](pg, 13)
		for i := range root {
			b := of(root[i])
			b.seen = append(b.seen, sightingOf(from[i], to[i], rank[i], store.SubscriberRow{Account: account[i], State: c3.State(state[i]), Reason: c3.Reason(reason[i]),
				City: cityOf(city[i]), OpenMs: open[i], SuspendMs: suspend[i], CancelMs: cancel[i], Product: product[i], STB: stb[i], Net: net[i]}))
		}
		return nil
	})
	if err != nil {
		return err
	}
	return a.w.query("FROM told WHERE "+which, func(pg page) error {
		root, account, op, at := values[uint64](pg, 0), values[uint64](pg, 1), values[uint8](pg, 2), values[int64](pg, 3)
		reason, city, before, after := values[uint8](pg, 4), values[uint16](pg, 5), values[uint64](pg, 6), values[uint64](pg, 7)
		for i := range root {
			b := of(root[i])
			b.changes = append(b.changes, store.ChangeRow{Account: account[i], Op: c3.Op(op[i]), AtMs: at[i], Reason: c3.Reason(reason[i]),
				City: cityOf(city[i]), Old: before[i], New: after[i]})
		}
		return nil
	})
}

// readBefore reads how subscribers stood before.
func (a *applying) readBefore(which string, of func(uint64) *book) error {
	err := a.w.query("SELECT root, from_ms, to_ms, state, reason, city, product, stb, net, open_ms FROM old_standing WHERE "+which, func(pg page) error {
		root, from, to := values[uint64](pg, 0), values[int64](pg, 1), values[int64](pg, 2)
		state, reason, city := values[uint8](pg, 3), values[uint8](pg, 4), values[uint16](pg, 5)
		product, stb, net, open := values[uint64](pg, 6), values[uint64](pg, 7), values[uint64](pg, 8), values[int64](pg, 9)
		for i := range root {
			b := of(root[i])
			b.standings = append(b.standings, store.Standing{FromMs: from[i], ToMs: to[i], State: c3.State(state[i]), Reason: c3.Reason(reason[i]),
				City: cityOf(city[i]), Product: product[i], STB: stb[i], Net: net[i], OpenMs: open[i]})
		}
		return nil
	})
	if err != nil {
		return err
	}
	return a.w.query("SELECT root, at_ms, kind, city, from_state, to_state, shown FROM old_flow WHERE "+which, func(pg page) error {
		root, at, kind, city := values[uint64](pg, 0), values[int64](pg, 1), values[uint8](pg, 2), values[uint16](pg, 3)
		from, to, shown := values[uint8](pg, 4), values[uint8](pg, 5), values[bool](pg, 6)
		for i := range root {
			b := of(root[i])
			b.flows = append(b.flows, store.Flow{AtMs: at[i], Kind: store.FlowKind(kind[i]), City: cityOf(city[i]), From: c3.State(from[i]), To: c3.State(to[i]), Shown: shown[i]})
		}
		return nil
	})
}

// firstChange returns the first moment at which a book is other than before;
// Forever if it is not.
func firstChange(was *book, spans []store.Standing, flows []store.Flow) int64 {
	slices.SortFunc(was.standings, func(a, b store.Standing) int { return cmp.Compare(a.FromMs, b.FromMs) })
	since := store.Forever
	for i := range max(len(spans), len(was.standings)) {
		if i < min(len(spans), len(was.standings)) {
			old, now := was.standings[i], spans[i]
			if old == now {
				continue
			}
			since = min(old.ToMs, now.ToMs) // if but the end is another
			if now.ToMs = old.ToMs; old != now {
				since = min(old.FromMs, now.FromMs)
			}
		} else if i < len(spans) {
			since = spans[i].FromMs
		} else {
			since = was.standings[i].FromMs
		}
		break
	}
	flows = slices.Clone(flows)
	slices.SortFunc(flows, orderOfFlows)
	slices.SortFunc(was.flows, orderOfFlows)
	for i := range max(len(flows), len(was.flows)) {
		switch {
		case i >= len(flows):
			return min(since, was.flows[i].AtMs)
		case i >= len(was.flows):
			return min(since, flows[i].AtMs)
		case flows[i] != was.flows[i]:
			return min(since, flows[i].AtMs, was.flows[i].AtMs)
		}
	}
	return since
}

func orderOfFlows(a, b store.Flow) int {
	return cmp.Or(cmp.Compare(a.AtMs, b.AtMs), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.City, b.City),
		cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To))
}

// The schema has them as plain numbers.
func cityOf(n uint16) aggregator.City { return aggregator.City(n) }

func sightingOf(from, to, rank int32, r store.SubscriberRow) store.Sighting {
	return store.Sighting{From: aggregator.Day(from), To: aggregator.Day(to), Rank: int(rank), SubscriberRow: r}
}
