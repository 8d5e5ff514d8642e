package scenario

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"iptvdc/testbench/report"
)

// Scenario is a play with faults and what must hold at its end.
type Scenario struct {
	Name  string      `yaml:"name"`
	Title report.Text `yaml:"title"`
	About string      `yaml:"about"` // what it is for, and after which event in the field
	Fleet Fleet       `yaml:"fleet"`
	// Broker is "" for the aggregator's own, or external for one that stands
	// beside it.
	Broker string `yaml:"broker"`
	// DataMB gives the aggregator a disk of its own of so many megabytes, in
	// memory; 0: its folder is not limited. Needs root.
	DataMB     int        `yaml:"data_mb"`
	Faults     []Fault    `yaml:"faults"`
	Thresholds Thresholds `yaml:"thresholds"`
	// CI says what is other in the small size.
	CI yaml.Node `yaml:"ci"`
}

// Fleet says which boxes play what.
type Fleet struct {
	Boxes     int      `yaml:"boxes"`
	Agents    int      `yaml:"agents"` // of the boxes, real agents
	Provinces []string `yaml:"provinces"`
	Seed      uint64   `yaml:"seed"`
	// Start is the simulated start in Asia/Shanghai, as 2026-02-16T18:00, or as
	// "yesterday 18:00", "7 days ago", "monday 2 weeks ago"; "": so that the play ends now.
	Start    string        `yaml:"start"`
	Duration time.Duration `yaml:"duration"` // simulated
	Speed    float64       `yaml:"speed"`    // times the clock; 0: 1
	// Flood plays as fast as the centre acknowledges.
	Flood       bool          `yaml:"flood"`
	BatchAge    time.Duration `yaml:"batch_age"`
	BatchEvents int           `yaml:"batch_events"`
	OutboxBytes int64         `yaml:"outbox_bytes"`
	ClockUnset  float64       `yaml:"clock_unset"`
	PowerCuts   float64       `yaml:"power_cuts"`
	Surge       *Surge        `yaml:"surge"`
	Stages      []Stage       `yaml:"stages"`
	Drain       time.Duration `yaml:"drain"` // how long the last acks may take; 0: 2 m
}

// Surge is more viewing from a day of the play on, day 0 being its first, to
// its end.
type Surge struct {
	FromDay int     `yaml:"from_day"`
	Users   float64 `yaml:"users"` // 0.235 for 23.5 % more in a day
	Time    float64 `yaml:"time"`  // of all together
}

// Stage is fleet.Stage.
type Stage struct {
	For   time.Duration `yaml:"for"`
	Boxes float64       `yaml:"boxes"` // share
}

// Fault is one fault of the play.
type Fault struct {
	Kind string `yaml:"kind"`
	// At is the share of the simulated time after which it strikes; it waits
	// until the fault before it is over and the boxes are back from it.
	At float64 `yaml:"at"`
	// For is how long it lasts, in real time; 0: it strikes at once.
	For time.Duration `yaml:"for"`
	// Share of the boxes, or of the traffic; 0: what is usual for its kind.
	Share    float64       `yaml:"share"`
	Province string        `yaml:"province"` // of cut-province
	Latency  time.Duration `yaml:"latency"`  // of slow, each way
	// Bytes a second and connection each way, of slow.
	Bandwidth int64 `yaml:"bandwidth"`
	// Times it strikes, one after the other; 0: once.
	Times int `yaml:"times"`
}

// Thresholds decide the exit status. Those that are 0 or empty do not count,
// but lost, doubled and figures always do: nothing may be lost but what boxes
// had no room for, nothing doubled, every figure equal.
type Thresholds struct {
	AckP50 time.Duration `yaml:"ack_p50"` // from the time at which it should have been sent
	AckP99 time.Duration `yaml:"ack_p99"`
	AckMax time.Duration `yaml:"ack_max"`
	// Recovered bounds, for every fault, the real time from its end until 99 % of
	// the boxes that were connected are so again, and everything that waited when it ended is
	// acknowledged.
	Recovered time.Duration `yaml:"recovered"`
	Drained   time.Duration `yaml:"drained"` // from the end of the play to the last ack
	// BoxKB bounds this program's memory for each box, CentreMB the
	// aggregator's.
	BoxKB     float64 `yaml:"box_kb"`
	CentreMB  float64 `yaml:"centre_mb"`
	Events    uint64  `yaml:"events"`  // at least so many events
	Evicted   uint64  `yaml:"evicted"` // at least so many thrown away for want of room
	UsersUp   []Share `yaml:"users_up"`
	TimeUp    []Share `yaml:"time_up"`
	EventRate float64 `yaml:"event_rate"` // at least so many acknowledged a second
}

