package report

import (
	"bytes"
	_ "embed" // the template and its style
	"fmt"
	"html/template"
	"io"
	"math"
	"regexp"
	"strings"
	"time"
)

var (
	//go:embed page.html
	pageSource string
	//go:embed page.css
	pageStyle string

	page = template.Must(template.New("page").Funcs(template.FuncMap{
		"count": grouped[int],
		"both":  func(en, zh string) Text { return Text{en, zh} },
	}).Parse(pageSource))
)

// mostRows is how many lines a list of the page shows; the JSON holds all.
const mostRows = 200

// rows is the beginning of a list, and how much was left out.
type rows[T any] struct {
	Shown []T
	More  int
}

func first[T any](list []T) rows[T] {
	n := min(len(list), mostRows)
	return rows[T]{list[:n], len(list) - n}
}

// view is the run as the page's template sees it.
type view struct {
	*Run
	Style    template.CSS
	Verdict  Text
	Class    string // good, bad or none
	Warnings []Text
	Tiles    []tile
	Pictures []picture
	Faults   rows[faultRow]
	Checks   rows[Check]
	Machine  string
	Repeat   string
	Begun    string
	Took     string
	Verified *verifyView
}

type tile struct {
	Name  Text
	Value string
}

type faultRow struct {
	Number           int
	Kind, From, Took string
	Proof            string // empty: it did not happen
}

// verifyView adds sums to a verify.Report.
type verifyView struct {
	Cells, Equal, Different int
	Lists                   []verifyList
}

type verifyList struct {
	Name  Text
	Lines rows[string]
}

// WriteHTML writes the run as one page that needs nothing else: no script, no
// request. What the run's texts hold is shown as text; signs that could steer a
// reader's screen become U+FFFD. Nothing is written if it fails before the end.
func (r *Run) WriteHTML(w io.Writer) error {
	var b bytes.Buffer
	if err := page.Execute(&b, r.view()); err != nil {
		return fmt.Errorf("run as HTML: %w", err)
	}
	out := bytes.Map(func(c rune) rune {
		if unfit(c) {
			return '\ufffd'
		}
		return c
	}, b.Bytes())
	_, err := w.Write(out)
	return err
}

func (r *Run) view() *view {
	v := &view{
		Run: r, Style: template.CSS(pageStyle), Pictures: r.pictures(), Tiles: r.tiles(), Checks: first(r.Checks),
		Machine: fmt.Sprintf("%d cores, %s", r.Cores, bytesText(float64(r.MemoryBytes))),
		Repeat:  fmt.Sprintf("stbfleet run -f %s --seed %d", quoted(r.Scenario), r.Seed),
		Begun:   r.Started.UTC().Format("2006-01-02 15:04:05 UTC"),
		Took:    exact(r.TookMs),
	}
	v.judge()
	var faults []faultRow
	for i := range r.Faults {
		f := &r.Faults[i]
		row := faultRow{Number: i + 1, Kind: f.Kind, From: exact(f.FromMs), Proof: f.Proof}
		if f.ToMs > f.FromMs {
			row.Took = exact(f.ToMs - f.FromMs)
		}
		faults = append(faults, row)
	}
	v.Faults = first(faults)
	if r.Verify != nil {
		v.Verified = r.verified()
	}
	return v
}

// judge says at the top what matters. The verdict is that of the thresholds, as
// is the exit code; what they do not ask for is a warning.
func (v *view) judge() {
	failed := 0
	for i := range v.Run.Checks {
		if !v.Run.Checks[i].OK {
			failed++
		}
	}
	all := len(v.Run.Checks)
	switch {
	case all == 0:
		v.Class, v.Verdict = "none", Text{"Not judged: no thresholds", "未评判:无阈值"}
	case failed == 0:
		v.Class, v.Verdict = "good", Text{fmt.Sprintf("Passed: %d of %d thresholds hold", all, all), fmt.Sprintf("通过:%d 项阈值全部满足", all)}
	default:
		v.Class, v.Verdict = "bad", Text{fmt.Sprintf("Failed: %d of %d thresholds do not hold", failed, all), fmt.Sprintf("未通过:%d 项中 %d 项不满足", all, failed)}
	}
	unproven := 0
	for i := range v.Run.Faults {
		if v.Run.Faults[i].Proof == "" {
			unproven++
		}
	}
	if unproven > 0 {
		v.Warnings = append(v.Warnings, Text{fmt.Sprintf("%d of %d faults left no proof: they did not happen", unproven, len(v.Run.Faults)), fmt.Sprintf("%d 个故障没有证据:未发生", unproven)})
	}
	switch {
	case v.Verify == nil:
		v.Warnings = append(v.Warnings, Text{"Truth and aggregator were not compared", "未与真值比对"})
	case !v.Verify.Equal:
		v.Warnings = append(v.Warnings, Text{"Truth and aggregator differ", "与真值不一致"})
	}
}

