package board

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"iptvdc/aggregator"
	"iptvdc/aggregator/indicator"
	"iptvdc/aggregator/store"
)

// What was on is asked where a minute has one programme: a day, a channel, watched live.
func TestProgrammesAsked(t *testing.T) {
	today := day(t, "2026-11-25")
	day1 := &Period{Last: 1, Unit: UnitDay}
	only := func(d store.Column, in ...string) []indicator.Filter {
		return []indicator.Filter{{Dimension: d, In: in}}
	}
	f := func(filters Filters, by []store.Column, want string) {
		t.Helper()
		w := Widget{Kind: KindMinute, Ask: Ask{Figures: []Figure{{Indicator: "minute_rating"}}, By: by}}
		asked, err := w.Resolve(filters, today)
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		for _, q := range asked.Questions[1:] {
			if err := q.Request.Check(); err != nil || q.Part != PartProgrammes {
				t.Errorf("%+v: %v", q, err)
			}
			b, err := json.Marshal(q.Request)
			if err != nil {
				t.Fatal(err)
			}
			got += string(b)
		}
		if got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
	of := func(filters string) string {
		return `{"indicators":["programme_ama","broadcasts"],"dimensions":["channel","broadcast"],` + filters + `"from":"2026-11-23","to":"2026-11-24","limit":3000,"order":"-programme_ama"}`
	}
	f(Filters{Period: day1, Where: only(store.ColChannel, "cctv1")}, nil, of(`"filters":[{"dimension":"channel","in":["cctv1"]}],`))
	f(Filters{Period: day1, Where: only(store.ColProvince, "33")}, []store.Column{store.ColChannel}, of(`"filters":[{"dimension":"province","in":["33"]}],`))
	f(Filters{Period: day1, Where: append(only(store.ColChannel, "cctv1"), only(store.ColMode, "live", "catchup")...)}, nil, of(`"filters":[{"dimension":"channel","in":["cctv1"]}],`))
	f(Filters{Period: day1, Where: append(only(store.ColChannel, "cctv1"), only(store.ColMode, "vod")...)}, nil, "")
	f(Filters{Period: day1, Where: only(store.ColChannel, "cctv1", "zjws")}, nil, "")
	f(Filters{Period: day1, Where: []indicator.Filter{{Dimension: store.ColChannel, In: []string{"cctv1"}, Not: true}}}, nil, "")
	f(Filters{Period: day1}, nil, "")
	f(Filters{Period: &Period{Last: 2, Unit: UnitDay}, Where: only(store.ColChannel, "cctv1")}, nil, "")
}

// One programme of several provinces is one line; what ended before the day, or has no
// name, is none; what nobody watched is there.
func TestLayProgrammes(t *testing.T) {
	at := func(d string, hour, minute int64) indicator.Moment {
		return indicator.Moment(day(t, d).Start() + hour*aggregator.HourMs + minute*60_000)
	}
	a := &indicator.Answer{
		Columns: []indicator.Column{{ID: "period"}, {ID: "channel"}, {ID: "broadcast"}, {ID: "programme_ama"}, {ID: "broadcasts"}},
		Airings: map[string]indicator.Airing{
			"a": {Name: "News", From: at("2026-11-24", 19, 0), To: at("2026-11-24", 19, 30)},
			"b": {Name: "News", From: at("2026-11-24", 19, 0), To: at("2026-11-24", 19, 30)},
			"c": {Name: "Late", From: at("2026-11-23", 23, 30), To: at("2026-11-24", 0, 30)},
			"d": {Name: "Old", From: at("2026-11-23", 19, 0), To: at("2026-11-24", 0, 0)},
			"e": {From: at("2026-11-24", 8, 0), To: at("2026-11-24", 9, 0)},
			"f": {Name: "Nobody's", From: at("2026-11-24", 20, 0), To: at("2026-11-24", 21, 0)},
		},
	}
	for _, r := range []struct {
		channel, code string
		value         indicator.Number
	}{{"cctv1", "a", 5}, {"cctv1", "d", 4}, {"cctv1", "c", 3}, {"cctv1", "b", 2}, {"cctv1", "e", 1}, {"cctv1", "x", 1}, {"bj", "f", indicator.None()}} {
		a.Rows = append(a.Rows, indicator.Row{Period: "total", Cells: []string{r.channel, r.code}, Values: []indicator.Number{r.value, 1}})
	}
	laid, err := LayProgrammes(&indicator.Request{To: "2026-11-24"}, a)
	if err != nil {
		t.Fatal(err)
	}
	want := []indicator.Row{
		{Period: "total", Cells: []string{"bj", "f"}, Values: []indicator.Number{0}},
		{Period: "total", Cells: []string{"cctv1", "c"}, Values: []indicator.Number{3}},
		{Period: "total", Cells: []string{"cctv1", "a"}, Values: []indicator.Number{7}},
	}
	if diff := cmp.Diff(want, laid.Rows); diff != "" {
		t.Error(diff)
	}
	if len(laid.Columns) != 4 || len(a.Rows) != 7 || a.Rows[0].Values[0] != 5 {
		t.Errorf("columns %v; the answer became %v", laid.Columns, a.Rows)
	}
}
