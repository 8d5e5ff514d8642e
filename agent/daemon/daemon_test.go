package daemon

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"iptvdc/agent"
	"iptvdc/agent/outbox"
	"iptvdc/agent/uplink"
	"iptvdc/protocol"
)

// nowhere is a broker's address at which nobody answers.
const nowhere = "tcp://127.0.0.1:1"

func config(dir string) Config {
	timing := uplink.DefaultTiming()
	timing.FirstSpread = time.Hour
	return Config{Dir: dir, Brokers: []string{nowhere}, Province: 33, Identity: protocol.Event{City: 3301},
		Listen: "127.0.0.1:0", Timing: timing}
}

// running starts an agent; stop ends it and waits.
func running(t *testing.T, cfg Config) (d *Daemon, stop func()) {
	t.Helper()
	d, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- d.Run(ctx) }()
	return d, func() {
		t.Helper()
		cancel()
		select {
		case err := <-done:
			if err != nil {
				t.Errorf("Run: %v", err)
			}
		case <-time.After(20 * time.Second):
			t.Error("the agent does not end")
		}
	}
}

func post(t *testing.T, d *Daemon, target, body string) string {
	t.Helper()
	resp, err := http.Post("http://"+d.Addr().String()+target, "application/json", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprint(resp.StatusCode, " ", strings.TrimSpace(string(b)))
}

// TestLife: record, end, start again; nothing is lost, power-on comes once, the
// box keeps its id, and the status is there running or not.
func TestLife(t *testing.T) {
	dir := filepath.Join(t.TempDir(), strings.Repeat("a-long-folder-name-", 6)) // longer than a socket's path may be
	d, stop := running(t, config(dir))
	if got := post(t, d, "/v1/events", `[{"kind":"click","page":"a"},{"kind":"click","page":"b"}]`); got != `202 {"accepted":2}` {
		t.Error(got)
	}
	if got := post(t, d, "/v1/events?wait=stored", `{"kind":"click","page":"c"}`); got != `200 {"stored":1}` {
		t.Error(got)
	}
	s, err := Ask(t.Context(), dir)
	if err != nil || !s.Running || s.Box != d.Status().Box || s.Listen != d.Addr().String() || s.Recorder.Stored != 3 {
		t.Errorf("%+v, %v", s, err)
	}
	if _, err := New(config(dir)); !errors.Is(err, outbox.ErrBusy) {
		t.Errorf("a second agent on the folder: %v, want ErrBusy", err)
	}
	stop()
	after, err := Ask(t.Context(), dir)
	if err != nil || after.Running || after.Box != s.Box || after.Epoch != s.Epoch || after.Boot != s.Boot {
		t.Errorf("%+v, %v", after, err)
	}
	if after.Outbox.Open != 0 || after.Outbox.Events != 5 { // identity, power-on, 3 clicks
		t.Errorf("held after the end: %+v, want 5 events, all sealed", after.Outbox)
	}
	cfg := config(dir)
	cfg.BootID = "another boot"
	d, stop = running(t, cfg)
	post(t, d, "/v1/events?wait=stored", `{"kind":"click","page":"d"}`)
	if again := d.Status(); again.Boot != s.Boot+1 || again.Box != s.Box || again.Outbox.Events+again.Outbox.Open != 8 {
		t.Errorf("second boot: %+v", again)
	}
	stop()
}

// TestCut: after a power cut what was stored is there, not sealed, and what was
// only accepted is not; the first boot has the number that was asked for.
func TestCut(t *testing.T) {
	dir := t.TempDir()
	cfg := config(dir)
	cfg.BootRand, cfg.Group = strings.NewReader("\x00\x00\x00\x0c"), time.Minute
	d, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	done := make(chan error, 1)
	go func() { done <- d.Run(ctx) }()
	if got := post(t, d, "/v1/events?wait=stored", `{"kind":"click","page":"a"}`); got != `200 {"stored":1}` {
		t.Error(got)
	}
	if got := post(t, d, "/v1/events", `{"kind":"click","page":"b"}`); got != `202 {"accepted":1}` {
		t.Error(got)
	}
	cancel(agent.ErrCut)
	select {
	case err := <-done:
		if err != nil {
			t.Errorf("Run: %v", err)
		}
	case <-time.After(20 * time.Second):
		t.Fatal("the agent does not end")
	}
	s, err := Ask(t.Context(), dir)
	if err != nil || s.Boot != 7 || s.Outbox.Events != 0 || s.Outbox.Open != 3 { // identity, power-on, a
		t.Errorf("%+v, %v; want boot 7 with 3 open events", s, err)
	}
}

// TestNoData: without a writable folder the agent starts, takes events in, and
// records them when the folder comes.
func TestNoData(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	if err := os.WriteFile(dir, nil, 0o600); err != nil { // a file where the folder should be
		t.Fatal(err)
	}
	cfg := config(dir)
	cfg.Box = "0123456789abcdef"
	d, stop := running(t, cfg)
	if got := post(t, d, "/v1/events", `{"kind":"click","page":"a"}`); got != `202 {"accepted":1}` {
		t.Error(got)
	}
	for d.Status().Recorder.Failures == 0 {
		runtime.Gosched() // until it has tried without a folder
	}
	if err := os.Remove(dir); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if got := post(t, d, "/v1/events?wait=stored", `{"kind":"click","page":"b"}`); got != `200 {"stored":1}` {
		t.Error(got)
	}
	if s := d.Status(); s.Recorder.Failures == 0 || s.Recorder.Stored != 2 {
		t.Errorf("%+v", s.Recorder)
	}
	stop()
}

func TestValidate(t *testing.T) {
	f := func(says string, spoil func(*Config)) {
		t.Helper()
		cfg := config("x")
		spoil(&cfg)
		if err := cfg.Validate(); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("Validate() = %v, want %q in it", err, says)
		}
	}
	f("-data DIR", func(c *Config) { c.Dir = "" })
	f("-broker tcp://", func(c *Config) { c.Brokers = nil })
	f("allowed: tcp://, tls://", func(c *Config) { c.Brokers = []string{"mqtt://x"} })
	f("-province 33", func(c *Config) { c.Province = 0 })
	f("city: 4401 does not lie in province 33", func(c *Config) { c.Identity.City = 4401 })
	f("allowed 16..32", func(c *Config) { c.Box = "short" })
	f("loopback", func(c *Config) { c.Listen = "0.0.0.0:80" })
	f("no address", func(c *Config) { c.Listen = "80" })
	f("MaxBytes", func(c *Config) { c.Outbox.MaxBytes = 5 })
}

