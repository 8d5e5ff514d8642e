package indicator

import (
	"context"
	"maps"
	"math"
	"slices"

	"iptvdc/aggregator"
	"iptvdc/aggregator/store"
)

// MinCoverage is how many percent of the accounts of a city must have a box that
// reports, for its figures to be projected to all of them.
const MinCoverage = 30

// projection estimates a figure for all active accounts from the boxes that
// report, city by city (a stratum h). Of a stratum are known n, the boxes that
// report, N, the active accounts, and y, what each box has; boxes without a row
// have 0:
//
//	total      T  = Σ N/n × Σy                    (ratio estimator)
//	variance   V  = Σ N² × (1 − n/N) × s²/n       (1 − n/N: finite population)
//	spread     s² = (Σy² − (Σy)²/n) / (n − 1)
//	error      √V; by account T and √V are divided by Σ N
//
// Where more boxes report than there are accounts nothing is left to chance:
// 1 − n/N is 0. Of one box alone the spread is not known, and then no error is.
// Strata with n/N below MinCoverage, or without accounts, are left out of T, V
// and Σ N.
type projection struct {
	value term // what a box has, its sum
	unit  int64
	// once: a box has 1 or 0, value counts boxes; Σy² is then Σy. Else squares
	// are summed in units.
	once       bool
	perAccount bool
}

// frame is the boxes that y is of: those that report in the period or the days
// up to its end.
func frame() term {
	t := boxes(store.FactBox, store.MeasureEvents).last(ReportingDays)
	t.stretch.whole = true
	return t
}

func (p *projection) amounts() []amount {
	squares := p.value
	if !p.once {
		squares.value = store.Value{Measure: p.value.value.Measure, Squares: p.unit}
	}
	return []amount{add(p.value), add(squares), add(frame()), add(activeAccounts.at(atEnd))}
}

// estimate is a figure with its standard error.
type estimate struct{ value, err Number }

// gathering adds up strata.
type gathering struct {
	total, variance, accounts float64
	strata                    int
	unsure                    bool // of some stratum the spread is not known
}

func (g *gathering) add(y, squares, n, accounts float64) {
	g.strata++
	g.total += accounts / n * y
	g.accounts += accounts
	left := max(0, 1-n/accounts)
	switch {
	case left == 0:
	case n < 2:
		g.unsure = true
	default:
		spread := max(0, squares-y*y/n) / (n - 1)
		g.variance += accounts * accounts * left * spread / n
	}
}

func (g *gathering) estimate(p *projection) estimate {
	if g == nil || g.strata == 0 {
		return estimate{None(), None()}
	}
	by := 1.0
	if p.perAccount {
		by = g.accounts
	}
	e := estimate{Number(g.total / by), Number(math.Sqrt(g.variance) / by)}
	if g.unsure {
		e.err = None()
	}
	return e
}

// project estimates a figure, now and before.
func (q *question) project(ctx context.Context, src Source, scope aggregator.Scope, i *Indicator, out *leftOuts) (map[groupKey][2]estimate, error) {
	strata := *q
	strata.limit, strata.order = 0, -1
	strata.dimensions = slices.Clone(q.dimensions)
	for _, c := range byPlace {
		if !slices.Contains(strata.dimensions, c) {
			strata.dimensions = append(strata.dimensions, c)
		}
	}
	p := strata.plan(i.projected.amounts()...)
	p.most = MaxGroups
	if err := p.run(ctx, src, scope); err != nil {
		return nil, err
	}
	sums := map[groupKey]*[2]gathering{}
	for _, key := range slices.SortedFunc(maps.Keys(p.sums), compareKeys) { // in one order: floats do not add up alike in any
		group := groupKey{period: key.period}
		copy(group.group[:], key.group[:len(q.dimensions)])
		if sums[group] == nil {
			sums[group] = &[2]gathering{}
		}
		for earlier := range 2 {
			s := p.sums[key][earlier*p.terms : (earlier+1)*p.terms]
			var v [4]float64
			for n := range v {
				v[n] = float64(s[p.places[n][0]])
			}
			y, squares, n, accounts := v[0]/float64(i.projected.unit), v[1], v[2], v[3]
			switch {
			case n == 0 && accounts == 0:
			case accounts == 0 || 100*n < MinCoverage*accounts:
				why := LowCoverage
				if earlier == 1 {
					why = LowCoverageBefore
				}
				out.add(i, byPlace, strata.stratum(key), why)
			default:
				sums[group][earlier].add(y, squares, n, accounts)
			}
		}
	}
	found := map[groupKey][2]estimate{}
	for key, g := range sums {
		found[key] = [2]estimate{g[0].estimate(i.projected), g[1].estimate(i.projected)}
	}
	return found, nil
}

// stratum is the province and city of a group.
func (q *question) stratum(key groupKey) groupKey {
	out := groupKey{period: key.period}
	for n, c := range byPlace {
		out.group[n] = key.group[slices.Index(q.dimensions, c)]
	}
	return out
}
