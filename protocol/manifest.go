package protocol

import (
	"crypto/ed25519"
	"encoding/hex"
	"errors"
	"net/url"
	"slices"
	"strconv"
)

// Manifest says what one build of the agent is, for boxes that update
// themselves [P-10]. Who may sign it is fixed by the keys in a box's image.
type Manifest struct {
	// Version rises with every release, for ever; a box takes none that is not
	// above the highest it has taken.
	Version uint64 `json:"version"`
	// Agent is the version that the program itself tells, one word.
	Agent string `json:"agent"`
	// Build is what it is built for, see Builds.
	Build string `json:"build"`
	// Models of boxes that may run it; none: all.
	Models []string `json:"models,omitempty"`
	Size   uint64   `json:"size"`   // of the program, bytes
	SHA256 string   `json:"sha256"` // of the program, 64 hexadecimal digits
	// Outbox is the format of the outbox that it writes, OutboxMin the lowest
	// format whose agents still read that.
	Outbox    uint64 `json:"outbox"`
	OutboxMin uint64 `json:"outbox_min"`
	// ExpiresMs is until when it may be taken, UTC by the centre's clock; 0: for
	// ever. What a box runs already goes on.
	ExpiresMs uint64 `json:"expires_ms,omitempty"`
	// Retires are keys that are not believed any more; each is lower than the one
	// that signs.
	Retires []uint64 `json:"retires,omitempty"`
	// URLs are further places where the program is, by SHA256: URL/<sha256>.
	URLs []string `json:"urls,omitempty"`
}

// Builds are the processors that an agent is built for, as in Manifest.Build.
var Builds = []string{"arm5", "arm6", "arm7", "arm64", "amd64"}

// Limits of a manifest.
const (
	// MaxAgent is the greatest program, in bytes.
	MaxAgent      = 64 << 20
	maxModels     = 32
	maxAgentWord  = 64
	maxOutboxWord = 1000
)

// manifestTopic stands where packets of P-8 have their topic.
const manifestTopic = "m1"

// AppendManifest appends the packet that says m, signed with the private key of
// number key [P-10.1]. It refuses what no box would take.
func AppendManifest(dst []byte, key uint64, payload []byte, private ed25519.PrivateKey) ([]byte, error) {
	m, err := ParseManifest(payload)
	if err != nil {
		return dst, err
	}
	if len(private) != ed25519.PrivateKeySize {
		return dst, errors.New("key: not a private key for Ed25519")
	}
	if err := m.checkSigner(key); err != nil {
		return dst, err
	}
	return appendPacket(dst, manifestTopic, key, payload, private)
}

// OpenManifest reads a packet that one of keys has signed. A refusal is an
// *Error; its Fault is BadSignature if the packet is well made, but not by a
// known key.
func OpenManifest(packet []byte, keys Keys) (m Manifest, key uint64, err error) {
	s, err := ParseSigned(packet)
	if err != nil {
		return m, 0, err
	}
	if err := s.verify(manifestTopic, keys); err != nil {
		return m, s.Key, err
	}
	if m, err = ParseManifest(s.Payload); err != nil {
		return m, s.Key, err
	}
	return m, s.Key, m.checkSigner(s.Key)
}

// ReadManifest reads a packet without looking at its signature: for those who
// only hand it on.
func ReadManifest(packet []byte) (m Manifest, key uint64, err error) {
	s, err := ParseSigned(packet)
	if err != nil {
		return m, 0, err
	}
	m, err = ParseManifest(s.Payload)
	return m, s.Key, err
}

// ParseManifest reads a manifest's payload, as strictly as ParseProfile.
func ParseManifest(payload []byte) (Manifest, error) {
	var m Manifest
	if err := strictJSON(payload, &m); err != nil {
		return Manifest{}, err
	}
	if err := m.Check(); err != nil {
		return Manifest{}, err
	}
	return m, nil
}

// checkSigner holds that a key can only retire lower ones: one that was stolen
// must not retire the spare.
func (m *Manifest) checkSigner(key uint64) error {
	for _, r := range m.Retires {
		if r >= key {
			return faultf(BadLimit, "retires", "key %d cannot retire key %d, only keys with lower numbers", key, r)
		}
	}
	return nil
}

