// Package dialect holds how a province writes its files: a profile in YAML is
// compiled once, and then turns records into canonical rows and rows back into
// records. It knows no folders and no store.
//
// Compile explains every mistake of a profile with its line and what to write
// instead. A Dialect and its Feeds never change and are safe for concurrent use.
// DESIGN.md has the reasons, ready/ has dialects to start from.
package dialect
