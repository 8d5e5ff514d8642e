// Package openid is a small OpenID Connect provider on this machine: discovery, the
// authorization code flow with PKCE, ES256, JWKS, userinfo, sign-out. It approves whoever
// it was told to, and lies as it is told to, so that who trusts providers can be tested.
package openid

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

// Lie is what the provider does wrong.
type Lie string

// The lies; Honest is the zero one.
const (
	Honest     Lie = ""
	Nonce      Lie = "nonce"       // of another sign-in
	Audience   Lie = "audience"    // made for another program
	Party      Lie = "party"       // made for several, another of which it was handed to
	Issuer     Lie = "issuer"      // in another's name
	Expired    Lie = "expired"     // an hour ago
	Unsigned   Lie = "unsigned"    // alg none
	ForeignKey Lie = "foreign_key" // signed by a key that is not in the JWKS
	Shared     Lie = "shared"      // HS256 with the client's secret
	Changed    Lie = "changed"     // claims changed after signing
	Subject    Lie = "subject"     // userinfo of somebody else
	NoToken    Lie = "no_token"    // without an id_token
	BadToken   Lie = "bad_token"   // the token endpoint refuses
)

// Person is who signs in at the provider.
type Person struct {
	Subject string
	// Claims are those of the id_token beside the provider's own.
	Claims map[string]any
	// Info is what only userinfo says.
	Info map[string]any
}

// Provider is one that runs. Safe for concurrent use.
type Provider struct {
	// URL is the issuer.
	URL              string
	ClientID, Secret string

	server       *http.Server
	key, foreign *ecdsa.PrivateKey

	mu     sync.Mutex
	person Person
	lie    Lie
	down   bool
	codes  map[string]grant
	tokens map[string]Person
	asked  map[string]int // by path
}

// grant is what a code stands for.
type grant struct {
	person                     Person
	redirect, nonce, challenge string
}

// Start runs a provider on a free port of this machine until Close.
func Start() (*Provider, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	p := &Provider{URL: "http://" + l.Addr().String(), ClientID: "iptv", Secret: rand.Text(), codes: map[string]grant{}, tokens: map[string]Person{}, asked: map[string]int{}}
	for _, key := range []**ecdsa.PrivateKey{&p.key, &p.foreign} {
		if *key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
			return nil, err
		}
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", p.describe)
	mux.HandleFunc("GET /jwks", p.jwks)
	mux.HandleFunc("GET /authorize", p.authorize)
	mux.HandleFunc("POST /token", p.token)
	mux.HandleFunc("GET /userinfo", p.userinfo)
	mux.HandleFunc("GET /signout", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, r.FormValue("post_logout_redirect_uri"), http.StatusSeeOther)
	})
	p.server = &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.mu.Lock()
		down := p.down
		p.asked[r.URL.Path]++
		p.mu.Unlock()
		if down {
			http.Error(w, "down", http.StatusServiceUnavailable)
			return
		}
		mux.ServeHTTP(w, r)
	})}
	go func() { _ = p.server.Serve(l) }() // ends with Close
	return p, nil
}

// Close ends it.
func (p *Provider) Close() error { return p.server.Close() }

// Is says who signs in from now on, without being asked.
func (p *Provider) Is(who Person) { p.set(func() { p.person = who }) }

// Lies says what is wrong from now on.
func (p *Provider) Lies(l Lie) { p.set(func() { p.lie = l }) }

// Down has it answer nothing but 503, or again.
func (p *Provider) Down(down bool) { p.set(func() { p.down = down }) }

// Asked counts the requests of a path.
func (p *Provider) Asked(path string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.asked[path]
}

func (p *Provider) set(f func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	f()
}

func answer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // who asked may have gone
}

func (p *Provider) describe(w http.ResponseWriter, _ *http.Request) {
	answer(w, http.StatusOK, map[string]any{
		"issuer": p.URL, "authorization_endpoint": p.URL + "/authorize", "token_endpoint": p.URL + "/token", "jwks_uri": p.URL + "/jwks",
		"userinfo_endpoint": p.URL + "/userinfo", "end_session_endpoint": p.URL + "/signout", "response_types_supported": []string{"code"},
		"subject_types_supported": []string{"public"}, "id_token_signing_alg_values_supported": []string{"ES256"}, "code_challenge_methods_supported": []string{"S256"},
	})
}

var b64 = base64.RawURLEncoding

