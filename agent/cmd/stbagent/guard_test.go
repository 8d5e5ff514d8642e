package main

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"iptvdc/agent/outbox"
	"iptvdc/agent/update"
	"iptvdc/protocol"
)

// asProgram in the environment makes the test's binary the program itself.
const asProgram = "STBAGENT_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
	}
	os.Exit(m.Run())
}

// board is a box whose update, version 5 in slot a, is a program of the test's.
type board struct {
	t    *testing.T
	dir  string
	args []string
}

// newBoard puts a shell script into the slot, on trial or good.
func newBoard(t *testing.T, script string, silent string, trial bool) *board {
	t.Helper()
	b := &board{t: t, dir: t.TempDir()}
	private := ed25519.NewKeyFromSeed(make([]byte, 32))
	keys := filepath.Join(t.TempDir(), "keys")
	program := "#!/bin/sh\n" + script
	sum := sha256.Sum256([]byte(program))
	payload, err := json.Marshal(protocol.Manifest{Version: 5, Agent: "5", Build: build(), Size: uint64(len(program)), SHA256: hex.EncodeToString(sum[:]), Outbox: outbox.Format, OutboxMin: outbox.FormatMin})
	if err != nil {
		t.Fatal(err)
	}
	packet, err := protocol.AppendManifest(nil, 1, payload, private)
	if err != nil {
		t.Fatal(err)
	}
	s := update.State{Image: versionText() + " " + release, Seen: 5, SeenSum: hex.EncodeToString(sum[:]), A: packet, Run: "a"}
	if trial {
		s.Run, s.Trial = "", &update.Trial{Slot: "a", Version: 5}
	}
	body, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	state := append(fmt.Appendf(nil, "%08x\n", crc32.Checksum(body, crc32.MakeTable(crc32.Castagnoli))), body...)
	folder := filepath.Join(b.dir, update.FolderName)
	public := private.Public().(ed25519.PublicKey)
	if err := errors.Join(os.Mkdir(folder, 0o700), os.WriteFile(filepath.Join(folder, "agent-a"), []byte(program), 0o700), os.WriteFile(filepath.Join(folder, "state.json"), state, 0o600),
		os.WriteFile(keys, []byte("1 "+base64.StdEncoding.EncodeToString(public)+"\n"), 0o600)); err != nil {
		t.Fatal(err)
	}
	b.args = []string{"--data", b.dir, "--broker", "tcp://127.0.0.1:1", "--province", "33", "--city", "3301", "--listen", "", "--socket", "none", "--update-keys", keys, "--update-url", "http://127.0.0.1:1", "--update-silent", silent}
	return b
}

// launch runs what init does until the agent ends, and returns what was said.
func (b *board) launch() string {
	b.t.Helper()
	cmd := exec.Command(os.Args[0], append([]string{"launch"}, b.args...)...)
	cmd.Env = append(os.Environ(), asProgram+"=1", "BOARD="+b.dir)
	said, err := cmd.CombinedOutput() // waits for the guard too: it holds the other end
	var status *exec.ExitError
	if err != nil && !errors.As(err, &status) {
		b.t.Fatal(err)
	}
	return string(said)
}

func (b *board) state() (s update.State) {
	b.t.Helper()
	text, err := os.ReadFile(filepath.Join(b.dir, update.FolderName, "state.json"))
	if err != nil {
		b.t.Fatal(err)
	}
	_, body, _ := bytes.Cut(text, []byte("\n"))
	if err := json.Unmarshal(body, &s); err != nil {
		b.t.Fatal(err)
	}
	return s
}

// has reads a file that the script wrote.
func (b *board) has(name, want string) {
	b.t.Helper()
	text, err := os.ReadFile(filepath.Join(b.dir, name))
	if err != nil || strings.TrimSpace(string(text)) != want {
		b.t.Errorf("%s: %q, %v; want %q", name, text, err, want)
	}
}

const (
	knows = "# " + update.TellsMark + "\n"
	hangs = "exec sleep 60\n"
)

