package normal

import (
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"iptvdc/aggregator/c3"
)

func same(a, b Title) bool { return reflect.DeepEqual(a, b) }

// load reads an operator's file over the embedded dictionary.
func load(text string) (*Dictionary, error) {
	return Load(fstest.MapFS{"own.csv": {Data: []byte(text)}})
}

// carrier is the property and object that carry a field's value.
var carrier = [NumFields]string{Genre: "Genre", Place: "OriginalCountry", Provider: "Provider", Definition: "Definition"}

func normalised(d *Dictionary, f Field, value string) Title {
	return d.Normalise(0, &c3.Object{Element: c3.ElementProgram, Code: "x", Properties: []c3.Property{{Name: carrier[f], Value: value}}})
}

// codeOf is the code a title has in a field: of a genre that of the sub-genre,
// if there is one.
func codeOf(t Title, f Field) string {
	switch f {
	case Genre:
		if t.SubGenre != "" {
			return t.SubGenre
		}
		return t.Genre
	case Place:
		return t.Place
	case Provider:
		return t.Provider
	}
	return t.Definition
}

func TestDefault(t *testing.T) {
	d := Default()
	for f := range Field(NumFields) {
		for _, e := range d.Entries(f) {
			if e.ZH == "" || e.EN == "" {
				t.Errorf("%s %s: titles %q, %q", f, e.Code, e.ZH, e.EN)
			}
			if got, ok := d.LookUp(f, e.Code); !ok || !reflect.DeepEqual(got, e) {
				t.Errorf("LookUp(%s, %s) = %+v, %v", f, e.Code, got, ok)
			}
			for _, spelling := range []string{e.Code, e.ZH, e.EN, strings.ToUpper(e.Code), " " + e.ZH + "\t"} {
				got := normalised(d, f, spelling)
				if codeOf(got, f) != e.Code || got.Unknown.Has(f) || got.Unlisted {
					t.Errorf("%s %s written %q reads as %q", f, e.Code, spelling, codeOf(got, f))
				}
			}
		}
	}
	countries := 0
	for _, e := range d.Entries(Place) {
		capital := len(e.Code) == 2 && e.Code == strings.ToUpper(e.Code)
		if capital != (len(e.Parents) == 1) {
			t.Errorf("place %s below %v: countries have two capitals and a region", e.Code, e.Parents)
		}
		if capital {
			countries++
		}
	}
	if countries < 60 {
		t.Errorf("%d countries", countries)
	}
	for _, fleet := range []string{"movie", "drama", "variety", "kids", "documentary", "news", "sport"} {
		if e, ok := d.LookUp(Genre, fleet); !ok || len(e.Parents) > 0 {
			t.Errorf("genre %s of the simulated fleet: %+v, %v", fleet, e, ok)
		}
	}
}

// TestNormalIsNormal: what comes of a value comes of the result too, for every
// alias there is.
func TestNormalIsNormal(t *testing.T) {
	d := Default()
	for f := range Field(NumFields) {
		n := 0
		for alias, want := range d.field[f].all {
			n++
			once := normalised(d, f, alias)
			if want.entry < 0 {
				if !once.Unknown.Has(f) || once.Raw[f] != alias {
					t.Errorf("%s %q: %+v, want unknown", f, alias, once)
				}
				continue
			}
			e := d.field[f].entries[want.entry]
			if codeOf(once, f) != e.Code {
				t.Errorf("%s %q reads as %q, want %s", f, alias, codeOf(once, f), e.Code)
			}
			value := codeOf(once, f)
			if f == Genre && once.SubGenre != "" {
				value = once.Genre + "/" + once.SubGenre
			}
			twice := normalised(d, f, value)
			if codeOf(twice, f) != codeOf(once, f) || twice.Genre != once.Genre && f == Genre || twice.Region != once.Region && f == Place {
				t.Errorf("%s %q gives %+v, and %q gives %+v", f, alias, once, value, twice)
			}
		}
		if n == 0 {
			t.Errorf("no %s", f)
		}
	}
}

