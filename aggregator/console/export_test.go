package console

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"

	"iptvdc/aggregator"
	"iptvdc/aggregator/board"
	"iptvdc/aggregator/settings"
)

// exportedWidgets are widgets of every shape that a file knows, with hostile names.
var exportedWidgets = []string{
	`{"id":"w1","kind":"line","title":{"zh":"=cmd()","en":"=cmd()"},"ask":{"figures":[{"indicator":"power_ons","title":{"zh":"","en":""}}]}`,
	`{"id":"w2","kind":"stacked","title":{"zh":"按省/份[1]:*?","en":"By province"},"ask":{"figures":[{"indicator":"clicks","title":{"zh":"","en":""}}],"by":["province"],"top":1}`,
	`{"id":"w3","kind":"pie","title":{"zh":"","en":""},"ask":{"figures":[{"indicator":"revenue","title":{"zh":"","en":""}}],"by":["product"],"top":2}`,
	`{"id":"w4","kind":"scatter","title":{"zh":"散点","en":"Scatter"},"ask":{"figures":[{"indicator":"power_ons","title":{"zh":"","en":""}},{"indicator":"clicks","title":{"zh":"","en":""}}],"by":["city"]}`,
	`{"id":"w5","kind":"table","title":{"zh":"表","en":"Table"},"ask":{"figures":[{"indicator":"revenue","title":{"zh":"","en":""}},{"formula":"percent(orders / orders)","title":{"zh":"=1+1","en":"=1+1"}}],"by":["province","product"],"totals":true}`,
	`{"id":"w6","kind":"ranking","title":{"zh":"排行","en":"Ranking"},"ask":{"figures":[{"indicator":"power_ons","title":{"zh":"","en":""}}],"by":["province"]}`,
	`{"id":"w7","kind":"figure","title":{"zh":"数","en":"Number"},"ask":{"figures":[{"indicator":"power_ons","title":{"zh":"","en":""}}]}`,
	`{"id":"w8","kind":"area","title":{"zh":"面积","en":"Area"},"ask":{"figures":[{"indicator":"power_ons","title":{"zh":"","en":""}}],"by":["province"]}`,
	`{"id":"w9","kind":"text","title":{"zh":"","en":""},"ask":{}`,
	`{"id":"w10","kind":"bar","title":{"zh":"柱","en":"Bars"},"ask":{"figures":[{"indicator":"orders","title":{"zh":"","en":""}},{"indicator":"revenue","title":{"zh":"","en":""}}]}`,
}

// exportBoardOf is a board of them, over a fixed month.
func exportBoardOf(widgets []string) string {
	var all []string
	for n, w := range widgets {
		prose, show := "", "{}"
		if strings.Contains(w, `"text"`) {
			prose = "+说明\\n第二行"
		}
		if strings.Contains(w, `"bar"`) {
			show = `{"right":[1]}`
		}
		all = append(all, w+fmt.Sprintf(`,"place":{"x":0,"y":%d,"w":8,"h":6},"filters":{},"show":%s,"prose":{"zh":"%s","en":"%s"}}`, 6*n, show, prose, prose))
	}
	return `{"schema":1,"title":{"zh":"=HYPERLINK(\"http://x\")","en":"Evil & Co"},"about":{"zh":"","en":""},"filters":{"period":{"from":"2026-04-07","to":"2026-05-06"}},"tabs":[{"id":"t","title":{"zh":"","en":"T"},"widgets":[` + strings.Join(all, ",") + `]}]}`
}

// everyoneMay is a board kept by somebody and open to all.
func (b *bench) everyoneMay(body string) string {
	b.t.Helper()
	id := b.board(b.admin, body)
	if r := b.do("PUT", "/api/v1/boards/"+id+"/shares", b.admin, `{"shares":[{"who":"*","edits":false}]}`); r.status != 200 {
		b.t.Fatalf("%d %s", r.status, r.body)
	}
	return id
}

func workbook(t *testing.T, body string) *excelize.File {
	t.Helper()
	f, err := excelize.OpenReader(strings.NewReader(body))
	if err != nil {
		t.Fatalf("%v: %.200s", err, body)
	}
	t.Cleanup(func() { _ = f.Close() })
	return f
}

