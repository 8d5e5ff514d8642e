package report

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"math"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"iptvdc/testbench/verify"
)

// evening is a run with a cut in its middle and n samples.
func evening(n int) *Run {
	r := &Run{
		Scenario: "evening-peak.yaml", Title: Text{"Evening peak with a cut", "晚高峰断网"}, Size: "ci", Seed: 7,
		Version: "v0.1.0-12-g1234567", Cores: 2, MemoryBytes: 4 << 30,
		Started: time.Date(2026, 11, 23, 10, 5, 11, 123456789, time.UTC), TookMs: 180_000,
		Faults: []Fault{
			{"cut", 40_000, 70_000, "9927 connections cut"},
			{"broker-restart", 75_000, 75_000, "broker answered with a new run id"},
			{"slow", 120_000, 150_000, ""},
		},
		Checks: []Check{
			{"every event acknowledged within", "<= 60s", "41.2s", true},
			{"bytes per event", "<= 40", "52.1", false},
		},
		Notes: []string{"the drain took 4.2s"},
		Verify: &verify.Report{
			Boxes: 200, Events: 123456, Lost: 2, From: "2026-11-23 18", To: "2026-11-23 23", Queries: 412,
			Lines: []*verify.Line{
				{Indicator: "boxes_active", Cells: 300, Equal: 300},
				{Indicator: "revenue", Cells: 120, Equal: 118, Different: 2, First: []string{"2026-11-23 hunan: 19.90, want 39.80"}},
			},
			LostEvents: []string{"33-000012 epoch 1 seq 77"},
		},
	}
	for i := range n {
		at := r.TookMs * int64(i+1) / int64(n)
		s := Sample{
			AtMs: at, SimulatedMs: r.Started.UnixMilli() + at*120, Boxes: 200, Agents: 3, Connected: min(200, int(at/50)),
			Recorded: uint64(at) * 7 / 10, Sent: uint64(at) / 50, SentBytes: uint64(at) * 20,
			AckP50Ms: 20 + math.Sin(float64(at)/9000)*8, AckP99Ms: 120 + float64(at)/60, AckMaxMs: 4100,
			FleetBytes: 90<<20 + at*300, CentreBytes: 310<<20 + at*900, Phase: "playing",
		}
		cut := r.Faults[0]
		s.Acked = s.Recorded
		if at >= cut.FromMs && at < cut.ToMs {
			s.Connected, s.Acked, s.InForce = 12, uint64(cut.FromMs)*7/10, []string{"cut"}
			s.Losses = 9927
		}
		s.Pending = s.Recorded - s.Acked
		r.Samples = append(r.Samples, s)
	}
	return r
}

// node is one element of a page.
type node struct {
	name string
	attr map[string]string
	kids []*node
	text string // of it and all below it
}

func (n *node) all(name string) (found []*node) {
	for _, k := range n.kids {
		if k.name == name {
			found = append(found, k)
		}
		found = append(found, k.all(name)...)
	}
	return found
}

// parse reads a page, which is well-formed XML too.
func parse(t *testing.T, r *Run) (*node, string) {
	t.Helper()
	var b bytes.Buffer
	if err := r.WriteHTML(&b); err != nil {
		t.Fatal(err)
	}
	source := b.String()
	root := &node{}
	open := []*node{root}
	for dec := xml.NewDecoder(&b); ; {
		tok, err := dec.Token()
		if errors.Is(err, io.EOF) {
			return root, source
		}
		if err != nil {
			t.Fatalf("page is not well-formed: %v", err)
		}
		switch tok := tok.(type) {
		case xml.StartElement:
			n := &node{name: tok.Name.Local, attr: make(map[string]string)}
			for _, a := range tok.Attr {
				n.attr[a.Name.Local] = a.Value
			}
			top := open[len(open)-1]
			top.kids = append(top.kids, n)
			open = append(open, n)
		case xml.EndElement:
			open = open[:len(open)-1]
		case xml.CharData:
			for _, n := range open {
				n.text += string(tok)
			}
		}
	}
}

