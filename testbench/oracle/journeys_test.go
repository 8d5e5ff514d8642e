package oracle

import "testing"

func TestJourneys(t *testing.T) {
	o := script(t, `
		1 10:00:00 a power_off "cause":"standby"
		1 18:00:00 a power_on "cause":"wake"
		1 18:00:05 a page_view "page":"home"
		1 18:00:10 a click "page":"home"
		1 18:00:12 a page_view "page":"search"
		1 18:00:42 a page_view "page":"detail"
		1 18:20:00 a view "mode":"vod","content":"film","duration_ms":1140000,"speed":100
		1 18:20:00 a page_view "page":"list"
		1 18:21:00 a power_off "cause":"shutdown"
		1 18:00:00 b power_on "cause":"boot"
		1 18:30:00 b page_view "page":"search"
		1 18:31:00 b page_view "page":"list"
		1 18:33:00 b view "mode":"live","duration_ms":59999,"speed":100
		1 18:34:00 b view "mode":"live","duration_ms":60000,"speed":100
		1 19:00:00 c power_on "cause":"boot"
		2 19:00:00 c power_off "cause":"power_cut"
		3 19:00:00 c power_on "cause":"boot"
		2 10:00:00 a power_on "cause":"boot"`)
	all := o.Ask("total", "origin")
	expect(t, all, "journeys", "total", "standby", "", "1")
	expect(t, all, "time_to_content", "total", "standby", "", "60")
	expect(t, all, "pages_to_content", "total", "standby", "", "3")
	expect(t, all, "clicks_to_content", "total", "standby", "", "1")
	expect(t, all, "journeys", "total", "power_on", "", "4")
	expect(t, all, "journeys_without_viewing", "total", "power_on", "", "4")
	expect(t, all, "browsing_minutes", "total", "power_on", "", "30")
	expect(t, all, "browsing_minutes", "total", "viewing", "", "1") // of a to the power-off; b zapped
	pages := o.Ask("day", "page")
	expect(t, pages, "journeys", "2026-11-01", "home", "", "1")
	expect(t, pages, "led_page_views", "2026-11-01", "home", "", "1") // 48 s after it was left
	expect(t, pages, "page_to_play", "2026-11-01", "list", "", "50")
	expect(t, pages, "searches", "2026-11-01", "search", "", "2")
	expect(t, pages, "search_plays", "2026-11-01", "search", "", "1") // b left it for a page 60.001 s before
	days := o.Ask("day", "city")
	expect(t, days, "standbys", "2026-11-01", "3301", "", "1")
	expect(t, days, "standby_time", "2026-11-01", "3301", "", "8")
	expect(t, days, "off_time", "2026-11-02", "3301", "", "15.65")
	expect(t, days, "offs", "2026-11-03", "3302", "", "1")
	expect(t, days, "rest_coverage", "2026-11-01", "3301", "", "50")
	expect(t, days, "rest_coverage", "2026-11-01", "3302", "", "0")
}

func TestAssets(t *testing.T) {
	o := script(t, `
		1 10:59:59 a view "mode":"vod","content":"film","duration_ms":60000,"speed":100,"position_ms":1,"length_s":100,"end":"stop"
		1 11:00:01 b view "mode":"vod","content":"film","duration_ms":3000,"speed":100,"position_ms":1,"length_s":100,"end":"continue"
		1 11:30:00 b view "mode":"vod","content":"film","duration_ms":95000,"speed":100,"position_ms":3001,"length_s":100,"end":"finished"
		1 12:00:00 c view "mode":"vod","content":"film","duration_ms":30000,"speed":100
		1 12:00:00 x view "mode":"live","channel":"cctv1","duration_ms":30000,"speed":100`)
	day := o.Ask("day", "content")
	expect(t, day, "unplaced_minutes", "2026-11-01", "film", "", "0.5")
	expect(t, o.Ask("day", "part"), "leaves", "2026-11-01", "13", "", "1")
	expect(t, o.Ask("day", "part"), "leaves", "2026-11-01", "20", "", "1")
	expect(t, o.Ask("day", "mode"), "place_known", "2026-11-01", "vod", "", "84.0426")
}
