package image

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"iptvdc/firmware"
	"iptvdc/firmware/pack"
)

// tiny builds, once, a program for ARMv7 that has the agent's name and does
// nothing, so that images are made in no time. `make firmware` makes them of the
// real one.
var tiny = sync.OnceValues(func() (path string, err error) {
	dir := tinyDir()
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	for name, text := range map[string]string{"go.mod": "module " + agentPath + "\n", "main.go": "package main\n\nfunc main() {}\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			return "", err
		}
	}
	path = filepath.Join(dir, "agent")
	cmd := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", path, ".")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH=arm", "GOARM=7")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w\n%s", err, out)
	}
	return path, nil
})

func tinyDir() string {
	return filepath.Join(os.TempDir(), fmt.Sprintf("mkimage-tiny-%d", os.Getpid()))
}

func TestMain(m *testing.M) {
	code := m.Run()
	if err := os.RemoveAll(tinyDir()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

var sizes Sizes // all tests pack the same agent

const rightConf = "STBAGENT_BROKER=tcp://192.0.2.1:1883\nSTBAGENT_PROVINCE=33\nSTBAGENT_CITY=3301\n"

// job is what makes a target's firmware of the tiny agent.
func job(t *testing.T, name string) Job {
	t.Helper()
	all, err := firmware.Targets()
	if err != nil {
		t.Fatal(err)
	}
	target, err := firmware.Find(all, name)
	if err != nil {
		t.Fatal(err)
	}
	target.Data.SizeMB = 16
	target.GOARCH, target.GOARM = "arm", 7 // what differs by processor is the agent alone
	agent, err := tiny()
	if err != nil {
		t.Fatal(err)
	}
	work := t.TempDir()
	base, ram := new(pack.Tree), new(pack.Tree)
	base.File("etc/inittab", 0o644, []byte("::sysinit:/etc/init.d/rcS"))
	base.File("bin/busybox", 0o755, []byte("x"))
	ram.File("bin/busybox", 0o755, []byte("x"))
	j := Job{Target: target, AgentFile: agent, ConfFile: filepath.Join(work, "agent.conf"), Version: "1.2.3", Sizes: &sizes,
		Epoch: time.Unix(1_700_000_000, 0), Out: filepath.Join(work, "out"), CAFile: filepath.Join(work, "ca.pem")}
	if slices.Contains(target.Makes, "initramfs") {
		j.Base, j.RamBase = filepath.Join(work, "base.tar"), filepath.Join(work, "ram.tar")
		for path, tree := range map[string]*pack.Tree{j.Base: base, j.RamBase: ram} {
			f, err := os.Create(path)
			if err != nil {
				t.Fatal(err)
			}
			if err := tree.Tar(f, "", j.Epoch); err != nil {
				t.Fatal(err)
			}
			f.Close()
		}
	}
	for path, text := range map[string]string{j.ConfFile: rightConf, j.CAFile: "-----BEGIN CERTIFICATE-----\n"} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return j
}

// TestSameInputSameBytes makes every artefact twice, and wants the same files; the
// manifest's sums are theirs.
func TestSameInputSameBytes(t *testing.T) {
	all, err := firmware.Targets()
	if err != nil {
		t.Fatal(err)
	}
	made := map[string]bool{}
	for _, target := range slices.Backward(all) { // the last makes the most
		if slices.IndexFunc(target.Makes, func(m string) bool { return !made[m] }) < 0 {
			continue // nothing new; `make firmware` makes them all
		}
		for _, m := range target.Makes {
			made[m] = true
		}
		t.Run(target.Name, func(t *testing.T) {
			if testing.Short() && target.Name != "qemu-virt" {
				t.Skip("one target is enough in a hurry")
			}
			j := job(t, target.Name)
			again := j
			again.Out += "-again"
			if _, err := Build(t.Context(), j); err != nil {
				t.Fatal(err)
			}
			if _, err := Build(t.Context(), again); err != nil {
				t.Fatal(err)
			}
			one, two := sums(t, j.Out), sums(t, again.Out)
			if len(one) < 3 || fmt.Sprint(one) != fmt.Sprint(two) {
				t.Errorf("%v\nand then\n%v", one, two)
			}
			var m Manifest
			text, err := os.ReadFile(filepath.Join(j.Out, "manifest.json"))
			if err != nil || json.Unmarshal(text, &m) != nil {
				t.Fatal(err, string(text))
			}
			for _, f := range m.Files {
				if one[f.Path] != f.Mode+" "+f.SHA256 {
					t.Errorf("%s: the manifest has %s %s, the file %s", f.Path, f.Mode, f.SHA256, one[f.Path])
				}
			}
			if len(m.Files) != len(one)-1 {
				t.Errorf("%d files beside the manifest, %d in it", len(one)-1, len(m.Files))
			}
		})
	}
}

// sums are modes and hashes of a folder's files.
func sums(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(p)
		if err != nil {
			return err
		}
		info, err := d.Info()
		name, _ := filepath.Rel(dir, p)
		sum := sha256.Sum256(text)
		all[name] = fmt.Sprintf("%04o %s", info.Mode().Perm(), hex.EncodeToString(sum[:]))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// TestImagesHoldWhatTheyShould asks Debian's tools for what is in an image.
func TestImagesHoldWhatTheyShould(t *testing.T) {
	j := job(t, "qemu-virt")
	j.UpdateKeys = filepath.Join(t.TempDir(), "keys")
	for path, text := range map[string]string{j.UpdateKeys: "1 A6EHv/POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg=\n", j.ConfFile: rightConf + "STBAGENT_UPDATE_URL=http://10.1.2.3:8090\n"} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := Build(t.Context(), j); err != nil {
		t.Fatal(err)
	}
	f := func(want string, name string, args ...string) {
		t.Helper()
		out, err := exec.Command(name, args...).CombinedOutput()
		if err != nil || !strings.Contains(string(out), want) {
			t.Errorf("%s %v: %v\n%s\nwant %s", name, args, err, out, want)
		}
	}
	f("STBAGENT_UPDATE_KEYS=/etc/stbagent/update.keys\nSTBAGENT_UPDATE_URL=http://10.1.2.3:8090\n", "tar", "-xOf", filepath.Join(j.Out, "stbagent-qemu-virt-overlay.tar"), "etc/stbagent/agent.conf")
	f("1 A6EHv/POEL4d", "tar", "-xOf", filepath.Join(j.Out, "stbagent-qemu-virt-overlay.tar"), "etc/stbagent/update.keys")
	root, data := filepath.Join(j.Out, "stbagent-qemu-virt-root.squashfs"), filepath.Join(j.Out, "stbagent-qemu-virt-data.ext4")
	f("::sysinit:/etc/init.d/rcS\n# The agent", "unsquashfs", "-cat", root, "etc/inittab")
	f("::respawn:/usr/libexec/stbagent/watch 4\n::respawn:/sbin/watchdog -F -t 5 -T 30 /dev/watchdog\n", "unsquashfs", "-cat", root, "etc/inittab")
	f("STBAGENT_CA=/etc/stbagent/ca.pem\nSTBAGENT_CITY=3301\nSTBAGENT_DATA=/data/stbagent\n", "unsquashfs", "-cat", root, "etc/stbagent/agent.conf")
	f("drwxr-xr-x root/root                 3 2023-11-14 22:13 squashfs-root/data", "env", "TZ=UTC", "unsquashfs", "-ll", root)
	f("clean", "/usr/sbin/e2fsck", "-n", data)
	f("Mode:  0700", "/usr/sbin/debugfs", "-R", "stat /stbagent", data)
}

func TestRefusals(t *testing.T) {
	f := func(change func(j *Job), want string) {
		t.Helper()
		j := job(t, "linux-armv7")
		change(&j)
		_, err := Build(t.Context(), j)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
		if names, err := os.ReadDir(j.Out); err == nil && len(names) != 1 {
			t.Errorf("%s: what was refused left %v", want, names)
		}
	}
	write := func(path, text string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	f(func(j *Job) { j.AgentFile += "-none" }, "make firmware-agents")
	f(func(j *Job) { j.AgentFile = j.ConfFile }, "no Linux program")
	f(func(j *Job) { j.Target.GOARCH, j.Target.GOARM = "arm64", 0 }, "built for EM_ARM; linux-armv7 wants CGO_ENABLED=0 GOOS=linux GOARCH=arm64")
	f(func(j *Job) { j.Target.GOARM = 5 }, "built with GOARM=7")
	f(func(j *Job) { j.ConfFile += "-none" }, "mkimage conf")
	f(func(j *Job) { write(j.ConfFile, "STBAGENT_QUOTE=1") }, "agent.conf:1: STBAGENT_QUOTE: the agent has no such setting")
	f(func(j *Job) { write(j.CAFile, "x") }, "must hold certificates")
	f(func(j *Job) { write(j.CAFile, "-----BEGIN CERTIFICATE-----\n-----BEGIN PRIVATE KEY-----") }, "no private key")
	f(func(j *Job) { j.CAFile += "-none" }, "ca: open")
	f(func(j *Job) { j.ClaimFile = "none" }, "claim: open none")
	f(func(j *Job) { j.ClaimFile = j.CAFile }, "not a claim credential")
	f(func(j *Job) {
		j.ClaimFile = filepath.Join(filepath.Dir(j.ConfFile), "claim.txt")
		write(j.ClaimFile, "claim-0a1b2c3d.ABCDEFGHIJKLMNOPQRSTUVWXYZ\n")
		write(j.ConfFile, rightConf+"STBAGENT_CLAIM=claim-0a1b2c3e.ABCDEFGHIJKLMNOPQRSTUVWXYZ\n")
	}, "another STBAGENT_CLAIM")
	keys := func(j *Job, text, conf string) {
		write(j.ConfFile, rightConf+conf)
		j.UpdateKeys = filepath.Join(t.TempDir(), "update.keys")
		write(j.UpdateKeys, text)
	}
	const url, key = "STBAGENT_UPDATE_URL=http://10.1.2.3:8090\n", "1 A6EHv/POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg=\n"
	f(func(j *Job) { keys(j, key, "") }, "STBAGENT_UPDATE_URL is missing")
	f(func(j *Job) { keys(j, "", url) }, "want one or two public keys")
	f(func(j *Job) { keys(j, "# private key for profiles\n"+key, url) }, "no private one")
	f(func(j *Job) { keys(j, "one\n", url) }, "want ID KEY")
	f(func(j *Job) { keys(j, "1 AAAA\n", url) }, "32 bytes in base64")
	f(func(j *Job) { keys(j, key, url+"STBAGENT_UPDATE_HOURS=2-5\n") }, "HH:MM-HH:MM")
	f(func(j *Job) { keys(j, key, url); j.Target.Init = "android" }, "is updated with the image")
	f(func(j *Job) { j.Version = "1.2-rc 1" }, `version "1.2-rc 1"`)
	f(func(j *Job) { j.Only = []string{"deb"} }, `linux-armv7 makes no "deb"; it makes overlay, squashfs, data`)
	f(func(j *Job) { j.Target.Budget["squashfs"] = 1000 }, "more than its budget of 1000")
	f(func(j *Job) { j.Target.Budget["agent_xz"] = 1000 }, "over its budget of 1000")
	f(func(j *Job) { j.Target.Budget["agent_raw"], j.Strict = 1000, true }, "without --strict it is only told")
	f(func(j *Job) { j.Base = j.ConfFile }, "base: ")
	f(func(j *Job) { j.Epoch = time.Time{} }, "set SOURCE_DATE_EPOCH")
	f(func(j *Job) {
		if err := os.Mkdir(j.Out, 0o755); err != nil {
			t.Fatal(err)
		}
		write(filepath.Join(j.Out, "old"), "")
	}, "is not empty")
	j := job(t, "linux-armv7")
	j.Target.Budget["agent_raw"], j.Only = 1000, []string{"overlay"}
	if m, err := Build(t.Context(), j); err != nil || len(m.Over) != 1 {
		t.Errorf("an agent over its raw budget: %v; want it told alone", err)
	}
	j = job(t, "qemu-virt")
	j.RamBase = ""
	if _, err := Build(t.Context(), j); err == nil || !strings.Contains(err.Error(), "make firmware-base") {
		t.Errorf("an initramfs of nothing: %v", err)
	}
	j = job(t, "qemu-virt")
	j.Base = j.RamBase
	if _, err := Build(t.Context(), j); err == nil || !strings.Contains(err.Error(), "no etc/inittab") {
		t.Errorf("a root without inittab: %v", err)
	}
}

// TestClaim: the credential is in the image's settings, which its other users cannot
// read then; the manifest names it, and keeps its secret.
func TestClaim(t *testing.T) {
	j := job(t, "linux-armv7")
	j.Only, j.ClaimFile = []string{"overlay"}, filepath.Join(filepath.Dir(j.ConfFile), "claim.txt")
	const secret = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	for path, text := range map[string]string{j.ClaimFile: "claim-0a1b2c3d." + secret + "\n", j.ConfFile: strings.ReplaceAll(rightConf, "tcp://", "tls://")} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	m, err := Build(t.Context(), j)
	if err != nil {
		t.Fatal(err)
	}
	manifest, err := os.ReadFile(filepath.Join(j.Out, "manifest.json"))
	if err != nil || m.Claim != "claim-0a1b2c3d" || !strings.Contains(string(manifest), m.Claim) || strings.Contains(string(manifest), secret) {
		t.Errorf("%v: %s", err, manifest)
	}
	f, err := os.Open(filepath.Join(j.Out, "stbagent-linux-armv7-overlay.tar"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	tree, err := pack.ReadTar(f)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range tree.Entries() {
		if e.Path == "etc/stbagent/agent.conf" {
			if e.Mode.Perm() != 0o600 || !strings.Contains(string(e.Data), "STBAGENT_CLAIM=claim-0a1b2c3d."+secret+"\n") {
				t.Errorf("%v: %s", e.Mode, e.Data)
			}
			return
		}
	}
	t.Error("no agent.conf")
}
