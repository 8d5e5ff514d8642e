package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"iptvdc/testbench/armvm"
	"iptvdc/testbench/procfs"
)

const (
	// A silence is a minute before the agent is looked at, and the look.
	settle = time.Minute
	idle   = 30 * time.Second
	door   = 8080 // the machine's port that leads to the agent's loopback address
)

// startScript runs the agent in the machine, and tells the console of it every
// five seconds: a line `sample`, with what stands in files of the kernel's
// between bars, before it now and then lines `mapping`, of each part of memory
// that is anonymous. BusyBox does all of it; the agent is not asked. The program
// lies on the disk, as on a box: what stays in the root stays in memory.
const startScript = `cp /bin/stbagent /data && sync && rm /bin/stbagent && echo 3 >/proc/sys/vm/drop_caches
export %s
/data/stbagent run --data /data/agent --broker tcp://%s:%s --listen 127.0.0.1:7780 --log warn %s &
pid=$!
nc -ll -p %d -e nc 127.0.0.1 7780 &
n=0
while sleep 5 && kill -0 $pid; do
	if [ $((n %% 6)) = 5 ]; then
		awk '/^[0-9a-f]+-/ { range = $1; name = $2 " " $6 } /^Anonymous:/ && $2 > 0 { print "mapping", $2, range, name }' /proc/$pid/smaps
	fi
	n=$((n+1))
	echo sample $(cat /proc/uptime) '|' $(cat /proc/$pid/stat) '|' $(cat /sys/block/vda/stat) '|' $(cat /proc/$pid/smaps_rollup)
done
wait $pid
`

// soakMachine is soak in a machine with a kernel of its own.
func soakMachine(out, cache, env string, rate int, span time.Duration) (err error) {
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
	_, port, err := net.SplitHostPort(mqtt)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	vm, err := armvm.Boot(ctx, armvm.Config{Cache: cache, Data: filepath.Join(work, "disk"), Forward: []int{door},
		Files: []armvm.File{{Path: "/bin/stbagent", From: agent, Perm: 0o755}},
		Start: fmt.Sprintf(startScript, env, armvm.Host, port, strings.Join(agentFlags, " "), door)})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, vm.Close()) }()
	client, listen := &http.Client{Timeout: 10 * time.Second}, vm.Addr(door)
	if err := ready(client, listen); err != nil {
		return err
	}
	l := &listener{parts: map[string][]string{}}
	go l.listen(ctx, vm)
	silence := func(phase string) { // nobody asks the agent anything
		time.Sleep(settle)
		l.enter(phase)
		time.Sleep(idle)
		l.enter("")
	}
	silence("before")
	l.enter("load")
	if err := feed(client, listen, rate, span, &l.posted, l.failed); err != nil {
		return err
	}
	l.enter("")
	if err := drained(client, listen); err != nil {
		return err
	}
	silence("after")
	if err := l.failed(); err != nil {
		return err
	}
	tellMachine(os.Stdout, l.samples, rate)
	tellParts(os.Stdout, l.parts)
	return save(out, l.samples)
}

// listener keeps what the machine's console says of the agent.
type listener struct {
	posted  atomic.Int64
	mu      sync.Mutex
	phase   string // "": what is said is passed over
	samples []Sample
	parts   map[string][]string // the latest mappings by phase
	err     error
}

func (l *listener) enter(phase string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.phase = phase
}

// failed says why there will be no more samples.
func (l *listener) failed() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.err
}

// listen ends with ctx or the machine.
func (l *listener) listen(ctx context.Context, vm *armvm.VM) {
	var parts []string
	for {
		line, err := vm.WaitLine(ctx, "")
		kind, rest, _ := strings.Cut(line, " ")
		var s Sample
		if err == nil && kind == "sample" {
			s, err = parseSample(rest)
		}
		l.mu.Lock()
		switch {
		case err != nil:
			l.err = err
			l.mu.Unlock()
			return
		case kind == "mapping":
			parts = append(parts, rest)
		case kind == "sample":
			if l.phase != "" {
				s.Phase, s.Posted = l.phase, l.posted.Load()
				l.samples = append(l.samples, s)
				if parts != nil {
					l.parts[l.phase] = parts
				}
			}
			parts = nil
		}
		l.mu.Unlock()
	}
}

