// Command bench runs the benchmarks that stand for the project's promises, each
// beside a peer measured in the same run, and prints one table; it writes the
// same as JSON and as one HTML page. It measures and never judges: a figure
// below its aim is shown as such, the exit status tells only whether all rows
// were measured.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"html/template"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"text/tabwriter"
	"time"
)

func main() {
	out := flag.String("out", "out/bench", "folder for bench.json and bench.html")
	only := flag.String("only", "", "run only rows whose name contains this")
	long := flag.Bool("long", false, "run rows too that take many minutes or gigabytes")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *out, *only, *long); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// Report is everything one run measured.
type Report struct {
	When    string
	Machine string
	Rows    []Result
}

// Result is a row with its figures.
type Result struct {
	Row
	Ours  float64
	Peer  float64 `json:",omitempty"`
	Ratio float64 `json:",omitempty"` // how many times better than the peer
	Error string  `json:",omitempty"`
}

func run(ctx context.Context, out, only string, long bool) error {
	report := Report{When: time.Now().Format(time.DateTime), Machine: machine()}
	fmt.Println(report.Machine)
	measured := make(map[bench]map[string]float64)
	failed := 0
	for _, row := range rows {
		if !strings.Contains(row.Name, only) || row.Long && !long {
			continue
		}
		res := Result{Row: row}
		var err error
		if res.Ours, err = figure(ctx, measured, row.OursAt, row.OursUnit); err == nil && row.PeerAt != (bench{}) {
			res.Peer, err = figure(ctx, measured, row.PeerAt, row.peerUnit())
		}
		switch {
		case err != nil:
			res.Error = err.Error()
			failed++
		case res.Peer > 0 && res.Ours > 0 && row.Less:
			res.Ratio = res.Peer / res.Ours
		case res.Peer > 0:
			res.Ratio = res.Ours / res.Peer
		}
		report.Rows = append(report.Rows, res)
	}
	table(os.Stdout, report)
	if err := write(out, report); err != nil {
		return err
	}
	if failed > 0 {
		return fmt.Errorf("%d rows could not be measured", failed)
	}
	return nil
}

// figure returns one metric of a benchmark, running the benchmark once.
func figure(ctx context.Context, measured map[bench]map[string]float64, at bench, unit string) (float64, error) {
	metrics, ok := measured[at]
	if !ok {
		fmt.Printf("  running %s in %s\n", at.Name, at.Package)
		cmd := exec.CommandContext(ctx, "go", "test", "-run", "^$", "-count", "1", "-timeout", "20m",
			"-benchtime", at.benchtime(), "-bench", anchored(at.Name), "./"+at.Package)
		if at.Env != "" {
			cmd.Env = append(os.Environ(), at.Env)
		}
		cmd.Stderr = os.Stderr
		text, err := cmd.Output()
		if err != nil {
			return 0, fmt.Errorf("%s: %w\n%s", at.Name, err, text)
		}
		metrics = parse(string(text), at.Name)
		measured[at] = metrics
	}
	v, ok := metrics[unit]
	if !ok {
		return 0, fmt.Errorf("%s reports no %s; it has %v", at.Name, unit, metrics)
	}
	return v, nil
}

// anchored turns A/b into ^A$/^b$, so that only that benchmark runs.
func anchored(name string) string {
	parts := strings.Split(name, "/")
	for i, p := range parts {
		parts[i] = "^" + p + "$"
	}
	return strings.Join(parts, "/")
}

func table(w io.Writer, r Report) {
	tw := tabwriter.NewWriter(w, 2, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(tw, "what\tours\taim\tpeer\ttimes better\tunit\tpeer is\t")
	for _, row := range r.Rows {
		if row.Error != "" {
			fmt.Fprintf(tw, "%s\tnot measured\t\t\t\t%s\t\t\n", row.Name, row.OursUnit)
			continue
		}
		fmt.Fprintf(tw, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t\n", row.Name, short(row.Ours), row.Aim, short(row.Peer), times(row.Ratio), row.OursUnit, row.PeerIs)
	}
	if err := tw.Flush(); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
	}
	for _, row := range r.Rows {
		if row.Error != "" {
			fmt.Fprintf(w, "%s: %s\n", row.Name, row.Error)
		}
	}
}

func short(v float64) string {
	switch {
	case v == 0:
		return "-"
	case v >= 1000:
		return fmt.Sprintf("%.0f", v)
	}
	return fmt.Sprintf("%.3g", v)
}

func times(v float64) string {
	if v == 0 {
		return "-"
	}
	return fmt.Sprintf("%.1f", v)
}

func machine() string {
	model := "unknown processor"
	if text, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		for line := range strings.Lines(string(text)) {
			if name, ok := strings.CutPrefix(line, "model name"); ok {
				model = strings.TrimSpace(strings.TrimLeft(strings.TrimSpace(name), ":"))
				break
			}
		}
	}
	return fmt.Sprintf("%d x %s, %s, %s/%s", runtime.NumCPU(), model, runtime.Version(), runtime.GOOS, runtime.GOARCH)
}

func write(out string, r Report) error {
	if err := os.MkdirAll(out, 0o755); err != nil {
		return err
	}
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(out, "bench.json"), text, 0o644); err != nil {
		return err
	}
	f, err := os.Create(filepath.Join(out, "bench.html"))
	if err != nil {
		return err
	}
	if err := page.Execute(f, r); err != nil {
		f.Close()
		return err
	}
	fmt.Println("written:", filepath.Join(out, "bench.json"), f.Name())
	return f.Close()
}

var page = template.Must(template.New("bench").Funcs(template.FuncMap{"short": short, "times": times}).Parse(`<!doctype html>
<meta charset="utf-8"><title>Benchmarks</title>
<style>body{font:15px/1.5 system-ui,sans-serif;margin:2rem;max-width:70rem}table{border-collapse:collapse}
td,th{padding:.3rem .8rem;border-bottom:1px solid #ddd;text-align:right}td:first-child,th:first-child,td:last-child{text-align:left}</style>
<h1>Benchmarks</h1><p>{{.When}}, {{.Machine}}</p>
<table><tr><th>what<th>ours<th>aim<th>peer<th>times better<th>unit<th>peer is</tr>
{{range .Rows}}<tr><td>{{.Name}}<td>{{if .Error}}not measured{{else}}{{short .Ours}}{{end}}<td>{{.Aim}}<td>{{short .Peer}}<td>{{times .Ratio}}<td>{{.OursUnit}}<td>{{.PeerIs}}</tr>
{{end}}</table>
`))
