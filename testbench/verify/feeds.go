package verify

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"iptvdc/testbench/feeds"
)

// feedCell names a figure of the feeds: a period and the values of the
// dimensions asked for, joined by tabs.
type feedCell struct{ period, values string }

// feedQuestion is one indicator split in one way, and what it must say.
type feedQuestion struct {
	indicator  string
	dimensions []string
	grain      string
	want       map[feedCell]float64
}

// feedTruth is what a truth of feeds says, as questions.
type feedTruth struct {
	head  feeds.Head
	asked []*feedQuestion
	days  int // lines of it
	bills int
	files []feeds.Sent
	told  []feeds.Told // orders told by SOAP
}

func (t *feedTruth) question(indicator, grain string, dimensions ...string) *feedQuestion {
	q := &feedQuestion{indicator: indicator, grain: grain, dimensions: dimensions, want: map[feedCell]float64{}}
	t.asked = append(t.asked, q)
	return q
}

func (q *feedQuestion) add(n float64, period string, values ...string) {
	q.want[feedCell{period, strings.Join(values, "\t")}] += n
}

// churn is what a month's churn is made of.
type churn struct {
	left       float64
	start, end float64 // accounts active or suspended
}

// readFeeds reads a truth of feeds.
func readFeeds(r io.Reader) (*feedTruth, error) {
	t := &feedTruth{}
	states := t.question("accounts", "day", "province", "state")
	flows := t.question("account_flows", "day", "province", "flow")
	orders := t.question("bill_orders", "day", "province", "product", "op")
	revenue := t.question("bill_revenue", "day", "province", "product", "provider")
	byPay := t.question("bill_revenue", "month", "province", "pay")
	of, users := askBills(t), askUsers(t)
	active, months := map[string]int64{}, map[feedCell]int64{} // by province, of the day before; by month, before its first day
	churns := map[feedCell]*churn{}
	before := map[string]float64{} // base of the province the day before
	in := json.NewDecoder(bufio.NewReaderSize(r, 1<<20))
	if err := in.Decode(&t.head); err != nil || t.head.Truth != 1 {
		return nil, fmt.Errorf("no truth of feeds: it must begin with {\"feeds_truth\":1,...} (%w)", err)
	}
	for n := 2; in.More(); n++ {
		var l feeds.Line
		if err := in.Decode(&l); err != nil {
			return nil, fmt.Errorf("entry %d: %w", n, err)
		}
		switch {
		case l.Day != nil:
			t.days++
			d := l.Day
			for state, accounts := range d.States {
				states.add(float64(accounts), d.Day, d.Province, state)
			}
			for flow, count := range d.Flows {
				flows.add(float64(count), d.Day, d.Province, flow)
			}
			base := float64(d.States["active"] + d.States["suspended"])
			c := churns[feedCell{d.Day[:7], d.Province}]
			if c == nil {
				c = &churn{start: before[d.Province]}
				churns[feedCell{d.Day[:7], d.Province}] = c
			}
			c.end = base
			before[d.Province] = base
			for _, flow := range []string{"cancelled", "moved_out", "suspended_cancelled", "suspended_moved_out"} {
				c.left += float64(d.Flows[flow])
			}
			of.stands(d, active[d.Province], months)
			users.day(d, active[d.Province])
			active[d.Province] = d.States["active"]
		case l.Bill != nil:
			t.bills++
			b := l.Bill
			orders.add(float64(b.Orders), b.Day, b.Province, b.Product, b.Op)
			fen := float64(b.Fen)
			if b.Op == "refund" {
				fen = -fen
			}
			revenue.add(fen, b.Day, b.Province, b.Product, b.Provider)
			byPay.add(fen, b.Day[:7], b.Province, b.Pay)
			of.bill(b)
			users.bill(b)
		case l.Buyer != nil:
			of.buyer(l.Buyer)
		case l.Due != nil:
			of.term(l.Due)
		case l.Match != nil:
			of.match(l.Match)
		case l.File != nil:
			t.files = append(t.files, *l.File)
		case l.Told != nil:
			t.told = append(t.told, *l.Told)
		}
	}
	of.close()
	users.close()
	rate := t.question("churn_rate", "month", "province")
	for cell, c := range churns {
		if c.start+c.end > 0 {
			rate.add(200*c.left/(c.start+c.end), cell.period, cell.values)
		}
	}
	return t, nil
}

