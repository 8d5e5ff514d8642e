package fetch

import (
	"encoding/base64"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"strconv"
	"strings"
)

// mask stands for what is not shown.
const mask = "***"

// URL names a file and holds the credentials to get it. Whatever prints, logs
// or encodes it shows the user and *** for the password and the query; only
// Reveal gives the text itself. The zero URL names nothing.
type URL struct {
	// A pointer to a pointer: fmt calls no method of a field that is not
	// exported and follows one pointer under some verbs, but never two.
	pp **parts
}

// parts is a URL taken apart. It does not change.
type parts struct {
	raw, masked string
	scheme      string // lower case
	user, pass  string // decoded
	hasUser     bool
	host        string // without brackets
	port        uint16
	path        string // as written, begins with /; of http with the query
}

// defaultPorts are also the schemes that are known.
var defaultPorts = map[string]uint16{"http": 80, "https": 443, "ftp": 21, "sftp": 22}

// ParseURL reads a URL as senders write them: white space around it, a password
// with @, # or ?, a % that begins no escape, a path in any charset. A slash in
// user or password must be %2F. Errors are an *Error and show what Mask shows.
func ParseURL(raw string) (URL, error) {
	raw = strings.TrimSpace(raw)
	bad := func(text string) (URL, error) {
		return URL{}, &Error{Code: CodeURL, URL: clip(Mask(raw)), Text: text}
	}
	if strings.ContainsFunc(raw, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		return bad("a URL holds no control characters")
	}
	scheme, rest, ok := strings.Cut(raw, "://")
	if !ok {
		return bad("not of the form scheme://host/path")
	}
	p := &parts{raw: raw, masked: Mask(raw), scheme: strings.ToLower(scheme)}
	if _, known := defaultPorts[p.scheme]; !known {
		return bad("only http, https, ftp and sftp are known")
	}
	slash := strings.IndexByte(rest, '/')
	if slash < 0 {
		return bad("it names no file: there is no / after the host")
	}
	authority := rest[:slash]
	p.path = rest[slash:]
	if at := strings.LastIndexByte(authority, '@'); at >= 0 {
		user, pass, _ := strings.Cut(authority[:at], ":")
		p.user, p.pass, p.hasUser = unescape(user), unescape(pass), true
		if pass == mask {
			return bad("its password was masked; the URL itself is needed")
		}
		authority = authority[at+1:]
	}
	if strings.ContainsAny(p.user+p.pass, "\r\n\x00") {
		return bad("user and password hold no line ends")
	}
	p.port = defaultPorts[p.scheme]
	host, port := authority, ""
	if h, rest, bracketed := strings.Cut(authority, "]"); bracketed && strings.HasPrefix(h, "[") {
		host, port = h[1:], strings.TrimPrefix(rest, ":")
		if rest != "" && rest[0] != ':' {
			return bad("text between ] and the path")
		}
	} else if h, after, ok := strings.Cut(authority, ":"); ok {
		host, port = h, after
	}
	if port != "" {
		n, err := strconv.ParseUint(port, 10, 16)
		if err != nil || n == 0 {
			return bad("the port is no number from 1 to 65535 (a slash, # or ? in user or password is written %2F, %23, %3F)")
		}
		p.port = uint16(n)
	}
	if host == "" || strings.ContainsAny(host, " \t/\\?#@%[]<>\"") {
		return bad("there is no host, or one that cannot be")
	}
	p.host = strings.ToLower(host)
	if p.scheme == "ftp" || p.scheme == "sftp" {
		if name := unescape(p.path); strings.ContainsAny(name, "\r\n\x00") {
			return bad("a file's name holds no line ends")
		}
	}
	if strings.HasSuffix(p.path, "/") {
		return bad("it names a folder, not a file")
	}
	return URL{&p}, nil
}

// Mask returns raw with *** for what may be the password, and for the query. It
// needs no well-formed URL: what may be secret is from the first colon after
// the scheme to the last @, which at worst hides a port and part of a path. The
// user is kept, unless it shows the password.
func Mask(raw string) string {
	start := 0
	if i := strings.Index(raw, "://"); i >= 0 {
		start = i + len("://")
	}
	head, rest := raw[:start], raw[start:]
	if at := strings.LastIndexByte(rest, '@'); at >= 0 {
		user, pass, secret := strings.Cut(rest[:at], ":")
		if pass != "" && strings.Contains(user, pass) {
			user = mask
		}
		if secret {
			user += ":" + mask
		}
		head += user
		rest = rest[at:]
	}
	if i := strings.IndexAny(rest, "?#"); i >= 0 {
		rest = rest[:i+1] + mask
	}
	return head + rest
}

