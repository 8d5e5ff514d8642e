package duckdb

import (
	"context"
	"errors"
	"fmt"

	"iptvdc/aggregator"
	"iptvdc/protocol"
)

// DropEvents forgets every event before a day and keeps the facts made of them:
// they are final from then on, and a closing leaves them as they are. Events
// that come later for an earlier day are kept until the next call and count
// nowhere. Orders that boxes tell as paid or refunded stay too, and what they tell
// of profiles: FactReconcile and Running are worked out from these events when
// somebody asks. It waits for the insert and the closing under way. A cell before the
// day that is yet to be closed is an error: its events would be lost.
//
// The file does not get shorter; what is free in it is used again.
func (s *Store) DropEvents(ctx context.Context, before aggregator.Day) error {
	s.feeding.Lock() // or a file's commit would stand in the checkpoint's way
	defer s.feeding.Unlock()
	s.closing.Lock()
	defer s.closing.Unlock()
	s.writing.Lock()
	defer s.writing.Unlock()
	var dirty int
	if err := s.db.QueryRowContext(ctx, fmt.Sprintf("SELECT count(*) FROM (SELECT DISTINCT hour, province FROM dirt WHERE hour < %d)", before.FirstHour())).Scan(&dirty); err != nil {
		return fmt.Errorf("store: drop events: %w", err)
	}
	if dirty > 0 {
		return fmt.Errorf("store: drop events before %s: %d hours of provinces are not closed yet; close them first", before, dirty)
	}
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("store: drop events: %w", err)
	}
	var steps []string
	for _, t := range eventTables {
		gone := fmt.Sprintf("at_ms < %d", before.Start())
		steps = append(steps, "DELETE FROM "+t.name+"_was WHERE "+gone)
		switch t.name {
		case "running":
			continue
		case "orders":
			gone += fmt.Sprintf(" AND result NOT IN (%d, %d)", protocol.ResultPaid, protocol.ResultRefunded)
		}
		steps = append(steps, "DELETE FROM "+t.name+" WHERE "+gone)
	}
	steps = append(steps, fmt.Sprintf("INSERT INTO dropped SELECT %d WHERE %d > coalesce((SELECT max(day) FROM dropped), %d)", before, before, noDay))
	for _, step := range steps {
		if _, err := tx.ExecContext(ctx, step); err != nil {
			return errors.Join(fmt.Errorf("store: drop events: %w", err), tx.Rollback())
		}
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("store: drop events: %w", err)
	}
	if _, err := s.db.ExecContext(ctx, "CHECKPOINT"); err != nil {
		return fmt.Errorf("store: drop events: the space is given back later: %w", err)
	}
	return nil
}
