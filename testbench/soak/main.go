// Command soak lets the agent's ARMv7 build run for long at a steady rate, and
// tells whether its memory stays flat: it compares the medians of the span's
// quarters. At the end everything that was posted must be acknowledged.
//
// Without -system the agent runs under QEMU's user-mode emulator, whose own
// memory (some tens of megabytes that do not grow once all code has been
// translated) counts as the agent's. With -system it runs in a machine with a
// kernel of its own, which tells of the agent alone, and is looked at before and
// after as well, a minute into silence.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync/atomic"
	"syscall"
	"time"

	"iptvdc/testbench/procfs"
)

func main() {
	span := flag.Duration("for", time.Hour, "how long")
	rate := flag.Int("rate", 10, "events a second")
	out := flag.String("out", "out/soak.json", "file for the samples")
	system := flag.Bool("system", false, "in a machine with a kernel of its own")
	cache := flag.String("cache", "bin/armvm", "with -system: `folder` for the machine's kernel")
	env := flag.String("env", "", "with -system: the agent's further environment, as GOGC=50")
	flag.Parse()
	run := func() error { return soak(*out, *rate, *span) }
	if *system {
		run = func() error { return soakMachine(*out, *cache, *env, *rate, *span) }
	}
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "soak:", err)
		os.Exit(1)
	}
}

// Sample is one look at the agent.
type Sample struct {
	Phase              string `json:",omitempty"` // of a machine's: before, load, after
	Seconds            float64
	AnonymousMB        float64 // under qemu-arm: the emulator's included
	ResidentMB         float64
	PrivateDirtyMB     float64 `json:",omitempty"`
	CPUSeconds         float64 // under qemu-arm: the emulator's included
	HeapEvents, OnDisk uint64  // events that wait for the centre; bytes of the outbox
	Posted             int64
	DiskWrites         uint64 `json:",omitempty"` // to the machine's data disk, the file system's included
	DiskBytes          uint64 `json:",omitempty"`
}