// parts is what the URL is made of; nil of the zero URL.
func (u URL) parts() *parts {
	if u.pp == nil {
		return nil
	}
	return *u.pp
}

// Equal reports whether two URLs are the same text.
func (u URL) Equal(other URL) bool { return u.Reveal() == other.Reveal() }

// IsZero reports whether the URL names nothing.
func (u URL) IsZero() bool { return u.pp == nil }

// Reveal returns the text itself, with its password: for storing and sending
// only.
func (u URL) Reveal() string {
	if u.pp == nil {
		return ""
	}
	return (*u.pp).raw
}

// String shows the URL masked.
func (u URL) String() string {
	if u.pp == nil {
		return ""
	}
	return (*u.pp).masked
}

// Format shows the URL masked under every verb.
func (u URL) Format(s fmt.State, verb rune) { _, _ = s.Write([]byte(u.String())) }

// LogValue shows the URL masked.
func (u URL) LogValue() slog.Value { return slog.StringValue(u.String()) }

// MarshalText shows the URL masked: what it gives cannot be read back. A store
// keeps Reveal.
func (u URL) MarshalText() ([]byte, error) { return []byte(u.String()), nil }

// UnmarshalText reads a URL from a configuration; "" is the zero URL.
func (u *URL) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*u = URL{}
		return nil
	}
	parsed, err := ParseURL(string(text))
	if err != nil {
		return err
	}
	*u = parsed
	return nil
}

// hostPort is where the URL points, for dialling.
func (p *parts) hostPort() string { return net.JoinHostPort(p.host, strconv.Itoa(int(p.port))) }

// request is the URL as an HTTP request has it, without credentials. What a URL
// may not hold is escaped, what is escaped stays.
func (p *parts) request() *url.URL {
	path, query, asked := strings.Cut(strings.SplitN(p.path, "#", 2)[0], "?")
	path = escape(path)
	host := p.host
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	if p.port != defaultPorts[p.scheme] {
		host += ":" + strconv.Itoa(int(p.port))
	}
	return &url.URL{Scheme: p.scheme, Host: host, Path: unescape(path), RawPath: path, RawQuery: escape(query), ForceQuery: asked && query == ""}
}

// secrets are the words that no error may hold.
func (p *parts) secrets() secrets {
	var s secrets
	if p.pass != "" {
		s.add(p.pass, url.QueryEscape(p.pass), url.PathEscape(p.pass), strings.Trim(strconv.Quote(p.pass), `"`),
			base64.StdEncoding.EncodeToString([]byte(p.user+":"+p.pass)))
		// As it is written; a redirect's may be inherited, not written.
		authority, _, _ := strings.Cut(strings.TrimPrefix(p.raw[len(p.scheme):], "://"), "/")
		if at := strings.LastIndexByte(authority, '@'); at >= 0 {
			_, pass, _ := strings.Cut(authority[:at], ":")
			s.add(pass)
		}
	}
	if _, query, ok := strings.Cut(p.path, "?"); ok && strings.HasPrefix(p.scheme, "http") {
		s.add(query, escape(query))
	}
	return s
}

// unescape undoes percent escapes; text with one that is none is taken as it
// stands, for some senders escape nothing.
func unescape(s string) string {
	if decoded, err := url.PathUnescape(s); err == nil {
		return decoded
	}
	return s
}

// escape escapes what may not stand in a path or query, and a % that begins no
// escape.
func escape(s string) string {
	const hexDigits = "0123456789ABCDEF"
	isHex := func(c byte) bool { return strings.IndexByte("0123456789abcdefABCDEF", c) >= 0 }
	var b strings.Builder
	for i := range len(s) {
		switch c := s[i]; {
		case c == '%' && (i+2 >= len(s) || !isHex(s[i+1]) || !isHex(s[i+2])),
			c <= ' ', c >= 0x7f, strings.IndexByte("\"<>\\^`{|}#[]", c) >= 0:
			b.Write([]byte{'%', hexDigits[c>>4], hexDigits[c&15]})
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}
