package fleet

import (
	"fmt"

	"iptvdc/protocol"
)

// The portal: from the home page over lists and details to something on the
// screen, or to an order, or to nothing.

const (
	pageHome    = "home"
	pageLive    = "live/list"
	pageCatchup = "catchup/list"
	pageApps    = "app/list"
	pageConfirm = "order/confirm"
	pageOrders  = "user/orders"
	pageSearch  = "search"

	areaNav      = "nav"
	areaPosters  = "posters"
	areaGrid     = "grid"
	areaActions  = "actions"
	areaEpisodes = "episodes"
	areaSchedule = "schedule"
)

func detailPage(t *title) string {
	if t.episodes > 1 {
		return "detail/series"
	}
	return "detail/film"
}

// enter tells that a page is entered.
func (h *household) enter(now int64, m *Moment, page string) {
	h.leavePage(now, m)
	h.tell(m, now, protocol.Event{Kind: protocol.PageView, Source: protocol.SourcePage, Page: page, From: h.page, Template: h.template()})
	h.page, h.shownAt = page, now
}

// press tells a click on the present page and returns its trace.
func (h *household) press(now int64, m *Moment, area string, slot int, content string) uint32 {
	h.trace++
	h.tell(m, now, protocol.Event{Kind: protocol.Click, Source: protocol.SourcePage, Page: h.page, Area: area,
		Slot: uint32(slot), Content: content, Template: h.template(), Trace: h.trace})
	h.clicked = spot{area, slot, content}
	return h.trace
}

// over reports whether the sitting ends before anything else can happen.
func (h *household) over(now int64) bool { return now >= h.sit.to-2000 }

// home shows the home page.
func (h *household) home(now int64, m *Moment) {
	h.enter(now, m, pageHome)
	if h.chance(0.0005) { // a stuck key; the box refused the flood
		h.tell(m, now, protocol.Event{Kind: protocol.Dropped, OfKind: protocol.PageView, Reason: protocol.ReasonRateLimit, Count: uint64(1 + h.below(15))})
	}
	look := min(h.skewed(6, 0.6), 60_000)
	if short := h.glance(now); short > 0 {
		look = short
	}
	h.after(now+look, (*household).decide)
}

// glance is how long a page is looked at that is left at once, as one is by a key too
// many; 0: this one is not. 3 of 100 are.
func (h *household) glance(now int64) int64 {
	if h.lot(now, lotGlances) >= 0.03 {
		return 0
	}
	return 250 + int64(700*h.lot(now, lotGlancesFor))
}

// decide chooses what to do from the home page.
func (h *household) decide(now int64, m *Moment) {
	if h.over(now) {
		h.sleep(now, m)
		return
	}
	if h.absent(now) {
		return
	}
	if h.refund != nil && h.chance(0.5) {
		h.navigate(now, m, 9, pageOrders)
		return
	}
	switch h.choose() {
	case protocol.ModeLive:
		if h.chance(0.55) { // the channel key of the remote control
			h.after(now+h.seconds(0.4, 1.5), (*household).tune)
			return
		}
		h.navigate(now, m, 1, pageLive)
	case protocol.ModeCatchup:
		h.navigate(now, m, 2, pageCatchup)
	case protocol.ModeApp:
		h.navigate(now, m, 8, pageApps)
	default:
		g := genre(h.pick(h.place.taste.genre[:]))
		h.title = h.c.choose(&h.dice, g, h.place.province)
		if back := h.comesBack(now); back || h.chance(0.35) {
			if back {
				h.title = h.mark.title
			} // a poster of the home page
			slot := 1 + h.below(8)
			if p := h.title.product; slot <= postersThatPlay && (p < 0 || h.owns&(1<<p) != 0) {
				h.pickEpisode()
				content := h.title.episode(h.episode)
				h.request(now, content, h.press(now, m, areaPosters, slot, content))
				return
			}
			h.press(now, m, areaPosters, slot, h.title.code)
			h.after(now+h.seconds(0.4, 1.4), (*household).detail)
			return
		}
		h.navigate(now, m, 3+int(g), branch[g].list)
	}
}

