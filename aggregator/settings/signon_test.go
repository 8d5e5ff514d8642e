package settings

import (
	"errors"
	"testing"
	"time"

	"iptvdc/aggregator"
)

const issuer = "https://id.example.com"

func managerOf(s aggregator.Scope) []Permit { return []Permit{{Role: "province_manager", Scope: s}} }

func TestTriesAreGoodOnce(t *testing.T) {
	s := newSociety(t)
	ctx := t.Context()
	try := SignOnTry{State: "s", Nonce: "n", Verifier: "v", Person: 7}
	begin := func() string {
		t.Helper()
		secret, err := s.BeginSignOn(ctx, try)
		s.ok(err)
		return secret
	}
	taken := func(secret, state string) {
		t.Helper()
		_, err := s.TakeSignOn(ctx, secret, state)
		s.refused(err, "signon_ended", "begin again")
	}
	secret := begin()
	got, err := s.TakeSignOn(ctx, secret, "s")
	if err != nil || got != try {
		t.Errorf("%+v, %v", got, err)
	}
	taken(secret, "s") // replayed
	secret = begin()
	taken(secret, "other")
	taken(secret, "s") // used up by the wrong one
	taken("nobody", "s")
	taken("", "")
	secret = begin()
	s.clock.pass(signOnLife + time.Second)
	taken(secret, "s")
}

func TestSignOn(t *testing.T) {
	s := newSociety(t)
	ctx := t.Context()
	enter := func(w SignedOn) Principal {
		t.Helper()
		w.Issuer = issuer
		session, err := s.SignOn(ctx, w, Visitor{Place: "10.0.0.7"})
		s.ok(err)
		p, err := s.BySession(ctx, session)
		s.ok(err)
		return p
	}
	shut := func(w SignedOn, code, text string) {
		t.Helper()
		if w.Issuer == "" {
			w.Issuer = issuer
		}
		session, err := s.SignOn(ctx, w, Visitor{})
		s.refused(err, code, text)
		if session != "" {
			t.Error("and yet there is a session")
		}
	}
	shut(SignedOn{Subject: "1", Username: "chen"}, "signon_no_role", "Ask an administrator")
	if _, err := s.OnePerson(ctx, OfMachine(), "chen"); err == nil {
		t.Error("who was refused is there all the same")
	}
	chen := enter(SignedOn{Subject: "1", Username: "Chen.Wei@example.com", Display: "陈伟", Roles: managerOf(zhejiang)})
	if chen.Name != "chen.wei" || chen.Display != "陈伟" || !chen.Grants[aggregator.DataOrders].Sees(33) || chen.Grants[aggregator.DataOrders].Sees(43) || !chen.Powers.Has(ManagePeople) {
		t.Errorf("%+v", chen)
	}
	s.add(s.as("chen.wei"), "li", Permit{Role: "content", Scope: zhejiang})

	// The same subject is the same person under any name; the same name or address of
	// mail of another subject, or of another issuer, is somebody else.
	if again := enter(SignedOn{Subject: "1", Username: "wu", Roles: managerOf(zhejiang)}); again.Person != chen.Person {
		t.Errorf("%+v", again)
	}
	if other := enter(SignedOn{Subject: "2", Username: "chen.wei", Roles: managerOf(hunan)}); other.Person == chen.Person || other.Name != "chen.wei-2" {
		t.Errorf("%+v", other)
	}
	w := SignedOn{Issuer: "https://evil.example.com", Subject: "1", Username: "chen.wei", Roles: managerOf(hunan)}
	session, err := s.SignOn(ctx, w, Visitor{})
	s.ok(err)
	if p, err := s.BySession(ctx, session); err != nil || p.Person == chen.Person {
		t.Errorf("%+v, %v", p, err)
	}
	if admin := enter(SignedOn{Subject: "3", Username: "administrator", Create: true}); admin.Name != "administrator-2" || !admin.Grants.Empty() {
		t.Errorf("%+v", admin)
	}
	if odd := enter(SignedOn{Subject: "4", Username: "王芳", Display: "a\x00b", Create: true}); odd.Name != "person" || odd.Display != "person" {
		t.Errorf("%+v", odd)
	}

	// A role that the provider says no more is gone, with all that came of it; what was
	// given here stays.
	s.ok(s.SetPermits(ctx, OfMachine(), "chen.wei", []Permit{{Role: "province_manager", Scope: zhejiang}, {Data: aggregator.DataEPG, Scope: hunan}}))
	s.refused(s.SetPermits(ctx, OfMachine(), "chen.wei", []Permit{{Data: aggregator.DataEPG, Scope: hunan}}), "forbidden", "sign-on provider")
	enter(SignedOn{Subject: "1", Username: "chen"})
	if now := s.as("chen.wei"); GrantsText(now.Grants) != "epg=43" || now.Powers.Has(ManagePeople) {
		t.Errorf("%+v", now)
	}
	if li := s.as("li"); !li.Grants.Empty() {
		t.Errorf("%+v", li)
	}
	s.ok(s.SetPermits(ctx, OfMachine(), "chen.wei", nil))
	shut(SignedOn{Subject: "1"}, "signon_no_role", "none of your groups")
	enter(SignedOn{Subject: "1", Roles: []Permit{{Role: "content", Scope: zhejiang}, {Role: "content", Scope: zhejiang}, {Role: "operation", Scope: hunan}}})
	if now := s.as("chen.wei"); GrantsText(now.Grants) == "" || now.Grants[aggregator.DataOrders].Sees(33) || !now.Grants[aggregator.DataOrders].Sees(43) {
		t.Errorf("%+v", now)
	}
	shut(SignedOn{Subject: "9", Roles: []Permit{{Role: "king", Scope: zhejiang}}}, "bad_role", "king")

	// Disabled is disabled, a second factor is asked for, and the word of a provider is
	// good for a day.
	s.ok(s.Disable(ctx, OfMachine(), "chen.wei", true))
	shut(SignedOn{Subject: "1", Roles: managerOf(zhejiang)}, "signon_disabled", "disabled")
	s.ok(s.Disable(ctx, OfMachine(), "chen.wei", false))
	w = SignedOn{Issuer: issuer, Subject: "1", Roles: managerOf(zhejiang)}
	session, err = s.SignOn(ctx, w, Visitor{})
	s.ok(err)
	for range 3 {
		s.clock.pass(SignOnSession / 4)
		if _, err := s.BySession(ctx, session); err != nil {
			t.Error(err)
		}
	}
	s.clock.pass(SignOnSession / 4)
	if _, err := s.BySession(ctx, session); !errors.Is(err, ErrUnknown) {
		t.Errorf("after a day: %v", err)
	}
	session, err = s.SignOn(ctx, w, Visitor{})
	s.ok(err)
	if out, err := s.EndSession(ctx, session); err != nil || !out {
		t.Errorf("%t, %v", out, err)
	}
	if lines, err := s.Trail(ctx, OfMachine(), TrailQuery{What: "sign_on_refused", Limit: 99}); err != nil || len(lines) != 3 {
		t.Errorf("%v, %v", lines, err)
	}
	if _, err := s.Verify(ctx, Head{}); err != nil {
		t.Error(err)
	}
}

