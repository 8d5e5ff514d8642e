package localapi

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"iptvdc/agent"
	"iptvdc/protocol"
)

// taker is a Recorder that keeps what it is given.
type taker struct {
	events  []protocol.Event
	stored  []bool
	dropped uint64
	fail    error
}

func (k *taker) Record(_ context.Context, stored bool, events ...protocol.Event) error {
	if k.fail != nil {
		return k.fail
	}
	k.events = append(k.events, events...)
	k.stored = append(k.stored, stored)
	return nil
}

func (k *taker) Drop(_ protocol.Kind, _ protocol.Reason, n uint64) { k.dropped += n }

type clock uint64

func (c clock) MonoMs() uint64 { return uint64(c) }
func (c clock) WallMs() uint64 { return 0 }

const (
	goodPage = "http://10.1.2.3:8080"
	nowMs    = 3_600_000
)

func newAPI(t testing.TB, k *taker) *API {
	t.Helper()
	a, err := New(Config{Recorder: k, Clock: clock(nowMs), Boot: func() uint32 { return 7 },
		Status: func() any { return map[string]string{"fine": "yes"} }, Origins: []string{goodPage}})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// call posts body and returns status and answer. header is name, value ...
func call(a *API, target, body string, header ...string) (int, string) {
	r := httptest.NewRequest("POST", target, strings.NewReader(body))
	r.Host = "127.0.0.1:7780"
	for i := 0; i+1 < len(header); i += 2 {
		if header[i] == "Host" {
			r.Host = header[i+1]
			continue
		}
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	a.ServeHTTP(w, r)
	return w.Code, w.Body.String()
}

func TestAccepts(t *testing.T) {
	k := &taker{}
	a := newAPI(t, k)
	f := func(target, body string, status int, answer string, header ...string) {
		t.Helper()
		if code, got := call(a, target, body, header...); code != status || strings.TrimSpace(got) != answer {
			t.Errorf("POST %s %s = %d %s, want %d %s", target, body, code, got, status, answer)
		}
	}
	f("/v1/events", `{"kind":"click","page":"home","slot":3}`, 202, `{"accepted":1}`)
	f("/v1/events", `[{"kind":"page_view","page":"a","mono_ms":12},{"kind":"page_view","page":"b"}]`, 202, `{"accepted":2}`)
	f("/v1/events?wait=stored", `{"kind":"click","page":"home"}`, 200, `{"stored":1}`)
	f("/v1/events", `{"kind":"power_off","cause":"standby"}`, 200, `{"stored":1}`)
	f("/v1/events", `{"kind":"order","order_id":"1","product":"p","result":"paid","fen":1990}`, 200, `{"stored":1}`)
	f("/v1/events", `{"kind":"click","page":"home"}`, 202, `{"accepted":1}`, "Origin", goodPage)
	f("/v1/events", `{"kind":"click","page":"home"}`, 202, `{"accepted":1}`, "Referer", goodPage+"/epg/index.html")
	f("/v1/events", `{"kind":"click","page":"home"}`, 202, `{"accepted":1}`, "Host", "localhost")
	f("/v1/events", `{"kind":"click","page":"home"}`, 202, `{"accepted":1}`, "Host", "[::1]:7780")
	if len(k.events) != 10 {
		t.Fatalf("%d events recorded", len(k.events))
	}
	if e := k.events[0]; e.MonoMs != nowMs || e.Source != protocol.SourceMiddleware {
		t.Errorf("stamped %d from %s", e.MonoMs, e.Source)
	}
	if e := k.events[1]; e.MonoMs != 12 {
		t.Errorf("a native caller's time became %d", e.MonoMs)
	}
	if e := k.events[6]; e.Source != protocol.SourcePage {
		t.Errorf("a page's event is from %s", e.Source)
	}
	if want := []bool{false, false, true, false, false, false, false, false, false}; !slices.Equal(k.stored, want) {
		t.Errorf("stored asked for: %v", k.stored)
	}
	if s := a.Stats(); s.Events != 10 || s.Requests != 9 {
		t.Errorf("%+v", s)
	}
}

// TestRefuses: every refusal names the field and what is allowed, is counted,
// and records nothing of the request.
func TestAcceptsWhatIsSeen(t *testing.T) {
	k := &taker{}
	a := newAPI(t, k)
	f := func(kind protocol.Kind, fields string, header ...string) {
		t.Helper()
		code, got := call(a, "/v1/events", fmt.Sprintf(`{"kind":"%s",%s}`, kind, fields), header...)
		if code != 202 || k.events[len(k.events)-1].Kind != kind {
			t.Errorf("%s: %d %s", kind, code, got)
		}
	}
	for _, from := range [][]string{nil, {"Origin", goodPage}} {
		f(protocol.Impression, `"page":"home","area":"top","slot":1,"sight":"focus","duration_ms":700`, from...)
		f(protocol.OrderPage, `"page":"order","product":"cinema"`, from...)
		f(protocol.Playback, `"mode":"vod","content":"film","start_ms":900,"stalls":1,"stall_ms":40`, from...)
	}
	f(protocol.Health, `"memory_kb":90000`)
}

func TestRefuses(t *testing.T) {
	k := &taker{}
	a := newAPI(t, k)
	f := func(status int, field, says, body string, header ...string) {
		t.Helper()
		target := "/v1/events"
		if strings.HasPrefix(body, "/") {
			target, body, _ = strings.Cut(body, " ")
		}
		code, got := call(a, target, body, header...)
		var answer struct {
			Error struct {
				Code, Field, Message string
				Event                *int
			}
		}
		if err := json.Unmarshal([]byte(got), &answer); err != nil {
			t.Fatalf("%q: not JSON: %s", body, got)
		}
		e := answer.Error
		if code != status || e.Field != field || !strings.Contains(e.Message, says) {
			t.Errorf("%.80q = %d %s, want %d, field %q, %q in the message", body, code, got, status, field, says)
		}
		if strings.HasPrefix(body, "[{") && (e.Event == nil || *e.Event != 1) {
			t.Errorf("%q: event %v, want 1", body, e.Event)
		}
	}
	const ok = `{"kind":"click","page":"home"}`
	f(400, "slot", "outside 0..9999", `{"kind":"click","page":"home","slot":10000}`)
	f(400, "slot", "outside 0..9999", `[{"kind":"click","page":"home"},{"kind":"click","page":"home","slot":10000}]`)
	f(400, "page", "missing", `[{"kind":"click","page":"home"},{"kind":"click"}]`)
	f(400, "kind", "allowed", `{"kind":"clik"}`)
	f(400, "kind", "allowed", `{"kind":"dropped","reason":"sampling","count":3}`)
	f(400, "mono_ms", "allowed 0..3600000", `{"kind":"click","page":"home","mono_ms":3600001}`)
	f(400, "duration_ms", "the box started", `{"kind":"view","mode":"live","duration_ms":3600001}`)
	f(400, "serial", "leave it out", `{"kind":"click","page":"home","serial":3}`)
	f(400, "agent", "leave it out", `{"kind":"power_on","cause":"wake","agent":"1.4.3"}`)
	f(400, "boot", "this boot is 7", `{"kind":"click","page":"home","boot":8}`)
	f(400, "source", "leave it out", `{"kind":"click","page":"home","source":"page"}`)
	f(400, "json", "", `{"kind":"click"`)
	f(400, "json", "at least one", `[]`)
	f(400, "json", "", ``)
	f(400, "clock", "allowed: box, ntp", `{"kind":"clock_sync","wall_ms":1800000000000,"clock":"server"}`)
	f(400, "mono_ms", "for pages", `{"kind":"click","page":"home","mono_ms":5}`, "Origin", goodPage)
	f(400, "kind", "a page may not report power_on", `{"kind":"power_on","cause":"wake"}`, "Origin", goodPage)
	f(400, "kind", "a page may not report health; allowed: page_view, click, view, order, impression, order_page, playback", `{"kind":"health","memory_kb":1}`, "Origin", goodPage)
	f(400, "kind", "running is the agent's own", `{"kind":"running","state":"applied"}`)
	f(400, "wait", "allowed: accepted, stored", "/v1/events?wait=soon "+ok)
	f(403, "Origin", "allowed: "+goodPage, ok, "Origin", "http://evil.example")
	f(403, "Origin", "allowed: "+goodPage, ok, "Referer", "http://evil.example/x")
	f(403, "Origin", "allowed: "+goodPage, ok, "Origin", "null")
	f(403, "Host", "127.0.0.1", ok, "Host", "evil.example:7780")
	f(413, "body", "more than 4096 bytes", strings.Repeat(" ", 4097), "Origin", goodPage)
	f(413, "body", "more than 65536 bytes", strings.Repeat(" ", 65537))
	f(404, "path", "POST /v1/events", "/v2/events "+ok)
	f(405, "method", "allowed: GET", "/v1/status "+ok)
	if len(k.events) != 0 {
		t.Errorf("refused requests recorded %+v", k.events)
	}
	if s := a.Stats(); s.BadEvents != 20 || s.BadOrigin != 3 || s.BadHost != 1 || s.TooLarge != 2 || s.Other != 2 || s.Events != 0 {
		t.Errorf("%+v", s)
	}
}

func TestFailures(t *testing.T) {
	k := &taker{fail: agent.ErrNotStored}
	a := newAPI(t, k)
	const order = `{"kind":"order","order_id":"1","product":"p","result":"paid"}`
	if code, got := call(a, "/v1/events", order); code != 202 || !strings.Contains(got, `"accepted":1`) {
		t.Errorf("not stored in time: %d %s", code, got)
	}
	k.fail = agent.ErrFull
	if code, got := call(a, "/v1/events", order); code != 503 || !strings.Contains(got, "full") {
		t.Errorf("full: %d %s", code, got)
	}
	if s := a.Stats(); s.NotStored != 1 || s.Full != 1 {
		t.Errorf("%+v", s)
	}
}

func TestRate(t *testing.T) {
	k := &taker{}
	a := newAPI(t, k)
	codes := map[int]int{}
	for range 60 {
		code, _ := call(a, "/v1/events", `{"kind":"click","page":"home"}`, "Origin", goodPage)
		codes[code]++
	}
	if codes[202] < 20 || codes[202] > 25 || codes[429] != 60-codes[202] || k.dropped != uint64(codes[429]) {
		t.Errorf("%v, %d counted: want about 20 of 60 to pass", codes, k.dropped)
	}
	b := newBucket(20)
	now := time.Unix(0, 0)
	for range 20 {
		b.take(now)
	}
	f := func(after time.Duration, want bool) {
		t.Helper()
		if now = now.Add(after); b.take(now) != want {
			t.Errorf("take at %v = %v", now, !want)
		}
	}
	f(0, false)
	f(50*time.Millisecond, true)
	f(49*time.Millisecond, false)
	f(-time.Hour, false) // the wall clock jumped back
	f(time.Second, true)
}

// TestPreflight: a page asks first.
func TestPreflight(t *testing.T) {
	a := newAPI(t, &taker{})
	r := httptest.NewRequest(http.MethodOptions, "/v1/events", nil)
	r.Host = "127.0.0.1"
	r.Header.Set("Origin", goodPage)
	w := httptest.NewRecorder()
	a.ServeHTTP(w, r)
	if w.Code != 204 || w.Header().Get("Access-Control-Allow-Origin") != goodPage {
		t.Errorf("%d %v", w.Code, w.Header())
	}
}

// FuzzLocalAPI: no request makes it panic, and what it records passes Check.
func FuzzLocalAPI(f *testing.F) {
	for _, s := range []string{`{"kind":"click","page":"home"}`, `[{"kind":"view","mode":"vod","duration_ms":9}]`, `[[[[`, `{"kind":"order"}`, "\xff"} {
		f.Add(s, "", false)
		f.Add(s, "stored", true)
	}
	f.Fuzz(func(t *testing.T, body, wait string, page bool) {
		k := &taker{}
		a := newAPI(t, k)
		r := httptest.NewRequest("POST", "/v1/events", strings.NewReader(body))
		r.URL.RawQuery = "wait=" + wait
		r.Host = "127.0.0.1"
		if page {
			r.Header.Set("Origin", goodPage)
		}
		w := httptest.NewRecorder()
		a.ServeHTTP(w, r)
		if w.Code >= 300 && len(k.events) > 0 {
			t.Errorf("%d, and yet %d events recorded", w.Code, len(k.events))
		}
		for i := range k.events {
			if err := k.events[i].Check(); err != nil {
				t.Error(fmt.Errorf("recorded an event that is wrong: %w", err))
			}
		}
	})
}
