// Package signon asks an OpenID Connect provider who somebody is: the authorization
// code flow with PKCE, state and nonce. It decides nothing: what somebody may here is
// the caller's business. Nothing is asked of the provider before somebody signs in, so
// one that is down hinders nothing else.
package signon

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"iptvdc/aggregator"
)

const (
	// patience is how long a question to the provider may take.
	patience = 8 * time.Second
	// describedFor is how long what the provider says of itself is believed.
	describedFor = time.Hour
)

// Config is what is known of the provider. All but Secret, Scopes and Claim must be set.
type Config struct {
	// Issuer is the provider, as https://id.example.com/realms/tv.
	Issuer   string
	ClientID string
	// Secret is empty of a public client: then PKCE alone proves who asks.
	Secret string
	// RedirectURL is where the provider sends people back, as the browser reaches it.
	RedirectURL string
	// Scopes are asked for beside openid.
	Scopes []string
	// Claim is of what the caller makes roles: a name, or several with dots between them
	// where it lies within others, as realm_access.roles. "": none.
	Claim string
	// VerifiedEmail refuses who has no address of mail that the provider has verified.
	VerifiedEmail bool
}

// Attempt is what must be kept between sending somebody to the provider and their
// coming back, bound to their browser and used once.
type Attempt struct {
	State, Nonce, Verifier string
}

// Identity is who somebody is, by a provider. Issuer and Subject together name them for
// good; all the rest is how they are called at the moment.
type Identity struct {
	Issuer, Subject string
	Username, Name  string
	Email           string // "" unless verified
	// Values are those of Config.Claim.
	Values []string
}

// Provider is safe for concurrent use.
type Provider struct {
	config Config
	client *http.Client
	now    func() time.Time

	mu        sync.Mutex
	described *description
}

// description is what the provider says of itself.
type description struct {
	provider *oidc.Provider
	at       time.Time
	signOut  string
}

// New makes a Provider and asks nothing of it.
func New(c Config, now func() time.Time) (*Provider, error) {
	for _, one := range []struct{ name, text string }{{"issuer", c.Issuer}, {"redirect_url", c.RedirectURL}} {
		u, err := url.Parse(one.text)
		if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil || u.Fragment != "" {
			return nil, fmt.Errorf("%s: %q is not an address; write https://host/path", one.name, one.text)
		}
	}
	if c.ClientID == "" {
		return nil, errors.New("client_id: empty; the provider names it when the platform is registered there")
	}
	return &Provider{config: c, client: &http.Client{Timeout: patience}, now: now}, nil
}

func errUnavailable(cause error) error {
	return &aggregator.Error{Code: "signon_unavailable", Message: "The sign-on provider does not answer as it should; sign in by password, or try again later.", Cause: cause}
}

func errRefused(format string, args ...any) error {
	return &aggregator.Error{Code: "signon_refused", Message: fmt.Sprintf("What the sign-on provider says cannot be trusted: "+format+". Begin again; if it goes on, tell an administrator.", args...)}
}

