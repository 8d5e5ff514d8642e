package main

import (
	"cmp"
	"context"
	"log/slog"
	"path/filepath"
	"time"

	"iptvdc/aggregator/indicator"
	"iptvdc/aggregator/settings"
	"iptvdc/aggregator/source"
)

// openSources opens the own data sources of a data folder.
func openSources(ctx context.Context, c *Config, data string, book *settings.Settings, log *slog.Logger, changed func(names []string)) (*source.Shelf, error) {
	dir := filepath.Join(data, sourcesDir)
	return source.Open(ctx, source.Config{
		Dir: dir, Key: filepath.Join(data, sourcesKey), Book: book, Now: time.Now, Log: log, Changed: changed,
		Reach: source.Reach{Allow: c.Sources.Allow, Folder: cmp.Or(c.Sources.Folder, filepath.Join(dir, "files"))},
	})
}

// figures are those of the store, with own data sources beside them.
func (p *Platform) figures() indicator.Source { return indicator.Joined(p.store, p.sources) }
