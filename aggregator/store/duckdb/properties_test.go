package duckdb

import (
	"encoding/json"
	"testing"

	"iptvdc/aggregator/c3"
)

// What is written must be what encoding/json writes: rows are compared with rows
// that it wrote.
func FuzzProperties(f *testing.F) {
	for _, s := range []string{"", "plain", `"a\b"`, "<&>", "\b\f\n\r\t\x00\x1f\x7f", "中国", "\u2028\u2029\ufffd", "a\xff\xc3(", "\U0001f600", "\xe4\xb8"} {
		f.Add(s, s+s)
	}
	f.Fuzz(func(t *testing.T, name, value string) {
		all := []c3.Property{{Name: name, Value: value}, {Name: value, Language: name, Value: "x" + name}}
		rows := make([][3]string, len(all))
		for i, p := range all {
			rows[i] = [3]string{p.Name, p.Language, p.Value}
		}
		want, err := json.Marshal(rows)
		if err != nil {
			t.Fatal(err)
		}
		if got := appendProperties([]byte("before"), all); string(got) != "before"+string(want) {
			t.Errorf("written\n%q, as encoding/json\n%q", got, want)
		}
	})
}

func TestNoProperties(t *testing.T) {
	if got := appendProperties(nil, nil); string(got) != "[]" {
		t.Errorf("no properties are written %q", got)
	}
}
