package storetest

import (
	"testing"

	"iptvdc/aggregator/store"
	"iptvdc/protocol"
)

// orderLed counts the clicks before what was ordered.
func (m *memory) orderLed(c store.Cell, f *facts) {
	for i := range m.rows.Orders {
		o := &m.rows.Orders[i]
		if protocol.Result(o.Result) != protocol.ResultPaid || o.Province != c.Province {
			continue
		}
		type latest struct {
			any, led int64
			leads    bool
		}
		places := map[group]*latest{}
		for j := range m.rows.Clicks {
			k := &m.rows.Clicks[j]
			if k.Province != o.Province || k.Box != o.Box || k.AtMs > o.AtMs || k.AtMs < o.AtMs-store.CreditMs {
				continue
			}
			g := group{uint64(k.Province), uint64(k.City), k.Page, k.Area, uint64(k.Slot), k.Content, o.Product}
			if places[g] == nil {
				places[g] = &latest{any: k.AtMs}
			}
			at := places[g]
			at.any = max(at.any, k.AtMs)
			if o.Trace != 0 && k.Trace == o.Trace && k.Boot == o.Boot {
				at.leads, at.led = true, max(at.led, k.AtMs)
			}
		}
		for g, at := range places {
			if at.leads && hourOf(at.led) == c.Hour {
				f.add(store.FactOrderLed, g, store.MeasureLedOrders, 1)
				f.add(store.FactOrderLed, g, store.MeasureLedFen, o.Fen)
			}
			if !(at.leads && at.led == at.any) && hourOf(at.any) == c.Hour {
				f.add(store.FactOrderLed, g, store.MeasureAssisted, 1)
			}
		}
	}
}

// testFactOrderLed: which click led to an order, which assisted, and at which time.
func testFactOrderLed(_ *testing.T, b *bench) {
	const film, vip = uint64(5), uint64(70)
	var blk store.Block
	click := func(box uint64, page, content uint64, atMs int64, trace uint32) {
		blk.Clicks = append(blk.Clicks, store.Click{Stamp: at(box, atMs), Page: page, Content: content, Trace: trace})
	}
	order := func(box uint64, atMs int64, trace uint32, result protocol.Result) {
		blk.Orders = append(blk.Orders, store.Order{Stamp: at(box, atMs), Product: vip, Fen: 1990, Trace: trace, Result: uint8(result)})
	}
	// From a poster, one after another in it, over a detail page's button: the button led.
	click(1, 1, film, now, 1)
	click(1, 1, film, now+minute, 2)
	click(1, 2, film, now+2*minute, 3)
	order(1, now+3*minute, 3, protocol.ResultPaid)
	// Without a trace, and with one of another boot: all assisted.
	click(2, 3, film, now, 1)
	order(2, now+minute, 0, protocol.ResultPaid)
	order(2, now+minute, 9, protocol.ResultPaid)
	// Too early, too late, another box's, not paid.
	click(3, 4, film, now, 1)
	order(3, now-1, 1, protocol.ResultPaid)
	order(3, now+store.CreditMs+1, 1, protocol.ResultPaid)
	order(4, now+minute, 1, protocol.ResultPaid)
	order(3, now+minute, 1, protocol.ResultFailed)
	// At the very end of the time, in another hour than the click; a later click in the
	// same place had its own part.
	click(5, 6, film, now+50*minute, 1)
	click(5, 6, film, now+70*minute, 2)
	order(5, now+50*minute+store.CreditMs, 1, protocol.ResultPaid)
	b.put(blk)
	b.settle()
	by := []store.Column{store.ColPage, store.ColProduct}
	all := sum(store.MeasureLedOrders, store.MeasureLedFen, store.MeasureAssisted)
	b.expect(hourly(store.FactOrderLed, by, all),
		row(1, key(1, vip), 0, 0, 1), row(1, key(2, vip), 1, 1990, 0), row(1, key(3, vip), 0, 0, 2), row(1, key(6, vip), 1, 1990, 0),
		row(2, key(6, vip), 0, 0, 1))
	b.expect(daily(store.FactOrderLed, []store.Column{store.ColContent}, all), row(0, key(film), 2, 2*1990, 4))

	// A click that comes late takes what the one before it had.
	b.put(store.Block{Clicks: []store.Click{{Stamp: at(2, now+minute-1), Page: 3, Content: film, Trace: 9}}})
	b.settle()
	q := hourly(store.FactOrderLed, by, all)
	q.Filters = []store.Filter{{Column: store.ColPage, In: []uint64{3}}}
	b.expect(q, row(1, key(3, vip), 1, 1990, 1))
}
