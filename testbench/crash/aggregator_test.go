package crash

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"

	"iptvdc/aggregator"
	"iptvdc/aggregator/closing"
	"iptvdc/aggregator/ledger"
	"iptvdc/aggregator/ledger/sqlite"
	"iptvdc/aggregator/loader"
	"iptvdc/aggregator/store"
	"iptvdc/aggregator/store/duckdb"
	"iptvdc/protocol"
	"iptvdc/testbench/crashfs"
)

var pointsFlag = flag.Int("points", 16, "moments of the aggregator's life at which it is killed or the power goes")

const (
	senders     = 3
	batchesEach = 40
	perBatch    = 15
	// patience bounds every wait; it is never used up when the test passes.
	patience = time.Minute
	// pace is how fast a box has something to say, so that the loader and the
	// closing work beside the commits.
	pace = 30 * time.Millisecond
)

// sender is a box, with all that it will ever say.
type sender struct {
	id      string
	batches []protocol.Sealed
	acked   int
}

// newSender's events have the numbers 1, 2, 3 ... as their time.
func newSender(n int) (*sender, error) {
	var enc protocol.Encoder
	s := &sender{id: fmt.Sprintf("box%013d", n)}
	var prev protocol.Chain
	for no := range uint64(batchesEach) {
		events := make([]protocol.Event, perBatch)
		for i := range events {
			events[i] = eventOf(uint32(no)*perBatch + uint32(i) + 1)
		}
		b := protocol.Sealed{Epoch: uint64(n) + 1, No: no + 1, First: no*perBatch + 1, N: perBatch, Prev: prev,
			UID: protocol.UID{0: byte(n), 1: byte(no), 2: 1}}
		var err error
		if b.Codec, b.Body, err = enc.Body(events); err != nil {
			return nil, err
		}
		b.Body = slices.Clone(b.Body) // the encoder's until its next call
		prev = b.Chain()
		s.batches = append(s.batches, b)
	}
	return s, nil
}

func (s *sender) envelope(no uint64) *protocol.Envelope {
	return &protocol.Envelope{Floor: no, Boot: 1, UpMs: 3_600_000, WallMs: uint64(time.Now().UnixMilli())}
}

// say connects and sends until all is acknowledged or the line breaks; heard is
// called for each ack.
func (s *sender) say(address string, until int, heard func(through int)) error {
	lost, acks := make(chan error, 1), make(chan protocol.Ack, 16)
	c := mqtt.NewClient(mqtt.NewClientOptions().AddBroker(address).SetClientID(protocol.ClientID(s.id, s.batches[0].Epoch)).
		SetUsername(s.id).SetProtocolVersion(4).SetAutoReconnect(false).SetConnectRetry(false).SetConnectTimeout(patience).
		SetBinaryWill(protocol.WillTopic(province, s.id), []byte("gone"), 1, false).
		SetConnectionLostHandler(func(_ mqtt.Client, err error) { lost <- err }))
	if t := c.Connect(); !t.WaitTimeout(patience) || t.Error() != nil {
		return fmt.Errorf("connect: %w", t.Error())
	}
	defer c.Disconnect(0)
	var dec protocol.Decoder
	if t := c.Subscribe(protocol.AckTopic(province, s.id), 0, func(_ mqtt.Client, m mqtt.Message) {
		if a, err := dec.Ack(m.Payload()); err == nil {
			acks <- a
		}
	}); !t.WaitTimeout(patience) || t.Error() != nil {
		return fmt.Errorf("subscribe: %w", t.Error())
	}
	beat := time.NewTicker(pace)
	defer beat.Stop()
	for s.acked < until {
		b := &s.batches[s.acked]
		c.Publish(protocol.UpTopic(province, s.id), 1, false, protocol.AppendBatch(nil, b, s.envelope(b.No)))
		select {
		case a := <-acks:
			if !a.Code.Moves() {
				return fmt.Errorf("the aggregator answers %v", a.Code)
			}
			if a.Through > uint64(s.acked) {
				s.acked = int(a.Through)
				heard(s.acked)
			}
		case err := <-lost:
			return fmt.Errorf("the line broke: %w", err)
		case <-time.After(patience):
			return errors.New("no ack")
		}
		<-beat.C
	}
	return nil
}

