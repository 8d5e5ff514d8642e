package console

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"iptvdc/aggregator"
	"iptvdc/aggregator/settings"
)

// countsBoard has a table of power-ons by province, one of orders, and a text.
var countsBoard = `{"schema":1,"title":{"zh":"","en":"Counts"},"about":{"zh":"","en":""},"filters":{"period":{"from":"2026-11-22","to":"2026-11-22"}},"views":[{"name":"mine","filters":{}}],"tabs":[{"id":"t","title":{"zh":"","en":"T"},"widgets":[` +
	strings.Join([]string{sharedWidget("p", "ranking", `{"figures":[{"indicator":"power_ons","title":{"zh":"","en":""}}],"by":["province"]}`), sharedWidget("o", "figure", `{"figures":[{"indicator":"orders","title":{"zh":"","en":""}}]}`), sharedWidget("x", "text", `{}`)}, ",") + `]}]}`

func sharedWidget(id, kind, ask string) string {
	prose := ""
	if kind == "text" {
		prose = "x"
	}
	y := strconv.Itoa(6 * int(id[0]-'a')) // none lies on another
	return `{"id":"` + id + `","kind":"` + kind + `","title":{"zh":"","en":""},"place":{"x":0,"y":` + y + `,"w":8,"h":6},"filters":{},"ask":` + ask + `,"show":{},"prose":{"zh":"","en":"` + prose + `"}}`
}

// boardOf keeps a board for somebody who signed in.
func (b *bench) boardOf(cookie, body string) string {
	b.t.Helper()
	var info struct{ ID string }
	if r := b.as(cookie, "POST", "/api/v1/boards", `{"board":`+body+`}`); r.status != 200 || json.Unmarshal([]byte(r.body), &info) != nil {
		b.t.Fatalf("%d %s", r.status, r.body)
	}
	return info.ID
}

// made is what came of making a link or a key.
type made struct{ ID, Path, Secret string }

func (b *bench) make(cookie, path, body string) made {
	b.t.Helper()
	var m made
	if r := b.as(cookie, "POST", path, body); r.status != 200 || json.Unmarshal([]byte(r.body), &m) != nil {
		b.t.Fatalf("%d %s", r.status, r.body)
	}
	return m
}

func (m made) link() string { return strings.TrimPrefix(m.Path, "/s/") }

// open opens a door and returns the ticket.
func (b *bench) open(body string) (ticket string, whole reply) {
	b.t.Helper()
	r := b.do("POST", "/api/v1/shared/open", "", body)
	var a struct{ Ticket string }
	if r.status != 200 || json.Unmarshal([]byte(r.body), &a) != nil {
		b.t.Fatalf("%d %s", r.status, r.body)
	}
	return a.Ticket, r
}

func (b *bench) sharedAnswer(ticket, widget string) reply {
	b.t.Helper()
	return b.do("POST", "/api/v1/shared/answer", "", `{"tab":"t","widget":"`+widget+`"}`, "Authorization", "Ticket "+ticket)
}

