package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"time"

	"iptvdc/aggregator"
	"iptvdc/aggregator/c3/soap"
	"iptvdc/testbench/feeds"
)

// feedTruth is what is true of the provinces' files, for: stbfleet verify --feeds
const feedTruth = "feeds.truth"

// shelfFolder is where in a province's folder catalogues lie that are announced.
const shelfFolder = "shelf"

// announcing are the demo's provinces whose catalogue systems announce by SOAP;
// the others lay their catalogues down as files.
var announcing = []aggregator.Province{33, 43, 44, 51}

// notifying are the demo's provinces whose order systems tell of each order by
// SOAP; the others send files of a day's.
var notifying = []aggregator.Province{35, 61}

// shelves are the catalogue and order systems of a demo that speak SOAP: they
// serve their files to the aggregator, hear what became of them, and notify.
type shelves struct {
	listener net.Listener
	key      soap.Key // of the order systems
	keys     string   // folder of the file that holds it
	server   *http.Server
	results  chan soap.Notice
}

// openShelves listens on loopback, and lets these systems in unless the config
// knows others. Nothing is served before a folder is.
func openShelves(c *Config) (*shelves, error) {
	s := &shelves{results: make(chan soap.Notice, 64)}
	if c.C3.Listen != "" {
		return s, nil // this demo is fed by somebody else
	}
	var err error
	if s.listener, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		return nil, err
	}
	at := s.listener.Addr().String()
	c.C3.Listen, c.C3.Allow = "127.0.0.1:0", []string{at}
	for _, p := range announcing {
		c.C3.Senders = append(c.C3.Senders, Sender{CSP: "CSP" + p.String(), LSP: "LSP" + p.String(), Province: p.String(),
			From: []string{"127.0.0.0/8"}, Callback: "http://" + at + "/results"})
	}
	if err := s.makeKey(); err != nil {
		s.close()
		return nil, err
	}
	for _, p := range notifying {
		c.C3.OrderSenders = append(c.C3.OrderSenders, OrderSender{SPID: feeds.NotifierSP(p), Province: p.String(), From: []string{"127.0.0.0/8"},
			KeyFile: filepath.Join(s.keys, keyFile)})
	}
	return s, nil
}

const keyFile = "vac.key"

// makeKey makes the key of the order systems, for as long as this demo runs.
func (s *shelves) makeKey() (err error) {
	s.key = soap.Key(rand.Text())
	if s.keys, err = os.MkdirTemp("", "iptv-demo-*"); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(s.keys, keyFile), []byte(s.key), 0o600)
}

func (s *shelves) close() {
	if s.keys != "" {
		_ = os.RemoveAll(s.keys) // it opens nothing any more
	}
	switch {
	case s.server != nil:
		_ = s.server.Close()
	case s.listener != nil:
		_ = s.listener.Close()
	}
}

// serve serves the catalogues below folder.
func (s *shelves) serve(folder string) {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /catalogues/{province}/{file}", func(w http.ResponseWriter, r *http.Request) {
		http.ServeFile(w, r, filepath.Join(folder, filepath.Base(r.PathValue("province")), shelfFolder, filepath.Base(r.PathValue("file"))))
	})
	mux.Handle("/results", soap.Results(func(n soap.Notice) (int, string) {
		s.results <- n
		return 0, ""
	}))
	s.server = &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = s.server.Serve(s.listener) }() // until close
}

// send has the provinces' systems send their files of the same days: most into
// the inbox, where they are found as any others, some catalogues and some orders by
// SOAP.
func (b past) send(ctx context.Context, p *Platform, s *shelves, paid []feeds.Paid, told []feeds.Days) error {
	last := b.last() - 1 // today's come tomorrow
	first := b.first()
	if first > last {
		return nil
	}
	truth, err := os.Create(p.dir.file(feedTruth))
	if err != nil {
		return err
	}
	c := feeds.Config{Boxes: b.Boxes, Seed: b.Seed, From: first, To: last, Paid: paid, Folder: "in", Shelf: shelfFolder}
	if b.Months > 0 {
		c.Since, c.Course, c.Told, c.Turnover = b.since(), courseOf, told, b.Turnover
	}
	if b.Days >= dirtyFrom {
		c.Dirt = demoDirt
	}
	if s.listener != nil {
		c.Fetched, c.Notified = announcing, notifying
	}
	folder := p.config.c3Folder(p.dir)
	err = feeds.Write(c, folder, truth, nil)
	if err = errors.Join(err, truth.Close()); err != nil {
		return err
	}
	if s.listener != nil {
		s.serve(folder)
		endpoint := "http://" + p.soap.listener.Addr().String()
		if err := errors.Join(s.announce(ctx, endpoint, folder), s.notify(ctx, endpoint, folder)); err != nil {
			return err
		}
	}
	return feeds.Post(ctx, folder, c.Folder, time.Second, nil)
}

const (
	// demoDirt is how many of a hundred files of a demo come late, twice, cut,
	// or otherwise not as they should, and dirtyFrom the days of history from
	// which on they do: a short demo is clean.
	demoDirt  = 4
	dirtyFrom = 4
)

// notify tells of every order of the provinces that notify, each in the manner of
// another toolkit. An answer that is not the one there must be is an error.
func (s *shelves) notify(ctx context.Context, endpoint, folder string) error {
	for n, p := range notifying {
		f, err := os.Open(filepath.Join(folder, p.String(), shelfFolder, feeds.NotificationsFile))
		if err != nil {
			return err
		}
		_, err = feeds.Notify(ctx, soap.Client{Endpoint: endpoint, Style: soap.Style(n+1) % soap.Styles}, s.key, f)
		if err = errors.Join(err, f.Close()); err != nil {
			return fmt.Errorf("orders of %s: %w", p, err)
		}
	}
	return nil
}

// announce tells the aggregator of every catalogue on the shelves, each province
// in the manner of another toolkit, and waits for what becomes of them.
func (s *shelves) announce(ctx context.Context, endpoint, folder string) error {
	var open []string
	for n, p := range announcing {
		files, err := filepath.Glob(filepath.Join(folder, p.String(), shelfFolder, "*.xml"))
		if err != nil {
			return err
		}
		client := soap.Client{Endpoint: endpoint, Style: soap.Style(n) % soap.Styles}
		for _, f := range files {
			name := filepath.Base(f)
			correlate := fmt.Sprintf("%s-%d", name, time.Now().UnixMilli()) // told anew, it is asked for anew
			send := client.ExecCmd
			if n == len(announcing)-1 {
				send = client.ContentDeployReq // an older system
			}
			reply, err := send(ctx, "CSP"+p.String(), "LSP"+p.String(), correlate, fmt.Sprintf("http://%s/catalogues/%s/%s", s.listener.Addr(), p, name))
			if err != nil {
				return fmt.Errorf("catalogue %s: %w", name, err)
			}
			if reply.Result != 0 {
				return fmt.Errorf("catalogue %s: %+v", name, reply)
			}
			open = append(open, correlate)
		}
	}
	for len(open) > 0 {
		select {
		case n := <-s.results:
			if i := slices.Index(open, n.CorrelateID); i >= 0 {
				open = slices.Delete(open, i, i+1)
			}
			if n.CmdResult != 0 {
				return fmt.Errorf("catalogue %s was not taken: result %d", n.CorrelateID, n.CmdResult)
			}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}
