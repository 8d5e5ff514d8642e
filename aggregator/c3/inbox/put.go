package inbox

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"iptvdc/aggregator"
	"iptvdc/aggregator/c3"
	"iptvdc/aggregator/c3/dialect"
)

// Letter is a file that is put into a province's in folder.
type Letter struct {
	ID   [16]byte // under which it will be kept
	Feed c3.Feed
	Name string

	from, to string // where it lies, and where until it is taken
	manifest string // name of it; "": none is wanted
	dir      string // of the province
}

// Address finds out what a file is, before it is put in. dia may be nil.
func Address(folder string, p aggregator.Province, dia *dialect.Dialect, path string) (Letter, error) {
	i := &Inbox{cfg: Config{Folder: folder, MaxBytes: 1 << 62}}
	d := newDesk(i, p)
	info, err := os.Lstat(path)
	if err != nil {
		return Letter{}, err
	}
	if !info.Mode().IsRegular() {
		return Letter{}, fmt.Errorf("%s is no regular file", path)
	}
	l := Letter{Name: filepath.Base(path), dir: d.folder(), from: path}
	l.to = d.folder(inDir, l.Name)
	a := &arrival{name: l.Name, path: path, info: info, atMs: 1 << 62}
	defer a.close()
	if err := d.identify(dia, a); err != nil && !isFault(err) {
		return l, err
	}
	l.ID, l.Feed = a.files[0].ID, a.feed()
	if a.dialect != nil && a.dialect.Manifest != "" {
		l.manifest, err = a.dialect.ManifestName(a.inner)
	}
	return l, err
}

// Put copies the file, and the manifest that lies beside it if its dialect wants
// one, into the province's in folder, as a sender would: the inbox of that folder,
// in whatever process it runs, takes it from there.
func (l Letter) Put() error {
	in := filepath.Dir(l.to)
	if _, err := os.Lstat(l.to); err == nil {
		return fmt.Errorf("%s lies in the folder of incoming files already; wait until it is taken", l.Name)
	}
	if err := os.MkdirAll(in, 0o700); err != nil {
		return err
	}
	if l.manifest != "" {
		if err := copyFile(filepath.Join(filepath.Dir(l.from), l.manifest), filepath.Join(in, l.manifest)); err != nil {
			return fmt.Errorf("the dialect wants a manifest beside the file: %w", err)
		}
	}
	return copyFile(l.from, l.to)
}

// Where is where the file is by now: in, work, or "" once it was dealt with.
func (l Letter) Where() string {
	if _, err := os.Lstat(l.to); err == nil {
		return inDir
	}
	if _, err := os.Lstat(filepath.Join(l.dir, workDir, hex.EncodeToString(l.ID[:]), l.Name)); err == nil {
		return workDir
	}
	return ""
}

// Take takes a file that was put, in this process.
func (l Letter) Take(ctx context.Context, i *Inbox, p aggregator.Province) (c3.Receipt, error) {
	return i.Take(ctx, p, l.to)
}

// copyFile copies a file whole: under a name that is not looked at, then renamed.
// It keeps the time of its making, by which versions are told apart.
func copyFile(from, to string) (err error) {
	in, info, err := open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	part := filepath.Join(filepath.Dir(to), "."+shorten(filepath.Base(to))+".part")
	out, err := os.OpenFile(part, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	err = errors.Join(err, out.Sync(), out.Close())
	if err == nil {
		err = os.Chtimes(part, info.ModTime(), info.ModTime())
	}
	if err == nil {
		err = os.Rename(part, to)
	}
	if err != nil {
		return errors.Join(err, os.Remove(part))
	}
	return nil
}
