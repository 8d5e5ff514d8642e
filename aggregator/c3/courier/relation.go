package courier

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"iptvdc/aggregator"
	"iptvdc/aggregator/c3"
	"iptvdc/aggregator/c3/dialect"
	"iptvdc/aggregator/c3/inbox"
	"iptvdc/aggregator/c3/soap"
)

// Notify implements soap.Relations. Relations that come at the same time are made
// durable together. One that came within Config.Keep is a repeat; after that it
// is kept and taken in again, which changes nothing.
func (k *Courier) Notify(ctx context.Context, r soap.Relation) (again bool, err error) {
	again, err = k.relations.keep(ctx, &r)
	if err == nil {
		k.stats.relation(r.Province, func(c *RelationCounts) {
			if again {
				c.Repeated++
			} else {
				c.Accepted++
			}
		})
	}
	return again, err
}

// maxGathered is after how many relations no further group is taken in at once.
const maxGathered = 10_000

// gathered are relations of one province and day that become rows of one feed.
type gathered struct {
	province aggregator.Province
	day      aggregator.Day
	rows     dialect.Rows
	content  bytes.Buffer
	ids      []relationID
}

func (g *gathered) add(r *soap.Relation, id relationID) error {
	rows, err := r.Rows()
	if err != nil {
		return err
	}
	b, err := json.Marshal(r)
	if err != nil {
		return err
	}
	for range len(rows.Orders) + len(rows.Changes) {
		g.rows.Lines = append(g.rows.Lines, int64(len(g.rows.Lines)+1))
	}
	g.rows.Orders = append(g.rows.Orders, rows.Orders...)
	g.rows.Changes = append(g.rows.Changes, rows.Changes...)
	g.content.Write(b)
	g.content.WriteByte('\n')
	g.ids = append(g.ids, id)
	return nil
}

// TakeRelations takes in what was gathered: a province's orders of a day as one
// file, and its changes as another. What fails stays and is tried at the next call. A crash
// between the commit and the end has some taken in twice, which changes nothing.
// Not safe for concurrent use.
func (k *Courier) TakeRelations(ctx context.Context) error {
	files, batches, err := k.gather()
	if err != nil {
		return err
	}
	var failed []error
	for _, g := range batches {
		name := "vac-" + k.cfg.Now().In(aggregator.Shanghai).Format("20060102150405")
		if _, err := k.cfg.Inbox.TakeMessages(ctx, inbox.Messages{Province: g.province, Name: name, Day: g.day, Content: g.content.Bytes(), Rows: &g.rows}); err != nil {
			failed = append(failed, err)
			continue
		}
		failed = append(failed, k.relations.took(aggregator.DayOf(k.cfg.Now().UnixMilli()), g.province, g.ids))
	}
	if err := errors.Join(failed...); err != nil {
		return err // the files stay; what is in of them is passed over
	}
	for _, name := range files {
		if err := os.Remove(filepath.Join(k.relations.kept, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			failed = append(failed, err)
		}
	}
	return errors.Join(failed...)
}

// gather reads the oldest groups: their files, and what is to be taken in. What
// is damaged is set aside.
func (k *Courier) gather() (files []string, batches []*gathered, err error) {
	names, err := k.relations.waiting()
	if err != nil {
		return nil, nil, err
	}
	type key struct {
		province aggregator.Province
		feed     c3.Feed
		day      aggregator.Day
	}
	all := map[key]*gathered{}
	seen := map[relationID]bool{}
	for _, name := range names {
		if len(seen) >= maxGathered {
			break
		}
		relations, damaged, err := k.relations.read(name)
		if err != nil {
			return nil, nil, err
		}
		if len(damaged) > 0 {
			if err := k.relations.setAside(name, damaged); err != nil {
				return nil, nil, err
			}
			k.stats.damage(len(damaged))
			k.cfg.Log.Error("relations on disk are damaged and set aside; have their sender send them again", "file", name+badSuffix, "relations", len(damaged))
		}
		files = append(files, name)
		for i := range relations {
			r := &relations[i]
			id := relationOf(r)
			if seen[id] || k.relations.isIn(id) {
				continue
			}
			seen[id] = true
			of := key{r.Province, c3.FeedOrders, aggregator.DayOf(r.UpdateMs)}
			if r.Update == soap.UpdateNumber {
				of.feed = c3.FeedChanges
			}
			g := all[of]
			if g == nil {
				g = &gathered{province: of.province, day: of.day, rows: dialect.Rows{Feed: of.feed}}
				all[of] = g
				batches = append(batches, g)
			}
			if err := g.add(r, id); err != nil {
				return nil, nil, err
			}
		}
	}
	return files, batches, nil
}
