package store

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"iptvdc/aggregator"
	"iptvdc/aggregator/c3"
)

// NumberChange says that a subscriber gave up the number Old for New at AtMs.
type NumberChange struct {
	Old, New uint64
	AtMs     int64
}

// Life is a stretch of time in which a number belonged to one subscriber: from
// FromMs (math.MinInt64 in its first life) to before ToMs (Forever in its last).
type Life struct {
	Account      uint64
	FromMs, ToMs int64
	// Root names the subscriber: the smallest name of its lives, of which a
	// number's first has the number itself.
	Root uint64
	// Rank puts a subscriber's lives in the order in which it took the numbers.
	Rank int
}

// Lives says whose the numbers were that changes of numbers speak of, by Account
// and FromMs; every other number is its subscriber's own for ever. days are the
// province's days with a full file, ascending; seen and told what is known of the
// numbers that were given up (of others it may hold anything, of sightings only
// Account, From and To are read). Neither order nor doubles of the input matter.
//
// A number that was given up has a new life from the first moment after it at
// which it is taken into use: it is opened or moves in, is the New of a change,
// or is shown by a full file and was not by the one before. Carriers give numbers
// to other customers later; what is told of a number before that, late, still
// means who had it. A change joins the lives of its two numbers at its moment.
func Lives(days []aggregator.Day, changes []NumberChange, seen []Sighting, told []ChangeRow) []Life {
	changes = slices.Clone(changes)
	slices.SortFunc(changes, func(a, b NumberChange) int {
		return cmp.Or(cmp.Compare(a.AtMs, b.AtMs), cmp.Compare(a.Old, b.Old), cmp.Compare(a.New, b.New))
	})
	numbers := map[uint64][]int{} // their lives
	given := map[uint64][]int64{}
	begun := map[uint64][]int64{}
	for _, c := range changes {
		numbers[c.Old], numbers[c.New] = nil, nil
		given[c.Old] = append(given[c.Old], c.AtMs)
		begun[c.New] = append(begun[c.New], c.AtMs)
	}
	for i := range told {
		if c := &told[i]; given[c.Account] != nil && (c.Op == c3.OpOpen || c.Op == c3.OpMoveIn) {
			begun[c.Account] = append(begun[c.Account], c.AtMs)
		}
	}
	for _, s := range shownAnew(days, seen, given) {
		begun[s.Account] = append(begun[s.Account], s.AtMs())
	}
	var lives []life
	for n := range numbers {
		slices.Sort(begun[n])
		edges := []int64{math.MinInt64}
		for _, gone := range given[n] {
			if i, _ := slices.BinarySearch(begun[n], gone+1); i < len(begun[n]) {
				edges = append(edges, begun[n][i])
			}
		}
		slices.Sort(edges)
		edges = slices.Compact(edges)
		for i, from := range edges {
			to := Forever
			if i+1 < len(edges) {
				to = edges[i+1]
			}
			numbers[n] = append(numbers[n], len(lives))
			lives = append(lives, life{Life: Life{Account: n, FromMs: from, ToMs: to}})
		}
	}
	at := func(number uint64, ms int64) int {
		of := numbers[number]
		return of[slices.IndexFunc(of, func(l int) bool { return lives[l].FromMs <= ms && ms < lives[l].ToMs })]
	}
	for _, c := range changes {
		old, now := at(c.Old, c.AtMs), at(c.New, c.AtMs)
		lives[old].near, lives[now].near = append(lives[old].near, now), append(lives[now].near, old)
		lives[now].tookMs = max(lives[now].tookMs, c.AtMs)
	}
	return joinLives(lives)
}

type life struct {
	Life
	tookMs int64 // when it was last the New of a change
	near   []int
	done   bool
}

// name is the life's: its number's, if it is the first.
func (l *life) name() uint64 {
	if l.FromMs == math.MinInt64 {
		return l.Account
	}
	return aggregator.TextKey(fmt.Sprintf("%016x since %d", l.Account, l.FromMs))
}

// joinLives puts lives that changes join under one root.
func joinLives(lives []life) []Life {
	out := make([]Life, 0, len(lives))
	for i := range lives {
		if lives[i].done {
			continue
		}
		lives[i].done = true
		members := []int{i}
		root := lives[i].name()
		for m := 0; m < len(members); m++ {
			for _, other := range lives[members[m]].near {
				if !lives[other].done {
					lives[other].done = true
					members = append(members, other)
					root = min(root, lives[other].name())
				}
			}
		}
		slices.SortFunc(members, func(a, b int) int {
			a0, b0 := &lives[a], &lives[b]
			return cmp.Or(cmp.Compare(a0.tookMs, b0.tookMs), cmp.Compare(a0.FromMs, b0.FromMs), cmp.Compare(a0.Account, b0.Account))
		})
		for rank, m := range members {
			lives[m].Root, lives[m].Rank = root, rank
			out = append(out, lives[m].Life)
		}
	}
	slices.SortFunc(out, func(a, b Life) int {
		return cmp.Or(cmp.Compare(a.Account, b.Account), cmp.Compare(a.FromMs, b.FromMs))
	})
	return out
}

// AtMs is the moment of which the sighting's first full file speaks: by it the
// sighting belongs to a Life.
func (s *Sighting) AtMs() int64 { return endOf(s.From) - 1 }

// shownAnew are the sightings whose account the full file before did not show.
func shownAnew(days []aggregator.Day, seen []Sighting, of map[uint64][]int64) []Sighting {
	f := fold{days: days}
	type shown struct {
		account uint64
		day     aggregator.Day
	}
	last := map[shown]bool{}
	for i := range seen {
		if of[seen[i].Account] != nil {
			last[shown{seen[i].Account, seen[i].To}] = true
		}
	}
	var anew []Sighting
	for i := range seen {
		if of[seen[i].Account] == nil {
			continue
		}
		if prev, ok := f.before(seen[i].From); !ok || !last[shown{seen[i].Account, prev}] {
			anew = append(anew, seen[i])
		}
	}
	return anew
}
