package localapi

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"iptvdc/protocol"
)

// hostAllowed guards against DNS rebinding. Callers of the Unix socket have
// passed the file's permissions.
func (a *API) hostAllowed(r *http.Request) bool {
	if addr, ok := r.Context().Value(http.LocalAddrContextKey).(net.Addr); ok && addr.Network() == "unix" {
		return true
	}
	host := r.Host
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	host = strings.Trim(host, "[]")
	return host == "127.0.0.1" || host == "localhost" || host == "::1" || slices.Contains(a.cfg.Hosts, host)
}

// pageOrigin reports whether a page called, and whose. Only pages ask for the
// image, so one that hides where it is from is not taken for a program.
func pageOrigin(r *http.Request) (origin string, page bool) {
	if o := r.Header.Get("Origin"); o != "" {
		return o, true
	}
	ref := r.Header.Get("Referer")
	if ref == "" {
		return "null", r.URL.Path == gifPath
	}
	u, err := url.Parse(ref)
	if err != nil || u.Host == "" {
		return ref, true
	}
	return u.Scheme + "://" + u.Host, true
}

// bodyLimit is how many bytes a caller may send at a time.
func (a *API) bodyLimit(page bool) int {
	if page {
		return protocol.MaxLocalRequest
	}
	return a.cfg.NativeBytes
}

// body reads the request's body; false: it has been refused.
func (a *API) body(w http.ResponseWriter, r *http.Request, page bool) ([]byte, bool) {
	limit := a.bodyLimit(page)
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, int64(limit)))
	if err == nil {
		return body, true
	}
	if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
		a.refuse(w, &refusal{status: 413, Code: "too_large", Field: "body", count: &a.tooLarge,
			Message: fmt.Sprintf("more than %d bytes; send it in several requests", limit)})
	} else {
		a.refuse(w, &refusal{status: 400, Code: "cut_off", Field: "body", count: &a.other, Message: "the request ended early"})
	}
	return nil, false
}

// take counts the request against its caller's rate; false: it has been refused.
func (a *API) take(w http.ResponseWriter, r *http.Request, page bool) bool {
	rate, perSecond := &a.native, a.cfg.NativeRate
	if page {
		rate, perSecond = &a.pages, a.cfg.PageRate
	}
	if rate.take(time.Now()) {
		return true
	}
	a.cfg.Recorder.Drop(0, protocol.ReasonRateLimit, 1)
	w.Header().Set("Retry-After", "1")
	a.refuse(w, &refusal{status: 429, Code: "too_many", Field: "rate", count: &a.tooMany,
		Message: fmt.Sprintf("more than %d requests a second", perSecond)})
	return false
}
