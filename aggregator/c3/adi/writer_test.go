package adi_test

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"iptvdc/aggregator/c3"
	"iptvdc/aggregator/c3/adi"
	"iptvdc/aggregator/c3/charset"
)

// TestWritten shows a catalogue as written.
func TestWritten(t *testing.T) {
	var out bytes.Buffer
	w, err := adi.NewWriter(&out, adi.Style{Namespace: adi.Namespace, Header: adi.Header{Version: "1.0", BizDomain: "0", Priority: "1", MsgID: "7", Timestamp: "20260503021500"}})
	if err != nil {
		t.Fatal(err)
	}
	o := c3.Object{Element: c3.ElementCategory, ID: "C1", Code: "0043C1", ParentCode: "0043C0", Verb: c3.VerbRegister, Properties: []c3.Property{
		{Name: "Name", Value: "少儿 & <动漫>"}, {Name: "Name", Language: "en", Value: "\"Kids\"\n\x0b"}}}
	m := c3.Mapping{Verb: c3.VerbDelete, Parent: c3.ElementCategory, ParentCode: "0043C1", Child: c3.ElementSeries, ChildCode: "S1"}
	if err := errors.Join(w.Object(&o), w.Mapping(&m), w.Close()); err != nil {
		t.Fatal(err)
	}
	want := `<?xml version="1.0" encoding="utf-8"?>
<ADI xmlns="http://www.ChinaDTV.cn/CDTVStandard/ADI" Version="1.0" BizDomain="0" Priority="1">
<Header><MsgID>7</MsgID><Timestamp>20260503021500</Timestamp></Header>
<Objects>
<Object ElementType="Category" ID="C1" ParentCode="0043C0" Action="REGIST" Code="0043C1"><Property Name="Name">少儿 &amp; &lt;动漫&gt;</Property><Property Name="Name" Language="en">&quot;Kids&quot;&#10; </Property></Object>
</Objects>
<Mappings>
<Mapping ParentType="Category" ParentCode="0043C1" ElementType="Series" ElementCode="S1" Action="DELETE"></Mapping>
</Mappings>
</ADI>
`
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Error(diff)
	}
	if err := w.Object(&o); err == nil {
		t.Error("an object behind the end was taken")
	}
}

// TestWrittenIsRead: what a writer writes, in any charset and order, a reader
// reads as it was, but for white space around texts.
func TestWrittenIsRead(t *testing.T) {
	text := rapid.StringOf(rapid.OneOf(rapid.RuneFrom([]rune("a& <>\"'中㐀𠀀🥭é\n\r;#")), rapid.Rune()))
	text = rapid.Map(text, func(s string) string {
		return strings.Trim(strings.Map(keep, s), " \t\r\n")
	})
	code := text.Filter(func(s string) bool { return s != "" })
	properties := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) c3.Property {
		return c3.Property{Name: code.Draw(t, "name"), Language: text.Draw(t, "language"), Value: text.Draw(t, "value")}
	}), 0, 4)
	element := rapid.Uint8Range(uint8(c3.ElementProgram), uint8(c3.ElementCastRoleMap))
	verb := rapid.Uint8Range(uint8(c3.VerbRegister), uint8(c3.VerbDelete))
	rapid.Check(t, func(t *rapid.T) {
		style := adi.Style{Charset: rapid.SampledFrom([]string{"", "utf-8", "gbk", "gb18030"}).Draw(t, "charset"), Header: adi.Header{MsgID: text.Draw(t, "msg"), Priority: text.Draw(t, "priority")}}
		if len(style.Header.MsgID)+len(style.Header.Priority) > 40 {
			style.Header = adi.Header{} // long ones are cut
		}
		var out bytes.Buffer
		w, err := adi.NewWriter(&out, style)
		if err != nil {
			t.Fatal(err)
		}
		var want []string
		for range rapid.IntRange(0, 5).Draw(t, "records") {
			item := adi.Item{}
			if rapid.Bool().Draw(t, "object") {
				item.Of = adi.KindObject
				item.Object = c3.Object{Element: c3.Element(element.Draw(t, "type")), ID: text.Draw(t, "id"), Code: code.Draw(t, "code"),
					ParentCode: text.Draw(t, "parent"), Verb: c3.Verb(verb.Draw(t, "verb")), Properties: properties.Draw(t, "properties")}
				err = w.Object(&item.Object)
			} else {
				item.Of = adi.KindMapping
				item.Mapping = c3.Mapping{Verb: c3.Verb(verb.Draw(t, "verb")), Parent: c3.Element(element.Draw(t, "type")), Child: c3.Element(element.Draw(t, "type")),
					ParentCode: code.Draw(t, "parent"), ChildCode: code.Draw(t, "child"), Properties: properties.Draw(t, "properties")}
				err = w.Mapping(&item.Mapping)
			}
			if err != nil {
				t.Fatal(err)
			}
			_, shown, _ := strings.Cut(show(&item), " ")
			want = append(want, shown)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		r := adi.NewReader(charset.NewReader(&out, charset.Auto, ""), adi.Limits{})
		first, err := r.Next()
		if err != nil || first.Header != style.Header {
			t.Fatalf("header %+v, %v", first, err)
		}
		got, err := next(r)
		if err != io.EOF || !cmp.Equal(want, bare(got)) {
			t.Fatalf("%v\n%s", err, cmp.Diff(want, bare(got)))
		}
	})
}

