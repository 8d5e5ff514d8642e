package indicator

import (
	"iptvdc/aggregator/store"
)

// unknownKey is the key of what is unknown.
const unknownKey = uint8(0)

var (
	contentTime = add(viewingTime).less(of(viewingTime, store.ColContent, unknownKey))
)

// qualityFigures say how far the other figures can be trusted.
var qualityFigures = []Indicator{
	{ID: "genre_coverage", Title: Text{"题材识别率", "Viewing of known genre"}, Unit: Percent,
		Formula:    Text{"100 × 题材已知的收视时长 ÷ 有内容编码的收视时长", "100 × viewing time of contents whose genre is known ÷ viewing time of contents"},
		Dimensions: byPlace, value: add(viewingTime).less(of(viewingTime, store.ColGenre, unknownKey)), over: contentTime, times: 100, by: 1},
	{ID: "place_coverage", Title: Text{"产地识别率", "Viewing of known place of production"}, Unit: Percent,
		Formula:    Text{"100 × 产地已知的收视时长 ÷ 有内容编码的收视时长", "100 × viewing time of contents whose place of production is known ÷ viewing time of contents"},
		Dimensions: byPlace, value: add(viewingTime).less(of(viewingTime, store.ColPlace, unknownKey)), over: contentTime, times: 100, by: 1},
	quotient("box_coverage", Text{"上报覆盖率", "Coverage by reporting boxes"}, Percent,
		Text{"100 × 在报终端数 ÷ 在用账户数", "100 × reporting boxes ÷ active accounts"},
		byPlace, 100, reportingBoxes, activeAccounts.at(atEnd)),
}
