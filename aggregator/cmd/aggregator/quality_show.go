package main

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"iptvdc/aggregator"
	"iptvdc/aggregator/indicator"
	"iptvdc/aggregator/quality"
)

// shownQuality is what a terminal shows of console.QualityAnswer; a share is nil
// where there is nothing to divide by.
type shownQuality struct {
	Rows []shownDay `json:"rows"`
}

type shownDay struct {
	Province string `json:"province"`
	Day      string `json:"day"`
	Verdict  string `json:"verdict"`
	Reasons  []struct {
		Text indicator.Text `json:"text"`
	} `json:"reasons"`
	Events struct {
		Told     bool     `json:"told"`
		Events   int64    `json:"events"`
		Synced   *float64 `json:"clock_synced"`
		Unsynced *float64 `json:"clock_unsynced"`
		Lost     int64    `json:"lost"`
		Repeated int64    `json:"repeated_batches"`
	} `json:"events"`
}

func qualityCommand() *cobra.Command {
	var a asked
	var province string
	var days int
	var trouble bool
	cmd := &cobra.Command{
		Use: "quality", Short: "Say how good the data of provinces and days is, and why", Args: cobra.NoArgs,
		Long: "Say how good the data of each province and day is: the verdict and its reasons, and of boxes' events how many are in, how many are lost beside them, " +
			"whose time comes from a synced clock or is a guess, and how many batches came again. Reasons are in Chinese if the terminal is.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if days < 1 || days > quality.MaxDays {
				return fmt.Errorf("days: %d; give 1 to %d", days, quality.MaxDays)
			}
			today := aggregator.DayOf(time.Now().UnixMilli())
			q := url.Values{"from": {(today - aggregator.Day(days) + 1).String()}, "to": {today.String()}}
			if province != "" {
				q.Set("province", province)
			}
			var answer shownQuality
			if err := a.call(cmd.Context(), http.MethodGet, "/api/v1/quality?"+q.Encode(), &answer); err != nil {
				return err
			}
			return writeQuality(cmd.OutOrStdout(), answer, trouble, wordsFor(os.Getenv) == chinese)
		},
	}
	a.flags(cmd)
	f := cmd.Flags()
	f.StringVar(&province, "province", "", "`CODE` of a province, as 33; without: all")
	f.IntVar(&days, "days", 7, fmt.Sprintf("`DAYS` up to today, at most %d", quality.MaxDays))
	f.BoolVar(&trouble, "trouble", false, "leave out days that are good, or of which there is nothing to judge")
	return cmd
}

// writeQuality writes a line a day; with trouble only those with a reason.
func writeQuality(out io.Writer, a shownQuality, trouble, inChinese bool) error {
	share := func(v *float64) string {
		if v == nil {
			return "-"
		}
		return strconv.FormatFloat(*v, 'f', 1, 64) + "%"
	}
	w := tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)
	lines := 0
	for _, r := range a.Rows {
		if trouble && len(r.Reasons) == 0 {
			continue
		}
		if lines++; lines == 1 {
			fmt.Fprintln(w, "PROVINCE\tDAY\tVERDICT\tEVENTS\tLOST\tSYNCED\tUNSYNCED\tAGAIN\tWHY")
		}
		events, lost, again := "-", "-", "-"
		if e := &r.Events; e.Told {
			events, lost, again = thousands(e.Events), thousands(e.Lost), thousands(e.Repeated)
		}
		var why []string
		for _, reason := range r.Reasons {
			text := reason.Text.EN
			if inChinese {
				text = reason.Text.ZH
			}
			why = append(why, plain(text))
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", plain(r.Province), plain(r.Day), plain(r.Verdict),
			events, lost, share(r.Events.Synced), share(r.Events.Unsynced), again, strings.Join(why, "; "))
	}
	switch {
	case lines > 0:
		return w.Flush()
	case inChinese && trouble:
		_, err := fmt.Fprintln(out, "没有发现问题。")
		return err
	case inChinese:
		_, err := fmt.Fprintln(out, "还没有可评价的数据。")
		return err
	case trouble:
		_, err := fmt.Fprintln(out, "Nothing is wrong.")
		return err
	}
	_, err := fmt.Fprintln(out, "There is nothing to judge yet.")
	return err
}
