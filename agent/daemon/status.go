package daemon

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"iptvdc/agent"
	"iptvdc/agent/localapi"
	"iptvdc/agent/outbox"
	"iptvdc/agent/profile"
	"iptvdc/agent/session"
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
	Outbox   outbox.Stats         `json:"outbox"`
	Bytes    int64                `json:"disk_bytes"`
	Odd      []string             `json:"odd_settings,omitempty"`
	Recorder *agent.RecorderStats `json:"recorder,omitempty"`
	Uplink   *uplink.Stats        `json:"uplink,omitempty"`
	API      *localapi.Stats      `json:"api,omitempty"`
	Profile  profile.Stats        `json:"profile"`
	// Machine tells what the box does, as signals said: state, segment.
	Machine *session.MachineStatus `json:"machine,omitempty"`
}

const socketName = "agent.sock"

// socket returns a path below the length that sockets allow: a long folder is
// reached through its open file.
func socket(dir string) (path string, done func(), err error) {
	path = filepath.Join(dir, socketName)
	if len(path) < 100 {
		return path, func() {}, nil
	}
	d, err := os.Open(dir)
	if err != nil {
		return "", nil, err
	}
	return fmt.Sprintf("/proc/self/fd/%d/%s", d.Fd(), socketName), func() { d.Close() }, nil
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
		return s, fmt.Errorf("an agent is running, but does not answer: %w", err)
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
	path, done, err := socket(dir)
	if err != nil {
		return err
	}
	defer done()
	client := http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			var d net.Dialer
			return d.DialContext(ctx, "unix", path)
		},
	}}
	defer client.CloseIdleConnections()
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
