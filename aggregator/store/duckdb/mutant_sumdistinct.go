//go:build mutant_sumdistinct

package duckdb

// countHit adds up the boxes of each period: a deliberate bug. It breaks the
// meaning of distinct (ARCHITECTURE.md, decision 6: counted, never summed): a
// box seen on two days of a week counts twice in it. See testbench/mutants.
func countHit(words []string) string {
	return "sum(bit_count" + joinWith(words, " + bit_count") + ")"
}

// apart makes each box another one in every period.
func apart(period int32) uint32 { return uint32(period) % 4096 << 10 }
