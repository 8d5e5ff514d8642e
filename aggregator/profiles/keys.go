package profiles

import (
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"iptvdc/protocol"
)

// Key signs profiles and commands.
type Key struct {
	ID      uint64
	Private ed25519.PrivateKey
}

// NewKey makes a key with that number.
func NewKey(id uint64) (Key, error) {
	_, private, err := ed25519.GenerateKey(nil)
	return Key{id, private}, err
}

// PublicLine is the line for the boxes' file of keys.
func (k Key) PublicLine() string {
	return fmt.Sprintf("%d %s", k.ID, base64.StdEncoding.EncodeToString(k.Private.Public().(ed25519.PublicKey)))
}

// Save writes the private key to a new file that only its owner may read.
func (k Key) Save(path string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if errors.Is(err, os.ErrExist) {
		return fmt.Errorf("%s exists already; a key is never overwritten, give another file", path)
	}
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(f, "# private key; keep it apart and secret\n%d %s\n", k.ID, base64.StdEncoding.EncodeToString(k.Private.Seed()))
	return errors.Join(err, f.Sync(), f.Close())
}

// LoadKey reads a file that Save wrote. It refuses one that others may read.
func LoadKey(path string) (Key, error) {
	info, err := os.Stat(path)
	if err != nil {
		return Key{}, fmt.Errorf("key: %w", err)
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		return Key{}, fmt.Errorf("key: others may read %s (mode %04o); run: chmod 600 %s", path, mode, path)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return Key{}, fmt.Errorf("key: %w", err)
	}
	for line := range strings.Lines(string(text)) {
		field := strings.Fields(line)
		if len(field) == 0 || strings.HasPrefix(field[0], "#") {
			continue
		}
		if len(field) == 2 {
			id, ierr := strconv.ParseUint(field[0], 10, 53)
			seed, serr := base64.StdEncoding.DecodeString(field[1])
			if ierr == nil && serr == nil && len(seed) == ed25519.SeedSize {
				return Key{id, ed25519.NewKeyFromSeed(seed)}, nil
			}
		}
		break
	}
	return Key{}, fmt.Errorf("key: %s holds no private key; make one with: aggregator profile keygen --out FILE", path)
}

// LoadPublic reads a file of public keys as boxes have it: lines "<id> <base64>".
func LoadPublic(path string) (protocol.Keys, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("keys: %w", err)
	}
	keys := protocol.Keys{}
	for line := range strings.Lines(string(text)) {
		field := strings.Fields(line)
		if len(field) == 0 || strings.HasPrefix(field[0], "#") {
			continue
		}
		if len(field) != 2 {
			return nil, fmt.Errorf("keys: %s: a line must be: ID KEY, as 1 and 44 characters of base64", path)
		}
		id, ierr := strconv.ParseUint(field[0], 10, 53)
		public, kerr := base64.StdEncoding.DecodeString(field[1])
		if ierr != nil || kerr != nil || len(public) != ed25519.PublicKeySize {
			return nil, fmt.Errorf("keys: %s: %s is no public key", path, field[0])
		}
		keys[id] = public
	}
	if len(keys) == 0 {
		return nil, fmt.Errorf("keys: %s has no key in it", path)
	}
	return keys, nil
}
