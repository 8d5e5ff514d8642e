package dialect_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"iptvdc/aggregator"
	"iptvdc/aggregator/c3"
	"iptvdc/aggregator/c3/delimited"
	"iptvdc/aggregator/c3/dialect"
)

const zjHeader = "USER_ID|STATUS|AREA_CODE|OPEN_TIME|STOP_TIME|CANCEL_TIME|PROD_ID|STB_ID|MAC|ACCESS\n"

// TestHostile: whatever comes, records = taken + faults + skipped.
func TestHostile(t *testing.T) {
	zj := feedOf(t, load(t, "p33"), c3.FeedSubscribers)
	f := func(file string, taken int64, refused string, faults ...string) {
		t.Helper()
		var all kept
		sum, err := zj.Read(strings.NewReader(file), &all)
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		if sum.Refused != nil {
			got = sum.Refused.Code
		}
		var codes []string
		for _, x := range all.faults {
			codes = append(codes, x.Code)
		}
		if got != refused || sum.Taken != taken || strings.Join(codes, " ") != strings.Join(faults, " ") || sum.Records != sum.Taken+sum.Faults+sum.Skipped {
			t.Errorf("%.80q: refused %q, %q, %+v", file, got, codes, sum)
		}
	}
	row := func(account string) string { return account + "|1|0571|||||||\n" }
	f("", 0, c3.FaultEmpty)
	f("\n\n\n", 0, c3.FaultTruncated)
	f(zjHeader, 0, c3.FaultEmpty)
	f(zjHeader+row("1"), 1, "")
	f(zjHeader+strings.TrimSuffix(row("1"), "\n"), 1, "")
	f("\ufeff"+zjHeader+row("1"), 1, "")
	f(zjHeader+"\ufeff"+row("1")+row("2"), 1, "", c3.FaultCharset)
	f(strings.ReplaceAll(zjHeader+row("1"), "\n", "\r\n"), 1, "")
	f(strings.ReplaceAll(zjHeader+row("1"), "\n", "\r"), 0, c3.FaultHeader)
	f(zjHeader+strings.ReplaceAll(row("1")+row("2"), "\n", "\r"), 0, c3.FaultShrunk, c3.FaultCharset)
	f("\x84\x31\x95\x33"+zjHeader, 0, c3.FaultHeader)
	f(zjHeader+row("\x00")+row("1"), 1, "", c3.FaultCharset)
	f(zjHeader+row(strings.Repeat("9", 600))+row("1"), 1, "", c3.FaultLong)
	f(zjHeader+row(strings.Repeat("9", 70_000))+row("1"), 1, "", c3.FaultLong)
	f(zjHeader+row(strings.Repeat("9", 1<<20))+row("1"), 1, "", c3.FaultLong)
	f(zjHeader+strings.Repeat(row("1"), 20)+strings.Repeat("x\n", 9), 20, "", strings.Fields(strings.Repeat("columns ", 9))...)
	f(zjHeader+strings.Repeat(row("1"), 20)+strings.Repeat("x\n", 10), 20, c3.FaultMostlyBad, strings.Fields(strings.Repeat("columns ", 10))...)
	f(zjHeader+"1|1|0571|20251301000000||||||\n"+row("1"), 1, "", c3.FaultTime)
	f(zjHeader+"1|1|0571|20251231240001||||||\n"+row("1"), 1, "", c3.FaultTime)
	f(zjHeader+"1|1|0571|20251231235960||||||\n"+row("1"), 1, "", c3.FaultTime)
	f(zjHeader+"1|1|0571|00000000000000||||||\n"+row("1"), 1, "", c3.FaultTime)
	f(zjHeader+"1|1|0571|2025123123595９||||||\n"+row("1"), 1, "", c3.FaultTime)
}

// flood repeats a text for n bytes.
type flood struct {
	text string
	at   int
	left int64
}

func (p *flood) Read(b []byte) (int, error) {
	if p.left == 0 {
		return 0, io.EOF
	}
	n := copy(b[:min(int64(len(b)), p.left)], p.text[p.at:])
	p.left -= int64(n)
	p.at = (p.at + n) % len(p.text)
	return n, nil
}

