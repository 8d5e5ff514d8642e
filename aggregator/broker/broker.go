// Package broker brings packets from boxes to the intake, two ways: Embedded is
// an MQTT broker inside the process, Consumer a client of a broker that stands
// elsewhere. Both answer with acks on the box's own topic; both treat the
// broker as a pipe: nothing is counted on to stay in it [S6].
package broker

import (
	"context"
	"fmt"
	"log/slog"
)

// Receiver takes what boxes send.
type Receiver interface {
	// Receive takes one packet and returns when its fate is durable: nil if
	// the packet may be forgotten, an error if nothing was stored. An ack with
	// a topic is published either way. payload stays unchanged meanwhile.
	Receive(ctx context.Context, topic string, payload []byte, atMs int64) (ackTopic string, ack []byte, err error)
	// Submit is Receive in two steps: packets are taken in the order of the
	// calls, wait returns what Receive returns.
	Submit(ctx context.Context, topic string, payload []byte, atMs int64) (wait func() (ackTopic string, ack []byte, err error))
}

// clientID checks an aggregator's own client id: it must not look like a
// box's.
func checkClientID(id string) error {
	if id == "" || len(id) > 60 {
		return fmt.Errorf("client id: %d bytes, allowed 1..60", len(id))
	}
	return nil
}

func orDiscard(l *slog.Logger) *slog.Logger {
	if l == nil {
		return slog.New(slog.DiscardHandler)
	}
	return l
}
