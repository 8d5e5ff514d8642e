package console

import (
	"context"
	"errors"
	"html"
	"net/http"
	"slices"
	"time"

	"iptvdc/aggregator"
	"iptvdc/aggregator/settings"
	"iptvdc/aggregator/signon"
)

// SignOnProvider says who somebody is; signon.Provider does.
type SignOnProvider interface {
	// Begin returns where to send somebody, and what to keep until they come back.
	Begin(ctx context.Context) (address string, a signon.Attempt, err error)
	// Finish returns who came back with a code.
	Finish(ctx context.Context, a signon.Attempt, code string) (signon.Identity, error)
	// SignOut returns where to sign out at the provider too; "": nowhere.
	SignOut() string
}

// SignOn is a provider with what follows from its word here.
type SignOn struct {
	Provider SignOnProvider
	// Name is what people know it by, on the button.
	Name string
	// Roles are what values of its claim stand for.
	Roles []SignOnRole
	// Create makes people of those for whom no value stands, without grants; else they
	// are refused.
	Create bool
}

// SignOnRole is what one value of the claim stands for.
type SignOnRole struct {
	Value  string
	Permit settings.Permit
}

// SignOns keeps who people are at a provider; settings.Settings does.
type SignOns interface {
	BeginSignOn(ctx context.Context, t settings.SignOnTry) (secret string, err error)
	TakeSignOn(ctx context.Context, secret, state string) (settings.SignOnTry, error)
	SignOn(ctx context.Context, w settings.SignedOn, from settings.Visitor) (session string, err error)
	BindSignOn(ctx context.Context, p settings.Principal, w settings.SignedOn) error
	Identities(ctx context.Context, p settings.Principal) ([]settings.Identity, error)
	Unbind(ctx context.Context, p settings.Principal, name string) error
}

// SignInOptions is how one may sign in beside name and password.
type SignInOptions struct {
	// SignOn is the name of the sign-on provider, at /signon; "": there is none.
	SignOn string `json:"sign_on"`
}

// OwnIdentities are who somebody is at the provider.
type OwnIdentities struct {
	SignOn     string        `json:"sign_on"` // as in SignInOptions
	Identities []OwnIdentity `json:"identities"`
}

// OwnIdentity is one of them.
type OwnIdentity struct {
	Issuer   string    `json:"issuer"`
	Username string    `json:"username"`
	Bound    time.Time `json:"bound"`
	Seen     time.Time `json:"seen"`
}

// GoTo is where to go next.
type GoTo struct {
	To string `json:"to"`
}

// signOnCookie binds an attempt to the browser that began it.
const signOnCookie = "iptv_signon"

func (s *Console) signOnRoutes() []route {
	const page = "text/html"
	return []route{
		{"GET", "/api/v1/signin/options", anyone, "How one may sign in beside name and password", nil, SignInOptions{}, "", s.signInOptions, nil},
		{"POST", "/api/v1/signout", anyone, "Ends the session, and says where to go: to the sign-on provider if it had vouched", nil, GoTo{}, "", s.signOut, nil},
		{"GET", "/signon", anyone, "Goes to the sign-on provider", nil, nil, page, s.beginSignOn, nil},
		{"GET", "/signon/callback", anyone, "Where the sign-on provider sends people back", nil, nil, page, s.finishSignOn, []parameter{{name: "state", about: "of the attempt", required: true}, {name: "code", about: "of the provider"}, {name: "error", about: "of the provider, instead of a code"}}},
		{"GET", "/api/v1/me/signon", reader, "Who one is at the sign-on provider", nil, OwnIdentities{}, "", s.ownIdentities, nil},
		{"POST", "/api/v1/me/signon", reader, "Begins to bind one's account to the sign-on provider", nil, GoTo{}, "", s.beginBinding, nil},
		{"DELETE", "/api/v1/me/signon", reader, "Ends that one signs in by the provider, and takes the roles that followed from it", nil, Done{}, "", s.unbindOwn, nil},
		{"POST", "/api/v1/people/{person}/unbind", reader, "The same of a person whom one manages", nil, PersonInfo{}, "", s.unbindPerson, nil},
	}
}

var errNoSignOn = &aggregator.Error{Code: "not_found", Message: "No sign-on provider is set up here; sign in by password or link."}

