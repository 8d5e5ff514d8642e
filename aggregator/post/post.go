// Package post brings messages to people: by mail over SMTP, into chats by the webhooks
// of WeCom (企业微信), DingTalk (钉钉) and Feishu (飞书), and to programs as JSON. It
// knows nothing of what it carries, decides nothing about when, and keeps nothing.
package post

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"time"

	"iptvdc/aggregator"
)

// Kind is how a message goes.
type Kind string

const (
	Mail     Kind = "mail"
	WeCom    Kind = "wecom"
	DingTalk Kind = "dingtalk"
	Feishu   Kind = "feishu"
	JSON     Kind = "json"
)

// Kinds lists every kind.
func Kinds() []Kind { return []Kind{Mail, WeCom, DingTalk, Feishu, JSON} }

// Way is a place where somebody wants messages: an address of mail or a webhook's. Its
// secret signs what goes to DingTalk, Feishu and as JSON; "": nothing is signed.
type Way struct {
	Kind    Kind
	Address string
	Secret  string
}

// Masked is the address without what opens it: of a webhook the host alone.
func (w *Way) Masked() string {
	if w.Kind == Mail {
		return w.Address
	}
	if u, err := webhookURL(w.Address); err == nil {
		return u.Scheme + "://" + u.Host + "/…"
	}
	return "…"
}

// File goes with a message.
type File struct {
	Name, Media string
	Bytes       []byte
}

// Message is what is sent. Every kind takes of it what it can carry: mails all, WeCom
// the text and the files, DingTalk and Feishu the text, JSON what is under Data.
type Message struct {
	// ID is the same whenever the same message is sent again: programs for mail show
	// those of one ID once.
	ID      string
	Subject string
	Text    string
	HTML    string
	// Link leads to more; "": nowhere.
	Link  string
	Files []File
	Data  any
}

// Config says through what and where messages may go. The zero Config sends no mail and
// reaches every public webhook.
type Config struct {
	SMTP SMTP
	// MailDomains are those to which mails may go; none: all.
	MailDomains []string
	// Hosts are those of webhooks that may be called; none: all public ones.
	Hosts []string
	// Private are addresses of private networks that webhooks may have all the same.
	Private []netip.Prefix
	// Timeout is how long one message may take; 0: 30 s.
	Timeout time.Duration
	// Now is the clock of signatures; nil: time.Now.
	Now func() time.Time
	// Roots are whom webhooks' certificates are checked against; nil: the system's.
	Roots *x509.CertPool
}

// Post sends. Safe for concurrent use.
type Post struct {
	config Config
	client *http.Client
}

// New makes a Post. Its fault says which setting is wrong.
func New(c Config) (*Post, error) {
	if c.Timeout == 0 {
		c.Timeout = 30 * time.Second
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if err := c.SMTP.check(); err != nil {
		return nil, err
	}
	p := &Post{config: c}
	p.client = p.newClient()
	return p, nil
}

// Fate is what became of a message that was not sent for certain.
type Fate uint8

const (
	// Refused: it will never be taken as it is.
	Refused Fate = iota
	// Later: it was not taken, and may be if it is sent again.
	Later
	// Unsure: it was handed over, and nobody said that it was taken. It may have arrived.
	Unsure
)

// Error says why a message was not sent, or perhaps not.
type Error struct {
	Fate Fate
	// Code is for machines and for words in the reader's language, one of Codes.
	Code string
	// Detail is what the other side said, made harmless: one short line.
	Detail string
}

func (e *Error) Error() string {
	if e.Detail == "" {
		return e.Code
	}
	return e.Code + ": " + e.Detail
}

// Codes are those of every Error.
var Codes = []string{"no_smtp", "smtp_connect", "smtp_tls", "smtp_auth", "smtp_refused", "smtp_later", "smtp_unsure", "mail_domain", "bad_way",
	"hook_address", "hook_connect", "hook_unsure", "hook_status", "hook_refused"}

func fault(f Fate, code string, err any) *Error {
	return &Error{f, code, oneLine(fmt.Sprint(err))}
}

// oneLine makes what another side said fit for a list and a log.
func oneLine(text string) string {
	text = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(text, "?"))
	text = strings.Join(strings.Fields(text), " ")
	if len(text) > 200 {
		text = strings.ToValidUTF8(text[:200], "") + "…"
	}
	return text
}

