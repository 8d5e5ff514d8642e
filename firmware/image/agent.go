package image

import (
	"bytes"
	"context"
	"crypto/sha256"
	"debug/buildinfo"
	"debug/elf"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"time"

	"iptvdc/firmware"
)

// Agent is the program that goes into an image.
type Agent struct {
	Data   []byte
	Info   *buildinfo.BuildInfo
	SHA256 string
	XZ     int64     // bytes when compressed by xz -6
	Commit time.Time // of its source; zero if it is not known
}

// Sizes remembers what programs compress to, for jobs that share one: it takes
// seconds. The zero value is ready; it is safe for concurrent use.
type Sizes struct {
	mu sync.Mutex
	xz map[string]int64 // by SHA-256
}

// of compresses a program, unless that was done before. A nil Sizes remembers nothing.
func (s *Sizes) of(ctx context.Context, sum string, data []byte) (int64, error) {
	if s != nil {
		s.mu.Lock()
		defer s.mu.Unlock()
		if n, ok := s.xz[sum]; ok {
			return n, nil
		}
	}
	var packed counter
	xz := exec.CommandContext(ctx, "xz", "-6", "-T1", "-c")
	xz.Stdin, xz.Stdout = bytes.NewReader(data), &packed
	if err := xz.Run(); err != nil {
		return 0, fmt.Errorf("xz: %w; install it with: testbench/setup/install.sh firmware", err)
	}
	if s != nil {
		if s.xz == nil {
			s.xz = map[string]int64{}
		}
		s.xz[sum] = int64(packed)
	}
	return int64(packed), nil
}

const agentPath = "iptvdc/agent/cmd/stbagent"

// readAgent reads the program and refuses what does not run on the target.
func readAgent(ctx context.Context, path string, t *firmware.Target, sizes *Sizes) (*Agent, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("agent: %w; build it: make firmware-agents", err)
	}
	wrong := func(format string, args ...any) error {
		return fmt.Errorf("agent %s: %s; %s wants %s", path, fmt.Sprintf(format, args...), t.Name, buildLine(t))
	}
	f, err := elf.NewFile(bytes.NewReader(data))
	if err != nil {
		return nil, wrong("no Linux program (%v)", err)
	}
	machine := map[string]elf.Machine{"arm": elf.EM_ARM, "arm64": elf.EM_AARCH64}[t.GOARCH]
	if f.Machine != machine {
		return nil, wrong("built for %v", f.Machine)
	}
	for _, p := range f.Progs {
		if p.Type == elf.PT_INTERP || p.Type == elf.PT_DYNAMIC {
			return nil, wrong("not static")
		}
	}
	info, err := buildinfo.Read(bytes.NewReader(data))
	if err != nil {
		return nil, wrong("says nothing of how it was built (%v)", err)
	}
	if info.Path != agentPath {
		return nil, wrong("%s, not the agent", info.Path)
	}
	a := &Agent{Data: data, Info: info}
	for _, s := range info.Settings {
		switch s.Key {
		case "GOARM":
			if got := s.Value; len(got) < 1 || got[:1] != fmt.Sprint(t.GOARM) {
				return nil, wrong("built with GOARM=%s", got)
			}
		case "CGO_ENABLED":
			if s.Value != "0" {
				return nil, wrong("built with cgo")
			}
		case "vcs.time":
			if a.Commit, err = time.Parse(time.RFC3339, s.Value); err != nil {
				return nil, wrong("its source's time: %v", err)
			}
		}
	}
	sum := sha256.Sum256(data)
	a.SHA256 = hex.EncodeToString(sum[:])
	a.XZ, err = sizes.of(ctx, a.SHA256, data)
	return a, err
}

func buildLine(t *firmware.Target) string {
	line := "CGO_ENABLED=0 GOOS=linux GOARCH=" + t.GOARCH
	if t.GOARM != 0 {
		line += fmt.Sprintf(" GOARM=%d", t.GOARM)
	}
	return line
}

type counter int64

func (c *counter) Write(b []byte) (int, error) {
	*c += counter(len(b))
	return len(b), nil
}
