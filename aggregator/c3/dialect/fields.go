package dialect

import (
	"slices"
	"strings"

	"iptvdc/aggregator/c3"
)

// field is a canonical field: what a profile maps columns to.
type field int

const (
	fAccount field = iota
	fState
	fReason
	fCity
	fOpen
	fSuspend
	fCancel
	fProduct
	fSTBID
	fMAC
	fNet
	fOp
	fAt
	fOld
	fNew
	fID
	fContent
	fProvider
	fFrom
	fTo
	fAmount
	fPay
	fTrace
	fCode
	fName
	fType
	fPrice
	fShare
	fDay

	nFields
)

var fieldNames = [nFields]string{"account", "state", "reason", "city", "open", "suspend", "cancel", "product", "stbid", "mac", "net",
	"op", "at", "old", "new", "id", "content", "provider", "from", "to", "amount", "pay", "trace", "code", "name", "type", "price", "share", "day"}

// kind is what a kind of feed holds.
type kind struct {
	fields   []field
	required []field // must be mapped, and must not be empty in a record
}

var kinds = map[c3.Feed]kind{
	c3.FeedSubscribers: {[]field{fAccount, fState, fReason, fCity, fOpen, fSuspend, fCancel, fProduct, fSTBID, fMAC, fNet, fDay}, []field{fAccount, fState}},
	c3.FeedChanges:     {[]field{fAccount, fOp, fAt, fReason, fCity, fOld, fNew, fDay}, []field{fAccount, fOp, fAt}},
	c3.FeedOrders:      {[]field{fID, fAccount, fOp, fProduct, fContent, fProvider, fAt, fFrom, fTo, fAmount, fPay, fTrace, fDay}, []field{fAccount, fOp, fProduct, fAt}},
	c3.FeedProducts:    {[]field{fCode, fName, fType, fPrice, fProvider, fShare, fFrom, fTo, fDay}, []field{fCode}},
}

func (k kind) names() string {
	var all []string
	for _, f := range k.fields {
		all = append(all, fieldNames[f])
	}
	return strings.Join(all, ", ")
}

// field finds a field of the kind by its name.
func (k kind) field(name string) (field, bool) {
	i := slices.Index(fieldNames[:], name)
	return field(i), i >= 0 && slices.Contains(k.fields, field(i))
}

// vocabulary is the name of the codes that a field of a kind of feed has; "":
// none.
func vocabulary(feed c3.Feed, f field) string {
	switch f {
	case fState, fReason, fType, fPay:
		return fieldNames[f]
	case fOp:
		if feed == c3.FeedOrders {
			return "order"
		}
		return "op"
	}
	return ""
}

func isTime(f field) bool {
	return f == fOpen || f == fSuspend || f == fCancel || f == fAt || f == fFrom || f == fTo || f == fDay
}
