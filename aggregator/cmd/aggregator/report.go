package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"iptvdc/aggregator/board"
	"iptvdc/aggregator/console"
	"iptvdc/aggregator/indicator"
	"iptvdc/aggregator/report"
	"iptvdc/aggregator/sheets"
)

func reportCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "report", Short: "Boards that go out by schedule: make, list, send, and what became of them",
		Long: "Boards that go out by schedule, by mail and into chats. Each receiver is a person and gets the board computed in their own scope, at the places that they set under Reports in the page, or that are set here with `aggregator report place add`. What is made here belongs to the built-in administrator.",
		Example: `  aggregator report add --board k3jx0a8d2m1q --name 早报 --at 08:30 --to wang,li
  aggregator report add --board k3jx0a8d2m1q --name Weekly --every week --weekday 1 --at 09:00 --form html
  aggregator report place add wang --kind mail --address wang@example.cn
  aggregator report send 3
  aggregator report log`}
	cmd.AddCommand(reportList(), reportAdd(), reportPause(true), reportPause(false), reportRemove(), reportSend(), reportPreview(), reportLog(), placeCommand())
	return cmd
}

// onReports makes a command that asks a running aggregator, in a language.
func onReports(use, short string, args cobra.PositionalArgs, f func(cmd *cobra.Command, a *insightAsked, args []string) error) *cobra.Command {
	var a insightAsked
	cmd := &cobra.Command{Use: use, Short: short, Args: args, RunE: func(cmd *cobra.Command, args []string) error { return f(cmd, &a, args) }}
	a.asked.flags(cmd)
	langFlag(cmd, &a.lang)
	return cmd
}

// reportWords are what lists of reports say.
var reportWords = map[string]indicator.Text{
	"head":    {ZH: "编号\t名称\t看板\t时间\t形式\t接收人\t下次", EN: "NO\tNAME\tBOARD\tWHEN\tFORM\tTO\tNEXT"},
	"paused":  {ZH: "已暂停", EN: "paused"},
	"day":     {ZH: "每天 {at}", EN: "daily {at}"},
	"week":    {ZH: "每周{weekday} {at}", EN: "weekly, weekday {weekday}, {at}"},
	"month":   {ZH: "每月 {day} 日 {at}", EN: "monthly on {day}, {at}"},
	"none":    {ZH: "还没有报表；用 aggregator report add 新建", EN: "There are no reports; make one with: aggregator report add"},
	"made":    {ZH: "报表 {id}，下次 {next}", EN: "report {id}, next {next}"},
	"log":     {ZH: "编号\t应发\t名称\t接收人\t方式\t状态\t次数\t原因", EN: "NO\tDUE\tTITLE\tTO\tWAY\tSTATE\tTRIES\tREASON"},
	"sending": {ZH: "已开始发送；结果见 aggregator report log", EN: "it is being sent; aggregator report log says what became of it"},
	"done":    {ZH: "完成", EN: "done"},
	"missed":  {ZH: "停机期间错过", EN: "missed while the server was down"},
	"waiting": {ZH: "等待", EN: "waiting"},
	"handing": {ZH: "正在发送", EN: "being sent"},
	"sent":    {ZH: "已发送", EN: "sent"},
	"refused": {ZH: "不予发送", EN: "refused"},
	"failed":  {ZH: "失败", EN: "failed"},
	"unsure":  {ZH: "不确定是否送达", EN: "unsure"},
	"places":  {ZH: "编号\t方式\t地址\t签名\t报表\t告警\t名称", EN: "NO\tKIND\tPLACE\tSIGNED\tREPORTS\tALERTS\tLABEL"},
}

func reportWord(lang, word string) string { return sheets.Lang(lang).Of(reportWords[word]) }

func whenText(w *report.When, lang string) string {
	return strings.NewReplacer("{at}", w.At, "{weekday}", strconv.Itoa(w.Weekday), "{day}", strconv.Itoa(w.Day)).Replace(reportWord(lang, string(w.Every)))
}

func minute(m indicator.Moment) string {
	if text := m.String(); len(text) > 16 {
		return strings.Replace(text[:16], "T", " ", 1)
	}
	return "-"
}

