package insight_test

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"iptvdc/aggregator"
	"iptvdc/aggregator/c3"
	"iptvdc/aggregator/indicator"
	"iptvdc/aggregator/insight"
	"iptvdc/aggregator/store"
	"iptvdc/aggregator/store/duckdb"
	"iptvdc/aggregator/store/storetest"
)

var update = flag.Bool("update", false, "write the want lines of testdata anew, for review")

// world is a store that scripts fill.
type world struct {
	t     rapid.TB
	store store.Store
	block store.Block
	mono  int64
	dirty bool
}

func newWorld(t rapid.TB) *world { return &world{t: t, store: crowded(t, storetest.Memory())} }

// crowded has a store take boxes for people that tell as much as those of worlds: one
// of them is all of a city.
func crowded(t rapid.TB, st store.Store) store.Store {
	t.Helper()
	r := store.DefaultEditRules()
	r.MinuteRecords, r.DayRecords = 1<<20, 1<<20
	if err := st.SetEditRules(context.Background(), r); err != nil {
		t.Fatal(err)
	}
	return st
}

// stores are the engines on which people must be told the same.
var stores = map[string]func(testing.TB) store.Store{
	"memory": func(t testing.TB) store.Store { return crowded(t, storetest.Memory()) },
	"duckdb": func(t testing.TB) store.Store {
		t.Helper()
		if testing.Short() {
			t.Skip("opens many databases")
		}
		st, err := duckdb.Open(filepath.Join(t.TempDir(), "store.duckdb"), duckdb.Options{Threads: 2, MemoryBytes: 256 << 20})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := st.Shutdown(); err != nil {
				t.Error(err)
			}
		})
		return crowded(t, st)
	},
}

func (w *world) key(text string) uint64 {
	k := aggregator.TextKey(text)
	if k != 0 {
		w.block.Codes = append(w.block.Codes, store.Code{Key: k, Text: text})
	}
	return k
}

// stamp is at an hour of a day, of a city's n-th box.
func (w *world) stamp(d aggregator.Day, hour int, city, box uint64) store.Stamp {
	w.mono++
	c := aggregator.City(city)
	return store.Stamp{Province: c.Province(), City: c, Box: 1000*city + box, Boot: 1, MonoMs: w.mono, Clock: 3,
		AtMs: d.Start() + int64(hour)*aggregator.HourMs + 600_000 + w.mono%3_000_000}
}

// settle closes what was added.
func (w *world) settle() store.Store {
	w.t.Helper()
	if !w.dirty {
		return w.store
	}
	w.dirty = false
	ctx := context.Background()
	w.block.ID[0]++
	b := w.block
	if _, err := w.store.Insert(ctx, &b); err != nil {
		w.t.Fatal(err)
	}
	w.block = store.Block{ID: b.ID}
	s, err := w.store.Dirty(ctx, 100_000)
	if err != nil {
		w.t.Fatal(err)
	}
	if err := w.store.Close(ctx, s); err != nil {
		w.t.Fatal(err)
	}
	return w.store
}

// script is one file of testdata.
type script struct {
	*world
	scope  aggregator.Scope
	files  int
	stock  []store.SubscriberRow
	hums   bool
	hummed map[aggregator.Day]bool
	lines  []string
	at     int
	out    []string // the file with the wants that were got
}

func (s *script) fail(format string, args ...any) {
	s.t.Helper()
	s.t.Fatalf("line %d, %s: %s", s.at, s.lines[s.at-1], fmt.Sprintf(format, args...))
}

func (s *script) number(text string) uint64 {
	s.t.Helper()
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		s.fail("%v", err)
	}
	return n
}

// days reads 2026-05-04, or 2026-03-02..2026-04-27/7 for every seventh day of them.
func (s *script) days(text string) (all []aggregator.Day) {
	s.t.Helper()
	span, step, _ := strings.Cut(text, "/")
	from, to, _ := strings.Cut(span, "..")
	first, err := aggregator.ParseDay(from)
	if err != nil {
		s.fail("%v", err)
	}
	last := first
	if to != "" {
		if last, err = aggregator.ParseDay(to); err != nil {
			s.fail("%v", err)
		}
	}
	by := aggregator.Day(s.number(cmp.Or(step, "1")))
	for d := first; d <= last; d += by {
		all = append(all, d)
	}
	return all
}

