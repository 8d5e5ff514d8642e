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

// Rates are the ratios by which posters are compared.
func Rates() []string { return []string{"ctr", "focus_ctr", "click_to_play"} }

// PostersQuery asks in which places a poster, or a slot whatever it shows, does
// better or worse than in the reader's other places.
type PostersQuery struct {
	Time
	Rate  string // "": ctr
	Slots bool   // compare slots, not posters
	Where Where
	Page  string // "": every page
	Limit int    // how many findings, 0: 50
}

// Posters is where posters do better or worse, the costliest first.
type Posters struct {
	Rate  string         `json:"rate"`
	Title indicator.Text `json:"title"`
	From  string         `json:"from"`
	To    string         `json:"to"`
	Level Level          `json:"level"`
	Base  indicator.Text `json:"base"` // what places are compared with
	Text  indicator.Text `json:"text"`
	// Compared is how many pairs of poster and place were tested, Same how many of
	// them show no difference. Suppressed had too few of something, Odd more hits
	// than tries.
	Compared   int `json:"compared"`
	Same       int `json:"same"`
	Suppressed int `json:"suppressed"`
	Odd        int `json:"odd"`
	// Cut says that only the 10,000 most shown were looked at.
	Cut  bool     `json:"cut"`
	Rows []Poster `json:"rows"`
}

// Spot is a slot of a page, and what it shows.
type Spot struct {
	Page    string `json:"page"`
	Area    string `json:"area"`
	Slot    string `json:"slot"`
	Content string `json:"content"` // "": whatever it shows
}

// Poster is one finding. Rates are percentages, differences points.
type Poster struct {
	Place Place `json:"place"`
	Spot
	Verdict   string  `json:"verdict"` // worse or better
	Hits      int64   `json:"hits"`
	Tries     int64   `json:"tries"`
	Rate      float64 `json:"rate"`
	Elsewhere float64 `json:"elsewhere"` // the rate in the reader's other places
	// Difference is rate less elsewhere, Low and High its interval of 95 %.
	Difference float64 `json:"difference"`
	Low        float64 `json:"low"`
	High       float64 `json:"high"`
	P          float64 `json:"p"`
	Q          float64 `json:"q"` // P corrected for all that were compared
	// Missed is how many more hits the place would have at the rate elsewhere; it is
	// negative for what does better.
	Missed int64 `json:"missed"`
	// Instead is the content that does best in the same slot and place, "" if none is
	// surely better.
	Instead     string           `json:"instead"`
	InsteadRate indicator.Number `json:"instead_rate"`
	Text        indicator.Text   `json:"text"`
}

func (q *PostersQuery) check() error {
	q.Rate = cmp.Or(q.Rate, "ctr")
	if !slices.Contains(Rates(), q.Rate) {
		return faultf("bad_indicator", "rate: there is no %q; allowed: ctr, focus_ctr, click_to_play", clip(q.Rate))
	}
	if q.Limit < 0 || q.Limit > MaxShown {
		return faultf("bad_limit", "limit: %d, allowed 1 to %d", q.Limit, MaxShown)
	}
	if err := q.Where.check(); err != nil {
		return err
	}
	return q.Time.check()
}

// spots are the columns of a Spot.
func spots(slots bool) []store.Column {
	all := []store.Column{store.ColPage, store.ColArea, store.ColSlot, store.ColContent}
	if slots {
		return all[:3]
	}
	return all
}

// spotOf reads a Spot from cells.
func spotOf(cells []string) Spot {
	s := Spot{Page: cells[0], Area: cells[1], Slot: cells[2]}
	if len(cells) > 3 {
		s.Content = cells[3]
	}
	return s
}

func onPage(page string) []indicator.Filter {
	if page == "" {
		return nil
	}
	return []indicator.Filter{{Dimension: store.ColPage, In: []string{page}}}
}

// placed names a poster in a place.
type placed struct {
	place string
	spot  Spot
}

