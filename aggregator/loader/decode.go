package loader

import (
	"strings"

	"iptvdc/aggregator"
	"iptvdc/aggregator/store"
	"iptvdc/protocol"
)

// worker decodes a stretch of a block's batches. It keeps its buffers from
// block to block; what it makes is valid until its next reset.
type worker struct {
	dec     protocol.Decoder
	secrets aggregator.Secrets
	texts   *texts // those whose codes the store has

	rows store.Block // events; Stamp has Box, Boot and MonoMs only
	// refs names for each row of each table the run it belongs to.
	refs struct {
		powers, pageViews, clicks, views, orders, notices     []uint32
		tallies                                               []uint32
		impressions, orderPages, playbacks, healths, runnings []uint32
	}
	runs []run
	// beside are Tallies of no box, placed by their arrival.
	beside []store.Tally

	syncs      []syncPoint
	identities []told
	codes      []store.Code
	fresh      map[string]uint64 // those that enter texts when the store has them
	unreadable map[uint64]string
	batches    int
	unknown    uint64 // events of a kind this version does not know
	badSyncs   uint64
	badAgents  uint64 // versions of agents that are none
}

// run is a stretch of events of one batch with one boot and one serial: all
// that decides who, where and when.
type run struct {
	name     string // box id
	box      uint64 // its key
	route    aggregator.Province
	boot     uint32
	serial   uint32
	lastMono int64 // latest event of the run

	arrivedMs int64
	sentBoot  uint32 // boot at which the batch was sent
	sentUpMs  int64

	// resolved
	where   aggregator.Province
	city    aggregator.City
	account uint64
	known   bool // the identity is known
	clock   *bootClock
	events  uint32
}

// syncPoint is a clock_sync event: at monoMs of that boot it was monoMs+offsetMs.
type syncPoint struct {
	store.ClockKey
	monoMs  int64
	offset  int64
	quality uint8
}

// told is an identity event.
type told struct {
	store.IdentityRow
	name string // box id
}

func newWorker(secrets aggregator.Secrets, limit int) *worker {
	return &worker{secrets: secrets, texts: newTexts(limit), fresh: map[string]uint64{}}
}

func (w *worker) reset() {
	r := &w.rows
	r.Powers, r.PageViews, r.Clicks, r.Views = r.Powers[:0], r.PageViews[:0], r.Clicks[:0], r.Views[:0]
	r.Orders, r.Notices = r.Orders[:0], r.Notices[:0]
	r.Impressions, r.OrderPages, r.Playbacks = r.Impressions[:0], r.OrderPages[:0], r.Playbacks[:0]
	r.Healths, r.Runnings = r.Healths[:0], r.Runnings[:0]
	f := &w.refs
	f.powers, f.pageViews, f.clicks, f.views = f.powers[:0], f.pageViews[:0], f.clicks[:0], f.views[:0]
	f.orders, f.notices = f.orders[:0], f.notices[:0]
	f.impressions, f.orderPages, f.playbacks = f.impressions[:0], f.orderPages[:0], f.playbacks[:0]
	f.healths, f.runnings = f.healths[:0], f.runnings[:0]
	r.Tallies, f.tallies, w.beside = r.Tallies[:0], f.tallies[:0], w.beside[:0]
	w.runs, w.syncs, w.identities, w.codes = w.runs[:0], w.syncs[:0], w.identities[:0], w.codes[:0]
	clear(w.fresh)
	w.unreadable = map[uint64]string{}
	w.batches, w.unknown, w.badSyncs, w.badAgents = 0, 0, 0, 0
}

// serialOf is the identity an event stands under; an identity event stands
// under what it tells.
func serialOf(e *protocol.Event) uint32 {
	if e.Kind == protocol.Identity && e.Serial == 0 {
		return protocol.IdentitySerial(e)
	}
	return e.Serial
}

