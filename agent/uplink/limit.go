package uplink

import (
	"errors"
	"net"

	"iptvdc/protocol"
)

// maxDown hangs up on a packet longer than any that may come down, framing and
// topic included: the MQTT library would allocate whatever a packet announces,
// up to 256 MB.
const maxDown = 2 * protocol.MaxPacketDown

var errTooLong = errors.New("a packet of more than 8 KiB was announced")

// limited watches the packet lengths in what is read from a connection.
type limited struct {
	net.Conn
	state  uint8 // 0: at a packet's first byte; 1..4: in its length
	length int
	skip   int // bytes left of the packet's rest
}

func (l *limited) Read(p []byte) (int, error) {
	n, err := l.Conn.Read(p)
	if !l.watch(p[:n]) {
		l.Conn.Close()
		return 0, errTooLong
	}
	return n, err
}

// watch follows the framing; false: too long, or no length at all.
func (l *limited) watch(b []byte) bool {
	for len(b) > 0 {
		if l.skip > 0 {
			n := min(l.skip, len(b))
			l.skip -= n
			b = b[n:]
			continue
		}
		c := b[0]
		b = b[1:]
		if l.state == 0 {
			l.state, l.length = 1, 0
			continue
		}
		l.length |= int(c&0x7f) << (7 * (l.state - 1))
		if c&0x80 != 0 {
			if l.state++; l.state > 4 {
				return false
			}
			continue
		}
		if l.length > maxDown {
			return false
		}
		l.state, l.skip = 0, l.length
	}
	return true
}
