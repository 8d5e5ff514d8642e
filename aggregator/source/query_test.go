package source

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"iptvdc/aggregator"
	"iptvdc/aggregator/indicator"
	"iptvdc/aggregator/store"
	"iptvdc/aggregator/store/storetest"
)

// plainRow is a row of the model: what a business person would write down.
type plainRow struct {
	day               string
	province          int
	city, product, cp string
	text              string
	amount            float64
	has               bool
}

var (
	someDays      = []string{"2026-05-01", "2026-05-02", "2026-05-03", "2026-05-04"}
	someProvinces = []int{0, 33, 43, 11}
	someCities    = map[int][]string{0: {""},
		33: {"", "3301", "3302"}, 43: {"", "4301"}, 11: {"1101"}}
)

func someRows(r *rand.Rand, n int) []plainRow {
	all := make([]plainRow, n)
	pick := func(of ...string) string { return of[r.IntN(len(of))] }
	for i := range all {
		p := someProvinces[r.IntN(len(someProvinces))]
		all[i] = plainRow{day: someDays[r.IntN(len(someDays))], province: p, city: pick(someCities[p]...), product: pick("", "P1", "P2", "P3"), cp: pick("", "cp1", "cp2"),
			text: pick("", "a", "b", "c"), has: r.IntN(6) > 0}
		if all[i].has {
			all[i].amount = float64(r.IntN(4001)-2000) / []float64{1, 4, 100}[r.IntN(3)]
		}
	}
	return all
}

var plainColumns = []Column{
	{Field: "day", Name: "day", Type: TypeDate}, {Field: "province", Name: "province", Type: TypeProvince}, {Field: "city", Name: "city", Type: TypeCity},
	{Field: "product", Name: "product", Type: TypeProduct}, {Field: "cp", Name: "cp", Type: TypeProvider}, {Field: "text", Name: "text", Type: TypeText},
	{Field: "amount", Name: "amount", Type: TypeNumber},
}

// plainTable writes rows as CSV and reads them as a source is read.
func plainTable(t *testing.T, rows []plainRow, columns []Column) *Table {
	t.Helper()
	var csv strings.Builder
	csv.WriteString("day,province,city,product,cp,text,amount\n")
	for _, r := range rows {
		province, amount := "", ""
		if r.province > 0 {
			province = fmt.Sprint(r.province)
		}
		if r.has {
			amount = fmt.Sprint(r.amount)
		}
		fmt.Fprintf(&csv, "%s,%s,%s,%s,%s,%s,%s\n", r.day, province, r.city, r.product, r.cp, r.text, amount)
	}
	b, err := readAll(csvRecords(strings.NewReader(csv.String())), columns, false)
	if err != nil {
		t.Fatal(err)
	}
	if b.read.Rejected > 0 {
		t.Fatal(b.read.Faults)
	}
	path := filepath.Join(t.TempDir(), "1.src")
	if _, err := b.write(path); err != nil {
		t.Fatal(err)
	}
	table, err := OpenTable(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = table.Close() })
	return table
}

// one is a single table as all own sources.
type one struct{ *Table }

func (o one) QuerySource(ctx context.Context, _ string, q store.Query) ([]store.Row, error) {
	return o.Query(ctx, q)
}

func (o one) SourceTexts(_ context.Context, keys []uint64) (map[uint64]string, error) {
	texts := map[uint64]string{}
	return texts, o.texts(keys, texts)
}

// expect reckons a figure of rows, the slow and obvious way.
func expect(how indicator.How, rows []plainRow) float64 {
	var numbers []float64
	seen := map[string]bool{}
	for _, r := range rows {
		if r.has {
			numbers = append(numbers, r.amount)
		}
		if r.text != "" {
			seen[r.text] = true
		}
	}
	sum := 0.0
	for _, n := range numbers {
		sum += n
	}
	switch {
	case how == indicator.HowRows:
		return float64(len(rows))
	case how == indicator.HowDistinct:
		return float64(len(seen))
	case how == indicator.HowSum:
		return sum
	case len(numbers) == 0:
		return math.NaN()
	case how == indicator.HowAverage:
		return sum / float64(len(numbers))
	case how == indicator.HowLeast:
		return slices.Min(numbers)
	}
	return slices.Max(numbers)
}

var figures = map[indicator.How]string{
	indicator.HowRows: "src.plain.rows", indicator.HowSum: "src.plain.amount.sum", indicator.HowAverage: "src.plain.amount.avg",
	indicator.HowLeast: "src.plain.amount.min", indicator.HowGreatest: "src.plain.amount.max", indicator.HowDistinct: "src.plain.text.distinct",
}

