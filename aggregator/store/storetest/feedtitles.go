package storetest

import (
	"context"
	"errors"
	"testing"
	"time"

	"iptvdc/aggregator"
	"iptvdc/aggregator/c3"
	"iptvdc/aggregator/store"
)

// A catalogue, by example.

func catalogue(id byte, objects []store.ObjectRow, mappings ...store.MappingRow) feedFile {
	f := file(c3.FeedCatalogue, id, 1)
	line := int64(0)
	for _, o := range objects {
		line++
		o.Line = line
		f.rows.Objects = append(f.rows.Objects, o)
	}
	for _, m := range mappings {
		line++
		m.Line = line
		f.rows.Mappings = append(f.rows.Mappings, m)
	}
	for k, text := range []string{"", "ep1", "ep2", "show", "cctv1", "name"} {
		f.rows.Codes = append(f.rows.Codes, store.Code{Key: uint64(k), Text: text})
	}
	return f
}

func thing(e c3.Element, code uint64, n store.Normal) store.ObjectRow {
	return store.ObjectRow{Element: e, Code: code, Name: 5, Normal: n}
}

func episode(series, code uint64) store.MappingRow {
	return store.MappingRow{Parent: c3.ElementSeries, ParentCode: series, Child: c3.ElementProgram, ChildCode: code}
}

func testTitles(t *testing.T, b *bench) {
	series := store.Normal{Genre: 11, SubGenre: 12, Place: 13, Provider: 14, Definition: 2, DurationS: 9}
	sent := []c3.Property{{Name: "Name", Value: "一"}, {Name: "Name", Language: "en", Value: "<One>"}}
	first := thing(c3.ElementProgram, 1, store.Normal{DurationS: 2700})
	first.Properties = sent
	f := catalogue(1, []store.ObjectRow{first, thing(c3.ElementProgram, 2, store.Normal{Genre: 77}), thing(c3.ElementSeries, 3, series),
		thing(c3.ElementChannel, 4, store.Normal{}), thing(c3.ElementMovie, 9, store.Normal{})}, episode(3, 1), episode(3, 2))
	if r := b.give(f); r.Accepted != 7 || r.Outcome != c3.OutcomeAccepted {
		t.Errorf("the catalogue is %+v", r)
	}
	title := func(e c3.Element, code, series string, n store.Normal, p []c3.Property) store.TitleRow {
		return store.TitleRow{Province: 33, Element: e, Code: code, Name: "name", Series: series, Normal: n, Properties: p}
	}
	want := map[string]store.TitleRow{
		"331ep1":   title(c3.ElementProgram, "ep1", "show", store.Normal{Genre: 11, SubGenre: 12, Place: 13, Provider: 14, Definition: 2, DurationS: 2700}, sent),
		"331ep2":   title(c3.ElementProgram, "ep2", "show", store.Normal{Genre: 77, Place: 13, Provider: 14, Definition: 2}, nil),
		"332show":  title(c3.ElementSeries, "show", "", series, nil),
		"334cctv1": title(c3.ElementChannel, "cctv1", "", store.Normal{}, nil),
	}
	b.same("titles", titlesOf(b, b.Store), want)
	stop := errors.New("enough")
	if err := b.Titles(context.Background(), aggregator.Scope{All: true}, func(store.TitleRow) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("Titles = %v, want the caller's error", err)
	}
	for _, s := range []aggregator.Scope{{}, {Provinces: []aggregator.Province{43}}} {
		if err := b.Titles(context.Background(), s, func(r store.TitleRow) error { return errors.New(r.Code) }); err != nil {
			t.Errorf("scope %v sees title %v", s, err)
		}
	}

	// The same again is no news, also from a later file; other words are.
	again := f
	again.ID, again.VersionMs = [16]byte{2}, 2
	if r := b.give(again); r.Repeated != 7 || r.Accepted != 0 {
		t.Errorf("the same again is %+v", r)
	}
	b.same("titles", titlesOf(b, b.Store), want)

	// A series that was deleted and is back has lost its episodes, and one whose
	// mapping comes later has it.
	back := thing(c3.ElementSeries, 3, series)
	gone := back
	gone.Deleted = true
	b.give(catalogue(5, []store.ObjectRow{gone, back}, episode(3, 2)))
	alone := want["331ep1"]
	alone.Series, alone.Normal = "", store.Normal{DurationS: 2700}
	want["331ep1"] = alone
	b.same("titles", titlesOf(b, b.Store), want)
	b.give(catalogue(4, nil, episode(3, 1))) // older than the deletion
	b.same("titles", titlesOf(b, b.Store), want)
	if r := b.give(catalogue(6, []store.ObjectRow{gone})); r.Accepted != 1 {
		t.Errorf("the deletion is %+v", r)
	}
	second := want["331ep2"]
	second.Series, second.Normal = "", store.Normal{Genre: 77}
	want["331ep2"] = second
	delete(want, "332show")
	b.same("titles", titlesOf(b, b.Store), want)
}

