package oracle

import (
	"fmt"
	"strings"
	"testing"
)

// catalogue reads lines of a feeds' truth.
func catalogue(t *testing.T, lines ...string) *Catalogue {
	t.Helper()
	c, err := ReadCatalogue(strings.NewReader(`{"feeds_truth":1}` + "\n" + strings.Join(lines, "\n")))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// airing is a line that tells a broadcast of minutes from a moment on, in Zhejiang.
func airing(t *testing.T, channel, code, from string, minutes int64) string {
	t.Helper()
	return fmt.Sprintf(`{"airing":{"province":"33","channel":"%s","code":"%s","name":"%s show","genre":"news","start_ms":%d,"end_ms":%d}}`,
		channel, code, channel, at(t, from), at(t, from)+minutes*60_000)
}

func TestReach(t *testing.T) {
	o := script(t, `
		1 10:00:05 a view "mode":"live","channel":"c1","duration_ms":5000,"speed":100
		1 10:01:00 b view "mode":"live","channel":"c1","duration_ms":40000,"speed":100
		1 10:01:20 b view "mode":"live","channel":"c1","duration_ms":20000,"speed":100,"part":1
		1 10:59:30 c view "mode":"live","channel":"c1","duration_ms":30000,"speed":100
		1 11:00:30 c view "mode":"live","channel":"c1","duration_ms":59999,"speed":100
		1 11:00:30 x view "mode":"live","channel":"c1","duration_ms":3600000,"speed":200`)
	total := o.Ask("total", "channel")
	expect(t, total, "reach_5", "total", "c1", "", "3")
	expect(t, total, "reach", "total", "c1", "", "1") // two parts that touch; c has a gap of a millisecond
	hours := o.Ask("hour")
	expect(t, hours, "reach_5", "2026-11-01T10", "", "", "3")
	expect(t, hours, "reach_5", "2026-11-01T11", "", "", "1")
	expect(t, hours, "reach", "2026-11-01T10", "", "", "1")
	expect(t, hours, "ama", "2026-11-01T10", "", "", "0.0347219")
	expect(t, hours, "rating", "2026-11-01T10", "", "", "0.868049") // of four that report
	day := o.Ask("day", "hour_of_day")
	expect(t, day, "ama", "2026-11-01", "10", "", "0.0347219") // of the hour, not of the day
	expect(t, day, "reach_rate", "2026-11-01", "10", "", "25")
	expect(t, o.Ask("day", "minute"), "minute_ama", "2026-11-01", "10:00", "", "0.75")
	expect(t, o.Ask("hour", "province", "channel"), "share", "2026-11-01T10", "33", "c1", "100")
	expect(t, o.Ask("total", "province", "weekday"), "plays", "total", "33", "sunday", "4")
}

func TestBroadcasts(t *testing.T) {
	c := catalogue(t, airing(t, "c1", "b1", "1 19:30:00", 60), airing(t, "c1", "b2", "1 20:30:00", 30), airing(t, "c2", "b3", "1 20:00:00", 60))
	o := scriptWith(t, c, `
		1 20:15:00 a view "mode":"live","channel":"c1","duration_ms":3600000,"speed":100
		1 20:30:20 b view "mode":"live","channel":"c1","duration_ms":40000,"speed":100
		2 01:30:00 c view "mode":"catchup","channel":"c1","content":"b1","duration_ms":600000,"speed":100
		2 02:30:00 c view "mode":"catchup","channel":"c1","content":"b1","duration_ms":600000,"speed":100
		1 19:10:00 c view "mode":"catchup","channel":"c1","content":"b1","duration_ms":60000,"speed":100
		9 02:00:01 x view "mode":"catchup","channel":"c1","content":"b1","duration_ms":600000,"speed":100
		9 01:59:59 c view "mode":"catchup","channel":"c1","content":"b1","duration_ms":1000,"speed":100
		9 03:00:01 c view "mode":"catchup","channel":"c1","content":"b1","duration_ms":1000,"speed":100`)
	day := o.Ask("day", "broadcast")
	expect(t, day, "broadcasts", "2026-11-01", "b1", "", "1")
	expect(t, day, "programme_ama", "2026-11-01", "b1", "", "0.755556")    // 45 minutes and 20 seconds of 60
	expect(t, day, "programme_ama_l0", "2026-11-01", "b1", "", "0.938889") // and 10 minutes in the same TV day, and one in its hour
	expect(t, day, "programme_ama_l3", "2026-11-01", "b1", "", "1.10556")  // and 10 in the next
	expect(t, day, "programme_ama_l7", "2026-11-01", "b1", "", "1.10583")  // and a second before the eighth is over
	expect(t, day, "programme_reach_5", "2026-11-01", "b1", "", "2")
	expect(t, day, "programme_reach", "2026-11-01", "b1", "", "1") // b watched 20 seconds of it
	expect(t, day, "programme_share", "2026-11-01", "b1", "", "100")
	expect(t, day, "programme_share", "2026-11-01", "b3", "", "0") // all of them watched something else
	expect(t, day, "programme_minutes", "2026-11-01", "b2", "", "0.333333")
	expect(t, o.Ask("total", "programme"), "programme_ama", "total", "c1 show", "", "0.383333") // the mean of two
	expect(t, o.Ask("day"), "programme_minutes_when", "2026-11-02", "", "", "20")
	expect(t, o.Ask("day", "lag"), "programme_minutes", "2026-11-01", "1", "", "10")
	expect(t, o.Ask("hour"), "programme_minutes", "2026-11-01T19", "", "", "66.35")
	expect(t, o.Ask("day"), "schedule_coverage", "2026-11-01", "", "", "75.2747") // from 19:15 nothing was on for a quarter
	expect(t, o.Ask("total", "genre"), "programme_reach_5", "total", "news", "", "2")
}

func TestContents(t *testing.T) {
	c := catalogue(t, `{"title":{"province":"33","code":"film","genre":"movie","sub_genre":"action","place":"CN","definition":"hd","provider":"cp"}}`,
		`{"title":{"province":"33","code":"e1","genre":"","series":"s"}}`,
		`{"stand":{"province":"33","day":"2026-11-01","cities":{"3301":4,"3302":9,"":1}}}`)
	o := scriptWith(t, c, `
		1 10:01:00 a view "mode":"vod","content":"film","duration_ms":60000,"speed":100
		1 10:03:00 b view "mode":"vod","content":"e1","duration_ms":120000,"speed":100
		1 10:01:00 c power_on
		1 10:05:00 x view "mode":"vod","content":"film","duration_ms":60000,"speed":100`)
	expect(t, o.Ask("total", "genre"), "viewing_minutes", "total", "movie", "", "1")
	expect(t, o.Ask("total", "genre"), "viewing_minutes", "total", "", "", "3")
	expect(t, o.Ask("total", "series"), "plays", "total", "s", "", "1")
	expect(t, o.Ask("total", "province", "definition"), "plays", "total", "33", "hd", "1")
	expect(t, o.Ask("total", "definition"), "plays", "total", "unknown", "", "2")
	expect(t, o.Ask("total", "province"), "genre_coverage", "total", "33", "", "33.3333")
	expect(t, o.Ask("day", "province"), "box_coverage", "2026-11-01", "33", "", "21.4286")
	expect(t, o.Ask("day", "city"), "account_activity_rate", "2026-11-01", "3302", "", "11.1111")
	// Of Hangzhou two of four report, of Ningbo one of nine, which is too few.
	e := o.Projected(Spans("day", "2026-11-01", "2026-11-01"), "province")["viewing_minutes_projected"][Cell{Period: "2026-11-01", A: "33"}]
	// 4/2 × 3; √(4² × (1 - 2/4) × 0.5/2)
	if got := fmt.Sprintf("%.4f ± %.4f", e.Value.Number, e.Error.Number); got != "6.0000 ± 1.4142" {
		t.Errorf("projected %s", got)
	}
}
