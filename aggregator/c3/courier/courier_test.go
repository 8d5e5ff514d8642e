package courier

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"iptvdc/aggregator"
	"iptvdc/aggregator/c3"
	"iptvdc/aggregator/c3/fetch"
	"iptvdc/aggregator/c3/inbox"
	"iptvdc/aggregator/c3/soap"
	"iptvdc/aggregator/store"
	"iptvdc/aggregator/store/storetest"
)

const catalogue = `<ADI><Objects><Object ElementType="Program" ID="1" Code="P1" Action="REGIST"><Property Name="Name">One</Property></Object>` +
	`<Object ElementType="Program" ID="2"/></Objects></ADI>`

// bench is a courier between a SOAP server, a file server and a real inbox, and a
// sender that is told.
type bench struct {
	*testing.T
	folder   string
	store    store.Store
	secrets  aggregator.Secrets
	inbox    *inbox.Inbox
	courier  *Courier
	client   soap.Client
	notifier *soap.Notifier
	files    *httptest.Server
	now      time.Time

	mu    sync.Mutex
	serve string // what the file server has; "": nothing
	told  []string
}

const key = "k3y"

func newBench(t *testing.T) *bench {
	b := &bench{T: t, folder: t.TempDir(), store: storetest.Memory(), secrets: aggregator.NewSecrets(), serve: catalogue,
		now: time.Date(2026, 5, 3, 8, 0, 0, 0, aggregator.Shanghai)}
	b.files = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b.mu.Lock()
		defer b.mu.Unlock()
		if r.URL.Path == "/told" {
			body, _ := io.ReadAll(r.Body)
			b.told = append(b.told, string(body))
			return
		}
		if b.serve == "" {
			http.NotFound(w, r)
			return
		}
		_, _ = io.WriteString(w, b.serve)
	}))
	t.Cleanup(b.files.Close)
	b.open()
	return b
}

// open makes everything anew, as a program that starts does.
func (b *bench) open() {
	b.Helper()
	var err error
	clock := func() time.Time { return b.now }
	if b.inbox, err = inbox.New(b.Context(), inbox.Config{Folder: b.folder, Store: b.store, Secrets: b.secrets, Now: clock}); err != nil {
		b.Fatal(err)
	}
	f, err := fetch.New(fetch.Config{Allow: []string{"127.0.0.1"}})
	if err != nil {
		b.Fatal(err)
	}
	b.courier, err = New(Config{Folder: filepath.Join(b.folder, "soap"), Inbox: b.inbox, Fetcher: f, ResultURL: "http://centre/c3/results/", Now: clock})
	if err != nil {
		b.Fatal(err)
	}
	callback, err := fetch.ParseURL(b.files.URL + "/told")
	if err != nil {
		b.Fatal(err)
	}
	b.notifier, err = soap.NewNotifier(soap.NotifierConfig{Outbox: b.courier, Poster: f, Now: clock, Callback: func(string, string) fetch.URL { return callback }})
	if err != nil {
		b.Fatal(err)
	}
	here := []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	server, err := soap.NewServer(soap.Config{
		Senders:      []soap.Sender{{Province: 33, CSPID: "csp", LSPID: "lsp", From: here}},
		OrderSenders: []soap.OrderSender{{Province: 43, SPID: "sp", Key: key, From: here}},
		Commands:     b.courier, Relations: b.courier,
	})
	if err != nil {
		b.Fatal(err)
	}
	web := httptest.NewServer(server)
	b.Cleanup(web.Close)
	b.client = soap.Client{Endpoint: web.URL}
}

func (b *bench) command(id string) {
	b.Helper()
	if r, err := b.client.ExecCmd(b.Context(), "csp", "lsp", id, strings.Replace(b.files.URL, "http://", "http://user:secret@", 1)+"/c.xml"); err != nil || r.Result != 0 {
		b.Fatal(r, err)
	}
}

// settle does what is due and tells senders.
func (b *bench) settle() {
	b.Helper()
	b.courier.Pass(b.Context())
	if _, err := b.notifier.Pass(b.Context()); err != nil {
		b.Fatal(err)
	}
}

func (b *bench) rows() []store.FileRow {
	b.Helper()
	rows, err := b.store.Files(b.Context(), store.FileQuery{Scope: aggregator.Scope{All: true}})
	if err != nil {
		b.Fatal(err)
	}
	return rows
}