func (p *Provider) jwks(w http.ResponseWriter, _ *http.Request) {
	x, y := make([]byte, 32), make([]byte, 32)
	p.key.X.FillBytes(x)
	p.key.Y.FillBytes(y)
	answer(w, http.StatusOK, map[string]any{"keys": []any{map[string]string{"kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "kid": "1", "x": b64.EncodeToString(x), "y": b64.EncodeToString(y)}}})
}

// authorize sends the browser back with a code, if all that the standard and PKCE ask
// for is there.
func (p *Provider) authorize(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	back, err := url.Parse(q.Get("redirect_uri"))
	if err != nil || q.Get("client_id") != p.ClientID || q.Get("response_type") != "code" || !strings.Contains(" "+q.Get("scope")+" ", " openid ") ||
		q.Get("state") == "" || q.Get("nonce") == "" || q.Get("code_challenge_method") != "S256" || q.Get("code_challenge") == "" {
		http.Error(w, "not a request for a code with state, nonce and PKCE: "+r.URL.RawQuery, http.StatusBadRequest)
		return
	}
	code := rand.Text()
	p.mu.Lock()
	p.codes[code] = grant{p.person, q.Get("redirect_uri"), q.Get("nonce"), q.Get("code_challenge")}
	denied := p.person.Subject == ""
	p.mu.Unlock()
	answer := back.Query()
	answer.Set("state", q.Get("state"))
	if denied {
		answer.Set("error", "access_denied")
	} else {
		answer.Set("code", code)
	}
	back.RawQuery = answer.Encode()
	http.Redirect(w, r, back.String(), http.StatusSeeOther)
}

// token changes a code for tokens, once.
func (p *Provider) token(w http.ResponseWriter, r *http.Request) {
	id, secret, ok := r.BasicAuth()
	if !ok {
		id, secret = r.FormValue("client_id"), r.FormValue("client_secret")
	}
	p.mu.Lock()
	g, found := p.codes[r.FormValue("code")]
	delete(p.codes, r.FormValue("code"))
	lie := p.lie
	p.mu.Unlock()
	sum := sha256.Sum256([]byte(r.FormValue("code_verifier")))
	switch {
	case id != p.ClientID || subtle.ConstantTimeCompare([]byte(secret), []byte(p.Secret)) != 1:
		answer(w, http.StatusUnauthorized, map[string]string{"error": "invalid_client"})
		return
	case !found || lie == BadToken || r.FormValue("grant_type") != "authorization_code" || g.redirect != r.FormValue("redirect_uri") || g.challenge != b64.EncodeToString(sum[:]):
		answer(w, http.StatusBadRequest, map[string]string{"error": "invalid_grant"})
		return
	}
	access := rand.Text()
	p.set(func() { p.tokens[access] = g.person })
	out := map[string]any{"access_token": access, "token_type": "Bearer", "expires_in": 60}
	if lie != NoToken {
		out["id_token"] = p.idToken(g, lie)
	}
	answer(w, http.StatusOK, out)
}

func (p *Provider) userinfo(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	who, ok := p.tokens[strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")]
	lie := p.lie
	p.mu.Unlock()
	if !ok {
		http.Error(w, "who?", http.StatusUnauthorized)
		return
	}
	info := maps.Clone(who.Info)
	if info == nil {
		info = map[string]any{}
	}
	if info["sub"] = who.Subject; lie == Subject {
		info["sub"] = "somebody-else"
	}
	answer(w, http.StatusOK, info)
}

// idToken says who came, or lies.
func (p *Provider) idToken(g grant, lie Lie) string {
	now := time.Now()
	claims := maps.Clone(g.person.Claims)
	if claims == nil {
		claims = map[string]any{}
	}
	claims["iss"], claims["sub"], claims["aud"], claims["nonce"] = p.URL, g.person.Subject, p.ClientID, g.nonce
	claims["iat"], claims["exp"] = now.Unix(), now.Add(time.Minute).Unix()
	header, key := map[string]string{"alg": "ES256", "kid": "1", "typ": "JWT"}, p.key
	switch lie {
	case Nonce:
		claims["nonce"] = rand.Text()
	case Audience:
		claims["aud"] = "another"
	case Party:
		claims["aud"], claims["azp"] = []string{p.ClientID, "another"}, "another"
	case Issuer:
		claims["iss"] = "https://id.example.com"
	case Expired:
		claims["iat"], claims["exp"] = now.Add(-2*time.Hour).Unix(), now.Add(-time.Hour).Unix()
	case Unsigned:
		header["alg"] = "none"
	case Shared:
		header["alg"] = "HS256"
	case ForeignKey:
		key = p.foreign
	}
	text := part(header) + "." + part(claims)
	switch lie {
	case Unsigned:
		return text + "."
	case Shared:
		return text + "." + b64.EncodeToString(mac(p.Secret, text))
	}
	proof := sign(key, text)
	if lie == Changed {
		claims["sub"] = "somebody-else"
		text = part(header) + "." + part(claims)
	}
	return text + "." + proof
}

func part(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("openid: %v", err)) // claims of tests that are no JSON
	}
	return b64.EncodeToString(b)
}

func mac(secret, text string) []byte {
	h := hmac.New(sha256.New, []byte(secret))
	h.Write([]byte(text))
	return h.Sum(nil)
}

func sign(key *ecdsa.PrivateKey, text string) string {
	sum := sha256.Sum256([]byte(text))
	r, s, err := ecdsa.Sign(rand.Reader, key, sum[:])
	if err != nil {
		panic(fmt.Sprintf("openid: %v", err)) // never of a good key
	}
	out := make([]byte, 64)
	r.FillBytes(out[:32])
	s.FillBytes(out[32:])
	return b64.EncodeToString(out)
}