func reportList() *cobra.Command {
	return onReports("list", "List reports: one's own, an administrator's list is everybody's", cobra.NoArgs, func(cmd *cobra.Command, a *insightAsked, _ []string) error {
		var all console.ReportList
		if err := a.call(cmd.Context(), http.MethodGet, "/api/v1/reports", &all); err != nil {
			return err
		}
		out := cmd.OutOrStdout()
		if len(all.Reports) == 0 {
			_, err := fmt.Fprintln(out, reportWord(a.lang, "none"))
			return err
		}
		w := tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)
		fmt.Fprintln(w, reportWord(a.lang, "head"))
		for _, r := range all.Reports {
			next := minute(r.Next)
			if r.Paused {
				next = reportWord(a.lang, "paused")
			}
			fmt.Fprintf(w, "%d\t%s\t%s\t%s\t%s\t%s\t%s\n", r.ID, plain(r.Name), r.Board, whenText(&r.When, a.lang), r.Form, strings.Join(r.Receivers, ","), next)
		}
		return w.Flush()
	})
}

func reportAdd() *cobra.Command {
	var body console.ReportBody
	var filters string
	cmd := onReports("add", "Make a report", cobra.NoArgs, func(cmd *cobra.Command, a *insightAsked, _ []string) error {
		if filters != "" {
			d := json.NewDecoder(strings.NewReader(filters))
			d.DisallowUnknownFields()
			body.Filters = board.Filters{}
			if err := d.Decode(&body.Filters); err != nil {
				return fmt.Errorf("filters: %w; write them as {\"period\":{\"last\":7,\"unit\":\"day\"}}", err)
			}
		}
		var made console.ReportInfo
		if err := a.send(cmd.Context(), http.MethodPost, "/api/v1/reports", body, &made); err != nil {
			return err
		}
		_, err := fmt.Fprintln(cmd.OutOrStdout(), strings.NewReplacer("{id}", strconv.FormatInt(made.ID, 10), "{next}", minute(made.Next)).Replace(reportWord(a.lang, "made")))
		return err
	})
	f := cmd.Flags()
	f.StringVar(&body.Board, "board", "", "`ID` of the board; aggregator export boards")
	f.StringVar(&body.Name, "name", "", "`NAME`, the subject of mails")
	f.StringSliceVar(&body.Receivers, "to", nil, "`NAME`s of people; without: oneself")
	f.StringVar(&body.Form, "form", string(report.XLSX), "xlsx, html (in the mail's body) or csv")
	f.StringVar(&body.Lang, "in", "", "zh or en; without: each receiver's language")
	f.StringVar((*string)(&body.When.Every), "every", string(report.Daily), "day, week or month")
	f.IntVar(&body.When.Weekday, "weekday", 0, "1 for Monday to 7 for Sunday, of weekly ones")
	f.IntVar(&body.When.Day, "day", 0, "of the month, of monthly ones; in shorter months the last")
	f.StringVar(&body.When.At, "at", "08:30", "`HH:MM` in Asia/Shanghai")
	f.IntVar(&body.When.WaitMinutes, "wait", report.DefaultWait, "`MINUTES` that it may wait until the day before is complete; then it goes, and says so")
	f.StringVar(&filters, "filters", "", "`JSON` of a board's filters")
	for _, name := range []string{"board", "name"} {
		if err := cmd.MarkFlagRequired(name); err != nil {
			panic(err) // the flag was made above
		}
	}
	return cmd
}

// numbered checks that an argument is a number and returns the path of a report.
func numbered(text string) (string, error) {
	if n, err := strconv.ParseInt(text, 10, 64); err != nil || n < 1 {
		return "", fmt.Errorf("%q is not the number of a report; aggregator report list", text)
	}
	return "/api/v1/reports/" + text, nil
}

func reportDone(use, short, method, below, word string) *cobra.Command {
	return onReports(use, short, cobra.ExactArgs(1), func(cmd *cobra.Command, a *insightAsked, args []string) error {
		path, err := numbered(args[0])
		if err != nil {
			return err
		}
		if err := a.call(cmd.Context(), method, path+below, &console.Done{}); err != nil {
			return err
		}
		_, err = fmt.Fprintln(cmd.OutOrStdout(), reportWord(a.lang, word))
		return err
	})
}

