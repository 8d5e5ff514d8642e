package session

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

// TestAllowance: in no stretch of time are there more marks than promised, and
// who has waited never waits longer than the next mark takes to come.
func TestAllowance(t *testing.T) {
	every := uint64(markEvery / time.Millisecond)
	rapid.Check(t, func(t *rapid.T) {
		var a allowance
		var marks []uint64
		now := rapid.Uint64Range(0, 1<<40).Draw(t, "start")
		for range rapid.IntRange(1, 400).Draw(t, "tries") {
			now += rapid.Uint64Range(0, 3*every).Draw(t, "pause") / rapid.SampledFrom([]uint64{1, 3, 100}).Draw(t, "pace")
			switch wait := a.wait(now); {
			case wait > every:
				t.Fatalf("waits %d ms", wait)
			case wait == 0:
				a.take(now)
				marks = append(marks, now)
			case rapid.Bool().Draw(t, "patient"):
				now += wait
				if a.wait(now) != 0 {
					t.Fatal("waited in vain")
				}
				a.take(now)
				marks = append(marks, now)
			}
		}
		for i := range marks {
			for j := i; j < len(marks); j++ {
				if n, most := uint64(j-i+1), markStore+(marks[j]-marks[i])/every; n > most {
					t.Fatalf("%d marks in %d ms, at most %d", n, marks[j]-marks[i], most)
				}
			}
		}
	})
}
