package protocol

// Event is one thing that happened on a box. Which fields count depends on
// Kind (see the constants); all others are zero and do not travel. Strings are
// UTF-8 of at most MaxString bytes.
type Event struct {
	Kind   Kind
	Serial uint32 // the identity in force, see IdentitySerial; 0: none known yet
	Boot   uint32 // which boot of the box; rises by one at each boot
	MonoMs uint64 // when, on that boot's clock; for View the end of the segment
	Source Source

	Cause Cause
	Agent string // PowerOn: the agent's version, one word as in a Manifest; "": not told

	Page     string
	From     string // PageView: the page before, "" if none
	Template string // version of the page's template
	Area     string // block of the page
	Slot     uint32 // position in the area, from 1; 0 unknown
	Content  string // code of the programme, series or asset
	Trace    uint32 // carries slot -> play -> order inside a boot; 0: none

	Mode       Mode
	Channel    string
	DurationMs uint64 // View: length of the segment, Impression: of the sight; it ended at MonoMs
	Speed      int32  // View: percent of normal, 100 = 1x, negative rewinds
	Part       uint32 // View: 0 for the start of a play, 1, 2 ... for its continuations
	End        End
	Keys       uint32 // View: keys pressed in the segment
	IdleMs     uint64 // View: from the last sign of a viewer, a key or a page, to the segment's end
	TV         TV     // View: what the television did all through the segment
	LengthS    uint32 // View: seconds that the asset lasts, as the player tells it; 0: not known
	PositionMs uint64 // View: where in the asset the segment began, plus 1; 0: not known

	Sight Sight

	StartMs uint64 // Playback: from the request to the first picture
	Stalls  uint32 // Playback: how often it stood still
	StallMs uint64 // Playback: how long in all
	Errors  uint32 // Playback
	Error   string // Playback: the last error's code

	CPU         uint32 // Health: per mille of all processors, since the event before
	MemoryKB    uint64 // Health: memory that programs could still have
	Temperature int32  // Health: tenths of a degree Celsius; 0: not readable
	AgentKB     uint64 // Health: the agent's anonymous memory
	AgentMs     uint64 // Health: processor time the agent has used since its start
	FlashKB     uint64 // Health: what the agent has written since its start
	Waiting     uint64 // Health: events that wait for the centre

	Version uint64       // Running: of the profile; 0: the one built in
	State   ProfileState // Running
	Why     string       // Running: what was wrong, "" if nothing

	OrderID  string
	Product  string
	Provider string // content provider (CP)
	Fen      uint64 // Order: price in fen, 1/100 yuan
	Result   Result
	Pay      Pay

	Account  string
	STBID    string
	MAC      string
	Province uint32 // two digits, as 33
	City     uint32 // four digits, as 3301
	Model    string
	Firmware string

	WallMs uint64 // ClockSync: the wall clock at MonoMs
	Clock  Clock  // ClockSync: how good that is

	OfKind Kind   // Dropped
	Reason Reason // Dropped
	Count  uint64 // Dropped, OutboxLost: how many events
}

// column is one field of a kind's events on the wire. Each kind's columns
// stand in a fixed order; new ones are only ever added at the end [P-4.8].
// Exactly one of num and str is set.
type column struct {
	name string
	num  func(*Event) int64
	set  func(*Event, int64)
	str  func(*Event) *string
	min  int64
	max  int64
	enum names // set for enumerations: the words allowed in JSON

	// A column can be predicted from the latest event of kind from that stands
	// before it in the batch [P-4.5]: a text is then like(that event), a number
	// num(that event) + step. A text with from 0 is predicted from its own kind
	// and column; a number with from 0 is not predicted.
	from Kind
	like func(*Event) *string
	step int64
	// guess predicts a number of e from more than the one column of the event
	// before it, which is a zero one if there is none; says is the rule in words.
	guess func(before, e *Event) int64
	says  string
	// length marks the duration of a segment that ends at MonoMs [P-4.6].
	length bool
	// late columns at the end of a kind are left out of a block in which they
	// are zero for all events: readers take what is lacking for zero. Their texts
	// stand behind all others in the table and are never codeNext [P-4.8].
	late bool
}

func number(name string, max int64, get func(*Event) int64, set func(*Event, int64)) column {
	return column{name: name, num: get, set: set, max: max}
}

func enum(name string, words names, get func(*Event) int64, set func(*Event, int64)) column {
	return column{name: name, num: get, set: set, max: 255, enum: words}
}

