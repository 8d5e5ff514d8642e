package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"iptvdc/aggregator/profiles"
	"iptvdc/aggregator/rollout"
	"iptvdc/aggregator/settings"
)

// updatesDir is the folder in the data folder of what is published for boxes' agents.
const updatesDir = "updates"

// updates is where boxes ask for updates, and what watches how they end.
type updates struct {
	folder   *rollout.Folder
	watcher  *rollout.Watcher
	door     *rollout.Door
	listener net.Listener // nil: nobody may ask here
	server   *http.Server
	log      *slog.Logger
}

// openUpdates listens for boxes that ask for updates, if the config says so.
func (p *Platform) openUpdates(context.Context) (err error) {
	c := &p.config.Updates
	u := &updates{folder: rollout.In(p.dir.file(updatesDir)), log: p.log.With("part", "updates")}
	if c.Keys != "" {
		keys, err := profiles.LoadPublic(c.Keys)
		if err != nil {
			return fmt.Errorf("updates.keys: %w", err)
		}
		u.folder = u.folder.Believing(keys)
	}
	u.watcher = &rollout.Watcher{
		Folder: u.folder, Outcomes: p.store, Limits: rollout.Limits{Percent: c.HaltPercent, Least: c.HaltLeast}, Log: u.log,
		Halted: func(ctx context.Context, version uint64, why string) error {
			return p.settings.Note(ctx, settings.OfMachine(), "update_halted", "", fmt.Sprintf("version=%d why=%q", version, why))
		},
	}
	u.door = rollout.NewDoor(u.folder, u.log)
	p.updates = u
	if c.Listen == "" {
		return nil
	}
	if u.listener, err = net.Listen("tcp", c.Listen); err != nil {
		return fmt.Errorf("updates.listen %s: %w; choose another address in the config", c.Listen, err)
	}
	p.later(func() error {
		if err := u.listener.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
			return err
		}
		return nil
	})
	// A piece is 64 KiB: who takes it at 1 kB/s still gets it.
	u.server = &http.Server{Handler: u.door, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 10 * time.Second, WriteTimeout: time.Minute, IdleTimeout: time.Minute,
		MaxHeaderBytes: 8 << 10, ErrorLog: slog.NewLogLogger(u.log.Handler(), slog.LevelDebug)}
	return nil
}

// serve answers boxes until ctx ends.
func (u *updates) serve(ctx context.Context) {
	if u.server == nil {
		return
	}
	stop := context.AfterFunc(ctx, func() { _ = u.server.Close() }) // boxes go on where they were
	defer stop()
	u.log.Info("updates are offered", "address", u.listener.Addr().String())
	if err := u.server.Serve(u.listener); !errors.Is(err, http.ErrServerClosed) {
		u.log.Error("updates are no longer offered", "error", err)
	}
}

// updates tells how the newest update goes, and what boxes asked for.
func (c *partsCollector) updates(tell teller) {
	u := c.p.updates
	if u == nil {
		return // not open yet
	}
	s := &u.door.Stats
	tell("iptv_update_offers_total", float64(s.Offered.Load()), "offered")
	tell("iptv_update_offers_total", float64(s.None.Load()), "none")
	tell("iptv_update_offers_total", float64(s.Bad.Load()), "bad")
	tell("iptv_update_pieces_total", float64(s.Pieces.Load()), "given")
	tell("iptv_update_pieces_total", float64(s.Busy.Load()), "busy")
	tell("iptv_update_pieces_total", float64(s.Missing.Load()), "missing")
	tell("iptv_update_pieces_total", float64(s.Unknown.Load()), "unknown")
	tell("iptv_update_sent_bytes_total", float64(s.Bytes.Load()))
	version, by, halted := u.watcher.Latest()
	tell("iptv_update_newest_version", float64(version))
	tell("iptv_update_halted_releases", float64(halted))
	for province, n := range by {
		code := province.String()
		for state, boxes := range map[string]int64{"offered": n.Offered, "downloaded": n.Downloaded, "trying": n.Trying, "good": n.Good, "rolled_back": n.RolledBack, "refused": n.Refused, "others": n.Others} {
			tell("iptv_update_boxes", float64(boxes), code, state)
		}
	}
}
