package main

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"iptvdc/aggregator"
	"iptvdc/aggregator/c3"
	"iptvdc/aggregator/c3/normal"
	"iptvdc/aggregator/console"
	"iptvdc/aggregator/store"
)

// unknowns implements console.Unknowns.
type unknowns struct {
	store interface {
		Titles(ctx context.Context, s aggregator.Scope, f func(store.TitleRow) error) error
		Query(ctx context.Context, q store.Query) ([]store.Row, error)
	}
	dictionary *normal.Dictionary
}

// titleKey names a title of a province.
type titleKey struct {
	province aggregator.Province
	content  uint64
}

func (u unknowns) Unknown(ctx context.Context, s aggregator.Scope, days, limit int) ([]console.UnknownValue, error) {
	today := aggregator.DayOf(time.Now().UnixMilli())
	rows, err := u.store.Query(ctx, store.Query{
		Fact: store.FactView, AllProvinces: s.All, Provinces: s.Provinces,
		Spans:   []store.Span{{From: int32(today) - int32(days) + 1, To: int32(today) + 1}},
		GroupBy: []store.Column{store.ColProvince, store.ColContent}, Values: []store.Value{{Measure: store.MeasureViewingMs}},
	})
	if err != nil {
		return nil, err
	}
	watched := make(map[titleKey]int64, len(rows))
	for _, r := range rows {
		watched[titleKey{aggregator.Province(r.Group[0]), r.Group[1]}] = r.Values[0]
	}
	all := normal.NewUnknowns(u.dictionary)
	err = u.store.Titles(ctx, s, func(t store.TitleRow) error {
		o := c3.Object{Element: t.Element, Code: t.Code, Properties: t.Properties}
		title := u.dictionary.Normalise(t.Province, &o)
		all.AddTitle(t.Province, &title, watched[titleKey{t.Province, aggregator.TextKey(t.Code)}])
		return nil
	})
	if err != nil {
		return nil, err
	}
	var out []console.UnknownValue
	for _, n := range all.List(limit) {
		v := console.UnknownValue{Field: n.Field.String(), Value: n.Value, Titles: n.Titles, Minutes: n.MS / 60_000, Near: n.Near}
		for _, p := range slices.Sorted(maps.Keys(n.Provinces)) {
			v.Provinces = append(v.Provinces, p.String())
		}
		var line bytes.Buffer
		if err := normal.WriteLines(&line, []normal.Unknown{n}); err != nil {
			return nil, err
		}
		lines := strings.Split(strings.TrimSpace(line.String()), "\n")
		v.Line = lines[len(lines)-1]
		out = append(out, v)
	}
	return out, nil
}

func c3UnknownCommand() *cobra.Command {
	var a asked
	var province string
	var days, limit int
	var lines bool
	cmd := &cobra.Command{
		Use: "unknown", Short: "List what catalogues write that no dictionary knows, the most watched first", Args: cobra.NoArgs,
		Long: "List what catalogues write for genre, place of production, provider or definition that no dictionary knows, by the viewing time of the titles that have it. " +
			"With --lines it prints lines for a dictionary: fill in each ?, put them into a .csv file in the folder dictionaries beside the provinces' folders, and start the aggregator anew.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			q := url.Values{"days": {strconv.Itoa(days)}, "limit": {strconv.Itoa(limit)}}
			if province != "" {
				q.Set("province", province)
			}
			var all console.UnknownValues
			if err := a.call(cmd.Context(), http.MethodGet, "/api/v1/feeds/unknown?"+q.Encode(), &all); err != nil {
				return err
			}
			out := cmd.OutOrStdout()
			if len(all.Values) == 0 {
				_, err := fmt.Fprintln(out, "Every value is known.")
				return err
			}
			if lines {
				for _, v := range all.Values {
					if _, err := fmt.Fprintln(out, plain(v.Line)); err != nil {
						return err
					}
				}
				return nil
			}
			w := tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)
			fmt.Fprintln(w, "FIELD\tVALUE\tMINUTES\tTITLES\tPROVINCES\tLIKE")
			for _, v := range all.Values {
				fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", v.Field, plain(v.Value), thousands(v.Minutes), thousands(v.Titles), strings.Join(v.Provinces, ","), cmp.Or(v.Near, "-"))
			}
			return w.Flush()
		},
	}
	a.flags(cmd)
	f := cmd.Flags()
	f.StringVar(&province, "province", "", "`CODE` of a province, as 33")
	f.IntVar(&days, "days", 30, "`DAYS` whose viewing counts, up to today")
	f.IntVar(&limit, "limit", 100, "at most `N`, up to 1000")
	f.BoolVar(&lines, "lines", false, "print lines for a dictionary")
	return cmd
}