// tiles are the figures at the end of the run.
func (r *Run) tiles() []tile {
	if len(r.Samples) == 0 {
		return nil
	}
	s := &r.Samples[len(r.Samples)-1]
	orDash := func(v float64, text func(float64) string) string {
		if !finite(v) || v == 0 {
			return "–"
		}
		return text(v)
	}
	boxes := grouped(s.Boxes)
	if s.Agents > 0 {
		boxes += fmt.Sprintf(" (%s agents)", grouped(s.Agents))
	}
	speed := math.NaN()
	if begin := &r.Samples[0]; s.AtMs > begin.AtMs {
		speed = float64(s.SimulatedMs-begin.SimulatedMs) / float64(s.AtMs-begin.AtMs)
	}
	return []tile{
		{Text{"boxes", "机顶盒"}, boxes},
		{Text{"events recorded", "已记录事件"}, grouped(s.Recorded)},
		{Text{"acknowledged", "已确认"}, grouped(s.Acked)},
		{Text{"pending", "待确认"}, grouped(s.Pending)},
		{Text{"evicted by boxes", "机顶盒丢弃"}, grouped(s.Evicted)},
		{Text{"batches sent", "已发批次"}, grouped(s.Sent)},
		{Text{"bytes per event", "每事件字节"}, orDash(s.perEvent(), digits)},
		{Text{"connections lost", "断线次数"}, grouped(s.Losses)},
		{Text{"ack p99", "确认延迟 99%"}, orDash(s.AckP99Ms, latency)},
		{Text{"ack maximum", "最大确认延迟"}, orDash(s.AckMaxMs, latency)},
		{Text{"simulated until", "模拟时间至"}, simulated(s.SimulatedMs)},
		{Text{"mean speed", "平均倍速"}, orDash(speed, func(v float64) string { return "× " + digits(v) })},
	}
}

func (r *Run) verified() *verifyView {
	v := &verifyView{}
	var differ []string
	for _, l := range r.Verify.Lines {
		if l == nil {
			continue
		}
		v.Cells, v.Equal, v.Different = v.Cells+l.Cells, v.Equal+l.Equal, v.Different+l.Different
		for _, d := range l.First {
			differ = append(differ, l.Indicator+": "+d)
		}
	}
	for _, l := range []struct {
		name  Text
		lines []string
	}{
		{Text{"First differences", "首批差异"}, differ},
		{Text{"Lost events", "丢失的事件"}, r.Verify.LostEvents},
		{Text{"Doubled events", "重复的事件"}, r.Verify.DoubledEvents},
		{Text{"Also wrong", "其他错误"}, r.Verify.Faults},
		{Text{"Notes", "说明"}, r.Verify.Notes},
	} {
		if len(l.lines) > 0 {
			v.Lists = append(v.Lists, verifyList{l.name, first(l.lines)})
		}
	}
	return v
}

// shanghai is the zone of simulated time; it has no summer time.
var shanghai = time.FixedZone("Asia/Shanghai", 8*3600)

// simulated writes simulated time as the platform's days run.
func simulated(ms int64) string {
	return time.UnixMilli(ms).In(shanghai).Format("2006-01-02 15:04:05")
}

var plainWord = regexp.MustCompile(`^[A-Za-z0-9_./][A-Za-z0-9_./-]*$`)

// quoted writes a word so that a shell takes it as one, whatever it holds.
func quoted(word string) string {
	if plainWord.MatchString(word) {
		return word
	}
	return "'" + strings.ReplaceAll(clean(word), "'", `'\''`) + "'"
}
