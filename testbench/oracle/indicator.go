package oracle

// Indicator is one figure: how it is named, by what it may be split, and how it
// comes from counts.
type Indicator struct {
	ID         string
	Dimensions []string
	value      func(c *count) (v float64, ok bool)
}

var (
	byPlace = []string{"province", "city"}
	byPage  = []string{"province", "city", "page"}
	byClick = []string{"province", "city", "page", "area", "slot", "content"}
	byView  = []string{"province", "city", "mode", "channel", "content"}
	byMode  = []string{"province", "city", "mode"}
	byOrder = []string{"province", "city", "product", "provider"}
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
		{"page_views", byPage, number(pageViews)},
		{"clicks", byClick, number(clicks)},
		{"led_clicks", byClick, number(led)},
		{"click_to_play", byClick, func(c *count) (float64, bool) {
			return divide(100*float64(c.sum[led]), float64(c.sum[clicks]))
		}},
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

	measures
)

// splits says by which dimensions a measure may be counted.
var splits = [measures][]string{
	powerOns: byPlace, pageViews: byPage, clicks: byClick, led: byClick, plays: byView, viewingMs: byView,
	livePlays: byPlace, vodPlays: byPlace, liveMs: byPlace, vodMs: byPlace,
	attempts: byOrder, orders: byOrder, fen: byOrder,
}

// count holds the measures of one cell.
type count struct {
	sum       [measures]int64
	boxes     [measures]map[string]bool // who had any, where the boxes matter
	reporting int
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

// divide has no value if there is nothing to divide by.
func divide(a, b float64) (float64, bool) {
	if b == 0 {
		return 0, false
	}
	return a / b, true
}
