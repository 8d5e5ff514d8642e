package protocol_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"iptvdc/protocol"
)

// anyText draws short texts with repeats, empty ones, long ones and ones of
// many scripts.
func anyText(t *rapid.T, label string) string {
	return rapid.OneOf(
		rapid.SampledFrom([]string{"", "", "home/index", "vod/movie/list", "t7", strings.Repeat("x", protocol.MaxString), "浙江卫视", "\"\\\n\x00"}),
		rapid.StringN(0, 12, 48),
	).Draw(t, label)
}

// anyEvent draws an event of any kind, each field anywhere in its limits.
func anyEvent(t *rapid.T) protocol.Event {
	n := func(label string, least, most int64) int64 {
		small := max(least, 0)
		return rapid.OneOf(rapid.Int64Range(least, most), rapid.SampledFrom([]int64{least, most}),
			rapid.Int64Range(small, min(most, small+300))).Draw(t, label)
	}
	e := protocol.Event{
		Kind:   rapid.SampledFrom(protocol.Kinds()).Draw(t, "kind"),
		Boot:   uint32(n("boot", 0, 1<<32-1)),
		Serial: uint32(n("serial", 0, 1<<32-1)),
		MonoMs: uint64(n("mono", 0, protocol.MaxMonoMs)),
		Source: protocol.Source(n("source", 0, 2)),
	}
	trace := func() uint32 { return uint32(n("trace", 0, 1<<32-1)) }
	switch e.Kind {
	case protocol.PowerOn, protocol.PowerOff:
		e.Cause = protocol.Cause(n("cause", 0, 5))
		if e.Kind == protocol.PowerOn {
			e.Agent = anyText(t, "agent")
		}
	case protocol.PageView:
		e.Page, e.From, e.Template = anyText(t, "page"), anyText(t, "from"), anyText(t, "template")
	case protocol.Click:
		e.Page, e.Area, e.Content, e.Template = anyText(t, "page"), anyText(t, "area"), anyText(t, "content"), anyText(t, "template")
		e.Slot, e.Trace = uint32(n("slot", 0, protocol.MaxSlot)), trace()
	case protocol.View:
		e.Mode, e.End = protocol.Mode(n("mode", 0, 5)), protocol.End(n("end", 0, 9))
		e.Channel, e.Content = anyText(t, "channel"), anyText(t, "content")
		e.DurationMs = uint64(n("duration", 0, protocol.MaxViewMs))
		e.TV, e.LengthS, e.PositionMs = protocol.TV(n("tv", 0, 2)), uint32(n("length", 0, protocol.MaxAssetMs/1000)), uint64(n("position", 0, protocol.MaxAssetMs))
		e.Keys, e.IdleMs = uint32(n("keys", 0, 65535)), uint64(n("idle", 0, protocol.MaxMonoMs))
		e.Speed, e.Part, e.Trace = int32(n("speed", -protocol.MaxSpeed, protocol.MaxSpeed)), uint32(n("part", 0, 65535)), trace()
	case protocol.Order:
		e.OrderID, e.Product, e.Provider, e.Content = anyText(t, "order"), anyText(t, "product"), anyText(t, "provider"), anyText(t, "content")
		e.Fen, e.Trace = uint64(n("fen", 0, protocol.MaxFen)), trace()
		e.Result, e.Pay = protocol.Result(n("result", 0, 4)), protocol.Pay(n("pay", 0, 4))
	case protocol.Identity:
		e.Account, e.STBID, e.MAC = anyText(t, "account"), anyText(t, "stbid"), anyText(t, "mac")
		e.Province, e.City = uint32(n("province", 0, 99)), uint32(n("city", 0, 9999))
		e.Model, e.Firmware = anyText(t, "model"), anyText(t, "firmware")
	case protocol.ClockSync:
		e.WallMs, e.Clock = uint64(n("wall", protocol.MinWallMs, protocol.MaxWallMs)), protocol.Clock(n("clock", 0, 3))
	case protocol.Dropped:
		e.OfKind, e.Reason, e.Count = protocol.Kind(n("of", 0, 10)), protocol.Reason(n("reason", 0, 5)), uint64(n("count", 0, 1<<48))
	case protocol.OutboxLost:
		e.Count = uint64(n("count", 0, 1<<48))
	case protocol.Impression:
		e.Page, e.Area, e.Content, e.Template = anyText(t, "page"), anyText(t, "area"), anyText(t, "content"), anyText(t, "template")
		e.Slot, e.Sight, e.DurationMs = uint32(n("slot", 0, protocol.MaxSlot)), protocol.Sight(n("sight", 0, 2)), uint64(n("duration", 0, protocol.MaxViewMs))
	case protocol.OrderPage:
		e.Page, e.Product, e.Content, e.Trace = anyText(t, "page"), anyText(t, "product"), anyText(t, "content"), trace()
	case protocol.Playback:
		e.Mode, e.Channel, e.Content, e.Trace = protocol.Mode(n("mode", 0, 5)), anyText(t, "channel"), anyText(t, "content"), trace()
		e.StartMs, e.Stalls, e.StallMs = uint64(n("start", 0, protocol.MaxViewMs)), uint32(n("stalls", 0, 65535)), uint64(n("stall", 0, protocol.MaxViewMs))
		e.Errors, e.Error = uint32(n("errors", 0, 65535)), anyText(t, "error")
	case protocol.Health:
		e.CPU, e.MemoryKB, e.Temperature = uint32(n("cpu", 0, 1000)), uint64(n("memory", 0, 1<<32)), int32(n("temperature", -1000, 3000))
		e.AgentKB, e.AgentMs = uint64(n("agent_kb", 0, 1<<32)), uint64(n("agent_ms", 0, protocol.MaxMonoMs))
		e.FlashKB, e.Waiting = uint64(n("flash", 0, 1<<40)), uint64(n("waiting", 0, 1<<32))
	case protocol.Running:
		e.Version, e.State, e.Why = uint64(n("version", 0, 1<<53)), protocol.ProfileState(n("state", 0, 4)), anyText(t, "why")
	}
	return e
}

func anyEvents(t *rapid.T) []protocol.Event {
	return rapid.SliceOfN(rapid.Custom(anyEvent), 1, 60).Draw(t, "events")
}

// seal packs events into batch 1 of an epoch.
func seal(tb testing.TB, events []protocol.Event) protocol.Sealed {
	tb.Helper()
	var enc protocol.Encoder
	codec, body, err := enc.Body(events)
	if err != nil {
		tb.Fatal(err)
	}
	return protocol.Sealed{Epoch: 1, No: 1, First: 1, N: uint32(len(events)), Codec: codec, Body: body}
}

func wantEqual(tb interface {
	Helper()
	Fatalf(string, ...any)
}, got, want any) {
	tb.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		tb.Fatalf("wanted - and got +:\n%s", diff)
	}
}
