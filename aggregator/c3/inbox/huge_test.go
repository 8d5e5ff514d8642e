package inbox

import (
	"bufio"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"testing"

	"iptvdc/aggregator/store/storetest"
)

// hugeEnv is how many megabytes the field of TestHugeField has: 1024 in `make bench LONG=1`.
const hugeEnv = "INBOX_FIELD_MB"

// TestHugeField: one field that is larger than the memory we give it costs its
// record, not the rows beside it and not the machine.
func TestHugeField(t *testing.T) {
	mb := 96
	if text := os.Getenv(hugeEnv); text != "" {
		var err error
		if mb, err = strconv.Atoi(text); err != nil {
			t.Fatalf("%s: %v", hugeEnv, err)
		}
	}
	s := storetest.Memory()
	t.Cleanup(func() {
		if err := s.Shutdown(); err != nil {
			t.Error(err)
		}
	})
	b := newBench(t, s)
	b.put("32", "js-order-2026-05-01.csv", "")
	path := b.path("32", inDir, "js-order-2026-05-01.csv")
	if err := writeHuge(path, mb); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(path, b.now, b.now); err != nil {
		t.Fatal(err)
	}
	runtime.GC()
	debug.FreeOSMemory()
	high := watchMemory(t)
	b.expect(b.settle(), "js-order-2026-05-01.csv orders partly: 3 = 2 + 1 + 0 too_long=1")
	top := high() >> 20
	t.Logf("a field of %d MB: at most %d MB of heap", mb, top)
	if top > 48 {
		t.Errorf("%d MB of heap for a field of %d MB", top, mb)
	}
	if info, err := os.Stat(b.path("32", doneDir, "2026-05-01", filepath.Base(path))); err != nil || info.Size() < int64(mb)<<20 {
		t.Errorf("the file was not put away whole: %v", err)
	}
}

// writeHuge writes orders, of which the second has a quoted field of so many
// megabytes: of letters, with quotes, delimiters and line breaks among them.
func writeHuge(path string, mb int) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	w := bufio.NewWriterSize(f, 1<<20)
	put := func(s string) {
		if err == nil {
			_, err = w.WriteString(s)
		}
	}
	put("order_no,account,op,product,content,cp,time,valid_from,valid_to,amount,pay,trace\n1,a,subscribe,p,,,2026/05/01 10:00:00,,,1,bill,\n2,b,subscribe,\"")
	const text = "观众喜欢的节目, \"\"long\"\" and dull\n"
	kilobyte := strings.Repeat(text, 1024/len(text))
	kilobyte += strings.Repeat("x", 1024-len(kilobyte))
	for range mb << 10 {
		put(kilobyte)
	}
	put("\",,,2026/05/01 10:00:00,,,1,bill,\n3,c,subscribe,p,,,2026/05/01 10:00:00,,,1,bill,\n")
	if err == nil {
		err = w.Flush()
	}
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	return err
}
