package report

import (
	"html/template"
	"math"
)

// picture is a chart as the page shows it.
type picture struct {
	Title  Text
	Legend []legend
	SVG    template.HTML // empty: nothing to draw
}

type legend struct {
	Name      Text
	Last, Max string
}

// end is how long the pictures are, in seconds; never 0.
func (r *Run) end() float64 {
	end := r.TookMs
	for i := range r.Samples {
		end = max(end, r.Samples[i].AtMs)
	}
	return max(float64(end)/1000, 0.001)
}

// values takes one figure from every sample.
func (r *Run) values(name Text, of func(*Sample) float64) series {
	points := make([]point, len(r.Samples))
	for i := range r.Samples {
		s := &r.Samples[i]
		points[i] = point{float64(s.AtMs) / 1000, of(s)}
	}
	return series{name, thin(points)}
}

// rates takes how fast a counter rises. Each value is the mean of a stretch of
// at least a 200th of the run; a counter that falls leaves a gap.
func (r *Run) rates(name Text, of func(*Sample) uint64) series {
	least := max(int64(r.end()*1000/(mostPoints/2)), 1)
	var points []point
	from := 0
	for i := range r.Samples {
		dt := r.Samples[i].AtMs - r.Samples[from].AtMs
		if dt < least {
			continue
		}
		y := math.NaN()
		if a, b := of(&r.Samples[from]), of(&r.Samples[i]); b >= a {
			y = float64(b-a) / float64(dt) * 1000
		}
		points = append(points, point{float64(r.Samples[i].AtMs) / 1000, y})
		from = i
	}
	return series{name, points}
}

// perEvent is how many bytes were sent for each acknowledged event, repeats
// included; NaN before the first.
func (s *Sample) perEvent() float64 {
	if s.Acked == 0 {
		return math.NaN()
	}
	return float64(s.SentBytes) / float64(s.Acked)
}

// known is NaN for 0, which means that a figure is not known.
func known(v float64) float64 {
	if v <= 0 {
		return math.NaN()
	}
	return v
}

func (r *Run) charts() []chart {
	return []chart{
		{
			title: Text{"Boxes connected", "在线机顶盒"}, axis: wholeAxis, text: short,
			series: []series{
				r.values(Text{"connected", "在线"}, func(s *Sample) float64 { return float64(s.Connected) }),
				r.values(Text{"all", "全部"}, func(s *Sample) float64 { return float64(s.Boxes) }),
			},
		},
		{
			title: Text{"Events per second", "每秒事件数"}, axis: rateAxis, text: short,
			series: []series{
				r.rates(Text{"acknowledged", "已确认"}, func(s *Sample) uint64 { return s.Acked }),
				r.rates(Text{"recorded", "已记录"}, func(s *Sample) uint64 { return s.Recorded }),
			},
		},
		{
			title: Text{"Events pending", "待确认事件"}, axis: wholeAxis, text: short,
			series: []series{
				r.values(Text{"pending", "待确认"}, func(s *Sample) float64 { return float64(s.Pending) }),
			},
		},
		{
			title: Text{"Ack latency since the start (log)", "确认延迟(对数)"}, axis: latencyAxis, text: latency,
			series: []series{
				r.values(Text{"p50", "中位"}, func(s *Sample) float64 { return known(s.AckP50Ms) }),
				r.values(Text{"p99", "99%"}, func(s *Sample) float64 { return known(s.AckP99Ms) }),
			},
		},
		{
			title: Text{"Resident memory", "内存占用"}, axis: byteAxis, text: bytesText,
			series: []series{
				r.values(Text{"fleet", "机顶盒群"}, func(s *Sample) float64 { return known(float64(s.FleetBytes)) }),
				r.values(Text{"aggregator", "中心"}, func(s *Sample) float64 { return known(float64(s.CentreBytes)) }),
			},
		},
		{
			title: Text{"Bytes sent per acknowledged event", "每确认事件字节数"}, axis: byteAxis, text: bytesText,
			series: []series{
				r.values(Text{"since the start", "自开始"}, (*Sample).perEvent),
			},
		},
	}
}

// pictures draws the run.
func (r *Run) pictures() []picture {
	var bands []band
	for i := range r.Faults {
		f := &r.Faults[i]
		bands = append(bands, band{i + 1, f.Kind, float64(f.FromMs) / 1000, float64(max(f.FromMs, f.ToMs)) / 1000})
	}
	var out []picture
	for _, c := range r.charts() {
		c.bands, c.end = bands, r.end()
		p := picture{Title: c.title}
		for _, s := range c.series {
			p.Legend = append(p.Legend, s.legend(c.text))
		}
		if !c.empty() {
			p.SVG = c.svg()
		}
		out = append(out, p)
	}
	return out
}

func (s *series) legend(text func(float64) string) legend {
	last, most := math.NaN(), math.NaN()
	for _, p := range s.points {
		if finite(p.y) {
			last = p.y
			if !(most >= p.y) {
				most = p.y
			}
		}
	}
	if math.IsNaN(last) {
		return legend{Name: s.name}
	}
	return legend{s.name, text(last), text(most)}
}
