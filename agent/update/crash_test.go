package update

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"iptvdc/protocol"
)

var every = flag.Int("every", 23, "cut at every so many steps; 1 takes a minute")

// A cut is what a power cut leaves of what was under way.
const (
	cutClean   = iota // what came before is on disk
	cutTorn           // a file that was not synced is half as long
	cutZeros          // or as long, and zeros
	cutForgets        // nothing since the folder was synced last is on disk
	cuts
)

// power fails at a step of a box.
type power struct {
	t     *testing.T
	dir   string
	kind  int
	left  int // steps until the cut
	off   bool
	what  string
	saved map[string][]byte // the folder as it was synced last
}

// step is disk.step.
func (p *power) step(what, path string) error {
	if p.off {
		return errCut
	}
	if p.left--; p.left >= 0 {
		if what == "sync folder" {
			p.saved = folder(p.t, p.dir)
		}
		return nil
	}
	p.off, p.what = true, what+" "+filepath.Base(path)
	switch {
	case p.kind == cutForgets && p.saved != nil:
		restore(p.t, p.dir, p.saved)
	case what == "sync" && (p.kind == cutTorn || p.kind == cutZeros):
		text, err := os.ReadFile(path)
		if err != nil {
			p.t.Fatal(err)
		}
		half := text[:len(text)/2]
		if p.kind == cutZeros {
			half = append(append([]byte(nil), half...), make([]byte, len(text)-len(text)/2)...)
		}
		if err := os.WriteFile(path, half, 0o600); err != nil {
			p.t.Fatal(err)
		}
	}
	return errCut
}

func folder(t *testing.T, dir string) map[string][]byte {
	all := map[string][]byte{}
	names, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range names {
		if all[n.Name()], err = os.ReadFile(filepath.Join(dir, n.Name())); err != nil {
			t.Fatal(err)
		}
	}
	return all
}

func restore(t *testing.T, dir string, files map[string][]byte) {
	for name := range folder(t, dir) {
		if err := os.Remove(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o700); err != nil {
			t.Fatal(err)
		}
	}
}

// powered has every part of a box work by p; nil: by the mains.
func (b *box) powered(p *power) {
	b.step = nil
	if p != nil {
		p.dir = filepath.Join(b.dir, FolderName)
		b.step = p.step
	}
}

// boot is start that a cut may end: false.
func (b *box) boot() bool {
	l := b.launcher()
	l.step = b.step
	c, err := l.Choose()
	if err != nil && b.step == nil {
		b.t.Fatalf("without a cut: %v", err)
	}
	if b.off() {
		return false
	}
	b.run(c)
	return !b.off()
}

func (b *box) off() bool { return b.step != nil && b.step("look", "") == errCut }

// live has a box take a version and get well, until the power is cut; it reports
// whether that was at an end. Bad: the version crashes at every start.
func (b *box) live(version uint64, bad bool) bool {
	for range 12 {
		if !b.boot() {
			return false
		}
		if b.version() == version && bad {
			continue
		}
		b.acked = true
		if b.up.Health(0) {
			continue
		}
		if b.off() {
			return false
		}
		b.up.Look(b.t.Context())
		if b.off() {
			return false
		}
		if b.ended == "" && b.up.Stats().Last == "" {
			return true // nothing is left to do
		}
	}
	return true
}

// TestCutAtEveryStep cuts the power at every step of an update to disk, and then
// at some of the next start, in four ways: a box always starts a whole program,
// ends with the new one (or, if that is no good, with the one before), and tells
// of it.
func TestCutAtEveryStep(t *testing.T) {
	seconds := []int{0, 3, 7}
	if *every > 1 {
		seconds = []int{3}
	}
	m := newMirror(t, 1, 2)
	before := newBox(t, m).start().update(1).getsWell().start()
	m.offer = sign(t, manifestOf(2), 1, release)
	files := folder(t, filepath.Join(before.dir, FolderName))
	n := 0
	for _, bad := range []bool{false, true} {
		for kind := range cuts {
			for first := (kind + 1) % *every; ; first += *every {
				done := false
				for _, second := range seconds {
					b := newBox(t, m)
					if err := os.Mkdir(filepath.Join(b.dir, FolderName), 0o700); err != nil {
						t.Fatal(err)
					}
					restore(t, filepath.Join(b.dir, FolderName), files)
					done = !cutTwice(t, b, kind, first, second, bad)
					if done {
						break
					}
					n++
					if t.Failed() {
						return
					}
				}
				if done {
					break
				}
			}
		}
	}
	t.Logf("%d pairs of cuts", n)
	if n < 600 / *every {
		t.Errorf("only %d pairs of cuts: nothing was shown", n)
	}
}

// cutTwice has a box that runs version 1 take version 2; false: it has no step
// number first.
func cutTwice(t *testing.T, b *box, kind, first, second int, bad bool) bool {
	p := &power{t: t, kind: kind, left: first}
	b.powered(p)
	if b.live(2, bad) {
		return false // there are not so many steps
	}
	where := fmt.Sprintf("kind %d, cut at step %d (%s), then at %d, bad %v", kind, first, p.what, second, bad)
	q := &power{t: t, kind: kind, left: second}
	b.powered(q)
	b.live(2, bad)
	b.powered(nil)
	if !b.live(2, bad) {
		t.Fatal("the mains failed")
	}
	b.start()
	want, words := uint64(2), "good"
	if bad {
		want, words = 1, "rolled_back started"
	}
	if got := b.version(); got != want {
		t.Errorf("%s: %d runs, want %d", where, got, want)
	}
	if said := b.says(); strings.Count(said, words) < 1 || strings.Count(said, words) > 3 || !strings.Contains(said, "downloaded") {
		t.Errorf("%s: told %s", where, said)
	}
	s, err := b.up.disk.load()
	if err != nil || s.Seen != 2 || bad != (s.Failed == 2) || len(s.Notes) > 0 {
		t.Errorf("%s: %+v, %v", where, s, err)
	}
	if parts, _ := filepath.Glob(b.dir + "/" + FolderName + "/part-*"); len(parts) > 0 {
		t.Errorf("%s: left over: %v", where, parts)
	}
	if packet := s.packet(s.Run); packet == nil {
		t.Errorf("%s: nothing in slot %q", where, s.Run)
	} else if _, _, err := protocol.OpenManifest(packet, keys); err != nil {
		t.Errorf("%s: %v", where, err)
	}
	return true
}
