package console

import (
	"bytes"
	"compress/gzip"
	"io"
	"strings"
	"testing"
)

// A long answer is packed for whoever takes it and says the same; a short one never is.
func TestLongAnswersArePacked(t *testing.T) {
	b := newBench(t)
	plain := b.do("GET", "/api/v1/indicators", b.all, "", "Accept-Encoding", "gzip;q=0")
	packed := b.do("GET", "/api/v1/indicators", b.all, "", "Accept-Encoding", "gzip, br")
	if plain.status != 200 || plain.header.Get("Content-Encoding") != "" || packed.header.Get("Content-Encoding") != "gzip" || len(packed.body) > len(plain.body)/3 {
		t.Fatalf("%d bytes as %q, %d bytes as %q", len(plain.body), plain.header.Get("Content-Encoding"), len(packed.body), packed.header.Get("Content-Encoding"))
	}
	r, err := gzip.NewReader(strings.NewReader(packed.body))
	if err != nil {
		t.Fatal(err)
	}
	if text, err := io.ReadAll(r); err != nil || !bytes.Equal(text, []byte(plain.body)) {
		t.Errorf("unpacked are %d bytes, %v; want the same %d", len(text), err, len(plain.body))
	}
	for _, r := range []reply{plain, packed} {
		if !strings.Contains(strings.Join(r.header.Values("Vary"), ","), "Accept-Encoding") {
			t.Errorf("Vary is %q", r.header.Values("Vary"))
		}
	}
	if me := b.do("GET", "/api/v1/me", b.all, "", "Accept-Encoding", "gzip"); me.header.Get("Content-Encoding") != "" {
		t.Errorf("who asks, %d bytes, is packed", len(me.body))
	}
}
