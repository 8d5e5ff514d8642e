package courier

import (
	"maps"
	"sync"

	"iptvdc/aggregator"
)

// Stats is what a Courier did since New, and what waits.
type Stats struct {
	Commands  map[aggregator.Province]CommandCounts
	Relations map[aggregator.Province]RelationCounts
	// Groups is how many commits made the accepted relations durable.
	Groups uint64
	// Damaged counts relations that were unreadable on disk and set aside.
	Damaged uint64
	// Pruned are commands and relations that were forgotten because their time
	// was over.
	PrunedCommands, PrunedRelations uint64
}

// CommandCounts counts a province's commands, by what happened to them.
type CommandCounts struct {
	Told    uint64 // came, repeats included
	Queued  uint64 // of these: kept
	Fetched uint64 // their catalogue is here
	Retried uint64 // tries of fetching or taking in that failed and are repeated
	Done    uint64 // their catalogue is in
	Failed  uint64 // given up, or their catalogue was refused
	// Results: told to their sender; tries that failed; given up.
	Delivered, Undelivered, GivenUp uint64
	// Fetching and Telling are how many wait to be fetched and taken in, and for
	// their sender to be told.
	Fetching, Telling int
}

// RelationCounts counts a province's order relations. Those that were refused
// never came here: soap.Server counts them.
type RelationCounts struct {
	Accepted, Repeated uint64
	Waiting            int // kept and not yet in
}

// counters are safe for concurrent use.
type counters struct {
	mu sync.Mutex
	s  Stats
}

func newCounters() *counters {
	return &counters{s: Stats{Commands: map[aggregator.Province]CommandCounts{}, Relations: map[aggregator.Province]RelationCounts{}}}
}

func (n *counters) command(province string, change func(*CommandCounts)) {
	p, _ := aggregator.ParseProvince(province) // 0 if it is none; then that is its row
	n.mu.Lock()
	defer n.mu.Unlock()
	c := n.s.Commands[p]
	change(&c)
	n.s.Commands[p] = c
}

func (n *counters) relation(p aggregator.Province, change func(*RelationCounts)) {
	n.mu.Lock()
	defer n.mu.Unlock()
	c := n.s.Relations[p]
	change(&c)
	n.s.Relations[p] = c
}

func (n *counters) group() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.s.Groups++
}

func (n *counters) damage(lines int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.s.Damaged += uint64(lines)
}

func (n *counters) pruned(commands, relations int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.s.PrunedCommands += uint64(commands)
	n.s.PrunedRelations += uint64(relations)
}

// Stats returns the counters.
func (k *Courier) Stats() Stats {
	waiting := map[aggregator.Province][2]int{}
	k.mu.Lock()
	for _, c := range k.waiting {
		p, _ := aggregator.ParseProvince(c.Province)
		n := waiting[p]
		if c.State == stateNew {
			n[0]++
		} else {
			n[1]++
		}
		waiting[p] = n
	}
	k.mu.Unlock()
	k.stats.mu.Lock()
	defer k.stats.mu.Unlock()
	out := k.stats.s
	out.Commands, out.Relations = maps.Clone(out.Commands), maps.Clone(out.Relations)
	for p, n := range waiting {
		c := out.Commands[p]
		c.Fetching, c.Telling = n[0], n[1]
		out.Commands[p] = c
	}
	return out
}
