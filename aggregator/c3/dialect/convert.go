package dialect

import (
	"bytes"
	"math"
	"strings"

	"iptvdc/aggregator"
	"iptvdc/aggregator/c3"
)

// verdict is what became of a record for one kind of row.
type verdict uint8

const (
	good verdict = iota
	bad
	skip
)

// maxText is the longest text of a row in bytes of UTF-8.
const maxText = 512

func (r *Rows) dropLast() {
	r.Lines = r.Lines[:len(r.Lines)-1]
	switch r.Feed {
	case c3.FeedSubscribers:
		r.Subscribers = r.Subscribers[:len(r.Subscribers)-1]
	case c3.FeedChanges:
		r.Changes = r.Changes[:len(r.Changes)-1]
	case c3.FeedOrders:
		r.Orders = r.Orders[:len(r.Orders)-1]
	case c3.FeedProducts:
		r.Products = r.Products[:len(r.Products)-1]
	}
}

// convert reads the record as a row of t and puts it into t's batch. After bad,
// rd.fault says why.
func (rd *reading) convert(t *taking) verdict {
	c := conversion{rd: rd, t: t}
	c.fileDay()
	switch t.feed {
	case c3.FeedSubscribers:
		r := c3.Subscriber{}
		c.subscriber(&r)
		if c.verdict == good {
			t.rows.Subscribers = append(t.rows.Subscribers, r)
		}
	case c3.FeedChanges:
		r := c3.Change{}
		c.change(&r)
		if c.verdict == good {
			t.rows.Changes = append(t.rows.Changes, r)
		}
	case c3.FeedOrders:
		r := c3.Order{}
		c.order(&r)
		if c.verdict == good {
			t.rows.Orders = append(t.rows.Orders, r)
		}
	case c3.FeedProducts:
		r := c3.Product{}
		c.product(&r)
		if c.verdict == good {
			t.rows.Products = append(t.rows.Products, r)
		}
	}
	if c.verdict == good {
		t.rows.Lines = append(t.rows.Lines, rd.line)
	}
	return c.verdict
}

// conversion is one record becoming one row. Its methods do nothing once the
// verdict is not good.
type conversion struct {
	rd      *reading
	t       *taking
	verdict verdict
}

func (c *conversion) subscriber(r *c3.Subscriber) {
	state := c.code(fState)
	if c.verdict == skip {
		return
	}
	r.Account = c.account(fAccount)
	r.State, r.Reason = c3.State(state.word), state.reason
	if reason := c.code(fReason); reason.word != 0 {
		r.Reason = c3.Reason(reason.word)
	}
	r.City = c.city()
	r.OpenMs, r.SuspendMs, r.CancelMs = c.time(fOpen), c.time(fSuspend), c.time(fCancel)
	r.Product, r.Net = c.word(fProduct), c.word(fNet)
	r.STBID, r.MAC = c.text(fSTBID), c.mac()
}

func (c *conversion) change(r *c3.Change) {
	op := c.code(fOp)
	if c.verdict == skip {
		return
	}
	r.Account = c.account(fAccount)
	r.Op, r.Reason = c3.Op(op.word), op.reason
	if reason := c.code(fReason); reason.word != 0 {
		r.Reason = c3.Reason(reason.word)
	}
	r.AtMs = c.time(fAt)
	r.City = c.city()
	switch r.Op {
	case c3.OpChangeNo:
		r.Old = c.account(fOld)
	case c3.OpChangeSTB, c3.OpChangePlan:
		r.New = c.text(fNew)
	}
}

func (c *conversion) order(r *c3.Order) {
	op := c.code(fOp)
	if c.verdict == skip {
		return
	}
	r.Account = c.account(fAccount)
	r.Op = c3.OrderOp(op.word)
	r.ID, r.Content, r.Trace = c.text(fID), c.text(fContent), c.text(fTrace)
	r.Product, r.Provider = c.word(fProduct), c.word(fProvider)
	r.AtMs, r.FromMs, r.ToMs = c.time(fAt), c.time(fFrom), c.time(fTo)
	r.Fen = c.money(fAmount, r.Op == c3.OrderRefund)
	r.Pay = c3.Pay(c.code(fPay).word)
}

func (c *conversion) product(r *c3.Product) {
	kind := c.code(fType)
	if c.verdict == skip {
		return
	}
	r.Type = c3.ProductType(kind.word)
	r.Code, r.Name, r.Provider = c.text(fCode), c.text(fName), c.word(fProvider)
	r.Fen = c.money(fPrice, false)
	r.ShareBP = c.share()
	r.FromMs, r.ToMs = c.time(fFrom), c.time(fTo)
}

