package insight

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"

	"iptvdc/aggregator"
	"iptvdc/aggregator/indicator"
	"iptvdc/aggregator/store"
)

const (
	// Weeks is how many earlier days of the same kind a day is held against.
	Weeks = 8
	// leastWeeks is how many of them must have data, or nothing is judged.
	leastWeeks = 4
	// lookBack is how many weeks may be searched for them, holidays left out.
	lookBack = 13
	// Unusual is from how many deviations on something is an anomaly, as Iglewicz and
	// Hoaglin advise for the median absolute deviation.
	Unusual = 3.5
	// flat is the deviation that a figure is granted at least, of its median: eight
	// weeks may agree by chance.
	flat = 0.02
)

// AnomaliesQuery asks what is out of the ordinary on a day.
type AnomaliesQuery struct {
	Day aggregator.Day
	// Hour is one of the day, 0 to 23; -1: the whole day.
	Hour       int
	Indicators []string // none: those that everybody watches
	Province   aggregator.Province
	Limit      int // 0: 50
}

// Watched are the indicators that are looked at if nobody says which.
func Watched() []string {
	return []string{"power_ons", "active_boxes", "plays", "viewing_minutes", "clicks", "orders", "revenue", "error_rate"}
}

// Anomalies is what is out of the ordinary, the most unusual first.
type Anomalies struct {
	Day  string         `json:"day"`
	Hour int            `json:"hour"` // -1: the whole day
	Text indicator.Text `json:"text"`
	// Holiday is the day's, "" if it is none. Then it is held against weekends.
	Holiday indicator.Text `json:"holiday"`
	Against []string       `json:"against"` // the days it is held against
	Judged  int            `json:"judged"`  // figures of provinces that were judged
	Young   int            `json:"young"`   // that have too short a past for it
	Rows    []Anomaly      `json:"rows"`
}

// Anomaly is a province's figure that is not as on other such days.
type Anomaly struct {
	Indicator string           `json:"indicator"`
	Title     indicator.Text   `json:"title"`
	Unit      indicator.Unit   `json:"unit"`
	Place     Place            `json:"place"`
	Value     float64          `json:"value"`
	Median    float64          `json:"median"`
	Low       float64          `json:"low"` // what is usual
	High      float64          `json:"high"`
	Score     float64          `json:"score"` // deviations from the median
	Percent   indicator.Number `json:"percent"`
	Text      indicator.Text   `json:"text"`
}

func (q *AnomaliesQuery) check() ([]indicator.Indicator, error) {
	if q.Hour < -1 || q.Hour > 23 {
		return nil, faultf("bad_hour", "hour: %d, allowed 0 to 23, or none for the whole day", q.Hour)
	}
	if q.Limit < 0 || q.Limit > MaxShown {
		return nil, faultf("bad_limit", "limit: %d, allowed 1 to %d", q.Limit, MaxShown)
	}
	if len(q.Indicators) == 0 {
		q.Indicators = Watched()
	}
	if len(q.Indicators) > indicator.MaxIndicators/2 {
		return nil, faultf("bad_indicator", "indicators: %d given, allowed at most %d", len(q.Indicators), indicator.MaxIndicators/2)
	}
	var all []indicator.Indicator
	for _, id := range q.Indicators {
		i, ok := indicator.Find(id)
		if !ok || !i.Has(store.ColProvince) {
			return nil, faultf("bad_indicator", "indicators: there is no %q by province; /api/v1/indicators lists them", clip(id))
		}
		if i.Curved() {
			return nil, curved(&i)
		}
		if q.Hour >= 0 && i.Daily() {
			return nil, faultf("bad_hour", "hour: %s is known by day, not by hour", id)
		}
		all = append(all, i)
	}
	return all, nil
}