func TestShareLinksOverHTTP(t *testing.T) {
	b := newBench(t)
	b.powerOns(33, 3)
	b.powerOns(43, 2)
	wang := b.person("wang", settings.Permit{Role: "operation", Scope: ofAll})
	id := b.boardOf(wang, countsBoard)
	path := "/api/v1/boards/" + id + "/links"
	link := b.make(wang, path, `{"filters":{"where":[{"dimension":"province","in":["33"]}]},"name":"for Chen"}`)

	// The page is there for whoever comes; nobody frames it.
	if r := b.do("GET", link.Path, "", ""); r.status != 200 || r.header.Get("X-Frame-Options") != "DENY" || !strings.Contains(r.header.Get("Content-Security-Policy"), "frame-ancestors 'none'") || !strings.Contains(r.body, "reader") {
		t.Errorf("%d %v %s", r.status, r.header, r.body)
	}
	ticket, opened := b.open(`{"link":"` + link.link() + `"}`)
	if !strings.Contains(opened.body, `"id":"power_ons"`) || strings.Contains(opened.body, `"id":"clicks"`) || strings.Contains(opened.body, "wang") || strings.Contains(opened.body, `"mine"`) {
		t.Errorf("%s", opened.body)
	}
	if r := b.sharedAnswer(ticket, "p"); r.status != 200 || !strings.Contains(r.body, `"rows":[["total","33",3]]`) || strings.Contains(r.body, `"43"`) {
		t.Errorf("%d %s", r.status, r.body)
	}
	if r := b.sharedAnswer(ticket, "x"); r.status != 200 || !strings.Contains(r.body, `"parts":[]`) {
		t.Errorf("%d %s", r.status, r.body)
	}
	b.wantError(b.sharedAnswer(ticket, "none"), 404, "not_found", "no such widget")
	b.wantError(b.sharedAnswer(link.link(), "p"), 403, "bad_ticket", "open the link again")
	b.wantError(b.do("POST", "/api/v1/shared/answer", b.all, `{"tab":"t","widget":"p"}`), 403, "bad_ticket", "Authorization: Ticket")
	b.wantError(b.do("POST", "/api/v1/shared/answer", "", `{"tab":"t","widget":"p","filters":{}}`, "Authorization", "Ticket "+ticket), 400, "bad_body", `"filters"`)
	b.wantError(b.do("POST", "/api/v1/shared/open", "", `{}`), 400, "bad_body", "either link or embed")
	b.wantError(b.do("POST", "/api/v1/shared/open", "", `{"link":"x"}`), 404, "bad_link", "copy all")

	// The maker loses orders: that widget says so; they lose everything: all do.
	if err := b.settings.SetPermits(t.Context(), settings.OfMachine(), "wang", []settings.Permit{{Role: "content", Scope: ofAll}}); err != nil {
		t.Fatal(err)
	}
	b.wantError(b.sharedAnswer(ticket, "o"), 403, "not_shared", "was not shared")
	if r := b.sharedAnswer(ticket, "p"); r.status != 200 {
		t.Errorf("%d %s", r.status, r.body)
	}

	// A password, tried five times a minute.
	locked := b.make(wang, path, `{"filters":{},"password":"three horses","days":2}`)
	b.wantError(b.do("POST", "/api/v1/shared/open", "", `{"link":"`+locked.link()+`"}`), 403, "link_needs_password", "password")
	for range triesPerAccount - 1 {
		b.wantError(b.do("POST", "/api/v1/shared/open", "", `{"link":"`+locked.link()+`","password":"three cows"}`), 403, "link_password_refused", "not the password")
	}
	if _, r := b.open(`{"link":"` + locked.link() + `","password":"three horses"}`); strings.Contains(r.body, "horses") {
		t.Errorf("%s", r.body)
	}
	b.wantError(b.do("POST", "/api/v1/shared/open", "", `{"link":"`+locked.link()+`","password":"three horses"}`), 429, "too_many_tries", "wait")

	// The list has them with their uses; others see none, and make none.
	if r := b.as(wang, "GET", path, ""); strings.Count(r.body, `"id"`) != 2 || !strings.Contains(r.body, `"uses":1`) || !strings.Contains(r.body, `"max_days":30`) || strings.Contains(r.body, "horses") || strings.Contains(r.body, "argon") {
		t.Errorf("%s", r.body)
	}
	li := b.person("li", settings.Permit{Role: "content", Scope: ofZhejiang})
	b.wantError(b.as(li, "GET", path, ""), 404, "not_found", id)
	b.wantError(b.as(li, "DELETE", "/api/v1/links/"+link.ID, ""), 404, "not_found", link.ID)
	if r := b.as(li, "GET", "/api/v1/links", ""); !strings.HasPrefix(r.body, `{"links":[]`) {
		t.Errorf("%s", r.body)
	}
	b.wantError(b.as(wang, "POST", path, `{"filters":{},"days":31}`), 400, "bad_expiry", "1 to 30")
	b.wantError(b.as(b.person("sun", settings.Permit{Data: aggregator.DataEPG, Scope: ofAll}), "POST", path, `{"filters":{}}`), 403, "forbidden", "share_links")
	if r := b.as(wang, "DELETE", "/api/v1/links/"+link.ID, ""); r.status != 200 {
		t.Errorf("%d %s", r.status, r.body)
	}
	b.wantError(b.sharedAnswer(ticket, "p"), 410, "link_revoked", "revoked")
	b.console.Links.Forbidden = true
	b.wantError(b.do("POST", "/api/v1/shared/open", "", `{"link":"`+locked.link()+`"}`), 403, "links_forbidden", "switched off")
	b.wantError(b.as(wang, "POST", path, `{"filters":{}}`), 403, "links_forbidden", "switched off")
	for outcome, n := range map[string]float64{"opened": 2, "bad_link": 1, "link_password_refused": triesPerAccount - 1, "links_forbidden": 1} {
		if got := testutil.ToFloat64(b.console.doors.total.WithLabelValues("link", outcome)); got != n {
			t.Errorf("%s is counted %v times, want %v", outcome, got, n)
		}
	}
}

