package storetest

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"testing"

	"iptvdc/aggregator"
	"iptvdc/aggregator/c3"
	"iptvdc/aggregator/store"
	"iptvdc/protocol"
)

// packaged reports whether a row's content or channel is in one of the packages.
func (m *memory) packaged(q *store.Query, r *factRow, packages []uint64) bool {
	p, content := aggregator.Province(value(q.Fact, r, store.ColProvince)), value(q.Fact, r, store.ColContent)
	for _, e := range []c3.Element{c3.ElementProgram, c3.ElementSeries, c3.ElementChannel} {
		if m.holds(p, packages, objectKey{p, e, content}) {
			return true
		}
	}
	return slices.Contains(store.ShapeOf(q.Fact).Dimensions, store.ColChannel) &&
		m.holds(p, packages, objectKey{p, c3.ElementChannel, value(q.Fact, r, store.ColChannel)})
}

// holds reports whether a live thing is in one of a province's packages, by itself or
// by its series.
func (m *memory) holds(p aggregator.Province, packages []uint64, thing objectKey) bool {
	titles := m.live(p)
	title, lives := titles[thing]
	for k, mapping := range m.mappings {
		if k.parent.province != p || k.parent.element != c3.ElementPackage || !slices.Contains(packages, k.parent.code) || mapping.row.Deleted ||
			m.deleted[k.parent].after(mapping.version) || m.deleted[k.child].after(mapping.version) {
			continue
		}
		pack, told := m.objects[k.parent]
		if _, there := titles[k.child]; !lives || !told || pack.row.Deleted || !there {
			continue
		}
		if k.child == thing || k.child.element == c3.ElementSeries && thing.element == c3.ElementProgram && title.series == k.child.code {
			return true
		}
	}
	return false
}

func (m *memory) Products(ctx context.Context, scope aggregator.Scope, codes []uint64) ([]store.ProductInfo, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	found := map[productKey]store.ProductInfo{}
	tell := func(p aggregator.Province, code uint64, change func(*store.ProductInfo)) {
		if scope.Sees(p) && slices.Contains(codes, code) {
			k := productKey{p, code}
			one := found[k]
			one.Province, one.Code = p, code
			change(&one)
			found[k] = one
		}
	}
	for k, o := range m.objects {
		if k.element == c3.ElementPackage && !o.row.Deleted {
			tell(k.province, k.code, func(one *store.ProductInfo) {
				one.Name = m.codes[o.row.Name]
				for t := range m.live(k.province) {
					if t.element != c3.ElementSeries && m.holds(k.province, []uint64{k.code}, t) {
						one.Contents++
					}
				}
			})
		}
	}
	for k, p := range m.products {
		tell(k.province, k.code, func(one *store.ProductInfo) {
			one.Name, one.Type = cmp.Or(m.codes[p.row.Name], one.Name), p.row.Type
		})
	}
	var all []store.ProductInfo
	for _, one := range found {
		if one.Name != "" || one.Contents > 0 {
			all = append(all, one)
		}
	}
	slices.SortFunc(all, func(a, b store.ProductInfo) int {
		return cmp.Or(cmp.Compare(a.Province, b.Province), cmp.Compare(a.Code, b.Code))
	})
	return all, ctx.Err()
}

// packages puts some of the catalogue's things, and some that are not there, into
// packages.
func (g *maker) packages(f *feedFile, next func() int64) {
	code := func() uint64 { return 1 + g.one(4) }
	for range g.r.IntN(8) {
		m := store.MappingRow{Line: next(), Parent: c3.ElementPackage, ParentCode: code(), ChildCode: code(), Deleted: g.r.IntN(5) == 0,
			Child: []c3.Element{c3.ElementProgram, c3.ElementSeries, c3.ElementChannel, c3.ElementPicture}[g.r.IntN(4)]}
		if m.Child == c3.ElementChannel && g.r.IntN(2) == 0 {
			m.ChildCode = g.channel()
		}
		f.rows.Mappings = append(f.rows.Mappings, m)
	}
	for code := range uint64(4) {
		if g.r.IntN(2) == 0 {
			f.rows.Objects = append(f.rows.Objects, store.ObjectRow{Line: next(), Element: c3.ElementPackage, Code: 1 + code, Name: g.one(3), Deleted: g.r.IntN(5) == 0})
		}
	}
}

// Packages, by example. 101 is one with a series of the episodes 1 and 2 and with the
// film 4; 102 has that film too, the episode 2, and channel 50.

func packed(pack uint64, child c3.Element, code uint64) store.MappingRow {
	return store.MappingRow{Parent: c3.ElementPackage, ParentCode: pack, Child: child, ChildCode: code}
}

