package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"iptvdc/aggregator"
	"iptvdc/aggregator/c3/soap"
	"iptvdc/testbench/feeds"
)

func feedsCommand() *cobra.Command {
	var c feeds.Config
	var provinces, notified, fleets []string
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
more beside them. With --of the carriers know of what these boxes paid.

Of a hundred files --dirt come late, twice, cut, shifted, shrunk, with a wrong
manifest, with yesterday's content or after those of the day after. What follows
later lies in ` + feeds.LaterFolder + ` of each province's folder, a folder a round, for: stbfleet feeds bring

Orders of the provinces named by --notified stand in no file but in
` + feeds.NotificationsFile + ` below the folder named by --shelf, a SOAP message a line, for:
stbfleet feeds notify`,
		Example: "  stbfleet feeds --boxes 1000 --seed 7 --days 31 --out feeds --truth feeds.truth",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			if out == "" || truth == "" {
				return errors.New("out and truth: name the folder for the files with --out DIR, and the file for the truth with --truth FILE")
			}
			if c.Dirt < 0 || c.Dirt > 100 {
				return fmt.Errorf("dirt: %d, allowed 0 to 100 of a hundred files", c.Dirt)
			}
			if c.Notified, err = parseProvinces(notified); err != nil {
				return fmt.Errorf("notified: %w", err)
			}
			if c.To, err = dayOr(to, aggregator.DayOf(time.Now().UnixMilli())-1); err != nil {
				return err
			}
			if c.From, err = dayOr(from, c.To-aggregator.Day(days-1)); err != nil {
				return err
			}
			if c.Provinces, err = parseProvinces(provinces); err != nil {
				return fmt.Errorf("provinces: %w", err)
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
	flags.IntVar(&c.Dirt, "dirt", 4, "of a hundred files, how many are not as they should be as a whole; 0: bad records only")
	flags.StringSliceVar(&notified, "notified", nil, "provinces by code whose orders are told by SOAP instead of in files")
	flags.StringVar(&c.Shelf, "shelf", "shelf", "folder of what is told by SOAP within each province's")
	flags.StringSliceVar(&fleets, "of", nil, "truth file of the fleet, from: stbfleet run --truth FILE; may be given more than once")
	cmd.AddCommand(bringCommand(), notifyCommand())
	return cmd
}

func parseProvinces(codes []string) (all []aggregator.Province, err error) {
	for _, code := range codes {
		p, err := aggregator.ParseProvince(code)
		if err != nil {
			return nil, err
		}
		all = append(all, p)
	}
	return all, nil
}

func bringCommand() *cobra.Command {
	var dir, folder string
	cmd := &cobra.Command{
		Use: "bring", Short: "Bring the files that come later, as soon as those before them were taken", Args: cobra.NoArgs,
		Long: "Bring the files that come later into the folders where files come, round after round, each as soon as nothing of what came before lies there any more: so long as no aggregator takes files, nothing is brought.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if dir == "" {
				return errors.New("dir: name the folder of all provinces with --dir DIR, as data/c3")
			}
			return feeds.Post(cmd.Context(), dir, folder, time.Second, func(format string, args ...any) { fmt.Fprintf(cmd.ErrOrStderr(), format+"\n", args...) })
		},
	}
	cmd.Flags().StringVar(&dir, "dir", "", "folder of all provinces, what was --out")
	cmd.Flags().StringVar(&folder, "folder", "in", "folder within each province's where files come")
	return cmd
}

func notifyCommand() *cobra.Command {
	var to, keyFile string
	cmd := &cobra.Command{
		Use: "notify FILE...", Short: "Tell orders by SOAP, and hold each answer against the one that must be", Args: cobra.MinimumNArgs(1),
		Example: "  stbfleet feeds notify --to http://127.0.0.1:8090/ --key-file vac.key feeds/61/shelf/" + feeds.NotificationsFile,
		RunE: func(cmd *cobra.Command, args []string) error {
			key, err := os.ReadFile(keyFile)
			if err != nil {
				return fmt.Errorf("key-file: %w; it holds the key that the aggregator's c3.order_senders has", err)
			}
			for n, name := range args {
				f, err := os.Open(name)
				if err != nil {
					return err
				}
				told, err := feeds.Notify(cmd.Context(), soap.Client{Endpoint: to, Style: soap.Style(n) % soap.Styles}, soap.Key(strings.TrimSpace(string(key))), f)
				if err = errors.Join(err, f.Close()); err != nil {
					return fmt.Errorf("%s: %w", name, err)
				}
				fmt.Fprintf(cmd.OutOrStdout(), "%s: %d accepted, %d repeated, %d refused, as they must be\n", name, told.Accepted, told.Repeated, told.Refused)
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&to, "to", "http://127.0.0.1:8090/", "address of the aggregator's c3.listen")
	cmd.Flags().StringVar(&keyFile, "key-file", "", "file that holds the key of encodeStr")
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