// heard is what boxes were told: batches acknowledged, by sender.
type heard [senders]int

// service is a real aggregator that runs on a folder.
type service struct {
	cmd   *exec.Cmd
	boxes string // its broker
	ended chan error
}

func serve(program, data string) (*service, error) {
	s := &service{cmd: exec.Command(program, "serve", "--data", data, "--http-listen", "127.0.0.1:0", "--mqtt-listen", "127.0.0.1:0"), ended: make(chan error, 1)}
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	trouble := new(strings.Builder)
	s.cmd.Stderr = trouble
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	told := make(chan string, 1)
	go func() {
		for lines := bufio.NewScanner(out); lines.Scan(); {
			if f := strings.Fields(lines.Text()); len(f) == 2 && f[0] == "Boxes" {
				told <- f[1]
			}
		}
		s.ended <- s.cmd.Wait()
	}()
	select {
	case s.boxes = <-told:
		return s, nil
	case err := <-s.ended:
		return nil, fmt.Errorf("the aggregator does not start: %w\n%s", err, trouble)
	case <-time.After(patience):
		s.end(syscall.SIGKILL)
		return nil, fmt.Errorf("the aggregator does not say where boxes connect\n%s", trouble)
	}
}

func (s *service) end(how syscall.Signal) error {
	if err := s.cmd.Process.Signal(how); err != nil {
		return err
	}
	return <-s.ended
}

// lifeOfAggregator runs the real program on a recording file system: boxes
// report, it is killed, started again, and ended in good order.
func lifeOfAggregator(program string, boxes []*sender) (changes []crashfs.Change, err error) {
	work, err := scratch()
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(work)) }()
	mount, backing := filepath.Join(work, "mount"), filepath.Join(work, "backing")
	if err := errors.Join(os.Mkdir(mount, 0o700), os.Mkdir(backing, 0o700)); err != nil {
		return nil, err
	}
	fs, err := crashfs.Mount(mount, backing)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, fs.Unmount()) }()
	for _, part := range []struct {
		until int
		end   syscall.Signal
	}{{batchesEach / 2, syscall.SIGKILL}, {batchesEach, syscall.SIGTERM}} {
		s, err := serve(program, mount)
		if err != nil {
			return nil, err
		}
		if err := sayAll(s.boxes, boxes, part.until, fs.Journal()); err != nil {
			return nil, errors.Join(err, s.end(syscall.SIGKILL))
		}
		if err := s.end(part.end); err != nil && part.end == syscall.SIGTERM {
			return nil, fmt.Errorf("the aggregator ended badly: %w", err)
		}
	}
	return fs.Journal().Changes(), nil
}

func sayAll(address string, boxes []*sender, until int, j *crashfs.Journal) error {
	var mu sync.Mutex
	var now heard
	for i, b := range boxes {
		now[i] = b.acked
	}
	failed := make(chan error, len(boxes))
	for i, b := range boxes {
		go func() {
			failed <- b.say(address, until, func(through int) {
				mu.Lock()
				defer mu.Unlock()
				now[i] = through
				j.Note(now)
			})
		}()
	}
	var err error
	for range boxes {
		err = errors.Join(err, <-failed)
	}
	return err
}

// point is a moment of the aggregator's life, and what its disk holds then.
type point struct {
	img    crashfs.Image
	told   heard
	change int
	model  crashfs.Model
}

// points takes n moments, spread evenly over the changes. At each the process is
// killed, and at every other one the power goes too, in one of the models. visit
// may keep the image.
func points(changes []crashfs.Change, n int, visit func(point)) {
	writes := 0
	for i := range changes {
		if changes[i].Kind != crashfs.Note {
			writes++
		}
	}
	rnd := rand.New(rand.NewPCG(*seedFlag, 3))
	cuts := []crashfs.Model{crashfs.Lost, crashfs.Torn, crashfs.Mixed}
	var told heard
	at, taken := 0, 0
	crashfs.Walk(changes, false, func(c *crashfs.Change, s *crashfs.State) bool {
		if c.Kind == crashfs.Note {
			told = c.Note.(heard)
			return true
		}
		at++
		for ; taken < n && taken*writes < at*n; taken++ {
			visit(point{s.Image(crashfs.Kept, rnd).Clone(), told, at, crashfs.Kept})
			if taken%2 == 1 {
				m := cuts[taken/2%len(cuts)]
				visit(point{s.Image(m, rnd).Clone(), told, at, m})
			}
		}
		return true
	})
}

