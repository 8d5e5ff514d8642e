package outbox

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"iptvdc/protocol"
)

// TestMain lets the test program be the process that is killed.
func TestMain(m *testing.M) {
	switch dir := os.Getenv("OUTBOX_DIR"); os.Getenv("OUTBOX_CHILD") {
	case "loop":
		child(dir, 0)
	case "full":
		child(dir, 200_000)
	default:
		os.Exit(m.Run())
	}
}

// child appends events for ever and prints how many are on disk. With a limit,
// its files cannot grow beyond so many bytes until it has failed five times.
func child(dir string, limit uint64) {
	if limit > 0 {
		signal.Ignore(syscall.SIGXFSZ)
		var l syscall.Rlimit
		if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &l); err != nil {
			fmt.Println("rlimit", err)
			os.Exit(1)
		}
		l.Cur = limit
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &l); err != nil {
			fmt.Println("rlimit", err)
			os.Exit(1)
		}
	}
	o, err := New(NewSQLite(dir), Options{BatchEvents: 7})
	if err != nil {
		fmt.Println("open", err)
		os.Exit(1)
	}
	n, failures := o.Stats().Events+o.Stats().Open, 0
	for {
		group := make([]protocol.Event, n%4+1)
		for i := range group {
			group[i] = numbered(n + i)
		}
		for err := o.Append(group...); err != nil; err = o.Append(group...) {
			failures++
			if failures == 1 {
				fmt.Println("failed", err)
			}
			if failures == 5 {
				l := syscall.Rlimit{Cur: 1 << 40, Max: 1 << 40}
				if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &l); err != nil {
					fmt.Println("rlimit", err)
				}
			}
		}
		n += len(group)
		fmt.Println(n)
	}
}

func numbered(n int) protocol.Event {
	e := protocol.Event{Kind: protocol.PageView, Page: fmt.Sprint(n), MonoMs: uint64(n), Boot: 1, Template: strings.Repeat("t", n%90)}
	if n%9 == 4 {
		e = protocol.Event{Kind: protocol.Order, OrderID: fmt.Sprint(n), Product: "p", Result: protocol.ResultPaid, MonoMs: uint64(n), Boot: 1}
	}
	return e
}

// contents returns the names of all events held, in order.
func contents(t *testing.T, o *Outbox) (names []string) {
	t.Helper()
	var dec protocol.Decoder
	for i := range o.list {
		s, err := o.disk.Batch(o.list[i].no)
		if err != nil {
			t.Fatal(err)
		}
		events, err := dec.Events(&s)
		if err != nil {
			t.Fatal(err)
		}
		for i := range events {
			names = append(names, name(&events[i]))
		}
	}
	for i := range o.open {
		events, err := dec.Events(&protocol.Sealed{N: o.open[i].N, Body: o.open[i].Data})
		if err != nil {
			t.Fatal(err)
		}
		for i := range events {
			names = append(names, name(&events[i]))
		}
	}
	return names
}

func openIn(t *testing.T, dir string) (*Outbox, *SQLite) {
	t.Helper()
	d := NewSQLite(dir)
	o, err := New(d, Options{BatchEvents: 7})
	if err != nil {
		t.Fatal(err)
	}
	if len(d.Odd()) > 0 {
		t.Errorf("settings that did not take: %v", d.Odd())
	}
	return o, d
}

func fill(t *testing.T, o *Outbox, from, n int) {
	t.Helper()
	for i := from; i < from+n; i++ {
		if err := o.Append(numbered(i)); err != nil {
			t.Fatal(err)
		}
	}
}