// choose draws from the day's menu what to watch; what has not been watched
// yet comes first.
func (h *household) choose() protocol.Mode {
	fresh := func(wanted, done bool, weight float64) float64 {
		if !wanted {
			return 0
		}
		if !done {
			return 6 * weight
		}
		return weight
	}
	w := [4]float64{
		fresh(h.menu.live, h.done.live, 0.8),
		fresh(h.menu.vod, h.done.vod, 1),
		fresh(h.menu.catchup, h.done.catchup, 0.7),
		fresh(h.menu.app, h.done.app, 0.3),
	}
	return []protocol.Mode{protocol.ModeLive, protocol.ModeVOD, protocol.ModeCatchup, protocol.ModeApp}[h.pick(w[:])]
}

// postersThatPlay is how many of the home page's posters, the first, play what they show
// at once, if it is free or paid for; the others open its page.
const postersThatPlay = 3

func (h *household) navigate(now int64, m *Moment, slot int, page string) {
	h.press(now, m, areaNav, slot, "")
	h.goTo = page
	h.after(now+h.seconds(0.3, 1.1), (*household).list)
}

// list shows a list page.
func (h *household) list(now int64, m *Moment) {
	h.enter(now, m, h.goTo)
	if short := h.glance(now); short > 0 {
		h.after(now+short, (*household).home)
		return
	}
	look := now + min(h.skewed(8, 0.7), 120_000)
	switch h.goTo {
	case pageOrders:
		h.after(look, (*household).giveBack)
	case pageLive:
		h.after(look, (*household).pickChannel)
	case pageCatchup:
		h.after(look, (*household).pickCatchup)
	case pageApps:
		h.after(look, (*household).pickApp)
	case pageSearch:
		h.after(look+h.seconds(8, 25), (*household).pickPoster)
	default:
		switch u := h.unit(); {
		case u < 0.10:
			h.after(look, (*household).home) // nothing there
		case u < 0.28:
			h.goTo = branch[h.pick(h.place.taste.genre[:])].list
			h.after(look, (*household).list)
		case u < 0.32:
			h.goTo = pageSearch
			h.after(look, (*household).list)
		default:
			h.after(look, (*household).pickPoster)
		}
	}
}

func (h *household) pickPoster(now int64, m *Moment) {
	if h.over(now) {
		h.sleep(now, m)
		return
	}
	g := h.title.genre
	for i := range branch {
		if branch[i].list == h.page {
			g = genre(i)
		}
	}
	h.title = h.c.choose(&h.dice, g, h.place.province)
	h.press(now, m, areaGrid, 1+min(h.below(24), h.below(24)), h.title.code)
	h.after(now+h.seconds(0.4, 1.4), (*household).detail)
}

func (h *household) pickChannel(now int64, m *Moment) {
	if h.over(now) {
		h.sleep(now, m)
		return
	}
	code := channels[h.pickLive()].code
	h.watch(now, protocol.ModeLive, code, "", h.press(now, m, areaGrid, 1+h.below(40), code))
	h.after(now+h.seconds(0.6, 2), (*household).tuned)
}

// detail shows a title's page.
func (h *household) detail(now int64, m *Moment) {
	h.enter(now, m, detailPage(h.title))
	if short := h.glance(now); short > 0 {
		h.after(now+short, (*household).home)
		return
	}
	look := now + min(h.skewed(7, 0.7), 150_000)
	switch u := h.unit(); {
	case u < 0.16:
		h.goTo = branch[h.title.genre].list
		h.after(look, (*household).list)
	case u < 0.22:
		h.after(look, (*household).home)
	default:
		h.after(look, (*household).wantPlay)
	}
}

