package scenario

import (
	"strings"
	"testing"
	"time"

	"iptvdc/aggregator"
)

// TestBuiltin: every built-in scenario is whole in both sizes, named as its
// file, and in both languages.
func TestBuiltin(t *testing.T) {
	all, err := List()
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < 17 {
		t.Errorf("%d scenarios", len(all))
	}
	used := make(map[string]bool)
	for _, s := range all {
		if s.Title.EN == "" || s.Title.ZH == "" || s.About == "" {
			t.Errorf("%s: title or about is missing", s.Name)
		}
		if _, err := Source(s.Name); err != nil {
			t.Errorf("%s: its file has another name: %v", s.Name, err)
		}
		small, err := s.Small()
		if err != nil {
			t.Fatal(err)
		}
		if f := &small.Fleet; s.CI.IsZero() || f.Boxes > 10_000 {
			t.Errorf("%s: no small size", s.Name)
		}
		for _, f := range s.Faults {
			used[f.Kind] = true
		}
	}
	for _, k := range Kinds() {
		if !used[k] && k != "black-hole" {
			t.Errorf("no scenario uses fault %s", k)
		}
	}
}

// TestSmall: what the ci part does not name stays, and the full size is not
// changed by it.
func TestSmall(t *testing.T) {
	s, err := Parse([]byte(`
name: x
fleet: {boxes: 100, duration: 2h, speed: 60, surge: {from_day: 2, users: 0.1}}
faults: [{kind: cut, at: 0.5}]
thresholds: {drained: 30s, events: 5}
ci:
  fleet: {boxes: 10, surge: {from_day: 1}}
  thresholds: {events: 1}
`))
	if err != nil {
		t.Fatal(err)
	}
	small, err := s.Small()
	if err != nil {
		t.Fatal(err)
	}
	f := &small.Fleet
	if f.Boxes != 10 || f.Duration != 2*time.Hour || f.Surge.FromDay != 1 || f.Surge.Users != 0.1 || small.Thresholds.Events != 1 || small.Thresholds.Drained != 30*time.Second || len(small.Faults) != 1 {
		t.Errorf("small %+v %+v", small, f.Surge)
	}
	if s.Fleet.Boxes != 100 || s.Fleet.Surge.FromDay != 2 || s.Thresholds.Events != 5 {
		t.Errorf("the full size was changed: %+v", s)
	}
}

// TestBad: each fault of a file is an error that names it.
func TestBad(t *testing.T) {
	const good = "name: x\nfleet: {boxes: 10, duration: 1h}\n"
	for text, want := range map[string]string{
		"":                             "nothing in it",
		"name: x\nfleets: {}\n":        "line 2: field fleets not found",
		good + "---\nname: y\n":        "second document",
		"name: X Y\n":                  "name:",
		"name: x\nfleet: {boxes: 0}\n": "boxes: 0",
		"name: x\nfleet: {boxes: 5}\n": "duration",
		"name: x\nfleet: {boxes: 5, agents: 6, duration: 1h}\n":                       "agents: 6",
		"name: x\nfleet: {boxes: 5, duration: tomorrow}\n":                            "tomorrow",
		good + "broker: kafka\n":                                                      "broker",
		good + "faults: [{kind: meteor, at: 0.1}]\n":                                  "cut-province",
		good + "faults: [{kind: cut, at: 1}]\n":                                       "at: 1",
		good + "faults: [{kind: cut, at: .nan}]\n":                                    "at: NaN",
		good + "faults: [{kind: cut, at: 0.5}, {kind: cut, at: 0.2}]\n":               "in order",
		good + "faults: [{kind: refuse, at: 0.1}]\n":                                  "write how long",
		good + "faults: [{kind: empty-broker, at: 0.1}]\n":                            "broker: external",
		good + "faults: [{kind: disk-full, at: 0.1, for: 1s}]\n":                      "data_mb",
		good + "faults: [{kind: cut-province, at: 0.1, for: 1s, province: \"33\"}]\n": "not among",
		good + "faults: [{kind: slow, at: 0.1, for: 1s}]\n":                           "latency",
		good + "faults: [{kind: restart-agents, at: 0.1}]\n":                          "agents",
		good + "thresholds: {users_up: [0.1, 0.2]}\n":                                 "no surge",
		good + "ci: {boxes: 1}\n":                                                     "ci: yaml",
		good + "ci: {fleet: {boxes: -1}}\n":                                           "ci: fleet: boxes: -1",
	} {
		_, err := Parse([]byte(text))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want an error with %q", text, err, want)
		}
	}
	if _, err := Open("no-such"); err == nil || !strings.Contains(err.Error(), "stbfleet list") {
		t.Errorf("Open: %v", err)
	}
}

func TestStart(t *testing.T) {
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, aggregator.Shanghai) // a Tuesday
	for text, want := range map[string]string{
		"":                    "2026-11-24T11:01",
		"yesterday 19:30":     "2026-11-23T19:30",
		"3 days ago":          "2026-11-21T00:00",
		"monday 2 weeks ago":  "2026-11-09T00:00",
		"2026-02-16T18:00":    "2026-02-16T18:00",
		"yesterday 25:00":     "",
		"tomorrow":            "",
		"-1 days ago":         "",
		"monday -1 weeks ago": "",
	} {
		at, err := startOf(&Fleet{Start: text, Duration: time.Hour, Speed: 60}, now)
		if got := at.In(aggregator.Shanghai).Format("2006-01-02T15:04"); want != "" && (err != nil || got != want) {
			t.Errorf("%q: %s, %v; want %s", text, got, err, want)
		} else if want == "" && err == nil {
			t.Errorf("%q is taken: %s", text, got)
		}
	}
}

func TestSumOf(t *testing.T) {
	text := []byte("# HELP a_total x\na_total{o=\"x\",p=\"33\"} 3\na_total{o=\"y\"} 4.5e1\na_total_more 100\nb 7\n")
	for _, c := range []struct {
		name, with string
		want       float64
	}{{"a_total", "", 48}, {"a_total", `o="x"`, 3}, {"b", "", 7}} {
		if got, err := sumOf(text, c.name, c.with); err != nil || got != c.want {
			t.Errorf("%s %s: %g, %v; want %g", c.name, c.with, got, err, c.want)
		}
	}
	if _, err := sumOf(text, "c", ""); err == nil {
		t.Error("a metric that is not there is 0")
	}
}

func FuzzParse(f *testing.F) {
	all, err := List()
	if err != nil {
		f.Fatal(err)
	}
	for _, s := range all {
		text, err := Source(s.Name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		s, err := Parse(text)
		if err != nil {
			return
		}
		// What is taken can be played: its small size is whole too.
		if _, err := s.Small(); err != nil {
			t.Fatal(err)
		}
		if _, err := startOf(&s.Fleet, time.Now()); err != nil && !strings.Contains(err.Error(), "fleet: start") {
			t.Fatal(err)
		}
	})
}
