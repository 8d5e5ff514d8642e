package feeds

import (
	"cmp"

	"iptvdc/aggregator"
	"iptvdc/aggregator/c3"
	"iptvdc/aggregator/c3/dialect"
)

// showCities notes the cities that a full file of the province would show; where
// it shows none, what was told before holds.
func (w *writer) showCities(f *dialect.Feed, d aggregator.Day) {
	for _, p := range w.people {
		if p.inFile(d) {
			p.toldCity = cmp.Or(fitSubscriber(f, p.shown).City, p.toldCity)
		}
	}
}

// tellCities notes the cities that changes of a day tell: of who comes, of who is
// not active, and of who moved.
func (w *writer) tellCities(f *dialect.Feed, changes []c3.Change) {
	byAccount := map[string]*person{}
	for _, p := range w.people {
		byAccount[p.shown.Account] = p
	}
	for _, c := range changes {
		p := byAccount[c.Account]
		if c, ok := w.able.fitChange(f, c); ok && p != nil && c.City != 0 {
			switch c.Op {
			case c3.OpOpen, c3.OpMoveIn, c3.OpResume, c3.OpChangeCity:
				p.toldCity = c.City
			}
		}
	}
}

// stand is where the active accounts are at the end of a day.
func (w *writer) stand(d aggregator.Day) Line {
	s := &Stand{Province: w.String(), Day: d.String(), Cities: map[string]int64{}}
	for _, p := range w.people {
		switch {
		case p.stood() != c3.StateActive:
		case p.toldCity == 0:
			s.Cities[""]++
		default:
			s.Cities[p.toldCity.String()]++
		}
	}
	return Line{Stand: s}
}
