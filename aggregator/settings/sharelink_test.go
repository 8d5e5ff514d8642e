package settings

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"iptvdc/aggregator"
	"iptvdc/aggregator/board"
)

// shownBoard has a widget of clicks (EPG) and one of orders.
const shownBoard = `{"schema":1,"title":{"zh":"","en":"A"},"about":{"zh":"","en":""},"filters":{},"views":[{"name":"mine","filters":{}}],"tabs":[{"id":"t","title":{"zh":"","en":"T"},"widgets":[
{"id":"c","kind":"figure","title":{"zh":"","en":""},"place":{"x":0,"y":0,"w":8,"h":6},"filters":{},"ask":{"figures":[{"indicator":"clicks","title":{"zh":"","en":""}}]},"show":{},"prose":{"zh":"","en":""}},
{"id":"o","kind":"figure","title":{"zh":"","en":""},"place":{"x":8,"y":0,"w":8,"h":6},"filters":{},"ask":{"figures":[{"indicator":"orders","title":{"zh":"","en":""}}]},"show":{},"prose":{"zh":"","en":""}}]}]}`

func (s *society) board(p Principal, body string) string {
	s.t.Helper()
	b := new(board.Board)
	if err := json.Unmarshal([]byte(body), b); err != nil {
		s.t.Fatal(err)
	}
	info, err := s.AddBoard(s.t.Context(), p, b, "")
	s.ok(err)
	return info.ID
}

var usualLinks = LinkPolicy{Max: 30 * 24 * time.Hour}

func TestShareLinks(t *testing.T) {
	s := newSociety(t)
	ctx := t.Context()
	both := aggregator.Scope{Provinces: []aggregator.Province{33, 43}}
	s.add(OfMachine(), "wang", Permit{Role: "operation", Scope: both})
	s.add(OfMachine(), "li", Permit{Role: "content", Scope: zhejiang})
	wang := s.signedIn("wang")
	id := s.board(wang, shownBoard)
	link, err := s.NewLinkTo(ctx, wang, LinkWish{Board: id, Filters: board.Filters{}}, usualLinks)
	s.ok(err)
	if d := link.Expires.Sub(link.Created); d > LinkLifeDefault || d < LinkLifeDefault-time.Second {
		t.Errorf("it lives %v", d)
	}
	opens := func(text, password, want string) string {
		t.Helper()
		ticket, d, err := s.OpenLink(ctx, text, password, usualLinks, Visitor{Place: "10.0.0.9"})
		s.ok(err)
		if got := GrantsText(d.Grants); got != want || d.Board == nil || d.Board.Views != nil || d.Maker != "wang" {
			t.Errorf("it opens %q, want %q: %+v", got, want, d)
		}
		again, err := s.ByTicket(ctx, ticket, usualLinks)
		if err != nil || GrantsText(again.Grants) != want {
			t.Errorf("the ticket opens %q, %v", GrantsText(again.Grants), err)
		}
		return ticket
	}
	shut := func(text, password, code, words string) {
		t.Helper()
		_, d, err := s.OpenLink(ctx, text, password, usualLinks, Visitor{})
		s.refused(err, code, words)
		if d.Board != nil {
			t.Errorf("and yet it shows %+v", d)
		}
	}
	ticket := opens(link.Text, "", "epg=33,43;orders=33,43") // of what the board shows, not of all that wang holds

	// Whatever is changed in a link or a ticket, neither opens.
	for n := range link.Text {
		shut(link.Text[:n]+string(link.Text[n]^1)+link.Text[n+1:], "", "bad_link", "copy all of it")
		if n > 0 {
			shut(link.Text[:n], "", "bad_link", "copy all of it")
		}
	}
	shut(ticket, "", "bad_link", "copy all of it")
	for _, text := range []string{"", ".", link.Text, ticket[1:], ticket + "A", ticket[:len(ticket)-1]} {
		_, err := s.ByTicket(ctx, text, usualLinks)
		s.refused(err, "bad_ticket", "ended")
	}

	// A filter by province narrows what is behind the link, and so does a list.
	filtered, err := s.NewLinkTo(ctx, wang, LinkWish{Board: id, Filters: readFilters(t, `{"where":[{"dimension":"city","in":["3301"]}]}`)}, usualLinks)
	s.ok(err)
	opens(filtered.Text, "", "epg=33;orders=33")
	listed, err := s.NewLinkTo(ctx, wang, LinkWish{Board: id, Provinces: []aggregator.Province{43}, Password: "three horses", Name: "for Chen", Life: time.Hour}, usualLinks)
	s.ok(err)
	shut(listed.Text, "", "link_needs_password", "who sent it")
	shut(listed.Text, "two horses", "link_password_refused", "not the password")
	opens(listed.Text, "three horses", "epg=43;orders=43")

	f := func(p Principal, w LinkWish, policy LinkPolicy, code, words string) {
		t.Helper()
		w.Board = id
		_, err := s.NewLinkTo(ctx, p, w, policy)
		s.refused(err, code, words)
	}
	f(wang, LinkWish{Provinces: []aggregator.Province{11}}, usualLinks, "not_granted", "province 11")
	f(wang, LinkWish{Filters: readFilters(t, `{"where":[{"dimension":"province","in":["11"]}]}`)}, usualLinks, "not_granted", "filtered")
	f(wang, LinkWish{Filters: readFilters(t, `{"where":[{"dimension":"moon","in":["1"]}]}`)}, usualLinks, "bad_filter", "moon")
	f(wang, LinkWish{Life: 31 * 24 * time.Hour}, usualLinks, "bad_expiry", "30 days")
	f(wang, LinkWish{Password: "123"}, usualLinks, "bad_password", "6 letters")
	f(wang, LinkWish{}, LinkPolicy{Forbidden: true, Max: time.Hour}, "links_forbidden", "switched off")
	f(wang, LinkWish{}, LinkPolicy{Password: true, Max: time.Hour}, "bad_password", "needs a password")
	f(s.signedIn("li"), LinkWish{}, usualLinks, "not_found", "no board")
	f(s.as("wang"), LinkWish{}, usualLinks, "forbidden", "signed in")
	if _, err := s.ShareBoard(ctx, wang, id, []Share{{Who: "li", Edits: true}}); err != nil {
		t.Fatal(err)
	}
	f(s.signedIn("li"), LinkWish{}, usualLinks, "forbidden", "Only wang")
	for _, policy := range []LinkPolicy{{Forbidden: true}, {Password: true}} { // as the operator has it now
		if _, err := s.ByTicket(ctx, ticket, policy); err == nil {
			t.Errorf("%+v: it opens", policy)
		}
	}

	// It is counted, and written down.
	list, err := s.Links(ctx, wang, id, false)
	if err != nil || len(list) != 3 {
		t.Fatalf("%+v, %v", list, err)
	}
	uses := map[string]int64{}
	for _, l := range list {
		uses[l.ID] = l.Uses
		if l.Uses > 0 && l.Used.IsZero() {
			t.Errorf("%+v", l)
		}
	}
	if uses[link.ID] != 1 || uses[listed.ID] != 1 {
		t.Errorf("%v", uses)
	}
	for what, lines := range map[string]int{"board_link_made": 3, "board_link_opened": 3, "board_link_refused": 1} {
		if got, err := s.Trail(ctx, OfMachine(), TrailQuery{What: what, Limit: 99}); err != nil || len(got) != lines {
			t.Errorf("%s: %d lines, want %d, %v", what, len(got), lines, err)
		}
	}

	// It never shows more than its maker holds now.
	s.ok(s.SetPermits(ctx, OfMachine(), "wang", []Permit{{Role: "operation", Scope: zhejiang}}))
	opens(link.Text, "", "epg=33;orders=33")
	shutNow := func(change, back func(), code, words string) {
		t.Helper()
		change()
		shut(link.Text, "", code, words)
		_, err := s.ByTicket(ctx, ticket, usualLinks)
		s.refused(err, code, words)
		back()
		if _, err := s.ByTicket(ctx, ticket, usualLinks); err != nil {
			t.Errorf("afterwards: %v", err)
		}
	}
	shutNow(func() { s.ok(s.Disable(ctx, OfMachine(), "wang", true)) }, func() { s.ok(s.Disable(ctx, OfMachine(), "wang", false)) }, "link_dead", "may no longer")
	shutNow(func() { s.ok(s.SetOptions(ctx, OfMachine(), Options{NoLinks: []string{"operation"}})) }, func() { s.ok(s.SetOptions(ctx, OfMachine(), Options{})) }, "link_dead", "may no longer")
	wang = s.signedIn("wang")
	bin := func(deleted bool) func() {
		return func() {
			_, err := s.DeleteBoard(ctx, wang, id, deleted)
			s.ok(err)
		}
	}
	shutNow(bin(true), bin(false), "link_dead", "the board")

	// Revoked is revoked: by its maker, the board's owner or an administrator.
	s.refused(s.RevokeLink(ctx, s.signedIn("li"), link.ID), "not_found", link.ID)
	s.refused(s.RevokeLink(ctx, Principal{Name: "wang", By: "boss"}, link.ID), "forbidden", "")
	s.ok(s.RevokeLink(ctx, wang, link.ID))
	shut(link.Text, "", "link_revoked", "revoked")
	_, err = s.ByTicket(ctx, ticket, usualLinks)
	s.refused(err, "link_revoked", "revoked")
	s.ok(s.RevokeLink(ctx, OfMachine(), filtered.ID))

	// Time ends it.
	s.clock.pass(time.Hour + time.Second)
	shut(listed.Text, "three horses", "link_expired", "ended on")
	s.refused(s.SetOptions(ctx, OfMachine(), Options{NoLinks: []string{"king"}}), "bad_role", "king")
}

