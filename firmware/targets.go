package firmware

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"path"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Target is a kind of box, as targets.yaml describes its fields.
type Target struct {
	Name      string           `yaml:"name"`
	Title     Text             `yaml:"title"`
	SoC       string           `yaml:"soc"`
	GOARCH    string           `yaml:"goarch"`
	GOARM     int              `yaml:"goarm"` // 0: none, with arm64
	Libc      string           `yaml:"libc"`
	Init      string           `yaml:"init"`
	Kernel    string           `yaml:"kernel"`
	MemoryMB  int              `yaml:"memory_mb"`
	AgentMB   int              `yaml:"agent_mb"`
	Flash     string           `yaml:"flash"`
	Data      Data             `yaml:"data"`
	InetGroup int              `yaml:"inet_group"` // 0: everybody may open sockets
	User      string           `yaml:"user"`
	Watchdog  string           `yaml:"watchdog"` // "": not ours to feed
	WatchS    int              `yaml:"watch_s"`  // 0: nothing looks at the agent
	Makes     []string         `yaml:"makes"`
	Budget    map[string]int64 `yaml:"budget"` // bytes; absent: no limit
}

// Text is in both languages.
type Text struct {
	ZH string `yaml:"zh"`
	EN string `yaml:"en"`
}

// Data is where an agent writes.
type Data struct {
	Mount  string `yaml:"mount"`
	Folder string `yaml:"folder"`
	FS     string `yaml:"fs"`
	SizeMB int    `yaml:"size_mb"`
}

// What the words of targets.yaml may be.
var (
	inits     = []string{"android", "busybox", "procd", "systemd"}
	flashes   = []string{"emmc", "nand"}
	systems   = []string{"ext4", "f2fs", "ubifs", "yaffs2"}
	Artefacts = []string{"overlay", "squashfs", "data", "initramfs", "deb", "android", "buildroot", "openwrt", "yocto"}
	nameForm  = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)
	kernel    = regexp.MustCompile(`^(\d+)\.(\d+)$`)
	pathForm  = regexp.MustCompile(`^/[A-Za-z0-9._/-]*$`)
)

// Targets are the ones that come with the program.
func Targets() ([]Target, error) { return ReadTargets("targets.yaml", must("targets.yaml")) }

// ReadTargets reads and checks the text of a targets file; errors begin with
// file:line. The whole is refused if any of it is wrong.
func ReadTargets(file string, text []byte) ([]Target, error) {
	var doc yaml.Node
	dec := yaml.NewDecoder(bytes.NewReader(text))
	if err := dec.Decode(&doc); errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%s:1: targets: the file is empty", file)
	} else if err != nil {
		return nil, fmt.Errorf("%s: %s", file, strings.TrimPrefix(err.Error(), "yaml: "))
	}
	var all struct {
		Targets []Target `yaml:"targets"`
	}
	root := doc.Content[0]
	if err := strict(file, root, reflect.ValueOf(&all).Elem(), ""); err != nil {
		return nil, err
	}
	if len(all.Targets) == 0 {
		return nil, fmt.Errorf("%s:1: targets: none listed", file)
	}
	list := root.Content[1].Content
	names := map[string]bool{}
	for i := range all.Targets {
		t := &all.Targets[i]
		if field, err := t.check(); err != nil {
			return nil, fmt.Errorf("%s:%d: targets[%d].%s: %w", file, lineOf(list[i], field), i, field, err)
		}
		if names[t.Name] {
			return nil, fmt.Errorf("%s:%d: targets[%d].name: %s stands here twice", file, lineOf(list[i], "name"), i, t.Name)
		}
		names[t.Name] = true
	}
	return all.Targets, nil
}

// lineOf is the line of a field within a target, or the target's if it is not there.
func lineOf(n *yaml.Node, field string) int {
	name, rest, _ := strings.Cut(field, ".")
	for i := 0; i+1 < len(n.Content) && n.Kind == yaml.MappingNode; i += 2 {
		if n.Content[i].Value == name {
			if rest == "" {
				return n.Content[i].Line
			}
			return lineOf(n.Content[i+1], rest)
		}
	}
	return n.Line
}