// tell adds what a line tells of the world.
func (s *script) tell(f []string) {
	s.t.Helper()
	s.dirty = true
	for _, d := range s.days(f[1]) {
		city := s.number(f[2])
		switch f[0] {
		case "on": // DAY CITY TIMES
			for range s.number(f[3]) {
				s.block.Powers = append(s.block.Powers, store.Power{Stamp: s.stamp(d, 12, city, 1), On: true})
			}
		case "boxes": // DAY CITY HOW-MANY, each on once
			for n := range s.number(f[3]) {
				s.block.Powers = append(s.block.Powers, store.Power{Stamp: s.stamp(d, 12, city, n), On: true})
			}
		case "show": // DAY CITY PAGE/AREA/SLOT CONTENT SHOWN CLICKED
			spot := strings.Split(f[3], "/")
			page, area, slot, content := s.key(spot[0]), s.key(spot[1]), uint32(s.number(spot[2])), s.key(f[4])
			for range s.number(f[5]) {
				s.block.Impressions = append(s.block.Impressions, store.Impression{Stamp: s.stamp(d, 12, city, 1), Page: page, Area: area, Slot: slot, Content: content, Sight: 1})
			}
			for range s.number(f[6]) {
				s.block.Clicks = append(s.block.Clicks, store.Click{Stamp: s.stamp(d, 12, city, 1), Page: page, Area: area, Slot: slot, Content: content})
			}
		case "play": // DAY CITY CHANNEL CONTENT PLAYS MINUTES-EACH; - for none
			for range s.number(f[5]) {
				v := store.View{Stamp: s.stamp(d, 12, city, 1), Mode: 4, Speed: 100, DurationMs: int64(s.number(f[6])) * 60_000}
				if f[3] != "-" {
					v.Mode, v.Channel = 1, s.key(f[3])
				}
				if f[4] != "-" {
					v.Content = s.key(f[4])
				}
				s.block.Views = append(s.block.Views, v)
			}
		case "use", "faults": // DAY CITY FROM..TO [PLAYS FAILED], accounts switched on, and how they played
			from, to, _ := strings.Cut(f[3], "..")
			for account := s.number(from); account <= s.number(cmp.Or(to, from)); account++ {
				at := s.stamp(d, 12, city, account)
				at.Account = account
				if f[0] == "use" {
					s.block.Powers = append(s.block.Powers, store.Power{Stamp: at, On: true})
					continue
				}
				for n := range s.number(f[4]) {
					p := store.Playback{Stamp: at}
					p.AtMs += int64(n)
					p.MonoMs += int64(n)
					if n < s.number(f[5]) {
						p.Errors = 1
					}
					s.block.Playbacks = append(s.block.Playbacks, p)
				}
			}
			s.hum(d, city)
		case "watch": // DAY CITY FROM..TO CONTENT PERCENT [FAILED]: boxes, from the beginning, of 20 minutes; and how many plays failed
			from, to, _ := strings.Cut(f[3], "..")
			content, failed := s.key(f[4]), uint64(0)
			if len(f) > 6 {
				failed = s.number(f[6])
			}
			for n := s.number(from); n <= s.number(to); n++ {
				v := store.View{Stamp: s.stamp(d, 12, city, n), Mode: 4, Speed: 100, Content: content, DurationMs: int64(s.number(f[5])) * 12_000, LengthMs: 1_200_000, PositionMs: 1}
				s.block.Views = append(s.block.Views, v)
				p := store.Playback{Stamp: s.stamp(d, 12, city, n), Mode: 4, Content: content}
				if n-s.number(from) < failed {
					p.Errors = 1
				}
				s.block.Playbacks = append(s.block.Playbacks, p)
			}
		case "pay": // DAY CITY PRODUCT TIMES FEN, as boxes tell it
			product := s.key(f[3])
			for n := range s.number(f[4]) {
				s.block.Orders = append(s.block.Orders, store.Order{Stamp: s.stamp(d, 12, city, n), Product: product, Fen: int64(s.number(f[5])), Result: 1})
			}
		default:
			s.fail("there is no %q", f[0])
		}
	}
}

