package inbox

import (
	"bytes"
	"context"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"iptvdc/aggregator"
	"iptvdc/aggregator/c3"
	"iptvdc/aggregator/c3/delimited"
	"iptvdc/aggregator/c3/dialect"
	"iptvdc/aggregator/c3/normal"
	"iptvdc/aggregator/store"
)

func (b *bench) manifest(province, name, text string) {
	b.Helper()
	sum := md5.Sum([]byte(text))
	b.put(province, name+".verf", fmt.Sprintf("%s|%d|%d|%s\n", name, len(text), strings.Count(text, "\n")-1, hex.EncodeToString(sum[:])))
}

func TestFileIsTaken(t *testing.T) {
	onEach(t, func(t *testing.T, b *bench) {
		name := b.zj(today-1, 3)
		b.expect(b.settle(), name+" subscribers accepted: 3 = 3 + 0 + 0")
		b.expectTree("33/done/2026-05-02/"+name, "33/done/manifests/"+name+".verf", "33/receipts/"+b.receiptName("33", name))
		rows := b.files()
		if len(rows) != 1 || rows[0].Day != today-1 || rows[0].Outcome != c3.OutcomeAccepted || rows[0].Records != 3 || rows[0].Name != name {
			t.Errorf("%+v", rows)
		}
		codes, err := b.store.(store.Store).Codes(t.Context(), []uint64{aggregator.TextKey("JC001"), aggregator.TextKey("ftth")})
		if err != nil || len(codes) != 2 {
			t.Errorf("%v, %v: products and nets have texts", codes, err)
		}
		people, err := b.store.(store.Store).Codes(t.Context(), []uint64{
			secrets.AccountKey(33, "057100000000"), aggregator.TextKey("057100000000"), secrets.STBKey("004003FF0003204018C4000000000000"),
			aggregator.TextKey("004003FF0003204018C4000000000000"), aggregator.TextKey("00:1a:2b:3c:4d:5e"),
		})
		if err != nil || len(people) != 0 {
			t.Errorf("%v, %v: people's texts went into the store", people, err)
		}
	})
}

func (b *bench) receiptName(province, name string) string {
	b.Helper()
	p, err := aggregator.ParseProvince(province)
	if err != nil {
		b.Fatal(err)
	}
	d, err := b.inbox.dialect(p)
	if err != nil {
		b.Fatal(err)
	}
	f, _, ok := d.Match(name)
	if !ok {
		b.Fatalf("no feed takes %s", name)
	}
	return f.ReceiptName(name)
}

// A file was received when it came, not when somebody looked at it; a time that is
// still to come, as a sender's clock may tell, is that of its being taken. A crash in
// between changes nothing in that.
func TestCame(t *testing.T) {
	b := newBench(t, engines["memory"](t))
	var came time.Time
	b.change = func(c *Config) { c.Came = func(fs.FileInfo) time.Time { return came } }
	b.open()
	f := func(day aggregator.Day, at, want time.Time) {
		t.Helper()
		came = at
		b.zj(day, 3)
		b.settle()
		for _, r := range b.files() {
			if r.Day == day {
				if r.ReceivedMs != want.UnixMilli() {
					t.Errorf("came at %v, received at %v, want %v", at, time.UnixMilli(r.ReceivedMs), want)
				}
				return
			}
		}
		t.Errorf("no file of %s", day)
	}
	f(today-3, b.now.Add(-50*time.Hour), b.now.Add(-50*time.Hour))
	b.now = b.now.Add(time.Hour)
	f(today-2, b.now.Add(time.Hour), b.now)
	b.change = nil
	b.open()
	b.now = b.now.Add(time.Hour)
	f(today-1, b.now.Add(-time.Hour), b.now)
	path := b.put("33", "x.txt", "x")
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(path, b.now.Add(-time.Hour), b.now.Add(-time.Hour)); err != nil {
		t.Fatal(err)
	}
	again, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if Moved(again).Before(Moved(info)) {
		t.Errorf("a sender who sets the time of a file moves it from %v to %v", Moved(info), Moved(again))
	}
}

