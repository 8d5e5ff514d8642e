package feeds

import (
	"slices"
	"strings"
	"time"

	"iptvdc/aggregator/c3"
	"iptvdc/aggregator/c3/dialect"
)

// able is what a province's files can say. What they cannot say does not happen
// there, or is told as what they call it: else nobody could compare.
type able struct {
	daily   bool // a full file every day, not only the first
	changes bool // changes are told
	pre     bool // accounts that were never on
	moveIn  bool // tells those who move in from those who are new
	moveOut bool
	number  bool // a changed number is told, or can be seen
	ops     map[c3.Op]bool
}

// feedOf finds the feed that holds rows of a kind; nil: none does.
func feedOf(d *dialect.Dialect, kind c3.Feed) *dialect.Feed {
	i := slices.IndexFunc(d.Feeds, func(f *dialect.Feed) bool { return f.Kind == kind || f.Also == kind })
	if i < 0 {
		return nil
	}
	return d.Feeds[i]
}

func ableTo(d *dialect.Dialect) able {
	a := able{ops: map[c3.Op]bool{}}
	full, changes := feedOf(d, c3.FeedSubscribers), feedOf(d, c3.FeedChanges)
	var open, seen bool
	if full != nil {
		a.daily = full.Expect.Every != "once"
		a.pre = slices.Contains(full.Words(c3.FeedSubscribers, "state"), "pre")
		open = full.Holds(c3.FeedSubscribers, "open")
		seen = a.daily && open && full.Holds(c3.FeedSubscribers, "stbid")
	}
	if changes != nil {
		a.changes = true
		words := changes.Words(c3.FeedChanges, "op")
		for op, word := range opWords {
			a.ops[op] = slices.ContainsFunc(words, func(w string) bool { head, _, _ := strings.Cut(w, "/"); return head == word })
		}
	}
	a.moveIn = a.changes && a.ops[c3.OpMoveIn] || !a.changes && open
	a.moveOut = !a.changes || a.ops[c3.OpMoveOut]
	a.number = a.ops[c3.OpChangeNo] && changes.Holds(c3.FeedChanges, "old") || seen
	return a
}

// opWords are the words of a dialect for what happens to accounts.
var opWords = map[c3.Op]string{
	c3.OpOpen: "open", c3.OpSuspend: "suspend", c3.OpResume: "resume", c3.OpCancel: "cancel", c3.OpChangeNo: "change_no",
	c3.OpMoveIn: "move_in", c3.OpMoveOut: "move_out", c3.OpChangeSTB: "change_stb", c3.OpChangePlan: "change_plan", c3.OpChangeCity: "change_city",
}

var reasonWords = map[c3.Reason]string{c3.ReasonNone: "none", c3.ReasonArrears: "arrears", c3.ReasonVoluntary: "voluntary", c3.ReasonAdmin: "admin"}

// reason is the reason that files can tell with a word, the given one if they
// can.
func reason(f *dialect.Feed, kind c3.Feed, field, word string, r c3.Reason) c3.Reason {
	words := f.Words(kind, field)
	can := func(r c3.Reason) bool {
		if f.Holds(kind, "reason") {
			return slices.Contains(f.Words(kind, "reason"), reasonWords[r])
		}
		if r == c3.ReasonNone {
			return slices.Contains(words, word)
		}
		return slices.Contains(words, word+"/"+reasonWords[r])
	}
	for _, try := range []c3.Reason{r, c3.ReasonNone, c3.ReasonArrears, c3.ReasonVoluntary, c3.ReasonAdmin} {
		if can(try) {
			return try
		}
	}
	return c3.ReasonNone
}

// coarse cuts a moment to what files can hold.
func coarse(f *dialect.Feed, ms int64) int64 {
	if ms == 0 {
		return 0
	}
	unit := f.Unit().Milliseconds()
	const zone = int64(8 * time.Hour / time.Millisecond)
	return (ms+zone)/unit*unit - zone
}

