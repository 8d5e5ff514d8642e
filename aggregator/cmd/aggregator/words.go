package main

import (
	"fmt"
	"io"
	"os"
	"strings"
)

// words are the plain lines that people read on the terminal.
type words struct {
	page, signIn, once, boxes, broker, data, stop, history, before, told, setUp string
}

var (
	english = words{
		page: "Page", signIn: "Sign in", once: "(works once, within 24 hours; for another: aggregator link --data %s)",
		boxes: "Boxes", broker: "Broker", data: "Data", stop: "Stop with Ctrl-C.",
		history: "History", before: "Year ago", told: "day %d of %d", setUp: "Set up",
	}
	chinese = words{
		page: "页面", signIn: "登录", once: "（24 小时内一次有效；再次获取：aggregator link --data %s）",
		boxes: "终端接入", broker: "消息代理", data: "数据目录", stop: "按 Ctrl-C 停止。",
		history: "历史数据", before: "去年同期", told: "第 %d 天，共 %d 天", setUp: "初始设置",
	}
)

// wordsFor chooses the language as programs on a terminal do.
func wordsFor(lookup func(string) string) words {
	for _, name := range []string{"LC_ALL", "LC_MESSAGES", "LANG"} {
		if v := lookup(name); v != "" {
			if strings.HasPrefix(v, "zh") {
				return chinese
			}
			return english
		}
	}
	return english
}

// greeting prints where everything is.
func (p *Platform) greeting(w io.Writer, key string) {
	t := wordsFor(os.Getenv)
	line := func(name, value string) { _, _ = fmt.Fprintf(w, "%-8s %s\n", name, value) }
	line(t.page, p.PageURL())
	line(t.signIn, loginURL(p.PageURL(), key))
	_, _ = fmt.Fprintf(w, "         "+t.once+"\n", p.dir.path)
	if p.setupCode != "" {
		line(t.setUp, p.setupCode)
	}
	if p.config.MQTT.Broker != "" {
		line(t.broker, p.config.MQTT.Broker)
	} else {
		line(t.boxes, p.BrokerURL())
		if s := p.SecureURL(); s != "" && s != p.BrokerURL() {
			line("", s)
		}
	}
	line(t.data, p.dir.path)
	line("", t.stop)
}
