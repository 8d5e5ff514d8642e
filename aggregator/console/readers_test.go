package console

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"iptvdc/aggregator"
	"iptvdc/aggregator/board"
)

// reading is one reader of a board over real connections: its stream of changes, and the
// answers of its widgets.
type reading struct {
	client *http.Client
	base   string
	token  string
	asks   [][]byte
	lines  *bufio.Scanner
	close  io.Closer
}

func (r *reading) do(ctx context.Context, method, path string, body []byte) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, r.base+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+r.token)
	resp, err := r.client.Do(req)
	if err == nil && resp.StatusCode != http.StatusOK {
		defer func() { _ = resp.Body.Close() }()
		text, _ := io.ReadAll(resp.Body)
		return nil, fmt.Errorf("%s: %d %s", path, resp.StatusCode, text)
	}
	return resp, err
}

// open has the stream stand.
func (r *reading) open(ctx context.Context) error {
	resp, err := r.do(ctx, "GET", "/api/v1/changes", nil)
	if err != nil {
		return err
	}
	r.close, r.lines = resp.Body, bufio.NewScanner(resp.Body)
	return r.hear(": hello")
}

// hear waits for a line of the stream.
func (r *reading) hear(begin string) error {
	for r.lines.Scan() {
		if strings.HasPrefix(r.lines.Text(), begin) {
			return nil
		}
	}
	return errors.Join(r.lines.Err(), fmt.Errorf("the stream ended before %q", begin))
}

// look asks for every widget, as the page does when figures moved.
func (r *reading) look(ctx context.Context) error {
	for _, ask := range r.asks {
		resp, err := r.do(ctx, "POST", "/api/v1/boards/answer", ask)
		if err != nil {
			return err
		}
		_, err = io.Copy(io.Discard, resp.Body)
		if err := errors.Join(err, resp.Body.Close()); err != nil {
			return err
		}
	}
	return nil
}

// Two hundred readers of one board cost the store what one reader of each scope costs, when
// they come and each time figures move.
func TestManyReadersCostOne(t *testing.T) {
	readers := 200
	if testing.Short() {
		readers = 40
	}
	b := newBench(t)
	b.powerOns(33, 3)
	b.console.widgets.life = time.Hour // only what moves is asked anew
	var asks [][]byte
	for _, tpl := range board.Templates() {
		if tpl.Name != "operation" {
			continue
		}
		for _, w := range tpl.Board.Tabs[0].Widgets[3:5] {
			ask, err := json.Marshal(WidgetQuestion{w, tpl.Board.Filters})
			if err != nil {
				t.Fatal(err)
			}
			asks = append(asks, ask)
		}
	}
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 2 * readers}}
	defer client.CloseIdleConnections()
	reader := func(n int) *reading {
		return &reading{client: client, base: b.server.URL, token: []string{b.all, b.zhejiang}[n%2], asks: asks}
	}
	cost := func(f func()) int64 {
		before := b.queries.n.Load()
		f()
		return b.queries.n.Load() - before
	}
	var one int64 // reader of each scope
	for n := range 2 {
		one += cost(func() {
			if err := reader(n).look(t.Context()); err != nil {
				t.Fatal(err)
			}
		})
	}
	if one < 4 {
		t.Fatalf("%d questions for two widgets of two scopes: the board asks nothing", one)
	}
	all := make([]*reading, readers)
	each := func(f func(r *reading) error) {
		t.Helper()
		var wait sync.WaitGroup
		faults := make([]error, readers)
		for n := range all {
			wait.Go(func() { faults[n] = f(all[n]) })
		}
		wait.Wait()
		if err := errors.Join(faults...); err != nil {
			t.Fatal(err)
		}
	}
	for n := range all {
		all[n] = reader(n)
	}
	each(func(r *reading) error { return r.open(t.Context()) })
	defer func() {
		for _, r := range all {
			_ = r.close.Close()
		}
	}()
	if n := b.console.changes.count(); n != readers {
		t.Fatalf("%d streams stand, want %d", n, readers)
	}
	for round := range 2 {
		got := cost(func() {
			b.console.Changed(ChangeOf(int64(round+1), nil, []aggregator.Province{33}))
			each(func(r *reading) error {
				if err := r.hear("event: changed"); err != nil {
					return err
				}
				return r.look(t.Context())
			})
		})
		if got != one {
			t.Errorf("round %d: %d readers cost %d questions, one of each scope %d", round, readers, got, one)
		}
	}
	t.Logf("%d readers, 2 widgets, 2 scopes: %d questions a refresh", readers, one)
}
