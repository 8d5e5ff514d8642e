package indicator

import (
	"context"
	"maps"
	"slices"
	"time"

	"iptvdc/aggregator"
	"iptvdc/aggregator/store"
)

// nameProducts labels products as the first province does that names them.
func (q *question) nameProducts(ctx context.Context, src Source, scope aggregator.Scope, labels map[store.Column]map[string]Text, lines []*line) error {
	cells := q.cellsOf(store.ColProduct, lines)
	if len(cells) == 0 {
		return nil
	}
	rows, err := src.Products(ctx, scope, slices.Sorted(maps.Keys(cells)))
	if err != nil {
		return err
	}
	for _, r := range rows {
		name(labels, store.ColProduct, cells[r.Code], r.Name)
	}
	return nil
}

// cellsOf are the values of a dimension in lines, and how they are written.
func (q *question) cellsOf(c store.Column, lines []*line) map[uint64]string {
	cells := map[uint64]string{}
	if at := slices.Index(q.dimensions, c); at >= 0 {
		for _, l := range lines {
			cells[l.key.group[at]] = l.cells[at]
		}
	}
	return cells
}

// name gives a cell a name that is the same in both languages, if it has none and
// needs one.
func name(labels map[store.Column]map[string]Text, c store.Column, cell, name string) {
	if _, named := labels[c][cell]; named || name == "" || name == cell {
		return
	}
	if labels[c] == nil {
		labels[c] = map[string]Text{}
	}
	labels[c][cell] = Text{name, name}
}

// nameBroadcasts labels broadcasts by their programme and beginning, and tells when they
// were. One code in several provinces is named after the first.
func (q *question) nameBroadcasts(ctx context.Context, src Source, scope aggregator.Scope, a *Answer, lines []*line) error {
	cells := q.cellsOf(store.ColBroadcast, lines)
	if len(cells) == 0 {
		return nil
	}
	rows, err := src.Broadcasts(ctx, scope, slices.Sorted(maps.Keys(cells)))
	if err != nil {
		return err
	}
	a.Airings = map[string]Airing{}
	for _, r := range rows {
		if _, told := a.Airings[cells[r.Code]]; !told {
			a.Airings[cells[r.Code]] = Airing{r.Name, Moment(r.StartMs), Moment(r.EndMs)}
		}
		if r.Name != "" {
			name(a.Labels, store.ColBroadcast, cells[r.Code], r.Name+" "+time.UnixMilli(r.StartMs).In(aggregator.Shanghai).Format("01-02 15:04"))
		}
	}
	return nil
}

// write fills the lines' cells.
func (q *question) write(ctx context.Context, src Source, lines []*line) error {
	var keys []uint64
	for d, c := range q.dimensions {
		if !coded(c) {
			continue
		}
		for _, l := range lines {
			if v := l.key.group[d]; v != 0 {
				keys = append(keys, v)
			}
		}
	}
	var texts map[uint64]string
	if len(keys) > 0 {
		slices.Sort(keys)
		var err error
		if texts, err = src.Codes(ctx, slices.Compact(keys)); err != nil {
			return err
		}
	}
	for _, l := range lines {
		l.cells = make([]string, len(q.dimensions))
		for d, c := range q.dimensions {
			l.cells[d] = cell(c, l.key.group[d], texts)
		}
	}
	return nil
}

// label names cells: by the words of this package, by the country's regions, and
// by what the dictionaries told the store.
func (q *question) label(ctx context.Context, src Source, labels map[store.Column]map[string]Text, lines []*line) error {
	for d, c := range q.dimensions {
		names := map[string]Text{}
		if labelled(c) {
			keys := make([]uint64, 0, len(lines))
			for _, l := range lines {
				keys = append(keys, l.key.group[d])
			}
			slices.Sort(keys)
			told, err := src.Labels(ctx, c, slices.Compact(keys))
			if err != nil {
				return err
			}
			for _, l := range lines {
				if name, ok := told[l.key.group[d]]; ok {
					names[l.cells[d]] = Text{name.ZH, name.EN}
				}
			}
		}
		for _, l := range lines {
			if name, ok := label(c, l.key.group[d], l.cells[d]); ok {
				names[l.cells[d]] = name
			}
		}
		if len(names) > 0 {
			labels[c] = names
		}
	}
	return nil
}
