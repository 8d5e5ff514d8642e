package report

import (
	"bytes"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestJSONRoundTrip(t *testing.T) {
	for _, want := range []*Run{evening(50), {}} {
		var b bytes.Buffer
		if err := want.WriteJSON(&b); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(b.String(), "\n  \"seed\":") {
			t.Error("JSON is not indented")
		}
		got, err := ReadJSON(&b)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("read back (-want +got):\n%s", d)
		}
	}
}

func TestWriteJSONOfNaNWritesNothing(t *testing.T) {
	var b bytes.Buffer
	if err := (&Run{Samples: []Sample{{AckP99Ms: math.NaN()}}}).WriteJSON(&b); err == nil || b.Len() != 0 {
		t.Errorf("err %v, %d bytes written", err, b.Len())
	}
}

func TestReadJSONRefuses(t *testing.T) {
	f := func(in, want string) {
		t.Helper()
		if _, err := ReadJSON(strings.NewReader(in)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("ReadJSON(%s): %v, want %q", in, err, want)
		}
	}
	f(``, "EOF")
	f(`null`, "null")
	f(`[]`, "cannot unmarshal")
	f(`{"seed":-1}`, "cannot unmarshal")
	f(`{"sede":1}`, "unknown field")
	f(`{} {}`, "more after the end")
	f(`{} x`, "invalid character")
	f(`{"took_ms":-1}`, "negative")
	f(`{"samples":[{"at_ms":2},{"at_ms":1}]}`, "samples[1]")
	f(`{"samples":[{"at_ms":-2}]}`, "samples[0]")
	f(`{"faults":[{"from_ms":2,"to_ms":1}]}`, "faults[0]")
	f(`{"faults":[{"from_ms":2,"to_ms":2},{"from_ms":1,"to_ms":2}]}`, "faults[1]")
	f(`{"verify":{"indicators":[null]}}`, "indicators[0]")
}

// FuzzReadJSON: whatever is read can be shown, and written and read again.
func FuzzReadJSON(f *testing.F) {
	var b bytes.Buffer
	if err := evening(3).WriteJSON(&b); err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes())
	f.Add([]byte(`{"samples":[{"at_ms":9223372036854775807,"ack_p50_ms":1e308,"recorded":18446744073709551615}],"took_ms":1}`))
	f.Add([]byte(`{"faults":[{"kind":"<b>","from_ms":9223372036854775807,"to_ms":9223372036854775807}]}`))
	f.Fuzz(func(t *testing.T, in []byte) {
		r, err := ReadJSON(bytes.NewReader(in))
		if err != nil {
			return
		}
		parse(t, r)
		var first, second bytes.Buffer
		if err := r.WriteJSON(&first); err != nil {
			t.Fatal(err)
		}
		again, err := ReadJSON(bytes.NewReader(first.Bytes()))
		if err != nil {
			t.Fatalf("what was written is refused: %v", err)
		}
		if err := again.WriteJSON(&second); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(first.Bytes(), second.Bytes()) {
			t.Error("written twice, it differs")
		}
	})
}
