package oracle

import "strings"

// agents counts which agent the box ran, by what it told last in an hour and place, and
// what it told of updates: of each, one way it ended is told once an hour.
func (t *history) agents(add func(measure, int64, int64, *Record)) {
	type hour struct {
		ms             int64
		province, city string
	}
	type outcome struct {
		hour
		release int64
		of      measure
	}
	last := make(map[hour]*Record)
	counted := make(map[outcome]bool)
	outcomes := map[string]measure{"downloaded": fetched, "good": taken, "rolled_back": rolledBack, "update_refused": updateRefused}
	for i := range t.Records {
		r := &t.Records[i]
		e := &r.Event
		if agent := agentOf(e); agent != "" {
			said := *r
			said.Event.Agent = agent
			at := hour{ms: hourStart(r.AtMs), province: r.Province}
			if before := last[at]; before == nil || r.AtMs > before.AtMs || r.AtMs == before.AtMs && e.MonoMs > before.Event.MonoMs {
				last[at] = &said
			}
		}
		if m, is := outcomes[e.State]; is && e.Kind == "running" {
			o := outcome{hour{hourStart(r.AtMs), r.Province, r.City}, e.Version, m}
			if !counted[o] {
				counted[o] = true
				add(m, 1, r.AtMs, r)
			}
		}
	}
	for _, r := range last {
		add(ran, 1, r.AtMs, r)
	}
}

// agentOf is the version of the agent that an event tells, "" if none.
func agentOf(e *Event) string {
	agent := ""
	switch {
	case e.Kind == "power_on":
		agent = e.Agent
	case e.Kind == "running" && e.State == "agent":
		agent, _, _ = strings.Cut(e.Why, " ")
	}
	if agent == "-" || len(agent) > 64 || strings.ContainsFunc(agent, func(c rune) bool { return c <= ' ' || c > '~' }) {
		return ""
	}
	return agent
}
