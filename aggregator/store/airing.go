package store

import (
	"iptvdc/aggregator"
	"iptvdc/aggregator/c3"
)

// Broadcast is a programme on a channel of a province, as its catalogue has it
// now: a live Schedule with a start that can be read and a channel (its own
// ChannelCode or ChannelID, else that of the latest live mapping of a channel to
// it). Of several with one channel and start the one told last holds. It ends after
// its length (UntoldMs, if none is told), but not after the next of its channel
// begins.
type Broadcast struct {
	Code, Channel   uint64 // keys
	StartMs, EndMs  int64  // UTC milliseconds, whole seconds; EndMs exclusive
	Name, Programme uint64 // key of its name, of the code of what is broadcast
	Normal                 // of the Schedule; what Programme names goes before
}

// A Recording is a content that plays a Broadcast again: the code of a live
// Schedule, which stands for the broadcast of its channel and start, or else that
// of a live ScheduleRecord, which stands for the broadcast of its channel in whose
// time its middle lies. A record has its channel from itself, or from the mapping
// of its physical channel.

// BroadcastRow is a broadcast for people.
type BroadcastRow struct {
	Province       aggregator.Province
	Code, Channel  uint64 // keys
	StartMs, EndMs int64
	Name           string // of its programme; "": not told
}

// UntoldMs is the length of a broadcast whose Schedule tells none, if no other
// begins before.
const UntoldMs = 4 * aggregator.HourMs

// AiringKey names what was on a channel from a moment on, in any province.
func AiringKey(channel uint64, startMs int64) uint64 { return channel ^ uint64(startMs) }

// AiringRow is a Schedule or a ScheduleRecord that has a start.
type AiringRow struct {
	Element                            c3.Element
	Code, Channel, Physical, Programme uint64 // keys
	StartMs, DurationMs                int64
}

// Airing reads the times and codes of an object; false: it is no Schedule or
// ScheduleRecord, or tells no start.
func Airing(e c3.Element, code uint64, properties []c3.Property) (AiringRow, bool) {
	if e != c3.ElementSchedule && e != c3.ElementScheduleRecord {
		return AiringRow{}, false
	}
	a, err := c3.ParseAiring(properties)
	if err != nil {
		return AiringRow{}, false
	}
	return AiringRow{Element: e, Code: code, Channel: aggregator.TextKey(a.Channel), Physical: aggregator.TextKey(a.Physical),
		Programme: aggregator.TextKey(a.Programme), StartMs: a.StartMs, DurationMs: a.DurationMs}, true
}
