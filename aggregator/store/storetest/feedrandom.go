package storetest

import (
	"context"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	"iptvdc/aggregator"
	"iptvdc/aggregator/c3"
	"iptvdc/aggregator/store"
)

// feedFile is a file with its rows.
type feedFile struct {
	store.File
	rows store.FeedRows
}

// testFeedOrders gives the store the same files in another order than the
// reference, some of them again, and asks both the same. STORETEST_SEED replays
// a run.
func testFeedOrders(t *testing.T, b *bench) {
	seed := uint64(time.Now().UnixNano())
	if s := os.Getenv("STORETEST_SEED"); s != "" {
		seed = must(strconv.ParseUint(s, 10, 64))
	}
	t.Logf("STORETEST_SEED=%d", seed)
	g := &maker{r: rand.New(rand.NewPCG(seed, 1))}
	ref := Memory()
	n := 25
	if testing.Short() {
		n = 8
	}
	files := g.files(n)
	told := g.boxOrders(30)
	b.insert(told, true)
	ref.(*memory).hear(t, told)
	for _, f := range files {
		if err := ref.(*memory).give(f); err != nil {
			t.Fatal(err)
		}
	}
	g.r.Shuffle(len(files), func(i, j int) { files[i], files[j] = files[j], files[i] })
	for i, f := range files {
		b.give(f)
		if i > 0 && g.r.IntN(5) == 0 {
			b.give(files[g.r.IntN(i)])
		}
		if g.r.IntN(4) == 0 { // what is so far is right too
			other := Memory()
			other.(*memory).hear(t, told)
			for _, f := range files[:i+1] {
				if err := other.(*memory).give(f); err != nil {
					t.Fatal(err)
				}
			}
			b.sameFeeds(other)
		}
	}
	b.sameFeeds(ref)
}

// testOpeningStock gives one first full file with accounts of every sort; engines
// may have a way of their own for it. Then comes the file of the day before.
func testOpeningStock(t *testing.T, b *bench) {
	start := feedDay.Start()
	times := []int64{0, start - 1, start, start + 5*hour, start + 6*hour, start + aggregator.DayMs - 1, start + aggregator.DayMs}
	var rows []store.SubscriberRow
	for state := range 5 {
		for _, open := range times {
			for _, suspend := range times {
				for _, cancel := range times {
					rows = append(rows, store.SubscriberRow{Account: uint64(len(rows) + 1), State: c3.State(state), Reason: c3.Reason(len(rows) % 3), City: aggregator.City(3301 + len(rows)%2),
						OpenMs: open, SuspendMs: suspend, CancelMs: cancel, Product: uint64(len(rows) % 4), STB: uint64(len(rows) % 50), Net: 1})
				}
			}
		}
	}
	ref := Memory()
	for _, f := range []feedFile{fullOf(2, 1, slices.Clone(rows)...), fullOf(1, 0, slices.Clone(rows[:len(rows)/2+200])...)} {
		if err := ref.(*memory).give(f); err != nil {
			t.Fatal(err)
		}
		b.give(f)
		b.sameFeeds(ref)
	}
}

// give takes a file in without judging its size.
func (m *memory) give(f feedFile) error {
	st, err := m.Stage(context.Background(), f.File)
	if err == nil {
		err = st.Add(context.Background(), &f.rows)
	}
	if err == nil {
		_, err = st.Commit(context.Background(), store.Verdict{Records: int64(f.rows.Rows()), MaxShrink: 100})
	}
	return err
}

// hear inserts what boxes told.
func (m *memory) hear(t *testing.T, b *store.Block) {
	t.Helper()
	if _, err := m.Insert(context.Background(), b); err != nil {
		t.Fatal(err)
	}
}

func (b *bench) give(f feedFile) store.FileRow {
	b.Helper()
	return b.judge(f, store.Verdict{Records: int64(f.rows.Rows()), MaxShrink: 100})
}

// judge takes a file in, in two pieces.
func (b *bench) judge(f feedFile, v store.Verdict) store.FileRow {
	b.Helper()
	ctx := context.Background()
	st, err := b.Stage(ctx, f.File)
	if err != nil {
		b.Fatalf("Stage: %v", err)
	}
	first := f.rows
	first.Codes, first.Mappings = nil, nil
	if err := st.Add(ctx, &first); err != nil {
		b.Fatalf("Add: %v", err)
	}
	if err := st.Add(ctx, &store.FeedRows{Codes: f.rows.Codes, Mappings: f.rows.Mappings}); err != nil {
		b.Fatalf("Add: %v", err)
	}
	row, err := st.Commit(ctx, v)
	if err != nil {
		b.Fatalf("Commit: %v", err)
	}
	if err := st.Discard(); err != nil {
		b.Fatalf("Discard after Commit: %v", err)
	}
	if sum := row.Accepted + row.Rejected + row.Repeated; row.In() && sum != row.Records {
		b.Fatalf("%d records, but %d accepted, %d rejected, %d repeated", row.Records, row.Accepted, row.Rejected, row.Repeated)
	}
	return row
}

