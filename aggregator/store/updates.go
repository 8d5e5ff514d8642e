package store

import (
	"strings"

	"iptvdc/aggregator"
	"iptvdc/protocol"
)

// UpdateQuery asks which agents boxes run and what became of one update of theirs,
// worked out of their running events about agents alone [P-10.5].
//
// Later means the same as in Runs. A box is where its latest of these events was. The
// scope decides which events are looked at, Province which boxes are told of.
type UpdateQuery struct {
	// AllProvinces or Provinces is the reader's scope; both empty: nothing.
	AllProvinces bool
	Provinces    []aggregator.Province

	Province aggregator.Province // 0: any
	// Version is the update; 0: only what runs is asked for.
	Version uint64
	// Limit, if > 0, bounds the rows: those of most boxes are kept (ties: the first in
	// order).
	Limit int
}

// UpdateCount is how many boxes told the same last. Rows come by Province, Agent,
// Runs, State, Why.
type UpdateCount struct {
	Province aggregator.Province
	Agent    string // protocol.AgentText; "": it never told
	Runs     uint64 // version that runs as an update; 0: the image's own
	// State is the latest of offered, downloaded, good, rolled_back and update_refused
	// that was told of the update, 0 if none was; Why comes with it.
	State uint8
	Why   string
	Boxes int64
}

// AgentOf takes the text of an agent apart [P-10.5].
func AgentOf(text string) (agent, build, model string) {
	field := strings.Fields(text)
	for len(field) < 3 {
		field = append(field, "-")
	}
	return field[0], field[1], field[2]
}

// AgentWord is the version in the text of an agent, "" if it tells none [P-3.13].
func AgentWord(text string) string {
	if agent, _, _ := AgentOf(text); protocol.IsAgent(agent) {
		return agent
	}
	return ""
}
