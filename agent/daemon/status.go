package daemon

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"iptvdc/agent"
	"iptvdc/agent/identity"
	"iptvdc/agent/localapi"
	"iptvdc/agent/outbox"
	"iptvdc/agent/profile"
	"iptvdc/agent/session"
	"iptvdc/agent/update"
	"iptvdc/agent/uplink"
)

// Status is what GET /v1/status and `stbagent status` show.
type Status struct {
	Version  string               `json:"version,omitempty"`
	Running  bool                 `json:"running"`
	Box      string               `json:"box"`
	Province uint8                `json:"province,omitempty"`
	Epoch    string               `json:"epoch"`
	Boot     uint32               `json:"boot"`
	UpMs     uint64               `json:"up_ms,omitempty"`
	Listen   string               `json:"listen,omitempty"`
	Link     string               `json:"link,omitempty"`
	Socket   string               `json:"socket,omitempty"` // where programs report
	Lines    *localapi.LineStats  `json:"lines,omitempty"`  // what came by it
	Brokers  []string             `json:"brokers,omitempty"`
	Outbox   outbox.Stats         `json:"outbox"`
	Bytes    int64                `json:"disk_bytes"`
	Odd      []string             `json:"odd_settings,omitempty"`
	Recorder *agent.RecorderStats `json:"recorder,omitempty"`
	Uplink   *uplink.Stats        `json:"uplink,omitempty"`
	API      *localapi.Stats      `json:"api,omitempty"`
	// Certificate tells how the box stands to it; nil: it claims none.
	Certificate *identity.Stats `json:"certificate,omitempty"`
	Profile     profile.Stats   `json:"profile"`
	// Update tells of the agent's own updates; nil: it does not update itself.
	Update *update.Stats `json:"update,omitempty"`
	// Machine tells what the box does, as signals said: state, segment.
	Machine *session.MachineStatus `json:"machine,omitempty"`
}

const socketName = "agent.sock"

// socket is the folder's own socket, see reach.
func socket(dir string) (path string, done func(), err error) {
	return reach(filepath.Join(dir, socketName))
}

// Ask returns the status of the agent that runs on dir, or, if none does, what
// its outbox tells. It changes nothing.
func Ask(ctx context.Context, dir string) (Status, error) {
	var s Status
	if fi, err := os.Stat(dir); err != nil || !fi.IsDir() {
		return s, fmt.Errorf("data: %s is no folder of an agent", dir)
	}
	err := askRunning(ctx, dir, &s)
	if err == nil {
		return s, nil
	}
	d := outbox.NewSQLite(dir)
	img, derr := d.Look()
	if errors.Is(derr, outbox.ErrBusy) {
		return s, fmt.Errorf("an agent is running, but does not answer: %w: %w", err, outbox.ErrBusy)
	}
	if derr != nil {
		return s, derr
	}
	box, _ := os.ReadFile(filepath.Join(dir, boxFile))
	s = Status{Box: string(trim(box)), Epoch: fmt.Sprintf("%016x", img.Meta.Epoch), Boot: img.Meta.Boot, Bytes: d.Size()}
	for _, b := range img.Batches {
		s.Outbox.Batches++
		s.Outbox.Events += int(b.N)
	}
	for _, r := range img.Open {
		s.Outbox.Open += int(r.N)
	}
	s.Outbox.Lost = img.Meta.Lost
	return s, nil
}

func trim(b []byte) []byte {
	for len(b) > 0 && (b[len(b)-1] == '\n' || b[len(b)-1] == ' ') {
		b = b[:len(b)-1]
	}
	return b
}

func askRunning(ctx context.Context, dir string, s *Status) error {
	client, done, err := folderClient(dir, 5*time.Second)
	if err != nil {
		return err
	}
	defer done()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://localhost/v1/status", nil)
	if err != nil {
		return err
	}
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("status: %s", resp.Status)
	}
	return json.NewDecoder(resp.Body).Decode(s)
}

// Recorded is how many events have been taken in since the start.
func (d *Daemon) Recorded() uint64 { return d.rec.Stats().Accepted }
