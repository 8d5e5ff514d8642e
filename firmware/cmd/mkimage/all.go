package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"iptvdc/firmware/image"
)

// all makes every target's firmware twice and compares the two.
func all(ctx context.Context, args []string, getenv func(string) string, w *words, out, errw io.Writer) error {
	fs := flagSet("all", w, errw)
	var j image.Job
	file := fs.String("targets", "", w.flagTargets)
	agents := fs.String("agents", "", w.flagAgents)
	fs.StringVar(&j.ConfFile, "conf", "", w.flagConf)
	fs.StringVar(&j.CAFile, "ca", "", w.flagCA)
	fs.StringVar(&j.ClaimFile, "claim", "", w.flagClaim)
	fs.StringVar(&j.UpdateKeys, "update-keys", "", w.flagUpdateKeys)
	base := fs.String("base", "", w.flagBase)
	fs.StringVar(&j.RamBase, "ram-base", "", w.flagRamBase)
	fs.StringVar(&j.Version, "version", "", w.flagVersion)
	folder := fs.String("out", "", w.flagOut)
	fs.BoolVar(&j.Strict, "strict", false, w.flagStrict)
	if err := parse(fs, w, args); err != nil {
		return err
	}
	for _, need := range []struct{ flag, value string }{{"agents", *agents}, {"conf", j.ConfFile}, {"version", j.Version}, {"out", *folder}} {
		if need.value == "" {
			return usageError{fmt.Errorf(w.missing, need.flag)}
		}
	}
	targets, err := known(*file)
	if err != nil {
		return err
	}
	if j.Epoch, err = epoch(getenv, w); err != nil {
		return err
	}
	j.Sizes = new(image.Sizes)
	for i := range targets {
		j := j
		j.Target = &targets[i]
		if j.Target.Init == "android" {
			j.UpdateKeys = ""
		}
		j.AgentFile = filepath.Join(*agents, "stbagent-"+j.Target.Arch())
		if slices.Contains(j.Target.Makes, "initramfs") { // a whole system; the others are laid over a maker's
			j.Base = *base
		}
		var made [2]*image.Manifest
		for n := range made {
			j.Out = filepath.Join(*folder, fmt.Sprint(n+1), j.Target.Name)
			if made[n], err = image.Build(ctx, j); err != nil {
				return fmt.Errorf("%s: %w", j.Target.Name, err)
			}
		}
		if err := same(*folder, made[0], w); err != nil {
			return err
		}
		if err := report(out, made[0], w); err != nil {
			return err
		}
	}
	_, err = fmt.Fprintf(out, w.same, len(targets))
	return err
}

// same compares the files of two builds, the manifests too.
func same(folder string, m *image.Manifest, w *words) error {
	names := []string{"manifest.json"}
	for _, f := range m.Files {
		names = append(names, f.Path)
	}
	for _, n := range names {
		var text [2][]byte
		for i := range text {
			var err error
			if text[i], err = os.ReadFile(filepath.Join(folder, fmt.Sprint(i+1), m.Target, n)); err != nil {
				return err
			}
		}
		if !bytes.Equal(text[0], text[1]) {
			return fmt.Errorf(w.differs, m.Target, n)
		}
	}
	return nil
}
