package profile

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"iptvdc/protocol"
)

const (
	testBox = "0123456789abcdef"
	toAll   = "p1/33/all"
	toGroup = "p1/33/E900V22C"
	toBox   = "c1/33/" + testBox
	year    = uint64(1798761600000) // 2027
)

func key(id uint64) ed25519.PrivateKey {
	return ed25519.NewKeyFromSeed(bytes.Repeat([]byte{byte(id)}, ed25519.SeedSize))
}

func keys(ids ...uint64) protocol.Keys {
	k := protocol.Keys{}
	for _, id := range ids {
		k[id] = key(id).Public().(ed25519.PublicKey)
	}
	return k
}

// signed is a packet with a version, an expiry and more fields.
func signed(t testing.TB, topic string, id, version, expires uint64, more string) []byte {
	t.Helper()
	if more != "" {
		more = "," + more
	}
	b, err := protocol.AppendSigned(nil, topic, id, fmt.Appendf(nil, `{"version":%d,"expires_ms":%d%s}`, version, expires, more), key(id))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func open(t testing.TB, dir string, k protocol.Keys) *Store {
	t.Helper()
	s, err := OpenStore(dir, k, 33, testBox, "E900V22C")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// versionOf is what is in force; 0: what is built in.
func versionOf(s *Store) uint64 {
	if p := s.InForce(); p != nil {
		return p.Version
	}
	return 0
}

// TestApply goes through P-8.2 in order; inForce is what holds afterwards, here
// and after a restart.
func TestApply(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, keys(1, 2))
	f := func(name, topic string, packet []byte, now uint64, state protocol.ProfileState, why string, inForce uint64) {
		t.Helper()
		o := s.Apply(topic, packet, now)
		if o.State != state || !strings.Contains(o.Why, why) || why == "" && o.Why != "" {
			t.Errorf("%s: %+v, want %v and %q", name, o, state, why)
		}
		for range 2 {
			if got := versionOf(s); got != inForce {
				t.Errorf("%s: version %d holds, want %d", name, got, inForce)
			}
			s = open(t, dir, keys(1, 2))
		}
	}
	first := signed(t, toAll, 1, 5, year, `"window_ms":1000`)
	nothing, applied, refused, expired := protocol.ProfileUnknown, protocol.ProfileApplied, protocol.ProfileRefused, protocol.ProfileExpired
	f("the first", toAll, first, 0, applied, "", 5)
	f("the same again", toAll, first, 0, nothing, "", 5)
	f("empty", toAll, nil, 0, nothing, "", 5)
	f("an older one", toAll, signed(t, toAll, 1, 4, year, ""), 0, refused, "version: 4, but 5 has been here", 5)
	f("a key it does not have", toAll, signed(t, toAll, 3, 6, year, ""), 0, refused, "key: 3 is none", 5)
	f("moved from another topic", toAll, signed(t, toGroup, 1, 6, year, ""), 0, refused, "signature:", 5)
	f("an unknown field", toAll, signed(t, toAll, 1, 6, year, `"colour":1`), 0, refused, "colour: not a field", 5)
	f("outside its limits", toAll, signed(t, toAll, 1, 6, year, `"window_ms":1`), 0, refused, "window_ms: 1, allowed 50..60000", 5)
	f("cut", toAll, first[:40], 0, refused, "payload: 57 bytes announced", 5)
	f("another box's", "c1/33/0123456789abcdeg", first, 0, nothing, "", 5)
	f("another group's", "p1/33/trial", signed(t, "p1/33/trial", 1, 9, year, ""), 0, nothing, "", 5)
	f("the next, by the second key", toAll, signed(t, toAll, 2, 6, year, ""), 1, applied, "", 6)
	f("the group's goes before", toGroup, signed(t, toGroup, 1, 2, year-1000, ""), 1, applied, "group E900V22C", 2)
	f("all's stands behind", toAll, signed(t, toAll, 1, 7, year+1000, ""), 1, applied, "the group's profile holds", 2)
	f("expired when it comes", toGroup, signed(t, toGroup, 1, 3, year, ""), year, expired, "group E900V22C", 7)
	f("the same again, expired", toGroup, signed(t, toGroup, 1, 3, year, ""), year, nothing, "", 7)
	f("an older one after it", toGroup, signed(t, toGroup, 1, 2, year-1000, ""), 1, refused, "group E900V22C: version", 7)
	if o := s.Expire(0); len(o) != 0 {
		t.Errorf("expired without a time: %+v", o)
	}
	if o := s.Expire(year + 1000); len(o) != 1 || o[0] != (Outcome{expired, 7, ""}) {
		t.Errorf("%+v", o)
	}
	if o := s.Expire(year + 1000); len(o) != 0 || versionOf(s) != 0 || versionOf(open(t, dir, keys(1))) != 0 {
		t.Errorf("%+v, %d; want what is built in", o, versionOf(s))
	}
}

// TestToldOnce: the same bad packet comes at each connection.
func TestToldOnce(t *testing.T) {
	s := open(t, "", keys(1))
	bad := signed(t, toAll, 2, 5, year, "")
	if o := s.Apply(toAll, bad, 0); o.State != protocol.ProfileRefused {
		t.Errorf("%+v", o)
	}
	if o := s.Apply(toAll, bad, 0); o.State != protocol.ProfileUnknown {
		t.Errorf("told twice: %+v", o)
	}
	if o := s.Apply(toAll, signed(t, toAll, 2, 6, year, ""), 0); o.State != protocol.ProfileRefused {
		t.Errorf("%+v", o)
	}
}

// TestKeysChange: what a withdrawn key signed is not in force; the same version
// by another key is.
func TestKeysChange(t *testing.T) {
	dir := t.TempDir()
	open(t, dir, keys(1)).Apply(toAll, signed(t, toAll, 1, 5, year, ""), 0)
	s := open(t, dir, keys(2))
	if versionOf(s) != 0 {
		t.Error("a profile holds whose key has gone")
	}
	if o := s.Apply(toAll, signed(t, toAll, 2, 4, year, ""), 0); o.State != protocol.ProfileRefused {
		t.Errorf("%+v: the highest version was forgotten", o)
	}
	if o := s.Apply(toAll, signed(t, toAll, 2, 5, year, ""), 0); o.State != protocol.ProfileApplied || versionOf(s) != 5 {
		t.Errorf("%+v", o)
	}
}

// TestDamage: a damaged file is no profile, and no obstacle; a kept packet that
// was changed is not in force.
func TestDamage(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, fileName)
	packet := signed(t, toAll, 1, 5, year, "")
	open(t, dir, keys(1)).Apply(toAll, packet, 0)
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	packet[len(packet)-1] ^= 1
	for _, text := range []string{"", "{", "[]", `{"p1/33/all":null}`, `{"p1/33/all":{"seen":5,"packet":"` + base64.StdEncoding.EncodeToString(packet) + `"}}`, string(good[:len(good)/2])} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		s, _ := OpenStore(dir, keys(1), 33, testBox, "")
		if versionOf(s) != 0 {
			t.Errorf("%.40q: version %d holds", text, versionOf(s))
		}
		if o := s.Apply(toAll, signed(t, toAll, 1, 6, year, ""), 0); o.State != protocol.ProfileApplied || o.Why != "" {
			t.Errorf("%.40q: %+v", text, o)
		}
	}
}

