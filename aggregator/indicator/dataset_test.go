package indicator

import (
	"errors"
	"slices"
	"testing"

	"iptvdc/aggregator"
	"iptvdc/aggregator/store"
	"iptvdc/aggregator/store/storetest"
)

// Every figure says which data set it belongs to, every fact as which it may be read,
// and what a figure needs is enough to read all that it reads.
func TestEveryFigureHasADataSet(t *testing.T) {
	for f, may := range readAs {
		if len(may) == 0 {
			t.Errorf("%s: nobody said under which data set it may be read; add it to readAs", store.ShapeOf(store.Fact(f)).Name)
		}
	}
	src := storetest.Memory()
	everywhere := aggregator.Scope{All: true}
	for _, i := range Catalogue() {
		needs := i.DataSets()
		if !slices.Contains(aggregator.DataSets(), i.Data) || !slices.Contains(needs, i.Data) {
			t.Errorf("%s: data set %q of %v", i.ID, i.Data, needs)
		}
		ids := []string{i.ID, i.ID + ValueOf}
		if i.Quotient() {
			ids = append(ids, i.ID+OverOf)
		}
		for _, id := range ids {
			figure, ok := Find(id)
			reads := func(p part) bool { return !p.clock }
			if !ok || figure.Projected() && id != i.ID || !slices.ContainsFunc(figure.value, reads) { // the length of time is no secret
				continue
			}
			for _, d := range figure.DataSets() {
				if !slices.Contains(needs, d) {
					t.Errorf("%s needs %s, which %s does not", id, d, i.ID)
				}
			}
			q := &Request{Indicators: []string{id}, From: "2026-11-22", To: "2026-11-22"}
			if _, err := Evaluate(t.Context(), Within(src, everywhere, figure.DataSets()...), everywhere, q); err != nil {
				t.Errorf("%s within %v: %v", id, figure.DataSets(), err)
			}
			if _, err := Evaluate(t.Context(), Within(src, everywhere), everywhere, q); !beyond(err) {
				t.Errorf("%s without any data set: %v", id, err)
			}
		}
		if _, err := Explain(t.Context(), Within(src, everywhere, needs...), everywhere, &Request{Indicators: []string{i.ID}, From: "2026-11-22", To: "2026-11-22"}); err != nil {
			t.Errorf("explained %s within %v: %v", i.ID, needs, err)
		}
	}
}

func beyond(err error) bool {
	var fault *aggregator.Error
	return errors.As(err, &fault) && fault.Code == "forbidden"
}

func TestWhatFiguresNeed(t *testing.T) {
	f := func(id string, want ...aggregator.DataSet) {
		t.Helper()
		i, ok := Find(id)
		if got := i.DataSets(); !ok || !slices.Equal(got, want) {
			t.Errorf("%s needs %v, want %v", id, got, want)
		}
	}
	f("power_ons", aggregator.DataActivity)
	f("account_activity_rate", aggregator.DataActivity, aggregator.DataUsers)
	f("rating", aggregator.DataActivity, aggregator.DataRatings)
	f("viewing_minutes", aggregator.DataRatings)
	f("completion", aggregator.DataVOD)
	f("arpu", aggregator.DataUsers, aggregator.DataOrders)
	f("arpu:over", aggregator.DataUsers, aggregator.DataOrders)
	f("order_page_rate", aggregator.DataEPG, aggregator.DataOrders)
	f("active_boxes_projected", aggregator.DataActivity, aggregator.DataUsers, aggregator.DataRatings)
	f("box_coverage", aggregator.DataActivity, aggregator.DataUsers, aggregator.DataQuality)
	if got := DataSetsOf("arpu", "clicks", "no such"); !slices.Equal(got, []aggregator.DataSet{aggregator.DataUsers, aggregator.DataEPG, aggregator.DataOrders}) {
		t.Errorf("together %v", got)
	}
}

// The second wall lets no question out of the scope.
func TestWithinKeepsToTheScope(t *testing.T) {
	src := storetest.Memory()
	zhejiang := aggregator.Scope{Provinces: []aggregator.Province{33}}
	q := func() *Request {
		return &Request{Indicators: []string{"programme_minutes"}, Dimensions: []store.Column{store.ColBroadcast}, From: "2026-11-22", To: "2026-11-22"}
	}
	for _, beyondIt := range []aggregator.Scope{{All: true}, {Provinces: []aggregator.Province{33, 43}}} {
		if _, err := Evaluate(t.Context(), Within(src, zhejiang, aggregator.DataSets()...), beyondIt, q()); !beyond(err) {
			t.Errorf("%v: %v", beyondIt, err)
		}
	}
	for _, inside := range []aggregator.Scope{{}, zhejiang} {
		if _, err := Evaluate(t.Context(), Within(src, zhejiang, aggregator.DataSets()...), inside, q()); err != nil {
			t.Errorf("%v: %v", inside, err)
		}
	}
	w := Within(src, zhejiang)
	if _, err := w.Broadcasts(t.Context(), aggregator.Scope{All: true}, nil); !beyond(err) {
		t.Error(err)
	}
	if _, err := w.EditVersions(t.Context(), aggregator.Scope{Provinces: []aggregator.Province{43}}, 0, 1); !beyond(err) {
		t.Error(err)
	}
}
