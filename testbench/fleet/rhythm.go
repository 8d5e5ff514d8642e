package fleet

import "iptvdc/aggregator"

// How a day goes by. Shares are of the households that are active in it.

// startWeight is how likely a sitting before the television begins in each
// hour. Together with the sittings' length it makes the evening peak from
// 19:30 to 22:30.
var (
	weekdayStart = [24]float64{
		0.5, 0.2, 0.1, 0.1, 0.1, 0.3, 1.1, 1.8, 1.8, 1.6, 1.6, 2.2,
		2.8, 1.7, 1.3, 1.3, 1.8, 3.6, 7.2, 11.5, 9.0, 5.2, 2.2, 1.0,
	}
	weekendStart = [24]float64{
		0.8, 0.3, 0.1, 0.1, 0.1, 0.2, 0.8, 1.7, 2.8, 3.4, 3.4, 3.4,
		3.6, 3.1, 2.8, 2.7, 3.0, 4.2, 7.0, 10.4, 8.8, 5.4, 2.6, 1.3,
	}
)

// habit is how likely a kind of household switches on in a day; together they
// make 52 %.
var habits = []struct{ share, active float64 }{
	{0.30, 0.95}, // daily
	{0.35, 0.57}, // now and then
	{0.35, 0.11}, // nearly silent
}

// weekend reports whether a day is Saturday or Sunday; public holidays are not
// known here.
func weekend(d aggregator.Day) bool { return d-d.Week() >= 5 }

// activity is the factor of a day of the week on the will to switch on.
func activity(d aggregator.Day) float64 {
	if weekend(d) {
		return 1.04
	}
	return 1.01
}

// menu is what a household watches in a day. Live and VOD are drawn together,
// so that VOD has twice the viewers of live.
type menu struct{ live, vod, catchup, timeshift, app bool }

func (d *dice) menu() menu {
	var m menu
	switch u := d.unit(); {
	case u < 0.57:
		m.vod = true
	case u < 0.69:
		m.live = true
	case u < 0.965:
		m.live, m.vod = true, true
	default:
		m.app = true
	}
	m.catchup = d.chance(0.122)
	m.timeshift = m.live && d.chance(0.10)
	m.app = m.app || d.chance(0.05)
	return m
}

// sitting is a stretch of time before the television.
type sitting struct{ from, to int64 }

// maxSittings bounds the sittings of a day.
const maxSittings = 5

// day draws the sittings of a day, in order and apart from each other; none if
// the household stays away. longer is a factor on their length.
func (d *dice) day(day aggregator.Day, active, longer, early float64, into []sitting) []sitting {
	into = into[:0]
	if !d.chance(min(mostActive, active*activity(day))) {
		return into
	}
	curve := &weekdayStart
	count := 1 + d.pick([]float64{0.24, 0.36, 0.25, 0.15})
	if weekend(day) {
		curve = &weekendStart
		count = 1 + d.pick([]float64{0.20, 0.34, 0.28, 0.18})
	}
	for range min(count, maxSittings) {
		hour := d.pick(curve[:])
		from := day.Start() + int64((float64(hour)+d.unit()-early)*float64(aggregator.HourMs))
		from = max(from, day.Start())
		length := int64(longer * float64(min(max(d.skewed(118*60, 0.7), 8*60_000), 6*aggregator.HourMs)))
		into = append(into, sitting{from, from + length})
	}
	for i := 1; i < len(into); i++ { // a handful: insertion sort
		for j := i; j > 0 && into[j].from < into[j-1].from; j-- {
			into[j], into[j-1] = into[j-1], into[j]
		}
	}
	kept := into[:0]
	for _, s := range into {
		if n := len(kept); n > 0 && s.from < kept[n-1].to+10*60_000 {
			kept[n-1].to = max(kept[n-1].to, s.to) // ran on
			continue
		}
		kept = append(kept, s)
	}
	return kept
}
