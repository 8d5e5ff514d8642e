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

// Risks knows which accounts may leave; every store.Store is one.
type Risks interface {
	// Risk, RiskAccounts and RiskDepartures are those of store.Store.
	Risk(ctx context.Context, q store.RiskQuery) ([]store.RiskCount, error)
	RiskAccounts(ctx context.Context, q store.RiskQuery) ([]store.RiskAccount, error)
	RiskDepartures(ctx context.Context, q store.DeparturesQuery) ([]store.RiskDeparture, error)
}

// RiskPoints is the one table of points, 100 in all. They are what people in the trade
// would say, to be judged by FindDepartures: a sign that is no more frequent before
// departures than otherwise deserves none.
//
//   - Falling use comes first, weeks before an account goes. Of somebody who watches on
//     two days in three, chance alone moves 28 days by a sixth up or down: less than
//     30 % is none.
//   - A week of silence may be a journey, four are none; figures call accounts silent
//     from 30 days on. It has the most points, as nobody leaves who watches daily, and
//     with a fall, which it must bring, it makes the class high.
//   - Faults annoy, but few leave for them alone: they add to what else shows.
//   - A product not renewed is a decision against something, not yet against all of it.
func RiskPoints() store.RiskRules {
	return store.RiskRules{
		Bands: [store.Signs][]store.Band{
			store.SignFall:    {{From: 30, Points: 10}, {From: 50, Points: 20}, {From: 75, Points: 30}}, // percent
			store.SignSilent:  {{From: 7, Points: 10}, {From: 14, Points: 25}, {From: 28, Points: 40}},  // days
			store.SignFaults:  {{From: 200, Points: 10}, {From: 400, Points: 15}},                       // percent of the province's share
			store.SignExpired: {{From: 1, Points: 10}, {From: 2, Points: 15}},                           // products
		},
		Middle: 25, High: 50,
	}
}

// RiskQuery asks how many accounts may leave.
type RiskQuery struct {
	Day   aggregator.Day // each province on the latest up to it that is known, see store.RiskQuery
	Where Where
	Limit int // how many places, 0: 50
}

// Risk is how many active accounts may leave, by class, sign and place. Numbers that
// are too small to be shown, or would give such a one away, are null.
type Risk struct {
	Day      string         `json:"day"`
	Level    Level          `json:"level"`
	Text     indicator.Text `json:"text"`
	Accounts int64          `json:"accounts"`
	// From which score on the class is middle, and high.
	Middle  int         `json:"middle"`
	High    int         `json:"high"`
	Classes []RiskClass `json:"classes"`
	// Signs are of the accounts that are observed.
	Signs      []RiskSign  `json:"signs"`
	Suppressed int         `json:"suppressed"` // places with fewer than SmallCell accounts
	Rows       []RiskPlace `json:"rows"`       // places, the greatest share of class high first
}

// RiskClass is how many accounts are in a class: high, middle, low or unobserved.
type RiskClass struct {
	Class    string           `json:"class"`
	Title    indicator.Text   `json:"title"`
	Accounts indicator.Number `json:"accounts"`
	Share    indicator.Number `json:"share"` // percentage of all accounts
}

// RiskSign is how many accounts show a sign, and how strongly.
type RiskSign struct {
	Sign     string           `json:"sign"`
	Title    indicator.Text   `json:"title"`
	Accounts indicator.Number `json:"accounts"`
	Share    indicator.Number `json:"share"` // percentage of the accounts that are observed
	Steps    []RiskStep       `json:"steps"`
}

// RiskStep is one step of a sign: it and none above.
type RiskStep struct {
	From     int64            `json:"from"`
	Points   int              `json:"points"`
	Title    indicator.Text   `json:"title"`
	Accounts indicator.Number `json:"accounts"`
}

// RiskPlace is one place.
type RiskPlace struct {
	Place      Place            `json:"place"`
	Day        string           `json:"day"` // on which it was judged
	Accounts   int64            `json:"accounts"`
	High       indicator.Number `json:"high"`
	Middle     indicator.Number `json:"middle"`
	Low        indicator.Number `json:"low"`
	Unobserved indicator.Number `json:"unobserved"`
	Share      indicator.Number `json:"share"` // of class high in all accounts, percent
	Text       indicator.Text   `json:"text"`
}

// classWords name the classes, as they are shown.
var classWords = []struct {
	class store.RiskClass
	word  string
	title indicator.Text
}{
	{store.RiskHigh, "high", indicator.Text{ZH: "高", EN: "high"}},
	{store.RiskMiddle, "middle", indicator.Text{ZH: "中", EN: "middle"}},
	{store.RiskLow, "low", indicator.Text{ZH: "低", EN: "low"}},
	{store.RiskUnobserved, "unobserved", indicator.Text{ZH: "未观测", EN: "not observed"}},
}

// RiskClasses are the classes that have a list, the greatest risk first.
func RiskClasses() []string { return []string{"high", "middle", "low"} }

