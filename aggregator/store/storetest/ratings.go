package storetest

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"iptvdc/aggregator"
	"iptvdc/aggregator/c3"
	"iptvdc/aggregator/store"
	"iptvdc/protocol"
)

// span is a stretch of time, to exclusive, UTC milliseconds.
type span struct{ from, to int64 }

func (s span) cut(by span) span { return span{max(s.from, by.from), min(s.to, by.to)} }
func (s span) ms() int64        { return max(0, s.to-s.from) }

func hourSpan(h aggregator.Hour) span { return span{h.Start(), (h + 1).Start()} }

// what is what a run is of.
type what struct {
	province         aggregator.Province
	city             aggregator.City
	box              uint64
	mode             uint8
	channel, content uint64
}

// viewingRuns are the longest stretches without a gap, of everything, in Views that
// end where ends say.
func (m *memory) viewingRuns(p aggregator.Province, ends []int64) map[what][]span {
	all := map[what][]span{}
	for i := range m.rows.Views {
		v := &m.rows.Views[i]
		if v.Province == p && v.Speed == 100 && startOf(v) < ends[i] {
			k := what{v.Province, v.City, v.Box, v.Mode, v.Channel, v.Content}
			all[k] = append(all[k], span{startOf(v), ends[i]})
		}
	}
	for k, parts := range all {
		slices.SortFunc(parts, func(a, b span) int { return cmp.Compare(a.from, b.from) })
		joined := parts[:1]
		for _, s := range parts[1:] {
			if last := &joined[len(joined)-1]; s.from <= last.to {
				last.to = max(last.to, s.to)
			} else {
				joined = append(joined, s)
			}
		}
		all[k] = joined
	}
	return all
}

// reached reports whether at some moment of the hour, its beginning apart, the run
// had lasted the seconds.
func reached(run span, h span, seconds int64) bool {
	first := max(run.from+seconds*1000, h.from+1)
	return first <= min(run.to, h.to)
}

// rated are the measures that runs and minutes make.
type rated struct {
	viewingMs, audience, tvMs store.Measure
	reaches                   []store.Measure
}

var (
	rawRated    = rated{store.MeasureViewingMs, store.MeasureAudience, store.MeasureTVMs, store.Reaches}
	editedRated = rated{store.MeasureEditedMs, store.MeasureEditedAudience, store.MeasureEditedTVMs, store.EditedReaches}
)

// ratings computes the facts of who watched for how long, and what was on. edited
// are where the Views end in edited figures.
func (m *memory) ratings(c store.Cell, edited []int64, f *facts) {
	schedule := m.schedule(c.Province)
	raw := make([]int64, len(m.rows.Views))
	for i := range m.rows.Views {
		raw[i] = m.rows.Views[i].AtMs
	}
	m.rate(c, raw, schedule, &rawRated, f)
	m.rate(c, edited, schedule, &editedRated, f)
	for _, b := range schedule.all {
		if hourOf(b.StartMs) == c.Hour {
			g := airGroup(c.Province, 0, b)
			f.add(store.FactAir, g, store.MeasureAirings, 1)
			f.add(store.FactAir, g, store.MeasureAirMs, b.EndMs-b.StartMs)
		}
	}
}

