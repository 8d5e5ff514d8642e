package inbox

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"unicode"
	"unicode/utf8"
)

// What lies in a province's folder.
const (
	inDir       = "in"       // what came
	workDir     = "work"     // what is being taken, each in a folder named by its id
	doneDir     = "done"     // what is in, by its day
	refusedDir  = "refused"  // what is not
	waitingDir  = "waiting"  // what an operator must decide on
	receiptsDir = "receipts" // answers
	responseDir = "response" // answers of style rsp, in right, semiwrong and bad
)

// dialectsDir holds the operator's dialects, beside the provinces.
const dialectsDir = "dialects"

const (
	// maxDepth is how many folders deep in may be.
	maxDepth = 8
	// maxName is the longest name of a file that is read: its receipt has a
	// longer one.
	maxName = 200
	// maxListed bounds how many files of a folder are looked at in one pass.
	maxListed = 100_000
)

// found is something that lies in a folder.
type found struct {
	path string
	info fs.FileInfo
}

func (f found) name() string { return filepath.Base(f.path) }

// list finds what lies below in, but for what is still on its way. deep is how
// many folders were too deep to be looked into.
func list(root string) (all []found, deep int, err error) {
	err = filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		switch {
		case err != nil && path == root:
			return err
		case err != nil:
			return nil // it went away, or cannot be entered
		case path == root:
			return nil
		case onItsWay(e.Name()):
			if e.IsDir() {
				return fs.SkipDir
			}
			return nil
		case e.IsDir():
			if rel, _ := filepath.Rel(root, path); strings.Count(rel, string(filepath.Separator)) >= maxDepth {
				deep++
				return fs.SkipDir
			}
			return nil
		case len(all) == maxListed:
			return fs.SkipAll
		}
		if info, err := e.Info(); err == nil { // of a link: of the link itself
			all = append(all, found{path, info})
		}
		return nil
	})
	return all, deep, err
}

// onItsWay reports whether a name is that of a file still being written.
func onItsWay(name string) bool {
	low := strings.ToLower(name)
	return strings.HasPrefix(name, ".") || strings.HasSuffix(low, ".tmp") || strings.HasSuffix(low, ".part")
}

// shown is a name as it can be stored and printed.
func shown(name string) string {
	name = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return '?'
		}
		return r
	}, strings.ToValidUTF8(name, "?"))
	return shorten(name)
}

// shorten cuts a name to maxName, so that different names stay different.
func shorten(name string) string {
	if len(name) <= maxName {
		return name
	}
	sum := sha256.Sum256([]byte(name))
	cut := name[:maxName-20]
	for !utf8.ValidString(cut) && len(cut) > 0 {
		cut = cut[:len(cut)-1]
	}
	return cut + "~" + hex.EncodeToString(sum[:8])
}

// move puts a file into a folder of the province, beside what has the same name.
func (d *desk) move(from, folder, name string, id [16]byte) error {
	to := filepath.Join(d.folder(folder), name)
	if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
		return err
	}
	if _, err := os.Lstat(to); err == nil {
		// The very same content under the very same name may be replaced.
		to = filepath.Join(filepath.Dir(to), shorten(name)+"."+hex.EncodeToString(id[:4]))
	}
	return d.inbox.disk.Rename(from, to)
}

func (d *desk) folder(parts ...string) string {
	return filepath.Join(append([]string{d.inbox.cfg.Folder, d.province.String()}, parts...)...)
}

// syncDir makes what was renamed into or out of a folder last.
func syncDir(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
