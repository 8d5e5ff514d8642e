package protocol

import (
	"bytes"
	"compress/flate"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
)

// sameAsStandard inflates with ours and with the standard library's reader:
// whatever the standard library takes for one stream, ours must read alike.
// Ours may take a damaged one for good now and then (it is laxer about codes
// that are never used); the CRC and the columns' own checks stand behind it.
func sameAsStandard(tb testing.TB, z *inflater, packed []byte) {
	tb.Helper()
	got, err := z.inflate(nil, packed, MaxBody)
	src := bytes.NewReader(packed)
	want, wantErr := io.ReadAll(io.LimitReader(flate.NewReader(src), MaxBody+1))
	if len(want) > MaxBody {
		if err == nil {
			tb.Fatalf("more than the limit was accepted")
		}
		return
	}
	wantOK := wantErr == nil && src.Len() == 0
	if wantOK && (err != nil || !bytes.Equal(got, want)) {
		tb.Fatalf("% x: %d bytes and %v, the standard library has %d", packed, len(got), err, len(want))
	}
	if len(got) > MaxBody+1 {
		tb.Fatalf("% x: %d bytes held", packed, len(got))
	}
}

func TestInflateStandardStreams(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 1))
	noise := make([]byte, 70_000)
	for i := range noise {
		noise[i] = byte(rnd.Uint32())
	}
	skewed := make([]byte, 70_000)
	for i := range skewed {
		skewed[i] = byte(min(255, rnd.ExpFloat64()*9)) // gives codes of up to 15 bits
	}
	var z inflater
	for _, plain := range [][]byte{nil, {1}, noise, noise[:100], skewed, skewed[:500], []byte(strings.Repeat("abc", 20_000)),
		[]byte(strings.Repeat("home/index vod/movie/list ", 30)), make([]byte, MaxBody)} {
		for _, level := range []int{flate.HuffmanOnly, flate.NoCompression, 1, 6, 9} {
			var out bytes.Buffer
			w, err := flate.NewWriter(&out, level)
			if err != nil {
				t.Fatal(err)
			}
			for i := 0; i < len(plain); i += 40_000 { // several blocks
				if _, err := w.Write(plain[i:min(len(plain), i+40_000)]); err != nil {
					t.Fatal(err)
				}
				if err := w.Flush(); err != nil {
					t.Fatal(err)
				}
			}
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
			got, err := z.inflate(nil, out.Bytes(), MaxBody)
			if err != nil || !bytes.Equal(got, plain) {
				t.Fatalf("level %d, %d bytes: %v", level, len(plain), err)
			}
			if len(plain) > 0 {
				if _, err := z.inflate(nil, out.Bytes(), len(plain)-1); err == nil {
					t.Fatalf("level %d, %d bytes: accepted above the limit", level, len(plain))
				}
			}
			sameAsStandard(t, &z, out.Bytes())
			if out.Len() > 2000 || len(plain) > 10_000 {
				continue
			}
			for n := range out.Len() {
				sameAsStandard(t, &z, out.Bytes()[:n])
			}
			for bit := range 8 * out.Len() {
				damaged := bytes.Clone(out.Bytes())
				damaged[bit/8] ^= 1 << (bit % 8)
				sameAsStandard(t, &z, damaged)
			}
		}
	}
}

// Whatever is deflated, the standard library and we read it back.
func FuzzDeflate(f *testing.F) {
	rnd := rand.New(rand.NewPCG(2, 2))
	skewed := make([]byte, 40_000)
	for i := range skewed {
		skewed[i] = byte(min(255, rnd.ExpFloat64()*5))
	}
	noise := make([]byte, 70_000)
	for i := range noise {
		noise[i] = byte(rnd.Uint32())
	}
	for _, seed := range [][]byte{nil, {0}, []byte("aaaa"), bytes.Repeat([]byte("home/index"), 9000), make([]byte, 300_000), noise, noise[:40],
		skewed, append(noise[:40_000:40_000], noise[:32_800]...), append(bytes.Clone(skewed), noise...)} {
		f.Add(seed)
	}
	var z deflater
	var back inflater
	f.Fuzz(func(t *testing.T, plain []byte) {
		if len(plain) > MaxBody {
			return
		}
		packed := z.deflate([]byte("kept")[:4], plain)[4:]
		if most := len(plain) + 6*(len(plain)/blockBytes+1); len(packed) > max(most, 2) {
			t.Fatalf("%d bytes became %d", len(plain), len(packed))
		}
		got, err := back.inflate(nil, packed, MaxBody)
		if err != nil || !bytes.Equal(got, plain) {
			t.Fatalf("%d bytes came back as %d, %v", len(plain), len(got), err)
		}
		want, err := io.ReadAll(flate.NewReader(bytes.NewReader(packed)))
		if err != nil || !bytes.Equal(want, plain) {
			t.Fatalf("the standard library reads %d bytes as %d, %v", len(plain), len(want), err)
		}
	})
}

func FuzzInflate(f *testing.F) {
	f.Add([]byte{3, 0})
	f.Add([]byte{1, 1, 0, 0xfe, 0xff, 65})
	f.Add([]byte{0x4b, 0x4c, 0x4a, 0x4e, 0x49, 0x4d, 0x4b, 0x4c, 0x4a, 0x06, 0})
	var z inflater
	f.Fuzz(func(t *testing.T, packed []byte) { sameAsStandard(t, &z, packed) })
}
