package verify

import (
	"context"
	"fmt"
	"strings"

	"iptvdc/testbench/oracle"
)

// projected are the figures that are estimated for all accounts.
var projected = []string{"active_boxes_projected", "viewing_minutes_projected", "viewing_per_account_projected"}

// compareProjected compares estimates and their standard errors.
func (v *verifier) compareProjected(ctx context.Context, o *oracle.Oracle) error {
	lines := make(map[string]*Line)
	for _, id := range projected {
		lines[id], lines[id+":error"] = v.feedLine(id), v.feedLine(id+":error")
	}
	for _, grain := range []string{"day", "week", "month", "total"} {
		for _, dimensions := range [][]string{nil, {"province"}, {"city"}, {"province", "city"}} {
			want := o.Projected(oracle.Spans(grain, v.report.From, v.report.To), dimensions...)
			q := query{Indicators: projected, Dimensions: dimensions, From: v.report.From, To: v.report.To, Grain: grain}
			got, err := v.estimates(ctx, &q)
			if err != nil {
				return err
			}
			for _, id := range projected {
				cells := make(map[oracle.Cell]bool)
				for c := range want[id] {
					cells[c] = true
				}
				for c := range got {
					cells[c] = true
				}
				for c := range cells {
					v.judge(lines[id], &q, c, want[id][c].Value, got[c][id])
					v.judge(lines[id+":error"], &q, c, want[id][c].Error, got[c][id+":error"])
				}
			}
		}
	}
	v.say("projections compared")
	return nil
}

// judge compares one figure.
func (v *verifier) judge(line *Line, q *query, c oracle.Cell, must oracle.Value, is figure) {
	line.Cells++
	if same(must, is) {
		line.Equal++
		return
	}
	line.Different++
	v.example(&line.First, "%s %s: %s, must be %s", q.Grain, describe(q, c), show(is), showValue(must))
}

// estimates asks a question whose answer has more columns than figures are asked for.
func (v *verifier) estimates(ctx context.Context, q *query) (map[oracle.Cell]map[string]figure, error) {
	return v.figures(ctx, q, func(t *table, q *query) (map[oracle.Cell]map[string]figure, error) {
		wide := *q
		wide.Indicators = nil
		for _, c := range t.Columns[min(len(t.Columns), 1+len(q.Dimensions)):] {
			wide.Indicators = append(wide.Indicators, c.ID)
		}
		for _, id := range q.Indicators {
			if !strings.Contains(strings.Join(wide.Indicators, " ")+" ", id+" ") {
				return nil, fmt.Errorf("query: the answer has no column %s", id)
			}
		}
		return read(t, &wide)
	})
}
