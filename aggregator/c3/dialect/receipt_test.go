package dialect_test

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"

	"iptvdc/aggregator"
	"iptvdc/aggregator/c3"
)

// TestReceipts: both styles tell the whole of it, and can be read back.
func TestReceipts(t *testing.T) {
	for _, c := range []struct{ dialect, file, name, folder string }{
		{"p33", "ZJ_IPTV_USER_20260503.txt", "ZJ_IPTV_USER_20260503.txt.receipt.csv", ""},
		{"p35", "SubscribeInfo000900352026050309000380001.req", "SubscribeInfo000900352026050309000380001.rsp", "semiwrong"},
	} {
		d := load(t, c.dialect)
		f, _, ok := d.Match(c.file)
		if !ok || f.ReceiptName(c.file) != c.name || f.ReceiptFolder(c3.OutcomePartly) != c.folder {
			t.Errorf("%s: %v %q %q", c.file, ok, f.ReceiptName(c.file), f.ReceiptFolder(c3.OutcomePartly))
		}
		want := c3.Receipt{Province: d.Province, Feed: f.Kind, File: c.file, Day: aggregator.Day(20000), Outcome: c3.OutcomePartly,
			Records: 10, Accepted: 7, Rejected: 2, Repeated: 1, Counts: map[string]int64{c3.FaultTime: 1, c3.FaultCode: 1},
			Faults: []c3.Fault{{Line: 3, Field: "状态", Code: c3.FaultCode, Text: "state has a code that is not agreed", Raw: "7, 亅"}, {Line: 9, Code: c3.FaultTime, Text: "x"}}}
		var b bytes.Buffer
		if err := f.WriteReceipt(&b, &want); err != nil {
			t.Fatal(err)
		}
		got, err := f.ReadReceipt(bytes.NewReader(b.Bytes()))
		if err != nil {
			t.Fatalf("%v\n%s", err, b.String())
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
		want.Faults[0].Raw = "a\tb\n😀" // no tab, no newline, no such character in GBK
		b.Reset()
		if err := f.WriteReceipt(&b, &want); err != nil {
			t.Fatal(err)
		}
		if _, err := f.ReadReceipt(&b); err != nil {
			t.Error(err)
		}
		if _, err := f.ReadReceipt(bytes.NewReader([]byte("x,y\n"))); err == nil {
			t.Error("anything is a receipt")
		}
	}
}
