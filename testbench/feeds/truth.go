package feeds

import (
	"encoding/json"
	"fmt"
	"io"

	"iptvdc/aggregator"
	"iptvdc/aggregator/c3"
)

// Truth is written as one JSON line after another, the first of them Head.

// Head is the first line of a truth.
type Head struct {
	Truth     int      `json:"feeds_truth"` // 1
	Seed      uint64   `json:"seed"`
	From      string   `json:"from"`
	To        string   `json:"to"`
	Provinces []string `json:"provinces"`
}

// Line is any other line: exactly one of its parts is there.
type Line struct {
	Day   *Day   `json:"day,omitempty"`
	Bill  *Bill  `json:"bill,omitempty"`
	File  *Sent  `json:"file,omitempty"`
	Title *Title `json:"title,omitempty"`
	Told  *Told  `json:"told,omitempty"`
	Buyer *Buyer `json:"buyer,omitempty"`
	Due   *Due   `json:"due,omitempty"`
	Match *Match `json:"match,omitempty"`

	Airing *Airing `json:"airing,omitempty"`
	Stand  *Stand  `json:"stand,omitempty"`

	Package *Package `json:"package,omitempty"`
	Life    *Life    `json:"life,omitempty"`
}

// Day is how a province's subscribers stand at the end of a day, and what moved
// on it.
type Day struct {
	Province string           `json:"province"`
	Day      string           `json:"day"`
	States   map[string]int64 `json:"states"` // pre, active, suspended, cancelled
	// Flows by kind: opening, new, resumed, moved_in, suspended, cancelled,
	// moved_out, suspended_cancelled, suspended_moved_out, suspended_moved_in.
	Flows map[string]int64 `json:"flows"`
}

// Bill is what was ordered on a day of one product in one way.
type Bill struct {
	Province string `json:"province"`
	Day      string `json:"day"`
	Product  string `json:"product"`
	Provider string `json:"provider"`
	Pay      string `json:"pay"`
	Op       string `json:"op"`
	Orders   int64  `json:"orders"`
	Fen      int64  `json:"fen"`
	ShareFen int64  `json:"share_fen"` // the provider's, of each order to a whole fen
}

// Buyer is somebody who paid for a product on a day: Who, counted from 1, is the
// same on all days of a province, under whatever number.
type Buyer struct {
	Province string `json:"province"`
	Day      string `json:"day"`
	Who      int    `json:"who"`
	Product  string `json:"product"`
	Provider string `json:"provider"`
}

// Due counts the subscriptions to a product that end on a day and were not given
// back, and those of them that their subscriber renewed in time.
type Due struct {
	Province string `json:"province"`
	Day      string `json:"day"`
	Product  string `json:"product"`
	Provider string `json:"provider"`
	Due      int64  `json:"due"`
	Renewed  int64  `json:"renewed"`
}

// Match counts the orders of a day and product by what boxes and carrier say of
// them: equal, differs, box_only or file_only.
type Match struct {
	Province   string `json:"province"`
	Day        string `json:"day"`
	Product    string `json:"product"`
	Verdict    string `json:"verdict"`
	Orders     int64  `json:"orders"`
	BoxFen     int64  `json:"box_fen"`
	CarrierFen int64  `json:"carrier_fen"`
}

// Sent is a file and what must become of it: its receipt. A name may be sent more
// than once; then the lines stand in the order in which they come.
type Sent struct {
	Province string `json:"province"`
	Name     string `json:"name"`
	Round    int    `json:"round"`   // of delivery, from 1
	Outcome  string `json:"outcome"` // accepted, partly, refused, waiting, repeated
	Records  int64  `json:"records,omitempty"`
	Rejected int64  `json:"rejected,omitempty"`
	Why      string `json:"why,omitempty"`  // code of what is wrong with it as a whole
	Dirt     string `json:"dirt,omitempty"` // what is wrong with it, in words
	// Superseded: the same content comes again and is taken then, and what is
	// kept of it is that.
	Superseded bool `json:"superseded,omitempty"`
}

// Title is what a province's catalogue means, once its dirt is washed off. ""
// is unknown.
type Title struct {
	Province   string `json:"province"`
	Code       string `json:"code"`
	Genre      string `json:"genre"`
	SubGenre   string `json:"sub_genre,omitempty"`
	Place      string `json:"place"`
	Provider   string `json:"provider"`
	Series     string `json:"series,omitempty"`     // of an episode, or the series itself
	Definition string `json:"definition,omitempty"` // sd or hd
	LengthS    int    `json:"length_s,omitempty"`   // seconds; 0: a series
}

