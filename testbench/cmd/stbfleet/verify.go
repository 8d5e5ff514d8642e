package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"iptvdc/testbench/oracle"
	"iptvdc/testbench/verify"
)

func verifyCommand(end <-chan struct{}) *cobra.Command {
	var truths []string
	var feedTruth string
	var cfg verify.Config
	var asJSON, quiet bool
	var part string
	cmd := &cobra.Command{
		Use:   "verify",
		Short: "Compare the truth with what the aggregator says",
		Long: `Compare the truth with what the aggregator says: every event of every box, and
every indicator in every way it can be split, with the oracle's own figures. With
--feeds too, also what is made of both: ratings of programmes, figures by genre or
place, and what boxes show against accounts.

The exit status is 0 only if nothing was lost, nothing doubled, and every figure
is equal. The aggregator must hold nothing but what the named truths tell.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if !quiet {
				cfg.Say = func(line string) { fmt.Fprintln(cmd.ErrOrStderr(), line) }
			}
			if err := shareOf(part, &cfg); err != nil {
				return err
			}
			ctx, stop := context.WithCancel(cmd.Context())
			defer stop()
			go func() {
				select {
				case <-end: // there is nothing to drain here
					stop()
				case <-ctx.Done():
				}
			}()
			report, err := compare(ctx, truths, feedTruth, cfg)
			if err != nil {
				return err
			}
			if asJSON {
				enc := json.NewEncoder(cmd.OutOrStdout())
				enc.SetIndent("", "  ")
				err = enc.Encode(report)
			} else {
				err = report.Print(cmd.OutOrStdout())
			}
			if err == nil && !report.Equal {
				err = errNotEqual
			}
			return err
		},
	}
	flags := cmd.Flags()
	flags.StringSliceVar(&truths, "truth", nil, "truth file; may be given more than once")
	flags.StringVar(&feedTruth, "feeds", "", "truth file of feeds, from: stbfleet feeds; compares what the provinces sent; with --truth beside what boxes did, and what is made of both")
	flags.StringVar(&cfg.Receipts, "receipts", "", "with --feeds: folder of all provinces' files, as data/c3; compares the receipts that lie there, too")
	flags.StringVar(&cfg.URL, "aggregator", "http://127.0.0.1:8080", "address of the aggregator")
	flags.StringVar(&cfg.Token, "token", "", "API token of an administrator, from: aggregator token --data DIR")
	flags.DurationVar(&cfg.Wait, "wait", 2*time.Minute, "how long the aggregator may take to load and close what it has")
	flags.IntVar(&cfg.HourDays, "hour-days", 0, "on how many days, spread over all, figures are compared hour by hour too; 0: all; for truths of months, whose hours would take long")
	flags.StringVar(&part, "share", "1/1", "K/N: compare by province and day, and in one of N of all other ways to split and to compare, the K-th; N runs with each K compare all; for truths of months")
	flags.IntVar(&cfg.AnswerRows, "answer-rows", 10_000, "how many rows an answer of the aggregator may have: its http.answer_rows; more make fewer questions")
	flags.BoolVar(&asJSON, "json", false, "print the report as JSON")
	flags.BoolVar(&quiet, "quiet", false, "no progress")
	return cmd
}

// shareOf reads K/N.
func shareOf(text string, cfg *verify.Config) error {
	k, n, ok := strings.Cut(text, "/")
	which, err := strconv.Atoi(k)
	many, err2 := strconv.Atoi(n)
	if !ok || err != nil || err2 != nil || many < 1 || which < 1 || which > many {
		return fmt.Errorf("share: %q is no share; write K/N with K from 1 to N, as 2/6", text)
	}
	if many > 1 {
		cfg.OneOf, cfg.Which = many, which-1
	}
	return nil
}

// compare compares what boxes did, or what provinces sent.
func compare(ctx context.Context, truths []string, feedTruth string, cfg verify.Config) (*verify.Report, error) {
	if feedTruth == "" {
		if cfg.Receipts != "" {
			return nil, errors.New("receipts: are compared with a truth of feeds; name it with --feeds FILE")
		}
		truth, err := readTruth(truths)
		if err != nil {
			return nil, err
		}
		return verify.Run(ctx, truth, cfg)
	}
	f, err := os.Open(feedTruth)
	if err != nil {
		return nil, fmt.Errorf("truth of the feeds: %w", err)
	}
	defer f.Close()
	if len(truths) == 0 {
		return verify.Feeds(ctx, f, cfg)
	}
	if cfg.Catalogue, err = oracle.ReadCatalogue(f); err != nil {
		return nil, fmt.Errorf("truth of the feeds: %s: %w", feedTruth, err)
	}
	truth, err := readTruth(truths)
	if err != nil {
		return nil, err
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return nil, fmt.Errorf("truth of the feeds: %w", err)
	}
	sent, err := verify.Feeds(ctx, f, cfg)
	if err != nil {
		return nil, err
	}
	report, err := verify.Run(ctx, truth, cfg)
	if err != nil {
		return nil, err
	}
	return report.And(sent), nil
}

func readTruth(names []string) (*oracle.Truth, error) {
	if len(names) == 0 {
		return nil, errors.New("truth: name the file that run wrote, with --truth FILE")
	}
	truth := new(oracle.Truth)
	for _, name := range names {
		file, err := os.Open(name)
		if err != nil {
			return nil, fmt.Errorf("truth: %w", err)
		}
		err = truth.Read(file)
		file.Close()
		if err != nil {
			return nil, fmt.Errorf("truth: %s: %w", name, err)
		}
	}
	return truth, nil
}
