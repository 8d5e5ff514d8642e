package console

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"iptvdc/aggregator"
	"iptvdc/aggregator/settings"
	"iptvdc/aggregator/source"
)

// upload stages a file and returns its name.
func (b *bench) upload(cookie, content string) string {
	b.t.Helper()
	r := b.ask(cookie, "POST", "/api/v1/sources/uploads", content)
	var got SourceUpload
	if err := json.Unmarshal([]byte(r.body), &got); err != nil || r.status != 200 || got.Upload == "" {
		b.t.Fatalf("%d %s", r.status, r.body)
	}
	return got.Upload
}

const salesColumns = `[{"field":"day","name":"day","title":{"zh":"","en":""},"type":"date"},{"field":"province","name":"province","title":{"zh":"","en":""},"type":"province"},{"field":"amount","name":"amount","title":{"zh":"金额","en":"amount"},"type":"yuan"}]`

func salesSource(name string) string {
	return `{"name":"` + name + `","title":{"zh":"线下","en":"shops"},"kind":"upload","columns":` + salesColumns + `}`
}

// soldOn is the day of the bench's events.
const soldOn = "2026-11-22"

// tellShop brings a source with rows of some provinces.
func (b *bench) tellShop(provinces []aggregator.Province) {
	b.t.Helper()
	if len(provinces) == 0 {
		return
	}
	file := "day,province,amount\n"
	for _, p := range provinces { // of each the same, whichever others there are
		for n := range 30 {
			file += fmt.Sprintf("2026-05-%02d,%s,%d.25\n", n%9+1, p, n*int(p))
		}
	}
	upload, _, err := b.sources.Stage(b.t.Context(), settings.OfMachine(), strings.NewReader(file), "")
	if err != nil {
		b.t.Fatal(err)
	}
	d := &source.Definition{}
	if err := json.Unmarshal([]byte(salesSource("shop")), d); err != nil {
		b.t.Fatal(err)
	}
	if err := b.sources.Add(b.t.Context(), settings.OfMachine(), d, "", upload); err != nil {
		b.t.Fatal(err)
	}
}