// The very same file again changes nothing and is told so, packed or not. As
// another day's it is that day's: on two days there may be the same news.
func TestSameFileTwice(t *testing.T) {
	onEach(t, func(t *testing.T, b *bench) {
		name := b.zj(today-1, 3)
		b.settle()
		b.zj(today-1, 3)
		b.expect(b.settle(), name+" subscribers repeated: 3 = 0 + 0 + 3")
		if rows := b.files(); len(rows) != 1 || rows[0].Outcome != c3.OutcomeAccepted {
			t.Errorf("%+v", rows)
		}
		if !strings.Contains(b.read("33", receiptsDir, b.receiptName("33", name)), "repeated") {
			t.Error("the receipt does not tell of the repeat")
		}
		other := b.zj(today, 3)
		b.expect(b.settle(), other+" subscribers accepted: 3 = 3 + 0 + 0")
		b.put("33", "c.xml", catalogue)
		b.settle()
		b.put("33", "d.xml.gz", gzipped(t, catalogue, 0))
		b.expect(b.settle(), "d.xml.gz catalogue repeated: 5 = 0 + 1 + 4")
	})
}

// A file sent again under its name with other content is the later one, whatever
// hashes say.
func TestCorrection(t *testing.T) {
	onEach(t, func(t *testing.T, b *bench) {
		for _, n := range []int{30, 31, 29, 32, 28} {
			name := b.zj(today-1, n)
			b.expect(b.settle(), fmt.Sprintf("%s subscribers accepted: %d = %d + 0 + 0", name, n, n))
		}
		// A later day's file was taken before an earlier day's: both are in.
		b.expect(func() []c3.Receipt { b.zj(today-2, 33); return b.settle() }(), "ZJ_IPTV_USER_20260501.txt subscribers accepted: 33 = 33 + 0 + 0")
	})
}

func TestSettling(t *testing.T) {
	b := newBench(t, engines["memory"](t))
	path := b.put("41", "catalogue.xml", "<ADI><Objects/>")
	b.inbox.Pass(t.Context())
	b.now = b.now.Add(b.inbox.cfg.Settle / 2)
	b.inbox.Pass(t.Context())
	b.put("41", "catalogue.xml", "<ADI><Objects/></ADI>") // grows
	b.now = b.now.Add(b.inbox.cfg.Settle / 2)
	b.inbox.Pass(t.Context())
	if len(b.receipts) != 0 {
		t.Fatalf("a file that grows was taken: %s", lines(b.receipts))
	}
	b.expect(b.settle(), "catalogue.xml catalogue accepted: 0 = 0 + 0 + 0")
	for _, name := range []string{"a.xml.tmp", "b.xml.PART", ".c.xml", ".d/e.xml"} {
		b.put("41", name, "<ADI/>")
	}
	b.expect(b.settle())
	if _, err := os.Stat(path); err == nil {
		t.Error("the file still lies in in")
	}
}

func TestManifests(t *testing.T) {
	onEach(t, func(t *testing.T, b *bench) {
		// None comes.
		name := "ZJ_IPTV_USER_20260503.txt"
		b.put("33", name, zjText(5))
		if r := b.settle(); len(r) != 0 {
			t.Fatalf("taken without a manifest: %s", lines(r))
		}
		b.expect(b.wait(), name+" subscribers refused: 0 = 0 + 0 + 0 manifest=1")
		// It comes late, and then at once.
		b.put("33", name, zjText(5))
		b.settle()
		b.manifest("33", name, zjText(5))
		b.receipts = nil
		b.inbox.Pass(t.Context())
		b.expect(b.receipts, name+" subscribers accepted: 5 = 5 + 0 + 0")
		// It announces something else.
		b.put("33", name, zjText(6))
		b.manifest("33", name, strings.Replace(zjText(6), "ftth", "adsl", 1))
		b.expect(b.settle(), name+" subscribers refused: 0 = 0 + 0 + 0 manifest=1")
		b.put("33", name, zjText(6))
		b.manifest("33", name, zjText(6)+zjText(1))
		b.expect(b.settle(), name+" subscribers refused: 0 = 0 + 0 + 0 truncated=1")
		if got := strings.Count(b.tree(), inDir+"/"); got != 0 {
			t.Errorf("something is left:\n%s", b.tree())
		}
	})
}

