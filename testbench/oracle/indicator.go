package oracle

// Indicator is one figure: how it is named, by what it may be split, and how it
// comes from counts.
type Indicator struct {
	ID         string
	Dimensions []string
	value      func(c *count) (v float64, ok bool)
}

// daily reports whether the figure is not asked for by the hour.
func (i Indicator) daily() bool { return i.ID == "complete_viewers" || i.ID == "complete_rate" }

var (
	byPlace = []string{"province", "city"}
	byPage  = []string{"province", "city", "page"}
	byPath  = []string{"province", "city", "from_page", "page"}
	byClick = []string{"province", "city", "page", "area", "slot", "content"}
	byView  = []string{"province", "city", "mode", "channel", "content"}
	byMode  = []string{"province", "city", "mode"}
	byOrder = []string{"province", "city", "product", "provider"}

	byImpression = []string{"province", "city", "page", "area", "slot", "content", "template"}
	byOrderPage  = []string{"province", "city", "page", "product", "content"}
	byContent    = []string{"province", "city", "content"}
	byProduct    = []string{"province", "city", "product"}

	byJourney = []string{"province", "city", "origin", "page"}
	byAsset   = []string{"province", "city", "mode", "content"}
	byPart    = []string{"province", "city", "mode", "content", "part"}
)

