package settings

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"iptvdc/aggregator"
)

// signedIn is a person with a session, as their requests are.
func (s *society) signedIn(name string) Principal {
	s.t.Helper()
	key, err := s.LinkFor(s.t.Context(), OfMachine(), name)
	s.ok(err)
	session, err := s.Redeem(s.t.Context(), key, Visitor{})
	s.ok(err)
	p, err := s.BySession(s.t.Context(), session)
	s.ok(err)
	return p
}

func TestTokensOfPeople(t *testing.T) {
	s := newSociety(t)
	ctx := t.Context()
	s.add(OfMachine(), "wang", Permit{Role: "province_manager", Scope: zhejiang}, Permit{Data: aggregator.DataEPG, Scope: hunan})
	wang := s.signedIn("wang")

	// A token opens a part of what its owner holds, and changes nothing.
	secret, info, err := s.NewOwnToken(ctx, wang, TokenWish{Name: "nightly report", Narrowing: Narrowing{Data: []aggregator.DataSet{aggregator.DataEPG, aggregator.DataOrders}}})
	s.ok(err)
	if d := info.Expires.Sub(info.Created); d != TokenLife {
		t.Errorf("it lives %v", d)
	}
	p, err := s.ByToken(ctx, secret)
	s.ok(err)
	if p.Name != "wang" || p.Person != 0 || !p.ReadOnly || p.Powers != SeeBoards|Export || GrantsText(p.Grants) != "epg=33,43;orders=33" || !p.Pass.Empty() {
		t.Errorf("the token is %+v", p)
	}
	// What its owner is given later is not the token's; what is taken from them is.
	s.ok(s.SetPermits(ctx, OfMachine(), "wang", []Permit{{Role: "province_manager", Scope: zhejiang}, {Data: aggregator.DataOrders, Scope: hunan}}))
	if p, err = s.ByToken(ctx, secret); err != nil || GrantsText(p.Grants) != "epg=33;orders=33" {
		t.Errorf("%+v, %v", p, err)
	}
	list, err := s.Tokens(ctx, wang, false)
	if err != nil || len(list) != 1 || list[0].Used.IsZero() || list[0].Owner != "wang" || !list[0].Mine || GrantsText(list[0].Opens) != "epg=33;orders=33" {
		t.Errorf("%+v, %v", list, err)
	}

	f := func(w TokenWish, code, text string) {
		t.Helper()
		_, _, err := s.NewOwnToken(ctx, s.signedIn("wang"), w)
		s.refused(err, code, text)
	}
	f(TokenWish{Name: "x", Narrowing: Narrowing{Provinces: []aggregator.Province{11}}}, "not_granted", "province 11")
	f(TokenWish{Name: "x", Narrowing: Narrowing{Provinces: []aggregator.Province{33, 43}, Data: []aggregator.DataSet{aggregator.DataEPG}}}, "not_granted", "province 43")
	f(TokenWish{Name: "x", Narrowing: Narrowing{Provinces: []aggregator.Province{43}, Data: []aggregator.DataSet{aggregator.DataOrders, aggregator.DataVOD}}}, "not_granted", "vod")
	f(TokenWish{Name: " "}, "bad_name", "1 to 100")
	f(TokenWish{Name: "a\nb"}, "bad_name", "1 to 100")
	f(TokenWish{Name: "x", Life: MaxTokenLife + time.Hour}, "bad_expiry", "366")
	f(TokenWish{Name: "x", Life: time.Minute}, "bad_expiry", "366")
	_, _, err = s.NewOwnToken(ctx, p, TokenWish{Name: "x"})
	s.refused(err, "forbidden", "signed in on the page")
	s.ok(s.SetRole(ctx, OfMachine(), Role{Name: "viewer", Data: []aggregator.DataSet{aggregator.DataEPG}, Powers: SeeBoards}))
	s.add(OfMachine(), "sun", Permit{Role: "viewer", Scope: zhejiang})
	_, _, err = s.NewOwnToken(ctx, s.signedIn("sun"), TokenWish{Name: "x"})
	s.refused(err, "forbidden", "export")

	// Others neither see nor end it; an administrator does both.
	sun := s.signedIn("sun")
	if list, err := s.Tokens(ctx, sun, false); err != nil || len(list) != 0 {
		t.Errorf("%+v, %v", list, err)
	}
	_, err = s.Tokens(ctx, sun, true)
	s.refused(err, "forbidden", "administrator")
	s.refused(s.RevokeToken(ctx, sun, info.ID), "not_found", info.ID)
	machine, err := s.NewToken(ctx, Principal{Name: "cli", Grants: aggregator.Everything()})
	s.ok(err)
	all, err := s.Tokens(ctx, OfMachine(), true)
	if err != nil || len(all) != 2 {
		t.Fatalf("%+v, %v", all, err)
	}
	for _, one := range all {
		if one.Owner == "" {
			s.refused(s.RevokeToken(ctx, wang, one.ID), "not_found", one.ID)
			s.ok(s.RevokeToken(ctx, OfMachine(), one.ID))
		}
	}
	if _, err := s.ByToken(ctx, machine); !errors.Is(err, ErrUnknown) {
		t.Errorf("a revoked token: %v", err)
	}

	// It sleeps while its owner is disabled, and ends in time.
	s.ok(s.Disable(ctx, OfMachine(), "wang", true))
	if _, err := s.ByToken(ctx, secret); !errors.Is(err, ErrUnknown) {
		t.Errorf("of a disabled owner: %v", err)
	}
	s.ok(s.Disable(ctx, OfMachine(), "wang", false))
	s.clock.pass(TokenLife)
	_, err = s.ByToken(ctx, secret)
	s.refused(err, "token_expired", "ended on")
	s.ok(s.RevokeToken(ctx, s.signedIn("wang"), info.ID))
	if _, err := s.ByToken(ctx, secret); !errors.Is(err, ErrUnknown) {
		t.Errorf("a revoked token: %v", err)
	}
	for _, what := range []string{"token_created", "token_revoked"} {
		if lines, err := s.Trail(ctx, OfMachine(), TrailQuery{What: what, Person: "wang", Limit: 9}); err != nil || len(lines) != 1 {
			t.Errorf("%s: %v, %v", what, lines, err)
		}
	}
}

