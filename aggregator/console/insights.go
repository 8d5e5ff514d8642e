package console

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"iptvdc/aggregator"
	"iptvdc/aggregator/indicator"
	"iptvdc/aggregator/insight"
	"iptvdc/aggregator/settings"
	"iptvdc/aggregator/store"
)

// insightLife is how long an insight is given again: it is about days and dear, so
// it does not follow every closing.
const insightLife = time.Minute

// insightParameters are those of every insight; each takes some of them.
var insightParameters = map[string]parameter{
	"from":       {name: "from", about: "first day, as 2026-05-03", required: true},
	"to":         {name: "to", about: fmt.Sprintf("last day; at most %d days", insight.MaxDays), required: true},
	"day":        {name: "day", about: "the day, as 2026-05-03", required: true},
	"hour":       {name: "hour", about: "an hour of the day, 0 to 23; without: the whole day"},
	"indicator":  {name: "indicator", about: "the figure whose change is explained", required: true},
	"indicators": {name: "indicators", about: "figures with commas between them", def: strings.Join(insight.Watched(), ",")},
	"compare":    {name: "compare", about: "weekdays: the latest time before that begins with the same weekday; previous: the time just before; year: 364 days before", def: string(insight.SameWeekdays)},
	"rate":       {name: "rate", about: strings.Join(insight.Rates(), ", "), def: "ctr"},
	"subject":    {name: "subject", about: "poster, or slot: whatever it shows", def: "poster"},
	"page":       {name: "page", about: "only this page"},
	"province":   {name: "province", about: "two digits of a province; without: all that the reader may see"},
	"level":      {name: "level", about: "province or city; without: province, or the cities of the province given"},
	"before":     {name: "before", about: fmt.Sprintf("how many days before they left their signs are looked at, 1 to %d", insight.MaxDaysBefore), def: strconv.Itoa(insight.DaysBefore)},
	"products":   {name: "products", about: fmt.Sprintf("codes of products with commas between them, at most %d; without: those that earned most", insight.MaxProducts)},
	"limit":      {name: "limit", about: fmt.Sprintf("findings to list, 1 to %d", insight.MaxShown)},
}

// insightKind is one kind of insight: what it takes, and how it is found.
type insightKind struct {
	name    string
	summary string
	answer  any
	takes   []string
	by      string // about the parameter by, "": it takes none
	find    func(ctx context.Context, src insight.Source, scope aggregator.Scope, q *insightQuestion) (any, error)
}