// For any rows, grants and question, an answer is what the rows that are granted make,
// and nothing else.
func TestAnswersAreTheGrantedRows(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	rows := someRows(r, 300)
	table := plainTable(t, rows, plainColumns)
	d := Definition{Name: "plain", Title: indicator.Text{EN: "plain"}}
	indicator.UseSources([]indicator.SourceInfo{Info(&d, table.Columns())})
	t.Cleanup(func() { indicator.UseSources(nil) })
	src := indicator.Joined(storetest.Memory(), one{table})
	cells := map[store.Column]func(plainRow) string{
		store.ColProvince: func(r plainRow) string {
			if r.province == 0 {
				return ""
			}
			return fmt.Sprint(r.province)
		},
		store.ColCity: func(r plainRow) string { return r.city }, store.ColProduct: func(r plainRow) string { return r.product }, store.ColProvider: func(r plainRow) string { return r.cp },
		"src.plain.text": func(r plainRow) string { return r.text },
	}
	dimensions := []store.Column{store.ColProvince, store.ColCity, store.ColProduct, store.ColProvider, "src.plain.text"}
	rapid.Check(t, func(t *rapid.T) {
		scope := aggregator.Scope{All: rapid.IntRange(0, 3).Draw(t, "all") == 0}
		if !scope.All {
			scope.Provinces = rapid.SliceOfDistinct(rapid.SampledFrom([]aggregator.Province{11, 33, 43, 51}), func(p aggregator.Province) aggregator.Province { return p }).Draw(t, "provinces")
		}
		grants := aggregator.GrantsOf(scope, aggregator.DataOfSource("plain"))
		by := rapid.SliceOfNDistinct(rapid.SampledFrom(dimensions), 0, 2, func(c store.Column) store.Column { return c }).Draw(t, "by")
		q := &indicator.Request{Dimensions: by, From: rapid.SampledFrom(someDays[:2]).Draw(t, "from"), To: rapid.SampledFrom(someDays[2:]).Draw(t, "to"),
			Grain: rapid.SampledFrom([]indicator.Grain{indicator.Total, indicator.Daily}).Draw(t, "grain")}
		hows := rapid.SliceOfNDistinct(rapid.SampledFrom([]indicator.How{indicator.HowRows, indicator.HowSum, indicator.HowAverage, indicator.HowLeast, indicator.HowGreatest, indicator.HowDistinct}), 1, 4, func(h indicator.How) indicator.How { return h }).Draw(t, "hows")
		for _, h := range hows {
			q.Indicators = append(q.Indicators, figures[h])
		}
		var filter indicator.Filter
		if rapid.Bool().Draw(t, "filtered") {
			filter = indicator.Filter{Dimension: rapid.SampledFrom(dimensions).Draw(t, "of"), Not: rapid.Bool().Draw(t, "not")}
			filter.In = []string{map[store.Column]string{store.ColProvince: "33", store.ColCity: "3301", store.ColProduct: "P1", store.ColProvider: "cp2", "src.plain.text": "b"}[filter.Dimension]}
			q.Filters = []indicator.Filter{filter}
		}
		a, err := indicator.Evaluate(t.Context(), indicator.Within(src, scope, grants.Sets()...), scope, q)
		if err != nil {
			t.Fatal(err)
		}
		groups := map[string][]plainRow{}
		for _, r := range rows {
			open := scope.All || r.province != 0 && scope.Sees(aggregator.Province(r.province))
			if !open || r.day < q.From || r.day > q.To || filter.In != nil && (cells[filter.Dimension](r) == filter.In[0]) == filter.Not {
				continue
			}
			key := []string{q.From}
			if q.Grain == indicator.Daily {
				key[0] = r.day
			}
			for _, d := range by {
				key = append(key, cells[d](r))
			}
			groups[strings.Join(key, "|")] = append(groups[strings.Join(key, "|")], r)
		}
		got := map[string]bool{}
		for _, row := range a.Rows {
			if q.Grain == indicator.Total {
				row.Period = q.From
			}
			key := strings.Join(append([]string{row.Period}, row.Cells...), "|")
			got[key] = true
			for n, h := range hows {
				want, have := expect(h, groups[key]), float64(row.Values[n])
				if math.IsNaN(want) != math.IsNaN(have) || math.Abs(want-have) > 1e-6 {
					t.Fatalf("%s of %q in %v: %v, want %v", h, key, scope, have, want)
				}
			}
		}
		for key, rows := range groups {
			nothing := !slices.ContainsFunc(hows, func(h indicator.How) bool {
				v := expect(h, rows)
				// An average of 0 is made of a count that is not.
				return v != 0 && !math.IsNaN(v) || v == 0 && (h == indicator.HowAverage || h == indicator.HowLeast || h == indicator.HowGreatest)
			})
			if !got[key] && !nothing {
				t.Fatalf("%q is missing in %v", key, scope)
			}
		}
		// Without the source's grant nothing is read at all.
		if _, err := indicator.Evaluate(t.Context(), indicator.Within(src, scope, aggregator.DataRatings), scope, q); err == nil && !scope.Empty() {
			t.Fatal("read without a grant")
		}
	})
}

