package fetch

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	ftpserver "github.com/fclairamb/ftpserverlib"
	"github.com/spf13/afero"
)

var quiet = log.New(io.Discard, "", 0)

// ftpDriver serves files from memory to one user.
type ftpDriver struct {
	listener net.Listener
	files    afero.Fs
}

func (d *ftpDriver) GetSettings() (*ftpserver.Settings, error) {
	return &ftpserver.Settings{Listener: d.listener, DefaultTransferType: ftpserver.TransferTypeBinary}, nil
}
func (d *ftpDriver) ClientConnected(ftpserver.ClientContext) (string, error) { return "ready", nil }
func (d *ftpDriver) ClientDisconnected(ftpserver.ClientContext)              {}
func (d *ftpDriver) GetTLSConfig() (*tls.Config, error)                      { return nil, errors.New("no TLS") }
func (d *ftpDriver) AuthUser(_ ftpserver.ClientContext, u, p string) (ftpserver.ClientDriver, error) {
	if u != user || p != secret {
		return nil, fmt.Errorf("no user %s with %s", u, p)
	}
	return d.files, nil
}

func ftpServe(t *testing.T, files map[string][]byte) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	fs := afero.NewMemMapFs()
	for name, content := range files {
		if err := afero.WriteFile(fs, name, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s := ftpserver.NewFtpServer(&ftpDriver{l, fs})
	if err := s.Listen(); err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() { defer close(done); _ = s.Serve() }()
	t.Cleanup(func() { _ = s.Stop(); <-done })
	return l.Addr().String()
}

func TestFTP(t *testing.T) {
	content := bytes.Repeat([]byte("内容\r\n"), 100_000)
	addr := ftpServe(t, map[string][]byte{
		"/a.xml":                                 content,
		"/dir/sub dir/b%.xml":                    []byte("b"),
		"/\xc4\xbf\xc2\xbc/\xd6\xd0\xce.xml":     []byte("odd GBK"),
		"/\xc4\xbf\xc2\xbc/\xd6\xd0\xce\xc4.xml": []byte("GBK"),
		"/empty":                                 nil,
	})
	f := fetcher(t, local())
	gets(t, f, at(t, "ftp", addr, "/a.xml"), content)
	gets(t, f, at(t, "ftp", addr, "/dir/sub dir/b%.xml"), []byte("b"))
	gets(t, f, at(t, "ftp", addr, "/dir/sub%20dir/b%25.xml"), []byte("b"))
	gets(t, f, at(t, "ftp", addr, "/%C4%BF%C2%BC/%D6%D0%CE.xml"), []byte("odd GBK"))
	gets(t, f, at(t, "ftp", addr, "/目录/中文.xml"), []byte("GBK"))
	gets(t, f, at(t, "ftp", addr, "/empty"), nil)
	fails(t, f, at(t, "ftp", addr, "/none.xml"), CodeNotFound)
	fails(t, fetcher(t, local(func(c *Config) { c.MaxBytes = 1000 })), at(t, "ftp", addr, "/a.xml"), CodeTooLarge)
	wrong, err := ParseURL("ftp://" + user + ":wrongW0rd@" + addr + "/a.xml")
	if err != nil {
		t.Fatal(err)
	}
	fails(t, f, wrong, CodeLogin)
}

// liar is an FTP server that answers as told.
type liar struct {
	answers map[string]string // by command; "": closes the connection
	data    func(net.Conn)    // the data connection, after RETR; nil: none
	end     string            // after the data
}

func (l liar) serve(t *testing.T) string {
	t.Helper()
	data, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = data.Close() })
	port := data.Addr().(*net.TCPAddr).Port
	answers := map[string]string{
		"HELLO": "220 hello", "USER": "331 which?", "PASS": "230 in", "FEAT": "502 none", "TYPE": "200 yes", "SIZE": "502 no",
		"EPSV": "500 no", "PASV": fmt.Sprintf("227 =(127,0,0,1,%d,%d)", port>>8, port&255), "RETR": "150 now", "QUIT": "221 bye",
	}
	for k, v := range l.answers {
		answers[k] = v
	}
	return listen(t, func(c net.Conn) {
		_, _ = io.WriteString(c, answers["HELLO"]+"\r\n")
		for in := bufio.NewScanner(c); in.Scan(); {
			verb, _, _ := strings.Cut(in.Text(), " ")
			answer := answers[verb]
			if answer == "" {
				return
			}
			if _, err := io.WriteString(c, answer+"\r\n"); err != nil {
				return
			}
			if verb == "RETR" && l.data != nil {
				d, err := data.Accept()
				if err != nil {
					return
				}
				l.data(d)
				_ = d.Close()
				_, _ = io.WriteString(c, l.end+"\r\n")
			}
		}
	})
}