// bad makes the record a faulty one.
func (c *conversion) bad(f field, code, text string, raw []byte) {
	if c.verdict != good {
		return
	}
	c.verdict = bad
	c.rd.fault = c3.Fault{Field: c.t.src[f].name, Code: code, Text: fieldNames[f] + " " + text, Raw: string(raw[:min(len(raw), c3.MaxRaw)])}
}

// value is the field's text: trimmed, its default if it is empty; nil if the
// field is not mapped.
func (c *conversion) value(f field) []byte {
	s := &c.t.src[f]
	if !s.on {
		return nil
	}
	if s.col < 0 {
		return s.fixed
	}
	rd := c.rd
	v := rd.fields[s.col]
	if rd.f.spec.Trim == "space" {
		v = trimSpace(v)
	}
	if len(s.join) > 0 {
		v = c.joined(s)
	}
	for _, e := range s.empty {
		if string(v) == e {
			v = nil
			break
		}
	}
	if len(v) == 0 {
		return s.def
	}
	return v
}

func (c *conversion) joined(s *source) []byte {
	rd := c.rd
	rd.join = rd.join[:0]
	for _, i := range s.join {
		v := rd.fields[i]
		if rd.f.spec.Trim == "space" {
			v = trimSpace(v)
		}
		rd.join = append(rd.join, v...)
	}
	return rd.join
}

// required is the field's value; that it is empty is a fault if the kind of row
// needs it.
func (c *conversion) required(f field) []byte {
	v := c.value(f)
	if len(v) == 0 {
		for _, r := range c.t.kind.required {
			if r == f {
				c.bad(f, c3.FaultRequired, "must not be empty", nil)
			}
		}
	}
	return v
}

// code is the meaning of a code. An empty value is the vocabulary's zero, unless
// the profile has a code "" or the field is required.
func (c *conversion) code(f field) code {
	if c.verdict != good || !c.t.src[f].on {
		return code{}
	}
	v := c.value(f)
	m := c.rd.f.codes[vocabulary(c.t.feed, f)]
	if len(v) == 0 {
		if empty, ok := m.byCode[""]; ok {
			c.skip(empty)
			return empty
		}
		c.required(f)
		return code{}
	}
	found, ok := m.find(v)
	if !ok {
		c.bad(f, c3.FaultCode, "has a code that is not agreed", v)
	}
	c.skip(found)
	return found
}

func (c *conversion) skip(found code) {
	if found.skip && c.verdict == good {
		c.verdict = skip
	}
}

// account is a normalised account.
func (c *conversion) account(f field) string {
	v := c.required(f)
	spec := &c.rd.f.spec.Account
	var room [maxText]byte
	if len(v) > maxText-len(spec.Add) {
		c.bad(f, c3.FaultLong, "is longer than allowed", v)
		return ""
	}
	v = spec.normal(room[:0], v)
	if len(v) == 0 {
		if f == fAccount {
			c.bad(f, c3.FaultRequired, "must not be empty", nil)
		}
		return ""
	}
	return c.rd.keep(v, spec.Add)
}

// normal is an account in its agreed case and without a suffix, before Add. It
// is v itself or in room.
func (a *accountSpec) normal(room, v []byte) []byte {
	for _, suffix := range a.Strip {
		if len(suffix) < len(v) && string(v[len(v)-len(suffix):]) == suffix {
			v = v[:len(v)-len(suffix)]
			break
		}
	}
	from, to := byte('a'), byte('A')
	switch a.Case {
	case "lower":
		from, to = to, from
	case "upper":
	default:
		return v
	}
	for _, d := range v {
		if from <= d && d <= from+25 {
			d = d - from + to
		}
		room = append(room, d)
	}
	return room
}

// text is a text of the row, word one that comes often.
func (c *conversion) text(f field) string {
	v := c.required(f)
	if len(v) > maxText {
		c.bad(f, c3.FaultLong, "is longer than allowed", v)
		return ""
	}
	return c.rd.keep(v, "")
}

func (c *conversion) word(f field) string {
	v := c.required(f)
	if s, ok := c.rd.interned[string(v)]; ok {
		return s
	}
	s := c.text(f)
	if len(c.rd.interned) < 4096 && c.verdict == good {
		s = strings.Clone(s) // not a whole chunk for one word
		c.rd.interned[s] = s
	}
	return s
}

// keep copies text into memory that is never written again.
func (rd *reading) keep(v []byte, add string) string {
	if len(v) == 0 && add == "" {
		return ""
	}
	if b := &rd.texts; b.Cap()-b.Len() < len(v)+len(add) {
		b.Reset() // rows go on pointing to what it held
		b.Grow(32 << 10)
	}
	n := rd.texts.Len()
	rd.texts.Write(v)
	rd.texts.WriteString(add)
	return rd.texts.String()[n:]
}

