package storetest

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"iptvdc/aggregator"
	"iptvdc/aggregator/c3"
	"iptvdc/aggregator/store"
)

// What files leave, by example.

// file is one of province 33, of the n-th day of feedDay's month.
func file(feed c3.Feed, id byte, day aggregator.Day) feedFile {
	return feedFile{File: store.File{ID: [16]byte{id}, Province: 33, Feed: feed, Name: "f", Day: feedDay + day - 1, VersionMs: int64(id), ReceivedMs: int64(id), Bytes: 7}}
}

// fullOf is a full file whose lines are numbered.
func fullOf(id byte, day aggregator.Day, rows ...store.SubscriberRow) feedFile {
	f := file(c3.FeedSubscribers, id, day)
	for i := range rows {
		rows[i].Line = int64(i + 1)
	}
	f.rows.Subscribers = rows
	return f
}

func active(accounts ...uint64) (rows []store.SubscriberRow) {
	for _, a := range accounts {
		rows = append(rows, store.SubscriberRow{Account: a, State: c3.StateActive, City: 3301})
	}
	return rows
}

// feedDays asks for each of some days.
func feedDays(f store.Fact, by []store.Column, values []store.Value) store.Query {
	q := store.Query{Fact: f, AllProvinces: true, GroupBy: by, Values: values}
	for d := range int32(7) {
		q.Spans = append(q.Spans, store.Span{From: int32(feedDay) + d, To: int32(feedDay) + d + 1})
	}
	return q
}

