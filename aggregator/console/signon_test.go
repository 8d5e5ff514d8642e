package console

import (
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"iptvdc/aggregator"
	"iptvdc/aggregator/settings"
	"iptvdc/aggregator/signon"
	"iptvdc/testbench/openid"
)

// provided sets up a real provider on this machine.
func (b *bench) provided() *openid.Provider {
	b.t.Helper()
	o, err := openid.Start()
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(func() { _ = o.Close() })
	p, err := signon.New(signon.Config{Issuer: o.URL, ClientID: o.ClientID, Secret: o.Secret, RedirectURL: b.server.URL + "/signon/callback", Claim: "groups"}, time.Now)
	if err != nil {
		b.t.Fatal(err)
	}
	b.console.SignOn = &SignOn{Provider: p, Name: "Company", Roles: []SignOnRole{{"tv-zj", settings.Permit{Role: "province_manager", Scope: ofZhejiang}}, {"tv-all", settings.Permit{Role: "content", Scope: ofAll}}}}
	return o
}

// cookieOf is a cookie that an answer sets, as name=value.
func cookieOf(r reply, name string) string {
	for _, c := range r.header.Values("Set-Cookie") {
		if pair, _, _ := strings.Cut(c, ";"); strings.HasPrefix(pair, name+"=") {
			return pair
		}
	}
	return ""
}

// away goes to the provider and comes back with what the browser would bring.
func (b *bench) away(address string) (callback string) {
	b.t.Helper()
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	r, err := client.Get(address)
	if err != nil {
		b.t.Fatal(err)
	}
	_ = r.Body.Close()
	back, err := url.Parse(r.Header.Get("Location"))
	if err != nil || !strings.HasPrefix(back.String(), b.server.URL) {
		b.t.Fatalf("%d %v, %v", r.StatusCode, back, err)
	}
	return back.RequestURI()
}

// signOn goes all the way, from the button back.
func (b *bench) signOn() (callback, cookie string, last reply) {
	b.t.Helper()
	begun := b.do("GET", "/signon", "", "")
	cookie = cookieOf(begun, signOnCookie)
	if begun.status != http.StatusSeeOther || cookie == "" {
		b.t.Fatalf("%d %s", begun.status, begun.body)
	}
	callback = b.away(begun.header.Get("Location"))
	return callback, cookie, b.do("GET", callback, "", "", "Cookie", cookie)
}

