package insight_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"iptvdc/aggregator"
	"iptvdc/aggregator/insight"
	"iptvdc/aggregator/settings"
	"iptvdc/aggregator/store"
)

// courier notes what it brings, and can fail.
type courier struct {
	brought []string
	fail    bool
}

func (c *courier) Deliver(_ context.Context, n insight.Notice) error {
	if c.fail {
		return errors.New("the mail is down")
	}
	c.brought = append(c.brought, fmt.Sprintf("%s %s firing=%t since=%s", n.Period, n.Province, n.Firing, n.Since))
	return nil
}

// watch is a Watcher over a world and real settings.
type watch struct {
	*script
	now      time.Time
	settings *settings.Settings
	courier  *courier
	w        *insight.Watcher
}

func newWatch(t *testing.T) *watch {
	t.Helper()
	w := &watch{script: &script{world: newWorld(t), lines: []string{""}, at: 1}, courier: &courier{}}
	var err error
	if w.settings, err = settings.Open(t.Context(), filepath.Join(t.TempDir(), "settings.sqlite"), func() time.Time { return w.now }); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.settings.Close() })
	w.restart()
	return w
}

// restart forgets everything that is not in the settings.
func (w *watch) restart() {
	w.w = &insight.Watcher{Figures: w.store, Book: w.settings, Courier: w.courier, Now: func() time.Time { return w.now }, Log: slog.New(slog.DiscardHandler)}
}

func (w *watch) rule(r insight.Rule) insight.Rule {
	w.t.Helper()
	r.Owner = "me"
	if !r.Scope.All && r.Scope.Provinces == nil {
		r.Scope.All = true
	}
	if err := r.Check(); err != nil {
		w.t.Fatal(err)
	}
	r, err := w.settings.AddRule(context.Background(), settings.Principal{Name: r.Owner}, r)
	if err != nil {
		w.t.Fatal(err)
	}
	return r
}

// at makes a round at a time in Shanghai and returns what was brought in it.
func (w *watch) at(text string) []string {
	w.t.Helper()
	var err error
	if w.now, err = time.ParseInLocation("2006-01-02 15:04", text, aggregator.Shanghai); err != nil {
		w.t.Fatal(err)
	}
	w.settle()
	before := len(w.courier.brought)
	if err := w.w.Round(context.Background()); err != nil {
		w.t.Fatal(err)
	}
	return w.courier.brought[before:]
}

func (w *watch) want(when string, want ...string) {
	w.t.Helper()
	if got := w.at(when); !slices.Equal(got, want) {
		w.t.Errorf("at %s: told %q, want %q", when, got, want)
	}
}

func (w *watch) on(days string, city, times int) {
	w.t.Helper()
	w.tell([]string{"on", days, fmt.Sprint(city), fmt.Sprint(times)})
}

// A rule over days: judged at six in the morning, once, after its hold, told once
// when it begins and once when it ends, whatever is restarted in between.
func TestWatchDays(t *testing.T) {
	w := newWatch(t)
	w.rule(insight.Rule{Indicator: "power_ons", Kind: insight.Below, Level: 50, Hold: 2})
	w.on("2026-05-11..2026-05-12", 3301, 60)
	w.on("2026-05-11..2026-05-20", 4301, 60)
	w.want("2026-05-12 05:59")
	w.want("2026-05-13 06:00") // the 12th is well
	w.on("2026-05-13..2026-05-15", 3301, 40)
	w.want("2026-05-14 06:00") // the first day: not held yet
	w.want("2026-05-14 07:00")
	w.restart()
	w.want("2026-05-15 05:00")
	w.want("2026-05-15 06:00", "2026-05-14 33 firing=true since=2026-05-13")
	w.want("2026-05-15 06:01")
	w.restart()
	w.want("2026-05-16 06:00") // still firing
	if s := w.w.Stats(); s.Firing != 1 {
		t.Errorf("%+v", s)
	}
	w.on("2026-05-16", 3301, 50)
	w.want("2026-05-17 06:00", "2026-05-16 33 firing=false since=2026-05-13")
	w.on("2026-05-17..2026-05-19", 3301, 10)
	w.want("2026-05-20 06:00", "2026-05-18 33 firing=true since=2026-05-17") // catches up with three days
	if s := w.w.Stats(); s.Firing != 1 || s.Failed != 0 || s.Noticed != 2 {
		t.Errorf("%+v", s)
	}
}

