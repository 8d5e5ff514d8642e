// Package console is the platform's HTTP side: the JSON API with sign-in, the
// stream of changes, health, and the built page. It computes nothing itself:
// figures come from indicator within the reader's scope, accounts of losses and
// single boxes from what the caller wires in.
package console

import (
	"context"
	"io/fs"
	"log/slog"
	"net/http"
	"net/netip"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"iptvdc/aggregator"
	"iptvdc/aggregator/c3"
	"iptvdc/aggregator/indicator"
	"iptvdc/aggregator/insight"
	"iptvdc/aggregator/report"
	"iptvdc/aggregator/rollout"
	"iptvdc/aggregator/settings"
	"iptvdc/aggregator/store"
)

// Identities knows who asks; settings.Settings is one.
type Identities interface {
	// ByToken and BySession return who holds a secret, or settings.ErrUnknown.
	ByToken(ctx context.Context, secret string) (settings.Principal, error)
	BySession(ctx context.Context, secret string) (settings.Principal, error)
	// Redeem turns a one-time key into a session, once, else ErrUnknown.
	Redeem(ctx context.Context, key string, from settings.Visitor) (session string, err error)
	// EndSession signs out, and reports whether a sign-on provider had vouched.
	EndSession(ctx context.Context, secret string) (signOn bool, err error)
	// Note records what was looked at or taken out in the audit log.
	Note(ctx context.Context, p settings.Principal, what, whom, detail string) error
}

// Account is what is known to have arrived and to be missing from one province.
type Account struct {
	Province    aggregator.Province
	Boxes       uint64
	Streams     uint64
	Received    uint64 // events
	Lost        uint64 // events that will never come
	Quarantined uint64 // events kept raw and not loaded
}

// Poison is a batch that was kept raw, and why.
type Poison struct {
	At       time.Time
	Province aggregator.Province
	Box      string
	Epoch    uint64
	No       uint64
	Events   uint32
	Why      string
}

// Books is the account of what was received.
type Books interface {
	// Accounts returns one Account a province.
	Accounts(ctx context.Context) ([]Account, error)
	// Backlog returns how many events are received and not yet in the figures'
	// store, and how many cells wait for closing.
	Backlog(ctx context.Context) (events uint64, dirty int, err error)
	// Quarantine returns the newest quarantined batches, at most limit.
	Quarantine(ctx context.Context, limit int) ([]Poison, error)
}

// AuditRow says what is held of a box and kind.
type AuditRow struct {
	Box     string `json:"box"`
	Kind    string `json:"kind"`
	Events  int64  `json:"events"`
	MonoSum int64  `json:"mono_sum"` // sum of the events' milliseconds since boot
}

// AuditEvent names one event held of a box.
type AuditEvent struct {
	Boot   uint32 `json:"boot"`
	MonoMs int64  `json:"mono_ms"`
	Kind   string `json:"kind"`
}

// Auditor looks at single boxes, by their ids.
type Auditor interface {
	// Audit counts what is held of each box; boxes without events are left out.
	Audit(ctx context.Context, boxes []string) ([]AuditRow, error)
	// Events returns every event held of one box, by boot, time and kind.
	Events(ctx context.Context, box string) ([]AuditEvent, error)
}

// Profiles knows which profiles boxes run; store.Store is one.
type Profiles interface {
	// Running counts boxes, RunningBoxes lists them; see store.Store. A scope
	// that is empty has none.
	Running(ctx context.Context, q store.RunningQuery) ([]store.RunningCount, error)
	RunningBoxes(ctx context.Context, q store.RunningQuery) ([]store.RunningBox, error)
}

// Feeds knows what became of provinces' files; store.Store is one.
type Feeds interface {
	// Files, Taken and Faults are those of store.Feeds.
	Files(ctx context.Context, q store.FileQuery) ([]store.FileRow, error)
	Taken(ctx context.Context, ids [][16]byte) ([]store.FileRow, error)
	Faults(ctx context.Context, id [16]byte, skip, limit int) ([]c3.Fault, error)
}

// Decisions are an operator's on files that wait; inbox.Inbox takes them.
type Decisions interface {
	// Release lets a waiting file in, Reject refuses it. An *aggregator.Error of
	// code not_found says that no such file waits.
	Release(ctx context.Context, p aggregator.Province, id [16]byte) (c3.Receipt, error)
	Reject(ctx context.Context, p aggregator.Province, id [16]byte) (c3.Receipt, error)
}

