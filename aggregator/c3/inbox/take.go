package inbox

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"iptvdc/aggregator"
	"iptvdc/aggregator/c3"
	"iptvdc/aggregator/c3/dialect"
	"iptvdc/aggregator/store"
)

// receive takes one file that lies in in: it is told apart, claimed, read,
// committed, answered and put away, in this order. A crash between any two of
// these is gone on from at the next start; see DESIGN.md. now: whoever asks does
// not wait for a manifest.
func (d *desk) receive(ctx context.Context, dia *dialect.Dialect, f found, now bool) (c3.Receipt, error) {
	a := &arrival{name: f.name(), path: f.path, info: f.info, atMs: d.inbox.cfg.Now().UnixMilli()}
	defer a.close()
	err := d.announce(dia, a, now)
	if err == nil {
		err = d.identify(dia, a)
	} else if ierr := d.identify(dia, a); !isFault(ierr) && ierr != nil {
		err = ierr
	}
	if err != nil {
		return d.refused(ctx, a, err)
	}
	was, err := d.inbox.cfg.Store.Taken(ctx, ids(a.files))
	if err != nil {
		return c3.Receipt{}, err
	}
	if r, in := repeated(a, was); in {
		if err := d.unchanged(a); err != nil {
			return c3.Receipt{}, err
		}
		return r, d.finish(a, r)
	}
	if err := d.correct(ctx, a); err != nil {
		return c3.Receipt{}, err
	}
	if err := d.claim(a); err != nil {
		return c3.Receipt{}, err
	}
	return d.work(ctx, a)
}

// announce finds what a manifest says of a file. That there is none and it is
// waited for no longer refuses the file.
func (d *desk) announce(dia *dialect.Dialect, a *arrival, now bool) error {
	if dia == nil {
		return nil
	}
	inner, _ := unpacked(a.name)
	feed, _, ok := dia.Match(inner)
	if !ok || feed.Manifest == "" {
		return nil
	}
	var fault *c3.Fault
	a.announced, a.inside, fault = d.manifests.of(a.name, inner)
	switch {
	case fault != nil:
		return &faultError{*fault}
	case a.announced == nil && now:
		return refusal(c3.FaultManifest, "There is no manifest that announces it.")
	case a.announced == nil:
		return refusal(c3.FaultManifest, "No manifest that announces it came within %v.", d.inbox.cfg.ManifestGrace)
	}
	return nil
}

func isFault(err error) bool {
	var bad *faultError
	return errors.As(err, &bad)
}

func ids(files []store.File) [][16]byte {
	all := make([][16]byte, len(files))
	for i, f := range files {
		all[i] = f.ID
	}
	return all
}

// repeated is the receipt of a file all of which is in.
func repeated(a *arrival, was []store.FileRow) (c3.Receipt, bool) {
	in := 0
	r := c3.Receipt{Province: a.files[0].Province, Feed: a.feed(), File: shown(a.name), Day: a.files[0].Day, Outcome: c3.OutcomeRepeated}
	for i := range was {
		if w := &was[i]; w.In() {
			in++
			r.Records += w.Records
			r.Rejected += w.Rejected
			r.Repeated += w.Records - w.Rejected
			if w.Feed == r.Feed {
				r.Day = w.Day
			}
		}
	}
	return r, in == len(a.files)
}

// correct makes a file that comes again under its name with other content the
// later of the two.
func (d *desk) correct(ctx context.Context, a *arrival) error {
	for i := range a.files {
		f := &a.files[i]
		rows, err := d.inbox.cfg.Store.Files(ctx, store.FileQuery{
			Scope: aggregator.Scope{Provinces: []aggregator.Province{d.province}}, Feed: f.Feed, From: f.Day, To: f.Day,
		})
		if err != nil {
			return err
		}
		for _, r := range rows {
			if r.Name == f.Name && r.In() && r.VersionMs >= f.VersionMs {
				f.VersionMs = r.VersionMs + 1
			}
		}
	}
	return nil
}

