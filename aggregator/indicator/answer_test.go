package indicator_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"iptvdc/aggregator"
	"iptvdc/aggregator/indicator"
	"iptvdc/aggregator/store"
)

func TestAnswerAsJSON(t *testing.T) {
	st := openMemory(t)
	at := mustDay("2026-11-22").Start() + 19*aggregator.HourMs + 1234
	insert(t, st, &store.Block{Powers: []store.Power{{Stamp: store.Stamp{Province: 33, City: 3301, Box: 1, Boot: 1, AtMs: at, Clock: 3}, On: true}}})
	a := evaluate(t, st, aggregator.Scope{All: true}, &indicator.Request{
		Indicators: []string{"power_ons", "live_to_vod_plays"}, Dimensions: []store.Column{"province"},
		From: "2026-11-22", To: "2026-11-22", Grain: indicator.Hourly, Compare: indicator.Previous,
	})
	a.Completeness = 0.5
	got, err := json.Marshal(a)
	if err != nil {
		t.Fatal(err)
	}
	rules := store.DefaultEditRules()
	want := `{"columns":[{"id":"period","type":"period"},{"id":"province","type":"dimension"},` +
		`{"id":"power_ons","type":"indicator","unit":"count"},{"id":"power_ons:compare","type":"indicator","unit":"count"},{"id":"power_ons:change","type":"indicator","unit":"percent"},` +
		`{"id":"live_to_vod_plays","type":"indicator","unit":"ratio"},{"id":"live_to_vod_plays:compare","type":"indicator","unit":"ratio"},{"id":"live_to_vod_plays:change","type":"indicator","unit":"percent"}],` +
		`"rows":[["2026-11-22T19","33",1,0,null,null,null,null]],"labels":{"province":{"33":{"zh":"浙江","en":"Zhejiang"}}},` +
		`"as_of":"2026-11-22T19:00:01+08:00","rule_version":"2","edit":"edited","edit_versions":["` + rules.Name() + `"],"completeness":0.5}`
	if string(got) != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestNumbersAsJSON(t *testing.T) {
	f := func(n indicator.Number, want string) {
		t.Helper()
		if got, err := json.Marshal(n); err != nil || string(got) != want {
			t.Errorf("%s, %v; want %s", got, err, want)
		}
	}
	f(0, "0")
	f(-1990, "-1990")
	f(1<<53, "9007199254740992")
	f(66.5, "66.5")
	f(indicator.None(), "null")
}

// An answer above MaxRows is refused, its first rows can still be had.
func TestTooManyRows(t *testing.T) {
	st := openMemory(t)
	b := &store.Block{}
	for n := range indicator.MaxRows + 1 {
		text := fmt.Sprintf("page %d", n)
		key := aggregator.TextKey(text)
		b.Codes = append(b.Codes, store.Code{Key: key, Text: text})
		b.PageViews = append(b.PageViews, store.PageView{Stamp: store.Stamp{Province: 33, City: 3301, Box: 1, Boot: 1, MonoMs: int64(n), AtMs: mustDay("2026-11-22").Start(), Clock: 3}, Page: key})
	}
	insert(t, st, b)
	r := &indicator.Request{Indicators: []string{"page_views"}, Dimensions: []store.Column{"page"}, From: "2026-11-22", To: "2026-11-22"}
	_, err := indicator.Evaluate(t.Context(), st, aggregator.Scope{All: true}, r)
	var refusal *aggregator.Error
	if !errors.As(err, &refusal) || refusal.Code != "too_many_rows" || !strings.Contains(refusal.Message, "narrow it by filters") {
		t.Fatalf("got %v, want too_many_rows", err)
	}
	r.Rows = indicator.MaxRows + 1 // who evaluates may allow more
	if a := evaluate(t, st, aggregator.Scope{All: true}, r); len(a.Rows) != r.Rows {
		t.Errorf("%d rows, want %d", len(a.Rows), r.Rows)
	}
	r.Order, r.Limit = "-page_views", 3
	if a := evaluate(t, st, aggregator.Scope{All: true}, r); len(a.Rows) != 3 {
		t.Errorf("%d rows, want 3", len(a.Rows))
	}
	r.Order = "page"
	if a := evaluate(t, st, aggregator.Scope{All: true}, r); len(a.Rows) != 3 || a.Rows[0].Cells[0] != "page 0" || a.Rows[2].Cells[0] != "page 10" {
		t.Errorf("first by name: %v", a.Rows)
	}
}

func TestMomentReadsBack(t *testing.T) {
	for _, m := range []indicator.Moment{0, 1_795_000_000_000} {
		b, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		var back indicator.Moment
		if err := json.Unmarshal(b, &back); err != nil || back != m {
			t.Errorf("%s became %d, %v; want %d", b, back, err, m)
		}
	}
}
