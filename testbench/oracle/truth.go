package oracle

// Event is one event as a box told it.
type Event struct {
	Kind       string `json:"kind"`
	Boot       int64  `json:"boot"`
	MonoMs     int64  `json:"mono_ms"`
	Page       string `json:"page"`
	From       string `json:"from"`
	Area       string `json:"area"`
	Slot       int64  `json:"slot"`
	Content    string `json:"content"`
	Trace      int64  `json:"trace"` // the click's number in its boot, or what led here; 0: none
	Mode       string `json:"mode"`
	Channel    string `json:"channel"`
	DurationMs int64  `json:"duration_ms"`
	Speed      int64  `json:"speed"`
	Part       int64  `json:"part"`
	Product    string `json:"product"`
	Provider   string `json:"provider"`
	Fen        int64  `json:"fen"`
	Result     string `json:"result"`
	Template   string `json:"template"`
	Sight      string `json:"sight"`
	StartMs    int64  `json:"start_ms"`
	Stalls     int64  `json:"stalls"`
	StallMs    int64  `json:"stall_ms"`
	Errors     int64  `json:"errors"`
	Reason     string `json:"reason"`
	Count      int64  `json:"count"`
	Cause      string `json:"cause"`
	Keys       int64  `json:"keys"`
	IdleMs     int64  `json:"idle_ms"`
	TV         string `json:"tv"`          // on, off; "": not known
	LengthS    int64  `json:"length_s"`    // of the asset; 0: not known
	PositionMs int64  `json:"position_ms"` // where in it, plus 1; 0: not known
	End        string `json:"end"`         // why a view ended
	Account    string `json:"account"`     // of an identity: whose the box is
	Model      string `json:"model"`       // and which it is
	Agent      string `json:"agent"`       // of a power-on: the agent's version; "": not told
	State      string `json:"state"`       // of a running event
	Version    int64  `json:"version"`     // of it: the number of an update
	Why        string `json:"why"`         // of it: what was wrong; of an agent its version and what else it is
}

// Record is one line of truth: an event, where and when it really happened.
type Record struct {
	Box      string
	Province string // two digits
	City     string // four digits
	AtMs     int64  // UTC milliseconds; of a view its end
	Event    Event

	// Whose the box was, and which: what its identities told, see identify.
	account, model string
	// Of what is counted of it: how its journey began, which part of an asset it is of,
	// why nothing of its box counts.
	origin string
	part   int
	why    string
}

// Tally counts what a box has told of one kind.
type Tally struct {
	Events  int64
	MonoSum int64
}

// Tallies counts events by box and kind.
func (t *Truth) Tallies() map[string]map[string]Tally {
	all := make(map[string]map[string]Tally)
	for _, box := range t.Boxes() {
		all[box] = t.TallyOf(box)
	}
	return all
}

// TallyOf counts the events of one box by kind.
func (t *Truth) TallyOf(box string) map[string]Tally {
	kinds := make(map[string]Tally)
	for _, r := range t.Of(box) {
		n := kinds[r.Event.Kind]
		n.Events++
		n.MonoSum += r.Event.MonoMs
		kinds[r.Event.Kind] = n
	}
	return kinds
}
