package feeds

import (
	"fmt"
	"math/rand/v2"

	"iptvdc/aggregator"
	"iptvdc/aggregator/c3"
	"iptvdc/testbench/fleet"
)

// words are how catalogues write what is one genre or place, the first the
// proper one. All are of the kind seen in the field.
var genreWords = map[string][]string{
	"movie":       {"电影", "电影|动作", "影片", "Movie", "电影、爱情", "电影 喜剧"},
	"drama":       {"电视剧", "电视剧/古装", "连续剧", "剧集", "电视剧，都市"},
	"variety":     {"综艺", "综艺 真人秀", "综艺;晚会", "娱乐综艺"},
	"kids":        {"少儿", "儿童", "少儿|益智", "Kids"},
	"documentary": {"纪录片", "纪录片；自然", "记录片", "Documentary"},
	"news":        {"新闻", "新闻|资讯", "News", "时政新闻"},
	"sport":       {"体育", "体育/足球", "Sports", "体育赛事"},
	"music":       {"音乐", "Music"},
	"education":   {"教育", "学习"},
}

// subGenres are the sub-genres that some of these words tell.
var subGenres = map[string]string{
	"电影|动作": "action", "电影、爱情": "romance", "电影 喜剧": "comedy", "电视剧/古装": "costume", "电视剧，都市": "urban",
	"综艺 真人秀": "reality", "综艺;晚会": "gala", "少儿|益智": "puzzle", "纪录片；自然": "nature", "体育/足球": "football", "时政新闻": "politics",
}

// definitions are what the flags of a film mean.
var definitions = []string{"sd", "hd"}

var placeWords = []struct {
	code  string
	share int // of 100
	words []string
}{
	{"CN", 62, []string{"中国", "大陆", "内地", "国产", "中国大陆", "CN"}},
	{"HK", 8, []string{"香港", "中国香港", "HK"}},
	{"US", 14, []string{"美国", "USA", "美国/英国"}},
	{"JP", 5, []string{"日本", "JP"}},
	{"KR", 5, []string{"韩国"}},
	{"GB", 4, []string{"英国", "英国、法国"}},
	{"TW", 2, []string{"台湾", "中国台湾"}},
}

// genreBlank and placeBlank are of how many titles of a hundred a province does not know
// genre and place of production.
const genreBlank, placeBlank = 2, 3

// blanks are what stands where a value should.
var blanks = []string{"", "-", "--", "---", "无", "未知", "null", "其他"}

// providerNames are the property names under which provinces send the content
// provider; each has one.
var providerNames = []string{"Provider", "ContentProvider", "VSPCode", "SPCode", "CopyRight", "Provide"}

// catalogue is what a province offers, as its system would send it: everything
// registered, with the mappings. Meaning is the truth of it.
type catalogue struct {
	objects  []c3.Object
	mappings []c3.Mapping
	meaning  []Title
	channels []string            // codes
	packed   map[string]*Package // by code
}

// shelf makes a province's catalogue of the offer. Titles have one genre and
// place in the whole country; how they are written, and what is missing, is the
// province's.
func (pr *province) shelf(offer *fleet.Offer, seed uint64) *catalogue {
	c := &catalogue{}
	own := rand.New(rand.NewPCG(seed^0xca7a, uint64(pr.Province)))
	nation := rand.New(rand.NewPCG(seed^0xca7a, 0))
	providerName := providerNames[int(pr.Province)%len(providerNames)]
	for n := range offer.Titles {
		c.title(&offer.Titles[n], n, own, nation, providerName, pr.Province)
	}
	for n, ch := range offer.Channels {
		if ch.Province != 0 && ch.Province != pr.Province && own.IntN(3) == 0 {
			continue
		}
		c.channels = append(c.channels, ch.Code)
		c.register(c3.ElementChannel, ch.Code, "Name", ch.Code, "ChannelNumber", fmt.Sprint(n+1), "TimeShift", "1", "Status", "1")
	}
	for _, a := range offer.Apps { // a content as others, of a genre and from here
		word := pick(own, genreWords[a.Genre])
		c.register(c3.ElementProgram, a.Code, "Name", a.Name, "Genre", word, "OriginalCountry", placeWords[0].words[0], "Status", "1")
		c.meaning = append(c.meaning, Title{Province: pr.String(), Code: a.Code, Genre: a.Genre, SubGenre: subGenres[word], Place: placeWords[0].code})
	}
	c.packages(offer)
	return c
}

