package uplink

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"fmt"

	"iptvdc/protocol"
)

// Probe connects once to the first of the brokers, subscribes to the box's acks
// and says goodbye. It sends no batch, counts nothing, and goes by a client id
// of its own, so that a running agent of the same box keeps its connection.
func Probe(ctx context.Context, cfg Config) error {
	u, err := New(cfg)
	if err != nil {
		return err
	}
	var b [8]byte
	if _, err := rand.Read(b[:]); err != nil {
		return err
	}
	broker, err := u.broker(0, 0)
	if err != nil {
		return err
	}
	l, err := u.connect(ctx, broker, binary.BigEndian.Uint64(b[:])|1)
	if err != nil {
		return fmt.Errorf("%s: %w", broker.Redacted(), err)
	}
	l.close(true)
	return nil
}

// ProbeClaim connects once as a box that claims its certificate does, and asks for
// none: the credential is good, and the box's serial is not used up.
func ProbeClaim(ctx context.Context, cfg Config, claim protocol.Credential) error {
	u, err := New(cfg)
	if err != nil {
		return err
	}
	var b [8]byte
	if _, err := rand.Read(b[:]); err != nil {
		return err
	}
	_, err = u.Ask(ctx, Question{User: claim.ID, Password: claim.Secret, Client: fmt.Sprintf("%s.%x", claim.ID, b),
		Answer: protocol.IssueTopic(cfg.Province, cfg.Box), Mine: func([]byte) bool { return false }})
	return err
}
