package protocol

import (
	"crypto/sha256"
	"encoding/binary"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// Profile is how the boxes of a group are to work [P-8.3]. Fields that are nil
// or empty were not given: there a box does as it is built.
type Profile struct {
	Version   uint64 `json:"version"`    // rises on each topic, from 1
	ExpiresMs uint64 `json:"expires_ms"` // UTC by the centre's clock

	Sample       Sample    `json:"sample,omitzero"`
	WindowMs     *uint32   `json:"window_ms,omitempty"`    // how long an event waits for its commit
	BatchEvents  *uint32   `json:"batch_events,omitempty"` // events that make a batch
	BatchAgeS    *uint32   `json:"batch_age_s,omitempty"`  // an unfinished batch is sent when so old
	HealthS      *uint32   `json:"health_s,omitempty"`     // between two health events; 0: none
	Quiet        []Span    `json:"quiet,omitempty"`
	Privacy      string    `json:"privacy,omitempty"` // PrivacyFull, PrivacyAnonymous, "": as built in
	Brokers      []string  `json:"brokers,omitempty"`
	FirstSpreadS *uint32   `json:"first_spread_s,omitempty"`
	ReconnectMin *uint32   `json:"reconnect_min_s,omitempty"`
	ReconnectMax *uint32   `json:"reconnect_max_s,omitempty"`
	KeepAliveS   *uint32   `json:"keepalive_s,omitempty"`
	InFlight     *uint32   `json:"in_flight,omitempty"`
	Origins      *[]string `json:"origins,omitempty"` // empty: no page may report
	Triggers     []Trigger `json:"triggers,omitempty"`
}

// Values of Profile.Privacy.
const (
	PrivacyFull      = "full"
	PrivacyAnonymous = "anonymous" // account, STBID and MAC stay on the box
)

// Sample says for kinds, by their words, how many per mille of the boxes record
// them; a kind that is absent is recorded by all.
type Sample map[string]uint32

// Trigger is another sample and another health interval for a while.
type Trigger struct {
	Errors  uint32  `json:"errors"`   // so many playback errors
	WithinS uint32  `json:"within_s"` // in so many seconds
	ForS    uint32  `json:"for_s"`    // have this hold for so long
	Sample  Sample  `json:"sample,omitzero"`
	HealthS *uint32 `json:"health_s,omitempty"`
}

// Span is a part of each day in Asia/Shanghai, "HH:MM" both; To is not in it
// any more, and before From it lies in the next day.
type Span struct {
	From string `json:"from"`
	To   string `json:"to"`
}

// Holds reports whether a time, UTC in milliseconds, lies in the span.
func (s Span) Holds(utcMs uint64) bool {
	const dayMs, zoneMs = 24 * 3600_000, 8 * 3600_000 // Asia/Shanghai has no summer time
	at := (utcMs + zoneMs) % dayMs
	from, _ := clockMs(s.From)
	to, _ := clockMs(s.To)
	if from < to {
		return from <= at && at < to
	}
	return at >= from || at < to
}

func clockMs(s string) (ms uint64, ok bool) {
	hour, minute, found := strings.Cut(s, ":")
	h, herr := strconv.ParseUint(hour, 10, 8)
	m, merr := strconv.ParseUint(minute, 10, 8)
	if !found || len(hour) != 2 || len(minute) != 2 || herr != nil || merr != nil || h > 23 || m > 59 {
		return 0, false
	}
	return (h*60 + m) * 60_000, true
}

// Command is what one box is to do once [P-8.4].
type Command struct {
	Version   uint64 `json:"version"`
	ExpiresMs uint64 `json:"expires_ms"`
	Do        string `json:"do"`
}

// DoReport asks for running and health events, and to send everything now.
const DoReport = "report"

// AlwaysRecorded reports whether a profile has no say about a kind.
func AlwaysRecorded(k Kind) bool {
	switch k {
	case Order, PowerOn, PowerOff, Identity, ClockSync, Dropped, OutboxLost, Running:
		return true
	}
	return false
}

// InSample reports whether box is among so many per mille of all boxes: the
// same boxes are in every sample that is at least as large.
func InSample(box string, perMille uint32) bool {
	sum := sha256.Sum256([]byte(box))
	return binary.BigEndian.Uint32(sum[4:8])%1000 < perMille
}

// Records reports whether box records events of kind k under s.
func (s Sample) Records(box string, k Kind) bool {
	perMille, given := s[k.String()]
	return !given || AlwaysRecorded(k) || InSample(box, perMille)
}

// ParseProfile reads a profile's payload. It is strict: a name that P-8.3 does
// not have or that stands twice, a wrong type, null, a value outside its limits
// is refused with an *Error that names it.
func ParseProfile(payload []byte) (Profile, error) {
	var p Profile
	if err := strictJSON(payload, &p); err != nil {
		return Profile{}, err
	}
	if err := p.Check(); err != nil {
		return Profile{}, err
	}
	return p, nil
}

// ParseCommand reads a command's payload, as strictly.
func ParseCommand(payload []byte) (Command, error) {
	var c Command
	if err := strictJSON(payload, &c); err != nil {
		return Command{}, err
	}
	if err := c.Check(); err != nil {
		return Command{}, err
	}
	return c, nil
}

// Limits of lists in a profile.
const (
	maxSpans    = 8
	maxBrokers  = 8
	maxOrigins  = 16
	maxTriggers = 4
	maxVersion  = 1 << 53
)

func checkHead(version, expiresMs uint64) error {
	if version < 1 || version > maxVersion {
		return faultf(BadLimit, "version", "%d, allowed 1..%d", version, int64(maxVersion))
	}
	if expiresMs < MinWallMs || expiresMs > MaxWallMs {
		return faultf(BadLimit, "expires_ms", "%d, allowed %d..%d", expiresMs, int64(MinWallMs), int64(MaxWallMs))
	}
	return nil
}

// Check reports the first value outside its limits.
func (c *Command) Check() error {
	if err := checkHead(c.Version, c.ExpiresMs); err != nil {
		return err
	}
	if c.Do != DoReport {
		return faultf(BadLimit, "do", "%.40q, allowed: %s", c.Do, DoReport)
	}
	return nil
}

// Check reports the first value outside its limits.
func (p *Profile) Check() error {
	if err := checkHead(p.Version, p.ExpiresMs); err != nil {
		return err
	}
	if err := p.Sample.check("sample"); err != nil {
		return err
	}
	for _, n := range []struct {
		name     string
		v        *uint32
		min, max uint32
	}{
		{"window_ms", p.WindowMs, 50, 60_000},
		{"batch_events", p.BatchEvents, 1, MaxBatchEvents},
		{"batch_age_s", p.BatchAgeS, 1, 3600},
		{"first_spread_s", p.FirstSpreadS, 0, 3600},
		{"reconnect_min_s", p.ReconnectMin, 1, 3600},
		{"reconnect_max_s", p.ReconnectMax, 1, 86_400},
		{"keepalive_s", p.KeepAliveS, 10, 3600},
		{"in_flight", p.InFlight, 1, MaxWindow},
	} {
		if n.v != nil && (*n.v < n.min || *n.v > n.max) {
			return faultf(BadLimit, n.name, "%d, allowed %d..%d", *n.v, n.min, n.max)
		}
	}
	if p.ReconnectMin != nil && p.ReconnectMax != nil && *p.ReconnectMin > *p.ReconnectMax {
		return faultf(BadLimit, "reconnect_min_s", "%d, above reconnect_max_s, %d", *p.ReconnectMin, *p.ReconnectMax)
	}
	if err := checkHealth("health_s", p.HealthS); err != nil {
		return err
	}
	if p.Privacy != "" && p.Privacy != PrivacyFull && p.Privacy != PrivacyAnonymous {
		return faultf(BadLimit, "privacy", "%.40q, allowed: %s, %s", p.Privacy, PrivacyFull, PrivacyAnonymous)
	}
	return p.checkLists()
}

func (p *Profile) checkLists() error {
	if err := checkList("quiet", p.Quiet, maxSpans, func(field string, s Span) error { return s.Check(field) }); err != nil {
		return err
	}
	if err := checkList("brokers", p.Brokers, maxBrokers, checkBroker); err != nil {
		return err
	}
	if p.Origins != nil && len(*p.Origins) > 0 {
		if err := checkList("origins", *p.Origins, maxOrigins, checkOrigin); err != nil {
			return err
		}
	}
	return checkList("triggers", p.Triggers, maxTriggers, func(field string, t Trigger) error { return t.check(field) })
}

func checkList[T any](field string, list []T, most int, check func(string, T) error) error {
	if list == nil {
		return nil
	}
	if n := len(list); n < 1 || n > most {
		return faultf(BadLimit, field, "%d of them, allowed 1..%d", n, most)
	}
	for i, v := range list {
		if err := check(field+"["+strconv.Itoa(i)+"]", v); err != nil {
			return err
		}
	}
	return nil
}

func (s Sample) check(field string) error {
	words := make([]string, 0, len(s))
	for word := range s {
		words = append(words, word)
	}
	slices.Sort(words) // the same refusal each time
	for _, word := range words {
		k, err := ParseKind(word)
		switch {
		case err != nil:
			return faultf(BadLimit, field, "%s is not a kind", shown(word))
		case AlwaysRecorded(k):
			return faultf(BadLimit, field, "%s is always recorded", word)
		case s[word] > 1000:
			return faultf(BadLimit, field+"."+word, "%d, allowed 0..1000 per mille", s[word])
		}
	}
	return nil
}

func checkHealth(field string, s *uint32) error {
	if s != nil && *s != 0 && (*s < 10 || *s > 86_400) {
		return faultf(BadLimit, field, "%d, allowed 0 (none) and 10..86400", *s)
	}
	return nil
}

// Check reports what is wrong with a span that stands in a field.
func (s Span) Check(field string) error {
	if _, ok := clockMs(s.From); !ok {
		return faultf(BadLimit, field+".from", "%.40q, must be HH:MM, 00:00..23:59", s.From)
	}
	if _, ok := clockMs(s.To); !ok {
		return faultf(BadLimit, field+".to", "%.40q, must be HH:MM, 00:00..23:59", s.To)
	}
	if s.From == s.To {
		return faultf(BadLimit, field, "from and to are both %s", s.From)
	}
	return nil
}

func (t *Trigger) check(field string) error {
	switch {
	case t.Errors < 1 || t.Errors > 1000:
		return faultf(BadLimit, field+".errors", "%d, allowed 1..1000", t.Errors)
	case t.WithinS < 1 || t.WithinS > 3600:
		return faultf(BadLimit, field+".within_s", "%d, allowed 1..3600", t.WithinS)
	case t.ForS < 1 || t.ForS > 86_400:
		return faultf(BadLimit, field+".for_s", "%d, allowed 1..86400", t.ForS)
	case t.Sample == nil && t.HealthS == nil:
		return faultf(BadLimit, field, "neither sample nor health_s: it changes nothing")
	}
	if err := t.Sample.check(field + ".sample"); err != nil {
		return err
	}
	return checkHealth(field+".health_s", t.HealthS)
}

func checkBroker(field, s string) error {
	u, err := url.Parse(s)
	if err != nil || len(s) > MaxString || u.Scheme != "tcp" && u.Scheme != "tls" || u.Hostname() == "" ||
		u.Path != "" && u.Path != "/" || u.RawQuery != "" || u.Fragment != "" || u.User != nil || !isPort(u) {
		return faultf(BadLimit, field, "%.80q, must be tcp://host:port or tls://host:port", s)
	}
	return nil
}

func checkOrigin(field, s string) error {
	u, err := url.Parse(s)
	if s != "null" && (err != nil || len(s) > MaxString || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" ||
		u.Path != "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil || !isPort(u)) {
		return faultf(BadLimit, field, "%.80q, must be http://host or http://host:port, or null", s)
	}
	return nil
}

func isPort(u *url.URL) bool {
	if u.Port() == "" {
		return !strings.HasSuffix(u.Host, ":")
	}
	n, err := strconv.ParseUint(u.Port(), 10, 16)
	return err == nil && n > 0
}
