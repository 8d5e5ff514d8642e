package duckdb

import (
	"context"
	"errors"

	"iptvdc/aggregator"
	"iptvdc/aggregator/c3"
	"iptvdc/aggregator/store"
)

var errNoFeeds = errors.New("store: this engine does not take files yet")

func (s *Store) Stage(context.Context, store.File) (store.Stage, error)     { return nil, errNoFeeds }
func (s *Store) Note(context.Context, store.File, c3.Receipt) error         { return errNoFeeds }
func (s *Store) Taken(context.Context, [][16]byte) ([]store.FileRow, error) { return nil, errNoFeeds }
func (s *Store) Files(context.Context, store.FileQuery) ([]store.FileRow, error) {
	return nil, errNoFeeds
}
func (s *Store) Faults(context.Context, [16]byte, int, int) ([]c3.Fault, error) {
	return nil, errNoFeeds
}
func (s *Store) Titles(context.Context, aggregator.Scope, func(store.TitleRow) error) error {
	return errNoFeeds
}
func (s *Store) Renormalise(context.Context, func(aggregator.Province, c3.Object) store.Normal) error {
	return errNoFeeds
}
func (s *Store) Untold(context.Context, aggregator.Province, aggregator.Day, int) ([]store.Correction, error) {
	return nil, errNoFeeds
}