// Config is what a Console needs. All fields but Page, Names, SignOn, Proxies, Claims,
// Certificates and Links must be set.
type Config struct {
	Figures    indicator.Source
	Identities Identities
	Books      Books
	Auditor    Auditor
	Profiles   Profiles
	Claims     Claims // nil: none are taken
	// Certificates of boxes; nil: there are none.
	Certificates Certificates
	Releases     Releases
	Outcomes     rollout.Outcomes
	Feeds        Feeds
	Decisions    Decisions
	Unknowns     Unknowns
	Quality      Quality
	Alerts       AlertBook
	Risks        insight.Risks
	Boards       Boards
	People       People
	Reports      Reports
	Mail         Mail
	// Desk makes what sends reports, of what composes them.
	Desk    func(report.Composer) Desk
	Doors   Doors
	SignOns SignOns
	// SignOn is a provider that vouches for people; nil: none.
	SignOn *SignOn
	// Proxies are those whose word is taken on where a request came from, and whether by
	// TLS; none: nobody's.
	Proxies []netip.Prefix
	// Links is what holds for all share links.
	Links   settings.LinkPolicy
	Sources Sources
	Apps    Apps
	First   FirstStart
	// MapFile is where the operator's map of the provinces lies, GeoJSON; "": nowhere.
	MapFile string
	// AnswerRows is the greatest number of rows in an answer to a question by the API,
	// which may be more than a page can show; 0: indicator.MaxRows.
	AnswerRows int
	// Names names values of catalogues for people, see insight.Source.
	Names func(d store.Column, cell string) (indicator.Text, bool)
	// PublicURL is the page as readers reach it, for links in files and reports; "": none.
	PublicURL string
	// Problems names every part that does not work, with its reason; none if
	// the program is ready to serve.
	Problems func(ctx context.Context) []Problem
	// Metrics answers /metrics.
	Metrics http.Handler
	// Page holds the built page, index.html at its root; nil: none.
	Page fs.FS

	Version  string
	Registry prometheus.Registerer
	Log      *slog.Logger
}

// Problem is a part that does not work, and why.
type Problem struct {
	Part   string `json:"part"`
	Reason string `json:"reason"`
}

// Console answers HTTP requests. Safe for concurrent use.
type Console struct {
	Config
	answers   *answers
	explained *answers
	widgets   *answers
	runs      *answers // about running profiles
	rolled    *answers // about updates
	grades    *answers // about quality
	insights  *answers
	accounts  memo[[]Account]
	changes   *changes
	requests  *requestMetrics
	tried     *tries // to sign in, by account
	addresses *tries
	sends     *tries // messages by hand, by name
	desk      Desk
	opened    *tries // shared boards, by address
	unlocked  *tries // links by password, by link
	doors     *doorMetrics
	speaker   *speaker
	static    *static
	exporting chan struct{} // filled by files being made
	geo       geoMap
	openAPI   []byte
	handler   http.Handler
}

// New makes a Console and registers its metrics.
func New(c Config) (*Console, error) {
	s := &Console{Config: c, changes: newChanges(), tried: newTries(triesPerAccount), addresses: newTries(triesPerAddress), sends: newTries(sendsPerMinute), opened: newTries(opensPerAddress), unlocked: newTries(triesPerAccount)}
	s.desk = c.Desk(composer{s})
	s.answers = newAnswers(s.answer, queriesAtOnce)
	s.explained = newAnswers(s.explain, 2)
	s.widgets = newAnswers(s.layWidget, queriesAtOnce)
	s.widgets.former = map[answerKey]*answer{}
	s.runs = newAnswers(s.countRunning, 1) // operators ask, and it is dear
	s.rolled = newAnswers(s.countUpdates, 1)
	s.rolled.life = updatesLife
	s.grades = newAnswers(s.grade, 1)
	s.grades.life = qualityLife
	s.insights = newAnswers(s.findInsight, 2)
	s.insights.life = insightLife
	s.accounts.load = c.Books.Accounts
	s.exporting = make(chan struct{}, exportsAtOnce)
	s.requests = newRequestMetrics(c.Registry, s.changes.count)
	s.doors = newDoorMetrics(c.Registry)
	s.speaker = newSpeaker(c.Registry)
	s.answers.count = answerMetric(c.Registry)
	s.widgets.count = s.answers.count
	if c.Page != nil {
		var err error
		if s.static, err = newStatic(c.Page); err != nil {
			return nil, err
		}
	}
	s.geo.path = c.MapFile
	if err := s.geo.open(); err != nil {
		c.Log.Error("the map of the provinces cannot be used; the page draws tiles", "file", c.MapFile, "why", err)
	}
	if err := unguarded(s.routes()); err != nil {
		return nil, err
	}
	var err error
	if s.openAPI, err = document(s.routes(), c.Version); err != nil {
		return nil, err
	}
	s.handler = s.mux()
	return s, nil
}