// TestHardware reads a made-up machine.
func TestHardware(t *testing.T) {
	root := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		path := filepath.Join(root, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte(text), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	if h := readHardware(root); h != (hardware{}) || h.hash() != [8]byte{} {
		t.Errorf("nothing there, and yet %+v", h)
	}
	write("proc/cpuinfo", "processor\t: 0\nHardware\t: Amlogic\nSerial\t\t: 00A1\n")
	write("sys/class/net/br0/address", "02:00:00:00:00:01\n") // no card behind it
	write("sys/class/net/eth0/address", "AA:BB:CC:00:00:01\n")
	write("sys/class/net/eth0/device/vendor", "1")
	write("sys/block/mmcblk0/device/cid", "150100\n")
	h := readHardware(root)
	if h != (hardware{"aa:bb:cc:00:00:01", "00a1", "150100"}) {
		t.Errorf("%+v", h)
	}
	dir := t.TempDir()
	box, err := boxID(dir, h)
	if err != nil || protocol.CheckBox(box) != nil {
		t.Fatalf("box id %q, %v", box, err)
	}
	if again, err := boxID(dir, hardware{mac: "another"}); err != nil || again != box {
		t.Errorf("the stored id is %q, %v; want %q", again, err, box)
	}
	if other, err := boxID(t.TempDir(), h); err != nil || other != box {
		t.Errorf("the same hardware gives %q, %v; want %q", other, err, box)
	}
	if other, err := boxID(t.TempDir(), hardware{}); err != nil || other == box {
		t.Errorf("no hardware gives %q, %v", other, err)
	}
}
