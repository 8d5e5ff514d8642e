package inbox

import (
	"context"
	"errors"
	"io"
	"math"
	"strings"

	"iptvdc/aggregator/c3"
	"iptvdc/aggregator/c3/adi"
	"iptvdc/aggregator/c3/charset"
	"iptvdc/aggregator/c3/dialect"
	"iptvdc/aggregator/store"
)

// findings are what reading a file found, beside its rows.
type findings struct {
	rows    [c3.Feeds]int64 // handed over, by feed
	bad     int64           // records that were not taken
	faults  []c3.Fault
	counts  map[string]int64
	refused *c3.Fault
}

// load reads a file into the store and commits it. Reading and the store work
// side by side. Nothing of a file is seen before all of it is, and a *faultError
// says that nothing will be.
func (d *desk) load(ctx context.Context, a *arrival) (_ []store.FileRow, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stages := map[c3.Feed]store.Stage{}
	defer func() {
		for _, s := range stages {
			if derr := s.Discard(); derr != nil && err == nil {
				err = derr
			}
		}
	}()
	for _, f := range a.files {
		s, err := d.inbox.cfg.Store.Stage(ctx, f)
		if err != nil {
			return nil, err
		}
		stages[f.Feed] = s
	}

	p := newPipe(ctx)
	var found findings
	read := make(chan error, 1)
	go func() {
		var err error
		found, err = d.read(a, p)
		if err == nil {
			err = p.flush()
		}
		close(p.full)
		read <- err
	}()
	var failed error
	for b := range p.full {
		if failed == nil {
			if failed = stages[b.feed].Add(ctx, &b.rows); failed != nil {
				cancel() // the reader stops at its next batch
			}
		}
		p.giveBack(b)
	}
	if err := <-read; failed == nil {
		failed = err
	}
	switch {
	case failed != nil:
		return nil, failed
	case found.refused != nil:
		return nil, &faultError{*found.refused}
	}
	if err := d.unchanged(a); err != nil {
		return nil, err
	}
	return d.commit(ctx, a, stages, found)
}

