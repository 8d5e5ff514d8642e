package charset_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf8"

	"golang.org/x/text/encoding/simplifiedchinese"

	"iptvdc/aggregator/c3/charset"
)

// ways are the manners in which a source gives and a caller takes bytes: none
// may change what is read.
var ways = map[string]func(src io.Reader, read func(io.Reader) io.Reader) ([]byte, error){
	"all at once": func(src io.Reader, read func(io.Reader) io.Reader) ([]byte, error) { return io.ReadAll(read(src)) },
	"source by one": func(src io.Reader, read func(io.Reader) io.Reader) ([]byte, error) {
		return io.ReadAll(read(iotest.OneByteReader(src)))
	},
	"caller by one": func(src io.Reader, read func(io.Reader) io.Reader) ([]byte, error) {
		return io.ReadAll(iotest.OneByteReader(read(src)))
	},
	"data with EOF": func(src io.Reader, read func(io.Reader) io.Reader) ([]byte, error) {
		return io.ReadAll(read(iotest.DataErrReader(src)))
	},
}

// clean returns s as read, Broken shown as ¿.
func clean(t *testing.T, s string, c charset.Charset, keep string) (string, *charset.Reader) {
	t.Helper()
	var first string
	var last *charset.Reader
	for name, way := range ways {
		got, err := way(strings.NewReader(s), func(src io.Reader) io.Reader { last = charset.NewReader(src, c, keep); return last })
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if first == "" {
			first = string(got)
		} else if first != string(got) {
			t.Fatalf("%q, %s: %q, but before %q", s, name, got, first)
		}
	}
	return strings.ReplaceAll(first, string(rune(charset.Broken)), "¿"), last
}

func gbk(s string) string {
	out, err := simplifiedchinese.GB18030.NewEncoder().String(s)
	if err != nil {
		panic(err)
	}
	return out
}

func TestClean(t *testing.T) {
	f := func(in string, c charset.Charset, want string) {
		t.Helper()
		if got, _ := clean(t, in, c, ""); got != want {
			t.Errorf("%q in %s: %q, want %q", in, c, got, want)
		}
	}
	f("", charset.Auto, "")
	f("a\tb\r\nc", charset.UTF8, "a\tb\r\nc")
	f("\xef\xbb\xbf芒果", charset.UTF8, "芒果")
	f("a\ufeffb", charset.UTF8, "a\ufeffb") // only at the begin is it a mark

	// control characters
	f("a\x00b\x0b\x1a\x7fc\u0085d", charset.UTF8, "a b   c d")
	f("a\x00b\x0b\x1a\x7fc", charset.GB18030, "a b   c")
	f(gbk("\u0085d"), charset.GB18030, " d")
	f("a\x00\x0b\x00\x1a\x00\x85\x00", charset.UTF16LE, "a   ")

	// broken UTF-8
	f("芒\xff果", charset.UTF8, "芒¿果")
	f("a\xe8\x8a|b", charset.UTF8, "a¿¿|b")
	f("a\xe8\x8a", charset.UTF8, "a¿¿")
	f("\xc0\xaf\xed\xa0\x80", charset.UTF8, "¿¿¿¿¿") // overlong, surrogate
	f("a\ufffdb", charset.UTF8, "a\ufffdb")          // really there

	// GB18030
	f(gbk("芒果TV，第①集 🥭 €"), charset.GB18030, "芒果TV，第①集 🥭 €")
	f("\x80", charset.GB18030, "€")
	f("\x84\x31\x95\x33"+gbk("甲"), charset.GB18030, "甲")
	f("\x84\x31\xa4\x37", charset.GB18030, "\ufffd")
	f("a\xc3<b>", charset.GB18030, "a¿<b>") // half a character
	f("a\xc3\n", charset.GB18030, "a¿\n")
	f("a\xc3", charset.GB18030, "a¿")
	f("a\xff\xff", charset.GB18030, "a¿¿")
	f("a\x810", charset.GB18030, "a¿0")
	f("a\x8130<", charset.GB18030, "a¿30<")
	f("a\x81\x30\x81<", charset.GB18030, "a¿0¿<")

	// UTF-16, whatever the caller was told
	f("\xff\xfe\x00\x4e<\x00\x3d\xd8\x4d\xdd", charset.GB18030, "一<🕍")
	f("\xfe\xff\x4e\x00\x00<", charset.UTF8, "一<")
	f("\xfe\xff\xd8\x3d\x00<\xdd\x4d\x00", charset.Auto, "¿<¿¿")
	f("\xfe\xff\xff\xfd", charset.Auto, "\ufffd")

	// a mark tells more than a name
	f("\xef\xbb\xbf芒果", charset.GB18030, "芒果")
}

