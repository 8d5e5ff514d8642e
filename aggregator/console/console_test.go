package console

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"iptvdc/aggregator"
	"iptvdc/aggregator/indicator"
	"iptvdc/aggregator/phone"
	"iptvdc/aggregator/rollout"
	"iptvdc/aggregator/settings"
	"iptvdc/aggregator/source"
	"iptvdc/aggregator/store"
	"iptvdc/aggregator/store/storetest"
)

// bench is a Console over the reference store and real settings, behind a real
// server.
type bench struct {
	t        *testing.T
	store    store.Store
	settings *settings.Settings
	console  *Console
	server   *httptest.Server
	registry *prometheus.Registry
	books    *fakeBooks
	queries  *countingFigures
	sources  *source.Shelf

	sending

	all, zhejiang, admin string // tokens
}

// fakeBooks is an account that tests set.
type fakeBooks struct {
	mu       sync.Mutex
	accounts []Account
	poison   []Poison
	err      error
}

func (b *fakeBooks) Accounts(context.Context) ([]Account, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.accounts, b.err
}

func (b *fakeBooks) Backlog(context.Context) (uint64, int, error) { return 7, 2, nil }

func (b *fakeBooks) Quarantine(context.Context, int) ([]Poison, error) { return b.poison, nil }

// fakeAuditor holds one box.
type fakeAuditor struct{}

const knownBox = "0123456789abcdef"

func (fakeAuditor) Audit(_ context.Context, boxes []string) ([]AuditRow, error) {
	var rows []AuditRow
	for _, b := range boxes {
		if b == knownBox {
			rows = append(rows, AuditRow{b, "click", 12, 123})
		}
	}
	return rows, nil
}

func (fakeAuditor) Events(_ context.Context, box string) ([]AuditEvent, error) {
	if box != knownBox {
		return nil, nil
	}
	return []AuditEvent{{1, 1, "click"}}, nil
}

// countingFigures counts questions and can hold or fail them.
type countingFigures struct {
	indicator.Source
	n    atomic.Int64
	hold chan struct{} // nil: do not
	fail atomic.Bool
}

