package store

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"

	"iptvdc/aggregator"
	"iptvdc/protocol"
)

// EditRules say which viewing counts in edited figures, which stand beside the raw
// ones. They are data of the store: SetEditRules changes them. An edited measure
// counts as its raw one does (see fact.go), of Views that end where EditedEnd says
// and whose box is valid on the day of their AtMs. Its play counts if more than
// 3000 ms are left of the View.
//
//   - Cap: a View counts no longer than a cap after the last sign of a viewer, which
//     was IdleMs before its AtMs and may lie before its start. The hour that decides
//     between the caps is that of the sign.
//   - Episodes: of the plays in modes timeshift, catchup and vod that began since a
//     sign of their box, at the sign or after it, the first Episodes count. Of those
//     that begin in one millisecond one is counted.
//   - Television: a View all through which it was off counts with no millisecond.
//   - Validity: a box is invalid in a province on a day if a minute of it has more
//     than MinuteRecords rows of all kinds (as events in FactBox) but impressions, of
//     which a page has dozens when it is left, or the day more than DayRecords of all; or if the rules list it, or the account of one of these rows.
//     A View of it counts with no millisecond.
type EditRules struct {
	Version string // what people call them
	// LiveMs is the cap of mode live, NightLiveMs that of signs in the night, whose
	// hours of the day are NightFrom to NightTo-1, over midnight if NightTo is not
	// the greater. DemandMs is the cap of all other modes.
	LiveMs, NightLiveMs, DemandMs int64
	NightFrom, NightTo            int
	Episodes                      int
	MinuteRecords, DayRecords     int64
	// Boxes and Accounts are keys of what the operator lists: robots and test
	// accounts.
	Boxes, Accounts []uint64
}

// DefaultEditRules are those of a store that was given none.
func DefaultEditRules() EditRules {
	return EditRules{
		Version: "1", LiveMs: 4 * aggregator.HourMs, NightLiveMs: 2 * aggregator.HourMs, DemandMs: 4 * aggregator.HourMs,
		NightFrom: 0, NightTo: 6, Episodes: 3, MinuteRecords: 60, DayRecords: 10_000,
	}
}

// What EditRules may say.
const (
	MinCapMs  = 60_000
	MaxCapMs  = aggregator.DayMs
	MaxListed = 10_000 // boxes, and accounts
)

