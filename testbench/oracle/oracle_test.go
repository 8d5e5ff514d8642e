package oracle

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// at is a moment of November 2026 in Shanghai, as "22 19:30:05"; day 31 is
// the first of December.
func at(t *testing.T, s string) int64 {
	t.Helper()
	var day, hour, minute, second int
	if _, err := fmt.Sscanf(s, "%d %d:%d:%d", &day, &hour, &minute, &second); err != nil {
		t.Fatal(err)
	}
	return time.Date(2026, 11, day, hour, minute, second, 0, shanghai).UnixMilli()
}

// script reads lines of "<day> <time> <box> <event fields without kind>". Box
// a and b live in Hangzhou, c in Ningbo, x in Changsha.
func script(t *testing.T, text string) *Oracle {
	t.Helper()
	homes := map[string]string{"a": `"p":33,"c":3301`, "b": `"p":33,"c":3301`, "c": `"p":33,"c":3302`, "x": `"p":43,"c":4301`}
	var file strings.Builder
	file.WriteString(`{"truth":1,"seed":1,"start_ms":0,"speed":1,"provinces":[33,43]}` + "\n")
	for line := range strings.Lines(strings.TrimSpace(text)) {
		f := strings.SplitN(strings.TrimSpace(line), " ", 5)
		kind, fields := f[3], ""
		if len(f) == 5 {
			fields = "," + f[4]
		}
		fmt.Fprintf(&file, `{"b":"%s",%s,"t":%d,"e":{"kind":"%s","boot":1,"mono_ms":5%s}}`+"\n", f[2], homes[f[2]], at(t, f[0]+" "+f[1]), kind, fields)
	}
	var truth Truth
	if err := truth.Read(strings.NewReader(file.String())); err != nil {
		t.Fatal(err)
	}
	return New(&truth)
}

// expect compares one figure; want is a number or "none".
func expect(t *testing.T, a Answer, indicator, period, first, second, want string) {
	t.Helper()
	got := "0"
	if v, ok := a[indicator][Cell{period, first, second}]; ok {
		got = "none"
		if v.Known {
			got = fmt.Sprintf("%.6g", v.Number)
		}
	}
	if got != want {
		t.Errorf("%s in %s %s %s = %s, want %s", indicator, period, first, second, got, want)
	}
}

func TestPower(t *testing.T) {
	o := script(t, `
		1 10:00:00 a power_on
		1 10:59:59 a power_on
		1 11:00:00 b power_on
		1 23:00:00 x page_view "page":"home"
		2 00:00:00 a power_on
		9 12:00:00 c power_on`)
	hours := o.Ask("hour")
	expect(t, hours, "power_ons", "2026-11-01T10", "", "", "2")
	expect(t, hours, "active_boxes", "2026-11-01T10", "", "", "1")
	expect(t, hours, "power_ons", "2026-11-02T00", "", "", "1")
	expect(t, hours, "reporting_boxes", "2026-11-01T03", "", "", "3")
	days := o.Ask("day", "province")
	expect(t, days, "active_boxes", "2026-11-01", "33", "", "2")
	expect(t, days, "reporting_boxes", "2026-11-01", "33", "", "2")
	expect(t, days, "reporting_boxes", "2026-11-01", "43", "", "1")
	expect(t, days, "activity_rate", "2026-11-01", "43", "", "0")
	expect(t, days, "reporting_boxes", "2026-11-09", "33", "", "3")
	expect(t, days, "activity_rate", "2026-11-09", "33", "", "33.3333")
	weeks := o.Ask("week")
	expect(t, weeks, "power_ons", "2026-10-26", "", "", "3") // 1 November is a Sunday
	expect(t, weeks, "power_ons", "2026-11-02", "", "", "1")
	expect(t, weeks, "reporting_boxes", "2026-11-09", "", "", "4")
	expect(t, o.Ask("month"), "active_boxes", "2026-11", "", "", "3")
	expect(t, o.Ask("total", "province", "city"), "power_ons", "total", "33", "3302", "1")
}

func TestReportingEnds(t *testing.T) {
	o := script(t, `
		1 10:00:00 a power_on
		30 10:00:00 b power_on`)
	days := o.Ask("day")
	expect(t, days, "reporting_boxes", "2026-11-30", "", "", "2") // 30 days: the first counts
	early := script(t, `
		1 10:00:00 x power_on
		2 10:00:00 a power_on
		30 10:00:00 b power_on
		31 10:00:00 b power_on`)
	expect(t, early.Ask("day"), "reporting_boxes", "2026-12-01", "", "", "2") // the first no more
}

