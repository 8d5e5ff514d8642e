package settings

import (
	"strings"
	"testing"
)

// Hashes are those that the reference implementation writes; other passwords and damaged
// hashes are refused.
func TestHashes(t *testing.T) {
	h := newHasher()
	made, err := h.hash(t.Context(), good)
	if err != nil || !strings.HasPrefix(made, "$argon2id$v=19$m=") {
		t.Fatalf("%q, %v", made, err)
	}
	f := func(password, kept string, want, fails bool) {
		t.Helper()
		got, err := h.matches(t.Context(), password, kept)
		if got != want || (err != nil) != fails {
			t.Errorf("matches(%q, %q) = %v, %v", password, kept, got, err)
		}
	}
	f(good, made, true, false)
	f(good+" ", made, false, false)
	f("", "", false, false)
	f(good, "", false, false)
	// of another cost than ours now
	f("password", "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc", true, false)
	f("passwort", "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc", false, false)
	for _, bad := range []string{"x", "$argon2i$v=19$m=64,t=2,p=1$AAAA$AAAA", "$argon2id$v=16$m=64,t=2,p=1$AAAA$AAAA", "$argon2id$v=19$m=99999999,t=2,p=1$AAAA$AAAA", "$argon2id$v=19$m=64,t=0,p=1$AAAA$AAAA", "$argon2id$v=19$m=64,t=2,p=1$!$AAAA"} {
		f(good, bad, false, true)
	}
}