// A day's check file of Anhui announces four files that come one by one.
func TestManifestOfSeveral(t *testing.T) {
	b := newBench(t, engines["memory"](t))
	dia, _ := b.inbox.dialect(34)
	var entries []dialect.Entry
	texts := map[string]string{}
	for _, f := range dia.Feeds {
		about := dialect.NewParts()
		about.Day, about.HasDay = today, true
		name, err := f.FileName(about)
		if err != nil {
			t.Fatal(err)
		}
		var text bytes.Buffer
		if err := f.Write(&text, about, &dialect.Rows{Feed: f.Kind, Subscribers: someSubscriber(f.Kind)}); err != nil {
			t.Fatal(err)
		}
		sum := md5.Sum(text.Bytes())
		entry := dialect.Entry{Name: name, Bytes: int64(text.Len()), Rows: int64(len(someSubscriber(f.Kind))), MD5: hex.EncodeToString(sum[:])}
		entries, texts[name] = append(entries, entry), text.String()
	}
	var check bytes.Buffer
	if err := dia.Feeds[0].WriteManifest(&check, entries...); err != nil {
		t.Fatal(err)
	}
	b.put("34", "20260503.CHK", check.String())
	for i, e := range entries {
		b.put("34", e.Name, texts[e.Name])
		r := b.one(b.settle())
		if r.Outcome == c3.OutcomeRefused && r.Faults[0].Code == c3.FaultManifest {
			t.Errorf("%d: %s %+v", i, line(r), r.Faults)
		}
		if left := strings.Contains(b.tree(), "34/in/20260503.CHK"); left != (i < len(entries)-1) {
			t.Errorf("after %d files the manifest is left: %v", i+1, left)
		}
	}
}

func someSubscriber(k c3.Feed) []c3.Subscriber {
	if k != c3.FeedSubscribers {
		return nil
	}
	return []c3.Subscriber{{Account: "1", State: c3.StateActive}}
}

// Of a file whose records hold two kinds both come in.
func TestTwoKindsInAFile(t *testing.T) {
	onEach(t, func(t *testing.T, b *bench) {
		text, err := dialect.ReadyText("boss")
		if err != nil {
			t.Fatal(err)
		}
		b.own("43.yaml", `province: "43"`+"\n"+string(text))
		b.put("43", "BOSS_OP_202605030700_0001.txt",
			"1|13800000001|01|20260503063000|0731||||\n2|13800000001|06|20260503063100|0731|P1|||1990\n3|13800000001|03|20260503063200|0731||||\n4|138|77|20260503063200|0731||||\n99999999|4\n")
		b.expect(b.settle(), "BOSS_OP_202605030700_0001.txt changes partly: 3 = 2 + 1 + 0 unknown_code=1")
		if rows := b.files(); len(rows) != 2 {
			t.Errorf("%+v", rows)
		}
	})
}

// own lays an operator's dialect.
func (b *bench) own(name, text string) {
	b.Helper()
	if err := os.WriteFile(b.path(dialectsDir, name), []byte(text), 0o600); err != nil {
		b.Fatal(err)
	}
}

// A dialect that cannot be read holds its province's files back, no others', and
// only until it can.
func TestBadDialect(t *testing.T) {
	b := newBench(t, engines["memory"](t))
	b.own("33.yaml", "version: 1\nprovince: \"33\"\nfeedz: []\n")
	name := b.zj(today, 2)
	b.put("41", "c.xml", "<ADI/>")
	b.expect(b.settle(), "c.xml catalogue accepted: 0 = 0 + 0 + 0")
	if s := b.inbox.Stats(); s.BadDialects[33] == nil || !strings.Contains(s.BadDialects[33].Error(), "feedz") || s.Waiting[33] != 2 {
		t.Errorf("%+v", s)
	}
	if err := os.Remove(b.path(dialectsDir, "33.yaml")); err != nil {
		t.Fatal(err)
	}
	b.expect(b.settle(), name+" subscribers accepted: 2 = 2 + 0 + 0")
}

