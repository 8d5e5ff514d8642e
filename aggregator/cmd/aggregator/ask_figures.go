package main

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"iptvdc/aggregator/indicator"
	"iptvdc/aggregator/store"
)

// figures is an answer as it comes over the wire.
type figures struct {
	Columns     []indicator.Column
	Rows        [][]any
	Others      [][]any
	Totals      [][]any
	LeftOut     []indicator.LeftOut `json:"left_out"`
	LeftOutMore int                 `json:"left_out_more"`
	AsOf        indicator.Moment    `json:"as_of"`
	RuleVersion string              `json:"rule_version"`
	Edit        indicator.Edit      `json:"edit"`
	EditedBy    []string            `json:"edit_versions"`
}

func askCommand() *cobra.Command {
	var a asked
	var r indicator.Request
	var by, where []string
	var explain bool
	cmd := &cobra.Command{
		Use: "ask INDICATOR...", Short: "Ask a running aggregator for figures", Args: cobra.MinimumNArgs(1),
		Long: "Ask a running aggregator for figures and print them as a table: of each figure its value, the standard error of a projected one, with --compare the earlier value and the change in percent, with --like-for-like the same of what has data in both times. /api/v1/indicators lists what can be asked.",
		Example: `  aggregator ask active_boxes --by province --from 2026-11-01 --to 2026-11-22
  aggregator ask power_ons --by weekday,hour_of_day --from 2026-11-01 --to 2026-11-22 --where province=33
  aggregator ask plays --by channel --from 2026-11-01 --to 2026-11-22 --top 8 --totals
  aggregator ask click_to_play --where page=home --from 2026-11-01 --to 2026-11-22 --explain
  aggregator ask viewing_minutes --by channel --from 2026-11-01 --to 2026-11-22 --edit raw
  aggregator ask revenue --from 2026-11-01 --to 2026-11-22 --compare year --align weekday --like-for-like`,
		RunE: func(cmd *cobra.Command, args []string) error {
			r.Indicators = args
			for _, d := range by {
				r.Dimensions = append(r.Dimensions, store.Column(d))
			}
			for _, w := range where {
				name, values, ok := strings.Cut(w, "=")
				if !ok {
					return fmt.Errorf("where: %q; write it as province=33,43 or province!=33", w)
				}
				name, not := strings.CutSuffix(name, "!")
				r.Filters = append(r.Filters, indicator.Filter{Dimension: store.Column(name), In: strings.Split(values, ","), Not: not})
			}
			if explain {
				var e indicator.Explanation
				if err := a.send(cmd.Context(), http.MethodPost, "/api/v1/explain", &r, &e); err != nil {
					return err
				}
				return writeExplanation(cmd.OutOrStdout(), &e)
			}
			var f figures
			if err := a.send(cmd.Context(), http.MethodPost, "/api/v1/query", &r, &f); err != nil {
				return err
			}
			return f.write(cmd.OutOrStdout())
		},
	}
	a.flags(cmd)
	f := cmd.Flags()
	f.StringSliceVar(&by, "by", nil, "`DIMENSIONS` to split by, as province,weekday")
	f.StringArrayVar(&where, "where", nil, "`DIMENSION=VALUES` that count alone, as province=33,43, or with != that do not; may stand several times")
	f.StringVar(&r.From, "from", "", "first `DAY`, as 2026-11-01")
	f.StringVar(&r.To, "to", "", "last `DAY`")
	f.StringVar((*string)(&r.Grain), "grain", "", "length of a `PERIOD`: "+listed(indicator.Grains()))
	f.StringVar((*string)(&r.Compare), "compare", "", "with which earlier `TIME`: "+listed(indicator.Compares()))
	f.StringVar((*string)(&r.Align), "align", "", "which earlier `DAY` a day goes with: "+listed(indicator.Aligns())+"; without: the same date")
	f.BoolVar(&r.LikeForLike, "like-for-like", false, "compare also what has data in both times alone")
	f.StringVar((*string)(&r.Edit), "edit", "", "which `VIEWING` counts: "+listed(indicator.Edits())+"; without: edited")
	f.StringVar(&r.Order, "order", "", "`COLUMN` to sort by, - before it for the greatest first")
	f.IntVar(&r.Limit, "limit", 0, "how many `ROWS`, the first")
	f.IntVar(&r.Top, "top", 0, "how many `GROUPS`, the first over the whole time, and what all others make")
	f.BoolVar(&r.Totals, "totals", false, "what all make, too")
	f.BoolVar(&explain, "explain", false, "how the figure came about: its formula and every number in it")
	return cmd
}

