package protocol

import "fmt"

// Kind says what an Event reports. The numbers are on the wire for ever
// [P-3.1]; a number is never given a second meaning.
type Kind uint8

const (
	PowerOn    Kind = 1  // the box was switched on or left standby: Cause
	PowerOff   Kind = 2  // the box was switched off or went to standby: Cause
	PageView   Kind = 3  // an EPG page was entered: Page, From, Template
	Click      Kind = 4  // a slot of a page was clicked: Page, Area, Slot, Content, Template, Trace
	View       Kind = 5  // a viewing segment ended: Mode, Channel, Content, Duration, Speed, Part, End, Trace, Keys, Idle, TV, Length, Position
	Order      Kind = 6  // an order had a result: OrderID, Product, Provider, Content, Fen, Result, Pay, Trace
	Identity   Kind = 7  // who and what the box is from here on: Account, STBID, MAC, Province, City, Model, Firmware
	ClockSync  Kind = 8  // the box learned the time: Wall, Clock
	Dropped    Kind = 9  // events were dropped before they were stored: OfKind, Reason, Count
	OutboxLost Kind = 10 // at divergence or salvage: evictions not yet acknowledged: Count
	Impression Kind = 11 // a slot was seen until MonoMs: Page, Area, Slot, Content, Template, Sight, Duration
	OrderPage  Kind = 12 // a page that offers to order was entered: Page, Product, Content, Trace
	Playback   Kind = 13 // how a play went, told at its end: Mode, Channel, Content, StartMs, Stalls, StallMs, Errors, Error, Trace
	Health     Kind = 14 // how the box and the agent on it do: CPU, MemoryKB, Temperature, AgentKB, AgentMs, FlashKB, Waiting
	Running    Kind = 15 // which profile or agent the box runs, or has refused: Version, State, Why
)

// Cause says why a box was switched on or off.
type Cause uint8

const (
	CauseUnknown  Cause = 0
	CauseBoot     Cause = 1 // PowerOn: a boot id never seen before
	CauseWake     Cause = 2 // PowerOn: out of standby
	CauseStandby  Cause = 3 // PowerOff: into standby
	CauseShutdown Cause = 4 // PowerOff: an orderly end
	CausePowerCut Cause = 5 // PowerOff: the mains; told at the next boot
)

// Mode says what kind of viewing a segment was.
type Mode uint8

const (
	ModeUnknown   Mode = 0
	ModeLive      Mode = 1
	ModeTimeshift Mode = 2 // live, paused or shifted
	ModeCatchup   Mode = 3 // a programme of the past days
	ModeVOD       Mode = 4
	ModeApp       Mode = 5 // an application of a third party
)

// End says why a viewing segment ended.
type End uint8

const (
	EndUnknown  End = 0
	EndZap      End = 1 // another channel or content
	EndStop     End = 2 // the viewer stopped it
	EndFinished End = 3 // the asset was over
	EndStandby  End = 4
	EndPowerOff End = 5
	EndPowerCut End = 6 // closed at the last sign of life before the mains failed
	EndError    End = 7
	EndCapped   End = 8
	EndContinue End = 9 // a long segment was cut; the next part follows
)

// TV says whether the television that a box is connected to showed it.
type TV uint8

const (
	TVUnknown TV = 0 // nothing was told
	TVOn      TV = 1
	TVOff     TV = 2 // off, in standby, unplugged, or another input of it was shown
)

// Result says how an order ended.
type Result uint8

const (
	ResultUnknown   Result = 0
	ResultPaid      Result = 1
	ResultFailed    Result = 2
	ResultCancelled Result = 3
	ResultRefunded  Result = 4 // Fen is what was given back, a positive number
)

// Pay says how an order was paid.
type Pay uint8

const (
	PayUnknown     Pay = 0
	PayCarrierBill Pay = 1
	PayWeChat      Pay = 2
	PayAlipay      Pay = 3
	PayPoints      Pay = 4
)

// Source says who reported an event. The agent sets it, never the reporter.
type Source uint8

const (
	SourceAgent      Source = 0
	SourceMiddleware Source = 1
	SourcePage       Source = 2
)

// Sight says how a slot was seen.
type Sight uint8

const (
	SightUnknown  Sight = 0
	SightRendered Sight = 1 // painted on the visible page
	SightFocus    Sight = 2 // the focus rested on it
)

// ProfileState says what became of a profile, or of the agent itself.
type ProfileState uint8

const (
	ProfileUnknown  ProfileState = 0
	ProfileApplied  ProfileState = 1
	ProfileRefused  ProfileState = 2 // Why says what is wrong; the one before stays
	ProfileExpired  ProfileState = 3 // the one built in holds again
	ProfileAnswered ProfileState = 4 // asked to say what runs

	// What became of the agent's own updates [P-10.5]: Version is a manifest's.
	AgentRuns        ProfileState = 5 // this agent runs; Version 0: the image's own; Why is AgentText
	UpdateOffered    ProfileState = 6 // good so far, and being fetched
	UpdateDownloaded ProfileState = 7 // whole, to be started
	UpdateGood       ProfileState = 8
	UpdateRolledBack ProfileState = 9  // Why says what was wrong with it
	UpdateRefused    ProfileState = 10 // Why says what was wrong with it
)