func TestBinding(t *testing.T) {
	s := newSociety(t)
	ctx := t.Context()
	s.add(OfMachine(), "wang", managerOf(zhejiang)...)
	s.add(OfMachine(), "sun", managerOf(hunan)...)
	w := SignedOn{Issuer: issuer, Subject: "1", Username: "Wang Fang"}
	wang := s.signedIn("wang")
	s.refused(s.BindSignOn(ctx, s.as("wang"), w), "forbidden", "signed in")
	s.ok(s.BindSignOn(ctx, wang, w))
	s.ok(s.BindSignOn(ctx, wang, w))
	s.refused(s.BindSignOn(ctx, s.signedIn("sun"), w), "conflict", "another account")
	session, err := s.SignOn(ctx, w, Visitor{})
	s.ok(err)
	if p, err := s.BySession(ctx, session); err != nil || p.Name != "wang" || !p.Grants[aggregator.DataEPG].Sees(33) {
		t.Errorf("%+v, %v", p, err)
	}
	if all, err := s.Identities(ctx, wang); err != nil || len(all) != 1 || all[0].Username != "Wang Fang" || all[0].Issuer != issuer {
		t.Errorf("%+v, %v", all, err)
	}
	key, err := s.NewLink(ctx)
	s.ok(err)
	root, err := s.Redeem(ctx, key, Visitor{})
	s.ok(err)
	machine, err := s.BySession(ctx, root)
	s.ok(err)
	s.refused(s.BindSignOn(ctx, machine, SignedOn{Issuer: issuer, Subject: "7"}), "forbidden", "built-in")

	s.refused(s.Unbind(ctx, s.signedIn("sun"), "wang"), "not_found", "wang")
	bound := func(want bool) {
		t.Helper()
		one, err := s.OnePerson(ctx, OfMachine(), "wang")
		if s.ok(err); one.SignOn != want {
			t.Errorf("bound: %t, want %t", one.SignOn, want)
		}
	}
	bound(true)
	s.ok(s.Unbind(ctx, wang, ""))
	bound(false)
	_, err = s.SignOn(ctx, w, Visitor{})
	s.refused(err, "signon_no_role", "")
	s.ok(s.BindSignOn(ctx, wang, w))
	s.ok(s.Unbind(ctx, OfMachine(), "wang"))
	if all, err := s.Identities(ctx, wang); err != nil || len(all) != 0 {
		t.Errorf("%+v, %v", all, err)
	}
}