// signOnName is what the provider is called; "": there is none.
func (s *Console) signOnName() string {
	if s.SignOn == nil {
		return ""
	}
	return s.SignOn.Name
}

func (s *Console) signInOptions(w http.ResponseWriter, _ *http.Request) error {
	return writeJSON(w, http.StatusOK, SignInOptions{s.signOnName()})
}

// signOut ends the session. A provider that is down keeps nobody signed in.
func (s *Console) signOut(w http.ResponseWriter, r *http.Request) error {
	to := "/"
	if c, err := r.Cookie(SessionCookie); err == nil {
		vouched, err := s.Identities.EndSession(r.Context(), c.Value)
		if err != nil {
			return err
		}
		if vouched && s.SignOn != nil {
			if out := s.SignOn.Provider.SignOut(); out != "" {
				to = out
			}
		}
	}
	s.setCookie(w, r, "", -1)
	return writeJSON(w, http.StatusOK, GoTo{to})
}

// attempt sends for the provider's address and binds the attempt to the browser.
func (s *Console) attempt(w http.ResponseWriter, r *http.Request, person int64) (string, error) {
	if s.SignOn == nil {
		return "", errNoSignOn
	}
	if err := s.wait(w, s.addresses.allow(s.visitor(r).Place, time.Now())); err != nil {
		return "", err
	}
	address, a, err := s.SignOn.Provider.Begin(r.Context())
	if err != nil {
		s.doors.count("signon", err)
		s.Log.Warn("the sign-on provider does not answer", "error", err)
		return "", err
	}
	secret, err := s.SignOns.BeginSignOn(r.Context(), settings.SignOnTry{State: a.State, Nonce: a.Nonce, Verifier: a.Verifier, Person: person})
	if err != nil {
		return "", err
	}
	s.setSignOnCookie(w, r, secret, 600)
	return address, nil
}

// setSignOnCookie comes along when the provider sends the browser back, hence Lax.
func (s *Console) setSignOnCookie(w http.ResponseWriter, r *http.Request, value string, maxAge int) {
	w.Header().Set("Cache-Control", "no-store")
	http.SetCookie(w, &http.Cookie{Name: signOnCookie, Value: value, Path: "/signon", MaxAge: maxAge, HttpOnly: true, Secure: s.overTLS(r), SameSite: http.SameSiteLaxMode})
}

func (s *Console) beginSignOn(w http.ResponseWriter, r *http.Request) error {
	address, err := s.attempt(w, r, 0)
	if err != nil {
		return s.signOnFailed(w, err)
	}
	http.Redirect(w, r, address, http.StatusSeeOther)
	return nil
}

func (s *Console) finishSignOn(w http.ResponseWriter, r *http.Request) error {
	if s.SignOn == nil {
		return s.signOnFailed(w, errNoSignOn)
	}
	session, to, err := s.takeSignOn(r)
	s.doors.count("signon", err)
	s.setSignOnCookie(w, r, "", -1)
	if err != nil {
		s.Log.Warn("a sign-on failed", "from", s.visitor(r).Place, "error", err)
		var fault *aggregator.Error
		if errors.As(err, &fault) && slices.Contains([]string{"signon_refused", "signon_unverified", "signon_ended"}, fault.Code) {
			if err := s.Identities.Note(r.Context(), settings.Principal{Name: settings.Stranger, Place: s.visitor(r).Place}, "sign_on_refused", "", fault.Code); err != nil {
				return err
			}
		}
		return s.signOnFailed(w, err)
	}
	if session != "" {
		s.setCookie(w, r, session, int(settings.SessionLife.Seconds()))
	}
	http.Redirect(w, r, to, http.StatusSeeOther)
	return nil
}

