package oracle

import (
	"slices"
	"testing"
)

func TestWithin(t *testing.T) {
	c := catalogue(t, `{"title":{"province":"33","code":"film","length_s":100}}`,
		`{"package":{"province":"33","code":"vip","contents":["film","e1"]}}`, `{"package":{"province":"33","code":"all","contents":["film"],"channels":["c1"]}}`,
		`{"package":{"province":"43","code":"all","contents":["e1"]}}`)
	o := scriptWith(t, c, `
		1 10:01:00 a view "mode":"vod","content":"film","duration_ms":60000,"speed":100
		1 10:03:00 a view "mode":"vod","content":"e1","duration_ms":60000,"speed":100
		1 10:03:00 b view "mode":"vod","content":"e2","duration_ms":60000,"speed":100
		1 10:05:00 b view "mode":"live","channel":"c1","duration_ms":60000,"speed":100
		1 10:05:00 c view "mode":"live","channel":"c2","duration_ms":60000,"speed":100
		1 10:07:00 c click "page":"p","content":"c1"`)
	if got := c.Packages(); !slices.Equal(got, []string{"vip", "all"}) {
		t.Errorf("packages are %v", got)
	}
	f := func(plays, viewers, clicks string, codes ...string) {
		t.Helper()
		part := o.Within(codes...).Ask("total")
		expect(t, part, "plays", "total", "", "", plays)
		expect(t, part, "reach", "total", "", "", viewers)
		expect(t, part, "clicks", "total", "", "", clicks)
	}
	f("2", "1", "0", "vip")
	f("2", "2", "1", "all")
	f("3", "2", "1", "vip", "all")
	f("0", "0", "0", "none")
	expect(t, o.Within("vip").Ask("total"), "full_views", "total", "", "", "0.6")
	expect(t, o.Ask("total"), "plays", "total", "", "", "5") // itself it knows all
}
