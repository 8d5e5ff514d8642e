package profiles

import (
	"context"
	"log/slog"
	"time"
)

// LookEvery is how often a Retainer looks into the folder.
const LookEvery = 2 * time.Second

// Broker is where packets are retained.
type Broker interface {
	// Publish retains packet on topic; an empty one removes what was there.
	Publish(topic string, packet []byte, retain bool) error
}

// Retainer keeps a broker's retained messages the same as a folder. Use one for
// each broker.
type Retainer struct {
	Folder *Folder
	Broker Broker
	// Life changes when the broker may have forgotten what it retained: then
	// everything is published again. nil: it never does.
	Life func() uint64
	Now  func() time.Time // nil: time.Now
	Log  *slog.Logger     // nil: silent

	life uint64
	sent map[string]string // packet by topic
	said string            // the failure that was logged last
}

// Run looks at once and then every other second, until ctx ends.
func (r *Retainer) Run(ctx context.Context) {
	tick := time.NewTicker(LookEvery)
	defer tick.Stop()
	for {
		if err := r.Look(); err != nil && err.Error() != r.said {
			r.said = err.Error()
			r.log().Error("not every profile is published", "error", err)
		} else if err == nil {
			r.said = ""
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

func (r *Retainer) log() *slog.Logger {
	if r.Log == nil {
		return slog.New(slog.DiscardHandler)
	}
	return r.Log
}

// Look publishes what changed in the folder since the last time, and removes
// what has expired. What fails is tried again the next time.
func (r *Retainer) Look() error {
	now := time.Now
	if r.Now != nil {
		now = r.Now
	}
	if r.Life != nil {
		if life := r.Life(); life != r.life || r.sent == nil {
			r.life, r.sent = life, nil
		}
	}
	if r.sent == nil {
		r.sent = map[string]string{}
	}
	entries, failed := r.Folder.List()
	for _, e := range entries {
		if h, err := e.Head(); err != nil || h.ExpiresMs <= uint64(now().UnixMilli()) {
			e.Packet = nil
		}
		before, known := r.sent[e.Topic]
		if known && before == string(e.Packet) {
			continue
		}
		if err := r.Broker.Publish(e.Topic, e.Packet, true); err != nil {
			return err // the broker is away: the others would fail too
		}
		r.sent[e.Topic] = string(e.Packet)
		if len(e.Packet) > 0 {
			r.log().Info("profile published", "topic", e.Topic, "version", e.Version)
		} else if known {
			r.log().Info("profile withdrawn or expired", "topic", e.Topic, "version", e.Version)
		}
	}
	return failed
}
