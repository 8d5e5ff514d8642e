package adi_test

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"iptvdc/aggregator/c3"
	"iptvdc/aggregator/c3/adi"
	"iptvdc/aggregator/c3/charset"
)

var update = flag.Bool("update", false, "write what is read into testdata/*.txt")

// TestExamples reads each testdata/NAME.xml and expects NAME.txt, however the
// bytes are cut.
func TestExamples(t *testing.T) {
	for _, path := range examples(t) {
		t.Run(filepath.Base(path), func(t *testing.T) {
			in := load(t, path)
			got := read(bytes.NewReader(in))
			expected := strings.TrimSuffix(path, ".xml") + ".txt"
			if *update {
				if err := os.WriteFile(expected, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want := strings.ReplaceAll(string(load(t, expected)), "\r\n", "\n")
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("want -, got +\n%s", diff)
			}
			if got := read(iotest.OneByteReader(bytes.NewReader(in))); got != want {
				t.Errorf("byte by byte:\n%s", cmp.Diff(want, got))
			}
		})
	}
}

func examples(t testing.TB) []string {
	t.Helper()
	paths, err := filepath.Glob("testdata/*.xml")
	if err != nil || len(paths) < 10 {
		t.Fatalf("%d examples, %v", len(paths), err)
	}
	return paths
}

func load(t testing.TB, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// quick has the smallest buffer there is: most of the time of a reader of a small
// file goes into making it.
var quick = adi.Limits{Field: 16 << 10}

// read shows a file as a person can check it.
func read(src io.Reader) string {
	var out strings.Builder
	r := adi.NewReader(charset.NewReader(src, charset.Auto, ""), quick)
	for {
		item, err := r.Next()
		if err != nil {
			fmt.Fprintln(&out, showEnd(err))
			return out.String()
		}
		out.WriteString(show(item))
	}
}

func showEnd(err error) string {
	var refused *adi.FileError
	switch {
	case err == io.EOF:
		return "end"
	case errors.As(err, &refused):
		return "refused " + showFault(refused.Fault)
	}
	return "failed " + err.Error()
}

func showFault(f c3.Fault) string {
	return fmt.Sprintf("%s in line %d, field %q: %s\n    raw %q", f.Code, f.Line, f.Field, f.Text, f.Raw)
}

func show(item *adi.Item) string {
	var out strings.Builder
	fmt.Fprintf(&out, "%d ", item.Line)
	switch item.Kind {
	case adi.KindHeader:
		fmt.Fprintf(&out, "header %+v\n", item.Header)
	case adi.KindFault:
		fmt.Fprintln(&out, "fault", showFault(item.Fault))
	}
	switch item.Of {
	case adi.KindObject:
		o := item.Object
		fmt.Fprintf(&out, "  object %s %q code=%q id=%q parent=%q\n", adi.VerbName(o.Verb), adi.ElementName(o.Element), o.Code, o.ID, o.ParentCode)
		showProperties(&out, o.Properties)
	case adi.KindMapping:
		m := item.Mapping
		fmt.Fprintf(&out, "  mapping %s %q %q - %q %q\n", adi.VerbName(m.Verb), adi.ElementName(m.Parent), m.ParentCode, adi.ElementName(m.Child), m.ChildCode)
		showProperties(&out, m.Properties)
	}
	return out.String()
}

func showProperties(out io.Writer, all []c3.Property) {
	for _, p := range all {
		language := ""
		if p.Language != "" {
			language = " [" + p.Language + "]"
		}
		fmt.Fprintf(out, "    %s%s = %q\n", p.Name, language, p.Value)
	}
}

// TestTruncatedAnywhere: whatever byte a file ends at, it does not look whole.
func TestTruncatedAnywhere(t *testing.T) {
	for _, path := range examples(t) {
		in := bytes.TrimRight(load(t, path), "\r\n\x00")
		if !strings.HasSuffix(read(bytes.NewReader(in)), "\nend\n") {
			continue
		}
		tail := bytes.LastIndexByte(in, '>') // in UTF-16 a byte may follow
		for n := range tail {
			got := read(bytes.NewReader(in[:n]))
			if strings.HasSuffix(got, "\nend\n") || n > len("\xef\xbb\xbf") && strings.Contains(got, "malformed") {
				t.Fatalf("%s, cut at %d of %d:\n%s", path, n, len(in), got)
			}
		}
	}
}

// next reads up to the first error.
func next(r *adi.Reader) (items []string, err error) {
	for {
		item, err := r.Next()
		if err != nil {
			return items, err
		}
		items = append(items, show(item))
	}
}

func refusal(t *testing.T, err error) string {
	t.Helper()
	var refused *adi.FileError
	if !errors.As(err, &refused) {
		t.Fatalf("not refused: %v", err)
	}
	return refused.Fault.Code
}

// TestRefused are files that are no XML, or not what we take.
func TestRefused(t *testing.T) {
	f := func(in, code string) {
		t.Helper()
		_, err := next(adi.NewReader(strings.NewReader(in), adi.Limits{}))
		if err == io.EOF {
			t.Fatalf("%q is taken", in)
		}
		if got := refusal(t, err); got != code {
			t.Errorf("%q: %s, want %s", in, got, code)
		}
	}
	f("", c3.FaultEmpty)
	f(" \r\n\t", c3.FaultEmpty)
	f("<!-- nothing -->", c3.FaultEmpty)
	f("<?xml version='1.0'?>", c3.FaultEmpty)
	f("hello", c3.FaultMalformed)
	f("<ADI>", c3.FaultTruncated)
	f("<ADI", c3.FaultTruncated)
	f("<", c3.FaultTruncated)
	f("<ADI><Objects/></ADI", c3.FaultTruncated)
	f("<ADI></ADI>x", c3.FaultMalformed)
	f("<ADI></ADI><ADI></ADI>", c3.FaultMalformed)
	f("<ADI></ADI></ADI>", c3.FaultMalformed)
	f("<ADI></ADI><![CDATA[ ]]>", c3.FaultMalformed)
	f("<ADI><a></b></ADI>", c3.FaultMalformed)
	f("<ADI><a b></a></ADI>", c3.FaultMalformed)
	f("<ADI><a b=c></a></ADI>", c3.FaultMalformed)
	f("<ADI><a b='<'></a></ADI>", c3.FaultMalformed)
	f("<ADI><a b='c></a></ADI>", c3.FaultMalformed) // the quote is missing
	f("<ADI><a / ></a></ADI>", c3.FaultMalformed)
	f("<ADI>1 < 2</ADI>", c3.FaultMalformed)
	f("<ADI></ADI x='1'>", c3.FaultMalformed)
	f("<ADI><></></ADI>", c3.FaultMalformed)
	f("<!DOCTYPE ADI><ADI/>", c3.FaultMalformed)
	f("<ADI><!ENTITY a 'b'></ADI>", c3.FaultMalformed)
	f("<ADI><!-- </ADI>", c3.FaultTruncated)
	f("<ADI><![CDATA[ </ADI>", c3.FaultTruncated)
	f("<ADI><![CDA", c3.FaultTruncated)
	f("<ADI><?php </ADI>", c3.FaultTruncated)
	f("<"+strings.Repeat("a", 2000)+"/>", c3.FaultMalformed)
	f("<Wrong/>", c3.FaultMalformed)
}

func TestErrorsStay(t *testing.T) {
	r := adi.NewReader(strings.NewReader("<ADI>"), adi.Limits{})
	_, first := next(r)
	if _, again := r.Next(); again != first || first == nil {
		t.Errorf("%v, then %v", first, again)
	}
	r = adi.NewReader(strings.NewReader("<ADI/>"), adi.Limits{})
	items, err := next(r)
	if _, again := r.Next(); err != io.EOF || again != io.EOF || len(items) != 1 {
		t.Errorf("%v, %v, then %v", items, err, again)
	}
}

// TestSourceFails: an error of the disk is not the province's fault.
func TestSourceFails(t *testing.T) {
	broken := errors.New("disk")
	whole := load(t, "testdata/full.xml")
	for n := range len(whole) - 7 {
		src := io.MultiReader(bytes.NewReader(whole[:n]), iotest.ErrReader(broken))
		if _, err := next(adi.NewReader(src, quick)); !errors.Is(err, broken) {
			t.Fatalf("after %d bytes: %v", n, err)
		}
	}
}

// TestStringsMayBeKept: strings may be kept, as the Item's contract says.
func TestStringsMayBeKept(t *testing.T) {
	r := adi.NewReader(bytes.NewReader(load(t, "testdata/full.xml")), adi.Limits{})
	var kept []string
	for {
		item, err := r.Next()
		if err != nil {
			break
		}
		for _, p := range item.Object.Properties {
			kept = append(kept, p.Value)
		}
	}
	if want := "山海旧事"; len(kept) < 5 || kept[0] != want {
		t.Errorf("%q", kept)
	}
}
