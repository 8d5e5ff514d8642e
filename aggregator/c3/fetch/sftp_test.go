package fetch

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/pkg/sftp"
	"golang.org/x/crypto/ssh"
)

// sftpFiles serves files by name.
type sftpFiles map[string]io.ReaderAt

func (f sftpFiles) Fileread(r *sftp.Request) (io.ReaderAt, error) {
	if c, ok := f[r.Filepath]; ok {
		return c, nil
	}
	return nil, os.ErrNotExist
}
func (f sftpFiles) Filewrite(*sftp.Request) (io.WriterAt, error) { return nil, os.ErrPermission }
func (f sftpFiles) Filecmd(*sftp.Request) error                  { return os.ErrPermission }
func (f sftpFiles) Filelist(r *sftp.Request) (sftp.ListerAt, error) {
	if c, ok := f[r.Filepath]; ok {
		return one{info{c}}, nil
	}
	return nil, os.ErrNotExist
}

type one struct{ info }

func (o one) ListAt(to []os.FileInfo, at int64) (int, error) {
	if at > 0 {
		return 0, io.EOF
	}
	to[0] = o.info
	return 1, nil
}

type info struct{ c io.ReaderAt }

func (i info) Name() string { return "x" }
func (i info) Size() int64 {
	if s, ok := i.c.(interface{ Size() int64 }); ok {
		return s.Size()
	}
	return 0
}
func (i info) Mode() os.FileMode  { return 0o600 }
func (i info) ModTime() time.Time { return time.Time{} }
func (i info) IsDir() bool        { return false }
func (i info) Sys() any           { return nil }

// endless is a file without end that says it is small.
type endless struct{}

func (endless) ReadAt(b []byte, _ int64) (int, error) { return len(b), nil }
func (endless) Size() int64                           { return 100 }

// broken ends with an error in the middle.
type broken struct{}

func (broken) ReadAt(b []byte, at int64) (int, error) {
	if at > 0 {
		return 0, errors.New("broken: " + secret)
	}
	return min(100, len(b)), nil
}
func (broken) Size() int64 { return 1000 }

// hanging answers no read.
type hanging struct{ done chan struct{} }

func (h hanging) ReadAt([]byte, int64) (int, error) { <-h.done; return 0, io.EOF }
func (h hanging) Size() int64                       { return 100 }

// sftpServe returns address and host key.
func sftpServe(t *testing.T, files sftpFiles, interactive bool) (string, ssh.PublicKey) {
	t.Helper()
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := ssh.NewSignerFromKey(private)
	if err != nil {
		t.Fatal(err)
	}
	check := func(u, p string) (*ssh.Permissions, error) {
		if u != user || p != secret {
			return nil, errors.New("no")
		}
		return nil, nil
	}
	cfg := &ssh.ServerConfig{}
	if interactive {
		cfg.KeyboardInteractiveCallback = func(c ssh.ConnMetadata, ask ssh.KeyboardInteractiveChallenge) (*ssh.Permissions, error) {
			answers, err := ask("", "", []string{"Password: "}, []bool{false})
			if err != nil {
				return nil, err
			}
			return check(c.User(), answers[0])
		}
	} else {
		cfg.PasswordCallback = func(c ssh.ConnMetadata, p []byte) (*ssh.Permissions, error) { return check(c.User(), string(p)) }
	}
	cfg.AddHostKey(signer)
	addr := listen(t, func(c net.Conn) {
		_, channels, requests, err := ssh.NewServerConn(c, cfg)
		if err != nil {
			return
		}
		go ssh.DiscardRequests(requests)
		for ch := range channels {
			channel, requests, err := ch.Accept()
			if err != nil {
				return
			}
			go func() {
				for r := range requests {
					_ = r.Reply(r.Type == "subsystem", nil)
				}
			}()
			s := sftp.NewRequestServer(channel, sftp.Handlers{FileGet: files, FilePut: files, FileCmd: files, FileList: files})
			go func() { _ = s.Serve() }()
		}
	})
	return addr, signer.PublicKey()
}

