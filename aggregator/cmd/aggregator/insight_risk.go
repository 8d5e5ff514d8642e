package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"iptvdc/aggregator"
	"iptvdc/aggregator/insight"
)

// riskFlags are the flags of the three questions about accounts that may leave, each
// with those that it takes.
var riskFlags = map[string][]string{
	"risk":          {"day", "province", "level", "limit"},
	"risk/accounts": {"day", "province", "city", "class", "sign", "skip", "limit"},
	"departures":    {"from", "to", "before", "province", "limit"},
}

func riskCommand() *cobra.Command {
	a := insightAsked{values: url.Values{}}
	var list, departures bool
	given := map[string]*string{}
	cmd := &cobra.Command{
		Use: "risk", Short: "How many accounts may leave, by plain signs; who they are; what preceded departures", Args: cobra.NoArgs,
		Long: "Count the accounts that may leave, by a score of 0 to 100 out of falling use, days without use, playback faults and products not renewed. " +
			"With --list the accounts themselves, by key, with the reasons; for administrators, and each list is logged. " +
			"With --departures which signs those had who left in the last 28 days, or --from and --to, 28 days before, or --before.",
		Example: "  aggregator insight risk --province 33 --level city\n  aggregator insight risk --list --class high --sign expired --limit 20\n  aggregator insight risk --departures --from 2026-05-01 --to 2026-05-31",
		RunE: func(cmd *cobra.Command, _ []string) error {
			route := "risk"
			switch {
			case list:
				route = "risk/accounts"
			case departures:
				route = "departures"
			}
			for name, v := range given {
				if *v == "" {
					continue
				}
				if !slices.Contains(riskFlags[route], name) {
					return fmt.Errorf("--%s does not go with this question; it takes --%s", name, strings.Join(riskFlags[route], ", --"))
				}
				a.values.Set(name, *v)
			}
			yesterday := aggregator.DayOf(time.Now().UnixMilli()) - 1
			for name, day := range map[string]aggregator.Day{"from": yesterday - 27, "to": yesterday, "day": yesterday} {
				if slices.Contains(riskFlags[route], name) && !a.values.Has(name) {
					a.values.Set(name, day.String())
				}
			}
			var answer json.RawMessage
			err := waiting(cmd.ErrOrStderr(), "risk", func() error {
				return a.call(cmd.Context(), http.MethodGet, "/api/v1/insights/"+route+"?"+a.values.Encode(), &answer)
			})
			if err != nil {
				return err
			}
			if a.asJSON || route == "departures" {
				return a.write(cmd.OutOrStdout(), answer)
			}
			if list {
				return a.writeAccounts(cmd.OutOrStdout(), answer)
			}
			return a.writeRisk(cmd.OutOrStdout(), answer)
		},
	}
	a.flags(cmd)
	for name, about := range map[string]string{
		"day": "`DAY`; without: yesterday", "province": insightFlags["province"], "level": insightFlags["level"], "limit": "at most `N` places, accounts or signs",
		"city": "`CODE` of a city, as 3301", "class": strings.Join(insight.RiskClasses(), ", ") + ": only this `CLASS`; without: high and middle",
		"sign": "only accounts with these `SIGNS`: " + strings.Join(insight.RiskSigns(), ", "), "skip": "leave out the first `N` accounts",
		"from": "first `DAY` of departures", "to": "last `DAY` of them", "before": "how many `DAYS` before they left",
	} {
		given[name] = cmd.Flags().String(name, "", about)
	}
	cmd.Flags().BoolVar(&list, "list", false, "list the accounts, the greatest risk first")
	cmd.Flags().BoolVar(&departures, "departures", false, "what preceded departures")
	cmd.MarkFlagsMutuallyExclusive("list", "departures")
	return cmd
}

// writeRisk prints the sum, each sign with its steps, and the places.
func (a *insightAsked) writeRisk(w io.Writer, answer json.RawMessage) error {
	var r insight.Risk
	if err := json.Unmarshal(answer, &r); err != nil {
		return fmt.Errorf("the answer is not one of this release: %w", err)
	}
	lines := []string{a.pick(r.Text)}
	for _, s := range r.Signs {
		for _, step := range s.Steps {
			if step.Accounts != 0 {
				lines = append(lines, fmt.Sprintf("  %s: %s (+%d)", a.pick(step.Title), a.pick(insight.Count(step.Accounts)), step.Points))
			}
		}
	}
	for _, row := range r.Rows {
		lines = append(lines, "- "+a.pick(row.Text))
	}
	_, err := fmt.Fprintln(w, strings.Join(lines, "\n"))
	return err
}

// writeAccounts prints a line an account.
func (a *insightAsked) writeAccounts(w io.Writer, answer json.RawMessage) error {
	var r insight.RiskList
	if err := json.Unmarshal(answer, &r); err != nil {
		return fmt.Errorf("the answer is not one of this release: %w", err)
	}
	lines := []string{a.pick(r.Text)}
	for _, row := range r.Rows {
		lines = append(lines, row.Account+"  "+a.pick(row.Place.Name)+"  "+a.pick(row.Text))
	}
	_, err := fmt.Fprintln(w, strings.Join(lines, "\n"))
	return err
}