func readFilters(t *testing.T, text string) (f board.Filters) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), &f); err != nil {
		t.Fatal(err)
	}
	return f
}

// A manager from whom links were taken goes on giving roles, which then bring none.
func TestRolesWithoutLinks(t *testing.T) {
	s := newSociety(t)
	ctx := t.Context()
	s.add(OfMachine(), "wang", Permit{Role: "province_manager", Scope: zhejiang})
	s.ok(s.SetOptions(ctx, OfMachine(), Options{NoLinks: []string{"province_manager"}}))
	if wang := s.as("wang"); wang.Powers.Has(ShareLinks) || !wang.Powers.Has(ShareBoards|ManagePeople) {
		t.Errorf("%v", wang.Powers)
	}
	s.add(s.as("wang"), "li", Permit{Role: "content", Scope: zhejiang})
	if li := s.as("li"); li.Powers.Has(ShareLinks) || !li.Powers.Has(ShareBoards) {
		t.Errorf("%v", li.Powers)
	}
	if one, err := s.OnePerson(ctx, s.as("wang"), "li"); err != nil || !one.Managed {
		t.Errorf("%+v, %v", one, err)
	}
	s.ok(s.SetOptions(ctx, OfMachine(), Options{}))
	if li := s.as("li"); !li.Powers.Has(ShareLinks) {
		t.Errorf("%v", li.Powers)
	}
	roles, err := s.Roles(ctx)
	if err != nil || !strings.Contains(roles[0].Powers.String(), "share_links") {
		t.Errorf("%v, %v", roles, err)
	}
}
