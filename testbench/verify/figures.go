package verify

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"math"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"iptvdc/testbench/oracle"
)

const (
	maxPeriods    = 900 // of a question, which may have 1,000
	maxIndicators = 16
	maxValues     = 800 // of a filter, which may have 1,000
)

// mostRows is about how many rows of the oracle's are counted at once.
const mostRows = 1_500_000

// task is one question of all indicators that have its dimensions.
type task struct {
	dimensions []string
	grain      string
	from, to   string
	over       bool // of those that need days which are over
}

// of are the indicators of a task.
func (t *task) of(o *oracle.Oracle) []oracle.Indicator {
	return slices.DeleteFunc(o.Indicators(), func(i oracle.Indicator) bool {
		return i.Over() != t.over || !i.Has(t.dimensions...) || i.Daily() && t.grain == "hour"
	})
}

// overDays are the days that are over for sure: whether the centre takes the last one
// for over depends on what it has of the night after it.
func (v *verifier) overDays() []string {
	days := oracle.DaysBetween(v.report.From, v.report.To)
	return days[:len(days)-1]
}

// tasks are all questions, those with the most cells cut into stretches of days.
func (v *verifier) tasks(o *oracle.Oracle) (all []task) {
	for _, over := range []bool{false, true} {
		days := oracle.DaysBetween(v.report.From, v.report.To)
		if over {
			days = v.overDays()
		}
		v.tasksOf(o, over, days, func(t task) { all = append(all, t) })
	}
	return share(v, all, func(t *task) bool { return t.grain == "day" && slices.Equal(t.dimensions, []string{"province"}) })
}

// share keeps what the verifier is to ask of all: those that are always, and its share
// of the others.
func share[T any](v *verifier, all []T, always func(*T) bool) (some []T) {
	for n, one := range all {
		if v.OneOf == 0 || n%v.OneOf == v.Which || always(&one) {
			some = append(some, one)
		}
	}
	return some
}

// tasksOf are the tasks of days of those indicators that need days which are over, or
// of the others.
func (v *verifier) tasksOf(o *oracle.Oracle, over bool, days []string, add func(task)) {
	some := (&task{over: over}).of(o)
	if len(days) == 0 || len(some) == 0 {
		return
	}
	for _, group := range o.Groups(some) {
		for _, grain := range oracle.Grains() {
			if grain == "hour" && v.HourDays > 0 && v.HourDays < len(days) {
				for _, day := range spread(days, v.HourDays) {
					if t := (task{group, grain, day, day, over}); len(t.of(o)) > 0 {
						add(t)
					}
				}
				continue
			}
			some := days
			if grain == "hour" || grain == "day" {
				parts := 1 + o.MostRows(group...)/mostRows
				some = days[:(len(days)+parts-1)/parts]
			}
			for chunk := range slices.Chunk(days, len(some)) {
				if t := (task{group, grain, chunk[0], chunk[len(chunk)-1], over}); len(t.of(o)) > 0 {
					add(t)
				}
			}
		}
	}
}

// spread returns n of days, as far apart as can be: the last is always among them, of
// two or more the first as well.
func spread(days []string, n int) (some []string) {
	last := len(days) - 1
	for i := range n {
		some = append(some, days[last-last*(n-1-i)/max(n-1, 1)])
	}
	return some
}

// compareFigures compares every indicator in every way it can be split.
func (v *verifier) compareFigures(ctx context.Context) error {
	started := time.Now()
	o := oracle.NewWith(v.truth, v.Catalogue)
	v.say("oracle: knows %d events after %s", v.truth.Len(), time.Since(started).Round(time.Second))
	v.report.From, v.report.To = o.Days()
	if v.report.From == "" {
		return nil // nothing ever happened
	}
	all := v.tasks(o)
	if days := oracle.DaysBetween(v.report.From, v.report.To); v.HourDays > 0 && v.HourDays < len(days) {
		v.report.Notes = append(v.report.Notes, fmt.Sprintf("hour by hour compared on %d of %d days: %s", v.HourDays, len(days), strings.Join(spread(days, v.HourDays), ", ")))
	}
	if v.OneOf > 0 {
		v.report.Notes = append(v.report.Notes, fmt.Sprintf("compared by province and day, and in %d of all ways to split and to compare: those of share %d of %d", len(all), v.Which+1, v.OneOf))
	}
	done := 0
	if v.Catalogue != nil {
		if err := v.compareProjected(ctx, o); err != nil {
			return err
		}
		if err := v.compareEarlier(ctx, o); err != nil {
			return err
		}
		if err := v.comparePackages(ctx, o); err != nil {
			return err
		}
	}
	return each(ctx, all, func(ctx context.Context, t *task) error {
		if err := v.compareTask(ctx, o, t); err != nil {
			return err
		}
		v.mu.Lock()
		defer v.mu.Unlock()
		if done++; done == len(all) || done%50 == 0 {
			v.say("figures: %d of %d ways to split compared, %d questions (%s by %s)", done, len(all), v.report.Queries, strings.Join(append([]string{"all"}, t.dimensions...), " x "), t.grain)
		}
		return nil
	})
}

