package source

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"iptvdc/aggregator/durable"
)

// keyFile seals the secrets of sources with a key in a file that only the aggregator may
// read: who has the settings has no password of other people's databases. The key is
// made when it is first needed.
type keyFile string

func (k keyFile) cipher(create bool) (cipher.AEAD, error) {
	b, err := os.ReadFile(string(k))
	if errors.Is(err, fs.ErrNotExist) && create {
		var key [32]byte
		_, _ = rand.Read(key[:]) // never fails: it ends the program instead
		b = []byte(hex.EncodeToString(key[:]) + "\n")
		err = durable.WriteFile(string(k), b)
	}
	if err != nil {
		return nil, fmt.Errorf("source: the key of secrets: %w", err)
	}
	key, err := hex.DecodeString(strings.TrimSpace(string(b)))
	if err != nil || len(key) != 32 {
		return nil, fmt.Errorf("source: %s must hold 64 hexadecimal digits", string(k))
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

// seal makes a secret unreadable without the key, bound to its source.
func (k keyFile) seal(source, secret string) ([]byte, error) {
	if secret == "" {
		return nil, nil
	}
	c, err := k.cipher(true)
	if err != nil {
		return nil, err
	}
	nonce := make([]byte, c.NonceSize())
	_, _ = rand.Read(nonce) // never fails: it ends the program instead
	return c.Seal(nonce, nonce, []byte(secret), []byte(source)), nil
}

// open is the inverse of seal.
func (k keyFile) open(source string, sealed []byte) (string, error) {
	if len(sealed) == 0 {
		return "", nil
	}
	c, err := k.cipher(false)
	if err != nil {
		return "", err
	}
	lost := faultf("secret_lost", "The secret of the source cannot be read with the key there is; give it again.")
	if len(sealed) < c.NonceSize() {
		return "", lost
	}
	secret, err := c.Open(nil, sealed[:c.NonceSize()], sealed[c.NonceSize():], []byte(source))
	if err != nil {
		lost.Cause = err
		return "", lost
	}
	return string(secret), nil
}
