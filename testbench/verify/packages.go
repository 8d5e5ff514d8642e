package verify

import (
	"context"
	"slices"

	"iptvdc/testbench/oracle"
)

// comparePackages compares figures of what products open: of each product alone, and
// of two together, whose contents overlap.
func (v *verifier) comparePackages(ctx context.Context, o *oracle.Oracle) error {
	products := v.Catalogue.Packages()
	var all [][]string
	for n, code := range products {
		all = append(all, []string{code})
		if n == 0 {
			all = append(all, []string{code, products[len(products)-1]})
		}
	}
	err := each(ctx, all, func(ctx context.Context, codes *[]string) error {
		part := o.Within(*codes...)
		have := slices.DeleteFunc(part.Indicators(), func(i oracle.Indicator) bool { return !slices.Contains(oracle.PackageFigures, i.ID) })
		for _, way := range []struct {
			grain      string
			dimensions []string
		}{{"total", nil}, {"day", []string{"province"}}, {"total", []string{"mode"}}} {
			some := slices.DeleteFunc(slices.Clone(have), func(i oracle.Indicator) bool { return !i.Has(way.dimensions...) })
			sheet := part.Sheet(oracle.Spans(way.grain, v.report.From, v.report.To), way.dimensions...)
			for few := range slices.Chunk(some, maxIndicators) {
				q := query{Dimensions: way.dimensions, Filters: []filter{{"package", *codes}}, From: v.report.From, To: v.report.To, Grain: way.grain}
				place := make(map[string]int)
				for n, i := range few {
					place[i.ID] = n
					q.Indicators = append(q.Indicators, i.ID)
				}
				values := make([]oracle.Value, len(few)*len(sheet.Cells))
				for n := range sheet.Cells {
					sheet.Values(few, n, values[n*len(few):(n+1)*len(few)])
				}
				if err := v.late(&q, v.compare(ctx, &q, slices.Clone(sheet.Cells), func(id string, c oracle.Cell) oracle.Value {
					n, ok := sheet.Find(c)
					if !ok {
						return oracle.Value{}
					}
					return values[n*len(few)+place[id]]
				})); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err == nil {
		v.say("what %d products open compared", len(products))
	}
	return err
}