var feedProvinces = []aggregator.Province{33, 43}

// feedDay is the first of the days that files of tests speak of.
var feedDay = must(aggregator.ParseDay("2026-05-01"))

// sameFeeds compares all that files leave with the reference.
func (b *bench) sameFeeds(ref store.Store) {
	b.Helper()
	ctx := context.Background()
	if b.engine.Books != nil {
		for _, p := range feedProvinces {
			got := b.engine.Books(b, b.Store, p)
			want := booksOf(ref, p)
			sortBooks(got)
			sortBooks(want)
			b.same("books", got, want)
		}
	}
	for f := store.Fact(store.EventFacts); f < store.Facts; f++ {
		q := allDays(f)
		b.same("the rows of "+store.ShapeOf(f).Name, b.query(q), must(ref.Query(ctx, q)))
	}
	for _, p := range feedProvinces {
		for d := feedDay - 5; d < feedDay+15; d++ {
			got, err := b.Untold(ctx, p, d, 0)
			if err != nil {
				b.Fatal(err)
			}
			b.same("untold", got, must(ref.Untold(ctx, p, d, 0)))
		}
	}
	b.same("titles", titlesOf(b, b.Store), titlesOf(b, ref))
	all, codes := aggregator.Scope{All: true}, []uint64{1, 2, 3, 4}
	b.same("products", must(b.Products(ctx, all, codes)), must(ref.Products(ctx, all, codes)))
}

// allDays asks for every row of a fact of files.
func allDays(f store.Fact) store.Query {
	shape := store.ShapeOf(f)
	q := store.Query{Fact: f, AllProvinces: true, GroupBy: shape.Dimensions}
	for d := feedDay - 5; d < feedDay+15; d++ {
		q.Spans = append(q.Spans, store.Span{From: int32(d), To: int32(d) + 1})
	}
	for _, m := range shape.Measures {
		q.Values = append(q.Values, store.Value{Measure: m})
	}
	return q
}

func titlesOf(t testing.TB, s store.Store) map[string]store.TitleRow {
	t.Helper()
	all := map[string]store.TitleRow{}
	err := s.Titles(context.Background(), aggregator.Scope{All: true}, func(r store.TitleRow) error {
		key := r.Province.String() + strconv.Itoa(int(r.Element)) + r.Code
		if _, twice := all[key]; twice {
			t.Errorf("title %s came twice", key)
		}
		all[key] = r
		return nil
	})
	if err != nil {
		t.Fatalf("Titles: %v", err)
	}
	return all
}

// booksOf returns the reference's books.
func booksOf(ref store.Store, p aggregator.Province) []Book {
	m := ref.(*memory)
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.book(p).all)
}

// boxOrders makes a block of what boxes tell of the orders that files tell of.
func (g *maker) boxOrders(n int) *store.Block {
	b := &store.Block{ID: [16]byte{250}}
	for i := range n {
		b.Orders = append(b.Orders, store.Order{
			Stamp:   store.Stamp{Province: feedProvinces[i%2], Box: g.one(3), Boot: 1, MonoMs: int64(i), AtMs: g.when()},
			OrderID: g.one(10), Product: 1 + g.one(3), Fen: int64(g.one(3)) * 995, Result: uint8(g.r.IntN(5)),
		})
	}
	return b
}

// files makes files of all feeds that say much of the same things.
func (g *maker) files(n int) []feedFile {
	var all []feedFile
	for i := range n {
		f := feedFile{File: store.File{ID: [16]byte{byte(1 + g.r.IntN(200)), byte(i)}, Province: feedProvinces[min(1, g.r.IntN(4))%2], Feed: c3.Feed(1 + g.r.IntN(5)),
			Name: "file " + strconv.Itoa(i), Day: feedDay + aggregator.Day(g.r.IntN(7)), VersionMs: int64(g.r.IntN(8)), ReceivedMs: int64(i), Bytes: 100}}
		if g.r.IntN(2) == 0 {
			f.Feed = c3.FeedSubscribers
		}
		g.fill(&f)
		all = append(all, f)
	}
	return all
}

// when is a moment near the edges of the days that files speak of, often one and
// the same.
func (g *maker) when() int64 {
	d := feedDay + aggregator.Day(g.r.IntN(10)-2)
	return d.Start() + []int64{0, 1, 10 * hour, 23*hour + 59*minute, aggregator.DayMs - 1}[g.r.IntN(5)]
}