func TestShrunk(t *testing.T) {
	onEach(t, func(t *testing.T, b *bench) {
		b.zj(today-2, 100)
		b.settle()
		name := b.zj(today-1, 80)
		b.expect(b.settle(), name+" subscribers waiting: 80 = 0 + 0 + 0 shrunk=1")
		if !strings.Contains(b.tree(), "33/waiting/"+name) {
			t.Fatal(b.tree())
		}
		id := b.files()[0].ID
		if _, err := b.inbox.Release(t.Context(), 41, id); err == nil {
			t.Error("another province's file was released")
		}
		b.receipts = nil
		if _, err := b.inbox.Release(t.Context(), 33, id); err != nil {
			t.Fatal(err)
		}
		b.expect(b.receipts, name+" subscribers accepted: 80 = 80 + 0 + 0")
		if _, err := b.inbox.Release(t.Context(), 33, id); err == nil {
			t.Error("a file was released twice")
		}
		name = b.zj(today, 40)
		b.expect(b.settle(), name+" subscribers waiting: 40 = 0 + 0 + 0 shrunk=1")
		b.zj(today, 40) // and once more
		b.expect(b.settle(), name+" subscribers waiting: 40 = 0 + 0 + 0 shrunk=1")
		b.receipts = nil
		if _, err := b.inbox.Reject(t.Context(), 33, b.files()[0].ID); err != nil {
			t.Fatal(err)
		}
		if tree := b.tree(); strings.Contains(tree, "33/waiting/") || !strings.Contains(tree, "33/refused/"+name) {
			t.Error(tree)
		}
		if f := b.files()[0]; f.Outcome != c3.OutcomeRefused || f.Why != c3.FaultRejected {
			t.Errorf("%+v", f)
		}
	})
}

const catalogue = `<?xml version="1.0" encoding="utf-8"?>
<ADI><Header><Timestamp>20260502120000</Timestamp></Header><Objects>
<Object ElementType="Program" ID="1" Code="P1" Action="REGIST"><Property Name="Name">One</Property><Property Name="Genre">film</Property></Object>
<Object ElementType="Series" ID="2" Code="S1" Action="REGIST"><Property Name="Name">Two</Property></Object>
<Object ElementType="Picture" ID="3" Code="I1"/>
</Objects><Mappings>
<Mapping ParentType="Picture" ParentCode="I1" ElementType="Program" ElementCode="P1" Action="REGIST"/>
<Mapping ParentType="Series" ParentCode="S1" ElementType="Program" ElementCode="P1" Action="REGIST"/>
</Mappings></ADI>
`

// films says that everything is a film.
type films struct{}

func (films) Normal(codes []store.Code, _ aggregator.Province, _ *c3.Object) (store.Normal, []store.Code) {
	k := aggregator.TextKey("film")
	return store.Normal{Genre: k, Version: 1}, append(codes, store.Code{Key: k, Text: "film"})
}

func TestCatalogue(t *testing.T) {
	onEach(t, func(t *testing.T, b *bench) {
		b.change = func(c *Config) { c.Meaning = films{} }
		b.open()
		b.put("33", "anything", catalogue)
		b.expect(b.settle(), "anything catalogue partly: 5 = 4 + 1 + 0 incomplete=1")
		if f := b.files()[0]; f.Day != today-1 || f.VersionMs != today.Start()-12*aggregator.HourMs {
			t.Errorf("%+v: day and version are the header's", f)
		}
		titles := 0
		err := b.store.Titles(t.Context(), aggregator.Scope{All: true}, func(r store.TitleRow) error {
			titles++
			if r.Genre != aggregator.TextKey("film") || r.Code == "P1" && r.Series != "S1" {
				t.Errorf("%+v", r)
			}
			return nil
		})
		if err != nil || titles != 2 {
			t.Errorf("%d titles, %v", titles, err)
		}
	})
}