func (m *memory) rate(c store.Cell, ends []int64, schedule *schedule, as *rated, f *facts) {
	h := hourSpan(c.Hour)
	for i := range m.rows.Views {
		m.minutes(c, &m.rows.Views[i], ends[i], as, f)
		m.onAir(c, &m.rows.Views[i], ends[i], schedule, as, f)
	}
	// A row of the hour has a flag at most once, however many runs reach it.
	flags := map[store.Fact]map[group]map[store.Measure]bool{store.FactReach: {}, store.FactBroadcast: {}}
	watched := map[group]int64{}
	length := map[group]int64{}
	flag := func(fact store.Fact, g group, run span) {
		for i, seconds := range store.ReachSeconds {
			if reached(run, h, seconds) {
				if flags[fact][g] == nil {
					flags[fact][g] = map[store.Measure]bool{}
				}
				flags[fact][g][as.reaches[i]] = true
			}
		}
	}
	for k, runs := range m.viewingRuns(c.Province, ends) {
		for _, run := range runs {
			flag(store.FactReach, group{uint64(k.province), uint64(k.city), uint64(k.mode), k.channel, k.content, k.box}, run)
			for _, part := range schedule.parts(k, run, c.Hour) {
				b := part.Broadcast
				g := group{uint64(k.province), uint64(k.city), uint64(k.mode), b.Channel, b.Code, uint64(hourOf(b.StartMs)), part.lag, k.box}
				if ms := part.run.cut(h).ms(); ms > 0 {
					watched[g] += ms
					length[g] = b.EndMs - b.StartMs
					flag(store.FactBroadcast, g, part.run)
				}
			}
		}
	}
	for fact, groups := range flags {
		for g, measures := range groups {
			for measure := range measures {
				f.add(fact, g, measure, 1)
			}
		}
	}
	for g, ms := range watched {
		f.add(store.FactBroadcast, g, as.viewingMs, ms)
		f.add(store.FactBroadcast, g, as.audience, (ms*1_000_000_000+length[g]/2)/length[g])
	}
}

func (m *memory) minutes(c store.Cell, v *store.View, end int64, as *rated, f *facts) {
	if v.Province != c.Province || v.Speed != 100 {
		return
	}
	for n := range int64(60) {
		minute := span{c.Hour.Start() + n*60_000, c.Hour.Start() + (n+1)*60_000}
		ofDay := (minute.from - c.Hour.Day().Start()) / 60_000
		f.add(store.FactMinute, group{uint64(v.Province), uint64(v.Mode), v.Channel, uint64(ofDay)}, as.viewingMs,
			span{startOf(v), end}.cut(minute).ms())
	}
}

func (m *memory) onAir(c store.Cell, v *store.View, end int64, schedule *schedule, as *rated, f *facts) {
	if v.Province != c.Province || v.Speed != 100 {
		return
	}
	here := span{startOf(v), end}.cut(hourSpan(c.Hour))
	for _, b := range schedule.all {
		f.add(store.FactAir, airGroup(c.Province, v.City, b), as.tvMs, here.cut(span{b.StartMs, b.EndMs}).ms())
	}
}

func airGroup(p aggregator.Province, city aggregator.City, b store.Broadcast) group {
	return group{uint64(p), uint64(city), b.Channel, b.Code, uint64(hourOf(b.StartMs)), store.AiringKey(b.Channel, b.StartMs)}
}

// schedule is what a province broadcasts.
type schedule struct {
	all       []store.Broadcast
	byCode    map[uint64]store.Broadcast
	recording map[uint64]store.Broadcast // by content
}

// part is what of a run is of a broadcast.
type part struct {
	store.Broadcast
	run span
	lag uint64
}

func (s *schedule) parts(k what, run span, h aggregator.Hour) []part {
	var all []part
	switch protocol.Mode(k.mode) {
	case protocol.ModeLive:
		for _, b := range s.all {
			if cut := run.cut(span{b.StartMs, b.EndMs}); b.Channel == k.channel && cut.ms() > 0 {
				all = append(all, part{b, cut, 0})
			}
		}
	case protocol.ModeCatchup, protocol.ModeTimeshift:
		b, found := s.recording[k.content]
		lag := store.TVDay(h) - store.TVDay(hourOf(b.StartMs))
		if found && k.content != 0 && h >= hourOf(b.StartMs) && lag <= store.MaxLag {
			all = append(all, part{b, run, uint64(lag)})
		}
	}
	return all
}