// keep drops what no charset brings back: control characters, and of GB18030 the
// private use area, which its tables take for other characters.
func keep(c rune) rune {
	switch {
	case c < ' ' && c != '\n' && c != '\r' && c != '\t', 0x7f <= c && c < 0xa0, c == 0xfffe, c == 0xffff, c == 0xfeff,
		0xe000 <= c && c < 0xf900, c == 0xfffd:
		return -1
	}
	return c
}

func TestWriterRefusesCharset(t *testing.T) {
	if _, err := adi.NewWriter(io.Discard, adi.Style{Charset: "latin1"}); err == nil {
		t.Error("latin1 was taken")
	}
}

func TestSinkFails(t *testing.T) {
	w, err := adi.NewWriter(failing{}, adi.Style{})
	if err != nil {
		t.Fatal(err)
	}
	o := c3.Object{Element: c3.ElementProgram, Code: strings.Repeat("x", 1000), Verb: c3.VerbDelete}
	for range 100 {
		_ = w.Object(&o)
	}
	if err := w.Close(); !errors.Is(err, errFull) {
		t.Errorf("Close: %v", err)
	}
}

var errFull = errors.New("full")

type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, errFull }

// TestResult answers a file with faults, and reads the answer back.
func TestResult(t *testing.T) {
	var out bytes.Buffer
	w, err := adi.NewResultWriter(&out, adi.Style{Charset: "gbk"})
	if err != nil {
		t.Fatal(err)
	}
	r := adi.NewReader(bytes.NewReader(load(t, "testdata/mappings.xml")), adi.Limits{})
	for {
		item, err := r.Next()
		if err != nil {
			break
		}
		result, description := 0, ""
		if item.Kind == adi.KindFault {
			result, description = 1, "字段缺失: "+item.Fault.Text
		}
		if err := w.Answer(item, result, description); err != nil {
			t.Fatal(err)
		}
	}
	o := c3.Object{Element: c3.ElementProgram, ID: "P1", Code: "P1", Verb: c3.VerbUpdate, Properties: []c3.Property{{Name: "Name", Value: "not repeated"}}}
	if err := errors.Join(w.Object(&o, 0, ""), w.Close()); err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(charset.NewReader(&out, charset.Auto, ""))
	if err != nil {
		t.Fatal(err)
	}
	want := `<?xml version="1.0" encoding="gbk"?>
<ADI>
<Mappings>
<Mapping ParentType="Category" ParentCode="C1" ElementType="Series" ElementCode="S9" Action="DELETE"><Property Name="Result">0</Property><Property Name="ErrorDescription"></Property></Mapping>
<Mapping ParentType="Channel" ParentCode="H1" ElementType="PhysicalChannel" ElementCode="HP1" Action="REGIST"><Property Name="Result">0</Property><Property Name="ErrorDescription"></Property></Mapping>
<Mapping ParentType="Category" ParentCode="C1" ElementType="Series" Action="DELETE"><Property Name="Result">1</Property><Property Name="ErrorDescription">字段缺失: There is neither ElementCode nor ID.</Property></Mapping>
<Mapping ParentCode="C1" ElementType="Series" ElementCode="S9" Action="DELETE"><Property Name="Result">1</Property><Property Name="ErrorDescription">字段缺失: The ParentType is none that a catalogue has.</Property></Mapping>
</Mappings>
<Objects>
<Object ElementType="Program" ID="P1" Action="UPDATE" Code="P1"><Property Name="Result">0</Property><Property Name="ErrorDescription"></Property></Object>
</Objects>
</ADI>
`
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Error(diff)
	}
}
