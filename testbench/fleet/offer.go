package fleet

import "iptvdc/aggregator"

// catchupMinutes is how long the programmes of past days run.
const catchupMinutes = 42

// Airing is a broadcast on a channel. Its code is the one under which boxes play it
// again.
type Airing struct {
	Code, Name, Genre string
	StartMs           int64 // UTC milliseconds
	Minutes           int
}

// strips are what channels show from an hour on, day by day.
var strips = []struct {
	from  int // hour
	genre genre
	name  string
}{
	{6, news, "早安播报"}, {8, kids, "动画乐园"}, {10, drama, "上午剧场"}, {12, news, "午间播报"}, {13, drama, "午后剧场"},
	{16, variety, "欢乐时光"}, {17, kids, "小小动画城"}, {18, sport, "赛场内外"}, {19, news, "晚间播报"}, {20, drama, "黄金剧场"},
	{22, variety, "今夜秀场"}, {23, movie, "深夜影院"},
}

// Airings are what channel i of Offer.Channels broadcasts on a day: from 06:00 to
// midnight one programme an hour, and nothing that a schedule names between.
func Airings(i int, day aggregator.Day) []Airing {
	var all []Airing
	strip := 0
	for hour := strips[0].from; hour < 24; hour++ {
		for strip+1 < len(strips) && strips[strip+1].from <= hour {
			strip++
		}
		all = append(all, Airing{Code: past(i, day, hour), Name: channels[i].code + " " + strips[strip].name,
			Genre: genreNames[strips[strip].genre], StartMs: (day.FirstHour() + aggregator.Hour(hour)).Start(), Minutes: catchupMinutes})
	}
	return all
}

// Offer is what a fleet's households can watch and order, for those who play the
// systems behind it. It is the same for every fleet.
type Offer struct {
	Titles   []OfferTitle
	Products []OfferProduct
	Channels []OfferChannel
	Apps     []OfferApp
}

// OfferTitle is a film, or a series with its episodes.
type OfferTitle struct {
	Genre    string // movie, drama, variety, kids, documentary, news or sport
	Code     string
	Episodes []string // codes; nil: a film
	Minutes  int      // of the film or of one episode
	Provider string
	Product  string // that opens it; "": free
}

// OfferProduct is something to order.
type OfferProduct struct {
	Code, Provider string
	Fen            int64
	Single         bool // one title, not a subscription
}

// OfferChannel is a channel; Province 0: a national one.
type OfferChannel struct {
	Code     string
	Province aggregator.Province
}

// OfferApp is an application that a box opens from its EPG.
type OfferApp struct {
	Code, Name string
	Genre      string // music, education, sport or news
}

// NewOffer returns the offer.
func NewOffer() *Offer {
	o := &Offer{}
	for _, t := range newCatalogue().titles {
		title := OfferTitle{Genre: genreNames[t.genre], Code: t.code, Minutes: t.minutes, Provider: providers[t.provider]}
		for n := range t.episodes {
			if t.episodes > 1 {
				title.Episodes = append(title.Episodes, t.episode(n))
			}
		}
		if t.product >= 0 {
			title.Product = products[t.product].code
		}
		o.Titles = append(o.Titles, title)
	}
	for _, p := range products {
		o.Products = append(o.Products, OfferProduct{p.code, providers[p.provider], int64(p.fen), p.single})
	}
	for _, c := range channels {
		o.Channels = append(o.Channels, OfferChannel{c.code, c.province})
	}
	for _, a := range apps {
		o.Apps = append(o.Apps, OfferApp{a.code, a.name, a.genre})
	}
	return o
}

var genreNames = [genres]string{movie: "movie", drama: "drama", variety: "variety", kids: "kids", documentary: "documentary", news: "news", sport: "sport"}
