package update

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// TestFinder: the mark is found however the program is cut into pieces.
func TestFinder(t *testing.T) {
	text := "....." + TellsMark[:7] + TellsMark + "......"
	for size := 1; size <= len(text); size++ {
		for _, want := range []bool{true, false} {
			in := text
			if !want {
				in = strings.Replace(text, ":1;", ":2;", 1)
			}
			f := finder{text: []byte(TellsMark)}
			for rest := in; rest != ""; {
				n := min(size, len(rest))
				if k, err := f.Write([]byte(rest[:n])); k != n || err != nil {
					t.Fatal(k, err)
				}
				rest = rest[n:]
			}
			if f.found != want {
				t.Errorf("in pieces of %d: %v, want %v", size, f.found, want)
			}
		}
	}
}

// TestTell: nothing is told of a program that does not move; when nobody reads any more,
// it stops.
func TestTell(t *testing.T) {
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	var n atomic.Int64
	stands := errors.New("it stands")
	done := make(chan struct{})
	go func() {
		defer close(done)
		Tell(t.Context(), write, 6*time.Millisecond, func(context.Context) error {
			if n.Add(1) <= 3 {
				return stands
			}
			return nil
		}, slog.New(slog.DiscardHandler))
	}()
	if _, err := read.Read(make([]byte, 1)); err != nil || n.Load() < 4 {
		t.Errorf("told after %d looks, %v", n.Load(), err)
	}
	if err := read.Close(); err != nil {
		t.Fatal(err)
	}
	<-done
	_ = write.Close()
}

func TestPlaceOf(t *testing.T) {
	f := func(image, alive string, want int, says string) {
		t.Helper()
		env := map[string]string{envImage: image, EnvAlive: alive, envSlot: "a"}
		p, err := PlaceOf(func(name string) string { return env[name] })
		if p.Alive != want || says == "" && err != nil || says != "" && (err == nil || !strings.Contains(err.Error(), says)) {
			t.Errorf("%q %q: %+v, %v", image, alive, p, err)
		}
	}
	f("1.0 2 1 0", "", 0, "")
	f("1.0 2 1 0", "7", 7, "")
	f("", "7", 0, "") // no launcher: nobody's pipe
	f("1.0 2 1 0", "2", 0, EnvAlive)
	f("1.0 2 1 0", "x", 0, EnvAlive)
}

// TestOpenPipe: what is no pipe is left alone.
func TestOpenPipe(t *testing.T) {
	file, err := os.Create(t.TempDir() + "/x")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if _, err := OpenPipe(int(file.Fd())); err == nil || !strings.Contains(err.Error(), "no pipe") {
		t.Error(err)
	}
	if _, err := OpenPipe(1 << 20); err == nil {
		t.Error("a file that is not open")
	}
}
