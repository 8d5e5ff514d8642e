package oracle

// creditMs is how long before an order a click has a part in it.
const creditMs = 30 * 60_000

// credits counts for each paid order, and each slot that its box clicked in the half hour
// before, the latest click that led to it, by its number, and the latest of all if that
// is another.
func (t *history) credits(add func(measure, int64, int64, *Record)) {
	type seat struct{ box, province string }
	clicksOf := make(map[seat][]*Record)
	for i := range t.Records {
		if r := &t.Records[i]; r.Event.Kind == "click" {
			clicksOf[seat{r.Box, r.Province}] = append(clicksOf[seat{r.Box, r.Province}], r)
		}
	}
	for i := range t.Records {
		order := &t.Records[i]
		if order.Event.Kind != "order" || order.Event.Result != "paid" {
			continue
		}
		type slot struct {
			city, page, area, content string
			slot                      int64
		}
		lastOf, ledBy := make(map[slot]*Record), make(map[slot]*Record)
		for _, click := range clicksOf[seat{order.Box, order.Province}] {
			if click.AtMs > order.AtMs || click.AtMs < order.AtMs-creditMs {
				continue
			}
			e := &click.Event
			at := slot{click.City, e.Page, e.Area, e.Content, e.Slot}
			if last := lastOf[at]; last == nil || click.AtMs > last.AtMs {
				lastOf[at] = click
			}
			if e.Trace == 0 || e.Trace != order.Event.Trace || e.Boot != order.Event.Boot {
				continue
			}
			if led := ledBy[at]; led == nil || click.AtMs > led.AtMs {
				ledBy[at] = click
			}
		}
		for at, last := range lastOf {
			led := ledBy[at]
			if led != nil {
				sold := *led
				sold.Event.Product = order.Event.Product
				add(ledOrders, 1, led.AtMs, &sold)
				add(ledFen, order.Event.Fen, led.AtMs, &sold)
			}
			if led == nil || led.AtMs != last.AtMs {
				sold := *last
				sold.Event.Product = order.Event.Product
				add(assisted, 1, last.AtMs, &sold)
			}
		}
	}
}
