package console

import (
	"net/http"
	"strconv"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"iptvdc/aggregator"
	"iptvdc/aggregator/settings"
)

// How often somebody may try to sign in: an account is tried at most 5 times a minute,
// from one address at most 20 times.
const (
	triesPerAccount = 5
	triesPerAddress = 20
	// maxTried bounds how many accounts or addresses are remembered.
	maxTried = 10_000
)

// tries counts them. Safe for concurrent use.
type tries struct {
	perMinute int
	mu        sync.Mutex
	by        map[string]*rate.Limiter
}

func newTries(perMinute int) *tries {
	return &tries{perMinute: perMinute, by: map[string]*rate.Limiter{}}
}

// allow takes one try of a key, or says how long until there is one.
func (t *tries) allow(key string, now time.Time) (wait time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	l := t.by[key]
	if l == nil {
		if len(t.by) >= maxTried {
			// Whoever has all tries left needs no limiter.
			for k, old := range t.by {
				if old.TokensAt(now) >= float64(t.perMinute) {
					delete(t.by, k)
				}
			}
		}
		if len(t.by) >= maxTried {
			return time.Minute // somebody tries ten thousand names: nobody signs in by password now
		}
		l = rate.NewLimiter(rate.Every(time.Minute/time.Duration(t.perMinute)), t.perMinute)
		t.by[key] = l
	}
	if l.AllowN(now, 1) {
		return 0
	}
	r := l.ReserveN(now, 1)
	defer r.CancelAt(now)
	return max(r.DelayFrom(now), time.Second)
}

// slow refuses who tries too often. An account is counted whether it is there or not.
func (s *Console) slow(w http.ResponseWriter, r *http.Request, account string) error {
	now := time.Now()
	return s.wait(w, max(s.addresses.allow(s.visitor(r).Place, now), s.tried.allow(account, now)))
}

// wait tells who came too early for how long, if at all.
func (s *Console) wait(w http.ResponseWriter, wait time.Duration) error {
	if wait == 0 {
		return nil
	}
	seconds := int((wait + time.Second - 1) / time.Second)
	w.Header().Set("Retry-After", strconv.Itoa(seconds))
	return &aggregator.Error{Code: "too_many_tries", Message: "Too many tries; wait " + strconv.Itoa(seconds) + " s."}
}

// Credentials are a name and a password.
type Credentials struct {
	Name     string `json:"name"`
	Password string `json:"password"`
}

// CodeBody is a code of an authenticator, or a recovery code.
type CodeBody struct {
	Code string `json:"code"`
}

// SignedIn says what is still needed: "" nothing, code a code, totp a second factor to
// be set up. The session is in the cookie.
type SignedIn struct {
	Needs string `json:"needs"`
}

// Me is who asks, and what they may see and do.
type Me struct {
	Name       string          `json:"name"`
	Display    string          `json:"display"`
	Language   string          `json:"language"`
	Department string          `json:"department"`
	Roles      []string        `json:"roles"`
	Powers     settings.Powers `json:"powers"`
	Holds      []Opened        `json:"holds"`
	Needs      string          `json:"needs"` // as of SignedIn
	// By is who looks through this person's eyes, "": they themselves.
	By string `json:"by"`
	// Person: somebody who signed in, not a token. Password and TOTP are whether they
	// have set one up.
	Person   bool `json:"person"`
	Password bool `json:"password"`
	TOTP     bool `json:"totp"`
	// Mark is what the page and its exports carry; "": nothing.
	Mark string `json:"mark"`
}

// OwnProfile is what somebody changes of their own.
type OwnProfile struct {
	Display  string `json:"display"`
	Language string `json:"language"`
}

// NewPassword is a password to be set. The old one is needed unless there is none, or
// the session came by a link within the last hour.
type NewPassword struct {
	Old string `json:"old,omitempty"`
	New string `json:"new"`
}

