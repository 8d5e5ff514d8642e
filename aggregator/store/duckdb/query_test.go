package duckdb

import (
	"flag"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"iptvdc/aggregator"
	"iptvdc/aggregator/store"
)

var update = flag.Bool("update", false, "write the golden files anew")

// TestQuerySQL shows the statements of typical questions as files, so that a
// change to them is seen for what it is.
func TestQuerySQL(t *testing.T) {
	f := func(name string, settled aggregator.Day, q store.Query) {
		t.Helper()
		path := filepath.Join("testdata", name+".sql")
		called, rest := apartByRolls(&q)
		got := ""
		if called != nil {
			got += rollSQL(called, settled) + "\n"
		}
		if rest != nil {
			got += querySQL(rest, settled) + "\n"
		}
		if *update {
			if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if got != string(want) {
			t.Errorf("%s differs from %s:\n%s", name, path, got)
		}
	}
	days := []store.Span{{From: 20500, To: 20530}, {From: 20530, To: 20531}}
	f("orders_by_province", 20529, store.Query{Fact: store.FactOrder, Spans: days, Provinces: []aggregator.Province{33, 43},
		GroupBy: []store.Column{store.ColProvince}, Values: []store.Value{{Measure: store.MeasureOrders}, {Measure: store.MeasureFen}}})
	f("boxes_by_city", 20600, store.Query{Fact: store.FactBox, Spans: days, AllProvinces: true, GroupBy: []store.Column{store.ColCity},
		Filters: []store.Filter{{Column: store.ColProvince, In: []uint64{33}}},
		Values:  []store.Value{{Measure: store.MeasurePowerOns}, {Measure: store.MeasurePowerOns, DistinctBoxes: true}}})
	f("top_content_by_hour", 0, store.Query{Fact: store.FactClick, Hourly: true, Spans: []store.Span{{From: 492000, To: 492001}}, AllProvinces: true,
		GroupBy: []store.Column{store.ColContent}, Values: []store.Value{{Measure: store.MeasureClicks}}, Limit: 10})
	f("boxes_by_hour_of_day", 0, store.Query{Fact: store.FactBox, Hourly: true, Spans: []store.Span{{From: 492000, To: 492720}}, Provinces: []aggregator.Province{33},
		GroupBy: []store.Column{store.ColWeekday, store.ColHourOfDay}, Filters: []store.Filter{{Column: store.ColHourOfDay, In: []uint64{19, 20}}},
		Values: []store.Value{{Measure: store.MeasurePowerOns, DistinctBoxes: true}}})
	f("squares_among", 20529, store.Query{Fact: store.FactBox, Spans: days[1:], AllProvinces: true, GroupBy: []store.Column{store.ColCity},
		Among:  store.Among{Columns: []store.Column{store.ColProvince, store.ColWeekday}, In: [][]uint64{{33, 0}, {43, 6}}},
		Values: []store.Value{{Measure: store.MeasureViewingMs, Squares: 60_000}}})
	f("plays_by_genre", 20529, store.Query{Fact: store.FactView, Spans: days, Provinces: []aggregator.Province{33}, GroupBy: []store.Column{store.ColGenre},
		Filters: []store.Filter{{Column: store.ColMaker, In: []uint64{7}}}, Values: []store.Value{{Measure: store.MeasurePlays}}})
	f("plays_in_packages", 20529, store.Query{Fact: store.FactView, Spans: days[1:], AllProvinces: true,
		Filters: []store.Filter{{Column: store.ColPackage, In: []uint64{7, 8}}, {Column: store.ColPackage, In: []uint64{9}, Not: true}}, Values: []store.Value{{Measure: store.MeasurePlays}}})
	f("clicks_in_a_package", 20529, store.Query{Fact: store.FactClick, Spans: days[1:], AllProvinces: true,
		Filters: []store.Filter{{Column: store.ColPackage, In: []uint64{7}}}, Values: []store.Value{{Measure: store.MeasureClicks}}})
	f("programmes_as_watched_later", 20529, store.Query{Fact: store.FactBroadcast, Aired: true, Spans: days[1:], Provinces: []aggregator.Province{33},
		GroupBy: []store.Column{store.ColProgramme}, Filters: []store.Filter{{Column: store.ColLag, In: []uint64{0, 1, 2, 3}}},
		Values: []store.Value{{Measure: store.MeasureViewingMs}, {Measure: store.MeasureReach60, DistinctBoxes: true}}})
	f("accounts_by_state", 20529, store.Query{Fact: store.FactAccounts, Spans: days[1:], AllProvinces: true,
		GroupBy: []store.Column{store.ColState}, Values: []store.Value{{Measure: store.MeasureAccounts}}})
}

// TestAnswersWhatCheckAllows asks every fact for every value by every column that
// store.Query.Check lets through: the engine must understand each, which chance alone
// would take long to show.
func TestAnswersWhatCheckAllows(t *testing.T) {
	s := open(t, t.TempDir())
	defer s.Shutdown()
	asked := 0
	for f := range store.Fact(store.Facts) {
		shape := store.ShapeOf(f)
		columns := slices.Concat(shape.Dimensions, store.TimeColumns, store.ContentColumns, []store.Column{store.ColProgramme, store.ColModel})
		for _, c := range slices.Compact(slices.Sorted(slices.Values(columns))) {
			q := store.Query{Fact: f, Spans: []store.Span{{From: 20500, To: 20530}, {From: 20510, To: 20511}}, AllProvinces: true,
				GroupBy: []store.Column{c}, Filters: []store.Filter{{Column: c, In: []uint64{0, 1}}}}
			allowed := func(v store.Value) bool {
				q := q
				q.Values = []store.Value{v}
				return q.Check() == nil
			}
			var all []store.Value
			for _, m := range shape.Measures {
				for _, v := range []store.Value{{Measure: m}, {Measure: m, DistinctBoxes: true}, {Measure: m, Squares: 1}} {
					if allowed(v) {
						all = append(all, v)
					}
				}
			}
			for count := store.CountLengths; count <= store.CountComplete; count++ {
				if v := (store.Value{Measure: shape.Measures[0], Count: count}); allowed(v) {
					all = append(all, v)
				}
			}
			if len(all) == 0 {
				continue
			}
			q.Values = all
			if shape.Has(store.ColPackage) {
				q.Filters = append(q.Filters, store.Filter{Column: store.ColPackage, In: []uint64{0, 1}})
			}
			if _, err := s.Query(t.Context(), q); err != nil {
				t.Errorf("%s by %s: %v", shape.Name, c, err)
			}
			asked += len(all)
		}
	}
	if asked < 1000 {
		t.Errorf("only %d values were asked for", asked)
	}
}