// TestBounded: neither a field of a gigabyte nor a million bad records take
// memory.
func TestBounded(t *testing.T) {
	size := int64(1 << 30)
	if testing.Short() {
		size = 64 << 20
	}
	f := func(name string, file io.Reader, want func(dialect.Summary) bool) {
		t.Helper()
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		peak := uint64(0)
		sink := sampling{every: 100_000, peak: &peak}
		sum, err := feedOf(t, load(t, name), c3.FeedSubscribers).Read(file, &sink)
		runtime.GC()
		runtime.ReadMemStats(&after)
		if err != nil || !want(sum) {
			t.Errorf("%s: %v %+v", name, err, sum)
		}
		if grown := int64(max(peak, after.HeapAlloc)) - int64(before.HeapAlloc); grown > 32<<20 {
			t.Errorf("%s: %d bytes kept", name, grown)
		}
	}
	f("p33", io.MultiReader(strings.NewReader(zjHeader+"0571"), &flood{text: strings.Repeat("7", 4096), left: size}, strings.NewReader("|1|0571|||||||\n0571|1|0571|||||||\n")),
		func(s dialect.Summary) bool { return s.Taken == 1 && s.Counts[c3.FaultLong] == 1 && s.Refused == nil })
	f("p33", io.MultiReader(strings.NewReader(zjHeader), &flood{text: "x\n", left: 2_000_000}),
		func(s dialect.Summary) bool {
			return s.Counts[c3.FaultColumns] == 1_000_000 && s.Refused.Code == c3.FaultMostlyBad
		})
	f("p33", io.MultiReader(strings.NewReader(zjHeader), &flood{text: "\n", left: 10_000_000}),
		func(s dialect.Summary) bool { return s.Empty == 10_000_000 && s.Refused.Code == c3.FaultEmpty })
	f("p33", io.MultiReader(strings.NewReader(zjHeader), &flood{text: strings.Repeat("|", 4096), left: 8 << 20}),
		func(s dialect.Summary) bool { return s.Records == 1 && s.Counts[c3.FaultLong] == 1 })
}

// sampling is a sink that looks at the heap now and then.
type sampling struct {
	n, every int
	peak     *uint64
}

func (s *sampling) look() {
	if s.n++; s.n%s.every == 0 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		*s.peak = max(*s.peak, m.HeapAlloc)
	}
}
func (s *sampling) Rows(*dialect.Rows) error { s.look(); return nil }
func (s *sampling) Fault(c3.Fault) error     { s.look(); return nil }

// TestGBKTrailBytes: a character whose second byte is the delimiter.
func TestGBKTrailBytes(t *testing.T) {
	f := feedOf(t, load(t, "p41"), c3.FeedProducts)
	text, err := delimited.GBK.AppendEncoded(nil, []byte("P1|亅乗丂|1|100|亅|60||\n99|1\n"))
	if err != nil || !bytes.Contains(text, []byte("\x81|")) {
		t.Fatalf("% x %v", text, err)
	}
	var all kept
	if sum, err := f.Read(bytes.NewReader(text), &all); err != nil || sum.Refused == nil && sum.Taken != 1 {
		t.Fatal(sum, err)
	}
	if len(all.faults) > 0 {
		t.Logf("%+v", all.faults)
	}
	if got := all.rows[c3.FeedProducts].Products[0]; got.Name != "亅乗丂" || got.Provider != "亅" {
		t.Errorf("%+v", got)
	}
}

var errSink = errors.New("no more")

type refusing struct{ rows, faults bool }

func (r refusing) Rows(*dialect.Rows) error { return map[bool]error{true: errSink}[r.rows] }
func (r refusing) Fault(c3.Fault) error     { return map[bool]error{true: errSink}[r.faults] }

// TestErrorsStopTheReading: those of the sink and of the source come back.
func TestErrorsStopTheReading(t *testing.T) {
	f := feedOf(t, load(t, "p33"), c3.FeedSubscribers)
	file := zjHeader + "1|1|0571|||||||\n"
	if _, err := f.Read(strings.NewReader(file), refusing{rows: true}); !errors.Is(err, errSink) {
		t.Errorf("rows: %v", err)
	}
	if _, err := f.Read(strings.NewReader(file+"x\n"), refusing{faults: true}); !errors.Is(err, errSink) {
		t.Errorf("faults: %v", err)
	}
	if _, err := f.Read(io.MultiReader(strings.NewReader(file), iotest.ErrReader(errSink)), refusing{}); !errors.Is(err, errSink) {
		t.Errorf("source: %v", err)
	}
}

// TestRowsOutliveTheirBatch: strings may be kept.
func TestRowsOutliveTheirBatch(t *testing.T) {
	f := feedOf(t, load(t, "p33"), c3.FeedSubscribers)
	const n = 20_000
	var all kept
	if _, err := f.Read(bytes.NewReader(subscribers(t, f, n)), &all); err != nil {
		t.Fatal(err)
	}
	for i, s := range all.rows[c3.FeedSubscribers].Subscribers {
		if s.Account != fmt.Sprintf("0571%09d", i) || s.STBID != fmt.Sprintf("004003FF0003204018C4%012X", i) {
			t.Fatalf("row %d became %+v", i, s)
		}
	}
}

