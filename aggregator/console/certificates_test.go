package console

import (
	"context"
	"strings"
	"testing"
	"time"

	"iptvdc/aggregator"
	"iptvdc/aggregator/provision"
	"iptvdc/aggregator/settings"
)

// certificatesOf has a box, a revoked one of which there may be two, and a credential in
// each of some provinces. It keeps to the scope as the registry does, and to Limit.
type certificatesOf []aggregator.Province

func (c certificatesOf) Holders(_ context.Context, q provision.HolderQuery) (all []provision.Holder, err error) {
	for _, p := range c {
		if !q.Scope.Sees(p) || len(all) == q.Limit {
			continue
		}
		box := "0123456789abcdef" + p.String()
		h := provision.Holder{BoxState: provision.BoxState{Box: box, Serial: "SN" + p.String(), Province: int(p), Claimed: time.UnixMilli(1_795_000_000_000), Why: q.Search}, Until: time.Now().Add(50 * time.Hour)}
		h.Signs = []provision.Suspect{{Box: box, Kind: provision.SignEpoch, Detail: "epoch 1 after 2", N: 3}}
		all = append(all, h)
	}
	return all, nil
}

func (c certificatesOf) Claims(context.Context) (all []provision.ClaimState, err error) {
	for _, p := range c {
		all = append(all, provision.ClaimState{ID: "claim-000000" + p.String(), Batch: provision.Batch{Name: "E900", Province: uint8(p), Most: 10}, Listed: -1, Boxes: 4})
	}
	return all, nil
}

func (c certificatesOf) RevokeBox(ctx context.Context, box, _ string) error {
	return c.AllowBox(ctx, box)
}

func (c certificatesOf) AllowBox(_ context.Context, box string) error {
	if strings.HasPrefix(box, "0123456789abcdef") {
		return nil
	}
	return &aggregator.Error{Code: "no_box", Message: "The registry does not know the box."}
}

func TestCertificates(t *testing.T) {
	b := newBench(t)
	f := func(token, path string, status int, says ...string) {
		t.Helper()
		r := b.do("GET", "/api/v1/boxes/"+path, token, "")
		for _, text := range says {
			without, bad := strings.CutPrefix(text, "!")
			if r.status != status || strings.Contains(r.body, without) == bad {
				t.Errorf("%s: %d %s, want %d %q", path, r.status, r.body, status, text)
			}
		}
	}
	f(b.admin, "certificates", 200, `"serial":"SN33"`, `"serial":"SN43"`, `"province":"43"`, `"days":2`, `"sign":"epoch_back","detail":"epoch 1 after 2","times":3`, `"more":false`)
	f(b.zhejiang, "certificates", 200, "SN33", "!SN43")
	f(b.admin, "certificates?limit=1", 200, "SN33", "!SN43", `"more":true`)
	f(b.admin, "certificates?search=SN3&state=ending", 200, `"why":"SN3"`)
	f(b.admin, "certificates?state=lost", 400, "good, ending, revoked, suspect")
	f(b.admin, "certificates?limit=0", 400, "1 to 10000")
	f(b.admin, "credentials", 200, `"id":"claim-00000033"`, `"used":4,"left":6`, "claim-00000043")
	f(b.zhejiang, "credentials", 200, "claim-00000033", "!claim-00000043")
	blind := b.token(settings.Principal{Name: "blind", Grants: aggregator.GrantsOf(aggregator.Scope{All: true}, aggregator.DataQuality)})
	f(blind, "certificates", 403, "not_granted")
	f(blind, "credentials", 403, "not_granted")

	do := func(token, path, body string, status int, says string) {
		t.Helper()
		if r := b.do("POST", "/api/v1/boxes/"+path, token, body); r.status != status || !strings.Contains(r.body, says) {
			t.Errorf("%s %s: %d %s, want %d %q", path, body, r.status, r.body, status, says)
		}
	}
	do(b.all, knownBox+"33/revoke", `{"why":"stolen"}`, 403, "forbidden")
	do(b.admin, knownBox+"33/revoke", `{"why":" "}`, 400, "Say why")
	do(b.admin, "nobody/revoke", `{"why":"stolen"}`, 400, "does not know")
	do(b.admin, knownBox+"33/revoke", `{"why":"stolen from a lorry"}`, 200, "true")
	do(b.admin, knownBox+"33/allow", "", 200, "true")
	do(b.admin, "nobody/allow", "", 400, "does not know")
	trail := b.do("GET", "/api/v1/trail", b.admin, "")
	for _, want := range []string{"certificates_listed", "search=\\\"SN3\\\" state=ending", "box_revoked", "reason=stolen from a lorry", "box_allowed"} {
		if !strings.Contains(trail.body, want) {
			t.Errorf("no %s in the audit log %s", want, trail.body)
		}
	}
	b.console.Certificates = nil
	f(b.admin, "certificates", 200, `{"boxes":[],"more":false}`)
	f(b.admin, "credentials", 200, `{"credentials":[]}`)
	do(b.admin, knownBox+"33/revoke", `{"why":"x"}`, 400, "mqtt.certificates")
	do(b.admin, knownBox+"33/allow", "", 400, "mqtt.certificates")
}