func (d *desk) commit(ctx context.Context, a *arrival, stages map[c3.Feed]store.Stage, found findings) ([]store.FileRow, error) {
	var rows []store.FileRow
	for i, f := range a.files {
		v := store.Verdict{Records: found.rows[f.Feed], MaxShrink: d.maxShrink(a), DoneMs: d.inbox.cfg.Now().UnixMilli()}
		if i == 0 { // a record that is bad is so once
			v.Records += found.bad
			v.Faults, v.Counts = found.faults, found.counts
		}
		row, err := stages[f.Feed].Commit(ctx, v)
		if err != nil {
			return nil, err
		}
		if row.Outcome == c3.OutcomeRepeated {
			// It was committed before a crash, and is answered only now.
			was, err := d.inbox.cfg.Store.Taken(ctx, [][16]byte{f.ID})
			if err != nil {
				return nil, err
			}
			if len(was) == 1 {
				row = was[0]
			}
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// maxShrink is what the dialect allows, in whole hundredths.
func (d *desk) maxShrink(a *arrival) int {
	if a.wide || a.dialect == nil || !a.dialect.Full {
		return 100
	}
	return int(math.Ceil(a.dialect.Guards.MaxShrink))
}

// read reads a file, hands its rows over and returns what else it found.
func (d *desk) read(a *arrival, p *pipe) (findings, error) {
	r, err := content(a.file, a.info.Size(), a.packed, d.inbox.cfg.MaxBytes)
	if err != nil {
		return findings{}, err
	}
	k := newKeying(d.inbox.cfg.Secrets, d.province, d.inbox.cfg.Meaning)
	if a.dialect == nil {
		return readCatalogue(r, p, k)
	}
	return readDialectFile(a, r, p, k)
}

func readDialectFile(a *arrival, r io.Reader, p *pipe, k *keying) (findings, error) {
	feed := a.dialect
	if a.wide { // the operator has seen how few there are
		open := *feed
		open.Guards.MinRows = 0
		feed = &open
	}
	s := &sink{pipe: p, keys: k}
	sum, err := feed.Read(r, s)
	if err != nil {
		return findings{}, err
	}
	out := findings{rows: s.rows, bad: sum.Faults, faults: s.faults, counts: sum.Counts, refused: sum.Refused}
	if out.refused == nil && a.announced != nil {
		out.refused = a.announced.Check(dialect.Entry{
			Name: a.announced.Name, Bytes: -1, Rows: sum.Records, Day: a.files[0].Day, HasDay: true, Unended: sum.Unended,
		})
	}
	return out, nil
}

// sink takes what a dialect reads.
type sink struct {
	pipe   *pipe
	keys   *keying
	rows   [c3.Feeds]int64
	faults []c3.Fault
}

// Rows implements dialect.Sink.
func (s *sink) Rows(r *dialect.Rows) error {
	s.rows[r.Feed] += int64(r.Len())
	b, err := s.pipe.room(r.Feed)
	if err != nil {
		return err
	}
	s.keys.add(&b.rows, r)
	return s.pipe.pass(b)
}

// Fault implements dialect.Sink.
func (s *sink) Fault(f c3.Fault) error {
	if len(s.faults) < c3.MaxFaults {
		s.faults = append(s.faults, f)
	}
	return nil
}

// readCatalogue reads a catalogue. Its bad records never refuse it: senders leave
// out what they do not know.
func readCatalogue(r io.Reader, p *pipe, k *keying) (findings, error) {
	out := findings{counts: map[string]int64{}}
	in := adi.NewReader(charset.NewReader(r, charset.Auto, ""), adi.Limits{})
	for {
		item, err := in.Next()
		var bad *adi.FileError
		switch {
		case errors.Is(err, io.EOF):
			return out, nil
		case errors.As(err, &bad):
			out.refused = &bad.Fault
			return out, nil
		case err != nil:
			return out, err
		}
		if fault, bad := timeless(item); bad {
			item.Kind, item.Fault = adi.KindFault, fault
		}
		switch item.Kind {
		case adi.KindFault:
			out.bad++
			out.counts[item.Fault.Code]++
			if len(out.faults) < c3.MaxFaults {
				out.faults = append(out.faults, item.Fault)
			}
		case adi.KindObject, adi.KindMapping:
			b, err := p.room(c3.FeedCatalogue)
			if err != nil {
				return out, err
			}
			if item.Kind == adi.KindObject {
				k.object(b, item)
			} else {
				k.mapping(b, item)
			}
			out.rows[c3.FeedCatalogue]++
			if err := p.pass(b); err != nil {
				return out, err
			}
		}
	}
}

// timeless finds a schedule, or the record of one, that does not tell when it
// begins: nothing can be split at it, and nobody would notice.
func timeless(item *adi.Item) (c3.Fault, bool) {
	o := &item.Object
	if item.Kind != adi.KindObject || o.Verb == c3.VerbDelete || o.Element != c3.ElementSchedule && o.Element != c3.ElementScheduleRecord {
		return c3.Fault{}, false
	}
	_, err := c3.ParseAiring(o.Properties)
	if err == nil {
		return c3.Fault{}, false
	}
	raw := c3.Get(o.Properties, "StartDate") + " " + c3.Get(o.Properties, "StartTime") + " " + c3.Get(o.Properties, "BeginTime")
	return c3.Fault{Line: item.Line, Field: "StartTime", Code: c3.FaultTime, Text: "There is " + err.Error() + ".", Raw: strings.ToValidUTF8(raw[:min(len(raw), c3.MaxRaw)], "")}, true
}

// batchRows is how many rows go to the store at once, about.
const batchRows = 8192

// batch is rows of one feed on their way from the reader to the store.
type batch struct {
	feed  c3.Feed
	rows  store.FeedRows
	props []c3.Property // of objects and mappings, one after the other
}

func (b *batch) reset() {
	r := &b.rows
	r.Subscribers, r.Changes, r.Orders, r.Products = r.Subscribers[:0], r.Changes[:0], r.Orders[:0], r.Products[:0]
	r.Objects, r.Mappings, r.Codes = r.Objects[:0], r.Mappings[:0], r.Codes[:0]
	clear(b.props) // lets go of the texts
	b.props = b.props[:0]
}

// pipe carries batches from the reader to the store, and empty ones back. Few
// are under way, so memory is bounded.
type pipe struct {
	ctx    context.Context
	full   chan *batch
	empty  chan *batch
	filled map[c3.Feed]*batch // by the reader
}

func newPipe(ctx context.Context) *pipe {
	p := &pipe{ctx: ctx, full: make(chan *batch, 1), empty: make(chan *batch, 4), filled: map[c3.Feed]*batch{}}
	for range cap(p.empty) {
		p.empty <- &batch{}
	}
	return p
}

// room is the batch into which the next row of a feed goes.
func (p *pipe) room(f c3.Feed) (*batch, error) {
	if b := p.filled[f]; b != nil {
		return b, nil
	}
	select {
	case b := <-p.empty:
		b.feed = f
		p.filled[f] = b
		return b, nil
	case <-p.ctx.Done():
		return nil, p.ctx.Err()
	}
}

// pass hands the batch over if it is full.
func (p *pipe) pass(b *batch) error {
	if b.rows.Rows() < batchRows {
		return nil
	}
	return p.send(b)
}

func (p *pipe) send(b *batch) error {
	delete(p.filled, b.feed)
	select {
	case p.full <- b:
		return nil
	case <-p.ctx.Done():
		return p.ctx.Err()
	}
}

// flush hands over what is left.
func (p *pipe) flush() error {
	for f := c3.FeedNone; f < c3.Feeds; f++ {
		if b := p.filled[f]; b != nil {
			if err := p.send(b); err != nil {
				return err
			}
		}
	}
	return nil
}

func (p *pipe) giveBack(b *batch) {
	b.reset()
	p.empty <- b
}