func testContentColumns(t *testing.T, b *bench) {
	b.give(catalogue(1, []store.ObjectRow{
		thing(c3.ElementProgram, 1, store.Normal{}), thing(c3.ElementSeries, 3, store.Normal{Genre: 11, SubGenre: 12, Place: 13, Provider: 14, Definition: 2}),
		thing(c3.ElementSeries, 1, store.Normal{Genre: 99}), // the programme answers
	}, episode(3, 1)))
	view := func(s store.Stamp, content uint64) store.View {
		return store.View{Stamp: s, DurationMs: 4000, Speed: 100, Content: content}
	}
	b.put(store.Block{
		Views:  []store.View{view(at(1, now), 1), view(at(1, now), 3), view(at(1, now), 8), view(at(1, now), 0), view(in43(at(1, now)), 1)},
		Clicks: []store.Click{{Stamp: at(1, now), Content: 1}}, OrderPages: []store.OrderPage{{Stamp: at(1, now), Content: 1}},
		Playbacks: []store.Playback{{Stamp: at(1, now), Content: 1}}, Impressions: []store.Impression{{Stamp: at(1, now), Content: 1, Sight: 1}},
	})
	b.settle()
	q := daily(store.FactView, append([]store.Column{store.ColProvince}, store.ContentColumns...), sum(store.MeasurePlays))
	b.expect(q, row(0, key(33, 0, 0, 0, 0, 0, 0, 0), 2), row(0, key(33, 11, 12, 13, 3, 14, 2, 0), 2), row(0, key(43, 0, 0, 0, 0, 0, 0, 0), 1))
	q.GroupBy = []store.Column{store.ColContent}
	q.Filters = []store.Filter{{Column: store.ColGenre, In: key(11)}, {Column: store.ColMaker, In: key(14, 15)}}
	b.expect(q, row(0, key(1), 1), row(0, key(3), 1))
	for f, m := range map[store.Fact]store.Measure{store.FactClick: store.MeasureClicks, store.FactOrderPage: store.MeasureOrderPages,
		store.FactPlayback: store.MeasureMeasured, store.FactImpression: store.MeasureImpressions} {
		b.expect(daily(f, []store.Column{store.ColSeries, store.ColGenre}, sum(m)), row(0, key(3, 11), 1))
		hour := hourly(f, []store.Column{store.ColPlace}, sum(m))
		hour.Limit = 1
		b.expect(hour, row(1, key(13), 1))
	}
	var bad *aggregator.Error
	if _, err := b.Query(context.Background(), daily(store.FactBox, []store.Column{store.ColGenre}, sum(store.MeasureClicks))); !errors.As(err, &bad) {
		t.Errorf("boxes by genre: %v", err)
	}
}

func testRenormalise(t *testing.T, b *bench) {
	one := thing(c3.ElementProgram, 1, store.Normal{Genre: 1})
	one.Properties = []c3.Property{{Name: "Genre", Value: "剧"}}
	sub := thing(c3.ElementCategory, 8, store.Normal{})
	sub.Parent = 4
	gone := thing(c3.ElementSeries, 3, store.Normal{})
	gone.Deleted = true
	b.give(catalogue(1, []store.ObjectRow{one, sub, gone}))
	asked := 0
	b.put(store.Block{Codes: []store.Code{{Key: 43, Text: "told before"}}})
	f := func(codes []store.Code, p aggregator.Province, o *c3.Object) (store.Normal, []store.Code) {
		asked++
		if p != 33 || o.Verb != c3.VerbRegister || o.Element == c3.ElementProgram && (o.Code != "ep1" || c3.Get(o.Properties, "genre") != "剧") ||
			o.Element == c3.ElementCategory && o.ParentCode != "cctv1" {
			t.Errorf("asked of %v %+v", p, o)
		}
		n := store.Normal{Genre: 42, Place: 43, DurationS: 60, Version: 9, Definition: 3}
		return n, append(codes, store.Code{Key: 42, Text: "a new genre"}, store.Code{Key: 43, Text: "said otherwise"})
	}
	if err := b.Renormalise(context.Background(), f); err != nil || asked != 2 {
		t.Fatalf("Renormalise = %v, asked of %d", err, asked)
	}
	got := titlesOf(b, b.Store)
	b.same("normal", got["331ep1"].Normal, store.Normal{Genre: 42, Place: 43, DurationS: 60, Version: 9, Definition: 3})
	b.same("codes", must(b.Codes(context.Background(), []uint64{42, 43})), map[uint64]string{42: "a new genre", 43: "told before"})
	b.same("properties", got["331ep1"].Properties, one.Properties)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := b.Renormalise(ctx, f); err == nil {
		t.Error("Renormalise under a cancelled context succeeded")
	}
}

