package c3

import (
	"testing"
	"time"

	"iptvdc/aggregator"
)

func TestParseAiring(t *testing.T) {
	f := func(want, length string, pairs ...string) {
		t.Helper()
		var all []Property
		for i := 0; i < len(pairs); i += 2 {
			all = append(all, Property{Name: pairs[i], Value: pairs[i+1]})
		}
		a, err := ParseAiring(all)
		got := "none"
		if err == nil {
			got = time.UnixMilli(a.StartMs).In(aggregator.Shanghai).Format("2006-01-02 15:04:05")
		}
		if d := (time.Duration(a.DurationMs) * time.Millisecond).String(); got != want || d != length {
			t.Errorf("%v: %s for %s, %v; want %s for %s", pairs, got, d, err, want, length)
		}
	}
	f("2026-05-03 19:30:00", "51m0s", "StartDate", "20260503", "StartTime", "193000", "Duration", "005100")
	f("2026-05-03 19:30:25", "51m0s", "startdate", "2026-05-03", "STARTTIME", "19:30:25", "Duration", "00:51:00")
	f("2026-05-03 08:05:00", "1h5m0s", "StartDate", "20260503", "StartTime", "8:05", "Duration", "1:05:00")
	f("2026-05-03 08:05:00", "50m0s", "StartDate", "2026/05/03", "StartTime", "80500", "Duration", "00500000")
	f("2026-05-03 19:30:00", "30m0s", "BeginTime", "2026-05-03T19:30:00Z", "EndTime", "2026-05-03T20:00:00Z")
	f("2026-05-03 19:30:00", "30m0s", "BeginTime", "2026-05-03T19:30:00.000+08:00", "EndTime", "20260503200000")
	f("2026-05-03 23:30:00", "1h0m0s", "StartDate", "20260503", "StartTime", "233000", "EndTime", "003000")
	f("2026-05-04 00:00:00", "10m0s", "StartDate", "20260503", "StartTime", "240000", "Duration", "001000")
	f("2026-05-04 01:30:00", "10m0s", "StartDate", "20260503", "StartTime", "253000", "Duration", "001000")
	f("2026-05-03 19:30:00", "30m0s", "StartDate", "20260503", "StartTime", "20260503193000", "Duration", "003000")
	// A length that is not told, or cannot be.
	f("2026-05-03 19:30:00", "0s", "StartDate", "20260503", "StartTime", "193000")
	f("2026-05-03 19:30:00", "0s", "StartDate", "20260503", "StartTime", "193000", "Duration", "006100")
	f("2026-05-03 19:30:00", "0s", "StartDate", "20260503", "StartTime", "193000", "Duration", "000000")
	f("2026-05-03 19:30:00", "0s", "StartDate", "20260503", "StartTime", "193000", "Duration", "250000")
	f("2026-05-03 19:30:00", "24h0m0s", "StartDate", "20260503", "StartTime", "193000", "Duration", "240000")
	// No start.
	f("none", "0s")
	f("none", "0s", "StartDate", "20260503")
	f("none", "0s", "StartTime", "193000")
	f("none", "0s", "StartDate", "20260231", "StartTime", "193000")
	f("none", "0s", "StartDate", "20260503", "StartTime", "196000")
	f("none", "0s", "StartDate", "19700101", "StartTime", "000000")
	f("none", "0s", "StartDate", "--", "StartTime", "未知")

	a, err := ParseAiring([]Property{{Name: "ChannelID", Value: " cctv1 "}, {Name: "ProgramCode", Value: "p"}, {Name: "PhysicalChannelID", Value: "ph"},
		{Name: "StartDate", Value: "20260503"}, {Name: "StartTime", Value: "000000"}})
	if err != nil || a.Channel != "cctv1" || a.Programme != "p" || a.Physical != "ph" {
		t.Errorf("%+v, %v", a, err)
	}
}

func FuzzParseAiring(f *testing.F) {
	f.Add("20260503", "193000", "005100", "200000", "2026-05-03T19:30:00Z")
	f.Fuzz(func(t *testing.T, day, start, length, end, begin string) {
		a, err := ParseAiring([]Property{{Name: "StartDate", Value: day}, {Name: "StartTime", Value: start}, {Name: "Duration", Value: length},
			{Name: "EndTime", Value: end}, {Name: "BeginTime", Value: begin}})
		year := time.UnixMilli(a.StartMs).In(aggregator.Shanghai).Year()
		if err == nil && (year < 2000 || year > 2101 || a.DurationMs < 0 || a.DurationMs > MaxAiringMs || a.StartMs%1000 != 0 || a.DurationMs%1000 != 0) {
			t.Fatalf("%+v", a)
		}
	})
}
