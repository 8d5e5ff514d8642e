package image

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"

	"iptvdc/firmware"
	"iptvdc/firmware/pack"
)

// root is the agent's files as they lie on the box.
func (r *run) root() (*pack.Tree, error) {
	t := new(pack.Tree)
	bin := "usr/bin/stbagent"
	if r.Target.Init == "android" {
		bin = "vendor/bin/stbagent"
	}
	t.File(bin, 0o755, r.agent.Data)
	if r.Target.Init != "android" { // there its settings stand in the rc file
		t.File(r.confFolder()+"/agent.conf", r.confMode(), r.conf.Text())
	}
	if r.ca != nil {
		t.File(r.confFolder()+"/ca.pem", 0o644, r.ca)
	}
	if r.updateKeys != nil {
		t.File(r.confFolder()+"/update.keys", 0o644, r.updateKeys)
	}
	var err error
	put := func(path, template string, perm fs.FileMode) { err = errors.Join(err, r.put(t, path, template, perm)) }
	switch r.Target.Init {
	case "android":
		put("vendor/etc/init/init.stbagent.rc", "android/init.stbagent.rc", 0o644)
	case "busybox":
		put("usr/libexec/stbagent/conf.sh", "init/conf.sh", 0o644)
		put("usr/libexec/stbagent/run", "init/run", 0o755)
		put("usr/libexec/stbagent/watch", "init/watch", 0o755)
		put("etc/init.d/S99stbagent", "init/S99stbagent", 0o755)
		put("etc/inittab.stbagent", "init/inittab.stbagent", 0o644)
	case "systemd":
		put("usr/lib/systemd/system/stbagent.service", "systemd/stbagent.service", 0o644)
		put("usr/lib/sysusers.d/stbagent.conf", "systemd/sysusers.conf", 0o644)
		put("usr/lib/tmpfiles.d/stbagent.conf", "systemd/tmpfiles.conf", 0o644)
	case "procd":
		put("etc/init.d/stbagent", "openwrt/files/stbagent.init", 0o755)
	}
	return t, err
}

func (r *run) overlay() error {
	t, err := r.root()
	if err != nil {
		return err
	}
	data, err := buffer(func(w io.Writer) error { return t.Tar(w, "", r.Epoch) })
	if err != nil {
		return err
	}
	return r.write("overlay", r.name("-overlay.tar"), 0o644, data)
}

// wholeRoot is the box's root with the agent in it, if there is a base; else the
// agent's files.
func (r *run) wholeRoot() (*pack.Tree, error) {
	ours, err := r.root()
	if err != nil || r.Base == "" {
		return ours, err
	}
	t, err := readTar(r.Base)
	if err != nil {
		return nil, fmt.Errorf("base: %w", err)
	}
	if err := t.Over(ours); err != nil {
		return nil, fmt.Errorf("base: %w", err)
	}
	t.Folder(r.Target.Data.Mount, 0o755)
	if r.Target.Init == "busybox" {
		inittab, ok := t.Get("etc/inittab")
		if !ok {
			return nil, fmt.Errorf("base: %s has no etc/inittab, which BusyBox init starts the agent by", r.Base)
		}
		if bytes.Contains(inittab.Data, []byte("libexec/stbagent")) {
			return nil, fmt.Errorf("base: etc/inittab of %s starts an agent already; give a root without it", r.Base)
		}
		lines, err := r.template("init/inittab.stbagent")
		if err != nil {
			return nil, err
		}
		text := append(bytes.TrimRight(bytes.Clone(inittab.Data), "\n"), '\n')
		t.File("etc/inittab", inittab.Mode, append(text, lines...))
	}
	return t, nil
}

