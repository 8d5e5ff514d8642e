package console

import (
	"context"
	"strings"
	"testing"

	"iptvdc/aggregator"
)

// fakeUnknowns tells what it was asked.
type fakeUnknowns struct{}

func (fakeUnknowns) Unknown(_ context.Context, s aggregator.Scope, days, limit int) ([]UnknownValue, error) {
	var all []UnknownValue
	for _, p := range s.Provinces {
		all = append(all, UnknownValue{Field: "genre", Value: "电视局", Titles: int64(limit), Minutes: int64(days), Provinces: []string{p.String()}, Near: "drama"})
	}
	return all, nil
}

// TestUnknown: the reader's scope narrows the question, and so does a province;
// one that is not the reader's has nothing.
func TestUnknown(t *testing.T) {
	b := newBench(t)
	f := func(token, query string, status int, want string) {
		t.Helper()
		if r := b.do("GET", "/api/v1/feeds/unknown"+query, token, ""); r.status != status || !strings.Contains(r.body, want) {
			t.Errorf("%s: %d\n%s\nwant %d with %s", query, r.status, r.body, status, want)
		}
	}
	f(b.zhejiang, "", 200, `"titles":100,"minutes":30,"provinces":["33"]`)
	f(b.all, "?province=43&days=7&limit=3", 200, `"titles":3,"minutes":7,"provinces":["43"]`)
	f(b.zhejiang, "?province=43", 200, `{"values":[]}`)
	f(b.all, "?days=0", 400, "1 to 92")
	f(b.all, "?limit=x", 400, "1 to 1000")
	f(b.all, "?province=99", 400, "is not a province")
	f("", "", 401, "")
}
