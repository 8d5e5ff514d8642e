package console

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"iptvdc/aggregator"
	"iptvdc/aggregator/c3"
	"iptvdc/aggregator/settings"
	"iptvdc/aggregator/store"
	"iptvdc/aggregator/store/storetest"
	"iptvdc/protocol"
)

// Two provinces, in one of which or in none of which a reader may see each data set.
var worldProvinces = []aggregator.Province{33, 43}

// worldOf is a console over events and files of every kind of some provinces. What a
// province has does not depend on which others there are.
func worldOf(t *testing.T, provinces ...aggregator.Province) *bench {
	t.Helper()
	b := newBenchOver(t, storetest.Memory())
	b.books.accounts, b.books.poison = nil, nil
	day, err := aggregator.ParseDay("2026-05-06")
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range provinces {
		r := rand.New(rand.NewPCG(uint64(p), 7))
		block := &store.Block{ID: [16]byte{byte(p), 1}}
		key := func(kind string) uint64 {
			text := fmt.Sprintf("%s %d", kind, r.IntN(3))
			block.Codes = append(block.Codes, store.Code{Key: aggregator.TextKey(text), Text: text})
			return aggregator.TextKey(text)
		}
		for n := range 720 {
			s := store.Stamp{Province: p, City: aggregator.City(p)*100 + aggregator.City(1+n%2), Box: uint64(p)<<8 + uint64(r.IntN(40)), Boot: 1, MonoMs: int64(n), Clock: 3,
				AtMs: day.Start() - int64(n%9)*7*aggregator.DayMs + int64(n)*aggregator.DayMs/720}
			s.Account = s.Box
			switch n % 8 {
			case 0:
				block.Powers = append(block.Powers, store.Power{Stamp: s, On: true})
			case 1:
				block.PageViews = append(block.PageViews, store.PageView{Stamp: s, Page: key("page"), From: key("page")})
			case 2:
				block.Clicks = append(block.Clicks, store.Click{Stamp: s, Page: key("page"), Content: key("content"), Slot: uint32(r.IntN(3))})
			case 3:
				block.Views = append(block.Views, store.View{Stamp: s, Mode: uint8(1 + r.IntN(3)), Channel: key("channel"), Content: key("content"), Speed: 100, PositionMs: 1000, LengthMs: aggregator.HourMs, DurationMs: r.Int64N(aggregator.HourMs)})
			case 4:
				block.Orders = append(block.Orders, store.Order{Stamp: s, Product: key("product"), Fen: r.Int64N(5000), Result: uint8(r.IntN(5))})
			case 5:
				block.Impressions = append(block.Impressions, store.Impression{Stamp: s, Page: key("page"), Content: key("content"), Slot: uint32(r.IntN(3)), Sight: 1})
			case 6:
				block.Playbacks = append(block.Playbacks, store.Playback{Stamp: s, Mode: 1, Channel: key("channel"), Content: key("content"), StartMs: r.Int64N(4000), Errors: uint32(r.IntN(2))})
			case 7:
				block.Runnings = append(block.Runnings, store.Running{Stamp: s, Version: uint64(1 + r.IntN(3)), State: uint8(protocol.ProfileApplied)},
					store.Running{Stamp: s, Version: uint64(r.IntN(2)), State: uint8(protocol.AgentRuns), Why: key("agent")})
			}
		}
		// The day after has begun, so that the day itself is judged.
		block.Powers = append(block.Powers, store.Power{Stamp: store.Stamp{Province: p, City: aggregator.City(p)*100 + 1, Box: uint64(p) << 8, Boot: 1, Clock: 3, AtMs: day.Start() + aggregator.DayMs}, On: true})
		if _, err := b.store.Insert(t.Context(), block); err != nil {
			t.Fatal(err)
		}
		f := store.File{ID: [16]byte{byte(p), 2}, Province: p, Feed: c3.FeedSubscribers, Name: "users.txt", Day: 20_000, ReceivedMs: 1_728_000_000_000 + int64(p), Bytes: 9}
		if err := b.store.Note(t.Context(), f, c3.Receipt{Outcome: c3.OutcomeRefused, Records: 2, Rejected: 2, Counts: map[string]int64{c3.FaultTime: 2}}); err != nil {
			t.Fatal(err)
		}
		st, err := b.store.Stage(t.Context(), store.File{ID: [16]byte{byte(p), 3}, Province: p, Feed: c3.FeedSubscribers, Name: "users-03.txt", Day: day, VersionMs: 1, ReceivedMs: 1_778_000_000_000, Bytes: 9})
		if err != nil {
			t.Fatal(err)
		}
		rows := &store.FeedRows{}
		for a := range uint64(p) {
			rows.Subscribers = append(rows.Subscribers, store.SubscriberRow{Line: int64(a) + 1, Account: uint64(p)<<8 + a + 1, State: c3.StateActive, City: aggregator.City(p)*100 + 1})
		}
		if err := st.Add(t.Context(), rows); err != nil {
			t.Fatal(err)
		}
		if _, err := st.Commit(t.Context(), store.Verdict{Records: int64(p), MaxShrink: 100, DoneMs: 1_778_000_000_000}); err != nil {
			t.Fatal(err)
		}
		b.books.accounts = append(b.books.accounts, Account{p, uint64(p), 4, 90, 10, 5})
		b.books.poison = append(b.books.poison, Poison{time.UnixMilli(1_795_000_000_000), p, knownBox, 1, 3, 20, "codec: 9"})
	}
	dirty, err := b.store.Dirty(t.Context(), 100_000)
	if err != nil {
		t.Fatal(err)
	}
	if err := b.store.Close(t.Context(), dirty); err != nil {
		t.Fatal(err)
	}
	b.console.Unknowns, b.console.Certificates = unknownOf(provinces), certificatesOf(provinces)
	b.tellShop(provinces)
	return b
}