// subscriber is one as a full file can show them.
func fitSubscriber(f *dialect.Feed, s c3.Subscriber) c3.Subscriber {
	has := func(name string) bool { return f.Holds(c3.FeedSubscribers, name) }
	clear := func(name string, v *string) {
		if !has(name) {
			*v = ""
		}
	}
	moment := func(name string, v *int64) {
		if *v = coarse(f, *v); !has(name) {
			*v = 0
		}
	}
	clear("product", &s.Product)
	clear("stbid", &s.STBID)
	clear("mac", &s.MAC)
	clear("net", &s.Net)
	moment("open", &s.OpenMs)
	moment("suspend", &s.SuspendMs)
	moment("cancel", &s.CancelMs)
	if !has("city") || !slices.Contains(f.Words(c3.FeedSubscribers, "city"), s.City.String()) {
		s.City = 0
	}
	if s.State == c3.StateSuspended {
		s.Reason = reason(f, c3.FeedSubscribers, "state", "suspended", s.Reason)
	}
	return s
}

// fitChange is a change as files can tell it; false: they cannot.
func (a *able) fitChange(f *dialect.Feed, c c3.Change) (c3.Change, bool) {
	if c.Op == c3.OpMoveIn && !a.ops[c.Op] {
		c.Op = c3.OpOpen
	}
	if !a.ops[c.Op] {
		return c, false
	}
	has := func(name string) bool { return f.Holds(c3.FeedChanges, name) }
	c.AtMs = coarse(f, c.AtMs)
	if !has("city") || !slices.Contains(f.Words(c3.FeedChanges, "city"), c.City.String()) {
		if c.City = 0; c.Op == c3.OpChangeCity {
			return c, false
		}
	}
	if c.Old != "" && !has("old") || c.New != "" && !has("new") {
		return c, false
	}
	if c.Op == c3.OpSuspend {
		c.Reason = reason(f, c3.FeedChanges, "op", "suspend", c.Reason)
	} else {
		c.Reason = reason(f, c3.FeedChanges, "op", opWords[c.Op], c3.ReasonNone)
	}
	return c, true
}

// fitOrder is an order as files can tell it.
func fitOrder(f *dialect.Feed, o c3.Order) c3.Order {
	clear := func(name string, v *string) {
		if !f.Holds(c3.FeedOrders, name) {
			*v = ""
		}
	}
	clear("id", &o.ID)
	clear("content", &o.Content)
	clear("provider", &o.Provider)
	clear("trace", &o.Trace)
	moment := func(name string, v *int64) {
		if *v = coarse(f, *v); !f.Holds(c3.FeedOrders, name) {
			*v = 0
		}
	}
	o.AtMs = coarse(f, o.AtMs)
	moment("from", &o.FromMs)
	moment("to", &o.ToMs)
	words := f.Words(c3.FeedOrders, "op")
	if word := orderWords[o.Op]; !slices.Contains(words, word) {
		switch o.Op { // told as what is nearest
		case c3.OrderRenew, c3.OrderSingle:
			o.Op = c3.OrderSub
		default:
			o.Op = c3.OrderNone
		}
	}
	if !slices.Contains(f.Words(c3.FeedOrders, "pay"), payNames[o.Pay]) {
		o.Pay = c3.PayUnknown
	}
	return o
}

var orderWords = map[c3.OrderOp]string{c3.OrderSub: "sub", c3.OrderRenew: "renew", c3.OrderUnsub: "unsub", c3.OrderSingle: "single", c3.OrderRefund: "refund"}

func fitProduct(f *dialect.Feed, p c3.Product) c3.Product {
	has := func(name string) bool { return f.Holds(c3.FeedProducts, name) }
	if !has("name") {
		p.Name = ""
	}
	if !has("provider") {
		p.Provider = ""
	}
	if !has("share") {
		p.ShareBP = 0
	}
	if !slices.Contains(f.Words(c3.FeedProducts, "type"), typeWords[p.Type]) {
		p.Type = c3.ProductUnknown
	}
	if p.FromMs = coarse(f, p.FromMs); !has("from") {
		p.FromMs = 0
	}
	return p
}

var typeWords = map[c3.ProductType]string{c3.ProductBase: "base", c3.ProductMonth: "month", c3.ProductYear: "year", c3.ProductSingle: "single", c3.ProductSeason: "season", c3.ProductApp: "app"}