// fillWreck is fill into a file that may hold damage which only writing meets:
// a group may fail once with ErrDamaged, and is taken when it is repeated.
func fillWreck(t *testing.T, o *Outbox, from, n int) (met int) {
	t.Helper()
	for i := from; i < from+n; i++ {
		err := o.Append(numbered(i))
		if errors.Is(err, ErrDamaged) {
			met++
			err = o.Append(numbered(i))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return met
}

// TestSettings: they hold in a new file, in one opened again, and in a copy of
// one that was not closed.
func TestSettings(t *testing.T) {
	dir := t.TempDir()
	o, _ := openIn(t, dir)
	fill(t, o, 0, 20)
	crashed := t.TempDir()
	for _, f := range []string{fileName, fileName + "-wal"} {
		b, err := os.ReadFile(filepath.Join(dir, f))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(crashed, f), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := New(NewSQLite(dir), Options{}); !errors.Is(err, ErrBusy) {
		t.Errorf("a second opener got %v, want ErrBusy", err)
	}
	want := contents(t, o)
	if err := o.Close(); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{dir, crashed} {
		o, _ := openIn(t, dir)
		if diff := cmp.Diff(want, contents(t, o)); diff != "" {
			t.Error(diff)
		}
		if _, err := os.Stat(filepath.Join(dir, fileName+"-shm")); err == nil {
			t.Error("a shared-memory file exists")
		}
		o.Close()
	}
}

// TestDisksAgree drives an outbox on both disks with the same random calls:
// what they hold must be the same at every step.
func TestDisksAgree(t *testing.T) {
	runs := 0
	rapid.Check(t, func(rt *rapid.T) {
		if runs++; runs > 8 && os.Getenv("OUTBOX_KILLS") == "" {
			return // each run costs some hundred fsyncs
		}
		dir, err := os.MkdirTemp(t.TempDir(), "")
		if err != nil {
			rt.Fatal(err)
		}
		disks := []Disk{NewMemory(), NewSQLite(dir)}
		var boxes [2]*Outbox
		open := func() {
			for i, d := range disks {
				b, err := New(d, Options{MaxBytes: minBytes, BatchEvents: 4, Rand: rand.NewChaCha8([32]byte{7})})
				if err != nil {
					rt.Fatal(err)
				}
				boxes[i] = b
			}
		}
		open()
		n := 0
		both := func(f func(*Outbox) error) {
			for i, b := range boxes {
				if err := f(b); err != nil {
					rt.Fatalf("disk %d: %v", i, err)
				}
			}
		}
		rt.Repeat(map[string]func(*rapid.T){
			"append": func(rt *rapid.T) {
				group := make([]protocol.Event, rapid.IntRange(1, 5).Draw(rt, "n"))
				for i := range group {
					group[i] = numbered(n)
					n++
				}
				both(func(b *Outbox) error { return b.Append(group...) })
			},
			"seal": func(*rapid.T) { both((*Outbox).Seal) },
			"ack": func(rt *rapid.T) {
				past := rapid.Uint64Range(0, 3).Draw(rt, "past floor")
				wrong := rapid.IntRange(0, 9).Draw(rt, "wrong") == 0
				both(func(b *Outbox) error {
					a := protocol.Ack{Epoch: b.Epoch(), Through: b.Floor() + past}
					if i, ok := b.find(a.Through); ok {
						a.Chain, _ = b.chainOf(i)
					} else if !wrong {
						return nil
					}
					if wrong {
						a.Chain[0]++
					}
					_, err := b.Ack(a)
					return err
				})
			},
			"reopen": func(rt *rapid.T) {
				if err := boxes[1].Close(); err != nil {
					rt.Fatal(err)
				}
				open()
			},
			"": func(rt *rapid.T) {
				var imgs [2]Image
				for i, d := range disks {
					var err error
					if imgs[i], err = d.Load(); err != nil {
						rt.Fatal(err)
					}
				}
				if diff := cmp.Diff(imgs[0], imgs[1], cmp.Comparer(func(a, b []OpenRow) bool { return fmt.Sprint(a) == fmt.Sprint(b) }),
					cmp.Comparer(func(a, b []Hole) bool { return fmt.Sprint(a) == fmt.Sprint(b) })); diff != "" {
					rt.Fatalf("memory and SQLite differ: %s", diff)
				}
				if s0, s1 := boxes[0].Stats(), boxes[1].Stats(); s0 != s1 {
					rt.Fatalf("%+v and %+v differ", s0, s1)
				}
			},
		})
		boxes[1].Close()
	})
}

// TestKill kills a process that records without pause, many times over one
// file: what it said was on disk is there, in order and once [I2].
func TestKill(t *testing.T) {
	rounds := 8
	if n, err := strconv.Atoi(os.Getenv("OUTBOX_KILLS")); err == nil {
		rounds = n
	}
	dir := t.TempDir()
	for round := range rounds {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), "OUTBOX_CHILD=loop", "OUTBOX_DIR="+dir)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		said := 0
		lines := bufio.NewScanner(out)
		for quota := 1 + rand.IntN(60); lines.Scan(); {
			n, err := strconv.Atoi(lines.Text())
			if err != nil {
				t.Fatalf("child: %s", lines.Text())
			}
			if said = n; quota == 0 {
				cmd.Process.Kill()
			}
			quota--
		}
		cmd.Wait()
		o, _ := openIn(t, dir)
		got := contents(t, o)
		if len(got) < said || len(got) > said+4 {
			t.Fatalf("round %d: %d events there, %d were said to be", round, len(got), said)
		}
		for i, name := range got {
			if want := numbered(i); name != (&want).Page+want.OrderID {
				t.Fatalf("round %d: event %d is %s", round, i, name)
			}
		}
		if s := o.Stats(); s.Salvaged != 0 || s.Lost != 0 {
			t.Fatalf("round %d: %+v", round, s)
		}
		if err := o.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// TestDiskFull: a disk that takes no more fails Append, again and again; as
// soon as it does take more, the same group is recorded once.
func TestDiskFull(t *testing.T) {
	dir := t.TempDir()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "OUTBOX_CHILD=full", "OUTBOX_DIR="+dir)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	timeout := time.AfterFunc(20*time.Second, func() { cmd.Process.Kill() })
	defer timeout.Stop()
	failed, said, after := "", 0, 0
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if text, ok := strings.CutPrefix(lines.Text(), "failed "); ok {
			failed = text
			continue
		}
		if said, err = strconv.Atoi(lines.Text()); err != nil {
			t.Fatalf("child: %s", lines.Text())
		}
		if failed != "" {
			if after++; after == 30 {
				cmd.Process.Kill()
			}
		}
	}
	cmd.Wait()
	if failed == "" {
		t.Fatal("the disk was never full")
	}
	o, _ := openIn(t, dir)
	defer o.Close()
	got := contents(t, o)
	if len(got) < said || len(got) > said+4 {
		t.Fatalf("%d events there, %d were said to be", len(got), said)
	}
	for i, name := range got {
		if want := numbered(i); name != want.Page+want.OrderID {
			t.Fatalf("event %d is %s", i, name)
		}
	}
}

// TestDamage spoils a file in many ways: opening and reading it never panics,
// never invents, says so, and is done once [D6].
func TestDamage(t *testing.T) {
	const events = 400
	dir := t.TempDir()
	o, _ := openIn(t, dir)
	fill(t, o, 0, events)
	epoch := o.Epoch()
	o.Close()
	good, err := os.ReadFile(filepath.Join(dir, fileName))
	if err != nil {
		t.Fatal(err)
	}
	// The same damage each time: a run that finds something can be repeated.
	// DAMAGE_SEED tries other damage.
	seed := uint64(1)
	if s := os.Getenv("DAMAGE_SEED"); s != "" {
		if seed, err = strconv.ParseUint(s, 10, 64); err != nil {
			t.Fatal(err)
		}
	}
	rnd := rand.New(rand.NewPCG(seed, 0))
	t.Logf("seed %d", seed)
	salvages, saved := 0, 0
	f := func(what string, spoil func([]byte) []byte) {
		t.Helper()
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, fileName), spoil(bytes.Clone(good)), 0o600); err != nil {
			t.Fatal(err)
		}
		o, d := openIn(t, dir)
		// Reading what is to be sent meets damage that opening did not.
		for after, epoch := uint64(0), o.Epoch(); ; {
			s, ok, err := o.Next(after)
			if err != nil && !errors.Is(err, ErrDamaged) {
				t.Fatalf("%s: %v", what, err)
			}
			if o.Epoch() != epoch {
				after, epoch = 0, o.Epoch()
				continue
			}
			if !ok {
				break
			}
			if _, err := o.Ack(protocol.Ack{Epoch: s.Epoch, Through: s.No, Chain: s.Chain()}); err != nil {
				t.Fatalf("%s: %v", what, err)
			}
			if s.Flags&protocol.FlagTombstone == 0 {
				events, err := new(protocol.Decoder).Events(&s)
				if err != nil {
					t.Fatalf("%s: batch %d passed its check and is bad: %v", what, s.No, err)
				}
				for i := range events {
					want := numbered(int(events[i].MonoMs))
					if name(&want) != name(&events[i]) {
						t.Fatalf("%s: event %v was never recorded", what, events[i])
					}
					saved++
				}
			}
			after = s.No
		}
		met := fillWreck(t, o, events, 10)
		s := o.Stats()
		if met > 1 || met > int(s.Salvaged) {
			t.Errorf("%s: damage met %d times while writing, %d salvages", what, met, s.Salvaged)
		}
		if salvages += int(s.Salvaged); s.Salvaged > 0 {
			if o.Epoch() == epoch {
				t.Errorf("%s: salvaged, and the epoch is the old one", what)
			}
			if _, err := os.Stat(filepath.Join(dir, damagedName)); err != nil {
				t.Errorf("%s: the damaged file was not kept: %v", what, err)
			}
		}
		if err := o.Close(); err != nil {
			t.Fatal(err)
		}
		again, err := New(d, Options{BatchEvents: 7})
		if err != nil {
			t.Fatalf("%s: second open: %v", what, err)
		}
		if n := again.Stats().Salvaged; n != 0 {
			t.Errorf("%s: salvaged again at the second open", what)
		}
		again.Close()
	}
	for range 6 {
		f("flipped bit", func(b []byte) []byte { b[100+rnd.IntN(len(b)-100)] ^= 1 << rnd.IntN(8); return b })
		f("zeroed page", func(b []byte) []byte { at := 1024 * rnd.IntN(len(b)/1024); clear(b[at : at+1024]); return b })
		f("cut", func(b []byte) []byte { return b[:rnd.IntN(len(b))] })
		f("noise", func(b []byte) []byte {
			at := rnd.IntN(len(b) - 600)
			for i := range 600 {
				b[at+i] = byte(rnd.Uint32())
			}
			return b
		})
	}
	f("no database", func([]byte) []byte { return bytes.Repeat([]byte("not a database. "), 500) })
	if salvages < 10 || saved < 24*events/4 {
		t.Errorf("%d salvages of 25, %d events saved: too little was damaged or saved", salvages, saved)
	}
}

