package daemon

import (
	"context"
	"time"

	"iptvdc/agent/outbox"
	"iptvdc/agent/profile"
	"iptvdc/agent/uplink"
	"iptvdc/protocol"
)

// reportWithin bounds how long a report waits for the flash before what is on it
// is sent.
const reportWithin = 10 * time.Second

// openPolicy reads the kept profile, before any other part starts.
func (d *Daemon) openPolicy() (err error) {
	c := &d.cfg
	if c.Timing == (uplink.Timing{}) {
		c.Timing = uplink.DefaultTiming()
	}
	d.policy, err = profile.Open(profile.Config{
		Dir: c.Dir, Keys: c.ProfileKeys, Box: c.Box, Province: c.Province, Group: c.group(), Clock: c.Clock, Log: c.Log, Built: c.built(),
	})
	return err
}

// built is what holds without a profile.
func (c *Config) built() profile.Settings {
	t := &c.Timing
	s := profile.Settings{
		Window: c.Group, BatchEvents: c.Outbox.BatchEvents, BatchAge: t.SealAge, Brokers: c.Brokers, Origins: c.API.Origins,
		FirstSpread: t.FirstSpread, ReconnectMin: t.BackoffMin, ReconnectMax: t.BackoffMax, KeepAlive: t.KeepAlive, InFlight: c.Window,
	}
	if s.Window == 0 {
		s.Window = 250 * time.Millisecond
	}
	if s.BatchEvents == 0 {
		s.BatchEvents = outbox.DefaultBatchEvents
	}
	if s.InFlight == 0 {
		s.InFlight = protocol.MaxWindow
	}
	return s
}

// follow has the parts go by the policy until ctx is done.
func (d *Daemon) follow(ctx context.Context) {
	d.policy.Run(ctx, profile.Hooks{
		Apply: func(profile.Settings) { d.apply() },
		Tell: func(e protocol.Event) {
			if err := d.rec.Record(ctx, false, e); err != nil {
				d.cfg.Log.Error("what became of a profile is not recorded", "error", err)
			}
		},
		Report: func() { d.report(ctx) },
	})
}

// apply makes the policy's settings hold. The recorder asks the policy itself
// what is recorded, the session what stays on the box.
func (d *Daemon) apply() {
	d.applying.Lock() // asked inside, so that the latest settings are applied last
	defer d.applying.Unlock()
	s := d.policy.Settings()
	d.rec.SetWindow(s.Window)
	d.api.SetOrigins(s.Origins)
	if o := d.out.Load(); o != nil {
		o.SetBatchEvents(s.BatchEvents)
	}
	if u := d.link.Load(); u != nil {
		u.Set(uplink.Settings{
			Brokers: s.Brokers, BackoffMin: s.ReconnectMin, BackoffMax: s.ReconnectMax, KeepAlive: s.KeepAlive, Window: s.InFlight,
			SealAge: s.BatchAge, Quiet: s.Quiet,
		})
	}
}

// onReport sets what a report asks for besides what runs: to record the box's
// health now. Safe for concurrent use.
func (d *Daemon) onReport(ask func()) { d.ask.Store(&ask) }

// HealthEvery is the time between two health events that holds now; 0: none.
func (d *Daemon) HealthEvery() time.Duration { return d.policy.Settings().Health }

// report asks for health and which agent runs, and sends everything now.
func (d *Daemon) report(ctx context.Context) {
	if d.update != nil {
		d.update.Report()
	}
	if ask := d.ask.Load(); ask != nil {
		(*ask)()
	}
	within, cancel := context.WithTimeout(ctx, reportWithin)
	defer cancel()
	if err := d.rec.Flush(within); err != nil {
		d.cfg.Log.Warn("a report goes without what is not on flash yet", "error", err)
	}
	if u := d.link.Load(); u != nil {
		u.SendNow()
	}
}

// heed gives an uplink what it needs to hear profiles, and the first settings.
func (d *Daemon) heed(c *uplink.Config) {
	c.Topics, c.Down = d.policy.Topics(), d.policy.Down
	c.Timing.FirstSpread = d.policy.Settings().FirstSpread
	if synced := c.Synced; synced != nil {
		c.Synced = func(serverMs, monoMs uint64) {
			synced(serverMs, monoMs)
			d.policy.Synced(serverMs, monoMs)
		}
	}
}

// group is the box's own group of profiles beside all.
func (c *Config) group() string {
	if c.ProfileGroup != "" || protocol.CheckGroup(c.Identity.Model) != nil {
		return c.ProfileGroup
	}
	return c.Identity.Model
}

// checkProfiles explains what is wrong with what Config says of profiles.
func (c *Config) checkProfiles() error {
	if c.ProfileGroup != "" {
		return protocol.CheckGroup(c.ProfileGroup)
	}
	return nil
}
