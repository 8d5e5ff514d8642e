package insight

import (
	"cmp"
	"context"
	"slices"
	"strconv"

	"iptvdc/aggregator"
	"iptvdc/aggregator/indicator"
	"iptvdc/aggregator/store"
)

const (
	// DaysBefore is how many days before accounts left their signs are looked at if
	// nobody says: time enough to do something.
	DaysBefore = 28
	// MaxDaysBefore is the most.
	MaxDaysBefore = 90
)

// DeparturesQuery asks what preceded departures.
type DeparturesQuery struct {
	Time
	Province aggregator.Province // 0: all of the scope
	Before   int                 // 0: DaysBefore
	Limit    int                 // how many rows, 0: 50
}

// Departures is which signs those had who left, so many days before, against those who
// stayed: so the points can be judged. Signs are made of the days before alone.
type Departures struct {
	From   string         `json:"from"`
	To     string         `json:"to"`
	Before int            `json:"before"`
	Text   indicator.Text `json:"text"`
	// Left and Stayed are the accounts compared, both observed.
	Left   indicator.Number `json:"left"`
	Stayed indicator.Number `json:"stayed"`
	// Unjudged left and were not active so many days before; unobserved were never
	// heard of.
	Unjudged   indicator.Number `json:"unjudged"`
	Unobserved indicator.Number `json:"unobserved"`
	Suppressed int              `json:"suppressed"` // signs and classes of too few to be shown
	Rows       []Lift           `json:"rows"`       // classes and signs, each followed by its steps
}

// Lift is how much more frequent a sign or class was among those who left.
type Lift struct {
	Sign   string           `json:"sign"` // or class
	Step   int              `json:"step"` // of it, from 1; 0: any
	Title  indicator.Text   `json:"title"`
	Points indicator.Number `json:"points"` // of the step
	Left   int64            `json:"left"`   // accounts of those who left that had it
	Stayed int64            `json:"stayed"`
	Share  float64          `json:"share"` // percentage of those who left
	Base   float64          `json:"base"`  // of those who stayed
	Lift   indicator.Number `json:"lift"`  // share ÷ base; null: none of those who stayed had it
	Low    indicator.Number `json:"low"`   // its interval of 95 %
	High   indicator.Number `json:"high"`
	P      float64          `json:"p"`
	Q      float64          `json:"q"`
	// Verdict is more or less (often before departures) or unsure.
	Verdict string         `json:"verdict"`
	Text    indicator.Text `json:"text"`
}

// FindDepartures holds the signs of those who left against those of who stayed.
func FindDepartures(ctx context.Context, src Source, scope aggregator.Scope, q DeparturesQuery) (*Departures, error) {
	q.Before = cmp.Or(q.Before, DaysBefore)
	if q.Before < 1 || q.Before > MaxDaysBefore {
		return nil, faultf("bad_before", "before: %d days, allowed 1 to %d", q.Before, MaxDaysBefore)
	}
	if q.Limit < 0 || q.Limit > MaxShown {
		return nil, faultf("bad_limit", "limit: %d, allowed 1 to %d", q.Limit, MaxShown)
	}
	if err := q.Time.check(); err != nil {
		return nil, err
	}
	rules := RiskPoints()
	rows, err := src.Risks.RiskDepartures(ctx, store.DeparturesQuery{AllProvinces: scope.All, Provinces: scope.Provinces, Province: q.Province, From: q.From, To: q.To, Before: q.Before, Rules: rules})
	if err != nil {
		return nil, err
	}
	a := &Departures{From: q.From.String(), To: q.To.String(), Before: q.Before, Rows: []Lift{}}
	var fates fateCounts
	for _, r := range rows {
		fates.add(r, &rules)
	}
	a.Left, a.Stayed = atLeastCell(fates.left), atLeastCell(fates.stayed)
	a.Unjudged, a.Unobserved = atLeastCell(fates.unjudged), atLeastCell(fates.unobserved)
	if fates.left >= SmallCell && fates.stayed >= SmallCell {
		fates.compare(a, &rules)
	}
	a.Text = a.words()
	a.Rows = first(a.Rows, q.Limit)
	return a, nil
}

