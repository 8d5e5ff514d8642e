package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"iptvdc/agent/doctor"
	"iptvdc/agent/session"
)

const doctorHelp = `stbagent doctor looks for what could be wrong on this box, and says how to cure it.
It exits with 1 if there is a problem.

  stbagent doctor --data /data/stbagent
  stbagent doctor --data /data/stbagent --broker tls://10.1.2.3 --ca /etc/stbagent/ca.pem
  stbagent doctor --data /data/stbagent --check brokers,agent
  stbagent doctor --data /data/stbagent --json
  LANG=zh_CN.UTF-8 stbagent doctor --data /data/stbagent

It takes the flags and variables of stbagent run, so that it can be called as the
agent is. Brokers are asked of the running agent if they are not given. Flags:
`

// errIll is an exit status of 1 about which everything is said already.
var errIll = errors.New("")

func examine(args []string, out, errw io.Writer) error {
	fs := flags("doctor", errw)
	var names list
	asJSON := fs.Bool("json", false, "print JSON")
	all := fs.Bool("all", false, "make every check, slow ones too")
	show := fs.Bool("list", false, "list the checks")
	fs.Var(&names, "check", "`names` of the checks to make")
	fs.Usage = func() {
		_, _ = fmt.Fprint(fs.Output(), doctorHelp)
		fs.PrintDefaults()
	}
	cfg, files, err := read(fs, args, os.Getenv)
	if err != nil {
		return err
	}
	w := wordsFor(os.Getenv)
	if *show {
		for _, c := range doctor.Checks() {
			_, _ = fmt.Fprintf(out, "%-13s %s\n", c.Name, w.of(c.Title))
		}
		return nil
	}
	if cfg.Dir == "" {
		return &usageError{errors.New("data: no folder given; write --data DIR, as stbagent doctor --data /data/stbagent")}
	}
	if *all {
		names = nil
		for _, c := range doctor.Checks() {
			names = append(names, c.Name)
		}
	}
	checks, err := doctor.Choose(names)
	if err != nil {
		return &usageError{err}
	}
	p := &doctor.Patient{Config: cfg, CA: files.ca, Cert: files.cert, Key: files.key, Keys: files.profileKeys, Clock: session.SystemClock{}}
	p.TLS, _ = trust(files.ca, files.cert, files.key) // what is wrong with them a check of its own says
	var report doctorReport
	report.Well = doctor.Run(context.Background(), p, checks, func(r doctor.Result) {
		report.Checks = append(report.Checks, w.report(&r))
		if !*asJSON {
			w.print(out, &r)
		}
	})
	if *asJSON {
		enc := json.NewEncoder(out)
		enc.SetIndent("", "  ")
		enc.SetEscapeHTML(false)
		if err := enc.Encode(report); err != nil {
			return err
		}
	}
	if !report.Well {
		if !*asJSON {
			_, _ = fmt.Fprintln(out, w.ill)
		}
		return errIll
	}
	return nil
}

// doctorReport is the JSON.
type doctorReport struct {
	Well   bool          `json:"well"`
	Checks []checkReport `json:"checks"`
}

type checkReport struct {
	Check    string          `json:"check"`
	Title    string          `json:"title"`
	Level    doctor.Level    `json:"level"`
	Findings []findingReport `json:"findings"`
}

type findingReport struct {
	Level doctor.Level `json:"level"`
	What  string       `json:"what"`
	Cure  string       `json:"cure,omitempty"`
}

// words are what doctor says itself.
type words struct {
	zh                             bool
	good, note, problem, cure, ill string
}

var (
	english = words{false, "ok", "note", "WRONG", "cure", "Something is wrong; see the cures above."}
	chinese = words{true, "正常", "提示", "问题", "处理", "存在问题，请按上述方法处理。"}
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

func (w *words) of(t doctor.Text) string {
	if w.zh {
		return t.ZH
	}
	return t.EN
}

func (w *words) report(r *doctor.Result) checkReport {
	c := checkReport{Check: r.Check.Name, Title: w.of(r.Check.Title), Level: r.Level()}
	for _, f := range r.Findings {
		c.Findings = append(c.Findings, findingReport{f.Level, w.of(f.What), w.of(f.Cure)})
	}
	return c
}

// print shows a check in lines: grade, title, what was found.
func (w *words) print(out io.Writer, r *doctor.Result) {
	title := w.of(r.Check.Title)
	for _, f := range r.Findings {
		grade := map[doctor.Level]string{doctor.OK: w.good, doctor.Note: w.note, doctor.Problem: w.problem}[f.Level]
		_, _ = fmt.Fprintf(out, "%s %s %s\n", pad(grade, 6), pad(title, 32), w.of(f.What))
		if cure := w.of(f.Cure); cure != "" {
			_, _ = fmt.Fprintf(out, "%s %s -> %s: %s\n", pad("", 6), pad("", 32), w.cure, cure)
		}
		title = ""
	}
}

// pad fills s up to a number of columns; a Chinese character takes two.
func pad(s string, columns int) string {
	for _, r := range s {
		columns--
		if r > 0x2e80 {
			columns--
		}
	}
	return s + strings.Repeat(" ", max(0, columns))
}
