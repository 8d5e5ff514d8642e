package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"time"

	"github.com/spf13/cobra"

	"iptvdc/testbench/fleet"
)

// demo is a platform with a fleet of simulated boxes in the same process: first
// a history, straight into the intake, then live over MQTT.
type demo struct {
	boxes, days, months int
}

const (
	demoBoxes = 1000
	// demoHistory: boards show 31 days that are over, and today is one more.
	demoHistory = 32
	demoMonths  = 13
	demoData    = "data/demo"
)

func demoCommand() *cobra.Command {
	var s setup
	var d demo
	cmd := &cobra.Command{
		Use: "demo", Short: "Run the aggregator with a fleet of simulated boxes", Args: cobra.NoArgs,
		Long: "Run the aggregator with a fleet of simulated boxes in one process, with a month of history behind it, the same days of the year before, and files of the provinces for more than a year. The page is up from the beginning and fills while you watch. A second start on the same data goes on where the first ended.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := s.config(cmd)
			if err != nil {
				return err
			}
			if _, set := os.LookupEnv("IPTV_DATA"); !set && !cmd.Flags().Changed("data") && s.file == "" {
				c.Data = demoData
			}
			if c.MQTT.Broker != "" {
				return errors.New("mqtt.broker: the demo brings its own broker; leave this out")
			}
			if c.Log.Level == Defaults().Log.Level {
				c.Log.Level = "warn" // people watch; the page tells the rest
			}
			if d.days < dirtyFrom && !cmd.Flags().Changed("months") {
				d.months = 0
			}
			return d.run(cmd.Context(), c, cmd.OutOrStdout(), newLogger(cmd.ErrOrStderr(), c.Log.Level, c.Log.Format))
		},
	}
	s.flags(cmd)
	cmd.Flags().Lookup("data").DefValue = demoData
	cmd.Flags().IntVar(&d.boxes, "boxes", demoBoxes, "`N` boxes")
	cmd.Flags().IntVar(&d.days, "history", demoHistory, "`DAYS` of history, 0 for none")
	cmd.Flags().IntVar(&d.months, "months", demoMonths, "`MONTHS` before these days of which the provinces have files, with 12 and more events of the same days of the year before; none for a history of less than 4 days, unless given")
	return cmd
}

// run runs platform and fleet until ctx ends.
func (d demo) run(ctx context.Context, c Config, out io.Writer, log *slog.Logger) error {
	if d.boxes < 1 || d.boxes > 200_000 {
		return fmt.Errorf("boxes: %d, allowed 1 to 200000", d.boxes)
	}
	if d.days < 0 || d.days > 800 {
		return fmt.Errorf("history: %d days, allowed 0 to 800", d.days)
	}
	if d.months < 0 || d.months > 36 || d.months > 0 && d.days == 0 {
		return fmt.Errorf("months: %d, allowed 0 to 36, and 0 without a history", d.months)
	}
	shelves, err := openShelves(&c)
	if err != nil {
		return err
	}
	defer shelves.close()
	// Its provinces' files lie there at once, each with the time at which it would have
	// come.
	p, err := openBy(ctx, c, log, fs.FileInfo.ModTime)
	if err != nil {
		return err
	}
	before, err := d.past(p.dir)
	if err == nil {
		err = p.announce(ctx, out)
	}
	if err != nil {
		return errors.Join(err, p.unwind())
	}

	ctx, end := context.WithCancel(ctx)
	defer end()
	played := make(chan error, 1)
	go func() {
		err := d.play(ctx, p, shelves, before, out)
		if ctx.Err() != nil {
			err = nil // it was told to end
		}
		played <- err
		end() // without the fleet there is no demo
	}()
	err = p.Run(ctx)
	end()
	if failure := <-played; failure != nil {
		err = errors.Join(fmt.Errorf("demo: %w", failure), err)
	}
	return err
}

// play tells the history and lets the fleet live, side by side: the page moves
// from the first second on.
func (d demo) play(ctx context.Context, p *Platform, shelves *shelves, before past, out io.Writer) error {
	told := make(chan error, 1)
	go func() { told <- before.tell(ctx, p, shelves, out) }()
	token, err := secretOr(p.config.MQTT.Token, p.config.MQTT.TokenFile)
	if err != nil {
		return err
	}
	_, err = fleet.Run(ctx, fleet.Config{
		Boxes: before.Boxes, Seed: before.Seed, Ways: before.ways(), Speed: 1, Broker: p.BrokerURL(), Token: token,
		BatchAge: 2 * time.Second, Log: p.log.With("part", "fleet"),
	})
	return errors.Join(err, <-told)
}
