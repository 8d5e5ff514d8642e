package storetest

import (
	"context"
	"encoding/binary"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"iptvdc/aggregator"
	"iptvdc/aggregator/store"
)

// Engine opens the store that lies in dir, making it if dir is empty.
type Engine struct {
	Open func(t testing.TB, dir string) store.Store
	// Forgets says that a store opened again is empty.
	Forgets bool
	// Books, if not nil, returns all subscribers of a province with what is held
	// of them, in any order.
	Books func(t testing.TB, s store.Store, p aggregator.Province) []Book
}

// Run checks that an engine is a store.Store.
func Run(t *testing.T, e Engine) {
	tests := []struct {
		name string
		run  func(*testing.T, *bench)
	}{
		{"block once", testBlockOnce},
		{"dirty cells", testDirty},
		{"dirt during close", testDirtDuringClose},
		{"close repeats", testCloseRepeats},
		{"retimes", testRetimes},
		{"several retimes of a boot", testRetimesOfOneBoot},
		{"boxes", testFactBox},
		{"pages", testFactPage},
		{"views over hours", testViewsOverHours},
		{"valid plays", testValidPlays},
		{"led clicks", testLed},
		{"led over the hour's edge", testLedOverEdge},
		{"orders", testFactOrder},
		{"impressions", testFactImpression},
		{"order pages", testFactOrderPage},
		{"playbacks", testFactPlayback},
		{"reach", testFactReach},
		{"minutes", testFactMinute},
		{"broadcasts", testFactBroadcast},
		{"corrected schedules", testCorrectedSchedule},
		{"clocks and losses", testFactTrust},
		{"losses alone", testTallies},
		{"on time", testFactOn},
		{"on time: words together", testOnTogether},
		{"on time in 1970", testOnIn1970},
		{"time of day and week", testTimeColumns},
		{"among", testAmong},
		{"squares", testSquares},
		{"scope", testScope},
		{"spans", testSpans},
		{"distinct boxes", testDistinct},
		{"distinct boxes in long spans", testDistinctLong},
		{"filters and groups", testFilters},
		{"limit", testLimit},
		{"bad questions", testBadQueries},
		{"days", testDays},
		{"codes", testCodes},
		{"identities and clocks", testTold},
		{"audit", testAudit},
		{"running", testRunning},
		{"running: the latest", testRunningLatest},
		{"running: topics", testRunningTopics},
		{"running: boxes that moved", testRunningMoved},
		{"updates of agents", testUpdates},
		{"as of", testAsOf},
		{"cancelled", testCancelled},
		{"reopen", testReopen},
		{"against the reference", testRandom},
		{"files", testFiles},
		{"files of years", testFilesOfYears},
		{"files that shrink", testShrunk},
		{"versions of a day's file", testVersions},
		{"accounts and flows", testFactAccounts},
		{"what nobody told", testUntold},
		{"changed numbers", testNumbers},
		{"a number given again", testNumberGivenAgain},
		{"bills", testFactBill},
		{"shares and buyers", testBuyers},
		{"renewals", testRenewals},
		{"orders told by both sides", testReconcile},
		{"titles", testTitles},
		{"what contents are", testContentColumns},
		{"new dictionaries", testRenormalise},
		{"labels", testLabels},
		{"cancelled files", testFeedCancelled},
		{"reopen with files", testFeedReopen},
		{"opening stock", testOpeningStock},
		{"files in any order", testFeedOrders},
		{"visits to pages", testFactVisit},
		{"visits to pages: words together", testVisitTogether},
		{"paths over pages", testFactPath},
		{"presence", testPresence},
		{"edited: caps", testCap},
		{"edited: all that a cap cuts", testCapRuns},
		{"edited: caps beyond the end", testCapSpare},
		{"edited: episodes", testEpisodes},
		{"edited: invalid boxes", testInvalidBoxes},
		{"edited: new rules", testEditRules},
		{"journeys", testFactJourney},
		{"journeys: words together", testJourneyTogether},
		{"pages that led to a play", testFactPageLed},
		{"standbys", testFactStandby},
		{"parts of assets", testFactAsset},
		{"where viewers left", testFactLeft},
		{"agents that boxes ran", testFactAgent},
		{"what became of updates", testFactUpdate},
		{"clicks before orders", testFactOrderLed},
		{"whole contents", testCountLengths},
		{"viewers who come back", testCountReturns},
		{"episodes", testCountEpisodes},
		{"viewers of the whole", testCountComplete},
		{"what packages hold", testPackages},
		{"packages that change", testPackagesChange},
		{"names of products", testProducts},
		{"risk: signs", testRiskSigns},
		{"risk: days of which nobody told", testRiskDark},
		{"risk: products", testRiskExpired},
		{"risk: lists", testRiskLists},
		{"risk: departures", testRiskDepartures},
		{"risk: against the reference", testRisk},
	}
	for _, c := range tests {
		t.Run(c.name, func(t *testing.T) {
			b := &bench{T: t, engine: e, dir: t.TempDir()}
			b.Store = e.Open(t, b.dir)
			t.Cleanup(func() {
				if err := b.Shutdown(); err != nil {
					t.Errorf("Shutdown: %v", err)
				}
			})
			c.run(t, b)
		})
	}
}