// A source without provinces is refused to who does not see all of them, one without
// days is the same at all times.
func TestSourcesWithoutPlaceOrDay(t *testing.T) {
	rows := []plainRow{{day: "2026-05-01", province: 33, amount: 5, has: true}, {day: "2026-05-02", province: 43, amount: 7, has: true}}
	ask := func(columns []Column, scope aggregator.Scope, grain indicator.Grain) (*indicator.Answer, error) {
		table := plainTable(t, rows, columns)
		d := Definition{Name: "plain", Title: indicator.Text{EN: "plain"}}
		indicator.UseSources([]indicator.SourceInfo{Info(&d, table.Columns())})
		t.Cleanup(func() { indicator.UseSources(nil) })
		return indicator.Evaluate(t.Context(), indicator.Joined(storetest.Memory(), one{table}), scope,
			&indicator.Request{Indicators: []string{"src.plain.amount.sum"}, From: "2026-05-01", To: "2026-05-02", Grain: grain, Compare: indicator.Previous})
	}
	without := func(drop Type) []Column {
		return slices.DeleteFunc(slices.Clone(plainColumns), func(c Column) bool { return c.Type == drop || c.Type == TypeCity })
	}
	if _, err := ask(without(TypeProvince), aggregator.Scope{Provinces: []aggregator.Province{33}}, indicator.Total); err == nil || !strings.Contains(err.Error(), "no column of provinces") {
		t.Errorf("a source without provinces: %v", err)
	}
	a, err := ask(without(TypeProvince), aggregator.Scope{All: true}, indicator.Total)
	if err != nil || a.Rows[0].Values[0] != 12 || a.Rows[0].Values[1] != 0 {
		t.Errorf("%+v, %v", a, err)
	}
	a, err = ask(without(TypeDate), aggregator.Scope{Provinces: []aggregator.Province{43}}, indicator.Daily)
	if err != nil || len(a.Rows) != 2 || a.Rows[0].Values[0] != 7 || a.Rows[1].Values[0] != 7 || a.Rows[1].Values[2] != 0 {
		t.Errorf("%+v, %v", a, err)
	}
	if a, err = ask(plainColumns, aggregator.Scope{}, indicator.Total); err != nil || len(a.Rows) != 0 {
		t.Errorf("the zero scope: %+v, %v", a, err)
	}
}

func BenchmarkQuery(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 2))
	build, err := newBuilder(plainColumns, []string{"day", "province", "city", "product", "cp", "text", "amount"}, false)
	if err != nil {
		b.Fatal(err)
	}
	day, err := aggregator.ParseDay("2026-05-01")
	if err != nil {
		b.Fatal(err)
	}
	for n := range build.values {
		for range MaxRows {
			v := r.Int64N(1_000_000)
			switch build.columns[n].Type {
			case TypeDate:
				v = int64(day) + v%31
			case TypeProvince:
				v = 11 + v%30
			case TypeProduct, TypeProvider, TypeText, TypeCity:
				v %= 200
				build.texts[uint64(v)] = "x"
			}
			build.values[n] = append(build.values[n], v)
		}
	}
	build.read.Rows = MaxRows
	path := filepath.Join(b.TempDir(), "1.src")
	if _, err := build.write(path); err != nil {
		b.Fatal(err)
	}
	q := store.Query{AllProvinces: true, GroupBy: []store.Column{store.ColProvince}, Values: []store.Value{{Measure: indicator.HowSum.Of("amount")}}}
	for n := range 31 {
		q.Spans = append(q.Spans, store.Span{From: int32(day) + int32(n), To: int32(day) + int32(n) + 1})
	}
	b.ResetTimer()
	for range b.N {
		t, err := OpenTable(path)
		if err != nil {
			b.Fatal(err)
		}
		rows, err := t.Query(b.Context(), q)
		if err != nil || len(rows) != 31*30 {
			b.Fatal(len(rows), err)
		}
		_ = t.Close()
	}
}
