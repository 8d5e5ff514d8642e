package inbox

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"iptvdc/aggregator"
	"iptvdc/aggregator/c3/dialect"
)

// dialects are how provinces write, as the operator's folder and this program
// have it.
type dialects struct {
	state string // of the folder when they were read
	of    map[aggregator.Province]*dialect.Dialect
	own   map[aggregator.Province]bool // from the operator's folder
	bad   map[aggregator.Province]error
	other []error // of files whose province is not known
}

// Dialects reads how provinces write: the ready dialects, and over them those in
// folder, each in a file of its own. bad has those that cannot be read by
// province, 0 where not even that is known.
func Dialects(folder string) (of map[aggregator.Province]*dialect.Dialect, bad map[aggregator.Province]error, err error) {
	d, err := readDialects(folder)
	if len(d.other) > 0 {
		d.bad[0] = errors.Join(d.other...)
	}
	return d.of, d.bad, err
}

func readDialects(folder string) (dialects, error) {
	all := dialects{of: map[aggregator.Province]*dialect.Dialect{}, own: map[aggregator.Province]bool{}, bad: map[aggregator.Province]error{}}
	for _, name := range dialect.Ready() {
		d, err := dialect.LoadReady(name)
		if err != nil {
			return all, err
		}
		if d.Province != 0 {
			all.of[d.Province] = d
		}
	}
	files, err := os.ReadDir(folder)
	if errors.Is(err, fs.ErrNotExist) {
		return all, nil
	}
	if err != nil {
		return all, fmt.Errorf("dialects: %w", err)
	}
	from := map[aggregator.Province]string{}
	for _, f := range files {
		if ext := filepath.Ext(f.Name()); ext != ".yaml" && ext != ".yml" || strings.HasPrefix(f.Name(), ".") {
			continue
		}
		d, err := readDialect(filepath.Join(folder, f.Name()))
		switch {
		case d == nil:
			p, perr := aggregator.ParseProvince(strings.TrimSuffix(f.Name(), filepath.Ext(f.Name())))
			if perr != nil {
				all.other = append(all.other, err)
				continue
			}
			all.bad[p] = err
			delete(all.of, p)
		case d.Province == 0:
			all.other = append(all.other, fmt.Errorf("%s: names no province; add a line such as: province: \"33\"", f.Name()))
		case from[d.Province] != "":
			all.bad[d.Province] = fmt.Errorf("%s and %s are both for province %s; keep one", from[d.Province], f.Name(), d.Province)
			delete(all.of, d.Province)
		case all.bad[d.Province] == nil:
			from[d.Province] = f.Name()
			all.of[d.Province], all.own[d.Province] = d, true
		}
	}
	return all, nil
}

func readDialect(path string) (*dialect.Dialect, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	d, err := dialect.Compile(text)
	if err != nil {
		return nil, fmt.Errorf("%s:\n%w", filepath.Base(path), err)
	}
	return d, nil
}

// folderState changes whenever a file of the folder does.
func folderState(folder string) string {
	files, _ := os.ReadDir(folder) // without it there are the ready ones
	var all []string
	for _, f := range files {
		if info, err := f.Info(); err == nil {
			all = append(all, fmt.Sprint(f.Name(), info.Size(), info.ModTime().UnixNano()))
		}
	}
	slices.Sort(all)
	return strings.Join(all, "\n")
}

// refresh reads the dialects anew if they changed.
func (i *Inbox) refresh() {
	folder := filepath.Join(i.cfg.Folder, dialectsDir)
	state := folderState(folder)
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.dialects.of != nil && i.dialects.state == state {
		return
	}
	read, err := readDialects(folder)
	if err != nil {
		i.cfg.Log.Error("dialects cannot be read; those known before hold", "error", err)
		if i.dialects.of != nil {
			return
		}
	}
	for p, err := range read.bad {
		i.cfg.Log.Error("a dialect cannot be used; the province's files are held back until it can", "province", p, "error", err)
	}
	for _, err := range read.other {
		i.cfg.Log.Error("a dialect cannot be used", "error", err)
	}
	read.state = state
	i.dialects = read
}

// dialect is how a province writes: nil if nobody said, an error if what was said
// cannot be read.
func (i *Inbox) dialect(p aggregator.Province) (*dialect.Dialect, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.dialects.of[p], i.dialects.bad[p]
}