// unknownOf tells of an unknown genre in each of some provinces.
type unknownOf []aggregator.Province

func (u unknownOf) Unknown(_ context.Context, s aggregator.Scope, _, _ int) (all []UnknownValue, err error) {
	for _, p := range u {
		if s.Sees(p) {
			all = append(all, UnknownValue{Field: "genre", Value: "x" + p.String(), Provinces: []string{p.String()}})
		}
	}
	return all, nil
}

// request is one way to ask a route.
type request struct {
	query, body string
	// needs are the data sets without which it is refused, also those that add to it.
	needs, also []aggregator.DataSet
	// bare: the worlds have nothing of it.
	bare bool
	// open: who holds none of needs gets an answer all the same, without anything.
	open bool
}

const (
	activity, users, epg, ratings = aggregator.DataActivity, aggregator.DataUsers, aggregator.DataEPG, aggregator.DataRatings
	shop                          = aggregator.DataSet("src.shop")
	vod, orders, trust, accounts  = aggregator.DataVOD, aggregator.DataOrders, aggregator.DataQuality, aggregator.DataAccounts
)

func of(sets ...aggregator.DataSet) []aggregator.DataSet { return sets }

const month = `"from":"2026-04-07","to":"2026-05-06"`

func drawn(kind, ask string) string {
	prose := ""
	if kind == "text" {
		prose = "x"
	}
	return `{"widget":{"id":"w","kind":"` + kind + `","title":{"zh":"","en":""},"place":{"x":0,"y":0,"w":8,"h":6},"filters":{},"ask":` + ask + `,"show":{},"prose":{"zh":"","en":"` + prose + `"}},"filters":{"period":{"from":"2026-04-07","to":"2026-05-06"}}}`
}

