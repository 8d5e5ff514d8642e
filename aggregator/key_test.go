package aggregator

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"strings"
	"testing"
)

func TestTextKey(t *testing.T) {
	f := func(text string, want uint64) {
		t.Helper()
		if got := TextKey(text); got != want {
			t.Errorf("TextKey(%.20q) = %#x, want %#x", text, got, want)
		}
	}
	f("", 0)
	f("abc", 0xba7816bf8f01cfea) // FIPS 180-2, appendix B.1
	long := strings.Repeat("x", 300)
	sum := sha256.Sum256([]byte(long))
	f(long, binary.BigEndian.Uint64(sum[:8]))
}

func TestSecretsAreHMAC(t *testing.T) {
	s := NewSecrets()
	want := func(secret [32]byte, text string) uint64 {
		h := hmac.New(sha256.New, secret[:])
		h.Write([]byte(text))
		return binary.BigEndian.Uint64(h.Sum(nil))
	}
	for _, text := range []string{"a", "0123456789abcdef", strings.Repeat("y", 256), strings.Repeat("z", 257)} {
		if got := s.BoxKey(text); got != want(s.k.box.secret, text) {
			t.Errorf("BoxKey of %d characters is not HMAC-SHA-256", len(text))
		}
		if got := s.AccountKey(33, text); got != want(s.k.accounts[33].secret, text) {
			t.Errorf("AccountKey of %d characters is not HMAC-SHA-256", len(text))
		}
	}
	if s.STBKey("b") == s.BoxKey("b") {
		t.Error("a box has one key under both its names")
	}
	if s.BoxKey("") != 0 || s.STBKey("") != 0 || s.AccountKey(33, "") != 0 {
		t.Error("the key of nothing must be 0")
	}
	if s.AccountKey(33, "0571000001") == s.AccountKey(43, "0571000001") {
		t.Error("one account name has the same key in two provinces")
	}
}

func TestSecretsSurviveAFile(t *testing.T) {
	s := NewSecrets()
	text, err := s.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	back, err := ParseSecrets(text)
	if err != nil {
		t.Fatal(err)
	}
	if back.BoxKey("b") != s.BoxKey("b") || back.STBKey("b") != s.STBKey("b") || back.AccountKey(99, "a") != s.AccountKey(99, "a") {
		t.Error("keys differ after a file")
	}
	f := func(text, want string) {
		t.Helper()
		if _, err := ParseSecrets([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("ParseSecrets(%.30q) = %v, want an error about %q", text, err, want)
		}
	}
	f("", "JSON")
	f(`{"box":"00"}`, "accounts has 0 keys")
	f(strings.Replace(string(text), `"box": "`, `"box": "zz`, 1), "box must be 64")
}

func FuzzParseSecrets(f *testing.F) {
	text, err := NewSecrets().Marshal()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Add([]byte(`{"accounts":[""]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		s, err := ParseSecrets(text)
		if err == nil {
			s.BoxKey("box") // what parses can be used
		}
	})
}

func TestKeysDoNotAllocate(t *testing.T) {
	s := NewSecrets()
	if n := testing.AllocsPerRun(100, func() { s.BoxKey("0123456789abcdef0123"); TextKey("channel.cctv1") }); n != 0 {
		t.Errorf("%v allocations for a key, want none", n)
	}
}

func BenchmarkBoxKey(b *testing.B) {
	s := NewSecrets()
	for b.Loop() {
		s.BoxKey("0123456789abcdef0123")
	}
}
