package adi_test

import (
	"io"
	"runtime"
	"strings"
	"testing"

	"iptvdc/aggregator/c3"
	"iptvdc/aggregator/c3/adi"
	"iptvdc/aggregator/c3/charset"
)

// repeat gives s over and over, size bytes in all or a little less, without
// holding them.
func repeat(s string, size int64) io.Reader {
	return io.LimitReader(&endless{block: strings.Repeat(s, 1+32<<10/len(s))}, size/int64(len(s))*int64(len(s)))
}

type endless struct {
	block string
	at    int
}

func (e *endless) Read(p []byte) (n int, err error) {
	for n < len(p) {
		k := copy(p[n:], e.block[e.at:])
		n, e.at = n+k, (e.at+k)%len(e.block)
	}
	return n, nil
}

// within runs read and fails if it allocates more, in all, than a reader's buffers
// and the largest record take to grow, whatever the size of what it reads.
func within(t *testing.T, read func()) {
	t.Helper()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	read()
	runtime.ReadMemStats(&after)
	if used := after.TotalAlloc - before.TotalAlloc; used > 16<<20 {
		t.Errorf("%d bytes were allocated", used)
	}
}

// huge is what is meant by "of any size": 1 GB, less in short runs.
func huge() int64 {
	if testing.Short() {
		return 16 << 20
	}
	return 1 << 30
}

const (
	prologue = `<ADI><Objects><Object ElementType="Program" ID="P1" Action="REGIST"`
	good     = `<Object ElementType="Program" ID="P2" Action="DELETE"/>`
	epilogue = good + `</Objects></ADI>`
)

// TestHugeParts: a record with a part of a size nobody means costs that record;
// what lies outside of records costs nothing.
func TestHugeParts(t *testing.T) {
	f := func(name string, size int64, before, unit, after, code string) {
		t.Helper()
		t.Run(name, func(t *testing.T) {
			within(t, func() {
				src := io.MultiReader(strings.NewReader(before), repeat(unit, size), strings.NewReader(after))
				r := adi.NewReader(src, adi.Limits{})
				faults, objects := map[string]int{}, 0
				for {
					item, err := r.Next()
					if err == io.EOF {
						break
					}
					if err != nil {
						t.Fatal(err)
					}
					switch item.Kind {
					case adi.KindFault:
						faults[item.Fault.Code]++
					case adi.KindObject:
						objects++
					}
				}
				if code == "" && (objects != 2 || len(faults) > 0) || code != "" && (objects != 1 || faults[code] != 1) {
					t.Errorf("%d objects, faults %v", objects, faults)
				}
			})
		})
	}
	f("attribute", huge(), prologue+` Code="`, "x", `"/>`+epilogue, c3.FaultLong)
	f("spaces in a tag", max(huge()/32, 4<<20), prologue, " ", `/>`+epilogue, c3.FaultLong)
	f("attributes", max(huge()/32, 4<<20), prologue, ` ID="1"`, `/>`+epilogue, c3.FaultLong)
	f("text", huge(), prologue+`><Property Name="Name">`, "长", `</Property></Object>`+epilogue, c3.FaultLong)
	f("references", huge(), prologue+`><Property Name="Name">`, "&amp;", `</Property></Object>`+epilogue, c3.FaultLong)
	f("CDATA", huge(), prologue+`><Property Name="Name"><![CDATA[`, "]]", `]]></Property></Object>`+epilogue, c3.FaultLong)
	f("properties", max(huge()/32, 4<<20), prologue+`>`, `<Property Name="Name">x</Property>`, `</Object>`+epilogue, c3.FaultLong)
	f("comment", huge(), prologue+`/><!-- `, "<a>--", ` -->`+epilogue, "")
	f("white space", huge(), prologue+`/>`, "\n", epilogue, "")
	f("instruction", huge(), prologue+`/><?x `, "<", `?>`+epilogue, "")
}

// TestDeep: a million open elements take a look at the first of them.
func TestDeep(t *testing.T) {
	const million = 1_000_000
	f := func(before, unit string) {
		t.Helper()
		within(t, func() {
			src := io.MultiReader(strings.NewReader(before), repeat(unit, int64(million*len(unit))))
			_, err := next(adi.NewReader(src, adi.Limits{}))
			if got := refusal(t, err); got != c3.FaultTooDeep {
				t.Errorf("%s...: %s", before, got)
			}
		})
	}
	f("", "<ADI>")
	f("<ADI>", "<a>")
	f("<ADI><Objects>", "<Objects>")
	f(prologue+">", "<a>")
	f(prologue+`><Property Name="x">`, "<Property>")
	f(prologue+`>`, `<Property Name="x">`)
	f("<ADI><Header>", "<MsgID>")
}