// Check reports the first value outside its limits.
func (m *Manifest) Check() error {
	if m.Version < 1 || m.Version > maxVersion {
		return faultf(BadLimit, "version", "%d, allowed 1..%d", m.Version, int64(maxVersion))
	}
	if err := checkAgentWord("agent", m.Agent); err != nil {
		return err
	}
	if !slices.Contains(Builds, m.Build) {
		return faultf(BadLimit, "build", "%.40q, allowed: arm5, arm6, arm7, arm64, amd64", m.Build)
	}
	if err := checkList("models", m.Models, maxModels, func(field, s string) error { return checkAgentWord(field, s) }); err != nil {
		return err
	}
	if m.Size < 1 || m.Size > MaxAgent {
		return faultf(BadLimit, "size", "%d, allowed 1..%d", m.Size, MaxAgent)
	}
	if sum, err := hex.DecodeString(m.SHA256); err != nil || len(sum) != 32 || hex.EncodeToString(sum) != m.SHA256 {
		return faultf(BadLimit, "sha256", "%.80q, must be 64 of 0-9 and a-f", m.SHA256)
	}
	if m.Outbox < 1 || m.Outbox > maxOutboxWord {
		return faultf(BadLimit, "outbox", "%d, allowed 1..%d", m.Outbox, maxOutboxWord)
	}
	if m.OutboxMin < 1 || m.OutboxMin > m.Outbox {
		return faultf(BadLimit, "outbox_min", "%d, allowed 1..%d, which is outbox", m.OutboxMin, m.Outbox)
	}
	if m.ExpiresMs != 0 && (m.ExpiresMs < MinWallMs || m.ExpiresMs > MaxWallMs) {
		return faultf(BadLimit, "expires_ms", "%d, allowed %d..%d", m.ExpiresMs, int64(MinWallMs), int64(MaxWallMs))
	}
	if err := checkList("retires", m.Retires, 8, func(field string, n uint64) error {
		if n > 1<<53 {
			return faultf(BadLimit, field, "%d, at most %d", n, int64(1<<53))
		}
		return nil
	}); err != nil {
		return err
	}
	return checkList("urls", m.URLs, maxBrokers, checkMirror)
}

// checkAgentWord holds a version or a model to one word: boxes tell both in one
// text with spaces between [P-10.5].
func checkAgentWord(field, s string) error {
	if len(s) < 1 || len(s) > maxAgentWord {
		return faultf(BadLimit, field, "%d characters, allowed 1..%d", len(s), maxAgentWord)
	}
	for _, c := range []byte(s) {
		if c <= ' ' || c > '~' {
			return faultf(BadLimit, field, "%s, must be one word of plain characters", shown(s))
		}
	}
	return nil
}

func checkMirror(field, s string) error {
	u, err := url.Parse(s)
	if err != nil || len(s) > MaxString || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" ||
		u.RawQuery != "" || u.Fragment != "" || u.User != nil || !isPort(u) {
		return faultf(BadLimit, field, "%.80q, must be http://host/path or https://host/path", s)
	}
	return nil
}

// CheckMirror reports what is wrong with an address of a manifest's URLs.
func CheckMirror(s string) error { return checkMirror("url", s) }

// AgentText is the Why of a running event with state AgentRuns [P-10.5]; what
// is not one word of plain characters becomes "-".
func AgentText(agent, build, model string) string {
	word := func(s string) string {
		if checkAgentWord("", s) != nil {
			return "-"
		}
		return s
	}
	return word(agent) + " " + word(build) + " " + word(model)
}

// IsAgent reports whether s can be the version of an agent [P-3.13].
func IsAgent(s string) bool { return s != "-" && checkAgentWord("", s) == nil }

// BuildOf names the build of a GOARCH and GOARM, as Builds do; "": there is none.
func BuildOf(goarch, goarm string) string {
	name := goarch
	if goarch == "arm" {
		if len(goarm) == 0 {
			return ""
		}
		name += goarm[:1] // "7,hardfloat" is 7
	}
	if !slices.Contains(Builds, name) {
		return ""
	}
	return name
}

// Fits reports why a box of that build and model may not run m.
func (m *Manifest) Fits(build, model string) error {
	if m.Build != build {
		return faultf(BadLimit, "build", "%s, this box runs %s", m.Build, build)
	}
	if len(m.Models) > 0 && !slices.Contains(m.Models, model) {
		return faultf(BadLimit, "models", "%s is none of the %s it is for", strconv.Quote(model), strconv.Itoa(len(m.Models)))
	}
	return nil
}
