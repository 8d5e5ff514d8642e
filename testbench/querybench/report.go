package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"io"
	"os"
	"path/filepath"
	"text/tabwriter"
)

// Report is everything one run measured.
type Report struct {
	When, Before, After string // the machine before and after
	Set, Made           string
	Rows                []Row
}

// Row is a question or another thing that was timed; times are milliseconds.
type Row struct {
	Name          string
	Lines         int `json:",omitempty"` // of the answer
	P50, P95, P99 float64
	CPU           float64 // processor time of this process, on the mean
	Aim           string
	Peer          float64 `json:",omitempty"` // ClickHouse's engine, p50; of the board: one after the other
	PeerCPU       float64 `json:",omitempty"`
	Checked       bool
	Differs       string `json:",omitempty"`
}

// Aimed is what the row is to reach.
func (r Row) Aimed() string {
	if r.Aim == "" {
		return "<= 200"
	}
	return r.Aim
}

// Verdict says whether both sides gave the same numbers.
func (r Row) Verdict() string {
	switch {
	case r.Differs != "":
		return "DIFFERS"
	case r.Checked:
		return "equal"
	}
	return ""
}

// Times is how many times better we are than the peer, by the clock.
func (r Row) Times() string {
	if r.Peer == 0 || r.P50 == 0 {
		return "-"
	}
	return fmt.Sprintf("%.1f", r.Peer/r.P50)
}

func ms(v float64) string {
	if v == 0 {
		return "-"
	}
	return fmt.Sprintf("%.0f", v)
}

func (r *Report) text(w io.Writer) {
	fmt.Fprintf(w, "\n%s\n%s\nbefore: %s\nafter:  %s\n\n", r.Set, r.Made, r.Before, r.After)
	tw := tabwriter.NewWriter(w, 2, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(tw, "milliseconds\tlines\tp50\tp95\tp99\tcpu\taim\tClickHouse p50\tits cpu\ttimes better\tanswers\t")
	for _, row := range r.Rows {
		fmt.Fprintf(tw, "%s\t%d\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t\n", row.Name, row.Lines, ms(row.P50), ms(row.P95), ms(row.P99), ms(row.CPU), row.Aimed(), ms(row.Peer), ms(row.PeerCPU), row.Times(), row.Verdict())
	}
	_ = tw.Flush() // the terminal's own affair
}

func (r *Report) write(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "query.json"), text, 0o644); err != nil {
		return err
	}
	f, err := os.Create(filepath.Join(dir, "query.html"))
	if err != nil {
		return err
	}
	return errors.Join(page.Execute(f, r), f.Close())
}

var page = template.Must(template.New("query").Funcs(template.FuncMap{"ms": ms}).Parse(`<!doctype html>
<meta charset="utf-8"><title>Questions of a board</title>
<style>body{font:15px/1.5 system-ui,sans-serif;margin:2rem;max-width:80rem}table{border-collapse:collapse}
td,th{padding:.3rem .8rem;border-bottom:1px solid #ddd;text-align:right}td:first-child,th:first-child{text-align:left}</style>
<h1>Questions of a board</h1><p>{{.When}}. {{.Set}}; {{.Made}}.<br>Before: {{.Before}}. After: {{.After}}.</p>
<table><tr><th>milliseconds<th>lines<th>p50<th>p95<th>p99<th>cpu<th>aim<th>ClickHouse p50<th>its cpu<th>times better<th>answers</tr>
{{range .Rows}}<tr><td>{{.Name}}<td>{{.Lines}}<td>{{ms .P50}}<td>{{ms .P95}}<td>{{ms .P99}}<td>{{ms .CPU}}<td>{{.Aimed}}<td>{{ms .Peer}}<td>{{ms .PeerCPU}}<td>{{.Times}}<td>{{.Verdict}}</tr>
{{end}}</table>
`))
