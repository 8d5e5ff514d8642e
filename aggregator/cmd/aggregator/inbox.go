package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"iptvdc/aggregator"
	"iptvdc/aggregator/c3"
	"iptvdc/aggregator/c3/inbox"
	"iptvdc/aggregator/c3/normal"
	"iptvdc/aggregator/console"
	"iptvdc/aggregator/durable"
)

// c3Folder is where provinces' files come.
func (c *Config) c3Folder(dir *dataDir) string { return cmp.Or(c.C3.Folder, dir.file(c3Dir)) }

// inboxConfig is what the inbox of a data folder needs, but for what a running
// platform adds.
func (p *Platform) inboxConfig() inbox.Config {
	c := &p.config.C3
	return inbox.Config{
		Folder: p.config.c3Folder(p.dir), Store: p.store, Secrets: p.secrets,
		Settle: time.Duration(c.SettleS) * time.Second, ManifestGrace: time.Duration(c.ManifestMinutes) * time.Minute,
		MaxBytes: int64(c.MaxFileMB) << 20, Came: p.came, Log: p.log.With("part", "inbox"),
	}
}

// What the folder of files holds beside provinces and dialects.
const (
	dictionariesDir = "dictionaries"       // the operator's, over the embedded ones
	dictionaryFile  = "dictionary.version" // of the dictionaries by which objects were read
)

// openInbox makes what takes provinces' files.
func (p *Platform) openInbox(ctx context.Context) (err error) {
	c := p.inboxConfig()
	d, err := p.openDictionary(ctx, c.Folder)
	if err != nil {
		return err
	}
	c.Meaning, p.dictionary = d, d.Dictionary
	c.Taken = p.fileTaken
	p.inbox, err = inbox.New(ctx, c)
	return err
}

// openDictionary reads the dictionaries. If they say something else than at the
// last start, everything in the catalogues is read by them anew.
//
// What the dictionaries call their codes is told at every start: the store may
// be a new one.
func (p *Platform) openDictionary(ctx context.Context, folder string) (*inbox.Dictionary, error) {
	own := filepath.Join(folder, dictionariesDir)
	if err := os.MkdirAll(own, 0o700); err != nil {
		return nil, fmt.Errorf("dictionaries: %w", err)
	}
	read, err := normal.Load(os.DirFS(own))
	if err != nil {
		// Figures by the embedded ones are better than none.
		p.log.Error("the operator's dictionaries cannot be used; the embedded ones hold until the next start", "folder", own, "error", err)
		read = normal.Default()
	}
	d := inbox.NewDictionary(read)
	if err := p.store.SetLabels(ctx, d.Labels()); err != nil {
		return nil, fmt.Errorf("dictionaries: %w", err)
	}
	path := filepath.Join(folder, dictionaryFile)
	was, err := os.ReadFile(path)
	switch {
	case err == nil && string(was) == d.Version():
		return d, nil
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("dictionaries: %w", err)
	}
	if err := p.store.Renormalise(ctx, d.Normal); err != nil {
		return nil, fmt.Errorf("dictionaries: %w", err)
	}
	return d, durable.WriteFile(path, []byte(d.Version()))
}

// fileTaken tells readers that figures have moved.
func (p *Platform) fileTaken(r c3.Receipt) {
	if p.console == nil || r.Outcome != c3.OutcomeAccepted && r.Outcome != c3.OutcomePartly {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), askFor)
	defer cancel()
	asOf, _, err := p.store.AsOf(ctx)
	if err != nil {
		p.log.Warn("readers are not told of a file", "file", r.File, "error", err)
		return
	}
	p.console.Changed(console.ChangeOf(asOf, []aggregator.Hour{r.Day.FirstHour()}, []aggregator.Province{r.Province}))
}
