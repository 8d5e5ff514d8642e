package main

import (
	"strconv"
	"strings"
)

// bench names a Go benchmark; Time is its -benchtime, "" for once, Env a NAME=VALUE
// it is run with, "" for none.
type bench struct {
	Package string
	Name    string // as Benchmark.../sub
	Time    string
	Env     string
}

func (b bench) benchtime() string {
	if b.Time == "" {
		return "1x"
	}
	return b.Time
}

// Row is one promise: where our figure and the peer's are measured.
type Row struct {
	Name     string
	OursAt   bench  `json:"-"`
	OursUnit string // the benchmark's metric
	Aim      string // from ARCHITECTURE.md, as text
	Less     bool   // less is better
	Long     bool   `json:"-"` // takes many minutes or gigabytes: only with -long
	PeerAt   bench  `json:"-"`
	PeerUnit string `json:"-"` // "" as ours
	PeerIs   string
}

func (r Row) peerUnit() string {
	if r.PeerUnit == "" {
		return r.OursUnit
	}
	return r.PeerUnit
}

// parse reads the metrics of benchmark name out of go test's output: its lines
// are the name, a count, then pairs of value and unit.
func parse(text, name string) map[string]float64 {
	metrics := make(map[string]float64)
	for line := range strings.Lines(text) {
		fields := strings.Fields(line)
		if len(fields) < 4 || !sameName(fields[0], name) {
			continue
		}
		for i := 2; i+1 < len(fields); i += 2 {
			if v, err := strconv.ParseFloat(fields[i], 64); err == nil {
				metrics[fields[i+1]] = v
			}
		}
	}
	return metrics
}

// sameName compares without the -<processors> that go test adds.
func sameName(printed, name string) bool {
	rest, ok := strings.CutPrefix(printed, name)
	if !ok {
		return false
	}
	if rest == "" {
		return true
	}
	_, err := strconv.Atoi(strings.TrimPrefix(rest, "-"))
	return strings.HasPrefix(rest, "-") && err == nil
}