func TestViews(t *testing.T) {
	o := script(t, `
		1 20:10:00 a view "mode":"live","channel":"cctv1","duration_ms":1800000,"speed":100
		1 20:20:00 a view "mode":"live","channel":"cctv1","duration_ms":600000,"speed":100,"part":1
		1 20:30:00 b view "mode":"vod","content":"film","duration_ms":3000,"speed":100
		1 20:31:00 b view "mode":"vod","content":"film","duration_ms":3001,"speed":100
		1 20:32:00 b view "mode":"vod","content":"film","duration_ms":60000,"speed":300
		1 20:33:00 b view "mode":"vod","content":"film","duration_ms":60000,"speed":-200
		2 00:00:30 x view "mode":"vod","content":"film","duration_ms":60000,"speed":100`)
	hours := o.Ask("hour")
	expect(t, hours, "plays", "2026-11-01T19", "", "", "1")
	expect(t, hours, "viewing_minutes", "2026-11-01T19", "", "", "20")
	expect(t, hours, "viewing_minutes", "2026-11-01T20", "", "", "20.1")
	expect(t, hours, "plays", "2026-11-01T20", "", "", "2")
	expect(t, hours, "viewers", "2026-11-01T20", "", "", "1")
	expect(t, hours, "plays", "2026-11-01T23", "", "", "1")
	expect(t, hours, "viewing_minutes", "2026-11-01T23", "", "", "0.5")
	expect(t, hours, "plays", "2026-11-02T00", "", "", "0")
	expect(t, hours, "live_to_vod_plays", "2026-11-01T19", "", "", "none")
	total := o.Ask("total")
	expect(t, total, "live_to_vod_plays", "total", "", "", "0.333333")
	expect(t, total, "live_to_vod_viewers", "total", "", "", "0.5")
	expect(t, o.Ask("total", "mode"), "viewers", "total", "vod", "", "2")
	expect(t, o.Ask("total", "channel"), "viewing_minutes", "total", "cctv1", "", "40")
	expect(t, o.Ask("day", "province", "content"), "plays", "2026-11-01", "43", "film", "1")
}

func TestLed(t *testing.T) {
	view := ` view "mode":"vod","content":"film","duration_ms":10000,"speed":100`
	f := func(want, text string) {
		t.Helper()
		expect(t, script(t, text).Ask("total"), "led_clicks", "total", "", "", want)
	}
	f("1", "1 10:00:00 a click \"content\":\"film\"\n1 10:00:12 a"+view)
	f("1", "1 10:00:00 a click \"content\":\"film\"\n1 10:01:10 a"+view) // starts 60.000 s later
	f("0", "1 10:00:00 a click \"content\":\"film\"\n1 10:01:11 a"+view)
	f("1", "1 10:00:00 a click \"content\":\"film\"\n1 10:00:10 a"+view) // starts with the click
	f("0", "1 10:00:00 a click \"content\":\"film\"\n1 10:00:09 a"+view)
	f("0", "1 10:00:00 a click \"content\":\"film\"\n1 10:00:12 b"+view)
	f("0", "1 10:00:00 a click \"content\":\"other\"\n1 10:00:12 a"+view)
	f("0", "1 10:00:00 a click \"page\":\"home\"\n1 10:00:12 a"+view)
	f("1", "1 10:00:00 a click \"content\":\"film\"\n1 10:00:03 a click \"content\":\"film\"\n1 10:00:15 a"+view) // the later one
	f("0", "1 10:00:00 a click \"content\":\"film\"\n1 10:00:02 a click \"page\":\"home\"\n1 10:00:12 a"+view)    // play as the next click falls
	f("0", "1 10:00:00 a click \"content\":\"film\"\n1 10:00:00 a click \"content\":\"film\"\n1 10:00:12 a"+view)
}

func TestOrders(t *testing.T) {
	o := script(t, `
		1 10:00:00 a order "product":"month","provider":"cp","fen":1990,"result":"paid"
		1 10:01:00 b order "product":"month","provider":"cp","fen":1990,"result":"failed"
		1 10:02:00 b order "product":"year","provider":"cp","fen":9990,"result":"cancelled"
		2 10:00:00 a order "product":"month","provider":"cp","fen":1990,"result":"refunded"`)
	days := o.Ask("day")
	expect(t, days, "order_attempts", "2026-11-01", "", "", "3")
	expect(t, days, "orders", "2026-11-01", "", "", "1")
	expect(t, days, "revenue", "2026-11-01", "", "", "1990")
	expect(t, days, "revenue", "2026-11-02", "", "", "-1990")
	expect(t, days, "order_attempts", "2026-11-02", "", "", "0")
	expect(t, o.Ask("total", "product"), "order_attempts", "total", "year", "", "1")
}

func TestImpressions(t *testing.T) {
	o := script(t, `
		1 10:00:00 a impression "page":"home","area":"top","slot":1,"template":"t1","sight":"rendered"
		1 10:10:00 a impression "page":"home","area":"top","slot":2,"template":"t1","sight":"rendered"
		1 10:10:00 a impression "page":"home","area":"top","slot":1,"template":"t1","sight":"focus"
		1 10:59:59 a click "page":"home","area":"top","slot":1,"template":"t1"
		1 11:00:00 a click "page":"home","area":"top","slot":1,"template":"t1"
		1 10:30:00 b click "page":"home","area":"top","slot":1,"template":"t1"
		1 10:30:00 x impression "page":"home","area":"top","slot":1,"template":"t2","sight":"focus"
		1 10:30:00 x click "page":"home","area":"top","slot":1,"template":"t2"`)
	total := o.Ask("total")
	expect(t, total, "impressions", "total", "", "", "2")
	expect(t, total, "focus_impressions", "total", "", "", "2")
	expect(t, total, "ctr", "total", "", "", "50") // b tells of nothing, a of nothing at 11h, x of the focus alone
	expect(t, total, "focus_ctr", "total", "", "", "100")
	expect(t, total, "clicks", "total", "", "", "4")
	slots := o.Ask("total", "slot")
	expect(t, slots, "ctr", "total", "1", "", "100")
	expect(t, slots, "ctr", "total", "2", "", "0")
	expect(t, slots, "focus_ctr", "total", "2", "", "none")
	expect(t, o.Ask("hour", "template"), "focus_ctr", "2026-11-01T10", "t2", "", "100")
	expect(t, o.Ask("hour"), "ctr", "2026-11-01T11", "", "", "none")
	expect(t, o.Ask("total", "province"), "ctr", "total", "43", "", "none")
}