func (c *catalogue) title(t *fleet.OfferTitle, n int, own, nation *rand.Rand, providerName string, p aggregator.Province) {
	place := 0
	for roll := nation.IntN(100); roll >= placeWords[place].share; place++ {
		roll -= placeWords[place].share
	}
	genre, genreWord := t.Genre, pick(own, genreWords[t.Genre])
	if own.IntN(100) < genreBlank {
		genre, genreWord = "", pick(own, append([]string{"Genre"}, blanks...))
	}
	code, placeWord := placeWords[place].code, pick(own, placeWords[place].words)
	if own.IntN(100) < placeBlank {
		code, placeWord = "", pick(own, blanks)
	}
	// What properties a title has, besides.
	common := []string{"Genre", genreWord, "OriginalCountry", placeWord, providerName, t.Provider, "Status", "1",
		"ReleaseYear", fmt.Sprint(1998 + nation.IntN(28)), "LicensingWindowStart", "20250101000000", "LicensingWindowEnd", "20301231235959"}
	name := fmt.Sprintf("%s %d", genreWords[t.Genre][0], n+1)
	mean := func(code2, series, definition string, minutes int) {
		c.meaning = append(c.meaning, Title{Province: p.String(), Code: code2, Genre: genre, SubGenre: subGenres[genreWord], Place: code, Provider: t.Provider,
			Series: series, Definition: definition, LengthS: 60 * minutes})
	}
	if t.Episodes == nil {
		definition := own.IntN(2)
		c.register(c3.ElementProgram, t.Code, append([]string{"Name", name, "SeriesFlag", "0", "DefinitionFlag", fmt.Sprint(definition),
			"Duration", fmt.Sprintf("%02d%02d00", t.Minutes/60, t.Minutes%60), "WriterDisplay", "导演"}, common...)...)
		c.file(t.Code)
		mean(t.Code, "", definitions[definition], t.Minutes)
		return
	}
	c.register(c3.ElementSeries, t.Code, append([]string{"Name", name, "VolumnCount", fmt.Sprint(len(t.Episodes))}, common...)...)
	mean(t.Code, t.Code, "", 0)
	for e, episode := range t.Episodes {
		own := []string{"Name", fmt.Sprintf("%s 第%d集", name, e+1), "SeriesFlag", "1", "SeriesItemNo", fmt.Sprint(e + 1),
			"Duration", fmt.Sprintf("%02d%02d00", t.Minutes/60, t.Minutes%60), "Genre", "-", "OriginalCountry", "未知"}
		c.register(c3.ElementProgram, episode, own...)
		c.join(c3.ElementSeries, t.Code, c3.ElementProgram, episode, "Sequence", fmt.Sprint(e+1))
		mean(episode, t.Code, "", t.Minutes)
	}
}

func pick(r *rand.Rand, of []string) string { return of[r.IntN(len(of))] }

func properties(pairs []string) []c3.Property {
	var all []c3.Property
	for i := 0; i < len(pairs); i += 2 {
		all = append(all, c3.Property{Name: pairs[i], Value: pairs[i+1]})
	}
	return all
}

func (c *catalogue) register(e c3.Element, code string, pairs ...string) {
	c.objects = append(c.objects, c3.Object{Element: e, ID: code, Code: code, Verb: c3.VerbRegister, Properties: properties(pairs)})
}

func (c *catalogue) join(parent c3.Element, parentCode string, child c3.Element, childCode string, pairs ...string) {
	c.mappings = append(c.mappings, c3.Mapping{Verb: c3.VerbRegister, Parent: parent, ParentCode: parentCode,
		Child: child, ChildCode: childCode, Properties: properties(pairs)})
}

// file adds the media file and a picture of a film.
func (c *catalogue) file(code string) {
	c.register(c3.ElementMovie, code+"-m", "Type", "1", "FileURL", "ftp://media/"+code+".ts", "VideoType", "1")
	c.join(c3.ElementProgram, code, c3.ElementMovie, code+"-m")
	c.register(c3.ElementPicture, code+"-p", "FileURL", "ftp://media/"+code+".jpg", "Type", "1")
	// Senders do not agree on who is whose parent.
	c.join(c3.ElementPicture, code+"-p", c3.ElementProgram, code, "Type", "1", "Sequence", "1")
}
