package console

import (
	"encoding/json"
	"strings"
	"testing"

	"iptvdc/aggregator"
	"iptvdc/aggregator/insight"
	"iptvdc/aggregator/store"
)

// lately is when tellInsights tells of.
const lately = "from=2026-05-06&to=2026-05-06"

// tellInsights makes a finding of every kind: on 6 May a poster does worse in Hunan
// than in Zhejiang, Zhejiang likes a channel and is shown little of a film, and
// power-ons have halved in Zhejiang.
func (b *bench) tellInsights() {
	b.t.Helper()
	day, err := aggregator.ParseDay("2026-05-06")
	if err != nil {
		b.t.Fatal(err)
	}
	r := store.DefaultEditRules()
	r.MinuteRecords = 10_000 // a box is all of a city here
	if err := b.store.SetEditRules(b.t.Context(), r); err != nil {
		b.t.Fatal(err)
	}
	block := &store.Block{ID: [16]byte{0xee}}
	key := func(text string) uint64 {
		block.Codes = append(block.Codes, store.Code{Key: aggregator.TextKey(text), Text: text})
		return aggregator.TextKey(text)
	}
	home, film, other, opera, news := key("home"), key("film"), key("other"), key("opera"), key("news")
	mono := int64(0)
	stamp := func(d aggregator.Day, city aggregator.City) store.Stamp {
		mono++
		return store.Stamp{Province: city.Province(), City: city, Box: uint64(city), Boot: 1, MonoMs: mono, Clock: 3, AtMs: d.Start() + 12*aggregator.HourMs + mono}
	}
	for city, clicks := range map[aggregator.City]int{3301: 60, 4301: 20} {
		for n := range 400 {
			content := film
			if n%2 == 0 {
				content = other
			}
			block.Impressions = append(block.Impressions, store.Impression{Stamp: stamp(day, city), Page: home, Slot: 1, Content: content, Sight: 1})
			block.Impressions = append(block.Impressions, store.Impression{Stamp: stamp(day, city), Page: home, Slot: 2, Content: other, Sight: 1})
			if n%2 == 1 && n/2 < clicks {
				block.Clicks = append(block.Clicks, store.Click{Stamp: stamp(day, city), Page: home, Slot: 1, Content: film})
			}
			v := store.View{Stamp: stamp(day, city), Mode: 1, Channel: news, Content: film, Speed: 100, DurationMs: 60_000}
			if city == 3301 && n < 200 {
				v.Channel = opera
			}
			block.Views = append(block.Views, v)
		}
	}
	for week := range 9 {
		times := 200
		if week == 0 {
			times = 100
		}
		for range times {
			block.Powers = append(block.Powers, store.Power{Stamp: stamp(day-aggregator.Day(7*week), 3301), On: true})
		}
	}
	if _, err := b.store.Insert(b.t.Context(), block); err != nil {
		b.t.Fatal(err)
	}
	s, err := b.store.Dirty(b.t.Context(), 10_000)
	if err != nil {
		b.t.Fatal(err)
	}
	if err := b.store.Close(b.t.Context(), s); err != nil {
		b.t.Fatal(err)
	}
}

func TestInsights(t *testing.T) {
	b := newBench(t)
	b.tellInsights()
	f := func(token, query, says string) {
		t.Helper()
		r := b.do("GET", "/api/v1/insights/"+query, token, "")
		if r.status != 200 || !strings.Contains(r.body, says) {
			t.Errorf("%s: %d %s\nlacks %s", query, r.status, r.body, says)
		}
	}
	f(b.all, "movers?indicator=power_ons&by=province&"+lately, `Power-ons fell from 200 to 100, by 100 (−50%), against 2026-04-29.`)
	f(b.all, "movers?indicator=plays&by=province,channel&"+lately, `By Channel, news counts most`)
	f(b.all, "posters?"+lately, `Hunan: “film” in slot 1 of page home gets 10%, below 30% elsewhere`)
	f(b.zhejiang, "posters?"+lately, `"rows":[]`)
	f(b.all, "posters?subject=slot&rate=click_to_play&"+lately, `"rate":"click_to_play"`)
	f(b.all, "positions?"+lately, `slot 2 of page home was shown 800 times and never clicked`)
	f(b.all, "taste?by=channel&"+lately, `Zhejiang likes opera: 50% of plays, 25% in the nation (index 200)`)
	f(b.zhejiang, "taste?by=channel&"+lately, `"en":"Zhejiang"}`) // compared with what is theirs
	f(b.all, "offer?by=content&"+lately, `film is 100% of plays and only 25% of impressions`)
	f(b.all, "anomalies?day=2026-05-06&indicators=power_ons", `Power-ons 100, 50% below the median of the last weeks' Wednesdays, 200`)
	f(b.all, "anomalies?day=2026-05-06&province=43&hour=12&limit=1", `"judged":0`)
	f(b.all, "products?products=vip&"+lately, `vip: 0 orders. No catalogue tells what it holds.`)
	f(b.zhejiang, "products?"+lately, `"rows":[]`)
}

