package verify

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"iptvdc/aggregator"
	"iptvdc/aggregator/console"
	"iptvdc/aggregator/intake"
	"iptvdc/aggregator/ledger"
	"iptvdc/aggregator/loader"
	"iptvdc/aggregator/report"
	"iptvdc/aggregator/settings"
	"iptvdc/aggregator/store"
	"iptvdc/aggregator/store/duckdb"
	"iptvdc/aggregator/store/storetest"
	"iptvdc/protocol"
	"iptvdc/testbench/fleet"
	"iptvdc/testbench/oracle"
)

// TestEngines sends days of a fleet through the real intake, loader, store and
// console, without a network between, and compares every figure with the
// oracle's: the definitions stand twice, here they meet.
func TestEngines(t *testing.T) {
	t.Run("reference", func(t *testing.T) { engines(t, storetest.Memory(), 20, 2, 7) })
	t.Run("duckdb", func(t *testing.T) {
		if testing.Short() {
			t.Skip("asks a real engine some hundred questions")
		}
		s, err := duckdb.Open(filepath.Join(t.TempDir(), "events.duckdb"), duckdb.Options{})
		if err != nil {
			t.Fatal(err)
		}
		engines(t, s, 30, 9, 2)
	})
}

func engines(t *testing.T, s store.Store, boxes, days, oneOf int) {
	t.Cleanup(func() {
		if err := s.Shutdown(); err != nil {
			t.Error(err)
		}
	})
	kept := ledger.NewMemory()
	secrets := aggregator.NewSecrets()
	door := intake.New(kept, intake.Config{})
	name := filepath.Join(t.TempDir(), "truth")
	file, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	end := time.Date(2026, 11, 3, 21, 30, 0, 0, aggregator.Shanghai)
	cfg := fleet.HistoryConfig{Boxes: boxes, Seed: 21, EndMs: end.UnixMilli(), Truth: fleet.NewTruth(file, fleet.TruthHead{Seed: 21}), BatchEvents: 70}
	repeats := 0
	strayed := map[string]bool{}
	events, err := fleet.History(t.Context(), cfg, days, func(topic string, packet []byte, atMs int64) error {
		packet, err := stray(topic, packet, strayed)
		if err != nil {
			return err
		}
		times := 1
		if packet[len(packet)-1]%8 == 0 {
			times = 2 // as a network does
			repeats++
		}
		for range times {
			if _, _, err := door.Receive(t.Context(), topic, packet, atMs); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := door.Close(); err != nil {
		t.Fatal(err)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	load(t, kept, s, secrets)
	t.Logf("%d events, %d batches twice, %d boxes with a wrong wall clock", events, repeats, len(strayed))

	url, token := page(t, kept, s, secrets)
	file, err = os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	truth := new(oracle.Truth)
	if err := truth.Read(file); err != nil {
		t.Fatal(err)
	}
	r, err := Run(t.Context(), truth, Config{URL: url, Token: token, OneOf: oneOf})
	if err != nil {
		t.Fatal(err)
	}
	cells := 0
	for _, l := range r.Lines {
		if cells += l.Cells; l.Cells == 0 {
			t.Errorf("%s was not compared", l.Indicator)
		}
	}
	t.Logf("%d figures compared in %d questions", cells, r.Queries)
	told := make(map[string]int)
	for r := range truth.All() {
		told[r.Event.Kind]++
	}
	for _, kind := range []string{"impression", "order_page", "playback", "health"} {
		if told[kind] == 0 {
			t.Errorf("no %s was told, its figures are of nothing", kind)
		}
	}
	t.Log(told)
	all := oracle.New(truth).Ask("total")
	total := oracle.Cell{Period: "total"}
	edited, raw := all["viewing_minutes"][total].Number, all["viewing_minutes"+oracle.Raw][total].Number
	if t.Logf("%.0f minutes viewed, %.0f edited", raw, edited); edited >= raw {
		t.Error("nothing is edited, the comparison is of nothing")
	}
	if !r.Equal || int64(r.Events) != events || repeats == 0 || len(strayed) == 0 {
		if err := r.Print(os.Stderr); err != nil {
			t.Error(err)
		}
		t.Errorf("%d events, %d in the truth, %d repeats, %d wrong wall clocks: %s", events, r.Events, repeats, len(strayed), summary(r))
	}
}

// stray sets the wall clock wrong at which a box of every third shard sends:
// eight hours ahead, as one does that takes the hour in China for UTC. Nothing
// may come of it [D8, S10].
func stray(topic string, packet []byte, strayed map[string]bool) ([]byte, error) {
	route, err := protocol.ParseUpTopic(topic)
	if err != nil || route.Shard%3 != 0 {
		return packet, err
	}
	b, err := new(protocol.Decoder).Batch(packet)
	if err != nil {
		return nil, err
	}
	strayed[route.Box] = true
	b.WallMs += uint64((8 * time.Hour).Milliseconds())
	return protocol.AppendBatch(nil, &b.Sealed, &b.Envelope), nil
}

// load brings everything from the ledger into the store and closes it.
func load(t *testing.T, l ledger.Ledger, s store.Store, secrets aggregator.Secrets) {
	t.Helper()
	ld := loader.New(loader.Config{Source: l, Target: s, Secrets: secrets, MaxEvents: 5000})
	for {
		more, err := ld.Step(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if !more {
			break
		}
	}
	for {
		snap, err := s.Dirty(t.Context(), 500)
		if err != nil {
			t.Fatal(err)
		}
		if len(snap.Cells) == 0 {
			return
		}
		if err := s.Close(t.Context(), snap); err != nil {
			t.Fatal(err)
		}
	}
}

// page serves the console over engines.
func page(t *testing.T, l ledger.Ledger, s store.Store, secrets aggregator.Secrets) (url, token string) {
	t.Helper()
	who, err := settings.Open(t.Context(), filepath.Join(t.TempDir(), "settings.db"), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { who.Close() })
	token, err = who.NewToken(t.Context(), settings.Principal{Name: "verify", Grants: aggregator.Everything(), Powers: settings.Administer})
	if err != nil {
		t.Fatal(err)
	}
	c, err := console.New(console.Config{
		Desk:    func(report.Composer) console.Desk { return nil }, // nothing is sent
		Figures: s, Identities: who, Books: books{l, s}, Auditor: auditor{s, secrets}, Profiles: s,
		Problems: func(context.Context) []console.Problem { return nil }, Metrics: http.NotFoundHandler(),
		Version: "test", Registry: prometheus.NewRegistry(), Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(c)
	t.Cleanup(server.Close)
	t.Cleanup(c.Close)
	return server.URL, token
}

type books struct {
	ledger ledger.Ledger
	store  store.Store
}

func (b books) Accounts(ctx context.Context) ([]console.Account, error) {
	gaps, err := b.ledger.Gaps(ctx)
	var all []console.Account
	for _, g := range gaps {
		all = append(all, console.Account{Province: g.Province, Boxes: g.Boxes, Streams: g.Streams, Received: g.Received, Lost: g.Lost, Quarantined: g.Quarantine})
	}
	return all, err
}

func (b books) Backlog(ctx context.Context) (uint64, int, error) {
	events, err := b.ledger.Backlog(ctx)
	if err != nil {
		return 0, 0, err
	}
	_, dirty, err := b.store.AsOf(ctx)
	return events, dirty, err
}

func (b books) Quarantine(context.Context, int) ([]console.Poison, error) { return nil, nil }

type auditor struct {
	store   store.Store
	secrets aggregator.Secrets
}

func (a auditor) Audit(ctx context.Context, boxes []string) ([]console.AuditRow, error) {
	names := make(map[uint64]string)
	var keys []uint64
	for _, b := range boxes {
		names[a.secrets.BoxKey(b)] = b
		keys = append(keys, a.secrets.BoxKey(b))
	}
	held, err := a.store.Audit(ctx, keys)
	var rows []console.AuditRow
	for _, r := range held {
		rows = append(rows, console.AuditRow{Box: names[r.Box], Kind: protocol.Kind(r.Kind).String(), Events: r.Events, MonoSum: r.MonoSum})
	}
	return rows, err
}

func (a auditor) Events(ctx context.Context, box string) ([]console.AuditEvent, error) {
	held, err := a.store.Events(ctx, a.secrets.BoxKey(box))
	var all []console.AuditEvent
	for _, e := range held {
		all = append(all, console.AuditEvent{Boot: e.Boot, MonoMs: e.MonoMs, Kind: protocol.Kind(e.Kind).String()})
	}
	return all, err
}
