package board

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"iptvdc/aggregator"
	"iptvdc/aggregator/indicator"
	"iptvdc/aggregator/store"
)

func day(t testing.TB, s string) aggregator.Day {
	t.Helper()
	d, err := aggregator.ParseDay(s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestPeriod(t *testing.T) {
	today := day(t, "2026-11-25") // a Wednesday
	f := func(p Period, from, to string) {
		t.Helper()
		if err := p.check(); err != nil {
			t.Fatal(err)
		}
		a, b, err := p.Days(today)
		if err != nil || a.String() != from || b.String() != to {
			t.Errorf("%+v is %s..%s, %v; want %s..%s", p, a, b, err, from, to)
		}
	}
	f(Period{Last: 1, Unit: UnitDay}, "2026-11-24", "2026-11-24")
	f(Period{Last: 7, Unit: UnitDay}, "2026-11-18", "2026-11-24")
	f(Period{Last: 7, Unit: UnitDay, Open: true}, "2026-11-18", "2026-11-25")
	f(Period{Unit: UnitDay, Open: true}, "2026-11-25", "2026-11-25")
	f(Period{Last: 1, Unit: UnitWeek}, "2026-11-16", "2026-11-22")
	f(Period{Unit: UnitWeek, Open: true}, "2026-11-23", "2026-11-25")
	f(Period{Last: 1, Unit: UnitMonth}, "2026-10-01", "2026-10-31")
	f(Period{Last: 12, Unit: UnitMonth, Open: true}, "2025-11-01", "2026-11-25")
	f(Period{Last: 1, Unit: UnitQuarter}, "2026-07-01", "2026-09-30")
	f(Period{Last: 2, Unit: UnitYear}, "2024-01-01", "2025-12-31")
	f(Period{From: "2026-02-28", To: "2026-03-01"}, "2026-02-28", "2026-03-01")
}

// board is a good one, as people write them.
const good = `{"schema":1,"title":{"zh":"运营","en":"Operation"},"about":{"zh":"","en":""},
"filters":{"period":{"last":7,"unit":"day"},"compare":{"with":"previous"},"where":[{"dimension":"province","in":["33"]}]},
"views":[{"name":"Evenings","filters":{"where":[{"dimension":"hour_of_day","in":["19","20"]}]}}],
"marks":[{"from":"2026-10-01","to":"2026-10-07","text":{"zh":"国庆","en":""}}],
"tabs":[{"id":"t1","title":{"zh":"概览","en":""},"widgets":[
 {"id":"w1","kind":"figure","title":{"zh":"","en":""},"place":{"x":0,"y":0,"w":6,"h":3},"filters":{},"ask":{"figures":[{"indicator":"orders","title":{"zh":"","en":""}},{"formula":"percent(orders/clicks)","title":{"zh":"转化","en":""}}]},"show":{},"prose":{"zh":"","en":""}},
 {"id":"w2","kind":"area","title":{"zh":"","en":""},"place":{"x":6,"y":0,"w":12,"h":6},"filters":{},"ask":{"figures":[{"indicator":"viewing_minutes","title":{"zh":"","en":""}}],"by":["channel"]},"show":{"percent":true},"prose":{"zh":"","en":""}},
 {"id":"w3","kind":"text","title":{"zh":"","en":""},"place":{"x":0,"y":3,"w":6,"h":2},"filters":{},"ask":{},"show":{},"prose":{"zh":"# 说明","en":""}}]}]}`

func TestRead(t *testing.T) {
	b, err := Read([]byte(good))
	if err != nil {
		t.Fatal(err)
	}
	again, err := json.Marshal(b)
	if err != nil {
		t.Fatal(err)
	}
	same, err := Read(again)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(b, same); diff != "" {
		t.Error(diff)
	}
	// A filter by a source's texts outlives the source.
	if _, err := Read([]byte(strings.Replace(good, `"dimension":"province","in":["33"]`, `"dimension":"src.sales.shop","in":["a"]`, 1))); err != nil {
		t.Error(err)
	}
	if err := Blank(indicator.Text{ZH: "新"}).Check(); err != nil {
		t.Error(err)
	}
}

func TestReadRefuses(t *testing.T) {
	f := func(old, new, want string) {
		t.Helper()
		text := strings.Replace(good, old, new, 1)
		if text == good {
			t.Fatalf("%q is not there", old)
		}
		_, err := Read([]byte(text))
		var fault *aggregator.Error
		if !errors.As(err, &fault) || !strings.Contains(fault.Message, want) {
			t.Errorf("%s: %v, want %q", new, err, want)
		}
	}
	f(`"schema":1`, `"schema":2`, "schema: 2, this release reads 1")
	f(`"schema":1`, `"schema":1,"theme":"x"`, `unknown field "theme"`)
	f(`"title":{"zh":"运营","en":"Operation"}`, `"title":{"zh":"","en":""}`, "title: it has none")
	f(`"last":7`, `"last":-7`, "period: last is -7")
	f(`"last":7,"unit":"day"`, `"last":7,"unit":"fortnight"`, `no unit "fortnight"`)
	f(`"last":7,"unit":"day"`, `"from":"2026-11-02","to":"2026-11-01"`, "from 2026-11-02 lies after")
	f(`"last":7`, `"last":7,"from":"2026-11-01"`, "not both")
	f(`{"with":"previous"}`, `{"with":"decade"}`, `compare: there is no "decade"`)
	f(`"dimension":"province","in":["33"]`, `"dimension":"box","in":["33"]`, `no dimension "box"`)
	f(`"dimension":"province","in":["33"]`, `"dimension":"src.Sales.shop","in":["a"]`, `no dimension "src.Sales.shop"`)
	f(`"in":["33"]`, `"in":[]`, "province has 0 values")
	f(`"name":"Evenings"`, `"name":""`, `name ""`)
	f(`"from":"2026-10-01","to"`, `"from":"2026-10-09","to"`, "mark 1: period: from")
	f(`"id":"w2"`, `"id":"w1"`, `id "w1"`)
	f(`"id":"w2"`, `"id":"<script>"`, `id "<script>"`)
	f(`"kind":"area"`, `"kind":"galaxy"`, `widget w2: kind: there is no "galaxy"`)
	f(`"x":6,"y":0`, `"x":5,"y":0`, "widget w2: place: it lies on widget w1")
	f(`"x":6,"y":0,"w":12`, `"x":20,"y":0,"w":12`, "within 24 columns")
	f(`"w":12,"h":6`, `"w":1,"h":1`, "at least 4×3")
	f(`"indicator":"viewing_minutes"`, `"indicator":"nothing"`, `no indicator "nothing"`)
	f(`"by":["channel"]`, `"by":["product"]`, `has no "product"`)
	f(`"by":["channel"]`, `"by":["channel","city"]`, "2 dimensions, a area has 0 to 1")
	f(`percent(orders/clicks)`, `orders+revenue`, "figure 2: formula: at 7: count and fen")
	f(`"prose":{"zh":"# 说明","en":""}`, `"prose":{"zh":"","en":""}`, "prose: it has none")
	f(`"show":{"percent":true}`, `"show":{"colour":"#ff0000"}`, `no "#ff0000"`)
	f(`"show":{"percent":true}`, `"show":{"page":"home"}`, "shows no page")
	f(`}]}]}`, `}]}]}{}`, "something follows")
	if _, err := Read([]byte(strings.Repeat(" ", MaxBytes+1))); err == nil {
		t.Error("a huge board is read")
	}
	if _, err := Read([]byte("{\"schema\":1,\"title\":{\"zh\":\"\xff\"}}")); err == nil || !strings.Contains(err.Error(), "UTF-8") {
		t.Errorf("broken text: %v", err)
	}
}

func TestResolve(t *testing.T) {
	today := day(t, "2026-11-25")
	f := func(change func(*Board), widget int, reader Filters, want string) {
		t.Helper()
		b, err := Read([]byte(good))
		if err != nil {
			t.Fatal(err)
		}
		if change != nil {
			change(b)
		}
		w := &b.Tabs[0].Widgets[widget]
		asked, err := w.Resolve(b.Around(&b.Tabs[0], w, reader), today)
		if err != nil {
			t.Fatal(err)
		}
		for _, q := range asked.Questions {
			if err := q.Request.Check(); err != nil {
				t.Errorf("%+v: %v", q, err)
			}
		}
		got, err := json.Marshal(asked)
		if err != nil || string(got) != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
	const main = `{"questions":[{"part":"main","request":{"indicators":["orders","clicks"],"filters":[{"dimension":"province","in":["33"]}],"from":"2026-11-18","to":"2026-11-24","compare":"previous"}},`
	f(nil, 0, Filters{}, main+`{"part":"trend","request":{"indicators":["orders","clicks"],"filters":[{"dimension":"province","in":["33"]}],"from":"2026-11-18","to":"2026-11-24","grain":"day"}}]}`)
	// The top channels along time, without comparison.
	f(nil, 1, Filters{}, `{"questions":[{"part":"main","request":{"indicators":["viewing_minutes"],"dimensions":["channel"],"filters":[{"dimension":"province","in":["33"]}],"from":"2026-11-18","to":"2026-11-24","grain":"day","top":8}}]}`)
	// A text asks nothing.
	f(nil, 2, Filters{}, `{"questions":null}`)
	// The reader's province replaces the board's; what a widget does not know is told.
	reader := Filters{Period: &Period{Unit: UnitDay, Open: true}, Compare: &Comparison{}, Where: []indicator.Filter{{Dimension: store.ColProvince, In: []string{"43"}}, {Dimension: store.ColChannel, In: []string{"cctv1"}}}}
	f(nil, 0, reader, `{"questions":[{"part":"main","request":{"indicators":["orders","clicks"],"filters":[{"dimension":"province","in":["43"]}],"from":"2026-11-25","to":"2026-11-25"}},{"part":"trend","request":{"indicators":["orders","clicks"],"filters":[{"dimension":"province","in":["43"]}],"from":"2026-11-25","to":"2026-11-25","grain":"hour"}}],"ignored":["channel"]}`)
	// The widget's own word holds against the reader's.
	f(func(b *Board) { b.Tabs[0].Widgets[1].Filters.Period = &Period{Last: 1, Unit: UnitYear} }, 1, reader, `{"questions":[{"part":"main","request":{"indicators":["viewing_minutes"],"dimensions":["channel"],"filters":[{"dimension":"province","in":["43"]},{"dimension":"channel","in":["cctv1"]}],"from":"2025-01-01","to":"2025-12-31","grain":"week","top":8}}]}`)
	f(func(b *Board) { b.Tabs[0].Widgets[1].Alone = true }, 1, reader, `{"questions":[{"part":"main","request":{"indicators":["viewing_minutes"],"dimensions":["channel"],"from":"2026-10-25","to":"2026-11-24","grain":"day","top":8}}]}`)
}

// Every kind asks what may be asked.
func TestKindsAsk(t *testing.T) {
	today := day(t, "2026-11-25")
	for _, r := range rules {
		w := Widget{ID: "w", Kind: r.kind, Place: Place{W: max(r.w, 8), H: max(r.h, 6)}}
		ids := []string{"clicks", "led_clicks", "click_to_play"}
		by := []store.Column{store.ColPage}
		switch r.kind {
		case KindText:
			w.Prose.EN = "a"
		case KindMinute:
			ids = []string{"minute_ama"}
			by = []store.Column{store.ColChannel}
		case KindPath:
			ids = []string{"page_steps"}
		case KindEPG:
			w.Show.Page = "home"
		case KindCohort:
			ids = []string{"cohort_retention"}
		}
		for n := range max(r.least, 1) {
			if r.most > n {
				w.Ask.Figures = append(w.Ask.Figures, Figure{Indicator: ids[n%len(ids)]})
			}
		}
		for range r.by {
			w.Ask.By = by
		}
		if _, known := indicator.Find(w.figureID()); !known && r.kind != KindText {
			t.Logf("%s: no %q yet", r.kind, w.figureID())
			continue
		}
		if err := w.Check(); err != nil {
			t.Errorf("%s: %v", r.kind, err)
			continue
		}
		asked, err := w.Resolve(Filters{Compare: &Comparison{With: indicator.Year, Align: indicator.ByWeekday}}, today)
		if err != nil {
			t.Errorf("%s: %v", r.kind, err)
			continue
		}
		for _, q := range asked.Questions {
			if err := q.Request.Check(); err != nil {
				t.Errorf("%s asks %+v: %v", r.kind, q.Request, err)
			}
		}
	}
}

func (w *Widget) figureID() string {
	if len(w.Ask.Figures) == 0 {
		return ""
	}
	return w.Ask.Figures[0].Indicator
}

func TestLay(t *testing.T) {
	w := Widget{Ask: Ask{Figures: []Figure{{Formula: "percent(orders/clicks)"}, {Indicator: "clicks"}}}}
	a := &indicator.Answer{
		Columns: []indicator.Column{{ID: "period", Type: "period"}, {ID: "page", Type: "dimension"}, {ID: "orders", Type: "indicator", Unit: "count"}, {ID: "orders:compare", Type: "indicator", Unit: "count"},
			{ID: "orders:change", Type: "indicator", Unit: "percent"}, {ID: "clicks", Type: "indicator", Unit: "count"}, {ID: "clicks:compare", Type: "indicator", Unit: "count"}, {ID: "clicks:change", Type: "indicator", Unit: "percent"}},
		Rows:   []indicator.Row{{Period: "total", Cells: []string{"home"}, Values: []indicator.Number{2, 1, 100, 40, 40, 0}}, {Period: "total", Cells: []string{"none"}, Values: []indicator.Number{2, 0, indicator.None(), 0, 0, indicator.None()}}},
		Totals: []indicator.Row{{Period: "total", Values: []indicator.Number{4, 1, 300, 40, 40, 0}}},
	}
	laid, err := w.Lay(a)
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, c := range laid.Columns {
		ids = append(ids, fmt.Sprint(c.ID, " ", c.Unit))
	}
	want := []string{"period ", "page ", "formula1 percent", "formula1:compare percent", "formula1:change percent", "clicks count", "clicks:compare count", "clicks:change percent"}
	if diff := cmp.Diff(want, ids); diff != "" {
		t.Error(diff)
	}
	rows, err := json.Marshal(append(laid.Rows, laid.Totals...))
	if want := `[["total","home",5,2.5,100,40,40,0],["total","none",null,null,null,0,0,null],["total",10,2.5,300,40,40,0]]`; err != nil || string(rows) != want {
		t.Errorf("%s, %v", rows, err)
	}
	if len(a.Columns) != 8 || len(a.Rows[0].Values) != 6 {
		t.Error("the answer was changed")
	}
}

// FuzzRead holds reading to its promise: a board that is what it says, or a fault with
// a reason; and what is read can be resolved.
func FuzzRead(f *testing.F) {
	f.Add([]byte(good))
	f.Add([]byte(`{}`))
	for _, t := range Templates() {
		b, err := json.Marshal(t.Board)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	today := day(f, "2026-11-25")
	f.Fuzz(func(t *testing.T, text []byte) {
		b, err := Read(text)
		if err != nil {
			var fault *aggregator.Error
			if !errors.As(err, &fault) {
				t.Fatalf("%v", err)
			}
			return
		}
		for n := range b.Tabs {
			for i := range b.Tabs[n].Widgets {
				w := &b.Tabs[n].Widgets[i]
				if _, err := w.Resolve(b.Around(&b.Tabs[n], w, Filters{}), today); err != nil {
					t.Fatalf("%s: %v", w.ID, err)
				}
			}
		}
	})
}

// Slots lie on the picture of a page, each once, within it.
func TestSlotsOnAPicture(t *testing.T) {
	f := func(show Show, want string) {
		t.Helper()
		w := Widget{ID: "w", Kind: KindEPG, Place: Place{W: 8, H: 6}, Ask: Ask{Figures: []Figure{{Indicator: "clicks"}}}, Show: show}
		switch err := w.Check(); {
		case want == "" && err != nil, want != "" && (err == nil || !strings.Contains(err.Error(), want)):
			t.Errorf("%+v: %v, want %q", show, err, want)
		}
	}
	at := func(slots ...SlotArea) Show { return Show{Page: "home", Picture: "0a1b", Slots: slots} }
	f(at(SlotArea{"top", "1", 0, 0, 1000, 1000}, SlotArea{"top", "2", 0, 0, 5, 5}, SlotArea{"", "1", 995, 995, 5, 5}), "")
	f(Show{Page: "home", Slots: []SlotArea{{"top", "1", 0, 0, 10, 10}}}, "there is none")
	f(at(SlotArea{"top", "1", 0, 0, 1001, 10}), "within it")
	f(at(SlotArea{"top", "1", 1, 0, 1000, 10}), "within it")
	f(at(SlotArea{"top", "1", -1, 0, 10, 10}), "within it")
	f(at(SlotArea{"top", "1", 0, 0, 4, 10}), "at least 5")
	f(at(SlotArea{"top", "1", 0, 0, 10, 10}, SlotArea{"top", "1", 20, 0, 10, 10}), "each stands once")
	f(at(SlotArea{"top", "", 0, 0, 10, 10}), "slot of 1 to 32 bytes")
	f(at(make([]SlotArea, MaxSlots+1)...), "allowed 300")
}
