package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"iptvdc/firmware"
	"iptvdc/firmware/image"
	"iptvdc/testbench/armvm"
)

// newDisk lays an empty data partition into the box, as it left the factory.
func (p *play) newDisk() error {
	text, err := os.ReadFile(p.images["data"])
	if err != nil {
		return err
	}
	p.disk = filepath.Join(p.work, "disk")
	return os.WriteFile(p.disk, text, 0o600)
}

// makeImages makes the board's firmware, which calls the aggregator's port.
func (p *play) makeImages(ctx context.Context) error {
	base := filepath.Join(p.work, "base")
	if err := writeBases(ctx, p.cache, base); err != nil {
		return err
	}
	_, port, err := net.SplitHostPort(p.mqtt)
	if err != nil {
		return err
	}
	_, offers, err := net.SplitHostPort(p.offers)
	if err != nil {
		return err
	}
	conf := filepath.Join(p.work, "agent.conf")
	if err := os.WriteFile(conf, fmt.Appendf(nil, `STBAGENT_BROKER=tcp://%s:%s
STBAGENT_PROVINCE=33
STBAGENT_CITY=3301
STBAGENT_LISTEN=127.0.0.1:7780
STBAGENT_FIRST_SPREAD=1s
STBAGENT_LOSS_SPREAD=1s
STBAGENT_BACKOFF_MIN=200ms
STBAGENT_BACKOFF_MAX=2s
STBAGENT_BATCH_AGE=2s
STBAGENT_LOG=warn
STBAGENT_UPDATE_URL=http://%s:%s
STBAGENT_UPDATE_HOURS=all
STBAGENT_UPDATE_EVERY=5s
STBAGENT_UPDATE_RATE=16777216
`, armvm.Host, port, armvm.Host, offers), 0o600); err != nil {
		return err
	}
	targets, err := firmware.Targets()
	if err != nil {
		return err
	}
	target, err := firmware.Find(targets, "qemu-virt")
	if err != nil {
		return err
	}
	out := filepath.Join(p.work, "images")
	m, err := image.Build(ctx, image.Job{Target: target, AgentFile: p.agent, ConfFile: conf, UpdateKeys: p.keys, Base: filepath.Join(base, "root.tar"),
		RamBase: filepath.Join(base, "ram.tar"), Version: "boot", Epoch: time.Unix(1_700_000_000, 0), Out: out})
	if err != nil {
		return err
	}
	p.images = map[string]string{}
	for _, f := range m.Files {
		if f.Artefact == "" {
			continue // the bill of materials
		}
		p.images[f.Artefact] = filepath.Join(out, f.Path)
		p.say("%-9s %9d bytes", f.Artefact, f.Bytes)
	}
	return p.newDisk()
}

// startCentre starts a real aggregator on loopback ports of its own.
func (p *play) startCentre(ctx context.Context) (stop func() error, token string, err error) {
	for _, addr := range []*string{&p.mqtt, &p.http, &p.offers} {
		if *addr, err = freeAddr(); err != nil {
			return nil, "", err
		}
	}
	data := filepath.Join(p.work, "centre")
	log, err := os.Create(filepath.Join(p.work, "centre.log"))
	if err != nil {
		return nil, "", err
	}
	cmd := exec.Command(p.aggregator, "serve", "--data", data, "--mqtt-listen", p.mqtt, "--http-listen", p.http)
	cmd.Env = append(os.Environ(), "IPTV_UPDATES_LISTEN="+p.offers)
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		return nil, "", errors.Join(fmt.Errorf("%w; build it: make build", err), log.Close())
	}
	stop = func() error {
		err := cmd.Process.Signal(syscall.SIGTERM)
		return errors.Join(err, cmd.Wait(), log.Close())
	}
	err = p.until(ctx, "the aggregator is ready", func() (bool, error) {
		resp, err := http.Get("http://" + p.http + "/readyz")
		if err != nil {
			return false, nil
		}
		resp.Body.Close()
		return resp.StatusCode == http.StatusOK, nil
	})
	var out []byte
	if err == nil {
		out, err = exec.CommandContext(ctx, p.aggregator, "token", "--data", data).Output()
	}
	words := strings.Fields(string(out))
	if err == nil && len(words) == 0 {
		err = errors.New("aggregator token printed nothing")
	}
	if err != nil {
		text, rerr := os.ReadFile(log.Name())
		return nil, "", errors.Join(err, stop(), rerr, errors.New(string(text)))
	}
	p.say("aggregator ready: MQTT %s, HTTP %s", p.mqtt, p.http)
	return stop, words[len(words)-1], nil
}

func freeAddr() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}