// asked is every route that shows data, by requests; the others are named in others.
var asked = map[string][]request{
	"POST /api/v1/query": {
		{body: `{"indicators":["power_ons"],"dimensions":["province"],` + month + `}`, needs: of(activity)},
		{body: `{"indicators":["power_ons","clicks"],"dimensions":["city"],"totals":true,` + month + `}`, needs: of(activity, epg)},
		{body: `{"indicators":["clicks"],"dimensions":["page"],"top":1,"totals":true,"compare":"previous",` + month + `}`, needs: of(epg)},
		{body: `{"indicators":["plays"],"compare":"previous","like_for_like":true,"dimensions":["channel"],` + month + `}`, needs: of(ratings)},
		{body: `{"indicators":["rating","rating:over"],"dimensions":["channel"],` + month + `}`, needs: of(activity, ratings)},
		{body: `{"indicators":["completion"],` + month + `}`, needs: of(vod)},
		{body: `{"indicators":["revenue","orders"],"grain":"day",` + month + `}`, needs: of(orders)},
		{body: `{"indicators":["active_accounts"],` + month + `}`, needs: of(users)},
		{body: `{"indicators":["account_activity_rate"],` + month + `}`, needs: of(activity, users)},
		{body: `{"indicators":["error_rate","events"],` + month + `}`, needs: of(trust)},
		{body: `{"indicators":["arpu"],` + month + `}`, needs: of(users, orders), bare: true},
		{body: `{"indicators":["box_coverage"],` + month + `}`, needs: of(activity, users, trust)},
		{body: `{"indicators":["src.shop.amount.sum","src.shop.rows"],"dimensions":["province"],"totals":true,` + month + `}`, needs: of(shop)},
		{body: `{"indicators":["power_ons","src.shop.amount.avg","src.shop.amount.max"],"grain":"day","compare":"previous",` + month + `}`, needs: of(activity, shop)},
		{body: `{"indicators":["src.shop.amount.sum"],"dimensions":["province"],"top":1,` + month + `}`, needs: of(shop)},
		{body: `{"indicators":["active_boxes_projected"],` + month + `}`, needs: of(activity, users, ratings)},
	},
	"POST /api/v1/explain": {
		{body: `{"indicators":["ctr"],` + month + `}`, needs: of(epg)},
		{body: `{"indicators":["order_page_rate"],` + month + `}`, needs: of(epg, orders)},
		{body: `{"indicators":["rating"],` + month + `}`, needs: of(activity, ratings)},
		{body: `{"indicators":["src.shop.amount.avg"],` + month + `}`, needs: of(shop)},
	},
	"POST /api/v1/boards/answer": {
		{body: drawn("ranking", `{"figures":[{"indicator":"power_ons","title":{"zh":"","en":""}}],"by":["province"]}`), needs: of(activity)},
		{body: drawn("figure", `{"figures":[{"indicator":"clicks","title":{"zh":"","en":""}}]}`), needs: of(epg)},
		{body: drawn("ranking", `{"figures":[{"formula":"orders / clicks","title":{"zh":"","en":"x"}}],"by":["province"]}`), needs: of(epg, orders)},
		{body: drawn("figure", `{"figures":[{"formula":"src.shop.amount.sum / power_ons","title":{"zh":"","en":"x"}}]}`), needs: of(activity, shop)},
		{body: drawn("text", `{}`), open: true},
	},
	"GET /api/v1/insights/movers": {
		{query: "?indicator=power_ons&" + lately, needs: of(activity)},
		{query: "?indicator=ctr&" + lately, needs: of(epg)},
		{query: "?indicator=order_page_rate&by=province&" + lately, needs: of(epg, orders)},
		{query: "?indicator=src.shop.amount.sum&" + lately, needs: of(shop)},
	},
	"GET /api/v1/insights/posters":       {{query: "?" + lately, needs: of(epg)}},
	"GET /api/v1/insights/positions":     {{query: "?from=2026-03-10&to=2026-05-06", needs: of(epg), bare: true}},
	"GET /api/v1/insights/taste":         {{query: "?by=channel&" + lately, needs: of(ratings)}},
	"GET /api/v1/insights/offer":         {{query: "?by=content&" + lately, needs: of(epg, ratings)}},
	"GET /api/v1/insights/products":      {{query: "?from=2026-04-30&to=2026-05-06", needs: of(ratings, vod, orders, trust)}},
	"GET /api/v1/insights/risk":          {{query: "?day=2026-05-06", needs: of(users, activity, trust, orders)}},
	"GET /api/v1/insights/departures":    {{query: "?from=2026-04-20&to=2026-05-06", needs: of(users, activity, trust, orders), bare: true}},
	"GET /api/v1/insights/risk/accounts": {{query: "?class=low&day=2026-05-06", needs: of(users, activity, trust, orders, accounts)}},
	"GET /api/v1/insights/anomalies": {
		{query: "?day=2026-05-06&indicators=power_ons", needs: of(activity)},
		{query: "?day=2026-05-06&indicators=power_ons,clicks,orders", needs: of(activity, epg, orders)},
	},
	"GET /api/v1/status":             {{needs: of(trust), open: true}},
	"GET /api/v1/quarantine":         {{needs: of(trust), also: of(accounts)}},
	"GET /api/v1/profiles/running":   {{needs: of(trust)}, {query: "?by=city&province=43", needs: of(trust)}},
	"GET /api/v1/feeds/files":        {{needs: of(trust)}, {query: "?province=43", needs: of(trust)}},
	"GET /api/v1/feeds/files/{id}":   {{query: fmt.Sprintf("/%032x", 0), needs: of(trust), bare: true}, {query: "/2b02" + strings.Repeat("0", 28), needs: of(trust)}},
	"GET /api/v1/feeds/unknown":      {{needs: of(ratings, trust)}},
	"GET /api/v1/updates":            {{needs: of(trust)}, {query: "?province=43", needs: of(trust)}},
	"GET /api/v1/boxes/certificates": {{needs: of(accounts)}},
	"GET /api/v1/boxes/credentials":  {{needs: of(accounts)}},
	"GET /api/v1/quality":            {{query: "?from=2024-10-03&to=2024-10-06", needs: of(trust)}},
}

