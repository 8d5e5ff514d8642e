package normal

import (
	"bytes"
	"strings"
	"testing"

	"iptvdc/aggregator/c3"
)

// alone reads a file without the embedded dictionary, a thousand times faster.
func alone(text string) (*Dictionary, error) {
	b := newBuilder()
	lines, faults := parse("own.csv", []byte(text))
	b.faults = faults
	b.add(0, lines)
	return b.build()
}

// FuzzDictionary: a file is refused with a file and line, or what it says holds.
func FuzzDictionary(f *testing.F) {
	f.Add("field,where,code,parent,zh,en,aliases\ngenre,,life,,生活,Life,\ngenre,,tea,life,茶艺,Tea,茶道|茶\n")
	f.Add("provider,,mango,,芒果,Mango,MGTV\nprovider,43:VSPCode,mango,,,,P001|P002\n*,,-,,,,样片\n")
	f.Add("\ufeff# 注释\r\nplace,,europe,,欧洲,Europe,\r\nplace,,XK,europe,科索沃,\"Kosovo, Republic\",KOS\r\n")
	f.Add("genre,,movie,,电影,Movie,\ngenre,,drama,,剧,Drama,\ngenre,,love,movie|drama,爱情,Love,\ngenre,,movie/love,,,,爱情片\n")
	f.Add("genre,,movie/romance,,,,x\ngenre,,?,,,,y\n")
	f.Fuzz(func(t *testing.T, file string) {
		d, err := alone(file)
		if err != nil {
			if d != nil || !strings.HasPrefix(err.Error(), "own.csv:") {
				t.Fatalf("no file and line: %v", err)
			}
			return
		}
		if again, err := alone(file + "\n# and nothing more\n"); err != nil || again.Version() != d.Version() {
			t.Fatalf("read twice: %v", err)
		}
		for field := range Field(NumFields) {
			for _, e := range d.Entries(field) {
				if x := normalised(d, field, e.Code); e.ZH == "" || e.EN == "" || codeOf(x, field) != e.Code {
					t.Fatalf("%s %+v reads as %+v", field, e, x)
				}
			}
		}
	})
}

// FuzzNormalise: any bytes make a title that holds what titles hold.
func FuzzNormalise(f *testing.F) {
	f.Add("科幻,动作,中国大陆,2019", "Genre", "热播/电视剧", "某某(北京)文化，有限公司", "004530", uint8(1))
	f.Add("欧美/法国", "爱情", "--", "ＳＰ０００７", "1:02:03", uint8(2))
	f.Add("Hong Kong, China", "N/A", "[\"动作\",\"电影\"]", "\xff\x00", "90", uint8(4))
	f.Add(strings.Repeat("长 ", 300), strings.Repeat("a/", 300), strings.Repeat("中", 300), strings.Repeat("b", 2000), strings.Repeat("1:", 9), uint8(0))
	d := Default()
	f.Fuzz(func(t *testing.T, country, genre, tags, provider, span string, element uint8) {
		o := c3.Object{Element: c3.Element(element), Code: "x", Properties: []c3.Property{
			{Name: "OriginalCountry", Value: country}, {Name: "Genre", Value: genre}, {Name: "Tags", Value: tags},
			{Name: "Provider", Value: provider}, {Name: "Duration", Value: span}, {Name: "SeriesItemNo", Value: span}, {Name: "Definition", Value: genre},
		}}
		x := d.Normalise(43, &o)
		check(t, d, x)
		if again := d.Normalise(43, &o); !same(again, x) {
			t.Fatalf("%+v, then %+v", x, again)
		}
		u := NewUnknowns(d)
		u.AddTitle(43, &x, 1)
		for _, raw := range []string{country, genre, tags} {
			u.Add(43, Genre, raw, 1)
			u.Add(43, Place, raw, 1)
		}
		var b bytes.Buffer
		if err := WriteLines(&b, u.List(50)); err != nil {
			t.Fatal(err)
		}
	})
}
