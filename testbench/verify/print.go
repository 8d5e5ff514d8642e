package verify

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

// Print writes the report for a person.
func (r *Report) Print(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "\nevents  %d of %d boxes, %s to %s\n", r.Events, r.Boxes, r.From, r.To)
	fmt.Fprintf(&b, "lost    %d\ndoubled %d\n", r.Lost, r.Doubled)
	if r.Evicted > 0 {
		fmt.Fprintf(&b, "evicted %d (thrown away by boxes for want of room; among the lost, but for what had arrived of %d sent before)\n", r.Evicted, r.EvictedSent)
	}
	list := func(title string, lines []string) {
		for _, l := range lines {
			fmt.Fprintf(&b, "  %s: %s\n", title, l)
		}
	}
	list("lost", r.LostEvents)
	list("doubled", r.DoubledEvents)
	list("fault", r.Faults)
	list("note", r.Notes)
	b.WriteByte('\n')
	t := tabwriter.NewWriter(&b, 0, 4, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "indicator\tcells\tequal\tdifferent\t")
	var cells, equal, different int
	for _, l := range r.Lines {
		fmt.Fprintf(t, "%s\t%d\t%d\t%d\t\n", l.Indicator, l.Cells, l.Equal, l.Different)
		cells, equal, different = cells+l.Cells, equal+l.Equal, different+l.Different
	}
	fmt.Fprintf(t, "all\t%d\t%d\t%d\t\n", cells, equal, different)
	if err := t.Flush(); err != nil {
		return err
	}
	for _, l := range r.Lines {
		list(l.Indicator, l.First)
	}
	verdict := "EQUAL: lost 0, doubled 0, every indicator equal"
	if !r.Equal {
		verdict = fmt.Sprintf("NOT EQUAL: lost %d, doubled %d, %d figures different", r.Lost, r.Doubled, different)
	}
	fmt.Fprintf(&b, "\n%s (%d questions asked)\n", verdict, r.Queries)
	_, err := io.WriteString(w, b.String())
	return err
}