// ServeHTTP answers one request.
func (s *Console) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.handler.ServeHTTP(w, r) }

// Changed tells readers and the cache that figures have changed. It never
// waits.
func (s *Console) Changed(c Change) {
	s.answers.forget()
	s.explained.forget()
	s.widgets.forget()
	s.runs.forget()
	s.rolled.forget()
	s.changes.tell(c)
}

// Close ends all streams of changes, so that a server can shut down.
func (s *Console) Close() { s.changes.close() }

// access says who may use a route.
type access int

const (
	anyone access = iota
	reader        // whoever has a token or a session
	admin         // an administrator of all provinces
)

// route is one declared way to ask. The mux and the OpenAPI document are both
// made from it, so neither can know of a route that the other does not.
type route struct {
	method, path string // path as http.ServeMux wants it
	access       access
	summary      string
	// body and answer are values of the types in JSON; nil: none, or not JSON.
	body, answer any
	// media is the answer's type if it is not JSON.
	media string
	serve func(w http.ResponseWriter, r *http.Request) error
	// takes are the parameters behind the question mark.
	takes []parameter
}

func (s *Console) routes() []route {
	return slices.Concat([]route{
		{"GET", "/api/v1/indicators", reader, "The catalogue of figures: units, formulas, dimensions, regions", nil, Catalogue{}, "", s.catalogue, nil},
		{"POST", "/api/v1/query", reader, "Figures by period and dimensions, within the reader's provinces", indicator.Request{}, indicator.Answer{}, "", s.query, nil},
		{"POST", "/api/v1/explain", reader, "How one figure came about: its formula with every number that went into it", indicator.Request{}, indicator.Explanation{}, "", s.explanation, nil},
		{"GET", "/api/v1/changes", reader, "Server-sent events: changed, at most once a second, whenever figures have moved", nil, Change{}, "text/event-stream", s.stream, nil},
		{"GET", "/api/v1/status", reader, "What was received, is loaded, lost and quarantined, of the reader's provinces", nil, Status{}, "", s.status, nil},
		{"GET", "/api/v1/quarantine", reader, "The newest batches that were kept raw, with the reason", nil, Quarantine{}, "", s.quarantine, nil},
		{"GET", "/api/v1/profiles/running", reader, "How many boxes run which profile, and what they refused, by what they told last", nil, RunningAnswer{}, "", s.running, runningParameters},
		{"GET", "/api/v1/profiles/running/boxes", admin, "The boxes that run a profile, or refused one", nil, RunningBoxes{}, "", s.runningBoxes, runningBoxesParameters},
		{"GET", "/api/v1/boxes/claims", admin, "Claims of boxes' certificates that were refused, and boxes of which there may be two", nil, ClaimTrouble{}, "", s.claims, claimParameters},
		{"GET", "/api/v1/feeds/files", reader, "What became of the provinces' files, the latest first", nil, FeedFiles{}, "", s.feedFiles, feedFilesParameters},
		{"GET", "/api/v1/feeds/unknown", reader, "What catalogues write that no dictionary knows, the most watched first", nil, UnknownValues{}, "", s.unknown, unknownParameters},
		{"GET", "/api/v1/feeds/files/{id}", reader, "What became of one file", nil, FeedFile{}, "", s.feedFile, nil},
		{"GET", "/api/v1/feeds/files/{id}/faults", admin, "What was wrong with a file, line by line, as it was sent", nil, FeedFaults{}, "", s.feedFaults, feedFaultsParameters},
		{"POST", "/api/v1/feeds/files/{id}/release", admin, "Lets in a file that waits", nil, FeedReceipt{}, "", s.releaseFile, nil},
		{"POST", "/api/v1/feeds/files/{id}/reject", admin, "Refuses a file that waits", nil, FeedReceipt{}, "", s.rejectFile, nil},
		{"GET", "/api/v1/quality", reader, "How good the data of each province and day is, with reasons in words", nil, QualityAnswer{}, "", s.quality, qualityParameters},
		{"POST", "/api/v1/audit", admin, "How many events of each kind are held of given boxes", AuditRequest{}, AuditAnswer{}, "", s.audit, nil},
		{"GET", "/api/v1/audit/boxes/{box}/events", admin, "Every event held of one box", nil, AuditEvents{}, "", s.auditEvents, nil},
		{"GET", "/api/v1/openapi.json", anyone, "This document", nil, map[string]any{}, "", s.serveDocument, nil},
		{"GET", "/login", anyone, "Turns a one-time key into a session and goes to the page", nil, nil, "text/html", s.login, []parameter{{name: "key", about: "of the link", required: true}}},
		{"POST", "/logout", anyone, "Ends the session", nil, nil, "text/html", s.logout, nil},
		{"GET", "/healthz", anyone, "200 while the program runs", nil, nil, "text/plain", s.healthz, nil},
		{"GET", "/readyz", anyone, "200 while ledger, store and broker are usable, else 503 with the reasons", nil, Readiness{}, "", s.readyz, nil},
		{"GET", "/metrics", anyone, "Metrics for Prometheus", nil, nil, "text/plain", s.metrics, nil},
	}, s.insightRoutes(), s.boardRoutes(), s.accountRoutes(), s.peopleRoutes(), s.reportRoutes(), s.placeRoutes(), s.tokenRoutes(), s.linkRoutes(), s.sharedRoutes(), s.sourceRoutes(), s.signOnRoutes(), s.appRoutes(), s.setupRoutes(), s.mapRoutes(), s.pictureRoutes(), s.updateRoutes(), s.certificateRoutes())
}

