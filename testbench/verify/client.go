package verify

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// client asks an aggregator's HTTP API. A centre that is away is asked again
// for a while: it may be starting.
type client struct {
	base  string
	token string
	http  *http.Client
	away  time.Duration // how long it may be away
}

func newClient(base, token string) (*client, error) {
	u, err := url.Parse(base)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, fmt.Errorf("aggregator: %q is not an address; write http://127.0.0.1:8080", base)
	}
	return &client{base: strings.TrimSuffix(base, "/"), token: token, http: &http.Client{Timeout: 2 * time.Minute}, away: 20 * time.Second}, nil
}

// status is what the centre says of itself.
type status struct {
	Version     string `json:"version"`
	AsOf        string `json:"as_of"`
	Backlog     int64  `json:"backlog_events"`
	Dirty       int64  `json:"dirty_cells"`
	Boxes       int64  `json:"boxes"`
	Received    int64  `json:"received_events"`
	Loaded      int64  `json:"loaded_events"`
	Lost        int64  `json:"lost_events"`
	Quarantined int64  `json:"quarantined_events"`
}

func (c *client) status(ctx context.Context) (status, error) {
	var s status
	return s, c.do(ctx, http.MethodGet, "/api/v1/status", nil, &s)
}

// auditRow is what the centre holds of a box and kind.
type auditRow struct {
	Box     string `json:"box"`
	Kind    string `json:"kind"`
	Events  int64  `json:"events"`
	MonoSum int64  `json:"mono_sum"`
}

// auditBoxes is how many boxes one audit may name.
const auditBoxes = 2000

func (c *client) audit(ctx context.Context, boxes []string) ([]auditRow, error) {
	var answer struct {
		Rows []auditRow `json:"rows"`
	}
	return answer.Rows, c.do(ctx, http.MethodPost, "/api/v1/audit", map[string]any{"boxes": boxes}, &answer)
}

// event names one event of a box.
type event struct {
	Boot   int64  `json:"boot"`
	MonoMs int64  `json:"mono_ms"`
	Kind   string `json:"kind"`
}

func (e event) String() string { return fmt.Sprintf("%s at boot %d + %d ms", e.Kind, e.Boot, e.MonoMs) }

func (c *client) events(ctx context.Context, box string) ([]event, error) {
	var answer struct {
		Events []event `json:"events"`
	}
	return answer.Events, c.do(ctx, http.MethodGet, "/api/v1/audit/boxes/"+url.PathEscape(box)+"/events", nil, &answer)
}

type filter struct {
	Dimension string   `json:"dimension"`
	In        []string `json:"in"`
}

type query struct {
	Indicators []string `json:"indicators"`
	Dimensions []string `json:"dimensions,omitempty"`
	Filters    []filter `json:"filters,omitempty"`
	From       string   `json:"from"`
	To         string   `json:"to"`
	Grain      string   `json:"grain"`
	Compare    string   `json:"compare,omitempty"`
	Align      string   `json:"align,omitempty"`
	Edit       string   `json:"edit,omitempty"`
}

type table struct {
	Columns []struct {
		ID   string `json:"id"`
		Type string `json:"type"`
	} `json:"columns"`
	Rows [][]any `json:"rows"`
}

func (c *client) query(ctx context.Context, q *query) (table, error) {
	var t table
	return t, c.do(ctx, http.MethodPost, "/api/v1/query", q, &t)
}

// errRefused is an answer that asking again will not change.
var errRefused = errors.New("refused")

// errSlow is an answer that takes the aggregator longer than it may.
var errSlow = errors.New("too slow")

// tries is how often at least an aggregator is asked that is there and has no answer,
// as one that works for too many on a busy machine.
const tries = 5

func (c *client) do(ctx context.Context, method, path string, body, into any) error {
	giveUp := time.Now().Add(c.away)
	for try := 1; ; try++ {
		err := c.once(ctx, method, path, body, into)
		if err == nil || errors.Is(err, errRefused) || errors.Is(err, errSlow) || ctx.Err() != nil || try >= tries && time.Now().After(giveUp) {
			return err
		}
		select {
		case <-time.After(300 * time.Millisecond):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (c *client) once(ctx context.Context, method, path string, body, into any) error {
	var payload io.Reader
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			return err
		}
		payload = bytes.NewReader(b)
	}
	r, err := http.NewRequestWithContext(ctx, method, c.base+path, payload)
	if err != nil {
		return err
	}
	r.Header.Set("Authorization", "Bearer "+c.token)
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	answer, err := c.http.Do(r)
	if err != nil {
		return fmt.Errorf("aggregator: %w", err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(io.LimitReader(answer.Body, 256<<20))
	if err != nil {
		return fmt.Errorf("aggregator: %s %s: %w", method, path, err)
	}
	switch {
	case answer.StatusCode == http.StatusUnauthorized || answer.StatusCode == http.StatusForbidden:
		return fmt.Errorf("%w: %s %s: %s; get one with: aggregator token --data DIR", errRefused, method, path, say(text, answer.Status))
	case answer.StatusCode/100 == 4:
		return fmt.Errorf("%w: %s %s: %s", errRefused, method, path, say(text, answer.Status))
	case answer.StatusCode == http.StatusGatewayTimeout:
		return fmt.Errorf("%w: %s %s: %s", errSlow, method, path, say(text, answer.Status))
	case answer.StatusCode/100 != 2:
		return fmt.Errorf("aggregator: %s %s: %s", method, path, say(text, answer.Status))
	}
	if err := json.Unmarshal(text, into); err != nil {
		return fmt.Errorf("%w: %s %s: not the JSON of an aggregator: %w", errRefused, method, path, err)
	}
	return nil
}

// say returns the message of an error's JSON, else the status.
func say(text []byte, status string) string {
	var e struct {
		Error struct {
			Message string `json:"message"`
		} `json:"error"`
	}
	if err := json.Unmarshal(text, &e); err != nil || e.Error.Message == "" {
		return status
	}
	return e.Error.Message
}
