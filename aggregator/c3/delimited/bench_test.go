package delimited_test

import (
	"testing"

	"iptvdc/aggregator/c3/delimited"
)

func BenchmarkNext(b *testing.B) {
	line := "0571%d8812345|1|3301|20240131120000||||JC001|004003FF0003204018C4AABBCCDDEEFF|AA:BB:CC:DD:EE:FF|ftth|杭州\n"
	for _, f := range []struct {
		name string
		c    delimited.Config
	}{
		{"utf8", delimited.Config{Delimiter: "|"}},
		{"gbk", delimited.Config{Delimiter: "|", Charset: delimited.GBK}},
		{"quoted", delimited.Config{Delimiter: "|", Quoted: true}},
	} {
		b.Run(f.name, func(b *testing.B) {
			text := line
			if f.c.Charset == delimited.GBK {
				text = gbk(line)
			}
			d, err := delimited.NewReader(&pattern{text: text, left: 1 << 50}, f.c)
			if err != nil {
				b.Fatal(err)
			}
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			for b.Loop() {
				if rec, err := d.Next(); err != nil || rec.Fault != "" {
					b.Fatal(rec, err)
				}
			}
		})
	}
}
