package adi_test

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"io"
	"math/rand/v2"
	"syscall"
	"testing"
	"time"

	"golang.org/x/text/encoding/simplifiedchinese"

	"iptvdc/aggregator/c3"
	"iptvdc/aggregator/c3/adi"
	"iptvdc/aggregator/c3/charset"
)

// catalogue writes n programs with a mapping each, as large as they come.
func catalogue(t testing.TB, style string, n int) []byte {
	t.Helper()
	var out bytes.Buffer
	w, err := adi.NewWriter(&out, adi.Style{Charset: style, Header: adi.Header{Version: "1.0", MsgID: "1"}})
	if err != nil {
		t.Fatal(err)
	}
	rnd := rand.New(rand.NewPCG(7, 43))
	han := func(n int) string {
		s := make([]rune, n)
		for i := range s {
			s[i] = rune(0x4e00 + rnd.IntN(3000))
		}
		return string(s)
	}
	for i := range n {
		code := fmt.Sprintf("0043000000000000%08d", i)
		o := c3.Object{Element: c3.ElementProgram, ID: code, Code: code, Verb: c3.VerbRegister, Properties: []c3.Property{
			{Name: "Name", Value: han(8)}, {Name: "SeriesName", Value: han(6)}, {Name: "OrderNumber", Value: "1"},
			{Name: "SortName", Value: "SHJS"}, {Name: "SearchName", Value: "SHJS"}, {Name: "Genre", Value: han(2) + "/" + han(2)},
			{Name: "ActorDisplay", Value: han(3) + "," + han(3)}, {Name: "WriterDisplay", Value: han(3)},
			{Name: "OriginalCountry", Value: "中国大陆"}, {Name: "Language", Value: "国语"}, {Name: "ReleaseYear", Value: "2025"},
			{Name: "OrgAirDate", Value: "20250503"}, {Name: "LicensingWindowStart", Value: "20260101000000"},
			{Name: "LicensingWindowEnd", Value: "20301231235959"}, {Name: "Macrovision", Value: "0"},
			{Name: "Description", Value: han(60)}, {Name: "PriceTaxIn", Value: "0"}, {Name: "Status", Value: "1"},
			{Name: "SourceType", Value: "1"}, {Name: "SeriesFlag", Value: "1"}, {Name: "ContentProvider", Value: "MGTV"},
		}}
		if err := w.Object(&o); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// BenchmarkRead reads 10,000 programs of 21 properties each: ours from bytes to
// items, encoding/xml with what it needs for such files (token by token, a
// charset's reader) into a struct for each object.
func BenchmarkRead(b *testing.B) {
	const objects = 10_000
	for _, style := range []string{"utf-8", "gbk"} {
		in := catalogue(b, style, objects)
		f := func(name string, read func() (int, error)) {
			b.Run(style+"/"+name, func(b *testing.B) {
				b.SetBytes(int64(len(in)))
				b.ReportAllocs()
				before := cpu(b)
				for b.Loop() {
					if n, err := read(); n != objects || err != io.EOF {
						b.Fatal(n, err)
					}
				}
				b.ReportMetric(float64(objects)*float64(b.N)/b.Elapsed().Seconds(), "objects/s")
				b.ReportMetric(float64(cpu(b)-before)/objects/float64(b.N), "cpu-ns/object")
			})
		}
		f("adi", func() (n int, err error) {
			r := adi.NewReader(charset.NewReader(bytes.NewReader(in), charset.Auto, ""), adi.Limits{})
			for {
				item, err := r.Next()
				if err != nil {
					return n, err
				}
				if item.Kind == adi.KindObject {
					n++
				}
			}
		})
		f("encoding-xml", func() (n int, err error) {
			d := xml.NewDecoder(bytes.NewReader(in))
			d.Strict = false
			d.CharsetReader = func(_ string, r io.Reader) (io.Reader, error) {
				return simplifiedchinese.GB18030.NewDecoder().Reader(r), nil
			}
			for {
				tok, err := d.Token()
				if err != nil {
					return n, err
				}
				if start, ok := tok.(xml.StartElement); ok && start.Name.Local == "Object" {
					var o struct {
						ElementType, ID, Code, Action string `xml:",attr"`
						Property                      []struct {
							Name, Language string `xml:",attr"`
							Value          string `xml:",chardata"`
						}
					}
					if err := d.DecodeElement(&o, &start); err != nil {
						return n, err
					}
					n++
				}
			}
		})
	}
}

// BenchmarkWrite writes them.
func BenchmarkWrite(b *testing.B) {
	for _, style := range []string{"utf-8", "gbk"} {
		b.Run(style, func(b *testing.B) {
			const objects = 1000
			for b.Loop() {
				b.SetBytes(int64(len(catalogue(b, style, objects))))
			}
			b.ReportMetric(float64(objects)*float64(b.N)/b.Elapsed().Seconds(), "objects/s")
		})
	}
}

// cpu is what the process has used, which other work on the machine changes less
// than the time it took.
func cpu(t testing.TB) time.Duration {
	t.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