// atLeastCell is a count that is shown.
func atLeastCell(n int64) indicator.Number {
	if small(n) {
		return indicator.None()
	}
	return indicator.Number(n)
}

// fateCounts are accounts by what became of them, and by how far their signs went.
type fateCounts struct {
	left, stayed, unjudged, unobserved int64

	signs   [store.Signs][8]pairOf // by level
	classes [4]pairOf              // by store.RiskClass
}

// pairOf are those who left and those who stayed.
type pairOf struct{ left, stayed int64 }

func (p *pairOf) add(f store.Fate, n int64) {
	if f == store.FateLeft {
		p.left += n
	} else {
		p.stayed += n
	}
}

func (c *fateCounts) add(r store.RiskDeparture, rules *store.RiskRules) {
	switch {
	case r.Fate == store.FateLeftUnjudged:
		c.unjudged += r.Accounts
		return
	case !r.Observed:
		c.unobserved += r.Accounts
		return
	case r.Fate == store.FateLeft:
		c.left += r.Accounts
	default:
		c.stayed += r.Accounts
	}
	for s, level := range r.Levels {
		c.signs[s][level].add(r.Fate, r.Accounts)
	}
	c.classes[rules.Class(true, r.Levels)].add(r.Fate, r.Accounts)
}

// compare makes the rows of a.
func (c *fateCounts) compare(a *Departures, rules *store.RiskRules) {
	c.group(a, Lift{Sign: "class", Title: indicator.Text{ZH: "中高风险", EN: "Middle or high risk"}, Points: indicator.Number(rules.Middle)},
		c.classes[store.RiskLow],
		[]Lift{{Title: indicator.Text{ZH: "中风险", EN: "Middle risk"}, Points: indicator.Number(rules.Middle)}, {Title: indicator.Text{ZH: "高风险", EN: "High risk"}, Points: indicator.Number(rules.High)}},
		[]pairOf{c.classes[store.RiskMiddle], c.classes[store.RiskHigh]})
	for s := range store.Sign(store.Signs) {
		bands := rules.Bands[s]
		steps := make([]Lift, len(bands))
		for i, b := range bands {
			next := int64(0)
			if i+1 < len(bands) {
				next = bands[i+1].From
			}
			steps[i] = Lift{Title: stepTitle(s, b.From, next), Points: indicator.Number(b.Points)}
		}
		c.group(a, Lift{Sign: s.String(), Title: signTitles[s], Points: indicator.None()}, c.signs[s][0], steps, c.signs[s][1:len(bands)+1])
	}
	ps := make([]float64, len(a.Rows))
	for i := range a.Rows {
		ps[i] = a.Rows[i].P
	}
	for i, corrected := range falseDiscovery(ps) {
		a.Rows[i].Q = corrected
		a.Rows[i].judge(a.Before)
	}
}

// group adds a sign and its steps, those that somebody had. Steps of too few are not
// shown, and then none of the sign: the others would tell.
func (c *fateCounts) group(a *Departures, any Lift, without pairOf, steps []Lift, counts []pairOf) {
	var with pairOf
	few := false
	for _, n := range counts {
		with.left += n.left
		with.stayed += n.stayed
		few = few || small(n.left) || small(n.stayed)
	}
	if small(with.left) || small(with.stayed) || small(without.left) || small(without.stayed) {
		a.Suppressed += 1 + len(steps)
		return
	}
	if with == (pairOf{}) {
		return
	}
	a.Rows = append(a.Rows, c.lift(any, with))
	if few {
		a.Suppressed += len(steps)
		return
	}
	for i, l := range steps {
		if l.Sign, l.Step = any.Sign, i+1; counts[i] != (pairOf{}) {
			a.Rows = append(a.Rows, c.lift(l, counts[i]))
		}
	}
}

