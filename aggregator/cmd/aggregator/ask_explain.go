package main

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"iptvdc/aggregator/indicator"
)

// writeExplanation prints how a figure came about, number by number.
func writeExplanation(out io.Writer, e *indicator.Explanation) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "%s\t%s (%s)\n", e.Indicator, e.Title.EN, e.Title.ZH)
	fmt.Fprintf(w, "formula\t%s\n\t%s\n", e.Formula.EN, e.Formula.ZH)
	for _, f := range e.Filters {
		fmt.Fprintf(w, "where\t%s\n", filterText(f))
	}
	fmt.Fprintf(w, "figure\t%s %s\n", figureText(e.Figure), e.Unit)
	if e.Before.Valid() {
		fmt.Fprintf(w, "earlier\t%s %s\n", figureText(e.Before), e.Unit)
	}
	if len(e.Numbers) > 0 {
		fmt.Fprintf(w, "\t= %s\n", formulaText(e))
	}
	failed := w.Flush()
	w = tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, n := range e.Numbers {
		sign := "+"
		if n.Minus {
			sign = "-"
		}
		about := []string{n.From + ".." + n.To}
		if n.Only != nil {
			about = append(about, "only "+filterText(*n.Only))
		}
		for _, c := range n.Ignores {
			about = append(about, "whatever "+string(c))
		}
		earlier := ""
		if n.BeforeFrom != "" {
			earlier = fmt.Sprintf("earlier %d (%s..%s)", n.Before, n.BeforeFrom, n.BeforeTo)
		}
		fmt.Fprintf(w, "  %s\t%s\t%d\t%s\t%s\t%s\n", n.Role, sign, n.Number, n.Title.EN, strings.Join(about, ", "), earlier)
	}
	failed = errors.Join(failed, w.Flush())
	w = tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	if len(e.Strata) > 0 {
		fmt.Fprintln(w, "  PROVINCE\tCITY\tACCOUNTS\tREPORTING\tSUM\tSQUARES\t")
	}
	for _, s := range e.Strata {
		note := ""
		if s.LeftOut {
			note = "left out: too few report"
		}
		fmt.Fprintf(w, "  %s\t%s\t%d\t%d\t%s\t%s\t%s\n", plain(s.Province), plain(s.City), s.Accounts, s.Reporting, figureText(s.Sum), figureText(s.Squares), note)
	}
	failed = errors.Join(failed, w.Flush())
	_, err := fmt.Fprintf(out, "as of %s, rules %s\n", orNothing(e.AsOf.String()), plain(e.RuleVersion))
	return errors.Join(failed, err)
}

// formulaText says how the numbers make the figure.
func formulaText(e *indicator.Explanation) string {
	has := func(r indicator.Role) bool {
		return slices.ContainsFunc(e.Numbers, func(n indicator.ExplainedSum) bool { return n.Role == r })
	}
	text := "value"
	if e.Times != 1 || e.By != 1 {
		text = fmt.Sprintf("%d / %d × value", e.Times, e.By)
	}
	switch {
	case has(indicator.RoleOver) && has(indicator.RoleBeside):
		return text + " ÷ over ÷ beside"
	case has(indicator.RoleOver):
		return text + " ÷ over"
	case has(indicator.RoleBeside):
		return text + " × beside"
	}
	return text
}

func figureText(n indicator.Number) string {
	if !n.Valid() {
		return "-"
	}
	return numberText(float64(n))
}

func filterText(f indicator.Filter) string {
	is := "="
	if f.Not {
		is = "!="
	}
	return plain(string(f.Dimension)) + is + plain(strings.Join(f.In, ","))
}