// A schedule without a time that can be is set aside; one with is broadcast, and
// its names can be read.
func TestSchedules(t *testing.T) {
	onEach(t, func(t *testing.T, b *bench) {
		b.open()
		b.put("33", "schedules", `<ADI><Header><Timestamp>20260502120000</Timestamp></Header><Objects>
<Object ElementType="Schedule" ID="1" Code="A" Action="REGIST"><Property Name="ChannelCode">c1</Property><Property Name="ProgramName">News</Property>
<Property Name="StartDate">20260502</Property><Property Name="StartTime">190000</Property><Property Name="Duration">003000</Property></Object>
<Object ElementType="Schedule" ID="2" Code="B" Action="REGIST"><Property Name="ChannelCode">c1</Property><Property Name="StartDate">20260230</Property><Property Name="StartTime">190000</Property></Object>
<Object ElementType="ScheduleRecord" ID="3" Code="C" Action="REGIST"><Property Name="ChannelCode">c1</Property></Object>
<Object ElementType="ScheduleRecord" ID="4" Code="D" Action="DELETE"/>
</Objects></ADI>`)
		b.expect(b.settle(), "schedules catalogue partly: 4 = 2 + 2 + 0 bad_time=2")
		got, err := b.store.Broadcasts(t.Context(), aggregator.Scope{All: true}, []uint64{aggregator.TextKey("A"), aggregator.TextKey("B")})
		if err != nil || len(got) != 1 || got[0].Name != "News" || got[0].EndMs-got[0].StartMs != 1_800_000 {
			t.Fatalf("%+v, %v", got, err)
		}
		if texts, err := b.store.(store.Store).Codes(t.Context(), []uint64{got[0].Channel}); err != nil || texts[got[0].Channel] != "c1" {
			t.Errorf("the channel is %v, %v", texts, err)
		}
	})
}

// The dictionaries say what a catalogue means.
func TestDictionary(t *testing.T) {
	onEach(t, func(t *testing.T, b *bench) {
		b.change = func(c *Config) { c.Meaning = NewDictionary(normal.Default()) }
		b.open()
		b.put("33", "c.xml", strings.Replace(catalogue, ">film<", ">电影<", 1))
		b.settle()
		found := false
		err := b.store.Titles(t.Context(), aggregator.Scope{All: true}, func(r store.TitleRow) error {
			found = found || r.Code == "P1" && r.Genre != 0
			return nil
		})
		if err != nil || !found {
			t.Errorf("the film has no genre, %v", err)
		}
	})
}

// Every ready dialect's examples go through the whole way.
func TestReadyDialects(t *testing.T) {
	onEach(t, func(t *testing.T, b *bench) {
		b.change = func(c *Config) { c.ManifestGrace = c.Settle + 1 }
		paths, err := filepath.Glob("../dialect/testdata/examples/*.txt")
		if err != nil || len(paths) < len(dialect.Ready()) {
			t.Fatalf("%v, %d examples of %d dialects", err, len(paths), len(dialect.Ready()))
		}
		for _, path := range paths {
			name := strings.TrimSuffix(filepath.Base(path), ".txt")
			code := strings.TrimPrefix(name, "p")
			d, err := dialect.LoadReady(name)
			if err != nil {
				t.Fatal(err)
			}
			text, err := dialect.ReadyText(name)
			if err != nil {
				t.Fatal(err)
			}
			if d.Province == 0 {
				code = "23"
				b.own("23.yaml", "province: \"23\"\n"+string(text))
			}
			for _, e := range examples(t, path) {
				if code == "23" && strings.Contains(e.want, "city=") {
					continue // its cities are another province's
				}
				feed, _, known := d.Match(e.name)
				b.put(code, e.name, e.text)
				if known && feed.Manifest != "" {
					b.announceAs(code, feed, e)
				}
				r := b.one(b.settle())
				wantRefused := strings.Contains(e.want, "REFUSED") || !known
				if (r.Outcome == c3.OutcomeRefused || r.Outcome == c3.OutcomeWaiting) != wantRefused && r.Outcome != c3.OutcomeRepeated {
					t.Errorf("%s: %s %v, want %s", name, line(r), r.Faults, e.want)
				}
				if known && feed.Receipt != "" && r.Outcome != c3.OutcomeWaiting {
					b.checkReceipt(code, feed, e.name, r)
				}
			}
		}
		if n := strings.Count(b.tree(), "/in/"); n > 0 {
			t.Errorf("%d files are left in in:\n%s", n, b.tree())
		}
	})
}

