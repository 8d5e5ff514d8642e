package console

import (
	"bytes"
	"encoding/base64"
	"image"
	"image/png"
	"strings"
	"testing"

	"iptvdc/aggregator/phone"
	"iptvdc/aggregator/settings"

	"iptvdc/aggregator"
)

func smallIcon(t *testing.T) string {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewNRGBA(image.Rect(0, 0, 192, 192))); err != nil {
		t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(b.Bytes())
}

// An app has a page of its own with its manifest, colour and boards; administrators alone
// make it, and its texts are no part of the page.
func TestApps(t *testing.T) {
	b := newBench(t)
	const body = `{"title":{"zh":"数据\"><script>","en":"Data"},"server":"https://data.example/","theme":"#123456","background":"#ffffff","starts":[{"role":"content","board":"abc"},{"role":"","board":"~wall"}]}`
	cookie := b.person("li", settings.Permit{Role: "content", Scope: aggregator.Scope{All: true}})
	if r := b.do("PUT", "/api/v1/apps/data", "", body, "Cookie", cookie); r.status != 403 {
		t.Errorf("somebody of content makes apps: %d %s", r.status, r.body)
	}
	if r := b.do("PUT", "/api/v1/apps/data", b.admin, body); r.status != 200 || !strings.Contains(r.body, `"revision":1`) {
		t.Fatal(r.status, r.body)
	}
	if r := b.do("PUT", "/api/v1/apps/data", b.admin, strings.Replace(body, "#123456", "blue", 1)); r.status != 400 || !strings.Contains(r.body, "theme") {
		t.Error(r.status, r.body)
	}
	if r := b.do("PUT", "/api/v1/apps/data/icon", b.admin, `{"png":"R0lGODlh"}`); r.status != 400 || !strings.Contains(r.body, "no PNG") {
		t.Error(r.status, r.body)
	}
	if r := b.do("GET", "/app/data/", "", ""); r.status != 200 || strings.Contains(r.body, `"><script>`) || r.header.Get("Page-Version") == "" {
		t.Error(r.status, r.body)
	}
	if r := b.do("GET", "/app/data/manifest.webmanifest", "", ""); r.status != 200 || !strings.Contains(r.body, `"start_url":"/app/data/"`) || !strings.Contains(r.body, "#123456") {
		t.Error(r.status, r.body)
	}
	if r := b.do("GET", "/app/data/icon-192.png", "", ""); r.status != 200 || r.header.Get("Content-Type") != "image/png" {
		t.Error(r.status)
	}
	for _, path := range []string{"/app/other/", "/app/data/app.json", "/app/data/icon.png", "/app/data/../x"} {
		if r := b.do("GET", path, "", ""); r.status != 404 && r.status != 307 {
			t.Errorf("%s: %d", path, r.status)
		}
	}
	if r := b.do("POST", "/api/v1/apps/data/builds", b.admin, `{"kind":"ios"}`); r.status != 200 {
		t.Fatal(r.status, r.body)
	}
	if err := b.console.Apps.(*phone.Maker).Close(); err != nil { // waits: a project is quick
		t.Fatal(err)
	}
	if r := b.do("GET", "/api/v1/apps/data/builds/0001-data-ios-r1.zip", b.admin, ""); r.status != 200 || !strings.HasPrefix(r.body, "PK") {
		t.Error(r.status, r.body[:min(len(r.body), 200)])
	}
	if r := b.do("GET", "/api/v1/apps-key", b.admin, ""); r.status != 404 {
		t.Error("a key that was not made:", r.status)
	}
	if r := b.do("GET", "/api/v1/trail", b.admin, ""); !strings.Contains(r.body, "app_built") {
		t.Error("nobody wrote down what was made")
	}
}
