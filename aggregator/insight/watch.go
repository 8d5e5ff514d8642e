package insight

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"sync/atomic"
	"time"

	"iptvdc/aggregator"
	"iptvdc/aggregator/indicator"
)

// Book keeps rules and how they stand; settings.Settings is one.
type Book interface {
	// Rules returns every rule, by ID.
	Rules(ctx context.Context) ([]Rule, error)
	// States returns how a rule stands in each province that was judged.
	States(ctx context.Context, rule int64) ([]State, error)
	// Judged keeps states and notices of a rule together or not at all. A notice of
	// the same rule, province, period and way is kept once; a rule that is gone
	// changes nothing.
	Judged(ctx context.Context, rule int64, states []State, notices []Notice) error
	// Undelivered returns the oldest notices that were not delivered, at most limit.
	Undelivered(ctx context.Context, limit int) ([]Notice, error)
	// Delivered marks a notice.
	Delivered(ctx context.Context, id int64) error
}

// Courier brings notices to people who do not look at the list.
type Courier interface {
	// Deliver returns nil once the notice is where it should be. It may be given the
	// same one again after a crash, by the same ID.
	Deliver(ctx context.Context, n Notice) error
}

const (
	// dayReady is how long after midnight a day is judged: late boxes have mostly
	// reported by then. dayFilesReady is the same of figures made of files.
	dayReady      = 6 * time.Hour
	dayFilesReady = 12 * time.Hour
	// hourReady is how long after its end an hour is judged.
	hourReady = 15 * time.Minute
	// lateDays and lateHours are how far back a rule catches up after a stop.
	lateDays, lateHours = 3, 24
	// deliverAtOnce bounds a round's deliveries.
	deliverAtOnce = 100
)

// Watcher judges rules as days and hours are over. Its fields must be set but
// Courier: without one the list in the console is all there is. Round must not be
// called twice at a time; Stats is safe at any time.
type Watcher struct {
	Figures indicator.Source
	Book    Book
	Courier Courier
	Now     func() time.Time
	Log     *slog.Logger

	judged, noticed, failed atomic.Uint64
	firing                  atomic.Int64

	// looked is through which period each rule was looked at since the start: one of
	// which nothing is known leaves no state and need not be asked for again.
	looked map[int64]int64
}

// WatchStats counts since the start.
type WatchStats struct {
	Judged  uint64 // periods of provinces
	Noticed uint64 // notices
	Failed  uint64 // rules and deliveries that failed and will be tried again
	Firing  int64  // rules and provinces that fire now
}

// Stats returns the counters as they stand.
func (w *Watcher) Stats() WatchStats {
	return WatchStats{Judged: w.judged.Load(), Noticed: w.noticed.Load(), Failed: w.failed.Load(), Firing: w.firing.Load()}
}

