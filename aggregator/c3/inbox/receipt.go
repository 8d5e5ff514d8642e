package inbox

import (
	"bytes"

	"iptvdc/aggregator/c3"
	"iptvdc/aggregator/c3/dialect"
)

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
