//go:build !mutant_puback

package uplink

import (
	"fmt"

	"iptvdc/protocol"
)

// publish hands a batch to the broker. Its PUBACK changes nothing, whenever it
// comes: only the centre's ack does [P-2.3, I4].
func (s *service) publish(_ *protocol.Sealed, packet []byte) error {
	token := s.l.client.Publish(protocol.UpTopic(s.u.cfg.Province, s.u.cfg.Box), 1, false, packet)
	select {
	case <-token.Done(): // before any PUBACK: it could not even be queued
		if err := token.Error(); err != nil {
			return fmt.Errorf("publish: %w", err)
		}
	default:
	}
	return nil
}
