package report

import (
	"fmt"
	"html/template"
	"math"
	"slices"
	"strings"
)

// point is one value at a moment of real time, in seconds. A y that is not
// finite is a gap.
type point struct{ x, y float64 }

// series is one line of a chart.
type series struct {
	name   Text
	points []point
}

// band is a fault on a chart. from and to are seconds of real time.
type band struct {
	number   int
	kind     string
	from, to float64
}

// chart is one picture over real time.
type chart struct {
	title  Text
	series []series
	axis   func(low, top float64) axis // low: least value above 0
	text   func(float64) string        // a value for the legend
	bands  []band
	end    float64 // seconds
}

// A chart in the units of its viewBox. At 390 px of window a unit is 0.8 px.
const (
	chartWidth, chartHeight = 440, 252
	plotLeft, plotRight     = 58, 432
	plotTop, plotBottom     = 34, 214
	labelSign               = 5.9 // width of a sign of a fault's label
	mostPoints              = 400 // of one line; more cannot be seen
	mostBands               = 200
)

// thin leaves the least and the greatest of every short stretch, so that no
// peak is lost.
func thin(points []point) []point {
	if len(points) <= mostPoints {
		return points
	}
	const stretches = mostPoints / 2
	var out []point
	for i := range stretches {
		part := points[i*len(points)/stretches : (i+1)*len(points)/stretches]
		low, high := -1, -1
		for j, p := range part {
			if !finite(p.y) {
				continue
			}
			if low < 0 || p.y < part[low].y {
				low = j
			}
			if high < 0 || p.y > part[high].y {
				high = j
			}
		}
		switch {
		case low < 0:
			out = append(out, part[0])
		case low == high:
			out = append(out, part[low])
		default:
			out = append(out, part[min(low, high)], part[max(low, high)])
		}
	}
	return out
}

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }

// bounds are the least value above zero and the greatest; 0 without one.
func (c *chart) bounds() (low, top float64) {
	for _, s := range c.series {
		for _, p := range s.points {
			if !finite(p.y) {
				continue
			}
			top = max(top, p.y)
			if p.y > 0 && (low == 0 || p.y < low) {
				low = p.y
			}
		}
	}
	return low, top
}

// empty reports whether there is nothing to draw.
func (c *chart) empty() bool {
	for _, s := range c.series {
		if slices.ContainsFunc(s.points, func(p point) bool { return finite(p.y) }) {
			return false
		}
	}
	return true
}

func (c *chart) x(s float64) float64 {
	return plotLeft + (plotRight-plotLeft)*min(max(s/c.end, 0), 1)
}

// svg draws the chart. Everything in it is a number of ours or escaped.
func (c *chart) svg() template.HTML {
	var b strings.Builder
	esc := template.HTMLEscapeString
	fmt.Fprintf(&b, `<svg viewBox="0 0 %d %d" role="img" aria-label="%s">`, chartWidth, chartHeight, esc(c.title.EN+" "+c.title.ZH))
	c.drawBands(&b)
	low, top := c.bounds()
	y := c.axis(low, top)
	height := func(v float64) float64 {
		return plotBottom - (plotBottom-plotTop)*min(max(y.place(v), 0), 1)
	}
	for i, t := range y.ticks {
		class := "grid"
		if i == 0 {
			class = "base"
		}
		fmt.Fprintf(&b, `<path class="%s" d="M%d %.1fH%d"/><text x="%d" y="%.1f" text-anchor="end">%s</text>`,
			class, plotLeft, height(t.at), plotRight, plotLeft-6, height(t.at)+4, esc(t.text))
	}
	ticks, unit := timeAxis(c.end)
	for _, t := range ticks {
		anchor := "middle"
		if c.x(t.at) > plotRight-12 {
			anchor = "end"
		}
		fmt.Fprintf(&b, `<path class="base" d="M%.1f %dv4"/><text x="%.1f" y="%d" text-anchor="%s">%s</text>`,
			c.x(t.at), plotBottom, c.x(t.at), plotBottom+16, anchor, esc(t.text))
	}
	fmt.Fprintf(&b, `<text class="unit" x="%d" y="%d" text-anchor="end">real time 实际时间, %s %s</text>`, plotRight, plotBottom+32, unit.EN, unit.ZH)
	for i := len(c.series) - 1; i >= 0; i-- { // the first lies on top
		drawLine(&b, i+1, c.series[i].points, c.x, height, y.log)
	}
	b.WriteString(`</svg>`)
	return template.HTML(b.String())
}

// drawLine draws the stretches between gaps; a lone value is a dot.
func drawLine(b *strings.Builder, number int, points []point, x, y func(float64) float64, log bool) {
	var path strings.Builder
	run := 0
	var last point
	flush := func() {
		if run == 1 {
			fmt.Fprintf(b, `<circle class="s%d" cx="%.1f" cy="%.1f" r="3"/>`, number, x(last.x), y(last.y))
		}
		run = 0
	}
	for _, p := range points {
		if !finite(p.y) || log && p.y <= 0 {
			flush()
			continue
		}
		command := byte('L')
		if run == 0 {
			command = 'M'
		}
		fmt.Fprintf(&path, "%c%.1f %.1f", command, x(p.x), y(p.y))
		run++
		last = p
	}
	flush()
	if path.Len() > 0 {
		fmt.Fprintf(b, `<path class="line s%d" d="%s"/>`, number, path.String())
	}
}

// drawBands shades the faults and labels them in two rows above the plot: with
// number and kind if there is room, else with the number, else not at all (the
// title tells).
func (c *chart) drawBands(b *strings.Builder) {
	esc := template.HTMLEscapeString
	var used [2]float64 // up to where a row is taken
	for i, f := range c.bands {
		if i == mostBands {
			break
		}
		from, to := c.x(f.from), c.x(f.to)
		fmt.Fprintf(b, `<g class="fault"><title>%s</title><rect x="%.1f" y="%d" width="%.1f" height="%d"/><path d="M%.1f %dV%d"/></g>`,
			esc(fmt.Sprintf("%d %s", f.number, f.kind)), from, plotTop, max(to-from, 1.5), plotBottom-plotTop, from, plotTop-2, plotBottom)
		c.labelBand(b, &used, f, from)
	}
}

func (c *chart) labelBand(b *strings.Builder, used *[2]float64, f band, from float64) {
	for _, text := range []string{fmt.Sprintf("%d %s", f.number, cut(f.kind, 22)), fmt.Sprint(f.number)} {
		width := float64(widthOf(text)) * labelSign
		at := max(min(from, chartWidth-width), 0)
		for row := range used {
			if at < used[row] {
				continue
			}
			used[row] = at + width + 5
			fmt.Fprintf(b, `<text class="label" x="%.1f" y="%d">%s</text>`, at, 12+13*row, template.HTMLEscapeString(text))
			return
		}
	}
}

// timeText writes seconds on an axis that ends at end.
func timeText(v, end float64) string {
	switch {
	case end < 120:
		return digits(v)
	case end < 7200:
		return fmt.Sprintf("%d:%02d", int64(v)/60, int64(v)%60)
	case end < 2*86400:
		return fmt.Sprintf("%d:%02d", int64(v)/3600, int64(v)/60%60)
	}
	return digits(v / 86400)
}
