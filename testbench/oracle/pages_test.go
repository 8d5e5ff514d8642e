package oracle

import "testing"

func TestTimeOnPages(t *testing.T) {
	o := script(t, `
		1 10:00:00 a page_view "page":"home"
		1 10:00:30 a click "page":"home"
		1 10:02:00 a page_view "page":"list","from":"home"
		1 10:32:30 a view "mode":"vod","duration_ms":1800000,"speed":100
		1 10:33:00 a view "mode":"vod","duration_ms":30000,"speed":100,"part":1
		1 10:40:00 a page_view "page":"home"
		1 11:10:00 a power_off
		1 10:00:00 b page_view "page":"home"
		1 10:30:01 b page_view "page":"list","from":"home"
		1 10:31:00 b power_on
		1 10:00:00 c page_view "page":"list"
		1 10:00:00 c view "mode":"live","duration_ms":0,"speed":100
		1 10:10:00 c view "mode":"live","duration_ms":600000,"speed":100
		2 10:00:00 x page_view "page":"home"
		2 10:01:00 x view "mode":"live","duration_ms":59001,"speed":100`)
	pages := o.Ask("day", "page")
	expect(t, pages, "page_visitors", "2026-11-01", "home", "", "2")
	expect(t, pages, "views_per_visitor", "2026-11-01", "home", "", "1.5")
	expect(t, pages, "dwell_time", "2026-11-01", "home", "", "960") // 2 and 30 minutes
	expect(t, pages, "dwell_time", "2026-11-01", "list", "", "30")  // of c nobody knows
	expect(t, pages, "bounces", "2026-11-02", "home", "", "1")
	expect(t, pages, "bounce_rate", "2026-11-02", "home", "", "100")
	expect(t, pages, "dwell_time", "2026-11-02", "home", "", "none")
	expect(t, pages, "valid_page_views", "2026-11-01", "list", "", "3")
	expect(t, o.Ask("day", "province"), "page_visitors", "2026-11-01", "33", "", "3")
	expect(t, o.Ask("hour", "city"), "dwell_time", "2026-11-01T10", "3301", "", "650")
	expect(t, o.Ask("total", "from_page", "page"), "page_steps", "total", "home", "list", "2")
}
