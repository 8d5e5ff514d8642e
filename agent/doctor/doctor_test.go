package doctor

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"iptvdc/agent/daemon"
	"iptvdc/agent/outbox"
	"iptvdc/agent/session"
	"iptvdc/agent/uplink"
	"iptvdc/protocol"
)

type wall time.Time

func (w wall) MonoMs() uint64 { return 1000 }
func (w wall) WallMs() uint64 { return uint64(time.Time(w).UnixMilli()) }

func patient(t *testing.T) *Patient {
	t.Helper()
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	return &Patient{Config: daemon.Config{Dir: dir}, Clock: session.SystemClock{}}
}

// found makes one check and wants a finding of level with the words in it; a
// problem must come with a cure, and everything in both languages.
func found(t *testing.T, p *Patient, name string, level Level, says string) {
	t.Helper()
	checks, err := Choose([]string{name})
	if err != nil {
		t.Fatal(err)
	}
	var all []Finding
	Run(t.Context(), p, checks, func(r Result) { all = r.Findings })
	seen := false
	for _, f := range all {
		seen = seen || f.Level == level && strings.Contains(f.What.EN, says)
		if f.What.EN == "" || f.What.ZH == "" || (f.Level == Problem) != (f.Cure.EN != "") || (f.Cure.EN == "") != (f.Cure.ZH == "") ||
			strings.Contains(f.What.EN+f.What.ZH+f.Cure.EN+f.Cure.ZH, "%!") {
			t.Errorf("%s: half a finding: %+v", name, f)
		}
	}
	if !seen {
		t.Errorf("%s: %+v; want a %s with %q", name, all, level, says)
	}
}

func (p *Patient) file(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(p.Config.Dir, name)
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte(text), 0o600)); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestFolder(t *testing.T) {
	p := patient(t)
	found(t, p, "folder", OK, "can be written to")
	if err := os.Chmod(p.Config.Dir, 0o755); err != nil {
		t.Fatal(err)
	}
	found(t, p, "folder", Problem, "other users")
	p.Config.Outbox.MaxBytes = 1 << 60
	found(t, p, "folder", Problem, "the outbox may need")
	p.Config.Dir = p.file(t, "text", "")
	found(t, p, "folder", Problem, "no folder")
	p.Config.Dir += "/none"
	found(t, p, "folder", Problem, "cannot be looked at")
	p.Config.Dir = filepath.Join(t.TempDir(), "none")
	found(t, p, "folder", Problem, "is not there")
	found(t, p, "speed", Problem, "nothing can be written")
	if f := onFileSystem("/x", 0x01021994); f.Level != Problem || !strings.Contains(f.What.EN, "in memory") {
		t.Errorf("tmpfs: %+v", f)
	}
	if f := onFileSystem("/x", 12345); f.Level != Note {
		t.Errorf("unknown: %+v", f)
	}
	found(t, patient(t), "speed", OK, "a synced write takes")
}

func TestOutbox(t *testing.T) {
	p := patient(t)
	found(t, p, "outbox", Note, "none yet")
	o, err := outbox.New(outbox.NewSQLite(p.Config.Dir), outbox.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := o.Append(protocol.Event{Kind: protocol.Click, Page: "a"}); err != nil {
		t.Fatal(err)
	}
	busy := *p
	busy.asked = false
	found(t, &busy, "outbox", Problem, "does not answer")
	busy.asked = false
	found(t, &busy, "agent", Problem, "does not answer")
	if err := o.Close(); err != nil {
		t.Fatal(err)
	}
	p.asked = false
	found(t, p, "outbox", OK, "1 events")
	found(t, p, "backlog", OK, "1 events wait")
	found(t, p, "agent", Problem, "none is running")
	p = patient(t)
	p.file(t, "outbox.db", strings.Repeat("no database ", 500))
	found(t, p, "outbox", Problem, "not a database")
}

func TestMachine(t *testing.T) {
	p := patient(t)
	for _, name := range []string{"proc", "clock", "boot", "kernel", "random"} {
		found(t, p, name, OK, "")
	}
	p.Clock = wall(time.Unix(3600, 0))
	found(t, p, "clock", Note, "1970-01-01")
	p.Root = p.Config.Dir
	found(t, p, "proc", Problem, "/proc is not there")
	found(t, p, "boot", Problem, "no id of this boot")
	found(t, p, "memory", Note, "cannot be read")
	p.file(t, "proc/meminfo", "MemTotal: 262144 kB\nMemAvailable: 9000 kB\n")
	found(t, p, "memory", Problem, "9000 kB of 256 MB")
	p.file(t, "proc/meminfo", "MemTotal: 262144 kB\nMemFree: 90000 kB\n")
	found(t, p, "memory", OK, "87 MB")
	p.file(t, "proc/self/status", "Seccomp:\t2\n")
	found(t, p, "kernel", Note, "seccomp")
	f := func(release string, want Level) {
		t.Helper()
		if got := kernelVersion(release, "armv7l"); got.Level != want {
			t.Errorf("%s: %+v", release, got)
		}
	}
	f("2.6.35", Problem)
	f("3.1.10-g", Problem)
	f("3.2", OK)
	f("3.10.0+", OK)
	f("4.9-rc1", Note)
	f("6.1.0-50-armmp", OK)
	f("odd", Note)
}

// authority is a CA and a broker's certificate from it.
func authority(t *testing.T, until time.Time) (ca []byte, pair tls.Certificate, keyPEM, certPEM []byte) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "our authority"}, NotBefore: time.Now().Add(-time.Hour),
		NotAfter: until, IsCA: true, BasicConstraintsValid: true, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign}
	der, err := x509.CreateCertificate(rand.Reader, c, c, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	k, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	certPEM = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	keyPEM = pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: k})
	if pair, err = tls.X509KeyPair(certPEM, keyPEM); err != nil {
		t.Fatal(err)
	}
	return certPEM, pair, keyPEM, certPEM
}

