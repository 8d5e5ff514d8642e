package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"time"

	"iptvdc/aggregator"
	"iptvdc/aggregator/durable"
	"iptvdc/testbench/feeds"
	"iptvdc/testbench/fleet"
)

// past is what a demo's data folder knows of its history. The history is a
// plain function of it, so one that was broken off is told again from the start
// and the ledger takes what it does not have.
type past struct {
	Seed  uint64 `json:"seed"`
	Boxes int    `json:"boxes"`
	Days  int    `json:"days"`
	// Months is how many months before these days the provinces' files reach back;
	// with twelve and more the same days of the year before are told too.
	Months int `json:"months,omitempty"`
	// Turnover is how many of the boxes were not there a year before, and how many
	// others were. 0 in folders that knew of none.
	Turnover int   `json:"turnover,omitempty"`
	EndMs    int64 `json:"end_ms"`
	Done     bool  `json:"done"`
}

const pastFile = "demo.json"

// past reads the folder's, or begins one.
func (d demo) past(dir *dataDir) (past, error) {
	b, err := os.ReadFile(dir.file(pastFile))
	if errors.Is(err, os.ErrNotExist) {
		p := past{Seed: rand.Uint64(), Boxes: d.boxes, Days: d.days, Months: d.months, EndMs: time.Now().UnixMilli(), Done: d.days == 0}
		if days, is := p.yearBefore(); is && p.first()-days.To > turnoverDays {
			p.Turnover = p.Boxes * turnover / 100
		}
		return p, p.write(dir)
	}
	if err != nil {
		return past{}, err
	}
	var p past
	if err := json.Unmarshal(b, &p); err != nil {
		return past{}, fmt.Errorf("%s: %w; remove the demo's folder to start anew", dir.file(pastFile), err)
	}
	return p, nil
}

func (b past) write(dir *dataDir) error {
	text, err := json.Marshal(b)
	if err != nil {
		return err
	}
	return durable.WriteFile(dir.file(pastFile), text)
}

// beside is how many days more than the same are told of the year before, at either
// side: comparisons that go by weekdays or holidays look there.
const beside = 4

// renewedIn is in how many nights before the days told the boxes' firmware was renewed:
// each is heard of once. Without it a fleet that is years old would look as if it had
// been connected on the first of these days: those who rarely watch would swell the
// reporting boxes, of which activity is a share, and the month's active ones all month
// long, and come back from a year's silence.
const renewedIn = 7

// turnover is how many of a hundred boxes came, and left, since the year before: about
// as many as of all accounts by courseOf. It takes turnoverDays at least.
const (
	turnover     = 14
	turnoverDays = 90
)

// courseOf is how the demo's provinces fare.
var courseOf = feeds.Course{Churn: 0.011, ChurnBefore: 0.016, Growth: 0.03, Orders: 0.05}

// ways are how its households come to watch and order as they do today: in all about
// a tenth more orders than a year before. They are less willing to order than
// ordinary ones, who make a fleet's few days tell of every kind of order: else they
// would buy for more than any subscriber does.
//
// Without months before it a demo's households are ordinary ones, as those of folders
// that knew of no months.
func (b past) ways() fleet.Ways {
	if b.Months == 0 {
		return fleet.Ways{}
	}
	return fleet.Ways{Orders: 0.2, Terms: true, Trend: fleet.Trend{Until: b.last(), Activity: 0.08, Orders: 0.05, Days: 40}}
}

// first and last are the days that are told, the last of them up to the demo's first
// start.
func (b past) first() aggregator.Day { return b.last() - aggregator.Day(b.Days-1) }
func (b past) last() aggregator.Day  { return aggregator.DayOf(b.EndMs - 1) }

// yearBefore are the days of the year before that are told; false: none are.
func (b past) yearBefore() (feeds.Days, bool) {
	same := func(d aggregator.Day) aggregator.Day {
		return aggregator.DayOf(d.Time().AddDate(-1, 0, 0).UnixMilli())
	}
	days := feeds.Days{From: same(b.first()) - beside, To: same(b.last()) + beside}
	return days, b.Months >= 12 && days.To < b.first()
}

// since is the first day of which the provinces' files speak; 0: that of the days
// told.
func (b past) since() aggregator.Day {
	if b.Months == 0 {
		return 0
	}
	since := b.first().Month()
	for range b.Months {
		since = (since - 1).Month()
	}
	return since - 1 // whose evening is the first month's beginning
}

// tell brings the history in: today and the days before it first, then those of the
// year before, then what the provinces send of all of them.
func (b past) tell(ctx context.Context, p *Platform, shelves *shelves, out io.Writer) error {
	if b.Done {
		return nil
	}
	var paid feeds.Payments
	truth := fleet.NewTruth(&paid, fleet.TruthHead{Seed: b.Seed})
	now := fleet.HistoryConfig{Boxes: b.Boxes, Seed: b.Seed, EndMs: b.EndMs, Truth: truth, Ways: b.ways(), Renewed: renewedIn}
	told := []feeds.Days{{From: b.first(), To: b.last()}}
	words := wordsFor(os.Getenv)
	if err := b.stretch(ctx, p, now, b.Days, newProgress(out, words.history, b.first(), b.Days)); err != nil {
		return err
	}
	if days, is := b.yearBefore(); is {
		then := now
		then.EndMs, then.Chapter, then.Skip = (days.To + 1).Start(), 1, b.Turnover
		n := int(days.To-days.From) + 1
		if err := b.stretch(ctx, p, then, n, newProgress(out, words.before, days.From, n)); err != nil {
			return err
		}
		told = append(told, days)
	}
	if err := b.send(ctx, p, shelves, paid.All, told); err != nil {
		return err
	}
	b.Done = true
	return b.write(p.dir)
}

// stretch tells some days.
func (b past) stretch(ctx context.Context, p *Platform, c fleet.HistoryConfig, days int, pr *progress) error {
	feed := newFeed(ctx, p.intake)
	_, err := fleet.History(ctx, c, days, func(topic string, packet []byte, atMs int64) error {
		pr.at(atMs)
		return feed.deliver(topic, packet, atMs)
	})
	if err = errors.Join(err, feed.close()); err == nil {
		pr.done()
	}
	return err
}
