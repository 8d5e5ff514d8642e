package delimited_test

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"golang.org/x/text/encoding/simplifiedchinese"
	"pgregory.net/rapid"

	"iptvdc/aggregator/c3/delimited"
)

// read shows a file's records: "line: field|field", "line! fault", with a ~ if
// the end of the record was not there.
func read(t *testing.T, file string, c delimited.Config) []string {
	t.Helper()
	var shown []string
	for _, r := range []io.Reader{strings.NewReader(file), iotest.OneByteReader(strings.NewReader(file)), iotest.DataErrReader(strings.NewReader(file))} {
		d, err := delimited.NewReader(r, c)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for {
			rec, err := d.Next()
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, show(rec))
		}
		if shown != nil && !slices.Equal(shown, got) {
			t.Fatalf("byte by byte %q, else %q", got, shown)
		}
		if d.Bytes() != int64(len(file)) {
			t.Fatalf("%d bytes read of %d", d.Bytes(), len(file))
		}
		shown = got
	}
	return shown
}

func show(rec *delimited.Record) string {
	s := fmt.Sprintf("%d! %s", rec.Line, rec.Fault)
	if rec.Fault == "" {
		s = fmt.Sprintf("%d: %s", rec.Line, bytes.Join(rec.Fields, []byte("|")))
	}
	if !rec.Ended {
		s += "~"
	}
	return s
}

func gbk(s string) string {
	b, err := delimited.GBK.AppendEncoded(nil, []byte(s))
	if err != nil {
		panic(err)
	}
	return string(b)
}

func TestRecords(t *testing.T) {
	f := func(c delimited.Config, file string, want ...string) {
		t.Helper()
		if got := read(t, file, c); !slices.Equal(got, want) {
			t.Errorf("%q:\n got %q\nwant %q", file, got, want)
		}
	}
	comma := delimited.Config{Delimiter: ","}
	f(comma, "")
	f(comma, "a,b\nc,d\n", "1: a|b", "2: c|d")
	f(comma, "a,b\r\n\r\n\nc,\r\n", "1: a|b", "4: c|")
	f(comma, "a,b\nc,d", "1: a|b", "2: c|d~")
	f(comma, ",\n", "1: |")
	f(comma, "\ufeffa,b\n", "1: a|b")
	f(comma, "a,b\n\ufeffc,d\ne\n", "1: a|b", "2! bad_charset", "3: e")
	f(comma, "a\x00b\nc\x1bd\ne\tf\n", "1! bad_charset", "2! bad_charset", "3: e\tf")
	f(comma, "a\xffb\na\uFFFDb\nc\n", "1! bad_charset", "2! bad_charset", "3: c")
	f(comma, "a,b\rc,d\r", "1! bad_charset~")
	f(comma, "\"a,b\"\n", "1: \"a|b\"")
	f(comma, strings.Repeat(",", delimited.MaxFields)+"\na\n", "1! columns", "2: a")

	f(delimited.Config{Delimiter: "||"}, "a||b|c|||d\n", "1: a|b|c||d")
	f(delimited.Config{Delimiter: "^_^"}, "a^_^b^_c\n", "1: a|b^_c")
	f(delimited.Config{Delimiter: "\x01"}, "a\x01\x01b\n\x05\n", "1: a||b", "2! bad_charset")
	f(delimited.Config{Delimiter: "\x05\x01"}, "a\x05\x01b\na\x05b\n", "1: a|b", "2! bad_charset")
	f(delimited.Config{Delimiter: "\t"}, "a\t\tb\n", "1: a||b")
	f(delimited.Config{Delimiter: "｜"}, "甲｜乙\n", "1: 甲|乙")
	f(delimited.Config{Delimiter: ",", End: "\r"}, "a,b\rc\r", "1: a|b", "2: c")
	f(delimited.Config{Delimiter: ",", End: "|\n"}, "a,b|\nc|d|\ne|", "1: a|b", "2: c|d", "3: e|~")
	f(delimited.Config{}, "a,b\n", "1: a,b")

	// The second byte of 亅 is |, of 乗 \, of 丂 @.
	bar := delimited.Config{Delimiter: "|", Charset: delimited.GBK}
	f(bar, gbk("亅|乗丂|z\n"), "1: 亅|乗丂|z")
	f(bar, "\x81|b|c\n", "1: 亅b|c")
	f(bar, "a|\xb0\nb|c\n", "1! bad_charset", "2: b|c")
	f(bar, "a|\xff\xffz\n\x80|b\n", "1! bad_charset", "2: €|b")
	f(bar, "a|\x81\x30\x89\x38\n", "1! bad_charset")
	f(delimited.Config{Delimiter: "|", Charset: delimited.GB18030}, "a|\x81\x30\x89\x38|b\n\x84\x31\xa4\x37\n", "1: a|ß|b", "2! bad_charset")
	f(delimited.Config{Delimiter: "｜", Charset: delimited.GBK}, gbk("甲｜乙\n"), "1: 甲|乙")

	quoted := delimited.Config{Delimiter: ",", Quoted: true}
	f(quoted, "\"a,\"\"b\"\"\",c\r\n\"d\ne\",\nf,\"\"\n", "1: a,\"b\"|c", "2: d\ne|", "4: f|")
	f(quoted, "a\"b,c\n\"a\"b,c\nd\n", "1: a\"b|c", "2! columns", "3: d")
	f(quoted, "a\n\"b,c\nd\n", "1: a", "2! columns~")
	f(delimited.Config{Delimiter: "|", Quoted: true, Charset: delimited.GBK}, gbk("\"亅|\"|亅\n"), "1: 亅||亅")

	wide := delimited.Config{Widths: []int{2, 4, 1}}
	f(wide, "ab12 3x\nab12345\nab1\nab123456\n", "1: ab|12 3|x", "2: ab|1234|5", "3! columns", "4! columns")
	wide.Charset = delimited.GBK
	f(wide, gbk("a1杭州x\n杭宁波y\na杭杭zz\n"), "1: a1|杭州|x", "2: 杭|宁波|y", "3! bad_charset")
	wide.Characters = true
	f(wide, gbk("a1杭州宁波x\n"), "1: a1|杭州宁波|x")
	f(delimited.Config{Widths: []int{2, 0}}, "abc\nab\na\n", "1: ab|c", "2: ab|", "3! columns")

	small := delimited.Config{Delimiter: ",", MaxField: 3, MaxRecord: 8}
	f(small, "abc,d\nabcd\nabc,abc,abc,abc\n123,5678\n123,56789", "1: abc|d", "2! too_long", "3! too_long", "4! too_long", "5! too_long~")
	small.Quoted = true
	f(small, "\"a\nb\",c\n\"abc\ndef\nghi\",x\na\n", "1: a\nb|c", "3! too_long", "6: a")
}

