package inbox

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"iptvdc/aggregator"
	"iptvdc/aggregator/c3/dialect"
)

// desk takes one province's files, one after the other. What goes wrong here
// stops no other province.
type desk struct {
	inbox    *Inbox
	province aggregator.Province
	busy     atomic.Bool // Run's pass is under way

	mu        sync.Mutex // one file at a time
	seen      map[string]sighting
	later     map[string]retry
	manifests manifests
	dealt     bool // a file was put away, and perhaps its manifest may be
	deep      int  // folders too deep, told once
}

// sighting is how a file looked, and since when.
type sighting struct {
	size    int64
	changed time.Time
	since   time.Time
}

// retry is when to try again what failed for a reason of ours.
type retry struct {
	at   time.Time
	wait time.Duration
}

func newDesk(i *Inbox, p aggregator.Province) *desk {
	return &desk{inbox: i, province: p, seen: map[string]sighting{}, later: map[string]retry{}, dealt: true}
}

// pass goes on with what was interrupted, then takes what is complete. A file
// that fails is left for later and the next one taken.
func (d *desk) pass(ctx context.Context) {
	d.mu.Lock()
	defer d.mu.Unlock()
	dia, err := d.inbox.dialect(d.province)
	if err != nil || ctx.Err() != nil {
		return // it was logged when the dialects were read
	}
	d.manifests = d.findManifests(dia)
	d.resume(ctx, dia)
	files, deep, err := list(d.folder(inDir))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		d.inbox.cfg.Log.Error("a folder of incoming files cannot be read", "province", d.province, "error", err)
	}
	if deep > d.deep {
		d.inbox.cfg.Log.Warn("folders lie too deep and are not looked into", "province", d.province, "folders", deep, "deepest", maxDepth)
	}
	d.deep = deep
	d.forget(files)
	var ready []found
	for _, f := range files {
		// What has a manifest's name and is no file is not read as one either; it is
		// refused, so that somebody hears of it.
		if dia != nil && f.info.Mode().IsRegular() {
			if _, _, is := dia.MatchManifest(f.name()); is {
				continue
			}
		}
		if d.ready(dia, f) {
			ready = append(ready, f)
		}
	}
	order(dia, ready)
	for _, f := range ready {
		if ctx.Err() != nil {
			return
		}
		d.try(f.path, func() error {
			_, err := d.receive(ctx, dia, f, false)
			return err
		})
	}
	if d.dealt {
		d.spend(dia)
		d.dealt = false
	}
}

// try does something with a file unless it failed lately.
func (d *desk) try(path string, f func() error) {
	now := d.inbox.cfg.Now()
	was := d.later[path]
	if now.Before(was.at) {
		return
	}
	err := f()
	switch {
	case err == nil:
		delete(d.later, path)
	case errors.Is(err, context.Canceled):
	case errors.Is(err, errChanged):
		delete(d.seen, path) // it must settle again
	default:
		wait := min(max(2*was.wait, time.Second), maxRetry)
		d.later[path] = retry{now.Add(wait), wait}
		d.inbox.stats.failed(d.province)
		d.inbox.cfg.Log.Error("a province's file could not be taken and is tried again", "province", d.province, "file", shown(filepath.Base(path)), "in", wait, "error", err)
	}
}

// forget drops what is known of files that are gone.
func (d *desk) forget(files []found) {
	here := make(map[string]bool, len(files))
	for _, f := range files {
		here[f.path] = true
	}
	maps.DeleteFunc(d.seen, func(path string, _ sighting) bool { return !here[path] })
	maps.DeleteFunc(d.later, func(path string, _ retry) bool {
		_, err := os.Lstat(path)
		return !here[path] && err != nil
	})
}

// order puts files in the order in which they were made, as far as names tell,
// so that a day's file is compared with the day's before it.
func order(dia *dialect.Dialect, files []found) {
	made := func(f found) int64 {
		if dia != nil {
			name, _ := unpacked(f.name())
			if _, parts, ok := dia.Match(name); ok {
				if ms := versionOfName(parts); ms != 0 {
					return ms
				}
			}
		}
		return f.info.ModTime().UnixMilli()
	}
	at := make(map[string]int64, len(files))
	for _, f := range files {
		at[f.path] = made(f)
	}
	slices.SortFunc(files, func(a, b found) int {
		return cmp.Or(cmp.Compare(at[a.path], at[b.path]), cmp.Compare(a.path, b.path))
	})
}

// ready reports whether a file is complete: its manifest is there and agrees
// with its size, or it has not changed for Settle. Whether a manifest that is
// missing is waited for is said when it is received.
func (d *desk) ready(dia *dialect.Dialect, f found) bool {
	now := d.inbox.cfg.Now()
	was, known := d.seen[f.path]
	if !known || was.size != f.info.Size() || !was.changed.Equal(f.info.ModTime()) {
		was = sighting{f.info.Size(), f.info.ModTime(), now}
		d.seen[f.path] = was
	}
	quiet := now.Sub(was.since)
	if dia == nil {
		return quiet >= d.inbox.cfg.Settle
	}
	name, _ := unpacked(f.name())
	feed, _, ok := dia.Match(name)
	if !ok || feed.Manifest == "" {
		return quiet >= d.inbox.cfg.Settle
	}
	if e, _, fault := d.manifests.of(f.name(), name); fault == nil && e != nil {
		return e.Bytes == f.info.Size() || quiet >= d.inbox.cfg.Settle
	} else if fault != nil {
		return quiet >= d.inbox.cfg.Settle
	}
	return quiet >= d.inbox.cfg.ManifestGrace
}
