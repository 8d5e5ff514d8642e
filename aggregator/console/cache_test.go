package console

import (
	"context"
	"runtime"
	"testing"
	"time"
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

// What was answered before figures moved is given to who asks for it, to nobody else,
// not for long, and not once it was erased.
func TestAnswersOfBefore(t *testing.T) {
	n := 0
	a := newAnswers(func(context.Context, answerKey) ([]byte, error) { n++; return []byte{byte(n)}, nil }, 1)
	a.former = map[answerKey]*answer{}
	key := answerKey{"s", "q"}
	now := func(want byte) {
		t.Helper()
		if b, err := a.get(t.Context(), key); err != nil || b[0] != want {
			t.Errorf("the answer is %v %v, want %d", b, err, want)
		}
	}
	before := func(k answerKey, most time.Duration, want byte) {
		t.Helper()
		b, _, ok := a.before(k, most)
		if ok != (want > 0) || ok && b[0] != want {
			t.Errorf("the answer of before is %v %v, want %d", b, ok, want)
		}
	}
	before(key, time.Hour, 0)
	now(1)
	before(key, time.Hour, 0) // the present one is to be had
	a.forget()
	before(key, time.Hour, 1)
	before(key, 0, 0)
	before(answerKey{"other", "q"}, time.Hour, 0)
	now(2)
	a.life = 0 // it is too old by itself
	before(key, time.Hour, 1)
	now(3)
	before(key, time.Hour, 2)
	a.mu.Lock()
	a.former[key].at = time.Now().Add(-formerLife - 1)
	a.mu.Unlock()
	before(key, 24*time.Hour, 0)
	if a.formerBytes != 0 || len(a.former) != 0 {
		t.Errorf("%d answers of %d bytes are kept too long", len(a.former), a.formerBytes)
	}
	a.forget()
	before(key, time.Hour, 3)
	a.erase()
	before(key, time.Hour, 0)
}

// An answer that was under way when figures moved is one of before; when everything was
// erased meanwhile it is none.
func TestAnswerOfBeforeUnderWay(t *testing.T) {
	for _, c := range []struct {
		name string
		move func(*answers)
		ok   bool
	}{{"moved", (*answers).forget, true}, {"erased", (*answers).erase, false}} {
		began, answered := make(chan struct{}), make(chan []byte)
		a := newAnswers(func(context.Context, answerKey) ([]byte, error) { close(began); return <-answered, nil }, 1)
		a.former = map[answerKey]*answer{}
		key, done := answerKey{"s", "q"}, make(chan struct{})
		go func() {
			defer close(done)
			_, _ = a.get(t.Context(), key)
		}()
		<-began
		c.move(a)
		answered <- []byte("a")
		<-done
		ok := false
		for range 1000 { // it is put away after its readers have it
			if _, _, ok = a.before(key, time.Hour); ok {
				break
			}
			runtime.Gosched()
		}
		if ok != c.ok {
			t.Errorf("%s: kept as one of before: %v", c.name, ok)
		}
	}
}

// While a new answer is under way for somebody else, the one of before is still given;
// once the new one is there, none is.
func TestAnswerOfBeforeWhileANewOneIsMade(t *testing.T) {
	began, answered := make(chan struct{}), make(chan []byte)
	a := newAnswers(func(context.Context, answerKey) ([]byte, error) { began <- struct{}{}; return <-answered, nil }, 1)
	a.former = map[answerKey]*answer{}
	key := answerKey{"s", "q"}
	ask := func() (done chan struct{}) {
		done = make(chan struct{})
		go func() {
			defer close(done)
			_, _ = a.get(t.Context(), key)
		}()
		<-began
		return done
	}
	first := ask()
	answered <- []byte("first")
	<-first
	a.forget()
	second := ask()
	if b, _, ok := a.before(key, time.Hour); !ok || string(b) != "first" {
		t.Errorf("while a new answer is made: %q %v, want the first", b, ok)
	}
	answered <- []byte("second")
	<-second
	if b, _, ok := a.before(key, time.Hour); ok {
		t.Errorf("beside the present answer: %q", b)
	}
}
