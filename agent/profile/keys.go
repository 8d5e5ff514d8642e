package profile

import (
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"iptvdc/protocol"
)

// maxKeys: the one in use, and the next.
const maxKeys = 2

// ParseKeys reads public keys, one a line: "<id> <base64>". Empty lines and
// those that begin with # are passed over. There must be one or two.
func ParseKeys(text string) (protocol.Keys, error) {
	keys := protocol.Keys{}
	n := 0
	for line := range strings.Lines(text) {
		n++
		field := strings.Fields(line)
		if len(field) == 0 || strings.HasPrefix(field[0], "#") {
			continue
		}
		if len(field) != 2 {
			return nil, fmt.Errorf("line %d: must be: ID KEY, as 1 and 44 characters of base64", n)
		}
		id, err := strconv.ParseUint(field[0], 10, 53)
		if err != nil {
			return nil, fmt.Errorf("line %d: %.40q is no key's number", n, field[0])
		}
		public, err := base64.StdEncoding.DecodeString(field[1])
		if err != nil || len(public) != ed25519.PublicKeySize {
			return nil, fmt.Errorf("line %d: key %d is no public key: it must be %d bytes in base64", n, id, ed25519.PublicKeySize)
		}
		if _, twice := keys[id]; twice {
			return nil, fmt.Errorf("line %d: key %d stands twice", n, id)
		}
		keys[id] = public
	}
	switch {
	case len(keys) == 0:
		return nil, errors.New("no key in it")
	case len(keys) > maxKeys:
		return nil, fmt.Errorf("%d keys, at most %d: the one in use and the next", len(keys), maxKeys)
	}
	return keys, nil
}