// numbersOf are all numbers of a sheet that stand below the head of its first table.
func numbersOf(t *testing.T, f *excelize.File, sheet string) []float64 {
	t.Helper()
	rows, err := f.GetRows(sheet, excelize.Options{RawCellValue: true})
	if err != nil {
		t.Fatal(err)
	}
	var all []float64
	for r := range rows {
		for c := range rows[r] {
			cell, err := excelize.CoordinatesToCellName(c+1, r+1)
			if err != nil {
				t.Fatal(err)
			}
			if kind, err := f.GetCellType(sheet, cell); err != nil || kind != excelize.CellTypeUnset && kind != excelize.CellTypeNumber {
				continue
			}
			var n float64
			if _, err := fmt.Sscan(rows[r][c], &n); err == nil {
				all = append(all, n)
			}
		}
	}
	return all
}

// A whole board in a file has, for every reader, exactly the numbers that its widgets
// show them: each is compared with the API's answer, and nothing of another province is
// in the file. No text has become a formula.
func TestExportIsOfTheReadersScope(t *testing.T) {
	b := worldOf(t, worldProvinces...)
	id := b.everyoneMay(exportBoardOf(exportedWidgets))
	var body board.Board
	if err := json.Unmarshal([]byte(exportBoardOf(exportedWidgets)), &body); err != nil {
		t.Fatal(err)
	}
	wang := b.person("wang", settings.Permit{Role: "operation", Scope: ofZhejiang})
	for _, who := range []struct {
		cookie, scope, not string
	}{{wang, "浙江", "湖南"}, {b.person("li", settings.Permit{Role: "operation", Scope: ofAll}), "全国", "never"}} {
		r := b.ask(who.cookie, "GET", "/api/v1/boards/"+id+"/export?lang=zh", "")
		if r.status != 200 || !strings.Contains(r.header.Get("Content-Disposition"), "attachment") {
			t.Fatalf("%d %v %.300s", r.status, r.header, r.body)
		}
		f := workbook(t, r.body)
		sheets := f.GetSheetList()
		if len(sheets) != len(exportedWidgets)+1 || sheets[1] != "1 =cmd()" || sheets[2] != "2 按省 份 1" {
			t.Fatalf("sheets: %q", sheets)
		}
		for n := range exportedWidgets {
			sheet := sheets[n+1]
			rows, err := f.GetRows(sheet)
			if err != nil {
				t.Fatal(err)
			}
			text := fmt.Sprint(rows)
			if n != 8 && (!strings.Contains(text, who.scope) || !strings.Contains(text, "2026-04-07 至 2026-05-06")) || strings.Contains(text, who.not) {
				t.Errorf("%s: %.600s", sheet, text)
			}
			question, err := json.Marshal(WidgetQuestion{Widget: body.Tabs[0].Widgets[n], Filters: body.Filters})
			if err != nil {
				t.Fatal(err)
			}
			var want WidgetAnswer
			if err := json.Unmarshal([]byte(b.ask(who.cookie, "POST", "/api/v1/boards/answer", string(question)).body), &want); err != nil {
				t.Fatal(err)
			}
			got := numbersOf(t, f, sheet)
			count := 0
			for _, p := range want.Parts {
				count += len(p.Answer.Rows)
				for _, row := range p.Answer.Rows {
					for k, v := range row.Values {
						value := float64(v)
						if strings.HasPrefix(string(p.Answer.Columns[1+len(row.Cells)+k].Unit), "fen") {
							value /= 100
						}
						if v.Valid() && !slices.ContainsFunc(got, func(g float64) bool { return math.Abs(g-value) <= 1e-9*math.Abs(value) }) {
							t.Errorf("%s lacks %v of %v", sheet, value, row)
						}
					}
				}
			}
			if count == 0 && n != 8 {
				t.Errorf("%s: the API has no rows to compare with", sheet)
			}
			for r := range rows {
				for c := range rows[r] {
					cell, _ := excelize.CoordinatesToCellName(c+1, r+1)
					if formula, err := f.GetCellFormula(sheet, cell); err != nil || formula != "" {
						t.Errorf("%s!%s has become the formula %q, %v", sheet, cell, formula, err)
					}
				}
			}
		}
		drawn := chartsOf(t, r.body)
		if charts := strings.Count(partsOf(t, r.body), "xl/charts/chart"); charts != 8 { // all but table and text
			t.Errorf("%d charts in %s", charts, partsOf(t, r.body))
		}
		for kind, want := range map[string]int{"lineChart": 2, "barChart": 4, "pieChart": 1, "scatterChart": 1, "areaChart": 1} { // two of figures on two axes
			if got := strings.Count(drawn, "<"+kind+">"); got != want {
				t.Errorf("%d %s, want %d", got, kind, want)
			}
		}
	}
	trail, err := b.settings.Trail(t.Context(), settings.OfMachine(), settings.TrailQuery{What: "exported", Limit: 10})
	if err != nil || len(trail) != 2 || trail[1].Who != "wang" || !strings.Contains(trail[1].Detail, "format=xlsx board="+id) {
		t.Errorf("%+v, %v", trail, err)
	}
}

