package console

import (
	"fmt"
	"slices"
	"strings"

	"iptvdc/aggregator"
	"iptvdc/aggregator/settings"
)

// guard says what a route shows and does, and so what somebody needs for it. A route
// without one is not served: New refuses to begin.
type guard struct {
	// data are the data sets that the route shows, all of which must be open; its scope
	// is where they are, see scope. None: the route shows no data, only what is the
	// reader's own, or, with asks, the question says which.
	data []aggregator.DataSet
	// asks says that the route finds the data sets in the question, see bounds.
	asks bool
	// may are the powers needed.
	may settings.Powers
	// reads says of a route that is not a GET that it changes nothing all the same:
	// who looks through others' eyes may use it.
	reads bool
	// early opens the route to who has still to give a code or set up a second factor.
	early bool
}

var (
	showsQuality = guard{data: []aggregator.DataSet{aggregator.DataQuality}}
	asksFor      = guard{asks: true, reads: true}
	showsNothing = guard{}
	ownAccount   = guard{early: true}
	administers  = guard{may: settings.Administer}
	manages      = guard{may: settings.ManagePeople}
	seesBoards   = guard{may: settings.SeeBoards}
	makesBoards  = guard{may: settings.SeeBoards | settings.MakeBoards}
	sharesLinks  = guard{may: settings.SeeBoards | settings.ShareLinks}
	embeds       = guard{may: settings.ShareLinks | settings.ManagePeople}
	takesOut     = guard{may: settings.Export}
	makesSources = guard{may: settings.MakeSources} // and see rows of their own sources alone
	sharesBoards = guard{may: settings.SeeBoards | settings.ShareBoards}
	exports      = guard{may: settings.SeeBoards | settings.Export}
)

