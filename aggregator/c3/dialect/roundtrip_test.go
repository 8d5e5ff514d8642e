package dialect_test

import (
	"bytes"
	"crypto/md5"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"iptvdc/aggregator"
	"iptvdc/aggregator/c3"
	"iptvdc/aggregator/c3/dialect"
)

// kept is a sink that keeps everything, one Rows for each kind.
type kept struct {
	rows   map[c3.Feed]*dialect.Rows
	faults []c3.Fault
}

func (k *kept) Rows(r *dialect.Rows) error {
	if k.rows == nil {
		k.rows = map[c3.Feed]*dialect.Rows{}
	}
	all := k.rows[r.Feed]
	if all == nil {
		all = &dialect.Rows{Feed: r.Feed}
		k.rows[r.Feed] = all
	}
	if r.Len() == 0 || r.Len() != len(r.Lines) {
		return fmt.Errorf("a batch of %d rows and %d lines", r.Len(), len(r.Lines))
	}
	all.Lines = append(all.Lines, r.Lines...)
	all.Subscribers = append(all.Subscribers, r.Subscribers...)
	all.Changes = append(all.Changes, r.Changes...)
	all.Orders = append(all.Orders, r.Orders...)
	all.Products = append(all.Products, r.Products...)
	return nil
}

func (k *kept) Fault(f c3.Fault) error {
	k.faults = append(k.faults, f)
	return nil
}

// draw makes rows that a feed can hold.
type draw struct {
	*rapid.T
	d    *dialect.Dialect
	f    *dialect.Feed
	kind c3.Feed
}

func (d draw) text(name string, empty bool) string {
	if !d.f.Holds(d.kind, name) {
		return ""
	}
	least := 1
	if empty {
		least = 0
	}
	return rapid.StringOfN(rapid.SampledFrom([]rune("aZ09杭州亅乗")), least, 4, -1).Draw(d.T, name)
}

func (d draw) account(name string) string {
	if !d.f.Holds(d.kind, name) {
		return ""
	}
	a := rapid.StringMatching(`0[0-9]{3,10}`).Draw(d.T, name)
	if d.d.Province == 53 {
		a += "@YN"
	}
	return a
}

func (d draw) time(name string, zero bool) int64 {
	if !d.f.Holds(d.kind, name) || zero && rapid.Bool().Draw(d.T, "no "+name) {
		return 0
	}
	unit := d.f.Unit().Milliseconds()
	return rapid.Int64Range(1, 4e12/unit).Draw(d.T, name) * unit
}

// word draws a canonical word and a reason; the reason of a column of its own.
func (d draw) word(name string, all []string) (uint8, c3.Reason) {
	words := d.f.Words(d.kind, name)
	if len(words) == 0 {
		return 0, 0
	}
	word, reason, _ := strings.Cut(rapid.SampledFrom(words).Draw(d.T, name), "/")
	if d.f.Holds(d.kind, "reason") && (name == "state" || name == "op") {
		reason = rapid.SampledFrom(append(d.f.Words(d.kind, "reason"), "none")).Draw(d.T, "reason")
	}
	return uint8(slices.Index(all, word)), c3.Reason(max(0, slices.Index([]string{"none", "arrears", "voluntary", "admin"}, reason)))
}

func (d draw) city() aggregator.City {
	words := append(d.f.Words(d.kind, "city"), "")
	r, _ := aggregator.LookUp(rapid.SampledFrom(words).Draw(d.T, "city"))
	return r.City()
}

func (d draw) fen(name string) int64 {
	if !d.f.Holds(d.kind, name) {
		return 0
	}
	return rapid.Int64Range(0, 9_999_999).Draw(d.T, name)
}

func (d draw) rows() *dialect.Rows {
	r := &dialect.Rows{Feed: d.kind}
	for range rapid.IntRange(1, 6).Draw(d.T, "rows") {
		switch d.kind {
		case c3.FeedSubscribers:
			state, reason := d.word("state", []string{"unknown", "pre", "active", "suspended", "cancelled"})
			s := c3.Subscriber{Account: d.account("account"), State: c3.State(state), Reason: reason, City: d.city(),
				OpenMs: d.time("open", true), SuspendMs: d.time("suspend", true), CancelMs: d.time("cancel", true),
				Product: d.text("product", true), STBID: d.text("stbid", true), Net: d.text("net", true)}
			if d.f.Holds(d.kind, "mac") && rapid.Bool().Draw(d.T, "mac") {
				s.MAC = "00:1a:2b:3c:4d:ef"
			}
			r.Subscribers = append(r.Subscribers, s)
		case c3.FeedChanges:
			op, reason := d.word("op", []string{"", "open", "suspend", "resume", "cancel", "change_no", "move_in", "move_out", "change_stb", "change_plan", "change_city"})
			c := c3.Change{Account: d.account("account"), Op: c3.Op(op), Reason: reason, AtMs: d.time("at", false), City: d.city()}
			switch c.Op {
			case c3.OpChangeNo:
				c.Old = d.account("old")
			case c3.OpChangeSTB, c3.OpChangePlan:
				c.New = d.text("new", true)
			}
			r.Changes = append(r.Changes, c)
		case c3.FeedOrders:
			op, _ := d.word("op", []string{"", "sub", "renew", "unsub", "single", "refund"})
			pay, _ := d.word("pay", []string{"unknown", "bill", "wechat", "alipay", "points"})
			r.Orders = append(r.Orders, c3.Order{ID: d.text("id", true), Account: d.account("account"), Op: c3.OrderOp(op), Pay: c3.Pay(pay),
				Product: d.text("product", false), Content: d.text("content", true), Provider: d.text("provider", true),
				AtMs: d.time("at", false), FromMs: d.time("from", true), ToMs: d.time("to", true), Fen: d.fen("amount"), Trace: d.text("trace", true)})
		case c3.FeedProducts:
			kind, _ := d.word("type", []string{"unknown", "base", "month", "year", "single", "season", "app"})
			p := c3.Product{Code: d.text("code", false), Name: d.text("name", true), Type: c3.ProductType(kind), Fen: d.fen("price"),
				Provider: d.text("provider", true), FromMs: d.time("from", true), ToMs: d.time("to", true)}
			if d.f.Holds(d.kind, "share") {
				p.ShareBP = int32(rapid.IntRange(0, 10_000).Draw(d.T, "share"))
			}
			r.Products = append(r.Products, p)
		}
	}
	return r
}

