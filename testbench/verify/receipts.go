package verify

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"iptvdc/aggregator"
	"iptvdc/aggregator/c3"
	"iptvdc/aggregator/c3/dialect"
	"iptvdc/testbench/feeds"
)

// awaitReceipts compares the receipts that provinces find with the truth: of each
// that was written, the last. Repeats, of which the list of files knows nothing,
// have theirs here, so it waits for them.
func (v *verifier) awaitReceipts(ctx context.Context, t *feedTruth) error {
	if v.Receipts == "" {
		return nil
	}
	giveUp := time.Now().Add(v.Wait)
	for {
		cells, differ, err := judgeReceipts(v.Receipts, t.files)
		if err != nil {
			return err
		}
		if len(differ) > 0 && time.Now().Before(giveUp) && ctx.Err() == nil {
			v.say("receipts: %d are not yet as they must be", len(differ))
			select {
			case <-time.After(time.Second):
			case <-ctx.Done():
			}
			continue
		}
		line := v.feedLine("receipts")
		line.Cells, line.Different, line.Equal = cells, len(differ), cells-len(differ)
		for _, text := range differ {
			v.example(&line.First, "%s", text)
		}
		v.say("%d receipts compared", cells)
		return ctx.Err()
	}
}

// judgeReceipts compares the receipts below dir; it returns how many there must be
// and what differs.
func judgeReceipts(dir string, files []feeds.Sent) (cells int, differ []string, err error) {
	type place struct {
		path string
		feed *dialect.Feed
	}
	last := map[string]feeds.Sent{} // by path
	var order []place
	for _, f := range files {
		path, feed, err := receiptOf(dir, f)
		if err != nil {
			return 0, nil, err
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
	for _, at := range order {
		want := last[at.path]
		got, err := readReceipt(at.path, at.feed)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			differ = append(differ, fmt.Sprintf("%s %s: there is none; must be %s", want.Province, want.Name, want.Outcome))
		case err != nil:
			return 0, nil, fmt.Errorf("receipt of %s: %w", want.Name, err)
		case got.Outcome.Word() != want.Outcome || want.Records != 0 && got.Records != want.Records || got.Rejected != want.Rejected || want.Why != "" && got.Counts[want.Why] == 0:
			differ = append(differ, fmt.Sprintf("%s %s (%s): %s, %d of %d records rejected; must be %s (%s), %d of %d", want.Province, want.Name, want.Dirt,
				got.Outcome.Word(), got.Rejected, got.Records, want.Outcome, want.Why, want.Rejected, want.Records))
		}
	}
	return len(order), differ, nil
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
