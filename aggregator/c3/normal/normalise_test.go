package normal

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"iptvdc/aggregator"
	"iptvdc/aggregator/c3"
)

// drawValue draws what may stand in a property: known values, placeholders and
// noise between separators of any kind.
func drawValue(t *rapid.T) string {
	word := rapid.SampledFrom([]string{
		"电影", "电视剧", "爱情", "动作", "古装", "真人秀", "Movie", "drama/romance", "历史", "新闻", "国产剧",
		"中国", "香港", "美国", "Hong Kong", "usa", "欧美", "港台", "IT", "CN", "中", "其他", "-", "未知", "null", "Genre",
		"热播", "2019", "优酷", "SP0007", "1080P", "0", "1", "3", "ＨＤ", "…", "made in", "é", "\u200b", "\xff",
	})
	gap := rapid.SampledFrom([]string{"/", ",", "，", "、", ";", "；", "|", "·", " ", "　", "", "(", " / "})
	s := ""
	for range rapid.IntRange(0, 6).Draw(t, "words") {
		s += word.Draw(t, "word") + gap.Draw(t, "gap")
	}
	return s
}

func drawObject(t *rapid.T) *c3.Object {
	o := &c3.Object{
		Element: rapid.SampledFrom([]c3.Element{c3.ElementProgram, c3.ElementSeries, c3.ElementMovie, c3.ElementChannel}).Draw(t, "element"),
		Code:    "x",
	}
	name := rapid.SampledFrom(append([]string{"Description", "PosterType"}, slotNames[1:]...))
	for range rapid.IntRange(0, 12).Draw(t, "properties") {
		o.Properties = append(o.Properties, c3.Property{Name: name.Draw(t, "name"), Value: drawValue(t)})
	}
	return o
}

// check holds a title to what every title keeps.
func check(t interface{ Fatalf(string, ...any) }, d *Dictionary, x Title) {
	for f := range Field(NumFields) {
		code := codeOf(x, f)
		if (code == "") != x.Unknown.Has(f) && !(f == Genre && x.Genre == "" && x.SubGenre == "") {
			t.Fatalf("%s is %q, unknown %v: %+v", f, code, x.Unknown.Has(f), x)
		}
		if _, ok := d.LookUp(f, code); code != "" && !ok && !(f == Provider && x.Unlisted) {
			t.Fatalf("%s %q is in no dictionary: %+v", f, code, x)
		}
	}
	if sub, ok := d.LookUp(Genre, x.SubGenre); ok && !x.Inherited.Has(Genre) && !slices.Contains(sub.Parents, x.Genre) {
		t.Fatalf("%s below %s: %+v", x.SubGenre, x.Genre, x)
	}
	if (x.Place == "") != (len(x.Places) == 0) || x.Place != "" && x.Places[0] != x.Place {
		t.Fatalf("place %q of %q", x.Place, x.Places)
	}
	if one := x.PlacesBy(First); len(one) > 1 || len(one) == 1 && one[0] != x.Place || (x.Place == "") != (len(one) == 0) {
		t.Fatalf("first place %q of %q", one, x.Places)
	}
	if unique := slices.Compact(slices.Sorted(slices.Values(x.Places))); len(unique) != len(x.Places) {
		t.Fatalf("places %q", x.Places)
	}
	if x.Unlisted && x.Provider == "" || x.Guessed && x.Genre == "" || x.DurationS < 0 || x.EpisodeNo < 0 {
		t.Fatalf("%+v", x)
	}
}