// unchanged reports whether the file is still the one that was read.
func (d *desk) unchanged(a *arrival) error {
	now, err := a.file.Stat()
	if err != nil {
		return err
	}
	if now.Size() != a.info.Size() || !now.ModTime().Equal(a.info.ModTime()) {
		return errChanged
	}
	return nil
}

// claim moves a file out of the senders' reach. From here on a crash is gone on
// from: what lies in work was no repeat when it came, so if it is in then, its
// receipt is still owed.
func (d *desk) claim(a *arrival) error {
	folder := d.folder(workDir, hex.EncodeToString(a.files[0].ID[:]))
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	to := filepath.Join(folder, a.name)
	if err := d.inbox.disk.Rename(a.path, to); err != nil {
		return err
	}
	from := a.path
	a.path = to
	return errors.Join(syncDir(folder), syncDir(d.folder(workDir)), syncDir(d.folder()), syncDir(filepath.Dir(from)))
}

// resume goes on with what lies in work.
func (d *desk) resume(ctx context.Context, dia *dialect.Dialect) {
	for _, f := range d.inWork() {
		d.try(f.path, func() error {
			a := &arrival{name: f.name(), path: f.path, info: f.info, atMs: d.inbox.cfg.Now().UnixMilli()}
			defer a.close()
			err := d.announce(dia, a, false)
			if ierr := d.identify(dia, a); err == nil || ierr != nil && !isFault(ierr) {
				err = ierr
			}
			if err != nil {
				_, err := d.refused(ctx, a, err)
				return err
			}
			if err := d.correct(ctx, a); err != nil {
				return err
			}
			_, err = d.work(ctx, a)
			return err
		})
	}
}

// inWork lists what was claimed, and takes away empty folders.
func (d *desk) inWork() (all []found) {
	folders, _ := os.ReadDir(d.folder(workDir)) // mostly there is none
	for _, w := range folders {
		path := d.folder(workDir, w.Name())
		files, err := os.ReadDir(path)
		if err == nil && len(files) == 0 {
			_ = os.Remove(path) // if it fails it is tried again
		}
		for _, f := range files {
			if info, err := f.Info(); err == nil && !f.IsDir() {
				all = append(all, found{filepath.Join(path, f.Name()), info})
			}
		}
	}
	return all
}

// work imports a claimed file, answers it and puts it away.
func (d *desk) work(ctx context.Context, a *arrival) (c3.Receipt, error) {
	rows, err := d.inbox.cfg.Store.Taken(ctx, ids(a.files))
	if err != nil {
		return c3.Receipt{}, err
	}
	if _, in := repeated(a, rows); !in {
		rows, err = d.load(ctx, a)
	}
	if err != nil {
		if errors.Is(err, errChanged) {
			return c3.Receipt{}, errors.Join(err, d.giveBack(a))
		}
		return d.refused(ctx, a, err)
	}
	r, err := d.receipt(ctx, a, rows)
	if err != nil {
		return r, err
	}
	return r, d.finish(a, r)
}

// giveBack puts a file that is still being written back where it came from.
func (d *desk) giveBack(a *arrival) error {
	to := d.folder(inDir, a.name)
	if _, err := os.Lstat(to); err == nil {
		return fmt.Errorf("%s came again while it was read", shown(a.name))
	}
	return d.inbox.disk.Rename(a.path, to)
}

// receipt puts together what became of a file.
func (d *desk) receipt(ctx context.Context, a *arrival, rows []store.FileRow) (c3.Receipt, error) {
	r := c3.Receipt{Province: d.province, Feed: a.feed(), File: shown(a.name), Day: a.files[0].Day, Outcome: rows[0].Outcome, Counts: map[string]int64{}}
	for _, row := range rows {
		r.Outcome = worse(r.Outcome, row.Outcome)
		r.Records += row.Records
		r.Accepted += row.Accepted
		r.Rejected += row.Rejected
		r.Repeated += row.Repeated
		for code, n := range row.Counts {
			r.Counts[code] += n
		}
		faults, err := d.inbox.cfg.Store.Faults(ctx, row.ID, 0, c3.MaxFaults-len(r.Faults))
		if err != nil {
			return r, err
		}
		if len(r.Faults) < c3.MaxFaults {
			r.Faults = append(r.Faults, faults...)
		}
	}
	return r, nil
}

