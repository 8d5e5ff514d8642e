package firmware

import (
	"strings"
	"testing"
)

func TestTargetsThatComeAlong(t *testing.T) {
	all, err := Targets()
	if err != nil {
		t.Fatal(err)
	}
	made := map[string]bool{}
	for _, target := range all {
		for _, m := range target.Makes {
			made[m] = true
		}
	}
	for _, a := range Artefacts {
		if !made[a] {
			t.Errorf("no target makes %s", a)
		}
	}
	if _, err := Find(all, "linux-armv8"); err == nil || !strings.Contains(err.Error(), "linux-armv7, linux-armv6") {
		t.Errorf("a target that is not there: %v; want the list of those that are", err)
	}
}

const rightTarget = `targets:
  - name: box
    title: {zh: 盒子, en: Box}
    soc: any
    goarch: arm
    goarm: 7
    libc: none
    init: busybox
    kernel: 3.10
    memory_mb: 512
    agent_mb: 24
    flash: emmc
    data: {mount: /data, folder: /data/stbagent, fs: ext4, size_mb: 64}
    inet_group: 0
    user: root
    makes: [overlay, data]
    budget: {agent_raw: 1}
`

func TestReadTargets(t *testing.T) {
	if _, err := ReadTargets("t", []byte(rightTarget)); err != nil {
		t.Fatal(err)
	}
	f := func(old, new, want string) {
		t.Helper()
		if !strings.Contains(rightTarget, old) {
			t.Fatalf("no %q to replace", old)
		}
		_, err := ReadTargets("t", []byte(strings.Replace(rightTarget, old, new, 1)))
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: got %v, want %s...", new, err, want)
		}
	}
	f("soc: any", "sock: any", "t:4: targets[0].sock: no such field; known: name, title, soc,")
	f("size_mb: 64", "size: 64", "t:13: targets[0].data.size: no such field")
	f("size_mb: 64", "size_mb: many", `t:13: targets[0].data.size_mb: "many" is no whole number`)
	f("size_mb: 64", "size_mb: 4", "t:13: targets[0].data.size_mb: 4; it must be at least 16")
	f("goarm: 7", "goarm: 8", "t:6: targets[0].goarm: 8; allowed with goarch arm: 5, 6, 7")
	f("goarch: arm\n", "goarch: arm64\n", "t:6: targets[0].goarm: 7; goarm goes with goarch arm alone")
	f("goarch: arm\n", "goarch: mips\n", `t:5: targets[0].goarch: "mips"; allowed: arm, arm64`)
	f("kernel: 3.10", "kernel: 3.1", "t:9: targets[0].kernel: 3.1 is older than 3.2")
	f("kernel: 3.10", "kernel: old", `t:9: targets[0].kernel: "old"; want a version`)
	f("init: busybox", "init: android", "t:14: targets[0].inet_group: 0; Android lets only group 3003")
	f("fs: ext4", "fs: ubifs", "t:16: targets[0].makes: data images are ext4")
	f("[overlay, data]", "[overlay, iso]", `t:16: targets[0].makes: "iso"; allowed: overlay,`)
	f("[overlay, data]", "overlay", "t:16: targets[0].makes: want a list")
	f("agent_raw", "agent_row", `t:17: targets[0].budget: "agent_row"; allowed`)
	f("user: root", "user: root\n    user: root", "t:16: targets[0].user: stands here twice")
	f("    user: root\n", "", "t:2: targets[0].user: missing")
	f("folder: /data/stbagent", "folder: data", `t:13: targets[0].data.folder: "data"; want a path from the root`)
	f("name: box", "name: Box", `t:2: targets[0].name: "Box"; want small letters`)
	f("targets:\n", "targets: []\n#", "t") // nothing listed, and what follows is out of place
	for _, text := range []string{"", "# none\n", "targets: []", "targets: x", "x: y", "[", "\t"} {
		if _, err := ReadTargets("t", []byte(text)); err == nil || !strings.HasPrefix(err.Error(), "t:") {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestKernelAtLeast(t *testing.T) {
	f := func(kernel string, major, minor int, want bool) {
		t.Helper()
		if got := (&Target{Kernel: kernel}).KernelAtLeast(major, minor); got != want {
			t.Errorf("%s at least %d.%d: %v", kernel, major, minor, got)
		}
	}
	f("3.10", 3, 9, true) // not as a decimal fraction
	f("3.10", 3, 18, false)
	f("4.4", 4, 4, true)
	f("4.4", 3, 18, true)
	f("3.18", 4, 4, false)
}

func FuzzReadTargets(f *testing.F) {
	f.Add([]byte(rightTarget))
	f.Add([]byte("targets: [{data: {size_mb: &a 1}}]"))
	f.Add([]byte("targets: [*a]"))
	f.Fuzz(func(t *testing.T, text []byte) {
		all, err := ReadTargets("t", text)
		if err == nil && len(all) == 0 || err != nil && len(all) != 0 {
			t.Errorf("%d targets, %v", len(all), err)
		}
	})
}