// TestFirstPage: whatever becomes of the page that says what tables there are,
// no event of the others is lost [D6].
func TestFirstPage(t *testing.T) {
	const events = 60
	dir := t.TempDir()
	o, _ := openIn(t, dir)
	fill(t, o, 0, events)
	want := contents(t, o)
	if err := o.Close(); err != nil {
		t.Fatal(err)
	}
	good, err := os.ReadFile(filepath.Join(dir, fileName))
	if err != nil {
		t.Fatal(err)
	}
	rnd := rand.New(rand.NewPCG(1, 0))
	salvages := 0
	f := func(what string, spoil func(page []byte)) {
		t.Helper()
		dir := t.TempDir()
		image := bytes.Clone(good)
		spoil(image[:pageBytes])
		if err := os.WriteFile(filepath.Join(dir, fileName), image, 0o600); err != nil {
			t.Fatal(err)
		}
		o, _ := openIn(t, dir)
		if diff := cmp.Diff(want, contents(t, o)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", what, diff)
		}
		salvages += int(o.Stats().Salvaged)
		if err := o.Close(); err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(filepath.Join(dir, mendedName)); err == nil {
			t.Errorf("%s: the mended copy is still there", what)
		}
	}
	f("zeros", func(p []byte) { clear(p) })
	f("noise", func(p []byte) {
		for i := range p {
			p[i] = byte(rnd.Uint32())
		}
	})
	for at := 0; at < pageBytes; at += 7 {
		f(fmt.Sprint("bit of byte ", at), func(p []byte) { p[at] ^= 1 << rnd.IntN(8) })
	}
	if salvages < 50 {
		t.Errorf("%d salvages: too little was damaged", salvages)
	}
}

