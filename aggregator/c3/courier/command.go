package courier

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"time"

	"iptvdc/aggregator"
	"iptvdc/aggregator/c3"
	"iptvdc/aggregator/c3/adi"
	"iptvdc/aggregator/c3/charset"
	"iptvdc/aggregator/c3/fetch"
	"iptvdc/aggregator/c3/soap"
)

// Accept implements soap.Commands.
func (k *Courier) Accept(_ context.Context, c soap.Command) (again bool, err error) {
	id := idOf(c.CSPID, c.LSPID, c.CorrelateID)
	now := k.cfg.Now().UnixMilli()
	k.stats.command(c.Province.String(), func(n *CommandCounts) { n.Told++ })
	k.mu.Lock()
	defer k.mu.Unlock()
	if _, err := os.Stat(k.path(commandsDir, id+".json")); err == nil {
		return true, nil
	} else if !errors.Is(err, fs.ErrNotExist) {
		return false, err
	}
	err = k.keepLocked(&command{
		Province: c.Province.String(), CSPID: c.CSPID, LSPID: c.LSPID, Correlate: c.CorrelateID, URL: c.URL.Reveal(),
		State: stateNew, SinceMs: now, NextMs: now, id: id,
	})
	if err == nil {
		k.stats.command(c.Province.String(), func(n *CommandCounts) { n.Queued++ })
		k.Wake()
	}
	return false, err
}

// Pass fetches and takes in what is due, the oldest first, and one failing stops
// no other.
func (k *Courier) Pass(ctx context.Context) {
	now := k.cfg.Now().UnixMilli()
	k.mu.Lock()
	var due []command
	for _, c := range k.waiting {
		if c.State == stateNew && c.NextMs <= now {
			due = append(due, *c)
		}
	}
	k.mu.Unlock()
	slices.SortFunc(due, func(a, b command) int { return cmp.Or(cmp.Compare(a.SinceMs, b.SinceMs), cmp.Compare(a.id, b.id)) })
	for i := range due {
		if ctx.Err() != nil {
			return
		}
		c := &due[i]
		err := k.through(ctx, c)
		if ctx.Err() != nil && err != nil {
			return // we are stopping: it was no try
		}
		if err != nil {
			k.failed(c, err)
		}
		k.mu.Lock()
		err = k.keepLocked(c)
		k.mu.Unlock()
		if err != nil {
			k.cfg.Log.Error("a command's state could not be kept; it is done again", "correlate", c.Correlate, "error", err)
			continue
		}
		k.stats.command(c.Province, func(n *CommandCounts) {
			switch {
			case c.State == stateNew:
				n.Retried++
			case c.Result == 0:
				n.Done++
			default:
				n.Failed++
			}
		})
		if c.State == stateDone && k.cfg.Told != nil {
			k.cfg.Told()
		}
	}
}

// failed puts a command off, or ends it if it cannot become better.
func (k *Courier) failed(c *command, err error) {
	now := k.cfg.Now()
	c.Tries, c.Why = c.Tries+1, err.Error() // a fetch.Error holds no secret
	wait := k.cfg.Cap
	if c.Tries < 20 {
		wait = min(k.cfg.Base<<(c.Tries-1), k.cfg.Cap)
	}
	c.NextMs = now.Add(wait).UnixMilli()
	var bad *fetch.Error
	final := errors.As(err, &bad) && !bad.Temporary()
	if final || now.Sub(time.UnixMilli(c.SinceMs)) > k.cfg.GiveUp {
		c.State, c.Result, c.URL, c.Tries, c.NextMs = stateDone, -1, "", 0, now.UnixMilli()
	}
	k.cfg.Log.Warn("a catalogue could not be taken in", "correlate", c.Correlate, "tries", c.Tries, "again", c.State == stateNew, "error", err)
}

// through fetches a catalogue, takes it in and leaves the result.
func (k *Courier) through(ctx context.Context, c *command) error {
	p, err := aggregator.ParseProvince(c.Province)
	if err != nil {
		return err
	}
	path := k.path(fetchedDir, "cmd-"+c.id+".xml")
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		err = k.fetch(ctx, c, path)
		if err != nil {
			return err
		}
		k.stats.command(c.Province, func(n *CommandCounts) { n.Fetched++ })
	}
	result := k.path(resultsDir, c.id+".xml")
	if err := answer(path, result+".part"); err != nil {
		return err
	}
	r, err := k.cfg.Inbox.Take(ctx, p, path)
	if err != nil {
		return err
	}
	c.State, c.URL, c.Tries, c.Why, c.NextMs = stateDone, "", 0, "", k.cfg.Now().UnixMilli()
	switch r.Outcome {
	case c3.OutcomeAccepted, c3.OutcomePartly, c3.OutcomeRepeated:
		c.File = true
		return os.Rename(result+".part", result)
	}
	c.Result = -1
	if len(r.Faults) > 0 {
		c.Why = r.Faults[0].Code
	}
	return os.Remove(result + ".part")
}

