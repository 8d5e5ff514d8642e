package verify

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"iptvdc/testbench/oracle"
)

// Config of a Run.
type Config struct {
	URL   string // of the aggregator, http://127.0.0.1:8080
	Token string // of an administrator
	// Wait is how long the centre may take to load and close what it has
	// received; 0: 2 minutes.
	Wait time.Duration
	// Receipts is the folder of all provinces' files, where receipts lie, for
	// Feeds; "": receipts are not compared.
	Receipts string
	// WithoutEvicted takes events that boxes threw away for want of room for
	// what they are: so many may be missing, less those that had been sent before
	// and may have arrived, and figures are compared with what happened less
	// what is missing.
	WithoutEvicted bool
	// Catalogue is what the feeds' truth says of contents and broadcasts; nil: what
	// is made of these is not compared.
	Catalogue *oracle.Catalogue
	// OneOf asks only one of so many ways to split figures and to compare them with
	// earlier times, for engines that are slow and truths that are long; 0: all. Figures
	// by province and day are compared anyway. Which says which of them, from 0 on.
	OneOf, Which int
	// AnswerRows is how many rows an answer of the aggregator may have; 0: 10,000.
	AnswerRows int
	// HourDays is how many days are compared hour by hour too, spread over all of the
	// truth's; 0: all. Days, weeks and months are compared of all days anyway.
	HourDays int
	Say      func(line string) // progress; nil: silent
}

// Report is what a comparison found.
type Report struct {
	Equal bool `json:"equal"` // nothing lost, nothing doubled, every figure equal

	Boxes       int   `json:"boxes"`
	Events      int   `json:"events"` // in the truth
	BoxesDiffer int   `json:"boxes_differ"`
	Lost        int64 `json:"lost"`
	Doubled     int64 `json:"doubled"`
	// Evicted is how many events boxes say they threw away, EvictedSent how many
	// of them they had sent before. The lost are among them, and the centre
	// must know of each.
	Evicted       int64    `json:"evicted"`
	EvictedSent   int64    `json:"evicted_sent"`
	LostEvents    []string `json:"lost_events,omitempty"`
	DoubledEvents []string `json:"doubled_events,omitempty"`

	From    string  `json:"from"`
	To      string  `json:"to"`
	Queries int     `json:"queries"`
	Lines   []*Line `json:"indicators"`
	// Faults is what else is wrong: an account of losses that does not agree,
	// quarantined events, boxes that no truth knows.
	Faults []string `json:"faults,omitempty"`
	Notes  []string `json:"notes,omitempty"`
}

// Line is the comparison of one indicator.
type Line struct {
	Indicator string   `json:"indicator"`
	Cells     int      `json:"cells"`
	Equal     int      `json:"equal"`
	Different int      `json:"different"`
	First     []string `json:"first,omitempty"` // differences
}

// ErrNotSettled says that the centre still had work when the wait was over.
var ErrNotSettled = errors.New("the aggregator has not settled")

type verifier struct {
	Config
	truth  *oracle.Truth
	client *client
	report Report
	lines  map[string]*Line
	lost   map[string]map[event]int // by box
	mu     sync.Mutex               // guards the report
}

// Run compares the truth with what the aggregator says. An error means that the
// comparison could not be made; what it found is in the Report.
func Run(ctx context.Context, truth *oracle.Truth, c Config) (*Report, error) {
	cl, err := newClient(c.URL, c.Token)
	if err != nil {
		return nil, err
	}
	if c.Wait == 0 {
		c.Wait = 2 * time.Minute
	}
	if c.AnswerRows == 0 {
		c.AnswerRows = 10_000
	}
	v := &verifier{Config: c, truth: truth, client: cl, lines: make(map[string]*Line), lost: make(map[string]map[event]int)}
	for _, i := range oracle.Known(c.Catalogue) {
		l := &Line{Indicator: i.ID}
		v.lines[i.ID] = l
		v.report.Lines = append(v.report.Lines, l)
	}
	v.report.Events, v.report.Boxes = truth.Len(), len(truth.Boxes())
	for _, n := range truth.Evicted {
		v.report.Evicted += n
	}
	for _, n := range truth.Sent {
		v.report.EvictedSent += n
	}
	if truth.Cut {
		v.report.Notes = append(v.report.Notes, "the truth's last line is unfinished and was left out")
	}
	s, err := v.settle(ctx)
	if err != nil {
		return nil, err
	}
	if err := v.compareEvents(ctx); err != nil {
		return nil, err
	}
	v.compareAccounts(s)
	if c.WithoutEvicted && v.report.Evicted > 0 {
		v.truth = without(truth, v.lost)
	}
	if err := v.compareFigures(ctx); err != nil {
		return nil, err
	}
	if err := v.compareLost(ctx); err != nil {
		return nil, err
	}
	v.report.Equal = v.report.LossExplained(c.WithoutEvicted) && v.report.Doubled == 0 && len(v.report.Faults) == 0 &&
		!slices.ContainsFunc(v.report.Lines, func(l *Line) bool { return l.Different > 0 })
	return &v.report, nil
}