// each does something with every element, a few at a time: while the aggregator
// answers one, the oracle thinks about another. It returns the first error.
func each[T any](ctx context.Context, all []T, do func(context.Context, *T) error) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var next atomic.Int64
	var workers sync.WaitGroup
	for range min(len(all), runtime.NumCPU()) {
		workers.Go(func() {
			for n := next.Add(1) - 1; n < int64(len(all)) && ctx.Err() == nil; n = next.Add(1) - 1 {
				if err := do(ctx, &all[n]); err != nil {
					stop(err)
				}
			}
		})
	}
	workers.Wait()
	return context.Cause(ctx)
}

// chunks cuts lists into parts of at most n, none of two lists.
func chunks[T any](n int, lists ...[]T) iter.Seq[[]T] {
	return func(yield func([]T) bool) {
		for _, list := range lists {
			for some := range slices.Chunk(list, n) {
				if !yield(some) {
					return
				}
			}
		}
	}
}

// byEdit parts figures that are asked for edited from raw ones: one question asks for
// either.
func byEdit(all []oracle.Indicator) [][]oracle.Indicator {
	var edited, raw []oracle.Indicator
	for _, i := range all {
		if strings.HasSuffix(i.ID, oracle.Raw) {
			raw = append(raw, i)
		} else {
			edited = append(edited, i)
		}
	}
	return [][]oracle.Indicator{edited, raw}
}

// ask adds figures, of one part of byEdit.
func (q *query) ask(some []oracle.Indicator) {
	for _, i := range some {
		id, raw := strings.CutSuffix(i.ID, oracle.Raw)
		if raw {
			q.Edit = "raw"
		}
		q.Indicators = append(q.Indicators, id)
	}
}

func (v *verifier) compareTask(ctx context.Context, o *oracle.Oracle, t *task) error {
	sheet := o.Sheet(oracle.Spans(t.grain, t.from, t.to), t.dimensions...)
	// The oracle does not know where losses show, see compareLost.
	have := slices.DeleteFunc(t.of(o), func(i oracle.Indicator) bool {
		return v.report.Lost > 0 && (i.ID == "events_lost" || i.ID == "loss_rate")
	})
	for some := range chunks(maxIndicators, byEdit(have)...) {
		place := make(map[string]int)
		q := query{Dimensions: t.dimensions, From: t.from, To: t.to, Grain: t.grain}
		q.ask(some)
		for n, id := range q.Indicators {
			place[id] = n
		}
		values := make([]oracle.Value, len(some)*len(sheet.Cells))
		var cells []oracle.Cell
		for n, c := range sheet.Cells {
			of := values[n*len(some) : (n+1)*len(some)]
			sheet.Values(some, n, of)
			if len(t.dimensions) == 0 || slices.ContainsFunc(of, func(f oracle.Value) bool { return f.Known && f.Number != 0 }) {
				cells = append(cells, c)
			}
		}
		err := v.ask(ctx, &q, cells, func(id string, c oracle.Cell) oracle.Value {
			n, ok := sheet.Find(c)
			if !ok {
				return oracle.Value{}
			}
			return values[n*len(some)+place[id]]
		})
		if err := v.late(&q, err); err != nil {
			return err
		}
	}
	return nil
}

