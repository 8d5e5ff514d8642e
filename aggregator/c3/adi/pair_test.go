package adi_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"iptvdc/aggregator/c3"
	"iptvdc/aggregator/c3/adi"
)

func TestOrient(t *testing.T) {
	f := func(parent, child string, wantParent, wantChild string, wantKnown bool) {
		t.Helper()
		m := c3.Mapping{Verb: c3.VerbRegister, Parent: adi.ParseElement(parent), ParentCode: "p", Child: adi.ParseElement(child), ChildCode: "c"}
		got, known := adi.Orient(m)
		want := c3.Mapping{Verb: c3.VerbRegister, Parent: adi.ParseElement(wantParent), ParentCode: "p", Child: adi.ParseElement(wantChild), ChildCode: "c"}
		if wantParent != parent {
			want.ParentCode, want.ChildCode = "c", "p"
		}
		if !cmp.Equal(got, want) || known != wantKnown {
			t.Errorf("%s - %s: %+v, %v", parent, child, got, known)
		}
	}
	f("Picture", "Program", "Program", "Picture", true)
	f("Program", "Picture", "Program", "Picture", true)
	f("Series", "Category", "Category", "Series", true)
	f("Movie", "Program", "Program", "Movie", true)
	f("PhysicalChannel", "Channel", "Channel", "PhysicalChannel", true)
	f("Schedule", "Channel", "Channel", "Schedule", true)
	f("Program", "Package", "Package", "Program", true)
	f("Series", "Series", "Series", "Series", true)
	f("Movie", "Channel", "Movie", "Channel", false)

	// Both ways of writing a pair are one, and turning twice changes nothing.
	for a := c3.ElementProgram; a <= c3.ElementCastRoleMap; a++ {
		for b := c3.ElementProgram; b <= c3.ElementCastRoleMap; b++ {
			one, known := adi.Orient(c3.Mapping{Parent: a, ParentCode: "a", Child: b, ChildCode: "b"})
			two, knownToo := adi.Orient(c3.Mapping{Parent: b, ParentCode: "b", Child: a, ChildCode: "a"})
			if known != knownToo || known && a != b && !cmp.Equal(one, two) {
				t.Errorf("%s and %s: %+v, %+v", adi.ElementName(a), adi.ElementName(b), one, two)
			}
			if again, _ := adi.Orient(one); !cmp.Equal(again, one) {
				t.Errorf("%+v turned to %+v", one, again)
			}
		}
	}
}

func TestNames(t *testing.T) {
	for e := c3.ElementProgram; e <= c3.ElementCastRoleMap; e++ {
		if name := adi.ElementName(e); name == "" || adi.ParseElement(name) != e {
			t.Errorf("element %d is %q", e, name)
		}
	}
	for v := c3.VerbRegister; v <= c3.VerbDelete; v++ {
		if name := adi.VerbName(v); name == "" || adi.ParseVerb(name) != v {
			t.Errorf("verb %d is %q", v, name)
		}
	}
	if adi.ParseElement("") != c3.ElementUnknown || adi.ParseVerb("") != c3.VerbNone || adi.ElementName(200) != "" || adi.VerbName(200) != "" {
		t.Error("what is none has a name")
	}
}