func testLabels(t *testing.T, b *bench) {
	ctx := context.Background()
	film := store.Label{Column: store.ColGenre, Key: 1, ZH: "电影", EN: "Film"}
	italy := store.Label{Column: store.ColPlace, Key: 1, ZH: "意大利", EN: "It's Italy"}
	old := store.Label{Column: store.ColGenre, Key: 2, ZH: "旧", EN: "Old"}
	f := func(c store.Column, keys []uint64, want map[uint64]store.Label) {
		t.Helper()
		b.same("labels of "+string(c), must(b.Labels(ctx, c, keys)), want)
	}
	f(store.ColGenre, []uint64{1}, map[uint64]store.Label{})
	if err := b.SetLabels(ctx, []store.Label{old, {Column: store.ColGenre, Key: 1, ZH: "片", EN: "A film"}, italy, film}); err != nil {
		t.Fatal(err)
	}
	f(store.ColGenre, []uint64{1, 2, 3}, map[uint64]store.Label{1: film, 2: old})
	f(store.ColPlace, []uint64{1, 2}, map[uint64]store.Label{1: italy})
	f(store.ColGenre, nil, map[uint64]store.Label{})
	f(store.ColMaker, []uint64{1}, map[uint64]store.Label{})
	// They are replaced, all of them.
	if err := b.SetLabels(ctx, []store.Label{film}); err != nil {
		t.Fatal(err)
	}
	cancelled, cancel := context.WithCancel(ctx)
	cancel()
	if err := b.SetLabels(cancelled, nil); err == nil {
		t.Error("SetLabels under a cancelled context succeeded")
	}
	if !b.engine.Forgets {
		if err := b.Shutdown(); err != nil {
			t.Fatal(err)
		}
		b.Store = b.engine.Open(t, b.dir)
		f(store.ColGenre, []uint64{1, 2}, map[uint64]store.Label{1: film})
	}
	f(store.ColPlace, []uint64{1}, map[uint64]store.Label{})
}

func testFeedCancelled(t *testing.T, b *bench) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := b.Stage(ctx, fullOf(1, 1).File); err == nil {
		t.Error("Stage under a cancelled context succeeded")
	}
	st := must(b.Stage(context.Background(), fullOf(1, 1).File))
	if err := st.Add(context.Background(), &store.FeedRows{Subscribers: active(1, 2)}); err != nil {
		t.Fatal(err)
	}
	if _, err := st.Commit(ctx, store.Verdict{Records: 2}); !errors.Is(err, context.Canceled) {
		t.Errorf("Commit under a cancelled context: %v", err)
	}
	b.expect(feedDays(store.FactAccounts, nil, sum(store.MeasureAccounts)))
	if r := b.give(fullOf(1, 1, active(1, 2)...)); r.Accepted != 2 {
		t.Errorf("given again it is %+v", r)
	}
	// Cancelled at some moment of it, a file is in or is not; the store goes on
	// either way.
	ref := Memory()
	if err := ref.(*memory).give(fullOf(1, 1, active(1, 2)...)); err != nil {
		t.Fatal(err)
	}
	for i := range byte(12) {
		f := fullOf(10+i, aggregator.Day(2+i%4), active(1, uint64(5+i))...)
		st := must(b.Stage(context.Background(), f.File))
		if err := st.Add(context.Background(), &f.rows); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(context.Background(), time.Duration(i)*4*time.Millisecond)
		_, err := st.Commit(ctx, store.Verdict{Records: 2, MaxShrink: 100})
		cancel()
		if err == nil {
			err = ref.(*memory).give(f)
		} else if errors.Is(err, context.DeadlineExceeded) {
			err = nil
		}
		if err != nil {
			t.Fatal(err)
		}
		b.sameFeeds(ref)
	}
}

func testFeedReopen(t *testing.T, b *bench) {
	if b.engine.Forgets {
		t.Skip("this store forgets")
	}
	ref := Memory()
	take := func(f feedFile) {
		t.Helper()
		b.give(f)
		if err := ref.(*memory).give(f); err != nil {
			t.Fatal(err)
		}
	}
	take(fullOf(1, 1, active(1, 2, 3)...))
	take(catalogue(2, []store.ObjectRow{thing(c3.ElementProgram, 1, store.Normal{Genre: 4})}))
	st := must(b.Stage(context.Background(), fullOf(3, 2).File))
	if err := errors.Join(st.Add(context.Background(), &store.FeedRows{Subscribers: active(9)}), st.Discard(), b.Shutdown()); err != nil {
		t.Fatal(err)
	}
	b.Store = b.engine.Open(t, b.dir)
	b.sameFeeds(ref)
	take(fullOf(4, 2, active(1, 3)...))
	b.sameFeeds(ref)
}
