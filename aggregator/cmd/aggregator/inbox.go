package main

import (
	"cmp"
	"context"
	"time"

	"iptvdc/aggregator"
	"iptvdc/aggregator/c3"
	"iptvdc/aggregator/c3/inbox"
	"iptvdc/aggregator/console"
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
		MaxBytes: int64(c.MaxFileMB) << 20, Log: p.log.With("part", "inbox"),
	}
}

// openInbox makes what takes provinces' files.
func (p *Platform) openInbox(ctx context.Context) (err error) {
	c := p.inboxConfig()
	c.Taken = p.fileTaken
	p.inbox, err = inbox.New(ctx, c)
	return err
}

// fileTaken tells readers that figures have moved.
func (p *Platform) fileTaken(r c3.Receipt) {
	if r.Outcome != c3.OutcomeAccepted && r.Outcome != c3.OutcomePartly {
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