func TestFunnelAndPlaybacks(t *testing.T) {
	o := script(t, `
		1 10:00:00 a click "page":"d","content":"film"
		1 10:00:01 a order_page "page":"o","product":"month","content":"film"
		1 10:00:30 a order "product":"month","result":"paid"
		1 10:30:00 x order_page "page":"o","product":"month","content":"film"
		1 10:40:00 a playback "mode":"vod","content":"film","start_ms":2000,"stalls":3,"stall_ms":600
		1 10:50:00 a playback "mode":"vod","content":"film","start_ms":1000,"errors":2
		1 10:50:00 x playback "mode":"live","channel":"cctv1","errors":1`)
	total := o.Ask("total")
	expect(t, total, "order_pages", "total", "", "", "2")
	expect(t, total, "order_page_rate", "total", "", "", "200")
	expect(t, total, "order_success", "total", "", "", "50")
	expect(t, o.Ask("total", "province"), "order_page_rate", "total", "43", "", "none")
	expect(t, o.Ask("total", "province", "product"), "order_success", "total", "43", "month", "0")
	expect(t, total, "measured_plays", "total", "", "", "3")
	expect(t, total, "start_time", "total", "", "", "1500")
	expect(t, total, "stalls_per_play", "total", "", "", "1")
	expect(t, total, "stall_ratio", "total", "", "", "33.3333")
	expect(t, total, "stall_time", "total", "", "", "200")
	expect(t, total, "play_errors", "total", "", "", "3")
	expect(t, total, "error_rate", "total", "", "", "66.6667")
	modes := o.Ask("total", "mode")
	expect(t, modes, "start_time", "total", "live", "", "none")
	expect(t, modes, "stall_time", "total", "live", "", "none")
	expect(t, modes, "error_rate", "total", "live", "", "100")
}

func TestRead(t *testing.T) {
	head := `{"truth":1,"seed":1}` + "\n"
	event := `{"b":"a","p":33,"c":3301,"t":1,"e":{"kind":"click","mono_ms":4}}` + "\n"
	f := func(file, want string) {
		t.Helper()
		var truth Truth
		got := "read"
		if err := truth.Read(strings.NewReader(file)); err != nil {
			got = err.Error()
		}
		got = fmt.Sprintf("%s %d %v %d", got, len(truth.Records), truth.Cut, truth.Evicted["a"])
		if got != want {
			t.Errorf("Read(%q): %s, want %s", file, got, want)
		}
	}
	f(head+event+event, "read 2 false 0")
	view := `{"b":"a","p":33,"c":3301,"t":1,"e":{"kind":"view","tv":"off","length_s":5400,"position_ms":60001,"keys":3,"idle_ms":9}}` + "\n"
	var truth Truth
	if err := truth.Read(strings.NewReader(head + view)); err != nil || truth.Records[0].Event != (Event{Kind: "view", TV: "off", LengthS: 5400, PositionMs: 60001, Keys: 3, IdleMs: 9}) {
		t.Errorf("%v: %+v", err, truth.Records)
	}
	f(head+event+event[:20], "read 1 true 0")
	f(head+event+`{"b":"a","evicted":7}`+"\n", "read 1 false 7")
	f(head+event[:20]+"\n"+event, "line 2: unexpected end of JSON input 0 false 0")
	f(`{"b":"a"}`+"\n", `line 1: no truth file: it begins with "{\"b\":\"a\"}\n", not with {"truth":1,...} 0 false 0`)
	f(`{"truth":2}`+"\n", "line 1: truth format 2; this program reads 1 0 false 0")
	f("", "line 1: no truth file: its first line is missing 0 false 0")
	f(head+`{"b":"a"}`+"\n", `line 2: neither "e", an event, nor "evicted" 0 false 0`)
}

func FuzzRead(f *testing.F) {
	f.Add(`{"truth":1}` + "\n" + `{"b":"a","p":33,"c":3301,"t":1,"e":{"kind":"view","duration_ms":4}}` + "\n")
	f.Fuzz(func(t *testing.T, file string) {
		var truth Truth
		_ = truth.Read(strings.NewReader(file))
		for _, r := range truth.Records {
			if r.Box == "" || r.Event.Kind == "" {
				t.Errorf("record without box or kind: %+v", r)
			}
		}
	})
}
