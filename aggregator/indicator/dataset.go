package indicator

import (
	"context"
	"maps"
	"slices"

	"iptvdc/aggregator"
	"iptvdc/aggregator/store"
)

// readAs says under which data sets a fact may be read, the usual one first. A figure
// needs the usual one of each fact that it reads, unless its own is among the others:
// viewing of assets and of channels lie in the same rows.
var readAs = [store.Facts][]aggregator.DataSet{
	store.FactBox:        {aggregator.DataActivity},
	store.FactPage:       {aggregator.DataEPG},
	store.FactClick:      {aggregator.DataEPG},
	store.FactMode:       {aggregator.DataRatings, aggregator.DataVOD},
	store.FactView:       {aggregator.DataRatings, aggregator.DataVOD},
	store.FactOrder:      {aggregator.DataOrders},
	store.FactImpression: {aggregator.DataEPG},
	store.FactOrderPage:  {aggregator.DataOrders},
	store.FactPlayback:   {aggregator.DataQuality},
	store.FactTrust:      {aggregator.DataQuality},
	store.FactOn:         {aggregator.DataActivity},
	store.FactReach:      {aggregator.DataRatings, aggregator.DataVOD},
	store.FactMinute:     {aggregator.DataRatings},
	store.FactBroadcast:  {aggregator.DataRatings},
	store.FactAir:        {aggregator.DataRatings},
	store.FactVisit:      {aggregator.DataEPG},
	store.FactPath:       {aggregator.DataEPG},
	store.FactSeen:       {aggregator.DataUsers},
	store.FactInvalid:    {aggregator.DataQuality},
	store.FactJourney:    {aggregator.DataEPG},
	store.FactPageLed:    {aggregator.DataEPG},
	store.FactStandby:    {aggregator.DataActivity},
	store.FactAsset:      {aggregator.DataVOD},
	store.FactLeft:       {aggregator.DataVOD},
	store.FactAgent:      {aggregator.DataQuality},
	store.FactUpdate:     {aggregator.DataQuality},
	store.FactOrderLed:   {aggregator.DataOrders},
	store.FactAccounts:   {aggregator.DataUsers},
	store.FactFlow:       {aggregator.DataUsers},
	store.FactBill:       {aggregator.DataOrders},
	store.FactBuyer:      {aggregator.DataOrders},
	store.FactRenewal:    {aggregator.DataOrders},
	store.FactReconcile:  {aggregator.DataOrders},
	store.FactPresence:   {aggregator.DataUsers},
	store.FactCohort:     {aggregator.DataUsers},
}

// belonging declares the figures of a family to be of a data set.
func belonging(d aggregator.DataSet, figures []Indicator) []Indicator {
	figures = slices.Clone(figures)
	for n := range figures {
		figures[n].Data = d
	}
	return figures
}

// DataSets are all that a reader must hold to see the figure, in the order of
// aggregator.DataSets: its own and those of everything that it, its sums and its
// explanation are made of. Who sees a ratio and one of its sides knows the other.
func (i *Indicator) DataSets() []aggregator.DataSet {
	needs := map[aggregator.DataSet]bool{i.Data: true}
	amounts := i.amounts()
	if i.projected != nil {
		amounts = append(amounts, i.projected.amounts()...)
	}
	for _, p := range slices.Concat(amounts...) {
		if p.clock {
			continue
		}
		if p.source != "" {
			needs[aggregator.DataOfSource(p.source)] = true
			continue
		}
		may := readAs[p.fact]
		switch {
		case len(may) == 0: // nobody said; a test asks for it
			needs[aggregator.DataAccounts] = true
		case !slices.Contains(may, i.Data):
			needs[may[0]] = true
		}
	}
	return slices.SortedFunc(maps.Keys(needs), aggregator.CompareDataSets)
}

// DataSetsOf are those of several indicators together. Ids of none add nothing: they
// are refused by whoever is asked for them.
func DataSetsOf(ids ...string) []aggregator.DataSet {
	needs := map[aggregator.DataSet]bool{}
	for _, id := range ids {
		if i, ok := Find(id); ok {
			for _, d := range i.DataSets() {
				needs[d] = true
			}
		}
	}
	return slices.SortedFunc(maps.Keys(needs), aggregator.CompareDataSets)
}

// errBeyond is a fault of ours: a question was let through that reads more than was
// granted. Nothing is read then.
var errBeyond = &aggregator.Error{Code: "forbidden", Message: "This needs data that is not open to you."}

// Within is a source that reads nothing but what the data sets are made of, and
// nothing beyond the scope. Who asks has the scope in every question; this is the
// second wall, for what the first forgot.
func Within(src Source, scope aggregator.Scope, sets ...aggregator.DataSet) Source {
	return within{src, scope, sets}
}

type within struct {
	Source
	scope aggregator.Scope
	sets  []aggregator.DataSet
}

func (w within) Query(ctx context.Context, q store.Query) ([]store.Row, error) {
	asked := aggregator.Scope{All: q.AllProvinces, Provinces: q.Provinces}
	if !asked.Within(w.scope) || int(q.Fact) >= len(readAs) || !slices.ContainsFunc(readAs[q.Fact], func(d aggregator.DataSet) bool { return slices.Contains(w.sets, d) }) {
		return nil, errBeyond
	}
	return w.Source.Query(ctx, q)
}

// QuerySource reads an own data source, if it is among the data sets.
func (w within) QuerySource(ctx context.Context, source string, q store.Query) ([]store.Row, error) {
	asked := aggregator.Scope{All: q.AllProvinces, Provinces: q.Provinces}
	of, ok := w.Source.(OwnSources)
	if !ok || !asked.Within(w.scope) || !slices.Contains(w.sets, aggregator.DataOfSource(source)) && !slices.Contains(w.sets, aggregator.DataSources) {
		return nil, errBeyond
	}
	return of.QuerySource(ctx, source, q)
}

// SourceTexts names keys, which tell nothing to who does not have them.
func (w within) SourceTexts(ctx context.Context, keys []uint64) (map[uint64]string, error) {
	if of, ok := w.Source.(OwnSources); ok {
		return of.SourceTexts(ctx, keys)
	}
	return nil, nil
}

func (w within) Broadcasts(ctx context.Context, s aggregator.Scope, codes []uint64) ([]store.BroadcastRow, error) {
	if !s.Within(w.scope) {
		return nil, errBeyond
	}
	return w.Source.Broadcasts(ctx, s, codes)
}

func (w within) EditVersions(ctx context.Context, s aggregator.Scope, from, to aggregator.Hour) ([]string, error) {
	if !s.Within(w.scope) {
		return nil, errBeyond
	}
	return w.Source.EditVersions(ctx, s, from, to)
}
