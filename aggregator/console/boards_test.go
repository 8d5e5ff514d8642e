package console

import (
	"encoding/json"
	"strings"
	"testing"
)

// board keeps a board and returns its id.
func (b *bench) board(token, body string) string {
	b.t.Helper()
	r := b.do("POST", "/api/v1/boards", token, `{"board":`+body+`}`)
	var info struct{ ID string }
	if err := json.Unmarshal([]byte(r.body), &info); err != nil || r.status != 200 || info.ID == "" {
		b.t.Fatalf("%d %s", r.status, r.body)
	}
	return info.ID
}

const blankBoard = `{"schema":1,"title":{"zh":"","en":"A"},"about":{"zh":"","en":""},"filters":{},"tabs":[{"id":"t","title":{"zh":"","en":"T"},"widgets":[]}]}`

func TestBoardsOverHTTP(t *testing.T) {
	b := newBench(t)
	id := b.board(b.zhejiang, blankBoard)
	path := "/api/v1/boards/" + id
	if r := b.do("GET", path, b.zhejiang, ""); r.status != 200 || !strings.Contains(r.body, `"revision":1`) {
		t.Errorf("%d %s", r.status, r.body)
	}
	b.wantError(b.do("PUT", path, b.zhejiang, `{"from":7,"board":`+blankBoard+`}`), 409, "conflict", "saved revision 1")
	b.wantError(b.do("PUT", path, b.zhejiang, `{"from":1}`), 400, "bad_board", "none in the body")
	b.wantError(b.do("PUT", path, b.zhejiang, `{"from":1,"board":{"schema":1,"html":"<b>"}}`), 400, "bad_body", `"html"`)
	b.wantError(b.do("POST", "/api/v1/boards", b.zhejiang, `{"board":`+strings.Replace(blankBoard, `"schema":1`, `"schema":9`, 1)+`}`), 400, "bad_board", "schema: 9")
	b.wantError(b.do("GET", path+"?revision=x", b.zhejiang, ""), 400, "bad_parameter", "revision")
	b.wantError(b.do("GET", path+"?revision=9", b.zhejiang, ""), 404, "not_found", "no revision 9")
	b.wantError(b.do("GET", "/api/v1/boards/none", b.zhejiang, ""), 404, "not_found", "no board")
	b.wantError(b.do("GET", "/api/v1/boards?deleted=maybe", b.zhejiang, ""), 400, "bad_parameter", "true or false")
	if r := b.do("DELETE", path, b.zhejiang, ""); r.status != 200 {
		t.Errorf("%d %s", r.status, r.body)
	}
	if r := b.do("GET", "/api/v1/boards", b.zhejiang, ""); strings.TrimSpace(r.body) != `{"boards":[]}` {
		t.Errorf("%s", r.body)
	}
	if r := b.do("GET", "/api/v1/boards?deleted=true", b.zhejiang, ""); !strings.Contains(r.body, id) {
		t.Errorf("%s", r.body)
	}
}

const widget = `{"id":"w1","kind":"ranking","title":{"zh":"","en":"a"},"place":{"x":0,"y":0,"w":8,"h":6},"filters":{},"ask":{"figures":[{"formula":"percent(power_ons/power_ons)","title":{"zh":"","en":"f"}},{"indicator":"power_ons","title":{"zh":"","en":""}}],"by":["province"]},"show":{},"prose":{"zh":"","en":""}}`

// What a widget shows is of the reader's provinces alone; equal widgets are asked once.
func TestWidgetAnswers(t *testing.T) {
	b := newBench(t)
	b.powerOns(33, 3)
	b.powerOns(43, 4)
	question := `{"widget":` + widget + `,"filters":{"period":{"last":365,"unit":"day","open":true},"where":[{"dimension":"channel","in":["cctv1"]}]}}`
	r := b.do("POST", "/api/v1/boards/answer", b.zhejiang, question)
	if r.status != 200 || !strings.Contains(r.body, `"rows":[["total","33",100,3]]`) || !strings.Contains(r.body, `"ignored":["channel"]`) || strings.Contains(r.body, `"43"`) {
		t.Errorf("%d %s", r.status, r.body)
	}
	if r := b.do("POST", "/api/v1/boards/answer", b.all, question); !strings.Contains(r.body, `[["total","43",100,4],["total","33",100,3]]`) {
		t.Errorf("%d %s", r.status, r.body)
	}
	asked := b.queries.n.Load()
	moved := strings.NewReplacer(`"id":"w1"`, `"id":"w9"`, `"x":0`, `"x":4`, `"en":"a"`, `"en":"b"`).Replace(question)
	if r := b.do("POST", "/api/v1/boards/answer", b.all, moved); r.status != 200 {
		t.Errorf("%d %s", r.status, r.body)
	}
	if n := b.queries.n.Load(); n != asked {
		t.Errorf("a widget that was moved is asked again: %d more", n-asked)
	}
	// Who would rather have figures of a moment ago than wait gets them, of their own provinces.
	b.powerOns(33, 5)
	b.console.Changed(Change{})
	for token, want := range map[string]string{b.zhejiang: `"rows":[["total","33",100,3]]`, b.all: `[["total","43",100,4],["total","33",100,3]]`} {
		if r := b.do("POST", "/api/v1/boards/answer", token, question, "Cache-Control", "no-cache, max-stale=600"); r.header.Get("Age") == "" || !strings.Contains(r.body, want) {
			t.Errorf("of before: %d %q %s", r.status, r.header.Get("Age"), r.body)
		}
	}
	for _, stale := range []string{"", "max-stale=0", "max-stale=-1", "max-stale=x", "max-stale=99999999999999999999"} {
		b.console.Changed(Change{})
		if r := b.do("POST", "/api/v1/boards/answer", b.zhejiang, question, "Cache-Control", stale); r.header.Get("Age") != "" || !strings.Contains(r.body, `["total","33",100,8]`) {
			t.Errorf("%q: %d %q %s", stale, r.status, r.header.Get("Age"), r.body)
		}
	}
	b.console.SourcesChanged(nil)
	if r := b.do("POST", "/api/v1/boards/answer", b.zhejiang, question, "Cache-Control", "max-stale=600"); r.header.Get("Age") != "" {
		t.Errorf("erased: %q %s", r.header.Get("Age"), r.body)
	}
	b.wantError(b.do("POST", "/api/v1/boards/answer", b.all, strings.Replace(question, "ranking", "galaxy", 1)), 400, "bad_widget", "galaxy")
	b.wantError(b.do("POST", "/api/v1/boards/answer", b.all, strings.Replace(question, `"last":365`, `"last":99999`, 1)), 400, "bad_period", "last is 99999")
	b.wantError(b.do("POST", "/api/v1/boards/answer", b.all, strings.Replace(question, "percent(power_ons/power_ons)", "power_ons+revenue", 1)), 400, "bad_formula", "cannot be added")
}
