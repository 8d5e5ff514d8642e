package console

import (
	"errors"
	"fmt"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"iptvdc/aggregator"
	"iptvdc/aggregator/rollout"
	"iptvdc/aggregator/store"
)

// UpdateState is how a release stands, for who asks.
type UpdateState string

// The states of a release.
const (
	ReleasePrepared UpdateState = "prepared" // published, and offered to nobody
	ReleaseUnderWay UpdateState = "running"
	ReleaseHalted   UpdateState = "halted"
	// ReleaseFinished: it is for all boxes of its provinces and models, and every one of
	// them that tells which agent it runs has said how it ended. One that is switched off
	// for weeks keeps a release running.
	ReleaseFinished UpdateState = "finished"
)

// stateOf judges a release whose rows are counted.
func stateOf(u *UpdateRelease) UpdateState {
	if u.Halted {
		return ReleaseHalted
	}
	if u.Percent == 0 {
		return ReleasePrepared
	}
	stage, err := (&UpdateStage{Percent: u.Percent, Provinces: u.Provinces, Models: u.Models}).stage()
	if err != nil || stage.PerMille < 1000 || u.Sum.Good == 0 {
		return ReleaseUnderWay
	}
	for i := range u.Rows {
		row := &u.Rows[i]
		p, err := aggregator.ParseProvince(row.Province)
		if row.Offered+row.Downloaded+row.Trying > 0 || row.Others > 0 && (err != nil || stage.For(p, row.Model)) {
			return ReleaseUnderWay
		}
	}
	return ReleaseFinished
}

// seenRelease is what of a release a reader sees: of its provinces theirs, and not how
// many boxes of the others made it halt. One that is for provinces of others alone is
// offered to nobody, to them.
func seenRelease(r *rollout.Release, q store.UpdateQuery) *rollout.Release {
	if q.AllProvinces {
		return r
	}
	seen := *r
	seen.Stage.Provinces = slices.DeleteFunc(slices.Clone(r.Stage.Provinces), func(p aggregator.Province) bool { return !slices.Contains(q.Provinces, p) })
	if len(r.Stage.Provinces) > 0 && len(seen.Stage.Provinces) == 0 {
		seen.Stage = rollout.Stage{Provinces: q.Provinces, Models: r.Stage.Models}
	}
	if r.By == rollout.ByItself {
		seen.Why = ""
	}
	return &seen
}

// stage checks for which boxes a release is to be.
func (u *UpdateStage) stage() (rollout.Stage, error) {
	stage := rollout.Stage{Models: u.Models}
	if !(u.Percent >= 0 && u.Percent <= 100) {
		return stage, badParameter("percent", fmt.Sprint(u.Percent), "0 to 100")
	}
	stage.PerMille = uint32(math.Round(u.Percent * 10))
	for _, code := range u.Provinces {
		p, err := aggregator.ParseProvince(code)
		if err != nil {
			return stage, err
		}
		stage.Provinces = append(stage.Provinces, p)
	}
	return stage, stage.Check()
}

// text says it for the audit log.
func (u *UpdateStage) text() string {
	list := func(all []string) string {
		if len(all) == 0 {
			return "all"
		}
		return strings.Join(all, ",")
	}
	return fmt.Sprintf("percent=%g provinces=%s models=%s", u.Percent, list(u.Provinces), list(u.Models))
}

// PublishedUpdate is the version that was published.
type PublishedUpdate struct {
	Version uint64 `json:"version"`
	Agent   string `json:"agent"`
	Build   string `json:"build"` // that was brought now
}

var publishParameters = []parameter{
	{name: "percent", about: "of the boxes, 0 to 100 in tenths", def: "0"},
	{name: "provinces", about: "two digits each, with commas; without: all"},
	{name: "models", about: "names, with commas; without: all that it was signed for"},
}

// publishUpdate takes a bundle of at most rollout.MaxBundle bytes. It is offered within
// a second to whom the stage says, if its signature, size and hash are right.
func (s *Console) publishUpdate(w http.ResponseWriter, r *http.Request) error {
	values, err := parameters(r, publishParameters)
	if err != nil {
		return err
	}
	var asked UpdateStage
	if text, ok := values["percent"]; ok {
		if asked.Percent, err = strconv.ParseFloat(text, 64); err != nil {
			return badParameter("percent", text, "0 to 100")
		}
	}
	list := func(name string) (all []string) {
		if text, ok := values[name]; ok {
			all = strings.Split(text, ",")
		}
		return all
	}
	asked.Provinces, asked.Models = list("provinces"), list("models")
	stage, err := asked.stage()
	if err != nil {
		return err
	}
	patient(w)
	release, build, err := s.Releases.Take(http.MaxBytesReader(w, r.Body, rollout.MaxBundle), stage, time.Now())
	var large *http.MaxBytesError
	if errors.As(err, &large) {
		return &aggregator.Error{Code: "body_too_large", Message: fmt.Sprintf("More than the %d bytes that an agent may have.", large.Limit)}
	}
	if err != nil {
		return err
	}
	s.rolled.forget()
	if err := s.noteList(r, "update_published", fmt.Sprintf("version=%d agent=%s build=%s %s", release.Version, release.Agent(), build, asked.text())); err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, PublishedUpdate{release.Version, release.Agent(), build})
}