// FindPosters compares posters between places, within the reader's scope: the rest
// with which a place is compared is never more than the reader may see.
func FindPosters(ctx context.Context, src Source, scope aggregator.Scope, q PostersQuery) (*Posters, error) {
	if err := q.check(); err != nil {
		return nil, err
	}
	i, _ := indicator.Find(q.Rate) // checked
	a := &Posters{Rate: q.Rate, Title: i.Title, From: q.From.String(), To: q.To.String(), Level: q.Where.Level, Base: base(scope)}
	ask := asking{src, scope, q.Time}
	everywhere, err := ask.ask(ctx, parts(&i), onPage(q.Page), spots(q.Slots)...)
	if err != nil {
		return nil, err
	}
	here, err := ask.ask(ctx, parts(&i), append(onPage(q.Page), q.Where.filters()...), append([]store.Column{q.Where.Level.column()}, spots(q.Slots)...)...)
	if err != nil {
		return nil, err
	}
	a.Cut = everywhere.cut || here.cut
	all := map[Spot]sample{}
	for _, row := range everywhere.Rows {
		all[spotOf(row.Cells)] = sample{whole(row.Values[0]), whole(row.Values[1])}
	}
	found := map[placed]sample{}
	var compared []Poster
	var rests []sample
	for _, row := range here.Rows {
		s := sample{whole(row.Values[0]), whole(row.Values[1])}
		at := placed{row.Cells[0], spotOf(row.Cells[1:])}
		total, known := all[at.spot]
		rest := sample{total.k - s.k, total.n - s.n}
		switch {
		case at.place == "" || !known: // a place nobody knows is no place to change a poster
			continue
		case s.k > s.n || rest.k > rest.n || rest.n < 0 || rest.k < 0:
			a.Odd++
			continue
		case s.n < SmallCell || rest.n < SmallCell || small(s.k) || small(rest.k):
			a.Suppressed++
			continue
		}
		found[at] = s
		compared = append(compared, Poster{Place: place(at.place), Spot: at.spot, Hits: s.k, Tries: s.n, P: differs(s, rest)})
		rests = append(rests, rest)
	}
	a.Compared = len(compared)
	ps := make([]float64, len(compared))
	for n := range compared {
		ps[n] = compared[n].P
	}
	for n, corrected := range falseDiscovery(ps) {
		one := &compared[n]
		one.Q = corrected
		one.judge(sample{one.Hits, one.Tries}, rests[n])
		if one.Verdict == "" {
			a.Same++
			continue
		}
		one.seekInstead(found)
		one.Text = one.words(a)
		a.Rows = append(a.Rows, *one)
	}
	slices.SortFunc(a.Rows, func(x, y Poster) int {
		return cmp.Or(-cmp.Compare(x.Verdict, y.Verdict), // worse first: it is what can be mended
			cmp.Compare(abs(y.Missed), abs(x.Missed)), cmp.Compare(x.Place.Code, y.Place.Code), cmp.Compare(x.Page, y.Page), cmp.Compare(x.Area, y.Area), cmp.Compare(x.Slot, y.Slot), cmp.Compare(x.Content, y.Content))
	})
	a.Text = a.words()
	a.Rows = first(a.Rows, q.Limit)
	return a, nil
}

func abs(n int64) int64 { return max(n, -n) }

// judge compares a place with the rest.
func (p *Poster) judge(s, rest sample) {
	low, high := difference(s, rest)
	p.Rate, p.Elsewhere = 100*s.share(), 100*rest.share()
	p.Difference, p.Low, p.High = p.Rate-p.Elsewhere, 100*low, 100*high
	p.Missed = int64(math.Round(float64(s.n)*rest.share())) - s.k
	p.InsteadRate = indicator.None()
	if p.Q > Sure || math.Abs(p.Difference) < Telling*p.Elsewhere {
		return
	}
	p.Verdict = "better"
	if p.Difference < 0 {
		p.Verdict = "worse"
	}
}