func TestSFTP(t *testing.T) {
	content := bytes.Repeat([]byte("内容\n"), 300_000)
	files := sftpFiles{
		"/dir/a.xml":               bytes.NewReader(content),
		"/\xc4\xbf\xc2\xbc/中 .xml": bytes.NewReader([]byte("mixed")),
		"/\xd6\xd0\xce\xc4/b.xml":  bytes.NewReader([]byte("GBK")),
		"/endless":                 endless{},
		"/broken":                  broken{},
		"/empty":                   bytes.NewReader(nil),
	}
	for _, interactive := range []bool{false, true} {
		addr, key := sftpServe(t, files, interactive)
		with := func(change ...func(*Config)) *Fetcher {
			t.Helper()
			known := func(c *Config) { c.HostKeys = map[string][]string{addr: {ssh.FingerprintSHA256(key)}} }
			return fetcher(t, local(append(change, known)...))
		}
		f := with()
		gets(t, f, at(t, "sftp", addr, "/dir/a.xml"), content)
		gets(t, f, at(t, "sftp", addr, "/%C4%BF%C2%BC/中%20.xml"), []byte("mixed"))
		gets(t, f, at(t, "sftp", addr, "/中文/b.xml"), []byte("GBK"))
		gets(t, f, at(t, "sftp", addr, "/empty"), nil)
		fails(t, f, at(t, "sftp", addr, "/none"), CodeNotFound)
		fails(t, f, at(t, "sftp", addr, "/broken"), CodeRemote)
		fails(t, with(func(c *Config) { c.MaxBytes = 1000 }), at(t, "sftp", addr, "/dir/a.xml"), CodeTooLarge)
		fails(t, with(func(c *Config) { c.MaxBytes = 1 << 20 }), at(t, "sftp", addr, "/endless"), CodeTooLarge)
		wrong, err := ParseURL("sftp://" + user + ":wrongW0rd@" + addr + "/dir/a.xml")
		if err != nil {
			t.Fatal(err)
		}
		fails(t, f, wrong, CodeLogin)
	}
}

func TestSFTPHostKeys(t *testing.T) {
	addr, key := sftpServe(t, sftpFiles{"/a": bytes.NewReader([]byte("x"))}, false)
	print := ssh.FingerprintSHA256(key)
	u := at(t, "sftp", addr, "/a")
	text := fails(t, fetcher(t, local()), u, CodeHostKey)
	if !strings.Contains(text, `"`+addr+`": ["`+print+`"]`) {
		t.Errorf("it does not say what to add: %s", text)
	}
	other := "SHA256:" + strings.Repeat("A", 43)
	text = fails(t, fetcher(t, local(func(c *Config) { c.HostKeys = map[string][]string{addr: {other}} })), u, CodeHostKey)
	if !strings.Contains(text, print) || !strings.Contains(text, other) {
		t.Error(text)
	}
	gets(t, fetcher(t, local(func(c *Config) { c.HostKeys = map[string][]string{"127.0.0.1": {other, print}} })), u, []byte("x"))
}

func TestSFTPHostile(t *testing.T) {
	h := hanging{make(chan struct{})}
	t.Cleanup(func() { close(h.done) })
	addr, key := sftpServe(t, sftpFiles{"/hang": h}, false)
	known := func(c *Config) { c.HostKeys = map[string][]string{addr: {ssh.FingerprintSHA256(key)}} }
	u := at(t, "sftp", addr, "/hang")
	fails(t, fetcher(t, local(known, func(c *Config) { c.Timeout = 200 * time.Millisecond })), u, CodeTimeout)
	fails(t, fetcher(t, local(known, func(c *Config) { c.IdleTimeout = 100 * time.Millisecond })), u, CodeTimeout)

	// Cut in the middle of the file.
	behind, key := sftpServe(t, sftpFiles{"/a": bytes.NewReader(make([]byte, 1<<20))}, false)
	cut := listen(t, func(c net.Conn) {
		server, err := net.Dial("tcp", behind)
		if err != nil {
			return
		}
		defer server.Close()
		go func() { _, _ = io.Copy(server, c) }()
		_, _ = io.CopyN(c, server, 200_000)
	})
	fails(t, fetcher(t, local(func(c *Config) { c.HostKeys = map[string][]string{cut: {ssh.FingerprintSHA256(key)}} })), at(t, "sftp", cut, "/a"), CodeTruncated)

	f := fetcher(t, local())
	fails(t, f, at(t, "sftp", listen(t, writes("no SSH "+secret+"\r\n")), "/a"), CodeTruncated)
	fails(t, f, at(t, "sftp", listen(t, func(c net.Conn) {
		_, _ = io.WriteString(c, "SSH-2.0-x\r\n"+strings.Repeat("\xff", 64))
		_, _ = io.Copy(io.Discard, c)
	}), "/a"), CodeRemote)
	fails(t, f, at(t, "sftp", listen(t, func(net.Conn) {}), "/a"), CodeTruncated)
}
