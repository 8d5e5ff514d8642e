package armvm

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
)

func TestArchive(t *testing.T) {
	var b bytes.Buffer
	a := newArchive(&b)
	a.file("/init", 0o755, []byte("#!/bin/sh\n"))
	a.file("etc/agent/conf", 0o600, []byte("12345678"))
	a.folder("/etc")
	a.file("empty", 0o644, nil)
	if err := a.close(); err != nil {
		t.Fatal(err)
	}
	want := []string{
		`init 100755 "#!/bin/sh\n"`,
		`etc 040755 ""`,
		`etc/agent 040755 ""`,
		`etc/agent/conf 100600 "12345678"`,
		`empty 100644 ""`,
		`TRAILER!!! 000000 ""`,
	}
	if got := entries(t, b.Bytes()); strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// entries reads an archive as the format's description has it.
func entries(t *testing.T, b []byte) (all []string) {
	t.Helper()
	for len(b) > 0 {
		var field [13]uint32
		if len(b) < 110 || string(b[:6]) != "070701" {
			t.Fatalf("no header at %q", b[:min(len(b), 20)])
		}
		for i := range field {
			if _, err := fmt.Sscanf(string(b[6+8*i:14+8*i]), "%08X", &field[i]); err != nil {
				t.Fatal(err)
			}
		}
		mode, size, named := field[1], int(field[6]), int(field[11])
		name := b[110 : 110+named]
		start := (110 + named + 3) &^ 3
		if name[named-1] != 0 {
			t.Fatalf("%q does not end", name)
		}
		all = append(all, fmt.Sprintf("%s %06o %q", name[:named-1], mode, b[start:start+size]))
		b = b[(start+size+3)&^3:]
	}
	return all
}

// full takes a few writes.
type full int

func (f *full) Write(b []byte) (int, error) {
	if *f--; *f < 0 {
		return 0, errors.New("full")
	}
	return len(b), nil
}

func TestArchiveTellsOfWritesThatFail(t *testing.T) {
	for n := range full(8) {
		left := n
		a := newArchive(&left)
		a.file("a", 0o644, []byte("x"))
		a.file("b", 0o644, []byte("x"))
		if err := a.close(); (err == nil) != (n >= 6) {
			t.Errorf("after %d writes: %v", n, err)
		}
	}
}
