package store

import (
	"iptvdc/aggregator"
	"iptvdc/protocol"
)

// Stamp is what every event row carries: where, who, when.
type Stamp struct {
	Province aggregator.Province
	City     aggregator.City
	Box      uint64 // key of the box id
	Account  uint64 // key of the account; 0 unknown
	Boot     uint32
	MonoMs   int64 // time of the event on the clock of that boot
	AtMs     int64 // the same as UTC milliseconds, repaired [S10]; for a View its end
	Clock    uint8 // quality of AtMs, protocol.Clock
}

// Power is a power-on or power-off; On tells which.
type Power struct {
	Stamp
	On    bool
	Cause uint8  // protocol.Cause
	Agent uint64 // key of the version of the agent it came on with; 0: not told
}

// PageView is a page entered.
type PageView struct {
	Stamp
	Page, From, Template uint64 // keys
}

// Click is a slot clicked.
type Click struct {
	Stamp
	Page, Area, Content, Template uint64 // keys
	Slot                          uint32
	Trace                         uint32
}

// View is a viewing segment that ended at AtMs.
type View struct {
	Stamp
	Mode             uint8  // protocol.Mode
	Channel, Content uint64 // keys
	DurationMs       int64
	Speed            int32  // percent
	Part             uint32 // 0: the start of a play
	End              uint8  // protocol.End
	Trace            uint32
	Keys             uint32 // pressed in the segment
	IdleMs           int64  // from the last sign of a viewer to AtMs
	TV               uint8  // protocol.TV: what the television did all through it
	LengthMs         int64  // of the asset, as the player tells it; 0: not known
	PositionMs       int64  // where in the asset it began, plus 1; 0: not known; see Stretch
}

// Stretch is the part of its asset that v passed through, [from, to) in ms from
// the asset's start; false: not known. Rewinding passes through it from behind. A
// pause has from equal to to.
func (v *View) Stretch() (from, to int64, known bool) {
	if v.PositionMs == 0 {
		return 0, 0, false
	}
	end := int64(protocol.MaxAssetMs - 1)
	if v.LengthMs > 0 {
		end = min(end, v.LengthMs)
	}
	from = min(v.PositionMs-1, end)
	to = min(max(v.PositionMs-1+v.DurationMs*int64(v.Speed)/100, 0), end) // [P-3.11]
	return min(from, to), max(from, to), true
}

// Order is an order with its result.
type Order struct {
	Stamp
	OrderID, Product, Provider, Content uint64 // keys
	Fen                                 int64
	Result                              uint8 // protocol.Result
	Pay                                 uint8 // protocol.Pay
	Trace                               uint32
}

// Impression is a slot that was seen until AtMs, for DurationMs.
type Impression struct {
	Stamp
	Page, Area, Content, Template uint64 // keys
	Slot                          uint32
	Sight                         uint8 // protocol.Sight
	DurationMs                    int64
}

// OrderPage is a page that offers to order, entered.
type OrderPage struct {
	Stamp
	Page, Product, Content uint64 // keys
	Trace                  uint32
}

// Playback is how a play went that ended at AtMs.
type Playback struct {
	Stamp
	Mode             uint8  // protocol.Mode
	Channel, Content uint64 // keys
	StartMs          int64  // from the request to the first picture; 0: not seen
	Stalls           uint32 // how often it stood still
	StallMs          int64  // how long in all
	Errors           uint32
	Error            uint64 // key of the last error's code; 0: none
	Trace            uint32
}

// Health is how a box and the agent on it are at AtMs.
type Health struct {
	Stamp
	CPU         uint32 // per mille of all processors, since the Health before
	MemoryKB    int64  // that programs could still have
	Temperature int32  // tenths of a degree Celsius; 0: not readable
	AgentKB     int64  // the agent's anonymous memory
	AgentMs     int64  // processor time of the agent since its start
	FlashKB     int64  // written by the agent since its start
	Waiting     int64  // events that wait for the centre
}

// Running is which profile or agent a box runs, or which it refused and why.
type Running struct {
	Stamp
	Version uint64 // of the profile, or of the update; 0: the one built in
	State   uint8  // protocol.ProfileState
	Why     uint64 // key of the text; 0: nothing was wrong
	Agent   uint64 // AgentRuns: key of the agent's version; 0: not told
}

// Notice is any other event: identity, clock_sync, dropped, outbox_lost and
// kinds this version does not know.
type Notice struct {
	Stamp
	Kind   uint8
	Count  int64 // Dropped, OutboxLost: how many events; else 0
	Reason uint8 // Dropped: protocol.Reason; 0 also of stores that did not keep it
}

// Tally is what is known of events that are not here. It is no event: no count
// of events has it. Its Stamp is that of the event that shows the loss, the first
// after it; or, with Box 0, a province and hour alone, that of the arrival.
type Tally struct {
	Stamp
	Lost     int64 // events that will never come, as the numbers of those that came show
	Repeated int64 // batches that had come before
}
