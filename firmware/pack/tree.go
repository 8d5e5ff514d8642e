package pack

import (
	"archive/tar"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
	"time"
)

// Tree is a file tree; paths begin without a slash. The zero value is empty.
// It is not safe for concurrent use.
type Tree struct {
	entries map[string]Entry
}

// Entry is one file, folder or link. It belongs to root.
type Entry struct {
	Path string
	Mode fs.FileMode // type and permissions, setuid and sticky
	Data []byte      // of a regular file
	Link string      // where a symbolic link leads
}

// File adds a regular file in place of what was there. The tree keeps data.
func (t *Tree) File(name string, perm fs.FileMode, data []byte) {
	t.put(Entry{Path: clean(name), Mode: perm.Perm(), Data: data})
}

// Folder adds a folder, or changes the permissions of one.
func (t *Tree) Folder(name string, perm fs.FileMode) {
	t.put(Entry{Path: clean(name), Mode: fs.ModeDir | perm.Perm()})
}

// Symlink adds a link to target.
func (t *Tree) Symlink(name, target string) {
	t.put(Entry{Path: clean(name), Mode: fs.ModeSymlink | 0o777, Link: target})
}

// put adds an entry and, 0755, the folders above it that are not there.
func (t *Tree) put(e Entry) {
	if t.entries == nil {
		t.entries = map[string]Entry{}
	}
	if e.Path == "." {
		return
	}
	t.entries[e.Path] = e
	for dir := path.Dir(e.Path); dir != "."; dir = path.Dir(dir) {
		if _, ok := t.entries[dir]; ok {
			return
		}
		t.entries[dir] = Entry{Path: dir, Mode: fs.ModeDir | 0o755}
	}
}

// Get returns an entry.
func (t *Tree) Get(name string) (Entry, bool) {
	e, ok := t.entries[clean(name)]
	return e, ok
}

// Entries are all of them by path, folders before what they hold.
func (t *Tree) Entries() []Entry {
	all := slices.Collect(maps.Values(t.entries))
	slices.SortFunc(all, func(a, b Entry) int {
		return slices.Compare(strings.Split(a.Path, "/"), strings.Split(b.Path, "/"))
	})
	return all
}

// Over puts another tree over this one: what both have is the other's, but
// folders that are there keep their permissions, and links to folders stay: a
// root where /lib leads to usr/lib takes what comes into /lib there.
func (t *Tree) Over(other *Tree) error {
	for _, e := range other.Entries() {
		p, err := t.resolve(e.Path, e.Mode.IsDir())
		if err != nil {
			return err
		}
		had, ok := t.entries[p]
		switch {
		case ok && had.Mode.IsDir() != e.Mode.IsDir():
			return fmt.Errorf("/%s is a folder in one tree and none in the other", p)
		case ok && had.Mode.IsDir():
		default:
			e.Path = p
			t.put(e)
		}
	}
	return nil
}

// resolve follows links in a path's folders, and if last is set at its end.
func (t *Tree) resolve(p string, last bool) (string, error) {
	done := "."
	parts := strings.Split(p, "/")
	for hops := 0; len(parts) > 0; {
		next := path.Join(done, parts[0])
		e, ok := t.entries[next]
		parts = parts[1:]
		if !ok || e.Mode&fs.ModeSymlink == 0 || len(parts) == 0 && !last {
			done = next
			continue
		}
		if hops++; hops > 20 {
			return "", fmt.Errorf("/%s: the links in it lead in a circle", p)
		}
		target := e.Link
		if !strings.HasPrefix(target, "/") {
			target = path.Join("/", path.Dir(next), target)
		}
		done, parts = ".", append(strings.Split(clean(target), "/"), parts...)
	}
	return done, nil
}

// ReadTar takes in a root file system as a tar. What boxes' roots do not need of
// a tar (devices, hard links) is refused by name.
func ReadTar(r io.Reader) (*Tree, error) {
	t := &Tree{entries: map[string]Entry{}}
	for in := tar.NewReader(r); ; {
		h, err := in.Next()
		if errors.Is(err, io.EOF) {
			return t, nil
		}
		if err != nil {
			return nil, err
		}
		e := Entry{Path: clean(h.Name), Mode: h.FileInfo().Mode(), Link: h.Linkname}
		switch h.Typeflag {
		case tar.TypeReg:
			if e.Data, err = io.ReadAll(in); err != nil {
				return nil, fmt.Errorf("%s: %w", h.Name, err)
			}
		case tar.TypeDir, tar.TypeSymlink:
		default:
			return nil, fmt.Errorf("%s is neither file, folder nor symbolic link; leave it out, devtmpfs makes devices", h.Name)
		}
		t.put(e)
	}
}

// Tar writes the tree; folder names end with a slash, every name begins with before.
func (t *Tree) Tar(w io.Writer, before string, at time.Time) error {
	out := tar.NewWriter(w)
	for _, e := range t.Entries() {
		h := &tar.Header{Name: before + e.Path, Mode: unixMode(e.Mode) & 0o7777, ModTime: at.Truncate(time.Second), Format: tar.FormatGNU, Typeflag: tar.TypeReg, Size: int64(len(e.Data))}
		switch {
		case e.Mode.IsDir():
			h.Typeflag, h.Name = tar.TypeDir, h.Name+"/"
		case e.Mode&fs.ModeSymlink != 0:
			h.Typeflag, h.Linkname = tar.TypeSymlink, e.Link
		}
		if err := out.WriteHeader(h); err != nil {
			return fmt.Errorf("%s: %w", e.Path, err)
		}
		if _, err := out.Write(e.Data); err != nil {
			return fmt.Errorf("%s: %w", e.Path, err)
		}
	}
	return out.Close()
}

// unixMode is a mode as kernels have it.
func unixMode(m fs.FileMode) int64 {
	u := int64(m.Perm())
	switch {
	case m.IsDir():
		u |= 0o040000
	case m&fs.ModeSymlink != 0:
		u |= 0o120000
	default:
		u |= 0o100000
	}
	for _, b := range []struct {
		m fs.FileMode
		u int64
	}{{fs.ModeSetuid, 0o4000}, {fs.ModeSetgid, 0o2000}, {fs.ModeSticky, 0o1000}} {
		if m&b.m != 0 {
			u |= b.u
		}
	}
	return u
}

// clean makes a path relative: archives are unpacked at a root.
func clean(name string) string {
	if name = path.Clean("/" + name)[1:]; name == "" {
		return "."
	}
	return name
}