// wantPlay presses play, or order where the title has a price.
func (h *household) wantPlay(now int64, m *Moment) {
	if h.over(now) {
		h.sleep(now, m)
		return
	}
	if p := h.title.product; p >= 0 && h.owns&(1<<p) == 0 {
		will := h.place.taste.spender * h.ways.orders * h.ways.trend.at(h.planned, h.ways.trend.Orders)
		if h.chance(min(0.9, 0.30*will)) {
			h.press(now, m, areaActions, 2, h.title.code)
			h.after(now+h.seconds(0.5, 1.5), (*household).confirm)
			return
		}
		if h.chance(0.5) { // too dear
			h.after(now+1, (*household).home)
			return
		} // else watches what is free of it
	}
	h.pickEpisode()
	h.pressPlay(now, m)
}

// pickEpisode chooses one of the title's, where it was left if it was.
func (h *household) pickEpisode() {
	h.episode = 0
	if h.title.episodes > 1 {
		h.episode = h.below(h.title.episodes)
	}
	if h.title == h.mark.title {
		h.episode = int(h.mark.episode)
	}
}

func (h *household) pressPlay(now int64, m *Moment) {
	content := h.title.episode(h.episode)
	area, slot := areaActions, 1
	if h.title.episodes > 1 {
		area, slot = areaEpisodes, 1+h.episode
	}
	h.request(now, content, h.press(now, m, area, slot, content))
}

// request asks for a film or an episode.
func (h *household) request(now int64, content string, trace uint32) {
	h.watch(now, protocol.ModeVOD, "", content, trace)
	if h.chance(0.04) { // the stream does not come
		h.after(now+h.seconds(3, 9), (*household).noStream)
		return
	}
	h.after(now+h.seconds(1.2, 5.5), (*household).start)
}

// confirm shows the order page of the title's product; a quarter goes away
// again without a word.
func (h *household) confirm(now int64, m *Moment) {
	h.enter(now, m, pageConfirm)
	p := products[h.title.product]
	h.tell(m, now, protocol.Event{Kind: protocol.OrderPage, Source: protocol.SourcePage, Page: pageConfirm,
		Product: p.code, Content: h.title.code, Trace: h.trace})
	if h.chance(0.25) {
		h.after(now+min(h.skewed(7, 0.7), 120_000), (*household).home)
		return
	}
	h.order = &protocol.Event{
		Kind: protocol.Order, Source: protocol.SourcePage,
		OrderID:  fmt.Sprintf("%02d%07d%08d%03d", uint8(h.place.province), h.index%10_000_000, h.boot, h.trace%1000),
		Product:  p.code,
		Provider: providers[p.provider],
		Content:  h.title.code,
		Fen:      p.fen,
		Trace:    h.trace,
		Pay:      []protocol.Pay{protocol.PayCarrierBill, protocol.PayWeChat, protocol.PayAlipay, protocol.PayPoints}[h.pick([]float64{0.52, 0.30, 0.15, 0.03})],
	}
	h.after(now+min(h.skewed(14, 0.5), 180_000), (*household).settleOrder)
}

// settleOrder tells how the order ended.
func (h *household) settleOrder(now int64, m *Moment) {
	h.order.Result = []protocol.Result{protocol.ResultPaid, protocol.ResultFailed, protocol.ResultCancelled}[h.pick([]float64{0.79, 0.08, 0.13})]
	h.tell(m, now, *h.order)
	order := h.order
	h.order = nil
	if order.Result != protocol.ResultPaid {
		h.after(now+h.seconds(1, 4), (*household).home)
		return
	}
	h.owns |= 1 << h.title.product
	if h.chance(0.04) && h.refund == nil {
		order.Result = protocol.ResultRefunded
		h.refund = order
	}
	h.episode = 0
	h.after(now+h.seconds(2, 6), (*household).pressPlayNow)
}

// pressPlayNow goes back to the title's page and plays.
func (h *household) pressPlayNow(now int64, m *Moment) {
	h.enter(now, m, detailPage(h.title))
	h.after(now+h.seconds(1, 4), (*household).pressPlay)
}

// giveBack asks the money of an order back.
func (h *household) giveBack(now int64, m *Moment) {
	if h.refund != nil {
		h.tell(m, now, *h.refund)
		h.owns = 0
		h.refund = nil
	}
	h.after(now+h.seconds(2, 6), (*household).home)
}
