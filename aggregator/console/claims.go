package console

import (
	"context"
	"fmt"
	"net/http"
	"strconv"

	"iptvdc/aggregator/indicator"
)

// Claims knows what boxes' claims of certificates came to; provision.Registry does.
type Claims interface {
	// Refusals lists claims that were refused, Suspects boxes of which there may be
	// two; at most limit, the latest first.
	Refusals(ctx context.Context, limit int) ([]ClaimRefusal, error)
	Suspects(ctx context.Context, limit int) ([]BoxSuspect, error)
}

// ClaimTrouble is what operators look at: the latest first.
type ClaimTrouble struct {
	Refusals []ClaimRefusal `json:"refusals"`
	Suspects []BoxSuspect   `json:"suspects"`
}

// ClaimRefusal is a claim that was refused, each kind of it once.
type ClaimRefusal struct {
	Box    string           `json:"box"`
	Serial string           `json:"serial"`
	Claim  string           `json:"claim,omitempty"` // the credential; absent: a renewal
	Reason string           `json:"reason"`          // a word, as taken
	Detail string           `json:"detail"`
	From   string           `json:"from,omitempty"` // address
	Times  int              `json:"times"`
	First  indicator.Moment `json:"first"`
	Last   indicator.Moment `json:"last"`
}

// BoxSuspect is a sign that there may be two boxes of one id.
type BoxSuspect struct {
	Box    string           `json:"box"`
	Sign   string           `json:"sign"` // a word, as epoch_back
	Detail string           `json:"detail"`
	Times  int              `json:"times"`
	First  indicator.Moment `json:"first"`
	Last   indicator.Moment `json:"last"`
}

var claimParameters = []parameter{{name: "limit", about: "lines of each list, 1 to 10000", def: "100"}}

// claims shows them to administrators, who see all provinces: a claim that was refused
// is of none.
func (s *Console) claims(w http.ResponseWriter, r *http.Request) error {
	values, err := parameters(r, claimParameters)
	if err != nil {
		return err
	}
	limit := defaultBoxes
	if text, ok := values["limit"]; ok {
		if limit, err = strconv.Atoi(text); err != nil || limit < 1 || limit > MaxRunning {
			return badParameter("limit", text, fmt.Sprintf("1 to %d", MaxRunning))
		}
	}
	ctx, cancel := context.WithTimeout(r.Context(), queryLimit)
	defer cancel()
	a := ClaimTrouble{[]ClaimRefusal{}, []BoxSuspect{}}
	if s.Claims == nil {
		return writeJSON(w, http.StatusOK, a)
	}
	if a.Refusals, err = s.Claims.Refusals(ctx, limit); err != nil {
		return err
	}
	if a.Suspects, err = s.Claims.Suspects(ctx, limit); err != nil {
		return err
	}
	if err := s.noteList(r, "claims_listed", fmt.Sprintf("refusals=%d suspects=%d", len(a.Refusals), len(a.Suspects))); err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, a)
}