// A source goes from a file to a widget beside an indicator, joined by province; each
// reader sees rows of what is granted to them, and its makers alone see how it is made.
func TestSources(t *testing.T) {
	b := newBench(t)
	b.powerOns(33, 3)
	b.powerOns(43, 4)
	root := b.person("maker.all", settings.Permit{Role: settings.RoleAdministrator, Scope: aggregator.Scope{All: true}})
	both := b.person("both", settings.Permit{Data: aggregator.DataActivity, Scope: aggregator.Scope{All: true}}, settings.Permit{Data: aggregator.DataOfSource("sales"), Scope: aggregator.Scope{Provinces: []aggregator.Province{33}}})
	none := b.person("none", settings.Permit{Data: aggregator.DataActivity, Scope: aggregator.Scope{All: true}})

	file := "day,province,amount\n" + soldOn + ",浙江,10.50\n" + soldOn + ",湖南,7\n" + soldOn + ",,1\n"
	up := b.upload(root, file)
	r := b.ask(root, "POST", "/api/v1/sources", `{"definition":`+salesSource("sales")+`,"upload":"`+up+`"}`)
	if r.status != 200 || !strings.Contains(r.body, `"rows":3`) {
		t.Fatalf("%d %s", r.status, r.body)
	}
	figure := func(id string) string { return `{"indicator":"` + id + `","title":{"zh":"","en":""}}` }
	ask := func(cookie string, figures ...string) reply {
		question := drawn("ranking", `{"figures":[`+strings.Join(figures, ",")+`],"by":["province"]}`)
		return b.ask(cookie, "POST", "/api/v1/boards/answer", strings.ReplaceAll(question, `{"from":"2026-04-07","to":"2026-05-06"}`, `{"from":"2026-11-22","to":"2026-11-22"}`))
	}
	sum := "src.sales.amount.sum"
	if r := ask(root, figure("power_ons"), figure(sum)); r.status != 200 || !strings.Contains(r.body, `"rows":[["total","43",4,700],["total","33",3,1050],["total","",0,100]]`) || !strings.Contains(r.body, `"sources":[{"name":"sales"`) {
		t.Errorf("%d %s", r.status, r.body)
	}
	if r := ask(both, figure("power_ons"), figure(sum)); r.status != 200 || !strings.Contains(r.body, `"rows":[["total","33",3,1050]]`) {
		t.Errorf("%d %s", r.status, r.body)
	}
	// A formula of both is reckoned with its unit.
	if r := ask(both, `{"formula":"`+sum+` / power_ons","title":{"zh":"","en":"f"}}`); r.status != 200 || !strings.Contains(r.body, `"rows":[["total","33",350]]`) || !strings.Contains(r.body, `"unit":"fen/count"`) {
		t.Errorf("%d %s", r.status, r.body)
	}
	b.wantError(ask(both, `{"formula":"`+sum+` + power_ons","title":{"zh":"","en":"f"}}`), 400, "bad_formula", "cannot be added")
	b.wantError(ask(none, figure(sum)), 403, "not_granted", "src.sales")
	if r := b.ask(both, "POST", "/api/v1/query", `{"indicators":["`+sum+`","power_ons"],"dimensions":["province"],"grain":"day","from":"`+soldOn+`","to":"`+soldOn+`","totals":true}`); !strings.Contains(r.body, `"rows":[["`+soldOn+`","33",1050,3]],"totals":[["`+soldOn+`",1050,3]]`) {
		t.Errorf("%d %s", r.status, r.body)
	}
	if r := b.ask(both, "POST", "/api/v1/explain", `{"indicators":["src.sales.amount.avg"],"from":"`+soldOn+`","to":"`+soldOn+`"}`); r.status != 200 || !strings.Contains(r.body, `"figure":1050`) || !strings.Contains(r.body, `"fact":"src.sales"`) {
		t.Errorf("%d %s", r.status, r.body)
	}

	// The catalogue and the list name it to whom it is open, and to nobody else.
	for cookie, want := range map[string]bool{root: true, both: true, none: false} {
		for _, path := range []string{"/api/v1/indicators", "/api/v1/sources"} {
			if r := b.ask(cookie, "GET", path, ""); r.status != 200 || strings.Contains(r.body, "src.sales") != want {
				t.Errorf("%s: %d, want it named: %v", path, r.status, want)
			}
		}
		r := b.ask(cookie, "GET", "/api/v1/sources/sales", "")
		if (r.status == 200) != (cookie == root) || cookie != root && r.status != http.StatusForbidden {
			t.Errorf("%d %s", r.status, r.body)
		}
	}

	// Who sees one province is not told how many rows there are of others.
	if r := b.ask(both, "GET", "/api/v1/sources", ""); !strings.Contains(r.body, `"rows":0`) || !strings.Contains(r.body, `"provinces":["33"]`) {
		t.Errorf("%s", r.body)
	}

	// A bad file leaves the version before, and says why.
	bad := b.upload(root, "day,province,amount\nyesterday,Narnia,x\n"+soldOn+",Atlantis,1\n"+soldOn+",33,5\n")
	b.wantError(b.ask(root, "POST", "/api/v1/sources/sales/refresh", `{"upload":"`+bad+`"}`), 400, "bad_file", `column "province", value "Narnia"`)
	if r := ask(both, figure(sum)); !strings.Contains(r.body, `["total","33",1050]`) || !strings.Contains(r.body, `"failing":true`) {
		t.Errorf("%d %s", r.status, r.body)
	}
	if r := b.ask(root, "GET", "/api/v1/sources/sales", ""); !strings.Contains(r.body, `"fault":"2 of 3 rows are wrong`) || !strings.Contains(r.body, `"failed":{"rows":1,"rejected":2`) {
		t.Errorf("%s", r.body)
	}
	if r := b.ask(both, "GET", "/api/v1/sources", ""); !strings.Contains(r.body, "It could not be read the last time.") || strings.Contains(r.body, "Narnia") {
		t.Errorf("%s", r.body)
	}
	// A good one takes its place, and one can go back.
	good := b.upload(root, "day,province,amount\n"+soldOn+",33,5\n")
	if r := b.ask(root, "POST", "/api/v1/sources/sales/refresh", `{"upload":"`+good+`"}`); r.status != 200 || !strings.Contains(r.body, `"fault":""`) {
		t.Errorf("%d %s", r.status, r.body)
	}
	if r := ask(both, figure(sum)); !strings.Contains(r.body, `["total","33",500]`) || strings.Contains(r.body, "failing") {
		t.Errorf("%d %s", r.status, r.body)
	}
	if r := b.ask(root, "POST", "/api/v1/sources/sales/restore", `{"version":1}`); r.status != 200 {
		t.Errorf("%d %s", r.status, r.body)
	}
	if r := ask(both, figure(sum)); !strings.Contains(r.body, `["total","33",1050]`) {
		t.Errorf("%d %s", r.status, r.body)
	}
	b.wantError(b.ask(root, "POST", "/api/v1/sources/sales/restore", `{"version":77}`), 404, "not_found", "no version 77")
	b.wantError(b.ask(root, "PUT", "/api/v1/sources/sales", `{"definition":`+salesSource("other")+`}`), 400, "bad_source", "keeps its name")
	renamed := strings.Replace(salesSource("sales"), `"amount","title"`, `"money","title"`, 1)
	if r := b.ask(root, "PUT", "/api/v1/sources/sales", `{"definition":`+renamed+`}`); r.status != 200 || !strings.Contains(r.body, "src.sales.money.sum") {
		t.Errorf("%d %s", r.status, r.body)
	}
	b.wantError(ask(root, figure(sum)), 400, "bad_widget", "there is no indicator")
	b.wantError(b.ask(none, "POST", "/api/v1/sources/uploads", file), 403, "forbidden", "make_sources")
	b.wantError(b.ask(root, "POST", "/api/v1/sources", `{"definition":`+salesSource("sales")+`,"upload":"`+b.upload(root, file)+`"}`), 409, "name_taken", "never given twice")
	b.wantError(b.ask(root, "POST", "/api/v1/sources", `{"definition":`+salesSource("two")+`,"upload":"../../settings.sqlite"}`), 400, "bad_upload", "upload the file first")

	// What is gone is gone: its figures, its rows, and what was granted of it.
	if r := b.ask(root, "DELETE", "/api/v1/sources/sales", ""); r.status != 200 {
		t.Errorf("%d %s", r.status, r.body)
	}
	b.wantError(ask(both, figure("src.sales.money.sum")), 400, "bad_widget", "there is no indicator")
	b.wantError(b.ask(root, "POST", "/api/v1/sources", `{"definition":`+salesSource("sales")+`,"upload":"`+b.upload(root, file)+`"}`), 409, "name_taken", "take another")
	trail := b.ask(root, "GET", "/api/v1/trail", "").body
	for _, what := range []string{"source_added", "source_failed", "source_refreshed", "source_restored", "source_changed", "source_removed"} {
		if !strings.Contains(trail, what) {
			t.Errorf("the audit log lacks %s", what)
		}
	}
}