var insightKinds = []insightKind{
	{"movers", "What explains a change of a figure: provinces, genres, providers, channels; each explanation adds up", insight.Movers{},
		[]string{"indicator", "from", "to", "compare", "province", "limit"}, "dimensions to look along, with commas between them; without: those of usual interest",
		func(ctx context.Context, src insight.Source, scope aggregator.Scope, q *insightQuestion) (any, error) {
			m := insight.MoversQuery{Time: q.time(), Indicator: q.values["indicator"], Against: insight.Against(q.values["compare"]), Where: q.where(), Limit: q.limit}
			for word := range strings.SplitSeq(q.values["by"], ",") {
				if word != "" {
					m.By = append(m.By, store.Column(word))
				}
			}
			return insight.FindMovers(ctx, src, scope, m)
		}},
	{"posters", "Where a poster does worse or better than in the reader's other places", insight.Posters{},
		[]string{"from", "to", "rate", "subject", "level", "province", "page", "limit"}, "",
		func(ctx context.Context, src insight.Source, scope aggregator.Scope, q *insightQuestion) (any, error) {
			return insight.FindPosters(ctx, src, scope, insight.PostersQuery{Time: q.time(), Rate: q.values["rate"], Slots: q.values["subject"] == "slot", Where: q.where(), Page: q.values["page"], Limit: q.limit})
		}},
	{"positions", "How contents do for where they stand, and slots that are shown and never clicked", insight.Positions{},
		[]string{"from", "to", "rate", "province", "page", "limit"}, "",
		func(ctx context.Context, src insight.Source, scope aggregator.Scope, q *insightQuestion) (any, error) {
			return insight.FindPositions(ctx, src, scope, insight.PositionsQuery{Time: q.time(), Rate: q.values["rate"], Where: q.where(), Page: q.values["page"], Limit: q.limit})
		}},
	{"taste", "What places watch more or less of than all of the reader's places", insight.Taste{},
		[]string{"from", "to", "level", "province", "limit"}, words(insight.Tastes()),
		func(ctx context.Context, src insight.Source, scope aggregator.Scope, q *insightQuestion) (any, error) {
			return insight.FindTaste(ctx, src, scope, insight.TasteQuery{Time: q.time(), By: store.Column(q.values["by"]), Where: q.where(), Limit: q.limit})
		}},
	{"offer", "What is watched and hardly shown on pages, and what is shown and hardly watched", insight.Offer{},
		[]string{"from", "to", "level", "province", "limit"}, words(insight.Offers()),
		func(ctx context.Context, src insight.Source, scope aggregator.Scope, q *insightQuestion) (any, error) {
			return insight.FindOffer(ctx, src, scope, insight.TasteQuery{Time: q.time(), By: store.Column(q.values["by"]), Where: q.where(), Limit: q.limit})
		}},
	{"anomalies", "Figures of provinces that are not as on other such days", insight.Anomalies{},
		[]string{"day", "hour", "indicators", "province", "limit"}, "",
		func(ctx context.Context, src insight.Source, scope aggregator.Scope, q *insightQuestion) (any, error) {
			a := insight.AnomaliesQuery{Day: q.days["day"], Hour: q.hour, Province: q.province, Limit: q.limit}
			if text := q.values["indicators"]; text != "" {
				a.Indicators = strings.Split(text, ",")
			}
			return insight.FindAnomalies(ctx, src, scope, a)
		}},
	{"risk", "How many accounts may leave, by a score of plain signs: by class, sign and place", insight.Risk{},
		[]string{"day", "level", "province", "limit"}, "",
		func(ctx context.Context, src insight.Source, scope aggregator.Scope, q *insightQuestion) (any, error) {
			return insight.FindRisk(ctx, src, scope, insight.RiskQuery{Day: q.days["day"], Where: q.where(), Limit: q.limit})
		}},
	{"departures", "Which signs preceded departures, against those who stayed", insight.Departures{},
		[]string{"from", "to", "before", "province", "limit"}, "",
		func(ctx context.Context, src insight.Source, scope aggregator.Scope, q *insightQuestion) (any, error) {
			return insight.FindDepartures(ctx, src, scope, insight.DeparturesQuery{Time: q.time(), Province: q.province, Before: q.before, Limit: q.limit})
		}},
	{"products", fmt.Sprintf("What products earn and how their content is watched; whose content is weak. At most %d", insight.MaxProducts), insight.Products{},
		[]string{"from", "to", "products", "province", "limit"}, "",
		func(ctx context.Context, src insight.Source, scope aggregator.Scope, q *insightQuestion) (any, error) {
			p := insight.ProductsQuery{Time: q.time(), Where: q.where(), Limit: q.limit}
			if text := q.values["products"]; text != "" {
				p.Products = strings.Split(text, ",")
			}
			return insight.FindProducts(ctx, src, scope, p)
		}},
}

// asks are the indicators that an insight is made of. What it then asks beyond their
// data sets is refused, see indicator.Within.
func (k *insightKind) asks(values map[string]string) []string {
	switch k.name {
	case "movers":
		return []string{values["indicator"]}
	case "posters", "positions":
		return []string{cmp.Or(values["rate"], "ctr")}
	case "anomalies":
		return strings.Split(values["indicators"], ",")
	case "taste":
		return insight.TasteFigures()
	case "offer":
		return insight.OfferFigures()
	case "products":
		return insight.ProductFigures()
	}
	return nil // of no data set nothing is open
}

// watchedBy are the indicators that are looked at for somebody who does not say which:
// those that are open to them at all.
func watchedBy(p settings.Principal) []string {
	all := insight.Watched()
	open := slices.DeleteFunc(slices.Clone(all), func(id string) bool { return p.Grants.In(indicator.DataSetsOf(id)...).Empty() })
	if len(open) == 0 {
		return all // and says what is missing
	}
	return open
}

