package report

import (
	"time"

	"iptvdc/testbench/verify"
)

// Run is what one play of a fleet was and did; it is what the JSON report
// holds.
type Run struct {
	Scenario string `json:"scenario"`
	Title    Text   `json:"title"`
	Size     string `json:"size"` // "ci" or "full"
	Seed     uint64 `json:"seed"`
	Version  string `json:"version"`
	// Machine it ran on: fleet and, if the run started it, aggregator.
	Cores       int   `json:"cores"`
	MemoryBytes int64 `json:"memory_bytes"`

	Started time.Time `json:"started"`
	TookMs  int64     `json:"took_ms"`

	Samples []Sample `json:"samples"` // by AtMs
	Faults  []Fault  `json:"faults"`  // by FromMs
	Checks  []Check  `json:"checks"`  // the thresholds, each with what was seen
	Notes   []string `json:"notes,omitempty"`
	// Verify is the comparison of truth and aggregator; nil: none was made.
	Verify *verify.Report `json:"verify,omitempty"`
}

// Text is said in both languages of the platform.
type Text struct {
	EN string `json:"en" yaml:"en"`
	ZH string `json:"zh" yaml:"zh"`
}

// Sample is how a run stood at one moment. Counters run since the start.
type Sample struct {
	AtMs        int64   `json:"at_ms"`        // real time since the start
	SimulatedMs int64   `json:"simulated_ms"` // UTC
	Boxes       int     `json:"boxes"`
	Agents      int     `json:"agents"` // of these, real agents
	Connected   int     `json:"connected"`
	Recorded    uint64  `json:"recorded"` // events
	Acked       uint64  `json:"acked"`
	Pending     uint64  `json:"pending"`
	Evicted     uint64  `json:"evicted"`
	Sent        uint64  `json:"sent"` // batches, repeats included
	SentBytes   uint64  `json:"sent_bytes"`
	Losses      uint64  `json:"losses"`     // connections lost
	AckP50Ms    float64 `json:"ack_p50_ms"` // since the start, from the scheduled time
	AckP99Ms    float64 `json:"ack_p99_ms"`
	AckMaxMs    float64 `json:"ack_max_ms"`
	FleetBytes  int64   `json:"fleet_bytes"`  // resident memory of this process
	CentreBytes int64   `json:"centre_bytes"` // of the aggregator; 0: not known
	// InForce names the faults in force.
	InForce []string `json:"in_force,omitempty"`
	Phase   string   `json:"phase"` // connecting, playing, draining, verifying
	Trouble string   `json:"trouble,omitempty"`
}

// Fault is one injected fault.
type Fault struct {
	Kind   string `json:"kind"`
	FromMs int64  `json:"from_ms"` // real time since the start
	ToMs   int64  `json:"to_ms"`   // equal to FromMs: it struck at once
	// Proof is what shows that it did happen, as "9927 connections cut"; a
	// fault without one did not.
	Proof string `json:"proof"`
}

// Check is one threshold of the scenario.
type Check struct {
	Name string `json:"name"`
	Want string `json:"want"` // as "<= 60s"
	Got  string `json:"got"`
	OK   bool   `json:"ok"`
}

// OK reports whether every threshold holds.
func (r *Run) OK() bool {
	for i := range r.Checks {
		if !r.Checks[i].OK {
			return false
		}
	}
	return true
}
