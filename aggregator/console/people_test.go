package console

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base32"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"iptvdc/aggregator"
	"iptvdc/aggregator/settings"
)

// person makes somebody who holds something and returns the cookie of their session.
func (b *bench) person(name string, give ...settings.Permit) (cookie string) {
	b.t.Helper()
	if err := b.settings.AddPerson(b.t.Context(), settings.OfMachine(), name, settings.Profile{}, give); err != nil {
		b.t.Fatal(err)
	}
	return b.enter(name)
}

// enter signs somebody in by a link.
func (b *bench) enter(name string) (cookie string) {
	b.t.Helper()
	key, err := b.settings.LinkFor(b.t.Context(), settings.OfMachine(), name)
	if err != nil {
		b.t.Fatal(err)
	}
	r := b.do("GET", "/login?key="+key, "", "")
	if r.status != http.StatusSeeOther {
		b.t.Fatalf("%d %s", r.status, r.body)
	}
	cookie, _, _ = strings.Cut(r.header.Get("Set-Cookie"), ";")
	return cookie
}

// sessionOf opens another session of somebody and returns its name.
func (b *bench) sessionOf(name string) string {
	b.t.Helper()
	_, secret, _ := strings.Cut(b.enter(name), "=")
	p, err := b.settings.BySession(b.t.Context(), secret)
	if err != nil {
		b.t.Fatal(err)
	}
	return p.Session
}

func (b *bench) as(cookie, method, path, body string) reply {
	b.t.Helper()
	return b.do(method, path, "", body, "Cookie", cookie)
}

func (b *bench) whoIs(cookie string) (me Me) {
	b.t.Helper()
	var raw struct {
		Me
		Powers []string `json:"powers"`
	}
	r := b.as(cookie, "GET", "/api/v1/me", "")
	if err := json.Unmarshal([]byte(r.body), &raw); err != nil || r.status != 200 {
		b.t.Fatalf("%d %s %v", r.status, r.body, err)
	}
	me = raw.Me
	var err error
	if me.Powers, err = settings.ParsePowers(raw.Powers); err != nil {
		b.t.Fatal(err)
	}
	return me
}

var (
	ofZhejiang = aggregator.Scope{Provinces: []aggregator.Province{33}}
	ofAll      = aggregator.Scope{All: true}
)

// A manager of Zhejiang makes people of Zhejiang, and what is taken from them is gone
// with the next request.
func TestManagerOfAProvince(t *testing.T) {
	b := newBench(t)
	b.powerOns(33, 3)
	b.powerOns(43, 2)
	wang := b.person("wang", settings.Permit{Role: "province_manager", Scope: ofZhejiang})
	made := b.as(wang, "POST", "/api/v1/people", `{"name":"li","display":"Li","department":"sales","grants":[{"role":"content","all":false,"provinces":["33"]}]}`)
	if made.status != 200 || !strings.Contains(made.body, `"by":"wang","holds":true`) {
		t.Fatalf("%d %s", made.status, made.body)
	}
	b.wantError(b.as(wang, "POST", "/api/v1/people", `{"name":"sun","grants":[{"role":"content","all":false,"provinces":["43"]}]}`), 403, "forbidden", "not yours to pass on")
	b.wantError(b.as(wang, "POST", "/api/v1/people", `{"name":"sun","grants":[{"role":"content","all":true,"provinces":["33"]}]}`), 400, "bad_grant", "either all")
	b.wantError(b.as(wang, "POST", "/api/v1/people", `{"name":"li"}`), 409, "name_taken", "li")
	b.wantError(b.as(wang, "GET", "/api/v1/people/administrator", ""), 404, "not_found", "administrator")
	b.wantError(b.as(wang, "GET", "/api/v1/options", ""), 403, "forbidden", "administrator")
	b.wantError(b.as(wang, "PUT", "/api/v1/roles/x", "{}"), 403, "forbidden", "administrator")

	var link SignInLink
	if r := b.as(wang, "POST", "/api/v1/people/li/link", ""); json.Unmarshal([]byte(r.body), &link) != nil || r.status != 200 {
		t.Fatalf("%d %s", r.status, r.body)
	}
	r := b.do("GET", link.Path, "", "")
	li, _, _ := strings.Cut(r.header.Get("Set-Cookie"), ";")
	if me := b.whoIs(li); me.Name != "li" || me.Display != "Li" || len(me.Holds) != 5 || me.Powers.Has(settings.ManagePeople) || me.By != "" || !me.Person || me.Password {
		t.Errorf("%+v", me)
	}
	asks := `{"indicators":["power_ons"],"dimensions":["province"],` + today + `}`
	if r := b.as(li, "POST", "/api/v1/query", asks); !strings.Contains(r.body, `"rows":[["total","33",3]],`) {
		t.Errorf("%d %s", r.status, r.body)
	}
	b.wantError(b.as(li, "GET", "/api/v1/people", ""), 403, "forbidden", "people")
	b.wantError(b.as(li, "POST", "/api/v1/query", `{"indicators":["revenue"],`+today+`}`), 403, "not_granted", "orders")
	if r := b.as(wang, "PUT", "/api/v1/people/li/grants", `{"grants":[]}`); r.status != 200 {
		t.Fatalf("%d %s", r.status, r.body)
	}
	b.wantError(b.as(li, "POST", "/api/v1/query", asks), 403, "not_granted", "activity")
	if r := b.as(wang, "POST", "/api/v1/people/li/disable", ""); r.status != 200 || !strings.Contains(r.body, `"disabled":true`) {
		t.Fatalf("%d %s", r.status, r.body)
	}
	b.wantError(b.as(li, "GET", "/api/v1/me", ""), 401, "unauthorized", "Sign in")
	var log TrailAnswer
	if r := b.as(wang, "GET", "/api/v1/trail?person=li&limit=3", ""); json.Unmarshal([]byte(r.body), &log) != nil || len(log.Entries) != 3 || !log.More || log.Entries[0].What != "person_disabled" || log.Entries[0].Who != "wang" || log.Entries[0].Place != "127.0.0.1" || len(log.Entries[0].Hash) != 64 {
		t.Errorf("%d %s", r.status, r.body)
	}
	b.wantError(b.as(wang, "GET", "/api/v1/trail?limit=0", ""), 400, "bad_parameter", "1 to 1000")
}

