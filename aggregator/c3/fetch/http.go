package fetch

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// web makes HTTP requests over checked connections only. It follows no
// redirect by itself, uses no proxy and keeps no connection.
type web struct{ client *http.Client }

func newWeb(f *Fetcher) *web {
	return &web{&http.Client{
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			DialContext: func(ctx context.Context, _, address string) (net.Conn, error) {
				host, port, err := net.SplitHostPort(address)
				if err != nil {
					return nil, err
				}
				n, err := strconv.ParseUint(port, 10, 16)
				if err != nil {
					return nil, err
				}
				c, err := f.dial(ctx, host, uint16(n))
				if err != nil {
					return nil, err // not a *conn that is nil
				}
				return c, nil
			},
			TLSClientConfig:        &tls.Config{RootCAs: f.cfg.RootCAs},
			TLSHandshakeTimeout:    f.cfg.IdleTimeout,
			DisableKeepAlives:      true,
			DisableCompression:     true, // the limit is of what is written
			MaxResponseHeaderBytes: 64 << 10,
		},
	}}
}

// do sends one request, with the URL's credentials.
func (w *web) do(ctx context.Context, method string, u *parts, header http.Header, body io.Reader) (*http.Response, error) {
	r, err := http.NewRequestWithContext(ctx, method, "http://unset.invalid/", body)
	if err != nil {
		return nil, err
	}
	r.URL = u.request()
	r.Host = r.URL.Host
	for name, values := range header {
		r.Header[name] = values
	}
	r.Header.Set("User-Agent", "iptvdc")
	if u.hasUser {
		r.SetBasicAuth(u.user, u.pass)
	}
	answer, err := w.client.Do(r)
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		return nil, wrapped.Err // without the URL
	}
	return answer, err
}

func (f *Fetcher) http(ctx context.Context, u *parts, s *secrets, to *sink) error {
	spellings := []*parts{u}
	if path, ok := gbk(u.path); ok {
		other := *u
		other.path = path
		spellings = append(spellings, &other)
	}
	var failed error
	for _, u := range spellings {
		again, err := f.get(ctx, u, s, to)
		if !again {
			return err
		}
		failed = err
	}
	return failed
}

// get fetches one spelling of the URL, through redirects. again: there is no
// such file, nothing was written.
func (f *Fetcher) get(ctx context.Context, u *parts, s *secrets, to *sink) (again bool, err error) {
	for hops := 0; ; hops++ {
		answer, err := f.web.do(ctx, http.MethodGet, u, nil, nil)
		if err != nil {
			return false, err
		}
		switch code := answer.StatusCode; {
		case code == http.StatusOK:
			defer answer.Body.Close()
			if err := to.announced(answer.ContentLength); err != nil {
				return false, err
			}
			if _, err := io.Copy(to, answer.Body); err != nil {
				return false, err
			}
			return false, to.whole(answer.ContentLength)
		case code == 301 || code == 302 || code == 303 || code == 307 || code == 308:
			_ = answer.Body.Close()
			if hops >= f.cfg.Redirects {
				return false, &Error{Code: CodeRedirect, Text: fmt.Sprintf("it redirects more than %d times", f.cfg.Redirects)}
			}
			if u, err = u.redirected(answer.Header.Get("Location")); err != nil {
				return false, err
			}
			*s = append(*s, u.secrets()...)
		default:
			_ = answer.Body.Close()
			text := "the server answers " + strconv.Itoa(code) + " " + http.StatusText(code)
			switch code {
			case http.StatusNotFound, http.StatusGone:
				return true, &Error{Code: CodeNotFound, Text: text}
			case http.StatusUnauthorized, http.StatusForbidden:
				return false, &Error{Code: CodeLogin, Text: text}
			}
			return false, &Error{Code: CodeRemote, Text: text}
		}
	}
}

// redirected is where a Location leads. Credentials go along only to the very
// same scheme, host and port.
func (p *parts) redirected(location string) (*parts, error) {
	full := location
	switch {
	case strings.HasPrefix(location, "//"):
		full = p.scheme + ":" + location
	case strings.HasPrefix(location, "/"):
		full = p.scheme + "://" + p.hostPort() + location
	case !strings.Contains(location, "://"):
		base, _, _ := strings.Cut(p.path, "?")
		full = p.scheme + "://" + p.hostPort() + base[:strings.LastIndexByte(base, '/')+1] + location
	}
	next, err := ParseURL(full)
	if err != nil {
		return nil, &Error{Code: CodeRedirect, Text: "it redirects to what is no URL of a file"}
	}
	to := next.parts()
	switch {
	case to.scheme != "http" && to.scheme != "https":
		return nil, &Error{Code: CodeRedirect, Text: "it redirects to " + to.scheme}
	case p.scheme == "https" && to.scheme == "http":
		return nil, &Error{Code: CodeRedirect, Text: "it redirects from https to http"}
	}
	if !to.hasUser && to.scheme == p.scheme && to.host == p.host && to.port == p.port {
		to.user, to.pass, to.hasUser = p.user, p.pass, p.hasUser
	}
	return to, nil
}

// Answer is what a server answered to a Post.
type Answer struct {
	Status     int
	RetryAfter time.Duration // 0: it named none
	Body       []byte        // at most maxAnswer bytes
}

const maxAnswer = 64 << 10

// Post sends body to u, http or https, under the same allow-list as Fetch, and
// follows no redirect. Any status is an Answer; every error is an *Error.
func (f *Fetcher) Post(ctx context.Context, u URL, header http.Header, body []byte) (Answer, error) {
	p := u.parts()
	if p == nil || p.scheme != "http" && p.scheme != "https" {
		f.stats.postsFailed.Add(1)
		return Answer{}, &Error{Code: CodeURL, URL: u.String(), Text: "a message goes to http or https"}
	}
	ctx, cancel := context.WithTimeoutCause(ctx, f.cfg.PostTimeout, errTimeout)
	defer cancel()
	a, err := f.post(ctx, p, header, body)
	if err != nil {
		f.stats.postsFailed.Add(1)
		return Answer{}, explain(ctx, p, p.secrets(), nil, err)
	}
	f.stats.posted.Add(1)
	return a, nil
}

func (f *Fetcher) post(ctx context.Context, u *parts, header http.Header, body []byte) (Answer, error) {
	answer, err := f.web.do(ctx, http.MethodPost, u, header, bytes.NewReader(body))
	if err != nil {
		return Answer{}, err
	}
	defer answer.Body.Close()
	a := Answer{Status: answer.StatusCode}
	if s, err := strconv.ParseUint(answer.Header.Get("Retry-After"), 10, 31); err == nil {
		a.RetryAfter = time.Duration(s) * time.Second
	}
	a.Body, err = io.ReadAll(io.LimitReader(answer.Body, maxAnswer))
	return a, err
}
