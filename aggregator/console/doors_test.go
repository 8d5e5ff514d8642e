package console

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"iptvdc/aggregator"
	"iptvdc/aggregator/settings"
)

// linker may make links and keys of embedding; what it opens by itself lies in a
// province of which no world has anything.
var linker = settings.Permit{Role: "linker", Scope: aggregator.Scope{Provinces: []aggregator.Province{11}}}

// randomGrants draws what somebody holds.
func randomGrants(r *rand.Rand) aggregator.Grants {
	g := aggregator.Grants{}
	for _, d := range aggregator.DataSets() {
		switch r.IntN(5) {
		case 0: // nothing
		case 1:
			g[d] = aggregator.Scope{Provinces: worldProvinces[:1]}
		case 2:
			g[d] = aggregator.Scope{Provinces: worldProvinces[1:]}
		case 3:
			g[d] = aggregator.Scope{Provinces: worldProvinces}
		case 4:
			g[d] = aggregator.Scope{All: true}
		}
	}
	return g
}

func permitsOf(g aggregator.Grants, more ...settings.Permit) []settings.Permit {
	for _, d := range aggregator.DataSets() {
		if s := g[d]; !s.Empty() {
			more = append(more, settings.Permit{Data: d, Scope: s})
		}
	}
	return more
}

// there lists which provinces of the world a scope opens.
func there(s aggregator.Scope) string {
	return fmt.Sprint(slices.DeleteFunc(slices.Clone(worldProvinces), func(p aggregator.Province) bool { return !s.Sees(p) }))
}

// bearing asks in the program itself with an Authorization header.
func (b *bench) bearing(header, method, path, body string) reply {
	r := httptest.NewRequestWithContext(b.t.Context(), method, path, strings.NewReader(body))
	r.Header.Set("Authorization", header)
	w := httptest.NewRecorder()
	b.console.ServeHTTP(w, r)
	return reply{w.Code, w.Header(), w.Body.String()}
}

// doorWidgets are the widgets of a shared board and what each needs.
var doorWidgets = []struct {
	id, kind, ask string
	needs         []aggregator.DataSet
}{
	{"a", "ranking", `{"figures":[{"indicator":"power_ons","title":{"zh":"","en":""}}],"by":["province"]}`, of(activity)},
	{"b", "figure", `{"figures":[{"indicator":"clicks","title":{"zh":"","en":""}}]}`, of(epg)},
	{"c", "ranking", `{"figures":[{"formula":"orders / clicks","title":{"zh":"","en":"x"}}],"by":["province"]}`, of(epg, orders)},
	{"d", "table", `{"figures":[{"indicator":"active_accounts","title":{"zh":"","en":""}}],"by":["city"]}`, of(users)},
}

// Whoever makes a share link, a key of embedding or a token holds something, makes it for
// a part of that, and holds something else afterwards: what the door opens is the part,
// as far as both open it, down to the number; and the door opens nothing else.
func TestDoorsOpenWhatWasGrantedAndNothingElse(t *testing.T) {
	worlds := map[string]*bench{}
	for _, provinces := range [][]aggregator.Province{{}, {33}, {43}, {33, 43}} {
		worlds[fmt.Sprint(provinces)] = worldOf(t, provinces...)
	}
	all := worlds[fmt.Sprint(worldProvinces)]
	role := settings.Role{Name: "linker", Data: []aggregator.DataSet{aggregator.DataAccounts}, Powers: settings.SeeBoards | settings.MakeBoards | settings.ShareLinks | settings.ManagePeople | settings.Export}
	if err := all.settings.SetRole(t.Context(), settings.OfMachine(), role); err != nil {
		t.Fatal(err)
	}
	full := grantsEverywhere(all, worlds, "full", aggregator.Everything())
	seed := uint64(time.Now().UnixNano())
	r := rand.New(rand.NewPCG(seed, 0))
	rounds := 4
	if testing.Short() {
		rounds = 3
	}
	var sets []aggregator.DataSet
	var widgets []string
	for _, w := range doorWidgets {
		sets, widgets = append(sets, w.needs...), append(widgets, sharedWidget(w.id, w.kind, w.ask))
	}
	body := `{"schema":1,"title":{"zh":"","en":"D"},"about":{"zh":"","en":""},"filters":{"period":{"from":"2026-04-07","to":"2026-05-06"}},"tabs":[{"id":"t","title":{"zh":"","en":"T"},"widgets":[` + strings.Join(widgets, ",") + `]}]}`
	shown, less := 0, 0
	for round := range rounds {
		name := fmt.Sprintf("d%d", round)
		before, after := randomGrants(r), randomGrants(r)
		if round == 0 {
			before, after = aggregator.Everything(), aggregator.Everything()
		}
		cookie := all.person(name, permitsOf(before, linker)...)
		board := all.boardOf(cookie, body)
		part := [][]aggregator.Province{nil, worldProvinces[:1], worldProvinces[1:], worldProvinces}[r.IntN(4)]
		narrow := aggregator.Scope{All: part == nil, Provinces: part}
		codes := `[]`
		if part != nil {
			codes = fmt.Sprintf(`["%s"]`, strings.Join(strings.Fields(strings.Trim(fmt.Sprint(part), "[]")), `","`))
		}
		behind := before.And(aggregator.GrantsOf(narrow, sets...))
		link := all.as(cookie, "POST", "/api/v1/boards/"+board+"/links", `{"filters":{},"provinces":`+codes+`}`)
		key := all.as(cookie, "POST", "/api/v1/embed-keys", `{"name":"k","origins":["https://x"],"boards":["`+board+`"],"provinces":`+codes+`}`)
		possible := !behind.Empty() && !slices.ContainsFunc(part, func(p aggregator.Province) bool { return !behind.Anywhere().Sees(p) })
		if possible != (link.status == 200) || possible != (key.status == 200) {
			t.Fatalf("seed %d: %v in %v: %d %s, %d %s", seed, before, part, link.status, link.body, key.status, key.body)
		}
		if err := all.settings.SetPermits(t.Context(), settings.OfMachine(), name, permitsOf(after, linker)); err != nil {
			t.Fatal(err)
		}
		if round%2 == 1 { // dear
			all.tokenDoor(t, r, worlds, name, cookie, after)
		}
		if !possible {
			continue
		}
		tickets := map[string]string{}
		tickets["link"], _ = all.open(`{"link":"` + readMade(t, link).link() + `"}`)
		embed := embedToken(readMade(t, key), fmt.Sprintf(`{"board":%q,"exp":%d}`, board, time.Now().Add(time.Minute).Unix()))
		tickets["embed"], _ = all.open(`{"embed":"` + embed + `"}`)
		now := behind.And(after)
		for door, ticket := range tickets {
			for _, w := range doorWidgets {
				got := all.sharedAnswer(ticket, w.id)
				where := now.In(w.needs...)
				if where.Empty() {
					all.wantError(got, http.StatusForbidden, "not_shared", "was not shared")
					less++
					continue
				}
				world := worlds[there(where)]
				want := world.ask(full[world], "POST", "/api/v1/boards/answer", `{"widget":`+sharedWidget(w.id, w.kind, w.ask)+`,"filters":{"period":{"from":"2026-04-07","to":"2026-05-06"}}}`)
				if timeless(got.body) != timeless(want.body) || got.status != 200 {
					t.Errorf("seed %d: %s of %v, later %v, in %v, widget %s: %d\n%s\nif there were nothing but %v:\n%s", seed, door, before, after, part, w.id, got.status, got.body, where, want.body)
				}
				shown++
			}
			all.nothingElse(t, ticket, door)
		}
		all.nothingElse(t, readMade(t, link).link(), "a link's text")
		all.nothingElse(t, embed, "a partner's token")
		all.nothingElse(t, readMade(t, key).Secret, "a key's secret")
	}
	if shown == 0 || less == 0 {
		t.Errorf("seed %d: %d widgets were shown and %d were not: this proves little", seed, shown, less)
	}
}

