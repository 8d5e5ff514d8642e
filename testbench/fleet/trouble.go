package fleet

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"time"
)

// trouble keeps the last warning of thousands of uplinks and passes one a
// second on, with how many it kept back.
type trouble struct {
	to   *slog.Logger
	mu   sync.Mutex
	text string
	next time.Time
	hid  int
}

func newTrouble(to *slog.Logger) *trouble { return &trouble{to: to} }

func (t *trouble) logger() *slog.Logger { return slog.New(troubleHandler{t}) }

// last is the last warning, "" if there was none.
func (t *trouble) last() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.text
}

type troubleHandler struct{ *trouble }

func (h troubleHandler) Enabled(_ context.Context, l slog.Level) bool { return l >= slog.LevelWarn }
func (h troubleHandler) WithAttrs([]slog.Attr) slog.Handler           { return h }
func (h troubleHandler) WithGroup(string) slog.Handler                { return h }

func (h troubleHandler) Handle(ctx context.Context, r slog.Record) error {
	var text strings.Builder
	text.WriteString(r.Message)
	r.Attrs(func(a slog.Attr) bool {
		text.WriteString(" " + a.Key + "=" + a.Value.String())
		return true
	})
	h.mu.Lock()
	defer h.mu.Unlock()
	h.text = text.String()
	if now := time.Now(); now.Before(h.next) {
		h.hid++
		return nil
	} else {
		h.next = now.Add(time.Second)
	}
	h.to.Warn(h.text, "more_like_it", h.hid)
	h.hid = 0
	return nil
}
