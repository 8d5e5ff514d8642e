package inbox

import (
	"bytes"

	"iptvdc/aggregator/c3"
	"iptvdc/aggregator/c3/dialect"
)

var (
	feedWords    = [...]string{"", "catalogue", "subscribers", "changes", "orders", "products"}
	outcomeWords = [...]string{"", "accepted", "partly", "refused", "waiting", "repeated"}
)

// FeedWord is the word of a feed, as it is written everywhere; "": none.
func FeedWord(f c3.Feed) string {
	if int(f) < len(feedWords) {
		return feedWords[f]
	}
	return ""
}

// OutcomeWord is the word of an outcome.
func OutcomeWord(o c3.Outcome) string {
	if int(o) < len(outcomeWords) {
		return outcomeWords[o]
	}
	return ""
}

// compose writes a receipt as the dialect wants it, and says where it belongs;
// "": the province wants none. What no dialect knows is answered as CSV.
func (d *desk) compose(a *arrival, r *c3.Receipt) (path string, text []byte, err error) {
	feed, name := a.dialect, ""
	if feed == nil {
		feed, name = &dialect.Feed{Receipt: "csv"}, shown(a.name)+".csv"
	} else {
		name = feed.ReceiptName(a.inner)
	}
	if feed.Receipt == "" || name == "" {
		return "", nil, nil
	}
	path = d.folder(receiptsDir, name)
	if feed.Receipt == "rsp" {
		folder := feed.ReceiptFolder(r.Outcome)
		if folder == "" {
			return "", nil, nil // nothing is decided yet
		}
		path = d.folder(responseDir, folder, name)
	}
	var b bytes.Buffer
	err = feed.WriteReceipt(&b, r)
	return path, b.Bytes(), err
}
