package feeds

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"iptvdc/aggregator"
	"iptvdc/aggregator/c3"
	"iptvdc/aggregator/c3/dialect"
	"iptvdc/aggregator/store"
	"iptvdc/aggregator/store/duckdb"
	"iptvdc/aggregator/store/storetest"
	"iptvdc/protocol"
	"iptvdc/testbench/fleet"
)

// shelve is a sink that puts a file's rows onto a store's stage.
type shelve struct {
	t     *testing.T
	stage store.Stage
	codes map[string]bool
}

func (s *shelve) Fault(c3.Fault) error { return nil }

func (s *shelve) Rows(r *dialect.Rows) error {
	var out store.FeedRows
	key := func(text string) uint64 {
		if text != "" && !s.codes[text] {
			s.codes[text] = true
			out.Codes = append(out.Codes, store.Code{Key: aggregator.TextKey(text), Text: text})
		}
		return aggregator.TextKey(text)
	}
	person := func(text string) uint64 { return aggregator.TextKey(text) }
	for i := range r.Subscribers {
		x := &r.Subscribers[i]
		out.Subscribers = append(out.Subscribers, store.SubscriberRow{Line: r.Lines[i], Account: person(x.Account), State: x.State, Reason: x.Reason, City: x.City,
			OpenMs: x.OpenMs, SuspendMs: x.SuspendMs, CancelMs: x.CancelMs, Product: key(x.Product), STB: person(x.STBID), Net: key(x.Net)})
	}
	for i := range r.Changes {
		x := &r.Changes[i]
		c := store.ChangeRow{Line: r.Lines[i], Account: person(x.Account), Op: x.Op, AtMs: x.AtMs, Reason: x.Reason, City: x.City, Old: person(x.Old)}
		switch x.Op {
		case c3.OpChangeSTB:
			c.New = person(x.New)
		case c3.OpChangePlan:
			c.New = key(x.New)
		}
		out.Changes = append(out.Changes, c)
	}
	for i := range r.Orders {
		x := &r.Orders[i]
		id := aggregator.TextKey(x.ID)
		if x.ID == "" {
			id = aggregator.TextKey(fmt.Sprint(x.Account, "\x00", x.Product, "\x00", x.Op, "\x00", x.AtMs))
		}
		out.Orders = append(out.Orders, store.OrderRow{Line: r.Lines[i], ID: id, Account: person(x.Account), Op: x.Op, Product: key(x.Product), Content: key(x.Content),
			Provider: key(x.Provider), AtMs: x.AtMs, FromMs: x.FromMs, ToMs: x.ToMs, Fen: x.Fen, Pay: x.Pay})
	}
	for i := range r.Products {
		x := &r.Products[i]
		out.Products = append(out.Products, store.ProductRow{Line: r.Lines[i], Code: key(x.Code), Name: key(x.Name), Type: x.Type, Fen: x.Fen, Provider: key(x.Provider),
			ShareBP: x.ShareBP, FromMs: x.FromMs, ToMs: x.ToMs})
	}
	return s.stage.Add(context.Background(), &out)
}

// paidBy is what the boxes of a town paid and gave back, and the same as a store
// keeps it.
func paidBy(t *testing.T, c Config) (all []Paid, rows []store.Order) {
	t.Helper()
	town, err := fleet.NewTown(fleet.TownConfig{Boxes: c.Boxes, Seed: c.Seed, StartMs: c.From.Start(), Provinces: c.Provinces})
	if err != nil {
		t.Fatal(err)
	}
	offer := fleet.NewOffer()
	tell := func(box int, o Paid, r protocol.Result) {
		home := town.Home(box)
		o.Box, o.Refund = home.Box, r == protocol.ResultRefunded
		all = append(all, o)
		rows = append(rows, store.Order{Stamp: store.Stamp{Province: home.Province, City: home.City, Box: uint64(box) + 1, AtMs: o.AtMs, MonoMs: o.AtMs - c.From.Start()},
			OrderID: aggregator.TextKey(o.ID), Product: aggregator.TextKey(o.Product), Provider: aggregator.TextKey(o.Provider), Fen: o.Fen, Result: uint8(r)})
	}
	for i := range town.Len() {
		p := offer.Products[i%len(offer.Products)]
		o := Paid{ID: fmt.Sprintf("B%d", i), Product: p.Code, Provider: p.Provider, Fen: p.Fen,
			AtMs: c.From.Start() + int64(i)%int64(c.To-c.From+1)*aggregator.DayMs + int64(i)*1001}
		tell(i, o, protocol.ResultPaid)
		if i%7 == 0 {
			o.AtMs += 3_600_000
			tell(i, o, protocol.ResultRefunded)
		}
	}
	return all, rows
}

