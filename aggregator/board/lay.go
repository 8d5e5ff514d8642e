package board

import (
	"fmt"
	"slices"

	"iptvdc/aggregator/indicator"
)

// Suffixes of an answer's columns, as indicator writes them.
const (
	suffixCompare = ":compare"
	suffixChange  = ":change"
)

// FormulaID is the id of the column of the n-th figure, from 0, if it is a formula.
func FormulaID(n int) string { return fmt.Sprintf("formula%d", n+1) }

// Lay turns the answer to a widget's question into what the widget shows: the columns
// of its figures in their order, formulas reckoned row by row, with what was before
// and the change if it was compared. Others and totals are laid alike, so a formula of
// all is the formula of the sums, never a sum of formulas. The answer stays as it is.
func (w *Widget) Lay(a *indicator.Answer) (*indicator.Answer, error) {
	out := *a
	ids := make([]string, len(w.Ask.Figures))
	formulas := make([]*Formula, len(w.Ask.Figures))
	heads := slices.IndexFunc(a.Columns, func(c indicator.Column) bool { return c.Type == "indicator" })
	if heads < 0 {
		return &out, nil
	}
	out.Columns = slices.Clone(a.Columns[:heads])
	at := map[string]int{} // of each column, its place among the values
	for n, c := range a.Columns[heads:] {
		at[c.ID] = n
	}
	type from struct { // of each column laid
		place   int // of an indicator's
		formula *Formula
		suffix  string
	}
	var laid []from
	add := func(id string, unit indicator.Unit, f from) {
		out.Columns = append(out.Columns, indicator.Column{ID: id, Type: "indicator", Unit: unit})
		laid = append(laid, f)
	}
	for n, f := range w.Ask.Figures {
		if f.Formula == "" {
			ids[n] = f.Indicator
			for _, c := range a.Columns[heads:] {
				if c.ID == f.Indicator || len(c.ID) > len(f.Indicator) && c.ID[:len(f.Indicator)+1] == f.Indicator+":" {
					add(c.ID, c.Unit, from{place: at[c.ID]})
				}
			}
			continue
		}
		parsed, err := ParseFormula(f.Formula)
		if err != nil {
			return nil, err
		}
		formulas[n], ids[n] = parsed, FormulaID(n)
		add(ids[n], parsed.Unit(), from{place: -1, formula: parsed})
		if _, compared := at[parsed.Indicators()[0]+suffixCompare]; compared {
			add(ids[n]+suffixCompare, parsed.Unit(), from{place: -1, formula: parsed, suffix: suffixCompare})
			add(ids[n]+suffixChange, indicator.Percent, from{place: -1, formula: parsed, suffix: suffixChange})
		}
	}
	numbers := map[string]indicator.Number{}
	reckon := func(f *Formula, suffix string, values []indicator.Number) indicator.Number {
		clear(numbers)
		for _, i := range f.Indicators() {
			if n, ok := at[i+suffix]; ok {
				numbers[i] = values[n]
			}
		}
		return f.Of(numbers)
	}
	lay := func(rows []indicator.Row) []indicator.Row {
		if rows == nil {
			return nil
		}
		all := make([]indicator.Row, len(rows))
		for r, row := range rows {
			values := make([]indicator.Number, len(laid))
			for n, l := range laid {
				switch {
				case l.formula == nil:
					values[n] = row.Values[l.place]
				case l.suffix == suffixChange:
					values[n] = indicator.Change(reckon(l.formula, "", row.Values), reckon(l.formula, suffixCompare, row.Values))
				default:
					values[n] = reckon(l.formula, l.suffix, row.Values)
				}
			}
			all[r] = indicator.Row{Period: row.Period, Cells: row.Cells, Values: values}
		}
		return all
	}
	out.Rows, out.Others, out.Totals = lay(a.Rows), lay(a.Others), lay(a.Totals)
	return &out, nil
}