func text(name string, p func(*Event) *string) column { return column{name: name, str: p, like: p} }

// after says that the column is predicted from the latest event of kind k: a
// text from its column by, a number from the same column plus step.
func (c column) after(k Kind, by func(*Event) *string, step int64) column {
	c.from, c.like, c.step = k, by, step
	return c
}

// by says that a number is predicted by a rule of its own from the latest event
// of kind k.
func (c column) by(k Kind, guess func(before, e *Event) int64, says string) column {
	c.from, c.guess, c.says = k, guess, says
	return c
}

// noEvent is what a guess is made from if nothing stands before; only read.
var noEvent Event

// predict is what code 0 means for a number of e; before is nil if none of the
// predicting kind stands before it.
func (c *column) predict(before, e *Event) int64 {
	if c.guess != nil {
		if before == nil {
			before = &noEvent
		}
		return c.guess(before, e)
	}
	if before == nil {
		return c.step
	}
	return c.num(before) + c.step
}

// zero reports whether the column says nothing of e.
func (c *column) zero(e *Event) bool {
	if c.str != nil {
		return *c.str(e) == ""
	}
	return c.num(e) == 0
}

// asLate marks a column that stands at the end and is left out when it is zero.
func (c column) asLate() column {
	c.late = true
	return c
}

