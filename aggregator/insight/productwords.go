package insight

import (
	"strconv"

	"iptvdc/aggregator/indicator"
)

func (p *product) buyers(a *Products) indicator.Text {
	if a.Measure == "boxes" {
		return indicator.Text{ZH: "笔订单", EN: "orders"}
	}
	return indicator.Text{ZH: "个付费账户", EN: "buyers"}
}

// several writes a count; small ones are not told.
func several(n int64) indicator.Text {
	if small(n) {
		few := strconv.Itoa(SmallCell)
		return indicator.Text{ZH: "不足 " + few + " ", EN: "fewer than " + few}
	}
	text := grouped(float64(n), 0)
	return indicator.Text{ZH: " " + text + " ", EN: text}
}

// rateOfFew writes a share; one of few is but bounded.
func rateOfFew(s sample) indicator.Text {
	if small(s.k) {
		most := rate(100 * SmallCell / float64(s.n))
		return indicator.Text{ZH: "低于 " + most + "%", EN: "less than " + most + "%"}
	}
	text := rate(100*s.share()) + "%"
	return indicator.Text{ZH: " " + text, EN: text}
}

// words say what the product earned and how its content does.
func (p *product) words() indicator.Text {
	var text indicator.Text
	add := func(t indicator.Text) { text.ZH, text.EN = text.ZH+t.ZH, text.EN+t.EN }
	piece := func(zh, en string, m Moved, u indicator.Unit) {
		if !m.Value.Valid() {
			return
		}
		add(say(zh, en, map[string]any{"v": figure(float64(m.Value), u), "by": m.words(u)}))
	}
	add(say("{name}：", "{name}: ", map[string]any{"name": nameOr(p.Name)}))
	piece("订单 {v} 笔{by}", "{v} orders{by}", p.Orders, indicator.Count)
	piece("，付费 {v} 户{by}", ", {v} buyers{by}", p.Buyers, indicator.Count)
	piece("，收入 {v}{by}", ", {v}{by}", p.Revenue, indicator.Fen)
	switch {
	case p.Contents == 0:
		add(say("。没有目录说明其包含哪些内容。", ". No catalogue tells what it holds.", nil))
		return text
	case small(p.viewers):
		add(say("；内容 {n} 个，收视终端不足 {few} 台", "; what it holds ({n}) has fewer than {few} viewers", map[string]any{"n": grouped(float64(p.Contents), 0), "few": strconv.Itoa(SmallCell)}))
	default:
		piece("；内容 "+grouped(float64(p.Contents), 0)+" 个：收视终端 {v} 台{by}", "; what it holds ("+grouped(float64(p.Contents), 0)+"): {v} viewers{by}", p.Viewers, indicator.Count)
		piece("，完整观看当量 {v}", ", {v} full views", p.FullViews, indicator.Count)
		piece("，完成度 {v}{by}", ", {v} of a title seen{by}", p.Completion, indicator.Percent)
		piece("，7 日回访率 {v}{by}", ", {v} come back{by}", p.Return, indicator.Percent)
		piece("，连看率 {v}", ", {v} binge", p.Binge, indicator.Percent)
		piece("，播放错误率 {v}", ", {v} of plays fail", p.Errors, indicator.Percent)
	}
	for n, w := range p.Weak {
		if n == 0 {
			add(say("。偏弱：", ". Weak: ", nil))
		} else {
			add(say("；", "; ", nil))
		}
		add(w.Text)
	}
	add(say("。", ".", nil))
	return text
}

// words are the change in brackets, of rates in points.
func (m Moved) words(u indicator.Unit) indicator.Text {
	switch {
	case !m.Change.Valid():
		return indicator.Text{}
	case u == indicator.Percent:
		points := signed(float64(m.Value - m.Before))
		return indicator.Text{ZH: "（" + points + " 个百分点）", EN: " (" + points + " points)"}
	}
	text := signed(float64(m.Change)) + "%"
	return indicator.Text{ZH: "（" + text + "）", EN: " (" + text + ")"}
}

func (a *Products) words() indicator.Text {
	if len(a.Rows) == 0 {
		return say("没有可说明的产品：至少需要 {few} 笔订单。", "No product to tell of: it takes {few} orders at least.", map[string]any{"few": strconv.Itoa(SmallCell)})
	}
	weak, unknown := 0, 0
	for n := range a.Rows {
		if len(a.Rows[n].Weak) > 0 {
			weak++
		}
		if a.Rows[n].Contents == 0 {
			unknown++
		}
	}
	holes := map[string]any{"n": strconv.Itoa(len(a.Rows)), "weak": strconv.Itoa(weak), "judged": strconv.Itoa(a.Judged), "unknown": strconv.Itoa(unknown)}
	t := say("{n} 个产品，{judged} 个收视足以判断；{weak} 个的内容偏弱。", "{n} products, {judged} of them with enough viewers to judge; the content of {weak} is weak.", holes)
	if unknown > 0 {
		more := say("{unknown} 个的内容没有目录说明。", " Of {unknown} no catalogue tells the content.", holes)
		t.ZH, t.EN = t.ZH+more.ZH, t.EN+more.EN
	}
	return t
}
