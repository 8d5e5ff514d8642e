package feeds

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"iptvdc/aggregator"
	"iptvdc/aggregator/c3"
	"iptvdc/aggregator/c3/dialect"
)

// counted is a sink that counts.
type counted struct{ rows, faults int64 }

func (c *counted) Rows(r *dialect.Rows) error { c.rows += int64(r.Len()); return nil }
func (c *counted) Fault(c3.Fault) error       { c.faults++; return nil }

// TestWrite: every file is one that its dialect takes, its manifest agrees, and
// its records and bad ones are those of the truth; the same Config writes the
// same.
func TestWrite(t *testing.T) {
	from, err := aggregator.ParseDay("2026-10-28")
	if err != nil {
		t.Fatal(err)
	}
	c := Config{Boxes: 300, Seed: 7, From: from, To: from + 8, Paid: []Paid{}}
	dir := t.TempDir()
	var truth, again bytes.Buffer
	if err := Write(c, dir, &truth, t.Logf); err != nil {
		t.Fatal(err)
	}
	if err := Write(c, t.TempDir(), &again, nil); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(truth.Bytes(), again.Bytes()) {
		t.Error("written twice, the truth differs")
	}
	folders, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(folders) != 14 {
		t.Errorf("%d provinces", len(folders))
	}
	for _, folder := range folders {
		p, err := aggregator.ParseProvince(folder.Name())
		if err != nil {
			t.Fatal(err)
		}
		d, err := dialect.ReadyFor(p)
		if err != nil {
			t.Fatal(err)
		}
		files, err := os.ReadDir(filepath.Join(dir, folder.Name()))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			f, _, ok := d.Match(file.Name())
			if !ok {
				continue
			}
			text, err := os.ReadFile(filepath.Join(dir, folder.Name(), file.Name()))
			if err != nil {
				t.Fatal(err)
			}
			var got counted
			s, err := f.Read(bytes.NewReader(text), &got)
			if err != nil || s.Refused != nil {
				t.Errorf("%s %s: %v %+v", p, file.Name(), err, s.Refused)
			}
			if s.Records == 0 && f.Kind == c3.FeedSubscribers {
				t.Errorf("%s %s: empty", p, file.Name())
			}
		}
	}
}
