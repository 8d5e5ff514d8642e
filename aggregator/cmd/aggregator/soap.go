package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"time"

	"iptvdc/aggregator"
	"iptvdc/aggregator/c3/courier"
	"iptvdc/aggregator/c3/fetch"
	"iptvdc/aggregator/c3/soap"
)

// soapDir is the courier's, in the folder of files.
const soapDir = "soap"

// resultsPath is where senders get what became of their catalogues.
const resultsPath = "/c3/results/"

// soapDoor is where catalogue and order systems send, and what sees it through.
type soapDoor struct {
	listener net.Listener
	server   *http.Server
	handler  *soap.Server
	courier  *courier.Courier
	notifier *soap.Notifier
	from     []netip.Prefix // who may get results
	log      *slog.Logger
}

// soap is the sender as package soap has it.
func (s Sender) soap() (soap.Sender, error) {
	out := soap.Sender{CSPID: s.CSP, LSPID: s.LSP}
	var err error
	if out.Province, out.From, err = origin(s.Province, s.From); err != nil {
		return out, err
	}
	if s.Callback != "" {
		if _, err := fetch.ParseURL(s.Callback); err != nil {
			return out, fmt.Errorf("callback: %w", err)
		}
	}
	return out, soap.Config{Senders: []soap.Sender{out}, Commands: &courier.Courier{}}.Validate()
}

func (s OrderSender) soap() (soap.OrderSender, error) {
	out := soap.OrderSender{SPID: s.SPID}
	var err error
	if out.Province, out.From, err = origin(s.Province, s.From); err != nil {
		return out, err
	}
	key, err := secretOr("", s.KeyFile)
	if err != nil {
		return out, fmt.Errorf("key_file: %w", err)
	}
	out.Key = soap.Key(key)
	return out, soap.Config{OrderSenders: []soap.OrderSender{out}, Relations: &courier.Courier{}}.Validate()
}

// origin reads where a sender is.
func origin(code string, from []string) (aggregator.Province, []netip.Prefix, error) {
	p, err := aggregator.ParseProvince(code)
	if err != nil {
		return 0, nil, fmt.Errorf("province: %w", forPeople(err))
	}
	var all []netip.Prefix
	for _, text := range from {
		prefix, err := netip.ParsePrefix(text)
		if err != nil {
			return p, nil, fmt.Errorf("from: %q is no CIDR; write 10.1.2.0/24, or 10.1.2.3/32 for one address", text)
		}
		all = append(all, prefix.Masked())
	}
	return p, all, nil
}

// fetching is what may be fetched.
func (c *Config) fetching() fetch.Config {
	return fetch.Config{Allow: c.C3.Allow, HostKeys: c.C3.HostKeys, MaxBytes: int64(max(c.C3.MaxFileMB, 0)) << 20}
}

// openSOAP listens for catalogue and order systems, if the config says so.
func (p *Platform) openSOAP(context.Context) (err error) {
	c := &p.config.C3
	if c.Listen == "" {
		return nil
	}
	d := &soapDoor{log: p.log.With("part", "soap")}
	s := soap.Config{Log: d.log}
	callbacks := map[[2]string]fetch.URL{}
	for _, from := range c.Senders {
		one, err := from.soap()
		if err != nil {
			return err
		}
		s.Senders = append(s.Senders, one)
		d.from = append(d.from, one.From...)
		if from.Callback != "" {
			if callbacks[[2]string{from.CSP, from.LSP}], err = fetch.ParseURL(from.Callback); err != nil {
				return err
			}
		}
	}
	for _, from := range c.OrderSenders {
		one, err := from.soap()
		if err != nil {
			return err
		}
		s.OrderSenders = append(s.OrderSenders, one)
	}
	fetcher, err := fetch.New(p.config.fetching())
	if err != nil {
		return err
	}
	if d.listener, err = net.Listen("tcp", c.Listen); err != nil {
		return fmt.Errorf("c3.listen %s: %w; choose another address in the config", c.Listen, err)
	}
	p.later(func() error {
		if err := d.listener.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
			return err
		}
		return nil
	})
	public := strings.TrimSuffix(cmp.Or(c.PublicURL, "http://"+reachable(d.listener.Addr().String())), "/")
	d.courier, err = courier.New(courier.Config{
		Folder: p.config.c3Folder(p.dir) + "/" + soapDir, Inbox: p.inbox, Fetcher: fetcher, ResultURL: public + resultsPath,
		Keep: time.Duration(c.KeepDays) * 24 * time.Hour,
		Told: func() { d.notifier.Wake() }, Log: d.log,
	})
	if err != nil {
		return err
	}
	d.notifier, err = soap.NewNotifier(soap.NotifierConfig{
		Outbox: d.courier, Poster: fetcher, Log: d.log,
		Callback: func(csp, lsp string) fetch.URL { return callbacks[[2]string{csp, lsp}] },
	})
	if err != nil {
		return err
	}
	s.Commands, s.Relations = d.courier, d.courier
	if d.handler, err = soap.NewServer(s); err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+resultsPath+"{name}", d.result)
	mux.Handle("/", d.handler)
	d.server = &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 16 << 10,
		ErrorLog: slog.NewLogLogger(d.log.Handler(), slog.LevelDebug)}
	p.soap = d
	return nil
}

// result gives a catalogue system the answer to a catalogue.
func (d *soapDoor) result(w http.ResponseWriter, r *http.Request) {
	from, err := netip.ParseAddrPort(r.RemoteAddr)
	allowed := false
	for _, p := range d.from {
		allowed = allowed || err == nil && p.Contains(from.Addr().Unmap())
	}
	if !allowed {
		http.Error(w, "No sender of this service has this address.", http.StatusForbidden)
		return
	}
	f, err := d.courier.Results(strings.TrimSuffix(r.PathValue("name"), ".xml"))
	if err != nil {
		http.NotFound(w, r)
		return
	}
	defer f.Close()
	w.Header().Set("Content-Type", "text/xml; charset=utf-8")
	_, _ = io.Copy(w, f) // the sender went away, or has it
}

// run serves and sees through until ctx ends.
func (d *soapDoor) run(ctx context.Context) {
	var parts sync.WaitGroup
	parts.Go(func() {
		if err := d.server.Serve(d.listener); !errors.Is(err, http.ErrServerClosed) {
			d.log.Error("SOAP is no longer served", "error", err)
		}
	})
	parts.Go(func() { _ = d.courier.Run(ctx) }) // both end only with ctx
	parts.Go(func() { _ = d.notifier.Run(ctx) })
	<-ctx.Done()
	_ = d.server.Close()
	parts.Wait()
}

// shut takes no more messages: what was answered is kept.
func (d *soapDoor) shut(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, hangUpAfter)
	defer cancel()
	if err := d.server.Shutdown(ctx); err != nil {
		return d.server.Close()
	}
	return nil
}
