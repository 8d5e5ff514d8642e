// Package clibtest compiles the C client with the machine's compiler and has it
// talk to a real agent.
package clibtest

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"iptvdc/agent/daemon"
	"iptvdc/agent/localapi"
	"iptvdc/agent/tail"
	"iptvdc/agent/uplink"
	"iptvdc/protocol"
)

var strict = []string{"-std=c89", "-pedantic", "-Wall", "-Wextra", "-Werror", "-Wconversion", "-Wshadow", "-O2"}

// compile builds sources; with the sanitizers if the compiler has them.
func compile(t *testing.T, sources ...string) string {
	t.Helper()
	cc, err := exec.LookPath("cc")
	if err != nil {
		t.Skip("no C compiler here; install gcc or clang")
	}
	bin := filepath.Join(t.TempDir(), "program")
	build := func(flags ...string) ([]byte, error) {
		args := append(append(append([]string{}, strict...), flags...), "-o", bin)
		return exec.Command(cc, append(args, sources...)...).CombinedOutput()
	}
	if _, err := build("-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"); err == nil {
		return bin
	}
	if out, err := build(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	t.Log("compiled without sanitizers: this compiler has none")
	return bin
}

// probe is a running probe.c.
type probe struct {
	t   *testing.T
	in  *bufio.Writer
	out *bufio.Reader
}

func startProbe(t *testing.T) *probe {
	t.Helper()
	cmd := exec.Command(compile(t, "testdata/probe.c", "../iptv_agent.c"))
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		in.Close()
		if err := cmd.Wait(); err != nil {
			t.Errorf("the C program: %v", err)
		}
	})
	return &probe{t, bufio.NewWriter(in), bufio.NewReader(out)}
}

// said is what the probe answers.
type said struct {
	result, sent, refused, dropped, unsure, ms int
	last                                       string
}

func (p *probe) do(format string, args ...any) said {
	p.t.Helper()
	_, _ = fmt.Fprintf(p.in, format+"\n", args...)
	if err := p.in.Flush(); err != nil {
		p.t.Fatal(err)
	}
	line, err := p.out.ReadString('\n')
	if err != nil {
		p.t.Fatalf("the C program ended: %v", err)
	}
	var s said
	if _, err := fmt.Sscan(line, &s.result, &s.sent, &s.refused, &s.dropped, &s.unsure, &s.ms); err != nil {
		p.t.Fatalf("%q: %v", line, err)
	}
	if f := strings.SplitN(strings.TrimSpace(line), " ", 7); len(f) == 7 {
		s.last = f[6]
	}
	return s
}

// want does a command and compares its result.
func (p *probe) want(result int, format string, args ...any) said {
	p.t.Helper()
	s := p.do(format, args...)
	if s.result != result {
		p.t.Errorf("%.60s: %+v, want result %d", fmt.Sprintf(format, args...), s, result)
	}
	return s
}

const (
	ok, away, busy, tooLong, badText, refused, unsure, misuse = 0, -1, -2, -3, -4, -5, -6, -7
)

// startAgent runs a real agent on dir; stop ends it.
func startAgent(t *testing.T, dir string) (stop func()) {
	t.Helper()
	timing := uplink.DefaultTiming()
	timing.FirstSpread = time.Hour
	d, err := daemon.New(daemon.Config{Dir: dir, Brokers: []string{"tcp://127.0.0.1:1"}, Province: 33, Timing: timing,
		Identity: protocol.Event{City: 3301},
		API:      localapi.Config{NativeRate: 1_000_000}})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- d.Run(ctx) }()
	return func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