func TestCheck(t *testing.T) {
	f := func(c delimited.Config, want string) {
		t.Helper()
		if _, err := delimited.NewReader(nil, c); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want %q", c, err, want)
		}
	}
	f(delimited.Config{Delimiter: ",", Widths: []int{1}}, "keep one")
	f(delimited.Config{Delimiter: "\n"}, "holds the end")
	f(delimited.Config{Delimiter: ",", End: "|", Charset: delimited.GBK}, "below 30")
	f(delimited.Config{Delimiter: "😀", Charset: delimited.GBK}, "cannot be written")
	f(delimited.Config{Widths: []int{0, 1}}, "width 1")
	f(delimited.Config{Delimiter: "\"", Quoted: true}, "holds a quote")
	f(delimited.Config{Quoted: true}, "need a delimiter")
	f(delimited.Config{Widths: []int{1}, Quoted: true}, "take the quotes out")
}

// pattern repeats itself for n bytes, without holding them.
type pattern struct {
	text string
	at   int
	left int64
}

func (p *pattern) Read(b []byte) (int, error) {
	if p.left == 0 {
		return 0, io.EOF
	}
	n := 0
	for n < len(b) && p.left > 0 {
		m := copy(b[n:], p.text[p.at:])
		m = int(min(int64(m), p.left))
		n, p.left, p.at = n+m, p.left-int64(m), (p.at+m)%len(p.text)
	}
	return n, nil
}

