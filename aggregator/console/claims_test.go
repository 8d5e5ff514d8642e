package console

import (
	"context"
	"strings"
	"testing"
)

// fakeClaims has one of each, as often as is asked for.
type fakeClaims struct{}

func (fakeClaims) Refusals(_ context.Context, limit int) ([]ClaimRefusal, error) {
	return []ClaimRefusal{{Box: "0123456789abcdef", Serial: "SN1", Claim: "claim-0a1b2c3d", Reason: "taken", Detail: "another key", From: "10.1.2.3", Times: limit}}, nil
}

func (fakeClaims) Suspects(_ context.Context, limit int) ([]BoxSuspect, error) {
	return []BoxSuspect{{Box: "0123456789abcdef", Sign: "epoch_back", Times: limit}}, nil
}

// TestClaims: administrators see what claims came to, others do not.
func TestClaims(t *testing.T) {
	b := newBench(t)
	r := b.do("GET", "/api/v1/boxes/claims?limit=7", b.admin, "")
	for _, want := range []string{`"reason":"taken"`, `"serial":"SN1"`, `"sign":"epoch_back"`, `"times":7`} {
		if r.status != 200 || !strings.Contains(r.body, want) {
			t.Errorf("%d %s, want %s", r.status, r.body, want)
		}
	}
	b.wantError(b.do("GET", "/api/v1/boxes/claims?limit=0", b.admin, ""), 400, "bad_parameter", "must be 1 to 10000")
	if r := b.do("GET", "/api/v1/boxes/claims", b.zhejiang, ""); r.status != 403 {
		t.Errorf("%d %s to a reader of one province", r.status, r.body)
	}
}
