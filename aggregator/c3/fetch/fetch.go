// Package fetch gets the file that a message names from where it lies, over
// http, https, ftp or sftp. The message comes from outside and so does its URL:
// no connection is made to an address that the operator has not allowed, no
// server can make it read more or wait longer than configured, and the
// credentials in a URL appear in no error, log or encoding.
package fetch

import (
	"context"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"fmt"
	"hash"
	"io"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// Config says what a Fetcher may do. Zero values take the defaults named; a
// zero Allow permits nothing.
type Config struct {
	// Allow lists where connections may go: host, host:port, CIDR or CIDR:port,
	// without a port to every port. A name stands for whatever it resolves to,
	// except this machine, its link and metadata services: those are reached
	// only by an address or CIDR that names them, not by one that includes them.
	Allow []string
	// MaxBytes is the largest file; zero: 2 GiB.
	MaxBytes int64
	// Timeout is how long a fetch may take in all; zero: 30 minutes.
	// IdleTimeout is how long nothing may come; zero: 30 seconds. PostTimeout is
	// how long a Post may take in all; zero: 30 seconds.
	Timeout, IdleTimeout, PostTimeout time.Duration
	// Redirects is how many an HTTP fetch follows, each to an allowed address;
	// zero: none.
	Redirects int
	// HostKeys are the fingerprints of SFTP servers, as ssh-keygen -lf prints
	// them (SHA256:...), by host or host:port as in the URL, IPv6 with a port in
	// brackets. A server that is not in it is refused, and the error says what
	// to add.
	HostKeys map[string][]string
	// RootCAs are trusted for https; nil: the system's.
	RootCAs *x509.CertPool
	// LookUp finds a host's addresses; nil: the system's resolver.
	LookUp func(ctx context.Context, host string) ([]netip.Addr, error)
}

// Validate explains what is wrong with the configuration.
func (c Config) Validate() error {
	if _, err := parseAllow(c.Allow); err != nil {
		return err
	}
	if c.MaxBytes < 0 || c.Timeout < 0 || c.IdleTimeout < 0 || c.PostTimeout < 0 || c.Redirects < 0 || c.Redirects > 10 {
		return errors.New("fetch: limits cannot be negative, nor redirects be more than 10")
	}
	for host, prints := range c.HostKeys {
		for _, p := range prints {
			if digest, ok := strings.CutPrefix(p, "SHA256:"); !ok || len(digest) != 43 {
				return fmt.Errorf("fetch: host key of %q: a fingerprint is SHA256: and 43 characters, as ssh-keygen -lf prints it", host)
			}
		}
		if len(prints) == 0 {
			return fmt.Errorf("fetch: host key of %q: no fingerprint", host)
		}
	}
	return nil
}

// Info is what was fetched.
type Info struct {
	Bytes  int64
	SHA256 [sha256.Size]byte
}

// Stats counts since New.
type Stats struct {
	Fetched, Failed uint64 // files
	Bytes           uint64 // of fetched files
	Posted          uint64 // answered, with whatever status
	PostsFailed     uint64
	Refused         uint64 // connections that the allow-list forbade
}

// Fetcher gets files. Safe for concurrent use.
type Fetcher struct {
	cfg   Config
	allow allowList
	web   *web
	stats struct{ fetched, failed, bytes, posted, postsFailed, refused atomic.Uint64 }
}

// New makes a Fetcher.
func New(c Config) (*Fetcher, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	def := func(d *time.Duration, v time.Duration) {
		if *d == 0 {
			*d = v
		}
	}
	def(&c.Timeout, 30*time.Minute)
	def(&c.IdleTimeout, 30*time.Second)
	def(&c.PostTimeout, 30*time.Second)
	if c.MaxBytes == 0 {
		c.MaxBytes = 2 << 30
	}
	if c.LookUp == nil {
		c.LookUp = func(ctx context.Context, host string) ([]netip.Addr, error) {
			return net.DefaultResolver.LookupNetIP(ctx, "ip", host)
		}
	}
	f := &Fetcher{cfg: c}
	f.allow, _ = parseAllow(c.Allow) // validated above
	f.web = newWeb(f)
	return f, nil
}

// Stats returns the counters.
func (f *Fetcher) Stats() Stats {
	s := &f.stats
	return Stats{
		Fetched: s.fetched.Load(), Failed: s.failed.Load(), Bytes: s.bytes.Load(),
		Posted: s.posted.Load(), PostsFailed: s.postsFailed.Load(), Refused: s.refused.Load(),
	}
}

// Fetch writes the file that u names to w, as it comes. Every error is an
// *Error; then w may hold the beginning of the file. Nothing is written after
// Fetch has returned.
func (f *Fetcher) Fetch(ctx context.Context, u URL, w io.Writer) (Info, error) {
	p := u.parts()
	if p == nil {
		f.stats.failed.Add(1)
		return Info{}, &Error{Code: CodeURL, Text: "no URL"}
	}
	ctx, cancel := context.WithTimeoutCause(ctx, f.cfg.Timeout, errTimeout)
	defer cancel()
	to := &sink{w: w, limit: f.cfg.MaxBytes, sum: sha256.New()}
	s := p.secrets()
	if err := f.by(ctx, p, &s, to); err != nil {
		f.stats.failed.Add(1)
		return Info{}, explain(ctx, p, s, to, err)
	}
	f.stats.fetched.Add(1)
	f.stats.bytes.Add(uint64(to.n))
	return Info{Bytes: to.n, SHA256: [sha256.Size]byte(to.sum.Sum(nil))}, nil
}

// by fetches with the protocol of the URL. A panic in a library, on which a
// hostile server may have worked, is an error like any other.
func (f *Fetcher) by(ctx context.Context, u *parts, s *secrets, to *sink) (err error) {
	defer func() {
		if fault := recover(); fault != nil {
			err = &Error{Code: CodeRemote, Text: fmt.Sprint("the server's answer cannot be understood: ", fault)}
		}
	}()
	switch u.scheme {
	case "ftp":
		return f.ftp(ctx, u, to)
	case "sftp":
		return f.sftp(ctx, u, to)
	}
	return f.http(ctx, u, s, to)
}

// sink counts, hashes and limits what is written.
type sink struct {
	w      io.Writer
	limit  int64
	n      int64
	sum    hash.Hash
	over   bool
	failed error // of w
}

var errOver = errors.New("fetch: the size limit")

func (s *sink) Write(b []byte) (int, error) {
	if s.failed != nil {
		return 0, s.failed
	}
	if int64(len(b)) > s.limit-s.n {
		s.over = true
		return 0, errOver
	}
	n, err := s.w.Write(b)
	if err == nil && n < len(b) {
		err = io.ErrShortWrite
	}
	if err != nil {
		s.failed = err
		return n, err
	}
	s.n += int64(n)
	s.sum.Write(b)
	return n, nil
}

// announced refuses at once what is said to be too large.
func (s *sink) announced(size int64) error {
	if size > s.limit {
		s.over = true
		return errOver
	}
	return nil
}

// whole complains if not as much came as was announced; negative: nothing was.
func (s *sink) whole(size int64) error {
	if size >= 0 && size != s.n {
		return &Error{Code: CodeTruncated, Text: fmt.Sprintf("%d bytes came of %d announced", s.n, size)}
	}
	return nil
}

func bytesText(n int64) string { return strconv.FormatInt(n, 10) + " bytes" }
