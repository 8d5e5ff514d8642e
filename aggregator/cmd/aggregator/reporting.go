package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"iptvdc/aggregator"
	"iptvdc/aggregator/console"
	"iptvdc/aggregator/insight"
	"iptvdc/aggregator/post"
	"iptvdc/aggregator/report"
)

// sendEvery is how often it is looked whether a report is due or waits to be tried
// again.
const sendEvery = 15 * time.Second

// openPost makes what carries messages.
func (p *Platform) openPost() error {
	c, err := p.config.Post.config()
	if err != nil {
		return fmt.Errorf("post: %w", err)
	}
	if p.post, err = post.New(c); err != nil {
		return fmt.Errorf("post: %w", forPeople(err))
	}
	return nil
}

// newDesk makes what sends reports; alerts leave through it as well.
func (p *Platform) newDesk(c report.Composer) console.Desk {
	log := p.log.With("part", "report")
	p.desk = report.New(report.Config{Book: p.settings, Composer: c, Sender: p.post, Fresh: p.fresh, Link: p.config.Post.PublicURL, Now: time.Now, Log: log})
	p.watcher.Courier = couriers{logCourier{p.log.With("part", "insight")}, p.desk}
	return p.desk
}

// dirtyLook is how many cells that wait for closing are looked at, those of the latest
// hours first; with more of them nothing is complete.
const dirtyLook = 100_000

// fresh says why a day is not complete: the day after must have been heard of, what was
// received be loaded, and every hour of the day and before be closed. Provinces' files
// are not waited for: they have due times of their own, see quality.
func (p *Platform) fresh(ctx context.Context, day aggregator.Day) (string, error) {
	asOf, dirty, err := p.store.AsOf(ctx)
	if err != nil {
		return "", err
	}
	switch {
	case asOf < (day + 1).Start():
		return report.LateEvents, nil
	case p.loader.Behind():
		return report.LateLoading, nil
	case dirty == 0:
		return "", nil
	case dirty > dirtyLook:
		return report.LateClosing, nil
	}
	snap, err := p.store.Dirty(ctx, dirtyLook)
	if err != nil {
		return "", err
	}
	for _, c := range snap.Cells {
		if c.Hour.Day() <= day {
			return report.LateClosing, nil
		}
	}
	return "", nil
}

// couriers bring a notice to several.
type couriers []insight.Courier

// Deliver implements insight.Courier. One that failed may get the notice again, with
// those that did not: each knows it by its ID.
func (c couriers) Deliver(ctx context.Context, n insight.Notice) error {
	var all []error
	for _, one := range c {
		all = append(all, one.Deliver(ctx, n))
	}
	return errors.Join(all...)
}

// reports tells how sending does.
func (c *partsCollector) reports(ctx context.Context, tell teller) error {
	if c.p.desk == nil {
		return nil // not open yet
	}
	s := c.p.desk.Stats()
	tell("iptv_report_runs_total", float64(s.Begun-s.Late), "complete")
	tell("iptv_report_runs_total", float64(s.Late), "incomplete")
	tell("iptv_report_runs_total", float64(s.Missed), "missed")
	tell("iptv_report_retries_total", float64(s.Retries))
	for _, k := range post.Kinds() {
		for _, state := range []report.State{report.Sent, report.Refused, report.Failed, report.Unsure} {
			n := s.Ended[report.Outcome{Kind: k, State: state}]
			tell("iptv_report_messages_total", float64(n), string(k), string(state))
		}
	}
	waiting, err := c.p.settings.WaitingSendings(ctx)
	if err == nil {
		tell("iptv_report_waiting", float64(waiting))
	}
	return err
}