// TestBook: what the files say, in any order, is what happened: states and flows
// of every day and province, every bill, who bought, what was renewed, and how
// boxes and carriers agree.
func TestBook(t *testing.T) {
	from, err := aggregator.ParseDay("2026-10-28")
	if err != nil {
		t.Fatal(err)
	}
	book := func(t *testing.T, st store.Store, c Config) {
		dir := t.TempDir()
		var truth bytes.Buffer
		var told store.Block
		c.Paid, told.Orders = paidBy(t, c)
		if err := Write(c, dir, &truth, nil); err != nil {
			t.Fatal(err)
		}
		if _, err := st.Insert(t.Context(), &told); err != nil {
			t.Fatal(err)
		}
		take(t, st, dir)
		want := compare(t, st, truth.Bytes())
		for _, must := range []string{"all equal", "all differs", "all box_only", "all file_only", "all due", "all renewed"} {
			if want[must] == 0 {
				t.Errorf("%s: nothing was", must)
			}
		}
		if want["all renewed"] >= want["all due"] {
			t.Errorf("%d of %d renewed", want["all renewed"], want["all due"])
		}
		if err := st.Shutdown(); err != nil {
			t.Error(err)
		}
	}
	t.Run("memory", func(t *testing.T) { book(t, storetest.Memory(), Config{Boxes: 300, Seed: 7, From: from, To: from + 5}) })
	t.Run("handed over", func(t *testing.T) {
		// Seven weeks before the days that files tell one by one, of which no box told.
		book(t, storetest.Memory(), Config{Boxes: 40, Seed: 7, Provinces: []aggregator.Province{13, 35, 41, 53}, From: from, To: from + 2, Since: from - 50, Course: Course{Churn: 0.2, ChurnBefore: 0.3, Growth: 0.1, Orders: 0.1},
			Told: []Days{{from, from + 2}}})
	})
	t.Run("duckdb", func(t *testing.T) {
		if testing.Short() {
			t.Skip("takes its files into a real engine")
		}
		st, err := duckdb.Open(filepath.Join(t.TempDir(), "store"), duckdb.Options{Threads: 1})
		if err != nil {
			t.Fatal(err)
		}
		book(t, st, Config{Boxes: 300, Seed: 7, From: from, To: from + 2}) // each file is a transaction on disk, whatever it holds
	})
}

func take(t *testing.T, st store.Store, dir string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*", "*"))
	if err != nil {
		t.Fatal(err)
	}
	rand.New(rand.NewPCG(1, 2)).Shuffle(len(files), func(i, j int) { files[i], files[j] = files[j], files[i] })
	ctx := context.Background()
	for n, file := range files {
		p, err := aggregator.ParseProvince(filepath.Base(filepath.Dir(file)))
		if err != nil {
			t.Fatal(err)
		}
		d, err := dialect.ReadyFor(p)
		if err != nil {
			t.Fatal(err)
		}
		f, parts, ok := d.Match(filepath.Base(file))
		if !ok {
			continue
		}
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256(append([]byte(file), text...))
		before, err := f.Read(bytes.NewReader(text), &counted{}) // its day may stand inside
		if err != nil {
			t.Fatal(err)
		}
		day, _ := f.Day(parts, before)
		stage, err := st.Stage(ctx, store.File{ID: [16]byte(sum[:16]), Province: p, Feed: f.Kind, Name: filepath.Base(file), Day: day,
			VersionMs: max(parts.TimeMs, day.Start()), ReceivedMs: int64(n), Bytes: int64(len(text))})
		if err != nil {
			t.Fatal(err)
		}
		s, err := f.Read(bytes.NewReader(text), &shelve{t: t, stage: stage, codes: map[string]bool{}})
		if err != nil || s.Refused != nil {
			t.Fatalf("%s: %v %+v", file, err, s.Refused)
		}
		row, err := stage.Commit(ctx, store.Verdict{Records: s.Records, Counts: s.Counts, MaxShrink: 100, DoneMs: int64(n)})
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		if row.Outcome != c3.OutcomeAccepted && row.Outcome != c3.OutcomePartly {
			t.Errorf("%s: %+v", file, row)
		}
	}
}