// worse is the outcome of a file of two kinds of rows.
func worse(a, b c3.Outcome) c3.Outcome {
	rank := [...]int{c3.OutcomeRepeated: 1, c3.OutcomeAccepted: 2, c3.OutcomePartly: 3, c3.OutcomeWaiting: 4, c3.OutcomeRefused: 5}
	if rank[b] > rank[a] {
		return b
	}
	return a
}

// refused keeps and answers that a file is not taken, if err says that it is the
// file's fault; an error of ours comes back as it is.
func (d *desk) refused(ctx context.Context, a *arrival, err error) (c3.Receipt, error) {
	r := c3.Receipt{Province: d.province, Feed: a.feed(), File: shown(a.name), Day: a.files[0].Day, Outcome: c3.OutcomeRefused}
	var bad *faultError
	switch {
	case errors.As(err, &bad):
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.ELOOP):
		bad = &faultError{c3.Fault{Code: c3.FaultUnreadable, Text: "It cannot be opened: " + reason(err) + "."}}
	default:
		return r, err
	}
	r.Faults = []c3.Fault{bad.fault}
	r.Counts = map[string]int64{bad.fault.Code: 1}
	if bad.fault.Code == c3.FaultShrunk {
		r.Outcome = c3.OutcomeWaiting
	}
	if a.files[0].Day == 0 {
		a.files[0].Day = aggregator.DayOf(a.atMs)
		r.Day = a.files[0].Day
	}
	if err := d.inbox.cfg.Store.Note(ctx, a.files[0], r); err != nil {
		return r, err
	}
	return r, d.finish(a, r)
}

// reason is why the system refused something, without the path.
func reason(err error) string {
	var at *fs.PathError
	if errors.As(err, &at) {
		return at.Err.Error()
	}
	return err.Error()
}

// finish writes the receipt, then puts the file away.
func (d *desk) finish(a *arrival, r c3.Receipt) error {
	if err := d.answer(a, &r); err != nil {
		return err
	}
	folder := refusedDir
	switch r.Outcome {
	case c3.OutcomeAccepted, c3.OutcomePartly, c3.OutcomeRepeated:
		folder = filepath.Join(doneDir, r.Day.String())
	case c3.OutcomeWaiting:
		folder = waitingDir
	}
	from := filepath.Dir(a.path)
	if err := d.move(a.path, folder, a.name, a.files[0].ID); err != nil {
		return err
	}
	if filepath.Dir(from) == d.folder(workDir) {
		_ = os.Remove(from) // empty; else the next pass does
	}
	d.dealt = true
	d.inbox.stats.count(d.inbox.cfg.Now(), &r)
	log := d.inbox.cfg.Log.Info
	if r.Outcome == c3.OutcomeRefused || r.Outcome == c3.OutcomeWaiting {
		log = d.inbox.cfg.Log.Warn
	}
	log("a province's file", "province", d.province, "feed", r.Feed.Word(), "file", r.File, "day", r.Day, "outcome", r.Outcome.Word(),
		"records", r.Records, "accepted", r.Accepted, "rejected", r.Rejected, "repeated", r.Repeated, "why", whole(r.Faults))
	if d.inbox.cfg.Taken != nil {
		d.inbox.cfg.Taken(r)
	}
	return nil
}

// whole is what is wrong with a file as a whole. Texts of records could quote
// people; those of files do not.
func whole(faults []c3.Fault) string {
	for _, f := range faults {
		if f.Line == 0 {
			return f.Code + ": " + f.Text
		}
	}
	return ""
}

// answer writes the receipt.
func (d *desk) answer(a *arrival, r *c3.Receipt) error {
	path, text, err := d.compose(a, r)
	if err != nil || path == "" {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	return d.inbox.disk.WriteFile(path, text)
}
