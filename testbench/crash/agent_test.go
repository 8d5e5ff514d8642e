package crash

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"iptvdc/agent/daemon"
	"iptvdc/aggregator/broker"
	"iptvdc/aggregator/intake"
	"iptvdc/aggregator/ledger"
	"iptvdc/protocol"
	"iptvdc/testbench/crashfs"
)

var agentCutsFlag = flag.Int("agentcuts", 12, "random power cuts of a whole agent")

// settledAfter is how long after its answer an accepted event must be on flash,
// the commit window of 250 ms and some room for a busy machine.
const settledAfter = 1500 * time.Millisecond

// betweenEvents is the pause between two events of a caller.
const betweenEvents = 2 * time.Millisecond

// flashLife is a box's flash from one power cut to the next, and what callers
// were told of it.
type flashLife struct {
	t        *testing.T
	rnd      *rand.Rand
	broker   string
	img      crashfs.Image
	next     int // id of the next event
	stored   map[int]bool
	accepted map[int]bool // long enough before the cut to be on flash
	cuts     int
	refused  int // lives in which the disk refused something
	damaged  int // bytes of the outbox that were spoilt
	slowest  time.Duration
	firsts   []int    // the first event of each life
	story    []string // what became of each life's flash
}

// lifeOf is the life in which an event was reported.
func (f *flashLife) lifeOf(id int) int {
	at, _ := slices.BinarySearch(f.firsts, id+1)
	return at - 1
}

// TestAgentCuts lets the power of a whole agent fail at random moments: the
// process is killed, and its disk holds what one of the models leaves of what
// was not synced. Between, the disk is full, read-only or failing for a while, a
// byte of the database is spoilt, and the time of day jumps between decades.
// Nobody lends the agent a hand. What was answered as stored arrives once, or,
// where a byte was spoilt, is counted as lost; nothing arrives twice.
func TestAgentCuts(t *testing.T) {
	if testing.Short() {
		t.Skip("runs a whole agent many times")
	}
	l := ledger.NewMemory()
	in := intake.New(l, intake.Config{RetryBusy: time.Second})
	b, err := broker.New(broker.Config{Listen: "127.0.0.1:0"}, in)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(b.Close(), in.Close(), l.Close()); err != nil {
			t.Error(err)
		}
	})
	f := &flashLife{t: t, rnd: rand.New(rand.NewPCG(*seedFlag, 11)), broker: "tcp://" + b.Addr(), img: crashfs.Image{},
		next: 1, stored: map[int]bool{}, accepted: map[int]bool{}}
	for f.cuts < *agentCutsFlag {
		err := f.live(false)
		if errors.Is(err, crashfs.ErrCannot) {
			t.Skipf("%v", err)
		}
		if err != nil {
			t.Fatalf("life %d: %v", f.cuts, err)
		}
		f.cuts++
		if f.rnd.IntN(20) == 0 {
			f.spoil()
		}
	}
	if err := f.live(true); err != nil {
		t.Fatalf("the last life: %v", err)
	}
	f.judge(l)
}

// live lets the agent run on the flash until the power fails or, if last is set,
// until it has told everything.
func (f *flashLife) live(last bool) (err error) {
	work, err := scratch()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(work)) }()
	mount, backing := filepath.Join(work, "mount"), filepath.Join(work, "backing")
	if err := errors.Join(os.Mkdir(mount, 0o700), os.Mkdir(backing, 0o700)); err != nil {
		return err
	}
	fs, err := crashfs.Mount(mount, backing)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, fs.Unmount()) }()
	if err := layOut(f.img, mount); err != nil {
		return err
	}
	began := time.Now()
	a, err := f.start(mount)
	if err != nil {
		return err
	}
	f.slowest = max(f.slowest, time.Since(began))
	if last {
		err := a.drain()
		return errors.Join(err, a.stop(syscall.SIGTERM))
	}
	f.firsts = append(f.firsts, f.next)
	var failing bool
	if f.rnd.IntN(4) == 0 {
		failing = true
		fs.Hook(f.refuse())
		defer fs.Hook(nil)
		f.refused++
	}
	told := f.post(a, time.Duration(20+f.rnd.IntN(200))*time.Millisecond)
	if f.rnd.IntN(5) == 0 && !failing {
		time.Sleep(settledAfter) // what was accepted is on flash by now: a test of time itself
	}
	cutAt := time.Now()
	if err := a.stop(syscall.SIGKILL); err != nil {
		return err
	}
	for id, at := range told {
		if !failing && cutAt.Sub(at) >= settledAfter {
			f.accepted[id] = true
		}
	}
	state := crashfs.NewState(f.rnd.IntN(2) == 0)
	changes := fs.Journal().Changes()
	for i := range changes {
		state.Apply(&changes[i])
	}
	model := crashfs.Models[f.rnd.IntN(len(crashfs.Models))]
	f.img = state.Image(model, f.rnd).Clone()
	f.story = append(f.story, fmt.Sprintf("life %d from event %d: %v, failing disk %v", f.cuts, f.firsts[f.cuts], model, failing))
	for path := range f.img {
		if strings.HasSuffix(path, ".sock") || filepath.Base(path) == "socket" {
			delete(f.img, path) // of a process that is gone
		}
	}
	return nil
}

