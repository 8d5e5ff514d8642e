package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"iptvdc/aggregator/console"
)

const testCatalogue = `<ADI><Objects><Object ElementType="Program" ID="1" Code="P1" Action="REGIST"><Property Name="Name">One</Property></Object></Objects></ADI>`

// A file put into the folder of a running aggregator is taken, listed and
// counted, and still there after a restart.
func TestFilesAreTaken(t *testing.T) {
	data := t.TempDir()
	c := testConfig(data)
	c.C3.SettleS = 1
	g := startWith(t, c)
	lay := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(data, "c3", "33", "in", name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	lay("one.xml", testCatalogue)
	lay("two.txt", "nobody knows what this is\n")
	var files console.FeedFiles
	until(t, "two files", func() bool {
		g.ask("GET", "/api/v1/feeds/files?province=33", "", &files)
		return len(files.Files) == 2
	})
	for _, f := range files.Files {
		if f.Name == "one.xml" && (f.Outcome != "accepted" || f.Feed != "catalogue" || f.Records != 1) || f.Name == "two.txt" && f.Why != "unknown_file" {
			t.Errorf("%+v", f)
		}
	}
	until(t, "counts", func() bool {
		m := g.ask("GET", "/metrics", "", nil)
		return strings.Contains(m, `iptv_c3_files_total{feed="catalogue",outcome="accepted",province="33"} 1`) &&
			strings.Contains(m, `iptv_c3_records_total{feed="catalogue",outcome="accepted",province="33"} 1`) &&
			strings.Contains(m, `iptv_c3_files_total{feed="",outcome="refused",province="33"} 1`)
	})
	if err := g.stop(); err != nil {
		t.Fatal(err)
	}
	again := startWith(t, c)
	again.ask("GET", "/api/v1/feeds/files", "", &files)
	if len(files.Files) != 2 {
		t.Errorf("%+v", files)
	}
	if m := again.ask("GET", "/metrics", "", nil); !strings.Contains(m, `iptv_c3_last_arrival_timestamp_seconds{feed="catalogue",province="33"}`) {
		t.Error("when files came was forgotten")
	}
}