// elsewhere are routes that show no data of provinces by what is granted, and which
// test holds them.
var elsewhere = map[string]string{
	"GET /api/v1/indicators":               "what can be asked; the same for all but own sources: TestSources",
	"GET /api/v1/changes":                  "TestStreamKeepsToTheScope",
	"GET /api/v1/insights/alerts":          "TestAlerts, TestRulesFollowTheirOwner",
	"POST /api/v1/insights/rules":          "TestAlerts, TestRulesNeedTheirData",
	"DELETE /api/v1/insights/rules/{rule}": "TestAlerts",
	"GET /api/v1/sources":                  "TestSources", "POST /api/v1/sources": "TestSources", "POST /api/v1/sources/uploads": "TestSources", "POST /api/v1/sources/try": "TestSources",
	"GET /api/v1/sources/{source}": "TestSources", "PUT /api/v1/sources/{source}": "TestSources", "DELETE /api/v1/sources/{source}": "TestSources",
	"POST /api/v1/sources/{source}/refresh": "TestSources", "POST /api/v1/sources/{source}/restore": "TestSources",
	"GET /api/v1/map": "the same for all", "GET /api/v1/me": "own; below",
	"PUT /api/v1/me": "own", "POST /api/v1/me/password": "own", "GET /api/v1/me/sessions": "own", "GET /api/v1/me/signon": "own", "POST /api/v1/me/signon": "own", "DELETE /api/v1/me/signon": "own", "DELETE /api/v1/me/sessions/{session}": "own",
	"POST /api/v1/me/totp": "own", "POST /api/v1/me/totp/confirm": "own", "POST /api/v1/me/totp/end": "own", "POST /api/v1/view-as/end": "own", "POST /api/v1/exports": "own",
	"GET /api/v1/boards/{board}/links": "TestShareLinksOverHTTP", "POST /api/v1/boards/{board}/links": "TestShareLinksOverHTTP", "GET /api/v1/links": "TestShareLinksOverHTTP", "DELETE /api/v1/links/{link}": "TestShareLinksOverHTTP",
	"POST /api/v1/pictures": "TestPictures", "GET /api/v1/pictures/{picture}": "TestPictures",
	"GET /api/v1/tokens": "TestOwnTokens", "POST /api/v1/tokens": "TestOwnTokens", "DELETE /api/v1/tokens/{token}": "TestOwnTokens",
	"GET /api/v1/boards": "TestBoards", "POST /api/v1/boards": "TestBoards", "GET /api/v1/boards/templates": "the same for all",
	"GET /api/v1/boards/{board}": "TestBoards", "PUT /api/v1/boards/{board}": "TestBoards", "DELETE /api/v1/boards/{board}": "TestBoards",
	"POST /api/v1/boards/{board}/undelete": "TestBoards", "GET /api/v1/boards/{board}/revisions": "TestBoards", "POST /api/v1/boards/{board}/restore": "TestBoards",
	"GET /api/v1/boards/{board}/export": "TestExportIsOfTheReadersScope, which compares it with POST /api/v1/boards/answer",
	"GET /api/v1/reports":               "own", "POST /api/v1/reports": "own", "GET /api/v1/reports/sendings": "own; TestReportsKeepToEachScope", "PUT /api/v1/reports/{report}": "own", "DELETE /api/v1/reports/{report}": "own",
	"POST /api/v1/reports/{report}/send": "TestReportsKeepToEachScope", "GET /api/v1/reports/{report}/preview": "TestReportsKeepToEachScope",
	"GET /api/v1/me/places": "own", "POST /api/v1/me/places": "own", "DELETE /api/v1/me/places/{place}": "own", "POST /api/v1/me/places/{place}/test": "own",
	"GET /api/v1/boards/{board}/shares": "TestBoards", "PUT /api/v1/boards/{board}/shares": "TestBoards",
}