// time is a moment, 0 if there is none.
func (c *conversion) time(f field) int64 {
	if c.verdict != good {
		return 0
	}
	v := c.required(f)
	if len(v) == 0 {
		return 0
	}
	for _, k := range c.rd.f.clocks {
		if ms, ok := k.parse(v); ok && ms > 0 {
			return ms
		}
	}
	c.bad(f, c3.FaultTime, "is no time of the form "+strings.Join(c.rd.f.spec.Time.Formats, " or "), v)
	return 0
}

func (c *conversion) money(f field, refund bool) int64 {
	v := c.value(f)
	if len(v) == 0 {
		return 0
	}
	places := 0
	if c.rd.f.spec.Money.Unit == "yuan" {
		places = 2
	}
	fen, ok := parseDecimal(v, places)
	if ok && fen < 0 && refund && c.rd.f.spec.Money.NegativeRefund {
		fen = -fen
	}
	if !ok || fen < 0 {
		c.bad(f, c3.FaultNumber, "is no amount in "+c.rd.f.spec.Money.Unit, v)
		return 0
	}
	return fen
}

func (c *conversion) share() int32 {
	v := c.value(fShare)
	if len(v) == 0 {
		return 0
	}
	places := map[string]int{"percent": 2, "ratio": 4, "bp": 0}[c.rd.f.spec.Share]
	bp, ok := parseDecimal(v, places)
	if !ok || bp < 0 || bp > 10_000 || bp > math.MaxInt32 {
		c.bad(fShare, c3.FaultNumber, "is no share in "+c.rd.f.spec.Share, v)
		return 0
	}
	return int32(bp)
}

func (c *conversion) city() aggregator.City {
	v := c.value(fCity)
	if len(v) == 0 || c.verdict != good {
		return 0
	}
	rd := c.rd
	if city, ok := rd.citiesKnown[string(v)]; ok {
		return city
	}
	city, ok := rd.f.cities.find(v)
	switch {
	case ok:
		if len(rd.citiesKnown) < 4096 && len(v) <= maxText {
			rd.citiesKnown[string(v)] = city
		}
	case rd.f.cities.unknown0:
		rd.sum.LeftOut["city"]++
	default:
		c.bad(fCity, c3.FaultCity, "is none of the province's", v)
	}
	return city
}

// mac is a MAC as aa:bb:cc:dd:ee:ff; one that cannot be read is left out.
func (c *conversion) mac() string {
	v := c.value(fMAC)
	if len(v) == 0 {
		return ""
	}
	var b [17]byte
	n := 0
	for _, d := range v {
		switch {
		case d == ':' || d == '-' || d == '.':
			continue
		case 'A' <= d && d <= 'F':
			d += 'a' - 'A'
		case '0' <= d && d <= '9' || 'a' <= d && d <= 'f':
		default:
			n = len(b)
		}
		if n >= len(b) {
			n++
			break
		}
		if n%3 == 2 {
			b[n] = ':'
			n++
		}
		b[n] = d
		n++
	}
	if n != len(b) {
		c.rd.sum.LeftOut["mac"]++
		return ""
	}
	return c.rd.keep(b[:], "")
}

// fileDay compares the column day with that of the records before.
func (c *conversion) fileDay() {
	if !c.t.src[fDay].on || c.rd.f.spec.Day.From != "column" {
		return
	}
	v := c.value(fDay)
	if len(v) == 0 {
		c.bad(fDay, c3.FaultRequired, "must not be empty", nil)
		return
	}
	ms := c.time(fDay)
	if c.verdict != good {
		return
	}
	day, s := aggregator.DayOf(ms), &c.rd.sum
	switch {
	case !s.HasDay:
		s.Day, s.HasDay = day, true
	case s.Day != day:
		c.bad(fDay, c3.FaultDay, "is another day than that of the records before", v)
	}
}

var wideSpace = []byte("\u3000")

// trimSpace takes spaces, tabs, line ends and the wide space of Chinese off both
// ends.
func trimSpace(b []byte) []byte {
	for {
		for len(b) > 0 && (b[0] == ' ' || b[0] == '\t' || b[0] == '\r' || b[0] == '\n') {
			b = b[1:]
		}
		for len(b) > 0 && (b[len(b)-1] == ' ' || b[len(b)-1] == '\t' || b[len(b)-1] == '\r' || b[len(b)-1] == '\n') {
			b = b[:len(b)-1]
		}
		n := len(b)
		if n == 0 || b[0] != wideSpace[0] && b[n-1] != wideSpace[2] {
			return b
		}
		b = bytes.TrimSuffix(bytes.TrimPrefix(b, wideSpace), wideSpace)
		if len(b) == n {
			return b
		}
	}
}
