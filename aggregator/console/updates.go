package console

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"time"

	"iptvdc/aggregator"
	"iptvdc/aggregator/indicator"
	"iptvdc/aggregator/rollout"
	"iptvdc/aggregator/store"
)

// Releases are what is published for boxes; rollout.Folder has them.
type Releases interface {
	List() ([]rollout.Release, error)
	Take(bundle io.Reader, stage rollout.Stage, now time.Time) (r rollout.Release, build string, err error)
	Halt(version uint64, by, why string, now time.Time) (rollout.Release, error)
	Resume(version uint64, back int64, now time.Time) (rollout.Release, error)
	Restage(version uint64, s rollout.Stage, now time.Time) (rollout.Release, error)
}

// updatesLife is how old counts may be: what boxes tell of updates moves no figure.
const updatesLife = 2 * time.Second

// shownReleases is of how many releases it is counted how boxes stand, the newest.
const shownReleases = 5

// UpdatesAnswer says which updates of the agent are published, how boxes stand with
// the newest, and which agents they run, by what they told last.
type UpdatesAnswer struct {
	Releases []UpdateRelease `json:"releases"` // the newest first
	Running  []UpdateRunning `json:"running"`
	More     bool            `json:"more"` // rows of fewer boxes were left out
}

// UpdateRelease is one version.
type UpdateRelease struct {
	Version uint64 `json:"version"`
	// State is one word for how it stands; see UpdateState.
	State     UpdateState      `json:"state"`
	Agent     string           `json:"agent"` // the version that the program tells
	Builds    []string         `json:"builds"`
	Percent   float64          `json:"percent"`
	Provinces []string         `json:"provinces"` // none: all
	Models    []string         `json:"models"`    // none: all
	Halted    bool             `json:"halted"`
	Why       string           `json:"why,omitempty"`
	By        string           `json:"by,omitempty"` // who halted it; absent: on the server; (itself): by itself
	Published indicator.Moment `json:"published"`
	Moved     indicator.Moment `json:"moved"` // when it was staged, halted or resumed last
	// Counted says that Sum and Rows are known: of the newest releases only.
	Counted bool             `json:"counted"`
	Sum     rollout.Progress `json:"sum"`
	Rows    []UpdateRow      `json:"rows"`
}

// UpdateRow is how boxes of a province and model stand with a release.
type UpdateRow struct {
	Province string `json:"province"`
	Model    string `json:"model"` // -: it never told
	rollout.Progress
	// Whys are why boxes went back or refused, the most frequent first, five at most.
	Whys []UpdateWhy `json:"whys"`
}

// UpdateWhy is one reason.
type UpdateWhy struct {
	Why   string `json:"why"`
	Boxes int64  `json:"boxes"`
}

// UpdateRunning is how many boxes run the same agent.
type UpdateRunning struct {
	Province string `json:"province"`
	Agent    string `json:"agent"`
	Build    string `json:"build"`
	Model    string `json:"model"`
	Version  uint64 `json:"version"` // as an update; 0: the image's own
	Boxes    int64  `json:"boxes"`
}

// UpdateHalt says why a release is halted.
type UpdateHalt struct {
	Why string `json:"why"`
}

// UpdateStage says for which boxes a release is.
type UpdateStage struct {
	Percent   float64  `json:"percent"`   // of the boxes, 0 to 100 in tenths
	Provinces []string `json:"provinces"` // none: all
	Models    []string `json:"models"`    // none: all that it was signed for
}

var updatesParameters = []parameter{{name: "province", about: "two digits of a province; without: all that the reader may see"}}