// hum has nobody's box tell something every few hours of a day and the one before it:
// engines close stretches of hours faster than hours that lie apart, the reference does
// not.
func (s *script) hum(d aggregator.Day, city uint64) {
	for day := d - 1; day <= d; day++ {
		if !s.hums || s.hummed[day] {
			continue
		}
		s.hummed[day] = true
		for hour := 0; hour < 24; hour += 4 {
			s.block.PageViews = append(s.block.PageViews, store.PageView{Stamp: s.stamp(day, hour, city, 999)})
		}
	}
}

// files are the words that files tell: they are taken in at once.
//
//	accounts DAY CITY FROM..TO          a full file with these accounts, and those of the lines before it, active
//	change   DAY CITY ACCOUNT OP        open, suspend, resume, cancel, move_in, move_out
//	product  PROVINCE CODE month|single
//	order    DAY CITY ACCOUNT PRODUCT ID sub|renew|refund UNTIL
//	bills    DAY CITY FROM..TO PRODUCT FEN    these accounts subscribe
//	named    PROVINCE PRODUCT NAME
//	offers   PROVINCE SERIES=EPISODE,... FILM... PRODUCT:CONTENT,...
var files = []string{"accounts", "change", "product", "order", "bills", "named", "offers"}

var ops = map[string]c3.Op{"open": c3.OpOpen, "suspend": c3.OpSuspend, "resume": c3.OpResume, "cancel": c3.OpCancel, "move_in": c3.OpMoveIn, "move_out": c3.OpMoveOut}

func (s *script) give(f []string) {
	s.t.Helper()
	s.files++
	file := store.File{ID: [16]byte{byte(s.files), byte(s.files >> 8)}, VersionMs: int64(s.files), Bytes: 1}
	var rows store.FeedRows
	if f[0] == "product" {
		file.Province, file.Feed, file.Day = aggregator.Province(s.number(f[1])), c3.FeedProducts, 20_000
		kind := c3.ProductMonth
		if f[3] == "single" {
			kind = c3.ProductSingle
		}
		rows.Products = []store.ProductRow{{Line: 1, Code: s.number(f[2]), Type: kind}}
		s.take(file, &rows)
		return
	}
	key := func(text string) uint64 {
		rows.Codes = append(rows.Codes, store.Code{Key: aggregator.TextKey(text), Text: text})
		return aggregator.TextKey(text)
	}
	switch f[0] {
	case "named":
		file.Province, file.Feed, file.Day = aggregator.Province(s.number(f[1])), c3.FeedProducts, 20_000
		rows.Products = []store.ProductRow{{Line: 1, Code: key(f[2]), Name: key(f[3]), Type: c3.ProductMonth}}
		s.take(file, &rows)
		return
	case "offers":
		file.Province, file.Feed, file.Day = aggregator.Province(s.number(f[1])), c3.FeedCatalogue, 20_000
		s.offers(f[2:], &rows, key)
		s.take(file, &rows)
		return
	}
	city := aggregator.City(s.number(f[2]))
	file.Day, file.Province = s.days(f[1])[0], city.Province()
	noon := file.Day.Start() + 12*aggregator.HourMs
	switch f[0] {
	case "accounts":
		file.Feed = c3.FeedSubscribers
		from, to, _ := strings.Cut(f[3], "..")
		for n := s.number(from); n <= s.number(cmp.Or(to, from)); n++ {
			s.stock = append(s.stock, store.SubscriberRow{Account: n, State: c3.StateActive, City: city})
		}
		for _, r := range s.stock {
			if r.City.Province() == file.Province {
				r.Line = int64(len(rows.Subscribers) + 1)
				rows.Subscribers = append(rows.Subscribers, r)
			}
		}
	case "change":
		file.Feed = c3.FeedChanges
		from, to, _ := strings.Cut(f[3], "..")
		for n := s.number(from); n <= s.number(cmp.Or(to, from)); n++ {
			rows.Changes = append(rows.Changes, store.ChangeRow{Line: int64(len(rows.Changes) + 1), Account: n, Op: ops[f[4]], City: city, AtMs: noon})
		}
	case "bills":
		file.Feed = c3.FeedOrders
		from, to, _ := strings.Cut(f[3], "..")
		for n := s.number(from); n <= s.number(to); n++ {
			line := int64(len(rows.Orders) + 1)
			rows.Orders = append(rows.Orders, store.OrderRow{Line: line, ID: uint64(s.files)<<20 + n, Account: n, Product: key(f[4]), Op: c3.OrderSub, AtMs: noon, Fen: int64(s.number(f[5]))})
		}
	case "order":
		file.Feed = c3.FeedOrders
		until, err := aggregator.ParseDay(f[7])
		if err != nil {
			s.fail("%v", err)
		}
		op := map[string]c3.OrderOp{"sub": c3.OrderSub, "renew": c3.OrderRenew, "refund": c3.OrderRefund}[f[6]]
		rows.Orders = []store.OrderRow{{Line: 1, ID: s.number(f[5]), Account: s.number(f[3]), Product: s.number(f[4]), Op: op, AtMs: noon, ToMs: (until + 1).Start() - 1, Fen: 100}}
	}
	s.take(file, &rows)
}