func soak(out string, rate int, span time.Duration) (err error) {
	work, err := os.MkdirTemp("", "soak-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(work)) }()
	agent, mqtt, stop, err := prepare(work)
	if err != nil {
		return err
	}
	defer stop()
	listen, err := freeAddr()
	if err != nil {
		return err
	}
	box := exec.Command("qemu-arm", append([]string{agent, "run", "--data", filepath.Join(work, "box"), "--broker", "tcp://" + mqtt, "--listen", listen}, agentFlags...)...)
	if err := box.Start(); err != nil {
		return err
	}
	defer end(box)
	client := &http.Client{Timeout: 10 * time.Second}
	if err := ready(client, listen); err != nil {
		return err
	}
	var samples []Sample
	var posted atomic.Int64
	began := time.Now()
	look := func() error {
		s, err := ask(client, listen)
		if err != nil {
			return err
		}
		one := Sample{Seconds: time.Since(began).Seconds(), HeapEvents: s.Outbox.Events + s.Outbox.Open, OnDisk: s.Bytes, Posted: posted.Load()}
		if one.AnonymousMB, one.ResidentMB, err = procfs.Memory(box.Process.Pid); err != nil {
			return err
		}
		if one.CPUSeconds, err = procfs.CPUSeconds(box.Process.Pid); err != nil {
			return err
		}
		samples = append(samples, one)
		return nil
	}
	if err := feed(client, listen, rate, span, &posted, look); err != nil {
		return err
	}
	if err := drained(client, listen); err != nil {
		return err
	}
	tell(os.Stdout, samples, rate)
	return save(out, samples)
}

// agentFlags are those of an agent in any soak.
var agentFlags = []string{"--province", "33", "--city", "3301", "--first-spread", "1s"}

// prepare builds agent and aggregator below work, and starts the aggregator,
// which stop ends.
func prepare(work string) (agent, mqtt string, stop func(), err error) {
	agent = filepath.Join(work, "stbagent")
	aggregator := filepath.Join(work, "aggregator")
	build := exec.Command("go", "build", "-trimpath", "-tags", "nethttpomithttp2", "-gcflags=all=-l", "-ldflags", "-s -w", "-o", agent, "iptvdc/agent/cmd/stbagent")
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH=arm", "GOARM=7")
	for _, c := range []*exec.Cmd{build, exec.Command("go", "build", "-o", aggregator, "iptvdc/aggregator/cmd/aggregator")} {
		if text, err := c.CombinedOutput(); err != nil {
			return "", "", nil, fmt.Errorf("%v: %w\n%s", c.Args, err, text)
		}
	}
	if mqtt, err = freeAddr(); err != nil {
		return "", "", nil, err
	}
	centre := exec.Command(aggregator, "serve", "--data", filepath.Join(work, "centre"), "--mqtt-listen", mqtt, "--http-listen", "127.0.0.1:0")
	if err := centre.Start(); err != nil {
		return "", "", nil, err
	}
	return agent, mqtt, func() { end(centre) }, nil
}

// end stops a program in good order.
func end(c *exec.Cmd) {
	_ = c.Process.Signal(syscall.SIGTERM) // ended already: Wait tells
	_ = c.Wait()
}

func save(out string, samples []Sample) error {
	text, err := json.Marshal(samples)
	if err != nil {
		return err
	}
	return errors.Join(os.MkdirAll(filepath.Dir(out), 0o755), os.WriteFile(out, append(text, '\n'), 0o644))
}

// status is what is read of GET /v1/status.
type status struct {
	Outbox struct{ Events, Open, Evicted uint64 } `json:"outbox"`
	Bytes  uint64                                 `json:"disk_bytes"`
}

func ask(client *http.Client, listen string) (s status, err error) {
	r, err := client.Get("http://" + listen + "/v1/status")
	if err != nil {
		return s, err
	}
	defer r.Body.Close()
	return s, json.NewDecoder(r.Body).Decode(&s)
}

func ready(client *http.Client, listen string) (err error) {
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(200 * time.Millisecond) {
		if _, err = ask(client, listen); err == nil {
			return nil
		}
	}
	return fmt.Errorf("the agent does not answer: %w", err)
}

// feed posts events at the rate, counts them, and looks every ten seconds, or
// oftener in a short span. What was late for a slow answer is made up for.
func feed(client *http.Client, listen string, rate int, span time.Duration, posted *atomic.Int64, look func() error) error {
	looks := time.NewTicker(min(10*time.Second, span/40))
	defer looks.Stop()
	began := time.Now()
	due := func(i int) time.Duration {
		return time.Until(began.Add(time.Duration(i) * time.Second / time.Duration(rate)))
	}
	beat := time.NewTimer(0)
	defer beat.Stop()
	for i := 0; time.Since(began) < span; {
		select {
		case <-beat.C:
			body := fmt.Sprintf(`{"kind":"click","page":"epg/home/%d","area":"banner","slot":%d,"content":"content-%07d"}`, i%17, i%40+1, i*7919%100000)
			if i%50 == 49 {
				body = fmt.Sprintf(`{"kind":"order","order_id":"o%d","product":"p","result":"paid","fen":1990}`, i)
			}
			i++
			r, err := client.Post("http://"+listen+"/v1/events", "application/json", bytes.NewReader([]byte(body)))
			if err != nil {
				return err
			}
			text, err := io.ReadAll(r.Body)
			r.Body.Close()
			if err != nil || r.StatusCode >= 300 {
				return fmt.Errorf("event %d: %s %s, %w", i, r.Status, text, err)
			}
			posted.Add(1)
			beat.Reset(due(i))
		case <-looks.C:
			if err := look(); err != nil {
				return err
			}
		}
	}
	return nil
}

func drained(client *http.Client, listen string) error {
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(200 * time.Millisecond) {
		s, err := ask(client, listen)
		if err == nil && s.Outbox.Events+s.Outbox.Open == 0 {
			if s.Outbox.Evicted > 0 {
				return fmt.Errorf("%d events were evicted", s.Outbox.Evicted)
			}
			return nil
		}
	}
	return errors.New("not everything was acknowledged within a minute")
}

func freeAddr() (string, error) {
	l, err := new(net.ListenConfig).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}

// tell prints the medians of the span's quarters.
func tell(w io.Writer, samples []Sample, rate int) {
	fmt.Fprintf(w, "ARMv7 under qemu-arm, %d events/s, %d samples\n", rate, len(samples))
	fmt.Fprintln(w, "quarter  anonymous, MB  resident, MB  CPU, %  outbox, kB  (medians; the emulator's memory and time included)")
	for q := range 4 {
		part := quarter(samples, q)
		if len(part) < 2 {
			continue
		}
		fmt.Fprintf(w, "%7d  %13.2f  %12.2f  %6.2f  %10.0f\n", q+1, median(part, func(s Sample) float64 { return s.AnonymousMB }),
			median(part, func(s Sample) float64 { return s.ResidentMB }), cpuPercent(part),
			median(part, func(s Sample) float64 { return float64(s.OnDisk) / 1000 }))
	}
}

// quarter is the q-th, from 0.
func quarter(samples []Sample, q int) []Sample {
	return samples[len(samples)*q/4 : len(samples)*(q+1)/4]
}

func median(samples []Sample, of func(Sample) float64) float64 {
	all := make([]float64, len(samples))
	for i := range samples {
		all[i] = of(samples[i])
	}
	slices.Sort(all)
	return all[len(all)/2]
}

func cpuPercent(samples []Sample) float64 {
	first, last := samples[0], samples[len(samples)-1]
	return 100 * (last.CPUSeconds - first.CPUSeconds) / (last.Seconds - first.Seconds)
}
