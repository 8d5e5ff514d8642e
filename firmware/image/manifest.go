package image

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"strings"
)

// Manifest lists what was made, and of what.
type Manifest struct {
	Target  string   `json:"target"`
	Title   string   `json:"title"`
	Version string   `json:"version"`
	Epoch   int64    `json:"source_date_epoch"`
	Agent   AgentRow `json:"agent"`
	Claim   string   `json:"claim,omitempty"` // id of the credential in it
	Files   []File   `json:"files"`
	Over    []string `json:"over_budget,omitempty"` // in words
	limits  map[string]int64
}

// AgentRow is the agent that is in it.
type AgentRow struct {
	SHA256 string `json:"sha256"`
	Bytes  int64  `json:"bytes"`
	XZ     int64  `json:"xz_bytes"`
	Go     string `json:"go"`
	Arch   string `json:"arch"`
	Source string `json:"source,omitempty"` // commit
}

// File is one file of an artefact; its path is from the manifest's folder.
type File struct {
	Artefact string `json:"artefact,omitempty"`
	Path     string `json:"path"`
	Mode     string `json:"mode"`
	Bytes    int64  `json:"bytes"`
	Budget   int64  `json:"budget,omitempty"`
	SHA256   string `json:"sha256"`
}

func newManifest(r *run) *Manifest {
	m := &Manifest{Target: r.Target.Name, Title: r.Target.Title.EN, Version: r.Version, Epoch: r.Epoch.Unix(), limits: r.Target.Budget, Claim: r.conf.Claim(),
		Agent: AgentRow{SHA256: r.agent.SHA256, Bytes: int64(len(r.agent.Data)), XZ: r.agent.XZ, Go: r.agent.Info.GoVersion, Arch: r.Target.Arch()}}
	for _, s := range r.agent.Info.Settings {
		if s.Key == "vcs.revision" {
			m.Agent.Source = s.Value
		}
	}
	return m
}

// agentBudgets holds the program to its budgets: above the raw one is told, and
// refused if strict; above the compressed one is refused, for flash is what boxes
// lack.
func (m *Manifest) agentBudgets(strict bool) error {
	if limit := m.limits["agent_raw"]; limit > 0 && m.Agent.Bytes > limit {
		over := fmt.Sprintf("agent: %d bytes, %d over its budget of %d", m.Agent.Bytes, m.Agent.Bytes-limit, limit)
		if strict {
			return fmt.Errorf("%s; without --strict it is only told", over)
		}
		m.Over = append(m.Over, over)
	}
	if limit := m.limits["agent_xz"]; limit > 0 && m.Agent.XZ > limit {
		return fmt.Errorf("agent: %d bytes by xz, %d over its budget of %d; build it as `make firmware` does", m.Agent.XZ, m.Agent.XZ-limit, limit)
	}
	return nil
}

// add notes a file, and refuses one above its artefact's budget.
func (m *Manifest) add(artefact, path string, perm fs.FileMode, data []byte) error {
	sum := sha256.Sum256(data)
	f := File{artefact, path, fmt.Sprintf("%04o", perm.Perm()), int64(len(data)), 0, hex.EncodeToString(sum[:])}
	if !strings.Contains(path, "/") { // an image; of a folder, the agent is the weight
		f.Budget = m.limits[artefact]
	}
	if f.Budget > 0 && f.Bytes > f.Budget {
		return fmt.Errorf("%s has %d bytes, %d more than its budget of %d; make less of it, or raise budget.%s in targets.yaml", path, f.Bytes, f.Bytes-f.Budget, f.Budget, artefact)
	}
	m.Files = append(m.Files, f)
	return nil
}

func (m *Manifest) write(path string) error {
	text, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(text, '\n'), 0o644)
}

// Limit is a budget of the target's in bytes; 0: none.
func (m *Manifest) Limit(name string) int64 { return m.limits[name] }