func TestEveryTitle(t *testing.T) {
	d := Default()
	rapid.Check(t, func(t *rapid.T) {
		o := drawObject(t)
		before := slices.Clone(o.Properties)
		x := d.Normalise(43, o)
		check(t, d, x)
		if !slices.Equal(before, o.Properties) {
			t.Fatalf("the object was changed")
		}
		if again := d.Normalise(43, o); !same(x, again) {
			t.Fatalf("once %+v, then %+v", x, again)
		}
		// What came out, sent again as a province would, comes out again.
		back := &c3.Object{Element: o.Element, Code: o.Code, Properties: []c3.Property{
			{Name: "Name", Value: x.Name}, {Name: "Genre", Value: strings.Trim(x.Genre+"/"+x.SubGenre, "/")},
			{Name: "OriginalCountry", Value: strings.Join(x.Places, "/")}, {Name: "Provider", Value: x.Provider},
			{Name: "Definition", Value: x.Definition}, {Name: "Director", Value: x.Director},
		}}
		y := d.Normalise(43, back)
		y.DurationS, y.EpisodeNo, y.Raw, y.Guessed = x.DurationS, x.EpisodeNo, x.Raw, x.Guessed
		if !same(x, y) {
			t.Fatalf("normalised again\n%+v, first\n%+v", y, x)
		}
	})
}

func TestInherit(t *testing.T) {
	d := Default()
	rapid.Check(t, func(t *rapid.T) {
		e, s := d.Normalise(0, drawObject(t)), d.Normalise(0, drawObject(t))
		x := Inherit(e, s)
		check(t, d, x)
		if again := Inherit(x, s); !same(x, again) {
			t.Fatalf("inherited once %+v, twice %+v", x, again)
		}
		for f := range Field(NumFields) {
			switch {
			case x.Unknown.Has(f) != (e.Unknown.Has(f) && s.Unknown.Has(f)):
				t.Fatalf("%s unknown: episode %v, series %v, then %v", f, e.Unknown.Has(f), s.Unknown.Has(f), x.Unknown.Has(f))
			case !e.Unknown.Has(f) && !(f == Genre && (e.Guessed || e.SubGenre == "")) && codeOf(x, f) != codeOf(e, f):
				t.Fatalf("%s was %q, now %q", f, codeOf(e, f), codeOf(x, f))
			}
		}
		if x.Raw != e.Raw || x.Code != e.Code || x.Name != e.Name {
			t.Fatalf("%+v of %+v", x, e)
		}
	})
}

// TestOrderOfProperties: only the table of sources says which is believed.
func TestOrderOfProperties(t *testing.T) {
	d := Default()
	rapid.Check(t, func(t *rapid.T) {
		o := drawObject(t)
		seen := map[string]bool{}
		o.Properties = slices.DeleteFunc(o.Properties, func(p c3.Property) bool {
			twice := seen[p.Name]
			seen[p.Name] = true
			return twice
		})
		want := d.Normalise(0, o)
		o.Properties = rapid.Permutation(o.Properties).Draw(t, "order")
		if got := d.Normalise(0, o); !same(got, want) {
			t.Fatalf("in another order %+v, first %+v", got, want)
		}
	})
}

func TestFold(t *testing.T) {
	f := func(s, want string, words int) {
		t.Helper()
		var x, again text
		x.fold(s)
		if string(x.whole()) != want || x.words != words {
			t.Errorf("fold(%q) = %q of %d words, want %q of %d", s, x.whole(), x.words, want, words)
		}
		if again.fold(string(x.whole())); string(again.whole()) != want {
			t.Errorf("fold(%q) = %q", want, again.whole())
		}
		for _, w := range x.word[:x.words] {
			again.fold(s[w.rawFrom:w.rawTo])
			if got := string(x.buf[w.from:w.to]); string(again.whole()) != got {
				t.Errorf("%q: word %q stands at %q", s, got, s[w.rawFrom:w.rawTo])
			}
		}
	}
	f("", "", 0)
	f(" - ", "", 0)
	f("ＵＳＡ", "usa", 1)
	f("U.S.A.", "usa", 1)
	f("Hong  Kong", "hong kong", 2)
	f("中国·香港", "中国香港", 2)
	f("中国/香港", "中国,香港", 2)
	f("/中国/ 香港 /", "中国,香港", 2)
	f("Sci-Fi", "sci fi", 2)
	f("(動作)ACTION", "動作action", 2)
	f("Türkiye", "türkiye", 1)
	f("a\u200bb", "ab", 1)
	f("\xff\xfe", "", 0)
	f("K", "k", 1) // the sign of kelvin
	f(strings.Repeat("长", 300), "", 0)
	f(strings.Repeat("长", 100)+" "+strings.Repeat("短", 100), strings.Repeat("长", 100), 1)
	f(strings.Repeat("a ", 100), strings.TrimSpace(strings.Repeat("a ", maxWords)), maxWords)
}

