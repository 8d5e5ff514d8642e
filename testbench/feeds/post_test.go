package feeds

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// A round comes when nothing of the one before lies there any more, and not
// before.
func TestPost(t *testing.T) {
	dir := t.TempDir()
	put := func(parts ...string) {
		t.Helper()
		path := filepath.Join(append([]string{dir}, parts...)...)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	lies := func() []string {
		t.Helper()
		all, err := filepath.Glob(filepath.Join(dir, "*", "in", "*"))
		if err != nil {
			t.Fatal(err)
		}
		for i := range all {
			all[i], _ = filepath.Rel(dir, all[i])
		}
		return all
	}
	put("33", "in", "first")
	put("33", LaterFolder, "2", "a.txt")
	put("33", LaterFolder, "2", "a.txt.verf")
	put("43", "in", "gone")
	put("43", LaterFolder, "3", "b.txt")
	stopped, stop := context.WithCancel(t.Context())
	stop()
	if err := Post(stopped, dir, "in", time.Hour, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("%v, though files lie there", err)
	}
	take := func() []string {
		t.Helper()
		all := lies()
		for _, path := range all {
			if err := os.Remove(filepath.Join(dir, path)); err != nil {
				t.Fatal(err)
			}
		}
		return all
	}
	take()
	var rounds []string
	err := Post(t.Context(), dir, "in", time.Hour, func(format string, args ...any) {
		rounds = append(rounds, fmt.Sprintf(format, args...), fmt.Sprint(take()))
	})
	want := []string{"round 2: 2 files", "[33/in/a.txt 33/in/a.txt.verf]", "round 3: 1 files", "[43/in/b.txt]"}
	if err != nil || !slices.Equal(rounds, want) {
		t.Errorf("%q, %v; want %q", rounds, err, want)
	}
}
