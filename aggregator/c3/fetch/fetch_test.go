package fetch

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

const (
	user   = "cp-user"
	secret = "s3cr@t/W0rd%"
	inURL  = "s3cr@t%2FW0rd%25" // as it stands in a URL
)

// at is a URL with credentials.
func at(t *testing.T, scheme, hostPort, path string) URL {
	t.Helper()
	u, err := ParseURL(scheme + "://" + user + ":" + inURL + "@" + hostPort + path)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// local permits loopback.
func local(change ...func(*Config)) Config {
	c := Config{Allow: []string{"127.0.0.0/8"}, Redirects: 3, Timeout: 20 * time.Second, IdleTimeout: 10 * time.Second}
	for _, f := range change {
		f(&c)
	}
	return c
}

func fetcher(t *testing.T, c Config) *Fetcher {
	t.Helper()
	f, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// gets fetches and compares.
func gets(t *testing.T, f *Fetcher, u URL, want []byte) {
	t.Helper()
	var out bytes.Buffer
	info, err := f.Fetch(t.Context(), u, &out)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(out.Bytes(), want) || info.Bytes != int64(len(want)) || info.SHA256 != sha256.Sum256(want) {
		t.Fatalf("%v: got %d bytes, %+v; want %d", u, out.Len(), info, len(want))
	}
}

// fails fetches and wants an error of that code which holds no secret, whatever
// way it is looked at. It returns the error's text.
func fails(t *testing.T, f *Fetcher, u URL, code string) string {
	t.Helper()
	_, err := f.Fetch(t.Context(), u, io.Discard)
	return isError(t, err, code)
}

func isError(t *testing.T, err error, code string) string {
	t.Helper()
	var e *Error
	if !errors.As(err, &e) {
		t.Fatalf("got %v, want %s", err, code)
	}
	if e.Code != code {
		t.Fatalf("got %s: %v, want %s", e.Code, err, code)
	}
	text := fmt.Sprintf("%v %+v %#v %q", err, err, err, err)
	for cause := err; cause != nil; cause = errors.Unwrap(cause) {
		text += fmt.Sprintf(" %v %#v", cause, cause)
	}
	for _, word := range []string{secret, inURL, "W0rd", base64.StdEncoding.EncodeToString([]byte(user + ":" + secret)), "t0ken"} {
		if strings.Contains(text, word) {
			t.Fatalf("%q is in: %s", word, text)
		}
	}
	return err.Error()
}

func host(s *httptest.Server) string { return s.Listener.Addr().String() }

func serve(t *testing.T, h http.HandlerFunc) *httptest.Server {
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s
}

func TestHTTP(t *testing.T) {
	content := bytes.Repeat([]byte("内容\n"), 100_000)
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if u, p, _ := r.BasicAuth(); u != user || p != secret {
			http.Error(w, "no: "+p, http.StatusUnauthorized)
			return
		}
		switch r.URL.EscapedPath() {
		case "/a.xml", "/%C4%BF%C2%BC/%D6%D0.xml":
			_, _ = w.Write(content)
		default:
			http.NotFound(w, r)
		}
	})
	f := fetcher(t, local())
	gets(t, f, at(t, "http", host(s), "/a.xml"), content)
	gets(t, f, at(t, "http", host(s), "/%C4%BF%C2%BC/%D6%D0.xml"), content) // GBK, escaped
	gets(t, f, at(t, "http", host(s), "/目录/中.xml"), content)                // as the message has it; GBK on the server
	fails(t, f, at(t, "http", host(s), "/none.xml"), CodeNotFound)
	wrong, err := ParseURL("http://" + user + ":wrongW0rd@" + host(s) + "/a.xml")
	if err != nil {
		t.Fatal(err)
	}
	fails(t, f, wrong, CodeLogin)
	if st := f.Stats(); st.Fetched != 3 || st.Failed != 2 || st.Bytes != 3*uint64(len(content)) {
		t.Errorf("%+v", st)
	}
	if _, err := f.Fetch(t.Context(), URL{}, io.Discard); err == nil {
		t.Error("the zero URL was fetched")
	}
}

func TestHTTPS(t *testing.T) {
	s := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "x") }))
	s.Config.ErrorLog = quiet
	t.Cleanup(s.Close)
	roots := x509.NewCertPool()
	roots.AddCert(s.Certificate())
	gets(t, fetcher(t, local(func(c *Config) { c.RootCAs = roots })), at(t, "https", host(s), "/a"), []byte("x"))
	fails(t, fetcher(t, local()), at(t, "https", host(s), "/a"), CodeRemote) // nobody's certificate
}

