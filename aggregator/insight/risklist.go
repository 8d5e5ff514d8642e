package insight

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"iptvdc/aggregator"
	"iptvdc/aggregator/indicator"
	"iptvdc/aggregator/store"
)

// MaxRiskSkip is how far into a list one may turn pages.
const MaxRiskSkip = 1_000_000

// RiskListQuery asks for the accounts themselves. Who may ask is decided by whoever
// calls.
type RiskListQuery struct {
	Day      aggregator.Day
	Province aggregator.Province // 0: all of the scope
	City     aggregator.City     // 0: all
	Class    string              // of RiskClasses; "": high and middle
	Signs    []string            // of RiskSigns: only accounts with points for each
	Skip     int
	Limit    int // 0: 50
}

// RiskList are accounts, the greatest score first.
type RiskList struct {
	Day  string         `json:"day"`
	Text indicator.Text `json:"text"`
	Skip int            `json:"skip"`
	More bool           `json:"more"` // there are more behind these
	Rows []RiskAccount  `json:"rows"`
}

// RiskAccount is an account with the reasons for its score in words.
type RiskAccount struct {
	Account string         `json:"account"` // its key, 16 hexadecimal digits
	Place   Place          `json:"place"`   // city
	Day     string         `json:"day"`     // on which it was judged
	Score   int            `json:"score"`
	Class   string         `json:"class"`
	Signs   []AccountSign  `json:"signs"` // with points, the most first
	Text    indicator.Text `json:"text"`
}

// AccountSign is a sign that an account shows.
type AccountSign struct {
	Sign   string         `json:"sign"`
	Points int            `json:"points"`
	Text   indicator.Text `json:"text"`
}

func (q *RiskListQuery) question(scope aggregator.Scope) (store.RiskQuery, error) {
	r := store.RiskQuery{AllProvinces: scope.All, Provinces: scope.Provinces, Province: q.Province, City: q.City, Day: q.Day, Rules: RiskPoints(), Skip: q.Skip}
	switch q.Class {
	case "":
		r.Least, r.Most = r.Rules.Middle, store.RiskMost
	case "high":
		r.Least, r.Most = r.Rules.High, store.RiskMost
	case "middle":
		r.Least, r.Most = r.Rules.Middle, r.Rules.High-1
	case "low":
		r.Least, r.Most = 0, r.Rules.Middle-1
	default:
		return r, faultf("bad_class", "class: there is no %q with a list; allowed: %s", clip(q.Class), strings.Join(RiskClasses(), ", "))
	}
	for _, name := range q.Signs {
		n := slices.Index(RiskSigns(), name)
		if n < 0 {
			return r, faultf("bad_sign", "sign: there is no %q; allowed: %s", clip(name), strings.Join(RiskSigns(), ", "))
		}
		r.With = append(r.With, store.Sign(n))
	}
	switch {
	case q.Limit < 0 || q.Limit > MaxShown:
		return r, faultf("bad_limit", "limit: %d, allowed 1 to %d", q.Limit, MaxShown)
	case q.Skip < 0 || q.Skip > MaxRiskSkip:
		return r, faultf("bad_skip", "skip: %d, allowed 0 to %d; narrow the list by province, city, class or sign", q.Skip, MaxRiskSkip)
	}
	if q.Limit == 0 {
		q.Limit = shown
	}
	r.Limit = q.Limit + 1
	return r, nil
}

// FindRiskAccounts lists the accounts that may leave.
func FindRiskAccounts(ctx context.Context, src Source, scope aggregator.Scope, q RiskListQuery) (*RiskList, error) {
	ask, err := q.question(scope)
	if err != nil {
		return nil, err
	}
	accounts, err := src.Risks.RiskAccounts(ctx, ask)
	if err != nil {
		return nil, err
	}
	a := &RiskList{Day: q.Day.String(), Skip: q.Skip, More: len(accounts) > q.Limit, Rows: []RiskAccount{}}
	for i := range accounts[:min(len(accounts), q.Limit)] {
		a.Rows = append(a.Rows, riskAccount(&accounts[i], &ask.Rules))
	}
	a.Text = a.words()
	return a, nil
}