var versionWords = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._]{0,31}$`)

// Check explains what is wrong.
func (r *EditRules) Check() error {
	if !versionWords.MatchString(r.Version) {
		return badRules("version %q; write 1 to 32 letters, digits, dots and underscores, and another one for other rules", r.Version)
	}
	for _, c := range []struct {
		name string
		ms   int64
	}{{"live cap", r.LiveMs}, {"live cap of the night", r.NightLiveMs}, {"cap on demand", r.DemandMs}} {
		if c.ms < MinCapMs || c.ms > MaxCapMs {
			return badRules("the %s is %d ms, allowed are %d (a minute) to %d (a day)", c.name, c.ms, MinCapMs, MaxCapMs)
		}
	}
	if r.NightFrom < 0 || r.NightFrom > 23 || r.NightTo < 0 || r.NightTo > 24 {
		return badRules("the night is from %d to %d, allowed are hours from 0 to 23 and to 24", r.NightFrom, r.NightTo)
	}
	if r.Episodes < 1 || r.Episodes > 100 {
		return badRules("%d episodes, allowed are 1 to 100", r.Episodes)
	}
	if r.MinuteRecords < 1 || r.DayRecords < 1 || r.MinuteRecords > 1<<30 || r.DayRecords > 1<<30 {
		return badRules("%d records a minute and %d a day, allowed are 1 to %d", r.MinuteRecords, r.DayRecords, 1<<30)
	}
	if len(r.Boxes) > MaxListed || len(r.Accounts) > MaxListed {
		return badRules("%d boxes and %d accounts are listed, allowed are at most %d of each", len(r.Boxes), len(r.Accounts), MaxListed)
	}
	return nil
}

func badRules(format string, args ...any) error {
	return &aggregator.Error{Code: "bad_edit_rules", Message: "Edit rules: " + fmt.Sprintf(format, args...) + "."}
}

// Sorted is r with its lists in order, each key once: two that mean the same are
// then written alike.
func (r EditRules) Sorted() EditRules {
	for _, list := range []*[]uint64{&r.Boxes, &r.Accounts} {
		*list = slices.Compact(slices.Sorted(slices.Values(*list)))
		if len(*list) == 0 {
			*list = nil
		}
	}
	return r
}

// Name is the version with a hash of all that r says, so that rules which differ
// have different names whatever people call them.
func (r EditRules) Name() string {
	text, _ := json.Marshal(r.Sorted()) // numbers and a string: never fails
	sum := sha256.Sum256(text)
	return r.Version + "-" + hex.EncodeToString(sum[:4])
}

// CapMs is the cap after a sign at a moment.
func (r *EditRules) CapMs(mode uint8, signMs int64) int64 {
	if protocol.Mode(mode) != protocol.ModeLive {
		return r.DemandMs
	}
	h := aggregator.HourOf(signMs)
	if hour := int(h - h.Day().FirstHour()); (hour-r.NightFrom+24)%24 < r.NightHours() {
		return r.NightLiveMs
	}
	return r.LiveMs
}

// NightHours is how many hours the night has.
func (r *EditRules) NightHours() int {
	if r.NightFrom == 0 && r.NightTo == 24 {
		return 24
	}
	return (r.NightTo - r.NightFrom + 24) % 24
}

// Unattended reports whether v is of a mode whose plays follow each other by
// themselves, and no viewer gave a sign after it began.
func (v *View) Unattended() bool {
	switch protocol.Mode(v.Mode) {
	case protocol.ModeTimeshift, protocol.ModeCatchup, protocol.ModeVOD:
		return v.IdleMs > 0 && v.IdleMs >= v.DurationMs
	}
	return false
}

// EditedEnd is where the View ends in edited figures, between its start and its
// AtMs; at its start: nothing of it counts. invalid says that its box is, plays is
// how many plays in modes of episodes its box had begun by its start since the sign,
// 0 unless Unattended.
func (r *EditRules) EditedEnd(v *View, invalid bool, plays int) int64 {
	start, sign := v.AtMs-v.DurationMs, v.AtMs-v.IdleMs
	if invalid || plays > r.Episodes || protocol.TV(v.TV) == protocol.TVOff {
		return start
	}
	return max(start, min(v.AtMs, sign+r.CapMs(v.Mode, sign)))
}

// AheadMs is how far after its AtMs v changes facts: a run that it is part of reaches
// a threshold later, and it is a play that counts among those since its sign, which
// matter as long as the cap lets anything count.
func (r *EditRules) AheadMs(v *View) int64 {
	if v.Part == 0 && v.Unattended() {
		return max(ViewAheadMs, r.DemandMs-v.IdleMs)
	}
	return ViewAheadMs
}

// Invalid says why a box is invalid.
type Invalid uint8

const (
	InvalidMinute Invalid = 1 + iota // too many rows in a minute
	InvalidDay                       // too many rows in a day
	InvalidListed                    // the rules list it
)

// EditedOf are the edited measures by the raw ones that they stand beside, and
// RawOf the reverse.
var (
	EditedOf = map[Measure]Measure{
		MeasurePlays: MeasureEditedPlays, MeasureViewingMs: MeasureEditedMs, MeasureAudience: MeasureEditedAudience, MeasureTVMs: MeasureEditedTVMs,
		MeasureReach5: MeasureEditedReach5, MeasureReach60: MeasureEditedReach60,
		MeasureReach180: MeasureEditedReach180, MeasureReach900: MeasureEditedReach900,
	}
	RawOf = func() map[Measure]Measure {
		raw := map[Measure]Measure{}
		for r, e := range EditedOf {
			raw[e] = r
		}
		return raw
	}()
)

// EditNone is the version of facts that were closed before there were edit rules:
// their edited measures are the raw ones.
const EditNone = "none"