// schedule computes what a province's catalogue broadcasts.
func (m *memory) schedule(p aggregator.Province) *schedule {
	if m.schedules[p] != nil {
		return m.schedules[p]
	}
	s := &schedule{byCode: map[uint64]store.Broadcast{}, recording: map[uint64]store.Broadcast{}}
	type slot struct {
		channel uint64
		startMs int64
	}
	winner := map[slot]objectKey{}
	airings := map[objectKey]store.AiringRow{}
	for k, o := range m.objects {
		if k.province != p || o.row.Deleted {
			continue
		}
		a, ok := store.Airing(k.element, k.code, o.row.Properties)
		if !ok {
			continue
		}
		if a.Channel == 0 {
			child := k
			if k.element == c3.ElementScheduleRecord {
				child = objectKey{p, c3.ElementPhysicalChannel, a.Physical}
			}
			a.Channel = m.channelOf(child)
		}
		if a.Channel == 0 {
			continue
		}
		airings[k] = a
		if k.element == c3.ElementSchedule {
			at := slot{a.Channel, a.StartMs}
			if other, taken := winner[at]; !taken || o.after(m.objects[other].version) {
				winner[at] = k
			}
		}
	}
	for at, k := range winner {
		a, o := airings[k], m.objects[k].row
		end := a.StartMs + cmp.Or(a.DurationMs, store.UntoldMs)
		for next := range winner {
			if next.channel == at.channel && next.startMs > at.startMs {
				end = min(end, next.startMs)
			}
		}
		b := store.Broadcast{Code: k.code, Channel: a.Channel, StartMs: a.StartMs, EndMs: end, Name: o.Name, Programme: a.Programme, Normal: o.Normal}
		s.all = append(s.all, b)
		s.byCode[k.code] = b
	}
	for k, a := range airings {
		if k.element == c3.ElementSchedule {
			s.recording[k.code] = s.byCode[winner[slot{a.Channel, a.StartMs}].code]
			continue
		}
		if _, schedule := airings[objectKey{p, c3.ElementSchedule, k.code}]; schedule {
			continue
		}
		middle := a.StartMs + a.DurationMs/2
		for _, b := range s.all {
			if b.Channel == a.Channel && b.StartMs <= middle && middle < b.EndMs {
				s.recording[k.code] = b
			}
		}
	}
	m.schedules[p] = s
	return s
}

func (m *memory) Broadcasts(ctx context.Context, scope aggregator.Scope, codes []uint64) ([]store.BroadcastRow, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var rows []store.BroadcastRow
	provinces := map[aggregator.Province]bool{}
	for k := range m.objects {
		provinces[k.province] = scope.Sees(k.province)
	}
	for p, sees := range provinces {
		if !sees {
			continue
		}
		for _, b := range m.schedule(p).all {
			if slices.Contains(codes, b.Code) {
				rows = append(rows, store.BroadcastRow{Province: p, Code: b.Code, Channel: b.Channel, StartMs: b.StartMs, EndMs: b.EndMs, Name: m.codes[b.Name]})
			}
		}
	}
	slices.SortFunc(rows, func(a, b store.BroadcastRow) int {
		return cmp.Or(cmp.Compare(a.Province, b.Province), cmp.Compare(a.Code, b.Code))
	})
	return rows, ctx.Err()
}

// channelOf is the channel that the latest live mapping puts over a thing.
func (m *memory) channelOf(child objectKey) (channel uint64) {
	var latest version
	for k, r := range m.mappings {
		if k.child == child && k.parent.element == c3.ElementChannel && !r.row.Deleted &&
			!m.deleted[k.parent].after(r.version) && !m.deleted[k.child].after(r.version) && !latest.after(r.version) {
			latest, channel = r.version, k.parent.code
		}
	}
	return channel
}

