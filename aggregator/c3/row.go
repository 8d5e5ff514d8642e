package c3

import "iptvdc/aggregator"

// State is where an account stands. The zero State is unknown.
type State uint8

const (
	StateUnknown   State = iota
	StatePre             // opened, never switched on
	StateActive          // in use
	StateSuspended       // stopped, may come back
	StateCancelled       // ended
)

// Reason is why an account is suspended.
type Reason uint8

const (
	ReasonNone Reason = iota
	ReasonArrears
	ReasonVoluntary
	ReasonAdmin
)

// Subscriber is an account as a full file shows it at the end of a day. Times
// are UTC milliseconds, 0 where the province tells none.
type Subscriber struct {
	Account string // never empty
	State   State
	Reason  Reason
	City    aggregator.City // 0: not told, or not known to us
	// OpenMs, SuspendMs and CancelMs are when the account was opened, and, if it
	// now is, suspended or cancelled.
	OpenMs, SuspendMs, CancelMs int64
	Product                     string // base product
	STBID, MAC                  string // of the box; MAC as aa:bb:cc:dd:ee:ff
	Net                         string // kind of access, as ftth, as the province writes it
}

// Op is what happened to an account. The zero Op is none.
type Op uint8

const (
	OpNone Op = iota
	OpOpen
	OpSuspend
	OpResume
	OpCancel
	OpChangeNo // the account has a new number: Account now, Old before
	OpMoveIn   // from a platform that is not ours, or from another province
	OpMoveOut
	OpChangeSTB  // another box: New is its STBID
	OpChangePlan // another base product: New is its code
	OpChangeCity // moved within the province: City
)

// Change is one thing that happened to an account.
type Change struct {
	Account string // never empty
	Op      Op
	AtMs    int64 // UTC milliseconds, never 0
	Reason  Reason
	City    aggregator.City // 0: not told
	Old     string          // ChangeNo: the number before
	New     string          // ChangeSTB, ChangePlan
}

// ProductType is what kind of thing is sold.
type ProductType uint8

const (
	ProductUnknown ProductType = iota
	ProductBase
	ProductMonth  // subscription by the month
	ProductYear   // by the year
	ProductSingle // one title
	ProductSeason
	ProductApp
)

// Product is something that can be ordered.
type Product struct {
	Code         string // never empty
	Name         string
	Type         ProductType
	Fen          int64 // price, 1/100 yuan
	Provider     string
	ShareBP      int32 // of the price that is the provider's, in 1/10,000; 0: not told
	FromMs, ToMs int64 // valid; 0: open
}

// OrderOp is what an order does.
type OrderOp uint8

const (
	OrderNone   OrderOp = iota
	OrderSub            // a subscription begins
	OrderRenew          // and goes on
	OrderUnsub          // and ends
	OrderSingle         // one title
	OrderRefund
)

// Pay is how an order is paid.
type Pay uint8

const (
	PayUnknown Pay = iota
	PayBill        // with the carrier's bill
	PayWechat
	PayAlipay
	PayPoints
)

// AtPrice stands for the amount of an order of which none is told: it is the
// price of the product, as far as that is known.
const AtPrice = int64(-1)

// Order is an order as the carrier knows it.
type Order struct {
	// ID is the carrier's number; "": it gives none, then account, product, op
	// and time together name the order.
	ID       string
	Account  string // never empty
	Op       OrderOp
	Product  string // never empty
	Content  string // of a single order; "": not told
	Provider string // "": that of the product
	AtMs     int64  // UTC milliseconds, never 0
	FromMs   int64  // in effect; 0: not told
	ToMs     int64
	Fen      int64 // paid, or of a Refund given back: not negative, or AtPrice
	Pay      Pay
	Trace    string // carried from the page; "": not told
}

// Element is a kind of thing in a catalogue.
type Element uint8

const (
	ElementUnknown Element = iota
	ElementProgram
	ElementSeries
	ElementMovie
	ElementChannel
	ElementPhysicalChannel
	ElementSchedule
	ElementScheduleRecord
	ElementCategory
	ElementPackage
	ElementPicture
	ElementCast
	ElementCastRoleMap
)

// Verb is what a catalogue says of an object or mapping.
type Verb uint8

const (
	VerbNone     Verb = iota
	VerbRegister      // REGIST
	VerbUpdate        // UPDATE; of something unknown it registers it
	VerbDelete        // DELETE: the thing, and every mapping that names it
)

// Property is one property of a catalogue's object, as it was sent. A name may
// come more than once, in other languages.
type Property struct{ Name, Language, Value string }

// Object is one thing of a catalogue.
type Object struct {
	Element    Element
	ID, Code   string // Code is never empty: a sender's Code, else its ID
	ParentCode string // of a Category
	Verb       Verb
	Properties []Property
}

// Mapping joins two things of a catalogue. Senders do not agree on who is the
// parent: it is a pair.
type Mapping struct {
	Verb                  Verb
	Parent, Child         Element
	ParentCode, ChildCode string
	Properties            []Property
}

// Get returns the first value of the property of that name, letter case aside;
// "" if there is none.
func Get(all []Property, name string) string {
	for _, p := range all {
		if len(p.Name) == len(name) && equalFold(p.Name, name) {
			return p.Value
		}
	}
	return ""
}

func equalFold(a, b string) bool {
	for i := range len(a) {
		if lower(a[i]) != lower(b[i]) {
			return false
		}
	}
	return true
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}
