package console

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"iptvdc/aggregator"
	"iptvdc/aggregator/indicator"
	"iptvdc/aggregator/quality"
)

// qualityLife is how long an answer about quality is given again. It is about
// days and dear, so it does not follow every closing.
const qualityLife = time.Minute

// Quality says how good data is; quality.Board does.
type Quality interface {
	// Rows judges every day and province in scope, by province, then by day. A
	// scope that is empty has none.
	Rows(ctx context.Context, scope aggregator.Scope, from, to aggregator.Day) ([]quality.Row, error)
}

// QualityAnswer is how good the data of provinces and days is. Verdicts are none
// (there was nothing to judge), good, attention and bad.
type QualityAnswer struct {
	AsOf indicator.Moment `json:"as_of"` // when it was judged
	// Provinces have what boxes sent since the beginning.
	Provinces []QualityProvince `json:"provinces"`
	Rows      []QualityRow      `json:"rows"`
}

// QualityProvince is what boxes of a province sent, in events since the start.
type QualityProvince struct {
	Code        string          `json:"code"`
	Verdict     string          `json:"verdict"`
	Reasons     []QualityReason `json:"reasons"`
	Received    uint64          `json:"received"`
	Lost        uint64          `json:"lost"`
	Quarantined uint64          `json:"quarantined"`
}

// QualityReason is one thing that is wrong.
type QualityReason struct {
	Verdict string         `json:"verdict"`
	Code    string         `json:"code"`
	Feed    string         `json:"feed"` // "": it is about no feed
	Text    indicator.Text `json:"text"`
}

// QualityRow is a province's day. Shares are percentages, null where there is
// nothing to divide by.
type QualityRow struct {
	Province string          `json:"province"`
	Day      string          `json:"day"`
	Verdict  string          `json:"verdict"`
	Reasons  []QualityReason `json:"reasons"` // the worst first
	Feeds    []QualityFeed   `json:"feeds"`
	Balance  QualityBalance  `json:"balance"`
	// Untold is how many accounts changed without a change told; null: the
	// province tells none, or no full file of the day is in.
	Untold       indicator.Number `json:"untold"`
	GenreUnknown indicator.Number `json:"genre_unknown"` // of viewing time
	PlaceUnknown indicator.Number `json:"place_unknown"`
	BoxCoverage  indicator.Number `json:"box_coverage"` // reporting boxes of active accounts
	Events       QualityEvents    `json:"events"`
}

// QualityEvents is what boxes told of the day, and what is known to be lost of it.
// Told is false if nothing is known of any event of the day.
type QualityEvents struct {
	Told     bool             `json:"told"`
	Events   int64            `json:"events"`
	Synced   indicator.Number `json:"clock_synced"`   // of events: their boot was synced when they were loaded
	Unsynced indicator.Number `json:"clock_unsynced"` // of events: their time is a guess
	Lost     int64            `json:"lost"`
	LossRate indicator.Number `json:"loss_rate"`        // lost of all
	Repeated int64            `json:"repeated_batches"` // that came again on that day
}

// QualityFeed is what came of a feed that speaks of the day. State is not_due,
// pending, arrived, late or missing. Records and rejected are of the files that
// are in.
type QualityFeed struct {
	Feed     string           `json:"feed"`
	State    string           `json:"state"`
	Due      int              `json:"due"`     // files that the day should have; 0: nobody knows
	Lacking  int              `json:"lacking"` // of them overdue
	DueAt    indicator.Moment `json:"due_at"`  // of the last, without grace
	Files    int              `json:"files"`
	Refused  int              `json:"refused"`
	Waiting  int              `json:"waiting"`
	Records  int64            `json:"records"`
	Rejected int64            `json:"rejected"`
	Outcome  string           `json:"outcome"` // the worst; "": no file
	Why      string           `json:"why"`     // code of what refused the last refused file
	Received indicator.Moment `json:"received"`
}

// QualityBalance is the equation of active accounts: after = before + opening +
// new + resumed + moved_in - suspended - cancelled - moved_out + error. Told is
// false if no file speaks of the day's accounts.
type QualityBalance struct {
	Told      bool  `json:"told"`
	Before    int64 `json:"before"`
	Opening   int64 `json:"opening"`
	New       int64 `json:"new"`
	Resumed   int64 `json:"resumed"`
	MovedIn   int64 `json:"moved_in"`
	Suspended int64 `json:"suspended"`
	Cancelled int64 `json:"cancelled"`
	MovedOut  int64 `json:"moved_out"`
	After     int64 `json:"after"`
	Error     int64 `json:"error"`
}

