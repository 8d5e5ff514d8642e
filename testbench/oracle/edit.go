package oracle

import "slices"

// What of viewing counts in edited figures, by the rules that the centre has unless
// it is told others.
const (
	longestUnattendedMs = 4 * 3600_000 // after the last sign of a viewer
	longestAtNightMs    = 2 * 3600_000 // live, of signs from 00:00 to 06:00
	mostEpisodes        = 3            // that follow each other without a sign
	mostInMinute        = 60           // events of a box in a minute of the clock, but impressions
	mostInDay           = 10_000
)

// boxDay is a box in a province on a day: of those that tell too much nothing counts.
type boxDay struct{ box, province, day string }

func boxDayOf(r *Record) boxDay { return boxDay{r.Box, r.Province, dayOf(r.AtMs)} }

// flooding are the boxes that told too much, and in which time: too much in a minute
// goes before too much in the day.
func (t *history) flooding() map[boxDay]string {
	type minute struct {
		of boxDay
		n  int64
	}
	byDay, byMinute := map[boxDay]int{}, map[minute]int{}
	found := map[boxDay]string{}
	for i := range t.Records {
		r := &t.Records[i]
		of := boxDayOf(r)
		m := minute{of, r.AtMs / 60_000}
		byDay[of]++
		if r.Event.Kind != "impression" {
			byMinute[m]++
		}
		switch {
		case byMinute[m] > mostInMinute:
			found[of] = "minute"
		case byDay[of] > mostInDay && found[of] == "":
			found[of] = "day"
		}
	}
	return found
}

// editing knows what it takes to say where views end.
type editing struct {
	flooding map[boxDay]string
	// begun are the moments at which a box began a play on demand in which nobody
	// gave a sign, in order.
	begun map[[2]string][]int64
}

func (t *history) editing() *editing {
	e := &editing{t.flooding(), map[[2]string][]int64{}}
	for i := range t.Records {
		if r := &t.Records[i]; unattended(&r.Event) && r.Event.Part == 0 {
			k := [2]string{r.Box, r.Province}
			e.begun[k] = append(e.begun[k], r.AtMs-r.Event.DurationMs)
		}
	}
	for k, all := range e.begun {
		slices.Sort(all)
		e.begun[k] = slices.Compact(all)
	}
	return e
}

// unattended reports whether a view on demand went by without a sign after it began.
func unattended(e *Event) bool {
	return e.Kind == "view" && slices.Contains([]string{"timeshift", "catchup", "vod"}, e.Mode) && e.IdleMs > 0 && e.IdleMs >= e.DurationMs
}

// end is where a view ends in edited figures; where it begins: nothing of it counts.
func (d *editing) end(r *Record) int64 {
	e := &r.Event
	begins, sign := r.AtMs-e.DurationMs, r.AtMs-e.IdleMs
	if d.flooding[boxDayOf(r)] != "" || e.TV == "off" {
		return begins
	}
	if unattended(e) {
		episodes := 0
		for _, at := range d.begun[[2]string{r.Box, r.Province}] {
			if sign <= at && at <= begins {
				episodes++
			}
		}
		if episodes > mostEpisodes {
			return begins
		}
	}
	allowed := int64(longestUnattendedMs)
	if e.Mode == "live" && moment(sign).Hour() < 6 {
		allowed = longestAtNightMs
	}
	return max(begins, min(r.AtMs, sign+allowed))
}

// edited is the history in which every view ends where it does in edited figures;
// those of which nothing counts are not in it.
func (t *history) edited(d *editing) *history {
	out := &history{make([]Record, 0, len(t.Records))}
	for _, r := range t.Records {
		if r.Event.Kind == "view" {
			end := d.end(&r)
			r.Event.DurationMs -= r.AtMs - end
			r.AtMs = end
			if r.Event.DurationMs == 0 {
				continue
			}
		}
		out.Records = append(out.Records, r)
	}
	return out
}