func TestKeep(t *testing.T) {
	got, _ := clean(t, "a\x01b\x05c\x1a\x02", charset.UTF8, "\x01\x05\x1a")
	if want := "a\x01b\x05c  "; got != want {
		t.Fatalf("%q, want %q", got, want)
	}
}

func TestAuto(t *testing.T) {
	f := func(in string, want charset.Charset) {
		t.Helper()
		if _, r := clean(t, in, charset.Auto, ""); r.Charset() != want {
			t.Errorf("%.60q: %s, want %s", in, r.Charset(), want)
		}
	}
	ascii := strings.Repeat("0123456789abcde\n", 20_000) // several blocks
	f("plain", charset.Auto)
	f(ascii, charset.Auto)
	f("芒果", charset.UTF8)
	f(gbk("芒果"), charset.GB18030)
	f(ascii+"芒果", charset.UTF8)
	f(ascii+gbk("芒果"), charset.GB18030)
	f(gbk("联通"), charset.GB18030) // two of its four bytes are UTF-8
	f("芒果\xff芒果", charset.UTF8)   // one broken byte is not another charset
	f(`<?xml version="1.0" encoding="GBK"?>`, charset.GB18030)
	f("\n<?xml version='1.0' encoding = 'utf-8' ?>"+gbk("芒果"), charset.UTF8)
	f(`<?xml version="1.0" encoding="latin1"?>芒果`, charset.UTF8)
	f(`<?xml version="1.0" encoding="UTF-16"?>芒果`, charset.UTF8) // it is not, as the bytes show
	f("<\x00?\x00x\x00", charset.UTF16LE)
	f("\x00<\x00?\x00x", charset.UTF16BE)
	f("\xff\xfe<\x00", charset.UTF16LE)

	got, _ := clean(t, ascii+gbk("芒果"), charset.Auto, "")
	if want := ascii + "芒果"; got != want {
		t.Error("what stands before the first Chinese character is not what was sent")
	}
}

func TestParse(t *testing.T) {
	f := func(name string, want charset.Charset) {
		t.Helper()
		if got, err := charset.Parse(name); err != nil || got != want {
			t.Errorf("Parse(%q) = %s, %v; want %s", name, got, err, want)
		}
	}
	f("auto", charset.Auto)
	f(" UTF-8 ", charset.UTF8)
	f("utf8", charset.UTF8)
	f("GBK", charset.GB18030)
	f("gb2312", charset.GB18030)
	f("GB_18030", charset.GB18030)
	f("UTF-16LE", charset.UTF16LE)
	for c := charset.Auto; c <= charset.UTF16BE; c++ {
		f(c.String(), c)
	}
	for _, name := range []string{"", "big5", "latin1"} {
		if _, err := charset.Parse(name); err == nil {
			t.Errorf("Parse(%q) succeeded", name)
		}
	}
}

func TestBrokenIsCountedAndPlaced(t *testing.T) {
	in := strings.Repeat("0123456789abcde\n", 20_000) + gbk("芒") + "\xff" + gbk("果") + "\xff\x00"
	_, r := clean(t, in, charset.GB18030, "")
	if n, first := r.Broken(); n != 2 || first != 320_002 {
		t.Errorf("%d broken, the first at %d", n, first)
	}
	if r.Controls() != 1 {
		t.Errorf("%d controls", r.Controls())
	}
	if _, first := charset.NewReader(strings.NewReader(""), charset.UTF8, "").Broken(); first != -1 {
		t.Errorf("nothing is broken, at %d", first)
	}
}

// TestAllCharacters reads every character there is through every charset.
func TestAllCharacters(t *testing.T) {
	var all strings.Builder
	for c := rune(0xa0); c <= utf8.MaxRune; c++ {
		if utf8.ValidRune(c) && c != 0xfeff {
			all.WriteRune(c)
		}
	}
	text := all.String()
	encoded, err := simplifiedchinese.GB18030.NewEncoder().String(text)
	if err != nil {
		t.Fatal(err)
	}
	decoded, err := simplifiedchinese.GB18030.NewDecoder().String(encoded) // not text: not all of its private use comes back
	if err != nil {
		t.Fatal(err)
	}
	f := func(c charset.Charset, in, want string) {
		t.Helper()
		r := charset.NewReader(strings.NewReader(in), c, "")
		got, err := io.ReadAll(r)
		if n, first := r.Broken(); err != nil || n != 0 || string(got) != want {
			t.Errorf("%s: %d broken from %d, %d bytes of %d, %v", c, n, first, len(got), len(want), err)
		}
	}
	f(charset.UTF8, text, text)
	f(charset.GB18030, encoded, decoded)
}