// askedOf are the bounds of a question about indicators. One that is not there opens
// nothing; what is asked then says so.
func askedOf(p settings.Principal, ids ...string) (bound, error) {
	for _, id := range ids {
		if _, ok := indicator.Find(id); !ok {
			return bound{}, nil
		}
	}
	return bounds(p, indicator.DataSetsOf(ids...)...)
}

func words(columns []store.Column) string {
	all := make([]string, len(columns))
	for n, c := range columns {
		all[n] = string(c)
	}
	return strings.Join(all, ", ")
}

// parameters are what the kind takes behind the question mark.
func (k *insightKind) parameters() []parameter {
	var all []parameter
	for _, name := range k.takes {
		all = append(all, insightParameters[name])
	}
	if k.by != "" {
		all = append(all, parameter{name: "by", about: k.by})
	}
	return all
}

// insightRoutes are the routes of every kind.
func (s *Console) insightRoutes() []route {
	var all []route
	for n := range insightKinds {
		k := &insightKinds[n]
		all = append(all, route{"GET", "/api/v1/insights/" + k.name, reader, k.summary, nil, k.answer, "", func(w http.ResponseWriter, r *http.Request) error { return s.insight(w, r, k) }, k.parameters()})
	}
	return append(all,
		route{"GET", "/api/v1/insights/risk/accounts", reader, "The accounts that may leave, by key, with the reasons; for those whom lists of accounts are open to", nil, insight.RiskList{}, "", s.riskAccounts, riskParameters},
		route{"GET", "/api/v1/insights/alerts", reader, "The reader's rules, how they stand, and what they told", nil, Alerts{}, "", s.listAlerts, nil},
		route{"POST", "/api/v1/insights/rules", reader, "Makes a rule: when to be told of a figure", NewRule{}, AlertRule{}, "", s.addRule, nil},
		route{"DELETE", "/api/v1/insights/rules/{rule}", reader, "Removes one of the reader's rules", nil, RemovedRule{}, "", s.removeRule, nil},
	)
}

// insightQuestion is what is asked, read.
type insightQuestion struct {
	values   map[string]string
	days     map[string]aggregator.Day
	province aggregator.Province
	hour     int // -1: none
	before   int
	limit    int
}

func (q *insightQuestion) time() insight.Time {
	return insight.Time{From: q.days["from"], To: q.days["to"]}
}

func (q *insightQuestion) where() insight.Where {
	return insight.Where{Level: insight.Level(q.values["level"]), Province: q.province}
}

// readInsight reads values that were asked for by name; what they mean together is
// checked by insight.
func readInsight(k *insightKind, values map[string]string) (*insightQuestion, error) {
	q := &insightQuestion{values: values, days: map[string]aggregator.Day{}, hour: -1}
	for _, p := range k.parameters() {
		text, ok := values[p.name]
		if !ok && p.required {
			return nil, &aggregator.Error{Code: "bad_parameter", Message: p.name + ": is missing; give " + p.about + "."}
		}
		if !ok {
			continue
		}
		var err error
		switch p.name {
		case "from", "to", "day":
			q.days[p.name], err = aggregator.ParseDay(text)
		case "province":
			q.province, err = aggregator.ParseProvince(text)
		case "hour":
			if q.hour, err = strconv.Atoi(text); err != nil || q.hour < 0 || q.hour > 23 {
				return nil, badParameter("hour", text, "0 to 23")
			}
		case "before":
			if q.before, err = strconv.Atoi(text); err != nil || q.before < 1 || q.before > insight.MaxDaysBefore {
				return nil, badParameter("before", text, fmt.Sprintf("1 to %d", insight.MaxDaysBefore))
			}
		case "limit":
			if q.limit, err = strconv.Atoi(text); err != nil || q.limit < 1 || q.limit > insight.MaxShown {
				return nil, badParameter("limit", text, fmt.Sprintf("1 to %d", insight.MaxShown))
			}
		case "subject":
			if text != "poster" && text != "slot" {
				return nil, badParameter("subject", text, "poster or slot")
			}
		}
		if err != nil {
			return nil, err
		}
	}
	return q, nil
}

