package fleet

import (
	"fmt"
	"slices"

	"iptvdc/aggregator"
)

// genre is a branch of the VOD catalogue.
type genre uint8

const (
	movie genre = iota
	drama
	variety
	kids
	documentary
	news
	sport

	genres = 7
)

var genreWeight = [genres]float64{movie: 22, drama: 34, variety: 14, kids: 16, documentary: 5, news: 5, sport: 4}

// branch describes a genre: what its codes begin with, its list page, how many
// titles and episodes it has and how long they run, in minutes.
var branch = [genres]struct {
	code, list  string
	titles      int
	episodes    int
	short, long int
}{
	movie:       {"mv", "vod/movie/list", 420, 1, 82, 138},
	drama:       {"dr", "vod/drama/list", 180, 36, 41, 47},
	variety:     {"va", "vod/variety/list", 90, 12, 55, 95},
	kids:        {"kd", "kids/list", 120, 26, 9, 24},
	documentary: {"dc", "vod/documentary/list", 70, 6, 42, 54},
	news:        {"nw", "news/list", 60, 1, 2, 9},
	sport:       {"sp", "sport/list", 60, 1, 30, 115},
}

// title is a film or a series.
type title struct {
	genre    genre
	code     string // of the film, or of the series as a whole
	episodes int
	minutes  int // of one episode
	provider int // index into providers
	product  int // index into products; -1 free
}

// episode returns the code of one episode, counted from 0; that of a film is
// its own.
func (t *title) episode(n int) string {
	if t.episodes == 1 {
		return t.code
	}
	return fmt.Sprintf("%s%03d", t.code[:len(t.code)-3], n+1)
}

// product is something to order.
type product struct {
	code     string
	provider int
	fen      uint64
	single   bool // one title, not a subscription
}

var providers = []string{"cp-haifeng-film", "cp-qingtai-drama", "cp-xingxing-kids", "cp-lvye-docs", "cp-feiyu-sport", "cp-langtao-show"}

var products = []product{
	{"svod-film-month", 0, 1990, false},
	{"svod-film-year", 0, 19800, false},
	{"tvod-new-film", 0, 600, true},
	{"svod-drama-month", 1, 1500, false},
	{"svod-drama-season", 1, 3900, false},
	{"svod-kids-month", 2, 1200, false},
	{"svod-kids-year", 2, 11800, false},
	{"svod-nature-month", 3, 900, false},
	{"svod-sport-month", 4, 2500, false},
	{"tvod-match", 4, 500, true},
	{"svod-show-month", 5, 1500, false},
	{"svod-all-month", 0, 2990, false},
	{"svod-all-year", 0, 29900, false},
}

// channels are in the order of their popularity in the country; a province's
// own satellite channel is watched far more at home.
var channels = []struct {
	code     string
	province aggregator.Province
}{
	{"cctv1", 0}, {"cctv8", 0}, {"cctv6", 0}, {"hunws", 43}, {"zjws", 33}, {"cctv5", 0}, {"cctv3", 0},
	{"dfws", 31}, {"jsws", 32}, {"cctv13", 0}, {"cctv4", 0}, {"bjws", 11}, {"cctv14", 0}, {"gdws", 44},
	{"cctv2", 0}, {"sdws", 37}, {"cctv11", 0}, {"scws", 51}, {"henws", 41}, {"ahws", 34}, {"cctv10", 0},
	{"hubws", 42}, {"szws", 44}, {"cctv9", 0}, {"lnws", 21}, {"dnws", 35}, {"cctv7", 0}, {"hebws", 13},
	{"sxws", 61}, {"cctv12", 0}, {"gxws", 45}, {"ynws", 53}, {"cctv15", 0}, {"jxws", 36}, {"cctv17", 0},
	{"cqws", 50}, {"cctv16", 0}, {"gzws", 52}, {"cctv5p", 0}, {"tjws", 12},
}

var apps = []struct{ code, name, genre string }{
	{"app.karaoke.tv.v0021", "全民K歌厅", "music"}, {"app.xuexi.class.v012", "同步课堂", "education"},
	{"app.sport.fit.v00017", "客厅健身", "sport"}, {"app.news.reader.v004", "今日读报", "news"},
}

var models = []struct{ name, firmware, maker string }{
	{"E900V22C", "V05.02.17.8", "00100399"},
	{"B860AV2.1", "V82815329.1027", "00100499"},
	{"EC6108V9", "V100R003C01B132", "00100299"},
	{"BV310", "V3.1.0.44", "00100599"},
	{"CM211-1", "V7.0.21.3", "00100699"},
}

// catalogue is what there is to watch. It is the same for every seed and
// unchanged once built.
type catalogue struct {
	titles  []title
	byGenre [genres][]int // titles, the most popular first
	law     [genres]zipf
	channel zipf
	app     zipf
}

func newCatalogue() *catalogue {
	c := &catalogue{channel: newZipf(len(channels), 1.6, 1.15), app: newZipf(len(apps), 1, 1)}
	d := newDice(0x1b7bdc, 0)
	made := [genres][2]int{ // provider and the subscription that opens paid titles
		movie: {0, 0}, drama: {1, 3}, variety: {5, 10}, kids: {2, 5}, documentary: {3, 7}, news: {5, 10}, sport: {4, 8},
	}
	paid := [genres]float64{movie: 0.4, drama: 0.25, variety: 0.15, kids: 0.3, documentary: 0.2, sport: 0.35}
	for g := range genre(genres) {
		b := branch[g]
		for n := range b.titles {
			t := title{genre: g, episodes: b.episodes, minutes: b.short + d.below(b.long-b.short), provider: made[g][0], product: -1}
			t.code = fmt.Sprintf("%s%04d%02d%02d%05d%03d", b.code, 2022+d.below(5), 1+d.below(12), 1+d.below(28), 10000+137*n%89999, 0)
			if d.chance(paid[g]) {
				t.product = made[g][1]
				if b.episodes == 1 && d.chance(0.3) {
					t.product++ // sold singly, or by the year
				}
			}
			c.byGenre[g] = append(c.byGenre[g], len(c.titles))
			c.titles = append(c.titles, t)
		}
		c.law[g] = newZipf(b.titles, 2, 1.05)
	}
	return c
}

// choose returns a title of the genre by its popularity in the province: each
// has its own order of the hits, near the country's.
func (c *catalogue) choose(d *dice, g genre, p aggregator.Province) *title {
	return c.ranked(g, c.law[g].rank(d), p)
}

// ranked returns the title of a rank from 0 in the province's order; the last
// one if there are fewer.
func (c *catalogue) ranked(g genre, r int, p aggregator.Province) *title {
	all := c.byGenre[g]
	r = min(r, len(all)-1)
	if r+7 < len(all) {
		r += int(mix(uint64(p)<<32|uint64(r)) % 7)
	}
	return &c.titles[all[r]]
}

// satellite returns the channel of a province, -1 if it has none.
func (c *catalogue) satellite(p aggregator.Province) int {
	return slices.IndexFunc(channels, func(ch struct {
		code     string
		province aggregator.Province
	}) bool {
		return ch.province == p
	})
}