func TestSourceFails(t *testing.T) {
	broken := errors.New("disk")
	r := charset.NewReader(io.MultiReader(strings.NewReader("abc\xe8\x8a"), iotest.ErrReader(broken)), charset.UTF8, "")
	got, err := io.ReadAll(r)
	if n, _ := r.Broken(); string(got) != "abc" || !errors.Is(err, broken) || n != 0 {
		t.Errorf("%q, %v, %d broken: the rest of a character may yet have come", got, err, n)
	}
	idle := charset.NewReader(readerFunc(func([]byte) (int, error) { return 0, nil }), charset.UTF8, "")
	if _, err := idle.Read(make([]byte, 10)); !errors.Is(err, io.ErrNoProgress) {
		t.Errorf("an idle source: %v", err)
	}
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

// FuzzReader: whatever comes, the text is clean, the same however it is cut, and
// what the library can read is read alike.
func FuzzReader(f *testing.F) {
	f.Add([]byte("芒果\xff\x00"), uint8(1))
	f.Add([]byte(gbk("芒果TV 🥭")), uint8(2))
	f.Add([]byte("\xff\xfe\x00\x4e\x3d\xd8"), uint8(0))
	f.Add([]byte(`<?xml version="1.0" encoding="GBK"?>`+gbk("芒果")), uint8(0))
	f.Add([]byte("\x84\x31\x95\x33\x81\x30\x81\x30\xfe\xfe\x80"), uint8(2))
	f.Fuzz(func(t *testing.T, in []byte, told uint8) {
		c := charset.Charset(told % 5)
		r := charset.NewReader(bytes.NewReader(in), c, "")
		got, err := io.ReadAll(r)
		if err != nil || !utf8.Valid(got) {
			t.Fatalf("%q, %v", got, err)
		}
		marks := int64(0)
		for _, c := range string(got) {
			switch {
			case c == rune(charset.Broken):
				marks++
			case c < ' ' && c != '\t' && c != '\n' && c != '\r', 0x7f <= c && c < 0xa0:
				t.Fatalf("control character %U in %q", c, got)
			}
		}
		if n, first := r.Broken(); n != marks || (first >= 0) != (n > 0) || first >= int64(len(in)) {
			t.Fatalf("%d broken, the first at %d; %d marks", n, first, marks)
		}
		byOne, _ := io.ReadAll(iotest.OneByteReader(charset.NewReader(iotest.HalfReader(bytes.NewReader(in)), c, "")))
		if !bytes.Equal(byOne, got) {
			t.Fatalf("by one byte %q, at once %q", byOne, got)
		}
		if r.Charset() == charset.GB18030 && r.Controls() == 0 && marks == 0 && !bytes.HasPrefix(in, []byte("\x84\x31\x95\x33")) {
			lib, err := simplifiedchinese.GB18030.NewDecoder().Bytes(in)
			if err != nil || !bytes.Equal(lib, got) {
				t.Fatalf("%q, the library reads %q, %v", got, lib, err)
			}
		}
	})
}

// BenchmarkReader reads markup with Chinese texts, as a catalogue is, and Chinese
// alone; "library" is what golang.org/x/text does of it.
func BenchmarkReader(b *testing.B) {
	rnd := rand.New(rand.NewPCG(1, 2))
	han := func(n int) string {
		var s strings.Builder
		for range n {
			s.WriteRune(rune(0x4e00 + rnd.IntN(0x5000)))
		}
		return s.String()
	}
	markup := strings.Repeat(fmt.Sprintf("<Property Name=\"Name\">%s</Property>\n<Property Name=\"Status\">1</Property>\n", han(8)), 20_000)
	for _, text := range []struct{ name, text string }{{"markup", markup}, {"chinese", han(1_000_000)}} {
		sources := []struct {
			name string
			in   string
			open func(io.Reader) io.Reader
		}{
			{"utf-8", text.text, func(r io.Reader) io.Reader { return charset.NewReader(r, charset.UTF8, "") }},
			{"gb18030", gbk(text.text), func(r io.Reader) io.Reader { return charset.NewReader(r, charset.GB18030, "") }},
			{"library-gb18030", gbk(text.text), func(r io.Reader) io.Reader { return simplifiedchinese.GB18030.NewDecoder().Reader(r) }},
		}
		for _, s := range sources {
			b.Run(text.name+"/"+s.name, func(b *testing.B) {
				b.SetBytes(int64(len(s.in)))
				b.ReportAllocs()
				buf := make([]byte, 64<<10)
				for b.Loop() {
					r := s.open(strings.NewReader(s.in))
					for {
						if _, err := r.Read(buf); err != nil {
							break
						}
					}
				}
			})
		}
	}
}
