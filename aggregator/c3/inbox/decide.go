package inbox

import (
	"context"
	"os"
	"path/filepath"

	"iptvdc/aggregator"
	"iptvdc/aggregator/c3"
	"iptvdc/aggregator/c3/dialect"
	"iptvdc/aggregator/store"
)

// decide does with a waiting file what an operator says. A crash on the way
// leaves the file waiting, or in.
func (i *Inbox) decide(ctx context.Context, p aggregator.Province, id [16]byte, release bool) (c3.Receipt, error) {
	none := &aggregator.Error{Code: "not_found", Message: "No file of that id waits for a decision."}
	d, err := i.desk(p)
	if err != nil {
		return c3.Receipt{}, none
	}
	dia, err := i.dialect(p)
	if err != nil {
		return c3.Receipt{}, &aggregator.Error{Code: "bad_dialect", Message: "The province's dialect cannot be read: " + err.Error()}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	rows, err := i.cfg.Store.Taken(ctx, [][16]byte{id})
	if err != nil {
		return c3.Receipt{}, err
	}
	if len(rows) != 1 || rows[0].Outcome != c3.OutcomeWaiting || rows[0].Province != p {
		return c3.Receipt{}, none
	}
	files, err := d.waiting(dia, &rows[0])
	if err != nil {
		return c3.Receipt{}, err
	}
	if len(files) == 0 {
		return c3.Receipt{}, &aggregator.Error{Code: "not_found", Message: "The file " + rows[0].Name + " is no longer in the folder waiting; put it into in again."}
	}
	var r c3.Receipt
	for n, a := range files {
		defer a.close()
		a.wide = release
		if err := d.correct(ctx, a); err != nil {
			return r, err
		}
		if err := d.claim(a); err != nil {
			return r, err
		}
		var one c3.Receipt
		if release {
			one, err = d.work(ctx, a)
		} else {
			one, err = d.refused(ctx, a, refusal(c3.FaultRejected, "An operator looked at the file and refused it."))
		}
		if err != nil {
			return r, err
		}
		if n == 0 { // the others are the same file, sent again
			r = one
		}
	}
	return r, nil
}

// waiting finds a waiting file by what was kept of it.
func (d *desk) waiting(dia *dialect.Dialect, row *store.FileRow) ([]*arrival, error) {
	found, err := os.ReadDir(d.folder(waitingDir))
	if err != nil {
		return nil, err
	}
	var all []*arrival
	for _, f := range found {
		info, err := f.Info()
		if err != nil || !info.Mode().IsRegular() || info.Size() != row.Bytes {
			continue
		}
		a := &arrival{name: f.Name(), path: filepath.Join(d.folder(waitingDir), f.Name()), info: info, atMs: d.inbox.cfg.Now().UnixMilli()}
		if len(f.Name()) > len(row.Name) && f.Name()[:len(row.Name)] == row.Name {
			a.name = row.Name // what was put beside another of its name
		}
		if err := d.identify(dia, a); (err == nil || isFault(err)) && a.files[0].ID == row.ID {
			all = append(all, a)
			continue
		}
		a.close()
	}
	return all, nil
}
