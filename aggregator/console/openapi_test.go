package console

import (
	"bytes"
	"encoding/json"
	"flag"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"

	"iptvdc/aggregator"
	"iptvdc/aggregator/settings"
)

var update = flag.Bool("update", false, "write testdata/openapi.json anew")

func TestDocumentIsTheOneReleased(t *testing.T) {
	b := newBench(t)
	r := b.do("GET", "/api/v1/openapi.json", "", "")
	const golden = "testdata/openapi.json"
	if *update {
		if err := os.WriteFile(golden, []byte(r.body), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(want, []byte(r.body)) {
		t.Errorf("the API differs from %s; if it is meant to, run: go test ./aggregator/console -run Document -update", golden)
	}
}

// Every declared route is described and served, every described one declared,
// and every JSON answer has exactly the fields described.
func TestDocumentCoversTheAPI(t *testing.T) {
	b := newBench(t)
	b.powerOns(33, 1)
	b.tellRunning()
	b.tellFiles()
	var doc struct {
		Paths map[string]map[string]struct {
			RequestBody any
			Security    []any
			Responses   map[string]struct {
				Content map[string]struct{ Schema map[string]any }
			}
		}
		Components struct{ Schemas map[string]map[string]any }
	}
	if err := json.Unmarshal(b.console.openAPI, &doc); err != nil {
		t.Fatal(err)
	}
	bodies := map[string]string{
		"/api/v1/query":   `{"indicators":["power_ons"],"dimensions":["province"],` + today + `}`,
		"/api/v1/explain": `{"indicators":["click_to_play"],` + today + `,"filters":[{"dimension":"province","in":["33"]}]}`,
		"/api/v1/audit":   `{"boxes":["` + knownBox + `"]}`,

		"/api/v1/insights/rules": `{"indicator":"power_ons","kind":"below","level":1.5}`,
	}
	queries := map[string]string{"/api/v1/quality": "?from=2024-10-03&to=2024-10-06",
		"/api/v1/insights/movers": "?indicator=power_ons&" + lately, "/api/v1/insights/posters": "?" + lately, "/api/v1/insights/positions": "?" + lately,
		"/api/v1/insights/taste": "?by=channel&" + lately, "/api/v1/insights/offer": "?by=content&" + lately, "/api/v1/insights/anomalies": "?day=2026-05-06",
		"/api/v1/insights/products": "?products=vip&" + lately,
		"/api/v1/insights/risk":     "?level=city&day=" + riskDay, "/api/v1/insights/risk/accounts": "?day=" + riskDay, "/api/v1/insights/departures": "?from=2024-08-01&to=" + riskDay}
	b.tellInsights()
	b.tellRisk()
	shown := `{"schema":1,"title":{"zh":"","en":"A"},"about":{"zh":"","en":""},"filters":{"period":{"last":7,"unit":"day"},"compare":{"with":"year"}},"tabs":[{"id":"t","title":{"zh":"","en":"T"},"widgets":[]}]}`
	boardID := b.board(b.admin, shown)
	b.do("PUT", "/api/v1/boards/"+boardID+"/shares", b.admin, `{"shares":[{"who":"*","edits":false}]}`)
	bodies["POST /api/v1/boards"] = `{"board":` + shown + `}`
	bodies["POST /api/v1/boards/answer"] = `{"widget":{"id":"w","kind":"ranking","title":{"zh":"","en":""},"place":{"x":0,"y":0,"w":8,"h":6},"filters":{},"ask":{"figures":[{"indicator":"power_ons","title":{"zh":"","en":""}}],"by":["province"]},"show":{},"prose":{"zh":"","en":""}},"filters":{"where":[{"dimension":"channel","in":["cctv1"]}]}}`
	bodies["PUT /api/v1/boards/{board}"] = `{"from":1,"board":` + shown + `}`
	bodies["POST /api/v1/boards/{board}/restore"] = `{"revision":1}`
	bodies["PUT /api/v1/boards/{board}/shares"] = `{"shares":[{"who":"anna","edits":true}]}`
	told := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(`[{"day":"2026-05-01","province":"33","amount":"1.50"}]`))
	}))
	defer told.Close()
	bodies["POST /api/v1/sources/uploads"] = "day,province,amount\n2026-05-01,33,1.50\nno day,33,2\n2026-05-02,33,2\n"
	var up SourceUpload
	if err := json.Unmarshal([]byte(b.do("POST", "/api/v1/sources/uploads", b.admin, bodies["POST /api/v1/sources/uploads"]).body), &up); err != nil {
		t.Fatal(err)
	}
	bodies["POST /api/v1/sources"] = `{"definition":` + salesSource("sales") + `,"upload":"` + up.Upload + `"}`
	bodies["POST /api/v1/sources/try"] = `{"definition":{"name":"","title":{"zh":"","en":""},"kind":"http","columns":[],"address":"` + told.URL + `"}}`
	bodies["PUT /api/v1/sources/{source}"] = `{"definition":` + salesSource("sales") + `}`
	bodies["POST /api/v1/sources/{source}/refresh"], bodies["POST /api/v1/sources/{source}/restore"] = `{}`, `{"version":2}`
	// What is one's own needs somebody who signed in, what needs a code is in
	// TestSecondFactorOnThePage.
	cookie := b.person("anna", settings.Permit{Role: settings.RoleAdministrator, Scope: aggregator.Scope{All: true}})
	b.person("lee", settings.Permit{Role: "content", Scope: aggregator.Scope{All: true}})
	bodies["POST /api/v1/me/password"] = `{"new":"four dry horses"}`
	bodies["/api/v1/signin"] = `{"name":"anna","password":"four dry horses"}`
	bodies["PUT /api/v1/me"] = `{"display":"Anna","language":"zh"}`
	bodies["POST /api/v1/people"] = `{"name":"new","grants":[{"data":"epg","all":false,"provinces":["33"]}]}`
	bodies["PUT /api/v1/people/{person}"] = `{"display":"Lee","language":"","department":"sales"}`
	bodies["PUT /api/v1/people/{person}/grants"] = `{"grants":[{"role":"content","all":true}]}`
	bodies["PUT /api/v1/roles/{role}"] = `{"title":{"zh":"","en":"Ads"},"data":["epg"],"powers":["see_boards"]}`
	bodies["PUT /api/v1/options"] = `{"watermark":true,"admin_totp":false}`
	bodies["POST /api/v1/view-as"] = `{"name":"lee"}`
	bodies["POST /api/v1/exports"] = `{"format":"csv","what":"plays","rows":3}`
	bodies["PUT /api/v1/apps/{app}"] = `{"title":{"zh":"数","en":"Data"},"server":"https://data.example","theme":"#0b6478","background":"#ffffff","starts":[{"role":"","board":"~wall"}]}`
	bodies["PUT /api/v1/apps/{app}/icon"] = `{"png":"` + smallIcon(t) + `"}`
	bodies["POST /api/v1/apps/{app}/builds"] = `{"kind":"ios"}`
	bodies["PUT /api/v1/map"] = twoProvinces
	bodies["/api/v1/pictures"] = pngOf(t, 64, 64)
	bodies["PUT /api/v1/setup/provinces"] = `{"provinces":["33"]}`
	bodies["POST /api/v1/reports"] = `{"name":"A","board":"` + boardID + `","filters":{"where":[{"dimension":"channel","in":["cctv1"]}]},"when":{"every":"week","weekday":1,"at":"08:30"}}`
	bodies["PUT /api/v1/reports/{report}"] = bodies["POST /api/v1/reports"]
	bodies["POST /api/v1/me/places"] = `{"kind":"mail","address":"a@b.cn","reports":true,"alerts":true}`
	bodies["POST /api/v1/tokens"] = `{"name":"report","days":7}`
	tokens, err := b.settings.Tokens(t.Context(), settings.OfMachine(), true)
	if err != nil {
		t.Fatal(err)
	}
	tokenID := tokens[slices.IndexFunc(tokens, func(one settings.TokenInfo) bool { return one.Name == "zj" })].ID // which nothing here uses
	b.provided()
	anna := b.boardOf(cookie, countsBoard)
	links := "/api/v1/boards/" + anna + "/links"
	link, key := b.make(cookie, links, `{"filters":{}}`), b.make(cookie, "/api/v1/embed-keys", `{"name":"k","origins":["https://a"],"boards":["`+anna+`"]}`)
	kept := b.make(cookie, links, `{"filters":{}}`)
	ticket, _ := b.open(`{"link":"` + kept.link() + `"}`)
	bodies["POST /api/v1/boards/{board}/links"] = `{"filters":{},"days":1}`
	bodies["POST /api/v1/embed-keys"] = `{"name":"p","origins":["https://a"],"boards":["` + anna + `"]}`
	bodies["/api/v1/shared/open"] = `{"link":"` + kept.link() + `"}`
	bodies["/api/v1/shared/answer"] = `{"tab":"t","widget":"p"}`
	b.publishUpdate()
	bodies["POST /api/v1/updates"] = bundleOf(t, 27, "program", 1, "program")
	bodies["POST /api/v1/boxes/{box}/revoke"] = `{"why":"stolen"}`
	bodies["POST /api/v1/updates/{version}/halt"] = `{"why":"black screens"}`
	bodies["PUT /api/v1/updates/{version}/stage"] = `{"percent":5,"provinces":["33"],"models":[]}`
	byCode := []string{"POST /api/v1/setup", "/api/v1/signin/code", "/api/v1/me/totp/confirm", "/api/v1/me/totp/end"}
	b.do("POST", "/api/v1/me/password", "", bodies["POST /api/v1/me/password"], "Cookie", cookie)
	described := 0
	for _, methods := range doc.Paths {
		described += len(methods)
	}
	if n := len(b.console.routes()); n != described {
		t.Errorf("%d routes declared, %d described", n, described)
	}
	for _, rt := range b.console.routes() {
		op, ok := doc.Paths[rt.path][strings.ToLower(rt.method)]
		if !ok {
			t.Errorf("%s %s is not described", rt.method, rt.path)
			continue
		}
		if (rt.access != anyone) != (len(op.Security) > 0) {
			t.Errorf("%s %s: access %d, described as %v", rt.method, rt.path, rt.access, op.Security)
		}
		content, ok := op.Responses["200"].Content["application/json"]
		if !ok || rt.path == "/api/v1/openapi.json" || slices.Contains(byCode, rt.path) || slices.Contains(byCode, rt.method+" "+rt.path) {
			continue
		}
		body, ok := bodies[rt.path]
		if !ok {
			body = bodies[rt.method+" "+rt.path]
		}
		token, header := b.admin, []string(nil)
		if strings.HasPrefix(rt.path, "/api/v1/me") || strings.HasPrefix(rt.path, "/api/v1/reports") || strings.HasPrefix(rt.path, "/api/v1/view-as") || strings.HasPrefix(rt.path, "/api/v1/tokens") || strings.HasPrefix(rt.path, "/api/v1/embed-keys") || strings.HasSuffix(rt.path, "/links") {
			token, header = "", []string{"Cookie", cookie}
		}
		session := ""
		if strings.Contains(rt.path, "{session}") {
			session = b.sessionOf("anna") // another one, to be ended
		}
		if rt.path == "/api/v1/shared/answer" {
			token, header = "", []string{"Authorization", "Ticket " + ticket}
		}
		boardID := boardID
		if strings.HasSuffix(rt.path, "/links") {
			boardID = anna
		}
		r := b.do(rt.method, strings.NewReplacer("{link}", link.ID, "{key}", key.ID, "{token}", tokenID, "{box}", knownBox, "{id}", fileID, "{rule}", "1", "{board}", boardID, "{person}", "lee", "{role}", "ads", "{source}", "sales", "{app}", "data", "{session}", session, "{report}", "1", "{place}", "1", "{version}", "27").Replace(rt.path)+queries[rt.path], token, body, header...)
		if r.status != 200 {
			t.Errorf("%s: %d %s", rt.path, r.status, r.body)
		}
		var got any
		if err := json.Unmarshal([]byte(r.body), &got); err != nil {
			t.Fatal(err)
		}
		matches(t, rt.path, doc.Components.Schemas, content.Schema, got)
	}
}