func TestClient(t *testing.T) {
	t.Parallel()
	p := startProbe(t)
	dir := t.TempDir()
	path := filepath.Join(dir, "events.sock")
	// No agent: nothing waits, everything is counted.
	p.want(away, "open %s", path)
	p.want(away, "click a")
	if s := p.want(away, "stored a"); s.dropped != 2 || s.sent != 0 || s.ms > 150 {
		t.Errorf("no agent: %+v", s)
	}
	p.want(tooLong, "open /%s", strings.Repeat("x", 200))
	p.want(misuse, "open ")

	stop := startAgent(t, dir)
	opened(p, path)
	p.want(ok, "time 10000")
	p.want(ok, "click %s", `a "quoted" \ 电影 `+"\t\x01\x7f \U0001F600")
	p.want(ok, "stored home")
	if c := recorded(t, dir)[2].Content; c != `a "quoted" \ 电影 `+"\t\x01\x7f \U0001F600" { // after identity and power-on
		t.Errorf("the text became %q", c)
	}
	p.want(ok, "raw %s", `[{"kind":"click","page":"a"},{"kind":"click","page":"b"}]`)
	p.want(ok, "stored home")
	// What is wrong is found before it is sent.
	p.want(badText, "click \xb5\xe7\xd3\xb0") // GBK
	for _, bad := range []string{"\xc0\x80", "\xed\xa0\x80", "\xf5\x80\x80\x80", "\xe7\x94", "x\xff", "\xf0\x82\x82\xac", "\xc3(", "\xf4\x90\x80\x80"} {
		p.want(badText, "click %s", bad)
	}
	p.want(badText, "slot 3x")
	p.want(badText, "slot 03")
	p.want(badText, "slot -")
	p.want(badText, `field a"b`)
	p.want(tooLong, "click %s", strings.Repeat("电", 1400))
	p.want(misuse, "raw  ")
	p.want(tooLong, "raw %s", strings.Repeat("x", 4096))
	// What the agent refuses comes with the next calls.
	p.want(ok, "slot 10000")
	if s := p.want(ok, "flush"); s.refused != 1 || !strings.Contains(s.last, "0..9999") {
		t.Errorf("a refusal: %+v", s)
	}
	p.want(ok, "play film")
	if s := p.want(ok, "flush"); s.refused != 1 {
		t.Errorf("a signal: %+v", s)
	}
	p.want(ok, `raw {"signal":"jump"}`)
	if s := p.want(ok, "flush"); s.refused != 2 || !strings.Contains(s.last, "bad_signal") {
		t.Errorf("a wrong signal: %+v", s)
	}
	if s := p.want(refused, "stored %s", strings.Repeat("x", 300)); !strings.Contains(s.last, "page") {
		t.Errorf("refused: %+v", s)
	}
	p.want(ok, "many")
	p.want(ok, "flush")
	before := p.want(ok, "stored home")
	if before.dropped+before.unsure != 0 {
		t.Errorf("%+v", before)
	}
	// The agent ends and comes again; the client finds it by itself.
	stop()
	if s := p.do("click a"); s.result != away {
		t.Errorf("the agent has ended: %+v", s)
	}
	defer startAgent(t, dir)()
	opened(p, "")
	if s := p.want(ok, "stored again"); s.dropped < 1 || s.unsure != 0 {
		t.Errorf("%+v", s)
	}
	p.want(-99, "close")
}

// opened opens path until the agent answers, which needs a moment to start;
// without a path it lets the client find the agent by itself, which it tries
// once a second.
func opened(p *probe, path string) {
	p.t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for range 1000 {
		if path != "" && p.do("open %s", path).result == ok {
			return
		}
		if path == "" && p.do("raw {\"wait\":\"accepted\"}").result == ok {
			return
		}
		<-tick.C
	}
	p.t.Fatal("the client does not find the agent")
}

// recorded reads the agent's latest events.
func recorded(t *testing.T, dir string) (events []protocol.Event) {
	t.Helper()
	err := daemon.Tail(t.Context(), dir, 10_000, false, func(_ []byte, l tail.Line) error {
		e, err := protocol.ParseEvents(l.Event)
		events = append(events, e...)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return events
}

// TestSilentServer: one that takes nothing and one that answers nothing cost no
// more than the time-out, and one that hangs up leaves the report unsure.
func TestSilentServer(t *testing.T) {
	t.Parallel()
	p := startProbe(t)
	path := filepath.Join(t.TempDir(), "s")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	p.want(ok, "open %s", path)
	conn, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	p.want(ok, "time 50")
	if s := p.want(busy, "stored a"); s.sent != 1 || s.ms < 45 || s.ms > 2000 {
		t.Errorf("no answer: %+v", s)
	}
	p.want(ok, "time 1")
	if s := p.want(busy, "many"); s.dropped == 0 {
		t.Errorf("nobody reads: %+v", s)
	}
	conn.Close()
	if s := p.do("click a"); s.unsure == 0 {
		t.Errorf("hung up: %+v", s)
	}
	conn, err = l.Accept() // it has tried again, or will
	if err != nil {
		t.Fatal(err)
	}
	conn.Close()
}

// TestExample: what the documentation shows compiles and runs.
func TestExample(t *testing.T) {
	t.Parallel()
	bin := compile(t, "../example.c", "../iptv_agent.c")
	dir := t.TempDir()
	defer startAgent(t, dir)()
	for end := time.Now().Add(20 * time.Second); ; {
		out, err := exec.Command(bin, filepath.Join(dir, "events.sock")).CombinedOutput()
		if err == nil && strings.Contains(string(out), "order      done") && strings.Contains(string(out), "dropped 0, unsure 0") {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("%v\n%s", err, out)
		}
	}
}

// TestCpp: C++ middleware may include the header.
func TestCpp(t *testing.T) {
	cxx, err := exec.LookPath("c++")
	if err != nil {
		t.Skip("no C++ compiler here")
	}
	cmd := exec.Command(cxx, "-fsyntax-only", "-Wall", "-Wextra", "-Werror", "-x", "c++", "-")
	cmd.Stdin = strings.NewReader("#include \"../iptv_agent.h\"\nint main() { struct iptv_agent a; return iptv_agent_open(&a, \"x\"); }\n")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}