func TestCommand(t *testing.T) {
	b := newBench(t)
	b.command("1")
	b.command("1") // again: nothing new
	b.settle()
	if rows := b.rows(); len(rows) != 1 || rows[0].Outcome != c3.OutcomePartly || rows[0].Province != 33 {
		t.Errorf("%+v", rows)
	}
	id := idOf("csp", "lsp", "1")
	if len(b.told) != 1 || !strings.Contains(b.told[0], "http://centre/c3/results/"+id+".xml") || !strings.Contains(b.told[0], ">0<") {
		t.Errorf("told %q", b.told)
	}
	f, err := b.courier.Results(id)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	text, err := io.ReadAll(f)
	if err != nil || !strings.Contains(string(text), `Code="P1"`) || !strings.Contains(string(text), "incomplete") || strings.Count(string(text), "<Object ") != 2 {
		t.Errorf("%v %s", err, text)
	}
	for _, bad := range []string{"", "../commands/" + id, strings.ToUpper(id), id + "x"} {
		if _, err := b.courier.Results(bad); err == nil {
			t.Errorf("%q gives a file", bad)
		}
	}
	// What was told is over, and the credentials are gone.
	kept, err := os.ReadFile(filepath.Join(b.folder, "soap", commandsDir, id+".json"))
	if err != nil || strings.Contains(string(kept), "secret") || !strings.Contains(string(kept), stateTold) {
		t.Errorf("%v %s", err, kept)
	}
	b.open()
	b.command("1")
	b.settle()
	if len(b.told) != 1 {
		t.Errorf("told %d times", len(b.told))
	}
	// After a while it is forgotten, its result too, but not before.
	b.now = b.now.Add(6 * 24 * time.Hour)
	if n, _, err := b.courier.Prune(); n != 0 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	b.now = b.now.Add(2 * 24 * time.Hour)
	if n, _, err := b.courier.Prune(); n != 1 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	b.expectNothing(commandsDir, resultsDir, fetchedDir)
}

// expectNothing says that folders of the courier's are empty.
func (b *bench) expectNothing(folders ...string) {
	b.Helper()
	for _, folder := range folders {
		if left, err := os.ReadDir(filepath.Join(b.folder, "soap", folder)); err != nil || len(left) != 0 {
			b.Errorf("%v, %v are left in %s", left, err, folder)
		}
	}
}

// A file that is not there yet is tried again; one that cannot be had is told.
func TestCommandThatFails(t *testing.T) {
	b := newBench(t)
	b.serve = ""
	b.command("1")
	b.settle()
	if len(b.told) != 0 {
		t.Fatalf("told %q", b.told)
	}
	b.serve = catalogue
	b.settle() // not due yet
	if len(b.rows()) != 0 {
		t.Error("tried again at once")
	}
	b.open()
	b.now = b.now.Add(5 * time.Second)
	b.settle()
	if len(b.rows()) != 1 || len(b.told) != 1 {
		t.Errorf("%d files, told %q", len(b.rows()), b.told)
	}

	b.serve = ""
	b.command("2")
	for range 200 {
		b.settle()
		b.now = b.now.Add(10 * time.Minute)
	}
	if len(b.told) != 2 || !strings.Contains(b.told[1], ">-1<") {
		t.Errorf("told %q", b.told)
	}
	b.serve = "<ADI" // refused
	b.command("3")
	b.settle()
	if len(b.told) != 3 || !strings.Contains(b.told[2], ">-1<") {
		t.Errorf("told %q", b.told)
	}
	want := CommandCounts{Told: 2, Queued: 2, Fetched: 2, Done: 1, Failed: 2, Delivered: 3}
	if got := b.courier.Stats().Commands[33]; got.Retried < 10 || got != (CommandCounts{Told: want.Told, Queued: want.Queued, Fetched: want.Fetched,
		Retried: got.Retried, Done: want.Done, Failed: want.Failed, Delivered: want.Delivered}) {
		t.Errorf("%+v, want %+v and some retried", got, want)
	}
	b.now = b.now.Add(30 * 24 * time.Hour)
	if n, _, err := b.courier.Prune(); n != 3 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	b.expectNothing(commandsDir, resultsDir, fetchedDir)
}

var errStop = errors.New("the program stops here")

// stopping stops before or after an import.
type stopping struct {
	importer
	before bool
}

func (s stopping) Take(ctx context.Context, p aggregator.Province, path string) (c3.Receipt, error) {
	if !s.before {
		if _, err := s.importer.Take(ctx, p, path); err != nil {
			return c3.Receipt{}, err
		}
	}
	return c3.Receipt{}, errStop
}

func (s stopping) TakeMessages(ctx context.Context, m inbox.Messages) (c3.Receipt, error) {
	if !s.before {
		if _, err := s.importer.TakeMessages(ctx, m); err != nil {
			return c3.Receipt{}, err
		}
	}
	return c3.Receipt{}, errStop
}

