package verify

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"iptvdc/testbench/fleet"
	"iptvdc/testbench/oracle"
)

// evening is what a small fleet did on an evening.
func evening(t *testing.T) []string {
	t.Helper()
	var file bytes.Buffer
	start := time.Date(2026, 11, 21, 18, 0, 0, 0, time.FixedZone("CST", 8*3600))
	town, err := fleet.NewTown(fleet.TownConfig{Boxes: 24, Seed: 4, StartMs: start.UnixMilli()})
	if err != nil {
		t.Fatal(err)
	}
	w := fleet.NewTruth(&file, fleet.TruthHead{Seed: 4})
	var m fleet.Moment
	for town.Next(start.Add(7*time.Hour).UnixMilli(), &m) {
		home := town.Home(m.Box)
		if err := w.Moment(&home, &m); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	return slices.Collect(strings.Lines(file.String()))
}

func parse(t *testing.T, lines []string) *oracle.Truth {
	t.Helper()
	truth := new(oracle.Truth)
	if err := truth.Read(strings.NewReader(strings.Join(lines, ""))); err != nil {
		t.Fatal(err)
	}
	return truth
}

// centre answers like an aggregator that holds another truth; the oracle
// computes its figures.
type centre struct {
	t       *testing.T
	held    *oracle.Truth
	oracle  *oracle.Oracle
	answers map[string]oracle.Answer
	backlog int64 // falls by one at each look
	lost    int64
	most    int        // figures of a question that it answers in time; 0: any
	slow    int        // questions that it did not
	never   string     // a figure that it never answers in time
	mu      sync.Mutex // guards the above
}

func serve(t *testing.T, lines []string) (*centre, string) {
	t.Helper()
	c := &centre{t: t, held: parse(t, lines), answers: make(map[string]oracle.Answer)}
	c.oracle = oracle.New(c.held)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /api/v1/status", c.status)
	mux.HandleFunc("POST /api/v1/audit", c.audit)
	mux.HandleFunc("GET /api/v1/audit/boxes/{box}/events", c.events)
	mux.HandleFunc("POST /api/v1/query", c.query)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer secret" {
			w.WriteHeader(http.StatusUnauthorized)
			c.write(w, map[string]any{"error": map[string]any{"code": "no_token", "message": "A token is needed."}})
			return
		}
		mux.ServeHTTP(w, r)
	}))
	t.Cleanup(s.Close)
	return c, s.URL
}

func (c *centre) write(w http.ResponseWriter, v any) {
	if err := json.NewEncoder(w).Encode(v); err != nil {
		c.t.Error(err)
	}
}

func (c *centre) status(w http.ResponseWriter, _ *http.Request) {
	c.write(w, status{Received: int64(c.held.Len()), Backlog: c.backlog, Boxes: int64(len(c.held.Boxes())), Lost: c.lost})
	c.backlog = max(0, c.backlog-1)
}

func (c *centre) audit(w http.ResponseWriter, r *http.Request) {
	var ask struct{ Boxes []string }
	if err := json.NewDecoder(r.Body).Decode(&ask); err != nil {
		c.t.Error(err)
	}
	var rows []auditRow
	tallies := c.held.Tallies()
	for _, box := range ask.Boxes {
		for kind, n := range tallies[box] {
			rows = append(rows, auditRow{box, kind, n.Events, n.MonoSum})
		}
	}
	c.write(w, map[string]any{"rows": rows})
}

func (c *centre) events(w http.ResponseWriter, r *http.Request) {
	var all []event
	for rec := range c.held.All() {
		if rec.Box == r.PathValue("box") {
			all = append(all, event{rec.Event.Boot, rec.Event.MonoMs, rec.Event.Kind})
		}
	}
	c.write(w, map[string]any{"events": all})
}

