package adi_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"iptvdc/aggregator/c3"
	"iptvdc/aggregator/c3/adi"
	"iptvdc/aggregator/c3/charset"
)

// small limits, so that a fuzzer reaches them; the buffer is 64 KB all the same.
var small = adi.Limits{Depth: 8, Field: 100, Record: 1000, File: 1 << 20}

// FuzzReader: whatever comes, Next terminates without a panic, the header comes
// first, lines never fall, no item holds a broken byte or more than was allowed,
// and it is all the same however the bytes are cut.
func FuzzReader(f *testing.F) {
	for _, path := range examples(f) {
		f.Add(load(f, path))
	}
	f.Add([]byte(strings.Repeat("<ADI>", 20)))
	f.Add([]byte(`<ADI><Objects><Object ElementType="Program" ID="1" Action="DELETE" x="` + strings.Repeat("y", 200) + `"/></Objects></ADI>`))
	f.Fuzz(func(t *testing.T, in []byte) {
		items, end := drain(t, bytes.NewReader(in))
		again, endAgain := drain(t, iotest.OneByteReader(bytes.NewReader(in)))
		if end != endAgain || !slices.Equal(items, again) {
			t.Fatalf("byte by byte: %s", cmp.Diff(append(items, end), append(again, endAgain)))
		}
	})
}

func drain(t *testing.T, src io.Reader) (items []string, end string) {
	r := adi.NewReader(charset.NewReader(src, charset.Auto, ""), small)
	line := int64(1)
	for {
		item, err := r.Next()
		if err != nil {
			var refused *adi.FileError
			if errors.As(err, &refused) {
				if refused.Fault.Line < line {
					t.Fatalf("line %d after %d", refused.Fault.Line, line)
				}
				checkFault(t, refused.Fault)
			} else if err != io.EOF {
				t.Fatal(err)
			}
			if err == io.EOF && len(items) == 0 {
				t.Fatal("a whole file without a header")
			}
			return items, showEnd(err)
		}
		if (item.Kind == adi.KindHeader) != (len(items) == 0) {
			t.Fatalf("item %d is of kind %d", len(items), item.Kind)
		}
		if item.Line < line {
			t.Fatalf("line %d after %d", item.Line, line)
		}
		line = item.Line
		check(t, item)
		items = append(items, show(item))
	}
}

func checkFault(t *testing.T, f c3.Fault) {
	t.Helper()
	if f.Code == "" || f.Text == "" || f.Line < 1 || len(f.Raw) > 3*c3.MaxRaw || strings.ContainsRune(f.Raw+f.Text+f.Field, rune(charset.Broken)) {
		t.Fatalf("%+v", f)
	}
}

func check(t *testing.T, item *adi.Item) {
	t.Helper()
	o, m := item.Object, item.Mapping
	switch item.Kind {
	case adi.KindHeader:
	case adi.KindObject:
		if o.Code == "" || o.Verb == c3.VerbNone || o.Element == c3.ElementUnknown || item.Of != adi.KindObject {
			t.Fatalf("%+v", item)
		}
	case adi.KindMapping:
		if m.ParentCode == "" || m.ChildCode == "" || m.Verb == c3.VerbNone || m.Parent == 0 || m.Child == 0 || item.Of != adi.KindMapping {
			t.Fatalf("%+v", item)
		}
	case adi.KindFault:
		checkFault(t, item.Fault)
		if item.Fault.Line < item.Line || o.Properties != nil || m.Properties != nil {
			t.Fatalf("%+v", item)
		}
	default:
		t.Fatalf("%+v", item)
	}
	if strings.ContainsRune(show(item), rune(charset.Broken)) {
		t.Fatalf("a broken byte in %s", show(item))
	}
	for _, p := range append(slices.Clone(o.Properties), m.Properties...) {
		if p.Name == "" || len(p.Name)+len(p.Language) > 2*small.Field || len(p.Value) > small.Field {
			t.Fatalf("%+v", p)
		}
	}
}

