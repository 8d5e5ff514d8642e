package oracle

import "testing"

// assets is a catalogue of a film of 100 s, and of series.
func assets(t *testing.T) *Catalogue {
	t.Helper()
	return catalogue(t, `{"title":{"province":"33","code":"film","length_s":100}}`,
		`{"title":{"province":"33","code":"s","series":"s"}}`,
		`{"title":{"province":"33","code":"e1","series":"s","length_s":600}}`, `{"title":{"province":"33","code":"e2","series":"s","length_s":600}}`,
		`{"title":{"province":"33","code":"e3","series":"s","length_s":600}}`, `{"title":{"province":"33","code":"u1","series":"u","length_s":600}}`)
}

func TestFullViews(t *testing.T) {
	o := scriptWith(t, assets(t), `
		1 10:01:00 a view "mode":"vod","content":"film","duration_ms":60000,"speed":100
		1 10:03:00 b view "mode":"vod","content":"film","duration_ms":30000,"speed":100
		1 10:13:00 b view "mode":"vod","content":"e1","duration_ms":150000,"speed":100
		1 10:13:00 c view "mode":"vod","content":"none","duration_ms":120000,"speed":100
		1 10:13:00 x view "mode":"vod","content":"film","duration_ms":60000,"speed":100
		1 10:30:00 x view "mode":"live","channel":"c1","duration_ms":60000,"speed":100`)
	total := o.Ask("total")
	expect(t, total, "full_views", "total", "", "", "1.15") // nobody knows Changsha's film
	expect(t, total, "length_coverage", "total", "", "", "57.1429")
	expect(t, o.Ask("hour", "length"), "full_views", "2026-11-01T10", "under_30", "", "0.25")
	expect(t, o.Ask("total", "hour_of_day"), "full_views", "total", "10", "", "1.15")
	expect(t, total, "share_of_viewers", "total", "", "", "100")
	modes := o.Ask("total", "mode")
	expect(t, modes, "share_of_viewers", "total", "live", "", "25")
	expect(t, modes, "share_of_viewers", "total", "vod", "", "100") // x does both
	expect(t, modes, "share_of_plays", "total", "live", "", "16.6667")
	expect(t, o.Ask("day", "province", "content"), "share_of_plays", "2026-11-01", "33", "film", "50")
}

func TestReturns(t *testing.T) {
	o := scriptWith(t, assets(t), `
		1 10:10:00 a view "mode":"vod","content":"film","duration_ms":60000,"speed":100
		1 12:10:00 a view "mode":"vod","content":"film","duration_ms":60000,"speed":100
		8 10:10:00 a view "mode":"vod","content":"film","duration_ms":60000,"speed":100
		16 10:10:00 a view "mode":"vod","content":"film","duration_ms":60000,"speed":100
		1 10:10:00 b view "mode":"vod","content":"film","duration_ms":60000,"speed":100
		2 10:10:00 b view "mode":"vod","content":"e1","duration_ms":60000,"speed":100
		3 10:10:00 b view "mode":"vod","content":"e2","duration_ms":60000,"speed":100
		4 10:10:00 b view "mode":"vod","content":"film","duration_ms":59999,"speed":100`)
	total := o.Ask("total")
	expect(t, total, "viewer_days", "total", "", "", "6")
	expect(t, total, "returning_viewer_days", "total", "", "", "3") // of a the 1st, of b the 1st and the 2nd
	expect(t, o.Ask("total", "content"), "return_rate", "total", "film", "", "25")
	expect(t, o.Ask("total", "series"), "returning_viewer_days", "total", "s", "", "1")
	days := o.Ask("day", "mode")
	expect(t, days, "returning_viewer_days", "2026-11-01", "vod", "", "2") // after the period
	expect(t, days, "returning_viewer_days", "2026-11-08", "vod", "", "0") // eight days later
	weekdays := o.Ask("total", "weekday")
	expect(t, weekdays, "viewer_days", "total", "sunday", "", "3")
	expect(t, weekdays, "returning_viewer_days", "total", "sunday", "", "2") // on a Monday too
}

