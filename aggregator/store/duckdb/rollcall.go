package duckdb

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/binary"
	"fmt"
	"math/bits"
	"slices"

	"iptvdc/aggregator"
	"iptvdc/aggregator/store"
)

// Counting from rolls: of each group the bits of every stretch between the edges
// of spans are joined; a span is then the union of its stretches, and its boxes
// are the bits in it.

// pageWords is how many words of one stretch lie together. Pages without a bit take
// no room.
const pageWords = 64

// rollGroups is by how many columns boxes are counted from rolls at most: more than
// any fact with rolls has.
const rollGroups = 8

// byRolls reports whether q's boxes are counted from rolls, which know all but the
// boxes one by one and what each is.
func byRolls(q *store.Query) bool {
	return slices.Contains(rolledFacts, q.Fact) && !q.Asks(store.ColBox) && !q.Asks(store.ColModel) && len(q.GroupBy) <= rollGroups
}

// apartByRolls takes q apart into what rolls answer and what statements do; a part
// without values is nil.
func apartByRolls(q *store.Query) (called, rest *store.Query) {
	if !byRolls(q) || !slices.ContainsFunc(q.Values, countsBoxes) {
		return nil, q
	}
	called = &store.Query{}
	*called = *q
	called.Values = nil
	others := *q
	others.Values, others.Limit = nil, 0
	for _, v := range q.Values {
		if countsBoxes(v) {
			called.Values = append(called.Values, v)
		} else {
			others.Values = append(others.Values, v)
		}
	}
	if len(others.Values) > 0 {
		rest = &others
	}
	return called, rest
}

// rollSQL selects the rolls that q needs: period, groups, and of each measure the
// words. Days after the settled one are made of their hours.
func rollSQL(q *store.Query, settled aggregator.Day) string {
	shape := store.ShapeOf(q.Fact)
	asked := joinWith(measures(q, countsBoxes), ", ")
	places := joinWith(placed(shape), ", ")
	first, last := bounds(q)
	one := func(grain, period string, from, to int64) string {
		return fmt.Sprintf("SELECT %s AS period, %s, %s FROM %s WHERE period >= %d AND period < %d%s",
			period, places, asked, rollTable(shape, grain), from, to, conditions(q, "period", grain == "hour"))
	}
	var parts []string
	switch open := max(first, int64(settled)+1); {
	case q.Hourly:
		parts = append(parts, one("hour", "period", first, last))
	default:
		if first < open {
			parts = append(parts, one("day", "period", first, min(last, open)))
		}
		if open < last {
			parts = append(parts, one("hour", "period // 24", open*24, last*24))
		}
	}
	columns := append([]string{"period"}, groupColumns(q)...)
	return fmt.Sprintf("SELECT %s, %s FROM (%s)", joinWith(columns, ", "), asked, joinWith(parts, "\nUNION ALL "))
}

// roll is who had one measure in one group, in each stretch. A page has pageWords
// words of each stretch, one stretch after the other.
type roll [][]uint64

// add sets the bits of a row in a stretch.
func (r *roll) add(words []byte, offset uint32, stretch, stretches int) error {
	if len(words)%12 != 0 {
		return fmt.Errorf("a roll of %d bytes is no list of words", len(words))
	}
	for ; len(words) > 0; words = words[12:] {
		word := binary.BigEndian.Uint32(words) + offset
		n := int(word / pageWords)
		if n >= len(*r) {
			*r = append(*r, make([][]uint64, n+1-len(*r))...)
		}
		page := (*r)[n]
		if page == nil {
			page = make([]uint64, stretches*pageWords)
			(*r)[n] = page
		}
		page[stretch*pageWords+int(word%pageWords)] |= binary.BigEndian.Uint64(words[4:])
	}
	return nil
}

// count adds to counts[i] the boxes of the stretches from spans[i].from up to but
// not with spans[i].to.
func (r roll) count(spans []stretches, counts []int64) {
	longest := 0
	for _, s := range spans {
		longest = max(longest, s.to-s.from)
	}
	for _, page := range r {
		if page == nil {
			continue
		}
		// unions[k] has the union of 2^k stretches from each one on: two of them
		// cover any span.
		unions := [][]uint64{page}
		for size := 1; size*2 <= longest; size *= 2 {
			half := unions[len(unions)-1]
			whole := make([]uint64, len(half)-size*pageWords)
			for i := range whole {
				whole[i] = half[i] | half[i+size*pageWords]
			}
			unions = append(unions, whole)
		}
		for i, s := range spans {
			if s.from >= s.to {
				continue
			}
			k := bits.Len(uint(s.to-s.from)) - 1
			begin, end := s.from*pageWords, (s.to-1<<k)*pageWords
			a, b := unions[k][begin:begin+pageWords], unions[k][end:end+pageWords]
			n := 0
			for w := range a {
				n += bits.OnesCount64(a[w] | b[w])
			}
			counts[i] += int64(n)
		}
	}
}

