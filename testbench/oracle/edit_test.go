package oracle

import (
	"fmt"
	"strings"
	"testing"
)

func TestCaps(t *testing.T) {
	o := script(t, `
		1 23:00:00 a view "mode":"live","channel":"cctv1","duration_ms":3600000,"speed":100,"idle_ms":16200000
		2 04:00:00 a view "mode":"live","channel":"cctv1","duration_ms":7200000,"speed":100,"idle_ms":10800000
		2 09:00:00 b view "mode":"live","channel":"cctv1","duration_ms":7200000,"speed":100,"idle_ms":10800000
		2 09:00:00 c view "mode":"vod","content":"film","duration_ms":7200000,"speed":100,"idle_ms":18000000
		4 09:00:00 c view "mode":"live","channel":"cctv1","duration_ms":60000,"speed":100,"tv":"off"
		4 09:01:00 c view "mode":"live","channel":"cctv1","duration_ms":60000,"speed":100,"tv":"on","part":1
		3 19:00:00 c view "mode":"live","channel":"cctv1","duration_ms":60000,"speed":100,"idle_ms":14457000`)
	days := o.Ask("day")
	expect(t, days, "viewing_minutes", "2026-11-01", "", "", "30") // a sign at 18:30
	expect(t, days, "viewing_minutes:raw", "2026-11-01", "", "", "60")
	hours := o.Ask("hour")
	expect(t, hours, "viewing_minutes", "2026-11-02T02", "", "", "60") // a sign at 01:00
	expect(t, hours, "viewing_minutes", "2026-11-02T03", "", "", "0")
	expect(t, hours, "viewing_minutes", "2026-11-02T08", "", "", "60") // a sign at 06:00; one at 04:00, of VOD
	expect(t, o.Ask("total", "mode"), "viewing_minutes", "total", "vod", "", "60")
	expect(t, days, "plays", "2026-11-03", "", "", "0") // three seconds are left
	expect(t, days, "viewing_minutes", "2026-11-03", "", "", "0.05")
	expect(t, days, "viewing_minutes", "2026-11-04", "", "", "1") // nobody saw the first
	expect(t, days, "plays", "2026-11-04", "", "", "0")
	expect(t, days, "plays:raw", "2026-11-03", "", "", "1")
	expect(t, days, "viewers:raw", "2026-11-03", "", "", "1")
}

func TestEpisodes(t *testing.T) {
	o := script(t, `
		1 20:10:00 a view "mode":"vod","content":"e1","duration_ms":600000,"speed":100,"idle_ms":600000
		1 20:20:00 a view "mode":"vod","content":"e2","duration_ms":600000,"speed":100,"idle_ms":1200000
		1 20:30:00 a view "mode":"vod","content":"e3","duration_ms":600000,"speed":100,"idle_ms":1800000
		1 20:40:00 a view "mode":"vod","content":"e4","duration_ms":600000,"speed":100,"idle_ms":2400000
		1 20:50:00 a view "mode":"vod","content":"e4","duration_ms":600000,"speed":100,"idle_ms":3000000,"part":1
		1 21:00:00 a view "mode":"vod","content":"e5","duration_ms":600000,"speed":100,"idle_ms":60000`)
	byContent := o.Ask("total", "content")
	for content, want := range map[string]string{"e1": "10", "e2": "10", "e3": "10", "e4": "0", "e5": "10"} {
		expect(t, byContent, "viewing_minutes", "total", content, "", want)
	}
	expect(t, byContent, "viewing_minutes:raw", "total", "e4", "", "20")
}

func TestFloods(t *testing.T) {
	var lines strings.Builder
	for n := range 60 {
		fmt.Fprintf(&lines, "1 20:30:%02d a page_view\n1 20:30:%02d b page_view\n1 20:%02d:00 c page_view\n", n, n, n)
	}
	lines.WriteString(`1 03:00:00 a view "mode":"live","channel":"cctv1","duration_ms":600000,"speed":100
		1 03:00:00 b view "mode":"live","channel":"cctv1","duration_ms":600000,"speed":100
		2 00:05:00 b view "mode":"live","channel":"cctv1","duration_ms":600000,"speed":100
		1 20:30:59 b click
		1 03:00:00 c view "mode":"live","channel":"cctv1","duration_ms":600000,"speed":100`)
	o := script(t, lines.String())
	days := o.Ask("day")
	expect(t, days, "viewing_minutes", "2026-11-01", "", "", "25") // what b told on the 2nd counts
	expect(t, days, "viewing_minutes:raw", "2026-11-01", "", "", "35")
	expect(t, days, "plays", "2026-11-01", "", "", "3")
	expect(t, days, "invalid_boxes", "2026-11-01", "", "", "1")
	expect(t, days, "invalid_events", "2026-11-01", "", "", "62")
	expect(t, days, "invalid_boxes", "2026-11-02", "", "", "0")
}
