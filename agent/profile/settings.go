package profile

import (
	"slices"
	"time"

	"iptvdc/protocol"
)

// Settings are what the parts of an agent go by. Policy fills in every field.
type Settings struct {
	Version     uint64 // of the profile in force; 0: what is built in
	Window      time.Duration
	BatchEvents int
	BatchAge    time.Duration
	Health      time.Duration // between two health events; 0: none
	Quiet       bool          // now
	Anonymous   bool          // account, STBID and MAC stay on the box

	Brokers                                            []string
	FirstSpread, ReconnectMin, ReconnectMax, KeepAlive time.Duration
	InFlight                                           int
	Origins                                            []string // of pages that may report

	Trigger int // which of the profile's triggers holds, from 1; 0: none
}

// equal reports whether two settings are the same.
func (s *Settings) equal(t *Settings) bool {
	return slices.Equal(s.Brokers, t.Brokers) && slices.Equal(s.Origins, t.Origins) && s.scalars() == t.scalars()
}

// scalars is s without its lists, which can be compared.
func (s *Settings) scalars() [13]int64 {
	flag := func(b bool) int64 {
		if b {
			return 1
		}
		return 0
	}
	return [...]int64{int64(s.Version), int64(s.Window), int64(s.BatchEvents), int64(s.BatchAge), int64(s.Health), flag(s.Quiet),
		flag(s.Anonymous), int64(s.FirstSpread), int64(s.ReconnectMin), int64(s.ReconnectMax), int64(s.KeepAlive), int64(s.InFlight), int64(s.Trigger)}
}

// effective is what holds at a moment, worked out so that asking costs nothing.
type effective struct {
	Settings
	records [256]bool // by kind
}

// effect works out what holds: what is built in, with a profile (nil: none) over
// it, and one of its triggers over that (0: none, else from 1).
func effect(built *Settings, p *protocol.Profile, trigger int, quiet bool, box string) *effective {
	e := &effective{Settings: *built}
	for k := range e.records {
		e.records[k] = true
	}
	if p == nil {
		return e
	}
	e.Version, e.Quiet, e.Trigger = p.Version, quiet, trigger
	span := func(to *time.Duration, v *uint32, unit time.Duration) {
		if v != nil {
			*to = time.Duration(*v) * unit
		}
	}
	count := func(to *int, v *uint32) {
		if v != nil {
			*to = int(*v)
		}
	}
	span(&e.Window, p.WindowMs, time.Millisecond)
	count(&e.BatchEvents, p.BatchEvents)
	span(&e.BatchAge, p.BatchAgeS, time.Second)
	span(&e.Health, p.HealthS, time.Second)
	span(&e.FirstSpread, p.FirstSpreadS, time.Second)
	span(&e.ReconnectMin, p.ReconnectMin, time.Second)
	span(&e.ReconnectMax, p.ReconnectMax, time.Second)
	e.ReconnectMax = max(e.ReconnectMin, e.ReconnectMax)
	span(&e.KeepAlive, p.KeepAliveS, time.Second)
	count(&e.InFlight, p.InFlight)
	if p.Privacy != "" {
		e.Anonymous = p.Privacy == protocol.PrivacyAnonymous
	}
	if p.Brokers != nil {
		e.Brokers = p.Brokers
	}
	if p.Origins != nil {
		e.Origins = *p.Origins
	}
	sample := p.Sample
	if trigger > 0 {
		t := &p.Triggers[trigger-1]
		span(&e.Health, t.HealthS, time.Second)
		if t.Sample != nil {
			sample = t.Sample
		}
	}
	for _, k := range protocol.Kinds() {
		e.records[k] = sample.Records(box, k)
	}
	return e
}
