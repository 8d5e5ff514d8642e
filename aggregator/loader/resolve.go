package loader

import (
	"context"
	"sync"

	"iptvdc/aggregator"
	"iptvdc/aggregator/ledger"
	"iptvdc/aggregator/store"
	"iptvdc/protocol"
)

// boxState is what the loader remembers of a box: its key, the identity last
// seen and the clock of its latest boot. All of it is also in the store.
type boxState struct {
	box     uint64
	account uint64
	offset  int64
	serial  uint32 // 0: no identity yet
	boot    uint32 // highest boot whose events were seen; its clock
	top     uint32 // highest boot of which the store has a clock
	city    aggregator.City
	where   aggregator.Province
	quality uint8
}

// resolution is a block on its way: decoded, not yet placed.
type resolution struct {
	workers    []*worker
	clocks     *clocks
	id         ledger.BlockID
	identities map[store.IdentityKey]store.Identity // told in this block, or asked
	askWho     []store.IdentityKey
	askClock   []store.ClockKey
	askBoots   []uint64
	latest     map[uint64]uint32 // highest boot in the store, of the boxes asked about

	clockRows    []store.ClockRow
	retimes      []store.Retime
	unidentified uint64
	absurd       uint64
}

// decode reads all batches, the workers a stretch each, and finds out what
// must be asked of the store.
func (l *Loader) decode(bound *ledger.Block) *resolution {
	r := &resolution{workers: l.workers, clocks: newClocks(), id: bound.ID, identities: map[store.IdentityKey]store.Identity{}}
	keys := make([]uint64, len(bound.Batches))
	for i := range bound.Batches {
		name := bound.Batches[i].Route.Box
		if s, ok := l.boxes.get(name); ok {
			keys[i] = s.box
		} else {
			keys[i] = l.c.Secrets.BoxKey(name)
		}
	}
	var done sync.WaitGroup
	for n, w := range l.workers {
		from, to := len(keys)*n/len(l.workers), len(keys)*(n+1)/len(l.workers)
		done.Go(func() {
			w.reset()
			for i := from; i < to; i++ {
				w.batch(&bound.Batches[i], keys[i])
			}
		})
	}
	done.Wait()
	for _, t := range bound.Tallies {
		l.workers[0].aside(aggregator.Province(t.Province), t.Hour, t.Lost, t.Repeated)
	}
	for _, w := range l.workers {
		r.clocks.gather(w)
		for _, told := range w.identities {
			if _, ok := r.identities[told.IdentityKey]; !ok {
				r.identities[told.IdentityKey] = told.Identity
			}
		}
	}
	r.findGaps(l)
	return r
}

// findGaps takes from memory what it has and lists the rest to be asked.
func (r *resolution) findGaps(l *Loader) {
	asked := map[store.IdentityKey]bool{}
	seen, boots := map[*bootClock]bool{}, map[uint64]bool{}
	clock := func(b *bootClock, s boxState, remembered bool) {
		switch {
		case seen[b]:
			return
		case remembered && b.Boot == s.boot:
			b.known, b.hasKnown = store.Clock{OffsetMs: s.offset, Quality: s.quality}, true
		case !remembered || b.Boot <= s.top:
			r.askClock = append(r.askClock, b.ClockKey)
		}
		// A boot above all of which the store has a clock is new.
		seen[b] = true
	}
	for _, w := range r.workers {
		for i := range w.runs {
			run := &w.runs[i]
			s, remembered := l.boxes.get(run.name)
			if !remembered && !boots[run.box] {
				boots[run.box] = true
				r.askBoots = append(r.askBoots, run.box)
			}
			clock(run.clock, s, remembered)
			if run.sentBoot != run.boot {
				clock(r.clocks.boots[store.ClockKey{Box: run.box, Boot: run.sentBoot}], s, remembered)
			}
			k := store.IdentityKey{Box: run.box, Serial: run.serial}
			if run.serial == 0 || asked[k] {
				continue
			}
			if _, told := r.identities[k]; told {
				continue
			}
			if remembered && s.serial == run.serial {
				r.identities[k] = store.Identity{Province: s.where, City: s.city, Account: s.account}
				continue
			}
			asked[k] = true
			r.askWho = append(r.askWho, k)
		}
	}
}