// Feeds compares the truth of feeds with what the aggregator says: states, flows,
// churn, orders, revenue, buyers, refunds, providers' parts, renewals and how boxes
// and carriers agree, by day, month and province, what became of each file, and with
// Config.Receipts what its province was answered.
func Feeds(ctx context.Context, truth io.Reader, c Config) (*Report, error) {
	t, err := readFeeds(truth)
	if err != nil {
		return nil, err
	}
	cl, err := newClient(c.URL, c.Token)
	if err != nil {
		return nil, err
	}
	if c.Wait == 0 {
		c.Wait = 2 * time.Minute
	}
	v := &verifier{Config: c, client: cl, lines: map[string]*Line{}}
	v.report.From, v.report.To = t.head.From, t.head.To
	if err := v.awaitFiles(ctx, t); err != nil {
		return nil, err
	}
	if err := v.awaitTold(ctx, t); err != nil {
		return nil, err
	}
	if err := v.awaitReceipts(ctx, t); err != nil {
		return nil, err
	}
	for _, q := range t.asked {
		if err := v.askFeed(ctx, t, q); err != nil {
			return nil, err
		}
		v.say("%s by %s and %s compared", q.indicator, q.grain, strings.Join(q.dimensions, ", "))
	}
	v.report.Equal = len(v.report.Faults) == 0 && !slices.ContainsFunc(v.report.Lines, func(l *Line) bool { return l.Different > 0 })
	return &v.report, nil
}

// fileRow is what the aggregator says of a file.
type fileRow struct {
	Province string           `json:"province"`
	Name     string           `json:"name"`
	Outcome  string           `json:"outcome"`
	Records  int64            `json:"records"`
	Accepted int64            `json:"accepted"`
	Rejected int64            `json:"rejected"`
	Why      string           `json:"why"`
	Counts   map[string]int64 `json:"counts"`
}

// awaitFiles waits until every file is judged as it must be, or for as long as it
// may take, and compares the judgements.
func (v *verifier) awaitFiles(ctx context.Context, t *feedTruth) error {
	giveUp := time.Now().Add(v.Wait)
	for {
		got := map[string][]fileRow{}
		for _, p := range t.head.Provinces {
			var answer struct {
				Files []fileRow `json:"files"`
			}
			if err := v.client.do(ctx, "GET", "/api/v1/feeds/files?limit=10000&province="+p, nil, &answer); err != nil {
				return err
			}
			for _, f := range answer.Files {
				got[f.Province+"/"+f.Name] = append(got[f.Province+"/"+f.Name], f)
			}
		}
		verdicts := judgeFiles(t.files, got)
		if n := len(verdicts); n > 0 && time.Now().Before(giveUp) && ctx.Err() == nil {
			v.say("files: %d are not yet as they must be", n)
			select {
			case <-time.After(time.Second):
			case <-ctx.Done():
			}
			continue
		}
		line := v.feedLine("files")
		line.Cells = len(t.files)
		for _, text := range verdicts {
			line.Different++
			v.example(&line.First, "%s", text)
		}
		line.Equal = max(0, line.Cells-line.Different)
		return ctx.Err()
	}
}

// judgeFiles compares what must have become of files with what has, name by name;
// it returns what differs. A repeat leaves no row, nor does what is superseded: a
// row more than the others tell is one too many.
func judgeFiles(want []feeds.Sent, got map[string][]fileRow) (differ []string) {
	byName := map[string][]feeds.Sent{}
	for _, f := range want {
		name := f.Province + "/" + f.Name
		byName[name] = append(byName[name], f)
	}
	for _, name := range slices.Sorted(maps.Keys(byName)) {
		rows, before := slices.Clone(got[name]), len(differ)
		for _, f := range byName[name] {
			if f.Outcome == "repeated" || f.Superseded {
				continue
			}
			if i := slices.IndexFunc(rows, func(r fileRow) bool { return r.is(f) }); i >= 0 {
				rows = slices.Delete(rows, i, i+1)
				continue
			}
			said := "it is not judged so"
			if len(rows) > 0 {
				said = fmt.Sprintf("%s (%s), %d of %d records rejected", rows[0].Outcome, rows[0].reason(), rows[0].Rejected, rows[0].Records)
			}
			differ = append(differ, fmt.Sprintf("%s (%s): %s; must be %s (%s), %d of %d", name, f.Dirt, said, f.Outcome, f.Why, f.Rejected, f.Records))
		}
		if len(rows) > 0 && len(differ) == before {
			differ = append(differ, fmt.Sprintf("%s: judged %d times more than it was sent, last %s", name, len(rows), rows[0].Outcome))
		}
	}
	return differ
}

// is reports whether a row is what must have become of a file.
func (r *fileRow) is(f feeds.Sent) bool {
	return r.Outcome == f.Outcome && (f.Records == 0 || r.Records == f.Records) && r.Rejected == f.Rejected && (f.Why == "" || r.Why == f.Why || r.Why == "" && r.Counts[f.Why] > 0)
}

func (r *fileRow) reason() string {
	if r.Why != "" {
		return r.Why
	}
	return strings.Join(slices.Sorted(maps.Keys(r.Counts)), ", ")
}

