package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"iptvdc/protocol"
)

// What a post was answered.
const (
	stored   = "stored"   // on the box's flash: must arrive
	accepted = "accepted" // in memory: must arrive unless the power failed before the next commit
	unknown  = "unknown"  // no answer: may have been taken or not
)

// truth is what the box was told of each event, which is named by its time since
// boot in milliseconds: no two have the same.
type truth struct {
	mu     sync.Mutex
	events []answered
	cuts   []time.Time // of power, and of the agent alone
}

type answered struct {
	answer    string
	asked, at time.Time // when it was posted, and answered
}

func (t *truth) cut() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.cuts = append(t.cuts, time.Now())
}

// post sends up to five page events in one request, every second one to be kept
// before it is answered, and notes what came back. An answer that is no answer of
// the agent's is an error.
func (t *truth) post(ctx context.Context, client *http.Client, addr string, n int, keep bool) error {
	t.mu.Lock()
	first, asked := len(t.events), time.Now()
	for range n {
		t.events = append(t.events, answered{unknown, asked, asked})
	}
	t.mu.Unlock()
	body := []byte{'['}
	for i := range n {
		if i > 0 {
			body = append(body, ',')
		}
		body = protocol.AppendJSON(body, &protocol.Event{Kind: protocol.Click, Page: "portal", Area: "top", Slot: uint32(i + 1), MonoMs: uint64(first + i + 1)})
	}
	url, want := "http://"+addr+"/v1/events", accepted
	if keep {
		url, want = url+"?wait=stored", stored
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(append(body, ']')))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := client.Do(req)
	if err != nil {
		return nil // the box is off, or its agent is: unknown it stays
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil
	}
	var said map[string]int
	if json.Unmarshal(text, &said) != nil || said[stored]+said[accepted] != n {
		return fmt.Errorf("events %d to %d: %s %s", first+1, first+n, resp.Status, text)
	}
	if said[want] != n {
		want = accepted // flash was slow
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	for i := first; i < first+n; i++ {
		t.events[i] = answered{want, asked, time.Now()}
	}
	return nil
}

// inDoubt reports whether an accepted event may have been in memory alone when the
// power went. The agent commits in the order in which it accepts: once an event that
// was posted later is stored, this one is. No clock of the box is asked.
func (t *truth) inDoubt(e answered) bool {
	var cut time.Time // the first after it
	for _, c := range t.cuts {
		if c.After(e.at) && (cut.IsZero() || c.Before(cut)) {
			cut = c
		}
	}
	if cut.IsZero() {
		return false // waited for in the end
	}
	for _, later := range t.events {
		if later.answer == stored && later.asked.After(e.at) && later.at.Before(cut) {
			return false
		}
	}
	return true
}

// judge compares with how often the centre holds each event.
func (t *truth) judge(held map[uint64]int) (says string, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	counts := map[string]int{}
	var wrong []string
	arrived := 0
	for i, e := range t.events {
		doubt := e.answer == unknown || e.answer == accepted && t.inDoubt(e)
		counts[e.answer]++
		n := held[uint64(i+1)]
		delete(held, uint64(i+1))
		arrived += min(n, 1)
		switch {
		case n > 1:
			wrong = append(wrong, fmt.Sprintf("event %d (%s) is held %d times", i+1, e.answer, n))
		case n == 0 && !doubt:
			wrong = append(wrong, fmt.Sprintf("event %d (%s) is lost", i+1, e.answer))
		}
	}
	for id, n := range held {
		wrong = append(wrong, fmt.Sprintf("an event %d was never posted, and is held %d times", id, n))
	}
	if counts[stored] == 0 || counts[accepted] == 0 {
		wrong = append(wrong, fmt.Sprintf("the box kept %d events and took %d: nothing is proved", counts[stored], counts[accepted]))
	}
	says = fmt.Sprintf("%d events posted: %d stored, %d accepted, %d without an answer; the aggregator holds %d, each once",
		len(t.events), counts[stored], counts[accepted], counts[unknown], arrived)
	if wrong != nil {
		return says, fmt.Errorf("the truth and the aggregator differ:\n%s", strings.Join(wrong, "\n"))
	}
	return says, nil
}
