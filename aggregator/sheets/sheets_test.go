package sheets

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"

	"iptvdc/aggregator"
	"iptvdc/aggregator/board"
	"iptvdc/aggregator/indicator"
	"iptvdc/aggregator/store"
)

// answered reads an answer as the API gives it.
func answered(t *testing.T, request, answer string) *Answered {
	t.Helper()
	a := &Answered{Part: board.PartMain, Answer: new(indicator.Answer)}
	if err := json.Unmarshal([]byte(request), &a.Request); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(answer), a.Answer); err != nil {
		t.Fatal(err)
	}
	return a
}

func widget(kind board.Kind, by []store.Column, figures ...string) *board.Widget {
	w := &board.Widget{ID: "w", Kind: kind, Ask: board.Ask{By: by}}
	for _, f := range figures {
		w.Ask.Figures = append(w.Ask.Figures, board.Figure{Indicator: f})
	}
	return w
}

const hours = `{"columns":[{"id":"period","type":"period"},{"id":"channel","type":"dimension"},{"id":"revenue","type":"indicator","unit":"fen"},{"id":"revenue:change","type":"indicator","unit":"percent"}],
 "rows":[["2026-05-03T09","=cmd()",-12345,null],["2026-05-03T10","-2+3",100,-1.5],["2026-05-03T11","late",0,null]],
 "others":[["2026-05-03T09",700,null]],"totals":[["2026-05-03T09",-11645,null]],"labels":{},"as_of":"2026-05-03T10:40:00+08:00","rule_version":"r","completeness":null}`

func document(t *testing.T) *Document {
	t.Helper()
	w := widget(board.KindLine, []store.Column{store.ColChannel}, "revenue")
	table := Lay(w, answered(t, `{"indicators":["revenue"],"dimensions":["channel"],"from":"2026-05-03","to":"2026-05-03","grain":"hour"}`, hours), EN)
	return &Document{Lang: EN, Title: "@A <b>&B</b>", Reader: "wang", Mark: "wang & co", Day: 20576, Made: time.Unix(0, 0).UTC(), Parts: []Part{{Title: "=x", Widget: *w, Tables: []Table{table}}, {Title: "=X", Widget: *w, Refused: "not open"}}}
}

// Money is in yuan, times are times, hours that have not begun are left out, groups are
// put beside each other for the chart, and nothing has become a formula.
func TestWorkbook(t *testing.T) {
	d := document(t)
	var b bytes.Buffer
	if err := d.XLSX(&b); err != nil {
		t.Fatal(err)
	}
	f, err := excelize.OpenReader(&b)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	want := func(cell, text string, kind excelize.CellType) {
		t.Helper()
		got, err := f.GetCellValue("1 =x", cell)
		typed, err2 := f.GetCellType("1 =x", cell)
		if got != text || typed != kind || errors.Join(err, err2) != nil {
			t.Errorf("%s is %q (%v), %v; want %q (%v)", cell, got, typed, errors.Join(err, err2), text, kind)
		}
	}
	const number, words = excelize.CellTypeUnset, excelize.CellTypeSharedString
	want("A1", "=x", words)
	want("A4", "Time", words)
	want("A5", "2026-05-03 09:00", number)
	want("B5", "=cmd()", words)
	want("C5", "-¥123.45", number)
	want("D5", "", number)
	want("D6", "-1.50%", number)
	want("A7", "Others 2026-05-03T09", words)
	want("C7", "¥7.00", number)
	want("A8", "Total 2026-05-03T09", words)
	// The block under the chart: a series a channel, and the others.
	want("G25", "=cmd()", words)
	want("H25", "-2+3", words)
	want("I25", "Others", words)
	want("I26", "¥7.00", number)
	want("H27", "¥1.00", number)
	if sheets := f.GetSheetList(); len(sheets) != 3 || sheets[2] != "2 =X" {
		t.Errorf("%q", sheets)
	}
	if ok, target, err := f.GetCellHyperLink("Overview", "A7"); err != nil || !ok || target != "'2 =X'!A1" {
		t.Errorf("%t %q %v", ok, target, err)
	}
	if h, err := f.GetHeaderFooter("1 =x"); err != nil || !strings.Contains(h.OddHeader, "wang && co") || !strings.Contains(h.OddFooter, "&P / &N") {
		t.Errorf("%+v, %v", h, err)
	}
}

