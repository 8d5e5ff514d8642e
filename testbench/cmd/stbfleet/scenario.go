package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"iptvdc/testbench/report"
	"iptvdc/testbench/scenario"
)

func listCommand() *cobra.Command {
	var names bool
	cmd := &cobra.Command{
		Use:   "list [NAME]",
		Short: "List the built-in scenarios, or print one, to be changed and played with run -f FILE",
		Args:  cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			out := cmd.OutOrStdout()
			if len(args) == 1 {
				text, err := scenario.Source(args[0])
				if err != nil {
					return fmt.Errorf("scenario: %q is not built in; see: stbfleet list", args[0])
				}
				_, err = out.Write(text)
				return err
			}
			all, err := scenario.List()
			if err != nil {
				return err
			}
			for _, s := range all {
				if names {
					fmt.Fprintln(out, s.Name)
					continue
				}
				fmt.Fprintf(out, "%-20s %s · %s\n", s.Name, s.Title.EN, s.Title.ZH)
			}
			if names {
				return nil
			}
			_, err = fmt.Fprintln(out, "\nPlay one:      stbfleet run -f NAME        (--ci: small and short)\nMake your own: stbfleet list NAME > my.yaml; stbfleet run -f my.yaml")
			return err
		},
	}
	cmd.Flags().BoolVar(&names, "names", false, "names only, one a line")
	return cmd
}

// scenarioFlags are those of run -f.
type scenarioFlags struct {
	name    string
	ci      bool
	dir     string
	program string
	metrics string
	keep    bool
}

func (s *scenarioFlags) add(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVarP(&s.name, "file", "f", "", "play a scenario: a built-in `NAME` (see: stbfleet list) or a YAML file; it starts an aggregator of its own")
	f.BoolVar(&s.ci, "ci", false, "with -f: in its small size")
	f.StringVar(&s.dir, "out", "", "with -f: `DIR` for report.html, report.json, truth and logs (default out/fleet/NAME)")
	f.StringVar(&s.program, "aggregator-program", "", "with -f: the aggregator's `FILE` (default: beside this program, else in the path)")
	f.StringVar(&s.metrics, "metrics-listen", "", "with -f: serve /metrics on this `ADDR` while it plays")
	f.BoolVar(&s.keep, "keep", false, "with -f: keep truth and the aggregator's data also if it passes")
}

// scenarioOnly says which flags of run a scenario takes beside its own.
var scenarioOnly = map[string]bool{"file": true, "ci": true, "out": true, "aggregator-program": true, "metrics-listen": true, "keep": true, "seed": true, "quiet": true}

// play plays a scenario and writes its reports; errNotEqual: it did not pass.
func (s *scenarioFlags) play(cmd *cobra.Command, seed uint64, quiet bool, end <-chan struct{}) (err error) {
	sc, err := scenario.Open(s.name)
	if err != nil {
		return err
	}
	size := "full"
	if s.ci {
		size = "ci"
		if sc, err = sc.Small(); err != nil {
			return err
		}
	}
	if s.dir == "" {
		s.dir = filepath.Join("out", "fleet", sc.Name)
	}
	// What an earlier play left there is of no use to this one.
	for _, name := range []string{"aggregator", "truth.jsonl", "report.json", "report.html"} {
		if err := os.RemoveAll(filepath.Join(s.dir, name)); err != nil {
			return err
		}
	}
	if err := os.MkdirAll(s.dir, 0o755); err != nil {
		return err
	}
	out := cmd.OutOrStdout()
	live := report.NewLive(out, sc.Title.EN+" · "+sc.Title.ZH)
	metrics := report.NewMetrics()
	if s.metrics != "" {
		stop, err := serveMetrics(s.metrics, metrics, out)
		if err != nil {
			return err
		}
		defer stop()
	}
	var mu sync.Mutex // samples and faults come from a goroutine each
	shown := time.Time{}
	o := scenario.Options{
		Program: s.program, Dir: s.dir, Size: size, Version: version, End: end,
		Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
		Sample: func(x report.Sample) {
			mu.Lock()
			defer mu.Unlock()
			metrics.Show(x)
			// Lines in a file need not come as often as a screen is drawn.
			if !quiet && (isTerminal(out) || time.Since(shown) >= 2*time.Second) {
				shown = time.Now()
				live.Show(x)
			}
		},
		Fault: func(x report.Fault) {
			mu.Lock()
			defer mu.Unlock()
			if !quiet {
				live.Fault(x)
			}
		},
	}
	if cmd.Flags().Changed("seed") {
		o.Seed = seed
	}
	run, err := scenario.Play(cmd.Context(), sc, o)
	live.Close()
	if err != nil {
		return fmt.Errorf("scenario %s: %w (what it left is in %s)", sc.Name, err, s.dir)
	}
	if err := writeReports(run, s.dir); err != nil {
		return err
	}
	printChecks(out, run, s.dir)
	if !run.OK() {
		return errNotEqual
	}
	if !s.keep {
		return errors.Join(os.RemoveAll(filepath.Join(s.dir, "aggregator")), os.Remove(filepath.Join(s.dir, "truth.jsonl")))
	}
	return nil
}

func writeReports(run *report.Run, dir string) error {
	for name, write := range map[string]func(io.Writer) error{"report.json": run.WriteJSON, "report.html": run.WriteHTML} {
		f, err := os.Create(filepath.Join(dir, name))
		if err != nil {
			return err
		}
		if err := errors.Join(write(f), f.Close()); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

func printChecks(w io.Writer, run *report.Run, dir string) {
	fmt.Fprintln(w)
	for _, f := range run.Faults {
		fmt.Fprintf(w, "  fault %-20s %s\n", f.Kind, f.Proof)
	}
	for _, c := range run.Checks {
		mark := "ok  "
		if !c.OK {
			mark = "FAIL"
		}
		fmt.Fprintf(w, "  %s  %-32s %s (want %s)\n", mark, c.Name, c.Got, c.Want)
	}
	verdict := "PASSED"
	if !run.OK() {
		verdict = "FAILED"
		for _, list := range [][]string{run.Verify.LostEvents, run.Verify.DoubledEvents, run.Verify.Faults} {
			for _, line := range list {
				fmt.Fprintf(w, "        %s\n", line)
			}
		}
		for _, l := range run.Verify.Lines {
			for _, line := range l.First {
				fmt.Fprintf(w, "        %s: %s\n", l.Indicator, line)
			}
		}
	}
	fmt.Fprintf(w, "%s %s (%s, seed %d) in %s; report: %s\n", verdict, run.Scenario, run.Size, run.Seed,
		(time.Duration(run.TookMs) * time.Millisecond).Round(100*time.Millisecond), filepath.Join(dir, "report.html"))
}

// serveMetrics serves /metrics until stop is called.
func serveMetrics(addr string, m http.Handler, out io.Writer) (stop func(), err error) {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("metrics-listen: %w", err)
	}
	mux := http.NewServeMux()
	mux.Handle("/metrics", m)
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			fmt.Fprintln(out, "metrics:", err)
		}
	}()
	fmt.Fprintf(out, "metrics: http://%s/metrics\n", l.Addr())
	return func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		if server.Shutdown(ctx) != nil {
			server.Close()
		}
		<-done
	}, nil
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}
