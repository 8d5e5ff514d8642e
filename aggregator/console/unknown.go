package console

import (
	"context"
	"net/http"
	"strconv"

	"iptvdc/aggregator"
)

// Unknowns knows which values of catalogues no dictionary knows.
type Unknowns interface {
	// Unknown lists them, those of the titles watched most in the last days
	// first, at most limit. A scope that is empty has none.
	Unknown(ctx context.Context, s aggregator.Scope, days, limit int) ([]UnknownValue, error)
}

// UnknownValues are what catalogues write for genre, place of production,
// provider or definition that no dictionary knows.
type UnknownValues struct {
	Values []UnknownValue `json:"values"`
}

// UnknownValue is one of them.
type UnknownValue struct {
	Field     string   `json:"field"` // genre, place, provider, definition
	Value     string   `json:"value"`
	Titles    int64    `json:"titles"`
	Minutes   int64    `json:"minutes"` // watched of these titles
	Provinces []string `json:"provinces"`
	// Near is the code that is written most like it; "": none is.
	Near string `json:"near"`
	// Line can be put into the operator's dictionary once its ? is filled in.
	Line string `json:"line"`
}

const (
	maxUnknownDays = 92
	maxUnknowns    = 1000
)

var unknownParameters = []parameter{
	{name: "province", about: "two digits of a province; without: all that the reader may see"},
	{name: "days", about: "days whose viewing counts, up to today, 1 to 92", def: "30"},
	{name: "limit", about: "values to list, 1 to 1000", def: "100"},
}

func (s *Console) unknown(w http.ResponseWriter, r *http.Request) error {
	values, err := parameters(r, unknownParameters)
	if err != nil {
		return err
	}
	scope := scope(r)
	if text, ok := values["province"]; ok {
		p, err := aggregator.ParseProvince(text)
		if err != nil {
			return err
		}
		if scope.Sees(p) {
			scope = aggregator.Scope{Provinces: []aggregator.Province{p}}
		} else {
			scope = aggregator.Scope{}
		}
	}
	days, limit := 30, 100
	for name, n := range map[string]struct {
		into *int
		most int
	}{"days": {&days, maxUnknownDays}, "limit": {&limit, maxUnknowns}} {
		if text, ok := values[name]; ok {
			if *n.into, err = strconv.Atoi(text); err != nil || *n.into < 1 || *n.into > n.most {
				return badParameter(name, text, "1 to "+strconv.Itoa(n.most))
			}
		}
	}
	ctx, cancel := context.WithTimeout(r.Context(), queryLimit)
	defer cancel()
	all, err := s.Unknowns.Unknown(ctx, scope, days, limit)
	if err != nil {
		return err
	}
	if all == nil {
		all = []UnknownValue{}
	}
	return writeJSON(w, http.StatusOK, UnknownValues{Values: all})
}
