package inbox

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"errors"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
)

// hostile is a file that wants to hurt, and what becomes of it.
type hostile struct {
	province, name, text string
	lay                  func(t *testing.T, path string) // instead of text
	want                 string                          // the receipt in short, without the name
	good                 bool                            // some of it may come in
}

func pack(t *testing.T, f func(*bytes.Buffer) error) string {
	t.Helper()
	var b bytes.Buffer
	if err := f(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func gzipped(t *testing.T, text string, spacesMB int) string {
	return pack(t, func(b *bytes.Buffer) error {
		z := gzip.NewWriter(b)
		_, err := z.Write([]byte(text))
		spaces := bytes.Repeat([]byte(" "), 1<<20)
		for range spacesMB {
			if err == nil {
				_, err = z.Write(spaces)
			}
		}
		return errors.Join(err, z.Close())
	})
}

func zipped(t *testing.T, names ...string) string {
	return pack(t, func(b *bytes.Buffer) error {
		z := zip.NewWriter(b)
		for _, n := range names {
			w, err := z.Create(n)
			if err == nil {
				_, err = w.Write([]byte(catalogue))
			}
			if err != nil {
				return err
			}
		}
		return z.Close()
	})
}

// hostileFiles are the folder that nobody wants to have.
func hostileFiles(t *testing.T) []hostile {
	const order = "order_no,account,op,product,content,cp,time,valid_from,valid_to,amount,pay,trace\n"
	all := []hostile{
		{province: "41", name: "truncated.xml", text: catalogue[:len(catalogue)-20], want: "catalogue refused: 0 = 0 + 0 + 0 truncated=1"},
		{province: "41", name: "empty.xml", want: "catalogue refused: 0 = 0 + 0 + 0 empty_file=1"},
		{province: "41", name: "empty", want: " refused: 0 = 0 + 0 + 0 unknown_file=1"},
		{province: "41", name: "deep.xml", text: "<ADI>" + strings.Repeat("<a>", 1_000_000), want: "catalogue refused: 0 = 0 + 0 + 0 too_deep=1"},
		{province: "41", name: "bomb.xml", text: "<!DOCTYPE a [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;\">]><ADI>&b;</ADI>", want: "catalogue refused: 0 = 0 + 0 + 0 malformed=1"},
		{province: "41", name: "page.xml", text: "<html><body>404</body></html>", want: "catalogue refused: 0 = 0 + 0 + 0 malformed=1"},
		{province: "41", name: "notes.docx", text: "PK\x03\x04", want: " refused: 0 = 0 + 0 + 0 unknown_file=1"},
		{province: "41", name: "bomb.xml.gz", text: gzipped(t, "<ADI>", 300), want: "catalogue refused: 0 = 0 + 0 + 0 too_large=1"},
		{province: "41", name: "cut.xml.gz", text: gzipped(t, catalogue, 0)[:40], want: "catalogue refused: 0 = 0 + 0 + 0 truncated=1"},
		{province: "41", name: "none.xml.gz", text: catalogue, want: "catalogue refused: 0 = 0 + 0 + 0 malformed=1"},
		{province: "41", name: "two.xml.zip", text: zipped(t, "a", "b"), want: "catalogue refused: 0 = 0 + 0 + 0 malformed=1"},
		{province: "41", name: strings.Repeat("n", 250) + ".xml", text: catalogue, want: " refused: 0 = 0 + 0 + 0 unknown_file=1"},
		{province: "41", name: "line\nand \x1b[31m red.xml", text: "<ADI", want: "catalogue refused: 0 = 0 + 0 + 0 truncated=1"},
		{province: "41", name: "link.xml", lay: func(t *testing.T, path string) {
			secret := filepath.Join(t.TempDir(), "secret.xml")
			if err := os.WriteFile(secret, []byte(catalogue), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := os.Symlink(secret, path); err != nil {
				t.Fatal(err)
			}
		}, want: " refused: 0 = 0 + 0 + 0 unknown_file=1"},
		{province: "41", name: "pipe.xml", lay: func(t *testing.T, path string) {
			if err := syscall.Mkfifo(path, 0o600); err != nil {
				t.Fatal(err)
			}
		}, want: " refused: 0 = 0 + 0 + 0 unknown_file=1"},
		{province: "41", name: "dangling.xml", lay: func(t *testing.T, path string) {
			if err := os.Symlink(filepath.Join(t.TempDir(), "nothing"), path); err != nil {
				t.Fatal(err)
			}
		}, want: " refused: 0 = 0 + 0 + 0 unknown_file=1"},
		{province: "41", name: "round.xml", lay: func(t *testing.T, path string) { // leads to itself
			if err := os.Symlink(filepath.Base(path), path); err != nil {
				t.Fatal(err)
			}
		}, want: " refused: 0 = 0 + 0 + 0 unknown_file=1"},
		{province: "41", name: "endless.xml", lay: func(t *testing.T, path string) {
			if err := os.Symlink("/dev/zero", path); err != nil {
				t.Fatal(err)
			}
		}, want: " refused: 0 = 0 + 0 + 0 unknown_file=1"},
		{province: "41", name: "socket.xml", lay: func(t *testing.T, path string) {
			if err := bound(path); err != nil {
				t.Fatal(err)
			}
		}, want: " refused: 0 = 0 + 0 + 0 unknown_file=1"},
		// A pipe of a manifest's name: nobody may wait for what it says.
		{province: "33", name: "ZJ_IPTV_USER_20260502.txt.verf", lay: func(t *testing.T, path string) {
			if err := syscall.Mkfifo(path, 0o600); err != nil {
				t.Fatal(err)
			}
		}, want: " refused: 0 = 0 + 0 + 0 unknown_file=1"},
		{province: "32", name: "js-order-2026-05-01.csv", text: order + "1,a\xff\xff,subscribe,p,,,2026/05/01 10:00:00,,,1,bill,\n2,b,subscribe,p,,,2026/05/01 10:00:00,,,1,bill,\n",
			want: "orders partly: 2 = 1 + 1 + 0 bad_charset=1", good: true},
		{province: "32", name: "js-order-2026-05-02.csv", text: order + "1,\"a,subscribe\n", want: "orders refused: 0 = 0 + 0 + 0 truncated=1"},
		{province: "32", name: "js-order-2026-04-30.csv", text: order + strings.Repeat("x,y\n", 50), want: "orders refused: 0 = 0 + 0 + 0 mostly_bad=1"},
		{province: "32", name: "js-order-2026-04-29.csv", text: "who,what\n1,2\n", want: "orders refused: 0 = 0 + 0 + 0 header=1"},
		{province: "32", name: "js-order-2031-01-01.csv", text: order, want: "orders refused: 0 = 0 + 0 + 0 bad_day=1"},
		{province: "32", name: "js-subscriber-2026-05-02.csv", text: "", want: "subscribers refused: 0 = 0 + 0 + 0 empty_file=1"},
		{province: "32", name: "js-order-2026-04-28.csv", lay: func(t *testing.T, path string) {
			if err := os.WriteFile(path, []byte(order), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := os.Truncate(path, 200<<20); err != nil { // a field of zeros
				t.Fatal(err)
			}
		}, want: "orders partly: 1 = 0 + 1 + 0 too_long=1", good: true},
	}
	if os.Geteuid() == 0 { // only root makes devices
		all = append(all, hostile{province: "41", name: "device.xml", lay: func(t *testing.T, path string) {
			if err := syscall.Mknod(path, syscall.S_IFCHR|0o600, 1<<8|5); err != nil { // as /dev/zero
				t.Fatal(err)
			}
		}, want: " refused: 0 = 0 + 0 + 0 unknown_file=1"})
	}
	return all
}

// bound leaves the socket of a server at path. The name of a socket is short, so
// it is bound elsewhere.
func bound(path string) error {
	dir, err := os.MkdirTemp("", "s")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: filepath.Join(dir, "s"), Net: "unix"})
	if err != nil {
		return err
	}
	l.SetUnlinkOnClose(false)
	return errors.Join(os.Rename(filepath.Join(dir, "s"), path), l.Close())
}

// Files that want to hurt each get the right receipt, nothing of them comes in,
// memory stays small and the good file beside them is taken.
func TestHostileFolder(t *testing.T) {
	onEach(t, func(t *testing.T, b *bench) {
		b.change = func(c *Config) { c.MaxBytes = 256 << 20 }
		b.open()
		all := hostileFiles(t)
		want := []string{"good.xml catalogue partly: 5 = 4 + 1 + 0 incomplete=1"}
		good := 1
		for _, h := range all {
			if h.lay != nil {
				if err := os.MkdirAll(b.path(h.province, inDir), 0o700); err != nil {
					t.Fatal(err)
				}
				h.lay(t, b.path(h.province, inDir, h.name))
			} else {
				b.put(h.province, h.name, h.text)
			}
			want = append(want, shown(h.name)+" "+h.want)
			if h.good {
				good++
			}
		}
		b.put("41", "zz/good.xml", catalogue)
		b.put("41", strings.Repeat("d/", 12)+"far.xml", catalogue) // too deep to be seen
		runtime.GC()
		high := watchMemory(t)
		b.expect(b.settle(), want...)
		if mb := high() >> 20; mb > 128 {
			t.Errorf("%d MB of heap", mb)
		}
		in := 0
		for _, f := range b.files() {
			if f.In() {
				in++
			}
		}
		if in != good {
			t.Errorf("%d files are in, want %d", in, good)
		}
		if left := strings.Count(b.tree(), "/in/"); left != 1 {
			t.Errorf("%d files are left in in:\n%s", left, b.tree())
		}
		// What was refused can be looked at.
		for _, h := range all {
			folder := refusedDir
			if h.good {
				folder = doneDir + "/" + h.name[len("js-order-"):len("js-order-2026-05-01")]
			}
			if _, err := os.Lstat(b.path(h.province, folder, h.name)); err != nil {
				t.Error(err)
			}
		}
	})
}

// watchMemory returns what gives the largest heap since now, as often as seen.
func watchMemory(t *testing.T) (high func() uint64) {
	t.Helper()
	stop, most := make(chan struct{}), make(chan uint64)
	go func() {
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		var top uint64
		for {
			select {
			case <-tick.C:
				var m runtime.MemStats
				runtime.ReadMemStats(&m)
				top = max(top, m.HeapInuse)
			case <-stop:
				most <- top
				return
			}
		}
	}()
	return func() uint64 { close(stop); return <-most }
}

// A wrong manifest, a file that shrank and yesterday's as today's change nothing
// in the book.
func TestWrongFilesChangeNothing(t *testing.T) {
	onEach(t, func(t *testing.T, b *bench) {
		b.zj(today-2, 100)
		b.settle()
		was := b.files()
		b.zj(today-1, 100) // yesterday's, under today's name
		b.settle()
		b.zj(today, 20) // shrunk
		b.settle()
		b.put("33", "ZJ_IPTV_USER_20260430.txt", zjText(99))
		b.manifest("33", "ZJ_IPTV_USER_20260430.txt", zjText(98))
		b.settle()
		in := 0
		for _, f := range b.files() {
			if f.In() {
				in++
			}
		}
		if in != 2 || len(was) != 1 {
			t.Errorf("%d files are in", in)
		}
		for d := today - 5; d <= today; d++ {
			untold, err := b.store.Untold(t.Context(), 33, d, 0)
			if err != nil || len(untold) != 0 {
				t.Errorf("%s: %d accounts changed, %v", d, len(untold), err)
			}
		}
	})
}
