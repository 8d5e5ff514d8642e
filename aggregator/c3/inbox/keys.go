package inbox

import (
	"crypto/sha256"
	"encoding/binary"

	"iptvdc/aggregator"
	"iptvdc/aggregator/c3"
	"iptvdc/aggregator/c3/adi"
	"iptvdc/aggregator/c3/dialect"
	"iptvdc/aggregator/store"
)

// keying makes keys of names. Accounts and STBIDs become pseudonyms and their
// texts go no further; MACs and names of people go nowhere. The texts of all
// other keys are told, but of order numbers and traces: nobody reads them, and
// there is one an order.
type keying struct {
	secrets  aggregator.Secrets
	province aggregator.Province
	meaning  Meaning
	// told are keys whose texts were told lately, each in the place its own bits
	// name; nil: every text is told. One that another took the place of is told
	// again, which changes nothing. A map of them cost more than all else that is
	// done with an object of a catalogue, and grew with the file.
	told  []uint64
	texts map[string]uint64 // keys of texts that come again and again
	codes []store.Code      // of the object at hand
}

// toldPlaces is how many keys are remembered, a power of two: half a megabyte.
const toldPlaces = 1 << 16

// newKeying is for the rows of one file.
func newKeying(s aggregator.Secrets, p aggregator.Province, m Meaning) *keying {
	return &keying{secrets: s, province: p, meaning: m, told: make([]uint64, toldPlaces)}
}

// text is the key of a text that is no person's.
func (k *keying) text(rows *store.FeedRows, s string) uint64 {
	if s == "" {
		return 0
	}
	key, known := k.texts[s]
	if known {
		return key
	}
	key = aggregator.TextKey(s)
	k.tell(rows, key, s)
	return key
}

// often is text for what is one of few, as products.
func (k *keying) often(rows *store.FeedRows, s string) uint64 {
	key := k.text(rows, s)
	if s != "" && len(k.texts) < 1<<12 {
		if k.texts == nil {
			k.texts = map[string]uint64{}
		}
		k.texts[s] = key
	}
	return key
}

func (k *keying) tell(rows *store.FeedRows, key uint64, s string) {
	if len(k.told) > 0 {
		place := &k.told[key&uint64(len(k.told)-1)]
		if *place == key {
			return
		}
		*place = key
	}
	rows.Codes = append(rows.Codes, store.Code{Key: key, Text: s})
}

// add appends what a dialect read.
func (k *keying) add(to *store.FeedRows, from *dialect.Rows) {
	for i := range from.Subscribers {
		to.Subscribers = append(to.Subscribers, k.subscriber(to, &from.Subscribers[i], from.Lines[i]))
	}
	for i := range from.Changes {
		to.Changes = append(to.Changes, k.change(to, &from.Changes[i], from.Lines[i]))
	}
	for i := range from.Orders {
		to.Orders = append(to.Orders, k.order(to, &from.Orders[i], from.Lines[i]))
	}
	for i := range from.Products {
		to.Products = append(to.Products, k.product(to, &from.Products[i], from.Lines[i]))
	}
}

func (k *keying) subscriber(to *store.FeedRows, s *c3.Subscriber, line int64) store.SubscriberRow {
	return store.SubscriberRow{
		Line: line, Account: k.secrets.AccountKey(k.province, s.Account), State: s.State, Reason: s.Reason, City: s.City,
		OpenMs: s.OpenMs, SuspendMs: s.SuspendMs, CancelMs: s.CancelMs,
		Product: k.often(to, s.Product), STB: k.secrets.STBKey(s.STBID), Net: k.often(to, s.Net),
	}
}

func (k *keying) change(to *store.FeedRows, c *c3.Change, line int64) store.ChangeRow {
	row := store.ChangeRow{
		Line: line, Account: k.secrets.AccountKey(k.province, c.Account), Op: c.Op, AtMs: c.AtMs, Reason: c.Reason, City: c.City,
		Old: k.secrets.AccountKey(k.province, c.Old),
	}
	switch c.Op {
	case c3.OpChangeSTB:
		row.New = k.secrets.STBKey(c.New)
	case c3.OpChangePlan:
		row.New = k.often(to, c.New)
	}
	return row
}

