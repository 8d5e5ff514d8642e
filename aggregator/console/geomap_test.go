package console

import (
	"strings"
	"testing"
)

const twoProvinces = `{"type":"FeatureCollection","approval":"GS(2026)1","features":[
 {"properties":{"adcode":330000,"name":"浙江省"},"geometry":{"type":"Polygon","coordinates":[[[118,27],[123,27],[123,31],[118,31],[118,27]]]}},
 {"properties":{"name":"湖南省"},"geometry":{"type":"MultiPolygon","coordinates":[[[[109,25],[114,25],[114,30],[109,30],[109,25]]]]}},
 {"properties":{"name":"Elsewhere"},"geometry":{"type":"LineString","coordinates":[[1,2]]}}]}`

func TestParseMap(t *testing.T) {
	m, err := ParseMap([]byte(twoProvinces))
	if err != nil || len(m.Shapes) != 2 || m.Shapes[0].Province != "33" || m.Shapes[1].Province != "43" || m.Width < 900 || m.Width > mapWidth || m.Approval != "GS(2026)1" {
		t.Fatal(m, err)
	}
	if !strings.HasPrefix(m.Shapes[1].Path, "M0 ") || strings.Count(m.Shapes[0].Path, "L") != 4 {
		t.Error(m.Shapes)
	}
	f := func(from, to, want string) {
		t.Helper()
		if _, err := ParseMap([]byte(strings.Replace(twoProvinces, from, to, 1))); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", to, err, want)
		}
	}
	f(`"FeatureCollection"`, `"Feature"`, "FeatureCollection")
	f(`{"type"`, `"type"`, "no GeoJSON")
	f(`"Polygon"`, `"Point"`, "provinces are Polygon")
	f(`[118,27],[123,27],[123,31],[118,31],`, ``, "ring of 1")
	f(`[118,27]`, `[27,118]`, "longitudes")
	f(`[118,27]`, `[118]`, "longitudes")
	f(`[[[118,27]`, `["x",[[118,27]`, "rings")
	if _, err := ParseMap([]byte(`{"type":"FeatureCollection","features":[{"properties":{"name":"Bern"}}]}`)); err == nil || !strings.Contains(err.Error(), "No feature is a province") {
		t.Error(err)
	}
}

// An administrator's map is everybody's, survives a start, and goes again.
func TestMap(t *testing.T) {
	b := newBench(t)
	if r := b.do("PUT", "/api/v1/map", b.zhejiang, twoProvinces); r.status != 403 {
		t.Error(r.status)
	}
	if r := b.do("PUT", "/api/v1/map", b.admin, `{"type":"x"}`); r.status != 400 {
		t.Error(r.status, r.body)
	}
	if r := b.do("PUT", "/api/v1/map", b.admin, twoProvinces); r.status != 200 {
		t.Fatal(r.status, r.body)
	}
	again := geoMap{path: b.console.geo.path}
	if err := again.open(); err != nil || len(again.now.Shapes) != 2 {
		t.Error("after a start:", again.now, err)
	}
	if r := b.do("GET", "/api/v1/map", b.zhejiang, ""); !strings.Contains(r.body, `"province":"43"`) {
		t.Error(r.body)
	}
	if r := b.do("GET", "/api/v1/shared/map", "", ""); !strings.Contains(r.body, `"province":"43"`) {
		t.Error("a stranger:", r.body)
	}
	if r := b.do("DELETE", "/api/v1/map", b.admin, ""); r.status != 200 {
		t.Error(r.status, r.body)
	}
	if r := b.do("GET", "/api/v1/map", b.zhejiang, ""); !strings.Contains(r.body, `"shapes":[]`) {
		t.Error(r.body)
	}
}
