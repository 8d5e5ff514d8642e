// Command soak lets the agent's ARMv7 build run for long under QEMU's user-mode
// emulator at a steady rate, and tells whether its memory stays flat. It samples
// the process's anonymous memory, the emulator's own included (some tens of
// megabytes that do not grow once all code has been translated), and compares
// the medians of the span's quarters. At the end everything that was posted must
// be acknowledged.
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
	"syscall"
	"time"

	"iptvdc/testbench/procfs"
)

func main() {
	span := flag.Duration("for", time.Hour, "how long")
	rate := flag.Int("rate", 10, "events a second")
	out := flag.String("out", "out/soak.json", "file for the samples")
	flag.Parse()
	if err := soak(*out, *rate, *span); err != nil {
		fmt.Fprintln(os.Stderr, "soak:", err)
		os.Exit(1)
	}
}

// Sample is one look at the agent.
type Sample struct {
	Seconds            float64
	AnonymousMB        float64 // the emulator's included
	ResidentMB         float64
	CPUSeconds         float64 // the emulator's included
	HeapEvents, OnDisk uint64  // events that wait for the centre; bytes of the outbox
}

func soak(out string, rate int, span time.Duration) (err error) {
	work, err := os.MkdirTemp("", "soak-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(work)) }()
	agent, aggregator := filepath.Join(work, "stbagent"), filepath.Join(work, "aggregator")
	build := exec.Command("go", "build", "-trimpath", "-tags", "nethttpomithttp2", "-gcflags=all=-l", "-ldflags", "-s -w", "-o", agent, "iptvdc/agent/cmd/stbagent")
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH=arm", "GOARM=7")
	for _, c := range []*exec.Cmd{build, exec.Command("go", "build", "-o", aggregator, "iptvdc/aggregator/cmd/aggregator")} {
		if text, err := c.CombinedOutput(); err != nil {
			return fmt.Errorf("%v: %w\n%s", c.Args, err, text)
		}
	}
	mqtt, err := freeAddr()
	if err != nil {
		return err
	}
	listen, err := freeAddr()
	if err != nil {
		return err
	}
	centre := exec.Command(aggregator, "serve", "--data", filepath.Join(work, "centre"), "--mqtt-listen", mqtt, "--http-listen", "127.0.0.1:0")
	box := exec.Command("qemu-arm", agent, "run", "--data", filepath.Join(work, "box"), "--broker", "tcp://"+mqtt, "--province", "33",
		"--city", "3301", "--listen", listen, "--first-spread", "1s")
	for _, c := range []*exec.Cmd{centre, box} {
		if err := c.Start(); err != nil {
			return err
		}
		defer func() {
			_ = c.Process.Signal(syscall.SIGTERM) // ended already: Wait tells
			_ = c.Wait()
		}()
	}
	client := &http.Client{Timeout: 10 * time.Second}
	if err := ready(client, listen); err != nil {
		return err
	}
	samples, err := feed(client, listen, box.Process.Pid, rate, span)
	if err != nil {
		return err
	}
	if err := drained(client, listen); err != nil {
		return err
	}
	text, err := json.Marshal(samples)
	if err != nil {
		return err
	}
	tell(os.Stdout, samples, rate)
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

// feed posts events at the rate, and samples every ten seconds, or oftener in a short span.
func feed(client *http.Client, listen string, pid, rate int, span time.Duration) (samples []Sample, err error) {
	beat, look := time.NewTicker(time.Second/time.Duration(rate)), time.NewTicker(min(10*time.Second, span/40))
	defer beat.Stop()
	defer look.Stop()
	began := time.Now()
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
				return nil, err
			}
			text, err := io.ReadAll(r.Body)
			r.Body.Close()
			if err != nil || r.StatusCode >= 300 {
				return nil, fmt.Errorf("event %d: %s %s, %w", i, r.Status, text, err)
			}
		case <-look.C:
			s, err := ask(client, listen)
			if err != nil {
				return nil, err
			}
			one := Sample{Seconds: time.Since(began).Seconds(), HeapEvents: s.Outbox.Events + s.Outbox.Open, OnDisk: s.Bytes}
			if one.AnonymousMB, one.ResidentMB, err = procfs.Memory(pid); err != nil {
				return nil, err
			}
			if one.CPUSeconds, err = procfs.CPUSeconds(pid); err != nil {
				return nil, err
			}
			samples = append(samples, one)
		}
	}
	return samples, nil
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
		part := samples[len(samples)*q/4 : len(samples)*(q+1)/4]
		if len(part) < 2 {
			continue
		}
		median := func(of func(Sample) float64) float64 {
			all := make([]float64, len(part))
			for i := range part {
				all[i] = of(part[i])
			}
			slices.Sort(all)
			return all[len(all)/2]
		}
		first, last := part[0], part[len(part)-1]
		fmt.Fprintf(w, "%7d  %13.2f  %12.2f  %6.2f  %10.0f\n", q+1, median(func(s Sample) float64 { return s.AnonymousMB }),
			median(func(s Sample) float64 { return s.ResidentMB }), 100*(last.CPUSeconds-first.CPUSeconds)/(last.Seconds-first.Seconds),
			median(func(s Sample) float64 { return float64(s.OnDisk) / 1000 }))
	}
}