func TestTrim(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.StringOf(rapid.SampledFrom([]rune("ab中鿿 \t\n\u0085\u00a0\u1680\u2000\u2003\u200a\u2028\u202f\u205f\u3000、…é"))).Draw(t, "s")
		if trim(s) != strings.TrimSpace(s) {
			t.Fatalf("trim(%q) = %q", s, trim(s))
		}
	})
}

func TestNormaliseIsSafeForConcurrentUse(t *testing.T) {
	d := Default()
	o := program()
	want := d.Normalise(43, &o)
	done := make(chan string)
	for range 4 {
		go func() {
			fault := ""
			for range 200 {
				if got := d.Normalise(43, &o); !same(got, want) {
					fault = fmt.Sprintf("%+v, want %+v", got, want)
				}
			}
			done <- fault
		}()
	}
	for range 4 {
		if fault := <-done; fault != "" {
			t.Error(fault)
		}
	}
}

// program is an object as large as those of a real catalogue.
func program() c3.Object {
	o := c3.Object{Element: c3.ElementProgram, ID: "1", Code: "mv2024010112345000"}
	for _, p := range [...][2]string{
		{"Name", "流浪地球"}, {"OrderNumber", "0"}, {"OriginalName", "流浪地球"}, {"SortName", "LLDQ"}, {"SearchName", "LLDQ"},
		{"Genre", "科幻/动作/灾难"}, {"ActorDisplay", "屈楚萧,吴京,李光洁"}, {"WriterDisplay", "郭帆"}, {"OriginalCountry", "中国大陆 / 美国"},
		{"Language", "国语"}, {"ReleaseYear", "2019"}, {"OrgAirDate", "20190205"}, {"LicensingWindowStart", "20190301000000"},
		{"LicensingWindowEnd", "20290301000000"}, {"DisplayAsNew", "0"}, {"DisplayAsLastChance", "0"}, {"Macrovision", "0"},
		{"Description", strings.Repeat("近未来，科学家们发现太阳急速衰老膨胀。", 8)}, {"Status", "1"}, {"SourceType", "1"}, {"SeriesFlag", "0"},
		{"Type", "0"}, {"Keywords", "太空,地球"}, {"Tags", "热播,院线"}, {"DefinitionFlag", "3"}, {"Duration", "020500"}, {"ContentProvider", "中影"},
	} {
		o.Properties = append(o.Properties, c3.Property{Name: p[0], Value: p[1]})
	}
	return o
}

func BenchmarkNormalise(b *testing.B) {
	d := Default()
	o := program()
	b.ReportAllocs()
	for b.Loop() {
		d.Normalise(aggregator.Province(43), &o)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "objects/s")
}

func BenchmarkNormaliseUnknown(b *testing.B) {
	d := Default()
	o := program()
	for i := range o.Properties {
		if slotOf(o.Properties[i].Name) != slotNone {
			o.Properties[i].Value = "甲乙 丙丁/some words here,戊己"
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		d.Normalise(aggregator.Province(43), &o)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "objects/s")
}

func BenchmarkLoad(b *testing.B) {
	for b.Loop() {
		if _, err := Load(nil); err != nil {
			b.Fatal(err)
		}
	}
}
