package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"iptvdc/aggregator"
	"iptvdc/testbench/feeds"
)

func feedsCommand() *cobra.Command {
	var c feeds.Config
	var provinces, fleets []string
	var from, to, out, truth string
	var days int
	cmd := &cobra.Command{
		Use:   "feeds",
		Short: "Write what the provinces' business systems would send, and the truth of it",
		Long: `Write what the provinces' business systems would send: catalogue, subscribers,
changes, orders and products, each province in its own dialect and with the dirt
of the field, one folder a province below the folder named by --out. Beside them
the truth, for: stbfleet verify --feeds FILE

The subscribers are those of a fleet of the same seed and number of boxes, and
more beside them. With --of the carriers know of what these boxes paid.`,
		Example: "  stbfleet feeds --boxes 1000 --seed 7 --days 31 --out feeds --truth feeds.truth",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			if out == "" || truth == "" {
				return errors.New("out and truth: name the folder for the files with --out DIR, and the file for the truth with --truth FILE")
			}
			if c.To, err = dayOr(to, aggregator.DayOf(time.Now().UnixMilli())-1); err != nil {
				return err
			}
			if c.From, err = dayOr(from, c.To-aggregator.Day(days-1)); err != nil {
				return err
			}
			for _, code := range provinces {
				p, err := aggregator.ParseProvince(code)
				if err != nil {
					return err
				}
				c.Provinces = append(c.Provinces, p)
			}
			if c.Paid, err = payments(fleets); err != nil {
				return err
			}
			file, err := os.Create(truth)
			if err != nil {
				return fmt.Errorf("truth: %w", err)
			}
			err = feeds.Write(c, out, file, func(format string, args ...any) { fmt.Fprintf(cmd.ErrOrStderr(), format+"\n", args...) })
			return errors.Join(err, file.Close())
		},
	}
	flags := cmd.Flags()
	flags.IntVar(&c.Boxes, "boxes", 1000, "boxes of the fleet")
	flags.Uint64Var(&c.Seed, "seed", 1, "seed of the fleet")
	flags.StringSliceVar(&provinces, "provinces", nil, "provinces by code; all that a fleet can live in, if none is named")
	flags.IntVar(&days, "days", 31, "days of files, up to --to")
	flags.StringVar(&from, "from", "", "first day, as 2026-05-03; instead of --days")
	flags.StringVar(&to, "to", "", "last day; yesterday, if none is named")
	flags.Float64Var(&c.Beside, "beside", 2, "subscribers without a box in the fleet, for each who has one")
	flags.StringVar(&out, "out", "", "folder for the files")
	flags.StringVar(&c.Folder, "folder", "", "folder of the files within each province's, as in")
	flags.StringVar(&truth, "truth", "", "file for the truth")
	flags.StringSliceVar(&fleets, "of", nil, "truth file of the fleet, from: stbfleet run --truth FILE; may be given more than once")
	return cmd
}

func dayOr(text string, otherwise aggregator.Day) (aggregator.Day, error) {
	if text == "" {
		return otherwise, nil
	}
	return aggregator.ParseDay(text)
}

// payments reads the orders that boxes paid from a fleet's truths.
func payments(names []string) ([]feeds.Paid, error) {
	var all feeds.Payments
	for _, name := range names {
		f, err := os.Open(name)
		if err != nil {
			return nil, fmt.Errorf("truth of the fleet: %w", err)
		}
		_, err = io.Copy(&all, f)
		if err = errors.Join(err, f.Close()); err != nil {
			return nil, fmt.Errorf("truth of the fleet: %s: %w", name, err)
		}
	}
	return all.All, nil
}
