package pack

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

var at = time.Unix(1_700_000_000, 0)

func example() *Tree {
	t := new(Tree)
	t.File("/init", 0o755, []byte("#!/bin/sh\n"))
	t.File("etc/agent/conf", 0o600, []byte("12345678"))
	t.Folder("/etc", 0o755)
	t.File("empty", 0o644, nil)
	t.Symlink("sbin/init", "../bin/busybox")
	t.File("etc.conf", 0o644, nil) // sorts before etc/ as text, behind it as a path
	return t
}

func TestCPIO(t *testing.T) {
	var b bytes.Buffer
	if err := example().CPIO(&b, time.Time{}); err != nil {
		t.Fatal(err)
	}
	want := []string{
		`empty 100644 ""`,
		`etc 040755 ""`,
		`etc/agent 040755 ""`,
		`etc/agent/conf 100600 "12345678"`,
		`etc.conf 100644 ""`,
		`init 100755 "#!/bin/sh\n"`,
		`sbin 040755 ""`,
		`sbin/init 120777 "../bin/busybox"`,
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

func TestWritesThatFailAreTold(t *testing.T) {
	for n := range full(17) {
		left := n
		if err := example().CPIO(&left, at); err == nil {
			t.Errorf("after %d writes of 18: no error", n)
		}
		left = n % 7
		if err := example().Tar(&left, "", at); err == nil {
			t.Errorf("tar after %d writes: no error", n%7)
		}
		left = n % 5
		if err := (&Deb{Data: example(), Control: new(Tree)}).Write(&left, at); err == nil {
			t.Errorf("deb after %d writes: no error", n%5)
		}
	}
}

func TestTarAndBack(t *testing.T) {
	var one, two bytes.Buffer
	if err := example().Tar(&one, "", at); err != nil {
		t.Fatal(err)
	}
	back, err := ReadTar(bytes.NewReader(one.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	if err := back.Tar(&two, "", at); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(one.Bytes(), two.Bytes()) {
		t.Error("a tree that was written and read is another")
	}
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	if err := errors.Join(w.WriteHeader(&tar.Header{Name: "dev/console", Typeflag: tar.TypeChar}), w.Close()); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadTar(&b); err == nil || !strings.Contains(err.Error(), "dev/console") {
		t.Errorf("a device: %v", err)
	}
}

func TestOver(t *testing.T) {
	f := func(base, over func(*Tree), want string) {
		t.Helper()
		a, b := new(Tree), new(Tree)
		base(a)
		over(b)
		got := ""
		if err := a.Over(b); err != nil {
			got = err.Error()
		} else {
			for _, e := range a.Entries() {
				got += fmt.Sprintf("%s %v %s%s\n", e.Path, e.Mode, e.Data, e.Link)
			}
		}
		if got != want {
			t.Errorf("got\n%swant\n%s", got, want)
		}
	}
	file := func(name, text string) func(*Tree) {
		return func(t *Tree) { t.File(name, 0o644, []byte(text)) }
	}
	f(file("a/b", "1"), file("a/b", "2"), "a drwxr-xr-x \na/b -rw-r--r-- 2\n")
	f(func(t *Tree) { t.Folder("a", 0o700) }, file("a/b", "2"), "a drwx------ \na/b -rw-r--r-- 2\n")
	f(file("a", "1"), file("a/b", "2"), "/a is a folder in one tree and none in the other")
	f(func(t *Tree) { t.Folder("usr/lib", 0o755); t.Symlink("lib", "usr/lib") }, file("lib/x/y", "2"),
		"lib Lrwxrwxrwx usr/lib\nusr drwxr-xr-x \nusr/lib drwxr-xr-x \nusr/lib/x drwxr-xr-x \nusr/lib/x/y -rw-r--r-- 2\n")
	f(func(t *Tree) { t.Symlink("a", "/b"); t.Symlink("b", "a") }, file("a/x", "2"), "/a: the links in it lead in a circle")
}

// TestDeb has Debian's own program read a package.
func TestDeb(t *testing.T) {
	control := new(Tree)
	control.File("control", 0o644, []byte("Package: x\nVersion: 1\nArchitecture: all\nMaintainer: y <y@invalid>\nDescription: z\n"))
	var b bytes.Buffer
	if err := (&Deb{Data: example(), Control: control}).Write(&b, at); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "x.deb")
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("dpkg-deb", "-c", path).CombinedOutput()
	if err != nil || !strings.Contains(string(out), "-rw------- 0/0               8 ") || !strings.Contains(string(out), " ./sbin/init -> ../bin/busybox\n") {
		t.Errorf("%v\n%s", err, out)
	}
	sums, err := exec.Command("dpkg-deb", "-I", path, "md5sums").CombinedOutput()
	if err != nil || !strings.Contains(string(sums), "25d55ad283aa400af464c76d713c07ad  etc/agent/conf\n") {
		t.Errorf("%v\n%s", err, sums)
	}
}

func TestModes(t *testing.T) {
	if got := unixMode(fs.ModeSetuid | fs.ModeSticky | 0o755); got != 0o105755 {
		t.Errorf("%o", got)
	}
}
