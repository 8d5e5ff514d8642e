package console

import (
	"context"
	"runtime"
	"testing"
)

// A question ends when the last who waits for it leaves, and not before; who comes
// then asks anew.
func TestNobodyWaitsNobodyWorks(t *testing.T) {
	began, ended := make(chan struct{}), make(chan error)
	answer := make(chan []byte)
	a := newAnswers(func(ctx context.Context, _ answerKey) ([]byte, error) {
		began <- struct{}{}
		select {
		case b := <-answer:
			return b, nil
		case <-ctx.Done():
			ended <- ctx.Err()
			return nil, ctx.Err()
		}
	}, 1)
	key := answerKey{"s", "q"}
	ask := func() (leave context.CancelFunc, left chan error) {
		ctx, cancel := context.WithCancel(t.Context())
		left = make(chan error, 1)
		go func() {
			_, err := a.get(ctx, key)
			left <- err
		}()
		return cancel, left
	}
	leaveFirst, first := ask()
	<-began
	leaveSecond, second := ask()
	for waiting := 0; waiting < 2; runtime.Gosched() {
		a.mu.Lock()
		waiting = a.held[key].waiting
		a.mu.Unlock()
	}
	leaveFirst()
	if err := <-first; err == nil {
		t.Error("who left has an answer")
	}
	select {
	case err := <-ended:
		t.Fatalf("ended while somebody waits: %v", err)
	default:
	}
	leaveSecond()
	<-second
	<-ended
	_, again := ask()
	<-began
	answer <- []byte("a")
	if err := <-again; err != nil {
		t.Error(err)
	}
}
