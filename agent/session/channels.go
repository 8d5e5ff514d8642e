package session

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"iptvdc/agent"
)

const (
	channelsName = "channels.json"
	// maxTable bounds the channels that are remembered; a box has some hundreds.
	maxTable = 4000
	// maxTableBytes bounds the file that is read.
	maxTableBytes = 4 << 20
)

// channels is the table of numbers and ids, kept in a file over restarts and
// reboots. Safe for concurrent use.
type channels struct {
	path string // "": memory only

	mu      sync.Mutex
	ids     map[uint32]string
	changed bool // differs from the file
}

// openChannels reads the table in dir. A file that is not there, or not to be
// read, is an empty table: the middleware gives it anew at its next sign-in.
func openChannels(dir string) *channels {
	c := &channels{ids: make(map[uint32]string)}
	if dir == "" {
		return c
	}
	c.path = filepath.Join(dir, channelsName)
	f, err := os.Open(c.path)
	if err != nil {
		return c
	}
	defer f.Close()
	var rows []agent.ChannelRow
	if json.NewDecoder(io.LimitReader(f, maxTableBytes)).Decode(&rows) == nil {
		c.learn(rows)
		c.changed = false
	}
	return c
}

// learn adds rows. A table comes in several requests, so numbers that are not
// among the rows keep their ids.
func (c *channels) learn(rows []agent.ChannelRow) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, r := range rows {
		id, known := c.ids[r.Number]
		switch {
		case known && id == r.ID:
		case !known && len(c.ids) >= maxTable:
			// The middleware tells of more than a remote control can dial.
		default:
			c.ids[r.Number], c.changed = r.ID, true
		}
	}
}

// id is the channel on number n; one that nobody told is "#n".
func (c *channels) id(n uint32) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if id := c.ids[n]; id != "" {
		return id
	}
	return fmt.Sprintf("#%d", n)
}

// save writes the table if it has changed since it was written last: the file
// is replaced as a whole, so a power cut leaves the old one or the new one.
func (c *channels) save() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.changed || c.path == "" {
		return nil
	}
	rows := make([]agent.ChannelRow, 0, len(c.ids))
	for _, n := range slices.Sorted(maps.Keys(c.ids)) {
		rows = append(rows, agent.ChannelRow{Number: n, ID: c.ids[n]})
	}
	text, err := json.Marshal(rows)
	if err != nil {
		return err
	}
	if err := replaceFile(c.path, text); err != nil {
		return fmt.Errorf("channel table: %w", err)
	}
	c.changed = false
	return nil
}

// replaceFile writes a file beside path and puts it in its place.
func replaceFile(path string, text []byte) error {
	f, err := os.OpenFile(path+".new", os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(path+".new", path); err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}

// syncDir makes the names in a folder durable.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