// awaitTold waits until as many orders of each province that tells them by SOAP are
// in as were told, and compares. They stand in the list of files under names of
// the aggregator's own, which no file of a dialect has.
func (v *verifier) awaitTold(ctx context.Context, t *feedTruth) error {
	giveUp := time.Now().Add(v.Wait)
	for _, told := range t.told {
		for {
			var answer struct {
				Files []fileRow `json:"files"`
			}
			if err := v.client.do(ctx, "GET", "/api/v1/feeds/files?limit=10000&feed=orders&province="+told.Province, nil, &answer); err != nil {
				return err
			}
			in := int64(0)
			for _, f := range answer.Files {
				if strings.HasPrefix(f.Name, "vac-") {
					in += f.Accepted
				}
			}
			if in < told.Accepted && time.Now().Before(giveUp) && ctx.Err() == nil {
				v.say("orders of %s: %d of %d in", told.Province, in, told.Accepted)
				select {
				case <-time.After(time.Second):
				case <-ctx.Done():
				}
				continue
			}
			line := v.feedLine("orders told by SOAP")
			line.Cells++
			if in == told.Accepted {
				line.Equal++
			} else {
				line.Different++
				v.example(&line.First, "%s: %d in, must be %d", told.Province, in, told.Accepted)
			}
			break
		}
	}
	return ctx.Err()
}

// feedLine finds or makes the line of an indicator.
func (v *verifier) feedLine(name string) *Line {
	l := v.lines[name]
	if l == nil {
		l = &Line{Indicator: name}
		v.lines[name] = l
		v.report.Lines = append(v.report.Lines, l)
	}
	return l
}

// askDays is for how many days is asked at once where they are told one by one.
const askDays = 100

// stretches are the times to ask about one after the other.
func (t *feedTruth) stretches(grain string) (all [][2]string, err error) {
	from, err := time.Parse(time.DateOnly, t.head.From)
	if err != nil {
		return nil, err
	}
	to, err := time.Parse(time.DateOnly, t.head.To)
	if err != nil {
		return nil, err
	}
	for grain == "day" && to.Sub(from) >= askDays*24*time.Hour {
		last := from.AddDate(0, 0, askDays-1)
		all = append(all, [2]string{from.Format(time.DateOnly), last.Format(time.DateOnly)})
		from = last.AddDate(0, 0, 1)
	}
	return append(all, [2]string{from.Format(time.DateOnly), t.head.To}), nil
}

// askFeed asks for one province after another, and not for too many days: so no
// answer is too long.
func (v *verifier) askFeed(ctx context.Context, t *feedTruth, q *feedQuestion) error {
	name := q.indicator
	if len(q.dimensions) > 1 {
		name += " by " + strings.Join(q.dimensions[1:], ", ")
	}
	line := v.feedLine(name)
	stretches, err := t.stretches(q.grain)
	if err != nil {
		return err
	}
	for _, p := range t.head.Provinces {
		got := map[feedCell]float64{}
		var rows [][]any
		for _, s := range stretches {
			ask := query{Indicators: []string{q.indicator}, Dimensions: q.dimensions, Filters: []filter{{"province", []string{p}}},
				From: s[0], To: s[1], Grain: q.grain}
			table, err := v.client.query(ctx, &ask)
			if err != nil {
				return fmt.Errorf("%s of %s: %w", q.indicator, p, err)
			}
			v.report.Queries++
			rows = append(rows, table.Rows...)
		}
		for _, row := range rows {
			if len(row) != len(q.dimensions)+2 {
				return fmt.Errorf("query: a row has %d values, must have %d", len(row), len(q.dimensions)+2)
			}
			words := make([]string, len(q.dimensions)+1)
			for i := range words {
				words[i], _ = row[i].(string)
			}
			if strings.HasPrefix(words[len(words)-1], "relocated_") {
				continue // between cities: not every province's files tell it
			}
			if n, ok := row[len(row)-1].(float64); ok {
				got[feedCell{words[0], strings.Join(words[1:], "\t")}] = n
			}
		}
		cells := map[feedCell]bool{}
		for c := range q.want {
			if strings.HasPrefix(c.values+"\t", p+"\t") {
				cells[c] = true
			}
		}
		for c := range got {
			cells[c] = true
		}
		for _, c := range slices.SortedFunc(maps.Keys(cells), func(a, b feedCell) int { return strings.Compare(a.period+a.values, b.period+b.values) }) {
			line.Cells++
			must, is := q.want[c], got[c]
			if near(must, is) {
				line.Equal++
				continue
			}
			line.Different++
			v.example(&line.First, "%s %s: %.10g, must be %.10g", c.period, strings.ReplaceAll(c.values, "\t", " "), is, must)
		}
	}
	return nil
}

// near is equal but for the last digits of a quotient.
func near(a, b float64) bool { return math.Abs(a-b) <= 1e-9*math.Max(1, math.Abs(a)) }
