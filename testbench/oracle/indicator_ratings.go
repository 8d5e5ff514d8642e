package oracle

import "slices"

var (
	byMinute   = []string{"province", "mode", "channel", "minute"}
	byChannel  = []string{"province", "city", "channel"}
	byAir      = slices.Concat([]string{"province", "channel", "broadcast", "programme"}, meanings)
	byAudience = append(slices.Clone(byAir), "city")
	byWatched  = append(slices.Clone(byAudience), "mode", "lag")
)

// billion is how many billionths an audience is counted in.
const billion = 1e9

// ratingIndicators say how many watch at a time, and of whom.
func ratingIndicators() []Indicator {
	f := func(n int64) float64 { return float64(n) }
	watching := func(c *count) float64 { return f(c.sum[viewingMs]) }
	all := []Indicator{
		{"ama", byView, func(c *count) (float64, bool) { return divide(watching(c), f(c.lengthMs)) }},
		{"rating", byView, func(c *count) (float64, bool) { return divide(100*watching(c), f(c.lengthMs)*f(c.reporting)) }},
		{"share", byView, func(c *count) (float64, bool) { return divide(100*watching(c), f(c.inPlace[viewingMs])) }},
		{"tv_use", byPlace, func(c *count) (float64, bool) { return divide(100*watching(c), f(c.lengthMs)*f(c.reporting)) }},
		{"reach_5", byView, boxes(reach5)},
		{"reach", byView, boxes(reach60)},
		{"reach_180", byView, boxes(reach180)},
		{"reach_900", byView, boxes(reach900)},
		{"reach_rate", byView, func(c *count) (float64, bool) { return divide(100*f(c.boxes[reach60]), f(c.reporting)) }},
		{"time_per_viewer", byView, func(c *count) (float64, bool) { return divide(watching(c)/60_000, f(c.boxes[reach60])) }},
		{"time_per_box", byView, func(c *count) (float64, bool) { return divide(watching(c)/60_000, f(c.reporting)) }},
		{"loyalty", byView, func(c *count) (float64, bool) { return divide(100*watching(c), f(c.lengthMs)*f(c.boxes[reach60])) }},

		{"minute_ama", byMinute, func(c *count) (float64, bool) { return divide(f(c.sum[minuteMs]), f(c.lengthMs)) }},
		{"minute_rating", byMinute, func(c *count) (float64, bool) {
			return divide(100*f(c.sum[minuteMs]), f(c.lengthMs)*f(c.reporting))
		}},
		{"minute_share", byMinute, func(c *count) (float64, bool) { return divide(100*f(c.sum[minuteMs]), f(c.inPlace[minuteMs])) }},

		{"broadcasts", byAir, func(c *count) (float64, bool) { return f(c.boxes[airings]), true }},
		{"programme_ama", byAudience, func(c *count) (float64, bool) { return divide(f(c.sum[liveAudience])/billion, f(c.airings)) }},
		{"programme_rating", byAudience, func(c *count) (float64, bool) {
			return divide(100*f(c.sum[liveAudience])/billion, f(c.airings)*f(c.reporting))
		}},
		{"programme_share", byAudience, percent(airedLiveMs, tvMs)},
		{"programme_grp", byAudience, func(c *count) (float64, bool) { return divide(100*f(c.sum[liveAudience])/billion, f(c.reporting)) }},
		{"programme_reach_5", byAudience, boxes(airReach5)},
		{"programme_reach", byAudience, boxes(airReach60)},
		{"programme_reach_180", byAudience, boxes(airReach180)},
		{"programme_reach_900", byAudience, boxes(airReach900)},
		{"programme_time_per_viewer", byAudience, func(c *count) (float64, bool) {
			return divide(f(c.sum[airedLiveMs])/60_000, f(c.boxes[airReach60]))
		}},
		{"programme_loyalty", byAudience, func(c *count) (float64, bool) {
			return divide(100*f(c.sum[liveAudience])/billion, f(c.airings)*f(c.boxes[airReach60]))
		}},
		{"programme_minutes", byWatched, func(c *count) (float64, bool) { return f(c.sum[airedMs]) / 60_000, true }},
		{"programme_minutes_when", byWatched, func(c *count) (float64, bool) { return f(c.sum[airedWhenMs]) / 60_000, true }},
		{"schedule_coverage", byChannel, percent(scheduledMs, liveChannelMs)},
	}
	for i, name := range []string{"l0", "l3", "l7"} {
		audience, reached := audience0+measure(i), lagReach0+measure(i)
		all = append(all,
			Indicator{"programme_ama_" + name, byAudience, func(c *count) (float64, bool) { return divide(f(c.sum[audience])/billion, f(c.airings)) }},
			Indicator{"programme_rating_" + name, byAudience, func(c *count) (float64, bool) {
				return divide(100*f(c.sum[audience])/billion, f(c.airings)*f(c.reporting))
			}},
			Indicator{"programme_grp_" + name, byAudience, func(c *count) (float64, bool) { return divide(100*f(c.sum[audience])/billion, f(c.reporting)) }},
			Indicator{"programme_reach_" + name, byAudience, boxes(reached)},
		)
	}
	return all
}

// needsCatalogue reports whether a figure is made of more than boxes tell.
func needsCatalogue(i *Indicator) bool {
	switch i.ID {
	case "schedule_coverage", "genre_coverage", "place_coverage", "account_activity_rate", "box_coverage", "length_coverage":
		return true
	}
	return slices.Contains(i.Dimensions, "broadcast") || slices.Contains(stockFigures, i.ID) || slices.Contains(dayFigures, i.ID)
}