func TestHTTPRedirects(t *testing.T) {
	var other atomic.Int32
	var leaked atomic.Bool
	target := serve(t, func(w http.ResponseWriter, r *http.Request) {
		other.Add(1)
		if _, _, sent := r.BasicAuth(); sent {
			leaked.Store(true)
		}
		_, _ = io.WriteString(w, "moved")
	})
	var location string
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if u, p, _ := r.BasicAuth(); u != user || p != secret {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		switch r.URL.Path {
		case "/dir/rel":
			w.Header().Set("Location", "end?t0ken")
		case "/abs":
			w.Header().Set("Location", "/dir/rel")
		case "/dir/end":
			_, _ = io.WriteString(w, "end")
			return
		case "/loop":
			w.Header().Set("Location", "/loop")
		default:
			w.Header().Set("Location", location)
		}
		w.WriteHeader(http.StatusFound)
	})
	f := fetcher(t, local())
	gets(t, f, at(t, "http", host(s), "/abs"), []byte("end"))
	fails(t, f, at(t, "http", host(s), "/loop"), CodeRedirect)
	location = target.URL + "/x"
	gets(t, f, at(t, "http", host(s), "/away"), []byte("moved"))
	if leaked.Load() {
		t.Error("credentials went to another server")
	}
	fails(t, fetcher(t, local(func(c *Config) { c.Redirects = 0 })), at(t, "http", host(s), "/abs"), CodeRedirect)

	// Only the first server is allowed.
	before := other.Load()
	only := fetcher(t, local(func(c *Config) { c.Allow = []string{host(s)} }))
	fails(t, only, at(t, "http", host(s), "/away"), CodeForbidden)
	for _, l := range []string{"http://169.254.169.254/latest/t0ken", "http://u:t0kenW0rd@[::1]:1/x", "http://localhost:" + port(target) + "/x"} {
		location = l
		fails(t, only, at(t, "http", host(s), "/away"), CodeForbidden)
	}
	for _, l := range []string{"file:///etc/passwd", "ftp://u:t0ken@" + host(s) + "/x", "", "http://u:t0ken@:99999/"} {
		location = l
		fails(t, only, at(t, "http", host(s), "/away"), CodeRedirect)
	}
	if other.Load() != before {
		t.Error("a forbidden server was asked")
	}
}

func port(s *httptest.Server) string { _, p, _ := net.SplitHostPort(host(s)); return p }

// TestRebinding: a name that leads elsewhere the second time, or to several
// places at once.
func TestRebinding(t *testing.T) {
	var asked atomic.Int32
	s := serve(t, func(w http.ResponseWriter, _ *http.Request) { asked.Add(1); _, _ = io.WriteString(w, "x") })
	var answer []netip.Addr
	var lookUps atomic.Int32
	c := Config{Allow: []string{"10.0.0.0/8", "cp.example"}, Timeout: 10 * time.Second, LookUp: func(_ context.Context, host string) ([]netip.Addr, error) {
		lookUps.Add(1)
		if host != "cp.example" && host != "other.example" {
			return nil, &net.DNSError{Name: host, IsNotFound: true}
		}
		return answer, nil
	}}
	f := fetcher(t, c)
	for _, a := range []string{"127.0.0.1", "::1", "::ffff:127.0.0.1", "169.254.169.254", "0.0.0.0"} {
		answer = []netip.Addr{netip.MustParseAddr(a)}
		fails(t, f, at(t, "http", "cp.example:"+port(s), "/a"), CodeForbidden)
		fails(t, f, at(t, "ftp", "cp.example:"+port(s), "/a"), CodeForbidden)
		fails(t, f, at(t, "sftp", "other.example:"+port(s), "/a"), CodeForbidden)
	}
	fails(t, f, at(t, "http", "unknown.example", "/a"), CodeConnect)
	if asked.Load() != 0 {
		t.Error("a forbidden address was asked")
	}
	if f.Stats().Refused != 15 {
		t.Errorf("%+v", f.Stats())
	}

	// One look-up a connection: there is no second answer to be different.
	c.Allow = []string{"127.0.0.1:" + port(s)}
	f = fetcher(t, c)
	answer = []netip.Addr{netip.MustParseAddr("127.0.0.1")}
	lookUps.Store(0)
	gets(t, f, at(t, "http", "cp.example:"+port(s), "/a"), []byte("x"))
	if lookUps.Load() != 1 {
		t.Errorf("%d look-ups", lookUps.Load())
	}
}