// partsOf lists the files within a file.
func partsOf(t *testing.T, body string) string {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader([]byte(body)), int64(len(body)))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, f := range z.File {
		if !strings.Contains(f.Name, "_rels") {
			names = append(names, f.Name)
		}
	}
	return strings.Join(names, " ")
}

// chartsOf is all that its charts are made of.
func chartsOf(t *testing.T, body string) string {
	t.Helper()
	z, err := zip.NewReader(strings.NewReader(body), int64(len(body)))
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for _, f := range z.File {
		if !strings.HasPrefix(f.Name, "xl/charts/") {
			continue
		}
		in, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.Copy(&all, in); err != nil {
			t.Fatal(err)
		}
	}
	return all.String()
}

func TestExportForms(t *testing.T) {
	b := worldOf(t, worldProvinces...)
	if err := b.settings.SetOptions(t.Context(), settings.OfMachine(), settings.Options{Watermark: true}); err != nil {
		t.Fatal(err)
	}
	id := b.everyoneMay(exportBoardOf(exportedWidgets))
	path := "/api/v1/boards/" + id + "/export"
	wang := b.person("wang", settings.Permit{Role: "content", Scope: ofZhejiang})

	r := b.ask(wang, "GET", path+"?format=csv&lang=en&filters="+url.QueryEscape(`{"where":[{"dimension":"province","in":["33"]}]}`), "")
	z, err := zip.NewReader(strings.NewReader(r.body), int64(len(r.body)))
	if err != nil {
		t.Fatalf("%d %v %.200s", r.status, err, r.body)
	}
	for _, f := range z.File {
		in, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(in)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasSuffix(strings.TrimSpace(string(text)), "wang "+aggregator.DayOf(time.Now().UnixMilli()).String()) {
			t.Errorf("%s has no mark in its last row: %q", f.Name, text)
		}
		for line := range strings.Lines(strings.TrimPrefix(string(text), "\ufeff")) {
			for field := range strings.SplitSeq(line, ",") {
				if strings.ContainsAny(strings.Trim(field, `"`)[:min(1, len(strings.Trim(field, `"`)))], "=+@") {
					t.Errorf("%s would be run: %s", f.Name, line)
				}
			}
		}
	}
	names := partsOf(t, r.body)
	// Orders are not a content reader's: those widgets say so, and have no file.
	if !strings.Contains(names, "00 Overview.csv 01 =cmd().csv") || strings.Contains(names, "05 Table") {
		t.Error(names)
	}
	r = b.ask(wang, "GET", path+"?format=html", "")
	if r.status != 200 || !strings.Contains(r.body, "浙江") || strings.Contains(r.body, "湖南") || strings.Contains(r.body, `"http://x"`) || !strings.Contains(r.body, "未能提供") {
		t.Errorf("%d %.2000s", r.status, r.body)
	}
	b.wantError(b.ask(wang, "GET", path+"?format=pdf", ""), 400, "bad_parameter", "xlsx, csv or html")
	b.wantError(b.ask(wang, "GET", path+"?lang=de", ""), 400, "bad_parameter", "zh or en")
	b.wantError(b.ask(wang, "GET", path+"?revision=0", ""), 400, "bad_parameter", "from 1")
	b.wantError(b.ask(wang, "GET", path+"?filters=%7B", ""), 400, "bad_parameter", "cannot be read")
	b.wantError(b.ask(wang, "GET", path+"?filters=%7B%7D%7B%7D", ""), 400, "bad_parameter", "something follows")
	b.wantError(b.ask(wang, "GET", "/api/v1/boards/none/export", ""), 404, "not_found", "no board")
	if err := b.settings.SetRole(t.Context(), settings.OfMachine(), settings.Role{Name: "looker", Data: of(activity), Powers: settings.SeeBoards}); err != nil {
		t.Fatal(err)
	}
	b.wantError(b.ask(b.person("looks", settings.Permit{Role: "looker", Scope: ofAll}), "GET", path, ""), 403, "forbidden", "export")
}