// RiskSigns are the signs' names.
func RiskSigns() (all []string) {
	for s := range store.Sign(store.Signs) {
		all = append(all, s.String())
	}
	return all
}

var signTitles = [store.Signs]indicator.Text{
	store.SignFall:    {ZH: "使用减少", EN: "Falling use"},
	store.SignSilent:  {ZH: "未使用", EN: "Silent"},
	store.SignFaults:  {ZH: "播放失败", EN: "Playback faults"},
	store.SignExpired: {ZH: "产品到期未续", EN: "Products not renewed"},
}

// stepTitle says what a step of a sign is; next is where the one above begins, 0: none
// does.
func stepTitle(s store.Sign, from, next int64) indicator.Text {
	holes := map[string]any{"from": strconv.FormatInt(from, 10), "to": strconv.FormatInt(next-1, 10)}
	if s == store.SignFaults {
		holes["from"], holes["to"] = figure(float64(from)/100, indicator.Ratio), figure(float64(next)/100, indicator.Ratio)
	}
	switch {
	case s == store.SignFall && next > 0:
		return say("使用天数减少 {from}–{to}%", "used on {from} to {to}% fewer days", holes)
	case s == store.SignFall:
		return say("使用天数减少 {from}% 及以上", "used on at least {from}% fewer days", holes)
	case s == store.SignSilent && next > 0:
		return say("{from}–{to} 天未使用", "not used for {from} to {to} days", holes)
	case s == store.SignSilent:
		return say("{from} 天及以上未使用", "not used for at least {from} days", holes)
	case s == store.SignFaults && next > 0:
		return say("失败率为本省平常的 {from}–{to} 倍", "failures {from} to {to} times the ordinary", holes)
	case s == store.SignFaults:
		return say("失败率为本省平常的 {from} 倍及以上", "failures at least {from} times the ordinary", holes)
	case next == from+1 && from == 1:
		return say("1 个产品到期未续", "one product not renewed", holes)
	case next > 0:
		return say("{from}–{to} 个产品到期未续", "{from} to {to} products not renewed", holes)
	}
	return say("{from} 个及以上产品到期未续", "at least {from} products not renewed", holes)
}

// question is q as the store is asked.
func (q *RiskQuery) question(scope aggregator.Scope) store.RiskQuery {
	return store.RiskQuery{AllProvinces: scope.All, Provinces: scope.Provinces, Province: q.Where.Province, Day: q.Day, Rules: RiskPoints()}
}

// tallied are accounts by class.
type tallied struct {
	day     aggregator.Day
	classes [4]int64 // as store.RiskClass
}

func (t *tallied) all() (n int64) {
	for _, c := range t.classes {
		n += c
	}
	return n
}

// FindRisk counts the accounts that may leave.
func FindRisk(ctx context.Context, src Source, scope aggregator.Scope, q RiskQuery) (*Risk, error) {
	if q.Limit < 0 || q.Limit > MaxShown {
		return nil, faultf("bad_limit", "limit: %d, allowed 1 to %d", q.Limit, MaxShown)
	}
	if err := q.Where.check(); err != nil {
		return nil, err
	}
	ask := q.question(scope)
	rules := &ask.Rules
	counts, err := src.Risks.Risk(ctx, ask)
	if err != nil {
		return nil, err
	}
	a := &Risk{Day: q.Day.String(), Level: q.Where.Level, Middle: rules.Middle, High: rules.High, Rows: []RiskPlace{}}
	places := map[string]*tallied{}
	var whole tallied
	var reached [store.Signs][]int64 // accounts by level
	for s := range reached {
		reached[s] = make([]int64, len(rules.Bands[s])+1)
	}
	for _, c := range counts {
		code := c.Province.String()
		if q.Where.Level == Cities {
			code = cityCode(c.City)
		}
		if places[code] == nil {
			places[code] = &tallied{day: c.Day}
		}
		class := rules.Class(c.Observed, c.Levels)
		places[code].classes[class] += c.Accounts
		whole.classes[class] += c.Accounts
		if c.Observed {
			for s, level := range c.Levels {
				reached[s][level] += c.Accounts
			}
		}
	}
	a.Accounts = whole.all()
	if small(a.Accounts) {
		a.Suppressed, a.Accounts, whole, places = len(places), 0, tallied{}, nil
		for s := range reached {
			clear(reached[s])
		}
	}
	shown := hide(whole.classes[:])
	for _, w := range classWords {
		a.Classes = append(a.Classes, RiskClass{w.word, w.title, shown[w.class], of(shown[w.class], a.Accounts)})
	}
	for s := range store.Sign(store.Signs) {
		a.Signs = append(a.Signs, riskSign(s, rules.Bands[s], reached[s]))
	}
	for code, t := range places {
		if small(t.all()) {
			a.Suppressed++
			continue
		}
		a.Rows = append(a.Rows, t.place(code))
	}
	slices.SortFunc(a.Rows, func(x, y RiskPlace) int {
		return cmp.Or(cmp.Compare(orZero(y.Share), orZero(x.Share)), cmp.Compare(x.Place.Code, y.Place.Code))
	})
	a.Rows = first(a.Rows, q.Limit)
	a.Text = a.words(whole.all() - whole.classes[store.RiskUnobserved])
	return a, nil
}

