package feeds

import (
	"cmp"

	"iptvdc/aggregator"
	"iptvdc/aggregator/c3"
	"iptvdc/aggregator/c3/dialect"
)

// showCities notes the cities that a full file of the province would show, and when
// accounts were opened; where it shows neither, what was told before holds.
func (w *writer) showCities(f *dialect.Feed, d aggregator.Day) {
	for _, p := range w.people {
		if p.inFile(d) {
			s := fitSubscriber(f, p.shown)
			p.toldCity, p.toldOpenMs = cmp.Or(s.City, p.toldCity), cmp.Or(s.OpenMs, p.toldOpenMs)
		}
	}
}

// tellCities notes the cities that changes of a day tell: of who comes, of who is
// not active, and of who moved; and who was opened, unless that was long before.
func (w *writer) tellCities(f *dialect.Feed, changes []c3.Change) {
	byAccount := map[string]*person{}
	for _, p := range w.people {
		byAccount[p.shown.Account] = p
	}
	for _, was := range changes {
		p := byAccount[was.Account]
		c, ok := w.able.fitChange(f, was)
		if !ok || p == nil {
			continue
		}
		if c.Op == c3.OpOpen && was.AtMs == p.shown.OpenMs {
			p.toldOpenMs = c.AtMs
		}
		switch c.Op {
		case c3.OpOpen, c3.OpMoveIn, c3.OpResume, c3.OpChangeCity:
			p.toldCity = cmp.Or(c.City, p.toldCity)
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

// lives writes how subscribers stand at the end of a day, where that is new.
func (w *writer) lives(d aggregator.Day) {
	for i, p := range w.people {
		l := Life{Province: w.String(), Who: i + 1, State: stateNames[p.stood()], Account: p.shown.Account}
		if p.toldCity != 0 {
			l.City = p.toldCity.String()
		}
		if p.toldOpenMs != 0 {
			l.Opened = aggregator.DayOf(p.toldOpenMs).String()
		}
		if l == p.told && p.flow == "" {
			continue
		}
		p.told = l
		l.Day, l.Flow = d.String(), p.flow
		w.truth.write(Line{Life: &l})
	}
}
