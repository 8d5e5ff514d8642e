package oracle

import "math"

// minCoverage is how many percent of the accounts of a city must have a box that
// reports, for its figures to be projected to all of them.
const minCoverage = 30

// Estimate is a projected figure and its standard error.
type Estimate struct{ Value, Error Value }

// sample is what is known of a city in a period: n boxes report of so many accounts,
// and what each box has.
type sample struct {
	n, accounts float64
	has         []float64 // of each box that has any, exactly
	rounded     []float64 // the same in whole units, as its square is taken
}

// Projected estimates viewing time, viewing time by account and active boxes for all
// accounts, from the boxes that report, city by city, by the textbook's formulas of
// a stratified sample without replacement: total = Σ N mean, variance =
// Σ N² (1 - n/N) s² / n. The dimensions are some of province and city.
func (o *Oracle) Projected(spans []Span, dimensions ...string) map[string]map[Cell]Estimate {
	all := make(map[string]map[Cell]Estimate)
	for _, figure := range []struct {
		id         string
		m          measure
		unit       float64
		perAccount bool
	}{{"viewing_minutes_projected", boxMs, 60_000, false}, {"viewing_per_account_projected", boxMs, 60_000, true}, {"active_boxes_projected", powerOns, 0, false}} {
		type sums struct {
			total, variance, accounts float64
			unsure                    bool
		}
		cells := make(map[Cell]*sums)
		for span := range spans {
			has := o.byBox(figure.m, &spans[span])
			reporting := o.reportingIn(&spans[span])
			for place, accounts := range o.accountsIn(&spans[span]) {
				n := reporting[place]
				if accounts == 0 || 100*n < minCoverage*accounts {
					continue
				}
				sm := sample{n: float64(n), accounts: float64(accounts)}
				for _, v := range has[place] {
					x := float64(v)
					if figure.unit == 0 {
						x = 1
						sm.rounded = append(sm.rounded, 1)
					} else {
						x /= figure.unit
						sm.rounded = append(sm.rounded, math.Floor(x+0.5))
					}
					sm.has = append(sm.has, x)
				}
				c := Cell{Period: spans[span].Label}
				for i, d := range dimensions {
					word := place[0]
					if d == "city" {
						word = place[1]
					}
					if i == 0 {
						c.A = word
					} else {
						c.B = word
					}
				}
				if cells[c] == nil {
					cells[c] = &sums{}
				}
				total, variance, sure := sm.estimate()
				cells[c].total += total
				cells[c].variance += variance
				cells[c].accounts += sm.accounts
				cells[c].unsure = cells[c].unsure || !sure
			}
		}
		all[figure.id] = make(map[Cell]Estimate)
		for c, s := range cells {
			by := 1.0
			if figure.perAccount {
				by = s.accounts
			}
			all[figure.id][c] = Estimate{Value{s.total / by, true}, Value{math.Sqrt(s.variance) / by, !s.unsure}}
		}
	}
	return all
}

// estimate is a city's total, its variance, and whether that is known: of one box
// alone nobody knows how boxes differ.
func (s *sample) estimate() (total, variance float64, sure bool) {
	y, squares := 0.0, 0.0
	for i := range s.has {
		y += s.has[i]
		squares += s.rounded[i] * s.rounded[i]
	}
	total = s.accounts / s.n * y
	left := 1 - s.n/s.accounts
	switch {
	case left <= 0: // every account reports
		return total, 0, true
	case s.n < 2:
		return total, 0, false
	}
	spread := max(0, squares-y*y/s.n) / (s.n - 1)
	return total, s.accounts * s.accounts * left * spread / s.n, true
}

// place is a province and a city.
type place [2]string

// byBox lists what each box has of a measure in a span, by place.
func (o *Oracle) byBox(m measure, s *Span) map[place]map[uint32]int64 {
	all := make(map[place]map[uint32]int64)
	for _, r := range o.rows[m] {
		if at := r.hour() + o.base; at < s.fromHour || at >= s.toHour || r.n == 0 {
			continue
		}
		p := place{o.words.text(o.of[m].columns["province"][r.combo()]), o.words.text(o.of[m].columns["city"][r.combo()])}
		if all[p] == nil {
			all[p] = make(map[uint32]int64)
		}
		all[p][r.box()] += r.n
	}
	return all
}

// reportingIn counts the boxes that told anything in a span or in the 30 days that
// end with it.
func (o *Oracle) reportingIn(s *Span) map[place]int64 {
	first := min(before(s.lastDay, 29), dayOf(s.fromHour*hourMs))
	all := make(map[place]int64)
	for i := range o.presence {
		p := &o.presence[i]
		for day := range p.days {
			if first <= day && day <= s.lastDay {
				all[place{p.province, p.city}]++
				break
			}
		}
	}
	return all
}

// accountsIn are the active accounts at the end of the last day told in a span.
func (o *Oracle) accountsIn(s *Span) map[place]int64 {
	all := make(map[place]int64)
	if o.catalogue == nil {
		return all
	}
	for province := range o.catalogue.active {
		if told := o.catalogue.lastTold(province, s); told != nil {
			for city, n := range told.Cities {
				all[place{province, city}] += n
			}
		}
	}
	return all
}
