package backfill

import (
	"iptvdc/aggregator"
	"iptvdc/aggregator/store"
	"iptvdc/protocol"
)

const maxSittings = 3

// evening is what sets a day apart, and the box at hand.
type evening struct {
	day    aggregator.Day
	hour   *chances
	active float64 // factor on the will to switch on
	pay    float64 // factor on the will to order
	acts   float64 // of a sitting, on the mean
	box    box
}

// perAct and perSitting are how many events an act and a sitting make on the
// mean, those that only a share of the boxes tells included.
const (
	perAct       = 3.31
	perSitting   = 3.0
	meanSittings = (1 + maxSittings) / 2.0 // of an active box
)

func (s *Set) evening(day aggregator.Day) *evening {
	e := &evening{day: day, hour: &weekdayHour, active: 1, pay: 1}
	if weekend(day) {
		e.hour, e.active = &weekendHour, 1.03
	}
	// Activity rises by a twentieth in the time there is.
	age := float64(day-(s.today-aggregator.Day(s.Days))) / float64(s.Days)
	if day < s.today-aggregator.Day(s.Days) { // the year before
		age += float64(s.today-yearBefore(s.today)) / float64(s.Days)
		e.active *= 0.95
		e.pay = 1 / 1.10 / 0.95 // orders in all are a tenth fewer
	}
	e.active *= 0.975 + 0.05*age
	e.acts = (float64(s.EventsPerBoxDay)/meanActive/meanSittings - perSitting) / perAct
	return e
}

// sittings appends when a box sits down before the television that day. It must
// not depend on the hour that is asked for.
func (e *evening) sittings(s *Set, i int, d *dice, into []int64) []int64 {
	kind := roll(s.Seed, uint64(i), 1<<41)
	u, active := kind.unit(), 0.0
	for _, h := range habits {
		if active = h.active; u < h.share {
			break
		}
		u -= h.share
	}
	if !d.chance(min(0.99, active*e.active)) {
		return nil
	}
	for range 1 + d.below(maxSittings) {
		into = append(into, (e.day.FirstHour()+aggregator.Hour(e.hour.draw(d))).Start()+d.between(0, aggregator.HourMs))
	}
	return into
}

// sit adds the events of one sitting, up to the set's end.
func (e *evening) sit(s *Set, b *store.Block, k int, at int64, d *dice) {
	w, x := s.world, &e.box
	began := at
	boot := uint32(e.day)*4 + uint32(k)
	stamp := func() store.Stamp {
		return store.Stamp{Province: x.province, City: x.city, Box: x.key, Account: x.account, Boot: boot,
			MonoMs: at - began + 1000, AtMs: at, Clock: clockQuality}
	}
	over := func() bool { return at >= s.EndMs }
	if over() {
		return
	}
	b.Powers = append(b.Powers, store.Power{Stamp: stamp(), On: true, Cause: uint8(protocol.CauseWake)})
	b.Notices = append(b.Notices, store.Notice{Stamp: stamp(), Kind: uint8(protocol.Identity)})
	acts := int(e.acts * (0.5 + d.unit()))
	// A sitting takes some 80 minutes, however many events it makes.
	watch := max(5_000, 80*60_000/float64(max(acts, 1))-12_000)
	page, from := w.home, uint64(0)
	for n := range acts {
		trace := uint32(k)<<16 | uint32(n+1)
		at += d.between(2_000, 6_000)
		if over() {
			return
		}
		b.PageViews = append(b.PageViews, store.PageView{Stamp: stamp(), Page: page, From: from, Template: x.template})
		shows := d.below(3 * slots)
		asset := w.contents[w.content.draw(d)]
		c := asset.key
		area, slot := w.areas[shows%len(w.areas)], uint32(1+shows/len(w.areas))
		at += d.between(2_000, 7_000)
		if over() {
			return
		}
		if x.teller {
			e.see(s, b, stamp(), d, page, area, slot, c)
		}
		b.Clicks = append(b.Clicks, store.Click{Stamp: stamp(), Page: page, Area: area, Slot: slot, Content: c, Template: x.template, Trace: trace})
		from, page = page, w.pages[w.page.draw(d)]
		if d.chance(0.012) && !e.order(s, b, stamp, &at, d, page, c, trace) {
			return
		}
		v := store.View{Speed: 100, End: uint8(protocol.EndStop), Trace: trace, Keys: uint32(d.below(6)), Mode: uint8(e.mode(d))}
		if v.Mode == uint8(protocol.ModeLive) || v.Mode == uint8(protocol.ModeTimeshift) {
			v.Channel = w.channels[w.channel.draw(d)]
		} else {
			v.Content = c
		}
		at += d.between(500, 4_000)
		if d.chance(0.06) {
			continue // it does not come
		}
		v.DurationMs = min(1+d.long(watch), 4*aggregator.HourMs)
		e.place(&v, asset, roll(x.key, uint64(at), 7))
		at += v.DurationMs
		if over() {
			return
		}
		v.Stamp = stamp()
		b.Views = append(b.Views, v)
		if x.measurer {
			e.measure(b, &v, d, w.errorCode)
		}
	}
	at += d.between(1_000, 5_000)
	if over() {
		return
	}
	b.Powers = append(b.Powers, store.Power{Stamp: stamp(), Cause: uint8(protocol.CauseStandby)})
}