// matches compares a value with a schema, as deep as the schema goes.
func matches(t *testing.T, where string, schemas map[string]map[string]any, schema map[string]any, v any) {
	t.Helper()
	if ref, ok := schema["$ref"].(string); ok {
		schema = schemas[strings.TrimPrefix(ref, "#/components/schemas/")]
	}
	switch v := v.(type) {
	case map[string]any:
		properties, _ := schema["properties"].(map[string]any)
		more, _ := schema["additionalProperties"].(map[string]any)
		for name, value := range v {
			property, ok := properties[name].(map[string]any)
			if !ok {
				property = more
			}
			if property == nil {
				t.Errorf("%s.%s is not described", where, name)
				continue
			}
			matches(t, where+"."+name, schemas, property, value)
		}
		required, _ := schema["required"].([]any)
		for _, name := range required {
			if _, ok := v[name.(string)]; !ok {
				t.Errorf("%s lacks %v", where, name)
			}
		}
	case []any:
		items, _ := schema["items"].(map[string]any)
		if schema["type"] != "array" {
			t.Errorf("%s is a list, described as %v", where, schema["type"])
		}
		for _, value := range v {
			matches(t, where+"[]", schemas, items, value)
		}
	case nil:
		fits(t, where, schema, "null")
	case string:
		fits(t, where, schema, "string")
	case float64:
		fits(t, where, schema, "number", "integer")
	case bool:
		fits(t, where, schema, "boolean")
	}
}

func fits(t *testing.T, where string, schema map[string]any, kinds ...string) {
	t.Helper()
	described, ok := schema["type"].([]any)
	if !ok {
		described = []any{schema["type"]}
	}
	for _, d := range described {
		for _, k := range kinds {
			if d == k {
				return
			}
		}
	}
	t.Errorf("%s is %v, described as %v", where, kinds, described)
}
