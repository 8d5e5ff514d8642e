package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"iptvdc/aggregator"
	"iptvdc/aggregator/c3"
	"iptvdc/aggregator/c3/soap"
	"iptvdc/aggregator/console"
	"iptvdc/aggregator/quality"
)

// A catalogue that is announced is fetched, in, and told; an order relation is in.
func TestSOAP(t *testing.T) {
	told := make(chan string, 10)
	sender := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			body, _ := io.ReadAll(r.Body)
			told <- string(body)
			return
		}
		_, _ = io.WriteString(w, testCatalogue)
	}))
	defer sender.Close()
	data := t.TempDir()
	key := filepath.Join(data, "vac.key")
	if err := os.WriteFile(key, []byte("k3y\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	c := testConfig(data)
	c.C3.Listen, c.C3.Allow = "127.0.0.1:0", []string{"127.0.0.1"}
	c.C3.Senders = []Sender{{CSP: "csp", LSP: "lsp", Province: "33", From: []string{"127.0.0.0/8"}, Callback: sender.URL + "/told"}}
	c.C3.OrderSenders = []OrderSender{{SPID: "sp", Province: "43", From: []string{"127.0.0.0/8"}, KeyFile: key}}
	if err := c.Check(); err != nil {
		t.Fatal(err)
	}
	g := startWith(t, c)
	client := soap.Client{Endpoint: "http://" + g.p.soap.listener.Addr().String() + "/"}
	if r, err := client.ExecCmd(t.Context(), "csp", "lsp", "1", sender.URL+"/c.xml"); err != nil || r.Result != 0 {
		t.Fatal(r, err)
	}
	now := time.Now()
	if r, err := client.Notify(t.Context(), soap.Relation{Sequence: "1", UserIDType: "1", UserID: "138", SPID: "sp", ProductID: "p", Update: soap.UpdateSubscribe, UpdateMs: now.UnixMilli()}, "k3y", now); err != nil || r.Result != 0 {
		t.Fatal(r, err)
	}
	for range 2 { // again, and with a wrong key
		if _, err := client.Notify(t.Context(), soap.Relation{Sequence: "1", UserIDType: "1", UserID: "138", SPID: "sp", ProductID: "p", Update: soap.UpdateSubscribe, UpdateMs: now.UnixMilli()}, "k3y", now); err != nil {
			t.Fatal(err)
		}
	}
	if r, err := client.Notify(t.Context(), soap.Relation{Sequence: "2", UserID: "138", SPID: "sp", ProductID: "p", Update: soap.UpdateSubscribe, UpdateMs: now.UnixMilli()}, "other", now); err != nil || r.Result == 0 {
		t.Fatal(r, err)
	}
	var files console.FeedFiles
	until(t, "both are in", func() bool {
		g.ask("GET", "/api/v1/feeds/files?outcome=accepted", "", &files)
		return len(files.Files) == 2
	})
	text := <-told
	_, url, _ := strings.Cut(text, "<ResultFileURL")
	_, url, _ = strings.Cut(url, ">")
	url, _, _ = strings.Cut(url, "<")
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if body, err := io.ReadAll(resp.Body); err != nil || resp.StatusCode != 200 || !strings.Contains(string(body), `Code="P1"`) {
		t.Errorf("%s: %s %s %v", url, resp.Status, body, err)
	}
	until(t, "its sender was told, and nothing waits", func() bool {
		s := g.p.soap.courier.Stats()
		return s.Commands[33].Delivered == 1 && s.Relations[43].Waiting == 0
	})
	for province, want := range map[aggregator.Province]bool{43: false, 33: true} { // who tells of each order owes no files of them
		if got := slices.ContainsFunc(g.p.promises()[province], func(d quality.Promise) bool { return d.Feed == c3.FeedOrders }); got != want {
			t.Errorf("%s: files of orders are expected: %v, want %v", province, got, want)
		}
	}
	metrics := g.ask("GET", "/metrics", "", nil)
	for _, want := range []string{
		`iptv_c3_commands_total{province="33",step="told"} 1`, `iptv_c3_commands_total{province="33",step="queued"} 1`,
		`iptv_c3_commands_total{province="33",step="fetched"} 1`, `iptv_c3_commands_total{province="33",step="done"} 1`,
		`iptv_c3_commands_total{province="33",step="failed"} 0`, `iptv_c3_results_total{outcome="delivered",province="33"} 1`,
		`iptv_c3_relations_total{outcome="accepted",province="43"} 1`, `iptv_c3_relations_total{outcome="repeated",province="43"} 2`,
		`iptv_c3_relations_refused_total{province="43",reason="signature"} 1`, `iptv_c3_relations_waiting{province="43"} 0`,
		`iptv_c3_relation_commits_total 1`, `iptv_c3_messages_refused_total{reason="refused"} 1`,
	} {
		if !strings.Contains(metrics, want+"\n") {
			t.Errorf("/metrics lacks %s", want)
		}
	}
}