func (b *bench) announceAs(code string, feed *dialect.Feed, e exampleFile) {
	b.Helper()
	md5sum, sha1sum, sha256sum := md5.Sum([]byte(e.text)), sha1.Sum([]byte(e.text)), sha256.Sum256([]byte(e.text))
	rows := int64(-1)
	_, _ = fmt.Sscanf(e.want[max(0, strings.Index(e.want, "records=")):], "records=%d", &rows)
	var text bytes.Buffer
	err := feed.WriteManifest(&text, dialect.Entry{Name: e.name, Bytes: int64(len(e.text)), Rows: max(rows, 0), Day: today, HasDay: true,
		MD5: hex.EncodeToString(md5sum[:]), SHA1: hex.EncodeToString(sha1sum[:]), SHA256: hex.EncodeToString(sha256sum[:])})
	name, nerr := feed.ManifestName(e.name)
	if err != nil || nerr != nil {
		b.Fatal(err, nerr)
	}
	b.put(code, name, text.String())
}

func (b *bench) checkReceipt(code string, feed *dialect.Feed, name string, r c3.Receipt) {
	b.Helper()
	path := b.path(code, receiptsDir, feed.ReceiptName(name))
	if feed.Receipt == "rsp" {
		path = b.path(code, responseDir, feed.ReceiptFolder(r.Outcome), feed.ReceiptName(name))
	}
	f, err := os.Open(path)
	if err != nil {
		b.Error(err)
		return
	}
	defer f.Close()
	got, err := feed.ReadReceipt(f)
	if err != nil || line(got) != line(r) {
		b.Errorf("%s: %v\n%s\nwant\n%s", path, err, line(got), line(r))
	}
}

type exampleFile struct{ name, text, want string }

// examples reads the files of an example of package dialect.
func examples(t *testing.T, path string) []exampleFile {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var all []exampleFile
	charset := delimited.UTF8
	for l := range strings.Lines(string(text)) {
		word, rest, _ := strings.Cut(strings.TrimSuffix(l, "\n"), " ")
		switch word {
		case "charset":
			if charset, err = delimited.ParseCharset(rest); err != nil {
				t.Fatal(err)
			}
		case "file":
			all = append(all, exampleFile{name: rest})
		case "<":
			all[len(all)-1].text += exampleLine(t, charset, rest)
		case ">":
			all[len(all)-1].want += rest + "\n"
		}
	}
	return all
}

// exampleLine is a line as it lies in a file: \t and \x01 are bytes, \c at the end
// is no newline.
func exampleLine(t *testing.T, charset delimited.Charset, text string) string {
	t.Helper()
	text, open := strings.CutSuffix(text, `\c`)
	var b []byte
	for text != "" {
		plain, _, _ := strings.Cut(text, `\`)
		var err error
		if b, err = charset.AppendEncoded(b, []byte(plain)); err != nil {
			t.Fatal(err)
		}
		if text = text[len(plain):]; text != "" {
			r, _, tail, err := strconv.UnquoteChar(text, 0)
			if err != nil {
				t.Fatal(err)
			}
			b, text = append(b, byte(r)), tail
		}
	}
	if !open {
		b = append(b, '\n')
	}
	return string(b)
}

// Run takes files until it is told to end.
func TestRun(t *testing.T) {
	b := newBench(t, engines["memory"](t))
	taken := make(chan c3.Receipt, 1)
	b.change = func(c *Config) {
		c.Now, c.Settle, c.Every = nil, 1, 1_000_000
		c.Taken = func(r c3.Receipt) { taken <- r }
	}
	b.open()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- b.inbox.Run(ctx) }()
	b.put("44", "c.xml", catalogue)
	if r := <-taken; r.Outcome != c3.OutcomePartly || r.Province != 44 {
		t.Errorf("%s", line(r))
	}
	cancel()
	if err := <-ended; err != context.Canceled {
		t.Error(err)
	}
}