// code is one of an authenticator, by RFC 6238, some steps from now.
func code(t *testing.T, secret string, steps int64) string {
	t.Helper()
	key, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(secret)
	if err != nil {
		t.Fatal(err)
	}
	mac := hmac.New(sha1.New, key)
	mac.Write(binary.BigEndian.AppendUint64(nil, uint64(time.Now().Unix()/30+steps)))
	sum := mac.Sum(nil)
	at := sum[19] & 15
	return fmt.Sprintf("%06d", binary.BigEndian.Uint32(sum[at:])&0x7fffffff%1_000_000)
}

func TestSecondFactorOnThePage(t *testing.T) {
	b := newBench(t)
	b.console.tried = newTries(100)
	first := b.person("anna", settings.Permit{Role: "content", Scope: ofZhejiang})
	sign := func(name, password string) reply {
		t.Helper()
		return b.do("POST", "/api/v1/signin", "", fmt.Sprintf(`{"name":%q,"password":%q}`, name, password))
	}
	if r := b.as(first, "POST", "/api/v1/me/password", `{"new":"four dry horses"}`); r.status != 200 {
		t.Fatalf("%d %s", r.status, r.body)
	}
	b.wantError(b.as(first, "POST", "/api/v1/me/password", `{"new":"short"}`), 400, "bad_password", "10 letters")
	var secret NewTOTP
	if r := b.as(first, "POST", "/api/v1/me/totp", ""); json.Unmarshal([]byte(r.body), &secret) != nil || !strings.HasPrefix(secret.URI, "otpauth://totp/IPTV:anna?") {
		t.Fatalf("%d %s", r.status, r.body)
	}
	var recovery RecoveryCodes
	if r := b.as(first, "POST", "/api/v1/me/totp/confirm", `{"code":"`+code(t, secret.Secret, -1)+`"}`); json.Unmarshal([]byte(r.body), &recovery) != nil || len(recovery.Codes) != 10 {
		t.Fatalf("%d %s", r.status, r.body)
	}
	r := sign("anna", "four dry horses")
	if r.status != 200 || strings.TrimSpace(r.body) != `{"needs":"code"}` {
		t.Fatalf("%d %s", r.status, r.body)
	}
	half, _, _ := strings.Cut(r.header.Get("Set-Cookie"), ";")
	// Half signed in is not signed in: nothing but what to do next.
	if me := b.whoIs(half); me.Needs != "code" || len(me.Holds) != 0 || me.Powers != 0 {
		t.Errorf("%+v", me)
	}
	for _, rt := range b.console.routes() {
		if g := guards[rt.method+" "+rt.path]; rt.access != anyone && !g.early {
			b.wantError(b.as(half, rt.method, rt.path, "{}"), 403, "needs_code", "authenticator")
		}
	}
	b.wantError(b.as(half, "POST", "/api/v1/signin/code", `{"code":"000000"}`), 401, "code_refused", "clock")
	r = b.as(half, "POST", "/api/v1/signin/code", `{"code":"`+code(t, secret.Secret, 0)+`"}`)
	whole, _, _ := strings.Cut(r.header.Get("Set-Cookie"), ";")
	if r.status != 200 || strings.TrimSpace(r.body) != `{"needs":""}` || whole == half || b.whoIs(whole).Needs != "" || !b.whoIs(whole).TOTP {
		t.Errorf("%d %s", r.status, r.body)
	}
	b.wantError(b.as(half, "GET", "/api/v1/me", ""), 401, "unauthorized", "")
	if r := b.as(whole, "POST", "/api/v1/me/totp/end", `{"code":"`+recovery.Codes[0]+`"}`); r.status != 200 {
		t.Errorf("%d %s", r.status, r.body)
	}
	b.wantError(b.do("POST", "/api/v1/signin/code", "", `{"code":"1"}`), 401, "unauthorized", "")
	b.wantError(b.do("POST", "/api/v1/me/password", b.all, `{"new":"four dry horses"}`), 403, "forbidden", "signed in on the page")
}