// check says which field is wrong, and how.
func (t *Target) check() (field string, err error) {
	one := func(value string, allowed []string) error {
		if !slices.Contains(allowed, value) {
			return fmt.Errorf("%q; allowed: %s", value, strings.Join(allowed, ", "))
		}
		return nil
	}
	least := func(n, min int) error {
		if n < min {
			return fmt.Errorf("%d; it must be at least %d", n, min)
		}
		return nil
	}
	absolute := func(p string) error {
		if !pathForm.MatchString(p) || path.Clean(p) != p {
			return fmt.Errorf("%q; want a path from the root without spaces, as /data", p)
		}
		return nil
	}
	filled := func(s string) error {
		if s == "" {
			return errors.New("missing")
		}
		return nil
	}
	if !nameForm.MatchString(t.Name) {
		return "name", fmt.Errorf("%q; want small letters, digits and single hyphens", t.Name)
	}
	checks := []struct {
		field string
		err   error
	}{
		{"title.zh", filled(t.Title.ZH)}, {"title.en", filled(t.Title.EN)}, {"soc", filled(t.SoC)},
		{"goarch", one(t.GOARCH, []string{"arm", "arm64"})}, {"goarm", t.checkGOARM()},
		{"libc", one(t.Libc, []string{"none"})}, {"init", one(t.Init, inits)}, {"kernel", checkKernel(t.Kernel)},
		{"memory_mb", least(t.MemoryMB, 64)}, {"agent_mb", least(t.AgentMB, 16)},
		{"flash", one(t.Flash, flashes)}, {"data.fs", one(t.Data.FS, systems)}, {"data.size_mb", least(t.Data.SizeMB, 16)},
		{"data.mount", absolute(t.Data.Mount)}, {"data.folder", absolute(t.Data.Folder)},
		{"inet_group", least(t.InetGroup, 0)}, {"user", filled(t.User)}, {"watch_s", least(t.WatchS, 0)},
	}
	if t.Watchdog != "" {
		checks = append(checks, struct {
			field string
			err   error
		}{"watchdog", absolute(t.Watchdog)})
	}
	for _, c := range checks {
		if c.err != nil {
			return c.field, c.err
		}
	}
	if t.Init == "android" && t.InetGroup != 3003 {
		return "inet_group", fmt.Errorf("%d; Android lets only group 3003 open sockets", t.InetGroup)
	}
	if len(t.Makes) == 0 {
		return "makes", errors.New("missing")
	}
	for _, m := range t.Makes {
		if err := one(m, Artefacts); err != nil {
			return "makes", err
		}
		if m == "data" && t.Data.FS != "ext4" {
			return "makes", fmt.Errorf("data images are ext4; this target has %s, whose image the flash tool makes", t.Data.FS)
		}
	}
	for name := range t.Budget {
		if err := one(name, append([]string{"agent_raw", "agent_xz"}, Artefacts...)); err != nil {
			return "budget", err
		}
	}
	return "", nil
}

func (t *Target) checkGOARM() error {
	switch {
	case t.GOARCH == "arm" && (t.GOARM < 5 || t.GOARM > 7):
		return fmt.Errorf("%d; allowed with goarch arm: 5, 6, 7", t.GOARM)
	case t.GOARCH != "arm" && t.GOARM != 0:
		return fmt.Errorf("%d; goarm goes with goarch arm alone", t.GOARM)
	}
	return nil
}

// checkKernel holds a version to Go's own floor, 3.2.
func checkKernel(v string) error {
	m := kernel.FindStringSubmatch(v)
	if m == nil {
		return fmt.Errorf("%q; want a version as 3.10", v)
	}
	major, _ := strconv.Atoi(m[1])
	minor, _ := strconv.Atoi(m[2])
	if major < 3 || major == 3 && minor < 2 {
		return fmt.Errorf("%s is older than 3.2, which the agent needs", v)
	}
	return nil
}

// KernelAtLeast compares the target's oldest kernel.
func (t *Target) KernelAtLeast(major, minor int) bool {
	m := kernel.FindStringSubmatch(t.Kernel)
	a, _ := strconv.Atoi(m[1])
	b, _ := strconv.Atoi(m[2])
	return a > major || a == major && b >= minor
}

// Arch names the processor for people and files: armv7, arm64.
func (t *Target) Arch() string {
	if t.GOARCH == "arm" {
		return "armv" + strconv.Itoa(t.GOARM)
	}
	return t.GOARCH
}

// Find returns a target by name; the error lists all there are.
func Find(all []Target, name string) (*Target, error) {
	var names []string
	for i := range all {
		if all[i].Name == name {
			return &all[i], nil
		}
		names = append(names, all[i].Name)
	}
	return nil, fmt.Errorf("target %q: no such target; there are %s", name, strings.Join(names, ", "))
}
