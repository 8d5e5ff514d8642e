package indicator

import (
	"math"
	"math/bits"
	"testing"
)

// The estimate and its variance are true on average: over every sample that
// could report, the mean of the estimates is the total of all accounts, and the
// mean of the estimated variances is the variance of the estimates.
func TestProjectionIsTrueOnAverage(t *testing.T) {
	strata := []struct {
		accounts []float64 // what each would show
		boxes    int       // how many of them report
	}{
		{[]float64{0, 10, 35, 3, 0, 90}, 3},
		{[]float64{1, 1, 0, 0, 1}, 2},
		{[]float64{7, 8}, 2}, // all report
	}
	truth, mean, square, variance := 0.0, 0.0, 0.0, 0.0
	var samples func(n int, g gathering)
	count := 0.0
	samples = func(n int, g gathering) {
		if n == len(strata) {
			e := g.estimate(&projection{})
			count++
			mean += float64(e.value)
			square += float64(e.value * e.value)
			variance += float64(e.err * e.err)
			return
		}
		s := strata[n]
		for chosen := range uint(1) << len(s.accounts) {
			if bits.OnesCount(chosen) != s.boxes {
				continue
			}
			y, squares := 0.0, 0.0
			for i, v := range s.accounts {
				if chosen>>i&1 == 1 {
					y, squares = y+v, squares+v*v
				}
			}
			with := g
			with.add(y, squares, float64(s.boxes), float64(len(s.accounts)))
			samples(n+1, with)
		}
	}
	samples(0, gathering{})
	for _, s := range strata {
		for _, v := range s.accounts {
			truth += v
		}
	}
	mean, square, variance = mean/count, square/count, variance/count
	if math.Abs(mean-truth) > 1e-9 {
		t.Errorf("over %v samples the estimate is %v on average, the truth %v", count, mean, truth)
	}
	if spread := square - mean*mean; spread < 1 || math.Abs(variance-spread) > 1e-9*spread {
		t.Errorf("over %v samples the variance is estimated as %v on average, and is %v", count, variance, spread)
	}
}

func TestProjectionWithoutSpread(t *testing.T) {
	f := func(boxes, accounts float64, want, err Number) {
		t.Helper()
		var g gathering
		g.add(12, 144, boxes, accounts)
		e := g.estimate(&projection{})
		if e.value != want || e.err.Valid() != err.Valid() || err.Valid() && e.err != err {
			t.Errorf("%v of %v report: %v ± %v, want %v ± %v", boxes, accounts, e.value, e.err, want, err)
		}
	}
	f(1, 1, 12, 0)
	f(1, 3, 36, None()) // of one box the spread is not known
	f(6, 3, 6, 0)       // more boxes than accounts: nothing is left to chance
	if e := (&gathering{}).estimate(&projection{}); e.value.Valid() || e.err.Valid() {
		t.Errorf("of nothing: %v ± %v", e.value, e.err)
	}
}