// An account is tried five times a minute, whether it is there or not; an address
// twenty times, whatever the names.
func TestTriesAreSlowed(t *testing.T) {
	b := newBench(t)
	try := func(name string) reply {
		return b.do("POST", "/api/v1/signin", "", `{"name":"`+name+`","password":"x"}`)
	}
	for _, name := range []string{"administrator", "nobody"} {
		for range triesPerAccount {
			b.wantError(try(name), 401, "sign_in_refused", "do not fit together")
		}
		r := try(" " + strings.ToUpper(name))
		b.wantError(r, 429, "too_many_tries", "wait")
		if r.header.Get("Retry-After") == "" {
			t.Error("without Retry-After")
		}
	}
	synctest.Test(t, func(t *testing.T) {
		now := time.Now()
		tried := newTries(triesPerAddress)
		for n := range triesPerAddress {
			if wait := tried.allow("10.0.0.1", now); wait != 0 {
				t.Fatalf("try %d waits %s", n, wait)
			}
		}
		wait := tried.allow("10.0.0.1", now)
		if wait < time.Second || wait > 3*time.Second {
			t.Errorf("waits %s", wait)
		}
		if tried.allow("10.0.0.2", now) != 0 || tried.allow("10.0.0.1", now.Add(3*time.Second)) != 0 {
			t.Error("another address, or later, waits too")
		}
		for n := range maxTried + 10 {
			tried.allow(fmt.Sprint(n), now)
		}
		if len(tried.by) > maxTried || tried.allow("new", now) == 0 {
			t.Errorf("%d are remembered", len(tried.by))
		}
		if tried.allow("new", now.Add(2*time.Minute)) != 0 || len(tried.by) != 1 {
			t.Errorf("%d are remembered later", len(tried.by))
		}
	})
}

// An administrator sees what somebody sees, changes nothing, and it is written down.
func TestViewAs(t *testing.T) {
	b := newBench(t)
	b.powerOns(33, 3)
	b.powerOns(43, 2)
	chief := b.person("chief", settings.Permit{Role: settings.RoleAdministrator, Scope: ofAll})
	li := b.person("li", settings.Permit{Role: "content", Scope: ofZhejiang})
	asks := `{"indicators":["power_ons"],"dimensions":["province"],` + today + `}`
	if r := b.as(chief, "POST", "/api/v1/view-as", `{"name":"li"}`); r.status != 200 || !strings.Contains(r.body, `"by":"chief"`) {
		t.Fatalf("%d %s", r.status, r.body)
	}
	if mine, theirs := b.as(chief, "POST", "/api/v1/query", asks), b.as(li, "POST", "/api/v1/query", asks); mine.body != theirs.body || !strings.Contains(mine.body, `[["total","33",3]]`) {
		t.Errorf("as li: %s, li: %s", mine.body, theirs.body)
	}
	for _, rt := range b.console.routes() {
		g := guards[rt.method+" "+rt.path]
		if rt.access == anyone || rt.access == admin || rt.method == "GET" || g.reads || g.may.Has(settings.ManagePeople) || g.may.Has(settings.MakeSources) {
			continue
		}
		b.wantError(b.as(chief, rt.method, rt.path, "{}"), 403, "read_only", "somebody else's eyes")
	}
	b.wantError(b.as(chief, "GET", "/api/v1/people", ""), 403, "forbidden", "people")
	b.wantError(b.as(chief, "POST", "/api/v1/audit", `{"boxes":["`+knownBox+`"]}`), 403, "forbidden", "administrator")
	if r := b.as(chief, "GET", "/api/v1/me/sessions", ""); strings.TrimSpace(r.body) != `{"sessions":[]}` {
		t.Errorf("the sessions of li: %s", r.body)
	}
	if r := b.as(chief, "POST", "/api/v1/exports", `{"format":"csv","what":"plays"}`); r.status != 200 || strings.TrimSpace(r.body) != `{"mark":""}` {
		t.Errorf("%d %s", r.status, r.body)
	}
	if r := b.as(chief, "POST", "/api/v1/view-as/end", ""); r.status != 200 || b.whoIs(chief).Name != "chief" {
		t.Errorf("%d %s", r.status, r.body)
	}
	log := b.as(chief, "GET", "/api/v1/trail?person=li", "")
	for _, want := range []string{`"who":"chief","by":"","what":"view_as","whom":"li"`, `"who":"li","by":"chief","what":"exported"`, `"what":"view_as_ended","whom":"li"`} {
		if !strings.Contains(log.body, want) {
			t.Errorf("the log lacks %s: %s", want, log.body)
		}
	}
	b.wantError(b.do("POST", "/api/v1/view-as", b.admin, `{"name":"li"}`), 403, "forbidden", "a token")
}

