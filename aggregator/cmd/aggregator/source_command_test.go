package main

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Sources are added, listed, read again and removed from the command line.
func TestSourcesByCommand(t *testing.T) {
	data := t.TempDir()
	file := func(name, text string) string {
		t.Helper()
		path := filepath.Join(data, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	run := func(args ...string) (string, error) {
		var out bytes.Buffer
		root := newRoot(&out, io.Discard)
		root.SetArgs(append([]string{"source"}, append(args, "--data", data)...))
		err := root.ExecuteContext(t.Context())
		return out.String(), err
	}
	f := func(want string, args ...string) {
		t.Helper()
		if got, err := run(args...); err != nil || !strings.Contains(got, want) {
			t.Errorf("%q: %q, %v; want %q", args, got, err, want)
		}
	}
	bad := func(want string, args ...string) {
		t.Helper()
		if got, err := run(args...); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %q, %v; want %q", args, got, err, want)
		}
	}
	sales := file("sales.csv", "日期,省份,目标\n2026-05-01,浙江,10\nsoon,浙江,20\n2026-05-02,湖南,30\n")
	f("sales: 2 rows, 1 refused\n  row 3, 日期 \"soon\": It is no day", "add", "sales", "--title", "销售", "--file", sales, "--column", "目标=number:boxes:target")
	f("upload  2 ", "list")
	bad("There is or was a data source", "add", "sales", "--file", sales)
	bad(`--column "none=text": there is no such field; write FIELD=TYPE, there are: 日期, 省份, 目标`, "add", "other", "--file", sales, "--column", "none=text")
	bad("It lacks the columns", "refresh", "sales", "--file", file("bad.csv", "a,b\n1,2\n"))
	f("failed: It lacks the columns", "list")
	f("sales: 1 rows, 0 refused", "refresh", "sales", "--file", file("good.csv", "日期,省份,目标\n2026-05-03,浙江,5\n"))
	f("src.sales.target.sum", "refresh", "sales")
	bad("no public address", "add", "svc", "--kind", "http", "--address", "http://127.0.0.1:1/")
	config := file("c.yaml", "sources:\n  allow: [127.0.0.1]\n")
	bad("It cannot be asked", "add", "svc", "--kind", "http", "--address", "http://127.0.0.1:1/", "--config", config)
	f("sales is removed", "remove", "sales")
	bad("no data source", "remove", "sales")
}