// TestOrderSaysNothing: lines and aliases in any order and in several files make
// the same dictionary.
func TestOrderSaysNothing(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	lines := []string{
		"genre,,tea,life|variety,茶艺,Tea,茶道|茶|功夫茶",
		"genre,,tea,,,,茶叶",
		"genre,,variety/tea,,,,茶艺大赛|斗茶",
		"place,,XK,europe,科索沃,Kosovo,KOS",
		"provider,43,mango,,,,P001|P002|P003",
		"provider,VSPCode,mango,,,,77|78",
		"genre,43:Type,kids,,,,3|4",
		"*,,-,,,,样片|片样",
	}
	want, err := load(strings.Join(lines, "\n"))
	if err != nil {
		t.Fatal(err)
	}
	if want.Version() == Default().Version() {
		t.Fatal("an operator's lines leave the version as it was")
	}
	for range 10 {
		files := fstest.MapFS{}
		r.Shuffle(len(lines), func(i, j int) { lines[i], lines[j] = lines[j], lines[i] })
		for _, l := range lines {
			head, aliases := l[:strings.LastIndex(l, ",")+1], list(l[strings.LastIndex(l, ",")+1:])
			r.Shuffle(len(aliases), func(i, j int) { aliases[i], aliases[j] = aliases[j], aliases[i] })
			name := string(rune('a'+r.IntN(3))) + ".csv"
			var text []byte
			if f := files[name]; f != nil {
				text = f.Data
			}
			files[name] = &fstest.MapFile{Data: append(text, head+strings.Join(aliases, "|")+"\n"...)}
		}
		got, err := Load(files)
		if err != nil {
			t.Fatal(err)
		}
		if got.Version() != want.Version() || !reflect.DeepEqual(got, want) {
			t.Fatalf("another dictionary in another order: %v", files)
		}
	}
}

func TestVersionIsOfWhatIsSaid(t *testing.T) {
	f := func(text string, changes bool) {
		t.Helper()
		d, err := load(text)
		if err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		if (d.Version() != Default().Version()) != changes {
			t.Errorf("%q: version %s, embedded %s", text, d.Version(), Default().Version())
		}
	}
	f("", false)
	f("# nothing\n\n", false)
	f("genre,,movie,,,,电影\n", false)
	f("\ufeff\"# a note, kept by a spreadsheet\",,,,,,\r\nfield,where,code,parent,zh,en,aliases\r\ngenre,,movie,,,,电影\r\n,,,,,,\r\n", false)
	f("genre,,movie,,,,老好片", true)
	f("genre,,movie,,影片集,,", true)
	f("genre,33,movie,,,,电影", true)
}