// TestTombstone: a good header over a bad body still says how many [D6].
func TestTombstone(t *testing.T) {
	dir := t.TempDir()
	o, d := openIn(t, dir)
	fill(t, o, 0, 21)
	if _, err := d.conn.ExecContext(t.Context(), "UPDATE batch SET body = zeroblob(length(body)) WHERE no = 2"); err != nil {
		t.Fatal(err)
	}
	n, total := uint32(0), uint32(0)
	for i := range o.list {
		if total += o.list[i].n; o.list[i].no == 2 {
			n = o.list[i].n
		}
	}
	if _, _, err := o.Next(1); !errors.Is(err, ErrDamaged) {
		t.Fatalf("Next = %v, want ErrDamaged", err)
	}
	defer o.Close()
	var held, lost uint32
	for i := range o.list {
		s, err := o.disk.Batch(o.list[i].no)
		if err != nil {
			t.Fatal(err)
		}
		if s.Flags&protocol.FlagCarried == 0 {
			t.Errorf("batch %d is not marked as carried over", s.No)
		}
		if held += s.N; s.Flags&protocol.FlagTombstone != 0 {
			lost += s.N
		}
	}
	if lost != n || held != total || o.Stats().Lost != 0 {
		t.Errorf("tombstones say %d of %d events, want %d of %d; %+v", lost, held, n, total, o.Stats())
	}
}

