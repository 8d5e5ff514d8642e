package fetch

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"net"
	"net/textproto"
	"strings"
	"syscall"
	"unicode"

	"github.com/pkg/sftp"
)

// Codes of errors.
const (
	CodeURL       = "bad_url"           // no URL, or one of a scheme that is not known
	CodeForbidden = "forbidden_address" // outside the allow-list; nothing was sent there
	CodeRedirect  = "redirect"          // too many, or from https to http
	CodeHostKey   = "host_key"          // an SFTP server whose key is not configured, or another than is
	CodeConnect   = "connect"           // no address, or nobody answers
	CodeLogin     = "login"             // the server does not take the credentials
	CodeNotFound  = "not_found"         // there is no such file
	CodeTooLarge  = "too_large"         // more than MaxBytes
	CodeTruncated = "truncated"         // the connection ended in the middle
	CodeTimeout   = "timeout"           // Timeout or IdleTimeout passed
	CodeRemote    = "remote"            // the server says no, or what cannot be understood
	CodeWrite     = "write"             // the caller's writer failed
	CodeCancelled = "cancelled"         // the caller's context ended
)

// Error says why a file could not be got. It holds no secret: URL is masked,
// and what a server or library said is kept as text, cleaned of every form of
// the password, never as a cause to unwrap. Only the caller's own errors, of
// its writer and its context, can be unwrapped.
type Error struct {
	Code string
	URL  string // masked
	Text string
	own  error
}

func (e *Error) Error() string {
	if e.URL == "" {
		return "fetch: " + e.Text
	}
	return "fetch " + e.URL + ": " + e.Text
}

// Unwrap returns the error of the caller's writer or context, or nil.
func (e *Error) Unwrap() error { return e.own }

// Temporary reports whether the same URL may work later with nothing changed.
func (e *Error) Temporary() bool {
	switch e.Code {
	case CodeConnect, CodeTruncated, CodeTimeout, CodeRemote, CodeWrite, CodeCancelled, CodeNotFound:
		return true // a file may be named before it lies there
	}
	return false
}

// secrets are words that are struck from texts.
type secrets []string

func (s *secrets) add(words ...string) {
	for _, w := range words {
		if w != "" {
			*s = append(*s, w)
		}
	}
}

// scrub makes text from outside one short readable line without the secrets. A
// secret too short to be struck out hides the whole text.
func (s secrets) scrub(text string) string {
	for _, w := range s {
		if !strings.Contains(text, w) {
			continue
		}
		if len(w) < 4 {
			return "(what it said is not shown: it holds the password)"
		}
		text = strings.ReplaceAll(text, w, mask)
	}
	return clip(text)
}

const maxText = 600 // of what an error says

// clip makes one readable line of text from outside.
func clip(text string) string {
	text = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(text, "?"))
	if len(text) > maxText {
		text = strings.ToValidUTF8(text[:maxText], "") + "…"
	}
	return text
}

var errTimeout = errors.New("fetch: the total time limit")

// explain is the one place where a failure becomes an Error.
func explain(ctx context.Context, u *parts, s secrets, to *sink, err error) *Error {
	e := &Error{URL: clip(u.masked)}
	var (
		ours     *Error
		reply    *textproto.Error
		timeout  net.Error
		dialling *net.OpError
		lookup   *net.DNSError
	)
	say := func(code, text string) *Error { e.Code, e.Text = code, text; return e }
	switch {
	case to != nil && to.failed != nil:
		e.own = to.failed
		return say(CodeWrite, "writing what came: "+s.scrub(to.failed.Error()))
	case to != nil && to.over:
		return say(CodeTooLarge, "larger than the limit of "+bytesText(to.limit))
	case context.Cause(ctx) == errTimeout:
		return say(CodeTimeout, "took longer than the total limit")
	case ctx.Err() != nil:
		e.own = ctx.Err()
		return say(CodeCancelled, "given up: "+ctx.Err().Error())
	case errors.As(err, &ours):
		return say(ours.Code, s.scrub(ours.Text))
	case errors.As(err, &reply):
		text := "the server answers " + s.scrub(reply.Error())
		switch reply.Code {
		case 530, 332, 331, 430:
			return say(CodeLogin, text)
		case 550, 553:
			return say(CodeNotFound, text)
		}
		return say(CodeRemote, text)
	case errors.Is(err, fs.ErrNotExist):
		return say(CodeNotFound, "there is no such file")
	case errors.Is(err, fs.ErrPermission):
		return say(CodeRemote, "the server permits no reading")
	case errors.As(err, &lookup):
		return say(CodeConnect, "the host's name has no address")
	case errors.As(err, &timeout) && timeout.Timeout():
		return say(CodeTimeout, "nothing came within the idle limit")
	case errors.As(err, &dialling) && dialling.Op == "dial":
		return say(CodeConnect, "nobody answers: "+s.scrub(dialling.Err.Error()))
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF), errors.Is(err, net.ErrClosed), errors.Is(err, sftp.ErrSSHFxConnectionLost),
		errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return say(CodeTruncated, "the connection ended in the middle")
	}
	return say(CodeRemote, s.scrub(err.Error()))
}