// guards are those of every route that needs a sign-in.
var guards = map[string]guard{
	"GET /api/v1/indicators":                  showsNothing, // what can be asked, not the answers
	"POST /api/v1/query":                      asksFor,
	"POST /api/v1/explain":                    asksFor,
	"GET /api/v1/changes":                     showsNothing, // that provinces of the reader's moved
	"GET /api/v1/status":                      showsNothing, // counts only where quality is open
	"GET /api/v1/quarantine":                  showsQuality,
	"GET /api/v1/profiles/running":            showsQuality,
	"GET /api/v1/profiles/running/boxes":      {may: settings.Administer, data: []aggregator.DataSet{aggregator.DataAccounts}},
	"GET /api/v1/boxes/claims":                {may: settings.Administer, data: []aggregator.DataSet{aggregator.DataAccounts}},
	"GET /api/v1/feeds/files":                 showsQuality,
	"GET /api/v1/feeds/unknown":               {data: []aggregator.DataSet{aggregator.DataRatings, aggregator.DataQuality}}, // by minutes watched
	"GET /api/v1/feeds/files/{id}":            showsQuality,
	"GET /api/v1/feeds/files/{id}/faults":     {may: settings.Administer, data: []aggregator.DataSet{aggregator.DataAccounts}},
	"POST /api/v1/feeds/files/{id}/release":   {may: settings.Administer, data: []aggregator.DataSet{aggregator.DataQuality}},
	"POST /api/v1/feeds/files/{id}/reject":    {may: settings.Administer, data: []aggregator.DataSet{aggregator.DataQuality}},
	"GET /api/v1/quality":                     showsQuality,
	"POST /api/v1/audit":                      {may: settings.Administer, data: []aggregator.DataSet{aggregator.DataAccounts}, reads: true},
	"GET /api/v1/audit/boxes/{box}/events":    {may: settings.Administer, data: []aggregator.DataSet{aggregator.DataAccounts}},
	"GET /api/v1/insights/movers":             asksFor,
	"GET /api/v1/insights/posters":            asksFor,
	"GET /api/v1/insights/positions":          asksFor,
	"GET /api/v1/insights/taste":              asksFor,
	"GET /api/v1/insights/offer":              asksFor,
	"GET /api/v1/insights/anomalies":          asksFor,
	"GET /api/v1/insights/products":           asksFor,
	"GET /api/v1/insights/risk":               asksFor,
	"GET /api/v1/insights/departures":         asksFor,
	"GET /api/v1/insights/risk/accounts":      {data: append([]aggregator.DataSet{aggregator.DataAccounts}, riskData...)},
	"GET /api/v1/insights/alerts":             {asks: true},
	"POST /api/v1/insights/rules":             {asks: true},
	"DELETE /api/v1/insights/rules/{rule}":    showsNothing,
	"GET /api/v1/boards":                      seesBoards,
	"POST /api/v1/boards":                     makesBoards,
	"GET /api/v1/boards/templates":            seesBoards,
	"POST /api/v1/boards/answer":              {asks: true, reads: true, may: settings.SeeBoards},
	"GET /api/v1/boards/{board}":              seesBoards,
	"GET /api/v1/boards/{board}/export":       {asks: true, may: settings.SeeBoards | settings.Export},
	"PUT /api/v1/boards/{board}":              makesBoards,
	"DELETE /api/v1/boards/{board}":           makesBoards,
	"POST /api/v1/boards/{board}/undelete":    makesBoards,
	"GET /api/v1/boards/{board}/revisions":    seesBoards,
	"POST /api/v1/boards/{board}/restore":     makesBoards,
	"GET /api/v1/boards/{board}/shares":       seesBoards,
	"PUT /api/v1/boards/{board}/shares":       sharesBoards,
	"POST /api/v1/pictures":                   makesBoards,
	"GET /api/v1/pictures/{picture}":          seesBoards,
	"GET /api/v1/sources":                     showsNothing, // the names of those that are open, and how old they are
	"POST /api/v1/sources":                    makesSources,
	"POST /api/v1/sources/uploads":            makesSources,
	"POST /api/v1/sources/try":                makesSources,
	"GET /api/v1/sources/{source}":            makesSources,
	"PUT /api/v1/sources/{source}":            makesSources,
	"DELETE /api/v1/sources/{source}":         makesSources,
	"POST /api/v1/sources/{source}/refresh":   makesSources,
	"POST /api/v1/sources/{source}/restore":   makesSources,
	"GET /api/v1/me":                          ownAccount,
	"PUT /api/v1/me":                          showsNothing,
	"POST /api/v1/me/password":                showsNothing,
	"GET /api/v1/me/sessions":                 showsNothing,
	"DELETE /api/v1/me/sessions/{session}":    showsNothing,
	"POST /api/v1/me/totp":                    ownAccount,
	"POST /api/v1/me/totp/confirm":            ownAccount,
	"POST /api/v1/me/totp/end":                showsNothing,
	"GET /api/v1/people":                      manages,
	"POST /api/v1/people":                     manages,
	"GET /api/v1/people/{person}":             manages,
	"PUT /api/v1/people/{person}":             manages,
	"PUT /api/v1/people/{person}/grants":      manages,
	"POST /api/v1/people/{person}/link":       manages,
	"POST /api/v1/people/{person}/disable":    manages,
	"POST /api/v1/people/{person}/enable":     manages,
	"POST /api/v1/people/{person}/reset-totp": manages,
	"GET /api/v1/roles":                       manages,
	"PUT /api/v1/roles/{role}":                administers,
	"DELETE /api/v1/roles/{role}":             administers,
	"GET /api/v1/trail":                       manages,
	"GET /api/v1/options":                     administers,
	"PUT /api/v1/options":                     administers,
	"POST /api/v1/view-as":                    administers,
	"POST /api/v1/view-as/end":                {reads: true},
	"GET /api/v1/boards/{board}/links":        sharesLinks,
	"POST /api/v1/boards/{board}/links":       sharesLinks,
	"GET /api/v1/links":                       showsNothing,
	"DELETE /api/v1/links/{link}":             showsNothing,
	"GET /api/v1/embed-keys":                  embeds,
	"POST /api/v1/embed-keys":                 embeds,
	"DELETE /api/v1/embed-keys/{key}":         embeds,
	"GET /api/v1/me/signon":                   showsNothing,
	"POST /api/v1/me/signon":                  showsNothing,
	"DELETE /api/v1/me/signon":                showsNothing,
	"POST /api/v1/people/{person}/unbind":     manages,
	"GET /api/v1/tokens":                      showsNothing,
	"POST /api/v1/tokens":                     takesOut,
	"DELETE /api/v1/tokens/{token}":           showsNothing,
	"GET /api/v1/apps":                        administers,
	"PUT /api/v1/apps/{app}":                  administers,
	"PUT /api/v1/apps/{app}/icon":             administers,
	"POST /api/v1/apps/{app}/builds":          administers,
	"GET /api/v1/apps/{app}/builds/{file}":    administers,
	"GET /api/v1/apps-key":                    administers,
	"DELETE /api/v1/apps/{app}":               administers,
	"PUT /api/v1/map":                         administers,
	"GET /api/v1/map":                         showsNothing,
	"DELETE /api/v1/map":                      administers,
	"GET /api/v1/setup/steps":                 administers,
	"PUT /api/v1/setup/provinces":             administers,
	"POST /api/v1/setup/files":                administers,
	"POST /api/v1/exports":                    {reads: true, may: settings.Export},
	"GET /api/v1/reports":                     exports,
	"POST /api/v1/reports":                    exports,
	"GET /api/v1/reports/sendings":            showsNothing, // also of who receives alone
	"PUT /api/v1/reports/{report}":            exports,
	"DELETE /api/v1/reports/{report}":         showsNothing,
	"POST /api/v1/reports/{report}/send":      exports,
	"GET /api/v1/reports/{report}/preview":    {asks: true, may: settings.SeeBoards | settings.Export},
	"GET /api/v1/me/places":                   showsNothing,
	"POST /api/v1/me/places":                  showsNothing,
	"DELETE /api/v1/me/places/{place}":        showsNothing,
	"POST /api/v1/me/places/{place}/test":     showsNothing,
	"GET /api/v1/updates":                     showsQuality,
	"GET /api/v1/boxes/certificates":          {data: []aggregator.DataSet{aggregator.DataAccounts}},
	"GET /api/v1/boxes/credentials":           {data: []aggregator.DataSet{aggregator.DataAccounts}},
	"POST /api/v1/boxes/{box}/revoke":         administers,
	"POST /api/v1/boxes/{box}/allow":          administers,
	"POST /api/v1/updates":                    administers,
	"POST /api/v1/updates/{version}/halt":     administers,
	"POST /api/v1/updates/{version}/resume":   administers,
	"PUT /api/v1/updates/{version}/stage":     administers,
}

