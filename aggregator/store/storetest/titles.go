package storetest

import (
	"context"
	"maps"
	"slices"

	"iptvdc/aggregator"
	"iptvdc/aggregator/c3"
	"iptvdc/aggregator/store"
)

// title is what a live thing means.
type title struct {
	object store.ObjectRow
	series uint64 // code; 0: none
	store.Normal
}

// live returns the programmes, series and channels of a province that are not
// deleted.
func (m *memory) live(p aggregator.Province) map[objectKey]title {
	if m.titles[p] != nil {
		return m.titles[p]
	}
	all := map[objectKey]title{}
	for k, o := range m.objects {
		if k.province == p && !o.row.Deleted {
			all[k] = title{object: o.row, Normal: o.row.Normal}
		}
	}
	latest := map[objectKey]version{}
	for k, r := range m.mappings {
		series, isLive := all[k.parent]
		episode, isThere := all[k.child]
		if !isLive || !isThere || k.parent.element != c3.ElementSeries || k.child.element != c3.ElementProgram || r.row.Deleted ||
			m.deleted[k.parent].after(r.version) || m.deleted[k.child].after(r.version) || latest[k.child].after(r.version) {
			continue
		}
		latest[k.child] = r.version
		episode.series, episode.Normal = k.parent.code, episode.object.Normal.Inherit(series.object.Normal)
		all[k.child] = episode
	}
	maps.DeleteFunc(all, func(k objectKey, _ title) bool {
		return k.element != c3.ElementProgram && k.element != c3.ElementSeries && k.element != c3.ElementChannel
	})
	m.titles[p] = all
	return all
}

// meaning is what a content is by its province's catalogue, as a column. Of
// several things with one code it is the programme, else the series.
func (m *memory) meaning(p aggregator.Province, content uint64, c store.Column) uint64 {
	for _, e := range []c3.Element{c3.ElementProgram, c3.ElementSeries, c3.ElementChannel} {
		t, found := m.live(p)[objectKey{p, e, content}]
		if !found || content == 0 {
			continue
		}
		switch c {
		case store.ColGenre:
			return t.Genre
		case store.ColSubGenre:
			return t.SubGenre
		case store.ColPlace:
			return t.Place
		case store.ColMaker:
			return t.Provider
		case store.ColDefinition:
			return uint64(t.Definition)
		case store.ColLength:
			if e != c3.ElementProgram {
				return 0
			}
			return uint64(store.LengthClass(t.DurationS))
		}
		if e == c3.ElementSeries {
			return content
		}
		return t.series
	}
	return 0
}

// airs is what a broadcast is: what its programme's code means, where that says
// nothing what its Schedule means.
func (m *memory) airs(p aggregator.Province, broadcast uint64, c store.Column) uint64 {
	b, found := m.schedule(p).byCode[broadcast]
	if !found {
		return 0
	}
	var n store.Normal
	for column, into := range map[store.Column]*uint64{store.ColGenre: &n.Genre, store.ColSubGenre: &n.SubGenre, store.ColPlace: &n.Place, store.ColMaker: &n.Provider} {
		*into = m.meaning(p, b.Programme, column)
	}
	n.Definition = uint8(m.meaning(p, b.Programme, store.ColDefinition))
	n = n.Inherit(b.Normal)
	switch c {
	case store.ColProgramme:
		return b.Name
	case store.ColGenre:
		return n.Genre
	case store.ColSubGenre:
		return n.SubGenre
	case store.ColPlace:
		return n.Place
	case store.ColMaker:
		return n.Provider
	case store.ColDefinition:
		return uint64(n.Definition)
	case store.ColLength:
		return m.meaning(p, b.Programme, store.ColLength)
	}
	return m.meaning(p, b.Programme, store.ColSeries)
}

func (m *memory) Titles(ctx context.Context, s aggregator.Scope, f func(store.TitleRow) error) error {
	m.mu.Lock()
	provinces := map[aggregator.Province]bool{}
	for k := range m.objects {
		provinces[k.province] = s.Sees(k.province)
	}
	var rows []store.TitleRow
	for p, sees := range provinces {
		if !sees {
			continue
		}
		for k, t := range m.live(p) {
			rows = append(rows, store.TitleRow{Province: p, Element: k.element, Code: m.codes[k.code], Name: m.codes[t.object.Name],
				Series: m.codes[t.series], Normal: t.Normal, Properties: slices.Clone(t.object.Properties)})
		}
	}
	m.mu.Unlock()
	for _, r := range rows {
		if err := f(r); err != nil {
			return err
		}
	}
	return ctx.Err()
}

func (m *memory) Renormalise(ctx context.Context, f func([]store.Code, aggregator.Province, *c3.Object) (store.Normal, []store.Code)) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for k, o := range m.objects {
		if !o.row.Deleted {
			var codes []store.Code
			o.row.Normal, codes = f(nil, k.province, &c3.Object{Element: k.element, Code: m.codes[k.code], ParentCode: m.codes[o.row.Parent],
				Verb: c3.VerbRegister, Properties: slices.Clone(o.row.Properties)})
			m.objects[k] = o
			m.tell(codes)
		}
	}
	m.titles = map[aggregator.Province]map[objectKey]title{}
	m.schedules = map[aggregator.Province]*schedule{} // what they mean, not when they are
	return ctx.Err()
}

func (m *memory) SetLabels(ctx context.Context, all []store.Label) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	m.labels = slices.Clone(all)
	return nil
}

func (m *memory) Labels(_ context.Context, c store.Column, keys []uint64) (map[uint64]store.Label, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	found := map[uint64]store.Label{}
	for _, l := range m.labels {
		if l.Column == c && slices.Contains(keys, l.Key) {
			found[l.Key] = l
		}
	}
	return found, nil
}