var qualityParameters = []parameter{
	{name: "from", about: "first day, as 2026-05-03", required: true},
	{name: "to", about: fmt.Sprintf("last day; at most %d days, none after today", quality.MaxDays), required: true},
	{name: "province", about: "two digits of a province; without: all that the reader may see"},
}

// qualityQuery is what is asked.
type qualityQuery struct {
	From, To aggregator.Day
	Province aggregator.Province // 0: all
}

func (s *Console) quality(w http.ResponseWriter, r *http.Request) error {
	values, err := parameters(r, qualityParameters)
	if err != nil {
		return err
	}
	var q qualityQuery
	for name, to := range map[string]*aggregator.Day{"from": &q.From, "to": &q.To} {
		text, ok := values[name]
		if !ok {
			return &aggregator.Error{Code: "bad_parameter", Message: name + ": is missing; give a day as 2026-05-03."}
		}
		if *to, err = aggregator.ParseDay(text); err != nil {
			return err
		}
	}
	if q.From > q.To || q.To-q.From >= quality.MaxDays {
		return badParameter("to", values["to"], fmt.Sprintf("not before from, and at most %d days", quality.MaxDays))
	}
	if text, ok := values["province"]; ok {
		if q.Province, err = aggregator.ParseProvince(text); err != nil {
			return err
		}
	}
	key, err := keyOf(bound{Scope: scope(r), Sets: showsQuality.data}, q)
	if err != nil {
		return err
	}
	b, err := s.grades.get(r.Context(), key)
	if err != nil {
		return err
	}
	return writeBytes(w, http.StatusOK, b)
}

// grade computes what the cache does not have.
func (s *Console) grade(ctx context.Context, key answerKey) ([]byte, error) {
	var q qualityQuery
	b, err := key.parts(&q)
	if err != nil {
		return nil, err
	}
	scope := b.Scope
	if q.Province != 0 {
		seen := scope.Sees(q.Province)
		if scope = (aggregator.Scope{}); seen {
			scope.Provinces = []aggregator.Province{q.Province}
		}
	}
	a := QualityAnswer{AsOf: indicator.Moment(time.Now().UnixMilli()), Provinces: []QualityProvince{}, Rows: []QualityRow{}}
	accounts, err := s.accounts.get(ctx)
	if err != nil {
		return nil, err
	}
	for _, p := range accounts {
		if scope.Sees(p.Province) {
			verdict, reasons := quality.JudgeEvents(p.Received, p.Lost, p.Quarantined)
			a.Provinces = append(a.Provinces, QualityProvince{p.Province.String(), verdict.String(), qualityReasons(reasons), p.Received, p.Lost, p.Quarantined})
		}
	}
	rows, err := s.Quality.Rows(ctx, scope, q.From, q.To)
	if err != nil {
		return nil, err
	}
	for i := range rows {
		a.Rows = append(a.Rows, qualityRow(&rows[i]))
	}
	return json.Marshal(a)
}

func qualityRow(r *quality.Row) QualityRow {
	row := QualityRow{
		Province: r.Province.String(), Day: r.Day.String(), Verdict: r.Verdict.String(), Reasons: qualityReasons(r.Reasons), Feeds: []QualityFeed{},
		Untold: indicator.None(), GenreUnknown: r.GenreUnknown, PlaceUnknown: r.PlaceUnknown, BoxCoverage: r.BoxCoverage,
		Events: QualityEvents{Synced: indicator.None(), Unsynced: indicator.None(), LossRate: indicator.None()},
	}
	if b := r.Boxes; b != nil {
		row.Events = QualityEvents{true, b.Events, b.ClockSynced, b.ClockUnsynced, b.Lost, b.LossRate, b.Repeated}
	}
	for _, f := range r.Feeds {
		row.Feeds = append(row.Feeds, QualityFeed{
			Feed: f.Feed.Word(), State: f.State.String(), Due: f.Due, Lacking: f.Lacking, DueAt: indicator.Moment(f.DueMs),
			Files: f.Files, Refused: f.Refused, Waiting: f.Waiting, Records: f.Records, Rejected: f.Rejected,
			Outcome: f.Outcome.Word(), Why: f.Why, Received: indicator.Moment(f.LastMs),
		})
	}
	if b := r.Balance; b != nil {
		row.Balance = QualityBalance{true, b.Before, b.Opening, b.New, b.Resumed, b.MovedIn, b.Suspended, b.Cancelled, b.MovedOut, b.After, b.Error}
	}
	if r.Untold != nil {
		row.Untold = indicator.Number(*r.Untold)
	}
	return row
}

func qualityReasons(reasons []quality.Reason) []QualityReason {
	all := []QualityReason{}
	for _, why := range reasons {
		all = append(all, QualityReason{why.Verdict.String(), why.Code, why.Feed.Word(), why.Text})
	}
	return all
}