// Who makes sources without administering manages their own alone, and has by that no
// rows of others.
func TestSourcesAreTheirOwners(t *testing.T) {
	b := newBench(t)
	root := b.person("maker.all", settings.Permit{Role: settings.RoleAdministrator, Scope: aggregator.Scope{All: true}})
	if r := b.ask(root, "PUT", "/api/v1/roles/bringer", `{"title":{"zh":"","en":"x"},"data":["activity"],"powers":["see_boards","make_sources"]}`); r.status != 200 {
		t.Fatalf("%d %s", r.status, r.body)
	}
	mine, other := b.person("mine", settings.Permit{Role: "bringer", Scope: aggregator.Scope{All: true}}), b.person("other", settings.Permit{Role: "bringer", Scope: aggregator.Scope{All: true}})
	file := "day,province,amount\n" + soldOn + ",33,1\n"
	if r := b.ask(mine, "POST", "/api/v1/sources", `{"definition":`+salesSource("mine")+`,"upload":"`+b.upload(mine, file)+`"}`); r.status != 200 {
		t.Fatalf("%d %s", r.status, r.body)
	}
	for cookie, want := range map[string]int{mine: 200, root: 200, other: 404} {
		if r := b.ask(cookie, "GET", "/api/v1/sources/mine", ""); r.status != want {
			t.Errorf("%d, want %d: %s", r.status, want, r.body)
		}
	}
	question := fmt.Sprintf(`{"indicators":["src.mine.rows"],"from":"%s","to":"%s"}`, soldOn, soldOn)
	b.wantError(b.ask(mine, "POST", "/api/v1/query", question), 403, "not_granted", "src.mine")
	if r := b.ask(root, "POST", "/api/v1/query", question); r.status != 200 || !strings.Contains(r.body, `[["total",1]]`) {
		t.Errorf("%d %s", r.status, r.body)
	}
	b.wantError(b.ask(other, "DELETE", "/api/v1/sources/mine", ""), 404, "not_found", "may manage")
}