// compare compares a store with a truth and returns what the truth says, with
// totals of its rarer things.
func compare(t *testing.T, st store.Store, truth []byte) (want map[string]int64) {
	t.Helper()
	want = map[string]int64{}
	got := map[string]int64{}
	states := []string{"", "pre", "active", "suspended", "cancelled"}
	flows := []string{"", "opening", "new", "resumed", "moved_in", "suspended", "cancelled", "moved_out", "suspended_cancelled", "suspended_moved_out", "suspended_moved_in", "out", "in"}
	verdicts := []string{"", "equal", "differs", "box_only", "file_only"}
	buyers := map[string]bool{}
	once := func(name string, who int) {
		if k := fmt.Sprint(name, "\t", who); !buyers[k] {
			buyers[k] = true
			want[name]++
		}
	}
	var from, to aggregator.Day
	for i, line := range bytes.Split(bytes.TrimSpace(truth), []byte("\n")) {
		if i == 0 {
			var h Head
			if err := json.Unmarshal(line, &h); err != nil {
				t.Fatal(err)
			}
			from, _ = aggregator.ParseDay(h.From)
			to, _ = aggregator.ParseDay(h.To)
			continue
		}
		var l Line
		if err := json.Unmarshal(line, &l); err != nil {
			t.Fatal(err)
		}
		if d := l.Day; d != nil {
			for state, n := range d.States {
				want[strings.Join([]string{"state", d.Province, d.Day, state}, " ")] += n
			}
			for flow, n := range d.Flows {
				want[strings.Join([]string{"flow", d.Province, d.Day, flow}, " ")] += n
			}
		}
		if b := l.Bill; b != nil {
			want[strings.Join([]string{"orders", b.Province, b.Day, b.Product, b.Provider, b.Pay, b.Op}, " ")] += b.Orders
			want[strings.Join([]string{"fen", b.Province, b.Day, b.Product, b.Provider, b.Pay, b.Op}, " ")] += b.Fen
			want[strings.Join([]string{"share", b.Province, b.Day, b.Product, b.Provider, b.Pay, b.Op}, " ")] += b.ShareFen
		}
		if b := l.Buyer; b != nil {
			once(fmt.Sprint("buyers ", b.Province, " ", b.Day, " ", b.Product, " ", b.Provider), b.Who)
			once(fmt.Sprint("buyers ", b.Province), b.Who)
		}
		if d := l.Due; d != nil {
			want[strings.Join([]string{"due", d.Province, d.Day, d.Product, d.Provider}, " ")] += d.Due
			want[strings.Join([]string{"renewed", d.Province, d.Day, d.Product, d.Provider}, " ")] += d.Renewed
			want["all due"] += d.Due
			want["all renewed"] += d.Renewed
		}
		if m := l.Match; m != nil {
			name := strings.Join([]string{m.Province, m.Day, m.Product, m.Verdict}, " ")
			want["matches "+name] += m.Orders
			want["box fen "+name] += m.BoxFen
			want["carrier fen "+name] += m.CarrierFen
			want["all "+m.Verdict] += m.Orders
		}
	}
	ask := func(q store.Query, tell func(day aggregator.Day, r store.Row)) {
		t.Helper()
		q.AllProvinces = true
		for d := from; d <= to; d++ {
			q.Spans = append(q.Spans, store.Span{From: int32(d), To: int32(d) + 1})
		}
		rows, err := st.Query(context.Background(), q)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range rows {
			tell(from+aggregator.Day(r.Span), r)
		}
	}
	ask(store.Query{Fact: store.FactAccounts, GroupBy: []store.Column{store.ColProvince, store.ColState}, Values: []store.Value{{Measure: store.MeasureAccounts}}},
		func(d aggregator.Day, r store.Row) {
			got[fmt.Sprint("state ", aggregator.Province(r.Group[0]), " ", d, " ", states[r.Group[1]])] += r.Values[0]
		})
	ask(store.Query{Fact: store.FactFlow, GroupBy: []store.Column{store.ColProvince, store.ColFlow}, Values: []store.Value{{Measure: store.MeasureFlows}}},
		func(d aggregator.Day, r store.Row) {
			if name := flows[r.Group[1]]; name != "in" && name != "out" {
				got[fmt.Sprint("flow ", aggregator.Province(r.Group[0]), " ", d, " ", name)] += r.Values[0]
			}
		})
	ask(store.Query{Fact: store.FactBill, GroupBy: []store.Column{store.ColProvince, store.ColProduct, store.ColProvider, store.ColPay, store.ColOp},
		Values: []store.Value{{Measure: store.MeasureBillOrders}, {Measure: store.MeasureBillFen}, {Measure: store.MeasureShareFen}}},
		func(d aggregator.Day, r store.Row) {
			texts, err := st.Codes(context.Background(), r.Group[1:3])
			if err != nil {
				t.Fatal(err)
			}
			name := fmt.Sprint(aggregator.Province(r.Group[0]), " ", d, " ", texts[r.Group[1]], " ", texts[r.Group[2]], " ", payNames[c3.Pay(r.Group[3])], " ", opNames[c3.OrderOp(r.Group[4])])
			got["orders "+name] += r.Values[0]
			got["fen "+name] += r.Values[1]
			got["share "+name] += r.Values[2]
		})
	code := func(keys ...uint64) map[uint64]string {
		texts, err := st.Codes(t.Context(), keys)
		if err != nil {
			t.Fatal(err)
		}
		return texts
	}
	ask(store.Query{Fact: store.FactBuyer, GroupBy: []store.Column{store.ColProvince, store.ColProduct, store.ColProvider}, Values: []store.Value{{Measure: store.MeasureBuys, DistinctBoxes: true}}},
		func(d aggregator.Day, r store.Row) {
			texts := code(r.Group[1:]...)
			got[fmt.Sprint("buyers ", aggregator.Province(r.Group[0]), " ", d, " ", texts[r.Group[1]], " ", texts[r.Group[2]])] = r.Values[0]
		})
	rows, err := st.Query(t.Context(), store.Query{Fact: store.FactBuyer, AllProvinces: true, Spans: []store.Span{{From: int32(from), To: int32(to) + 1}},
		GroupBy: []store.Column{store.ColProvince}, Values: []store.Value{{Measure: store.MeasureBuys, DistinctBoxes: true}}})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rows {
		got[fmt.Sprint("buyers ", aggregator.Province(r.Group[0]))] = r.Values[0]
	}
	ask(store.Query{Fact: store.FactRenewal, GroupBy: []store.Column{store.ColProvince, store.ColProduct, store.ColProvider},
		Values: []store.Value{{Measure: store.MeasureDue}, {Measure: store.MeasureRenewed}}},
		func(d aggregator.Day, r store.Row) {
			texts := code(r.Group[1:]...)
			name := fmt.Sprint(aggregator.Province(r.Group[0]), " ", d, " ", texts[r.Group[1]], " ", texts[r.Group[2]])
			got["due "+name], got["renewed "+name] = r.Values[0], r.Values[1]
			got["all due"] += r.Values[0]
			got["all renewed"] += r.Values[1]
		})
	ask(store.Query{Fact: store.FactReconcile, GroupBy: []store.Column{store.ColProvince, store.ColProduct, store.ColVerdict},
		Values: []store.Value{{Measure: store.MeasureMatches}, {Measure: store.MeasurePageFen}, {Measure: store.MeasureCarrierFen}}},
		func(d aggregator.Day, r store.Row) {
			name := fmt.Sprint(aggregator.Province(r.Group[0]), " ", d, " ", code(r.Group[1])[r.Group[1]], " ", verdicts[r.Group[2]])
			got["matches "+name], got["box fen "+name], got["carrier fen "+name] = r.Values[0], r.Values[1], r.Values[2]
			got["all "+verdicts[r.Group[2]]] += r.Values[0]
		})
	all := maps.Clone(want)
	maps.Copy(all, got)
	bad := 0
	for _, k := range slices.Sorted(maps.Keys(all)) {
		if want[k] != got[k] {
			if bad++; bad < 60 {
				t.Errorf("%s: %d, must be %d", k, got[k], want[k])
			}
		}
	}
	t.Logf("%d figures, %d different", len(all), bad)
	return want
}
