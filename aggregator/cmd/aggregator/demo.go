package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"os"
	"time"

	"github.com/spf13/cobra"

	"iptvdc/aggregator/durable"
	"iptvdc/testbench/feeds"
	"iptvdc/testbench/fleet"
)

// demo is a platform with a fleet of simulated boxes in the same process: first
// a history, straight into the intake, then live over MQTT.
type demo struct {
	boxes, days int
}

const (
	demoBoxes   = 1000
	demoHistory = 31
	demoData    = "data/demo"
)

func demoCommand() *cobra.Command {
	var s setup
	var d demo
	cmd := &cobra.Command{
		Use: "demo", Short: "Run the aggregator with a fleet of simulated boxes", Args: cobra.NoArgs,
		Long: "Run the aggregator with a fleet of simulated boxes in one process, with a month of history behind it. The page is up from the beginning and fills while you watch. A second start on the same data goes on where the first ended.",
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
			return d.run(cmd.Context(), c, cmd.OutOrStdout(), newLogger(cmd.ErrOrStderr(), c.Log.Level, c.Log.Format))
		},
	}
	s.flags(cmd)
	cmd.Flags().Lookup("data").DefValue = demoData
	cmd.Flags().IntVar(&d.boxes, "boxes", demoBoxes, "`N` boxes")
	cmd.Flags().IntVar(&d.days, "history", demoHistory, "`DAYS` of history, 0 for none")
	return cmd
}

// past is what a demo's data folder knows of its history. The history is a
// plain function of it, so one that was broken off is told again from the start
// and the ledger takes what it does not have.
type past struct {
	Seed  uint64 `json:"seed"`
	Boxes int    `json:"boxes"`
	Days  int    `json:"days"`
	EndMs int64  `json:"end_ms"`
	Done  bool   `json:"done"`
}

const pastFile = "demo.json"

// past reads the folder's, or begins one.
func (d demo) past(dir *dataDir) (past, error) {
	b, err := os.ReadFile(dir.file(pastFile))
	if errors.Is(err, os.ErrNotExist) {
		p := past{Seed: rand.Uint64(), Boxes: d.boxes, Days: d.days, EndMs: time.Now().UnixMilli(), Done: d.days == 0}
		return p, p.write(dir)
	}
	if err != nil {
		return past{}, err
	}
	var p past
	if err := json.Unmarshal(b, &p); err != nil {
		return past{}, fmt.Errorf("%s: %w; remove the demo's folder to start anew", dir.file(pastFile), err)
	}
	return p, nil
}

func (p past) write(dir *dataDir) error {
	b, err := json.Marshal(p)
	if err != nil {
		return err
	}
	return durable.WriteFile(dir.file(pastFile), b)
}

// run runs platform and fleet until ctx ends.
func (d demo) run(ctx context.Context, c Config, out io.Writer, log *slog.Logger) error {
	if d.boxes < 1 || d.boxes > 200_000 {
		return fmt.Errorf("boxes: %d, allowed 1 to 200000", d.boxes)
	}
	if d.days < 0 || d.days > 800 {
		return fmt.Errorf("history: %d days, allowed 0 to 800", d.days)
	}
	shelves, err := openShelves(&c)
	if err != nil {
		return err
	}
	defer shelves.close()
	p, err := Open(ctx, c, log)
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
		Boxes: before.Boxes, Seed: before.Seed, Speed: 1, Broker: p.BrokerURL(), Token: token,
		BatchAge: 2 * time.Second, Log: p.log.With("part", "fleet"),
	})
	return errors.Join(err, <-told)
}

// tell brings the history in.
func (b past) tell(ctx context.Context, p *Platform, shelves *shelves, out io.Writer) error {
	if b.Done {
		return nil
	}
	pr := newProgress(out, b)
	feed := newFeed(ctx, p.intake)
	var paid feeds.Payments
	truth := fleet.NewTruth(&paid, fleet.TruthHead{Seed: b.Seed})
	_, err := fleet.History(ctx, fleet.HistoryConfig{Boxes: b.Boxes, Seed: b.Seed, EndMs: b.EndMs, Truth: truth}, b.Days,
		func(topic string, packet []byte, atMs int64) error {
			pr.at(atMs)
			return feed.deliver(topic, packet, atMs)
		})
	if err = errors.Join(err, feed.close()); err != nil {
		return err
	}
	pr.done()
	if err := b.send(ctx, p, shelves, paid.All); err != nil {
		return err
	}
	b.Done = true
	return b.write(p.dir)
}
