package fleet

import (
	"strings"
	"testing"

	"iptvdc/aggregator"
	"iptvdc/protocol"
)

// TestAgents: most boxes run one of two agents, versions rise but for those that go back,
// every power-on tells the one that runs, and a later run begins where an earlier ended.
func TestAgents(t *testing.T) {
	const days = 12
	tw := town(t, 600, 3, monday)
	runs := map[int]string{}
	states := map[protocol.ProfileState]int{}
	var m Moment
	for tw.Next(monday+days*aggregator.DayMs, &m) {
		for _, e := range m.Events {
			switch {
			case e.Kind == protocol.Running:
				states[e.State]++
				if e.State == protocol.AgentRuns {
					agent, _, _ := strings.Cut(e.Why, " ")
					runs[m.Box] = agent
				}
			case e.Kind == protocol.PowerOn && runs[m.Box] != "" && e.Agent != runs[m.Box]:
				t.Fatalf("box %d comes on with %q, it runs %q", m.Box, e.Agent, runs[m.Box])
			case e.Kind == protocol.PowerOn && e.Agent != "":
				runs[m.Box] = e.Agent
			}
		}
	}
	by, most, second := map[string]int{}, 0, 0
	for _, agent := range runs {
		by[agent]++
	}
	for _, n := range by {
		if n > most {
			most, second = n, most
		} else {
			second = max(second, n)
		}
	}
	if len(by) < 2 || len(by) > 5 || 10*(most+second) < 9*len(runs) || len(runs) < 400 || len(runs) >= 600 {
		t.Errorf("%d boxes tell their agent: %v", len(runs), by)
	}
	if states[protocol.UpdateGood] < 20 || states[protocol.UpdateRolledBack] == 0 || states[protocol.UpdateRefused] == 0 ||
		states[protocol.UpdateDownloaded] != states[protocol.UpdateGood]+states[protocol.UpdateRolledBack] {
		t.Errorf("what became of updates: %v", states)
	}
	later := town(t, 600, 3, monday+days*aggregator.DayMs)
	for i := range tw.homes {
		// Who was not on since has not tried what it was offered.
		if was, is := &tw.homes[i], &later.homes[i]; was.tried == is.tried && was.agent() != is.agent() {
			t.Errorf("box %d ends with %q, a later run begins with %q", i, was.agent(), is.agent())
		}
	}
}
