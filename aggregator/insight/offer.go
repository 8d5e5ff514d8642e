package insight

import (
	"cmp"
	"context"
	"math"
	"slices"
	"strconv"

	"iptvdc/aggregator"
	"iptvdc/aggregator/indicator"
	"iptvdc/aggregator/store"
)

// Offer is what places watch and are hardly shown on pages, and what they are shown
// and hardly watch; the widest gap first.
type Offer struct {
	By    store.Column   `json:"by"`
	Title indicator.Text `json:"title"`
	From  string         `json:"from"`
	To    string         `json:"to"`
	Level Level          `json:"level"`
	Text  indicator.Text `json:"text"`
	// By what a page's offer is measured: impressions, or clicks where no box tells
	// impressions.
	Measure    string `json:"measure"`
	Compared   int    `json:"compared"`
	Same       int    `json:"same"`
	Suppressed int    `json:"suppressed"`
	Cut        bool   `json:"cut"`
	Rows       []Gap  `json:"rows"`
}

// Gap is the difference between what is watched and what is shown. Shares are
// percentages of the place's plays and of the impressions (or clicks) there.
type Gap struct {
	Place   Place          `json:"place"`
	Cell    string         `json:"cell"`
	Name    indicator.Text `json:"name"`
	Verdict string         `json:"verdict"` // hidden: watched, hardly shown; pushed: shown, hardly watched
	Plays   int64          `json:"plays"`
	Shown   int64          `json:"shown"`
	Watched float64        `json:"watched"` // share
	Offered float64        `json:"offered"` // share
	Low     float64        `json:"low"`     // of watched less offered, points
	High    float64        `json:"high"`
	P       float64        `json:"p"`
	Q       float64        `json:"q"`
	Text    indicator.Text `json:"text"`
}

// wide is from which ratio of the shares on a gap is one.
const wide = 1.5

// FindOffer holds what places watch against what pages show them.
func FindOffer(ctx context.Context, src Source, scope aggregator.Scope, q TasteQuery) (*Offer, error) {
	if err := q.check(Offers()); err != nil {
		return nil, err
	}
	a := &Offer{By: q.By, Title: titleOf(q.By), From: q.From.String(), To: q.To.String(), Level: q.Where.Level, Measure: "impressions"}
	ask := asking{src, scope, q.Time}
	seen, err := ask.cross(ctx, watched, q, tallyOf)
	if err != nil {
		return nil, err
	}
	count := func(row indicator.Row) tally { return tally{plays: whole(row.Values[0])} }
	offered, err := ask.cross(ctx, []string{"impressions" + indicator.ValueOf}, q, count)
	if err != nil {
		return nil, err
	}
	if offered.all.plays == 0 {
		a.Measure = "clicks"
		if offered, err = ask.cross(ctx, []string{"clicks" + indicator.ValueOf}, q, count); err != nil {
			return nil, err
		}
	}
	a.Cut = seen.cut || offered.cut
	type cellKey struct{ place, value string }
	both := map[cellKey]*Gap{}
	at := func(c crossedCell) *Gap {
		k := cellKey{c.place, c.value}
		if both[k] == nil {
			both[k] = &Gap{Place: place(c.place), Cell: c.value, Name: c.name}
		}
		return both[k]
	}
	for _, c := range seen.cells {
		at(c).Plays = c.tally.plays
	}
	for _, c := range offered.cells {
		at(c).Shown = c.tally.plays
	}
	var all []*Gap
	var ps []float64
	for _, g := range both {
		plays, shown := sample{g.Plays, seen.places[g.Place.Code].plays}, sample{g.Shown, offered.places[g.Place.Code].plays}
		if plays.n < SmallCell || shown.n < SmallCell || small(plays.k) || small(shown.k) {
			a.Suppressed++
			continue
		}
		g.Watched, g.Offered = 100*plays.share(), 100*shown.share()
		low, high := difference(plays, shown)
		g.Low, g.High, g.P = 100*low, 100*high, differs(plays, shown)
		all, ps = append(all, g), append(ps, g.P)
	}
	a.Compared = len(all)
	for n, corrected := range falseDiscovery(ps) {
		g := all[n]
		g.Q = corrected
		if !g.judge() {
			a.Same++
			continue
		}
		g.Text = g.words(a)
		a.Rows = append(a.Rows, *g)
	}
	slices.SortFunc(a.Rows, func(x, y Gap) int {
		return cmp.Or(cmp.Compare(math.Abs(y.Watched-y.Offered), math.Abs(x.Watched-x.Offered)), cmp.Compare(x.Place.Code, y.Place.Code), cmp.Compare(x.Cell, y.Cell))
	})
	a.Text = a.words()
	a.Rows = first(a.Rows, q.Limit)
	return a, nil
}

func (g *Gap) judge() bool {
	switch {
	case g.Q > Sure:
	case g.Watched >= wide*g.Offered:
		g.Verdict = "hidden"
	case g.Offered >= wide*g.Watched:
		g.Verdict = "pushed"
	}
	return g.Verdict != ""
}

func (g *Gap) words(a *Offer) indicator.Text {
	holes := map[string]any{"place": g.Place.Name, "name": nameOr(g.Name), "watched": rate(g.Watched), "offered": rate(g.Offered), "of": indicator.Text{ZH: "曝光", EN: "impressions"}}
	if a.Measure == "clicks" {
		holes["of"] = indicator.Text{ZH: "点击", EN: "clicks"}
	}
	if g.Verdict == "hidden" {
		return say("{place}：{name}占播放 {watched}%，只占{of} {offered}%——常看却少推，可以多推荐。", "{place}: {name} is {watched}% of plays and only {offered}% of {of}: watched, hardly offered; show more of it.", holes)
	}
	return say("{place}：{name}占{of} {offered}%，只占播放 {watched}%——常推却少看，可以让出位置。", "{place}: {name} is {offered}% of {of} and only {watched}% of plays: offered, hardly watched; its slots could show something else.", holes)
}

func (a *Offer) words() indicator.Text {
	if a.Compared == 0 {
		return say("没有可比较的数据：需要同时有播放和推荐位数据。", "Nothing to compare: it takes plays and what pages show, ten each at least.", nil)
	}
	count := map[string]int{}
	for _, g := range a.Rows {
		count[g.Verdict]++
	}
	return say("检验 {n} 项：{hidden} 项常看却少推，{pushed} 项常推却少看。", "{n} tested: {hidden} watched and hardly offered, {pushed} offered and hardly watched.",
		map[string]any{"n": strconv.Itoa(a.Compared), "hidden": strconv.Itoa(count["hidden"]), "pushed": strconv.Itoa(count["pushed"])})
}