func givePackages(b *bench) {
	none := store.Normal{}
	b.give(catalogue(1, []store.ObjectRow{
		thing(c3.ElementProgram, 1, none), thing(c3.ElementProgram, 2, none), thing(c3.ElementProgram, 4, store.Normal{DurationS: 100}), thing(c3.ElementProgram, 6, none),
		thing(c3.ElementSeries, 3, none), thing(c3.ElementChannel, 50, none), thing(c3.ElementPackage, 101, none), thing(c3.ElementPackage, 102, none),
	}, episode(3, 1), episode(3, 2), packed(101, c3.ElementSeries, 3), packed(101, c3.ElementProgram, 4),
		packed(102, c3.ElementProgram, 4), packed(102, c3.ElementProgram, 2), packed(102, c3.ElementChannel, 50), packed(103, c3.ElementProgram, 6)))
}

// inPackages asks q of some packages, or of what is in none of them.
func inPackages(q store.Query, not bool, packages ...uint64) store.Query {
	q.Filters = []store.Filter{{Column: store.ColPackage, In: packages, Not: not}}
	return q
}

func testPackages(t *testing.T, b *bench) {
	givePackages(b)
	watch := func(s store.Stamp, mode protocol.Mode, channel, content uint64) store.View {
		return store.View{Stamp: s, Mode: uint8(mode), Channel: channel, Content: content, DurationMs: 2 * minute, Speed: 100}
	}
	b.put(store.Block{
		Views: []store.View{
			watch(at(1, now), protocol.ModeVOD, 0, 1), watch(at(1, now+5*minute), protocol.ModeVOD, 0, 2), watch(at(2, now), protocol.ModeVOD, 0, 2),
			watch(at(2, now+5*minute), protocol.ModeVOD, 0, 3), watch(at(3, now), protocol.ModeVOD, 0, 4), watch(at(3, now+5*minute), protocol.ModeVOD, 0, 6),
			watch(at(4, now), protocol.ModeLive, 50, 0), watch(at(5, now), protocol.ModeLive, 51, 0), watch(at(6, now), protocol.ModeCatchup, 50, 77),
			watch(in43(at(7, now)), protocol.ModeVOD, 0, 4), // its province has no packages
		},
		Clicks: []store.Click{{Stamp: at(1, now), Content: 4}, {Stamp: at(1, now+second), Content: 50}, {Stamp: at(1, now+2*second), Content: 3}, {Stamp: at(1, now+3*second), Content: 8}},
	})
	b.settle()
	plays := daily(store.FactView, nil, sum(store.MeasurePlays))
	ask := func(want int64, not bool, packages ...uint64) {
		t.Helper()
		if want == 0 {
			b.expect(inPackages(plays, not, packages...))
			return
		}
		b.expect(inPackages(plays, not, packages...), row(0, key(), want))
	}
	ask(5, false, 101)
	ask(5, false, 102) // 2 twice, 4, and its channel twice
	ask(7, false, 101, 102)
	ask(5, true, 102)
	ask(3, true, 101, 102)
	ask(0, false, 103) // nobody told that there is such a package
	ask(10, true, 103)
	ask(0, false)
	ask(10, true)
	b.expect(inPackages(daily(store.FactView, []store.Column{store.ColSeries}, sum(store.MeasurePlays)), false, 101), row(0, key(0), 1), row(0, key(3), 4))
	b.expect(inPackages(hourly(store.FactClick, nil, sum(store.MeasureClicks)), false, 101), row(1, key(), 2))
	b.expect(inPackages(hourly(store.FactClick, nil, sum(store.MeasureClicks)), false, 102), row(1, key(), 2)) // a channel is a content on a page
	viewers := []store.Value{{Measure: store.MeasureReach60, DistinctBoxes: true}, {Measure: store.MeasureReach60, Count: store.CountBoxDays},
		{Measure: store.MeasureReach60, Count: store.CountEpisodes}, {Measure: store.MeasureReach60, Squares: 1}}
	b.expect(inPackages(daily(store.FactReach, nil, viewers), false, 101), row(0, key(), 3, 3, 3, 9))
	b.expect(inPackages(daily(store.FactReach, nil, viewers), false, 101, 102), row(0, key(), 5, 5, 3, 11))
	b.expect(inPackages(daily(store.FactView, nil, []store.Value{{Measure: store.MeasureViewingMs, Count: store.CountLengths}}), false, 102), row(0, key(), 1_200_000))

	var bad *aggregator.Error
	for _, q := range []store.Query{
		daily(store.FactView, []store.Column{store.ColPackage}, sum(store.MeasurePlays)),
		{Fact: store.FactView, Values: sum(store.MeasurePlays), Among: store.Among{Columns: []store.Column{store.ColPackage}}},
		inPackages(daily(store.FactBox, nil, sum(store.MeasurePlays)), false, 1),
		inPackages(daily(store.FactBroadcast, nil, sum(store.MeasureViewingMs)), false, 1),
	} {
		if _, err := b.Query(context.Background(), q); !errors.As(err, &bad) {
			t.Errorf("%+v: %v", q, err)
		}
	}
}

