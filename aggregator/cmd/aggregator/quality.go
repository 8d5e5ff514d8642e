package main

import (
	"context"
	"math"
	"slices"
	"sync"
	"time"

	"iptvdc/aggregator"
	"iptvdc/aggregator/c3"
	"iptvdc/aggregator/quality"
)

// newBoard makes what judges the quality of data.
func (p *Platform) newBoard() *quality.Board {
	return &quality.Board{Figures: p.store, Files: p.store, Promises: p.promises, Now: time.Now}
}

// promises is what provinces are to send. Of a dialect that everybody has, files
// are expected once the first has come. A province whose order system tells of each
// order by SOAP owes no files of them.
func (p *Platform) promises() map[aggregator.Province][]quality.Promise {
	all := map[aggregator.Province][]quality.Promise{}
	since := aggregator.DayOf(p.inbox.Since().UnixMilli())
	for province, d := range p.inbox.InForce() {
		if d.Own {
			all[province] = quality.Of(d.Dialect, since)
		} else {
			all[province] = quality.Of(d.Dialect, 0)
		}
	}
	for _, o := range p.config.C3.OrderSenders {
		if province, err := aggregator.ParseProvince(o.Province); err == nil { // checked at the start
			all[province] = slices.DeleteFunc(all[province], func(d quality.Promise) bool { return d.Feed == c3.FeedOrders })
		}
	}
	return all
}

// latestEvery is how often the gauges of feeds are computed anew, if asked.
const latestEvery = time.Minute

// latest keeps what the gauges of feeds tell. Safe for concurrent use.
type latest struct {
	mu    sync.Mutex
	at    time.Time
	value quality.Latest
}

// get returns how provinces did a minute ago at most, or longer if finding out
// takes long.
func (l *latest) get(ctx context.Context, b *quality.Board) (quality.Latest, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	began := time.Now()
	if began.Before(l.at) {
		return l.value, nil
	}
	v, err := b.Latest(ctx)
	if err != nil {
		return v, err
	}
	now := time.Now()
	l.value, l.at = v, now.Add(max(latestEvery, 20*now.Sub(began)))
	return v, nil
}

// quality tells how provinces' data does, by province and feed alone.
func (c *partsCollector) quality(ctx context.Context, tell teller) error {
	l, err := c.latest.get(ctx, c.p.board)
	if err != nil {
		return err
	}
	for _, f := range l.Feeds {
		province, feed := f.Province.String(), f.Feed.Word()
		overdue := 0.0
		if f.Overdue {
			overdue = 1
		}
		tell("iptv_feed_overdue", overdue, province, feed)
		if f.Day == 0 {
			continue // there is no file
		}
		tell("iptv_feed_last_day_age_seconds", time.Since((f.Day + 1).Time()).Seconds(), province, feed)
		tell("iptv_feed_last_records", float64(f.Records), province, feed)
		tell("iptv_feed_last_rejected_records", float64(f.Rejected), province, feed)
	}
	for _, p := range l.Provinces {
		province := p.Province.String()
		if p.Balance != nil {
			tell("iptv_feed_balance_error_accounts", float64(p.Balance.Error), province)
		}
		if b := p.Boxes; b != nil {
			tell("iptv_day_lost_events", float64(b.Lost), province)
			tell("iptv_day_loss_ratio", float64(b.LossRate)/100, province)
			tell("iptv_day_clock_synced_ratio", float64(b.ClockSynced)/100, province)
			tell("iptv_day_clock_unsynced_ratio", float64(b.ClockUnsynced)/100, province)
			tell("iptv_day_repeated_batches", float64(b.Repeated), province)
		}
		for name, v := range map[string]float64{
			"iptv_feed_box_coverage_ratio": float64(p.BoxCoverage), "iptv_feed_genre_unknown_ratio": float64(p.GenreUnknown), "iptv_feed_place_unknown_ratio": float64(p.PlaceUnknown),
		} {
			if !math.IsNaN(v) {
				tell(name, v/100, province)
			}
		}
	}
	return nil
}
