package delimited_test

import (
	"bytes"
	"io"
	"testing"
	"testing/iotest"
	"unicode/utf8"

	"iptvdc/aggregator/c3"
	"iptvdc/aggregator/c3/delimited"
)

// FuzzDelimited reads arbitrary bytes under arbitrary settings: no panic, every
// byte is read, a good record is clean UTF-8 within its limits, and cutting the
// source into single bytes changes nothing.
func FuzzDelimited(f *testing.F) {
	f.Add([]byte("a,b\r\nc,\"d\"\"e\",f\n"), ",", "", uint8(3), uint16(0))
	f.Add([]byte("\xef\xbb\xbfa|\x81|b\n\xb0\n"), "|", "", uint8(4), uint16(0))
	f.Add([]byte("a^_^b\x02c"), "^_^", "\x02", uint8(0), uint16(9))
	f.Add([]byte("12\xba\xbc345\n"), "", "", uint8(12), uint16(0))
	f.Add([]byte("\"a\nb|c"), "||", "\r\n", uint8(9), uint16(5))
	f.Fuzz(func(t *testing.T, file []byte, delim, end string, kind uint8, limit uint16) {
		c := delimited.Config{Delimiter: delim, End: end, Charset: delimited.Charset(kind >> 2 % 3), Quoted: kind&1 != 0, Characters: kind&2 != 0, MaxRecord: int(limit), MaxField: int(limit / 2)}
		if delim == "" {
			c.Widths = []int{2, 3, 0}
			c.Quoted = false
		}
		if c.Check() != nil {
			return
		}
		all := records(t, bytes.NewReader(file), c, len(file))
		single := records(t, iotest.OneByteReader(bytes.NewReader(file)), c, len(file))
		if !bytes.Equal(all, single) {
			t.Fatalf("at once %q\nsingle bytes %q", all, single)
		}
	})
}

func records(t *testing.T, r io.Reader, c delimited.Config, size int) []byte {
	d, err := delimited.NewReader(r, c)
	if err != nil {
		t.Fatal(err)
	}
	var shown []byte
	line := int64(0)
	for {
		rec, err := d.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if rec.Line <= line || len(rec.Raw) > c3.MaxRaw || (rec.Fault == "") != (rec.Why == "") || (rec.Fault == "") != (rec.Fields != nil) {
			t.Fatalf("record %+v", rec)
		}
		line = rec.Line
		for _, f := range rec.Fields {
			if !utf8.Valid(f) || bytes.IndexByte(f, 0) >= 0 && len(c.Delimiter) != 1 || c.MaxField > 0 && len(f) > c.MaxField {
				t.Fatalf("field %q", f)
			}
		}
		shown = append(append(shown, show(rec)...), '\n')
	}
	if d.Bytes() != int64(size) {
		t.Fatalf("%d bytes read of %d", d.Bytes(), size)
	}
	return shown
}