// TestSalvageSurvivesACrash: a power cut between setting aside and carrying
// over loses nothing.
func TestSalvageSurvivesACrash(t *testing.T) {
	dir := t.TempDir()
	o, d := openIn(t, dir)
	fill(t, o, 0, 30)
	want := contents(t, o)
	if _, err := d.Salvage(); err != nil {
		t.Fatal(err)
	}
	d.shut() // the power goes here
	o, _ = openIn(t, dir)
	defer o.Close()
	if diff := cmp.Diff(want, contents(t, o)); diff != "" {
		t.Error(diff)
	}
	if s := o.Stats(); s.Salvaged != 1 {
		t.Errorf("%+v, want one salvage", s)
	}
	if _, err := os.Stat(filepath.Join(dir, salvageName)); err == nil {
		t.Error("the set-aside file still waits to be carried over")
	}
}

// TestMoved: another board means a new epoch, with everything carried over [D7].
func TestMoved(t *testing.T) {
	dir := t.TempDir()
	open := func(hw byte) *Outbox {
		o, err := New(NewSQLite(dir), Options{BatchEvents: 7, Hardware: [8]byte{hw}})
		if err != nil {
			t.Fatal(err)
		}
		return o
	}
	o := open(1)
	fill(t, o, 0, 20)
	want, epoch := contents(t, o), o.Epoch()
	o.Close()
	o = open(1)
	if o.Epoch() != epoch || o.Stats().Moved != 0 {
		t.Error("a new epoch on the same board")
	}
	o.Close()
	for range 2 {
		o = open(2)
		if diff := cmp.Diff(want, contents(t, o)); diff != "" {
			t.Error(diff)
		}
		if o.Epoch() == epoch {
			t.Error("the old epoch on another board")
		}
		o.Close()
	}
	o = open(2)
	if o.Stats().Moved != 0 {
		t.Error("moved twice")
	}
	o.Close()
}

