package procfs

import (
	"maps"
	"os"
	"testing"
)

func TestSizes(t *testing.T) {
	want := map[string]float64{"Rss": 12.505088, "Private_Dirty": 2.048, "Anonymous": 0}
	f := func(text string) {
		t.Helper()
		if got := Sizes(text); !maps.Equal(got, want) {
			t.Errorf("Sizes(%q) = %v, want %v", text, got, want)
		}
	}
	f("00010000-befff000 ---p 00000000 00:00 0      [rollup]\nRss:               12212 kB\nPrivate_Dirty:      2000 kB\nAnonymous:             0 kB\n")
	f("00010000-befff000 ---p 00000000 00:00 0 [rollup] Rss: 12212 kB Private_Dirty: 2000 kB Anonymous: 0 kB Threads: 7 Cut:")
}

func TestStatCPUSeconds(t *testing.T) {
	f := func(text string, want float64) {
		t.Helper()
		got, err := StatCPUSeconds(text)
		if err != nil {
			got = -1
		}
		if got != want {
			t.Errorf("StatCPUSeconds(%q) = %v, %v; want %v", text, got, err, want)
		}
	}
	f("61 (a name) S 1 61 61 0 -1 4194560 3162 0 12 0 150 25 0 0 20 0 9 0 315", 1.75)
	f("61 (cut) S 1 61", -1)
	f("", -1)
}

func TestWritten(t *testing.T) {
	f := func(text string, wantWrites, wantBytes uint64) {
		t.Helper()
		writes, bytes, err := Written(text)
		if err != nil {
			writes, bytes = 0, 0
		}
		if writes != wantWrites || bytes != wantBytes {
			t.Errorf("Written(%q) = %d, %d, %v; want %d, %d", text, writes, bytes, err, wantWrites, wantBytes)
		}
	}
	f("     120        3     5310       90       31       12      400      123        0      80      213", 31, 204800)
	f("1 2 3 4 5 6", 0, 0)
	f("1 2 3 4 x 6 7", 0, 0)
}

func TestOwnProcess(t *testing.T) {
	anonymous, resident, err := Memory(os.Getpid())
	if err != nil || anonymous > resident || resident > 1000 {
		t.Errorf("Memory: %v MB of %v MB, %v", anonymous, resident, err)
	}
	if _, err := CPUSeconds(os.Getpid()); err != nil {
		t.Error(err)
	}
}
