package console

import (
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"iptvdc/aggregator"
	"iptvdc/aggregator/settings"
)

// errPanic stands for a panic that was caught; it has been logged.
var errPanic = errors.New("console: a request panicked")

var (
	errUnauthorized = &aggregator.Error{Code: "unauthorized", Message: "Sign in on the page or with a one-time link (aggregator link), or send an API token (aggregator token) as Authorization: Bearer TOKEN."}
	errForbidden    = &aggregator.Error{Code: "forbidden", Message: "Only an administrator of all provinces may ask this (aggregator token, without --province)."}
	errNeedsCode    = &aggregator.Error{Code: "needs_code", Message: "Your sign-in is not complete: give the code of your authenticator, or a recovery code (POST /api/v1/signin/code)."}
	errNeedsTOTP    = &aggregator.Error{Code: "needs_totp", Message: "Administrators must set up a second factor first (POST /api/v1/me/totp)."}
	errTooLong      = &aggregator.Error{Code: "timeout", Message: "The answer took too long; ask for a shorter time or fewer groups."}
	errReadingToken = &aggregator.Error{Code: "read_only", Message: "A token made on the page reads and changes nothing; do this on the page."}
	errReadOnly     = &aggregator.Error{Code: "read_only", Message: "You look through somebody else's eyes and change nothing; end that first."}
)

func errPowers(missing settings.Powers) error {
	return &aggregator.Error{Code: "forbidden", Message: "This takes what you may not do: " + strings.Join(missing.Names(), ", ") + ". Whoever manages your account can let you."}
}

// statuses of errors that are not the request's content; every other
// *aggregator.Error is 400.
var statuses = map[string]int{
	"unauthorized":    http.StatusUnauthorized,
	"sign_in_refused": http.StatusUnauthorized,
	"token_expired":   http.StatusUnauthorized,
	"code_refused":    http.StatusUnauthorized,
	"bad_link":        http.StatusNotFound, "link_expired": http.StatusGone, "link_revoked": http.StatusGone, "link_dead": http.StatusGone,
	"links_forbidden": http.StatusForbidden, "link_needs_password": http.StatusForbidden, "link_password_refused": http.StatusForbidden,
	"bad_ticket": http.StatusForbidden, "not_shared": http.StatusForbidden, "embed_token_expired": http.StatusGone, "embed_token_used": http.StatusGone, "bad_embed_token": http.StatusForbidden,
	"signon_unavailable": http.StatusServiceUnavailable, "signon_refused": http.StatusForbidden, "signon_unverified": http.StatusForbidden, "signon_ended": http.StatusForbidden,
	"signon_denied": http.StatusForbidden, "signon_no_role": http.StatusForbidden, "signon_disabled": http.StatusForbidden,
	"forbidden":      http.StatusForbidden,
	"not_granted":    http.StatusForbidden,
	"needs_code":     http.StatusForbidden,
	"needs_totp":     http.StatusForbidden,
	"read_only":      http.StatusForbidden,
	"name_taken":     http.StatusConflict,
	"too_many_tries": http.StatusTooManyRequests,
	"cross_origin":   http.StatusForbidden,
	"not_found":      http.StatusNotFound,
	"conflict":       http.StatusConflict,
	"too_large":      http.StatusUnprocessableEntity,
	"body_too_large": http.StatusRequestEntityTooLarge,
	"busy":           http.StatusConflict,
	"timeout":        http.StatusGatewayTimeout,
}

// errorBody is every error's JSON.
type errorBody struct {
	Error errorText `json:"error"`
}

type errorText struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

// fail is the one place where an error becomes an answer, in the language of who asks.
// What is not meant for people is logged, once, and reads "internal error".
func (s *Console) fail(w *response, r *http.Request, err error) {
	var fault *aggregator.Error
	status := http.StatusBadRequest
	switch {
	case errors.As(err, &fault):
		if code, ok := statuses[fault.Code]; ok {
			status = code
		}
	case r.Context().Err() != nil:
		return // nobody is there to read it
	case errors.Is(err, context.DeadlineExceeded):
		status = http.StatusGatewayTimeout
		fault = errTooLong
	default:
		status = http.StatusInternalServerError
		fault = &aggregator.Error{Code: "internal", Message: "Internal error; the server's log says more."}
		if err != errPanic {
			s.Log.Error("a request failed", "method", r.Method, "path", clip(r.URL.Path), "error", err)
		}
	}
	if w.status != 0 {
		return // the answer is under way; it ends here
	}
	if status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", "Bearer")
	}
	h := w.Header()
	h.Add("Vary", "Accept-Language")
	language, message := "en", fault.Message
	if wantsChinese(r) {
		if zh, ok := s.speaker.chinese(message); ok {
			language, message = "zh-CN", zh
		}
	}
	h.Set("Content-Language", language)
	_ = writeJSON(w, status, errorBody{errorText{fault.Code, message}})
}

// writeJSON answers with v. An error of the connection is returned for form:
// nobody is there to be told.
func writeJSON(w http.ResponseWriter, status int, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return writeBytes(w, status, b)
}

func writeBytes(w http.ResponseWriter, status int, b []byte) error {
	b = append(b[:len(b):len(b)], '\n')
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "no-store")
	if to, ok := w.(*response); ok && len(b) >= packFrom {
		h.Add("Vary", "Accept-Encoding")
		if to.packs {
			var err error
			if b, err = pack(b, gzip.BestSpeed); err != nil {
				return err
			}
			h.Set("Content-Encoding", "gzip")
		}
	}
	w.WriteHeader(status)
	if _, err := w.Write(b); err != nil {
		return nil // the reader went away
	}
	return nil
}

// packFrom is from how many bytes on an answer is packed for whoever takes that: less
// fits into a few packets anyway, and nothing that short and secret is told apart by its
// packed length.
const packFrom = 8 << 10

// unknown turns a secret that is not valid into the answer for it.
func unknown(err error) error {
	if errors.Is(err, settings.ErrUnknown) {
		return errUnauthorized
	}
	return err
}

// clip cuts text from outside to a readable length.
func clip(s string) string {
	if len(s) > 80 {
		return strings.ToValidUTF8(s[:80], "") + "…"
	}
	return s
}