// mux puts together what is declared; whatever is not is the page's or refused.
func (s *Console) mux() http.Handler {
	mux := http.NewServeMux()
	for _, rt := range s.routes() {
		mux.Handle(rt.method+" "+rt.path, s.handle(rt))
	}
	mux.Handle("/api/", s.handle(route{path: "/api/", access: reader, serve: func(_ http.ResponseWriter, r *http.Request) error {
		return &aggregator.Error{Code: "not_found", Message: "There is no " + r.Method + " " + clip(r.URL.Path) + "; /api/v1/openapi.json lists what there is."}
	}}))
	mux.Handle("GET /sw.js", s.handle(route{path: "/sw.js", serve: s.worker}))
	mux.Handle("/", s.handle(route{path: "/", serve: s.page}))

	guard := http.NewCrossOriginProtection()
	guard.SetDenyHandler(s.handle(route{path: "cross-origin", serve: func(http.ResponseWriter, *http.Request) error {
		return &aggregator.Error{Code: "cross_origin", Message: "A page of another origin may not ask this."}
	}}))
	return secured(guard.Handler(mux))
}

// policy is what pages may do, and whose pages may frame them.
func policy(framedBy string) string {
	return "default-src 'self'; frame-ancestors " + framedBy + "; base-uri 'none'; form-action 'self'; object-src 'none'"
}

// secured sets the headers that every answer carries. The page loads from its
// own origin only and is never framed, but for embedPage.
func secured(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy("'none'"))
		h.Set("X-Frame-Options", "DENY")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer") // one-time keys travel in addresses
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		next.ServeHTTP(w, r)
	})
}

// answerPatience is how long an answer may take, computing and sending; a
// stream sets its own.
const answerPatience = 2 * time.Minute

// handle does around every route what is the same for all: sign-in, error
// mapping, metrics, and a net under panics.
func (s *Console) handle(rt route) http.Handler {
	label := rt.path
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		out := &response{ResponseWriter: w, packs: acceptsGzip(r)}
		// Writers without deadlines (in tests) have nobody slow behind them.
		_ = http.NewResponseController(w).SetWriteDeadline(start.Add(answerPatience))
		defer func() {
			if fault := recover(); fault != nil && fault != http.ErrAbortHandler {
				s.Log.Error("a request panicked", "route", label, "panic", fault)
				s.fail(out, r, errPanic)
			}
			s.requests.observe(label, out.code(), time.Since(start))
		}()
		err := s.admit(&r, &rt)
		if err == nil {
			s.mayBeKept(out, r, &rt)
			err = rt.serve(out, r)
		}
		if err != nil {
			s.fail(out, r, err)
		}
	})
}

// response notes what was answered.
type response struct {
	http.ResponseWriter
	packs  bool // whether who asked takes gzip
	status int
}

func (w *response) WriteHeader(code int) {
	if w.status == 0 {
		w.status = code
	}
	w.ResponseWriter.WriteHeader(code)
}

func (w *response) Write(b []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	return w.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController reach the connection.
func (w *response) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (w *response) code() int {
	if w.status == 0 {
		return http.StatusOK
	}
	return w.status
}