// FindAnomalies holds the figures of each province on a day against those of the
// same weekday before, holidays left out.
func FindAnomalies(ctx context.Context, src Source, scope aggregator.Scope, q AnomaliesQuery) (*Anomalies, error) {
	indicators, err := q.check()
	if err != nil {
		return nil, err
	}
	a := &Anomalies{Day: q.Day.String(), Hour: q.Hour, Against: []string{}}
	a.Holiday, _ = holiday(q.Day)
	against := alike(q.Day)
	for _, d := range against {
		a.Against = append(a.Against, d.String())
	}
	h := &history{src: src.Source, scope: scope, indicators: indicators, hour: q.Hour}
	if q.Province != 0 {
		h.filters = Where{Province: q.Province}.filters()
	}
	now, err := h.day(ctx, q.Day)
	if err != nil {
		return nil, err
	}
	var past []map[series]reading // oldest first
	for _, d := range slices.Backward(against) {
		readings, err := h.day(ctx, d)
		if err != nil {
			return nil, err
		}
		past = append(past, readings)
	}
	for _, s := range known(now, past) {
		n, young := judge(&indicators[s.indicator], now[s], s, past)
		switch {
		case young:
			a.Young++
		case n != nil:
			a.Judged++
			if n.unusual() {
				n.Text = n.words(q.Day, q.Hour, a.Holiday)
				a.Rows = append(a.Rows, *n)
			}
		}
	}
	slices.SortFunc(a.Rows, func(x, y Anomaly) int {
		return cmp.Or(cmp.Compare(math.Abs(y.Score), math.Abs(x.Score)), cmp.Compare(x.Place.Code, y.Place.Code), cmp.Compare(x.Indicator, y.Indicator))
	})
	a.Text = a.words()
	a.Rows = first(a.Rows, q.Limit)
	return a, nil
}

// alike are up to Weeks days that d is held against, the latest first: the same
// weekday before, or, for a holiday, days of weekends. Holidays are left out.
func alike(d aggregator.Day) []aggregator.Day {
	_, free := holiday(d)
	var all []aggregator.Day
	for back := aggregator.Day(1); back <= 7*lookBack && len(all) < Weeks; back++ {
		past := d - back
		if _, was := holiday(past); was {
			continue
		}
		wd := past.Time().Weekday()
		if free && (wd == time.Saturday || wd == time.Sunday) || !free && back%7 == 0 {
			all = append(all, past)
		}
	}
	return all
}

// series is a province's figure over days.
type series struct {
	indicator int
	province  string
}

// reading is a figure as its sums.
type reading struct{ value, over int64 }

func (r reading) of(i *indicator.Indicator) float64 {
	v := i.Scale() * float64(r.value)
	if !i.Quotient() {
		return v
	}
	if r.over == 0 {
		return math.NaN()
	}
	return v / float64(r.over)
}

// history asks for days.
type history struct {
	src        indicator.Source
	scope      aggregator.Scope
	indicators []indicator.Indicator
	filters    []indicator.Filter
	hour       int
}

func (h *history) day(ctx context.Context, d aggregator.Day) (map[series]reading, error) {
	r := &indicator.Request{Dimensions: []store.Column{store.ColProvince}, Filters: h.filters, From: d.String(), To: d.String()}
	if h.hour >= 0 {
		r.Grain = indicator.Hourly
	}
	for n := range h.indicators {
		r.Indicators = append(r.Indicators, parts(&h.indicators[n])...)
	}
	a, err := indicator.Evaluate(ctx, h.src, h.scope, r)
	if err != nil {
		return nil, err
	}
	all := map[series]reading{}
	for _, row := range a.Rows {
		if h.hour >= 0 && row.Period != fmt.Sprintf("%sT%02d", d, h.hour) || row.Cells[0] == "" {
			continue
		}
		at := 0
		for n := range h.indicators {
			one := reading{value: whole(row.Values[at])}
			at++
			if h.indicators[n].Quotient() {
				one.over = whole(row.Values[at])
				at++
			}
			if one != (reading{}) {
				all[series{n, row.Cells[0]}] = one
			}
		}
	}
	return all, nil
}

// known are all series that have a reading now or had one.
func known(now map[series]reading, past []map[series]reading) []series {
	set := map[series]bool{}
	for _, day := range append(slices.Clone(past), now) {
		for s := range day {
			set[s] = true
		}
	}
	all := make([]series, 0, len(set))
	for s := range set {
		all = append(all, s)
	}
	slices.SortFunc(all, func(a, b series) int {
		return cmp.Or(cmp.Compare(a.indicator, b.indicator), cmp.Compare(a.province, b.province))
	})
	return all
}