func TestSignOnOverHTTP(t *testing.T) {
	b := newBench(t)
	b.console.addresses = newTries(1000) // all of this comes from one
	if r := b.do("GET", "/signon", "", ""); r.status != 404 || !strings.Contains(r.body, "本平台未设置") {
		t.Errorf("%d %s", r.status, r.body)
	}
	o := b.provided()
	if r := b.do("GET", "/api/v1/signin/options", "", ""); !strings.Contains(r.body, `"sign_on":"Company"`) {
		t.Errorf("%s", r.body)
	}
	chen := openid.Person{Subject: "1", Claims: map[string]any{"preferred_username": "chen", "name": "陈伟", "groups": []string{"tv-zj", "other"}}}
	o.Is(chen)
	callback, cookie, r := b.signOn()
	session := cookieOf(r, SessionCookie)
	if r.status != http.StatusSeeOther || r.header.Get("Location") != "/" || session == "" {
		t.Fatalf("%d %v %s", r.status, r.header, r.body)
	}
	if me := b.whoIs(session); me.Name != "chen" || me.Display != "陈伟" || len(me.Holds) != len(aggregator.DataSets()) || me.Holds[0].All || !me.Powers.Has(settings.ManagePeople) {
		t.Errorf("%+v", me)
	}

	refused := func(r reply, code, text string) {
		t.Helper()
		if r.status < 400 || cookieOf(r, SessionCookie) != "" || !strings.Contains(r.body, `data-code="`+code+`"`) || !strings.Contains(r.body, text) || !strings.Contains(r.header.Get("Content-Type"), "text/html") {
			t.Errorf("%d %v %s; want %s", r.status, r.header, r.body, code)
		}
	}
	refused(b.do("GET", callback, "", "", "Cookie", cookie), "signon_ended", "begin again") // replayed
	begun := b.do("GET", "/signon", "", "")
	back := b.away(begun.header.Get("Location"))
	refused(b.do("GET", back, "", ""), "signon_ended", "another browser") // of another browser
	refused(b.do("GET", strings.Replace(back, "state=", "state=X", 1), "", "", "Cookie", cookieOf(begun, signOnCookie)), "signon_ended", "begin again")
	for _, lie := range []openid.Lie{openid.Nonce, openid.Audience, openid.Expired, openid.Unsigned, openid.ForeignKey, openid.Shared, openid.Issuer} {
		o.Lies(lie)
		_, _, r := b.signOn()
		refused(r, "signon_refused", "未予登录")
	}
	o.Lies(openid.Honest)
	o.Is(openid.Person{})
	_, _, r = b.signOn()
	refused(r, "signon_denied", "access_denied")
	o.Is(openid.Person{Subject: "2", Claims: map[string]any{"preferred_username": "chen", "groups": "strangers"}})
	_, _, r = b.signOn()
	refused(r, "signon_no_role", "还没有任何权限")
	b.console.SignOn.Create = true
	if _, _, r = b.signOn(); b.whoIs(cookieOf(r, SessionCookie)).Name != "chen-2" {
		t.Errorf("%d %s", r.status, r.body)
	}

	// A provider that is down keeps nobody from signing in by password, nor in.
	wang := b.person("wang", settings.Permit{Role: "content", Scope: ofAll})
	if r := b.as(wang, "POST", "/api/v1/me/password", `{"new":"four dry horses"}`); r.status != 200 {
		t.Fatalf("%d %s", r.status, r.body)
	}
	if r := b.as(session, "POST", "/api/v1/signout", ""); !strings.Contains(r.body, `{"to":"`+o.URL+`/signout?`) {
		t.Errorf("%s", r.body)
	}
	b.wantError(b.as(session, "GET", "/api/v1/me", ""), 401, "unauthorized", "")
	o.Down(true)
	if fresh, err := signon.New(signon.Config{Issuer: o.URL, ClientID: "x", RedirectURL: b.server.URL}, time.Now); err != nil {
		t.Error(err)
	} else {
		b.console.SignOn.Provider = fresh
	}
	refused(b.do("GET", "/signon", "", ""), "signon_unavailable", "by password")
	if r := b.do("POST", "/api/v1/signin", "", `{"name":"wang","password":"four dry horses"}`); r.status != 200 {
		t.Errorf("%d %s", r.status, r.body)
	}
	if r := b.as(wang, "POST", "/api/v1/signout", ""); strings.TrimSpace(r.body) != `{"to":"/"}` {
		t.Errorf("%s", r.body)
	}
	for outcome, n := range map[string]float64{"opened": 2, "signon_ended": 3, "signon_refused": 7, "signon_denied": 1, "signon_no_role": 1, "signon_unavailable": 1} {
		if got := testutil.ToFloat64(b.console.doors.total.WithLabelValues("signon", outcome)); got != n {
			t.Errorf("%s is counted %v times, want %v", outcome, got, n)
		}
	}
	if lines, err := b.settings.Trail(t.Context(), settings.OfMachine(), settings.TrailQuery{What: "sign_on_refused", Limit: 99}); err != nil || len(lines) != 11 {
		t.Errorf("%d lines, %v", len(lines), err)
	}
}