// ask asks in the program itself, as somebody.
func (b *bench) ask(cookie, method, path, body string) reply {
	r := httptest.NewRequestWithContext(b.t.Context(), method, path, strings.NewReader(body))
	r.Header.Set("Cookie", cookie)
	w := httptest.NewRecorder()
	b.console.ServeHTTP(w, r)
	return reply{w.Code, w.Header(), w.Body.String()}
}

// Whatever is granted, every route answers with exactly what it would answer if there
// were nothing else than what is granted, or refuses: provinces and data sets that are
// not open have no part in any number. A narrow reader thus gets their part of what a
// full reader gets. A route that is in neither list fails the test.
func TestNothingComesThroughThatIsNotGranted(t *testing.T) {
	worlds := map[string]*bench{}
	for _, provinces := range [][]aggregator.Province{{}, {33}, {43}, {33, 43}} {
		worlds[fmt.Sprint(provinces)] = worldOf(t, provinces...)
	}
	all := worlds[fmt.Sprint(worldProvinces)]
	for _, rt := range all.console.routes() {
		name := rt.method + " " + rt.path
		_, a := asked[name]
		_, e := elsewhere[name]
		limited := guards[name].may.Has(settings.Administer) || guards[name].may.Has(settings.ManagePeople)
		if rt.access != anyone && rt.access != admin && !limited && a == e {
			t.Errorf("%s: say in asked how it is asked and which data sets it needs, or in elsewhere why it shows none", name)
		}
		if g := guards[name]; e && len(g.data) > 0 {
			t.Errorf("%s shows %v and is not asked here", name, g.data)
		}
	}

	seed := uint64(time.Now().UnixNano())
	r := rand.New(rand.NewPCG(seed, 0))
	rounds := 8
	if testing.Short() {
		rounds = 3
	}
	fully := grantsEverywhere(all, worlds, "full", aggregator.Everything())
	differs := map[string]bool{}
	for round := range rounds {
		g := aggregator.Grants{}
		for _, d := range aggregator.DataSets() {
			n := r.IntN(6)
			if round == 0 { // one who sees everything of one province: less of each answer
				n = 1
			}
			switch n {
			case 0: // nothing
			case 1:
				g[d] = aggregator.Scope{Provinces: worldProvinces[:1]}
			case 2:
				g[d] = aggregator.Scope{Provinces: worldProvinces[1:]}
			case 3:
				g[d] = aggregator.Scope{Provinces: worldProvinces}
			case 4:
				g[d] = aggregator.Scope{Provinces: []aggregator.Province{11, 33}}
			case 5:
				g[d] = aggregator.Scope{All: true}
			}
		}
		who := fmt.Sprintf("p%d", round)
		cookies := grantsEverywhere(all, worlds, who, g)
		if me := all.whoIs(cookies[all]); len(me.Holds) != len(grantsOf(g)) {
			t.Errorf("%v: holds %v", g, me.Holds)
		}
		for name, requests := range asked {
			method, path, _ := strings.Cut(name, " ")
			path = strings.TrimSuffix(path, "/{id}")
			for n, q := range requests {
				got := all.ask(cookies[all], method, path+q.query, q.body)
				where := g.In(q.needs...)
				if strings.HasSuffix(name, "{id}") && got.status == http.StatusNotFound { // as if it were not there
					if full := all.ask(fully[all], method, path+q.query, q.body); full.status == 200 && where.Sees(43) {
						t.Errorf("seed %d: %s %v with %v: not found", seed, name, q, g)
					} else if full.status == 200 {
						differs[fmt.Sprint(name, n)] = true
					}
					continue
				}
				if where.Empty() && !q.open {
					all.wantError(got, http.StatusForbidden, "not_granted", "open to you")
					continue
				}
				if got.status != http.StatusOK {
					t.Errorf("seed %d: %s %v with %v: %d %s", seed, name, q, g, got.status, got.body)
					continue
				}
				var there []aggregator.Province
				for _, p := range worldProvinces {
					if where.Sees(p) {
						there = append(there, p)
					}
				}
				if there == nil {
					there = []aggregator.Province{}
				}
				less := worlds[fmt.Sprint(there)]
				if alone := less.ask(cookies[less], method, path+q.query, q.body); timeless(alone.body) != timeless(got.body) {
					t.Errorf("seed %d: %s %v with %v:\n%s\nif there were nothing but %v:\n%s", seed, name, q, g, got.body, there, alone.body)
				}
				if full := all.ask(fully[all], method, path+q.query, q.body); full.body != got.body {
					differs[fmt.Sprint(name, n)] = true
				}
			}
		}
	}
	for name, requests := range asked {
		for n := range requests {
			// What nobody ever sees less of would pass with any code.
			if !differs[fmt.Sprint(name, n)] && len(requests[n].needs) > 0 && !requests[n].bare {
				t.Errorf("%s %v: no reader got less than all (seed %d)", name, requests[n], seed)
			}
		}
	}
}

