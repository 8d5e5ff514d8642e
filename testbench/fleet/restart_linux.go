package fleet

import (
	"context"

	"iptvdc/protocol"
)

// restart puts a restart of the agent on its way, behind what it was told
// before; false: it was never switched on. The event is what the agent will
// record then.
func (b *realBox) restart(nowMs int64, version string) (e protocol.Event, ok bool) {
	if b.latest.boot == 0 {
		return e, false
	}
	t := b.latest
	t.again, t.heldMs = version, nowMs
	e = b.who()
	e.Boot, e.MonoMs, e.Serial = t.boot, uint64(max(0, nowMs-t.bootMs)), protocol.IdentitySerial(&e)
	t.events = []protocol.Event{e}
	b.handed.Add(1)
	select {
	case b.told <- &t:
		return e, true
	case <-b.ended:
		return e, true // failed tells why
	}
}

// startAgain ends the agent in order and starts it in the same boot. Its clock
// stands until it has said who it is, so that the truth knows when that was.
func (b *realBox) startAgain(ctx context.Context, t *retold) error {
	if err := b.endLife(ctx, false); err != nil {
		return err
	}
	b.cfg.Version = t.again
	if err := b.begin(ctx, t); err != nil {
		return err
	}
	b.restarts.Add(1)
	return nil
}
