package main

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"iptvdc/aggregator/console"
	"iptvdc/aggregator/rollout"
)

func updateShow() *cobra.Command {
	var a asked
	var province string
	cmd := &cobra.Command{Use: "show", Short: "Show what is published and how boxes stand with it", Args: cobra.NoArgs,
		Long: "List the releases, and say how many boxes of each province and model fetch, run, refused or went back from the newest, and why; then which agents boxes run. What is published lies in the data folder; how boxes stand the running aggregator knows.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			out := cmd.OutOrStdout()
			path := "/api/v1/updates"
			if province != "" {
				path += "?province=" + province
			}
			var answer console.UpdatesAnswer
			err := a.call(cmd.Context(), "GET", path, &answer)
			if err == nil {
				return writeUpdates(out, &answer)
			}
			releases, unread := rollout.In(filepath.Join(a.data, updatesDir)).List()
			for i := range releases {
				r := &releases[i]
				if _, werr := fmt.Fprintln(out, releaseLine(r.Version, r.Agent(), builds(r), stageText(r), r.Halted, r.By, r.Why, time.UnixMilli(r.AtMs))); werr != nil {
					return werr
				}
			}
			if cmd.Flags().Changed("url") || cmd.Flags().Changed("token") || len(releases) == 0 {
				return errors.Join(unread, err)
			}
			_, werr := fmt.Fprintf(cmd.ErrOrStderr(), "\nHow boxes stand is not shown: %v\n", err)
			return errors.Join(unread, werr)
		}}
	a.flags(cmd)
	cmd.Flags().StringVar(&province, "province", "", "two digits of a province's `CODE`; without: all")
	return cmd
}

func builds(r *rollout.Release) []string {
	var all []string
	for _, m := range r.Manifests() {
		all = append(all, m.Build)
	}
	return all
}

func releaseLine(version uint64, agent string, builds []string, stage string, halted bool, by, why string, at time.Time) string {
	line := fmt.Sprintf("%d  agent %s for %s, published %s: %s", version, plain(agent), strings.Join(builds, ", "), at.UTC().Format(time.RFC3339), stage)
	if halted {
		line += "\n    HALTED"
		if by != "" && by != rollout.ByItself { // which says so in its reason
			line += " by " + plain(by)
		}
		line += ": " + plain(why)
	}
	return line
}

// writeUpdates prints what an aggregator answers.
func writeUpdates(out io.Writer, a *console.UpdatesAnswer) error {
	if len(a.Releases) == 0 {
		if _, err := fmt.Fprintln(out, "No update is published; aggregator update publish does."); err != nil {
			return err
		}
	}
	for _, r := range a.Releases {
		list := func(all []string) string {
			if len(all) == 0 {
				return "all"
			}
			return strings.Join(all, ",")
		}
		stage := fmt.Sprintf("percent=%g provinces=%s models=%s", r.Percent, list(r.Provinces), list(r.Models))
		if _, err := fmt.Fprintln(out, releaseLine(r.Version, r.Agent, r.Builds, stage, r.Halted, r.By, r.Why, time.UnixMilli(int64(r.Published)))); err != nil {
			return err
		}
		if !r.Counted {
			continue
		}
		if err := writeProgress(out, &r); err != nil {
			return err
		}
	}
	w := tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)
	if len(a.Running) > 0 {
		fmt.Fprintln(w, "\nPROVINCE\tAGENT\tBUILD\tMODEL\tVERSION\tBOXES")
	}
	for _, r := range a.Running {
		version := fmt.Sprint(r.Version)
		if r.Version == 0 {
			version = "image"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", r.Province, plain(r.Agent), plain(r.Build), plain(r.Model), version, thousands(r.Boxes))
	}
	if a.More {
		fmt.Fprintln(w, "(the rows of most boxes; there are more)")
	}
	if len(a.Running) == 0 {
		fmt.Fprintln(w, "\nNo box has told yet which agent it runs. A box tells if it may update itself: stbagent launch with -update-keys and -update-url.")
	}
	return w.Flush()
}

func writeProgress(out io.Writer, r *console.UpdateRelease) error {
	w := tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)
	row := func(place, model string, p rollout.Progress) {
		fmt.Fprintf(w, "    %s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", place, plain(model), thousands(p.Good), thousands(p.RolledBack), thousands(p.Trying), thousands(p.Downloaded), thousands(p.Offered), thousands(p.Refused), thousands(p.Others))
	}
	if len(r.Rows) > 0 {
		fmt.Fprintln(w, "    PROVINCE\tMODEL\tGOOD\tROLLED BACK\tTRYING\tDOWNLOADED\tFETCHING\tREFUSED\tOTHERS")
	}
	for _, one := range r.Rows {
		row(provinceName(one.Province), one.Model, one.Progress)
	}
	if len(r.Rows) > 1 {
		row("all", "", r.Sum)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	for _, one := range r.Rows {
		for _, why := range one.Whys {
			if _, err := fmt.Fprintf(out, "    %s %s, %s boxes: %s\n", one.Province, plain(one.Model), thousands(why.Boxes), plain(why.Why)); err != nil {
				return err
			}
		}
	}
	return nil
}
