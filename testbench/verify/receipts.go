package verify

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"iptvdc/aggregator"
	"iptvdc/aggregator/c3"
	"iptvdc/aggregator/c3/dialect"
	"iptvdc/testbench/feeds"
)

// receipts compares the receipts that provinces find with the truth: of each that
// was written, the last. Repeats, of which the list of files knows nothing, have
// theirs here.
func (v *verifier) receipts(t *feedTruth) error {
	if v.Receipts == "" {
		return nil
	}
	type place struct {
		path string
		feed *dialect.Feed
	}
	last := map[string]feeds.Sent{} // by path
	var order []place
	for _, f := range t.files {
		path, feed, err := receiptOf(v.Receipts, f)
		if err != nil {
			return err
		}
		if path == "" {
			continue // the province wants none
		}
		before, there := last[path]
		if !there {
			order = append(order, place{path, feed})
		}
		if !there || f.Round >= before.Round {
			last[path] = f
		}
	}
	line := v.feedLine("receipts")
	for _, at := range order {
		want := last[at.path]
		line.Cells++
		got, err := readReceipt(at.path, at.feed)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			line.Different++
			v.example(&line.First, "%s %s: there is none; must be %s", want.Province, want.Name, want.Outcome)
		case err != nil:
			return fmt.Errorf("receipt of %s: %w", want.Name, err)
		case got.Outcome.Word() != want.Outcome || want.Records != 0 && got.Records != want.Records || got.Rejected != want.Rejected || want.Why != "" && got.Counts[want.Why] == 0:
			line.Different++
			v.example(&line.First, "%s %s (%s): %s, %d of %d records rejected; must be %s (%s), %d of %d", want.Province, want.Name, want.Dirt,
				got.Outcome.Word(), got.Rejected, got.Records, want.Outcome, want.Why, want.Rejected, want.Records)
		default:
			line.Equal++
		}
	}
	v.say("%d receipts compared", line.Cells)
	return nil
}

// receiptOf is where the receipt of a file lies, and by which feed it is read;
// "": there is none.
func receiptOf(dir string, f feeds.Sent) (path string, feed *dialect.Feed, err error) {
	p, err := aggregator.ParseProvince(f.Province)
	if err != nil {
		return "", nil, err
	}
	d, err := dialect.ReadyFor(p)
	if err != nil {
		return "", nil, err
	}
	feed, _, known := d.Match(f.Name)
	if !known { // a catalogue
		return filepath.Join(dir, f.Province, "receipts", f.Name+".csv"), &dialect.Feed{Receipt: "csv"}, nil
	}
	switch name := feed.ReceiptName(f.Name); feed.Receipt {
	case "csv":
		return filepath.Join(dir, f.Province, "receipts", name), feed, nil
	case "rsp":
		outcome, _ := c3.ParseOutcome(f.Outcome)
		if folder := feed.ReceiptFolder(outcome); folder != "" {
			return filepath.Join(dir, f.Province, "response", folder, name), feed, nil
		}
	}
	return "", nil, nil
}

func readReceipt(path string, feed *dialect.Feed) (c3.Receipt, error) {
	f, err := os.Open(path)
	if err != nil {
		return c3.Receipt{}, err
	}
	r, err := feed.ReadReceipt(f)
	return r, errors.Join(err, f.Close())
}
