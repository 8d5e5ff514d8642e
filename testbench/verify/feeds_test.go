package verify

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"iptvdc/testbench/feeds"
)

// What must have become of files, against what has.
func TestJudgeFiles(t *testing.T) {
	sent := func(outcome string, records, rejected int64, why string) feeds.Sent {
		return feeds.Sent{Province: "33", Name: "a", Outcome: outcome, Records: records, Rejected: rejected, Why: why}
	}
	row := func(outcome string, records, rejected int64, why string) fileRow {
		return fileRow{Province: "33", Name: "a", Outcome: outcome, Records: records, Rejected: rejected, Why: why}
	}
	f := func(want []feeds.Sent, got []fileRow, differ string) {
		t.Helper()
		all := judgeFiles(want, map[string][]fileRow{"33/a": got})
		if len(all) > 1 || len(all) == 0 != (differ == "") || !strings.Contains(strings.Join(all, ""), differ) {
			t.Errorf("%q, want %q", all, differ)
		}
	}
	cut, whole := sent("refused", 0, 0, "truncated"), sent("partly", 9, 1, "")
	f([]feeds.Sent{whole}, []fileRow{row("partly", 9, 1, "")}, "")
	f([]feeds.Sent{whole}, nil, "it is not judged so; must be partly (), 1 of 9")
	f([]feeds.Sent{whole}, []fileRow{row("partly", 9, 2, "")}, "2 of 9 records rejected")
	f([]feeds.Sent{cut, whole}, []fileRow{row("partly", 9, 1, ""), row("refused", 0, 0, "truncated")}, "")
	f([]feeds.Sent{cut, whole}, []fileRow{row("partly", 9, 1, "")}, "must be refused (truncated)")
	f([]feeds.Sent{cut}, []fileRow{row("refused", 0, 0, "manifest")}, "refused (manifest)")
	f([]feeds.Sent{cut}, []fileRow{{Province: "33", Name: "a", Outcome: "refused", Counts: map[string]int64{"truncated": 1}}}, "")
	repeat := whole
	repeat.Outcome = "repeated"
	f([]feeds.Sent{whole, repeat}, []fileRow{row("partly", 9, 1, "")}, "")
	f([]feeds.Sent{whole, repeat}, []fileRow{row("partly", 9, 1, ""), row("partly", 9, 1, "")}, "judged 1 times more")
	gone := sent("refused", 0, 0, "manifest")
	gone.Superseded = true
	f([]feeds.Sent{gone, whole}, []fileRow{row("partly", 9, 1, "")}, "")
}

// A receipt must be there and say what the truth says.
func TestReceipts(t *testing.T) {
	dir := t.TempDir()
	name := "ADI_13_1.xml"
	want := feeds.Sent{Province: "13", Name: name, Round: 1, Outcome: "refused", Why: "truncated"}
	again := feeds.Sent{Province: "13", Name: name, Round: 2, Outcome: "accepted", Records: 3}
	f := func(text, differ string, sent ...feeds.Sent) {
		t.Helper()
		path := filepath.Join(dir, "13", "receipts", name+".csv")
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		_ = os.Remove(path)
		if text != "" {
			if err := os.WriteFile(path, []byte("\uFEFF"+text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		cells, all, err := judgeReceipts(dir, sent)
		if err != nil || cells != 1 || (len(all) > 0) != (differ != "") || !strings.Contains(strings.Join(all, ""), differ) {
			t.Errorf("%d, %q, %v; want %q", cells, all, err, differ)
		}
	}
	refused := "file," + name + ",catalogue,2026-05-03,refused,0,0,0,0\ncount,truncated,1,x\n"
	accepted := "file," + name + ",catalogue,2026-05-03,accepted,3,3,0,0\n"
	f(refused, "", want)
	f("", "there is none", want)
	f(accepted, "must be refused (truncated)", want)
	f(accepted, "", want, again)
	f(refused, "must be accepted", want, again)
	f(strings.Replace(accepted, ",3,3,", ",4,4,", 1), "0 of 4 records", again)
}

// A long time is asked for in pieces by the day, and as a whole by the month.
func TestStretches(t *testing.T) {
	f := func(from, to, grain string, want ...[2]string) {
		t.Helper()
		truth := feedTruth{head: feeds.Head{From: from, To: to}}
		if got, err := truth.stretches(grain); err != nil || !slices.Equal(got, want) {
			t.Errorf("%s to %s: %v, %v; want %v", from, to, got, err, want)
		}
	}
	f("2026-11-01", "2026-11-01", "day", [2]string{"2026-11-01", "2026-11-01"})
	f("2026-01-01", "2026-04-10", "day", [2]string{"2026-01-01", "2026-04-10"}) // a hundred days
	f("2026-01-01", "2026-04-11", "day", [2]string{"2026-01-01", "2026-04-10"}, [2]string{"2026-04-11", "2026-04-11"})
	f("2025-08-31", "2026-11-26", "month", [2]string{"2025-08-31", "2026-11-26"})
	if _, err := (&feedTruth{head: feeds.Head{From: "?", To: "2026-01-01"}}).stretches("day"); err == nil {
		t.Error("a day that is none was taken")
	}
}
