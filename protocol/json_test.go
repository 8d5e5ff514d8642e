package protocol_test

import (
	"encoding/json"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"iptvdc/protocol"
)

func TestJSONRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		events := anyEvents(t)
		doc := []byte{'['}
		for i := range events {
			if i > 0 {
				doc = append(doc, ", "...)
			}
			doc = protocol.AppendJSON(doc, &events[i])
		}
		doc = append(doc, ']')
		if !json.Valid(doc) {
			t.Fatalf("not JSON: %s", doc)
		}
		got, err := protocol.ParseEvents(doc)
		if err != nil {
			t.Fatalf("%v in %s", err, doc)
		}
		wantEqual(t, got, events)
	})
}

func TestJSONForm(t *testing.T) {
	f := func(e protocol.Event, want string) {
		t.Helper()
		wantEqual(t, string(protocol.AppendJSON(nil, &e)), want)
	}
	f(protocol.Event{Kind: protocol.Click, Boot: 5, MonoMs: 123, Source: protocol.SourcePage, Serial: 9, Page: "a\"b\\\n", Slot: 3},
		`{"kind":"click","boot":5,"mono_ms":123,"source":"page","serial":9,"page":"a\"b\\\u000a","slot":3}`)
	f(protocol.Event{Kind: protocol.View, Mode: protocol.ModeVOD, Speed: -200, End: 77},
		`{"kind":"view","boot":0,"mono_ms":0,"source":"agent","mode":"vod","speed":-200,"end":77}`)
	f(protocol.Event{Kind: 200, Source: 9}, `{"kind":200,"boot":0,"mono_ms":0,"source":9}`)
}

func TestParseEvents(t *testing.T) {
	f := func(doc string, want ...protocol.Event) {
		t.Helper()
		got, err := protocol.ParseEvents([]byte(doc))
		if err != nil {
			t.Fatal(err)
		}
		wantEqual(t, got, want)
	}
	f(` {"page":"home","kind":"page_view"} `, protocol.Event{Kind: protocol.PageView, Page: "home"})
	f(`[{"kind":"power_on","cause":"boot"},{"kind":"view","mode":"live","channel":"浙江卫视","duration_ms":5}]`,
		protocol.Event{Kind: protocol.PowerOn, Cause: protocol.CauseBoot},
		protocol.Event{Kind: protocol.View, Mode: protocol.ModeLive, Channel: "浙江卫视", DurationMs: 5})
	if got, err := protocol.ParseEvents([]byte("[]")); err != nil || len(got) != 0 {
		t.Fatalf("%v, %v", got, err)
	}
}

