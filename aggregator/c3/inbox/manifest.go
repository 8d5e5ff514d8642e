package inbox

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"iptvdc/aggregator/c3"
	"iptvdc/aggregator/c3/dialect"
)

// maxManifest is the largest manifest in bytes.
const maxManifest = 16 << 20

// manifests are what was announced, by the names of data files.
type manifests struct {
	entries map[string]*dialect.Entry
	// faults are what is wrong with manifests, by the data file where the
	// manifest's name tells it.
	faults map[string]*c3.Fault
	files  []manifestFile
}

type manifestFile struct {
	path  string
	since time.Time // when it came
	names []string  // of data files
}

// of is what was announced of a file, under its name as it lies or unpacked, and
// whether that is of the unpacked content.
func (m *manifests) of(name, inner string) (e *dialect.Entry, unpacked bool, fault *c3.Fault) {
	for _, n := range []string{name, inner} {
		if f := m.faults[n]; f != nil {
			return nil, false, f
		}
		if e := m.entries[n]; e != nil {
			return e, n != name, nil
		}
	}
	return nil, false, nil
}

// findManifests reads the manifests that lie in the province's folder.
func (d *desk) findManifests(dia *dialect.Dialect) manifests {
	m := manifests{entries: map[string]*dialect.Entry{}, faults: map[string]*c3.Fault{}}
	if dia == nil {
		return m
	}
	files, _, err := list(d.folder(inDir))
	if err != nil {
		return m // the pass that lists data files tells
	}
	for _, f := range files {
		feed, data, is := dia.MatchManifest(f.name())
		if !is || !f.info.Mode().IsRegular() {
			continue
		}
		entries, fault, err := d.readManifest(f, feed, data)
		if err != nil {
			continue // it is still being written, or went away
		}
		own := manifestFile{path: f.path, since: Moved(f.info)}
		if fault != nil && data != "" {
			m.faults[data] = fault
			own.names = []string{data}
		}
		for i := range entries {
			m.entries[entries[i].Name] = &entries[i]
			own.names = append(own.names, entries[i].Name)
		}
		m.files = append(m.files, own)
	}
	return m
}

func (d *desk) readManifest(f found, feed *dialect.Feed, data string) ([]dialect.Entry, *c3.Fault, error) {
	if f.info.Size() > maxManifest {
		return nil, &c3.Fault{Code: c3.FaultTooLarge, Text: "The manifest is larger than 16 MB."}, nil
	}
	r, _, err := open(f.path)
	if err != nil {
		return nil, nil, err
	}
	entries, fault, err := feed.ReadManifest(r, data)
	return entries, fault, errors.Join(err, r.Close())
}

// spend puts manifests away whose files have all been dealt with. One that
// announces a file still to come stays.
func (d *desk) spend(dia *dialect.Dialect) {
	if dia == nil {
		return
	}
	for _, m := range d.manifests.files {
		dealt := len(m.names) > 0
		for _, name := range m.names {
			dealt = dealt && d.dealtWith(name, m.since)
		}
		if !dealt {
			continue
		}
		if err := d.move(m.path, filepath.Join(doneDir, manifestsDir), filepath.Base(m.path), [16]byte{}); err != nil && !errors.Is(err, fs.ErrNotExist) {
			d.inbox.cfg.Log.Error("a manifest could not be put away", "province", d.province, "error", err)
		}
	}
}

// manifestsDir holds spent manifests, in done.
const manifestsDir = "manifests"

// dealtWith reports whether a file of that name was put somewhere since then, and
// none lies in in or work. One that was dealt with before is another file: the
// manifest announces that it is sent again.
func (d *desk) dealtWith(name string, since time.Time) bool {
	for _, pattern := range []string{
		d.folder(inDir, globbed(name)), d.folder(inDir, "*", globbed(name)), d.folder(inDir, "*", "*", globbed(name)),
		d.folder(inDir, globbed(name)+".gz"), d.folder(inDir, globbed(name)+".zip"), d.folder(workDir, "*", globbed(name)+"*"),
	} {
		if all, _ := filepath.Glob(pattern); len(all) > 0 {
			return false
		}
	}
	for _, pattern := range []string{d.folder(doneDir, "*", globbed(name)+"*"), d.folder(refusedDir, globbed(name)+"*"), d.folder(waitingDir, globbed(name)+"*")} {
		all, _ := filepath.Glob(pattern)
		for _, path := range all {
			if info, err := os.Lstat(path); err == nil && !Moved(info).Before(since) {
				return true
			}
		}
	}
	return false
}

// Moved is when a file was last written, renamed or otherwise changed: since when it
// lies where it is, whatever time its sender gave it.
func Moved(info fs.FileInfo) time.Time {
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		return time.Unix(st.Ctim.Unix())
	}
	return info.ModTime()
}

// globbed is a name as a pattern that matches it alone.
func globbed(name string) string {
	var b []byte
	for i := range len(name) {
		if c := name[i]; c == '*' || c == '?' || c == '[' || c == '\\' {
			b = append(b, '\\')
		}
		b = append(b, name[i])
	}
	return string(b)
}
