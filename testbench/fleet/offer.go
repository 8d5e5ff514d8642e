package fleet

import "iptvdc/aggregator"

// Offer is what a fleet's households can watch and order, for those who play the
// systems behind it. It is the same for every fleet.
type Offer struct {
	Titles   []OfferTitle
	Products []OfferProduct
	Channels []OfferChannel
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
	return o
}

var genreNames = [genres]string{movie: "movie", drama: "drama", variety: "variety", kids: "kids", documentary: "documentary", news: "news", sport: "sport"}
