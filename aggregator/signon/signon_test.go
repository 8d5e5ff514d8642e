package signon

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"iptvdc/aggregator"
	"iptvdc/testbench/openid"
)

func start(t *testing.T) *openid.Provider {
	t.Helper()
	p, err := openid.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Close() })
	return p
}

func at0(t *testing.T, o *openid.Provider, change func(*Config)) *Provider {
	t.Helper()
	c := Config{Issuer: o.URL, ClientID: o.ClientID, Secret: o.Secret, RedirectURL: "http://127.0.0.1:1/signon/callback", Scopes: []string{"profile"}, Claim: "groups"}
	if change != nil {
		change(&c)
	}
	p, err := New(c, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// visit follows an address as a browser does and returns what comes back.
func visit(t *testing.T, address string) url.Values {
	t.Helper()
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	r, err := client.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	_ = r.Body.Close()
	back, err := url.Parse(r.Header.Get("Location"))
	if err != nil || r.StatusCode != http.StatusSeeOther {
		t.Fatalf("%d %v %v", r.StatusCode, back, err)
	}
	return back.Query()
}

func signIn(t *testing.T, p *Provider) (Identity, error) {
	t.Helper()
	address, a, err := p.Begin(t.Context())
	if err != nil {
		return Identity{}, err
	}
	back := visit(t, address)
	if back.Get("state") != a.State {
		t.Fatalf("state %q, sent %q", back.Get("state"), a.State)
	}
	return p.Finish(t.Context(), a, back.Get("code"))
}

func refused(t *testing.T, err error, code, text string) {
	t.Helper()
	var fault *aggregator.Error
	if !errors.As(err, &fault) || fault.Code != code || !strings.Contains(fault.Message, text) {
		t.Errorf("got %v, want %s with %q", err, code, text)
	}
}

var chen = openid.Person{Subject: "7f3", Claims: map[string]any{"preferred_username": "Chen.Wei", "name": "陈伟", "email": "chen@example.com", "email_verified": true, "groups": []string{"tv-zj", "all"}}}

func TestSignOn(t *testing.T) {
	o := start(t)
	o.Is(chen)
	p := at0(t, o, nil)
	who, err := signIn(t, p)
	if err != nil {
		t.Fatal(err)
	}
	want := Identity{Issuer: o.URL, Subject: "7f3", Username: "Chen.Wei", Name: "陈伟", Email: "chen@example.com", Values: []string{"tv-zj", "all"}}
	if diff := cmp.Diff(want, who); diff != "" {
		t.Error(diff)
	}
	if out := p.SignOut(); !strings.HasPrefix(out, o.URL+"/signout?") || !strings.Contains(out, "post_logout_redirect_uri=http%3A%2F%2F127.0.0.1%3A1%2F") {
		t.Error(out)
	}
	// A code is good once, and with its own verifier alone.
	address, a, err := p.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	code := visit(t, address).Get("code")
	if _, err := p.Finish(t.Context(), Attempt{a.State, a.Nonce, strings.Repeat("x", 43)}, code); err == nil {
		t.Error("a code was taken with another verifier")
	}
	_, err = p.Finish(t.Context(), a, code)
	refused(t, err, "signon_refused", "invalid_grant")
	if n := o.Asked("/.well-known/openid-configuration"); n != 1 {
		t.Errorf("it was described %d times", n)
	}
}

// Whatever a provider, or whoever stands in its place, does wrong, nobody is signed in.
func TestLyingProviders(t *testing.T) {
	o := start(t)
	o.Is(chen)
	p := at0(t, o, func(c *Config) { c.Claim = "realm_access.roles" }) // asks userinfo, as it is not in the token
	f := func(lie openid.Lie, code, text string) {
		t.Helper()
		o.Lies(lie)
		who, err := signIn(t, p)
		refused(t, err, code, text)
		if who.Subject != "" {
			t.Errorf("%s: and yet it is %+v", lie, who)
		}
	}
	f(openid.Nonce, "signon_refused", "nonce")
	f(openid.Audience, "signon_refused", "audience")
	f(openid.Party, "signon_refused", "azp")
	f(openid.Issuer, "signon_refused", "issuer")
	f(openid.Expired, "signon_refused", "expired")
	f(openid.Unsigned, "signon_refused", "signature")
	f(openid.Shared, "signon_refused", "signature")
	f(openid.ForeignKey, "signon_refused", "signature")
	f(openid.Changed, "signon_refused", "signature")
	f(openid.Subject, "signon_refused", "somebody else")
	f(openid.NoToken, "signon_refused", "no id_token")
	f(openid.BadToken, "signon_refused", "invalid_grant")
	o.Lies(openid.Honest)
	if _, err := signIn(t, p); err != nil {
		t.Error(err)
	}
	_, err := signIn(t, at0(t, o, func(c *Config) { c.Secret = "wrong" }))
	refused(t, err, "signon_refused", "invalid_client")
}

// A provider that is down is noticed when somebody signs in and not before; one that was
// there is remembered, and signs in again when it is back.
func TestProviderDown(t *testing.T) {
	o := start(t)
	o.Is(chen)
	o.Down(true)
	p := at0(t, o, nil)
	_, _, err := p.Begin(t.Context())
	refused(t, err, "signon_unavailable", "by password")
	if p.SignOut() != "" {
		t.Error("it signs out where nobody is")
	}
	o.Down(false)
	if _, err := signIn(t, p); err != nil {
		t.Error(err)
	}
	later := time.Now().Add(2 * describedFor)
	p.now = func() time.Time { return later }
	o.Down(true)
	address, a, err := p.Begin(t.Context())
	if err != nil || address == "" {
		t.Error(err)
	}
	_, err = p.Finish(t.Context(), a, "x")
	if err == nil {
		t.Error("a provider that is down has signed somebody in")
	}
}

func TestIdentities(t *testing.T) {
	o := start(t)
	verified := func(c *Config) { c.VerifiedEmail = true }
	f := func(who openid.Person, change func(*Config), want Identity) {
		t.Helper()
		o.Is(who)
		want.Issuer, want.Subject = o.URL, who.Subject
		got, err := signIn(t, at0(t, o, change))
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%v %s", err, diff)
		}
	}
	nested := map[string]any{"realm_access": map[string]any{"roles": []any{"a", 7, "a", "b"}}}
	f(openid.Person{Subject: "1", Claims: nested}, func(c *Config) { c.Claim = "realm_access.roles" }, Identity{Values: []string{"a", "b"}})
	f(openid.Person{Subject: "1", Claims: map[string]any{"groups": "one"}}, nil, Identity{Values: []string{"one"}})
	f(openid.Person{Subject: "1", Info: map[string]any{"groups": []string{"x"}, "name": "N"}}, nil, Identity{Values: []string{"x"}, Name: "N"})
	f(openid.Person{Subject: "1", Claims: map[string]any{"groups": map[string]any{}, "email": "a@b", "email_verified": "true"}}, verified, Identity{Email: "a@b"})
	f(openid.Person{Subject: "1", Claims: map[string]any{"groups": "", "email": "a@b"}}, nil, Identity{Values: []string{""}})
	for _, claims := range []map[string]any{{"email": "a@b"}, {"email": "a@b", "email_verified": false}, {"email_verified": true}, {"email": "a@b", "email_verified": "false"}} {
		o.Is(openid.Person{Subject: "1", Claims: claims})
		_, err := signIn(t, at0(t, o, verified))
		refused(t, err, "signon_unverified", "verified there")
	}
}

func TestConfigs(t *testing.T) {
	f := func(c Config, text string) {
		t.Helper()
		if _, err := New(c, time.Now); err == nil || !strings.Contains(err.Error(), text) {
			t.Errorf("%+v: %v, want %q", c, err, text)
		}
	}
	good := Config{Issuer: "https://id.example.com", ClientID: "x", RedirectURL: "https://tv.example.com/signon/callback"}
	for _, bad := range []string{"", "id.example.com", "ftp://x", "https://u:p@x", "https://x#y"} {
		c := good
		c.Issuer = bad
		f(c, "issuer: ")
		c = good
		c.RedirectURL = bad
		f(c, "redirect_url: ")
	}
	good.ClientID = ""
	f(good, "client_id: empty")
	if got := texts([]any{"a", nil, "b"}); !slices.Equal(got, []string{"a", "b"}) {
		t.Error(got)
	}
}
