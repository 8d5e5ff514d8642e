package insight

import (
	"cmp"
	"context"
	"math"
	"slices"
	"strconv"

	"iptvdc/aggregator"
	"iptvdc/aggregator/indicator"
)

// PositionsQuery asks how contents do for the positions they stand in, and which
// positions are dead. Where chooses the places; Level does not matter.
type PositionsQuery struct {
	Time
	Rate  string // ctr or focus_ctr; "": ctr
	Where Where
	Page  string // "": every page
	Limit int    // how many findings of each kind, 0: 50
}

// Positions is how contents do for where they stand.
type Positions struct {
	Rate string         `json:"rate"`
	From string         `json:"from"`
	To   string         `json:"to"`
	Text indicator.Text `json:"text"`
	// Normalised are contents by their clicks against those expected of the
	// positions that they were shown in.
	Normalised []Normalised `json:"normalised"`
	// Dead are slots that are shown and never clicked.
	Dead       []DeadSlot `json:"dead"`
	Suppressed int        `json:"suppressed"`
	Odd        int        `json:"odd"` // more clicks than impressions
	Cut        bool       `json:"cut"`
}

// Normalised is a content against the mean of its positions.
type Normalised struct {
	Content   string  `json:"content"`
	Positions int     `json:"positions"` // how many it was shown in
	Shown     int64   `json:"shown"`
	Clicks    int64   `json:"clicks"`
	Expected  float64 `json:"expected"` // clicks, had it done as the mean of each position
	Rate      float64 `json:"rate"`     // percent, as it is
	// Index is clicks for each expected one: above 1 it does better than its
	// positions. In one position it is its rate by the mean rate of the position.
	Index float64 `json:"index"`
	Q     float64 `json:"q"` // of the difference from 1, corrected for all contents
	Sure  bool    `json:"sure"`
}

// DeadSlot is a slot that was shown and never clicked.
type DeadSlot struct {
	Spot
	Shown int64 `json:"shown"`
	// Mean is the rate of its page, percent; UpTo the greatest rate that the slot may
	// truly have, at 95 %: exact, about 300 % divided by shown.
	Mean float64 `json:"mean"`
	UpTo float64 `json:"up_to"`
	// Chance is how likely no click at all would be for a slot as good as the mean;
	// Q the same, corrected for all slots.
	Chance float64        `json:"chance"`
	Q      float64        `json:"q"`
	Text   indicator.Text `json:"text"`
}

func (q *PositionsQuery) check() error {
	q.Rate = cmp.Or(q.Rate, "ctr")
	if q.Rate != "ctr" && q.Rate != "focus_ctr" {
		return faultf("bad_indicator", "rate: there is no %q; allowed: ctr, focus_ctr", clip(q.Rate))
	}
	if q.Limit < 0 || q.Limit > MaxShown {
		return faultf("bad_limit", "limit: %d, allowed 1 to %d", q.Limit, MaxShown)
	}
	if err := q.Where.check(); err != nil {
		return err
	}
	return q.Time.check()
}

// FindPositions judges contents by position, and slots.
func FindPositions(ctx context.Context, src Source, scope aggregator.Scope, q PositionsQuery) (*Positions, error) {
	if err := q.check(); err != nil {
		return nil, err
	}
	i, _ := indicator.Find(q.Rate) // checked
	ask := asking{src, scope, q.Time}
	filters := append(onPage(q.Page), q.Where.filters()...)
	slots, err := ask.ask(ctx, parts(&i), filters, spots(true)...)
	if err != nil {
		return nil, err
	}
	posters, err := ask.ask(ctx, parts(&i), filters, spots(false)...)
	if err != nil {
		return nil, err
	}
	a := &Positions{Rate: q.Rate, From: q.From.String(), To: q.To.String(), Cut: slots.cut || posters.cut}
	means := map[Spot]sample{}
	for _, row := range slots.Rows {
		means[spotOf(row.Cells)] = sample{whole(row.Values[0]), whole(row.Values[1])}
	}
	a.normalise(posters.Rows, means)
	a.bury(means)
	a.Text = say("{contents} 个内容可与所在位置的平均水平比较；{dead} 个推荐位经常展示却从未被点击。",
		"{contents} contents could be compared with the mean of their positions; {dead} slots are shown often and never clicked.",
		map[string]any{"contents": strconv.Itoa(len(a.Normalised)), "dead": strconv.Itoa(len(a.Dead))})
	a.Normalised, a.Dead = first(a.Normalised, q.Limit), first(a.Dead, q.Limit)
	return a, nil
}

