package soap

import (
	"crypto/md5"
	"crypto/subtle"
	"encoding/hex"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"iptvdc/aggregator"
	"iptvdc/aggregator/c3"
)

// Kind of a Relation, the carrier's updateType.
type UpdateType uint8

const (
	UpdateNone UpdateType = iota
	UpdateSubscribe
	UpdateUnsubscribe
	UpdateOnDemand // one title
	UpdateValidity // the subscription's dates
	UpdateNumber   // the user has another number

	updates = UpdateNumber + 1
)

// Relation is what an order system says has happened between a user and a
// product (orderRelationUpdateNotify). Times are UTC milliseconds, 0 where none
// was sent.
type Relation struct {
	Province    aggregator.Province
	Sequence    string // recordSequenceId, by which a repeat is known
	UserIDType  string // 1: number, 2: pseudonym
	UserID      string
	ServiceType string
	SPID        string
	ProductID   string
	Update      UpdateType
	UpdateMs    int64
	UpdateDesc  string
	LinkID      string // of an on-demand order: its transaction
	Content     string // of UpdateNumber: the number before
	EffectiveMs int64
	ExpireMs    int64
}

// Rows is what a Relation means to the store: one order or one change.
type Rows struct {
	Orders  []c3.Order
	Changes []c3.Change
}

// Codes of errors for senders.
const (
	badRelation   = "bad_relation"   // a value is missing or cannot be
	unknownUpdate = "unknown_update" // an updateType that the interface does not have
)

// Rows returns what the relation means. An on-demand order has its
// transaction's number, every other order the message's, since the interface
// has no order number. No price comes with it: it is the product's, and nothing is
// paid to unsubscribe. Paid is with the carrier's bill, for that is whose system this is.
// Errors are an *aggregator.Error for the sender.
func (r Relation) Rows() (Rows, error) {
	refuse := func(text string) (Rows, error) {
		return Rows{}, &aggregator.Error{Code: badRelation, Message: text}
	}
	switch {
	case r.UserID == "":
		return refuse("userId is empty.")
	case r.UpdateMs == 0:
		return refuse("updateTime is empty.")
	}
	if r.Update == UpdateNumber {
		if r.Content == "" || r.Content == r.UserID {
			return refuse("With updateType 5 content is the number before, and another one than userId.")
		}
		return Rows{Changes: []c3.Change{{Account: r.UserID, Op: c3.OpChangeNo, AtMs: r.UpdateMs, Old: r.Content}}}, nil
	}
	if r.ProductID == "" {
		return refuse("productId is empty.")
	}
	o := c3.Order{
		ID: r.Sequence, Account: r.UserID, Product: r.ProductID, AtMs: r.UpdateMs,
		FromMs: r.EffectiveMs, ToMs: r.ExpireMs, Pay: c3.PayBill, Fen: c3.AtPrice,
	}
	switch r.Update {
	case UpdateSubscribe:
		o.Op = c3.OrderSub
	case UpdateUnsubscribe:
		o.Op, o.Fen = c3.OrderUnsub, 0
	case UpdateValidity:
		o.Op = c3.OrderRenew
	case UpdateOnDemand:
		o.Op = c3.OrderSingle
		if r.LinkID != "" {
			o.ID = r.LinkID
		}
	default:
		return Rows{}, &aggregator.Error{Code: unknownUpdate, Message: "updateType is not one of 1 to 5."}
	}
	return Rows{Orders: []c3.Order{o}}, nil
}

// Key signs orders. It prints as ***.
type Key string

func (Key) String() string                     { return "***" }
func (k Key) Format(s fmt.State, _ rune)       { _, _ = s.Write([]byte("***")) }
func (k Key) LogValue() slog.Value             { return slog.StringValue("***") }
func (k Key) MarshalText() ([]byte, error)     { return []byte("***"), nil }
func (k *Key) UnmarshalText(text []byte) error { *k = Key(text); return nil }

// sign is encodeStr: MD5 over userId, key, productId and time_stamp, in hex. It
// covers nothing else of the message; see DESIGN.md.
func (k Key) sign(userID, productID, timeStamp string) string {
	sum := md5.Sum([]byte(userID + string(k) + productID + timeStamp))
	return hex.EncodeToString(sum[:])
}

// signed reports, in constant time, whether the message bears the key's sum. An
// empty key signs nothing.
func (k Key) signed(m Message) bool {
	want := k.sign(m.Get("userId"), m.Get("productId"), m.Get("time_stamp"))
	return k != "" && subtle.ConstantTimeCompare([]byte(strings.ToLower(m.Get("encodeStr"))), []byte(want)) == 1
}

// timeFormat is how the interface writes moments, in China's time.
const timeFormat = "20060102150405"

// relation reads the values of a message.
func relation(p aggregator.Province, m Message) (Relation, error) {
	r := Relation{
		Province: p, Sequence: m.Get("recordSequenceId"), UserIDType: m.Get("userIdType"), UserID: m.Get("userId"),
		ServiceType: m.Get("serviceType"), SPID: m.Get("spId"), ProductID: m.Get("productId"), UpdateDesc: m.Get("updateDesc"),
		LinkID: m.Get("linkId"), Content: m.Get("content"),
	}
	if r.Sequence == "" {
		return r, &aggregator.Error{Code: badRelation, Message: "recordSequenceId is empty."}
	}
	if t := m.Get("updateType"); len(t) == 1 && t[0] >= '1' && t[0] < '0'+byte(updates) {
		r.Update = UpdateType(t[0] - '0')
	}
	for _, f := range []struct {
		name string
		to   *int64
	}{{"updateTime", &r.UpdateMs}, {"effectiveDate", &r.EffectiveMs}, {"expireDate", &r.ExpireMs}} {
		text := m.Get(f.name)
		if text == "" {
			continue
		}
		at, err := time.ParseInLocation(timeFormat, text, aggregator.Shanghai)
		if err != nil {
			return r, &aggregator.Error{Code: badRelation, Message: f.name + " is no time written yyyyMMddHHmmss."}
		}
		*f.to = at.UnixMilli()
	}
	_, err := r.Rows()
	return r, err
}
