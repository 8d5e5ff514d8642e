package console

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"

	"iptvdc/aggregator"
	"iptvdc/aggregator/indicator"
	"iptvdc/aggregator/store"
)

const (
	// MaxRunning is the greatest number of rows about running profiles.
	MaxRunning = 10_000
	// defaultBoxes is how many boxes are listed if nobody says.
	defaultBoxes = 100
)

// RunningAnswer says which profiles boxes run, by what they told last.
type RunningAnswer struct {
	// Provinces have every box that was ever heard; one that told nothing about
	// profiles runs what is built in, or is older than profiles, and is in no row.
	Provinces []RunningProvince `json:"provinces"`
	Rows      []RunningRow      `json:"rows"`
	More      bool              `json:"more"` // rows of fewer boxes were left out
}

// RunningProvince is how many boxes a province has.
type RunningProvince struct {
	Code  string `json:"code"`
	Boxes uint64 `json:"boxes"`
}

// RunningRow is how many boxes run the same.
type RunningRow struct {
	Province string `json:"province"`
	City     string `json:"city,omitempty"` // if cities were asked for
	RunsInfo
	Boxes int64 `json:"boxes"`
}

// RunsInfo is what a box goes by.
type RunsInfo struct {
	Version uint64 `json:"version"`           // 0: what is built in
	Group   string `json:"group"`             // whose version it is; all: the province's
	Expired uint64 `json:"expired,omitempty"` // version that held last and has expired
	// Refused says that a profile was refused after that: RefusedVersion (0: it
	// could not be read) of RefusedGroup, for the reason Why.
	Refused        bool   `json:"refused"`
	RefusedVersion uint64 `json:"refused_version,omitempty"`
	RefusedGroup   string `json:"refused_group,omitempty"`
	Why            string `json:"why,omitempty"`
}

// RunningBoxes lists boxes by their keys, which are pseudonyms.
type RunningBoxes struct {
	Boxes []RunningBox `json:"boxes"`
	More  bool         `json:"more"` // there are more than the limit
}

// RunningBox is one box, and when it told last of profiles.
type RunningBox struct {
	Province string           `json:"province"`
	City     string           `json:"city"`
	Box      string           `json:"box"` // 16 hexadecimal digits
	At       indicator.Moment `json:"at"`
	RunsInfo
}

func runsInfo(r store.Runs) RunsInfo {
	info := RunsInfo{Version: r.Version, Group: groupName(r.Group), Expired: r.Expired, Refused: r.Refused}
	if r.Refused {
		info.RefusedVersion, info.RefusedGroup, info.Why = r.Refusal.Version, groupName(r.Refusal.Group), r.Refusal.Why
	}
	return info
}

func groupName(group string) string {
	if group == "" {
		return "all" // protocol.GroupAll
	}
	return group
}

// The routes' parameters.
var (
	whichRuns = []parameter{
		{name: "province", about: "two digits of a province; without: all that the reader may see"},
		{name: "version", about: "only boxes that run this version, 0: what is built in"},
		{name: "refused", about: "true: only boxes that have refused a profile"},
	}
	runningParameters = append(whichRuns[:len(whichRuns):len(whichRuns)],
		parameter{name: "by", about: "city: tell cities apart"})
	runningBoxesParameters = append(whichRuns[:len(whichRuns):len(whichRuns)],
		parameter{name: "limit", about: "boxes to list, 1 to 10000", def: "100"})
)

// runningQuery reads which boxes are asked for.
func runningQuery(r *http.Request, allowed []parameter) (store.RunningQuery, error) {
	scope := scope(r)
	q := store.RunningQuery{AllProvinces: scope.All}
	if !scope.All { // in one order, so that equal questions meet
		q.Provinces = slices.Compact(slices.Sorted(slices.Values(scope.Provinces)))
	}
	values, err := parameters(r, allowed)
	if err != nil {
		return q, err
	}
	if text, ok := values["province"]; ok {
		if q.Province, err = aggregator.ParseProvince(text); err != nil {
			return q, err
		}
	}
	if text, ok := values["version"]; ok {
		version, err := strconv.ParseUint(text, 10, 53)
		if err != nil {
			return q, badParameter("version", text, "a whole number, 0 for what is built in")
		}
		q.Version = &version
	}
	switch text, ok := values["refused"]; {
	case ok && text == "true":
		q.Refused = true
	case ok && text != "false":
		return q, badParameter("refused", text, "true or false")
	}
	switch text, ok := values["by"]; {
	case ok && text == "city":
		q.Cities = true
	case ok:
		return q, badParameter("by", text, "city")
	}
	q.Limit = defaultBoxes
	if text, ok := values["limit"]; ok {
		if q.Limit, err = strconv.Atoi(text); err != nil || q.Limit < 1 || q.Limit > MaxRunning {
			return q, badParameter("limit", text, fmt.Sprintf("1 to %d", MaxRunning))
		}
	}
	return q, nil
}

func (s *Console) running(w http.ResponseWriter, r *http.Request) error {
	q, err := runningQuery(r, runningParameters)
	if err != nil {
		return err
	}
	q.Limit = MaxRunning + 1
	request, err := json.Marshal(q)
	if err != nil {
		return err
	}
	b, err := s.runs.get(r.Context(), answerKey{request: string(request)})
	if err != nil {
		return err
	}
	return writeBytes(w, http.StatusOK, b)
}

// countRunning computes what the cache does not have.
func (s *Console) countRunning(ctx context.Context, key answerKey) ([]byte, error) {
	var q store.RunningQuery
	if err := json.Unmarshal([]byte(key.request), &q); err != nil {
		return nil, err
	}
	accounts, err := s.accounts.get(ctx)
	if err != nil {
		return nil, err
	}
	counts, err := s.Profiles.Running(ctx, q)
	if err != nil {
		return nil, err
	}
	a := RunningAnswer{Provinces: []RunningProvince{}, Rows: []RunningRow{}, More: len(counts) > MaxRunning}
	scope := aggregator.Scope{All: q.AllProvinces, Provinces: q.Provinces}
	for _, p := range accounts {
		if scope.Sees(p.Province) && (q.Province == 0 || q.Province == p.Province) {
			a.Provinces = append(a.Provinces, RunningProvince{p.Province.String(), p.Boxes})
		}
	}
	for _, c := range counts[:min(len(counts), MaxRunning)] {
		row := RunningRow{Province: c.Province.String(), RunsInfo: runsInfo(c.Runs), Boxes: c.Boxes}
		if q.Cities {
			row.City = c.City.String()
		}
		a.Rows = append(a.Rows, row)
	}
	return json.Marshal(a)
}

func (s *Console) runningBoxes(w http.ResponseWriter, r *http.Request) error {
	q, err := runningQuery(r, runningBoxesParameters)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(r.Context(), queryLimit)
	defer cancel()
	limit := q.Limit
	q.Limit++
	boxes, err := s.Profiles.RunningBoxes(ctx, q)
	if err != nil {
		return err
	}
	a := RunningBoxes{Boxes: []RunningBox{}, More: len(boxes) > limit}
	for _, b := range boxes[:min(len(boxes), limit)] {
		a.Boxes = append(a.Boxes, RunningBox{b.Province.String(), b.City.String(), fmt.Sprintf("%016x", b.Box), indicator.Moment(b.AtMs), runsInfo(b.Runs)})
	}
	if err := s.noteList(r, "boxes_listed", fmt.Sprintf("boxes=%d", len(a.Boxes))); err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, a)
}