// TestNoFlash: a profile holds although it cannot be kept, and says so.
func TestNoFlash(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "away"), keys(1))
	if o := s.Apply(toAll, signed(t, toAll, 1, 5, year, ""), 0); o.State != protocol.ProfileApplied || !strings.HasPrefix(o.Why, "not on flash") || versionOf(s) != 5 {
		t.Errorf("%+v", o)
	}
}

// TestCommandOnce: carried out once, over restarts too; not if it has expired.
func TestCommandOnce(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, keys(1))
	packet := signed(t, toBox, 1, 3, year, `"do":"report"`)
	if o := s.Apply(toBox, packet, 0); o != (Outcome{}) || s.Due() == nil {
		t.Errorf("%+v, due %v", o, s.Due())
	}
	s = open(t, dir, keys(1))
	if c := s.Due(); c == nil || c.Do != protocol.DoReport {
		t.Fatalf("after a restart it is forgotten: %v", c)
	}
	if err := s.Done(); err != nil || s.Due() != nil {
		t.Errorf("%v, due %v", err, s.Due())
	}
	s = open(t, dir, keys(1))
	if o := s.Apply(toBox, packet, 1); o != (Outcome{}) || s.Due() != nil {
		t.Errorf("the same again: %+v, due %v", o, s.Due())
	}
	s.Apply(toBox, signed(t, toBox, 1, 4, 1700000000000, `"do":"report"`), 0)
	if o := s.Expire(year); len(o) != 1 || o[0] != (Outcome{protocol.ProfileExpired, 4, "command"}) || s.Due() != nil {
		t.Errorf("%+v, due %v", o, s.Due())
	}
	if o := s.Apply(toBox, signed(t, toBox, 1, 5, year, `"do":"dance"`), 1); o.State != protocol.ProfileRefused || o.Why != `command: do: "dance", allowed: report` {
		t.Errorf("%+v", o)
	}
}

func TestParseKeys(t *testing.T) {
	line := func(id uint64) string {
		return fmt.Sprint(id, " ", base64.StdEncoding.EncodeToString(key(id).Public().(ed25519.PublicKey)), "\n")
	}
	if k, err := ParseKeys("# for province 33\n\n" + line(1) + line(2)); err != nil || len(k) != 2 || !k[2].Equal(keys(2)[2]) {
		t.Errorf("%v, %v", k, err)
	}
	f := func(text, says string) {
		t.Helper()
		if k, err := ParseKeys(text); err == nil || k != nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: %v, %v, want %q", text, k, err, says)
		}
	}
	f("", "no key")
	f(line(1)+line(2)+line(3), "at most 2")
	f(line(1)+line(1), "line 2: key 1 stands twice")
	f("1", "must be: ID KEY")
	f("one "+line(1)[2:], "no key's number")
	f("1 abc", "must be 32 bytes")
}