func testPackagesChange(_ *testing.T, b *bench) {
	givePackages(b)
	watch := func(content uint64) store.View {
		return store.View{Stamp: at(1, now), Mode: uint8(protocol.ModeVOD), Content: content, DurationMs: 4 * second, Speed: 100}
	}
	b.put(store.Block{Views: []store.View{watch(1), watch(2), watch(4)}})
	b.settle()
	ask := func(pack uint64, contents ...uint64) {
		b.Helper()
		var want []store.Row
		for _, c := range contents {
			want = append(want, row(0, key(c), 1))
		}
		b.expect(inPackages(daily(store.FactView, []store.Column{store.ColContent}, sum(store.MeasurePlays)), false, pack), want...)
	}
	ask(101, 1, 2, 4)
	gone := func(m store.MappingRow) store.MappingRow { m.Deleted = true; return m }
	b.give(catalogue(3, nil, gone(packed(101, c3.ElementSeries, 3)))) // the series leaves
	ask(101, 4)
	b.give(catalogue(2, nil, packed(101, c3.ElementSeries, 3))) // as an older file has it
	ask(101, 4)
	b.give(catalogue(4, nil, packed(101, c3.ElementSeries, 3)))
	ask(101, 1, 2, 4)
	b.give(catalogue(5, nil, gone(episode(3, 1)))) // an episode leaves the series
	ask(101, 2, 4)
	no := func(e c3.Element, code uint64) store.ObjectRow {
		o := thing(e, code, store.Normal{})
		o.Deleted = true
		return o
	}
	b.give(catalogue(6, []store.ObjectRow{no(c3.ElementSeries, 3)}))
	ask(101, 4)
	b.give(catalogue(7, []store.ObjectRow{thing(c3.ElementSeries, 3, store.Normal{})}, episode(3, 1))) // back, and in no package
	ask(101, 4)
	b.give(catalogue(8, nil, packed(101, c3.ElementSeries, 3)))
	ask(101, 1, 4)
	b.give(catalogue(9, []store.ObjectRow{no(c3.ElementPackage, 102)}))
	ask(102)
	ask(101, 1, 4)
	b.give(catalogue(10, []store.ObjectRow{thing(c3.ElementPackage, 102, store.Normal{})}))
	ask(102)
	b.give(catalogue(11, nil, packed(102, c3.ElementProgram, 4)))
	ask(102, 4)
}

func testProducts(t *testing.T, b *bench) {
	ctx := context.Background()
	ask := func(s aggregator.Scope, want ...store.ProductInfo) {
		t.Helper()
		got, err := b.Products(ctx, s, []uint64{101, 102, 103, 104, 9})
		if err != nil {
			t.Fatal(err)
		}
		b.same("products", got, want)
	}
	all := aggregator.Scope{All: true}
	ask(all)
	givePackages(b)
	sold := func(p aggregator.Province, code uint64, name string, contents int) store.ProductInfo {
		one := store.ProductInfo{Province: p, Code: code, Name: name, Contents: contents}
		if code == 103 {
			one.Type = c3.ProductYear
		}
		return one
	}
	ask(all, sold(33, 101, "name", 3), sold(33, 102, "name", 3))
	products := file(c3.FeedProducts, 2, 1)
	products.rows.Products = []store.ProductRow{{Line: 1, Code: 102, Name: 77}, {Line: 2, Code: 103, Name: 78, Type: c3.ProductYear}, {Line: 3, Code: 104}, {Line: 4, Code: 101}}
	products.rows.Codes = []store.Code{{Key: 77, Text: "影视"}, {Key: 78, Text: "少儿"}}
	b.give(products)
	there := products
	there.ID, there.Province = [16]byte{3}, 43
	b.give(there)
	ask(all, sold(33, 101, "name", 3), sold(33, 102, "影视", 3), sold(33, 103, "少儿", 0), sold(43, 102, "影视", 0), sold(43, 103, "少儿", 0))
	ask(aggregator.Scope{Provinces: []aggregator.Province{43}}, sold(43, 102, "影视", 0), sold(43, 103, "少儿", 0))
	ask(aggregator.Scope{})
	nameless := thing(c3.ElementPackage, 103, store.Normal{})
	nameless.Name = 0
	gone := thing(c3.ElementPackage, 101, store.Normal{})
	gone.Deleted = true
	b.give(catalogue(4, []store.ObjectRow{gone, nameless}))
	ask(aggregator.Scope{Provinces: []aggregator.Province{33}}, sold(33, 102, "影视", 3), sold(33, 103, "少儿", 1))
	if got, err := b.Products(ctx, all, nil); err != nil || len(got) > 0 {
		t.Errorf("the names of nothing are %v, %v", got, err)
	}
}
