package feeds

import (
	"fmt"
	"slices"
	"strings"

	"iptvdc/aggregator/c3"
	"iptvdc/testbench/fleet"
)

// productNames are what products are called; provinces agree on them.
var productNames = map[string]string{
	"svod-film-month": "影视包月", "svod-film-year": "影视包年", "tvod-new-film": "新片点播", "svod-drama-month": "好剧包月", "svod-drama-season": "好剧包季",
	"svod-kids-month": "少儿包月", "svod-kids-year": "少儿包年", "svod-nature-month": "自然包月", "svod-sport-month": "体育包月", "tvod-match": "赛事点播",
	"svod-show-month": "综艺包月", "svod-all-month": "全享包月", "svod-all-year": "全享包年",
}

// opens are the products that open what others do, with those others.
var opens = map[string][]string{
	"svod-film-year": {"svod-film-month"}, "svod-drama-season": {"svod-drama-month"}, "svod-kids-year": {"svod-kids-month"},
	"svod-all-month": {"svod-film-month", "svod-film-year", "svod-drama-month", "svod-kids-month", "svod-nature-month", "svod-sport-month", "svod-show-month"},
	"svod-all-year":  {"svod-film-month", "svod-film-year", "svod-drama-month", "svod-kids-month", "svod-nature-month", "svod-sport-month", "svod-show-month"},
}

// newFilms are sold one by one: of those by the year the newest, by what codes begin with.
const newFilms, newest = "tvod-new-film", "mv2026"

// packedChannels are the channels that products have beside films and series.
var packedChannels = map[string][]string{
	"svod-sport-month": {"cctv5", "cctv5p", "cctv16"}, "svod-all-month": {"cctv5", "cctv5p", "cctv16", "cctv6"}, "svod-all-year": {"cctv5", "cctv5p", "cctv16", "cctv6"},
}

// leaver is the product that a series leaves on the day after the first.
const leaver = "svod-drama-month"

// packages registers what a province sells, under the code of the product, with what it
// opens: whole series, films, and channels if the province has them.
func (c *catalogue) packages(offer *fleet.Offer) {
	c.packed = map[string]*Package{}
	for i := range offer.Products {
		code := offer.Products[i].Code
		c.register(c3.ElementPackage, code, "Name", productNames[code], "Type", "1", "Price", fmt.Sprint(offer.Products[i].Fen), "Status", "1")
		one := &Package{Code: code}
		c.packed[code] = one
		for n := range offer.Titles {
			t := &offer.Titles[n]
			single := code == newFilms && t.Product == "svod-film-year" && strings.HasPrefix(t.Code, newest)
			if single || t.Product == code || t.Product != "" && slices.Contains(opens[code], t.Product) {
				c.join(c3.ElementPackage, code, elementOf(t), t.Code)
				one.Contents = append(one.Contents, t.Code)
				one.Contents = append(one.Contents, t.Episodes...)
			}
		}
		for _, channel := range packedChannels[code] {
			if slices.Contains(c.channels, channel) {
				c.join(c3.ElementPackage, code, c3.ElementChannel, channel)
				one.Channels = append(one.Channels, channel)
			}
		}
	}
}

func elementOf(t *fleet.OfferTitle) c3.Element {
	if t.Episodes != nil {
		return c3.ElementSeries
	}
	return c3.ElementProgram
}

// repack writes what changes in packages while the provinces are played: a series
// leaves one, and is still in the others that opened it. It tells the truth of them all.
func (w *writer) repack(c *Config, offer *fleet.Offer, shelf *catalogue) error {
	at := min(c.From+1, c.To)
	for i, n := int(w.Province), 0; n < len(offer.Titles); i, n = i+1, n+1 {
		t := &offer.Titles[i%len(offer.Titles)]
		if t.Product != leaver || t.Episodes == nil {
			continue
		}
		stamp := at.Time().Format("20060102") + "040000"
		p, err := w.adi(fmt.Sprintf("ADI_%s_%s_0050.xml", w, stamp), stamp, nil, []c3.Mapping{{Verb: c3.VerbDelete,
			Parent: c3.ElementPackage, ParentCode: leaver, Child: c3.ElementSeries, ChildCode: t.Code}})
		if err == nil {
			err = w.soiled(p, at)
		}
		if err != nil {
			return err
		}
		one := shelf.packed[leaver]
		one.Contents = slices.DeleteFunc(one.Contents, func(code string) bool { return code == t.Code || slices.Contains(t.Episodes, code) })
		break
	}
	for i := range offer.Products {
		one := shelf.packed[offer.Products[i].Code]
		one.Province = w.String()
		w.truth.write(Line{Package: one})
	}
	return nil
}
