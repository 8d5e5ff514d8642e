//go:build mutant_puback

package uplink

import "iptvdc/protocol"

// publish takes the broker's PUBACK for the centre's ack: a deliberate bug.
// It breaks I4, deleted after commit, and so I2, never lost: what a broker took
// and forgot is gone. See testbench/mutants.
func (s *service) publish(b *protocol.Sealed, packet []byte) error {
	l, clock := s.l, s.u.cfg.Clock
	token := l.client.Publish(protocol.UpTopic(s.u.cfg.Province, s.u.cfg.Box), 1, false, packet)
	ack := protocol.AppendAck(nil, &protocol.Ack{Epoch: b.Epoch, Through: b.No, Chain: b.Chain()})
	go func() {
		<-token.Done()
		if token.Error() != nil {
			return
		}
		select {
		case l.acks <- arrived{ack, clock.MonoMs()}:
		default:
		}
	}()
	return nil
}
