package console

import (
	"bytes"
	"encoding/json"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"strings"
	"testing"

	"iptvdc/aggregator/settings"
)

func pngOf(t testing.TB, width, height int) string {
	t.Helper()
	img := image.NewNRGBA(image.Rect(0, 0, width, height)) // transparent but for a corner
	img.Set(0, 0, color.White)
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// A picture of a page is painted anew, kept by what it is, shown to readers of boards, and
// to strangers on the boards that show it alone.
func TestPictures(t *testing.T) {
	b := newBench(t)
	bad := func(body, code, want string) {
		t.Helper()
		if r := b.do("POST", "/api/v1/pictures", b.admin, body); r.status < 400 || r.status > 499 || !strings.Contains(r.body, code) || !strings.Contains(r.body, want) {
			t.Errorf("%d %s, want %s %q", r.status, r.body, code, want)
		}
	}
	good := pngOf(t, 640, 360)
	bad("", "bad_picture", "neither PNG nor JPEG")
	bad("RIFF\x00\x00\x00\x00WEBPVP8 ", "bad_picture", "WebP into JPEG")
	bad(`<svg xmlns="http://www.w3.org/2000/svg"><script/></svg>`, "bad_picture", "neither PNG nor JPEG")
	bad(good[:30], "bad_picture", "damaged")
	bad(good[:len(good)-60], "bad_picture", "damaged or cut")
	bad(pngOf(t, 63, 64), "bad_picture", "too few or too many pixels")
	bad(pngOf(t, 3841, 64), "bad_picture", "too few or too many pixels")
	bad(strings.Repeat("x", MaxPicture+1), "body_too_large", "4194304")
	if r := b.do("POST", "/api/v1/pictures", "", good); r.status != 401 {
		t.Error("a stranger brings one:", r.status)
	}

	var info PageInfo
	r := b.do("POST", "/api/v1/pictures", b.admin, good+"<script>second file</script>")
	if r.status != 200 || json.Unmarshal([]byte(r.body), &info) != nil || info.Width != 640 || info.Height != 360 {
		t.Fatal(r.status, r.body)
	}
	if again := b.do("POST", "/api/v1/pictures", b.admin, good); again.body != r.body {
		t.Errorf("%s and %s", again.body, r.body)
	}
	got := b.do("GET", "/api/v1/pictures/"+info.Picture, b.zhejiang, "")
	if img, err := jpeg.Decode(strings.NewReader(got.body)); got.status != 200 || err != nil || img.Bounds().Dx() != 640 || strings.Contains(got.body, "second file") {
		t.Fatal(got.status, err)
	} else if r, g, bl, _ := img.At(600, 300).RGBA(); r|g|bl != 0 {
		t.Error("what was transparent is not black")
	}
	if r := b.do("GET", "/api/v1/pictures/0123", b.zhejiang, ""); r.status != 404 {
		t.Error(r.status)
	}

	// By a link: what its board shows, with its ticket.
	wang := b.person("wang", settings.Permit{Role: "operation", Scope: ofAll})
	shows := strings.Replace(countsBoard, sharedWidget("o", "figure", `{"figures":[{"indicator":"orders","title":{"zh":"","en":""}}]}`),
		strings.Replace(sharedWidget("o", "epg", `{"figures":[{"indicator":"clicks","title":{"zh":"","en":""}}]}`), `"show":{}`, `"show":{"page":"home","picture":"`+info.Picture+`"}`, 1), 1)
	for n, body := range []string{shows, countsBoard} {
		link := b.make(wang, "/api/v1/boards/"+b.boardOf(wang, body)+"/links", `{"filters":{},"name":"for Chen"}`)
		ticket, _ := b.open(`{"link":"` + link.link() + `"}`)
		want := map[int]int{0: 200, 1: 404}[n]
		if r := b.do("GET", "/api/v1/shared/pictures/"+info.Picture, "", "", "Authorization", "Ticket "+ticket); r.status != want {
			t.Errorf("board %d: %d, want %d", n, r.status, want)
		}
	}
	if r := b.do("GET", "/api/v1/shared/pictures/"+info.Picture, "", ""); r.status != 403 || !strings.Contains(r.body, "bad_ticket") {
		t.Error("without a ticket:", r.status, r.body)
	}
}
