package normal

import (
	"bytes"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"iptvdc/aggregator"
	"iptvdc/aggregator/c3"
)

const hour = 3_600_000

func TestUnknowns(t *testing.T) {
	d := Default()
	u := NewUnknowns(d)
	add := func(province uint8, f Field, raw string, hours int64) {
		u.Add(aggregator.Province(province), f, raw, hours*hour)
	}
	add(43, Genre, "爱情片子/电影, 热播大戏", 30)
	add(33, Genre, "爱情片子", 20)
	add(33, Genre, "Elvish Kingdom/电影", 7)
	add(33, Genre, "其他", 99)
	add(33, Genre, "电影", 99)
	add(33, Genre, "--", 99)
	add(33, Place, "美国 瓦坎达", 40)
	add(33, Place, "United Sates", 3)
	add(33, Provider, "某某(北京)文化，有限公司", 2)
	add(33, Provider, "SP0007", 1)
	add(33, Provider, "优酷|视频", 1)
	u.AddTitle(43, &Title{Unknown: Set(0).with(Genre), Raw: [NumFields]string{Genre: "热播大戏"}}, hour)

	var b bytes.Buffer
	if err := WriteLines(&b, u.List(100)); err != nil {
		t.Fatal(err)
	}
	want := `# 50.0 h, 2 titles, in 43 33; near 爱情片
genre,,movie/romance,,,,爱情片子
# 40.0 h, 1 titles, in 33
place,,?,,,,瓦坎达
# 31.0 h, 2 titles, in 43
genre,,?,,,,热播大戏
# 7.0 h, 1 titles, in 33
genre,,?,,,,Elvish Kingdom
# 3.0 h, 1 titles, in 33; near united states
place,,US,,,,United Sates
# 2.0 h, 1 titles, in 33
provider,,?,,,,某某(北京)文化，有限公司
# 1.0 h, 1 titles, in 33
provider,,SP0007,,SP0007,SP0007,
# 1.0 h, 1 titles, in 33; near 优酷视频
provider,,youku,,,,"优酷,视频"
`
	if got := b.String(); got != want {
		t.Errorf("lines:\n%swant:\n%s", got, want)
	}

	// The lines can be pasted once the operator replaced the question marks.
	if _, err := load(b.String()); err == nil || strings.Count(err.Error(), "a code is missing") != 4 {
		t.Errorf("with question marks: %v", err)
	}
	pasted, err := load(strings.NewReplacer("genre,,?", "genre,,drama", "place,,?", "place,,foreign", "provider,,?", "provider,,youku").Replace(b.String()))
	if err != nil {
		t.Fatal(err)
	}
	again := NewUnknowns(pasted)
	for _, x := range u.List(100) {
		again.Add(0, x.Field, x.Value, 1)
	}
	for _, x := range again.List(100) {
		if x.Value != "优酷|视频" { // a cell of aliases cannot hold a |
			t.Errorf("still unknown: %+v", x)
		}
	}
	if n := len(u.List(2)); n != 2 {
		t.Errorf("%d of 2", n)
	}
	if u.Ignored() != 0 {
		t.Errorf("%d ignored", u.Ignored())
	}
}

func TestUnlistedProvidersAreUnknown(t *testing.T) {
	d := Default()
	u := NewUnknowns(d)
	x := d.Normalise(43, &c3.Object{Element: c3.ElementProgram, Code: "x", Properties: []c3.Property{{Name: "VSPCode", Value: " cp-9 "}, {Name: "Genre", Value: "电影"}}})
	u.AddTitle(43, &x, hour)
	all := u.List(10)
	if len(all) != 1 || all[0].Field != Provider || all[0].Value != "cp-9" || all[0].MS != hour || all[0].Titles != 1 {
		t.Errorf("%+v", all)
	}
}

func TestNearest(t *testing.T) {
	d := Default()
	f := func(field Field, value, want string) {
		t.Helper()
		a, _ := nearest(value, d.field[field].aliases())
		if a.code != want {
			t.Errorf("nearest(%s) = %q (%s), want %q", value, a.code, a.text, want)
		}
	}
	f(Genre, "电视连剧", "drama")
	f(Genre, "真人秀场", "reality")
	f(Genre, "documentry", "documentary")
	f(Genre, "美国科幻电影大全", "movie/sci-fi")
	f(Genre, "甲乙", "")
	f(Place, "美国制造", "US")
	f(Place, "xq", "")
	f(Provider, "芒果tv湖南", "mango")
}

func TestDistance(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.StringOfN(rapid.SampledFrom([]rune("甲乙丙")), 0, 6, -1)
		a, b := []rune(s.Draw(t, "a")), []rune(s.Draw(t, "b"))
		limit := rapid.IntRange(0, 6).Draw(t, "limit")
		if got, want := distance(a, b, limit), min(plainDistance(a, b), limit+1); got != want {
			t.Fatalf("distance %d, want %d", got, want)
		}
	})
}

// plainDistance is the definition.
func plainDistance(a, b []rune) int {
	if len(a) == 0 || len(b) == 0 {
		return len(a) + len(b)
	}
	change := 1
	if a[0] == b[0] {
		change = 0
	}
	return min(plainDistance(a[1:], b[1:])+change, plainDistance(a[1:], b)+1, plainDistance(a, b[1:])+1)
}
