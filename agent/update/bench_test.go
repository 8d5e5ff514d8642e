package update

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"iptvdc/protocol"
)

// Two keys: release and spare.
var (
	release = ed25519.NewKeyFromSeed(bytes.Repeat([]byte{1}, 32))
	spare   = ed25519.NewKeyFromSeed(bytes.Repeat([]byte{2}, 32))
	keys    = protocol.Keys{1: release.Public().(ed25519.PublicKey), 2: spare.Public().(ed25519.PublicKey)}
	image   = Program{Agent: "1.0.0", Build: "arm7", Outbox: 2, OutboxMin: 1}
)

// program makes bytes that stand for a version's program, of several pieces.
func program(version uint64) []byte {
	return bytes.Repeat([]byte{byte(version), byte(version >> 8), 'p'}, 50_000)
}

func manifestOf(version uint64) protocol.Manifest {
	p := program(version)
	sum := sha256.Sum256(p)
	return protocol.Manifest{Version: version, Agent: "1." + string(rune('0'+version%10)) + ".0", Build: "arm7", Size: uint64(len(p)), SHA256: hex.EncodeToString(sum[:]), Outbox: 2, OutboxMin: 1}
}

func sign(tb testing.TB, m protocol.Manifest, key uint64, private ed25519.PrivateKey) []byte {
	tb.Helper()
	payload, err := json.Marshal(m)
	if err != nil {
		tb.Fatal(err)
	}
	packet, err := protocol.AppendManifest(nil, key, payload, private)
	if err != nil {
		tb.Fatal(err)
	}
	return packet
}

// mirror is what serves offers and programs.
type mirror struct {
	mu      sync.Mutex
	offer   []byte // nil: none
	once    bool   // the offer is taken back after it was asked for once
	files   map[string][]byte
	ranges  []string // asked for
	fail    func(n int) int
	noRange bool
	asked   string
	*httptest.Server
}

func newMirror(tb testing.TB, versions ...uint64) *mirror {
	m := &mirror{files: map[string][]byte{}}
	for _, v := range versions {
		m.files[manifestOf(v).SHA256] = program(v)
	}
	m.Server = httptest.NewServer(m)
	tb.Cleanup(m.Close)
	return m
}

func (m *mirror) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if r.URL.Path == "/update/v1/offer" {
		m.asked = r.URL.RawQuery
		if m.offer == nil {
			w.WriteHeader(http.StatusNoContent)
			return
		}
		_, _ = w.Write(m.offer)
		if m.once {
			m.offer = nil
		}
		return
	}
	m.ranges = append(m.ranges, r.Header.Get("Range"))
	if m.fail != nil {
		if code := m.fail(len(m.ranges)); code != 0 {
			http.Error(w, "no", code)
			return
		}
	}
	if m.noRange {
		r.Header.Del("Range")
	}
	file, ok := m.files[r.URL.Path[strings.LastIndexByte(r.URL.Path, '/')+1:]]
	if !ok {
		http.NotFound(w, r)
		return
	}
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(file))
}

// box is a box with an image, over restarts.
type box struct {
	t       testing.TB
	dir     string
	mirror  *mirror
	image   Program
	self    func(version uint64) Program
	model   string
	hours   *protocol.Span
	now     uint64
	urls    []string
	told    []protocol.Event
	tellErr error
	step    func(what, path string) error

	choice Choice
	up     *Updater
	ended  string
	acked  bool
}

var errCut = errors.New("the power is cut")

func newBox(t testing.TB, m *mirror) *box {
	return &box{t: t, dir: t.TempDir(), mirror: m, image: image, model: "E900V22C", urls: []string{m.URL}}
}

func (b *box) launcher() *Launcher {
	return &Launcher{Dir: b.dir, Keys: keys, Image: b.image, ImageText: b.image.Agent}
}

// start boots the box: the launcher chooses, and the program starts.
func (b *box) start() *box {
	b.t.Helper()
	c, err := b.launcher().Choose()
	if err != nil {
		b.t.Fatal(err)
	}
	return b.run(c)
}

func (b *box) run(c Choice) *box {
	b.t.Helper()
	b.choice, b.ended, b.acked = c, "", false
	env := map[string]string{}
	for _, line := range c.Env {
		name, value, _ := strings.Cut(line, "=")
		env[name] = value
	}
	place, err := PlaceOf(func(name string) string { return env[name] })
	if err != nil || !place.Launched {
		b.t.Fatalf("%+v, %v", place, err)
	}
	self := b.image
	if v := b.version(); v > 0 {
		m := manifestOf(v)
		self = Program{Agent: m.Agent, Build: "arm7", Outbox: 2, OutboxMin: 1}
		if b.self != nil {
			self = b.self(v)
		}
	}
	b.up = New(Config{
		Dir: b.dir, Keys: keys, URLs: b.urls, Box: "0123456789abcdef", Province: 33, Model: b.model, Place: place, Self: self,
		Hours: b.hours, Centre: func() uint64 { return b.now }, Acked: func() bool { return b.acked },
		Tell: func(_ context.Context, e protocol.Event) error {
			if b.tellErr == nil {
				if err := e.Check(); err != nil {
					b.t.Error(err)
				}
				b.told = append(b.told, e)
			}
			return b.tellErr
		},
		Restart: func(why string) { b.ended = why },
		sleep:   func(ctx context.Context, _ time.Duration) error { return ctx.Err() },
		step:    b.step,
	})
	b.up.Start(b.t.Context())
	return b
}

// version is what runs, found by its bytes; 0: the image's. Something that is no
// whole program is a failure.
func (b *box) version() uint64 {
	b.t.Helper()
	if b.choice.Program == "" {
		return 0
	}
	text, err := os.ReadFile(b.choice.Program)
	if err != nil {
		b.t.Fatal(err)
	}
	for v := uint64(1); v < 60; v++ {
		if bytes.Equal(text, program(v)) {
			return v
		}
	}
	b.t.Fatalf("%s was chosen and is no whole program", b.choice.Program)
	return 0
}

// says returns what was told since the last call, without the agents that ran.
func (b *box) says() string {
	var all []string
	for _, e := range b.told {
		if e.State != protocol.AgentRuns {
			all = append(all, strings.TrimSpace(e.State.String()+" "+e.Why))
		}
	}
	b.told = nil
	return strings.Join(all, "; ")
}

func (b *box) want(version uint64, says string) {
	b.t.Helper()
	if got := b.version(); got != version {
		b.t.Errorf("version %d runs, want %d", got, version)
	}
	if got := b.says(); got != says {
		b.t.Errorf("told: %s\nwant: %s", got, says)
	}
}

// update offers a version and brings the box to its trial.
func (b *box) update(version uint64) *box {
	b.t.Helper()
	b.mirror.offer = sign(b.t, manifestOf(version), 1, release)
	if !b.up.Look(b.t.Context()) {
		b.t.Fatalf("no trial: %s", b.up.Stats().Last)
	}
	return b.start()
}

func (b *box) getsWell() *box {
	b.t.Helper()
	b.acked = true
	if b.up.Health(time.Minute) {
		b.t.Fatalf("ended: %s", b.ended)
	}
	return b
}

func got12(program []byte) string {
	sum := sha256.Sum256(program)
	return hex.EncodeToString(sum[:])[:12]
}

// sealed puts a right checksum before whatever it is given.
func sealed(body []byte) []byte {
	return append(fmt.Appendf(nil, "%08x\n", crc32.Checksum(body, castagnoli)), body...)
}
