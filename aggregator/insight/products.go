package insight

import (
	"cmp"
	"context"
	"maps"
	"math"
	"slices"
	"strings"

	"iptvdc/aggregator"
	"iptvdc/aggregator/indicator"
	"iptvdc/aggregator/store"
)

const (
	// MaxProducts is the greatest number of products in an answer: each takes
	// questions of its own.
	MaxProducts = 30
	// fewProducts is how many there are if nobody says.
	fewProducts = 10
	// EnoughViewers is how many there must be for a product's content to be judged.
	EnoughViewers = 30
	// PeerProducts is how many products must have a number for its median to be one.
	PeerProducts = 3
)

// How far from the median of the products content is weak: viewers for each buyer at
// most half of it, shares at most four fifths, failures at least five quarters.
const (
	rarely = 0.5
	weak   = 0.8
)

// ProductsQuery asks how the content of products is watched, against what they earn.
type ProductsQuery struct {
	Time
	// Products are codes; none: those that earned most.
	Products []string
	Where    Where // Level does not matter
	Limit    int   // how many products, 0: 10
}

func (q *ProductsQuery) check() error {
	if q.Limit < 0 || q.Limit > MaxProducts {
		return faultf("bad_limit", "limit: %d, allowed 1 to %d", q.Limit, MaxProducts)
	}
	if len(q.Products) > MaxProducts {
		return faultf("bad_parameter", "products: %d given, allowed at most %d", len(q.Products), MaxProducts)
	}
	for n, code := range q.Products {
		if code == "" {
			return faultf("bad_parameter", "products: code %d is empty; write codes of products with commas between them", n+1)
		}
		if slices.Contains(q.Products[:n], code) {
			return faultf("bad_parameter", "products: %q stands twice; each may stand once", clip(code))
		}
	}
	if err := q.Where.check(); err != nil {
		return err
	}
	return q.Time.check()
}

// Products is what products earn and how their content is watched, what earns most
// first. The content of a product is what its package holds by the provinces'
// catalogues as they are known now, whoever watches it, under whatever product.
type Products struct {
	From string         `json:"from"`
	To   string         `json:"to"`
	Text indicator.Text `json:"text"`
	// Measure says whose orders these are: bills of the provinces' files, or of what
	// boxes tell (boxes), which know no buyers, where no file tells any.
	Measure string `json:"measure"`
	// Judged is how many of the products listed have enough viewers.
	Judged     int `json:"judged"`
	Suppressed int `json:"suppressed"` // products with fewer than SmallCell orders
	// Medians are those of the products listed and of those that earned most, ten at
	// least.
	Medians Medians   `json:"medians"`
	Rows    []Product `json:"rows"`
}

// Medians are over products that have enough viewers; null of fewer than PeerProducts.
type Medians struct {
	Complete indicator.Number `json:"complete_rate"`
	Return   indicator.Number `json:"return_rate"`
	Errors   indicator.Number `json:"error_rate"`
}

// Product is one of them. Numbers of fewer than SmallCell, and rates of or among so
// few, are null.
type Product struct {
	Product string         `json:"product"`
	Name    indicator.Text `json:"name"`
	// Contents is how many programmes and channels the package holds, in the province
	// where it holds most; 0: no catalogue tells.
	Contents int `json:"contents"`

	Orders  Moved `json:"orders"` // without refunds and unsubscriptions
	Buyers  Moved `json:"buyers"`
	Revenue Moved `json:"revenue"` // fen, less refunds

	// Of the content, as the figures of these names are.
	Plays      Moved `json:"plays"`
	Viewers    Moved `json:"viewers"` // reach: at least 60 seconds on end
	Minutes    Moved `json:"viewing_minutes"`
	FullViews  Moved `json:"full_views"`
	Completion Moved `json:"completion"`
	Complete   Moved `json:"complete_rate"`
	// Return is of the days up to seven before the last one: of later ones nobody knows
	// yet who comes back.
	Return Moved `json:"return_rate"`
	Binge  Moved `json:"binge_rate"`
	Errors Moved `json:"error_rate"`
	// PerBuyer is viewers for each buyer, or each order where boxes tell these, of the
	// provinces whose catalogue tells what the package holds; PeersPerBuyer the median of
	// the products of its kind, as a year's are not bought every month.
	PerBuyer      indicator.Number `json:"per_buyer"`
	PeersPerBuyer indicator.Number `json:"peers_per_buyer"`

	Few  bool           `json:"few"` // fewer than EnoughViewers: not judged
	Weak []Weakness     `json:"weak"`
	Text indicator.Text `json:"text"`
}

