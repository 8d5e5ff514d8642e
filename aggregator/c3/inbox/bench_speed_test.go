package inbox

import (
	"bytes"
	"crypto/md5"
	"database/sql"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	_ "github.com/duckdb/duckdb-go/v2"

	"iptvdc/aggregator/c3/normal"
)

// BenchmarkSubscribers takes a full file from the folder to its receipt.
func BenchmarkSubscribers(b *testing.B) {
	const accounts = 1_000_000
	text := zjText(accounts)
	for b.Loop() {
		b.StopTimer()
		x := newBench(b, engines["duckdb"](b))
		x.announced("33", "ZJ_IPTV_USER_20260502.txt", text)
		b.StartTimer()
		x.inbox.Pass(b.Context())
		b.StopTimer()
		if r := x.one(x.receipts); r.Accepted != accounts {
			b.Fatal(line(r))
		}
		b.StartTimer()
	}
	b.ReportMetric(float64(accounts)*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
	b.ReportMetric(0, "ns/op")
}

// BenchmarkSubscribersLarge takes one full file of so many accounts, made as it is
// written to the disk, and reports the most memory the process had.
func BenchmarkSubscribersLarge(b *testing.B) {
	accounts := many(b, "INBOX_ACCOUNTS", 200_000)
	x := newBench(b, engines["duckdb"](b))
	name := "ZJ_IPTV_USER_20260502.txt"
	path := x.put("33", name, "")
	f, err := os.Create(path)
	if err != nil {
		b.Fatal(err)
	}
	sum, size := md5.New(), 0
	for from := 0; from <= accounts && err == nil; from += 10_000 {
		text := zjLines(from, min(from+10_000, accounts))
		if from == 0 {
			text = zjHeader + text
		}
		size += len(text)
		_, err = io.WriteString(io.MultiWriter(f, sum), text)
	}
	if err = errors.Join(err, f.Close()); err != nil {
		b.Fatal(err)
	}
	x.put("33", name+".verf", fmt.Sprintf("%s|%d|%d|%x\n", name, size, accounts, sum.Sum(nil)))
	b.ResetTimer()
	x.inbox.Pass(b.Context())
	b.StopTimer()
	if r := x.one(x.receipts); r.Accepted != int64(accounts) {
		b.Fatal(line(r))
	}
	b.ReportMetric(peakMB(b), "peak-MB")
	b.ReportMetric(float64(accounts)/b.Elapsed().Seconds(), "rows/s")
	b.ReportMetric(0, "ns/op")
}

// many is a number from the environment.
func many(b *testing.B, name string, without int) int {
	b.Helper()
	text := os.Getenv(name)
	if text == "" {
		return without
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		b.Fatalf("%s: %v", name, err)
	}
	return n
}

// peakMB is the most memory this process has had.
func peakMB(b *testing.B) float64 {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return float64(u.Maxrss) / 1024
}

// BenchmarkSubscribersReadCSV is the least that could be done: DuckDB's own reader
// into columns of the same types, without keys, checks, book or facts.
func BenchmarkSubscribersReadCSV(b *testing.B) {
	const accounts = 1_000_000
	path := filepath.Join(b.TempDir(), "file.txt")
	if err := os.WriteFile(path, []byte(zjText(accounts)), 0o600); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		db, err := sql.Open("duckdb", filepath.Join(b.TempDir(), fmt.Sprint(b.N, ".duckdb")))
		if err != nil {
			b.Fatal(err)
		}
		if _, err := db.ExecContext(b.Context(), `CREATE OR REPLACE TABLE staged AS SELECT hash(USER_ID) account, STATUS::UTINYINT state,
			AREA_CODE::USMALLINT city, epoch_ms(strptime(OPEN_TIME, '%Y%m%d%H%M%S')) open_ms, hash(PROD_ID) product, hash(STB_ID) stb, hash(ACCESS) net
			FROM read_csv('`+path+`', delim='|', header=true, all_varchar=true)`); err != nil {
			b.Fatal(err)
		}
		if err := db.Close(); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(accounts)*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
	b.ReportMetric(0, "ns/op")
}

func writeObject(to *bytes.Buffer, n int) {
	fmt.Fprintf(to, `<Object ElementType="Program" ID="%d" Code="P%d" Action="REGIST"><Property Name="Name">Film %d</Property><Property Name="Genre">电影</Property>`+
		`<Property Name="OriginalCountry">中国大陆</Property><Property Name="ReleaseYear">2020</Property><Property Name="Description">A long day &amp; what came of it.</Property>`+
		`<Property Name="Duration">005100</Property><Property Name="Status">1</Property></Object>`+"\n", n, n, n)
}

func bigCatalogue(objects int) string {
	var text bytes.Buffer
	text.WriteString(`<?xml version="1.0" encoding="utf-8"?><ADI><Objects>` + "\n")
	for n := range objects {
		writeObject(&text, n)
	}
	text.WriteString("</Objects></ADI>\n")
	return text.String()
}

// BenchmarkCatalogue takes a catalogue from the folder to its receipt.
func BenchmarkCatalogue(b *testing.B) {
	const objects = 100_000
	text := bigCatalogue(objects)
	var spent time.Duration
	for b.Loop() {
		b.StopTimer()
		x := newBench(b, engines["duckdb"](b))
		x.change = func(c *Config) { c.Meaning = NewDictionary(normal.Default()) } // as the platform runs
		x.open()
		path := x.put("33", "c.xml", text)
		before := cpu(b)
		b.StartTimer()
		r, err := x.inbox.Take(b.Context(), 33, path)
		if err != nil || r.Accepted != objects {
			b.Fatal(line(r), err)
		}
		spent += cpu(b) - before
	}
	b.ReportMetric(float64(spent)/objects/float64(b.N), "cpu-ns/object")
	b.ReportMetric(objects*float64(b.N)/b.Elapsed().Seconds(), "objects/s")
	b.ReportMetric(0, "ns/op")
}

// BenchmarkCatalogueLarge takes one catalogue of so many megabytes, made as it is
// written to the disk, and reports the most memory the process had.
func BenchmarkCatalogueLarge(b *testing.B) {
	mb, objects := many(b, "INBOX_CATALOGUE_MB", 64), 0
	x := newBench(b, engines["duckdb"](b))
	x.change = func(c *Config) { c.Meaning = NewDictionary(normal.Default()) }
	x.open()
	path := x.put("33", "c.xml", "")
	f, err := os.Create(path)
	if err != nil {
		b.Fatal(err)
	}
	size := 0
	say := func(format string, args ...any) {
		if err == nil {
			var n int
			n, err = fmt.Fprintf(f, format, args...)
			size += n
		}
	}
	say(`<?xml version="1.0" encoding="utf-8"?><ADI><Objects>`)
	var piece bytes.Buffer
	for size < mb<<20 {
		piece.Reset()
		for range 1000 {
			writeObject(&piece, objects)
			objects++
		}
		say("%s", piece.Bytes())
	}
	say("</Objects></ADI>\n")
	if err = errors.Join(err, f.Close()); err != nil {
		b.Fatal(err)
	}
	b.ResetTimer()
	r, err := x.inbox.Take(b.Context(), 33, path)
	if err != nil || r.Accepted != int64(objects) {
		b.Fatal(line(r), err)
	}
	b.StopTimer()
	b.ReportMetric(peakMB(b), "peak-MB")
	b.ReportMetric(float64(size)/(1<<20), "file-MB")
	b.ReportMetric(float64(objects)/b.Elapsed().Seconds(), "objects/s")
	b.ReportMetric(0, "ns/op")
}

// BenchmarkCatalogueEncodingXML reads the same into structs and forgets it.
func BenchmarkCatalogueEncodingXML(b *testing.B) {
	const objects = 100_000
	text := []byte(bigCatalogue(objects))
	var file struct {
		Objects []struct {
			ElementType, ID, Code, Action string `xml:",attr"`
			Property                      []struct {
				Name  string `xml:",attr"`
				Value string `xml:",chardata"`
			}
		} `xml:"Objects>Object"`
	}
	for b.Loop() {
		file.Objects = nil
		if err := xml.Unmarshal(text, &file); err != nil || len(file.Objects) != objects {
			b.Fatal(err)
		}
	}
	b.ReportMetric(objects*float64(b.N)/b.Elapsed().Seconds(), "objects/s")
	b.ReportMetric(0, "ns/op")
}

// cpu is what the process has used, which other work on the machine changes less
// than the time it took.
func cpu(t testing.TB) time.Duration {
	t.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