// FuzzAgainstEncodingXML compares with encoding/xml, in its strict mode, on clean
// text. What it takes, we take with the same result, or refuse for one of the
// reasons below; what we take and it does not is one of the things we forgive.
func FuzzAgainstEncodingXML(f *testing.F) {
	for _, path := range examples(f) {
		f.Add(load(f, path))
	}
	f.Fuzz(compare)
}

// TestAgainstEncodingXML compares on files put together at random from pieces of
// catalogues, which a fuzzer's bytes hardly ever are.
func TestAgainstEncodingXML(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rnd := rand.New(rand.NewPCG(seed, 0))
	taken := 0
	for range 4000 {
		in := grow(rnd)
		compare(t, []byte(in))
		if t.Failed() {
			t.Fatalf("%s", in)
		}
		if _, err := next(adi.NewReader(strings.NewReader(in), quick)); err == io.EOF {
			taken++
		}
	}
	if taken < 2000 {
		t.Errorf("only %d of the files were taken", taken)
	}
}

// grow makes a file: mostly as it should be, now and then not.
func grow(rnd *rand.Rand) string {
	var out strings.Builder
	pick := func(all ...string) string { return all[rnd.IntN(len(all))] }
	text := func() string {
		s := ""
		for range rnd.IntN(4) {
			s += pick("a", " ", "\n", "\r\n", "\r", "\t", "山", "&amp;", "&lt;", "&#65;", "&#x5c71;", "&#133;", "&apos;", ">", "'", "]", "-")
			if rnd.IntN(300) == 0 {
				s += pick("&", "&x;", "&#0;", "&#xD800;", "]]>", "&#1", ";")
			}
		}
		return s
	}
	names := []string{"ElementType", "ID", "Code", "Action", "ParentType", "ParentID", "ParentCode", "ElementID", "ElementCode", "Name", "Language", "Type", "xmlns", "xmlns:x", "Other"}
	attrs := func() {
		for _, i := range rnd.Perm(len(names))[:rnd.IntN(len(names))] {
			value := text()
			switch names[i] {
			case "ElementType", "ParentType":
				value = pick("Program", "series", "PICTURE", "Cast", "Nothing", " Movie ")
			case "Action":
				value = pick("REGIST", "update", "DELETE", "NO", "")
			}
			name := names[i]
			if rnd.IntN(10) == 0 && !strings.Contains(name, "xmlns") {
				name = pick(strings.ToLower(name), "x:"+name)
			}
			quote := pick(`"`, "'")
			fmt.Fprintf(&out, "%s%s%s=%s%s%s%s", pick(" ", "\n"), name, pick("", " "), pick("", " "), quote, strings.ReplaceAll(value, quote, ""), quote)
		}
	}
	element := func(name string, inside func()) {
		out.WriteString("<" + name)
		attrs()
		if rnd.IntN(6) == 0 {
			out.WriteString(pick("/>", " />"))
			return
		}
		out.WriteString(pick(">", " >"))
		inside()
		if rnd.IntN(500) == 0 {
			name = strings.ToUpper(name)
		}
		out.WriteString("</" + name + pick("", " ") + ">")
	}
	noise := func() {
		out.WriteString(pick("", "", "\n", "  ", "<!-- - <a> -->", "<?x y?>", text()))
	}
	property := func() {
		if rnd.IntN(2) == 0 {
			out.WriteString(`<Property Name="Name">` + text() + `</Property>`)
			return
		}
		element(pick("Property", "Property", "property", "x:Property", "Other"), func() {
			for range rnd.IntN(3) {
				out.WriteString(pick(text(), text(), "<![CDATA[ &amp; <\r\n]]>", "<!-- x -->", "<b>y</b>", "<Property Name='Z'/>"))
			}
		})
	}
	record := func() {
		element(pick("Object", "Object", "object", "Mapping", "Mapping", "Other"), func() {
			for range rnd.IntN(4) {
				noise()
				property()
			}
		})
	}
	out.WriteString(pick("", "\n", "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n"))
	element(pick("ADI", "ADI", "adi", "x:ADI"), func() {
		for range rnd.IntN(4) {
			noise()
			element(pick("Objects", "Mappings", "Object", "Mapping", "Other", "Header"), func() {
				for range rnd.IntN(4) {
					noise()
					record()
				}
			})
		}
	})
	if rnd.IntN(50) == 0 {
		out.WriteString(pick("\n", "<ADI/>", "x", "<!-- -->"))
	}
	return out.String()
}