// describe asks the provider to describe itself, unless it did lately. One that does not
// answer now is believed what it said before.
func (p *Provider) describe(ctx context.Context) (*description, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.described != nil && p.now().Sub(p.described.at) < describedFor {
		return p.described, nil
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	provider, err := oidc.NewProvider(oidc.ClientContext(ctx, p.client), p.config.Issuer)
	if err != nil {
		if p.described != nil {
			return p.described, nil
		}
		return nil, errUnavailable(err)
	}
	var more struct {
		SignOut string `json:"end_session_endpoint"`
	}
	if err := provider.Claims(&more); err != nil {
		return nil, errUnavailable(err)
	}
	p.described = &description{provider, p.now(), more.SignOut}
	return p.described, nil
}

func (p *Provider) oauth(d *description) *oauth2.Config {
	return &oauth2.Config{ClientID: p.config.ClientID, ClientSecret: p.config.Secret, Endpoint: d.provider.Endpoint(), RedirectURL: p.config.RedirectURL,
		Scopes: append([]string{oidc.ScopeOpenID}, p.config.Scopes...)}
}

// Begin returns where to send somebody, and what to keep until they come back.
func (p *Provider) Begin(ctx context.Context) (string, Attempt, error) {
	d, err := p.describe(ctx)
	if err != nil {
		return "", Attempt{}, err
	}
	a := Attempt{State: rand.Text(), Nonce: rand.Text(), Verifier: oauth2.GenerateVerifier()}
	return p.oauth(d).AuthCodeURL(a.State, oidc.Nonce(a.Nonce), oauth2.S256ChallengeOption(a.Verifier)), a, nil
}

// Finish returns who came back with a code. State must have been compared.
func (p *Provider) Finish(ctx context.Context, a Attempt, code string) (Identity, error) {
	d, err := p.describe(ctx)
	if err != nil {
		return Identity{}, err
	}
	ctx, cancel := context.WithTimeout(oidc.ClientContext(ctx, p.client), patience)
	defer cancel()
	token, err := p.oauth(d).Exchange(ctx, code, oauth2.VerifierOption(a.Verifier))
	var said *oauth2.RetrieveError
	if errors.As(err, &said) {
		fault := errRefused("it does not take its own code back (%s)", clip(said.ErrorCode))
		return Identity{}, errors.Join(fault, err)
	}
	if err != nil {
		return Identity{}, errUnavailable(err)
	}
	raw, ok := token.Extra("id_token").(string)
	if !ok {
		return Identity{}, errRefused("there is no id_token in its answer")
	}
	id, err := d.provider.VerifierContext(ctx, &oidc.Config{ClientID: p.config.ClientID, Now: p.now}).Verify(ctx, raw)
	if err != nil {
		return Identity{}, errors.Join(errRefused("its id_token does not hold (%s)", reason(err)), err)
	}
	if subtle.ConstantTimeCompare([]byte(id.Nonce), []byte(a.Nonce)) != 1 {
		return Identity{}, errRefused("its id_token was made for another sign-in (nonce)")
	}
	claims := map[string]any{}
	if err := id.Claims(&claims); err != nil {
		return Identity{}, errRefused("the claims of its id_token cannot be read")
	}
	if azp, _ := claims["azp"].(string); len(id.Audience) > 1 && azp != p.config.ClientID || azp != "" && azp != p.config.ClientID {
		return Identity{}, errRefused("its id_token was made for another program (azp)")
	}
	if err := p.complete(ctx, d, token, id.Subject, claims); err != nil {
		return Identity{}, err
	}
	return p.identity(id, claims)
}

// complete asks for what the token does not say, where it matters.
func (p *Provider) complete(ctx context.Context, d *description, token *oauth2.Token, subject string, claims map[string]any) error {
	lacks := p.config.Claim != "" && at(claims, p.config.Claim) == nil || p.config.VerifiedEmail && claims["email_verified"] == nil
	if !lacks || d.provider.UserInfoEndpoint() == "" {
		return nil
	}
	info, err := d.provider.UserInfo(ctx, oauth2.StaticTokenSource(token))
	if err != nil {
		return errUnavailable(err)
	}
	if info.Subject != subject {
		return errRefused("it describes somebody else than its id_token")
	}
	more := map[string]any{}
	if err := info.Claims(&more); err != nil {
		return errUnavailable(err)
	}
	for name, value := range more {
		if _, ok := claims[name]; !ok {
			claims[name] = value
		}
	}
	return nil
}

func (p *Provider) identity(id *oidc.IDToken, claims map[string]any) (Identity, error) {
	text := func(name string) string { s, _ := claims[name].(string); return s }
	who := Identity{Issuer: id.Issuer, Subject: id.Subject, Username: text("preferred_username"), Name: text("name"), Values: texts(at(claims, p.config.Claim))}
	// Some providers write a text where the standard has true.
	verified := claims["email_verified"] == true || claims["email_verified"] == "true"
	switch {
	case who.Subject == "" || len(who.Subject) > 255:
		return Identity{}, errRefused("it names nobody (sub)")
	case verified:
		who.Email = text("email")
	}
	if p.config.VerifiedEmail && who.Email == "" {
		return Identity{}, &aggregator.Error{Code: "signon_unverified", Message: "The sign-on provider has not verified an address of mail of yours; have it verified there, then sign in again."}
	}
	return who, nil
}

// SignOut returns where to send somebody to sign out at the provider too; "": nowhere.
// It asks nothing: a provider that is down does not keep anybody signed in here.
func (p *Provider) SignOut() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.described == nil || p.described.signOut == "" {
		return ""
	}
	u, err := url.Parse(p.described.signOut)
	back, err2 := url.Parse(p.config.RedirectURL)
	if err != nil || err2 != nil || u.Scheme != "https" && u.Scheme != "http" {
		return ""
	}
	q := u.Query()
	q.Set("client_id", p.config.ClientID)
	q.Set("post_logout_redirect_uri", back.Scheme+"://"+back.Host+"/")
	u.RawQuery = q.Encode()
	return u.String()
}

// at is a claim by its name, or by several with dots between them; nil: there is none.
func at(claims map[string]any, path string) any {
	if v, ok := claims[path]; ok || path == "" {
		return v
	}
	var v any = claims
	for name := range strings.SplitSeq(path, ".") {
		m, ok := v.(map[string]any)
		if !ok {
			return nil
		}
		v = m[name]
	}
	return v
}

// texts are the texts of a claim, be it one or a list.
func texts(v any) []string {
	var all []string
	switch v := v.(type) {
	case string:
		all = append(all, v)
	case []any:
		for _, one := range v {
			if s, ok := one.(string); ok && !slices.Contains(all, s) {
				all = append(all, s)
			}
		}
	}
	return all
}

// reason is why a token does not hold, in one of a few words.
func reason(err error) string {
	var expired *oidc.TokenExpiredError
	switch text := err.Error(); {
	case errors.As(err, &expired):
		return "expired"
	case strings.Contains(text, "audience"):
		return "made for another audience"
	case strings.Contains(text, "issued by a different provider"):
		return "of another issuer"
	case strings.Contains(text, "signature") || strings.Contains(text, "malformed") || strings.Contains(text, "algorithm"):
		return "signature"
	}
	return "not valid"
}

func clip(s string) string {
	if len(s) > 40 {
		s = s[:40]
	}
	b, err := json.Marshal(strings.ToValidUTF8(s, ""))
	if err != nil { // texts always marshal
		panic("signon: " + err.Error())
	}
	return string(b)
}
