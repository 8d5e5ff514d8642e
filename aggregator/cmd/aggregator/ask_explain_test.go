package main

import (
	"encoding/json"
	"strings"
	"testing"

	"iptvdc/aggregator/indicator"
)

func TestExplanationInWords(t *testing.T) {
	var e indicator.Explanation
	if err := json.Unmarshal([]byte(`{"indicator":"share","title":{"zh":"份额","en":"Share"},"unit":"percent","formula":{"zh":"甲","en":"a of b"},
		"period":"total","filters":[{"dimension":"channel","in":["cctv1\u001b"],"not":true}],"figure":12.5,"before":null,"times":100,"by":1,
		"numbers":[{"role":"value","title":{"zh":"","en":"milliseconds watched"},"fact":"fact_view","measure":"viewing_ms","from":"2026-11-01","to":"2026-11-02","number":5,
			"only":{"dimension":"mode","in":["live"]}},
		{"role":"over","minus":true,"title":{"zh":"","en":"all"},"ignores":["channel"],"from":"2026-11-01","to":"2026-11-02","number":40,"before_from":"2025-11-01","before_to":"2025-11-02","before":3}],
		"strata":[{"province":"33","city":"3301","accounts":4,"reporting":2,"sum":40,"squares":1600,"left_out":true}],
		"as_of":null,"rule_version":"1"}`), &e); err != nil {
		t.Fatal(err)
	}
	const want = `share    Share (份额)
formula  a of b
         甲
where    channel!=cctv1?
figure   12.5 percent
         = 100 / 1 × value ÷ over
  value  +  5   milliseconds watched  2026-11-01..2026-11-02, only mode=live
  over   -  40  all                   2026-11-01..2026-11-02, whatever channel  earlier 3 (2025-11-01..2025-11-02)
  PROVINCE  CITY  ACCOUNTS  REPORTING  SUM  SQUARES
  33        3301  4         2          40   1600     left out: too few report
as of nothing yet, rules 1
`
	var out strings.Builder
	err := writeExplanation(&out, &e)
	lines := strings.Split(out.String(), "\n")
	for i, l := range lines {
		lines[i] = strings.TrimRight(l, " ")
	}
	if got := strings.Join(lines, "\n"); err != nil || got != want {
		t.Errorf("%v\n%s", err, got)
	}
}
