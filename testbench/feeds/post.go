package feeds

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// LaterFolder is where in a province's folder files lie that come later: a folder
// a round below it.
const LaterFolder = "later"

// Bring moves every province's files of a round from LaterFolder into folder,
// where files come: data first, manifests after them. It returns how many there
// were. Rounds that are not there are empty.
func Bring(dir, folder string, round int) (files int, err error) {
	all, err := filepath.Glob(filepath.Join(dir, "*", LaterFolder, strconv.Itoa(round), "*"))
	if err != nil {
		return 0, err
	}
	for _, manifests := range []bool{false, true} {
		for _, path := range all {
			if strings.HasSuffix(path, ".part") || isManifest(filepath.Base(path)) != manifests {
				continue
			}
			to := filepath.Join(dir, provinceOf(dir, path), folder, filepath.Base(path))
			if err := os.Rename(path, to); err != nil {
				return files, err
			}
			files++
		}
	}
	return files, nil
}

func provinceOf(dir, path string) string {
	rel, err := filepath.Rel(dir, path)
	if err != nil {
		return "" // Glob's own answers lie below dir
	}
	return strings.Split(rel, string(filepath.Separator))[0]
}

// isManifest reports whether a name is that of a manifest, in any dialect of
// ours. It decides nothing but the order in which files appear.
func isManifest(name string) bool {
	switch strings.ToLower(filepath.Ext(name)) {
	case ".chk", ".verf":
		return true
	}
	return false
}

// Post brings what comes later, round after round, each once nothing of what
// came before is left in the folders where files come, which it looks at every
// so often.
func Post(ctx context.Context, dir, folder string, every time.Duration, say Say) error {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for round := roundFirst + 1; round <= Rounds; round++ {
		waits, err := filepath.Glob(filepath.Join(dir, "*", LaterFolder, strconv.Itoa(round), "*"))
		if err != nil {
			return err
		}
		if len(waits) == 0 {
			continue
		}
		for {
			left, err := lying(dir, folder)
			if err != nil {
				return err
			}
			if left == 0 {
				break
			}
			select {
			case <-tick.C:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		n, err := Bring(dir, folder, round)
		if err != nil {
			return fmt.Errorf("round %d: %w", round, err)
		}
		if say != nil {
			say("round %d: %d files", round, n)
		}
	}
	return nil
}

// lying counts the files that nobody has taken yet.
func lying(dir, folder string) (n int, err error) {
	for _, pattern := range []string{filepath.Join(dir, "*", folder), filepath.Join(dir, "*", "work")} {
		folders, err := filepath.Glob(pattern)
		if err != nil {
			return 0, err
		}
		for _, path := range folders {
			err := filepath.WalkDir(path, func(_ string, e fs.DirEntry, err error) error {
				if errors.Is(err, fs.ErrNotExist) {
					return nil // it was just taken
				}
				if err == nil && !e.IsDir() {
					n++
				}
				return err
			})
			if err != nil {
				return 0, err
			}
		}
	}
	return n, nil
}
