package ui

import (
	"bytes"
	"compress/gzip"
	"io/fs"
	"regexp"
	"strings"
	"testing"
)

func read(t *testing.T, name string) string {
	t.Helper()
	files, err := Files()
	if err != nil {
		t.Fatal(err)
	}
	b, err := fs.ReadFile(files, name)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// The page lives under a policy that forbids inline code and foreign addresses;
// a breach would otherwise show only in a browser.
func TestPagesObeyTheirPolicy(t *testing.T) {
	for _, name := range []string{"index.html", "reader.html"} {
		obeys(t, read(t, name))
	}
}

func obeys(t *testing.T, index string) {
	t.Helper()
	for _, forbidden := range []string{"<style", " style=", " onload=", "//", "<script>"} {
		if strings.Contains(index, forbidden) {
			t.Errorf("index.html contains %q", forbidden)
		}
	}
	named := regexp.MustCompile(`(?:src|href)="/([^"]+)"`).FindAllStringSubmatch(index, -1)
	if len(named) < 4 {
		t.Fatalf("index.html names %d files: %v", len(named), named)
	}
	for _, m := range named {
		read(t, m[1])
	}
}

// What is loaded before the charts decides how soon figures are seen.
func TestMainStaysSmall(t *testing.T) {
	var packed bytes.Buffer
	w, err := gzip.NewWriterLevel(&packed, gzip.BestCompression)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"main.js", "shared.js"} {
		if _, err := w.Write([]byte(read(t, name))); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if packed.Len() > 40_000 {
		t.Errorf("main.js and shared.js have %d bytes compressed, at most 40,000 are planned", packed.Len())
	}
}

// ECharts comes apart, when the figures are already there.
func TestChartsComeLater(t *testing.T) {
	first := read(t, "main.js") + read(t, "shared.js")
	for _, later := range []string{"./charts.js", "./analysis.js", "./people.js", "./data.js", "./boxes.js"} {
		if !strings.Contains(first, later) {
			t.Errorf("main.js does not load %s", later)
		}
	}
	if strings.Contains(first, "zrender") || len(read(t, "charts.js")) < len(first) {
		t.Error("main.js carries the charts itself")
	}
}

// Bundled code is given on under its own licences.
func TestLicencesAreGivenOn(t *testing.T) {
	licences := read(t, "licences.txt")
	for _, name := range []string{"preact", "@preact/signals", "echarts", "zrender", "tslib", "gridstack"} {
		if !strings.Contains(licences, "==== "+name+" LICENSE") {
			t.Errorf("licences.txt lacks %s", name)
		}
	}
}
