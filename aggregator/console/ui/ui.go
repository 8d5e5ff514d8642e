// Package ui holds the console's page: TypeScript in src, and in dist what
// build.sh makes of it, committed so that Go alone builds the aggregator.
package ui

import (
	"embed"
	"io/fs"
)

//go:embed dist
var dist embed.FS

// Files returns the built page, index.html at its root. The names carry no
// hash, so whoever serves them must let browsers ask each time. The page loads
// nothing but these files and the API of its own origin, and runs under
// "default-src 'self'" without exceptions.
func Files() (fs.FS, error) { return fs.Sub(dist, "dist") }