// Send brings a message to a place. Nil says that the other side took it; else the error
// is an *Error.
func (p *Post) Send(ctx context.Context, w Way, m *Message) error {
	ctx, cancel := context.WithTimeout(ctx, p.config.Timeout)
	defer cancel()
	if err := p.Check(&w); err != nil {
		return fault(Refused, "bad_way", err)
	}
	switch w.Kind {
	case Mail:
		return p.mail(ctx, w.Address, m)
	case WeCom:
		return p.wecom(ctx, w.Address, m)
	case DingTalk:
		return p.dingtalk(ctx, &w, m)
	case Feishu:
		return p.feishu(ctx, &w, m)
	}
	return p.json(ctx, &w, m)
}

// address is what an address of mail looks like: no name, no quotes, no control letters.
var address = regexp.MustCompile("^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]{1,63}(\\.[A-Za-z0-9-]{1,63})+$")

const maxAddress = 1_000

// Check reports what is wrong with a place, as an *aggregator.Error.
func (p *Post) Check(w *Way) error {
	bad := func(format string, args ...any) error {
		return &aggregator.Error{Code: "bad_way", Message: fmt.Sprintf(format, args...)}
	}
	if len(w.Secret) > maxAddress || strings.ContainsFunc(w.Secret, func(r rune) bool { return r < ' ' }) {
		return bad("secret: at most %d letters in one line.", maxAddress)
	}
	switch w.Kind {
	case Mail:
		if len(w.Address) > 254 || !address.MatchString(w.Address) {
			return bad("address: %q is no address of mail; write it as wang@example.cn.", clip(w.Address))
		}
		domain := strings.ToLower(w.Address[strings.LastIndexByte(w.Address, '@')+1:])
		if len(p.config.MailDomains) > 0 && !slices.ContainsFunc(p.config.MailDomains, func(d string) bool { return strings.EqualFold(d, domain) }) {
			return bad("address: mails go to %s alone (post.mail_domains).", strings.Join(p.config.MailDomains, ", "))
		}
		return nil
	case WeCom, DingTalk, Feishu, JSON:
		u, err := webhookURL(w.Address)
		if err != nil {
			return bad("address: %v.", err)
		}
		if len(p.config.Hosts) > 0 && !slices.ContainsFunc(p.config.Hosts, func(h string) bool { return strings.EqualFold(h, u.Hostname()) }) {
			return bad("address: webhooks go to %s alone (post.webhook_hosts).", strings.Join(p.config.Hosts, ", "))
		}
		if ip, err := netip.ParseAddr(u.Hostname()); err == nil && !p.reachable(ip) {
			return bad("address: %s is in a private network; an administrator of the machine can allow it (post.private).", ip)
		}
		return nil
	}
	return bad("kind: there is no %q; allowed: mail, wecom, dingtalk, feishu, json.", clip(string(w.Kind)))
}

func clip(s string) string {
	if len(s) > 60 {
		return strings.ToValidUTF8(s[:60], "") + "…"
	}
	return s
}

// errPrivate is told of an address that a webhook's name turned out to have.
var errPrivate = errors.New("its host has an address in a private network (post.private allows some)")

// notPublic are networks that are no one's in the internet, beside what netip knows.
var notPublic = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"), netip.MustParsePrefix("100.64.0.0/10"), netip.MustParsePrefix("192.0.0.0/24"), netip.MustParsePrefix("192.0.2.0/24"),
	netip.MustParsePrefix("192.88.99.0/24"), netip.MustParsePrefix("198.18.0.0/15"), netip.MustParsePrefix("198.51.100.0/24"), netip.MustParsePrefix("203.0.113.0/24"), netip.MustParsePrefix("240.0.0.0/4"),
	netip.MustParsePrefix("64:ff9b::/96"), netip.MustParsePrefix("64:ff9b:1::/48"), netip.MustParsePrefix("2002::/16"), netip.MustParsePrefix("2001::/32"), netip.MustParsePrefix("2001:db8::/32"), netip.MustParsePrefix("fec0::/10"),
}

// reachable reports whether a webhook may have an address.
func (p *Post) reachable(ip netip.Addr) bool {
	ip = ip.Unmap().WithZone("")
	if slices.ContainsFunc(p.config.Private, func(n netip.Prefix) bool { return n.Contains(ip) }) {
		return true
	}
	return ip.IsGlobalUnicast() && !ip.IsPrivate() && !slices.ContainsFunc(notPublic, func(n netip.Prefix) bool { return n.Contains(ip) })
}