func (s *Console) updateRoutes() []route {
	return []route{
		{"GET", "/api/v1/updates", reader, "Updates of boxes' agents: what is published, how boxes stand with it, what they run", nil, UpdatesAnswer{}, "", s.updates, updatesParameters},
		{"POST", "/api/v1/updates", admin, "Publishes a signed program: the body is what update sign prints, one line, and the program behind it", nil, PublishedUpdate{}, "", s.publishUpdate, publishParameters},
		{"POST", "/api/v1/updates/{version}/halt", admin, "Offers an update to nobody any more; what runs goes on", UpdateHalt{}, Done{}, "", s.haltUpdate, nil},
		{"POST", "/api/v1/updates/{version}/resume", admin, "Offers a halted update again", nil, Done{}, "", s.resumeUpdate, nil},
		{"PUT", "/api/v1/updates/{version}/stage", admin, "Says for which boxes an update is", UpdateStage{}, Done{}, "", s.stageUpdate, nil},
	}
}

func (s *Console) updates(w http.ResponseWriter, r *http.Request) error {
	scope := scope(r)
	q := store.UpdateQuery{AllProvinces: scope.All}
	if !scope.All { // in one order, so that equal questions meet
		q.Provinces = slices.Compact(slices.Sorted(slices.Values(scope.Provinces)))
	}
	values, err := parameters(r, updatesParameters)
	if err != nil {
		return err
	}
	if text, ok := values["province"]; ok {
		if q.Province, err = aggregator.ParseProvince(text); err != nil {
			return err
		}
	}
	// What is published is read each time: others change it too.
	releases, err := s.Releases.List()
	if err != nil {
		s.Log.Error("not every update is shown", "error", err)
	}
	request, err := json.Marshal(updatesQuestion{q, releases})
	if err != nil {
		return err
	}
	b, err := s.rolled.get(r.Context(), answerKey{request: string(request)})
	if err != nil {
		return err
	}
	return writeBytes(w, http.StatusOK, b)
}

// updatesQuestion is what an answer depends on.
type updatesQuestion struct {
	Query    store.UpdateQuery
	Releases []rollout.Release
}

// countUpdates computes what the cache does not have.
func (s *Console) countUpdates(ctx context.Context, key answerKey) ([]byte, error) {
	var asked updatesQuestion
	if err := json.Unmarshal([]byte(key.request), &asked); err != nil {
		return nil, err
	}
	q, releases := asked.Query, asked.Releases
	a := UpdatesAnswer{Releases: []UpdateRelease{}, Running: []UpdateRunning{}}
	for i := range releases {
		u := releaseOf(&releases[i], q)
		if i < shownReleases {
			q.Version = u.Version
			counts, err := s.Outcomes.Updates(ctx, q)
			if err != nil {
				return nil, err
			}
			u.count(counts)
		}
		u.State = stateOf(&u)
		a.Releases = append(a.Releases, u)
	}
	q.Version, q.Limit = 0, MaxRunning+1
	counts, err := s.Outcomes.Updates(ctx, q)
	if err != nil {
		return nil, err
	}
	a.More = len(counts) > MaxRunning
	for _, c := range counts[:min(len(counts), MaxRunning)] {
		agent, build, model := store.AgentOf(c.Agent)
		a.Running = append(a.Running, UpdateRunning{c.Province.String(), agent, build, model, c.Runs, c.Boxes})
	}
	return json.Marshal(a)
}

func releaseOf(r *rollout.Release, q store.UpdateQuery) UpdateRelease {
	r = seenRelease(r, q)
	u := UpdateRelease{Version: r.Version, Agent: r.Agent(), Builds: []string{}, Percent: float64(r.Stage.PerMille) / 10, Provinces: []string{},
		Models: append([]string{}, r.Stage.Models...), Halted: r.Halted, Why: r.Why, By: r.By, Published: indicator.Moment(r.AtMs), Moved: indicator.Moment(r.MovedMs), Rows: []UpdateRow{}}
	for _, m := range r.Manifests() {
		u.Builds = append(u.Builds, m.Build)
	}
	for _, p := range r.Stage.Provinces {
		u.Provinces = append(u.Provinces, p.String())
	}
	return u
}

