package image

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"iptvdc/firmware"
	"iptvdc/firmware/pack"
)

// Job says what to make.
type Job struct {
	Target    *firmware.Target
	AgentFile string
	ConfFile  string
	CAFile    string // "": no certificate
	// ClaimFile holds the credential by which boxes claim their certificates; "": none,
	// or it stands in ConfFile.
	ClaimFile string
	// UpdateKeys is a file of public keys that may sign updates of the agent; "": it
	// is updated with the image alone.
	UpdateKeys string
	// Base is a tar of the box's root, which the agent is laid over; "": the
	// squashfs holds the agent's files alone.
	Base string
	// RamBase is a tar of what an initramfs needs beside its init: bin/busybox
	// and modules/*.ko in the order of loading.
	RamBase string
	Version string
	Epoch   time.Time // of everything inside; zero: the agent's commit
	Only    []string  // artefacts; none: all the target makes
	// Strict refuses an agent above its raw budget.
	Strict bool
	// Out is the folder to fill; it must be empty or not there.
	Out string
	// Sizes is shared by jobs that have an agent in common; nil: none does.
	Sizes *Sizes
}

// versionForm is what every kind of package takes.
var versionForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9.+~]*$`)

// run is a job under way.
type run struct {
	Job
	ctx   context.Context
	agent *Agent
	conf  *firmware.Conf
	ca    []byte
	// updateKeys is the text of Job.UpdateKeys.
	updateKeys []byte
	values     map[string]string
	man        *Manifest
}

// Build makes the target's firmware in j.Out and returns its manifest, which lies
// there as manifest.json beside sbom.cdx.json. After an error Out is not there.
func Build(ctx context.Context, j Job) (_ *Manifest, err error) {
	if !versionForm.MatchString(j.Version) {
		return nil, fmt.Errorf("version %q: want letters, digits and . + ~, as 1.4.2", j.Version)
	}
	makes := j.Target.Makes
	for _, o := range j.Only {
		if !slices.Contains(makes, o) {
			return nil, fmt.Errorf("only: %s makes no %q; it makes %s", j.Target.Name, o, strings.Join(makes, ", "))
		}
		makes = j.Only
	}
	r := &run{Job: j, ctx: ctx}
	if err := r.read(); err != nil {
		return nil, err
	}
	if names, err := os.ReadDir(j.Out); err == nil && len(names) > 0 {
		return nil, fmt.Errorf("out: %s is not empty; remove it or name another folder", j.Out)
	} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("out: %w", err)
	}
	if err := os.MkdirAll(j.Out, 0o755); err != nil {
		return nil, fmt.Errorf("out: %w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.RemoveAll(j.Out))
		}
	}()
	r.man = newManifest(r)
	if err := r.man.agentBudgets(j.Strict); err != nil {
		return nil, err
	}
	makers := map[string]func() error{
		"overlay": r.overlay, "squashfs": r.squashfs, "data": r.dataImage, "initramfs": r.initramfs, "deb": r.deb,
		"android": r.android, "buildroot": r.buildroot, "openwrt": r.openwrt, "yocto": r.yocto,
	}
	for _, m := range makes {
		if err := makers[m](); err != nil {
			return nil, fmt.Errorf("%s: %w", m, err)
		}
	}
	if err := r.write("", "sbom.cdx.json", 0o644, r.sbom()); err != nil {
		return nil, err
	}
	return r.man, r.man.write(filepath.Join(j.Out, "manifest.json"))
}

// read reads and checks everything that goes in, before anything is made.
func (r *run) read() (err error) {
	if r.agent, err = readAgent(r.ctx, r.AgentFile, r.Target, r.Sizes); err != nil {
		return err
	}
	text, err := os.ReadFile(r.ConfFile)
	if err != nil {
		return fmt.Errorf("conf: %w; `mkimage conf` prints one to start from", err)
	}
	if r.conf, err = firmware.ReadConf(r.ConfFile, text); err != nil {
		return err
	}
	if r.ClaimFile != "" {
		text, err := os.ReadFile(r.ClaimFile)
		if err != nil {
			return fmt.Errorf("claim: %w; aggregator claim new makes one", err)
		}
		if err := r.conf.SetClaim(r.ClaimFile, text); err != nil {
			return fmt.Errorf("claim: %w", err)
		}
	}
	ca := ""
	if r.CAFile != "" {
		if r.ca, err = os.ReadFile(r.CAFile); err != nil {
			return fmt.Errorf("ca: %w", err)
		}
		if !bytes.Contains(r.ca, []byte("-----BEGIN CERTIFICATE-----")) || bytes.Contains(r.ca, []byte("PRIVATE KEY")) {
			return fmt.Errorf("ca: %s must hold certificates (PEM), and no private key", r.CAFile)
		}
		ca = r.confFolder() + "/ca.pem"
	}
	if err := r.conf.Complete(r.ConfFile, r.Target, ca); err != nil {
		return err
	}
	if err := r.readUpdateKeys(); err != nil {
		return err
	}
	if r.Epoch.IsZero() {
		if r.Epoch = r.agent.Commit; r.Epoch.IsZero() {
			return errors.New("the agent does not say when its source was committed; set SOURCE_DATE_EPOCH to seconds since 1970")
		}
	}
	r.Epoch = r.Epoch.UTC().Truncate(time.Second)
	r.values = r.fillings()
	return nil
}

// readUpdateKeys reads and checks who may sign updates.
func (r *run) readUpdateKeys() (err error) {
	path := ""
	if r.UpdateKeys != "" {
		if r.updateKeys, err = os.ReadFile(r.UpdateKeys); err != nil {
			return fmt.Errorf("update-keys: %w", err)
		}
		if err := firmware.CheckKeys(r.updateKeys); err != nil {
			return fmt.Errorf("update-keys: %s: %w", r.UpdateKeys, err)
		}
		path = r.confFolder() + "/update.keys"
	}
	return r.conf.Update(r.ConfFile, r.Target, path)
}

// confFolder is where agent.conf lies on the box.
func (r *run) confFolder() string {
	if r.Target.Init == "android" {
		return "/vendor/etc/stbagent"
	}
	return "/etc/stbagent"
}

// confMode is the mode of agent.conf: with a claim credential it has a secret, which
// the box's other users need not read; init and the scripts that do are root's.
func (r *run) confMode() fs.FileMode {
	if r.conf.Claim() != "" {
		return 0o600
	}
	return 0o644
}

// fillings are the values of the integrations' places.
func (r *run) fillings() map[string]string {
	t := r.Target
	v := map[string]string{
		"CONF_MODE": fmt.Sprintf("%04o", r.confMode()),
		"DATA":      t.Data.Folder, "MOUNT": t.Data.Mount, "VERSION": r.Version, "ARCH": t.Arch(), "AGENT_MB": fmt.Sprint(t.AgentMB),
		"DEB_VERSION": debVersion(r.Version), "DEB_ARCH": map[string]string{"arm": "armhf", "arm64": "arm64"}[t.GOARCH],
		"KB": fmt.Sprint(len(r.agent.Data)/1024 + 64), "DATE": r.Epoch.Format(time.RFC1123Z),
		"BITS":       map[string]string{"arm": "32", "arm64": "64"}[t.GOARCH],
		"WRT_ARCH":   map[string]string{"arm": "arm", "arm64": "aarch64"}[t.GOARCH],
		"YOCTO_HOST": map[string]string{"arm": "arm.*-linux.*", "arm64": "aarch64.*-linux.*"}[t.GOARCH],
		"BR2_ARCH": map[string]string{"armv5": "BR2_arm", "armv6": "BR2_ARM_CPU_ARMV6 || BR2_ARM_CPU_ARMV7A || BR2_ARM_CPU_ARMV8A",
			"armv7": "BR2_ARM_CPU_ARMV7A || BR2_ARM_CPU_ARMV8A", "arm64": "BR2_aarch64"}[t.Arch()],
		"BP_REQUIRED": "", "BP_CA": "", "MK_REQUIRED": "", "MK_CA": "", "WATCH": "",
	}
	var env strings.Builder
	r.conf.Each(func(name, value string) { fmt.Fprintf(&env, "    setenv %s %s\n", name, value) })
	v["SETENV"] = env.String()
	if r.ca != nil {
		v["BP_REQUIRED"] = "    required: [\"stbagent_ca\"],\n"
		v["BP_CA"] = "\nprebuilt_etc {\n    name: \"stbagent_ca\",\n    vendor: true,\n    src: \"ca.pem\",\n    filename: \"ca.pem\",\n    sub_dir: \"stbagent\",\n}\n"
		v["MK_REQUIRED"] = " stbagent_ca"
		v["MK_CA"] = "\ninclude $(CLEAR_VARS)\nLOCAL_MODULE := stbagent_ca\nLOCAL_MODULE_CLASS := ETC\nLOCAL_MODULE_TAGS := optional\n" +
			"LOCAL_MODULE_STEM := ca.pem\nLOCAL_MODULE_PATH := $(TARGET_OUT_VENDOR)/etc/stbagent\nLOCAL_SRC_FILES := ca.pem\ninclude $(BUILD_PREBUILT)\n"
	}
	v["NOEXEC"] = ",noexec"
	if r.conf.Get("UPDATE_KEYS") != "" { // updates of the agent start from there
		v["NOEXEC"] = ""
	}
	if t.WatchS > 0 {
		v["WATCH"] = fmt.Sprintf("::respawn:/usr/libexec/stbagent/watch %d\n", t.WatchS)
	}
	if t.Watchdog != "" {
		v["WATCH"] += fmt.Sprintf("::respawn:/sbin/watchdog -F -t 5 -T 30 %s\n", t.Watchdog)
	}
	return v
}

// debVersion makes a version that Debian sorts: it begins with a digit.
func debVersion(v string) string {
	if v[0] >= '0' && v[0] <= '9' && strings.Contains(v, ".") {
		return v
	}
	return "0~git." + v
}

// write writes one file of an artefact and notes it in the manifest.
func (r *run) write(artefact, name string, perm fs.FileMode, data []byte) error {
	path := filepath.Join(r.Out, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(path, data, perm); err != nil {
		return err
	}
	if err := os.Chmod(path, perm); err != nil { // whatever the umask
		return err
	}
	return r.man.add(artefact, name, perm, data)
}

// writeTree writes a folder of an artefact.
func (r *run) writeTree(artefact, folder string, t *pack.Tree) error {
	for _, e := range t.Entries() {
		switch {
		case e.Mode.IsDir():
			if err := os.MkdirAll(filepath.Join(r.Out, folder, filepath.FromSlash(e.Path)), 0o755); err != nil {
				return err
			}
		case e.Mode&fs.ModeSymlink != 0:
			return fmt.Errorf("BUG: a package folder with the link %s", e.Path)
		default:
			if err := r.write(artefact, folder+"/"+e.Path, e.Mode.Perm(), e.Data); err != nil {
				return err
			}
		}
	}
	return nil
}

// name is an artefact's file name.
func (r *run) name(ending string) string { return "stbagent-" + r.Target.Name + ending }

// template fills in an integration file.
func (r *run) template(name string) ([]byte, error) { return firmware.Template(name, r.values) }

// put lays an integration file into a tree.
func (r *run) put(t *pack.Tree, path, template string, perm fs.FileMode) error {
	text, err := r.template(template)
	if err == nil {
		t.File(path, perm, text)
	}
	return err
}

func readTar(path string) (_ *pack.Tree, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	t, err := pack.ReadTar(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return t, nil
}

func buffer(write func(io.Writer) error) ([]byte, error) {
	var b bytes.Buffer
	err := write(&b)
	return b.Bytes(), err
}