func (k *keying) order(to *store.FeedRows, o *c3.Order, line int64) store.OrderRow {
	row := store.OrderRow{
		Line: line, ID: aggregator.TextKey(o.ID), Account: k.secrets.AccountKey(k.province, o.Account), Op: o.Op,
		Product: k.often(to, o.Product), Content: k.text(to, o.Content), Provider: k.often(to, o.Provider),
		AtMs: o.AtMs, FromMs: o.FromMs, ToMs: o.ToMs, Fen: o.Fen, Pay: o.Pay, Trace: aggregator.TextKey(o.Trace),
	}
	if o.ID == "" {
		row.ID = orderID(&row)
	}
	return row
}

// orderID stands for the number of an order that has none: a hash of account,
// product, op and time.
func orderID(o *store.OrderRow) uint64 {
	var b [32]byte
	binary.BigEndian.PutUint64(b[0:], o.Account)
	binary.BigEndian.PutUint64(b[8:], o.Product)
	binary.BigEndian.PutUint64(b[16:], uint64(o.Op))
	binary.BigEndian.PutUint64(b[24:], uint64(o.AtMs))
	sum := sha256.Sum256(b[:])
	return binary.BigEndian.Uint64(sum[:8])
}

func (k *keying) product(to *store.FeedRows, p *c3.Product, line int64) store.ProductRow {
	return store.ProductRow{
		Line: line, Code: k.text(to, p.Code), Name: k.text(to, p.Name), Type: p.Type, Fen: p.Fen,
		Provider: k.often(to, p.Provider), ShareBP: p.ShareBP, FromMs: p.FromMs, ToMs: p.ToMs,
	}
}

// object appends an object of a catalogue.
func (k *keying) object(b *batch, item *adi.Item) {
	o := &item.Object
	row := store.ObjectRow{
		Line: item.Line, Element: o.Element, Code: k.text(&b.rows, o.Code), Name: k.text(&b.rows, nameOf(o)),
		Parent: k.text(&b.rows, o.ParentCode), Deleted: o.Verb == c3.VerbDelete, Properties: b.keep(o.Properties),
	}
	if o.Element == c3.ElementSchedule || o.Element == c3.ElementScheduleRecord {
		if a, err := c3.ParseAiring(o.Properties); err == nil { // the texts of its keys
			k.text(&b.rows, a.Channel)
			k.text(&b.rows, a.Programme)
		}
	}
	if k.meaning != nil && !row.Deleted {
		row.Normal, k.codes = k.meaning.Normal(k.codes[:0], k.province, o)
		for _, c := range k.codes {
			k.tell(&b.rows, c.Key, c.Text)
		}
	}
	b.rows.Objects = append(b.rows.Objects, row)
}

// nameOf is what an object is called; a schedule by its programme.
func nameOf(o *c3.Object) string {
	if name := c3.Get(o.Properties, "Name"); name != "" {
		return name
	}
	return c3.Get(o.Properties, "ProgramName")
}

// mapping appends a mapping, its parent first.
func (k *keying) mapping(b *batch, item *adi.Item) {
	m, _ := adi.Orient(item.Mapping) // a pair not known stays as it came
	b.rows.Mappings = append(b.rows.Mappings, store.MappingRow{
		Line: item.Line, Parent: m.Parent, Child: m.Child, ParentCode: k.text(&b.rows, m.ParentCode), ChildCode: k.text(&b.rows, m.ChildCode),
		Deleted: m.Verb == c3.VerbDelete, Properties: b.keep(m.Properties),
	})
}

// keep copies properties, whose slice the reader uses again.
func (b *batch) keep(all []c3.Property) []c3.Property {
	at := len(b.props)
	b.props = append(b.props, all...)
	return b.props[at:len(b.props):len(b.props)]
}