// reschedule marks what follows from another schedule than before.
func (m *memory) reschedule(p aggregator.Province, was *schedule) {
	is := m.schedule(p)
	m.mark++
	touch := func(from, to int64) {
		store.TouchSpan(p, from, to, func(c store.Cell) { m.dirt[c] = m.mark })
	}
	when := func(b store.Broadcast) store.Broadcast {
		return store.Broadcast{Code: b.Code, Channel: b.Channel, StartMs: b.StartMs, EndMs: b.EndMs}
	}
	differ := func(a, b store.Broadcast) bool { return when(a) != when(b) }
	for code := range both(was.byCode, is.byCode) {
		if a, b := was.byCode[code], is.byCode[code]; differ(a, b) {
			for _, b := range []store.Broadcast{a, b} {
				if b.EndMs > 0 {
					touch(b.StartMs, b.EndMs-1)
				}
			}
		}
	}
	for content := range both(was.recording, is.recording) {
		a, b := was.recording[content], is.recording[content]
		if !differ(a, b) || content == 0 {
			continue
		}
		since := min(cmp.Or(a.StartMs, b.StartMs), cmp.Or(b.StartMs, a.StartMs))
		for i := range m.rows.Views {
			v := &m.rows.Views[i]
			mode := protocol.Mode(v.Mode)
			if v.Province == p && v.Content == content && (mode == protocol.ModeCatchup || mode == protocol.ModeTimeshift) && v.AtMs >= hourOf(since).Start() {
				touch(startOf(v), v.AtMs+store.ViewAheadMs)
			}
		}
	}
}

func both[K comparable, V any](a, b map[K]V) map[K]bool {
	all := map[K]bool{}
	for k := range maps.Keys(a) {
		all[k] = true
	}
	for k := range maps.Keys(b) {
		all[k] = true
	}
	return all
}

// channelTexts name the channels of random schedules. Their keys are those of what
// random Views are watched on.
var channelTexts = []string{"one", "two"}

func (g *maker) channel() uint64 {
	if i := g.r.IntN(3); i < len(channelTexts) {
		return aggregator.TextKey(channelTexts[i])
	}
	return g.one(3)
}

// schedules adds schedules and records that overlap, move and go, around now.
func (g *maker) schedules(f *feedFile, next func() int64) {
	write := func(ms int64) (day, clock string) {
		t := time.UnixMilli(ms).In(aggregator.Shanghai)
		return t.Format("20060102"), t.Format("150405")
	}
	for range g.r.IntN(16) {
		r := store.ObjectRow{Line: next(), Element: c3.ElementSchedule, Code: 1 + g.one(6), Name: g.one(3), Deleted: g.r.IntN(6) == 0,
			Normal: store.Normal{Genre: g.one(3), SubGenre: g.one(3), Place: g.one(2), Provider: g.one(2), Definition: uint8(g.one(3))}}
		if g.r.IntN(3) == 0 {
			r.Element, r.Code = c3.ElementScheduleRecord, 1+g.one(9)
		}
		start := now + int64(g.r.IntN(96)-48)*30*minute
		switch g.r.IntN(3) {
		case 0:
			start += int64(g.r.IntN(7)-3) * second
		case 1:
			start = now + int64(g.r.IntN(8)-4)*10*minute
		}
		day, clock := write(start)
		tell := func(name, value string) {
			r.Properties = append(r.Properties, c3.Property{Name: name, Value: value})
		}
		if tell("StartDate", day); g.r.IntN(12) > 0 {
			tell("StartTime", clock)
		}
		if g.r.IntN(8) > 0 {
			tell("Duration", []string{"003000", "000100", "010010", "013000", "240000", "bad"}[g.r.IntN(6)])
		}
		if g.r.IntN(4) > 0 {
			tell("ChannelCode", channelTexts[g.r.IntN(len(channelTexts))])
		} else {
			tell("PhysicalChannelID", "physical")
		}
		if g.r.IntN(2) == 0 {
			tell("ProgramCode", "two") // a programme's key is 1..4: none has it
		}
		f.rows.Objects = append(f.rows.Objects, r)
	}
	m := store.MappingRow{Line: next(), Parent: c3.ElementChannel, ParentCode: g.channel(), Child: c3.ElementSchedule, ChildCode: 1 + g.one(6), Deleted: g.r.IntN(5) == 0}
	if g.r.IntN(2) == 0 {
		m.Child, m.ChildCode = c3.ElementPhysicalChannel, aggregator.TextKey("physical")
	}
	f.rows.Mappings = append(f.rows.Mappings, m)
}