// Clock is how good a time is; a greater value is better.
type Clock uint8

const (
	ClockUnknown Clock = 0 // never synced: placed between its neighbours
	ClockBox     Clock = 1 // the box's own clock, or the arrival at the centre
	ClockNTP     Clock = 2 // synced to the network's NTP server
	ClockServer  Clock = 3 // synced to the centre by an ack
)

// Reason says why events were dropped before they were stored.
type Reason uint8

const (
	ReasonUnknown   Reason = 0
	ReasonRateLimit Reason = 1
	ReasonSampling  Reason = 2
	ReasonReadOnly  Reason = 3 // flash would not take them
	ReasonMemory    Reason = 4 // the ring in memory was full
	ReasonInvalid   Reason = 5 // refused by the local API
	ReasonQuiet     Reason = 6 // the profile in force does not want them
)

// names holds the word of each value of an enumeration, by number; an empty
// word is a number that was never given out.
type names []string

var (
	kindNames = names{"", "power_on", "power_off", "page_view", "click", "view", "order", "identity", "clock_sync", "dropped", "outbox_lost",
		"impression", "order_page", "playback", "health", "running"}
	causeNames  = names{"unknown", "boot", "wake", "standby", "shutdown", "power_cut"}
	modeNames   = names{"unknown", "live", "timeshift", "catchup", "vod", "app"}
	endNames    = names{"unknown", "zap", "stop", "finished", "standby", "power_off", "power_cut", "error", "capped", "continue"}
	resultNames = names{"unknown", "paid", "failed", "cancelled", "refunded"}
	payNames    = names{"unknown", "carrier_bill", "wechat", "alipay", "points"}
	sourceNames = names{"agent", "middleware", "page"}
	clockNames  = names{"unknown", "box", "ntp", "server"}
	reasonNames = names{"unknown", "rate_limit", "sampling", "read_only", "memory", "invalid", "quiet"}
	sightNames  = names{"unknown", "rendered", "focus"}
	tvNames     = names{"unknown", "on", "off"}
	stateNames  = names{"unknown", "applied", "refused", "expired", "answered", "agent", "offered", "downloaded", "good", "rolled_back", "update_refused"}
)

func (n names) word(v uint8) string {
	if int(v) < len(n) && n[v] != "" {
		return n[v]
	}
	return fmt.Sprintf("%d", v)
}

// known reports whether v was given out.
func (n names) known(v uint8) bool { return int(v) < len(n) && n[v] != "" }

// parse returns the value of a word.
func (n names) parse(word string) (uint8, bool) {
	for v, w := range n {
		if w == word && w != "" {
			return uint8(v), true
		}
	}
	return 0, false
}

func (k Kind) String() string   { return kindNames.word(uint8(k)) }
func (c Cause) String() string  { return causeNames.word(uint8(c)) }
func (m Mode) String() string   { return modeNames.word(uint8(m)) }
func (e End) String() string    { return endNames.word(uint8(e)) }
func (r Result) String() string { return resultNames.word(uint8(r)) }
func (p Pay) String() string    { return payNames.word(uint8(p)) }
func (s Source) String() string { return sourceNames.word(uint8(s)) }
func (c Clock) String() string  { return clockNames.word(uint8(c)) }
func (r Reason) String() string { return reasonNames.word(uint8(r)) }
func (s Sight) String() string  { return sightNames.word(uint8(s)) }
func (t TV) String() string     { return tvNames.word(uint8(t)) }

func (s ProfileState) String() string { return stateNames.word(uint8(s)) }

// Known reports whether this version of the protocol gave k a meaning. An
// unknown kind is no fault: a newer box may send it [P-3.2].
func (k Kind) Known() bool { return kindNames.known(uint8(k)) }

// Kinds lists every kind of this version, in the order of their numbers.
func Kinds() []Kind {
	kinds := make([]Kind, 0, len(kindNames)-1)
	for k := 1; k < len(kindNames); k++ {
		kinds = append(kinds, Kind(k))
	}
	return kinds
}

// ParseKind returns the kind with that word.
func ParseKind(word string) (Kind, error) {
	v, ok := kindNames.parse(word)
	if !ok {
		return 0, &Error{Field: "kind", Why: fmt.Sprintf("%s is not a kind; allowed: %s", shown(word), kindNames.list())}
	}
	return Kind(v), nil
}

// Modes lists the modes of viewing that have a name, without unknown.
func Modes() []Mode { return []Mode{ModeLive, ModeTimeshift, ModeCatchup, ModeVOD, ModeApp} }
