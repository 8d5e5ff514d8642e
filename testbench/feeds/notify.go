package feeds

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"iptvdc/aggregator"
	"iptvdc/aggregator/c3"
	"iptvdc/aggregator/c3/soap"
	"iptvdc/testbench/fleet"
)

// NotificationsFile is the name of the notifications in a province's shelf.
const NotificationsFile = "orders.vac.jsonl"

// NotifierSP is the spId under which a province's order system sends.
func NotifierSP(p aggregator.Province) string { return "000900" + p.String() }

// Notification is what an order system tells of one order
// (orderRelationUpdateNotify), a JSON line each. Times are UTC milliseconds.
type Notification struct {
	Sequence string `json:"sequence"`
	User     string `json:"user"`
	SP       string `json:"sp"`
	Product  string `json:"product"`
	Update   uint8  `json:"update"`
	Link     string `json:"link,omitempty"`
	AtMs     int64  `json:"at_ms"`
	FromMs   int64  `json:"from_ms,omitempty"` // in effect; 0: none told
	ToMs     int64  `json:"to_ms,omitempty"`
	// Forged has it signed with another key than its sender's.
	Forged bool `json:"forged,omitempty"`
	// Answer is what must be answered: accepted, repeated (which is success too)
	// or refused; Why names the dirt.
	Answer string `json:"answer"`
	Why    string `json:"why,omitempty"`
}

// Told counts a province's notifications, by what becomes of them.
type Told struct {
	Province string `json:"province"`
	Accepted int64  `json:"accepted"`
	Repeated int64  `json:"repeated"`
	Refused  int64  `json:"refused"`
}

func (t *Told) count(answer string) {
	switch answer {
	case "accepted":
		t.Accepted++
	case "repeated":
		t.Repeated++
	case "refused":
		t.Refused++
	}
}

// updates are what the interface calls what happens to orders. It has no word for
// money given back.
var updates = map[c3.OrderOp]soap.UpdateType{
	c3.OrderSub: soap.UpdateSubscribe, c3.OrderUnsub: soap.UpdateUnsubscribe, c3.OrderSingle: soap.UpdateOnDemand, c3.OrderRenew: soap.UpdateValidity,
}

// fitNotified is an order as notifications can tell it: without provider and
// content, at the product's price, and always on the carrier's bill.
func fitNotified(o c3.Order, offer *fleet.Offer) (c3.Order, bool) {
	o.Content, o.Provider, o.Trace, o.Fen, o.Pay = "", "", "", 0, c3.PayBill
	if i := slices.IndexFunc(offer.Products, func(p fleet.OfferProduct) bool { return p.Code == o.Product }); i >= 0 && o.Op != c3.OrderUnsub {
		o.Fen = offer.Products[i].Fen
	}
	return o, updates[o.Op] != soap.UpdateNone
}

// notifier writes a province's notifications.
type notifier struct {
	province aggregator.Province
	rand     *rand.Rand // of its dirt
	text     bytes.Buffer
	told     Told
	unknown  bool // the one of an unknown kind was written
}

// repeatOdds and forgeOdds are of a notification, in a thousand.
const (
	repeatOdds = 100
	forgeOdds  = 30
	emptyOdds  = 20
)

// day writes a day's orders, some of them twice, and some that are none between
// them. Those that repeat come last.
func (n *notifier) day(orders []billed) error {
	var again []Notification
	for i := range orders {
		o := &orders[i]
		one := Notification{Sequence: o.ID, User: o.Account, SP: NotifierSP(n.province), Product: o.Product, Update: uint8(updates[o.Op]), AtMs: o.AtMs, FromMs: o.FromMs, ToMs: o.ToMs, Answer: "accepted"}
		if o.Op == c3.OrderSingle {
			one.Sequence, one.Link = "V"+o.ID, o.ID
		}
		if err := n.write(one); err != nil {
			return err
		}
		if n.rand.IntN(1000) < repeatOdds {
			repeat := one
			repeat.Answer, repeat.Why = "repeated", "sent again"
			again = append(again, repeat)
		}
		if err := n.dirt(one); err != nil {
			return err
		}
	}
	for _, one := range again {
		if err := n.write(one); err != nil {
			return err
		}
	}
	return nil
}

// dirt writes what must be refused, made of a good one.
func (n *notifier) dirt(one Notification) error {
	one.Answer = "refused"
	if n.rand.IntN(1000) < forgeOdds || n.told.Refused == 0 {
		forged := one
		forged.Sequence, forged.Forged, forged.Why = "F"+one.Sequence, true, "encodeStr of another key"
		if err := n.write(forged); err != nil {
			return err
		}
	}
	if n.rand.IntN(1000) < emptyOdds {
		empty := one
		empty.Sequence, empty.Product, empty.Why = "E"+one.Sequence, "", "no productId"
		if err := n.write(empty); err != nil {
			return err
		}
	}
	if n.unknown {
		return nil
	}
	n.unknown = true
	one.Sequence, one.Update, one.Why = "U"+one.Sequence, 9, "an updateType that nobody knows"
	return n.write(one)
}

func (n *notifier) write(one Notification) error {
	n.told.count(one.Answer)
	return json.NewEncoder(&n.text).Encode(one)
}

// finish lays the notifications down, and what must become of them.
func (n *notifier) finish(w *writer, c *Config) error {
	files := w.dir
	defer func() { w.dir = files }()
	w.dir = filepath.Join(w.root, w.String(), c.Shelf)
	if err := w.put(NotificationsFile, n.text.Bytes()); err != nil {
		return err
	}
	n.told.Province = n.province.String()
	w.truth.write(Line{Told: &n.told})
	return nil
}

// atOnce is how many notifications are under way together.
const atOnce = 16

// Notify sends the notifications of a file, many at a time but a repeat only
// after what it repeats, and returns how many were answered how. The first
// answer that is not the one that must be is the error.
func Notify(ctx context.Context, client soap.Client, key soap.Key, from io.Reader) (told Told, err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var under sync.WaitGroup
	slots := make(chan struct{}, atOnce)
	in := json.NewDecoder(bufio.NewReader(from))
	repeating := false
	for line := 1; ctx.Err() == nil; line++ {
		var n Notification
		if err := in.Decode(&n); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			cancel(fmt.Errorf("notification %d: %w", line, err))
			break
		}
		if repeats := n.Answer == "repeated"; repeats != repeating {
			repeating = repeats
			under.Wait()
		}
		told.count(n.Answer)
		slots <- struct{}{}
		under.Go(func() {
			defer func() { <-slots }()
			if err := n.send(ctx, client, key); err != nil {
				cancel(fmt.Errorf("notification %d, sequence %s: %w", line, n.Sequence, err))
			}
		})
	}
	under.Wait()
	return told, context.Cause(ctx)
}

func (n *Notification) send(ctx context.Context, client soap.Client, key soap.Key) error {
	if n.Forged {
		key += "?"
	}
	now := time.Now()
	got, err := client.Notify(ctx, soap.Relation{
		Sequence: n.Sequence, UserIDType: "1", UserID: n.User, ServiceType: "90", SPID: n.SP, ProductID: n.Product, Update: soap.UpdateType(n.Update),
		UpdateMs: n.AtMs, LinkID: n.Link, EffectiveMs: n.FromMs, ExpireMs: n.ToMs,
	}, key, now)
	if err != nil {
		return err
	}
	if refused := got.Result != 0; refused != (n.Answer == "refused") {
		return fmt.Errorf("answered %d, must be %s (%s)", got.Result, n.Answer, n.Why)
	}
	return nil
}
