package store

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"iptvdc/aggregator/c3"
)

// Judgement is what a Commit makes of a file; engines fill it alike.
type Judgement struct {
	File    File
	Verdict Verdict
	// Staged is how many rows were added, Duplicates are the faults of those
	// whose key came before, the first by line, and Doubled is how many there
	// are in all.
	Staged, Doubled int64
	Duplicates      []c3.Fault
}

// Duplicate is the fault of a row whose key came in an earlier line.
func Duplicate(line, first int64) c3.Fault {
	return c3.Fault{Line: line, Code: c3.FaultDuplicate, Text: fmt.Sprintf("The same key came before, in line %d.", first)}
}

// Row is the row of a file that is in, with its faults.
func (j *Judgement) Row(repeated int64) (FileRow, []c3.Fault) {
	row := j.row()
	row.Repeated = repeated
	row.Accepted = row.Records - row.Rejected - repeated
	row.Outcome = c3.OutcomeAccepted
	if row.Rejected > 0 {
		row.Outcome = c3.OutcomePartly
	}
	return row, firstFaults(slices.Concat(j.Verdict.Faults, j.Duplicates))
}

// Out is the row of a file of which nothing is in.
func (j *Judgement) Out(o c3.Outcome, why c3.Fault) (FileRow, []c3.Fault) {
	row := j.row()
	row.Outcome, row.Why = o, why.Code
	row.Counts[why.Code]++
	return row, firstFaults(slices.Concat([]c3.Fault{why}, j.Verdict.Faults, j.Duplicates))
}

func (j *Judgement) row() FileRow {
	counts := maps.Clone(j.Verdict.Counts)
	if counts == nil {
		counts = map[string]int64{}
	}
	if j.Doubled > 0 {
		counts[c3.FaultDuplicate] += j.Doubled
	}
	return FileRow{File: j.File, Records: j.Verdict.Records, Rejected: j.Verdict.Records - j.Staged + j.Doubled, Counts: counts, DoneMs: j.Verdict.DoneMs}
}

// Check reports a verdict that cannot be.
func (j *Judgement) Check() error {
	if j.Verdict.Records < j.Staged {
		return fmt.Errorf("store: %d records in a file of which %d rows were added", j.Verdict.Records, j.Staged)
	}
	return nil
}

// Shrunk judges a full file by the rows of the one before it: false is good.
func (j *Judgement) Shrunk(before int64) (c3.Fault, bool) {
	now := j.Staged - j.Doubled
	if j.Verdict.MaxShrink >= 100 || (before-now)*100 <= before*int64(j.Verdict.MaxShrink) {
		return c3.Fault{}, false
	}
	return c3.Fault{Code: c3.FaultShrunk, Text: fmt.Sprintf("%d accounts; the full file before it has %d.", now, before)}, true
}

// Older is the fault of a day's full file that a later version outdid before it
// came.
func Older() c3.Fault {
	return c3.Fault{Code: c3.FaultOlder, Text: "A later version of this day's file was taken before."}
}

// Noted is the row of a file of which a receipt alone is kept.
func Noted(f File, r c3.Receipt) (FileRow, []c3.Fault) {
	row := FileRow{File: f, Outcome: r.Outcome, Records: r.Records, Accepted: r.Accepted, Rejected: r.Rejected, Repeated: r.Repeated,
		Counts: maps.Clone(r.Counts), DoneMs: f.ReceivedMs}
	for _, fault := range r.Faults {
		if fault.Line == 0 {
			row.Why = fault.Code
			break
		}
	}
	return row, firstFaults(slices.Clone(r.Faults))
}

// firstFaults sorts faults by line and keeps as many as are kept.
func firstFaults(faults []c3.Fault) []c3.Fault {
	slices.SortStableFunc(faults, func(a, b c3.Fault) int { return cmp.Compare(a.Line, b.Line) })
	return faults[:min(len(faults), c3.MaxFaults)]
}

// In reports whether what a file says is in the store.
func (r *FileRow) In() bool { return r.Outcome == c3.OutcomeAccepted || r.Outcome == c3.OutcomePartly }
