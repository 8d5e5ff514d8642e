package source

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"

	"iptvdc/aggregator"
)

var update = flag.Bool("update", false, "write the golden files")

// told says in text what a file was taken for and what was read of it.
func told(t *testing.T, content []byte) string {
	t.Helper()
	var out strings.Builder
	say := func(format string, args ...any) { fmt.Fprintf(&out, format+"\n", args...) }
	r, serial, err := openFile(bytes.NewReader(content), int64(len(content)), "")
	var p *Preview
	if err == nil {
		p, err = preview(r, serial)
	}
	if err != nil {
		say("refused %v", err)
		return out.String()
	}
	for _, c := range p.Columns {
		say("column %q is %s %s, called %s", c.Field, c.Type, c.Unit, c.Name)
	}
	r, serial, err = openFile(bytes.NewReader(content), int64(len(content)), "")
	if err != nil {
		t.Fatal(err)
	}
	b, err := readAll(r, p.Columns, serial)
	if b != nil {
		say("rows %d, refused %d", b.read.Rows, b.read.Rejected)
		for _, f := range b.read.Faults {
			say("row %d column %q value %q: %s: %s", f.Row, f.Column, f.Value, f.Code, f.Text)
		}
	}
	if err != nil {
		say("refused %v", err)
		return out.String()
	}
	for n, c := range b.columns {
		say("%s of %d decimals: %v", c.Name, c.Decimals, shown(b, n))
	}
	return out.String()
}

func shown(b *builder, n int) (all []string) {
	for _, v := range b.values[n] {
		switch c := b.columns[n]; {
		case c.Type.texts():
			all = append(all, fmt.Sprintf("%q", b.texts[uint64(v)]))
		case c.Type == TypeDate:
			all = append(all, aggregator.Day(v).String())
		case v == none:
			all = append(all, "none")
		default:
			all = append(all, fmt.Sprint(v))
		}
	}
	return all
}

// readAll reads records as a Shelf does.
func readAll(r records, columns []Column, serial bool) (b *builder, err error) {
	err = r(func(row int64, fields []string, wrong error) error {
		if b == nil {
			var err error
			b, err = newBuilder(columns, append([]string(nil), fields...), serial)
			return err
		}
		if wrong != nil {
			b.refuse(row, "", "", wrong)
			return nil
		}
		return b.add(row, fields)
	})
	if err == nil {
		err = b.finish()
	}
	return b, err
}

// Every file of testdata/files is taken for what its golden file says.
func TestFiles(t *testing.T) {
	files, err := filepath.Glob("testdata/files/*.csv")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, path := range files {
		t.Run(filepath.Base(path), func(t *testing.T) {
			content, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			got, golden := told(t, content), strings.TrimSuffix(path, ".csv")+".want"
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(string(want), got); d != "" {
				t.Errorf("(-want +got)\n%s", d)
			}
		})
	}
}