// ask gets from the store what earlier blocks told.
func (r *resolution) ask(ctx context.Context, l *Loader) error {
	if len(r.askWho) > 0 {
		found, err := l.c.Target.Identities(ctx, r.askWho)
		if err != nil {
			return err
		}
		for k, id := range found {
			r.identities[k] = id
		}
	}
	if len(r.askBoots) > 0 {
		var err error
		if r.latest, err = l.c.Target.LatestBoots(ctx, r.askBoots); err != nil {
			return err
		}
	}
	if len(r.askClock) > 0 {
		found, err := l.c.Target.Clocks(ctx, r.askClock)
		if err != nil {
			return err
		}
		for k, c := range found {
			b := r.clocks.boots[k]
			b.known, b.hasKnown = c, true
		}
	}
	return nil
}

// finish places every row and puts the block together, in the loader's
// buffers.
func (r *resolution) finish(l *Loader) *store.Block {
	r.clockRows, r.retimes = r.clocks.decide()
	b := &l.block
	b.ID = r.id
	b.Powers, b.PageViews, b.Clicks, b.Views = b.Powers[:0], b.PageViews[:0], b.Clicks[:0], b.Views[:0]
	b.Orders, b.Notices, b.Codes, b.Identities = b.Orders[:0], b.Notices[:0], b.Codes[:0], b.Identities[:0]
	b.Impressions, b.OrderPages, b.Playbacks = b.Impressions[:0], b.OrderPages[:0], b.Playbacks[:0]
	b.Healths, b.Runnings, b.Tallies = b.Healths[:0], b.Runnings[:0], b.Tallies[:0]
	var done sync.WaitGroup
	absurd := make([]uint64, len(r.workers))
	for n, w := range r.workers {
		for i := range w.runs {
			r.identify(&w.runs[i])
		}
		done.Go(func() { absurd[n] = w.place() })
	}
	done.Wait()
	for n, w := range r.workers {
		r.absurd += absurd[n]
		b.Powers = append(b.Powers, w.rows.Powers...)
		b.PageViews = append(b.PageViews, w.rows.PageViews...)
		b.Clicks = append(b.Clicks, w.rows.Clicks...)
		b.Views = append(b.Views, w.rows.Views...)
		b.Orders = append(b.Orders, w.rows.Orders...)
		b.Impressions = append(b.Impressions, w.rows.Impressions...)
		b.OrderPages = append(b.OrderPages, w.rows.OrderPages...)
		b.Playbacks = append(b.Playbacks, w.rows.Playbacks...)
		b.Healths = append(b.Healths, w.rows.Healths...)
		b.Runnings = append(b.Runnings, w.rows.Runnings...)
		b.Notices = append(b.Notices, w.rows.Notices...)
		b.Tallies = append(append(b.Tallies, w.rows.Tallies...), w.beside...)
		b.Codes = append(b.Codes, w.codes...)
		for _, told := range w.identities {
			// told again at each boot: the store need not hear it again
			if s, ok := l.boxes.get(told.name); !ok || s.serial != told.Serial {
				b.Identities = append(b.Identities, told.IdentityRow)
			}
		}
	}
	b.Clocks, b.Retimes = r.clockRows, r.retimes
	return b
}

// identify settles who and where a run was. Without an identity it is the
// province of the route and nobody.
func (r *resolution) identify(run *run) {
	id, ok := r.identities[store.IdentityKey{Box: run.box, Serial: run.serial}]
	run.known = ok && run.serial != 0
	if run.where = id.Province; !run.known || run.where == 0 {
		run.where = run.route
	}
	if run.known {
		run.city, run.account = id.City, id.Account
	}
}

