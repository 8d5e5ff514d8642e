package dialect_test

import (
	"bytes"
	"math"
	"testing"

	"iptvdc/aggregator/c3"
	"iptvdc/aggregator/c3/dialect"
)

// FuzzCompile: whatever a profile holds, it is compiled or explained; what
// compiles can be explained, read and written with.
func FuzzCompile(f *testing.F) {
	for _, name := range []string{"vac", "p32", "p37", "p42", "p53"} { // between them, every key
		text, err := dialect.ReadyText(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Add([]byte(small))
	f.Add([]byte("version: 1\nfeeds: [{columns: {a: *x}}]"))
	f.Fuzz(func(t *testing.T, text []byte) {
		d, err := dialect.Compile(text)
		if err != nil {
			if err.Error() == "" || d != nil {
				t.Fatal("no explanation")
			}
			return
		}
		if dialect.Explain(d) == "" {
			t.Fatal("nothing to say")
		}
		for _, feed := range d.Feeds {
			read(t, feed, []byte("a|b|c\n1,2,3\r\n\xb0\xa1\t\x00"))
			name, err := feed.FileName(about())
			if err != nil {
				continue
			}
			if got, _, ok := d.Match(name); ok && got != feed {
				t.Fatalf("%s is taken by another feed", name)
			}
			_, _ = feed.ManifestName(name)
			_ = feed.ReceiptName(name)
			rows := &dialect.Rows{Feed: feed.Kind, Subscribers: []c3.Subscriber{{Account: "1", State: c3.StateActive}}}
			var file bytes.Buffer
			_ = feed.Write(&file, about(), rows)
		}
	})
}

// FuzzRead reads arbitrary bytes under every ready dialect: no panic, every
// record is accounted for, nothing is longer than allowed.
func FuzzRead(f *testing.F) {
	var feeds []*dialect.Feed
	for _, name := range dialect.Ready() {
		for _, feed := range load(f, name).Feeds {
			rows := &dialect.Rows{Feed: feed.Kind}
			var file bytes.Buffer
			if err := feed.Write(&file, about(), rows); err != nil {
				f.Fatal(err)
			}
			f.Add(file.Bytes(), uint8(len(feeds)))
			feeds = append(feeds, feed)
		}
	}
	f.Add([]byte(zjHeader+"1|1|0571|20250230000000|||a|b|c|d\n\n2|9|0571|||||||"), uint8(0))
	f.Fuzz(func(t *testing.T, file []byte, which uint8) {
		read(t, feeds[int(which)%len(feeds)], file)
	})
}

func read(t *testing.T, f *dialect.Feed, file []byte) {
	var all kept
	sum, err := f.Read(bytes.NewReader(file), &all)
	if err != nil {
		t.Fatal(err)
	}
	if sum.Records != sum.Taken+sum.Faults+sum.Skipped || int(sum.Faults) != len(all.faults) {
		t.Fatalf("%+v with %d faults", sum, len(all.faults))
	}
	if sum.Bytes != int64(len(file)) && sum.Refused == nil {
		t.Fatalf("%d bytes of %d", sum.Bytes, len(file))
	}
	rows := 0
	for _, r := range all.rows {
		rows += r.Len()
		for _, s := range r.Subscribers {
			if s.Account == "" || len(s.Account) > 600 || s.OpenMs < 0 {
				t.Fatalf("%+v", s)
			}
		}
		for _, c := range r.Changes {
			if c.Account == "" || c.Op == c3.OpNone || c.AtMs <= 0 {
				t.Fatalf("%+v", c)
			}
		}
		for _, o := range r.Orders {
			if o.Account == "" || o.Product == "" || o.Op == c3.OrderNone || o.AtMs <= 0 || o.Fen < 0 {
				t.Fatalf("%+v", o)
			}
		}
		for _, p := range r.Products {
			if p.Code == "" || p.Fen < 0 || p.ShareBP < 0 || p.ShareBP > 10_000 {
				t.Fatalf("%+v", p)
			}
		}
	}
	if sum.Refused == nil && (rows < int(sum.Taken) || rows > 2*int(sum.Taken) || sum.Taken > math.MaxInt32) {
		t.Fatalf("%d rows of %d records", rows, sum.Taken)
	}
	for _, x := range all.faults {
		if x.Code == "" || x.Text == "" || len(x.Raw) > c3.MaxRaw || x.Line < 1 {
			t.Fatalf("%+v", x)
		}
	}
}
