package tail

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"iptvdc/protocol"
)

// Line is what the stream consists of, one JSON object a line: an event, or how
// many lines are missing before the next.
type Line struct {
	No     uint64          `json:"no,omitempty"`
	WallMs uint64          `json:"wall_ms,omitempty"`
	Event  json.RawMessage `json:"event,omitempty"` // as P-9.1
	Lost   uint64          `json:"lost,omitempty"`
}

// maxTails bounds those who look on at one time.
const maxTails = 8

// Stream answers GET with the events of ring: the last n (query n, 0 to the
// ring's size, 10 without) and then, unless follow=0 is asked, those that come,
// until ctx ends or the caller goes. A caller that does not read for ten
// seconds is let go.
func Stream(ctx context.Context, ring *Ring) http.Handler {
	slots := make(chan struct{}, maxTails)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n, follow, err := asked(r)
		switch {
		case r.Method != http.MethodGet:
			w.Header().Set("Allow", http.MethodGet)
			http.Error(w, "allowed: GET", http.StatusMethodNotAllowed)
			return
		case err != nil:
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		select {
		case slots <- struct{}{}:
			defer func() { <-slots }()
		default:
			http.Error(w, fmt.Sprintf("%d look on already; end one of them", maxTails), http.StatusServiceUnavailable)
			return
		}
		w.Header().Set("Content-Type", "application/jsonl")
		w.Header().Set("Cache-Control", "no-store")
		s := streamer{ring: ring, w: w, ctl: http.NewResponseController(w)}
		s.no = ring.Next()
		s.no -= min(s.no-1, uint64(n), uint64(ring.size))
		s.run(ctx, r.Context(), follow)
	})
}

// asked reads the query.
func asked(r *http.Request) (n int, follow bool, err error) {
	n = 10
	if v := r.URL.Query().Get("n"); v != "" {
		if n, err = strconv.Atoi(v); err != nil || n < 0 {
			return 0, false, fmt.Errorf("n: %.20q is no number of events", v)
		}
	}
	switch v := r.URL.Query().Get("follow"); v {
	case "", "1":
		return n, true, nil
	case "0":
		return n, false, nil
	default:
		return 0, false, fmt.Errorf("follow: %.20q; allowed: 0, 1", v)
	}
}

type streamer struct {
	ring *Ring
	w    http.ResponseWriter
	ctl  *http.ResponseController
	no   uint64 // the next to be shown
	buf  []byte
	got  []Entry
}

func (s *streamer) run(agent, caller context.Context, follow bool) {
	for {
		var lost uint64
		var more <-chan struct{}
		s.got, lost, more = s.ring.From(s.no, s.got[:0])
		s.buf = s.buf[:0]
		if lost > 0 {
			s.no += lost
			s.buf = fmt.Appendf(s.buf, "{\"lost\":%d}\n", lost)
		}
		for i := range s.got {
			e := &s.got[i]
			s.buf = fmt.Appendf(s.buf, `{"no":%d,"wall_ms":%d,"event":`, e.No, e.WallMs)
			s.buf = append(protocol.AppendJSON(s.buf, &e.Event), '}', '\n')
			s.no = e.No + 1
		}
		_ = s.ctl.SetWriteDeadline(time.Now().Add(10 * time.Second)) // not every writer has one
		if _, err := s.w.Write(s.buf); err != nil {
			return
		}
		if err := s.ctl.Flush(); err != nil {
			return
		}
		if more == nil {
			continue
		}
		if !follow {
			return
		}
		select {
		case <-more:
		case <-agent.Done():
			return
		case <-caller.Done():
			return
		}
	}
}
