package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// makeKeys makes the key that signs updates, and the file of public ones for the image.
func (p *play) makeKeys(ctx context.Context) error {
	p.key, p.keys = filepath.Join(p.work, "release.key"), filepath.Join(p.work, "update.keys")
	line, err := p.centre(ctx, "update", "keygen", "--out", p.key)
	if err != nil {
		return err
	}
	return os.WriteFile(p.keys, []byte(line), 0o600)
}

// centre calls the aggregator's program.
func (p *play) centre(ctx context.Context, args ...string) (string, error) {
	var errs strings.Builder
	cmd := exec.CommandContext(ctx, p.aggregator, args...)
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		err = fmt.Errorf("aggregator %s: %w: %s", strings.Join(args, " "), err, errs.String())
	}
	return string(out), err
}

// publish signs a program and offers it to all.
func (p *play) publish(ctx context.Context, version, agent, program string) error {
	signed, err := p.centre(ctx, "update", "sign", program, "--key", p.key, "--version", version, "--agent", agent, "--build", "arm7")
	if err != nil {
		return err
	}
	file := filepath.Join(p.work, version+".signed")
	if err := os.WriteFile(file, []byte(signed), 0o600); err != nil {
		return err
	}
	_, err = p.centre(ctx, "update", "publish", file, "--program", program, "--keys", p.keys, "--percent", "100", "--data", filepath.Join(p.work, "centre"))
	return err
}

// progress is how the one box stands with the newest update.
func (p *play) progress(token string) (good, back int, err error) {
	var a struct {
		Releases []struct {
			Sum struct {
				Good       int `json:"good"`
				RolledBack int `json:"rolled_back"`
			} `json:"sum"`
		} `json:"releases"`
	}
	if err := getJSON("http://"+p.http+"/api/v1/updates", token, &a); err != nil {
		return 0, 0, err
	}
	if len(a.Releases) == 0 {
		return 0, 0, errors.New("no update is published")
	}
	return a.Releases[0].Sum.Good, a.Releases[0].Sum.RolledBack, nil
}

// updates has the box take an update, in a power cut, and one that dies at its first
// instruction. Afterwards none is offered any more.
func (p *play) updates(ctx context.Context, token string) error {
	if err := p.publish(ctx, "1", p.updateVersion, p.update); err != nil {
		return err
	}
	// The power goes while it is fetched or tried, whichever it is by then.
	if err := p.until(ctx, "the box takes the update", func() (bool, error) {
		s, err := p.status()
		return err == nil && s.Update != nil && s.Update.Seen == 1, nil
	}); err != nil {
		return err
	}
	p.vm.Kill()
	p.truth.cut()
	if err := p.boot(ctx); err != nil {
		return err
	}
	if err := p.until(ctx, "the update gets well", func() (bool, error) {
		good, back, err := p.progress(token)
		if back > 0 {
			return false, errors.New("the good update was rolled back")
		}
		return good == 1, err
	}); err != nil {
		return err
	}
	slot, err := p.runs(ctx, 1, 0)
	if err != nil {
		return err
	}
	p.say("the box runs update 1 in slot %s, through a power cut while it took it", slot)
	bad := filepath.Join(p.work, "bad")
	text, err := os.ReadFile(p.update)
	if err != nil {
		return err
	}
	const entry = 24 // of ELF with 32 bits: where it begins
	copy(text[entry:entry+4], make([]byte, 4))
	if err := os.WriteFile(bad, text, 0o700); err != nil {
		return err
	}
	if err := p.publish(ctx, "2", p.updateVersion, bad); err != nil {
		return err
	}
	if err := p.until(ctx, "the broken update is rolled back", func() (bool, error) {
		_, back, err := p.progress(token)
		return back == 1, err
	}); err != nil {
		return err
	}
	p.truth.cut()
	if _, err := p.runs(ctx, 1, 2); err != nil {
		return err
	}
	p.say("update 2 died at every start; the box is back at update 1")
	for _, version := range []string{"1", "2"} {
		if _, err := p.centre(ctx, "update", "halt", version, "--why", "the bench goes on", "--data", filepath.Join(p.work, "centre")); err != nil {
			return err
		}
	}
	return nil
}

// runs waits until the box answers, and wants a version in a slot, and another to have
// failed.
func (p *play) runs(ctx context.Context, version, failed uint64) (slot string, err error) {
	err = p.until(ctx, "the agent answers", func() (bool, error) {
		s, err := p.status()
		if err != nil || s.Update == nil {
			return false, nil // busy
		}
		if slot = s.Update.Slot; s.Update.Version != version || s.Update.Failed != failed || slot == "" {
			return false, fmt.Errorf("the status says %+v of updates; want version %d in a slot, and %d failed", *s.Update, version, failed)
		}
		return true, nil
	})
	return slot, err
}
