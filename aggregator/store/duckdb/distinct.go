//go:build !mutant_sumdistinct

package duckdb

// countHit counts the boxes of which any word has a bit in its span: once,
// however many periods that are.
func countHit(words []string) string {
	return "count(*) FILTER (" + joinWith(words, " <> 0 OR ") + " <> 0)"
}

// apart is what is added to the seats' words of a period: nothing, a box is the
// same one on every day.
func apart(int32) uint32 { return 0 }
