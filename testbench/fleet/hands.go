package fleet

import (
	"fmt"

	"iptvdc/protocol"
)

// Hands do to boxes what people and the mains do. It may be used only inside
// the call that delivers it.
type Hands struct{ r *runner }

// serve does what was asked for since the last tick.
func (r *runner) serve() {
	for {
		select {
		case do, open := <-r.Hands:
			if !open {
				r.Hands = nil
				return
			}
			do(&Hands{r})
		default:
			return
		}
	}
}

// Clone copies the flash of so many light boxes into second boxes, which from
// then on live beside the first ones under the same name: what a household does
// is recorded by one of the two. It returns how many there are. A box whose
// flash was already copied is left alone.
//
// What is recorded and not sealed when a flash is copied would be told by both;
// so it is sealed before.
func (h *Hands) Clone(share float64) (int, error) {
	n := 0
	for i, b := range h.r.boxes {
		light, ok := b.(*lightBox)
		if !ok || light.twin != nil || float64(mix(h.r.Seed^uint64(i))%10_000) >= share*10_000 {
			continue
		}
		if err := light.clone(h.r, i); err != nil {
			return n, fmt.Errorf("clone box %s: %w", h.r.town.Home(i).Box, err)
		}
		n++
	}
	return n, nil
}

func (b *lightBox) clone(r *runner, i int) error {
	if err := b.out.Seal(); err != nil {
		return err
	}
	home := r.town.Home(i)
	twin := &lightBox{house: b.house, disk: b.disk.Clone(), epoch: b.epoch}
	twin.clock.pace = r.pace
	twin.clock.boot.Store(b.clock.boot.Load())
	twin.clock.bootMs.Store(b.clock.bootMs.Load())
	twin.clock.unset.Store(b.clock.unset.Load())
	if err := twin.connect(&r.Config, i, home, r.dialer(i, home), r.trouble.logger(), b.codec); err != nil {
		return err
	}
	b.saidIn = b.clock.boot.Load()
	b.twin = twin
	r.up.Go(func() { twin.run(r.upCtx) })
	return nil
}

// RestartAgents ends every real agent that is running, in order, and starts it
// again with version on the same folder, as an update does. It returns how many
// will be; each is as soon as it has taken what was told to it before.
func (h *Hands) RestartAgents(version string) (int, error) {
	n := 0
	for i, b := range h.r.boxes[:h.r.Agents] {
		again, ok := b.(interface {
			restart(nowMs int64, version string) (protocol.Event, bool)
		})
		if !ok {
			continue
		}
		now := h.r.pace.nowMs()
		// What it says of itself when it starts is true as well.
		e, ok := again.restart(now, version)
		if !ok {
			continue
		}
		home := h.r.town.Home(i)
		if h.r.truth != nil {
			h.r.truth.Event(&home, now, &e)
			if err := h.r.truth.Flush(); err != nil {
				return n, err
			}
		}
		h.r.recorded++
		h.r.byAgents++
		n++
	}
	return n, nil
}
