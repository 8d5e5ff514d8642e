package protocol

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// specTables is what SPEC.md's tables of kinds, columns, words and limits must
// say, from the code's own tables.
func specTables() string {
	var out strings.Builder
	for _, k := range Kinds() {
		fmt.Fprintf(&out, "**%d `%s`**\n\n| column | type | allowed | code 0 means |\n|---|---|---|---|\n", k, k)
		for _, c := range columnsOf[k] {
			name := "`" + c.name + "`"
			if slices.Contains(required[k], c.name) {
				name += " *"
			}
			fmt.Fprintf(&out, "| %s | %s | %s | %s |\n", name, specType(&c), specRange(&c), specPrediction(&c))
		}
		out.WriteString("\n")
	}
	return out.String()
}

func specType(c *column) string {
	switch {
	case c.str != nil:
		return "text"
	case c.length:
		return "length"
	case c.enum != nil:
		return "word"
	case c.from != 0:
		return "predicted number"
	}
	return "number"
}

func specRange(c *column) string {
	switch {
	case c.str != nil:
		return fmt.Sprintf("0..%d bytes", MaxString)
	case c.enum != nil:
		return "0..255"
	}
	return fmt.Sprintf("%d..%d", c.min, c.max)
}

func specPrediction(c *column) string {
	switch {
	case c.from == 0 && c.str != nil:
		return "the same column of the latest " + "event of this kind"
	case c.from == 0:
		return ""
	case c.guess != nil:
		return c.says
	case c.str != nil:
		var probe Event
		*c.like(&probe) = "x"
		for i := range columnsOf[c.from] {
			if from := &columnsOf[c.from][i]; from.str != nil && *from.str(&probe) == "x" {
				return fmt.Sprintf("`%s` of the latest `%s`", from.name, c.from)
			}
		}
	case c.step != 0:
		return fmt.Sprintf("`%s` of the latest `%s`, plus %d", c.name, c.from, c.step)
	}
	return fmt.Sprintf("`%s` of the latest `%s`", c.name, c.from)
}

func specWords() string {
	var out strings.Builder
	for _, w := range []struct {
		name  string
		words names
	}{{"cause", causeNames}, {"mode", modeNames}, {"end", endNames}, {"result", resultNames}, {"pay", payNames},
		{"clock", clockNames}, {"reason", reasonNames}, {"source", sourceNames}, {"sight", sightNames}, {"tv", tvNames}, {"state", stateNames}, {"of_kind", kindNames}} {
		fmt.Fprintf(&out, "| `%s` |", w.name)
		for v, word := range w.words {
			if word != "" {
				fmt.Fprintf(&out, " %d %s", v, word)
			}
		}
		out.WriteString(" |\n")
	}
	return out.String()
}

func specLimits() string {
	var out strings.Builder
	for _, l := range []struct {
		name  string
		value int64
		what  string
	}{
		{"MaxPacketUp", MaxPacketUp, "payload of a packet from a box, bytes"},
		{"MaxPacketDown", MaxPacketDown, "payload of a packet to a box, bytes"},
		{"MaxBatchEvents", MaxBatchEvents, "events in a batch"},
		{"MaxPackedBody", MaxPackedBody, "body as sent, bytes"},
		{"MaxBody", MaxBody, "body inflated, bytes"},
		{"MaxInflation", MaxInflation, "times its packed size that a body may inflate to"},
		{"MaxTexts", maxTexts, "texts in a body's table, for each event of the batch"},
		{"MaxString", MaxString, "a text, bytes of UTF-8"},
		{"MaxDepth", MaxDepth, "arrays inside one another, the outermost included"},
		{"MaxWindow", MaxWindow, "batches under way at once"},
		{"MaxLocalRequest", MaxLocalRequest, "request to a box's local API, bytes"},
		{"MaxMonoMs", MaxMonoMs, "time since boot, ms"},
		{"MaxAssetMs", MaxAssetMs, "length of an asset, or a position in it plus 1, ms"},
		{"MaxClaim", MaxClaim, "claim of a certificate, bytes"},
		{"MaxCSR", MaxCSR, "request for a certificate in it, bytes"},
		{"MaxSerial", MaxSerial, "serial of a box, characters"},
	} {
		fmt.Fprintf(&out, "| %s | %d | %s |\n", l.name, l.value, l.what)
	}
	return out.String()
}

func readSpec(tb testing.TB) string {
	tb.Helper()
	b, err := os.ReadFile("SPEC.md")
	if err != nil {
		tb.Fatal(err)
	}
	return string(b)
}

// The tables of SPEC.md are those of the code.
func TestSpecTables(t *testing.T) {
	spec := readSpec(t)
	for what, want := range map[string]string{"columns": specTables(), "words": specWords(), "limits": specLimits()} {
		if !strings.Contains(spec, want) {
			t.Errorf("SPEC.md does not have these %s:\n%s", what, want)
		}
	}
}

// Every rule that code or tests of the project cite stands in SPEC.md.
func TestSpecCitations(t *testing.T) {
	spec := readSpec(t)
	defined := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^(?:#+ |- )\*{0,2}((?:P-\d+(?:\.\d+)?|[DSI]\d+))\b`).FindAllStringSubmatch(spec, -1) {
		if defined[m[1]] {
			t.Errorf("rule %s stands twice", m[1])
		}
		defined[m[1]] = true
	}
	for _, r := range []string{"D1", "D10", "S0", "S12", "I1", "I7", "P-1", "P-5.3"} {
		if !defined[r] {
			t.Errorf("rule %s is missing", r)
		}
	}
	cited := regexp.MustCompile(`\[((?:(?:P-\d+(?:\.\d+)?|[DSI]\d+)(?:, )?)+)\]`)
	err := filepath.WalkDir("..", func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return nil // being written by someone else
		}
		if d.IsDir() && (d.Name() == "node_modules" || d.Name() == ".git") {
			return filepath.SkipDir
		}
		if !strings.HasSuffix(path, ".go") {
			return nil
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return nil
		}
		for _, m := range cited.FindAllStringSubmatch(string(b), -1) {
			for _, rule := range strings.Split(strings.TrimSuffix(m[1], ", "), ", ") {
				if !defined[rule] {
					t.Errorf("%s cites [%s], which SPEC.md does not have", path, rule)
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// The worked example of the chain in SPEC.md is the first batch of the vectors.
func TestSpecExample(t *testing.T) {
	spec := readSpec(t)
	b, err := os.ReadFile(filepath.Join("testdata", "vectors", "batches.json"))
	if err != nil {
		t.Fatal(err)
	}
	var vs []struct{ Name, Hex string }
	if err := json.Unmarshal(b, &vs); err != nil {
		t.Fatal(err)
	}
	var dec Decoder
	for _, v := range vs[:2] {
		packet, err := hex.DecodeString(v.Hex)
		if err != nil {
			t.Fatal(err)
		}
		batch, err := dec.Batch(packet)
		if err != nil {
			t.Fatal(err)
		}
		chain := batch.Sealed.Chain()
		for _, want := range []string{hex.EncodeToString(batch.UID[:]), hex.EncodeToString(chain[:]), hex.EncodeToString(batch.Prev[:])} {
			if !strings.Contains(spec, want) {
				t.Errorf("SPEC.md's example lacks %s of %q", want, v.Name)
			}
		}
	}
}