// Indicators lists every figure the oracle knows.
func Indicators() []Indicator {
	return []Indicator{
		{"power_ons", byPlace, number(powerOns)},
		{"active_boxes", byPlace, boxes(powerOns)},
		{"reporting_boxes", byPlace, func(c *count) (float64, bool) { return float64(c.reporting), true }},
		{"activity_rate", byPlace, func(c *count) (float64, bool) {
			return divide(100*float64(len(c.boxes[powerOns])), float64(c.reporting))
		}},
		{"daily_active_boxes", byPlace, func(c *count) (float64, bool) { return float64(c.active[0]), true }},
		{"weekly_active_boxes", byPlace, func(c *count) (float64, bool) { return float64(c.active[1]), true }},
		{"monthly_active_boxes", byPlace, func(c *count) (float64, bool) { return float64(c.active[2]), true }},
		{"stickiness", byPlace, func(c *count) (float64, bool) { return divide(100*float64(c.active[0]), float64(c.active[2])) }},
		{"monthly_activity_rate", byPlace, func(c *count) (float64, bool) { return divide(100*float64(c.active[2]), float64(c.reporting)) }},
		{"hours_on", byPlace, func(c *count) (float64, bool) { return float64(c.sum[onMs]) / 3600000, true }},
		{"hours_on_per_box", byPlace, func(c *count) (float64, bool) {
			return divide(float64(c.sum[onMs]), 3600000*float64(len(c.boxes[onMs])))
		}},
		{"wakes", byPlace, number(wakes)},
		{"wake_share", byPlace, percent(wakes, powerOns)},
		{"page_views", byPage, number(pageViews)},
		{"page_visitors", byPage, boxes(pageViews)},
		{"views_per_visitor", byPage, func(c *count) (float64, bool) {
			return divide(float64(c.sum[pageViews]), float64(len(c.boxes[pageViews])))
		}},
		{"dwell_time", byPage, func(c *count) (float64, bool) {
			return divide(float64(c.sum[dwellMs]), 1000*float64(c.sum[stays]))
		}},
		{"bounces", byPage, number(bounces)},
		{"bounce_rate", byPage, percent(bounces, pageViews)},
		{"valid_page_views", byPage, func(c *count) (float64, bool) {
			return float64(c.sum[pageViews] - c.sum[bounces]), true
		}},
		{"page_steps", byPath, number(pageViewsFrom)},
		{"clicks", byClick, number(clicks)},
		{"led_clicks", byClick, number(led)},
		{"click_to_play", byClick, func(c *count) (float64, bool) {
			return divide(100*float64(c.sum[led]), float64(c.sum[clicks]))
		}},
		{"impressions", byImpression, number(impressions)},
		{"focus_impressions", byImpression, number(focuses)},
		{"ctr", byImpression, percent(renderedClicks, impressions)},
		{"focus_ctr", byImpression, percent(focusClicks, focuses)},
		{"plays", byView, number(plays)},
		{"viewing_minutes", byView, func(c *count) (float64, bool) { return float64(c.sum[viewingMs]) / 60000, true }},
		{"viewers", byMode, boxes(plays)},
		{"live_to_vod_plays", byPlace, ratio(livePlays, vodPlays)},
		{"live_to_vod_minutes", byPlace, ratio(liveMs, vodMs)},
		{"live_to_vod_viewers", byPlace, func(c *count) (float64, bool) {
			return divide(float64(len(c.boxes[livePlays])), float64(len(c.boxes[vodPlays])))
		}},
		{"order_attempts", byOrder, number(attempts)},
		{"orders", byOrder, number(orders)},
		{"revenue", byOrder, number(fen)},
		{"order_pages", byOrderPage, number(orderPages)},
		{"order_page_rate", byContent, percent(orderPages, clicks)},
		{"order_success", byProduct, percent(orders, orderPages)},
		{"measured_plays", byView, number(measured)},
		{"start_time", byView, ratio(startMs, started)},
		{"stalls_per_play", byView, ratio(stalls, measured)},
		{"stall_ratio", byView, percent(stalled, measured)},
		{"stall_time", byView, ratio(stallMs, stalls)},
		{"play_errors", byView, number(playErrors)},
		{"error_rate", byView, percent(failed, measured)},
		{"journeys", byJourney, number(journeys)},
		{"time_to_content", byJourney, func(c *count) (float64, bool) {
			return divide(float64(c.sum[foundMs]), 1000*float64(c.sum[found]))
		}},
		{"pages_to_content", byJourney, ratio(foundPages, found)},
		{"clicks_to_content", byJourney, ratio(foundClicks, found)},
		{"journeys_without_viewing", byJourney, func(c *count) (float64, bool) { return float64(c.sum[journeys] - c.sum[found]), true }},
		{"journeys_without_viewing_rate", byJourney, func(c *count) (float64, bool) {
			return divide(100*float64(c.sum[journeys]-c.sum[found]), float64(c.sum[journeys]))
		}},
		{"browsing_minutes", byJourney, func(c *count) (float64, bool) { return float64(c.sum[browseMs]) / 60000, true }},
		{"browsing_to_viewing", byPlace, ratio(browseMs, viewingMs)},
		{"led_page_views", byPage, number(ledViews)},
		{"page_to_play", byPage, percent(ledViews, pageViews)},
		{"searches", byPage, number(searches)},
		{"search_plays", byPage, number(searchPlays)},
		{"search_to_play", byPage, percent(searchPlays, searches)},
		{"standbys", byPlace, number(standbys)},
		{"standby_time", byPlace, func(c *count) (float64, bool) {
			return divide(float64(c.sum[standbyMs]), 3600000*float64(c.sum[standbys]))
		}},
		{"offs", byPlace, number(offs)},
		{"off_time", byPlace, func(c *count) (float64, bool) {
			return divide(float64(c.sum[offMs]), 3600000*float64(c.sum[offs]))
		}},
		{"rest_coverage", byPlace, func(c *count) (float64, bool) {
			return divide(100*float64(c.sum[standbys]+c.sum[offs]), float64(c.sum[powerOns]))
		}},
		{"on_share", byPlace, func(c *count) (float64, bool) {
			return divide(100*float64(c.sum[onMs]), float64(c.sum[onMs]+c.sum[standbyMs]+c.sum[offMs]))
		}},
		{"standby_share", byPlace, func(c *count) (float64, bool) {
			return divide(100*float64(c.sum[standbyMs]), float64(c.sum[onMs]+c.sum[standbyMs]+c.sum[offMs]))
		}},
		{"asset_viewers", byAsset, boxes(placedMs)},
		{"completion", byAsset, func(c *count) (float64, bool) {
			return divide(100*float64(len(c.boxes[passed])), assetParts*float64(len(c.boxes[placedMs])))
		}},
		{"complete_viewers", byAsset, func(c *count) (float64, bool) { return float64(completed(c)), true }},
		{"complete_rate", byAsset, func(c *count) (float64, bool) {
			return divide(100*float64(completed(c)), float64(len(c.boxes[placedMs])))
		}},
		{"leaves", byPart, number(leaves)},
		{"place_known", byAsset, percent(placedMs, assetMs)},
		{"unplaced_minutes", byAsset, func(c *count) (float64, bool) { return float64(c.sum[assetMs]-c.sum[placedMs]) / 60000, true }},
		{"events", byPlace, number(told)},
		{"events_lost", byPlace, number(gone)},
		{"loss_rate", byPlace, func(c *count) (float64, bool) {
			return divide(100*float64(c.sum[gone]), float64(c.sum[told]+c.sum[gone]))
		}},
	}
}