func TestTokensAreFew(t *testing.T) {
	s := newSociety(t)
	s.add(OfMachine(), "li", Permit{Role: "content", Scope: zhejiang})
	li := s.signedIn("li")
	for n := range MaxTokens {
		_, _, err := s.NewOwnToken(t.Context(), li, TokenWish{Name: fmt.Sprint(n)})
		s.ok(err)
	}
	_, _, err := s.NewOwnToken(t.Context(), li, TokenWish{Name: "more"})
	s.refused(err, "too_many_tokens", "revoke one")
	s.clock.pass(TokenLife + time.Hour) // ended ones make room
	_, _, err = s.NewOwnToken(t.Context(), s.signedIn("li"), TokenWish{Name: "more"})
	s.ok(err)
}

// Whatever part is wished, it is within what somebody holds, and survives being written.
func TestNarrowingNeverWidens(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		provinces := rapid.SliceOfNDistinct(rapid.SampledFrom([]aggregator.Province{11, 33, 43, 44}), 0, 3, func(p aggregator.Province) aggregator.Province { return p })
		g := aggregator.Grants{}
		for _, d := range aggregator.DataSets() {
			if s := (aggregator.Scope{All: rapid.Bool().Draw(t, "all"), Provinces: provinces.Draw(t, "in")}); rapid.Bool().Draw(t, "open") {
				g = g.Or(aggregator.GrantsOf(s, d))
			}
		}
		n := Narrowing{Provinces: provinces.Draw(t, "provinces"), Data: rapid.SliceOfN(rapid.SampledFrom(aggregator.DataSets()), 0, 3).Draw(t, "data")}
		part, err := n.of(g)
		if err != nil {
			return
		}
		if !part.Within(g) || part.Empty() {
			t.Fatalf("%v of %v is %v", n, g, part)
		}
		if len(n.Provinces) > 0 && !part.Anywhere().Within(aggregator.Scope{Provinces: n.Provinces}) {
			t.Fatalf("%v of %v is %v", n, g, part)
		}
		if read, err := parseGrants(GrantsText(part)); err != nil || !read.Equal(part) {
			t.Fatalf("%q is read as %v: %v", GrantsText(part), read, err)
		}
	})
}
