package armvm

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestBoot boots a machine twice on the same disk, with a power cut between: it
// reaches the host, is reached from it, and finds what it had synced. A minute,
// and once the network: ARMVM_BOOT=1, as `make soak-system` sets it.
func TestBoot(t *testing.T) {
	if os.Getenv("ARMVM_BOOT") == "" {
		t.Skip("boots an emulated machine twice; ARMVM_BOOT=1 runs it")
	}
	host := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "from the host\n") }))
	defer host.Close()
	_, port, _ := strings.Cut(host.Listener.Addr().String(), ":")
	work := t.TempDir()
	page := filepath.Join(work, "page")
	if err := os.WriteFile(page, []byte("from the machine\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	config := Config{
		Cache: filepath.Join("..", "..", "bin", "armvm"), Data: filepath.Join(work, "disk"), Forward: []int{8080},
		Files: []File{{"/www/page", page, 0o644}},
		Start: `echo "was: $(cat /data/kept 2>/dev/null)"
wget -q -O - http://` + Host + ":" + port + `/
echo machine $(uname -m) $(sed -n 's/MemTotal: *//p' /proc/meminfo), $(date +%Y)
httpd -p 8080 -h /www
echo first >/data/kept
sync
echo synced
[ -e /data/again ] && exit 7
sleep 1000
`}
	line := func(vm *VM, prefix string) string {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		got, err := vm.WaitLine(ctx, prefix)
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	vm, err := Boot(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	defer vm.Close()
	if got := line(vm, "was: "); got != "was: " {
		t.Errorf("an empty disk says %q", got)
	}
	line(vm, "from the host")
	t.Log(line(vm, "machine armv7l"))
	line(vm, "synced")
	resp, err := http.Get("http://" + vm.Addr(8080) + "/page")
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(resp.Body)
	resp.Body.Close()
	if err != nil || string(text) != "from the machine\n" {
		t.Errorf("the machine's page: %q, %v", text, err)
	}
	vm.Kill()
	if _, err := vm.WaitLine(t.Context(), "more"); err == nil || !strings.Contains(err.Error(), "went off") {
		t.Errorf("a line of a machine without power: %v", err)
	}

	config.Start = "touch /data/again\n" + config.Start
	again, err := Boot(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	if got := line(again, "was: "); got != "was: first" {
		t.Errorf("after the power cut: %q", got)
	}
	line(again, "armvm: start ended with 7")
	<-again.ended // by itself
}

func TestConsole(t *testing.T) {
	vm := &VM{console: console{changed: make(chan struct{})}}
	out, in := io.Pipe()
	go vm.console.read(out)
	go func() {
		io.WriteString(in, "a 1\r\nb 2\n")
		io.WriteString(in, "a 3\nunfinished")
		in.Close()
	}()
	f := func(prefix, want string) {
		t.Helper()
		got, err := vm.WaitLine(t.Context(), prefix)
		if err != nil {
			got = "error"
			if !strings.Contains(err.Error(), "a 3") {
				t.Errorf("%v; want the lines that were seen", err)
			}
		}
		if got != want {
			t.Errorf("WaitLine(%q) = %q, want %q", prefix, got, want)
		}
	}
	f("b", "b 2")
	f("a", "a 3")
	f("un", "unfinished")
	f("a", "error")
}

func TestWaitLineEnds(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	vm := &VM{console: console{changed: make(chan struct{})}}
	if _, err := vm.WaitLine(ctx, "x"); err == nil || !strings.Contains(err.Error(), "canceled") {
		t.Errorf("got %v", err)
	}
}