func TestPageShowsTheRun(t *testing.T) {
	page, source := parse(t, evening(180))
	want := func(in, text string) {
		t.Helper()
		if !strings.Contains(in, text) {
			t.Errorf("page does not say %q", text)
		}
	}
	want(page.text, "Failed: 1 of 2 thresholds do not hold")
	want(page.text, "1 of 3 faults left no proof")
	want(page.text, "Truth and aggregator differ")
	want(page.text, "晚高峰断网")
	want(page.text, "9927 connections cut")
	want(page.text, "none: it did not happen")
	want(page.text, "stbfleet run -f evening-peak.yaml --seed 7")
	want(page.text, "revenue: 2026-11-23 hunan: 19.90, want 39.80")
	want(page.text, "33-000012 epoch 1 seq 77")
	want(page.text, "126,000")
	svgs := page.all("svg")
	if len(svgs) != 6 {
		t.Fatalf("%d pictures, want 6", len(svgs))
	}
	for _, s := range svgs {
		name := s.attr["aria-label"]
		lines, bands := 0, 0
		for _, p := range append(s.all("path"), s.all("g")...) {
			if strings.HasPrefix(p.attr["class"], "line") {
				lines++
			}
			if p.attr["class"] == "fault" {
				bands++
			}
		}
		if lines == 0 || bands != 3 {
			t.Errorf("%s: %d lines and %d bands", name, lines, bands)
		}
		want(s.text, "1 cut")
		want(s.text, "real time")
	}
	for _, foreign := range []string{"http://", "https://", "<script", "src=", "url(", "@import"} {
		if strings.Contains(source, foreign) {
			t.Errorf("page holds %q", foreign)
		}
	}
}

// TestPageCutIsSeenWhereItWas reads the first picture back.
func TestPageCutIsSeenWhereItWas(t *testing.T) {
	page, _ := parse(t, evening(180))
	rect := page.all("svg")[0].all("rect")[0]
	x, err := strconv.ParseFloat(rect.attr["x"], 64)
	if err != nil {
		t.Fatal(err)
	}
	width, err := strconv.ParseFloat(rect.attr["width"], 64)
	if err != nil {
		t.Fatal(err)
	}
	span := float64(plotRight - plotLeft)
	if got := (x - plotLeft) / span * 180; math.Abs(got-40) > 0.1 {
		t.Errorf("band begins at %.2f s, want 40", got)
	}
	if got := width / span * 180; math.Abs(got-30) > 0.1 {
		t.Errorf("band is %.2f s long, want 30", got)
	}
}

func TestPageVerdicts(t *testing.T) {
	f := func(checks []Check, class, want string) {
		t.Helper()
		page, _ := parse(t, &Run{Checks: checks})
		for _, p := range page.all("p") {
			if p.attr["class"] == "verdict "+class && strings.Contains(p.text, want) {
				return
			}
		}
		t.Errorf("%v: no verdict %q of class %q", checks, want, class)
	}
	f(nil, "none", "Not judged")
	f([]Check{{OK: true}}, "good", "Passed: 1 of 1")
	f([]Check{{OK: true}, {}}, "bad", "Failed: 1 of 2")
}

func TestPageOfFewAndManySamples(t *testing.T) {
	f := func(n, svgs, most int) {
		t.Helper()
		page, source := parse(t, evening(n))
		if got := len(page.all("svg")); got != svgs {
			t.Errorf("%d samples: %d pictures, want %d", n, got, svgs)
		}
		if len(source) > most {
			t.Errorf("%d samples: page of %d bytes, want at most %d", n, len(source), most)
		}
		if strings.Contains(source, "NaN") || strings.Contains(source, "Inf") {
			t.Errorf("%d samples: page holds NaN or Inf", n)
		}
	}
	f(0, 0, 40_000)
	f(1, 5, 60_000) // one sample has no rate
	f(2, 6, 60_000)
	f(100_000, 6, 150_000)
	if page, _ := parse(t, evening(1)); len(page.all("circle")) == 0 {
		t.Error("a lone sample is not drawn")
	}
}