// check opens what was left, lets the boxes repeat what they had no ack for,
// loads it all, and looks for every event.
func (p *point) check(boxes []*sender) (err error) {
	dir, err := scratch()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	if err := p.img.WriteTo(dir); err != nil {
		return err
	}
	secrets := aggregator.NewSecrets()
	if text, ok := p.img["secrets.json"]; ok {
		if secrets, err = aggregator.ParseSecrets(text); err != nil {
			return err
		}
	} else if _, ok := p.img["store.duckdb"]; ok {
		return errors.New("there is a store, and its secrets are gone")
	}
	ledgerDir := filepath.Join(dir, "ledger")
	if err := os.MkdirAll(ledgerDir, 0o700); err != nil {
		return err
	}
	l, err := sqlite.Open(ledgerDir)
	if err != nil {
		return fmt.Errorf("the ledger does not open: %w", err)
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	st, err := duckdb.Open(filepath.Join(dir, "store.duckdb"), duckdb.Options{Threads: 1, MemoryBytes: 256 << 20})
	if err != nil {
		return fmt.Errorf("the store does not open: %w", err)
	}
	defer func() { err = errors.Join(err, st.Shutdown()) }()
	if err := p.repeat(l, boxes); err != nil {
		return err
	}
	ctx := context.Background()
	if _, err := loader.Reconcile(ctx, l, st); err != nil {
		return err
	}
	load := loader.New(loader.Config{Source: l, Target: st, Secrets: secrets, MaxEvents: 400, Workers: 1})
	for more := true; more; {
		if more, err = load.Step(ctx); err != nil {
			return fmt.Errorf("load: %w", err)
		}
	}
	close := closing.New(closing.Config{Store: st})
	for {
		if err := close.Round(ctx); err != nil {
			return err
		}
		_, dirty, err := st.AsOf(ctx)
		if err != nil {
			return err
		}
		if dirty == 0 {
			break
		}
	}
	return compare(ctx, st, l, secrets, boxes)
}

// repeat sends what the boxes hold: everything from their last ack on, and that
// one once more.
func (p *point) repeat(l *sqlite.Ledger, boxes []*sender) error {
	ctx := context.Background()
	for i, b := range boxes {
		mark, err := l.Mark(ctx, b.id, b.batches[0].Epoch)
		if err != nil {
			return err
		}
		if mark.Through < uint64(p.told[i]) {
			return fmt.Errorf("%s was told that batch %d is stored, the ledger is at %d", b.id, p.told[i], mark.Through)
		}
		for no := max(p.told[i]-1, 0); no < len(b.batches); no++ {
			s := &b.batches[no]
			v, err := l.Commit(ctx, []ledger.Received{{Route: protocol.Route{Province: province, Shard: protocol.ShardOf(b.id), Box: b.id},
				AtMs: time.Now().UnixMilli(), Batch: protocol.Batch{Sealed: *s, Envelope: *b.envelope(s.No), Version: protocol.Version}}})
			if err != nil {
				return fmt.Errorf("commit: %w", err)
			}
			want := ledger.Stored
			if s.No <= mark.Through {
				want = ledger.Repeated
			}
			if v[0].Outcome != want {
				return fmt.Errorf("batch %d of %s: %v, want %v", s.No, b.id, v[0].Outcome, want)
			}
		}
	}
	return nil
}

func compare(ctx context.Context, st *duckdb.Store, l *sqlite.Ledger, secrets aggregator.Secrets, boxes []*sender) error {
	clicks := 0
	for _, b := range boxes {
		refs, err := st.Events(ctx, secrets.BoxKey(b.id))
		if err != nil {
			return err
		}
		times := map[int64]int{}
		for _, r := range refs {
			times[r.MonoMs]++
		}
		for id := int64(1); id <= batchesEach*perBatch; id++ {
			if times[id] != 1 {
				return fmt.Errorf("event %d of %s is in the store %d times", id, b.id, times[id])
			}
			if eventOf(uint32(id)).Kind == protocol.Click {
				clicks++
			}
		}
		if len(times) != batchesEach*perBatch {
			return fmt.Errorf("%s has %d events in the store, sent %d", b.id, len(times), batchesEach*perBatch)
		}
	}
	today := int32(aggregator.DayOf(time.Now().UnixMilli()))
	rows, err := st.Query(ctx, store.Query{Fact: store.FactClick, AllProvinces: true, Values: []store.Value{{Measure: store.MeasureClicks}},
		Spans: []store.Span{{From: today - 1, To: today + 2}}})
	if err != nil {
		return err
	}
	if len(rows) != 1 || rows[0].Values[0] != int64(clicks) {
		return fmt.Errorf("the figures say %v clicks, there were %d", rows, clicks)
	}
	gaps, err := l.Gaps(ctx)
	if err != nil {
		return err
	}
	if len(gaps) != 1 || gaps[0].Lost != 0 || gaps[0].Received != uint64(len(boxes)*batchesEach*perBatch) {
		return fmt.Errorf("the account of losses is wrong: %+v", gaps)
	}
	return nil
}

// TestAggregatorKilled runs the real aggregator once, with every change it
// makes to its files recorded, and opens ledger and store as they were at many
// of these changes: as a killed process and as a power cut leave them. What
// boxes were told is stored is there, and after they repeated the rest every
// event counts once, in the store and in the figures.
func TestAggregatorKilled(t *testing.T) {
	if testing.Short() {
		t.Skip("runs the whole program")
	}
	program := filepath.Join(t.TempDir(), "aggregator")
	if out, err := exec.Command("go", "build", "-o", program, "iptvdc/aggregator/cmd/aggregator").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	boxes := make([]*sender, senders)
	for i := range boxes {
		var err error
		if boxes[i], err = newSender(i); err != nil {
			t.Fatal(err)
		}
	}
	changes, err := lifeOfAggregator(program, boxes)
	if errors.Is(err, crashfs.ErrCannot) {
		t.Skipf("%v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	kinds := map[string]int{}
	for i := range changes {
		kinds[changes[i].Kind.String()]++
	}
	byModel := map[crashfs.Model]int{}
	work := make(chan point)
	var group sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		group.Add(1)
		go func() {
			defer group.Done()
			for p := range work {
				if t.Failed() {
					continue
				}
				if err := p.check(boxes); err != nil {
					dir, kerr := keepImage(p.img, "aggregator")
					t.Errorf("change %d, %v: %v\nboxes were told %v; left in %s %v: %v", p.change, p.model, err, p.told, dir, kerr, slices.Sorted(maps.Keys(p.img)))
				}
			}
		}()
	}
	points(changes, *pointsFlag, func(p point) {
		byModel[p.model]++
		work <- p
	})
	close(work)
	group.Wait()
	if byModel[crashfs.Kept] < *pointsFlag {
		t.Errorf("killed at %d points, want %d", byModel[crashfs.Kept], *pointsFlag)
	}
	t.Logf("%d changes recorded: %v; points: %v", len(changes), kinds, byModel)
	if t.Failed() {
		return
	}
	startsAgain(t, program, changes)
}

// startsAgain starts the real program on what was left at some of the moments.
func startsAgain(t *testing.T, program string, changes []crashfs.Change) {
	t.Helper()
	var slowest time.Duration
	points(changes, 5, func(p point) {
		dir, err := scratch()
		if err != nil {
			t.Fatal(err)
		}
		defer os.RemoveAll(dir)
		if err := p.img.WriteTo(dir); err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		s, err := serve(program, dir)
		if err != nil {
			t.Fatalf("change %d, %v: %v", p.change, p.model, err)
		}
		slowest = max(slowest, time.Since(began))
		if err := s.end(syscall.SIGTERM); err != nil {
			t.Errorf("change %d: %v", p.change, err)
		}
	})
	t.Logf("the program takes boxes again at the latest %v after its start", slowest.Round(time.Millisecond))
}
