package courier

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"

	"iptvdc/aggregator"
	"iptvdc/aggregator/c3/soap"
	"iptvdc/aggregator/durable"
)

// relationID names a relation: its province, service provider and sequence.
type relationID [16]byte

func relationOf(r *soap.Relation) (id relationID) {
	// idOf gives hexadecimal of as many bytes.
	_, _ = hex.Decode(id[:], []byte(idOf(r.Province.String(), r.SPID, r.Sequence)))
	return id
}

// journal keeps relations until they are in, and remembers which came. Safe for
// concurrent use. Memory follows the disk.
type journal struct {
	kept, in string // folders: of relations that wait, and of the ids of those that are in
	stats    *counters

	commit sync.Mutex // one group is written at a time

	mu    sync.Mutex
	next  uint64 // number of the next group's file
	open  *group // takes more until it is its turn to be written; nil: none is
	under map[relationID]*group
	known map[relationID]aggregator.Day // on which it was taken in; 0: it waits
}

// group is relations that are written, and so answered, together.
type group struct {
	lines bytes.Buffer
	ids   []relationID
	of    []aggregator.Province
	done  chan struct{} // closed once err holds
	err   error
}

// groupSuffix ends the names of groups' files, oneSuffix those of single
// relations, which earlier versions kept.
const (
	groupSuffix = ".group"
	oneSuffix   = ".json"
	badSuffix   = ".bad"
)

// openJournal reads what waits and what is remembered.
func openJournal(kept, in string, stats *counters) (*journal, error) {
	j := &journal{kept: kept, in: in, stats: stats, next: 1, under: map[relationID]*group{}, known: map[relationID]aggregator.Day{}}
	for _, dir := range []string{kept, in} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return nil, err
		}
	}
	days, err := os.ReadDir(in)
	if err != nil {
		return nil, err
	}
	for _, f := range days {
		day, err := aggregator.ParseDay(f.Name())
		if err != nil {
			continue // not ours
		}
		b, err := os.ReadFile(filepath.Join(in, f.Name()))
		if err != nil {
			return nil, err
		}
		for id := range slices.Chunk(b[:len(b)/len(relationID{})*len(relationID{})], len(relationID{})) {
			j.known[relationID(id)] = day
		}
	}
	files, err := j.waiting()
	if err != nil {
		return nil, err
	}
	for _, name := range files {
		if n, err := strconv.ParseUint(strings.TrimSuffix(name, groupSuffix), 10, 64); err == nil {
			j.next = max(j.next, n+1)
		}
		relations, _, err := j.read(name)
		if err != nil {
			return nil, err
		}
		for i := range relations {
			id := relationOf(&relations[i])
			if _, known := j.known[id]; !known {
				j.known[id] = 0
				j.stats.relation(relations[i].Province, func(c *RelationCounts) { c.Waiting++ })
			}
		}
	}
	return j, nil
}

// keep keeps a relation, together with those that come meanwhile: whoever begins
// a group writes it as soon as the one before is on disk, and the others wait
// for that. again: it is kept already, or was taken in.
func (j *journal) keep(ctx context.Context, r *soap.Relation) (again bool, err error) {
	b, err := json.Marshal(r)
	if err != nil {
		return false, err
	}
	id := relationOf(r)
	j.mu.Lock()
	if _, known := j.known[id]; known {
		j.mu.Unlock()
		return true, nil
	}
	g, again := j.under[id] // what becomes of the one becomes of the other
	begins := false
	if !again {
		if begins = j.open == nil; begins {
			j.open = &group{done: make(chan struct{})}
		}
		g = j.open
		g.ids, g.of = append(g.ids, id), append(g.of, r.Province)
		writeLine(&g.lines, b)
		j.under[id] = g
	}
	j.mu.Unlock()
	if begins {
		j.write(g)
	}
	select {
	case <-g.done:
		return again, g.err
	case <-ctx.Done(): // the sender has no answer and sends again
		return false, ctx.Err()
	}
}