// place fills in where, who and when of the worker's rows; it returns how many
// had an absurd time.
func (w *worker) place() (absurd uint64) {
	absurd += placeRows(w, w.rows.Powers, w.refs.powers, func(r *store.Power) *store.Stamp { return &r.Stamp })
	absurd += placeRows(w, w.rows.PageViews, w.refs.pageViews, func(r *store.PageView) *store.Stamp { return &r.Stamp })
	absurd += placeRows(w, w.rows.Clicks, w.refs.clicks, func(r *store.Click) *store.Stamp { return &r.Stamp })
	absurd += placeRows(w, w.rows.Views, w.refs.views, func(r *store.View) *store.Stamp { return &r.Stamp })
	absurd += placeRows(w, w.rows.Orders, w.refs.orders, func(r *store.Order) *store.Stamp { return &r.Stamp })
	absurd += placeRows(w, w.rows.Impressions, w.refs.impressions, func(r *store.Impression) *store.Stamp { return &r.Stamp })
	absurd += placeRows(w, w.rows.OrderPages, w.refs.orderPages, func(r *store.OrderPage) *store.Stamp { return &r.Stamp })
	absurd += placeRows(w, w.rows.Playbacks, w.refs.playbacks, func(r *store.Playback) *store.Stamp { return &r.Stamp })
	absurd += placeRows(w, w.rows.Healths, w.refs.healths, func(r *store.Health) *store.Stamp { return &r.Stamp })
	absurd += placeRows(w, w.rows.Runnings, w.refs.runnings, func(r *store.Running) *store.Stamp { return &r.Stamp })
	absurd += placeRows(w, w.rows.Notices, w.refs.notices, func(r *store.Notice) *store.Stamp { return &r.Stamp })
	// A tally is no event: it is not counted as one whose time is absurd.
	_ = placeRows(w, w.rows.Tallies, w.refs.tallies, func(r *store.Tally) *store.Stamp { return &r.Stamp })
	return absurd
}

func placeRows[R any](w *worker, rows []R, refs []uint32, of func(*R) *store.Stamp) (bad uint64) {
	for i := range rows {
		s, run := of(&rows[i]), &w.runs[refs[i]]
		s.Province, s.City, s.Account = run.where, run.city, run.account
		s.AtMs, s.Clock = run.clock.atMs(s.MonoMs)
		if absurd(s.AtMs, run.arrivedMs) {
			s.AtMs, s.Clock = run.arrivedMs, uint8(protocol.ClockUnknown)
			bad++
		}
	}
	return bad
}

// remember keeps for the next blocks what the store now has.
func (r *resolution) remember(l *Loader) {
	for _, w := range r.workers {
		w.stored()
		for i := range w.runs {
			run := &w.runs[i]
			s, _ := l.boxes.get(run.name)
			s.box = run.box
			if run.known {
				s.serial, s.where, s.city, s.account = run.serial, run.where, run.city, run.account
			}
			if c := run.clock; run.boot >= s.boot {
				s.boot, s.offset, s.quality = run.boot, c.told.OffsetMs, c.told.Quality
			}
			s.top = max(s.top, run.boot, run.sentBoot, r.latest[run.box])
			l.boxes.put(run.name, s)
		}
	}
}

// forget makes the next blocks ask the store for the boxes of this one. It had
// the block before: an earlier run had inserted it, or this one did and got an
// error for an answer.
func (r *resolution) forget(l *Loader) {
	for _, w := range r.workers {
		for i := range w.runs {
			l.boxes.remove(w.runs[i].name)
		}
	}
}

func (r *resolution) unreadable() map[uint64]string {
	all := map[uint64]string{}
	for _, w := range r.workers {
		for id, why := range w.unreadable {
			all[id] = why
		}
	}
	return all
}

func (r *resolution) count(l *Loader, bound *ledger.Block, p Progress) {
	s := &l.stats
	s.blocks.Add(1)
	bad := map[uint64]bool{}
	for _, w := range r.workers {
		s.batches.Add(uint64(w.batches))
		s.unknownKinds.Add(w.unknown)
		s.ignoredSyncs.Add(w.badSyncs)
		s.ignoredAgents.Add(w.badAgents)
		s.unreadable.Add(uint64(len(w.unreadable)))
		for id := range w.unreadable {
			bad[id] = true
		}
		for i := range w.runs {
			if !w.runs[i].known {
				r.unidentified += uint64(w.runs[i].events)
			}
		}
	}
	for i := range bound.Batches {
		if bad[bound.Batches[i].ID] {
			s.unreadableEvents.Add(uint64(bound.Batches[i].Batch.N))
		}
	}
	if p.Inserted {
		s.events.Add(uint64(p.Events))
	} else {
		s.repeated.Add(uint64(p.Events))
	}
	s.unidentified.Add(r.unidentified)
	s.absurdTimes.Add(r.absurd)
	s.retimes.Add(uint64(len(r.retimes)))
	s.knownBoxes.Store(int64(l.boxes.len()))
}