// normalise adds up each content's clicks, and those that its positions' means let
// expect.
func (a *Positions) normalise(rows []indicator.Row, means map[Spot]sample) {
	found := map[string]*Normalised{}
	variance := map[string]float64{}
	for _, row := range rows {
		spot := spotOf(row.Cells)
		content := spot.Content
		spot.Content = ""
		s, mean := sample{whole(row.Values[0]), whole(row.Values[1])}, means[spot]
		if content == "" || mean.n == 0 {
			continue
		}
		if s.k > s.n || mean.k > mean.n {
			a.Odd++
			continue
		}
		c := found[content]
		if c == nil {
			c = &Normalised{Content: content}
			found[content] = c
		}
		p := mean.share()
		c.Positions++
		c.Shown += s.n
		c.Clicks += s.k
		c.Expected += float64(s.n) * p
		variance[content] += float64(s.n) * p * (1 - p) * (1 - float64(s.n)/float64(mean.n)) // the mean is made of it too
	}
	var ps []float64
	for content, c := range found {
		if c.Shown < SmallCell || small(c.Clicks) || c.Expected < 5 {
			a.Suppressed++
			continue
		}
		if variance[content] < 1e-9 {
			continue // alone in its positions, it is their mean
		}
		c.Rate = 100 * float64(c.Clicks) / float64(c.Shown)
		c.Index = float64(c.Clicks) / c.Expected
		a.Normalised = append(a.Normalised, *c)
		ps = append(ps, twoSided((float64(c.Clicks)-c.Expected)/math.Sqrt(variance[content])))
	}
	for n, q := range falseDiscovery(ps) {
		c := &a.Normalised[n]
		c.Q, c.Sure = q, q <= Sure && math.Abs(c.Index-1) >= Telling
	}
	slices.SortFunc(a.Normalised, func(x, y Normalised) int {
		return cmp.Or(cmp.Compare(y.Index, x.Index), cmp.Compare(x.Content, y.Content))
	})
}

// bury finds dead slots: those never clicked although others of the page are, too
// often shown for chance.
func (a *Positions) bury(means map[Spot]sample) {
	pages := map[string]sample{}
	for spot, s := range means {
		p := pages[spot.Page]
		pages[spot.Page] = sample{p.k + s.k, p.n + s.n}
	}
	var all []DeadSlot
	var ps []float64
	for spot, s := range means {
		page := pages[spot.Page]
		if s.n < SmallCell || page.k > page.n {
			continue
		}
		all = append(all, DeadSlot{Spot: spot, Shown: s.n, Mean: 100 * page.share(), UpTo: 100 * neverUpTo(s.n), Chance: atMost(s.k, s.n, page.share())})
		ps = append(ps, all[len(all)-1].Chance)
	}
	for n, q := range falseDiscovery(ps) {
		d := all[n]
		if means[d.Spot].k > 0 || q > Sure {
			continue
		}
		d.Q = q
		d.Text = say("{spot}展示 {n} 次，从未被点击；若与本页平均（{mean}%）相当，出现这种情况的可能性为 {chance}。真实点击率最多 {up}%（95% 把握）。",
			"{spot} was shown {n} times and never clicked; a slot as good as the page's mean of {mean}% would be so with a chance of {chance}. Its true rate is at most {up}%, at 95%.",
			map[string]any{"spot": d.Spot.words(), "n": grouped(float64(d.Shown), 0), "mean": rate(d.Mean), "chance": chance(d.Chance), "up": rate(d.UpTo)})
		a.Dead = append(a.Dead, d)
	}
	slices.SortFunc(a.Dead, func(x, y DeadSlot) int {
		return cmp.Or(cmp.Compare(y.Shown, x.Shown), cmp.Compare(x.Page, y.Page), cmp.Compare(x.Area, y.Area), cmp.Compare(x.Slot, y.Slot))
	})
}

// chance writes a probability; what is below one in a million is as good as none.
func chance(p float64) string {
	if p < 1e-6 {
		return "< 0.0001%"
	}
	return strconv.FormatFloat(100*p, 'g', 2, 64) + "%"
}