func writes(s string) func(net.Conn) { return func(c net.Conn) { _, _ = io.WriteString(c, s) } }

func TestFTPHostile(t *testing.T) {
	f := fetcher(t, local())
	u := func(l liar) URL { t.Helper(); return at(t, "ftp", l.serve(t), "/a.xml") }
	gets(t, f, u(liar{data: writes("ok"), end: "226 done"}), []byte("ok"))

	// PASV names another host: it is not asked, the server itself is.
	var asked atomic.Bool
	other, err := net.Listen("tcp", "127.0.0.2:0")
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	go func() {
		if c, err := other.Accept(); err == nil {
			asked.Store(true)
			_ = c.Close()
		}
	}()
	elsewhere := other.Addr().(*net.TCPAddr).Port
	text := fmt.Sprintf("227 =(127,0,0,2,%d,%d)", elsewhere>>8, elsewhere&255)
	fails(t, f, u(liar{answers: map[string]string{"PASV": text}}), CodeConnect)
	if asked.Load() {
		t.Error("a data connection went to another host")
	}

	// Ports that no data connection has, and answers that are none.
	fails(t, f, u(liar{answers: map[string]string{"PASV": "227 =(127,0,0,1,0,22)"}}), CodeForbidden)
	fails(t, f, u(liar{answers: map[string]string{"EPSV": "229 (|||25|)"}}), CodeForbidden)
	fails(t, f, u(liar{answers: map[string]string{"PASV": "227 =(127,0,0,1,999,999)"}}), CodeForbidden)
	fails(t, f, u(liar{answers: map[string]string{"PASV": "227 )("}}), CodeRemote) // the library panics
	fails(t, f, u(liar{answers: map[string]string{"PASV": "227 (1,2)"}}), CodeRemote)
	fails(t, f, u(liar{answers: map[string]string{"HELLO": "220-" + strings.Repeat("x", controlBytes)}}), CodeRemote)
	fails(t, f, u(liar{answers: map[string]string{"FEAT": "211-" + strings.Repeat("a\r\n b", controlBytes/4)}}), CodeRemote)
	fails(t, f, u(liar{answers: map[string]string{"HELLO": "nonsense " + secret}}), CodeRemote)
	fails(t, f, u(liar{answers: map[string]string{"PASS": "530 not " + secret + " nor " + inURL}}), CodeLogin)
	fails(t, f, u(liar{answers: map[string]string{"USER": "530 no " + secret}}), CodeRemote)
	fails(t, f, u(liar{answers: map[string]string{"PASS": ""}}), CodeTruncated)
	fails(t, f, u(liar{answers: map[string]string{"RETR": "550 none " + secret}}), CodeNotFound)
	fails(t, f, u(liar{answers: map[string]string{"RETR": "451 broken " + secret}}), CodeRemote)

	// Cut in the middle: the data end, but the server does not say that they are all.
	fails(t, f, u(liar{data: writes("half"), end: "426 cut " + secret}), CodeTruncated)
	fails(t, f, u(liar{data: writes("half"), end: "226 done", answers: map[string]string{"SIZE": "213 8"}}), CodeTruncated)
	fails(t, f, u(liar{data: func(c net.Conn) {
		_, _ = io.WriteString(c, "half")
		_ = c.(*net.TCPConn).SetLinger(0) // a reset
	}, end: "226 done"}), CodeTruncated)

	endless := liar{end: "226 done", data: func(c net.Conn) {
		for {
			if _, err := c.Write(make([]byte, 32<<10)); err != nil {
				return
			}
		}
	}}
	fails(t, fetcher(t, local(func(c *Config) { c.MaxBytes = 1 << 20 })), u(endless), CodeTooLarge)

	hang := liar{end: "226 done", data: func(c net.Conn) {
		_, _ = io.WriteString(c, "half")
		_, _ = c.Read(make([]byte, 1)) // until the other end closes
	}}
	fails(t, fetcher(t, local(func(c *Config) { c.IdleTimeout = 20 * time.Millisecond })), u(hang), CodeTimeout)
	fails(t, fetcher(t, local(func(c *Config) { c.Timeout = 50 * time.Millisecond })), u(hang), CodeTimeout)
	silent := at(t, "ftp", listen(t, func(c net.Conn) { _, _ = c.Read(make([]byte, 1)) }), "/a")
	fails(t, fetcher(t, local(func(c *Config) { c.Timeout = 50 * time.Millisecond })), silent, CodeTimeout)
}