func TestDepthIsExact(t *testing.T) {
	nested := func(n int) string {
		return prologue + ">" + strings.Repeat("<a>", n-3) + strings.Repeat("</a>", n-3) + "</Object></Objects></ADI>"
	}
	if _, err := next(adi.NewReader(strings.NewReader(nested(10)), adi.Limits{Depth: 10})); err != io.EOF {
		t.Errorf("as deep as allowed: %v", err)
	}
	if _, err := next(adi.NewReader(strings.NewReader(nested(11)), adi.Limits{Depth: 10})); refusal(t, err) != c3.FaultTooDeep {
		t.Errorf("one deeper: %v", err)
	}
	plain := prologue + `><Property Name="a">b</Property></Object></Objects></ADI>`
	if _, err := next(adi.NewReader(strings.NewReader(plain), adi.Limits{Depth: 3})); refusal(t, err) != c3.FaultTooDeep {
		t.Errorf("a property one too deep: %v", err)
	}
}

func TestFileLimit(t *testing.T) {
	within(t, func() {
		src := io.MultiReader(strings.NewReader("<ADI>"), repeat(" ", huge()), strings.NewReader("</ADI>"))
		_, err := next(adi.NewReader(src, adi.Limits{File: 1 << 20}))
		if got := refusal(t, err); got != c3.FaultTooLarge {
			t.Error(got)
		}
	})
	whole := "<ADI></ADI>"
	if _, err := next(adi.NewReader(strings.NewReader(whole), adi.Limits{File: int64(len(whole))})); err != io.EOF {
		t.Errorf("as large as allowed: %v", err)
	}
}

// TestFieldLimit: a value as long as allowed is taken, one byte more is not,
// whichever way it is written.
func TestFieldLimit(t *testing.T) {
	f := func(value string, want adi.Kind) {
		t.Helper()
		in := prologue + `><Property Name="Name">` + value + `</Property></Object></Objects></ADI>`
		r := adi.NewReader(strings.NewReader(in), adi.Limits{Field: 20})
		for {
			item, err := r.Next()
			if err != nil {
				t.Fatal(err)
			}
			if item.Kind == adi.KindHeader {
				continue
			}
			if item.Kind != want {
				t.Errorf("%q: kind %d, want %d", value, item.Kind, want)
			}
			if want == adi.KindFault && (item.Fault.Code != c3.FaultLong || item.Fault.Field != "Name") {
				t.Errorf("%q: %+v", value, item.Fault)
			}
			return
		}
	}
	f("12345678901234567890", adi.KindObject)
	f("123456789012345678901", adi.KindFault)
	f("123456789012345&amp;", adi.KindObject)
	f("1234567890123456&amp;", adi.KindFault)
	f("1234567890<![CDATA[1234567890]]>", adi.KindObject)
	f("1234567890<![CDATA[1234567890]]>1", adi.KindFault)
}

// TestLargeFile reads a file of many records through both packages in the memory
// of a few.
func TestLargeFile(t *testing.T) {
	size := int64(64 << 20)
	if testing.Short() {
		size = 8 << 20
	}
	unit := `<Object ElementType="Program" ID="P1" Action="REGIST"><Property Name="Name">山海旧事</Property></Object>` + "\n"
	src := io.MultiReader(strings.NewReader("<ADI><Objects>\n"), repeat(unit, size), strings.NewReader("</Objects></ADI>"))
	r := adi.NewReader(charset.NewReader(src, charset.Auto, ""), adi.Limits{})
	n, last := int64(0), int64(0)
	var stats runtime.MemStats
	for {
		item, err := r.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if item.Kind == adi.KindObject {
			n, last = n+1, item.Line
		}
		if n%200_000 == 0 {
			if runtime.ReadMemStats(&stats); stats.HeapAlloc > 64<<20 {
				t.Fatalf("%d bytes in use after %d objects", stats.HeapAlloc, n)
			}
		}
	}
	if want := size / int64(len(unit)); n != want || last != want+1 {
		t.Errorf("%d objects of %d, the last in line %d", n, want, last)
	}
}
