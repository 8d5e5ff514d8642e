package oracle

import (
	"bufio"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
)

// Catalogue is what the provinces' catalogues mean: what contents are, and what
// was broadcast when. It is unchanged once read.
type Catalogue struct {
	titles  map[[2]string]*Title   // by province and content
	airings map[string][]*Airing   // of a province, by their start
	byCode  map[[2]string]*Airing  // by province and code
	active  map[string][]*standing // of a province, day by day
	longest map[string]int64       // of a province, the length of an airing, in milliseconds
	lives   map[whoIs]*subscriber
	packs   []*pack
}

// Title is what a content is; "" is unknown.
type Title struct {
	Province   string `json:"province"`
	Code       string `json:"code"`
	Genre      string `json:"genre"`
	SubGenre   string `json:"sub_genre"`
	Place      string `json:"place"`
	Provider   string `json:"provider"`
	Series     string `json:"series"`
	Definition string `json:"definition"`
	LengthS    int64  `json:"length_s"` // 0: unknown, or it is a series
}

// Airing is a broadcast.
type Airing struct {
	Province string `json:"province"`
	Channel  string `json:"channel"`
	Code     string `json:"code"`
	Name     string `json:"name"` // of the programme
	Genre    string `json:"genre"`
	StartMs  int64  `json:"start_ms"`
	EndMs    int64  `json:"end_ms"`
}

// standing is how many accounts were active at the end of a day, by city as the
// files tell it; "" is no city.
type standing struct {
	Province string           `json:"province"`
	Day      string           `json:"day"`
	Cities   map[string]int64 `json:"cities"`
}

// ReadCatalogue reads what a truth of feeds says of catalogues.
func ReadCatalogue(r io.Reader) (*Catalogue, error) {
	c := &Catalogue{titles: map[[2]string]*Title{}, airings: map[string][]*Airing{}, byCode: map[[2]string]*Airing{},
		active: map[string][]*standing{}, longest: map[string]int64{}, lives: map[whoIs]*subscriber{}}
	in := json.NewDecoder(bufio.NewReaderSize(r, 1<<20))
	var head struct {
		Truth int `json:"feeds_truth"`
	}
	if err := in.Decode(&head); err != nil || head.Truth != 1 {
		return nil, errors.Join(errors.New(`no truth of feeds: it must begin with {"feeds_truth":1,...}`), err)
	}
	words := make(map[string]string) // so that each text is kept once: provinces have the same titles
	once := func(texts ...*string) {
		for _, s := range texts {
			if _, known := words[*s]; !known {
				words[*s] = *s
			}
			*s = words[*s]
		}
	}
	for n := 2; in.More(); n++ {
		var l struct {
			Title  *Title    `json:"title"`
			Airing *Airing   `json:"airing"`
			Stand  *standing `json:"stand"`
			Life   *lifeLine `json:"life"`
			Pack   *pack     `json:"package"`
		}
		if err := in.Decode(&l); err != nil {
			return nil, fmt.Errorf("entry %d: %w", n, err)
		}
		switch {
		case l.Title != nil:
			t := l.Title
			once(&t.Province, &t.Code, &t.Genre, &t.SubGenre, &t.Place, &t.Provider, &t.Series, &t.Definition)
			c.titles[[2]string{l.Title.Province, l.Title.Code}] = l.Title
		case l.Airing != nil:
			a := l.Airing
			once(&a.Province, &a.Channel, &a.Code, &a.Name, &a.Genre)
			if a.EndMs <= a.StartMs {
				return nil, fmt.Errorf("entry %d: the airing %s ends before it begins", n, a.Code)
			}
			c.airings[a.Province] = append(c.airings[a.Province], a)
			c.byCode[[2]string{a.Province, a.Code}] = a
			c.longest[a.Province] = max(c.longest[a.Province], a.EndMs-a.StartMs)
		case l.Stand != nil:
			c.active[l.Stand.Province] = append(c.active[l.Stand.Province], l.Stand)
		case l.Pack != nil:
			c.packs = append(c.packs, l.Pack)
		case l.Life != nil:
			once(&l.Life.Province, &l.Life.Day, &l.Life.State, &l.Life.Account, &l.Life.City, &l.Life.Opened, &l.Life.Flow)
			who := whoIs{l.Life.Province, l.Life.Who}
			if c.lives[who] == nil {
				c.lives[who] = &subscriber{province: l.Life.Province}
			}
			c.lives[who].lines = append(c.lives[who].lines, l.Life)
		}
	}
	for _, all := range c.airings {
		slices.SortFunc(all, func(a, b *Airing) int { return cmp.Or(cmp.Compare(a.StartMs, b.StartMs), cmp.Compare(a.Code, b.Code)) })
	}
	for _, all := range c.active {
		slices.SortFunc(all, func(a, b *standing) int { return cmp.Compare(a.Day, b.Day) })
	}
	c.sortLives()
	return c, nil
}

