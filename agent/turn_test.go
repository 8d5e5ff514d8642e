package agent

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"iptvdc/protocol"
)

// stuck is a keeper that takes nothing until it is let go, then with an error.
type stuck struct{ let chan struct{} }

func (s *stuck) Append(...protocol.Event) error {
	<-s.let
	return errors.New("no space")
}

// TestTurn: a recorder that waits, or whose flash fails, comes round; one that is stuck in
// a commit does not, nor one that has ended.
func TestTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := &stuck{make(chan struct{})}
		r, err := NewRecorder(RecorderConfig{Open: func() (Keeper, error) { return k, nil }, Session: plainSession{}, Clock: zeroClock{}})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- r.Run(ctx) }()
		turn := func(moves bool) {
			t.Helper()
			within, end := context.WithTimeout(t.Context(), time.Second)
			defer end()
			if err := r.Turn(within); (err == nil) != moves {
				t.Errorf("it comes round: %v, want %v", err, moves)
			}
		}
		turn(true)
		if err := r.Record(t.Context(), false, protocol.Event{Kind: protocol.Click}); err != nil {
			t.Fatal(err)
		}
		turn(true) // its window is open
		time.Sleep(defaultWindow)
		synctest.Wait()
		turn(false) // it commits
		close(k.let)
		synctest.Wait()
		turn(true) // it waits for the next try
		cancel()
		if err := <-done; err == nil {
			t.Error("the event was kept")
		}
		turn(false)
	})
}
