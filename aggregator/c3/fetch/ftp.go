package fetch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"net/textproto"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/jlaffaye/ftp"
	"golang.org/x/text/encoding/simplifiedchinese"
)

// controlBytes is how much a server may say on the control connection.
const controlBytes = 256 << 10

func (f *Fetcher) ftp(ctx context.Context, u *parts, to *sink) error {
	w := newWire(ctx)
	defer w.end()
	var server netip.Addr // whom the control connection reached
	dial := func(_, address string) (net.Conn, error) {
		if !server.IsValid() {
			c, err := f.dial(ctx, u.host, u.port)
			if err != nil {
				return nil, err
			}
			c.left = controlBytes
			server = c.RemoteAddr().(*net.TCPAddr).AddrPort().Addr().Unmap()
			w.add(c)
			return c, nil
		}
		c, err := f.dialData(ctx, server, address)
		if err != nil {
			return nil, err
		}
		w.add(c)
		return c, nil
	}
	// Names go as they are: with UTF8 off a server takes our bytes for its own.
	c, err := ftp.Dial(u.hostPort(), ftp.DialWithDialFunc(dial), ftp.DialWithDisabledUTF8(true))
	if err != nil {
		return err
	}
	user, pass := u.user, u.pass
	if user == "" {
		user, pass = "anonymous", "anonymous@"
	}
	if err := c.Login(user, pass); err != nil {
		return err
	}
	var failed error
	for _, name := range spellings(strings.TrimPrefix(u.path, "/"), u.path) {
		size, err := c.FileSize(name)
		if err != nil {
			size = -1 // not every server tells
		}
		if err := to.announced(size); err != nil {
			return err
		}
		body, err := c.Retr(name)
		var reply *textproto.Error
		if errors.As(err, &reply) && (reply.Code == 550 || reply.Code == 553 || reply.Code == 501) {
			failed = err
			continue
		}
		if err != nil {
			return err
		}
		if _, err := io.Copy(to, body); err != nil {
			return err
		}
		// An end of the data is an end of the file only if the server says so.
		if err := body.Close(); err != nil {
			var reply *textproto.Error
			if errors.As(err, &reply) {
				return &Error{Code: CodeTruncated, Text: fmt.Sprintf("the server ends the transfer with %d %s", reply.Code, reply.Msg)}
			}
			return err
		}
		if err := to.whole(size); err != nil {
			return err
		}
		_ = c.Quit()
		return nil
	}
	return failed
}

// dialData opens a data connection: to the server of the control connection
// and nobody else, whatever it answered to PASV or EPSV, and to no service.
func (f *Fetcher) dialData(ctx context.Context, server netip.Addr, address string) (*conn, error) {
	host, text, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	ip, err := netip.ParseAddr(host)
	port, portErr := strconv.ParseUint(text, 10, 16)
	if err != nil || portErr != nil || ip.Unmap() != server || port < 1024 {
		return nil, &Error{Code: CodeForbidden, Text: "the server asks for a data connection to where none is made: " + address}
	}
	return f.open(ctx, server, uint16(port), func(to netip.AddrPort) bool { return to.Addr().Unmap() == server })
}

// spellings are the names under which a file may lie: unescaped, under each
// path given; then, if it is Chinese text in UTF-8, the same in GBK, as most
// senders' servers keep it.
func spellings(paths ...string) []string {
	var all []string
	for _, p := range paths {
		all = append(all, unescape(p))
	}
	for _, p := range paths {
		if name, ok := gbk(unescape(p)); ok {
			all = append(all, name)
		}
	}
	return all
}

// gbk is the text in GBK, if it is UTF-8 and not ASCII.
func gbk(text string) (string, bool) {
	ascii := true
	for i := range len(text) {
		ascii = ascii && text[i] < utf8.RuneSelf
	}
	if ascii || !utf8.ValidString(text) {
		return "", false
	}
	out, err := simplifiedchinese.GB18030.NewEncoder().String(text)
	return out, err == nil
}
