package main

import (
	"fmt"
	"io"
	"log/slog"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"iptvdc/aggregator"
	"iptvdc/testbench/fleet"
)

// fleetFlags are those that run and backfill share.
type fleetFlags struct {
	cfg       fleet.Config
	truth     string
	provinces []string
	part      string
	quiet     bool
}

func (f *fleetFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.cfg.Broker, "broker", "tcp://127.0.0.1:1883", "MQTT broker, tcp://host:port or tls://host:port")
	flags.StringVar(&f.cfg.Token, "token", "", "MQTT password of every box")
	flags.IntVar(&f.cfg.Boxes, "boxes", 200, "how many boxes")
	flags.Uint64Var(&f.cfg.Seed, "seed", 1, "the same seed and start give the same events")
	flags.StringVar(&f.truth, "truth", "", "write down here what truly happens (JSON lines)")
	flags.StringSliceVar(&f.provinces, "provinces", nil, "codes of the provinces, as 33,43 (default all)")
	flags.StringVar(&f.part, "part", "", "play part `I/N` of the boxes here, the others on other hosts (same seed, same start)")
	flags.IntVar(&f.cfg.BatchEvents, "batch-events", 200, "seal a batch as soon as it has so many events")
	flags.DurationVar(&f.cfg.Drain, "drain", 2*time.Minute, "how long to wait at the end until all is acknowledged")
	flags.DurationVar(&f.cfg.ReportEvery, "report-every", 3*time.Second, "how often to print progress")
	flags.BoolVar(&f.quiet, "quiet", false, "no progress")
}

// play runs the fleet and prints what it did.
func (f *fleetFlags) play(cmd *cobra.Command, end <-chan struct{}) (err error) {
	for _, code := range f.provinces {
		p, err := aggregator.ParseProvince(code)
		if err != nil {
			return fmt.Errorf("provinces: %w", err)
		}
		f.cfg.Provinces = append(f.cfg.Provinces, p)
	}
	if f.part != "" {
		if f.cfg.Part, err = fleet.ParsePart(f.part); err != nil {
			return err
		}
	}
	if f.truth != "" {
		file, err := openTruth(f.truth)
		if err != nil {
			return err
		}
		defer func() {
			if closeErr := file.Close(); err == nil {
				err = closeErr
			}
		}()
		f.cfg.Truth = file
	}
	f.cfg.End = end
	f.cfg.Log = slog.New(slog.NewTextHandler(cmd.ErrOrStderr(), nil))
	if !f.quiet {
		f.cfg.Report = func(p fleet.Progress) { progress(cmd.OutOrStdout(), &p) }
	}
	p, err := fleet.Run(cmd.Context(), f.cfg)
	if p.Recorded > 0 {
		summary(cmd.OutOrStdout(), &p)
	}
	return err
}

func progress(w io.Writer, p *fleet.Progress) {
	state := ""
	if p.Draining {
		state = "  draining"
	}
	fmt.Fprintf(w, "%7s  %s  boxes %d/%d  events %d  acked %d  pending %d%s\n",
		p.Real.Round(time.Second), p.Simulated.In(aggregator.Shanghai).Format("2006-01-02 15:04:05"),
		p.Connected, p.Boxes, p.Recorded, p.Acked, p.Pending, state)
}

func summary(w io.Writer, p *fleet.Progress) {
	perEvent := float64(p.SentBytes) / float64(max(1, p.Recorded))
	fmt.Fprintf(w, "\n%d boxes, %d events in %s (%.0f/s), %d acknowledged, %d not, %d evicted\n",
		p.Boxes, p.Recorded, p.Real.Round(100*time.Millisecond), float64(p.Recorded)/p.Real.Seconds(), p.Acked, p.Pending, p.Evicted)
	if l := &p.AckLatency; l.Moments > 0 {
		fmt.Fprintf(w, "acknowledged after (from the schedule): p50 %v, p99 %v, at most %v\n", round(l.P50), round(l.P99), round(l.Max))
	}
	if p.MemoryBytes > 0 {
		fmt.Fprintf(w, "memory: %d MB, %.1f kB a box\n", p.MemoryBytes/1_000_000, float64(p.MemoryBytes)/1000/float64(max(1, p.Boxes)))
	}
	fmt.Fprintf(w, "%d batches sent (repeats included), %.1f bytes an event; %d connections lost, %d new epochs\n",
		p.Sent, perEvent, p.Losses, p.Epochs)
	if a := &p.Agents; a.Boxes > 0 {
		fmt.Fprintf(w, "%d light boxes: %d events; %d real agents: %d events, %d switched on, %d boots, %d of them after a power cut\n",
			p.Boxes-a.Boxes, p.Recorded-a.Recorded, a.Boxes, a.Recorded, a.Running, a.Boots, a.Cuts)
	}
}

func round(d time.Duration) time.Duration { return d.Round(time.Millisecond) }

func runCommand(end <-chan struct{}) *cobra.Command {
	var f fleetFlags
	var s scenarioFlags
	var start string
	cmd := &cobra.Command{
		Use:   "run",
		Short: "Play a fleet at the clock's speed or faster",
		Long: `Play a fleet at the clock's speed or faster.

The duration is simulated time: six hours at speed 120 take three minutes.
Without --start the simulated end is now (at speed 1: the start is now).
Real agents are whole programs of the box, each with a folder, an HTTP endpoint
and power cuts of its own; light boxes share their outbox and their uplink.
With -f a scenario is played: fleet, faults and thresholds of a file or a built-in
name, against an aggregator that it starts; the exit status says whether all
thresholds hold. Everything that really happened is compared with every figure.
The first interrupt ends the play and waits for the last acknowledgements; the
second ends the program.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if s.name != "" {
				var odd []string
				cmd.Flags().Visit(func(g *pflag.Flag) {
					if !scenarioOnly[g.Name] {
						odd = append(odd, "--"+g.Name)
					}
				})
				if len(odd) > 0 {
					return fmt.Errorf("a scenario says itself what %s would; write it into the file (stbfleet list NAME > my.yaml)", strings.Join(odd, ", "))
				}
				return s.play(cmd, f.cfg.Seed, f.quiet, end)
			}
			if start != "" {
				at, err := parseStart(start)
				if err != nil {
					return err
				}
				f.cfg.Start = at
			}
			return f.play(cmd, end)
		},
	}
	f.add(cmd)
	s.add(cmd)
	cmd.Flags().IntVar(&f.cfg.Agents, "agents", 0, "how many of the boxes are real agents")
	cmd.Flags().DurationVar(&f.cfg.Duration, "duration", 0, "simulated time to play, as 6h; 0: until interrupted (speed 1)")
	cmd.Flags().Float64Var(&f.cfg.Speed, "speed", 1, "how many times faster than the clock")
	cmd.Flags().StringVar(&start, "start", "", "simulated start, as 2026-11-21T18:00 in Asia/Shanghai or with a zone, as 2026-11-21T10:00:00Z")
	cmd.Flags().DurationVar(&f.cfg.BatchAge, "batch-age", 10*time.Second, "seal a batch after so much real time")
	return cmd
}

// parseStart reads a time, in Asia/Shanghai if it has no zone.
func parseStart(s string) (time.Time, error) {
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05", "2006-01-02T15:04", time.DateOnly} {
		if t, err := time.ParseInLocation(layout, s, aggregator.Shanghai); err == nil {
			return t, nil
		}
	}
	return time.Time{}, fmt.Errorf("start: %q is not a time; write 2026-11-21T18:00 or 2026-11-21T10:00:00Z", s)
}