// OwnSessions are where somebody is signed in.
type OwnSessions struct {
	Sessions []OwnSession `json:"sessions"`
}

// OwnSession is one of them.
type OwnSession struct {
	ID      string    `json:"id"`
	Created time.Time `json:"created"`
	Seen    time.Time `json:"seen"`
	Place   string    `json:"place"`
	Agent   string    `json:"agent"`
	Here    bool      `json:"here"`
}

// NewTOTP is a second factor to be set up in an authenticator.
type NewTOTP struct {
	Secret string `json:"secret"`
	URI    string `json:"uri"`
}

// RecoveryCodes are good once each, and cannot be had again.
type RecoveryCodes struct {
	Codes []string `json:"codes"`
}

func (s *Console) accountRoutes() []route {
	return []route{
		{"POST", "/api/v1/signin", anyone, "Signs a person in by name and password", Credentials{}, SignedIn{}, "", s.signIn, nil},
		{"POST", "/api/v1/signin/code", anyone, "Gives the code that a sign-in still needs", CodeBody{}, SignedIn{}, "", s.signInCode, nil},
		{"GET", "/api/v1/me", reader, "Who asks, what they may see and do", nil, Me{}, "", s.me, nil},
		{"PUT", "/api/v1/me", reader, "Changes what one is called and which language one reads", OwnProfile{}, Me{}, "", s.setOwn, nil},
		{"POST", "/api/v1/me/password", reader, "Sets one's password, and ends all other sessions", NewPassword{}, Done{}, "", s.setPassword, nil},
		{"GET", "/api/v1/me/sessions", reader, "Where one is signed in", nil, OwnSessions{}, "", s.ownSessions, nil},
		{"DELETE", "/api/v1/me/sessions/{session}", reader, "Ends one of one's sessions", nil, Done{}, "", s.endOwnSession, nil},
		{"POST", "/api/v1/me/totp", reader, "Draws a second factor; it is asked for once it is confirmed", nil, NewTOTP{}, "", s.newTOTP, nil},
		{"POST", "/api/v1/me/totp/confirm", reader, "Confirms it with a code of it, and answers with recovery codes", CodeBody{}, RecoveryCodes{}, "", s.confirmTOTP, nil},
		{"POST", "/api/v1/me/totp/end", reader, "Gives the second factor up, with a code of it", CodeBody{}, Done{}, "", s.endTOTP, nil},
	}
}

func (s *Console) signIn(w http.ResponseWriter, r *http.Request) error {
	var body Credentials
	if err := decode(w, r, MaxBody, &body); err != nil {
		return err
	}
	if err := s.slow(w, r, settings.AccountName(body.Name)); err != nil {
		return err
	}
	session, err := s.People.SignIn(r.Context(), body.Name, body.Password, s.visitor(r))
	if err != nil {
		return err
	}
	return s.signedIn(w, r, session)
}

// signedIn gives the browser a session and says what it still needs.
func (s *Console) signedIn(w http.ResponseWriter, r *http.Request, session string) error {
	p, err := s.Identities.BySession(r.Context(), session)
	if err != nil {
		return unknown(err)
	}
	s.setCookie(w, r, session, int(settings.SessionLife.Seconds()))
	return writeJSON(w, http.StatusOK, SignedIn{p.Needs})
}

func (s *Console) signInCode(w http.ResponseWriter, r *http.Request) error {
	var body CodeBody
	if err := decode(w, r, MaxBody, &body); err != nil {
		return err
	}
	c, err := r.Cookie(SessionCookie)
	if err != nil {
		return errUnauthorized
	}
	p, err := s.Identities.BySession(r.Context(), c.Value)
	if err != nil {
		return unknown(err)
	}
	if err := s.slow(w, r, p.Name); err != nil {
		return err
	}
	next, err := s.People.Confirm(r.Context(), c.Value, body.Code, s.visitor(r))
	if err != nil {
		return unknown(err)
	}
	return s.signedIn(w, r, next)
}

