package oracle

import (
	"cmp"
	"maps"
	"slices"
)

// reachMs are the thresholds of reach.
var reachMs = [4]int64{5_000, 60_000, 180_000, 900_000}

// maxLag is how many TV days after a broadcast its catch-up counts.
const maxLag = 7

// run is a stretch without a gap of watching one thing at normal speed.
type run struct {
	of       *Record // its first view
	from, to int64
}

// watched reports whether r is a view at normal speed that took any time.
func watched(r *Record) bool {
	return r.Event.Kind == "view" && r.Event.Speed == 100 && r.Event.DurationMs > 0
}

// runs puts together the views that touch each other.
func (t *history) runs() []run {
	type thing struct{ province, city, mode, channel, content string }
	parts := make(map[thing][]run)
	for i := range t.Records {
		if r := &t.Records[i]; watched(r) {
			k := thing{r.Province, r.City, r.Event.Mode, r.Event.Channel, r.Event.Content}
			parts[k] = append(parts[k], run{r, r.AtMs - r.Event.DurationMs, r.AtMs})
		}
	}
	var all []run
	for _, some := range parts {
		slices.SortStableFunc(some, func(a, b run) int { return cmp.Compare(a.from, b.from) })
		last := some[0]
		for _, p := range some[1:] {
			if p.from > last.to {
				all = append(all, last)
				last = p
			}
			last.to = max(last.to, p.to)
		}
		all = append(all, last)
	}
	return all
}

// hours calls f for each hour in which a stretch lies, with the part of it there.
func hours(from, to int64, f func(hour, from, to int64)) {
	for hour := hourStart(from); hour < to; hour += hourMs {
		f(hour, max(from, hour), min(to, hour+hourMs))
	}
}

// lasted reports whether at some moment of an hour, its beginning apart and its end
// included, what began at from and goes on to until had lasted ms.
func lasted(from, until, hour, ms int64) bool {
	return max(from+ms, hour+1) <= min(until, hour+hourMs)
}

// ratings counts what audiences are made of: who watched one thing for how long on
// end, each minute of the day, and what of it was broadcast when.
func (t *history) ratings(c *Catalogue, add func(what measure, n, atMs int64, r *Record, a about)) {
	for _, r := range t.runs() {
		hours(r.from, r.to, func(hour, _, _ int64) {
			for i, ms := range reachMs {
				if lasted(r.from, r.to, hour, ms) {
					add(reach5+measure(i), 1, hour, r.of, about{})
				}
			}
		})
	}
	for i := range t.Records {
		r := &t.Records[i]
		if !watched(r) {
			continue
		}
		from, to := r.AtMs-r.Event.DurationMs, r.AtMs
		for minute := from - from%60_000; minute < to; minute += 60_000 {
			at := moment(minute)
			add(minuteMs, min(to, minute+60_000)-max(from, minute), minute, r, about{minute: at.Hour()*60 + at.Minute()})
		}
		hours(from, to, func(hour, from, to int64) {
			add(boxMs, to-from, hour, r, about{})
			if r.Event.Content == "" {
				return
			}
			add(contentMs, to-from, hour, r, about{})
			if c.meaning(r.Province, r.Event.Content, "genre") != "" {
				add(genreMs, to-from, hour, r, about{})
			}
			if c.lengthMs(r.Province, r.Event.Content) > 0 {
				add(lengthMs, to-from, hour, r, about{})
			}
			if c.meaning(r.Province, r.Event.Content, "place") != "" {
				add(placeMs, to-from, hour, r, about{})
			}
		})
		if r.Event.Mode == "live" {
			hours(from, to, func(hour, from, to int64) { add(liveChannelMs, to-from, hour, r, about{}) })
		}
		for _, a := range c.between(r.Province, from, to) {
			add(tvMs, min(to, a.EndMs)-max(from, a.StartMs), a.StartMs, r, about{airing: a})
		}
	}
	t.broadcasts(c, add)
}

// tvDay numbers the TV days, which begin at 02:00.
func tvDay(ms int64) int64 { return (hourStart(ms)/hourMs + 8 - 2) / 24 }

// broadcasts counts who watched which broadcast in which hour.
func (t *history) broadcasts(c *Catalogue, add func(what measure, n, atMs int64, r *Record, a about)) {
	type sight struct { // of one broadcast in one hour
		province, city, mode string
		airing               *Airing
		hour                 int64
	}
	type seen struct {
		of      *Record
		ms      int64
		reached [len(reachMs)]bool
	}
	sights := make(map[sight]*seen)
	see := func(r *run, a *Airing, from, to int64) {
		hours(from, to, func(hour, since, until int64) {
			k := sight{r.of.Province, r.of.City, r.of.Event.Mode, a, hour}
			s := sights[k]
			if s == nil {
				s = &seen{of: r.of}
				sights[k] = s
			}
			s.ms += until - since
			for i, ms := range reachMs {
				s.reached[i] = s.reached[i] || lasted(from, to, hour, ms)
			}
		})
	}
	for _, r := range t.runs() {
		switch r.of.Event.Mode {
		case "live":
			for _, a := range c.between(r.of.Province, r.from, r.to) {
				if a.Channel == r.of.Event.Channel {
					see(&r, a, max(r.from, a.StartMs), min(r.to, a.EndMs))
				}
			}
		case "catchup", "timeshift":
			if a := c.coded(r.of.Province, r.of.Event.Content); a != nil {
				see(&r, a, r.from, r.to)
			}
		}
	}
	for _, k := range slices.SortedFunc(maps.Keys(sights), func(a, b sight) int { return cmp.Compare(a.hour, b.hour) }) {
		s, lag := sights[k], tvDay(k.hour)-tvDay(k.airing.StartMs)
		if k.mode == "live" {
			lag = 0
		} else if k.hour < hourStart(k.airing.StartMs) || lag > maxLag {
			continue
		}
		length := k.airing.EndMs - k.airing.StartMs
		billionths := (s.ms*1_000_000_000 + length/2) / length
		say := about{airing: k.airing, lag: int(lag)}
		aired := k.airing.StartMs
		add(airedMs, s.ms, aired, s.of, say)
		add(airedWhenMs, s.ms, k.hour, s.of, say)
		if k.mode == "live" {
			add(airedLiveMs, s.ms, aired, s.of, say)
			add(scheduledMs, s.ms, k.hour, s.of, say)
			add(liveAudience, billionths, aired, s.of, say)
			for i, reached := range s.reached {
				if reached {
					add(airReach5+measure(i), 1, aired, s.of, say)
				}
			}
		}
		for i, most := range []int64{0, 3, maxLag} {
			if lag <= most {
				add(audience0+measure(i), billionths, aired, s.of, say)
				if s.reached[1] {
					add(lagReach0+measure(i), 1, aired, s.of, say)
				}
			}
		}
	}
}
