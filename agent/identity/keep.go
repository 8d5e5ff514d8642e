package identity

import (
	"crypto/ecdsa"
	"crypto/x509"
	"errors"
	"fmt"
	"time"
)

// keep puts key and certificate on flash, then uses them.
func (k *Keeper) keep(key *ecdsa.PrivateKey, der []byte) error {
	h, err := certify(key, k.c.Box, der)
	if err != nil {
		return err
	}
	text, err := encode(key, h.chain)
	if err != nil {
		return err
	}
	// Only in memory the certificate would be used, and gone after a cut, with a key
	// that may be gone too; the key waits on flash, and asks again.
	if err := k.c.Disk.Replace(heldFile, text); err != nil {
		return fmt.Errorf("the certificate cannot be kept: %w", err)
	}
	before := k.cert.Load()
	k.hold(h)
	k.next = nil
	if before != nil && before.Leaf.Equal(h.leaf) {
		k.c.Log.Warn("the centre stands by the certificate that a broker turned down")
		return nil // told once more: whoever did not take it waits before it is shown again
	}
	if before != nil {
		k.mu.Lock()
		k.stats.Renewed++
		k.mu.Unlock()
	}
	k.c.Log.Info("this box has a certificate", "until", h.leaf.NotAfter.UTC().Format(time.RFC3339))
	if k.c.Replaced != nil {
		k.c.Replaced()
	}
	if err := k.c.Disk.Remove(nextFile); err != nil {
		k.c.Log.Warn("a key that is in use twice on flash stays there", "error", err) // harmless: Open knows it
	}
	return nil
}

// rekey goes on from a key that the centre has declared void to one made after it: that
// of a question whose answer was lost, else a new one. The next question is a claim; a
// cut before its answer has the centre say the same once more.
func (k *Keeper) rekey(void *ecdsa.PrivateKey) (time.Duration, error) {
	if k.next == nil || k.next.Equal(void) {
		if err := k.another(); err != nil {
			return 0, err
		}
	}
	k.held = nil
	k.mu.Lock()
	k.stats.State = "claiming"
	k.mu.Unlock()
	return 0, nil
}

// firstName is the common name in the first of some certificates.
func firstName(der []byte) (string, error) {
	chain, err := x509.ParseCertificates(der)
	if err != nil {
		return "", err
	}
	if len(chain) == 0 {
		return "", errors.New("no certificate")
	}
	return chain[0].Subject.CommonName, nil
}
