package inbox

import (
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"

	"iptvdc/aggregator/c3"
	"iptvdc/aggregator/store/storetest"
)

// nobody is a user who owns nothing.
const nobody = 65534

// TestLocked: a file that the process may not read is refused, whoever runs the
// tests. Root may read everything, so its thread gives that up.
func TestLocked(t *testing.T) {
	s := storetest.Memory()
	t.Cleanup(func() {
		if err := s.Shutdown(); err != nil {
			t.Error(err)
		}
	})
	b := newBench(t, s)
	path := b.put("41", "locked.xml", catalogue)
	if err := os.Chmod(path, 0); err != nil {
		t.Fatal(err)
	}
	type answer struct {
		receipt c3.Receipt
		err     error
	}
	got := make(chan answer)
	take := func() {
		r, err := b.inbox.Take(t.Context(), 41, path)
		got <- answer{r, err}
	}
	if os.Geteuid() == 0 {
		// The folder is nobody's, the file in it root's.
		for _, dir := range []string{filepath.Dir(b.folder), b.folder, b.path("41"), b.path("41", inDir)} {
			if err := os.Chown(dir, nobody, nobody); err != nil {
				t.Fatal(err)
			}
		}
		as := take
		take = func() {
			runtime.LockOSThread() // and never unlocked: the thread ends with the goroutine
			syscall.RawSyscall(syscall.SYS_SETFSUID, nobody, 0, 0)
			as()
		}
	}
	go take()
	a := <-got
	if a.err != nil {
		t.Fatal(a.err)
	}
	if got, want := line(a.receipt), "locked.xml catalogue refused: 0 = 0 + 0 + 0 unreadable=1"; got != want && got != "locked.xml  refused: 0 = 0 + 0 + 0 unreadable=1" {
		t.Errorf("%s, want %s", got, want)
	}
	if _, err := os.Lstat(b.path("41", refusedDir, "locked.xml")); err != nil {
		t.Error(err)
	}
}
