package feeds

import (
	"bytes"
	"encoding/json"
	"math"
	"path/filepath"
	"testing"

	"iptvdc/aggregator"
)

// TestCourse: over a year of a Course churn is what it says at either end, accounts
// and orders grow as it says, all accounts balance, and what is handed over is a
// few dozen files a province.
func TestCourse(t *testing.T) {
	if testing.Short() {
		t.Skip("plays more than a year")
	}
	to, err := aggregator.ParseDay("2026-10-31")
	if err != nil {
		t.Fatal(err)
	}
	c := Config{Boxes: 400, Seed: 4, Provinces: []aggregator.Province{33, 13}, From: to - 2, To: to, Since: to - 400, Beside: 4,
		Course: Course{Churn: 0.01, ChurnBefore: 0.03, Growth: 0.05, Orders: 0.2}}
	dir := t.TempDir()
	var truth bytes.Buffer
	if err := Write(c, dir, &truth, nil); err != nil {
		t.Fatal(err)
	}
	type sums struct{ base, left, orders float64 }
	days := map[aggregator.Day]*sums{}
	at := func(text string) *sums {
		d, err := aggregator.ParseDay(text)
		if err != nil {
			t.Fatal(err)
		}
		if days[d] == nil {
			days[d] = &sums{}
		}
		return days[d]
	}
	active := map[string]int64{} // of a province, the day before
	for _, l := range told(t, &truth) {
		if d := l.Day; d != nil {
			s := at(d.Day)
			s.base += float64(d.States["active"] + d.States["suspended"])
			for _, flow := range []string{"cancelled", "moved_out", "suspended_cancelled", "suspended_moved_out"} {
				s.left += float64(d.Flows[flow])
			}
			in := d.Flows["opening"] + d.Flows["new"] + d.Flows["resumed"] + d.Flows["moved_in"]
			if now := active[d.Province] + in - d.Flows["suspended"] - d.Flows["cancelled"] - d.Flows["moved_out"]; now != d.States["active"] {
				t.Fatalf("%s %s: %d active, %d by the flows", d.Province, d.Day, d.States["active"], now)
			}
			active[d.Province] = d.States["active"]
		}
		if b := l.Bill; b != nil && b.Op != "refund" && b.Op != "renew" {
			at(b.Day).orders += float64(b.Orders)
		}
	}
	span := func(from, to aggregator.Day) (s sums) {
		for d := from; d < to; d++ {
			s.base += days[d].base / float64(to-from)
			s.left += days[d].left
			s.orders += days[d].orders
		}
		return s
	}
	about := func(what string, got, want, off float64) {
		t.Helper()
		if math.Abs(got-want) > off {
			t.Errorf("%s: %.4f, must be %.4f and at most %.4f off", what, got, want, off)
		}
	}
	first, last := span(to-399, to-399+91), span(to-90, to+1)
	about("churn in the first quarter", first.left/first.base/3, 0.0277, 0.003)
	about("churn in the last quarter", last.left/last.base/3, 0.0123, 0.003)
	about("accounts", last.base/first.base, math.Pow(1.05, 309/daysOfYear), 0.02)
	about("orders", last.orders/first.orders, math.Pow(1.2*1.05, 309/daysOfYear), 0.25)
	for p, most := range map[string]int{"33": 60, "13": 100} {
		files, err := filepath.Glob(filepath.Join(dir, p, "*"))
		if err != nil {
			t.Fatal(err)
		}
		data := 0
		for _, f := range files {
			if !isManifest(f) {
				data++
			}
		}
		if data < 30 || data > most {
			t.Errorf("%s hands over %d files", p, data)
		}
	}
}

func TestBadCourse(t *testing.T) {
	f := func(c Course, ok bool) {
		t.Helper()
		if err := c.check(); (err == nil) != ok {
			t.Errorf("%+v: %v", c, err)
		}
	}
	f(Course{}, true)
	f(Course{Churn: 0.01, ChurnBefore: 0.01}, true)
	f(Course{Growth: 0.01}, false)
	f(Course{Churn: 1.1, ChurnBefore: 0.01}, false)
	f(Course{Churn: 0.01, ChurnBefore: math.NaN()}, false)
}

// told are the lines of a truth behind its head.
func told(t *testing.T, truth *bytes.Buffer) (all []Line) {
	t.Helper()
	_, lines, _ := bytes.Cut(bytes.TrimSpace(truth.Bytes()), []byte("\n"))
	for line := range bytes.SplitSeq(lines, []byte("\n")) {
		var l Line
		if err := json.Unmarshal(line, &l); err != nil {
			t.Fatal(err)
		}
		all = append(all, l)
	}
	return all
}