// TestThinKeepsPeaks: one value of a hundred thousand must still be seen.
func TestThinKeepsPeaks(t *testing.T) {
	points := make([]point, 100_000)
	for i := range points {
		points[i] = point{float64(i), 1}
	}
	points[54_321].y, points[54_400].y = 900, -3
	thinned := thin(points)
	if len(thinned) > mostPoints {
		t.Fatalf("%d points left", len(thinned))
	}
	low, high := 0.0, 0.0
	for i, p := range thinned {
		low, high = min(low, p.y), max(high, p.y)
		if i > 0 && p.x <= thinned[i-1].x {
			t.Fatalf("point %d lies before its predecessor", i)
		}
	}
	if low != -3 || high != 900 {
		t.Errorf("peaks %v and %v, want -3 and 900", low, high)
	}
}

func TestPageEscapesHostileRuns(t *testing.T) {
	const evil = "</title></style><script>alert(1)</script><img src=x onerror=alert(1)>\"'&\x00\x1b[2J\u202e\xff"
	r := evening(20)
	r.Scenario, r.Title, r.Size, r.Version = evil, Text{evil, evil}, evil, evil
	r.Notes = []string{evil}
	for i := range r.Faults {
		r.Faults[i].Kind, r.Faults[i].Proof = evil, evil
	}
	for i := range r.Checks {
		r.Checks[i] = Check{evil, evil, evil, false}
	}
	v := r.Verify
	v.From, v.To, v.LostEvents, v.Faults, v.Notes = evil, evil, []string{evil}, []string{evil}, []string{evil}
	v.Lines = append(v.Lines, nil, &verify.Line{Indicator: evil, First: []string{evil}})
	page, source := parse(t, r)
	if n := len(page.all("script")) + len(page.all("img")); n != 0 {
		t.Errorf("%d foreign elements", n)
	}
	for _, bad := range []string{"\x00", "\x1b", "\u202e"} {
		if strings.Contains(source, bad) {
			t.Errorf("page holds %q", bad)
		}
	}
	if !strings.Contains(page.text, "<script>alert(1)</script>") {
		t.Error("the text itself is gone")
	}
}

// TestPageOfUnlikelyRuns draws what no fleet does; no axis may run away.
func TestPageOfUnlikelyRuns(t *testing.T) {
	for _, s := range []Sample{
		{AtMs: math.MaxInt64, Recorded: math.MaxUint64, Pending: math.MaxUint64, FleetBytes: math.MaxInt64, AckP99Ms: math.MaxFloat64, AckP50Ms: 5e-324},
		{AtMs: -5, Connected: -1, AckP50Ms: math.Inf(1), AckP99Ms: math.NaN(), FleetBytes: -1, SimulatedMs: math.MinInt64},
		{Connected: 1, AckP50Ms: 1, AckP99Ms: 1, FleetBytes: 1},
	} {
		r := &Run{TookMs: s.AtMs, Samples: []Sample{{AtMs: 0, Recorded: 9}, s}}
		if page, _ := parse(t, r); len(page.all("text")) > 400 {
			t.Errorf("%+v: %d texts", s, len(page.all("text")))
		}
	}
}

func TestRepeatIsOneWordForAShell(t *testing.T) {
	f := func(name, want string) {
		t.Helper()
		if got := quoted(name); got != want {
			t.Errorf("quoted(%q) = %s, want %s", name, got, want)
		}
	}
	f("evening-peak", "evening-peak")
	f("scenarios/a_b.yaml", "scenarios/a_b.yaml")
	f("", "''")
	f("-x", "'-x'")
	f("a; rm -rf x", "'a; rm -rf x'")
	f("a'b$(c)", `'a'\''b$(c)'`)
	f("a\nb", "'a b'")
}

// TestWritePages leaves pages to look at in the folder that REPORT_PAGES names.
func TestWritePages(t *testing.T) {
	dir := os.Getenv("REPORT_PAGES")
	if dir == "" {
		dir = t.TempDir()
	}
	for name, n := range map[string]int{"empty": 0, "one": 1, "evening": 180, "many": 100_000} {
		file, err := os.Create(dir + "/" + name + ".html")
		if err != nil {
			t.Fatal(err)
		}
		if err := evening(n).WriteHTML(file); err != nil {
			t.Error(err)
		}
		if err := file.Close(); err != nil {
			t.Error(err)
		}
	}
}