// TestHugeField: a field of a gigabyte costs its record, and no memory.
func TestHugeField(t *testing.T) {
	size := int64(1 << 30)
	if testing.Short() {
		size = 64 << 20
	}
	line := strings.Repeat("x", 4096)
	for _, c := range []delimited.Config{{Delimiter: ","}, {Delimiter: ",", Charset: delimited.GBK}, {Delimiter: ",", Quoted: true}, {Widths: []int{3, 3}}, {Delimiter: ",", End: "\x02\x03"}} {
		size, end := size, "\n"
		if c.Quoted || c.End != "" || c.Charset != delimited.UTF8 {
			size /= 16
		}
		if c.End != "" {
			end = c.End
		}
		r := io.MultiReader(strings.NewReader("abc,de"+end), &pattern{text: line, left: size}, strings.NewReader(end+"fgh,ij"+end))
		d, err := delimited.NewReader(r, c)
		if err != nil {
			t.Fatal(err)
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		var got []string
		for {
			rec, err := d.Next()
			if err == io.EOF {
				break
			}
			if rec.Fault == "" {
				got = append(got, string(bytes.Join(rec.Fields, nil)))
			} else {
				got = append(got, fmt.Sprintf("%s %d", rec.Fault, len(rec.Raw)))
			}
		}
		runtime.ReadMemStats(&after)
		want := []string{"abcde", "too_long 512", "fghij"}
		if c.Widths != nil {
			want[0], want[2] = "abc,de", "fgh,ij"
		}
		if !slices.Equal(got, want) {
			t.Errorf("%+v: %q", c, got)
		}
		if grown := after.TotalAlloc - before.TotalAlloc; grown > 8<<20 {
			t.Errorf("%+v: %d bytes taken", c, grown)
		}
	}
}

func TestReadErrorIsNotTheEnd(t *testing.T) {
	broken := errors.New("cut")
	d, _ := delimited.NewReader(io.MultiReader(strings.NewReader("a\nb"), iotest.ErrReader(broken)), delimited.Config{})
	if rec, err := d.Next(); err != nil || rec.Line != 1 {
		t.Fatal(rec, err)
	}
	if _, err := d.Next(); !errors.Is(err, broken) {
		t.Fatalf("got %v", err)
	}
}

func TestNoAllocation(t *testing.T) {
	for _, c := range []delimited.Config{{Delimiter: "|"}, {Delimiter: "|", Charset: delimited.GBK}, {Delimiter: "|", Quoted: true}, {Widths: []int{2, 0}, Charset: delimited.GBK}} {
		line := "a1|b|亅|州\n"
		if c.Charset == delimited.GBK {
			line = gbk(line)
		}
		d, err := delimited.NewReader(&pattern{text: line, left: 1 << 40}, c)
		if err != nil {
			t.Fatal(err)
		}
		if n := testing.AllocsPerRun(1000, func() {
			if rec, err := d.Next(); err != nil || rec.Fault != "" {
				t.Fatal(rec, err)
			}
		}); n > 0 {
			t.Errorf("%+v: %v allocations a record", c, n)
		}
	}
}

// TestLikeCSV compares with encoding/csv what that writes.
func TestLikeCSV(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		field := rapid.StringOf(rapid.SampledFrom([]rune("ab,\"\n 亅州|")))
		rows := rapid.SliceOf(rapid.SliceOfN(field, 2, 4)).Draw(t, "rows")
		var file bytes.Buffer
		w := csv.NewWriter(&file)
		if err := w.WriteAll(rows); err != nil {
			t.Fatal(err)
		}
		charset := rapid.SampledFrom([]delimited.Charset{delimited.UTF8, delimited.GBK, delimited.GB18030}).Draw(t, "charset")
		coded, err := charset.AppendEncoded(nil, file.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		d, err := delimited.NewReader(iotest.HalfReader(bytes.NewReader(coded)), delimited.Config{Delimiter: ",", Quoted: true, Charset: charset})
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range rows {
			rec, err := d.Next()
			if err != nil || rec.Fault != "" {
				t.Fatal(rec, err)
			}
			if got := strings.Split(string(bytes.Join(rec.Fields, []byte{0})), "\x00"); !slices.Equal(got, want) {
				t.Fatalf("got %q, want %q", got, want)
			}
		}
		if _, err := d.Next(); err != io.EOF {
			t.Fatal(err)
		}
	})
}

// TestDecodesAsXText compares every pair and many quadruples with x/text.
func TestDecodesAsXText(t *testing.T) {
	f := func(raw []byte, c delimited.Charset) {
		dec := simplifiedchinese.GBK.NewDecoder()
		if c == delimited.GB18030 {
			dec = simplifiedchinese.GB18030.NewDecoder()
		}
		want, err := dec.Bytes(raw)
		if err != nil {
			t.Fatal(err)
		}
		d, _ := delimited.NewReader(bytes.NewReader(raw), delimited.Config{Charset: c})
		rec, err := d.Next()
		if err != nil {
			t.Fatal(err)
		}
		bad := bytes.Contains(want, []byte("\uFFFD")) || bytes.Contains(want, []byte("\uFEFF")) || bytes.ContainsRune(want, 0x7f)
		if bad != (rec.Fault != "") || !bad && !bytes.Equal(rec.Text, want) {
			t.Errorf("%s % x: %q %s, x/text %q", c, raw, rec.Text, rec.Fault, want)
		}
	}
	for a := 0x80; a < 0x100; a++ {
		for b := 0x30; b < 0x100; b++ {
			f([]byte{'x', byte(a), byte(b)}, delimited.GBK)
			if b > 0x39 && b < 0x40 {
				continue // x/text takes them for digits
			}
			f([]byte{'x', byte(a), byte(b), byte(b ^ 0x55 | 0x80), '5'}, delimited.GB18030)
		}
	}
}