// product is one with what it is judged by.
type product struct {
	Product
	kind                       uint8 // c3.ProductType
	bought                     int64 // where the catalogue tells what the package holds
	viewers                    int64
	complete, returned, failed sample
}

// Moved is a figure, that of as many days just before, and the change by percent.
type Moved struct {
	Value  indicator.Number `json:"value"`
	Before indicator.Number `json:"before"`
	Change indicator.Number `json:"change"`
}

// unmoved is nothing at all.
var unmoved = Moved{indicator.None(), indicator.None(), indicator.None()}

// Weakness is in what a product's content falls behind the median of the products:
// unwatched, unfinished, unreturned or failing.
type Weakness struct {
	Verdict string         `json:"verdict"`
	Text    indicator.Text `json:"text"`
}

// FindProducts sets what products earn beside how their content is watched.
func FindProducts(ctx context.Context, src Source, scope aggregator.Scope, q ProductsQuery) (*Products, error) {
	if err := q.check(); err != nil {
		return nil, err
	}
	a := &Products{From: q.From.String(), To: q.To.String(), Measure: "bills"}
	ask := asking{src, scope, q.Time}
	billed, err := ask.ask(ctx, []string{"bill_orders"}, q.Where.filters())
	if err != nil {
		return nil, err
	}
	figures := []string{"bill_revenue", "buyers"}
	if len(billed.Rows) == 0 || whole(billed.Rows[0].Values[0]) == 0 {
		a.Measure, figures = "boxes", []string{"revenue", "orders"}
	}
	rows, err := a.sold(ctx, ask, &q, figures)
	if err != nil {
		return nil, err
	}
	wanted := func(n int) bool { return n < cmp.Or(q.Limit, fewProducts) }
	if len(q.Products) > 0 {
		wanted = func(n int) bool { return slices.Contains(q.Products, rows[n].code()) }
	}
	if err := a.known(ctx, ask, &q, rows); err != nil {
		return nil, err
	}
	for _, p := range rows {
		if p.Orders.small() {
			continue
		}
		if err := p.watched(ctx, ask, &q); err != nil {
			return nil, err
		}
	}
	a.Medians = medians(rows)
	for n, p := range rows {
		switch {
		case !wanted(n):
			continue
		case p.Orders.small():
			a.Suppressed++
			continue
		case !p.Few:
			a.Judged++
		}
		p.PeersPerBuyer = medianOf(rows, func(o *product) (float64, bool) {
			watched := o.viewers // also of what hardly anybody watches, but how few is not told
			if small(watched) {
				watched = SmallCell
			}
			return float64(watched) / float64(o.bought), o.kind == p.kind && o.bought >= SmallCell
		})
		p.judge(a)
		p.Text = p.words()
		a.Rows = append(a.Rows, p.Product)
	}
	a.Text = a.words()
	if a.Rows == nil {
		a.Rows = []Product{}
	}
	return a, nil
}

// compared evaluates indicators beside those of as many days just before.
func (q asking) compared(ctx context.Context, t Time, indicators []string, filters []indicator.Filter, limit int, dimensions ...store.Column) (table, error) {
	r := &indicator.Request{Indicators: indicators, Dimensions: dimensions, Filters: filters, From: t.From.String(), To: t.To.String(), Compare: indicator.Previous}
	if limit > 0 {
		r.Order, r.Limit = "-"+indicators[0], limit
	}
	a, err := indicator.Evaluate(ctx, q.src.Source, q.scope, r)
	if err != nil {
		return table{}, err
	}
	return table{Answer: a, src: q.src}, nil
}

// moved is the n-th indicator of a compared row.
func moved(row *indicator.Row, n int) Moved {
	return Moved{row.Values[3*n], row.Values[3*n+1], row.Values[3*n+2]}
}