// Who is signed in binds their account; the provider's word then signs in that account,
// and nobody else is bound along.
func TestBindingOverHTTP(t *testing.T) {
	b := newBench(t)
	o := b.provided()
	o.Is(openid.Person{Subject: "1", Claims: map[string]any{"preferred_username": "somebody", "email": "li@example.com", "email_verified": true}})
	wang, li := b.person("wang", settings.Permit{Data: aggregator.DataEPG, Scope: ofAll}), b.person("li", settings.Permit{Data: aggregator.DataEPG, Scope: ofAll})
	begin := func(cookie string) (string, string) {
		r := b.as(cookie, "POST", "/api/v1/me/signon", "")
		_, to, _ := strings.Cut(r.body, `"to":"`)
		to, _, _ = strings.Cut(to, `"`)
		return b.away(strings.ReplaceAll(to, `\u0026`, "&")), cookieOf(r, signOnCookie)
	}
	back, cookie := begin(wang)
	if r := b.do("GET", back, "", "", "Cookie", cookie+"; "+li); r.status != 403 || !strings.Contains(r.body, "Somebody else is signed in") {
		t.Errorf("%d %s", r.status, r.body)
	}
	back, cookie = begin(wang)
	if r := b.do("GET", back, "", "", "Cookie", cookie); r.status != 403 || !strings.Contains(r.body, "请先登录") {
		t.Errorf("%d %s", r.status, r.body)
	}
	back, cookie = begin(wang)
	if r := b.do("GET", back, "", "", "Cookie", cookie+"; "+wang); r.status != http.StatusSeeOther || r.header.Get("Location") != "/#/account" {
		t.Errorf("%d %s", r.status, r.body)
	}
	_, _, r := b.signOn()
	if me := b.whoIs(cookieOf(r, SessionCookie)); me.Name != "wang" {
		t.Errorf("%+v", me)
	}
	if r := b.as(wang, "GET", "/api/v1/me/signon", ""); !strings.Contains(r.body, `"username":"somebody"`) {
		t.Errorf("%s", r.body)
	}
	b.wantError(b.do("POST", "/api/v1/me/signon", b.all, ""), 403, "forbidden", "signed in")
	if r := b.as(wang, "DELETE", "/api/v1/me/signon", ""); r.status != 200 {
		t.Errorf("%d %s", r.status, r.body)
	}
	if r := b.as(wang, "GET", "/api/v1/me/signon", ""); !strings.Contains(r.body, `"identities":[]`) {
		t.Errorf("%s", r.body)
	}
}

// Where a request came from is what the connection says, and what those say who are
// trusted; whatever anybody else claims changes nothing.
func TestVisitorsBehindProxies(t *testing.T) {
	s := &Console{Config: Config{Proxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")}}}
	f := func(remote, want string, said ...string) {
		t.Helper()
		r := &http.Request{RemoteAddr: remote, Header: http.Header{"X-Forwarded-For": said, "X-Forwarded-Proto": {"https"}}}
		if got := s.visitor(r).Place; got != want {
			t.Errorf("%s, %q: %s, want %s", remote, said, got, want)
		}
		if got := s.overTLS(r); got != (strings.HasPrefix(remote, "10.") || strings.HasPrefix(remote, "[fd")) {
			t.Errorf("%s: TLS %t", remote, got)
		}
	}
	f("203.0.113.5:99", "203.0.113.5", "198.51.100.1")
	f("203.0.113.5:99", "203.0.113.5")
	f("10.0.0.1:99", "10.0.0.1")
	f("10.0.0.1:99", "203.0.113.5", "203.0.113.5")
	f("10.0.0.1:99", "203.0.113.5", "198.51.100.1, 203.0.113.5")             // the client made the first up
	f("10.0.0.1:99", "203.0.113.5", "198.51.100.1", "203.0.113.5, 10.9.9.9") // two proxies, two headers
	f("10.0.0.1:99", "10.9.9.9", "unknown, 10.9.9.9")
	f("10.0.0.1:99", "10.0.0.1", "203.0.113.5, not an address")
	f("10.0.0.1:99", "203.0.113.5", "203.0.113.5:4711")
	f("10.0.0.1:99", "2001:db8::1", "[2001:db8::1]:4711")
	f("[fd00::1]:99", "203.0.113.5", "::ffff:203.0.113.5")
	f("[2001:db8::2]:99", "2001:db8::2", "203.0.113.5")
}

// Behind a trusted proxy everybody has tries of their own.
func TestTriesBehindProxies(t *testing.T) {
	b := newBench(t)
	b.console.Proxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	for now := time.Now().Add(time.Minute); b.console.addresses.allow("203.0.113.5", now) == 0; { // as if that address had tried and tried
	}
	b.wantError(b.do("POST", "/api/v1/signin", "", `{"name":"a","password":"x"}`, "X-Forwarded-For", "203.0.113.5"), 429, "too_many_tries", "wait")
	b.wantError(b.do("POST", "/api/v1/signin", "", `{"name":"a","password":"x"}`, "X-Forwarded-For", "203.0.113.6"), 401, "sign_in_refused", "")
	if r := b.do("GET", "/login?key=x", "", "", "X-Forwarded-For", "203.0.113.6", "X-Forwarded-Proto", "https"); r.status != 401 {
		t.Errorf("%d", r.status)
	}
}