// TestHangIsEnded: real programs that hang, under the real launcher and guard.
func TestHangIsEnded(t *testing.T) {
	t.Run("at its start, on trial: gone back from", func(t *testing.T) {
		t.Parallel()
		b := newBoard(t, knows+hangs, "200ms", true)
		for n := range update.MaxStarts {
			if said := b.launch(); !strings.Contains(said, "it hung: it told nothing for 200ms") {
				t.Errorf("start %d: %s", n, said)
			}
			if s := b.state(); s.Trial == nil || s.Trial.Starts != n+1 || s.Trial.Why != "it hung: it told nothing for 200ms" {
				t.Fatalf("start %d: %+v", n, s.Trial)
			}
		}
		l := update.Launcher{Dir: b.dir, Keys: protocol.Keys{1: ed25519.NewKeyFromSeed(make([]byte, 32)).Public().(ed25519.PublicKey)}, Image: update.Program{Agent: "1", Build: build()}, ImageText: versionText() + " " + release}
		if c, err := l.Choose(); err != nil || c.Program != "" {
			t.Fatalf("%+v, %v", c, err)
		}
		s := b.state()
		if s.Trial != nil || s.Failed != 5 || len(s.Notes) != 1 || s.Notes[0].State != protocol.UpdateRolledBack || s.Notes[0].Why != "started 3 times and never got well; it hung: it told nothing for 200ms" {
			t.Errorf("%+v", s)
		}
	})
	t.Run("later, deaf to the signal that asks where", func(t *testing.T) {
		t.Parallel()
		b := newBoard(t, knows+"n=0\nwhile [ $n -lt 15 ]; do printf . >&$STBAGENT_UPDATE_ALIVE; sleep 0.1; n=$((n+1)); done\necho told >$BOARD/told\ntrap '' QUIT\n"+hangs, "1s", true)
		said := b.launch()
		b.has("told", "told") // in 1.5 s of life nobody ended it
		if s := b.state(); s.Trial == nil || s.Trial.Why == "" {
			t.Errorf("%s: %+v", said, s.Trial)
		}
	})
	t.Run("one that was good has five times as long", func(t *testing.T) {
		t.Parallel()
		b := newBoard(t, knows+hangs, "100ms", false)
		if said := b.launch(); !strings.Contains(said, "it told nothing for 500ms") {
			t.Error(said)
		}
		if s := b.state(); s.Run != "a" || s.Trial != nil || s.Starts != 1 {
			t.Errorf("%+v", s)
		}
	})
	t.Run("one that ends takes its guard along", func(t *testing.T) {
		t.Parallel()
		b := newBoard(t, knows+"exit 3\n", "1h", true)
		if said := b.launch(); strings.Contains(said, "hung") {
			t.Error(said)
		}
	})
	t.Run("one that does not know of it is not watched", func(t *testing.T) {
		t.Parallel()
		b := newBoard(t, "echo \"watched by '$STBAGENT_UPDATE_ALIVE'\" >$BOARD/env\n", "1ms", true)
		b.launch()
		b.has("env", "watched by ''")
	})
}

// TestAgentTells: the real agent tells that it lives, again and again, and no more when it
// is frozen.
func TestAgentTells(t *testing.T) {
	b := newBoard(t, "", "300ms", true)
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer read.Close()
	cmd := exec.Command(os.Args[0], append([]string{"run"}, b.args...)...)
	cmd.Env = append(os.Environ(), asProgram+"=1", "STBAGENT_UPDATE_SLOT=a", "STBAGENT_UPDATE_IMAGE=1 2 1 0", update.EnvAlive+"="+strconv.Itoa(guardPipe))
	cmd.ExtraFiles = []*os.File{write}
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := errors.Join(cmd.Start(), write.Close()); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(read, make([]byte, 5)); err != nil {
		t.Errorf("%v: %s", err, &said)
	}
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if rest, err := io.ReadAll(read); err != nil || len(bytes.Trim(rest, ".")) > 0 {
		t.Errorf("%q, %v", rest, err)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("%v: %s", err, &said)
	}
}

// TestGuardWrongly: people are told that it is not for them.
func TestGuardWrongly(t *testing.T) {
	says(t, 2, "not for people", "guard")
	says(t, 2, "not for people", "guard", "/tmp", "a", "x", "1s")
	says(t, 2, "not for people", "guard", "/tmp", "a", "1", "1s")
}