func reportRemove() *cobra.Command {
	return reportDone("remove REPORT", "Remove a report; what it sent stays in the log", http.MethodDelete, "", "done")
}

func reportSend() *cobra.Command {
	return reportDone("send REPORT", "Send a report now, to all of its receivers", http.MethodPost, "/send", "sending")
}

func reportPause(paused bool) *cobra.Command {
	use, short := "resume REPORT", "Let a paused report go out again; what was due meanwhile is not sent"
	if paused {
		use, short = "pause REPORT", "Send a report no more until it is resumed"
	}
	return onReports(use, short, cobra.ExactArgs(1), func(cmd *cobra.Command, a *insightAsked, args []string) error {
		path, err := numbered(args[0])
		if err != nil {
			return err
		}
		var all console.ReportList
		if err := a.call(cmd.Context(), http.MethodGet, "/api/v1/reports", &all); err != nil {
			return err
		}
		for _, r := range all.Reports {
			if strconv.FormatInt(r.ID, 10) != args[0] {
				continue
			}
			body := console.ReportBody{Name: r.Name, Board: r.Board, Filters: r.Filters, Receivers: r.Receivers, Form: r.Form, Lang: r.Lang, When: r.When, Paused: paused}
			if err := a.send(cmd.Context(), http.MethodPut, path, body, &console.ReportInfo{}); err != nil {
				return err
			}
			_, err := fmt.Fprintln(cmd.OutOrStdout(), reportWord(a.lang, "done"))
			return err
		}
		return fmt.Errorf("there is no report %s; aggregator report list", args[0])
	})
}

func reportPreview() *cobra.Command {
	var out string
	cmd := onReports("preview REPORT", "Write the page that the report's mail would hold now, in one's own scope", cobra.ExactArgs(1), func(cmd *cobra.Command, a *insightAsked, args []string) error {
		path, err := numbered(args[0])
		if err != nil {
			return err
		}
		a.patience = exportPatience
		var page []byte
		if err := a.call(cmd.Context(), http.MethodGet, path+"/preview", &page); err != nil {
			return err
		}
		if out == "" || out == "-" {
			_, err := cmd.OutOrStdout().Write(page)
			return err
		}
		return writeNew(out, page)
	})
	cmd.Flags().StringVarP(&out, "out", "o", "", "`FILE`; without: the terminal")
	return cmd
}

func reportLog() *cobra.Command {
	var of int64
	var limit int
	cmd := onReports("log", "List what was sent and what was not, with the reason, the newest first", cobra.NoArgs, func(cmd *cobra.Command, a *insightAsked, _ []string) error {
		values := url.Values{"limit": {strconv.Itoa(limit)}}
		if of > 0 {
			values.Set("report", strconv.FormatInt(of, 10))
		}
		var all console.SendingList
		if err := a.call(cmd.Context(), http.MethodGet, "/api/v1/reports/sendings?"+values.Encode(), &all); err != nil {
			return err
		}
		w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 4, 2, ' ', 0)
		fmt.Fprintln(w, reportWord(a.lang, "log"))
		for _, s := range all.Sendings {
			fmt.Fprintf(w, "%d\t%s\t%s\t%s\t%s %s\t%s\t%d\t%s\n", s.ID, minute(s.Due), plain(s.Title), s.Person, s.Kind, plain(s.Place), reportWord(a.lang, s.State), s.Attempts, plain(strings.TrimSpace(s.Code+" "+s.Detail)))
		}
		for _, m := range all.Missed {
			fmt.Fprintf(w, "-\t%s\t%s\t-\t-\t%s\t-\t-\n", minute(m.Due), plain(m.Title), reportWord(a.lang, "missed"))
		}
		return w.Flush()
	})
	cmd.Flags().Int64Var(&of, "report", 0, "only of report `N`")
	cmd.Flags().IntVar(&limit, "limit", 50, "at most `N` lines")
	return cmd
}