// late makes a fault of a question that the aggregator did not answer in time, so that
// hours of other questions are not lost with it. Other errors are returned.
func (v *verifier) late(q *query, err error) error {
	if !errors.Is(err, errSlow) {
		return err
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.report.Faults = append(v.report.Faults, fmt.Sprintf("not answered, so not compared: %s: %v", strings.Join(q.Indicators, ", "), err))
	return nil
}

// compareLost holds all events lost, in one figure, against what is missing and
// what boxes told: what is missing shows at the events after it, and which those
// are only the centre knows.
func (v *verifier) compareLost(ctx context.Context) error {
	if v.report.Lost == 0 || !v.WithoutEvicted {
		return nil // compared cell by cell, or different anyway
	}
	told := oracle.New(v.truth).Ask("total")["events_lost"][oracle.Cell{Period: "total"}]
	q := query{Indicators: []string{"events_lost"}, From: v.report.From, To: v.report.To, Grain: "total"}
	return v.compare(ctx, &q, []oracle.Cell{{Period: "total"}}, func(string, oracle.Cell) oracle.Value {
		return oracle.Value{Number: told.Number + float64(v.report.Lost), Known: true}
	})
}

// ask asks one question and compares the answer; if it would be too long, it
// asks for parts.
func (v *verifier) ask(ctx context.Context, q *query, cells []oracle.Cell, want wanted) error {
	parts := split(q, cells, v.AnswerRows*8/10)
	if parts == nil {
		return v.compare(ctx, q, cells, want)
	}
	for _, p := range parts {
		if err := v.ask(ctx, &p.query, p.cells, want); err != nil {
			return err
		}
	}
	return nil
}

// part is a question for some of the cells of another.
type part struct {
	query query
	cells []oracle.Cell
}

// split cuts a question whose answer would be too long: into days as long as
// that changes no figure, then into provinces, then into values of the last
// dimension. It returns nil if the question may be asked as it is.
func split(q *query, cells []oracle.Cell, maxRows int) []part {
	periods := make(map[string]bool)
	for _, c := range cells {
		periods[c.Period] = true
	}
	span := len(oracle.DaysBetween(q.From, q.To))
	if q.Grain == "hour" {
		span *= 24
	}
	fits := len(cells) <= maxRows && span <= maxPeriods
	if byTime := q.Grain == "hour" || q.Grain == "day"; byTime && !fits && q.From < q.To {
		all := oracle.DaysBetween(q.From, q.To)
		half := all[len(all)/2]
		early, late := part{query: *q}, part{query: *q}
		early.query.To, late.query.From = all[len(all)/2-1], half
		for _, c := range cells {
			if c.Period[:10] < half {
				early.cells = append(early.cells, c)
			} else {
				late.cells = append(late.cells, c)
			}
		}
		return []part{early, late}
	}
	if fits || len(q.Dimensions) == 0 {
		return nil
	}
	for n, dimension := range q.Dimensions {
		values := make(map[string]bool)
		for _, c := range cells {
			values[[]string{c.A, c.B}[n]] = true
		}
		if len(values) < 2 {
			continue
		}
		sorted := slices.Sorted(maps.Keys(values))
		// Enough pieces for the rows and for the values of a filter.
		pieces := max(2, (len(cells)+maxRows-1)/maxRows, (len(sorted)+maxValues-1)/maxValues)
		var parts []part
		home := make(map[string]int) // which part a value is asked in
		for some := range slices.Chunk(sorted, max(1, (len(sorted)+pieces-1)/pieces)) {
			p := part{query: *q}
			p.query.Filters = append(slices.DeleteFunc(slices.Clone(q.Filters), func(f filter) bool { return f.Dimension == dimension }), filter{dimension, some})
			for _, value := range some {
				home[value] = len(parts)
			}
			parts = append(parts, p)
		}
		for _, c := range cells {
			p := &parts[home[[]string{c.A, c.B}[n]]]
			p.cells = append(p.cells, c)
		}
		return parts
	}
	return nil
}

// wanted says what a figure must be.
type wanted func(indicator string, c oracle.Cell) oracle.Value

// figure is a number of an answer, nil if there is none.
type figure *float64

// compare asks q and holds the answer against what it must be.
func (v *verifier) compare(ctx context.Context, q *query, cells []oracle.Cell, want wanted) error {
	got, err := v.figures(ctx, q, read)
	if err != nil {
		return err
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	known := make(map[oracle.Cell]bool, len(cells))
	for _, c := range cells {
		known[c] = true
	}
	for c := range got {
		if !known[c] { // a cell that should not be
			cells = append(cells, c)
		}
	}
	for _, id := range q.Indicators {
		line := v.line(id)
		if q.Edit == "raw" {
			line = v.line(id + oracle.Raw)
		}
		for _, c := range cells {
			line.Cells++
			if must, is := want(id, c), got[c][id]; !same(must, is) {
				line.Different++
				v.example(&line.First, "%s %s: %s, must be %s", q.Grain, describe(q, c), show(is), showValue(must))
			} else {
				line.Equal++
			}
		}
	}
	return nil
}

// figures asks a question. What takes the aggregator too long for all indicators is
// asked for half of them at a time; for one alone again, as the machine may be busy.
func (v *verifier) figures(ctx context.Context, q *query, read func(*table, *query) (map[oracle.Cell]map[string]figure, error)) (map[oracle.Cell]map[string]figure, error) {
	t, err := v.client.query(ctx, q)
	for try := 1; errors.Is(err, errSlow) && len(q.Indicators) == 1 && try < tries; try++ {
		t, err = v.client.query(ctx, q)
	}
	v.mu.Lock()
	v.report.Queries++
	v.mu.Unlock()
	if n := len(q.Indicators); errors.Is(err, errSlow) && n > 1 {
		all := make(map[oracle.Cell]map[string]figure)
		for _, some := range [][]string{q.Indicators[:n/2], q.Indicators[n/2:]} {
			half := *q
			half.Indicators = some
			got, err := v.figures(ctx, &half, read)
			if err != nil {
				return nil, err
			}
			for c, figures := range got {
				if all[c] == nil {
					all[c] = make(map[string]figure)
				}
				maps.Copy(all[c], figures)
			}
		}
		return all, nil
	}
	if err != nil {
		return nil, fmt.Errorf("%v by %v, %s from %s to %s: %w", q.Indicators, q.Dimensions, q.Grain, q.From, q.To, err)
	}
	return read(&t, q)
}

// read turns an answer into figures by cell and indicator.
func read(t *table, q *query) (map[oracle.Cell]map[string]figure, error) {
	got := make(map[oracle.Cell]map[string]figure)
	want := append([]string{"period"}, append(slices.Clone(q.Dimensions), q.Indicators...)...)
	for i, c := range t.Columns {
		if i >= len(want) || c.ID != want[i] {
			return nil, fmt.Errorf("query: the answer's columns are %v, must be %v", t.Columns, want)
		}
	}
	for _, row := range t.Rows {
		if len(row) != len(want) {
			return nil, fmt.Errorf("query: a row has %d values, must have %d", len(row), len(want))
		}
		var words []string
		for _, x := range row[:1+len(q.Dimensions)] {
			word, ok := x.(string)
			if !ok {
				return nil, fmt.Errorf("query: a period or dimension is %v, must be a text", x)
			}
			words = append(words, word)
		}
		words = append(words, "", "")
		c := oracle.Cell{Period: words[0], A: words[1], B: words[2]}
		if got[c] != nil {
			return nil, fmt.Errorf("query: the row %v stands twice", words)
		}
		got[c] = make(map[string]figure)
		for i, id := range q.Indicators {
			switch x := row[1+len(q.Dimensions)+i].(type) {
			case nil:
			case float64:
				got[c][id] = &x
			default:
				return nil, fmt.Errorf("query: %s is %v, must be a number or null", id, x)
			}
		}
	}
	return got, nil
}

// same compares a figure with what it must be. A count of zero may be left out;
// a quotient that does not exist must not be a number.
func same(must oracle.Value, is figure) bool {
	if is == nil {
		return !must.Known || must.Number == 0
	}
	if !must.Known && must.Number != *is {
		return false
	}
	return math.Abs(must.Number-*is) <= 1e-9*math.Max(1, math.Abs(must.Number))
}

func show(f figure) string {
	if f == nil {
		return "nothing"
	}
	return fmt.Sprintf("%.10g", *f)
}

func showValue(v oracle.Value) string {
	if !v.Known && v.Number == 0 {
		return "nothing or 0"
	}
	return fmt.Sprintf("%.10g", v.Number)
}

func describe(q *query, c oracle.Cell) string {
	text := c.Period
	for i, d := range q.Dimensions {
		text += fmt.Sprintf(" %s=%q", d, []string{c.A, c.B}[i])
	}
	return text
}