func listed[T ~string](all []T) string {
	out := make([]string, len(all))
	for i, w := range all {
		out[i] = string(w)
	}
	return strings.Join(out, ", ")
}

// write prints the answer as a table, and below it what does not count.
func (f *figures) write(out io.Writer) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	heads := make([]string, len(f.Columns))
	for i, c := range f.Columns {
		heads[i] = strings.ToUpper(c.ID)
	}
	fmt.Fprintln(w, strings.Join(heads, "\t"))
	for _, row := range f.Rows {
		fmt.Fprintln(w, strings.Join(cellTexts(row), "\t"))
	}
	// A row without groups says in their place what it is of.
	dimensions := slices.IndexFunc(f.Columns, func(c indicator.Column) bool { return c.Type == "indicator" }) - 1
	for _, rows := range []struct {
		of  string
		all [][]any
	}{{"(others)", f.Others}, {"(all)", f.Totals}} {
		for _, row := range rows.all {
			cells := cellTexts(row)
			place := make([]string, max(dimensions, 0))
			for i := range place {
				place[i] = rows.of
			}
			if len(place) == 0 {
				cells[0] += " " + rows.of
			}
			fmt.Fprintln(w, strings.Join(slices.Concat(cells[:1], place, cells[1:]), "\t"))
		}
	}
	if err := w.Flush(); err != nil {
		return err
	}
	var failed error
	for _, l := range f.LeftOut {
		var cells []string
		for _, c := range slices.Sorted(maps.Keys(l.Cells)) {
			cells = append(cells, string(c)+" "+plain(l.Cells[c]))
		}
		_, err := fmt.Fprintf(out, "%s: without %s in %s: %s\n", l.Indicator, strings.Join(cells, ", "), strings.Join(l.Periods, ", "), whys[l.Why])
		failed = errors.Join(failed, err)
	}
	if f.LeftOutMore > 0 {
		_, err := fmt.Fprintf(out, "and %d more\n", f.LeftOutMore)
		failed = errors.Join(failed, err)
	}
	edit := ""
	if f.Edit != "" {
		edit = ", viewing " + plain(strings.Join(append([]string{string(f.Edit)}, f.EditedBy...), " "))
	}
	_, err := fmt.Fprintf(out, "as of %s, rules %s%s\n", orNothing(f.AsOf.String()), plain(f.RuleVersion), edit)
	return errors.Join(failed, err)
}

// cellTexts writes the cells of a row.
func cellTexts(row []any) []string {
	cells := make([]string, len(row))
	for i, c := range row {
		switch c := c.(type) {
		case nil:
			cells[i] = "-"
		case float64:
			cells[i] = numberText(c)
		default:
			cells[i] = plain(fmt.Sprint(c))
		}
	}
	return cells
}

func numberText(v float64) string {
	return strings.TrimSuffix(strings.TrimRight(fmt.Sprintf("%.2f", v), "0"), ".")
}

func orNothing(s string) string {
	if s == "" {
		return "nothing yet"
	}
	return s
}

var whys = map[indicator.Why]string{
	indicator.NoDataNow:         "no data any more",
	indicator.NoDataBefore:      "no data in the earlier time",
	indicator.LowCoverage:       "too few of the accounts' boxes report",
	indicator.LowCoverageBefore: "too few of the accounts' boxes reported in the earlier time",
}