func TestFaults(t *testing.T) {
	f := func(text, want string) {
		t.Helper()
		d, err := load(text)
		if err == nil || d != nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
	f("# ok\ngenre,,movie,,,", "own.csv:2: 6 columns, want 7")
	f("genre,,movie,,,,x,y", "own.csv:1: 8 columns, want 7")
	f("genres,,movie,,,,x", `own.csv:1: no field "genres"`)
	f("genre,,nowhere,,,,x", `own.csv:1: no genre "nowhere"; a new one needs`)
	f("genre,,new,,新,,x", `own.csv:1: no genre "new"`)
	f("genre,,?,,,,x", "own.csv:1: a code is missing")
	f("genre,,,,,,x", "own.csv:1: a code is missing")
	f("*,,movie,,,,x", "own.csv:1: * goes with the code -")
	f("genre,,-,movie,,,x", "own.csv:1: what says nothing has neither")
	f("genre,99,movie,,,,x", "own.csv:1: \"99\" is not a province's code")
	f("genre,Color,movie,,,,x", `own.csv:1: genre is not read from property "Color"`)
	f("genre,43:,movie,,,,x", "own.csv:1: genre is not read from property")
	f("place,Keywords,CN,,,,x", "own.csv:1: place is not read from")
	f("genre,43,movie,,,,", "own.csv:1: a line with \"where\" needs aliases")
	f("genre,,movie,,,,---", "own.csv:1: \"---\" has no letter")
	f("genre,,movie,,,,"+strings.Repeat("长", 200), "is too long")
	f("genre,,a b+c,,新,New,", "is no code")
	f("place,,a/b,,新,New,", "only genres have codes of two levels")
	f("genre,,movie/romance,,新,,", "belong to the line of")
	f("genre,,movie/nowhere,,,,x", `no genre "nowhere"`)
	f("genre,,nowhere/romance,,,,x", `no genre "nowhere"`)
	f("genre,,news/romance,,,,x", "own.csv:1: romance does not stand below news")
	f("genre,,new,nowhere,新,New,", `own.csv:1: new: no parent "nowhere"`)
	f("genre,,new,new,新,New,", "own.csv:1: new is its own parent")
	f("genre,,new,romance,新,New,", "has a parent itself")
	f("place,,XK,europe|asia,科索沃,Kosovo,", "own.csv:1: a place has one parent")
	f("provider,,p,mango,新,New,", "own.csv:1: a provider has no parent")
	f("genre,,movie,,,,\"x", "own.csv:1:")
	f("genre,,movie,,,,x\x00", "own.csv:1: a control character in column aliases")
	f("# 1\ngenre,,movie,,,,\xb5\xe7", "own.csv:2: not UTF-8")
	// Lines that contradict each other, or themselves.
	f("genre,,movie,,,,剧\ngenre,,drama,,,,剧", `own.csv:2: "剧" leads to drama here and to movie in own.csv:1`)
	f("genre,,movie,,,,剧\n*,,-,,,,剧", `own.csv:2: "剧" leads to nothing here and to movie in own.csv:1`)
	f("genre,,movie,,,,动作\ngenre,,action,,,,动作", `own.csv:2: "动作" leads to action here and to movie in own.csv:1`)
	f("genre,,movie,,甲,,\ngenre,,movie,,乙,,", `own.csv:2: movie has title "乙" here and "甲" in own.csv:1`)
	f("genre,,movie,,,,drama", `own.csv:1: "drama" is the code of another genre in genre.csv`)
	f("genre,43,movie,,,,drama", `"drama" is the code of another genre in genre.csv`)
	f("genre,,-,,,,drama", `"drama" is the code of another genre`)
	f("genre,,Sci_Fi,movie,硬科幻,Hard,", `reads the same as code "sci-fi"`)
	// All faults are told, in their order, up to a limit.
	_, err := load("genre,,x,,,,a\ngenres,,,,,,\ngenre,,y,,,,b")
	if got := strings.Split(err.Error(), "\n"); len(got) != 3 || !strings.HasPrefix(got[1], "own.csv:2:") {
		t.Errorf("faults: %q", got)
	}
	_, err = load(strings.Repeat("genre,,x,,,,a\n", MaxFaults+9))
	if got := strings.Split(err.Error(), "\n"); len(got) != MaxFaults+1 || got[MaxFaults] != "and 9 faults more" {
		t.Errorf("%d faults, the last %q", len(got), got[len(got)-1])
	}
}

func TestOtherFilesAreLeftAlone(t *testing.T) {
	d, err := Load(fstest.MapFS{
		"README.md": {Data: []byte("x")}, "._own.csv": {Data: []byte("x")}, "~own.csv": {Data: []byte("x")},
		"sub/own.csv": {Data: []byte("x")}, "OWN.CSV": {Data: []byte("genre,,movie,,,,老好片")},
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := normalised(d, Genre, "老好片"); got.Genre != "movie" {
		t.Errorf("OWN.CSV was not read: %+v", got)
	}
}

// TestCallersCopies: nothing that is handed out leads into the dictionary.
func TestCallersCopies(t *testing.T) {
	d := Default()
	all := d.Entries(Genre)
	i := slices.IndexFunc(all, func(e Entry) bool { return e.Code == "romance" })
	all[i].Parents[0] = "broken"
	all[i].Code = "broken"
	e, _ := d.LookUp(Genre, "romance")
	e.Parents[0] = "broken"
	if e, ok := d.LookUp(Genre, "romance"); !ok || e.Parents[0] != "movie" {
		t.Errorf("%+v, %v", e, ok)
	}
}
