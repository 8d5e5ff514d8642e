package report

import (
	"bytes"
	"strings"
	"testing"
)

var evening1805 = Sample{
	AtMs: 12_345, SimulatedMs: 1795428311000, Boxes: 200, Connected: 195, Agents: 3, Recorded: 1234, Acked: 1200, Pending: 34,
	Sent: 60, SentBytes: 30_000, AckP50Ms: 20, AckP99Ms: 120, AckMaxMs: 1500, FleetBytes: 90 << 20, CentreBytes: 310 << 20,
	Phase: "playing", InForce: []string{"cut"},
}

func TestPlainLines(t *testing.T) {
	f := func(change func(*Sample), want string) {
		t.Helper()
		s := evening1805
		change(&s)
		var b bytes.Buffer
		l := NewLive(&b, "evening")
		l.Show(s)
		l.Close()
		l.Show(s)
		if b.String() != want+"\n" {
			t.Errorf("got  %q\nwant %q", b.String(), want)
		}
	}
	const prefix = "    12s  2026-11-23 18:05:11  boxes 195/200  events 1234  acked 1200  pending 34"
	f(func(*Sample) {}, prefix+"  ack p99 120 ms  faults: cut")
	f(func(s *Sample) { s.InForce, s.AckP99Ms = nil, 0 }, prefix+"  ack p99 0 ms")
	f(func(s *Sample) { s.AckP99Ms = 1.23456 }, prefix+"  ack p99 1.2 ms  faults: cut")
	f(func(s *Sample) { s.AckP99Ms = 61234.5 }, prefix+"  ack p99 61234 ms  faults: cut")
	f(func(s *Sample) { s.Phase, s.InForce = "draining", []string{"cut", "slow"} }, prefix+"  draining  ack p99 120 ms  faults: cut, slow")
	f(func(s *Sample) { s.Trouble = "box 7:\n\x1b[2Jno route" }, prefix+"  ack p99 120 ms  faults: cut  trouble: box 7: \ufffd[2Jno route")
}

func TestPlainTroubleIsSaidOnce(t *testing.T) {
	var b bytes.Buffer
	l := NewLive(&b, "evening")
	for _, trouble := range []string{"a", "a", "b", "", "b"} {
		s := evening1805
		s.Trouble = trouble
		l.Show(s)
	}
	var said []string
	for line := range strings.Lines(b.String()) {
		_, trouble, _ := strings.Cut(strings.TrimSpace(line), "trouble: ")
		said = append(said, trouble)
	}
	if got := strings.Join(said, ","); got != "a,,b,,b" {
		t.Errorf("troubles said: %q", got)
	}
}

func TestPlainFaults(t *testing.T) {
	f := func(fault Fault, want string) {
		t.Helper()
		var b bytes.Buffer
		NewLive(&b, "evening").Fault(fault)
		if b.String() != want+"\n" {
			t.Errorf("got  %q\nwant %q", b.String(), want)
		}
	}
	f(Fault{"cut", 40_000, 70_000, "9927 connections cut"}, "    40s  fault cut  until 1m10s  proof: 9927 connections cut")
	f(Fault{"restart", 75_000, 75_000, ""}, "  1m15s  fault restart")
}

func TestCutCountsColumns(t *testing.T) {
	f := func(in string, width int, want string) {
		t.Helper()
		if got := cut(in, width); got != want {
			t.Errorf("cut(%q, %d) = %q, want %q", in, width, got, want)
		}
	}
	f("abc", 3, "abc")
	f("abcd", 3, "ab…")
	f("晚高峰", 6, "晚高峰")
	f("晚高峰", 5, "晚高…")
	f("晚高峰", 4, "晚…")
	f("晚", 1, "…")
	f("晚", 0, "")
	f("e\u0301t", 2, "e\u0301t")
}