// offers are the rows of a catalogue.
func (s *script) offers(words []string, rows *store.FeedRows, key func(string) uint64) {
	line, elements := int64(0), map[string]c3.Element{}
	add := func(e c3.Element, code string) {
		line++
		elements[code] = e
		rows.Objects = append(rows.Objects, store.ObjectRow{Line: line, Element: e, Code: key(code), Normal: store.Normal{DurationS: 1200}})
	}
	join := func(parent c3.Element, of, child string) {
		line++
		rows.Mappings = append(rows.Mappings, store.MappingRow{Line: line, Parent: parent, ParentCode: key(of), Child: elements[child], ChildCode: key(child)})
	}
	for _, word := range words {
		if pack, contents, is := strings.Cut(word, ":"); is {
			add(c3.ElementPackage, pack)
			for _, content := range strings.Split(contents, ",") {
				join(c3.ElementPackage, pack, content)
			}
			continue
		}
		series, episodes, is := strings.Cut(word, "=")
		if !is {
			add(c3.ElementProgram, word)
			continue
		}
		add(c3.ElementSeries, series)
		for _, episode := range strings.Split(episodes, ",") {
			add(c3.ElementProgram, episode)
			join(c3.ElementSeries, series, episode)
		}
	}
}

func (s *script) take(f store.File, rows *store.FeedRows) {
	s.t.Helper()
	ctx := context.Background()
	st, err := s.store.Stage(ctx, f)
	if err == nil {
		err = st.Add(ctx, rows)
	}
	var row store.FileRow
	if err == nil {
		row, err = st.Commit(ctx, store.Verdict{Records: int64(rows.Rows()), MaxShrink: 100})
	}
	if err != nil || !row.In() || row.Rejected > 0 {
		s.fail("%+v %v", row, err)
	}
}