func (c *centre) query(w http.ResponseWriter, r *http.Request) {
	var q query
	if err := json.NewDecoder(r.Body).Decode(&q); err != nil {
		c.t.Error(err)
	}
	key := q.Grain + strings.Join(q.Dimensions, " ")
	c.mu.Lock()
	if c.most > 0 && (len(q.Indicators) > c.most || c.slow%7 == 1) || slices.Contains(q.Indicators, c.never) {
		c.slow++
		c.mu.Unlock()
		w.WriteHeader(http.StatusGatewayTimeout)
		c.write(w, map[string]any{"error": map[string]any{"code": "timeout", "message": "The answer took too long."}})
		return
	}
	answer, ok := c.answers[key]
	if !ok {
		answer = c.oracle.Ask(q.Grain, q.Dimensions...)
		c.answers[key] = answer
	}
	c.mu.Unlock()
	named := func(id string) string { return id }
	if q.Edit == "raw" {
		named = func(id string) string { return id + oracle.Raw }
	}
	cells := make(map[oracle.Cell]bool)
	for _, id := range q.Indicators {
		for cell := range answer[named(id)] {
			cells[cell] = true
		}
	}
	var rows [][]any
	for cell := range cells {
		if byTime := q.Grain == "hour" || q.Grain == "day"; byTime && (cell.Period[:10] < q.From || cell.Period[:10] > q.To) {
			continue
		}
		in := true
		for _, f := range q.Filters {
			if q.Dimensions[0] == f.Dimension {
				in = in && slices.Contains(f.In, cell.A)
			} else {
				in = in && slices.Contains(f.In, cell.B)
			}
		}
		if !in {
			continue
		}
		row := []any{cell.Period}
		for i := range q.Dimensions {
			row = append(row, []string{cell.A, cell.B}[i])
		}
		for _, id := range q.Indicators {
			if v := answer[named(id)][cell]; v.Known && id == "events_lost" && q.Grain == "total" && len(q.Dimensions) == 0 {
				row = append(row, v.Number+float64(c.lost))
			} else if v.Known {
				row = append(row, v.Number)
			} else {
				row = append(row, nil)
			}
		}
		rows = append(rows, row)
	}
	if len(rows) > 10_000 {
		c.t.Errorf("an answer of %d rows was asked for: %+v", len(rows), q)
	}
	columns := []map[string]string{{"id": "period"}}
	for _, id := range append(slices.Clone(q.Dimensions), q.Indicators...) {
		columns = append(columns, map[string]string{"id": id})
	}
	c.write(w, map[string]any{"columns": columns, "rows": rows})
}

// summary is what tests look at.
func summary(r *Report) string {
	wrong := []string{}
	for _, l := range r.Lines {
		if l.Different > 0 {
			wrong = append(wrong, l.Indicator)
		}
	}
	return fmt.Sprintf("equal %v, lost %d, doubled %d, faults %d, wrong %v", r.Equal, r.Lost, r.Doubled, len(r.Faults), wrong)
}

