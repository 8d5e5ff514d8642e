package sqlite

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
)

const keySize = 32

// keyring holds the keys of the provinces' bodies: one file
// <dir>/province-33.key a province, mode 0600, 64 hexadecimal digits, made at
// first use. Destroying a file destroys the bodies of its province, copies and
// backups included. Safe for concurrent use.
type keyring struct {
	dir string

	mu   sync.RWMutex
	keys map[uint8]*provinceKey
}

type provinceKey struct {
	aead        cipher.AEAD
	fingerprint []byte // tells a lost or exchanged file; says nothing about the key
}

func newKeyring(dir string) *keyring {
	return &keyring{dir: dir, keys: make(map[uint8]*provinceKey)}
}

func (r *keyring) path(province uint8) string {
	return filepath.Join(r.dir, fmt.Sprintf("province-%02d.key", province))
}

// expect loads a key that bodies in the ledger were sealed with.
func (r *keyring) expect(province uint8, fingerprint []byte) error {
	text, err := os.ReadFile(r.path(province))
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("ledger: the key file %s is missing: bodies of province %02d cannot be read; bring the file back from the backup of the keys", r.path(province), province)
	}
	if err != nil {
		return fmt.Errorf("ledger: key of province %02d: %w", province, err)
	}
	k, err := parseKey(r.path(province), text)
	if err != nil {
		return err
	}
	if !bytes.Equal(k.fingerprint, fingerprint) {
		return fmt.Errorf("ledger: the key file %s is not the one that the bodies of province %02d were sealed with", r.path(province), province)
	}
	r.keys[province] = k
	return nil
}

// of returns the key of a province and makes one, durable before it is used,
// if there is none.
func (r *keyring) of(province uint8) (*provinceKey, error) {
	r.mu.RLock()
	k := r.keys[province]
	r.mu.RUnlock()
	if k != nil {
		return k, nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if k := r.keys[province]; k != nil {
		return k, nil
	}
	text, err := os.ReadFile(r.path(province))
	if errors.Is(err, fs.ErrNotExist) {
		text, err = r.create(province)
	}
	if err != nil {
		return nil, fmt.Errorf("ledger: key of province %02d: %w", province, err)
	}
	if k, err = parseKey(r.path(province), text); err != nil {
		return nil, err
	}
	r.keys[province] = k
	return k, nil
}

// create writes a new key under another name and links it into place, so that
// a crash leaves no half key and two ledgers end up with the same one.
func (r *keyring) create(province uint8) ([]byte, error) {
	if err := os.MkdirAll(r.dir, 0o700); err != nil {
		return nil, err
	}
	key := make([]byte, keySize)
	rand.Read(key)
	f, err := os.CreateTemp(r.dir, "new-*.key") // 0600
	if err != nil {
		return nil, err
	}
	defer os.Remove(f.Name())
	_, err = f.WriteString(hex.EncodeToString(key) + "\n")
	err = errors.Join(err, f.Sync(), f.Close())
	if err != nil {
		return nil, err
	}
	if err := os.Link(f.Name(), r.path(province)); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, err
	}
	if err := syncDir(r.dir); err != nil {
		return nil, err
	}
	return os.ReadFile(r.path(province))
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

func parseKey(path string, text []byte) (*provinceKey, error) {
	key, err := hex.DecodeString(strings.TrimSpace(string(text)))
	if err != nil || len(key) != keySize {
		return nil, fmt.Errorf("ledger: the key file %s must hold %d hexadecimal digits", path, 2*keySize)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(append([]byte("ledger key "), key...))
	return &provinceKey{aead: aead, fingerprint: sum[:8]}, nil
}

// seal appends the encrypted body to dst. The batch's place is authenticated
// with it, so that bodies cannot change places.
func (k *provinceKey) seal(dst, body []byte, place []byte) []byte {
	return k.aead.Seal(dst, nil, body, place)
}

func (k *provinceKey) open(sealed []byte, place []byte) ([]byte, error) {
	return k.aead.Open(nil, nil, sealed, place)
}

// appendPlace appends what names a batch for ever: box, epoch, number.
func appendPlace(dst []byte, box string, epoch, no uint64) []byte {
	dst = binary.BigEndian.AppendUint64(dst, epoch)
	dst = binary.BigEndian.AppendUint64(dst, no)
	return append(dst, box...)
}