// ask answers a line, as the lines of text that people see.
func (s *script) ask(f []string) (says []string) {
	s.t.Helper()
	v := map[string]string{}
	for _, pair := range f[2:] {
		name, value, _ := strings.Cut(pair, "=")
		v[name] = value
	}
	day := func(name string) aggregator.Day {
		d, err := aggregator.ParseDay(v[name])
		if err != nil {
			s.fail("%s: %v", name, err)
		}
		return d
	}
	where := insight.Where{Level: insight.Level(v["level"])}
	if p := v["province"]; p != "" {
		where.Province = aggregator.Province(s.number(p))
	}
	check := func(err error) bool {
		if err != nil {
			says = append(says, "error: "+err.Error())
		}
		return err == nil
	}
	st := s.settle()
	ctx, src := context.Background(), insight.Source{Source: st, Risks: st}
	switch f[1] {
	case "posters":
		a, err := insight.FindPosters(ctx, src, s.scope, insight.PostersQuery{Time: insight.Time{From: day("from"), To: day("to")}, Rate: v["rate"], Slots: v["slots"] == "yes", Where: where, Page: v["page"]})
		if check(err) {
			says = append(says, a.Text.EN, fmt.Sprintf("compared %d, same %d, suppressed %d, odd %d", a.Compared, a.Same, a.Suppressed, a.Odd))
			for _, row := range a.Rows {
				says = append(says, row.Text.EN)
			}
		}
	case "positions":
		a, err := insight.FindPositions(ctx, src, s.scope, insight.PositionsQuery{Time: insight.Time{From: day("from"), To: day("to")}, Rate: v["rate"], Where: where, Page: v["page"]})
		if check(err) {
			says = append(says, a.Text.EN)
			for _, n := range a.Normalised {
				says = append(says, fmt.Sprintf("%s: %d clicks of %.1f expected, index %.2f, sure %t", n.Content, n.Clicks, n.Expected, n.Index, n.Sure))
			}
			for _, d := range a.Dead {
				says = append(says, d.Text.EN)
			}
		}
	case "taste":
		a, err := insight.FindTaste(ctx, src, s.scope, insight.TasteQuery{Time: insight.Time{From: day("from"), To: day("to")}, By: store.Column(v["by"]), Where: where})
		if check(err) {
			says = append(says, a.Text.EN, fmt.Sprintf("compared %d, same %d, suppressed %d, unknown %.0f%%", a.Compared, a.Same, a.Suppressed, float64(a.Unknown)))
			for _, row := range a.Rows {
				says = append(says, row.Text.EN)
			}
		}
	case "offer":
		a, err := insight.FindOffer(ctx, src, s.scope, insight.TasteQuery{Time: insight.Time{From: day("from"), To: day("to")}, By: store.Column(v["by"]), Where: where})
		if check(err) {
			says = append(says, a.Text.EN)
			for _, row := range a.Rows {
				says = append(says, row.Text.EN)
			}
		}
	case "movers":
		q := insight.MoversQuery{Time: insight.Time{From: day("from"), To: day("to")}, Indicator: v["indicator"], Against: insight.Against(v["compare"]), Where: where}
		for _, d := range strings.FieldsFunc(v["by"], func(r rune) bool { return r == ',' }) {
			q.By = append(q.By, store.Column(d))
		}
		q.Limit = int(s.number(cmp.Or(v["limit"], "0")))
		a, err := insight.FindMovers(ctx, src, s.scope, q)
		if check(err) {
			says = append(says, a.Text.EN)
			for _, side := range a.Sides {
				says = append(says, side.Text.EN)
				for _, m := range append(slices.Clone(side.Movers), side.Rest, side.Overlap) {
					says = append(says, fmt.Sprintf("%s %s: %.4g (rate %.4g, mix %.4g)", side.Dimension, m.Name.EN, float64(m.Change), float64(m.Rate), float64(m.Mix)))
				}
			}
		}
	case "anomalies":
		q := insight.AnomaliesQuery{Day: day("day"), Hour: -1, Indicators: strings.Split(v["indicator"], ","), Province: where.Province}
		if h := v["hour"]; h != "" {
			q.Hour = int(s.number(h))
		}
		a, err := insight.FindAnomalies(ctx, src, s.scope, q)
		if check(err) {
			says = append(says, a.Text.EN, "against "+strings.Join(a.Against, " "))
			for _, row := range a.Rows {
				says = append(says, row.Text.EN)
			}
		}
	case "risk":
		a, err := insight.FindRisk(ctx, src, s.scope, insight.RiskQuery{Day: day("day"), Where: where})
		if check(err) {
			says = append(says, a.Text.EN)
			for _, sign := range a.Signs {
				line := fmt.Sprintf("%s: %s", sign.Sign, numberWord(sign.Accounts))
				for _, step := range sign.Steps {
					line += fmt.Sprintf("; %s: %s", step.Title.EN, numberWord(step.Accounts))
				}
				says = append(says, line)
			}
			for _, row := range a.Rows {
				says = append(says, row.Day+" "+row.Text.EN)
			}
			if a.Suppressed > 0 {
				says = append(says, fmt.Sprintf("%d places are not shown", a.Suppressed))
			}
		}
	case "accounts":
		q := insight.RiskListQuery{Day: day("day"), Province: where.Province, Class: v["class"], Skip: int(s.number(cmp.Or(v["skip"], "0"))), Limit: int(s.number(cmp.Or(v["limit"], "0")))}
		q.Signs = strings.FieldsFunc(v["sign"], func(r rune) bool { return r == ',' })
		q.City = aggregator.City(s.number(cmp.Or(v["city"], "0")))
		a, err := insight.FindRiskAccounts(ctx, src, s.scope, q)
		if check(err) {
			says = append(says, a.Text.EN)
			for _, row := range a.Rows {
				says = append(says, fmt.Sprintf("%s %s %s %s", row.Account, row.Place.Name.EN, row.Class, row.Text.EN))
				if v["lang"] == "zh" {
					says = append(says, row.Text.ZH)
				}
			}
		}
	case "products":
		q := insight.ProductsQuery{Time: insight.Time{From: day("from"), To: day("to")}, Where: where, Limit: int(s.number(cmp.Or(v["limit"], "0")))}
		if v["products"] != "" {
			q.Products = strings.Split(v["products"], ",")
		}
		a, err := insight.FindProducts(ctx, src, s.scope, q)
		if check(err) {
			says = append(says, a.Text.EN, fmt.Sprintf("by %s, judged %d, suppressed %d", a.Measure, a.Judged, a.Suppressed))
			for _, row := range a.Rows {
				says = append(says, row.Text.EN)
				if v["lang"] == "zh" {
					says = append(says, row.Text.ZH)
				}
			}
		}
	case "departures":
		q := insight.DeparturesQuery{Time: insight.Time{From: day("from"), To: day("to")}, Province: where.Province, Before: int(s.number(cmp.Or(v["before"], "0")))}
		a, err := insight.FindDepartures(ctx, src, s.scope, q)
		if check(err) {
			says = append(says, a.Text.EN, fmt.Sprintf("unjudged %s, unobserved %s, suppressed %d", numberWord(a.Unjudged), numberWord(a.Unobserved), a.Suppressed))
			for _, row := range a.Rows {
				says = append(says, fmt.Sprintf("%s %s", row.Verdict, row.Text.EN))
			}
		}
	default:
		s.fail("there is nothing to ask like this")
	}
	return says
}