// timeless leaves out when the platform heard last, or judged: that is no secret.
func timeless(body string) string { return asOf.ReplaceAllString(body, "") }

var asOf = regexp.MustCompile(`"as_of":("[^"]*"|null),`)

func grantsOf(g aggregator.Grants) []Opened { return opened(g) }

// grantsEverywhere makes the same person in every world and returns their cookies.
func grantsEverywhere(all *bench, worlds map[string]*bench, name string, g aggregator.Grants) map[*bench]string {
	all.t.Helper()
	cookies := map[*bench]string{}
	for _, w := range worlds {
		var give []settings.Permit
		for d, s := range g {
			give = append(give, settings.Permit{Data: d, Scope: s})
		}
		slices.SortFunc(give, func(a, b settings.Permit) int { return strings.Compare(string(a.Data), string(b.Data)) })
		cookies[w] = w.person(name, give...)
	}
	return cookies
}

// A rule is made where its figure is open, and nowhere else.
func TestRulesNeedTheirData(t *testing.T) {
	b := newBench(t)
	li := b.person("li", settings.Permit{Data: aggregator.DataEPG, Scope: ofZhejiang}, settings.Permit{Data: aggregator.DataOrders, Scope: ofAll})
	f := func(rule string, status int, code, text string) {
		t.Helper()
		r := b.as(li, "POST", "/api/v1/insights/rules", rule)
		if status == 200 {
			if r.status != 200 {
				t.Errorf("%s: %d %s", rule, r.status, r.body)
			}
			return
		}
		b.wantError(r, status, code, text)
	}
	f(`{"indicator":"clicks","kind":"below","level":1}`, 200, "", "")
	f(`{"indicator":"clicks","provinces":["43"],"kind":"below","level":1}`, 400, "bad_scope", "43")
	f(`{"indicator":"power_ons","kind":"below","level":1}`, 403, "not_granted", "activity")
	f(`{"indicator":"order_page_rate","provinces":["43"],"kind":"below","level":1}`, 400, "bad_scope", "43")
	f(`{"indicator":"nonsense","kind":"below","level":1}`, 400, "bad_indicator", "nonsense")
	rules, err := b.settings.Rules(t.Context())
	if err != nil || len(rules) != 1 || rules[0].Scope.Sees(43) || !rules[0].Scope.Sees(33) {
		t.Errorf("%+v, %v", rules, err)
	}
}

// A route of which nobody said what it shows is not served at all, nor is a guard left
// of a route that is gone.
func TestEveryRouteHasAGuard(t *testing.T) {
	b := newBench(t)
	routes := b.console.routes()
	if err := unguarded(routes); err != nil {
		t.Error(err)
	}
	more := append(slices.Clone(routes), route{method: "GET", path: "/api/v1/secrets", access: reader})
	if err := unguarded(more); err == nil || !strings.Contains(err.Error(), "GET /api/v1/secrets (say in guard.go") {
		t.Error(err)
	}
	less := slices.DeleteFunc(slices.Clone(routes), func(rt route) bool { return rt.path == "/api/v1/quality" })
	if err := unguarded(less); err == nil || !strings.Contains(err.Error(), "GET /api/v1/quality (there is no such route") {
		t.Error(err)
	}
}
