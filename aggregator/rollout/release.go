package rollout

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"slices"
	"strconv"
	"time"

	"iptvdc/aggregator"
	"iptvdc/protocol"
)

// ByItself is who halted a release that a Watcher halted. Nobody is called so.
const ByItself = "(itself)"

// Stage says which boxes are offered a release. The zero Stage: none.
type Stage struct {
	// PerMille of the boxes, 0..1000: the same boxes are in every stage that is at
	// least as large.
	PerMille  uint32                `json:"per_mille"`
	Provinces []aggregator.Province `json:"provinces,omitempty"` // none: all
	Models    []string              `json:"models,omitempty"`    // none: all that the manifest names
}

// Release is one version, for one kind of processor or several.
type Release struct {
	Version uint64 `json:"version"`
	// Packets are signed manifests, by build.
	Packets map[string][]byte `json:"packets"`
	Stage   Stage             `json:"stage"`
	// Halted: it is offered to nobody; Why says why, By who did it, ByItself for a Watcher.
	Halted bool   `json:"halted"`
	Why    string `json:"why,omitempty"`
	By     string `json:"by,omitempty"`
	// Trusted is how many boxes had gone back when somebody resumed it: they do not
	// halt it again.
	Trusted int64 `json:"trusted,omitempty"`
	AtMs    int64 `json:"at_ms"` // published
	MovedMs int64 `json:"moved_ms"`
}

// Box is who asks.
type Box struct {
	ID       string
	Province aggregator.Province
	Model    string
	Build    string
	Version  uint64 // highest that it has or that failed there
}

// For reports whether a release is for boxes of a province and model, "": of any.
func (s *Stage) For(p aggregator.Province, model string) bool {
	return (len(s.Provinces) == 0 || slices.Contains(s.Provinces, p)) && (len(s.Models) == 0 || model == "" || slices.Contains(s.Models, model))
}

// turn is the place of a box in a release, per mille: by its id, and another one in
// each release, so that it is not always the same that go first.
func turn(box string, version uint64) uint32 {
	sum := sha256.Sum256([]byte(box + "/" + strconv.FormatUint(version, 10)))
	return binary.BigEndian.Uint32(sum[:4]) % 1000
}

// offers returns the packet for a box; nil: it is not its turn.
func (r *Release) offers(b Box, now time.Time) []byte {
	if r.Halted || r.Version <= b.Version || turn(b.ID, r.Version) >= r.Stage.PerMille {
		return nil
	}
	if len(r.Stage.Models) > 0 && b.Model == "" || !r.Stage.For(b.Province, b.Model) {
		return nil
	}
	m, _, err := protocol.ReadManifest(r.Packets[b.Build])
	if err != nil || m.Fits(b.Build, b.Model) != nil || m.ExpiresMs > 0 && now.UnixMilli() >= int64(m.ExpiresMs) {
		return nil
	}
	return r.Packets[b.Build]
}

// Manifests are what its packets say, by build.
func (r *Release) Manifests() []protocol.Manifest {
	var all []protocol.Manifest
	for _, build := range protocol.Builds {
		if packet, ok := r.Packets[build]; ok {
			if m, _, err := protocol.ReadManifest(packet); err == nil {
				all = append(all, m)
			}
		}
	}
	return all
}

// Agent is the version that its programs tell.
func (r *Release) Agent() string {
	if all := r.Manifests(); len(all) > 0 {
		return all[0].Agent
	}
	return ""
}

// Check reports what is wrong with a stage.
func (s *Stage) Check() error {
	if s.PerMille > 1000 {
		return fault("bad_stage", "A stage is 0 to 100 percent of the boxes, not %g.", float64(s.PerMille)/10)
	}
	for _, m := range s.Models {
		if m == "" || len(m) > 64 {
			return fault("bad_stage", "%q is no model.", m)
		}
	}
	return nil
}

// check reports what is wrong with a release as it was read.
func (r *Release) check() error {
	if r.Version < 1 || len(r.Packets) == 0 {
		return fmt.Errorf("no version, or nothing signed")
	}
	for build, packet := range r.Packets {
		m, _, err := protocol.ReadManifest(packet)
		if err != nil {
			return fmt.Errorf("%s: %w", build, err)
		}
		if m.Build != build || m.Version != r.Version {
			return fmt.Errorf("%s: its manifest is of version %d for %s", build, m.Version, m.Build)
		}
	}
	return r.Stage.Check()
}

func fault(code, format string, args ...any) error {
	return &aggregator.Error{Code: code, Message: fmt.Sprintf(format, args...)}
}
