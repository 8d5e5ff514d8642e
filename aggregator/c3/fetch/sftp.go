package fetch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/pkg/sftp"
	"golang.org/x/crypto/ssh"
)

func (f *Fetcher) sftp(ctx context.Context, u *parts, to *sink) (err error) {
	w := newWire(ctx)
	defer w.end()
	c, err := f.dial(ctx, u.host, u.port)
	if err != nil {
		return err
	}
	w.add(c)
	// The libraries say of an idle connection only that it is lost.
	defer func() {
		if err != nil && c.idled.Load() {
			err = os.ErrDeadlineExceeded
		}
	}()
	var refused *Error // the library keeps the text of our refusal only
	asked := 0
	sc, channels, requests, err := ssh.NewClientConn(c, u.hostPort(), &ssh.ClientConfig{
		User:          u.user,
		ClientVersion: "SSH-2.0-iptvdc",
		Auth: []ssh.AuthMethod{
			ssh.Password(u.pass),
			ssh.KeyboardInteractive(func(_, _ string, questions []string, _ []bool) ([]string, error) {
				if asked++; asked > 3 || len(questions) > 1 {
					return nil, errors.New("more questions than for a password")
				}
				return slices.Repeat([]string{u.pass}, len(questions)), nil
			}),
		},
		HostKeyCallback: func(_ string, _ net.Addr, key ssh.PublicKey) error {
			if refused = f.checkHostKey(u, key); refused != nil {
				return refused
			}
			return nil
		},
	})
	switch {
	case refused != nil:
		return refused
	case err != nil && strings.Contains(err.Error(), "unable to authenticate"):
		return &Error{Code: CodeLogin, Text: "the server does not take user and password"}
	case err != nil:
		return err
	}
	sshClient := ssh.NewClient(sc, channels, requests)
	client, err := sftp.NewClient(sshClient)
	if err != nil {
		return err
	}
	for _, name := range spellings(u.path, strings.TrimPrefix(u.path, "/")) {
		var file *sftp.File
		if file, err = client.Open(name); errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		return copySFTP(file, to)
	}
	return err
}

func copySFTP(file *sftp.File, to *sink) error {
	size := int64(-1)
	if st, err := file.Stat(); err == nil {
		if st.IsDir() {
			return &Error{Code: CodeNotFound, Text: "it is a folder, not a file"}
		}
		size = st.Size()
	}
	if err := to.announced(size); err != nil {
		return err
	}
	if _, err := io.Copy(to, file); err != nil {
		return err
	}
	return to.whole(size)
}

// checkHostKey refuses a server whose key is not configured, and says what to
// add if it is the right one.
func (f *Fetcher) checkHostKey(u *parts, key ssh.PublicKey) *Error {
	print := ssh.FingerprintSHA256(key)
	name := net.JoinHostPort(u.host, strconv.Itoa(int(u.port)))
	known := append(slices.Clone(f.cfg.HostKeys[name]), f.cfg.HostKeys[u.host]...)
	switch {
	case slices.Contains(known, print):
		return nil
	case len(known) == 0:
		return &Error{Code: CodeHostKey, Text: fmt.Sprintf(
			"the key of SFTP server %s is not known: it shows %s %s. If its operator confirms this, add to the host keys: %q: [%q]",
			name, key.Type(), print, name, print)}
	}
	return &Error{Code: CodeHostKey, Text: fmt.Sprintf(
		"SFTP server %s shows key %s %s, which is none of those configured for it (%s): somebody may be in between. If its operator confirms the new key, add it",
		name, key.Type(), print, strings.Join(known, ", "))}
}
