package chdb

import (
	"strings"
	"testing"
)

func TestEngine(t *testing.T) {
	if _, err := Path(); err != nil {
		t.Skip(err) // 560 MB that only benches need
	}
	e, err := Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	if err := e.Exec("CREATE TABLE a (n UInt32, big Int64) ENGINE = MergeTree ORDER BY n"); err != nil {
		t.Fatal(err)
	}
	type row struct {
		n   uint32
		big int64
	}
	rows := []row{{1, -5}, {2, 1 << 40}, {3, 0}}
	var r Rows
	Column(&r, "n", "UInt32", rows, func(r *row) uint32 { return r.n })
	Column(&r, "big", "Int64", rows, func(r *row) int64 { return r.big })
	if err := e.Insert("a", &r); err != nil {
		t.Fatal(err)
	}
	if err := e.Insert("a", &Rows{}); err != nil {
		t.Error("no rows:", err)
	}
	got, err := e.Query([]byte("SELECT n, big FROM a ORDER BY n"), "TabSeparated")
	if want := "1\t-5\n2\t1099511627776\n3\t0\n"; err != nil || string(got) != want {
		t.Errorf("%q, %v; want %q", got, err, want)
	}
	var random Rows // every byte there is
	big := make([]row, 5000)
	for i := range big {
		big[i] = row{uint32(i) + 10, int64(i) * 0x0101_3b0a_2027_225c}
	}
	Column(&random, "n", "UInt32", big, func(r *row) uint32 { return r.n })
	Column(&random, "big", "Int64", big, func(r *row) int64 { return r.big })
	if err := e.Insert("a", &random); err != nil {
		t.Fatal(err)
	}
	if got, err := e.Query([]byte("SELECT count() FROM a"), "TabSeparated"); err != nil || string(got) != "5003\n" {
		t.Errorf("%q, %v", got, err)
	}
	if _, err := e.Query([]byte("SELECT nothing FROM a"), "TabSeparated"); err == nil || !strings.Contains(err.Error(), "nothing") {
		t.Errorf("an unknown column: %v", err)
	}
}