// insightKey names an insight in the cache.
type insightKey struct {
	Kind   string
	Values map[string]string
}

func (s *Console) insight(w http.ResponseWriter, r *http.Request, k *insightKind) error {
	values, err := parameters(r, k.parameters())
	if err != nil {
		return err
	}
	if _, err := readInsight(k, values); err != nil {
		return err
	}
	if k.name == "anomalies" && values["indicators"] == "" {
		values["indicators"] = strings.Join(watchedBy(principal(r)), ",")
	}
	var within bound
	if k.name == "risk" || k.name == "departures" {
		within, err = bounds(principal(r), riskData...)
	} else {
		within, err = askedOf(principal(r), k.asks(values)...)
	}
	if err != nil {
		return err
	}
	key, err := keyOf(within, insightKey{k.name, values})
	if err != nil {
		return err
	}
	b, err := s.insights.get(r.Context(), key)
	if err != nil {
		return err
	}
	return writeBytes(w, http.StatusOK, b)
}

// findInsight computes what the cache does not have.
func (s *Console) findInsight(ctx context.Context, key answerKey) ([]byte, error) {
	var which insightKey
	b, err := key.parts(&which)
	if err != nil {
		return nil, err
	}
	for n := range insightKinds {
		k := &insightKinds[n]
		if k.name != which.Kind {
			continue
		}
		q, err := readInsight(k, which.Values)
		if err != nil {
			return nil, err
		}
		a, err := k.find(ctx, insight.Source{Source: s.figures(b), Name: s.Names, Risks: s.Risks}, b.Scope, q)
		if err != nil {
			return nil, err
		}
		return json.Marshal(a)
	}
	return nil, fmt.Errorf("console: there is no insight %q", which.Kind)
}

// AlertBook keeps readers' rules; settings.Settings is one.
type AlertBook interface {
	// Rules returns everybody's rules, States how one stands in each province.
	Rules(ctx context.Context) ([]insight.Rule, error)
	States(ctx context.Context, rule int64) ([]insight.State, error)
	// AddRule keeps a checked rule, RemoveRule takes away one of an owner; an unknown
	// one is an *aggregator.Error of code not_found.
	AddRule(ctx context.Context, p settings.Principal, r insight.Rule) (insight.Rule, error)
	RemoveRule(ctx context.Context, p settings.Principal, id int64) error
	// Notices returns somebody's newest notices, of what they see now.
	Notices(ctx context.Context, p settings.Principal, limit int) ([]insight.Notice, error)
}

// maxNotices is how many notices are listed.
const maxNotices = 200

// Alerts is what a reader asked to be told, and was.
type Alerts struct {
	Rules   []AlertRule   `json:"rules"`
	Notices []AlertNotice `json:"notices"` // the newest first
}

// NewRule is a rule to be made. Kind is above or below (level in the indicator's
// unit), rise or fall (level a percentage, since the same weekday a week before) or
// anomaly (level deviations).
type NewRule struct {
	Name      string   `json:"name,omitempty"`
	Indicator string   `json:"indicator"`
	Provinces []string `json:"provinces,omitempty"` // none: all that the reader may see, each for itself
	Grain     string   `json:"grain,omitempty"`     // day or hour
	Kind      string   `json:"kind,omitempty"`
	Level     float64  `json:"level,omitempty"`
	Hold      int      `json:"hold,omitempty"` // for how many days or hours in a row
	// Receivers are names of people who are told beside the reader, where it is open to them.
	Receivers []string `json:"receivers,omitempty"`
}

// AlertRule is a rule and how it stands.
type AlertRule struct {
	ID        int64            `json:"id"`
	Name      string           `json:"name"`
	Indicator string           `json:"indicator"`
	Title     indicator.Text   `json:"title"` // the indicator's
	Unit      indicator.Unit   `json:"unit"`
	Provinces []string         `json:"provinces"`
	Grain     string           `json:"grain"`
	Kind      string           `json:"kind"`
	Level     float64          `json:"level"`
	Hold      int              `json:"hold"`
	Set       indicator.Moment `json:"set"`
	Firing    []string         `json:"firing"` // provinces in which it fires now
	Judged    int              `json:"judged"` // in how many it was judged
	Receivers []string         `json:"receivers"`
}