// compare holds what FuzzAgainstEncodingXML says of one file.
func compare(t *testing.T, in []byte) {
	t.Helper()
	r := charset.NewReader(bytes.NewReader(in), charset.UTF8, "")
	text, err := io.ReadAll(r)
	if n, _ := r.Broken(); err != nil || n > 0 {
		return
	}
	want, root, theirs := byEncodingXML(text)
	got, ours := next(adi.NewReader(bytes.NewReader(text), quick))
	switch {
	case theirs == nil && ours == io.EOF:
		if !root.unique() || strings.ContainsRune(root.text+strings.Join(want, ""), '\ufffd') && !bytes.ContainsRune(text, '\ufffd') {
			return // an attribute twice and a reference to a surrogate are no XML, which it does not see
		}
		got = slices.DeleteFunc(got, func(s string) bool { return strings.Contains(s, "header {") })
		if diff := cmp.Diff(want, bare(got)); diff != "" {
			t.Fatalf("encoding/xml -, ours +\n%s", diff)
		}
	case theirs == nil:
		if !refusedOnPurpose(text, root, ours) {
			t.Fatalf("encoding/xml takes it, we do not: %v", ours)
		}
	case ours == io.EOF:
		if !forgiven(theirs.Error()) {
			t.Fatalf("we take it, encoding/xml does not: %v", theirs)
		}
	}
}

// refusedOnPurpose: encoding/xml takes any declaration, several roots, and any
// root; it knows no limits.
func refusedOnPurpose(text []byte, root *node, err error) bool {
	var refused *adi.FileError
	if !errors.As(err, &refused) {
		return false
	}
	switch refused.Fault.Code {
	case c3.FaultTooDeep:
		return root.depth() > 64
	case c3.FaultEmpty:
		return len(root.children) == 0
	case c3.FaultMalformed:
		one := len(root.children) == 1 && strings.EqualFold(root.children[0].name, "ADI")
		return !one || strings.TrimSpace(root.own) != "" || bytes.Contains(text, []byte("<!")) || root.longestName() > 1000
	}
	return false
}

// forgiven tells whether encoding/xml's complaint is about one of the things that
// DESIGN.md forgives.
func forgiven(complaint string) bool {
	for _, f := range []string{
		"invalid character entity",          // a bare ampersand, or a reference that is none
		"illegal character code",            // a character that XML has not, but UTF-8 has
		"unescaped ]]> not in CDATA",        //
		`invalid sequence "--" not allowed`, // in a comment
		"closed by </",                      // in another letter case
		"expected target name after <?",     // processing instructions are skipped unread
		"invalid XML name",                  // any character above 0x7f may be in a name
		"expected element name after",       // and may begin it, and several colons
		"expected attribute name in",        //
		"unsupported version",               // of the XML declaration
		"declared but Decoder.CharsetReader is nil",
	} {
		if strings.Contains(complaint, f) {
			return true
		}
	}
	return false
}

// node is a file as encoding/xml sees it.
type node struct {
	name     string
	raw      int
	attrs    map[string]string
	twice    bool
	text     string // of it and all below
	own      string // of it alone
	children []*node
}

func (n *node) unique() bool {
	for _, c := range n.children {
		if !c.unique() {
			return false
		}
	}
	return !n.twice
}

func (n *node) depth() int {
	deepest := -1
	for _, c := range n.children {
		deepest = max(deepest, c.depth())
	}
	return deepest + 1
}

func (n *node) longestName() int {
	longest := n.raw
	for _, c := range n.children {
		longest = max(longest, c.longestName())
	}
	return longest
}