func testFiles(t *testing.T, b *bench) {
	ctx := context.Background()
	f := fullOf(1, 1, active(1, 2, 3)...)
	f.rows.Subscribers = append(f.rows.Subscribers, store.SubscriberRow{Line: 9, Account: 2, State: c3.StateCancelled}, store.SubscriberRow{Line: 5, Account: 1})
	bad := c3.Fault{Line: 7, Field: "状态", Code: c3.FaultCode, Text: "No state 9.", Raw: "9\xff"}
	row := b.judge(f, store.Verdict{Records: 7, Faults: []c3.Fault{bad}, Counts: map[string]int64{c3.FaultCode: 2}, MaxShrink: 100, DoneMs: 77})
	want := store.FileRow{File: f.File, Outcome: c3.OutcomePartly, Records: 7, Accepted: 3, Rejected: 4, DoneMs: 77,
		Counts: map[string]int64{c3.FaultCode: 2, c3.FaultDuplicate: 2}}
	b.same("row", row, want)
	faults, err := b.Faults(ctx, f.ID, 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	b.same("faults", faults, []c3.Fault{store.Duplicate(5, 1), bad, store.Duplicate(9, 2)})
	faults, err = b.Faults(ctx, f.ID, 1, 1)
	if err != nil {
		t.Fatal(err)
	}
	b.same("the second fault", faults, []c3.Fault{bad})

	// The very same again, whatever it is said to hold.
	again := f
	again.rows = store.FeedRows{Subscribers: active(8)}
	row = b.give(again)
	repeated := want
	repeated.Outcome = c3.OutcomeRepeated
	b.same("row of the same file again", row, repeated)
	noted := f.File
	noted.Name = "again"
	if err := b.Note(ctx, noted, c3.Receipt{Outcome: c3.OutcomeRefused}); err != nil {
		t.Fatal(err)
	}
	refused := file(c3.FeedOrders, 2, 3).File
	refused.Province = 43
	refused.Name = "ord\xb6ers"
	if err := b.Note(ctx, refused, c3.Receipt{Outcome: c3.OutcomeRefused, Records: 4, Rejected: 4, Counts: map[string]int64{c3.FaultHeader: 1},
		Faults: []c3.Fault{{Line: 3, Code: c3.FaultTime}, {Code: c3.FaultHeader, Text: "Not the names agreed."}}}); err != nil {
		t.Fatal(err)
	}
	rows, err := b.Taken(ctx, [][16]byte{{9}, refused.ID, f.ID})
	if err != nil {
		t.Fatal(err)
	}
	outRow := store.FileRow{File: refused, Outcome: c3.OutcomeRefused, Records: 4, Rejected: 4, Why: c3.FaultHeader, Counts: map[string]int64{c3.FaultHeader: 1}, DoneMs: refused.ReceivedMs}
	b.same("taken", rows, []store.FileRow{outRow, want})
	list := func(q store.FileQuery, want ...store.FileRow) {
		t.Helper()
		rows, err := b.Files(ctx, q)
		if err != nil {
			t.Fatal(err)
		}
		b.same("files", rows, want)
	}
	all := aggregator.Scope{All: true}
	list(store.FileQuery{})
	list(store.FileQuery{Scope: all}, outRow, want)
	list(store.FileQuery{Scope: all, Limit: 1}, outRow)
	list(store.FileQuery{Scope: aggregator.Scope{Provinces: []aggregator.Province{33}}}, want)
	list(store.FileQuery{Scope: all, Feed: c3.FeedOrders}, outRow)
	list(store.FileQuery{Scope: all, From: feedDay, To: feedDay + 1}, want)
	list(store.FileQuery{Scope: all, Outcomes: []c3.Outcome{c3.OutcomePartly, c3.OutcomeWaiting}}, want)

	// A stage that is thrown away, and one whose caller makes a mistake.
	st := must(b.Stage(ctx, file(c3.FeedOrders, 3, 1).File))
	if err := st.Add(ctx, &store.FeedRows{Subscribers: active(1)}); err == nil {
		t.Error("subscribers in a file of orders were taken")
	}
	if _, err := st.Commit(ctx, store.Verdict{}); err == nil {
		t.Error("Commit of a stage that had failed succeeded")
	}
	st = must(b.Stage(ctx, fullOf(4, 2).File))
	if err := st.Add(ctx, &store.FeedRows{Subscribers: active(5, 6)}); err != nil {
		t.Fatal(err)
	}
	b.expect(feedDays(store.FactAccounts, nil, sum(store.MeasureAccounts)), row33(0, 3)) // not seen
	if err := errors.Join(st.Discard(), st.Discard()); err != nil {
		t.Fatal(err)
	}
	b.expect(feedDays(store.FactAccounts, nil, sum(store.MeasureAccounts)), row33(0, 3))
	list(store.FileQuery{Scope: all}, outRow, want)
}

func row33(span int, n int64) store.Row { return row(span, key(), n) }

func testShrunk(t *testing.T, b *bench) {
	b.give(fullOf(1, 1, active(1, 2, 3, 4, 5, 6, 7, 8, 9, 10)...))
	short := fullOf(2, 3, active(1, 2, 3, 4, 5, 6, 7, 8)...)
	row := b.judge(short, store.Verdict{Records: 9, Counts: map[string]int64{c3.FaultTime: 1}, MaxShrink: 19})
	if row.Outcome != c3.OutcomeWaiting || row.Why != c3.FaultShrunk || row.Accepted != 0 || row.Records != 9 || row.Counts[c3.FaultShrunk] != 1 || row.Counts[c3.FaultTime] != 1 {
		t.Errorf("the short file is %+v", row)
	}
	accounts := feedDays(store.FactAccounts, nil, sum(store.MeasureAccounts))
	b.expect(accounts, row33(0, 10))
	// The one of an earlier day is not held against a later one.
	if row := b.judge(fullOf(3, 0, active(1)...), store.Verdict{Records: 1, MaxShrink: 10}); row.Outcome != c3.OutcomeAccepted {
		t.Errorf("the first is %+v", row)
	}
	// The operator lets it in.
	if row := b.judge(short, store.Verdict{Records: 8, MaxShrink: 20}); row.Outcome != c3.OutcomeAccepted || row.Why != "" {
		t.Errorf("let in it is %+v", row)
	}
	b.expect(accounts, row33(0, 10), row33(1, 10), row33(2, 8))
}

func testVersions(t *testing.T, b *bench) {
	accounts := feedDays(store.FactAccounts, nil, sum(store.MeasureAccounts))
	b.give(fullOf(5, 2, active(1, 2, 3)...))
	row := b.give(fullOf(4, 2, active(1, 2, 3, 4)...))
	if row.Outcome != c3.OutcomeRefused || row.Why != c3.FaultOlder || row.Records != 4 || row.Accepted != 0 {
		t.Errorf("the older version is %+v", row)
	}
	b.expect(accounts, row33(1, 3))
	b.give(fullOf(6, 2, active(1, 2)...))
	b.expect(accounts, row33(1, 2))
	b.give(fullOf(2, 1, active(2, 7)...)) // a day before, later
	b.give(fullOf(7, 4, active(1)...))
	b.give(fullOf(3, 3, active(2)...))
	b.expect(accounts, row33(0, 2), row33(1, 2), row33(2, 1), row33(3, 1))
	b.expect(feedDays(store.FactFlow, []store.Column{store.ColFlow}, sum(store.MeasureFlows)),
		row0(0, store.FlowOpening, 2), row0(1, store.FlowNew, 1), row0(1, store.FlowMovedOut, 1), row0(2, store.FlowMovedOut, 1),
		row0(3, store.FlowNew, 1), row0(3, store.FlowMovedOut, 1))
}

func row0(span int, k store.FlowKind, n int64) store.Row { return row(span, key(uint64(k)), n) }

func testFactAccounts(t *testing.T, b *bench) {
	b.give(fullOf(1, 1, active(1, 2, 3)...))
	changes := file(c3.FeedChanges, 2, 4)
	changes.rows.Changes = []store.ChangeRow{
		{Line: 1, Account: 1, Op: c3.OpSuspend, AtMs: (feedDay + 1).Start() + hour, Reason: c3.ReasonArrears},
		{Line: 2, Account: 9, Op: c3.OpOpen, AtMs: (feedDay + 2).Start() + hour, City: 3302},
		{Line: 3, Account: 2, Op: c3.OpCancel, AtMs: (feedDay + 3).Start() + hour},
		{Line: 4, Account: 2, Op: c3.OpCancel, AtMs: (feedDay + 3).Start() + hour},
	}
	row1 := b.give(changes)
	if row1.Accepted != 3 || row1.Rejected != 1 || row1.Counts[c3.FaultDuplicate] != 1 {
		t.Errorf("changes are %+v", row1)
	}
	again := changes
	again.ID, again.VersionMs = [16]byte{3}, 3
	again.rows.Changes = []store.ChangeRow{changes.rows.Changes[0], changes.rows.Changes[1]}
	again.rows.Changes[1].City = 3303
	if r := b.give(again); r.Accepted != 1 || r.Repeated != 1 || r.Outcome != c3.OutcomeAccepted {
		t.Errorf("changes again are %+v", r)
	}
	by := []store.Column{store.ColCity, store.ColState}
	on, off, end := uint64(c3.StateActive), uint64(c3.StateSuspended), uint64(c3.StateCancelled)
	b.expect(feedDays(store.FactAccounts, by, sum(store.MeasureAccounts)),
		row(0, key(3301, on), 3),
		row(1, key(3301, on), 2), row(1, key(3301, off), 1),
		row(2, key(3301, on), 2), row(2, key(3301, off), 1), row(2, key(3303, on), 1),
		row(3, key(3301, on), 1), row(3, key(3301, off), 1), row(3, key(3301, end), 1), row(3, key(3303, on), 1))
	b.expect(feedDays(store.FactFlow, []store.Column{store.ColCity, store.ColFlow}, sum(store.MeasureFlows)),
		row(0, key(3301, uint64(store.FlowOpening)), 3), row(1, key(3301, uint64(store.FlowSuspended)), 1),
		row(2, key(3303, uint64(store.FlowNew)), 1), row(3, key(3301, uint64(store.FlowCancelled)), 1))
	q := feedDays(store.FactAccounts, nil, sum(store.MeasureAccounts))
	q.AllProvinces = false
	b.expect(q)
	q.Provinces = []aggregator.Province{43}
	b.expect(q)
	q.Hourly = true
	var bad *aggregator.Error
	if _, err := b.Query(context.Background(), q); !errors.As(err, &bad) || bad.Code != "bad_query" {
		t.Errorf("by hour: %v", err)
	}
}

func testUntold(t *testing.T, b *bench) {
	ctx := context.Background()
	f := func(d aggregator.Day, limit int, want ...store.Correction) {
		t.Helper()
		got, err := b.Untold(ctx, 33, feedDay+d-1, limit)
		if err != nil {
			t.Fatal(err)
		}
		b.same("untold", got, want)
	}
	b.give(fullOf(1, 1, active(1, 2, 3)...))
	f(1, 0) // the opening stock was not put right
	changes := file(c3.FeedChanges, 2, 2)
	changes.rows.Changes = []store.ChangeRow{{Line: 1, Account: 1, Op: c3.OpMoveOut, AtMs: (feedDay + 1).Start() + hour}}
	b.give(changes)
	b.give(fullOf(3, 2, append(active(2, 8), store.SubscriberRow{Account: 3, State: c3.StateSuspended, City: 3301})...))
	third := store.Correction{Account: 3, City: 3301, From: c3.StateActive, To: c3.StateSuspended}
	f(2, 0, third, store.Correction{Account: 8, City: 3301, To: c3.StateActive})
	f(2, 1, third)
	f(3, 0)
}

func testNumbers(t *testing.T, b *bench) {
	withBox := func(account uint64) store.SubscriberRow {
		return store.SubscriberRow{Account: account, State: c3.StateActive, City: 3301, STB: 55, OpenMs: 1000}
	}
	flows := feedDays(store.FactFlow, []store.Column{store.ColFlow}, sum(store.MeasureFlows))
	accounts := feedDays(store.FactAccounts, nil, sum(store.MeasureAccounts))
	b.give(fullOf(1, 1, withBox(10), active(1)[0]))
	b.give(fullOf(3, 3, withBox(20), active(1)[0])) // the number changed, nobody said so
	b.expect(flows, row0(0, store.FlowOpening, 2))
	b.expect(accounts, row33(0, 2), row33(1, 2), row33(2, 2))
	b.give(fullOf(2, 2, active(1)...)) // between them it was not there: it went and came
	b.expect(flows, row0(0, store.FlowOpening, 2), row0(1, store.FlowMovedOut, 1), row0(2, store.FlowMovedIn, 1))
	b.give(fullOf(12, 2, withBox(10), active(1)[0])) // and it was, says the better file
	b.expect(flows, row0(0, store.FlowOpening, 2))
	changes := file(c3.FeedChanges, 5, 4)
	changes.rows.Changes = []store.ChangeRow{{Line: 1, Account: 5, Old: 1, Op: c3.OpChangeNo, AtMs: (feedDay + 3).Start() + hour}}
	b.give(changes)
	b.give(fullOf(6, 4, withBox(20), active(5)[0]))
	b.expect(flows, row0(0, store.FlowOpening, 2))
	b.expect(accounts, row33(0, 2), row33(1, 2), row33(2, 2), row33(3, 2))
	b.give(fullOf(7, 5, active(5)...))
	got, err := b.Untold(context.Background(), 33, feedDay+4, 0)
	if err != nil {
		t.Fatal(err)
	}
	b.same("untold", got, []store.Correction{{Account: 20, City: 3301, From: c3.StateActive}})
}

// testNumberGivenAgain: a number that somebody gave up belongs to who takes it
// into use later, with the orders from then on.
func testNumberGivenAgain(t *testing.T, b *bench) {
	who := func(account, box uint64, city aggregator.City, open int64) store.SubscriberRow {
		return store.SubscriberRow{Account: account, State: c3.StateActive, City: city, STB: box, OpenMs: open}
	}
	at := func(d aggregator.Day) int64 { return (feedDay + d - 1).Start() + 10*hour }
	first, moved := who(10, 55, 3301, 1000), who(20, 55, 3301, 1000)
	other := who(10, 66, 3302, at(4))
	orders := file(c3.FeedOrders, 9, 5)
	orders.rows.Orders = []store.OrderRow{
		{Line: 1, ID: 1, Op: c3.OrderSub, Account: 10, Product: 70, AtMs: at(1), Fen: 100},
		{Line: 2, ID: 2, Op: c3.OrderSub, Account: 10, Product: 70, AtMs: at(3), Fen: 200}, // of before, told late
		{Line: 3, ID: 3, Op: c3.OrderSub, Account: 10, Product: 70, AtMs: at(5), Fen: 400},
	}
	b.give(orders)
	b.give(fullOf(5, 5, moved, other)) // the latest first
	b.give(fullOf(1, 1, first))
	b.give(fullOf(2, 2, moved))
	b.give(fullOf(4, 4, moved, other))
	b.give(fullOf(3, 3, moved))
	b.expect(feedDays(store.FactAccounts, []store.Column{store.ColCity}, sum(store.MeasureAccounts)),
		row(0, key(3301), 1), row(1, key(3301), 1), row(2, key(3301), 1),
		row(3, key(3301), 1), row(3, key(3302), 1), row(4, key(3301), 1), row(4, key(3302), 1))
	b.expect(feedDays(store.FactFlow, []store.Column{store.ColFlow}, sum(store.MeasureFlows)),
		row0(0, store.FlowOpening, 1), row0(3, store.FlowNew, 1))
	b.expect(feedDays(store.FactBill, []store.Column{store.ColCity}, sum(store.MeasureBillFen)),
		row(0, key(3301), 100), row(2, key(3301), 200), row(4, key(3302), 400))
	// The other one leaves; who had the number before stays.
	b.give(fullOf(6, 6, moved))
	got, err := b.Untold(context.Background(), 33, feedDay+5, 0)
	if err != nil {
		t.Fatal(err)
	}
	b.same("untold", got, []store.Correction{{Account: 10, City: 3302, From: c3.StateActive}})
}

func testFactBill(t *testing.T, b *bench) {
	at := func(d aggregator.Day) int64 { return (feedDay + d - 1).Start() + 12*hour }
	orders := file(c3.FeedOrders, 1, 2)
	orders.rows.Orders = []store.OrderRow{
		{Line: 1, ID: 1, Op: c3.OrderSub, Account: 1, Product: 70, AtMs: at(2), Fen: 1990, Pay: c3.PayBill},
		{Line: 2, ID: 1, Op: c3.OrderRefund, Account: 1, Product: 70, AtMs: at(3), Fen: 1990, Pay: c3.PayBill},
		{Line: 3, ID: 2, Op: c3.OrderSub, Account: 1, Product: 70, AtMs: at(2) + 1, Fen: 10, Pay: c3.PayBill, Provider: 6},
		{Line: 4, ID: 3, Op: c3.OrderSingle, Account: 404, Product: 71, AtMs: at(2), Fen: 600, Pay: c3.PayWechat},
		{Line: 5, ID: 3, Op: c3.OrderSingle, Account: 404, Product: 71, AtMs: at(2), Fen: 700},
	}
	if r := b.give(orders); r.Accepted != 4 || r.Rejected != 1 {
		t.Errorf("orders are %+v", r)
	}
	by := []store.Column{store.ColCity, store.ColProduct, store.ColProvider, store.ColPay, store.ColOp}
	q := feedDays(store.FactBill, by, sum(store.MeasureBillOrders, store.MeasureBillFen))
	bill, sub, refund := uint64(c3.PayBill), uint64(c3.OrderSub), uint64(c3.OrderRefund)
	single := row(1, key(0, 71, 0, uint64(c3.PayWechat), uint64(c3.OrderSingle)), 1, 600)
	b.expect(q, row(1, key(0, 70, 0, bill, sub), 1, 1990), row(1, key(0, 70, 6, bill, sub), 1, 10), single, row(2, key(0, 70, 0, bill, refund), 1, 1990))
	products := file(c3.FeedProducts, 2, 1)
	products.rows.Products = []store.ProductRow{{Line: 1, Code: 70, Provider: 5, Fen: 1990}}
	b.give(products)
	b.expect(q, row(1, key(0, 70, 5, bill, sub), 1, 1990), row(1, key(0, 70, 6, bill, sub), 1, 10), single, row(2, key(0, 70, 5, bill, refund), 1, 1990))
	b.give(fullOf(3, 1, active(1)...)) // now it is known where it stood
	moved := file(c3.FeedChanges, 4, 2)
	moved.rows.Changes = []store.ChangeRow{{Line: 1, Account: 1, Op: c3.OpChangeCity, City: 3302, AtMs: at(2) + 1}}
	b.give(moved)
	b.expect(q, single, row(1, key(3301, 70, 5, bill, sub), 1, 1990), row(1, key(3302, 70, 6, bill, sub), 1, 10), row(2, key(3302, 70, 5, bill, refund), 1, 1990))
	// A later version moves an order to another day; an older one does nothing.
	later, older := orders, orders
	later.ID, later.VersionMs = [16]byte{8}, 8
	later.rows.Orders = []store.OrderRow{{Line: 1, ID: 2, Op: c3.OrderSub, Account: 1, Product: 70, AtMs: at(4), Fen: 10, Pay: c3.PayBill, Provider: 6}}
	b.give(later)
	older.ID, older.VersionMs = [16]byte{7}, 0
	older.rows.Orders = later.rows.Orders[:1:1]
	older.rows.Orders[0].Fen = 1
	if r := b.give(older); r.Repeated != 1 || r.Accepted != 0 {
		t.Errorf("older orders are %+v", r)
	}
	b.expect(q, single, row(1, key(3301, 70, 5, bill, sub), 1, 1990), row(2, key(3302, 70, 5, bill, refund), 1, 1990), row(3, key(3302, 70, 6, bill, sub), 1, 10))
}

// testFilesOfYears: whatever is asked and however few are wanted, the latest come
// first, also after long gaps and where several came at one moment.
func testFilesOfYears(t *testing.T, b *bench) {
	ctx := context.Background()
	var all []store.File
	for i, back := range []int64{0, 0, 0, 1, 2, 2, 3, 7, 8, 9, 9, 60, 64, 65, 400, 511, 513, 1100, 1100, 4000} {
		f := store.File{ID: [16]byte{byte(i * 37), byte(i)}, Province: []aggregator.Province{33, 43, 44}[i%3], Feed: c3.FeedOrders, Name: "x",
			Day: aggregator.DayOf(now - back*aggregator.DayMs), ReceivedMs: now - back*aggregator.DayMs}
		r := c3.Receipt{Province: f.Province, Feed: f.Feed, Day: f.Day, Outcome: c3.OutcomeRefused, Faults: []c3.Fault{{Code: c3.FaultUnknown}}}
		if i%4 == 1 {
			r.Outcome = c3.OutcomeWaiting
		}
		if err := b.Note(ctx, f, r); err != nil {
			t.Fatal(err)
		}
		all = append(all, f)
	}
	slices.SortFunc(all, func(x, y store.File) int {
		return cmp.Or(cmp.Compare(y.ReceivedMs, x.ReceivedMs), bytes.Compare(x.ID[:], y.ID[:]))
	})
	f := func(q store.FileQuery, in func(store.File) bool) {
		t.Helper()
		for _, limit := range []int{1, 2, 3, 4, 7, 12, 19, 20, 21, 0} {
			q.Limit = limit
			var want, got []store.File
			for _, f := range all {
				if in(f) && (limit == 0 || len(want) < limit) {
					want = append(want, f)
				}
			}
			for _, r := range must(b.Files(ctx, q)) {
				got = append(got, r.File)
			}
			b.same(fmt.Sprintf("%+v", q), got, want)
		}
	}
	everyone := aggregator.Scope{All: true}
	f(store.FileQuery{Scope: everyone}, func(store.File) bool { return true })
	f(store.FileQuery{Scope: aggregator.Scope{Provinces: []aggregator.Province{33, 44}}}, func(f store.File) bool { return f.Province != 43 })
	f(store.FileQuery{Scope: everyone, Outcomes: []c3.Outcome{c3.OutcomeWaiting}}, func(f store.File) bool { return f.ID[1]%4 == 1 })
	from, to := aggregator.DayOf(now-65*aggregator.DayMs), aggregator.DayOf(now-8*aggregator.DayMs)
	f(store.FileQuery{Scope: everyone, From: from, To: to}, func(f store.File) bool { return from <= f.Day && f.Day <= to })
	f(store.FileQuery{Scope: everyone, Feed: c3.FeedProducts}, func(store.File) bool { return false })
	f(store.FileQuery{}, func(store.File) bool { return false })
}
