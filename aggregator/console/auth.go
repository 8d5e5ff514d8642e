package console

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"

	"iptvdc/aggregator"
	"iptvdc/aggregator/settings"
)

// SessionCookie is the cookie that holds the session's secret.
const SessionCookie = "iptv_session"

// principalKey is the context's key for who asks, scopeKey that for where a route's
// data sets are open to them.
type (
	principalKey struct{}
	scopeKey     struct{}
)

// principal returns who asks. Only routes with access reader or admin have one.
func principal(r *http.Request) settings.Principal {
	p, _ := r.Context().Value(principalKey{}).(settings.Principal) // absent: the zero Principal, which sees nothing
	return p
}

// scope returns where the data sets of a route are open to who asks. Only routes whose
// guard has data have one; of all others it is the zero Scope, which opens nothing.
func scope(r *http.Request) aggregator.Scope {
	where, _ := r.Context().Value(scopeKey{}).(aggregator.Scope)
	return where
}

// admit lets a request in or says why not; r then knows who asks, and where.
func (s *Console) admit(r **http.Request, rt *route) error {
	if rt.access == anyone {
		return nil
	}
	p, err := s.whoAsks(*r)
	if err != nil {
		return err
	}
	g := guards[rt.method+" "+rt.path] // none: of what is not there
	where := p.Grants.In(g.data...)
	switch method := (*r).Method; {
	case p.Needs == settings.NeedsCode && !g.early:
		return errNeedsCode
	case p.Needs != "" && !g.early:
		return errNeedsTOTP
	case rt.access == admin && !(p.Powers.Has(settings.Administer) && p.Grants.All()):
		return errForbidden
	case !p.Powers.Has(g.may):
		return errPowers(g.may &^ p.Powers)
	case p.By != "" && method != http.MethodGet && method != http.MethodHead && !g.reads:
		return errReadOnly
	case p.ReadOnly && method != http.MethodGet && method != http.MethodHead && !g.reads:
		return errReadingToken
	case len(g.data) > 0 && where.Empty():
		return notGranted(p, g.data)
	}
	ctx := context.WithValue((*r).Context(), principalKey{}, p)
	*r = (*r).WithContext(context.WithValue(ctx, scopeKey{}, where))
	return nil
}

// whoAsks looks up who holds a request's secret, and what they hold now.
func (s *Console) whoAsks(r *http.Request) (settings.Principal, error) {
	p, err := s.holder(r)
	p.Place = s.visitor(r).Place
	return p, err
}

// visitor is where a request came from: who is connected, or whom a trusted proxy says
// it speaks for.
func (s *Console) visitor(r *http.Request) settings.Visitor {
	place := host(r.RemoteAddr)
	if s.trusts(place) {
		// The list grows to the right; what stands left of the first that is not trusted
		// may have been made up.
		said := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
		for _, one := range slices.Backward(said) {
			next, err := netip.ParseAddr(host(strings.TrimSpace(one)))
			if err != nil {
				break
			}
			place = next.Unmap().String()
			if !s.trusts(place) {
				break
			}
		}
	}
	return settings.Visitor{Place: place, Agent: r.UserAgent()}
}

// host is an address without its port, if it has one.
func host(address string) string {
	if host, _, err := net.SplitHostPort(address); err == nil {
		return host
	}
	return strings.Trim(address, "[]")
}

// trusts reports whether an address is a trusted proxy's.
func (s *Console) trusts(place string) bool {
	at, err := netip.ParseAddr(place)
	return err == nil && slices.ContainsFunc(s.Proxies, func(p netip.Prefix) bool { return p.Contains(at.Unmap()) })
}

// overTLS reports whether a request came by TLS, to here or to a trusted proxy.
func (s *Console) overTLS(r *http.Request) bool {
	return r.TLS != nil || s.trusts(host(r.RemoteAddr)) && strings.EqualFold(r.Header.Get("X-Forwarded-Proto"), "https")
}

func (s *Console) holder(r *http.Request) (settings.Principal, error) {
	if header := r.Header.Get("Authorization"); header != "" {
		scheme, token, _ := strings.Cut(header, " ")
		if !strings.EqualFold(scheme, "Bearer") {
			return settings.Principal{}, errUnauthorized
		}
		p, err := s.Identities.ByToken(r.Context(), strings.TrimSpace(token))
		return p, unknown(err)
	}
	c, err := r.Cookie(SessionCookie)
	if err != nil {
		return settings.Principal{}, errUnauthorized
	}
	p, err := s.Identities.BySession(r.Context(), c.Value)
	return p, unknown(err)
}

// usedLink is what a person sees whose link does not work.
const usedLink = `<!doctype html><html lang="zh"><meta charset="utf-8"><title>IPTV</title>
<p>此登录链接已使用或已过期。请向管理您账户的人索取新链接；管理员在服务器上运行 <code>aggregator link --data DIR</code>。</p>
<p lang="en">This sign-in link was used before or is too old. Ask whoever manages your account for a new one; an administrator runs <code>aggregator link --data DIR</code> on the server.</p>
<p><a href="/">首页 / Home</a></p></html>
`

func (s *Console) login(w http.ResponseWriter, r *http.Request) error {
	session, err := s.Identities.Redeem(r.Context(), r.URL.Query().Get("key"), s.visitor(r))
	if errors.Is(err, settings.ErrUnknown) {
		if c, err := r.Cookie(SessionCookie); err == nil {
			// A link opened twice in one browser leads to the page again.
			if _, err := s.Identities.BySession(r.Context(), c.Value); err == nil {
				http.Redirect(w, r, "/", http.StatusSeeOther)
				return nil
			}
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Cache-Control", "no-store")
		w.WriteHeader(http.StatusUnauthorized)
		_, _ = w.Write([]byte(usedLink))
		return nil
	}
	if err != nil {
		return err
	}
	s.setCookie(w, r, session, int(settings.SessionLife.Seconds()))
	http.Redirect(w, r, "/", http.StatusSeeOther)
	return nil
}

func (s *Console) logout(w http.ResponseWriter, r *http.Request) error {
	if c, err := r.Cookie(SessionCookie); err == nil {
		if _, err := s.Identities.EndSession(r.Context(), c.Value); err != nil {
			return err
		}
	}
	s.setCookie(w, r, "", -1)
	http.Redirect(w, r, "/", http.StatusSeeOther)
	return nil
}

// setCookie is out of scripts' reach and never sent by other sites' requests
// that change something. Over plain HTTP it cannot be Secure: the program
// listens on the machine itself unless told otherwise.
func (s *Console) setCookie(w http.ResponseWriter, r *http.Request, value string, maxAge int) {
	w.Header().Set("Cache-Control", "no-store")
	http.SetCookie(w, &http.Cookie{
		Name: SessionCookie, Value: value, Path: "/", MaxAge: maxAge,
		HttpOnly: true, Secure: s.overTLS(r), SameSite: http.SameSiteLaxMode,
	})
}