// measure is something counted.
type measure int

const (
	powerOns measure = iota
	pageViews
	clicks
	led
	plays
	viewingMs
	livePlays
	vodPlays
	liveMs
	vodMs
	attempts
	orders
	fen
	impressions
	focuses
	renderedClicks // of boxes that told of what was painted, in the same hour
	focusClicks    // of boxes that told of the focus, in the same hour
	orderPages
	measured // plays of which is known how they went
	started  // of these, the ones that had a first picture
	startMs
	stalled
	stalls
	stallMs
	playErrors
	failed
	told // events of any kind
	gone // events of which a box told that they will never come
	onMs
	wakes
	bounces
	stays
	dwellMs
	pageViewsFrom // as pageViews, by the page before too
	journeys      // to something to watch
	found         // those that came to it
	foundMs
	foundPages
	foundClicks
	browseMs
	ledViews // page views that led to a play
	searches // page views of the page for searching
	searchPlays
	standbys
	standbyMs
	offs
	offMs
	assetMs  // of catch-up and VOD
	placedMs // of that, where the place and length are known
	passed   // middles of parts
	leaves

	measures
)

// splits says by which dimensions a measure may be counted.
var splits = [measures][]string{
	powerOns: byPlace, onMs: byPlace, wakes: byPlace, pageViews: byPage, bounces: byPage, stays: byPage, dwellMs: byPage, pageViewsFrom: byPath, clicks: byClick, led: byClick, plays: byView, viewingMs: byView,
	livePlays: byPlace, vodPlays: byPlace, liveMs: byPlace, vodMs: byPlace,
	attempts: byOrder, orders: byOrder, fen: byOrder,
	impressions: byImpression, focuses: byImpression, renderedClicks: byImpression, focusClicks: byImpression,
	orderPages: byOrderPage,
	measured:   byView, started: byView, startMs: byView, stalled: byView, stalls: byView, stallMs: byView, playErrors: byView, failed: byView,
	told: byPlace, gone: byPlace,
	journeys: byJourney, found: byJourney, foundMs: byJourney, foundPages: byJourney, foundClicks: byJourney, browseMs: byJourney,
	ledViews: byPage, searches: byPage, searchPlays: byPage,
	standbys: byPlace, standbyMs: byPlace, offs: byPlace, offMs: byPlace,
	assetMs: byAsset, placedMs: byAsset, passed: byPart, leaves: byPart,
}

// count holds the measures of one cell.
type count struct {
	sum       [measures]int64
	boxes     [measures]map[string]bool // who had any, where the boxes matter
	reporting int
	active    [3]int // boxes switched on in the last 1, 7 and 30 days
}

func number(m measure) func(*count) (float64, bool) {
	return func(c *count) (float64, bool) { return float64(c.sum[m]), true }
}

func boxes(m measure) func(*count) (float64, bool) {
	return func(c *count) (float64, bool) { return float64(len(c.boxes[m])), true }
}

func ratio(a, b measure) func(*count) (float64, bool) {
	return func(c *count) (float64, bool) { return divide(float64(c.sum[a]), float64(c.sum[b])) }
}

func percent(a, b measure) func(*count) (float64, bool) {
	return func(c *count) (float64, bool) { return divide(100*float64(c.sum[a]), float64(c.sum[b])) }
}

// divide has no value if there is nothing to divide by.
func divide(a, b float64) (float64, bool) {
	if b == 0 {
		return 0, false
	}
	return a / b, true
}