func TestParseEventsFaults(t *testing.T) {
	f := func(doc string, fault protocol.Fault, field, why string) {
		t.Helper()
		_, err := protocol.ParseEvents([]byte(doc))
		wantFault(t, err, fault, field)
		if !strings.Contains(err.Error(), why) {
			t.Fatalf("%q does not say %q", err, why)
		}
	}
	f(``, protocol.Malformed, "json", "unexpected EOF")
	f(`7`, protocol.Malformed, "json", "must be one event")
	f(`null`, protocol.Malformed, "json", "must be one event")
	f(`{"kind":"click"`, protocol.Malformed, "json", "unexpected EOF")
	f(`{"kind":"click",}`, protocol.Malformed, "json", "invalid character")
	f(`{"kind":"click"} {}`, protocol.Malformed, "json", "follows")
	f(`[{"kind":"click"}`, protocol.Malformed, "json", "unexpected EOF")
	f("{\"kind\":\"click\",\"page\":\"\xff\"}", protocol.Malformed, "json", "UTF-8")
	f(`[[]]`, protocol.Malformed, "[0]", "must be an event")
	f(`[{"kind":"click"}, 5]`, protocol.Malformed, "[1]", "must be an event")
	f(`{}`, protocol.Malformed, "kind", "missing; allowed: power_on, power_off, page_view")
	f(`{"kind":"clik"}`, protocol.Malformed, "kind", `"clik" is not a kind; allowed: power_on`)
	f(`{"kind":4}`, protocol.Malformed, "kind", "must be a word")
	f(`{"kind":"unknown"}`, protocol.Malformed, "kind", "is not a kind")
	f(`{"kind":"click","colour":1}`, protocol.Malformed, `"colour"`, "not a field of click; allowed: kind, boot, mono_ms, source, serial, page, area, slot")
	f(`{"kind":"click","Page":"x"}`, protocol.Malformed, `"Page"`, "not a field")
	f(`{"kind":"click","fen":1}`, protocol.Malformed, `"fen"`, "not a field of click")
	f(`[{"kind":"click"},{"kind":"click","page":"a","page":"a"}]`, protocol.Malformed, `[1]."page"`, "twice")
	f(`{"kind":"click","kind":"click"}`, protocol.Malformed, `"kind"`, "twice")
	f(`{"kind":"click","page":7}`, protocol.Malformed, "page", "must be a text")
	f(`{"kind":"click","page":null}`, protocol.Malformed, "page", "must be a text")
	f(`{"kind":"click","page":{"a":1}}`, protocol.Malformed, `"page"`, "must be a text or a number")
	f(`{"kind":"click","page":`+strings.Repeat("[", 100_000), protocol.Malformed, `"page"`, "must be a text or a number")
	f(`{"kind":"click","page":"`+strings.Repeat("x", 257)+`"}`, protocol.BadLimit, "page", "at most 256")
	f(`{"kind":"click","slot":"3"}`, protocol.Malformed, "slot", "whole number, 0..9999")
	f(`{"kind":"click","slot":1.5}`, protocol.Malformed, "slot", "1.5")
	f(`{"kind":"click","slot":1e2}`, protocol.Malformed, "slot", "whole number")
	f(`{"kind":"click","slot":10000}`, protocol.BadLimit, "slot", "0..9999")
	f(`{"kind":"click","slot":-1}`, protocol.BadLimit, "slot", "0..9999")
	f(`{"kind":"click","slot":99999999999999999999}`, protocol.Malformed, "slot", "whole number")
	f(`{"kind":"click","mono_ms":999999999999999}`, protocol.BadLimit, "mono_ms", "0..")
	f(`{"kind":"clock_sync","wall_ms":5}`, protocol.BadLimit, "wall_ms", "1577836800000..4102444800000")
	f(`[{"kind":"view","mode":"tv"}]`, protocol.Malformed, "[0].mode", `"tv" is not known; allowed: unknown, live, timeshift, catchup, vod, app`)
	f(`{"kind":"view","mode":1}`, protocol.Malformed, "mode", "must be a word")
	f(`{"kind":"view","source":"tv"}`, protocol.Malformed, "source", "agent, middleware, page")

	wide := make([]string, 40)
	for i := range wide {
		wide[i] = `"f` + strings.Repeat("x", i) + `":1`
	}
	f("{"+strings.Join(wide, ",")+"}", protocol.BadLimit, "json", "more than 32 fields")
	f("["+strings.Repeat(`{"kind":"click"},`, protocol.MaxBatchEvents)+`{"kind":"click"}]`, protocol.BadLimit, "json", "more than 4096 events")
	f(strings.Repeat(" ", protocol.MaxJSON+1), protocol.BadLimit, "json", "at most 1048576")
}

func TestEventCheck(t *testing.T) {
	f := func(doc, field, why string) {
		t.Helper()
		events, err := protocol.ParseEvents([]byte(doc))
		if err != nil {
			t.Fatal(err)
		}
		err = events[0].Check()
		if field == "" {
			if err != nil {
				t.Fatal(err)
			}
			return
		}
		wantFault(t, err, protocol.BadLimit, field)
		if !strings.Contains(err.Error(), why) {
			t.Fatalf("%q does not say %q", err, why)
		}
	}
	f(`{"kind":"click","page":"home"}`, "", "")
	f(`{"kind":"click"}`, "page", "missing; a click must have it")
	f(`{"kind":"power_on"}`, "cause", "missing")
	f(`{"kind":"order","order_id":"1","product":"p"}`, "result", "missing")
	f(`{"kind":"order","order_id":"1","product":"p","result":"paid"}`, "", "")
	f(`{"kind":"clock_sync","clock":"ntp"}`, "wall_ms", "missing")
	f(`{"kind":"view","mode":"live","mono_ms":5,"duration_ms":6}`, "duration_ms", "started 5 ms ago")
	f(`{"kind":"view","mode":"live","mono_ms":6,"duration_ms":6}`, "", "")
	bad := protocol.Event{Kind: 99}
	wantFault(t, bad.Check(), protocol.BadLimit, "kind")
	bad = protocol.Event{Kind: protocol.View, Mode: 9}
	wantFault(t, bad.Check(), protocol.BadLimit, "mode")
	bad = protocol.Event{Kind: protocol.Click, Page: "\xff"}
	wantFault(t, bad.Check(), protocol.BadLimit, "page")
	bad = protocol.Event{Kind: protocol.Click, Page: "p", Source: 3}
	wantFault(t, bad.Check(), protocol.BadLimit, "source")
}
