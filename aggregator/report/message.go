package report

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"html"
	"slices"
	"strings"

	"iptvdc/aggregator"
	"iptvdc/aggregator/indicator"
	"iptvdc/aggregator/insight"
	"iptvdc/aggregator/post"
	"iptvdc/aggregator/sheets"
)

// words of messages, beside those of documents.
var (
	attached  = indicator.Text{ZH: "数据见附件 {file}。", EN: "The figures are in the attached file {file}."}
	notWhole  = indicator.Text{ZH: "发送时 {day} 的数据尚不完整：{why}", EN: "The figures of {day} were not complete when this was sent: {why}"}
	lateMark  = indicator.Text{ZH: "（数据不完整）", EN: " (not complete)"}
	fires     = indicator.Text{ZH: "告警", EN: "Alert"}
	resolved  = indicator.Text{ZH: "恢复", EN: "Resolved"}
	why       = indicator.Text{ZH: "您收到此消息，是因为平台用户 {owner} 为您设置了它；您的接收方式可在看板页面的“报表”中更改。", EN: "You get this because {owner} set it up for you; where you get it can be changed under Reports on any board."}
	hasNoData = &aggregator.Error{Code: "not_granted", Message: "Nothing on this board is open to the receiver."}
)

func filled(l sheets.Lang, t indicator.Text, holes ...string) string {
	return strings.NewReplacer(holes...).Replace(l.Of(t))
}

// message makes what a sending carries.
func (d *Desk) message(ctx context.Context, s *Sending, last *made) (*post.Message, error) {
	if s.Report == nil {
		n, l, err := d.Composer.Notice(ctx, s.Person, s.Notice)
		if err != nil {
			return nil, err
		}
		return alert(s, n, l, d.Link), nil
	}
	if last.run != s.Run || last.person != s.Person {
		*last = made{run: s.Run, person: s.Person}
		last.doc, last.err = d.Document(ctx, s.Person, s.Report, aggregator.DayOf(s.Due.UnixMilli()), s.Late)
	}
	if last.err != nil {
		return nil, last.err
	}
	return Message(last.doc, s)
}

// Document makes a report's document for a person as seen on a day, with what must be
// said of it. Of what nothing is open to the person there is none.
func (d *Desk) Document(ctx context.Context, person string, r *Report, day aggregator.Day, late string) (*sheets.Document, error) {
	doc, err := d.Composer.Report(ctx, person, r, day)
	if err != nil {
		return nil, err
	}
	if doc.Empty() && slices.ContainsFunc(doc.Parts, func(p sheets.Part) bool { return p.Refused != "" }) {
		return nil, hasNoData
	}
	if late != "" {
		doc.Notes = append(doc.Notes, filled(doc.Lang, notWhole, "{day}", (day-1).String(), "{why}", lateWords(late, doc.Lang)))
	}
	return doc, nil
}

// Late reasons, as they are kept.
const (
	LateEvents  = "events"  // nothing was heard after its midnight yet
	LateClosing = "closing" // hours of it wait to be closed
	LateLoading = "loading" // what came is not loaded yet
)

var lateTexts = map[string]indicator.Text{
	LateEvents:  {ZH: "尚未收到次日的数据", EN: "nothing of the day after was heard yet"},
	LateClosing: {ZH: "当日部分小时尚未汇总完毕", EN: "hours of that day are still being closed"},
	LateLoading: {ZH: "收到的数据尚未入库完毕", EN: "what was received is still being loaded"},
}

func lateWords(code string, l sheets.Lang) string {
	if t, ok := lateTexts[code]; ok {
		return l.Of(t)
	}
	return code
}

// Message writes a document as a sending of its form and kind.
func Message(doc *sheets.Document, s *Sending) (*post.Message, error) {
	l := doc.Lang
	day := aggregator.DayOf(s.Due.UnixMilli()).String()
	m := &post.Message{ID: fmt.Sprintf("report-%d-%d", s.Run, s.ID), Subject: s.Title + " " + day, Link: doc.Link}
	if s.Late != "" {
		m.Subject += l.Of(lateMark)
	}
	footer := filled(l, why, "{owner}", s.Owner)
	cover := *doc
	var file bytes.Buffer
	switch s.Report.Form {
	case XLSX:
		if err := doc.XLSX(&file); err != nil {
			return nil, err
		}
		m.Files = []post.File{{Name: doc.FileName(".xlsx"), Media: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", Bytes: file.Bytes()}}
	case CSV:
		if err := doc.CSV(&file); err != nil {
			return nil, err
		}
		m.Files = []post.File{{Name: doc.FileName(".zip"), Media: "application/zip", Bytes: file.Bytes()}}
	}
	if len(m.Files) > 0 && s.Kind == post.Mail {
		cover.Notes = append(slices.Clone(doc.Notes), filled(l, attached, "{file}", m.Files[0].Name))
		cover.Parts = covered(doc.Parts)
	}
	if s.Kind == post.Mail {
		var body strings.Builder
		if err := cover.HTML(&body); err != nil {
			return nil, err
		}
		m.HTML = strings.Replace(body.String(), "</body>", `<p style="color:#5a6775;font-size:12px">`+html.EscapeString(footer)+"</p></body>", 1)
	}
	m.Text = cover.Text(post.MaxText(s.Kind))
	if s.Kind == post.Mail {
		m.Text += footer + "\n"
	}
	if s.Kind == post.JSON {
		m.Data = doc.Data()
	}
	return m, nil
}

// covered is what the body of a mail says of parts whose figures are attached: under
// what they hold, and which were refused.
func covered(parts []sheets.Part) []sheets.Part {
	var out []sheets.Part
	for _, p := range parts {
		if p.Prose == "" {
			p.Tables = nil
			out = append(out, p)
		}
	}
	return out
}

// alert is a notice as a message.
func alert(s *Sending, n *insight.Notice, l sheets.Lang, link string) *post.Message {
	head := l.Of(resolved)
	if n.Firing {
		head = l.Of(fires)
	}
	place := sheets.CellName(nil, "province", n.Province, l)
	footer := filled(l, why, "{owner}", s.Owner)
	m := &post.Message{ID: fmt.Sprintf("alert-%d-%d", n.ID, s.ID), Subject: head + l.Say("colon") + cmp.Or(n.Name, s.Title) + " · " + place,
		Text: l.Of(n.Text) + "\n", Data: n}
	if link != "" {
		m.Link = strings.TrimSuffix(link, "/") + "/#/insights/unusual"
	}
	if s.Kind == post.Mail {
		var b strings.Builder
		fmt.Fprintf(&b, `<!doctype html><html lang="%s"><body style="font:14px/1.5 'PingFang SC','Microsoft YaHei',system-ui,sans-serif"><h1 style="font-size:18px">%s</h1><p>%s</p>`, l, html.EscapeString(m.Subject), html.EscapeString(l.Of(n.Text)))
		if m.Link != "" {
			fmt.Fprintf(&b, `<p><a href="%s">%s</a></p>`, html.EscapeString(m.Link), html.EscapeString(m.Link))
		}
		m.HTML = b.String() + `<p style="color:#5a6775;font-size:12px">` + html.EscapeString(footer) + "</p></body></html>"
		m.Text += footer + "\n"
	}
	return m
}