// meAnew answers with who asks after their session has changed.
func (s *Console) meAnew(w http.ResponseWriter, r *http.Request) error {
	p, err := s.whoAsks(r)
	if err != nil {
		return err
	}
	return s.answerMe(w, r, p)
}

func (s *Console) me(w http.ResponseWriter, r *http.Request) error {
	return s.answerMe(w, r, principal(r))
}

func (s *Console) answerMe(w http.ResponseWriter, r *http.Request, p settings.Principal) error {
	me := Me{Name: p.Name, Display: p.Display, Language: p.Language, Department: p.Department, Roles: orEmpty(p.Roles), Powers: p.Powers, Holds: opened(p.Grants), Needs: p.Needs, By: p.By, Person: p.Person != 0}
	if p.Person != 0 {
		one, err := s.People.Account(r.Context(), p)
		if err != nil {
			return err
		}
		me.Password, me.TOTP = one.Password, one.TOTP
	}
	var err error
	if p.Needs != "" { // half signed in: nothing but what to do next
		me.Holds, me.Powers, me.Roles = []Opened{}, 0, []string{}
	} else if me.Mark, err = s.mark(r.Context(), p); err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, me)
}

func (s *Console) setOwn(w http.ResponseWriter, r *http.Request) error {
	var body OwnProfile
	if err := decode(w, r, MaxBody, &body); err != nil {
		return err
	}
	if err := s.People.SetOwn(r.Context(), principal(r), body.Display, body.Language); err != nil {
		return err
	}
	return s.meAnew(w, r)
}

func (s *Console) setPassword(w http.ResponseWriter, r *http.Request) error {
	var body NewPassword
	if err := decode(w, r, MaxBody, &body); err != nil {
		return err
	}
	p := principal(r)
	if err := s.slow(w, r, p.Name); err != nil {
		return err
	}
	return done(w, s.People.SetPassword(r.Context(), p, body.Old, body.New))
}

func (s *Console) ownSessions(w http.ResponseWriter, r *http.Request) error {
	a := OwnSessions{Sessions: []OwnSession{}}
	p := principal(r)
	if p.By == "" { // where somebody is signed in is their own business
		all, err := s.People.Sessions(r.Context(), p)
		if err != nil {
			return err
		}
		for _, one := range all {
			a.Sessions = append(a.Sessions, OwnSession(one))
		}
	}
	return writeJSON(w, http.StatusOK, a)
}

func (s *Console) endOwnSession(w http.ResponseWriter, r *http.Request) error {
	return done(w, s.People.EndOne(r.Context(), principal(r), r.PathValue("session")))
}

func (s *Console) newTOTP(w http.ResponseWriter, r *http.Request) error {
	secret, uri, err := s.People.NewTOTP(r.Context(), principal(r))
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, NewTOTP{secret, uri})
}

func (s *Console) confirmTOTP(w http.ResponseWriter, r *http.Request) error {
	return s.withCode(w, r, func(p settings.Principal, code string) error {
		codes, err := s.People.ConfirmTOTP(r.Context(), p, code)
		if err != nil {
			return err
		}
		return writeJSON(w, http.StatusOK, RecoveryCodes{codes})
	})
}

func (s *Console) endTOTP(w http.ResponseWriter, r *http.Request) error {
	return s.withCode(w, r, func(p settings.Principal, code string) error {
		return done(w, s.People.EndTOTP(r.Context(), p, code))
	})
}

// withCode reads a code and counts the try.
func (s *Console) withCode(w http.ResponseWriter, r *http.Request, f func(p settings.Principal, code string) error) error {
	var body CodeBody
	if err := decode(w, r, MaxBody, &body); err != nil {
		return err
	}
	p := principal(r)
	if err := s.slow(w, r, p.Name); err != nil {
		return err
	}
	return f(p, body.Code)
}
