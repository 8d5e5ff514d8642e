package oracle

import "testing"

func TestTimeOn(t *testing.T) {
	o := script(t, `
		1 19:30:00 a power_on "cause":"boot"
		1 20:30:00 a view "mode":"live","duration_ms":3600000,"speed":100
		1 20:45:00 a power_off
		1 20:00:00 b power_on "cause":"wake"
		1 20:00:00 c click "page":"home"
		2 00:15:00 x page_view "page":"home"
		9 10:00:00 a power_on "cause":"wake"
		9 10:00:00 a power_off`)
	day := o.Ask("day", "province")
	expect(t, day, "hours_on", "2026-11-01", "33", "", "2.75")
	expect(t, day, "hours_on", "2026-11-01", "43", "", "1.25")
	expect(t, day, "hours_on", "2026-11-02", "43", "", "0.25")
	expect(t, day, "hours_on_per_box", "2026-11-01", "33", "", "1.375") // box b told nothing after it was on
	expect(t, day, "wakes", "2026-11-01", "33", "", "1")
	expect(t, day, "wake_share", "2026-11-01", "33", "", "50")
	expect(t, day, "hours_on", "2026-11-09", "33", "", "1.5") // a power-off comes before a power-on
	expect(t, o.Ask("hour", "city"), "hours_on", "2026-11-01T20", "3301", "", "0.75")
	expect(t, day, "daily_active_boxes", "2026-11-08", "33", "", "0")
	expect(t, day, "weekly_active_boxes", "2026-11-07", "33", "", "2")
	expect(t, day, "weekly_active_boxes", "2026-11-09", "33", "", "1")
	expect(t, day, "monthly_active_boxes", "2026-11-09", "33", "", "2")
	expect(t, day, "stickiness", "2026-11-09", "33", "", "50")
	expect(t, day, "monthly_activity_rate", "2026-11-09", "33", "", "66.6667")
}