// embedToken is a token as a partner's server signs one.
func embedToken(key made, claims string) string {
	text := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"HS256","kid":"`+key.ID+`"}`)) + "." + base64.RawURLEncoding.EncodeToString([]byte(claims))
	h := hmac.New(sha256.New, []byte(key.Secret))
	h.Write([]byte(text))
	return text + "." + base64.RawURLEncoding.EncodeToString(h.Sum(nil))
}

func TestEmbeddingOverHTTP(t *testing.T) {
	b := newBench(t)
	b.powerOns(33, 3)
	b.powerOns(43, 2)
	wang := b.person("wang", settings.Permit{Role: "province_manager", Scope: ofAll})
	id := b.boardOf(wang, countsBoard)
	key := b.make(wang, "/api/v1/embed-keys", `{"name":"portal","origins":["https://portal.example.com","https://other.example.com"],"boards":["`+id+`"],"data":["activity"]}`)
	claims := fmt.Sprintf(`{"board":%q,"provinces":["43"],"exp":%d}`, id, time.Now().Add(time.Minute).Unix())
	token := embedToken(key, claims)

	// It is framed by those who were named, every other page by nobody.
	r := b.do("GET", "/embed?token="+token, "", "")
	if csp := r.header.Get("Content-Security-Policy"); r.status != 200 || r.header.Get("X-Frame-Options") != "" || !strings.Contains(csp, "frame-ancestors https://portal.example.com https://other.example.com;") || !strings.Contains(csp, "default-src 'self'") {
		t.Errorf("%d %v", r.status, r.header)
	}
	for _, path := range []string{"/", "/embed", "/embed?token=" + token[:len(token)-2], "/s/x", "/api/v1/openapi.json", "/login?key=x"} {
		if r := b.do("GET", path, "", ""); r.header.Get("X-Frame-Options") != "DENY" || !strings.Contains(r.header.Get("Content-Security-Policy"), "frame-ancestors 'none'") {
			t.Errorf("%s: %v", path, r.header)
		}
	}
	// One that has ended says so in its frame.
	ended := embedToken(key, `{"board":"`+id+`","exp":99}`)
	if r := b.do("GET", "/embed?token="+ended, "", ""); r.status != 200 || !strings.Contains(r.header.Get("Content-Security-Policy"), "https://portal.example.com") {
		t.Errorf("%d %v", r.status, r.header)
	}
	b.wantError(b.do("POST", "/api/v1/shared/open", "", `{"embed":"`+ended+`"}`), http.StatusGone, "embed_token_expired", "load the page anew")
	ticket, _ := b.open(`{"embed":"` + token + `"}`)
	if r := b.sharedAnswer(ticket, "p"); r.status != 200 || !strings.Contains(r.body, `"rows":[["total","43",2]]`) {
		t.Errorf("%d %s", r.status, r.body)
	}
	b.wantError(b.sharedAnswer(ticket, "o"), 403, "not_shared", "was not shared")
	if r := b.as(wang, "GET", "/api/v1/embed-keys", ""); !strings.Contains(r.body, `"uses":1`) || strings.Contains(r.body, key.Secret) {
		t.Errorf("%s", r.body)
	}
	b.wantError(b.as(b.person("li", settings.Permit{Role: "content", Scope: ofAll}), "GET", "/api/v1/embed-keys", ""), 403, "forbidden", "people")
	b.wantError(b.as(wang, "POST", "/api/v1/embed-keys", `{"name":"p","origins":["*"],"boards":["`+id+`"]}`), 400, "bad_origin", "https://host")
	if r := b.as(wang, "DELETE", "/api/v1/embed-keys/"+key.ID, ""); r.status != 200 {
		t.Errorf("%d %s", r.status, r.body)
	}
	b.wantError(b.sharedAnswer(ticket, "p"), 410, "link_revoked", "revoked")
}