// Watermarks name who reads, through whose eyes, and the day, once they are on.
func TestWatermark(t *testing.T) {
	b := newBench(t)
	chief := b.person("chief", settings.Permit{Role: settings.RoleAdministrator, Scope: ofAll})
	li := b.person("li", settings.Permit{Role: "content", Scope: ofZhejiang})
	if r := b.as(li, "PUT", "/api/v1/me", `{"display":"李雷","language":"zh"}`); r.status != 200 || !strings.Contains(r.body, `"mark":""`) {
		t.Fatalf("%d %s", r.status, r.body)
	}
	if r := b.as(chief, "PUT", "/api/v1/options", `{"watermark":true,"admin_totp":false}`); r.status != 200 {
		t.Fatalf("%d %s", r.status, r.body)
	}
	day := aggregator.DayOf(time.Now().UnixMilli()).String()
	if me := b.whoIs(li); !strings.HasPrefix(me.Mark, "李雷 (li) ") || me.Mark < "李雷 (li) "+day {
		t.Errorf("mark %q", me.Mark)
	}
	b.as(chief, "POST", "/api/v1/view-as", `{"name":"li"}`)
	if r := b.as(chief, "POST", "/api/v1/exports", `{"format":"csv","what":"plays"}`); !strings.HasPrefix(r.body, `{"mark":"chief → 李雷 (li) `) {
		t.Errorf("%d %s", r.status, r.body)
	}
	b.wantError(b.as(li, "POST", "/api/v1/exports", `{"format":"doc","what":"plays"}`), 400, "bad_parameter", "csv, png")
}

// Boards shared with a role or a department are seen by who has it, each in their own
// scope.
func TestBoardsOfRolesAndDepartments(t *testing.T) {
	b := newBench(t)
	owner := b.person("owner", settings.Permit{Role: "operation", Scope: ofAll})
	li := b.person("li", settings.Permit{Role: "content", Scope: ofZhejiang})
	if err := b.settings.SetProfile(t.Context(), settings.OfMachine(), "li", settings.Profile{Department: "sales"}); err != nil {
		t.Fatal(err)
	}
	shown := `{"schema":1,"title":{"zh":"","en":"A"},"about":{"zh":"","en":""},"filters":{},"tabs":[{"id":"t","title":{"zh":"","en":"T"},"widgets":[]}]}`
	r := b.as(owner, "POST", "/api/v1/boards", `{"board":`+shown+`}`)
	var info settings.BoardInfo
	if json.Unmarshal([]byte(r.body), &info) != nil || r.status != 200 {
		t.Fatalf("%d %s", r.status, r.body)
	}
	path := "/api/v1/boards/" + info.ID
	f := func(who string, status int) {
		t.Helper()
		if r := b.as(owner, "PUT", path+"/shares", `{"shares":[{"who":"`+who+`","edits":false}]}`); r.status != 200 {
			t.Fatalf("%d %s", r.status, r.body)
		}
		if r := b.as(li, "GET", path, ""); r.status != status {
			t.Errorf("shared with %s: %d %s", who, r.status, r.body)
		}
	}
	f("role:product", 404)
	f("role:content", 200)
	f("department:other", 404)
	f("department:sales", 200)
	f("li", 200)
	f("*", 200)
	// Who has no role that makes boards may not.
	few := b.person("few", settings.Permit{Data: aggregator.DataEPG, Scope: ofZhejiang})
	b.wantError(b.as(few, "PUT", path+"/shares", `{"shares":[]}`), 403, "forbidden", "share_boards")
	nobody := b.person("nobody")
	b.wantError(b.as(nobody, "GET", "/api/v1/boards", ""), 403, "forbidden", "see_boards")
}
