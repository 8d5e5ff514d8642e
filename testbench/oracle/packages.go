package oracle

import "slices"

// pack is what a product opens in a province, by code.
type pack struct {
	Province string   `json:"province"`
	Code     string   `json:"code"`
	Contents []string `json:"contents"`
	Channels []string `json:"channels"`
}

// PackageFigures are those that count in contents alone and are set against nothing
// else.
var PackageFigures = []string{"clicks", "led_clicks", "click_to_play", "plays", "viewing_minutes", "measured_plays", "error_rate", "reach", "full_views",
	"viewer_days", "return_rate", "series_viewers", "binge_rate", "asset_viewers", "completion", "complete_rate", "leaves"}

// Packages are the codes of all products whose packages the catalogue knows, in its
// order.
func (c *Catalogue) Packages() (codes []string) {
	known := make(map[string]bool)
	for _, p := range c.packs {
		if !known[p.Code] {
			known[p.Code] = true
			codes = append(codes, p.Code)
		}
	}
	return codes
}

// Within is the oracle of the events that are about what packages with these codes
// hold: it knows nothing else, and answers questions about PackageFigures alone.
func (o *Oracle) Within(codes ...string) *Oracle {
	asked := make(map[string]bool)
	for _, code := range codes {
		asked[code] = true
	}
	contents, channels := make(map[[2]string]bool), make(map[[2]string]bool)
	for _, p := range o.catalogue.packs {
		if !asked[p.Code] {
			continue
		}
		for _, code := range slices.Concat(p.Contents, p.Channels) {
			contents[[2]string{p.Province, code}] = true
		}
		for _, code := range p.Channels {
			channels[[2]string{p.Province, code}] = true
		}
	}
	part := *o
	for m := range measures {
		f := o.of[m]
		if f == nil || f.columns["content"] == nil {
			continue
		}
		in := make([]bool, f.size)
		for n := range in {
			province := o.words.text(f.columns["province"][n])
			in[n] = contents[[2]string{province, o.words.text(f.columns["content"][n])}]
			if channel := f.columns["channel"]; channel != nil && !in[n] {
				in[n] = channels[[2]string{province, o.words.text(channel[n])}]
			}
		}
		part.rows[m] = nil
		for _, r := range o.rows[m] {
			if in[r.combo()] {
				part.rows[m] = append(part.rows[m], r)
			}
		}
	}
	return &part
}