// count puts rows of the store together by province and model.
func (u *UpdateRelease) count(counts []store.UpdateCount) {
	type place struct{ province, model string }
	at := map[place]int{}
	u.Counted = true
	for _, c := range counts {
		u.Sum.Add(u.Version, c)
		_, _, model := store.AgentOf(c.Agent)
		p := place{c.Province.String(), model}
		n, ok := at[p]
		if !ok {
			n = len(u.Rows)
			at[p] = n
			u.Rows = append(u.Rows, UpdateRow{Province: p.province, Model: p.model, Whys: []UpdateWhy{}})
		}
		row := &u.Rows[n]
		row.Add(u.Version, c)
		if c.Why != "" {
			row.why(c.Why, c.Boxes)
		}
	}
	slices.SortFunc(u.Rows, func(a, b UpdateRow) int { return compareTexts(a.Province, b.Province, a.Model, b.Model) })
	for i := range u.Rows {
		w := u.Rows[i].Whys
		slices.SortFunc(w, func(a, b UpdateWhy) int {
			if a.Boxes != b.Boxes {
				return int(b.Boxes - a.Boxes)
			}
			return compareTexts(a.Why, b.Why)
		})
		u.Rows[i].Whys = w[:min(len(w), 5)]
	}
}

func (r *UpdateRow) why(text string, boxes int64) {
	for i := range r.Whys {
		if r.Whys[i].Why == text {
			r.Whys[i].Boxes += boxes
			return
		}
	}
	r.Whys = append(r.Whys, UpdateWhy{text, boxes})
}

// compareTexts compares pairs, the first that differ.
func compareTexts(pairs ...string) int {
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i] != pairs[i+1] {
			if pairs[i] < pairs[i+1] {
				return -1
			}
			return 1
		}
	}
	return 0
}

func releaseVersion(r *http.Request) (uint64, error) {
	version, err := strconv.ParseUint(r.PathValue("version"), 10, 53)
	if err != nil {
		return 0, badParameter("version", r.PathValue("version"), "the number of an update")
	}
	return version, nil
}

// moved notes in the audit log that a release was changed, and forgets answers.
func (s *Console) moved(w http.ResponseWriter, r *http.Request, what, detail string) error {
	s.rolled.forget()
	return s.noted(w, r, what, detail)
}

func (s *Console) haltUpdate(w http.ResponseWriter, r *http.Request) error {
	version, err := releaseVersion(r)
	if err != nil {
		return err
	}
	var body UpdateHalt
	if err := decode(w, r, MaxBody, &body); err != nil {
		return err
	}
	if body.Why == "" || len(body.Why) > 200 {
		return &aggregator.Error{Code: "bad_request", Message: "Say why, in at most 200 bytes (why): others will ask."}
	}
	if _, err := s.Releases.Halt(version, principal(r).Name, body.Why, time.Now()); err != nil {
		return err
	}
	return s.moved(w, r, "update_halted", fmt.Sprintf("version=%d why=%q", version, body.Why))
}

func (s *Console) resumeUpdate(w http.ResponseWriter, r *http.Request) error {
	version, err := releaseVersion(r)
	if err != nil {
		return err
	}
	back, err := rollout.Back(r.Context(), s.Outcomes, version)
	if err != nil {
		return err
	}
	if _, err := s.Releases.Resume(version, back, time.Now()); err != nil {
		return err
	}
	return s.moved(w, r, "update_resumed", fmt.Sprintf("version=%d trusted=%d", version, back))
}

func (s *Console) stageUpdate(w http.ResponseWriter, r *http.Request) error {
	version, err := releaseVersion(r)
	if err != nil {
		return err
	}
	var body UpdateStage
	if err := decode(w, r, MaxBody, &body); err != nil {
		return err
	}
	stage, err := body.stage()
	if err != nil {
		return err
	}
	if _, err := s.Releases.Restage(version, stage, time.Now()); err != nil {
		return err
	}
	return s.moved(w, r, "update_staged", fmt.Sprintf("version=%d %s", version, body.text()))
}
