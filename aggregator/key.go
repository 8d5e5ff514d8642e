package aggregator

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
)

// TextKey is the key of a text that is no secret (a page, a programme, a
// product): the first 8 bytes of SHA-256, big endian. The key of "" is 0.
//
// Keys are hashes so that aggregators need no shared counter. Two of n texts
// collide with probability n²/2⁶⁵: with 10 million texts one in 370,000.
func TextKey(text string) uint64 {
	if text == "" {
		return 0
	}
	var buf [256]byte // keeps the copy on the stack; longer texts are not on the wire
	if len(text) > len(buf) {
		sum := sha256.Sum256([]byte(text))
		return binary.BigEndian.Uint64(sum[:8])
	}
	sum := sha256.Sum256(buf[:copy(buf[:], text)])
	return binary.BigEndian.Uint64(sum[:8])
}

// Secrets turns the names of boxes and people into pseudonyms: first 8 bytes of
// HMAC-SHA-256, under one key for boxes and one a province for accounts, so
// that forgetting a province's key makes its accounts unreadable for ever.
//
// Who loses the secrets cannot join new events with old ones. The zero Secrets
// has no keys and panics when used. Safe for concurrent use.
type Secrets struct{ k *secretKeys }

type secretKeys struct {
	box      mac
	stb      mac      // made of box's, so that old secrets serve
	accounts [100]mac // by province
}

// NewSecrets draws fresh keys.
func NewSecrets() Secrets {
	k := new(secretKeys)
	k.box = newMac(randomKey())
	k.stb = k.box.derive("stb")
	for p := range k.accounts {
		k.accounts[p] = newMac(randomKey())
	}
	return Secrets{k}
}

func randomKey() (key [32]byte) {
	_, _ = rand.Read(key[:]) // never fails: it ends the program instead
	return key
}

// BoxKey is the pseudonym of a box id; that of "" is 0.
func (s Secrets) BoxKey(box string) uint64 { return s.k.box.key(box) }

// STBKey is the pseudonym of a box as carriers name it, by its STBID; that of ""
// is 0. It is another than the BoxKey of the same text: carriers' numbers are
// forged and given twice, the ids of our agents are not.
func (s Secrets) STBKey(stbid string) uint64 { return s.k.stb.key(stbid) }

// AccountKey is the pseudonym of an account of province p; that of "" is 0.
func (s Secrets) AccountKey(p Province, account string) uint64 {
	return s.k.accounts[int(p)%len(s.k.accounts)].key(account)
}

// secretsFile is how Secrets lie in a file. It is JSON so that an operator can
// see what kind of file it is and remove one province's key.
type secretsFile struct {
	Box      string   `json:"box"`
	Accounts []string `json:"accounts"` // by province, 00 to 99
}

// Marshal returns the secrets as text for a file that only the aggregator may
// read (mode 0600).
func (s Secrets) Marshal() ([]byte, error) {
	f := secretsFile{Box: hex.EncodeToString(s.k.box.secret[:])}
	for p := range s.k.accounts {
		f.Accounts = append(f.Accounts, hex.EncodeToString(s.k.accounts[p].secret[:]))
	}
	return json.MarshalIndent(f, "", " ")
}

// ParseSecrets reads what Marshal wrote. Its errors never quote a key.
func ParseSecrets(text []byte) (Secrets, error) {
	var f secretsFile
	if err := json.Unmarshal(text, &f); err != nil {
		return Secrets{}, fmt.Errorf("secrets: not the JSON this program writes: %w", err)
	}
	k := new(secretKeys)
	if len(f.Accounts) != len(k.accounts) {
		return Secrets{}, fmt.Errorf("secrets: accounts has %d keys, must have %d", len(f.Accounts), len(k.accounts))
	}
	var err error
	if k.box, err = parseMac("box", f.Box); err != nil {
		return Secrets{}, err
	}
	k.stb = k.box.derive("stb")
	for p, text := range f.Accounts {
		if k.accounts[p], err = parseMac(fmt.Sprintf("accounts[%d]", p), text); err != nil {
			return Secrets{}, err
		}
	}
	return Secrets{k}, nil
}

func parseMac(field, text string) (mac, error) {
	b, err := hex.DecodeString(text)
	if err != nil || len(b) != 32 {
		return mac{}, fmt.Errorf("secrets: %s must be 64 hexadecimal digits", field)
	}
	return newMac([32]byte(b)), nil
}

// mac is HMAC-SHA-256 with the padded keys made once, so that a short text
// costs four compressions and no allocation.
type mac struct {
	secret       [32]byte
	inner, outer [sha256.BlockSize]byte
}

func newMac(secret [32]byte) mac {
	m := mac{secret: secret}
	for i := range m.inner {
		var k byte
		if i < len(secret) {
			k = secret[i]
		}
		m.inner[i], m.outer[i] = k^0x36, k^0x5c
	}
	return m
}

func (m *mac) key(text string) uint64 {
	if text == "" {
		return 0
	}
	var buf [sha256.BlockSize + 256]byte
	copy(buf[:], m.inner[:])
	var sum [sha256.Size]byte
	if len(text) <= 256 {
		n := copy(buf[sha256.BlockSize:], text)
		sum = sha256.Sum256(buf[:sha256.BlockSize+n])
	} else {
		sum = sha256.Sum256(append(buf[:sha256.BlockSize:sha256.BlockSize], text...))
	}
	copy(buf[:], m.outer[:])
	copy(buf[sha256.BlockSize:], sum[:])
	sum = sha256.Sum256(buf[:sha256.BlockSize+sha256.Size])
	return binary.BigEndian.Uint64(sum[:8])
}

// derive makes a mac for another purpose.
func (m *mac) derive(purpose string) mac {
	sum := sha256.Sum256(append(m.secret[:], purpose...))
	return newMac(sum)
}
