package indicator

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"iptvdc/aggregator"
	"iptvdc/aggregator/store"
)

// Dimension is something by which figures can be grouped and filtered. Its id
// is the name of the facts' column.
type Dimension struct {
	ID    store.Column `json:"id"`
	Title Text         `json:"title"`
}

// Dimensions lists every dimension.
func Dimensions() []Dimension { return slices.Clone(dimensions) }

var dimensions = []Dimension{
	{store.ColProvince, Text{"省份", "Province"}},
	{store.ColCity, Text{"地市", "City"}},
	{store.ColPage, Text{"页面", "Page"}},
	{store.ColArea, Text{"区域", "Area"}},
	{store.ColSlot, Text{"推荐位", "Slot"}},
	{store.ColContent, Text{"内容", "Content"}},
	{store.ColMode, Text{"收视方式", "Mode"}},
	{store.ColChannel, Text{"频道", "Channel"}},
	{store.ColProduct, Text{"产品", "Product"}},
	{store.ColProvider, Text{"内容提供商", "Content provider"}},
	{store.ColTemplate, Text{"模板版本", "Page template"}},
}

func isDimension(c store.Column) bool {
	return slices.ContainsFunc(dimensions, func(d Dimension) bool { return d.ID == c })
}

// coded reports whether the dimension's values are keys of texts.
func coded(c store.Column) bool {
	switch c {
	case store.ColProvince, store.ColCity, store.ColSlot, store.ColMode:
		return false
	}
	return true
}

// cell writes a value as text: a region's code, a mode's word, a slot's number,
// a code's text; "" is unknown. A key whose text was never told is written as #
// and sixteen hex digits.
func cell(c store.Column, v uint64, texts map[uint64]string) string {
	switch c {
	case store.ColProvince:
		if v == 0 {
			return ""
		}
		return fmt.Sprintf("%02d", v)
	case store.ColCity:
		if v == 0 {
			return ""
		}
		return fmt.Sprintf("%04d", v)
	case store.ColSlot:
		return strconv.FormatUint(v, 10)
	case store.ColMode:
		return mode(v).String()
	}
	if v == 0 {
		return ""
	}
	if text, ok := texts[v]; ok {
		return text
	}
	return fmt.Sprintf("#%016x", v)
}

// parseCell is the inverse of cell, for filters.
func parseCell(c store.Column, s string) (uint64, error) {
	switch c {
	case store.ColProvince, store.ColCity:
		if s == "" {
			return 0, nil
		}
		digits := 2
		if c == store.ColCity {
			digits = 4
		}
		if v, err := strconv.ParseUint(s, 10, 16); err == nil && len(s) == digits {
			return v, nil
		}
		return 0, faultf("bad_filter", "filters: %q is not a %s; allowed are codes of %d digits, as /api/v1/indicators lists them under regions", clip(s), c, digits)
	case store.ColSlot:
		v, err := strconv.ParseUint(s, 10, 32)
		if err != nil || v > maxSlot {
			return 0, faultf("bad_filter", "filters: %q is not a slot; allowed are numbers 0 to %d", clip(s), maxSlot)
		}
		return v, nil
	case store.ColMode:
		for v := mode(0); int(v) < len(modes); v++ {
			if v.String() == s {
				return uint64(v), nil
			}
		}
		return 0, faultf("bad_filter", "filters: %q is not a mode; allowed: %s", clip(s), joined(modeWords()))
	}
	if hex, ok := strings.CutPrefix(s, "#"); ok && len(hex) == 16 {
		if v, err := strconv.ParseUint(hex, 16, 64); err == nil {
			return v, nil
		}
	}
	return aggregator.TextKey(s), nil
}

// mode is a mode of viewing as the facts hold it: the number it has on the
// wire.
type mode uint8

const (
	anyMode mode = 0 // in terms; in facts it is unknown
	live    mode = 1
	vod     mode = 4
)

// maxSlot is the greatest position on a page.
const maxSlot = 9999

// modes holds the word and the name of each mode, by number.
var modes = [...]struct {
	word  string
	title Text
}{
	{"unknown", Text{"未知", "unknown"}},
	{"live", Text{"直播", "live"}},
	{"timeshift", Text{"时移", "timeshift"}},
	{"catchup", Text{"回看", "catch-up"}},
	{"vod", Text{"点播", "VOD"}},
	{"app", Text{"应用", "app"}},
}

// String is the mode's word; the number of one that has none yet.
func (m mode) String() string {
	if int(m) < len(modes) {
		return modes[m].word
	}
	return strconv.Itoa(int(m))
}

func modeWords() []string {
	words := make([]string, len(modes))
	for i, m := range modes {
		words[i] = m.word
	}
	return words
}

// label is the name of a value for people, where it differs from its cell.
func label(c store.Column, v uint64, cell string) (Text, bool) {
	switch {
	case c == store.ColMode:
		if v < uint64(len(modes)) {
			return modes[v].title, true
		}
	case cell == "":
		return Text{"未知", "unknown"}, true
	case c == store.ColProvince || c == store.ColCity:
		if r, ok := aggregator.LookUp(cell); ok {
			return Text{r.ZH, r.EN}, true
		}
	}
	return Text{}, false
}
