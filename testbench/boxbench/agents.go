package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"iptvdc/protocol"
)

// subject is an agent that runs.
type subject struct {
	cmd *exec.Cmd
	// feed hands over one event, in JSON.
	feed func(event []byte) error
	said *bytes.Buffer
}

// kind is an agent that can be run.
type kind struct {
	name, keeps string
	ours        bool
	program     func(b *built) string
	start       func(b *built, dir, broker string) (*subject, error)
}

// built is where the programs are.
type built struct{ agent, aggregator, peer, mosquittoPub, mosquitto string }

func kinds() []kind {
	all := []kind{
		{name: "stbagent", keeps: "until the centre has it on disk", ours: true, program: func(b *built) string { return b.agent }, start: ours},
		{name: "mosquitto_pub", keeps: "nothing", program: func(b *built) string { return b.mosquittoPub }, start: mosquittoPub},
	}
	for _, peer := range []struct{ way, keeps string }{
		{"filestore", "files, never synced"}, {"wal", "SQLite, WAL, an event a commit"}, {"rollback", "SQLite, rollback journal, an event a commit"},
	} {
		all = append(all, kind{name: "paho, " + peer.way, keeps: peer.keeps + ", until the PUBACK", program: func(b *built) string { return b.peer },
			start: func(b *built, dir, broker string) (*subject, error) {
				return piped(exec.Command(b.peer, "-way", peer.way, "-data", dir, "-broker", "tcp://"+broker))
			}})
	}
	return all
}

// piped starts a program that takes events as lines.
func piped(cmd *exec.Cmd) (*subject, error) {
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	s := &subject{cmd: cmd, said: new(bytes.Buffer)}
	cmd.Stdout, cmd.Stderr = s.said, s.said
	s.feed = func(event []byte) error {
		_, err := in.Write(append(event, '\n'))
		return err
	}
	return s, cmd.Start()
}

func mosquittoPub(b *built, _, broker string) (*subject, error) {
	host, port, err := net.SplitHostPort(broker)
	if err != nil {
		return nil, err
	}
	return piped(exec.Command(b.mosquittoPub, "-h", host, "-p", port, "-q", "1", "-i", "0123456789abcdef", "-t", "box/0123456789abcdef/event", "-l"))
}

// ours posts to the agent's endpoint, as a page or the middleware does.
func ours(b *built, dir, broker string) (*subject, error) {
	listen, err := freeAddr()
	if err != nil {
		return nil, err
	}
	s := &subject{said: new(bytes.Buffer)}
	s.cmd = exec.Command(b.agent, "run", "--data", dir, "--broker", "tcp://"+broker, "--province", "33", "--city", "3301",
		"--listen", listen, "--first-spread", "1ms")
	s.cmd.Stdout, s.cmd.Stderr = s.said, s.said
	client := &http.Client{Timeout: 10 * time.Second}
	s.feed = func(event []byte) error {
		r, err := client.Post("http://"+listen+"/v1/events", "application/json", bytes.NewReader(event))
		if err != nil {
			return err
		}
		defer r.Body.Close()
		text, err := io.ReadAll(r.Body)
		if err == nil && r.StatusCode >= 300 {
			err = fmt.Errorf("%s: %s", r.Status, text)
		}
		return err
	}
	return s, s.cmd.Start()
}

// end stops an agent in order and waits for it.
func (s *subject) end() error {
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	_ = s.cmd.Wait() // its status is the signal
	return nil
}

func freeAddr() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}

// centre is where events go: an aggregator for ours, mosquitto for the others.
func (b *built) centre(ours bool, work string) (addr string, stop func(), err error) {
	if addr, err = freeAddr(); err != nil {
		return "", nil, err
	}
	var cmd *exec.Cmd
	if ours {
		cmd = exec.Command(b.aggregator, "serve", "--data", filepath.Join(work, "centre"), "--http-listen", "127.0.0.1:0", "--mqtt-listen", addr)
	} else {
		_, port, _ := strings.Cut(addr, ":")
		conf := filepath.Join(work, "mosquitto.conf")
		text := fmt.Sprintf("listener %s 127.0.0.1\nallow_anonymous true\npersistence false\n", port)
		if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
			return "", nil, err
		}
		cmd = exec.Command(b.mosquitto, "-c", conf)
	}
	if err := cmd.Start(); err != nil {
		return "", nil, err
	}
	stop = func() {
		_ = cmd.Process.Kill() // nothing of it is needed any more
		_ = cmd.Wait()
	}
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	for ctx.Err() == nil {
		if c, err := net.Dial("tcp", addr); err == nil {
			c.Close()
			return addr, stop, nil
		}
		time.Sleep(50 * time.Millisecond)
	}
	stop()
	return "", nil, fmt.Errorf("%s does not listen", cmd.Path)
}

// event is number i of what a household clicks, watches and orders.
func event(i int) []byte {
	e := protocol.Event{Kind: protocol.Click, Page: fmt.Sprintf("epg/home/%d", i%17), Area: "banner", Slot: uint32(i%40 + 1),
		Content: fmt.Sprintf("content-%07d", (i*7919)%100000), Template: "v3.2", Trace: uint32(i + 1)}
	text := protocol.AppendJSON(nil, &e)
	for _, set := range []string{`"boot":0,`, `"mono_ms":0,`, `"source":"agent",`} { // the agent sets them
		text = bytes.Replace(text, []byte(set), nil, 1)
	}
	return text
}
