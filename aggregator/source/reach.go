package source

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"io"

	"iptvdc/aggregator"
)

// Limits of what is fetched.
const (
	dialLimit      = 10 * time.Second
	fetchLimit     = 2 * time.Minute
	statementLimit = time.Minute
	maxRedirects   = 3
)

// Reach is where sources may be fetched from: any public address, and of the others
// what Allow names.
type Reach struct {
	// Allow lists hosts, addresses and CIDRs that may be asked though they are not
	// public: 10.1.2.3, 10.1.0.0/16, db.lan.
	Allow []string
	// Folder holds the SQLite files that may be asked.
	Folder string
	// Statement is how long a database may work on a query; 0: a minute.
	Statement time.Duration
}

func (r Reach) statement() time.Duration {
	if r.Statement == 0 {
		return statementLimit
	}
	return r.Statement
}

// Check reports an entry of Allow that cannot be.
func (r Reach) Check() error {
	for _, text := range r.Allow {
		if _, _, err := allowed(text); err != nil {
			return err
		}
	}
	return nil
}

// allowed reads an entry: a prefix, or a host's name.
func allowed(text string) (netip.Prefix, string, error) {
	if p, err := netip.ParsePrefix(text); err == nil {
		return p.Masked(), "", nil
	}
	if a, err := netip.ParseAddr(text); err == nil {
		return netip.PrefixFrom(a, a.BitLen()), "", nil
	}
	if text == "" || strings.ContainsAny(text, "/:@ *?#[]") {
		return netip.Prefix{}, "", fmt.Errorf("%q is no host, address or CIDR; write 10.1.2.3, 10.1.0.0/16 or db.lan", text)
	}
	return netip.Prefix{}, strings.ToLower(text), nil
}

// private are addresses that are not public beside those netip knows: of carriers,
// benchmarks, documentation, and those that carry another address inside.
var private = func() (all []netip.Prefix) {
	for _, s := range []string{"0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.0.2.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "240.0.0.0/4",
		"168.63.129.16/32", "::/96", "64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "2001::/23", "2001:db8::/32", "2002::/16", "fec0::/10"} {
		all = append(all, netip.MustParsePrefix(s))
	}
	return all
}()

func public(a netip.Addr) bool {
	a = a.Unmap()
	return a.IsGlobalUnicast() && !a.IsPrivate() && !a.IsLoopback() && !a.IsLinkLocalUnicast() &&
		!slices.ContainsFunc(private, func(p netip.Prefix) bool { return p.Contains(a) })
}

// errNotPublic is told of an address that may not be asked.
func errNotPublic(host string) error {
	return faultf("forbidden_address", "%s is no public address; the administrator of the aggregator can allow it under sources.allow.", clip(host))
}

// dial connects to an address that may be asked. It is looked at after names were
// resolved, so a name that leads inside is refused as well.
func (r Reach) dial(ctx context.Context, network, address string) (net.Conn, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	named := slices.ContainsFunc(r.Allow, func(text string) bool {
		_, name, err := allowed(text)
		return err == nil && name != "" && name == strings.ToLower(host)
	})
	d := net.Dialer{Timeout: dialLimit, Control: func(_, address string, _ syscall.RawConn) error {
		if named {
			return nil
		}
		at, err := netip.ParseAddrPort(address)
		if err != nil {
			return errNotPublic(address)
		}
		a := at.Addr().Unmap().WithZone("")
		if public(a) || slices.ContainsFunc(r.Allow, func(text string) bool {
			p, _, err := allowed(text)
			return err == nil && p.IsValid() && p.Contains(a)
		}) {
			return nil
		}
		return errNotPublic(host)
	}}
	return d.DialContext(ctx, network, address)
}

// client is for one fetch. It obeys no proxy of the environment: what a proxy reaches
// nobody could look at.
func (r Reach) client() *http.Client {
	return &http.Client{
		Timeout:   fetchLimit,
		Transport: &http.Transport{DialContext: r.dial, TLSHandshakeTimeout: dialLimit, ResponseHeaderTimeout: fetchLimit, DisableKeepAlives: true, MaxResponseHeaderBytes: 64 << 10},
		CheckRedirect: func(next *http.Request, via []*http.Request) error {
			if len(via) > maxRedirects {
				return faultf("fetch_failed", "It redirects more than %d times.", maxRedirects)
			}
			if next.URL.Host != via[0].URL.Host {
				next.Header.Del("Authorization") // the secret is for the host that was named
				if next.URL.Scheme != "https" && via[0].URL.Scheme == "https" {
					return faultf("fetch_failed", "It redirects from https to http.")
				}
			}
			return nil
		},
	}
}

// get asks a URL and returns at most MaxBytes.
func (r Reach) get(req *http.Request) ([]byte, error) {
	client := r.client()
	defer client.CloseIdleConnections()
	res, err := client.Do(req)
	if err != nil {
		return nil, failed(err)
	}
	defer func() { _ = res.Body.Close() }()
	b, err := io.ReadAll(io.LimitReader(res.Body, MaxBytes+1))
	switch {
	case err != nil:
		return nil, failed(err)
	case res.StatusCode != http.StatusOK:
		return nil, faultf("fetch_failed", "It answered %s: %s", res.Status, clipLong(strings.Join(strings.Fields(string(b[:min(len(b), 400)])), " ")))
	case len(b) > MaxBytes:
		return nil, faultf("too_large", "It answered more than %d bytes; ask for less.", MaxBytes)
	}
	return b, nil
}

// failed says in words why something could not be fetched. What the far end or the
// network said may name hosts, but no secret: URLs with a password are refused before.
func failed(err error) error {
	var told *aggregator.Error
	if errors.As(err, &told) {
		return told
	}
	text := err.Error()
	var of *url.Error
	if errors.As(err, &of) {
		text = of.Err.Error()
	}
	if errors.Is(err, context.DeadlineExceeded) {
		text = "it took too long"
	}
	f := faultf("fetch_failed", "It cannot be asked: %s.", clipLong(text))
	f.Cause = err
	return f
}

func clipLong(s string) string {
	if len(s) > 300 {
		s = strings.ToValidUTF8(s[:300], "") + "…"
	}
	return s
}

// checkURL refuses what is no plain address of a web server.
func checkURL(text string) error {
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.Fragment != "":
		return faultf("bad_source", "address: %q is no URL; write https://host/path.", clip(text))
	case u.User != nil:
		return faultf("bad_source", "address: it holds a user or password; write the user and the secret in fields of their own.")
	}
	return nil
}

// cleanName is a file's name without any folder; "" if it is none.
func cleanName(name string) string {
	if base := filepath.Base(name); base != "." && base != ".." && !strings.ContainsAny(base, `/\`) && !strings.HasPrefix(base, ".") {
		return base
	}
	return ""
}

// http fetches JSON. The secret, if there is one, goes as a bearer token, or with a user
// as basic authentication.
func (r Reach) http(ctx context.Context, d *Definition, secret string) (records, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, d.Address, nil)
	if err != nil {
		return nil, failed(err)
	}
	req.Header.Set("Accept", "application/json")
	switch {
	case d.User != "":
		req.SetBasicAuth(d.User, secret)
	case secret != "":
		req.Header.Set("Authorization", "Bearer "+secret)
	}
	b, err := r.get(req)
	if err != nil {
		return nil, err
	}
	return jsonRecords(b, d.Path), nil
}
