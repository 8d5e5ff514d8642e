package feeds

import (
	"bufio"
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"iptvdc/aggregator"
	"iptvdc/aggregator/c3/dialect"
)

// TestCame: a file lies there with the time at which it would have come. What is clean
// is in time, some of it in the grace alone; what is late or overtaken is not; nothing
// came before it was made.
func TestCame(t *testing.T) {
	from, err := aggregator.ParseDay("2026-10-28")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	var truth bytes.Buffer
	if err := Write(Config{Boxes: 12, Seed: 7, Provinces: []aggregator.Province{33, 42}, From: from, To: from + 13, Since: from - 3, Course: Course{Churn: 0.01, ChurnBefore: 0.01}, Dirt: 30, Folder: "in"}, dir, &truth, nil); err != nil {
		t.Fatal(err)
	}
	count := map[string]int{}
	for lines := bufio.NewScanner(&truth); lines.Scan(); {
		var l struct {
			File *Sent `json:"file"`
		}
		if err := json.Unmarshal(lines.Bytes(), &l); err != nil {
			t.Fatal(err)
		}
		if l.File == nil {
			continue
		}
		p, err := aggregator.ParseProvince(l.File.Province)
		if err != nil {
			t.Fatal(err)
		}
		d, err := dialect.ReadyFor(p)
		if err != nil {
			t.Fatal(err)
		}
		f, parts, ok := d.Match(l.File.Name)
		if !ok || f.Expect.Every == "once" {
			continue // a catalogue, or one that nobody waits for
		}
		path := filepath.Join(dir, l.File.Province, "in", l.File.Name)
		if l.File.Round > 1 {
			path = filepath.Join(dir, l.File.Province, LaterFolder, strconv.Itoa(l.File.Round), l.File.Name)
		}
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		came := info.ModTime()
		if parts.TimeMs > came.UnixMilli() {
			t.Errorf("%s: came at %s, made at %s", l.File.Name, came, time.UnixMilli(parts.TimeMs))
		}
		if came.Sub(from.Time()) < 9*time.Hour { // handed over
			count["handed"]++
			continue
		}
		// It is in time if the due time before it, with the grace, had not passed: due once
		// a day, so what is not in time comes in the rest of the day.
		due := f.Expect.Next(came.Add(-24 * time.Hour))
		kind := l.File.Dirt
		if l.File.Round == 1 {
			kind = "in time"
		}
		switch after := came.Sub(due); {
		case after > f.Expect.Grace && after < 23*time.Hour && kind == "in time":
			t.Errorf("%s (%s): came at %s, due at %s", l.File.Name, f.Expect, came, due)
		case after > 0 && after <= f.Expect.Grace && kind == "in time":
			count["in the grace"]++
		}
		count[kind]++
	}
	t.Log(count)
	if count["handed"] < 6 || count["in time"] < 60 || count["in the grace"] < 3 || count["in the grace"] > count["in time"]/5 || count[DirtLate] == 0 || count[DirtOvertaken] == 0 || count[DirtCorrected] == 0 {
		t.Errorf("%v", count)
	}
}
