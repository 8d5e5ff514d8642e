package oracle

import "slices"

// Raw stands behind the name of a figure of viewing that is not edited.
const Raw = ":raw"

// Indicator is one figure: how it is named, by what it may be split, and how it
// comes from counts.
type Indicator struct {
	ID         string
	Dimensions []string
	value      func(c *count) (v float64, ok bool)
}

var (
	byPlace   = []string{"province", "city"}
	byModel   = []string{"province", "city", "model"}
	byAgent   = []string{"province", "city", "model", "agent_version"}
	byRelease = []string{"province", "city", "model", "release"}
	byWhy     = []string{"province", "city", "why"}
	byPage    = []string{"province", "city", "page"}
	byPath    = []string{"province", "city", "from_page", "page"}
	byClick   = catalogued("page", "area", "slot", "content")
	byView    = catalogued("mode", "channel", "content")
	byMode    = []string{"province", "city", "mode"}
	byOrder   = []string{"province", "city", "product", "provider"}

	byImpression = append(slices.Clone(byClick), "template")
	byOrderLed   = append(slices.Clone(byClick), "product")
	byOrderPage  = catalogued("page", "product", "content")
	byContent    = catalogued("content")
	byProduct    = []string{"province", "city", "product"}

	byTime    = []string{"weekday", "hour_of_day"}
	meanings  = []string{"genre", "sub_genre", "place", "series", "maker", "definition", "length"}
	byJourney = []string{"province", "city", "origin", "page"}
	byAsset   = catalogued("mode", "content")
	byPart    = catalogued("mode", "content", "part")
	bySeries  = catalogued("mode")

	byTenure   = []string{"province", "city", "tenure"}
	byPresence = []string{"province", "city", "state", "tenure", "recency", "silence"}
	byCohort   = []string{"province", "city", "cohort", "age_months"}
)

// catalogued is place, the dimensions given, and what the catalogue knows of the
// content among them.
func catalogued(dimensions ...string) []string {
	return slices.Concat(byPlace, dimensions, meanings)
}

// Indicators lists every figure the oracle knows.
func Indicators() []Indicator {
	return timed(slices.Concat(ownIndicators(), ratingIndicators(), accountIndicators(), vodIndicators(), loyaltyIndicators()))
}

// untimed are the figures that cannot be told by the hour of the day or the weekday,
// as they count in longer times than the period.
var untimed = []string{"reporting_boxes", "daily_active_boxes", "weekly_active_boxes", "monthly_active_boxes", "stickiness",
	"daily_activity_rate", "weekly_activity_rate", "monthly_activity_rate", "box_coverage"}

// timed adds the dimensions of time to the figures that can be told by them: by the
// weekday alone if they are known by day.
func timed(all []Indicator) []Indicator {
	for n := range all {
		switch {
		case slices.Contains(untimed, all[n].ID):
		case slices.Contains(stockFigures, all[n].ID):
		case slices.Contains(viewerFigures, all[n].ID), slices.Contains(dayFigures, all[n].ID):
			all[n].Dimensions = append(slices.Clone(all[n].Dimensions), "weekday")
		default:
			all[n].Dimensions = slices.Concat(all[n].Dimensions, byTime)
		}
	}
	return all
}