// seekInstead looks for what does better in the same slot of the same place: the
// whole interval of the difference must lie above 0.
func (p *Poster) seekInstead(found map[placed]sample) {
	if p.Verdict != "worse" || p.Content == "" {
		return
	}
	own := sample{p.Hits, p.Tries}
	best := 0.0
	for at, s := range found {
		if at.place != p.Place.Code || at.spot == p.Spot || at.spot.Page != p.Page || at.spot.Area != p.Area || at.spot.Slot != p.Slot {
			continue
		}
		if low, _ := difference(s, own); low <= 0 {
			continue
		}
		if low, _ := s.wilson(); low > best || low == best && at.spot.Content < p.Instead {
			best, p.Instead, p.InsteadRate = low, at.spot.Content, indicator.Number(100*s.share())
		}
	}
}

// words names a spot.
func (s Spot) words() indicator.Text {
	holes := map[string]any{"page": s.Page, "area": s.Area, "slot": s.Slot, "content": s.Content}
	switch {
	case s.Content == "" && s.Area == "":
		return say("页面 {page} 的 {slot} 号位", "slot {slot} of page {page}", holes)
	case s.Content == "":
		return say("页面 {page} 区域 {area} 的 {slot} 号位", "slot {slot}, area {area} of page {page}", holes)
	case s.Area == "":
		return say("页面 {page} {slot} 号位的“{content}”", "“{content}” in slot {slot} of page {page}", holes)
	}
	return say("页面 {page} 区域 {area} {slot} 号位的“{content}”", "“{content}” in slot {slot}, area {area} of page {page}", holes)
}

func (p *Poster) words(a *Posters) indicator.Text {
	holes := map[string]any{
		"place": p.Place.Name, "spot": p.Spot.words(), "title": a.Title, "rate": rate(p.Rate), "else": rate(p.Elsewhere),
		"low": signed(p.Low), "high": signed(p.High), "missed": grouped(float64(abs(p.Missed)), 0), "instead": p.Instead, "better": rate(float64(p.InsteadRate)),
	}
	var t indicator.Text
	if p.Verdict == "worse" {
		t = say("{place}：{spot}{title}为 {rate}%，低于其他地区的 {else}%（差 {low} 至 {high} 个百分点），少 {missed} 次。",
			"{place}: {spot} gets {rate}%, below {else}% elsewhere (by {low} to {high} points), {missed} fewer.", holes)
		if p.Instead != "" {
			more := say("可换成同一位置 {better}% 的“{instead}”。", " “{instead}” gets {better}% in the same slot: show that.", holes)
			t.ZH += more.ZH
			t.EN += more.EN
		}
		return t
	}
	return say("{place}：{spot}{title}为 {rate}%，高于其他地区的 {else}%（差 {low} 至 {high} 个百分点），多 {missed} 次。",
		"{place}: {spot} gets {rate}%, above {else}% elsewhere (by {low} to {high} points), {missed} more.", holes)
}

func (a *Posters) words() indicator.Text {
	count := func(verdict string) string {
		n := 0
		for _, row := range a.Rows {
			if row.Verdict == verdict {
				n++
			}
		}
		return strconv.Itoa(n)
	}
	if a.Compared == 0 {
		return say("没有可比较的数据：同一海报需要在至少两个地区各展示 10 次以上。", "Nothing to compare: a poster must be shown in two places at least, ten times in each.", nil)
	}
	return say("在{base}范围内比较了 {n} 组海报与地区：{worse} 处较差，{better} 处较好，{same} 处没有可靠差别。",
		"Compared within {base}: {n} pairs of poster and place; {worse} do worse, {better} better, {same} show no sure difference.",
		map[string]any{"base": a.Base, "n": strconv.Itoa(a.Compared), "worse": count("worse"), "better": count("better"), "same": strconv.Itoa(a.Same)})
}
