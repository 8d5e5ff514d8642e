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

// Tastes are the dimensions in which places have a taste.
func Tastes() []store.Column {
	return []store.Column{store.ColGenre, store.ColSubGenre, store.ColPlace, store.ColChannel, store.ColSeries, store.ColMaker}
}

// Offers are the dimensions in which what is watched can be held against what is
// shown on pages.
func Offers() []store.Column {
	return []store.Column{store.ColGenre, store.ColSubGenre, store.ColPlace, store.ColSeries, store.ColMaker, store.ColContent}
}

// TasteQuery asks what places watch more or less of than the reader's places
// together, or what they are offered.
type TasteQuery struct {
	Time
	By    store.Column // "": genre
	Where Where
	Limit int // how many findings, 0: 50
}

func (q *TasteQuery) check(allowed []store.Column) error {
	q.By = cmp.Or(q.By, store.ColGenre)
	if !slices.Contains(allowed, q.By) {
		return faultf("bad_dimension", "by: there is no %q; allowed: %v", clip(string(q.By)), allowed)
	}
	if q.Limit < 0 || q.Limit > MaxShown {
		return faultf("bad_limit", "limit: %d, allowed 1 to %d", q.Limit, MaxShown)
	}
	if err := q.Where.check(); err != nil {
		return err
	}
	return q.Time.check()
}

// Taste is what places watch more or less of, the strongest first.
type Taste struct {
	By    store.Column   `json:"by"`
	Title indicator.Text `json:"title"`
	From  string         `json:"from"`
	To    string         `json:"to"`
	Level Level          `json:"level"`
	// Base is what shares are compared with: the nation only for those who may see
	// all of it.
	Base indicator.Text `json:"base"`
	Text indicator.Text `json:"text"`
	// Unknown is the percentage of plays of which nobody knows what they are; shares
	// are of all others.
	Unknown    indicator.Number `json:"unknown"`
	Compared   int              `json:"compared"`
	Same       int              `json:"same"`
	Suppressed int              `json:"suppressed"`
	Cut        bool             `json:"cut"`
	Rows       []Liking         `json:"rows"`
}

// Liking is a place's taste for something. Shares are percentages of plays.
type Liking struct {
	Place   Place          `json:"place"`
	Cell    string         `json:"cell"`
	Name    indicator.Text `json:"name"`
	Verdict string         `json:"verdict"` // more or less
	Plays   int64          `json:"plays"`
	Share   float64        `json:"share"`
	Base    float64        `json:"base"`
	// Index is 100 × share ÷ base by plays, TimeIndex the same by viewing time.
	Index     float64          `json:"index"`
	TimeIndex indicator.Number `json:"time_index"`
	Low       float64          `json:"low"` // of the difference from the other places, points
	High      float64          `json:"high"`
	P         float64          `json:"p"`
	Q         float64          `json:"q"`
	Text      indicator.Text   `json:"text"`
}

// tally is plays and milliseconds.
type tally struct{ plays, ms int64 }

func (t tally) plus(o tally) tally { return tally{t.plays + o.plays, t.ms + o.ms} }

// TasteFigures and OfferFigures are the indicators that FindTaste and FindOffer are
// made of.
func TasteFigures() []string { return []string{"viewing_minutes", "plays"} }

// OfferFigures: see TasteFigures.
func OfferFigures() []string { return append(TasteFigures(), "impressions", "clicks") }

var watched = []string{"viewing_minutes" + indicator.ValueOf, "plays" + indicator.ValueOf}

func tallyOf(row indicator.Row) tally { return tally{whole(row.Values[1]), whole(row.Values[0])} }

// strong is from which index on, either way, a liking is one.
const strong = 1.2

// FindTaste says what places like, within the reader's scope.
func FindTaste(ctx context.Context, src Source, scope aggregator.Scope, q TasteQuery) (*Taste, error) {
	if err := q.check(Tastes()); err != nil {
		return nil, err
	}
	a := &Taste{By: q.By, Title: titleOf(q.By), From: q.From.String(), To: q.To.String(), Level: q.Where.Level, Base: base(scope)}
	ask := asking{src, scope, q.Time}
	c, err := ask.cross(ctx, watched, q, tallyOf)
	if err != nil {
		return nil, err
	}
	a.Cut = c.cut
	a.Unknown = shareOfInt(c.unknown.plays, c.unknown.plays+c.all.plays)
	var all []Liking
	var ps []float64
	var rests [][2]sample
	for _, cell := range c.cells {
		here, value := c.places[cell.place], c.values[cell.value]
		s := sample{cell.tally.plays, here.plays}
		rest := sample{value.plays - s.k, c.all.plays - s.n}
		if s.n < SmallCell || rest.n < SmallCell || s.k < SmallCell || small(rest.k) {
			a.Suppressed++
			continue
		}
		one := Liking{Place: place(cell.place), Cell: cell.value, Name: cell.name, Plays: s.k, Share: 100 * s.share(), P: differs(s, rest), TimeIndex: indicator.None()}
		one.Base = 100 * float64(value.plays) / float64(c.all.plays)
		one.Index = 100 * one.Share / one.Base
		if value.ms > 0 && here.ms > 0 {
			one.TimeIndex = indicator.Number(100 * (float64(cell.tally.ms) / float64(here.ms)) / (float64(value.ms) / float64(c.all.ms)))
		}
		all, ps, rests = append(all, one), append(ps, one.P), append(rests, [2]sample{s, rest})
	}
	a.Compared = len(all)
	for n, corrected := range falseDiscovery(ps) {
		one := all[n]
		one.Q = corrected
		low, high := difference(rests[n][0], rests[n][1])
		one.Low, one.High = 100*low, 100*high
		if !one.judge() {
			a.Same++
			continue
		}
		one.Text = one.words(a)
		a.Rows = append(a.Rows, one)
	}
	slices.SortFunc(a.Rows, func(x, y Liking) int {
		return cmp.Or(cmp.Compare(y.strength(), x.strength()), cmp.Compare(x.Place.Code, y.Place.Code), cmp.Compare(x.Cell, y.Cell))
	})
	a.Text = a.words()
	a.Rows = first(a.Rows, q.Limit)
	return a, nil
}

