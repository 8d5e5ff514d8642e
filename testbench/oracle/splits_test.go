package oracle

import (
	"fmt"
	"strings"
	"testing"
)

func TestModels(t *testing.T) {
	o := script(t, `
		1 09:00:00 a power_on
		1 10:00:00 a identity "model":"M1"
		2 10:00:00 a power_on "cause":"wake"
		1 10:00:00 b identity "model":"M2"
		1 10:00:00 b power_on
		1 10:30:00 b page_view
		1 10:00:00 x page_view`)
	days := o.Ask("day", "model")
	expect(t, days, "power_ons", "2026-11-01", "M1", "", "1") // before it told what it is
	expect(t, days, "hours_on", "2026-11-01", "M2", "", "0.5")
	expect(t, days, "reporting_boxes", "2026-11-01", "", "", "1")
	expect(t, days, "daily_active_boxes", "2026-11-02", "M1", "", "1")
	expect(t, days, "activity_rate", "2026-11-02", "M2", "", "0")
	expect(t, days, "wake_share", "2026-11-02", "M1", "", "100")
	expect(t, o.Ask("total", "province", "model"), "power_ons", "total", "33", "M2", "1")
}

func TestLengths(t *testing.T) {
	title := func(code string, seconds int) string {
		return fmt.Sprintf(`{"title":{"province":"33","code":"%s","length_s":%d}}`, code, seconds)
	}
	c := catalogue(t, title("short", 599), title("ten", 600), title("half", 30*60), title("hour", 3600), title("long", 5400), `{"title":{"province":"33","code":"s","series":"s"}}`)
	var lines strings.Builder
	for n, code := range []string{"short", "ten", "half", "hour", "long", "s", "other"} {
		fmt.Fprintf(&lines, "1 10:%02d:00 a click \"content\":\"%s\"\n", n, code)
	}
	all := scriptWith(t, c, lines.String()).Ask("total", "length")
	for class, want := range map[string]string{"under_10": "1", "under_30": "1", "under_60": "1", "under_90": "1", "over_90": "1", "unknown": "2"} {
		expect(t, all, "clicks", "total", class, "", want)
	}
}

func TestWhyInvalid(t *testing.T) {
	var a, b strings.Builder
	for n := range 61 {
		fmt.Fprintf(&a, "1 20:30:%02d a page_view\n", n%60)
	}
	for n := range 10_001 {
		fmt.Fprintf(&b, "2 %02d:%02d:%02d b health\n", n/3600, n/60%60, n%60) // sixty in each minute
	}
	why := script(t, a.String()+b.String()).Ask("day", "why")
	expect(t, why, "invalid_boxes", "2026-11-01", "minute", "", "1")
	expect(t, why, "invalid_boxes", "2026-11-02", "day", "", "1")
	expect(t, why, "invalid_boxes", "2026-11-02", "minute", "", "0")
	expect(t, why, "invalid_events", "2026-11-02", "day", "", "10001")
	both := script(t, b.String()+"2 20:00:00 b health\n2 20:00:00 b health\n").Ask("total", "why")
	expect(t, both, "invalid_events", "total", "day", "", "10003")
	both = script(t, b.String()+strings.Repeat("2 20:30:59 b health\n", 61)).Ask("total", "why")
	expect(t, both, "invalid_events", "total", "minute", "", "10062") // the least that holds
	expect(t, both, "invalid_events", "total", "day", "", "0")
}

func TestAgents(t *testing.T) {
	o := script(t, `
1 09:00:00 a identity "model":"E900"
1 09:00:01 a power_on "agent":"1.4.2"
1 09:30:00 a running "state":"agent","why":"1.4.3 arm7 E900","version":27
1 09:40:00 a running "state":"good","version":27
1 09:41:00 a running "state":"good","version":27
1 10:30:00 a power_on "agent":"1.4.3"
1 09:00:00 b power_on "agent":"1.4.2"
1 09:10:00 b running "state":"rolled_back","version":27,"why":"x"
1 09:00:00 c power_on "agent":"not a word"
1 09:00:00 c running "state":"applied","why":"1.4.3 arm7 E900","version":3
1 09:00:00 x power_on "agent":"1.4.2"
1 10:00:00 x power_on "agent":"-"
2 10:00:00 x running "state":"update_refused","version":27
`)
	all := o.Ask("day", "agent_version")
	expect(t, all, "agent_boxes", "2026-11-01", "1.4.2", "", "2")
	expect(t, all, "agent_boxes", "2026-11-01", "1.4.3", "", "1")
	expect(t, all, "agent_share", "2026-11-01", "1.4.3", "", "33.3333")
	by := o.Ask("day", "province", "agent_version")
	expect(t, by, "agent_share", "2026-11-01", "33", "1.4.2", "50")
	expect(t, o.Ask("total", "province"), "agent_coverage", "total", "33", "", "66.6667")
	of := o.Ask("total", "release")
	expect(t, of, "updates_taken", "total", "27", "", "1")
	expect(t, of, "updates_refused", "total", "27", "", "1")
	expect(t, of, "rollback_rate", "total", "27", "", "50")
}
