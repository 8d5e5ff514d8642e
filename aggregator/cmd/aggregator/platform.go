package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"iptvdc/aggregator"
	"iptvdc/aggregator/broker"
	"iptvdc/aggregator/c3/inbox"
	"iptvdc/aggregator/c3/normal"
	"iptvdc/aggregator/closing"
	"iptvdc/aggregator/console"
	"iptvdc/aggregator/console/ui"
	"iptvdc/aggregator/indicator"
	"iptvdc/aggregator/insight"
	"iptvdc/aggregator/intake"
	"iptvdc/aggregator/ledger/sqlite"
	"iptvdc/aggregator/loader"
	"iptvdc/aggregator/phone"
	"iptvdc/aggregator/post"
	"iptvdc/aggregator/provision"
	"iptvdc/aggregator/quality"
	"iptvdc/aggregator/report"
	"iptvdc/aggregator/settings"
	"iptvdc/aggregator/source"
	"iptvdc/aggregator/store/duckdb"
)

// Platform is the whole aggregator in one process.
type Platform struct {
	config     Config
	log        *slog.Logger
	dir        *dataDir
	settings   *settings.Settings
	ledger     *sqlite.Ledger
	store      *duckdb.Store
	intake     *intake.Intake
	embedded   *broker.Embedded // nil with external brokers
	doors      doors            // the same, while others may ask for it
	registry   *provision.Registry
	consumers  []*broker.Consumer // one each of Config.Brokers
	loader     *loader.Loader
	closing    *closing.Closing
	inbox      *inbox.Inbox
	dictionary *normal.Dictionary
	board      *quality.Board
	watcher    *insight.Watcher
	post       *post.Post
	desk       *report.Desk
	soap       *soapDoor // nil: nobody may send
	console    *console.Console
	updates    *updates
	sources    *source.Shelf
	metrics    *metrics
	ready      readiness
	secrets    aggregator.Secrets
	// reconciled is what the store lacked when it was opened.
	reconciled loader.Reconciled
	setupCode  string // of the page's first start; "": there is an administrator
	listener   net.Listener
	server     *http.Server
	came       func(fs.FileInfo) time.Time // see inbox.Config

	closeDoor func() error   // hangs up on boxes; once, however often it is called
	undo      []func() error // what unwind does, last first
}

// Open puts the platform together: data folder, engines, doors. What it opened
// before an error it closes again. Nothing is loaded or answered before Run.
func Open(ctx context.Context, c Config, log *slog.Logger) (*Platform, error) {
	return openBy(ctx, c, log, inbox.Moved)
}

// openBy is Open for one who says when provinces' files came.
func openBy(ctx context.Context, c Config, log *slog.Logger, came func(fs.FileInfo) time.Time) (_ *Platform, err error) {
	p := &Platform{config: c, log: log, came: came}
	defer func() {
		if err != nil {
			err = errors.Join(err, p.unwind())
		}
	}()
	for _, step := range []func(context.Context) error{p.openData, p.openEngines, p.openInbox, p.listen, p.openSOAP, p.openProvision, p.openUpdates, p.openDoor, p.openConsole} {
		if err := step(ctx); err != nil {
			return nil, err
		}
	}
	return p, nil
}

func (p *Platform) later(f func() error) { p.undo = append(p.undo, f) }

// unwind closes what was opened, last first.
func (p *Platform) unwind() error {
	var all []error
	for _, f := range slices.Backward(p.undo) {
		all = append(all, f())
	}
	p.undo = nil
	return errors.Join(all...)
}

func (p *Platform) openData(ctx context.Context) (err error) {
	if p.dir, err = openDataDir(p.config.Data); err != nil {
		return err
	}
	p.later(p.dir.close)
	if p.settings, err = settings.Open(ctx, p.dir.file(settingsFile), time.Now); err != nil {
		return err
	}
	p.later(p.settings.Close)
	p.sources, err = openSources(ctx, &p.config, p.dir.path, p.settings, p.log.With("part", "sources"), func(names []string) {
		if p.console != nil { // none yet while it opens
			p.console.SourcesChanged(names)
		}
	})
	return err
}