// Stand is how many accounts of a province are active at the end of a day, by the
// city in which its files say they are; "" is none.
type Stand struct {
	Province string           `json:"province"`
	Day      string           `json:"day"`
	Cities   map[string]int64 `json:"cities"`
}

// Life is how a subscriber stands at the end of a day, and of every day until the
// next line of theirs. Who, counted from 1, is the same on all days of a province,
// under whatever number.
type Life struct {
	Province string `json:"province"`
	Who      int    `json:"who"`
	Day      string `json:"day"`
	State    string `json:"state,omitempty"`  // as in Day; "": not there
	Account  string `json:"account"`          // the number
	City     string `json:"city,omitempty"`   // in which the files say that they are
	Opened   string `json:"opened,omitempty"` // day on which the files say that they came
	Flow     string `json:"flow,omitempty"`   // of the day, as in Day: it may be the same state again
}

// Package is what a product opens in the end, once all files are taken: series with
// their episodes, films, and channels, by code.
type Package struct {
	Province string   `json:"province"`
	Code     string   `json:"code"` // of the product
	Contents []string `json:"contents"`
	Channels []string `json:"channels,omitempty"`
}

// Airing is a broadcast that a province's schedules tell.
type Airing struct {
	Province string `json:"province"`
	Channel  string `json:"channel"`
	Code     string `json:"code"`
	Name     string `json:"name"`
	Genre    string `json:"genre"`
	StartMs  int64  `json:"start_ms"` // UTC milliseconds
	EndMs    int64  `json:"end_ms"`
}

// chronicle writes the truth. After an error it writes no more; err keeps it.
type chronicle struct {
	enc *json.Encoder
	err error
}

func newChronicle(w io.Writer, c *Config, all []*province) *chronicle {
	t := &chronicle{enc: json.NewEncoder(w)}
	head := Head{Truth: 1, Seed: c.Seed, From: c.first().String(), To: c.To.String()}
	for _, pr := range all {
		head.Provinces = append(head.Provinces, pr.String())
	}
	t.err = t.enc.Encode(head)
	return t
}

func (t *chronicle) write(l Line) {
	if t.err == nil {
		if t.err = t.enc.Encode(l); t.err != nil {
			t.err = fmt.Errorf("truth of the feeds: %w", t.err)
		}
	}
}

// count counts states, and flows between what stood before and what stands now.
type count struct{ states, flows map[string]int64 }

func newCount() *count { return &count{map[string]int64{}, map[string]int64{}} }

// stood is how a person stood: c3.StateUnknown: not there.
func (p *person) stood() c3.State {
	if !p.there {
		return c3.StateUnknown
	}
	return p.shown.State
}

// eve takes over what stands before the first day.
func (n *count) eve(p *person) {
	switch p.stood() {
	case c3.StateActive:
		n.flows["opening"]++
	case c3.StateSuspended:
		n.flows["suspended_moved_in"]++
	}
}

// moved counts the flow of one person on one day, and names it; "": none.
func (n *count) moved(from, to c3.State, op c3.Op) (name string) {
	switch {
	case from == to:
		return ""
	case to == c3.StateActive && from == c3.StateSuspended:
		name = "resumed"
	case to == c3.StateActive && op == c3.OpMoveIn:
		name = "moved_in"
	case to == c3.StateActive:
		name = "new"
	case from == c3.StateActive && to == c3.StateSuspended:
		name = "suspended"
	case from == c3.StateActive && to == c3.StateCancelled:
		name = "cancelled"
	case from == c3.StateActive:
		name = "moved_out"
	case from == c3.StateSuspended && to == c3.StateCancelled:
		name = "suspended_cancelled"
	case from == c3.StateSuspended:
		name = "suspended_moved_out"
	default:
		return ""
	}
	n.flows[name]++
	return name
}

// stateNames are the states that a truth counts.
var stateNames = map[c3.State]string{
	c3.StatePre: "pre", c3.StateActive: "active", c3.StateSuspended: "suspended", c3.StateCancelled: "cancelled",
}

func (n *count) day(p aggregator.Province, d aggregator.Day, people []*person) Line {
	for _, who := range people {
		if name := stateNames[who.stood()]; name != "" {
			n.states[name]++
		}
	}
	return Line{Day: &Day{Province: p.String(), Day: d.String(), States: n.states, Flows: n.flows}}
}