// judge holds a reading against the past. young says that the past is too short:
// what lies before the first reading of a province is no past of it. Without a
// result and not young, there is nothing to judge: too small, or nothing to divide
// by.
func judge(i *indicator.Indicator, now reading, s series, past []map[series]reading) (_ *Anomaly, young bool) {
	var values []float64
	started := false
	least := now.over
	for _, day := range past {
		r, ok := day[s]
		started = started || ok
		if !started {
			continue
		}
		if v := r.of(i); !math.IsNaN(v) {
			values = append(values, v)
			least = min(least, r.over)
		}
	}
	if len(values) < leastWeeks {
		return nil, true
	}
	v := now.of(i)
	median, deviation := spread(values)
	if math.IsNaN(v) || !i.Quotient() && max(math.Abs(v), math.Abs(median))/math.Abs(i.Scale()) < SmallCell || i.Quotient() && least < SmallCell {
		return nil, false
	}
	deviation = max(deviation, flat*math.Abs(median), noise(i, median, now))
	n := &Anomaly{Indicator: i.ID, Title: i.Title, Unit: i.Unit, Place: place(s.province), Value: v, Median: median, Percent: change(v, median)}
	n.Low, n.High = median-Unusual*deviation, median+Unusual*deviation
	if i.Unit != indicator.Fen { // money may be refunded, nothing else is below nothing
		n.Low = max(0, n.Low)
	}
	if deviation > 0 {
		n.Score = (v - median) / deviation
	}
	return n, false
}

// noise is what counting alone makes a figure vary: √n of a count of n, and of a
// percentage of n its binomial deviation.
func noise(i *indicator.Indicator, median float64, now reading) float64 {
	switch {
	case !i.Quotient() && (i.Unit == indicator.Count || i.Unit == indicator.Boxes || i.Unit == indicator.People):
		return math.Sqrt(math.Abs(median))
	case i.Quotient() && i.Unit == indicator.Percent && now.over > 0:
		p := min(1, max(0, median/100))
		return 100 * math.Sqrt(p*(1-p)/float64(now.over))
	}
	return 0
}

func (n *Anomaly) unusual() bool {
	return math.Abs(n.Score) >= Unusual && math.Abs(n.Value-n.Median) >= Telling*math.Abs(n.Median)
}

// moment names a day or an hour of it.
func moment(d aggregator.Day, hour int) indicator.Text {
	holes := map[string]any{"day": d.String(), "weekday": weekday(d), "hour": strconv.Itoa(hour), "next": strconv.Itoa(hour + 1)}
	if hour < 0 {
		return say("{day}（{weekday}）", "{day} ({weekday})", holes)
	}
	return say("{day}（{weekday}）{hour}–{next} 时", "{day} ({weekday}), {hour}:00–{next}:00", holes)
}

func (n *Anomaly) words(d aggregator.Day, hour int, free indicator.Text) indicator.Text {
	holes := map[string]any{
		"place": n.Place.Name, "title": n.Title, "when": moment(d, hour), "value": figure(n.Value, n.Unit), "median": figure(n.Median, n.Unit),
		"low": figure(n.Low, n.Unit), "high": figure(n.High, n.Unit), "days": weekday(d), "by": "",
	}
	if free.ZH != "" {
		holes["days"] = indicator.Text{ZH: "周末", EN: "weekend day"}
	}
	way := indicator.Text{ZH: "高", EN: "above"}
	if n.Value < n.Median {
		way = indicator.Text{ZH: "低", EN: "below"}
	}
	holes["way"] = way
	if n.Percent.Valid() {
		holes["by"] = indicator.Text{ZH: " " + rate(math.Abs(float64(n.Percent))) + "%", EN: rate(math.Abs(float64(n.Percent))) + "% "}
	}
	return say("{place} {when}：{title} {value}，比近几周{days}的中位数 {median} {way}{by}；通常在 {low} 至 {high} 之间。",
		"{place}, {when}: {title} {value}, {by}{way} the median of the last weeks' {days}s, {median}; usual is {low} to {high}.", holes)
}

func (a *Anomalies) words() indicator.Text {
	holes := map[string]any{"n": strconv.Itoa(a.Judged), "found": strconv.Itoa(len(a.Rows)), "young": strconv.Itoa(a.Young)}
	t := say("检查了 {n} 个指标与省份，{found} 个异常。", "{n} figures of provinces judged, {found} out of the ordinary.", holes)
	if a.Young > 0 {
		more := say("另有 {young} 个历史不足，未判断。", " {young} more have too short a past.", holes)
		t.ZH += more.ZH
		t.EN += more.EN
	}
	if a.Holiday.ZH != "" {
		more := say("当天是{holiday}，与周末比较。", " The day is a holiday ({holiday}) and held against weekends.", map[string]any{"holiday": a.Holiday})
		t.ZH += more.ZH
		t.EN += more.EN
	}
	return t
}