// AlertNotice tells that a rule began to fire in a province, or ended.
type AlertNotice struct {
	ID       int64            `json:"id"`
	Rule     int64            `json:"rule"`
	Name     string           `json:"name"`
	Province string           `json:"province"`
	Firing   bool             `json:"firing"`
	Period   string           `json:"period"` // 2026-05-03 or 2026-05-03T20
	Since    string           `json:"since"`
	Value    float64          `json:"value"`
	Text     indicator.Text   `json:"text"`
	At       indicator.Moment `json:"at"`
}

// RemovedRule is the answer to a removal.
type RemovedRule struct {
	Removed int64 `json:"removed"`
}

func ruleInfo(r *insight.Rule) AlertRule {
	info := AlertRule{ID: r.ID, Name: r.Name, Indicator: r.Indicator, Title: indicator.Text{ZH: r.Indicator, EN: r.Indicator}, Provinces: r.Provinces,
		Grain: string(r.Grain), Kind: string(r.Kind), Level: r.Level, Hold: r.Hold, Set: indicator.Moment(r.SetMs), Firing: []string{}, Receivers: append([]string{}, r.Receivers...)}
	if info.Provinces == nil {
		info.Provinces = []string{}
	}
	if i, ok := indicator.Find(r.Indicator); ok {
		info.Title, info.Unit = i.Title, i.Unit
	}
	return info
}

func (s *Console) listAlerts(w http.ResponseWriter, r *http.Request) error {
	if _, err := parameters(r, nil); err != nil {
		return err
	}
	who := principal(r)
	rules, err := s.Alerts.Rules(r.Context())
	if err != nil {
		return err
	}
	a := Alerts{Rules: []AlertRule{}, Notices: []AlertNotice{}}
	for n := range rules {
		if rules[n].Owner != who.Name {
			continue
		}
		info := ruleInfo(&rules[n])
		open := who.Grants.In(indicator.DataSetsOf(rules[n].Indicator)...)
		states, err := s.Alerts.States(r.Context(), rules[n].ID)
		if err != nil {
			return err
		}
		for _, st := range states {
			if p, err := aggregator.ParseProvince(st.Province); err != nil || !open.Sees(p) {
				continue
			}
			info.Judged++
			if st.Firing {
				info.Firing = append(info.Firing, st.Province)
			}
		}
		a.Rules = append(a.Rules, info)
	}
	notices, err := s.Alerts.Notices(r.Context(), who, maxNotices)
	if err != nil {
		return err
	}
	for _, n := range notices {
		a.Notices = append(a.Notices, AlertNotice{n.ID, n.Rule, n.Name, n.Province, n.Firing, n.Period, n.Since, n.Value, n.Text, indicator.Moment(n.AtMs)})
	}
	return writeJSON(w, http.StatusOK, a)
}

func (s *Console) addRule(w http.ResponseWriter, r *http.Request) error {
	var body NewRule
	if err := decode(w, r, MaxBody, &body); err != nil {
		return err
	}
	who := principal(r)
	within, err := askedOf(who, body.Indicator)
	if err != nil {
		return err
	}
	rule := insight.Rule{Owner: who.Name, Scope: within.Scope, Name: body.Name, Indicator: body.Indicator, Provinces: body.Provinces,
		Grain: insight.Grain(body.Grain), Kind: insight.Kind(body.Kind), Level: body.Level, Hold: body.Hold, Receivers: body.Receivers}
	if err := rule.Check(); err != nil {
		return err
	}
	rule, err = s.Alerts.AddRule(r.Context(), who, rule)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, ruleInfo(&rule))
}

func (s *Console) removeRule(w http.ResponseWriter, r *http.Request) error {
	text := r.PathValue("rule")
	id, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return badParameter("rule", text, "the number of a rule")
	}
	if err := s.Alerts.RemoveRule(r.Context(), principal(r), id); err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, RemovedRule{id})
}