// nothingElse tries what opens a door on every other route.
func (b *bench) nothingElse(t *testing.T, secret, door string) {
	t.Helper()
	fill := strings.NewReplacer("{box}", knownBox, "{id}", fileID, "{rule}", "1", "{board}", "x", "{person}", "full", "{role}", "linker", "{session}", "x", "{token}", "x", "{link}", "x", "{key}", "x")
	for _, rt := range b.console.routes() {
		if rt.access == anyone {
			continue
		}
		for _, header := range []string{"Ticket " + secret, "Bearer " + secret} {
			if got := b.bearing(header, rt.method, fill.Replace(rt.path), `{}`); got.status != http.StatusUnauthorized {
				t.Errorf("%s opens %s %s: %d %s", door, rt.method, rt.path, got.status, got.body)
			}
		}
	}
}

// tokenDoor makes a token of a part of what somebody holds and asks every route that
// shows data with it, and every one that changes something.
func (b *bench) tokenDoor(t *testing.T, r *rand.Rand, worlds map[string]*bench, name, cookie string, holds aggregator.Grants) {
	t.Helper()
	sets := slices.DeleteFunc(aggregator.DataSets(), func(d aggregator.DataSet) bool { return holds[d].Empty() || r.IntN(3) == 0 })
	if len(sets) == 0 {
		return
	}
	list := fmt.Sprintf(`["%s"]`, strings.Join(strings.Fields(strings.Trim(fmt.Sprint(sets), "[]")), `","`))
	token := b.make(cookie, "/api/v1/tokens", `{"name":"t","data":`+list+`}`)
	g := holds.And(aggregator.GrantsOf(aggregator.Scope{All: true}, sets...))
	if slices.Contains(sets, aggregator.DataAccounts) {
		g = g.Or(aggregator.GrantsOf(linker.Scope, aggregator.DataAccounts))
	}
	same := grantsEverywhere(b, worlds, name+"t", g)
	for route, requests := range asked {
		method, path, _ := strings.Cut(route, " ")
		if strings.HasSuffix(path, "{id}") {
			continue
		}
		for _, q := range requests {
			got := b.bearing("Bearer "+token.Secret, method, path+q.query, q.body)
			where := g.In(q.needs...)
			if where.Empty() && !q.open {
				b.wantError(got, http.StatusForbidden, "not_granted", "open to you")
				continue
			}
			world := worlds[there(where)]
			if want := world.ask(same[world], method, path+q.query, q.body); timeless(got.body) != timeless(want.body) || got.status != want.status {
				t.Errorf("a token of %v: %s %v:\n%d %s\nif there were nothing but %v:\n%d %s", g, route, q, got.status, got.body, where, want.status, want.body)
			}
		}
	}
	for _, rt := range b.console.routes() {
		g := guards[rt.method+" "+rt.path]
		if rt.access == anyone || rt.method == "GET" || g.reads {
			continue
		}
		if got := b.bearing("Bearer "+token.Secret, rt.method, strings.NewReplacer("{", "", "}", "").Replace(rt.path), `{}`); got.status != http.StatusForbidden {
			t.Errorf("a token changes something: %s %s: %d %s", rt.method, rt.path, got.status, got.body)
		}
	}
}

func readMade(t *testing.T, r reply) made {
	t.Helper()
	var m made
	if err := json.Unmarshal([]byte(r.body), &m); err != nil {
		t.Fatalf("%s: %v", r.body, err)
	}
	return m
}
