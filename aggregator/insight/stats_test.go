package insight

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func near(t *testing.T, what string, got, want, within float64) {
	t.Helper()
	if !(math.Abs(got-want) <= within) {
		t.Errorf("%s = %v, want %v", what, got, want)
	}
}

// The examples of Newcombe, Interval estimation for the difference between
// independent proportions, Statistics in Medicine 17 (1998), table II, method 10.
func TestDifference(t *testing.T) {
	f := func(a, b sample, low, high float64) {
		t.Helper()
		l, h := difference(a, b)
		near(t, "low", l, low, 5e-5)
		near(t, "high", h, high, 5e-5)
	}
	f(sample{56, 70}, sample{48, 80}, 0.0524, 0.3339)
	f(sample{9, 10}, sample{3, 10}, 0.1705, 0.8090)
	f(sample{6, 7}, sample{2, 7}, 0.0582, 0.8062)
	f(sample{5, 56}, sample{0, 29}, -0.0381, 0.1926)
	f(sample{0, 10}, sample{0, 20}, -0.1611, 0.2775)
	f(sample{10, 10}, sample{0, 10}, 0.6075, 1)
}

// The physicians' health study, as Agresti, Categorical Data Analysis, has it: attacks
// under placebo against aspirin.
func TestTimes(t *testing.T) {
	ratio, low, high, ok := times(sample{189, 11034}, sample{104, 11037})
	near(t, "ratio", ratio, 1.82, 5e-3)
	near(t, "low", low, 1.43, 5e-3)
	near(t, "high", high, 2.31, 5e-3)
	if _, _, _, none := times(sample{0, 5}, sample{1, 5}); !ok || none {
		t.Error(ok, none)
	}
	if _, _, _, none := times(sample{1, 5}, sample{0, 5}); none {
		t.Error("a multiple of none")
	}
}

// What is hidden cannot be had from the sum of all.
func TestHide(t *testing.T) {
	f := func(want []bool, parts ...int64) {
		t.Helper()
		got := make([]bool, len(parts))
		for i, n := range hide(parts) {
			got[i] = n.Valid()
		}
		if !slices.Equal(got, want) {
			t.Errorf("hide(%v) shows %v, want %v", parts, got, want)
		}
	}
	f([]bool{true, true, true}, 10, 0, 20)
	f([]bool{false, true, false}, 9, 40, 30)
	f([]bool{false, false, true}, 4, 6, 30)
	f([]bool{false, false, true, false}, 4, 5, 0, 30)
	f([]bool{true, false}, 0, 9)
}

func TestDiffers(t *testing.T) {
	f := func(a, b sample, p float64) {
		t.Helper()
		near(t, "p", differs(a, b), p, 5e-5)
	}
	f(sample{56, 70}, sample{48, 80}, 0.0080)                                  // Pearson, z = 2.651
	f(sample{1500, 3000}, sample{1500, 3000}, 1)                               // the same
	f(sample{3, 4}, sample{1, 4}, 0.4857)                                      // Fisher's tea
	f(sample{0, 10}, sample{0, 1000}, 1)                                       // nobody anywhere
	f(sample{1000, 1000}, sample{10, 10}, 1)                                   // everybody everywhere
	near(t, "fisher", fisher(sample{1, 12}, sample{9, 12}), 0.002759456, 5e-9) // men and women who study, as in every course
	near(t, "fisher", fisher(sample{10, 15}, sample{2, 15}), 0.007775060, 5e-9)
}

func TestAtMost(t *testing.T) {
	f := func(k, n int64, p, want float64) {
		t.Helper()
		near(t, "atMost", atMost(k, n, p), want, 5e-7)
	}
	f(0, 10, 0.5, 1.0/1024)
	f(3, 10, 0.5, 176.0/1024)
	f(10, 10, 0.5, 1)
	f(2, 20, 0.1, 0.6769268)
	f(0, 300, 0.01, 0.0490409)
	near(t, "normal", atMost(5000, 10_000, 0.5), 0.5039894, 1e-5)
	// The rule of three, and its exact form.
	near(t, "never of 100", neverUpTo(100), 0.0295130, 5e-7)
	near(t, "never of 3000", neverUpTo(3000), 0.001, 2e-5)
}

// The example of Benjamini and Hochberg's paper (1995): four of fifteen are found
// at 5 %.
func TestFalseDiscovery(t *testing.T) {
	ps := []float64{0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1}
	found := 0
	for _, q := range falseDiscovery(ps) {
		if q <= 0.05 {
			found++
		}
	}
	if found != 4 {
		t.Errorf("found %d, want 4", found)
	}
	rapid.Check(t, func(t *rapid.T) {
		ps := rapid.SliceOf(rapid.Float64Range(0, 1)).Draw(t, "ps")
		qs := falseDiscovery(ps)
		for i := range ps {
			if qs[i] < ps[i] || qs[i] > 1 {
				t.Errorf("q %v of p %v", qs[i], ps[i])
			}
			for k := range ps {
				if ps[i] < ps[k] && qs[i] > qs[k] {
					t.Errorf("p %v < %v, q %v > %v", ps[i], ps[k], qs[i], qs[k])
				}
			}
		}
	})
}

func TestSpread(t *testing.T) {
	f := func(vs []float64, median, deviation float64) {
		t.Helper()
		m, d := spread(slices.Clone(vs))
		near(t, "median", m, median, 1e-12)
		near(t, "deviation", d, 1.4826*deviation, 1e-12)
	}
	f([]float64{1, 1, 2, 2, 4, 6, 9}, 2, 1) // the usual example of the median absolute deviation
	f([]float64{10, 11, 12, 13, 1e9}, 12, 1)
	f([]float64{5}, 5, 0)
	f([]float64{4, 2}, 3, 1)
}

// A sample against another: the interval holds the difference, turned around it is
// the other's.
func TestDifferenceProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		draw := func(name string) sample {
			n := rapid.Int64Range(1, 5000).Draw(t, name+" n")
			return sample{rapid.Int64Range(0, n).Draw(t, name+" k"), n}
		}
		a, b := draw("a"), draw("b")
		low, high := difference(a, b)
		back, forth := difference(b, a)
		d := a.share() - b.share()
		if low > d+1e-12 || high < d-1e-12 || math.Abs(low+forth) > 1e-12 || math.Abs(high+back) > 1e-12 {
			t.Errorf("%v in [%v, %v], turned [%v, %v]", d, low, high, back, forth)
		}
		if p := differs(a, b); !(p >= 0 && p <= 1) || math.Abs(p-differs(b, a)) > 1e-9 {
			t.Errorf("p %v, turned %v", p, differs(b, a))
		}
	})
}