// unguarded lists declared routes of which nobody said what they show, and guards of
// routes that are not there.
func unguarded(routes []route) error {
	var wrong []string
	left := map[string]bool{}
	for name := range guards {
		left[name] = true
	}
	for _, rt := range routes {
		name := rt.method + " " + rt.path
		if _, ok := guards[name]; !ok && rt.access != anyone {
			wrong = append(wrong, name+" (say in guard.go which data sets it shows)")
		}
		delete(left, name)
	}
	for name := range left {
		wrong = append(wrong, name+" (there is no such route any more)")
	}
	if len(wrong) > 0 {
		slices.Sort(wrong)
		return fmt.Errorf("console: routes without a guard, or guards without a route: %s", strings.Join(wrong, "; "))
	}
	return nil
}

// bound is what a question may read: the data sets that it needs, where all of them
// are open. It is part of the key under which answers are kept.
type bound struct {
	Scope aggregator.Scope
	Sets  []aggregator.DataSet
}

// bounds finds them for somebody, or says what is missing. A question is answered
// where everything that it needs is open or not at all: a number of two provinces is
// never made of three for one side of a ratio and two for the other.
func bounds(p settings.Principal, sets ...aggregator.DataSet) (bound, error) {
	b := bound{p.Grants.In(sets...), sets}
	if b.Scope.Empty() {
		return b, notGranted(p, sets)
	}
	return b, nil
}

func notGranted(p settings.Principal, sets []aggregator.DataSet) error {
	list := func(sets []aggregator.DataSet) string {
		names := make([]string, len(sets))
		for n, d := range sets {
			names[n] = string(d)
		}
		return strings.Join(names, ", ")
	}
	const whom = " Whoever manages your account can give it to you."
	if missing := p.Grants.Missing(sets...); len(missing) > 0 {
		return &aggregator.Error{Code: "not_granted", Message: "This shows data that is not open to you in any province: " + list(missing) + "." + whom}
	}
	return &aggregator.Error{Code: "not_granted", Message: "This needs " + list(sets) + " together, and there is no province in which all of them are open to you." + whom}
}
