package post

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/smtp"
	"net/textproto"
	"strings"

	"iptvdc/aggregator"
)

// Security is how the connection to the mail server is kept from others.
type Security string

const (
	StartTLS Security = "starttls" // begins in the clear and must become TLS
	TLS      Security = "tls"      // TLS from the first byte, port 465
	None     Security = "none"     // for a server on the same machine
)

// SMTP is the mail server that takes what is sent. Without an Address no mail is.
type SMTP struct {
	Address  string // host:port
	Security Security
	User     string // "": without signing in
	Password string
	From     string // wang@example.cn
	Name     string // what senders are called
	// Roots are whom the server's certificate is checked against; nil: the system's.
	Roots *x509.CertPool
}

func (s *SMTP) check() error {
	if s.Address == "" {
		return nil
	}
	bad := func(format string, args ...any) error {
		return &aggregator.Error{Code: "bad_smtp", Message: fmt.Sprintf(format, args...)}
	}
	host, _, err := net.SplitHostPort(s.Address)
	switch {
	case err != nil || host == "":
		return bad("smtp.address: %q is no address; write host:port as mail.example.cn:587.", s.Address)
	case s.Security != StartTLS && s.Security != TLS && s.Security != None:
		return bad("smtp.security: %q; allowed: starttls, tls, none.", string(s.Security))
	case !address.MatchString(s.From):
		return bad("smtp.from: %q is no address of mail; write it as reports@example.cn.", s.From)
	case s.Security == None && s.User != "" && !local(host):
		return bad("smtp.security: none would show the password to everybody on the way; take starttls or tls.")
	}
	return nil
}

func local(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// mail hands a message to the mail server.
func (p *Post) mail(ctx context.Context, to string, m *Message) error {
	s := &p.config.SMTP
	if s.Address == "" {
		return fault(Refused, "no_smtp", "")
	}
	body, err := compose(s.From, s.Name, to, m, p.config.Now())
	if err != nil {
		return fault(Refused, "bad_way", err)
	}
	host, _, err := net.SplitHostPort(s.Address)
	if err != nil {
		return fault(Later, "smtp_connect", err)
	}
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", s.Address)
	if err != nil {
		return fault(Later, "smtp_connect", err)
	}
	// Nothing of a server that hangs outlasts the time that a message may take.
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	secure := &tls.Config{ServerName: host, RootCAs: s.Roots, MinVersion: tls.VersionTLS12}
	if s.Security == TLS {
		conn = tls.Client(conn, secure)
	}
	defer func() { _ = conn.Close() }()
	c, err := smtp.NewClient(conn, host)
	if err != nil {
		return fault(Later, "smtp_connect", err)
	}
	if err := c.Hello(s.From[strings.LastIndexByte(s.From, '@')+1:]); err != nil {
		return fault(Later, "smtp_connect", err)
	}
	if s.Security == StartTLS {
		if ok, _ := c.Extension("STARTTLS"); !ok {
			return fault(Later, "smtp_tls", "the server offers no STARTTLS")
		}
		if err := c.StartTLS(secure); err != nil {
			return fault(Later, "smtp_tls", err)
		}
	}
	if s.User != "" {
		if err := c.Auth(s.auth(c, host)); err != nil {
			return fault(Later, "smtp_auth", err)
		}
	}
	if err := c.Mail(s.From); err != nil {
		return answered(err)
	}
	if err := c.Rcpt(to); err != nil {
		return answered(err)
	}
	w, err := c.Data()
	if err != nil {
		return answered(err)
	}
	if _, err := w.Write(body); err != nil { // without its end the server takes nothing
		return fault(Later, "smtp_later", err)
	}
	if err := w.Close(); err != nil {
		var said *textproto.Error
		if !errors.As(err, &said) { // the end was sent, and no answer came
			return fault(Unsure, "smtp_unsure", err)
		}
		return answered(err)
	}
	_ = c.Quit() // it was taken; how the server says goodbye changes nothing
	return nil
}

// answered tells a refusal for good from one for now.
func answered(err error) *Error {
	var said *textproto.Error
	if errors.As(err, &said) && said.Code >= 500 {
		return fault(Refused, "smtp_refused", err)
	}
	return fault(Later, "smtp_later", err)
}

// auth takes PLAIN, or LOGIN of servers that know nothing else.
func (s *SMTP) auth(c *smtp.Client, host string) smtp.Auth {
	if _, ways := c.Extension("AUTH"); !strings.Contains(" "+strings.ToUpper(ways)+" ", " PLAIN ") && strings.Contains(strings.ToUpper(ways), "LOGIN") {
		return &loginAuth{s.User, s.Password}
	}
	return smtp.PlainAuth("", s.User, s.Password, host)
}

// loginAuth is AUTH LOGIN: the server asks for the name, then for the password.
type loginAuth struct{ user, password string }

func (a *loginAuth) Start(server *smtp.ServerInfo) (string, []byte, error) {
	if !server.TLS && !local(server.Name) {
		return "", nil, errors.New("the connection is not encrypted")
	}
	return "LOGIN", nil, nil
}

func (a *loginAuth) Next(asked []byte, more bool) ([]byte, error) {
	if !more {
		return nil, nil
	}
	switch strings.ToLower(strings.TrimSuffix(string(asked), ":")) {
	case "username", "user name", "user":
		return []byte(a.user), nil
	case "password":
		return []byte(a.password), nil
	}
	return nil, fmt.Errorf("the server asks for %q", oneLine(string(asked)))
}
