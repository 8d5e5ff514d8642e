package protocol_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"iptvdc/protocol"
)

var writeVectors = flag.Bool("write-vectors", false, "write testdata/vectors anew; released vectors must stay")

// TestWriteVectors made the files in testdata/vectors. It runs only when asked
// to: vectors are fixed once written, so that a change of the code cannot
// change what is right.
func TestWriteVectors(t *testing.T) {
	if !*writeVectors {
		t.Skip("only with -write-vectors")
	}
	for file, vs := range map[string][]vector{
		"batches.json": batchVectors(t), "bodies.json": bodyVectors(t), "acks.json": ackVectors(t),
		"topics.json": topicVectors(), "events.json": eventVectors(), "identities.json": identityVectors(),
		"profiles.json": profileVectors(t), "claims.json": claimVectors(t), "manifests.json": manifestVectors(t),
	} {
		for i := range vs {
			got, err := decodeVector(t, file, &vs[i])
			var e *protocol.Error
			if errors.As(err, &e) {
				vs[i].Fault, vs[i].Field = e.Fault.String(), e.Field
				continue
			}
			vs[i].Want = json.RawMessage(compactJSON(t, got))
		}
		var out bytes.Buffer
		enc := json.NewEncoder(&out)
		enc.SetEscapeHTML(false)
		out.WriteString("[\n")
		for i := range vs {
			if i > 0 {
				out.Truncate(out.Len() - 1)
				out.WriteString(",\n")
			}
			if err := enc.Encode(vs[i]); err != nil {
				t.Fatal(err)
			}
		}
		out.WriteString("]\n")
		if err := os.WriteFile(filepath.Join("testdata", "vectors", file), out.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func hexOf(b []byte) string { return hex.EncodeToString(b) }

// everyKind is one event of each kind with every field set, and a few more in
// which predictions fail.
func everyKind() []protocol.Event {
	events := []protocol.Event{
		{Kind: protocol.PowerOn, Cause: protocol.CauseBoot},
		{Kind: protocol.Identity, Account: "iptv57100001234", STBID: "00100399007001230000C8028F11A2B3", MAC: "c8:02:8f:11:a2:b3", Province: 33, City: 3301, Model: "E900V22C", Firmware: "V5.2.017"},
		{Kind: protocol.ClockSync, WallMs: 1795347600123, Clock: protocol.ClockServer},
		{Kind: protocol.PageView, Source: protocol.SourcePage, Page: "home/index", Template: "t7"},
		{Kind: protocol.Click, Source: protocol.SourcePage, Page: "home/index", Area: "banner", Slot: 3, Content: "0210000229758674", Template: "t7", Trace: 1},
		{Kind: protocol.PageView, Source: protocol.SourcePage, Page: "vod/movie/detail", From: "home/index", Template: "t7"},
		{Kind: protocol.Order, Source: protocol.SourcePage, OrderID: "2611000000000042", Product: "pkg0007", Provider: "cp017", Content: "0210000229758674", Fen: 1990, Result: protocol.ResultPaid, Pay: protocol.PayCarrierBill, Trace: 1},
		{Kind: protocol.View, Source: protocol.SourceMiddleware, Mode: protocol.ModeVOD, Content: "0210000229758674", DurationMs: 1_234_567, Speed: 100, Part: 1, End: protocol.EndStop, Trace: 1},
		{Kind: protocol.View, Source: protocol.SourceMiddleware, Mode: protocol.ModeLive, Channel: "ch00000021", DurationMs: 61_000, Speed: 100, End: protocol.EndZap},
		{Kind: protocol.View, Source: protocol.SourceMiddleware, Mode: protocol.ModeTimeshift, Channel: "ch00000021", DurationMs: 900, Speed: -800, End: protocol.EndContinue},
		{Kind: protocol.Click, Source: protocol.SourcePage, Page: "浙江/首页", Area: "grid", Slot: 9999, Trace: 4_000_000_000},
		{Kind: protocol.Dropped, OfKind: protocol.PageView, Reason: protocol.ReasonRateLimit, Count: 12},
		{Kind: protocol.OutboxLost, Count: 1 << 40},
		{Kind: protocol.PowerOff, Cause: protocol.CauseStandby},
	}
	mono := uint64(9_000)
	for i := range events {
		mono += 700 + events[i].DurationMs
		events[i].Boot, events[i].MonoMs = 17, mono
		if i > 1 {
			events[i].Serial = protocol.IdentitySerial(&events[1])
		}
	}
	// The next boot begins inside the batch; times start again.
	return append(events, protocol.Event{Kind: protocol.PowerOn, Boot: 18, MonoMs: 8_123, Serial: events[2].Serial, Cause: protocol.CauseWake})
}

// laterKinds are events of the kinds and columns that came second.
func laterKinds() []protocol.Event {
	return []protocol.Event{
		{Kind: protocol.PageView, Boot: 3, MonoMs: 10_000, Source: protocol.SourcePage, Page: "home/index", Template: "t7"},
		{Kind: protocol.Impression, Boot: 3, MonoMs: 14_500, Source: protocol.SourcePage, Page: "home/index", Area: "banner", Slot: 1, Content: "0210000229758674", Template: "t7", Sight: protocol.SightRendered, DurationMs: 4_400},
		{Kind: protocol.Impression, Boot: 3, MonoMs: 14_500, Source: protocol.SourcePage, Page: "home/index", Area: "banner", Slot: 2, Template: "t7", Sight: protocol.SightFocus, DurationMs: 1_200},
		{Kind: protocol.Click, Boot: 3, MonoMs: 14_600, Source: protocol.SourcePage, Page: "home/index", Area: "banner", Slot: 2, Content: "0210000229758675", Template: "t7", Trace: 1},
		{Kind: protocol.OrderPage, Boot: 3, MonoMs: 15_000, Source: protocol.SourcePage, Page: "order/confirm", Product: "pkg0007", Content: "0210000229758675", Trace: 1},
		{Kind: protocol.View, Boot: 3, MonoMs: 80_000, Source: protocol.SourcePage, Mode: protocol.ModeVOD, Content: "0210000229758675", DurationMs: 60_000, Speed: 100, End: protocol.EndStop, Trace: 1, Keys: 7, IdleMs: 12_345},
		{Kind: protocol.Playback, Boot: 3, MonoMs: 80_000, Source: protocol.SourcePage, Mode: protocol.ModeVOD, Content: "0210000229758675", StartMs: 830, Stalls: 2, StallMs: 3_100, Errors: 1, Error: "10071", Trace: 1},
		{Kind: protocol.Health, Boot: 3, MonoMs: 90_000, CPU: 183, MemoryKB: 412_000, Temperature: -55, AgentKB: 4_100, AgentMs: 2_345, FlashKB: 611, Waiting: 9},
		{Kind: protocol.Running, Boot: 3, MonoMs: 91_000, Version: 26, State: protocol.ProfileRefused, Why: "signature"},
	}
}

// assets are views that tell where in the asset they were, and what the
// television did: predicted, told, unknown, backwards, at both ends.
func assets() []protocol.Event {
	view := func(mono, ms uint64, e protocol.Event) protocol.Event {
		e.Kind, e.Boot, e.MonoMs, e.DurationMs, e.Source = protocol.View, 3, mono, ms, protocol.SourcePage
		if e.Mode == 0 {
			e.Mode, e.Content = protocol.ModeVOD, "0210000229758675"
		}
		return e
	}
	return []protocol.Event{
		view(70_000, 60_000, protocol.Event{Speed: 100, End: protocol.EndContinue, TV: protocol.TVOn, LengthS: 5400, PositionMs: 1}),
		view(80_000, 10_000, protocol.Event{Speed: -800, Part: 1, End: protocol.EndContinue, TV: protocol.TVOn, LengthS: 5400, PositionMs: 60_001}),
		view(90_000, 10_000, protocol.Event{Speed: 100, Part: 2, End: protocol.EndContinue, TV: protocol.TVOff, LengthS: 5400, PositionMs: 1}),
		view(91_234, 1_234, protocol.Event{Speed: 50, Part: 3, End: protocol.EndContinue, LengthS: 5400, PositionMs: 5_390_001}),
		view(101_234, 10_000, protocol.Event{Speed: 6400, Part: 4, End: protocol.EndContinue, LengthS: 5400, PositionMs: 5_390_618}),
		view(102_300, 1_066, protocol.Event{Speed: 100, Part: 5, End: protocol.EndFinished, LengthS: 5400, PositionMs: 5_400_001}),
		view(180_000, 60_000, protocol.Event{Mode: protocol.ModeLive, Channel: "ch00000021", Speed: 100, End: protocol.EndZap, TV: protocol.TVOff}),
		view(240_000, 60_000, protocol.Event{Mode: protocol.ModeCatchup, Channel: "ch00000021", Content: "p7", Speed: 100, End: protocol.EndStop}),
		view(300_000, 50_000, protocol.Event{Mode: protocol.ModeTimeshift, Channel: "ch00000021", Speed: 100, End: protocol.EndStop, PositionMs: protocol.MaxAssetMs}),
	}
}

// agents are power-ons that tell which agent runs: new, the same, none, another, one whose
// text a page has too.
func agents() []protocol.Event {
	on := func(boot uint32, mono uint64, cause protocol.Cause, agent string) protocol.Event {
		return protocol.Event{Kind: protocol.PowerOn, Boot: boot, MonoMs: mono, Cause: cause, Agent: agent}
	}
	return []protocol.Event{
		on(3, 0, protocol.CauseBoot, "1.4.2"),
		{Kind: protocol.PageView, Boot: 3, MonoMs: 10_000, Source: protocol.SourcePage, Page: "home/index", Template: "t7"},
		on(3, 70_000, protocol.CauseWake, "1.4.2"),
		on(4, 0, protocol.CauseBoot, ""),
		on(5, 0, protocol.CauseBoot, "1.4.3"),
		{Kind: protocol.PageView, Boot: 5, MonoMs: 9_000, Source: protocol.SourcePage, Page: "t8", From: "home/index", Template: "t7"},
		on(6, 0, protocol.CauseBoot, "t8"),
	}
}

func bodyVectors(tb testing.TB) []vector {
	var enc protocol.Encoder
	plain := func(name string, events []protocol.Event) vector {
		b, err := enc.Plain(events)
		if err != nil {
			tb.Fatal(err)
		}
		return vector{Name: name, Hex: hexOf(b), N: uint32(len(events))}
	}
	raw := func(name string, n uint32, columns any) vector {
		return vector{Name: name, Hex: hexOf(pack(tb, columns)), N: n}
	}
	edit := func(name string, at int, value any) vector {
		c := goodColumns()
		c[at] = value
		return raw(name, 3, c)
	}
	every := plain("every kind, plain", everyKind())
	s := seal(tb, everyKind())
	deflated := vector{Name: "every kind, deflated", Hex: hexOf(s.Body), N: s.N, Codec: s.Codec}
	longer := goodColumns()
	longer[3] = []byte{3, 4, 200}
	longer[0] = []any{"home"}
	longer[6] = []any{[]any{3, 2, 1, 0, 0, []any{5}, "added"}, []any{4, 2, 0}, []any{200, 1, "whatever", []any{1.5}}}
	cut := every
	cut.Name, cut.Hex = "cut in the middle", cut.Hex[:len(cut.Hex)/4*2]
	trailing := every
	trailing.Name, trailing.Hex = "a byte too many", trailing.Hex+"00"
	bomb := vector{Name: "deflated zeros, more than 64 times the size", Hex: hexOf(deflate(tb, make([]byte, 100_000))), N: 1, Codec: 1}
	return []vector{
		plain("one page view", []protocol.Event{{Kind: protocol.PageView, Serial: 7, Boot: 2, MonoMs: 1000, Source: protocol.SourcePage, Page: "home"}}),
		raw("page view, click and view, as in SPEC.md", 3, goodColumns()),
		every, deflated, plain("the kinds and columns that came second", laterKinds()), plain("where in the asset, and the television", assets()),
		plain("which agent a box came on with", agents()),
		plain("a column of equal values is one number", []protocol.Event{
			{Kind: protocol.PowerOn, Boot: 1, MonoMs: 1, Cause: protocol.CauseBoot}, {Kind: protocol.PowerOn, Boot: 2, MonoMs: 1, Cause: protocol.CauseBoot}}),
		raw("an unknown kind, columns and body elements of a newer version", 3, append(longer, "new")),
		{Name: "the widest form of everything", N: 1, Hex: "dd00000007" + "dd00000001" + "db00000004686f6d65" +
			"dd00000002" + "cf0000000000000007" + "d30000000000000001" + "dd00000002" + "d200000002" + "ce00000001" +
			"c60000000103" + "c600000001e8" + "c6000000028600" + "dd00000001" + "dd00000005" + "cd0003" + "d10002" + "d001" + "cc00" + "d10000"},
		cut, trailing, bomb,
		{Name: "an array of four billion", Hex: "ddffffffff", N: 1},
		{Name: "nested arrays", Hex: strings.Repeat("91", 200), N: 1},
		{Name: "a codec that is not known", Hex: "90", N: 1, Codec: 2},
		{Name: "too many events", Hex: "90", N: protocol.MaxBatchEvents + 1},
		{Name: "no events", Hex: "90"},
		edit("a text of 257 bytes", 0, []any{strings.Repeat("x", 257)}),
		edit("more texts than 16 an event", 0, make([]any, 49)),
		edit("one text too few in the table", 0, []any{"home"}),
		edit("runs that cover too few events", 1, []any{7, 2}),
		edit("kind 0", 3, []byte{3, 4, 0}),
		edit("a time before the boot", 5, []byte{1, 2, 2}),
		edit("a varint cut", 5, []byte{2, 2, 0x80}),
		edit("no blocks", 6, []any{}),
		edit("blocks out of order", 6, []any{goodColumns()[6].([]any)[1], goodColumns()[6].([]any)[0], goodColumns()[6].([]any)[2]}),
		edit("two values for one event", 6, []any{[]any{3, 2, []any{1, 1}, 0, 0}}),
	}
}

func batchVectors(tb testing.TB) []vector {
	var enc protocol.Encoder
	h := newHousehold(33)
	h.bare = true // as it was when these were made
	s := protocol.Sealed{Epoch: 0x9b3c5d7e8f102132, First: 1}
	var vs []vector
	for no := range uint64(3) {
		events := h.events(2 + 6*int(no))
		var err error
		s.No, s.N = no+1, uint32(len(events))
		for i := range s.UID {
			s.UID[i] = byte(16*int(no) + i)
		}
		if s.Codec, s.Body, err = enc.Body(events); err != nil {
			tb.Fatal(err)
		}
		p := protocol.AppendBatch(nil, &s, &protocol.Envelope{Floor: 1, Boot: 17, UpMs: 70_000 + 1000*no, WallMs: 1795347600000 + 1000*no, ClockUnset: no == 0})
		vs = append(vs, vector{Name: []string{"chain: batch 1", "chain: batch 2", "chain: batch 3"}[no], Hex: hexOf(p)})
		s.Prev = s.Chain()
		s.First += uint64(s.N)
	}
	good := vs[1].bytes(tb)
	stone := protocol.Sealed{Epoch: 5, No: 7, First: 100, N: 20, Flags: protocol.FlagTombstone | protocol.FlagCarried, Prev: protocol.Chain{1}, UID: protocol.UID{2}}
	vs = append(vs, vector{Name: "a tombstone, carried over", Hex: hexOf(protocol.AppendBatch(nil, &stone, &protocol.Envelope{Floor: 7}))})
	flipped := bytes.Clone(good)
	flipped[len(flipped)-20] ^= 4
	add := func(name string, packet []byte) { vs = append(vs, vector{Name: name, Hex: hexOf(packet)}) }
	add("more elements before the CRC", packetOf(tb, append(goodFields(), "new", []any{1})...))
	add("a bit turned", flipped)
	add("cut", good[:len(good)-1])
	add("a byte too many", append(bytes.Clone(good), 0))
	add("nothing", nil)
	add("an array of four billion", []byte{0xdd, 0xff, 0xff, 0xff, 0xff})
	add("too few elements", packetOf(tb, goodFields()[:13]...))
	edit := func(name string, at int, value any) {
		f := goodFields()
		f[at] = value
		add(name, packetOf(tb, f...))
	}
	edit("version 2", 0, 2)
	edit("version 0", 0, 0)
	edit("epoch 0", 1, 0)
	edit("number 0", 2, 0)
	edit("first below the number", 3, 2)
	edit("n above the limit", 4, 4097)
	edit("n is 0", 4, 0)
	edit("floor above the number", 5, 4)
	edit("prev of 7 bytes", 6, make([]byte, 7))
	edit("uid as text", 7, "0123456789abcdef")
	edit("a tombstone with a body", 8, 4)
	edit("a negative time", 11, -1)
	edit("codec 2", 12, 2)
	edit("an empty body", 13, []byte{})
	deep := any(1)
	for range protocol.MaxDepth {
		deep = []any{deep}
	}
	add("an unknown element nested too deep", packetOf(tb, append(goodFields(), deep)...))
	add("an unknown element that is a map", packetOf(tb, append(goodFields(), map[string]int{"a": 1})...))
	return vs
}

func ackVectors(tb testing.TB) []vector {
	chain := protocol.Chain{0xf0, 1, 2, 3, 4, 5, 6, 7}
	var vs []vector
	for code := range protocol.AckVersion + 1 {
		a := protocol.Ack{Epoch: 0x9b3c5d7e8f102132, Through: 41, Chain: chain, Code: code, RetryS: 30 * uint32(code), ServerMs: 1795347600000}
		vs = append(vs, vector{Name: "code " + code.String(), Hex: hexOf(protocol.AppendAck(nil, &a))})
	}
	f := func(name string, fields ...any) { vs = append(vs, vector{Name: name, Hex: hexOf(pack(tb, fields))}) }
	c := chain[:]
	f("an element of a later version", 1, 7, 3, c, 0, 0, 5, "new")
	f("version 2", 2, 7, 3, c, 0, 0, 5)
	f("code 6", 1, 7, 3, c, 6, 0, 5)
	f("chain of 7 bytes", 1, 7, 3, c[:7], 0, 0, 5)
	f("too few elements", 1, 7, 3, c, 0, 0)
	f("through is a text", 1, 7, "3", c, 0, 0, 5)
	vs = append(vs, vector{Name: "a byte too many", Hex: vs[0].Hex + "00"}, vector{Name: "cut", Hex: vs[0].Hex[:20]})
	return vs
}

func topicVectors() []vector {
	const box = "00100399007001230000c8028f11a2b3"
	good := protocol.UpTopic(33, box)
	return []vector{
		{Name: "32 characters", Text: good},
		{Name: "16 characters", Text: protocol.UpTopic(65, "0123456789abcdef")},
		{Name: "an ack's topic", Text: protocol.AckTopic(33, box)},
		{Name: "another version of the wire", Text: "u2" + good[2:]},
		{Name: "a part too many", Text: good + "/x"},
		{Name: "province of one digit", Text: strings.Replace(good, "/33/", "/3/", 1)},
		{Name: "province 03", Text: strings.Replace(good, "/33/", "/03/", 1)},
		{Name: "another box's shard", Text: good[:len(good)-1] + "4"},
		{Name: "box of 15 characters", Text: "u1/33/00/0123456789abcde"},
		{Name: "box of 33 characters", Text: "u1/33/00/" + box + "0"},
		{Name: "upper case", Text: "u1/33/00/0123456789ABCDEF"},
	}
}

func identityVectors() []vector {
	return []vector{
		{Name: "all fields", Text: `{"kind":"identity","account":"iptv57100001234","stbid":"00100399007001230000C8028F11A2B3","mac":"c8:02:8f:11:a2:b3","province":33,"city":3301,"model":"E900V22C","firmware":"V5.2.017"}`},
		{Name: "time, boot and source are not part of it", Text: `{"kind":"identity","boot":9,"mono_ms":5,"source":"middleware","serial":3,"account":"iptv57100001234","stbid":"00100399007001230000C8028F11A2B3","mac":"c8:02:8f:11:a2:b3","province":33,"city":3301,"model":"E900V22C","firmware":"V5.2.017"}`},
		{Name: "another firmware", Text: `{"kind":"identity","account":"iptv57100001234","stbid":"00100399007001230000C8028F11A2B3","mac":"c8:02:8f:11:a2:b3","province":33,"city":3301,"model":"E900V22C","firmware":"V5.2.018"}`},
		{Name: "province alone", Text: `{"kind":"identity","province":33}`},
	}
}

func eventVectors() []vector {
	var later []byte
	for i, e := range laterKinds() {
		later = append(later, "[,"[min(i, 1)])
		later = protocol.AppendJSON(later, &e)
	}
	var third []byte
	for i, e := range assets() {
		third = append(third, "[,"[min(i, 1)])
		third = protocol.AppendJSON(third, &e)
	}
	var fourth []byte
	for i, e := range agents() {
		fourth = append(fourth, "[,"[min(i, 1)])
		fourth = protocol.AppendJSON(fourth, &e)
	}
	var all []byte
	for i, e := range everyKind() {
		all = append(all, "[,"[min(i, 1)])
		all = protocol.AppendJSON(all, &e)
	}
	return []vector{
		{Name: "every kind", Text: string(all) + "]"},
		{Name: "the kinds and columns that came second", Text: string(later) + "]"},
		{Name: "where in the asset, and the television", Text: string(third) + "]"},
		{Name: "which agent a box came on with", Text: string(fourth) + "]"},
		{Name: "an agent of a power-off", Text: `{"kind":"power_off","cause":"standby","agent":"1.4.3"}`},
		{Name: "a television that is no word", Text: `[{"kind":"view","tv":"asleep"}]`},
		{Name: "a position beyond a week", Text: `{"kind":"view","position_ms":604800001}`},
		{Name: "one event, fields in any order", Text: `{"page":"home","boot":5,"kind":"page_view"}`},
		{Name: "no events", Text: `[]`},
		{Name: "an unknown kind", Text: `{"kind":"clik"}`},
		{Name: "no kind", Text: `{"page":"home"}`},
		{Name: "an unknown field", Text: `[{"kind":"click"},{"kind":"click","colour":"red"}]`},
		{Name: "a field of another kind", Text: `{"kind":"click","fen":1990}`},
		{Name: "a field twice", Text: `{"kind":"click","page":"a","page":"b"}`},
		{Name: "an unknown word", Text: `{"kind":"view","mode":"tv"}`},
		{Name: "a number for a word", Text: `{"kind":"view","mode":1}`},
		{Name: "a fraction", Text: `{"kind":"click","slot":1.5}`},
		{Name: "a number outside its limits", Text: `[{"kind":"click","slot":10000}]`},
		{Name: "a text that is too long", Text: `{"kind":"click","page":"` + strings.Repeat("x", 257) + `"}`},
		{Name: "an object as a value", Text: `{"kind":"click","page":{"id":1}}`},
		{Name: "cut", Text: `[{"kind":"click"`},
		{Name: "something behind", Text: `{"kind":"click"} 1`},
		{Name: "not JSON", Text: `kind=click`},
	}
}