func (g *maker) maybe(ms int64) int64 {
	if g.r.IntN(2) == 0 {
		return 0
	}
	return ms
}

func (g *maker) fill(f *feedFile) {
	line := int64(0)
	next := func() int64 { line++; return line }
	city := func() aggregator.City {
		return []aggregator.City{0, aggregator.City(f.Province)*100 + 1, aggregator.City(f.Province)*100 + 2}[g.r.IntN(3)]
	}
	switch f.Feed {
	case c3.FeedSubscribers:
		for account := range uint64(9) {
			if g.r.IntN(3) == 0 {
				continue
			}
			r := store.SubscriberRow{Line: next(), Account: 100 + account, State: c3.StateActive, City: aggregator.City(f.Province)*100 + 1, OpenMs: feedDay.Start() - 1000*hour, STB: 7 + account/3}
			if g.r.IntN(2) == 0 {
				r = store.SubscriberRow{Line: line, Account: 100 + account, State: c3.State(1 + g.r.IntN(4)), Reason: c3.Reason(g.r.IntN(3)), City: city(),
					OpenMs: g.maybe(g.when()), SuspendMs: g.maybe(g.when()), CancelMs: g.maybe(g.when()), Product: g.one(3), STB: g.one(3), Net: g.one(2)}
			}
			f.rows.Subscribers = append(f.rows.Subscribers, r)
			if g.r.IntN(20) == 0 {
				r.Line = next()
				r.State = c3.StateActive
				f.rows.Subscribers = append(f.rows.Subscribers, r)
			}
		}
	case c3.FeedChanges:
		for range g.r.IntN(12) {
			r := store.ChangeRow{Line: next(), Account: 100 + g.one(10), Op: c3.Op(1 + g.r.IntN(10)), AtMs: g.when(), Reason: c3.Reason(g.r.IntN(3)), City: city()}
			switch r.Op {
			case c3.OpChangeNo:
				r.Old = 100 + g.one(10)
			case c3.OpChangeSTB, c3.OpChangePlan:
				r.New = g.one(3)
			}
			f.rows.Changes = append(f.rows.Changes, r)
		}
	case c3.FeedOrders:
		for range g.r.IntN(15) {
			f.rows.Orders = append(f.rows.Orders, store.OrderRow{Line: next(), ID: g.one(10), Op: c3.OrderOp(1 + g.r.IntN(5)), Account: 100 + g.one(10), Product: 1 + g.one(3),
				Provider: g.one(2), AtMs: g.when(), ToMs: g.maybe(g.when() + 9*aggregator.DayMs - int64(g.one(3))*5*aggregator.DayMs), Fen: []int64{0, 995, 1990, c3.AtPrice}[g.one(4)], Pay: c3.Pay(g.one(3))})
		}
	case c3.FeedProducts:
		for range 1 + g.r.IntN(4) {
			f.rows.Products = append(f.rows.Products, store.ProductRow{Line: next(), Code: 1 + g.one(3), Name: g.one(2), Type: c3.ProductType(1 + g.one(4)), Fen: 995 * int64(g.one(3)), Provider: g.one(3), ShareBP: int32(g.one(3)) * 3333})
		}
	case c3.FeedCatalogue:
		code := func() uint64 { return 1 + g.one(4) }
		for range g.r.IntN(12) {
			r := store.ObjectRow{Line: next(), Element: []c3.Element{c3.ElementProgram, c3.ElementSeries, c3.ElementChannel, c3.ElementMovie, c3.ElementPackage}[g.r.IntN(5)], Code: code(), Name: g.one(3),
				Deleted: g.r.IntN(4) == 0, Normal: store.Normal{Genre: g.one(3), SubGenre: g.one(3), Place: g.one(2), Provider: g.one(2), Definition: uint8(g.one(3)), DurationS: []int32{0, 1, 700, 5400}[g.r.IntN(4)]}}
			if !r.Deleted && g.r.IntN(2) == 0 {
				r.Properties = []c3.Property{{Name: "Name", Value: "<名>"}, {Name: "Kind", Language: "zh", Value: strconv.Itoa(g.r.IntN(2))}}
			}
			f.rows.Objects = append(f.rows.Objects, r)
			if g.r.IntN(2) == 0 {
				f.rows.Mappings = append(f.rows.Mappings, store.MappingRow{Line: next(), Parent: c3.ElementSeries, ParentCode: code(), Child: c3.ElementProgram, ChildCode: code(), Deleted: g.r.IntN(5) == 0})
			}
		}
		g.packages(f, next)
		g.schedules(f, next)
		for k := range uint64(6) {
			f.rows.Codes = append(f.rows.Codes, store.Code{Key: k + 1, Text: "code " + strconv.Itoa(int(k+1))})
		}
	}
}
