package console

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"

	"iptvdc/aggregator"
	"iptvdc/aggregator/indicator"
	"iptvdc/aggregator/source"
)

// Catalogue is what can be asked.
type Catalogue struct {
	Indicators []IndicatorInfo       `json:"indicators"`
	Dimensions []indicator.Dimension `json:"dimensions"`
	Units      []indicator.UnitTitle `json:"units"`
	Regions    []RegionInfo          `json:"regions"`
	Grains     []indicator.Grain     `json:"grains"`
	DataSets   []DataSetInfo         `json:"data_sets"`
}

// DataSetInfo names a data set, by which reading is granted.
type DataSetInfo struct {
	ID    aggregator.DataSet `json:"id"`
	Title indicator.Text     `json:"title"`
	About indicator.Text     `json:"about"`
}

// IndicatorInfo describes one figure.
type IndicatorInfo struct {
	ID         string         `json:"id"`
	Title      indicator.Text `json:"title"`
	Unit       indicator.Unit `json:"unit"`
	Formula    indicator.Text `json:"formula"`
	Dimensions []string       `json:"dimensions"`
	// Filters: what it can be filtered by beside its dimensions.
	Filters []string `json:"filters,omitempty"`
	// Daily: it is known by day, not by hour.
	Daily bool `json:"daily"`
	// Data are the data sets that it is made of, its own first; all must be open to who
	// asks for it.
	Data []aggregator.DataSet `json:"data"`
	// Source is the own data source that it is a figure of.
	Source string `json:"source,omitempty"`
}

// RegionInfo names a province (two digits) or city (four).
type RegionInfo struct {
	Code string         `json:"code"`
	Name indicator.Text `json:"name"`
}

func (s *Console) catalogue(w http.ResponseWriter, r *http.Request) error {
	p := principal(r)
	c := describe(p.Grants, func(string) bool { return true })
	c.DataSets = append(c.DataSets, sourceSets(p)...)
	return writeJSON(w, http.StatusOK, c)
}

// describe is the catalogue of the figures that are wanted, of own data sources those
// that somebody with these grants may see.
func describe(g aggregator.Grants, wanted func(id string) bool) Catalogue {
	c := Catalogue{Indicators: []IndicatorInfo{}, Dimensions: indicator.Dimensions(), Units: indicator.Units(), Grains: indicator.Grains(), DataSets: dataSetInfos()}
	for _, i := range indicator.Catalogue() {
		if wanted(i.ID) {
			c.Indicators = append(c.Indicators, indicatorInfo(&i))
		}
	}
	for _, i := range sourceFigures(g) {
		if wanted(i.ID) {
			c.Indicators = append(c.Indicators, i)
		}
	}
	for _, s := range source.Infos(g) {
		if slices.ContainsFunc(s.Measures, func(m indicator.SourceMeasure) bool { return wanted(s.IDOf(m)) }) {
			c.Dimensions = append(c.Dimensions, s.Texts...)
		}
	}
	for _, r := range aggregator.Regions() {
		c.Regions = append(c.Regions, RegionInfo{r.Code, indicator.Text{ZH: r.ZH, EN: r.EN}})
	}
	return c
}

func indicatorInfo(i *indicator.Indicator) IndicatorInfo {
	info := IndicatorInfo{ID: i.ID, Title: i.Title, Unit: i.Unit, Formula: i.Formula, Dimensions: []string{}, Daily: i.Daily(), Data: needs(i)}
	for _, d := range i.Dimensions {
		info.Dimensions = append(info.Dimensions, string(d))
	}
	for _, d := range i.Filters() {
		info.Filters = append(info.Filters, string(d))
	}
	return info
}

// needs lists the data sets of a figure, its own first.
func needs(i *indicator.Indicator) []aggregator.DataSet {
	others := slices.DeleteFunc(i.DataSets(), func(d aggregator.DataSet) bool { return d == i.Data })
	return append([]aggregator.DataSet{i.Data}, others...)
}

func (s *Console) query(w http.ResponseWriter, r *http.Request) error { return ask(w, r, s.answers) }

func (s *Console) explanation(w http.ResponseWriter, r *http.Request) error {
	return ask(w, r, s.explained)
}

// ask answers a question about figures, within the reader's scope.
func ask(w http.ResponseWriter, r *http.Request, from *answers) error {
	var q indicator.Request
	if err := decode(w, r, MaxBody, &q); err != nil {
		return err
	}
	if err := q.Check(); err != nil {
		return err
	}
	b, err := bounds(principal(r), indicator.DataSetsOf(q.Indicators...)...)
	if err != nil {
		return err
	}
	key, err := keyOf(b, &q)
	if err != nil {
		return err
	}
	answer, err := from.get(r.Context(), key)
	if err != nil {
		return err
	}
	return writeBytes(w, http.StatusOK, answer)
}

// answer computes what the cache does not have.
func (s *Console) answer(ctx context.Context, key answerKey) ([]byte, error) {
	var q indicator.Request
	b, err := key.parts(&q)
	if err != nil {
		return nil, err
	}
	q.Rows = s.AnswerRows
	a, err := s.evaluate(ctx, b, &q)
	if err != nil {
		return nil, err
	}
	return json.Marshal(a)
}

// figures are those that a question may be answered from.
func (s *Console) figures(b bound) indicator.Source {
	return indicator.Within(s.Figures, b.Scope, b.Sets...)
}

// evaluate answers a question, with how complete it is.
func (s *Console) evaluate(ctx context.Context, b bound, q *indicator.Request) (*indicator.Answer, error) {
	a, err := indicator.Evaluate(ctx, s.figures(b), b.Scope, q)
	if err != nil {
		return nil, err
	}
	accounts, err := s.accounts.get(ctx)
	if err != nil {
		return nil, err
	}
	if t := total(accounts, b.Scope); t.Received+t.Lost > 0 {
		a.Completeness = indicator.Number(float64(t.Received) / float64(t.Received+t.Lost))
	}
	return a, nil
}

// explain computes an explanation that the cache does not have.
func (s *Console) explain(ctx context.Context, key answerKey) ([]byte, error) {
	var q indicator.Request
	b, err := key.parts(&q)
	if err != nil {
		return nil, err
	}
	e, err := indicator.Explain(ctx, s.figures(b), b.Scope, &q)
	if err != nil {
		return nil, err
	}
	return json.Marshal(e)
}

// total adds up the accounts that a scope opens.
func total(accounts []Account, scope aggregator.Scope) Account {
	var t Account
	for _, a := range accounts {
		if !scope.Sees(a.Province) {
			continue
		}
		t.Boxes += a.Boxes
		t.Streams += a.Streams
		t.Received += a.Received
		t.Lost += a.Lost
		t.Quarantined += a.Quarantined
	}
	return t
}