func TestCertificates(t *testing.T) {
	p := patient(t)
	found(t, p, "certificates", OK, "none are needed")
	p.Config.Brokers = []string{"tls://h"}
	found(t, p, "certificates", Note, "none given")
	ca, _, key, cert := authority(t, time.Now().Add(1000*time.Hour))
	p.CA = p.file(t, "ca.pem", string(ca))
	found(t, p, "certificates", OK, "our authority")
	p.Clock = wall(time.Now().Add(900 * time.Hour))
	found(t, p, "certificates", Note, "no longer than")
	p.Clock = wall(time.Now().Add(2000 * time.Hour))
	found(t, p, "certificates", Problem, "has expired")
	p.Clock = wall(time.Unix(0, 0))
	found(t, p, "certificates", Problem, "holds only from")
	p.Config.NotBefore = time.Now() // when the program was built
	found(t, p, "certificates", OK, "our authority")
	p.CA = p.file(t, "ca.pem", "none")
	found(t, p, "certificates", Problem, "no certificate in PEM")
	p.CA = "/nonexistent"
	found(t, p, "certificates", Problem, "is not there")
	p.CA, p.Cert = "", p.file(t, "cert.pem", string(cert))
	found(t, p, "certificates", Problem, "only one")
	p.Key = p.file(t, "key.pem", string(key))
	found(t, p, "certificates", OK, "the box's certificate")
	_, _, other, _ := authority(t, time.Now().Add(time.Hour))
	p.Key = p.file(t, "key.pem", string(other))
	found(t, p, "certificates", Problem, "private key")
	found(t, p, "keys", Note, "none given")
	p.Keys = p.file(t, "keys", " \n")
	found(t, p, "keys", Problem, "no key in it")
	p.Keys = p.file(t, "keys", "1 abc")
	found(t, p, "keys", Problem, "no public key")
	p.Keys = p.file(t, "keys", "1 "+strings.Repeat("A", 43)+"=\n")
	found(t, p, "keys", OK, "holds 1 keys")
	if err := os.Chmod(p.Keys, 0o666); err != nil {
		t.Fatal(err)
	}
	found(t, p, "keys", Problem, "other users")
}