// A source's column of text is a dimension of its figures, named to whom the source is open.
func TestSourceTexts(t *testing.T) {
	b := newBench(t)
	root := b.person("maker.all", settings.Permit{Role: settings.RoleAdministrator, Scope: aggregator.Scope{All: true}})
	one := b.person("one", settings.Permit{Data: aggregator.DataOfSource("sales"), Scope: aggregator.Scope{Provinces: []aggregator.Province{33}}})
	none := b.person("none", settings.Permit{Data: aggregator.DataEPG, Scope: aggregator.Scope{All: true}})
	up := b.upload(root, "day,province,amount,shop\n"+soldOn+",33,10,West Lake\n"+soldOn+",33,5,West Lake\n"+soldOn+",33,1,\n"+soldOn+",43,7,Orange Isle\n")
	definition := strings.Replace(salesSource("sales"), `"type":"yuan"}]`, `"type":"yuan"},{"field":"shop","name":"shop","title":{"zh":"门店","en":"shop"},"type":"text"}]`, 1)
	if r := b.ask(root, "POST", "/api/v1/sources", `{"definition":`+definition+`,"upload":"`+up+`"}`); r.status != 200 {
		t.Fatalf("%d %s", r.status, r.body)
	}
	question := `{"widget":{"id":"w","kind":"ranking","title":{"zh":"","en":""},"place":{"x":0,"y":0,"w":8,"h":6},"filters":{},"ask":{"figures":[{"indicator":"src.sales.amount.sum","title":{"zh":"","en":""}}],"by":["src.sales.shop"]},"show":{},"prose":{"zh":"","en":""}},
		"filters":{"period":{"from":"` + soldOn + `","to":"` + soldOn + `"},"where":[{"dimension":"src.sales.shop","in":["West Lake","Orange Isle"]}]}}`
	for cookie, want := range map[string]string{root: `"rows":[["total","West Lake",1500],["total","Orange Isle",700]]`, one: `"rows":[["total","West Lake",1500]]`} {
		if r := b.ask(cookie, "POST", "/api/v1/boards/answer", question); r.status != 200 || !strings.Contains(r.body, want) || strings.Contains(r.body, `"ignored"`) {
			t.Errorf("%d %s, want %s", r.status, r.body, want)
		}
	}
	// Figures that do not have it say so on a board, and refuse it in a question.
	if r := b.ask(none, "POST", "/api/v1/boards/answer", strings.Replace(strings.Replace(question, `src.sales.amount.sum`, `clicks`, 1), `"by":["src.sales.shop"]`, `"by":["page"]`, 1)); r.status != 200 || !strings.Contains(r.body, `"ignored":["src.sales.shop"]`) {
		t.Errorf("%d %s", r.status, r.body)
	}
	b.wantError(b.ask(none, "POST", "/api/v1/query", `{"indicators":["clicks"],"dimensions":["src.sales.shop"],"from":"`+soldOn+`","to":"`+soldOn+`"}`), 400, "bad_dimension", "clicks has no")
	for cookie, want := range map[string]bool{root: true, one: true, none: false} {
		if r := b.ask(cookie, "GET", "/api/v1/indicators", ""); strings.Contains(r.body, `{"id":"src.sales.shop","title":{"zh":"线下 · 门店","en":"shops · shop"}}`) != want {
			t.Errorf("%s", r.body)
		}
	}
}
