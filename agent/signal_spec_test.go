package agent

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// TestSignalsInSpec [P-9.4]: SPEC.md's table has each signal with its fields.
func TestSignalsInSpec(t *testing.T) {
	spec, err := os.ReadFile("../protocol/SPEC.md")
	if err != nil {
		t.Fatal(err)
	}
	quoted := func(names string) string {
		q := strings.Fields(names)
		for i := range q {
			q[i] = "`" + q[i] + "`"
		}
		return strings.Join(q, " ")
	}
	for _, name := range Signals() {
		must, may, _ := strings.Cut(signalFields[name], "|")
		row := fmt.Sprintf("\n| `%s` | %s | %s | ", name, quoted(must), quoted(may))
		if !strings.Contains(string(spec), row) {
			t.Errorf("SPEC.md lacks the row %s", row)
		}
	}
}