func (p *Platform) openEngines(ctx context.Context) (err error) {
	holidays, err := p.config.holidays()
	if err != nil {
		return fmt.Errorf("holidays: %w", err)
	}
	indicator.UseHolidays(holidays)
	if err := indicator.UseSearchPages(p.config.SearchPages); err != nil {
		return fmt.Errorf("search_pages: %w", err)
	}
	if p.secrets, err = p.dir.secrets(); err != nil {
		return err
	}
	if err := os.MkdirAll(p.dir.file(ledgerDir), 0o700); err != nil {
		return fmt.Errorf("ledger: %w", err)
	}
	if p.ledger, err = sqlite.Open(p.dir.file(ledgerDir)); err != nil {
		return err
	}
	p.later(p.ledger.Close)
	p.store, err = duckdb.Open(p.dir.file(storeFile), duckdb.Options{
		Threads: p.config.Store.Threads, MemoryBytes: int64(p.config.Store.MemoryMB) << 20,
	})
	if err != nil {
		return err
	}
	p.later(p.store.Shutdown)
	rules, err := p.config.editRules(p.secrets.BoxKey, p.secrets.AccountKey)
	if err == nil {
		err = p.store.SetEditRules(ctx, rules)
	}
	if err != nil {
		return fmt.Errorf("edit: %w", err)
	}
	if err := p.reconcile(ctx); err != nil {
		return err
	}
	p.metrics = newMetrics(p)
	p.openPipeline()
	return nil
}

// reconcile has the ledger's archive fill up what the store lacks.
func (p *Platform) reconcile(ctx context.Context) (err error) {
	if d := p.store.Damage(); d.Why != nil {
		p.log.Warn("the end of the store's log could not be read and was cut off; what was committed lies before it",
			"bytes", d.Bytes, "kept", d.Kept, "why", d.Why)
	}
	if p.reconciled, err = loader.Reconcile(ctx, p.ledger, p.store); err != nil {
		return err
	}
	if r := p.reconciled; r.Blocks > 0 {
		p.log.Warn("the store lacks what was loaded before; it is loaded again from the archive", "blocks", r.Blocks, "events", r.Again)
		if r.Gone > 0 {
			p.log.Error("the archive no longer has some of what the store lacks; restore an older copy of the store to have it again", "events", r.Gone)
		}
	}
	return nil
}

// listen takes the page's port before the door opens: a busy port is the most
// common reason not to start.
func (p *Platform) listen(context.Context) (err error) {
	if p.listener, err = net.Listen("tcp", p.config.HTTP.Listen); err != nil {
		return addressError("http-listen", p.config.HTTP.Listen, err)
	}
	p.later(func() error {
		if err := p.listener.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
			return err
		}
		return nil
	})
	return nil
}

// addressError says what to do about an address that cannot be had.
func addressError(flag, address string, err error) error {
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return fmt.Errorf("%s %s is in use by another program; stop that one, or choose another address with --%s ADDR (port 0 takes a free one)", flag, address, flag)
	case errors.Is(err, syscall.EACCES):
		return fmt.Errorf("%s %s is not allowed for this account (ports below 1024 belong to the system); choose another with --%s ADDR", flag, address, flag)
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return fmt.Errorf("%s %s is not an address of this machine; choose another with --%s ADDR", flag, address, flag)
	}
	return fmt.Errorf("%s %s: %w", flag, address, err)
}

// openDoor lets boxes in: the intake, and before it the broker or clients of
// others.
func (p *Platform) openDoor(context.Context) (err error) {
	p.intake = intake.New(p.ledger, intake.Config{Admission: p.registry, Committed: p.metrics.committed, Logger: p.log.With("part", "intake")})
	p.later(p.intake.Close)
	if p.config.MQTT.Broker != "" {
		err = p.consume()
	} else {
		err = p.embed()
	}
	p.later(func() error { return p.closeDoor() })
	return err
}

