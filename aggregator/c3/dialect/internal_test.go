package dialect

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"iptvdc/aggregator"
)

func TestDecimal(t *testing.T) {
	f := func(text string, places int, want int64, ok bool) {
		t.Helper()
		if got, good := parseDecimal([]byte(text), places); got != want || good != ok {
			t.Errorf("%q: %d %v, want %d %v", text, got, good, want, ok)
		}
	}
	f("19.9", 2, 1990, true)
	f("19.90", 2, 1990, true)
	f("19.9000", 2, 1990, true)
	f("19.901", 2, 0, false)
	f("0.1", 2, 10, true)
	f(".5", 2, 50, true)
	f("5.", 2, 500, true)
	f("-1", 2, -100, true)
	f("+1", 0, 1, true)
	f("007", 0, 7, true)
	f("92233720368547758.07", 2, 9223372036854775807, true)
	f("92233720368547758.08", 2, 0, false)
	f("9223372036854775808", 0, 0, false)
	f("92233720368547759", 2, 0, false)
	for _, bad := range []string{"", "-", ".", "1,000", "1e3", "1.2.3", " 1", "0x1", "１"} {
		f(bad, 2, 0, false)
	}
	rapid.Check(t, func(t *rapid.T) {
		v, places := rapid.Int64().Draw(t, "v"), rapid.IntRange(0, 4).Draw(t, "places")
		if v == -1<<63 {
			return
		}
		text := appendDecimal(nil, v, places)
		if got, ok := parseDecimal(text, places); !ok || got != v {
			t.Fatalf("%s: %d", text, got)
		}
	})
}

// TestClockIsTheCalendar compares with package time.
func TestClockIsTheCalendar(t *testing.T) {
	k, err := parseClock("yyyy-MM-dd HH:mm:ss.SSS", 8*aggregator.HourMs, "")
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		ms := rapid.Int64Range(0, 253402271999999).Draw(t, "ms")
		text := k.format(nil, ms)
		if want := time.UnixMilli(ms).In(aggregator.Shanghai).Format("2006-01-02 15:04:05.000"); string(text) != want {
			t.Fatalf("%s, want %s", text, want)
		}
		if got, ok := k.parse(text); !ok || got != ms {
			t.Fatalf("%s: %d, want %d", text, got, ms)
		}
	})
}

func TestClocks(t *testing.T) {
	f := func(notation, z, text, want string) {
		t.Helper()
		k, err := parseClock(notation, 8*aggregator.HourMs, z)
		if err != nil {
			t.Fatal(err)
		}
		ms, ok := k.parse([]byte(text))
		got := ""
		if ok {
			got = time.UnixMilli(ms).UTC().Format("2006-01-02T15:04:05")
		}
		if got != want {
			t.Errorf("%s %q: %q, want %q", notation, text, got, want)
		}
	}
	f("yyyyMMdd", "", "20240229", "2024-02-28T16:00:00")
	f("yyyyMMdd", "", "20250229", "")
	f("yyyyMMdd", "", "20250230", "")
	f("yyyyMMdd", "", "99999999", "")
	f("yyyyMMdd", "", "2025010", "")
	f("yyyyMMdd", "", "19700101", "") // before 1970 in UTC
	f("yyyy/M/d H:m", "", "2025/1/2 3:04", "2025-01-01T19:04:00")
	f("yyyy/M/d H:m", "", "2025/01/02 03:04", "2025-01-01T19:04:00")
	f("yyyyMMddHHmmss", "", "20250101240000", "2025-01-01T16:00:00")
	f("yyyyMMddHHmmss", "", "20250101240001", "")
	f("yyyy-MM-ddTHH:mm:ssZ", "local", "2025-01-01T08:00:00Z", "2025-01-01T00:00:00")
	f("yyyy-MM-ddTHH:mm:ssZ", "utc", "2025-01-01T08:00:00Z", "2025-01-01T08:00:00")
	f("yyyy-MM-ddTHH:mm:ssXXX", "", "2025-01-01T08:00:00-01:30", "2025-01-01T09:30:00")
	f("yyyy-MM-ddTHH:mm:ssXXX", "", "2025-01-01T08:00:00+0800", "")
	f("yyyy'年'MM'月'dd'日'", "", "2025年01月02日", "2025-01-01T16:00:00")
	f("unix", "", "1735689600", "2025-01-01T00:00:00")
	f("unix_ms", "", "1735689600000", "2025-01-01T00:00:00")
	f("unix", "", "999999999999999999", "")
	f("unix", "", "-1", "")
	for _, bad := range []string{"", "yyyy", "yyMMdd", "yyyyMMddd", "yyyyMMddMM", "yyyyMMdd'", "yyyyMMddQ"} {
		if _, err := parseClock(bad, 0, ""); err == nil {
			t.Errorf("%q passed", bad)
		}
	}
}

func TestCities(t *testing.T) {
	c := compileCities(43, citySpec{By: []string{"name", "code6", "area"}, Unknown: "fault"}, nil, func(k, s string) { t.Error(k, s) })
	f := func(text string, want aggregator.City) {
		t.Helper()
		if got, ok := c.find([]byte(text)); got != want || ok != (want != 0) {
			t.Errorf("%q: %v %v", text, got, ok)
		}
	}
	f("长沙", 4301)
	f("长沙市", 4301)
	f("湖南省长沙市岳麓区", 4301)
	f("湘西土家族苗族自治州", 4331)
	f("430104", 4301)
	f("439904", 0)
	f("330100", 0)
	f("0734", 4304)
	f("734", 4304)
	f("0731", 0) // of three cities
	f("杭州", 0)
	f("", 0)
}