// TestQuota: files stay near the limit, whatever comes.
func TestQuota(t *testing.T) {
	const limit = 256 << 10
	d := NewSQLite(t.TempDir())
	o, err := New(d, Options{MaxBytes: limit, BatchEvents: 50})
	if err != nil {
		t.Fatal(err)
	}
	defer o.Close()
	orders, peak := 0, int64(0)
	rnd := rand.New(rand.NewPCG(1, 2))
	for i := range 1500 {
		group := make([]protocol.Event, 20)
		for j := range group {
			group[j] = protocol.Event{Kind: protocol.Click, Page: strconv.FormatUint(rnd.Uint64(), 36), Content: strconv.FormatUint(rnd.Uint64(), 36), MonoMs: uint64(i)}
		}
		if i%25 == 0 {
			group[7] = protocol.Event{Kind: protocol.Order, OrderID: strconv.FormatUint(rnd.Uint64(), 36), Product: "p", Result: protocol.ResultPaid}
			orders++
		}
		if err := o.Append(group...); err != nil {
			t.Fatal(err)
		}
		peak = max(peak, d.Size())
	}
	if o.Stats().Evicted == 0 {
		t.Error("nothing was evicted")
	}
	if peak > limit*5/4+400<<10 {
		t.Errorf("files took %d bytes under a limit of %d", peak, limit)
	}
	t.Logf("limit %d, files at most %d, %d evicted", limit, peak, o.Stats().Evicted)
	byClass := 0
	for i := range o.list {
		if o.list[i].class == ClassOrder {
			byClass += int(o.list[i].n)
		}
	}
	if byClass+openOrders(o) != orders {
		t.Errorf("%d of %d orders are held; clicks go first", byClass+openOrders(o), orders)
	}
}

func openOrders(o *Outbox) (n int) {
	for i := range o.open {
		events, _ := new(protocol.Decoder).Events(&protocol.Sealed{N: o.open[i].N, Body: o.open[i].Data})
		for j := range events {
			if events[j].Kind == protocol.Order {
				n++
			}
		}
	}
	return n
}

// FuzzOutboxFile: no file makes opening, reading or recording panic or hang,
// and afterwards the outbox works [D6].
func FuzzOutboxFile(f *testing.F) {
	dir := f.TempDir()
	o, err := New(NewSQLite(dir), Options{BatchEvents: 3})
	if err != nil {
		f.Fatal(err)
	}
	for i := range 10 {
		if err := o.Append(numbered(i)); err != nil {
			f.Fatal(err)
		}
	}
	if err := o.Close(); err != nil {
		f.Fatal(err)
	}
	good, err := os.ReadFile(filepath.Join(dir, fileName))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good, []byte{})
	f.Add(good[:2000], []byte("no log"))
	f.Add([]byte{}, []byte{})
	f.Fuzz(func(t *testing.T, db, wal []byte) {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, fileName), db, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, fileName+"-wal"), wal, 0o600); err != nil {
			t.Fatal(err)
		}
		o, err := New(NewSQLite(dir), Options{BatchEvents: 3})
		if err != nil {
			t.Fatalf("a damaged file stops recording: %v", err)
		}
		defer o.Close()
		if err := o.Append(numbered(1), numbered(2)); err != nil {
			t.Fatal(err)
		}
		if _, _, err := o.Next(0); err != nil && !errors.Is(err, ErrDamaged) {
			t.Fatal(err)
		}
	})
}