func about() dialect.Parts {
	p := dialect.NewParts()
	p.Day, p.HasDay = aggregator.DayOf(1_764_547_200_000), true
	p.TimeMs, p.Seq = 1_764_550_800_000, 7
	p.Texts = map[string]string{"spid": "00001234", "province": "010"}
	return p
}

// TestRoundTrip: what a dialect writes, it reads as the same rows, under the
// name it gives the file and with the manifest it writes for it.
func TestRoundTrip(t *testing.T) {
	for _, name := range dialect.Ready() {
		d := load(t, name)
		for _, f := range d.Feeds {
			t.Run(name+"/"+[]string{"", "", "subscribers", "changes", "orders", "products"}[f.Kind], func(t *testing.T) {
				rapid.Check(t, func(t *rapid.T) { roundTrip(t, d, f) })
			})
		}
	}
}

func roundTrip(t *rapid.T, d *dialect.Dialect, f *dialect.Feed) {
	batches := []*dialect.Rows{draw{t, d, f, f.Kind}.rows()}
	if f.Also != c3.FeedNone {
		batches = append(batches, draw{t, d, f, f.Also}.rows())
	}
	var file bytes.Buffer
	if err := f.Write(&file, about(), batches...); err != nil {
		t.Fatal(err)
	}
	name, err := f.FileName(about())
	if err != nil {
		t.Fatal(err)
	}
	found, parts, ok := d.Match(name)
	if !ok || found != f {
		t.Fatalf("%s is not taken by its own feed", name)
	}
	whole := file.String()
	var sink kept
	sum, err := f.Read(iotest.HalfReader(&file), &sink)
	if err != nil {
		t.Fatal(err)
	}
	if sum.Refused != nil || len(sink.faults) > 0 {
		t.Fatalf("refused %+v, faults %+v\n%q", sum.Refused, sink.faults, whole)
	}
	records := int64(0)
	for _, want := range batches {
		got := sink.rows[want.Feed]
		records += int64(want.Len())
		if diff := cmp.Diff([]any{want.Subscribers, want.Changes, want.Orders, want.Products}, []any{got.Subscribers, got.Changes, got.Orders, got.Products}); diff != "" {
			t.Fatalf("%q\n%s", whole, diff)
		}
	}
	if sum.Records != records || sum.Taken != records || sum.Bytes != int64(len(whole)) || sum.Unended {
		t.Fatalf("%+v of %d records, %d bytes", sum, records, len(whole))
	}
	if day, ok := f.Day(parts, sum); f.Full && (!ok || day > about().Day || day < about().Day-1) {
		t.Fatalf("day %v %v", day, ok)
	}
	manifest(t, d, f, name, whole, sum)
}

func manifest(t *rapid.T, d *dialect.Dialect, f *dialect.Feed, name, whole string, sum dialect.Summary) {
	companion, err := f.ManifestName(name)
	if err != nil || companion == "" {
		if f.Manifest != "" {
			t.Fatal(err)
		}
		return
	}
	hash := fmt.Sprintf("%x", md5.Sum([]byte(whole)))
	is := dialect.Entry{Name: name, Bytes: sum.Bytes, Rows: sum.Records, MD5: hash, SHA256: hash + hash, Day: about().Day, HasDay: true}
	var text bytes.Buffer
	if err := f.WriteManifest(&text, is); err != nil {
		t.Fatal(err)
	}
	found, data, ok := d.MatchManifest(companion)
	if !ok || found.Manifest == "" || data != "" && data != name {
		t.Fatalf("manifest %s is of %q", companion, data)
	}
	entries, fault, err := f.ReadManifest(&text, data)
	if err != nil || fault != nil || len(entries) != 1 || entries[0].Name != name {
		t.Fatalf("%+v %+v %v", entries, fault, err)
	}
	if fault := entries[0].Check(is); fault != nil {
		t.Fatal(fault)
	}
	is.Rows++
	is.Bytes++
	if fault := entries[0].Check(is); fault == nil {
		t.Fatal("a longer file passed")
	}
}
