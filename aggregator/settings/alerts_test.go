package settings

import (
	"errors"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"iptvdc/aggregator"
	"iptvdc/aggregator/indicator"
	"iptvdc/aggregator/insight"
)

func TestRules(t *testing.T) {
	c := newClock()
	path := filepath.Join(t.TempDir(), "settings.sqlite")
	s := open(t, path, c)
	add := func(r insight.Rule) insight.Rule {
		t.Helper()
		kept, err := s.AddRule(t.Context(), Principal{Name: r.Owner}, r)
		if err != nil {
			t.Fatal(err)
		}
		r.ID, r.SetMs = kept.ID, c.Now().UnixMilli()
		if diff := cmp.Diff(r, kept); diff != "" || r.ID == 0 {
			t.Errorf("-want +got:\n%s", diff)
		}
		return kept
	}
	all := add(insight.Rule{Owner: "a", Scope: aggregator.Scope{All: true}, Name: "n", Indicator: "power_ons", Provinces: []string{}, Grain: "day", Kind: "below", Level: -1.5, Hold: 2})
	some := add(insight.Rule{Owner: "b", Scope: aggregator.Scope{Provinces: []aggregator.Province{33, 43}}, Name: "m", Indicator: "clicks", Provinces: []string{"33"}, Grain: "hour", Kind: "anomaly", Level: 3.5, Hold: 1})
	got, err := open(t, path, c).Rules(t.Context())
	if diff := cmp.Diff([]insight.Rule{all, some}, got); err != nil || diff != "" {
		t.Errorf("%v; -want +got:\n%s", err, diff)
	}

	states := []insight.State{{Province: "33", Through: 9, Run: 2, Since: 8, Firing: true}, {Province: "43", Through: 9}}
	notice := insight.Notice{Rule: all.ID, Owner: "a", Name: "n", Province: "33", Firing: true, Period: "2026-05-03", Since: "2026-05-02", Value: 1.5, Text: indicator.Text{ZH: "中", EN: "e"}, AtMs: c.Now().UnixMilli()}
	for range 2 { // again after a crash: nothing is told twice
		if err := s.Judged(t.Context(), all.ID, states, []insight.Notice{notice}); err != nil {
			t.Fatal(err)
		}
	}
	notice.ID = 1
	kept, err := s.States(t.Context(), all.ID)
	if diff := cmp.Diff(states, kept); err != nil || diff != "" {
		t.Errorf("%v; -want +got:\n%s", err, diff)
	}
	undelivered, err := s.Undelivered(t.Context(), 10)
	if diff := cmp.Diff([]insight.Notice{notice}, undelivered); err != nil || diff != "" {
		t.Errorf("%v; -want +got:\n%s", err, diff)
	}
	if err := s.Delivered(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	if undelivered, err = s.Undelivered(t.Context(), 10); err != nil || len(undelivered) != 0 {
		t.Errorf("%v %v", undelivered, err)
	}

	// Nobody removes another's; a rule that is gone takes its states along, not what
	// was told, and is judged no more.
	var fault *aggregator.Error
	if err := s.RemoveRule(t.Context(), Principal{Name: "b"}, all.ID); !errors.As(err, &fault) || fault.Code != "not_found" {
		t.Errorf("another's rule: %v", err)
	}
	if err := s.RemoveRule(t.Context(), Principal{Name: "a"}, all.ID); err != nil {
		t.Fatal(err)
	}
	if kept, err = s.States(t.Context(), all.ID); err != nil || len(kept) != 0 {
		t.Errorf("%v %v", kept, err)
	}
	notice.Firing = false
	if err := s.Judged(t.Context(), all.ID, states, []insight.Notice{notice}); err != nil {
		t.Fatal(err)
	}
	told, err := s.Notices(t.Context(), Principal{Name: "a", Grants: aggregator.Everything()}, 10)
	if err != nil || len(told) != 1 || !told[0].Firing {
		t.Errorf("%+v %v", told, err)
	}

	for range insight.MaxRules {
		_, err = s.AddRule(t.Context(), Principal{Name: "a"}, all)
	}
	if err != nil {
		t.Fatal(err)
	}
	if _, err = s.AddRule(t.Context(), Principal{Name: "a"}, all); !errors.As(err, &fault) || fault.Code != "too_many_rules" {
		t.Errorf("one too many: %v", err)
	}
	c.pass(noticeLife + 1e9)
	if err := s.Judged(t.Context(), some.ID, nil, nil); err != nil {
		t.Fatal(err)
	}
	if told, err = s.Notices(t.Context(), Principal{Name: "a", Grants: aggregator.Everything()}, 10); err != nil || len(told) != 0 {
		t.Errorf("%+v %v", told, err)
	}
}