func TestBadInsightQuestions(t *testing.T) {
	b := newBench(t)
	f := func(query, code, says string) {
		t.Helper()
		b.wantError(b.do("GET", "/api/v1/insights/"+query, b.all, ""), 400, code, says)
	}
	f("movers?"+lately, "bad_parameter", "indicator: is missing")
	f("movers?indicator=x&"+lately, "bad_indicator", "there is no")
	f("movers?indicator=power_ons&by=moon&"+lately, "bad_dimension", "moon")
	f("movers?indicator=power_ons&compare=moon&"+lately, "bad_compare", "weekdays, previous, year")
	f("posters?from=2026-05-06", "bad_parameter", "to: is missing")
	f("posters?from=2026-01-01&to=2026-12-31", "bad_period", "92 days")
	f("posters?subject=page&"+lately, "bad_parameter", "poster or slot")
	f("posters?level=street&"+lately, "bad_level", "province, city")
	f("taste?by=moon&"+lately, "bad_dimension", "genre")
	f("taste?province=99&"+lately, "bad_province", "not a province")
	f("taste?limit=0&"+lately, "bad_parameter", "1 to 500")
	f("products?limit=31&"+lately, "bad_limit", "1 to 30")
	f("products?products=a,a&"+lately, "bad_parameter", "stands twice")
	f("anomalies?day=2026-05-06&hour=24", "bad_parameter", "0 to 23")
	f("anomalies?day=2026-05-06&moon=1", "bad_parameter", "allowed: day, hour")
	b.wantError(b.do("GET", "/api/v1/insights/posters?"+lately, "", ""), 401, "unauthorized", "Sign in")
}

// Rules are their owner's alone, and reach no further than the owner may see.
func TestAlerts(t *testing.T) {
	b := newBench(t)
	list := func(token string) (a Alerts) {
		t.Helper()
		r := b.do("GET", "/api/v1/insights/alerts", token, "")
		if err := json.Unmarshal([]byte(r.body), &a); err != nil || r.status != 200 {
			t.Fatalf("%d %s %v", r.status, r.body, err)
		}
		return a
	}
	r := b.do("POST", "/api/v1/insights/rules", b.zhejiang, `{"name":"few","indicator":"power_ons","provinces":["33"],"kind":"below","level":5,"hold":2}`)
	if want := `{"id":1,"name":"few","indicator":"power_ons","title":{"zh":"开机次数","en":"Power-ons"},"unit":"count","provinces":["33"],"grain":"day","kind":"below","level":5,"hold":2,"set":"`; r.status != 200 || !strings.HasPrefix(r.body, want) {
		t.Fatalf("%d %s", r.status, r.body)
	}
	notice := insight.Notice{Rule: 1, Owner: "zj", Name: "few", Province: "33", Firing: true, Period: "2026-05-03", AtMs: 1_795_000_000_000}
	elsewhere := notice
	elsewhere.Province = "43" // told when the owner could see more
	if err := b.settings.Judged(t.Context(), 1, []insight.State{{Province: "33", Through: 3, Firing: true}, {Province: "43", Through: 3, Firing: true}}, []insight.Notice{notice, elsewhere}); err != nil {
		t.Fatal(err)
	}
	if a := list(b.zhejiang); len(a.Rules) != 1 || len(a.Notices) != 1 || a.Rules[0].Judged != 1 || len(a.Rules[0].Firing) != 1 || a.Notices[0].Province != "33" || !a.Notices[0].Firing {
		t.Errorf("%+v", a)
	}
	if a := list(b.all); len(a.Rules)+len(a.Notices) != 0 {
		t.Errorf("another's: %+v", a)
	}
	b.wantError(b.do("POST", "/api/v1/insights/rules", b.zhejiang, `{"indicator":"power_ons","provinces":["43"]}`), 400, "bad_scope", "not open to you")
	b.wantError(b.do("POST", "/api/v1/insights/rules", b.zhejiang, `{"indicator":"power_ons","level":"5"}`), 400, "bad_body", "must be a number")
	b.wantError(b.do("DELETE", "/api/v1/insights/rules/1", b.all, ""), 404, "not_found", "no rule 1")
	b.wantError(b.do("DELETE", "/api/v1/insights/rules/x", b.zhejiang, ""), 400, "bad_parameter", "number of a rule")
	if r := b.do("DELETE", "/api/v1/insights/rules/1", b.zhejiang, ""); r.status != 200 || strings.TrimSpace(r.body) != `{"removed":1}` {
		t.Errorf("%d %s", r.status, r.body)
	}
	if a := list(b.zhejiang); len(a.Rules) != 0 || len(a.Notices) != 1 {
		t.Errorf("%+v", a)
	}
}
