package store

import (
	"strings"

	"iptvdc/aggregator"
)

// Runs is which profile a box goes by, worked out of its running events alone.
//
// Later means: greater AtMs, which is repaired; then Boot, MonoMs, Version,
// State, Why, Province, City, so that any two events have an order. Boot comes
// after time because a box that was flashed anew may begin to count boots again.
// A box is where its latest event was; only its events of that province count,
// because topics are a province's. Within them, by topic (all, or the box's own
// group, as Why begins) [P-3.10]:
//
//   - the latest of applied and expired says whether a profile of the topic holds;
//     the group's goes before that of all [P-8.2];
//   - a refusal stands until a profile of the topic is applied: of two, the later;
//   - an answer later than every applied and expired names the version itself.
//
// Events about commands say nothing of profiles, but for the answer; states that
// this version does not know are left out.
type Runs struct {
	Version uint64 // that holds; 0: what is built in
	Group   string // whose Version is; "": all's, or a group that is not known
	// Expired is the version that held last, of whatever topic, if Version is 0
	// because it has expired; else 0.
	Expired uint64
	// Refused says that a refusal stands; Refusal is then which.
	Refused bool
	Refusal Refusal
}

// Refusal is a profile that a box did not take; what it had before holds.
type Refusal struct {
	Version uint64 // 0: it could not be read
	Group   string // "": all's
	Why     string
}

// RunningQuery asks which profiles boxes run. The scope decides which events
// are looked at, what follows which boxes are told of. So what a reader sees
// never depends on events of provinces that are closed to them; a box that has
// moved away is to them still where they saw it last.
type RunningQuery struct {
	// AllProvinces or Provinces is the reader's scope; both empty: nothing.
	AllProvinces bool
	Provinces    []aggregator.Province

	Province aggregator.Province // 0: any
	Version  *uint64             // boxes that run it; nil: any
	Refused  bool                // only boxes with a refusal that stands

	// Cities tells cities apart; only Running knows it.
	Cities bool
	// Limit, if > 0, bounds the rows. Running keeps those of most boxes (ties:
	// the first in order), RunningBoxes the first.
	Limit int
}

// RunningCount is how many boxes run the same. Rows come by Province, City,
// Group, Version, Expired, Refused, then the Refusal's Group, Version, Why.
type RunningCount struct {
	Province aggregator.Province
	City     aggregator.City // 0 unless Cities
	Runs
	Boxes int64
}

// RunningBox is one box. Rows come by Province, Box.
type RunningBox struct {
	Province aggregator.Province
	City     aggregator.City
	Box      uint64
	AtMs     int64 // of its latest event about profiles
	Runs
}

// AboutProfile takes the Why of a running event apart [P-3.10]. about is false
// if it is about a command; own says that it is about the profile of the box's
// own group, else of all's.
func AboutProfile(why string) (about, own bool, group, reason string) {
	switch {
	case strings.HasPrefix(why, "command"):
		return false, false, "", ""
	case strings.HasPrefix(why, "group "):
		group, reason, _ = strings.Cut(strings.TrimPrefix(why, "group "), ": ")
		return true, true, group, reason
	}
	return true, false, "", why
}
