package main

import (
	"strings"
	"testing"
)

func TestParseSample(t *testing.T) {
	const (
		stat   = "61 (stbagent) S 1 61 61 0 -1 4194560 3162 0 12 0 150 25 0 0 20 0 9 0 315"
		disk   = "120 3 5310 90 31 12 400 123 0 80 213"
		memory = "00010000-befff000 ---p 00000000 00:00 0 [rollup] Rss: 12000 kB Private_Dirty: 2500 kB Anonymous: 2000 kB"
	)
	f := func(text string, want Sample, wantErr string) {
		t.Helper()
		got, err := parseSample(text)
		if wantErr == "" && (err != nil || got != want) {
			t.Errorf("parseSample(%q) = %+v, %v; want %+v", text, got, err, want)
		}
		if wantErr != "" && (err == nil || !strings.Contains(err.Error(), wantErr)) {
			t.Errorf("parseSample(%q): %v, want %q", text, err, wantErr)
		}
	}
	f(strings.Join([]string{"95.21 60.10", stat, disk, memory}, " | "), Sample{Seconds: 95.21, CPUSeconds: 1.75, DiskWrites: 31, DiskBytes: 204800,
		ResidentMB: 12.288, PrivateDirtyMB: 2.56, AnonymousMB: 2.048}, "")
	f(strings.Join([]string{"95.21 60.10", stat, disk, ""}, " | "), Sample{}, "no memory") // it has ended since
	f(strings.Join([]string{"95.21 60.10", "", disk, memory}, " | "), Sample{}, "unexpected EOF")
	f(strings.Join([]string{"95.21 60.10", stat, "", memory}, " | "), Sample{}, "unexpected EOF")
	f("", Sample{}, "1 parts")
}

func TestTellMachine(t *testing.T) {
	samples := []Sample{{Phase: "before", Seconds: 60, AnonymousMB: 1}, {Phase: "before", Seconds: 65, AnonymousMB: 1}}
	for i := range 8 { // 10 events, 2 writes and 10 kB every second, for 5 s each
		samples = append(samples, Sample{Phase: "load", Seconds: 100 + 5*float64(i), AnonymousMB: 2 + float64(i/2), CPUSeconds: float64(i),
			Posted: int64(50 * i), DiskWrites: uint64(10 * i), DiskBytes: uint64(51200 * i)})
	}
	var b strings.Builder
	tellMachine(&b, samples, 10)
	want := [][]string{
		{"before", "1.00", "0.00", "0.00", "0.00"},
		{"1", "2.00", "0.00", "0.00", "20.00", "1024", "2.00", "0.20"},
		{"2", "3.00", "0.00", "0.00", "20.00", "1024", "2.00", "0.20"},
		{"3", "4.00", "0.00", "0.00", "20.00", "1024", "2.00", "0.20"},
		{"4", "5.00", "0.00", "0.00", "20.00", "1024", "2.00", "0.20"},
	}
	lines := strings.Split(b.String(), "\n")[2:]
	for i, w := range want {
		if got := strings.Fields(lines[i]); strings.Join(got, " ") != strings.Join(w, " ") {
			t.Errorf("row %d: %v, want %v", i, got, w)
		}
	}
	if last := "350 events, 10.0/s; the most anonymous memory seen: 5.00 MB"; lines[len(want)] != last {
		t.Errorf("got %q, want %q", lines[len(want)], last)
	}
}

func TestWhatIs(t *testing.T) {
	f := func(mapping, want string) {
		t.Helper()
		if got := whatIs(mapping); !strings.HasPrefix(got, want) || want == "" && got != "" {
			t.Errorf("whatIs(%q) = %q, want %q", mapping, got, want)
		}
	}
	f("120 00ab0000-00b18000 rw-p /data/stbagent", "the program's variables, as")
	f("100 00b18000-02b4c000 rw-p", "the program's variables, zero")
	f("2024 03000000-03400000 rw-p", "Go's heap")
	f("908 b69c0000-b6b60000 rw-p", "mapped")
	f("12 beec8000-beee9000 rw-p [stack]", "the first thread's stack")
	f("12 here rw-p", "")
	f("", "")
}
