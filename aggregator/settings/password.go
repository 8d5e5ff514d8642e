package settings

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"strings"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"
)

// What a guess costs: argonMemory (19 MiB, see cost.go) and about 20 ms of one core. At
// most hashesAtOnce are made at a time, so that guessing cannot take the machine's
// memory. What a hash cost stands in it, so that other costs hold for new ones alone.
const (
	argonTime    = 2
	argonThreads = 1
	argonLength  = 32
	hashesAtOnce = 4

	// MinPassword and MaxPassword bound a password, in letters and in bytes.
	MinPassword = 10
	MaxPassword = 200
)

// hasher makes and compares hashes of passwords. The zero hasher is not usable.
type hasher struct{ slots chan struct{} }

func newHasher() *hasher { return &hasher{make(chan struct{}, hashesAtOnce)} }

func (h *hasher) key(ctx context.Context, password string, salt []byte, memory, times uint32) ([]byte, error) {
	select {
	case h.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	defer func() { <-h.slots }()
	return argon2.IDKey([]byte(password), salt, times, memory, argonThreads, argonLength), nil
}

// hash makes the text that is kept of a password, in the form that argon2's own tools
// write.
func (h *hasher) hash(ctx context.Context, password string) (string, error) {
	salt := make([]byte, 16)
	_, _ = rand.Read(salt) // never fails: it ends the program instead
	key, err := h.key(ctx, password, salt, argonMemory, argonTime)
	if err != nil {
		return "", err
	}
	b64 := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, argonMemory, argonTime, argonThreads, b64.EncodeToString(salt), b64.EncodeToString(key)), nil
}

// matches compares a password with what is kept. Nothing kept takes as long as
// something and never matches, so that nobody learns by the clock who is there.
func (h *hasher) matches(ctx context.Context, password, kept string) (bool, error) {
	salt, want := make([]byte, 16), make([]byte, argonLength)
	memory, times := uint32(argonMemory), uint32(argonTime)
	known := kept != ""
	if known {
		parts := strings.Split(kept, "$")
		b64 := base64.RawStdEncoding
		if len(parts) != 6 || parts[1] != "argon2id" || parts[2] != fmt.Sprintf("v=%d", argon2.Version) {
			return false, fmt.Errorf("settings: a password's hash is of no known form")
		}
		n, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=1", &memory, &times)
		if err != nil || n != 2 || memory > 1<<20 || times < 1 || times > 100 {
			return false, fmt.Errorf("settings: a password's hash has no known cost: %q", clip(parts[3]))
		}
		if salt, err = b64.DecodeString(parts[4]); err != nil {
			return false, fmt.Errorf("settings: a password's hash: %w", err)
		}
		if want, err = b64.DecodeString(parts[5]); err != nil {
			return false, fmt.Errorf("settings: a password's hash: %w", err)
		}
	}
	key, err := h.key(ctx, password, salt, memory, times)
	if err != nil {
		return false, err
	}
	return subtle.ConstantTimeCompare(key, want) == 1 && known, nil
}

// checkPassword refuses passwords that are guessed first.
func checkPassword(name, password string) error {
	lower := strings.ToLower(password)
	letters := map[rune]bool{}
	for _, r := range lower {
		letters[r] = true
	}
	switch {
	case !utf8.ValidString(password) || utf8.RuneCountInString(password) < MinPassword || len(password) > MaxPassword:
		return faultf("bad_password", "A password has at least %d letters and at most %d bytes.", MinPassword, MaxPassword)
	case strings.Contains(lower, name):
		return faultf("bad_password", "A password must not contain the name under which one signs in.")
	case len(letters) < 5:
		return faultf("bad_password", "A password has at least 5 different letters.")
	case strings.Contains("0123456789012345678901234567890 qwertyuiopasdfghjklzxcvbnm abcdefghijklmnopqrstuvwxyz password1234567890", lower):
		return faultf("bad_password", "This password is among the first that are guessed; take several words.")
	}
	return nil
}
