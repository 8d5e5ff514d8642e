package feeds

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"iptvdc/aggregator"
	"iptvdc/testbench/fleet"
)

// TestPackages: every product of every province opens something, those by the year no
// less than those by the month, and a series leaves one product alone, in a file of the
// second day.
func TestPackages(t *testing.T) {
	from, err := aggregator.ParseDay("2026-10-28")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	var truth bytes.Buffer
	if err := Write(Config{Boxes: 100, Seed: 7, From: from, To: from + 2, Provinces: []aggregator.Province{33, 43}}, dir, &truth, nil); err != nil {
		t.Fatal(err)
	}
	found := map[string]map[string]*Package{"33": {}, "43": {}}
	in := json.NewDecoder(&truth)
	for {
		var l Line
		err := in.Decode(&l)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if l.Package != nil {
			found[l.Package.Province][l.Package.Code] = l.Package
		}
	}
	offer := fleet.NewOffer()
	for province, packages := range found {
		for _, p := range offer.Products {
			if one := packages[p.Code]; one == nil || len(one.Contents) == 0 {
				t.Errorf("%s opens nothing in %s", p.Code, province)
			}
		}
		month, season := packages["svod-drama-month"], packages["svod-drama-season"]
		var gone []string
		for _, code := range season.Contents {
			if !slices.Contains(month.Contents, code) {
				gone = append(gone, code)
			}
		}
		if len(gone) < 2 || len(season.Contents) != len(month.Contents)+len(gone) {
			t.Errorf("%s: %v have left", province, gone)
		}
		if !slices.Contains(packages["svod-all-month"].Contents, gone[0]) || len(packages["svod-all-month"].Channels) == 0 {
			t.Errorf("%s: what opens all opens %d contents and %v", province, len(packages["svod-all-month"].Contents), packages["svod-all-month"].Channels)
		}
		files, err := filepath.Glob(filepath.Join(dir, province, "ADI_*_20261029040000_0050.xml"))
		if err != nil || len(files) != 1 {
			t.Errorf("%s: %v %v", province, strings.Join(files, " "), err)
		}
	}
}