// bench is a store under test and the words tests are written in.
type bench struct {
	*testing.T
	store.Store
	engine Engine
	dir    string
	blocks uint64
}

// now is the moment tests are built around: 2026-05-03 20:00 in Shanghai.
var now = must(aggregator.ParseDay("2026-05-03")).Start() + 20*aggregator.HourMs

const (
	second = int64(1000)
	minute = 60 * second
	hour   = aggregator.HourMs
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// at is the stamp of a box in province 33 at a moment.
func at(box uint64, ms int64) store.Stamp {
	return store.Stamp{Province: 33, City: 3301, Box: box, Boot: 1, MonoMs: ms - now + 1000*hour, AtMs: ms, Clock: 3}
}

// in43 moves a stamp to another province.
func in43(s store.Stamp) store.Stamp {
	s.Province, s.City = 43, 4301
	return s
}

// put inserts a block under a new id.
func (b *bench) put(blk store.Block) {
	b.Helper()
	b.blocks++
	binary.BigEndian.PutUint64(blk.ID[:], b.blocks)
	b.insert(&blk, true)
}

func (b *bench) insert(blk *store.Block, want bool) {
	b.Helper()
	if got, err := b.Insert(context.Background(), blk); err != nil || got != want {
		b.Fatalf("Insert = %v, %v; want %v", got, err, want)
	}
}

func (b *bench) dirty() store.Snapshot {
	b.Helper()
	s, err := b.Dirty(context.Background(), 1<<20)
	if err != nil {
		b.Fatalf("Dirty: %v", err)
	}
	return s
}

// settle closes all that is dirty.
func (b *bench) settle() {
	b.Helper()
	b.close(b.dirty())
	if s := b.dirty(); len(s.Cells) != 0 {
		b.Fatalf("dirty after Close: %v", s.Cells)
	}
}

func (b *bench) close(s store.Snapshot) {
	b.Helper()
	if err := b.Close(context.Background(), s); err != nil {
		b.Fatalf("Close: %v", err)
	}
}

func (b *bench) query(q store.Query) []store.Row {
	b.Helper()
	rows, err := b.Query(context.Background(), q)
	if err != nil {
		b.Fatalf("Query: %v", err)
	}
	return rows
}

// expect compares an answer; row builds what is expected.
func (b *bench) expect(q store.Query, want ...store.Row) {
	b.Helper()
	b.same("answer", b.query(q), want)
}

func (b *bench) same(what string, got, want any) {
	b.Helper()
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		b.Fatalf("%s differs (-want +got):\n%s", what, diff)
	}
}

func row(span int, group []uint64, values ...int64) store.Row {
	return store.Row{Span: span, Group: group, Values: values}
}

func key(k ...uint64) []uint64 { return k }

func sum(measures ...store.Measure) []store.Value {
	var out []store.Value
	for _, m := range measures {
		out = append(out, store.Value{Measure: m})
	}
	return out
}

// hourly asks about the hours from the one before now to the one after it.
func hourly(f store.Fact, by []store.Column, values []store.Value) store.Query {
	h := int32(aggregator.HourOf(now))
	return store.Query{Fact: f, Hourly: true, AllProvinces: true, GroupBy: by, Values: values,
		Spans: []store.Span{{From: h - 1, To: h}, {From: h, To: h + 1}, {From: h + 1, To: h + 2}}}
}

// daily asks about the day of now.
func daily(f store.Fact, by []store.Column, values []store.Value) store.Query {
	d := int32(aggregator.DayOf(now))
	return store.Query{Fact: f, AllProvinces: true, GroupBy: by, Values: values, Spans: []store.Span{{From: d, To: d + 1}}}
}

func cell(h int64, p aggregator.Province) store.Cell {
	return store.Cell{Hour: aggregator.HourOf(now + h*hour), Province: p}
}