func (c *countingFigures) Query(ctx context.Context, q store.Query) ([]store.Row, error) {
	c.n.Add(1)
	if c.fail.Load() {
		return nil, errors.New("disk on fire at /secret/path")
	}
	if c.hold != nil {
		select {
		case <-c.hold:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	return c.Source.Query(ctx, q)
}

var page = fstest.MapFS{
	"index.html":  {Data: []byte("<!doctype html><title>page</title>" + strings.Repeat("<p>text</p>", 200))},
	"reader.html": {Data: []byte("<!doctype html><title>reader</title>")},
	"main.js":     {Data: []byte("// short")},
}

func newBench(t *testing.T) *bench {
	t.Helper()
	return newBenchOver(t, storetest.Memory())
}

func newBenchOver(t *testing.T, st store.Store) *bench {
	t.Helper()
	b := &bench{t: t, store: st, registry: prometheus.NewRegistry()}
	b.books = &fakeBooks{accounts: []Account{{33, 3, 4, 90, 10, 5}, {43, 1, 1, 100, 0, 0}}, poison: []Poison{
		{time.UnixMilli(1_795_000_000_000), 33, knownBox, 1 << 60, 3, 20, "codec: 9"}, {time.UnixMilli(1_795_000_000_000), 43, knownBox, 2, 3, 20, "n: 9"},
	}}
	b.queries = &countingFigures{Source: b.store}
	var err error
	if b.settings, err = settings.Open(t.Context(), filepath.Join(t.TempDir(), "settings.sqlite"), time.Now); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.settings.Close() })
	b.sources, err = source.Open(t.Context(), source.Config{Dir: filepath.Join(t.TempDir(), "sources"), Key: filepath.Join(t.TempDir(), "key"), Book: b.settings, Now: func() time.Time { return time.UnixMilli(1_795_300_000_000) }, Log: slog.New(slog.DiscardHandler), Reach: source.Reach{Allow: []string{"127.0.0.1"}},
		Changed: func(names []string) {
			if b.console != nil {
				b.console.SourcesChanged(names)
			}
		}})
	if err != nil {
		t.Fatal(err)
	}
	apps, err := phone.Open(filepath.Join(t.TempDir(), "apps"), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = apps.Close() })
	b.console, err = New(Config{
		Releases: rollout.In(filepath.Join(t.TempDir(), "updates")), Outcomes: b.store,
		Apps: apps, First: firstStart(t, b.settings), MapFile: filepath.Join(t.TempDir(), "map.geojson"),
		Sources: b.sources, Figures: indicator.Joined(b.queries, b.sources), Identities: b.settings, Books: b.books, Auditor: fakeAuditor{}, Profiles: b.store, Claims: fakeClaims{}, Certificates: certificatesOf{33, 43}, Feeds: b.store, Decisions: fakeDecisions{}, Unknowns: fakeUnknowns{}, Quality: qualityBoard(b.store), Alerts: b.settings, Boards: b.settings, People: b.settings, Risks: b.store,
		Doors: b.settings, SignOns: b.settings,
		Reports: b.settings, Mail: b.mail(), Desk: b.newDesk, PublicURL: "https://data.example.cn/",
		Problems: func(context.Context) []Problem { return nil },
		Metrics:  promhttp.HandlerFor(b.registry, promhttp.HandlerOpts{}), Page: page,
		Version: "test", Registry: b.registry, Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	b.server = httptest.NewServer(b.console)
	t.Cleanup(func() { b.console.Close(); b.server.Close() })
	b.all = b.token(settings.Principal{Name: "all", Grants: aggregator.Everything()})
	b.zhejiang = b.token(settings.Principal{Name: "zj", Grants: aggregator.GrantsOf(aggregator.Scope{Provinces: []aggregator.Province{33}}, aggregator.DataSets()...)})
	b.admin = b.token(settings.Principal{Name: "admin", Grants: aggregator.Everything(), Powers: settings.Administer})
	return b
}

func (b *bench) token(p settings.Principal) string {
	b.t.Helper()
	secret, err := b.settings.NewToken(b.t.Context(), p)
	if err != nil {
		b.t.Fatal(err)
	}
	return secret
}

// powerOns loads and closes n power-ons of different boxes on 22 November.
func (b *bench) powerOns(p aggregator.Province, n int) {
	b.t.Helper()
	block := &store.Block{}
	day, err := aggregator.ParseDay("2026-11-22")
	if err != nil {
		b.t.Fatal(err)
	}
	for i := range n {
		block.Powers = append(block.Powers, store.Power{Stamp: store.Stamp{Province: p, City: aggregator.City(p)*100 + 1, Box: uint64(i + 1), Boot: 1, MonoMs: int64(i), AtMs: day.Start() + 19*aggregator.HourMs, Clock: 3}, On: true})
	}
	block.ID[0], block.ID[1] = byte(p), byte(n)
	if _, err := b.store.Insert(b.t.Context(), block); err != nil {
		b.t.Fatal(err)
	}
	dirty, err := b.store.Dirty(b.t.Context(), 100)
	if err != nil {
		b.t.Fatal(err)
	}
	if err := b.store.Close(b.t.Context(), dirty); err != nil {
		b.t.Fatal(err)
	}
}

type reply struct {
	status int
	header http.Header
	body   string
}

func (b *bench) do(method, path, token, body string, header ...string) reply {
	b.t.Helper()
	req, err := http.NewRequestWithContext(b.t.Context(), method, b.server.URL+path, strings.NewReader(body))
	if err != nil {
		b.t.Fatal(err)
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Do(req)
	if err != nil {
		b.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return reply{resp.StatusCode, resp.Header, string(text)}
}

func (b *bench) wantError(r reply, status int, code, text string) {
	b.t.Helper()
	var e errorBody
	if err := json.Unmarshal([]byte(r.body), &e); err != nil || r.status != status || e.Error.Code != code || !strings.Contains(e.Error.Message, text) {
		b.t.Errorf("got %d %s (%v); want %d %s with %q", r.status, r.body, err, status, code, text)
	}
}

const today = `"from":"2026-11-22","to":"2026-11-22"`

func TestQuery(t *testing.T) {
	b := newBench(t)
	b.powerOns(33, 3)
	b.powerOns(43, 2)
	f := func(token, query, rows, completeness string) {
		t.Helper()
		r := b.do("POST", "/api/v1/query", token, query)
		if r.status != 200 || !strings.Contains(r.body, `"rows":`+rows+`,`) || !strings.Contains(r.body, `"completeness":`+completeness+`}`) {
			t.Errorf("%s\n%d %s\nwant rows %s, completeness %s", query, r.status, r.body, rows, completeness)
		}
	}
	f(b.all, `{"indicators":["power_ons"],"dimensions":["province"],`+today+`}`, `[["total","33",3],["total","43",2]]`, "0.95")
	f(b.zhejiang, `{"indicators":["power_ons"],"dimensions":["province"],`+today+`}`, `[["total","33",3]]`, "0.9")
	f(b.zhejiang, `{"indicators":["power_ons"],`+today+`}`, `[["total",3]]`, "0.9")
	f(b.all, `{"indicators":["power_ons"],`+today+`}`, `[["total",5]]`, "0.95")
	b.books.accounts = nil
	b.console.Changed(Change{})
	b.console.accounts.until = time.Time{}
	f(b.all, `{"indicators":["power_ons"],`+today+`}`, `[["total",5]]`, "null")
}

func TestBadQueries(t *testing.T) {
	b := newBench(t)
	f := func(body string, status int, code, text string) {
		t.Helper()
		b.wantError(b.do("POST", "/api/v1/query", b.all, body), status, code, text)
	}
	f(``, 400, "bad_body", "body: empty; send a JSON object with the fields indicators, dimensions, filters, from")
	f(`{`, 400, "bad_body", "ends in the middle")
	f(`{"indicators":}`, 400, "bad_body", "not JSON at byte 15")
	f(`{"indicator":["power_ons"]}`, 400, "bad_body", `there is no field "indicator"; allowed: indicators, `)
	f(`{"filters":[{"column":"x"}]}`, 400, "bad_body", `there is no field "column"; allowed: `)
	f(`{"indicators":"power_ons"}`, 400, "bad_body", "indicators: string does not fit; must be a list")
	f(`{"limit":1.5}`, 400, "bad_body", "limit: number 1.5 does not fit; must be a whole number")
	f(`{"indicators":["power_ons"],`+today+`} {}`, 400, "bad_body", "something after the JSON object")
	f(`{"indicators":["nonsense"],`+today+`}`, 400, "bad_indicator", "allowed: power_ons")
	f(`{"indicators":["page_views"],"dimensions":["mode"],`+today+`}`, 400, "bad_dimension", "page_views has no")
	f(strings.Repeat(" ", MaxBody+1), 413, "body_too_large", "more than 65536 bytes")
	f(strings.Repeat("[", 60_000), 400, "bad_body", "body")
}

func TestWhoMayAsk(t *testing.T) {
	b := newBench(t)
	for _, rt := range b.console.routes() {
		path := strings.ReplaceAll(rt.path, "{box}", knownBox)
		if rt.access == anyone {
			continue
		}
		b.wantError(b.do(rt.method, path, "", "{}"), 401, "unauthorized", "aggregator token")
		b.wantError(b.do(rt.method, path, "iptv_guess", "{}"), 401, "unauthorized", "aggregator token")
		if rt.access == admin {
			b.wantError(b.do(rt.method, path, b.all, "{}"), 403, "forbidden", "administrator")
		}
	}
	b.wantError(b.do("GET", "/api/v1/nothing", "", ""), 401, "unauthorized", "")
	b.wantError(b.do("GET", "/api/v1/nothing", b.all, ""), 404, "not_found", "/api/v1/nothing")
	b.wantError(b.do("GET", "/api/v1/indicators", "", "", "Authorization", "Basic abc"), 401, "unauthorized", "")
	b.wantError(b.do("POST", "/api/v1/audit", b.zhejiang, `{"boxes":["`+knownBox+`"]}`), 403, "forbidden", "all provinces")
}

func TestSignIn(t *testing.T) {
	b := newBench(t)
	key, err := b.settings.NewLink(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Jar: jar}
	get := func(c *http.Client, method, path string, want int) *http.Response {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), method, b.server.URL+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := c.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if resp.StatusCode != want {
			t.Errorf("%s %s: %s, want %d", method, path, resp.Status, want)
		}
		return resp
	}
	get(client, "GET", "/api/v1/status", 401)
	if resp := get(client, "GET", "/login?key="+key, 200); resp.Request.URL.Path != "/" {
		t.Errorf("the link leads to %s", resp.Request.URL)
	}
	get(client, "GET", "/api/v1/status", 200)
	get(client, "GET", "/login?key="+key, 200)         // again in the same browser: the page
	get(&http.Client{}, "GET", "/login?key="+key, 401) // in another one: used
	get(&http.Client{}, "GET", "/login", 401)          // without a key
	r := b.do("GET", "/login?key=x", "", "")           // says what to do
	if !strings.Contains(r.body, "aggregator link --data DIR") {
		t.Error(r.body)
	}
	get(client, "POST", "/logout", 200)
	get(client, "GET", "/api/v1/status", 401)

	key, err = b.settings.NewLink(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	c := b.do("GET", "/login?key="+key, "", "").header.Get("Set-Cookie")
	for _, want := range []string{"iptv_session=", "HttpOnly", "SameSite=Lax", "Path=/"} {
		if !strings.Contains(c, want) {
			t.Errorf("cookie %q lacks %s", c, want)
		}
	}
}

func TestCrossOriginIsRefused(t *testing.T) {
	b := newBench(t)
	query := `{"indicators":["power_ons"],` + today + `}`
	b.wantError(b.do("POST", "/api/v1/query", b.all, query, "Sec-Fetch-Site", "cross-site"), 403, "cross_origin", "another origin")
	b.wantError(b.do("POST", "/logout", "", "", "Origin", "https://evil.example"), 403, "cross_origin", "another origin")
	if r := b.do("POST", "/api/v1/query", b.all, query, "Sec-Fetch-Site", "same-origin"); r.status != 200 {
		t.Errorf("same origin: %d %s", r.status, r.body)
	}
}

func TestStatusAndQuarantineKeepToTheScope(t *testing.T) {
	b := newBench(t)
	f := func(token, path, want string) {
		t.Helper()
		if r := b.do("GET", path, token, ""); r.status != 200 || strings.TrimSpace(r.body) != want {
			t.Errorf("%s: %d\n%s\nwant\n%s", path, r.status, r.body, want)
		}
	}
	f(b.all, "/api/v1/status", `{"version":"test","as_of":null,"backlog_events":7,"dirty_cells":2,"boxes":4,"streams":5,"received_events":190,"loaded_events":183,"lost_events":10,"quarantined_events":5,"open":true,`+
		`"provinces":[{"code":"33","boxes":3,"received":90,"lost":10,"quarantined":5},{"code":"43","boxes":1,"received":100,"lost":0,"quarantined":0}]}`)
	f(b.zhejiang, "/api/v1/status", `{"version":"test","as_of":null,"backlog_events":7,"dirty_cells":2,"boxes":3,"streams":4,"received_events":90,"loaded_events":83,"lost_events":10,"quarantined_events":5,"open":true,`+
		`"provinces":[{"code":"33","boxes":3,"received":90,"lost":10,"quarantined":5}]}`)
	f(b.zhejiang, "/api/v1/quarantine", `{"batches":[{"at":"2026-11-18T19:06:40+08:00","province":"33","box":"0123456789abcdef","epoch":"1152921504606846976","no":3,"events":20,"reason":"codec: 9"}]}`)
	few := b.token(settings.Principal{Name: "few", Grants: aggregator.GrantsOf(aggregator.Scope{Provinces: []aggregator.Province{33}}, aggregator.DataQuality)})
	f(few, "/api/v1/quarantine", `{"batches":[{"at":"2026-11-18T19:06:40+08:00","province":"33","epoch":"1152921504606846976","no":3,"events":20,"reason":"codec: 9"}]}`)
	other := b.token(settings.Principal{Name: "other", Grants: aggregator.GrantsOf(aggregator.Scope{All: true}, aggregator.DataEPG)})
	f(other, "/api/v1/status", `{"version":"test","as_of":null,"backlog_events":0,"dirty_cells":0,"boxes":0,"streams":0,"received_events":0,"loaded_events":0,"lost_events":0,"quarantined_events":0,"open":false,"provinces":[]}`)
	b.wantError(b.do("GET", "/api/v1/quarantine", other, ""), 403, "not_granted", "quality")
	if r := b.do("GET", "/api/v1/quarantine", b.admin, ""); strings.Count(r.body, knownBox) != 2 {
		t.Errorf("an administrator sees %s", r.body)
	}
}

func TestAudit(t *testing.T) {
	b := newBench(t)
	if r := b.do("POST", "/api/v1/audit", b.admin, `{"boxes":["`+knownBox+`","ffffffffffffffff"]}`); strings.TrimSpace(r.body) != `{"rows":[{"box":"0123456789abcdef","kind":"click","events":12,"mono_sum":123}]}` {
		t.Errorf("%d %s", r.status, r.body)
	}
	if r := b.do("GET", "/api/v1/audit/boxes/"+knownBox+"/events", b.admin, ""); strings.TrimSpace(r.body) != `{"events":[{"boot":1,"mono_ms":1,"kind":"click"}]}` {
		t.Errorf("%d %s", r.status, r.body)
	}
	if r := b.do("GET", "/api/v1/audit/boxes/ffffffffffffffff/events", b.admin, ""); strings.TrimSpace(r.body) != `{"events":[]}` {
		t.Errorf("%d %s", r.status, r.body)
	}
	most := make([]string, MaxAuditBoxes+1)
	for i := range most {
		most[i] = fmt.Sprintf("%032d", i)
	}
	if all, err := json.Marshal(AuditRequest{most[1:]}); err != nil {
		t.Fatal(err)
	} else if r := b.do("POST", "/api/v1/audit", b.admin, string(all)); r.status != 200 {
		t.Errorf("as many as allowed: %d %s", r.status, r.body)
	}
	if all, err := json.Marshal(AuditRequest{most}); err != nil {
		t.Fatal(err)
	} else {
		b.wantError(b.do("POST", "/api/v1/audit", b.admin, string(all)), 400, "bad_boxes", "1 to 2000")
	}
	b.wantError(b.do("POST", "/api/v1/audit", b.admin, `{}`), 400, "bad_boxes", "1 to 2000")
	b.wantError(b.do("POST", "/api/v1/audit", b.admin, `{"boxes":["x"]}`), 400, "bad_box", "16 to 32")
	b.wantError(b.do("GET", "/api/v1/audit/boxes/x/events", b.admin, ""), 400, "bad_box", "16 to 32")
}

func TestFaultsStayInside(t *testing.T) {
	b := newBench(t)
	query := `{"indicators":["power_ons"],` + today + `}`
	b.queries.fail.Store(true)
	r := b.do("POST", "/api/v1/query", b.all, query)
	b.wantError(r, 500, "internal", "Internal error")
	if strings.Contains(r.body, "secret") {
		t.Errorf("the cause came out: %s", r.body)
	}
	b.queries.fail.Store(false)
	if r := b.do("POST", "/api/v1/query", b.all, query); r.status != 200 {
		t.Errorf("the error was kept: %d %s", r.status, r.body)
	}
}

// A hundred readers of one board cost one question a generation.
func TestManyReadersOneQuestion(t *testing.T) {
	b := newBench(t)
	b.queries.hold = make(chan struct{})
	query := `{"indicators":["power_ons"],` + today + `}`
	const readers = 100
	done := make(chan int, readers)
	for range readers {
		go func() { done <- b.do("POST", "/api/v1/query", b.all, query).status }()
	}
	close(b.queries.hold)
	for range readers {
		if status := <-done; status != 200 {
			t.Errorf("status %d", status)
		}
	}
	if n := b.queries.n.Load(); n != 1 {
		t.Errorf("%d questions reached the store, want 1", n)
	}
	b.do("POST", "/api/v1/query", b.zhejiang, query)
	if n := b.queries.n.Load(); n != 2 {
		t.Errorf("another scope: %d questions, want 2", n)
	}
	b.powerOns(33, 3)
	b.console.Changed(Change{})
	if r := b.do("POST", "/api/v1/query", b.all, query); !strings.Contains(r.body, `[["total",3]]`) {
		t.Errorf("after a closing: %s", r.body)
	}
}

func TestHealth(t *testing.T) {
	b := newBench(t)
	if r := b.do("GET", "/healthz", "", ""); r.status != 200 || r.body != "ok\n" {
		t.Errorf("%d %q", r.status, r.body)
	}
	if r := b.do("GET", "/readyz", "", ""); r.status != 200 || strings.TrimSpace(r.body) != `{"ready":true,"problems":[]}` {
		t.Errorf("%d %s", r.status, r.body)
	}
	b.console.Problems = func(context.Context) []Problem { return []Problem{{"ledger", "disk full"}} }
	if r := b.do("GET", "/readyz", "", ""); r.status != 503 || !strings.Contains(r.body, `{"part":"ledger","reason":"disk full"}`) {
		t.Errorf("%d %s", r.status, r.body)
	}
}

func TestMetrics(t *testing.T) {
	b := newBench(t)
	b.do("GET", "/api/v1/status", b.all, "")
	b.do("GET", "/api/v1/status", "", "")
	r := b.do("GET", "/metrics", "", "")
	for _, want := range []string{`iptv_http_requests_total{code="200",route="/api/v1/status"} 1`, `iptv_http_requests_total{code="401",route="/api/v1/status"} 1`, "iptv_http_change_streams 0"} {
		if !strings.Contains(r.body, want) {
			t.Errorf("no %s in\n%s", want, r.body)
		}
	}
	problems, err := testutil.GatherAndLint(b.registry)
	if err != nil || len(problems) > 0 {
		t.Errorf("%v %v", problems, err)
	}
}

func TestPage(t *testing.T) {
	b := newBench(t)
	r := b.do("GET", "/", "", "", "Accept-Encoding", "br, gzip")
	if r.status != 200 || r.header.Get("Content-Encoding") != "gzip" || r.header.Get("Content-Type") != "text/html; charset=utf-8" {
		t.Fatalf("%d %v", r.status, r.header)
	}
	packed, err := gzip.NewReader(strings.NewReader(r.body))
	if err != nil {
		t.Fatal(err)
	}
	if plain, err := io.ReadAll(packed); err != nil || !bytes.Equal(plain, page["index.html"].Data) {
		t.Errorf("unpacked: %q, %v", plain, err)
	}
	for header, want := range map[string]string{"Content-Security-Policy": "default-src 'self'", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer"} {
		if !strings.Contains(r.header.Get(header), want) {
			t.Errorf("%s: %q", header, r.header.Get(header))
		}
	}
	if again := b.do("GET", "/", "", "", "Accept-Encoding", "gzip", "If-None-Match", r.header.Get("ETag")); again.status != 304 {
		t.Errorf("again: %d", again.status)
	}
	plain := b.do("GET", "/", "", "", "Accept-Encoding", "identity")
	if plain.body != string(page["index.html"].Data) || plain.header.Get("ETag") == r.header.Get("ETag") {
		t.Errorf("plain: %v", plain.header)
	}
	if r := b.do("GET", "/main.js", "", "", "Accept-Encoding", "gzip"); r.body != "// short" || r.header.Get("Content-Type") != "text/javascript; charset=utf-8" {
		t.Errorf("%d %v %q", r.status, r.header, r.body)
	}
	b.wantError(b.do("GET", "/console.go", "", ""), 404, "not_found", "There is no")
	b.wantError(b.do("POST", "/", "", ""), 404, "not_found", "POST")
}

// FuzzQuery holds the whole way of a question to its promise: an answer or an
// error for people, never a panic.
func FuzzQuery(f *testing.F) {
	f.Add(`{"indicators":["power_ons"],"dimensions":["province"],"filters":[{"dimension":"province","in":["33"]}],` + today + `,"grain":"day","compare":"year","limit":3,"order":"-power_ons"}`)
	f.Add(`{"indicators":["plays","viewing_minutes"],"dimensions":["mode","content"],"filters":[{"dimension":"content","in":["#0000000000000abc",""]}],` + today + `,"grain":"hour"}`)
	st := storetest.Memory()
	f.Fuzz(func(t *testing.T, body string) {
		var q indicator.Request
		r := httptest.NewRequestWithContext(t.Context(), "POST", "/", strings.NewReader(body))
		err := decode(httptest.NewRecorder(), r, MaxBody, &q)
		if err == nil {
			_, err = indicator.Evaluate(t.Context(), st, aggregator.Scope{All: true}, &q)
		}
		var fault *aggregator.Error
		if err != nil && (!errors.As(err, &fault) || fault.Message == "") {
			t.Fatalf("not for people: %v", err)
		}
		var back indicator.Request
		if key, err := keyOf(bound{Scope: aggregator.Scope{All: true}}, &q); err != nil {
			t.Fatal(err)
		} else if _, err := key.parts(&back); err != nil || fmt.Sprint(back.From) != fmt.Sprint(q.From) {
			// Texts that are not UTF-8 cannot come out of JSON, so keys read back.
			t.Fatalf("%v: %+v", err, back)
		}
	})
}
