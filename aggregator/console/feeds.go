package console

import (
	"context"
	"encoding/hex"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"iptvdc/aggregator"
	"iptvdc/aggregator/c3"
	"iptvdc/aggregator/indicator"
	"iptvdc/aggregator/store"
)

const (
	// MaxFeedFiles and MaxFeedFaults are the most files and faults of an answer.
	MaxFeedFiles  = 10_000
	MaxFeedFaults = c3.MaxFaults

	defaultFeedFiles  = 100
	defaultFeedFaults = 100
)

// FeedFiles lists what became of files, the latest received first. A file that
// came again is not listed again.
type FeedFiles struct {
	Files []FeedFile `json:"files"`
	More  bool       `json:"more"` // there are more than the limit
}

// FeedFile is what became of one file. Records are those in the file; accepted,
// rejected and repeated what became of them.
type FeedFile struct {
	ID       string           `json:"id"` // 32 hexadecimal digits
	Province string           `json:"province"`
	Feed     string           `json:"feed"` // "": nobody knows what it is
	Name     string           `json:"name"`
	Day      string           `json:"day"` // of which it speaks
	Outcome  string           `json:"outcome"`
	Records  int64            `json:"records"`
	Accepted int64            `json:"accepted"`
	Rejected int64            `json:"rejected"`
	Repeated int64            `json:"repeated"`
	Why      string           `json:"why"`    // code of what is wrong with the whole file
	Counts   map[string]int64 `json:"counts"` // how often each code came
	Bytes    int64            `json:"bytes"`
	Received indicator.Moment `json:"received"`
	Done     indicator.Moment `json:"done"`
}

// FeedFaults are what was wrong with a file, by line.
type FeedFaults struct {
	Faults []FeedFault `json:"faults"`
	More   bool        `json:"more"`
}

// FeedFault is one; line 0 is the file as a whole.
type FeedFault struct {
	Line  int64  `json:"line"`
	Field string `json:"field"`
	Code  string `json:"code"`
	Text  string `json:"text"`
	Raw   string `json:"raw"` // as it was sent; it may name people
}

// FeedReceipt is what became of a file upon a decision.
type FeedReceipt struct {
	Outcome  string `json:"outcome"`
	Records  int64  `json:"records"`
	Accepted int64  `json:"accepted"`
	Rejected int64  `json:"rejected"`
	Repeated int64  `json:"repeated"`
}

var (
	feedFilesParameters = []parameter{
		{name: "province", about: "two digits of a province; without: all that the reader may see"},
		{name: "feed", about: strings.Join(c3.FeedNames(), ", ")},
		{name: "from", about: "first day of which files speak, as 2026-05-03"},
		{name: "to", about: "last day"},
		{name: "outcome", about: "accepted, partly, refused, waiting; several with commas between them"},
		{name: "limit", about: "files to list, 1 to 10000", def: strconv.Itoa(defaultFeedFiles)},
	}
	feedFaultsParameters = []parameter{
		{name: "skip", about: "faults to leave out", def: "0"},
		{name: "limit", about: fmt.Sprintf("faults to list, 1 to %d", MaxFeedFaults), def: strconv.Itoa(defaultFeedFaults)},
	}
)

// feedQuery reads which files are asked for.
func feedQuery(r *http.Request) (store.FileQuery, error) {
	q := store.FileQuery{Scope: scope(r), Limit: defaultFeedFiles}
	values, err := parameters(r, feedFilesParameters)
	if err != nil {
		return q, err
	}
	if text, ok := values["province"]; ok {
		p, err := aggregator.ParseProvince(text)
		if err != nil {
			return q, err
		}
		if !q.Scope.Sees(p) {
			q.Scope = aggregator.Scope{}
		} else {
			q.Scope = aggregator.Scope{Provinces: []aggregator.Province{p}}
		}
	}
	if text, ok := values["feed"]; ok {
		if q.Feed, ok = c3.ParseFeed(text); !ok {
			return q, badParameter("feed", text, "one of "+strings.Join(c3.FeedNames(), ", "))
		}
	}
	for name, to := range map[string]*aggregator.Day{"from": &q.From, "to": &q.To} {
		if text, ok := values[name]; ok {
			if *to, err = aggregator.ParseDay(text); err != nil {
				return q, err
			}
		}
	}
	switch {
	case q.From == 0 && q.To != 0:
		q.From = 1 // the first there is
	case q.To == 0 && q.From != 0:
		q.To = 1 << 30
	case q.From > q.To:
		return q, badParameter("to", values["to"], "not before from")
	}
	if text, ok := values["outcome"]; ok {
		for word := range strings.SplitSeq(text, ",") {
			o, known := c3.ParseOutcome(word)
			if !known {
				return q, badParameter("outcome", word, "one of "+strings.Join(c3.OutcomeNames(), ", "))
			}
			q.Outcomes = append(q.Outcomes, o)
		}
	}
	if text, ok := values["limit"]; ok {
		if q.Limit, err = strconv.Atoi(text); err != nil || q.Limit < 1 || q.Limit > MaxFeedFiles {
			return q, badParameter("limit", text, fmt.Sprintf("1 to %d", MaxFeedFiles))
		}
	}
	return q, nil
}