func byEncodingXML(text []byte) (items []string, root *node, err error) {
	root = &node{}
	path := []*node{root}
	d := xml.NewDecoder(bytes.NewReader(text))
	for {
		tok, err := d.Token()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, root, err
		}
		top := path[len(path)-1]
		switch tok := tok.(type) {
		case xml.StartElement:
			n := &node{name: tok.Name.Local, raw: len(tok.Name.Local) + len(tok.Name.Space), attrs: map[string]string{}}
			for _, a := range tok.Attr {
				key := strings.ToLower(a.Name.Local)
				if strings.HasPrefix(a.Name.Space+a.Name.Local, "xmlns") || strings.HasPrefix(a.Name.Space, "xmlns") {
					continue
				}
				if _, twice := n.attrs[key]; twice {
					n.twice = true
				}
				n.attrs[key] = trim(unbreak(a.Value))
			}
			top.children = append(top.children, n)
			path = append(path, n)
		case xml.EndElement:
			path = path[:len(path)-1]
		case xml.CharData:
			top.own += string(tok)
			for _, n := range path {
				n.text += unbreak(string(tok))
			}
		}
	}
	if len(root.children) == 1 {
		items = root.children[0].items()
	}
	return items, root, nil
}

// unbreak cleans what a character reference may bring.
func unbreak(s string) string {
	return strings.Map(func(c rune) rune {
		if 0x7f <= c && c < 0xa0 {
			return ' '
		}
		return c
	}, s)
}

func trim(s string) string { return strings.Trim(s, " \t\r\n") }

// items are the records of an ADI, told plainly.
func (n *node) items() (all []string) {
	for _, c := range n.children {
		switch strings.ToLower(c.name) {
		case "object", "mapping":
			all = append(all, c.record())
		case "objects", "mappings":
			for _, c := range c.children {
				all = append(all, c.record())
			}
		}
	}
	return all
}

func (n *node) record() string {
	a := n.attrs
	either := func(one, two string) string {
		if a[one] != "" {
			return a[one]
		}
		return a[two]
	}
	item := adi.Item{}
	var props []c3.Property
	for _, c := range n.children {
		if strings.EqualFold(c.name, "Property") && c.attrs["name"] != "" {
			props = append(props, c3.Property{Name: c.attrs["name"], Language: c.attrs["language"], Value: trim(c.text)})
		}
	}
	known := a["action"] != "" && a["elementtype"] != "" && adi.ParseVerb(a["action"]) != 0 && adi.ParseElement(a["elementtype"]) != 0
	switch strings.ToLower(n.name) {
	case "object":
		if a["type"] != "" && c3.Get(props, "Type") == "" {
			props = append(props, c3.Property{Name: "Type", Value: a["type"]})
		}
		o := c3.Object{Element: adi.ParseElement(a["elementtype"]), ID: a["id"], Code: either("code", "id"),
			ParentCode: a["parentcode"], Verb: adi.ParseVerb(a["action"]), Properties: props}
		known = known && o.Code != ""
		item.Kind, item.Of, item.Object = adi.KindObject, adi.KindObject, o
	case "mapping":
		m := c3.Mapping{Verb: adi.ParseVerb(a["action"]), Parent: adi.ParseElement(a["parenttype"]), Child: adi.ParseElement(a["elementtype"]),
			ParentCode: either("parentcode", "parentid"), ChildCode: either("elementcode", "elementid"), Properties: props}
		known = known && m.Parent != 0 && m.ParentCode != "" && m.ChildCode != ""
		item.Kind, item.Of, item.Mapping = adi.KindMapping, adi.KindMapping, m
	default:
		known = false
	}
	if !known {
		return "fault"
	}
	_, rest, _ := strings.Cut(show(&item), " ")
	return rest
}

// bare takes the lines' numbers and the faults' texts away, which encoding/xml
// cannot tell.
func bare(items []string) (all []string) {
	for _, s := range items {
		_, rest, _ := strings.Cut(s, " ")
		if strings.HasPrefix(rest, "fault ") {
			rest = "fault"
		}
		all = append(all, rest)
	}
	return all
}