func (r *run) initramfs() error {
	if r.RamBase == "" {
		return errors.New("an initramfs needs BusyBox and the kernel's modules: --ram-base FILE.tar (make firmware-base)")
	}
	t, err := readTar(r.RamBase)
	if err != nil {
		return fmt.Errorf("ram-base: %w", err)
	}
	if _, ok := t.Get("bin/busybox"); !ok {
		return fmt.Errorf("ram-base: %s has no bin/busybox", r.RamBase)
	}
	if err := r.put(t, "init", "image/init.sh", 0o755); err != nil {
		return err
	}
	data, err := buffer(func(w io.Writer) error {
		return pack.Gzip(w, func(w io.Writer) error { return t.CPIO(w, r.Epoch) })
	})
	if err != nil {
		return err
	}
	return r.write("initramfs", r.name("-initramfs.cpio.gz"), 0o644, data)
}

func (r *run) deb() error {
	t, err := r.root()
	if err != nil {
		return err
	}
	control := new(pack.Tree)
	for _, f := range []struct {
		name string
		perm fs.FileMode
	}{{"control", 0o644}, {"postinst", 0o755}, {"prerm", 0o755}, {"postrm", 0o755}} {
		err = errors.Join(err, r.put(control, f.name, "systemd/"+f.name, f.perm))
	}
	control.File("conffiles", 0o644, []byte("/etc/stbagent/agent.conf\n"))
	err = errors.Join(err, r.put(t, "usr/share/doc/stbagent/copyright", "systemd/copyright", 0o644))
	changes, cerr := r.template("systemd/changelog")
	packed, zerr := buffer(func(w io.Writer) error {
		return pack.Gzip(w, func(w io.Writer) error { _, err := w.Write(changes); return err })
	})
	if err = errors.Join(err, cerr, zerr); err != nil {
		return err
	}
	t.File("usr/share/doc/stbagent/changelog.gz", 0o644, packed)
	d := pack.Deb{Data: t, Control: control}
	data, err := buffer(func(w io.Writer) error { return d.Write(w, r.Epoch) })
	if err != nil {
		return err
	}
	return r.write("deb", fmt.Sprintf("stbagent_%s_%s.deb", debVersion(r.Version), r.values["DEB_ARCH"]), 0o644, data)
}

// packageFolder fills a folder with an integration's files, templates filled in,
// and what more adds.
func (r *run) packageFolder(artefact string, more func(*pack.Tree) error) error {
	t := new(pack.Tree)
	names, err := firmware.List(artefact)
	if err != nil {
		return err
	}
	for _, n := range names {
		if err := r.put(t, n, artefact+"/"+n, 0o644); err != nil {
			return err
		}
	}
	if err := more(t); err != nil {
		return err
	}
	return r.writeTree(artefact, artefact, t)
}

// under puts the agent's files, laid out as on the box, below a folder of a package.
func (r *run) under(t *pack.Tree, folder string) error {
	root, err := r.root()
	if err != nil {
		return err
	}
	for _, e := range root.Entries() {
		if e.Mode.IsRegular() {
			t.File(folder+"/"+e.Path, e.Mode, e.Data)
		}
	}
	return nil
}

func (r *run) android() error {
	return r.packageFolder("android", func(t *pack.Tree) error {
		t.File("stbagent", 0o755, r.agent.Data)
		if r.ca != nil {
			t.File("ca.pem", 0o644, r.ca)
		}
		return nil
	})
}

func (r *run) buildroot() error {
	return r.packageFolder("buildroot", func(t *pack.Tree) error { return r.under(t, "package/stbagent/root") })
}

func (r *run) yocto() error {
	return r.packageFolder("yocto", func(t *pack.Tree) error {
		return r.under(t, "meta-stbagent/recipes-iptv/stbagent/files/root")
	})
}

func (r *run) openwrt() error {
	return r.packageFolder("openwrt", func(t *pack.Tree) error {
		t.File("files/stbagent", 0o755, r.agent.Data)
		t.File("files/etc/agent.conf", r.confMode(), r.conf.Text())
		if r.ca != nil {
			t.File("files/etc/ca.pem", 0o644, r.ca)
		}
		if r.updateKeys != nil {
			t.File("files/etc/update.keys", 0o644, r.updateKeys)
		}
		return nil
	})
}