// ownIndicators are the figures that boxes alone tell.
func ownIndicators() []Indicator {
	return []Indicator{
		{"power_ons", byModel, number(powerOns)},
		{"active_boxes", byModel, boxes(powerOns)},
		{"reporting_boxes", byModel, func(c *count) (float64, bool) { return float64(c.reporting), true }},
		{"activity_rate", byModel, func(c *count) (float64, bool) {
			return divide(100*float64(c.boxes[powerOns]), float64(c.reporting))
		}},
		{"daily_active_boxes", byModel, func(c *count) (float64, bool) { return float64(c.active[0]), true }},
		{"weekly_active_boxes", byModel, func(c *count) (float64, bool) { return float64(c.active[1]), true }},
		{"monthly_active_boxes", byModel, func(c *count) (float64, bool) { return float64(c.active[2]), true }},
		{"stickiness", byModel, func(c *count) (float64, bool) { return divide(100*float64(c.active[0]), float64(c.active[2])) }},
		{"daily_activity_rate", byModel, func(c *count) (float64, bool) { return divide(100*float64(c.active[0]), float64(c.reporting)) }},
		{"weekly_activity_rate", byModel, func(c *count) (float64, bool) { return divide(100*float64(c.active[1]), float64(c.reporting)) }},
		{"monthly_activity_rate", byModel, func(c *count) (float64, bool) { return divide(100*float64(c.active[2]), float64(c.reporting)) }},
		{"hours_on", byModel, func(c *count) (float64, bool) { return float64(c.sum[onMs]) / 3600000, true }},
		{"hours_on_per_box", byModel, func(c *count) (float64, bool) {
			return divide(float64(c.sum[onMs]), 3600000*float64(c.boxes[onMs]))
		}},
		{"wakes", byModel, number(wakes)},
		{"wake_share", byModel, percent(wakes, powerOns)},
		{"page_views", byPage, number(pageViews)},
		{"page_visitors", byPage, boxes(pageViews)},
		{"views_per_visitor", byPage, func(c *count) (float64, bool) {
			return divide(float64(c.sum[pageViews]), float64(c.boxes[pageViews]))
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
			return divide(float64(c.boxes[livePlays]), float64(c.boxes[vodPlays]))
		}},
		{"plays" + Raw, byView, number(rawPlays)},
		{"viewing_minutes" + Raw, byView, func(c *count) (float64, bool) { return float64(c.sum[rawViewingMs]) / 60000, true }},
		{"viewers" + Raw, byMode, boxes(rawPlays)},
		{"live_to_vod_plays" + Raw, byPlace, ratio(rawLivePlays, rawVODPlays)},
		{"live_to_vod_minutes" + Raw, byPlace, ratio(rawLiveMs, rawVODMs)},
		{"live_to_vod_viewers" + Raw, byPlace, func(c *count) (float64, bool) {
			return divide(float64(c.boxes[rawLivePlays]), float64(c.boxes[rawVODPlays]))
		}},
		{"order_attempts", byOrder, number(attempts)},
		{"orders", byOrder, number(orders)},
		{"revenue", byOrder, number(fen)},
		{"order_pages", byOrderPage, number(orderPages)},
		{"order_page_rate", byContent, percent(orderPages, clicks)},
		{"order_success", byProduct, percent(orders, orderPages)},
		{"led_orders", byOrderLed, number(ledOrders)},
		{"led_revenue", byOrderLed, number(ledFen)},
		{"assisted_orders", byOrderLed, number(assisted)},
		{"click_to_order", byClick, percent(ledOrders, clicks)},
		{"order_conversion", byPlace, percent(orders, clicks)},
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
		{"events", byPlace, number(told)},
		{"invalid_boxes", byWhy, boxes(invalid)},
		{"invalid_events", byWhy, number(invalid)},
		{"agent_boxes", byAgent, boxes(ran)},
		{"agent_share", byAgent, func(c *count) (float64, bool) { return divide(100*float64(c.boxes[ran]), float64(c.anyAgent)) }},
		{"agent_coverage", byModel, func(c *count) (float64, bool) {
			return divide(100*float64(c.boxes[ran]), float64(c.boxes[spoke]))
		}},
		{"updates_fetched", byRelease, number(fetched)},
		{"updates_taken", byRelease, number(taken)},
		{"updates_rolled_back", byRelease, number(rolledBack)},
		{"updates_refused", byRelease, number(updateRefused)},
		{"rollback_rate", byRelease, func(c *count) (float64, bool) {
			return divide(100*float64(c.sum[rolledBack]), float64(c.sum[taken]+c.sum[rolledBack]))
		}},
		{"updated_boxes", byRelease, boxes(taken)},
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
	ledOrders // paid orders that clicks led to
	ledFen
	assisted       // paid orders after clicks that did not lead to them
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
	rawPlays      // these without editing
	rawViewingMs
	rawLivePlays
	rawVODPlays
	rawLiveMs
	rawVODMs
	invalid // events of boxes that are left out

	// Boxes that watched one thing for so long on end.
	reach5
	reach60
	reach180
	reach900
	minuteMs      // watched in a minute of the day
	liveChannelMs // of live, by channel
	// Of broadcasts, when they were broadcast, but for those named by when they were watched.
	tvMs         // of everything while they were on the air
	airings      // how many different
	airedMs      // watched of them, whenever
	airedWhenMs  // the same, when it was watched
	airedLiveMs  // live
	scheduledMs  // live, when it was watched
	liveAudience // billionths of an average audience, live
	audience0    // with what was watched up to 0 TV days later
	audience3
	audience7
	airReach5 // boxes that watched them live for so long on end
	airReach60
	airReach180
	airReach900
	lagReach0 // boxes that watched for 60 s on end up to 0 TV days later
	lagReach3
	lagReach7
	// Viewing of contents, and of those of known genre and place.
	contentMs
	genreMs
	placeMs
	boxMs    // watched, by box
	journeys // to something to watch
	found    // those that came to it
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
	leaves
	lengthMs // watched of contents whose length is known
	ran      // an agent, as its box told last in an hour
	spoke    // as told, where the boxes matter
	fetched  // updates
	taken
	rolledBack
	updateRefused
	// Accounts at the end of a day, see stocks, and movements of a day.
	present
	presentActive
	presentReporting
	silent7
	silent30
	silent90
	unseen
	softChurn
	onDay
	onWeek
	onMonth
	baseAccounts // active or suspended
	leftAccounts
	returned
	members
	retained
	cohortObserved
	engaged
	passed // of an asset: not a number but a bit for each part that a box saw, and placed

	// Made of other measures: see made.
	fullViews // in wholeContent
	viewerDays
	returns
	followers
	episodes
	bingers
	assetViewers
	partsSeen
	complete

	measures
)

// counted are the measures of which it matters how many boxes have any.
var counted = [measures]bool{powerOns: true, rawPlays: true, rawLivePlays: true, rawVODPlays: true, invalid: true, onMs: true, pageViews: true, plays: true, livePlays: true, vodPlays: true,
	reach5: true, reach60: true, reach180: true, reach900: true, airings: true,
	airReach5: true, airReach60: true, airReach180: true, airReach900: true, lagReach0: true, lagReach3: true, lagReach7: true, boxMs: true, passed: true, ran: true, spoke: true, taken: true}

// splits says by which dimensions a measure may be counted.
var splits = [measures][]string{
	powerOns: byModel, onMs: byModel, wakes: byModel, pageViews: byPage, bounces: byPage, stays: byPage, dwellMs: byPage, pageViewsFrom: byPath, clicks: byClick, led: byClick, plays: byView, viewingMs: byView,
	livePlays: byPlace, vodPlays: byPlace, liveMs: byPlace, vodMs: byPlace,
	attempts: byOrder, orders: byOrder, fen: byOrder,
	impressions: byImpression, focuses: byImpression, renderedClicks: byImpression, focusClicks: byImpression,
	orderPages: byOrderPage, ledOrders: byOrderLed, ledFen: byOrderLed, assisted: byOrderLed,
	measured: byView, started: byView, startMs: byView, stalled: byView, stalls: byView, stallMs: byView, playErrors: byView, failed: byView,
	told: byPlace, gone: byPlace,
	reach5: byView, reach60: byView, reach180: byView, reach900: byView, minuteMs: byMinute, liveChannelMs: byChannel,
	tvMs: byAudience, airings: byAir, airedMs: byWatched, airedWhenMs: byWatched, airedLiveMs: byAudience, scheduledMs: byChannel, liveAudience: byAudience,
	audience0: byAudience, audience3: byAudience, audience7: byAudience,
	airReach5: byAudience, airReach60: byAudience, airReach180: byAudience, airReach900: byAudience,
	lagReach0: byAudience, lagReach3: byAudience, lagReach7: byAudience,
	contentMs: byMode, lengthMs: byMode, genreMs: byPlace, placeMs: byPlace, boxMs: byPlace,
	rawPlays: byView, rawViewingMs: byView, rawLivePlays: byPlace, rawVODPlays: byPlace, rawLiveMs: byPlace, rawVODMs: byPlace, invalid: byWhy,
	journeys: byJourney, found: byJourney, foundMs: byJourney, foundPages: byJourney, foundClicks: byJourney, browseMs: byJourney,
	ledViews: byPage, searches: byPage, searchPlays: byPage,
	standbys: byPlace, standbyMs: byPlace, offs: byPlace, offMs: byPlace,
	assetMs: byAsset, placedMs: byAsset, leaves: byPart, passed: byAsset,
	present: byPresence, presentActive: byTenure, presentReporting: byTenure, silent7: byTenure, silent30: byTenure, silent90: byTenure, unseen: byTenure,
	softChurn: byTenure, onDay: byTenure, onWeek: byTenure, onMonth: byTenure, returned: byTenure, baseAccounts: byPlace, leftAccounts: byPlace,
	members: byCohort, retained: byCohort, cohortObserved: byCohort, engaged: byCohort,
	ran: byAgent, spoke: byModel, fetched: byRelease, taken: byRelease, rolledBack: byRelease, updateRefused: byRelease,
	fullViews: byView, viewerDays: byView, returns: byView, followers: bySeries, episodes: bySeries, bingers: bySeries,
	assetViewers: byAsset, partsSeen: byPart, complete: byAsset,
}

// count holds the measures of one cell.
type count struct {
	sum   [measures]int64
	boxes [measures]int64 // how many had any, where the boxes matter

	// Of the cell's province and city, whatever else it is of:
	reporting int64                           // boxes that told anything in the last 30 days
	accounts  int64                           // active at the end of the last day told in the period
	active    [3]int64                        // boxes switched on in the last 1, 7 and 30 days
	inPlace   [measures]int64                 // in the cell's time, where figures are set against it
	whole     [measures]int64                 // of the cell whatever the part of an asset
	rolling   [2]struct{ left, before int64 } // in 30 days and in 12 months, and accounts before these

	anyAgent     int64 // boxes that told which agent they run, whichever it is
	inPlaceBoxes [measures]int64
	airings      int64 // different broadcasts of the cell, whatever its city

	lengthMs int64 // of the cell's time
}

func number(m measure) func(*count) (float64, bool) {
	return func(c *count) (float64, bool) { return float64(c.sum[m]), true }
}

func boxes(m measure) func(*count) (float64, bool) {
	return func(c *count) (float64, bool) { return float64(c.boxes[m]), true }
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