// judge says whether it is a liking: sure, strong, and by time the same way as by
// plays.
func (l *Liking) judge() bool {
	if l.Q > Sure || l.TimeIndex.Valid() && (l.TimeIndex > 100) != (l.Index > 100) {
		return false
	}
	switch {
	case l.Index >= 100*strong:
		l.Verdict = "more"
	case l.Index <= 100/strong:
		l.Verdict = "less"
	}
	return l.Verdict != ""
}

// strength orders likings: how far the index is from 100, weighed with the share.
func (l *Liking) strength() float64 {
	return math.Abs(math.Log(l.Index/100)) * math.Sqrt(max(l.Share, l.Base))
}

func (l *Liking) words(a *Taste) indicator.Text {
	holes := map[string]any{"place": l.Place.Name, "name": nameOr(l.Name), "share": rate(l.Share), "base": a.Base, "of": rate(l.Base), "index": grouped(l.Index, 0)}
	if l.Verdict == "more" {
		return say("{place}偏爱{name}：占播放 {share}%，{base}为 {of}%（指数 {index}）。", "{place} likes {name}: {share}% of plays, {of}% in {base} (index {index}).", holes)
	}
	return say("{place}较少看{name}：占播放 {share}%，{base}为 {of}%（指数 {index}）。", "{place} watches little of {name}: {share}% of plays, {of}% in {base} (index {index}).", holes)
}

func (a *Taste) words() indicator.Text {
	if a.Compared == 0 {
		return say("没有可比较的数据：至少需要两个地区，各有 10 次以上播放。", "Nothing to compare: it takes two places, with ten plays each at least.", nil)
	}
	return say("与{base}相比，共检验 {n} 项，{found} 项有可靠的地方偏好。", "Against {base}: {n} shares tested, {found} are a sure local taste.",
		map[string]any{"base": a.Base, "n": strconv.Itoa(a.Compared), "found": strconv.Itoa(a.Compared - a.Same)})
}

// crossed is a table of places by values with its edges, without what is unknown.
type crossed struct {
	cells   []crossedCell
	places  map[string]tally // of known values
	values  map[string]tally // of all places, unknown ones too
	all     tally            // of known values
	unknown tally
	cut     bool
}

type crossedCell struct {
	place, value string
	name         indicator.Text
	tally        tally
}

// cross asks for places by values, and for the edges of the table on their own: a
// table may be cut, its edges are whole.
func (q asking) cross(ctx context.Context, sums []string, t TasteQuery, of func(indicator.Row) tally) (*crossed, error) {
	level := t.Where.Level.column()
	c := &crossed{places: map[string]tally{}, values: map[string]tally{}}
	edge, err := q.ask(ctx, sums, nil, t.By)
	if err != nil {
		return nil, err
	}
	for _, row := range edge.Rows {
		if row.Cells[0] == "" {
			c.unknown = of(row)
			continue
		}
		c.values[row.Cells[0]] = of(row)
		c.all = c.all.plus(of(row))
	}
	places, err := q.ask(ctx, sums, t.Where.filters(), level)
	if err != nil {
		return nil, err
	}
	for _, row := range places.Rows {
		c.places[row.Cells[0]] = of(row)
	}
	unknown, err := q.ask(ctx, sums, append(t.Where.filters(), indicator.Filter{Dimension: t.By, In: []string{""}}), level)
	if err != nil {
		return nil, err
	}
	for _, row := range unknown.Rows {
		p, u := c.places[row.Cells[0]], of(row)
		c.places[row.Cells[0]] = tally{p.plays - u.plays, p.ms - u.ms}
	}
	inside, err := q.ask(ctx, sums, t.Where.filters(), level, t.By)
	if err != nil {
		return nil, err
	}
	for _, row := range inside.Rows {
		where, value := row.Cells[0], row.Cells[1]
		if _, known := c.values[value]; where == "" || !known {
			continue // nobody knows where or what, or the value is beyond a cut edge
		}
		c.cells = append(c.cells, crossedCell{where, value, inside.name(t.By, value), of(row)})
	}
	c.cut = edge.cut || inside.cut
	return c, nil
}

func shareOfInt(part, all int64) indicator.Number {
	if all == 0 {
		return indicator.None()
	}
	return indicator.Number(100 * float64(part) / float64(all))
}