func (w *worker) event(e *protocol.Event, r *run, ref uint32) {
	s := store.Stamp{Box: r.box, Boot: e.Boot, MonoMs: int64(e.MonoMs)}
	switch e.Kind {
	case protocol.PowerOn, protocol.PowerOff:
		w.rows.Powers = append(w.rows.Powers, store.Power{Stamp: s, On: e.Kind == protocol.PowerOn, Cause: uint8(e.Cause), Agent: w.agent(e.Agent)})
		w.refs.powers = append(w.refs.powers, ref)
	case protocol.PageView:
		w.rows.PageViews = append(w.rows.PageViews, store.PageView{Stamp: s,
			Page: w.text(e.Page), From: w.text(e.From), Template: w.text(e.Template)})
		w.refs.pageViews = append(w.refs.pageViews, ref)
	case protocol.Click:
		w.rows.Clicks = append(w.rows.Clicks, store.Click{Stamp: s, Page: w.text(e.Page), Area: w.text(e.Area),
			Content: w.text(e.Content), Template: w.text(e.Template), Slot: e.Slot, Trace: e.Trace})
		w.refs.clicks = append(w.refs.clicks, ref)
	case protocol.View:
		w.rows.Views = append(w.rows.Views, store.View{Stamp: s, Mode: uint8(e.Mode), Channel: w.text(e.Channel), Content: w.text(e.Content),
			DurationMs: int64(e.DurationMs), Speed: e.Speed, Part: e.Part, End: uint8(e.End), Trace: e.Trace,
			Keys: e.Keys, IdleMs: int64(e.IdleMs), TV: uint8(e.TV),
			LengthMs: 1000 * int64(e.LengthS), PositionMs: int64(e.PositionMs)})
		w.refs.views = append(w.refs.views, ref)
	case protocol.Order:
		// An order id is looked up by its key alone and is nobody's label, so
		// its text is not kept.
		w.rows.Orders = append(w.rows.Orders, store.Order{Stamp: s, OrderID: aggregator.TextKey(e.OrderID),
			Product: w.text(e.Product), Provider: w.text(e.Provider), Content: w.text(e.Content),
			Fen: int64(e.Fen), Result: uint8(e.Result), Pay: uint8(e.Pay), Trace: e.Trace})
		w.refs.orders = append(w.refs.orders, ref)
	case protocol.Impression:
		w.rows.Impressions = append(w.rows.Impressions, store.Impression{Stamp: s, Page: w.text(e.Page), Area: w.text(e.Area),
			Content: w.text(e.Content), Template: w.text(e.Template), Slot: e.Slot, Sight: uint8(e.Sight), DurationMs: int64(e.DurationMs)})
		w.refs.impressions = append(w.refs.impressions, ref)
	case protocol.OrderPage:
		w.rows.OrderPages = append(w.rows.OrderPages, store.OrderPage{Stamp: s,
			Page: w.text(e.Page), Product: w.text(e.Product), Content: w.text(e.Content), Trace: e.Trace})
		w.refs.orderPages = append(w.refs.orderPages, ref)
	case protocol.Playback:
		w.rows.Playbacks = append(w.rows.Playbacks, store.Playback{Stamp: s, Mode: uint8(e.Mode), Channel: w.text(e.Channel), Content: w.text(e.Content),
			StartMs: int64(e.StartMs), Stalls: e.Stalls, StallMs: int64(e.StallMs), Errors: e.Errors, Error: w.text(e.Error), Trace: e.Trace})
		w.refs.playbacks = append(w.refs.playbacks, ref)
	case protocol.Health:
		w.rows.Healths = append(w.rows.Healths, store.Health{Stamp: s, CPU: e.CPU, MemoryKB: int64(e.MemoryKB), Temperature: e.Temperature,
			AgentKB: int64(e.AgentKB), AgentMs: int64(e.AgentMs), FlashKB: int64(e.FlashKB), Waiting: int64(e.Waiting)})
		w.refs.healths = append(w.refs.healths, ref)
	case protocol.Running:
		row := store.Running{Stamp: s, Version: e.Version, State: uint8(e.State), Why: w.text(e.Why)}
		if e.State == protocol.AgentRuns {
			agent, _, _ := store.AgentOf(e.Why)
			row.Agent = w.agent(agent)
		}
		w.rows.Runnings = append(w.rows.Runnings, row)
		w.refs.runnings = append(w.refs.runnings, ref)
	default:
		w.notice(e, r)
		w.rows.Notices = append(w.rows.Notices, store.Notice{Stamp: s, Kind: uint8(e.Kind), Count: int64(e.Count), Reason: uint8(e.Reason)})
		w.refs.notices = append(w.refs.notices, ref)
	}
}

// agent is the key of an agent's version; what is none is not told [P-3.13].
func (w *worker) agent(version string) uint64 {
	switch {
	case protocol.IsAgent(version):
		return w.text(version)
	case version != "" && version != "-":
		w.badAgents++
	}
	return 0
}

// aside counts what no event shows, in the hour of its arrival.
func (w *worker) aside(p aggregator.Province, h aggregator.Hour, lost, repeated uint64) {
	if lost+repeated > 0 {
		w.beside = append(w.beside, store.Tally{Stamp: store.Stamp{Province: p, AtMs: h.Start(), Clock: uint8(protocol.ClockServer)},
			Lost: int64(lost), Repeated: int64(repeated)})
	}
}

// lost places what is lost just before a batch at its first event: it happened
// up to then.
func (w *worker) lost(n uint64, e *protocol.Event, r *run, ref uint32) {
	if n > 0 {
		w.rows.Tallies = append(w.rows.Tallies, store.Tally{Stamp: store.Stamp{Box: r.box, Boot: e.Boot, MonoMs: int64(e.MonoMs)}, Lost: int64(n)})
		w.refs.tallies = append(w.refs.tallies, ref)
	}
}

// notice takes what an event tells beside having happened.
func (w *worker) notice(e *protocol.Event, r *run) {
	switch {
	case e.Kind == protocol.Identity:
		p := aggregator.Province(e.Province)
		w.identities = append(w.identities, told{name: r.name, IdentityRow: store.IdentityRow{
			IdentityKey: store.IdentityKey{Box: r.box, Serial: r.serial},
			Identity: store.Identity{Province: p, City: aggregator.City(e.City), Account: w.secrets.AccountKey(p, e.Account),
				Model: w.text(e.Model), Firmware: w.text(e.Firmware)},
		}})
	case e.Kind == protocol.ClockSync:
		wall := int64(e.WallMs)
		if e.Clock == protocol.ClockUnknown || e.Clock > protocol.ClockServer || absurd(wall, r.arrivedMs) {
			w.badSyncs++
			return
		}
		w.syncs = append(w.syncs, syncPoint{ClockKey: store.ClockKey{Box: r.box, Boot: e.Boot},
			monoMs: int64(e.MonoMs), offset: wall - int64(e.MonoMs), quality: uint8(e.Clock)})
	case !e.Kind.Known():
		w.unknown++
	}
}

// text returns a text's key and sees to it that the store learns the text.
func (w *worker) text(s string) uint64 {
	if s == "" {
		return 0
	}
	if key, ok := w.texts.get(s); ok {
		return key
	}
	if key, ok := w.fresh[s]; ok {
		return key
	}
	key := aggregator.TextKey(s)
	s = strings.Clone(s) // out of the batch's texts
	w.fresh[s] = key
	w.codes = append(w.codes, store.Code{Key: key, Text: s})
	return key
}

// stored notes that the store has this block's codes.
func (w *worker) stored() {
	for text, key := range w.fresh {
		w.texts.put(text, key)
	}
}