func TestVerify(t *testing.T) {
	told := evening(t)
	find := func(word string) int {
		return slices.IndexFunc(told, func(l string) bool { return strings.Contains(l, word) })
	}
	f := func(name, want string, change func([]string) []string) {
		t.Helper()
		c, url := serve(t, change(slices.Clone(told)))
		c.backlog = 2
		r, err := Run(t.Context(), parse(t, told), Config{URL: url, Token: "secret"})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if got := summary(r); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
		var out bytes.Buffer
		if err := r.Print(&out); err != nil {
			t.Error(err)
		}
		if !strings.Contains(out.String(), "EQUAL") || r.Equal == strings.Contains(out.String(), "NOT EQUAL") {
			t.Errorf("%s: printed %s", name, out.String())
		}
		for _, l := range r.Lines {
			if l.Cells == 0 || l.Equal+l.Different != l.Cells {
				t.Errorf("%s: line %+v", name, l)
			}
		}
	}
	f("all arrived", "equal true, lost 0, doubled 0, faults 0, wrong []", func(l []string) []string { return l })
	order := find(`"result":"paid"`)
	f("an order twice", "equal false, lost 0, doubled 1, faults 0, wrong [order_attempts orders revenue order_success led_orders led_revenue assisted_orders click_to_order order_conversion events]", func(l []string) []string {
		return append(l, l[order])
	})
	f("a price wrong", "equal false, lost 0, doubled 0, faults 0, wrong [revenue led_revenue]", func(l []string) []string {
		l[order] = strings.Replace(l[order], `"fen":`, `"fen":1`, 1)
		return l
	})
	if testing.Short() {
		return // every comparison asks for every figure
	}
	f("a slower start", "equal false, lost 0, doubled 0, faults 0, wrong [start_time]", func(l []string) []string {
		at := slices.IndexFunc(l, func(l string) bool {
			return strings.Contains(l, `"kind":"playback"`) && strings.Contains(l, `"start_ms":`)
		})
		l[at] = strings.Replace(l[at], `"start_ms":`, `"start_ms":1`, 1)
		return l
	})
	f("an impression of another template", "equal false, lost 0, doubled 0, faults 0, wrong [impressions ctr]", func(l []string) []string {
		at := find(`"sight":"rendered"`)
		l[at] = strings.Replace(l[at], `"template":"`, `"template":"x`, 1)
		return l
	})
	f("a page and a slot wrong", "equal false, lost 0, doubled 0, faults 0, wrong [page_views page_visitors views_per_visitor dwell_time bounce_rate valid_page_views page_steps clicks click_to_play journeys time_to_content pages_to_content clicks_to_content journeys_without_viewing_rate browsing_minutes led_page_views page_to_play]", func(l []string) []string {
		for i, line := range l {
			if strings.Contains(line, `"kind":"page_view"`) {
				l[i] = strings.Replace(line, `"page":"home"`, `"page":"house"`, 1)
				break
			}
		}
		for i, line := range l {
			if strings.Contains(line, `"kind":"click"`) && !strings.Contains(line, "content") {
				l[i] = strings.Replace(line, `"slot":`, `"slot":9`, 1)
				break
			}
		}
		return l
	})
}

// TestLost waits out the time in which more might come.
func TestLost(t *testing.T) {
	told := evening(t)
	kept := slices.Clone(told)
	at := slices.IndexFunc(kept, func(l string) bool { return strings.Contains(l, `"kind":"dropped"`) })
	if at < 0 {
		at = slices.IndexFunc(kept, func(l string) bool { return strings.Contains(l, `"kind":"power_off"`) })
	}
	kept = slices.Delete(kept, at, at+1)
	c, url := serve(t, kept)
	f := func(counted int64, evicted string, explained bool, faults int, wrong ...string) {
		t.Helper()
		c.lost = counted // the centre knows: no need to wait for it
		r, err := Run(t.Context(), parse(t, append(slices.Clone(told), evicted)), Config{URL: url, Token: "secret", WithoutEvicted: explained, OneOf: 20})
		if err != nil {
			t.Fatal(err)
		}
		if got := summary(r); explained && !strings.HasSuffix(got, fmt.Sprint("wrong ", wrong)) {
			t.Errorf("%s, must be %v", got, wrong)
		}
		if r.Lost != 1 || r.Doubled != 0 || r.Equal != (explained && faults == 0) || len(r.LostEvents) != 1 || len(r.Faults) != faults {
			t.Errorf("%s, lost %v, faults %v", summary(r), r.LostEvents, r.Faults)
		}
	}
	f(1, "", false, 0)
	f(2, "", false, 1) // it counts one too many
	box := regexp.MustCompile(`"b":"[^"]*"`).FindString(told[at])
	f(1, "{"+box+`,"evicted":1}`+"\n", true, 0)
	f(1, "{"+box+`,"evicted":3,"sent":2}`+"\n", true, 0) // two of three had arrived
	f(2, "{"+box+`,"evicted":2}`+"\n", true, 1, "events_lost")
}

// TestSlow: what is answered too late is asked for piece by piece, and again.
func TestSlow(t *testing.T) {
	told := evening(t)
	c, url := serve(t, told)
	c.most = 3
	r, err := Run(t.Context(), parse(t, told), Config{URL: url, Token: "secret", OneOf: 20})
	if err != nil {
		t.Fatal(err)
	}
	if got := summary(r); got != "equal true, lost 0, doubled 0, faults 0, wrong []" || c.slow == 0 {
		t.Errorf("%s, %d questions too slow", got, c.slow)
	}
	c, url = serve(t, told)
	c.never = "page_views"
	if r, err = Run(t.Context(), parse(t, told), Config{URL: url, Token: "secret", OneOf: 20}); err != nil {
		t.Fatal(err)
	}
	if r.Equal || len(r.Faults) == 0 || !strings.Contains(r.Faults[0], "not compared: ") || !strings.Contains(r.Faults[0], "page_views") || r.Lines[0].Equal == 0 {
		t.Errorf("%s: %v", summary(r), r.Faults)
	}
}

