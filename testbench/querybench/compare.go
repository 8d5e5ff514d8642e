package main

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"iptvdc/aggregator"
	"iptvdc/aggregator/indicator"
)

// line is a row of an answer in words that both sides share: its period and
// cells, then its numbers.
type line struct {
	key    string
	values []float64
}

// ours turns an answer into lines; periods in which nothing happened, which the
// peer does not know of, are left out.
func ours(a *indicator.Answer) []line {
	var lines []line
	for _, r := range a.Rows {
		l := line{key: strings.Join(append([]string{r.Period}, r.Cells...), " ")}
		some := false
		for _, v := range r.Values {
			l.values = append(l.values, float64(v))
			some = some || v != 0 && !math.IsNaN(float64(v))
		}
		if some {
			lines = append(lines, l)
		}
	}
	return lines
}

// theirs reads the peer's rows, TabSeparated, as kinds says, counts and sums times so
// many.
func theirs(text []byte, kinds string, codes map[uint64]string, times float64) ([]line, error) {
	var lines []line
	for row := range strings.Lines(string(text)) {
		fields := strings.Split(strings.TrimSuffix(row, "\n"), "\t")
		var l line
		var words []string
		if kinds[0] == '-' {
			words = []string{"total"}
		}
		kinds := strings.TrimPrefix(kinds, "-")
		if len(fields) != len(kinds) {
			return nil, fmt.Errorf("the peer's row %q has %d fields, want %d", row, len(fields), len(kinds))
		}
		for i, field := range fields {
			if kinds[i] == 'n' || kinds[i] == 'r' {
				v, err := strconv.ParseFloat(field, 64)
				if err != nil {
					return nil, fmt.Errorf("the peer's row %q: %w", row, err)
				}
				if kinds[i] == 'n' {
					v *= times
				}
				l.values = append(l.values, v)
				continue
			}
			n, err := strconv.ParseUint(field, 10, 64)
			if err != nil {
				return nil, fmt.Errorf("the peer's row %q: %w", row, err)
			}
			words = append(words, word(kinds[i], n, codes))
		}
		l.key = strings.Join(words, " ")
		lines = append(lines, l)
	}
	return lines, nil
}

func word(kind byte, n uint64, codes map[uint64]string) string {
	switch kind {
	case 'd':
		return aggregator.Day(n).String()
	case 'h':
		h := aggregator.Hour(n)
		return fmt.Sprintf("%sT%02d", h.Day(), h-h.Day().FirstHour())
	case 'p':
		return fmt.Sprintf("%02d", n)
	case 's':
		return strconv.FormatUint(n, 10)
	}
	return codes[n]
}

// differences says where two answers differ; "": nowhere. Numbers may differ by
// the last digits of a division.
func differences(a, b []line) string {
	for _, lines := range [][]line{a, b} {
		slices.SortFunc(lines, func(x, y line) int { return strings.Compare(x.key, y.key) })
	}
	var out []string
	for len(a) > 0 || len(b) > 0 {
		switch {
		case len(b) == 0 || len(a) > 0 && a[0].key < b[0].key:
			out = append(out, fmt.Sprintf("%s: ours %v, the peer has no such row", a[0].key, a[0].values))
			a = a[1:]
		case len(a) == 0 || b[0].key < a[0].key:
			out = append(out, fmt.Sprintf("%s: the peer %v, we have no such row", b[0].key, b[0].values))
			b = b[1:]
		default:
			if !slices.EqualFunc(a[0].values, b[0].values, equal) {
				out = append(out, fmt.Sprintf("%s: ours %v, the peer %v", a[0].key, a[0].values, b[0].values))
			}
			a, b = a[1:], b[1:]
		}
	}
	if len(out) > 5 {
		out = append(out[:5], fmt.Sprintf("and %d more", len(out)-5))
	}
	return strings.Join(out, "\n")
}

func equal(a, b float64) bool {
	return a == b || math.Abs(a-b) <= 1e-12*max(math.Abs(a), math.Abs(b))
}
