package main

import (
	"encoding/json"
	"strings"
	"testing"

	"iptvdc/aggregator/indicator"
)

// TestFiguresInWords holds what is printed of an answer.
func TestFiguresInWords(t *testing.T) {
	var f figures
	if err := json.Unmarshal([]byte(`{"columns":[{"id":"period","type":"period"},{"id":"page","type":"dimension"},{"id":"orders","type":"indicator"},{"id":"orders:change","type":"indicator"}],
		"rows":[["2026-11","home\u001b[2J",1203,66.66666],["2026-12","",12.5,null]],"left_out":[{"indicator":"orders","cells":{"province":"43","product":"kids"},"why":"no_data_before","periods":["2026-11","2026-12"]}],
		"left_out_more":3,"as_of":"2026-11-22T19:00:01+08:00","rule_version":"2","edit":"edited","edit_versions":["1-ab","2-cd"],"labels":{},"completeness":1}`), &f); err != nil {
		t.Fatal(err)
	}
	const want = `PERIOD   PAGE      ORDERS  ORDERS:CHANGE
2026-11  home?[2J  1203    66.67
2026-12            12.5    -
orders: without product kids, province 43 in 2026-11, 2026-12: no data in the earlier time
and 3 more
as of 2026-11-22T19:00:01+08:00, rules 2, viewing edited 1-ab 2-cd
`
	var out strings.Builder
	if err := f.write(&out); err != nil || out.String() != want {
		t.Errorf("%v\n%s", err, out.String())
	}
	if err := json.Unmarshal([]byte(`{"others":[["2026-11",7,null]],"totals":[["2026-11",1210,3]]}`), &f); err != nil {
		t.Fatal(err)
	}
	out.Reset()
	if err := f.write(&out); err != nil || !strings.Contains(out.String(), "2026-11  (others)  7       -\n2026-11  (all)     1210    3\n") {
		t.Errorf("%v\n%s", err, out.String())
	}
	for _, why := range indicator.Whys() {
		if whys[why] == "" {
			t.Errorf("%s has no words", why)
		}
	}
}
