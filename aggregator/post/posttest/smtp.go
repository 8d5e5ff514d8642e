// Package posttest has the other sides for tests: a mail server on loopback that speaks
// SMTP, with or without TLS, and a server that takes webhooks. Both keep what they took
// and fail when told to.
package posttest

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net"
	"net/http/httptest"
	"net/mail"
	"net/textproto"
	"strings"
	"sync"
	"testing"
)

// Mail is one that the server took.
type Mail struct {
	From, To string
	Raw      []byte
	Header   mail.Header
	Text     string
	HTML     string
	Files    map[string][]byte
}

// Subject is decoded.
func (m *Mail) Subject() string {
	text, err := new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject"))
	if err != nil {
		return err.Error()
	}
	return text
}

// SMTP is a mail server. Its fields are set by Set, before the first connection.
type SMTP struct {
	Address string
	Roots   *x509.CertPool
	// TLS from the first byte, else STARTTLS is offered, unless Plain.
	TLS, Plain bool
	// User and Password must be shown, if set; LoginOnly: by AUTH LOGIN.
	User, Password string
	LoginOnly      bool
	// Answer, if set, may answer a command ("RCPT", ".", ...) otherwise than with
	// success; "drop" hangs up without an answer.
	Answer func(command string) string

	t        testing.TB
	listener net.Listener
	secure   *tls.Config
	mu       sync.Mutex
	mails    []*Mail
	tries    int
	running  sync.WaitGroup
}

// NewSMTP starts one that ends with the test.
func NewSMTP(t testing.TB) *SMTP {
	t.Helper()
	web := httptest.NewTLSServer(nil) // for its certificate, which is for 127.0.0.1
	web.Close()
	s := &SMTP{t: t, Roots: x509.NewCertPool(), secure: &tls.Config{Certificates: web.TLS.Certificates}}
	s.Roots.AddCert(web.Certificate())
	var err error
	if s.listener, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	s.Address = s.listener.Addr().String()
	s.running.Go(s.serve)
	t.Cleanup(func() { _ = s.listener.Close(); s.running.Wait() })
	return s
}

// Set changes how it behaves from the next connection on.
func (s *SMTP) Set(change func(*SMTP)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(s)
}

// Mails are all that were taken.
func (s *SMTP) Mails() []*Mail {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]*Mail(nil), s.mails...)
}

// Tries is how often somebody connected.
func (s *SMTP) Tries() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.tries
}

func (s *SMTP) serve() {
	for {
		conn, err := s.listener.Accept()
		if err != nil {
			return
		}
		s.mu.Lock()
		s.tries++
		s.mu.Unlock()
		s.running.Go(func() { s.session(conn) })
	}
}

func (s *SMTP) session(conn net.Conn) {
	defer func() { _ = conn.Close() }()
	encrypted := s.TLS
	if s.TLS {
		conn = tls.Server(conn, s.secure)
	}
	c := textproto.NewConn(conn)
	say := func(command, text string) bool {
		if s.Answer != nil {
			if other := s.Answer(command); other == "drop" {
				return false
			} else if other != "" {
				text = other
			}
		}
		return c.PrintfLine("%s", text) == nil
	}
	if !say("", "220 posttest") {
		return
	}
	var m Mail
	signed := s.User == ""
	for {
		line, err := c.ReadLine()
		if err != nil {
			return
		}
		verb, rest, _ := strings.Cut(line, " ")
		ok := true
		switch verb = strings.ToUpper(verb); verb {
		case "EHLO":
			ways := "250-posttest\r\n250-8BITMIME"
			if !encrypted && !s.Plain {
				ways += "\r\n250-STARTTLS"
			}
			if s.User != "" && s.LoginOnly {
				ways += "\r\n250-AUTH LOGIN"
			} else if s.User != "" {
				ways += "\r\n250-AUTH PLAIN LOGIN"
			}
			ok = say(verb, ways+"\r\n250 OK")
		case "STARTTLS":
			if !say(verb, "220 go on") {
				return
			}
			conn = tls.Server(conn, s.secure)
			encrypted = true
			c = textproto.NewConn(conn)
		case "AUTH":
			signed = s.signIn(c, rest)
			if signed {
				ok = say(verb, "235 welcome")
			} else {
				ok = say(verb, "535 no such user or password")
			}
		case "MAIL":
			if !signed {
				ok = say(verb, "530 sign in first")
				break
			}
			m = Mail{From: between(rest)}
			ok = say(verb, "250 OK")
		case "RCPT":
			m.To = between(rest)
			ok = say(verb, "250 OK")
		case "DATA":
			if !say(verb, "354 go on") {
				return
			}
			if m.Raw, err = io.ReadAll(c.DotReader()); err != nil {
				return
			}
			if s.Answer != nil {
				if other := s.Answer("."); other != "" && other != "take-drop" {
					if other == "drop" || c.PrintfLine("%s", other) != nil {
						return
					}
					break
				} else if other == "take-drop" {
					s.keep(&m)
					return
				}
			}
			s.keep(&m)
			ok = c.PrintfLine("250 taken") == nil
		case "QUIT":
			say(verb, "221 goodbye")
			return
		default:
			ok = say(verb, "500 what")
		}
		if !ok {
			return
		}
	}
}

func between(text string) string {
	_, text, _ = strings.Cut(text, "<")
	text, _, _ = strings.Cut(text, ">")
	return text
}

func (s *SMTP) signIn(c *textproto.Conn, how string) bool {
	way, first, _ := strings.Cut(how, " ")
	ask := func(text string) string {
		if c.PrintfLine("334 %s", base64.StdEncoding.EncodeToString([]byte(text))) != nil {
			return ""
		}
		line, err := c.ReadLine()
		if err != nil {
			return ""
		}
		return decode(line)
	}
	if way == "PLAIN" && !s.LoginOnly {
		return decode(first) == "\x00"+s.User+"\x00"+s.Password
	}
	return way == "LOGIN" && ask("Username:") == s.User && ask("Password:") == s.Password
}

func decode(text string) string {
	b, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return ""
	}
	return string(b)
}

func (s *SMTP) keep(m *Mail) {
	kept := *m
	if err := kept.read(); err != nil {
		s.t.Errorf("a mail that cannot be read: %v\n%s", err, m.Raw)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mails = append(s.mails, &kept)
}

// read takes a mail apart.
func (m *Mail) read() error {
	msg, err := mail.ReadMessage(bufio.NewReader(bytes.NewReader(m.Raw)))
	if err != nil {
		return err
	}
	m.Header, m.Files = msg.Header, map[string][]byte{}
	return m.parts(msg.Header.Get("Content-Type"), msg.Body)
}

func (m *Mail) parts(media string, body io.Reader) error {
	kind, parameters, err := mime.ParseMediaType(media)
	if err != nil {
		return err
	}
	if !strings.HasPrefix(kind, "multipart/") {
		return fmt.Errorf("%s is not multipart", kind)
	}
	r := multipart.NewReader(body, parameters["boundary"])
	for {
		p, err := r.NextPart()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		media := p.Header.Get("Content-Type")
		if strings.HasPrefix(media, "multipart/") {
			if err := m.parts(media, p); err != nil {
				return err
			}
			continue
		}
		b, err := io.ReadAll(base64.NewDecoder(base64.StdEncoding, p))
		if err != nil {
			return err
		}
		switch name := p.FileName(); {
		case name != "":
			m.Files[name] = b
		case strings.HasPrefix(media, "text/html"):
			m.HTML = string(b)
		default:
			m.Text = string(b)
		}
	}
}
