package brokers

import (
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"iptvdc/testbench/fleet"
)

// Accounts of every broker. All boxes show one token, as `stbfleet --token`
// has them do; each signs in under its own name and may use its own topics
// only. The centre may use all.
const (
	centreUser     = "aggregator"
	centrePassword = "centre-7Qx1"
	boxToken       = "boxes-9mK4"
)

// kind is a broker that can be had: how it is set up and what it can do. What
// it says of itself is asserted, so the matrix cannot claim more or less.
type kind struct {
	name string
	// find returns the program and its version, or why it cannot be run.
	find func(t *testing.T) (program, version string)
	// setUp writes the configuration into b.dir, sets b.data, and returns what
	// starts the broker.
	setUp func(t *testing.T, b *outside, boxes []fleet.Home) func() *exec.Cmd
	// refusesBoxes: it does not take the client ids that boxes have to use.
	refusesBoxes bool
	// shares: a shared subscription, $share/<group>/<filter>, divides.
	shares bool
	// keeps is how many of `away` packets it has for a session whose client is
	// away, keepsKilled how many if it was killed meanwhile.
	keeps, keepsKilled int
	// keepsRetained: a retained message outlives a kill.
	keepsRetained bool
	// denied is what it does with a publish that its rules forbid.
	denied answer
	// guardsID: nobody else can sign in with a box's client id.
	guardsID bool
}

// outside is a running broker on a port and data folder of its own, which it
// keeps when it is killed and started again.
type outside struct {
	kind
	program, version string
	addr             string
	dir              string // configuration and log
	data             string // what it keeps; wipe empties it
	command          func() *exec.Cmd
	proc             *process
	kills            int
}

// startBroker sets a broker up and waits until it lets the centre in.
func startBroker(t *testing.T, k kind, boxes []fleet.Home) *outside {
	t.Helper()
	b := &outside{kind: k, addr: freeAddr(t), dir: t.TempDir()}
	b.program, b.version = k.find(t)
	b.data = filepath.Join(b.dir, "data")
	b.makeData(t)
	b.command = k.setUp(t, b, boxes)
	t.Cleanup(func() {
		if b.proc == nil {
			return
		}
		if t.Failed() {
			t.Logf("%s:\n%s", b.name, b.proc.tail(40))
		}
		if err := b.proc.alive(); err != nil {
			t.Errorf("before its time: %v", err)
			return
		}
		b.proc.kill(t) // its data is thrown away: no need to wait for an orderly end
	})
	b.start(t)
	return b
}

func (b *outside) makeData(t *testing.T) {
	t.Helper()
	if err := os.MkdirAll(b.data, 0o700); err != nil {
		t.Fatal(err)
	}
}

// write puts a file of the configuration into b.dir and returns its path.
func (b *outside) write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(b.dir, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func (b *outside) start(t *testing.T) {
	t.Helper()
	b.proc = launch(t, filepath.Join(b.dir, "said.log"), b.command())
	eventually(t, b.name+" lets the centre in", func() bool {
		if err := b.proc.alive(); err != nil {
			t.Fatal(err)
		}
		c, err := dial(b.addr, login{id: "probe", user: centreUser, password: centrePassword})
		if err != nil {
			return false
		}
		c.close()
		return true
	})
}

func (b *outside) kill(t *testing.T) {
	t.Helper()
	b.proc.kill(t)
	b.proc = nil
	b.kills++
}

// wipe empties the data folder of a broker that was killed; there must have
// been something in it.
func (b *outside) wipe(t *testing.T) (bytes int64) {
	t.Helper()
	if b.proc != nil {
		t.Fatal("wiped under a running broker")
	}
	bytes, err := size(b.data)
	if err != nil {
		t.Fatal(err)
	}
	if bytes == 0 {
		t.Fatalf("%s kept nothing in %s: nothing was wiped", b.name, b.data)
	}
	if err := os.RemoveAll(b.data); err != nil {
		t.Fatal(err)
	}
	b.makeData(t)
	return bytes
}

// size is how many bytes the files below a folder hold.
func size(folder string) (total int64, err error) {
	err = filepath.WalkDir(folder, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err == nil {
			total += info.Size()
		}
		return err
	})
	return total, err
}

// installed finds a program of a Debian package.
func installed(t *testing.T, path, pkg string) string {
	t.Helper()
	found, err := exec.LookPath(path)
	if err != nil {
		t.Fatalf("%s is not there (%v); run: testbench/setup/install.sh brokers", pkg, err)
	}
	return found
}

// output is what a program prints, for asking its version.
func output(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, err := exec.Command(name, args...).Output()
	if err != nil {
		t.Fatal(fmt.Errorf("%s %v: %w", name, args, err))
	}
	return string(out)
}