// And adds the report of feeds to that of boxes.
func (r *Report) And(feeds *Report) *Report {
	both := *r
	both.Equal = r.Equal && feeds.Equal
	both.Queries += feeds.Queries
	both.Lines = slices.Concat(r.Lines, feeds.Lines)
	both.Faults = slices.Concat(r.Faults, feeds.Faults)
	both.Notes = slices.Concat(r.Notes, feeds.Notes)
	return &both
}

// LossExplained reports whether as many events are missing as should be: none,
// or, if what boxes threw away is taken for what it is, that, less what arrived
// before all the same.
func (r *Report) LossExplained(withoutEvicted bool) bool {
	if !withoutEvicted {
		return r.Lost == 0
	}
	return r.Lost <= r.Evicted && r.Lost >= r.Evicted-r.EvictedSent
}

func (v *verifier) line(indicator string) *Line { return v.lines[indicator] }

func (v *verifier) say(format string, args ...any) {
	if v.Say != nil {
		v.Say(fmt.Sprintf(format, args...))
	}
}

// quiet is how long a centre that lacks events of the truth must have received
// nothing more before they count as lost.
const quiet = 10 * time.Second

// settle waits until the centre has loaded and closed all it received, and has
// received all there is, or nothing new for a while.
func (v *verifier) settle(ctx context.Context) (status, error) {
	deadline := time.Now().Add(v.Wait)
	said := time.Time{}
	var last status
	changed := time.Now()
	for {
		s, err := v.client.status(ctx)
		if err != nil {
			return s, err
		}
		if s.Received != last.Received {
			changed = time.Now()
		}
		last = s
		all := s.Received+s.Lost+s.Quarantined >= int64(v.report.Events)
		if s.Backlog == 0 && s.Dirty == 0 && (all || time.Since(changed) > quiet) {
			v.say("settled: %d events received, %d loaded, as of %s", s.Received, s.Loaded, s.AsOf)
			return s, nil
		}
		if time.Now().After(deadline) {
			return s, fmt.Errorf("%w within %v: %d events to load, %d cells to close, %d of %d events received", ErrNotSettled, v.Wait, s.Backlog, s.Dirty, s.Received, v.report.Events)
		}
		if time.Since(said) > 2*time.Second {
			said = time.Now()
			v.say("waiting: %d events to load, %d cells to close, %d of %d events received", s.Backlog, s.Dirty, s.Received, v.report.Events)
		}
		select {
		case <-time.After(100 * time.Millisecond):
		case <-ctx.Done():
			return s, ctx.Err()
		}
	}
}

// compareAccounts compares what the centre says is missing with what is.
func (v *verifier) compareAccounts(s status) {
	fault := func(format string, args ...any) {
		v.report.Faults = append(v.report.Faults, fmt.Sprintf(format, args...))
	}
	if s.Lost != v.report.Lost {
		fault("the aggregator counts %d events that will never come, %d are missing", s.Lost, v.report.Lost)
	}
	if s.Quarantined != 0 {
		fault("%d events are quarantined", s.Quarantined)
	}
	if s.Boxes > int64(v.report.Boxes) {
		fault("the aggregator knows %d boxes, the truth only %d: name the truth files of all runs", s.Boxes, v.report.Boxes)
	}
}