func TestBrokers(t *testing.T) {
	p := patient(t)
	found(t, p, "brokers", Note, "none are known")
	ca, pair, _, _ := authority(t, time.Now().Add(1000*time.Hour))
	l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				_ = conn.(*tls.Conn).Handshake()
				conn.Close()
			}()
		}
	}()
	addr := l.Addr().String()
	p.Config.Brokers = []string{"tcp://" + addr}
	found(t, p, "brokers", OK, "answers on TCP")
	p.Config.Brokers = []string{"tls://" + addr}
	found(t, p, "brokers", Problem, "signed by nobody we trust")
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(ca)
	p.TLS = &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
	found(t, p, "brokers", OK, "TLS handshake done")
	p.Clock = wall(time.Now().Add(2000 * time.Hour))
	found(t, p, "brokers", Problem, "expired")
	_, port, _ := net.SplitHostPort(addr)
	p.Clock, p.Config.Brokers = session.SystemClock{}, []string{"tls://broker.example:" + port}
	p.Resolve = func(context.Context, string) ([]string, error) { return []string{"127.0.0.1"}, nil }
	found(t, p, "brokers", OK, "broker.example is 127.0.0.1")
	found(t, p, "brokers", Problem, "not valid for any names")
	p.Resolve = func(context.Context, string) ([]string, error) { return nil, errors.New("no such host") }
	p.Root = p.Config.Dir
	found(t, p, "brokers", Problem, "no /etc/resolv.conf")
	p.file(t, "etc/resolv.conf", "# nothing\n")
	found(t, p, "brokers", Problem, "names no server")
	p.file(t, "etc/resolv.conf", "nameserver 10.9.9.9\n")
	found(t, p, "brokers", Problem, "asked were 10.9.9.9")
	p.Config.Brokers = []string{"mqtt://x"}
	found(t, p, "brokers", Problem, "allowed: tcp://")
	l.Close()
	p.Config.Brokers = []string{"tcp://" + addr}
	found(t, p, "brokers", Problem, "nobody listens")
}

// TestRunning looks at a real agent.
func TestRunning(t *testing.T) {
	p := patient(t)
	timing := uplink.DefaultTiming()
	timing.FirstSpread, timing.BackoffMin, timing.BackoffMax = 0, time.Hour, time.Hour
	d, err := daemon.New(daemon.Config{Dir: p.Config.Dir, Brokers: []string{"tcp://127.0.0.1:1"}, Province: 33,
		Identity: protocol.Event{City: 3301}, Listen: "127.0.0.1:0", Timing: timing})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- d.Run(ctx) }()
	for t.Context().Err() == nil { // until the first attempt has failed
		p.asked = false
		if s, err := p.state(t.Context()); err == nil && s.Running && s.Uplink != nil && s.Uplink.Failures > 0 {
			break
		}
	}
	found(t, p, "agent", OK, "running: box")
	found(t, p, "agent", Problem, "not connected")
	found(t, p, "outbox", OK, "open in the running agent")
	found(t, p, "ways-in", OK, "events.sock answers")
	found(t, p, "ways-in", OK, "http://127.0.0.1:")
	found(t, p, "acks", Note, "none yet")
	found(t, p, "brokers", Problem, "nobody listens") // as the agent has them
	found(t, p, "backlog", OK, "2 events wait")
	u := p.status.Uplink
	u.State, u.Sent = uplink.Connected, 9
	found(t, p, "agent", OK, "connected to a broker")
	found(t, p, "acks", Problem, "9 batches were sent")
	u.Unknown, u.Version = 3, 1
	found(t, p, "acks", Problem, "does not know this box")
	found(t, p, "acks", Problem, "too old")
	u.LastAckMs, p.status.UpMs, p.status.Outbox.Events = 1, 3_600_001, 5
	found(t, p, "acks", Problem, "the last was 1h0m0s ago")
	p.status.Outbox.Events = 0
	found(t, p, "acks", OK, "the last was 1h0m0s ago")
	p.status.Outbox.Evicted = 4
	found(t, p, "backlog", Problem, "4 were given up")
	p.status.Outbox.Evicted, p.status.Outbox.Bytes = 0, 6<<20
	found(t, p, "backlog", Problem, "take 6144 kB of 7168 kB")
	p.status.Recorder.Failing = true
	found(t, p, "agent", Problem, "cannot write to the flash")
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
	p.status.Socket += ".gone"
	found(t, p, "ways-in", Problem, "does not answer")
	p.asked, p.Config.Listen = false, "127.0.0.1:0"
	found(t, p, "ways-in", OK, "free for one")
	p.Config.Listen = "192.0.2.1:1"
	found(t, p, "ways-in", Problem, "cannot be had")
}

func TestChoose(t *testing.T) {
	all, err := Choose(nil)
	if err != nil || len(all) != len(Checks())-1 || all[0].Name != "proc" {
		t.Errorf("%d checks, %v", len(all), err)
	}
	if _, err := Choose([]string{"teeth"}); err == nil || !strings.Contains(err.Error(), "--list") {
		t.Error(err)
	}
	for _, c := range Checks() {
		if c.Title.EN == "" || c.Title.ZH == "" || c.Run == nil {
			t.Errorf("%+v", c)
		}
	}
	p := patient(t)
	p.Root = p.Config.Dir // no /proc there: the first problem ends it
	n := 0
	if Run(t.Context(), p, Checks(), func(Result) { n++ }) || n != 1 {
		t.Errorf("%d checks made", n)
	}
}