// stretches are those from..to-1.
type stretches struct{ from, to int }

// cut returns the edges of the spans, rising, and each span as stretches between
// them: stretch i is from edges[i] up to but not with edges[i+1].
func cut(spans []store.Span) (edges []int32, cuts []stretches) {
	for _, p := range spans {
		if p.From < p.To {
			edges = append(edges, p.From, p.To)
		}
	}
	slices.Sort(edges)
	edges = slices.Compact(edges)
	cuts = make([]stretches, len(spans))
	for i, p := range spans {
		if p.From < p.To {
			cuts[i].from, _ = slices.BinarySearch(edges, p.From)
			cuts[i].to, _ = slices.BinarySearch(edges, p.To)
		}
	}
	return edges, cuts
}

// callRolls answers q, which counts boxes alone.
func callRolls(ctx context.Context, tx *sql.Tx, q *store.Query, settled aggregator.Day) ([]store.Row, error) {
	rows, err := tx.QueryContext(ctx, rollSQL(q, settled))
	if err != nil {
		return nil, fmt.Errorf("store: query: %w", err)
	}
	defer rows.Close()
	asked := measures(q, countsBoxes)
	edges, cuts := cut(q.Spans)
	found := map[[rollGroups]uint64][]roll{} // of each measure asked for
	var period int32
	var key [rollGroups]uint64
	words := make([]sql.RawBytes, len(asked))
	into := []any{&period}
	for i := range q.GroupBy {
		into = append(into, &key[i])
	}
	for i := range words {
		into = append(into, &words[i])
	}
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return nil, fmt.Errorf("store: query: %w", err)
		}
		stretch, on := slices.BinarySearch(edges, period)
		if !on {
			stretch--
		}
		rolls := found[key]
		if rolls == nil {
			rolls = make([]roll, len(asked))
			found[key] = rolls
		}
		for i := range words {
			if err := rolls[i].add(words[i], apart(period), stretch, len(edges)-1); err != nil {
				return nil, fmt.Errorf("store: query: %w", err)
			}
		}
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("store: query: %w", err)
	}
	var out []store.Row
	for key, rolls := range found {
		counts := make([][]int64, len(asked))
		for i := range rolls {
			counts[i] = make([]int64, len(q.Spans))
			rolls[i].count(cuts, counts[i])
		}
		for span := range q.Spans {
			r := store.Row{Span: span, Group: slices.Clone(key[:len(q.GroupBy)]), Values: make([]int64, len(q.Values))}
			for i, v := range q.Values {
				r.Values[i] = counts[slices.Index(asked, v.Measure)][span]
			}
			out = append(out, r)
		}
	}
	return out, nil
}

// together puts the answers of called and rest side by side, as q has it.
func together(q *store.Query, called, rest []store.Row) []store.Row {
	type place struct {
		span int
		key  [rollGroups]uint64
	}
	at := map[place]int{}
	var all []store.Row
	add := func(rows []store.Row, of func(store.Value) bool) {
		for _, r := range rows {
			p := place{span: r.Span}
			copy(p.key[:], r.Group)
			n, there := at[p]
			if !there {
				n = len(all)
				at[p] = n
				all = append(all, store.Row{Span: r.Span, Group: r.Group, Values: make([]int64, len(q.Values))})
			}
			next := 0
			for i, v := range q.Values {
				if of(v) {
					all[n].Values[i] = r.Values[next]
					next++
				}
			}
		}
	}
	add(called, countsBoxes)
	add(rest, func(v store.Value) bool { return !countsBoxes(v) })
	all = slices.DeleteFunc(all, func(r store.Row) bool {
		return !slices.ContainsFunc(r.Values, func(n int64) bool { return n != 0 })
	})
	if q.Limit > 0 {
		slices.SortFunc(all, func(a, b store.Row) int {
			return cmp.Or(cmp.Compare(b.Values[0], a.Values[0]), slices.Compare(a.Group, b.Group), cmp.Compare(a.Span, b.Span))
		})
		all = all[:min(q.Limit, len(all))]
	}
	slices.SortFunc(all, func(a, b store.Row) int {
		return cmp.Or(cmp.Compare(a.Span, b.Span), slices.Compare(a.Group, b.Group))
	})
	return all
}