// firstTold is the first day at whose end any province's accounts are known; "": none.
func (c *Catalogue) firstTold() (first string) {
	if c == nil {
		return ""
	}
	for _, days := range c.active {
		if first == "" || days[0].Day < first {
			first = days[0].Day
		}
	}
	return first
}

// between are the airings of a province that lie in a stretch of time with any part.
func (c *Catalogue) between(province string, fromMs, toMs int64) []*Airing {
	if c == nil {
		return nil
	}
	all := c.airings[province]
	first, _ := slices.BinarySearchFunc(all, fromMs-c.longest[province], func(a *Airing, at int64) int { return cmp.Compare(a.StartMs, at) })
	var some []*Airing
	for _, a := range all[first:] {
		if a.StartMs >= toMs {
			break
		}
		if a.EndMs > fromMs {
			some = append(some, a)
		}
	}
	return some
}

// coded is the airing of that code; nil: there is none.
func (c *Catalogue) coded(province, code string) *Airing {
	if c == nil || code == "" {
		return nil
	}
	return c.byCode[[2]string{province, code}]
}

// meaning is what a content is by a dimension of contents.
func (c *Catalogue) meaning(province, content, dimension string) string {
	var t Title
	if c != nil && content != "" {
		if known := c.titles[[2]string{province, content}]; known != nil {
			t = *known
		}
	}
	switch dimension {
	case "genre":
		return t.Genre
	case "sub_genre":
		return t.SubGenre
	case "place":
		return t.Place
	case "maker":
		return t.Provider
	case "series":
		return t.Series
	case "definition":
		return cmp.Or(t.Definition, "unknown")
	case "length":
		return lengthOf(t.LengthS)
	}
	panic("oracle: no dimension of contents " + dimension)
}

// lengthMs is how long a content is; 0: unknown.
func (c *Catalogue) lengthMs(province, content string) int64 {
	if c == nil || content == "" || c.titles[[2]string{province, content}] == nil {
		return 0
	}
	return 1000 * c.titles[[2]string{province, content}].LengthS
}

// lengthOf names how long something is.
func lengthOf(seconds int64) string {
	switch minute := int64(60); {
	case seconds <= 0:
		return "unknown"
	case seconds < 10*minute:
		return "under_10"
	case seconds < 30*minute:
		return "under_30"
	case seconds < 60*minute:
		return "under_60"
	case seconds < 90*minute:
		return "under_90"
	}
	return "over_90"
}

// airs is what is known of a broadcast by a dimension.
func (c *Catalogue) airs(province, code, dimension string) string {
	a := c.coded(province, code)
	switch {
	case dimension == "definition", dimension == "length":
		return "unknown" // schedules do not tell them
	case a != nil && dimension == "programme":
		return a.Name
	case a != nil && dimension == "genre":
		return a.Genre
	}
	return ""
}