// mode draws what is watched by what the household watches.
func (e *evening) mode(d *dice) protocol.Mode {
	u := d.unit()
	switch e.box.menu {
	case onlyVOD:
		if u < 0.02 {
			return protocol.ModeCatchup
		}
		return protocol.ModeVOD
	case onlyLive:
		if u < 0.03 {
			return protocol.ModeTimeshift
		}
		return protocol.ModeLive
	case both:
		switch {
		case u < 0.45:
			return protocol.ModeLive
		case u < 0.48:
			return protocol.ModeCatchup
		}
		return protocol.ModeVOD
	}
	return protocol.ModeApp
}

// place says where in its asset a view began, which then bounds it, and what the
// television did: of a box that hears of it, one view in twenty is before one that
// is off.
func (e *evening) place(v *store.View, c content, d dice) {
	if hears := e.box.key % 100; hears >= 45 {
		v.TV = uint8(protocol.TVOn)
		if d.chance(0.05) {
			v.TV = uint8(protocol.TVOff)
		} else if hears < 70 && d.chance(0.5) { // hot-plug alone, and it has not come back in this boot
			v.TV = uint8(protocol.TVUnknown)
		}
	}
	if v.Content == 0 || v.Mode == uint8(protocol.ModeApp) {
		return
	}
	v.LengthMs, v.PositionMs = c.lengthMs, 1
	if d.chance(0.15) { // where it was left
		v.PositionMs += d.between(c.lengthMs/10, c.lengthMs*9/10)
	}
	if left := v.LengthMs - v.PositionMs + 1; v.DurationMs >= left {
		v.DurationMs, v.End = left, uint8(protocol.EndFinished)
	}
}

// see adds what a page showed: the slot that is clicked, others beside it, and
// where the focus rested.
func (e *evening) see(s *Set, b *store.Block, st store.Stamp, d *dice, page, area uint64, slot uint32, c uint64) {
	i := store.Impression{Stamp: st, Page: page, Area: area, Slot: slot, Content: c, Template: e.box.template, Sight: uint8(protocol.SightRendered), DurationMs: d.between(1_000, 7_000)}
	b.Impressions = append(b.Impressions, i)
	f := i
	f.Sight = uint8(protocol.SightFocus)
	b.Impressions = append(b.Impressions, f)
	for range 3 {
		i.Slot = uint32(1 + d.below(slots))
		i.Content = s.world.contents[s.world.content.draw(d)].key
		b.Impressions = append(b.Impressions, i)
	}
}

// order adds an order page and, most times, how it ended; false: the set ends.
func (e *evening) order(s *Set, b *store.Block, stamp func() store.Stamp, at *int64, d *dice, page, c uint64, trace uint32) bool {
	p := s.world.products[s.world.product.draw(d)]
	*at += d.between(500, 3_000)
	if *at >= s.EndMs {
		return false
	}
	b.OrderPages = append(b.OrderPages, store.OrderPage{Stamp: stamp(), Page: page, Product: p.key, Content: c, Trace: trace})
	*at += d.between(4_000, 40_000)
	if *at >= s.EndMs {
		return false
	}
	o := store.Order{OrderID: d.next(), Product: p.key, Provider: p.provider, Content: c, Fen: p.fen, Pay: uint8(1 + d.below(4)), Trace: trace}
	switch u := d.unit(); {
	case u < 0.35*e.pay:
		o.Result = uint8(protocol.ResultPaid)
	case u < 0.45:
		o.Result = uint8(protocol.ResultFailed)
	case u < 0.65:
		o.Result = uint8(protocol.ResultCancelled)
	case u < 0.66:
		o.Result = uint8(protocol.ResultRefunded)
	default:
		return true
	}
	o.Stamp = stamp()
	b.Orders = append(b.Orders, o)
	return true
}

// measure adds how a play went.
func (e *evening) measure(b *store.Block, v *store.View, d *dice, errorCode uint64) {
	p := store.Playback{Stamp: v.Stamp, Mode: v.Mode, Channel: v.Channel, Content: v.Content, StartMs: 300 + d.long(900), Trace: v.Trace}
	if d.chance(0.06) {
		p.Stalls = uint32(1 + d.below(4))
		p.StallMs = int64(p.Stalls) * d.between(300, 4_000)
	}
	if d.chance(0.02) {
		p.Errors, p.Error = 1, errorCode
	}
	b.Playbacks = append(b.Playbacks, p)
}
