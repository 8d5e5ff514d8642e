package inbox

import (
	"context"
	"crypto/sha256"

	"iptvdc/aggregator"
	"iptvdc/aggregator/c3"
	"iptvdc/aggregator/c3/dialect"
	"iptvdc/aggregator/store"
)

// Messages are rows that came otherwise than in a file, and count as one.
type Messages struct {
	Province aggregator.Province
	Name     string
	Day      aggregator.Day // of which the rows speak; 0, or one that has not come: today
	// Content is what the rows were made of. The same content again is a repeat.
	Content []byte
	Rows    *dialect.Rows // of one feed
}

// TakeMessages takes rows in as if a file had brought them. Its receipt is the
// caller's to give. An error is one of ours: nothing is in, or all of it is and
// the same call again says that it is a repeat.
func (i *Inbox) TakeMessages(ctx context.Context, m Messages) (c3.Receipt, error) {
	now := i.cfg.Now().UnixMilli()
	f := store.File{
		Province: m.Province, Feed: m.Rows.Feed, Name: shown(m.Name), Day: aggregator.DayOf(now), VersionMs: now, ReceivedMs: now, Bytes: int64(len(m.Content)),
	}
	if m.Day != 0 && m.Day < f.Day {
		f.Day = m.Day
	}
	sum := sha256.New()
	sum.Write([]byte{byte(f.Province), byte(f.Feed)})
	sum.Write(m.Content)
	f.ID = [16]byte(sum.Sum(nil))
	stage, err := i.cfg.Store.Stage(ctx, f)
	if err != nil {
		return c3.Receipt{}, err
	}
	k := &keying{secrets: i.cfg.Secrets, province: m.Province}
	var rows store.FeedRows
	k.add(&rows, m.Rows)
	err = stage.Add(ctx, &rows)
	var row store.FileRow
	if err == nil {
		row, err = stage.Commit(ctx, store.Verdict{Records: int64(m.Rows.Len()), MaxShrink: 100, DoneMs: now})
	}
	if derr := stage.Discard(); err == nil {
		err = derr
	}
	if err != nil {
		return c3.Receipt{}, err
	}
	r := c3.Receipt{Province: f.Province, Feed: f.Feed, File: f.Name, Day: f.Day, Outcome: row.Outcome, Records: row.Records,
		Accepted: row.Accepted, Rejected: row.Rejected, Repeated: row.Repeated, Counts: row.Counts}
	i.stats.count(i.cfg.Now(), &r)
	if i.cfg.Taken != nil {
		i.cfg.Taken(r)
	}
	return r, nil
}
