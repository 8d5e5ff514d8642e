package post

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"mime"
	"mime/multipart"
	"net/textproto"
	"strings"
	"time"
)

// header makes a text fit for a line of a message's head: no control letter can end the
// line and begin another, what is not ASCII is encoded.
func header(text string) string {
	runes := []rune(oneLine(text))
	return mime.BEncoding.Encode("utf-8", string(runes[:min(len(runes), 150)]))
}

// compose writes a message as mail programs read it (RFC 5322, MIME).
func compose(from, name, to string, m *Message, now time.Time) ([]byte, error) {
	var b bytes.Buffer
	line := func(name, value string) { fmt.Fprintf(&b, "%s: %s\r\n", name, value) }
	sender := "<" + from + ">"
	if name != "" {
		sender = header(name) + " " + sender
		if encoded := header(name); encoded == name { // plain words need quotes for what is special in them
			sender = `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(name) + `" <` + from + ">"
		}
	}
	line("From", sender)
	line("To", "<"+to+">")
	line("Subject", header(m.Subject))
	line("Date", now.Format(time.RFC1123Z))
	line("Message-ID", "<"+idOf(m.ID)+from[strings.LastIndexByte(from, '@'):]+">")
	line("MIME-Version", "1.0")
	line("Auto-Submitted", "auto-generated") // no answers of absence
	mixed := multipart.NewWriter(&b)
	line("Content-Type", "multipart/mixed; boundary="+mixed.Boundary())
	b.WriteString("\r\n")
	var inner bytes.Buffer
	either := multipart.NewWriter(&inner)
	if err := part(either, "text/plain; charset=utf-8", "", []byte(m.Text)); err != nil {
		return nil, err
	}
	if m.HTML != "" {
		if err := part(either, "text/html; charset=utf-8", "", []byte(m.HTML)); err != nil {
			return nil, err
		}
	}
	if err := either.Close(); err != nil {
		return nil, err
	}
	w, err := mixed.CreatePart(textproto.MIMEHeader{"Content-Type": {"multipart/alternative; boundary=" + either.Boundary()}})
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(inner.Bytes()); err != nil {
		return nil, err
	}
	for _, f := range m.Files {
		if err := part(mixed, f.Media, f.Name, f.Bytes); err != nil {
			return nil, err
		}
	}
	if err := mixed.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// idOf keeps of an id what may stand in one.
func idOf(id string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '.' || r == '-' {
			return r
		}
		return '-'
	}, id)
}

// part writes one part in base64, whose lines no server breaks.
func part(w *multipart.Writer, media, name string, body []byte) error {
	h := textproto.MIMEHeader{"Content-Type": {media}, "Content-Transfer-Encoding": {"base64"}}
	if name != "" {
		name = oneLine(name)
		// The one form is for programs that know RFC 2231, the other for those that do not.
		h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": name}))
		h.Set("Content-Type", media+`; name="`+header(strings.Map(withoutQuotes, name))+`"`)
	}
	p, err := w.CreatePart(h)
	if err != nil {
		return err
	}
	const perLine = 57 // bytes that make 76 letters
	for ; len(body) > 0; body = body[min(perLine, len(body)):] {
		if _, err := fmt.Fprintf(p, "%s\r\n", base64.StdEncoding.EncodeToString(body[:min(perLine, len(body))])); err != nil {
			return err
		}
	}
	return nil
}

func withoutQuotes(r rune) rune {
	if r == '"' || r == '\\' {
		return '\''
	}
	return r
}