// TestDay: of a column, a trailer, a header, a name; moved by shift.
func TestDay(t *testing.T) {
	f := func(keys, name, file, want, refused string) {
		t.Helper()
		text := strings.Replace(small, "    header: names\n", keys, 1)
		d, err := dialect.Compile([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		feed, parts, ok := d.Match(name)
		if !ok {
			t.Fatal(name)
		}
		var all kept
		sum, err := feed.Read(strings.NewReader(file), &all)
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		if day, ok := feed.Day(parts, sum); ok {
			got = day.String()
		}
		if sum.Refused != nil {
			got += " " + sum.Refused.Code
		}
		for _, x := range all.faults {
			got += " " + x.Code
		}
		if got != strings.TrimSpace(want+" "+refused) {
			t.Errorf("%q: %q, want %q %q", file, got, want, refused)
		}
	}
	const name = "U_20260503.txt"
	f("    header: names\n", name, "ID|ST\n1|1\n", "2026-05-03", "")
	f("    header: names\n    day: {shift: -1}\n", name, "ID|ST\n1|1\n", "2026-05-02", "")
	f("    header: {line: \"H{day:yyyy-MM-dd}\", names: true}\n    day: {from: header}\n", name, "H2026-05-01\nID|ST\n1|1\n", "2026-05-01", "")
	f("    header: names\n    trailer: \"T{day:yyyyMMdd}\"\n    day: {from: trailer}\n", name, "ID|ST\n1|1\nT20260501", "2026-05-01", "")
	column := "    header: names\n    time: {formats: [yyyyMMdd]}\n    day: {from: column}\n"
	withDay := func(file, want, refused string) {
		t.Helper()
		text := strings.Replace(strings.Replace(small, "    header: names\n", column, 1), "state: ST", "state: ST, day: D", 1)
		d, err := dialect.Compile([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		var all kept
		sum, err := d.Feeds[0].Read(strings.NewReader(file), &all)
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		if day, ok := d.Feeds[0].Day(dialect.NewParts(), sum); ok {
			got = day.String()
		}
		for _, x := range all.faults {
			got += " " + x.Code
		}
		if got != strings.TrimSpace(want+" "+refused) {
			t.Errorf("%q: %q, want %q %q", file, got, want, refused)
		}
	}
	withDay("ID|ST|D\n1|1|20260501\n2|1|20260501\n", "2026-05-01", "")
	withDay("ID|ST|D\n1|1|20260501\n2|1|20260502\n3|1|\n", "2026-05-01", "bad_day required")
}

// TestFeedsAreShared: one Feed reads and writes any number of files at once.
func TestFeedsAreShared(t *testing.T) {
	f := feedOf(t, load(t, "p43"), c3.FeedSubscribers)
	want := subscribers(t, f, 3000)
	done := make(chan error)
	for range 4 {
		go func() {
			var all kept
			if _, err := f.Read(bytes.NewReader(want), &all); err != nil {
				done <- err
				return
			}
			var again bytes.Buffer
			err := f.Write(&again, about(), all.rows[c3.FeedSubscribers])
			if err == nil && !bytes.Equal(again.Bytes(), want) {
				err = errors.New("another file")
			}
			done <- err
		}()
	}
	for range 4 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

func TestShrunk(t *testing.T) {
	f := feedOf(t, load(t, "p33"), c3.FeedSubscribers)
	for _, c := range []struct {
		rows, previous int64
		want           bool
	}{{90, 100, false}, {89, 100, true}, {200, 100, false}, {0, 0, false}, {0, 1, true}} {
		if got := f.Shrunk(c.rows, c.previous); (got != nil) != c.want {
			t.Errorf("%+v: %v", c, got)
		}
	}
}

func TestExpectNext(t *testing.T) {
	at := func(s string) time.Time {
		v, err := time.ParseInLocation("2006-01-02 15:04", s, aggregator.Shanghai)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	f := func(e dialect.Expect, now, want string) {
		t.Helper()
		got := e.Next(at(now))
		if want == "" && !got.IsZero() || want != "" && !got.Equal(at(want)) {
			t.Errorf("%s after %s is %v, want %s", e, now, got, want)
		}
	}
	day := dialect.Expect{Every: "day", Minute: 390}
	f(day, "2026-05-03 06:29", "2026-05-03 06:30")
	f(day, "2026-05-03 06:30", "2026-05-04 06:30")
	f(day, "2026-12-31 23:00", "2027-01-01 06:30")
	hour := dialect.Expect{Every: "hour", Minute: 10}
	f(hour, "2026-05-03 23:10", "2026-05-04 00:10")
	f(hour, "2026-05-03 23:09", "2026-05-03 23:10")
	month := dialect.Expect{Every: "month", Day: 28, Minute: 60}
	f(month, "2026-01-28 01:00", "2026-02-28 01:00")
	f(month, "2026-12-28 01:00", "2027-01-28 01:00")
	f(dialect.Expect{Every: "once"}, "2026-05-03 06:30", "")
}