// takeSignOn makes a session of who came back, or binds them to who is signed in.
func (s *Console) takeSignOn(r *http.Request) (session, to string, err error) {
	secret := ""
	if c, err := r.Cookie(signOnCookie); err == nil {
		secret = c.Value
	}
	q := r.URL.Query()
	try, err := s.SignOns.TakeSignOn(r.Context(), secret, q.Get("state"))
	if err != nil {
		return "", "", err
	}
	if why := q.Get("error"); why != "" {
		return "", "", &aggregator.Error{Code: "signon_denied", Message: "The sign-on provider did not sign you in (" + clip(why) + ")."}
	}
	who, err := s.SignOn.Provider.Finish(r.Context(), signon.Attempt{State: try.State, Nonce: try.Nonce, Verifier: try.Verifier}, q.Get("code"))
	if err != nil {
		return "", "", err
	}
	on := settings.SignedOn{Issuer: who.Issuer, Subject: who.Subject, Username: who.Username, Display: who.Name, Create: s.SignOn.Create}
	if on.Username == "" {
		on.Username = who.Email
	}
	for _, role := range s.SignOn.Roles {
		if slices.Contains(who.Values, role.Value) {
			on.Roles = append(on.Roles, role.Permit)
		}
	}
	if try.Person == 0 {
		session, err = s.SignOns.SignOn(r.Context(), on, s.visitor(r))
		return session, "/", err
	}
	// Whoever began to bind must still be signed in here: the provider's word alone is
	// no leave to change an account.
	p, err := s.whoAsks(r)
	if err != nil {
		return "", "", err
	}
	if p.Person != try.Person || p.Needs != "" {
		return "", "", &aggregator.Error{Code: "signon_ended", Message: "Somebody else is signed in here now than who began this; begin again."}
	}
	return "", "/#/account", s.SignOns.BindSignOn(r.Context(), p, on)
}

// signOnWords say in Chinese what the refusals say in English.
var signOnWords = map[string]string{
	"signon_unavailable": "统一认证服务暂不可用，请用密码登录或稍后再试。",
	"signon_refused":     "统一认证返回的内容无法通过校验，未予登录。请重试；若反复出现，请联系管理员。",
	"signon_unverified":  "您在统一认证中的邮箱尚未验证，请先完成验证。",
	"signon_ended":       "此次登录已完成过、超时或来自其他浏览器，请重新开始。",
	"signon_denied":      "统一认证未予登录。",
	"signon_no_role":     "统一认证已确认您的身份，但您在此平台还没有任何权限，请联系管理员。",
	"signon_disabled":    "您在此平台的账户已停用，请联系管理您账户的人。",
	"conflict":           "该身份已绑定到另一账户，请先在那里解除。",
	"forbidden":          "此账户不能绑定。",
	"too_many_tries":     "尝试过于频繁，请稍候再试。",
	"not_found":          "本平台未设置统一认证，请用密码或链接登录。",
	"unauthorized":       "请先登录，再绑定统一认证。",
}

// signOnFailed is what a person sees who did not get in: they come from the provider, so
// JSON would not do. What is not meant for people goes the usual way.
func (s *Console) signOnFailed(w http.ResponseWriter, err error) error {
	var fault *aggregator.Error
	if !errors.As(err, &fault) {
		return err
	}
	status := statuses[fault.Code]
	if status == 0 || status == http.StatusUnauthorized {
		status = http.StatusForbidden
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(`<!doctype html><html lang="zh"><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>IPTV</title>
<p data-code="` + html.EscapeString(fault.Code) + `">` + html.EscapeString(signOnWords[fault.Code]) + `</p>
<p lang="en">` + html.EscapeString(fault.Message) + `</p>
<p><a href="/">首页 / Home</a></p></html>
`))
	return nil
}

func (s *Console) ownIdentities(w http.ResponseWriter, r *http.Request) error {
	a := OwnIdentities{SignOn: s.signOnName(), Identities: []OwnIdentity{}}
	if p := principal(r); p.By == "" {
		all, err := s.SignOns.Identities(r.Context(), p)
		if err != nil {
			return err
		}
		for _, one := range all {
			a.Identities = append(a.Identities, OwnIdentity(one))
		}
	}
	return writeJSON(w, http.StatusOK, a)
}

func (s *Console) beginBinding(w http.ResponseWriter, r *http.Request) error {
	p := principal(r)
	if p.Person == 0 {
		return &aggregator.Error{Code: "forbidden", Message: "Only somebody who signed in on the page has an account to bind."}
	}
	to, err := s.attempt(w, r, p.Person)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, GoTo{to})
}

func (s *Console) unbindOwn(w http.ResponseWriter, r *http.Request) error {
	return done(w, s.SignOns.Unbind(r.Context(), principal(r), ""))
}

func (s *Console) unbindPerson(w http.ResponseWriter, r *http.Request) error {
	name := r.PathValue("person")
	return s.answerPerson(w, r, name, s.SignOns.Unbind(r.Context(), principal(r), name))
}