// layOut writes an image through the mount, synced: it is what the disk holds.
func layOut(img crashfs.Image, dir string) error {
	if err := img.WriteTo(dir); err != nil {
		return err
	}
	paths := []string{"."}
	for path := range img {
		paths = append(paths, path)
	}
	for _, path := range paths {
		f, err := os.Open(filepath.Join(dir, filepath.FromSlash(path)))
		if err != nil {
			return err
		}
		if err := errors.Join(f.Sync(), f.Close()); err != nil {
			return err
		}
	}
	return nil
}

// refuse has the disk fail for a while from some change on.
func (f *flashLife) refuse() func(crashfs.Change) syscall.Errno {
	r := refusals[f.rnd.IntN(len(refusals))]
	from, times := f.rnd.IntN(20), r.times+f.rnd.IntN(4)
	met := 0
	return func(c crashfs.Change) syscall.Errno { // one change at a time
		if !r.hits(c.Kind) {
			return 0
		}
		if met++; met > from && met <= from+times {
			return r.errno
		}
		return 0
	}
}

// spoil turns a bit of the database.
func (f *flashLife) spoil() {
	for path, data := range f.img {
		if filepath.Base(path) == "outbox.db" && len(data) > 0 {
			data = slices.Clone(data)
			data[f.rnd.IntN(len(data))] ^= 1 << f.rnd.IntN(8)
			f.img[path] = data
			f.damaged++
			f.story = append(f.story, "a bit is turned")
			return
		}
	}
}

// agentProcess is an agent that runs.
type agentProcess struct {
	cmd  *exec.Cmd
	url  string
	said bytes.Buffer
	http http.Client
}

func (f *flashLife) start(mount string) (*agentProcess, error) {
	a := &agentProcess{cmd: exec.Command("/proc/self/exe"), http: http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{}}}
	a.cmd.Env = append(os.Environ(), agentChild+"="+filepath.Join(mount, "box"), agentBroker+"="+f.broker, agentBoot+"="+strconv.Itoa(f.cuts))
	a.cmd.Stderr = &a.said
	out, err := a.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := a.cmd.Start(); err != nil {
		return nil, err
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	addr, ok := strings.CutPrefix(strings.TrimSpace(line), "listen ")
	if !ok {
		return nil, fmt.Errorf("the agent does not start: %q, %w\n%s", line, errors.Join(err, a.stop(syscall.SIGKILL)), &a.said)
	}
	a.url = "http://" + addr
	return a, nil
}

func (a *agentProcess) stop(how syscall.Signal) error {
	a.http.CloseIdleConnections()
	if err := a.cmd.Process.Signal(how); err != nil {
		return fmt.Errorf("the agent ended by itself: %w\n%s", err, &a.said)
	}
	err := a.cmd.Wait()
	var exit *exec.ExitError
	if how == syscall.SIGKILL && errors.As(err, &exit) && exit.Sys().(syscall.WaitStatus).Signal() == syscall.SIGKILL {
		return nil
	}
	if how == syscall.SIGTERM && err == nil {
		return nil
	}
	return fmt.Errorf("the agent ended with %w\n%s", err, &a.said)
}

// post reports events for so long, and returns which were accepted when.
func (f *flashLife) post(a *agentProcess, span time.Duration) map[int]time.Time {
	told := map[int]time.Time{}
	beat := time.NewTicker(betweenEvents) // so that what is not sent yet does not grow from life to life
	defer beat.Stop()
	for end := time.Now().Add(span); time.Now().Before(end); <-beat.C {
		id, body, wait := f.next, "", ""
		f.next++
		if f.rnd.IntN(7) == 0 {
			body = fmt.Sprintf(`{"kind":"order","order_id":"e%d","product":"p","result":"paid"}`, id)
		} else {
			body = fmt.Sprintf(`{"kind":"click","page":"e%d"}`, id)
			if f.rnd.IntN(5) == 0 {
				wait = "?wait=stored"
			}
		}
		r, err := a.http.Post(a.url+"/v1/events"+wait, "application/json", strings.NewReader(body))
		if err != nil {
			f.t.Errorf("event %d: %v", id, err)
			return told
		}
		text, err := io.ReadAll(r.Body)
		r.Body.Close()
		switch {
		case err != nil:
			f.t.Errorf("event %d: %v", id, err)
		case r.StatusCode == http.StatusOK:
			f.stored[id] = true
		case r.StatusCode == http.StatusAccepted:
			told[id] = time.Now()
		case r.StatusCode != http.StatusServiceUnavailable: // memory is full, and it says so
			f.t.Errorf("event %d: %s %s", id, r.Status, text)
		}
	}
	return told
}