// Stopped before or after the import and started again, the catalogue is in once
// and its sender told once.
func TestCrashes(t *testing.T) {
	for _, before := range []bool{true, false} {
		t.Run(fmt.Sprint("before ", before), func(t *testing.T) {
			b := newBench(t)
			b.courier.cfg.Inbox = stopping{b.inbox, before}
			b.command("1")
			b.relation("1", 1)
			b.courier.Pass(t.Context())
			if err := b.courier.TakeRelations(t.Context()); !errors.Is(err, errStop) {
				t.Error(err)
			}
			b.open()
			b.relation("2", 2) // more came meanwhile
			b.now = b.now.Add(time.Minute)
			b.settle()
			if err := b.courier.TakeRelations(t.Context()); err != nil {
				t.Error(err)
			}
			catalogues, accepted := 0, int64(0)
			for _, r := range b.rows() {
				if r.Feed == c3.FeedCatalogue {
					catalogues++
				} else {
					accepted += r.Accepted
				}
			}
			if catalogues != 1 || accepted != 2 || len(b.told) != 1 || !strings.Contains(b.told[0], ">0<") {
				t.Errorf("%d catalogues, %d relations, told %q; %+v", catalogues, accepted, b.told, b.rows())
			}
		})
	}
}

func (b *bench) relation(sequence string, update soap.UpdateType) {
	b.Helper()
	at := b.now.UnixMilli()
	r, err := b.client.Notify(b.Context(), soap.Relation{Sequence: sequence, UserIDType: "1", UserID: "13800000001", SPID: "sp", ProductID: "p", Update: update, UpdateMs: at}, key, b.now)
	if err != nil || r.Result != 0 {
		b.Fatal(r, err)
	}
}

func TestRelations(t *testing.T) {
	b := newBench(t)
	b.relation("1", soap.UpdateSubscribe)
	b.relation("1", soap.UpdateSubscribe)
	b.relation("2", soap.UpdateUnsubscribe)
	if err := b.courier.TakeRelations(t.Context()); err != nil {
		t.Fatal(err)
	}
	rows := b.rows()
	if len(rows) != 1 || rows[0].Feed != c3.FeedOrders || rows[0].Province != 43 || rows[0].Accepted != 2 {
		t.Fatalf("%+v", rows)
	}
	left, err := os.ReadDir(filepath.Join(b.folder, "soap", relationsDir))
	if err != nil || len(left) != 0 {
		t.Errorf("%v, %v are left", left, err)
	}
	if rows[0].Day != aggregator.DayOf(b.now.UnixMilli()) {
		t.Errorf("of %v", rows[0].Day)
	}
	// Once more, and after a restart: it is remembered for Keep.
	b.open()
	b.relation("1", soap.UpdateSubscribe)
	if got := b.courier.Stats().Relations[43]; got.Repeated != 1 || got.Waiting != 0 {
		t.Errorf("%+v", got)
	}
	// After that it is taken in again, which changes nothing.
	then := b.now
	b.now = b.now.Add(9 * 24 * time.Hour)
	if commands, relations, err := b.courier.Prune(); commands != 0 || relations != 2 || err != nil {
		t.Errorf("%d commands, %d relations, %v", commands, relations, err)
	}
	b.now = then // the very same message
	b.relation("1", soap.UpdateSubscribe)
	b.now = b.now.Add(9 * 24 * time.Hour)
	if got := b.courier.Stats(); got.Relations[43].Waiting != 1 || got.PrunedRelations != 2 {
		t.Errorf("%+v", got)
	}
	if err := b.courier.TakeRelations(t.Context()); err != nil {
		t.Fatal(err)
	}
	var repeated int64
	for _, r := range b.rows() {
		repeated += r.Repeated
	}
	if repeated != 1 {
		t.Errorf("%+v", b.rows())
	}
}

// Orders of two days are files of two days; of one that has not come: today's.
func TestRelationsOfDays(t *testing.T) {
	b := newBench(t)
	today := aggregator.DayOf(b.now.UnixMilli())
	for n, day := range []aggregator.Day{today - 3, today, today - 3, today + 40} {
		r := someRelation(n)
		r.UpdateMs = day.Start()
		if _, err := b.courier.Notify(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
	if err := b.courier.TakeRelations(t.Context()); err != nil {
		t.Fatal(err)
	}
	got := map[aggregator.Day]int64{}
	for _, r := range b.rows() {
		got[r.Day] += r.Accepted
	}
	if len(got) != 2 || got[today-3] != 2 || got[today] != 2 {
		t.Errorf("%v", got)
	}
}
