package console

import (
	"net/http"
	"slices"
	"strings"

	"iptvdc/aggregator"
)

// parameter is one that a route takes behind the question mark.
type parameter struct {
	name, about string
	def         string // "": none
	required    bool
}

// parameters reads them strictly: no unknown one, none twice, none empty.
func parameters(r *http.Request, allowed []parameter) (map[string]string, error) {
	names := make([]string, len(allowed))
	for i, p := range allowed {
		names[i] = p.name
	}
	values := map[string]string{}
	for name, all := range r.URL.Query() {
		if !slices.Contains(names, name) {
			return nil, &aggregator.Error{Code: "bad_parameter", Message: "There is no parameter " + clip(name) + "; allowed: " + strings.Join(names, ", ") + "."}
		}
		if len(all) != 1 || all[0] == "" {
			return nil, &aggregator.Error{Code: "bad_parameter", Message: name + ": give one value, or leave it out."}
		}
		values[name] = all[0]
	}
	return values, nil
}

func badParameter(name, value, allowed string) error {
	return &aggregator.Error{Code: "bad_parameter", Message: name + ": " + clip(value) + " does not fit; must be " + allowed + "."}
}