// count is moved of a count, without what is small; of nothing there is 0.
func count(row *indicator.Row, n int) Moved {
	m := moved(row, n)
	return m.shown(whole(m.Value), whole(m.Before))
}

// share is moved of a rate that is value out of over, counted by indicators too.
func share(row *indicator.Row, n, value, over int) Moved {
	v, o := moved(row, value), moved(row, over)
	m := moved(row, n)
	if whole(o.Value) == 0 || small(whole(o.Value)) {
		m.Value = indicator.None()
	}
	if whole(o.Before) == 0 || small(whole(o.Before)) {
		m.Before = indicator.None()
	}
	return m.shown(whole(v.Value), whole(v.Before))
}

// shown leaves out what is of few, now and before, and the change from or to it.
func (m Moved) shown(now, before int64) Moved {
	if small(now) {
		m.Value = indicator.None()
	}
	if small(before) {
		m.Before = indicator.None()
	}
	m.Change = indicator.Change(m.Value, m.Before)
	return m
}

func (m Moved) small() bool { return m.Value.Valid() && small(whole(m.Value)) }

// sold is what earned most, ten products at least, and after them those named that are
// not among them. Of figures the first is revenue, the second buyers, or orders as
// boxes tell them.
func (a *Products) sold(ctx context.Context, ask asking, q *ProductsQuery, figures []string) ([]*product, error) {
	if !ask.scope.All && len(ask.scope.Provinces) == 0 {
		return nil, nil
	}
	var rows []*product
	byCode := map[string]*product{}
	take := func(t table) {
		for n := range t.Rows {
			row := &t.Rows[n]
			code := row.Cells[0]
			if byCode[code] != nil {
				continue
			}
			p := newProduct(code, t.name(store.ColProduct, code))
			if p.Revenue = moved(row, 0); a.Measure == "boxes" {
				p.Orders = moved(row, 1)
			} else {
				p.Buyers = count(row, 1)
			}
			rows, byCode[code] = append(rows, p), p
		}
	}
	product := func(f indicator.Filter) []indicator.Filter {
		f.Dimension = store.ColProduct
		return append(q.Where.filters(), f)
	}
	most, err := ask.compared(ctx, q.Time, figures, product(indicator.Filter{In: []string{""}, Not: true}), max(q.Limit, fewProducts), store.ColProduct)
	if err != nil {
		return nil, err
	}
	take(most)
	if len(q.Products) > 0 {
		named, err := ask.compared(ctx, q.Time, figures, product(indicator.Filter{In: q.Products}), 0, store.ColProduct)
		if err != nil {
			return nil, err
		}
		take(named)
		for _, code := range q.Products { // of which nobody ordered anything
			if byCode[code] == nil {
				p := newProduct(code, indicator.Text{ZH: code, EN: code})
				rows, byCode[code] = append(rows, p), p
			}
		}
	}
	if len(rows) == 0 {
		return nil, nil
	}
	if a.Measure == "bills" {
		orders, err := ask.compared(ctx, q.Time, []string{"bill_orders"}, append(product(indicator.Filter{In: slices.Sorted(maps.Keys(byCode))}),
			indicator.Filter{Dimension: store.ColOp, In: []string{"sub", "renew", "single"}}), 0, store.ColProduct)
		if err != nil {
			return nil, err
		}
		for n := range orders.Rows {
			byCode[orders.Rows[n].Cells[0]].Orders = moved(&orders.Rows[n], 0)
		}
	}
	for _, p := range rows {
		if small(whole(p.Orders.Before)) {
			p.Orders.Before, p.Orders.Change = indicator.None(), indicator.None()
			p.Revenue.Before, p.Revenue.Change = indicator.None(), indicator.None()
		}
	}
	return rows, nil
}

// code names the product.
func (p *product) code() string { return p.Product.Product }

