package oracle

import (
	"cmp"
	"slices"
	"strconv"
)

// searchPage is the page for searching of the fleet's portal.
const searchPage = "search"

// journeyMs is how long somebody looks for something to watch, restMs the longest
// rest of which the beginning is known.
const (
	journeyMs = 30 * 60_000
	restMs    = 24 * 60 * 60_000
)

// What a box does between two things that it shows, in the order in which it counts
// if it is in one millisecond.
const (
	ends = iota
	goesOff
	comesOn
	wakesUp
	clicked
	entered
	goesOn // a later part begins
	begins
)

// turn is one of these.
type turn struct {
	atMs int64
	sort int
	of   *Record
}

// watches reports whether a view is long and slow enough to be watched.
func watches(e *Event) bool {
	return e.Kind == "view" && e.Speed > -300 && e.Speed < 300 && e.DurationMs > 3000
}

// seat is a box where it told something.
type seat struct{ box, province string }

// turns lists them by box.
func (t *history) turns() map[seat][]turn {
	all := make(map[seat][]turn)
	for i := range t.Records {
		r := &t.Records[i]
		s := seat{r.Box, r.Province}
		add := func(atMs int64, sort int) { all[s] = append(all[s], turn{atMs, sort, r}) }
		switch e := &r.Event; {
		case e.Kind == "power_off":
			add(r.AtMs, goesOff)
		case e.Kind == "power_on" && e.Cause == "wake":
			add(r.AtMs, wakesUp)
		case e.Kind == "power_on":
			add(r.AtMs, comesOn)
		case e.Kind == "click":
			add(r.AtMs, clicked)
		case e.Kind == "page_view":
			add(r.AtMs, entered)
		case watches(e):
			add(r.AtMs, ends)
			if e.Part == 0 {
				add(r.AtMs-e.DurationMs, begins)
			} else {
				add(r.AtMs-e.DurationMs, goesOn)
			}
		}
	}
	for _, turns := range all {
		slices.SortStableFunc(turns, func(a, b turn) int { return cmp.Or(cmp.Compare(a.atMs, b.atMs), a.sort-b.sort) })
	}
	return all
}

// wander counts the journeys to something to watch, the pages that led to a play, and
// how boxes rested.
func (t *history) wander(add func(measure, int64, int64, *Record)) {
	for _, turns := range t.turns() {
		for i, one := range turns {
			after := turns[i+1:]
			switch one.sort {
			case comesOn, wakesUp:
				rest(turns[:i], one, add)
				look(one, after, add)
			case ends:
				if len(after) > 0 && (after[0].sort == clicked || after[0].sort == entered) && after[0].atMs-one.atMs <= journeyMs {
					look(one, after, add)
				}
			case entered:
				if leads(one, after) {
					add(ledViews, 1, one.atMs, one.of)
					if one.of.Event.Page == searchPage {
						add(searchPlays, 1, one.atMs, one.of)
					}
				}
				if one.of.Event.Page == searchPage {
					add(searches, 1, one.atMs, one.of)
				}
			}
		}
	}
}

// look follows a journey from its beginning.
func look(from turn, after []turn, add func(measure, int64, int64, *Record)) {
	way := *from.of // as what it counts for: where it began
	way.origin = map[int]string{comesOn: "power_on", wakesUp: "standby", ends: "viewing"}[from.sort]
	way.Event.Page = ""
	pages, clicks, lastMs := int64(0), int64(0), from.atMs
	add(journeys, 1, from.atMs, &way)
	for _, next := range after {
		if next.atMs-from.atMs > journeyMs {
			break
		}
		switch next.sort {
		case clicked:
			clicks++
			lastMs = next.atMs
			continue
		case entered:
			if pages == 0 {
				way.Event.Page = next.of.Event.Page
			}
			pages++
			lastMs = next.atMs
			continue
		case goesOff:
			lastMs = next.atMs
		case goesOn, begins:
			lastMs = next.atMs
			add(found, 1, from.atMs, &way)
			add(foundMs, lastMs-from.atMs, from.atMs, &way)
			add(foundPages, pages, from.atMs, &way)
			add(foundClicks, clicks, from.atMs, &way)
		}
		break
	}
	add(browseMs, lastMs-from.atMs, from.atMs, &way)
}

// leads reports whether a play began from a page or within a minute of leaving it.
func leads(page turn, after []turn) bool {
	var leftMs int64
	for _, next := range after {
		switch next.sort {
		case goesOff, comesOn, wakesUp:
			return false
		case entered:
			if leftMs == 0 {
				leftMs = next.atMs
			}
		case begins:
			return next.atMs-page.atMs <= journeyMs && (leftMs == 0 || next.atMs-leftMs <= ledMs)
		}
	}
	return false
}

// rest counts how a box was before it came on.
func rest(before []turn, on turn, add func(measure, int64, int64, *Record)) {
	for _, last := range slices.Backward(before) {
		switch last.sort {
		case comesOn, wakesUp:
			return
		case goesOff:
			ms := on.atMs - last.atMs
			if ms > restMs {
				return
			}
			if last.of.Event.Cause == "standby" {
				add(standbys, 1, on.atMs, on.of)
				add(standbyMs, ms, on.atMs, on.of)
			} else {
				add(offs, 1, on.atMs, on.of)
				add(offMs, ms, on.atMs, on.of)
			}
			return
		}
	}
}

// assetParts is how many parts of a length are told apart.
const assetParts = 20

// asset counts what a view showed of something that has a length, hour by hour, and in
// which part it was left.
func asset(r *Record, add func(measure, int64, int64, *Record)) {
	e := &r.Event
	known := e.PositionMs > 0 && e.LengthS > 0
	length := e.LengthS * 1000
	if known && e.End != "" && e.End != "unknown" && e.End != "continue" {
		place := min(max(0, e.PositionMs-1+e.DurationMs*e.Speed/100), length)
		left := *r
		left.part = int(min(assetParts, place*assetParts/length+1))
		add(leaves, 1, r.AtMs, &left)
	}
	if e.Speed != 100 || e.DurationMs == 0 {
		return
	}
	start := r.AtMs - e.DurationMs
	hours(start, r.AtMs, func(hour, from, to int64) {
		if known {
			add(passed, placed|through(e.PositionMs-1+from-start, e.PositionMs-1+to-start, length), hour, r)
		}
		if e.Mode != "catchup" && e.Mode != "vod" {
			return // has no length that all players know
		}
		add(assetMs, to-from, hour, r)
		if known {
			add(placedMs, to-from, hour, r)
		}
	})
}

// through has a bit for each part of a length whose middle lies between two places,
// the latter not included.
func through(from, to, length int64) (parts int64) {
	for part := range int64(assetParts) {
		if middle := (2*part + 1) * length; from*2*assetParts <= middle && middle < min(to, length)*2*assetParts {
			parts |= 1 << part
		}
	}
	return parts
}

// partNames are the names of the parts.
var partNames = func() (all [assetParts]string) {
	for n := range all {
		all[n] = strconv.Itoa(n + 1)
	}
	return all
}()