// write writes a group once its turn has come.
func (j *journal) write(g *group) {
	j.commit.Lock()
	defer j.commit.Unlock()
	j.mu.Lock()
	j.open = nil // from here on nobody joins
	path := filepath.Join(j.kept, fmt.Sprintf("%016d%s", j.next, groupSuffix))
	j.next++
	j.mu.Unlock()
	if g.err = durable.WriteFile(path, g.lines.Bytes()); g.err != nil {
		// It may be there all the same, though nobody is told so.
		if err := os.Remove(path); !errors.Is(err, fs.ErrNotExist) {
			g.err = errors.Join(g.err, err)
		}
	}
	j.mu.Lock()
	for i, id := range g.ids {
		delete(j.under, id)
		if g.err == nil {
			j.known[id] = 0
			j.stats.relation(g.of[i], func(c *RelationCounts) { c.Waiting++ })
		}
	}
	j.mu.Unlock()
	if g.err == nil {
		j.stats.group()
	}
	close(g.done)
}

// waiting are the names of the files that hold relations, the oldest first.
func (j *journal) waiting() ([]string, error) {
	files, err := os.ReadDir(j.kept) // by name
	if err != nil {
		return nil, err
	}
	var all []string
	for _, f := range files {
		if name := f.Name(); strings.HasSuffix(name, groupSuffix) || strings.HasSuffix(name, oneSuffix) {
			all = append(all, name)
		}
	}
	return all, nil
}

// read reads a file's relations, and the lines that are damaged.
func (j *journal) read(name string) (all []soap.Relation, damaged [][]byte, err error) {
	b, err := os.ReadFile(filepath.Join(j.kept, name))
	if err != nil {
		return nil, nil, err
	}
	single := strings.HasSuffix(name, oneSuffix)
	for line := range bytes.Lines(b) {
		text, whole := line, true
		if !single {
			text, whole = readLine(line)
		}
		var r soap.Relation
		if whole {
			whole = json.Unmarshal(text, &r) == nil
		}
		if whole {
			_, err := r.Rows()
			whole = err == nil
		}
		if !whole {
			damaged = append(damaged, line)
			continue
		}
		all = append(all, r)
	}
	return all, damaged, nil
}

// isIn reports whether a relation was taken in.
func (j *journal) isIn(id relationID) bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.known[id] != 0
}

// took remembers that relations are in. What a crash loses of it is taken in
// again, which changes nothing.
func (j *journal) took(day aggregator.Day, of aggregator.Province, ids []relationID) (err error) {
	f, err := os.OpenFile(filepath.Join(j.in, day.String()), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	size, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return err
	}
	b := make([]byte, 0, len(ids)*len(relationID{}))
	for _, id := range ids {
		b = append(b, id[:]...)
	}
	// A power cut may have left part of an id.
	if _, err = f.WriteAt(b, size/int64(len(relationID{}))*int64(len(relationID{}))); err != nil {
		return err
	}
	if err = f.Sync(); err != nil {
		return err
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, id := range ids {
		j.known[id] = day
	}
	j.stats.relation(of, func(c *RelationCounts) { c.Waiting -= len(ids) })
	return nil
}

// setAside keeps damaged lines of a file beside it, for somebody to look at.
func (j *journal) setAside(name string, damaged [][]byte) error {
	return durable.WriteFile(filepath.Join(j.kept, name+badSuffix), bytes.Join(damaged, nil))
}

// forget drops what is remembered of days before a day.
func (j *journal) forget(before aggregator.Day) (n int, err error) {
	days, err := os.ReadDir(j.in)
	if err != nil {
		return 0, err
	}
	for _, f := range days {
		if day, perr := aggregator.ParseDay(f.Name()); perr == nil && day < before {
			err = errors.Join(err, os.Remove(filepath.Join(j.in, f.Name())))
		}
	}
	if err != nil {
		return 0, err
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	for id, day := range j.known {
		if day != 0 && day < before {
			delete(j.known, id)
			n++
		}
	}
	return n, nil
}

// A line is the CRC-32C of a relation's JSON in eight digits, a space, and the
// JSON.
var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func writeLine(w *bytes.Buffer, text []byte) {
	fmt.Fprintf(w, "%08x %s\n", crc32.Checksum(text, castagnoli), text)
}

func readLine(line []byte) (text []byte, whole bool) {
	sum, text, cut := bytes.Cut(bytes.TrimSuffix(line, []byte("\n")), []byte(" "))
	want, err := strconv.ParseUint(string(sum), 16, 32)
	return text, cut && len(sum) == 8 && err == nil && crc32.Checksum(text, castagnoli) == uint32(want)
}
