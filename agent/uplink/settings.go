package uplink

import (
	"net/url"
	"slices"
	"time"
)

// Settings are what may change while an uplink runs. All fields count.
type Settings struct {
	// Brokers instead of Config.Brokers, from the next connection on. Those of
	// the Config join them once each of these has failed twice in a row, so that
	// a wrong list does not cut a box off.
	Brokers []string
	// BackoffMin, BackoffMax and KeepAlive are as in Timing, Window as in
	// Config; from the next connection on.
	BackoffMin, BackoffMax, KeepAlive time.Duration
	Window                            int
	// SealAge is as in Timing; at once.
	SealAge time.Duration
	// Quiet holds back what may wait [P-8.5]; at once.
	Quiet bool
}

// settings is what the Config says.
func (c *Config) settings() Settings {
	t := &c.Timing
	return Settings{Brokers: c.Brokers, BackoffMin: t.BackoffMin, BackoffMax: t.BackoffMax, KeepAlive: t.KeepAlive, Window: c.Window, SealAge: t.SealAge}
}

// Set replaces the settings. Brokers that cannot be read are left out; if none
// is left, the Config's hold. Safe for concurrent use.
func (u *Uplink) Set(s Settings) {
	s.Brokers = slices.DeleteFunc(slices.Clone(s.Brokers), func(b string) bool {
		_, err := ParseBroker(b)
		return err != nil
	})
	if len(s.Brokers) == 0 {
		s.Brokers = u.cfg.Brokers
	}
	u.settings.Store(&s)
	u.wake()
}

// SendNow seals and sends everything that is recorded, also in quiet hours;
// without a connection, at the next one. Safe for concurrent use.
func (u *Uplink) SendNow() {
	u.flush.Store(true)
	u.wake()
}

func (u *Uplink) wake() {
	select {
	case u.poke <- struct{}{}:
	default:
	}
}

// ride is when a commit that happens anyway seals: as configured, or in the same
// proportion for another age.
func (u *Uplink) ride(age time.Duration) time.Duration {
	t := &u.cfg.Timing
	if age == t.SealAge {
		return t.SealRide
	}
	return age / 3
}

// broker is which one to try at an attempt, after so many failures in a row.
func (u *Uplink) broker(attempt, failures int) (*url.URL, error) {
	list := u.settings.Load().Brokers
	if failures >= 2*len(list) {
		list = append(slices.Clip(list), u.cfg.Brokers...)
	}
	return ParseBroker(list[attempt%len(list)])
}

// pings spreads the keep-alive +-20 % by the box's id, so that pings of a region
// do not beat together.
func pings(keepAlive time.Duration, shard uint8) time.Duration {
	spread := time.Duration(shard) - 128
	return (keepAlive + keepAlive*spread/640).Round(time.Second)
}