func TestRefused(t *testing.T) {
	told := evening(t)
	c, url := serve(t, told)
	if _, err := Run(t.Context(), parse(t, told), Config{URL: url, Token: "wrong"}); !errors.Is(err, errRefused) || !strings.Contains(err.Error(), "A token is needed.") {
		t.Errorf("wrong token: %v", err)
	}
	c.backlog = 1 << 40
	if _, err := Run(t.Context(), parse(t, told), Config{URL: url, Token: "secret", Wait: time.Millisecond}); !errors.Is(err, ErrNotSettled) {
		t.Errorf("backlog: %v", err)
	}
	if _, err := Run(t.Context(), parse(t, told), Config{URL: "127.0.0.1:8080"}); err == nil || !strings.Contains(err.Error(), "write http://") {
		t.Errorf("address: %v", err)
	}
}

// TestSplit: the parts of a question hold every cell once and fit.
func TestSplit(t *testing.T) {
	const maxRows = 8000
	f := func(grain, from, to string, dims []string, cells []oracle.Cell) {
		t.Helper()
		seen := make(map[oracle.Cell]int)
		questions := 0
		var walk func(q query, cells []oracle.Cell)
		walk = func(q query, cells []oracle.Cell) {
			parts := split(&q, cells, maxRows)
			if parts == nil {
				questions++
				if len(cells) > maxRows {
					t.Errorf("%s by %v: %d rows in one answer", grain, dims, len(cells))
				}
				for _, f := range q.Filters {
					if len(f.In) > 1000 {
						t.Errorf("a filter of %d values", len(f.In))
					}
				}
				for _, c := range cells {
					seen[c]++
				}
				return
			}
			for _, p := range parts {
				walk(p.query, p.cells)
			}
		}
		walk(query{From: from, To: to, Grain: grain, Dimensions: dims}, cells)
		for _, c := range cells {
			if seen[c] != 1 {
				t.Fatalf("%s by %v: cell %v in %d questions", grain, dims, c, seen[c])
			}
		}
		if len(slices.Collect(maps.Keys(seen))) != len(cells) || questions < 2 {
			t.Errorf("%s by %v: %d cells of %d in %d questions", grain, dims, len(seen), len(cells), questions)
		}
	}
	var cells []oracle.Cell
	for h := range 240 {
		for c := range 100 {
			cells = append(cells, oracle.Cell{Period: fmt.Sprintf("2026-11-%02dT%02d", 1+h/24, h%24), A: fmt.Sprint("33", c)})
		}
	}
	f("hour", "2026-11-01", "2026-11-10", []string{"city"}, cells)
	cells = nil
	for p := range 14 {
		for c := range 3000 {
			cells = append(cells, oracle.Cell{Period: "total", A: fmt.Sprint(20 + p), B: fmt.Sprint("film", c)})
		}
	}
	f("total", "2026-11-01", "2026-11-10", []string{"province", "content"}, cells)
	cells = nil
	for c := range 20_000 {
		cells = append(cells, oracle.Cell{Period: "total", A: fmt.Sprint("film", c)})
	}
	f("total", "2026-11-01", "2026-11-10", []string{"content"}, cells)
}

// TestSpread: some of the days, from end to end.
func TestSpread(t *testing.T) {
	days := oracle.DaysBetween("2026-09-28", "2026-10-04")
	for n, want := range map[int]string{
		1: "2026-10-04",
		2: "2026-09-28 2026-10-04",
		3: "2026-09-28 2026-10-01 2026-10-04",
		7: strings.Join(days, " "),
	} {
		if got := strings.Join(spread(days, n), " "); got != want {
			t.Errorf("%d of 7 days: %s, want %s", n, got, want)
		}
	}
}
