// Command mkimage makes a set-top box's firmware of an agent, a kind of box and a
// configuration.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"text/tabwriter"
	"time"

	"iptvdc/firmware"
	"iptvdc/firmware/image"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Getenv, os.Stdout, os.Stderr))
}

// usageError is a wrong call, told together with where help is.
type usageError struct{ error }

// run returns the exit status: 0 made, 1 failed, 2 wrongly called.
func run(ctx context.Context, args []string, getenv func(string) string, out, errw io.Writer) int {
	w := wordsFor(getenv)
	if len(args) == 0 {
		fmt.Fprint(errw, w.usage)
		return 2
	}
	var err error
	switch args[0] {
	case "build":
		err = build(ctx, args[1:], getenv, w, out, errw)
	case "all":
		err = all(ctx, args[1:], getenv, w, out, errw)
	case "targets":
		err = targets(args[1:], w, out, errw)
	case "conf":
		_, err = out.Write(firmware.DefaultConf())
	case "help", "-h", "-help", "--help":
		fmt.Fprint(out, w.usage)
	default:
		err = usageError{fmt.Errorf(w.noCommand, args[0])}
	}
	var wrong usageError
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp):
		return 0
	case errors.As(err, &wrong):
		fmt.Fprintf(errw, "mkimage: %v\n%s\n", err, w.help)
		return 2
	}
	fmt.Fprintf(errw, "mkimage: %v\n", err)
	return 1
}

// flagSet are flags whose help is in the words' language.
func flagSet(name string, w *words, errw io.Writer) *flag.FlagSet {
	fs := flag.NewFlagSet("mkimage "+name, flag.ContinueOnError)
	fs.SetOutput(errw)
	fs.Usage = func() {
		fmt.Fprintf(fs.Output(), "%s\n", w.commands[name])
		fs.PrintDefaults()
	}
	return fs
}

func parse(fs *flag.FlagSet, w *words, args []string) error {
	out := fs.Output()
	fs.SetOutput(io.Discard)
	err := fs.Parse(args)
	fs.SetOutput(out)
	switch {
	case errors.Is(err, flag.ErrHelp):
		fs.Usage()
		return err
	case err != nil:
		return usageError{err}
	case fs.NArg() > 0:
		return usageError{fmt.Errorf(w.noFlag, fs.Arg(0))}
	}
	return nil
}

// known reads the targets, from a file or from the program itself.
func known(file string) ([]firmware.Target, error) {
	if file == "" {
		return firmware.Targets()
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	return firmware.ReadTargets(file, text)
}

func targets(args []string, w *words, out, errw io.Writer) error {
	fs := flagSet("targets", w, errw)
	file := fs.String("targets", "", w.flagTargets)
	names := fs.Bool("names", false, w.flagNames)
	if err := parse(fs, w, args); err != nil {
		return err
	}
	all, err := known(*file)
	if err != nil {
		return err
	}
	tab := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	if !*names {
		fmt.Fprintln(tab, w.columns)
	}
	for _, t := range all {
		if *names {
			fmt.Fprintln(out, t.Name)
			continue
		}
		title := t.Title.EN
		if w.zh {
			title = t.Title.ZH
		}
		fmt.Fprintf(tab, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", t.Name, t.Arch(), t.Init, t.Kernel, t.Data.Folder, strings.Join(t.Makes, ","), title)
	}
	return tab.Flush()
}

func build(ctx context.Context, args []string, getenv func(string) string, w *words, out, errw io.Writer) error {
	fs := flagSet("build", w, errw)
	var j image.Job
	file := fs.String("targets", "", w.flagTargets)
	name := fs.String("target", "", w.flagTarget)
	fs.StringVar(&j.AgentFile, "agent", "", w.flagAgent)
	fs.StringVar(&j.ConfFile, "conf", "", w.flagConf)
	fs.StringVar(&j.CAFile, "ca", "", w.flagCA)
	fs.StringVar(&j.ClaimFile, "claim", "", w.flagClaim)
	fs.StringVar(&j.UpdateKeys, "update-keys", "", w.flagUpdateKeys)
	fs.StringVar(&j.Base, "base", "", w.flagBase)
	fs.StringVar(&j.RamBase, "ram-base", "", w.flagRamBase)
	fs.StringVar(&j.Version, "version", "", w.flagVersion)
	fs.StringVar(&j.Out, "out", "", w.flagOut)
	only := fs.String("only", "", w.flagOnly)
	fs.BoolVar(&j.Strict, "strict", false, w.flagStrict)
	if err := parse(fs, w, args); err != nil {
		return err
	}
	all, err := known(*file)
	if err != nil {
		return err
	}
	for _, need := range []struct{ flag, value string }{{"target", *name}, {"agent", j.AgentFile}, {"conf", j.ConfFile}, {"version", j.Version}, {"out", j.Out}} {
		if need.value == "" {
			return usageError{fmt.Errorf(w.missing, need.flag)}
		}
	}
	if j.Target, err = firmware.Find(all, *name); err != nil {
		return usageError{err}
	}
	if *only != "" {
		j.Only = strings.Split(*only, ",")
	}
	if j.Epoch, err = epoch(getenv, w); err != nil {
		return err
	}
	m, err := image.Build(ctx, j)
	if err != nil {
		return err
	}
	return report(out, m, w)
}

// epoch is SOURCE_DATE_EPOCH; zero: not set.
func epoch(getenv func(string) string, w *words) (time.Time, error) {
	at := getenv("SOURCE_DATE_EPOCH")
	if at == "" {
		return time.Time{}, nil
	}
	n, err := strconv.ParseInt(at, 10, 64)
	if err != nil || n < 1 || n > 1<<32-1 {
		return time.Time{}, usageError{fmt.Errorf(w.epoch, at)}
	}
	return time.Unix(n, 0), nil
}

// report prints what was made: images one by one, folders as sums.
func report(out io.Writer, m *image.Manifest, w *words) error {
	tab := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	row := func(what string, bytes, budget int64) {
		b := "-"
		if budget > 0 {
			b = fmt.Sprint(budget)
		}
		fmt.Fprintf(tab, "%s\t%s\t%d\t%s\t\n", m.Target, what, bytes, b)
	}
	row("agent", m.Agent.Bytes, m.Limit("agent_raw"))
	row("agent, xz -6", m.Agent.XZ, m.Limit("agent_xz"))
	sums, budgets := map[string]int64{}, map[string]int64{}
	var order []string
	for _, f := range m.Files {
		if f.Artefact == "" {
			continue
		}
		if _, ok := sums[f.Artefact]; !ok {
			order = append(order, f.Artefact)
		}
		sums[f.Artefact] += f.Bytes
		budgets[f.Artefact] = f.Budget
	}
	for _, a := range order {
		row(a, sums[a], budgets[a])
	}
	if err := tab.Flush(); err != nil {
		return err
	}
	for _, over := range m.Over {
		if _, err := fmt.Fprintf(out, "%s: %s\n", w.over, over); err != nil {
			return err
		}
	}
	return nil
}
