package report

import "math"

// tick is one mark of an axis.
type tick struct {
	at   float64
	text string
}

// axis turns values into ticks; the first and the last tick bound it.
type axis struct {
	ticks []tick
	log   bool
}

// place says where a value lies between the ends, 0 to 1, or NaN.
func (a *axis) place(v float64) float64 {
	lo, hi := a.ticks[0].at, a.ticks[len(a.ticks)-1].at
	if a.log {
		if v <= 0 {
			return math.NaN()
		}
		lo, hi, v = math.Log10(lo), math.Log10(hi), math.Log10(v)
	}
	return (v - lo) / (hi - lo)
}

// nice is the smallest of 1, 2, 5, 10, 20, 50, ... that is at least v.
func nice(v float64) float64 {
	power := math.Pow(10, math.Floor(math.Log10(v)))
	for _, m := range []float64{1, 2, 5} {
		if v <= m*power*(1+1e-9) {
			return m * power
		}
	}
	return 10 * power
}

// countAxis runs from 0 to at least top in steps a person likes.
func countAxis(top float64, least float64, text func(float64) string) axis {
	if !(top > 0) {
		top = least
	}
	step := max(nice(top/4), least)
	var a axis
	for i := 0; i < 12; i++ {
		v := float64(i) * step
		a.ticks = append(a.ticks, tick{v, text(v)})
		if i > 0 && v >= top*(1-1e-9) {
			break
		}
	}
	return a
}

// wholeAxis is for things that are counted, rateAxis for what may be broken.
func wholeAxis(_, top float64) axis { return countAxis(top, 1, short) }
func rateAxis(_, top float64) axis  { return countAxis(top, 0.1, short) }

// byteAxis has round numbers of KiB, MiB or GiB.
func byteAxis(_, top float64) axis {
	size, name := byteUnit(top)
	a := countAxis(top/size, 0.1, func(v float64) string { return digits(v) + " " + name })
	for i := range a.ticks {
		a.ticks[i].at *= size
	}
	return a
}

// latencyAxis has a tick at powers of ten, in milliseconds.
func latencyAxis(low, top float64) axis {
	if !(low > 0) || !(top > 0) {
		low, top = 1, 1000
	}
	from, to := math.Floor(math.Log10(low)), math.Ceil(math.Log10(top))
	to = max(to, from+1)
	step := math.Ceil((to - from) / 6)
	a := axis{log: true}
	for e := from; ; e += step {
		v := math.Pow(10, e)
		a.ticks = append(a.ticks, tick{v, latency(v)})
		if e >= to {
			return a
		}
	}
}

// timeSteps are in seconds.
var timeSteps = []float64{1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400}

// timeAxis marks real time from 0 to end, both in seconds. It has no tick at
// the end unless one falls there: use place with end.
func timeAxis(end float64) (ticks []tick, unit Text) {
	step := 0.0
	for _, s := range timeSteps {
		if end/s <= 6 {
			step = s
			break
		}
	}
	if step == 0 {
		step = 86400 * nice(end/86400/6)
	}
	if end < 2 {
		step = nice(end / 4)
	}
	for i := 0; i < 12 && float64(i)*step <= end*(1+1e-9); i++ {
		v := float64(i) * step
		ticks = append(ticks, tick{v, timeText(v, end)})
	}
	switch {
	case end < 120:
		return ticks, Text{"s", "秒"}
	case end < 7200:
		return ticks, Text{"min:s", "分:秒"}
	case end < 2*86400:
		return ticks, Text{"h:min", "时:分"}
	}
	return ticks, Text{"days", "天"}
}
