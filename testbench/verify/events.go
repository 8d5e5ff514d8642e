package verify

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"

	"iptvdc/testbench/oracle"
)

// drills is how many boxes are asked for their single events; of the others a
// difference is told in numbers.
const drills = 100

// examples is how many single differences are named.
const examples = 10

// compareEvents compares what each box told with what the centre holds.
func (v *verifier) compareEvents(ctx context.Context) error {
	names := slices.Sorted(slices.Values(v.truth.Boxes()))
	drilled, compared := 0, 0
	for chunk := range slices.Chunk(names, auditBoxes) {
		rows, err := v.client.audit(ctx, chunk)
		if err != nil {
			return err
		}
		compared += len(chunk)
		got := make(map[string]map[string]oracle.Tally)
		for _, r := range rows {
			if got[r.Box] == nil {
				got[r.Box] = make(map[string]oracle.Tally)
			}
			got[r.Box][r.Kind] = oracle.Tally{Events: r.Events, MonoSum: r.MonoSum}
		}
		for _, box := range chunk {
			want := v.truth.TallyOf(box)
			if maps.Equal(want, got[box]) {
				continue
			}
			v.report.BoxesDiffer++
			if drilled++; drilled <= drills || v.WithoutEvicted && v.truth.Evicted[box] > 0 {
				err = v.drill(ctx, box)
			} else {
				v.differ(box, want, got[box])
			}
			if err != nil {
				return err
			}
		}
		v.say("events of %d of %d boxes compared", min(compared, len(names)), len(names))
	}
	return nil
}

// differ counts what differs from numbers alone.
func (v *verifier) differ(box string, want, got map[string]oracle.Tally) {
	kinds := make(map[string]bool)
	for k := range want {
		kinds[k] = true
	}
	for k := range got {
		kinds[k] = true
	}
	for k := range kinds {
		switch n := got[k].Events - want[k].Events; {
		case n < 0:
			v.report.Lost -= n
		case n > 0:
			v.report.Doubled += n
		case got[k] != want[k]: // as many, but others
			v.report.Lost++
			v.report.Doubled++
		}
	}
}

// drill names the lost and doubled events of one box.
func (v *verifier) drill(ctx context.Context, box string) error {
	held, err := v.client.events(ctx, box)
	if err != nil {
		return err
	}
	balance := make(map[event]int)
	for _, e := range held {
		balance[e]++
	}
	for _, r := range v.truth.Of(box) {
		balance[event{r.Event.Boot, r.Event.MonoMs, r.Event.Kind}]--
	}
	keys := slices.SortedFunc(maps.Keys(balance), func(a, b event) int {
		return cmp.Or(cmp.Compare(a.Boot, b.Boot), cmp.Compare(a.MonoMs, b.MonoMs), cmp.Compare(a.Kind, b.Kind))
	})
	for _, e := range keys {
		switch n := int64(balance[e]); {
		case n < 0:
			v.report.Lost -= n
			if v.lost[box] == nil {
				v.lost[box] = make(map[event]int)
			}
			v.lost[box][e] = int(-n)
			v.example(&v.report.LostEvents, "box %s: %v, %d times", box, e, -n)
		case n > 0:
			v.report.Doubled += n
			v.example(&v.report.DoubledEvents, "box %s: %v, %d times more than told", box, e, n)
		}
	}
	return nil
}

func (v *verifier) example(list *[]string, format string, args ...any) {
	if len(*list) < examples {
		*list = append(*list, fmt.Sprintf(format, args...))
	}
}

// without is a truth less the events of lost, which it uses up.
func without(t *oracle.Truth, lost map[string]map[event]int) *oracle.Truth {
	rest := &oracle.Truth{Evicted: t.Evicted, Sent: t.Sent, Cut: t.Cut}
	for r := range t.All() {
		e := event{r.Event.Boot, r.Event.MonoMs, r.Event.Kind}
		if of := lost[r.Box]; of[e] > 0 {
			of[e]--
			continue
		}
		rest.Add(r)
	}
	return rest
}