func (c *fateCounts) lift(l Lift, n pairOf) Lift {
	left, stayed := sample{n.left, c.left}, sample{n.stayed, c.stayed}
	l.Left, l.Stayed, l.Share, l.Base, l.P = n.left, n.stayed, 100*left.share(), 100*stayed.share(), differs(left, stayed)
	l.Lift, l.Low, l.High = indicator.None(), indicator.None(), indicator.None()
	if ratio, low, high, ok := times(left, stayed); ok {
		l.Lift, l.Low, l.High = indicator.Number(ratio), indicator.Number(low), indicator.Number(high)
	} else if n.stayed > 0 {
		l.Lift = 0
	}
	return l
}

func (l *Lift) judge(before int) {
	l.Verdict = "unsure"
	switch {
	case l.Q > Sure:
	case l.Share >= (1+Telling)*l.Base:
		l.Verdict = "more"
	case l.Share <= (1-Telling)*l.Base:
		l.Verdict = "less"
	}
	holes := map[string]any{"title": l.Title, "before": strconv.Itoa(before), "share": rate(l.Share), "base": rate(l.Base), "times": indicator.Text{}, "sure": indicator.Text{}}
	if l.Low.Valid() {
		lift, low, high := figure(float64(l.Lift), indicator.Ratio), figure(float64(l.Low), indicator.Ratio), figure(float64(l.High), indicator.Ratio)
		holes["times"] = say("，{lift} 倍（{low}–{high}）", ": {lift} times ({low} to {high})", map[string]any{"lift": lift, "low": low, "high": high})
	}
	if l.Verdict == "unsure" {
		holes["sure"] = indicator.Text{ZH: "，差别不足以断定", EN: ", no sure difference"}
	}
	l.Text = say("{title}：离开者在离开前 {before} 天有 {share}%，留下者有 {base}%{times}{sure}。", "{title}: {share}% of those who left, {before} days before, and {base}% of those who stayed{times}{sure}.", holes)
}

func (a *Departures) words() indicator.Text {
	holes := map[string]any{"from": a.From, "to": a.To, "before": strconv.Itoa(a.Before), "left": Count(a.Left), "stayed": Count(a.Stayed), "sure": strconv.Itoa(len(slices.DeleteFunc(slices.Clone(a.Rows), func(l Lift) bool { return l.Verdict == "unsure" }))), "n": strconv.Itoa(len(a.Rows))}
	switch {
	case !a.Left.Valid() || a.Left < SmallCell || !a.Stayed.Valid() || a.Stayed < SmallCell:
		return say("{from} 至 {to} 可比较的离开或留下的用户不足 10 户；需要 {to} 的用户文件，且当天数据已完整。", "Fewer than ten accounts that left or stayed from {from} to {to} can be compared; it takes subscriber files of {to}, and that this day is over.", holes)
	case len(a.Rows) == 0:
		return say("{from} 至 {to} 离开 {left} 户；没有迹象，或过少而无法比较。", "{left} accounts left from {from} to {to}; nobody showed a sign, or too few to compare.", holes)
	}
	best := a.Rows[0]
	found := false
	for _, l := range a.Rows {
		if l.Verdict == "more" && l.Sign != "class" && (!found || orZero(l.Lift) > orZero(best.Lift)) {
			best, found = l, true
		}
	}
	if !found {
		return say("{from} 至 {to} 离开 {left} 户，留下 {stayed} 户：离开前 {before} 天没有哪种迹象明显更多。", "{left} accounts left from {from} to {to}, {stayed} stayed: {before} days before no sign was surely more frequent.", holes)
	}
	holes["best"], holes["share"], holes["base"] = best.Title, rate(best.Share), rate(best.Base)
	return say("{from} 至 {to} 离开 {left} 户，留下 {stayed} 户；离开前 {before} 天最能说明问题的是“{best}”：离开者 {share}%，留下者 {base}%。",
		"{left} accounts left from {from} to {to}, {stayed} stayed; what told most {before} days before: “{best}”, {share}% against {base}%.", holes)
}
