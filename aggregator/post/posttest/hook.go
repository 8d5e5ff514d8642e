package posttest

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"
)

// Call is one that a webhook got.
type Call struct {
	Path   string
	Query  url.Values
	Header http.Header
	Body   []byte
}

// Hook takes webhooks. Answer, if set before the first call, answers one; else it is
// told what WeCom and DingTalk say when they took it.
type Hook struct {
	URL    string
	Answer func(c *Call) (status int, body string)

	mu    sync.Mutex
	calls []Call
}

// NewHook starts one that ends with the test.
func NewHook(t testing.TB) *Hook {
	t.Helper()
	h := &Hook{}
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	h.URL = server.URL
	return h
}

// ServeHTTP implements http.Handler.
func (h *Hook) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	c := Call{r.URL.Path, r.URL.Query(), r.Header, body}
	status, answer := http.StatusOK, `{"errcode":0,"errmsg":"ok","media_id":"m1"}`
	if h.Answer != nil {
		status, answer = h.Answer(&c)
	}
	h.mu.Lock()
	h.calls = append(h.calls, c)
	h.mu.Unlock()
	w.WriteHeader(status)
	_, _ = io.WriteString(w, answer) // who hung up reads nothing
}

// Calls are all that came.
func (h *Hook) Calls() []Call {
	h.mu.Lock()
	defer h.mu.Unlock()
	return append([]Call(nil), h.calls...)
}