func TestBinges(t *testing.T) {
	o := scriptWith(t, assets(t), `
		1 20:10:00 a view "mode":"vod","content":"e1","duration_ms":60000,"speed":100
		2 01:00:00 a view "mode":"vod","content":"e2","duration_ms":60000,"speed":100
		2 01:30:00 a view "mode":"vod","content":"e3","duration_ms":60000,"speed":100
		1 20:10:00 b view "mode":"vod","content":"e1","duration_ms":60000,"speed":100
		1 20:20:00 b view "mode":"vod","content":"e1","duration_ms":60000,"speed":100
		1 20:30:00 b view "mode":"vod","content":"u1","duration_ms":60000,"speed":100
		2 02:30:00 b view "mode":"vod","content":"e2","duration_ms":60000,"speed":100
		2 03:30:00 b view "mode":"vod","content":"e3","duration_ms":60000,"speed":100
		1 20:10:00 c view "mode":"vod","content":"s","duration_ms":60000,"speed":100
		1 20:20:00 c view "mode":"vod","content":"film","duration_ms":60000,"speed":100`)
	days := o.Ask("day")
	expect(t, days, "series_viewers", "2026-11-01", "", "", "2")
	expect(t, days, "bingers", "2026-11-01", "", "", "1") // until 02:00
	expect(t, days, "bingers", "2026-11-02", "", "", "0")
	expect(t, days, "episodes_per_viewer", "2026-11-01", "", "", "2.5") // three, and two
	expect(t, days, "series_viewers", "2026-11-02", "", "", "1")
	total := o.Ask("total", "series")
	expect(t, total, "episodes_per_viewer", "total", "s", "", "3")
	expect(t, total, "bingers", "total", "s", "", "1") // b on two days
	expect(t, total, "binge_rate", "total", "u", "", "0")
	expect(t, o.Ask("total", "weekday"), "series_viewers", "total", "monday", "", "1")
}

func TestAssetParts(t *testing.T) {
	// The middles of the parts lie at 2.5 s, 7.5 s ... 97.5 s.
	o := scriptWith(t, assets(t), `
		1 10:00:03 a view "mode":"vod","content":"film","duration_ms":8000,"speed":100,"length_s":100,"position_ms":1,"end":"stop"
		1 10:10:00 a view "mode":"vod","content":"film","duration_ms":60000,"speed":100,"length_s":100,"position_ms":5001,"end":"zap"
		1 10:12:00 a view "mode":"vod","content":"film","duration_ms":30000,"speed":100,"length_s":100,"position_ms":60001,"end":"continue"
		1 10:30:00 x view "mode":"vod","content":"film","speed":100,"length_s":100,"position_ms":1
		1 10:10:00 b view "mode":"vod","content":"film","duration_ms":1000,"speed":100,"length_s":100,"position_ms":1,"end":"stop"
		1 10:10:00 c view "mode":"vod","content":"film","duration_ms":50000,"speed":100
		1 10:20:00 c view "mode":"vod","content":"film","duration_ms":5000,"speed":800,"length_s":100,"position_ms":60001,"end":"finished"
		2 10:20:00 c view "mode":"vod","content":"film","duration_ms":20000,"speed":100,"length_s":100,"position_ms":90001,"end":"finished"`)
	total := o.Ask("total")
	expect(t, total, "asset_viewers", "total", "", "", "3")
	expect(t, total, "completion", "total", "", "", "33.3333") // 18, none and 2 of 60
	expect(t, total, "complete_viewers", "total", "", "", "1")
	expect(t, total, "complete_rate", "total", "", "", "33.3333")
	expect(t, total, "leaves", "total", "", "", "5")
	expect(t, total, "place_known", "total", "", "", "70.4142") // of 169 s 119
	expect(t, total, "unplaced_minutes", "total", "", "", "0.833333")
	parts := o.Ask("total", "part")
	expect(t, parts, "retention", "total", "1", "", "33.3333")
	expect(t, parts, "retention", "total", "20", "", "33.3333")
	expect(t, parts, "leaves", "total", "2", "", "1")
	expect(t, parts, "leave_share", "total", "14", "", "20")
	expect(t, parts, "leave_share", "total", "20", "", "40") // beyond its end, and wound to it
	expect(t, o.Ask("day", "province", "part"), "retention", "2026-11-02", "33", "20", "100")
	expect(t, o.Ask("hour", "content"), "completion", "2026-11-01T09", "film", "", "5") // until 10:00 the first alone
	expect(t, o.Ask("day", "length"), "complete_viewers", "2026-11-01", "under_10", "", "1")
}