// parseSample reads a line of startScript's.
func parseSample(text string) (s Sample, err error) {
	part := strings.Split(text, " | ")
	if len(part) != 4 {
		return s, fmt.Errorf("sample %q has %d parts, want 4", text, len(part))
	}
	up, _, _ := strings.Cut(part[0], " ")
	if s.Seconds, err = strconv.ParseFloat(up, 64); err != nil {
		return s, fmt.Errorf("sample %q: %w", text, err)
	}
	if s.CPUSeconds, err = procfs.StatCPUSeconds(part[1]); err != nil {
		return s, fmt.Errorf("sample %q: %w", text, err)
	}
	if s.DiskWrites, s.DiskBytes, err = procfs.Written(part[2]); err != nil {
		return s, fmt.Errorf("sample %q: %w", text, err)
	}
	sizes := procfs.Sizes(part[3])
	s.AnonymousMB, s.ResidentMB, s.PrivateDirtyMB = sizes["Anonymous"], sizes["Rss"], sizes["Private_Dirty"]
	if s.AnonymousMB == 0 || s.ResidentMB == 0 {
		return s, fmt.Errorf("sample %q tells of no memory", text)
	}
	return s, nil
}

// tellMachine prints the medians of the silences and of the load's quarters.
func tellMachine(w io.Writer, samples []Sample, rate int) {
	fmt.Fprintf(w, "ARMv7 in a machine of its own, %d events/s, %d samples\n", rate, len(samples))
	fmt.Fprintln(w, " phase  anonymous, MB  private dirty, MB  resident, MB  CPU, %  flash, B an event  sectors an event  writes an event  (medians; emulated processor)")
	of := func(phase string) (part []Sample) {
		for _, s := range samples {
			if s.Phase == phase {
				part = append(part, s)
			}
		}
		return part
	}
	row := func(name string, part []Sample) {
		if len(part) < 2 {
			return
		}
		first, last := part[0], part[len(part)-1]
		fmt.Fprintf(w, "%6s  %13.2f  %17.2f  %12.2f  %6.2f", name, median(part, func(s Sample) float64 { return s.AnonymousMB }),
			median(part, func(s Sample) float64 { return s.PrivateDirtyMB }), median(part, func(s Sample) float64 { return s.ResidentMB }), cpuPercent(part))
		if events := float64(last.Posted - first.Posted); events > 0 {
			bytes := float64(last.DiskBytes-first.DiskBytes) / events
			fmt.Fprintf(w, "  %17.0f  %16.2f  %15.2f", bytes, bytes/512, float64(last.DiskWrites-first.DiskWrites)/events)
		}
		fmt.Fprintln(w)
	}
	row("before", of("before"))
	load := of("load")
	for q := range 4 {
		row(strconv.Itoa(q+1), quarter(load, q))
	}
	row("after", of("after"))
	if len(load) > 1 {
		first, last := load[0], load[len(load)-1]
		fmt.Fprintf(w, "%d events, %.1f/s; the most anonymous memory seen: %.2f MB\n", last.Posted, float64(last.Posted-first.Posted)/(last.Seconds-first.Seconds),
			slices.MaxFunc(samples, func(a, b Sample) int { return int(1e6 * (a.AnonymousMB - b.AnonymousMB)) }).AnonymousMB)
	}
}

// tellParts prints what the anonymous memory consisted of at the end of each phase.
func tellParts(w io.Writer, parts map[string][]string) {
	for _, phase := range []string{"before", "load", "after"} {
		fmt.Fprintf(w, "anonymous memory, %s: kB of 1,024 bytes, addresses, rights, file\n", phase)
		for _, p := range parts[phase] {
			fmt.Fprintf(w, "  %s  %s\n", p, whatIs(p))
		}
	}
}

// heapArena is what Go's heap grows by on 32 bits, and is aligned to.
const heapArena = 4 << 20

// whatIs guesses what a mapping of a static Go program on 32-bit ARM holds.
func whatIs(mapping string) string {
	f := strings.Fields(mapping)
	if len(f) < 3 {
		return ""
	}
	var from, to uint64
	if _, err := fmt.Sscanf(f[1], "%x-%x", &from, &to); err != nil {
		return ""
	}
	switch {
	case len(f) > 3 && f[3] == "[stack]":
		return "the first thread's stack"
	case len(f) > 3:
		return "the program's variables, as the file sets them"
	case from%heapArena == 0 && to%heapArena == 0:
		return "Go's heap, goroutines' stacks included"
	case from < 64<<20:
		return "the program's variables, zero at first; tables of Go's heap"
	}
	return "mapped: tables of Go's runtime, memory of SQLite"
}
