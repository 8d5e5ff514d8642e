package courier

import (
	"errors"
	"io/fs"
	"os"
	"strings"
	"time"

	"iptvdc/aggregator"
)

// Prune forgets what was over longer than Config.Keep ago: commands whose sender
// was told or given up, with their results, and which relations came. It tells
// how many of each. A crash on the way leaves the rest to the next call.
func (k *Courier) Prune() (commands, relations int, err error) {
	before := k.cfg.Now().Add(-k.cfg.Keep)
	commands, err = k.pruneCommands(before)
	relations, rerr := k.relations.forget(aggregator.DayOf(before.UnixMilli()))
	k.stats.pruned(commands, relations)
	return commands, relations, errors.Join(err, rerr, k.pruneFiles(before))
}

func (k *Courier) pruneCommands(before time.Time) (n int, err error) {
	files, err := os.ReadDir(k.path(commandsDir))
	if err != nil {
		return 0, err
	}
	for _, f := range files {
		id, ours := strings.CutSuffix(f.Name(), ".json")
		if !ours {
			continue
		}
		gone, perr := k.pruneCommand(id, before)
		if err = errors.Join(err, perr); gone {
			n++
		}
	}
	return n, err
}

// pruneCommand removes a command if its time is over: first its result, so that
// none is left that no command stands for.
func (k *Courier) pruneCommand(id string, before time.Time) (gone bool, err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if _, waits := k.waiting[id]; waits {
		return false, nil
	}
	c, err := k.read(id)
	if err != nil {
		return false, nil // it was logged when it was found, and is left alone
	}
	if c.State != stateTold && c.State != stateGiven || !time.UnixMilli(max(c.SinceMs, c.EndedMs)).Before(before) {
		return false, nil
	}
	if err := remove(k.path(resultsDir, id+".xml")); err != nil {
		return false, err
	}
	return true, remove(k.path(commandsDir, id+".json"))
}

// pruneFiles removes what tries that were given up, and damage, have left.
func (k *Courier) pruneFiles(before time.Time) (err error) {
	for _, dir := range []string{fetchedDir, resultsDir, relationsDir} {
		files, derr := os.ReadDir(k.path(dir))
		err = errors.Join(err, derr)
		for _, f := range files {
			info, ierr := f.Info()
			if ierr != nil || !info.ModTime().Before(before) {
				continue // it was just removed, or is young
			}
			if k.isLeft(dir, f.Name()) {
				err = errors.Join(err, remove(k.path(dir, f.Name())))
			}
		}
	}
	return err
}

// isLeft reports whether a file stands for nothing that is still to be done.
func (k *Courier) isLeft(dir, name string) bool {
	switch dir {
	case relationsDir:
		return strings.HasSuffix(name, badSuffix)
	case resultsDir:
		id, part := strings.CutSuffix(name, ".xml.part")
		return part && !k.waits(id)
	}
	id := strings.TrimPrefix(strings.TrimSuffix(strings.TrimSuffix(name, ".part"), ".xml"), "cmd-")
	return !k.waits(id)
}

func (k *Courier) waits(id string) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	_, waits := k.waiting[id]
	return waits
}

func remove(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
