package source

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"fmt"
	"hash/crc32"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"iptvdc/aggregator"
)

// sameTable holds a file against what was built.
func sameTable(t *testing.T, path string, b *builder, want [][]string) {
	t.Helper()
	table, err := OpenTable(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = table.Close() }()
	for n, c := range table.Columns() {
		values, err := table.column(n)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, v := range values {
			switch {
			case c.Type.texts():
				text := map[uint64]string{}
				if err := table.texts([]uint64{uint64(v)}, text); err != nil {
					t.Fatal(err)
				}
				got = append(got, fmt.Sprintf("%q", text[uint64(v)]))
			case c.Type == TypeDate:
				got = append(got, aggregator.Day(v).String())
			case v == none:
				got = append(got, "none")
			default:
				got = append(got, fmt.Sprint(v))
			}
		}
		if d := cmp.Diff(want[n], got); d != "" {
			t.Fatalf("%s (-want +got)\n%s", c.Name, d)
		}
	}
}

// What was written is read; a flipped bit anywhere is an error and never another number.
func TestTableIsWhole(t *testing.T) {
	csv := "province,x,name\n33,1,a\n33,,b\n43,-700000,\n11,3000000000.25,c\n12,127,a\n"
	b, err := readAll(csvRecords(strings.NewReader(csv)), []Column{{Field: "province", Name: "province", Type: TypeProvince}, {Field: "x", Name: "x", Type: TypeNumber}, {Field: "name", Name: "name", Type: TypeText}}, false)
	if err != nil {
		t.Fatal(err)
	}
	want := [][]string{shown(b, 0), shown(b, 1), shown(b, 2)}
	path := filepath.Join(t.TempDir(), "1.src")
	if _, err := b.write(path); err != nil {
		t.Fatal(err)
	}
	sameTable(t, path, b, want)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for at := len(fileMagic); at < len(whole); at++ {
		bad := bytes.Clone(whole)
		bad[at] ^= 1 << (at % 8)
		if err := os.WriteFile(path, bad, 0o600); err != nil {
			t.Fatal(err)
		}
		table, err := OpenTable(path)
		if err != nil {
			continue
		}
		for n := range table.Columns() {
			_, columnErr := table.column(n)
			err = errFirst(err, columnErr)
		}
		for _, p := range []part{table.foot.Offsets, table.foot.Texts} {
			_, partErr := table.part(p)
			err = errFirst(err, partErr)
		}
		if err == nil {
			t.Fatalf("byte %d of %d flipped and nobody noticed", at, len(whole))
		}
		_ = table.Close()
	}
	for n := range len(whole) {
		if err := os.WriteFile(path, whole[:n], 0o600); err != nil {
			t.Fatal(err)
		}
		if table, err := OpenTable(path); err == nil {
			_ = table.Close()
			t.Fatalf("the first %d bytes pass for the whole", n)
		}
	}
}

func errFirst(a, b error) error {
	if a != nil {
		return a
	}
	return b
}

// zipOf is an archive with one part that says it unpacks to so many bytes, all zero.
func zipOf(t *testing.T, name string, size int64) []byte {
	t.Helper()
	var out, packed bytes.Buffer
	w, err := flate.NewWriter(&packed, flate.BestSpeed)
	if err != nil {
		t.Fatal(err)
	}
	sum := crc32.NewIEEE()
	// A hundredth is enough: what the archive says is what is looked at first.
	if _, err := io.CopyN(io.MultiWriter(w, sum), zeros{}, size/100); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	z := zip.NewWriter(&out)
	part, err := z.CreateRaw(&zip.FileHeader{Name: name, Method: zip.Deflate, CRC32: sum.Sum32(), CompressedSize64: uint64(packed.Len()), UncompressedSize64: uint64(size)})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := part.Write(packed.Bytes()); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

func mustAddr(t *testing.T, text string) netip.Addr {
	t.Helper()
	a, err := netip.ParseAddr(text)
	if err != nil {
		t.Fatal(err)
	}
	return a
}
