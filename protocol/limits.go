package protocol

// The limits of the wire [P-2]. A value above a limit is refused where it
// enters; nothing is cut silently.
const (
	// MaxPacketUp is the greatest MQTT payload from a box, in bytes.
	MaxPacketUp = 64 << 10
	// MaxPacketDown is the greatest MQTT payload to a box, in bytes.
	MaxPacketDown = 4 << 10
	// MaxBatchEvents is the greatest number of events in one batch.
	MaxBatchEvents = 4096
	// MaxBody is the greatest inflated body, in bytes.
	MaxBody = 1 << 20
	// MaxPackedBody is the greatest body as sent, in bytes, so that the packet
	// around it stays within MaxPacketUp.
	MaxPackedBody = MaxPacketUp - 256
	// MaxInflation is how many times its packed size a body may inflate to.
	MaxInflation = 64
	// MaxString is the greatest length of any string of an event, in bytes.
	MaxString = 256
	// MaxDepth is the deepest nesting of arrays in a body.
	MaxDepth = 4
	// MaxWindow is the greatest number of batches a box has under way.
	MaxWindow = 4
	// MaxLocalRequest is the greatest request to a box's local API, in bytes.
	MaxLocalRequest = 4 << 10

	// MaxSlot is the greatest position on a page.
	MaxSlot = 9999
	// MaxViewMs is the longest viewing segment: a day. Boxes cut sooner.
	MaxViewMs = 24 * 3600 * 1000
	// MaxAssetMs is the greatest length of an asset and of a position in it, plus
	// 1: a week.
	MaxAssetMs = 7 * 24 * 3600 * 1000
	// MaxSpeed is the fastest playback, in percent of normal (3,200 = 32x);
	// the slowest is -MaxSpeed (rewind).
	MaxSpeed = 6400
	// MaxFen is the greatest price of one order: one million yuan.
	MaxFen = 100_000_000
	// MaxMonoMs is the longest time since boot: ten years.
	MaxMonoMs = 10 * 366 * 24 * 3600 * 1000
	// MinWallMs and MaxWallMs bound the wall clock of a clock_sync event:
	// 2020-01-01 to 2100-01-01 UTC.
	MinWallMs = 1577836800000
	MaxWallMs = 4102444800000
)
