package normal

import (
	"bufio"
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"pgregory.net/rapid"

	"iptvdc/aggregator"
	"iptvdc/aggregator/c3"
)

// parseTitle reads the words of a title; _ is a space in a value.
func parseTitle(t testing.TB, words []string) (aggregator.Province, c3.Object) {
	t.Helper()
	p, err := aggregator.ParseProvince(words[0])
	if err != nil {
		t.Fatal(err)
	}
	var o c3.Object
	for _, w := range words[1:] {
		name, value, ok := strings.Cut(w, "=")
		if !ok {
			t.Fatalf("%q is not NAME=value", w)
		}
		o.Properties = append(o.Properties, c3.Property{Name: name, Value: strings.ReplaceAll(value, "_", " ")})
	}
	return p, o
}

func TestScripts(t *testing.T) {
	f, err := os.Open("testdata/dirt.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	d := Default()
	var got string
	wants := 0
	lines := bufio.NewScanner(f)
	for n := 1; lines.Scan(); n++ {
		words := strings.Fields(lines.Text())
		switch {
		case len(words) == 0 || words[0][0] == '#':
		case words[0] == "title":
			p, o := parseTitle(t, words[1:])
			title := d.Normalise(p, &o)
			dash := func(s string) string {
				if s == "" {
					return "-"
				}
				return s
			}
			got = fmt.Sprintf("want genre=%s sub=%s place=%s provider=%s definition=%d", dash(title.Genre), dash(title.SubGenre),
				dash(title.Place), dash(title.Provider), title.Definition)
		case words[0] == "want":
			wants++
			if got != lines.Text() {
				t.Errorf("line %d: %s\n        %s", n, got, lines.Text())
			}
		default:
			t.Fatalf("line %d: %q", n, words[0])
		}
	}
	if wants < 15 {
		t.Errorf("only %d wants", wants)
	}
}

// TestDictionaries: everything has both names, every code and name means itself.
func TestDictionaries(t *testing.T) {
	d := Default()
	if len(d.Places()) < 60 || len(d.Genres()) < 30 {
		t.Errorf("%d places, %d genres", len(d.Places()), len(d.Genres()))
	}
	for _, e := range d.Genres() {
		for _, w := range []string{e.Code, e.ZH, e.EN} {
			if got := d.genres.find(fold(w)); got == nil || got.Code != e.Code {
				t.Errorf("genre %q means %+v, not %s", w, got, e.Code)
			}
		}
	}
	for _, e := range d.Places() {
		for _, w := range []string{e.Code, e.ZH, e.EN} {
			o := c3.Object{Properties: []c3.Property{{Name: "OriginalCountry", Value: w}}}
			if got := d.Normalise(33, &o); got.Place != e.Code {
				t.Errorf("place %q means %+v, not %s", w, got, e.Code)
			}
		}
	}
	for _, genre := range []string{"movie", "drama", "variety", "kids", "documentary", "news", "sport"} {
		if e := d.genres.find(genre); e == nil || e.Code != genre {
			t.Errorf("genre %s: %+v", genre, e)
		}
	}
	if d.Version() == 0 || d.Version() != Default().Version() {
		t.Error("version")
	}
}

// TestOwn: an operator's lines win, and each fault says where and what to write.
func TestOwn(t *testing.T) {
	own := fstest.MapFS{
		GenreFile:    {Data: []byte("\xef\xbb\xbf# ours\r\nmovie,,电影,Movie,大电影\r\nsquare,life,广场舞,Square dance,\n")},
		ProviderFile: {Data: []byte("acme,,Acme,acme tv|爱克米\nacme-zj,33,Acme Zhejiang,acme tv\n")},
		BlankFile:    {Data: []byte("待定\n")},
	}
	d, err := Read(own)
	if err != nil {
		t.Fatal(err)
	}
	f := func(text, genre, provider string) {
		t.Helper()
		p, o := parseTitle(t, strings.Fields(text))
		if got := d.Normalise(p, &o); got.Genre != genre || got.Provider != provider {
			t.Errorf("%s: %s by %s", text, got.Genre, got.Provider)
		}
	}
	f("43 Genre=大电影 Provider=ACME_TV", "movie", "acme")
	f("33 Genre=广场舞 Provider=Acme_TV", "life", "acme-zj")
	f("33 Genre=影片 Provider=待定", "", "") // ours no longer holds: their line of movie has other words
	if d.Version() == Default().Version() {
		t.Error("another dictionary has the same version")
	}

	refuse := func(name, text, want string) {
		t.Helper()
		if _, err := Read(fstest.MapFS{name: {Data: []byte(text)}}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
	refuse(GenreFile, "a,,甲,A,x\nb,,乙,B,x\n", `genre.csv line 2: "x" stands in line 1 too`)
	refuse(GenreFile, "a,nowhere,甲,A,\n", `parent "nowhere" is no genre`)
	refuse(GenreFile, "a,甲\n", "genre.csv line 1: 2 columns; write code,parent,zh,en,alias|alias")
	refuse(PlaceFile, "\n\nZZ,,某地,Somewhere,\n", "place.csv line 3: the region is empty")
	refuse(ProviderFile, "x,99,X,\n", `"99" is no province`)
	refuse(GenreFile, "a,,甲\n\xff\xfe,,\n", "genre.csv line 2: not UTF-8")
	if _, err := Read(fstest.MapFS{GenreFile: {Mode: fs.ModeDir}}); err == nil {
		t.Error("a folder was read as a dictionary")
	}
}

func TestInherit(t *testing.T) {
	d := Default()
	series := d.Normalise(33, &c3.Object{Properties: []c3.Property{{Name: "Genre", Value: "电视剧/古装"}, {Name: "OriginalCountry", Value: "中国"}, {Name: "Provider", Value: "one"}}})
	episode := d.Normalise(33, &c3.Object{Properties: []c3.Property{{Name: "Genre", Value: "-"}, {Name: "OriginalCountry", Value: "韩国"}, {Name: "Duration", Value: "004512"}}})
	got := Inherit(episode, series)
	if got.Genre != "drama" || got.SubGenre != "costume" || got.Place != "KR" || got.Provider != "one" || got.DurationS != 45*60+12 {
		t.Errorf("%+v", got)
	}
}

func TestUnknowns(t *testing.T) {
	d := Default()
	var u Unknowns
	add := func(p aggregator.Province, weight int64, pairs ...string) {
		o := c3.Object{}
		for i := 0; i < len(pairs); i += 2 {
			o.Properties = append(o.Properties, c3.Property{Name: pairs[i], Value: pairs[i+1]})
		}
		title := d.Normalise(p, &o)
		u.Add(p, &title, weight)
	}
	add(33, 10, "Genre", "电视局", "OriginalCountry", "中国")
	add(43, 500, "Genre", "电视局")
	add(33, 20, "Genre", "电影", "OriginalCountry", "火星")
	add(33, 1000, "Genre", "--", "OriginalCountry", "未知")
	all := u.List(d)
	if len(all) != 2 || all[0].Raw != "电视局" || all[0].Weight != 510 || all[0].Titles != 2 || all[0].Near != "drama" || len(all[0].Provinces) != 2 || all[1].Raw != "火星" {
		t.Errorf("%+v", all)
	}
	var b bytes.Buffer
	if err := Print(&b, all); err != nil {
		t.Fatal(err)
	}
	// What it prints can be pasted, once region and code are filled in.
	if !strings.Contains(b.String(), "drama,,电视局,电视局,") {
		t.Error(b.String())
	}
}

// TestFold: folding twice is folding once.
func TestFold(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.String().Draw(t, "text")
		if once := fold(s); fold(once) != once {
			t.Fatalf("%q, %q, %q", s, once, fold(once))
		}
	})
	if got := fold("　Ｈｏｎｇ　 Kong "); got != "hong kong" {
		t.Errorf("%q", got)
	}
}

func FuzzDictionary(f *testing.F) {
	f.Add(GenreFile, []byte("movie,,电影,Movie,影片|film\naction,*,动作,Action,"))
	f.Add(PlaceFile, []byte("CN,mainland,中国,China,大陆"))
	f.Add(ProviderFile, []byte("acme,33,Acme,爱克米"))
	f.Add(BlankFile, []byte("#\n-\n"))
	f.Fuzz(func(t *testing.T, name string, text []byte) {
		if name != GenreFile && name != PlaceFile && name != ProviderFile && name != BlankFile {
			return
		}
		d, err := Read(fstest.MapFS{name: {Data: text}})
		if err != nil {
			return
		}
		for _, e := range d.Genres() {
			if got := d.genres.find(fold(e.Code)); got == nil {
				t.Fatalf("%q is not found", e.Code)
			}
		}
	})
}

func FuzzNormalise(f *testing.F) {
	f.Add("电影|动作", "中国/美国", "acme")
	f.Add("Genre", "--", "null")
	f.Add("\xff,，", "　", "\x00")
	d := Default()
	f.Fuzz(func(t *testing.T, genre, place, provider string) {
		o := c3.Object{Properties: []c3.Property{{Name: "Genre", Value: genre}, {Name: "OriginalCountry", Value: place}, {Name: "Provider", Value: provider}}}
		got := d.Normalise(33, &o)
		if got.SubGenre != "" && got.Genre == "" {
			t.Fatalf("a sub-genre without a genre: %+v", got)
		}
		// A normal value means itself.
		o = c3.Object{Properties: []c3.Property{{Name: "Genre", Value: got.Genre}, {Name: "OriginalCountry", Value: got.Place}}}
		if again := d.Normalise(33, &o); again.Genre != got.Genre || again.Place != got.Place {
			t.Fatalf("%+v, then %+v", got, again)
		}
	})
}

func BenchmarkNormalise(b *testing.B) {
	d := Default()
	o := c3.Object{Properties: []c3.Property{{Name: "Name", Value: "某剧"}, {Name: "Genre", Value: "电视剧/古装"}, {Name: "OriginalCountry", Value: "中国大陆"},
		{Name: "ContentProvider", Value: "acme"}, {Name: "DefinitionFlag", Value: "1"}, {Name: "Duration", Value: "00451200"}}}
	for b.Loop() {
		d.Normalise(33, &o)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "objects/s")
}
