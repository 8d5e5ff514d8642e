package oracle

import "slices"

// accountIndicators set what boxes show against what is known of contents and
// accounts: the feeds' truth tells it.
func accountIndicators() []Indicator {
	return []Indicator{
		{"genre_coverage", byPlace, percent(genreMs, contentMs)},
		{"place_coverage", byPlace, percent(placeMs, contentMs)},
		{"account_activity_rate", byPlace, func(c *count) (float64, bool) {
			return divide(100*float64(c.boxes[powerOns]), float64(c.accounts))
		}},
		{"box_coverage", byPlace, func(c *count) (float64, bool) { return divide(100*float64(c.reporting), float64(c.accounts)) }},
	}
}

// Daily reports whether the figure needs what is known by day alone.
func (i *Indicator) Daily() bool {
	return slices.Contains(viewerFigures, i.ID) || slices.Contains(stockFigures, i.ID) || slices.Contains(dayFigures, i.ID) || i.ID == "account_activity_rate" || i.ID == "box_coverage"
}

// lastTold is what a province's files say of accounts at the end of the last day of
// a span of which they say anything; nil: of none.
func (c *Catalogue) lastTold(province string, s *Span) *standing {
	first := dayOf(s.fromHour * hourMs)
	var last *standing
	for _, day := range c.active[province] {
		if first <= day.Day && day.Day <= s.lastDay {
			last = day
		}
	}
	return last
}

// stand counts the active accounts of each span and place.
func (s *Sheet) stand() {
	if s.o.catalogue == nil || slices.Contains(s.dims, "model") { // an account has none
		return
	}
	for n := range s.spans {
		for province := range s.o.catalogue.active {
			told := s.o.catalogue.lastTold(province, &s.spans[n])
			if told == nil {
				continue
			}
			for city, accounts := range told.Cities {
				k := cellKey{span: uint32(n)}
				for i, d := range s.dims {
					word := province
					if d == "city" {
						word = city
					}
					if i == 0 {
						k.a = s.o.word(word)
					} else {
						k.b = s.o.word(word)
					}
				}
				at := s.cell(k)
				for int(at) >= len(s.accounts) {
					s.accounts = append(s.accounts, 0)
				}
				s.accounts[at] += accounts
			}
		}
	}
}
