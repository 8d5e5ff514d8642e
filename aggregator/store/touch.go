package store

import "iptvdc/aggregator"

// Touched calls add with every cell whose facts the block's rows may change by
// these rules, but for three things that the block's rows alone do not say: the cells
// of rows that retimes move, those of power-ons that Powers may end up before (see
// Woken), both of which the store knows, and what follows when a box becomes invalid,
// which only a closing finds. A cell may come
// more than once. It is the counterpart of the definitions in fact.go: what
// counts in an hour must touch that hour.
func Touched(b *Block, r *EditRules, add func(Cell)) {
	for i := range b.Powers {
		touch(&b.Powers[i].Stamp, OnReachMs, add)
	}
	for i := range b.PageViews {
		touch(&b.PageViews[i].Stamp, OnReachMs, add)
	}
	for i := range b.Clicks {
		touch(&b.Clicks[i].Stamp, ClickReachMs, add)
	}
	for i := range b.Views {
		v := &b.Views[i]
		TouchSpan(v.Province, v.AtMs-ViewReachMs(v.DurationMs), v.AtMs+r.AheadMs(v), add)
	}
	for i := range b.Orders {
		touch(&b.Orders[i].Stamp, OrderReachMs, add)
	}
	for i := range b.Impressions {
		touch(&b.Impressions[i].Stamp, 0, add)
	}
	for i := range b.OrderPages {
		touch(&b.OrderPages[i].Stamp, 0, add)
	}
	for i := range b.Playbacks {
		touch(&b.Playbacks[i].Stamp, 0, add)
	}
	for i := range b.Healths {
		touch(&b.Healths[i].Stamp, 0, add)
	}
	for i := range b.Runnings {
		touch(&b.Runnings[i].Stamp, 0, add)
	}
	for i := range b.Notices {
		touch(&b.Notices[i].Stamp, 0, add)
	}
	for i := range b.Tallies {
		touch(&b.Tallies[i].Stamp, 0, add)
	}
}

// ClickReachMs is how far before its AtMs a Click changes facts: it ends the
// chance of the click before it to be led (LedMs), takes an order from one in the same
// place (CreditMs), and says that the box is on.
const ClickReachMs = max(LedMs, CreditMs, OnReachMs)

// OrderReachMs is how far before its AtMs an Order changes facts: clicks may have led to
// it (CreditMs), and it says that the box is on.
const OrderReachMs = max(CreditMs, OnReachMs)

// StartReachMs is how far before its start a View changes facts: a click may have
// led to it (LedMs), a visit to a page (VisitMs) or a journey (JourneyMs) may end with
// it.
const StartReachMs = max(LedMs, VisitMs, JourneyMs)

// Woken reports whether a Power at atMs, of the same province and box, may say how
// the box was before the power-on at onMs: its cell is then touched by the one as by
// the other, when either comes, moves or goes.
func Woken(onMs, atMs int64) bool { return onMs >= atMs && onMs-atMs <= StandbyMs }

// ViewReachMs is how far before its AtMs a View changes facts: it began
// durationMs earlier, and says that the box is on.
func ViewReachMs(durationMs int64) int64 { return max(durationMs+StartReachMs, OnReachMs) }

// ViewAheadMs is how far after its AtMs any View changes facts: a run that it is part
// of reaches a threshold later. See EditRules.AheadMs.
const ViewAheadMs = MaxReachMs - 1

func touch(s *Stamp, reachMs int64, add func(Cell)) {
	TouchSpan(s.Province, s.AtMs-reachMs, s.AtMs, add)
}

// TouchSpan calls add with the cells of p from one moment to another, both
// inclusive.
func TouchSpan(p aggregator.Province, fromMs, toMs int64, add func(Cell)) {
	for h := aggregator.HourOf(fromMs); h <= aggregator.HourOf(toMs); h++ {
		add(Cell{h, p})
	}
}
