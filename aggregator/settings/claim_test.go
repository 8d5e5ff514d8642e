package settings

import (
	"path/filepath"
	"testing"
	"time"

	"iptvdc/aggregator"
)

// The first administrator is made once, signs in by the password from then on, and holds
// everything.
func TestClaim(t *testing.T) {
	open := func() *Settings {
		t.Helper()
		s, err := Open(t.Context(), filepath.Join(t.TempDir(), "settings.sqlite"), time.Now)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = s.Close() })
		return s
	}
	const password = "four dry horses"
	for _, name := range []string{"administrator", "Zhou "} {
		s := open()
		if free, err := s.Unclaimed(t.Context()); err != nil || !free {
			t.Fatal("a new platform has an administrator:", err)
		}
		for _, bad := range [][2]string{{"zhou", "short"}, {"zhou", "zhou dry horses"}, {"a b", password}, {"", password}} {
			if _, err := s.Claim(t.Context(), bad[0], "", bad[1], Visitor{}); err == nil {
				t.Errorf("%q and %q are taken", bad[0], bad[1])
			}
		}
		session, err := s.Claim(t.Context(), name, "周", password, Visitor{})
		if err != nil {
			t.Fatal(name, err)
		}
		p, err := s.BySession(t.Context(), session)
		if err != nil || !p.Powers.Has(Administer) || !p.Grants.All() || p.Display != "周" {
			t.Errorf("%s: %+v %v", name, p, err)
		}
		if free, err := s.Unclaimed(t.Context()); err != nil || free {
			t.Error("still free", err)
		}
		if _, err := s.Claim(t.Context(), "other", "", password, Visitor{}); err == nil {
			t.Error("a second one is made")
		}
		if _, err := s.SignIn(t.Context(), name, password, Visitor{}); err != nil {
			t.Error(err)
		}
		if err := s.SetTaking(t.Context(), p, []aggregator.Province{33, 43}); err != nil {
			t.Error(err)
		}
		if got, err := s.Taking(t.Context()); err != nil || ScopeText(got) != "33,43" {
			t.Error(got, err)
		}
		if err := s.SetTaking(t.Context(), Principal{}, nil); err == nil {
			t.Error("anybody sets the provinces")
		}
	}
	s := open()
	key, err := s.NewLink(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if free, err := s.Unclaimed(t.Context()); err != nil || !free {
		t.Error("a link that waits is no administrator", err)
	}
	if _, err := s.Redeem(t.Context(), key, Visitor{}); err != nil {
		t.Fatal(err)
	}
	if free, err := s.Unclaimed(t.Context()); err != nil || free {
		t.Error("somebody signed in, and it is free", err)
	}
}