func feedFile(row *store.FileRow) FeedFile {
	f := FeedFile{
		ID: hex.EncodeToString(row.ID[:]), Province: row.Province.String(), Feed: row.Feed.Word(), Name: row.Name, Outcome: row.Outcome.Word(),
		Records: row.Records, Accepted: row.Accepted, Rejected: row.Rejected, Repeated: row.Repeated, Why: row.Why, Counts: row.Counts,
		Bytes: row.Bytes, Received: indicator.Moment(row.ReceivedMs), Done: indicator.Moment(row.DoneMs),
	}
	if row.Day != 0 {
		f.Day = row.Day.String()
	}
	if f.Counts == nil {
		f.Counts = map[string]int64{}
	}
	return f
}

func (s *Console) feedFiles(w http.ResponseWriter, r *http.Request) error {
	q, err := feedQuery(r)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(r.Context(), queryLimit)
	defer cancel()
	limit := q.Limit
	q.Limit++
	rows, err := s.Feeds.Files(ctx, q)
	if err != nil {
		return err
	}
	a := FeedFiles{Files: []FeedFile{}, More: len(rows) > limit}
	for i := range rows[:min(len(rows), limit)] {
		a.Files = append(a.Files, feedFile(&rows[i]))
	}
	return writeJSON(w, http.StatusOK, a)
}

// fileOf finds the file of a path within the reader's scope.
func (s *Console) fileOf(ctx context.Context, r *http.Request) (*store.FileRow, error) {
	none := &aggregator.Error{Code: "not_found", Message: "There is no file " + clip(r.PathValue("id")) + "; /api/v1/feeds/files lists them."}
	b, err := hex.DecodeString(r.PathValue("id"))
	if err != nil || len(b) != 16 {
		return nil, none
	}
	rows, err := s.Feeds.Taken(ctx, [][16]byte{[16]byte(b)})
	if err != nil {
		return nil, err
	}
	if len(rows) != 1 || !scope(r).Sees(rows[0].Province) {
		return nil, none
	}
	return &rows[0], nil
}

func (s *Console) feedFile(w http.ResponseWriter, r *http.Request) error {
	ctx, cancel := context.WithTimeout(r.Context(), queryLimit)
	defer cancel()
	if _, err := parameters(r, nil); err != nil {
		return err
	}
	row, err := s.fileOf(ctx, r)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, feedFile(row))
}

func (s *Console) feedFaults(w http.ResponseWriter, r *http.Request) error {
	values, err := parameters(r, feedFaultsParameters)
	if err != nil {
		return err
	}
	skip, limit := 0, defaultFeedFaults
	if text, ok := values["skip"]; ok {
		if skip, err = strconv.Atoi(text); err != nil || skip < 0 {
			return badParameter("skip", text, "0 or more")
		}
	}
	if text, ok := values["limit"]; ok {
		if limit, err = strconv.Atoi(text); err != nil || limit < 1 || limit > MaxFeedFaults {
			return badParameter("limit", text, fmt.Sprintf("1 to %d", MaxFeedFaults))
		}
	}
	ctx, cancel := context.WithTimeout(r.Context(), queryLimit)
	defer cancel()
	row, err := s.fileOf(ctx, r)
	if err != nil {
		return err
	}
	faults, err := s.Feeds.Faults(ctx, row.ID, skip, limit+1)
	if err != nil {
		return err
	}
	a := FeedFaults{Faults: []FeedFault{}, More: len(faults) > limit}
	repeats := s.repeats(w, r)
	for _, f := range slices.Clip(faults[:min(len(faults), limit)]) {
		repeats(&f.Text)
		a.Faults = append(a.Faults, FeedFault(f))
	}
	if err := s.noteList(r, "file_lines_listed", fmt.Sprintf("file=%q faults=%d", row.Name, len(a.Faults))); err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, a)
}

func (s *Console) releaseFile(w http.ResponseWriter, r *http.Request) error {
	return s.decide(w, r, "released", s.Decisions.Release)
}

func (s *Console) rejectFile(w http.ResponseWriter, r *http.Request) error {
	return s.decide(w, r, "rejected", s.Decisions.Reject)
}

func (s *Console) decide(w http.ResponseWriter, r *http.Request, what string, f func(context.Context, aggregator.Province, [16]byte) (c3.Receipt, error)) error {
	row, err := s.fileOf(r.Context(), r)
	if err != nil {
		return err
	}
	// Who hangs up does not take a decision back.
	receipt, err := f(context.WithoutCancel(r.Context()), row.Province, row.ID)
	if err != nil {
		return err
	}
	if err := s.noteList(r, "file_"+what, fmt.Sprintf("file=%q outcome=%s", row.Name, receipt.Outcome.Word())); err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, FeedReceipt{receipt.Outcome.Word(), receipt.Records, receipt.Accepted, receipt.Rejected, receipt.Repeated})
}
