package broker_test

import (
	"bufio"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"iptvdc/aggregator/broker"
	"iptvdc/aggregator/intake"
	"iptvdc/aggregator/ledger"
	"iptvdc/aggregator/ledger/ledgertest"
)

// fewFiles tells a copy of this test binary to be a broker that may open few
// files.
const fewFiles = "BROKER_TEST_FEW_FILES"

func TestMain(m *testing.M) {
	if os.Getenv(fewFiles) != "" {
		if err := serveFew(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// serveFew serves until its input ends, then says how often it ran short.
func serveFew() error {
	limit := syscall.Rlimit{Cur: 40, Max: 40}
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return err
	}
	in := intake.New(ledger.NewMemory(), intake.Config{})
	b, err := broker.New(broker.Config{Listen: "127.0.0.1:0", Logger: slog.New(slog.NewTextHandler(os.Stderr, nil))}, in)
	if err != nil {
		return err
	}
	fmt.Println(b.Addr())
	if _, err := io.Copy(io.Discard, os.Stdin); err != nil {
		return err
	}
	if err := b.Close(); err != nil {
		return err
	}
	fmt.Println(b.Stats().Unaccepted.Load())
	return in.Close()
}

// More connections than files: the broker says what to do, and lets boxes in
// again when others have left.
func TestFilesRunShort(t *testing.T) {
	c := exec.Command(os.Args[0])
	c.Env = append(os.Environ(), fewFiles+"=1")
	told, err := c.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	stop, err := c.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	// If it hangs, its stack says where.
	hung := time.AfterFunc(patience, func() { _ = c.Process.Signal(syscall.SIGQUIT) })
	defer hung.Stop()
	said, log := bufio.NewScanner(out), bufio.NewScanner(told)
	said.Scan()
	address := said.Text()
	var conns []net.Conn
	for range 60 {
		conn, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		conns = append(conns, conn)
	}
	var lines []string
	for log.Scan() && !strings.Contains(log.Text(), "LimitNOFILE") {
		lines = append(lines, log.Text())
	}
	for _, conn := range conns {
		conn.Close()
	}
	box, err := connect(t, dial{url: "tcp://" + address}, ledgertest.NewStream(ledgertest.BoxID(1), 33, 7))
	if err != nil {
		t.Fatalf("after the others had left: %v\n%s", err, strings.Join(lines, "\n"))
	}
	box.client.Disconnect(0)
	stop.Close()
	said.Scan()
	if n := said.Text(); n == "0" || n == "" {
		t.Errorf("%q pauses", n)
	}
	for log.Scan() {
		lines = append(lines, log.Text())
	}
	if err := c.Wait(); err != nil {
		t.Errorf("%v\n%s", err, strings.Join(lines, "\n"))
	}
}

// A caller that never says who it is does not keep the broker from closing.
func TestCloseWithSilentCaller(t *testing.T) {
	in := newIntake(t, ledger.NewMemory())
	b, err := broker.New(broker.Config{Listen: "127.0.0.1:0"}, in)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := net.Dial("tcp", b.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	other, err := connect(t, dial{url: "tcp://" + b.Addr()}, ledgertest.NewStream(ledgertest.BoxID(1), 33, 7))
	if err != nil {
		t.Fatal(err)
	}
	defer other.client.Disconnect(0)
	if err := b.Close(); err != nil {
		t.Error(err)
	}
	if _, err := conn.Read(make([]byte, 1)); err == nil {
		t.Error("the silent caller is still connected")
	}
}