// embed starts the broker of this machine.
func (p *Platform) embed() (err error) {
	c := &p.config.MQTT
	p.closeDoor = func() error { return nil }
	token, err := secretOr(c.Token, c.TokenFile)
	if err != nil {
		return fmt.Errorf("mqtt.token_file: %w", err)
	}
	secure, err := p.serverTLS()
	if err != nil {
		return err
	}
	p.embedded, err = broker.New(broker.Config{
		Listen: p.config.plainListen(), ListenTLS: c.TLSListen, TLS: secure, Registry: p.registry, Token: token, Logger: p.log.With("part", "broker"),
	}, timed{p.intake, p.metrics, nil})
	if err != nil && c.TLSListen != "" && strings.Contains(err.Error(), "listen on "+c.TLSListen) {
		return addressError("mqtt-tls-listen", c.TLSListen, err)
	}
	if err != nil {
		return addressError("mqtt-listen", c.Listen, err)
	}
	p.doors.Store(p.embedded)
	p.closeDoor = sync.OnceValue(p.embedded.Close)
	return nil
}

// consume takes uploads from brokers that stand elsewhere. A box is answered
// where it is heard.
func (p *Platform) consume() error {
	c := &p.config.MQTT
	p.closeDoor = sync.OnceValue(func() error {
		var all []error
		for _, k := range p.consumers {
			all = append(all, k.Close())
		}
		return errors.Join(all...)
	})
	password, err := secretOr(c.Password, c.PasswordFile)
	if err != nil {
		return fmt.Errorf("mqtt.password_file: %w", err)
	}
	for _, url := range p.config.Brokers() {
		k, err := broker.Consume(broker.ConsumerConfig{URL: url, User: c.User, Password: password, Enrol: p.enrol(), Logger: p.log.With("part", "broker")}, timed{p.intake, p.metrics, p.registry.Sent})
		if err != nil {
			return err
		}
		p.consumers = append(p.consumers, k)
	}
	return nil
}

func (p *Platform) openConsole(ctx context.Context) (err error) {
	page, err := ui.Files()
	if err != nil {
		return err
	}
	signOn, err := p.config.signOn()
	if err != nil {
		return fmt.Errorf("sign_on: %w", err)
	}
	if signOn != nil {
		roles, err := p.settings.Roles(ctx)
		if err != nil {
			return err
		}
		if missing := missingRoles(signOn, roles); len(missing) > 0 {
			p.log.Warn("sign_on.roles names roles that are not there; who has them at the provider is refused until they are made", "roles", missing)
		}
	}
	proxies, err := p.config.proxies()
	if err != nil {
		return fmt.Errorf("http.trusted_proxies: %w", err)
	}
	p.board = p.newBoard()
	p.watcher = p.newWatcher()
	if err := p.openPost(); err != nil {
		return err
	}
	apps, err := phone.Open(p.dir.file(appsDir), p.log.With("part", "apps"))
	if err != nil {
		return err
	}
	p.later(apps.Close)
	first, err := p.firstStart(ctx)
	if err != nil {
		return err
	}
	p.console, err = console.New(console.Config{
		Apps: apps, First: first, MapFile: p.dir.file(mapFile),
		Figures: p.figures(), Sources: p.sources, Identities: p.settings, Books: books{p.ledger, p.store}, Auditor: auditor{p.store, p.secrets}, Profiles: p.store, Claims: claims{p.registry}, Certificates: p.registry, Risks: p.store, Releases: p.updates.folder, Outcomes: p.store,
		Feeds: p.store, Decisions: p.inbox, Unknowns: unknowns{p.store, p.dictionary}, Quality: p.board, Alerts: p.settings, Boards: p.settings, People: p.settings, Names: p.valueName,
		Doors: p.settings, Links: p.config.links(),
		SignOns: p.settings, SignOn: signOn, Proxies: proxies,
		Reports: p.settings, Mail: p.post, Desk: p.newDesk, PublicURL: p.config.Post.PublicURL,
		Problems: p.problems, Metrics: p.metrics.handler(), Page: page, AnswerRows: p.config.HTTP.AnswerRows,
		Version: version, Registry: p.metrics.registry, Log: p.log.With("part", "console"),
	})
	if err != nil {
		return err
	}
	p.server = &http.Server{
		Handler: p.console, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 16 << 10,
		ErrorLog: slog.NewLogLogger(p.log.With("part", "http").Handler(), slog.LevelDebug),
	}
	return nil
}