// What cannot be delivered is delivered later, in order; a crash between delivery
// and its mark brings the same notice again, by the same ID.
func TestWatchDelivers(t *testing.T) {
	w := newWatch(t)
	w.rule(insight.Rule{Indicator: "power_ons", Kind: insight.Above, Level: 50})
	w.on("2026-05-11", 3301, 60)
	w.on("2026-05-12..2026-05-13", 3301, 10)
	w.courier.fail = true
	w.settle()
	w.now = time.Date(2026, 5, 12, 7, 0, 0, 0, aggregator.Shanghai)
	if err := w.w.Round(t.Context()); err == nil || !strings.Contains(err.Error(), "mail is down") {
		t.Errorf("round: %v", err)
	}
	list, err := w.settings.Notices(t.Context(), settings.Principal{Name: "me", Grants: aggregator.Everything()}, 10)
	if err != nil || len(list) != 1 || !list[0].Firing || list[0].Text.EN != "Zhejiang, 2026-05-11 (Monday): Power-ons 60, limit 50 (above it)" {
		t.Errorf("%+v %v", list, err)
	}
	w.courier.fail = false
	w.want("2026-05-13 07:00", "2026-05-11 33 firing=true since=2026-05-11", "2026-05-12 33 firing=false since=2026-05-11")
	w.want("2026-05-13 08:00")
}

// Hours are judged a quarter after their end, and never one whose end the centre
// has not seen.
func TestWatchHours(t *testing.T) {
	w := newWatch(t)
	day, err := aggregator.ParseDay("2026-05-11")
	if err != nil {
		t.Fatal(err)
	}
	w.rule(insight.Rule{Indicator: "power_ons", Grain: insight.ByHour, Kind: insight.Above, Level: 20, Provinces: []string{"33"}})
	w.on("2026-05-11", 3301, 30) // from 12:10 on
	w.on("2026-05-11", 4301, 30)
	w.want("2026-05-11 13:14")
	w.want("2026-05-11 13:20") // nothing was heard since 12:10
	w.block.Powers = append(w.block.Powers, store.Power{Stamp: w.stamp(day, 13, 4301, 1), On: true})
	w.dirty = true
	w.want("2026-05-11 13:20", "2026-05-11T12 33 firing=true since=2026-05-11T12")
}

// Rise, fall and anomalies are held against what was; a province without a past is
// left alone.
func TestWatchAgainstThePast(t *testing.T) {
	w := newWatch(t)
	w.rule(insight.Rule{Indicator: "power_ons", Kind: insight.Fall, Level: 30})
	w.rule(insight.Rule{Indicator: "power_ons", Kind: insight.Rise, Level: 30})
	w.rule(insight.Rule{Indicator: "power_ons", Kind: insight.Odd})
	w.on("2026-03-11..2026-05-06/7", 3301, 100)
	w.on("2026-05-13", 3301, 60)
	w.on("2026-05-06..2026-05-13/7", 4301, 100)
	w.on("2026-05-06", 4401, 50)
	w.on("2026-05-13", 4401, 80)
	w.on("2026-05-14", 4501, 1)
	w.want("2026-05-14 06:00", "2026-05-13 33 firing=true since=2026-05-13", "2026-05-13 44 firing=true since=2026-05-13", "2026-05-13 33 firing=true since=2026-05-13")
}