func (k *Courier) fetch(ctx context.Context, c *command, path string) error {
	u, err := fetch.ParseURL(c.URL)
	if err != nil {
		return err
	}
	f, err := os.OpenFile(path+".part", os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = k.cfg.Fetcher.Fetch(ctx, u, f)
	if err == nil {
		err = f.Sync()
	}
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return errors.Join(err, os.Remove(path+".part"))
	}
	return os.Rename(path+".part", path)
}

// answer writes what became of each record of a catalogue. A file that is none has
// an answer without records.
func answer(from, to string) (err error) {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	f, err := os.OpenFile(to, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Sync(), f.Close()) }()
	out := bufio.NewWriterSize(f, 64<<10)
	w, err := adi.NewResultWriter(out, adi.Style{})
	if err != nil {
		return err
	}
	r := adi.NewReader(charset.NewReader(in, charset.Auto, ""), adi.Limits{})
	for {
		item, err := r.Next()
		var bad *adi.FileError
		if errors.Is(err, io.EOF) || errors.As(err, &bad) {
			break
		}
		if err != nil {
			return err
		}
		result, text := 0, ""
		if item.Kind == adi.KindFault {
			result, text = -1, item.Fault.Code+": "+item.Fault.Text
		}
		if err := w.Answer(item, result, text); err != nil {
			return err
		}
	}
	return errors.Join(w.Close(), out.Flush())
}

// Due implements soap.Outbox.
func (k *Courier) Due(_ context.Context, now time.Time, limit int) (due []soap.Notice, next time.Time, err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	var all []*command
	for _, c := range k.waiting {
		if c.State == stateDone {
			all = append(all, c)
		}
	}
	slices.SortFunc(all, func(a, b *command) int { return cmp.Or(cmp.Compare(a.NextMs, b.NextMs), cmp.Compare(a.id, b.id)) })
	for _, c := range all {
		if at := time.UnixMilli(c.NextMs); at.After(now) {
			return due, at, nil
		}
		if len(due) == limit {
			return due, now, nil
		}
		n := soap.Notice{CSPID: c.CSPID, LSPID: c.LSPID, CorrelateID: c.Correlate, CmdResult: c.Result, Tries: c.Tries, Since: time.UnixMilli(c.SinceMs)}
		if c.File && k.cfg.ResultURL != "" {
			n.ResultFileURL = k.cfg.ResultURL + c.id + ".xml"
		}
		due = append(due, n)
	}
	return due, time.Time{}, nil
}

// MarkDone implements soap.Outbox.
func (k *Courier) MarkDone(_ context.Context, n soap.Notice) error {
	return k.mark(n, func(c *command) { c.State, c.EndedMs = stateTold, k.cfg.Now().UnixMilli() }, func(n *CommandCounts) { n.Delivered++ })
}

// MarkTried implements soap.Outbox.
func (k *Courier) MarkTried(_ context.Context, n soap.Notice, next time.Time, why string) error {
	return k.mark(n, func(c *command) { c.Tries, c.NextMs, c.Why = c.Tries+1, next.UnixMilli(), why }, func(n *CommandCounts) { n.Undelivered++ })
}

// MarkGivenUp implements soap.Outbox.
func (k *Courier) MarkGivenUp(_ context.Context, n soap.Notice, why string) error {
	return k.mark(n, func(c *command) { c.State, c.EndedMs, c.Why = stateGiven, k.cfg.Now().UnixMilli(), why },
		func(n *CommandCounts) { n.Undelivered++; n.GivenUp++ })
}

func (k *Courier) mark(n soap.Notice, change func(*command), count func(*CommandCounts)) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	c, ok := k.waiting[idOf(n.CSPID, n.LSPID, n.CorrelateID)]
	if !ok {
		return fmt.Errorf("courier: no command %s waits", n.CorrelateID)
	}
	changed := *c
	change(&changed)
	if err := k.keepLocked(&changed); err != nil {
		return err
	}
	k.stats.command(c.Province, count)
	return nil
}