// newProduct is one of which nothing is known yet.
func newProduct(code string, name indicator.Text) *product {
	return &product{Product: Product{Product: code, Name: name, Orders: Moved{0, indicator.None(), indicator.None()}, Buyers: unmoved, Revenue: unmoved,
		Plays: unmoved, Viewers: unmoved, Minutes: unmoved, FullViews: unmoved, Completion: unmoved, Complete: unmoved, Return: unmoved, Binge: unmoved, Errors: unmoved,
		PerBuyer: indicator.None(), PeersPerBuyer: indicator.None(), Few: true, Weak: []Weakness{}}}
}

// known learns what the catalogues put into the products, and how many bought them
// where they do.
func (a *Products) known(ctx context.Context, ask asking, q *ProductsQuery, rows []*product) error {
	if len(rows) == 0 {
		return nil
	}
	byKey := map[uint64]*product{}
	var codes []string
	for _, p := range rows {
		byKey[aggregator.TextKey(p.code())] = p
		codes = append(codes, p.code())
	}
	var keys []uint64
	for key := range byKey {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	told, err := ask.src.Products(ctx, ask.scope, keys)
	if err != nil {
		return err
	}
	type sale struct{ product, province string }
	told = slices.DeleteFunc(told, func(i store.ProductInfo) bool { return q.Where.Province != 0 && i.Province != q.Where.Province })
	holds := map[sale]bool{}
	for _, i := range told {
		p := byKey[i.Code]
		p.Contents, p.kind = max(p.Contents, i.Contents), cmp.Or(p.kind, uint8(i.Type))
		holds[sale{p.code(), i.Province.String()}] = i.Contents > 0
		if i.Name != "" && p.Name.ZH == p.code() {
			p.Name = indicator.Text{ZH: i.Name, EN: i.Name}
		}
	}
	figure := "buyers"
	if a.Measure == "boxes" {
		figure = "orders"
	}
	sales, err := ask.ask(ctx, []string{figure}, append(q.Where.filters(), indicator.Filter{Dimension: store.ColProduct, In: codes}), store.ColProduct, store.ColProvince)
	if err != nil {
		return err
	}
	for _, row := range sales.Rows {
		if holds[sale{row.Cells[0], row.Cells[1]}] {
			byKey[aggregator.TextKey(row.Cells[0])].bought += whole(row.Values[0])
		}
	}
	return nil
}

// watchedFigures are what is asked of a product's content, in this order.
var watchedFigures = []string{"plays", "reach", "viewing_minutes", "full_views", "completion", "asset_viewers", "complete_rate", "complete_viewers",

	"binge_rate", "bingers", "series_viewers", "error_rate", "error_rate" + indicator.ValueOf, "measured_plays"}

// ProductFigures are the indicators that FindProducts is made of.
func ProductFigures() []string {
	all := slices.Concat([]string{"bill_orders", "bill_revenue", "buyers", "orders", "revenue"}, watchedFigures, returnFigures)
	return slices.DeleteFunc(all, func(id string) bool { return strings.HasSuffix(id, indicator.ValueOf) }) // parts of others in it
}

var returnFigures = []string{"return_rate", "returning_viewer_days", "viewer_days"}

// watched asks how the content of the product is watched.
func (p *product) watched(ctx context.Context, ask asking, q *ProductsQuery) error {
	content := append(q.Where.filters(), indicator.Filter{Dimension: store.ColPackage, In: []string{p.code()}})
	t, err := ask.compared(ctx, q.Time, watchedFigures, content, 0)
	if err != nil {
		return err
	}
	back := Time{q.From - store.ReturnDays, q.To - store.ReturnDays}
	again, err := ask.compared(ctx, back, returnFigures, content, 0)
	if err != nil {
		return err
	}
	if len(t.Rows) == 0 || len(again.Rows) == 0 {
		return nil // of nobody's provinces
	}
	row, later := &t.Rows[0], &again.Rows[0]
	p.Plays, p.Viewers = count(row, 0), count(row, 1)
	now, before := whole(moved(row, 1).Value), whole(moved(row, 1).Before)
	p.viewers = now
	p.Minutes, p.FullViews = moved(row, 2).shown(now, before), moved(row, 3).shown(now, before)
	some, earlier := whole(moved(row, 5).Value), whole(moved(row, 5).Before)
	p.Completion = moved(row, 4).shown(some, earlier)
	p.Complete = share(row, 6, 7, 5)
	p.Binge = share(row, 8, 9, 10)
	p.Errors = share(row, 11, 12, 13)
	p.Return = share(later, 0, 1, 2)
	p.complete = sample{whole(moved(row, 7).Value), some}
	p.failed = sample{whole(moved(row, 12).Value), whole(moved(row, 13).Value)}
	p.returned = sample{whole(moved(later, 1).Value), whole(moved(later, 2).Value)}
	if small(now) { // their number is behind every other
		p.Completion, p.Complete, p.Binge, p.Errors, p.Return = unmoved, unmoved, unmoved, unmoved, unmoved
	}
	if p.Few = now < EnoughViewers; p.bought >= SmallCell && !small(now) {
		p.PerBuyer = indicator.Number(float64(now) / float64(p.bought))
	}
	return nil
}

// medians are what products have in common.
func medians(rows []*product) Medians {
	over := func(of func(*product) (float64, bool)) indicator.Number { return medianOf(rows, of) }
	rateOf := func(of func(*product) sample) indicator.Number {
		return over(func(p *product) (float64, bool) {
			s := of(p)
			return 100 * s.share(), !p.Few && s.n >= EnoughViewers
		})
	}
	return Medians{
		Complete: rateOf(func(p *product) sample { return p.complete }),
		Return:   rateOf(func(p *product) sample { return p.returned }),
		Errors:   rateOf(func(p *product) sample { return p.failed }),
	}
}

// medianOf is over the products that have a number, of which there must be enough.
func medianOf(rows []*product, of func(*product) (float64, bool)) indicator.Number {
	var all []float64
	for _, p := range rows {
		if v, ok := of(p); ok && !p.Orders.small() {
			all = append(all, v)
		}
	}
	if len(all) < PeerProducts {
		return indicator.None()
	}
	return indicator.Number(middle(all))
}

// judge holds one product against the medians: what is weak must be so by far, and
// with 95 % confidence.
func (p *product) judge(a *Products) {
	find := func(verdict string, text indicator.Text) { p.Weak = append(p.Weak, Weakness{verdict, text}) }
	if m := float64(p.PeersPerBuyer); p.bought >= SmallCell && p.PeersPerBuyer.Valid() {
		most := math.Pow(math.Sqrt(float64(p.viewers))+1, 2) // of a count, about 97.5 %
		if v := float64(p.viewers) / float64(p.bought); v <= rarely*m && most <= m*float64(p.bought) {
			holes := map[string]any{"bought": grouped(float64(p.bought), 0), "watched": several(p.viewers), "median": grouped(m, 2), "by": p.buyers(a)}
			find("unwatched", say("买得多看得少：{bought} {by}，收视终端{watched}台；同类产品每{by}的中位数为 {median} 台", "bought and little watched: {bought} {by}, {watched} viewers; the median product of its kind has {median} for each", holes))
		}
	}
	low := func(verdict string, s sample, median indicator.Number, zh, en string) {
		if p.Few || s.n < EnoughViewers || !median.Valid() {
			return
		}
		if _, most := s.wilson(); 100*s.share() <= weak*float64(median) && 100*most < float64(median) {
			find(verdict, say(zh, en, map[string]any{"rate": rateOfFew(s), "median": rate(float64(median))}))
		}
	}
	low("unfinished", p.complete, a.Medians.Complete, "看完的少：完整收视率{rate}，中位数 {median}%", "seldom seen to the end: {rate} see the whole, the median is {median}%")
	low("unreturned", p.returned, a.Medians.Return, "回访少：7 日回访率{rate}，中位数 {median}%", "few come back: {rate} within 7 days, the median is {median}%")
	if s, median := p.failed, a.Medians.Errors; !p.Few && s.n >= EnoughViewers && median.Valid() && s.k >= SmallCell {
		if least, _ := s.wilson(); 100*s.share() >= float64(median)/weak && 100*least > float64(median) {
			find("failing", say("播放常出错：播放错误率{rate}，中位数 {median}%", "plays often fail: {rate} have errors, the median is {median}%", map[string]any{"rate": rateOfFew(s), "median": rate(float64(median))}))
		}
	}
}