func TestHarmless(t *testing.T) {
	f := func(in, want string) {
		t.Helper()
		if got := harmless(in); got != want {
			t.Errorf("harmless(%q) = %q, want %q", in, got, want)
		}
	}
	f("", "")
	f("频道", "频道")
	f("a=b", "a=b")
	for _, bad := range []string{"=cmd()", "+1", "-1", "@x", "\tx", "\rx", "＝cmd()", "＠x"} {
		f(bad, "'"+bad)
	}
	d := document(t)
	var b bytes.Buffer
	if err := d.CSV(&b); err != nil {
		t.Fatal(err)
	}
	z, err := zip.NewReader(bytes.NewReader(b.Bytes()), int64(b.Len()))
	if err != nil || len(z.File) != 2 || z.File[1].Name != "01 =x.csv" {
		t.Fatalf("%v, %v", z, err)
	}
	in, err := z.File[1].Open()
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(in)
	const want = "\ufeffTime,Channel,Revenue (¥),Revenue · Change (%)\r\n2026-05-03T09,'=cmd(),-123.45,\r\n2026-05-03T10,'-2+3,1,-1.5\r\nOthers 2026-05-03T09,,7,\r\nTotal 2026-05-03T09,,-116.45,\r\nwang & co\r\n"
	if err != nil || string(text) != want {
		t.Errorf("%v\n%q, want\n%q", err, text, want)
	}
}

func TestBodyAndChat(t *testing.T) {
	d := document(t)
	d.Notes = []string{"late"}
	var b strings.Builder
	if err := d.HTML(&b); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"@A &lt;b&gt;&amp;B&lt;/b&gt;", ">-2&#43;3<", ">-¥123.45<", "Not shown: not open", "late", "wang &amp; co"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("lacks %q: %s", want, b.String())
		}
	}
	const want = "Note: late\n\n【=x】\n\n2026-05-03 09:00 =cmd(): Revenue (¥) -¥123.45, Revenue · Change (%) –\n2026-05-03 10:00 -2+3: Revenue (¥) ¥1.00, Revenue · Change (%) -1.50%\n\n【=X】\nNot shown: not open\n\nReader: wang & co\n"
	if got := d.Text(10_000); got != want {
		t.Errorf("%q, want\n%q", got, want)
	}
	if got := d.Text(100); len(got) > 100 || !strings.HasSuffix(got, "the rest is in the board)") {
		t.Errorf("%d bytes: %q", len(got), got)
	}
}

// What is too large is refused, in every form, before any of it is written.
func TestTooLarge(t *testing.T) {
	d := document(t)
	table := &d.Parts[0].Tables[0]
	row := table.Rows[0]
	for len(table.Rows) <= MaxCells/len(row) {
		table.Rows = append(table.Rows, row)
	}
	for _, write := range []func(io.Writer) error{d.XLSX, d.CSV, d.HTML} {
		var b bytes.Buffer
		var fault *aggregator.Error
		if err := write(&b); !errors.As(err, &fault) || fault.Code != "too_large" || b.Len() > 0 {
			t.Errorf("%v, %d bytes", err, b.Len())
		}
	}
}

// Names of sheets and files are such as every program takes, whatever a title is.
func TestNames(t *testing.T) {
	b := &book{names: map[string]bool{}}
	f := func(title, sheet, file string) {
		t.Helper()
		if got := b.sheetName(7, title); got != sheet {
			t.Errorf("sheet of %q: %q, want %q", title, got, sheet)
		}
		if got := fileName(title); got != file {
			t.Errorf("file of %q: %q, want %q", title, got, file)
		}
	}
	f("a/b\\c:d*e?f[g]'h", "7 a b c d e f g h", "a b c d e f[g]'h")
	f("../../etc/passwd\x00", "7 .. .. etc passwd", "etc passwd")
	f("", "7", "board")
	f(strings.Repeat("长", 80), "7 "+strings.Repeat("长", 29), strings.Repeat("长", 60))
	f(strings.Repeat("😀", 20), "7 "+strings.Repeat("😀", 14), strings.Repeat("😀", 20))
}

func FuzzHarmless(f *testing.F) {
	f.Add("=cmd()")
	f.Fuzz(func(t *testing.T, text string) {
		if got := harmless(text); got != "" && strings.ContainsAny(got[:1], "=+-@\t\r\n") || !strings.HasSuffix(got, text) {
			t.Errorf("%q became %q", text, got)
		}
	})
}
