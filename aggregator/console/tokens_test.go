package console

import (
	"encoding/json"
	"strings"
	"testing"

	"iptvdc/aggregator"
	"iptvdc/aggregator/settings"
)

// A person makes a token, which answers what they may see themselves and changes
// nothing; it narrows with them and dies when it is revoked.
func TestOwnTokens(t *testing.T) {
	b := newBench(t)
	b.powerOns(33, 3)
	b.powerOns(43, 2)
	wang := b.person("wang", settings.Permit{Role: "province_manager", Scope: ofAll})
	var made struct {
		ID, Secret string
		Opens      []Opened
	}
	r := b.as(wang, "POST", "/api/v1/tokens", `{"name":"report","provinces":["33"],"data":["activity"],"days":7}`)
	if err := json.Unmarshal([]byte(r.body), &made); err != nil || r.status != 200 || len(made.Opens) != 1 || made.Opens[0].All {
		t.Fatalf("%d %s", r.status, r.body)
	}
	asks := `{"indicators":["power_ons"],"dimensions":["province"],` + today + `}`
	if r := b.do("POST", "/api/v1/query", made.Secret, asks); !strings.Contains(r.body, `"rows":[["total","33",3]],`) {
		t.Errorf("%d %s", r.status, r.body)
	}
	if r := b.do("GET", "/api/v1/me", made.Secret, ""); !strings.Contains(r.body, `"display":"report"`) || !strings.Contains(r.body, `"powers":["see_boards","export"]`) {
		t.Errorf("%s", r.body)
	}
	for _, route := range []string{"POST /api/v1/tokens", "DELETE /api/v1/tokens/" + made.ID, "PUT /api/v1/me", "POST /api/v1/insights/rules"} {
		method, path, _ := strings.Cut(route, " ")
		if r := b.do(method, path, made.Secret, `{}`); r.status != 403 {
			t.Errorf("%s with a token: %d %s", route, r.status, r.body)
		}
	}
	b.wantError(b.do("PUT", "/api/v1/me", made.Secret, `{}`), 403, "read_only", "on the page")
	b.wantError(b.do("GET", "/api/v1/people", made.Secret, ""), 403, "forbidden", "people")
	b.wantError(b.as(wang, "POST", "/api/v1/tokens", `{"name":"x","days":367}`), 400, "bad_expiry", "1 to 366")
	b.wantError(b.as(wang, "POST", "/api/v1/tokens", `{"name":"x","data":["money"]}`), 400, "bad_data_set", "money")
	b.wantError(b.as(wang, "POST", "/api/v1/tokens", `{"name":"x","provinces":["99"]}`), 400, "bad_province", "99")
	b.wantError(b.as(wang, "POST", "/api/v1/tokens", `{"name":"x","power":"all"}`), 400, "bad_body", "provinces, data, days")
	b.wantError(b.as(wang, "GET", "/api/v1/tokens?all=true", ""), 403, "forbidden", "administrator")
	b.wantError(b.as(wang, "GET", "/api/v1/tokens?all=perhaps", ""), 400, "bad_parameter", "true or false")
	boss := b.person("boss", settings.Permit{Role: settings.RoleAdministrator, Scope: ofAll})
	if r := b.as(boss, "GET", "/api/v1/tokens?all=true", ""); strings.Count(r.body, `"id"`) != 4 || !strings.Contains(r.body, `"owner":"wang"`) {
		t.Errorf("%s", r.body)
	}
	// Through whose eyes an administrator looks, for them nothing is made or ended.
	if r := b.as(boss, "POST", "/api/v1/view-as", `{"name":"wang"}`); r.status != 200 {
		t.Fatalf("%d %s", r.status, r.body)
	}
	b.wantError(b.as(boss, "DELETE", "/api/v1/tokens/"+made.ID, ""), 403, "read_only", "else's eyes")

	if err := b.settings.SetPermits(t.Context(), settings.OfMachine(), "wang", []settings.Permit{{Data: aggregator.DataEPG, Scope: ofAll}}); err != nil {
		t.Fatal(err)
	}
	b.wantError(b.do("POST", "/api/v1/query", made.Secret, asks), 403, "not_granted", "activity")
	if r := b.as(wang, "GET", "/api/v1/tokens", ""); !strings.Contains(r.body, `"opens":[]`) || !strings.Contains(r.body, `"used":"20`) || strings.Contains(r.body, made.Secret) {
		t.Errorf("%s", r.body)
	}
	if r := b.as(wang, "DELETE", "/api/v1/tokens/"+made.ID, ""); r.status != 200 {
		t.Errorf("%d %s", r.status, r.body)
	}
	b.wantError(b.do("GET", "/api/v1/me", made.Secret, ""), 401, "unauthorized", "")
	b.wantError(b.as(wang, "DELETE", "/api/v1/tokens/"+made.ID, ""), 404, "not_found", made.ID)
}