// drain waits until the agent holds nothing any more.
func (a *agentProcess) drain() error {
	ctx, cancel := context.WithTimeout(context.Background(), 5*patience)
	defer cancel()
	var s daemon.Status
	for every := time.NewTicker(50 * time.Millisecond); ; {
		now, err := a.status(ctx)
		if err == nil {
			s = now
		}
		if err == nil && s.Outbox.Events == 0 && s.Outbox.Open == 0 && s.Recorder != nil && s.Recorder.Pending == 0 && s.Outbox.Lost == 0 {
			every.Stop()
			return nil
		}
		select {
		case <-every.C:
		case <-ctx.Done():
			text, _ := json.Marshal(s) // for a person to read
			return fmt.Errorf("the agent does not drain: %w, %s\n%s", errors.Join(err, ctx.Err()), text, &a.said)
		}
	}
}

func (a *agentProcess) status(ctx context.Context) (s daemon.Status, err error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, a.url+"/v1/status", nil)
	if err != nil {
		return s, err
	}
	answer, err := a.http.Do(r)
	if err != nil {
		return s, err
	}
	defer answer.Body.Close()
	return s, json.NewDecoder(answer.Body).Decode(&s)
}

// judge compares what arrived with what was promised.
func (f *flashLife) judge(l *ledger.Memory) {
	t := f.t
	times, where := map[int]int{}, map[int][]string{}
	var reported uint64
	c := &centre{l: l}
	for {
		block, err := l.Bind(t.Context(), 10_000)
		if errors.Is(err, ledger.ErrNoWork) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		for i := range block.Batches {
			events, err := c.dec.Events(&block.Batches[i].Batch.Sealed)
			if err != nil {
				t.Fatalf("batch %d: %v", block.Batches[i].Batch.No, err)
			}
			for j := range events {
				e := &events[j]
				switch e.Kind {
				case protocol.OutboxLost:
					reported += e.Count
				case protocol.Click, protocol.Order:
					id, err := strconv.Atoi(strings.TrimPrefix(e.Page+e.OrderID, "e"))
					if err != nil {
						t.Fatalf("%+v arrived, and was never reported", e)
					}
					times[id]++
					b := &block.Batches[i].Batch
					where[id] = append(where[id], fmt.Sprintf("epoch %x batch %d uid %x flags %d boot %d", b.Epoch>>48, b.No, b.UID[:4], b.Flags, b.Boot))
				}
			}
		}
		if err := l.Loaded(t.Context(), block.ID, nil); err != nil {
			t.Fatal(err)
		}
	}
	gaps, err := l.Gaps(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, g := range gaps {
		reported += g.Lost
	}
	doubled, missing := 0, 0
	var lost []string
	for id, n := range times {
		if n > 1 || id >= f.next {
			t.Errorf("event %d, of life %d, arrived %d times: %s", id, f.lifeOf(id), n, strings.Join(where[id], "; "))
			doubled++
		}
	}
	for _, promised := range []map[int]bool{f.stored, f.accepted} {
		for id := range promised {
			if times[id] == 0 {
				missing++
				lost = append(lost, fmt.Sprintf("%d of life %d", id, f.lifeOf(id)))
			}
		}
	}
	// One spoilt byte harms at most a page: two batches [D6].
	if missing > 2*batchEvents*f.damaged {
		t.Errorf("%d events that were promised did not arrive, %d bytes were spoilt", missing, f.damaged)
	}
	if uint64(missing) > reported {
		t.Errorf("%d events are missing, the centre was told of %d: %v", missing, reported, lost)
	}
	if f.refused == 0 && f.cuts >= 100 {
		t.Error("the disk refused nothing: nothing was shown of that")
	}
	if t.Failed() {
		t.Logf("lives:\n%s", strings.Join(f.story, "\n"))
	}
	t.Logf("%d power cuts, %d lives with a failing disk, %d bytes spoilt; %d events reported, %d promised as stored, %d as settled; %d arrived, %d doubled, %d missing, %d told as lost; the agent answers at the latest after %v",
		f.cuts, f.refused, f.damaged, f.next-1, len(f.stored), len(f.accepted), len(times), doubled, missing, reported, f.slowest.Round(time.Millisecond))
}