var (
	colPage     = text("page", func(e *Event) *string { return &e.Page })
	colFrom     = text("from", func(e *Event) *string { return &e.From })
	colTemplate = text("template", func(e *Event) *string { return &e.Template })
	colArea     = text("area", func(e *Event) *string { return &e.Area })
	colContent  = text("content", func(e *Event) *string { return &e.Content })
	colChannel  = text("channel", func(e *Event) *string { return &e.Channel })
	colOrderID  = text("order_id", func(e *Event) *string { return &e.OrderID })
	colProduct  = text("product", func(e *Event) *string { return &e.Product })
	colProvider = text("provider", func(e *Event) *string { return &e.Provider })
	colAccount  = text("account", func(e *Event) *string { return &e.Account })
	colSTBID    = text("stbid", func(e *Event) *string { return &e.STBID })
	colMAC      = text("mac", func(e *Event) *string { return &e.MAC })
	colModel    = text("model", func(e *Event) *string { return &e.Model })
	colFirmware = text("firmware", func(e *Event) *string { return &e.Firmware })

	colCause  = enum("cause", causeNames, func(e *Event) int64 { return int64(e.Cause) }, func(e *Event, v int64) { e.Cause = Cause(v) })
	colMode   = enum("mode", modeNames, func(e *Event) int64 { return int64(e.Mode) }, func(e *Event, v int64) { e.Mode = Mode(v) })
	colEnd    = enum("end", endNames, func(e *Event) int64 { return int64(e.End) }, func(e *Event, v int64) { e.End = End(v) })
	colResult = enum("result", resultNames, func(e *Event) int64 { return int64(e.Result) }, func(e *Event, v int64) { e.Result = Result(v) })
	colPay    = enum("pay", payNames, func(e *Event) int64 { return int64(e.Pay) }, func(e *Event, v int64) { e.Pay = Pay(v) })
	colClock  = enum("clock", clockNames, func(e *Event) int64 { return int64(e.Clock) }, func(e *Event, v int64) { e.Clock = Clock(v) })
	colOfKind = enum("of_kind", kindNames, func(e *Event) int64 { return int64(e.OfKind) }, func(e *Event, v int64) { e.OfKind = Kind(v) })
	colReason = enum("reason", reasonNames, func(e *Event) int64 { return int64(e.Reason) }, func(e *Event, v int64) { e.Reason = Reason(v) })

	// colSource stands first in each kind's block; it is no field of a kind.
	colSource = enum("source", sourceNames, func(e *Event) int64 { return int64(e.Source) }, func(e *Event, v int64) { e.Source = Source(v) })

	colSlot     = number("slot", MaxSlot, func(e *Event) int64 { return int64(e.Slot) }, func(e *Event, v int64) { e.Slot = uint32(v) })
	colTrace    = number("trace", 1<<32-1, func(e *Event) int64 { return int64(e.Trace) }, func(e *Event, v int64) { e.Trace = uint32(v) })
	colPart     = number("part", 1<<16-1, func(e *Event) int64 { return int64(e.Part) }, func(e *Event, v int64) { e.Part = uint32(v) })
	colFen      = number("fen", MaxFen, func(e *Event) int64 { return int64(e.Fen) }, func(e *Event, v int64) { e.Fen = uint64(v) })
	colProvince = number("province", 99, func(e *Event) int64 { return int64(e.Province) }, func(e *Event, v int64) { e.Province = uint32(v) })
	colCity     = number("city", 9999, func(e *Event) int64 { return int64(e.City) }, func(e *Event, v int64) { e.City = uint32(v) })
	colCount    = number("count", 1<<48, func(e *Event) int64 { return int64(e.Count) }, func(e *Event, v int64) { e.Count = uint64(v) })
	// A click leads to a page, a play or an order, which repeat its texts.
	colFromPage   = colFrom.after(PageView, colPage.str, 0)
	colOnPage     = colPage.after(PageView, colPage.str, 0)
	colOnTemplate = colTemplate.after(PageView, colTemplate.str, 0)
	colNewTrace   = colTrace.after(Click, nil, 1)
	colClicked    = colContent.after(Click, colContent.str, 0)
	colClickTrace = colTrace.after(Click, nil, 0)

	colSight = enum("sight", sightNames, func(e *Event) int64 { return int64(e.Sight) }, func(e *Event, v int64) { e.Sight = Sight(v) })
	colState = enum("state", stateNames, func(e *Event) int64 { return int64(e.State) }, func(e *Event, v int64) { e.State = ProfileState(v) })
	colError = text("error", func(e *Event) *string { return &e.Error })
	colWhy   = text("why", func(e *Event) *string { return &e.Why })

	colAgent = text("agent", func(e *Event) *string { return &e.Agent }).asLate()

	colKeys   = number("keys", 1<<16-1, func(e *Event) int64 { return int64(e.Keys) }, func(e *Event, v int64) { e.Keys = uint32(v) }).asLate()
	colIdle   = number("idle_ms", MaxMonoMs, func(e *Event) int64 { return int64(e.IdleMs) }, func(e *Event, v int64) { e.IdleMs = uint64(v) }).asLate()
	colTV     = enum("tv", tvNames, func(e *Event) int64 { return int64(e.TV) }, func(e *Event, v int64) { e.TV = TV(v) }).asLate()
	colLength = number("length_s", MaxAssetMs/1000, func(e *Event) int64 { return int64(e.LengthS) }, func(e *Event, v int64) { e.LengthS = uint32(v) }).
			by(View, guessLength, "that of the latest `view`, if that ended with `continue`; else 0").asLate()
	colPosition = number("position_ms", MaxAssetMs, func(e *Event) int64 { return int64(e.PositionMs) }, func(e *Event, v int64) { e.PositionMs = uint64(v) }).
			by(View, guessPosition, "if the latest `view` ended with `continue`, where that ended; else 1 in catchup and vod, 0 in other modes").asLate()
	colStart   = number("start_ms", MaxViewMs, func(e *Event) int64 { return int64(e.StartMs) }, func(e *Event, v int64) { e.StartMs = uint64(v) })
	colStalls  = number("stalls", 1<<16-1, func(e *Event) int64 { return int64(e.Stalls) }, func(e *Event, v int64) { e.Stalls = uint32(v) })
	colStallMs = number("stall_ms", MaxViewMs, func(e *Event) int64 { return int64(e.StallMs) }, func(e *Event, v int64) { e.StallMs = uint64(v) })
	colErrors  = number("errors", 1<<16-1, func(e *Event) int64 { return int64(e.Errors) }, func(e *Event, v int64) { e.Errors = uint32(v) })
	colCPU     = number("cpu", 1000, func(e *Event) int64 { return int64(e.CPU) }, func(e *Event, v int64) { e.CPU = uint32(v) })
	colMemory  = number("memory_kb", 1<<32, func(e *Event) int64 { return int64(e.MemoryKB) }, func(e *Event, v int64) { e.MemoryKB = uint64(v) })
	colAgentKB = number("agent_kb", 1<<32, func(e *Event) int64 { return int64(e.AgentKB) }, func(e *Event, v int64) { e.AgentKB = uint64(v) })
	colAgentMs = number("agent_ms", MaxMonoMs, func(e *Event) int64 { return int64(e.AgentMs) }, func(e *Event, v int64) { e.AgentMs = uint64(v) })
	colFlashKB = number("flash_kb", 1<<40, func(e *Event) int64 { return int64(e.FlashKB) }, func(e *Event, v int64) { e.FlashKB = uint64(v) })
	colWaiting = number("waiting", 1<<32, func(e *Event) int64 { return int64(e.Waiting) }, func(e *Event, v int64) { e.Waiting = uint64(v) })
	colVersion = number("version", 1<<53, func(e *Event) int64 { return int64(e.Version) }, func(e *Event, v int64) { e.Version = uint64(v) })

	colTemperature = column{name: "temperature", min: -1000, max: 3000,
		num: func(e *Event) int64 { return int64(e.Temperature) }, set: func(e *Event, v int64) { e.Temperature = int32(v) }}

	colSpeed = column{name: "speed", min: -MaxSpeed, max: MaxSpeed,
		num: func(e *Event) int64 { return int64(e.Speed) }, set: func(e *Event, v int64) { e.Speed = int32(v) }}
	colDuration = column{name: "duration_ms", max: MaxViewMs, length: true,
		num: func(e *Event) int64 { return int64(e.DurationMs) }, set: func(e *Event, v int64) { e.DurationMs = uint64(v) }}
	colWall = column{name: "wall_ms", min: MinWallMs, max: MaxWallMs,
		num: func(e *Event) int64 { return int64(e.WallMs) }, set: func(e *Event, v int64) { e.WallMs = uint64(v) }}
)