func numberWord(n indicator.Number) string {
	if !n.Valid() {
		return "hidden"
	}
	return strconv.FormatFloat(float64(n), 'f', -1, 64)
}

func (s *script) run() {
	for n := 0; n < len(s.lines); n++ {
		line := s.lines[n]
		s.at = n + 1
		s.out = append(s.out, line)
		f := strings.Fields(line)
		if len(f) == 0 || f[0] == "#" {
			continue
		}
		switch f[0] {
		case "reader": // all, or provinces
			s.scope = aggregator.Scope{All: f[1] == "all"}
			if !s.scope.All {
				for _, code := range strings.Split(f[1], ",") {
					s.scope.Provinces = append(s.scope.Provinces, aggregator.Province(s.number(code)))
				}
			}
		case "ask":
			got := s.ask(f)
			var want []string
			for n+1 < len(s.lines) && strings.HasPrefix(s.lines[n+1], "want") {
				n++
				want = append(want, strings.TrimSpace(strings.TrimPrefix(s.lines[n], "want")))
			}
			for _, g := range got {
				s.out = append(s.out, "want  "+g)
			}
			if !*update && !slices.Equal(got, want) {
				s.t.Errorf("line %d, %s\n got\n%s\n want\n%s", s.at, line, strings.Join(got, "\n"), strings.Join(want, "\n"))
			}
		default:
			if slices.Contains(files, f[0]) {
				s.give(f)
				continue
			}
			s.tell(f)
		}
	}
}

// Each file of testdata is a small world with questions and what people are told.
func TestScripts(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) < 5 {
		t.Fatalf("%v %v", files, err)
	}
	for _, name := range files {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for engine, open := range stores {
			t.Run(filepath.Base(name)+" "+engine, func(t *testing.T) {
				s := &script{world: &world{t: t, store: open(t)}, hums: engine == "duckdb", hummed: map[aggregator.Day]bool{}, scope: aggregator.Scope{All: true}, lines: strings.Split(strings.TrimRight(string(b), "\n"), "\n")}
				s.run()
				if *update && engine == "memory" {
					if err := os.WriteFile(name, []byte(strings.Join(s.out, "\n")+"\n"), 0o644); err != nil {
						t.Fatal(err)
					}
				}
			})
		}
	}
}