// Run makes a Round every so often until ctx ends.
func (w *Watcher) Run(ctx context.Context, every time.Duration) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		if err := w.Round(ctx); err != nil && ctx.Err() == nil {
			w.Log.Error("rules could not be judged; they are tried again", "error", err)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// Round judges every rule for what is over since it was judged last, and delivers
// what is to be told. One rule's failure does not hold up the others; they are
// joined in the error. After a crash at any point the next Round goes on where the
// Book stands.
func (w *Watcher) Round(ctx context.Context) error {
	if w.looked == nil {
		w.looked = map[int64]int64{}
	}
	rules, err := w.Book.Rules(ctx)
	if err != nil {
		w.failed.Add(1)
		return err
	}
	var all []error
	firing := int64(0)
	if len(rules) > 0 {
		asOf, _, err := w.Figures.AsOf(ctx)
		if err != nil {
			w.failed.Add(1)
			return err
		}
		for i := range rules {
			n, err := w.rule(ctx, &rules[i], asOf)
			firing += n
			if err != nil {
				w.failed.Add(1)
				all = append(all, fmt.Errorf("rule %d: %w", rules[i].ID, err))
			}
		}
	}
	w.firing.Store(firing)
	return errors.Join(append(all, w.deliver(ctx))...)
}

// over is the last period of a rule that is over and may be judged.
func (w *Watcher) over(r *Rule, i *indicator.Indicator, asOfMs int64) int64 {
	now := w.Now()
	if r.Grain == ByHour {
		last := aggregator.HourOf(now.Add(-hourReady).UnixMilli()) - 1
		// Nothing is judged that the centre has not seen the end of: a standstill here is
		// not one of the provinces.
		return int64(min(last, aggregator.HourOf(asOfMs)-1))
	}
	if i.Daily() { // of files; events say nothing of them
		return int64(aggregator.DayOf(now.Add(-dayFilesReady).UnixMilli()) - 1)
	}
	return int64(min(aggregator.DayOf(now.Add(-dayReady).UnixMilli()), aggregator.DayOf(asOfMs)) - 1)
}

// rule judges one rule for all periods that are over, and returns in how many
// provinces it fires.
func (w *Watcher) rule(ctx context.Context, r *Rule, asOfMs int64) (firing int64, err error) {
	i, ok := indicator.Find(r.Indicator)
	if !ok {
		return 0, faultf("bad_indicator", "there is no indicator %q any more; remove the rule", clip(r.Indicator))
	}
	kept, err := w.Book.States(ctx, r.ID)
	if err != nil {
		return 0, err
	}
	states := map[string]*State{}
	through := int64(0)
	for n := range kept {
		states[kept[n].Province] = &kept[n]
		through = max(through, kept[n].Through)
	}
	last := w.over(r, &i, asOfMs)
	from := last // a new rule begins with what is over
	if through > 0 {
		late := int64(lateDays)
		if r.Grain == ByHour {
			late = lateHours
		}
		from = max(through+1, last-late+1)
	}
	from = max(from, w.looked[r.ID]+1)
	for period := from; period <= last && err == nil; period++ {
		if err = w.period(ctx, r, &i, period, states); err == nil {
			w.looked[r.ID] = period
		}
	}
	for _, s := range states {
		if s.Firing {
			firing++
		}
	}
	return firing, err
}

// period judges one period and keeps what came of it.
func (w *Watcher) period(ctx context.Context, r *Rule, i *indicator.Indicator, period int64, states map[string]*State) error {
	found, err := r.find(ctx, w.Figures, i, period)
	if err != nil {
		return err
	}
	var changed []State
	var notices []Notice
	for province, f := range found {
		s := State{Province: province}
		if states[province] != nil {
			s = *states[province]
		}
		since := s.Since
		if s.step(period, r.Hold, f.bad) {
			if s.Firing {
				since = s.Since
			}
			notices = append(notices, Notice{
				Rule: r.ID, Owner: r.Owner, Name: r.Name, Province: province, Firing: s.Firing, Period: r.Grain.period(period),
				Since: r.Grain.period(since), Value: f.value, Text: r.words(f, s.Firing, s.Run), AtMs: w.Now().UnixMilli(),
			})
		}
		changed = append(changed, s)
	}
	if err := w.Book.Judged(ctx, r.ID, changed, notices); err != nil {
		return err
	}
	for n := range changed { // after the book has it
		states[changed[n].Province] = &changed[n]
	}
	w.judged.Add(uint64(len(changed)))
	w.noticed.Add(uint64(len(notices)))
	return nil
}

// find holds each province's figure of a period against the rule. Provinces of
// which nothing is known are left out; a sum that is gone where there was one a week
// before is 0.
func (r *Rule) find(ctx context.Context, src indicator.Source, i *indicator.Indicator, period int64) (map[string]finding, error) {
	day, hour := r.Grain.split(period)
	h := &history{src: src, scope: r.scope(), indicators: []indicator.Indicator{*i}, hour: hour}
	now, err := h.day(ctx, day)
	if err != nil {
		return nil, err
	}
	days := []aggregator.Day{day - 7}
	if r.Kind == Odd {
		days = alike(day)
	}
	var past []map[series]reading // oldest first
	for n := range days {
		readings, err := h.day(ctx, days[len(days)-1-n])
		if err != nil {
			return nil, err
		}
		past = append(past, readings)
	}
	found := map[string]finding{}
	for _, s := range known(now, past) {
		if f, ok := r.judge(i, s, now[s], past, day, hour); ok {
			found[s.province] = f
		}
	}
	return found, nil
}

// judge is find for one province.
func (r *Rule) judge(i *indicator.Indicator, s series, now reading, past []map[series]reading, day aggregator.Day, hour int) (finding, bool) {
	v := now.of(i)
	if math.IsNaN(v) {
		return finding{}, false
	}
	f := finding{value: v}
	holes := map[string]any{"place": place(s.province).Name, "title": i.Title, "when": moment(day, hour), "value": figure(v, i.Unit), "level": figure(r.Level, i.Unit), "percent": rate(r.Level)}
	switch r.Kind {
	case Above:
		f.bad = v > r.Level
		f.text = say("{place} {when}：{title} {value}，界限 {level}（高于则告警）", "{place}, {when}: {title} {value}, limit {level} (above it)", holes)
	case Below:
		f.bad = v < r.Level
		f.text = say("{place} {when}：{title} {value}，界限 {level}（低于则告警）", "{place}, {when}: {title} {value}, limit {level} (below it)", holes)
	case Rise, Fall:
		before := past[0][s].of(i)
		percent := change(v, before)
		if math.IsNaN(before) || !percent.Valid() {
			return finding{}, false
		}
		f.bad = r.Kind == Rise && float64(percent) > r.Level || r.Kind == Fall && float64(percent) < -r.Level
		holes["before"], holes["change"] = figure(before, i.Unit), signed(float64(percent))
		f.text = say("{place} {when}：{title} {value}，一周前为 {before}（{change}%），界限 {percent}%", "{place}, {when}: {title} {value}, a week before {before} ({change}%), limit {percent}%", holes)
	case Odd:
		n, young := judge(i, now, s, past)
		if young || n == nil {
			return finding{}, false
		}
		f.bad = math.Abs(n.Score) >= r.Level && math.Abs(n.Value-n.Median) >= Telling*math.Abs(n.Median)
		free, _ := holiday(day)
		f.text = n.words(day, hour, free)
	}
	return f, true
}

// words says that a rule fires or no longer does.
func (r *Rule) words(f finding, firing bool, run int) indicator.Text {
	holes := map[string]any{"what": f.text, "n": fmt.Sprint(run), "unit": indicator.Text{ZH: "天", EN: "days"}}
	if r.Grain == ByHour {
		holes["unit"] = indicator.Text{ZH: "小时", EN: "hours"}
	}
	switch {
	case !firing:
		return say("已恢复：{what}", "Resolved: {what}", holes)
	case run > 1:
		return say("{what}；已连续 {n} {unit}", "{what}; for {n} {unit} in a row", holes)
	}
	return say("{what}", "{what}", holes)
}

// deliver hands on what was not delivered yet; a failure stops it until the next
// round, so that notices come in order.
func (w *Watcher) deliver(ctx context.Context) error {
	if w.Courier == nil {
		return nil
	}
	notices, err := w.Book.Undelivered(ctx, deliverAtOnce)
	if err != nil {
		w.failed.Add(1)
		return err
	}
	for _, n := range notices {
		if err := w.Courier.Deliver(ctx, n); err != nil {
			w.failed.Add(1)
			return fmt.Errorf("notice %d: %w", n.ID, err)
		}
		if err := w.Book.Delivered(ctx, n.ID); err != nil {
			w.failed.Add(1)
			return err
		}
	}
	return nil
}
