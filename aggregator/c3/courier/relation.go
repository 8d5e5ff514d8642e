package courier

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"strings"

	"iptvdc/aggregator"
	"iptvdc/aggregator/c3"
	"iptvdc/aggregator/c3/dialect"
	"iptvdc/aggregator/c3/inbox"
	"iptvdc/aggregator/c3/soap"
	"iptvdc/aggregator/durable"
)

// Notify implements soap.Relations. Once a relation is in, a repeat of it is kept
// and taken in again, which changes nothing.
func (k *Courier) Notify(_ context.Context, r soap.Relation) (again bool, err error) {
	b, err := json.Marshal(r)
	if err != nil {
		return false, err
	}
	path := k.path(relationsDir, idOf(r.Province.String(), r.SPID, r.Sequence)+".json")
	k.mu.Lock()
	defer k.mu.Unlock()
	if _, err := os.Stat(path); err == nil {
		return true, nil
	} else if !errors.Is(err, fs.ErrNotExist) {
		return false, err
	}
	return false, durable.WriteFile(path, b)
}

// maxGathered is how many relations are taken in at once.
const maxGathered = 10_000

// TakeRelations takes in what was gathered: a province's orders as one file, and
// its changes as another. A crash between the commit and the end has some taken in
// twice, which changes nothing.
func (k *Courier) TakeRelations(ctx context.Context) error {
	files, err := os.ReadDir(k.path(relationsDir)) // by name, so that a batch that failed is the same again
	if err != nil {
		return err
	}
	type key struct {
		province aggregator.Province
		feed     c3.Feed
	}
	type gathered struct {
		rows    dialect.Rows
		content bytes.Buffer
		paths   []string
	}
	all := map[key]*gathered{}
	n := 0
	for _, f := range files {
		if !strings.HasSuffix(f.Name(), ".json") {
			continue
		}
		if n++; n > maxGathered {
			break
		}
		path := k.path(relationsDir, f.Name())
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		var r soap.Relation
		err = json.Unmarshal(b, &r)
		var rows soap.Rows
		if err == nil {
			rows, err = r.Rows()
		}
		if err != nil {
			k.cfg.Log.Error("a relation cannot be read and is set aside", "file", f.Name(), "error", err)
			if err := os.Rename(path, path+".bad"); err != nil {
				return err
			}
			continue
		}
		feed := c3.FeedOrders
		if len(rows.Changes) > 0 {
			feed = c3.FeedChanges
		}
		g := all[key{r.Province, feed}]
		if g == nil {
			g = &gathered{rows: dialect.Rows{Feed: feed}}
			all[key{r.Province, feed}] = g
		}
		for range len(rows.Orders) + len(rows.Changes) {
			g.rows.Lines = append(g.rows.Lines, int64(len(g.rows.Lines)+1))
		}
		g.rows.Orders = append(g.rows.Orders, rows.Orders...)
		g.rows.Changes = append(g.rows.Changes, rows.Changes...)
		g.content.Write(b)
		g.content.WriteByte('\n')
		g.paths = append(g.paths, path)
	}
	var failed []error
	for of, g := range all {
		name := "vac-" + k.cfg.Now().In(aggregator.Shanghai).Format("20060102150405")
		if _, err := k.cfg.Inbox.TakeMessages(ctx, inbox.Messages{Province: of.province, Name: name, Content: g.content.Bytes(), Rows: &g.rows}); err != nil {
			failed = append(failed, err)
			continue
		}
		for _, path := range g.paths {
			failed = append(failed, os.Remove(path))
		}
	}
	return errors.Join(failed...)
}