// Share is a number from 0 to 1, or above.
type Share = float64

//go:embed builtin/*.yaml
var builtin embed.FS

// List returns the built-in scenarios by name.
func List() ([]*Scenario, error) {
	files, err := fs.Glob(builtin, "builtin/*.yaml")
	if err != nil {
		return nil, err
	}
	var all []*Scenario
	for _, f := range files {
		s, err := Open(strings.TrimSuffix(path.Base(f), ".yaml"))
		if err != nil {
			return nil, err
		}
		all = append(all, s)
	}
	return all, nil
}

// Source returns the text of a built-in scenario.
func Source(name string) ([]byte, error) { return builtin.ReadFile("builtin/" + name + ".yaml") }

// nameRule keeps names usable as file names.
var nameRule = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,63}$`)

// maxFile is how long a scenario may be.
const maxFile = 1 << 20

// Open reads a built-in scenario by its name, or a file.
func Open(name string) (*Scenario, error) {
	if nameRule.MatchString(name) {
		if text, err := Source(name); err == nil {
			s, err := Parse(text)
			if err != nil {
				return nil, fmt.Errorf("scenario %s: %w", name, err)
			}
			return s, nil
		}
	}
	f, err := os.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("scenario: %q is neither a built-in one nor a file; see: stbfleet list", name)
	} else if err != nil {
		return nil, fmt.Errorf("scenario: %w", err)
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, fmt.Errorf("scenario: %w", err)
	}
	s, err := Parse(text)
	if err != nil {
		return nil, fmt.Errorf("scenario %s: %w", name, err)
	}
	return s, nil
}

// Parse reads a scenario. A key that is not known is an error, with its line.
func Parse(text []byte) (*Scenario, error) {
	if len(text) > maxFile {
		return nil, fmt.Errorf("longer than %d bytes", maxFile)
	}
	s := new(Scenario)
	if err := decode(text, s); err != nil {
		return nil, err
	}
	if err := s.check(); err != nil {
		return nil, err
	}
	small, err := s.Small()
	if err != nil {
		return nil, err
	}
	if err := small.check(); err != nil {
		return nil, fmt.Errorf("ci: %w", err)
	}
	return s, nil
}

func decode(text []byte, into any) error {
	d := yaml.NewDecoder(bytes.NewReader(text))
	d.KnownFields(true)
	if err := d.Decode(into); errors.Is(err, io.EOF) {
		return errors.New("there is nothing in it")
	} else if err != nil {
		return err
	}
	if err := d.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		return errors.New("there is a second document in it")
	}
	return nil
}

// Small is the scenario in its CI size: as the full one but for what its ci
// part says.
func (s *Scenario) Small() (*Scenario, error) {
	small := *s
	small.Faults = slices.Clone(s.Faults)
	if s.CI.IsZero() {
		return &small, nil
	}
	text, err := yaml.Marshal(&s.CI)
	if err != nil {
		return nil, fmt.Errorf("ci: %w", err)
	}
	over := struct {
		Fleet      *Fleet      `yaml:"fleet"`
		DataMB     *int        `yaml:"data_mb"`
		Faults     *[]Fault    `yaml:"faults"`
		Thresholds *Thresholds `yaml:"thresholds"`
	}{&small.Fleet, &small.DataMB, nil, &small.Thresholds}
	if s.Fleet.Surge != nil {
		surge := *s.Fleet.Surge
		small.Fleet.Surge = &surge
	}
	if err := decode(text, &over); err != nil {
		return nil, fmt.Errorf("ci: %w", err)
	}
	if over.Faults != nil {
		small.Faults = *over.Faults
	}
	return &small, nil
}

// check explains what is wrong with s. What the fleet refuses itself it says
// when it is played.
func (s *Scenario) check() error {
	f := &s.Fleet
	switch {
	case !nameRule.MatchString(s.Name):
		return fmt.Errorf("name: %q, allowed are 1 to 64 of a-z, 0-9 and -", s.Name)
	case f.Boxes < 1 || f.Boxes > 5_000_000:
		return fmt.Errorf("fleet: boxes: %d, allowed 1 to 5000000", f.Boxes)
	case f.Agents < 0 || f.Agents > f.Boxes:
		return fmt.Errorf("fleet: agents: %d, allowed 0 to %d, they are part of the boxes", f.Agents, f.Boxes)
	case f.Duration <= 0:
		return fmt.Errorf("fleet: duration: %v, write how much simulated time is played, as 2h", f.Duration)
	case s.Broker != "" && s.Broker != "external":
		return fmt.Errorf("broker: %q, write external or leave it out", s.Broker)
	case s.DataMB != 0 && s.DataMB < 16:
		return fmt.Errorf("data_mb: %d, at least 16", s.DataMB)
	}
	for name, v := range map[string]float64{"clock_unset": f.ClockUnset, "power_cuts": f.PowerCuts} {
		if !(v >= 0 && v <= 1) {
			return fmt.Errorf("fleet: %s: %g, a share from 0 to 1", name, v)
		}
	}
	for name, r := range map[string][]Share{"users_up": s.Thresholds.UsersUp, "time_up": s.Thresholds.TimeUp} {
		if len(r) != 0 && (len(r) != 2 || r[0] > r[1]) {
			return fmt.Errorf("thresholds: %s: write the lowest and the highest share, as [0.2, 0.27]", name)
		}
		if len(r) != 0 && f.Surge == nil {
			return fmt.Errorf("thresholds: %s: there is no surge in the fleet", name)
		}
	}
	at := 0.0
	for i := range s.Faults {
		x := &s.Faults[i]
		if err := s.checkFault(x); err != nil {
			return fmt.Errorf("fault %d: %w", i+1, err)
		}
		if x.At < at {
			return fmt.Errorf("fault %d: at %g comes before the fault above it: put them in order", i+1, x.At)
		}
		at = x.At
	}
	return nil
}

func (s *Scenario) checkFault(x *Fault) error {
	k, ok := kinds[x.Kind]
	switch {
	case !ok:
		return fmt.Errorf("kind: %q is not known; there are %s", x.Kind, strings.Join(Kinds(), ", "))
	case !(x.At >= 0 && x.At < 1):
		return fmt.Errorf("at: %g, a share of the play from 0 to below 1", x.At)
	case !(x.Share >= 0 && x.Share <= 1):
		return fmt.Errorf("share: %g, allowed 0 to 1", x.Share)
	case x.For < 0 || x.For > time.Hour:
		return fmt.Errorf("for: %v, allowed 0 to 1h", x.For)
	case x.Times < 0 || x.Times > 1000:
		return fmt.Errorf("times: %d, allowed 0 to 1000", x.Times)
	case k.lasts && x.For == 0:
		return fmt.Errorf("for: %s lasts; write how long, as 20s", x.Kind)
	case k.external && s.Broker != "external":
		return fmt.Errorf("%s needs broker: external", x.Kind)
	case k.disk && s.DataMB == 0:
		return fmt.Errorf("%s needs data_mb, the size of the aggregator's disk", x.Kind)
	case x.Kind == "cut-province" && !slices.Contains(s.Fleet.Provinces, x.Province):
		return fmt.Errorf("province: %q is not among the fleet's provinces %v", x.Province, s.Fleet.Provinces)
	case x.Kind == "slow" && (x.Latency <= 0 && x.Bandwidth <= 0 || x.Latency < 0 || x.Bandwidth < 0):
		return errors.New("slow needs a latency or a bandwidth above 0")
	case x.Kind == "restart-agents" && s.Fleet.Agents == 0:
		return errors.New("restart-agents needs agents in the fleet")
	}
	return nil
}

// Kinds returns the names of the faults.
func Kinds() []string {
	var names []string
	for name := range kinds {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
