package sim

// check holds the end of a run against the promises.
func (w *World) check() {
	c := w.centre
	isSync, syncs := map[uint32]bool{}, 0
	for _, s := range w.syncs {
		isSync[s.id] = true
	}
	for id := 1; id < len(w.arrived); id++ {
		rows := uint8(0)
		if id < len(c.rows) {
			rows = c.rows[id]
		}
		if isSync[uint32(id)] {
			syncs += int(w.arrived[id]) // rows without a name
			rows = w.arrived[id]
		}
		switch {
		case rows > 1:
			w.fail("I1", "event %d of box %s counts %d times", id, w.owner[id], rows)
		case rows > 0 && w.aside[id]:
			w.fail("S5", "event %d of box %s is a row and in quarantine", id, w.owner[id])
		case rows == 0 && w.promised[id] && !w.forgiven[id] && !w.aside[id]:
			w.fail("I2", "event %d of box %s is lost", id, w.owner[id])
		case rows != w.arrived[id]:
			w.fail("I1", "event %d of box %s: the ledger took it %d times, the store has it %d times", id, w.owner[id], w.arrived[id], rows)
		}
	}
	if w.setting.Loader && syncs != c.table.notices {
		w.fail("I1", "the ledger took %d clock_syncs, the store has %d", syncs, c.table.notices)
	}
	w.checkGaps()
	w.checkPoison()
	w.checkTimes()
}

// checkGaps holds the ledger's account of losses against the truth, for boxes
// whose flash was never lost or copied: then each has one epoch, and every
// number of it has either arrived or is counted as lost [I3].
func (w *World) checkGaps() {
	if w.setting.Faults.Wipe+w.setting.Faults.Clone+w.setting.Faults.OldImage > 0 {
		return
	}
	for _, b := range w.actors {
		m := w.centre.mark(b.id, b.out.Epoch())
		arrived, missing := uint64(0), uint64(0)
		for id := 1; id < len(w.arrived); id++ {
			if w.owner[id] != b.id {
				continue
			}
			if w.arrived[id] > 0 {
				arrived++
			} else if w.forgiven[id] {
				missing++
			}
		}
		if m.Lost > 0 {
			w.Tally.LostCounted++
		}
		if m.Seq != arrived+m.Lost || m.Lost != missing {
			w.fail("I3", "box %s: the ledger says %d lost of %d, but %d arrived and %d are missing", b.id, m.Lost, m.Seq, arrived, missing)
		}
	}
}
