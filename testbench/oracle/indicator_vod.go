package oracle

// viewerFigures are those of what viewers do from day to day.
var viewerFigures = []string{"viewer_days", "returning_viewer_days", "return_rate", "series_viewers", "episodes_per_viewer", "bingers", "binge_rate",
	"complete_viewers", "complete_rate"}

// vodIndicators say how contents are watched: how much of them, to the end, and
// again.
func vodIndicators() []Indicator {
	return []Indicator{
		{"full_views", byView, func(c *count) (float64, bool) { return float64(c.sum[fullViews]) / wholeContent, true }},
		{"length_coverage", byMode, percent(lengthMs, contentMs)},

		{"viewer_days", byView, number(viewerDays)},
		{"returning_viewer_days", byView, number(returns)},
		{"return_rate", byView, percent(returns, viewerDays)},
		{"series_viewers", bySeries, number(followers)},
		{"episodes_per_viewer", bySeries, ratio(episodes, followers)},
		{"bingers", bySeries, number(bingers)},
		{"binge_rate", bySeries, percent(bingers, followers)},

		{"asset_viewers", byAsset, number(assetViewers)},
		{"retention", byPart, func(c *count) (float64, bool) {
			return divide(100*float64(c.sum[partsSeen]), float64(c.whole[assetViewers]))
		}},
		{"completion", byAsset, func(c *count) (float64, bool) {
			return divide(100*float64(c.sum[partsSeen]), assetParts*float64(c.sum[assetViewers]))
		}},
		{"complete_viewers", byAsset, number(complete)},
		{"complete_rate", byAsset, percent(complete, assetViewers)},
		{"leaves", byPart, number(leaves)},
		{"leave_share", byPart, func(c *count) (float64, bool) {
			return divide(100*float64(c.sum[leaves]), float64(c.whole[leaves]))
		}},
		{"place_known", byAsset, percent(placedMs, assetMs)},
		{"unplaced_minutes", byAsset, func(c *count) (float64, bool) {
			return float64(c.sum[assetMs]-c.sum[placedMs]) / 60000, true
		}},

		{"share_of_plays", byView, func(c *count) (float64, bool) {
			return divide(100*float64(c.sum[plays]), float64(c.inPlace[plays]))
		}},
		{"share_of_viewers", byMode, func(c *count) (float64, bool) {
			return divide(100*float64(c.boxes[plays]), float64(c.inPlaceBoxes[plays]))
		}},
	}
}