// A rule tells of what its owner could see, and its list of what the reader sees.
func TestWatchScope(t *testing.T) {
	w := newWatch(t)
	w.rule(insight.Rule{Indicator: "power_ons", Kind: insight.Above, Level: 1, Scope: aggregator.Scope{Provinces: []aggregator.Province{33, 44}}})
	for _, city := range []int{3301, 4301, 4401} {
		w.on("2026-05-11..2026-05-12", city, 10)
	}
	got := w.at("2026-05-12 06:00")
	slices.Sort(got)
	if want := []string{"2026-05-11 33 firing=true since=2026-05-11", "2026-05-11 44 firing=true since=2026-05-11"}; !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
	f := func(owner string, scope aggregator.Scope, want int) {
		t.Helper()
		list, err := w.settings.Notices(t.Context(), settings.Principal{Name: owner, Grants: aggregator.GrantsOf(scope, aggregator.DataSets()...)}, 10)
		if err != nil || len(list) != want {
			t.Errorf("%s, %v: %+v %v, want %d", owner, scope, list, err, want)
		}
	}
	f("me", aggregator.Scope{All: true}, 2)
	f("me", aggregator.Scope{Provinces: []aggregator.Province{44, 45}}, 1)
	f("me", aggregator.Scope{}, 0)
	f("you", aggregator.Scope{All: true}, 0)
}

func TestRuleCheck(t *testing.T) {
	all := aggregator.Scope{All: true}
	f := func(r insight.Rule, says string) {
		t.Helper()
		err := r.Check()
		if says == "" && err != nil || says != "" && (err == nil || !strings.Contains(err.Error(), says)) {
			t.Errorf("%+v: %v, want %q", r, err, says)
		}
	}
	f(insight.Rule{Indicator: "power_ons", Scope: all}, "")
	f(insight.Rule{Indicator: "power_ons"}, "may see none")
	f(insight.Rule{Indicator: "nothing", Scope: all}, "no \"nothing\"")
	f(insight.Rule{Indicator: "power_ons", Grain: "week", Scope: all}, "day, hour")
	f(insight.Rule{Indicator: "accounts", Grain: insight.ByHour, Scope: all}, "by day")
	f(insight.Rule{Indicator: "power_ons", Kind: "often", Scope: all}, "above, below")
	f(insight.Rule{Indicator: "power_ons", Kind: insight.Rise, Scope: all}, "percentage")
	f(insight.Rule{Indicator: "power_ons", Kind: insight.Below, Scope: all}, "")
	f(insight.Rule{Indicator: "power_ons", Hold: 31, Scope: all}, "1 to 30")
	f(insight.Rule{Indicator: "power_ons", Provinces: []string{"99"}, Scope: all}, "not a province")
	f(insight.Rule{Indicator: "power_ons", Provinces: []string{"33"}, Scope: aggregator.Scope{Provinces: []aggregator.Province{43}}}, "not open to you")
	r := insight.Rule{Indicator: "power_ons", Provinces: []string{"43", "33", "43"}, Scope: all}
	if err := r.Check(); err != nil || r.Kind != insight.Odd || r.Level != insight.Unusual || r.Hold != 1 || r.Grain != insight.ByDay || r.Name != "Power-ons" || !slices.Equal(r.Provinces, []string{"33", "43"}) {
		t.Errorf("%+v %v", r, err)
	}
}

// One rule's trouble is told and does not hold up another.
func TestWatchGoesOn(t *testing.T) {
	w := newWatch(t)
	r := w.rule(insight.Rule{Indicator: "power_ons", Kind: insight.Above, Level: 5})
	w.on("2026-05-11..2026-05-12", 3301, 10)
	w.settle()
	w.w.Book = brokenBook{w.settings, r.ID}
	w.rule(insight.Rule{Indicator: "active_boxes", Kind: insight.Above, Level: 0})
	w.now = time.Date(2026, 5, 12, 7, 0, 0, 0, aggregator.Shanghai)
	if err := w.w.Round(t.Context()); err == nil || !strings.Contains(err.Error(), "rule 1: disk") {
		t.Errorf("%v", err)
	}
	if s := w.w.Stats(); s.Failed != 1 || s.Noticed != 1 || len(w.courier.brought) != 1 {
		t.Errorf("%+v %q", s, w.courier.brought)
	}
}

type brokenBook struct {
	insight.Book
	rule int64
}

func (b brokenBook) States(ctx context.Context, rule int64) ([]insight.State, error) {
	if rule == b.rule {
		return nil, errors.New("disk")
	}
	return b.Book.States(ctx, rule)
}
