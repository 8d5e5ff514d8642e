package main

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"

	"github.com/spf13/cobra"

	"iptvdc/aggregator"
	"iptvdc/aggregator/c3"
	"iptvdc/aggregator/c3/dialect"
	"iptvdc/aggregator/c3/inbox"
	"iptvdc/aggregator/console"
)

const (
	// lookEvery is how often it is looked what became of a file.
	lookEvery = 200 * time.Millisecond
	// tellEvery is how often people are told that it still goes on.
	tellEvery = 5 * time.Second
)

// importing puts files into a province's folder and sees what becomes of them.
type importing struct {
	asked
	file, folder  string
	province      aggregator.Province
	dialect       *dialect.Dialect
	out, progress io.Writer
	bad           int
}

func c3ImportCommand() *cobra.Command {
	m := &importing{}
	var province string
	cmd := &cobra.Command{
		Use: "import --province CODE FILE...", Short: "Put files into a province's folder and wait for the receipts", Args: cobra.MinimumNArgs(1),
		Long: "Put files into a province's folder and wait until the running aggregator has taken them; if none runs on --data, they are taken at once. Where the province's dialect has manifests, the manifest must lie beside its file. Exit status 1 if a file was refused, or waits for a decision.",
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			if m.province, err = aggregator.ParseProvince(province); err != nil {
				return forPeople(err)
			}
			m.out, m.progress = cmd.OutOrStdout(), cmd.ErrOrStderr()
			if err := m.all(cmd, args); err != nil {
				return err
			}
			if m.bad > 0 {
				return fmt.Errorf("%d of %d files are not in; see why with: aggregator c3 faults ID", m.bad, len(args))
			}
			return nil
		},
	}
	m.flags(cmd)
	folderFlag(cmd, &m.folder)
	cmd.Flags().StringVar(&m.file, "config", "", "config `FILE`, for when no aggregator runs")
	cmd.Flags().StringVar(&province, "province", "", "`CODE` of the province, as 33")
	_ = cmd.MarkFlagRequired("province") // it is there
	return cmd
}

func (m *importing) all(cmd *cobra.Command, files []string) error {
	if info, err := os.Stat(m.data); err != nil || !info.IsDir() {
		return fmt.Errorf("there is no folder %s; start the aggregator, or give its folder with --data DIR", m.data)
	}
	c, err := LoadConfig(m.file, os.LookupEnv)
	if err != nil {
		return err
	}
	c.Data = m.data
	if m.folder != "" {
		c.C3.Folder = m.folder
	}
	folder := c3FolderOf(m.data, c.C3.Folder)
	of, bad, err := inbox.Dialects(folder + "/dialects")
	if err != nil {
		return err
	}
	if err := bad[m.province]; err != nil {
		return fmt.Errorf("the province's dialect cannot be used: %w", err)
	}
	m.dialect = of[m.province]

	p, err := openForImport(cmd.Context(), c, cmd.ErrOrStderr())
	var busy *folderInUse
	switch {
	case errors.As(err, &busy):
		err = m.through(cmd.Context(), folder, files)
	case err == nil:
		err = errors.Join(m.here(cmd.Context(), p, folder, files), p.unwind())
	}
	return err
}

// openForImport opens the engines and the inbox, and no doors.
func openForImport(ctx context.Context, c Config, logs io.Writer) (_ *Platform, err error) {
	p := &Platform{config: c, log: newLogger(logs, "error", c.Log.Format)}
	defer func() {
		if err != nil {
			err = errors.Join(err, p.unwind())
		}
	}()
	for _, step := range []func(context.Context) error{p.openData, p.openEngines, p.openInbox} {
		if err := step(ctx); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// here takes files in this process: no aggregator runs.
func (m *importing) here(ctx context.Context, p *Platform, folder string, files []string) error {
	for _, path := range files {
		l, err := inbox.Address(folder, m.province, m.dialect, path)
		if err == nil {
			err = l.Put()
		}
		if err != nil {
			return err
		}
		done := m.tell(l.Name, func() string { return "work" })
		r, err := l.Take(ctx, p.inbox, m.province)
		done()
		if err != nil {
			return fmt.Errorf("%s: %w", l.Name, err)
		}
		m.receipt(l, r.Outcome.Word(), r.Records, r.Accepted, r.Rejected, r.Repeated, "", r.Counts)
	}
	return nil
}

// through waits until the running aggregator has taken the files.
func (m *importing) through(ctx context.Context, folder string, files []string) error {
	var letters []inbox.Letter
	was := map[[16]byte]bool{} // in before
	for _, path := range files {
		l, err := inbox.Address(folder, m.province, m.dialect, path)
		if err != nil {
			return err
		}
		f, known, err := m.look(ctx, l)
		if err != nil {
			return err
		}
		was[l.ID] = was[l.ID] || known && isIn(f)
		if err := l.Put(); err != nil {
			return err
		}
		letters = append(letters, l)
	}
	for _, l := range letters {
		f, err := m.await(ctx, l)
		if err != nil {
			return err
		}
		if isIn(f) && was[l.ID] {
			f.Outcome, f.Accepted, f.Repeated = c3.OutcomeRepeated.Word(), 0, f.Records-f.Rejected
		}
		m.receipt(l, f.Outcome, f.Records, f.Accepted, f.Rejected, f.Repeated, f.Why, f.Counts)
	}
	return nil
}

func isIn(f console.FeedFile) bool {
	return f.Outcome == c3.OutcomeAccepted.Word() || f.Outcome == c3.OutcomePartly.Word()
}

// look asks what is known of a file.
func (m *importing) look(ctx context.Context, l inbox.Letter) (f console.FeedFile, known bool, err error) {
	err = m.call(ctx, http.MethodGet, "/api/v1/feeds/files/"+hex.EncodeToString(l.ID[:]), &f)
	var none *errNotThere
	if errors.As(err, &none) {
		return f, false, nil
	}
	return f, err == nil, err
}

// await looks until a file was dealt with.
func (m *importing) await(ctx context.Context, l inbox.Letter) (f console.FeedFile, err error) {
	defer m.tell(l.Name, l.Where)()
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		if l.Where() == "" {
			if f, known, err := m.look(ctx, l); known || err != nil {
				return f, err
			}
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return f, fmt.Errorf("%s was put in and is not taken yet; look later with: aggregator c3 files", l.Name)
		}
	}
}

// tell says from time to time how far a file is, until done is called.
func (m *importing) tell(name string, where func() string) (done func()) {
	stop, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		began := time.Now()
		tick := time.NewTicker(tellEvery)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				what := "waits its turn"
				if where() == "work" {
					what = "is being taken"
				}
				fmt.Fprintf(m.progress, "%s %s (%v)\n", plain(name), what, time.Since(began).Round(time.Second))
			case <-stop:
				return
			}
		}
	}()
	return func() { close(stop); <-ended }
}

// receipt prints what became of a file.
func (m *importing) receipt(l inbox.Letter, outcome string, records, accepted, rejected, repeated int64, code string, counts map[string]int64) {
	if outcome == c3.OutcomeRefused.Word() || outcome == c3.OutcomeWaiting.Word() {
		m.bad++
	}
	fmt.Fprintf(m.out, "%s %s %s: %s records, %s accepted, %s rejected, %s repeated", hex.EncodeToString(l.ID[:]), plain(l.Name), outcome,
		thousands(records), thousands(accepted), thousands(rejected), thousands(repeated))
	if text := why(code, counts); text != "-" {
		fmt.Fprintf(m.out, " (%s)", text)
	}
	fmt.Fprintln(m.out)
}
