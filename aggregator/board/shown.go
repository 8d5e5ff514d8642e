package board

import (
	"slices"

	"iptvdc/aggregator"
	"iptvdc/aggregator/indicator"
	"iptvdc/aggregator/store"
)

// Indicators lists what all widgets of a board are made of, each once, in the order of
// the board. A widget of a figure that is gone adds nothing: it shows why it fails.
func (b *Board) Indicators() []string {
	var all []string
	for t := range b.Tabs {
		for w := range b.Tabs[t].Widgets {
			ids, err := b.Tabs[t].Widgets[w].Ask.indicators()
			if err != nil {
				continue
			}
			for _, id := range ids {
				if _, known := indicator.Find(id); known && !slices.Contains(all, id) {
					all = append(all, id)
				}
			}
		}
	}
	return all
}

// DataSets lists the data sets that a board shows something of.
func (b *Board) DataSets() []aggregator.DataSet {
	ids := b.Indicators()
	if len(ids) == 0 {
		return nil
	}
	return indicator.DataSetsOf(ids...)
}

// Widget finds a widget of a board with its tab; nil: there is none.
func (b *Board) Widget(tab, widget string) (*Tab, *Widget) {
	for t := range b.Tabs {
		if b.Tabs[t].ID != tab {
			continue
		}
		for w := range b.Tabs[t].Widgets {
			if b.Tabs[t].Widgets[w].ID == widget {
				return &b.Tabs[t], &b.Tabs[t].Widgets[w]
			}
		}
	}
	return nil, nil
}

// Provinces lists the provinces to which filters hold what is shown, by themselves or by
// their cities; none: they say nothing of them.
func (f *Filters) Provinces() []aggregator.Province {
	var all []aggregator.Province
	for _, w := range f.Where {
		if w.Not || w.Dimension != store.ColProvince && w.Dimension != store.ColCity {
			continue
		}
		for _, code := range w.In {
			p, err := aggregator.ParseProvince(code[:min(2, len(code))])
			if err == nil && !slices.Contains(all, p) {
				all = append(all, p)
			}
		}
	}
	return all
}
