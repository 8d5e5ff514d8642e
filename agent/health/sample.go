package health

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"

	"iptvdc/agent"
	"iptvdc/protocol"
)

// Sampler reads the machine's own figures. What cannot be read is zero: old
// kernels and small configurations lack some of these files. Safe for
// concurrent use.
type Sampler struct {
	root    string
	clock   agent.Clock
	waiting func() uint64

	mu   sync.Mutex
	last cpuTime // at the sample before
}

// NewSampler reads below root, "/" on a box. Waiting says how many events wait
// for the centre; nil: none.
func NewSampler(root string, clock agent.Clock, waiting func() uint64) *Sampler {
	s := &Sampler{root: root, clock: clock, waiting: waiting}
	s.last = s.cpu()
	return s
}

// Sample returns a health event of now. CPU is what all processors together did
// since the sample before, or since NewSampler.
func (s *Sampler) Sample() protocol.Event {
	s.mu.Lock()
	defer s.mu.Unlock()
	e := protocol.Event{Kind: protocol.Health, MonoMs: s.clock.MonoMs()}
	now := s.cpu()
	e.CPU = now.since(s.last)
	s.last = now
	e.MemoryKB = s.available()
	e.Temperature = s.temperature()
	e.AgentKB, e.AgentMs, e.FlashKB = s.anonymous(), s.ownTime(), s.written()
	if s.waiting != nil {
		e.Waiting = s.waiting()
	}
	return e
}

func (s *Sampler) read(name string) []byte {
	b, err := os.ReadFile(filepath.Join(s.root, name))
	if err != nil {
		return nil // zero then; there is nobody to tell each time
	}
	return b
}

// cpuTime is of all processors since the start, in ticks.
type cpuTime struct{ all, idle uint64 }

// cpu reads the first line of /proc/stat: cpu user nice system idle iowait irq
// softirq steal guest guest_nice. Guests are in user already.
func (s *Sampler) cpu() (t cpuTime) {
	line, _, _ := bytes.Cut(s.read("proc/stat"), []byte("\n"))
	f := strings.Fields(string(line))
	if len(f) < 5 || f[0] != "cpu" {
		return t
	}
	for i, v := range f[1:min(len(f), 9)] {
		n, _ := strconv.ParseUint(v, 10, 64)
		t.all += n
		if i == 3 || i == 4 {
			t.idle += n
		}
	}
	return t
}

// since is the busy share since before, per mille. Counters of processors that
// go offline may go back.
func (t cpuTime) since(before cpuTime) uint32 {
	all, idle := t.all-before.all, t.idle-before.idle
	if t.all <= before.all || t.idle < before.idle || idle > all {
		return 0
	}
	return uint32((all - idle) * 1000 / all)
}

// field returns the number behind a name at the beginning of a line.
func field(file []byte, name string) (uint64, bool) {
	for line := range strings.Lines(string(file)) {
		if rest, ok := strings.CutPrefix(line, name+":"); ok {
			f := strings.Fields(rest)
			if len(f) == 0 {
				return 0, false
			}
			n, err := strconv.ParseUint(f[0], 10, 63)
			if err != nil {
				return 0, false
			}
			return n, true
		}
	}
	return 0, false
}

// maxKB is what the wire takes.
const maxKB = 1 << 32

// available is MemAvailable; kernels before 3.14 do not tell it: free memory and
// what the page cache would give back then.
func (s *Sampler) available() uint64 {
	file := s.read("proc/meminfo")
	if n, ok := field(file, "MemAvailable"); ok {
		return min(n, maxKB)
	}
	free, _ := field(file, "MemFree")
	buffers, _ := field(file, "Buffers")
	cached, _ := field(file, "Cached")
	return min(free+buffers+cached, maxKB)
}

// temperature is that of the hottest zone, in tenths of a degree. Zones tell
// thousandths, those of some makers whole degrees: what is within +-200 is taken
// for these. What no board survives is not believed.
func (s *Sampler) temperature() int32 {
	zones, _ := filepath.Glob(filepath.Join(s.root, "sys/class/thermal/thermal_zone*/temp"))
	hottest := int64(-1001)
	for _, z := range zones {
		rel, err := filepath.Rel(s.root, z)
		if err != nil {
			continue
		}
		n, err := strconv.ParseInt(strings.TrimSpace(string(s.read(rel))), 10, 32)
		if err != nil || n == 0 {
			continue
		}
		if n >= -200 && n <= 200 {
			n *= 1000
		}
		if n /= 100; n >= -500 && n <= 1500 {
			hottest = max(hottest, n)
		}
	}
	if hottest < -1000 {
		return 0
	}
	return int32(hottest)
}

// anonymous is the agent's memory that no file backs. Kernels before 4.5 do not
// tell it: what is resident and not shared then.
func (s *Sampler) anonymous() uint64 {
	if n, ok := field(s.read("proc/self/status"), "RssAnon"); ok {
		return min(n, maxKB)
	}
	f := strings.Fields(string(s.read("proc/self/statm")))
	if len(f) < 3 {
		return 0
	}
	resident, _ := strconv.ParseUint(f[1], 10, 40)
	shared, _ := strconv.ParseUint(f[2], 10, 40)
	return min((resident-min(shared, resident))*uint64(os.Getpagesize())/1024, maxKB)
}

// ticksMs is how long a tick of /proc/self/stat is on every kernel that Go runs
// on.
const ticksMs = 10

// ownTime is the processor time the agent has used, in ms. The program's name
// may hold spaces and brackets: fields are counted behind the last one.
func (s *Sampler) ownTime() uint64 {
	file := s.read("proc/self/stat")
	f := strings.Fields(string(file[bytes.LastIndexByte(file, ')')+1:]))
	if len(f) < 13 {
		return 0
	}
	user, _ := strconv.ParseUint(f[11], 10, 40)
	system, _ := strconv.ParseUint(f[12], 10, 40)
	return min((user+system)*ticksMs, protocol.MaxMonoMs)
}

// written is what the agent has had written to disks, in kB; zero on kernels
// without accounting.
func (s *Sampler) written() uint64 {
	n, _ := field(s.read("proc/self/io"), "write_bytes")
	return min(n/1024, 1<<40)
}
