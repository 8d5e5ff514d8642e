package e2e

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"iptvdc/testbench/oldkernel"
)

// TestOldKernel runs the real agent where every system call newer than Linux 3.10 is
// refused: it starts, records what pages post, sends it to a real aggregator, is killed in
// the middle, and goes on with nothing lost and nothing twice.
func TestOldKernel(t *testing.T) {
	bin := filepath.Join(t.TempDir(), "stbagent")
	build := exec.Command("go", "build", "-trimpath", "-tags", "nethttpomithttp2", "-o", bin, "iptvdc/agent/cmd/stbagent")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	var calls oldkernel.Calls
	version := exec.Command(bin, "version")
	err := oldkernel.Start(version, &calls)
	if errors.Is(err, oldkernel.ErrUnable) {
		t.Skip(err)
	}
	if err == nil {
		err = version.Wait()
	}
	if err != nil {
		t.Fatal(err)
	}
	c := startCentre(t)
	killAgent(t, c.mqtt, c.clicks(), func(args ...string) (*exec.Cmd, error) {
		cmd := exec.Command(bin, args...)
		cmd.Stderr = os.Stderr
		return cmd, oldkernel.Start(cmd, &calls)
	})
	if err := calls.Wait(); err != nil {
		t.Error(err)
	}
	tried := calls.Tried()
	t.Logf("tried and refused: %v", tried)
	if missed := oldkernel.Missed(tried); len(missed) > 0 || len(tried) == 0 {
		t.Errorf("of %v nothing is known to stand in for %v", tried, missed)
	}
}
