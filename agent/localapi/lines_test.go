package localapi

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"iptvdc/agent"
	"iptvdc/protocol"
)

// lineTaker is a taker that several goroutines may use.
type lineTaker struct {
	mu sync.Mutex
	taker
}

func (k *lineTaker) Record(ctx context.Context, stored bool, events ...protocol.Event) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.taker.Record(ctx, stored, events...)
}

func (k *lineTaker) Drop(kind protocol.Kind, why protocol.Reason, n uint64) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.taker.Drop(kind, why, n)
}

// lineServer serves on a socket until the test ends or stop is called.
func lineServer(t testing.TB, cfg Config) (s *Lines, path string, stop func()) {
	t.Helper()
	cfg.Clock, cfg.Boot, cfg.Status = clock(nowMs), func() uint32 { return 7 }, func() any { return nil }
	a, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	s, path = NewLines(a, Peers{}), filepath.Join(t.TempDir(), "s")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Serve(ctx, l, slog.New(slog.DiscardHandler)) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Serve: %v", err)
		}
	})
	t.Cleanup(stop)
	return s, path, stop
}

type program struct {
	t    testing.TB
	conn net.Conn
	r    *bufio.Reader
}

func connect(t testing.TB, path string) *program {
	t.Helper()
	conn, err := net.Dial("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
	return &program{t, conn, bufio.NewReader(conn)}
}

// say sends text and returns the next line.
func (p *program) say(text string) string {
	p.t.Helper()
	if _, err := p.conn.Write([]byte(text)); err != nil {
		p.t.Fatal(err)
	}
	return p.hear()
}

func (p *program) hear() string {
	p.t.Helper()
	line, err := p.r.ReadString('\n')
	if err != nil {
		p.t.Fatalf("no answer: %q, %v", line, err)
	}
	return strings.TrimSuffix(line, "\n")
}

func TestLines(t *testing.T) {
	k := &lineTaker{}
	var signals []agent.Signal
	s, path, stop := lineServer(t, Config{Recorder: k, Signals: func(_ context.Context, page bool, all []agent.Signal) error {
		if page {
			t.Error("a program's signals came as a page's")
		}
		signals = append(signals, all...)
		return nil
	}})
	p := connect(t, path)
	f := func(line, want string) {
		t.Helper()
		if got := p.say(line + "\n"); got != want {
			t.Errorf("%s -> %s, want %s", line, got, want)
		}
	}
	f(`{"kind":"click","page":"home"}`, `{"accepted":1}`)
	f("\n \r\n"+`{"kind":"click","page":"home"}`+"\r", `{"accepted":1}`)
	f(`[{"kind":"click","page":"a"},{"page":"b","kind":"page_view"}]`, `{"accepted":2}`)
	f(`{"kind":"power_off","cause":"standby"}`, `{"stored":1}`)
	f(`{"wait":"stored"}`, `{"wait":"stored"}`)
	f(`{"kind":"click","page":"home"}`, `{"stored":1}`)
	f(`{"ago":5,"signal":"play","mode":"vod","content":"film"}`, `{"accepted":1}`)
	f(`[{"signal":"stall"},{"signal":"flow"}]`, `{"accepted":2}`)
	f(`{"wait":"accepted"}`, `{"wait":"accepted"}`)
	f(`{"kind":"click","page":"home"}`, `{"accepted":1}`)
	if len(signals) != 3 || signals[0].Content != "film" || signals[0].AgoMs != 5 {
		t.Errorf("signals: %+v", signals)
	}
	// Answers come in order, also to lines sent together and cut anywhere.
	if _, err := p.conn.Write([]byte(`{"kind":"click","pa`)); err != nil {
		t.Fatal(err)
	}
	if got := p.say(`ge":"home"}` + "\n" + `{"kind":"clik"}` + "\n" + `[{"kind":"click","page":"a"}]` + "\n"); got != `{"accepted":1}` {
		t.Error(got)
	}
	if got := p.hear(); !strings.Contains(got, `"field":"kind"`) {
		t.Error(got)
	}
	if got := p.hear(); got != `{"accepted":1}` {
		t.Error(got)
	}
	if e := k.events[0]; e.Source != protocol.SourceMiddleware || e.MonoMs != nowMs {
		t.Errorf("%+v", e)
	}
	stop()
	if st := s.Stats(); st.Conns != 1 || st.Open != 0 || st.Events != 9 || st.Signals != 3 || st.Refused != 1 || st.Lines != 13 {
		t.Errorf("%+v", st)
	}
}

// TestLinesRefused: what is wrong is named, nothing of it is recorded, and the
// connection goes on with the next line.
func TestLinesRefused(t *testing.T) {
	k := &lineTaker{}
	full := errors.New("not now")
	_, path, _ := lineServer(t, Config{Recorder: k, NativeBytes: 6000, Signals: func(context.Context, bool, []agent.Signal) error { return full }})
	p := connect(t, path)
	f := func(code, says, line string) {
		t.Helper()
		got := p.say(line + "\n")
		var a struct {
			Error struct{ Code, Message string }
		}
		if err := json.Unmarshal([]byte(got), &a); err != nil || a.Error.Code != code || !strings.Contains(a.Error.Message, says) {
			t.Errorf("%.60s -> %s, want code %s and %q", line, got, code, says)
		}
	}
	f("bad_event", "page: missing", `{"kind":"click"}`)
	f("bad_event", "", `{"kind":"click","page":"home"`)
	f("bad_event", "", `hello`)
	f("bad_event", "", "\xff\x00")
	f("bad_event", "", `{"kind":"click","page":"home"}{"kind":"click","page":"home"}`)
	f("bad_event", "", `[{"kind":"click","page":"home"},{"signal":"stall"}]`)
	f("bad_event", "", `[{"wait":"stored"}]`)
	f("bad_event", "", strings.Repeat("[", 3000))
	f("bad_wait", "allowed", `{"wait":"soon"}`)
	f("bad_wait", "line of its own", `{"wait":"stored","kind":"click","page":"home"}`)
	f("bad_wait", "", `{"wait":"stored"} x`)
	f("bad_signal", "allowed", `{"signal":"jump"}`)
	f("bad_signal", "not now", `{"signal":"stall"}`)
	f("too_large", "more than 6000 bytes", strings.Repeat("x", 6001))
	f("too_large", "", strings.Repeat(`{"kind":"click"}`, 60_000))
	f("bad_event", "", strings.Repeat("x", 6000)) // just within
	full = agent.ErrFull
	f("full", "", `{"signal":"stall"}`)
	k.mu.Lock()
	k.fail = agent.ErrFull
	k.mu.Unlock()
	f("full", "", `{"kind":"click","page":"home"}`)
	k.mu.Lock()
	k.fail = agent.ErrNotStored
	k.mu.Unlock()
	if got := p.say(`{"kind":"power_off","cause":"standby"}` + "\n"); got != `{"accepted":1}` {
		t.Errorf("not on flash in time: %s", got)
	}
	if len(k.events) != 0 {
		t.Errorf("recorded %+v", k.events)
	}
	_, path, _ = lineServer(t, Config{Recorder: k, NativeRate: 2})
	p = connect(t, path)
	f("no_signals", "signals are not taken here", `{"signal":"stall"}`)
	p.say("x\n")
	f("too_many", "more than 2 lines", "x")
	if k.dropped == 0 {
		t.Error("a line too many is not counted as dropped")
	}
}

// TestLineConns: one program more than there is room for is told so; when
// another leaves, there is room again.
func TestLineConns(t *testing.T) {
	s, path, _ := lineServer(t, Config{Recorder: &lineTaker{}})
	var all []*program
	for range maxLineConns {
		p := connect(t, path)
		p.say(`{"wait":"stored"}` + "\n") // is served
		all = append(all, p)
	}
	if got := connect(t, path).hear(); !strings.Contains(got, "too_many") {
		t.Error(got)
	}
	all[0].conn.Close()
	for {
		p := connect(t, path)
		_, _ = p.conn.Write([]byte(`{"wait":"stored"}` + "\n")) // refused ones may have hung up
		if got := p.hear(); got == `{"wait":"stored"}` {
			break
		}
	}
	if st := s.Stats(); st.TooManyConns == 0 || st.Open != maxLineConns {
		t.Errorf("%+v", st)
	}
}

func TestLinePeers(t *testing.T) {
	s := NewLines(nil, Peers{UIDs: []uint32{1000}, GIDs: []uint32{3003}})
	f := func(uid, gid uint32, want bool) {
		t.Helper()
		if got := s.allowed(&peer{uid, []uint32{4, gid}}); got != want {
			t.Errorf("user %d group %d: %v", uid, gid, got)
		}
	}
	f(0, 0, true)
	f(1000, 5, true)
	f(999999, 3003, true)
	f(999999, 1000, false)
	f(3003, 5, false)
	l, err := net.Listen("unix", filepath.Join(t.TempDir(), "s"))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	connect(t, l.Addr().String())
	conn, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	me, err := peerOf(conn)
	if err != nil || int(me.uid) != os.Getuid() || int(me.groups[0]) != os.Getgid() {
		t.Errorf("this program is %+v, %v", me, err)
	}
	mine, err := os.Getgroups()
	for _, g := range mine {
		if err != nil || !me.inOne([]uint32{uint32(g)}) {
			t.Errorf("group %d is not among %v", g, me.groups)
		}
	}
	s.refusePeer(conn, &peer{1001, []uint32{1002}}, nil, slog.New(slog.DiscardHandler))
	if s.Stats().NotAllowed != 1 {
		t.Error("a refused program is not counted")
	}
	a, b := net.Pipe()
	defer a.Close()
	defer b.Close()
	if _, err := peerOf(a); err == nil {
		t.Error("a pipe has a peer")
	}
}

// FuzzLines: no bytes make it panic or hang, every line gets one line of JSON,
// and what is recorded passes Check.
func FuzzLines(f *testing.F) {
	for _, s := range []string{`{"kind":"click","page":"home"}`, "\n\n{\"wait\":\"stored\"}\n[", `[{"signal":"play","mode":"live"}]`, "\xff", strings.Repeat("[", 300),
		`{"x":{"y":[1,2]},"signal":"stall"}`, `{"kind":"view","mode":"vod","duration_ms":9}` + "\r\n\x00"} {
		f.Add([]byte(s + "\n"))
	}
	k := &lineTaker{}
	_, path, _ := lineServer(f, Config{Recorder: k, NativeBytes: 200, NativeRate: maxRate, Signals: func(_ context.Context, _ bool, all []agent.Signal) error {
		if len(all) == 0 {
			return errors.New("no signals at all")
		}
		return nil
	}})
	f.Fuzz(func(t *testing.T, text []byte) {
		text = append(text, "\n"...)
		p := connect(t, path)
		go func() { _, _ = p.conn.Write(text) }()
		for line := range strings.SplitSeq(strings.TrimSuffix(string(text), "\n"), "\n") {
			if len(line) <= 200 && strings.TrimSpace(line) == "" {
				continue
			}
			if got := p.hear(); !json.Valid([]byte(got)) {
				t.Fatalf("%q -> %q", line, got)
			}
		}
		k.mu.Lock()
		defer k.mu.Unlock()
		for i := range k.events {
			if err := k.events[i].Check(); err != nil {
				t.Error(fmt.Errorf("recorded an event that is wrong: %w", err))
			}
		}
		k.events = k.events[:0]
	})
}
