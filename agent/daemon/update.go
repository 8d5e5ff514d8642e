package daemon

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"time"

	"iptvdc/agent/outbox"
	"iptvdc/agent/update"
	"iptvdc/protocol"
)

// UpdateConfig is how an agent renews itself. The zero value: it does not.
type UpdateConfig struct {
	Keys protocol.Keys // of those who may sign; none: no updates
	URLs []string      // bases where offers and programs are
	// Rate, Hours, Every and Good are as in update.Config.
	Rate        int
	Hours       *protocol.Span
	Every, Good time.Duration
	// Silent is how long an update on trial may not tell its guard that it lives; 0: nobody
	// watches.
	Silent time.Duration
	// Agent is the program's version as one word, Build what it is built for.
	Agent, Build string
	// Release is the program's own version as an update, 0: it has none.
	Release uint64
	// Place is how the program was started.
	Place update.Place
}

func (c *UpdateConfig) validate() error {
	if len(c.Keys) == 0 {
		return nil
	}
	if len(c.URLs) == 0 {
		return errors.New("update-keys: there is no -update-url to ask for updates; write -update-url http://host:port")
	}
	for _, u := range c.URLs {
		if err := protocol.CheckMirror(u); err != nil {
			return fmt.Errorf("update-%w", err)
		}
	}
	if c.Rate < 0 || c.Every < 0 || c.Good < 0 || c.Silent < 0 {
		return errors.New("update-rate, -update-every, -update-good, -update-silent: not below 0")
	}
	return nil
}

// agentWord is the version that power-ons tell. A build's that is no word is not told: that
// is no reason to record nothing.
func (c *Config) agentWord() string {
	v := c.Update.Agent
	if v != "" && !protocol.IsAgent(v) {
		c.Log.Warn("power-ons do not tell which agent runs: its version is not one word of 1 to 64 plain characters", "version", v)
		return ""
	}
	return v
}

// Program is what the agent says of itself.
func (c *UpdateConfig) Program() update.Program {
	return update.Program{Agent: c.Agent, Build: c.Build, Outbox: outbox.Format, OutboxMin: outbox.FormatMin, Release: c.Release}
}

// openUpdate prepares the updater, if there is to be one.
func (d *Daemon) openUpdate() {
	c := &d.cfg.Update
	if len(c.Keys) == 0 {
		return
	}
	d.update = update.New(update.Config{
		Dir: d.cfg.Dir, Keys: c.Keys, URLs: c.URLs, Box: d.cfg.Box, Province: d.cfg.Province, Model: d.cfg.Identity.Model,
		Place: c.Place, Self: c.Program(), Rate: c.Rate, Hours: c.Hours, Every: c.Every, Good: c.Good,
		Spread: func() time.Duration { return d.policy.Settings().FirstSpread },
		Centre: d.policy.CentreMs,
		Acked: func() bool {
			o := d.out.Load()
			return o != nil && o.Stats().Acked > 0
		},
		Tell: func(ctx context.Context, e protocol.Event) error {
			e.MonoMs = d.cfg.Clock.MonoMs()
			return d.rec.Record(ctx, true, e)
		},
		SendNow: func() {
			d.sendSoon.Store(true)
			if u := d.link.Load(); u != nil {
				u.SendNow()
			}
		},
		Restart: func(why string) {
			d.cfg.Log.Warn(why)
			d.end()
		},
		Client: d.updateClient(), Log: d.cfg.Log,
	})
}

// tellAlive tells the guard that the agent lives, if there is one, until ctx is done: that
// the locks of its parts are not held for ever, and that the recorder moves.
func (d *Daemon) tellAlive(ctx context.Context) {
	c := &d.cfg.Update
	if c.Place.Alive == 0 || c.Silent == 0 {
		return
	}
	pipe, err := update.OpenPipe(c.Place.Alive)
	if err != nil {
		d.cfg.Log.Warn("update: nobody watches the agent", "error", err)
		return
	}
	defer pipe.Close()
	update.Tell(ctx, pipe, c.Silent, func(ctx context.Context) error {
		d.Status()
		return d.rec.Turn(ctx)
	}, d.cfg.Log)
}

// updateClient trusts whom the uplink trusts, at no earlier time than the program
// was built: a box starts in 1970.
func (d *Daemon) updateClient() *http.Client {
	t := &http.Transport{Proxy: nil, MaxIdleConnsPerHost: 1, IdleConnTimeout: 10 * time.Second, DisableCompression: true, DialContext: d.cfg.Dial}
	t.TLSClientConfig = &tls.Config{MinVersion: tls.VersionTLS12}
	if d.cfg.TLS != nil {
		t.TLSClientConfig = d.cfg.TLS.Clone()
	}
	t.TLSClientConfig.Time = func() time.Time {
		now := time.Now()
		if d.cfg.NotBefore.After(now) {
			now = d.cfg.NotBefore
		}
		if centre := time.UnixMilli(int64(d.policy.CentreMs())); centre.After(now) {
			now = centre
		}
		return now
	}
	return &http.Client{Transport: t}
}