// workbook makes an XLSX file of rows.
func workbook(t *testing.T, rows ...[]any) []byte {
	t.Helper()
	f := excelize.NewFile()
	for n, row := range rows {
		if err := f.SetSheetRow("Sheet1", fmt.Sprintf("A%d", n+1), &row); err != nil {
			t.Fatal(err)
		}
	}
	var b bytes.Buffer
	if err := f.Write(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestWorkbooks(t *testing.T) {
	got := told(t, workbook(t, []any{}, []any{"日期", "省份", "金额（元）", "备注"}, []any{46143, "浙江", 19.9, "a"}, []any{46144.5, "湖南", 0.1 + 0.2, nil}, []any{"2026-05-03", 33, 7}))
	want := `column "日期" is date , called c1
column "省份" is province , called c2
column "金额（元）" is yuan , called c3
column "备注" is text , called c4
rows 3, refused 0
c1 of 0 decimals: [2026-05-01 2026-05-02 2026-05-03]
c2 of 0 decimals: [33 43 33]
c3 of 0 decimals: [1990 30 700]
c4 of 0 decimals: ["a" "" ""]
`
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
}

// What is no file, or is much more than it seems, is refused with what to do.
func TestHostileFiles(t *testing.T) {
	bomb := workbook(t, []any{"a"}, []any{strings.Repeat("x", 30_000)})
	f := func(name string, content []byte, code string) {
		t.Helper()
		r, serial, err := openFile(bytes.NewReader(content), int64(len(content)), "")
		if err == nil {
			_, err = preview(r, serial)
		}
		var fault *aggregator.Error
		if !errors.As(err, &fault) || fault.Code != code || fault.Message == "" {
			t.Errorf("%s: %v, want %s", name, err, code)
		}
	}
	f("half a workbook", bomb[:len(bomb)/2], "bad_file")
	f("an old XLS file", []byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1rest"), "bad_file")
	f("a zip file of nothing", []byte("PK\x05\x06"+strings.Repeat("\x00", 18)), "bad_file")
	f("a bomb", zipOf(t, "xl/worksheets/sheet1.xml", maxUnzipped+1), "too_large")
	f("many columns", []byte(strings.Repeat("c,", 300)+"c\n"), "bad_file")
}

// The limits on rows, cells and fields end a reading with a clear refusal.
func TestLimits(t *testing.T) {
	columns := make([]Column, MaxColumns)
	names := make([]string, MaxColumns)
	for n := range columns {
		names[n] = fmt.Sprintf("c%d", n)
		columns[n] = Column{Field: names[n], Name: names[n], Type: TypeNumber}
	}
	b, err := newBuilder(columns, names, false)
	if err != nil {
		t.Fatal(err)
	}
	b.read.Rows = MaxCells / MaxColumns
	if err := b.add(1, names); !strings.Contains(fmt.Sprint(err), "too_large") {
		t.Errorf("cells: %v", err)
	}
	if b, err = newBuilder(columns[:1], names[:1], false); err != nil {
		t.Fatal(err)
	}
	if err := b.add(1, []string{strings.Repeat("1", MaxField+1)}); err != nil || b.read.Counts[badText] != 1 {
		t.Errorf("field: %v, %v", err, b.read.Counts)
	}
	b.read.Rejected = MaxRows
	if err := b.add(2, []string{"1"}); !strings.Contains(fmt.Sprint(err), "too_large") {
		t.Errorf("rows: %v", err)
	}
	b.read, b.values[0] = Read{Rows: 5}, []int64{maxValue, maxValue, maxValue, maxValue, -maxValue}
	if err := b.finish(); !strings.Contains(fmt.Sprint(err), "too large to be told exactly") {
		t.Errorf("sum: %v", err)
	}
}

func FuzzCSV(f *testing.F) {
	files, err := filepath.Glob("testdata/files/*.csv")
	if err != nil {
		f.Fatal(err)
	}
	for _, path := range files {
		content, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(content)
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		r, serial, err := openFile(bytes.NewReader(content), int64(len(content)), "")
		if err != nil {
			return
		}
		p, err := preview(r, serial)
		if err != nil {
			return
		}
		if _, err := json.Marshal(p); err != nil {
			t.Fatal(err)
		}
		if r, serial, err = openFile(bytes.NewReader(content), int64(len(content)), ""); err != nil {
			t.Fatal(err)
		}
		b, err := readAll(r, p.Columns, serial)
		if err != nil {
			return
		}
		path := filepath.Join(t.TempDir(), "v")
		want := make([][]string, len(b.columns))
		for n := range b.columns {
			want[n] = shown(b, n)
		}
		if _, err := b.write(path); err != nil {
			t.Fatal(err)
		}
		sameTable(t, path, b, want)
	})
}

func FuzzJSON(f *testing.F) {
	for _, doc := range []string{`[{"day":"2026-05-03","amount":1}]`, `{"a":{"b":[["x","y"],[1,null]]}}`, `[{"a":{"b":1},"c":[2]},5,{}]`, `[]`, `{`, `[{"a":1,"a":2}]`} {
		f.Add([]byte(doc), "a.b")
		f.Add([]byte(doc), "")
	}
	f.Fuzz(func(t *testing.T, doc []byte, path string) {
		p, err := preview(jsonRecords(doc, path), false)
		if err != nil {
			return
		}
		b, err := readAll(jsonRecords(doc, path), p.Columns, false)
		if err == nil && b.read.Rows == 0 {
			t.Fatal("no rows and no error")
		}
	})
}