// columnsOf lists what travels for each kind, by the kind's number.
var columnsOf = [...][]column{
	PowerOn:    {colCause, colAgent},
	PowerOff:   {colCause},
	PageView:   {colPage, colFromPage, colTemplate},
	Click:      {colOnPage, colArea, colSlot, colContent, colOnTemplate, colNewTrace},
	View:       {colMode, colChannel, colClicked, colDuration, colSpeed, colPart, colEnd, colClickTrace, colKeys, colIdle, colTV, colLength, colPosition},
	Order:      {colOrderID, colProduct, colProvider, colClicked, colFen, colResult, colPay, colClickTrace},
	Identity:   {colAccount, colSTBID, colMAC, colProvince, colCity, colModel, colFirmware},
	ClockSync:  {colWall, colClock},
	Dropped:    {colOfKind, colReason, colCount},
	OutboxLost: {colCount},
	Impression: {colOnPage, colArea, colSlot, colContent, colOnTemplate, colSight, colDuration},
	OrderPage:  {colOnPage, colProduct, colClicked, colClickTrace},
	Playback:   {colMode, colChannel, colClicked, colStart, colStalls, colStallMs, colErrors, colError, colClickTrace},
	Health:     {colCPU, colMemory, colTemperature, colAgentKB, colAgentMs, colFlashKB, colWaiting},
	Running:    {colVersion, colState, colWhy},
}

// required lists the fields without which an event of a kind means nothing.
var required = map[Kind][]string{
	PowerOn:    {"cause"},
	PowerOff:   {"cause"},
	PageView:   {"page"},
	Click:      {"page"},
	View:       {"mode"},
	Order:      {"order_id", "product", "result"},
	Identity:   {"province"},
	ClockSync:  {"wall_ms", "clock"},
	Dropped:    {"reason", "count"},
	OutboxLost: {"count"},
	Impression: {"page", "sight"},
	OrderPage:  {"page"},
	Playback:   {"mode"},
	Running:    {"state"},
}

// predictor is the kind that a text column of kind k is predicted from.
func (c *column) predictor(k Kind) Kind {
	if c.from == 0 {
		return k
	}
	return c.from
}

func guessLength(before, _ *Event) int64 {
	if before.End == EndContinue {
		return int64(before.LengthS)
	}
	return 0
}

func guessPosition(before, e *Event) int64 {
	switch {
	case before.End == EndContinue:
		return int64(before.Reached())
	case e.Mode == ModeCatchup || e.Mode == ModeVOD:
		return 1
	}
	return 0
}

// Reached is where in the asset a view ended, told as PositionMs is: plus 1, and
// 0 if that is not known. It lies between the asset's ends [P-3.11].
func (e *Event) Reached() uint64 {
	if e.PositionMs == 0 {
		return 0
	}
	at := int64(e.PositionMs) - 1 + int64(e.DurationMs)*int64(e.Speed)/100
	most := int64(MaxAssetMs - 1)
	if e.LengthS > 0 {
		most = min(most, 1000*int64(e.LengthS))
	}
	return uint64(min(max(at, 0), most)) + 1
}

func columns(k Kind) []column {
	if int(k) < len(columnsOf) {
		return columnsOf[k]
	}
	return nil
}

func (c *column) check(v int64) *Error {
	if v < c.min || v > c.max {
		return faultf(BadLimit, c.name, "%d is outside %d..%d", v, c.min, c.max)
	}
	return nil
}
