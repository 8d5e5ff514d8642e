package console

import (
	"context"
	"net/http"
	"strconv"
	"strings"

	"iptvdc/aggregator"
	"iptvdc/aggregator/insight"
	"iptvdc/aggregator/settings"
)

// riskParameters are those of the list of accounts that may leave.
var riskParameters = []parameter{
	insightParameters["day"],
	insightParameters["province"],
	{name: "city", about: "four digits of a city"},
	{name: "class", about: strings.Join(insight.RiskClasses(), ", ") + "; without: high and middle"},
	{name: "sign", about: "only accounts with points for these, with commas between them: " + strings.Join(insight.RiskSigns(), ", ")},
	{name: "skip", about: "how many accounts to leave out, those of the page before", def: "0"},
	insightParameters["limit"],
}

// mayListAccounts decides who is given single accounts at risk, which are people of
// whom somebody may be called: today administrators, within their provinces.
func mayListAccounts(p settings.Principal) bool { return p.Admin }

// riskAccounts lists accounts. The list is about people, so it is neither kept nor
// given without a line in the log.
func (s *Console) riskAccounts(w http.ResponseWriter, r *http.Request) error {
	who := principal(r)
	if !mayListAccounts(who) {
		return errNoAccounts
	}
	q, err := riskListQuery(r)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(r.Context(), queryLimit)
	defer cancel()
	a, err := insight.FindRiskAccounts(ctx, s.insightSource(), who.Scope, q)
	if err != nil {
		return err
	}
	s.Log.Info("accounts at risk were listed", "by", who.Name, "accounts", len(a.Rows), "day", a.Day, "province", q.Province, "city", q.City, "class", q.Class, "skip", q.Skip)
	return writeJSON(w, http.StatusOK, a)
}

func riskListQuery(r *http.Request) (q insight.RiskListQuery, err error) {
	values, err := parameters(r, riskParameters)
	if err != nil {
		return q, err
	}
	day, given := values["day"]
	if !given {
		return q, &aggregator.Error{Code: "bad_parameter", Message: "day: is missing; give " + insightParameters["day"].about + "."}
	}
	if q.Day, err = aggregator.ParseDay(day); err != nil {
		return q, err
	}
	if text, ok := values["province"]; ok {
		if q.Province, err = aggregator.ParseProvince(text); err != nil {
			return q, err
		}
	}
	if text, ok := values["city"]; ok {
		city, err := strconv.ParseUint(text, 10, 16)
		if err != nil || len(text) != 4 {
			return q, badParameter("city", text, "four digits of a city, as 3301")
		}
		q.City = aggregator.City(city)
	}
	q.Class = values["class"]
	if text, ok := values["sign"]; ok {
		q.Signs = strings.Split(text, ",")
	}
	for name, into := range map[string]*int{"skip": &q.Skip, "limit": &q.Limit} {
		text, ok := values[name]
		if !ok {
			continue
		}
		if *into, err = strconv.Atoi(text); err != nil || name == "limit" && *into < 1 {
			return q, badParameter(name, text, "a whole number")
		}
	}
	return q, nil
}