func (a *RiskList) words() indicator.Text {
	if len(a.Rows) == 0 {
		return say("没有符合条件的用户。", "No such account.", nil)
	}
	holes := map[string]any{"from": strconv.Itoa(a.Skip + 1), "to": strconv.Itoa(a.Skip + len(a.Rows)), "more": indicator.Text{}}
	if a.More {
		holes["more"] = indicator.Text{ZH: "，后面还有", EN: "; there are more"}
	}
	return say("风险最高的用户，第 {from}–{to} 名{more}。", "Accounts of the greatest risk, {from} to {to}{more}.", holes)
}

func riskAccount(r *store.RiskAccount, rules *store.RiskRules) RiskAccount {
	a := RiskAccount{Account: fmt.Sprintf("%016x", r.Account), Place: place(cityCode(r.City)), Day: r.Day.String(), Score: r.Score, Signs: []AccountSign{}}
	class := indicator.Text{}
	for _, w := range classWords {
		if w.class == rules.Class(true, r.Levels) {
			a.Class, class = w.word, w.title
		}
	}
	for s := range store.Sign(store.Signs) {
		if points := rules.Points(s, r.Levels[s]); points > 0 {
			a.Signs = append(a.Signs, AccountSign{s.String(), points, signWords(s, r, points)})
		}
	}
	slices.SortStableFunc(a.Signs, func(x, y AccountSign) int { return y.Points - x.Points })
	reasons := indicator.Text{ZH: "没有迹象", EN: "no sign"}
	if len(a.Signs) > 0 {
		zh, en := make([]string, len(a.Signs)), make([]string, len(a.Signs))
		for i, s := range a.Signs {
			zh[i], en[i] = s.Text.ZH, s.Text.EN
		}
		reasons = indicator.Text{ZH: strings.Join(zh, "；"), EN: strings.Join(en, "; ")}
	}
	a.Text = say("风险 {score} 分（{class}）：{reasons}。", "Risk {score} ({class}): {reasons}.", map[string]any{"score": strconv.Itoa(a.Score), "class": class, "reasons": reasons})
	return a
}

// signWords say what a sign is made of.
func signWords(s store.Sign, r *store.RiskAccount, points int) indicator.Text {
	n := func(v int64) string { return strconv.FormatInt(v, 10) }
	holes := map[string]any{"points": strconv.Itoa(points), "used": n(r.Used), "clear": n(r.Clear), "used_before": n(r.UsedBefore), "clear_before": n(r.ClearBefore),
		"silent": n(r.Silent), "failed": n(r.Failed), "plays": n(r.Plays), "expired": n(r.Expired)}
	switch s {
	case store.SignFall:
		return say("近 {clear} 天使用 {used} 天，此前 {clear_before} 天使用 {used_before} 天：{points} 分",
			"used on {used} of the last {clear} days, on {used_before} of the {clear_before} before: {points} points", holes)
	case store.SignSilent:
		if r.Longer {
			return say("{silent} 天或更久未使用：{points} 分", "not used for {silent} days or longer: {points} points", holes)
		}
		return say("{silent} 天未使用：{points} 分", "not used for {silent} days: {points} points", holes)
	case store.SignFaults:
		holes["times"] = figure(float64(r.Faults)/100, indicator.Ratio)
		holes["share"] = rate(100 * float64(r.OrdinaryFailed) / float64(r.OrdinaryPlays))
		return say("{plays} 次播放失败 {failed} 次，为全省平常失败率（{share}%）的 {times} 倍：{points} 分",
			"{failed} of {plays} playbacks failed, {times} times the province's ordinary share ({share}%): {points} points", holes)
	}
	if r.Expired == 1 {
		return say("1 个产品到期未续：{points} 分", "one product ended and was not renewed: {points} points", holes)
	}
	return say("{expired} 个产品到期未续：{points} 分", "{expired} products ended and were not renewed: {points} points", holes)
}