// riskSign counts one sign by its levels, 0 first.
func riskSign(s store.Sign, bands []store.Band, levels []int64) RiskSign {
	out, shown := RiskSign{Sign: s.String(), Title: signTitles[s]}, hide(levels)
	all, with := int64(0), int64(0)
	for level, n := range levels {
		all += n
		if level == 0 {
			continue
		}
		with += n
		next := int64(0)
		if level < len(bands) {
			next = bands[level].From
		}
		b := bands[level-1]
		out.Steps = append(out.Steps, RiskStep{b.From, b.Points, stepTitle(s, b.From, next), shown[level]})
	}
	two := hide([]int64{levels[0], with})
	out.Accounts = two[1]
	if !shown[0].Valid() { // else the rest would tell what is hidden of the steps
		out.Accounts = indicator.None()
	}
	out.Share = of(out.Accounts, all)
	return out
}

func (t *tallied) place(code string) RiskPlace {
	shown, n := hide(t.classes[:]), t.all()
	p := RiskPlace{Place: place(code), Day: t.day.String(), Accounts: n, High: shown[store.RiskHigh], Middle: shown[store.RiskMiddle], Low: shown[store.RiskLow], Unobserved: shown[store.RiskUnobserved]}
	p.Share = of(p.High, n)
	p.Text = say("{place}：{n} 户在用，高风险 {high}，中风险 {middle}，未观测 {unobserved}。", "{place}: of {n} accounts {high} at high risk, {middle} at middle, {unobserved} not observed.",
		map[string]any{"place": p.Place.Name, "n": Count(indicator.Number(n)), "high": countOf(p.High, n), "middle": countOf(p.Middle, n), "unobserved": countOf(p.Unobserved, n)})
	return p
}

func (a *Risk) words(observed int64) indicator.Text {
	if a.Accounts == 0 {
		return say("没有可判断的用户：需要截至 {day} 一周内的用户文件，且当天数据已完整。", "Nobody to judge: it takes subscriber files of the week up to {day}, and days that are over.", map[string]any{"day": a.Day})
	}
	return say("截至 {day}，在用 {n} 户中观测到 {observed} 户：高风险 {high}，中风险 {middle}，低风险 {low}。", "Up to {day}, {observed} of {n} active accounts are observed: {high} at high risk, {middle} at middle, {low} at low.",
		map[string]any{"day": a.Day, "n": Count(indicator.Number(a.Accounts)), "observed": observedWord(a, observed),
			"high": countOf(a.Classes[0].Accounts, a.Accounts), "middle": countOf(a.Classes[1].Accounts, a.Accounts), "low": countOf(a.Classes[2].Accounts, a.Accounts)})
}

// observedWord does not tell how many are observed if how many are not is hidden.
func observedWord(a *Risk, observed int64) indicator.Text {
	if !a.Classes[3].Accounts.Valid() {
		return Count(indicator.None())
	}
	return Count(indicator.Number(observed))
}

// hide makes numbers of counts that add up to a known one: those of too few, and as
// many others as it takes to not give these away, are none.
func hide(parts []int64) []indicator.Number {
	out := make([]indicator.Number, len(parts))
	hidden := int64(0)
	for i, n := range parts {
		out[i] = indicator.Number(n)
		if small(n) {
			out[i], hidden = indicator.None(), hidden+n
		}
	}
	for hidden > 0 && hidden < SmallCell {
		next := -1
		for i, n := range parts {
			if out[i].Valid() && n > 0 && (next < 0 || n < parts[next]) {
				next = i
			}
		}
		if next < 0 {
			break
		}
		out[next], hidden = indicator.None(), hidden+parts[next]
	}
	return out
}

// of is n in percent of all; none if either is.
func of(n indicator.Number, all int64) indicator.Number {
	if !n.Valid() || all == 0 {
		return indicator.None()
	}
	return 100 * n / indicator.Number(all)
}

func orZero(n indicator.Number) float64 {
	if !n.Valid() {
		return 0
	}
	return float64(n)
}

// Count writes a number of accounts, or that it is not shown.
func Count(n indicator.Number) indicator.Text {
	if !n.Valid() {
		return indicator.Text{ZH: "（过少不显示）", EN: "(too few to show)"}
	}
	text := grouped(float64(n), 0)
	return indicator.Text{ZH: text, EN: text}
}

// countOf writes a number of accounts and its share.
func countOf(n indicator.Number, all int64) indicator.Text {
	text := Count(n)
	if n.Valid() && all > 0 {
		share := rate(float64(of(n, all)))
		text.ZH += "（" + share + "%）"
		text.EN += " (" + share + "%)"
	}
	return text
}

// cityCode is a city's code; "" is an unknown one.
func cityCode(c aggregator.City) string {
	if c == 0 {
		return ""
	}
	return c.String()
}
