package settings

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"fmt"
	digest "hash"
	"strings"
	"testing"
	"time"

	"iptvdc/aggregator"
)

// jwt is a token as a partner's server makes one.
func jwt(header, claims, secret string, by func() digest.Hash) string {
	text := base64.RawURLEncoding.EncodeToString([]byte(header)) + "." + base64.RawURLEncoding.EncodeToString([]byte(claims))
	h := hmac.New(by, []byte(secret))
	h.Write([]byte(text))
	return text + "." + base64.RawURLEncoding.EncodeToString(h.Sum(nil))
}

func TestEmbedding(t *testing.T) {
	s := newSociety(t)
	ctx := t.Context()
	both := aggregator.Scope{Provinces: []aggregator.Province{33, 43}}
	s.add(OfMachine(), "wang", Permit{Role: "province_manager", Scope: both})
	s.add(OfMachine(), "li", Permit{Role: "content", Scope: zhejiang})
	wang := s.signedIn("wang")
	id, other := s.board(wang, shownBoard), s.board(wang, shownBoard)
	origins := []string{"https://portal.example.com", "http://10.0.0.3:8000"}

	f := func(p Principal, w EmbedWish, code, text string) {
		t.Helper()
		_, _, err := s.NewEmbedKey(ctx, p, w)
		s.refused(err, code, text)
	}
	f(wang, EmbedWish{Name: "", Origins: origins, Boards: []string{id}}, "bad_name", "1 to 100")
	f(wang, EmbedWish{Name: "p", Boards: []string{id}}, "bad_origin", "1 to 20")
	f(wang, EmbedWish{Name: "p", Origins: origins}, "bad_board", "1 to 50")
	f(wang, EmbedWish{Name: "p", Origins: origins, Boards: []string{"none"}}, "not_found", "none")
	f(wang, EmbedWish{Name: "p", Origins: origins, Boards: []string{id}, Narrowing: Narrowing{Provinces: []aggregator.Province{11}}}, "not_granted", "province 11")
	f(s.signedIn("li"), EmbedWish{Name: "p", Origins: origins, Boards: []string{id}}, "forbidden", "manages people")
	for _, bad := range []string{"*", "https://*.example.com", "https://example.com/", "https://example.com/path", "ftp://example.com", "example.com", "https://a b", "https://u@example.com", "https://example.com;script-src"} {
		f(wang, EmbedWish{Name: "p", Origins: []string{bad}, Boards: []string{id}}, "bad_origin", "https://host")
	}
	secret, key, err := s.NewEmbedKey(ctx, wang, EmbedWish{Name: "portal", Origins: origins, Boards: []string{id}, Narrowing: Narrowing{Data: []aggregator.DataSet{aggregator.DataEPG}}})
	s.ok(err)
	if GrantsText(key.Opens) != "epg=33,43" {
		t.Errorf("%+v", key)
	}

	header := fmt.Sprintf(`{"alg":"HS256","typ":"JWT","kid":%q}`, key.ID)
	exp := s.clock.Now().Add(5 * time.Minute).Unix()
	sign := func(claims string) string {
		return jwt(header, strings.ReplaceAll(claims, "EXP", fmt.Sprint(exp)), secret, sha256.New)
	}
	good := `{"board":"` + id + `","provinces":["33"],"filters":{"where":[{"dimension":"page","in":["home"]}]},"exp":EXP,"sub":"visitor 7"}`
	got, err := s.EmbedOrigins(ctx, sign(good))
	if err != nil || len(got) != 2 || got[0] != origins[0] {
		t.Errorf("%v, %v", got, err)
	}
	ticket, d, err := s.OpenEmbed(ctx, sign(good), Visitor{})
	s.ok(err)
	if GrantsText(d.Grants) != "epg=33" || d.Reader != "visitor 7" || d.Maker != "wang" || len(d.Filters.Where) != 1 || d.Door != DoorEmbed {
		t.Errorf("%+v", d)
	}
	if d, err = s.ByTicket(ctx, ticket, usualLinks); err != nil || GrantsText(d.Grants) != "epg=33" || len(d.Filters.Where) != 1 {
		t.Errorf("%+v, %v", d, err)
	}

	bad := func(token, code, text string) {
		t.Helper()
		_, d, err := s.OpenEmbed(ctx, token, Visitor{})
		s.refused(err, code, text)
		if d.Board != nil {
			t.Errorf("%s: and yet it shows %+v", code, d)
		}
	}
	bad("", "bad_embed_token", "three parts")
	bad("a.b.c", "bad_embed_token", "header")
	claims := strings.ReplaceAll(good, "EXP", fmt.Sprint(exp))
	bad(jwt(header, claims, secret+"x", sha256.New), "bad_embed_token", "signature")
	bad(jwt(`{"alg":"none","kid":"`+key.ID+`"}`, claims, "", sha256.New), "bad_embed_token", "must be HS256")
	bad(jwt(`{"alg":"HS512","kid":"`+key.ID+`"}`, claims, secret, sha512.New), "bad_embed_token", "must be HS256")
	bad(jwt(`{"alg":"HS256","kid":"nobody"}`, claims, secret, sha256.New), "bad_embed_token", `no key "nobody"`)
	bad(jwt(`{"alg":"HS256"}`, claims, secret, sha256.New), "bad_embed_token", "kid")
	whole := sign(good)
	head, rest, _ := strings.Cut(whole, ".")
	body, proof, _ := strings.Cut(rest, ".")
	bad(head+"."+body+".", "bad_embed_token", "signature")
	bad(head+"."+body[:len(body)-2]+"."+proof, "bad_embed_token", "signature")
	bad(sign(`{"board":"`+other+`","exp":EXP}`), "bad_embed_token", "not among those")
	bad(sign(`{"board":"`+id+`"}`), "bad_embed_token", "exp is missing")
	bad(sign(`{"board":"`+id+`","exp":99}`), "embed_token_expired", "load the page")
	bad(sign(fmt.Sprintf(`{"board":%q,"exp":%d}`, id, exp+7200)), "bad_embed_token", "allowed 3600")
	bad(sign(`{"board":"`+id+`","exp":EXP,"nbf":EXP}`), "bad_embed_token", "clock")
	bad(sign(`{"board":"`+id+`","exp":EXP,"province":["33"]}`), "bad_embed_token", "province")
	bad(sign(`{"board":"`+id+`","exp":EXP,"provinces":["11"]}`), "bad_embed_token", "province 11")
	bad(sign(`{"board":"`+id+`","exp":EXP,"provinces":["99"]}`), "bad_province", "99")
	bad(sign(`{"board":"`+id+`","exp":EXP,"filters":{"where":[{"dimension":"moon","in":["1"]}]}}`), "bad_filter", "moon")
	once := sign(`{"board":"` + id + `","exp":EXP,"jti":"n1"}`)
	if _, _, err := s.OpenEmbed(ctx, once, Visitor{}); err != nil {
		t.Error(err)
	}
	bad(once, "embed_token_used", "before")
	// A page may say that its token has ended only where it may be framed.
	if got, err := s.EmbedOrigins(ctx, sign(`{"board":"`+id+`","exp":99}`)); err == nil || len(got) != 2 {
		t.Errorf("%v, %v", got, err)
	}
	if got, err := s.EmbedOrigins(ctx, head+"."+body+"."+proof[1:]); err == nil || got != nil {
		t.Errorf("%v, %v", got, err)
	}

	// What its maker loses, is not shown any more.
	s.ok(s.SetPermits(ctx, OfMachine(), "wang", []Permit{{Role: "province_manager", Scope: hunan}}))
	if d, err := s.ByTicket(ctx, ticket, usualLinks); err != nil || !d.Grants.Empty() {
		t.Errorf("%+v, %v", d.Grants, err)
	}
	s.ok(s.SetPermits(ctx, OfMachine(), "wang", []Permit{{Role: "operation", Scope: both}}))
	bad(sign(good), "link_dead", "may no longer")
	s.ok(s.SetPermits(ctx, OfMachine(), "wang", []Permit{{Role: "province_manager", Scope: both}}))
	list, err := s.EmbedKeys(ctx, wang, false)
	if err != nil || len(list) != 1 || list[0].Uses != 2 || list[0].Used.IsZero() || list[0].Maker != "wang" {
		t.Errorf("%+v, %v", list, err)
	}
	if list, err := s.EmbedKeys(ctx, s.signedIn("li"), false); err != nil || len(list) != 0 {
		t.Errorf("%+v, %v", list, err)
	}
	s.clock.pass(EmbedLife)
	_, err = s.ByTicket(ctx, ticket, usualLinks)
	s.refused(err, "bad_ticket", "ended")
	exp = s.clock.Now().Add(5 * time.Minute).Unix()
	ticket, _, err = s.OpenEmbed(ctx, sign(good), Visitor{})
	s.ok(err)
	s.refused(s.RevokeEmbedKey(ctx, s.signedIn("li"), key.ID), "not_found", key.ID)
	s.ok(s.RevokeEmbedKey(ctx, wang, key.ID))
	bad(sign(good), "link_revoked", "revoked")
	_, err = s.ByTicket(ctx, ticket, usualLinks)
	s.refused(err, "link_revoked", "revoked")
	for what, lines := range map[string]int{"embed_key_made": 1, "board_embedded": 3, "embed_key_revoked": 1} {
		if got, err := s.Trail(ctx, OfMachine(), TrailQuery{What: what, Limit: 99}); err != nil || len(got) != lines {
			t.Errorf("%s: %d lines, want %d, %v", what, len(got), lines, err)
		}
	}
}

func FuzzEmbedToken(f *testing.F) {
	s, err := Open(f.Context(), f.TempDir()+"/settings.sqlite", time.Now)
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { _ = s.Close() })
	f.Add(jwt(`{"alg":"HS256","kid":"x"}`, `{"board":"x","exp":1}`, "x", sha256.New))
	f.Add("e30.e30.AAAA")
	f.Fuzz(func(t *testing.T, token string) {
		if origins, err := s.EmbedOrigins(t.Context(), token); err == nil || origins != nil {
			t.Errorf("%q frames %v, %v", token, origins, err)
		}
	})
}