func TestHTTPHostile(t *testing.T) {
	endless := serve(t, func(w http.ResponseWriter, r *http.Request) {
		for r.Context().Err() == nil {
			if _, err := w.Write(make([]byte, 32<<10)); err != nil {
				return
			}
		}
	})
	fails(t, fetcher(t, local(func(c *Config) { c.MaxBytes = 1 << 20 })), at(t, "http", host(endless), "/a?t0ken"), CodeTooLarge)

	large := serve(t, func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Content-Length", "1048577") })
	fails(t, fetcher(t, local(func(c *Config) { c.MaxBytes = 1 << 20 })), at(t, "http", host(large), "/a"), CodeTooLarge)

	hang := func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, "begin")
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	}
	idle := serve(t, hang)
	text := fails(t, fetcher(t, local(func(c *Config) { c.IdleTimeout = 20 * time.Millisecond })), at(t, "http", host(idle), "/a"), CodeTimeout)
	if !strings.Contains(text, "idle") {
		t.Error(text)
	}
	text = fails(t, fetcher(t, local(func(c *Config) { c.Timeout = 50 * time.Millisecond })), at(t, "http", host(idle), "/a"), CodeTimeout)
	if !strings.Contains(text, "total") {
		t.Error(text)
	}

	raw := func(answer string) string {
		return listen(t, func(c net.Conn) {
			buf := make([]byte, 4096)
			_, _ = c.Read(buf)
			_, _ = io.WriteString(c, answer)
		})
	}
	f := fetcher(t, local())
	fails(t, f, at(t, "http", raw("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort"), "/a"), CodeTruncated)
	fails(t, f, at(t, "http", raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nshort\r\n"), "/a"), CodeTruncated)
	fails(t, f, at(t, "http", raw("HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nx"), "/a"), CodeRemote)
	fails(t, f, at(t, "http", raw("no HTTP: "+secret+" "+inURL+"\r\n\r\n"), "/a"), CodeRemote)
	fails(t, f, at(t, "http", raw(""), "/a"), CodeTruncated)
	fails(t, f, at(t, "http", raw("HTTP/1.1 200 OK\r\nX: "+strings.Repeat("x", 1<<20)+"\r\n\r\n"), "/a"), CodeRemote)

	gone := listen(t, func(net.Conn) {})
	_ = gone
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = l.Close()
	for _, scheme := range []string{"http", "ftp", "sftp"} {
		fails(t, f, at(t, scheme, l.Addr().String(), "/a"), CodeConnect)
	}
}

// listen answers each connection with f, then closes it. It returns the
// address.
func listen(t *testing.T, f func(net.Conn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() { defer c.Close(); f(c) }()
		}
	}()
	return l.Addr().String()
}

type full struct{ left int }

var errFull = errors.New("disk full")

func (w *full) Write(b []byte) (int, error) {
	if len(b) > w.left {
		return 0, errFull
	}
	w.left -= len(b)
	return len(b), nil
}

func TestWriterAndCaller(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(make([]byte, 100_000)) })
	f := fetcher(t, local())
	_, err := f.Fetch(t.Context(), at(t, "http", host(s), "/a"), &full{10})
	isError(t, err, CodeWrite)
	if !errors.Is(err, errFull) {
		t.Errorf("%v does not tell the writer's error", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = f.Fetch(ctx, at(t, "http", host(s), "/a"), io.Discard)
	isError(t, err, CodeCancelled)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("%v does not tell the caller's end", err)
	}
}

func TestPost(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		if r.Header.Get("SOAPAction") != `""` || string(b) != "body" {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		w.Header().Set("Retry-After", "7")
		w.Header().Set("Location", "/else")
		w.WriteHeader(http.StatusFound)
		_, _ = w.Write(make([]byte, 1<<20))
	})
	f := fetcher(t, local())
	a, err := f.Post(t.Context(), at(t, "http", host(s), "/a"), http.Header{"SOAPAction": {`""`}}, []byte("body"))
	if err != nil || a.Status != http.StatusFound || a.RetryAfter != 7*time.Second || len(a.Body) != maxAnswer {
		t.Fatalf("%d %v %d bytes, %v", a.Status, a.RetryAfter, len(a.Body), err)
	}
	_, err = f.Post(t.Context(), at(t, "ftp", host(s), "/a"), nil, nil)
	isError(t, err, CodeURL)
	_, err = fetcher(t, Config{Allow: []string{"10.0.0.0/8"}}).Post(t.Context(), at(t, "http", host(s), "/a"), nil, nil)
	isError(t, err, CodeForbidden)
	if st := f.Stats(); st.Posted != 1 || st.PostsFailed != 1 {
		t.Errorf("%+v", st)
	}
}

func TestValidate(t *testing.T) {
	f := func(c Config) {
		t.Helper()
		if _, err := New(c); err == nil {
			t.Errorf("%+v is taken", c)
		}
	}
	f(Config{Allow: []string{"*"}})
	f(Config{MaxBytes: -1})
	f(Config{Redirects: 11})
	f(Config{HostKeys: map[string][]string{"h": {"MD5:00"}}})
	f(Config{HostKeys: map[string][]string{"h": nil}})
}

func TestShortSecrets(t *testing.T) {
	if text := (secrets{"ab"}).scrub("530 ab no"); strings.Contains(text, "ab no") {
		t.Error(text)
	}
	if text := (secrets{"abcd"}).scrub("530 abcd no"); text != "530 *** no" {
		t.Error(text)
	}
}
